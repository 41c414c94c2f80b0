//! What a change does to the agents of a repository, and who wrote them.

use super::{named, of_rule, scan};
use crate::git::git;
use crate::tree::{NOW, folder, run, write};

const ONE: &str =
    "{\n  \"mcpServers\": {\n    \"docs\": {\"command\": \"npx\", \"args\": [\"docs-mcp@1.2.3\"]}\n  }\n}\n";
const TWO: &str = "{\n  \"mcpServers\": {\n    \"docs\": {\"command\": \"npx\", \"args\": [\"docs-mcp@1.2.3\"]},\n    \"prod\": {\"command\": \"npx\", \"args\": [\"-y\", \"aws-mcp\"], \"env\": {\"AWS_SECRET_ACCESS_KEY\": \"${KEY}\"}}\n  }\n}\n";
const AGENT: &str = "---\nname: triage\ntools: Read\n---\nSort the issues.\n";

fn commit(folder: &std::path::Path, who: &str) {
    git(folder, &["add", "--all"]);
    let author = format!("{who} <{who}@acme.example>");
    git(folder, &["commit", "--quiet", "-m", "change", "--author", &author]);
}

#[test]
fn a_change_shows_the_agents_that_it_leaves_behind() {
    let folder = folder();
    let repo = folder.path().join("repo");
    write(&repo, ".mcp.json", ONE);
    write(&repo, ".claude/agents/triage.md", AGENT);
    git(&repo, &["init", "--quiet"]);
    commit(&repo, "anna");
    write(&repo, ".mcp.json", TWO);
    git(&repo, &["add", "--all"]);
    let (_, staged) = scan(folder.path(), &["repo", "--staged"]);
    assert_eq!(named(&staged, "agent.mcp-server"), ["docs (.mcp.json)", "prod (.mcp.json)"]);
    assert!(named(&staged, "agent.definition").is_empty(), "what the change leaves alone is not told");
    let unpinned = of_rule(&staged, "agent-unpinned-server");
    assert!(
        unpinned.iter().chain(&of_rule(&staged, "agent-unpinned-server-strong")).any(|(_, at)| at == ".mcp.json:4")
    );
    commit(&repo, "boris");
    let (_, range) = scan(folder.path(), &["repo", "--since", "HEAD~1"]);
    assert_eq!(named(&range, "agent.mcp-server"), named(&staged, "agent.mcp-server"));
    // What was there once and is gone acts no more.
    std::fs::remove_file(repo.join(".mcp.json")).expect("it is there");
    commit(&repo, "boris");
    let (_, history) = scan(folder.path(), &["repo", "--history"]);
    assert!(named(&history, "agent.mcp-server").is_empty());
    let told = |report: &serde_json::Value, what: &str| {
        let entries = report["coverage"].as_array().expect("a list");
        entries.iter().any(|entry| entry["collector"] == "agents" && entry["what"] == what)
    };
    assert!(told(&history, "agents in history"), "it says that it did not look");
    assert!(told(&staged, "agents in staged changes") && !told(&staged, "agents"));
    let (_, without) = scan(folder.path(), &["repo", "--since", "HEAD~2", "--no-agents"]);
    assert!(named(&without, "agent.mcp-server").is_empty());
}

/// The last agent that goes is gone, and one that comes back is back; a scan of a change knows nothing of the others.
#[test]
fn agents_that_go_are_resolved_only_where_all_was_looked_through() {
    let folder = folder();
    let repo = folder.path().join("repo");
    write(&repo, ".mcp.json", TWO);
    write(&repo, "a.txt", "x\n");
    git(&repo, &["init", "--quiet"]);
    commit(&repo, "anna");
    let judged = |day: &str, more: &[&str]| {
        let now = format!("2026-11-{day}T00:00:00Z");
        let base = ["scan", "repo", "--isolated", "--now", &now, "--history-file", "h.db", "--exit-zero", "-q"];
        run(folder.path(), &[&base[..], more].concat());
        let ran = run(folder.path(), &["diff", "--isolated", "--history-file", "h.db", "--format", "json"]);
        let diff: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap_or_default();
        let of = |change: &str| {
            let all = diff["findings"].as_array().cloned().unwrap_or_default();
            all.iter().filter(|one| one["change"] == change && one["rule"] == "agent-unpinned-server").count()
        };
        (of("new"), of("resolved"), of("not-seen"), of("reopened"))
    };
    assert_eq!(judged("01", &[]), (1, 0, 0, 0));
    write(&repo, "a.txt", "y\n");
    git(&repo, &["add", "--all"]);
    assert_eq!(judged("02", &["--staged"]), (0, 0, 1, 0), "the file lies there as before");
    judged("03", &[]);
    std::fs::remove_file(repo.join(".mcp.json")).expect("it is there");
    assert_eq!(judged("04", &[]), (0, 1, 0, 0), "nothing is left");
    write(&repo, ".mcp.json", TWO);
    assert_eq!(judged("05", &[]), (0, 0, 0, 1));
}

