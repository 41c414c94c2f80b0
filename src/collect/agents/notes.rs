//! Reads the files of one tree or home that speak of agents, as the walk brings them, and sends what was made of them at
//! its end, when the owners of all folders are known. Opens no file itself.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex};

use super::client::{self, Owner};
use super::codeowners::{self, CodeOwners};
use super::file::{File, NAME, Source};
use super::node::Node;
use super::parse::{Format, Oddity, parse};
use super::table::{FileRole, SettingKeys, Tables};
use super::{called, ci, cloud, docker, embedded, manifest, script, tokens};
use crate::collect::{CollectError, Sink};
use crate::model::{CoverageEntry, FactKind, Identity, IdentityKind, Location, Outcome, Record};

/// Larger files are no configuration of agents that a person keeps.
pub(crate) const LARGEST: usize = 4 * 1024 * 1024;
/// How many records of one tree are kept until its end.
const MOST_RECORDS: usize = 200_000;
/// How many odd places of one file are told.
const NAMED: usize = 5;

/// Words by which a file of another name is recognised as the settings of some client.
pub(super) const SERVER_KEYS: &[&str] = &["mcpServers", "mcp_servers", "context_servers"];

/// The label under which the author of a definition is told; `rules/facts/owners.toml` knows it.
const AUTHOR: &str = "git-author";

/// Says who wrote lines: paths and lines in, an address for each out.
pub(crate) type Authors<'a> = &'a dyn Fn(&[(String, u64)]) -> Vec<Option<String>>;

/// Writes the author of its defining line on each identity that names nobody.
fn wrote(records: &mut [(String, Vec<Record>)], authors: Authors<'_>) {
    let mut open: Vec<&mut Identity> = records
        .iter_mut()
        .flat_map(|(_, of_file)| of_file)
        .filter_map(|record| match record {
            Record::Identity(identity) if identity.labels.is_empty() => Some(identity),
            _ => None,
        })
        .collect();
    let place = |identity: &Identity| match &identity.evidence.location {
        Location::File { path, line, .. } => (path.to_string(), *line),
        _ => (String::new(), 0),
    };
    let wanted: Vec<(String, u64)> = open.iter().map(|identity| place(identity)).collect();
    for (identity, author) in open.iter_mut().zip(authors(&wanted)) {
        identity.labels.extend(author.map(|author| (AUTHOR.to_owned(), author)));
    }
}

/// Whether a file is called after the protocol.
fn is_called_mcp(path: &str) -> bool {
    path.rsplit('/').next().unwrap_or(path).to_lowercase().contains("mcp")
}

/// The keys under which a file of an unknown client lists servers; nothing where it lists none.
pub(super) fn server_keys(path: &str, text: &str) -> Option<Vec<String>> {
    Format::of_path(path)?;
    let mut keys: Vec<&str> = SERVER_KEYS.iter().copied().filter(|key| text.contains(key)).collect();
    // `servers` alone says too little: the file must be called after the protocol.
    if is_called_mcp(path) && text.contains("servers") {
        keys.extend(["servers", "mcp.servers"]);
    }
    // A package of Claude Desktop. Source: the MCPB specification, "manifest.json".
    if path.rsplit('/').next() == Some("manifest.json") && text.contains("mcp_config") {
        keys.push("server");
    }
    (!keys.is_empty()).then(|| keys.into_iter().map(str::to_owned).collect())
}

/// What is gathered of one tree.
pub(crate) struct Notes {
    tables: Arc<Tables>,
    /// The settings of clients that were met.
    seen: Mutex<HashSet<String>>,
    /// Files that a variable put elsewhere, with how they are called where they usually lie.
    moved: HashMap<String, String>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    records: Vec<(String, Vec<Record>)>,
    count: usize,
    holes: Vec<CoverageEntry>,
    owners: Vec<CodeOwners>,
    cloud: cloud::Modules,
    docker: docker::Toolkits,
    calls: called::Calls,
}

