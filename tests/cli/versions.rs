//! What a version of a file adds: one more of a value that is there already, what lies in its archives, and what its
//! allow comments say.

use std::path::Path;

use serde_json::Value;

use crate::git::{commit, git, repository};
use crate::pack::{file, zip};
use crate::tree::{NOW, github_token, run, write};

fn secret(seed: &str) -> String {
    format!("token = \"{}\"\n", github_token(seed))
}

fn scan(folder: &Path, arguments: &[&str]) -> Value {
    let mut all = vec!["secrets", "--isolated", "--format", "json", "--now", NOW];
    all.extend(arguments);
    let ran = run(folder, &all);
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", ran.stdout, ran.stderr))
}

/// Every exposure as `path:line` and, for more than one of a value, its number in the file; with whether HEAD has it.
fn places(report: &Value) -> Vec<String> {
    let exposures = report["exposures"].as_array().expect("a list");
    let mut places: Vec<String> = exposures
        .iter()
        .map(|one| {
            let place = &one["evidence"]["location"];
            let id = one["id"].as_str().expect("text");
            let number = id.rsplit_once('#').map(|(_, number)| format!("#{number}")).unwrap_or_default();
            let head = if one["introduced"]["in_head"] == true { " in HEAD" } else { "" };
            format!("{}:{}{number}{head}", place["path"].as_str().expect("text"), place["line"])
        })
        .collect();
    places.sort();
    places
}

fn said(report: &Value, what: &str) -> Option<(String, u64, String)> {
    let entry = report["coverage"].as_array().expect("a list").iter().find(|one| one["what"] == what)?;
    let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    Some((text("outcome"), entry["count"].as_u64().expect("a number"), text("detail")))
}

#[test]
fn every_place_of_a_value_in_a_file_is_told() {
    let folder = repository();
    let path = folder.path();
    let token = secret("twice");
    write(path, "a.py", format!("one = 1\n{token}two = 2\n{token}"));
    commit(path, "two at once");
    assert_eq!(places(&scan(path, &["--history"])), ["a.py:2 in HEAD", "a.py:4#2 in HEAD"]);
    // Moved, and nothing more.
    write(path, "a.py", format!("{token}one = 1\ntwo = 2\nthree = 3\n{token}"));
    commit(path, "moved");
    assert_eq!(places(&scan(path, &["--history"])), ["a.py:2 in HEAD", "a.py:4#2 in HEAD"]);
    // One more, far from the others.
    write(path, "a.py", format!("{token}one = 1\ntwo = 2\nthree = 3\n{token}four = 4\n{token}"));
    commit(path, "a third");
    assert_eq!(places(&scan(path, &["--history"])), ["a.py:2 in HEAD", "a.py:4#2 in HEAD", "a.py:7#3 in HEAD"]);
    assert_eq!(places(&scan(path, &["--since", "HEAD~1"])), ["a.py:7#3 in HEAD"]);
    write(path, "a.py", format!("one = 1\ntwo = 2\nthree = 3\n{token}four = 4\n"));
    commit(path, "two are gone");
    assert_eq!(places(&scan(path, &["--history"])), ["a.py:2 in HEAD", "a.py:4#2", "a.py:7#3"]);
    write(path, "a.py", format!("one = 1\ntwo = 2\nthree = 3\n{token}four = 4\n{token}"));
    git(path, &["add", "a.py"]);
    assert_eq!(places(&scan(path, &["--staged"])), ["a.py:6#2"]);
}

