//! What agents are given where they are deployed: in clusters, and by infrastructure code with its locals and variables.

use serde_json::{Value, json};

use super::{of_rule, rules, scan};
use crate::tree::{folder, run, write};

const VALUE: &str = "hk7Qe2Lm9pWz4xR8tB3nV6";

fn report(files: &[(&str, &str)]) -> Value {
    let folder = folder();
    write(folder.path(), "repo/CODEOWNERS", "* @acme/platform\n");
    files.iter().for_each(|(path, text)| drop(write(folder.path(), &format!("repo/{path}"), text)));
    scan(folder.path(), &["repo"]).1
}

fn attributes<'r>(report: &'r Value, name: &str) -> &'r Value {
    let all = report["identities"].as_array().expect("a list");
    let one = all.iter().find(|one| one["name"].as_str().is_some_and(|have| have.starts_with(name)));
    &one.unwrap_or_else(|| panic!("{name}"))["attributes"]
}

const KAGENT: &str = r#"apiVersion: kagent.dev/v1alpha2
kind: ModelConfig
metadata: {name: claude, namespace: ai}
spec: {apiKeySecret: anthropic, apiKeySecretKey: KEY, model: m, provider: Anthropic}
---
apiVersion: kagent.dev/v1alpha2
kind: Agent
metadata: {name: helper, namespace: ai}
spec:
  declarative:
    modelConfig: claude
    deployment:
      env: [{name: GITHUB_TOKEN, value: "VALUE"}, {name: DB_PASSWORD, valueFrom: {secretKeyRef: {name: db, key: p}}}]
    tools:
    - {type: McpServer, mcpServer: {name: tools, kind: RemoteMCPServer}}
    - {type: Agent, agent: {name: other}}
---
apiVersion: kagent.dev/v1alpha2
kind: RemoteMCPServer
metadata: {name: tools, namespace: ai}
spec:
  url: http://tools.ai:8084/mcp
  headersFrom: [{name: Authorization, valueFrom: {type: Secret, name: s, key: k}}]
"#;

const TOOLHIVE: &str = r#"apiVersion: toolhive.stacklok.dev/v1alpha1
kind: MCPServer
metadata: {name: github, namespace: ai}
spec:
  image: ghcr.io/github/github-mcp-server
  secrets: [{name: github-token, key: token, targetEnvName: GITHUB_PERSONAL_ACCESS_TOKEN}]
  env: [{name: GITHUB_TOKEN, value: "VALUE"}]
---
apiVersion: kagent.dev/v1alpha1
kind: MCPServer
metadata: {name: fetcher, namespace: ai}
spec: {deployment: {image: "mcp/fetch:1.0", cmd: npx, args: ["-y", "fetcher-mcp"], env: {API_TOKEN: "${API_TOKEN}"}}}
"#;

