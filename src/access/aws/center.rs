//! Ways to rights through IAM Identity Center: who changes a permission set, or gives it to people, changes what its roles
//! in all accounts may do. Only the accounts that run it can; it looks at no assignment.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::action::Action;
use super::capability::partition;
use super::step::{Node, Step, sentence_if};
use super::technique::Technique;
use crate::model::Urn;

/// What is known of IAM Identity Center, whoever asks.
#[derive(Debug, Default)]
pub(super) struct Center<'a> {
    /// The accounts that are known to manage it, and those that are known not to.
    managers: HashMap<&'a str, bool>,
    /// The permission set that each role stands for.
    sets: HashMap<&'a Urn, &'a Urn>,
    /// The roles of the permission sets of each instance.
    roles: HashMap<&'a str, Vec<&'a Urn>>,
    /// The accounts that each permission set has a role in.
    places: HashMap<&'a Urn, HashSet<&'a str>>,
    /// Which accounts run an instance; true: its organisation is managed from there.
    keepers: HashMap<(&'a str, &'a str), bool>,
}

impl<'a> Center<'a> {
    pub(super) fn manages(&mut self, account: &'a str, manages: bool) {
        self.managers.insert(account, manages);
    }

    pub(super) fn stands_for(&mut self, role: &'a Urn, set: &'a Urn) {
        self.sets.insert(role, set);
        self.places.entry(set).or_default().insert(account_of(role));
        if let Some(instance) = instance(set.as_str()) {
            self.roles.entry(instance).or_default().push(role);
        }
    }

    pub(super) fn keeps(&mut self, instance: &'a str, account: &'a str, is_management: bool) {
        *self.keepers.entry((instance, account)).or_default() |= is_management;
    }

    /// Whether an account is known to run the Identity Center whose permission set a role of another account stands for,
    /// and can change that set from there.
    pub(super) fn reaches(&self, account: &str, role: &Urn) -> bool {
        let Some(set) = self.sets.get(role) else { return false };
        let Some(instance) = instance(set.as_str()) else { return false };
        self.keepers.get(&(instance, account)).is_some_and(|manages| *manages || !self.is_at_home(instance, set))
    }

    /// Whether a permission set has a role in the management account: then no delegated administrator can change it.
    /// Source: IAM Identity Center user guide, delegated administration.
    fn is_at_home(&self, instance: &str, set: &Urn) -> bool {
        let places = self.places.get(set).into_iter().flatten();
        places.into_iter().any(|account| self.keepers.get(&(instance, *account)) == Some(&true))
    }

    /// The roles of other accounts whose permission sets can be changed from an account.
    pub(super) fn reached(&self, account: &str) -> Vec<&'a Urn> {
        let mine = self.keepers.keys().filter(|(_, keeper)| *keeper == account).map(|(instance, _)| *instance);
        let roles = mine.filter_map(|instance| self.roles.get(instance)).flatten().copied();
        roles.filter(|role| account_of(role) != account && self.reaches(account, role)).collect()
    }

    /// One step by the actions of a technique, done to the permission set of a role or to a new one; none for an account
    /// that is known not to manage Identity Center, or not that set.
    pub(super) fn step(
        &self,
        who: &Node<'_>,
        technique: &Technique,
        role: Option<&Node<'_>>,
        object: String,
        open: bool,
    ) -> Option<Step> {
        let account = who.identity.tenant.as_str();
        let managed = self.managers.get(account).copied();
        let set = role.and_then(|role| self.sets.get(&role.identity.id).copied());
        if managed == Some(false) || role.is_some_and(|role| !self.lets(account, &role.identity.id, set)) {
            return None;
        }
        let (may, is_tied) = match (role, set) {
            (Some(role), Some(set)) => (may_on(who, technique, set.as_str(), &role.identity.tenant)?, true),
            (Some(role), None) => {
                let any = format!("arn:{}{SETS}*/*", partition(role.identity.id.as_str()));
                match may_on(who, technique, &any, &role.identity.tenant) {
                    Some(may) => (may, true),
                    None => (who.may_each(technique.actions.iter())?, false),
                }
            }
            (None, _) => (who.may_each(technique.actions.iter())?, true),
        };
        let parts = [managed.is_none().then_some(MANAGES), (!is_tied).then_some(TIED), technique.provided.as_deref()];
        let parts: Vec<&str> = parts.into_iter().flatten().collect();
        let provided = (!parts.is_empty()).then(|| Cow::<str>::Owned(parts.join(" and ")));
        Some(sentence_if(who, technique, may, object, open, provided.as_deref()))
    }

    /// Whether nothing that is known keeps an account from the permission set of a role.
    fn lets(&self, account: &str, role: &Urn, set: Option<&Urn>) -> bool {
        let delegated = set.and_then(|set| instance(set.as_str())).map(|one| self.keepers.get(&(one, account)));
        match delegated {
            _ if account_of(role) != account => self.reaches(account, role),
            Some(Some(_)) => self.reaches(account, role),
            _ => true,
        }
    }
}

/// What nobody can see who was not told who manages it.
const MANAGES: &str = "the account manages IAM Identity Center";

/// What nobody can see who was not told for which permission set a role stands.
const TIED: &str = "the permission set is one that it may change";

/// What is before the instance in the ARN of a permission set.
const SETS: &str = ":sso:::permissionSet/";

/// What is done to an account, besides the permission set and the instance.
/// Source: Service Authorization Reference, AWS IAM Identity Center.
const TO_ACCOUNTS: [&str; 2] = ["sso:CreateAccountAssignment", "sso:ProvisionPermissionSet"];

/// `ssoins-…` of `arn:aws:sso:::permissionSet/ssoins-…/ps-…`.
fn instance(set: &str) -> Option<&str> {
    set.split_once(SETS)?.1.split('/').next()
}

fn account_of(role: &Urn) -> &str {
    role.as_str().split(':').nth(4).unwrap_or_default()
}

/// Whether somebody may do all that a technique takes to a permission set in an account: each action is asked of the set,
/// of the instance and, where it is done there, of the account.
fn may_on(who: &Node<'_>, technique: &Technique, set: &str, account: &str) -> Option<(bool, String)> {
    // The directory of people has names of its own.
    let (of_sets, others): (Vec<&Action>, Vec<&Action>) =
        technique.actions.iter().partition(|action| action.service() == "sso");
    let (mut open, cited) = who.may_each(others.into_iter())?;
    let mut all = vec![cited];
    for action in of_sets {
        let mut on = vec![set.to_owned()];
        if let Some((partition, rest)) = set.split_once(SETS) {
            on.push(format!("{partition}:sso:::instance/{}", rest.split('/').next().unwrap_or_default()));
            if TO_ACCOUNTS.contains(&action.text.as_str()) {
                on.push(format!("{partition}:sso:::account/{account}"));
            }
        }
        for resource in on {
            let (also, cited) = who.may_all(std::slice::from_ref(action), &resource)?;
            open |= also;
            all.push(cited);
        }
    }
    let mut texts: Vec<String> = Vec::new();
    for text in all.into_iter().filter(|text| !text.is_empty()) {
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    Some((open, texts.join("; ")))
}
