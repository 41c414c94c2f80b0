//! Files that want to harm: they give a diagnostic, and nothing of them reaches a terminal or a page unescaped.

use super::{named, scan};
use crate::tree::{folder, github_token, run, write};

/// The holes that the report tells of a file.
fn holes(text: impl AsRef<[u8]>) -> (i32, Vec<(String, String)>) {
    let folder = folder();
    write(folder.path(), "repo/.mcp.json", text);
    let (code, report) = scan(folder.path(), &["repo"]);
    let coverage = report["coverage"].as_array().expect("a list");
    let of_agents = coverage.iter().filter(|entry| entry["collector"] == "agents" && entry["outcome"] != "complete");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    (code, of_agents.map(|entry| (text(&entry["outcome"]), text(&entry["detail"]))).collect())
}

fn hole(outcome: &str, detail: &str) -> Vec<(String, String)> {
    vec![(outcome.to_owned(), detail.to_owned())]
}

#[test]
fn what_cannot_be_read_is_a_hole_with_its_place() {
    let (code, told) = holes("{\n \"mcpServers\": {\n  \"a\" 1\n }}");
    assert_eq!((code, told), (3, hole("failed", "line 3, column 7: expected a colon behind the key")));
    let (code, told) = holes("{\"mcpServers\": ".to_owned() + &"[".repeat(100_000));
    assert_eq!((code, told[0].1.contains("at most 64 levels of nesting")), (3, true), "{told:?}");
    let (code, told) = holes(b"{\"mcpServers\": {\"\xff\xfe\": {\"command\": \"x\"}}}");
    assert_eq!((code, told[0].1.contains("is not UTF-8")), (3, true), "{told:?}");
    let (code, told) = holes("{\"mcpServers\": {\"a\": {\"command\": \"x\"}, \"a\": {\"command\": \"y\"}}}");
    assert_eq!((code, told[0].1.contains("stands there twice")), (0, true), "{told:?}");
}

