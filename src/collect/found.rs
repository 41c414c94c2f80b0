//! The record of a secret that was found, the same wherever it lay. It keeps nothing of the value but its fingerprint and
//! preview.

use std::collections::BTreeMap;

use crate::model::{Evidence, Exposure, FingerprintKey, Urn};
use crate::secrets::Match;

/// How often each id was given in one text, so that a second place of a value gets an id of its own.
pub(super) type Ids = BTreeMap<String, u64>;

/// The record of a match in the text that `place` names. It is allowed by nothing and brought by no commit.
pub(super) fn exposure(
    found: Match<'_>,
    place: &str,
    evidence: Evidence,
    key: &FingerprintKey,
    ids: &mut Ids,
) -> Exposure {
    let detector = found.detector;
    let fingerprint = found.secret.fingerprint(key);
    let base = format!("exposure:{}/{}/{place}", detector.family, fingerprint.as_str());
    let occurrence = ids.entry(base.clone()).and_modify(|count| *count += 1).or_insert(1);
    let id = if *occurrence == 1 { base } else { format!("{base}#{occurrence}") };
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
        evidence,
    }
}
