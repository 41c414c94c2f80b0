//! Ways to administrator past denies and boundaries, through new identities, groups, tags and conditions on what is asked
//! for; and where there is none.

use serde_json::{Value, json};

use crate::account::{Account, capabilities, ways};

pub(crate) const X: &str = "arn:aws:iam::111122223333:user/x";

pub(crate) fn allow(action: Value, resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

pub(crate) fn deny(action: Value, resource: &str) -> Value {
    json!({"Effect": "Deny", "Action": action, "Resource": resource})
}

/// An account of a user `x` with these statements, and whatever else is put in it.
pub(crate) fn export(statements: Value, rest: &Value) -> Account {
    let policy = json!([{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}]);
    let mut user = json!({"UserName": "x", "Arn": X, "UserPolicyList": policy, "GroupList": []});
    for (key, value) in rest["user"].as_object().into_iter().flatten() {
        user[key] = value.clone();
    }
    let mut account = Account::default();
    account.read(&json!({
        "UserDetailList": [user], "RoleDetailList": rest["roles"], "GroupDetailList": rest["groups"],
        "Policies": rest["policies"],
    }));
    account
}

/// `administrator`, `certain`, `possible` or `nothing`, and the first way.
pub(crate) fn said(account: &Account) -> (&'static str, Vec<String>) {
    let principals = account.principals();
    let user = principals.iter().find(|one| one.identity.id.as_str() == X).unwrap();
    let held = capabilities(user);
    if held.iter().any(|one| one.is_administrator()) {
        return ("administrator", held[0].proof.clone());
    }
    match ways(&principals, &account.surroundings())
        .to_administrator
        .remove(X)
        .and_then(|paths| paths.into_iter().next())
    {
        Some(path) if path.conditional => ("possible", path.steps),
        Some(path) => ("certain", path.steps),
        None => ("nothing", Vec::new()),
    }
}

pub(crate) fn verdict(statements: Value, rest: &Value) -> &'static str {
    said(&export(statements, rest)).0
}

pub(crate) fn everything() -> Value {
    allow(json!("*"), "*")
}

pub(crate) fn role(name: &str, principal: Value, condition: Value) -> Value {
    json!({"RoleName": name, "Arn": format!("arn:aws:iam::111122223333:role/{name}"),
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement":
            {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition}},
        "RolePolicyList": [{"PolicyName": "all", "PolicyDocument": {"Statement": everything()}}]})
}

fn boxed(document: Value) -> Value {
    let id = "arn:aws:iam::111122223333:policy/box";
    json!({
        "user": {"PermissionsBoundary": {"PermissionsBoundaryArn": id}},
        "policies": [{"Arn": id, "PolicyVersionList": [{"IsDefaultVersion": true, "Document": {"Statement": document}}]}],
    })
}

