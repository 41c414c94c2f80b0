//! What code makes: the resources of every folder that nobody calls, and of the modules that those call, with what they are
//! given. A module that is not in the tree is known by its arguments alone.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use super::evaluate::{Own, Scope};
use super::syntax::{Block, Expr};
use super::value::{Value, joined};
use super::{Code, Folder, folder_of};

/// How deep modules call modules.
const DEEPEST: usize = 8;
/// How many times one resource or module is made at most.
const MOST_INSTANCES: usize = 200;
/// How many resources of one tree are told.
const MOST_MADE: usize = 50_000;
/// How many steps are spent on the code of one tree.
const STEPS: u32 = 5_000_000;
/// The shortest name of a module that says something of what it makes, in letters.
const SHORTEST: usize = 3;
/// The arguments of a module that are no inputs of it.
const META: [&str; 6] = ["source", "version", "providers", "count", "for_each", "depends_on"];

/// Something that code makes, or that a module may make which was not read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Made {
    pub(in super::super) path: String,
    pub(in super::super) line: u64,
    pub(in super::super) address: String,
    /// The kind of resource; none of a module that was not read.
    pub(in super::super) kind: Option<String>,
    /// The names that it may have: one without `*` where it stands there plainly or can be worked out.
    pub(in super::super) names: BTreeSet<String>,
    /// The name is worked out, or it is made any number of times.
    pub(in super::super) optional: bool,
    pub(in super::super) provider: Option<String>,
    /// The folder in which Terraform is run.
    pub(in super::super) root: String,
}

impl Made {
    /// Its address within its own folder, whichever of several it is.
    pub(in super::super) fn plain_address(&self) -> String {
        let kind = self.kind.as_deref().unwrap_or("module");
        let start = self.address.rfind(&format!("{kind}.")).unwrap_or_default();
        let address = self.address.get(start..).unwrap_or_default();
        address.split('[').next().unwrap_or(address).to_owned()
    }
}

/// Where a walk through the modules is.
struct Place<'a> {
    folder: &'a str,
    /// `module.a.module.b.`
    prefix: String,
    root: &'a str,
    /// The provider of AWS that a module is handed.
    provider: Option<String>,
    depth: usize,
}

impl Code {
    /// Everything that the code makes, in order.
    pub(in super::super) fn made(&self) -> Vec<Made> {
        let left = Cell::new(STEPS);
        let mut found: BTreeMap<(String, String), Made> = BTreeMap::new();
        let called = self.called();
        let mut visited = BTreeSet::new();
        let roots = self.folders.keys().filter(|folder| !called.contains(*folder));
        // Folders that call each other in a ring have no root.
        let ring = self.folders.keys().filter(|folder| called.contains(*folder));
        for folder in roots.chain(ring) {
            if visited.contains(folder.as_str()) {
                continue;
            }
            for given in self.scenarios(folder, &left) {
                let place = Place { folder, prefix: String::new(), root: folder, provider: None, depth: 0 };
                self.visit(&place, given, &left, &mut visited, &mut found);
            }
        }
        found.into_values().collect()
    }

    /// The folders that other code calls.
    fn called(&self) -> BTreeSet<String> {
        let of_folder = |(folder, code): (&String, &Folder)| {
            let sources = code.calls.iter().filter_map(|(_, call)| local_source(folder, call));
            sources.filter(|source| source != folder).collect::<Vec<_>>()
        };
        self.folders.iter().flat_map(of_folder).collect()
    }

    /// What variables are given in a folder where Terraform is run: by the files that it reads by itself, and with each of
    /// those that somebody names.
    fn scenarios(&self, folder: &str, left: &Cell<u32>) -> Vec<BTreeMap<String, Value>> {
        let none = BTreeMap::new();
        let scope = Scope { given: BTreeMap::new(), defaults: &none, locals: &none, left };
        let read = |values: &BTreeMap<String, Expr>| {
            values.iter().map(|(name, expr)| (name.clone(), scope.value(expr, &Own::new()))).collect::<BTreeMap<_, _>>()
        };
        let (mut always, mut named) = (BTreeMap::new(), Vec::new());
        for (path, values) in self.values.iter().filter(|(path, _)| self.is_of(path, folder)) {
            let name = path.rsplit('/').next().unwrap_or(path);
            let is_own = name.starts_with("terraform.tfvars") || name.contains(".auto.tfvars");
            if is_own && folder_of(path) == folder {
                always.extend(read(values));
            } else {
                named.push(read(values));
            }
        }
        if named.is_empty() {
            return vec![always];
        }
        named.into_iter().map(|values| always.clone().into_iter().chain(values).collect()).collect()
    }