#[test]
fn a_huge_file_is_a_hole_and_costs_nothing() {
    let mut text = Vec::from(*b"{\"mcpServers\": {\"a\": {\"command\": \"x\"}}, \"b\": \"");
    text.resize(20 * 1024 * 1024, b' ');
    text.extend_from_slice(b"\"}");
    let (code, told) = holes(text);
    assert_eq!((code, told[0].0.as_str()), (3, "partial"));
    assert!(told[0].1.contains("larger than 4 MiB"), "{told:?}");
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_tree_is_not_followed() {
    let folder = folder();
    write(folder.path(), "outside.json", "{\"mcpServers\": {\"a\": {\"command\": \"x\"}}}");
    write(folder.path(), "repo/readme.md", "x");
    std::os::unix::fs::symlink("../outside.json", folder.path().join("repo/.mcp.json")).expect("a link");
    assert!(named(&scan(folder.path(), &["repo"]).1, "agent.mcp-server").is_empty());
}

#[test]
fn names_are_escaped_in_every_output() {
    let folder = folder();
    let name = "\\u001b[31mred\\u0007\\u202efish <script>alert(1)</script>|`x`\\n## head";
    let text = format!(
        "{{\"mcpServers\": {{\"{name}\": {{\"command\": \"npx\", \"args\": [\"<img src=x>\"], \"trust\": true, \"env\": {{\"A_TOKEN\": \"$T\"}}}}}}}}"
    );
    write(folder.path(), "repo/.mcp.json", text);
    for format in ["table", "markdown", "github", "csv", "sarif", "junit", "gitlab", "jsonl", "json", "html"] {
        let ran = run(folder.path(), &["scan", "repo", "--isolated", "--format", format, "--color", "never"]);
        assert_eq!(ran.code, 1, "{format}: {}", ran.stderr);
        assert!(
            !ran.stdout.contains('\u{1b}') && !ran.stdout.contains('\u{7}') && !ran.stdout.contains('\u{202e}'),
            "{format}: {}",
            ran.stdout
        );
        let is_markup = matches!(format, "markdown" | "junit" | "html");
        assert!(!is_markup || !ran.stdout.contains("<script>alert"), "{format}: {}", ran.stdout);
    }
}

/// A name may itself be a secret.
#[test]
fn a_secret_in_a_name_does_not_leave() {
    let folder = folder();
    let token = github_token("name");
    let text = format!(
        "{{\"mcpServers\": {{\"{token}\": {{\"command\": \"npx\", \"args\": [\"p-{token}\"], \"env\": {{\"K_TOKEN\": \"{token}\"}}}}}}}}"
    );
    write(folder.path(), "repo/.mcp.json", text);
    for format in ["table", "json", "sarif", "csv-inventory"] {
        let ran = run(folder.path(), &["scan", "repo", "--isolated", "--format", format]);
        assert!(!ran.stdout.contains(&token) && !ran.stderr.contains(&token), "{format}: {}", ran.stdout);
    }
    let ran = run(folder.path(), &["collect", "repo", "--isolated"]);
    assert!(!ran.stdout.contains(&token), "{}", ran.stdout);
}

/// What `collect` wrote of agents, `evaluate` judges alike.
#[test]
fn records_are_judged_as_the_scan_is() {
    let folder = folder();
    write(
        folder.path(),
        "repo/.mcp.json",
        "{\"mcpServers\": {\"a\": {\"command\": \"npx\", \"args\": [\"p\"], \"env\": {\"A_TOKEN\": \"$T\"}, \"trust\": true}}}",
    );
    let records = run(folder.path(), &["collect", "repo", "--isolated", "--now", crate::tree::NOW]);
    write(folder.path(), "records.jsonl", records.stdout);
    let findings = |ran: crate::tree::Ran| {
        let report: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
        report["findings"].to_string()
    };
    let shared = ["--isolated", "--now", crate::tree::NOW, "--format", "json"];
    let scanned = findings(run(folder.path(), &[&["scan", "repo"], &shared[..]].concat()));
    let judged = findings(run(folder.path(), &[&["evaluate", "records.jsonl"], &shared[..]].concat()));
    assert_eq!(scanned, judged);
    assert!(scanned.contains("agent-tools-unasked"), "{scanned}");
}

/// Sixty jobs that need the thirty before them, and two that need each other: each is looked at once.
#[test]
fn jobs_that_need_each_other_end() {
    use std::fmt::Write as _;
    let folder = folder();
    let mut text = "on: issue_comment\npermissions: write-all\njobs:\n".to_owned();
    for job in 0..60_usize {
        let needs: Vec<String> = (job.saturating_sub(30)..job).map(|before| format!("j{before}")).collect();
        let needs = if job == 0 { "j1".to_owned() } else { needs.join(", ") };
        let step = "uses: anthropics/claude-code-action@v1";
        write!(text, "  j{job}:\n    needs: [{needs}]\n    runs-on: x\n    steps:\n      - {step}\n").expect("text");
    }
    write(folder.path(), "repo/.github/workflows/a.yml", text);
    let began = std::time::Instant::now();
    let (_, report) = super::scan(folder.path(), &["repo"]);
    assert!(began.elapsed() < std::time::Duration::from_secs(20), "{:?}", began.elapsed());
    assert_eq!(super::named(&report, "agent.ci").len(), 60);
}

/// A limit that was hit is a hole.
#[test]
fn more_servers_than_any_client_reads_are_a_hole() {
    let servers: Vec<String> = (0..2_500).map(|number| format!("\"s{number}\": {{\"command\": \"x\"}}")).collect();
    let (code, told) = holes(format!("{{\"mcpServers\": {{{}}}}}", servers.join(",")));
    assert_eq!((code, told), (3, hole("partial", "2500 servers, of which the first 2000 were read")));
}

/// Some hand out a server by an address that nobody can guess: whoever has it is let in.
#[test]
fn a_secret_in_the_path_of_an_address_does_not_leave() {
    let folder = folder();
    let secret = "NzU5MzE0YTItOWQ3Yi00ZjEzLTk2OTctNDc4";
    let text = format!("{{\"mcpServers\": {{\"z\": {{\"url\": \"http://mcp.zapier.com/api/mcp/s/{secret}/mcp\"}}}}}}");
    write(folder.path(), "repo/.mcp.json", text);
    for format in ["table", "json", "sarif", "csv", "html", "junit", "markdown", "csv-inventory"] {
        let ran = run(folder.path(), &["scan", "repo", "--isolated", "--format", format]);
        assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret), "{format}");
    }
    let ran = run(folder.path(), &["collect", "repo", "--isolated"]);
    assert!(!ran.stdout.contains(secret), "{}", ran.stdout);
    let (_, report) = scan(folder.path(), &["repo"]);
    let told = super::of_rule(&report, "agent-literal-secret");
    assert!(told.len() == 1 && told[0].0.contains("path of the address"), "{told:?}");
}

/// The holes that are told of one file of a tree.
fn holes_of(path: &str, text: impl AsRef<[u8]>) -> (i32, Vec<String>) {
    let folder = folder();
    write(folder.path(), &format!("repo/{path}"), text);
    let (code, report) = scan(folder.path(), &["repo"]);
    let coverage = report["coverage"].as_array().expect("a list");
    let of_agents = coverage.iter().filter(|one| one["collector"] == "agents" && one["outcome"] != "complete");
    (code, of_agents.filter_map(|one| one["detail"].as_str()).map(str::to_owned).collect())
}

