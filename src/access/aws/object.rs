//! What IAM actions are done to, and what is known of it before they are: its tags, its boundary, the policy that is
//! attached. It asks nobody whether they are allowed.
//! Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS Identity and Access
//! Management (IAM)".

use std::collections::BTreeMap;

use super::action::Action;
use super::probe::CapabilityTable;
use super::step::Node;
use super::technique::Technique;

/// Actions that carry `iam:PermissionsBoundary`, lower case.
const BOUNDED: [&str; 14] = [
    "iam:attachrolepolicy",
    "iam:attachuserpolicy",
    "iam:createrole",
    "iam:createuser",
    "iam:deleterolepermissionsboundary",
    "iam:deleterolepolicy",
    "iam:deleteuserpermissionsboundary",
    "iam:deleteuserpolicy",
    "iam:detachrolepolicy",
    "iam:detachuserpolicy",
    "iam:putrolepermissionsboundary",
    "iam:putrolepolicy",
    "iam:putuserpermissionsboundary",
    "iam:putuserpolicy",
];

/// What everybody is asked by.
pub(super) struct Means<'a> {
    pub(super) table: &'a CapabilityTable,
    pub(super) techniques: &'a [Technique],
    /// Customer managed policies that make an administrator of whoever holds one.
    pub(super) powerful: Vec<&'a str>,
}

/// A user, role, group or policy that something is done to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Object<'o> {
    pub(super) arn: &'o str,
    /// Its tags, where they were read.
    pub(super) tags: Option<&'o BTreeMap<String, String>>,
    /// The boundary that it has, or is given.
    pub(super) boundary: Option<&'o str>,
    /// The policy that is attached or detached.
    pub(super) policy: Option<&'o str>,
}

/// Condition keys of a question; without a value, the key is not in the request.
type Keys<'o> = Vec<(&'static str, Option<&'o str>)>;

impl<'o> Object<'o> {
    /// An identity as it is.
    pub(super) fn of(node: &'o Node<'_>) -> Self {
        let boundary = node.boundary.map(|id| id.as_str());
        Self { arn: node.identity.id.as_str(), tags: Some(&node.identity.labels), boundary, policy: None }
    }

    /// Something of which only the name is known.
    pub(super) fn named(arn: &'o str) -> Self {
        Self { arn, tags: None, boundary: None, policy: None }
    }

    /// What a request for an action carries.
    pub(super) fn keys(&self, action: &Action) -> Keys<'o> {
        let name = action.text.to_ascii_lowercase();
        if action.service() != "iam" {
            return Vec::new();
        }
        let is_attached = name.starts_with("iam:attach") || name.starts_with("iam:detach");
        vec![
            ("iam:permissionsboundary", self.boundary.filter(|_| BOUNDED.contains(&name.as_str()))),
            ("iam:policyarn", self.policy.filter(|_| is_attached)),
        ]
    }
}
