//! The baseline: what it hides, what it does not, and what is said of it.

use std::path::Path;

use serde_json::Value;

use crate::secrets::{found, gate, line, said};
use crate::tree::{NOW, Ran, folder, github_token, nonhuman, run, write};

const FILE: &str = "nonhuman-baseline.jsonl";

fn baselined(folder: &Path, arguments: &[&str]) -> (i32, Value) {
    let mut all = vec!["--baseline", FILE];
    all.extend(arguments);
    gate(folder, &all)
}

/// Writes the baseline and gives what is said of it.
fn accept(folder: &Path, arguments: &[&str]) -> Ran {
    let mut all = vec!["secrets", "--now", NOW, "--baseline", FILE, "--write-baseline"];
    all.extend(arguments);
    run(folder, &all)
}

fn lines(folder: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join(FILE)).expect("it is written");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Changes the entry of a path.
fn edit(folder: &Path, path: &str, change: impl Fn(&mut Value)) {
    let mut all = lines(folder);
    let entry = all.iter_mut().find(|line| line["path"] == path).expect("it is there");
    change(entry);
    let text: String = all.iter().map(|line| format!("{line}\n")).collect();
    write(folder, FILE, text);
}

#[test]
fn what_is_accepted_is_hidden_and_counted_and_the_rest_is_raised() {
    let folder = folder();
    let path = folder.path();
    write(path, "src/a.py", line("old"));
    let ran = accept(path, &[]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert!(ran.stderr.contains("nonhuman-baseline.jsonl: 1 added (0 moved), 0 kept, 0 taken out"), "{}", ran.stderr);
    let (code, report) = baselined(path, &[]);
    assert_eq!((code, found(&report).len()), (0, 0));
    assert_eq!(report["summary"]["in_baseline"], 1);
    assert_eq!(said(&report, "accepted findings").map(|said| said.1), Some(1));
    // Lines above and a move within the file change nothing.
    write(path, "src/a.py", format!("import os\n\n\n{}", line("old")));
    assert_eq!(baselined(path, &[]).0, 0);
    // Another secret on the same line does.
    let other = github_token("other");
    write(path, "src/a.py", format!("import os\nu = \"{other}\"; {}", line("old")));
    let (code, report) = baselined(path, &[]);
    assert_eq!((code, found(&report)), (1, vec!["leaked-secret src/a.py:2".to_owned()]));
    write(path, "src/a.py", line("rotated"));
    assert_eq!(found(&baselined(path, &[]).1), ["leaked-secret src/a.py:1"], "another value in its place");
    // So does the same secret in another file.
    write(path, "src/a.py", line("old"));
    write(path, "src/b.py", line("old"));
    let (code, report) = baselined(path, &[]);
    assert_eq!((code, found(&report)), (1, vec!["leaked-secret src/b.py:1".to_owned()]));
    assert_eq!(report["findings"][0]["baseline"]["state"], "elsewhere");
}

#[test]
fn all_shows_what_is_accepted_and_fails_for_none_of_it() {
    let folder = folder();
    write(folder.path(), "a.py", line("a"));
    accept(folder.path(), &[]);
    edit(folder.path(), "a.py", |entry| {
        entry["reason"] = "a key of the tests".into();
        entry["owner"] = "team-a".into();
    });
    let (code, report) = baselined(folder.path(), &["--only", "all"]);
    assert_eq!((code, found(&report).len()), (0, 1));
    assert_eq!(report["findings"][0]["baseline"]["reason"], "a key of the tests");
    let table = run(folder.path(), &["secrets", "--baseline", FILE, "--only", "all", "--now", NOW]).stdout;
    assert!(table.contains("accepted in the baseline: a key of the tests, team-a"), "{table}");
    let github = run(folder.path(), &["secrets", "--baseline", FILE, "--only", "all", "--format", "github"]).stdout;
    assert!(github.starts_with("::notice file=a.py,line=1,"), "{github}");
    // `scan` has the same flags.
    assert_eq!(run(folder.path(), &["scan", "--baseline", FILE]).code, 0);
    assert_eq!(run(folder.path(), &["scan"]).code, 1);
}

#[test]
fn the_file_is_sorted_and_holds_no_line_and_no_time() {
    let folder = folder();
    let path = folder.path();
    for name in ["b.py", "a.py", "sub/c.py"] {
        write(path, name, line(name));
    }
    accept(path, &[]);
    let text = std::fs::read_to_string(path.join(FILE)).expect("it is written");
    let rows = lines(path);
    assert_eq!(rows[0]["form"], "nonhuman/baseline/v1");
    let paths: Vec<&str> = rows[1..].iter().map(|row| row["path"].as_str().expect("text")).collect();
    assert_eq!(paths, ["a.py", "b.py", "sub/c.py"]);
    let fields: Vec<&String> = rows[1].as_object().expect("an object").keys().collect();
    assert_eq!(fields, ["detector", "expires", "fingerprint", "owner", "path", "reason"]);
    assert!(
        text.lines()
            .nth(1)
            .expect("a line")
            .starts_with("{\"path\":\"a.py\",\"detector\":\"github-token\",\"fingerprint\":\"")
    );
    assert!(!text.contains(&github_token("a.py")) && !text.contains("2026"), "{text}");
    // Another day and other lines give the same bytes; the file itself holds nothing to find.
    write(path, "a.py", format!("\n\n{}", line("a.py")));
    let ran = run(path, &["secrets", "--now", "2027-05-05", "--baseline", FILE, "--write-baseline"]);
    assert!(ran.stderr.contains("0 added (0 moved), 3 kept, 0 taken out"), "{}", ran.stderr);
    assert_eq!(std::fs::read_to_string(path.join(FILE)).expect("it is there"), text);
}

/// A branch that adds one entry and a branch that adds another merge without a conflict.
#[test]
fn two_branches_merge() {
    let folder = folder();
    let path = folder.path();
    for name in ["b", "d", "f", "h", "k", "n", "r", "t"] {
        write(path, &format!("{name}.py"), line(name));
    }
    accept(path, &[]);
    let base = std::fs::read_to_string(path.join(FILE)).expect("it is there");
    let with = |name: &str| {
        write(path, &format!("{name}.py"), line(name));
        write(path, FILE, &base);
        accept(path, &[]);
        let text = std::fs::read_to_string(path.join(FILE)).expect("it is there");
        std::fs::remove_file(path.join(format!("{name}.py"))).expect("it is there");
        text
    };
    let (ours, theirs) = (with("c"), with("s"));
    let elsewhere = crate::tree::folder();
    for (name, text) in [("base", &base), ("ours", &ours), ("theirs", &theirs)] {
        write(elsewhere.path(), name, text);
    }
    let merged = std::process::Command::new("git")
        .current_dir(elsewhere.path())
        .args(["merge-file", "-p", "ours", "base", "theirs"])
        .output();
    let merged = merged.expect("git is there");
    assert!(merged.status.success(), "a conflict: {}", String::from_utf8_lossy(&merged.stdout));
    write(path, FILE, &merged.stdout);
    for name in ["c", "s"] {
        write(path, &format!("{name}.py"), line(name));
    }
    assert_eq!(baselined(path, &[]).0, 0);
    // `merge=union` may leave the lines in any order and twice.
    let union: String = [&ours, &theirs].into_iter().map(|text| text.as_str()).collect();
    write(path, FILE, union);
    assert_eq!(baselined(path, &[]).0, 0);
}

#[test]
fn rewriting_keeps_words_drops_what_is_gone_and_keeps_what_was_not_searched() {
    let folder = folder();
    let path = folder.path();
    for name in ["kept.py", "gone.py", "deleted.py", "moved.py", "other/far.py"] {
        write(path, name, line(name));
    }
    accept(path, &[]);
    for name in ["kept.py", "moved.py"] {
        edit(path, name, |entry| {
            entry["reason"] = format!("why {name}").into();
            entry["owner"] = "team-a".into();
            entry["expires"] = "2030-01-31".into();
        });
    }
    write(path, "gone.py", "x = 1\n");
    std::fs::remove_file(path.join("deleted.py")).expect("it is there");
    std::fs::rename(path.join("moved.py"), path.join("new.py")).expect("it is there");
    write(path, "added.py", line("added"));
    // Before: a moved file is raised with a hint; what is gone is said, and what was not searched is not.
    let (code, report) = baselined(path, &["."]);
    assert_eq!(
        (code, found(&report)),
        (1, vec!["leaked-secret added.py:1".to_owned(), "leaked-secret new.py:1".to_owned()])
    );
    let note = &report["findings"][1]["baseline"];
    assert_eq!((note["state"].as_str(), note["path"].as_str()), (Some("elsewhere"), Some("moved.py")));
    let stale = said(&report, "stale entries").expect("it is said");
    let names = "deleted.py (github-token), gone.py (github-token), moved.py (github-token, until 2030-01-31)";
    assert_eq!((stale.0.as_str(), stale.1, stale.2.as_str()), ("not-read", 3, names));
    for format in ["table", "jsonl", "csv", "csv-inventory", "sarif", "github", "gitlab", "junit", "markdown", "html"] {
        let ran = run(path, &["secrets", "--baseline", FILE, "--format", format, "--now", NOW]);
        assert!(ran.stdout.contains("stale entries") && ran.stdout.contains("deleted.py"), "{format}: {}", ran.stdout);
    }
    assert_eq!(said(&baselined(path, &["kept.py"]).1, "stale entries"), None, "only one file was searched");
    assert_eq!(said(&baselined(path, &["gone.py"]).1, "stale entries").map(|said| said.1), Some(1));
    // After.
    let ran = accept(path, &["kept.py", "gone.py", "new.py", "added.py", "deleted.py"]);
    assert_eq!(ran.code, 2, "a path that is not there: {}", ran.stderr);
    let ran = accept(path, &["."]);
    assert!(ran.stderr.contains("2 added (1 moved), 2 kept, 3 taken out"), "{}", ran.stderr);
    let rows = lines(path);
    let words = |name: &str| {
        let row = rows.iter().find(|row| row["path"] == name).expect("it is there");
        [&row["reason"], &row["owner"], &row["expires"]].map(|text| text.as_str().expect("text").to_owned())
    };
    assert_eq!(words("kept.py"), ["why kept.py", "team-a", "2030-01-31"]);
    assert_eq!(words("new.py"), ["why moved.py", "team-a", "2030-01-31"]);
    assert_eq!(words("added.py"), ["", "", ""]);
    assert_eq!(rows.len(), 1 + 4);
    // A scan of a part leaves the rest as it is.
    accept(path, &["kept.py"]);
    assert_eq!(lines(path), rows);
}

#[test]
fn an_acceptance_ends_with_its_last_day() {
    let folder = folder();
    let path = folder.path();
    write(path, "a.py", line("a"));
    accept(path, &[]);
    edit(path, "a.py", |entry| entry["expires"] = "2026-11-21".into());
    let (code, report) = baselined(path, &[]);
    assert_eq!((code, found(&report)), (1, vec!["leaked-secret a.py:1".to_owned()]));
    assert_eq!(report["findings"][0]["baseline"]["state"], "expired");
    assert_eq!(
        said(&report, "expired entries").map(|said| said.2),
        Some("a.py (github-token, until 2026-11-21)".to_owned())
    );
    // Writing it anew renews nothing: the day is somebody's word.
    assert_eq!(accept(path, &[]).code, 1);
    assert_eq!(lines(path)[1]["expires"], "2026-11-21");
    edit(path, "a.py", |entry| entry["expires"] = "2026-11-22".into());
    assert_eq!(baselined(path, &[]).0, 0, "the day itself counts");
}

#[test]
fn a_baseline_of_another_key_is_refused() {
    let folder = folder();
    write(folder.path(), "a.py", line("a"));
    accept(folder.path(), &[]);
    let ran: Ran = nonhuman(folder.path())
        .args(["secrets", "--baseline", FILE])
        .env("NONHUMAN_FINGERPRINT_KEY", "another key")
        .output()
        .expect("it starts")
        .into();
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains(&format!("{FILE}:1: its fingerprints were made under another key")), "{}", ran.stderr);
    assert!(ran.stderr.contains("NONHUMAN_FINGERPRINT_KEY"), "{}", ran.stderr);
}

