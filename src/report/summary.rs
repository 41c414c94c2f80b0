//! The numbers at the head or foot of every format. Counts; judges nothing.

use std::collections::BTreeSet;

use serde::Serialize;

use super::Scan;
use crate::model::{Finding, Severity};

/// How many findings there are of each severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SeverityCounts {
    /// Critical ones.
    pub critical: u64,
    /// High ones.
    pub high: u64,
    /// Medium ones.
    pub medium: u64,
    /// Low ones.
    pub low: u64,
    /// Those that only inform.
    pub info: u64,
}

impl SeverityCounts {
    /// Counts findings.
    pub fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Self {
        let mut counts = Self::default();
        for finding in findings {
            let count = match finding.severity {
                Severity::Critical => &mut counts.critical,
                Severity::High => &mut counts.high,
                Severity::Medium => &mut counts.medium,
                Severity::Low => &mut counts.low,
                Severity::Info => &mut counts.info,
            };
            *count += 1;
        }
        counts
    }

    /// Each severity with its number, worst first.
    pub fn worst_first(&self) -> [(Severity, u64); 5] {
        [
            (Severity::Critical, self.critical),
            (Severity::High, self.high),
            (Severity::Medium, self.medium),
            (Severity::Low, self.low),
            (Severity::Info, self.info),
        ]
    }
}

/// What a scan amounts to in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Whether something that was asked for was not read; see [`Scan::is_incomplete`].
    pub incomplete: bool,
    /// Findings by severity.
    pub findings: SeverityCounts,
    /// Findings below this severity were left out.
    pub min_severity: Severity,
    /// How many were left out for that.
    pub below_min_severity: u64,
    /// Findings that the caller's baseline accepts, shown or not.
    pub in_baseline: u64,
    /// Findings that an earlier scan saw, too, and that were left out for that.
    pub already_known: u64,
    /// Identities in the inventory.
    pub identities: u64,
    /// Those of them that have findings.
    pub identities_with_findings: u64,
    /// Credentials in the inventory.
    pub credentials: u64,
    /// Workloads in the inventory.
    pub workloads: u64,
    /// Places where a secret lies in the open.
    pub exposures: u64,
    /// Those of them that a comment in place allows; they are counted, not judged.
    pub exposures_allowed: u64,
    /// Rules that were loaded.
    pub rules: u64,
    /// Rules that were not evaluated for some target.
    pub rules_not_evaluated: u64,
    /// Coverage entries that make the report incomplete.
    pub holes: u64,
}

impl Summary {
    /// Counts a scan.
    pub fn of(scan: &Scan<'_>) -> Self {
        let inventory = scan.inventory;
        let flagged: BTreeSet<_> = scan.findings.iter().filter_map(|finding| finding.identity.as_ref()).collect();
        let unjudged: BTreeSet<_> = scan.not_evaluated.iter().map(|entry| entry.rule.as_str()).collect();
        let allowed = inventory.exposures.iter().filter(|exposure| exposure.allowed_by.is_some());
        Self {
            incomplete: scan.is_incomplete(),
            findings: SeverityCounts::of(scan.findings),
            min_severity: scan.min_severity,
            below_min_severity: scan.below_min_severity,
            in_baseline: scan.in_baseline + scan.findings.iter().filter(|finding| finding.is_accepted()).count() as u64,
            already_known: scan.already_known,
            identities: inventory.identities.len() as u64,
            identities_with_findings: flagged.iter().filter(|id| inventory.identities.get(id).is_some()).count() as u64,
            credentials: inventory.credentials.len() as u64,
            workloads: inventory.workloads.len() as u64,
            exposures: inventory.exposures.len() as u64,
            exposures_allowed: allowed.count() as u64,
            rules: scan.rules.len() as u64,
            rules_not_evaluated: unjudged.len() as u64,
            holes: inventory.coverage.holes().count() as u64,
        }
    }
}
