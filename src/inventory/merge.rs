//! How two records of one thing become one: the newer says what it knows, the older fills the gaps.

use crate::model::{
    Attributes, Credential, Evidence, Exposure, Grant, Identity, Known, Labels, Person, Policy, Setting, Trust,
    Workload,
};

/// A record that can absorb an older one of the same name.
///
/// Implementations only fill gaps; the fold goes over a list sorted newest first, so that the result depends on the set of
/// records alone.
pub(super) trait Merge {
    /// Where it was seen.
    fn evidence(&self) -> &Evidence;
    /// Keeps everything of `self` and takes from `other` what `self` does not know. Of a record of the same time it also
    /// takes what `self` does not have: two sources of one scan complete each other, while a tag that was there last year
    /// and is not now was taken away.
    fn merge(self, other: Self, same_time: bool) -> Self;
}

fn fill<T>(newer: Known<T>, older: Known<T>, same_time: bool) -> Known<T> {
    match (newer, older) {
        (Known::Value(value), _) => Known::Value(value),
        (Known::Absent, Known::Value(value)) if same_time => Known::Value(value),
        (Known::Unknown(_), Known::Value(value)) => Known::Value(value),
        (Known::Absent, _) | (_, Known::Absent) => Known::Absent,
        (unknown, _) => unknown,
    }
}

fn fill_labels(mut newer: Labels, older: Labels, same_time: bool) -> Labels {
    for (name, value) in older.into_iter().filter(|_| same_time) {
        newer.entry(name).or_insert(value);
    }
    newer
}

fn fill_attributes(mut newer: Attributes, older: Attributes, same_time: bool) -> Attributes {
    newer.fill(older, same_time);
    newer
}

impl Merge for Identity {
    fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    fn merge(self, older: Self, same_time: bool) -> Self {
        Self {
            enabled: fill(self.enabled, older.enabled, same_time),
            created: fill(self.created, older.created, same_time),
            unique_id: self.unique_id.or(older.unique_id),
            builtin: self.builtin || older.builtin,
            labels: fill_labels(self.labels, older.labels, same_time),
            attributes: fill_attributes(self.attributes, older.attributes, same_time),
            ..self
        }
    }
}

impl Merge for Credential {
    fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    fn merge(self, older: Self, same_time: bool) -> Self {
        Self {
            active: fill(self.active, older.active, same_time),
            created: fill(self.created, older.created, same_time),
            expires: fill(self.expires, older.expires, same_time),
            fingerprint: self.fingerprint.or(older.fingerprint),
            attributes: fill_attributes(self.attributes, older.attributes, same_time),
            ..self
        }
    }
}

impl Merge for Person {
    fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    fn merge(self, older: Self, same_time: bool) -> Self {
        Self {
            team: self.team.or(older.team),
            active: fill(self.active, older.active, same_time),
            left: fill(self.left, older.left, same_time),
            ..self
        }
    }
}

impl Merge for Workload {
    fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    fn merge(self, older: Self, same_time: bool) -> Self {
        let runs_as = if self.runs_as.is_empty() { older.runs_as } else { self.runs_as };
        let attributes = fill_attributes(self.attributes, older.attributes, same_time);
        Self { runs_as, labels: fill_labels(self.labels, older.labels, same_time), attributes, ..self }
    }
}

impl Merge for Setting {
    fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    fn merge(self, older: Self, same_time: bool) -> Self {
        let labels = fill_labels(self.labels, older.labels, same_time);
        let attributes = fill_attributes(self.attributes, older.attributes, same_time);
        Self { part_of: self.part_of.or(older.part_of), labels, attributes, ..self }
    }
}

macro_rules! newest_wins {
    ($($type:ty),+) => { $(impl Merge for $type {
        fn evidence(&self) -> &Evidence { &self.evidence }
        fn merge(self, _other: Self, _same_time: bool) -> Self { self }
    })+ };
}
newest_wins!(Policy, Grant, Trust, Exposure);
