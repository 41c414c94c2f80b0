//! What exports leave out or say twice, as the real binary tells it: which rules are not evaluated for it, which are, and
//! the exit code.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::tree::{Ran, folder, nonhuman, write};

const REPORT: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,\
password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,\
access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,\
access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,\
cert_1_last_rotated,cert_2_active,cert_2_last_rotated\n\
<root_account>,arn:aws:iam::111122223333:root,2020-01-01T00:00:00+00:00,not_supported,2025-01-01T00:00:00+00:00,\
not_supported,not_supported,true,false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A\n";

/// The report as the CLI writes it: of the day of the scan.
fn report() -> String {
    json!({"Content": REPORT, "ReportFormat": "text/csv", "GeneratedTime": "2026-11-22T08:00:00Z"}).to_string()
}

/// An account of one role that a function may have; `last` is when somebody became it.
fn account(last: &str) -> Value {
    json!({"UserDetailList": [], "GroupDetailList": [], "Policies": [], "RoleDetailList": [{
        "RoleName": "app", "RoleId": "AROAEXAMPLEAPP000001", "Path": "/", "InstanceProfileList": [],
        "Arn": "arn:aws:iam::111122223333:role/app", "CreateDate": "2025-01-01T00:00:00Z",
        "RoleLastUsed": {"LastUsedDate": last}, "Tags": [{"Key": "owner", "Value": "shop"}],
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}}]})
}

fn scan(tree: &TempDir) -> (Value, Option<i32>) {
    let mut command = nonhuman(tree.path());
    command.args(["scan", "--now", "2026-11-22T12:00:00Z", "--format", "json", "--aws-export", "aws"]);
    let ran: Ran = command.output().expect("it starts").into();
    let read = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    (read, Some(ran.code))
}

fn not_evaluated(scan: &Value) -> Vec<&str> {
    let all = scan["not_evaluated"].as_array().expect("a list").iter();
    all.filter_map(|one| one["rule"].as_str()).collect()
}

fn entry<'s>(scan: &'s Value, what: &str) -> Option<&'s Value> {
    scan["coverage"].as_array().expect("a list").iter().find(|one| one["what"] == what)
}

#[test]
fn services_that_were_not_given_are_not_judged_and_the_rest_is() {
    let tree = folder();
    write(tree.path(), "aws/iam.json", account("2026-01-01T00:00:00Z").to_string());
    write(tree.path(), "aws/report.json", report());
    let (told, code) = scan(&tree);
    let left = not_evaluated(&told);
    for rule in [
        "imds-v1-with-role",
        "workload-administrator",
        "public-workload-administrator",
        "resource-policy-public",
        "secret-not-rotated",
        "gateway-without-authorizer",
        "bedrock-key-never-expires",
        "server-certificate-expired",
        "identity-provider-unused",
        "role-shared",
        "analyzer-finding",
    ] {
        assert!(left.contains(&rule), "{rule} is not among {left:?}");
    }
    for rule in ["account-administrator", "role-orphaned", "root-without-mfa", "trusts-anyone", "identity-unowned"] {
        assert!(!left.contains(&rule), "{rule}");
    }
    // What needs no service is found all the same.
    let rules: Vec<&str> = told["findings"].as_array().unwrap().iter().filter_map(|one| one["rule"].as_str()).collect();
    assert_eq!(rules, ["role-orphaned"]);
    assert_eq!(code, Some(1));

    // Without a finding the hole decides.
    write(tree.path(), "aws/iam.json", account("2026-11-20T00:00:00Z").to_string());
    let (told, code) = scan(&tree);
    assert_eq!((told["findings"].as_array().map(Vec::len), code), (Some(0), Some(3)));

    // One service more is one thing less that is not known.
    write(tree.path(), "aws/secretsmanager.list-secrets.eu-west-1.json", json!({"SecretList": []}).to_string());
    let (told, _) = scan(&tree);
    assert!(!not_evaluated(&told).contains(&"secret-not-rotated"));
    assert!(not_evaluated(&told).contains(&"role-shared"));
}

#[test]
fn two_exports_of_one_account_that_differ_are_a_hole() {
    let tree = folder();
    write(tree.path(), "aws/jan/iam.json", account("2026-01-01T00:00:00Z").to_string());
    write(tree.path(), "aws/nov/iam.json", account("2026-01-01T00:00:00Z").to_string());
    let (told, _) = scan(&tree);
    assert_eq!(entry(&told, "account authorization details of one time"), None, "the same twice is no contradiction");
    write(tree.path(), "aws/nov/iam.json", account("2026-11-20T00:00:00Z").to_string());
    let (told, _) = scan(&tree);
    let hole = entry(&told, "account authorization details of one time").expect("it is told");
    assert!(hole["detail"].to_string().contains("role/app (aws/jan/iam.json and aws/nov/iam.json)"), "{hole}");
    assert!(not_evaluated(&told).contains(&"account-administrator"));
}

