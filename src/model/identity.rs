//! Something that can act without a person at the keyboard.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Attributes, Evidence, Known, Labels, Urn, names};

names! {
    /// The system an identity lives in.
    Provider {
        /// An AWS account.
        Aws = "aws",
        /// A Kubernetes cluster.
        Kubernetes = "kubernetes",
        /// An Okta organisation.
        Okta = "okta",
        /// Configuration of AI agents in files.
        Agents = "agents",
    }
}

impl Provider {
    /// The system that a kind (`aws.user`) belongs to.
    pub fn of_kind(kind: &str) -> Option<Self> {
        let (system, _) = kind.split_once('.')?;
        match system {
            "agent" => Some(Self::Agents),
            _ => system.parse().ok(),
        }
    }

    /// The system that a name of ours belongs to.
    pub fn of(name: &Urn) -> Option<Self> {
        let (scheme, _) = name.as_str().split_once(':')?;
        match scheme {
            "arn" | "aws" => Some(Self::Aws),
            "k8s" => Some(Self::Kubernetes),
            "okta" => Some(Self::Okta),
            "agent" => Some(Self::Agents),
            _ => None,
        }
    }
}

names! {
    /// What sort of identity it is.
    IdentityKind {
        /// The root user of an AWS account.
        AwsRoot = "aws.root",
        /// An IAM user.
        AwsUser = "aws.user",
        /// An IAM group: acts only through its members, but carries their policies.
        AwsGroup = "aws.group",
        /// An IAM role.
        AwsRole = "aws.role",
        /// An OIDC provider trusted by an account.
        AwsOidcProvider = "aws.oidc-provider",
        /// A SAML provider trusted by an account.
        AwsSamlProvider = "aws.saml-provider",
        /// The identity of an agent in Bedrock AgentCore.
        AwsWorkloadIdentity = "aws.workload-identity",
        /// A Kubernetes ServiceAccount.
        KubernetesServiceAccount = "kubernetes.service-account",
        /// A user name that a binding grants something to.
        KubernetesUser = "kubernetes.user",
        /// A group name that a binding grants something to.
        KubernetesGroup = "kubernetes.group",
        /// An OAuth client that acts by itself (`client_credentials`).
        OktaServiceApp = "okta.service-app",
        /// Any other app: web, native, browser, SAML.
        OktaApp = "okta.app",
        /// An integration from Okta's catalogue that calls the organisation's API.
        OktaApiService = "okta.api-service",
        /// An AI agent of the registry (a workload principal).
        OktaAgent = "okta.ai-agent",
        /// A user: one who owns a token, holds an admin role or looks like a machine's account.
        OktaUser = "okta.user",
        /// A group that hands an admin role to its members.
        OktaGroup = "okta.group",
        /// A service account of Okta Privileged Access.
        OktaServiceAccount = "okta.service-account",
        /// Programs on one's own machines that connect a directory (AD, LDAP, RADIUS).
        OktaDirectoryAgent = "okta.directory-agent",
        /// An A2A card: what an agent tells others of itself.
        AgentCard = "agent.card",
        /// An agent that a CI workflow starts.
        AgentCi = "agent.ci",
        /// A client in which agents run, with its settings.
        AgentClient = "agent.client",
        /// An agent that infrastructure code or a manifest makes in a cloud or a cluster.
        AgentCloud = "agent.cloud",
        /// Code that is built on a framework for agents.
        AgentCode = "agent.code",
        /// An agent that a file describes: its instructions, tools and model.
        AgentDefinition = "agent.definition",
        /// A connection of a client to an MCP server.
        AgentServer = "agent.mcp-server",
    }
}

impl IdentityKind {
    /// The system it lives in.
    pub fn provider(self) -> Provider {
        match self {
            Self::AwsRoot
            | Self::AwsUser
            | Self::AwsGroup
            | Self::AwsRole
            | Self::AwsOidcProvider
            | Self::AwsSamlProvider
            | Self::AwsWorkloadIdentity => Provider::Aws,
            Self::KubernetesServiceAccount | Self::KubernetesUser | Self::KubernetesGroup => Provider::Kubernetes,
            Self::OktaServiceApp
            | Self::OktaApp
            | Self::OktaApiService
            | Self::OktaAgent
            | Self::OktaUser
            | Self::OktaGroup
            | Self::OktaServiceAccount
            | Self::OktaDirectoryAgent => Provider::Okta,
            Self::AgentCard
            | Self::AgentCi
            | Self::AgentClient
            | Self::AgentCloud
            | Self::AgentCode
            | Self::AgentDefinition
            | Self::AgentServer => Provider::Agents,
        }
    }

    /// The kind in words, for a reader.
    pub fn label(self) -> &'static str {
        match self {
            Self::AwsRoot => "AWS root user",
            Self::AwsUser => "IAM user",
            Self::AwsGroup => "IAM group",
            Self::AwsRole => "IAM role",
            Self::AwsOidcProvider => "OIDC provider",
            Self::AwsSamlProvider => "SAML provider",
            Self::AwsWorkloadIdentity => "AgentCore identity",
            Self::KubernetesServiceAccount => "service account",
            Self::KubernetesUser => "Kubernetes user",
            Self::KubernetesGroup => "Kubernetes group",
            Self::OktaServiceApp => "Okta service app",
            Self::OktaApp => "Okta app",
            Self::OktaApiService => "API service integration",
            Self::OktaAgent => "AI agent",
            Self::OktaUser => "Okta user",
            Self::OktaGroup => "Okta group",
            Self::OktaServiceAccount => "vaulted account",
            Self::OktaDirectoryAgent => "directory agents",
            Self::AgentCard => "A2A card",
            Self::AgentCi => "CI agent",
            Self::AgentClient => "agent client",
            Self::AgentCloud => "cloud agent",
            Self::AgentCode => "agent code",
            Self::AgentDefinition => "agent",
            Self::AgentServer => "MCP server",
        }
    }
}

/// An identity as its provider describes it. What the join concludes about it lives in `link`, not here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Identity {
    /// Its stable name.
    pub id: Urn,
    /// What sort of identity it is.
    pub kind: IdentityKind,
    /// The account, cluster or organisation it lives in.
    pub tenant: String,
    /// Its name there; `namespace/name` for namespaced things.
    pub name: String,
    /// Whether it can act at all.
    pub enabled: Known<bool>,
    /// When it was made.
    pub created: Known<Timestamp>,
    /// The provider's own unique id (`AIDA…`, a Kubernetes uid), where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique_id: Option<String>,
    /// Made and run by the platform itself: service-linked roles, `system:` accounts.
    #[serde(default)]
    pub builtin: bool,
    /// Tags, labels and annotations by name.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// What only its provider knows of it.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
    /// Where it was seen.
    pub evidence: Evidence,
}

impl Identity {
    /// The system it lives in.
    pub fn provider(&self) -> Provider {
        self.kind.provider()
    }

    /// Whether it is a service account that only others name: a binding, a workload, a token. Nothing was read of itself.
    pub fn is_only_named(&self) -> bool {
        self.kind == IdentityKind::KubernetesServiceAccount && matches!(self.enabled, Known::Unknown(_))
    }
}
