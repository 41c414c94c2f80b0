//! Every client's files, on Linux, macOS and Windows, in a home directory and in a project.

use super::{named, scan};
use crate::tree::{folder, write};

const MCP_SERVERS: &str = r#"{"mcpServers": {"probe": {"command": "probe-mcp"}}}"#;
const SERVERS: &str = r#"{// asks
  "servers": {"probe": {"type": "http", "url": "https://probe.example/mcp"},},}"#;

/// Files below a home directory, each with one server called `probe`.
const HOME: &[(&str, &str)] = &[
    (".config/Claude/claude_desktop_config.json", MCP_SERVERS),
    ("Library/Application Support/Claude/claude_desktop_config.json", MCP_SERVERS),
    ("AppData/Roaming/Claude/claude_desktop_config.json", MCP_SERVERS),
    (".claude.json", MCP_SERVERS),
    (".claude.json", r#"{"projects": {"/src/a": {"mcpServers": {"probe": {"command": "x"}}}}}"#),
    (".claude/plugins/cache/market/tool/1.0/.mcp.json", MCP_SERVERS),
    (".cursor/mcp.json", r#"{"mcpServers": {"probe": {"url": "https://probe.example", "headers": {}}}}"#),
    (".config/Code/User/mcp.json", SERVERS),
    ("Library/Application Support/Code/User/mcp.json", SERVERS),
    ("AppData/Roaming/Code - Insiders/User/mcp.json", SERVERS),
    (".config/Code/User/settings.json", r#"{"mcp": {"servers": {"probe": {"command": "x"}}}}"#),
    (".codeium/windsurf/mcp_config.json", r#"{"mcpServers": {"probe": {"serverUrl": "https://probe.example"}}}"#),
    (".config/zed/settings.json", r#"{"context_servers": {"probe": {"command": {"path": "x", "args": []}}}}"#),
    ("AppData/Roaming/Zed/settings.json", r#"{"context_servers": {"probe": {"command": "x"}}}"#),
    (".gemini/settings.json", r#"{"mcpServers": {"probe": {"httpUrl": "https://probe.example"}}}"#),
    (".codex/config.toml", "[mcp_servers.probe]\ncommand = \"x\"\n"),
    (".continue/config.yaml", "mcpServers:\n  - name: probe\n    command: npx\n    args: [x@1.0.0]\n"),
    (".config/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json", MCP_SERVERS),
    ("AppData/Roaming/Cursor/User/globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json", MCP_SERVERS),
    (".config/goose/config.yaml", "extensions:\n  probe:\n    type: stdio\n    cmd: x\n    args: []\n    envs: {}\n"),
    ("AppData/Roaming/Block/goose/config/config.yaml", "extensions:\n  probe:\n    cmd: x\n"),
    (".aws/amazonq/mcp.json", MCP_SERVERS),
    (".aws/amazonq/cli-agents/dev.json", MCP_SERVERS),
    (".kiro/settings/mcp.json", MCP_SERVERS),
    (".junie/mcp/mcp.json", MCP_SERVERS),
    (".config/JetBrains/IntelliJIdea2026.2/mcp.json", MCP_SERVERS),
    (".config/github-copilot/intellij/mcp.json", SERVERS),
    (".copilot/mcp-config.json", MCP_SERVERS),
    (".gemini/antigravity/mcp_config.json", MCP_SERVERS),
    (".lmstudio/mcp.json", MCP_SERVERS),
    (".openclaw/openclaw.json", MCP_SERVERS),
    (".openclaw/openclaw.json", "{mcpServers: {probe: {command: 'x',},},}"),
    (".docker/mcp/registry.yaml", "registry:\n  probe:\n    ref: \"\"\n"),
    (
        ".docker/mcp/registry.yaml",
        "registry:\n  probe:\n    image: mcp/probe\n    command: []\n    url: https://p.example\n",
    ),
    (".snowflake/cortex/mcp.json", MCP_SERVERS),
    (".config/opencode/opencode.json", r#"{"mcp": {"probe": {"type": "local", "command": ["npx", "p@1.0.0"]}}}"#),
    (".config/amp/settings.json", r#"{"amp.mcpServers": {"probe": {"command": "x"}}}"#),
    (".warp/mcp.json", MCP_SERVERS),
    ("Library/Application Support/Trae/User/mcp.json", MCP_SERVERS),
    (".void-editor/mcp.json", MCP_SERVERS),
    (".qwen/settings.json", MCP_SERVERS),
];

/// Files of a project, each with one server called `probe`.
const PROJECT: &[(&str, &str)] = &[
    (".mcp.json", MCP_SERVERS),
    (".cursor/mcp.json", MCP_SERVERS),
    (".vscode/mcp.json", SERVERS),
    (".gemini/settings.json", MCP_SERVERS),
    (".codex/config.toml", "[mcp_servers.probe]\nurl = \"https://probe.example\"\n"),
    (".roo/mcp.json", MCP_SERVERS),
    (".amazonq/mcp.json", MCP_SERVERS),
    (".kiro/settings/mcp.json", MCP_SERVERS),
    (".continue/mcpServers/probe.yaml", "mcpServers:\n  - name: probe\n    url: https://probe.example\n"),
    ("opencode.json", r#"{"mcp": {"probe": {"type": "remote", "url": "https://probe.example"}}}"#),
    (".zed/settings.json", r#"{"context_servers": {"probe": {"command": "x"}}}"#),
    (
        ".devcontainer/devcontainer.json",
        r#"{"customizations": {"vscode": {"mcp": {"servers": {"probe": {"command": "x"}}}}}}"#,
    ),
    ("app.code-workspace", r#"{"folders": [], "settings": {"mcp": {"servers": {"probe": {"command": "x"}}}}}"#),
    ("mcp.json", SERVERS),
    ("deploy/agent-tools.yaml", "mcpServers:\n  probe:\n    command: x\n"),
    ("conf/tools.toml", "[mcp_servers.probe]\ncommand = \"x\"\n"),
];

/// The servers of a report, as path and name.
fn servers(report: &serde_json::Value) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let all = report["identities"].as_array().expect("a list").iter();
    let servers = all.filter(|one| one["kind"] == "agent.mcp-server");
    servers.map(|one| (text(&one["tenant"]), text(&one["name"]))).collect()
}

#[test]
fn every_layout_of_a_home_is_read() {
    let folder = folder();
    for (number, (path, text)) in HOME.iter().enumerate() {
        write(folder.path(), &format!("homes/{number}/{path}"), text);
    }
    let names: Vec<String> = (0..HOME.len()).map(|number| format!("homes/{number}")).collect();
    let homes: Vec<&str> = names.iter().flat_map(|name| ["--home", name]).collect();
    let (code, at_home) = scan(folder.path(), &homes);
    let (_, in_tree) = scan(folder.path(), &["homes"]);
    assert_eq!(code, 0, "{at_home}");
    for report in [&at_home, &in_tree] {
        assert_eq!(named(report, "agent.mcp-server").len(), HOME.len());
        assert_eq!(named(report, "agent.client").len(), HOME.len());
    }
    let (at_home, in_tree) = (servers(&at_home), servers(&in_tree));
    for (number, (path, _)) in HOME.iter().enumerate() {
        assert!(at_home.contains(&(format!("homes/{number}"), format!("probe ({path})"))), "{number}/{path}");
        assert!(in_tree.contains(&("homes".to_owned(), format!("probe ({number}/{path})"))), "{number}/{path}");
    }
}

#[test]
fn every_layout_of_a_project_is_read() {
    let folder = folder();
    for (number, (path, text)) in PROJECT.iter().enumerate() {
        write(folder.path(), &format!("repos/{number}/{path}"), text);
    }
    let (code, report) = scan(folder.path(), &["repos"]);
    let mut found = named(&report, "agent.mcp-server");
    let paths = PROJECT.iter().enumerate();
    let mut wanted: Vec<String> = paths.map(|(number, (path, _))| format!("probe ({number}/{path})")).collect();
    found.sort();
    wanted.sort();
    assert_eq!((code, found), (0, wanted));
}

/// A root within the folders of a client is recognised all the same.
#[test]
fn a_file_that_is_the_root_is_recognised() {
    let folder = folder();
    write(folder.path(), "home/.cursor/mcp.json", MCP_SERVERS);
    for root in ["home/.cursor/mcp.json", "home/.cursor"] {
        let (_, report) = scan(folder.path(), &[root]);
        assert_eq!(named(&report, "agent.mcp-server").len(), 1, "{root}");
    }
}

/// A home directory is not walked: what lies elsewhere in it is not looked at, and a full one takes no time.
#[test]
fn a_full_home_is_read_at_known_places_alone() {
    let folder = folder();
    for group in 0..100 {
        for file in 0..200 {
            write(folder.path(), &format!("home/src/{group}/{file}.json"), MCP_SERVERS);
        }
    }
    write(folder.path(), "home/.claude.json", MCP_SERVERS);
    let start = std::time::Instant::now();
    let (code, report) = scan(folder.path(), &["--home", "home"]);
    let took = start.elapsed();
    assert_eq!((code, named(&report, "agent.mcp-server").len()), (0, 1));
    let coverage = report["coverage"].as_array().expect("a list");
    let places = coverage.iter().find(|entry| entry["what"] == "known places").expect("it is told");
    assert_eq!(places["count"], 1);
    assert!(took.as_secs() < 5, "{took:?}: the home was walked");
}

#[cfg(unix)]
#[test]
fn links_out_of_a_home_are_holes_and_those_within_are_followed() {
    let folder = folder();
    write(folder.path(), "elsewhere/claude.json", MCP_SERVERS);
    write(folder.path(), "home/dotfiles/cursor.json", MCP_SERVERS);
    write(folder.path(), "home/dotfiles/codex/config.toml", "[mcp_servers.other]\ncommand = \"x\"\n");
    std::fs::create_dir_all(folder.path().join("home/.cursor")).expect("a folder");
    std::os::unix::fs::symlink("../dotfiles/cursor.json", folder.path().join("home/.cursor/mcp.json")).expect("a link");
    std::os::unix::fs::symlink("dotfiles/codex", folder.path().join("home/.codex")).expect("a link");
    let (code, report) = scan(folder.path(), &["--home", "home"]);
    assert_eq!(code, 0, "{report}");
    assert_eq!(named(&report, "agent.mcp-server"), ["other (.codex/config.toml)", "probe (.cursor/mcp.json)"]);
    std::os::unix::fs::symlink("../elsewhere/claude.json", folder.path().join("home/.claude.json")).expect("a link");
    let (code, report) = scan(folder.path(), &["--home", "home"]);
    assert_eq!(code, 3, "a known place that is there and was not read");
    assert_eq!(named(&report, "agent.mcp-server").len(), 2);
    let links = report["coverage"].as_array().expect("a list").iter().find(|entry| entry["what"] == "links");
    assert!(links.is_some_and(|entry| entry["detail"].as_str().is_some_and(|detail| detail.contains(".claude.json"))));
}
