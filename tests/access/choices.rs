//! What whoever asks chooses, and what is known of what it asks for: regions, tags of what is made, instance profiles,
//! second factors, things of other accounts.

use serde_json::{Value, json};

use crate::account::ways;
use crate::ways::{X, allow, everything, export, role, said, verdict};

const LAMBDA: [&str; 2] = ["lambda:CreateFunction", "lambda:InvokeFunction"];

/// An account with an administrator role for functions, and one for instances that is in no profile.
fn roles() -> Value {
    let mut of_instances = role("box", json!({"Service": "ec2.amazonaws.com"}), Value::Null);
    of_instances["InstanceProfileList"] = json!([]);
    json!({"roles": [role("worker", json!({"Service": "lambda.amazonaws.com"}), Value::Null), of_instances]})
}

fn only(actions: Value, condition: Value) -> Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": "*", "Condition": condition})
}

fn pass() -> Value {
    allow(json!("iam:PassRole"), "*")
}

#[test]
fn whoever_makes_something_chooses_one_region_for_all_of_it() {
    let in_region =
        |actions: Value, region: Value| only(actions, json!({"StringEquals": {"aws:RequestedRegion": region}}));
    let one = in_region(json!(LAMBDA), json!(["eu-west-1", "eu-central-1"]));
    assert_eq!(verdict(json!([one, pass()]), &roles()), "certain");
    let like = only(json!(LAMBDA), json!({"StringLike": {"aws:RequestedRegion": "eu-*"}}));
    assert_eq!(verdict(json!([like, pass()]), &roles()), "certain");
    let not = only(json!(LAMBDA), json!({"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}));
    assert_eq!(verdict(json!([not, pass()]), &roles()), "certain");
    // What is made in one region is not called in another.
    let apart = json!([
        in_region(json!(LAMBDA[0]), json!("eu-west-1")),
        in_region(json!(LAMBDA[1]), json!("us-east-1")),
        pass()
    ]);
    assert_eq!(verdict(apart, &roles()), "nothing");
    // Something else that is asked stays open.
    let factor = only(
        json!(LAMBDA),
        json!({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}, "Bool": {"aws:MultiFactorAuthPresent": "true"}}),
    );
    assert_eq!(verdict(json!([factor, pass()]), &roles()), "possible");
    // A deny on the region that is allowed leaves none.
    let denied = json!({"Effect": "Deny", "Action": "lambda:*", "Resource": "*",
        "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}});
    let shut = json!([in_region(json!(LAMBDA), json!("eu-west-1")), denied, pass()]);
    assert_eq!(verdict(shut, &roles()), "nothing");
}

#[test]
fn whoever_makes_something_writes_its_tags() {
    let tagged = |condition: Value| verdict(json!([only(json!(LAMBDA), condition), pass()]), &roles());
    assert_eq!(tagged(json!({"StringEquals": {"aws:RequestTag/team": "shop"}})), "certain");
    let keys = json!({"StringLike": {"aws:RequestTag/team": "shop-*"},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["team", "owner"]}});
    assert_eq!(tagged(keys), "certain");
    assert_eq!(tagged(json!({"Null": {"aws:RequestTag/team": "false"}})), "certain");
    // The name of a tag that is not among those that may be given.
    let other = json!({"StringEquals": {"aws:RequestTag/team": "shop"},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["owner"]}});
    assert_eq!(tagged(other), "possible");
}

#[test]
fn a_role_in_no_instance_profile_is_handed_to_no_instance() {
    let run = json!([allow(json!("ec2:RunInstances"), "*"), pass()]);
    assert_eq!(verdict(run.clone(), &roles()), "nothing");
    let own = json!(["ec2:RunInstances", "iam:CreateInstanceProfile", "iam:AddRoleToInstanceProfile"]);
    assert_eq!(verdict(json!([allow(own, "*"), pass()]), &roles()), "certain");
    // Where the answer does not have the list, it may be in one.
    let unread = json!({"roles": [role("box", json!({"Service": "ec2.amazonaws.com"}), Value::Null)]});
    assert_eq!(verdict(run, &unread), "possible");
}

#[test]
fn a_deny_by_region_is_judged_action_by_action() {
    let deny = |action: &str, operator: &str| {
        json!({"Effect": "Deny", "Action": action, "Resource": "*",
            "Condition": {operator: {"aws:RequestedRegion": "eu-central-1"}}})
    };
    let apart = json!([
        allow(json!(["lambda:*", "ec2:*"]), "*"),
        deny("ec2:*", "StringNotEquals"),
        deny("lambda:*", "StringEquals"),
        pass()
    ]);
    assert_eq!(verdict(apart, &roles()), "certain");
}

#[test]
fn a_password_of_somebody_with_a_second_factor_is_not_enough() {
    let boss = json!({"UserName": "boss", "Arn": "arn:aws:iam::111122223333:user/boss", "GroupList": [],
        "UserPolicyList": [{"PolicyName": "all", "PolicyDocument": {"Statement": everything()}}]});
    let of = |actions: Value, with_factor: bool| {
        let mut account = export(json!([allow(actions, "*")]), &Value::Null);
        account.read(&json!({"UserDetailList": [boss]}));
        let urn = nonhuman::model::Urn::new("arn:aws:iam::111122223333:user/boss");
        account.passwords.push(urn.clone());
        account.with_second_factor.extend(with_factor.then_some(urn));
        said(&account).0
    };
    assert_eq!(of(json!("iam:UpdateLoginProfile"), false), "certain");
    assert_eq!(of(json!("iam:UpdateLoginProfile"), true), "nothing");
    for second in ["iam:DeactivateMFADevice", "iam:EnableMFADevice"] {
        assert_eq!(of(json!(["iam:UpdateLoginProfile", second]), true), "certain", "{second}");
        assert_eq!(of(json!(second), true), "nothing", "{second}");
    }
}

#[test]
fn a_statement_that_names_another_account_reaches_what_runs_there() {
    let there = json!({"RoleDetailList": [{"RoleName": "job", "Arn": "arn:aws:iam::222233334444:role/job",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": {"Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}},
        "RolePolicyList": [{"PolicyName": "all", "PolicyDocument": {"Statement": everything()}}]}]});
    let of = |resource: &str| {
        let mut account = export(json!([allow(json!("lambda:UpdateFunctionCode"), resource)]), &Value::Null);
        account.read(&there);
        let principals = account.principals();
        ways(&principals, &account.surroundings()).to_administrator.remove(X)
    };
    let way = of("arn:aws:lambda:eu-west-1:222233334444:function:hello-*").expect("it is found").remove(0);
    assert!(way.conditional);
    assert_eq!(way.via, ["role/job of account 222233334444"]);
    assert!(way.steps[1].contains("its own policy lets account 111122223333 in"), "{:?}", way.steps);
    // A star is of one's own account: nobody gives code of others away by it.
    assert_eq!(of("*"), None);
    assert_eq!(of("arn:aws:lambda:eu-west-1:333344445555:function:hello-*"), None);
}

