//! One step of an escalation: what lets an identity raise rights, its own or another's, or become another.
//! It looks at two identities at a time; the search over all of them is in `escalate`.

use std::sync::OnceLock;

use super::Principal;
use super::action::Action;
use super::assume::assume;
use super::capability::{administrator, root};
use super::context::Terms;
use super::evaluate::{Grounds, Rights};
use super::library::Compiled;
use super::object::{Means, Object};
use super::overlap::{meet, service, sort};
use super::provider::federate;
use super::run::{existing, pass_role};
use super::surroundings::Surroundings;
use super::technique::{How, On, Technique};
use super::trust::TrustPolicy;
use super::truth::Truth;
use crate::model::wildcard::covers;
use crate::model::{Capability, CapabilityKind, Identity, IdentityKind, Urn};

/// The actions by which a policy is attached.
const ATTACH: [&str; 3] = ["iam:AttachUserPolicy", "iam:AttachRolePolicy", "iam:AttachGroupPolicy"];

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
    /// The name of its permissions boundary.
    pub(super) boundary: Option<&'a Urn>,
    /// The names of the groups it is in, where they were read.
    pub(super) groups: Option<&'a [&'a str]>,
    pub(super) means: &'a Means<'a>,
    /// Whether it may give itself tags, on something.
    pub(super) tags: bool,
    /// Whether what it may attach depends on which policy that is.
    pub(super) chooses: bool,
    /// The policies that it may attach by the one action that was asked about first, once somebody asked.
    pub(super) attaches: OnceLock<(String, Vec<String>)>,
    /// What it would be by older versions of its policies, once somebody asked: which policy, which version, how.
    pub(super) earlier: OnceLock<Vec<(usize, String, Step)>>,
    /// Which actions of the techniques it holds anywhere, as places in their vocabulary.
    pub(super) holds: Vec<bool>,
}

/// Something that can be done, in sentences.
#[derive(Clone)]
pub(super) struct Step {
    pub(super) conditional: bool,
    pub(super) sentences: Vec<String>,
    /// Whom it passes through or what it changes: one entry for each thing that is done.
    pub(super) via: Vec<String>,
}

impl Step {
    /// This, and something else after it.
    pub(super) fn then(mut self, next: Self) -> Self {
        self.conditional |= next.conditional;
        self.sentences.extend(next.sentences);
        self.via.extend(next.via);
        self
    }
}

impl<'a> Node<'a> {
    pub(super) fn new(principal: &'a Principal<'a>, rights: Rights<'a>, means: &'a Means<'a>) -> Self {
        let own = principal.policies.iter().filter(|policy| !policy.builtin).map(|policy| &policy.id);
        let all = own.chain(principal.missing_policies.iter().copied());
        let policies = all.filter(|id| is_customer_policy(id.as_str())).collect();
        let mut node = Self::assemble(principal.identity, rights, policies, means);
        node.administrator = root(principal.identity).or(node.administrator);
        node.trust = principal.trust.map(TrustPolicy::new);
        node.boundary = principal.boundary_id;
        node.groups = principal.groups.as_deref();
        node
    }

