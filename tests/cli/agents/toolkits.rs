//! What servers are given and may do where it is written in other ways: command lines, filters of tools, toolkits, scripts.

use serde_json::Value;

use super::{named, of_rule, rules, scan};
use crate::tree::{folder, write};

/// The report of one file of a repository.
fn repo(path: &str, text: &str) -> Value {
    let folder = folder();
    write(folder.path(), &format!("repo/{path}"), text);
    scan(folder.path(), &["repo"]).1
}

fn server<'r>(report: &'r Value, name: &str) -> &'r Value {
    let all = report["identities"].as_array().expect("a list");
    let is_it = |one: &&Value| one["name"].as_str().is_some_and(|have| have.starts_with(&format!("{name} (")));
    all.iter().find(is_it).unwrap_or_else(|| panic!("there is no {name}"))
}

#[test]
fn a_line_of_a_shell_gives_its_variables_and_its_launcher() {
    let line = "cd /srv && API_TOKEN=hk7Qe2Lm9pWz4xR8tB3nV6 npx -y srv";
    for command in [
        format!("\"command\": \"bash\", \"args\": [\"-lc\", \"{line}\"]"),
        "\"command\": \"env\", \"args\": [\"API_TOKEN=hk7Qe2Lm9pWz4xR8tB3nV6\", \"npx\", \"-y\", \"srv\"]".to_owned(),
        "\"command\": \"API_TOKEN=hk7Qe2Lm9pWz4xR8tB3nV6 npx -y srv\"".to_owned(),
    ] {
        let report = repo(".mcp.json", &format!("{{\"mcpServers\": {{\"a\": {{{command}}}}}}}"));
        assert_eq!(rules(&report), ["agent-literal-secret", "agent-unpinned-server"], "{command}");
        assert_eq!(server(&report, "a")["attributes"]["package"], "srv");
    }
}

#[test]
fn a_list_of_tools_limits_what_a_server_does() {
    let github = |more: &str| {
        let text = format!(
            "{{\"mcpServers\": {{\"gh\": {{\"command\": \"npx\", \"args\": [\"-y\", \"@modelcontextprotocol/server-github@1.0.0\"], \"trust\": true{more}}}}}}}"
        );
        repo(".gemini/settings.json", &text)
    };
    let all = github("");
    assert_eq!(rules(&all), ["agent-lethal-trifecta", "agent-tools-unasked"]);
    assert!(of_rule(&all, "agent-tools-unasked")[0].0.ends_with("uses all its tools without asking anybody"));
    let own = github(", \"includeTools\": [\"get_me\"]");
    assert_eq!(rules(&own), ["agent-tools-unasked"]);
    assert!(of_rule(&own, "agent-tools-unasked")[0].0.ends_with("uses get_me without asking anybody"));
    assert_eq!(rules(&github(", \"includeTools\": [\"get_issue\", \"list_issues\"]")), ["agent-tools-unasked"]);
    let writes = github(", \"includeTools\": [\"get_issue\", \"create_issue\"]");
    assert_eq!(rules(&writes), ["agent-lethal-trifecta", "agent-tools-unasked"]);
}

/// `registry.yaml` names what is switched on, the catalog what it is.
#[test]
fn the_toolkit_of_docker_is_joined_with_its_catalog() {
    let folder = folder();
    let registry = "registry:\n  github-official:\n    ref: \"\"\n  filesystem:\n    ref: \"\"\n";
    let catalog = "version: 2\nname: docker-mcp\nregistry:\n  filesystem:\n    image: mcp/filesystem\n    volumes: [\"/:/host\"]\n    secrets:\n      - name: gh.tok\n        env: GITHUB_TOKEN\n  never-switched-on:\n    image: mcp/other\n";
    write(folder.path(), "home/.docker/mcp/registry.yaml", registry);
    write(folder.path(), "home/.docker/mcp/catalogs/docker-mcp.yaml", catalog);
    let (_, report) = scan(folder.path(), &["--home", "home"]);
    assert_eq!(
        named(&report, "agent.mcp-server"),
        ["filesystem (.docker/mcp/registry.yaml)", "github-official (.docker/mcp/registry.yaml)"]
    );
    let files = server(&report, "filesystem");
    assert_eq!(files["attributes"]["package"], "mcp/filesystem");
    assert_eq!(of_rule(&report, "agent-unrestricted-server")[0].1, ".docker/mcp/registry.yaml:4");
    assert_eq!(of_rule(&report, "agent-unpinned-server").len(), 1, "it is given a token");
    assert!(of_rule(&report, "agent-literal-secret").is_empty(), "it is in Docker's own store");
}

