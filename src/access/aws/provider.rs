//! How an identity becomes a role by taking over an identity provider that the role trusts: whoever signs its assertions
//! is whom it likes to be. It looks at two identities at a time and follows no chain.

use super::step::{Node, Step, list, place};
use super::technique::Technique;
use super::trust::account_of;
use super::truth::Truth;

/// Becomes a role in the name of a provider of its account that it can change.
pub(super) fn federate(who: &Node<'_>, role: &Node<'_>, technique: &Technique) -> Option<Step> {
    let trust = role.trust.as_ref()?;
    let mut best: Option<Step> = None;
    let is_here = |provider: &&str| account_of(provider) == Some(who.identity.tenant.as_str());
    for provider in trust.providers().filter(is_here).filter(|provider| technique.works_on(provider)) {
        let admits = trust.admits_provider(provider);
        let Some((open, cited)) = who.may_all(&technique.actions, provider).filter(|_| admits != Truth::False) else {
            continue;
        };
        let (name, label) = (&who.identity.name, role.label());
        let mut trusts = format!("{label} trusts {provider}");
        if admits == Truth::Open {
            trusts.push_str(" under conditions on the request");
        }
        if let Some(provided) = &technique.provided {
            trusts.push_str(&format!("; this holds if {provided}"));
        }
        let step = Step {
            conditional: open || admits == Truth::Open || technique.provided.is_some(),
            sentences: vec![
                format!(
                    "{name} may call {} on {provider} ({cited}) and so {}",
                    list(&technique.actions),
                    technique.does
                ),
                trusts,
            ],
            via: vec![place(who, role)],
        };
        if best.as_ref().is_none_or(|best| best.conditional && !step.conditional) {
            best = Some(step);
        }
    }
    best
}
