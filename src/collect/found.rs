//! The record of a secret that was found, the same wherever it lay. It keeps nothing of the value but its fingerprint and
//! preview.

use std::collections::BTreeMap;

use crate::model::{Evidence, Exposure, Fingerprint, FingerprintKey, Secret, Urn};
use crate::secrets::Match;

/// How often each id was given in one text, so that a second place of a value gets an id of its own.
pub(super) type Ids = BTreeMap<String, u64>;

/// The fact under which the beginning and end of a value lie, as a keyed fingerprint.
const HINT: &str = "hint_print";

/// What to do with the private key of a GitHub App, which opens no server.
/// Source: GitHub Docs, "Managing private keys for GitHub Apps".
const OF_GITHUB_APP: &str = "In the settings of the GitHub App, under Private keys, generate a new one, give it to what uses this, \
    and delete this one there: its tokens end within the hour.";

/// How much of the beginning and end of keys their providers show in lists, in letters, by the kind of credential.
const SHOWN: [(&str, usize, usize); 3] = [("anthropic.key", 16, 4), ("openai.key", 0, 4), ("github.token", 0, 8)];

/// The fingerprint of a beginning and an end; none where they are not as long as the provider shows them.
pub(super) fn hint_print(kind: &str, head: &str, tail: &str, key: &FingerprintKey) -> Option<Fingerprint> {
    let (_, of_head, of_tail) = SHOWN.iter().find(|(known, ..)| *known == kind)?;
    let is_whole = head.len() == *of_head && tail.len() == *of_tail;
    is_whole.then(|| Secret::new(format!("{kind}\0{head}\0{tail}").into_bytes()).fingerprint(key))
}

/// The same of a found value.
fn value_hint(kind: &str, value: &Secret<'_>, key: &FingerprintKey) -> Option<Fingerprint> {
    let (_, of_head, of_tail) = SHOWN.iter().find(|(known, ..)| *known == kind)?;
    value.ends(kind, *of_head, *of_tail, key)
}

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
    let mut proof = found.proof;
    if let Some(print) = value_hint(&proof.kind, &found.secret, key) {
        proof.facts.insert(HINT.to_owned(), print.as_str().to_owned());
    }
    let remedy = proof.facts.contains_key("github_app").then(|| OF_GITHUB_APP.to_owned());
    let preview = match detector.public {
        true => proof.key_id.clone().unwrap_or_default(),
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
        proof,
        allowed_by: None,
        allowed_for: Vec::new(),
        encoding: found.encoding.iter().map(|name| (*name).to_owned()).collect(),
        introduced: None,
        remedy: remedy.unwrap_or_else(|| detector.remedy.clone()),
        evidence,
    }
}
