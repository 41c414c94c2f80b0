//! Whom trust and resource policies let in: conditions that any stranger meets, accounts that a condition names, denies
//! that shut strangers out. And half-made credential reports, and policies that an export lacks.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::tree::{Ran, folder, nonhuman, write};

const OTHER: &str = "555555555555";

fn scan(tree: &TempDir) -> Value {
    let mut command = nonhuman(tree.path());
    command.args(["scan", "--now", "2026-11-22T12:00:00Z", "--format", "json", "--exit-zero", "--aws-export", "aws"]);
    let ran: Ran = command.output().expect("it starts").into();
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr))
}

/// The rules among these that found something of a subject.
fn rules<'s>(scan: &'s Value, subject: &str, among: &[&str]) -> Vec<&'s str> {
    let findings = scan["findings"].as_array().expect("findings").iter();
    let of = findings.filter(|one| one["subject"].as_str().is_some_and(|id| id.ends_with(subject)));
    let mut names: Vec<&str> = of.filter_map(|one| one["rule"].as_str()).filter(|rule| among.contains(rule)).collect();
    names.sort_unstable();
    names
}

fn role(name: &str, condition: &Value, further: Option<Value>) -> Value {
    let allow =
        json!({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole", "Condition": condition});
    let statements: Vec<Value> = std::iter::once(allow).chain(further).collect();
    json!({"RoleName": name, "RoleId": format!("AROAEXAMPLE{name:0>10}").to_uppercase(), "Path": "/",
        "Arn": format!("arn:aws:iam::111122223333:role/{name}"), "CreateDate": "2025-01-01T00:00:00Z",
        "RoleLastUsed": {"LastUsedDate": "2026-11-20T00:00:00Z"},
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": statements},
        "RolePolicyList": [{"PolicyName": "all", "PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}}]})
}

fn user(name: &str) -> Value {
    json!({"UserName": name, "UserId": format!("AIDAEXAMPLE{name:0>10}").to_uppercase(), "Path": "/",
        "Arn": format!("arn:aws:iam::111122223333:user/{name}"), "CreateDate": "2024-01-01T00:00:00Z"})
}

fn account(users: &[Value], roles: &[Value]) -> Value {
    json!({"UserDetailList": users, "RoleDetailList": roles, "GroupDetailList": [], "Policies": []})
}

#[test]
fn a_condition_that_a_stranger_meets_keeps_nobody_out() {
    let spared = json!({"Effect": "Deny", "Principal": "*", "Action": "sts:*",
        "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-abc"}}});
    let other = json!({"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRoleWithSAML"});
    let cases = [
        ("anynet", json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}), None, vec!["trusts-anyone"]),
        ("anyagent", json!({"StringLike": {"aws:UserAgent": "acme*"}}), None, vec!["trusts-anyone"]),
        ("anymfa", json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}), None, vec!["trusts-anyone"]),
        ("anyarn", json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/ci"}}), None, vec!["trusts-anyone"]),
        ("onenet", json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}), None, vec!["trusts-anyone-weakly"]),
        ("oneword", json!({"StringEquals": {"sts:ExternalId": "abc"}}), None, vec!["trusts-anyone-weakly"]),
        ("account", json!({"StringEquals": {"aws:PrincipalAccount": OTHER}}), None, vec!["external-administrator"]),
        ("org", json!({"StringEquals": {"aws:PrincipalOrgID": "o-abc"}}), None, vec![]),
        ("other", json!({}), Some(other), vec!["trusts-anyone"]),
        ("times", json!({"NumericLessThan": {"acme:Times": "3"}}), None, vec!["trusts-anyone-weakly"]),
        ("denied", json!({}), Some(spared), vec![]),
    ];
    let roles: Vec<Value> = cases.iter().map(|(name, test, more, _)| role(name, test, more.clone())).collect();
    let tree = folder();
    write(tree.path(), "aws/iam.json", account(&[], &roles).to_string());
    let scan = scan(&tree);
    let among = ["trusts-anyone", "trusts-anyone-weakly", "external-administrator"];
    for (name, _, _, expected) in cases {
        assert_eq!(rules(&scan, &format!("role/{name}"), &among), expected, "{name}");
    }
}

