//! AI agents, what they are connected to, who owns them; service accounts of Okta Privileged Access.

use super::answers;

answers! {
    /// `GET /workload-principals/api/v1/ai-agents`.
    Agent {
        id: String,
        app_id: Option<String>,
        orn: Option<String>,
        profile: AgentProfile,
        status: String,
        created: Option<String>,
        last_updated: Option<String>,
    }
    /// `profile` of an agent.
    AgentProfile { name: String, description: Option<String> }
    /// `GET /workload-principals/api/v1/ai-agents/{id}/connections`.
    Connection {
        id: String,
        connection_type: String,
        status: String,
        resource_indicator: Option<String>,
        scope_condition: Option<String>,
        scopes: Vec<String>,
        authorization_server: Option<Target>,
        app: Option<Target>,
        service_account: Option<Target>,
        secret: Option<Target>,
    }
    /// What a connection leads to. Of a vaulted secret this is its name alone.
    Target { orn: Option<String>, name: Option<String> }
    /// `GET /governance/api/v1/resource-owners`.
    Ownership { resource: OwnedResource, principals: Vec<Principal> }
    /// What is owned.
    OwnedResource { id: Option<String>, orn: Option<String> }
    /// Who owns it: a user or a group.
    Principal {
        orn: Option<String>,
        #[serde(rename = "type")]
        kind: Option<String>,
        id: Option<String>,
        profile: PrincipalProfile,
    }
    /// `profile` of an owner.
    PrincipalProfile { id: Option<String>, email: Option<String>, name: Option<String> }
    /// `GET /privileged-access/api/v1/service-accounts` and `okta-service-accounts`.
    ServiceAccount {
        id: String,
        name: String,
        username: Option<String>,
        container_instance_name: Option<String>,
        owner_user_ids: Vec<String>,
        owner_group_ids: Vec<String>,
        status: Option<String>,
        status_detail: Option<String>,
        created: Option<String>,
        okta_user_id: Option<String>,
    }
}
