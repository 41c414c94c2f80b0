//! Accounts that are people's own, and what is left of people who leave.

use std::path::Path;

use serde_json::{Value, json};

use crate::tree::{NOW, folder, run, write};

const ACCOUNT: &str = "111122223333";

fn user(name: &str, tags: &[(&str, &str)]) -> Value {
    let tags: Vec<Value> = tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
    let all = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    json!({
        "Path": "/", "UserName": name, "UserId": format!("AIDAEXAMPLE{:0>10}", name.len()),
        "Arn": format!("arn:aws:iam::{ACCOUNT}:user/{name}"), "CreateDate": "2024-01-01T00:00:00Z",
        "GroupList": [], "AttachedManagedPolicies": [], "Tags": tags,
        "UserPolicyList": [{"PolicyName": "all", "PolicyDocument": all}],
    })
}

/// An account with users, of whom those named have a password and a key.
fn account(at: &Path, users: &[Value], sign_in: &[&str]) {
    let details = json!({"UserDetailList": users, "GroupDetailList": [], "RoleDetailList": [], "Policies": [], "IsTruncated": false});
    write(at, "aws/iam.json", details.to_string());
    let head = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated";
    let mut rows = vec![head.to_owned()];
    for one in users {
        let name = one["UserName"].as_str().expect("a name");
        let has = sign_in.contains(&name);
        rows.push(format!("{name},arn:aws:iam::{ACCOUNT}:user/{name},2024-01-01T00:00:00+00:00,{has},2026-11-20T00:00:00+00:00,2026-10-01T00:00:00+00:00,N/A,true,{has},2026-10-01T00:00:00+00:00,2026-11-20T00:00:00+00:00,eu-west-1,s3,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A"));
    }
    write(at, "aws/credential-report.csv", rows.join("\n") + "\n");
}

fn people(at: &Path, status: &str) {
    let text = format!(
        "email,name,team,status,left_on\njana@acme.example,Jana Novak,payments,{status}\nkim@acme.example,Kim Lee,platform,active,\n"
    );
    write(at, "people.csv", text);
}

/// The findings of some rules, as rule and the end of the subject.
fn findings(at: &Path, rules: &[&str]) -> Vec<(String, String)> {
    let given = [
        "scan",
        "--isolated",
        "--now",
        NOW,
        "--format",
        "json",
        "-o",
        "scan.json",
        "-q",
        "--aws-export",
        "aws",
        "--people",
        "people.csv",
    ];
    let ran = run(at, &given);
    assert!(matches!(ran.code, 0 | 1 | 3), "{}", ran.stderr);
    let report: Value = serde_json::from_slice(&std::fs::read(at.join("scan.json")).expect("a report")).expect("JSON");
    let all = report["findings"].as_array().expect("a list");
    let mut found: Vec<(String, String)> = all
        .iter()
        .filter(|one| rules.contains(&one["rule"].as_str().unwrap_or_default()))
        .map(|one| {
            let subject = one["subject"].as_str().unwrap_or_default();
            (
                one["rule"].as_str().unwrap_or_default().to_owned(),
                subject.rsplit("user/").next().unwrap_or_default().to_owned(),
            )
        })
        .collect();
    found.sort();
    found
}

