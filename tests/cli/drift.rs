//! What is no drift: rules that ask less, sources that were not read, other checkouts. And histories that cannot be written,
//! are older, or were changed by something else.

use std::path::Path;

use rusqlite::Connection;
use serde_json::Value;

use crate::git::git;
use crate::secrets::line;
use crate::tree::{Ran, folder, project, run, write};

const FILE: &str = "scans.db";

/// Scans a folder into the history of a day, and writes the report beside it as `DAY.json`.
fn scan(folder: &Path, day: &str, arguments: &[&str]) -> Ran {
    let report = format!("{day}.json");
    let mut all = vec!["scan", "--isolated", "--quiet", "--history-file", FILE, "--now", day, "-o", &report];
    all.extend(arguments);
    run(folder, &all)
}

/// What `diff` says of findings, as `change rule subject`, and of identities, as `change name what`.
fn changes(folder: &Path, arguments: &[&str]) -> Vec<String> {
    let ran = run(folder, &[&["diff", "--isolated", "--format", "json"], arguments].concat());
    let diff: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    let text = |one: &Value, name: &str| one[name].as_str().unwrap_or_default().to_owned();
    let findings = diff["findings"].as_array().expect("a list").iter();
    let identities = diff["identities"].as_array().expect("a list").iter();
    let findings =
        findings.map(|one| format!("{} {} {}", text(one, "change"), text(one, "rule"), text(one, "subject")));
    findings
        .chain(identities.map(|one| format!("{} {} {}", text(one, "change"), text(one, "name"), one["what"])))
        .collect()
}

/// By the history, and by the reports of two days: both must say the same.
fn since(folder: &Path, days: [&str; 2]) -> Vec<String> {
    let by_history = changes(folder, &["--history-file", FILE, days[0], days[1]]);
    let reports = days.map(|day| format!("{day}.json"));
    assert_eq!(by_history, changes(folder, &[&reports[0], &reports[1]]));
    by_history
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("folders can be made");
    for entry in std::fs::read_dir(from).expect("it is there").map(|entry| entry.expect("it is read")) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to)
        } else {
            _ = std::fs::copy(entry.path(), to).expect("files")
        }
    }
}

/// A copy of the demo company, in `acme`.
fn acme() -> tempfile::TempDir {
    let folder = folder();
    copy(&project().join("fixtures/acme"), &folder.path().join("acme"));
    folder
}

fn is_of(told: &[String], start: &str) -> bool {
    told.iter().any(|one| one.starts_with(start))
}

#[test]
fn a_rule_that_asks_less_resolves_nothing() {
    let folder = acme();
    let path = folder.path();
    scan(path, "2026-11-20", &["acme"]);
    write(path, "mild.toml", "[rules.access-key-old]\nparam = { max_age = 9000 }\n");
    let report = "2026-11-21.json";
    let more = ["scan", "acme", "--quiet", "--config", "mild.toml", "--history-file", FILE, "--now", "2026-11-21"];
    run(path, &[more.as_slice(), &["-o", report]].concat());
    let told = since(path, ["2026-11-20", "2026-11-21"]);
    assert!(is_of(&told, "not-seen access-key-old aws:access-key/"), "{told:#?}");
    assert!(!told.iter().any(|one| one.starts_with("resolved")), "{told:#?}");
    scan(path, "2026-11-22", &["acme"]);
    assert_eq!(since(path, ["2026-11-20", "2026-11-22"]), Vec::<String>::new());
    assert_eq!(changes(path, &["--history-file", FILE]), Vec::<String>::new(), "it was never gone");
}

