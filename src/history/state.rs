//! What is known after a row of scans, and what one more scan makes of it. Pure: the same scans in the same order give the
//! same state.
//!
//! INVARIANT: something is resolved only where its place was looked at and its rule judged; else it is not seen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::looked::{Looked, OF_TREES, Place};
use super::snapshot::{FindingSeen, IdentitySeen, OwnerSeen, Snapshot};
use crate::model::{Fingerprint, Known, Scope, Urn, names};

names! {
    /// How something stands after a scan.
    Status {
        /// It was seen.
        Open = "open",
        /// It was not seen, and where it was seen last was not looked at.
        NotSeen = "not-seen",
        /// It was looked for and is gone.
        Resolved = "resolved",
    }
}

/// A thing with its past.
#[derive(Clone, Debug)]
pub struct Tracked<T> {
    /// As it was seen last.
    pub thing: T,
    /// How it stands.
    pub status: Status,
    /// The first scan that saw it.
    pub first: Timestamp,
    /// The last scan that saw it.
    pub last: Timestamp,
    /// What the last scan that saw it looked at.
    pub looked: Arc<Looked>,
}

/// Everything that is known after some scan.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The scan's point in time; `None` before the first.
    pub at: Option<Timestamp>,
    /// What the scan looked at.
    pub looked: Arc<Looked>,
    /// Every finding there ever was.
    pub findings: BTreeMap<Fingerprint, Tracked<FindingSeen>>,
    /// Every identity there ever was.
    pub identities: BTreeMap<Urn, Tracked<IdentitySeen>>,
}

impl State {
    /// What is known after one more scan.
    #[must_use]
    pub fn after(&self, scan: &Snapshot) -> Self {
        let looked = Arc::new(scan.looked.clone());
        let mut findings = self.findings.clone();
        for (key, tracked) in &mut findings {
            if scan.findings.contains_key(key) || tracked.status == Status::Resolved {
                continue;
            }
            let is_hidden = scan.judged.hidden.contains(key);
            let is_muted =
                scan.judged.allowed.contains(&tracked.thing.subject) || scan.judged.hidden.accepted.contains(key);
            if is_muted || is_hidden {
                tracked.thing.muted |= is_muted;
                (tracked.status, tracked.last, tracked.looked) = (Status::Open, scan.at, Arc::clone(&looked));
            } else {
                tracked.status = if is_gone(tracked, scan) { Status::Resolved } else { Status::NotSeen };
            }
        }
        let told_before = Told::of(self);
        for (key, thing) in &scan.findings {
            if findings.get(key).is_some_and(|known| known.thing.is_elsewhere(thing)) {
                findings.remove(key);
            }
            // A secret is known since it was told first, by whatever rule.
            let since = told_before.of_same(thing).map(|one| one.first).min().unwrap_or(scan.at);
            see(findings.entry(key.clone()), thing.clone(), (since, scan.at), &looked);
        }
        let mut identities = self.identities.clone();
        for (key, tracked) in &mut identities {
            if !scan.identities.contains_key(key) && tracked.status != Status::Resolved {
                let was_looked_for = was_looked_at(&tracked.thing.place, &tracked.looked, &scan.looked);
                tracked.status = if was_looked_for { Status::Resolved } else { Status::NotSeen };
            }
        }
        for (key, thing) in &scan.identities {
            let mut thing = thing.clone();
            if let Some(before) = self.identities.get(key) {
                keep_what_is_not_known(&mut thing, before, &looked);
                // Where the identity at a way's end was not read, the way is not known to be gone.
                let is_known = |at: &Urn| match scan.identities.get(at) {
                    Some(end) => end.all_rights,
                    None => identities.get(at).is_none_or(|end| end.status == Status::Resolved),
                };
                let unknown = before.thing.powers.iter().filter(|(_, at)| !is_known(at));
                for (power, at) in unknown {
                    thing.powers.entry(power.clone()).or_insert_with(|| at.clone());
                }
            }
            see(identities.entry(key.clone()), thing, (scan.at, scan.at), &looked);
        }
        Self { at: Some(scan.at), looked, findings, identities }
    }
}

