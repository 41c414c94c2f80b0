//! Credentials of AWS as the real binary tells them: of when a credential report is, which private key opens what, when
//! something was used by the event history, how a credential is taken away, and who enters one account from another.

use base64::Engine;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::tree::{folder, nonhuman, project, run, write};

const HEADER: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated";

/// A row of the report with these cells beside those of somebody who has nothing.
fn row(name: &str, cells: &[(&str, &str)]) -> String {
    let arn = if name == "<root_account>" { "root".to_owned() } else { format!("user/{name}") };
    let cell = |column: &str| match column {
        "user" => name.to_owned(),
        "arn" => format!("arn:aws:iam::111122223333:{arn}"),
        "user_creation_time" => "2024-01-01T00:00:00Z".to_owned(),
        _ => cells.iter().find(|(wanted, _)| *wanted == column).map_or_else(
            || if column.ends_with("_active") || column.ends_with("_enabled") { "false" } else { "N/A" }.to_owned(),
            |(_, value)| (*value).to_owned(),
        ),
    };
    HEADER.split(',').map(cell).collect::<Vec<_>>().join(",")
}

fn report(rows: &[String], made: &str) -> String {
    let content = format!("{HEADER}\n{}\n", rows.join("\n"));
    json!({"Content": content, "ReportFormat": "text/csv", "GeneratedTime": made}).to_string()
}

fn user(name: &str) -> Value {
    json!({"UserName": name, "UserId": format!("AIDAEXAMPLE{}", name.to_uppercase()), "Path": "/", "GroupList": [],
        "Arn": format!("arn:aws:iam::111122223333:user/{name}"), "CreateDate": "2024-01-01T00:00:00Z",
        "AttachedManagedPolicies": [], "Tags": [{"Key": "owner", "Value": "shop"}]})
}

fn account(users: &[Value], roles: &[Value]) -> String {
    json!({"UserDetailList": users, "GroupDetailList": [], "RoleDetailList": roles, "Policies": []}).to_string()
}

fn scan(tree: &TempDir, further: &[&str]) -> Value {
    let mut command = nonhuman(tree.path());
    command.args(["scan", "--now", "2026-11-22T12:00:00Z", "--format", "json", "--aws-export", "aws"]).args(further);
    let ran = command.output().expect("it starts");
    serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {:?}", ran.stderr))
}

fn finding<'s>(scan: &'s Value, rule: &str, subject: &str) -> Option<&'s Value> {
    let all = scan["findings"].as_array().expect("findings").iter();
    all.filter(|one| one["rule"] == rule).find(|one| one["subject"].as_str().is_some_and(|id| id.ends_with(subject)))
}

/// A key id of account 111122223333 (it holds the number of the account), and a value beside it that AWS never gave out.
fn key_pair() -> (String, String) {
    let mut bytes = ((111_122_223_333_u64 << 7).to_be_bytes()[2..]).to_vec();
    bytes[0] |= 0x80;
    bytes.extend([5, 5, 5, 5]);
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bit = |at: usize| bytes[at / 8] >> (7 - at % 8) & 1;
    let letter = |group: usize| (0..5).fold(0_usize, |value, at| value << 1 | usize::from(bit(group * 5 + at)));
    let id: String = (0..16).map(|group| char::from(alphabet[letter(group)])).collect();
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut state = 7_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(letters[(state >> 40) as usize % 64])
    };
    let secret: String = (0..40).map(|_| next()).collect();
    (format!("AKIA{id}"), secret)
}

