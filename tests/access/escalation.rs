//! Ways to administrator in accounts that were built to be escalated in.

use std::collections::BTreeMap;

use nonhuman::model::{CapabilityKind, EscalationPath, IdentityKind, Urn};
use serde_json::{Value, json};

use crate::account::{Account, capabilities, escalations, fixture, ways};

/// What is said of one identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Nothing,
    Conditional,
    Certain,
}

fn verdicts(account: &Account) -> BTreeMap<Urn, Verdict> {
    let principals = account.principals();
    let paths = ways(&principals, &account.surroundings()).to_administrator;
    let of = |conditional: bool| if conditional { Verdict::Conditional } else { Verdict::Certain };
    principals
        .iter()
        .map(|principal| {
            let administrator = capabilities(principal)
                .into_iter()
                .find(|capability| capability.kind == CapabilityKind::Administrator)
                .map(|capability| of(capability.conditional));
            let path = paths.get(&principal.identity.id).into_iter().flatten().map(|path| of(path.conditional)).max();
            (principal.identity.id.clone(), administrator.max(path).unwrap_or(Verdict::Nothing))
        })
        .collect()
}

fn vulnerable() -> Account {
    let mut account = Account::default();
    account.read(&serde_json::from_str(&fixture("fixtures/access/iam-vulnerable.json")).unwrap());
    account
}

fn names(verdicts: &BTreeMap<Urn, Verdict>, wanted: Verdict, prefix: &str) -> Vec<String> {
    let name = |urn: &Urn| urn.as_str().split_once(":iam::111122223333:").unwrap().1.to_owned();
    let all = verdicts.iter().filter(|(_, verdict)| **verdict == wanted).map(|(urn, _)| name(urn));
    all.filter(|name| name.split('/').nth(1).unwrap().starts_with(prefix)).collect()
}

#[test]
fn iam_vulnerable_identities_are_found() {
    let verdicts = verdicts(&vulnerable());
    let count = |verdict| names(&verdicts, verdict, "privesc").len();
    assert_eq!((count(Verdict::Certain), count(Verdict::Conditional)), (40, 26));
    // Rightly not found: groups act through members, two hold nothing that leads up, and the role may put users into
    // groups, none of which is administrator.
    assert_eq!(
        names(&verdicts, Verdict::Nothing, "privesc"),
        [
            "group/privesc-sre-group",
            "group/privesc11-PutGroupPolicy-group",
            "group/privesc8-AttachGroupPolicy-group",
            "role/privesc-permissive-role-trust",
            "role/privesc13-AddUserToGroup-role",
            "user/privesc-AssumeRole-start-user",
        ]
    );
}

#[test]
fn every_partition_is_judged_alike() {
    let text = fixture("fixtures/access/iam-vulnerable.json");
    let by_name = |text: &str| {
        let mut account = Account::default();
        account.read(&serde_json::from_str(text).unwrap());
        let found = verdicts(&account).into_iter();
        found
            .map(|(urn, verdict)| (urn.as_str().split_once(":iam::").unwrap().1.to_owned(), verdict))
            .collect::<Vec<_>>()
    };
    let ours = by_name(&text);
    let gov = text.replace("arn:aws:", "arn:aws-us-gov:");
    assert_eq!(by_name(&gov), ours);
    let china = text.replace("arn:aws:", "arn:aws-cn:").replace(".amazonaws.com\"", ".amazonaws.com.cn\"");
    assert_ne!(china.matches(".amazonaws.com.cn").count(), 0);
    assert_eq!(by_name(&china), ours);
}

