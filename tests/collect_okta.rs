//! The Okta collector, live against a server double and offline from files, driven as the scan drives it.

#![cfg(feature = "okta")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nonhuman::collect::okta::{Hints, Login, OktaExport, OktaLive, OktaSettings};
use nonhuman::collect::{Collector, Context, run};
use nonhuman::inventory::Inventory;
use nonhuman::model::{CoverageEntry, FingerprintKey, Outcome, Record};
use serde_json::{Value, json};

use okta_server::{CLIENT, Fault, OktaServer, Org, TOKEN, from_export};

#[path = "support/okta_server.rs"]
mod okta_server;

#[path = "collect_okta/binary.rs"]
mod binary;
#[path = "collect_okta/contract.rs"]
mod contract;
#[path = "collect_okta/faults.rs"]
mod faults;
#[path = "collect_okta/login.rs"]
mod login;
#[path = "collect_okta/measure.rs"]
mod measure;
#[path = "collect_okta/offline.rs"]
mod offline;
#[path = "collect_okta/walk.rs"]
mod walk;

const NOW: &str = "2026-11-22T12:00:00Z";

fn acme() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/acme/okta")
}

fn hints() -> Hints {
    Hints::parse(nonhuman::embedded::facts("okta"), &[]).unwrap()
}

async fn records(collector: impl Collector + 'static, deadline: Duration) -> Vec<Record> {
    let context =
        Context { now: NOW.parse().unwrap(), fingerprint_key: FingerprintKey::default(), progress: Arc::new(|_| {}) };
    let (_stop, interrupt) = tokio::sync::watch::channel(false);
    run(&[Arc::new(collector) as Arc<dyn Collector>], &context, deadline, &interrupt).await.records
}

fn live(url: &str, login: Login, resume: Option<&Path>) -> OktaLive {
    OktaLive::new(OktaSettings { url: url.to_owned(), login, resume: resume.map(Path::to_owned) }, hints())
}

fn token() -> Login {
    Login::Token(TOKEN.to_owned())
}

/// The demo company behind a server.
fn acme_org() -> Org {
    let mut org = from_export(&acme(), &nonhuman::collect::okta::plan());
    for path in ["/api/v1/agentPools", "/privileged-access/api/v1/service-accounts", "/api/v1/logs"] {
        org.lists.insert(path.to_owned(), (None, Vec::new()));
    }
    org.lists.insert("/privileged-access/api/v1/okta-service-accounts".to_owned(), (None, Vec::new()));
    // The rules of a server's policy lie below the server.
    let policies: Vec<(String, String)> = org
        .lists
        .iter()
        .filter(|(path, _)| path.starts_with("/api/v1/authorizationServers/") && path.ends_with("/policies"))
        .flat_map(|(path, (_, list))| list.iter().map(|one| (path.clone(), one["id"].as_str().unwrap().to_owned())))
        .collect();
    for (path, policy) in policies {
        let wrong = format!("/api/v1/authorizationServers/{policy}/policies/<id>/rules");
        if let Some(list) = org.lists.remove(&wrong) {
            org.lists.insert(format!("{path}/{policy}/rules"), list);
        }
    }
    // Those who left are in a list of their own.
    let users = org.lists["/api/v1/users"].1.clone();
    let (left, there): (Vec<Value>, Vec<Value>) = users.into_iter().partition(|user| user["status"] == "DEPROVISIONED");
    org.lists.insert("/api/v1/users".to_owned(), (None, there));
    let query = "/api/v1/users?limit=200&search=status%20eq%20%22DEPROVISIONED%22";
    org.lists.insert(query.to_owned(), (None, left));
    // Owners are asked for by the resource name of the agent.
    for agent in org.lists["/workload-principals/api/v1/ai-agents"].1.clone() {
        let (id, orn) = (agent["id"].as_str().unwrap(), agent["orn"].as_str().unwrap().replace(':', "%3A"));
        let path = |id: &str| format!("/governance/api/v1/resource-owners?filter=resource.orn%20eq%20%22{id}%22");
        if let Some(list) = org.lists.remove(&path(id)) {
            org.lists.insert(path(&orn), list);
        }
    }
    for (path, key) in [
        ("/api/v1/iam/roles", "roles"),
        ("/api/v1/iam/resource-sets", "resource-sets"),
        ("/api/v1/iam/assignees/users", "value"),
        ("/workload-principals/api/v1/ai-agents", "data"),
    ] {
        org.lists.get_mut(path).unwrap().0 = Some(key);
    }
    org
}

async fn ask(org: Org, login: Login) -> (Inventory, OktaServer) {
    let server = OktaServer::start(org);
    let found = records(live(&server.url, login, None), Duration::from_secs(60)).await;
    (Inventory::build(found), server)
}

fn coverage<'a>(inventory: &'a Inventory, what: &str) -> &'a CoverageEntry {
    let mut found = inventory.coverage.entries().iter().filter(|entry| entry.what == what);
    found.next().unwrap_or_else(|| panic!("no '{what}' in {:#?}", inventory.coverage.entries()))
}

fn holes(inventory: &Inventory) -> Vec<(&str, Outcome)> {
    inventory.coverage.holes().map(|hole| (hole.what.as_str(), hole.outcome)).collect()
}

/// The names of everything, without the host, which a server chooses.
fn names(inventory: &Inventory, host: &str) -> BTreeSet<String> {
    let identities = inventory.identities.iter().map(|one| one.id.to_string());
    let credentials = inventory.credentials.iter().map(|one| one.id.to_string());
    let settings = inventory.settings.iter().map(|one| one.id.to_string());
    let grants = inventory.grants.iter().map(|one| one.id.to_string());
    let people = inventory.people.iter().map(|one| one.id.to_string());
    identities
        .chain(credentials)
        .chain(settings)
        .chain(grants)
        .chain(people)
        .map(|id| id.replace(host, "HOST"))
        .collect()
}
