//! A scan read back from its JSON report (`nonhuman/scan/v1`), so that two reports can be compared without a history.
//! Takes what is remembered of it; checks no more of the document than that.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Deserialize;

use super::snapshot::{FindingSeen, IdentitySeen, Judged, Snapshot, looked, owner, powers, reached, rights};
use crate::model::{
    Capability, CapabilityKind, CoverageEntry, EscalationPath, FactKind, Finding, Holding, Identity, Known, Link,
    NotEvaluated, Owner, Reached, Severity, Urn,
};

/// The form that is understood.
const SCHEMA: &str = "nonhuman/scan/v1";

#[derive(Deserialize)]
struct Document {
    schema: String,
    tool: Tool,
    now: Timestamp,
    inputs: Vec<String>,
    findings: Vec<Finding>,
    identities: Vec<Row>,
    coverage: Vec<CoverageEntry>,
    not_evaluated: Vec<NotEvaluated>,
    rules: Vec<Rule>,
    summary: Summary,
    #[serde(default)]
    links: Vec<Link>,
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
        let findings = document.findings.iter().map(|one| (one.fingerprint.clone(), FindingSeen::of(one, home)));
        let accepted = document.findings.iter().filter(|one| one.is_accepted()).count() as u64;
        let mut reach: BTreeMap<Urn, BTreeSet<String>> = BTreeMap::new();
        for link in &document.links {
            reach.entry(link.from.clone()).or_default().extend(reached(link));
        }
        let rows = document.identities.into_iter();
        let blind = document.not_evaluated.into_iter().map(|one| (one.rule, one.target));
        Ok(Self {
            at: document.now,
            version: document.tool.version,
            inputs: document.inputs,
            incomplete: document.coverage.iter().any(CoverageEntry::is_hole),
            looked: looked(&document.coverage),
            findings: findings.collect(),
            identities: rows.map(|row| row.seen(&mut reach)).map(|one| (one.id.clone(), one)).collect(),
            judged: Judged {
                rules: document.rules.into_iter().map(|rule| rule.id).collect(),
                unanswered: BTreeMap::new(),
                min_severity: document.summary.min_severity,
                hides_accepted: document.summary.in_baseline > accepted,
                blind: blind.collect(),
            },
        })
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
