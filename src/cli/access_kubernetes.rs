//! `nonhuman access kubernetes`: what somebody may do in a cluster, by its roles and bindings in files.
//! It asks no cluster; authorizers other than RBAC and the node authorizer are not in such files.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde::Deserialize;

use super::access_overlay::{self, Built};
use super::arguments::Global;
use super::{Failure, output};
use crate::access::kubernetes::{Asker, Authorizer, Bootstrap, NodeRights, Request, ResourceNames};
use crate::collect::kubernetes::KubernetesDump;
use crate::collect::{Collector, Context, run as run_collectors};
use crate::config::Config;
use crate::embedded;
use crate::exit::Exit;
use crate::inventory::Inventory;
use crate::model::{FactKind, FingerprintKey};
use crate::report::clean;
use crate::term;

/// What the files' cluster is called while they are asked.
const CLUSTER: &str = "cluster";

/// No file of roles takes longer.
const DEADLINE: Duration = Duration::from_secs(600);

/// `nonhuman access kubernetes`
#[derive(Debug, Args)]
#[command(after_help = "Answers as the API server's own authorizers (Node, RBAC) would; --as alone lists everything.
Exit codes of a single question: 0 yes, 1 no, 3 no, but something of the files could not be read.

Examples:
  nonhuman access kubernetes --rbac dump/ --as system:serviceaccount:ci:runner create pods -n prod
  nonhuman access kubernetes --rbac dump/ --as system:serviceaccount:ci:runner
  nonhuman access kubernetes --rbac dump/ --requests reviews.jsonl")]
pub(super) struct AccessKubernetes {
    /// Read roles and bindings from this file or folder, as `kubectl get -o json|yaml` writes it or as manifests; a folder with
    /// a kustomization is built
    #[arg(long, value_name = "PATH", required = true)]
    rbac: Vec<PathBuf>,
    /// Answer these SubjectAccessReview specs, one JSON object a line; `-` for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "user")]
    requests: Option<PathBuf>,
    /// Ask for this user; a service account is system:serviceaccount:NAMESPACE:NAME
    #[arg(long = "as", value_name = "USER", required_unless_present = "requests")]
    user: Option<String>,
    /// The user is in this group, too
    #[arg(long, value_name = "GROUP", requires = "user")]
    as_group: Vec<String>,
    /// Such as get, list, create, impersonate; with none, all that is allowed is listed
    #[arg(value_name = "VERB", requires = "resource", conflicts_with = "requests")]
    verb: Option<String>,
    /// Such as pods, deployments.apps, secrets/NAME, or a path such as /metrics
    #[arg(value_name = "RESOURCE")]
    resource: Option<String>,
    /// In this namespace [default: the whole cluster]
    #[arg(short, long, value_name = "NAMESPACE")]
    namespace: Option<String>,
    /// Such as exec, log, token
    #[arg(long, value_name = "NAME", requires = "resource")]
    subresource: Option<String>,
    /// The object's name
    #[arg(long, value_name = "NAME", requires = "resource")]
    name: Option<String>,
}

pub(super) fn run(arguments: &AccessKubernetes, global: &Global, _config: &Config) -> Result<Exit, Failure> {
    for path in &arguments.rbac {
        super::wanted::must_exist(path)?;
    }
    // Of several paths the parts of an overlay cannot be told from the rest.
    let built = match arguments.rbac.as_slice() {
        [path] => access_overlay::of(path),
        _ => None,
    };
    let is_built = built.is_some();
    let inventory = read(&arguments.rbac, built)?;
    let paths = arguments.rbac.iter().filter(|_| !is_built);
    let unbuilt = paths.filter_map(|path| kustomization(path)).map(|file| {
        let folder = file.parent().unwrap_or(Path::new("."));
        format!(
            "incomplete: {}: an overlay is built where --rbac names its folder alone: --rbac {}",
            file.display(),
            folder.display()
        )
    });
    let holes: Vec<String> = inventory
        .coverage
        .holes()
        .filter(|entry| entry.blinds.contains(&FactKind::Grants))
        .map(|entry| format!("incomplete: {}: {}", entry.what, entry.detail.as_deref().unwrap_or("not read")))
        .chain(unbuilt)
        .collect();
    if !global.quiet {
        holes.iter().for_each(|hole| term::remark(hole));
    }
    let nodes = NodeRights::parse(embedded::facts("kubernetes-node"))?;
    let defaults = Bootstrap::parse(embedded::facts("kubernetes-bootstrap"))?;
    let grants = inventory.grants.iter().map(|grant| {
        let policy = inventory.policies.get(&grant.policy);
        (grant, policy.or_else(|| defaults.role(&grant.policy)))
    });
    let cluster = inventory.grants.iter().map(|grant| grant.tenant.as_str()).next().unwrap_or(CLUSTER);
    let authorizer = Authorizer::new(cluster, grants, &nodes);
    let incomplete = !holes.is_empty();
    if let Some(path) = &arguments.requests {
        answer_all(path, &authorizer)?;
        return Ok(if incomplete { Exit::Incomplete } else { Exit::Clean });
    }
    let asker = Asker::named(arguments.user.as_deref().unwrap_or_default(), &arguments.as_group);
    match (&arguments.verb, &arguments.resource) {
        (Some(verb), Some(resource)) => answer_one(arguments, &authorizer, &asker, verb, resource, incomplete),
        _ => {
            list(&authorizer, &asker, arguments.namespace.as_deref())?;
            Ok(if incomplete { Exit::Incomplete } else { Exit::Clean })
        }
    }
}

