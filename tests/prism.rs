//! The Okta collector against Prism, which holds Okta's own description of its API: a request that the description does not
//! allow is answered with 422, and what it answers are the description's examples. Needs `NONHUMAN_PRISM_URL`; `./test`
//! sets it.

#![cfg(feature = "okta")]
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a failed unwrap is a failed test; a skipped one says so")]

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nonhuman::collect::okta::{Hints, Login, OktaLive, OktaSettings, plan};
use nonhuman::collect::{Collector, Context, run};
use nonhuman::inventory::Inventory;
use nonhuman::model::{FingerprintKey, Outcome};
use serde_json::{Value, json};

fn prism() -> Option<String> {
    let url = std::env::var("NONHUMAN_PRISM_URL").ok();
    if url.is_none() {
        eprintln!("skipped: no Prism; ./test starts one and sets NONHUMAN_PRISM_URL");
    }
    url
}

async fn read(url: &str) -> Inventory {
    let login = Login::Token("00-synthetic-token-of-a-test".to_owned());
    let settings = OktaSettings { url: url.to_owned(), login, resume: None };
    let hints = Hints::parse(nonhuman::embedded::facts("okta"), &[]).unwrap();
    let context = Context {
        now: "2026-11-22T12:00:00Z".parse().unwrap(),
        fingerprint_key: FingerprintKey::default(),
        progress: Arc::new(|_| {}),
    };
    let (_stop, interrupt) = tokio::sync::watch::channel(false);
    let collector: Arc<dyn Collector> = Arc::new(OktaLive::new(settings, hints));
    Inventory::build(run(&[collector], &context, Duration::from_secs(60), &interrupt).await.records)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_answer_of_okta_parses() {
    let Some(url) = prism() else { return };
    let inventory = read(&url).await;
    // The examples' links to the next page lead to an organisation of the examples, which is not asked; nothing else may
    // be amiss.
    for hole in inventory.coverage.holes() {
        let detail = hole.detail.clone().unwrap_or_default();
        assert!(detail.contains("link"), "{}: {:?} {detail}", hole.what, hole.outcome);
    }
    for what in ["API tokens", "users", "groups", "apps", "log streams", "event hooks", "network zones", "System Log"] {
        let entry = inventory.coverage.entries().iter().find(|entry| entry.what == what).unwrap();
        assert!(entry.outcome == Outcome::Complete && entry.count > 0, "{entry:?}");
    }
}

/// What stands between the collector and Prism: it keeps what was asked with the status of the answer, and puts into the list
/// of apps those that make the collector ask everything.
struct Between {
    url: String,
    asked: Arc<Mutex<Vec<(String, u16)>>>,
}

impl Between {
    fn start(prism: String) -> Self {
        let server = tiny_http::Server::http("127.0.0.1:0").unwrap();
        let url = format!("http://{}", server.server_addr().to_ip().unwrap());
        let asked: Arc<Mutex<Vec<(String, u16)>>> = Arc::default();
        let kept = Arc::clone(&asked);
        let server = Arc::new(server);
        for _ in 0..6 {
            let (server, kept, prism) = (Arc::clone(&server), Arc::clone(&kept), prism.clone());
            std::thread::spawn(move || {
                while let Ok(request) = server.recv() {
                    let path = request.url().to_owned();
                    let (status, body) = forward(&prism, &path);
                    kept.lock().unwrap().push((path.clone(), status));
                    let body = ours(&path).map_or(body, |value| value.to_string().into_bytes());
                    let _ = request.respond(tiny_http::Response::from_data(body).with_status_code(status));
                }
            });
        }
        Self { url, asked }
    }
}

fn forward(prism: &str, path: &str) -> (u16, Vec<u8>) {
    let host = prism.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).unwrap();
    let head = format!(
        "GET {path} HTTP/1.0\r\nHost: {host}\r\nAccept: application/json\r\nAuthorization: SSWS synthetic\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let status = String::from_utf8_lossy(&answer[9..12]).parse().unwrap();
    (status, answer.split_off(end + 4))
}

/// Lists whose items decide what else is asked.
fn ours(path: &str) -> Option<Value> {
    let client = |id: &str, label: &str, method: &str, grants: &[&str]| {
        json!({ "id": id, "label": label, "status": "ACTIVE", "signOnMode": "OPENID_CONNECT",
            "credentials": { "oauthClient": { "client_id": id, "token_endpoint_auth_method": method } },
            "settings": { "oauthClient": { "grant_types": grants } } })
    };
    match path.split('?').next()? {
        "/api/v1/apps" => Some(json!([
            client("0oaPrism1", "ChatGPT", "client_secret_basic", &["authorization_code", "refresh_token"]),
            client("0oaPrism2", "Deployer", "private_key_jwt", &["client_credentials"]),
        ])),
        "/api/v1/groups" => Some(json!([{ "id": "00gPrism1", "type": "OKTA_GROUP", "profile": { "name": "Admins" },
            "_embedded": { "stats": { "usersCount": 0, "hasAdminPrivilege": true } } }])),
        // The example's id of an assignment is no id of a user.
        "/api/v1/iam/assignees/users" => Some(json!({ "value": [{ "id": "00uPrism1" }] })),
        "/api/v1/users" => Some(json!([{ "id": "00uPrism1", "status": "ACTIVE",
            "profile": { "login": "anna@acme.example", "email": "anna@acme.example" } }])),
        "/api/v1/apps/0oaPrism1/users" => Some(json!([{ "id": "00uPrism1", "status": "ACTIVE" }])),
        "/api/v1/iam/roles" => Some(json!({ "roles": [{ "id": "cr0Prism1", "label": "Helpers" }] })),
        "/api/v1/iam/resource-sets" => Some(json!({ "resource-sets": [{ "id": "iamPrism1", "label": "Helped" }] })),
        "/api/v1/policies" => Some(json!([{ "id": "rstPrism1", "name": "One", "status": "ACTIVE" }])),
        "/api/v1/authorizationServers" => Some(json!([{ "id": "ausPrism1", "name": "API", "status": "ACTIVE" }])),
        "/api/v1/authorizationServers/ausPrism1/policies" => {
            Some(json!([{ "id": "00pPrism1", "name": "All", "status": "ACTIVE" }]))
        }
        "/integrations/api/v1/api-services" => Some(json!([{ "id": "0oaPrism3", "name": "Backup" }])),
        _ => None,
    }
}

/// A path as the plan prints it, with `<id>` for the ids above.
fn plain(path: &str) -> String {
    let path = path.split('?').next().unwrap();
    path.split('/').map(|part| if part.contains("Prism") { "<id>" } else { part }).collect::<Vec<_>>().join("/")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_is_made_and_none_is_against_the_description() {
    let Some(prism) = prism() else { return };
    let between = Between::start(prism);
    let inventory = read(&between.url).await;
    let asked = between.asked.lock().unwrap().clone();
    for (path, status) in &asked {
        // Agents and their owners are in no public description yet.
        let is_known = !path.starts_with("/workload-principals/") && !path.starts_with("/governance/");
        assert!(*status == 200 || !is_known, "{path}: {status}");
    }
    let made: BTreeSet<String> = asked.iter().map(|(path, _)| plain(path)).collect();
    for line in plan().lines().filter(|line| line.starts_with("once") || line.starts_with("each")) {
        let path = line.split_whitespace().nth(3).unwrap().split('?').next().unwrap();
        let is_of_agents =
            path.starts_with("/workload-principals/api/v1/ai-agents/") || path.starts_with("/governance/");
        assert!(is_of_agents || made.contains(path), "{path} was not asked: {made:#?}");
    }
    let holes: Vec<String> =
        inventory.coverage.holes().map(|hole| format!("{}: {:?}", hole.what, hole.detail)).collect();
    assert!(holes.iter().all(|hole| hole.contains("link")), "{holes:#?}");
    assert!(!inventory.credentials.is_empty());
}