#[test]
fn a_leaked_key_is_gone_only_where_every_key_is_known() {
    let (id, secret) = key_pair();
    let root = row("<root_account>", &[("mfa_active", "true")]);
    let rows = [root.clone(), row("a", &[]), row("b", &[("password_last_changed", "2026-01-01T00:00:00Z")])];
    let csv = format!("{HEADER}\n{}\n", rows.join("\n"));
    let told = |report: (&str, String), lists: &[&str]| {
        let tree = folder();
        write(tree.path(), "repo/.env", format!("AWS_ACCESS_KEY_ID={id}\nAWS_SECRET_ACCESS_KEY={secret}\n"));
        write(tree.path(), "aws/iam.json", account(&[user("a"), user("b")], &[]));
        write(tree.path(), &format!("aws/{}", report.0), &report.1);
        for name in lists {
            write(tree.path(), &format!("aws/keys-{name}.json"), r#"{"AccessKeyMetadata": []}"#);
        }
        let scan = scan(&tree, &["repo"]);
        let is_of_it = |one: &&Value| one["rule"].as_str().is_some_and(|rule| rule.starts_with("leaked-"));
        let found = scan["findings"].as_array().expect("findings").iter().find(is_of_it).expect("it is told").clone();
        (found["rule"].as_str().expect("a rule").to_owned(), found["severity"].as_str().expect("one").to_owned())
    };
    let (gone, open) = (("leaked-gone-credential", "low"), ("leaked-secret", "high"));
    let json = |made: &str| ("report.json", report(&rows, made));
    for (of, lists, (rule, severity), why) in [
        (json("2026-11-22T08:00:00Z"), &[][..], gone, "a report of today names all keys"),
        (json("2026-11-20T08:00:00Z"), &[], open, "a key of yesterday is in no report of two days ago"),
        (json("2026-11-20T08:00:00Z"), &["a", "b"], gone, "and nobody has one by the lists"),
        (json("2026-11-20T08:00:00Z"), &["a"], open, "of b nobody knows"),
        (json("2027-11-20T08:00:00Z"), &[], open, "a time that is to come says nothing"),
        (("report.csv", csv.clone()), &[], open, "a CSV does not say when it was made"),
        (("report.csv", csv.clone()), &["a", "b"], gone, "whatever the CSV is of, the lists are whole"),
        (("report.csv", csv.replace(&root, "")), &["a", "b"], open, "it may be the root user's"),
    ] {
        assert_eq!(told(of, lists), (rule.to_owned(), severity.to_owned()), "{why}");
    }
}

#[test]
fn a_private_key_opens_what_iam_keeps_the_other_half_of() {
    let stories = project().join("fixtures/stories");
    let read = |path: &str| std::fs::read_to_string(stories.join(path)).expect("it is there");
    let tree = folder();
    write(tree.path(), "repo/ci.pem", read("deploy-key-and-its-door/repo/ci/deploy.pem"));
    write(tree.path(), "repo/sign.key", read("certificate-of-a-found-key/repo/tls/shop.key"));
    write(tree.path(), "aws/iam.json", account(&[user("git"), user("soap")], &[]));
    let uploaded = "2020-01-01T00:00:00Z";
    let signs = row("soap", &[("cert_1_active", "true"), ("cert_1_last_rotated", uploaded)]);
    let rows = [row("<root_account>", &[("mfa_active", "true")]), row("git", &[]), signs];
    write(tree.path(), "aws/report.json", report(&rows, "2026-11-22T08:00:00Z"));
    let line = read("deploy-key-and-its-door/repo/ansible/files/authorized_keys");
    let public = line.lines().last().expect("a line").trim_start_matches("no-pty ").to_owned();
    let key = json!({"SSHPublicKey": {"UserName": "git", "SSHPublicKeyId": "APKAEXAMPLEGIT000001", "Status": "Active",
        "Fingerprint": "x", "SSHPublicKeyBody": public, "UploadDate": uploaded}});
    write(tree.path(), "aws/iam.get-ssh-public-key.git.APKAEXAMPLEGIT000001.json", key.to_string());
    let manifest = read("certificate-of-a-found-key/repo/k8s/ingress.yaml");
    let packed = manifest.lines().find_map(|line| line.trim().strip_prefix("tls.crt: ")).expect("a certificate");
    let pem = base64::engine::general_purpose::STANDARD.decode(packed).expect("base64");
    let certificate = json!({"Certificates": [{"UserName": "soap", "CertificateId": "EXAMPLECERTIFICATE0001",
        "CertificateBody": String::from_utf8(pem).expect("PEM"), "Status": "Active", "UploadDate": uploaded}]});
    write(tree.path(), "aws/iam.list-signing-certificates.soap.json", certificate.to_string());
    let scan = scan(&tree, &["repo"]);
    for (file, credential) in
        [("ci.pem", "aws:ssh-key/APKAEXAMPLEGIT000001"), ("sign.key", "soap#signing-certificate-1")]
    {
        let exposures = scan["exposures"].as_array().expect("a list");
        let one = exposures.iter().find(|one| one.to_string().contains(file)).expect("it is found");
        assert!(one.to_string().contains(credential), "{one}");
    }
    let credentials = scan["credentials"].as_array().expect("a list");
    let of_soap = credentials.iter().filter(|one| one["kind"] == "aws.signing-certificate").count();
    assert_eq!(of_soap, 1, "the report and the list show the same one");
}

#[test]
fn an_event_is_a_use() {
    let tree = folder();
    write(tree.path(), "aws/iam.json", account(&[user("ci")], &[role("app", &json!("111122223333"), &[])]));
    let event = json!({"eventTime": "2026-11-21T10:00:00Z", "eventName": "AssumeRole",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ci", "accessKeyId": "AKIAEXAMPLE"},
        "requestParameters": {"roleArn": "arn:aws:iam::111122223333:role/app"}});
    let mut refused = event.clone();
    refused["errorCode"] = json!("AccessDenied");
    refused["eventTime"] = json!("2026-11-22T10:00:00Z");
    let events = json!({"Events": [{"CloudTrailEvent": event.to_string()}, {"CloudTrailEvent": refused.to_string()}]});
    write(tree.path(), "aws/cloudtrail.lookup-events.AssumeRole.json", events.to_string());
    let shown = run(tree.path(), &["show", "role/app", "--aws-export", "aws", "--now", "2026-11-22T12:00:00Z"]);
    assert!(shown.stdout.contains("2026-11-21, 1 day ago (CloudTrail)"), "{}{}", shown.stdout, shown.stderr);
}

fn role(name: &str, trusted: &Value, actions: &[&str]) -> Value {
    let policy = json!({"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": actions, "Resource": "*"}]}});
    json!({"RoleName": name, "RoleId": format!("AROAEXAMPLE{}", name.to_uppercase()), "Path": "/",
        "Arn": format!("arn:aws:iam::111122223333:role/{name}"), "CreateDate": "2024-01-01T00:00:00Z",
        "InstanceProfileList": [], "RoleLastUsed": {}, "Tags": [{"Key": "owner", "Value": "shop"}],
        "RolePolicyList": if actions.is_empty() { json!([]) } else { json!([policy]) },
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole"}]}})
}

#[test]
fn who_is_administrator_of_two_accounts_is_told_at_the_border() {
    let told = |tag: Option<&str>| {
        let tree = folder();
        let mut deploy = role("deploy", &json!("arn:aws:iam::222233334444:user/ci"), &["*"]);
        if tag.is_some() {
            deploy["Tags"] = json!([{"Key": "owner", "Value": "shop"}, {"Key": "environment", "Value": "prod"}]);
        }
        write(tree.path(), "aws/prod/iam.json", account(&[], &[deploy]));
        let mut ci = user("ci");
        ci["Arn"] = json!("arn:aws:iam::222233334444:user/ci");
        ci["UserPolicyList"] = json!([{"PolicyName": "all", "PolicyDocument": {"Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}}]);
        write(tree.path(), "aws/other/iam.json", account(&[ci], &[]));
        if let Some(name) = tag {
            write(tree.path(), "aws/other/aliases.json", json!({"AccountAliases": [name]}).to_string());
        }
        let scan = scan(&tree, &[]);
        let rules = ["production-entered-from-below", "administrator-of-another-account"];
        let found = rules.iter().find_map(|rule| finding(&scan, rule, ":role/deploy")).expect("it is told");
        (found["rule"].as_str().expect("a rule").to_owned(), found["message"].as_str().expect("text").to_owned())
    };
    let (rule, message) = told(None);
    assert_eq!(rule, "administrator-of-another-account");
    assert!(message.contains("account 222233334444 may become it"), "{message}");
    let (rule, message) = told(Some("acme-dev"));
    assert_eq!(rule, "production-entered-from-below");
    assert!(message.contains("ci of account 222233334444 (dev)"), "{message}");
}

#[test]
fn a_key_of_root_is_taken_away_by_root_and_one_without_an_id_is_looked_up() {
    let tree = folder();
    write(tree.path(), "aws/iam.json", account(&[user("a")], &[]));
    let old = [
        ("access_key_1_active", "true"),
        ("access_key_1_last_rotated", "2020-01-01T00:00:00Z"),
        ("access_key_1_last_used_date", "2026-11-21T00:00:00Z"),
    ];
    let rows = [row("<root_account>", &old), row("a", &old)];
    write(tree.path(), "aws/report.json", report(&rows, "2026-11-22T08:00:00Z"));
    let scan = scan(&tree, &[]);
    let remedy = |subject: &str| {
        let found = finding(&scan, "access-key-old", subject).expect("it is told");
        found["remediation"].as_str().or(found["remedy"].as_str()).expect("a remedy").to_owned()
    };
    let of_root = remedy(":root#access-key-1");
    assert!(of_root.contains("as the root user, in the console") && !of_root.contains("--user-name"), "{of_root}");
    let of_user = remedy("user/a#access-key-1");
    let command = "aws iam list-access-keys --user-name a tells its ID, then aws iam delete-access-key --user-name a --access-key-id ID";
    assert!(of_user.contains(command), "{of_user}");
    let rotate =
        |id: &str| run(tree.path(), &["rotate", id, "--aws-export", "aws", "--now", "2026-11-22T12:00:00Z"]).stdout;
    let steps = rotate("arn:aws:iam::111122223333:root#access-key-1");
    assert!(steps.contains("Make no new one.") && !steps.contains("aws iam"), "{steps}");
    let steps = rotate("arn:aws:iam::111122223333:user/a#access-key-1");
    assert!(steps.contains("--access-key-id ID   # ID as aws iam list-access-keys --user-name a shows it"), "{steps}");
}

#[test]
fn the_role_of_an_agent_that_reads_everything_is_wide() {
    let tree = folder();
    let mut wide = role("wide", &json!("111122223333"), &["s3:GetObject", "secretsmanager:GetSecretValue"]);
    wide["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] =
        json!({"Service": "bedrock-agentcore.amazonaws.com"});
    let narrow = role("narrow", &json!("111122223333"), &["bedrock:InvokeModel"]);
    write(tree.path(), "aws/iam.json", account(&[], &[wide, narrow]));
    for (name, of) in [("helper", "wide"), ("other", "narrow")] {
        let runtime = json!({"agentRuntimeArn": format!("arn:aws:bedrock-agentcore:eu-west-1:111122223333:runtime/{name}"),
            "agentRuntimeName": name, "roleArn": format!("arn:aws:iam::111122223333:role/{of}")});
        let file = format!("aws/bedrock-agentcore-control.get-agent-runtime.eu-west-1.{name}.json");
        write(tree.path(), &file, runtime.to_string());
    }
    let scan = scan(&tree, &[]);
    let found = finding(&scan, "agent-role-wide", "runtime/helper").expect("it is told");
    assert!(found["message"].as_str().expect("text").contains("read data, read secrets"), "{found}");
    assert_eq!(finding(&scan, "agent-role-wide", "runtime/other"), None);
}

/// What a new password for somebody without one is worth: nothing beside a second factor, little where the policies want
/// one, and not certain where nobody could read whether there is one.
#[test]
fn a_new_password_is_the_way_only_where_no_second_factor_is_asked_for() {
    let everything = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    let mut when = everything.clone();
    when["Condition"] = json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}});
    let unless = json!({"Effect": "Deny", "NotAction": "iam:EnableMFADevice", "Resource": "*",
        "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}});
    let told = |target: &[&Value], mfa: &str| {
        let policy = |statements: Value| json!([{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}]);
        let (mut bot, mut boss) = (user("bot"), user("boss"));
        let create = json!({"Effect": "Allow", "Action": "iam:CreateLoginProfile", "Resource": boss["Arn"]});
        bot["UserPolicyList"] = policy(json!([create]));
        boss["UserPolicyList"] = policy(json!(target));
        let tree = folder();
        write(tree.path(), "aws/iam.json", account(&[bot, boss], &[]));
        let rows =
            [row("<root_account>", &[("mfa_active", "true")]), row("bot", &[]), row("boss", &[("mfa_active", mfa)])];
        write(tree.path(), "aws/report.json", report(&rows, "2026-11-22T11:00:00Z"));
        let scan = scan(&tree, &[]);
        let all = scan["identities"].as_array().expect("identities");
        let bot = all.iter().find(|one| one["name"] == "bot").expect("bot");
        let way = bot["escalations"].as_array().and_then(|ways| ways.first()).cloned();
        way.map(|way| (way["conditional"] == true, way["steps"].to_string()))
    };
    assert!(matches!(told(&[&everything], "false"), Some((false, _))), "{:?}", told(&[&everything], "false"));
    assert_eq!(told(&[&everything], "true"), None, "nobody signs in with the password alone");
    let (open, steps) = told(&[&everything], "perhaps").expect("it may be");
    assert!(open && steps.contains("provided that it has no second factor"), "{steps}");
    for asks in [[&when].as_slice(), &[&everything, &unless]] {
        let (open, steps) = told(asks, "false").expect("it may be");
        assert!(open, "{steps}");
    }
}

/// A report of today says how many keys work, though not their ids: that a person's user is a machine's, too, is seen in it.
#[test]
fn a_report_of_today_counts_the_keys_that_nobody_listed() {
    let told = |made: &str| {
        let tree = folder();
        write(tree.path(), "aws/iam.json", account(&["both", "person", "two"].map(user), &[]));
        let password =
            [("password_enabled", "true"), ("mfa_active", "true"), ("password_last_used", "2026-11-20T00:00:00Z")];
        let key = [("access_key_1_active", "true"), ("access_key_1_last_rotated", "2026-11-01T00:00:00Z")];
        let second = [("access_key_2_active", "true"), ("access_key_2_last_rotated", "2026-11-02T00:00:00Z")];
        let rows = [
            row("<root_account>", &[("mfa_active", "true")]),
            row("both", &[password.as_slice(), &key].concat()),
            row("person", &password),
            row("two", &[key, second].concat()),
        ];
        write(tree.path(), "aws/report.json", report(&rows, made));
        let scan = scan(&tree, &[]);
        let found = |rule: &str, of: &str| finding(&scan, rule, of).is_some();
        let of_keys = found("access-keys-two", "two#access-key-1") || found("access-keys-two", "user/two");
        (
            found("password-and-access-key", "both#password"),
            found("password-and-access-key", "person#password"),
            of_keys,
        )
    };
    assert_eq!(told("2026-11-22T11:00:00Z"), (true, false, true));
    // Of a report of last week nobody knows whether the key is still the only one.
    assert!(!told("2026-11-17T11:00:00Z").0);
}
