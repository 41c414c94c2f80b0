//! Commands, formats, exit codes, configuration: what each promises in its help.

use serde_json::Value;

use crate::tree::{NOW, folder, github_token, nonhuman, project, run, write};

const FORMATS: [&str; 6] = ["table", "json", "jsonl", "csv", "csv-inventory", "sarif"];

#[test]
fn help_names_every_command_and_the_exit_codes() {
    let help = run(&project(), &["--help"]);
    assert_eq!(help.code, 0);
    for word in ["scan", "collect", "evaluate", "rules", "explain", "completions", "man", "incomplete"] {
        assert!(help.stdout.contains(word), "--help does not name {word}");
    }
}

#[test]
fn every_rule_and_detector_can_be_explained() {
    let listed = run(&project(), &["rules", "list", "--isolated"]).stdout;
    let names: Vec<&str> = listed
        .lines()
        .filter(|line| line.starts_with("  "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(names.len() > 80);
    // One of each end and of the middle; the texts are the same code for all.
    for name in [names[0], names[names.len() / 2], names[names.len() - 1]] {
        let explained = run(&project(), &["explain", name, "--isolated"]);
        assert_eq!(explained.code, 0);
        assert!(explained.stdout.starts_with(name) && explained.stdout.contains("What to do"), "{}", explained.stdout);
    }
}

#[test]
fn an_unknown_rule_is_an_error_that_helps() {
    let ran = run(&project(), &["explain", "acces-key-old", "--isolated"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("did you mean 'access-key-old'?"), "{}", ran.stderr);
}

#[test]
fn rules_test_proves_all() {
    let ran = run(&project(), &["rules", "test", "--isolated"]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert!(ran.stdout.trim_end().ends_with(" 0 failed"), "{}", ran.stdout);
}

#[test]
fn completions_and_the_manual_are_printed() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = run(&project(), &["completions", shell]);
        assert!(ran.code == 0 && ran.stdout.contains("kubernetes-export"), "{shell}");
    }
    let man = run(&project(), &["man"]);
    assert!(man.stdout.starts_with(".ie") || man.stdout.contains(".TH nonhuman"), "{}", &man.stdout[..200]);
    assert!(man.stdout.contains("fail\\-on"));
}

#[test]
fn every_format_is_written_to_files_and_to_standard_output_alike() {
    let folder = folder();
    let files = ["a.txt", "a.json", "a.jsonl", "a.csv", "a.inventory.csv", "a.sarif"];
    let acme = project().join("fixtures/acme").to_string_lossy().into_owned();
    let mut arguments = vec!["scan", acme.as_str(), "--now", NOW, "--format", "table"];
    arguments.extend(files.iter().flat_map(|file| ["--output", file]));
    assert_eq!(run(folder.path(), &arguments).code, 1);
    for (file, format) in files.iter().zip(FORMATS) {
        let written = std::fs::read_to_string(folder.path().join(file)).expect("it is there");
        let printed = run(folder.path(), &["scan", &acme, "--now", NOW, "--format", format]).stdout;
        assert_eq!(written, printed, "{file} and --format {format} differ");
    }
    let left: Vec<_> =
        std::fs::read_dir(folder.path()).expect("a folder").map(|entry| entry.expect("an entry").file_name()).collect();
    assert_eq!(left.len(), files.len(), "nothing else is left behind: {left:?}");
}

#[test]
fn what_is_collected_is_judged_as_what_is_scanned() {
    let folder = folder();
    let acme = project().join("fixtures/acme").to_string_lossy().into_owned();
    let collected = run(folder.path(), &["collect", &acme, "--now", NOW, "--output", "records.jsonl"]);
    assert_eq!(collected.code, 0, "{}", collected.stderr);
    let evaluated = run(folder.path(), &["evaluate", "records.jsonl", "--now", NOW, "--format", "json"]);
    let scanned = run(folder.path(), &["scan", &acme, "--now", NOW, "--format", "json"]);
    assert_eq!((evaluated.code, scanned.code), (1, 1));
    let read = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
    let (evaluated, scanned) = (read(&evaluated.stdout), read(&scanned.stdout));
    for part in ["findings", "identities", "credentials", "exposures", "coverage", "not_evaluated", "summary"] {
        assert_eq!(evaluated[part], scanned[part], "{part}");
    }
}

#[test]
fn exit_codes_are_those_of_the_help() {
    let folder = folder();
    write(folder.path(), "clean/readme.txt", "nothing here");
    write(folder.path(), "leak/app.py", format!("token = \"{}\"", github_token("exit")));
    let code = |arguments: &[&str]| run(folder.path(), arguments).code;
    assert_eq!(code(&["scan", "clean"]), 0);
    assert_eq!(code(&["scan", "leak"]), 1);
    assert_eq!(code(&["scan", "leak", "--fail-on", "critical"]), 0);
    assert_eq!(code(&["scan", "leak", "--exit-zero"]), 0);
    assert_eq!(code(&["scan", "leak", "--fail-on", "enormous"]), 2);
    std::fs::create_dir(folder.path().join("empty")).expect("a folder");
    assert_eq!(code(&["scan", "empty"]), 3);
    assert_eq!(code(&["scan", "empty", "--allow-partial"]), 0);
    // A finding weighs more than a hole, unless it is told not to.
    assert_eq!(code(&["scan", "leak", "empty"]), 1);
    assert_eq!(code(&["scan", "leak", "empty", "--exit-zero"]), 3);
}

#[test]
fn min_severity_hides_and_counts_but_does_not_change_the_exit_code() {
    let folder = folder();
    write(folder.path(), "leak/app.py", format!("token = \"{}\"", github_token("hide")));
    let ran = run(folder.path(), &["scan", "leak", "--min-severity", "critical", "--format", "json"]);
    assert_eq!(ran.code, 1, "what is hidden still fails the gate");
    let scan: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(scan["findings"].as_array().map(Vec::len), Some(0));
    assert!(
        ran.stdout.contains("below_min_severity\":1") || ran.stdout.contains("below_min_severity\": 1"),
        "{}",
        ran.stdout
    );
}

#[test]
fn flags_win_over_the_environment_over_the_file() {
    let folder = folder();
    write(folder.path(), "leak/app.py", format!("token = \"{}\"", github_token("order")));
    write(folder.path(), "nonhuman.toml", "fail-on = \"critical\"\n");
    let scan = |environment: Option<&str>, flag: &[&str]| {
        let mut command = nonhuman(folder.path());
        command.args(["scan", "leak"]).args(flag);
        if let Some(value) = environment {
            command.env("NONHUMAN_FAIL_ON", value);
        }
        command.output().expect("it starts").status.code()
    };
    assert_eq!(scan(None, &[]), Some(0), "the file");
    assert_eq!(scan(Some("high"), &[]), Some(1), "the environment over the file");
    assert_eq!(scan(Some("high"), &["--fail-on", "critical"]), Some(0), "the flag over both");
    assert_eq!(scan(None, &["--isolated"]), Some(1), "no file");
}

#[test]
fn the_configuration_changes_rules() {
    let folder = folder();
    let acme = project().join("fixtures/acme").to_string_lossy().into_owned();
    let rules = |config: &str| {
        write(folder.path(), "nonhuman.toml", config);
        let ran = run(folder.path(), &["scan", &acme, "--now", NOW, "--format", "json"]);
        let scan: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr));
        let findings = scan["findings"].as_array().expect("a list").clone();
        findings.into_iter().filter(|one| one["rule"] == "access-key-old").collect::<Vec<_>>()
    };
    assert_eq!(rules("").len(), 3);
    assert_eq!(rules("[rules.access-key-old]\nparam = { max_age = 700 }\n").len(), 1);
    assert_eq!(rules("[rules.access-key-old]\nenabled = false\n").len(), 0);
    let raised = rules("[rules.access-key-old]\nseverity = \"critical\"\n");
    assert!(raised.iter().all(|one| one["severity"] == "critical"));
}

