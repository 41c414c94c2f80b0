//! Judges one request by every policy that bears on it. It must not guess: what depends on a condition key that is not
//! known is conditional.
//! Source: IAM User Guide, "Policy evaluation logic", "Permissions boundaries for IAM entities", "Evaluating
//! identity-based policies with resource-based policies".

use std::sync::Arc;

use super::action::Action;
use super::caller::{Caller, Naming};
use super::condition::{hold, open_keys};
use super::context::{Asked, Context};
use super::document::{Document, Statement};
use super::truth::Truth;
use super::verdict::{Decision, Layer, Reason, Verdict};

/// Services whose resources obey resource control policies.
/// Source: AWS Organizations User Guide, "List of AWS services that support RCPs", read 2026-11-22.
const UNDER_RCPS: [&str; 11] =
    ["aoss", "cognito-identity", "cognito-idp", "dynamodb", "ecr", "kms", "logs", "s3", "secretsmanager", "sqs", "sts"];

/// Whether resource control policies bear on an action at all.
pub(super) fn obeys_rcps(action: &Action) -> bool {
    UNDER_RCPS.contains(&action.service())
}

/// Actions that the policy of the resource itself must allow, in its own account too: becoming a role, using a key.
fn needs_resource_policy(action: &Action) -> bool {
    let name = action.text.to_ascii_lowercase();
    name.starts_with("sts:assumerole") || (name.starts_with("kms:") && !WITHOUT_KEY.contains(&name.as_str()))
}

/// Actions of KMS that are about no key, lower case.
/// Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS Key Management Service".
const WITHOUT_KEY: [&str; 11] = [
    "kms:connectcustomkeystore",
    "kms:createcustomkeystore",
    "kms:createkey",
    "kms:deletecustomkeystore",
    "kms:describecustomkeystores",
    "kms:disconnectcustomkeystore",
    "kms:generaterandom",
    "kms:listaliases",
    "kms:listkeys",
    "kms:listretirablegrants",
    "kms:updatecustomkeystore",
];

/// A policy of a layer: its name for the reader, and its document.
#[derive(Clone, Debug)]
pub struct Held {
    /// Its name.
    pub name: String,
    /// What it says.
    pub document: Arc<Document>,
}

/// Every policy that bears on a request. An empty list of levels limits nothing.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// The policies of the caller and of its groups.
    pub identity: Vec<Held>,
    /// The caller's permissions boundary.
    pub boundary: Option<Held>,
    /// The policies its session was made with, if any were.
    pub session: Vec<Held>,
    /// Service control policies of the caller's account by level: every level must allow.
    pub scps: Vec<Vec<Held>>,
    /// Resource control policies of the resource's account. They only deny: the one that allows everything is attached
    /// everywhere and cannot be taken off.
    pub rcps: Vec<Held>,
    /// The policy of the resource, or the trust policy of the role.
    pub resource: Option<Held>,
    /// Whether the resource may have a policy that was not read.
    pub resource_unread: bool,
    /// Whether the caller holds a policy that was not read.
    pub identity_unread: bool,
    /// Whether the caller has a boundary that was not read.
    pub boundary_unread: bool,
}

/// One question.
#[derive(Clone, Copy, Debug)]
pub struct Request<'q> {
    /// Who asks.
    pub caller: &'q Caller,
    /// What for.
    pub action: &'q Action,
    /// On what: an ARN, also with wildcards, or `*`.
    pub resource: &'q str,
    /// The account of the resource, where its ARN does not name one; that of the caller when not given.
    pub resource_account: Option<&'q str>,
    /// What is known of the request besides.
    pub context: &'q Context,
}

/// What the policies say to a request.
pub fn decide(request: &Request<'_>, layers: &Layers) -> Decision {
    let mut context = request.context.clone();
    request.caller.describe(&mut context);
    let account = resource_account(request);
    context.set_default("aws:ResourceAccount", account);
    let judge = Judge { request, asked: context.asked(), account };
    judge.decide(layers)
}

fn resource_account<'q>(request: &Request<'q>) -> &'q str {
    let named = request.resource.split(':').nth(4).filter(|account| !account.is_empty());
    named.or(request.resource_account).unwrap_or(request.caller.account())
}

struct Judge<'q> {
    request: &'q Request<'q>,
    asked: Asked<'q>,
    account: &'q str,
}

