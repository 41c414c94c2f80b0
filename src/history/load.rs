//! Reads a history: its scans, and what was known after one of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::drift::Drift;
use super::looked::{Looked, Place};
use super::snapshot::{FindingSeen, IdentitySeen};
use super::state::{State, Status, Tracked};
use super::store::{History, HistoryError, shown};
use crate::model::{Fingerprint, Scope, Urn};

/// The number of a scan in its history, from 1.
pub type ScanId = i64;

/// What sort of thing an event is about, as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Finding = 0,
    Identity = 1,
}

/// One scan in numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Point {
    /// Its number.
    pub scan: ScanId,
    /// Its point in time.
    pub at: Timestamp,
    /// Whether all that was asked for was read.
    pub complete: bool,
    /// How long it took, in milliseconds.
    pub milliseconds: i64,
    /// Open findings by severity, worst first; muted ones are not among them.
    pub open: [i64; 5],
    /// Findings that somebody decided not to raise.
    pub muted: i64,
    /// Identities.
    pub identities: i64,
    /// Findings that were new or back.
    pub raised: i64,
    /// Findings that were resolved.
    pub resolved: i64,
}

impl History {
    /// Every scan, oldest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn points(&self) -> Result<Vec<Point>, HistoryError> {
        let read = || {
            let mut query = self.connection.prepare(
                "SELECT id, at, complete, milliseconds, critical, high, medium, low, info, muted, identities, raised, \
                 resolved FROM scan ORDER BY id",
            )?;
            query.query_map([], point)?.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(|error| self.told(&error))
    }

    /// What changed from one scan to a later one.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn drift(&self, from: Option<ScanId>, to: ScanId) -> Result<Drift, HistoryError> {
        let read = || {
            let moved = moved(&self.connection, from.unwrap_or_default(), to)?;
            let is_moved = |kind: Kind, name: &str| moved.get(name).is_some_and(|it| *it == kind as i64);
            let after = state(&self.connection, to, is_moved)?;
            let before = match from {
                // What was told of it then may be in the names of then.
                Some(from) => state(&self.connection, from, is_moved)?.in_names_of(&after.looked.scopes).0,
                None => State::default(),
            };
            Ok(Drift::between(&before, &after))
        };
        read().map_err(|error| self.told(&error))
    }

    /// What is known after the last scan; `None` before the first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn latest(&self) -> Result<Option<State>, HistoryError> {
        let read = || match last(&self.connection)? {
            Some((id, _)) => state(&self.connection, id, |_, _| false).map(Some),
            None => Ok(None),
        };
        read().map_err(|error| self.told(&error))
    }

    /// The first commits of the trees that have no other mark, by their names, as the first scan says that knew them.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn first_commits(&self) -> Result<BTreeMap<String, String>, HistoryError> {
        let mut known = BTreeMap::new();
        for (name, first) in self.scopes()?.into_iter().flat_map(|scope| scope.first_commits) {
            known.entry(name).or_insert(first);
        }
        Ok(known)
    }

    /// The true paths of the trees of which nothing but the name is known, with that name.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn folders(&self) -> Result<BTreeSet<(String, String)>, HistoryError> {
        Ok(self.scopes()?.into_iter().flat_map(|scope| scope.folders).collect())
    }

    /// With what was looked, by scan.
    fn scopes(&self) -> Result<Vec<Scope>, HistoryError> {
        let read = || {
            let mut query = self.connection.prepare("SELECT looked FROM scan GROUP BY looked ORDER BY min(id)")?;
            let bodies = query.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()?;
            let mut scopes = Vec::new();
            for body in bodies {
                let looked = body_of::<Looking>(&self.connection, body)?.map(Looked::from).unwrap_or_default();
                scopes.extend(looked.scopes);
            }
            Ok(scopes)
        };
        read().map_err(|error| self.told(&error))
    }

    /// The scan that `text` names: `#12`, or the last one up to a day such as 2026-11-22.
    ///
    /// # Errors
    /// When there is none.
    pub fn find(&self, text: &str) -> Result<ScanId, HistoryError> {
        let points = self.points()?;
        let none = |what: String| HistoryError::NoScan { path: shown(&self.path), what };
        if let Some(number) = text.strip_prefix('#') {
            let id = number.parse().ok().filter(|id| points.iter().any(|point| point.scan == *id));
            return id.ok_or_else(|| none(format!("there is no scan {text} (there are {})", points.len())));
        }
        let until = crate::model::parse_day(text).and_then(end_of).or_else(|| crate::model::parse_timestamp(text).ok());
        let until = until.ok_or_else(|| {
            none(format!("'{text}' names no scan (expected a day such as 2026-11-22, or #12, or a JSON report)"))
        })?;
        let found = points.iter().rev().find(|point| point.at <= until);
        let first =
            points.first().map_or_else(|| "it has no scan".to_owned(), |one| format!("its first is of {}", one.at));
        found.map(|point| point.scan).ok_or_else(|| none(format!("there is no scan up to {text}; {first}")))
    }
}