#[test]
fn a_secret_that_could_not_be_joined_this_time_is_no_news() {
    let folder = acme();
    let path = folder.path();
    scan(path, "2026-11-20", &["acme"]);
    let account = path.join("acme/aws/429710886354");
    let export = account.join("account-authorization-details.json");
    let whole = std::fs::read(&export).expect("it is there");
    let is_out = |is_out: bool| {
        std::fs::write(&export, if is_out { &whole[..4096] } else { &whole }).expect("it can be written");
        for name in ["access-keys.json", "credential-report.csv"] {
            let (there, away) = (account.join(name), path.join(name));
            let (from, to) = if is_out { (there, away) } else { (away, there) };
            std::fs::rename(from, to).expect("it is there");
        }
    };
    is_out(true);
    let ran = scan(path, "2026-11-21", &["acme", "--fail-on-new", "high"]);
    let told = since(path, ["2026-11-20", "2026-11-21"]);
    assert!(!told.iter().any(|one| one.starts_with("new leaked") || one.starts_with("reopened")), "{told:#?}");
    let live = "shop-api/config/production.yaml";
    let of_live = |told: &[String]| {
        told.iter()
            .filter(|one| one.ends_with(live))
            .map(|one| one.split(" exposure").next().expect("text").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(of_live(&told), ["changed leaked-secret", "not-seen leaked-live-credential"], "{told:#?}");
    assert_eq!(ran.code, 3, "a hole, and nothing new: {}", ran.stderr);
    is_out(false);
    scan(path, "2026-11-22", &["acme"]);
    assert_eq!(of_live(&changes(path, &["--history-file", FILE])), Vec::<String>::new());
    assert_eq!(since(path, ["2026-11-20", "2026-11-22"]), Vec::<String>::new());
    // And once more: a finding that went is not back.
    is_out(true);
    let ran = scan(path, "2026-11-23", &["acme", "--fail-on-new", "high"]);
    assert_eq!(
        (ran.code, of_live(&changes(path, &["--history-file", FILE]))),
        (3, vec!["changed leaked-secret".to_owned(), "not-seen leaked-live-credential".to_owned()])
    );
    // That a key is found to live is news; that the same secret is told otherwise is not.
    let told = changes(path, &["2026-11-21.json", "2026-11-22.json"]);
    assert_eq!(of_live(&told), ["new leaked-live-credential"]);
}

/// Who becomes administrator of a cluster or an account loses nothing there.
#[test]
fn an_administrator_has_lost_nothing() {
    let folder = folder();
    let path = folder.path();
    let cluster = |role: &str| {
        let binding = format!(
            r#"{{"apiVersion":"v1","kind":"List","items":[
                {{"apiVersion":"v1","kind":"Namespace","metadata":{{"name":"shop","uid":"1"}}}},
                {{"apiVersion":"v1","kind":"ServiceAccount","metadata":{{"name":"web","namespace":"shop","uid":"2"}}}},
                {{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{{"name":"cluster-admin","uid":"3"}},
                  "rules":[{{"apiGroups":["*"],"resources":["*"],"verbs":["*"]}}]}},
                {{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{{"name":"reader","uid":"4"}},
                  "rules":[{{"apiGroups":[""],"resources":["secrets"],"verbs":["get","list"]}}]}},
                {role}]}}"#
        );
        write(path, "prod/all.json", binding);
    };
    cluster(
        r#"{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"b","namespace":"shop","uid":"5"},
        "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"reader"},
        "subjects":[{"kind":"ServiceAccount","name":"web","namespace":"shop"}]}"#,
    );
    let more = ["--kubernetes-export", "prod=prod"];
    scan(path, "2026-11-20", &more);
    cluster(
        r#"{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":"b","uid":"5"},
        "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"cluster-admin"},
        "subjects":[{"kind":"ServiceAccount","name":"web","namespace":"shop"}]}"#,
    );
    scan(path, "2026-11-21", &more);
    let told = since(path, ["2026-11-20", "2026-11-21"]);
    assert!(is_of(&told, "rights-grew shop/web") && !is_of(&told, "rights-shrank"), "{told:#?}");
}

#[test]
fn owners_change_only_where_somebody_looked() {
    let folder = acme();
    let path = folder.path();
    scan(path, "2026-11-20", &["acme"]);
    let users = path.join("acme/okta/users.json");
    let whole = std::fs::read(&users).expect("it is there");
    std::fs::remove_file(&users).expect("it can be removed");
    let of_owners = |days| since(path, days).into_iter().filter(|one| one.starts_with("owner")).collect::<Vec<_>>();
    // The second night without it says no more than the first.
    for (before, day) in [("2026-11-20", "2026-11-21"), ("2026-11-21", "2026-11-22")] {
        scan(path, day, &["acme"]);
        assert_eq!(
            changes(path, &["--history-file", FILE]).iter().filter(|one| one.starts_with("owner")).count(),
            0,
            "{day}"
        );
        assert_eq!(of_owners(["2026-11-20", day]), Vec::<String>::new(), "{before}");
    }
    std::fs::write(&users, whole).expect("it can be written");
    scan(path, "2026-11-23", &["acme"]);
    assert_eq!(changes(path, &["--history-file", FILE]).iter().filter(|one| one.starts_with("owner")).count(), 0);
    assert_eq!(of_owners(["2026-11-20", "2026-11-23"]), Vec::<String>::new());
}

