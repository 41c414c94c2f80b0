//! What is missing in one account or cluster and was seen in another one that this scan did not read: whether it is missing
//! is not known. Asks the memory of scans; judges nothing anew.

use std::collections::{BTreeMap, BTreeSet};

use crate::history::{State, Status};
use crate::inventory::Inventory;
use crate::model::{AttributeName, NotEvaluated};
use crate::rules::{Judgement, RuleSet};

/// Takes such findings out, as those of a rule that gave no answer. The memory is asked only where there is one.
pub(super) fn leave_open(
    judgement: &mut Judgement,
    inventory: &Inventory,
    rules: &RuleSet,
    before: impl FnOnce() -> Option<State>,
) {
    let asks = |id: &str| rules.rules().iter().any(|rule| *rule.id == *id && rule.reads(MISSING));
    if !judgement.findings.iter().any(|finding| asks(&finding.rule)) {
        return;
    }
    let Some(before) = before() else { return };
    let read: BTreeSet<&str> = inventory.identities.iter().map(|one| one.tenant.as_str()).collect();
    let known = before.identities.values().filter(|one| one.status != Status::Resolved).map(|one| &one.thing);
    let unread: BTreeMap<(&str, &str), &str> = known
        .filter(|one| !read.contains(one.tenant.as_str()))
        .map(|one| ((one.kind.as_str(), one.name.as_str()), one.tenant.as_str()))
        .collect();
    let mut open: BTreeMap<(String, String, String), u64> = BTreeMap::new();
    judgement.findings.retain(|finding| {
        let named = || match inventory.identities.get(&finding.subject) {
            Some(one) => Some((one.kind.as_str(), one.name.as_str(), one.tenant.as_str())),
            None => inventory.settings.get(&finding.subject).and_then(|one| {
                let text = |name| one.attributes.text(name);
                Some((text(AttributeName::DefinedKind)?, text(AttributeName::DefinedName)?, one.tenant.as_str()))
            }),
        };
        let Some((kind, name, tenant)) = named().filter(|_| asks(&finding.rule)) else { return true };
        let Some(elsewhere) = unread.get(&(kind, name)) else { return true };
        let reason = format!("{elsewhere} had it, and was not read this time");
        *open.entry((finding.rule.to_string(), tenant.to_owned(), reason)).or_default() += 1;
        judgement.unanswered.entry(finding.rule.to_string()).or_default().insert(finding.subject.clone());
        false
    });
    let open =
        open.into_iter().map(|((rule, target, reason), subjects)| NotEvaluated { rule, target, reason, subjects });
    judgement.not_evaluated.extend(open);
    let key = |one: &NotEvaluated| (one.rule.clone(), one.target.clone(), one.reason.clone());
    judgement.not_evaluated.sort_by_key(key);
}

/// The field by which rules ask for it.
const MISSING: &str = AttributeName::MissingIn.as_str();
