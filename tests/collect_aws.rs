//! The AWS collector, live against a server double and offline from files, driven as the scan drives it.

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

fn holes(inventory: &Inventory) -> Vec<(&str, Outcome)> {
    inventory.coverage.holes().map(|hole| (hole.what.as_str(), hole.outcome)).collect()
}

fn urn(resource: &str) -> Urn {
    Urn::new(format!("arn:aws:iam::{SMALL}:{resource}"))
}

fn last_use(inventory: &Inventory, of: &Urn) -> (Known<String>, Option<String>, String) {
    let mut of = inventory.usages.iter().filter(|usage| usage.of == *of);
    let usage = of.next().unwrap();
    assert!(of.next().is_none(), "one statement only");
    (usage.last.clone().map(|t| t.to_string()), usage.horizon.map(|t| t.to_string()), usage.source.clone())
}

/// Counts of what a file must give, taken from the file itself.
struct Expected {
    identities: usize,
    policies: BTreeSet<String>,
    grants: usize,
    roles: usize,
}

fn expected(authorization: &Value) -> Expected {
    let list = |name: &str| authorization[name].as_array().unwrap().clone();
    let len = |item: &Value, name: &str| item[name].as_array().map_or(0, Vec::len);
    let mut policies: BTreeSet<String> =
        list("Policies").iter().map(|policy| policy["Arn"].as_str().unwrap().to_owned()).collect();
    let (mut identities, mut grants) = (0, 0);
    let mut of_group = BTreeMap::new();
    for (name, inline) in
        [("GroupDetailList", "GroupPolicyList"), ("UserDetailList", "UserPolicyList"), ("RoleDetailList", "RolePolicyList")]
    {
        for item in list(name) {
            identities += 1;
            let own = len(&item, inline) + len(&item, "AttachedManagedPolicies");
            grants += own + usize::from(item["PermissionsBoundary"].is_object());
            for policy in item[inline].as_array().into_iter().flatten() {
                let name = policy["PolicyName"].as_str().unwrap();
                policies.insert(format!("{}#inline/{name}", item["Arn"].as_str().unwrap()));
            }
            if name == "GroupDetailList" {
                of_group.insert(item["GroupName"].clone().to_string(), own);
            }
            for group in item["GroupList"].as_array().into_iter().flatten() {
                grants += of_group[&group.to_string()];
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
    assert_eq!(inventory.grants.len(), expected.grants);
    assert_eq!(inventory.trusts.len(), expected.roles);
    for policy in inventory.policies.iter() {
        assert!(policy.document["Statement"].is_array() || policy.document["Statement"].is_object(), "{}", policy.id);
    }
}

#[path = "collect_aws/files.rs"]
mod files;

#[cfg(feature = "aws")]
#[path = "support/iam_server.rs"]
mod iam_server;

#[cfg(feature = "aws")]
#[path = "collect_aws/live.rs"]
mod live;
