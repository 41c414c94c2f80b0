//! Whole requests: what must hold of every set of policies, and cases that are easy to get wrong.

use std::sync::Arc;

use nonhuman::access::aws::{Action, Caller, Context, Decision, Document, Held, Layers, Request, Verdict, decide};
use proptest::prelude::*;
use serde_json::{Value, json};

const USER: &str = "arn:aws:iam::111122223333:user/anna";
const OBJECT: &str = "arn:aws:s3:::orders/a.csv";

fn held(name: &str, statements: &Value) -> Held {
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    Held { name: name.to_owned(), document: Arc::new(Document::read(&document)) }
}

fn ask(principal: &str, action: &str, resource: &str, context: &Context, layers: &Layers) -> Decision {
    let (caller, action) = (Caller::read(principal).unwrap(), Action::new(action));
    let account = Some("111122223333");
    decide(&Request { caller: &caller, action: &action, resource, resource_account: account, context }, layers)
}

fn verdict(layers: &Layers, context: &Context) -> Verdict {
    ask(USER, "s3:GetObject", OBJECT, context, layers).verdict
}

fn statement() -> impl Strategy<Value = Value> {
    let action = prop::sample::select(vec!["*", "s3:*", "s3:GetObject", "s3:Put*", "iam:*"]);
    let resource = prop::sample::select(vec![
        "*",
        OBJECT,
        "arn:aws:s3:::orders/*",
        "arn:aws:s3:::${aws:username}/*",
        "arn:aws:s3:::other/*",
    ]);
    let key = prop::option::of(prop::sample::select(vec!["aws:SourceIp", "aws:PrincipalArn", "aws:username"]));
    let effect = prop::sample::select(vec!["Allow", "Allow", "Deny"]);
    (effect, action, any::<bool>(), resource, any::<bool>(), key).prop_map(
        |(effect, action, but, resource, but_not, key)| {
            let mut statement = json!({"Effect": effect});
            statement[if but { "NotAction" } else { "Action" }] = json!(action);
            statement[if but_not { "NotResource" } else { "Resource" }] = json!(resource);
            if let Some(key) = key {
                statement["Condition"] = json!({"StringLike": {key: ["anna", "203.0.113.*", "arn:aws:iam::*"]}});
            }
            statement
        },
    )
}

fn policy() -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(statement(), 0..4)
}

/// How much is allowed: the more the greater.
fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Denied => 0,
        Verdict::Conditional => 1,
        Verdict::Allowed => 2,
    }
}

proptest! {
    #[test]
    fn a_further_deny_never_adds_a_right(policy in policy(), mut deny in statement()) {
        let layers = |statements: &[Value]| Layers { identity: vec![held("p", &json!(statements))], ..Layers::default() };
        let before = verdict(&layers(&policy), &Context::new());
        deny["Effect"] = json!("Deny");
        let with: Vec<Value> = policy.into_iter().chain([deny]).collect();
        prop_assert!(rank(verdict(&layers(&with), &Context::new())) <= rank(before));
    }

    #[test]
    fn limits_only_take_away(policy in policy(), limit in policy(), second in policy()) {
        let free = Layers { identity: vec![held("p", &json!(policy))], ..Layers::default() };
        let before = rank(verdict(&free, &Context::new()));
        let limit = held("limit", &json!(limit));
        let bounded = Layers { boundary: Some(limit.clone()), ..free.clone() };
        prop_assert!(rank(verdict(&bounded, &Context::new())) <= before);
        let guarded = Layers { scps: vec![vec![limit.clone()], vec![held("unit", &json!(second))]], ..free.clone() };
        prop_assert!(rank(verdict(&guarded, &Context::new())) <= before);
        let fenced = Layers { rcps: vec![limit], ..free };
        prop_assert!(rank(verdict(&fenced, &Context::new())) <= before);
    }

    #[test]
    fn the_order_of_statements_and_policies_says_nothing(mut policy in policy(), other in policy()) {
        let two = |first: &[Value], second: &[Value]| Layers {
            identity: vec![held("a", &json!(first)), held("b", &json!(second))],
            ..Layers::default()
        };
        let before = verdict(&two(&policy, &other), &Context::new());
        policy.reverse();
        prop_assert_eq!(before, verdict(&two(&other, &policy), &Context::new()));
    }

    #[test]
    fn to_know_more_settles_and_never_turns(policy in policy(), address in "203.0.113.[0-9]|198.51.100.1") {
        let layers = Layers { identity: vec![held("p", &json!(policy))], ..Layers::default() };
        let mut context = Context::new();
        let before = verdict(&layers, &context);
        context.set("aws:SourceIp", vec![address]);
        context.complete();
        let after = verdict(&layers, &context);
        prop_assert!(before == Verdict::Conditional || before == after);
        prop_assert!(after != Verdict::Conditional);
    }
}

