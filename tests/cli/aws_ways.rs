//! Ways to administrator and to data, as findings of the real binary: who, through whom, by which steps, and what closes
//! them. And what is concluded of policies that were not in the export, and of services that nobody used.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::tree::{Ran, folder, nonhuman, project, write};

fn scan(tree: &TempDir) -> Value {
    let mut command = nonhuman(tree.path());
    command.args(["scan", "--now", "2026-11-22T12:00:00Z", "--format", "json", "--exit-zero", "--aws-export", "aws"]);
    let ran: Ran = command.output().expect("it starts").into();
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr))
}

fn finding<'s>(scan: &'s Value, rule: &str, subject: &str) -> Option<&'s Value> {
    let findings = scan["findings"].as_array().expect("findings");
    findings.iter().find(|one| one["rule"] == rule && one["subject"].to_string().contains(subject))
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// An account of one user and one role with these statements; the role may be assumed by the user.
fn account(user: &Value, role: &Value) -> Value {
    let policy = |name: &str, statements: &Value| json!([{"PolicyName": name, "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}]);
    json!({
        "UserDetailList": [{"UserName": "bot", "UserId": "AIDAEXAMPLEBOT000001", "Path": "/",
            "Arn": "arn:aws:iam::111122223333:user/bot", "CreateDate": "2025-01-01T00:00:00Z",
            "UserPolicyList": policy("own", user)}],
        "RoleDetailList": [{"RoleName": "reader", "RoleId": "AROAEXAMPLEREADER001", "Path": "/",
            "Arn": "arn:aws:iam::111122223333:role/reader", "CreateDate": "2025-01-01T00:00:00Z",
            "RoleLastUsed": {"LastUsedDate": "2026-11-20T00:00:00Z"},
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "sts:AssumeRole"}]},
            "RolePolicyList": policy("data", role)}],
        "GroupDetailList": [], "Policies": []
    })
}

fn written(export: &Value) -> TempDir {
    let tree = folder();
    write(tree.path(), "aws/iam.json", export.to_string());
    tree
}

