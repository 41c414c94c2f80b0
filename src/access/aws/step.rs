//! One step of an escalation: what lets an identity raise rights, its own or another's, or become another.
//! It looks at two identities at a time; the search over all of them is in `escalate`.

use super::Principal;
use super::action::Action;
use super::capability::{administrator, root};
use super::evaluate::{Grounds, Rights};
use super::pattern::overlap;
use super::probe::CapabilityTable;
use super::surroundings::Surroundings;
use super::technique::{How, On, Technique};
use super::trust::TrustPolicy;
use super::truth::Truth;
use crate::model::{Capability, CapabilityKind, Identity, IdentityKind, Urn};

/// One identity with everything that the search asks about it.
pub(super) struct Node<'a> {
    pub(super) identity: &'a Identity,
    pub(super) rights: Rights<'a>,
    pub(super) trust: Option<TrustPolicy>,
    /// Is it one already, and by what.
    pub(super) administrator: Option<Capability>,
    /// Would it be one if a policy gave it everything: conditionally, for certain, or not (denies, boundary).
    pub(super) could_be: Option<bool>,
    /// The ARNs of the customer managed policies it holds.
    pub(super) policies: Vec<&'a Urn>,
    pub(super) table: &'a CapabilityTable,
    /// Which actions of the techniques it holds anywhere, as places in their vocabulary.
    pub(super) holds: Vec<bool>,
}

/// Something that can be done, in sentences.
pub(super) struct Step {
    pub(super) conditional: bool,
    pub(super) sentences: Vec<String>,
}

impl<'a> Node<'a> {
    pub(super) fn new(principal: &Principal<'a>, rights: Rights<'a>, table: &'a CapabilityTable) -> Self {
        let own = principal.policies.iter().filter(|policy| !policy.builtin).map(|policy| &policy.id);
        let all = own.chain(principal.missing_policies.iter().copied());
        let policies = all.filter(|id| is_customer_policy(id.as_str())).collect();
        let mut node = Self::assemble(principal.identity, rights, policies, table);
        node.administrator = root(principal.identity).or(node.administrator);
        node.trust = principal.trust.map(TrustPolicy::new);
        node
    }

    pub(super) fn assemble(
        identity: &'a Identity,
        rights: Rights<'a>,
        policies: Vec<&'a Urn>,
        table: &'a CapabilityTable,
    ) -> Self {
        let could_be = if rights.is_limited() {
            let everything = Rights { granted_everything: true, ..rights.clone() };
            administrator(&everything, identity, table).map(|capability| capability.conditional)
        } else {
            Some(false)
        };
        let administrator = administrator(&rights, identity, table);
        Self { identity, administrator, could_be, trust: None, policies, table, holds: Vec::new(), rights }
    }

    /// The same identity with the policies alone that have something to say of these actions. Only its rights may be
    /// asked, and about these actions.
    pub(super) fn about(&self, actions: &[Action]) -> Self {
        Self {
            identity: self.identity,
            rights: self.rights.about(actions),
            trust: None,
            administrator: None,
            could_be: self.could_be,
            policies: Vec::new(),
            table: self.table,
            holds: Vec::new(),
        }
    }

    /// `role ci`.
    pub(super) fn label(&self) -> String {
        let kind = match self.identity.kind {
            IdentityKind::AwsUser => "user",
            IdentityKind::AwsGroup => "group",
            IdentityKind::AwsRoot => "root user of",
            _ => "role",
        };
        format!("{kind} {}", self.identity.name)
    }

    /// Whether it can act by itself: a group acts only through its members.
    pub(super) fn acts(&self) -> bool {
        matches!(self.identity.kind, IdentityKind::AwsUser | IdentityKind::AwsRole)
    }

    pub(super) fn is_changeable(&self, on: On) -> bool {
        match on {
            On::User => self.identity.kind == IdentityKind::AwsUser,
            // AWS lets nobody change a service-linked role.
            On::Role => self.identity.kind == IdentityKind::AwsRole && !self.identity.builtin,
            On::Group | On::Membership => self.identity.kind == IdentityKind::AwsGroup,
            On::Policy | On::Boundary => self.acts() && !self.identity.builtin,
        }
    }

    /// Whether it reads stored data, of whatever bucket, table or secret, and by which statement.
    pub(super) fn reads_data(&self) -> Option<Capability> {
        let mut open = None;
        for action in self.table.data().iter().filter(|action| self.rights.names(action)) {
            for (pattern, grounds) in self.rights.may_somewhere(action) {
                let proof = vec![format!("{} on {pattern} ({})", action.text, self.rights.cite(&grounds))];
                let conditional = grounds.conditional;
                let found = Capability { kind: CapabilityKind::ReadData, scope: pattern, conditional, proof };
                if !conditional {
                    return Some(found);
                }
                open = open.or(Some(found));
            }
        }
        open
    }

