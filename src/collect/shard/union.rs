//! What several shards brought, as one. Pure: the order, repetition and grouping of shards make no difference.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::{Manifest, Shard};
use crate::model::{CoverageEntry, FactKind, Outcome, Record};

/// How many targets are named.
const NAMED: usize = 5;

/// What was brought so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Union {
    /// Equal manifests name equal parts, by their hashes.
    shards: BTreeMap<Manifest, Brought>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Brought {
    /// Where the manifest lay; copies lie in several places.
    places: BTreeSet<String>,
    lines: Vec<String>,
}

/// Which shards belong together.
#[derive(Clone, Copy, Debug)]
pub struct Together<'a> {
    /// The version of the program that merges.
    pub version: &'a str,
    /// Shards that are older than the newest one by more than this are of another run.
    pub within: SignedDuration,
}

/// Shards that were put together.
#[derive(Debug, Default)]
pub struct Merged {
    /// Their records, and a hole for all that is missing or was not used.
    pub records: Vec<Record>,
    /// Every target that was read or should have been, in the order of their names.
    pub inputs: Vec<String>,
    /// The newest point in time of a shard.
    pub now: Option<Timestamp>,
}

impl Union {
    /// What one shard brought, and where its manifest lies.
    pub fn of(manifest: Manifest, place: &str, lines: Vec<String>) -> Self {
        let brought = Brought { places: BTreeSet::from([place.to_owned()]), lines };
        Self { shards: BTreeMap::from([(manifest, brought)]) }
    }

    /// What either brought.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        for (manifest, brought) in other.shards {
            match self.shards.entry(manifest) {
                std::collections::btree_map::Entry::Vacant(free) => drop(free.insert(brought)),
                std::collections::btree_map::Entry::Occupied(mut same) => same.get_mut().places.extend(brought.places),
            }
        }
        self
    }

    /// Puts together what belongs together.
    pub fn merged(&self, together: Together<'_>) -> Merged {
        let mut fit = BTreeMap::new();
        let mut unfit = Vec::new();
        let newest = self.newest(together);
        for (manifest, brought) in &self.shards {
            match self.misfit(manifest, together, newest) {
                None => drop(fit.insert(manifest, brought)),
                Some(why) => unfit.push((manifest, brought, why)),
            }
        }
        let read: BTreeSet<&String> = fit.keys().flat_map(|manifest| &manifest.read).collect();
        let mut holes = self.missing(&fit, &read);
        holes.extend(unfit.iter().map(|(manifest, brought, why)| not_used(manifest, brought, why, &read)));
        holes.extend(told_twice(&fit));
        holes.extend(read_by_several(&fit));
        let lines: BTreeSet<&String> = fit.values().flat_map(|brought| &brought.lines).collect();
        let mut records = Vec::with_capacity(lines.len() + holes.len());
        for line in lines {
            match serde_json::from_str(line) {
                Ok(record) => records.push(record),
                Err(error) => holes.push(no_record(&fit, line, &error)),
            }
        }
        records.extend(holes.into_iter().map(Record::Coverage));
        let planned = self.shards.keys().flat_map(|manifest| &manifest.planned);
        let inputs: BTreeSet<&String> = planned.chain(read).collect();
        let now = newest.map(|manifest| manifest.now);
        Merged { records, inputs: inputs.into_iter().cloned().collect(), now }
    }

    fn newest(&self, together: Together<'_>) -> Option<&Manifest> {
        let known = self.shards.keys().filter(|manifest| manifest.version == together.version);
        known.max_by_key(|manifest| (manifest.now, *manifest))
    }

    /// Why a shard cannot be put together with the newest one.
    fn misfit(&self, manifest: &Manifest, together: Together<'_>, newest: Option<&Manifest>) -> Option<String> {
        let Some(newest) = newest.filter(|_| manifest.version == together.version) else {
            return Some(format!("nonhuman {} wrote it, this is {}", manifest.version, together.version));
        };
        if manifest.key != newest.key {
            let what = "it was made under another NONHUMAN_FINGERPRINT_KEY than the newest shard: one secret in both is \
                        not recognised";
            return Some(what.to_owned());
        }
        let apart = newest.now.duration_since(manifest.now);
        (apart > together.within).then(|| {
            format!("it is of {}, the newest shard of {}: that is another run (--within)", manifest.now, newest.now)
        })
    }

    /// The targets that no shard brought, as holes.
    fn missing(&self, fit: &BTreeMap<&Manifest, &Brought>, read: &BTreeSet<&String>) -> Vec<CoverageEntry> {
        let targets: BTreeSet<&String> = self.shards.keys().flat_map(|manifest| &manifest.planned).collect();
        let absent: Vec<String> = absent(fit).iter().map(ToString::to_string).collect();
        let told = match absent.as_slice() {
            [] => "no shard brought it".to_owned(),
            [one] => format!("no shard brought it; missing is shard {one}"),
            several => format!("no shard brought it; missing are shards {}", several.join(", ")),
        };
        let missing = targets.into_iter().filter(|target| !read.contains(*target));
        missing
            .map(|name| {
                let (collector, target) = name.split_once(' ').unwrap_or(("records", name));
                CoverageEntry::hole(collector, target, "everything", Outcome::Failed, told.clone())
                    .remedy("collect the missing shards and merge again")
                    .blinds(FactKind::ALL)
            })
            .collect()
    }
}

