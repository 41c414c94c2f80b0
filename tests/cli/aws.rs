//! AWS accounts from files, and the rights that reading them takes.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::tree::{Ran, folder, nonhuman, project, write};

/// What is planted in `fixtures/aws/services`: each flaw once, beside a near miss that must stay quiet.
const PLANTED: &[(&str, &str)] = &[
    ("account-administrator", "role/api"),
    ("analyzer-finding", "finding/f1"),
    ("bedrock-key-never-expires", "service-credential/ACCAEXAMPLEBEDROCK01"),
    ("credential-provider-old", "apikeycredentialprovider/search"),
    ("gateway-without-authorizer", "gateway/tools"),
    ("imds-v1-with-role", "instance/i-0web000000000001"),
    ("instance-profile-empty", "instance-profile/left-over"),
    ("metadata-reachable-from-containers", "instance/i-0web000000000001"),
    ("oidc-any-subject", "role/release"),
    ("parameter-in-clear", "parameter/shop/api_key"),
    ("password-policy-short", "password-policy"),
    ("public-workload-administrator", "function:checkout"),
    ("resource-policy-deleted-principal", "secret:shop/db-AbCdEf#policy"),
    ("resource-policy-external", "orders#policy"),
    ("resource-policy-public", "acme-public#policy"),
    ("roles-anywhere-unbound", "role/edge"),
    ("root-used", ":root"),
    ("root-without-mfa", ":root"),
    ("secret-not-rotated", "secret:shop/db-AbCdEf"),
    ("secret-unused", "secret:shop/old-AbCdEf"),
    ("server-certificate-expired", "server-certificate/old-shop"),
    ("service-credential-old", "service-credential/ACCAEXAMPLEBEDROCK01"),
    ("source-credential-token", "token/github"),
    ("ssh-key-old", "ssh-key/APKAEXAMPLEJANA00001"),
    ("trust-anchor-own-bundle", "trust-anchor/a1"),
    ("trust-closed-account", "role/retired"),
    ("trust-external-account", "role/partner"),
    ("trust-service-unbound", "role/agent"),
    ("trust-service-unbound", "role/builder"),
    ("trust-service-unbound", "role/payments"),
    ("workload-identity-returns-anywhere", "workload-identity/support"),
];

fn scan(arguments: &[&str]) -> Ran {
    let folder = folder();
    let mut command = nonhuman(folder.path());
    command.args(["scan", "--now", "2026-11-22T12:00:00Z", "--format", "json"]).args(arguments);
    command.output().expect("it starts").into()
}

fn services() -> Ran {
    scan(&["--aws-export", project().join("fixtures/aws/services").to_str().expect("UTF-8")])
}

#[test]
fn every_planted_flaw_is_found_and_nothing_else() {
    let ran = services();
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let scan: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let text = |one: &Value, name: &str| one[name].as_str().unwrap_or_default().to_owned();
    let all: Vec<(String, String)> = scan["findings"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| (text(one, "rule"), text(one, "subject")))
        .filter(|(rule, _)| rule != "leaked-secret")
        .collect();
    for (rule, subject) in PLANTED {
        let found = all.iter().any(|(found, of)| found == rule && of.ends_with(subject));
        assert!(found, "{rule} of {subject} in {all:#?}");
    }
    assert_eq!(all.len(), PLANTED.len(), "{all:#?}");
    assert_eq!(scan["summary"]["incomplete"], false);
}

#[test]
fn text_found_on_the_way_is_searched_and_never_shown() {
    let ran = services();
    let scan: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let leaks = scan["findings"].as_array().expect("a list").iter().filter(|one| one["rule"] == "leaked-secret");
    let places: BTreeSet<String> = leaks.map(|one| one["message"].as_str().unwrap_or_default().to_owned()).collect();
    let at = |place: &str| places.iter().any(|message| message.ends_with(place));
    assert_eq!(places.len(), 2, "{places:?}");
    assert!(at("aws/777788889999/lambda/eu-central-1/checkout/environment"), "{places:?}");
    assert!(at("aws/777788889999/ec2/eu-central-1/i-0web000000000001/user-data"), "{places:?}");
    for secret in ["Vt7qL2mWx9Kd4RzBn3", "qX7v2LmTz9Kw4RbN"] {
        assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret));
    }
}

