//! The rules that let people in, and those that give out tokens, each as a setting with what it asks.

use super::super::answer::{AppSignOn, Policy, PolicyRule};
use super::super::endpoint::{ENROL_POLICIES, Endpoint, POLICY_RULES, SERVER_RULES};
use super::{Site, set_some};
use crate::model::{AttributeName, Attributes, Record, Setting, SettingKind, Urn};

/// The rules of a policy in the order in which Okta tries them.
fn in_order(rules: &[PolicyRule]) -> Vec<&PolicyRule> {
    let mut rules: Vec<&PolicyRule> = rules.iter().filter(|rule| rule.status == "ACTIVE").collect();
    rules.sort_by_key(|rule| (rule.priority.unwrap_or(i64::MAX), rule.system, rule.name.clone()));
    rules
}

/// What a rule asks beside factors. A rule that catches everyone asks nothing.
fn conditions(rule: &PolicyRule) -> Vec<String> {
    let it = &rule.conditions.known;
    let mut conditions = Vec::new();
    if it.network.as_ref().and_then(|network| network.connection.as_deref()).is_some_and(|one| one != "ANYWHERE") {
        conditions.push("network");
    }
    let device = it.device.as_ref();
    if device.is_some_and(|device| {
        device.managed == Some(true) || device.registered == Some(true) || !device.assurance.include.is_empty()
    }) {
        conditions.push("device");
    }
    let level = it.risk_score.as_ref().and_then(|risk| risk.level.as_deref());
    let behaviours = it.risk.as_ref().is_some_and(|risk| !risk.behaviors.is_empty());
    if level.is_some_and(|level| level != "ANY") || behaviours {
        conditions.push("risk");
    }
    if it.el_condition.as_ref().and_then(|one| one.condition.as_deref()).is_some_and(|text| !text.trim().is_empty()) {
        conditions.push("expression");
    }
    let people = &it.people;
    let groups = people.groups.include.iter().any(|group| group != "EVERYONE");
    if groups
        || !people.users.include.is_empty()
        || !people.users.exclude.is_empty()
        || !people.groups.exclude.is_empty()
    {
        conditions.push("people");
    }
    if it.user_type.as_ref().is_some_and(|kind| !kind.include.is_empty() || !kind.exclude.is_empty()) {
        conditions.push("user type");
    }
    let known = conditions.into_iter().map(str::to_owned);
    known.chain(rule.conditions.others.iter().cloned()).collect()
}

/// Whether one factor is enough. Source: Okta, "Policies", verification methods: `ASSURANCE` with `factorMode` 1FA or 2FA,
/// `AUTH_METHOD_CHAIN` with chains of steps, where the methods of one step stand for each other; without any, whoever has a session comes in.
fn takes_one_factor(action: &AppSignOn) -> bool {
    let Some(method) = &action.verification_method else { return true };
    match method.kind.as_deref() {
        Some("AUTH_METHOD_CHAIN") => {
            method.chains.is_empty() || method.chains.iter().any(|chain| chain.next.is_empty())
        }
        _ => method.factor_mode.as_deref() != Some("2FA"),
    }
}

/// The rules of an access policy, with the AI apps that it lets people into.
pub(in crate::collect::okta) fn access_rules(
    site: &Site<'_>,
    policy: &Policy,
    rules: &[PolicyRule],
    ai_apps: &[String],
) -> Vec<Record> {
    let mut is_open = true;
    let ordered = in_order(rules);
    let settings = ordered.into_iter().filter_map(|rule| {
        let action = rule.actions.app_sign_on.as_ref()?;
        let asks = conditions(rule);
        let lets_in = action.access.as_deref() != Some("DENY");
        let attributes = Attributes::default()
            .with(AttributeName::LetsIn, lets_in)
            .with(AttributeName::OneFactor, lets_in && takes_one_factor(action))
            .with(AttributeName::Reachable, is_open)
            .with(AttributeName::Conditions, asks.clone())
            .with(AttributeName::AiApps, ai_apps.to_vec());
        is_open &= !asks.is_empty();
        Some(Record::Setting(rule_setting(site, SettingKind::OktaAccessRule, policy, rule, attributes)))
    });
    settings.collect()
}

/// The rules of a policy that lets people into Okta.
pub(in crate::collect::okta) fn sign_on_rules(site: &Site<'_>, policy: &Policy, rules: &[PolicyRule]) -> Vec<Record> {
    let mut is_open = true;
    let ordered = in_order(rules);
    let settings = ordered.into_iter().filter_map(|rule| {
        let action = rule.actions.signon.as_ref()?;
        let asks = conditions(rule);
        let lets_in = action.access.as_deref() != Some("DENY");
        let one_factor =
            action.require_factor != Some(true) && action.primary_factor.as_deref() != Some("PASSWORD_IDP_ANY_FACTOR");
        let mut attributes = Attributes::default()
            .with(AttributeName::LetsIn, lets_in)
            .with(AttributeName::OneFactor, lets_in && one_factor)
            .with(AttributeName::Reachable, is_open)
            .with(AttributeName::Conditions, asks.clone())
            .with(AttributeName::PersistentCookie, action.session.use_persistent_cookie);
        set_some(&mut attributes, AttributeName::SessionMinutes, action.session.max_session_lifetime_minutes);
        is_open &= !asks.is_empty();
        Some(Record::Setting(rule_setting(site, SettingKind::OktaSignOnRule, policy, rule, attributes)))
    });
    settings.collect()
}

