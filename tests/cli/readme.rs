//! The sessions of the README are real: each is run, and each line it shows must come in its order.

use crate::tree::{project, run};

#[test]
fn the_sessions_of_the_readme_are_what_the_binary_prints() {
    let readme = std::fs::read_to_string(project().join("README.md")).expect("it is there");
    let mut sessions = 0;
    for block in readme.split("```console\n").skip(1) {
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
                "README shows '{line}', which is not printed (in this order)"
            );
        }
        sessions += 1;
    }
    assert!(sessions >= 1, "the README shows a real session");
}

#[test]
fn the_numbers_of_the_readme_are_right() {
    let readme = std::fs::read_to_string(project().join("README.md")).expect("it is there");
    let listed = run(&project(), &["rules", "list", "--isolated"]).stdout;
    let detectors = listed.lines().find_map(|line| line.strip_prefix("DETECTORS (")).expect("a count");
    let detectors = detectors.trim_end_matches(')');
    assert!(readme.contains(&format!("{detectors} detectors")), "there are {detectors} detectors");
}

#[test]
fn every_flag_of_the_readme_exists() {
    let readme = std::fs::read_to_string(project().join("README.md")).expect("it is there");
    let help =
        ["scan", "collect", "evaluate", "rules"].map(|command| run(&project(), &[command, "--help"]).stdout).join("\n");
    let cargo = ["--release", "--path", "--no-default-features"];
    let others = ["--query", "--output", "--user-name", "--fail-on", "--raw"];
    for word in readme.split(|letter: char| !(letter.is_ascii_lowercase() || letter == '-')) {
        let is_flag = word.starts_with("--") && word.len() > 3;
        if is_flag && !cargo.contains(&word) && !others.contains(&word) {
            assert!(help.contains(word), "the README names {word}, which no command has");
        }
    }
}
