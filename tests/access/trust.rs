//! Who a trust policy names.

use nonhuman::access::aws::trusted_principals;
use serde_json::{Value, json};

use crate::account::trust;

/// `kind name [conditions]` for each principal of a trust policy with these statements.
fn named(statements: Value) -> Vec<String> {
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    let principals = trusted_principals(&trust("arn:aws:iam::111122223333:role/r", "111122223333", document));
    principals.iter().map(|p| format!("{} {} {:?}", p.kind, p.name, p.conditions)).collect()
}

fn allow(principal: Value) -> Value {
    json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal})
}

#[test]
fn every_form_of_a_principal() {
    for (principal, expected) in [
        (json!("*"), "anyone * []"),
        (json!({"AWS": "*"}), "anyone * []"),
        (json!({"AWS": ["*"]}), "anyone * []"),
        (json!({"AWS": "444455556666"}), "account 444455556666 []"),
        (json!({"AWS": "arn:aws:iam::444455556666:root"}), "account arn:aws:iam::444455556666:root []"),
        (json!({"AWS": "arn:aws-cn:iam::444455556666:user/x"}), "identity arn:aws-cn:iam::444455556666:user/x []"),
        (
            json!({"AWS": "arn:aws:sts::444455556666:assumed-role/ci/run"}),
            "identity arn:aws:sts::444455556666:assumed-role/ci/run []",
        ),
        (json!({"AWS": "AROAEXAMPLEEXAMPLE1AB"}), "deleted AROAEXAMPLEEXAMPLE1AB []"),
        (json!({"AWS": "AIDAEXAMPLEEXAMPLE1AB"}), "deleted AIDAEXAMPLEEXAMPLE1AB []"),
        (json!({"Service": "ec2.amazonaws.com"}), "service ec2.amazonaws.com []"),
        (json!({"Federated": "cognito-identity.amazonaws.com"}), "federated cognito-identity.amazonaws.com []"),
    ] {
        assert_eq!(named(allow(principal.clone())), [expected], "{principal}");
    }
    assert_eq!(named(allow(json!({"AWS": ["444455556666", "*"], "Service": ["a.b"]}))).len(), 3);
    assert_eq!(named(json!({"Effect": "Allow", "Action": "sts:*", "NotPrincipal": {"AWS": "1"}})), ["anyone * []"]);
}

#[test]
fn only_what_lets_someone_assume_counts() {
    let with = |effect: &str, action: &str| json!({"Effect": effect, "Action": action, "Principal": {"AWS": "*"}});
    assert_eq!(named(with("Allow", "sts:TagSession")), Vec::<String>::new());
    assert_eq!(named(with("allow", "sts:AssumeRole")), Vec::<String>::new());
    assert_eq!(named(with("Allow", "STS:assumerole*")), ["anyone * []"]);
    assert_eq!(named(with("Allow", "sts:AssumeRoleWithWebIdentity")), ["anyone * []"]);
    assert_eq!(named(json!([with("Allow", "*"), with("Deny", "*")])), Vec::<String>::new());
    let one = json!({"Effect": "Deny", "Action": "*", "Principal": {"AWS": "444455556666"}});
    assert_eq!(named(json!([with("Allow", "*"), one])), ["anyone * []"]);
}

#[test]
fn anyone_without_conditions_is_open_to_the_world() {
    for (condition, expected) in [
        (json!({"StringEquals": {"aws:PrincipalOrgID": "o-abc"}}), "account o-abc [\"aws:principalorgid\"]"),
        (json!({"StringLike": {"aws:PrincipalOrgID": "*"}}), "anyone * []"),
        (json!({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-abc"}}), "anyone * []"),
        (json!({"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-abc"}}), "anyone * []"),
        (json!({"StringNotEquals": {"aws:PrincipalAccount": "444455556666"}}), "anyone * []"),
        (json!({"Bool": {"aws:SecureTransport": "true"}}), "anyone * []"),
        (
            json!({"StringEquals": {"AWS:principalaccount": "444455556666"}}),
            "account 444455556666 [\"aws:principalaccount\"]",
        ),
        (
            json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::444455556666:role/ci-*"}}),
            "account arn:aws:iam::444455556666:role/ci-* [\"aws:principalarn\"]",
        ),
        (
            json!({"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::444455556666:role/ci"}}),
            "identity arn:aws:iam::444455556666:role/ci [\"aws:principalarn\"]",
        ),
        (json!({"StringEquals": {"sts:ExternalId": "x1"}}), "anyone * [\"sts:externalid\"]"),
        (json!({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}), "anyone * [\"aws:sourceip\"]"),
    ] {
        let mut statement = allow(json!("*"));
        statement["Condition"] = condition.clone();
        assert_eq!(named(statement), [expected], "{condition}");
    }
}

#[test]
fn what_a_stranger_can_meet_counts_for_those_who_are_named_alone() {
    let under = |principal: Value, condition: &Value| {
        let mut statement = allow(principal);
        statement["Condition"] = condition.clone();
        named(statement)
    };
    let mfa = json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}});
    assert_eq!(under(json!("*"), &mfa), ["anyone * []"]);
    let account = under(json!({"AWS": "444455556666"}), &mfa);
    assert_eq!(account, ["account 444455556666 [\"aws:multifactorauthpresent\"]"]);
    let spared = json!({"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole",
        "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-abc"}}});
    assert_eq!(named(json!([allow(json!("*")), spared])), ["account o-abc [\"aws:principalorgid\"]"]);
}

#[test]
fn a_deny_of_another_way_in_or_of_members_alone_shuts_nobody_out() {
    let deny = |action: &str, condition: Value| json!({"Effect": "Deny", "Principal": "*", "Action": action, "Condition": condition});
    let outsiders = json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-abc"}});
    for (denied, expected) in [
        (deny("sts:AssumeRoleWithSAML", json!({})), "anyone * []"),
        (deny("sts:AssumeRoleWithSAML", outsiders.clone()), "anyone * []"),
        // Who is in no organisation has no such key, and so no value that is not among these.
        (
            deny("sts:AssumeRole", json!({"ForAnyValue:StringNotLike": {"aws:PrincipalOrgPaths": "o-abc/*"}})),
            "anyone * []",
        ),
        (deny("sts:AssumeRole*", outsiders), "account o-abc [\"aws:principalorgid\"]"),
    ] {
        assert_eq!(named(json!([allow(json!("*")), denied])), [expected], "{denied}");
    }
    let mut timed = allow(json!("*"));
    timed["Condition"] = json!({"NumericLessThanEquals": {"sts:DurationSeconds": "3600"}});
    assert_eq!(named(timed), ["anyone * []"]);
}
