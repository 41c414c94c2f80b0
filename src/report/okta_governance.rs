//! "Okta governance of AI agents": what was read and found, put beside the six approaches of Okta's guidance for securing AI
//! agents. A pure function from the scan to a small struct; each format writes it in its own way.

use std::collections::BTreeSet;

use serde::Serialize;

use super::Scan;
use crate::model::{
    AttributeName, CredentialKind, FactKind, Finding, Identity, IdentityKind, Known, Provider, Setting, SettingKind,
    Severity,
};

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
    /// `met`, `findings`, or `unknown` where nothing was found and not all could be judged.
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
            "okta-agent-unowned",
            "okta-agent-one-owner",
            "okta-agent-staged",
            "okta-agent-half-killed",
            "okta-client-unowned",
            "okta-vaulted-account-loose",
        ],
    ),
    ("MFA for people who use AI", &["okta-ai-app-one-factor", "okta-ai-app-weak-factors"]),
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

/// The section; `None` where no organisation was read.
pub fn okta_governance(scan: &Scan<'_>) -> Option<OktaGovernance> {
    let organisations: BTreeSet<String> =
        settings(scan, SettingKind::OktaOrganisation).map(|one| one.tenant.clone()).collect();
    if organisations.is_empty() {
        return None;
    }
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
        let state = match (found.is_empty(), not_judged.is_empty()) {
            (false, _) => "findings",
            (true, true) => "met",
            (true, false) => "unknown",
        };
        Approach {
            name,
            state,
            facts: facts(scan, number),
            findings: found.len(),
            worst: found.iter().map(|finding| finding.severity).max(),
            rules: found.iter().map(|finding| finding.rule.clone()).collect::<BTreeSet<_>>().into_iter().collect(),
            not_judged: not_judged.into_iter().collect(),
        }
    });
    let approaches = approaches.collect();
    Some(OktaGovernance { organisations: organisations.into_iter().collect(), approaches })
}

fn settings<'a>(scan: &'a Scan<'_>, kind: SettingKind) -> impl Iterator<Item = &'a Setting> {
    scan.inventory.settings.iter().filter(move |one| one.kind == kind)
}

fn identities<'a>(scan: &'a Scan<'_>, kinds: &'a [IdentityKind]) -> impl Iterator<Item = &'a Identity> {
    scan.inventory.identities.iter().filter(move |one| kinds.contains(&one.kind))
}

fn facts(scan: &Scan<'_>, approach: usize) -> Vec<String> {
    const CLIENTS: &[IdentityKind] = &[IdentityKind::OktaServiceApp, IdentityKind::OktaApiService];
    const APPS: &[IdentityKind] = &[IdentityKind::OktaServiceApp, IdentityKind::OktaApp];
    let count = |kind| settings(scan, kind).count();
    match approach {
        0 => central(scan),
        1 => {
            let asked: Vec<&Identity> =
                identities(scan, APPS).filter(|one| one.attributes.is(AttributeName::AiApp)).collect();
            let rules =
                settings(scan, SettingKind::OktaAccessRule).filter(|one| one.attributes.is(AttributeName::Reachable));
            vec![format!("{} AI apps behind {} sign-in rules that can be reached", asked.len(), rules.count())]
        }
        2 => {
            let all: Vec<&Identity> = identities(scan, CLIENTS).collect();
            let writes = all.iter().filter(|one| {
                one.attributes.texts(AttributeName::Scopes).iter().any(|scope| scope.ends_with(".manage"))
            });
            vec![format!("{} machine clients, {} of them with scopes that write", all.len(), writes.count())]
        }
        3 => {
            let running = settings(scan, SettingKind::OktaLogStream)
                .filter(|one| one.attributes.text(AttributeName::Status) == Some("ACTIVE"));
            let unknown = identities(scan, &[IdentityKind::OktaAgent, IdentityKind::OktaServiceApp]).filter(|one| {
                let facts = scan.inventory.facts.identities.get(&one.id);
                facts.is_none_or(|facts| matches!(facts.last_use, Known::Unknown(_)))
            });
            vec![
                format!("{} log streams run", running.count()),
                format!("of {} clients and agents the last use is not known", unknown.count()),
            ]
        }
        4 => {
            let kind = |kind| scan.inventory.credentials.iter().filter(|one| one.kind == kind).count();
            vec![format!(
                "{} API tokens, {} client secrets, {} public keys",
                kind(CredentialKind::OktaApiToken),
                kind(CredentialKind::OktaClientSecret),
                kind(CredentialKind::OktaClientKey)
            )]
        }
        _ => vec![format!(
            "{} network zones, {} device assurance policies",
            count(SettingKind::OktaNetworkZone),
            count(SettingKind::OktaDeviceAssurance)
        )],
    }
}

/// How many of the agents that were found elsewhere the organisation knows.
fn central(scan: &Scan<'_>) -> Vec<String> {
    let registered = identities(scan, &[IdentityKind::OktaAgent]).count();
    let mut facts = vec![format!("{registered} AI agents in Okta's registry")];
    let elsewhere: Vec<&Identity> = scan
        .inventory
        .identities
        .iter()
        .filter(|one| one.provider() == Provider::Agents)
        .filter(|one| !matches!(one.kind, IdentityKind::AgentServer | IdentityKind::AgentCode))
        .collect();
    let unknown = elsewhere.iter().filter(|one| {
        let attributes = scan.inventory.facts.attributes.get(&one.id);
        attributes.is_some_and(|attributes| attributes.is(AttributeName::Unregistered))
    });
    let unknown = unknown.count();
    if elsewhere.is_empty() {
        let is_blind = scan.inventory.coverage.holes().any(|hole| hole.blinds.contains(&FactKind::Identities));
        let more = if is_blind { "; not all could be looked at" } else { "" };
        facts.push(format!("no agents were found in files{more}: give trees or home directories to compare"));
    } else {
        facts.push(format!("of {} agents found in files {unknown} are not registered", elsewhere.len()));
    }
    facts
}
