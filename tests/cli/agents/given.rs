//! What servers are given elsewhere than in their variables and headers, and servers that are given in line.

use serde_json::Value;

use super::{named, of_rule, rules, scan};
use crate::tree::{folder, write};

const VALUE: &str = "hk7Qe2Lm9pWz4xR8tB3nV6";

fn report(files: &[(&str, &str)]) -> Value {
    let folder = folder();
    files.iter().for_each(|(path, text)| drop(write(folder.path(), &format!("repo/{path}"), text)));
    scan(folder.path(), &["repo"]).1
}

fn attribute<'r>(report: &'r Value, name: &str, attribute: &str) -> &'r Value {
    let all = report["identities"].as_array().expect("a list");
    let one = all.iter().find(|one| one["name"].as_str().is_some_and(|have| have.starts_with(name)));
    &one.unwrap_or_else(|| panic!("{name} in {report}"))["attributes"][attribute]
}

/// OAuth clients, bearer values and settings of extensions: each under its own key, whatever the value looks like.
#[test]
fn secrets_beside_variables_and_headers_are_told_by_their_keys() {
    for (path, text, name) in [
        (
            ".cursor/mcp.json",
            "{\"mcpServers\": {\"o\": {\"url\": \"https://mcp.acme.example/mcp\", \"auth\": {\"CLIENT_ID\": \"a\",\n \"CLIENT_SECRET\": \"VALUE\"}}}}",
            "auth.CLIENT_SECRET",
        ),
        (
            ".mcp.json",
            "{\"mcpServers\": {\"o\": {\"url\": \"https://mcp.acme.example/mcp\", \"oauth\": {\"clientId\": \"a\",\n \"clientSecret\": \"VALUE\", \"scopes\": [\"read\"]}}}}",
            "oauth.clientSecret",
        ),
        (
            "litellm/config.yaml",
            "mcp_servers: {zap: {url: 'https://mcp.acme.example/mcp', auth_type: bearer_token,\n auth_value: VALUE}}\n",
            "auth_value",
        ),
        (
            ".zed/settings.json",
            "{\"context_servers\": {\"mcp-server-github\": {\"source\": \"extension\", \"enabled\": true, \"settings\": {\n \"github_personal_access_token\": \"VALUE\"}}}}",
            "settings.github_personal_access_token",
        ),
    ] {
        for secret in [VALUE, "correct-horse-battery-staple"] {
            let told = of_rule(&report(&[(path, &text.replace("VALUE", secret))]), "agent-literal-secret");
            assert_eq!(told.len(), 1, "{path}: {told:?}");
            assert!(told[0].0.starts_with(&format!("{name} stands in plain text (setting)")), "{told:?}");
            assert_eq!(told[0].1, format!("{path}:2"));
        }
        let clean = report(&[(path, &text.replace("VALUE", "${env:MCP_CLIENT_SECRET}"))]);
        assert!(rules(&clean).is_empty(), "{path}: {:?}", rules(&clean));
    }
    // How somebody proves himself is no secret.
    let words = r#"{"mcpServers": {"o": {"url": "https://mcp.acme.example/mcp", "auth": "oauth", "authProviderType": "google_credentials",
        "metadata": {"key": "github-issues"}, "oauth": {"enabled": true, "authorizationUrl": "https://acme.example/authorize", "tokenUrl": "https://acme.example/token"}}}}"#;
    assert!(rules(&report(&[(".mcp.json", words)])).is_empty());
}

#[test]
fn external_agents_of_zed_are_read_as_its_servers() {
    let text = format!(
        "{{\"agent_servers\": {{\"claude\": {{\"type\": \"custom\", \"command\": \"npx\", \"args\": [\"-y\", \"@zed-industries/claude-code-acp\"],\n \"env\": {{\"ANTHROPIC_API_KEY\": \"{VALUE}\"}}}}}}, \"context_servers\": {{\"claude\": {{\"command\": \"x\"}}}}}}"
    );
    let report = report(&[(".zed/settings.json", &text)]);
    assert_eq!(rules(&report), ["agent-literal-secret", "agent-unpinned-server"]);
    assert_eq!(named(&report, "agent.mcp-server").len(), 2);
}

