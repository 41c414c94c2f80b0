//! Every row of the table of frameworks, actions, programs and flags, each with a file of its own.

use super::scan;
use crate::tree::{folder, project, write};

fn rows(kind: &str) -> Vec<toml::Value> {
    let text = std::fs::read_to_string(project().join("rules/facts/agent-frameworks.toml")).expect("our own table");
    let table: toml::Value = toml::from_str(&text).expect("TOML");
    table.get(kind).and_then(toml::Value::as_array).cloned().unwrap_or_default()
}

fn texts(row: &toml::Value, key: &str) -> Vec<String> {
    let list = row.get(key).and_then(toml::Value::as_array).into_iter().flatten();
    list.filter_map(toml::Value::as_str).map(str::to_owned).collect()
}

fn name(row: &toml::Value) -> String {
    row["name"].as_str().expect("a name").to_owned()
}

/// Writes each case as a file, and asserts that the file makes an agent of its program.
fn each(kind: &str, cases: &[(String, String, String)]) {
    let folder = folder();
    for (path, text, _) in cases {
        write(folder.path(), &format!("root/{path}"), text);
    }
    let (_, report) = scan(folder.path(), &["root"]);
    let found: std::collections::BTreeSet<(String, String)> = report["identities"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|one| one["kind"] == kind)
        .map(|one| {
            let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
            (text(&one["evidence"]["location"]["path"]), text(&one["attributes"]["agent_program"]))
        })
        .collect();
    for (path, text, program) in cases {
        assert!(found.contains(&(path.clone(), program.clone())), "{program}: {path}\n{text}");
    }
}

#[test]
fn every_package_and_call_is_known() {
    let mut cases = Vec::new();
    for row in rows("framework") {
        for package in texts(&row, "packages") {
            // What ends so stands for everything below.
            let package = if package.ends_with(['/', '.']) { format!("{package}Core") } else { package };
            let text = format!("{{\"dependencies\": {{\"{package}\": \"1.0.0\"}}}}");
            cases.push((format!("p{}/package.json", cases.len()), text, name(&row)));
        }
        for call in texts(&row, "constructors") {
            cases.push((format!("c{}/agent.py", cases.len()), format!("x = 1\n{call} y\n"), name(&row)));
        }
    }
    assert!(cases.len() > 70, "{}", cases.len());
    each("agent.code", &cases);
}

#[test]
fn every_action_and_program_starts_an_agent() {
    let mut cases = Vec::new();
    for row in rows("action") {
        for uses in texts(&row, "uses") {
            let text = format!("on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: {uses}@v1\n");
            cases.push((format!("a{}/.github/workflows/x.yml", cases.len()), text, name(&row)));
        }
    }
    for row in rows("command") {
        let line = texts(&row, "words").join(" ");
        // A package is started by what fetches it.
        let line = if line.starts_with('@') { format!("npx -y {line} x") } else { format!("{line} x") };
        let text = format!("on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: {line}\n");
        cases.push((format!("c{}/.github/workflows/x.yml", cases.len()), text, name(&row)));
        let text = format!("job:\n  script:\n    - {line}\n");
        cases.push((format!("g{}/.gitlab-ci.yml", cases.len()), text, name(&row)));
    }
    assert!(cases.len() > 60, "{}", cases.len());
    each("agent.ci", &cases);
}

#[test]
fn every_flag_by_which_nobody_is_asked_is_told() {
    let mut cases = Vec::new();
    for row in rows("unasked") {
        for program in texts(&row, "programs") {
            for flag in texts(&row, "flags") {
                let quoted = flag.split_once(' ').map_or(flag.clone(), |(flag, value)| format!("{flag} '{value}'"));
                cases.push((format!("s{}/run.sh", cases.len()), format!("{program} {quoted} x\n"), name(&row)));
            }
        }
    }
    assert!(cases.len() > 40, "{}", cases.len());
    each("agent.code", &cases);
}

/// Whatever lets anybody start an action that asks by itself, and every event that outsiders cause.
#[test]
fn every_input_and_event_that_lets_outsiders_in_is_critical() {
    let text = std::fs::read_to_string(project().join("rules/facts/agent-frameworks.toml")).expect("our own table");
    let table: toml::Value = toml::from_str(&text).expect("TOML");
    let folder = folder();
    let mut wanted = Vec::new();
    for (number, event) in texts(&table["triggers"], "untrusted").into_iter().enumerate() {
        let path = format!("e{number}/.github/workflows/x.yml");
        let step = "uses: anthropics/claude-code-base-action@v1";
        let text = format!(
            "on: {event}\npermissions: {{contents: write}}\njobs:\n  a:\n    runs-on: x\n    steps:\n      - {step}\n"
        );
        write(folder.path(), &format!("root/{path}"), text);
        wanted.push(path);
    }
    for (number, input) in texts(&table["inputs"], "open").into_iter().enumerate() {
        let path = format!("i{number}/.github/workflows/x.yml");
        let step = format!("uses: anthropics/claude-code-action@v1\n        with: {{{input}: \"*\"}}");
        let text = format!(
            "on: issues\npermissions: {{contents: write}}\njobs:\n  a:\n    runs-on: x\n    steps:\n      - {step}\n"
        );
        write(folder.path(), &format!("root/{path}"), text);
        wanted.push(path);
    }
    let (_, report) = scan(folder.path(), &["root"]);
    let found: Vec<String> =
        super::of_rule(&report, "agent-ci-untrusted").into_iter().map(|(_, place)| place).collect();
    for path in wanted {
        assert!(found.iter().any(|place| place.starts_with(&path)), "{path} in {found:?}");
    }
}