#[test]
fn an_account_that_is_a_persons_own_ends_with_them() {
    let folder = folder();
    let at = folder.path();
    let users = [
        user("jana@acme.example", &[]),
        user("jana", &[("email", "jana@acme.example")]),
        user("jana.novak", &[]),
        user("mailer", &[("email", "jana@acme.example")]),
        user("kim", &[]),
    ];
    account(at, &users, &["jana@acme.example", "jana", "jana.novak"]);
    people(at, "left,2026-05-29");
    let rules = ["owner-left", "half-killed-identity"];
    let owner_left = |name: &str| ("owner-left".to_owned(), name.to_owned());
    // A machine's user has the address of whoever is to be written to, who has left, too.
    assert_eq!(findings(at, &rules), [owner_left("jana"), owner_left("jana@acme.example"), owner_left("mailer")]);
    let alive = findings(at, &["credential-of-leaver-alive"]);
    assert_eq!(alive.len(), 4, "a password and a key of each of the two: {alive:?}");
    // What is to be pasted is one word of a shell.
    let saved = std::fs::read_to_string(at.join("scan.json")).expect("a report");
    assert!(saved.contains("`nonhuman rotate 'arn:aws:iam::111122223333:user/jana#password'`"), "{saved}");
    let bill = run(at, &["offboard", "jana", "--from", "scan.json", "--now", NOW]).stdout;
    let section =
        |title: &str| bill.split(title).nth(1).map(|rest| rest.split("\n\n").next().unwrap_or_default().to_owned());
    let own = section("Theirs, and still works").expect("it works");
    assert!(own.contains("IAM user jana,") && own.contains("IAM user jana@acme.example,"), "{bill}");
    assert!(own.contains("do everything (administrator): account 111122223333"), "{bill}");
    assert!(!bill.contains("Ends with them"), "{bill}");
    let may = section("May be theirs").expect("an equal name is a hint");
    assert!(may.contains("IAM user jana.novak,") && !may.contains("kim"), "{bill}");
    assert!(section("Has nobody then").is_some_and(|text| text.contains("IAM user mailer,")), "{bill}");
    assert!(bill.contains("    aws iam delete-login-profile --user-name jana\n"), "{bill}");
    // The near miss: while she is there, her accounts are hers and nothing has lost its owner.
    people(at, "active,");
    assert!(findings(at, &["owner-left", "credential-of-leaver-alive"]).is_empty());
    let shown = run(at, &["show", "user/jana", "--from", "scan.json", "--now", NOW]).stdout;
    assert!(shown.contains("jana@acme.example") && shown.contains("a user of their own"), "{shown}");
    let bill = run(at, &["offboard", "jana", "--from", "scan.json", "--now", NOW]).stdout;
    assert!(bill.contains("Ends with them"), "{bill}");
}

/// Owners are written in many ways: as a letter's head, several at once, by what stands before the `@`.
#[test]
fn owners_are_understood_however_they_are_written() {
    let folder = folder();
    let at = folder.path();
    let users = [
        user("a-bot", &[("owner", "mailto:jana@acme.example")]),
        user("b-bot", &[("owner", "jana@acme.example kim@acme.example")]),
        user("c-bot", &[("contact", "jana")]),
        user("d-bot", &[("owner", "Jana Novak <jana@acme.example>")]),
        user("e-bot", &[("owner", "payments")]),
        user("f-bot", &[("owner", "somebody")]),
    ];
    account(at, &users, &[]);
    people(at, "left,2026-05-29");
    let left: Vec<String> = findings(at, &["owner-left"]).into_iter().map(|(_, name)| name).collect();
    // Kim is still there; of the team nobody is.
    assert_eq!(left, ["a-bot", "c-bot", "d-bot", "e-bot"]);
}

/// A user of a cluster by the address that its provider gives, with what binds her.
#[test]
fn a_user_of_a_cluster_is_taken_out_of_its_bindings() {
    let folder = folder();
    let at = folder.path();
    people(at, "active,");
    let items = json!([
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "jana-admin"},
         "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
         "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "oidc:jana@acme.example"}]},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "cluster-admin"},
         "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]},
    ]);
    write(at, "dump/all.json", json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string());
    let asked = [
        "offboard",
        "jana",
        "--isolated",
        "--now",
        NOW,
        "--people",
        "people.csv",
        "--kubernetes-export",
        "prod=dump",
        "-q",
    ];
    let bill = run(at, &asked).stdout;
    assert!(
        bill.contains("oidc:jana@acme.example") && bill.contains("do everything (administrator): cluster prod"),
        "{bill}"
    );
    assert!(bill.contains("take them out of") && bill.contains("jana-admin"), "{bill}");
}

