//! From the SDK's types to the shapes of [`super::export`], so that live and offline answers become records in one
//! place. It must not call anything.

use aws_sdk_iam::operation::get_account_authorization_details::GetAccountAuthorizationDetailsOutput;
use aws_sdk_iam::operation::get_open_id_connect_provider::GetOpenIdConnectProviderOutput;
use aws_sdk_iam::types;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde_json::value::{RawValue, to_raw_value};

use super::export::{
    AccessKey, Attached, Authorization, Boundary, Group, InlinePolicy, InstanceProfile, ManagedPolicy, OidcProvider,
    PolicyVersion, ProfileRole, Role, RoleLastUsed, Tag, User,
};

/// A moment as the CLI writes it.
pub(super) fn moment(moment: Option<&DateTime>) -> Option<String> {
    moment.and_then(|moment| moment.fmt(Format::DateTime).ok())
}

/// Converts a list, or nothing.
fn all<A, B>(list: Option<Vec<A>>, convert: fn(A) -> B) -> Vec<B> {
    list.unwrap_or_default().into_iter().map(convert).collect()
}

pub(super) fn authorization(page: GetAccountAuthorizationDetailsOutput) -> Authorization {
    Authorization {
        users: all(page.user_detail_list, user).into(),
        groups: all(page.group_detail_list, group).into(),
        roles: all(page.role_detail_list, role).into(),
        policies: all(page.policies, managed_policy).into(),
        is_truncated: page.is_truncated,
        next_token: None,
    }
}

fn user(user: types::UserDetail) -> User {
    User {
        name: user.user_name.unwrap_or_default(),
        arn: user.arn.unwrap_or_default(),
        unique_id: user.user_id,
        created: moment(user.create_date.as_ref()),
        inline: all(user.user_policy_list, inline),
        groups: user.group_list.unwrap_or_default(),
        attached: all(user.attached_managed_policies, attached),
        boundary: user.permissions_boundary.and_then(boundary),
        tags: all(user.tags, tag),
    }
}

fn group(group: types::GroupDetail) -> Group {
    Group {
        name: group.group_name.unwrap_or_default(),
        arn: group.arn.unwrap_or_default(),
        unique_id: group.group_id,
        created: moment(group.create_date.as_ref()),
        inline: all(group.group_policy_list, inline),
        attached: all(group.attached_managed_policies, attached),
    }
}

/// The text of a document as JSON has it.
fn raw(text: String) -> Option<Box<RawValue>> {
    to_raw_value(&text).ok()
}

fn role(role: types::RoleDetail) -> Role {
    Role {
        name: role.role_name.unwrap_or_default(),
        arn: role.arn.unwrap_or_default(),
        path: role.path.unwrap_or_default(),
        unique_id: role.role_id,
        created: moment(role.create_date.as_ref()),
        trust: role.assume_role_policy_document.and_then(raw),
        inline: all(role.role_policy_list, inline),
        attached: all(role.attached_managed_policies, attached),
        boundary: role.permissions_boundary.and_then(boundary),
        instance_profiles: Some(all(role.instance_profile_list, instance_profile)),
        last_used: role.role_last_used.map(|used| RoleLastUsed { date: moment(used.last_used_date.as_ref()) }),
        tags: all(role.tags, tag),
    }
}

fn managed_policy(policy: types::ManagedPolicyDetail) -> ManagedPolicy {
    ManagedPolicy {
        name: policy.policy_name.unwrap_or_default(),
        arn: policy.arn.unwrap_or_default(),
        default_version: policy.default_version_id,
        versions: all(policy.policy_version_list, |version| PolicyVersion {
            id: version.version_id,
            is_default: version.is_default_version,
            document: version.document.and_then(raw),
        }),
    }
}

fn inline(policy: types::PolicyDetail) -> InlinePolicy {
    let name = policy.policy_name.unwrap_or_default();
    InlinePolicy { name, document: policy.policy_document.and_then(raw) }
}

fn attached(policy: types::AttachedPolicy) -> Attached {
    Attached { arn: policy.policy_arn.unwrap_or_default() }
}

fn boundary(boundary: types::AttachedPermissionsBoundary) -> Option<Boundary> {
    boundary.permissions_boundary_arn.map(|arn| Boundary { arn })
}

fn instance_profile(profile: types::InstanceProfile) -> InstanceProfile {
    InstanceProfile {
        name: profile.instance_profile_name,
        arn: profile.arn,
        roles: profile.roles.into_iter().map(|role| ProfileRole { arn: role.arn }).collect(),
        tags: all(profile.tags, tag),
    }
}

fn tag(tag: types::Tag) -> Tag {
    Tag { key: tag.key, value: tag.value }
}

pub(super) fn access_key(key: types::AccessKeyMetadata) -> AccessKey {
    AccessKey {
        user: key.user_name.unwrap_or_default(),
        id: key.access_key_id.unwrap_or_default(),
        status: key.status.map(|status| status.as_str().to_owned()),
        created: moment(key.create_date.as_ref()),
    }
}

pub(super) fn oidc_provider(provider: GetOpenIdConnectProviderOutput) -> OidcProvider {
    OidcProvider {
        url: provider.url.unwrap_or_default(),
        created: moment(provider.create_date.as_ref()),
        tags: all(provider.tags, tag),
    }
}
