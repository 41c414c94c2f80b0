//! What other tools miss on one small demonstration, one test a cell.

use serde_json::Value;

use super::{named, of_rule, rules, scan};
use crate::tree::{folder, github_token, write};

/// An API token of Okta in its form, of letters that we made up.
fn okta_token() -> String {
    format!("00{}", "q7Zr2Lm9pWkX4vTb8Nd1Hs6Yc3Jf5Ga0QuEiRo_M"[..40].to_owned())
}

#[test]
fn one_token_in_three_agents_is_one_credential_in_three_places() {
    let folder = folder();
    let server = |key: &str| {
        let token = github_token("shared");
        format!(
            "{{\n \"{key}\": {{\n  \"github\": {{\n   \"command\": \"npx\", \"args\": [\"-y\", \"@modelcontextprotocol/server-github@2025.4.8\"],\n   \"env\": {{ \"GITHUB_PERSONAL_ACCESS_TOKEN\": \"{token}\" }}\n  }}\n }}\n}}\n"
        )
    };
    write(folder.path(), "home/.config/Claude/claude_desktop_config.json", server("mcpServers"));
    write(folder.path(), "home/.cursor/mcp.json", server("mcpServers"));
    write(folder.path(), "home/src/app/.mcp.json", server("mcpServers"));
    let (code, report) = scan(folder.path(), &["home"]);
    assert_eq!(code, 1);
    let shared = of_rule(&report, "agent-shared-secret");
    assert_eq!(shared.len(), 1, "{shared:?}");
    assert!(shared[0].0.contains("is held by 3 agents"), "{shared:?}");
    for place in ["claude_desktop_config.json:3", ".cursor/mcp.json:3", "src/app/.mcp.json:3"] {
        assert!(shared[0].0.contains(place), "{place}: {shared:?}");
    }
    // One finding a credential, each on the line where its value stands.
    let strong = of_rule(&report, "agent-strong-secret");
    assert_eq!(strong.len(), 3);
    assert!(strong.iter().all(|(_, place)| place.ends_with(":5")), "{strong:?}");
    let output = report.to_string();
    assert!(!output.contains(&github_token("shared")), "the value left");
}

#[test]
fn zed_is_read_under_its_own_key() {
    let folder = folder();
    let text = "{ // editor\n  \"context_servers\": {\n    \"slack\": { \"command\": \"npx\", \"args\": [\"-y\", \"@modelcontextprotocol/server-slack\"],\n      \"env\": { \"SLACK_BOT_TOKEN\": \"${SLACK}\" } },\n  },\n  \"agent\": { \"tool_permissions\": { \"default\": \"allow\" } },\n}\n";
    write(folder.path(), "home/.config/zed/settings.json", text);
    let (code, report) = scan(folder.path(), &["--home", "home"]);
    assert_eq!(code, 1);
    assert_eq!(of_rule(&report, "agent-approvals-off")[0].1, ".config/zed/settings.json:6");
    assert_eq!(of_rule(&report, "agent-unpinned-server")[0].1, ".config/zed/settings.json:3");
}

#[test]
fn windsurf_is_read_where_it_is() {
    let folder = folder();
    let text = r#"{"mcpServers": {"docs": {"serverUrl": "http://docs.acme.example/mcp"}}}"#;
    write(folder.path(), "home/.codeium/windsurf/mcp_config.json", text);
    // Not a place of Windsurf.
    write(folder.path(), "home/.windsurf/mcp.json", text);
    let (_, report) = scan(folder.path(), &["--home", "home"]);
    assert_eq!(of_rule(&report, "agent-plain-http").len(), 1);
}

