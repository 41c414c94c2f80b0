//! Answers what one identity may do: allowed by a policy, not denied, within the boundary.
//! It knows identity policies and boundaries only; organisation guardrails and resource policies are not seen here.

use std::rc::Rc;

use super::Principal;
use super::condition::{Clause, Known, Truth, hold};
use super::pattern::overlap;
use super::statement::{Action, Statement, statements};
use crate::model::{IdentityKind, Policy};

/// A policy with its statements.
#[derive(Clone)]
pub(super) struct Compiled<'a> {
    pub(super) policy: &'a Policy,
    pub(super) statements: Rc<Vec<Statement<'a>>>,
}

impl<'a> Compiled<'a> {
    pub(super) fn new(policy: &'a Policy) -> Self {
        Self { policy, statements: Rc::new(statements(&policy.document)) }
    }
}

/// What one identity's policies add up to.
#[derive(Clone)]
pub(super) struct Rights<'a> {
    pub(super) policies: Vec<Compiled<'a>>,
    pub(super) boundary: Option<Compiled<'a>>,
    /// Condition keys and policy variables that are known of whoever uses these rights.
    pub(super) known: Vec<(&'a str, &'a str)>,
    /// Ask as if a policy allowed everything: what is left are denies and the boundary.
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

impl<'a> Rights<'a> {
    /// The rights of an identity.
    pub(super) fn of(principal: &Principal<'a>, mut compile: impl FnMut(&'a Policy) -> Compiled<'a>) -> Self {
        let identity = principal.identity;
        let mut known = vec![("aws:principalarn", identity.id.as_str()), ("aws:principalaccount", &identity.tenant)];
        if identity.kind == IdentityKind::AwsUser {
            known.push(("aws:username", &identity.name));
        }
        Self {
            policies: principal.policies.iter().map(|policy| compile(policy)).collect(),
            boundary: principal.boundary.map(compile),
            known,
            granted_everything: false,
        }
    }

    /// What a policy gives to whoever holds nothing else.
    pub(super) fn of_policy(policy: &'a Policy) -> Self {
        Self { policies: vec![Compiled::new(policy)], boundary: None, known: Vec::new(), granted_everything: false }
    }

    /// Whether `action` is allowed on `resource`, which may have wildcards: then on all that it stands for, where a
    /// deny counts only if it covers all of it too.
    ///
    /// `request` are further condition keys that the question itself fixes, such as `iam:PassedToService`.
    pub(super) fn may(&self, action: &Action, resource: &str, request: &Known<'_>) -> Option<Grounds> {
        let mut known = self.known.clone();
        known.extend_from_slice(request);
        let limits = self.denied(action, resource, &known)?;
        let (place, allowed) = self.allowed(action, resource, &known)?;
        let within = self.within_boundary(action, resource, &known);
        let conditional = !limits.is_empty() || allowed.min(within) == Truth::Open;
        (within != Truth::False).then_some(Grounds { conditional, place, limits })
    }

    /// Where `action` is allowed at all: each allowed resource pattern that is neither denied nor outside the
    /// boundary as a whole.
    pub(super) fn may_somewhere(&self, action: &Action) -> Vec<(&'a str, Grounds)> {
        let mut found = Vec::new();
        for (statement, place) in self.allows(action) {
            for pattern in statement.patterns() {
                let Some(limits) = self.denied(action, pattern, &self.known) else { continue };
                let holds = hold(&statement.conditions, &self.known);
                if holds == Truth::False || !self.boundary_touches(action, pattern) {
                    continue;
                }
                let conditional = holds == Truth::Open || !limits.is_empty();
                found.push((pattern, Grounds { conditional, place: Some(place), limits }));
            }
        }
        found
    }

    /// None if denied for certain, else the denies that hold under open conditions.
    ///
    /// Explicit denies win over everything, in the boundary too.
    pub(super) fn denied(&self, action: &Action, resource: &str, known: &Known<'_>) -> Option<Vec<String>> {
        let mut limits = Vec::new();
        for compiled in self.policies.iter().chain(&self.boundary) {
            for statement in compiled.statements.iter().filter(|s| !s.allow && s.names_action(action)) {
                match statement.names_resource(resource, known).min(hold(&statement.conditions, known)) {
                    Truth::True => return None,
                    Truth::Open => limits.push(place_text(compiled.policy, statement)),
                    Truth::False => {}
                }
            }
        }
        Some(limits)
    }

    /// Whether the boundary, if there is one, lets it through.
    pub(super) fn within_boundary(&self, action: &Action, resource: &str, known: &Known<'_>) -> Truth {
        let Some(boundary) = &self.boundary else { return Truth::True };
        let allows = boundary.statements.iter().filter(|s| s.allow && s.names_action(action));
        allows.map(|s| s.names_resource(resource, known).min(hold(&s.conditions, known))).max().unwrap_or(Truth::False)
    }

    fn boundary_touches(&self, action: &Action, pattern: &str) -> bool {
        let Some(boundary) = &self.boundary else { return true };
        boundary.statements.iter().filter(|s| s.allow && s.names_action(action)).any(|s| {
            hold(&s.conditions, &self.known) != Truth::False && s.patterns().iter().any(|p| overlap(p, pattern))
        })
    }

    fn allowed(&self, action: &Action, resource: &str, known: &Known<'_>) -> Option<(Option<(usize, usize)>, Truth)> {
        if self.granted_everything {
            return Some((None, Truth::True));
        }
        let mut open = None;
        for (statement, place) in self.allows(action) {
            match statement.names_resource(resource, known).min(hold(&statement.conditions, known)) {
                Truth::True => return Some((Some(place), Truth::True)),
                Truth::Open => open = open.or(Some((Some(place), Truth::Open))),
                Truth::False => {}
            }
        }
        open
    }

    fn allows(&self, action: &Action) -> impl Iterator<Item = (&Statement<'a>, (usize, usize))> {
        self.policies.iter().enumerate().flat_map(move |(p, compiled)| {
            let statements = compiled.statements.iter().enumerate();
            let allows = statements.filter(move |(_, s)| s.allow && s.names_action(action));
            allows.map(move |(s, statement)| (statement, (p, s)))
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

    fn text(&self, grounds: &Grounds, show: impl Fn(&Policy, &Statement<'a>) -> String) -> String {
        let place = grounds.place.and_then(|(p, s)| {
            let compiled = self.policies.get(p)?;
            Some((compiled.policy, compiled.statements.get(s)?))
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

fn place_text(policy: &Policy, statement: &Statement<'_>) -> String {
    format!("policy {}, statement {} ({})", policy.name, statement.number, statement.describe())
}

fn condition_keys(clauses: &[Clause]) -> String {
    let mut keys: Vec<&str> = clauses.iter().map(|clause| clause.key.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.join(", ")
}
