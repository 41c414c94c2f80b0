//! What changed between two points of a history. Compares; renders nothing.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use super::snapshot::{FindingSeen, IdentitySeen, OwnerSeen};
use super::state::{State, Status, Told, Tracked};
use crate::model::{Known, Severity, Urn, names};

names! {
    /// What became of a finding.
    Change {
        /// It was never seen before.
        New = "new",
        /// It was resolved, or somebody had accepted it until a day that is over, and is back.
        Reopened = "reopened",
        /// It is there with another severity.
        Severity = "changed",
        /// It was looked for and is gone.
        Resolved = "resolved",
        /// It is there, and somebody decided not to raise it.
        Muted = "muted",
        /// It was not looked for.
        NotSeen = "not-seen",
    }
}

/// A finding that changed.
#[derive(Clone, Debug, Serialize)]
pub struct FindingChange {
    /// What became of it.
    pub change: Change,
    /// The severity it had, where that changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<Severity>,
    /// The first scan that saw it.
    pub first_seen: Timestamp,
    /// The last scan that saw it.
    pub last_seen: Timestamp,
    /// The finding.
    #[serde(flatten)]
    pub finding: FindingSeen,
}

names! {
    /// What became of an identity.
    IdentityEvent {
        /// It was never seen before, or is back.
        Appeared = "appeared",
        /// It was looked for and is gone.
        Vanished = "vanished",
        /// It was not looked for.
        NotSeen = "not-seen",
        /// It can do what it could not.
        RightsGrew = "rights-grew",
        /// It cannot do any more what it could.
        RightsShrank = "rights-shrank",
        /// Its owner has left.
        OwnerLeft = "owner-left",
        /// Somebody else answers for it, or nobody.
        OwnerChanged = "owner-changed",
        /// It reaches what it did not.
        ReachGrew = "reach-grew",
        /// It reaches no more what it did.
        ReachShrank = "reach-shrank",
    }
}

/// An identity that changed.
#[derive(Clone, Debug, Serialize)]
pub struct IdentityChange {
    /// What became of it.
    pub change: IdentityEvent,
    /// Its stable name.
    pub id: Urn,
    /// What sort of identity it is.
    pub kind: String,
    /// The account or cluster it lives in.
    pub tenant: String,
    /// Its name there.
    pub name: String,
    /// The rights, the reach or the owners that it is about.
    pub what: Vec<String>,
}

/// Everything that changed.
#[derive(Clone, Debug, Serialize)]
pub struct Drift {
    /// The earlier scan; `None` where there was none before.
    pub from: Option<Timestamp>,
    /// The later scan.
    pub to: Option<Timestamp>,
    /// Findings, by change, worst first.
    pub findings: Vec<FindingChange>,
    /// Identities, by change and name.
    pub identities: Vec<IdentityChange>,
    /// Findings that are there in both.
    pub still_open: u64,
}

impl Drift {
    /// What changed from one state to a later one of the same history.
    pub fn between(before: &State, after: &State) -> Self {
        let mut findings = Vec::new();
        let mut still_open = 0;
        let told = (&Told::of(before), &Told::of(after));
        for (key, now) in &after.findings {
            match finding_change(before.findings.get(key), now).and_then(|change| as_one_secret(change, told)) {
                Some(change) => findings.push(change),
                None => still_open += u64::from(now.status == Status::Open),
            }
        }
        findings.sort_by(|a, b| {
            let key = |one: &FindingChange| (one.change, std::cmp::Reverse(one.finding.severity));
            (key(a), &a.finding.identity, &a.finding.rule, &a.finding.subject).cmp(&(
                key(b),
                &b.finding.identity,
                &b.finding.rule,
                &b.finding.subject,
            ))
        });
        let mut identities = Vec::new();
        for (id, now) in &after.identities {
            identity_changes(before.identities.get(id), now, before.at.is_some(), &mut identities);
        }
        identities.sort_by(|a, b| (a.change, &a.id).cmp(&(b.change, &b.id)));
        Self { from: before.at, to: after.at, findings, identities, still_open }
    }

    /// The findings that changed in this way.
    pub fn of(&self, change: Change) -> impl Iterator<Item = &FindingChange> {
        self.findings.iter().filter(move |one| one.change == change)
    }

