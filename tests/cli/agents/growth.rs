//! What a change adds to the reach of an agent, over all steps: told by `diff` from two reports and from a history.

use std::path::Path;

use serde_json::{Value, json};

use crate::tree::{folder, project, run, write};

const DETAILS: &str = "acme/aws/429710886354/account-authorization-details.json";
const REACHED: &str = "administrator in account 429710886354, through arn:aws:iam::429710886354:role/platform-admin";

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let (path, copied) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &copied);
        } else {
            std::fs::copy(&path, &copied).expect("copied");
        }
    }
}

/// The settings of the shop's agent with a server that is given the deploy bot's key, as it lies in the shop's configuration.
fn with_key(folder: &Path) -> String {
    let config =
        std::fs::read_to_string(folder.join("acme/repos/shop-api/config/production.yaml")).expect("it is there");
    let value = |name: &str| {
        let line = config.lines().find(|line| line.trim().starts_with(name)).expect("it is there");
        line.split_once(": ").expect("a pair").1.to_owned()
    };
    let env = json!({"AWS_ACCESS_KEY_ID": value("access_key_id"), "AWS_SECRET_ACCESS_KEY": value("secret_access_key")});
    json!({"mcpServers": {"aws": {"command": "aws-mcp", "env": env}}}).to_string()
}

fn scan(folder: &Path, day: u8, report: &str) {
    let now = format!("2026-11-{day}T00:00:00Z");
    let shared = ["--isolated", "--now", &now, "--exit-zero", "-q", "--history-file", "h.db", "-o", report];
    let ran = run(folder, &[&["scan", "acme"], &shared[..]].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

fn diff(folder: &Path, arguments: &[&str]) -> String {
    let ran = run(folder, &[&["diff", "--isolated"], arguments].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.stdout
}

/// The identities that reach more, with what they reach.
fn grown(diff: &str) -> Vec<(String, Vec<String>)> {
    let diff: Value = serde_json::from_str(diff).expect("JSON");
    let changes = diff["identities"].as_array().expect("a list").iter();
    let grew = changes.filter(|one| one["change"] == "reach-grew" || one["change"] == "appeared");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    grew.map(|one| (text(&one["id"]), one["what"].as_array().into_iter().flatten().map(text).collect())).collect()
}

#[test]
fn a_change_names_what_it_adds_to_the_reach_of_an_agent() {
    let folder = folder();
    let path = folder.path();
    copy(&project().join("fixtures/acme"), &path.join("acme"));
    scan(path, 10, "1.json");
    write(path, "acme/repos/shop-api/.mcp.json", with_key(path));
    scan(path, 11, "2.json");
    for arguments in [&["1.json", "2.json"][..], &["--history-file", "h.db"]] {
        let json = diff(path, &[arguments, &["--format", "json"]].concat());
        let grown = grown(&json);
        let of = |end: &str| {
            grown.iter().find(|(id, _)| id.ends_with(end)).map(|(_, what)| what.contains(&REACHED.to_owned()))
        };
        assert_eq!(of("shop-api/.mcp.json#aws"), Some(true), "the server: {grown:?}");
        assert_eq!(of("shop-api#claude-code"), Some(true), "its client: {grown:?}");
        for format in ["table", "markdown"] {
            let text = diff(path, &[arguments, &["--format", format]].concat());
            let flat = text.split_whitespace().collect::<Vec<_>>().join(" ").replace('\\', "");
            assert!(flat.contains("administrator in account 429710886354, through"), "{format}: {text}");
        }
    }
    // What was not read this time is not known to be gone.
    std::fs::rename(path.join("acme/aws"), path.join("aws")).expect("moved");
    scan(path, 12, "3.json");
    let unread = diff(path, &["--history-file", "h.db", "--format", "json"]);
    assert!(!unread.contains("administrator in account 429710886354"), "{unread}");
}

/// The settings of the agent stay as they are; the identity behind its key gains rights.
#[test]
fn rights_that_grow_elsewhere_are_told_of_the_agent() {
    let folder = folder();
    let path = folder.path();
    copy(&project().join("fixtures/acme"), &path.join("acme"));
    write(path, "acme/repos/shop-api/.mcp.json", with_key(path));
    let details = std::fs::read_to_string(path.join(DETAILS)).expect("it is there");
    let mut before: Value = serde_json::from_str(&details).expect("JSON");
    let roles = before["RoleDetailList"].as_array_mut().expect("a list").iter_mut();
    let mut roles = roles;
    let role = roles.find(|role| role["RoleName"] == "platform-admin").expect("it is there");
    let trusted = &mut role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["AWS"];
    trusted.as_array_mut().expect("a list").retain(|one| !one.as_str().is_some_and(|arn| arn.ends_with("/deploy-bot")));
    write(path, DETAILS, before.to_string());
    scan(path, 10, "1.json");
    write(path, DETAILS, details);
    scan(path, 11, "2.json");
    let grown = grown(&diff(path, &["1.json", "2.json", "--format", "json"]));
    let server = grown.iter().find(|(id, _)| id.ends_with("shop-api/.mcp.json#aws"));
    assert!(server.is_some_and(|(_, what)| what.contains(&REACHED.to_owned())), "{grown:?}");
    let report: Value =
        serde_json::from_str(&std::fs::read_to_string(path.join("2.json")).expect("it is there")).expect("JSON");
    let identities = report["identities"].as_array().expect("a list");
    let server =
        identities.iter().find(|one| one["id"].as_str().is_some_and(|id| id.ends_with("shop-api/.mcp.json#aws")));
    assert_eq!(server.expect("it is told")["reach"][0]["kind"], "administrator");
}
