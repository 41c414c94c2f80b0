//! Every technique of `rules/facts/aws-escalation.toml` by its id, as the real binary tells it: a principal that has it, one
//! in every other way the same where what it needs is missing, and one for each of its actions that lacks just that one.
//! Each lives in an account of its own, and all of them are one scan.

mod accounts;

use std::collections::BTreeMap;

use serde_json::Value;

use self::accounts::{Case, account};
use crate::tree::{Ran, folder, nonhuman, project, write};

/// A row of the table, as far as accounts are made of it.
#[derive(Clone, Debug)]
pub(crate) struct Technique {
    pub(crate) id: String,
    pub(crate) how: String,
    pub(crate) on: String,
    pub(crate) actions: Vec<String>,
    pub(crate) services: Vec<String>,
    pub(crate) runs: Vec<String>,
    pub(crate) does: String,
    pub(crate) password: Option<bool>,
    pub(crate) free_key: Option<bool>,
}

/// Techniques whose principal has a way by fewer of its own actions, so that this one is not told: what is told is another
/// row of the table.
const BY_FEWER: &[&str] = &[
    "apprunner-update-role",
    "autoscaling-launch-template",
    "cloudformation-update-stack-role",
    "codebuild-update-project",
    "codebuild-update-role",
    "create-user-attach-key",
    "create-user-attach-password",
    "create-user-group-key",
    "create-user-group-password",
    "create-user-put-key",
    "create-user-put-password",
    "ec2-create-fleet",
    "lambda-swap-role",
    "lambda-update-configuration-layer",
    "sagemaker-notebook-swap-role",
    "step-functions-swap-role",
];

fn techniques() -> Vec<Technique> {
    let text = std::fs::read_to_string(project().join("rules/facts/aws-escalation.toml")).expect("the table");
    let table: toml::Table = text.parse().expect("TOML");
    let words = |row: &toml::Value, name: &str| {
        let list = row.get(name).and_then(toml::Value::as_array).map(Vec::as_slice).unwrap_or_default();
        list.iter().filter_map(toml::Value::as_str).map(str::to_owned).collect::<Vec<String>>()
    };
    let text =
        |row: &toml::Value, name: &str| row.get(name).and_then(toml::Value::as_str).unwrap_or_default().to_owned();
    let flag = |row: &toml::Value, name: &str| row.get(name).and_then(toml::Value::as_bool);
    let rows = table["technique"].as_array().expect("techniques").iter();
    rows.map(|row| Technique {
        id: text(row, "id"),
        how: text(row, "how"),
        on: text(row, "on"),
        actions: words(row, "actions"),
        services: words(row, "services"),
        runs: words(row, "runs"),
        does: text(row, "does"),
        password: flag(row, "password"),
        free_key: flag(row, "free_key"),
    })
    .collect()
}

/// What is said of the principals named `x`, by account: the steps of each way.
fn scan(cases: &[(Technique, Case)]) -> BTreeMap<usize, Vec<Vec<String>>> {
    let tree = folder();
    let number = |at: usize| format!("{:012}", 200_000_000_000 + at);
    for (at, (technique, case)) in cases.iter().enumerate() {
        for (name, text) in account(&number(at), technique, case) {
            write(tree.path(), &format!("aws/{}/{name}", number(at)), text);
        }
    }
    let words = ["scan", "--now", "2026-11-22T12:00:00Z", "--format", "json", "--exit-zero", "--aws-export", "aws"];
    let ran: Ran = nonhuman(tree.path()).args(words).output().expect("it starts").into();
    let told: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    let mut found = BTreeMap::new();
    for one in told["identities"].as_array().expect("identities") {
        let name = one["name"].as_str().expect("a name");
        if name != "x" && name != "AWSReservedSSO_x_0123456789abcdef" {
            continue;
        }
        let at: usize = one["tenant"].as_str().expect("an account").parse().expect("a number");
        let steps = |way: &Value| -> Vec<String> {
            let steps = way["steps"].as_array().expect("steps").iter();
            steps.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let ways = one["escalations"].as_array().expect("ways").iter().map(steps).collect();
        found.insert(at - 200_000_000_000, ways);
    }
    assert_eq!(found.len(), cases.len(), "each account has its principal");
    found
}

/// Whether a way is by this technique: it names the actions and what they do, and the role where one is passed.
fn is_by(technique: &Technique, way: &[String]) -> bool {
    if technique.how == "assume" {
        return way[0].contains("sts:AssumeRole");
    }
    let names = |step: &String| {
        let passed = |action: &String| action == "iam:PassRole" && technique.how == "pass-role";
        step.contains(&technique.does) && technique.actions.iter().all(|one| passed(one) || step.contains(one))
    };
    let passes = technique.how != "pass-role" || way.iter().any(|step| step.contains(" may pass role "));
    passes && way.iter().any(names)
}

/// A way that nothing which was read lets its principal go is none yet.
fn is_open(way: &[String]) -> bool {
    !way.iter().any(|step| step.ends_with("nothing that was read lets it"))
}

#[test]
fn each_technique_is_told_of_whom_it_serves_and_of_nobody_who_lacks_something() {
    let all = techniques();
    assert!(all.len() > 190);
    let mut cases = Vec::new();
    for technique in &all {
        cases.push((technique.clone(), Case::Has));
        cases.push((technique.clone(), Case::Near));
        cases.extend(technique.actions.iter().map(|action| (technique.clone(), Case::Lacks(action.clone()))));
    }
    let told = scan(&cases);
    let mut wrong = Vec::new();
    for (at, (technique, case)) in cases.iter().enumerate() {
        let ways: Vec<&Vec<String>> = told[&at].iter().filter(|way| is_open(way)).collect();
        let by_it = ways.iter().any(|way| is_by(technique, way));
        let by_fewer = BY_FEWER.contains(&technique.id.as_str());
        let is_right = match case {
            Case::Has if by_fewer => !ways.is_empty() && !by_it,
            Case::Has => by_it,
            Case::Near | Case::Lacks(_) => !by_it,
        };
        if !is_right {
            wrong.push(format!("{} {case:?}: {ways:?}", technique.id));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