/// Variables, headers, Secrets, images and command lines count in a cluster as they do in a client.
#[test]
fn agents_and_servers_of_a_cluster_are_given_what_their_manifests_say() {
    let (kagent, toolhive) = (KAGENT.replace("VALUE", VALUE), TOOLHIVE.replace("VALUE", VALUE));
    let report = report(&[("kagent.yaml", &kagent), ("toolhive.yaml", &toolhive)]);
    let literal = of_rule(&report, "agent-literal-secret");
    let places: Vec<&str> = literal.iter().map(|(_, place)| place.as_str()).collect();
    assert_eq!(places, ["kagent.yaml:13", "toolhive.yaml:7"]);
    assert!(literal.iter().all(|(message, _)| message.starts_with("GITHUB_TOKEN stands in plain text (env)")));
    let shared = of_rule(&report, "agent-shared-secret").len() + of_rule(&report, "agent-shared-given").len();
    assert_eq!(shared, 1);
    let given = |name: &str| attributes(&report, name)["given_secrets"].clone();
    assert_eq!(given("Agent ai/helper"), json!(["DB_PASSWORD", "GITHUB_TOKEN"]));
    assert_eq!(given("RemoteMCPServer ai/tools"), json!(["Authorization"]));
    assert_eq!(given("MCPServer ai/github"), json!(["GITHUB_PERSONAL_ACCESS_TOKEN", "GITHUB_TOKEN"]));
    assert_eq!(given("ModelConfig ai/claude"), json!(["Secret anthropic, KEY"]));
    let unpinned = of_rule(&report, "agent-unpinned-server");
    let names: Vec<&str> = unpinned.iter().filter_map(|(message, _)| message.split(' ').nth(1)).collect();
    assert_eq!(names, ["ai/fetcher", "ai/github"]);
    assert_eq!(attributes(&report, "MCPServer ai/github")["private_data"], true);
    // The server's address stays in the cluster.
    assert_eq!(of_rule(&report, "agent-plain-http").len(), 0);
    let clean = KAGENT.replace(r#"{name: GITHUB_TOKEN, value: "VALUE"}, "#, "");
    assert_eq!(rules(&self::report(&[("kagent.yaml", &clean)])), Vec::<String>::new());
    let far = clean.replace("http://tools.ai:8084/mcp", "http://mcp.acme.example/mcp");
    assert_eq!(rules(&self::report(&[("kagent.yaml", &far)])), ["agent-plain-http"]);
}

/// From the agent over its server and its model to what those are given, whatever file names them.
#[test]
fn an_agent_of_a_cluster_leads_to_its_servers_and_models() {
    let folder = folder();
    let (agent, rest) = (KAGENT.split("---\n").nth(1).expect("the agent"), KAGENT.replace("kind: Agent", "kind: None"));
    write(folder.path(), "repo/agent.yaml", agent.replace("VALUE", "$(T)"));
    write(folder.path(), "repo/rest.yaml", rest);
    let ran = run(folder.path(), &["reach", "Agent/helper", "repo", "--isolated"]);
    for part in ["RemoteMCPServer ai/tools", "ModelConfig ai/claude", "Authorization", "Secret anthropic, KEY"] {
        assert!(ran.stdout.contains(part), "{part}: {}{}", ran.stdout, ran.stderr);
    }
}

#[test]
fn workloads_that_start_an_agent_unasked_are_told() {
    let text = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: fix, namespace: ai}\nspec:\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          containers:\n          - name: c\n            image: x:1\n            command: [claude, --dangerously-skip-permissions]\n            env: [{name: ANTHROPIC_API_KEY, valueFrom: {secretKeyRef: {name: s, key: k}}}]\n";
    let found = report(&[("job.yaml", text)]);
    assert_eq!(of_rule(&found, "agent-approvals-off").len(), 1);
    assert_eq!(of_rule(&found, "agent-approvals-off")[0].1, "job.yaml:12");
}

fn role(more: &str) -> String {
    format!(
        "resource \"aws_iam_role\" \"a\" {{\n  name = \"a\"\n  assume_role_policy = \"{{}}\"\n}}\nresource \"aws_bedrockagent_agent\" \"a\" {{\n  agent_name = \"a\"\n  agent_resource_role_arn = aws_iam_role.a.arn\n}}\nresource \"aws_iam_role_policy_attachment\" \"x\" {{\n  role = aws_iam_role.a.name\n  policy_arn = {more}\n"
    )
}

