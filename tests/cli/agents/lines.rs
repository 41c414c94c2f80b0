//! Command lines by which agents act without asking, and settings that lie within other files.

use super::{named, of_rule, rules, scan};
use crate::tree::{folder, write};

/// A path, a text, and the rules that hold with their lines.
type Case = (&'static str, &'static str, &'static [(&'static str, u64)]);

const OFF: &str = "agent-approvals-off";
const ALL: &str = "agent-unrestricted";

const CASES: &[Case] = &[
    ("run.sh", "#!/bin/sh\ncodex --dangerously-bypass-approvals-and-sandbox \"x\"\n", &[(OFF, 2)]),
    ("run.sh", "codex -a never \\\n  -s danger-full-access\n", &[(OFF, 1), (ALL, 2)]),
    ("run.sh", "gemini --approval-mode=yolo\n", &[(OFF, 1)]),
    ("run.ps1", "copilot --allow-all\n", &[(OFF, 1)]),
    ("Makefile", "fix:\n\t@cursor-agent --force -p fix\n", &[(OFF, 2)]),
    ("Dockerfile", "FROM x\nRUN amp --dangerously-allow-all -x fix\n", &[(OFF, 2)]),
    ("Dockerfile", "FROM x\nENTRYPOINT [\"claude\", \"--dangerously-skip-permissions\"]\n", &[(OFF, 2)]),
    ("compose.yaml", "services:\n  a:\n    command: [\"qwen\", \"--yolo\"]\n", &[(OFF, 3)]),
    ("package.json", "{\"scripts\": {\n \"fix\": \"claude --allowedTools 'Bash(*)' -p fix\"}}", &[(ALL, 2)]),
    ("run.sh", "echo 'claude --dangerously-skip-permissions is forbidden'\n", &[]),
    ("run.sh", "cat <<EOF\nclaude --dangerously-skip-permissions\nEOF\n", &[]),
    ("package.json", "{\"description\": \"claude --dangerously-skip-permissions\"}", &[]),
    ("Dockerfile", "FROM x\nLABEL use=\"claude --dangerously-skip-permissions\"\n", &[]),
];

/// Files with the rule that holds at a line; none where nothing does.
#[test]
fn command_lines_that_take_the_person_out() {
    for (path, text, expected) in CASES {
        let folder = folder();
        write(folder.path(), &format!("repo/{path}"), text);
        let (_, report) = scan(folder.path(), &["repo"]);
        let mut names: Vec<&str> = expected.iter().map(|(rule, _)| *rule).collect();
        names.sort_unstable();
        assert_eq!(rules(&report), names, "{path}: {text}");
        for (rule, line) in *expected {
            assert_eq!(of_rule(&report, rule)[0].1, format!("{path}:{line}"), "{text}");
        }
    }
}

const OBJECT: &str = "    kind: ConfigMap\n    metadata:\n      name: tools\n    data:\n      mcp.json: |\n        {\"mcpServers\": {\n          \"a\": {\"command\": \"npx\", \"args\": [\"-y\", \"p\"], \"env\": {\"A_TOKEN\": \"$T\"}}}}\n";

/// Settings in an object of a cluster, by itself and in a list as kubectl writes it.
#[test]
fn settings_in_a_list_of_objects_are_read_at_their_lines() {
    let list = format!("apiVersion: v1\nkind: List\nitems:\n  - apiVersion: v1\n{OBJECT}");
    let folder = folder();
    write(folder.path(), "repo/deploy/tools.yaml", &list);
    let json = r#"{"kind": "ConfigMapList", "items": [{"kind": "ConfigMap", "data": {"mcp.json": "{\"mcpServers\": {\"b\": {\"command\": \"x\"}}}"}}]}"#;
    write(folder.path(), "repo/deploy/tools.json", json);
    let (_, report) = scan(folder.path(), &["repo"]);
    assert_eq!(named(&report, "agent.mcp-server"), ["b (deploy/tools.json)", "a (deploy/tools.yaml)"]);
    assert_eq!(of_rule(&report, "agent-unpinned-server")[0].1, "deploy/tools.yaml:11");
}
