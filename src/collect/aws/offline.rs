//! Collects from files that hold answers of the AWS CLI. It must not need a network or credentials.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use super::arn::Account;
use super::assemble::Assembly;
use super::calls;
use super::defects;
use super::files::{Batch, Found, MAX_BYTES, read, shown};
use super::parts::{self, EXPECTED, Part, Reading};
use super::records::AUTHORIZATION_FACTS;
use super::report::Malformed;
use super::site::{Origin, Site, some_of};
use super::visits::Searcher;
use super::{FACTS, NAME};
use crate::collect::{CollectError, Collector, Context, Sink};
use crate::model::{CoverageEntry, FactKind, Outcome, Record};
use crate::secrets::DetectorSet;

/// Reads export files: each path is a file, or a directory that is walked for `.json` and `.csv` files.
///
/// Files that are named are read together with the others of their directory; accounts are told apart by the ARNs in
/// the files, so one directory may hold several.
pub struct AwsExport {
    batches: BTreeMap<String, Batch>,
    largest: u64,
    detectors: Option<Arc<DetectorSet>>,
    found: bool,
}

impl AwsExport {
    /// Takes files and directories. Nothing is read yet except whether a path is a directory.
    pub fn new(paths: Vec<PathBuf>) -> Self {
        let mut batches: BTreeMap<String, Batch> = BTreeMap::new();
        for path in paths {
            if path.is_dir() {
                batches.entry(name_of(&path)).or_default().directories.push(path);
            } else {
                let directory = path.parent().unwrap_or(Path::new(""));
                batches.entry(name_of(directory)).or_default().files.push(path);
            }
        }
        Self { batches, largest: MAX_BYTES, detectors: None, found: false }
    }

    /// Searches text found on the way, such as environments of functions, for secrets.
    #[must_use]
    pub fn detectors(mut self, detectors: Arc<DetectorSet>) -> Self {
        self.detectors = Some(detectors);
        self
    }

    /// Says that nobody asked for these files: they lie in a tree. What they leave out altogether is told, and is no hole.
    #[must_use]
    pub fn found_on_the_way(mut self, found: bool) -> Self {
        self.found = found;
        self
    }

    /// Sets how many bytes a file may have; a larger one is a hole.
    #[must_use]
    pub fn largest_file(mut self, bytes: u64) -> Self {
        self.largest = bytes;
        self
    }
}

fn name_of(directory: &Path) -> String {
    match shown(directory).trim_end_matches('/') {
        "" if directory.has_root() => "/".to_owned(),
        "" => ".".to_owned(),
        name => name.to_owned(),
    }
}

#[async_trait]
impl Collector for AwsExport {
    fn name(&self) -> &'static str {
        NAME
    }

    fn facts(&self) -> &'static [FactKind] {
        FACTS
    }

    fn targets(&self) -> Vec<String> {
        self.batches.keys().cloned().collect()
    }

    async fn collect(&self, target: &str, context: &Context, sink: &Sink) -> Result<(), CollectError> {
        let batch = self.batches.get(target).cloned().unwrap_or_default();
        let (largest, detectors, found) = (self.largest, self.detectors.clone(), self.found);
        let (target, context, sink) = (target.to_owned(), context.clone(), sink.clone());
        let work = tokio::task::spawn_blocking(move || {
            let searcher = Searcher { detectors: detectors.as_deref(), context: &context };
            collect(&target, &batch, (largest, found), &searcher, &sink)
        });
        match work.await {
            Ok(result) => result,
            Err(crash) if crash.is_panic() => std::panic::resume_unwind(crash.into_panic()),
            Err(_) => Err(CollectError::Stopped),
        }
    }
}

/// A part and where it was found.
struct Located {
    directory: PathBuf,
    file: String,
    part: Part,
}

/// A hole whose account is not known yet.
struct Fault {
    directory: PathBuf,
    what: String,
    outcome: Outcome,
    detail: String,
    blinds: Vec<FactKind>,
}

