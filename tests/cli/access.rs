//! `nonhuman access aws`: the answers, their reasons, and what is said of questions that cannot be read.

use serde_json::{Value, json};

use crate::tree::{NOW, folder, project, run, write};

fn export() -> String {
    project().join("fixtures/access/iam-vulnerable.json").to_string_lossy().into_owned()
}

fn ask(more: &[&str]) -> (i32, String, String) {
    let (folder, export) = (folder(), export());
    let mut arguments =
        vec!["access", "aws", "--isolated", "--quiet", "--allow-partial", "--now", NOW, "--export", &export];
    arguments.extend(more);
    let ran = run(folder.path(), &arguments);
    (ran.code, ran.stdout, ran.stderr)
}

const FN2: &str = "arn:aws:iam::111122223333:user/fn2-exploitableResourceConstraint-user";

#[test]
fn an_answer_names_the_statement() {
    let on = |resource: &str| ask(&["--principal", FN2, "--action", "iam:CreatePolicyVersion", "--resource", resource]);
    let (code, out, _) = on("arn:aws:iam::111122223333:policy/fn2-x");
    assert_eq!(code, 0);
    assert!(out.starts_with(&format!("allowed: {FN2} iam:CreatePolicyVersion")), "{out}");
    assert!(
        out.contains(
            "identity policy: fn2-exploitableResourceConstraint, statement 1: Allow iam:CreatePolicyVersion on"
        ),
        "{out}"
    );
    let (code, out, _) = on("arn:aws:iam::111122223333:policy/other");
    assert_eq!(code, 0);
    assert!(out.starts_with("not allowed: ") && out.contains("nothing allows it: identity policy"), "{out}");
}

#[test]
fn a_deny_and_an_open_condition_are_told_apart() {
    let fp1 = "arn:aws:iam::111122223333:user/fp1-allow-and-deny-user";
    let (_, out, _) = ask(&["--principal", fp1, "--action", "iam:CreateUser"]);
    assert!(out.starts_with("denied: ") && out.contains("Deny iam:* on *"), "{out}");
    let fn3 = "arn:aws:iam::111122223333:user/fn3-exploitableConditionConstraint-user";
    let (_, out, _) = ask(&["--principal", fn3, "--action", "iam:CreatePolicyVersion"]);
    assert!(out.starts_with("conditional: ") && out.contains("depends on aws:tokenissuetime"), "{out}");
    let given = ["--context", "aws:TokenIssueTime=2026-11-01T00:00:00Z"];
    let (_, out, _) = ask(&[&["--principal", fn3, "--action", "iam:CreatePolicyVersion"], &given[..]].concat());
    assert!(out.starts_with("allowed: "), "{out}");
}

#[test]
fn wrong_questions_get_an_error_that_helps() {
    for (arguments, expected) in [
        (
            ["--principal", "arn:aws:iam::111122223333:user/FN1-privesc3-partial-USER", "--action", "s3:GetObject"],
            "did you mean",
        ),
        (["--principal", "arn:aws:iam::111122223333:user/nobody", "--action", "s3:GetObject"], "none of that name"),
        (["--principal", "anna", "--action", "s3:GetObject"], "expected an ARN"),
        (["--principal", FN2, "--action", "GetObject"], "expected service:Name"),
        (["--principal", FN2, "--action", "s3:*"], "without wildcards"),
    ] {
        let (code, _, error) = ask(&arguments);
        assert_eq!(code, 2, "{error}");
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn requests_are_answered_line_by_line() {
    let folder = folder();
    let allow =
        json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}});
    let old = json!({"Version": "2008-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::${aws:username}"}]});
    let bot = "arn:aws:iam::111122223333:user/bot";
    let lines = [
        json!({"id": 1, "principal": bot, "action": "s3:GetObject", "resource": "arn:aws:s3:::a/b", "identity_policies": [allow]}).to_string(),
        json!({"principal": bot, "action": "s3:GetObject", "resource": "arn:aws:s3:::a/b", "identity_policies": [allow], "scps": [[allow], [old]]}).to_string(),
        "{\"principal\": 7}".to_owned(),
        json!({"principal": bot, "action": "s3:GetObject", "surprise": true}).to_string(),
    ];
    write(folder.path(), "q.jsonl", lines.join("\n"));
    let ran = run(folder.path(), &["access", "aws", "--isolated", "--requests", "q.jsonl", "--now", NOW]);
    assert_eq!(ran.code, 2, "two of them cannot be read");
    let answers: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(answers.len(), 4);
    assert_eq!((&answers[0]["id"], &answers[0]["decision"]), (&json!(1), &json!("allowed")));
    assert_eq!(answers[0]["because"][0]["policy"], "identity policy 1");
    assert_eq!((&answers[1]["decision"], &answers[1]["blocked_by"]), (&json!("denied"), &json!(["scp"])));
    assert!(
        answers[1]["notes"][0].as_str().expect("a note").contains("is text here, not a variable"),
        "{}",
        answers[1]
    );
    assert!(answers[2]["error"].as_str().expect("an error").starts_with("q.jsonl:3:"), "{}", answers[2]);
    assert!(answers[3]["error"].as_str().expect("an error").contains("surprise"), "{}", answers[3]);
}

/// A part of a policy that cannot be read was left out: what is left is not the whole answer.
#[test]
fn a_malformed_policy_of_an_export_makes_no_certain_answer() {
    let tree = crate::tree::folder();
    let user = json!({"UserName": "bot", "UserId": "AIDAEXAMPLEBOT000001", "Path": "/", "CreateDate": "2026-01-01T00:00:00Z",
        "Arn": "arn:aws:iam::111122223333:user/bot", "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": {
            "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
                {"Effect": "deny", "Action": "s3:*", "Resource": "*"}]}}]});
    let export = json!({"UserDetailList": [user], "RoleDetailList": [], "GroupDetailList": [], "Policies": []});
    crate::tree::write(tree.path(), "iam.json", export.to_string());
    let ran = crate::tree::nonhuman(tree.path())
        .args(["access", "aws", "--export", "iam.json", "--principal", "arn:aws:iam::111122223333:user/bot"])
        .args(["--action", "s3:GetObject", "--resource", "arn:aws:s3:::orders/x"])
        .output()
        .map(crate::tree::Ran::from)
        .expect("it starts");
    assert!(ran.stdout.starts_with("conditional: "), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("policy p: statement 2: Effect is not"), "{}", ran.stdout);
}