#[test]
fn a_rule_of_the_user_is_judged_too() {
    let folder = folder();
    write(folder.path(), "leak/app.py", format!("token = \"{}\"", github_token("user")));
    let rule = std::fs::read_to_string(project().join("rules/audit/any/leaked-secret.toml")).expect("it is there");
    write(
        folder.path(),
        "ours/any/our-leak.toml",
        rule.replace("of-detector", "low").replace("confidence = \"low\"", "confidence = \"high\""),
    );
    let ran = run(folder.path(), &["scan", "leak", "--rules", "ours", "--format", "csv"]);
    assert!(
        ran.stdout.contains(",our-leak,") && ran.stdout.contains(",leaked-secret,"),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
}

#[test]
fn a_closed_pipe_is_no_error() {
    use std::io::Read;
    use std::process::Stdio;
    let mut child = nonhuman(&project())
        .args(["scan", "fixtures/acme", "--isolated", "--now", NOW, "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    // Read a little and hang up, as `head` does.
    let mut stdout = child.stdout.take().expect("a pipe");
    stdout.read_exact(&mut [0; 10]).expect("some output");
    drop(stdout);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(1), "the findings decide, not the pipe");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

/// A dump of bindings need not hold the roles that every API server has.
#[test]
fn a_binding_to_cluster_admin_counts_without_the_role() {
    let folder = folder();
    let account = r#"{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"sa","namespace":"n"}}"#;
    let role =
        r#"{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"other"},"rules":[]}"#;
    let binding = r#"{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":"b"},
        "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"cluster-admin"},
        "subjects":[{"kind":"ServiceAccount","name":"sa","namespace":"n"}]}"#;
    write(
        folder.path(),
        "dump.json",
        format!(r#"{{"apiVersion":"v1","kind":"List","items":[{account},{role},{binding}]}}"#),
    );
    let ran = run(folder.path(), &["scan", "--kubernetes-export", "dump.json", "--format", "csv"]);
    assert!(ran.stdout.contains(",cluster-administrator,"), "{}", ran.stdout);
}
