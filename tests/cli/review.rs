//! What a hostile reader of the gate found: each has the test that would have caught it.

use std::process::Command;

use serde_json::json;

use crate::secrets::{found, gate, said};
use crate::tree::{folder, github_token, run, write};

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

#[test]
fn what_a_nightly_run_writes_is_not_searched_the_next_night() {
    let folder = folder();
    let tree = folder.path().join("tree");
    // A key id is public, so reports show it whole.
    write(&tree, "a.env", format!("AWS_ACCESS_KEY_ID={}\n", ["AKIA", "Q3EGT7RIY5WUVB2L"].concat()));
    let night = || {
        let report = ["-o", "report.html", "-o", "nhi.sarif", "-o", "scan.json", "--history-file", "scans.db"];
        let ran = run(&tree, &[&["scan", ".", "--isolated", "--format", "json"][..], &report].concat());
        let scan: serde_json::Value = serde_json::from_str(&ran.stdout).expect("a report");
        scan
    };
    let places = |scan: &serde_json::Value| {
        let all = scan["findings"].as_array().expect("findings").iter();
        all.map(|one| one["evidence"][0]["location"]["path"].as_str().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    let (first, second) = (night(), night());
    assert!(places(&first).contains(&"a.env".to_owned()), "{first}");
    assert_eq!(places(&first), places(&second));
    let left_out = second["coverage"]
        .as_array()
        .expect("coverage")
        .iter()
        .find(|entry| entry["what"] == "files of nonhuman itself");
    assert_eq!(left_out.expect("it is said")["detail"].as_str().map(|text| text.contains("writes")), Some(true));
    // A link of that name does not choose another file to leave out.
    std::fs::remove_file(tree.join("scan.json")).expect("it was there");
    #[cfg(unix)]
    std::os::unix::fs::symlink("a.env", tree.join("scan.json")).expect("a link");
    assert!(places(&night()).contains(&"a.env".to_owned()));
}

#[test]
fn names_from_the_world_act_on_no_terminal_in_answers() {
    let folder = folder();
    let account =
        json!({"kind": "ServiceAccount", "apiVersion": "v1", "metadata": {"name": "a\u{1b}[2Jb", "namespace": "app"}});
    let binding = json!({
        "kind": "ClusterRoleBinding", "apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": "b\u{1b}[31m"},
        "roleRef": {"kind": "ClusterRole", "name": "cluster-admin", "apiGroup": "rbac.authorization.k8s.io"},
        "subjects": [{"kind": "ServiceAccount", "name": "a\u{1b}[2Jb", "namespace": "app"}],
    });
    let role = json!({
        "kind": "ClusterRole", "apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": "cluster-admin"},
        "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}],
    });
    let list = json!({"kind": "List", "apiVersion": "v1", "items": [account, binding, role]});
    write(folder.path(), "dump/all.json", list.to_string());
    let user = json!({
        "UserDetailList": [{
            "UserName": "u", "Arn": "arn:aws:iam::111122223333:user/u", "UserId": "AIDAU", "UserPolicyList": [{
                "PolicyName": "p\u{202e}q",
                "PolicyDocument": {"Version": "2012-10-17", "Statement": [
                    {"Sid": "a\u{1b}[31mb\nallowed: forged", "Effect": "Allow", "Action": "*", "Resource": "*"}
                ]},
            }],
        }],
        "GroupDetailList": [], "RoleDetailList": [], "Policies": [],
    });
    write(folder.path(), "aws/iam.json", user.to_string());
    let who = "system:serviceaccount:app:a\u{1b}[2Jb";
    let kubernetes = ["access", "kubernetes", "--rbac", "dump", "--as", who];
    let aws = ["access", "aws", "--export", "aws", "--principal", "arn:aws:iam::111122223333:user/u"];
    for asked in [
        kubernetes.to_vec(),
        [&kubernetes[..], &["get", "pods"]].concat(),
        [&aws[..], &["--action", "s3:GetObject"]].concat(),
    ] {
        let ran = run(folder.path(), &asked);
        assert!(!ran.stdout.is_empty(), "{asked:?}: {}", ran.stderr);
        let acts = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(
            !ran.stdout.contains(acts) && !ran.stderr.contains(acts),
            "{asked:?}: {:?} {:?}",
            ran.stdout,
            ran.stderr
        );
        assert!(!ran.stdout.lines().any(|line| line.starts_with("allowed: forged")), "{}", ran.stdout);
    }
}

#[test]
fn a_people_directory_is_no_source_of_identities_that_keeps_exports_unread() {
    let folder = folder();
    write(folder.path(), "people.csv", "email,name,active\njana@acme.example,Jana,true\n");
    let role = json!({
        "RoleName": "r", "Arn": "arn:aws:iam::111122223333:role/r", "RoleId": "AROAR", "Path": "/",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
        ]},
    });
    let account = json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [role], "Policies": []});
    write(folder.path(), "iam/account.json", account.to_string());
    let identities = |arguments: &[&str]| {
        let ran = run(folder.path(), &[&["scan", "iam", "--isolated", "--format", "json"][..], arguments].concat());
        let scan: serde_json::Value = serde_json::from_str(&ran.stdout).expect("a report");
        (ran.code, scan["summary"]["identities"].as_u64(), scan["summary"]["findings"]["critical"].as_u64())
    };
    let alone = identities(&[]);
    assert!(alone.1 > Some(0) && alone.2 == Some(1), "{alone:?}");
    assert_eq!(identities(&["--people", "people.csv"]), alone);
}