#[test]
fn what_is_only_possible_says_what_is_missing() {
    let account = vulnerable();
    let paths = ways(&account.principals(), &account.surroundings()).to_administrator;
    let path = &paths["arn:aws:iam::111122223333:user/privesc12-PutRolePolicy-user"][0];
    assert!(path.conditional && path.target.as_str().contains(":role/"), "{path:?}");
    assert!(path.steps[0].contains("may call iam:PutRolePolicy on role"), "{path:?}");
    assert!(path.steps[1].contains("nothing that was read lets it"), "{path:?}");
    assert_eq!(
        path.cut,
        "take this from user privesc12-PutRolePolicy-user: policy privesc12-PutRolePolicy, statement 1"
    );
}

#[test]
fn iam_vulnerable_traps_are_seen_through() {
    let verdicts = verdicts(&vulnerable());
    // fp5 holds under a token older than 2020, which none is.
    assert_eq!(names(&verdicts, Verdict::Certain, "fp"), Vec::<String>::new());
    assert_eq!(names(&verdicts, Verdict::Conditional, "fp"), Vec::<String>::new());
    // fn3 holds for every session and not for access keys. None is missed.
    assert_eq!(names(&verdicts, Verdict::Nothing, "fn"), Vec::<String>::new());
    assert_eq!(
        names(&verdicts, Verdict::Certain, "fn"),
        [
            "role/fn1-privesc3-partial-role",
            "role/fn2-exploitableResourceConstraint-role",
            "role/fn3-exploitableConditionConstraint-role",
            "role/fn4-exploitableNotAction-role",
            "user/fn1-privesc3-partial-user",
            "user/fn2-exploitableResourceConstraint-user",
            "user/fn4-exploitableNotAction-user"
        ]
    );
}

/// What others say of an attack, and its accounts.
struct Scenario {
    name: String,
    to_bucket: bool,
    /// The identity that it starts from, where that is one of an account.
    start: Option<Urn>,
    account: Account,
}

fn scenarios() -> Vec<Scenario> {
    let all: Vec<Value> = serde_json::from_str(&fixture("fixtures/access/pathfinding.json")).unwrap();
    let read = |scenario: &Value| {
        let mut account = Account::default();
        scenario["accounts"].as_array().unwrap().iter().for_each(|export| account.read(export));
        account.compute(&scenario["compute"]);
        // Some are named otherwise in the account than in the story: then by the next who is there.
        let users = account.principals().into_iter().map(|principal| principal.identity.id.clone()).collect::<Vec<_>>();
        let starting = users.iter().find(|id| id.as_str().contains("starting-user")).cloned();
        let first = scenario["principals"][0].as_str().unwrap().to_owned();
        let principals = scenario["principals"].as_array().unwrap().iter().filter_map(Value::as_str).map(Urn::new);
        let known = principals.filter(|urn| users.contains(urn)).collect::<Vec<_>>();
        let start =
            known.iter().find(|urn| urn.as_str().contains(":user/pl-") && urn.as_str().contains("start")).cloned();
        Scenario {
            name: scenario["scenario"].as_str().unwrap().rsplit("__").next().unwrap().to_owned(),
            to_bucket: scenario["target"] == "to-bucket",
            start: start.or(starting).or(known.first().cloned()).filter(|_| !first.contains("lambda")),
            account,
        }
    };
    all.iter().map(read).collect()
}

/// The scenarios by verdict on whoever they start from.
fn sorted(to_bucket: bool) -> BTreeMap<Verdict, Vec<String>> {
    let mut by_verdict: BTreeMap<Verdict, Vec<String>> = BTreeMap::new();
    for scenario in scenarios().into_iter().filter(|one| one.to_bucket == to_bucket && !one.name.starts_with("test-")) {
        let account = &scenario.account;
        // Two start on the internet, at a function that anyone may call.
        let Some(start) = scenario.start else { continue };
        let mut verdict = verdicts(account).remove(&start).unwrap_or(Verdict::Nothing);
        if to_bucket && verdict == Verdict::Nothing {
            let data = ways(&account.principals(), &account.surroundings()).to_data.remove(&start);
            let path = data.into_iter().flatten().next();
            verdict =
                path.map_or(verdict, |path| if path.conditional { Verdict::Conditional } else { Verdict::Certain });
        }
        by_verdict.entry(verdict).or_default().push(scenario.name);
    }
    by_verdict
}