/// The order in which a key is replaced can be followed: two keys at most, one password, none for what is off.
#[test]
fn keys_are_replaced_in_an_order_that_works() {
    let folder = folder();
    let at = folder.path();
    account(at, &[user("bot", &[])], &["bot"]);
    people(at, "active,");
    let list = |keys: &[(&str, &str)]| {
        let all: Vec<Value> = keys
            .iter()
            .map(|(id, status)| json!({"UserName": "bot", "AccessKeyId": id, "Status": status, "CreateDate": "2026-10-01T00:00:00Z"}))
            .collect();
        write(at, "aws/iam.list-access-keys.bot.json", json!({"AccessKeyMetadata": all}).to_string());
    };
    let told = |id: &str| {
        findings(at, &[]);
        run(at, &["rotate", id, "--from", "scan.json", "--now", NOW]).stdout
    };
    let (one, other) = ("AKIABTX3GSDSAAAAAAAA", "AKIABTX3GSDSAAAAAAAB");
    list(&[(one, "Active"), (other, "Active")]);
    let text = told(one);
    assert!(text.contains(&format!("1. Its user has another key, {other}, and may have two at most")), "{text}");
    list(&[(one, "Inactive")]);
    let text = told(one);
    assert!(text.contains("1. It is switched off already") && !text.contains("create-access-key"), "{text}");
    assert!(text.contains(&format!("aws iam delete-access-key --user-name bot --access-key-id {one}")), "{text}");
    let text = told("user/bot#password");
    assert!(text.contains("aws iam update-login-profile --user-name bot --password-reset-required"), "{text}");
    assert!(!text.contains("both work for a while"), "{text}");
}

/// What somebody wrote into a file is told with whose it is and what it opens, and is replaced like any other credential.
#[test]
fn secrets_that_a_leaver_wrote_say_what_they_open() {
    let folder = folder();
    let at = folder.path();
    people(at, "active,");
    account(at, &[user("svc", &[])], &["svc"]);
    let keys = json!({"AccessKeyMetadata": [{"UserName": "svc", "AccessKeyId": "AKIARTX3GSDSQAD65PDZ", "Status": "Active", "CreateDate": "2026-10-01T00:00:00Z"}]});
    write(at, "aws/iam.list-access-keys.json", keys.to_string());
    let lines = [
        format!("AWS_ACCESS_KEY_ID={}\n", "AKIARTX3GSDSQAD65PDZ"),
        format!("AWS_SECRET_ACCESS_KEY={}\n", "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"),
    ];
    write(at, "repo/.env", lines.concat());
    for arguments in [&["init", "-q", "."][..], &["add", "-A"], &["commit", "-qm", "x"]] {
        let mut git = std::process::Command::new("git");
        git.args(["-c", "user.name=Jana", "-c", "user.email=jana@acme.example"]).args(arguments);
        assert!(git.current_dir(at.join("repo")).output().expect("git runs").status.success());
    }
    let given = ["--isolated", "--allow-partial", "--now", NOW, "--aws-export", "aws", "--people", "people.csv", "-q"];
    let text = run(at, &[&["offboard", "jana@acme.example", "repo", "--history"], &given[..]].concat()).stdout;
    let (_, written) = text.split_once("Secrets they wrote into files").expect("it is told");
    for part in [
        "aws.access-key AKIARTX3GSDSQAD65PDZ of IAM user svc, account 111122223333: works",
        "do everything (administrator): account 111122223333",
        "1. Replace aws.access-key AKIARTX3GSDSQAD65PDZ, which they wrote to repo/.env:2:23.",
        "nonhuman rotate aws:access-key/AKIARTX3GSDSQAD65PDZ",
        "then: aws iam update-access-key --user-name svc --access-key-id AKIARTX3GSDSQAD65PDZ --status Inactive",
    ] {
        assert!(written.contains(part), "{part}\n{text}");
    }
}
