//! The files for pipelines: they parse, name only flags that exist, and do what they say.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::secrets::line;
use crate::tree::{Ran, folder, project, run, write};

fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).expect("YAML")
}

fn file(name: &str) -> Value {
    yaml(&std::fs::read_to_string(project().join(name)).expect("it is there"))
}

/// Fails for a flag of `nonhuman secrets` that there is not.
fn flags_exist(script: &str) {
    let help = run(&project(), &["secrets", "--help"]).stdout;
    let mut flags = 0;
    for word in script.split(|letter: char| !(letter.is_ascii_lowercase() || letter == '-')) {
        if word.starts_with("--") && word.len() > 2 {
            assert!(help.contains(&format!("{word} ")) || help.contains(&format!("{word}\n")), "there is no {word}");
            flags += 1;
        }
    }
    assert!(flags > 0, "no flag was seen in {script}");
}

#[test]
fn the_hooks_are_whole() {
    let hooks = file(".pre-commit-hooks.yaml");
    let hooks = hooks.as_array().expect("a list");
    let languages: BTreeMap<&str, &str> = hooks
        .iter()
        .map(|hook| (hook["id"].as_str().expect("text"), hook["language"].as_str().expect("text")))
        .collect();
    assert_eq!(languages, BTreeMap::from([("nonhuman-secrets", "rust"), ("nonhuman-secrets-system", "system")]));
    for hook in hooks {
        assert_eq!(hook["pass_filenames"], false, "the index is read, not the files");
        assert_eq!(hook["always_run"], true);
        flags_exist(hook["entry"].as_str().expect("text"));
    }
}

/// Every `yaml` block of the guide parses, and its commands name flags that exist.
#[test]
fn the_snippets_of_the_guide_are_whole() {
    let guide = std::fs::read_to_string(project().join("docs/ci.md")).expect("it is there");
    let blocks: Vec<Value> =
        guide.split("```yaml\n").skip(1).map(|block| yaml(block.split("```").next().expect("a block"))).collect();
    assert_eq!(blocks.len(), 3);
    let inputs = file("action.yml")["inputs"].as_object().expect("a table").clone();
    let action = &blocks[0]["jobs"]["secrets"]["steps"][1];
    assert!(action["uses"].as_str().expect("text").contains("nonhuman"));
    for (name, _) in action["with"].as_object().expect("a table") {
        assert!(inputs.contains_key(name), "the action has no input '{name}'");
    }
    for name in inputs.keys() {
        assert!(guide.contains(&format!("`{name}`")), "the guide does not name the input '{name}'");
    }
    let script = blocks[1]["secrets"]["script"][0].as_str().expect("text");
    flags_exist(script);
    for (_, report) in blocks[1]["secrets"]["artifacts"]["reports"].as_object().expect("a table") {
        assert!(script.contains(report.as_str().expect("text")), "what is uploaded is written");
    }
    assert_eq!(blocks[2]["repos"][0]["hooks"][0]["id"], "nonhuman-secrets");
}

/// The script of the action's last step, as GitHub gives it to the shell.
fn action(folder: &Path, inputs: &[(&str, &str)]) -> Ran {
    let action = file("action.yml");
    let step = action["runs"]["steps"].as_array().expect("a list").last().expect("a step").clone();
    let mut command = std::process::Command::new("bash");
    command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"].as_str().expect("text")]);
    command.current_dir(folder).env_clear().env("PATH", "/usr/bin:/bin").env("RUNNER_TEMP", folder.join("temp"));
    std::fs::create_dir_all(folder.join("temp")).expect("room");
    command.env("GITHUB_STEP_SUMMARY", folder.join("temp/summary.md"));
    for (name, value) in step["env"].as_object().expect("a table") {
        let input = value.as_str().expect("text").trim_start_matches("${{ inputs.").trim_end_matches(" }}");
        let default = action["inputs"][input]["default"].as_str().expect("every input has a default");
        let given = inputs.iter().find(|(name, _)| *name == input).map_or(default, |(_, value)| value);
        command.env(name, if input == "binary" { env!("CARGO_BIN_EXE_nonhuman") } else { given });
    }
    command.output().expect("bash is there").into()
}

#[test]
fn the_action_runs_and_fails_for_findings() {
    let folder = folder();
    let path = folder.path();
    write(path, "src/a b.py", line("action"));
    write(path, "clean/a.py", "x = 1\n");
    write(path, "nonhuman.toml", "[rules.leaked-secret]\nenabled = false\n");
    let ran = action(path, &[("paths", "src\nclean"), ("sarif-file", "out.sarif")]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.starts_with("::error file=src/a b.py,line=1,"), "{}", ran.stdout);
    let summary = std::fs::read_to_string(path.join("temp/summary.md")).expect("it is written");
    assert!(summary.contains("| high | `leaked-secret` | `src/a b.py:1:6` |"), "{summary}");
    assert!(path.join("out.sarif").exists());
    assert_eq!(action(path, &[("paths", "clean")]).code, 0);
    assert_eq!(action(path, &[("fail-on", "critical")]).code, 0);
    let ran = run(path, &["secrets", "--isolated", "src", "--baseline", "b.jsonl", "--write-baseline"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(action(path, &[("baseline", "b.jsonl")]).code, 0);
}

/// No input becomes a part of the script or a flag.
#[test]
fn inputs_of_the_action_are_only_values() {
    let folder = folder();
    let path = folder.path();
    write(path, "src/a.py", line("inject"));
    let evil = "$(touch pwned)`touch pwned`\"; touch pwned; '";
    for input in ["paths", "range", "fail-on", "baseline", "sarif-file", "history"] {
        let ran = action(path, &[(input, evil)]);
        assert!(ran.code != 0, "{input}: {}", ran.stdout);
        assert!(!path.join("pwned").exists(), "{input} was run");
    }
    let ran = action(path, &[("paths", "--exit-zero")]);
    assert_eq!(ran.code, 2, "a path, not a flag: {}", ran.stderr);
    let action = file("action.yml");
    for step in action["runs"]["steps"].as_array().expect("a list") {
        let script = step["run"].as_str().expect("text");
        assert!(!script.contains("${{"), "an expression in a script is a way in: {script}");
        assert_eq!(step["shell"], "bash");
    }
    let last = action["runs"]["steps"].as_array().expect("a list").last().expect("a step");
    flags_exist(last["run"].as_str().expect("text"));
}