#[test]
fn a_strong_token_of_okta_is_known_by_its_kind() {
    let folder = folder();
    let text = format!(
        "{{\"mcpServers\": {{\"okta\": {{\"command\": \"okta-mcp\",\n \"env\": {{\"OKTA_ORG_URL\": \"https://acme.okta.com\",\n \"OKTA_API_TOKEN\": \"{}\"}}}}}}}}",
        okta_token()
    );
    write(folder.path(), "home/.claude.json", text);
    let (_, report) = scan(folder.path(), &["--home", "home"]);
    assert_eq!(of_rule(&report, "agent-literal-secret")[0].1, ".claude.json:3");
    assert_eq!(of_rule(&report, "agent-strong-secret")[0].1, ".claude.json:3", "{report}");
}

#[test]
fn codex_with_a_database_in_its_arguments() {
    let folder = folder();
    let text = "approval_policy = \"never\"\nsandbox_mode = \"danger-full-access\"\n\n[mcp_servers.db]\ncommand = \"npx\"\nargs = [\"-y\", \"@modelcontextprotocol/server-postgres@0.6.2\",\n  \"postgresql://postgres:hk7Qe2Lm9pWzX4@db.acme.example:5432/shop\"]\n";
    write(folder.path(), "home/.codex/config.toml", text);
    let (_, report) = scan(folder.path(), &["--home", "home"]);
    assert_eq!(of_rule(&report, "agent-approvals-off")[0].1, ".codex/config.toml:1");
    assert_eq!(of_rule(&report, "agent-unrestricted")[0].1, ".codex/config.toml:2");
    assert_eq!(of_rule(&report, "agent-literal-secret")[0].1, ".codex/config.toml:7");
    assert_eq!(of_rule(&report, "agent-strong-secret")[0].1, ".codex/config.toml:7", "the owner of the database");
    assert!(of_rule(&report, "agent-unpinned-server-strong").is_empty(), "it is pinned");
}

#[test]
fn claude_without_a_person_in_the_loop() {
    let folder = folder();
    let settings = "{\n  \"permissions\": { \"defaultMode\": \"bypassPermissions\",\n    \"allow\": [\"Bash(*)\", \"Read(src/**)\"] },\n  \"enableAllProjectMcpServers\": true\n}\n";
    write(folder.path(), "repo/.claude/settings.json", settings);
    let (_, report) = scan(folder.path(), &["repo"]);
    assert_eq!(rules(&report), ["agent-approvals-off", "agent-auto-trust", "agent-unrestricted"]);
    assert_eq!(of_rule(&report, "agent-unrestricted")[0].1, ".claude/settings.json:3");
    assert_eq!(of_rule(&report, "agent-auto-trust")[0].1, ".claude/settings.json:4");
}

#[test]
fn the_whole_disk_for_a_server() {
    let folder = folder();
    let text = "{\"mcpServers\": {\n\"all\": {\"command\": \"npx\", \"args\": [\"-y\", \"@modelcontextprotocol/server-filesystem@2025.8.21\", \"/\"]},\n\"home\": {\"command\": \"docker\", \"args\": [\"run\", \"-v\", \"/home/anna:/work\", \"mcp/filesystem\"]},\n\"one\": {\"command\": \"npx\", \"args\": [\"-y\", \"@modelcontextprotocol/server-filesystem@2025.8.21\", \"/home/anna/src/app\"]},\n\"other\": {\"command\": \"/usr/bin/tool\", \"args\": [\"/\"]}}}";
    write(folder.path(), "home/.claude.json", text);
    let (_, report) = scan(folder.path(), &["--home", "home"]);
    let found: Vec<String> =
        of_rule(&report, "agent-unrestricted-server").into_iter().map(|(_, place)| place).collect();
    assert_eq!(found, [".claude.json:2", ".claude.json:3"]);
}

