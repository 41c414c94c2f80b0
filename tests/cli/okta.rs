//! Okta by the command line: from a folder, from an organisation, on another machine, and the section of the report.

use std::path::PathBuf;

use serde_json::Value;

use crate::okta_server::{OktaServer, Org, TOKEN, from_export};
use crate::tree::{NOW, folder, nonhuman, project, run};

fn acme() -> PathBuf {
    project().join("fixtures/acme/okta")
}

fn scan(format: &str) -> String {
    let folder = acme();
    let folder = folder.to_str().expect("text");
    let ran = run(&project(), &["scan", "--isolated", "--okta-export", folder, "--now", NOW, "--format", format]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    ran.stdout
}

#[test]
fn the_six_approaches_are_answered() {
    let report: Value = serde_json::from_str(&scan("json")).expect("JSON");
    let approaches = report["okta_governance"]["approaches"].as_array().expect("a list");
    let of = |name: &str| approaches.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(approaches.len(), 6);
    assert_eq!(of("Centralised identity")["state"], "findings");
    assert_eq!(of("MFA for people who use AI")["findings"], 2, "{approaches:#?}");
    assert_eq!(of("Least privilege")["worst"], "critical");
    assert_eq!(of("Monitoring and audit")["state"], "met", "{approaches:#?}");
    assert_eq!(of("API security")["worst"], "high");
    assert_eq!(of("Zero Trust")["rules"][0], "okta-ai-app-no-condition");
    for format in ["table", "markdown"] {
        let text = scan(format);
        assert!(text.contains("Okta governance of AI agents"), "{text}");
        for approach in approaches {
            assert!(text.contains(approach["name"].as_str().expect("text")), "{format}: {text}");
        }
    }
}

#[test]
fn an_organisation_is_read_and_judged_on_another_machine() {
    let mut org: Org = from_export(&acme(), &run(&project(), &["permissions", "okta", "--plan"]).stdout);
    let marker = "synthetic-client-secret-of-a-test";
    for (_, list) in org.lists.values_mut() {
        for item in list {
            item["client_secret"] = Value::from(marker);
        }
    }
    let server = OktaServer::start(org);
    let place = folder();
    let records = place.path().join("records.jsonl");
    let mut command = nonhuman(place.path());
    command.env("NONHUMAN_OKTA_TOKEN", TOKEN).args([
        "-vv",
        "collect",
        "--isolated",
        "--now",
        NOW,
        "--okta",
        &server.url,
    ]);
    let ran = command.arg("-o").arg(&records).output().expect("the binary starts");
    let said = String::from_utf8_lossy(&ran.stderr).into_owned() + &String::from_utf8_lossy(&ran.stdout);
    let kept = std::fs::read_to_string(&records).expect("records");
    for text in [&said, &kept] {
        assert!(!text.contains(marker) && !text.contains(TOKEN), "a secret left: {text}");
    }
    assert!(kept.contains("okta.ai-agent") && kept.contains("okta.api-token"), "{said}");
    let judged = run(
        place.path(),
        &["evaluate", "--isolated", "--now", NOW, "--format", "json", "--allow-partial", "records.jsonl"],
    );
    let report: Value = serde_json::from_str(&judged.stdout).expect("JSON");
    let rules: Vec<&str> =
        report["findings"].as_array().expect("a list").iter().filter_map(|one| one["rule"].as_str()).collect();
    for rule in ["okta-client-administrator", "okta-token-anywhere", "okta-agent-weak-app", "okta-ai-app-one-factor"] {
        assert!(rules.contains(&rule), "{rule} is not in {rules:?}");
    }
}

/// Every noun that Okta has is a record of its own, and `show` knows it.
#[test]
fn every_noun_can_be_shown() {
    let place = folder();
    let export = place.path().join("okta");
    std::fs::create_dir(&export).expect("a folder");
    for file in std::fs::read_dir(acme()).expect("the fixture").flatten() {
        std::fs::copy(file.path(), export.join(file.file_name())).expect("a copy");
    }
    let account = r#"[{"id":"sac1","name":"backup","username":"svc-backup","status":"UNSECURED","ownerUserIds":[]}]"#;
    crate::tree::write(&export, "service-accounts.json", account);
    let hook = r#"[{"id":"who1","name":"alerts","status":"ACTIVE","verificationStatus":"VERIFIED","channel":{"config":{"uri":"https://siem.acme.example/x"}}}]"#;
    crate::tree::write(&export, "event-hooks.json", hook);
    run(place.path(), &["scan", "--isolated", "--okta-export", "okta", "--now", NOW, "-o", "scan.json"]);
    let report: Value =
        serde_json::from_str(&std::fs::read_to_string(place.path().join("scan.json")).expect("a report"))
            .expect("JSON");
    let find = |kind: &str| {
        let lists = ["identities", "credentials", "settings"].iter().filter_map(|list| report[*list].as_array());
        let found = lists.flatten().find(|one| one["kind"] == kind);
        found.unwrap_or_else(|| panic!("no {kind}"))["id"].as_str().expect("an id").to_owned()
    };
    for kind in [
        "app",
        "service-app",
        "user",
        "group",
        "api-service",
        "ai-agent",
        "service-account",
        "api-token",
        "client-secret",
        "client-key",
        "refresh-token",
        "access-policy",
        "access-rule",
        "sign-on-policy",
        "sign-on-rule",
        "enrolment-policy",
        "authorization-server",
        "server-rule",
        "agent-connection",
        "role",
        "log-stream",
        "event-hook",
        "network-zone",
        "device-assurance",
        "organisation",
    ] {
        let id = find(&format!("okta.{kind}"));
        let shown = run(place.path(), &["show", &id, "--from", "scan.json"]);
        assert!(shown.code == 0 && shown.stdout.contains("okta"), "{kind} {id}: {}{}", shown.stdout, shown.stderr);
    }
}

/// An organisation that cannot be read is answered, too: with what is not known.
#[test]
fn approaches_of_an_organisation_that_was_not_read_are_unknown() {
    let server = OktaServer::start(Org::default());
    let place = folder();
    let mut command = nonhuman(place.path());
    command.env("NONHUMAN_OKTA_TOKEN", "00-wrong-synthetic-token");
    let ran = command.args(["scan", "--isolated", "--okta", &server.url, "--format", "json", "--now", NOW]).output();
    let report: Value = serde_json::from_slice(&ran.expect("the binary starts").stdout).expect("JSON");
    let approaches = report["okta_governance"]["approaches"].as_array().expect("the section is there");
    assert_eq!(approaches.len(), 6);
    for approach in approaches {
        assert_eq!(approach["state"], "unknown", "{approach:#}");
        assert!(approach["facts"].to_string().contains("could not be read"), "{approach:#}");
    }
}

#[test]
fn without_a_login_it_says_what_to_set() {
    let place = folder();
    let ran = run(place.path(), &["scan", "--isolated", "--okta", "https://acme.okta.com"]);
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    assert!(
        ran.stderr.contains("NONHUMAN_OKTA_CLIENT_ID") && ran.stderr.contains("NONHUMAN_OKTA_TOKEN"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_configuration_file_cannot_name_the_organisation() {
    let place = folder();
    crate::tree::write(place.path(), "nonhuman.toml", "[okta]\nurl = \"https://evil.example\"\n");
    let ran = run(place.path(), &["scan"]);
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    assert!(ran.stderr.contains("nonhuman.toml:2:1"), "{}", ran.stderr);
}

/// Who made an integration is known by the list of users alone: without it nobody can be said to be missing.
#[test]
fn a_client_whose_maker_cannot_be_known_is_not_called_unowned() {
    let folder = folder();
    for entry in std::fs::read_dir(acme()).expect("the demo company") {
        let entry = entry.expect("an entry");
        if entry.file_name() != "users.json" {
            std::fs::copy(entry.path(), folder.path().join(entry.file_name())).expect("a copy");
        }
    }
    let ran = run(folder.path(), &["scan", "--isolated", "--okta-export", ".", "--now", NOW, "--format", "json"]);
    let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let findings = report["findings"].as_array().expect("a list").iter();
    let integration = |one: &&Value| one["subject"].as_str().is_some_and(|id| id.contains("/api-service/"));
    let unowned: Vec<_> = findings.filter(|one| one["rule"] == "okta-client-unowned").filter(integration).collect();
    assert!(unowned.is_empty(), "{unowned:?}");
    let open = report["not_evaluated"].as_array().expect("a list").iter();
    assert!(open.clone().any(|one| one["rule"] == "okta-client-unowned"), "{:?}", open.collect::<Vec<_>>());
}

/// What hangs on agents that are listed is missed where its file is not there: no clean report, and no owner called gone.
#[test]
fn an_agent_whose_connections_and_owners_were_not_exported_is_not_called_clean() {
    for (missing, rule) in
        [("ai-agent-connections.json", "okta-agent-all-scopes"), ("ai-agent-owners.json", "owner-left")]
    {
        let folder = folder();
        for entry in std::fs::read_dir(acme()).expect("the demo company") {
            let entry = entry.expect("an entry");
            if entry.file_name() != missing {
                std::fs::copy(entry.path(), folder.path().join(entry.file_name())).expect("a copy");
            }
        }
        let ran = run(folder.path(), &["scan", "--isolated", "--okta-export", ".", "--now", NOW, "--format", "json"]);
        let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
        let open = report["not_evaluated"].as_array().expect("a list");
        assert!(open.iter().any(|one| one["rule"] == rule), "{missing}: {open:?}");
        let file = missing.trim_end_matches(".json");
        let mut entries = report["coverage"].as_array().expect("a list").iter();
        let hole = entries.find(|one| one["detail"].to_string().contains(file)).expect("it is told");
        let is_hole = hole["outcome"] == "partial" || hole["blinds"] == serde_json::json!(["settings"]);
        assert!(is_hole, "{hole}");
        assert_eq!(report["summary"]["incomplete"], true, "{missing}");
    }
}
