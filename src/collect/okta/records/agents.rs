//! AI agents, their connections and owners; vaulted accounts; agents of directories.

use std::sync::Arc;

use super::super::answer::{Agent, AgentPool, App, ClientSecret, Connection, Jwk, Ownership, ServiceAccount};
use super::super::endpoint::{
    AGENT_CONNECTIONS, AGENT_KEYS, AGENT_OWNERS, AGENT_POOLS, AGENT_SECRETS, AGENTS, Endpoint,
};
use super::apps::{public_key, secret};
use super::{AppParts, Directory, Log, Site, count, set_some, time};
use crate::model::{
    AttributeName, Attributes, Confidence, Identity, IdentityKind, Known, Labels, Link, LinkKind, Record, Setting,
    SettingKind, Urn,
};

/// What hangs on an agent.
pub(in crate::collect::okta) struct AgentParts<'a> {
    pub(in crate::collect::okta) app: Option<(&'a App, &'a AppParts)>,
    pub(in crate::collect::okta) keys: Known<Vec<Jwk>>,
    pub(in crate::collect::okta) secrets: Known<Vec<ClientSecret>>,
    pub(in crate::collect::okta) owners: Known<Vec<Ownership>>,
    pub(in crate::collect::okta) connections: Known<Vec<Connection>>,
}

/// The records of an AI agent.
pub(in crate::collect::okta) fn agent(
    site: &Site<'_>,
    it: &Agent,
    parts: &AgentParts<'_>,
    people: &Directory,
    log: &Log,
) -> Vec<Record> {
    let id = site.urn("agent", &it.id);
    let evidence = site.evidence(&AGENTS, "", &it.profile.name);
    let mut records = Vec::new();
    if let Known::Value(keys) = &parts.keys {
        records.extend(
            keys.iter()
                .enumerate()
                .map(|(number, key)| Record::Credential(public_key(site, key, number, &id, (&AGENT_KEYS, &it.id)))),
        );
    }
    if let Known::Value(secrets) = &parts.secrets {
        records.extend(secrets.iter().map(|one| Record::Credential(secret(site, one, &id, (&AGENT_SECRETS, &it.id)))));
    }
    if let Known::Value(connections) = &parts.connections {
        records.extend(connections.iter().map(|one| Record::Setting(connection(site, one, it, &id))));
    }
    if let Some(app_id) = &it.app_id {
        records.push(Record::Link(Link {
            from: id.clone(),
            kind: LinkKind::RegisteredAs,
            to: site.urn("app", app_id),
            confidence: Confidence::Certain,
            condition: None,
            why: format!("the agent {} signs in as this app", it.profile.name).into(),
            evidence: Arc::new(evidence.clone()),
        }));
    }
    let (owners, labels) = owners(site, it, &id, &parts.owners, people, &mut records);
    records.extend(log.usage(site, &it.id, &id));
    records.push(Record::Identity(Identity {
        id,
        kind: IdentityKind::OktaAgent,
        tenant: site.host.clone(),
        name: it.profile.name.clone(),
        enabled: Known::Value(it.status == "ACTIVE"),
        created: time(it.created.as_deref()),
        unique_id: Some(it.id.clone()),
        builtin: false,
        labels,
        attributes: attributes(it, parts, owners),
        evidence,
    }));
    records
}

fn attributes(it: &Agent, parts: &AgentParts<'_>, owners: Known<(i64, Known<i64>)>) -> Attributes {
    let mut attributes =
        Attributes::default().with(AttributeName::Status, it.status.as_str()).with(AttributeName::AiApp, true);
    match owners {
        Known::Value((all, active)) => {
            attributes.set(AttributeName::Owners, all);
            attributes.set_known(AttributeName::ActiveOwners, active);
        }
        Known::Absent => {}
        Known::Unknown(why) => {
            attributes.set_known(AttributeName::Owners, Known::<i64>::Unknown(why.clone()));
            attributes.set_known(AttributeName::ActiveOwners, Known::<i64>::Unknown(why));
        }
    }
    let keys = parts.keys.value().into_iter().flatten().filter(|key| key.status != "INACTIVE").count();
    let secrets = parts.secrets.value().into_iter().flatten().filter(|secret| secret.status == "ACTIVE").count();
    let own_keys = count(keys + secrets);
    let Some((app, app_parts)) = &parts.app else {
        attributes.set(AttributeName::AppSecrets, own_keys);
        return attributes;
    };
    attributes.set(AttributeName::AppActive, app.status == "ACTIVE");
    let client = app.credentials.oauth_client.as_ref();
    set_some(
        &mut attributes,
        AttributeName::AppAuthMethod,
        client.and_then(|client| client.token_endpoint_auth_method.clone()),
    );
    attributes.set_known(AttributeName::AppRefreshTokens, app_parts.live_tokens());
    let live = match (app_parts.live_secrets(), app_parts.live_keys()) {
        (Known::Value(secrets), Known::Value(keys)) => Known::Value(secrets + keys + own_keys),
        (Known::Unknown(why), _) | (_, Known::Unknown(why)) => Known::Unknown(why),
        _ => Known::Value(own_keys),
    };
    attributes.set_known(AttributeName::AppSecrets, live);
    if let Some(audience) = &app_parts.audience {
        attributes.set_known(AttributeName::AssignedToEveryone, audience.everyone.clone());
        attributes.set_known(AttributeName::Users, audience.users.clone());
    }
    attributes
}

/// How many owners an agent has, and how many of them are active.
type Owners = Known<(i64, Known<i64>)>;

