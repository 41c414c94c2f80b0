//! Reads what the user gave in place of trees: a list of files, or standard input. Walks no folder and judges nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use rayon::prelude::*;

use super::archive::{self, Opened};
use super::file::Ended;
use super::tally::Tally;

use super::walk::{Walk, pool};
use super::{NAME, Root, SourceOptions, name, true_path};
use crate::collect::{CollectError, Collector, Context, Sink};
use crate::model::{CoverageEntry, FactKind, Outcome, Record};
use crate::secrets::DetectorSet;

/// How many files of a list that are not there are named.
const NAMED: usize = 5;

/// What is given in place of trees.
#[derive(Clone, Debug)]
pub enum Given {
    /// These files, wherever they lie; a folder among them is a mistake that is said.
    List {
        /// How the list is called.
        name: String,
        /// The files, relative to the caller's directory; the order and repetitions do not matter.
        files: Vec<PathBuf>,
    },
    /// Standard input.
    Standard {
        /// The path under which it is reported.
        name: String,
    },
}

/// Finds hardcoded secrets in what is given.
pub struct GivenText {
    given: Given,
    options: SourceOptions,
    detectors: Arc<DetectorSet>,
}

impl GivenText {
    /// A collector for it.
    pub fn new(given: Given, options: SourceOptions, detectors: Arc<DetectorSet>) -> Self {
        Self { given, options, detectors }
    }

    fn target(&self) -> &str {
        match &self.given {
            Given::List { name, .. } | Given::Standard { name } => name,
        }
    }

    /// Ids and places are those that a scan of the caller's directory gives.
    fn walk(&self, context: &Context, sink: &Sink) -> Walk {
        let here = true_path(Path::new("."));
        let root = Root {
            shown: String::new(),
            label: self.options.label(".", &here),
            path: PathBuf::new(),
            true_path: here,
            number: 0,
            is_home: false,
        };
        Walk {
            root,
            owners: Arc::new(BTreeMap::new()),
            target: self.target().to_owned(),
            options: SourceOptions { allows: Arc::default(), ..self.options.clone() },
            detectors: Arc::clone(&self.detectors),
            context: context.clone(),
            sink: sink.clone(),
            agents: None,
        }
    }
}

#[async_trait]
impl Collector for GivenText {
    fn name(&self) -> &'static str {
        NAME
    }

    fn facts(&self) -> &'static [FactKind] {
        &[FactKind::Exposures]
    }

    fn targets(&self) -> Vec<String> {
        vec![self.target().to_owned()]
    }

    async fn collect(&self, _target: &str, context: &Context, sink: &Sink) -> Result<(), CollectError> {
        let walk = self.walk(context, sink);
        let given = self.given.clone();
        // Reading and matching is work for threads, not for the async runtime.
        tokio::task::spawn_blocking(move || {
            match given {
                Given::List { files, .. } => list(&walk, files)?,
                Given::Standard { name } => standard(&walk, &name)?,
            }
            walk.options.allows.send(&walk.target, &walk.sink)
        })
        .await
        .map_err(|_| CollectError::failed("files", "the scanner crashed; this is a bug in nonhuman"))?
    }
}

fn list(walk: &Walk, files: Vec<PathBuf>) -> Result<(), CollectError> {
    let here = &walk.root.true_path;
    let below = |path: PathBuf| path.strip_prefix(here).map(Path::to_owned).unwrap_or(path);
    let plain = |path: PathBuf| path.strip_prefix(".").map(Path::to_owned).unwrap_or(path);
    let files: BTreeSet<PathBuf> = files.into_iter().map(below).map(plain).collect();
    let named = files.len() as u64;
    let tally = Tally::default();
    let missing: Vec<&PathBuf> = pool(&walk.options)?.install(|| {
        let missing = files.par_iter().map(|path| one(walk, path, &tally).map(|is_there| (!is_there).then_some(path)));
        missing.filter_map(Result::transpose).collect::<Result<_, _>>()
    })?;
    // An empty list was read, too: nothing changed is no hole.
    let mut entry = CoverageEntry::complete(NAME, &walk.target, "lists of files", 1);
    entry.detail = Some(format!("{named} files named"));
    walk.sink.send_blocking(Record::Coverage(entry))?;
    absent(walk, &missing)?;
    if named == missing.len() as u64 { Ok(()) } else { tally.send(&walk.target, &walk.sink) }
}

/// Reads one file of a list; `false` when it is not there.
fn one(walk: &Walk, path: &Path, tally: &Tally) -> Result<bool, CollectError> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound || error.kind() == ErrorKind::NotADirectory => {
            return Ok(false);
        }
        Err(error) => tally.hole(&name::text_of(path), Outcome::Failed, error),
        Ok(data) if data.is_dir() => {
            tally.hole(&name::text_of(path), Outcome::Failed, "it is a folder; name its files, or give it as a PATH");
        }
        Ok(data) => walk.entry(path, Some(data.file_type()), tally)?,
    }
    Ok(true)
}

/// A file that is not there may be deleted or the list may be of another folder; only the caller knows.
fn absent(walk: &Walk, missing: &[&PathBuf]) -> Result<(), CollectError> {
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = missing.iter().take(NAMED).map(|path| name::text_of(path)).collect();
    let more = match missing.len() - names.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let detail = format!("{} of the list are not there: {}{more}", missing.len(), names.join(", "));
    let remedy = "start in the folder that the list speaks of, and leave deleted files out: git diff --diff-filter=d";
    let entry = CoverageEntry::hole(NAME, &walk.target, "listed files", Outcome::Failed, detail)
        .blinds(&[FactKind::Exposures])
        .remedy(remedy);
    walk.sink.send_blocking(Record::Coverage(entry))
}

fn standard(walk: &Walk, name: &str) -> Result<(), CollectError> {
    let tally = Tally::default();
    let mut failed = None;
    let scanner = walk.scanner(name);
    let ended = Opened::new(std::io::stdin()).and_then(|opened| {
        let emit = |exposure| walk.found(exposure, &tally, &mut failed);
        archive::scan_open(&scanner, opened, walk.options.max_file_size, Path::new(name), &tally, emit)
    });
    failed.map_or(Ok(()), Err)?;
    if matches!(ended, Ok(Ended::Read(0))) {
        // The program before ours may have failed.
        let entry = CoverageEntry::hole(NAME, &walk.target, "files", Outcome::Failed, "nothing came");
        let entry = entry.blinds(&[FactKind::Exposures]).remedy("look whether what writes it has failed");
        return walk.sink.send_blocking(Record::Coverage(entry));
    }
    walk.ended(name, ended, &tally);
    tally.send(&walk.target, &walk.sink)
}
