//! Answers what one identity may do: allowed by a policy, not denied, within the boundary and the guardrails of its
//! organisation. It does not see the policies of resources; whole requests are judged in `decide`.

use std::borrow::Cow;

use super::Principal;
use super::action::Action;
use super::capability::partition;
use super::condition::{Clause, hold};
use super::context::{Asked, Context, Terms};
use super::decide::obeys_rcps;
use super::document::Statement;
use super::library::{Compiled, Library};
use super::region::{Region, regions_of};
use super::truth::Truth;
use crate::model::wildcard::overlap;
use crate::model::{Identity, Policy};

/// What one identity's policies add up to.
#[derive(Clone)]
pub(super) struct Rights<'a> {
    pub(super) policies: Vec<Compiled<'a>>,
    pub(super) boundary: Option<Compiled<'a>>,
    /// Whether it has a boundary that was not read: nothing is certain then.
    pub(super) boundary_unread: bool,
    /// Service control policies by level of the organisation: each level must allow.
    pub(super) guardrails: Vec<Vec<Compiled<'a>>>,
    /// Resource control policies of the account: what they deny of its resources, they deny to everyone.
    pub(super) resource_guardrails: Vec<Compiled<'a>>,
    /// The account whose resources they are about.
    pub(super) account: &'a str,
    /// What is known of whoever uses these rights.
    pub(super) context: Context,
    /// In which region it asks, where denies leave it that one.
    pub(super) region: Option<Region>,
    /// Ask as if a policy allowed everything: what is left are denies and limits.
    pub(super) granted_everything: bool,
}

/// Why something is allowed.
#[derive(Clone, Debug)]
pub(super) struct Grounds {
    /// Only under a condition that cannot be judged here.
    pub(super) conditional: bool,
    /// Policy and statement that allow it; none for [`Rights::granted_everything`].
    place: Option<(usize, usize)>,
    /// The conditional denies that stand in the way.
    limits: Vec<String>,
}

impl Grounds {
    /// The conditional denies that stand in the way.
    pub(super) fn limits(&self) -> &[String] {
        &self.limits
    }

    /// The same without them.
    pub(super) fn unlimited(&self) -> Self {
        Self { limits: Vec::new(), ..self.clone() }
    }
}