#[test]
fn who_wrote_the_defining_line_owns_an_agent_that_names_nobody() {
    let folder = folder();
    let repo = folder.path().join("repo");
    let workflow = "on: issues\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n";
    let step = |name: &str| format!("      - uses: anthropics/claude-code-action@v1\n        name: {name}\n");
    write(&repo, ".github/workflows/a.yml", format!("{workflow}{}", step("first")));
    git(&repo, &["init", "--quiet"]);
    commit(&repo, "anna");
    let second = "      - uses: google-github-actions/run-gemini-cli@v0\n        name: second\n";
    write(&repo, ".github/workflows/a.yml", format!("# moved\n{workflow}{}{second}", step("first")));
    commit(&repo, "boris");
    write(&repo, ".claude/agents/new.md", AGENT);
    let (_, report) = scan(folder.path(), &["repo"]);
    let owner = |part: &str| {
        let identities = report["identities"].as_array().expect("a list");
        let one = identities
            .iter()
            .find(|one| one["kind"] != "agent.client" && one["name"].as_str().is_some_and(|name| name.contains(part)));
        one.unwrap_or_else(|| panic!("no {part} in {identities:#?}"))["labels"]["git-author"].clone()
    };
    assert_eq!(owner("Claude Code"), "anna@acme.example", "a line that only moved is whose it was");
    assert_eq!(owner("Gemini"), "boris@acme.example");
    assert_eq!(owner("triage"), serde_json::Value::Null, "nobody has committed it yet");
    // A line of CODEOWNERS is believed, and nobody is looked for then.
    write(&repo, "CODEOWNERS", "* @acme/platform\n");
    let (_, report) = scan(folder.path(), &["repo"]);
    let labels: Vec<String> =
        report["identities"].as_array().expect("a list").iter().map(|one| one["labels"].to_string()).collect();
    assert!(labels.iter().all(|labels| !labels.contains("git-author")), "{labels:?}");
    // A repository above the tree was not given.
    let (_, below) = scan(&repo, &[".github"]);
    assert!(!below["identities"].to_string().contains("git-author"));
}

#[test]
fn a_comparison_names_what_a_change_adds_to_an_agents_reach() {
    let folder = folder();
    let repo = folder.path().join("repo");
    write(&repo, ".mcp.json", ONE);
    run(folder.path(), &["scan", "repo", "--isolated", "--now", NOW, "-o", "old.json"]);
    write(&repo, ".mcp.json", TWO);
    run(folder.path(), &["scan", "repo", "--isolated", "--now", NOW, "-o", "new.json"]);
    let told = run(folder.path(), &["diff", "old.json", "new.json"]);
    assert!(told.stdout.contains("prod"), "{}{}", told.stdout, told.stderr);
    let tree = run(folder.path(), &["reach", "repo#claude-code", "--from", "new.json"]);
    assert!(tree.stdout.contains("uses MCP server prod (.mcp.json)"), "{}{}", tree.stdout, tree.stderr);
}

#[test]
fn the_flag_for_agents_takes_its_opposite_back() {
    let folder = folder();
    write(folder.path(), "repo/.mcp.json", ONE);
    for (flags, count) in [
        (&["--agents"][..], 1),
        (&["--no-agents"], 0),
        (&["--no-agents", "--agents"], 1),
        (&["--agents", "--no-agents"], 0),
    ] {
        let (_, report) = scan(folder.path(), &[&["repo"], flags].concat());
        assert_eq!(named(&report, "agent.mcp-server").len(), count, "{flags:?}");
    }
}