fn end_of(day: Date) -> Option<Timestamp> {
    day.at(23, 59, 59, 0).to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

fn point(row: &Row<'_>) -> rusqlite::Result<Point> {
    Ok(Point {
        scan: row.get(0)?,
        at: time(row.get(1)?),
        complete: row.get(2)?,
        milliseconds: row.get(3)?,
        open: [row.get(4)?, row.get(5)?, row.get(6)?, row.get(7)?, row.get(8)?],
        muted: row.get(9)?,
        identities: row.get(10)?,
        raised: row.get(11)?,
        resolved: row.get(12)?,
    })
}

fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or_default()
}

/// The last scan and its time.
pub(super) fn last(connection: &Connection) -> rusqlite::Result<Option<(ScanId, Timestamp)>> {
    connection
        .query_row("SELECT id, at FROM scan ORDER BY id DESC LIMIT 1", [], |row| Ok((row.get(0)?, time(row.get(1)?))))
        .optional()
}

/// The first scan of a point in time.
pub(super) fn scan_of(connection: &Connection, at: Timestamp) -> rusqlite::Result<Option<ScanId>> {
    let query = "SELECT id FROM scan WHERE at = ?1 ORDER BY id LIMIT 1";
    connection.prepare_cached(query)?.query_row([at.as_second()], |row| row.get(0)).optional()
}

/// The scan that saw a thing last, where its last event says so; `None` while it is open.
pub(super) fn last_seen(connection: &Connection, thing: i64) -> rusqlite::Result<Option<ScanId>> {
    connection
        .prepare_cached("SELECT status, last FROM event WHERE thing = ?1 ORDER BY scan DESC LIMIT 1")?
        .query_row([thing], |row| {
            let is_open = status(row.get(0)?) == Status::Open;
            Ok((!is_open).then_some(row.get(1)?))
        })
        .optional()
        .map(Option::flatten)
}

fn status(number: i64) -> Status {
    match number {
        0 => Status::Open,
        1 => Status::NotSeen,
        _ => Status::Resolved,
    }
}