#[test]
fn each_server_has_its_own_finding() {
    let folder = folder();
    let server = |name: &str| {
        format!("\"{name}\": {{\"command\": \"uvx\", \"args\": [\"{name}-mcp\"], \"env\": {{\"API_KEY\": \"$KEY\"}}}}")
    };
    let text = format!("{{\"mcpServers\": {{\n{},\n{},\n{}\n}}}}", server("a"), server("b"), server("c"));
    write(folder.path(), "repo/.mcp.json", text);
    let (_, report) = scan(folder.path(), &["repo"]);
    let mut places: Vec<String> =
        of_rule(&report, "agent-unpinned-server").into_iter().map(|(_, place)| place).collect();
    places.sort();
    assert_eq!(places, [".mcp.json:2", ".mcp.json:3", ".mcp.json:4"]);
}

#[test]
fn three_harmless_things_are_one_harmful_agent() {
    let folder = folder();
    let text = r#"{"mcpServers": {
      "files": {"command": "npx", "args": ["@modelcontextprotocol/server-filesystem@2025.8.21", "/srv/contracts"]},
      "web": {"command": "uvx", "args": ["mcp-server-fetch==2025.4.7"]}}}"#;
    write(folder.path(), "repo/.mcp.json", text);
    let (code, report) = scan(folder.path(), &["repo"]);
    assert_eq!((code, rules(&report)), (0, Vec::new()), "it asks");
    write(folder.path(), "repo/.claude/settings.json", r#"{"permissions": {"defaultMode": "bypassPermissions"}}"#);
    let (_, report) = scan(folder.path(), &["repo"]);
    assert_eq!(rules(&report), ["agent-approvals-off", "agent-lethal-trifecta"]);
    let finding =
        report["findings"].as_array().expect("a list").iter().find(|one| one["rule"] == "agent-lethal-trifecta");
    let chain = finding.expect("found")["chain"].to_string();
    assert!(chain.contains("its server files") && chain.contains("its server web"), "{chain}");
}

#[test]
fn an_agent_that_terraform_makes_an_administrator() {
    let folder = folder();
    let agent = "resource \"aws_bedrockagent_agent\" \"triage\" {\n  agent_name              = \"triage\"\n  agent_resource_role_arn = aws_iam_role.triage.arn\n}\n";
    write(folder.path(), "repo/infra/agent.tf", agent);
    let role = "resource \"aws_iam_role\" \"triage\" {\n  name = \"triage-agent\"\n}\n\nresource \"aws_iam_role_policy_attachment\" \"triage\" {\n  role       = aws_iam_role.triage.name\n  policy_arn = \"arn:aws:iam::aws:policy/AdministratorAccess\"\n}\n";
    write(folder.path(), "repo/infra/roles.tf", role);
    // The same names elsewhere are another role.
    write(folder.path(), "repo/other/agent.tf", agent);
    write(folder.path(), "repo/CODEOWNERS", "* @acme/platform\n");
    let (_, report) = scan(folder.path(), &["repo"]);
    assert_eq!(of_rule(&report, "agent-role-administrator").len(), 1, "{report}");
    assert_eq!(of_rule(&report, "agent-role-administrator")[0].1, "infra/agent.tf:1");
    assert_eq!(named(&report, "agent.cloud").len(), 2);
}

#[test]
fn an_agent_of_a_template_whose_policy_allows_all() {
    let folder = folder();
    let text = "AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  Role:\n    Type: AWS::IAM::Role\n    Properties:\n      Policies:\n        - PolicyName: all\n          PolicyDocument:\n            Statement:\n              - {Effect: Allow, Action: '*', Resource: '*'}\n  Agent:\n    Type: AWS::Bedrock::Agent\n    Properties:\n      AgentName: orders\n      AgentResourceRoleArn: !GetAtt Role.Arn\n";
    write(folder.path(), "repo/stack.yaml", text);
    write(folder.path(), "repo/CODEOWNERS", "* @acme/platform\n");
    let (_, report) = scan(folder.path(), &["repo"]);
    assert_eq!(of_rule(&report, "agent-role-administrator")[0].1, "stack.yaml:11");
    let narrow = text.replace("Action: '*'", "Action: 's3:GetObject'");
    write(folder.path(), "repo/stack.yaml", narrow);
    assert_eq!(rules(&scan(folder.path(), &["repo"]).1), Vec::<String>::new());
}