    pub(super) fn assemble(
        identity: &'a Identity,
        rights: Rights<'a>,
        policies: Vec<&'a Urn>,
        means: &'a Means<'a>,
    ) -> Self {
        let could_be = if rights.is_limited() {
            let everything = Rights { granted_everything: true, ..rights.clone() };
            administrator(&everything, identity, means.table).map(|capability| capability.conditional)
        } else {
            Some(false)
        };
        let administrator = administrator(&rights, identity, means.table);
        let (trust, boundary, groups, holds) = (None, None, None, Vec::new());
        let tagging = means.techniques.iter().filter(|technique| technique.how == How::Tag);
        let tags = tagging.flat_map(|technique| &technique.actions).any(|action| rights.names(action));
        let chooses = ATTACH.iter().any(|action| !rights.asked_of(&Action::new(action), "iam:policyarn").is_empty());
        Self {
            identity,
            administrator,
            could_be,
            trust,
            policies,
            boundary,
            groups,
            means,
            tags,
            chooses,
            attaches: OnceLock::new(),
            earlier: OnceLock::new(),
            holds,
            rights,
        }
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
            boundary: self.boundary,
            groups: self.groups,
            means: self.means,
            tags: self.tags,
            chooses: self.chooses,
            attaches: OnceLock::new(),
            earlier: OnceLock::new(),
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

    /// The same as another says it: with the account, where it is not that one's own.
    pub(super) fn called_by(&self, who: &Self) -> String {
        let account = &self.identity.tenant;
        if who.identity.tenant == *account { self.label() } else { format!("{} of account {account}", self.label()) }
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
            On::UserBoundary | On::UserInline | On::UserAttached => self.is_changeable(On::User),
            On::GroupInline | On::GroupAttached | On::GroupMember => self.is_changeable(On::User),
            On::RoleBoundary | On::RoleInline | On::RoleAttached => self.is_changeable(On::Role),
            On::PermissionSet => self.identity.id.as_str().contains(":role/aws-reserved/sso.amazonaws.com/"),
            On::Policy | On::Version => self.acts() && !self.identity.builtin,
        }
    }

    /// Whether a boundary, or a policy that it holds, keeps something from it.
    pub(super) fn is_limited(&self) -> bool {
        let denies = |held: &Compiled<'_>| held.document.statements.iter().any(|statement| !statement.allow);
        self.boundary.is_some() || self.rights.policies.iter().any(denies)
    }

    /// Whether it reads stored data, of whatever bucket, table or secret, and by which statement.
    pub(super) fn reads_data(&self) -> Option<Capability> {
        let mut open = None;
        for action in self.means.table.data().iter().filter(|action| self.rights.names(action)) {
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

    /// All actions on one resource of which nothing but its name is known.
    pub(super) fn may_all(&self, actions: &[Action], resource: &str) -> Option<(bool, String)> {
        // What is there lies in a region, and is asked for in that one.
        let region = resource.split(':').nth(3).filter(|region| !region.is_empty() && !region.contains(['*', '?']));
        let keys = region.map(|region| (super::region::KEY, Some(region)));
        let terms = Terms { keys: keys.as_slice(), tags: None };
        let asked = actions.iter().map(|action| self.rights.may(action, resource, terms));
        let grounds: Vec<_> = asked.collect::<Option<_>>()?;
        Some((grounds.iter().any(|g| g.conditional), self.cite(&grounds)))
    }

    /// All actions on an identity, a group or a policy of IAM.
    pub(super) fn may_to(&self, actions: &[Action], object: &Object<'_>) -> Option<(bool, String)> {
        let asked = actions.iter().map(|action| {
            let keys = object.keys(action);
            let keys = if action.service() == "iam" { keys.as_slice() } else { &[] };
            self.rights.may(action, object.arn, Terms { keys, tags: object.tags })
        });
        let grounds: Vec<_> = asked.collect::<Option<_>>()?;
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
        self.may_each_where(actions, |_| true, false)
    }

    /// As [`Self::may_each`] of what is made anew, which lies in one's own account: where the names of one sort of thing
    /// that are allowed have nothing in common there is none.
    pub(super) fn may_make<'t>(&self, actions: impl Iterator<Item = &'t Action>) -> Option<(bool, String)> {
        let own = self.identity.tenant.as_str();
        let is_here = |pattern: &str| match pattern.split(':').nth(4) {
            Some(account) if !account.is_empty() && !account.contains("${") => covers(account, own),
            _ => true,
        };
        self.may_each_where(actions, is_here, true)
    }

    fn may_each_where<'t>(
        &self,
        actions: impl Iterator<Item = &'t Action>,
        is_wanted: impl Fn(&str) -> bool,
        must_meet: bool,
    ) -> Option<(bool, String)> {
        let mut conditional = false;
        let mut chosen: Vec<(String, Grounds)> = Vec::new();
        for action in actions {
            let mut places = self.rights.may_somewhere(action);
            places.retain(|(pattern, _)| is_wanted(pattern));
            places.sort_by_key(|(pattern, grounds)| (grounds.conditional, pattern != "*"));
            let apart = |pattern: &str| {
                chosen.iter().any(|(other, _)| service(other) == service(pattern) && !meet(other, pattern))
            };
            let fitting = places.iter().position(|(pattern, _)| !apart(pattern));
            if must_meet && fitting.is_none() {
                let same_sort = |pattern: &str| {
                    chosen.iter().any(|(other, _)| sort(other).is_some() && sort(other) == sort(pattern))
                };
                if !places.is_empty() && places.iter().all(|(pattern, _)| same_sort(pattern)) {
                    return None;
                }
            }
            conditional |= fitting.is_none();
            let place = places.into_iter().nth(fitting.unwrap_or(0))?;
            conditional |= place.1.conditional;
            chosen.push(place);
        }
        let grounds: Vec<_> = chosen.into_iter().map(|(_, grounds)| grounds).collect();
        Some((conditional, self.cite(&grounds)))
    }
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
    sentence_if(who, technique, may, object, open, technique.provided.as_deref())
}

