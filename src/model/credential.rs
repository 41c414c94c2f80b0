//! What proves an identity. Never its value.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Attributes, Evidence, Fingerprint, Known, Urn, names};

names! {
    /// What sort of credential it is.
    CredentialKind {
        /// An AWS access key id with its secret.
        AwsAccessKey = "aws.access-key",
        /// The console password of an IAM user.
        AwsPassword = "aws.password",
        /// A credential of an IAM user for one service, such as a long-term API key of Bedrock.
        AwsServiceCredential = "aws.service-credential",
        /// An X.509 signing certificate of an IAM user.
        AwsSigningCertificate = "aws.signing-certificate",
        /// An SSH public key of an IAM user.
        AwsSshKey = "aws.ssh-key",
        /// A Secret of type `kubernetes.io/service-account-token`: it never expires.
        KubernetesTokenSecret = "kubernetes.token-secret",
        /// A client certificate of a cluster: user and groups stand in it, and nobody can take it back.
        KubernetesClientCertificate = "kubernetes.client-certificate",
        /// An API token (`SSWS`): it can all that its user can, and lives as long as it is used.
        OktaApiToken = "okta.api-token",
        /// A shared secret of an OAuth client.
        OktaClientSecret = "okta.client-secret",
        /// A refresh token: a client goes on with it in the name of a person.
        OktaRefreshToken = "okta.refresh-token",
        /// A public key of an OAuth client or an AI agent.
        OktaClientKey = "okta.client-key",
        /// A credential that an agent or a server of one is given: its name, and whether the value stands there.
        AgentGiven = "agent.given-secret",
        /// A file in which a client keeps tokens of its own.
        AgentTokenFile = "agent.token-file",
    }
}

/// A credential as its provider describes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Credential {
    /// Its stable name.
    pub id: Urn,
    /// What sort of credential it is.
    pub kind: CredentialKind,
    /// The identity it proves.
    pub holder: Urn,
    /// The account, cluster or organisation it lives in.
    pub tenant: String,
    /// How its provider calls it: a key id, a Secret's name.
    pub name: String,
    /// Whether it works now.
    pub active: Known<bool>,
    /// When it was made or last rotated.
    pub created: Known<Timestamp>,
    /// When it stops working; absent means never.
    pub expires: Known<Timestamp>,
    /// The fingerprint of its value, where an export gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Fingerprint>,
    /// What only its provider knows of it.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
    /// Where it was seen.
    pub evidence: Evidence,
}