/// The use for a pull request: a report of the base and one of the head, each of a checkout of its own.
#[test]
fn two_checkouts_are_one_tree_for_whoever_compares_their_reports() {
    let folder = folder();
    let path = folder.path();
    for checkout in ["base", "x/head"] {
        write(path, &format!("{checkout}/a.py"), line("one"));
        write(
            path,
            &format!("{checkout}/.claude/settings.json"),
            r#"{"permissions":{"defaultMode":"bypassPermissions"}}"#,
        );
    }
    write(path, "x/head/b.py", line("two"));
    let report = |inside: &str, tree: &str, name: &str| {
        let to = path.join(name).to_string_lossy().into_owned();
        run(&path.join(inside), &["scan", tree, "--isolated", "--quiet", "--now", "2026-11-20", "-o", &to]);
    };
    report("base", ".", "base.json");
    report(".", "x/head", "head.json");
    let told = changes(path, &["base.json", "head.json"]);
    assert!(
        matches!(told.as_slice(), [one] if one.starts_with("new leaked-secret") && one.ends_with("/head/b.py")),
        "{told:#?}"
    );
    let ran = run(path, &["diff", "--isolated", "base.json", "head.json", "--fail-on-new", "high"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("the tree base of base.json and the tree x/head of head.json are compared as one"),
        "{}",
        ran.stderr
    );
    std::fs::remove_file(path.join("x/head/b.py")).expect("it is there");
    report(".", "x/head", "head.json");
    let ran = run(path, &["diff", "--isolated", "head.json", "base.json", "--fail-on-new", "info"]);
    assert_eq!((ran.code, changes(path, &["head.json", "base.json"])), (0, Vec::new()));
    // Two trees each are what they are called.
    write(path, "base/c.py", line("three"));
    report(".", "base", "base.json");
    std::fs::remove_file(path.join("base/a.py")).expect("it is there");
    run(path, &["scan", "base", "x/head", "--isolated", "--quiet", "--now", "2026-11-20", "-o", "both.json"]);
    let told = changes(path, &["base.json", "both.json"]);
    assert!(is_of(&told, "resolved leaked-secret") && is_of(&told, "new leaked-secret"), "{told:#?}");
}

/// Others read what is merged: which files were passed over since is known by their number alone.
#[test]
fn a_file_that_is_ignored_since_is_not_resolved_by_a_merge() {
    let folder = folder();
    let path = folder.path();
    write(path, "t/a.py", line("a"));
    write(path, "t/b.py", line("b"));
    git(&path.join("t"), &["init", "--quiet"]);
    let night = |day: &str| {
        let parts = format!("parts-{day}");
        let ran =
            run(path, &["collect", "t", "--isolated", "--quiet", "--shard", "1/1", "--parts", &parts, "--now", day]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let ran = run(path, &["merge", &parts, "--isolated", "--quiet", "--history-file", FILE, "-o", "m.json"]);
        assert!(ran.code < 2, "{}", ran.stderr);
        changes(path, &["--history-file", FILE])
    };
    night("2026-11-20");
    write(path, "t/.gitignore", "a.py\n");
    let told = night("2026-11-21");
    assert!(matches!(told.as_slice(), [one] if one.starts_with("not-seen") && one.ends_with("/a.py")), "{told:#?}");
    // The same number as before hides nothing more.
    std::fs::remove_file(path.join("t/b.py")).expect("it is there");
    let told = night("2026-11-22");
    assert!(matches!(told.as_slice(), [one] if one.starts_with("resolved") && one.ends_with("/b.py")), "{told:#?}");
    std::fs::remove_file(path.join("t/.gitignore")).expect("it is there");
    assert_eq!(night("2026-11-23"), Vec::<String>::new());
    std::fs::remove_file(path.join("t/a.py")).expect("it is there");
    write(path, "t/other.txt", "nothing\n");
    assert!(is_of(&night("2026-11-24"), "resolved leaked-secret"));
}

/// A backup on a read-only disk, or another user's file.
#[cfg(unix)]
#[test]
fn a_history_is_read_where_nothing_may_be_written() {
    use std::os::unix::fs::PermissionsExt;

    let folder = folder();
    let path = folder.path();
    write(path, "t/a.py", line("a"));
    scan(path, "2026-11-20", &["t"]);
    scan(path, "2026-11-21", &["t"]);
    let mode = |name: &str, mode| {
        std::fs::set_permissions(path.join(name), std::fs::Permissions::from_mode(mode)).expect("it is ours");
    };
    mode(FILE, 0o444);
    mode(".", 0o555);
    let is_root = std::fs::write(path.join("probe"), "").is_ok();
    let ask = |what: &str| -> Ran {
        let binary = env!("CARGO_BIN_EXE_nonhuman");
        let mut command = if is_root {
            let mut command = std::process::Command::new("setpriv");
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--", binary]);
            command
        } else {
            std::process::Command::new(binary)
        };
        command.current_dir(path).args([what, "--isolated", "--history-file", FILE]);
        command.output().expect("it starts").into()
    };
    for (what, told) in [("diff", "1 still open"), ("trend", "2026-11-21")] {
        let ran = ask(what);
        assert!(ran.code == 0 && ran.stdout.contains(told), "{what} {}: {}{}", ran.code, ran.stdout, ran.stderr);
    }
    // What a killed run left beside it is not passed over.
    mode(".", 0o755);
    write(path, &format!("{FILE}-wal"), [1; 64]);
    mode(&format!("{FILE}-wal"), 0o444);
    mode(".", 0o555);
    let ran = ask("diff");
    assert!(ran.code == 2 && ran.stderr.contains("copy both files"), "{}{}", ran.stdout, ran.stderr);
    mode(".", 0o755);
}

fn database(folder: &Path) -> Connection {
    Connection::open(folder.join(FILE)).expect("it opens")
}

/// The first form of the file, and one of a run that was killed before its first step, go on as they are.
#[test]
fn an_older_form_is_brought_up_to_date() {
    let folder = folder();
    let path = folder.path();
    write(path, FILE, "");
    write(path, "t/a.py", line("a"));
    scan(path, "2026-11-20", &["t"]);
    assert!(
        is_of(&changes(path, &["--history-file", FILE]), "new leaked-secret"),
        "an empty file is a history that begins"
    );
    // As the first form was: without the index, and without what later scans say of what they looked at.
    let old = database(path);
    let body = "(SELECT looked FROM scan)";
    old.execute_batch(&format!(
        "DROP INDEX scan_by_time; PRAGMA user_version = 1; \
         UPDATE body SET text = json_remove(text, '$.rules', '$.passed_over') WHERE id IN {body};"
    ))
    .expect("it is ours");
    drop(old);
    let form =
        || database(path).pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0)).expect("a number");
    assert_eq!(form(), 1);
    assert!(run(path, &["trend", "--isolated", "--history-file", FILE]).stdout.contains("2026-11-20"));
    assert_eq!(form(), 2, "whoever reads it brings it up to date");
    scan(path, "2026-11-21", &["t"]);
    assert_eq!(changes(path, &["--history-file", FILE]), Vec::<String>::new());
    std::fs::remove_file(path.join("t/a.py")).expect("it is there");
    write(path, "t/b.txt", "nothing\n");
    scan(path, "2026-11-22", &["t"]);
    assert!(is_of(&changes(path, &["--history-file", FILE]), "resolved leaked-secret"));
    // The very first scans did not say with what they looked: of those nothing is concluded.
    let old = database(path);
    let plain = format!("UPDATE body SET text = json_extract(text, '$.places') WHERE id IN {body}");
    old.execute_batch(&format!("{plain}; PRAGMA user_version = 1; DROP INDEX scan_by_time;")).expect("it is ours");
    drop(old);
    scan(path, "2026-11-23", &["t"]);
    assert_eq!((form(), changes(path, &["--history-file", FILE])), (2, Vec::new()));
}

