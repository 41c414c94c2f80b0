//! One step of an escalation: what lets an identity raise rights, its own or another's, or become another.
//! It looks at two identities at a time; the search over all of them is in `escalate`.

use super::Principal;
use super::action::Action;
use super::capability::{administrator, root};
use super::evaluate::{Grounds, Rights};
use super::pattern::overlap;
use super::probe::CapabilityTable;
use super::technique::{How, On, Technique};
use super::trust::TrustPolicy;
use super::truth::Truth;
use crate::model::{Capability, Identity, IdentityKind, Urn};

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
    policies: Vec<&'a Urn>,
    table: &'a CapabilityTable,
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

    fn assemble(
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
        Self { identity, administrator, could_be, trust: None, policies, table, rights }
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

    fn is_changeable(&self, on: On) -> bool {
        match on {
            On::User => self.identity.kind == IdentityKind::AwsUser,
            // AWS lets nobody change a service-linked role.
            On::Role => self.identity.kind == IdentityKind::AwsRole && !self.identity.builtin,
            On::Group | On::Membership => self.identity.kind == IdentityKind::AwsGroup,
            On::Policy | On::Boundary => self.acts() && !self.identity.builtin,
        }
    }

    /// All actions on one resource.
    fn may_all(&self, actions: &[Action], resource: &str) -> Option<(bool, String)> {
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

/// How `who` can give `target`, which may be `who` itself, every right, by a technique of [`How::Grant`] that
/// changes the target or a policy of it. What the target is denied or bounded by stays, so it must leave room.
pub(super) fn grant(who: &Node<'_>, target: &Node<'_>, technique: &Technique) -> Option<Step> {
    let on = technique.on?;
    if who.identity.tenant != target.identity.tenant || !target.is_changeable(on) {
        return None;
    }
    let room = target.could_be?;
    let (may, object) = match on {
        On::User | On::Role => (who.may_all(&technique.actions, target.identity.id.as_str())?, target.label()),
        On::Policy => {
            let ids = target.policies.iter();
            let may = ids.filter_map(|id| Some((who.may_all(&technique.actions, id.as_str())?, *id)));
            let (may, id) = may.min_by_key(|((open, _), _)| *open)?;
            (may, format!("policy {id} of {}", target.label()))
        }
        On::Group | On::Membership | On::Boundary => return None,
    };
    let itself = std::ptr::eq(who.identity, target.identity) && on != On::Policy;
    Some(sentence(who, technique, may, if itself { "itself".to_owned() } else { object }, room))
}

fn sentence(who: &Node<'_>, technique: &Technique, may: (bool, String), object: String, open: bool) -> Step {
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

/// Whether a user is in a group. Membership itself is not among the facts, but what a user holds includes what its
/// groups hold: a policy of the group that it lacks rules membership out, an inline one that it has proves it.
fn is_member(who: &Node<'_>, group: &Node<'_>) -> Truth {
    let holds = |id: &Urn| who.rights.policies.iter().any(|held| held.policy.id == *id);
    let mut answer = Truth::Open;
    for policy in group.rights.policies.iter().map(|held| held.policy) {
        if !holds(&policy.id) {
            return Truth::False;
        }
        if policy.id.as_str().starts_with(&format!("{}#inline/", group.identity.id)) {
            answer = Truth::True;
        }
    }
    answer
}

/// How a user can give itself every right by changing a group that it is in or that it may join.
pub(super) fn change_group(who: &Node<'_>, group: &Node<'_>, technique: &Technique, join: &[Action]) -> Option<Step> {
    let is_user = who.identity.kind == IdentityKind::AwsUser;
    let fits = is_user && technique.on == Some(On::Group) && group.is_changeable(On::Group);
    if !fits || who.identity.tenant != group.identity.tenant {
        return None;
    }
    let may = who.may_all(&technique.actions, group.identity.id.as_str())?;
    let mut step = sentence(who, technique, may, group.label(), who.could_be?);
    let member = is_member(who, group);
    if member == Truth::True {
        return Some(step);
    }
    match who.may_all(join, group.identity.id.as_str()).filter(|_| !join.is_empty()) {
        Some((open, cited)) => {
            step.conditional |= open;
            step.sentences.push(format!("{} may join {} ({cited})", who.identity.name, group.label()));
        }
        None if member == Truth::Open => {
            step.conditional = true;
            step.sentences.push(format!("this holds if {} is a member of {}", who.label(), group.label()));
        }
        None => return None,
    }
    Some(step)
}

/// How a user can join a group that makes it administrator or lets it give itself every right.
pub(super) fn join_group(who: &Node<'_>, group: &Node<'_>, technique: &Technique, all: &[Technique]) -> Option<Step> {
    let is_user = who.identity.kind == IdentityKind::AwsUser;
    let fits = is_user && technique.on == Some(On::Membership) && group.is_changeable(On::Membership);
    if !fits || who.identity.tenant != group.identity.tenant {
        return None;
    }
    let may = who.may_all(&technique.actions, group.identity.id.as_str())?;
    let mut rights = who.rights.clone();
    rights.policies.extend(group.rights.policies.iter().cloned());
    let then = Node::assemble(who.identity, rights, who.policies.clone(), who.table);
    if let Some(proof) = &then.administrator {
        let mut step = sentence(who, technique, may, group.label(), proof.conditional);
        step.sentences.push(format!("{} is administrator: {}", group.label(), proof.proof.join("; ")));
        return Some(step);
    }
    let raises = all.iter().filter(|t| t.how == How::Grant && t.on == Some(On::User));
    let raise = raises.filter_map(|t| grant(&then, &then, t)).min_by_key(|step| step.conditional)?;
    let mut step = sentence(who, technique, may, group.label(), raise.conditional);
    step.sentences.extend(raise.sentences);
    Some(step)
}

/// How an identity can take away the boundary that keeps it from being administrator.
pub(super) fn without_boundary(who: &Node<'_>, technique: &Technique) -> Option<Step> {
    if technique.on != Some(On::Boundary) || who.rights.boundary.is_none() || !who.is_changeable(On::Boundary) {
        return None;
    }
    let may = who.may_all(&technique.actions, who.identity.id.as_str())?;
    let free = administrator(&Rights { boundary: None, ..who.rights.clone() }, who.identity, who.table)?;
    let mut step = sentence(who, technique, may, "itself".to_owned(), free.conditional);
    step.sentences.push(format!("{} is then administrator: {}", who.identity.name, free.proof.join("; ")));
    Some(step)
}

/// How `who` can become `target` by one technique.
pub(super) fn become_by(who: &Node<'_>, target: &Node<'_>, technique: &Technique, held: &Held) -> Option<Step> {
    match technique.how {
        How::Grant => None,
        How::Assume => assume(who, target, technique),
        _ if who.identity.tenant != target.identity.tenant => None,
        How::OtherIdentity => {
            technique.on.filter(|on| target.is_changeable(*on))?;
            let may = who.may_all(&technique.actions, target.identity.id.as_str())?;
            Some(sentence(who, technique, may, target.label(), false))
        }
        How::PassRole => pass_role(who, target, technique, held),
        How::ExistingCompute => existing(who, target, technique, held),
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

fn pass_role(who: &Node<'_>, role: &Node<'_>, technique: &Technique, held: &Held) -> Option<Step> {
    let (open, cited) = held.as_ref()?;
    let trust = role.trust.as_ref()?;
    let (pass, start): (Vec<_>, Vec<_>) = technique.actions.iter().cloned().partition(is_pass_role);
    let mut best: Option<Step> = None;
    for service in technique.services.iter().filter(|service| trust.admits_service(service) == Truth::True) {
        let request = [("iam:passedtoservice", service.as_str())];
        let Some(grounds) = pass.first().and_then(|a| who.rights.may(a, role.identity.id.as_str(), &request)) else {
            continue;
        };
        let name = &who.identity.name;
        let step = Step {
            conditional: *open || grounds.conditional || technique.provided.is_some(),
            sentences: vec![
                format!("{name} may call {} ({cited}) and so {}", list(&start), technique.does),
                format!("{name} may pass {} to {service} ({})", role.label(), who.rights.cite(&grounds)),
                format!("{} trusts {service}", role.label()),
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

/// What runs as which role is not among the facts here, so this is never certain.
fn existing(who: &Node<'_>, role: &Node<'_>, technique: &Technique, held: &Held) -> Option<Step> {
    let (_, cited) = held.as_ref()?;
    let trust = role.trust.as_ref()?;
    let service = technique.services.iter().find(|service| trust.admits_service(service) == Truth::True)?;
    let provided = technique.provided.as_deref().unwrap_or("something there runs as it");
    let (name, label) = (&who.identity.name, role.label());
    let sentences = vec![
        format!("{name} may call {} ({cited}) and so {}", list(&technique.actions), technique.does),
        format!("{label} trusts {service}; this holds if {provided} and the statement covers it"),
    ];
    Some(Step { conditional: true, sentences })
}
