//! What IAM policies amount to.

use nonhuman::access::aws::{Library, Principal, Techniques, judged, problems};
use nonhuman::model::{Capability, IdentityKind, Policy};
use serde_json::{Value, json};

use crate::account::{capabilities, identity, policy, policy_capabilities, table};

const USER: &str = "arn:aws:iam::111122223333:user/bot";

/// `kind`, with `?` where conditional, for a user with these statements and boundary.
fn amounts(statements: Value, boundary: Option<Value>) -> Vec<String> {
    found(statements, boundary).iter().map(|c| format!("{}{}", c.kind, if c.conditional { "?" } else { "" })).collect()
}

fn made(id: &str, statements: Value) -> Policy {
    policy(id, "111122223333", json!({"Version": "2012-10-17", "Statement": statements}))
}

fn found(statements: Value, boundary: Option<Value>) -> Vec<Capability> {
    let user = identity(IdentityKind::AwsUser, USER, "111122223333", "bot");
    let held = made("arn:aws:iam::111122223333:policy/held", statements);
    let limit = boundary.map(|statements| made("arn:aws:iam::111122223333:policy/limit", statements));
    capabilities(&Principal {
        identity: &user,
        policies: vec![&held],
        missing_policies: Vec::new(),
        boundary_id: None,
        groups: None,
        guardrails: Vec::new(),
        resource_guardrails: Vec::new(),
        boundary: limit.as_ref(),
        trust: None,
    })
}

