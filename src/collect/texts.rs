//! Searches text that a provider's answer holds (environments, definitions, settings) for secrets, as files are searched.
//! The text itself goes no further.

use std::collections::BTreeMap;

use super::Context;
use crate::model::{Evidence, Exposure, Location, Record, Urn};
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
    let mut ids: BTreeMap<String, u64> = BTreeMap::new();
    let matches = detectors.scan_file(text, None, &[path]).matches.into_iter().filter(|one| wanted(one));
    matches.map(|one| Record::Exposure(exposure(one, path, text, &lines, &mut ids, (collector, context)))).collect()
}

fn exposure(
    found: Match<'_>,
    path: &str,
    text: &[u8],
    lines: &LineIndex,
    ids: &mut BTreeMap<String, u64>,
    (collector, context): (&str, &Context),
) -> Exposure {
    let detector = found.detector;
    let fingerprint = found.secret.fingerprint(&context.fingerprint_key);
    let base = format!("exposure:{}/{}/{path}", detector.id, fingerprint.as_str());
    let occurrence = ids.entry(base.clone()).and_modify(|count| *count += 1).or_insert(1);
    let id = if *occurrence == 1 { base } else { format!("{base}#{occurrence}") };
    let (line, column) = lines.position(text, found.span.start);
    let (end_line, end_column) = lines.position(text, found.span.end);
    let location =
        Location::File { root: String::new(), path: path.to_owned(), line, column, end_line, end_column, commit: None };
    let preview = match detector.public {
        true => found.proof.key_id.clone().unwrap_or_default(),
        false => found.secret.preview(),
    };
    Exposure {
        id: Urn::new(id),
        detector: detector.id.clone(),
        title: detector.title.clone(),
        severity: detector.severity,
        confidence: found.confidence,
        fingerprint,
        preview,
        public: detector.public,
        proof: found.proof,
        allowed_by: None,
        allowed_for: Vec::new(),
        encoding: found.encoding.iter().map(|name| (*name).to_owned()).collect(),
        introduced: None,
        remedy: detector.remedy.clone(),
        evidence: Evidence { observed: context.now, collector: collector.to_owned(), location },
    }
}