#[test]
fn what_is_wrong_is_said_with_file_and_line() {
    let folder = folder();
    let path = folder.path();
    write(path, "a.py", line("a"));
    let refused = |arguments: &[&str], message: &str| {
        let ran = run(path, &[&["secrets"], arguments].concat());
        assert_eq!(ran.code, 2, "{arguments:?}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains(message), "{arguments:?}\n  expected {message}\n  got      {}", ran.stderr);
    };
    refused(&["--baseline", "none.jsonl"], "none.jsonl: there is no such baseline; --write-baseline makes it");
    refused(&["--write-baseline"], "--write-baseline needs a baseline");
    refused(&["--only", "new"], "--only new needs a baseline");
    write(path, FILE, "{}\n");
    refused(&["--baseline", FILE], &format!("{FILE}:1: this is no baseline"));
    std::fs::remove_file(path.join(FILE)).expect("it is there");
    accept(path, &[]);
    edit(path, "a.py", |entry| entry["expires"] = "next year".into());
    refused(&["--baseline", FILE], &format!("{FILE}:2: column"));
    refused(&["--baseline", FILE], "'next year' is no day such as 2027-01-31");
}

/// Promise 4: it comes from the caller's directory, the configuration or a flag, never from what is scanned.
#[test]
fn a_scanned_tree_brings_no_baseline() {
    let folder = folder();
    let path = folder.path();
    write(path, "repo/a.py", line("a"));
    let ran = run(&path.join("repo"), &["secrets", "--baseline", FILE, "--write-baseline"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    write(path, "repo/nonhuman.toml", format!("baseline = \"{FILE}\"\n"));
    assert_eq!(gate(path, &["repo"]).0, 1, "the tree's own configuration and baseline are not looked for");
    assert_eq!(gate(&path.join("repo"), &[]).0, 0, "the caller's are");
    assert_eq!(gate(&path.join("repo"), &["--isolated"]).0, 1);
}

/// Paths in it are relative to its folder, from wherever below it the gate is started.
#[test]
fn it_holds_from_any_folder_below_it() {
    let folder = folder();
    let path = folder.path();
    write(path, "sub/deep/a.py", line("a"));
    accept(path, &[]);
    assert_eq!(lines(path)[1]["path"], "sub/deep/a.py");
    let below = path.join("sub");
    let named = format!("../{FILE}");
    for root in [".", "deep/a.py", "../sub", &path.to_string_lossy()] {
        let ran = run(&below, &["secrets", root, "--baseline", &named]);
        assert_eq!(ran.code, 0, "{root}: {}{}", ran.stdout, ran.stderr);
    }
    // One that lies elsewhere speaks of where the caller stands.
    let away = crate::tree::folder();
    let file = away.path().join("b.jsonl").to_string_lossy().into_owned();
    run(path, &["secrets", "--baseline", &file, "--write-baseline"]);
    assert!(std::fs::read_to_string(&file).expect("it is written").contains("\"path\":\"sub/deep/a.py\""));
    assert_eq!(run(path, &["secrets", "--baseline", &file]).code, 0);
}

/// What lies in old commits alone is marked, so that no scan of today's files calls it stale. Records stand in for a
/// repository: `evaluate` takes a baseline, too.
#[test]
fn what_only_the_history_holds_is_marked() {
    let folder = folder();
    let path = folder.path();
    write(path, "old.py", line("old"));
    write(path, "new.py", line("new"));
    let records = run(path, &["collect", "--now", NOW]).stdout;
    let commit = "\"introduced\":{\"id\":\"0123456789abcdef0123456789abcdef01234567\",\"author\":\"Jana\",\
                  \"email\":\"jana@acme.example\",\"date\":\"2024-05-06T07:08:09Z\",\"in_head\":false}";
    let with_commit = |line: &str| {
        let is_old = line.contains("\"path\":\"old.py\"");
        if is_old { line.replacen('{', &format!("{{{commit},"), 1) } else { line.to_owned() }
    };
    let records: String = records.lines().map(|line| with_commit(line) + "\n").collect();
    write(path, "records.jsonl", &records);
    let evaluate = ["evaluate", "records.jsonl", "--baseline", FILE, "--now", NOW, "--format", "json"];
    let ran = run(path, &[evaluate.as_slice(), &["--write-baseline"]].concat());
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let rows = lines(path);
    let of = |name: &str| rows.iter().find(|row| row["path"] == name).expect("it is there")["history"].clone();
    assert_eq!((of("old.py"), of("new.py")), (Value::Bool(true), Value::Null));
    std::fs::remove_file(path.join("records.jsonl")).expect("it is there");
    for name in ["old.py", "new.py"] {
        std::fs::remove_file(path.join(name)).expect("it is there");
    }
    write(path, "else.py", "x = 1\n");
    let (_, report) = baselined(path, &[]);
    assert_eq!(said(&report, "stale entries").map(|said| said.2), Some("new.py (github-token)".to_owned()));
}

/// What could not be read may still hold what an entry speaks of.
#[test]
fn nothing_is_stale_that_was_not_read() {
    let folder = folder();
    let path = folder.path();
    write(path, "t/hidden/a.py", line("a"));
    write(path, "t/b.py", line("b"));
    run(path, &["secrets", "t", "--baseline", FILE, "--write-baseline"]);
    write(path, "t/.git/HEAD", "ref: refs/heads/main\n");
    write(path, "t/.gitignore", "hidden\n");
    assert_eq!(said(&baselined(path, &["t"]).1, "stale entries"), None, "the file is there and was not read");
    let ran = run(path, &["secrets", "t", "--baseline", FILE, "--write-baseline"]);
    assert!(ran.stderr.contains("0 added (0 moved), 2 kept, 0 taken out"), "{}", ran.stderr);
    assert_eq!(baselined(path, &["t", "--no-ignore"]).0, 0);
}