fn allow(action: &str, resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

const ALL: [&str; 10] = [
    "administrator",
    "escalate",
    "impersonate",
    "read-secrets",
    "run-code",
    "mint-credentials",
    "read-data",
    "write-data",
    "delete-data",
    "change-network",
];

/// What is left of [`ALL`] where everything but IAM is allowed.
const BUT_IAM: [&str; 6] = ["read-secrets", "run-code", "read-data", "write-data", "delete-data", "change-network"];

#[test]
fn statements_in_every_form() {
    let mfa = json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}});
    let guarded = json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": mfa});
    assert_eq!(amounts(guarded, None), ALL.map(|kind| format!("{kind}?")));
    for (statements, expected) in [
        (allow("*", "*"), ALL.to_vec()),
        (json!([allow("*:*", "**")]), ALL.to_vec()),
        (json!({"Effect": "Allow", "NotAction": "support:*", "Resource": "*"}), ALL.to_vec()),
        (
            json!([{"Effect": "Allow", "NotAction": ["iam:*"], "Resource": ["*"]}, allow("IAM:*", "arn:aws:iam::*")]),
            ALL.to_vec(),
        ),
        (json!({"Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "Resource": "*"}), BUT_IAM.to_vec()),
        (allow("secretsmanager:get?ecret*", "*"), vec!["read-secrets"]),
        (allow("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:*:*:secret:app/*"), vec!["read-secrets"]),
        (allow("iam:PutUserPolicy", USER), vec!["escalate"]),
        (allow("iam:PutUserPolicy", "arn:aws:iam::*:user/${aws:username}"), vec!["escalate"]),
        (allow("iam:PutUserPolicy", "arn:aws:iam::*:user/${aws:SourceIdentity}"), vec!["escalate?"]),
        (allow("iam:PutUserPolicy", "arn:aws:iam::*:user/${aws:PrincipalTag/team}"), vec![]),
        (allow("iam:PutUserPolicy", "arn:aws:iam::*:user/other"), vec![]),
        (allow("iam:PassRole", "*"), vec![]),
        (json!([allow("iam:PassRole", "*"), allow("lambda:*", "*")]), vec!["run-code"]),
        (json!({"effect": "Allow", "Action": "*", "Resource": "*"}), vec![]),
        (json!({"Effect": "ALLOW", "Action": "*", "Resource": "*"}), vec![]),
        (allow("iam:*, s3:*", "*"), vec![]),
    ] {
        assert_eq!(amounts(statements.clone(), None), expected, "{statements}");
    }
}

#[test]
fn a_deny_wins_and_a_conditional_one_leaves_a_doubt() {
    let deny = |action: &str, resource: &str| json!({"Effect": "Deny", "Action": action, "Resource": resource});
    let guarded = json!({"Effect": "Deny", "Action": "iam:*", "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}});
    for (denial, expected) in [
        (deny("*", "*"), vec![]),
        (deny("iam:*", "*"), [&["impersonate"], &BUT_IAM[..]].concat()),
        (deny("s3:*", "arn:aws:s3:::logs/*"), ALL.to_vec()),
        (deny("organizations:*", "*"), ALL.to_vec()),
        (
            json!({"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}),
            vec!["read-data", "write-data", "delete-data"],
        ),
        (
            guarded,
            [
                &["administrator?", "escalate?", "impersonate", "read-secrets", "run-code", "mint-credentials?"][..],
                &BUT_IAM[2..],
            ]
            .concat(),
        ),
    ] {
        assert_eq!(amounts(json!([allow("*", "*"), denial]), None), expected, "{denial}");
    }
}

#[test]
fn a_boundary_takes_away_and_never_gives() {
    assert_eq!(amounts(allow("*", "*"), Some(allow("secretsmanager:Get*", "*"))), ["read-secrets"]);
    assert_eq!(amounts(allow("sns:*", "*"), Some(allow("*", "*"))), Vec::<String>::new());
    assert_eq!(amounts(allow("*", "*"), Some(json!([]))), Vec::<String>::new());
}

#[test]
fn the_proof_names_policy_and_statement() {
    let found = found(json!([allow("s3:*", "*"), allow("*", "*")]), None);
    assert_eq!(found[0].scope, "account 111122223333");
    assert_eq!(
        found[0].proof,
        ["policy held, statement 2 (Allow * on *)", "policy held, statement 1 (Allow s3:* on *)"]
    );
    let builtin = policy("arn:aws:iam::aws:policy/AdministratorAccess", "aws", json!({"Statement": allow("*", "*")}));
    let alone = policy_capabilities(&builtin);
    assert_eq!(alone.len(), ALL.len());
    assert_eq!(alone[0].proof, ["policy AdministratorAccess, statement 1 (Allow * on *)"]);
}

#[test]
fn malformed_documents_give_nothing_and_are_named() {
    for (document, expected) in [
        (json!(null), "the policy document is not a JSON object"),
        (json!("Statement"), "the policy document is not a JSON object"),
        (json!({}), "there is no Statement"),
        (json!({"Statement": 7}), "Statement is neither an object nor a list"),
        (json!({"Statement": [3]}), "statement 1: not an object"),
        (json!({"Statement": [], "Version": 2012}), "Version is 2012, expected \"2012-10-17\" or \"2008-10-17\""),
        (
            json!({"Statement": {"Effect": "allow", "Action": "*", "Resource": "*"}}),
            "statement 1: Effect is not \"Allow\" or \"Deny\"",
        ),
        (
            json!({"Statement": {"Effect": "Allow", "Resource": "*"}}),
            "statement 1: it has neither Action nor NotAction",
        ),
        (
            json!({"Statement": {"Effect": "Allow", "Action": "*"}}),
            "statement 1: it has neither Resource nor NotResource",
        ),
        (
            json!({"Statement": {"Effect": "Allow", "Action": "*", "NotAction": "*", "Resource": "*"}}),
            "statement 1: it has both Action and NotAction",
        ),
        (
            json!({"Statement": {"Effect": "Allow", "Action": ["s3:*", {}], "Resource": "arn:aws:s3:::b"}}),
            "statement 1: Action is not a string or a list of strings",
        ),
        (
            json!({"Statement": {"Effect": "Allow", "Action": "s3:Get,s3:Put", "Resource": "*"}}),
            "statement 1: 's3:Get,s3:Put' is not an action (expected service:Name)",
        ),
        (
            json!({"Statement": {"Effect": "Allow", "Action": "sns:*", "Resource": "*", "Condition": ["x"]}}),
            "statement 1: Condition is not an object of operators with objects of keys",
        ),
    ] {
        assert_eq!(problems(&document), [expected], "{document}");
        let held = policy("arn:aws:iam::111122223333:policy/bad", "111122223333", document.clone());
        assert_eq!(policy_capabilities(&held), [], "{document}");
    }
    assert_eq!(problems(&json!({"Version": "2012-10-17", "Statement": allow("s3:*", "*")})), Vec::<String>::new());
}

#[test]
fn a_table_of_techniques_with_a_mistake_says_where() {
    let unknown = Techniques::parse("[[technique]]\nid = \"x\"\nhow = \"magic\"\nactions = [\"a:b\"]\ndoes = \"y\"\n");
    let message = unknown.unwrap_err();
    assert!(message.contains("line 3") && message.contains("pass-role"), "{message}");
    let no_service =
        Techniques::parse("[[technique]]\nid = \"x\"\nhow = \"pass-role\"\nactions = [\"a:b\"]\ndoes = \"y\"\n");
    assert!(no_service.unwrap_err().contains("'x' names services if and only if"));
}

#[test]
fn resource_control_policies_deny_the_accounts_own_too() {
    let user = identity(IdentityKind::AwsUser, USER, "111122223333", "bot");
    let held = made("arn:aws:iam::111122223333:policy/held", allow("*", "*"));
    let deny = |action: &str| {
        let statement = json!({"Effect": "Deny", "Principal": "*", "Action": action, "Resource": "*"});
        made("aws:organization-policy/p-1", json!([statement]))
    };
    let held_under = |rcp: &Policy| -> Vec<Capability> {
        let principal = Principal {
            identity: &user,
            policies: vec![&held],
            missing_policies: Vec::new(),
            boundary_id: None,
            groups: None,
            guardrails: Vec::new(),
            resource_guardrails: vec![rcp],
            boundary: None,
            trust: None,
        };
        capabilities(&principal)
    };
    let has = |held: &[Capability], name: &str| held.iter().any(|one| one.kind.to_string() == name);
    // An administrator all the same, save what is denied, which is told.
    let held_so = held_under(&deny("secretsmanager:*"));
    assert!(
        held_so[0].is_administrator() && held_so[0].proof[1].starts_with("but not secretsmanager:GetSecretValue: ")
    );
    assert!(has(&held_so, "read-secrets"), "parameters of SSM are left");
    // No resource control policy bears on IAM.
    assert_eq!(held_under(&deny("iam:*"))[0].proof.len(), 1);
}

#[test]
fn a_resource_longer_than_any_arn_is_named_and_matches_nothing() {
    let long = format!("arn:aws:lambda:*:*:function:{}", "*a".repeat(100_000));
    let began = std::time::Instant::now();
    let found = amounts(json!([allow("lambda:UpdateFunctionCode", &long), allow("iam:PassRole", &long)]), None);
    assert_eq!(found, Vec::<String>::new());
    assert!(began.elapsed().as_secs() < 5);
    let told = problems(&json!({"Statement": [allow("lambda:*", &long)]}));
    assert!(told.len() == 1 && told[0].contains("longer than an ARN can be"), "{told:?}");
}

#[test]
fn a_right_to_named_data_is_told_with_the_names() {
    let told = |statements: Value| -> Vec<(String, String)> {
        let all = found(statements, None).into_iter().filter(|one| !one.conditional);
        all.map(|one| (one.kind.to_string(), one.scope)).collect()
    };
    let secret = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/db-AbCdEf";
    assert_eq!(
        told(allow("secretsmanager:GetSecretValue", secret)),
        [("read-secrets".to_owned(), format!("resource {secret}"))]
    );
    let objects = json!({"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"],
        "Resource": ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*", "arn:aws:s3:::c/*", "arn:aws:s3:::d/*"]});
    let scope = "resources arn:aws:s3:::a/*, arn:aws:s3:::b/*, arn:aws:s3:::c/* and 1 more".to_owned();
    assert_eq!(told(objects.clone()), [("read-data".to_owned(), scope.clone()), ("write-data".to_owned(), scope)]);
    let found = found(objects.clone(), None);
    assert!(found.iter().all(|one| one.is_of_named() && one.proof[0].starts_with("policy held, statement 1")));
    // Who may do it everywhere is told so; what is denied is not told.
    assert_eq!(told(json!([objects, allow("s3:GetObject", "*")]))[0].1, "account 111122223333");
    let denied = json!([
        allow("s3:GetObject", "arn:aws:s3:::a/*"),
        {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::a/*"}
    ]);
    assert_eq!(told(denied), []);
}

#[test]
fn actions_worth_watching_are_told_where_they_are_allowed_on_everything() {
    let user = identity(IdentityKind::AwsUser, USER, "111122223333", "bot");
    let wide = |statements: Value| {
        let held = made("arn:aws:iam::111122223333:policy/held", statements);
        let principal = Principal {
            identity: &user,
            policies: vec![&held],
            missing_policies: Vec::new(),
            boundary_id: None,
            groups: None,
            guardrails: Vec::new(),
            resource_guardrails: Vec::new(),
            boundary: None,
            trust: None,
        };
        let all = judged(&principal, &Library::default(), &table()).1;
        all.into_iter().flat_map(|(_, actions)| actions).collect::<Vec<String>>()
    };
    assert_eq!(wide(allow("cloudtrail:Stop*", "*")), ["cloudtrail:StopLogging"]);
    assert_eq!(wide(allow("kms:Decrypt", "*")), ["kms:Decrypt"]);
    assert_eq!(wide(allow("kms:Decrypt", "arn:aws:kms:*:*:key/1")), Vec::<String>::new());
    assert_eq!(
        wide(json!([allow("cloudtrail:*", "*"), {"Effect": "Deny", "Action": "cloudtrail:*", "Resource": "*"}])),
        Vec::<String>::new()
    );
    assert_eq!(wide(allow("ssm:*", "*")), ["ssm:*"]);
    assert_eq!(
        wide(json!([allow("ssm:*", "*"), {"Effect": "Deny", "Action": "ssm:*", "Resource": "*"}])),
        Vec::<String>::new()
    );
}
