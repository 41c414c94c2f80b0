//! The list of what is asked: path, scope, the file an export keeps it in, and what is unknown without it.

use crate::model::FactKind;
use FactKind::{Credentials, Grants, Identities, People, Settings, Usage};

/// One thing that Okta can be asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Endpoint {
    /// The file or folder that an export keeps it in, without `.json`.
    pub(super) file: &'static str,
    /// Path and query; `{}` stands for the id of the parent.
    pub(super) path: &'static str,
    /// The key under which a wrapped answer has its list, beside `data`.
    pub(super) key: &'static str,
    /// The OAuth scope that it needs.
    pub(super) scope: &'static str,
    /// What it is, in words.
    pub(super) what: &'static str,
    /// The facts that are unknown without it.
    pub(super) blinds: &'static [FactKind],
    /// It needs a licence or a release that not every organisation has: 404 and 405 mean that there is none.
    pub(super) optional: bool,
}

const fn endpoint(
    file: &'static str,
    path: &'static str,
    scope: &'static str,
    what: &'static str,
    blinds: &'static [FactKind],
) -> Endpoint {
    Endpoint { file, path, key: "data", scope, what, blinds, optional: false }
}

impl Endpoint {
    const fn key(mut self, key: &'static str) -> Self {
        self.key = key;
        self
    }

    const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// Whether it is asked once for each of many parents.
    pub(super) fn is_nested(&self) -> bool {
        self.path.contains("{}")
    }

    /// The path with the ids of its parents, which stand with a slash between them.
    pub(super) fn path_of(&self, parents: &str) -> String {
        parents.split('/').fold(self.path.to_owned(), |path, id| path.replacen("{}", &safe(id), 1))
    }
}

/// An id as it may stand in a path or a query, whatever an answer said it is.
fn safe(id: &str) -> String {
    id.bytes().fold(String::new(), |mut text, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => text.push(char::from(byte)),
            other => text.push_str(&format!("%{other:02X}")),
        }
        text
    })
}

pub(super) const USERS: Endpoint =
    endpoint("users", "/api/v1/users?limit=200", "okta.users.read", "users", &[People, Identities]);
/// The list of users leaves those out who have left; they are asked for by name.
pub(super) const LEFT_USERS: Endpoint = endpoint(
    "users-deprovisioned",
    "/api/v1/users?limit=200&search=status%20eq%20%22DEPROVISIONED%22",
    "okta.users.read",
    "deprovisioned users",
    &[People],
);
/// With their numbers: they say which groups hand out an admin role, so that only those are asked for it.
pub(super) const GROUPS: Endpoint =
    endpoint("groups", "/api/v1/groups?limit=200&expand=stats", "okta.groups.read", "groups", &[Grants]);
pub(super) const GROUP_ROLES: Endpoint =
    endpoint("group-roles", "/api/v1/groups/{}/roles", "okta.roles.read", "admin roles of groups", &[Grants]);
pub(super) const APPS: Endpoint =
    endpoint("apps", "/api/v1/apps?limit=200", "okta.apps.read", "apps", &[Identities, Credentials, Grants]);
pub(super) const CLIENT_SECRETS: Endpoint = endpoint(
    "client-secrets",
    "/api/v1/apps/{}/credentials/secrets",
    "okta.apps.read",
    "client secrets of apps",
    &[Credentials],
);
pub(super) const CLIENT_KEYS: Endpoint = endpoint(
    "client-keys",
    "/api/v1/apps/{}/credentials/jwks",
    "okta.apps.read",
    "public keys of apps",
    &[Credentials],
)
.key("jwks");
pub(super) const SCOPE_GRANTS: Endpoint =
    endpoint("scope-grants", "/api/v1/apps/{}/grants", "okta.appGrants.read", "scopes granted to apps", &[Grants]);
pub(super) const REFRESH_TOKENS: Endpoint =
    endpoint("refresh-tokens", "/api/v1/apps/{}/tokens?limit=200", "okta.apps.read", "refresh tokens of apps", &[]);
pub(super) const APP_USERS: Endpoint =
    endpoint("app-users", "/api/v1/apps/{}/users?limit=500", "okta.apps.read", "users of AI apps", &[]);
pub(super) const APP_GROUPS: Endpoint =
    endpoint("app-groups", "/api/v1/apps/{}/groups?limit=200", "okta.apps.read", "groups of AI apps", &[]);