#[test]
fn a_damaged_answer_is_a_hole_of_that_call_alone() {
    let tree = folder();
    let from = project().join("fixtures/aws/services");
    for name in ["iam.json", "credential-report.csv", "list-access-keys.json", "oidc.json", "saml.json"] {
        std::fs::copy(from.join(name), tree.path().join(name)).expect("room");
    }
    let damaged = r#"{"SecretList": [{"Name": "no-arn"}, 7, {"ARN": "arn:aws:secretsmanager:eu-central-1:777788889999:secret:ok-AbCdEf",
        "Name": "ok", "LastChangedDate": "2020-01-01T00:00:00Z"}]}"#;
    std::fs::write(tree.path().join("secretsmanager.list-secrets.json"), damaged).expect("room");
    std::fs::write(tree.path().join("ec2.describe-instances.json"), r#"{"Reservations": 5}"#).expect("room");
    let ran = scan(&["--aws-export", tree.path().to_str().expect("UTF-8")]);
    let scan: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let coverage = scan["coverage"].as_array().expect("a list");
    let of = |what: &str| coverage.iter().find(|one| one["what"] == what).unwrap_or_else(|| panic!("{what}"));
    let hole = of("secretsmanager list-secrets");
    assert_eq!((hole["outcome"].as_str(), hole["count"].as_u64()), (Some("partial"), Some(1)));
    assert!(hole["remedy"].as_str().unwrap_or_default().contains("aws secretsmanager list-secrets"), "{hole}");
    assert_eq!(of("account authorization details")["outcome"], "complete");
    let rules: Vec<&str> =
        scan["findings"].as_array().expect("a list").iter().filter_map(|one| one["rule"].as_str()).collect();
    assert!(rules.contains(&"secret-not-rotated"), "the good item is judged: {rules:?}");
    assert_eq!(scan["summary"]["incomplete"], true);
}

fn permissions(arguments: &[&str]) -> String {
    let folder = folder();
    let ran: Ran =
        nonhuman(folder.path()).args(["permissions", "aws"]).args(arguments).output().expect("it starts").into();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.stdout
}

#[test]
fn the_policy_allows_reading_and_nothing_else() {
    let policy: Value = serde_json::from_str(&permissions(&[])).expect("JSON");
    let actions = policy["Statement"][0]["Action"].as_array().expect("a list");
    assert!(actions.len() > 60, "{}", actions.len());
    // The two that generate have IAM put together what it knows, and change nothing.
    let generated = ["GenerateCredentialReport", "GenerateServiceLastAccessedDetails"];
    let reads = ["Get", "List", "Describe", "BatchGet", "Lookup", generated[0], generated[1]];
    for action in actions.iter().filter_map(Value::as_str) {
        let operation = action.split(':').nth(1).expect("service:operation");
        assert!(reads.iter().any(|verb| operation.starts_with(verb)), "{action}");
        // A value of a secret or parameter is never asked for.
        assert!(!["GetSecretValue", "GetParameter", "GetParameters", "GetFunction"].contains(&operation), "{action}");
    }
    let plan = permissions(&["--plan"]);
    for action in actions.iter().filter_map(Value::as_str) {
        assert!(plan.contains(action), "{action} is not in the plan");
    }
    assert!(
        plan.contains(
            "aws lambda get-policy --region REGION --function-name NAME > lambda.get-policy.REGION.NAME.json"
        ),
        "{plan}"
    );
}

