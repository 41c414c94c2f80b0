//! What was read that bears on each of the six approaches, in sentences, and what was not. It judges nothing.

use std::collections::BTreeSet;

use crate::model::{
    AttributeName, Attributes, CredentialKind, FactKind, Identity, IdentityKind, Known, Provider, Setting, SettingKind,
};
use crate::report::Scan;

/// What the answers of Okta are called in the coverage, by the approach that cannot be told without them.
const NEEDS: [&[&str]; 6] = [
    &["apps", "AI agents", "owners of AI agents", "service accounts of apps", "service accounts of Okta"],
    &[
        "access policies",
        "rules of policies",
        "enrolment policies",
        "factors of users",
        "users of AI apps",
        "groups of AI apps",
    ],
    &[
        "scopes granted to apps",
        "admin roles of clients",
        "users with admin roles",
        "admin roles of users",
        "admin roles of groups",
        "custom admin roles",
        "permissions of custom roles",
        "API service integrations",
        "connections of AI agents",
    ],
    &["log streams", "event hooks", "System Log"],
    &[
        "API tokens",
        "client secrets of apps",
        "public keys of apps",
        "refresh tokens of apps",
        "secrets of API service integrations",
        "public keys of AI agents",
        "authorization servers",
        "policies of authorization servers",
        "rules of authorization servers",
    ],
    &["access policies", "rules of policies", "global session policies", "network zones", "device assurance policies"],
];

/// What an approach needs and could not be read.
pub(super) fn holes(scan: &Scan<'_>, approach: usize) -> Vec<String> {
    let needs = NEEDS.get(approach).copied().unwrap_or_default();
    let holes = scan.inventory.coverage.holes().filter(|hole| hole.collector == "okta");
    let named: BTreeSet<String> =
        holes.filter(|hole| needs.contains(&hole.what.as_str())).map(|hole| hole.what.clone()).collect();
    named.into_iter().collect()
}

/// The sentences of an approach, and how many things there are that it is about.
pub(super) fn facts(scan: &Scan<'_>, approach: usize) -> (Vec<String>, usize) {
    match approach {
        0 => central(scan),
        1 => factors(scan),
        2 => privilege(scan),
        3 => monitoring(scan),
        4 => api(scan),
        _ => zero_trust(scan),
    }
}

fn settings<'a>(scan: &'a Scan<'_>, kind: SettingKind) -> impl Iterator<Item = &'a Setting> {
    scan.inventory.settings.iter().filter(move |one| one.kind == kind)
}

fn identities<'a>(scan: &'a Scan<'_>, kinds: &'a [IdentityKind]) -> impl Iterator<Item = &'a Identity> {
    scan.inventory.identities.iter().filter(move |one| kinds.contains(&one.kind))
}

fn count(scan: &Scan<'_>, kind: SettingKind) -> usize {
    settings(scan, kind).count()
}

fn ai_apps<'a>(scan: &'a Scan<'_>) -> Vec<&'a Identity> {
    const APPS: &[IdentityKind] = &[IdentityKind::OktaServiceApp, IdentityKind::OktaApp];
    identities(scan, APPS).filter(|one| one.attributes.is(AttributeName::AiApp)).collect()
}

/// The rules that let people into AI apps and that something can come to.
fn ai_rules<'a>(scan: &'a Scan<'_>) -> Vec<&'a Setting> {
    let guards = |attributes: &Attributes| {
        attributes.is(AttributeName::Reachable)
            && attributes.is(AttributeName::LetsIn)
            && !attributes.texts(AttributeName::AiApps).is_empty()
    };
    settings(scan, SettingKind::OktaAccessRule).filter(|one| guards(&one.attributes)).collect()
}

/// How many of the agents that were found elsewhere the organisation knows.
fn central(scan: &Scan<'_>) -> (Vec<String>, usize) {
    let registered = identities(scan, &[IdentityKind::OktaAgent]).count();
    let mut facts = vec![format!("{registered} AI agents in Okta's registry")];
    let clients = identities(scan, &[IdentityKind::OktaServiceApp, IdentityKind::OktaApiService]).count();
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
    (facts, registered + elsewhere.len() + clients)
}