pub(super) const API_TOKENS: Endpoint =
    endpoint("api-tokens", "/api/v1/api-tokens", "okta.apiTokens.read", "API tokens", &[Credentials]);
pub(super) const CLIENT_ROLES: Endpoint =
    endpoint("client-roles", "/oauth2/v1/clients/{}/roles", "okta.roles.read", "admin roles of clients", &[Grants]);
pub(super) const ROLE_USERS: Endpoint = endpoint(
    "role-users",
    "/api/v1/iam/assignees/users?limit=200",
    "okta.roles.read",
    "users with admin roles",
    &[Grants],
)
.key("value");
pub(super) const USER_ROLES: Endpoint =
    endpoint("user-roles", "/api/v1/users/{}/roles", "okta.roles.read", "admin roles of users", &[Grants]);
pub(super) const ROLES: Endpoint =
    endpoint("roles", "/api/v1/iam/roles", "okta.roles.read", "custom admin roles", &[Grants]).key("roles");
pub(super) const ROLE_PERMISSIONS: Endpoint = endpoint(
    "role-permissions",
    "/api/v1/iam/roles/{}/permissions",
    "okta.roles.read",
    "permissions of custom roles",
    &[Grants],
)
.key("permissions");
pub(super) const RESOURCE_SETS: Endpoint =
    endpoint("resource-sets", "/api/v1/iam/resource-sets", "okta.roles.read", "resource sets", &[Grants])
        .key("resource-sets");
pub(super) const RESOURCES: Endpoint = endpoint(
    "resources",
    "/api/v1/iam/resource-sets/{}/resources",
    "okta.roles.read",
    "resources of resource sets",
    &[Grants],
)
.key("resources");
pub(super) const FACTORS: Endpoint =
    endpoint("factors", "/api/v1/users/{}/factors", "okta.users.read", "factors of users", &[]);
pub(super) const ACCESS_POLICIES: Endpoint = endpoint(
    "access-policies",
    "/api/v1/policies?type=ACCESS_POLICY",
    "okta.policies.read",
    "access policies",
    &[Settings],
);
pub(super) const SIGN_ON_POLICIES: Endpoint = endpoint(
    "sign-on-policies",
    "/api/v1/policies?type=OKTA_SIGN_ON",
    "okta.policies.read",
    "global session policies",
    &[Settings],
);
pub(super) const ENROL_POLICIES: Endpoint = endpoint(
    "enrolment-policies",
    "/api/v1/policies?type=MFA_ENROLL",
    "okta.policies.read",
    "enrolment policies",
    &[Settings],
);
pub(super) const POLICY_RULES: Endpoint =
    endpoint("policy-rules", "/api/v1/policies/{}/rules", "okta.policies.read", "rules of policies", &[Settings]);