/// What a layer says: how far it allows, and by which statements.
struct Voice {
    allows: Truth,
    reasons: Vec<Reason>,
    open: Vec<String>,
    /// The layers of which a policy that was not read decides.
    unread: Vec<Layer>,
}

impl Voice {
    fn silent(allows: Truth) -> Self {
        Self { allows, reasons: Vec::new(), open: Vec::new(), unread: Vec::new() }
    }

    fn add(&mut self, truth: Truth, reason: Reason, open: Vec<String>) {
        if truth == Truth::False || self.allows == Truth::True {
            return;
        }
        if truth == Truth::True {
            // What was only possible before says nothing any more.
            (self.reasons, self.open) = (Vec::new(), Vec::new());
        }
        self.allows = self.allows.max(truth);
        self.reasons.push(reason);
        self.open.extend(open);
    }

    /// A policy that was not read may allow what the others do not, and deny what they allow.
    fn with_unread(mut self, layer: Layer, is_unread: bool) -> Self {
        if is_unread {
            self.allows = self.allows.max(Truth::Open);
            self.unread.push(layer);
        }
        self
    }

    /// Both are needed.
    fn and(mut self, other: Self) -> Self {
        self.allows = self.allows.min(other.allows);
        self.reasons.extend(other.reasons);
        self.open.extend(other.open);
        self.unread.extend(other.unread);
        self
    }

    /// Either is enough.
    fn or(self, other: Self) -> Self {
        if other.allows > self.allows { other } else { self }
    }
}

impl<'q> Judge<'q> {
    fn decide(&self, layers: &Layers) -> Decision {
        let denies = self.denies(layers);
        if denies.iter().any(|(truth, ..)| *truth == Truth::True) {
            let sure = denies.into_iter().filter(|(truth, ..)| *truth == Truth::True);
            return Decision::denied(sure.map(|(_, reason, _)| reason).collect(), Vec::new());
        }
        let scps = self.scps(layers);
        let (granted, mut blocked) = self.granted(layers);
        if scps.allows == Truth::False {
            blocked.push(Layer::Scp);
        }
        let all = granted.and(scps);
        if all.allows == Truth::False {
            return Decision::denied(Vec::new(), blocked);
        }
        let is_sure = all.allows == Truth::True && denies.is_empty() && all.unread.is_empty();
        let mut missing = all.open;
        let mut because = all.reasons;
        for (_, reason, open) in denies {
            because.push(reason);
            missing.extend(open);
        }
        missing.sort_unstable();
        missing.dedup();
        let verdict = if is_sure { Verdict::Allowed } else { Verdict::Conditional };
        let mut unread = all.unread;
        unread.dedup();
        Decision { verdict, explicit: false, because, missing, unread, blocked_by: Vec::new() }
    }

    /// What is granted before the guardrails of organisations, and what keeps it from being so.
    fn granted(&self, layers: &Layers) -> (Voice, Vec<Layer>) {
        let caller = self.request.caller;
        let identity =
            if caller.is_root() { Voice::silent(Truth::True) } else { self.allows(Layer::Identity, &layers.identity) };
        let identity = identity.with_unread(Layer::Identity, layers.identity_unread);
        let boundary = self.boundary(layers);
        let session = self.optional(Layer::Session, &layers.session);
        let resource = |naming: Naming| self.resource(layers, naming);
        let mut stops = Vec::new();
        for (layer, voice) in [(Layer::Identity, &identity), (Layer::Boundary, &boundary), (Layer::Session, &session)] {
            if voice.allows == Truth::False && !caller.is_outside() {
                stops.push(layer);
            }
        }
        let itself = resource(Naming::Itself).or(resource(Naming::Anyone));
        if caller.is_outside() {
            return (itself, vec![Layer::Resource]);
        }
        let by_role = resource(Naming::Role);
        let by_account = resource(Naming::Account);
        let is_other = self.account != caller.account();
        if is_other || needs_resource_policy(self.request.action) {
            let named = match (layers.resource_unread && layers.resource.is_none(), is_other) {
                (true, _) => Voice { unread: vec![Layer::Resource], ..Voice::silent(Truth::Open) },
                (false, true) => itself.or(by_role).or(by_account),
                (false, false) => by_account,
            };
            if named.allows == Truth::False {
                stops.push(Layer::Resource);
            }
            let both = identity.and(boundary).and(session).and(named);
            return if is_other { (both, stops) } else { (self.direct(layers).or(both), stops) };
        }
        let own = identity.and(boundary).and(session);
        (self.direct(layers).or(own), stops)
    }