impl<'a> Rights<'a> {
    /// The rights of an identity, at the time when it was read.
    pub(super) fn of(principal: &Principal<'a>, library: &Library) -> Self {
        let identity = principal.identity;
        let open = |policies: &[&'a Policy]| policies.iter().map(|policy| library.open(policy)).collect();
        // Service-linked roles are the provider's own: no guardrail of an organisation limits them.
        let is_linked = identity.builtin && identity.id.as_str().contains(":role/aws-service-role/");
        let guardrails: &[Vec<&'a Policy>] = if is_linked { &[] } else { &principal.guardrails };
        let mut context = Context::of(identity, identity.evidence.observed);
        // Whoever asks chooses to ask over TLS.
        context.set_default("aws:securetransport", "true");
        let mut rights = Self {
            policies: open(&principal.policies),
            boundary: principal.boundary.map(|policy| library.open(policy)),
            boundary_unread: principal.boundary.is_none() && principal.boundary_id.is_some(),
            guardrails: guardrails.iter().map(|level| open(level)).collect(),
            resource_guardrails: open(&principal.resource_guardrails),
            account: &identity.tenant,
            context,
            region: None,
            granted_everything: false,
        };
        let denies = rights.every_document().flat_map(|one| &one.document.statements).filter(|one| !one.allow);
        let regions = regions_of(partition(identity.id.as_str()));
        let region = Region::choose(denies.map(|one| one.conditions.as_slice()), regions);
        rights.region = region;
        rights
    }

    /// The rights of an identity that is made in the same account and given everything.
    pub(super) fn of_new(&self, identity: &Identity) -> Self {
        let mut context = Context::of(identity, identity.evidence.observed);
        context.set_default("aws:securetransport", "true");
        Self {
            policies: Vec::new(),
            boundary: None,
            boundary_unread: false,
            guardrails: self.guardrails.clone(),
            resource_guardrails: self.resource_guardrails.clone(),
            account: self.account,
            context,
            region: self.region.clone(),
            granted_everything: true,
        }
    }

    /// The same rights without the policies that say nothing of these actions.
    pub(super) fn about(&self, actions: &[Action]) -> Self {
        let says = |compiled: &&Compiled<'a>| {
            let mut sides = actions.iter().flat_map(|action| [(action, true), (action, false)]);
            sides.any(|(action, allow)| compiled.document.about(action, allow).next().is_some())
        };
        Self {
            policies: self.policies.iter().filter(says).cloned().collect(),
            boundary: self.boundary.clone(),
            boundary_unread: self.boundary_unread,
            guardrails: self.guardrails.clone(),
            resource_guardrails: self.resource_guardrails.clone(),
            account: self.account,
            context: self.context.clone(),
            region: self.region.clone(),
            granted_everything: self.granted_everything,
        }
    }

    /// What a policy gives to whoever holds nothing else.
    pub(super) fn of_policy(policy: Compiled<'a>) -> Self {
        Self {
            policies: vec![policy],
            boundary: None,
            boundary_unread: false,
            guardrails: Vec::new(),
            resource_guardrails: Vec::new(),
            account: "",
            context: Context::new(),
            region: None,
            granted_everything: false,
        }
    }

    /// Whether `action` is allowed on `resource`, which may have wildcards: then on all that it stands for, where a
    /// deny counts only if it covers all of it too.
    ///
    /// `terms` is what the question itself says, such as `iam:passedtoservice`.
    pub(super) fn may(&self, action: &Action, resource: &str, terms: Terms<'_>) -> Option<Grounds> {
        let asked = self.context.asked_with(terms);
        let (place, allowed) = self.allowed(action, resource, &asked)?;
        let limits = self.denied(action, resource, &asked)?;
        let within = self.within_limits(action, resource, &asked);
        let conditional = !limits.is_empty() || allowed.min(within) == Truth::Open;
        (within != Truth::False).then_some(Grounds { conditional, place, limits })
    }

    /// As [`Self::may`] where denies are told and not obeyed: by the denies that hold for certain, and those that may.
    pub(super) fn granted(&self, action: &Action, resource: &str) -> Option<(Grounds, Option<String>)> {
        let asked = self.context.asked();
        let (place, allowed) = self.allowed(action, resource, &asked)?;
        let within = self.within_limits(action, resource, &asked);
        let conditional = allowed.min(within) == Truth::Open;
        let limits = self.denied(action, resource, &asked);
        let denier = if limits.is_none() { self.denier(action, resource, &asked) } else { None };
        let grounds = Grounds { conditional, place, limits: limits.unwrap_or_default() };
        (within != Truth::False).then_some((grounds, denier))
    }

    /// The statement that denies it for certain.
    fn denier(&self, action: &Action, resource: &str, asked: &Asked<'_>) -> Option<String> {
        let region = self.region_of(action);
        let asked = &asked.in_region(region.as_deref());
        self.every_document().chain(&self.resource_guardrails).find_map(|compiled| {
            let mut all = compiled.document.about(action, false);
            let holds =
                |s: &&Statement| s.names_resource(resource, asked).min(hold(&s.conditions, asked)) == Truth::True;
            all.find(holds).map(|statement| place_text(compiled.policy, statement))
        })
    }

    /// In which region an action is asked for: in the one for all, else in one of its own.
    fn region_of(&self, action: &Action) -> Option<Cow<'_, str>> {
        let region = self.region.as_ref()?;
        if let Some(name) = region.of(action) {
            return Some(Cow::Borrowed(name));
        }
        let denies = self.every_document().flat_map(|one| one.document.about(action, false));
        region.own(action, denies.map(|one| one.conditions.as_slice())).map(Cow::Owned)
    }

    /// Where `action` is allowed at all: each allowed resource pattern that is neither denied nor outside the
    /// boundary as a whole.
    pub(super) fn may_somewhere(&self, action: &Action) -> Vec<(String, Grounds)> {
        let asked = self.context.asked().in_region(self.region.as_ref().and_then(|region| region.of_trial(action)));
        let mut found = Vec::new();
        for (statement, place) in self.allows(action) {
            let holds = hold(&statement.conditions, &asked);
            if holds == Truth::False {
                continue;
            }
            for pattern in statement.patterns().into_iter().filter(|pattern| action.is_done_to(pattern)) {
                let Some(limits) = self.denied_throughout(action, pattern, &asked) else { continue };
                if !self.limits_touch(action, pattern, &asked) {
                    continue;
                }
                let conditional = holds == Truth::Open || !limits.is_empty() || self.boundary_unread;
                found.push((pattern.to_owned(), Grounds { conditional, place: Some(place), limits }));
            }
        }
        found
    }

