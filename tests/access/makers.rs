//! Ways to administrator of whoever makes new roles, users and groups, goes back to older versions, leaves groups that
//! deny, or takes over what a role trusts; and where there is none.

use serde_json::{Value, json};

use crate::ways::{X, allow, deny, everything, export, role, said, verdict};

const BOX: &str = "arn:aws:iam::111122223333:policy/box";

fn kept(name: &str, statements: Value) -> Value {
    json!({"Arn": format!("arn:aws:iam::111122223333:policy/{name}"),
        "PolicyVersionList": [{"IsDefaultVersion": true, "VersionId": "v1", "Document": {"Statement": statements}}]})
}

/// `iam:CreateRole` with a boundary of this name alone, and what else is allowed.
fn bounded(operator: &str, boundary: &str, rest: &[&str]) -> Value {
    let mut make = allow(json!("iam:CreateRole"), "*");
    make["Condition"] = json!({operator: {"iam:PermissionsBoundary": boundary}});
    json!([make, allow(json!(rest), "*")])
}

#[test]
fn a_boundary_that_its_maker_takes_off_again_bounds_nothing() {
    let policies = |document: Value| json!({"policies": [kept("box", document)]});
    let narrow = policies(allow(json!("s3:*"), "*"));
    let off = ["iam:PutRolePolicy", "iam:DeleteRolePermissionsBoundary"];
    let (verdict_of_off, steps) = said(&export(bounded("StringEquals", BOX, &off), &narrow));
    assert_eq!(verdict_of_off, "certain");
    assert_eq!(
        steps,
        [
            "x may call iam:CreateRole and iam:PutRolePolicy on a new role within policy/box (policy p, statement 1; \
             policy p, statement 2) and so make a role that trusts the caller and write it a policy with any right",
            "x may call iam:DeleteRolePermissionsBoundary on role new (policy p, statement 2) and so take off its boundary",
        ]
    );
    let rewritten = bounded("StringEquals", BOX, &["iam:PutRolePolicy", "iam:CreatePolicyVersion"]);
    assert_eq!(verdict(rewritten, &narrow), "certain");
    assert_eq!(verdict(bounded("StringEquals", BOX, &["iam:PutRolePolicy"]), &narrow), "nothing");
    // A boundary that bounds nothing, and any boundary one likes.
    let wide = policies(everything());
    assert_eq!(verdict(bounded("StringEquals", BOX, &["iam:PutRolePolicy"]), &wide), "certain");
    assert_eq!(verdict(bounded("StringLike", "*", &["iam:PutRolePolicy"]), &Value::Null), "certain");
    assert_eq!(verdict(bounded("StringLike", "*", &["iam:GetRole"]), &Value::Null), "nothing");
    // Nobody knows what a policy allows that is not in the export.
    assert_eq!(verdict(bounded("StringEquals", BOX, &["iam:PutRolePolicy"]), &Value::Null), "nothing");
}

#[test]
fn a_new_group_is_a_way_for_a_user() {
    let make = |how: &str, on: &str| json!([allow(json!(["iam:CreateGroup", how, "iam:AddUserToGroup"]), on)]);
    let (verdict_of_all, steps) = said(&export(make("iam:AttachGroupPolicy", "*"), &Value::Null));
    assert_eq!(verdict_of_all, "certain");
    assert_eq!(
        steps,
        [
            "x may call iam:CreateGroup, iam:AttachGroupPolicy and iam:AddUserToGroup on a new group (policy p, statement 1) \
          and so make a group, attach AdministratorAccess to it and join it"
        ]
    );
    assert_eq!(verdict(make("iam:PutGroupPolicy", "arn:aws:iam::*:group/ci/*"), &Value::Null), "certain");
    assert_eq!(verdict(make("iam:GetGroup", "*"), &Value::Null), "nothing");
    let apart = json!([
        allow(json!(["iam:CreateGroup", "iam:PutGroupPolicy"]), "arn:aws:iam::*:group/a*"),
        allow(json!("iam:AddUserToGroup"), "arn:aws:iam::*:group/b*")
    ]);
    assert_eq!(verdict(apart, &Value::Null), "nothing");
}

