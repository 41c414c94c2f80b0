//! The demo company: its whole report is a reviewed snapshot, its clean identities stay quiet.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::tree::{NOW, project, run};

fn scan(format: &str) -> String {
    let ran = run(&project(), &["scan", "fixtures/acme", "--isolated", "--now", NOW, "--format", format]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""), "{}", ran.stdout);
    ran.stdout
}

#[test]
fn the_report_is_as_reviewed() {
    insta::assert_snapshot!("acme", scan("table"));
}

#[test]
fn the_findings_are_as_reviewed() {
    let scan: Value = serde_json::from_str(&scan("json")).expect("JSON");
    let mut lines: Vec<String> = scan["findings"].as_array().expect("a list").iter().map(line).collect();
    lines.sort();
    insta::assert_snapshot!("acme-findings", lines.join("\n"));
    assert_eq!(scan["summary"]["incomplete"], false, "the demo company is read to its end");
}

fn line(finding: &Value) -> String {
    let text = |name: &str| finding[name].as_str().unwrap_or("-").to_owned();
    format!("{} | {} | {} | {}", text("severity"), text("rule"), text("identity"), text("subject"))
}

/// The table "must not be flagged" of fixtures/acme/README.md.
#[test]
fn clean_identities_stay_quiet() {
    let scan: Value = serde_json::from_str(&scan("json")).expect("JSON");
    let flagged: BTreeSet<&str> = scan["findings"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|finding| finding["identity"].as_str())
        .collect();
    let role = |name: &str| format!("arn:aws:iam::429710886354:role/{name}");
    let user = |name: &str| format!("arn:aws:iam::429710886354:user/{name}");
    let account = |name: &str| {
        let (cluster, rest) = name.split_once('/').expect("cluster/namespace/name");
        let (namespace, name) = rest.split_once('/').expect("cluster/namespace/name");
        format!("k8s:{cluster}/{namespace}/sa/{name}")
    };
    let mut clean = vec![
        role("payments-api"),
        role("ci-deploy"),
        role("eks-node"),
        role("invoice-archiver"),
        role("sandbox-builds"),
        user("metrics-exporter"),
        user("people/david.cohen"),
    ];
    clean.extend(
        [
            "prod/payments/api",
            "prod/payments/month-end-close",
            "prod/shop/sale-banner",
            "prod/shop/web",
            "prod/shop/cache",
            "prod/shop/search-reindex",
            "prod/monitoring/prometheus",
            "prod/monitoring/node-exporter",
            "staging/payments/api",
            "staging/shop/web",
            "prod/kube-system/coredns",
            "prod/payments/default",
        ]
        .map(account),
    );
    let known: BTreeSet<&str> =
        scan["identities"].as_array().expect("a list").iter().filter_map(|one| one["id"].as_str()).collect();
    for id in &clean {
        assert!(!flagged.contains(id.as_str()), "{id} is clean and must not be flagged");
        assert!(known.contains(id.as_str()), "{id} must have been read");
    }
    for id in &flagged {
        assert!(!id.contains("AWSServiceRoleFor"), "{id} belongs to the platform");
    }
}

/// The one story that only the join can tell.
#[test]
fn the_story_is_told_from_the_string_to_the_owner() {
    let scan: Value = serde_json::from_str(&scan("json")).expect("JSON");
    let story = scan["findings"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|one| {
            one["rule"] == "leaked-live-credential" && one["identity"] == "arn:aws:iam::429710886354:user/deploy-bot"
        })
        .expect("the story is found");
    let chain: Vec<&str> = story["chain"].as_array().expect("a chain").iter().filter_map(Value::as_str).collect();
    let text = chain.join(" → ");
    for part in [
        "config/production.yaml:14",
        "of IAM user deploy-bot",
        "sts:AssumeRole on role platform-admin",
        "is administrator",
        "jana.novak@acme.example left on 2026-05-29",
    ] {
        assert!(text.contains(part), "the story lacks '{part}': {text}");
    }
}
