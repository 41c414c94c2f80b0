//! What is told of each server and each description: version and names of what it is given, never a value.

use super::{named, of_rule, rules, scan};
use crate::tree::{folder, run, write};

/// The attributes of the server of a name.
fn server<'r>(report: &'r serde_json::Value, name: &str) -> &'r serde_json::Value {
    let all = report["identities"].as_array().expect("a list");
    let is_it = |one: &&serde_json::Value| one["id"].as_str().is_some_and(|id| id.ends_with(&format!("#{name}")));
    &all.iter().find(is_it).unwrap_or_else(|| panic!("{name}"))["attributes"]
}

#[test]
fn a_server_is_told_with_version_arguments_variables_and_headers() {
    let folder = folder();
    let digest = format!("sha256:{}", "0f".repeat(32));
    let text = serde_json::json!({"mcpServers": {
        "a": {"command": "npx", "args": ["-y", "@acme/tools@1.2.3", "--read-only", "--workspace=top-plan", "private-word"],
              "env": {"API_TOKEN": "${T}", "LOG_LEVEL": "debug"}},
        "b": {"command": "docker", "args": ["run", "-i", "-e", "X_TOKEN", "ghcr.io/acme/b:2.1"]},
        "c": {"command": "docker", "args": ["run", format!("ghcr.io/acme/c@{digest}")]},
        "d": {"url": "https://d.example/mcp", "headers": {"Authorization": "Bearer ${T}", "X-Team": "shop"}},
        "e": {"command": "uvx", "args": ["mcp-server-git==2025.7.1"]},
        "f": {"command": "npx", "args": ["-y", "f@latest"]},
    }});
    write(folder.path(), "repo/.mcp.json", text.to_string());
    let (_, report) = scan(folder.path(), &["repo"]);
    let version = |name: &str| server(&report, name)["version"].as_str().map(str::to_owned);
    let versions = ["a", "b", "c", "e", "f"].map(version);
    assert_eq!(versions.map(|one| one.unwrap_or_default()), ["1.2.3", "2.1", "", "2025.7.1", "latest"]);
    assert_eq!(server(&report, "c")["image_digest"], digest);
    assert_eq!(server(&report, "a")["arguments"], serde_json::json!(["--read-only", "--workspace=…", "…"]));
    assert_eq!(server(&report, "a")["variables"], serde_json::json!(["API_TOKEN", "LOG_LEVEL"]));
    assert_eq!(server(&report, "d")["headers"], serde_json::json!(["Authorization", "X-Team"]));
    let all = report.to_string();
    assert!(!all.contains("private-word") && !all.contains("top-plan"), "values stay where they are");
}

/// Settings and agents of the builders that are folders, bundles and metadata.
#[test]
fn agents_of_builders_are_one_each() {
    let folder = folder();
    let at = folder.path();
    write(at, "repo/bot/agent.mcs.yml", "kind: GptComponentMetadata\ndisplayName: Helpdesk\n");
    write(at, "repo/bot/settings.mcs.yml", "displayName: Helpdesk\nschemaName: cr_help\nauthenticationMode: None\n");
    for topic in 0..3 {
        write(
            at,
            &format!("repo/bot/topics/t{topic}.mcs.yml"),
            "kind: AdaptiveDialog\nbeginDialog:\n  kind: OnRecognizedIntent\n",
        );
    }
    let bot = |kind: &str| {
        format!(
            "<?xml version=\"1.0\"?>\n<Bot>\n  <botUser>agent@acme.example</botUser>\n  <type>{kind}</type>\n</Bot>\n"
        )
    };
    write(at, "repo/force-app/bots/Service/Service.bot-meta.xml", bot("ExternalCopilot"));
    write(at, "repo/force-app/bots/Old/Old.bot-meta.xml", bot("Bot"));
    write(at, "repo/force-app/genAiPlannerBundles/Plan/Plan.genAiPlannerBundle", "<GenAiPlannerBundle/>");
    let (_, report) = scan(at, &["repo"]);
    let mut agents = named(&report, "agent.definition");
    agents.sort();
    assert_eq!(agents.len(), 3, "{agents:?}");
    assert!(
        agents[0].starts_with("Helpdesk (bot/")
            && agents[1].starts_with("Plan (")
            && agents[2].starts_with("Service ("),
        "{agents:?}"
    );
    assert_eq!(server(&report, "Service")["cloud_role"], "agent@acme.example");
    assert_eq!(of_rule(&report, "agent-exposed")[0].1, "bot/settings.mcs.yml:3");
    write(
        at,
        "repo/bot/settings.mcs.yml",
        "displayName: Helpdesk\nschemaName: cr_help\nauthenticationMode: Integrated\n",
    );
    assert_eq!(of_rule(&scan(at, &["repo"]).1, "agent-exposed").len(), 0);
}