#[test]
fn of_many_names_the_one_that_every_action_lets_through_is_found() {
    let mut names: Vec<String> = (0..40).map(|i| format!("arn:aws:iam::*:role/x{i}-*")).collect();
    names.push("arn:aws:iam::*:role/with-a-long-beginning-*".to_owned());
    let put = |on: &str| {
        let mut make = allow(json!("iam:CreateRole"), "*");
        make["Resource"] = json!(names);
        verdict(json!([make, allow(json!("iam:PutRolePolicy"), on)]), &Value::Null)
    };
    assert_eq!(put("arn:aws:iam::*:role/with-a-long-beginning-*"), "certain");
    assert_eq!(put("arn:aws:iam::*:role/another-*"), "nothing");
}

#[test]
fn a_new_role_that_its_maker_may_not_become_is_handed_to_a_service() {
    let make = json!(["iam:CreateRole", "iam:AttachRolePolicy", "iam:PassRole", "lambda:CreateFunction"]);
    let mut statements = json!([allow(make, "*"), deny(json!("sts:*"), "*")]);
    assert_eq!(verdict(statements.clone(), &Value::Null), "nothing");
    statements[0]["Action"].as_array_mut().unwrap().push(json!("lambda:InvokeFunction"));
    let (verdict, steps) = said(&export(statements, &Value::Null));
    assert_eq!(verdict, "certain");
    assert!(steps[1].starts_with("x may pass it to lambda.amazonaws.com (policy p, statement 1)"), "{steps:?}");
}

#[test]
fn an_older_version_is_as_good_as_what_it_allows() {
    let id = "arn:aws:iam::111122223333:policy/mine";
    let with = |older: Value, on: &str| {
        let versions = json!([
            {"IsDefaultVersion": true, "VersionId": "v2", "Document": {"Statement": allow(json!("s3:ListAllMyBuckets"), "*")}},
            {"IsDefaultVersion": false, "VersionId": "v1", "Document": {"Statement": older}}
        ]);
        let rest = json!({"user": {"AttachedManagedPolicies": [{"PolicyArn": id}]},
            "policies": [{"Arn": id, "PolicyVersionList": versions}]});
        said(&export(json!([allow(json!("iam:SetDefaultPolicyVersion"), on)]), &rest))
    };
    let (verdict_of_all, steps) = with(everything(), "*");
    assert_eq!(verdict_of_all, "certain");
    assert_eq!(
        steps,
        [
            "x may call iam:SetDefaultPolicyVersion on policy arn:aws:iam::111122223333:policy/mine of user x, version v1, \
             (policy p, statement 1) and so go back to an older version of it",
            "user x is then administrator: policy mine, statement 1 (Allow * on *)",
        ]
    );
    assert_eq!(with(allow(json!("iam:PutUserPolicy"), X), "*").0, "certain");
    assert_eq!(with(allow(json!("s3:*"), "*"), "*").0, "nothing");
    assert_eq!(with(everything(), "arn:aws:iam::111122223333:policy/other").0, "nothing");
}

