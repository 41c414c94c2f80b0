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

/// Tools by name are how it should be done; what they do they do unasked all the same.
#[test]
fn single_tools_that_are_allowed_make_a_harmful_agent() {
    let servers = r#"{"mcpServers": {
      "pg": {"command": "npx", "args": ["-y", "@modelcontextprotocol/server-postgres@0.6.2"]},
      "web": {"command": "uvx", "args": ["mcp-server-fetch==2025.4.7"]}}}"#;
    let rules_of = |allow: &str| {
        let settings = format!("{{\"permissions\": {{\"allow\": {allow}}}}}");
        rules(&report(&[(".mcp.json", servers), (".claude/settings.json", &settings)]))
    };
    assert_eq!(rules_of(r#"["mcp__web__fetch", "mcp__pg__query"]"#), ["agent-lethal-trifecta"]);
    assert_eq!(rules_of(r#"["mcp__pg", "mcp__web"]"#), ["agent-lethal-trifecta", "agent-tools-unasked"]);
    assert!(rules_of(r#"["mcp__pg__query"]"#).is_empty());
}

#[test]
fn terminals_of_editors_that_run_anything_are_told() {
    for text in [
        r#"{"chat.tools.terminal.autoApprove": {"/.*/": true}}"#,
        r#"{"chat.tools.terminal.autoApprove": {"/^.*$/": {"approve": true, "matchCommandLine": true}}}"#,
        r#"{"chat.tools.edits.autoApprove": {"**/*": true, "**/.git/**": true}}"#,
        r#"{"chat.tools.urls.autoApprove": {"https://*": true}}"#,
    ] {
        assert_eq!(rules(&report(&[(".vscode/settings.json", text)])), ["agent-approvals-off"], "{text}");
    }
    let single =
        r#"{"chat.tools.terminal.autoApprove": {"git status": true, "/^npm test/": {"approve": true}, "rm": false}}"#;
    assert!(rules(&report(&[(".vscode/settings.json", single)])).is_empty());
    // What VS Code ships with: all edits but those of sensitive files.
    let shipped =
        r#"{"chat.tools.edits.autoApprove": {"**/*": true, "**/.vscode/*.json": false, "**/.git/**": false}}"#;
    assert!(rules(&report(&[(".vscode/settings.json", shipped)])).is_empty());
    let zed = r#"{"agent": {"tool_permissions": {"tools": {"terminal": {"default": "allow"}}}}}"#;
    assert_eq!(rules(&report(&[(".zed/settings.json", zed)])), ["agent-unrestricted"]);
    let open = r#"{"agent": {"build": {"permission": {"bash": "allow"}}}}"#;
    assert_eq!(rules(&report(&[("opencode.json", open)])), ["agent-unrestricted"]);
}

#[test]
fn older_forms_of_zed_give_their_variables() {
    let text = "{\"context_servers\": {\"slack\": {\"command\": {\"path\": \"npx\", \"args\": [\"-y\", \"@modelcontextprotocol/server-slack@1.0.0\"],\n \"env\": {\"SLACK_BOT_TOKEN\": \"hk7Qe2Lm9pWz4xR8tB3nV6\"}}}}}";
    let told = of_rule(&report(&[(".zed/settings.json", text)]), "agent-literal-secret");
    assert!(told.len() == 1 && told[0].0.starts_with("SLACK_BOT_TOKEN") && told[0].1.ends_with(":2"), "{told:?}");
}

/// A list that names servers speaks of servers; who lists a client lists its servers with it.
#[test]
fn servers_are_registered_where_the_list_names_servers() {
    let folder = folder();
    write(folder.path(), "repo/.mcp.json", r#"{"mcpServers": {"x": {"command": "x"}, "y": {"command": "y"}}}"#);
    let told = |list: &str| {
        write(folder.path(), "nonhuman.toml", format!("registered-agents = [{list}]\n"));
        let ran = crate::tree::run(folder.path(), &["scan", "repo", "--format", "json"]);
        let report: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
        let found = of_rule(&report, "agent-unregistered");
        found.into_iter().filter_map(|(message, _)| message.split(' ').next().map(str::to_owned)).collect::<Vec<_>>()
    };
    assert_eq!(told("\"agent:repo/.mcp.json#x\""), ["Claude", "y"]);
    assert_eq!(told("\"agent:repo/.mcp.json#x\", \"agent:repo#claude-code\""), Vec::<String>::new());
    assert_eq!(told("\"somebody\""), ["Claude"]);
}

#[cfg(unix)]
#[test]
fn tokens_where_a_client_keeps_them_for_itself_are_no_leak() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let token = crate::tree::github_token("kept");
    let file = write(
        folder.path(),
        "home/.mcp-auth/mcp-remote-0.1.29/4f2a_tokens.json",
        format!("{{\"access_token\": \"{token}\", \"refresh_token\": \"{token}\"}}"),
    );
    let leaks = |mode| {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("ours");
        let (_, report) = scan(folder.path(), &["--home", "home"]);
        (of_rule(&report, "leaked-secret").len(), of_rule(&report, "agent-tokens-readable").len())
    };
    assert_eq!(leaks(0o600), (0, 0));
    let open = leaks(0o644);
    assert!(open.0 > 0 && open.1 == 1, "{open:?}");
}

/// Clients read their settings whatever `.gitignore` says, and Claude Code writes its own local ones into it.
#[test]
fn settings_that_gitignore_names_are_read() {
    let folder = folder();
    let repo = folder.path().join("repo");
    write(&repo, ".gitignore", ".claude/settings.local.json\n.mcp.json\nnode_modules\nnotes.txt\n");
    write(&repo, ".claude/settings.local.json", r#"{"permissions": {"defaultMode": "bypassPermissions"}}"#);
    write(&repo, ".mcp.json", r#"{"mcpServers": {"a": {"command": "x"}}}"#);
    write(&repo, "node_modules/p/.mcp.json", r#"{"mcpServers": {"b": {"command": "x"}}}"#);
    write(&repo, "notes.txt", "x\n");
    crate::git::git(&repo, &["init", "--quiet"]);
    crate::git::git(&repo, &["add", "--all"]);
    let (_, report) = scan(folder.path(), &["repo"]);
    assert_eq!(rules(&report), ["agent-approvals-off"]);
    assert_eq!(named(&report, "agent.mcp-server"), ["a (.mcp.json)"]);
    let coverage = report["coverage"].as_array().expect("a list");
    let ignored = coverage.iter().find(|entry| entry["what"] == "files named by .gitignore").expect("it is told");
    assert_eq!(ignored["count"], 2, "{ignored}");
}

/// User settings hold in every repository: with its servers they may make what neither is alone.
#[test]
fn user_settings_meet_the_servers_of_a_repository() {
    let folder = folder();
    let at = folder.path();
    let servers = r#"{"mcpServers": {"web": {"command": "uvx", "args": ["mcp-server-fetch==1.0"]},
        "db": {"command": "npx", "args": ["-y", "@modelcontextprotocol/server-postgres@1.0.0", "postgresql://h/d"]}}}"#;
    write(at, "shop/.mcp.json", servers);
    let rule = "agent-lethal-trifecta-of-user";
    for (settings, expected) in [
        (r#"{"permissions": {"defaultMode": "bypassPermissions"}}"#, 1),
        (r#"{"permissions": {"allow": ["mcp__web__*"]}}"#, 1),
        (r#"{"permissions": {"allow": ["mcp__other__*"]}}"#, 0),
        (r#"{"permissions": {"defaultMode": "plan"}}"#, 0),
    ] {
        write(at, "jana/.claude/settings.json", settings);
        let (_, report) = scan(at, &["--home", "jana", "shop"]);
        let found = of_rule(&report, rule);
        assert_eq!(found.len(), expected, "{settings}: {report}");
        assert!(
            found
                .iter()
                .all(|(message, _)| message.contains("Claude Code (shop)") && message.contains("Claude Code (jana)"))
        );
        // Neither alone.
        assert_eq!(of_rule(&report, "agent-lethal-trifecta").len(), 0);
    }
    // Another client's settings are nobody's business here.
    std::fs::remove_dir_all(at.join("jana/.claude")).expect("there");
    write(at, "jana/.codex/config.toml", "approval_policy = \"never\"\nsandbox_mode = \"danger-full-access\"\n");
    assert_eq!(of_rule(&scan(at, &["--home", "jana", "shop"]).1, rule).len(), 0);
}

/// Claude Code: deny goes before ask, ask before allow; a server that is off is not started.
#[test]
fn servers_that_are_denied_asked_about_or_off_are_not_unasked() {
    let servers = r#"{"mcpServers": {
      "pg": {"command": "npx", "args": ["-y", "@modelcontextprotocol/server-postgres@0.6.2"]},
      "web": {"command": "uvx", "args": ["mcp-server-fetch==2025.4.7"]}}}"#;
    let of = |permissions: &str, more: &str| {
        let settings = format!("{{\"permissions\": {{{permissions}}}{more}}}");
        report(&[(".mcp.json", servers), (".claude/settings.json", &settings)])
    };
    let allow = r#""allow": ["mcp__pg__*", "mcp__web__*"]"#;
    for (denied, count) in [
        (r#", "deny": ["mcp__web"]"#, 1),
        (r#", "deny": ["mcp__web__*"]"#, 1),
        (r#", "ask": ["mcp__web__*"]"#, 1),
        (r#", "deny": ["mcp__web__other"]"#, 2),
        (r#", "deny": ["mcp__else"]"#, 2),
    ] {
        let report = of(&format!("{allow}{denied}"), "");
        assert_eq!(of_rule(&report, "agent-tools-unasked").len(), count, "{denied}");
        assert_eq!(of_rule(&report, "agent-lethal-trifecta").len(), count - 1, "{denied}");
    }
    let single = of(r#""allow": ["mcp__pg__query", "mcp__web__fetch"], "deny": ["mcp__web__fetch"]"#, "");
    assert!(rules(&single).is_empty(), "{:?}", rules(&single));
    let off = r#", "disabledMcpjsonServers": ["web"]"#;
    let listed = of(allow, off);
    assert_eq!(rules(&listed), ["agent-tools-unasked"]);
    assert_eq!(of_rule(&listed, "agent-tools-unasked").len(), 1);
    let web = listed["identities"].as_array().expect("a list").iter().find(|one| one["name"] == "web (.mcp.json)");
    assert_eq!(web.expect("it is told")["enabled"], false);
    let bypass = r#""defaultMode": "bypassPermissions""#;
    assert_eq!(of_rule(&of(bypass, ""), "agent-lethal-trifecta").len(), 1);
    assert_eq!(of_rule(&of(bypass, off), "agent-lethal-trifecta").len(), 0);
}

/// Tools by other names than Claude Code's: those that servers' own settings list, and those of the client itself.
#[test]
fn tools_of_every_client_that_run_unasked_count() {
    let pg = |more: &str| {
        format!(
            "\"pg\": {{\"command\": \"npx\", \"args\": [\"-y\", \"@modelcontextprotocol/server-postgres@0.6.2\"]{more}}}"
        )
    };
    let web =
        |more: &str| format!("\"web\": {{\"command\": \"uvx\", \"args\": [\"mcp-server-fetch==2025.4.7\"]{more}}}");
    let servers = |more: &str| format!("{{\"mcpServers\": {{{}, {}}}}}", pg(""), web(more));
    let trifecta = ["agent-lethal-trifecta"];
    for key in ["alwaysAllow", "autoApprove"] {
        let text = servers(&format!(", \"{key}\": [\"fetch\"]"));
        assert_eq!(rules(&report(&[(".roo/mcp.json", &text)])), trifecta, "{key}");
    }
    assert!(rules(&report(&[(".roo/mcp.json", &servers(", \"alwaysAllow\": []"))])).is_empty());
    let codex = "[mcp_servers.pg]\ncommand = \"npx\"\nargs = [\"-y\", \"@modelcontextprotocol/server-postgres@0.6.2\"]\n[mcp_servers.web]\ncommand = \"uvx\"\nargs = [\"mcp-server-fetch==2025.4.7\"]\n[mcp_servers.web.tools.fetch]\napproval_mode = \"approve\"\n";
    assert_eq!(rules(&report(&[(".codex/config.toml", codex)])), trifecta);
    let database = format!("{{\"mcpServers\": {{{}}}}}", pg(""));
    for (permissions, expected) in [
        (r#""allow": ["WebFetch"]"#, &trifecta[..]),
        (r#""allow": ["WebFetch(domain:docs.acme.example)"]"#, &[]),
        (r#""allow": ["WebFetch"], "deny": ["WebFetch"]"#, &[]),
        (r#""allow": ["WebFetch"], "ask": ["WebFetch(*)"]"#, &[]),
        (r#""allow": ["WebSearch", "Bash(curl:*)"]"#, &trifecta),
        (r#""allow": ["WebSearch"]"#, &[]),
        (r#""allow": ["Bash(curl:*)"], "deny": ["Bash(curl:*)"]"#, &[]),
    ] {
        let settings = format!("{{\"permissions\": {{{permissions}}}}}");
        let found = report(&[(".mcp.json", &database), (".claude/settings.json", &settings)]);
        assert_eq!(rules(&found), expected, "{permissions}");
    }
    let alone = |allow: &str| {
        rules(&report(&[(".claude/settings.json", &format!("{{\"permissions\": {{\"allow\": {allow}}}}}"))]))
    };
    assert_eq!(alone(r#"["Read", "WebFetch"]"#), trifecta);
    assert!(alone(r#"["Read(~/.zshrc)", "WebFetch"]"#).is_empty());
    for any in ["Bash(bash:*)", "Bash(sudo *)"] {
        assert_eq!(alone(&format!("[\"{any}\"]")), ["agent-unrestricted"], "{any}");
    }
}

/// `mcp__*` means every server, on either side.
#[test]
fn an_entry_for_every_server_means_each() {
    let servers = r#"{"mcpServers": {
      "pg": {"command": "npx", "args": ["-y", "@modelcontextprotocol/server-postgres@0.6.2"]},
      "web": {"command": "uvx", "args": ["mcp-server-fetch==2025.4.7"]}}}"#;
    let of = |permissions: &str| {
        let settings = format!("{{\"permissions\": {{{permissions}}}}}");
        let found = report(&[(".mcp.json", servers), (".claude/settings.json", &settings)]);
        (of_rule(&found, "agent-tools-unasked").len(), of_rule(&found, "agent-lethal-trifecta").len())
    };
    assert_eq!(of(r#""allow": ["mcp__*"]"#), (2, 1));
    assert_eq!(of(r#""allow": ["mcp__*"], "deny": ["mcp__web"]"#), (1, 0));
    assert_eq!(of(r#""allow": ["mcp__pg", "mcp__web"], "ask": ["mcp__*"]"#), (0, 0));
    assert_eq!(of(r#""defaultMode": "bypassPermissions", "deny": ["mcp__web"]"#), (0, 0));
}

/// What a person denies at home is denied in every repository, and so is what is off for one project.
#[test]
fn what_a_home_denies_holds_in_its_trees() {
    let folder = folder();
    let at = folder.path();
    let servers = r#"{"mcpServers": {"web": {"command": "uvx", "args": ["mcp-server-fetch==1.0"]},
        "db": {"command": "npx", "args": ["-y", "@modelcontextprotocol/server-postgres@1.0.0", "postgresql://h/d"]}}}"#;
    write(at, "shop/.mcp.json", servers);
    write(at, "shop/.claude/settings.json", r#"{"permissions": {"allow": ["mcp__web__*"]}}"#);
    let found = |home: &str, path: &str| {
        write(at, &format!("jana/{path}"), home);
        let (_, report) = scan(at, &["--home", "jana", "shop"]);
        std::fs::remove_file(at.join("jana").join(path)).expect("there");
        (of_rule(&report, "agent-tools-unasked").len(), of_rule(&report, "agent-lethal-trifecta").len())
    };
    let settings = ".claude/settings.json";
    assert_eq!(found(r#"{"permissions": {"allow": ["Read(~/notes/**)"]}, "env": {"A": "b"}}"#, settings), (1, 1));
    assert_eq!(
        found(r#"{"permissions": {"deny": ["mcp__web"]}, "enableAllProjectMcpServers": true}"#, settings),
        (0, 0)
    );
    let off = r#"{"projects": {"/home/jana/src/shop": {"disabledMcpjsonServers": ["web"], "mcpServers": {"x": {"command": "x"}}}}}"#;
    assert_eq!(found(off, ".claude.json"), (0, 0));
    assert_eq!(found(&off.replace("src/shop", "src/else"), ".claude.json"), (1, 1));
}

#[test]
fn permissions_that_let_anything_run_are_told_in_every_form() {
    for (path, text, expected) in [
        (
            ".zed/settings.json",
            r#"{"agent": {"tool_permissions": {"tools": {"terminal": {"always_allow": [{"pattern": ".*"}]}}}}}"#,
            Some("agent-unrestricted"),
        ),
        (
            ".zed/settings.json",
            r#"{"agent": {"tool_permissions": {"tools": {"terminal": {"always_allow": [{"pattern": "^cargo (build|test)"}]}}}}}"#,
            None,
        ),
        (
            ".amp/settings.json",
            r#"{"amp.permissions": [{"tool": "*", "action": "allow"}]}"#,
            Some("agent-approvals-off"),
        ),
        (
            ".amp/settings.json",
            r#"{"amp.permissions": [{"tool": "Bash", "action": "allow"}]}"#,
            Some("agent-unrestricted"),
        ),
        (
            ".amp/settings.json",
            r#"{"amp.permissions": [{"tool": "Bash", "matches": {"cmd": "npm test"}, "action": "allow"}, {"tool": "*", "action": "ask"}]}"#,
            None,
        ),
        ("opencode.json", r#"{"permission": {"*": "allow"}}"#, Some("agent-approvals-off")),
        ("opencode.json", r#"{"permission": {"*": "ask"}}"#, None),
        ("run.sh", "droid exec --skip-permissions-unsafe x\n", Some("agent-approvals-off")),
        ("run.sh", "kiro-cli chat --trust-all-tools\n", Some("agent-approvals-off")),
        ("run.sh", "crush --yolo\n", Some("agent-approvals-off")),
    ] {
        assert_eq!(rules(&report(&[(path, text)])), expected.into_iter().collect::<Vec<_>>(), "{text}");
    }
}