#[test]
fn pathfinding_scenarios_to_administrator() {
    let by_verdict = sorted(false);
    assert_eq!(by_verdict.get(&Verdict::Nothing), None);
    // What an interpreter, a template or a task runs as is not told here, nor whether agents of instances answer.
    assert_eq!(
        by_verdict[&Verdict::Conditional],
        [
            "lambda-invoke-update",
            "apprunner-002-apprunner-updateservice",
            "bedrock-002-bedrockagentcore-startsession+invoke",
            "ec2-003-ec2-instance-connect-sendsshpublickey",
            "ec2-005-ec2-createlaunchtemplateversion+ec2-modifylaunchtemplate",
            "ecs-006-ecs-executecommand+describetasks",
            "ecs-007-iam-passrole+ecs-starttask+ecs-registercontainerinstance",
            "iam-004-iam-createloginprofile",
            "ssm-001-ssm-startsession"
        ]
    );
    assert_eq!(by_verdict[&Verdict::Certain].len(), 27);
}

#[test]
fn pathfinding_scenarios_to_data() {
    let by_verdict = sorted(true);
    assert_eq!(by_verdict.get(&Verdict::Nothing), None);
    // Who has a console password is not told here.
    assert_eq!(by_verdict[&Verdict::Conditional], ["iam-004-iam-createloginprofile"]);
    assert_eq!(by_verdict[&Verdict::Certain].len(), 9);
}

#[test]
fn administrators_by_evaluation_and_not_by_name() {
    let Scenario { account, .. } = scenarios().into_iter().find(|one| one.name.starts_with("test-")).unwrap();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for principal in account.principals() {
        let name = &principal.identity.name;
        // The conversion from Terraform lost the boundaries of users.
        let is_lost = principal.identity.kind == IdentityKind::AwsUser && name.contains("boundary");
        if is_lost || !(name.contains("isAdmin") || name.contains("notAdmin")) {
            continue;
        }
        seen += 1;
        let is_administrator =
            capabilities(&principal).iter().any(|c| c.kind == CapabilityKind::Administrator && !c.conditional);
        if is_administrator != name.contains("isAdmin") {
            wrong.push(name.clone());
        }
    }
    assert_eq!((seen, wrong), (33, Vec::new()));
}

fn steps(account: &Account, of: &str) -> Vec<EscalationPath> {
    escalations(&account.principals()).remove(of).unwrap_or_default()
}

/// A user `deploy-bot` with one policy, a role `platform-admin` that trusts it, as one export.
fn company(deploy: Value, trust: Value) -> Account {
    let mut account = Account::default();
    account.read(&json!({
        "UserDetailList": [{
            "UserName": "deploy-bot", "Arn": "arn:aws:iam::111122223333:user/deploy-bot",
            "UserPolicyList": [{"PolicyName": "deploy", "PolicyDocument": {"Version": "2012-10-17", "Statement": deploy}}]
        }],
        "RoleDetailList": [{
            "RoleName": "platform-admin", "Arn": "arn:aws:iam::111122223333:role/platform-admin",
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": trust},
            "RolePolicyList": [{"PolicyName": "all", "PolicyDocument": {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}}]
        }]
    }));
    account
}

const BOT: &str = "arn:aws:iam::111122223333:user/deploy-bot";

