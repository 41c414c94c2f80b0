//! Ways to rights through IAM Identity Center: who changes a permission set, or gives it to people, changes what its roles
//! in all accounts may do. Only the account that runs it can; it looks at no assignment.

use std::borrow::Cow;
use std::collections::HashMap;

use super::action::Action;
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
}

impl<'a> Center<'a> {
    pub(super) fn manages(&mut self, account: &'a str, manages: bool) {
        self.managers.insert(account, manages);
    }

    pub(super) fn stands_for(&mut self, role: &'a Urn, set: &'a Urn) {
        self.sets.insert(role, set);
    }

    /// One step by the actions of a technique, done to the permission set of a role or to a new one; none for an account
    /// that is known not to manage Identity Center.
    pub(super) fn step(
        &self,
        who: &Node<'_>,
        technique: &Technique,
        role: Option<&Node<'_>>,
        object: String,
        open: bool,
    ) -> Option<Step> {
        let managed = self.managers.get(who.identity.tenant.as_str()).copied();
        if managed == Some(false) {
            return None;
        }
        let provided = match (managed, technique.provided.as_deref()) {
            (Some(_), provided) => provided.map(Cow::Borrowed),
            (None, None) => Some(Cow::Borrowed(MANAGES)),
            (None, Some(rest)) => Some(Cow::Owned(format!("{MANAGES} and {rest}"))),
        };
        let may = match role.and_then(|role| self.sets.get(&role.identity.id)) {
            Some(set) => {
                // The directory of people has names of its own.
                let (of_sets, others): (Vec<Action>, Vec<Action>) =
                    technique.actions.iter().cloned().partition(|action| action.service() == "sso");
                let (first, then) = (who.may_all(&of_sets, set.as_str())?, who.may_each(others.iter())?);
                let cited: Vec<String> = [first.1, then.1].into_iter().filter(|text| !text.is_empty()).collect();
                (first.0 || then.0, cited.join("; "))
            }
            None => who.may_each(technique.actions.iter())?,
        };
        Some(sentence_if(who, technique, may, object, open, provided.as_deref()))
    }
}

/// What nobody can see who was not told who manages it.
const MANAGES: &str = "the account manages IAM Identity Center";