/// A skill, command or rule is a part of an agent; it is told where it gives the agent something.
#[test]
fn front_matter_of_parts_is_told_where_it_gives_power() {
    let folder = folder();
    let at = folder.path();
    for (path, front, expected) in [
        (".claude/skills/deploy/SKILL.md", "name: deploy\nallowed-tools: Read, Bash(*)", 1),
        (".claude/skills/look/SKILL.md", "name: look\nallowed-tools: Read, Grep", 0),
        (".claude/commands/fix.md", "allowed-tools: [Bash]", 1),
        (".claude/commands/test.md", "allowed-tools: Bash(npm test:*)", 0),
        (".cursor/rules/style.mdc", "description: style\nalwaysApply: true", 0),
        (".github/prompts/all.prompt.md", "mode: agent\ntools: ['*']", 1),
        (".github/instructions/ts.instructions.md", "applyTo: '**/*.ts'", 0),
    ] {
        let file = write(at, &format!("repo/{path}"), format!("---\n{front}\n---\nDo it.\n"));
        let (_, report) = scan(at, &["repo"]);
        assert_eq!(of_rule(&report, "agent-unrestricted-server").len(), expected, "{path}");
        assert_eq!(named(&report, "agent.definition").len(), expected, "{path}");
        std::fs::remove_file(file).expect("there");
    }
}

/// The tools of a subagent narrow what it has; each command is asked for all the same.
#[test]
fn tools_of_a_subagent_are_no_grant() {
    let folder = folder();
    let at = folder.path();
    for (path, front, expected) in [
        (".claude/agents/review.md", "name: review\ntools: Read, Grep, Glob, Bash", 0),
        (".github/agents/fix.agent.md", "description: d\ntools: ['read', 'edit', 'shell']", 0),
        (".claude/agents/all.md", "name: all\ntools: Bash\npermissionMode: bypassPermissions", 1),
    ] {
        let file = write(at, &format!("repo/{path}"), format!("---\n{front}\n---\nDo it.\n"));
        let (_, report) = scan(at, &["repo"]);
        assert_eq!(of_rule(&report, "agent-unrestricted-server").len(), expected, "{path}");
        assert_eq!(named(&report, "agent.definition").len(), 1, "{path}");
        std::fs::remove_file(file).expect("there");
    }
}

/// A gateway to tools that lets anyone in, in code as in an account.
#[test]
fn gateways_without_an_authorizer_are_open() {
    let folder = folder();
    let at = folder.path();
    let gateway = |kind: &str| {
        format!(
            "resource \"aws_bedrockagentcore_gateway\" \"g\" {{\n  name            = \"tools\"\n  authorizer_type = \"{kind}\"\n}}\n"
        )
    };
    write(at, "repo/CODEOWNERS", "* @acme/platform\n");
    write(at, "repo/main.tf", gateway("NONE"));
    let template = "AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  Gate:\n    Type: AWS::BedrockAgentCore::Gateway\n    Properties:\n      Name: tools\n      AuthorizerType: NONE\n";
    write(at, "repo/stack.yaml", template);
    let (_, report) = scan(at, &["repo"]);
    let places: Vec<String> = of_rule(&report, "agent-card-open").into_iter().map(|(_, place)| place).collect();
    assert_eq!(places, ["main.tf:1", "stack.yaml:3"]);
    write(at, "repo/main.tf", gateway("CUSTOM_JWT"));
    write(at, "repo/stack.yaml", template.replace("NONE", "AWS_IAM"));
    assert_eq!(rules(&scan(at, &["repo"]).1), Vec::<String>::new());
}

/// Programs keep their settings where a variable of the person's shell says, too.
#[test]
fn folders_that_a_profile_puts_elsewhere_are_followed() {
    let folder = folder();
    let at = folder.path();
    write(at, "jana/.zshenv", "export CODEX_HOME=\"$HOME/work/codex\"\nexport CLAUDE_CONFIG_DIR=~/work/claude\n");
    write(at, "jana/.config/environment.d/10-x.conf", "XDG_CONFIG_HOME=/home/jana/settings\n");
    write(at, "jana/work/codex/config.toml", "approval_policy = \"never\"\n[mcp_servers.a]\ncommand = \"x\"\n");
    write(at, "jana/work/claude/settings.json", r#"{"permissions": {"defaultMode": "bypassPermissions"}}"#);
    write(at, "jana/settings/zed/settings.json", r#"{"context_servers": {"z": {"command": "x"}}}"#);
    write(at, "jana/work/other/config.toml", "approval_policy = \"never\"\n");
    let (code, report) = scan(at, &["--home", "jana"]);
    let mut found = of_rule(&report, "agent-approvals-off");
    found.sort();
    let places: Vec<&str> = found.iter().map(|(_, place)| place.as_str()).collect();
    assert_eq!((code, places), (1, vec!["work/codex/config.toml:1", "work/claude/settings.json:1"]));
    let mut servers = named(&report, "agent.mcp-server");
    servers.sort();
    assert_eq!(servers, ["a (work/codex/config.toml)", "z (settings/zed/settings.json)"]);
    let clients = report["identities"].as_array().expect("a list").iter().filter_map(|one| one["id"].as_str());
    assert_eq!(clients.filter(|id| *id == "agent:jana#codex").count(), 1, "named as where it usually lies");
    // What cannot be followed is a hole.
    write(at, "jana/.zshenv", "export CODEX_HOME=/srv/codex\nexport CLAUDE_CONFIG_DIR=$(work)/claude\n");
    let ran = run(at, &["scan", "--home", "jana", "--isolated", "--format", "json", "--exit-zero"]);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let holes: Vec<&str> = report["coverage"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|one| one["remedy"] == "scan the folder that it names, too")
        .filter_map(|one| one["detail"].as_str())
        .collect();
    assert_eq!(
        holes,
        [
            "CLAUDE_CONFIG_DIR is computed, and was not followed",
            "CODEX_HOME leads out of the home directory, to /srv/codex"
        ]
    );
}
