//! One folder for each client as its vendor documents it, set up with care: no finding, and none is lost.

use std::collections::BTreeSet;

use serde_json::Value;

use super::scan;
use crate::tree::project;

/// The folders below one of `fixtures/clients`.
fn folders(sort: &str) -> Vec<String> {
    let entries = std::fs::read_dir(project().join("fixtures/clients").join(sort)).expect("our own fixtures");
    let mut names: Vec<String> = entries
        .flatten()
        .map(|entry| format!("fixtures/clients/{sort}/{}", entry.file_name().to_string_lossy()))
        .collect();
    names.sort();
    names
}

fn findings(report: &Value) -> Vec<String> {
    let all = report["findings"].as_array().expect("a list").iter();
    all.map(|one| format!("{}: {}", one["rule"].as_str().unwrap_or_default(), one["message"])).collect()
}

#[test]
fn a_client_that_is_set_up_with_care_gives_no_finding() {
    let (homes, trees) = (folders("homes"), folders("trees"));
    assert!(homes.len() + trees.len() >= 25, "{homes:?} {trees:?}");
    let mut arguments: Vec<&str> = homes.iter().flat_map(|home| ["--home", home.as_str()]).collect();
    arguments.extend(trees.iter().map(String::as_str));
    let (_, report) = scan(&project(), &arguments);
    let found = findings(&report);
    // The vendor's own template runs for those who may write, and reads what others wrote.
    let [template] = found.as_slice() else { panic!("{found:#?}") };
    assert!(template.starts_with("agent-ci-reads-outsiders: \"Claude Code in job claude"), "{template}");
    let identities = report["identities"].as_array().expect("a list");
    let programs: BTreeSet<&str> =
        identities.iter().filter_map(|one| one["attributes"]["agent_program"].as_str()).collect();
    for client in [
        "Claude Desktop",
        "Claude Code",
        "Cursor",
        "Windsurf",
        "VS Code with Copilot",
        "Zed",
        "Codex",
        "Gemini CLI",
        "Goose",
        "Continue",
        "Amazon Q Developer",
        "Kiro",
        "Junie",
        "JetBrains AI Assistant",
        "Cline",
        "Roo Code",
        "OpenCode",
        "LM Studio",
        "Warp",
        "Amp",
        "Qwen Code",
        "Copilot CLI",
    ] {
        assert!(programs.contains(client), "{client} in {programs:?}");
    }
    assert_eq!(report["summary"]["holes"], 0, "{}", report["coverage"]);
}