/// A policy as such; its rules say what it asks.
pub(in crate::collect::okta) fn policy_setting(
    site: &Site<'_>,
    kind: SettingKind,
    endpoint: &Endpoint,
    policy: &Policy,
    ai_apps: &[String],
) -> Record {
    let mut attributes = Attributes::default().with(AttributeName::Status, policy.status.as_str());
    if !ai_apps.is_empty() {
        attributes.set(AttributeName::AiApps, ai_apps.to_vec());
    }
    let evidence = site.evidence(endpoint, "", &policy.name);
    Record::Setting(site.setting(kind, site.urn("policy", &policy.id), &policy.name, attributes, evidence))
}

/// An enrolment policy: what people may enrol and what they must, and the rules that say when.
pub(in crate::collect::okta) fn enrolment_policy(
    site: &Site<'_>,
    policy: &Policy,
    rules: &[PolicyRule],
) -> Vec<Record> {
    let today = policy.settings.authenticators.iter().map(|one| (one.key.as_str(), &one.enroll));
    let before = policy.settings.factors.iter().map(|(key, one)| (key.as_str(), &one.enroll));
    let (mut may, mut must) = (Vec::new(), Vec::new());
    for (key, enroll) in today.chain(before).filter(|(key, _)| *key != "okta_password") {
        match enroll.own.as_deref() {
            Some("REQUIRED") => must.push(key.to_owned()),
            Some("OPTIONAL") => may.push(key.to_owned()),
            _ => {}
        }
    }
    let attributes = Attributes::default()
        .with(AttributeName::Status, policy.status.as_str())
        .with(AttributeName::Permissions, may)
        .with(AttributeName::Required, must);
    let evidence = site.evidence(&ENROL_POLICIES, "", &policy.name);
    let id = site.urn("policy", &policy.id);
    let setting = site.setting(SettingKind::OktaEnrolmentPolicy, id, &policy.name, attributes, evidence);
    let rules = in_order(rules).into_iter().map(|rule| {
        let mut attributes = Attributes::default().with(AttributeName::Conditions, conditions(rule));
        let when = rule.actions.enroll.as_ref().and_then(|enroll| enroll.own.clone());
        set_some(&mut attributes, AttributeName::Form, when);
        Record::Setting(rule_setting(site, SettingKind::OktaEnrolmentRule, policy, rule, attributes))
    });
    std::iter::once(Record::Setting(setting)).chain(rules).collect()
}

fn rule_setting(
    site: &Site<'_>,
    kind: SettingKind,
    policy: &Policy,
    rule: &PolicyRule,
    attributes: Attributes,
) -> Setting {
    let name = format!("{} / {}", policy.name, rule.name);
    let evidence = site.evidence(&POLICY_RULES, &policy.id, &name);
    let mut setting = site.setting(kind, site.urn("rule", &rule.id), &name, attributes, evidence);
    setting.part_of = Some(site.urn("policy", &policy.id));
    setting
}

/// The rules of a policy of an authorization server.
pub(in crate::collect::okta) fn server_rules(
    site: &Site<'_>,
    (server, server_urn): (&str, &Urn),
    parent: &str,
    policy: &Policy,
    rules: &[PolicyRule],
) -> Vec<Record> {
    let all_clients = policy.conditions.clients.include.iter().any(|client| client == "ALL_CLIENTS");
    let settings = in_order(rules).into_iter().filter_map(|rule| {
        let action = rule.actions.token.as_ref()?;
        let it = &rule.conditions.known;
        let everyone = it.people.groups.include.iter().any(|group| group == "EVERYONE");
        let mut attributes = Attributes::default()
            .with(AttributeName::AllClients, all_clients)
            .with(AttributeName::GrantTypes, it.grant_types.include.clone())
            .with(AttributeName::Scopes, it.scopes.include.clone())
            .with(AttributeName::Everyone, everyone)
            .with(AttributeName::Status, policy.status.as_str());
        set_some(&mut attributes, AttributeName::TokenMinutes, action.access_token_lifetime_minutes);
        set_some(&mut attributes, AttributeName::RefreshTokenMinutes, action.refresh_token_lifetime_minutes);
        let name = format!("{server} / {} / {}", policy.name, rule.name);
        let evidence = site.evidence(&SERVER_RULES, parent, &name);
        let id = site.urn("server-rule", &rule.id);
        let mut setting = site.setting(SettingKind::OktaServerRule, id, &name, attributes, evidence);
        setting.part_of = Some(server_urn.clone());
        Some(Record::Setting(setting))
    });
    settings.collect()
}
