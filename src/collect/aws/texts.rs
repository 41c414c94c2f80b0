//! Searches text found on the way (environments, user data, definitions) for secrets. The text itself goes no further.

use std::collections::BTreeMap;

use super::NAME;
use super::notes::FoundText;
use super::site::Site;
use crate::collect::Context;
use crate::model::{Evidence, Exposure, Location, Record, Urn};
use crate::secrets::{DetectorSet, LineIndex, Match};

/// The exposures in a text. Its place is `aws/<account>/` and where it lies in the account, its line that within the text:
/// for an environment the number of the variable.
pub(super) fn exposures(found: &FoundText, site: &Site, detectors: &DetectorSet, context: &Context) -> Vec<Record> {
    let path = format!("aws/{}/{}", site.account.id, found.place);
    let bytes = found.text.as_bytes();
    let lines = LineIndex::new(bytes);
    let mut ids: BTreeMap<String, u64> = BTreeMap::new();
    let matches = detectors.scan_file(bytes, None, &[&path]).matches;
    matches.into_iter().map(|one| Record::Exposure(exposure(one, &path, bytes, &lines, &mut ids, context))).collect()
}

fn exposure(
    found: Match<'_>,
    path: &str,
    text: &[u8],
    lines: &LineIndex,
    ids: &mut BTreeMap<String, u64>,
    context: &Context,
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
        evidence: Evidence { observed: context.now, collector: NAME.to_owned(), location },
    }
}