    /// Whether a statement allows `action` on anything: a quick look before [`Self::may_somewhere`].
    pub(super) fn names(&self, action: &Action) -> bool {
        self.allows(action).next().is_some()
    }

    /// Whether anything can be denied or limited here.
    pub(super) fn is_limited(&self) -> bool {
        let denies = |compiled: &Compiled<'_>| compiled.document.statements.iter().any(|statement| !statement.allow);
        let around = self.boundary.is_some()
            || self.boundary_unread
            || !self.guardrails.is_empty()
            || !self.resource_guardrails.is_empty();
        around || self.policies.iter().any(denies)
    }

    /// Whether a statement allows `action` on anything, whatever these terms leave open.
    pub(super) fn may_at_all(&self, action: &Action, terms: Terms<'_>) -> bool {
        let asked = self.context.asked_with(terms);
        self.granted_everything || self.allows(action).any(|(s, _)| hold(&s.conditions, &asked) != Truth::False)
    }

    pub(super) fn every_document(&self) -> impl Iterator<Item = &Compiled<'a>> {
        self.policies.iter().chain(&self.boundary).chain(self.guardrails.iter().flatten())
    }

    /// None if denied for certain, else the denies that hold under open conditions.
    ///
    /// Explicit denies win over everything, in the boundary and the guardrails too.
    pub(super) fn denied(&self, action: &Action, resource: &str, asked: &Asked<'_>) -> Option<Vec<String>> {
        self.denied_by(action, resource, |statement| statement.names_resource(resource, asked), asked)
    }

    /// As [`Self::denied`], where what a deny leaves out of a resource with wildcards is enough to go on.
    fn denied_throughout(&self, action: &Action, resource: &str, asked: &Asked<'_>) -> Option<Vec<String>> {
        self.denied_by(action, resource, |statement| statement.names_throughout(resource, asked), asked)
    }

    fn denied_by(
        &self,
        action: &Action,
        resource: &str,
        names: impl Fn(&Statement) -> Truth,
        asked: &Asked<'_>,
    ) -> Option<Vec<String>> {
        let mut limits = Vec::new();
        let region = self.region_of(action);
        let asked = &asked.in_region(region.as_deref());
        let of_resources = self.resource_guardrails.iter().filter(|_| {
            let owner = resource.split(':').nth(4).unwrap_or_default();
            obeys_rcps(action) && (owner == self.account || owner.is_empty() || owner.contains('*'))
        });
        for compiled in self.every_document().chain(of_resources) {
            if !denies(compiled, action, &names, asked, &mut limits) {
                return None;
            }
        }
        Some(limits)
    }

    /// What the resource control policies of this account say to somebody who asks for a resource of it: none if
    /// denied for certain, else the denies that hold under open conditions.
    pub(super) fn denied_to_others(&self, action: &Action, resource: &str, asked: &Asked<'_>) -> Option<Vec<String>> {
        let mut limits = Vec::new();
        let mut all = self.resource_guardrails.iter().filter(|_| obeys_rcps(action));
        let names = |statement: &Statement| statement.names_resource(resource, asked);
        all.all(|compiled| denies(compiled, action, &names, asked, &mut limits)).then_some(limits)
    }

    /// Whether the boundary and the guardrails, as far as there are any, let it through.
    pub(super) fn within_limits(&self, action: &Action, resource: &str, asked: &Asked<'_>) -> Truth {
        let levels = self.guardrails.iter().map(Vec::as_slice);
        let all = self.boundary.iter().map(std::slice::from_ref).chain(levels);
        let within = all.map(|level| allows(level, action, resource, asked)).min().unwrap_or(Truth::True);
        if self.boundary_unread { within.min(Truth::Open) } else { within }
    }

    /// As [`Self::within_limits`], without the boundary.
    pub(super) fn within_guardrails(&self, action: &Action, resource: &str, asked: &Asked<'_>) -> Truth {
        self.guardrails.iter().map(|level| allows(level, action, resource, asked)).min().unwrap_or(Truth::True)
    }

    fn limits_touch(&self, action: &Action, pattern: &str, asked: &Asked<'_>) -> bool {
        let levels = self.guardrails.iter().map(Vec::as_slice);
        self.boundary.iter().map(std::slice::from_ref).chain(levels).all(|level| {
            let mut allows = level.iter().flat_map(|compiled| compiled.document.about(action, true));
            allows.any(|statement| {
                hold(&statement.conditions, asked) != Truth::False
                    && statement.patterns().iter().any(|own| overlap(own, pattern))
            })
        })
    }

    fn allowed(&self, action: &Action, resource: &str, asked: &Asked<'_>) -> Option<(Option<(usize, usize)>, Truth)> {
        if self.granted_everything {
            return Some((None, Truth::True));
        }
        let mut open = None;
        for (statement, place) in self.allows(action) {
            match statement.names_resource(resource, asked).min(hold(&statement.conditions, asked)) {
                Truth::True => return Some((Some(place), Truth::True)),
                Truth::Open => open = open.or(Some((Some(place), Truth::Open))),
                Truth::False => {}
            }
        }
        open
    }

    pub(super) fn allows<'r>(&'r self, action: &'r Action) -> impl Iterator<Item = (&'r Statement, (usize, usize))> {
        self.policies.iter().enumerate().flat_map(move |(policy, compiled)| {
            compiled.document.about(action, true).map(move |statement| (statement, (policy, statement.number)))
        })
    }

    /// `policy deploy, statement 2`, with the conditions it stands under.
    pub(super) fn cite(&self, grounds: &Grounds) -> String {
        self.text(grounds, |policy, statement| format!("policy {}, statement {}", policy.name, statement.number))
    }

    /// `policy AdministratorAccess, statement 1 (Allow * on *)`, with the conditions it stands under.
    pub(super) fn quote(&self, grounds: &Grounds) -> String {
        self.text(grounds, place_text)
    }

    fn text(&self, grounds: &Grounds, show: impl Fn(&Policy, &Statement) -> String) -> String {
        let place = grounds.place.and_then(|(policy, number)| {
            let compiled = self.policies.get(policy)?;
            let statement = compiled.document.statements.iter().find(|statement| statement.number == number)?;
            Some((compiled.policy, statement))
        });
        let Some((policy, statement)) = place else { return "any policy".to_owned() };
        let mut text = show(policy, statement);
        let keys = condition_keys(&statement.conditions);
        if grounds.conditional && !keys.is_empty() {
            text.push_str(&format!(", under conditions on {keys}"));
        }
        for limit in &grounds.limits {
            text.push_str(&format!(", limited by {limit}"));
        }
        text
    }
}

