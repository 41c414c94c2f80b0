//! Bedrock agents and AgentCore: agents with their roles, their own identities, and the credentials of others that they
//! may use. It must not read prompts or stored credentials.
//!
//! Shapes: Agents for Amazon Bedrock API reference, `Agent`; Bedrock AgentCore Control API reference.

use std::sync::Arc;

use serde_json::Value;

use crate::collect::aws::answer::{Answer, list, moment, tags, text, text_at};
use crate::collect::aws::calls::{Call, Per, Wire};
use crate::collect::aws::notes::{Notes, last_part, region_of, variables};
use crate::model::FactKind::{Exposures, Identities, Settings, Workloads};
use crate::model::{
    AttributeName as A, Attributes, Confidence, IdentityKind, Known, Link, LinkKind, Record, SettingKind, Urn,
    WorkloadKind,
};

/// What is asked.
pub(super) const CALLS: &[Call] = &[
    Call::new("bedrock-agent", "list-agents", "bedrock:ListAgents", "Bedrock agents", Wire::Post { path: "/agents/" })
        .per(Per::Region)
        .pages("nextToken", "nextToken")
        .key("agentSummaries")
        .blinds(&[Workloads, Identities])
        .of(&["aws.bedrock-agent", "agent.cloud"]),
    Call::new(
        "bedrock-agent",
        "get-agent",
        "bedrock:GetAgent",
        "the role of each agent",
        Wire::Get { path: "/agents/{}/" },
    )
    .each("list-agents", "/agentSummaries/*/agentId", "agentId")
    .key("agent")
    .blinds(&[Workloads, Identities])
    .of(&["aws.bedrock-agent", "agent.cloud"]),
    core("list-agent-runtimes", "bedrock-agentcore:ListAgentRuntimes", "agent runtimes", "/runtimes/")
        .key("agentRuntimes")
        .blinds(&[Workloads, Identities])
        .of(&["aws.agent-runtime", "agent.cloud"]),
    Call::new(
        "bedrock-agentcore-control",
        "get-agent-runtime",
        "bedrock-agentcore:GetAgentRuntime",
        "role, environment and authorizer of each runtime",
        Wire::Get { path: "/runtimes/{}/" },
    )
    .each("list-agent-runtimes", "/agentRuntimes/*/agentRuntimeId", "agentRuntimeId")
    .key("agentRuntimeArn")
    .blinds(&[Workloads, Identities, Exposures])
    .of(&["aws.agent-runtime", "agent.cloud"]),
    core(
        "list-workload-identities",
        "bedrock-agentcore:ListWorkloadIdentities",
        "identities of agents",
        "/identities/ListWorkloadIdentities",
    )
    .key("workloadIdentities")
    .blinds(&[Identities])
    .of(&["aws.workload-identity"]),
    core(
        "list-api-key-credential-providers",
        "bedrock-agentcore:ListApiKeyCredentialProviders",
        "API keys of others that agents may use",
        "/identities/ListApiKeyCredentialProviders",
    )
    .blinds(&[Settings])
    .of(&["aws.credential-provider"]),
    core(
        "list-oauth2-credential-providers",
        "bedrock-agentcore:ListOauth2CredentialProviders",
        "OAuth clients that agents may use",
        "/identities/ListOauth2CredentialProviders",
    )
    .blinds(&[Settings])
    .of(&["aws.credential-provider"]),
    Call::new(
        "bedrock-agentcore-control",
        "list-gateways",
        "bedrock-agentcore:ListGateways",
        "gateways to tools",
        Wire::Get { path: "/gateways/" },
    )
    .per(Per::Region)
    .pages("nextToken", "nextToken")
    .blinds(&[Settings])
    .of(&["aws.gateway"]),
    Call::new(
        "bedrock-agentcore-control",
        "get-gateway",
        "bedrock-agentcore:GetGateway",
        "role and authorizer of each gateway",
        Wire::Get { path: "/gateways/{}/" },
    )
    .each("list-gateways", "/items/*/gatewayId", "gatewayIdentifier")
    .key("gatewayArn")
    .blinds(&[Workloads])
    .of(&["aws.gateway"]),
];

const fn core(operation: &'static str, action: &'static str, what: &'static str, path: &'static str) -> Call {
    Call::new("bedrock-agentcore-control", operation, action, what, Wire::Post { path })
        .per(Per::Region)
        .pages("nextToken", "nextToken")
}

/// Notes what an answer says.
pub(super) fn read(answer: &Answer, notes: &mut Notes<'_>) {
    match answer.call.operation {
        "get-agent" => agent(answer, notes),
        "get-agent-runtime" => runtime(answer, notes),
        "get-gateway" => gateway(answer, notes),
        "list-workload-identities" => workload_identities(answer, notes),
        "list-api-key-credential-providers" | "list-oauth2-credential-providers" => providers(answer, notes),
        _ => notes.counted(),
    }
}

fn agent(answer: &Answer, notes: &mut Notes<'_>) {
    let Some(item) = notes.one(answer, "/agent", &["agentArn"]) else { return };
    let roles = notes.role(text(item, "agentResourceRoleArn")).into_iter().collect();
    let mut attributes = Attributes::default().with(A::State, text(item, "agentStatus").to_lowercase());
    attributes.set_known(A::Began, moment(item, "createdAt"));
    let id = (text(item, "agentArn"), text(item, "agentName"));
    as_identity(notes, id, ("Bedrock agent", "agentResourceRoleArn"), (answer, item));
    notes.workload(WorkloadKind::AwsBedrockAgent, id, roles, attributes, (answer, item));
}