/// A value that no detector knows is one credential in several agents all the same.
#[test]
fn a_plain_password_in_two_clients_is_shared() {
    let folder = folder();
    let text = |value: &str| {
        format!("{{\"mcpServers\": {{\"s\": {{\"command\": \"s\", \"env\": {{\"SESSION_COOKIE\": \"{value}\"}}}}}}}}")
    };
    write(folder.path(), "home/.cursor/mcp.json", text("correct-horse-battery"));
    write(folder.path(), "home/.claude.json", text("correct-horse-battery"));
    write(folder.path(), "home/.lmstudio/mcp.json", text("another-long-battery"));
    let (_, report) = scan(folder.path(), &["--home", "home"]);
    let shared = of_rule(&report, "agent-shared-given");
    assert_eq!(shared.len(), 1, "{shared:?}");
    assert!(shared[0].0.contains("2 agents") && shared[0].0.contains(".cursor/mcp.json"), "{shared:?}");
    assert!(!report.to_string().contains("correct-horse"), "the value left");
}

#[test]
fn approvals_that_are_off_in_scripts_and_editors_are_told() {
    for (path, text, line) in [
        ("run.sh", "#!/bin/sh\ncodex exec --dangerously-bypass-approvals-and-sandbox \"x\"\n", 2),
        ("Makefile", "a:\n\tgemini --yolo -p x\n", 2),
        ("Dockerfile", "FROM x\nRUN claude \\\n  --dangerously-skip-permissions -p x\n", 3),
        ("Dockerfile", "FROM x\nENTRYPOINT [\"claude\", \"--dangerously-skip-permissions\"]\n", 2),
        ("package.json", "{\"scripts\":{\"x\":\"claude --dangerously-skip-permissions\"}}", 1),
        ("a.code-workspace", "{\"settings\": {\"chat.tools.global.autoApprove\": true}}", 1),
        (
            ".devcontainer/devcontainer.json",
            "{\"customizations\": {\"vscode\": {\n\"settings\": {\"chat.tools.global.autoApprove\": true}}}}",
            2,
        ),
    ] {
        let report = repo(path, text);
        assert_eq!(rules(&report), ["agent-approvals-off"], "{path}");
        assert_eq!(of_rule(&report, "agent-approvals-off")[0].1, format!("{path}:{line}"), "{text}");
    }
    for (path, text) in [
        ("run.sh", "# claude --dangerously-skip-permissions\nclaude -p x\n"),
        ("run.sh", "apt-get --yolo install x\n"),
        ("README.md", "claude --dangerously-skip-permissions\n"),
    ] {
        assert!(rules(&repo(path, text)).is_empty(), "{path}: {text}");
    }
}

/// What is mounted from a ConfigMap is the settings of some client, and stands where the ConfigMap says it.
#[test]
fn settings_in_a_config_map_are_read_in_place() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  other: x\n  mcp.json: |\n    {\"mcpServers\": {\n      \"a\": {\"command\": \"a\"},\n      \"x\": {\"command\": \"npx\", \"args\": [\"-y\", \"p\"],\n        \"env\": {\"SESSION_COOKIE\": \"correct-horse-battery\"}}}}\n";
    let report = repo("deploy/cm.yaml", text);
    assert_eq!(named(&report, "agent.mcp-server"), ["a (deploy/cm.yaml)", "x (deploy/cm.yaml)"]);
    assert_eq!(of_rule(&report, "agent-literal-secret")[0].1, "deploy/cm.yaml:10");
    assert_eq!(of_rule(&report, "agent-unpinned-server")[0].1, "deploy/cm.yaml:9");
    // Written as one line in quotes it is found at its key.
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  mcp.json: '{\"mcpServers\": {\"a\": {\"command\": \"a\"}}}'\n";
    assert_eq!(named(&repo("cm.yaml", text), "agent.mcp-server"), ["a (cm.yaml)"]);
}

#[test]
fn packages_of_servers_and_open_gateways_are_read() {
    let package = r#"{"dxt_version":"0.1","name":"x","server":{"type":"node","mcp_config":{"command":"node","args":["x"],"env":{"A_TOKEN":"correct-horse-battery","B_TOKEN":"${user_config.b}"}}}}"#;
    assert_eq!(rules(&repo("manifest.json", package)), ["agent-literal-secret"]);
    let gateway = "{gateway: {bind: 'lan'}, mcpServers: {o: {command: 'npx', args: ['o@1.0.0'], env: {API_TOKEN: 'correct-horse-battery'}}}}";
    let folder = folder();
    write(folder.path(), "home/.openclaw/openclaw.json", gateway);
    let (code, report) = scan(folder.path(), &["--home", "home"]);
    assert_eq!((code, rules(&report)), (1, vec!["agent-exposed".to_owned(), "agent-literal-secret".to_owned()]));
}