/// Locals are what they say; of a variable its default is, where it is too much.
#[test]
fn policies_by_locals_and_variables_are_followed() {
    let judged = |value: &str, more: &str| {
        let report = report(&[("main.tf", &format!("{}}}\n", role(value))), ("values.tf", more)]);
        let open = report["not_evaluated"].as_array().expect("a list").iter();
        let is_open = open.into_iter().any(|one| one["rule"] == "agent-role-administrator");
        (of_rule(&report, "agent-role-administrator").len(), is_open)
    };
    let admin = "\"arn:aws:iam::aws:policy/AdministratorAccess\"";
    let reader = "\"arn:aws:iam::aws:policy/ReadOnlyAccess\"";
    assert_eq!(judged("local.p", &format!("locals {{ p = {admin} }}\n")), (1, false));
    assert_eq!(judged("local.p", &format!("locals {{\n  a = 1\n  p = {reader}\n}}\n")), (0, false));
    assert_eq!(judged("local.p", &format!("locals {{\n  p = local.q\n  q = {admin}\n}}\n")), (1, false));
    assert_eq!(judged("local.p", "locals {\n  p = local.p\n}\n"), (0, true));
    assert_eq!(judged("local.p", ""), (0, true));
    assert_eq!(judged("var.p", &format!("variable \"p\" {{\n  default = {admin}\n}}\n")), (1, false));
    // Who uses the code may hand in another.
    assert_eq!(judged("var.p", &format!("variable \"p\" {{\n  default = {reader}\n}}\n")), (0, true));
    assert_eq!(judged("\"${local.a}/x\"", "locals { a = \"b\" }\n"), (0, true));
}

#[test]
fn roles_of_azure_count_by_how_wide_they_are() {
    let judged = |role: &str, scope: &str, principal: &str| {
        let text = format!(
            "resource \"azurerm_ai_foundry_project\" \"p\" {{\n  name = \"p\"\n  identity {{\n    type = \"UserAssigned\"\n    identity_ids = [azurerm_user_assigned_identity.u.id]\n  }}\n}}\nresource \"azurerm_role_assignment\" \"o\" {{\n  scope = {scope}\n  role_definition_name = {role}\n  principal_id = {principal}\n}}\n"
        );
        let report = report(&[("main.tf", &text)]);
        let open = report["not_evaluated"].as_array().expect("a list").iter();
        let is_open = open.into_iter().any(|one| one["rule"] == "agent-role-administrator");
        let told = of_rule(&report, "agent-role-administrator");
        (told.first().map(|(message, _)| message.clone()), is_open)
    };
    let own = "azurerm_ai_foundry_project.p.identity[0].principal_id";
    let (told, open) = judged("\"Owner\"", "data.azurerm_subscription.s.id", own);
    assert_eq!(
        (told.as_deref(), open),
        (Some("p (main.tf) acts as a role with the role Owner on a subscription"), false)
    );
    let assigned = "azurerm_user_assigned_identity.u.principal_id";
    assert!(judged("\"Contributor\"", "\"/subscriptions/0000\"", assigned).0.is_some());
    assert_eq!(judged("\"Owner\"", "azurerm_storage_account.s.id", own), (None, false));
    assert_eq!(judged("\"Owner\"", "azurerm_resource_group.g.id", own), (None, false));
    assert_eq!(judged("\"Reader\"", "data.azurerm_subscription.s.id", own), (None, false));
    assert_eq!(judged("\"Owner\"", "var.scope", own), (None, true));
    assert_eq!(judged("\"Owner\"", "data.azurerm_subscription.s.id", "azurerm_other.p.principal_id"), (None, false));
}

/// Keys among the variables that infrastructure code starts an agent with.
#[test]
fn variables_of_deployed_agents_are_given() {
    let runtime = format!(
        "resource \"aws_bedrockagentcore_agent_runtime\" \"r\" {{\n  agent_runtime_name = \"r\"\n  environment_variables = {{\n    LOG_LEVEL = \"INFO\"\n    OPENAI_API_KEY = \"{VALUE}\"\n    DB_PASSWORD = var.password\n  }}\n}}\n"
    );
    let vertex = format!(
        "resource \"google_vertex_ai_reasoning_engine\" \"v\" {{\n  display_name = \"v\"\n  spec {{\n    deployment_spec {{\n      env {{\n        name = \"API_KEY\"\n        value = \"{VALUE}\"\n      }}\n    }}\n  }}\n}}\n"
    );
    let template = format!(
        "Resources:\n  Rt:\n    Type: AWS::BedrockAgentCore::Runtime\n    Properties:\n      AgentRuntimeName: rt\n      EnvironmentVariables:\n        OPENAI_API_KEY: {VALUE}\n"
    );
    let serverless = format!("service: x\nresources:\n  {}", template.replace('\n', "\n  "));
    for (path, text, line) in
        [("a.tf", &runtime, 5), ("b.tf", &vertex, 7), ("c.yaml", &template, 7), ("serverless.yml", &serverless, 9)]
    {
        let told = of_rule(&report(&[(path, text)]), "agent-literal-secret");
        assert_eq!(told.len(), 1, "{path}: {told:?}");
        assert_eq!(told[0].1, format!("{path}:{line}"));
        let clean = text.replace(VALUE, "${var.key}");
        assert!(rules(&report(&[(path, &clean)])).is_empty(), "{path}");
    }
}

