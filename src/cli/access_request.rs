//! From a question about AWS access to the policies that bear on it, of an export or given with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::access::aws::{
    Action, Caller, Context, Decision, Document, Held, Layers, Request, decide, oddities, problems,
};
use crate::inventory::Inventory;
use crate::link::{Guardrails, aws_principal, link_grants};
use crate::model::{GrantKind, Identity, IdentityKind, Policy, Record, Urn};

/// How many names an error lists.
const SHOWN: usize = 3;

/// One question, as a line of `--requests` has it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    /// Given back with the answer.
    #[serde(default)]
    pub(super) id: Option<Value>,
    pub(super) principal: String,
    pub(super) action: String,
    #[serde(default = "anything")]
    pub(super) resource: String,
    #[serde(default)]
    pub(super) resource_account: Option<String>,
    #[serde(default)]
    pub(super) context: BTreeMap<String, Values>,
    #[serde(default)]
    pub(super) complete_context: bool,
    #[serde(default)]
    pub(super) identity_policies: Option<Vec<Value>>,
    #[serde(default)]
    pub(super) boundary: Option<Value>,
    #[serde(default)]
    pub(super) session_policies: Vec<Value>,
    #[serde(default)]
    pub(super) scps: Option<Vec<Vec<Value>>>,
    #[serde(default)]
    pub(super) rcps: Option<Vec<Value>>,
    #[serde(default)]
    pub(super) resource_policy: Option<Value>,
}

fn anything() -> String {
    "*".to_owned()
}

/// The values of a condition key: one, or a list; numbers and truths as text.
#[derive(Debug, Default)]
pub(super) struct Values(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = |value: &Value| match value {
            Value::String(text) => Ok(text.clone()),
            Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
            _ => Err(serde::de::Error::custom("expected a text, a number, true, false, or a list of them")),
        };
        match Value::deserialize(deserializer)? {
            Value::Null => Ok(Self(Vec::new())),
            Value::Array(values) => Ok(Self(values.iter().map(text).collect::<Result<_, _>>()?)),
            one => Ok(Self(vec![text(&one)?])),
        }
    }
}

/// An answer.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<Value>,
    pub(super) principal: String,
    pub(super) action: String,
    pub(super) resource: String,
    #[serde(flatten)]
    pub(super) decision: Decision,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) notes: Vec<String>,
}

/// Everything that an export says of access.
pub(super) struct Accounts {
    inventory: Inventory,
    now: Timestamp,
}

impl Accounts {
    pub(super) fn new(records: Vec<Record>, now: Timestamp) -> Self {
        let mut inventory = Inventory::build(records);
        link_grants(&mut inventory);
        Self { inventory, now }
    }

    /// What of the export was not read and bears on access.
    pub(super) fn holes(&self) -> impl Iterator<Item = String> {
        let holes = self.inventory.coverage.holes().filter(|hole| {
            use crate::model::FactKind::{Grants, Identities, Trusts};
            let is_asked = [IdentityKind::AwsUser, IdentityKind::AwsRole].iter().any(|kind| hole.is_of(kind.as_str()));
            is_asked && hole.blinds.iter().any(|fact| matches!(fact, Grants | Identities | Trusts))
        });
        holes.map(|hole| format!("{} of {}: {}", hole.what, hole.target, hole.detail.as_deref().unwrap_or_default()))
    }

