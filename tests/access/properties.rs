//! What must hold of any policy.

use std::collections::BTreeMap;

use nonhuman::access::aws::{Principal, problems, trusted_principals};
use nonhuman::access::kubernetes::{Request, allows};
use nonhuman::model::IdentityKind;
use nonhuman::model::wildcard::covers;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::account::{capabilities, escalations, identity, policy, trust};

/// The obvious way to match, too slow for use.
fn naive(pattern: &[char], text: &[char]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some(('*', rest)) => (0..=text.len()).any(|skip| naive(rest, &text[skip..])),
        Some(('?', rest)) => text.split_first().is_some_and(|(_, after)| naive(rest, after)),
        Some((wanted, rest)) => text.split_first().is_some_and(|(first, after)| first == wanted && naive(rest, after)),
    }
}

fn statement() -> impl Strategy<Value = Value> {
    let action = prop::sample::select(vec![
        "*",
        "iam:*",
        "iam:Put*",
        "iam:PassRole",
        "sts:AssumeRole",
        "s3:*",
        "secretsmanager:GetSecretValue",
        "kms:*",
        "lambda:*",
        "ec2:RunInstances",
        "ssm:*",
        "bad,action",
    ]);
    let resource = prop::sample::select(vec![
        "*",
        "arn:aws:iam::111122223333:user/bot",
        "arn:aws:iam::*:role/*",
        "arn:aws:s3:::*",
        "arn:aws:iam::*:user/${aws:username}",
        "arn:aws:iam::*:user/${aws:userid}",
    ]);
    let condition = prop::option::of(prop::sample::select(vec!["aws:SourceIp", "aws:PrincipalArn"]));
    let actions = (prop::collection::vec(action, 1..3), any::<bool>(), resource, any::<bool>(), condition);
    actions.prop_map(|(actions, not_action, resource, not_resource, condition)| {
        let mut statement = json!({"Effect": "Allow"});
        statement[if not_action { "NotAction" } else { "Action" }] = json!(actions);
        statement[if not_resource { "NotResource" } else { "Resource" }] = json!(resource);
        if let Some(key) = condition {
            statement["Condition"] = json!({"StringEquals": {key: "x"}});
        }
        statement
    })
}

/// Each kind with whether it is unconditional.
fn amounts(statements: &[Value]) -> BTreeMap<String, bool> {
    let user = identity(IdentityKind::AwsUser, "arn:aws:iam::111122223333:user/bot", "111122223333", "bot");
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    let held = policy("arn:aws:iam::111122223333:policy/p", "111122223333", document);
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
    capabilities(&principal).into_iter().map(|c| (c.kind.to_string(), !c.conditional)).collect()
}

fn json_value() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(vec![
        "Statement",
        "Effect",
        "Action",
        "NotAction",
        "Resource",
        "Principal",
        "AWS",
        "Condition",
        "StringLike",
        "verbs",
    ]);
    let text =
        prop::sample::select(vec!["Allow", "Deny", "*", "sts:AssumeRole", "arn:", "arn:aws:iam::", "${", "é:*", ""]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        text.prop_map(Value::from)
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key.clone().prop_map(str::to_owned), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect()))
        ]
    })
}

proptest! {
    #[test]
    fn patterns_match_as_the_obvious_way_does(pattern in "[ab*?é:]{0,8}", text in "[abé:]{0,10}") {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        prop_assert_eq!(covers(&pattern, &text), naive(&chars(&pattern), &chars(&text)));
    }

    #[test]
    fn a_pattern_that_covers_another_matches_all_that_it_matches(
        wide in "[ab*?]{0,6}", narrow in "[ab*?]{0,6}", text in "[ab]{0,8}"
    ) {
        if covers(&wide, &narrow) && covers(&narrow, &text) {
            prop_assert!(covers(&wide, &text));
        }
    }

    #[test]
    fn a_deny_never_adds_a_capability(allows in prop::collection::vec(statement(), 1..4), mut deny in statement()) {
        let before = amounts(&allows);
        deny["Effect"] = json!("Deny");
        let with: Vec<Value> = allows.into_iter().chain([deny]).collect();
        for (kind, sure) in amounts(&with) {
            prop_assert!(before.get(&kind).is_some_and(|was| *was || !sure), "{} of {:?}", kind, with);
        }
    }

    #[test]
    fn no_document_makes_it_panic(document in json_value()) {
        let _ = problems(&document);
        let _ = allows(&document, &Request { verb: "get", resource: "pods", ..Request::default() });
        let role = "arn:aws:iam::111122223333:role/r";
        let who = identity(IdentityKind::AwsRole, role, "111122223333", "r");
        let trust = trust(role, "111122223333", document.clone());
        let _ = trusted_principals(&trust);
        let held = policy("arn:aws:iam::111122223333:policy/p", "111122223333", document);
        let principal = Principal {
            identity: &who,
            policies: vec![&held],
            missing_policies: vec![&held.id],
            boundary_id: None,
            groups: None,
            guardrails: vec![vec![&held]],
            resource_guardrails: Vec::new(),
            boundary: Some(&held),
            trust: Some(&trust),
        };
        let _ = capabilities(&principal);
        let _ = escalations(&[principal]);
    }
}