    /// All actions on one resource.
    pub(super) fn may_all(&self, actions: &[Action], resource: &str) -> Option<(bool, String)> {
        let grounds: Vec<_> =
            actions.iter().map(|action| self.rights.may(action, resource, &[])).collect::<Option<_>>()?;
        Some((grounds.iter().any(|g| g.conditional), self.cite(&grounds)))
    }

    fn cite(&self, grounds: &[Grounds]) -> String {
        let mut texts: Vec<String> = Vec::new();
        for text in grounds.iter().map(|grounds| self.rights.cite(grounds)) {
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        texts.join("; ")
    }

    /// All actions, each on some resource; for certain only if the allowed resources of one service can be the same.
    pub(super) fn may_each<'t>(&self, actions: impl Iterator<Item = &'t Action>) -> Option<(bool, String)> {
        let mut conditional = false;
        let mut chosen: Vec<(String, Grounds)> = Vec::new();
        for action in actions {
            let mut places = self.rights.may_somewhere(action);
            places.sort_by_key(|(pattern, grounds)| (grounds.conditional, pattern != "*"));
            let apart = |pattern: &str| {
                chosen.iter().any(|(other, _)| service(other) == service(pattern) && !overlap(other, pattern))
            };
            let fitting = places.iter().position(|(pattern, _)| !apart(pattern));
            conditional |= fitting.is_none();
            let place = places.into_iter().nth(fitting.unwrap_or(0))?;
            conditional |= place.1.conditional;
            chosen.push(place);
        }
        let grounds: Vec<_> = chosen.into_iter().map(|(_, grounds)| grounds).collect();
        Some((conditional, self.cite(&grounds)))
    }
}

/// The service part of an ARN pattern; empty for `*`.
fn service(pattern: &str) -> &str {
    pattern.split(':').nth(2).unwrap_or("")
}

fn is_customer_policy(id: &str) -> bool {
    id.starts_with("arn:") && id.contains(":policy/") && !id.contains(":iam::aws:policy/") && !id.contains('#')
}

