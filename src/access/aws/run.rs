//! How an identity runs something of its own as a role: by handing the role to a service, or by changing what runs as it.
//! It looks at two identities at a time; it knows no other way to become one.

use super::action::Action;
use super::atlas::accounts_named;
use super::context::Terms;
use super::evaluate::Grounds;
use super::step::{Held, Node, Step, is_pass_role, list, place};
use super::surroundings::Surroundings;
use super::technique::Technique;
use super::truth::Truth;

/// Hands a role to a service that runs something as it.
pub(super) fn pass_role(
    who: &Node<'_>,
    role: &Node<'_>,
    technique: &Technique,
    held: &Held,
    around: &Surroundings<'_>,
) -> Option<Step> {
    let (open, cited) = held.as_ref()?;
    let trust = role.trust.as_ref()?;
    if around.is_not_carried(&role.identity.id, &technique.runs) {
        return None;
    }
    let (pass, start): (Vec<_>, Vec<_>) = technique.actions.iter().cloned().partition(is_pass_role);
    let carrier = around.carriers(&role.identity.id).iter().find(|carrier| technique.works_on(carrier.as_str()));
    let mut best: Option<Step> = None;
    for service in &technique.services {
        let admits = trust.admits_service(service, &role.identity.tenant);
        if admits == Truth::False {
            continue;
        }
        let Some(grounds) = pass.first().and_then(|action| passed(who, action, role, service)) else { continue };
        let (name, label) = (&who.identity.name, role.label());
        let provided = technique.provided.as_ref().filter(|_| carrier.is_none());
        let mut trusts = format!("{label} trusts {service}");
        if admits == Truth::Open {
            trusts.push_str(" under conditions on the request");
        }
        match (carrier, provided) {
            (Some(carrier), _) => trusts.push_str(&format!(" and is in {carrier}")),
            (None, Some(provided)) => trusts.push_str(&format!("; this holds if {provided}")),
            (None, None) => {}
        }
        let step = Step {
            conditional: *open || grounds.conditional || provided.is_some() || admits == Truth::Open,
            sentences: vec![
                format!("{name} may call {} ({cited}) and so {}", list(&start), technique.does),
                format!("{name} may pass {label} to {service} ({})", who.rights.cite(&grounds)),
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

/// That a role may be passed to a service, by either of its names in China.
fn passed(who: &Node<'_>, action: &Action, role: &Node<'_>, service: &str) -> Option<Grounds> {
    let (tags, role) = (Some(&role.identity.labels), role.identity.id.as_str());
    let to = |service: &str| {
        let keys = [("iam:passedtoservice", Some(service))];
        who.rights.may(action, role, Terms { keys: &keys, tags })
    };
    to(service).or_else(|| role.starts_with("arn:aws-cn:").then(|| to(&format!("{service}.cn"))).flatten())
}

/// Changes what runs as a role. Where something of the sort is known to run as it, that decides; else it is not certain.
pub(super) fn existing(
    who: &Node<'_>,
    role: &Node<'_>,
    technique: &Technique,
    held: &Held,
    around: &Surroundings<'_>,
) -> Option<Step> {
    let (_, all_cited) = held.as_ref()?;
    let cited = all_cited;
    let trust = role.trust.as_ref()?;
    let admits = |service: &&String| trust.admits_service(service, &role.identity.tenant) != Truth::False;
    let service = technique.services.iter().find(admits)?;
    let (name, label) = (&who.identity.name, role.label());
    let mut known =
        around.carriers(&role.identity.id).iter().filter(|carrier| technique.works_on(carrier.as_str())).peekable();
    if known.peek().is_some() {
        let there: Vec<Action> = technique.done_there().cloned().collect();
        let mut on_each = known.filter_map(|carrier| Some((who.may_all(&there, carrier.as_str())?, carrier)));
        let ((open, cited), carrier) = on_each.next()?;
        let (open_elsewhere, _) = who.may_each(technique.done_elsewhere())?;
        let is_other = who.identity.tenant != role.identity.tenant;
        let its_policy = is_other.then(|| format!("its own policy lets account {} in", who.identity.tenant));
        let besides: Vec<String> = technique.besides.iter().cloned().chain(its_policy).collect();
        let provided =
            if besides.is_empty() { String::new() } else { format!("; this holds if {}", besides.join(" and ")) };
        let first = match there.is_empty() {
            true => format!("{name} may call {} ({all_cited}) and so {}", list(&technique.actions), technique.does),
            false => format!("{name} may call {} on {carrier} ({cited}) and so {}", list(&there), technique.does),
        };
        let sentences = vec![first, format!("{carrier} runs as {label}{provided}")];
        let conditional = open || open_elsewhere || !besides.is_empty();
        return Some(Step { conditional, sentences, via: vec![place(who, role)] });
    }
    let is_other = who.identity.tenant != role.identity.tenant;
    if is_other && !accounts_named(who, technique).contains(role.identity.tenant.as_str()) {
        return None;
    }
    let provided = technique.provided.as_deref().unwrap_or("something there runs as it");
    let lets_in =
        if is_other { format!(" and its own policy lets account {} in", who.identity.tenant) } else { String::new() };
    let sentences = vec![
        format!("{name} may call {} ({cited}) and so {}", list(&technique.actions), technique.does),
        format!("{label} trusts {service}; this holds if {provided} and the statement covers it{lets_in}"),
    ];
    Some(Step { conditional: true, sentences, via: vec![place(who, role)] })
}