/// The shards that there should be and are not, for each number of shards that was used.
fn absent(fit: &BTreeMap<&Manifest, &Brought>) -> Vec<Shard> {
    let mut by_number: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    for manifest in fit.keys() {
        by_number.entry(manifest.shard.of).or_default().insert(manifest.shard.shard);
    }
    let absent = by_number
        .iter()
        .flat_map(|(of, there)| (1..=*of).filter(|shard| !there.contains(shard)).map(|shard| Shard { shard, of: *of }));
    absent.take(20).collect()
}

/// A shard that does not belong to the others. What is left of an older run in the same place hides nothing where all its
/// targets were read again.
fn not_used(manifest: &Manifest, brought: &Brought, why: &str, read: &BTreeSet<&String>) -> CoverageEntry {
    let is_replaced = manifest.read.iter().all(|target| read.contains(target));
    let places = Vec::from_iter(brought.places.iter().cloned()).join(", ");
    if is_replaced {
        let why = format!("{why}; its targets were read again by others");
        return CoverageEntry::hole("records", &places, "shard", Outcome::NotRead, why);
    }
    let why = format!("{why}; shard {} is not used", manifest.shard);
    CoverageEntry::hole("records", &places, "shard", Outcome::Failed, why)
        .remedy("collect this shard again and merge again")
        .blinds(FactKind::ALL)
}

/// Shards of one number and the same targets with different content: their targets are called alike and are not the same,
/// or one is of another run. What they found would be taken for one thing.
fn told_twice(fit: &BTreeMap<&Manifest, &Brought>) -> Vec<CoverageEntry> {
    type Alike<'a> = Vec<(&'a Manifest, &'a Brought)>;
    let mut same: BTreeMap<(Shard, &[String]), Alike<'_>> = BTreeMap::new();
    for (manifest, brought) in fit {
        same.entry((manifest.shard, &manifest.planned)).or_default().push((manifest, brought));
    }
    let differ = same.into_iter().filter(|(_, all)| all.iter().any(|(one, _)| one.parts != all[0].0.parts));
    differ
        .map(|((shard, _), all)| {
            let places: BTreeSet<&String> = all.iter().flat_map(|(_, brought)| &brought.places).collect();
            let places = places.into_iter().cloned().collect::<Vec<_>>().join(", ");
            let detail = format!(
                "shard {shard} is there {} times, with the same names of targets and different content: the names stand \
                 for different things, or one is of another run",
                all.len()
            );
            CoverageEntry::hole("records", &places, "shard", Outcome::Failed, detail)
                .remedy("collect trees of one name in one run, and merge one run alone")
                .blinds(FactKind::ALL)
        })
        .collect()
}