/// Why a file is of interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interest {
    /// Its path says that it speaks of agents.
    Named,
    /// It may, by what it holds.
    Content,
}

impl Notes {
    pub(crate) fn new(tables: Arc<Tables>) -> Self {
        Self::with_moved(tables, HashMap::new())
    }

    /// The same where some files lie elsewhere than usual: by their paths, with how they are called there.
    pub(crate) fn with_moved(tables: Arc<Tables>, moved: HashMap<String, String>) -> Self {
        Self { tables, seen: Mutex::default(), moved, inner: Mutex::default() }
    }

    /// How a file is called where it usually lies, when a variable put it elsewhere.
    pub(crate) fn usual_name(&self, path: &str) -> Option<&str> {
        self.moved.get(path).map(String::as_str)
    }

    /// Notes that a file was met.
    pub(crate) fn saw(&self, path: &str) {
        if self.tables.recognise(path).is_some()
            && let Ok(mut seen) = self.seen.lock()
        {
            seen.insert(path.to_owned());
        }
    }

    /// Whether a file is that of a client, which reads it whatever `.gitignore` says, and was not met.
    pub(crate) fn is_left_out(&self, path: &str) -> bool {
        self.tables.is_called_so(path.rsplit('/').next().unwrap_or(path))
            && self.interest(path) == Some(Interest::Named)
            && self.tables.recognise(path).is_some()
            && self.seen.lock().is_ok_and(|seen| !seen.contains(path))
    }

    /// Whether a file may speak of agents, by its path alone.
    pub(crate) fn interest(&self, path: &str) -> Option<Interest> {
        // What others wrote and packed does not run here.
        let is_foreign = path.contains("!/")
            || path
                .split('/')
                .any(|part| matches!(part, "node_modules" | "site-packages" | ".venv" | "venv" | "bower_components"));
        if is_foreign {
            return None;
        }
        let is_named = self.tables.recognise(path).is_some()
            || codeowners::is_one(path)
            || ci::is_workflow(path)
            || manifest::is_one(path);
        if is_named {
            return Some(Interest::Named);
        }
        let is_open =
            Format::of_path(path).is_some() || cloud::is_one(path) || manifest::is_code(path) || script::is_one(path);
        is_open.then_some(Interest::Content)
    }

    /// Whether a text holds a word for which it is read, although its path says nothing.
    pub(crate) fn is_of_interest(&self, path: &str, text: &[u8]) -> bool {
        if manifest::is_code(path) {
            return self.tables.frameworks.has_call(text);
        }
        self.tables.has_content(text)
            || script::is_one(path) && self.tables.frameworks.has_program(text)
            || cloud::has_values(path, text)
            || is_called_mcp(path) && memchr::memmem::find(text, b"servers").is_some()
    }

