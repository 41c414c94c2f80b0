//! How trees are called: one repository has one name in every checkout, and two never share one. What is remembered and
//! decided of one is of no other.

use std::path::Path;

use serde_json::Value;

use crate::git::{commit, git};
use crate::secrets::line;
use crate::tree::{Ran, folder, nonhuman, run, write};

/// A repository with a secret and an agent that nobody is asked by.
fn repository(folder: &Path, path: &str, remote: &str) {
    write(folder, &format!("{path}/a.py"), line("one"));
    write(folder, &format!("{path}/.claude/settings.json"), r#"{"permissions":{"defaultMode":"bypassPermissions"}}"#);
    git(folder, &["init", "--quiet", path]);
    if !remote.is_empty() {
        git(&folder.join(path), &["remote", "add", "origin", remote]);
    }
}

/// Scans the folder itself from within it, into a history and against a baseline that lie elsewhere.
fn scan(memory: &Path, tree: &Path, day: &str, more: &[&str]) -> (Ran, Value) {
    let [history, baseline] = ["h.db", "b.jsonl"].map(|name| memory.join(name).to_string_lossy().into_owned());
    let mut arguments = vec!["scan", "--isolated", "--now", day, "--format", "json", "--history-file", &history];
    if memory.join("b.jsonl").exists() {
        arguments.extend(["--baseline", &baseline]);
    }
    let ran = run(tree, &[&arguments, more].concat());
    let report = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    (ran, report)
}

/// What the last scan changed, as `change rule`.
fn changes(memory: &Path) -> Vec<String> {
    let ran = run(memory, &["diff", "--isolated", "--history-file", "h.db", "--format", "json"]);
    let diff: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let told = diff["findings"].as_array().expect("a list").iter();
    let mut told: Vec<String> = told.map(|one| format!("{} {}", one["change"], one["rule"]).replace('"', "")).collect();
    told.sort();
    told
}

fn subjects(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().expect("a list").iter();
    findings.map(|one| one["subject"].as_str().expect("text").to_owned()).collect()
}

const BOTH: [&str; 2] = ["new agent-approvals-off", "new leaked-secret"];

#[test]
fn a_repository_has_one_name_in_every_checkout_and_shares_it_with_no_other() {
    let (work, memory) = (folder(), folder());
    let (path, memory) = (work.path(), memory.path());
    repository(path, "x/api", "https://ci:not-for-logs@github.com/acme/api.git");
    repository(path, "y/api", "git@gitlab.acme.example:team/api.git");
    let (_, report) = scan(memory, &path.join("x/api"), "2026-11-01", &[]);
    assert_eq!(changes(memory), BOTH);
    for subject in subjects(&report) {
        assert!(subject.contains("github.com/acme/api/"), "{subject}");
    }
    assert!(!report.to_string().contains("not-for-logs"), "an address may hold a password");
    // The other one is another one, although both are scanned as `.` and their folders have one name.
    scan(memory, &path.join("y/api"), "2026-11-02", &[]);
    assert_eq!(changes(memory), [BOTH, ["not-seen agent-approvals-off", "not-seen leaked-secret"]].concat());
    // Other checkouts of the first are the first: another folder, another address, a work tree, an export with a word of
    // the pipeline or of the caller.
    repository(path, "ci/build-7", "ssh://git@github.com:22/acme/api");
    git(&path.join("x/api"), &["add", "--all"]);
    commit(&path.join("x/api"), "first");
    git(&path.join("x/api"), &["worktree", "add", "--quiet", "../../ci/tree", "HEAD"]);
    write(path, "ci/export/a.py", line("one"));
    write(path, "ci/export/.claude/settings.json", r#"{"permissions":{"defaultMode":"bypassPermissions"}}"#);
    for (day, tree, more) in [
        ("2026-11-03", "ci/build-7", [].as_slice()),
        ("2026-11-04", "ci/tree", &[]),
        ("2026-11-05", "ci/export", &["--tree-name", "github.com/acme/api"]),
    ] {
        let (_, report) = scan(memory, &path.join(tree), day, more);
        let states: Vec<&Value> =
            report["findings"].as_array().expect("a list").iter().map(|one| &one["history"]["state"]).collect();
        assert_eq!(states, ["known", "known"], "{tree}");
    }
    let export = path.join("ci/export").canonicalize().expect("it is there");
    let ran: Ran = nonhuman(&export)
        .args(["scan", "--isolated", "--format", "json"])
        .env("GITHUB_WORKSPACE", &export)
        .env("GITHUB_SERVER_URL", "https://github.com")
        .env("GITHUB_REPOSITORY", "acme/api")
        .output()
        .expect("it starts")
        .into();
    let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert!(subjects(&report).iter().all(|one| one.contains("github.com/acme/api/")), "{report}");
    // What is gone from one is gone there alone.
    std::fs::remove_file(path.join("x/api/a.py")).expect("it is there");
    scan(memory, &path.join("x/api"), "2026-11-06", &[]);
    assert_eq!(changes(memory), ["resolved leaked-secret"]);
}

#[test]
fn what_was_decided_of_one_repository_is_not_of_another() {
    let (work, memory) = (folder(), folder());
    let (path, memory) = (work.path(), memory.path());
    repository(path, "x/api", "https://github.com/acme/api");
    repository(path, "y/api", "https://github.com/other/api");
    repository(path, "ci/1", "git@github.com:acme/api.git");
    let baseline = memory.join("b.jsonl").to_string_lossy().into_owned();
    let write_baseline = |tree: &str| {
        let arguments = ["secrets", "--isolated", "--quiet", "--baseline", &baseline, "--write-baseline"];
        assert_eq!(run(&path.join(tree), &arguments).code, 0);
        std::fs::read_to_string(&baseline).expect("it is written")
    };
    // A baseline that lies apart calls the file by its tree.
    let text = write_baseline("x/api");
    assert!(text.contains(r#"{"tree":"github.com/acme/api","path":"a.py","#), "{text}");
    let (_, report) = scan(memory, &path.join("x/api"), "2026-11-01", &[]);
    let print = report["findings"][0]["fingerprint"].as_str().expect("text").to_owned();
    let accept = ["triage", "accept", &print, "--isolated", "--baseline", "b.jsonl", "--history-file", "h.db"];
    let why = ["--reason", "a sandbox", "--by", "ada@example.com", "--now", "2026-11-01"];
    assert_eq!(run(memory, &[accept.as_slice(), &why].concat()).code, 0);
    for (tree, code, open) in [("x/api", 0, 0), ("y/api", 1, 2), ("ci/1", 0, 0)] {
        let (ran, report) = scan(memory, &path.join(tree), "2026-11-02", &[]);
        assert_eq!((ran.code, subjects(&report).len()), (code, open), "{tree}: {}", ran.stderr);
    }
    // What another repository says of its own takes nothing of the first out.
    let text = write_baseline("y/api");
    assert_eq!(text.matches(r#""path":"a.py""#).count(), 2, "{text}");
    std::fs::remove_file(path.join("x/api/a.py")).expect("it is there");
    let text = write_baseline("x/api");
    assert!(
        !text.contains(r#""tree":"github.com/acme/api""#) && text.contains(r#""tree":"github.com/other/api""#),
        "{text}"
    );
}

/// Scans of a tree that had no name beside its path and its folder go on under the name that it has now.
#[test]
fn what_was_known_under_the_path_is_known_under_the_name() {
    let (work, memory) = (folder(), folder());
    let (path, memory) = (work.path(), memory.path());
    repository(path, "clones/api", "");
    let (_, report) = scan(memory, path, "2026-11-01", &["clones/api"]);
    assert!(subjects(&report).iter().all(|one| one.contains("/api/") || one.contains(":api/")), "{report}");
    let finding =
        report["findings"].as_array().expect("a list").iter().find(|one| one["rule"] == "agent-approvals-off");
    let print = finding.expect("it is found")["fingerprint"].as_str().expect("text");
    let accept = ["triage", "accept", print, "--isolated", "--baseline", "b.jsonl", "--history-file", "h.db"];
    assert_eq!(run(memory, &[accept.as_slice(), &["--reason", "r", "--by", "j"]].concat()).code, 0);
    git(&path.join("clones/api"), &["remote", "add", "origin", "https://github.com/acme/api"]);
    let (_, report) = scan(memory, path, "2026-11-02", &["clones/api", "--only", "all"]);
    let told: Vec<(&Value, &Value)> = report["findings"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| (&one["history"]["first_seen"], &one["baseline"]["state"]))
        .collect();
    assert_eq!(told.len(), 2);
    assert!(told.iter().all(|(first, _)| *first == "2026-11-01T00:00:00Z"), "{told:?}");
    assert!(told.iter().any(|(_, state)| *state == "accepted"), "{told:?}");
    let ran = run(memory, &["diff", "--isolated", "--history-file", "h.db", "--format", "json"]);
    let diff: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(diff["identities"], serde_json::json!([]), "nothing appeared and nothing vanished");
    assert_eq!(changes(memory), ["muted agent-approvals-off"]);
    // And it is resolved under that name.
    std::fs::remove_file(path.join("clones/api/a.py")).expect("it is there");
    scan(memory, path, "2026-11-03", &["clones/api"]);
    assert_eq!(changes(memory), ["resolved leaked-secret"]);
    let ran = run(memory, &["diff", "--isolated", "--history-file", "h.db", "#1", "#3", "--format", "json"]);
    let diff: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let over_both: Vec<&Value> =
        diff["findings"].as_array().expect("a list").iter().map(|one| &one["change"]).collect();
    assert_eq!(over_both, ["resolved", "muted"]);
}

#[test]
fn the_caller_calls_trees_as_he_likes() {
    let folder = folder();
    let path = folder.path();
    for tree in ["one/api", "two/api"] {
        write(path, &format!("{tree}/a.py"), line("one"));
    }
    let names = |arguments: &[&str]| {
        let ran = run(path, &[&["secrets", "--format", "json"], arguments].concat());
        let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr));
        let mut subjects = subjects(&report);
        subjects.iter_mut().for_each(|one| *one = one.splitn(3, '/').last().unwrap_or_default().to_owned());
        subjects.sort();
        subjects
    };
    assert_eq!(names(&["one/api", "two/api"]), ["api/a.py", "two/api/a.py"]);
    write(path, "nonhuman.toml", "[trees]\n\"two/api\" = \"acme/shop\"\n");
    assert_eq!(names(&["one/api", "two/api"]), ["acme/shop/a.py", "api/a.py"]);
    assert_eq!(names(&["two/api", "--tree-name", "shop"]), ["shop/a.py"]);
    for (arguments, message) in [
        (["one/api", "two/api", "--tree-name", "x"].as_slice(), "--tree-name names one tree, and 2 are searched"),
        (&["one/api", "--tree-name", "a#b"], "--tree-name: 'a#b' names no tree"),
    ] {
        let ran = run(path, &[&["secrets"], arguments].concat());
        assert_eq!((ran.code, ran.stderr.contains(message)), (2, true), "{}", ran.stderr);
    }
}

/// Where no remote tells repositories of one name apart, their first commits do.
#[test]
fn repositories_without_a_remote_are_told_apart_by_their_first_commits() {
    let (work, memory) = (folder(), folder());
    let (path, memory) = (work.path(), memory.path());
    for (place, text) in [("x/api", "one"), ("y/api", "two")] {
        repository(path, place, "");
        write(path, &format!("{place}/README.md"), text);
        git(&path.join(place), &["add", "--all"]);
        commit(&path.join(place), text);
    }
    let (_, first) = scan(memory, &path.join("x/api"), "2026-11-01", &[]);
    assert!(subjects(&first).iter().any(|one| one.starts_with("agent:api/")), "{:?}", subjects(&first));
    // What was decided of the first says nothing of the second, with a memory and without.
    let finding = |report: &Value| -> String {
        let all = report["findings"].as_array().expect("a list");
        let one = all.iter().find(|one| one["rule"] == "agent-approvals-off").expect("it is there");
        one["fingerprint"].as_str().expect("text").to_owned()
    };
    let words = ["--reason", "so", "--by", "jana", "--baseline", "b.jsonl", "--history-file", "h.db"];
    let decided = run(memory, &[&["triage", "accept", &finding(&first)], &words[..]].concat());
    assert_eq!(decided.code, 0, "{}", decided.stderr);
    let accepted = |tree: &str| {
        let baseline = memory.join("b.jsonl").to_string_lossy().into_owned();
        let arguments = ["scan", "--isolated", "--quiet", "--baseline", &baseline, "--only", "all", "--format", "json"];
        let report: Value = serde_json::from_str(&run(&path.join(tree), &arguments).stdout).expect("a report");
        let all = report["findings"].as_array().expect("a list").iter();
        all.filter(|one| one["baseline"]["state"] == "accepted").count()
    };
    assert_eq!((accepted("x/api"), accepted("y/api")), (1, 0));
    let (ran, second) = scan(memory, &path.join("y/api"), "2026-11-02", &[]);
    assert!(ran.stdout.contains("another repository is remembered by the same name"), "{}", ran.stdout);
    let told = changes(memory);
    assert!(BOTH.iter().all(|one| told.contains(&(*one).to_owned())), "{told:?}");
    assert!(told.iter().all(|one| !one.starts_with("resolved")), "{told:?}");
    assert!(subjects(&second).iter().all(|one| !one.starts_with("agent:api/")), "{:?}", subjects(&second));
    // A second copy of the first is the first, wherever it lies, as long as its folder has the name.
    std::fs::create_dir(path.join("z")).expect("room");
    git(path, &["clone", "--quiet", "--bare", "x/api", "z/api.git"]);
    git(path, &["clone", "--quiet", "z/api.git", "z/api"]);
    git(&path.join("z/api"), &["remote", "remove", "origin"]);
    scan(memory, &path.join("z/api"), "2026-11-03", &["--only", "all"]);
    let news: Vec<String> = changes(memory).into_iter().filter(|one| one.starts_with("new")).collect();
    assert_eq!(news, Vec::<String>::new());
    // Night after night each goes on under its name.
    for (day, tree) in [("2026-11-04", "y/api"), ("2026-11-05", "x/api")] {
        scan(memory, &path.join(tree), day, &["--only", "all"]);
        let news: Vec<String> = changes(memory).into_iter().filter(|one| one.starts_with("new")).collect();
        assert_eq!(news, Vec::<String>::new(), "{day}");
    }
}

/// Of two folders without git nothing is known but their name: that they are two is at least said.
#[test]
fn another_folder_of_the_same_name_is_said() {
    let (work, memory) = (folder(), folder());
    let (path, memory) = (work.path(), memory.path());
    for place in ["x/api", "y/api"] {
        write(
            path,
            &format!("{place}/.claude/settings.json"),
            r#"{"permissions":{"defaultMode":"bypassPermissions"}}"#,
        );
    }
    let is_said = |ran: &Ran| ran.stdout.contains("another folder of this name is remembered");
    assert!(!is_said(&scan(memory, &path.join("x/api"), "2026-11-01", &[]).0));
    assert!(!is_said(&scan(memory, &path.join("x/api"), "2026-11-02", &[]).0));
    let (ran, _) = scan(memory, &path.join("y/api"), "2026-11-03", &[]);
    assert!(is_said(&ran) && ran.stdout.contains("/x/api; what they have in common"), "{}", ran.stdout);
    // A folder that was moved is the same one.
    std::fs::remove_dir_all(path.join("x")).expect("it is there");
    std::fs::rename(path.join("y"), path.join("z")).expect("it is there");
    assert!(!is_said(&scan(memory, &path.join("z/api"), "2026-11-04", &[]).0));
}