/// What was read of a target.
#[derive(Default)]
struct Pile {
    parts: Vec<Located>,
    faults: Vec<Fault>,
    others: Vec<String>,
}

fn collect(
    target: &str,
    batch: &Batch,
    (largest, is_found): (u64, bool),
    searcher: &Searcher<'_>,
    sink: &Sink,
) -> Result<(), CollectError> {
    let (files, faults) = batch.files();
    let mut pile = Pile::default();
    for detail in faults {
        pile.fault(PathBuf::new(), target, Outcome::Partial, detail, FACTS);
    }
    for found in &files {
        if sink.is_closed() {
            return Err(CollectError::Stopped);
        }
        pile.read(found, largest);
        (searcher.context.progress)(&found.shown());
    }
    pile.send(target, is_found, searcher, sink)
}

impl Pile {
    fn fault(&mut self, directory: PathBuf, what: &str, outcome: Outcome, detail: String, blinds: &[FactKind]) {
        self.faults.push(Fault { directory, what: what.to_owned(), outcome, detail, blinds: blinds.to_vec() });
    }

    fn read(&mut self, found: &Found, largest: u64) {
        let (file, directory) = (found.shown(), found.directory());
        let bytes = match read(&found.path, largest) {
            Ok(bytes) => bytes,
            Err(why) => return self.fault(directory, &file, Outcome::Failed, format!("{file}: {why}"), FACTS),
        };
        let placed = |fault: &Malformed| format!("{file}:{}:{}: {}", fault.line, fault.column, fault.detail);
        match parts::read(&found.path, &bytes) {
            Reading::Part(mut part, fault) => {
                if let Some(defects) = defects::take(&mut part) {
                    let detail = format!("{file}: {defects}; the others were read");
                    self.fault(directory.clone(), &file, Outcome::Partial, detail, blinds(&part));
                }
                if let Some(fault) = fault {
                    let detail = format!("{}; the other rows were read", placed(&fault));
                    let blinds = [FactKind::Credentials, FactKind::Usage];
                    self.fault(directory.clone(), &file, Outcome::Partial, detail, &blinds);
                }
                self.parts.push(Located { directory, file, part });
            }
            Reading::Malformed(fault) => {
                // The name says what it would have told.
                let blinds = calls::by_name(&found.path).map_or(FACTS, |(call, ..)| call.blinds);
                self.fault(directory, &file, Outcome::Failed, placed(&fault), blinds);
            }
            Reading::Other if found.named => {
                let detail = format!("{file}:1:1: not an export this version reads");
                self.fault(directory, &file, Outcome::Failed, detail, FACTS);
            }
            Reading::Other => self.others.push(file),
        }
    }

    /// Gives every part its account and sends all records.
    fn send(mut self, target: &str, is_found: bool, searcher: &Searcher<'_>, sink: &Sink) -> Result<(), CollectError> {
        let accounts = Accounts::of(&self.parts);
        let mut assemblies: BTreeMap<Account, Assembly> = BTreeMap::new();
        for Located { directory, file, part } in std::mem::take(&mut self.parts) {
            match accounts.of_part(&part, &directory) {
                Some(account) => {
                    let site = Site { account: account.clone(), now: searcher.context.now };
                    let assembly = assemblies.entry(account).or_insert_with(|| Assembly::new(site));
                    assembly.add(part, Origin::File(Arc::from(file)));
                }
                None => {
                    let detail =
                        format!("{file}: no ARN in it, and its directory does not tell which account it is of");
                    self.fault(directory, &file, Outcome::Failed, detail, FACTS);
                }
            }
        }
        let nothing = assemblies.is_empty() && self.faults.is_empty();
        for fault in self.faults {
            let account = accounts.near(&fault.directory).map_or_else(|| target.to_owned(), |account| account.id);
            sink.send_blocking(Record::Coverage(fault.entry(&account)))?;
        }
        if !self.others.is_empty() {
            let detail = format!("not AWS exports: {}", some_of(&self.others));
            let entry = CoverageEntry::hole(NAME, target, "other files", Outcome::NotRead, detail);
            sink.send_blocking(Record::Coverage(entry.count(self.others.len() as u64)))?;
        }
        if nothing {
            return Err(CollectError::failed("export files", format!("no AWS export in {target}"))
                .with_remedy("write one: aws iam get-account-authorization-details > iam.json"));
        }
        for assembly in assemblies.into_values() {
            assembly.send(is_found, searcher, sink)?;
        }
        Ok(())
    }
}