#[test]
fn the_commands_of_the_plan_run_as_they_are_and_overwrite_nothing() {
    let tree = folder();
    let ran: Ran = nonhuman(tree.path()).args(["permissions", "aws", "--plan"]).output().expect("it starts").into();
    let commands: Vec<&str> = ran.stdout.lines().map(str::trim).filter(|line| line.starts_with("aws ")).collect();
    let file = |line: &str| line.split(" > ").nth(1).expect("a file").split(' ').next().expect("a name").to_owned();
    let mut files: Vec<String> = commands.iter().map(|line| file(line)).collect();
    files.sort();
    let all = files.len();
    files.dedup();
    assert_eq!(files.len(), all, "two commands write one file");
    for expected in [
        "aws organizations list-policies --filter SERVICE_CONTROL_POLICY > organizations.list-policies.SERVICE_CONTROL_POLICY.json",
        "aws sqs get-queue-attributes --region REGION --queue-url NAME --attribute-names Policy QueueArn > sqs.get-queue-attributes.REGION.NAME.json",
        "aws iam get-open-id-connect-provider --open-id-connect-provider-arn NAME > iam.get-open-id-connect-provider.NAME.json",
        "aws codebuild batch-get-projects --region REGION --names NAME > codebuild.batch-get-projects.REGION.NAME.json",
        "aws eks describe-pod-identity-association --region REGION --cluster-name CLUSTER-NAME --association-id NAME > eks.describe-pod-identity-association.REGION.CLUSTER-NAME.NAME.json",
        "aws sso-admin list-account-assignments --region REGION --instance-arn INSTANCE-ARN --permission-set-arn PERMISSION-SET-ARN --account-id NAME > sso-admin.list-account-assignments.REGION.INSTANCE-ARN.PERMISSION-SET-ARN.NAME.json",
        "aws organizations list-delegated-administrators --service-principal sso.amazonaws.com > organizations.list-delegated-administrators.json",
        "aws cloudtrail lookup-events --max-results 50 --lookup-attributes AttributeKey=EventName,AttributeValue=CreateUser > cloudtrail.lookup-events.CreateUser.json",
        "aws iam get-service-last-accessed-details --job-id JOB-ID > iam.get-service-last-accessed-details.NAME.json",
        "aws s3api get-bucket-policy --bucket NAME > s3api.get-bucket-policy.NAME.json 2> s3api.get-bucket-policy.NAME.err || grep -q NoSuchBucketPolicy s3api.get-bucket-policy.NAME.err && echo null > s3api.get-bucket-policy.NAME.json",
    ] {
        assert!(commands.contains(&expected), "{expected}\n{}", commands.join("\n"));
    }
}

/// An account of one role with this trust policy, which is administrator.
fn trusting(trust: &serde_json::Value) -> serde_json::Value {
    serde_json::json!({"UserDetailList": [], "GroupDetailList": [], "Policies": [], "RoleDetailList": [{
        "RoleName": "app", "RoleId": "AROAEXAMPLEAPP000001", "Path": "/",
        "Arn": "arn:aws:iam::111122223333:role/app", "CreateDate": "2026-01-01T00:00:00Z",
        "RoleLastUsed": {"LastUsedDate": "2026-11-20T00:00:00Z"},
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
        "RolePolicyList": [{"PolicyName": "all", "PolicyDocument":
            {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}}]}]})
}

#[test]
fn whoever_is_outside_has_a_way_in_where_a_role_lets_him() {
    let guests = serde_json::json!({"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": "cognito-identity.amazonaws.com"},
        "Condition": {"ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "unauthenticated"}}});
    let vendor = serde_json::json!({"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": "arn:aws:iam::464622532012:root"}});
    for (trust, from, label, rule) in [
        (&guests, "internet", "From anyone on the internet to", "guests-become-administrator"),
        (&vendor, "464622532012", "From account 464622532012 of others to", "external-administrator"),
    ] {
        let tree = folder();
        write(tree.path(), "aws/iam.json", trusting(trust).to_string());
        let ask = ["path", from, "role/app", "--now", "2026-11-22T12:00:00Z", "--aws-export", "aws"];
        let way: Ran = nonhuman(tree.path()).args(ask).output().expect("it starts").into();
        assert!(way.stdout.contains(label), "{}{}", way.stdout, way.stderr);
        assert!(way.stdout.contains("every step holds by what was read"), "{}", way.stdout);
        let scan = ["scan", "--now", "2026-11-22T12:00:00Z", "--aws-export", "aws", "--exit-zero", "--format", "json"];
        let ran: Ran = nonhuman(tree.path()).args(scan).output().expect("it starts").into();
        let report: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
        let found = report["findings"].as_array().expect("findings").iter().any(|one| one["rule"] == rule);
        assert!(found, "{rule}");
    }
}

#[test]
fn a_door_to_the_internet_is_a_way_to_the_role_behind_it() {
    let tree = folder();
    let services = project().join("fixtures/aws/services");
    let mut command = nonhuman(tree.path());
    command.args(["path", "internet", "role/api", "--format", "json", "--aws-export"]).arg(services);
    let ran: Ran = command.output().expect("it starts").into();
    let told: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    let way = told["data"]["way"].as_array().expect("a way");
    assert_eq!((way.len(), &way[0]["holding"]), (2, &Value::from("conditional")), "{told}");
    assert!(way[0]["to"].as_str().expect("a function").ends_with("function:checkout"), "{told}");
}
