//! "Okta governance of AI agents": what was read and found, put beside the six approaches of Okta's guidance for securing AI
//! agents. A pure function from the scan to a small struct; each format writes it in its own way.

mod facts;

use std::collections::BTreeSet;

use serde::Serialize;

use super::Scan;
use crate::model::{Finding, Provider, SettingKind, Severity};

/// The section, for all organisations of the scan.
#[derive(Debug, Serialize)]
pub struct OktaGovernance {
    /// The organisations that were read.
    pub organisations: Vec<String>,
    /// The six approaches, in the order of the guidance.
    pub approaches: Vec<Approach>,
}

/// How one approach stands.
#[derive(Debug, Serialize)]
pub struct Approach {
    /// Its name.
    pub name: &'static str,
    /// `findings`; `unknown` where nothing was found and not all could be read or judged; `nothing to judge` where there is
    /// nothing that it is about; `met`.
    pub state: &'static str,
    /// What was read that bears on it, in sentences.
    pub facts: Vec<String>,
    /// How many findings bear on it.
    pub findings: usize,
    /// The gravest of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worst: Option<Severity>,
    /// Their rules.
    pub rules: Vec<String>,
    /// The rules of it that could not be judged everywhere.
    pub not_judged: Vec<String>,
}

/// Name, and the rules that bear on it: an id, or the beginning of several with `*`.
type Row = (&'static str, &'static [&'static str]);

const APPROACHES: [Row; 6] = [
    (
        "Centralised identity",
        &[
            "agent-unregistered",
            "okta-ai-app-consent",
            "okta-agent-unowned",
            "okta-agent-one-owner",
            "okta-agent-staged",
            "okta-agent-half-killed",
            "okta-client-unowned",
            "okta-vaulted-account-loose",
        ],
    ),
    (
        "MFA for people who use AI",
        &[
            "okta-ai-app-one-factor",
            "okta-ai-app-weak-factors",
            "okta-administrator-weak-factors",
            "okta-enrolment-weak",
        ],
    ),
    (
        "Least privilege",
        &[
            "okta-client-administrator",
            "okta-client-manage-scopes",
            "okta-client-other-manage-scopes",
            "okta-client-unused-scopes",
            "okta-token-administrator",
            "okta-agent-all-scopes",
            "okta-agent-everyone",
            "okta-ai-role-broad",
            "okta-integration-broad",
        ],
    ),
    (
        "Monitoring and audit",
        &["okta-no-log-stream", "okta-hook-unverified", "okta-client-unused", "okta-token-unused"],
    ),
    (
        "API security",
        &[
            "okta-token-owner-gone",
            "okta-token-of-person",
            "okta-token-anywhere",
            "okta-token-old",
            "okta-token-very-old",
            "okta-client-shared-secret",
            "okta-client-no-authentication",
            "okta-client-two-secrets",
            "okta-client-dead-secret",
            "okta-client-secret-old",
            "okta-client-key-*",
            "okta-client-keys-over-http",
            "okta-client-no-dpop",
            "okta-client-anywhere",
            "okta-server-*",
            "okta-app-*",
            "okta-agent-weak-app",
            "okta-agent-static-credential",
            "okta-integration-creator-left",
        ],
    ),
    ("Zero Trust", &["okta-ai-app-no-condition", "okta-session-long"]),
];

fn bears(rules: &[&str], id: &str) -> bool {
    rules.iter().any(|rule| rule.strip_suffix('*').map_or(*rule == id, |start| id.starts_with(start)))
}

/// The section; `None` where no organisation was asked for.
pub fn okta_governance(scan: &Scan<'_>) -> Option<OktaGovernance> {
    let read: BTreeSet<&str> = scan
        .inventory
        .settings
        .iter()
        .filter(|one| one.kind == SettingKind::OktaOrganisation)
        .map(|one| one.tenant.as_str())
        .collect();
    let entries = scan.inventory.coverage.entries().iter().filter(|entry| entry.collector == "okta");
    let mut organisations: BTreeSet<String> = entries.map(|entry| entry.target.clone()).collect();
    organisations.extend(read.iter().map(|one| (*one).to_owned()));
    if organisations.is_empty() {
        return None;
    }
    let unread: Vec<&str> = organisations.iter().map(String::as_str).filter(|one| !read.contains(one)).collect();
    let is_here = |finding: &&Finding| {
        let subject = finding.identity.as_ref().unwrap_or(&finding.subject);
        matches!(Provider::of(subject), Some(Provider::Okta | Provider::Agents))
    };
    let approaches = APPROACHES.iter().enumerate().map(|(number, (name, rules))| {
        let found: Vec<&Finding> =
            scan.findings.iter().filter(is_here).filter(|finding| bears(rules, &finding.rule)).collect();
        let not_judged: BTreeSet<String> = scan
            .not_evaluated
            .iter()
            .filter(|one| bears(rules, &one.rule) && organisations.contains(&one.target))
            .map(|one| one.rule.clone())
            .collect();
        let (mut facts, subjects) = facts::facts(scan, number);
        let holes = facts::holes(scan, number);
        facts.extend(unread.iter().map(|one| format!("{one} could not be read")));
        facts.extend((!holes.is_empty()).then(|| format!("not read: {}", holes.join(", "))));
        let is_whole = not_judged.is_empty() && holes.is_empty() && unread.is_empty();
        let state = match (found.is_empty(), is_whole, subjects) {
            (false, _, _) => "findings",
            (true, false, _) => "unknown",
            (true, true, 0) => "nothing to judge",
            (true, true, _) => "met",
        };
        Approach {
            name,
            state,
            facts,
            findings: found.len(),
            worst: found.iter().map(|finding| finding.severity).max(),
            rules: found.iter().map(|finding| finding.rule.to_string()).collect::<BTreeSet<_>>().into_iter().collect(),
            not_judged: not_judged.into_iter().collect(),
        }
    });
    let approaches = approaches.collect();
    Some(OktaGovernance { organisations: organisations.into_iter().collect(), approaches })
}
