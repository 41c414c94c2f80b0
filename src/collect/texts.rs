//! Searches text that a provider's answer holds (environments, definitions, settings) for secrets, as files are searched.
//! The text itself goes no further.

use super::{Context, found};
use crate::model::{CoverageEntry, Evidence, Location, Outcome, Record};
use crate::secrets::{DetectorSet, LineIndex, Match};

/// The exposures in a text that lies at `path`, which names the place in its account or cluster; their lines are those
/// within the text. `wanted` says which matches count. What is encoded and not decoded to its end is told for the `target`.
pub(super) fn exposures(
    text: &[u8],
    path: &str,
    collector: &str,
    target: &str,
    detectors: &DetectorSet,
    context: &Context,
    wanted: impl Fn(&Match<'_>) -> bool,
) -> Vec<Record> {
    let lines = LineIndex::new(text);
    let mut ids = found::Ids::new();
    let record = |one: Match<'_>| {
        let ((line, column), (end_line, end_column)) =
            (lines.position(text, one.span.start), lines.position(text, one.span.end));
        let (root, commit) = (String::new(), None);
        let location =
            Location::File { root: root.into(), path: path.into(), line, column, end_line, end_column, commit };
        let evidence = Evidence { observed: context.now, collector: collector.into(), location };
        Record::Exposure(Box::new(found::exposure(one, path, evidence, &context.fingerprint_key, &mut ids)))
    };
    let scanned = detectors.scan_file(text, None, &[path]);
    let mut records: Vec<Record> = scanned.matches.into_iter().filter(|one| wanted(one)).map(record).collect();
    if scanned.is_cut {
        let why = format!("encoded text is longer, or lies deeper in other encodings, than what is decoded: {path}");
        let entry = CoverageEntry::hole(collector, target, "encoded text", Outcome::NotRead, why);
        records.push(Record::Coverage(entry.count(1)));
    }
    records
}
