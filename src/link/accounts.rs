//! The service accounts of clusters by the places that rights are over, and by the tokens that name them. It knows no right.

use std::collections::BTreeMap;

use crate::access::kubernetes::{self, Place, Reach};
use crate::inventory::Inventory;
use crate::model::{Identity, IdentityKind, Urn};

/// The service accounts of clusters by what takes them over.
pub(super) struct Accounts<'a> {
    inventory: &'a Inventory,
    by_namespace: BTreeMap<(&'a str, &'a str), Vec<&'a Identity>>,
}

impl<'a> Accounts<'a> {
    pub(super) fn of(inventory: &'a Inventory) -> Self {
        let mut by_namespace: BTreeMap<(&str, &str), Vec<&Identity>> = BTreeMap::new();
        for account in inventory.identities.iter().filter(|one| one.kind == IdentityKind::KubernetesServiceAccount) {
            let namespace = account.name.split_once('/').map_or("", |(namespace, _)| namespace);
            by_namespace.entry((&account.tenant, namespace)).or_default().push(account);
        }
        Self { inventory, by_namespace }
    }

    pub(super) fn of_place(&self, tenant: &str, namespace: Option<&str>, reach: Reach) -> Vec<&'a Identity> {
        let fits = |of: &(&str, &str)| of.0 == tenant && namespace.is_none_or(|namespace| of.1 == namespace);
        let accounts = self.by_namespace.iter().filter(|(of, _)| fits(of)).flat_map(|(_, accounts)| accounts).copied();
        accounts.filter(|one| self.is_within(one, reach, None)).collect()
    }

    /// The one that a token is of: `system:serviceaccount:NAMESPACE:NAME`, with its unique id where the token has it. By its
    /// name alone only where one cluster has such an account.
    pub(super) fn of_token(&self, told: &str) -> Option<&'a Identity> {
        let (subject, uid) = told.split_once(' ').map_or((told, None), |(subject, uid)| (subject, Some(uid)));
        let (namespace, name) = subject.strip_prefix("system:serviceaccount:")?.split_once(':')?;
        let name = format!("{namespace}/{name}");
        let accounts = self.by_namespace.iter().filter(|((_, of), _)| *of == namespace);
        let mut fit = accounts.flat_map(|(_, accounts)| accounts).filter(|one| {
            let is_same = uid.is_none_or(|uid| one.unique_id.as_deref() == Some(uid));
            one.name == name && is_same && !one.evidence.is_declared()
        });
        fit.next().filter(|_| fit.next().is_none()).copied()
    }

    /// Those that a rule with names is about.
    pub(super) fn named(&self, tenant: &str, reach: Reach, place: Place<'_>) -> Vec<&'a Identity> {
        match place {
            Place::Named { namespace, name } if reach == Reach::Token => {
                let accounts = self.of_place(tenant, namespace, reach);
                accounts.into_iter().filter(|one| self.is_within(one, reach, Some(name))).collect()
            }
            Place::Named { namespace, name } => {
                let accounts = self.of_place(tenant, namespace, reach);
                accounts.into_iter().filter(|one| one.name.rsplit('/').next() == Some(name)).collect()
            }
            Place::User(name) => {
                let user = Urn::kubernetes_cluster(tenant, "user", name);
                self.inventory.identities.get(&user).into_iter().collect()
            }
            Place::Group(name) => {
                let group = Urn::kubernetes_cluster(tenant, "group", name);
                self.inventory.identities.get(&group).into_iter().collect()
            }
            Place::Cluster | Place::Namespace(_) => Vec::new(),
        }
    }

    /// Why there is no pod of a service account for now, where workloads run as it.
    pub(super) fn rests(&self, account: &Identity) -> Option<&'static str> {
        let facts = self.inventory.facts.identities.get(&account.id)?;
        match super::reach::pods(self.inventory, account, facts) {
            kubernetes::Pods::Resting(why) => Some(why),
            kubernetes::Pods::None | kubernetes::Pods::Running => None,
        }
    }

    /// Whether a service account is one of those that a right takes over; of a Secret's name, where one is said.
    fn is_within(&self, account: &Identity, reach: Reach, secret: Option<&str>) -> bool {
        let Some(facts) = self.inventory.facts.identities.get(&account.id) else { return reach == Reach::Any };
        match reach {
            Reach::Any => true,
            Reach::Pods => !facts.workloads.is_empty(),
            Reach::Token => {
                let tokens = super::reach::tokens(self.inventory, facts);
                tokens.iter().any(|token| secret.is_none_or(|secret| *token == secret))
            }
        }
    }
}
