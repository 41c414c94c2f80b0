//! A thing of a tenant's configuration that bears on identities but is none itself.

use serde::{Deserialize, Serialize};

use super::{Attributes, Evidence, Labels, Provider, Urn, names};

names! {
    /// What sort of setting it is.
    SettingKind {
        /// Code that makes an identity: a resource of Terraform, its state, CloudFormation or Pulumi.
        CodeDefinition = "code.definition",
        /// An API key, as its provider lists it: its name and state, and never its value.
        ListedKey = "listed.key",
        /// A public key that a file names: a line of `authorized_keys`, a deploy key in code, a certificate.
        CodePublicKey = "code.public-key",
        /// A key of a cloud that lasts, which a workflow takes from its secrets.
        CiStaticKey = "ci.static-key",
        /// A workflow's token that may write everything.
        CiWriteAll = "ci.write-all",
        /// An AWS account as such: its root user's MFA and keys.
        AwsAccount = "aws.account",
        /// A finding of IAM Access Analyzer.
        AwsAnalyzerFinding = "aws.analyzer-finding",
        /// That IAM Identity Center lets a person or a group use the role of a permission set in an account.
        AwsAccountAssignment = "aws.account-assignment",
        /// A group of people in IAM Identity Center.
        AwsCenterGroup = "aws.identity-center-group",
        /// IAM Identity Center itself.
        AwsIdentityCenter = "aws.identity-center",
        /// A set of rights that IAM Identity Center makes roles of in accounts.
        AwsPermissionSet = "aws.permission-set",
        /// Which accounts of an organisation manage IAM Identity Center beside its management account.
        AwsDelegation = "aws.delegation",
        /// An EKS cluster as AWS sees it.
        AwsCluster = "aws.cluster",
        /// An access entry of an EKS cluster: whom of IAM it lets in, and as what.
        AwsAccessEntry = "aws.access-entry",
        /// A credential of another service that AgentCore keeps for agents.
        AwsCredentialProvider = "aws.credential-provider",
        /// A request for temporary rights in an account.
        AwsDelegationRequest = "aws.delegation-request",
        /// An account of an organisation.
        AwsMemberAccount = "aws.member-account",
        /// An organisation of accounts.
        AwsOrganization = "aws.organization",
        /// A service or resource control policy of an organisation.
        AwsOrganizationPolicy = "aws.organization-policy",
        /// Tokens that an account issues for other systems.
        AwsOutboundFederation = "aws.outbound-federation",
        /// An SSM parameter, without its value.
        AwsParameter = "aws.parameter",
        /// The rules for passwords of an AWS account.
        AwsPasswordPolicy = "aws.password-policy",
        /// The organisation itself.
        OktaOrganisation = "okta.organisation",
        /// A policy by which people get into apps.
        OktaAccessPolicy = "okta.access-policy",
        /// A policy by which people get into Okta.
        OktaSignOnPolicy = "okta.sign-on-policy",
        /// A rule that says when people must enrol a factor.
        OktaEnrolmentRule = "okta.enrolment-rule",
        /// A rule of the policy that lets people into an app.
        OktaAccessRule = "okta.access-rule",
        /// A rule of the policy that lets people into Okta.
        OktaSignOnRule = "okta.sign-on-rule",
        /// A policy that says which authenticators people enrol.
        OktaEnrolmentPolicy = "okta.enrolment-policy",
        /// A custom authorization server.
        OktaAuthorizationServer = "okta.authorization-server",
        /// A rule by which an authorization server gives out tokens.
        OktaServerRule = "okta.server-rule",
        /// A stream of the System Log to the outside.
        OktaLogStream = "okta.log-stream",
        /// A web address that is called for events.
        OktaEventHook = "okta.event-hook",
        /// A network zone.
        OktaNetworkZone = "okta.network-zone",
        /// What a device must be like.
        OktaDeviceAssurance = "okta.device-assurance",
        /// What an AI agent may reach.
        OktaAgentConnection = "okta.agent-connection",
        /// A custom admin role.
        OktaRole = "okta.role",
        /// An agent's tools run without anybody being asked.
        AgentApprovalsOff = "agent.approvals-off",
        /// A client starts the servers that a repository names.
        AgentAutoTrust = "agent.auto-trust",
        /// An agent listens to a network without authentication.
        AgentExposed = "agent.exposed",
        /// An agent that the organisation's list names.
        AgentRegistered = "agent.registered",
        /// A server that its client is told not to start.
        AgentServerOff = "agent.server-off",
        /// A server, or a tool of one, that its client refuses or asks about each time.
        AgentServerRefused = "agent.server-refused",
        /// All tools of one server run without anybody being asked.
        AgentServerUnasked = "agent.server-unasked",
        /// A tool of the client itself is refused or asked about each time.
        AgentToolRefused = "agent.tool-refused",
        /// A tool of the client itself runs without anybody being asked.
        AgentToolUnasked = "agent.tool-unasked",
        /// An agent runs any command, without a sandbox, or with the whole disk.
        AgentUnrestricted = "agent.unrestricted",
        /// A ValidatingAdmissionPolicy or MutatingAdmissionPolicy.
        KubernetesAdmissionPolicy = "kubernetes.admission-policy",
        /// How an API server was started.
        KubernetesApiServer = "kubernetes.api-server",
        /// A RoleBinding or ClusterRoleBinding that is worth a look by itself.
        KubernetesBinding = "kubernetes.binding",
        /// A CertificateSigningRequest.
        KubernetesCertificateRequest = "kubernetes.certificate-request",
        /// A cluster as such: who issues its tokens.
        KubernetesCluster = "kubernetes.cluster",
        /// A ConfigMap that holds something about identities.
        KubernetesConfigMap = "kubernetes.config-map",
        /// A namespace.
        KubernetesNamespace = "kubernetes.namespace",
        /// A node, by the pods on it.
        KubernetesNode = "kubernetes.node",
        /// A Role or ClusterRole that is worth a look by itself.
        KubernetesRole = "kubernetes.role",
        /// The metadata of a Secret that is worth a look.
        KubernetesSecret = "kubernetes.secret",
        /// A configuration of admission webhooks.
        KubernetesWebhook = "kubernetes.webhook",
        /// The policy of a bucket, key, queue, topic, secret or function.
        AwsResourcePolicy = "aws.resource-policy",
        /// A secret of Secrets Manager, without its value.
        AwsSecret = "aws.secret",
        /// A server certificate that IAM keeps.
        AwsServerCertificate = "aws.server-certificate",
        /// A token that CodeBuild holds for a source host.
        AwsSourceCredential = "aws.source-credential",
        /// A certificate authority that opens roles (IAM Roles Anywhere).
        AwsTrustAnchor = "aws.trust-anchor",
    }
}

impl SettingKind {
    /// The system it lives in.
    pub fn provider(self) -> Option<Provider> {
        Provider::of_kind(self.as_str())
    }
}

/// A rule of a policy, a log stream, the metadata of a stored secret, a webhook.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Setting {
    /// Its stable name.
    pub id: Urn,
    /// What sort of setting it is.
    pub kind: SettingKind,
    /// The account, cluster or organisation it lives in.
    pub tenant: String,
    /// Its name there.
    pub name: String,
    /// The setting or identity that it is a part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_of: Option<Urn>,
    /// Tags, labels and annotations by name.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// What only its provider knows of it.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
    /// Where it was seen.
    pub evidence: Evidence,
}
