//! IAM and STS: users, roles, their credentials and the providers they trust. It must not judge what they hold.

use crate::collect::aws::calls::{Call, Wire};
use crate::model::FactKind::{Credentials, Grants, Identities, Trusts, Usage, Workloads};

const USERS: &str = "get-account-authorization-details";

/// What is asked.
pub(super) const CALLS: &[Call] = &[
    Call::new("sts", "get-caller-identity", "sts:GetCallerIdentity", "which account this is", Wire::Sdk),
    Call::new(
        "iam",
        USERS,
        "iam:GetAccountAuthorizationDetails",
        "users, groups, roles, policies, last use of roles",
        Wire::Sdk,
    )
    .pages("Marker", "Marker")
    .blinds(&[Identities, Grants, Trusts, Workloads]),
    Call::new(
        "iam",
        "generate-credential-report",
        "iam:GenerateCredentialReport",
        "has the report made that the next call gets",
        Wire::Sdk,
    ),
    Call::new(
        "iam",
        "get-credential-report",
        "iam:GetCredentialReport",
        "passwords, MFA, certificates, last use of keys",
        Wire::Sdk,
    )
    .blinds(&[Usage, Credentials]),
    Call::new(
        "iam",
        "list-access-keys",
        "iam:ListAccessKeys",
        "ids of the access keys of users that have some",
        Wire::Sdk,
    )
    .each(USERS, "/UserDetailList/*/UserName", "UserName")
    .blinds(&[Credentials]),
    Call::new(
        "iam",
        "get-access-key-last-used",
        "iam:GetAccessKeyLastUsed",
        "last use, of keys that the report does not know",
        Wire::Sdk,
    )
    .each("list-access-keys", "/AccessKeyMetadata/*/AccessKeyId", "AccessKeyId")
    .blinds(&[Usage]),
    Call::new("iam", "list-open-id-connect-providers", "iam:ListOpenIDConnectProviders", "OIDC providers", Wire::Sdk),
    Call::new(
        "iam",
        "get-open-id-connect-provider",
        "iam:GetOpenIDConnectProvider",
        "audiences and tags of OIDC providers",
        Wire::Sdk,
    )
    .each("list-open-id-connect-providers", "/OpenIDConnectProviderList/*/Arn", "OpenIDConnectProviderArn"),
    Call::new("iam", "list-saml-providers", "iam:ListSAMLProviders", "SAML providers", Wire::Sdk),
    Call::new("iam", "list-account-aliases", "iam:ListAccountAliases", "how the account is called", Wire::Sdk),
];
