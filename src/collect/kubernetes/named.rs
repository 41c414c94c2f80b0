//! Service accounts that bindings, workloads and tokens name where the accounts themselves were not all read: whoever is
//! named has the rights all the same. It says nothing of them but that.

use super::builtin;
use super::held::{Mounting, Out};
use super::records::Projection;
use super::resources::Kind;
use crate::collect::CollectError;
use crate::model::{AttributeName, Attributes, Evidence, Identity, IdentityKind, Known, Record, Urn};

/// Why nothing else is known of such an account.
const UNREAD: &str = "the service account itself was not read; others name it";

/// Where a service account is named.
pub(super) struct Naming {
    evidence: Evidence,
    /// By something that gives it rights or has a token of it.
    counts: bool,
}

impl Projection {
    /// Notes who names a service account, given by namespace and name. `counts` says that this gives it rights or a token.
    pub(super) fn names_account(&mut self, account: &str, counts: bool, evidence: &Evidence) {
        // A name that stands for an expression is nobody's; where no object has it, that is told of the template.
        let is_guess = self.is_guess && account.rsplit('/').next().is_some_and(|name| name.starts_with("helm-"));
        if is_guess || self.known_accounts.contains(account) {
            return;
        }
        let Some(known) = self.named_accounts.get_mut(account) else {
            let naming = Naming { evidence: evidence.clone(), counts };
            self.named_accounts.insert(account.to_owned(), naming);
            return;
        };
        // What counts more says where it was seen, and of those the first by place, whatever the order of arrival.
        let is_before = evidence.location < known.evidence.location;
        if (counts && !known.counts) || (counts == known.counts && is_before) {
            *known = Naming { evidence: evidence.clone(), counts };
        }
    }

    /// Notes that a service account was read.
    pub(super) fn knows_account(&mut self, account: &str) {
        self.named_accounts.remove(account);
        self.known_accounts.insert(account.to_owned());
    }

    /// Adds those that were named and not read, where not all were read. A plan of a cluster tells of those that it gives
    /// rights alone.
    pub(super) fn finish_named(&mut self, out: &mut Out<'_>) -> Result<(), CollectError> {
        let is_whole = self.is_listed(Kind::ServiceAccount)
            && !self.has_gaps
            && self.faults(Kind::ServiceAccount).is_none_or(|faults| !faults.blinds);
        let named = std::mem::take(&mut self.named_accounts);
        let told = named.into_iter().filter(|(_, naming)| !is_whole && (naming.counts || !self.is_plan));
        for (account, Naming { evidence, .. }) in told {
            let Some((namespace, name)) = account.split_once('/') else { continue };
            let mut attributes = Attributes::default();
            match self.mounting.get(&account).and_then(Mounting::without_account) {
                Some(true) => attributes.set(AttributeName::TokenMounted, true),
                Some(false) => {}
                None => attributes.set_known(AttributeName::TokenMounted, Known::<bool>::unknown(UNREAD)),
            }
            out(Record::Identity(Identity {
                id: Urn::kubernetes(&self.cluster, namespace, "sa", name),
                kind: IdentityKind::KubernetesServiceAccount,
                tenant: self.cluster.clone(),
                enabled: Known::unknown(UNREAD),
                created: Known::unknown(UNREAD),
                unique_id: None,
                builtin: builtin::service_account(namespace, name),
                labels: Default::default(),
                attributes,
                evidence,
                name: account.clone(),
            }))?;
        }
        Ok(())
    }
}