    /// Reads a file whose path is of interest. All of it must be there.
    pub(crate) fn file(&self, source: &Source<'_>) {
        if source.text.len() > LARGEST {
            return self.too_large(source);
        }
        let text = match std::str::from_utf8(source.text) {
            Ok(text) => std::borrow::Cow::Borrowed(text),
            Err(error) => {
                if self.interest(source.name) == Some(Interest::Named) {
                    let line = source.text[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
                    let detail = format!("line {line} is not UTF-8; read as far as it can be");
                    self.hole(source, Outcome::Partial, detail, "write it as UTF-8");
                }
                String::from_utf8_lossy(source.text)
            }
        };
        // Bytes that are no text change where things stand; then places are those of the text as it is shown.
        let source = Source { text: text.as_bytes(), ..*source };
        let mut file = File::new(&source, &text);
        self.dispatch(&mut file);
        let records = std::mem::take(&mut file.records);
        for cut in std::mem::take(&mut file.cut) {
            self.hole(&source, Outcome::Partial, cut, "split the file: no client reads as many");
        }
        if records.is_empty() {
            return;
        }
        self.odd(&file, &file.odd);
        self.with(|inner| {
            if inner.count + records.len() > MOST_RECORDS {
                let detail = format!("more than {MOST_RECORDS} facts about agents; the rest is not told");
                inner.holes.push(
                    CoverageEntry::hole(NAME, source.target, source.path, Outcome::Partial, detail)
                        .blinds(&[FactKind::Identities])
                        .remedy("scan the parts of the tree one by one"),
                );
                return;
            }
            inner.count += records.len();
            inner.records.push((source.path.to_owned(), records));
        });
    }

    /// Notes a file that is larger than any configuration.
    pub(crate) fn too_large(&self, source: &Source<'_>) {
        if self.interest(source.name) == Some(Interest::Named) {
            let detail = format!("larger than {} MiB; what it says of agents was not read", LARGEST / 1024 / 1024);
            self.hole(source, Outcome::Partial, detail, "make it smaller: the clients themselves read all of it");
        }
    }

    fn dispatch(&self, file: &mut File<'_>) {
        let path = file.source.name;
        // Where the path below the root says too little, what lies before it is no part of the tree.
        let is_whole = path == file.source.path;
        if codeowners::is_one(path) {
            let owners = CodeOwners::read(path, file.text);
            return self.with(|inner| inner.owners.push(owners));
        }
        if script::is_one(path) {
            script::read(file, &self.tables);
        }
        if let Some(known) = self.tables.recognise(path) {
            let base = if is_whole { known.base } else { String::new() };
            let owner = Owner { client: Some(known.client), base };
            match &known.place.role {
                FileRole::Tokens(rule) => tokens::read(file, &owner, rule),
                FileRole::Settings(keys) => self.settings(file, &owner, keys),
                FileRole::Toolkit(part) => {
                    self.tree(file, |file, tree| {
                        self.with(|inner| inner.docker.read(file, tree, &owner, *part, &self.tables));
                    });
                }
            }
            return;
        }
        if ci::is_workflow(path) {
            let mut calls = called::Calls::default();
            self.told(file, |file| ci::read(file, &self.tables, &mut calls));
            return self.with(|inner| inner.calls.extend(calls));
        }
        if manifest::is_one(path) {
            return self.told(file, |file| manifest::read(file, &self.tables));
        }
        if let Some(keys) = server_keys(path, file.text) {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
            return self.guess(file, &Owner { client: None, base: folder }, &keys);
        }
        if cloud::is_one(path) {
            self.with(|inner| cloud::read(file, &mut inner.cloud, &self.tables));
        }
        manifest::by_content(file, &self.tables);
    }

    /// The settings of a known client.
    fn settings(&self, file: &mut File<'_>, owner: &Owner<'_>, keys: &SettingKeys) {
        self.tree(file, |file, tree| {
            client::read(file, tree, owner, keys, &self.tables);
            // Several programs may read one file, each under a key of its own.
            let has_servers = file
                .records
                .iter()
                .any(|record| matches!(record, Record::Identity(one) if one.kind == IdentityKind::AgentServer));
            let mut others = server_keys(file.source.name, file.text).filter(|_| !has_servers).unwrap_or_default();
            others.retain(|key| !keys.servers.contains(key));
            if !others.is_empty() {
                let owner = Owner { client: None, base: owner.base.clone() };
                client::read(
                    file,
                    tree,
                    &owner,
                    &SettingKeys { servers: others, ..SettingKeys::default() },
                    &self.tables,
                );
            }
        });
    }

    /// Tells what is odd in a file.
    fn odd(&self, file: &File<'_>, odd: &[Oddity]) {
        for oddity in odd.iter().take(NAMED) {
            let (line, column) = file.position(oddity.at);
            let detail = format!("line {line}, column {column}: {}", oddity.what);
            let entry = CoverageEntry::hole(NAME, file.source.target, file.shown(), Outcome::NotRead, detail);
            self.with(|inner| inner.holes.push(entry.remedy("take one of them out").count(1)));
        }
    }

    /// A file of a known client: that it cannot be read is a hole.
    fn tree(&self, file: &mut File<'_>, read: impl FnOnce(&mut File<'_>, &Node)) {
        let format = Format::of_path(file.source.name).unwrap_or(Format::Json);
        if file.text.trim().is_empty() {
            return;
        }
        match parse(file.text, format) {
            Ok((tree, odd)) => {
                self.odd(file, &odd);
                read(file, &tree);
            }
            Err(error) => {
                let (line, column) = file.position(error.at);
                let detail = format!("line {line}, column {column}: expected {}", error.expected);
                self.hole(file.source, Outcome::Failed, detail, "mend the file, or say that it is read wrongly");
            }
        }
    }

