//! A scan read back from its JSON report (`nonhuman/scan/v1`), so that two reports can be compared without a history.
//! Takes what is remembered of it; checks no more of the document than that.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;

use super::looked::{Looked, called, looked, passed_over};
use super::rename::Called;
use super::snapshot::{FindingSeen, IdentitySeen, Judged, Snapshot, owner, powers, reached, rights};
use super::state::{State, Status, Tracked};
use crate::model::{
    Capability, CapabilityKind, CoverageEntry, EscalationPath, FactKind, Finding, Fingerprint, Hidden, Holding,
    Identity, Known, Link, NotEvaluated, Owner, Reached, Scope, Severity, TreeNames, Urn,
};

/// What the coverage calls the findings that `--only new` leaves out.
pub const HIDDEN: &str = "known findings";

/// The form that is understood.
const SCHEMA: &str = "nonhuman/scan/v1";

#[derive(Deserialize)]
struct Document {
    schema: String,
    tool: Tool,
    now: Timestamp,
    inputs: Vec<String>,
    findings: Vec<Finding>,
    #[serde(default)]
    hidden: Option<Hidden>,
    identities: Vec<Row>,
    coverage: Vec<CoverageEntry>,
    not_evaluated: Vec<NotEvaluated>,
    rules: Vec<Rule>,
    summary: Summary,
    #[serde(default)]
    links: Vec<Link>,
    #[serde(default)]
    exposures: Vec<Exposed>,
    #[serde(default)]
    credentials: Vec<Named>,
    #[serde(default)]
    settings: Vec<Named>,
    #[serde(default)]
    records: Option<Vec<Recorded>>,
    #[serde(default)]
    scopes: BTreeSet<Scope>,
}

#[derive(Deserialize)]
struct Exposed {
    id: Urn,
    #[serde(default)]
    allowed_by: Option<String>,
}

/// A grant or a workload; other records have no name that a rule looks at.
#[derive(Deserialize)]
struct Recorded {
    #[serde(default)]
    id: Option<Urn>,
}

#[derive(Deserialize)]
struct Named {
    id: Urn,
}

#[derive(Deserialize)]
struct Summary {
    min_severity: Severity,
    in_baseline: u64,
}

#[derive(Deserialize)]
struct Tool {
    version: String,
}

#[derive(Deserialize)]
struct Rule {
    id: String,
    #[serde(default)]
    digest: String,
}

#[derive(Deserialize)]
struct Row {
    #[serde(flatten)]
    identity: Identity,
    owner: Known<Owner>,
    capabilities: Vec<Capability>,
    escalations: Vec<EscalationPath>,
    hidden: Vec<FactKind>,
    #[serde(default)]
    reach: Vec<Power>,
}

#[derive(Deserialize)]
struct Power {
    kind: CapabilityKind,
    scope: String,
    at: Urn,
    holding: Holding,
    steps: u32,
}