    /// Whether a file of values is for a folder: it lies there, or in a folder below without code of its own.
    fn is_of(&self, path: &str, folder: &str) -> bool {
        let mut at = folder_of(path);
        loop {
            if self.folders.contains_key(at) || at.is_empty() {
                return at == folder;
            }
            at = folder_of(at);
        }
    }

    fn visit<'a>(
        &'a self,
        place: &Place<'a>,
        given: BTreeMap<String, Value>,
        left: &Cell<u32>,
        visited: &mut BTreeSet<&'a str>,
        found: &mut BTreeMap<(String, String), Made>,
    ) {
        let Some((folder, code)) = self.folders.get_key_value(place.folder) else { return };
        visited.insert(folder);
        let scope = Scope { given, defaults: &code.defaults, locals: &code.locals, left };
        for (path, block) in &code.resources {
            resource(place, path, block, &scope, found);
        }
        for (path, call) in &code.calls {
            let name = call.labels.first().map_or("", String::as_str);
            let source = local_source(folder, call).and_then(|source| self.folders.get_key_value(&source));
            for (suffix, own) in instances(call, &scope) {
                let address = format!("{}module.{name}{suffix}", place.prefix);
                let Some((inner, _)) = source.filter(|_| place.depth < DEEPEST) else {
                    unread(place, path, call, address, (&scope, &own), found);
                    continue;
                };
                let inputs = call.attributes.iter().filter(|(name, _)| !META.contains(&name.as_str()));
                let given = inputs.map(|(name, expr)| (name.clone(), scope.value(expr, &own))).collect();
                let provider = handed(call).or_else(|| place.provider.clone());
                let (prefix, depth) = (format!("{address}."), place.depth + 1);
                let inner = Place { folder: inner, prefix, root: place.root, provider, depth };
                self.visit(&inner, given, left, visited, found);
            }
        }
    }
}

/// The provider of AWS that a call hands on: `providers = { aws = aws.other }`.
fn handed(call: &Block) -> Option<String> {
    let Some(Expr::Map(pairs)) = call.attribute("providers") else { return None };
    let is_aws = |key: &Expr| matches!(key, Expr::Text(parts) if super::syntax::plain(parts).as_deref() == Some("aws"));
    pairs.iter().find(|(key, _)| is_aws(key)).and_then(|(_, value)| dotted(value))
}

/// `aws.other` of an expression that is no more than that.
fn dotted(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Name(name) => Some(name.clone()),
        Expr::Part(of, key) => match (&**of, &**key) {
            (Expr::Name(name), Expr::Text(parts)) => Some(format!("{name}.{}", super::syntax::plain(parts)?)),
            _ => None,
        },
        Expr::Text(parts) => super::syntax::plain(parts),
        _ => None,
    }
}

/// The folder of a module that lies in the tree.
fn local_source(folder: &str, call: &Block) -> Option<String> {
    let Some(Expr::Text(parts)) = call.attribute("source") else { return None };
    let source = super::syntax::plain(parts)?.replace("//", "/");
    if !source.starts_with("./") && !source.starts_with("../") {
        return None;
    }
    let mut path: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in source.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = path.pop()?,
            name => path.push(name),
        }
    }
    Some(path.join("/"))
}

/// How often a block is made, with what its instances are called and the names that each has for itself.
fn instances(block: &Block, scope: &Scope<'_>) -> Vec<(String, Own)> {
    let unknown = |name: &str| vec![("[*]".to_owned(), vec![(name.to_owned(), Value::Unknown)])];
    if let Some(each) = block.attribute("for_each") {
        let pairs: Vec<(Value, Value)> = match scope.value(each, &Own::new()) {
            Value::List(items) => items.into_iter().map(|item| (item.clone(), item)).collect(),
            Value::Map(pairs) => pairs.into_iter().map(|(key, value)| (Value::Text(key), value)).collect(),
            _ => return unknown("each.key"),
        };
        if pairs.len() > MOST_INSTANCES {
            return unknown("each.key");
        }
        let one = |(key, value): (Value, Value)| {
            let shown = key.texts().join("|");
            (format!("[\"{shown}\"]"), vec![("each.key".to_owned(), key), ("each.value".to_owned(), value)])
        };
        return pairs.into_iter().map(one).collect();
    }
    // Written out: a variable may be given another value where the code is applied.
    if matches!(block.attribute("count"), Some(Expr::Number(0))) {
        return Vec::new();
    }
    match block.attribute("count").map(|count| scope.value(count, &Own::new())) {
        None => vec![(String::new(), Own::new())],
        Some(Value::Number(count @ 1..=200)) => {
            (0..count).map(|at| (format!("[{at}]"), vec![("count.index".to_owned(), Value::Number(at))])).collect()
        }
        Some(_) => unknown("count.index"),
    }
}