    /// What the policy of a resource grants without the caller's own: to itself past boundary and session policy, to
    /// anyone within the session policy, to its role within both.
    fn direct(&self, layers: &Layers) -> Voice {
        let session = || self.optional(Layer::Session, &layers.session);
        let anyone = self.resource(layers, Naming::Anyone).and(session());
        let role = self.resource(layers, Naming::Role);
        let role = role.and(self.boundary(layers)).and(session());
        self.resource(layers, Naming::Itself).or(anyone).or(role)
    }

    fn boundary(&self, layers: &Layers) -> Voice {
        let read = self.optional(Layer::Boundary, layers.boundary.as_slice());
        if layers.boundary_unread {
            Voice { unread: vec![Layer::Boundary], ..Voice::silent(Truth::Open) }
        } else {
            read
        }
    }

    /// A layer that limits only where it is there.
    fn optional(&self, layer: Layer, policies: &[Held]) -> Voice {
        if policies.is_empty() { Voice::silent(Truth::True) } else { self.allows(layer, policies) }
    }

    fn scps(&self, layers: &Layers) -> Voice {
        let levels: &[Vec<Held>] = if self.request.caller.is_outside() { &[] } else { &layers.scps };
        self.levels(Layer::Scp, levels)
    }

    fn levels(&self, layer: Layer, levels: &[Vec<Held>]) -> Voice {
        let all = levels.iter().map(|level| self.allows(layer, level));
        all.fold(Voice::silent(Truth::True), Voice::and)
    }

    fn allows(&self, layer: Layer, policies: &[Held]) -> Voice {
        let mut voice = Voice::silent(Truth::False);
        for held in policies {
            for statement in held.document.about(self.request.action, true) {
                let truth = self.holds(statement);
                voice.add(truth, Reason::new(layer, &held.name, statement, truth), self.open(statement));
            }
        }
        voice
    }

    /// What the policy of the resource allows to whoever is named in one way.
    fn resource(&self, layers: &Layers, wanted: Naming) -> Voice {
        let mut voice = Voice::silent(Truth::False);
        let Some(held) = &layers.resource else { return voice };
        for statement in held.document.about(self.request.action, true) {
            let Some((naming, named)) = self.request.caller.named_by(statement) else { continue };
            if naming == wanted {
                let truth = named.min(self.holds(statement));
                voice.add(truth, Reason::new(Layer::Resource, &held.name, statement, truth), self.open(statement));
            }
        }
        voice
    }

    fn holds(&self, statement: &Statement) -> Truth {
        statement.spans(self.request.resource, &self.asked).min(hold(&statement.conditions, &self.asked))
    }

    fn open(&self, statement: &Statement) -> Vec<String> {
        open_keys(&statement.conditions, &self.asked).into_iter().map(str::to_owned).collect()
    }

    /// Every deny that holds, surely or perhaps.
    fn denies(&self, layers: &Layers) -> Vec<(Truth, Reason, Vec<String>)> {
        let outside = self.request.caller.is_outside();
        let scps: &[Vec<Held>] = if outside { &[] } else { &layers.scps };
        let rcps: &[Held] = if self.rcps_apply() { &layers.rcps } else { &[] };
        let all = layers.identity.iter().map(|held| (Layer::Identity, held));
        let all = all.chain(layers.boundary.iter().map(|held| (Layer::Boundary, held)));
        let all = all.chain(layers.session.iter().map(|held| (Layer::Session, held)));
        let all = all.chain(scps.iter().flatten().map(|held| (Layer::Scp, held)));
        let all = all.chain(rcps.iter().map(|held| (Layer::Rcp, held)));
        let all = all.chain(layers.resource.iter().map(|held| (Layer::Resource, held)));
        let mut found = Vec::new();
        for (layer, held) in all {
            for statement in held.document.about(self.request.action, false) {
                let named = match layer {
                    Layer::Resource => self.request.caller.denied_by(statement, layers.boundary.is_some()),
                    _ => Truth::True,
                };
                let truth = named.min(self.holds(statement));
                if truth != Truth::False {
                    let reason = Reason::new(layer, &held.name, statement, truth);
                    found.push((truth, reason, self.open(statement)));
                }
            }
        }
        found
    }

    fn rcps_apply(&self) -> bool {
        obeys_rcps(self.request.action)
    }
}
