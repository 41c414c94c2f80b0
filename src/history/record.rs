//! Adds a scan to a history, all of it or nothing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rusqlite::{Transaction, TransactionBehavior, params};
use serde::Serialize;

use super::drift::{Change, Drift};
use super::load::{self, Kind, ScanId};
use super::rename::Renamed;
use super::snapshot::{FindingSeen, Snapshot};
use super::state::{State, Status, Tracked};
use super::store::{History, HistoryError, shown};
use crate::model::Severity;

/// What adding a scan showed.
pub struct Recorded {
    /// What changed since the last scan.
    pub drift: Drift,
    /// What is known now.
    pub state: State,
    /// The scan before it, if there was one.
    pub previous: Option<Timestamp>,
    /// Trees that are called otherwise in the graph than in the scan before it.
    pub renamed: Vec<String>,
}

impl History {
    /// Adds a scan; `milliseconds` is how long it took.
    ///
    /// # Errors
    /// When the scan is older than the last one, another run does not stop writing, or the file cannot be written.
    /// Nothing of the scan is kept then, and all of what was there.
    pub fn record(&mut self, scan: &Snapshot, milliseconds: u64) -> Result<Recorded, HistoryError> {
        let path = self.path.clone();
        let begun = self.connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let step = begun.map_err(|error| super::store::explain(&path, &error))?;
        let told = |error: rusqlite::Error| super::store::explain(&path, &error);
        let previous = load::last(&step).map_err(told)?;
        if let Some((_, last)) = previous
            && scan.at < last
        {
            return Err(HistoryError::Backward {
                path: shown(&path),
                now: scan.at.to_string(),
                last: last.to_string(),
            });
        }
        let before = match previous {
            Some((id, _)) => load::state(&step, id, |kind, name| is_in(scan, kind, name)).map_err(told)?,
            None => State::default(),
        };
        let (before, moved) = before.in_names_of(&scan.looked.scopes);
        rename(&step, &moved).map_err(told)?;
        if !before.looked.is_comparable(&scan.looked) {
            return Err(HistoryError::OtherKey { path: shown(&path) });
        }
        let state = before.after(scan);
        let drift = Drift::between(&before, &state);
        let id = add_scan(&step, scan, &drift, milliseconds).map_err(told)?;
        let moved: BTreeSet<String> = moved.into_iter().map(|(_, _, now)| now).collect();
        add_events(&step, id, previous.map(|(id, _)| id), (&before, &state), &moved).map_err(told)?;
        step.commit().map_err(told)?;
        let renamed = before.looked.renamed(&scan.looked);
        Ok(Recorded { drift, state, previous: previous.map(|(_, at)| at), renamed })
    }
}

impl History {
    /// Takes the newest scan out, as if it had never been: one of a clock that was ahead, for example. Gives its time.
    ///
    /// # Errors
    /// When the file cannot be written; nothing is taken out then.
    pub fn forget_last(&mut self) -> Result<Option<Timestamp>, HistoryError> {
        let path = self.path.clone();
        let told = |error: rusqlite::Error| super::store::explain(&path, &error);
        let step = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(told)?;
        let Some((id, at)) = load::last(&step).map_err(told)? else { return Ok(None) };
        for statement in [
            "DELETE FROM event WHERE scan = ?1",
            "DELETE FROM thing WHERE first = ?1",
            "DELETE FROM scan WHERE id = ?1",
        ] {
            step.execute(statement, params![id]).map_err(told)?;
        }
        let unused = "DELETE FROM body WHERE id NOT IN (SELECT body FROM event UNION SELECT looked FROM scan)";
        step.execute(unused, []).map_err(told)?;
        step.commit().map_err(told)?;
        Ok(Some(at))
    }
}

/// Gives what is called otherwise its new name. Where that is another thing already, both stay.
fn rename(step: &Transaction<'_>, moved: &Renamed) -> rusqlite::Result<()> {
    let mut statement = step.prepare("UPDATE OR IGNORE thing SET name = ?1 WHERE kind = ?2 AND name = ?3")?;
    moved.iter().try_for_each(|(kind, then, now)| statement.execute(params![now, *kind as i64, then]).map(drop))
}

/// Whether the scan saw a thing, so that its past is needed even where it was resolved.
fn is_in(scan: &Snapshot, kind: Kind, name: &str) -> bool {
    match kind {
        Kind::Finding => scan.findings.contains_key(name),
        Kind::Identity => scan.identities.contains_key(name),
    }
}

