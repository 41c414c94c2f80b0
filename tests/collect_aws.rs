//! The AWS collector, live against a server double and offline from files, driven as the scan drives it.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nonhuman::collect::aws::AwsExport;
use nonhuman::collect::{Collector, Context, run};
use nonhuman::inventory::Inventory;
use nonhuman::model::{
    CoverageEntry, FactKind, FingerprintKey, GrantKind, IdentityKind, Known, Location, Outcome, Record, Urn,
};
use serde_json::{Value, json};

const NOW: &str = "2026-11-22T12:00:00Z";
const SMALL: &str = "444455556666";

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/aws").join(name)
}

fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

async fn records(collector: impl Collector + 'static, deadline: Duration) -> Vec<Record> {
    let context =
        Context { now: NOW.parse().unwrap(), fingerprint_key: FingerprintKey::default(), progress: Arc::new(|_| {}) };
    let (_stop, interrupt) = tokio::sync::watch::channel(false);
    run(&[Arc::new(collector) as Arc<dyn Collector>], &context, deadline, &interrupt).await.records
}

async fn offline(paths: &[PathBuf]) -> Inventory {
    Inventory::build(records(AwsExport::new(paths.to_vec()), Duration::from_secs(30)).await)
}

fn coverage<'a>(inventory: &'a Inventory, what: &str) -> &'a CoverageEntry {
    let mut found = inventory.coverage.entries().iter().filter(|entry| entry.what == what);
    let entry = found.next().unwrap_or_else(|| panic!("no '{what}' in {:#?}", inventory.coverage.entries()));
    assert!(found.next().is_none(), "'{what}' is there twice");
    entry
}

/// What was asked for and not read to its end. An export that was never given is a hole of the report too, but not one of
/// these: the tests that are about it name it.
fn broken(inventory: &Inventory) -> impl Iterator<Item = &CoverageEntry> {
    inventory.coverage.holes().filter(|hole| hole.outcome != Outcome::NotRead)
}

fn holes(inventory: &Inventory) -> Vec<(&str, Outcome)> {
    broken(inventory).map(|hole| (hole.what.as_str(), hole.outcome)).collect()
}

fn urn(resource: &str) -> Urn {
    Urn::new(format!("arn:aws:iam::{SMALL}:{resource}"))
}

fn last_use(inventory: &Inventory, of: &Urn) -> (Known<String>, Option<String>, String) {
    let mut of = inventory.usages.iter().filter(|usage| usage.of == *of);
    let usage = of.next().unwrap();
    assert!(of.next().is_none(), "one statement only");
    (usage.last.clone().map(|t| t.to_string()), usage.horizon.map(|t| t.to_string()), usage.source.to_string())
}

/// What a file must give, taken from the file itself.
struct Expected {
    identities: usize,
    policies: BTreeSet<String>,
    /// Holder, policy, and what it came through.
    grants: BTreeSet<(String, String, String)>,
    roles: usize,
}

fn expected(authorization: &Value) -> Expected {
    let list = |name: &str| authorization[name].as_array().unwrap().clone();
    let text = |item: &Value, name: &str| item[name].as_str().unwrap().to_owned();
    let each = |item: &Value, name: &str| item[name].as_array().cloned().unwrap_or_default();
    let mut policies: BTreeSet<String> = list("Policies").iter().map(|policy| text(policy, "Arn")).collect();
    let (mut identities, mut grants, mut groups) = (0, BTreeSet::new(), BTreeMap::new());
    for kind in ["Group", "User", "Role"] {
        for item in list(&format!("{kind}DetailList")) {
            identities += 1;
            let arn = text(&item, "Arn");
            let inline = each(&item, &format!("{kind}PolicyList"));
            let inline: Vec<_> = inline.iter().map(|own| format!("{arn}#inline/{}", text(own, "PolicyName"))).collect();
            let attached = each(&item, "AttachedManagedPolicies");
            let held: Vec<_> =
                inline.iter().cloned().chain(attached.iter().map(|held| text(held, "PolicyArn"))).collect();
            policies.extend(inline);
            let boundary = item["PermissionsBoundary"]["PermissionsBoundaryArn"].as_str();
            let direct = held.iter().map(String::as_str).chain(boundary);
            grants.extend(direct.map(|policy| (arn.clone(), policy.to_owned(), String::new())));
            for group in each(&item, "GroupList") {
                let (group, through): &(String, Vec<String>) = &groups[group.as_str().unwrap()];
                grants.extend(through.iter().map(|policy| (arn.clone(), policy.clone(), group.clone())));
            }
            if kind == "Group" {
                groups.insert(text(&item, "GroupName"), (arn, held));
            }
        }
    }
    Expected { identities, policies, grants, roles: list("RoleDetailList").len() }
}

fn assert_all(inventory: &Inventory, authorization: &Value) {
    let expected = expected(authorization);
    let kinds = [IdentityKind::AwsUser, IdentityKind::AwsGroup, IdentityKind::AwsRole];
    let seen = inventory.identities.iter().filter(|identity| kinds.contains(&identity.kind)).count();
    assert_eq!(seen, expected.identities);
    let policies: BTreeSet<String> = inventory.policies.iter().map(|policy| policy.id.to_string()).collect();
    assert_eq!(policies, expected.policies);
    let via = |via: &[Urn]| via.first().map(ToString::to_string).unwrap_or_default();
    let grants = inventory.grants.iter().map(|grant| (grant.to.to_string(), grant.policy.to_string(), via(&grant.via)));
    assert_eq!(grants.collect::<BTreeSet<_>>(), expected.grants);
    assert_eq!(inventory.grants.len(), expected.grants.len());
    assert_eq!(inventory.trusts.len(), expected.roles);
    for policy in inventory.policies.iter() {
        assert!(
            policy.document.read()["Statement"].is_array() || policy.document.read()["Statement"].is_object(),
            "{}",
            policy.id
        );
    }
}

#[path = "collect_aws/files.rs"]
mod files;

#[path = "collect_aws/malformed.rs"]
mod malformed;

#[cfg(feature = "aws")]
#[path = "support/iam_server.rs"]
mod iam_server;

#[cfg(feature = "aws")]
#[path = "collect_aws/live.rs"]
mod live;

#[cfg(feature = "aws")]
#[path = "collect_aws/services.rs"]
mod services;