/// What reviewers are shown is the line of today, not that of a commit long ago.
#[test]
fn what_moved_is_shown_where_it_lies_in_head() {
    let folder = repository();
    let path = folder.path();
    let token = secret("moved");
    write(path, "a.py", format!("one = 1\n{token}"));
    write(path, "twice.py", format!("{token}{token}"));
    commit(path, "brought");
    write(path, "a.py", format!("{}{token}", "x = 1\n".repeat(50)));
    write(path, "twice.py", format!("{token}{}{token}", "x = 1\n".repeat(9)));
    commit(path, "moved");
    for arguments in [&["--history"][..], &["--since", "HEAD~2"]] {
        let report = scan(path, arguments);
        let of = |name: &str| {
            let exposures = report["exposures"].as_array().expect("a list").iter();
            let places = exposures.filter(|one| one["evidence"]["location"]["path"] == name);
            let mut lines: Vec<(u64, u64)> = places
                .map(|one| {
                    let (was, is) = (&one["evidence"]["location"]["line"], &one["introduced"]["lies_at"]["line"]);
                    (was.as_u64().expect("a line"), is.as_u64().unwrap_or_default())
                })
                .collect();
            lines.sort_unstable();
            lines
        };
        assert_eq!((of("a.py"), of("twice.py")), (vec![(2, 51)], vec![(1, 0), (2, 11)]), "{arguments:?}");
        let all = [&["secrets", "--isolated", "--now", NOW, "--format", "github"], arguments].concat();
        let told = run(path, &all).stdout;
        assert!(told.contains("file=a.py,line=51,") && !told.contains("line=2,"), "{told}");
    }
}

/// Forges keep the heads of pull requests under names of their own.
#[test]
fn the_heads_of_pull_requests_are_read() {
    let folder = repository();
    let path = folder.path();
    git(path, &["checkout", "--quiet", "--detach", "main"]);
    write(path, "pull.py", secret("pull"));
    let head = commit(path, "of a pull request");
    for (name, of) in [("refs/pull/7/head", "github"), ("refs/merge-requests/7/head", "gitlab")] {
        git(path, &["checkout", "--quiet", "main"]);
        git(path, &["update-ref", name, &head]);
        assert_eq!(places(&scan(path, &["--history"])), ["pull.py:1"], "{of}");
        assert_eq!(places(&scan(path, &["--range", &format!("main..{name}")])), ["pull.py:1"], "{of}");
        git(path, &["update-ref", "-d", name]);
    }
}

/// A bomb that somebody committed costs no more than one that lies there.
#[test]
fn a_packed_bomb_in_a_history_is_a_hole_and_the_rest_is_found() {
    let folder = repository();
    let path = folder.path();
    write(path, "bomb.zip", zip(&[file("zeros.txt", &vec![b' '; 48 << 20])]));
    write(path, "a.py", secret("rest"));
    commit(path, "both");
    git(path, &["rm", "--quiet", "bomb.zip"]);
    commit(path, "the bomb is gone");
    let report = scan(path, &["--history"]);
    assert_eq!(places(&report), ["a.py:1 in HEAD"]);
    let (outcome, _, detail) = said(&report, "bomb.zip").expect("it is told");
    assert_eq!((outcome.as_str(), detail.starts_with("it unpacks to more than")), ("partial", true), "{detail}");
    assert_eq!(report["summary"]["incomplete"], true);
}

#[test]
fn archives_in_a_history_are_opened() {
    let folder = repository();
    let path = folder.path();
    let packed = |seed: &str| zip(&[file("conf/app.env", secret(seed).as_bytes())]);
    write(path, "app.jar", packed("old"));
    commit(path, "first");
    write(path, "app.jar", packed("new"));
    commit(path, "second");
    let report = scan(path, &["--history"]);
    assert_eq!(places(&report), ["app.jar!/conf/app.env:1", "app.jar!/conf/app.env:1 in HEAD"]);
    assert_eq!(said(&report, "archives"), Some(("complete".to_owned(), 2, "2 files in them".to_owned())));
    assert_eq!(places(&scan(path, &["--since", "HEAD~1"])), ["app.jar!/conf/app.env:1 in HEAD"]);
    let report = scan(path, &["--history", "--no-archives"]);
    assert!(places(&report).is_empty());
    let why = "--no-archives was given: app.jar".to_owned();
    assert_eq!(said(&report, "archives"), Some(("not-read".to_owned(), 1, why)));
    write(path, "app.jar", &packed("cut")[..60]);
    git(path, &["add", "app.jar"]);
    let report = scan(path, &["--staged"]);
    assert_eq!(said(&report, "app.jar").map(|said| said.0), Some("failed".to_owned()), "{report}");
}