#[test]
fn a_way_to_data_is_a_finding_with_its_steps_and_its_cut() {
    let assume =
        json!([{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::111122223333:role/*"}]);
    let read = json!([{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::orders/*"}]);
    let tree = written(&account(&assume, &read));
    let scan = scan(&tree);
    let found = finding(&scan, "reaches-data-of-others", "user/bot").expect("it is found");
    assert_eq!(found["message"], "bot may read no stored data itself, but gets at it through role/reader");
    assert_eq!(
        found["remedy"],
        "If it is not meant to, cut the chain where it begins: take this from user bot: policy own, statement 1."
    );
    assert_eq!(
        texts(&found["chain"]),
        [
            "bot may call sts:AssumeRole on role reader (policy own, statement 1)",
            "role reader trusts account 111122223333",
            "role reader reads data: s3:GetObject on arn:aws:s3:::orders/* (policy data, statement 1)",
        ]
    );
    assert!(finding(&scan, "reaches-data-of-others", "role/reader").is_none(), "it may read them itself");
    let bot = scan["identities"].as_array().expect("identities").iter().find(|one| one["name"] == "bot").expect("bot");
    assert_eq!(bot["data_paths"][0]["cut"], "take this from user bot: policy own, statement 1");

    let mut show = nonhuman(tree.path());
    show.args(["show", "user/bot", "--now", "2026-11-22T12:00:00Z", "--aws-export", "aws"]);
    let shown: Ran = show.output().expect("it starts").into();
    assert!(shown.stdout.contains("Ways to data"), "{}", shown.stdout);
    assert!(shown.stdout.contains("closed by: take this from user bot: policy own, statement 1"), "{}", shown.stdout);

    let mut path = nonhuman(tree.path());
    path.args(["path", "user/bot", "role/reader", "--now", "2026-11-22T12:00:00Z", "--aws-export", "aws"]);
    let path: Ran = path.output().expect("it starts").into();
    assert!(path.stdout.contains("policy own, statement 1"), "{}", path.stdout);
    let cut =
        "Closed by any one of these\n  take this from IAM user bot, account 111122223333: policy own, statement 1";
    assert!(path.stdout.contains(cut), "{}", path.stdout);
}

#[test]
fn what_may_lead_up_is_told_apart_from_what_does() {
    let put = json!([{"Effect": "Allow", "Action": "iam:PutRolePolicy", "Resource": "*"}]);
    let nothing = json!([{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}]);
    let scan = scan(&written(&account(&put, &nothing)));
    let found = finding(&scan, "could-become-account-administrator", "user/bot").expect("it is found");
    assert_eq!(found["severity"], "medium");
    assert!(texts(&found["chain"])[0].starts_with("bot may call iam:PutRolePolicy on role reader"), "{found}");
    assert!(texts(&found["chain"])[1].contains("nothing that was read lets it"), "{found}");
    assert!(found["remedy"].as_str().expect("text").contains("policy own, statement 1"), "{found}");
    assert!(finding(&scan, "becomes-account-administrator", "user/bot").is_none());
}

#[test]
fn a_policy_of_aws_is_judged_though_the_export_lacks_it() {
    let nothing = json!([]);
    for partition in ["aws", "aws-us-gov", "aws-cn"] {
        let mut export = account(&nothing, &nothing);
        let attached =
            |name: &str| json!([{"PolicyName": name, "PolicyArn": format!("arn:aws:iam::aws:policy/{name}")}]);
        export["UserDetailList"][0]["AttachedManagedPolicies"] = attached("AdministratorAccess");
        export["RoleDetailList"][0]["AttachedManagedPolicies"] = attached("NotYetKnownAccess");
        let text = export.to_string().replace("arn:aws:", &format!("arn:{partition}:"));
        let scan = scan(&written(&serde_json::from_str(&text).expect("JSON")));
        assert!(finding(&scan, "account-administrator", "user/bot").is_some(), "{partition}");
        let coverage = scan["coverage"].as_array().expect("coverage");
        let about: Vec<(&str, &str)> = coverage
            .iter()
            .filter(|one| one["what"] == "AWS-managed policies")
            .map(|one| (one["outcome"].as_str().expect("text"), one["detail"].as_str().expect("text")))
            .collect();
        assert_eq!(about.len(), 2, "{about:?}");
        assert!(about.iter().any(|(outcome, detail)| *outcome == "complete" && detail.contains("AdministratorAccess")));
        assert!(about.iter().any(|(outcome, detail)| *outcome == "not-read" && detail.contains("NotYetKnownAccess")));
    }
}

#[test]
fn unused_services_are_told_with_the_policy_that_is_left() {
    let own = json!([{"Effect": "Allow", "Action": ["s3:GetObject", "ec2:*", "bedrock:InvokeModel"], "Resource": "*"}]);
    let tree = written(&account(&json!([]), &own));
    let service = |name: &str, last: Option<&str>| match last {
        Some(last) => json!({"ServiceName": name, "ServiceNamespace": name, "LastAuthenticated": last}),
        None => json!({"ServiceName": name, "ServiceNamespace": name, "TotalAuthenticatedEntities": 0}),
    };
    let answer = json!({
        "JobStatus": "COMPLETED",
        "ServicesLastAccessed":
            [service("s3", Some("2026-11-20T08:00:00Z")), service("ec2", Some("2026-03-01T08:00:00Z")), service("bedrock", None)]
    });
    write(tree.path(), "aws/iam.get-service-last-accessed-details.role.reader.json", answer.to_string());
    let scan = scan(&tree);
    let found = finding(&scan, "unused-services", "role/reader").expect("it is found");
    assert_eq!(found["message"], "reader did not use 2 of the 3 services it may use for 90 days: bedrock, ec2");
    let remedy = found["remedy"].as_str().expect("text");
    assert!(
        remedy.contains(r#"[{"Action":["s3:GetObject"],"Effect":"Allow","Resource":"*"}]"#) && !remedy.contains("ec2"),
        "{remedy}"
    );
    assert!(finding(&scan, "model-access-unused", "role/reader").is_some());
    // Nobody asked about the user, so nothing is known of it.
    let not_evaluated = scan["not_evaluated"].as_array().expect("a list");
    let about = not_evaluated.iter().find(|one| one["rule"] == "unused-services").expect("it is named");
    assert_eq!(about["subjects"], 1);
}

#[test]
fn every_scenario_of_pathfinding_labs_is_a_finding_on_whoever_it_starts_from() {
    let text = std::fs::read_to_string(project().join("fixtures/access/pathfinding.json")).expect("it is there");
    let all: Vec<Value> = serde_json::from_str(&text).expect("JSON");
    let rules = [
        "account-administrator",
        "becomes-account-administrator",
        "could-become-account-administrator",
        "reaches-data-of-others",
        "could-reach-data-of-others",
    ];
    // A few of each sort: all of them are asked in tests/access.
    let wanted =
        ["sts-001-sts", "glue-001-iam", "role-chain-to-s3", "iam-004-iam", "lambda-003", "ssm-001", "both-sides"];
    let mut seen = 0;
    for scenario in all.iter().filter(|one| wanted.iter().any(|name| one["scenario"].to_string().contains(name))) {
        let tree = folder();
        for (number, export) in scenario["accounts"].as_array().expect("accounts").iter().enumerate() {
            write(tree.path(), &format!("aws/{number}/iam.json"), export.to_string());
        }
        let scan = scan(&tree);
        let principals = texts(&scenario["principals"]);
        let users = scan["identities"].as_array().expect("identities");
        // Some are named otherwise in the account than in the story.
        let is_there = |one: &&&str| users.iter().any(|user| user["id"] == ***one);
        let other = || users.iter().filter_map(|user| user["id"].as_str()).find(|id| id.contains("starting-user"));
        let start = other().or(principals.iter().find(is_there).copied()).expect("it is there");
        let found = rules.iter().find_map(|rule| finding(&scan, rule, start));
        let chain = found.map(|found| texts(&found["chain"])).unwrap_or_default();
        assert!(!chain.is_empty(), "{} starts from {start}", scenario["scenario"]);
        seen += 1;
    }
    assert!(seen >= 8, "{seen}");
}

#[test]
fn a_question_follows_steps_to_whoever_is_neither_administrator_nor_reader() {
    let arn = |rest: &str| format!("arn:aws:iam::111122223333:{rest}");
    let policy = |actions: Value, resource: String| {
        json!([{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": actions, "Resource": resource}]}}])
    };
    let user = |name: &str, actions: Value, resource: String| {
        json!({"UserName": name, "UserId": format!("AIDAEXAMPLE{name}"), "Path": "/", "GroupList": [],
            "Arn": arn(&format!("user/{name}")), "CreateDate": "2024-01-01T00:00:00Z",
            "UserPolicyList": policy(actions, resource)})
    };
    let role = json!({"RoleName": "mid", "RoleId": "AROAEXAMPLEMID", "Path": "/", "Arn": arn("role/mid"),
        "CreateDate": "2024-01-01T00:00:00Z", "InstanceProfileList": [], "RoleLastUsed": {},
        "RolePolicyList": policy(json!("iam:CreateAccessKey"), arn("user/mailer")),
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": arn("root")}, "Action": "sts:AssumeRole"}]}});
    let users = [
        user("low", json!("sts:AssumeRole"), arn("role/mid")),
        user("mailer", json!(["ec2:TerminateInstances", "s3:DeleteObject"]), "*".to_owned()),
    ];
    let export = json!({"UserDetailList": users, "GroupDetailList": [], "RoleDetailList": [role], "Policies": []});
    let tree = written(&export);
    let ask = |arguments: &[&str]| {
        let ran = crate::tree::run(tree.path(), &[arguments, &["--aws-export", "aws", "--format", "json"]].concat());
        serde_json::from_str::<Value>(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr))
    };
    let path = ask(&["path", "user/low", "user/mailer"]);
    let way: Vec<&str> =
        path["data"]["way"].as_array().expect("a way").iter().filter_map(|one| one["to"].as_str()).collect();
    assert_eq!(way, [arn("role/mid"), arn("user/mailer")]);
    let reach = ask(&["reach", "user/low"]).to_string();
    assert!(reach.contains("delete-data"), "{reach}");
    // Who may do nothing to others leads nowhere.
    assert_eq!(ask(&["path", "user/mailer", "user/low"])["data"]["found"], false);
}
