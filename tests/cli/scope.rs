//! What a scan looked with belongs to what it looked at: whoever looks with less sees nothing resolved.

use std::path::Path;

use serde_json::Value;

use crate::git::{commit, git};
use crate::secrets::line;
use crate::tree::{Ran, folder, nonhuman, run, write};

/// Two runs of `secrets` into one history, and what changed: `change file`.
fn two(folder: &Path, first: &[&str], second: &[&str]) -> Vec<String> {
    for name in ["h.db", "h.db-wal", "h.db-shm"] {
        let _ = std::fs::remove_file(folder.join(name));
    }
    for (day, more) in [("2026-11-20", first), ("2026-11-21", second)] {
        let ran = run(folder, &[&["secrets", "--isolated", "--history-file", "h.db", "--now", day], more].concat());
        assert!(ran.code != 2, "{more:?}: {}", ran.stderr);
    }
    changes(&run(folder, &["diff", "--isolated", "--history-file", "h.db", "--format", "json"]))
}

fn changes(ran: &Ran) -> Vec<String> {
    let diff: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    let file = |one: &Value| one["subject"].as_str().expect("text").rsplit('/').next().expect("a file").to_owned();
    let findings = diff["findings"].as_array().expect("a list").iter();
    let mut told: Vec<String> =
        findings.map(|one| format!("{} {}", one["change"].as_str().expect("text"), file(one))).collect();
    told.sort();
    told
}

#[test]
fn who_looks_with_less_resolves_nothing() {
    let folder = folder();
    let path = folder.path();
    write(path, "t/.gitignore", "ign\n");
    write(path, "t/ign/c.py", line("ignored"));
    std::fs::create_dir_all(path.join("t")).expect("it can be made");
    git(&path.join("t"), &["init", "--quiet"]);
    commit(&path.join("t"), "nothing");
    write(path, "t/a.py", line("a"));
    commit(&path.join("t"), "a");
    write(path, "t/b.py", "x = 1\n");
    commit(&path.join("t"), "b");
    write(path, "t/big.py", format!("{}\n{}", "x = 1\n".repeat(300_000), line("big")));
    write(path, "mine.toml", "[[rules]]\nid = \"mine\"\nregex = '''zqk_[a-z0-9]{20}'''\nkeywords = [\"zqk_\"]\n");
    write(path, "t/mine.txt", "zqk_a8d7f6g5h4j3k2l1m0n9\n");
    write(path, "one", "t/a.py\n");
    write(path, "two", "t/b.py\n");
    std::fs::copy(path.join("one"), path.join("list")).expect("a file");
    let quiet: [(&[&str], &[&str], &str); 6] = [
        (&["--range", "HEAD~2..HEAD~1", "t"], &["--range", "HEAD~1..HEAD", "t"], "not-seen a.py"),
        (&["--range", "HEAD~2..HEAD~1", "t"], &["--since", "HEAD~1", "t"], "not-seen a.py"),
        (&["--no-ignore", "t"], &["t"], "not-seen c.py"),
        (&["t"], &["--max-file-size", "1", "t"], "not-seen big.py"),
        (&["--rules-from", "mine.toml", "t"], &["t"], "not-seen mine.txt"),
        (&["--files-from", "one"], &["--files-from", "two"], "not-seen a.py"),
    ];
    for (first, second, told) in quiet {
        assert_eq!(two(path, first, second), [told], "{first:?}, then {second:?}");
    }
    // Under one name another expression.
    write(path, "other.toml", "[[rules]]\nid = \"mine\"\nregex = '''yyy_[a-z0-9]{20}'''\nkeywords = [\"yyy_\"]\n");
    let told = two(path, &["--rules-from", "mine.toml", "t"], &["--rules-from", "other.toml", "t"]);
    assert_eq!(told, ["not-seen mine.txt"]);
    // Who looks with no less resolves.
    std::fs::write(path.join("t/big.py"), "x = 1\n").expect("it can be written");
    run(path, &["secrets", "--isolated", "t"]);
    write(path, "t/d.py", line("d"));
    let arguments = ["secrets", "--isolated", "--history-file", "g.db", "--now"];
    run(path, &[&arguments[..], &["2026-11-20", "t"]].concat());
    std::fs::remove_file(path.join("t/d.py")).expect("it is there");
    run(path, &[&arguments[..], &["2026-11-21", "--no-ignore", "t"]].concat());
    let ran = run(path, &["diff", "--isolated", "--history-file", "g.db", "--format", "json"]);
    assert_eq!(changes(&ran), ["new c.py", "resolved d.py"]);
}