impl Fault {
    fn entry(&self, target: &str) -> CoverageEntry {
        let hole = CoverageEntry::hole(NAME, target, &self.what, self.outcome, &self.detail).blinds(&self.blinds);
        hole.remedy(format!("give {EXPECTED}; export it again with the AWS CLI if it is damaged"))
    }
}

/// Which accounts the ARNs of each directory name.
struct Accounts {
    by_directory: BTreeMap<PathBuf, BTreeSet<Account>>,
    all: BTreeSet<Account>,
}

impl Accounts {
    fn of(parts: &[Located]) -> Self {
        let mut accounts = Self { by_directory: BTreeMap::new(), all: BTreeSet::new() };
        for located in parts {
            if let Some(account) = account_of(&located.part) {
                accounts.by_directory.entry(located.directory.clone()).or_default().insert(account.clone());
                accounts.all.insert(account);
            }
        }
        accounts
    }

    /// The account of a part. Answers of services name ARNs of other accounts, too, so for them its place goes first.
    fn of_part(&self, part: &Part, directory: &Path) -> Option<Account> {
        match part {
            Part::Service(file) => self.near(directory).or_else(|| arn_in(&file.value, 0)),
            part => account_of(part).or_else(|| self.near(directory)),
        }
    }

    /// The one account of a directory, else the one of the whole target.
    fn near(&self, directory: &Path) -> Option<Account> {
        let only = |set: &BTreeSet<Account>| if set.len() == 1 { set.first().cloned() } else { None };
        match self.by_directory.get(directory) {
            Some(here) => only(here),
            None => only(&self.all),
        }
    }
}

/// How deep an answer is searched for the ARN of its account.
const DEEPEST: usize = 4;

/// The account of the first ARN in an answer.
fn arn_in(value: &Value, depth: usize) -> Option<Account> {
    match value {
        Value::String(text) => Account::of_arn(text),
        _ if depth == DEEPEST => None,
        Value::Array(items) => items.iter().find_map(|item| arn_in(item, depth + 1)),
        Value::Object(fields) => fields.values().find_map(|field| arn_in(field, depth + 1)),
        _ => None,
    }
}

/// What is unknown when items of a part cannot be read. Providers blind nothing: the roles that trust one name it.
fn blinds(part: &Part) -> &'static [FactKind] {
    match part {
        Part::Authorization(_) => AUTHORIZATION_FACTS,
        Part::Report(..) => &[FactKind::Credentials, FactKind::Usage],
        Part::AccessKeys(_) => &[FactKind::Credentials],
        Part::KeyLastUsed(_) => &[FactKind::Usage],
        Part::Service(file) => file.call.blinds,
        Part::OidcProviders(_)
        | Part::OidcProvider(_)
        | Part::SamlProviders(_)
        | Part::Aliases(_)
        | Part::Caller(_) => &[],
    }
}

/// The account that the ARNs of a part name.
fn account_of(part: &Part) -> Option<Account> {
    match part {
        Part::Authorization(page) => page.arns().find_map(Account::of_arn),
        Part::Report(rows, _) => rows.iter().find_map(|row| Account::of_arn(&row.arn)),
        Part::OidcProviders(list) => list.providers.iter().find_map(|provider| Account::of_arn(&provider.arn)),
        Part::SamlProviders(list) => list.providers.iter().find_map(|provider| Account::of_arn(&provider.arn)),
        Part::Caller(caller) => Account::of_arn(&caller.arn),
        Part::AccessKeys(_) | Part::KeyLastUsed(_) | Part::OidcProvider(_) | Part::Aliases(_) | Part::Service(_) => {
            None
        }
    }
}