fn allow(action: &str, resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

fn to(principal: Value, action: &str) -> Value {
    json!({"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*"})
}

#[test]
fn the_policy_of_a_resource_is_weighed_by_whom_it_names() {
    let nothing = json!([]);
    let get = allow("s3:GetObject", "*");
    let (role, session) = ("arn:aws:iam::111122223333:role/ci", "arn:aws:sts::111122223333:assumed-role/ci/run");
    let other = "arn:aws:iam::444455556666:user/guest";
    for (case, principal, own, boundary, resource, expected) in [
        ("the user itself, past its boundary", USER, &nothing, Some(&nothing), to(json!({"AWS": USER}), "*"), true),
        ("the role, within its boundary", session, &nothing, Some(&nothing), to(json!({"AWS": role}), "*"), false),
        ("the session, past its boundary", session, &nothing, Some(&nothing), to(json!({"AWS": session}), "*"), true),
        ("the role behind a session", session, &nothing, None, to(json!({"AWS": role}), "*"), true),
        ("the account alone", USER, &nothing, None, to(json!({"AWS": "111122223333"}), "*"), false),
        ("the account and an own policy", USER, &get, None, to(json!({"AWS": "111122223333"}), "*"), true),
        ("from outside, one side", other, &nothing, None, to(json!({"AWS": other}), "*"), false),
        ("from outside, the other side", other, &get, None, to(json!({"AWS": USER}), "*"), false),
        ("from outside, both sides", other, &get, None, to(json!({"AWS": "444455556666"}), "*"), true),
        ("nobody, where anyone may", "*", &nothing, None, to(json!("*"), "s3:Get*"), true),
        ("nobody, where a user may", "*", &nothing, None, to(json!({"AWS": USER}), "*"), false),
    ] {
        let layers = Layers {
            identity: vec![held("own", own)],
            boundary: boundary.map(|statements| held("boundary", statements)),
            resource: Some(held("bucket", &resource)),
            ..Layers::default()
        };
        let decision = ask(principal, "s3:GetObject", OBJECT, &Context::new(), &layers);
        assert_eq!(decision.verdict == Verdict::Allowed, expected, "{case}: {decision:?}");
    }
}

#[test]
fn roles_and_keys_answer_by_their_own_policy() {
    let layers = Layers { identity: vec![held("own", &allow("*", "*"))], resource_unread: true, ..Layers::default() };
    let key = "arn:aws:kms:eu-west-1:111122223333:key/k";
    let open = ask(USER, "kms:Decrypt", key, &Context::new(), &layers);
    assert_eq!((open.verdict, open.unread.len()), (Verdict::Conditional, 1));
    let shut = Layers { resource: Some(held("key", &json!([]))), ..layers };
    assert_eq!(ask(USER, "kms:Decrypt", key, &Context::new(), &shut).verdict, Verdict::Denied);
}

#[test]
fn the_missing_keys_and_the_deciding_statements_are_named() {
    let guarded = json!([
        {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"},
        {"Sid": "Home", "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}
    ]);
    let layers = Layers { identity: vec![held("office", &guarded)], ..Layers::default() };
    let open = ask(USER, "s3:GetObject", OBJECT, &Context::new(), &layers);
    assert_eq!((open.verdict, open.missing), (Verdict::Conditional, vec!["aws:sourceip".to_owned()]));
    let mut context = Context::new();
    context.set("AWS:sourceIP", vec!["198.51.100.7".to_owned()]);
    let denied = ask(USER, "s3:GetObject", OBJECT, &context, &layers);
    assert!(denied.explicit && denied.because[0].sid.as_deref() == Some("Home") && denied.because[0].statement == 2);
    context.set("aws:SourceIp", vec!["203.0.113.9".to_owned()]);
    let allowed = ask(USER, "s3:GetObject", OBJECT, &context, &layers);
    assert_eq!(allowed.because.iter().map(|reason| reason.statement).collect::<Vec<_>>(), [1]);
}

#[test]
fn a_resource_with_wildcards_is_open_where_only_part_of_it_is_allowed() {
    let layers =
        Layers { identity: vec![held("p", &allow("s3:GetObject", "arn:aws:s3:::orders/*"))], ..Layers::default() };
    for (resource, expected) in [
        ("arn:aws:s3:::orders/2026/*", Verdict::Allowed),
        ("arn:aws:s3:::*", Verdict::Conditional),
        ("arn:aws:s3:::invoices/*", Verdict::Denied),
        ("*", Verdict::Denied),
    ] {
        assert_eq!(ask(USER, "s3:GetObject", resource, &Context::new(), &layers).verdict, expected, "{resource}");
    }
}

#[test]
fn that_an_account_is_left_out_of_a_deny_leaves_out_nobody_in_it() {
    let session = "arn:aws:sts::111122223333:assumed-role/ci/run-1";
    let role = "arn:aws:iam::111122223333:role/ci";
    for (caller, named, expected) in [
        (USER, json!(["arn:aws:iam::111122223333:user/other", "111122223333"]), Verdict::Denied),
        (USER, json!(["111122223333"]), Verdict::Denied),
        (USER, json!([USER, "111122223333"]), Verdict::Allowed),
        ("arn:aws:iam::111122223333:root", json!(["111122223333"]), Verdict::Allowed),
        (session, json!([role, session, "111122223333"]), Verdict::Allowed),
        (session, json!([role, "111122223333"]), Verdict::Conditional),
    ] {
        let layers = Layers {
            identity: vec![held("all", &json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}]))],
            resource: Some(held(
                "bucket",
                &json!([{"Effect": "Deny", "NotPrincipal": {"AWS": named}, "Action": "s3:*", "Resource": "*"}]),
            )),
            ..Layers::default()
        };
        let decision = ask(caller, "s3:GetObject", OBJECT, &Context::new(), &layers);
        assert_eq!(decision.verdict, expected, "{caller} {named}");
    }
}