#[test]
fn an_administrator_who_is_denied_one_thing_is_one_still_and_it_is_told() {
    for denied in ["iam:CreateUser", "lambda:UpdateFunctionCode", "kms:PutKeyPolicy", "s3:GetObject"] {
        let (verdict, proof) = said(&export(json!([everything(), deny(json!(denied), "*")]), &Value::Null));
        assert_eq!(verdict, "administrator", "{denied}");
        assert_eq!(
            proof,
            [
                "policy p, statement 1 (Allow * on *)".to_owned(),
                format!("but not {denied}: policy p, statement 2 (Deny {denied} on *)")
            ]
        );
    }
    // Nothing is left by which it could give rights, get at data or run code.
    for denied in [json!("iam:*"), json!(["s3:*", "secretsmanager:*", "dynamodb:*"]), json!("*")] {
        let account = export(json!([everything(), deny(denied.clone(), "*")]), &Value::Null);
        assert_ne!(said(&account).0, "administrator", "{denied}");
    }
    // Over plain HTTP nobody asks; without a second factor many do.
    let unless = |test: Value| json!([everything(), {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Bool": test}}]);
    assert_eq!(verdict(unless(json!({"aws:SecureTransport": "false"})), &Value::Null), "administrator");
    assert_eq!(verdict(unless(json!({"aws:MultiFactorAuthPresent": "false"})), &Value::Null), "possible");
}

#[test]
fn one_deny_leaves_the_other_ways() {
    let all = allow(json!("iam:*"), "*");
    assert_eq!(verdict(json!([deny(json!("iam:PutUserPolicy"), "*"), all]), &Value::Null), "certain");
    // It takes away what denies it data, and then gives itself everything.
    let data = deny(json!(["s3:*", "secretsmanager:*", "dynamodb:*"]), "*");
    let (verdict, steps) = said(&export(json!([all, data]), &Value::Null));
    assert_eq!(verdict, "certain");
    assert!(!steps.is_empty());
}

#[test]
fn a_policy_that_denies_may_be_taken_away_by_whom_it_denies() {
    let statements = json!([
        allow(json!(["iam:DeleteUserPolicy"]), X),
        deny(json!("iam:PutUserPolicy"), "*"),
        deny(json!(["s3:*", "secretsmanager:*", "dynamodb:*", "iam:CreateUser", "iam:CreateRole"]), "*")
    ]);
    let mut rest = json!({"policies": [{"Arn": "arn:aws:iam::111122223333:policy/all",
        "PolicyVersionList": [{"IsDefaultVersion": true, "Document": {"Statement": everything()}}]}]});
    rest["user"] = json!({"AttachedManagedPolicies": [{"PolicyArn": "arn:aws:iam::111122223333:policy/all"}]});
    let (verdict, steps) = said(&export(statements, &rest));
    assert_eq!(verdict, "certain", "{steps:?}");
    let mut kept = json!([deny(json!(["iam:DeleteUserPolicy", "iam:*"]), "*")]);
    kept.as_array_mut().unwrap().push(deny(json!(["s3:*", "secretsmanager:*", "dynamodb:*"]), "*"));
    assert_ne!(said(&export(kept, &rest)).0, "certain");
}

#[test]
fn a_new_identity_is_a_way_where_nothing_is_in_the_way() {
    let make = |what: Value, on: &str| json!([allow(what, on)]);
    let role = json!(["iam:CreateRole", "iam:AttachRolePolicy"]);
    let user = json!(["iam:CreateUser", "iam:PutUserPolicy", "iam:CreateAccessKey"]);
    let (verdict_of_role, steps) = said(&export(make(role.clone(), "*"), &Value::Null));
    assert_eq!(verdict_of_role, "certain");
    assert_eq!(
        steps,
        [
            "x may call iam:CreateRole and iam:AttachRolePolicy on a new role (policy p, statement 1) and so make a role that \
          trusts the caller and attach AdministratorAccess to it"
        ]
    );
    assert_eq!(verdict(make(user.clone(), "arn:aws:iam::111122223333:user/ci/*"), &Value::Null), "certain");
    assert_eq!(verdict(make(user.clone(), "arn:aws:iam::444455556666:user/*"), &Value::Null), "nothing");
    let split = json!([
        allow(json!(["iam:CreateRole"]), "arn:aws:iam::111122223333:role/a/*"),
        allow(json!(["iam:AttachRolePolicy"]), "arn:aws:iam::111122223333:role/b/*")
    ]);
    assert_eq!(verdict(split, &Value::Null), "nothing");
    let under = |condition: Value| {
        let mut statement = allow(role.clone(), "*");
        statement["Condition"] = condition;
        verdict(json!([statement]), &Value::Null)
    };
    let limit = "arn:aws:iam::111122223333:policy/limit";
    assert_eq!(under(json!({"StringEquals": {"iam:PermissionsBoundary": limit}})), "nothing");
    assert_eq!(under(json!({"ArnEquals": {"iam:PolicyARN": "arn:aws:iam::aws:policy/ReadOnlyAccess"}})), "nothing");
    assert_eq!(under(json!({"StringEquals": {"aws:RequestTag/team": "a"}})), "possible");
    assert_eq!(verdict(json!([allow(role.clone(), "*"), deny(json!("sts:AssumeRole"), "*")]), &Value::Null), "nothing");
    // A new user may be put into a group of administrators.
    let groups = json!([{"GroupName": "all", "Arn": "arn:aws:iam::111122223333:group/all", "GroupPolicyList":
        [{"PolicyName": "all", "PolicyDocument": {"Statement": everything()}}]}]);
    let join =
        make(json!(["iam:CreateUser", "iam:CreateLoginProfile", "iam:AddUserToGroup"]), "arn:aws:iam::111122223333:*");
    let others = json!({"groups": groups});
    assert_eq!(
        verdict(json!([join[0], deny(json!("iam:AddUserToGroup"), "arn:aws:iam::111122223333:user/x")]), &others),
        "certain"
    );
}

#[test]
fn only_a_policy_that_gives_much_leads_up_when_attached() {
    let attach = |policy: &str| {
        let mut statement = allow(json!("iam:AttachUserPolicy"), X);
        statement["Condition"] = json!({"ArnLike": {"iam:PolicyARN": policy}});
        statement
    };
    assert_eq!(verdict(json!([attach("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")]), &Value::Null), "nothing");
    assert_eq!(verdict(json!([attach("arn:aws:iam::aws:policy/*")]), &Value::Null), "certain");
    let own = "arn:aws:iam::111122223333:policy/dev-*";
    assert_eq!(verdict(json!([attach(own)]), &Value::Null), "nothing");
    let (verdict, steps) = said(&export(json!([attach(own), allow(json!("iam:CreatePolicy"), own)]), &Value::Null));
    assert_eq!(verdict, "certain");
    assert!(steps[0].contains("attach arn:aws:iam::111122223333:policy/dev-new to it"), "{steps:?}");
}

#[test]
fn a_boundary_is_taken_off_or_rewritten_where_that_is_allowed() {
    let put = |action: &str| json!([allow(json!(["iam:PutUserPolicy", action]), "*")]);
    let within = boxed(allow(json!(["iam:PutUserPolicy", "iam:DeleteUserPermissionsBoundary", "s3:*"]), "*"));
    let (verdict_of_off, steps) = said(&export(put("iam:DeleteUserPermissionsBoundary"), &within));
    assert_eq!(verdict_of_off, "certain");
    assert_eq!(steps.len(), 2);
    assert!(steps[0].contains("iam:DeleteUserPermissionsBoundary on itself"), "{steps:?}");
    assert!(steps[1].contains("iam:PutUserPolicy on itself"), "{steps:?}");
    assert_eq!(verdict(put("iam:CreatePolicyVersion"), &boxed(allow(json!("iam:*"), "*"))), "certain");
    assert_eq!(verdict(put("iam:DeleteUserPermissionsBoundary"), &boxed(allow(json!("iam:Put*"), "*"))), "nothing");
    assert_eq!(verdict(put("iam:GetUser"), &within), "nothing");
}

#[test]
fn membership_is_as_it_was_read() {
    let group = |policies: Value| json!([{"GroupName": "g", "Arn": "arn:aws:iam::111122223333:group/g", "GroupPolicyList": policies}]);
    let attach = json!([allow(json!("iam:AttachGroupPolicy"), "arn:aws:iam::111122223333:group/g")]);
    let member = json!({"groups": group(json!([])), "user": {"GroupList": ["g"]}});
    assert_eq!(verdict(attach.clone(), &member), "certain");
    let stranger = json!({"groups": group(json!([]))});
    let (verdict, steps) = said(&export(attach, &stranger));
    // The group may have members whom it could act as; it is not one of them.
    assert_ne!(verdict, "certain", "{steps:?}");
    assert!(!steps.iter().any(|step| step.contains("is a member of group g")), "{steps:?}");
}

#[test]
fn a_tag_that_one_gives_oneself_opens_what_asks_for_it() {
    let account = json!({"AWS": "111122223333"});
    let wants = json!({"StringEquals": {"aws:PrincipalTag/team": "platform"}});
    let roles = json!({"roles": [role("r", account, wants)]});
    assert_eq!(verdict(json!([allow(json!("sts:AssumeRole"), "*")]), &roles), "nothing");
    let (verdict, steps) = said(&export(json!([allow(json!(["sts:AssumeRole", "iam:TagUser"]), "*")]), &roles));
    assert_eq!(verdict, "certain");
    assert!(steps[0].contains("may call iam:TagUser on itself"), "{steps:?}");
}

#[test]
fn a_service_acts_for_the_account_that_its_role_names() {
    let pass = json!([allow(json!(["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"]), "*")]);
    let service = || json!({"Service": "lambda.amazonaws.com"});
    let with = |condition: Value| verdict(pass.clone(), &json!({"roles": [role("r", service(), condition)]}));
    assert_eq!(with(json!({})), "certain");
    assert_eq!(with(json!({"StringEquals": {"aws:SourceAccount": "111122223333"}})), "certain");
    assert_eq!(with(json!({"StringEquals": {"aws:SourceAccount": "999999999999"}})), "nothing");
    assert_eq!(with(json!({"ArnLike": {"aws:SourceArn": "arn:aws:lambda:*:111122223333:function:*"}})), "certain");
    assert_eq!(with(json!({"ArnLike": {"aws:SourceArn": "arn:aws:lambda:*:999999999999:function:*"}})), "nothing");
    assert_eq!(with(json!({"StringEquals": {"aws:SourceOrgID": "o-other"}})), "possible");
}

#[test]
fn what_a_deny_leaves_out_is_enough_to_go_on() {
    let own = json!({"roles": [role("dev-admin", json!({"AWS": "111122223333"}), json!({}))]});
    let but = |name: &str| {
        json!([allow(json!("sts:AssumeRole"), "*"), {"Effect": "Deny", "Action": "sts:*",
            "NotResource": format!("arn:aws:iam::111122223333:role/{name}")}])
    };
    assert_eq!(verdict(but("dev-*"), &own), "certain");
    assert_eq!(verdict(but("prod-*"), &own), "nothing");
}

#[test]
fn tags_of_what_is_asked_for_are_known() {
    let mut wanted = allow(json!("sts:AssumeRole"), "*");
    wanted["Condition"] = json!({"StringEquals": {"aws:ResourceTag/team": "dev"}});
    let one = json!({"roles": [role("r", json!({"AWS": "111122223333"}), json!({}))]});
    assert_eq!(verdict(json!([wanted]), &one), "nothing");
}

#[test]
fn permission_sets_lead_up_where_they_can_be_changed() {
    let mut sso = role(
        "AWSReservedSSO_Dev_0123456789abcdef",
        json!({"Federated": "arn:aws:iam::111122223333:saml-provider/x"}),
        json!({}),
    );
    sso["Arn"] =
        json!("arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Dev_0123456789abcdef");
    sso["RolePolicyList"] = json!([]);
    let there = json!({"roles": [sso]});
    let attach = json!([allow(json!("sso:AttachManagedPolicyToPermissionSet"), "*")]);
    let (verdict_there, steps) = said(&export(attach.clone(), &there));
    assert_eq!(verdict_there, "possible");
    assert!(steps[0].contains("on the permission set of role AWSReservedSSO_Dev_"), "{steps:?}");
    assert_eq!(verdict(attach, &Value::Null), "nothing");
    let new =
        json!(["sso:CreatePermissionSet", "sso:AttachManagedPolicyToPermissionSet", "sso:CreateAccountAssignment"]);
    assert_eq!(verdict(json!([allow(new, "*")]), &Value::Null), "possible");
}

/// The sets of actions that others list (the reference, §2.6): each is one of ours, or more than one.
#[test]
fn every_catalogued_set_of_actions_is_covered() {
    let techniques = crate::account::fixture("rules/facts/aws-escalation.toml");
    let table: toml::Table = techniques.parse().unwrap();
    let sets: Vec<Vec<&str>> = table["technique"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["actions"].as_array().unwrap().iter().filter_map(toml::Value::as_str).collect())
        .collect();
    assert!(sets.len() > 105);
    for wanted in [
        ["sso:AttachManagedPolicyToPermissionSet"].as_slice(),
        &["sso:PutInlinePolicyToPermissionSet"],
        &["datapipeline:CreatePipeline", "iam:PassRole"],
        &["codestar:CreateProject", "iam:PassRole"],
        &["iam:CreateRole", "iam:AttachRolePolicy", "sts:AssumeRole"],
        &["iam:DeleteRolePermissionsBoundary", "sts:AssumeRole"],
        &["states:StartExecution", "states:UpdateStateMachine"],
        &["states:TestState", "iam:PassRole"],
        &["airflow:CreateWebLoginToken"],
        &["cloudformation:UpdateStackSet"],
    ] {
        assert!(sets.iter().any(|set| set.iter().all(|action| wanted.contains(action))), "{wanted:?}");
    }
}

#[test]
fn a_deny_on_other_regions_keeps_nobody_from_being_administrator() {
    let elsewhere = |list: Value, spared: Value| {
        json!([everything(), {"Effect": "Deny", "NotAction": spared, "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:RequestedRegion": list}}}])
    };
    let spared = json!(["iam:*", "sts:*", "organizations:*", "support:*"]);
    let (verdict_of_one, proof) = said(&export(elsewhere(json!(["eu-central-1"]), spared.clone()), &Value::Null));
    assert_eq!((verdict_of_one, proof.len()), ("administrator", 1));
    // IAM answers in us-east-1 alone, so that it is denied here.
    assert_ne!(verdict(elsewhere(json!(["eu-central-1"]), json!(["sts:*"])), &Value::Null), "administrator");
    assert_eq!(
        verdict(elsewhere(json!(["eu-central-1", "us-east-1"]), json!(["sts:*"])), &Value::Null),
        "administrator"
    );
    let positive = json!([everything(), {"Effect": "Deny", "Action": "*", "Resource": "*",
        "Condition": {"StringEquals": {"aws:RequestedRegion": "ap-east-1"}}}]);
    assert_eq!(verdict(positive, &Value::Null), "administrator");
}

#[test]
fn wherever_a_deny_leaves_a_region_there_is_an_administrator() {
    let spared = json!(["iam:*", "sts:*", "organizations:*", "support:*"]);
    let denied = |operator: &str, list: Value| {
        json!({"Effect": "Deny", "NotAction": spared, "Resource": "*",
            "Condition": {operator: {"aws:RequestedRegion": list}}})
    };
    for (operator, list) in [
        ("StringNotLike", json!("ap-*")),
        ("StringNotLike", json!(["ca-*", "sa-*"])),
        ("StringLike", json!(["us-*", "eu-west-*"])),
        ("StringNotEquals", json!(["xx-new-1"])),
        ("StringNotEqualsIfExists", json!(["sa-east-1"])),
    ] {
        let one = denied(operator, list.clone());
        assert_eq!(said(&export(json!([everything(), one]), &Value::Null)).1.len(), 1, "{operator} {list}");
        assert_eq!(verdict(json!([everything(), one]), &Value::Null), "administrator", "{operator} {list}");
    }
    // Where two denies leave no region in common nothing is denied for certain.
    let apart = |action: &str, operator: &str| {
        json!({"Effect": "Deny", "Action": action, "Resource": "*",
            "Condition": {operator: {"aws:RequestedRegion": "eu-central-1"}}})
    };
    let (_, proof) = said(&export(
        json!([everything(), apart("ec2:*", "StringNotEquals"), apart("lambda:*", "StringEquals")]),
        &Value::Null,
    ));
    assert!(!proof.concat().contains("everything but"), "{proof:?}");
}

#[test]
fn what_a_group_denies_is_not_detached_from_its_members() {
    let policy = |name: &str, document: Value| {
        json!({"Arn": format!("arn:aws:iam::111122223333:policy/{name}"),
            "PolicyVersionList": [{"IsDefaultVersion": true, "Document": {"Statement": document}}]})
    };
    let attached = |name: &str| json!([{"PolicyArn": format!("arn:aws:iam::111122223333:policy/{name}")}]);
    let no = json!(["s3:*", "secretsmanager:*", "dynamodb:*", "iam:Put*", "iam:Attach*", "iam:Create*"]);
    let statements = json!([
        everything(),
        deny(json!("sts:*"), "*"),
        deny(json!(["iam:Update*", "iam:Set*", "iam:Delete*", "iam:Add*", "iam:Remove*"]), "*")
    ]);
    let group = |of_group: &str| json!([{"GroupName": "g", "Arn": "arn:aws:iam::111122223333:group/g", "AttachedManagedPolicies": attached(of_group)}]);
    let policies = json!([policy("denies", deny(no, "*")), policy("little", allow(json!("s3:ListAllMyBuckets"), "*"))]);
    let own = json!({"user": {"AttachedManagedPolicies": attached("denies"), "GroupList": ["g"]},
        "groups": group("little"), "policies": policies});
    let by_group = json!({"user": {"GroupList": ["g"]}, "groups": group("denies"), "policies": policies});
    let detaches = |rest: &Value| said(&export(statements.clone(), rest)).1.concat().contains("iam:DetachUserPolicy");
    assert_eq!((detaches(&own), detaches(&by_group)), (true, false));
}

#[test]
fn another_policy_of_aws_is_as_good_as_the_one_that_is_forbidden() {
    let administrator = "arn:aws:iam::aws:policy/AdministratorAccess";
    let attach = |operator: &str, value: &str| {
        let mut one = allow(json!("iam:AttachUserPolicy"), X);
        one["Condition"] = json!({operator: {"iam:PolicyARN": value}});
        verdict(json!([one]), &Value::Null)
    };
    assert_eq!(attach("ArnNotEquals", administrator), "certain");
    assert_eq!(attach("ArnLike", "arn:aws:iam::aws:policy/IAM*"), "certain");
    assert_eq!(attach("ArnEquals", "arn:aws:iam::aws:policy/ReadOnlyAccess"), "nothing");
    let mut forbidden = deny(json!("iam:AttachUserPolicy"), "*");
    forbidden["Condition"] = json!({"ArnEquals": {"iam:PolicyARN": administrator}});
    assert_eq!(verdict(json!([allow(json!("iam:AttachUserPolicy"), X), forbidden]), &Value::Null), "certain");
}