/// What other programs call the same: extensions, units, containers of development, builders.
#[test]
fn agents_of_other_programs_are_judged_alike() {
    for (path, text, expected) in [
        (
            "home/.config/Claude/Claude Extensions Settings/x.json",
            "{\"isEnabled\": true, \"userConfig\": {\"api_key\": \"hk7Qe2Lm9pWz4xR8tB3nV6\", \"region\": \"eu-central-1-frankfurt\"}}",
            Some("agent-literal-secret"),
        ),
        (
            "home/.config/Claude/Claude Extensions Settings/x.json",
            "{\"isEnabled\": true, \"userConfig\": {\"api_key\": \"__encrypted__:djEwq8Zk1mP0wT7rB4nV\"}}",
            None,
        ),
        (
            ".devcontainer/devcontainer.json",
            "// ours\n{\"postCreateCommand\": \"claude --dangerously-skip-permissions -p x\"}",
            Some("agent-approvals-off"),
        ),
        (
            "fix.service",
            "[Service]\nExecStart=/usr/local/bin/claude --dangerously-skip-permissions -p x\n",
            Some("agent-approvals-off"),
        ),
        (
            "config/agents.yaml",
            "a:\n  role: r\n  goal: g\n  allow_code_execution: true\n  code_execution_mode: unsafe\n",
            Some("agent-unrestricted-server"),
        ),
        ("config/agents.yaml", "a:\n  role: r\n  goal: g\n  allow_code_execution: true\n", None),
        (
            ".opencode/agent/x.md",
            "---\ndescription: d\npermission:\n  bash: allow\n---\nDo.\n",
            Some("agent-unrestricted-server"),
        ),
        (
            "flow.json",
            r#"{"name": "f", "nodes": [{"type": "@n8n/n8n-nodes-langchain.agent", "name": "A"}, {"type": "@n8n/n8n-nodes-langchain.mcpClientTool", "name": "M", "parameters": {"sseEndpoint": "http://mcp.acme.example/sse"}}]}"#,
            Some("agent-plain-http"),
        ),
    ] {
        assert_eq!(rules(&report(&[(path, text)])), expected.into_iter().collect::<Vec<_>>(), "{path}: {text}");
    }
}

/// A manifest of any length is read, or said to be too long.
#[test]
fn long_manifests_are_read_or_told() {
    let agent = |number: usize| {
        format!("apiVersion: kagent.dev/v1alpha2\nkind: Agent\nmetadata: {{name: a{number}}}\nspec: {{}}\n---\n")
    };
    let text: String = (0..2_100).map(agent).collect();
    let found = report(&[("all.yaml", &text)]);
    let agents = found["identities"].as_array().expect("a list").iter().filter(|one| one["kind"] == "agent.cloud");
    assert_eq!(agents.count(), 2_100);
    let found = report(&[("all.yaml", &format!("{}{}", agent(0), "a: b\n---\n".repeat(20_010)))]);
    let told = found["coverage"].as_array().expect("a list").iter();
    let told = told.filter_map(|one| one["detail"].as_str()).find(|detail| detail.contains("at most 20000 documents"));
    assert!(told.is_some(), "{}", found["coverage"]);
}
