//! What an account holds besides policies, as far as it was read. It concludes nothing.

use std::collections::{HashMap, HashSet};

use super::center::Center;
use crate::model::{Policy, Urn};

/// How many access keys a user may have. Source: IAM and STS quotas.
const KEYS: usize = 2;

/// What runs as whom, and who has which credentials.
#[derive(Debug, Default)]
pub struct Surroundings<'a> {
    carriers: HashMap<&'a Urn, Vec<&'a Urn>>,
    passwords: HashMap<&'a Urn, bool>,
    keys: HashMap<&'a Urn, usize>,
    policies: HashMap<&'a str, &'a Policy>,
    without_profile: HashSet<&'a Urn>,
    second_factors: HashMap<&'a Urn, Option<bool>>,
    center: Center<'a>,
}

impl<'a> Surroundings<'a> {
    /// Notes that something runs as a role, or carries it, such as an instance profile.
    pub fn carries(&mut self, carrier: &'a Urn, role: &'a Urn) {
        self.carriers.entry(role).or_default().push(carrier);
    }

    /// Notes how many access keys a user has and whether it has a console password. Where not all of its credentials were
    /// read, only what was seen counts: a password, and as many keys as a user may have.
    pub fn credentials(&mut self, user: &'a Urn, keys: usize, password: bool, all_read: bool) {
        if all_read || keys >= KEYS {
            self.keys.insert(user, keys);
        }
        if all_read || password {
            self.passwords.insert(user, password);
        }
    }

    /// Notes a managed policy that is there, whoever holds it.
    pub fn keeps(&mut self, policy: &'a Policy) {
        self.policies.insert(policy.id.as_str(), policy);
    }

    /// Notes whether a user is asked for a second factor when it signs in; `None` where that could not be read.
    pub fn has_mfa(&mut self, user: &'a Urn, has: Option<bool>) {
        self.second_factors.insert(user, has);
    }

    /// Whether a user is asked for a second factor, if that is known. Of whom nothing was noted it is not: whoever read the
    /// passwords read these, too.
    pub(super) fn has_second_factor(&self, user: &Urn) -> Option<bool> {
        self.second_factors.get(user).copied().unwrap_or(Some(false))
    }

    /// Notes that an account manages IAM Identity Center, or that it does not.
    pub fn manages_identity_center(&mut self, account: &'a str, manages: bool) {
        self.center.manages(account, manages);
    }

    /// Notes the permission set of IAM Identity Center that a role stands for.
    pub fn stands_for(&mut self, role: &'a Urn, set: &'a Urn) {
        self.center.stands_for(role, set);
    }

    /// Notes that an account runs an instance of IAM Identity Center, as the management account of the organisation or
    /// because that one let it.
    pub fn keeps_identity_center(&mut self, instance: &'a str, account: &'a str, is_management: bool) {
        self.center.keeps(instance, account, is_management);
    }

    /// What is known of IAM Identity Center.
    pub(super) fn center(&self) -> &Center<'a> {
        &self.center
    }

    /// Notes a role that is in no instance profile for certain.
    pub fn has_no_profile(&mut self, role: &'a Urn) {
        self.without_profile.insert(role);
    }

    /// Whether it is known that nothing of a sort carries a role: of instance profiles alone all are known.
    pub(super) fn is_not_carried(&self, role: &Urn, sorts: &[String]) -> bool {
        let are_profiles = !sorts.is_empty() && sorts.iter().all(|sort| sort.contains(":instance-profile/"));
        are_profiles && self.without_profile.contains(role)
    }

    /// The managed policies that are there, by name.
    pub(super) fn policies(&self) -> &HashMap<&'a str, &'a Policy> {
        &self.policies
    }

    /// What carries a role.
    pub(super) fn carriers(&self, role: &Urn) -> &[&'a Urn] {
        self.carriers.get(role).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether a user has a console password, if that is known.
    pub(super) fn has_password(&self, user: &Urn) -> Option<bool> {
        self.passwords.get(user).copied()
    }

    /// Whether a user may have another access key, if that is known.
    pub(super) fn has_free_key(&self, user: &Urn) -> Option<bool> {
        self.keys.get(user).map(|keys| *keys < KEYS)
    }
}