/// The first kustomization below a folder: what it makes of the files is not what they say.
fn kustomization(path: &Path) -> Option<PathBuf> {
    const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
    let files = walkdir::WalkDir::new(path).sort_by_file_name().max_depth(12).into_iter().flatten();
    let is_one = |name: &std::ffi::OsStr| NAMES.iter().any(|one| name == *one);
    files
        .filter(|file| file.file_type().is_file())
        .find(|file| is_one(file.file_name()))
        .map(walkdir::DirEntry::into_path)
}

/// Reads files of one cluster.
fn read(paths: &[PathBuf], built: Option<Built>) -> Result<Inventory, Failure> {
    let paths = paths.iter().map(|path| (CLUSTER.to_owned(), path.clone())).collect();
    let collector: Arc<dyn Collector> = match built {
        Some(built) => Arc::new(built.collector),
        None => Arc::new(KubernetesDump { paths, ..KubernetesDump::default() }),
    };
    let context = Context {
        // Nothing here asks how old a thing is.
        now: jiff::Timestamp::UNIX_EPOCH,
        fingerprint_key: FingerprintKey::default(),
        progress: Arc::new(|_| {}),
    };
    let (_keep, interrupt) = tokio::sync::watch::channel(false);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let gathered = runtime.block_on(run_collectors(&[collector], &context, DEADLINE, &interrupt));
    Ok(Inventory::build(gathered.records))
}

/// A line of `--requests`: a spec, or a review that holds one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Review {
    Whole { spec: Spec },
    Spec(Spec),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(default)]
    user: String,
    #[serde(default)]
    groups: Vec<String>,
    resource_attributes: Option<Resource>,
    non_resource_attributes: Option<UrlPath>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Resource {
    verb: String,
    group: String,
    resource: String,
    subresource: String,
    name: String,
    namespace: String,
}

#[derive(Deserialize)]
struct UrlPath {
    #[serde(default)]
    verb: String,
    #[serde(default)]
    path: String,
}

impl Spec {
    fn request(&self) -> Option<Request<'_>> {
        match (&self.resource_attributes, &self.non_resource_attributes) {
            (Some(of), None) => Some(Request {
                verb: &of.verb,
                group: &of.group,
                resource: &of.resource,
                subresource: &of.subresource,
                name: &of.name,
                namespace: &of.namespace,
                ..Request::default()
            }),
            (None, Some(of)) => Some(Request { verb: &of.verb, path: Some(&of.path), ..Request::default() }),
            _ => None,
        }
    }
}

fn answer_all(path: &Path, authorizer: &Authorizer<'_>) -> Result<(), Failure> {
    let named = |error: io::Error| Failure(format!("{}: {error}", path.display()));
    let reader: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(path).map_err(named)?))
    };
    let mut answers = Vec::new();
    let mut wrong = None;
    for (number, line) in reader.lines().enumerate() {
        let line = line.map_err(named)?;
        if line.trim().is_empty() {
            continue;
        }
        let expected = "expected the spec of a SubjectAccessReview with user or groups, and either resourceAttributes \
                        or nonResourceAttributes";
        let spec = serde_json::from_str::<Review>(&line).ok().map(|review| match review {
            Review::Whole { spec } | Review::Spec(spec) => spec,
        });
        let Some(spec) = spec.filter(|spec| !spec.user.is_empty() || !spec.groups.is_empty()) else {
            wrong = Some(format!("{}:{}: {expected}", path.display(), number + 1));
            break;
        };
        let Some(request) = spec.request() else {
            wrong = Some(format!("{}:{}: {expected}", path.display(), number + 1));
            break;
        };
        let asker = Asker { user: spec.user.clone(), groups: spec.groups.clone() };
        let decision = authorizer.decide(&asker, &request);
        answers.push(serde_json::json!({ "allowed": decision.allowed, "reason": decision.reason }));
    }
    output::to_stdout(|out| answers.iter().try_for_each(|answer| writeln!(out, "{answer}")))?;
    wrong.map_or(Ok(()), |message| Err(Failure(message)))
}

