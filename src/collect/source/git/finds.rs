//! What was found in versions of files: each place of each value once, with what brought it first. Scans nothing.

use std::collections::BTreeMap;

use gix::ObjectId;

use crate::model::{Exposure, Fingerprint, Location, Urn};

/// A place of a value in a file, whatever its line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    /// The path, by its place in the list of paths.
    pub(super) path: u32,
    /// The name in the archive that the file is; empty for any other file.
    pub(super) inner: String,
    detector: String,
    pub(super) value: Fingerprint,
    /// Which of several of this value it is, from 1.
    pub(super) number: u64,
}

/// What brought a value to a place first.
pub(super) struct Found {
    pub(super) exposure: Exposure,
    pub(super) blob: ObjectId,
    /// The commit that brought it first, by its place in the list of commits.
    pub(super) commit: u32,
}

/// Everything that was found.
pub(super) type Finds = BTreeMap<Key, Found>;

/// How often a file has each value: by the name in an archive, the value and the detector.
pub(super) type Values = BTreeMap<(String, Fingerprint, String), u64>;

/// Where a file has each value: by the name in an archive and the value.
pub(super) type Places = BTreeMap<(String, Fingerprint), Vec<Location>>;

/// What one version of a file shows that is new in it.
#[derive(Default)]
pub(super) struct Hits {
    /// Each with its name in an archive, and which of several of its value it is.
    hits: Vec<(Exposure, String, u64)>,
    counts: Values,
    /// How many of each value the older versions have, and how many of those that are shown go beyond that.
    known: BTreeMap<(String, Fingerprint, String), (u64, u64)>,
}

impl Hits {
    /// Adds one; `shown` is the path of the file itself.
    pub(super) fn add(&mut self, exposure: Exposure, shown: &str) {
        let (inner, number) = count(&mut self.counts, &exposure, shown);
        self.hits.push((exposure, inner, number));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.hits.is_empty()
    }

    /// What is shown may have been moved, or be one more of what the older versions have already. Of several that are
    /// shown, the last are the ones more.
    pub(super) fn compare(&mut self, olds: &[Values], new: &Values) {
        for (key, shown) in &self.counts {
            let old = olds.iter().filter_map(|old| old.get(key)).copied().max().unwrap_or_default();
            let more = new.get(key).copied().unwrap_or_default().saturating_sub(old).min(*shown);
            self.known.insert(key.clone(), (old, more));
        }
    }

    /// Puts them among all that was found.
    pub(super) fn into_finds(self, finds: &mut Finds, path: u32, commit: u32, blob: ObjectId) {
        let Self { hits, counts, known } = self;
        for (mut exposure, inner, place) in hits {
            let (detector, value) = (exposure.detector.clone(), exposure.fingerprint.clone());
            let of_value = (inner, value, detector);
            let shown = counts.get(&of_value).copied().unwrap_or(place);
            let (old, more) = known.get(&of_value).copied().unwrap_or((0, shown));
            let number = if place + more > shown { old + place + more - shown } else { place };
            exposure.id = renumbered(exposure.id.as_str(), place, number);
            let (inner, value, detector) = of_value;
            let key = Key { path, inner, detector, value, number };
            // One that is allowed says nothing of the others.
            let rank = |exposure: &Exposure, commit| {
                (exposure.allowed_by.is_some(), commit, exposure.evidence.location.clone())
            };
            let is_first =
                finds.get(&key).is_none_or(|known| rank(&exposure, commit) < rank(&known.exposure, known.commit));
            if is_first {
                finds.insert(key, Found { exposure, blob, commit });
            }
        }
    }
}

/// Counts an exposure among the values of a file with this path. Gives its name in an archive and its number.
pub(super) fn count(values: &mut Values, exposure: &Exposure, shown: &str) -> (String, u64) {
    let inner = inner(exposure, shown);
    let count = values.entry((inner.clone(), exposure.fingerprint.clone(), exposure.detector.clone())).or_default();
    *count += 1;
    (inner, *count)
}

/// The name in an archive, of an exposure in a file with this path; empty where the file is none.
pub(super) fn inner(exposure: &Exposure, shown: &str) -> String {
    match &exposure.evidence.location {
        Location::File { path, .. } if **path != *shown => path.to_string(),
        _ => String::new(),
    }
}

/// The id of an exposure that has another number in its file than among what was shown.
fn renumbered(id: &str, place: u64, number: u64) -> Urn {
    let base = if place > 1 { id.strip_suffix(&format!("#{place}")).unwrap_or(id) } else { id };
    Urn::new(if number > 1 { format!("{base}#{number}") } else { base.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_carries_the_number_in_the_file() {
        for (id, place, number, expected) in [
            ("exposure:a/b/root/x#2", 2, 2, "exposure:a/b/root/x#2"),
            ("exposure:a/b/root/x", 1, 1, "exposure:a/b/root/x"),
            ("exposure:a/b/root/x", 1, 3, "exposure:a/b/root/x#3"),
            ("exposure:a/b/root/x#2", 2, 1, "exposure:a/b/root/x"),
            ("exposure:a/b/root/x#2", 1, 2, "exposure:a/b/root/x#2#2"),
        ] {
            assert_eq!(renumbered(id, place, number).as_str(), expected, "{place} {number}");
        }
    }
}