    /// Answers a question.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub(super) fn answer(&self, question: &Question) -> Result<Answer, String> {
        let caller = Caller::read(&question.principal)?;
        let action = Action::read(&question.action)?;
        if question.resource.is_empty() {
            return Err("the resource is empty (expected an ARN or *)".to_owned());
        }
        let mut notes = Vec::new();
        let guardrails = Guardrails::of(&self.inventory);
        let identity = self.identity(&caller, question)?;
        let mut context = identity.map_or_else(Context::new, |identity| Context::of(identity, self.now));
        // Whoever asks asks now; a question that gives all of its context gives its time, too.
        if identity.is_none() && !question.complete_context {
            context.at(self.now);
        }
        for (key, values) in &question.context {
            context.set(key, values.0.clone());
        }
        if question.complete_context {
            context.complete();
        }
        let mut layers = Layers::default();
        if let Some(identity) = identity {
            let principal = aws_principal(&self.inventory, identity, &guardrails);
            layers.identity = principal.policies.iter().map(|policy| held(policy)).collect();
            layers.boundary = principal.boundary.map(held);
            layers.scps =
                principal.guardrails.iter().map(|level| level.iter().map(|policy| held(policy)).collect()).collect();
            // What is malformed was left out, so that a policy with such a part was not wholly read.
            let (broken, broken_boundary) = (malformed(&principal.policies), malformed(principal.boundary.as_slice()));
            layers.identity_unread = !principal.missing_policies.is_empty() || !broken.is_empty();
            layers.boundary_unread =
                (principal.boundary.is_none() && principal.boundary_id.is_some()) || !broken_boundary.is_empty();
            notes.extend(broken.into_iter().chain(broken_boundary));
            notes.extend(principal.guardrails.iter().flat_map(|level| malformed(level)));
            let unread_boundary = principal.boundary_id.filter(|_| principal.boundary.is_none());
            let missing = principal.missing_policies.iter().copied().chain(unread_boundary);
            notes.extend(missing.map(|missing| format!("{missing} was not read")));
        }
        let account = question.resource.split(':').nth(4).filter(|account| !account.is_empty());
        let account = account.or(question.resource_account.as_deref()).unwrap_or(caller.account());
        layers.rcps = guardrails.on_resources(account).iter().map(|policy| held(policy)).collect();
        layers.resource = self.resource_policy(question);
        layers.resource_unread = !question.complete_context;
        given(question, &mut layers, &mut notes);
        let request = Request {
            caller: &caller,
            action: &action,
            resource: &question.resource,
            resource_account: question.resource_account.as_deref(),
            context: &context,
        };
        Ok(Answer {
            id: question.id.clone(),
            principal: question.principal.clone(),
            action: question.action.clone(),
            resource: question.resource.clone(),
            decision: decide(&request, &layers),
            notes,
        })
    }

    /// The caller as the export has it. None where the export need not know it.
    fn identity(&self, caller: &Caller, question: &Question) -> Result<Option<&Identity>, String> {
        let identities = &self.inventory.identities;
        if let Some(found) = identities.get(&Urn::new(caller.holder())) {
            return Ok(Some(found));
        }
        // The ARN of a session leaves the path of its role out.
        let name = caller.holder().rsplit('/').next().unwrap_or_default();
        let is_session = caller.arn().contains(":assumed-role/");
        let same =
            |one: &&Identity| one.kind == IdentityKind::AwsRole && one.tenant == caller.account() && one.name == name;
        if let Some(found) = identities.iter().filter(|_| is_session).find(same) {
            return Ok(Some(found));
        }
        let is_needed = question.identity_policies.is_none() && !caller.account().is_empty();
        if !is_needed || caller.arn().ends_with(":root") {
            return Ok(None);
        }
        let alike = |one: &&Identity| one.name.eq_ignore_ascii_case(name);
        let close: Vec<&str> = identities.iter().filter(alike).take(SHOWN).map(|one| one.id.as_str()).collect();
        let hint = match (close.is_empty(), identities.is_empty()) {
            (false, _) => format!("did you mean {}?", close.join(" or ")),
            (true, true) => "name the account's files with --export".to_owned(),
            (true, false) => format!("the export has {} identities, none of that name", identities.len()),
        };
        Err(format!("{} is not in the export; {hint}", caller.arn()))
    }

    /// The trust policy of a role that is to be assumed, or what is attached to the resource: for an object to its
    /// bucket.
    fn resource_policy(&self, question: &Question) -> Option<Held> {
        let resource = question.resource.as_str();
        let is_assumed = question.action.to_ascii_lowercase().starts_with("sts:assumerole");
        if let Some(trust) = self.inventory.trusts.get(&Urn::new(resource)).filter(|_| is_assumed) {
            let document = Arc::new(Document::read(&trust.document.read()));
            return Some(Held { name: "trust policy".to_owned(), document });
        }
        let bucket = resource.contains(":s3:::").then(|| resource.split('/').next().unwrap_or(resource));
        let attached = self.inventory.grants.iter().filter(|grant| grant.kind == GrantKind::Resource);
        let names = [Some(resource), bucket];
        let mut here = attached.filter(|grant| names.iter().flatten().any(|name| *name == grant.to.as_str()));
        here.find_map(|grant| self.inventory.policies.get(&grant.policy)).map(held)
    }
}

/// What is malformed in policies of the export, in words.
fn malformed(policies: &[&Policy]) -> Vec<String> {
    let of = |policy: &&Policy| {
        let found = problems(&policy.document.read()).into_iter();
        found.map(|problem| format!("policy {}: {problem}", policy.name)).collect::<Vec<_>>()
    };
    policies.iter().flat_map(of).collect()
}

fn held(policy: &Policy) -> Held {
    Held { name: policy.name.clone(), document: Arc::new(Document::read(&policy.document.read())) }
}

/// Puts the policies that came with the question in place of those of the export.
fn given(question: &Question, layers: &mut Layers, notes: &mut Vec<String>) {
    let mut read = |name: String, document: &Value| {
        let found = problems(document).into_iter().chain(oddities(document));
        notes.extend(found.map(|problem| format!("{name}: {problem}")));
        Held { name, document: Arc::new(Document::read(document)) }
    };
    if let Some(policies) = &question.identity_policies {
        layers.identity = numbered(policies, "identity policy", &mut read);
        layers.identity_unread = false;
    }
    if let Some(boundary) = &question.boundary {
        layers.boundary = Some(read("boundary".to_owned(), boundary));
        layers.boundary_unread = false;
    }
    layers.session = numbered(&question.session_policies, "session policy", &mut read);
    if let Some(levels) = &question.scps {
        layers.scps = levels.iter().map(|level| numbered(level, "service control policy", &mut read)).collect();
    }
    if let Some(policies) = &question.rcps {
        layers.rcps = numbered(policies, "resource control policy", &mut read);
    }
    if let Some(policy) = &question.resource_policy {
        layers.resource = Some(read("resource policy".to_owned(), policy));
    }
}

fn numbered(documents: &[Value], name: &str, read: &mut impl FnMut(String, &Value) -> Held) -> Vec<Held> {
    documents.iter().enumerate().map(|(index, document)| read(format!("{name} {}", index + 1), document)).collect()
}