    /// Leaves only what came: findings that are new or back; identities that appeared, grew or lost their owner.
    pub fn keep_new(&mut self) {
        self.findings.retain(|one| matches!(one.change, Change::New | Change::Reopened));
        self.identities.retain(|one| {
            use IdentityEvent::{Appeared, OwnerLeft, ReachGrew, RightsGrew};
            matches!(one.change, Appeared | RightsGrew | ReachGrew | OwnerLeft)
        });
    }

    /// The findings that are there and were not, muted ones left out.
    pub fn raised(&self) -> impl Iterator<Item = &FindingChange> {
        let is_raised =
            |one: &&FindingChange| matches!(one.change, Change::New | Change::Reopened) && !one.finding.muted;
        self.findings.iter().filter(is_raised)
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty() && self.identities.is_empty()
    }
}

fn finding_change(before: Option<&Tracked<FindingSeen>>, now: &Tracked<FindingSeen>) -> Option<FindingChange> {
    let before = before.filter(|one| !one.thing.is_elsewhere(&now.thing));
    let change = match (before.map(|one| one.status), now.status) {
        (None, Status::Open) => Change::New,
        (Some(Status::Resolved), Status::Open) => Change::Reopened,
        (Some(Status::Open | Status::NotSeen), Status::Resolved) => Change::Resolved,
        (Some(Status::Open), Status::NotSeen) => Change::NotSeen,
        (Some(_), Status::Open) if before.is_some_and(|one| one.thing.muted && !now.thing.muted) => Change::Reopened,
        (Some(_), Status::Open) if before.is_some_and(|one| !one.thing.muted && now.thing.muted) => Change::Muted,
        (Some(_), Status::Open) if before.is_some_and(|one| one.thing.severity != now.thing.severity) => {
            Change::Severity
        }
        _ => return None,
    };
    Some(FindingChange {
        change,
        was: before.map(|one| one.thing.severity).filter(|was| *was != now.thing.severity),
        first_seen: now.first,
        last_seen: now.last,
        finding: now.thing.clone(),
    })
}

/// Whether a finding that was told before is one that was not looked for since.
fn is_not_seen(was: &Tracked<FindingSeen>, one: &Tracked<FindingSeen>) -> bool {
    one.status == Status::NotSeen && one.thing.fingerprint == was.thing.fingerprint
}

/// A change of a finding about a secret that other rules told before, or tell now: what is known of its credential changed,
/// or could not be read this time; or about a manifest of what a cluster has that was not read. `None` where that is no
/// change at all.
fn as_one_secret(mut change: FindingChange, (before, after): (&Told<'_>, &Told<'_>)) -> Option<FindingChange> {
    let severity = change.finding.severity;
    match change.change {
        Change::New | Change::Reopened if !change.finding.muted => {
            let is_open = |one: &Tracked<FindingSeen>| one.status == Status::Open;
            let is_told = |rule: &str| after.of_same(&change.finding).any(|one| one.thing.rule == rule && is_open(one));
            let was_told = before.of_same(&change.finding);
            let until_now: Vec<_> = match change.finding.tells_exposure() {
                true => was_told.filter(|one| !is_told(&one.thing.rule)).collect(),
                // Of a manifest the cluster must be the one that was not read: what it has no more is another thing.
                false => {
                    was_told.filter(|was| after.of_same(&change.finding).any(|one| is_not_seen(was, one))).collect()
                }
            };
            let Some(was) = until_now.iter().map(|one| one.thing.severity).max() else {
                return Some(change);
            };
            if was < severity {
                return Some(change);
            }
            change.change = Change::Severity;
            change.was = Some(was);
            (was != severity).then_some(change)
        }
        // It lies there, and is told as something worse.
        Change::Resolved => {
            let is_worse = |one: &Tracked<FindingSeen>| one.status == Status::Open && one.thing.severity >= severity;
            (!after.of_same(&change.finding).any(is_worse)).then_some(change)
        }
        _ => Some(change),
    }
}