#[test]
fn what_is_allowed_in_place_is_muted_and_not_resolved() {
    let folder = folder();
    let path = folder.path();
    write(path, "t/a.py", line("a"));
    write(path, "hidden", "t/a.py:any:1\n");
    assert_eq!(two(path, &["t"], &["--gitleaksignore", "hidden", "t"]), ["muted a.py"]);
    let scan = |day: &str| run(path, &["secrets", "--isolated", "t", "--history-file", "i.db", "--now", day]);
    scan("2026-11-20");
    write(path, "t/a.py", format!("{} # nonhuman: allow reason=test\n", line("a").trim_end()));
    scan("2026-11-21");
    let diff = || changes(&run(path, &["diff", "--isolated", "--history-file", "i.db", "--format", "json"]));
    assert_eq!(diff(), ["muted a.py"]);
    write(path, "t/a.py", line("a"));
    scan("2026-11-22");
    assert_eq!(diff(), ["reopened a.py"]);
}

#[test]
fn under_another_key_nothing_is_compared() {
    let folder = folder();
    let path = folder.path();
    write(path, "t/a.py", line("a"));
    let scan = |key: &str, day: &str, more: &[&str]| -> Ran {
        let arguments = ["secrets", "--isolated", "t", "--now", day];
        let ran = nonhuman(path).args(arguments).args(more).env("NONHUMAN_FINGERPRINT_KEY", key).output();
        ran.expect("it starts").into()
    };
    assert_eq!(scan("a", "2026-11-20", &["--history-file", "h.db", "-o", "a.json"]).code, 1);
    let other = scan("b", "2026-11-21", &["--history-file", "h.db", "-o", "b.json", "--fail-on-new", "high"]);
    assert!(other.stdout.contains("made under another NONHUMAN_FINGERPRINT_KEY"), "{}", other.stdout);
    assert!(!other.stdout.contains("resolved"), "{}", other.stdout);
    // What was remembered is as it was.
    let again = scan("a", "2026-11-22", &["--history-file", "h.db", "--fail-on-new", "high"]);
    assert_eq!(again.code, 0, "{}", again.stdout);
    let ran = run(path, &["diff", "--isolated", "a.json", "b.json"]);
    assert_eq!((ran.code, ran.stderr.contains("made under different keys")), (2, true), "{}", ran.stderr);
    // Records of two keys are joined with a hole.
    for (key, name) in [("a", "a.jsonl"), ("b", "b.jsonl")] {
        let mut command = nonhuman(path);
        command.args(["collect", "--isolated", "t", "-o", name]).env("NONHUMAN_FINGERPRINT_KEY", key);
        assert!(command.output().expect("it starts").status.success());
    }
    let ran = run(path, &["evaluate", "--isolated", "a.jsonl", "b.jsonl"]);
    assert_eq!((ran.code, ran.stdout.contains("2 different keys")), (1, true), "{}", ran.stdout);
    assert!(ran.stdout.contains("incomplete"), "{}", ran.stdout);
}

#[test]
fn another_tree_does_not_rename_the_first() {
    let folder = folder();
    let path = folder.path();
    write(path, "x/api/s.py", line("x"));
    write(path, "y/api/s.py", line("y"));
    assert_eq!(two(path, &["x/api"], &["x/api", "y/api"]), ["new s.py"]);
    // The second of one name has a longer one; what it was called alone is not taken for resolved.
    assert_eq!(two(path, &["y/api"], &["x/api", "y/api"]), ["new s.py", "new s.py", "not-seen s.py"]);
    let arguments =
        ["secrets", "--isolated", "y/api", "--history-file", "h.db", "--now", "2026-11-22", "--format", "json"];
    let told = run(path, &arguments).stdout;
    assert!(told.contains("so that y/api has another name in the graph"), "{told}");
}

#[test]
fn what_a_report_leaves_out_is_not_new_in_the_next() {
    let folder = folder();
    let path = folder.path();
    write(path, "t/a.py", line("a"));
    run(path, &["secrets", "--isolated", "t", "--now", "2026-11-20", "--min-severity", "critical", "-o", "old.json"]);
    run(path, &["secrets", "--isolated", "t", "--now", "2026-11-21", "-o", "new.json"]);
    let ran = run(path, &["diff", "--isolated", "old.json", "new.json", "--fail-on-new", "low", "--format", "json"]);
    assert_eq!((ran.code, changes(&ran)), (0, Vec::<String>::new()));
    let ran = run(path, &["diff", "--isolated", "new.json", "old.json"]);
    assert_eq!((ran.code, ran.stderr.contains("name the earlier one first")), (2, true), "{}", ran.stderr);
    // Hidden by the baseline then, shown now.
    run(path, &["secrets", "--isolated", "t", "--baseline", "b.jsonl", "--write-baseline"]);
    let hidden = ["secrets", "--isolated", "t", "--baseline", "b.jsonl", "--now", "2026-11-20", "-o", "old.json"];
    assert_eq!(run(path, &hidden).code, 0);
    let ran = run(path, &["diff", "--isolated", "old.json", "new.json", "--fail-on-new", "low", "--format", "json"]);
    assert_eq!((ran.code, changes(&ran)), (0, Vec::<String>::new()));
}

