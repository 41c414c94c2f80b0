//! Searches text that a provider's answer holds (environments, definitions, settings) for secrets, as files are searched.
//! The text itself goes no further.

use super::{Context, found};
use crate::model::{Evidence, Location, Record};
use crate::secrets::{DetectorSet, LineIndex, Match};

/// The exposures in a text that lies at `path`, which names the place in its account or cluster; their lines are those
/// within the text. `wanted` says which matches count.
pub(super) fn exposures(
    text: &[u8],
    path: &str,
    collector: &str,
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
        let location = Location::File { root, path: path.to_owned(), line, column, end_line, end_column, commit };
        let evidence = Evidence { observed: context.now, collector: collector.to_owned(), location };
        Record::Exposure(Box::new(found::exposure(one, path, evidence, &context.fingerprint_key, &mut ids)))
    };
    let matches = detectors.scan_file(text, None, &[path]).matches.into_iter().filter(|one| wanted(one));
    matches.map(record).collect()
}