impl Snapshot {
    /// Reads a JSON report.
    ///
    /// # Errors
    /// Says what was expected when it is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wanted = "expected a report of --format json";
        let document: Document =
            serde_json::from_str(text).map_err(|error| format!("this is no JSON report: {error} ({wanted})"))?;
        if document.schema != SCHEMA {
            return Err(format!("its form '{}' is not known (expected {SCHEMA})", document.schema));
        }
        let homes: BTreeMap<Urn, (String, String)> = document
            .identities
            .iter()
            .map(|row| (row.identity.id.clone(), (row.identity.provider().to_string(), row.identity.tenant.clone())))
            .collect();
        let home = |id: &Urn| homes.get(id).cloned();
        let names = TreeNames::of(&document.scopes);
        let findings =
            document.findings.iter().map(|one| (one.fingerprint.clone(), FindingSeen::of(one, home, &names)));
        let accepted = document.findings.iter().filter(|one| one.is_accepted()).count() as u64;
        let mut reach: BTreeMap<Urn, BTreeSet<String>> = BTreeMap::new();
        for link in &document.links {
            reach.entry(link.from.clone()).or_default().extend(reached(link));
        }
        // What an earlier scan saw is left out with a word in the coverage alone.
        let known_hidden = document.coverage.iter().any(|one| one.collector == "history" && one.what == HIDDEN);
        let allowed = document.exposures.iter().filter(|one| one.allowed_by.is_some()).map(|one| one.id.clone());
        let allowed = allowed.collect();
        let there = document.exposures.into_iter().map(|one| one.id);
        let named = document.credentials.into_iter().chain(document.settings).map(|one| one.id);
        let others = document.records.into_iter().flatten().filter_map(|one| one.id);
        let there = there.chain(named).chain(others).collect();
        let rows = document.identities.into_iter();
        let blind = document.not_evaluated.into_iter().map(|one| (one.rule, one.target));
        Ok(Self {
            at: document.now,
            version: document.tool.version,
            inputs: document.inputs,
            incomplete: document.coverage.iter().any(CoverageEntry::is_hole),
            looked: Looked {
                rules: document.rules.into_iter().map(|rule| (rule.id, rule.digest)).collect(),
                passed_over: passed_over(&document.coverage, &names),
                ..looked(&document.coverage, document.scopes)
            },
            findings: findings.collect(),
            identities: rows.map(|row| row.seen(&mut reach).called(&names)).map(|one| (one.id.clone(), one)).collect(),
            judged: Judged {
                unanswered: BTreeMap::new(),
                min_severity: document.summary.min_severity,
                hides_unknown: document.hidden.is_none() && (document.summary.in_baseline > accepted || known_hidden),
                hidden: document.hidden.unwrap_or_default(),
                allowed,
                there,
                unread: BTreeSet::new(),
                blind: called(blind.collect(), &names),
            },
        })
    }
}

impl State {
    /// What is known after a report, as far as a later one may be compared with it: what the first leaves out is not new
    /// in the second.
    #[must_use]
    pub fn before(first: &Snapshot, second: &Snapshot) -> Self {
        let called = Called::between(first, second);
        let (mut state, _) = Self::default().after(first).called(&called);
        let judged = &first.judged;
        // In the names of the first report, which is all that its lists know.
        let subject_then = |one: &FindingSeen| called.before(&one.subject).unwrap_or_else(|| one.subject.clone());
        let is_hidden = |one: &FindingSeen| {
            let then = || Fingerprint::of_public(&[&one.rule, subject_then(one).as_str()]);
            judged.hidden.contains(&one.fingerprint) || judged.hidden.contains(&then())
        };
        // Of what an older report left out without a word nothing is known but that a baseline takes secrets in files.
        let is_unknown =
            |one: &FindingSeen| judged.hides_unknown && one.is_exposure() && judged.there.contains(&subject_then(one));
        let is_left_out = |one: &FindingSeen| one.severity < judged.min_severity || is_hidden(one) || is_unknown(one);
        for (key, thing) in second.findings.iter().filter(|(_, one)| is_left_out(one)) {
            let (at, looked) = (first.at, Arc::clone(&state.looked));
            let tracked = Tracked { thing: thing.clone(), status: Status::NotSeen, first: at, last: at, looked };
            state.findings.entry(key.clone()).or_insert(tracked);
        }
        state
    }
}

impl Row {
    fn seen(self, reach: &mut BTreeMap<Urn, BTreeSet<String>>) -> IdentitySeen {
        let is_hidden = self.hidden.contains(&FactKind::Grants);
        let of_agent = self.reach.iter().map(|one| {
            let Power { kind, scope, at, holding, steps } = one;
            Reached { kind: *kind, scope, at, holding: *holding, steps: *steps }
        });
        let powers = powers(&self.identity, of_agent);
        IdentitySeen {
            owner: owner(&self.owner),
            rights: rights(&self.capabilities, &self.escalations),
            all_rights: !is_hidden,
            reach: reach.remove(&self.identity.id).unwrap_or_default(),
            powers,
            ..IdentitySeen::bare(&self.identity)
        }
    }
}