/// As [`sentence`], where what it would be provided with may be known to be so.
pub(super) fn sentence_if(
    who: &Node<'_>,
    technique: &Technique,
    may: (bool, String),
    object: String,
    open: bool,
    provided: Option<&str>,
) -> Step {
    let ((conditional, cited), actions) = (may, list(&technique.actions));
    let tail = provided.map(|text| format!(", provided that {text}")).unwrap_or_default();
    let text =
        format!("{} may call {actions} on {object} ({cited}) and so {}{tail}", who.identity.name, technique.does);
    let via = vec![format!("{actions} on {}", object.trim_end_matches(','))];
    Step { conditional: conditional || open || provided.is_some(), sentences: vec![text], via }
}

/// How a way names an identity that it passes through: `role/ci`, with the account where that is another one.
pub(super) fn place(who: &Node<'_>, target: &Node<'_>) -> String {
    let local = short(target.identity.id.as_str());
    let account = &target.identity.tenant;
    if who.identity.tenant == *account { local.to_owned() } else { format!("{local} of account {account}") }
}

/// What an ARN says after the account: `role/ci`.
pub(super) fn short(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or(arn)
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
        How::Grant | How::NewIdentity | How::Tag => None,
        How::Assume => assume(who, target, technique),
        How::ExistingCompute => existing(who, target, technique, held, around),
        How::OtherIdentity if technique.on == Some(On::PermissionSet) => take_over(who, target, technique, around),
        _ if who.identity.tenant != target.identity.tenant => None,
        How::OtherIdentity => take_over(who, target, technique, around),
        How::PassRole => pass_role(who, target, technique, held, around),
        How::IdentityProvider => federate(who, target, technique),
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
    let second_factor = fits(technique.second_factor, around.has_second_factor(id));
    if password.min(free_key).min(second_factor) == Truth::False {
        return None;
    }
    if technique.on == Some(On::PermissionSet) {
        let step = who.means.center.step(who, technique, Some(target), target.called_by(who), false)?;
        return Some(Step { via: vec![place(who, target)], ..step });
    }
    let may = who.may_to(&technique.actions, &Object::of(target))?;
    let is_decided = technique.password.is_some() && password == Truth::True;
    let provided = technique.provided.as_deref().filter(|_| !is_decided);
    let factor = (second_factor == Truth::Open).then_some("it has no second factor");
    let provided: Vec<&str> = provided.into_iter().chain(factor).collect();
    let provided = (!provided.is_empty()).then(|| provided.join(" and "));
    let step = sentence_if(who, technique, may, target.label(), free_key == Truth::Open, provided.as_deref());
    Some(Step { via: vec![place(who, target)], ..step })
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

pub(super) fn is_pass_role(action: &Action) -> bool {
    action.text == "iam:PassRole"
}