#[test]
fn filtered_account_authorization_details_are_not_whole() {
    let tree = folder();
    let mut filtered = account("2026-11-20T00:00:00Z");
    filtered["UserDetailList"] = json!([{"UserName": "bot", "UserId": "AIDAEXAMPLEBOT000001", "Path": "/",
        "Arn": "arn:aws:iam::111122223333:user/bot", "CreateDate": "2026-11-01T00:00:00Z"}]);
    filtered["RoleDetailList"] = json!([]);
    write(tree.path(), "aws/iam.json", filtered.to_string());
    write(tree.path(), "aws/report.json", report());
    let (told, _) = scan(&tree);
    let hole = entry(&told, "account authorization details").expect("it is told");
    assert!(hole["detail"].to_string().contains("no role is in them"), "{hole}");
    assert_eq!(hole["kinds"], json!(["aws.role"]));
    assert!(not_evaluated(&told).contains(&"role-orphaned"));
    // Of the user all was read.
    let hole = entry(&told, "account authorization details").expect("it is told")["detail"].clone();
    let of_users = told["not_evaluated"].as_array().unwrap().iter().filter(|one| one["rule"] == "access-key-old");
    assert!(of_users.clone().all(|one| !one["reason"].to_string().contains("no role is in them")), "{hole}");

    filtered.as_object_mut().unwrap().remove("GroupDetailList");
    write(tree.path(), "aws/iam.json", filtered.to_string());
    let (told, _) = scan(&tree);
    let hole = entry(&told, "account authorization details").expect("it is told");
    assert!(hole["detail"].to_string().contains("no page has GroupDetailList"), "{hole}");
    assert!(not_evaluated(&told).contains(&"account-administrator"));
}

#[test]
fn an_access_entry_that_makes_an_administrator_of_a_cluster_is_told_of_whom_it_is_for() {
    let tree = folder();
    write(tree.path(), "aws/iam.json", account("2026-11-20T00:00:00Z").to_string());
    let role = "arn:aws:iam::111122223333:role/app";
    write(tree.path(), "aws/eks.list-clusters.eu-west-1.json", json!({"clusters": ["prod"]}).to_string());
    let entries = json!({"accessEntries": [role]});
    write(tree.path(), "aws/eks.list-access-entries.eu-west-1.prod.json", entries.to_string());
    let missing = |told: &Value| {
        let holes = told["coverage"].as_array().unwrap().iter().filter(|one| one["outcome"] != "complete");
        holes.filter_map(|one| one["what"].as_str()).filter(|what| what.contains("access")).map(str::to_owned).collect()
    };
    let (told, _) = scan(&tree);
    let left: Vec<String> = missing(&told);
    assert!(left.contains(&"eks describe-access-entry".to_owned()), "{left:?}");
    assert!(left.contains(&"eks list-associated-access-policies".to_owned()), "{left:?}");

    let one = json!({"accessEntry": {"clusterName": "prod", "principalArn": role, "kubernetesGroups": ["deployers"],
        "type": "STANDARD", "username": role}});
    write(tree.path(), "aws/eks.describe-access-entry.eu-west-1.prod.app.json", one.to_string());
    let policies = |scope: Value| {
        let policies = json!({"clusterName": "prod", "principalArn": role, "associatedAccessPolicies": [{
            "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy", "accessScope": scope}]});
        write(tree.path(), "aws/eks.list-associated-access-policies.eu-west-1.prod.app.json", policies.to_string());
    };
    let found = |told: &Value| {
        let all = told["findings"].as_array().unwrap();
        all.iter().find(|one| one["rule"] == "cluster-access-administrator").cloned()
    };
    policies(json!({"type": "cluster", "namespaces": []}));
    let (told, _) = scan(&tree);
    let one = found(&told).expect("it is found");
    assert_eq!(one["identity"], role);
    assert_eq!(
        one["message"],
        "arn:aws:iam::111122223333:role/app is administrator of arn:aws:eks:eu-west-1:111122223333:cluster/prod by an \
         access entry (AmazonEKSClusterAdminPolicy in the whole cluster)"
    );
    policies(json!({"type": "namespace", "namespaces": ["shop"]}));
    assert_eq!(found(&scan(&tree).0), None);
}

#[test]
fn a_way_of_three_steps_is_three_steps_to_path() {
    let trust = |principal: Value| json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]});
    let role = |name: &str, principal: Value, statement: Value| {
        json!({"RoleName": name, "RoleId": format!("AROAEXAMPLE{name:X>9}"), "Path": "/", "CreateDate": "2025-01-01T00:00:00Z",
            "Arn": format!("arn:aws:iam::111122223333:role/{name}"), "AssumeRolePolicyDocument": trust(principal),
            "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": {"Statement": statement}}]})
    };
    let assume = |name: &str| json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": format!("arn:aws:iam::111122223333:role/{name}")});
    let arn = |name: &str| json!({"AWS": format!("arn:aws:iam::111122223333:{name}")});
    let make = json!({"Effect": "Allow", "Resource": "*",
        "Action": ["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"]});
    let all = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    let export = json!({"GroupDetailList": [], "Policies": [], "UserDetailList": [{"UserName": "start", "Path": "/",
    "UserId": "AIDAEXAMPLESTART0001", "Arn": "arn:aws:iam::111122223333:user/start",
    "CreateDate": "2025-01-01T00:00:00Z",
    "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": {"Statement": assume("first")}}]}],
    "RoleDetailList": [
        role("first", arn("user/start"), assume("second")),
        role("second", arn("role/first"), make),
        role("boss", json!({"Service": "lambda.amazonaws.com"}), all),
    ]});
    let tree = folder();
    write(tree.path(), "aws/iam.json", export.to_string());
    let ask = ["path", "user/start", "role/boss", "--now", "2026-11-22T12:00:00Z", "--aws-export", "aws"];
    let way: Ran = nonhuman(tree.path()).args(ask).output().expect("it starts").into();
    let (_, told) = way.stdout.split_once("\nWay\n").unwrap_or_else(|| panic!("{}{}", way.stdout, way.stderr));
    let places: Vec<usize> = ["IAM role first", "IAM role second", "IAM role boss"]
        .iter()
        .map(|name| told.find(name).unwrap_or_else(|| panic!("{name}: {told}")))
        .collect();
    assert!(places.is_sorted(), "{}", way.stdout);
    assert_eq!(way.stdout.matches("may call lambda:CreateFunction").count(), 1, "{}", way.stdout);
}