#[test]
fn a_gate_that_shows_what_is_new_follows_what_it_shows() {
    let folder = folder();
    let path = folder.path();
    write(path, "t/a.py", line("a"));
    let scan =
        |day: &str| run(path, &["secrets", "--isolated", "t", "--history-file", "h.db", "--only", "new", "--now", day]);
    assert_eq!(scan("2026-11-20").code, 1);
    let ran = scan("2026-11-21");
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    let told = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("Nothing new. Looked at 1 file and 1 exposure"), "{told}");
    assert!(told.contains("1 finding of earlier scans not shown"), "{told}");
    write(path, "t/b.py", line("b"));
    assert_eq!(scan("2026-11-22").code, 1);
}

#[test]
fn a_scan_of_a_clock_that_was_ahead_can_be_taken_out() {
    let folder = folder();
    let path = folder.path();
    write(path, "t/a.py", line("a"));
    let scan = |day: &str| run(path, &["secrets", "--isolated", "t", "--history-file", "h.db", "--now", day]);
    scan("2026-11-20");
    write(path, "t/b.py", line("b"));
    scan("2036-11-20");
    let ran = scan("2026-11-21");
    assert!(ran.stdout.contains("trend --forget-last"), "{}", ran.stdout);
    let ran = run(path, &["trend", "--isolated", "--history-file", "h.db", "--forget-last"]);
    assert!(ran.stderr.contains("the scan of 2036-11-20T00:00:00Z is taken out"), "{}", ran.stderr);
    assert!(ran.stdout.contains("2026-11-20") && !ran.stdout.contains("2036"), "{}", ran.stdout);
    scan("2026-11-21");
    let ran = run(path, &["diff", "--isolated", "--history-file", "h.db", "--format", "json"]);
    assert_eq!(changes(&ran), ["new b.py"]);
}

/// Whoever names a file in `.gitignore`, or puts a link in its place, has not taken the secret away.
#[test]
fn a_file_that_is_passed_over_is_not_resolved() {
    let folder = folder();
    let path = folder.path();
    let scan = |day: &str| {
        let report = format!("{day}.json");
        let ran = run(path, &["secrets", "--isolated", "t", "--history-file", "h.db", "--now", day, "-o", &report]);
        assert!(ran.code != 2, "{}", ran.stderr);
        changes(&run(path, &["diff", "--isolated", "--history-file", "h.db", "--format", "json"]))
    };
    let reports = |old: &str, new: &str| {
        let files = [old, new].map(|day| format!("{day}.json"));
        changes(&run(path, &["diff", "--isolated", &files[0], &files[1], "--format", "json"]))
    };
    write(path, "t/keep.py", "x = 1\n");
    write(path, "t/.env", line("env"));
    git(&path.join("t"), &["init", "--quiet"]);
    assert_eq!(scan("2026-11-18"), ["new .env"]);
    write(path, "t/.gitignore", ".env\n");
    assert_eq!(scan("2026-11-19"), ["not-seen .env"]);
    assert_eq!(reports("2026-11-18", "2026-11-19"), ["not-seen .env"]);
    std::fs::remove_file(path.join("t/.gitignore")).expect("it is there");
    assert_eq!(scan("2026-11-20"), Vec::<String>::new());
    std::fs::rename(path.join("t/.env"), path.join("env")).expect("it is there");
    std::os::unix::fs::symlink("../env", path.join("t/.env")).expect("a link");
    assert_eq!(scan("2026-11-21"), ["not-seen .env"]);
    assert_eq!(reports("2026-11-20", "2026-11-21"), ["not-seen .env"]);
    // Who takes it away, or mends the file, resolves it, however many others are ignored.
    std::fs::remove_file(path.join("t/.env")).expect("it is there");
    write(path, "t/.gitignore", "*.o\n");
    write(path, "t/a.o", "x");
    assert_eq!(scan("2026-11-22"), ["resolved .env"]);
}