#[test]
fn comments_of_the_last_version_are_told() {
    let folder = repository();
    let path = folder.path();
    let marked = |seed: &str, comment: &str| format!("{} # nonhuman: allow {comment}\n", secret(seed).trim_end());
    write(path, "a.py", format!("{}b = 1 # nonhuman: allow\n", marked("over", "until=2020-01-01")));
    commit(path, "both are there");
    let (over, unused) = ("expired allow comments", "allow comments that allow nothing");
    for arguments in [&["--history"][..], &["--since", "HEAD~1"]] {
        let report = scan(path, arguments);
        assert_eq!(said(&report, over).map(|said| said.2), Some("a.py:1 (until 2020-01-01)".to_owned()));
        assert_eq!(said(&report, unused).map(|said| said.2), Some("a.py:2".to_owned()));
    }
    write(path, "a.py", secret("over"));
    // A new comment above an old secret allows it.
    write(path, "b.py", secret("later"));
    commit(path, "taken out");
    let report = scan(path, &["--history"]);
    assert_eq!((said(&report, over), said(&report, unused)), (None, None), "nobody mends an old version");
    write(path, "b.py", format!("# nonhuman: allow reason=for the test\n{}", secret("later")));
    write(path, "c.py", "c = 1 # nonhuman: allow\n");
    git(path, &["add", "--all"]);
    let report = scan(path, &["--staged"]);
    assert_eq!(said(&report, unused).map(|said| said.2), Some("c.py:1".to_owned()));
}

#[test]
fn a_submodule_that_becomes_a_file_is_no_hole() {
    let folder = repository();
    let path = folder.path();
    let inner = repository();
    git(path, &["submodule", "--quiet", "add", inner.path().to_str().expect("text"), "mod"]);
    commit(path, "with a submodule");
    git(path, &["rm", "--quiet", "--cached", "mod"]);
    std::fs::remove_dir_all(path.join("mod")).expect("it is there");
    write(path, "mod", secret("mod"));
    git(path, &["add", "mod"]);
    let report = scan(path, &["--staged"]);
    assert_eq!((places(&report), &report["summary"]["incomplete"]), (vec!["mod:1".to_owned()], &Value::Bool(false)));
}

/// A tree of ten times the same tree, ten levels deep: ten thousand million paths in a few objects.
#[test]
fn a_bomb_of_trees_is_a_hole_and_the_rest_is_found() {
    let folder = repository();
    let path = folder.path();
    write(path, "a.py", secret("before"));
    commit(path, "a file");
    let make = |entries: Vec<String>| {
        write(path, "entries", entries.concat());
        let script = "git mktree < entries";
        let ran = std::process::Command::new("sh").args(["-c", script]).current_dir(path).output().expect("it starts");
        String::from_utf8(ran.stdout).expect("text").trim().to_owned()
    };
    let blob = git(path, &["hash-object", "-w", "a.py"]);
    let mut tree = make((0..10).map(|number| format!("100644 blob {blob}\tf{number}\n")).collect());
    for _ in 1..10 {
        tree = make((0..10).map(|number| format!("040000 tree {tree}\td{number}\n")).collect());
    }
    let empty = make(Vec::new());
    let harmless = git(path, &["commit-tree", "-m", "empty", &empty]);
    let bomb = git(path, &["commit-tree", "-p", &harmless, "-m", "bomb", &tree]);
    // What is staged is what the index has, whatever HEAD is.
    git(path, &["update-ref", "refs/heads/main", &bomb]);
    write(path, "b.py", secret("staged"));
    git(path, &["add", "b.py"]);
    // `a.py` is what HEAD has under ten thousand million other names: it was moved.
    assert_eq!(places(&scan(path, &["--staged"])), ["b.py:1"]);
}