#[test]
fn the_steps_are_sentences_that_name_the_statements() {
    let account = company(
        json!([
            {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::*:role/platform-*"}
        ]),
        json!([{"Effect": "Allow", "Principal": {"AWS": BOT}, "Action": "sts:AssumeRole"}]),
    );
    let found = steps(&account, BOT);
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0],
        EscalationPath {
            target: Urn::new("arn:aws:iam::111122223333:role/platform-admin"),
            conditional: false,
            via: vec!["role/platform-admin".to_owned()],
            steps: vec![
                "deploy-bot may call sts:AssumeRole on role platform-admin (policy deploy, statement 2)".to_owned(),
                "role platform-admin trusts user deploy-bot".to_owned(),
                "role platform-admin is administrator: policy all, statement 1 (Allow * on *)".to_owned(),
            ],
            cut: "take this from user deploy-bot: policy deploy, statement 2".to_owned(),
            next: None,
        }
    );
}

#[test]
fn both_sides_of_an_assumption_are_needed_as_sts_needs_them() {
    let ask = json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"});
    let nothing = json!([]);
    let deny = json!({"Effect": "Deny", "Action": "sts:*", "Resource": "*"});
    let mfa = json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}});
    let named = json!({"Effect": "Allow", "Principal": {"AWS": BOT}, "Action": "sts:*"});
    let root = json!({"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"});
    let other =
        json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::444455556666:root"}, "Action": "sts:AssumeRole"});
    let guarded = json!({"Effect": "Allow", "Principal": {"AWS": BOT}, "Action": "sts:AssumeRole", "Condition": mfa});
    for (case, deploy, trust, expected) in [
        ("named, without a policy", &nothing, &named, Some(false)),
        ("named, but denied", &deny, &named, None),
        ("account, with a policy", &ask, &root, Some(false)),
        ("account, without a policy", &nothing, &root, None),
        ("another account", &ask, &other, None),
        ("under a condition", &ask, &guarded, Some(true)),
    ] {
        let paths = steps(&company(deploy.clone(), trust.clone()), BOT);
        assert_eq!(paths.first().map(|path| path.conditional), expected, "{case}");
    }
}

#[test]
fn a_passed_role_must_be_passable_to_a_service_that_it_trusts() {
    let service = |name: &str| json!({"Effect": "Allow", "Principal": {"Service": name}, "Action": "sts:AssumeRole"});
    let pass = |resource: &str, to: &str| {
        json!([
            {"Effect": "Allow", "Action": ["lambda:CreateFunction", "lambda:InvokeFunction"], "Resource": "*"},
            {"Effect": "Allow", "Action": "iam:PassRole", "Resource": resource, "Condition": {"StringLike": {"iam:PassedToService": to}}}
        ])
    };
    for (resource, to, trusted, expected) in [
        ("*", "lambda.*", "lambda.amazonaws.com", Some(false)),
        ("*", "ec2.amazonaws.com", "lambda.amazonaws.com", None),
        ("*", "lambda.amazonaws.com", "ec2.amazonaws.com", None),
        ("arn:aws:iam::111122223333:role/other", "*", "lambda.amazonaws.com", None),
    ] {
        let paths = steps(&company(pass(resource, to), service(trusted)), BOT);
        assert_eq!(paths.first().map(|path| path.conditional), expected, "{resource} {to} {trusted}");
    }
}

#[test]
fn a_boundary_limits_what_one_can_give_oneself() {
    let (id, arn) = ("arn:aws:iam::111122223333:policy/box", "arn:aws:iam::111122223333:user/deploy-bot");
    let export = |boundary: Value| {
        let mut account = Account::default();
        account.read(&json!({
            "Policies": [{"Arn": id, "PolicyVersionList": [{"IsDefaultVersion": true, "Document": {"Statement": boundary}}]}],
            "UserDetailList": [{
                "UserName": "deploy-bot", "Arn": arn, "PermissionsBoundary": {"PermissionsBoundaryArn": id},
                "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": {"Statement": {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}}}]
            }]
        }));
        steps(&account, BOT)
    };
    let narrow = json!([{"Effect": "Allow", "Action": "iam:PutUserPolicy", "Resource": "*"}]);
    let wide = json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}]);
    assert_eq!(export(narrow), []);
    assert!(!export(wide)[0].conditional);
}