#[cfg(unix)]
#[test]
fn tokens_on_disk_by_their_mode_and_public_claims() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let claims = "eyJpc3MiOiJodHRwczovL21jcC5hY21lLmV4YW1wbGUiLCJhdWQiOiJtY3AiLCJleHAiOjE3OTAwMDAwMDB9";
    let text = format!("{{\"access_token\": \"e30.{claims}.c2ln\", \"refresh_token\": \"rt-hk7Qe2Lm9pWzX4vT\"}}");
    let file = write(folder.path(), "home/.mcp-auth/mcp-remote-0.1.29/4f2a_tokens.json", text);
    let set = |mode| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("ours");
    set(0o644);
    let (_, report) = scan(folder.path(), &["--home", "home"]);
    let found = of_rule(&report, "agent-tokens-readable");
    assert_eq!(found.len(), 1, "{report}");
    assert!(found[0].0.contains("mode 0644"));
    let credential =
        report["credentials"].as_array().expect("a list").iter().find(|one| one["kind"] == "agent.token-file");
    let credential = credential.expect("it is told").to_string();
    assert!(credential.contains("iss https://mcp.acme.example"), "{credential}");
    assert!(!report.to_string().contains("hk7Qe2Lm9pWzX4vT"), "the value left");
    set(0o600);
    assert!(of_rule(&scan(folder.path(), &["--home", "home"]).1, "agent-tokens-readable").is_empty());
}

#[test]
fn packages_that_only_look_like_known_ones() {
    let folder = folder();
    let server =
        |name: &str, package: &str| format!("\"{name}\": {{\"command\": \"npx\", \"args\": [\"{package}@1.0.0\"]}}");
    let all = [
        server("typo", "@modelcontextprotocl/server-github"),
        server("scope", "@mcp-official/server-github"),
        server("right", "@modelcontextprotocol/server-github"),
        server("fork", "@acme/server-github"),
        server("own", "@acme/orders-mcp"),
    ];
    write(folder.path(), "repo/.mcp.json", format!("{{\"mcpServers\": {{{}}}}}", all.join(",")));
    let found = of_rule(&scan(folder.path(), &["repo"]).1, "agent-lookalike-package");
    let names: Vec<&str> = found.iter().filter_map(|(message, _)| message.split(' ').next()).collect();
    assert_eq!(names, ["scope", "typo"]);
    // A fork in a scope of one's own is worth a look, and no more.
    let forks = of_rule(&scan(folder.path(), &["repo"]).1, "agent-borrowed-package");
    assert_eq!(forks.len(), 1);
    assert!(forks[0].0.starts_with("fork "), "{forks:?}");
}

#[test]
fn secrets_in_addresses_and_open_gateways() {
    let folder = folder();
    let text = "{\"mcpServers\": {\n\"search\": {\"url\": \"https://mcp.search.example/mcp?apiKey=hk7Qe2Lm9pWzX4vT\"},\n\"ok\": {\"url\": \"https://mcp.search.example/mcp?apiKey=${KEY}\"}}}";
    write(folder.path(), "home/.cursor/mcp.json", text);
    write(folder.path(), "home/.openclaw/openclaw.json", "{\"gateway\": {\n \"bind\": \"lan\"}}");
    let (_, report) = scan(folder.path(), &["--home", "home"]);
    assert_eq!(of_rule(&report, "agent-secret-in-query").len(), 1);
    assert_eq!(of_rule(&report, "agent-exposed")[0].1, ".openclaw/openclaw.json:2");
    assert!(!report.to_string().contains("hk7Qe2Lm9pWzX4vT"), "the value left");
    write(
        folder.path(),
        "home/.openclaw/openclaw.json",
        "{\"gateway\": {\"bind\": \"lan\", \"auth\": {\"token\": \"${T}\"}}}",
    );
    assert!(of_rule(&scan(folder.path(), &["--home", "home"]).1, "agent-exposed").is_empty());
}