fn see<K: Ord, T>(
    entry: std::collections::btree_map::Entry<'_, K, Tracked<T>>,
    thing: T,
    (since, at): (Timestamp, Timestamp),
    looked: &Arc<Looked>,
) {
    let first = match &entry {
        std::collections::btree_map::Entry::Occupied(known) => known.get().first,
        std::collections::btree_map::Entry::Vacant(_) => since,
    };
    entry.insert_entry(Tracked { thing, status: Status::Open, first, last: at, looked: Arc::clone(looked) });
}

/// A scan that could not read the policies takes no right away, and one that read less of what may name owners no owner.
fn keep_what_is_not_known(thing: &mut IdentitySeen, before: &Tracked<IdentitySeen>, now: &Looked) {
    let was = &before.thing;
    if !thing.all_rights {
        thing.rights.extend(was.rights.iter().cloned());
    }
    let name = |owner: &Known<OwnerSeen>| owner.value().map(|one| one.name.clone());
    if thing.owner.why_unknown().is_some() {
        thing.owner.clone_from(&was.owner);
        thing.owner_unread.clone_from(&was.owner_unread);
    } else if was.owner.value().is_some() && thing.owner != was.owner {
        let is_read = |place: &&Place| now.places.get(*place).is_some_and(|what| !is_hole(what));
        let then = before.looked.places.iter().filter(|(place, what)| is_source(place) && !is_hole(what));
        let sources = then.map(|(place, _)| place).chain(&was.owner_unread);
        let unread: BTreeSet<Place> = sources.filter(|place| !is_read(place)).cloned().collect();
        let has_left = |owner: &Known<OwnerSeen>| owner.value().is_some_and(|one| one.left);
        // Who has left is told by somebody who looked.
        let has_left_since = name(&thing.owner) == name(&was.owner) && has_left(&thing.owner);
        if !unread.is_empty() && !has_left_since {
            thing.owner.clone_from(&was.owner);
            thing.owner_unread = unread;
        }
    }
}

/// What one thing was told by, where that was not resolved. Of the rules that tell a secret one holds at a time, by whether
/// its credential is known to live: which one is no news. And a manifest is told of where its cluster was not read, which
/// says the same of the same object.
#[derive(Default)]
pub(super) struct Told<'a> {
    of_secrets: BTreeMap<&'a Urn, Vec<&'a Tracked<FindingSeen>>>,
    /// By rule and object, wherever the cluster.
    of_clusters: BTreeMap<(&'a str, &'a str), Vec<&'a Tracked<FindingSeen>>>,
}

impl<'a> Told<'a> {
    pub(super) fn of(state: &'a State) -> Self {
        let mut told = Self::default();
        for one in state.findings.values().filter(|one| one.status != Status::Resolved) {
            if one.thing.tells_exposure() {
                told.of_secrets.entry(&one.thing.subject).or_default().push(one);
            } else if let Some((object, false)) = one.thing.kubernetes_object() {
                told.of_clusters.entry((&one.thing.rule, object)).or_default().push(one);
            }
        }
        told
    }

    /// What the same secret is told by beside this finding, or the cluster's own object beside a manifest.
    pub(super) fn of_same(&self, finding: &FindingSeen) -> impl Iterator<Item = &'a Tracked<FindingSeen>> + use<'a> {
        let of_secret = self.of_secrets.get(&finding.subject).filter(|_| finding.tells_exposure());
        let is_other = |one: &&'a Tracked<FindingSeen>| {
            one.thing.rule != finding.rule && !one.thing.is_elsewhere(finding) && !one.thing.muted
        };
        let of_secret = of_secret.into_iter().flatten().copied().filter(is_other);
        let of_cluster = match finding.kubernetes_object() {
            Some((object, true)) => self.of_clusters.get(&(finding.rule.as_str(), object)),
            _ => None,
        };
        let of_cluster = of_cluster.into_iter().flatten().copied().filter(|one| !one.thing.muted);
        of_secret.chain(of_cluster).collect::<Vec<_>>().into_iter()
    }
}

