//! The shapes of the AWS CLI's JSON answers, with only the fields that become records. Live answers are converted into
//! the same shapes. It must not judge or name anything.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Reads `null` like an absent field.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

macro_rules! shapes {
    ($($(#[$meta:meta])* $name:ident { $($(#[$fmeta:meta])* $field:ident : $type:ty = $key:literal),+ $(,)? })+) => { $(
        $(#[$meta])*
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(default)]
        pub(super) struct $name {
            $($(#[$fmeta])* #[serde(rename = $key, deserialize_with = "or_default")] pub(super) $field: $type,)+
        }
    )+ };
}

shapes! {
    /// One page (or the whole) of `iam get-account-authorization-details`.
    Authorization {
        users: Vec<User> = "UserDetailList",
        groups: Vec<Group> = "GroupDetailList",
        roles: Vec<Role> = "RoleDetailList",
        policies: Vec<ManagedPolicy> = "Policies",
        is_truncated: bool = "IsTruncated",
        /// Written by the CLI when `--max-items` cut the answer.
        next_token: Option<String> = "NextToken",
    }
    User {
        name: String = "UserName",
        arn: String = "Arn",
        unique_id: Option<String> = "UserId",
        created: Option<String> = "CreateDate",
        inline: Vec<InlinePolicy> = "UserPolicyList",
        groups: Vec<String> = "GroupList",
        attached: Vec<Attached> = "AttachedManagedPolicies",
        boundary: Option<Boundary> = "PermissionsBoundary",
        tags: Vec<Tag> = "Tags",
    }
    Group {
        name: String = "GroupName",
        arn: String = "Arn",
        unique_id: Option<String> = "GroupId",
        created: Option<String> = "CreateDate",
        inline: Vec<InlinePolicy> = "GroupPolicyList",
        attached: Vec<Attached> = "AttachedManagedPolicies",
    }
    Role {
        name: String = "RoleName",
        arn: String = "Arn",
        path: String = "Path",
        unique_id: Option<String> = "RoleId",
        created: Option<String> = "CreateDate",
        trust: Option<Value> = "AssumeRolePolicyDocument",
        inline: Vec<InlinePolicy> = "RolePolicyList",
        attached: Vec<Attached> = "AttachedManagedPolicies",
        boundary: Option<Boundary> = "PermissionsBoundary",
        instance_profiles: Vec<InstanceProfile> = "InstanceProfileList",
        /// `{}` says that it was not used in the tracking period; absent says nothing.
        last_used: Option<RoleLastUsed> = "RoleLastUsed",
        tags: Vec<Tag> = "Tags",
    }
    RoleLastUsed { date: Option<String> = "LastUsedDate" }
    InlinePolicy {
        name: String = "PolicyName",
        document: Option<Value> = "PolicyDocument",
    }
    Attached { arn: String = "PolicyArn" }
    Boundary { arn: String = "PermissionsBoundaryArn" }
    Tag {
        key: String = "Key",
        value: String = "Value",
    }
    InstanceProfile {
        name: String = "InstanceProfileName",
        arn: String = "Arn",
        roles: Vec<ProfileRole> = "Roles",
        tags: Vec<Tag> = "Tags",
    }
    ProfileRole { arn: String = "Arn" }
    ManagedPolicy {
        name: String = "PolicyName",
        arn: String = "Arn",
        default_version: Option<String> = "DefaultVersionId",
        versions: Vec<PolicyVersion> = "PolicyVersionList",
    }
    PolicyVersion {
        id: Option<String> = "VersionId",
        is_default: bool = "IsDefaultVersion",
        document: Option<Value> = "Document",
    }
    /// `iam list-access-keys`.
    AccessKeys {
        keys: Vec<AccessKey> = "AccessKeyMetadata",
        is_truncated: bool = "IsTruncated",
        next_token: Option<String> = "NextToken",
    }
    AccessKey {
        user: String = "UserName",
        id: String = "AccessKeyId",
        status: Option<String> = "Status",
        created: Option<String> = "CreateDate",
    }
    /// `iam get-access-key-last-used`. It does not repeat the key it was asked about.
    KeyLastUsed {
        user: String = "UserName",
        used: KeyUse = "AccessKeyLastUsed",
    }
    KeyUse { date: Option<String> = "LastUsedDate" }
    /// `iam list-open-id-connect-providers`.
    OidcProviders { providers: Vec<ProviderArn> = "OpenIDConnectProviderList" }
    ProviderArn { arn: String = "Arn" }
    /// `iam get-open-id-connect-provider`. It does not repeat the ARN.
    OidcProvider {
        url: String = "Url",
        created: Option<String> = "CreateDate",
        tags: Vec<Tag> = "Tags",
    }
    /// `iam list-saml-providers`.
    SamlProviders { providers: Vec<SamlProvider> = "SAMLProviderList" }
    SamlProvider {
        arn: String = "Arn",
        created: Option<String> = "CreateDate",
    }
    /// `iam list-account-aliases`.
    Aliases { names: Vec<String> = "AccountAliases" }
    /// `sts get-caller-identity`.
    Caller { arn: String = "Arn" }
    /// `iam get-credential-report` as JSON.
    ReportAnswer { content: String = "Content" }
}

impl Authorization {
    /// Whether the answer itself says that more pages follow.
    pub(super) fn has_more(&self) -> bool {
        self.is_truncated || self.next_token.is_some()
    }

    /// How many things are in it.
    pub(super) fn len(&self) -> u64 {
        (self.users.len() + self.groups.len() + self.roles.len() + self.policies.len()) as u64
    }

    /// Every ARN of an entity of the account itself.
    pub(super) fn arns(&self) -> impl Iterator<Item = &str> {
        let users = self.users.iter().map(|user| user.arn.as_str());
        let roles = self.roles.iter().map(|role| role.arn.as_str());
        let groups = self.groups.iter().map(|group| group.arn.as_str());
        users.chain(roles).chain(groups).chain(self.policies.iter().map(|policy| policy.arn.as_str()))
    }
}

impl ManagedPolicy {
    /// The document of the version in force.
    pub(super) fn document(&self) -> Option<&Value> {
        let named = |version: &&PolicyVersion| version.id.is_some() && version.id == self.default_version;
        let version =
            self.versions.iter().find(|version| version.is_default).or_else(|| self.versions.iter().find(named));
        version.and_then(|version| version.document.as_ref())
    }
}