#[test]
fn cards_of_agents() {
    let folder = folder();
    let card = |more: &str| {
        format!("{{\"name\": \"orders\", \"url\": \"https://orders.acme.example/a2a\", \"skills\": []{more}}}")
    };
    let safe = r#", "securitySchemes": {"oidc": {"type": "openIdConnect"}}, "security": [{"oidc": []}]"#;
    let signed = format!("{safe}, \"signatures\": [{{\"protected\": \"e30\", \"signature\": \"c2ln\"}}]");
    write(folder.path(), "repo/CODEOWNERS", "* @acme/orders\n");
    for (more, expected) in [("", "agent-card-open"), (safe, "agent-card-unsigned"), (signed.as_str(), "")] {
        write(folder.path(), "repo/public/.well-known/agent-card.json", card(more));
        let expected: Vec<&str> = if expected.is_empty() { Vec::new() } else { vec![expected] };
        let (code, report) = scan(folder.path(), &["repo"]);
        assert_eq!(rules(&report), expected);
        // A card without skills is read all the same.
        assert!(code != 3 && named(&report, "agent.card").len() == 1);
    }
}

/// Servers of one name in several clients are several.
#[test]
fn servers_of_one_name_are_not_taken_for_one() {
    let folder = folder();
    let text = r#"{"mcpServers": {"github": {"command": "npx", "args": ["-y", "@modelcontextprotocol/server-github"], "env": {"GITHUB_TOKEN": "$T"}}}}"#;
    let places = [".config/Claude/claude_desktop_config.json", ".cursor/mcp.json", ".claude.json"];
    places.iter().for_each(|place| drop(write(folder.path(), &format!("home/{place}"), text)));
    let (_, report) = scan(folder.path(), &["--home", "home"]);
    assert_eq!(named(&report, "agent.mcp-server").len(), 3);
    assert_eq!(of_rule(&report, "agent-unpinned-server").len(), 3);
}

/// What is on no list can only be told where there is a list.
#[test]
fn agents_that_the_organisation_does_not_list() {
    let folder = folder();
    write(folder.path(), "repo/.cursor/mcp.json", r#"{"mcpServers": {"a": {"command": "x"}}}"#);
    write(folder.path(), "repo/.mcp.json", r#"{"mcpServers": {"a": {"command": "x"}}}"#);
    write(folder.path(), "nonhuman.toml", "registered-agents = [\"cursor\"]\n");
    let scanned = |arguments: &[&str]| {
        let ran = crate::tree::run(folder.path(), &[&["scan", "repo", "--format", "json"], arguments].concat());
        serde_json::from_str::<Value>(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr))
    };
    let found = of_rule(&scanned(&[]), "agent-unregistered");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].0.starts_with("Claude Code (repo)"), "{found:?}");
    assert!(of_rule(&scanned(&["--isolated"]), "agent-unregistered").is_empty());
}

/// The places of findings of a rule.
fn places(report: &serde_json::Value, rule: &str) -> Vec<String> {
    of_rule(report, rule).into_iter().map(|(_, place)| place).collect()
}

/// Cell: "no `aws_iam_access_key`".
#[test]
fn a_key_that_terraform_makes() {
    let folder = folder();
    let text = "resource \"aws_iam_user\" \"bot\" {\n  name = \"bot\"\n}\nresource \"aws_iam_access_key\" \"bot\" {\n  user = aws_iam_user.bot.name\n}\n";
    write(folder.path(), "repo/main.tf", text);
    let template = "AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  Key:\n    Type: AWS::IAM::AccessKey\n    Properties:\n      UserName: bot\n";
    write(folder.path(), "repo/stack.yaml", template);
    let (_, report) = scan(folder.path(), &["repo"]);
    assert_eq!(places(&report, "code-makes-access-key"), ["main.tf:4", "stack.yaml:3"]);
    assert_eq!(places(&report, "code-gives-administrator"), Vec::<String>::new());
}