#[test]
fn a_bucket_is_public_where_a_stranger_is_let_in() {
    let org = json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-abc"}});
    let cases = [
        ("plain", json!({}), None, true),
        ("pattern", json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}}), None, true),
        ("accounts", json!({"StringLike": {"aws:PrincipalAccount": "1111*"}}), None, true),
        ("widenet", json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}}), None, true),
        ("onenet", json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}), None, false),
        ("endpoint", json!({"StringEquals": {"aws:SourceVpce": "vpce-1"}}), None, false),
        ("denied", json!({}), Some(("s3:*", org.clone())), false),
        ("deniedless", json!({}), Some(("s3:PutObject", org)), true),
    ];
    let tree = folder();
    write(tree.path(), "aws/iam.json", account(&[user("u")], &[]).to_string());
    for (name, condition, denial, _) in &cases {
        let resource = format!("arn:aws:s3:::{name}/*");
        let allow = json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": resource, "Condition": condition});
        let deny = denial.as_ref().map(|(action, condition)| {
            json!({"Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource, "Condition": condition})
        });
        let statements: Vec<Value> = std::iter::once(allow).chain(deny).collect();
        let policy = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        write(tree.path(), &format!("aws/s3api.get-bucket-policy.{name}.json"), json!({"Policy": policy}).to_string());
    }
    let scan = scan(&tree);
    for (name, _, _, is_public) in cases {
        let found = !rules(&scan, &format!("{name}#policy"), &["resource-policy-public"]).is_empty();
        assert_eq!(found, is_public, "{name}");
    }
}

const HEADER: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated\n";

/// A user with a console password that was never used, and no key.
fn row(name: &str) -> String {
    format!(
        "{name},arn:aws:iam::111122223333:user/{name},2024-01-01T00:00:00Z,true,no_information,N/A,N/A,true,false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A\n"
    )
}

fn hidden(scan: &Value, name: &str) -> Vec<String> {
    let identities = scan["identities"].as_array().expect("identities");
    let one = identities.iter().find(|one| one["name"] == name).expect("it is there");
    one["hidden"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[test]
fn a_user_without_a_row_in_the_credential_report_is_not_known_to_have_nothing() {
    let tree = folder();
    write(tree.path(), "aws/iam.json", account(&[user("a"), user("b")], &[]).to_string());
    let content = format!("{HEADER}{}", row("a"));
    let report = json!({"Content": content, "ReportFormat": "text/csv", "GeneratedTime": "2026-11-22T08:00:00Z"});
    write(tree.path(), "aws/credential-report.json", report.to_string());
    let scan = scan(&tree);
    assert_eq!(rules(&scan, "user/b", &["user-orphaned"]), Vec::<&str>::new());
    assert_eq!((hidden(&scan, "a"), hidden(&scan, "b")), (vec![], vec!["credentials".to_owned(), "usage".to_owned()]));
    let coverage = scan["coverage"].as_array().expect("coverage");
    let hole = coverage.iter().find(|one| one["target"] == "arn:aws:iam::111122223333:user/b").expect("a hole");
    assert!(hole["detail"].as_str().expect("text").contains("it has no row of user b"), "{hole}");
    assert_eq!(scan["summary"]["incomplete"], true);
    // The password is no older than its user.
    let findings = scan["findings"].as_array().expect("findings");
    let unused = findings.iter().find(|one| one["rule"] == "password-unused").expect("it is found");
    assert_eq!(unused["message"], "a may log in to the console but did not for 1056 days");
}

#[test]
fn an_old_credential_report_says_nothing_of_uses_since() {
    let tree = folder();
    write(tree.path(), "aws/iam.json", account(&[user("a")], &[]).to_string());
    let report = |made: &str| {
        let content = format!("{HEADER}{}", row("a"));
        json!({"Content": content, "ReportFormat": "text/csv", "GeneratedTime": made}).to_string()
    };
    for (made, is_told) in [("2026-11-20T00:00:00Z", true), ("2026-01-20T00:00:00Z", false)] {
        write(tree.path(), "aws/report.json", report(made));
        let scan = scan(&tree);
        assert_eq!(!rules(&scan, "user/a#password", &["password-unused"]).is_empty(), is_told, "{made}");
        assert_eq!(scan.to_string().contains("it is of 2026-01-20"), !is_told);
    }
}

#[test]
fn an_old_credential_report_does_not_stand_for_keys_that_were_never_listed() {
    let tree = folder();
    write(tree.path(), "aws/iam.json", account(&[user("a")], &[]).to_string());
    let keys = |made: &str| {
        let content = format!("{HEADER}{}", row("a"));
        let report = json!({"Content": content, "ReportFormat": "text/csv", "GeneratedTime": made});
        write(tree.path(), "aws/report.json", report.to_string());
        let coverage = scan(&tree)["coverage"].as_array().expect("coverage").clone();
        let entry = coverage.into_iter().find(|one| one["what"] == "access keys").expect("it is told");
        (entry["outcome"].clone(), entry["detail"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(keys("2026-11-20T00:00:00Z").0, "complete");
    let (outcome, detail) = keys("2026-01-01T00:00:00Z");
    assert_eq!(outcome, "partial");
    assert!(detail.contains("does not know keys made since (it is of 2026-01-01)"), "{detail}");
    write(tree.path(), "aws/keys-a.json", r#"{"AccessKeyMetadata": []}"#);
    assert_eq!(keys("2026-01-01T00:00:00Z").0, "complete");
}

#[test]
fn tags_that_were_not_read_are_no_lack_of_an_owner() {
    let tree = folder();
    write(
        tree.path(),
        "aws/credential-report.csv",
        format!("{HEADER}{}", row("a").replace(",true,no_information", ",false,N/A")),
    );
    let alone = scan(&tree);
    assert_eq!(rules(&alone, "user/a", &["identity-unowned"]), Vec::<&str>::new());
    let not_evaluated = alone["not_evaluated"].as_array().expect("a list");
    assert!(not_evaluated.iter().any(|one| one["rule"] == "identity-unowned"), "{not_evaluated:?}");
    write(tree.path(), "aws/iam.json", account(&[user("a")], &[]).to_string());
    assert_eq!(rules(&scan(&tree), "user/a", &["identity-unowned"]), ["identity-unowned"]);
}

#[test]
fn a_credential_report_without_root_says_nothing_of_root() {
    let tree = folder();
    write(tree.path(), "aws/iam.json", account(&[user("a")], &[]).to_string());
    write(tree.path(), "aws/credential-report.csv", format!("{HEADER}{}", row("a")));
    let scan = scan(&tree);
    let not_evaluated = scan["not_evaluated"].as_array().expect("a list");
    for rule in ["root-without-mfa", "root-access-key", "root-used"] {
        assert!(not_evaluated.iter().any(|one| one["rule"] == rule), "{rule}");
    }
    assert!(scan["coverage"].to_string().contains("it has no row of the root user"));
}

#[test]
fn what_only_the_credential_report_tells_of_root_is_not_evaluated_without_it() {
    let tree = folder();
    write(tree.path(), "aws/iam.json", account(&[user("a")], &[]).to_string());
    let scan = scan(&tree);
    let not_evaluated = scan["not_evaluated"].as_array().expect("a list");
    for rule in ["root-without-mfa", "root-access-key", "root-used"] {
        assert!(not_evaluated.iter().any(|one| one["rule"] == rule), "{rule}");
    }
}

#[test]
fn a_policy_or_a_boundary_that_was_not_read_decides() {
    let attached =
        |name: &str| json!([{"PolicyName": name, "PolicyArn": format!("arn:aws:iam::111122223333:policy/{name}")}]);
    let mut bounded = user("bounded");
    bounded["UserPolicyList"] = json!([{"PolicyName": "all", "PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}}]);
    bounded["PermissionsBoundary"] = json!({"PermissionsBoundaryArn": "arn:aws:iam::111122223333:policy/gone"});
    let mut unknown = user("unknown");
    unknown["AttachedManagedPolicies"] = attached("mine");
    let mut keys = user("keys");
    keys["UserPolicyList"] = bounded["UserPolicyList"].clone();
    let tree = folder();
    write(tree.path(), "aws/iam.json", account(&[bounded, unknown, keys], &[]).to_string());
    for (who, action, decision, unread) in [
        ("bounded", "s3:GetObject", "conditional", json!(["boundary"])),
        ("unknown", "s3:GetObject", "conditional", json!(["identity"])),
        ("keys", "kms:ListKeys", "allowed", json!([])),
        ("keys", "kms:Decrypt", "conditional", json!(["resource"])),
    ] {
        let mut command = nonhuman(tree.path());
        let principal = format!("arn:aws:iam::111122223333:user/{who}");
        command.args([
            "access",
            "aws",
            "--export",
            "aws",
            "--format",
            "json",
            "--principal",
            &principal,
            "--action",
            action,
        ]);
        let ran: Ran = command.output().expect("it starts").into();
        let answer: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
        assert_eq!((answer["decision"].as_str(), &answer["unread"]), (Some(decision), &unread), "{who} {action}");
    }
    // Nor is anybody administrator for certain whose boundary was not read.
    let scan = scan(&tree);
    assert_eq!(rules(&scan, "user/bounded", &["account-administrator"]), Vec::<&str>::new());
    assert_eq!(rules(&scan, "user/bounded", &["could-become-account-administrator"]).len(), 1);
    assert_eq!(rules(&scan, "user/keys", &["account-administrator"]).len(), 1);
}

/// Whoever knows the account knows its number: as an external id it keeps out nobody.
#[test]
fn the_number_of_an_account_is_no_external_id() {
    let role = |name: &str, id: &str| {
        let mut one = role(name, &json!({"StringEquals": {"sts:ExternalId": id}}), None);
        one["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] =
            json!({"AWS": format!("arn:aws:iam::{OTHER}:root")});
        one
    };
    let tree = folder();
    let roles =
        [role("theirs", OTHER), role("ours", "111122223333"), role("word", "f81d-44aa"), role("third", "999999999999")];
    write(tree.path(), "aws/iam.json", account(&[], &roles).to_string());
    let scan = scan(&tree);
    let without = |name: &str| rules(&scan, &format!("role/{name}"), &["trust-external-without-external-id"]).len();
    assert_eq!(["theirs", "ours", "word", "third"].map(without), [1, 1, 0, 0]);
}

#[test]
fn a_pattern_of_workflows_says_whose_they_are() {
    let issuer = "token.actions.githubusercontent.com";
    let role = |name: &str, claim: &str, value: &str| {
        let aud = json!({format!("{issuer}:aud"): "sts.amazonaws.com"});
        let mut one =
            role(name, &json!({"StringEquals": aud, "StringLike": {format!("{issuer}:{claim}"): value}}), None);
        let statement = &mut one["AssumeRolePolicyDocument"]["Statement"][0];
        statement["Principal"] = json!({"Federated": format!("arn:aws:iam::111122223333:oidc-provider/{issuer}")});
        statement["Action"] = json!("sts:AssumeRoleWithWebIdentity");
        one
    };
    let tree = folder();
    let roles = [
        role("workflow", "job_workflow_ref", "acme/app/.github/workflows/deploy.yml@*"),
        role("any", "job_workflow_ref", "*"),
        role("owner", "repository_owner", "*"),
        role("ref", "ref", "refs/heads/main"),
    ];
    write(tree.path(), "aws/iam.json", account(&[], &roles).to_string());
    let scan = scan(&tree);
    let of = |name: &str| rules(&scan, &format!("role/{name}"), &["oidc-any-subject", "oidc-subject-too-wide"]);
    assert_eq!(of("workflow"), ["oidc-subject-too-wide"]);
    assert_eq!(["any", "owner", "ref"].map(of), [["oidc-any-subject"], ["oidc-any-subject"], ["oidc-any-subject"]]);
}