fn factors(scan: &Scan<'_>) -> (Vec<String>, usize) {
    let apps = ai_apps(scan);
    if apps.is_empty() {
        let hint = "no AI app was recognised: name yours under [okta] ai-apps";
        return (vec![hint.to_owned()], 0);
    }
    let sum = |name| apps.iter().map(|one| one.attributes.int(name).unwrap_or_default()).sum::<i64>();
    let facts = vec![
        format!("{} AI apps behind {} sign-in rules that can be reached", apps.len(), ai_rules(scan).len()),
        format!(
            "{} ways for people to use them, {} without a second factor, {} with weak ones alone",
            sum(AttributeName::Users),
            sum(AttributeName::UsersWithoutFactor),
            sum(AttributeName::UsersWithWeakFactors)
        ),
    ];
    (facts, apps.len())
}

fn privilege(scan: &Scan<'_>) -> (Vec<String>, usize) {
    const CLIENTS: &[IdentityKind] = &[IdentityKind::OktaServiceApp, IdentityKind::OktaApiService];
    let all: Vec<&Identity> = identities(scan, CLIENTS).collect();
    let writes = all
        .iter()
        .filter(|one| one.attributes.texts(AttributeName::Scopes).iter().any(|scope| scope.ends_with(".manage")));
    let agents = identities(scan, &[IdentityKind::OktaAgent]).count();
    let facts = vec![
        format!("{} machine clients, {} of them with scopes that write", all.len(), writes.count()),
        format!("{agents} AI agents with {} connections", count(scan, SettingKind::OktaAgentConnection)),
    ];
    (facts, all.len() + agents)
}

fn monitoring(scan: &Scan<'_>) -> (Vec<String>, usize) {
    let running = settings(scan, SettingKind::OktaLogStream)
        .filter(|one| one.attributes.text(AttributeName::Status) == Some("ACTIVE"));
    let organisations = count(scan, SettingKind::OktaOrganisation);
    let hooks: i64 = settings(scan, SettingKind::OktaOrganisation)
        .map(|one| one.attributes.int(AttributeName::VerifiedHooks).unwrap_or_default())
        .sum();
    let unknown = identities(scan, &[IdentityKind::OktaAgent, IdentityKind::OktaServiceApp]).filter(|one| {
        let facts = scan.inventory.facts.identities.get(&one.id);
        facts.is_none_or(|facts| matches!(facts.last_use, Known::Unknown(_)))
    });
    let facts = vec![
        format!("{} log streams run, {hooks} event hooks are verified", running.count()),
        format!("of {} clients and agents the last use is not known", unknown.count()),
    ];
    (facts, organisations)
}

fn api(scan: &Scan<'_>) -> (Vec<String>, usize) {
    let kind = |kind| scan.inventory.credentials.iter().filter(|one| one.kind == kind).count();
    let numbers = [
        (kind(CredentialKind::OktaApiToken), "API tokens"),
        (kind(CredentialKind::OktaClientSecret), "client secrets"),
        (kind(CredentialKind::OktaClientKey), "public keys"),
        (kind(CredentialKind::OktaRefreshToken), "refresh tokens"),
        (count(scan, SettingKind::OktaAuthorizationServer), "authorization servers"),
    ];
    let told: Vec<String> = numbers.iter().map(|(number, what)| format!("{number} {what}")).collect();
    (vec![told.join(", ")], numbers.iter().map(|(number, _)| number).sum())
}

fn zero_trust(scan: &Scan<'_>) -> (Vec<String>, usize) {
    const ASKED: [&str; 4] = ["device", "network", "risk", "expression"];
    let rules = ai_rules(scan);
    let asks = |one: &&&Setting| {
        one.attributes.texts(AttributeName::Conditions).iter().any(|condition| ASKED.contains(&condition.as_str()))
    };
    let facts = vec![
        format!(
            "of {} sign-in rules of AI apps {} ask for a device, a network or a risk",
            rules.len(),
            rules.iter().filter(asks).count()
        ),
        format!(
            "{} network zones, {} device assurance policies",
            count(scan, SettingKind::OktaNetworkZone),
            count(scan, SettingKind::OktaDeviceAssurance)
        ),
    ];
    (facts, rules.len() + count(scan, SettingKind::OktaSignOnRule))
}