pub(super) const AUTHORIZATION_SERVERS: Endpoint = endpoint(
    "authorization-servers",
    "/api/v1/authorizationServers?limit=200",
    "okta.authorizationServers.read",
    "authorization servers",
    &[Settings],
);
pub(super) const SERVER_POLICIES: Endpoint = endpoint(
    "server-policies",
    "/api/v1/authorizationServers/{}/policies",
    "okta.authorizationServers.read",
    "policies of authorization servers",
    &[Settings],
);
/// Its parent is `<server>/<policy>`.
pub(super) const SERVER_RULES: Endpoint = endpoint(
    "server-rules",
    "/api/v1/authorizationServers/{}/policies/{}/rules",
    "okta.authorizationServers.read",
    "rules of authorization servers",
    &[Settings],
);
pub(super) const INTEGRATIONS: Endpoint = endpoint(
    "api-services",
    "/integrations/api/v1/api-services",
    "okta.oauthIntegrations.read",
    "API service integrations",
    &[Identities, Grants],
);
pub(super) const INTEGRATION_SECRETS: Endpoint = endpoint(
    "api-service-secrets",
    "/integrations/api/v1/api-services/{}/credentials/secrets",
    "okta.oauthIntegrations.read",
    "secrets of API service integrations",
    &[Credentials],
);
pub(super) const SERVICE_ACCOUNTS: Endpoint = endpoint(
    "service-accounts",
    "/privileged-access/api/v1/service-accounts?limit=200",
    "okta.serviceAccounts.read",
    "service accounts of apps",
    &[Identities],
)
.optional();
pub(super) const OKTA_SERVICE_ACCOUNTS: Endpoint = endpoint(
    "okta-service-accounts",
    "/privileged-access/api/v1/okta-service-accounts?limit=200",
    "okta.serviceAccounts.okta.read",
    "service accounts of Okta",
    &[Identities],
)
.optional();
pub(super) const AGENTS: Endpoint = endpoint(
    "ai-agents",
    "/workload-principals/api/v1/ai-agents?limit=200",
    "okta.aiAgents.read",
    "AI agents",
    &[Identities],
)
.optional();
pub(super) const AGENT_CONNECTIONS: Endpoint = endpoint(
    "ai-agent-connections",
    "/workload-principals/api/v1/ai-agents/{}/connections",
    "okta.aiAgents.read",
    "connections of AI agents",
    &[Settings],
)
.optional();
pub(super) const AGENT_KEYS: Endpoint = endpoint(
    "ai-agent-keys",
    "/workload-principals/api/v1/ai-agents/{}/credentials/jwks",
    "okta.aiAgents.read",
    "public keys of AI agents",
    &[Credentials],
)
.key("jwks")
.optional();
/// Seen in answers, and in no description of the API.
pub(super) const AGENT_SECRETS: Endpoint = endpoint(
    "ai-agent-secrets",
    "/workload-principals/api/v1/ai-agents/{}/credentials/secrets",
    "okta.aiAgents.read",
    "secrets of AI agents",
    &[Credentials],
)
.optional();
/// Its parent is the agent's `orn`.
pub(super) const AGENT_OWNERS: Endpoint = endpoint(
    "ai-agent-owners",
    "/governance/api/v1/resource-owners?filter=resource.orn%20eq%20%22{}%22",
    "okta.governance.resourceOwner.read",
    "owners of AI agents",
    &[],
)
.optional();
pub(super) const LOG_STREAMS: Endpoint =
    endpoint("log-streams", "/api/v1/logStreams?limit=200", "okta.logStreams.read", "log streams", &[Settings]);
pub(super) const EVENT_HOOKS: Endpoint =
    endpoint("event-hooks", "/api/v1/eventHooks", "okta.eventHooks.read", "event hooks", &[Settings]);
pub(super) const ZONES: Endpoint =
    endpoint("zones", "/api/v1/zones", "okta.networkZones.read", "network zones", &[Settings]);
pub(super) const DEVICE_ASSURANCES: Endpoint = endpoint(
    "device-assurances",
    "/api/v1/device-assurances",
    "okta.deviceAssurance.read",
    "device assurance policies",
    &[Settings],
);
pub(super) const AGENT_POOLS: Endpoint =
    endpoint("agent-pools", "/api/v1/agentPools", "okta.agentPools.read", "pools of directory agents", &[]).optional();
/// The query is made with the window of time.
pub(super) const LOG: Endpoint = endpoint("logs", "/api/v1/logs", "okta.logs.read", "System Log", &[Usage]);

/// Every endpoint, in the order in which they are asked.
pub(super) const ALL: &[Endpoint] = &[
    USERS,
    LEFT_USERS,
    GROUPS,
    APPS,
    API_TOKENS,
    ROLES,
    ROLE_PERMISSIONS,
    RESOURCE_SETS,
    RESOURCES,
    ROLE_USERS,
    USER_ROLES,
    GROUP_ROLES,
    CLIENT_ROLES,
    CLIENT_SECRETS,
    CLIENT_KEYS,
    SCOPE_GRANTS,
    REFRESH_TOKENS,
    APP_USERS,
    APP_GROUPS,
    FACTORS,
    ACCESS_POLICIES,
    SIGN_ON_POLICIES,
    ENROL_POLICIES,
    POLICY_RULES,
    AUTHORIZATION_SERVERS,
    SERVER_POLICIES,
    SERVER_RULES,
    INTEGRATIONS,
    INTEGRATION_SECRETS,
    SERVICE_ACCOUNTS,
    OKTA_SERVICE_ACCOUNTS,
    AGENTS,
    AGENT_CONNECTIONS,
    AGENT_KEYS,
    AGENT_SECRETS,
    AGENT_OWNERS,
    LOG_STREAMS,
    EVENT_HOOKS,
    ZONES,
    DEVICE_ASSURANCES,
    AGENT_POOLS,
    LOG,
];