#[test]
fn a_history_that_was_tampered_with_is_damaged_in_plain_words() {
    for change in ["UPDATE body SET text = '{}'", "DELETE FROM body", "UPDATE scan SET at = 'x'", "DROP TABLE event"] {
        let folder = folder();
        let path = folder.path();
        write(path, "t/a.py", line("a"));
        scan(path, "2026-11-20", &["t"]);
        database(path).execute_batch(&format!("PRAGMA foreign_keys = off; {change}")).expect("it is ours");
        let ran = run(path, &["diff", "--isolated", "--history-file", FILE]);
        assert!(
            ran.code == 2 && ran.stderr.contains("the history is damaged"),
            "{change}: {}{}",
            ran.stdout,
            ran.stderr
        );
    }
}

/// The night that the cluster is not read, its manifests are told of in its place: that is no news.
#[test]
fn a_manifest_of_a_cluster_that_was_not_read_is_no_news() {
    let folder = acme();
    let path = folder.path();
    let rest = ["acme/aws", "acme/okta"].map(|one| path.join(one));
    rest.iter().for_each(|one| std::fs::remove_dir_all(one).expect("it is there"));
    let (there, away) = (path.join("acme/kubernetes/prod"), path.join("prod"));
    scan(path, "2026-11-20", &["acme"]);
    std::fs::rename(&there, &away).expect("it is there");
    scan(path, "2026-11-21", &["acme"]);
    let told = since(path, ["2026-11-20", "2026-11-21"]);
    let is_news = |told: &[String]| {
        let news = told.iter().filter(|one| one.starts_with("new ") || one.starts_with("reopened "));
        news.map(|one| one.split(' ').nth(1).expect("a rule").to_owned()).collect::<Vec<_>>()
    };
    assert!(is_of(&told, "not-seen cluster-administrator k8s:prod/payments/sa/legacy-reporter"), "{told:#?}");
    assert_eq!(is_news(&told), Vec::<String>::new(), "{told:#?}");
    // Of a manifest that is applied in the other cluster, too, nobody can say that its account is missing.
    let report = std::fs::read_to_string(path.join("2026-11-21.json")).expect("it was written");
    let report: Value = serde_json::from_str(&report).expect("a report");
    let not_evaluated = report["not_evaluated"].as_array().expect("a list");
    let of = |rule: &str| not_evaluated.iter().filter(|one| one["rule"] == rule).collect::<Vec<_>>();
    let open = of("manifest-without-account");
    assert!(
        matches!(open.as_slice(), [one] if one["reason"] == "prod had it, and was not read this time"),
        "{open:#?}"
    );
    std::fs::rename(&away, &there).expect("it is there");
    scan(path, "2026-11-22", &["acme"]);
    assert_eq!(is_news(&changes(path, &["--history-file", FILE])), Vec::<String>::new());
    assert_eq!(since(path, ["2026-11-20", "2026-11-22"]), Vec::<String>::new());
}

/// Each repository is scanned from within, with one history: what lies in the other folder of this name is still there.
#[test]
fn a_folder_of_the_same_name_resolves_nothing() {
    let folder = folder();
    let path = folder.path();
    write(path, "x/api/a.py", line("stays"));
    write(path, "a/api/other.py", "x = 1\n");
    let history = path.join(FILE).to_string_lossy().into_owned();
    let scan = |place: &str, day: &str| {
        let arguments = ["secrets", ".", "--isolated", "--quiet", "--history-file", &history, "--now", day];
        run(&path.join(place), &arguments)
    };
    scan("x/api", "2026-11-20");
    scan("a/api", "2026-11-21");
    let told = changes(path, &["--history-file", FILE]);
    assert!(matches!(told.as_slice(), [one] if one.starts_with("not-seen leaked-secret")), "{told:#?}");
    // Where it is looked for and gone, it is resolved; where its folder is no more, there is nothing to look for.
    write(path, "x/api/a.py", "y = 1\n");
    scan("x/api", "2026-11-22");
    let told = changes(path, &["--history-file", FILE, "2026-11-20", "2026-11-22"]);
    assert!(matches!(told.as_slice(), [one] if one.starts_with("resolved leaked-secret")), "{told:#?}");
}