/// Cell: "no AdministratorAccess": by an attachment in another file, by a policy in line, by a template.
#[test]
fn what_code_makes_an_administrator() {
    let folder = folder();
    let user = "resource \"aws_iam_user\" \"bot\" {\n  name = \"bot\"\n}\n";
    let attached = "resource \"aws_iam_user_policy_attachment\" \"a\" {\n  user       = aws_iam_user.bot.name\n  policy_arn = \"arn:aws:iam::aws:policy/AdministratorAccess\"\n}\n";
    let group = "resource \"aws_iam_group\" \"ops\" {\n  name = \"ops\"\n}\nresource \"aws_iam_group_policy\" \"ops\" {\n  group  = aws_iam_group.ops.name\n  policy = jsonencode({ Statement = [{ Effect = \"Allow\", Action = \"*\", Resource = \"*\" }] })\n}\n";
    write(folder.path(), "repo/users.tf", user);
    write(folder.path(), "repo/rights.tf", format!("{attached}{group}"));
    // The same user in another folder is another one, and has nothing.
    write(folder.path(), "repo/other/users.tf", user);
    let template = "AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  Role:\n    Type: AWS::IAM::Role\n    Properties:\n      ManagedPolicyArns:\n        - arn:aws:iam::aws:policy/AdministratorAccess\n  Reader:\n    Type: AWS::IAM::Role\n    Properties:\n      ManagedPolicyArns: [arn:aws:iam::aws:policy/ReadOnlyAccess]\n";
    write(folder.path(), "repo/stack.yaml", template);
    let (_, report) = scan(folder.path(), &["repo"]);
    assert_eq!(places(&report, "code-gives-administrator"), ["rights.tf:5", "stack.yaml:3", "users.tf:1"]);
}

/// Cells: "workflow uses static keys, it labelled it OIDC", "no static-key workflow", "missed write-all".
#[test]
fn a_workflow_with_keys_that_last_and_a_token_that_writes_everything() {
    let folder = folder();
    let text = "on: push\npermissions: write-all\njobs:\n  j:\n    runs-on: self-hosted\n    steps:\n      - uses: aws-actions/configure-aws-credentials@v4\n        with:\n          aws-access-key-id: ${{ secrets.AK }}\n          aws-secret-access-key: ${{ secrets.SK }}\n          aws-region: eu-west-1\n";
    write(folder.path(), "repo/.github/workflows/deploy.yml", text);
    let (_, report) = scan(folder.path(), &["repo"]);
    let found = of_rule(&report, "workflow-static-cloud-key");
    let message = ".github/workflows/deploy.yml signs in to AWS with a key that lasts, from the secret SK";
    assert_eq!(found, [(message.to_owned(), ".github/workflows/deploy.yml:10".to_owned())]);
    assert_eq!(places(&report, "workflow-writes-everything"), [".github/workflows/deploy.yml:2"]);
    // It acts as no role: nothing calls it a login by tokens.
    let findings = report["findings"].as_array().expect("a list");
    assert!(!findings.iter().any(|one| one.to_string().to_lowercase().contains("oidc →")));
    // The same with a token of its own is as it should be.
    let keyless = "on: push\npermissions: {id-token: write}\njobs:\n  j:\n    steps:\n      - uses: aws-actions/configure-aws-credentials@v4\n        with: {role-to-assume: \"arn:aws:iam::111122223333:role/ci\", aws-region: eu-west-1}\n";
    write(folder.path(), "repo/.github/workflows/deploy.yml", keyless);
    let (code, report) = scan(folder.path(), &["repo"]);
    assert_eq!((code, report["findings"].as_array().map(Vec::len)), (0, Some(0)), "{report}");
}