/// What is said of this program's own files is no source that a finding rests on.
const OWN: [&str; 5] = ["history", "baseline", "config", "rules", "records"];

fn is_source(place: &Place) -> bool {
    !OWN.contains(&place.collector.as_str())
}

fn is_hole(what: &BTreeMap<String, bool>) -> bool {
    what.values().any(|is_hole| *is_hole)
}

/// Whether all that was read then was read now, as far as it was: what a rule looked at may be told by any of it.
fn all_was_looked_at(then: &Looked, now: &Looked) -> bool {
    let sources = then.places.iter().filter(|(place, _)| is_source(place));
    sources.into_iter().all(|(place, before)| {
        let after = now.places.get(place);
        after.is_some_and(|after| is_hole(before) || !is_hole(after))
    })
}

fn is_gone(tracked: &Tracked<FindingSeen>, scan: &Snapshot) -> bool {
    let is_there = |urn: &Urn| scan.judged.there.contains(urn) || scan.identities.contains_key(urn);
    let finding = &tracked.thing;
    let (then, now) = (&*tracked.looked, &scan.looked);
    let passed_over = |looked: &Looked, place: &Place| looked.passed_over.get(place).copied().unwrap_or_default();
    let may_be_passed_over = |place: &Place| passed_over(now, place) > passed_over(then, place);
    if scan.judged.unread.contains(&finding.fingerprint)
        || finding.file.is_some() && finding.places.iter().any(may_be_passed_over)
        || is_there(&finding.subject) && !(all_was_looked_at(then, now) && now.asks_as(then, &finding.rule))
    {
        return false;
    }
    let is_blind = |target: &str| scan.judged.blind.contains(&(finding.rule.clone(), target.to_owned()));
    now.rules.contains_key(&finding.rule)
        && finding.severity >= scan.judged.min_severity
        && !(scan.judged.hides_unknown && finding.is_exposure())
        && !scan.judged.unanswered.get(&finding.rule).is_some_and(|subjects| subjects.contains(&finding.subject))
        && !finding.places.iter().any(|place| match place.target.as_str() {
            // What is of nobody is of any of its collector.
            "" => scan.judged.blind.iter().any(|(rule, _)| *rule == finding.rule),
            target => is_blind(target),
        })
        && finding.places.iter().all(|place| was_looked_at(place, then, now))
        && finding
            .subject
            .as_str()
            .strip_prefix("exposure:")
            .is_none_or(|told| is_covered(then, now, |now, then| now.has_detector(then, told)))
}

/// Whether what the one scan looked with is enough for what the other did. Of those from before that was known nothing is
/// told.
fn is_covered(then: &Looked, now: &Looked, covers: impl Fn(&Scope, &Scope) -> bool) -> bool {
    if then.scopes == now.scopes {
        return now.scopes.iter().all(|scope| covers(scope, scope));
    }
    !then.scopes.is_empty()
        && !now.scopes.is_empty()
        && now.scopes.iter().all(|now| then.scopes.iter().all(|then| covers(now, then)))
}

/// Whether all that was looked at there then was looked at now, to its end.
fn was_looked_at(place: &Place, then: &Looked, now: &Looked) -> bool {
    let knows_place = then.places.contains_key(place);
    let is_there = |one: &Place| one.collector == place.collector && (!knows_place || one.target == place.target);
    let mut was_there = false;
    for (one, before) in then.places.iter().filter(|(one, _)| is_there(one)) {
        was_there = true;
        let Some(seen) = now.places.get(one) else { return false };
        let is_tree = OF_TREES.contains(&one.collector.as_str());
        if is_tree && !is_covered(then, now, |now, then| now.covers(then, &one.target)) {
            return false;
        }
        let has_hole = seen.values().any(|is_hole| *is_hole);
        let has_new_hole = now.holes.get(one).is_some_and(|holes| {
            let before = then.holes.get(one);
            holes.iter().any(|what| before.is_none_or(|before| !before.contains(what)))
        });
        if has_new_hole || has_hole || !before.keys().all(|what| seen.contains_key(what)) {
            return false;
        }
    }
    was_there
}
