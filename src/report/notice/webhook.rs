//! The body of a webhook: JSON of the form `nonhuman/notice/v1`.

use std::io;

use serde::Serialize;

use super::Notice;
use crate::history::{Change, IdentityChange};
use crate::model::{CoverageEntry, Finding, Severity};
use crate::report::Summary;
use crate::report::json::{Tool, line};

/// The name and version of the body's form.
const SCHEMA: &str = "nonhuman/notice/v1";

/// How many of one kind are named; the numbers are of all.
const SHOWN: usize = 100;

#[derive(Serialize)]
struct Body<'a> {
    schema: &'static str,
    tool: Tool<'a>,
    now: jiff::Timestamp,
    inputs: &'a [String],
    headline: String,
    summary: Summary,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<jiff::Timestamp>,
    raised: Listed<Short<'a>>,
    resolved: Listed<Gone<'a>>,
    identities: Listed<&'a IdentityChange>,
    holes: Listed<&'a CoverageEntry>,
}

/// The first of a list, and how many there are.
#[derive(Serialize)]
struct Listed<T> {
    count: usize,
    first: Vec<T>,
}

impl<T> Listed<T> {
    fn of(all: impl Iterator<Item = T>) -> Self {
        let mut listed = Self { count: 0, first: Vec::new() };
        for one in all {
            listed.count += 1;
            if listed.first.len() < SHOWN {
                listed.first.push(one);
            }
        }
        listed
    }
}

#[derive(Serialize)]
struct Short<'a> {
    fingerprint: &'a str,
    rule: &'a str,
    severity: Severity,
    subject: &'a str,
    identity: Option<&'a str>,
    title: &'a str,
    message: &'a str,
    remedy: &'a str,
    state: &'static str,
}

impl<'a> Short<'a> {
    fn of(finding: &'a Finding) -> Self {
        Self {
            fingerprint: finding.fingerprint.as_str(),
            rule: &finding.rule,
            severity: finding.severity,
            subject: finding.subject.as_str(),
            identity: finding.identity.as_ref().map(|id| id.as_str()),
            title: &finding.title,
            message: &finding.message,
            remedy: &finding.remedy,
            state: finding.history.map_or("open", |note| note.state.as_str()),
        }
    }
}

#[derive(Serialize)]
struct Gone<'a> {
    fingerprint: &'a str,
    rule: &'a str,
    severity: Severity,
    subject: &'a str,
}

impl Notice<'_> {
    /// The body of a webhook.
    ///
    /// # Errors
    /// None that is known: it is written to memory.
    pub fn webhook(&self) -> io::Result<Vec<u8>> {
        let gone = self.drift.into_iter().flat_map(|drift| drift.of(Change::Resolved)).map(|one| Gone {
            fingerprint: one.finding.fingerprint.as_str(),
            rule: &one.finding.rule,
            severity: one.finding.severity,
            subject: one.finding.subject.as_str(),
        });
        let body = Body {
            schema: SCHEMA,
            tool: Tool::of(self.scan),
            now: self.scan.now,
            inputs: self.scan.inputs,
            headline: self.headline(),
            summary: Summary::of(self.scan),
            since: self.drift.and_then(|drift| drift.from),
            raised: Listed::of(self.raised().map(Short::of)),
            resolved: Listed::of(gone),
            identities: Listed::of(self.drift.into_iter().flat_map(|drift| &drift.identities)),
            holes: Listed::of(self.scan.inventory.coverage.holes()),
        };
        let mut bytes = Vec::new();
        line(&body, &mut bytes)?;
        Ok(bytes)
    }
}