fn answer_one(
    arguments: &AccessKubernetes,
    authorizer: &Authorizer<'_>,
    asker: &Asker,
    verb: &str,
    resource: &str,
    incomplete: bool,
) -> Result<Exit, Failure> {
    let verb = verb.to_lowercase();
    let namespace = arguments.namespace.as_deref().unwrap_or_default();
    let decision = if resource.starts_with('/') {
        authorizer.decide(asker, &Request { verb: &verb, path: Some(resource), ..Request::default() })
    } else {
        let (kind, name) = resource.split_once('/').unwrap_or((resource, ""));
        if arguments.name.is_some() && !name.is_empty() {
            return Err(Failure(format!("{resource}: the object is named twice, here and by --name")));
        }
        let name = arguments.name.as_deref().unwrap_or(name);
        let found = ResourceNames::parse(embedded::facts("kubernetes-resources"))?.find(kind)?;
        if SUBRESOURCES.contains(&name) && arguments.subresource.is_none() {
            term::remark(&format!(
                "'{name}' is read as the name of an object, as by kubectl; for the subresource use \
                                   {kind} --subresource {name}"
            ));
        }
        let namespace = match found.namespaced {
            // The path of a namespace carries it as the request's namespace, too.
            Some(false) if found.resource == "namespaces" => name,
            Some(false) if !namespace.is_empty() => {
                term::remark(&format!("{} live in no namespace; -n {namespace} is left out", found.resource));
                ""
            }
            _ => namespace,
        };
        let subresource = arguments.subresource.as_deref().unwrap_or_default();
        let (group, resource) = (found.group.as_str(), found.resource.as_str());
        let request = Request { verb: &verb, group, resource, subresource, name, namespace, ..Request::default() };
        authorizer.decide(asker, &request)
    };
    let word = if decision.allowed { "yes" } else { "no" };
    output::to_stdout(|out| writeln!(out, "{word}: {}", clean(&decision.reason)))?;
    Ok(match (decision.allowed, incomplete) {
        // Rights only add up: what was not read cannot take a yes away.
        (true, _) => Exit::Clean,
        (false, true) => Exit::Incomplete,
        (false, false) => Exit::Findings,
    })
}

/// Names that are more often meant as a subresource.
const SUBRESOURCES: [&str; 10] =
    ["approval", "attach", "ephemeralcontainers", "eviction", "exec", "log", "portforward", "proxy", "scale", "token"];

/// All that somebody may do, by scope and binding.
fn list(authorizer: &Authorizer<'_>, asker: &Asker, namespace: Option<&str>) -> Result<(), Failure> {
    let mut scopes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let wanted = namespace.map(|namespace| format!("namespace/{namespace}"));
    for (grant, policy) in authorizer.grants(asker) {
        if wanted.as_ref().is_some_and(|wanted| grant.scope != "cluster" && grant.scope != *wanted) {
            continue;
        }
        let lines = scopes.entry(grant.scope.replace('/', " ")).or_default();
        lines.extend(crate::access::kubernetes::shown_rules(grant, policy));
    }
    output::to_stdout(|out| {
        writeln!(out, "{} (groups: {})", clean(&asker.user), clean(&asker.groups.join(", ")))?;
        if asker.groups.iter().any(|group| group == "system:masters") {
            writeln!(out, "everything: group system:masters is let through before any binding is asked")?;
        }
        if scopes.is_empty() {
            writeln!(out, "nothing: no binding names it or a group of it")?;
        }
        for (scope, lines) in &scopes {
            writeln!(out, "\nin {}", if scope == "cluster" { "the whole cluster".into() } else { clean(scope) })?;
            lines.iter().try_for_each(|line| writeln!(out, "  {}", clean(line)))?;
        }
        if asker.user.starts_with("system:node:") {
            writeln!(out, "\nand what the node authorizer allows a kubelet: its own node, and what its pods use")?;
        }
        Ok(())
    })?;
    Ok(())
}