#[test]
fn whoever_leaves_a_group_that_denies_keeps_what_is_his_own() {
    let no = json!([
        "s3:*",
        "secretsmanager:*",
        "dynamodb:*",
        "sts:*",
        "iam:Put*",
        "iam:Attach*",
        "iam:Create*",
        "iam:Update*",
        "iam:Set*",
        "iam:Add*",
        "iam:Pass*",
        "iam:Tag*",
        "iam:DeleteUser*",
        "iam:DeleteRole*"
    ]);
    let group = |statements: Value| {
        json!([{"GroupName": "g", "Arn": "arn:aws:iam::111122223333:group/g", "GroupPolicyList":
            [{"PolicyName": "denies", "PolicyDocument": {"Statement": statements}}]}])
    };
    let member = |own: Value, of_group: Value| {
        said(&export(own, &json!({"user": {"GroupList": ["g"]}, "groups": group(of_group)})))
    };
    let steps = |action: &str| {
        let own = json!([everything(), deny(json!(action), "*")]);
        member(own, deny(no.clone(), "*"))
    };
    let (leaves, how) = steps("iam:DeleteGroupPolicy");
    assert_eq!(leaves, "certain", "{how:?}");
    assert!(how[0].starts_with("x may call iam:RemoveUserFromGroup on group g (policy p, statement 1)"), "{how:?}");
    let (deletes, how) = steps("iam:RemoveUserFromGroup");
    assert_eq!(deletes, "certain", "{how:?}");
    assert!(how[0].starts_with("x may call iam:DeleteGroupPolicy on group g, policy denies, (policy p"), "{how:?}");
    // What the group itself gives is lost with it.
    let only = json!([allow(json!(["iam:RemoveUserFromGroup"]), "*")]);
    assert_eq!(member(only, json!([allow(json!("iam:*"), "*"), deny(no.clone(), "*")])).0, "nothing");
}

#[test]
fn whoever_signs_for_a_provider_is_every_role_that_trusts_it() {
    let provider = "arn:aws:iam::111122223333:saml-provider/okta";
    let trusting = |condition: Value| {
        let mut one = role("r", json!({"Federated": provider}), condition);
        one["AssumeRolePolicyDocument"]["Statement"]["Action"] = json!("sts:AssumeRoleWithSAML");
        json!({"roles": [one]})
    };
    let aud = json!({"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}});
    let update = |on: &str| json!([allow(json!("iam:UpdateSAMLProvider"), on)]);
    let (verdict_of_all, steps) = said(&export(update("*"), &trusting(aud.clone())));
    assert_eq!(verdict_of_all, "certain");
    assert_eq!(
        steps[..2],
        [
            format!(
                "x may call iam:UpdateSAMLProvider on {provider} (policy p, statement 1) and so sign its assertions"
            ),
            format!("role r trusts {provider}"),
        ]
    );
    let placed = json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}});
    assert_eq!(verdict(update("*"), &trusting(placed)), "possible");
    assert_eq!(verdict(update("arn:aws:iam::111122223333:saml-provider/other"), &trusting(aud)), "nothing");
    assert_eq!(
        verdict(update("*"), &json!({"roles": [role("r", json!({"AWS": "444455556666"}), json!({}))]})),
        "nothing"
    );
    let mut github = trusting(json!({}));
    let oidc = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
    github["roles"][0]["AssumeRolePolicyDocument"]["Statement"]["Principal"]["Federated"] = json!(oidc);
    github["roles"][0]["AssumeRolePolicyDocument"]["Statement"]["Action"] = json!("sts:AssumeRoleWithWebIdentity");
    let thumbprint = json!([allow(json!("iam:UpdateOpenIDConnectProviderThumbprint"), "*")]);
    assert_eq!(verdict(thumbprint, &github), "possible");
}

#[test]
fn what_is_made_anew_lies_in_the_own_account_and_has_one_name() {
    let trusting = json!({"roles": [role("lam", json!({"Service": "lambda.amazonaws.com"}), json!({}))]});
    let made = |create: &str, invoke: &str| {
        let of = |name: &str| format!("arn:aws:lambda:*:{name}");
        verdict(
            json!([
                allow(json!("iam:PassRole"), "*"),
                allow(json!("lambda:CreateFunction"), &of(create)),
                allow(json!("lambda:InvokeFunction"), &of(invoke))
            ]),
            &trusting,
        )
    };
    assert_eq!(made("111122223333:function:*", "111122223333:function:*"), "certain");
    assert_eq!(made("*:function:dev-*", "111122223333:function:*"), "certain");
    assert_eq!(made("999988887777:function:*", "999988887777:function:*"), "nothing");
    assert_eq!(made("111122223333:function:dev-*", "111122223333:function:prod-*"), "nothing");
}