/// Each form that is read: what is broken, too deep, no text or too large is told with its place, and nothing falls over.
#[test]
fn every_form_tells_what_it_cannot_read() {
    let deep_json = format!("{{\"mcpServers\": {}", "[".repeat(50_000));
    let deep_yaml = format!("mcpServers: {}", "[".repeat(50_000));
    let deep_toml = format!("mcp_servers = {}", "[".repeat(50_000));
    let deep_front = format!("---\nname: x\ntools: {}\n---\n", "[".repeat(50_000));
    let step = "jobs:\n  a:\n    steps:\n      - uses: anthropics/claude-code-action@v1\n";
    let deep_workflow = format!("on: {}\n{step}", "[".repeat(50_000));
    for (path, text, expected) in [
        (".mcp.json", deep_json.as_str(), "levels of nesting"),
        (".vscode/mcp.json", "{// c\n\"servers\": {\"a\": {,}}}", "line 2, column 19: expected"),
        (".codex/config.toml", deep_toml.as_str(), "line 1, column"),
        (".codex/config.toml", "[mcp_servers.a]\ncommand = \n", "line 2, column"),
        (".codex/config.toml", "a = 1\na = 2\n", "line 2, column 1"),
        (".continue/config.yaml", deep_yaml.as_str(), "expected"),
        (".continue/config.yaml", "mcpServers:\n  - name: [\n", "expected"),
        (".claude/agents/x.md", deep_front.as_str(), "of the front matter: expected"),
        (".github/workflows/a.yml", deep_workflow.as_str(), "expected"),
        ("langgraph.json", "{\"graphs\": ", "expected"),
    ] {
        let (code, told) = holes_of(path, text);
        assert!(code == 3 && told.len() == 1 && told[0].contains(expected), "{path}: {code} {told:?}");
    }
    for (path, text) in [
        (".codex/config.toml", &b"[mcp_servers.\xff]\ncommand = \"x\"\n"[..]),
        (".continue/config.yaml", b"mcpServers:\n  - name: \xff\n    command: x\n"),
        (".claude/agents/x.md", b"---\nname: \xff\n---\n"),
        (".github/workflows/a.yml", b"on: push # claude \xff\njobs: {}\n"),
    ] {
        let (code, told) = holes_of(path, text);
        assert!(code == 3 && told.iter().any(|one| one.contains("is not UTF-8")), "{path}: {code} {told:?}");
    }
    let large = |head: &str, tail: &str| format!("{head}{}{tail}", " ".repeat(5 * 1024 * 1024));
    for (path, text) in [
        (".codex/config.toml", large("[mcp_servers.a]\ncommand = \"x\" #", "\n")),
        (".continue/config.yaml", large("mcpServers: [] #", "\n")),
        (".claude/agents/x.md", large("---\nname: x\n---\n", "")),
        (".github/workflows/a.yml", large("on: push #", "\n")),
    ] {
        let (code, told) = holes_of(path, text);
        assert!(code == 3 && told.iter().any(|one| one.contains("larger than 4 MiB")), "{path}: {code} {told:?}");
    }
}

/// Of two of one name every client takes the last, and so do we: in JSON and in YAML, and it is said.
#[test]
fn of_a_key_that_stands_there_twice_the_last_counts() {
    for (path, text) in [
        (
            ".mcp.json",
            "{\"mcpServers\": {\"a\": {\"command\": \"first\"}, \"a\": {\"command\": \"npx\", \"args\": [\"last\"]}}}",
        ),
        (
            ".mcp.json",
            "{\"mcpServers\": {\"b\": {\"command\": \"x\"}}, \"mcpServers\": {\"a\": {\"command\": \"npx\", \"args\": [\"last\"]}}}",
        ),
        (".goose/mcp.yaml", "mcpServers:\n  a:\n    command: first\n  a:\n    command: npx\n    args: [last]\n"),
    ] {
        let folder = folder();
        write(folder.path(), &format!("repo/{path}"), text);
        let (_, report) = scan(folder.path(), &["repo"]);
        let servers: Vec<&serde_json::Value> = report["identities"]
            .as_array()
            .expect("a list")
            .iter()
            .filter(|one| one["kind"] == "agent.mcp-server")
            .collect();
        assert_eq!(servers.len(), 1, "{path}: {servers:?}");
        assert_eq!(servers[0]["attributes"]["package"], "last", "{path}");
    }
    let (_, told) =
        holes_of(".mcp.json", "{\"mcpServers\": {\"a\": {\"command\": \"x\"}, \"a\": {\"command\": \"y\"}}}");
    assert!(told[0].contains("stands there twice; the last one counts"), "{told:?}");
}
