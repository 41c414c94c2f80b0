//! The shapes of the AWS CLI's JSON answers, with only the fields that become records. Live answers are converted into
//! the same shapes. It must not judge or name anything.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// Reads `null` like an absent field.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// A list of which each item is read by itself, so that a malformed one costs no other.
#[derive(Clone, Debug)]
pub(super) struct List<T> {
    pub(super) items: Vec<T>,
    /// Positions, from 1, of items of another form.
    pub(super) wrong: Vec<usize>,
    /// False where something else stands in its place.
    pub(super) is_list: bool,
    /// False where the answer has no such name at all.
    pub(super) is_there: bool,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { is_there: false, ..Self::from(Vec::new()) }
    }
}

impl<T> From<Vec<T>> for List<T> {
    fn from(items: Vec<T>) -> Self {
        Self { items, wrong: Vec::new(), is_list: true, is_there: true }
    }
}

impl<T> std::ops::Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.items
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<T> ListVisitor<T> {
    fn no_list<E>(&self) -> Result<List<T>, E> {
        Ok(List { is_list: false, ..List::from(Vec::new()) })
    }
}

impl<'de, T: DeserializeOwned> Visitor<'de> for ListVisitor<T> {
    type Value = List<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<List<T>, A::Error> {
        let mut list = List::from(Vec::new());
        let mut position = 0;
        // One item is held as its text at a time: a typed read cannot go on after a wrong field.
        while let Some(item) = sequence.next_element::<Box<RawValue>>()? {
            position += 1;
            match serde_json::from_str(item.get()) {
                Ok(item) => list.items.push(item),
                Err(_) => list.wrong.push(position),
            }
        }
        Ok(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<List<T>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        self.no_list()
    }

    fn visit_str<E>(self, _: &str) -> Result<List<T>, E> {
        self.no_list()
    }

    fn visit_bool<E>(self, _: bool) -> Result<List<T>, E> {
        self.no_list()
    }

    fn visit_i64<E>(self, _: i64) -> Result<List<T>, E> {
        self.no_list()
    }

    fn visit_u64<E>(self, _: u64) -> Result<List<T>, E> {
        self.no_list()
    }

    fn visit_f64<E>(self, _: f64) -> Result<List<T>, E> {
        self.no_list()
    }
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
        users: List<User> = "UserDetailList",
        groups: List<Group> = "GroupDetailList",
        roles: List<Role> = "RoleDetailList",
        policies: List<ManagedPolicy> = "Policies",
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
        trust: Option<Box<RawValue>> = "AssumeRolePolicyDocument",
        inline: Vec<InlinePolicy> = "RolePolicyList",
        attached: Vec<Attached> = "AttachedManagedPolicies",
        boundary: Option<Boundary> = "PermissionsBoundary",
        /// Absent, it says nothing.
        instance_profiles: Option<Vec<InstanceProfile>> = "InstanceProfileList",
        /// `{}` says that it was not used in the tracking period; absent says nothing.
        last_used: Option<RoleLastUsed> = "RoleLastUsed",
        tags: Vec<Tag> = "Tags",
    }
    RoleLastUsed { date: Option<String> = "LastUsedDate" }
    InlinePolicy {
        name: String = "PolicyName",
        document: Option<Box<RawValue>> = "PolicyDocument",
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
        document: Option<Box<RawValue>> = "Document",
    }
    /// `iam list-access-keys`.
    AccessKeys {
        keys: List<AccessKey> = "AccessKeyMetadata",
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
    OidcProviders { providers: List<ProviderArn> = "OpenIDConnectProviderList" }
    ProviderArn { arn: String = "Arn" }
    /// `iam get-open-id-connect-provider`. It does not repeat the ARN.
    OidcProvider {
        url: String = "Url",
        created: Option<String> = "CreateDate",
        tags: Vec<Tag> = "Tags",
    }
    /// `iam list-saml-providers`.
    SamlProviders { providers: List<SamlProvider> = "SAMLProviderList" }
    SamlProvider {
        arn: String = "Arn",
        created: Option<String> = "CreateDate",
        ends: Option<String> = "ValidUntil",
    }
    /// `iam list-account-aliases`.
    Aliases { names: Vec<String> = "AccountAliases" }
    /// `sts get-caller-identity`.
    Caller { arn: String = "Arn" }
    /// `iam get-credential-report` as JSON.
    ReportAnswer { content: String = "Content", generated: Option<String> = "GeneratedTime" }
}

/// The lists of account authorization details; every page has all of them.
/// Source: IAM API reference, `GetAccountAuthorizationDetails`, response elements.
pub(super) const LISTS: [&str; 4] = ["UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"];

impl Authorization {
    /// Whether the answer itself says that more pages follow.
    pub(super) fn has_more(&self) -> bool {
        self.is_truncated || self.next_token.is_some()
    }

    /// The names of the lists that it has.
    pub(super) fn lists(&self) -> impl Iterator<Item = &'static str> {
        let there = [self.users.is_there, self.groups.is_there, self.roles.is_there, self.policies.is_there];
        LISTS.into_iter().zip(there).filter_map(|(name, is_there)| is_there.then_some(name))
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
    pub(super) fn document(&self) -> Option<&RawValue> {
        self.in_force().and_then(|version| version.document.as_deref())
    }

    fn in_force(&self) -> Option<&PolicyVersion> {
        let named = |version: &&PolicyVersion| version.id.is_some() && version.id == self.default_version;
        self.versions.iter().find(|version| version.is_default).or_else(|| self.versions.iter().find(named))
    }

    /// The names and documents of the versions that are not in force.
    pub(super) fn others(&self) -> impl Iterator<Item = (String, &RawValue)> {
        let now = self.in_force().and_then(|version| version.id.clone());
        let others = self.versions.iter().filter(move |version| version.id.is_some() && version.id != now);
        others.filter_map(|version| Some((version.id.clone()?, version.document.as_deref()?)))
    }
}