/// `has_past` is whether there was a scan before at all: of the first one everything would have appeared.
fn identity_changes(
    before: Option<&Tracked<IdentitySeen>>,
    now: &Tracked<IdentitySeen>,
    has_past: bool,
    changes: &mut Vec<IdentityChange>,
) {
    let it = &now.thing;
    let mut tell = |change, what| {
        let (id, kind, tenant, name) = (it.id.clone(), it.kind.clone(), it.tenant.clone(), it.name.clone());
        changes.push(IdentityChange { change, id, kind, tenant, name, what });
    };
    let was = before.filter(|one| one.status != Status::Resolved);
    match (was.map(|one| one.status), now.status) {
        (None, Status::Open) if has_past => {
            let rights = it.rights.iter().cloned().chain(it.powers.iter().map(through)).collect();
            tell(IdentityEvent::Appeared, rights);
        }
        (Some(_), Status::Resolved) => tell(IdentityEvent::Vanished, Vec::new()),
        (Some(Status::Open), Status::NotSeen) => tell(IdentityEvent::NotSeen, Vec::new()),
        _ => {}
    }
    let (Some(was), Status::Open) = (was, now.status) else { return };
    let before = &without_what_an_administrator_has(&was.thing.rights, &it.rights);
    set_changes(before, &it.rights, [IdentityEvent::RightsGrew, IdentityEvent::RightsShrank], &mut tell);
    set_changes(
        &reach(&was.thing, it),
        &reach(it, &was.thing),
        [IdentityEvent::ReachGrew, IdentityEvent::ReachShrank],
        &mut tell,
    );
    owner_change(&was.thing.owner, &it.owner, &mut tell);
}

/// The rights of before, but those that are gone and that an administrator of the same account, cluster or organisation has
/// all the more.
fn without_what_an_administrator_has(before: &BTreeSet<String>, now: &BTreeSet<String>) -> BTreeSet<String> {
    let of = |right: &String| {
        let place = right.strip_prefix("administrator in ").filter(|_| !right.ends_with(" (under a condition)"))?;
        let name = ["account ", "cluster ", "organisation "].iter().find_map(|kind| place.strip_prefix(kind))?;
        Some(name.to_owned())
    };
    let names: Vec<String> = now.iter().filter_map(of).collect();
    let is_word = |text: &str, name: &str| text.split([' ', ':', '/']).any(|word| word == name);
    let is_in =
        |right: &str, name: &String| is_word(right, name) || name.contains(' ') && right.contains(name.as_str());
    let is_had = |right: &&String| now.contains(*right) || !names.iter().any(|name| is_in(right, name));
    before.iter().filter(is_had).cloned().collect()
}

/// A power with the identity through which it is had.
fn through((power, at): (&String, &Urn)) -> String {
    format!("{power}, through {at}")
}

/// What an identity reaches, step by step and over all steps. Only what the other one has not at all is told with the
/// identity through which: by another way it is the same power.
fn reach(it: &IdentitySeen, other: &IdentitySeen) -> BTreeSet<String> {
    let powers = it.powers.iter().map(|(power, at)| match other.powers.contains_key(power) {
        true => power.clone(),
        false => through((power, at)),
    });
    it.reach.iter().cloned().chain(powers).collect()
}

fn set_changes(
    old: &BTreeSet<String>,
    new: &BTreeSet<String>,
    [grew, shrank]: [IdentityEvent; 2],
    tell: &mut impl FnMut(IdentityEvent, Vec<String>),
) {
    for (event, more, less) in [(grew, new, old), (shrank, old, new)] {
        let what: Vec<String> = more.difference(less).cloned().collect();
        if !what.is_empty() {
            tell(event, what);
        }
    }
}

fn owner_change(old: &Known<OwnerSeen>, new: &Known<OwnerSeen>, tell: &mut impl FnMut(IdentityEvent, Vec<String>)) {
    if old.why_unknown().is_some() || new.why_unknown().is_some() {
        return;
    }
    let name = |owner: &Known<OwnerSeen>| owner.value().map_or_else(|| "nobody".to_owned(), |one| one.name.clone());
    let has_left = |owner: &Known<OwnerSeen>| owner.value().is_some_and(|one| one.left);
    if name(old) != name(new) {
        tell(IdentityEvent::OwnerChanged, vec![format!("{} → {}", name(old), name(new))]);
    }
    if has_left(new) && (!has_left(old) || name(old) != name(new)) {
        tell(IdentityEvent::OwnerLeft, vec![name(new)]);
    }
}
