//! What IAM actions are done to, and what is known of it before they are: its tags, its boundary, the policy that is
//! attached. It asks nobody whether they are allowed.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use super::Principal;
use super::action::Action;
use super::capability::makes_administrator;
use super::center::Center;
use super::library::Library;
use super::probe::CapabilityTable;
use super::step::Node;
use super::technique::Technique;
use crate::model::{IdentityKind, Labels, Policy, Urn};

/// What everybody is asked by.
pub(super) struct Means<'a> {
    pub(super) library: &'a Library,
    pub(super) table: &'a CapabilityTable,
    pub(super) techniques: &'a [Technique],
    /// Customer managed policies that make an administrator of whoever holds one.
    pub(super) powerful: Vec<&'a str>,
    /// The groups that hold a policy, by its name.
    pub(super) of_groups: HashMap<&'a str, Vec<OfGroup<'a>>>,
    /// The managed policies that are there, by name.
    pub(super) policies: &'a HashMap<&'a str, &'a Policy>,
    /// What is known of IAM Identity Center.
    pub(super) center: &'a Center<'a>,
}

/// A group that holds a policy.
#[derive(Clone, Copy, Debug)]
pub(super) struct OfGroup<'a> {
    pub(super) account: &'a str,
    pub(super) name: &'a str,
    pub(super) arn: &'a str,
}

/// The groups that hold policies, as [`Means::of_groups`] has them.
pub(super) fn of_groups<'a>(principals: &[&'a Principal<'a>]) -> HashMap<&'a str, Vec<OfGroup<'a>>> {
    let mut all: HashMap<&str, Vec<OfGroup<'_>>> = HashMap::new();
    for one in principals.iter().filter(|one| one.identity.kind == IdentityKind::AwsGroup) {
        let (account, name, arn) = (&one.identity.tenant, &one.identity.name, one.identity.id.as_str());
        for policy in &one.policies {
            all.entry(policy.id.as_str()).or_default().push(OfGroup { account, name, arn });
        }
    }
    all
}

/// The customer managed policies that make an administrator of whoever holds one.
pub(super) fn powerful<'p>(
    principals: &[&'p Principal<'p>],
    library: &Library,
    table: &CapabilityTable,
) -> Vec<&'p str> {
    let held = principals.iter().flat_map(|principal| &principal.policies);
    let own = held.filter(|policy| !policy.builtin && !policy.id.as_str().contains('#'));
    let distinct: BTreeMap<&Urn, &Policy> = own.map(|policy| (&policy.id, *policy)).collect();
    let strong = distinct.into_iter().filter(|(_, policy)| makes_administrator(policy, library, table));
    strong.map(|(id, _)| id.as_str()).collect()
}

/// The policy of AWS that gives every right.
pub(super) const ADMINISTRATOR: &str = "AdministratorAccess";

impl Means<'_> {
    /// The policy that gives every right, of a partition.
    pub(super) fn administrator(partition: &str) -> Cow<'static, str> {
        match partition {
            "aws" => Cow::Borrowed("arn:aws:iam::aws:policy/AdministratorAccess"),
            other => Cow::Owned(format!("arn:{other}:iam::aws:policy/{ADMINISTRATOR}")),
        }
    }
}

/// A user, role, group or policy that something is done to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Object<'o> {
    pub(super) arn: &'o str,
    /// Its tags, where they were read.
    pub(super) tags: Option<&'o Labels>,
    /// The boundary that it has, or is given.
    pub(super) boundary: Option<&'o str>,
    /// The policy that is attached or detached.
    pub(super) policy: Option<&'o str>,
}

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

    /// The condition keys that a request for an action of IAM carries; without a value, the key is not in it.
    pub(super) fn keys(&self, action: &Action) -> [(&'static str, Option<&'o str>); 2] {
        [
            ("iam:permissionsboundary", self.boundary.filter(|_| action.bounded)),
            ("iam:policyarn", self.policy.filter(|_| action.attaches)),
        ]
    }
}