/// Targets that runs with other targets beside them have read, too: two machines may have folders of one name.
fn read_by_several(fit: &BTreeMap<&Manifest, &Brought>) -> Option<CoverageEntry> {
    let plans: Vec<&Vec<String>> = BTreeSet::from_iter(fit.keys().map(|one| &one.planned)).into_iter().collect();
    if plans.len() < 2 {
        return None;
    }
    let mut runs: BTreeMap<&String, BTreeSet<usize>> = BTreeMap::new();
    for manifest in fit.keys() {
        let plan = plans.binary_search(&&manifest.planned).unwrap_or_default();
        for target in &manifest.read {
            runs.entry(target).or_default().insert(plan);
        }
    }
    let several: Vec<&str> =
        runs.iter().filter(|(_, plans)| plans.len() > 1).map(|(target, _)| target.as_str()).collect();
    let named = several.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    let more = if several.len() > NAMED { ", …" } else { "" };
    let detail = format!(
        "several runs, with other targets beside them, brought {named}{more}; the names may stand for different things"
    );
    let entry = CoverageEntry::hole("records", "shards", "one run", Outcome::Failed, detail);
    (!several.is_empty()).then(|| {
        entry
            .remedy("merge the shards of one run alone, and collect trees of one name in one run")
            .blinds(FactKind::ALL)
    })
}