/// Whoever is given a whole file of variables is given what was found in it.
#[test]
fn files_of_variables_are_given_with_what_stands_in_them() {
    let env = format!("API_TOKEN={VALUE}\n");
    let servers =
        r#"{"servers": {"a": {"command": "npx", "args": ["-y", "a"], "envFile": "${workspaceFolder}/.env"}}}"#;
    let docker = r#"{"mcpServers": {"b": {"command": "docker", "args": ["run", "--env-file", ".env", "-i", "x/y"]}}}"#;
    let report = report(&[(".vscode/mcp.json", servers), (".mcp.json", docker), (".env", &env)]);
    assert_eq!(of_rule(&report, "agent-unpinned-server").len(), 2);
    assert_eq!(of_rule(&report, "agent-literal-secret").len(), 0);
    assert_eq!(attribute(&report, "a (", "given_secrets"), &serde_json::json!(["values of ${workspaceFolder}/.env"]));
    let shared = of_rule(&report, "agent-shared-secret");
    assert_eq!(shared.len(), 1);
    assert_eq!(shared[0].1, ".env:1");
}

/// Servers that a step hands to its agent as a text are servers like others, at their own lines.
#[test]
fn servers_that_a_pipeline_gives_in_line_are_read() {
    let workflow = format!(
        "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: anthropics/claude-code-base-action@v0.0.1\n        with:\n          anthropic_api_key: ${{{{ secrets.K }}}}\n          mcp_config: |\n            {{\"mcpServers\": {{\"gh\": {{\"command\": \"npx\", \"args\": [\"-y\", \"gh-mcp\"],\n              \"env\": {{\"GH_PAT\": \"${{{{ secrets.PAT }}}}\"}}}}}}}}\n          claude_args: |\n            --max-turns 3\n            --mcp-config '{{\"mcpServers\": {{\"pg\": {{\"command\": \"uvx\", \"args\": [\"mcp-pg==1.0\"], \"env\": {{\"DB_PASSWORD\": \"{VALUE}\"}}}}}}}}'\n"
    );
    let report = report(&[(".github/workflows/a.yml", &workflow), ("CODEOWNERS", "* @acme/a\n")]);
    assert_eq!(
        of_rule(&report, "agent-unpinned-server"),
        [(
            "gh (.github/workflows/a.yml) starts whatever version of gh-mcp is published (npx) and gives it GH_PAT"
                .to_owned(),
            ".github/workflows/a.yml:10".to_owned()
        )]
    );
    let literal = of_rule(&report, "agent-literal-secret");
    assert_eq!(literal.len(), 1, "{literal:?}");
    assert!(literal[0].0.starts_with("DB_PASSWORD stands in plain text (env) in the settings of pg"), "{literal:?}");
    assert_eq!(literal[0].1, ".github/workflows/a.yml:14");
    let gitlab = "fix:\n  script:\n    - |\n      claude -p x --mcp-config '{\"mcpServers\": {\"gh\": {\"command\": \"npx\", \"args\": [\"-y\", \"gh-mcp\"], \"env\": {\"GH_PAT\": \"$PAT\"}}}}'\n";
    let report = self::report(&[(".gitlab-ci.yml", gitlab), ("CODEOWNERS", "* @acme/a\n")]);
    assert_eq!(of_rule(&report, "agent-unpinned-server").len(), 1);
}

/// A key before the command, in whatever file starts the agent.
#[test]
fn keys_that_scripts_and_actions_hold_are_told() {
    let script = format!("#!/bin/sh\nexport ANTHROPIC_API_KEY={VALUE}\nclaude -p x\n");
    let told = of_rule(&report(&[("run.sh", &script)]), "agent-literal-secret");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((told[0].0.split(' ').next(), told[0].1.as_str()), (Some("ANTHROPIC_API_KEY"), "run.sh:2"));
    assert!(rules(&report(&[("run.sh", "ANTHROPIC_API_KEY=$KEY claude -p x\n")])).is_empty());
    assert!(rules(&report(&[("run.sh", &format!("API_KEY={VALUE} ./serve # no claude\n"))])).is_empty());
    let action = format!(
        "runs:\n  using: composite\n  steps:\n    - uses: anthropics/claude-code-action@v1\n      with:\n        anthropic_api_key: {VALUE}\n"
    );
    let caller =
        "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: ./.github/actions/agent\n";
    let report = report(&[
        (".github/actions/agent/action.yml", &action),
        (".github/workflows/a.yml", caller),
        ("CODEOWNERS", "* @acme/a\n"),
    ]);
    let told = of_rule(&report, "agent-literal-secret");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].0.contains("Claude Code in job j") && told[0].1 == ".github/actions/agent/action.yml:6",
        "{told:?}"
    );
}
