//! What the README and the guides show is real: each session is run, and each line it shows must come in its order;
//! each flag exists.

use crate::tree::{project, run};

/// What users read.
const DOCUMENTS: [&str; 2] = ["README.md", "docs/ci.md"];

fn read(document: &str) -> String {
    std::fs::read_to_string(project().join(document)).expect("it is there")
}

#[test]
fn the_sessions_of_the_documents_are_what_the_binary_prints() {
    for document in DOCUMENTS {
        sessions_are_real(document);
    }
}

fn sessions_are_real(document: &str) {
    let text = read(document);
    let mut sessions = 0;
    for block in text.split("```console\n").skip(1) {
        let block = block.split("```").next().expect("a block");
        let (command, expected) = block.split_once('\n').expect("a command and its output");
        let words: Vec<&str> = command.trim_start_matches("$ ").split_whitespace().collect();
        assert_eq!(words[0], "nonhuman", "{command}");
        let mut arguments = words[1..].to_vec();
        arguments.push("--isolated");
        let printed = run(&project(), &arguments).stdout;
        let mut lines = printed.lines();
        for line in expected.lines().filter(|line| *line != "…") {
            assert!(
                lines.any(|printed| printed == line),
                "{document} shows '{line}', which is not printed (in this order)"
            );
        }
        sessions += 1;
    }
    assert!(sessions >= 1, "{document} shows a real session");
}

#[test]
fn the_numbers_of_the_readme_are_right() {
    let readme = std::fs::read_to_string(project().join("README.md")).expect("it is there");
    let listed = run(&project(), &["rules", "list", "--isolated"]).stdout;
    let detectors = listed.lines().find_map(|line| line.strip_prefix("DETECTORS (")).expect("a count");
    let detectors = detectors.trim_end_matches(')');
    assert!(readme.contains(&format!("{detectors} detectors")), "there are {detectors} detectors");
}

/// What every command and those below it say of their flags.
fn every_help(command: &[&str]) -> String {
    let mut help = run(&project(), &[command, &["--help"]].concat()).stdout;
    let listed = help.split("\nCommands:\n").nth(1).unwrap_or_default().lines();
    let listed = listed.take_while(|line| line.starts_with("  ")).filter(|line| !line.starts_with("   "));
    let below: Vec<String> = listed.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect();
    for one in below.iter().filter(|one| *one != "help") {
        help.push_str(&every_help(&[command, &[one.as_str()]].concat()));
    }
    help
}

#[test]
fn every_flag_of_the_documents_exists() {
    let help = every_help(&[]);
    let cargo = ["--release", "--path", "--no-default-features"];
    let others = ["--query", "--output", "--user-name", "--fail-on", "--raw", "--oracle", "--browser"];
    let git = ["--name-only", "--diff-filter"];
    let gitleaks = ["--report-format", "--report-path", "--baseline-path", "--exit-code", "--redact"];
    for document in DOCUMENTS {
        for word in read(document).split(|letter: char| !(letter.is_ascii_lowercase() || letter == '-')) {
            let is_flag = word.starts_with("--") && word.len() > 3;
            let is_of_another = cargo.contains(&word)
                || others.contains(&word)
                || (document != "README.md" && (git.contains(&word) || gitleaks.contains(&word)));
            if is_flag && !is_of_another {
                assert!(help.contains(word), "{document} names {word}, which no command has");
            }
        }
    }
}