/// A line of a part that this version does not know: it may have said anything.
fn no_record(fit: &BTreeMap<&Manifest, &Brought>, line: &String, error: &serde_json::Error) -> CoverageEntry {
    let place = fit.iter().find_map(|(manifest, brought)| {
        let mut number = brought.lines.iter().position(|one| one == line)? as u64;
        let manifest_place = brought.places.first().cloned().unwrap_or_default();
        let part = manifest.parts.iter().find(|part| {
            let is_here = number < part.records;
            number -= if is_here { 0 } else { part.records };
            is_here
        })?;
        let folder = manifest_place.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        Some(format!("{folder}{}:{}", part.file, number + 1))
    });
    let text = error.to_string();
    let reason = text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _)| reason);
    let detail = format!("this line is no record that this version knows: {reason}");
    CoverageEntry::hole("records", &place.unwrap_or_default(), "shard", Outcome::Failed, detail)
        .remedy("collect this shard again with the version that merges")
        .blinds(FactKind::ALL)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::collect::shard::part::PartName;

    const TOGETHER: Together<'_> = Together { version: "1", within: SignedDuration::from_secs(100) };

    fn manifest(shard: u32, of: u32, planned: &[String], read: Vec<String>, at: i64) -> Manifest {
        Manifest {
            form: String::new(),
            now: Timestamp::from_second(at).unwrap_or_default(),
            version: "1".to_owned(),
            key: "k".to_owned(),
            shard: Shard { shard: shard.min(of), of },
            planned: planned.to_vec(),
            read,
            parts: Vec::new(),
        }
    }

    fn brought() -> impl Strategy<Value = Union> {
        let names = || proptest::collection::vec("[a-d]", 0..4);
        (1_u32..4, 1_u32..4, names(), names(), names(), 0_i64..200).prop_map(|(shard, of, planned, read, lines, at)| {
            let mut manifest = manifest(shard, of, &planned, read, at);
            // Equal manifests name equal parts.
            let part = |line: &String| PartName { file: line.clone(), blake3: String::new(), records: 1 };
            manifest.parts = lines.iter().map(part).collect();
            Union::of(manifest, "p", lines)
        })
    }

    fn told(union: &Union, together: Together<'_>) -> Vec<String> {
        let holes = union.merged(together).records.into_iter().filter_map(|record| match record {
            Record::Coverage(entry) if entry.is_hole() => Some(format!("{}: {}", entry.target, entry.detail?)),
            _ => None,
        });
        holes.collect()
    }

    fn one(shard: u32, target: &str, at: i64, change: impl FnOnce(&mut Manifest)) -> Union {
        let planned = ["source a".to_owned(), "source b".to_owned()];
        let mut manifest = manifest(shard, 2, &planned, vec![format!("source {target}")], at);
        change(&mut manifest);
        Union::of(manifest, &format!("p/{shard}"), Vec::new())
    }

    #[test]
    fn shards_that_do_not_belong_together_are_holes() {
        let whole = one(1, "a", 0, |_| ()).with(one(2, "b", 90, |_| ()));
        assert_eq!(told(&whole, TOGETHER), Vec::<String>::new());
        let old = one(1, "a", 500, |_| ()).with(one(2, "b", 90, |_| ()));
        let holes = told(&old, TOGETHER);
        assert!(holes[0].starts_with("b: no shard brought it; missing is shard 2 of 2"), "{holes:?}");
        assert!(holes[1].contains("p/2: it is of 1970-01-01T00:01:30Z, the newest shard of"), "{holes:?}");
        let key = one(1, "a", 0, |_| ()).with(one(2, "b", 0, |one| "other".clone_into(&mut one.key)));
        assert!(told(&key, TOGETHER).iter().any(|one| one.contains("another NONHUMAN_FINGERPRINT_KEY")));
        let version = one(1, "a", 0, |_| ()).with(one(2, "b", 0, |one| "9".clone_into(&mut one.version)));
        assert!(told(&version, TOGETHER).iter().any(|one| one.starts_with("p/2: nonhuman 9 wrote it, this is 1")));
        // What another run left behind hides nothing once its targets were read again.
        let left = whole.with(one(1, "a", -500, |_| ()));
        assert_eq!(told(&left, TOGETHER), Vec::<String>::new());
        let other = left.clone().with(one(1, "a", 0, |one| one.planned = vec!["source a".to_owned()]));
        assert!(told(&other, TOGETHER).iter().any(|one| one.contains("brought source a; the names may")), "{other:?}");
        let part = PartName { file: "x".to_owned(), blake3: "1".to_owned(), records: 0 };
        let twice = left.with(one(2, "b", 91, |one| one.parts.push(part)));
        assert!(told(&twice, TOGETHER).iter().any(|one| one.contains("is there 2 times")), "{twice:?}");
    }

    #[test]
    fn a_line_that_is_no_record_is_told_with_its_place() {
        let mut manifest = manifest(1, 1, &[], Vec::new(), 0);
        let part = |file: &str, records| PartName { file: file.to_owned(), blake3: String::new(), records };
        manifest.parts = vec![part("one.zst", 2), part("two.zst", 2)];
        let end = r#"{"record":"end","records":0}"#;
        let lines = [end, end, end, r#"{"record":"quantum","id":"x"}"#].map(str::to_owned).to_vec();
        let holes = told(&Union::of(manifest, "parts/m.shard.json", lines), TOGETHER);
        assert_eq!(holes.len(), 1);
        assert!(
            holes[0].starts_with("parts/two.zst:2: this line is no record that this version knows: unknown variant")
        );
    }

    proptest! {
        #[test]
        fn shards_come_in_any_order_and_number(a in brought(), b in brought(), c in brought()) {
            let (x, y, z) = (|| a.clone(), || b.clone(), || c.clone());
            prop_assert_eq!(x().with(y()), y().with(x()));
            prop_assert_eq!(x().with(y()).with(z()), x().with(y().with(z())));
            prop_assert_eq!(x().with(x()), x());
            prop_assert_eq!(told(&x().with(y()).with(y()), TOGETHER), told(&y().with(x()), TOGETHER));
        }

        /// What is planned is read or missing, never neither.
        #[test]
        fn nothing_is_lost(a in brought(), b in brought()) {
            let both = a.with(b);
            let merged = both.merged(TOGETHER);
            let missing = told(&both, TOGETHER).iter().filter(|one| one.contains("no shard brought it")).count();
            let newest = both.newest(TOGETHER);
            let fit = both.shards.keys().filter(|one| both.misfit(one, TOGETHER, newest).is_none());
            let read: BTreeSet<&String> = fit.flat_map(|one| &one.read).collect();
            let planned: BTreeSet<&String> = both.shards.keys().flat_map(|one| &one.planned).collect();
            prop_assert_eq!(missing + planned.intersection(&read).count(), planned.len());
            prop_assert_eq!(merged.now.is_some(), true);
        }
    }
}
