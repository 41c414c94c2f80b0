//! How two records of one thing become one: the newer says what it knows, the older fills the gaps.

use std::collections::BTreeMap;

use crate::model::{Credential, Evidence, Exposure, Grant, Identity, Known, Person, Policy, Trust, Workload};

/// A record that can absorb an older one of the same name.
///
/// Implementations only fill gaps, so folding a list that is sorted newest first gives the same result however the
/// records were split before.
pub(super) trait Merge {
    /// Where it was seen.
    fn evidence(&self) -> &Evidence;
    /// Keeps everything of `self` and takes from `older` what `self` does not know.
    fn merge(self, older: Self) -> Self;
}

fn fill<T>(newer: Known<T>, older: Known<T>) -> Known<T> {
    match (newer, older) {
        (Known::Value(value), _) => Known::Value(value),
        (_, Known::Value(value)) => Known::Value(value),
        (Known::Absent, _) | (_, Known::Absent) => Known::Absent,
        (unknown, _) => unknown,
    }
}

fn fill_labels(mut newer: BTreeMap<String, String>, older: BTreeMap<String, String>) -> BTreeMap<String, String> {
    for (name, value) in older {
        newer.entry(name).or_insert(value);
    }
    newer
}

impl Merge for Identity {
    fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    fn merge(self, older: Self) -> Self {
        Self {
            enabled: fill(self.enabled, older.enabled),
            created: fill(self.created, older.created),
            unique_id: self.unique_id.or(older.unique_id),
            builtin: self.builtin || older.builtin,
            labels: fill_labels(self.labels, older.labels),
            ..self
        }
    }
}

impl Merge for Credential {
    fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    fn merge(self, older: Self) -> Self {
        Self {
            active: fill(self.active, older.active),
            created: fill(self.created, older.created),
            expires: fill(self.expires, older.expires),
            fingerprint: self.fingerprint.or(older.fingerprint),
            ..self
        }
    }
}

impl Merge for Person {
    fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    fn merge(self, older: Self) -> Self {
        Self {
            team: self.team.or(older.team),
            active: fill(self.active, older.active),
            left: fill(self.left, older.left),
            ..self
        }
    }
}

impl Merge for Workload {
    fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    fn merge(self, older: Self) -> Self {
        let runs_as = if self.runs_as.is_empty() { older.runs_as } else { self.runs_as };
        Self { runs_as, labels: fill_labels(self.labels, older.labels), ..self }
    }
}

macro_rules! newest_wins {
    ($($type:ty),+) => { $(impl Merge for $type {
        fn evidence(&self) -> &Evidence { &self.evidence }
        fn merge(self, _older: Self) -> Self { self }
    })+ };
}
newest_wins!(Policy, Grant, Trust, Exposure);
