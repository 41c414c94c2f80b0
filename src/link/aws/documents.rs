//! What the words of an identity's own policies show, whatever they amount to: rights to everything but, roles that may be
//! passed to anyone, actions that do not exist. It must not weigh policies against each other.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::catalogue::Catalogue;
use crate::inventory::Inventory;
use crate::model::wildcard::covers;
use crate::model::{AttributeName as A, Attributes, GrantKind, Identity, IdentityKind, Policy, PolicyLanguage, Urn};

/// What one policy shows.
#[derive(Clone, Debug, Default)]
struct Shown {
    all_but: bool,
    passes_any_role: bool,
    unknown: BTreeSet<String>,
    vain: bool,
    unread: bool,
}

/// Keys with one value, of which `ForAllValues:` asks nothing where they are absent.
/// Source: IAM User Guide, "Single-valued vs. multivalued context keys".
const SINGLE: [&str; 8] = [
    "aws:principalorgid",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:sourceip",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:requestedregion",
    "iam:passedtoservice",
];

/// What follows for every user and role that is not the provider's own. Policies that AWS keeps are its affair.
pub(super) fn conclude(inventory: &Inventory, actions: &str) -> Vec<(Urn, Attributes)> {
    let is_ours = |policy: &&Policy| policy.language == PolicyLanguage::AwsIam && !policy.builtin;
    if !inventory.policies.iter().any(|policy| is_ours(&policy)) {
        return Vec::new();
    }
    let catalogue = Catalogue::read(actions);
    let mut asked: HashMap<String, bool> = HashMap::new();
    let mut has = |action: &str| match asked.get(action) {
        Some(known) => *known,
        None => *asked.entry(action.to_owned()).or_insert_with(|| catalogue.has(action)),
    };
    let shown: HashMap<&Urn, Shown> = inventory
        .policies
        .iter()
        .filter(is_ours)
        .map(|policy| (&policy.id, read(&policy.document.read(), &mut has)))
        .filter(|(_, one)| one.is_worth_it())
        .collect();
    let wanted = |one: &&Identity| matches!(one.kind, IdentityKind::AwsUser | IdentityKind::AwsRole) && !one.builtin;
    let of_each = inventory.identities.iter().filter(wanted).filter_map(|one| of(inventory, one, &shown));
    of_each.collect()
}

fn of(inventory: &Inventory, identity: &Identity, shown: &HashMap<&Urn, Shown>) -> Option<(Urn, Attributes)> {
    let facts = inventory.facts.identities.get(&identity.id)?;
    let grants = facts.grants.iter().filter_map(|id| inventory.grants.get(id));
    let (mut all_but, mut passing, mut unknown) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let (mut vain, mut unread) = (BTreeSet::new(), BTreeSet::new());
    for grant in grants.filter(|grant| grant.kind == GrantKind::Policy) {
        let Some(one) = shown.get(&grant.policy) else { continue };
        let name = inventory.policies.get(&grant.policy).map(|policy| policy.name.clone()).unwrap_or_default();
        if one.all_but {
            all_but.insert(name.clone());
        }
        if one.passes_any_role {
            passing.insert(name.clone());
        }
        if one.vain {
            vain.insert(name.clone());
        }
        if one.unread {
            unread.insert(name);
        }
        unknown.extend(one.unknown.iter().cloned());
    }
    let mut attributes = Attributes::default();
    let lists = [
        (A::AllButPolicies, all_but),
        (A::PassesAnyRole, passing),
        (A::UnknownActions, unknown),
        (A::VainConditions, vain),
        (A::UnreadVariables, unread),
    ];
    let mut found = false;
    for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
        attributes.set(name, list.into_iter().collect::<Vec<_>>());
        found = true;
    }
    found.then(|| (identity.id.clone(), attributes))
}

impl Shown {
    fn is_worth_it(&self) -> bool {
        let marks = [self.all_but, self.passes_any_role, self.vain, self.unread];
        marks.contains(&true) || !self.unknown.is_empty()
    }
}

