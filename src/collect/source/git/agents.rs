//! Hands the files that a change leaves behind to the reader of agents: what a pull request or a commit in the making does to
//! the agents of a repository. Judges nothing, and leaves history to itself: what was there once acts no more.

use std::collections::BTreeMap;

use gix::ObjectId;
use gix::objs::Kind;

use super::changes::Version;
use super::finds::Finds;
use super::repository::Objects;
use super::versions::Versions;
use crate::collect::CollectError;
use crate::collect::agents::{Interest, LARGEST, NAME, Source};
use crate::collect::source::Selection;
use crate::collect::source::text;
use crate::collect::source::walk::Walk;
use crate::model::{CoverageEntry, Exposure, Outcome, Record};

/// The last version of each path; none where agents are not asked for.
pub(super) fn newest(walk: &Walk, versions: &[Version]) -> BTreeMap<u32, ObjectId> {
    let mut newest: BTreeMap<u32, (u32, ObjectId)> = BTreeMap::new();
    let is_change = matches!(walk.options.selection, Selection::Staged | Selection::Range { .. });
    if walk.agents.is_none() || !is_change {
        return BTreeMap::new();
    }
    for version in versions {
        let known = newest.entry(version.path).or_insert((version.commit, version.blob));
        if (version.commit, version.blob) > *known {
            *known = (version.commit, version.blob);
        }
    }
    newest.into_iter().map(|(path, (_, blob))| (path, blob)).collect()
}

/// Reads them, and sends what they say of agents.
pub(super) fn read(
    versions: &Versions<'_>,
    newest: BTreeMap<u32, ObjectId>,
    finds: &Finds,
) -> Result<(), CollectError> {
    let walk = versions.walk;
    let Some(notes) = walk.agents.as_ref() else { return Ok(()) };
    // Agents that a change leaves alone are not looked at, so each way to choose looks at something else.
    let what = match &walk.options.selection {
        Selection::Staged => "agents in staged changes",
        Selection::Range { .. } => "agents in the last state of changed files",
        Selection::WorkTree | Selection::History => return not_looked_for(walk),
    };
    let mut exposures: BTreeMap<u32, Vec<Exposure>> = BTreeMap::new();
    for (key, found) in finds.iter().filter(|(key, _)| key.inner.is_empty()) {
        exposures.entry(key.path).or_default().push(found.exposure.clone());
    }
    let objects = Objects::new(&versions.repository.local(0), versions.ledger);
    let mut buffer = Vec::new();
    for (path, blob) in newest {
        let shown = versions.shown(path);
        let Some(interest) = notes.interest(&shown) else { continue };
        // Of a range the last commit decides, which may have taken a file away again.
        let blob = match (versions.last, versions.paths.get(path as usize)) {
            (Some(tree), Some(name)) => objects.file(tree, name.as_ref()),
            _ => Some(blob),
        };
        let Some(blob) = blob else { continue };
        if objects.read_kind(&blob, Kind::Blob, &mut buffer).is_none() {
            continue;
        }
        let Some(bytes) = text::whole(&buffer) else { continue };
        if interest == Interest::Content && !notes.is_of_interest(&shown, &bytes) {
            continue;
        }
        let source = Source {
            root: &walk.root.shown,
            label: &walk.root.label,
            target: &walk.target,
            path: &shown,
            name: &shown,
            text: &bytes,
            exposures: exposures.get(&path).map(Vec::as_slice).unwrap_or_default(),
            mode: None,
            written: None,
            is_in_repository: true,
            is_home: false,
            now: walk.context.now,
            key: &walk.context.fingerprint_key,
        };
        if bytes.len() > LARGEST { notes.too_large(&source) } else { notes.file(&source) }
    }
    notes.send(&walk.target, what, &walk.sink, &|wanted| vec![None; wanted.len()])
}

/// Says that history alone tells nothing of agents.
fn not_looked_for(walk: &Walk) -> Result<(), CollectError> {
    let why = "agents are read from the files that are there: what was there once acts no more";
    let entry = CoverageEntry::hole(NAME, &walk.target, "agents in history", Outcome::NotRead, why);
    walk.sink.send_blocking(Record::Coverage(entry.remedy("scan the tree without --history as well")))
}
