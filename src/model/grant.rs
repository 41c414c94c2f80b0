//! What was given to whom, and who may become whom.

use serde::{Deserialize, Serialize};

use super::{Evidence, PolicyDocument, Urn, names};

names! {
    /// The language a policy document is written in.
    PolicyLanguage {
        /// An IAM policy document (`Version`, `Statement`).
        AwsIam = "aws.iam",
        /// A list of RBAC rules (`verbs`, `apiGroups`, `resources` …).
        KubernetesRbac = "kubernetes.rbac",
        /// An admin role of Okta: `{"type": "SUPER_ADMIN"}`, or permissions and resources of a custom one.
        OktaRole = "okta.role",
        /// The API scopes that an Okta client may ask for: `{"scopes": []}`.
        OktaScopes = "okta.scopes",
    }
}

names! {
    /// How a policy bears on the identity it is attached to.
    GrantKind {
        /// It gives (and may deny) rights.
        Policy = "policy",
        /// It limits what other policies give (an IAM permissions boundary).
        Boundary = "boundary",
        /// It limits everyone of an account (a service control policy of AWS Organizations). Its holder is the account's root.
        Scp = "scp",
        /// It limits what may be done to the resources of an account (a resource control policy of AWS Organizations). Its
        /// holder is the account's root.
        Rcp = "rcp",
        /// It is attached to a resource and says who may use it. Its holder is the resource.
        Resource = "resource",
    }
}

/// A document that says what is allowed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// Its stable name: an ARN, `<identity urn>#inline/<name>`, or the URN of a role or cluster role.
    pub id: Urn,
    /// Its name.
    pub name: String,
    /// The language of `document`.
    pub language: PolicyLanguage,
    /// The account or cluster it lives in.
    pub tenant: String,
    /// Written and kept by the provider.
    #[serde(default)]
    pub builtin: bool,
    /// The document, decoded: an object for IAM, the array of rules for RBAC.
    pub document: PolicyDocument,
    /// The versions that are kept and not in force, to which somebody may go back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_versions: Vec<PolicyVersion>,
    /// Where it was seen.
    pub evidence: Evidence,
}

/// A version of a policy that is not in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyVersion {
    /// Its name, such as `v1`.
    pub name: String,
    /// The document, decoded.
    pub document: PolicyDocument,
}

/// One policy given to one identity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Grant {
    /// Its stable name.
    pub id: Urn,
    /// Who holds it.
    pub to: Urn,
    /// The policy or role that is given. It may not exist (a dangling reference).
    pub policy: Urn,
    /// How it bears on the holder.
    pub kind: GrantKind,
    /// The account or cluster it lives in.
    pub tenant: String,
    /// Where it holds: `account`, `cluster`, or `namespace/<name>`.
    pub scope: String,
    /// What it came through, outermost first: the group, the binding.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub via: Vec<Urn>,
    /// Where it was seen.
    pub evidence: Evidence,
}

/// A document that says who may become an identity (a role's trust policy).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trust {
    /// The identity that others may become. One document an identity.
    pub of: Urn,
    /// The language of `document`.
    pub language: PolicyLanguage,
    /// The account it lives in.
    pub tenant: String,
    /// The document, decoded.
    pub document: PolicyDocument,
    /// Where it was seen.
    pub evidence: Evidence,
}
