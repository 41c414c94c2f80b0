//! Settings of clients that a reader would weigh together: what is allowed and denied, lists of servers, keys of their own.

use super::{named, of_rule, rules, scan};
use crate::tree::{folder, write};

/// The report of files below a repository.
fn report(files: &[(&str, &str)]) -> serde_json::Value {
    let folder = folder();
    files.iter().for_each(|(path, text)| drop(write(folder.path(), &format!("repo/{path}"), text)));
    scan(folder.path(), &["repo"]).1
}

const GITHUB: &str = r#"{"mcpServers": {
  "github": {"command": "npx", "args": ["-y", "@modelcontextprotocol/server-github@2025.4.8"]},
  "docs": {"command": "docs-mcp"}}}"#;

#[test]
fn a_list_that_allows_a_whole_server_is_told_of_that_server() {
    for (allowed, expected) in [
        (r#"["mcp__github__*"]"#, true),
        (r#"["mcp__github"]"#, true),
        (r#"["mcp__github__get_issue", "mcp__other"]"#, false),
    ] {
        let settings = format!("{{\"permissions\": {{\"allow\": {allowed}}}}}");
        let report = report(&[(".mcp.json", GITHUB), (".claude/settings.json", &settings)]);
        let told = of_rule(&report, "agent-tools-unasked");
        let wanted: &[&str] = if expected { &[".mcp.json:2"] } else { &[] };
        assert_eq!(told.iter().map(|(_, place)| place.as_str()).collect::<Vec<_>>(), wanted, "{allowed}");
    }
    let kiro = r#"{"mcpServers": {"aws": {"command": "x"}}, "allowedTools": ["@aws", "@git/status"]}"#;
    assert_eq!(of_rule(&report(&[(".kiro/agents/dev.json", kiro)]), "agent-tools-unasked").len(), 1);
}

#[test]
fn what_is_denied_or_disabled_is_not_allowed() {
    let settings = |text: &str| rules(&report(&[(".claude/settings.json", text)]));
    assert_eq!(settings(r#"{"permissions": {"allow": ["Bash(*)"]}}"#), ["agent-unrestricted"]);
    assert!(settings(r#"{"permissions": {"allow": ["Bash(*)"], "deny": ["Bash"]}}"#).is_empty());
    let off = r#"{"permissions": {"defaultMode": "bypassPermissions", "disableBypassPermissionsMode": "disable"}}"#;
    assert!(settings(off).is_empty());
}

#[test]
fn tools_that_are_switched_off_are_named() {
    let text = r#"{"mcpServers": {"gh": {"httpUrl": "https://gh.example/mcp", "trust": true, "excludeTools": ["delete_repo"]}}}"#;
    let told = of_rule(&report(&[(".gemini/settings.json", text)]), "agent-tools-unasked");
    assert!(told[0].0.contains("all its tools but delete_repo"), "{told:?}");
    let codex = "[mcp_servers.gh]\nurl = \"https://gh.example/mcp\"\nenabled_tools = [\"a\", \"b\"]\ndisabled_tools = [\"b\"]\ndefault_tools_approval_mode = \"auto\"\n";
    let told = of_rule(&report(&[(".codex/config.toml", codex)]), "agent-tools-unasked");
    assert!(told[0].0.contains("uses a without asking"), "{told:?}");
}

/// Gemini's lists of servers that are on and off.
#[test]
fn servers_that_a_list_leaves_out_do_not_run() {
    let servers = |more: &str| {
        format!(
            "{{\"mcpServers\": {{\"a\": {{\"command\": \"x\", \"trust\": true}}, \"b\": {{\"command\": \"y\", \"trust\": true}}}}{more}}}"
        )
    };
    for (more, count) in
        [("", 2), (", \"mcp\": {\"allowed\": [\"a\"]}", 1), (", \"mcp\": {\"excluded\": [\"a\", \"b\"]}", 0)]
    {
        let report = report(&[(".gemini/settings.json", &servers(more))]);
        assert_eq!(of_rule(&report, "agent-tools-unasked").len(), count, "{more}");
        assert_eq!(named(&report, "agent.mcp-server").len(), 2);
    }
}

#[test]
fn keys_of_clients_themselves_are_read_where_they_stand() {
    let value = "hk7Qe2Lm9pWz4xR8tB3nV6";
    for (path, text) in [
        (".codex/config.toml", format!("[model_providers.own]\nexperimental_bearer_token = \"{value}\"\n")),
        ("opencode.json", format!("{{\"provider\": {{\"x\": {{\"options\":\n {{\"apiKey\": \"{value}\"}}}}}}}}")),
        ("openclaw.json", format!("{{\"channels\": {{\"telegram\":\n {{\"botToken\": \"{value}\"}}}}}}")),
        ("crush.json", format!("{{\"providers\": {{\"x\":\n {{\"api_key\": \"{value}\"}}}}}}")),
    ] {
        let told = of_rule(&report(&[(path, &text)]), "agent-literal-secret");
        assert_eq!(told.len(), 1, "{path}");
        assert_eq!(told[0].1, format!("{path}:2"));
        let clean = text.replace(value, "{env:KEY}");
        assert!(rules(&report(&[(path, &clean)])).is_empty(), "{path}");
    }
}

/// Visual Studio lists its servers under another key of the same file.
#[test]
fn servers_under_the_key_of_another_program_are_read() {
    let text = r#"{"servers": {"probe": {"type": "http", "url": "http://probe.acme.example/mcp"}}}"#;
    let report = report(&[(".mcp.json", text)]);
    assert_eq!(named(&report, "agent.mcp-server"), ["probe (.mcp.json)"]);
    assert_eq!(rules(&report), ["agent-plain-http"]);
}

#[test]
fn the_machine_of_githubs_own_agent_is_an_agent() {
    let text = "on: workflow_dispatch\njobs:\n  copilot-setup-steps:\n    runs-on: ubuntu-latest\n    permissions: {contents: read}\n    steps:\n      - run: npm ci\n        env: {NPM_TOKEN: '${{ secrets.NPM_TOKEN }}'}\n";
    let report = report(&[(".github/workflows/copilot-setup-steps.yml", text), ("CODEOWNERS", "* @acme/a\n")]);
    assert_eq!(named(&report, "agent.ci"), ["Copilot coding agent (.github/workflows/copilot-setup-steps.yml)"]);
    let agent = report["identities"].as_array().expect("a list").iter().find(|one| one["kind"] == "agent.ci");
    assert_eq!(agent.expect("it is told")["attributes"]["given_secrets"], serde_json::json!(["NPM_TOKEN"]));
    assert!(rules(&report).is_empty());
}