    /// A file that only looks like settings: what cannot be read is none.
    fn guess(&self, file: &mut File<'_>, owner: &Owner<'_>, servers: &[String]) {
        let Some(format) = Format::of_path(file.source.name) else { return };
        if let Ok((tree, _)) = parse(file.text, format) {
            let keys = SettingKeys { servers: servers.to_vec(), ..SettingKeys::default() };
            client::read(file, &tree, owner, &keys, &self.tables);
            if format != Format::Toml && file.records.is_empty() {
                embedded::read(file, &self.tables);
            }
        }
    }

    /// Reads a file that must be readable.
    fn told(&self, file: &mut File<'_>, read: impl FnOnce(&mut File<'_>) -> Result<(), String>) {
        if let Err(detail) = read(file) {
            self.hole(file.source, Outcome::Failed, detail, "mend the file, or leave it out");
        }
    }

    fn hole(&self, source: &Source<'_>, outcome: Outcome, detail: String, remedy: &str) {
        let what = if source.path.is_empty() { source.root } else { source.path };
        let entry = CoverageEntry::hole(NAME, source.target, what, outcome, detail);
        let entry = entry.blinds(&[FactKind::Identities, FactKind::Credentials]).remedy(remedy);
        self.with(|inner| inner.holes.push(entry));
    }

    fn with(&self, change: impl FnOnce(&mut Inner)) {
        if let Ok(mut inner) = self.inner.lock() {
            change(&mut inner);
        }
    }

    /// Sends what was gathered. `authors` says who wrote lines of files, as far as anybody knows; `what` what was looked
    /// through: an agent is gone only where the same was looked through again.
    ///
    /// # Errors
    /// When the scan is over.
    pub(crate) fn send(&self, target: &str, what: &str, sink: &Sink, authors: Authors<'_>) -> Result<(), CollectError> {
        let inner = self.inner.lock().map(|mut inner| std::mem::take(&mut *inner)).unwrap_or_default();
        let Inner { mut records, mut holes, owners, cloud, docker, calls, .. } = inner;
        records.extend(cloud.records());
        records.extend(docker.records());
        records.extend(calls.records());
        records.sort_by(|(left, _), (right, _)| left.cmp(right));
        let owners = codeowners::by_folder(owners);
        for (path, of_file) in &mut records {
            codeowners::label(&owners, path, of_file);
        }
        wrote(&mut records, authors);
        let mut seen: BTreeMap<String, u64> = BTreeMap::new();
        for (_, of_file) in records {
            for record in of_file {
                if let Record::Identity(identity) = &record {
                    *seen.entry(identity.kind.label().to_owned()).or_default() += 1;
                }
                sink.send_blocking(record)?;
            }
        }
        // That there is none is said, too: else the last one that goes would never be known to be gone.
        let mut entry = CoverageEntry::complete(NAME, target, what, seen.values().sum());
        let counts: Vec<String> = seen.into_iter().map(|(kind, count)| format!("{kind}: {count}")).collect();
        entry.detail = (!counts.is_empty()).then(|| counts.join(", "));
        sink.send_blocking(Record::Coverage(entry))?;
        holes.sort();
        holes.into_iter().try_for_each(|hole| sink.send_blocking(Record::Coverage(hole)))
    }
}