fn read(document: &Value, has: &mut impl FnMut(&str) -> bool) -> Shown {
    let statements = match document.get("Statement") {
        Some(Value::Array(list)) => list.as_slice(),
        Some(one @ Value::Object(_)) => std::slice::from_ref(one),
        _ => &[],
    };
    let mut shown = Shown::default();
    let is_old = document.get("Version").and_then(Value::as_str) != Some("2012-10-17");
    for statement in statements {
        let is_allow = statement.get("Effect").and_then(Value::as_str) == Some("Allow");
        let list = |name: &str| statement.get(name).map(texts).unwrap_or_default();
        let actions = list("Action");
        let excepted = list("NotAction");
        let named = actions.iter().chain(&excepted).filter(|action| !has(action));
        shown.unknown.extend(named.map(|action| (*action).to_owned()));
        let excepts = ["NotAction", "NotResource"].iter().any(|name| statement.get(*name).is_some());
        shown.all_but |= is_allow && excepts;
        let passes = actions.iter().any(|action| {
            let lower = action.to_ascii_lowercase();
            lower != "*" && covers(&lower, "iam:passrole")
        });
        let any = list("Resource").iter().any(|resource| *resource == "*" || resource.ends_with(":role/*"));
        shown.passes_any_role |= is_allow && passes && any && !is_bound(statement.get("Condition"));
        let condition = statement.get("Condition");
        shown.vain |= is_allow && is_vain(condition);
        shown.unread |= is_old && statement.to_string().contains("${");
    }
    shown
}

/// Whether a condition says to which service a role may be passed.
fn is_bound(condition: Option<&Value>) -> bool {
    let keys = condition.and_then(Value::as_object).into_iter().flatten().filter_map(|(_, tests)| tests.as_object());
    keys.flatten().any(|(key, _)| {
        ["iam:passedtoservice", "iam:associatedresourcearn"].contains(&key.to_ascii_lowercase().as_str())
    })
}

/// Whether a condition asks of all values of a key that has one: it passes where the key is not in the request.
fn is_vain(condition: Option<&Value>) -> bool {
    let is_single = |key: &str| {
        let lower = key.to_ascii_lowercase();
        SINGLE.contains(&lower.as_str()) || lower.starts_with("aws:principaltag/")
    };
    let mut operators = condition.and_then(Value::as_object).into_iter().flatten();
    operators.any(|(operator, keys)| {
        operator.to_ascii_lowercase().starts_with("forallvalues:")
            && keys.as_object().is_some_and(|keys| keys.keys().any(|key| is_single(key)))
    })
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(statement: Value) -> Shown {
        read(&json!({"Statement": statement}), &mut |action| action != "s3:GetObjekt")
    }

    #[test]
    fn words_of_policies() {
        assert!(shown(json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})).all_but);
        assert!(!shown(json!([{"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"}])).all_but);
        let pass = |action: &str, resource: &str, condition: Value| {
            let statement = json!({"Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition});
            shown(statement).passes_any_role
        };
        assert!(pass("iam:Pass*", "arn:aws:iam::111122223333:role/*", json!({})));
        assert!(!pass("iam:PassRole", "arn:aws:iam::111122223333:role/app-*", json!({})));
        assert!(!pass("iam:PassRole", "*", json!({"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}})));
        assert!(!pass("*", "*", json!({})), "that is administrator, which is told elsewhere");
        let unknown =
            shown(json!({"Effect": "Deny", "Action": ["s3:GetObjekt", "s3:GetObject"], "Resource": "*"})).unknown;
        assert_eq!(unknown.into_iter().collect::<Vec<_>>(), ["s3:GetObjekt"]);
        let conditioned = |condition: Value| {
            shown(json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": condition})).vain
        };
        assert!(conditioned(json!({"ForAllValues:StringEquals": {"aws:PrincipalTag/x": "y"}})));
        assert!(!conditioned(json!({"ForAllValues:StringEquals": {"aws:TagKeys": "y"}})));
        assert!(!conditioned(json!({"StringEquals": {"aws:PrincipalTag/x": "y"}})));
        let variable = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/${aws:username}/*"});
        assert!(read(&json!({"Version": "2008-10-17", "Statement": variable}), &mut |_| true).unread);
        assert!(!read(&json!({"Version": "2012-10-17", "Statement": variable}), &mut |_| true).unread);
    }
}