fn add_scan(step: &Transaction<'_>, scan: &Snapshot, drift: &Drift, milliseconds: u64) -> rusqlite::Result<ScanId> {
    let looked = add_body(step, &load::Looking::of(&scan.looked))?;
    let open =
        |severity: Severity| scan.findings.values().filter(|one| one.severity == severity && !one.muted).count() as u64;
    step.execute(
        "INSERT INTO scan (at, milliseconds, version, inputs, complete, looked, critical, high, medium, low, info, \
         muted, identities, raised, resolved) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)",
        params![
            scan.at.as_second(),
            i64::try_from(milliseconds).unwrap_or(i64::MAX),
            scan.version,
            json(&scan.inputs),
            !scan.incomplete,
            looked,
            open(Severity::Critical).cast_signed(),
            open(Severity::High).cast_signed(),
            open(Severity::Medium).cast_signed(),
            open(Severity::Low).cast_signed(),
            open(Severity::Info).cast_signed(),
            (scan.findings.values().filter(|one| one.muted).count() as u64).cast_signed(),
            (scan.identities.len() as u64).cast_signed(),
            (drift.raised().count() as u64).cast_signed(),
            (drift.of(Change::Resolved).count() as u64).cast_signed(),
        ],
    )?;
    Ok(step.last_insert_rowid())
}

fn add_events(
    step: &Transaction<'_>,
    id: ScanId,
    previous: Option<ScanId>,
    (before, after): (&State, &State),
    renamed: &BTreeSet<String>,
) -> rusqlite::Result<()> {
    let is_same = |a: &FindingSeen, b: &FindingSeen| is_same_finding(a, b) && !renamed.contains(b.fingerprint.as_str());
    let findings = changed(&before.findings, &after.findings, is_same);
    for (name, tracked) in findings {
        add_event(step, id, previous, Kind::Finding, name.as_str(), tracked)?;
    }
    let identities = changed(&before.identities, &after.identities, |a, b| a == b && !renamed.contains(b.id.as_str()));
    for (name, tracked) in identities {
        add_event(step, id, previous, Kind::Identity, name.as_str(), tracked)?;
    }
    Ok(())
}

/// The message is left out: ages in it grow every night.
fn is_same_finding(a: &FindingSeen, b: &FindingSeen) -> bool {
    let core = |one: &FindingSeen| (one.severity, one.muted, one.identity.clone(), one.title.clone());
    core(a) == core(b) && a.places == b.places
}

fn changed<'a, K: Ord, T>(
    before: &BTreeMap<K, Tracked<T>>,
    after: &'a BTreeMap<K, Tracked<T>>,
    is_same: impl Fn(&T, &T) -> bool,
) -> Vec<(&'a K, &'a Tracked<T>)> {
    let differs = |name: &K, now: &Tracked<T>| {
        before.get(name).is_none_or(|was| was.status != now.status || !is_same(&was.thing, &now.thing))
    };
    after.iter().filter(|(name, now)| differs(name, now)).collect()
}

fn add_event<T: Serialize>(
    step: &Transaction<'_>,
    scan: ScanId,
    previous: Option<ScanId>,
    kind: Kind,
    name: &str,
    tracked: &Tracked<T>,
) -> rusqlite::Result<()> {
    let body = add_body(step, &tracked.thing)?;
    let first = match previous {
        Some(_) if tracked.first < tracked.last => load::scan_of(step, tracked.first)?.unwrap_or(scan),
        _ => scan,
    };
    step.prepare_cached("INSERT INTO thing (kind, name, first) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?
        .execute(params![kind as i64, name, first])?;
    let thing: i64 = step
        .prepare_cached("SELECT id FROM thing WHERE kind = ?1 AND name = ?2")?
        .query_row(params![kind as i64, name], |row| row.get(0))?;
    // What is not open any more was seen last by the scan before this one, or by the one that its last event names.
    let seen = match (tracked.status, previous) {
        (Status::Open, _) | (_, None) => scan,
        (_, Some(previous)) => load::last_seen(step, thing)?.unwrap_or(previous),
    };
    step.prepare_cached("INSERT INTO event (thing, scan, status, body, last) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![thing, scan, tracked.status as i64, body, seen])?;
    Ok(())
}

/// Equal texts are kept once.
fn add_body(step: &Transaction<'_>, value: &impl Serialize) -> rusqlite::Result<i64> {
    let text = json(value);
    let hash = blake3::hash(text.as_bytes());
    let digest = &hash.as_bytes()[..16];
    step.prepare_cached("INSERT INTO body (digest, text) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute(params![digest, text])?;
    step.prepare_cached("SELECT id FROM body WHERE digest = ?1")?.query_row(params![digest], |row| row.get(0))
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