#[test]
fn whoever_enrols_a_second_factor_of_its_own_has_one() {
    let account = json!({"AWS": "111122223333"});
    let wants =
        json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}, "NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}});
    let roles = json!({"roles": [role("r", account, wants)]});
    let device = json!(["sts:AssumeRole", "iam:CreateVirtualMFADevice", "iam:EnableMFADevice"]);
    let (verdict, steps) = said(&export(json!([allow(device.clone(), "*")]), &roles));
    assert_eq!(verdict, "certain", "{steps:?}");
    assert!(steps[0].contains("and so has a second factor of its own"), "{steps:?}");
    // Who may not enrol one may have one all the same.
    let (without, _) = said(&export(json!([allow(json!("sts:AssumeRole"), "*")]), &roles));
    assert_eq!(without, "possible");
    let of_others = json!([allow(json!("sts:AssumeRole"), "*"), allow(device, "arn:aws:iam::111122223333:user/other")]);
    assert_ne!(said(&export(of_others, &roles)).0, "certain");
}

#[test]
fn what_a_statement_allows_on_things_of_another_service_is_nothing() {
    let on = |resource: &str| verdict(json!([pass(), allow(json!(LAMBDA), resource)]), &roles());
    assert_eq!(on("arn:aws:lambda:*:*:function:dev-*"), "certain");
    assert_eq!(on("arn:aws:*:*:*:*"), "certain");
    assert_eq!(on("arn:aws:s3:::bucket/*"), "nothing");
    // Some services have actions on what belongs to another.
    let session = |resource: &str| {
        let there = json!({"roles": [role("box", json!({"Service": "ec2.amazonaws.com"}), Value::Null)]});
        verdict(json!([allow(json!("ssm:StartSession"), resource)]), &there)
    };
    assert_eq!(session("arn:aws:ec2:*:*:instance/*"), "possible");
    assert_eq!(session("arn:aws:sqs:*:*:jobs"), "nothing");
    // Nor is it a right to read.
    let reads = |resource: &str| {
        let account = export(json!([allow(json!("secretsmanager:GetSecretValue"), resource)]), &Value::Null);
        let principals = account.principals();
        let user = principals.iter().find(|one| one.identity.id.as_str() == X).unwrap();
        !crate::account::capabilities(user).is_empty()
    };
    assert_eq!((reads("arn:aws:secretsmanager:*:*:secret:a-*"), reads("arn:aws:s3:::bucket/*")), (true, false));
}