/// Whether one of several policies allows it.
fn allows(level: &[Compiled<'_>], action: &Action, resource: &str, asked: &Asked<'_>) -> Truth {
    let all = level.iter().flat_map(|compiled| compiled.document.about(action, true));
    all.map(|s| s.names_resource(resource, asked).min(hold(&s.conditions, asked))).max().unwrap_or(Truth::False)
}

fn place_text(policy: &Policy, statement: &Statement) -> String {
    format!("policy {}, statement {} ({})", policy.name, statement.number, statement.describe())
}

pub(super) fn condition_keys(clauses: &[Clause]) -> String {
    let mut keys: Vec<&str> = clauses.iter().map(|clause| clause.key.as_ref()).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.join(", ")
}

/// Notes the denies of a document that hold under open conditions; false if one holds for certain.
fn denies(
    compiled: &Compiled<'_>,
    action: &Action,
    names: &impl Fn(&Statement) -> Truth,
    asked: &Asked<'_>,
    limits: &mut Vec<String>,
) -> bool {
    for statement in compiled.document.about(action, false) {
        match names(statement).min(hold(&statement.conditions, asked)) {
            Truth::True => return false,
            Truth::Open => limits.push(place_text(compiled.policy, statement)),
            Truth::False => {}
        }
    }
    true
}