/// The names and kinds of what changed after one scan up to another: of what was resolved long ago nothing else is needed.
fn moved(connection: &Connection, from: ScanId, to: ScanId) -> rusqlite::Result<HashMap<String, i64>> {
    let mut query = connection.prepare(
        "SELECT DISTINCT thing.name, thing.kind FROM event JOIN thing ON thing.id = event.thing \
         WHERE event.scan > ?1 AND event.scan <= ?2",
    )?;
    query.query_map([from, to], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// What was known after a scan. Of what was resolved by then, only that for which `wanted` holds.
pub(super) fn state(
    connection: &Connection,
    scan: ScanId,
    wanted: impl Fn(Kind, &str) -> bool,
) -> rusqlite::Result<State> {
    let mut scans = Scans::read(connection)?;
    let mut state = State { at: Some(scans.at(scan)), looked: scans.looked(connection, scan)?, ..State::default() };
    // Of several rows of a group SQLite takes the other columns from the one with the maximum ("Bare columns in an
    // aggregate query").
    let mut query = connection.prepare(
        "SELECT thing.kind, thing.name, thing.first, event.status, event.body, event.last, max(event.scan) \
         FROM event JOIN thing ON thing.id = event.thing WHERE event.scan <= ?1 GROUP BY event.thing",
    )?;
    let mut rows = query.query(params![scan])?;
    while let Some(row) = rows.next()? {
        let kind = if row.get::<_, i64>(0)? == Kind::Finding as i64 { Kind::Finding } else { Kind::Identity };
        let name: String = row.get(1)?;
        let status = status(row.get(3)?);
        if status == Status::Resolved && !wanted(kind, &name) {
            continue;
        }
        let seen: ScanId = if status == Status::Open { scan } else { row.get(5)? };
        let past = Past {
            status,
            first: scans.at(row.get(2)?),
            last: scans.at(seen),
            looked: scans.looked(connection, seen)?,
        };
        let body: i64 = row.get(4)?;
        match kind {
            Kind::Finding => {
                if let Some(mut thing) = body_of::<FindingSeen>(connection, body)? {
                    // Its tree may be called otherwise since.
                    thing.fingerprint = Fingerprint::read(&name).unwrap_or(thing.fingerprint);
                    state.findings.insert(thing.fingerprint.clone(), past.of(thing));
                }
            }
            Kind::Identity => {
                if let Some(thing) = body_of::<IdentitySeen>(connection, body)? {
                    state.identities.insert(Urn::new(&name), past.of(thing));
                }
            }
        }
    }
    Ok(state)
}

/// What a scan looked at, as it is stored.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Looking {
    /// With what was looked, too.
    Whole {
        places: Vec<(Place, BTreeMap<String, bool>)>,
        scopes: BTreeSet<Scope>,
        #[serde(default)]
        holes: Vec<(Place, BTreeSet<String>)>,
        #[serde(default)]
        rules: BTreeMap<String, String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        passed_over: Vec<(Place, u64)>,
    },
    /// As it was stored before that was known.
    Places(Vec<(Place, BTreeMap<String, bool>)>),
}

impl Looking {
    pub(super) fn of(looked: &Looked) -> Self {
        let places = looked.places.iter().map(|(place, what)| (place.clone(), what.clone())).collect();
        let holes = looked.holes.iter().map(|(place, what)| (place.clone(), what.clone())).collect();
        let passed_over = looked.passed_over.iter().map(|(place, count)| (place.clone(), *count)).collect();
        Self::Whole { places, scopes: looked.scopes.clone(), holes, rules: looked.rules.clone(), passed_over }
    }
}

impl From<Looking> for Looked {
    fn from(looking: Looking) -> Self {
        match looking {
            Looking::Whole { places, scopes, holes, rules, passed_over } => Self {
                places: places.into_iter().collect(),
                scopes,
                holes: holes.into_iter().collect(),
                rules,
                passed_over: passed_over.into_iter().collect(),
            },
            Looking::Places(places) => places.into_iter().collect(),
        }
    }
}

struct Past {
    status: Status,
    first: Timestamp,
    last: Timestamp,
    looked: Arc<Looked>,
}

impl Past {
    fn of<T>(self, thing: T) -> Tracked<T> {
        let Self { status, first, last, looked } = self;
        Tracked { thing, status, first, last, looked }
    }
}

/// The scans of a history, with what each looked at once it was asked for.
struct Scans {
    rows: BTreeMap<ScanId, (Timestamp, i64)>,
    looked: BTreeMap<i64, Arc<Looked>>,
}

impl Scans {
    fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut query = connection.prepare("SELECT id, at, looked FROM scan")?;
        let rows = query.query_map([], |row| Ok((row.get(0)?, (time(row.get(1)?), row.get(2)?))))?;
        Ok(Self { rows: rows.collect::<rusqlite::Result<_>>()?, looked: BTreeMap::new() })
    }

    fn at(&self, scan: ScanId) -> Timestamp {
        self.rows.get(&scan).map(|(at, _)| *at).unwrap_or_default()
    }

    fn looked(&mut self, connection: &Connection, scan: ScanId) -> rusqlite::Result<Arc<Looked>> {
        let Some((_, body)) = self.rows.get(&scan) else { return Ok(Arc::default()) };
        if let Some(looked) = self.looked.get(body) {
            return Ok(Arc::clone(looked));
        }
        let looked: Arc<Looked> =
            Arc::new(body_of::<Looking>(connection, *body)?.map(Looked::from).unwrap_or_default());
        self.looked.insert(*body, Arc::clone(&looked));
        Ok(looked)
    }
}

fn body_of<T: DeserializeOwned>(connection: &Connection, id: i64) -> rusqlite::Result<Option<T>> {
    let text: String =
        connection.prepare_cached("SELECT text FROM body WHERE id = ?1")?.query_row([id], |row| row.get(0))?;
    serde_json::from_str(&text)
        .map(Some)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error)))
}