/// INVARIANT: a finding that rests on several sources is gone only where all of them were read.
#[test]
fn half_of_a_join_resolves_nothing() {
    let folder = folder();
    let path = folder.path();
    let server = |name: &str| {
        let token = crate::tree::github_token("shared");
        let server = serde_json::json!({"command": "npx", "args": ["-y", name], "env": {"GITHUB_TOKEN": token}});
        serde_json::json!({"mcpServers": {name: server}}).to_string()
    };
    write(path, "one/.mcp.json", server("one"));
    write(path, "two/.mcp.json", server("two"));
    let scan = |day: &str, trees: &[&str]| {
        let arguments = ["scan", "--isolated", "--history-file", "h.db", "--now", day];
        let ran = run(path, &[&arguments, trees].concat());
        assert!(ran.code != 2, "{}", ran.stderr);
        let ran = run(path, &["diff", "--isolated", "--history-file", "h.db", "--format", "json"]);
        let diff: Value = serde_json::from_str(&ran.stdout).expect("JSON");
        let findings = diff["findings"].as_array().expect("a list").clone();
        let shared = findings.into_iter().filter(|one| one["rule"] == "agent-shared-secret");
        shared.map(|one| one["change"].as_str().expect("text").to_owned()).collect::<std::collections::BTreeSet<_>>()
    };
    let only = |change: &str| std::collections::BTreeSet::from([change.to_owned()]);
    assert_eq!(scan("2026-11-18", &["one", "two"]), only("new"));
    assert_eq!(scan("2026-11-19", &["one"]), only("not-seen"));
    assert_eq!(scan("2026-11-20", &["one", "two"]), std::collections::BTreeSet::new());
    assert_eq!(scan("2026-11-21", &["one", "two", "--no-agents"]), only("not-seen"));
}

/// A file that is missing from an export takes nothing away: what it said is not known now.
#[test]
fn an_export_that_lacks_a_file_resolves_nothing() {
    let folder = folder();
    let path = folder.path();
    let acme = crate::tree::project().join("fixtures/acme");
    for entry in walkdir::WalkDir::new(&acme) {
        let entry = entry.expect("it can be walked");
        if entry.file_type().is_file() {
            let below = entry.path().strip_prefix(&acme).expect("below");
            write(path, &below.to_string_lossy(), std::fs::read(entry.path()).expect("it is readable"));
        }
    }
    let scan = |history: &str, day: &str| {
        let sources = ["--aws-export", "aws", "--okta-export", "okta", "--kubernetes-export", "prod=kubernetes/prod"];
        let arguments = ["scan", "--isolated", "--history-file", history, "--now", day];
        let ran = run(path, &[&arguments[..], &sources].concat());
        assert!(ran.code != 2, "{}", ran.stderr);
    };
    scan("base.db", "2026-11-20");
    for name in
        ["okta/server-rules.json", "aws/429710886354/open-id-connect-providers.json", "kubernetes/prod/secrets.json"]
    {
        if !path.join(name).exists() {
            continue;
        }
        std::fs::copy(path.join("base.db"), path.join("h.db")).expect("it can be copied");
        std::fs::rename(path.join(name), path.join("away")).expect("it is there");
        scan("h.db", "2026-11-21");
        std::fs::rename(path.join("away"), path.join(name)).expect("it is there");
        let ran = run(path, &["diff", "--isolated", "--history-file", "h.db", "--format", "json"]);
        let diff: Value = serde_json::from_str(&ran.stdout).expect("JSON");
        let told: Vec<String> = ["findings", "identities"]
            .iter()
            .flat_map(|list| diff[*list].as_array().expect("a list"))
            .filter(|one| matches!(one["change"].as_str(), Some("resolved" | "vanished")))
            .map(|one| format!("{} {} {}", one["change"], one["rule"], one["subject"]))
            .collect();
        assert!(told.is_empty(), "without {name}: {told:?}");
        for name in ["h.db", "h.db-wal", "h.db-shm"] {
            let _ = std::fs::remove_file(path.join(name));
        }
    }
}

/// Two trees with one folder name are two, for the history and for decisions.
#[test]
fn what_was_decided_of_one_tree_is_not_decided_of_another() {
    let folder = folder();
    let path = folder.path();
    write(path, "x/api/s.py", line("same"));
    write(path, "a/api/s.py", line("same"));
    let scan = |tree: &str, day: &str, more: &[&str]| {
        run(path, &[&["secrets", "--isolated", tree, "--now", day, "--history-file", "h.db"], more].concat())
    };
    assert_eq!(scan("x/api", "2026-11-20", &["-o", "x.json"]).code, 1);
    let report: Value =
        serde_json::from_str(&std::fs::read_to_string(path.join("x.json")).expect("it is written")).expect("JSON");
    let print = report["findings"][0]["fingerprint"].as_str().expect("text");
    let decide = ["triage", "accept", print, "--reason", "r", "--by", "jana", "--history-file", "h.db"];
    let ran = run(path, &[&decide[..], &["--baseline", "b.jsonl"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(scan("x/api", "2026-11-21", &["--baseline", "b.jsonl"]).code, 0);
    let ran = scan("a/api", "2026-11-22", &["--baseline", "b.jsonl"]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    let ran = run(path, &["diff", "--isolated", "--history-file", "h.db", "--format", "json"]);
    assert_eq!(changes(&ran), ["new s.py"]);
}
