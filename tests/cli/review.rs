//! What a hostile reader of the gate found: each has the test that would have caught it.

use std::process::Command;

use crate::secrets::{found, gate, said};
use crate::tree::{folder, github_token, write};

fn git(folder: &std::path::Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.current_dir(folder).env("HOME", "/nonexistent").env("GIT_CONFIG_NOSYSTEM", "1");
    let named = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"];
    let ran = command.args(named).args(arguments).output().expect("git starts");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn an_allowed_place_says_nothing_of_the_same_value_elsewhere_in_the_file() {
    let folder = folder();
    let token = github_token("twice");
    git(folder.path(), &["init", "--quiet"]);
    write(folder.path(), "e.py", format!("a = \"{token}\" # nonhuman: allow\n\nb = \"{token}\"\n"));
    git(folder.path(), &["add", "e.py"]);
    let (code, report) = gate(folder.path(), &["--staged"]);
    assert_eq!((code, found(&report)), (1, vec!["leaked-secret e.py:3".to_owned()]));
    git(folder.path(), &["commit", "--quiet", "-m", "1"]);
    let (code, report) = gate(folder.path(), &["--history"]);
    assert_eq!((code, found(&report)), (1, vec!["leaked-secret e.py:3".to_owned()]));
}

#[test]
fn a_rule_for_some_paths_is_asked_at_every_place_of_a_version() {
    let folder = folder();
    let rule = "[[rules]]\nid = 'acme-env'\nregex = '(zqk_[a-z0-9]{12})'\npath = '\\.env$'\nkeywords = ['zqk_']\n";
    write(folder.path(), "rules.toml", format!("title = 'acme'\n{rule}"));
    git(folder.path(), &["init", "--quiet", "r"]);
    for name in ["r/a.txt", "r/z.env"] {
        write(folder.path(), name, "k = zqk_a1b2c3d4e5f6\n");
    }
    git(&folder.path().join("r"), &["add", "--all"]);
    git(&folder.path().join("r"), &["commit", "--quiet", "-m", "1"]);
    for selection in [&["r"][..], &["r", "--history"]] {
        let arguments = [selection, &["--rules-from", "rules.toml"]].concat();
        let (code, report) = gate(folder.path(), &arguments);
        assert_eq!((code, found(&report)), (1, vec!["leaked-secret r/z.env:1".to_owned()]), "{selection:?}");
    }
}

#[test]
fn a_rule_that_cannot_be_read_is_no_green_scan() {
    let folder = folder();
    write(folder.path(), "rules.toml", "[[rules]]\nid = 'acme'\nregex = '(zqk_[a-z0-9]+'\n");
    write(folder.path(), "t/a.txt", "nothing\n");
    let (code, report) = gate(folder.path(), &["t", "--rules-from", "rules.toml"]);
    let (outcome, count, detail) = said(&report, "rules").expect("it is said");
    assert_eq!((code, outcome.as_str(), count), (3, "failed", 1));
    assert!(detail.contains("'acme' is not loaded: 'regex': unclosed group"), "{detail}");
}

#[test]
fn a_file_of_nothing_but_secrets_needs_bounded_memory() {
    let folder = folder();
    let lines: String = (0..30_500).map(|number| format!("{}\n", github_token(&number.to_string()))).collect();
    write(folder.path(), "t/list.txt", lines);
    let (code, report) = gate(folder.path(), &["t", "--min-severity", "critical"]);
    let (outcome, _, detail) = said(&report, "list.txt").expect("it is said");
    assert_eq!((code, outcome.as_str()), (1, "partial"));
    assert!(detail.contains("more than 30000 secrets"), "{detail}");
    assert_eq!(report["summary"]["incomplete"], true);
}

#[test]
fn what_is_staged_outside_of_the_folder_is_said() {
    let folder = folder();
    git(folder.path(), &["init", "--quiet"]);
    write(folder.path(), "top.py", format!("a = \"{}\"\n", github_token("top")));
    write(folder.path(), "sub/a.py", "a = 1\n");
    git(folder.path(), &["add", "--all"]);
    let (_, report) = gate(&folder.path().join("sub"), &["--staged"]);
    let (outcome, count, detail) = said(&report, "files outside of this folder").expect("it is said");
    assert_eq!((outcome.as_str(), count), ("not-read", 1));
    assert!(detail.contains("top.py"), "{detail}");
}

#[test]
fn no_secret_in_what_was_asked_for() {
    let folder = folder();
    let token = github_token("folder");
    write(folder.path(), &format!("d-{token}/a.txt"), "x\n");
    let (_, report) = gate(folder.path(), &[&format!("d-{token}")]);
    assert!(!report.to_string().contains(&token), "{report}");
    let (_, report) = gate(folder.path(), &["--range", &format!("feat/{token}..HEAD")]);
    assert!(!report.to_string().contains(&token), "{report}");
}

#[test]
fn what_git_keeps_is_said_and_a_folder_that_only_has_its_name_is_searched() {
    let folder = folder();
    let line = format!("a = \"{}\"\n", github_token("kept"));
    write(folder.path(), "fake/.git/s.py", &line);
    write(folder.path(), "fake/a.py", "a = 1\n");
    let (code, report) = gate(folder.path(), &["fake"]);
    assert_eq!((code, found(&report)), (1, vec!["leaked-secret fake/.git/s.py:1".to_owned()]));
    std::fs::create_dir(folder.path().join("true")).expect("room");
    git(&folder.path().join("true"), &["init", "--quiet"]);
    write(folder.path(), "true/a.py", "a = 1\n");
    let (code, report) = gate(folder.path(), &["true"]);
    let (outcome, count, detail) = said(&report, "repositories of git").expect("it is said");
    assert_eq!((code, outcome.as_str(), count), (0, "not-read", 1));
    assert!(detail.contains("--history"), "{detail}");
}