/// What runs as a role is a workload; what decides for itself what to do with it is an agent, too, and has the same name.
fn as_identity(notes: &mut Notes<'_>, id: (&str, &str), (what, role): (&str, &str), from: (&Answer, &Value)) {
    let ((arn, name), (answer, item)) = (id, from);
    let seen = notes.seen(answer, name);
    let mut identity = notes.site.identity(IdentityKind::AgentCloud, arn, name, seen);
    identity.created = match moment(item, "createdAt") {
        Known::Absent => Known::unknown("the answer does not say"),
        known => known,
    };
    identity.labels = tags(item);
    identity.attributes.set(A::AgentProgram, what);
    if !text(item, role).is_empty() {
        identity.attributes.set(A::CloudRole, text(item, role));
    }
    notes.records.push(Record::Identity(identity));
}

/// The identity of AgentCore that a runtime or gateway has; by it agents get the credentials of others.
fn of_agentcore(notes: &mut Notes<'_>, (arn, name): (&str, &str), from: (&Answer, &Value)) {
    let (answer, item) = from;
    let identity = text_at(item, "/workloadIdentityDetails/workloadIdentityArn");
    if !identity.is_empty() {
        notes.records.push(Record::Link(Link {
            from: Urn::new(arn),
            kind: LinkKind::ActsAs,
            to: Urn::new(identity),
            confidence: Confidence::Certain,
            condition: None,
            why: format!("AgentCore gives {name} this identity").into(),
            evidence: Arc::new(notes.seen(answer, name)),
        }));
    }
}

fn runtime(answer: &Answer, notes: &mut Notes<'_>) {
    let Some(item) = notes.one(answer, "", &["agentRuntimeArn"]) else { return };
    let (arn, name) = (text(item, "agentRuntimeArn"), text(item, "agentRuntimeName"));
    let roles = notes.role(text(item, "roleArn")).into_iter().collect();
    let network = text_at(item, "/networkConfiguration/networkMode");
    let mut attributes = Attributes::default().with(A::Public, network == "PUBLIC");
    attributes.set_known(A::Began, moment(item, "createdAt"));
    as_identity(notes, (arn, name), ("AgentCore runtime", "roleArn"), (answer, item));
    of_agentcore(notes, (arn, name), (answer, item));
    notes.workload(WorkloadKind::AwsAgentRuntime, (arn, name), roles, attributes, (answer, item));
    let environment = variables(item.get("environmentVariables")).into_iter();
    notes.environment(format!("bedrock-agentcore/{}/{name}/environment", region_of(arn)), environment);
}

fn gateway(answer: &Answer, notes: &mut Notes<'_>) {
    let Some(item) = notes.one(answer, "", &["gatewayArn"]) else { return };
    let roles = notes.role(text(item, "roleArn")).into_iter().collect();
    let authorizer = text(item, "authorizerType");
    let attributes = Attributes::default()
        .with(A::Form, authorizer)
        .with(A::Public, matches!(authorizer, "NONE" | "AUTHENTICATE_ONLY"));
    of_agentcore(notes, (text(item, "gatewayArn"), text(item, "name")), (answer, item));
    notes.workload(
        WorkloadKind::AwsGateway,
        (text(item, "gatewayArn"), text(item, "name")),
        roles,
        attributes,
        (answer, item),
    );
}

fn workload_identities(answer: &Answer, notes: &mut Notes<'_>) {
    for item in notes.items(answer, "workloadIdentities", &["workloadIdentityArn"]) {
        let arn = text(item, "workloadIdentityArn");
        let seen = notes.seen(answer, text(item, "name"));
        let mut identity = notes.site.identity(IdentityKind::AwsWorkloadIdentity, arn, text(item, "name"), seen);
        identity.created = match moment(item, "createdTime") {
            Known::Absent => Known::unknown("the answer does not say"),
            known => known,
        };
        let returns: Vec<String> = list(item, "allowedResourceOauth2ReturnUrls")
            .iter()
            .filter_map(|url| Some(url.as_str()?.to_owned()))
            .collect();
        identity.attributes.set(A::ReturnUrls, returns);
        notes.records.push(Record::Identity(identity));
    }
}

fn providers(answer: &Answer, notes: &mut Notes<'_>) {
    let form = if answer.call.operation.contains("oauth2") { "oauth2" } else { "api-key" };
    for item in notes.items(answer, "credentialProviders", &["credentialProviderArn"]) {
        let arn = text(item, "credentialProviderArn");
        let mut attributes = Attributes::default().with(A::Form, form);
        if !text(item, "credentialProviderVendor").is_empty() {
            attributes.set(A::Service, text(item, "credentialProviderVendor"));
        }
        attributes.set_known(A::Began, moment(item, "createdTime"));
        attributes.set_known(A::Changed, moment(item, "lastUpdatedTime"));
        let name = if text(item, "name").is_empty() { last_part(arn) } else { text(item, "name") };
        notes.setting(SettingKind::AwsCredentialProvider, (arn, name), None, attributes, (answer, item));
    }
}