pub(super) fn list(actions: &[Action]) -> String {
    let names: Vec<&str> = actions.iter().map(|action| action.text.as_str()).collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// One step by the actions of a technique done to something: `(conditional, cited)` is what allows them.
pub(super) fn sentence(who: &Node<'_>, technique: &Technique, may: (bool, String), object: String, open: bool) -> Step {
    let (conditional, cited) = may;
    let provided = technique.provided.as_ref().map(|text| format!(", provided that {text}")).unwrap_or_default();
    let text = format!(
        "{} may call {} on {object} ({cited}) and so {}{provided}",
        who.identity.name,
        list(&technique.actions),
        technique.does
    );
    Step { conditional: conditional || open || technique.provided.is_some(), sentences: vec![text] }
}

/// How `who` can become `target` by one technique.
pub(super) fn become_by(
    who: &Node<'_>,
    target: &Node<'_>,
    technique: &Technique,
    held: &Held,
    around: &Surroundings<'_>,
) -> Option<Step> {
    match technique.how {
        How::Grant => None,
        How::Assume => assume(who, target, technique),
        How::ExistingCompute => existing(who, target, technique, held, around),
        _ if who.identity.tenant != target.identity.tenant => None,
        How::OtherIdentity => take_over(who, target, technique, around),
        How::PassRole => pass_role(who, target, technique, held, around),
    }
}

/// Makes a credential of a user, or makes a role let one in.
fn take_over(who: &Node<'_>, target: &Node<'_>, technique: &Technique, around: &Surroundings<'_>) -> Option<Step> {
    technique.on.filter(|on| target.is_changeable(*on))?;
    let id = &target.identity.id;
    let password = fits(technique.password, around.has_password(id));
    let free_key = match fits(technique.free_key, around.has_free_key(id)) {
        // Few users have two keys: that there is room for one is assumed where it is not known.
        Truth::Open if technique.free_key == Some(true) => Truth::True,
        truth => truth,
    };
    if password.min(free_key) == Truth::False {
        return None;
    }
    let may = who.may_all(&technique.actions, id.as_str())?;
    let is_decided = technique.password.is_some() && password == Truth::True;
    let mut step = sentence(who, technique, may.clone(), target.label(), free_key == Truth::Open);
    if is_decided && technique.provided.is_some() {
        // What it would be provided with is known to be so.
        let ((conditional, cited), actions) = (may, list(&technique.actions));
        let name = &who.identity.name;
        let text = format!("{name} may call {actions} on {} ({cited}) and so {}", target.label(), technique.does);
        step = Step { conditional, sentences: vec![text] };
    }
    Some(step)
}

/// Whether something that a technique wants one way is that way.
fn fits(wanted: Option<bool>, known: Option<bool>) -> Truth {
    match (wanted, known) {
        (None, _) => Truth::True,
        (Some(_), None) => Truth::Open,
        (Some(wanted), Some(known)) => Truth::from(wanted == known),
    }
}

/// That the actions of a technique other than `iam:PassRole` are allowed somewhere: (conditionally, by what).
pub(super) type Held = Option<(bool, String)>;

fn assume(who: &Node<'_>, target: &Node<'_>, technique: &Technique) -> Option<Step> {
    let action = technique.actions.first()?;
    let role = target.identity.id.as_str();
    let admission = target.trust.as_ref()?.admits(who.identity, &who.rights.context.asked())?;
    let trusts = format!("{} trusts {}", target.label(), admission.whom);
    let may = who.rights.may(action, role, &[]);
    // In its own account an identity that is named itself needs no policy, only no deny; a role's boundary must
    // allow it all the same (a user's need not: the grant names the user's own ARN).
    if admission.direct && who.identity.tenant == target.identity.tenant && may.as_ref().is_none_or(|g| g.conditional) {
        let asked = who.rights.context.asked();
        let limits = who.rights.denied(action, role, &asked)?;
        let bounded = who.identity.kind == IdentityKind::AwsRole;
        let within = if bounded {
            who.rights.within_limits(action, role, &asked)
        } else {
            who.rights.within_guardrails(action, role, &asked)
        };
        if within == Truth::False {
            return None;
        }
        let conditional = admission.conditional || !limits.is_empty() || within == Truth::Open;
        return Some(Step { conditional, sentences: vec![format!("{trusts}, which is enough within the account")] });
    }
    let grounds = may?;
    let asks =
        format!("{} may call {} on {} ({})", who.identity.name, action.text, target.label(), who.rights.cite(&grounds));
    Some(Step { conditional: admission.conditional || grounds.conditional, sentences: vec![asks, trusts] })
}

fn pass_role(
    who: &Node<'_>,
    role: &Node<'_>,
    technique: &Technique,
    held: &Held,
    around: &Surroundings<'_>,
) -> Option<Step> {
    let (open, cited) = held.as_ref()?;
    let trust = role.trust.as_ref()?;
    let (pass, start): (Vec<_>, Vec<_>) = technique.actions.iter().cloned().partition(is_pass_role);
    let carrier = around.carriers(&role.identity.id).iter().find(|carrier| technique.works_on(carrier.as_str()));
    let mut best: Option<Step> = None;
    for service in technique.services.iter().filter(|service| trust.admits_service(service) == Truth::True) {
        let request = [("iam:passedtoservice", service.as_str())];
        let Some(grounds) = pass.first().and_then(|a| who.rights.may(a, role.identity.id.as_str(), &request)) else {
            continue;
        };
        let (name, label) = (&who.identity.name, role.label());
        let provided = technique.provided.as_ref().filter(|_| carrier.is_none());
        let mut trusts = format!("{label} trusts {service}");
        match (carrier, provided) {
            (Some(carrier), _) => trusts.push_str(&format!(" and is in {carrier}")),
            (None, Some(provided)) => trusts.push_str(&format!("; this holds if {provided}")),
            (None, None) => {}
        }
        let step = Step {
            conditional: *open || grounds.conditional || provided.is_some(),
            sentences: vec![
                format!("{name} may call {} ({cited}) and so {}", list(&start), technique.does),
                format!("{name} may pass {label} to {service} ({})", who.rights.cite(&grounds)),
                trusts,
            ],
        };
        if best.as_ref().is_none_or(|best| best.conditional && !step.conditional) {
            best = Some(step);
        }
    }
    best
}

pub(super) fn is_pass_role(action: &Action) -> bool {
    action.text == "iam:PassRole"
}

/// Changes what runs as a role. Where something of the sort is known to run as it, that decides; else it is not certain.
fn existing(
    who: &Node<'_>,
    role: &Node<'_>,
    technique: &Technique,
    held: &Held,
    around: &Surroundings<'_>,
) -> Option<Step> {
    let (_, cited) = held.as_ref()?;
    let trust = role.trust.as_ref()?;
    let service = technique.services.iter().find(|service| trust.admits_service(service) == Truth::True)?;
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
        let sentences = vec![
            format!("{name} may call {} on {carrier} ({cited}) and so {}", list(&there), technique.does),
            format!("{carrier} runs as {label}{provided}"),
        ];
        return Some(Step { conditional: open || open_elsewhere || !besides.is_empty(), sentences });
    }
    if who.identity.tenant != role.identity.tenant {
        return None;
    }
    let provided = technique.provided.as_deref().unwrap_or("something there runs as it");
    let sentences = vec![
        format!("{name} may call {} ({cited}) and so {}", list(&technique.actions), technique.does),
        format!("{label} trusts {service}; this holds if {provided} and the statement covers it"),
    ];
    Some(Step { conditional: true, sentences })
}