fn resource(
    place: &Place<'_>,
    path: &str,
    block: &Block,
    scope: &Scope<'_>,
    found: &mut BTreeMap<(String, String), Made>,
) {
    let [kind, label] = block.labels.as_slice() else { return };
    let is_many = block.attribute("count").is_some() || block.attribute("for_each").is_some();
    for (suffix, own) in instances(block, scope) {
        let (names, is_made) = names(kind, block, scope, &own);
        let own_provider = block.attribute("provider").and_then(dotted);
        let made = Made {
            path: path.to_owned(),
            line: block.line,
            address: format!("{}{kind}.{label}{suffix}", place.prefix),
            kind: Some(kind.clone()),
            names,
            optional: is_many || is_made || place.depth > 0,
            provider: own_provider.or_else(|| place.provider.clone()),
            root: place.root.to_owned(),
        };
        keep(made, found);
    }
}

/// Of one address in several scenarios all names.
fn keep(made: Made, found: &mut BTreeMap<(String, String), Made>) {
    let key = (made.path.clone(), made.address.clone());
    if let Some(known) = found.get_mut(&key) {
        known.names.extend(made.names);
        known.optional |= known.names.len() > 1;
    } else if found.len() < MOST_MADE {
        found.insert(key, made);
    }
}

/// The names that a resource may have, and whether they are worked out.
fn names(kind: &str, block: &Block, scope: &Scope<'_>, own: &Own) -> (BTreeSet<String>, bool) {
    let texts = |expr: Option<&Expr>| match expr.map(|expr| scope.value(expr, own)) {
        None | Some(Value::Null) => None,
        Some(value) => Some(value.texts()),
    };
    let is_plain = |expr: Option<&Expr>| match expr {
        Some(Expr::Text(parts)) => super::syntax::plain(parts).is_some(),
        _ => false,
    };
    let with_star = |texts: Vec<String>| joined([texts, vec!["*".to_owned()]].into_iter()).texts();
    if let Some(metadata) = block.inner("metadata") {
        let namespace = texts(metadata.attribute("namespace")).unwrap_or_else(|| vec!["default".to_owned()]);
        let name =
            texts(metadata.attribute("name")).or_else(|| texts(metadata.attribute("generate_name")).map(with_star));
        let name = name.unwrap_or_else(|| vec!["*".to_owned()]);
        let all = joined([namespace, vec!["/".to_owned()], name].into_iter()).texts();
        let is_made = !is_plain(metadata.attribute("namespace")) || !is_plain(metadata.attribute("name"));
        return (all.into_iter().collect(), is_made);
    }
    if let Some(found) = texts(block.attribute("name")) {
        return (found.into_iter().collect(), !is_plain(block.attribute("name")));
    }
    // Without a name the provider makes one up (Terraform Registry, hashicorp/aws, `name_prefix`).
    let made_up = match texts(block.attribute("name_prefix")) {
        Some(prefix) => with_star(prefix),
        None if matches!(kind, "aws_iam_role" | "aws_iam_user" | "aws_iam_group") => vec!["terraform-*".to_owned()],
        // What has no name of its own.
        None => Vec::new(),
    };
    (made_up.into_iter().collect(), true)
}

/// What a module may make that is not in the tree: anything whose name holds a name that it is given, and where it is
/// given none, anything.
fn unread(
    place: &Place<'_>,
    path: &str,
    call: &Block,
    address: String,
    (scope, own): (&Scope<'_>, &Own),
    found: &mut BTreeMap<(String, String), Made>,
) {
    let is_name = |name: &str| name.contains("name") || name.contains("prefix");
    let inputs = call.attributes.iter().filter(|(name, _)| is_name(&name.to_ascii_lowercase()));
    let texts = inputs.flat_map(|(_, expr)| scope.value(expr, own).texts());
    let star = || vec!["*".to_owned()];
    let is_telling = |text: &&String| text.chars().filter(|letter| *letter != '*').count() >= SHORTEST;
    let names: Vec<String> = texts.collect();
    let mut patterns: BTreeSet<String> = names
        .iter()
        .filter(is_telling)
        .flat_map(|text| joined([star(), vec![text.clone()], star()].into_iter()).texts())
        .collect();
    if patterns.is_empty() {
        patterns.insert("*".to_owned());
    }
    let made = Made {
        path: path.to_owned(),
        line: call.line,
        address,
        kind: None,
        names: patterns,
        optional: true,
        provider: handed(call).or_else(|| place.provider.clone()),
        root: place.root.to_owned(),
    };
    keep(made, found);
}
