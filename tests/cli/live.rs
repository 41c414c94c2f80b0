//! Live sources through the real binary: a kubeconfig that leads to recorded answers of a real API server, and an IAM
//! server with real paging.

use std::time::Duration;

use serde_json::Value;

use crate::iam_server::{Account, Fault, IamServer};
use crate::kube_server::{KubeServer, Reply};
use crate::tree::{Ran, folder, nonhuman, project};

fn scan_cluster(server: &KubeServer) -> Ran {
    let folder = folder();
    let kubeconfig = server.kubeconfig(folder.path(), "{token: synthetic-token-of-the-scanner}");
    let mut command = nonhuman(folder.path());
    // The recorded objects are young; orphans must be older than that.
    command.args(["scan", "--kubernetes", "--format", "json", "--now", "2027-06-01"]).env("KUBECONFIG", kubeconfig);
    let ran: Ran = command.output().expect("it starts").into();
    assert!(!ran.stdout.contains("synthetic-token-of-the-scanner") && !ran.stderr.contains("synthetic-token"));
    ran
}

fn findings(ran: &Ran, rule: &str) -> Vec<String> {
    let scan: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}{}", ran.stdout, ran.stderr));
    let all = scan["findings"].as_array().expect("a list");
    let named = all.iter().filter(|one| one["rule"] == rule);
    named.map(|one| one["identity"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn the_recorded_cluster_is_judged() {
    let ran = scan_cluster(&KubeServer::start(|_| None));
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    // Planted in ../shared/data/kubernetes/scenario, from which the answers were recorded.
    let orphans = findings(&ran, "service-account-orphaned");
    assert!(orphans.contains(&"k8s:recorded/legacy/sa/forgotten".to_owned()), "{orphans:?}");
    for used in ["legacy/sa/nightly", "legacy/sa/scaled-down", "payments/sa/api"] {
        assert!(!orphans.contains(&format!("k8s:recorded/{used}")), "{used} is used by a template");
    }
    let scan: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(scan["summary"]["incomplete"], false);
}

#[test]
fn a_403_for_one_kind_is_one_hole_and_its_rules_are_not_evaluated() {
    let refused = |kind: &'static str| {
        KubeServer::start(move |seen| {
            seen.path.ends_with(kind).then(|| Reply::json(403, crate::kube_server::recorded("forbidden-pods")))
        })
    };
    let ran = scan_cluster(&refused("/pods"));
    let scan: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!((ran.code, &scan["summary"]["incomplete"]), (1, &Value::Bool(true)), "findings weigh more than holes");
    let not_evaluated: Vec<&str> =
        scan["not_evaluated"].as_array().expect("a list").iter().filter_map(|one| one["rule"].as_str()).collect();
    assert!(not_evaluated.contains(&"service-account-orphaned"), "{not_evaluated:?}");
    assert_eq!(findings(&ran, "service-account-orphaned"), Vec::<String>::new(), "no pods seen is not no pods there");
    assert!(!findings(&ran, "token-never-expires").is_empty(), "what does not need pods is still judged");
}

#[test]
fn a_cluster_that_refuses_everything_is_never_clean() {
    let server = KubeServer::start(|_| Some(Reply::json(403, crate::kube_server::recorded("forbidden-pods"))));
    let ran = scan_cluster(&server);
    assert_eq!(ran.code, 3, "{}", ran.stdout);
}

fn account() -> Account {
    let path = project().join("fixtures/aws/vulnerable.json");
    let text = std::fs::read_to_string(path).expect("it is there");
    Account { authorization: serde_json::from_str(&text).expect("JSON"), ..Account::default() }
}

fn scan_account(server: &IamServer) -> Ran {
    let folder = folder();
    let mut command = nonhuman(folder.path());
    command.args(["scan", "--aws", "--format", "json", "--now", "2026-11-22"]);
    command.env("AWS_ENDPOINT_URL", &server.url).env("AWS_REGION", "us-east-1");
    command.env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLESCANNER01").env("AWS_SECRET_ACCESS_KEY", "the-scanners-own-secret");
    let ran: Ran = command.output().expect("it starts").into();
    assert!(!ran.stdout.contains("the-scanners-own-secret") && !ran.stderr.contains("the-scanners-own-secret"));
    ran
}

#[test]
fn an_account_is_paged_and_judged() {
    let server = IamServer::start(account(), &[]);
    let ran = scan_account(&server);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(findings(&ran, "becomes-account-administrator").len() > 20);
    assert_eq!(server.calls("GetCallerIdentity"), 1);
    let reads = server.actions();
    // Some lists are asked for with a POST to a path.
    let verbs =
        ["Get", "List", "Generate", "Describe", "Lookup", "POST /agents/", "POST /identities/List", "POST /runtimes/"];
    assert!(
        reads.iter().all(|action| verbs.iter().any(|verb| action.starts_with(verb)) || action.starts_with("GET /")),
        "{reads:?}"
    );
}

#[test]
fn refused_and_throttled_calls_are_holes_and_the_rest_is_judged() {
    let faults = [
        ("GenerateCredentialReport", Fault::Refused("AccessDenied")),
        ("GetCredentialReport", Fault::Refused("AccessDenied")),
    ];
    let ran = scan_account(&IamServer::start(account(), &faults));
    let scan: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(scan["summary"]["incomplete"], true);
    assert!(ran.stdout.contains("iam:GenerateCredentialReport"), "the missing permission is named");
    assert!(!findings(&ran, "becomes-account-administrator").is_empty());

    let nothing = [("GetAccountAuthorizationDetails", Fault::Refused("AccessDenied"))];
    let ran = scan_account(&IamServer::start(account(), &nothing));
    assert_eq!(ran.code, 3, "without the account's details nothing is clean: {}", ran.stdout);
}

#[test]
fn an_account_that_hangs_is_given_up_at_the_deadline() {
    let server = IamServer::start(account(), &[("GetAccountAuthorizationDetails", Fault::Hang)]);
    let folder = folder();
    let started = std::time::Instant::now();
    let mut command = nonhuman(folder.path());
    command.args(["scan", "--aws", "--deadline", "2", "--format", "json"]).env("AWS_ENDPOINT_URL", &server.url);
    command
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLESCANNER01")
        .env("AWS_SECRET_ACCESS_KEY", "x");
    let ran: Ran = command.output().expect("it starts").into();
    assert_eq!(ran.code, 3, "{}", ran.stdout);
    assert!(ran.stdout.contains("not finished after 2 s"), "{}", ran.stdout);
    assert!(started.elapsed() < Duration::from_secs(50), "it does not wait for the server");
}