/// How many owners there are and how many of them are active; the first active one answers for the agent.
fn owners(
    site: &Site<'_>,
    it: &Agent,
    id: &Urn,
    owners: &Known<Vec<Ownership>>,
    people: &Directory,
    records: &mut Vec<Record>,
) -> (Owners, Labels) {
    let list = match owners {
        Known::Value(list) => list,
        Known::Absent => return (Known::unknown("the organisation has no registry of owners"), Labels::new()),
        Known::Unknown(why) => return (Known::Unknown(why.clone()), Labels::new()),
    };
    let (mut all, mut active, mut unknown) = (0, 0, None);
    let mut named: Vec<(bool, String)> = Vec::new();
    for principal in list.iter().flat_map(|one| &one.principals) {
        all += 1;
        let from_orn = principal.orn.as_deref().and_then(|orn| orn.rsplit(':').next()).map(str::to_owned);
        let user = principal.id.clone().or_else(|| principal.profile.id.clone()).or(from_orn).unwrap_or_default();
        if !user.starts_with("00u") {
            // A group is there as long as it exists.
            active += 1;
            named.extend(principal.profile.name.clone().map(|name| (true, name)));
            continue;
        }
        let is_active = people.is_active(&user);
        match &is_active {
            Known::Value(true) => active += 1,
            Known::Unknown(why) => unknown = Some(why.clone()),
            _ => {}
        }
        if let Some(email) = people.email(&user).or_else(|| principal.profile.email.clone()) {
            records.push(Record::Link(Link {
                from: id.clone(),
                kind: LinkKind::OwnedBy,
                to: Urn::person(&email),
                confidence: Confidence::Certain,
                condition: None,
                why: format!("Okta names {email} as an owner of {}", it.profile.name).into(),
                evidence: Arc::new(site.evidence(&AGENT_OWNERS, &it.id, &it.profile.name)),
            }));
            named.push((is_active != Known::Value(false), email));
        }
    }
    named.sort_by_key(|(is_active, _)| !*is_active);
    let labels = named.into_iter().next().map(|(_, name)| ("owner".to_owned(), name)).into_iter().collect();
    let active = unknown.map_or(Known::Value(active), Known::Unknown);
    (Known::Value((all, active)), labels)
}

/// What an agent may reach, as a setting that is part of it.
pub(in crate::collect::okta) fn connection(site: &Site<'_>, it: &Connection, agent: &Agent, id: &Urn) -> Setting {
    let target = [&it.app, &it.authorization_server, &it.service_account, &it.secret].into_iter().flatten().next();
    let target = target.and_then(|target| target.name.clone().or_else(|| target.orn.clone()));
    let target = target.or_else(|| it.resource_indicator.clone()).unwrap_or_else(|| it.id.clone());
    let mut attributes = Attributes::default()
        .with(AttributeName::Status, it.status.as_str())
        .with(AttributeName::ConnectionType, it.connection_type.as_str())
        .with(AttributeName::Scopes, it.scopes.clone());
    set_some(&mut attributes, AttributeName::ScopeCondition, it.scope_condition.clone());
    let name = format!("{} to {target}", agent.profile.name);
    let evidence = site.evidence(&AGENT_CONNECTIONS, &agent.id, &name);
    let urn = site.urn("connection", &format!("{}/{}", agent.id, it.id));
    let mut setting = site.setting(SettingKind::OktaAgentConnection, urn, &name, attributes, evidence);
    setting.part_of = Some(id.clone());
    setting
}

/// A vaulted account of Okta Privileged Access.
pub(in crate::collect::okta) fn service_account(
    site: &Site<'_>,
    it: &ServiceAccount,
    endpoint: &Endpoint,
    people: &Directory,
) -> Record {
    let mut attributes = Attributes::default();
    set_some(&mut attributes, AttributeName::Status, it.status.clone());
    set_some(&mut attributes, AttributeName::StatusDetail, it.status_detail.clone());
    set_some(&mut attributes, AttributeName::Form, it.container_instance_name.clone());
    attributes.set(AttributeName::Owners, count(it.owner_user_ids.len() + it.owner_group_ids.len()));
    let owner = it.owner_user_ids.iter().find_map(|id| people.email(id));
    Record::Identity(Identity {
        id: site.urn("service-account", &it.id),
        kind: IdentityKind::OktaServiceAccount,
        tenant: site.host.clone(),
        name: it.username.clone().unwrap_or_else(|| it.name.clone()),
        enabled: Known::Value(true),
        created: time(it.created.as_deref()),
        unique_id: Some(it.id.clone()),
        builtin: false,
        labels: owner.map(|owner| ("owner".to_owned(), owner)).into_iter().collect(),
        attributes,
        evidence: site.evidence(endpoint, "", &it.name),
    })
}

/// The programs that connect a directory, one identity a pool.
pub(in crate::collect::okta) fn directory_agents(site: &Site<'_>, it: &AgentPool) -> Record {
    let mut attributes = Attributes::default();
    set_some(&mut attributes, AttributeName::Form, it.kind.clone());
    set_some(&mut attributes, AttributeName::Status, it.operational_status.clone());
    Record::Identity(Identity {
        id: site.urn("directory-agents", &it.id),
        kind: IdentityKind::OktaDirectoryAgent,
        tenant: site.host.clone(),
        name: it.name.clone(),
        enabled: Known::Value(it.operational_status.as_deref() != Some("INACTIVE")),
        created: Known::unknown("Okta does not say when a pool was made"),
        unique_id: Some(it.id.clone()),
        builtin: false,
        labels: Default::default(),
        attributes,
        evidence: site.evidence(&AGENT_POOLS, "", &it.name),
    })
}
