//! Pipelines of GitLab and the roles that trust them, and workflows of GitHub that let no outsider near their token. Each tie
//! with what must not be tied.

use std::path::Path;

use serde_json::{Value, json};

use crate::tree::{NOW, folder, run, write};

const ACCOUNT: &str = "111122223333";

/// Administrators that tokens of an issuer with such a subject may be, by name.
fn account(at: &Path, roles: &[(&str, &str, &str)]) {
    let role = |(name, issuer, subject): &(&str, &str, &str)| {
        let provider = format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}");
        let trust = json!({
            "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity", "Principal": {"Federated": provider},
            "Condition": {"StringLike": {(format!("{issuer}:sub")): subject}},
        });
        json!({
            "Path": "/", "RoleName": name, "RoleId": format!("AROAEXAMPLE{:0>10}", name.to_uppercase()),
            "Arn": format!("arn:aws:iam::{ACCOUNT}:role/{name}"), "CreateDate": "2024-01-01T00:00:00Z",
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "InstanceProfileList": [], "Tags": [], "AttachedManagedPolicies": [], "RoleLastUsed": {},
            "RolePolicyList": [{"PolicyName": "all", "PolicyDocument": {
                "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}}],
        })
    };
    let roles: Vec<Value> = roles.iter().map(role).collect();
    let details = json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": roles, "Policies": [], "IsTruncated": false});
    write(at, "aws/iam.json", details.to_string());
}

fn scan(at: &Path) -> Value {
    let given = [
        "scan",
        "shop",
        "--aws-export",
        "aws",
        "--isolated",
        "--now",
        NOW,
        "--format",
        "json",
        "-o",
        "scan.json",
        "-q",
    ];
    let ran = run(at, &given);
    assert!(matches!(ran.code, 0 | 1 | 3), "{}", ran.stderr);
    serde_json::from_slice(&std::fs::read(at.join("scan.json")).expect("a report")).expect("JSON")
}

/// As what the pipeline acts, and how sure that is.
fn acts(at: &Path, id: &str) -> Vec<String> {
    let ran = run(at, &["show", id, "--from", "scan.json", "--format", "json"]);
    let told: Value = serde_json::from_str(&ran.stdout).unwrap_or_default();
    let edges = told["data"]["leads_to"].as_array().cloned().unwrap_or_default();
    let mut acts: Vec<String> = edges
        .iter()
        .filter(|edge| edge["kind"] == "runs-as")
        .map(|edge| {
            let name = edge["to"].as_str().unwrap_or("").rsplit('/').next().unwrap_or("");
            format!("{name} {}", edge["holding"].as_str().unwrap_or("-"))
        })
        .collect();
    acts.sort();
    acts
}

fn origin(at: &Path, url: &str) {
    write(at, "shop/.git/config", format!("[remote \"origin\"]\n\turl = {url}\n"));
    write(at, "shop/.git/HEAD", "ref: refs/heads/main\n");
}

fn pipeline(at: &Path, asked: &str, rest: &str) {
    let text = format!(
        "deploy:\n  id_tokens:\n    T:\n      aud: https://gitlab.com\n  script:\n    - aws sts assume-role-with-web-identity \
         --role-arn arn:aws:iam::{ACCOUNT}:role/{asked} --web-identity-token $T\n{rest}"
    );
    write(at, "shop/.gitlab-ci.yml", text);
}

#[test]
fn a_pipeline_is_the_role_whose_trust_fits_its_token() {
    let at = folder();
    let at = at.path();
    let of = |tail: &str| format!("project_path:acme/team/shop:{tail}");
    let own = "git.acme.example";
    account(
        at,
        &[
            ("any", "gitlab.com", &of("*")),
            ("main", "gitlab.com", &of("ref_type:branch:ref:main")),
            ("other", "gitlab.com", "project_path:acme/other:*"),
            ("own", own, &of("*")),
        ],
    );
    let main = "  rules:\n    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH\n";
    let dev = "  rules:\n    - if: $CI_COMMIT_BRANCH == \"dev\"\n";
    for (url, asked, rest, expected) in [
        ("git@gitlab.com:acme/team/shop.git", "any", "", &["any holds", "main conditional"][..]),
        ("git@gitlab.com:acme/team/shop.git", "main", main, &["any conditional", "main holds"]),
        ("git@gitlab.com:acme/team/shop.git", "main", dev, &["any conditional"]),
        ("git@gitlab.com:acme/team/shop.git", "other", "", &["any conditional", "main conditional"]),
        // A host of one's own makes tokens of its own.
        ("https://git.acme.example/acme/team/shop.git", "own", "", &["own holds"]),
        ("https://git.acme.example/acme/team/shop.git", "any", "", &["own conditional"]),
        ("git@gitlab.com:evil/team/shop.git", "any", "", &[]),
    ] {
        origin(at, url);
        pipeline(at, asked, rest);
        let told = scan(at);
        assert_eq!(acts(at, ".gitlab-ci.yml"), expected, "{url} {asked} {rest}");
        // Outsiders start none of them: merge requests of forks run in the fork.
        let rules = told["findings"].as_array().expect("a list").iter().filter_map(|one| one["rule"].as_str());
        assert_eq!(rules.filter(|rule| rule.contains("outsiders")).count(), 0);
    }
    // Without a token of its own it is nobody.
    write(at, "shop/.gitlab-ci.yml", "deploy:\n  script: [make]\n");
    scan(at);
    assert_eq!(run(at, &["show", ".gitlab-ci.yml", "--from", "scan.json"]).code, 2);
}

/// What leads on from the pipeline is told with the capability at its end.
#[test]
fn reach_goes_on_from_a_pipeline() {
    let at = folder();
    let at = at.path();
    account(at, &[("any", "gitlab.com", "project_path:acme/shop:*")]);
    origin(at, "git@gitlab.com:acme/shop.git");
    pipeline(at, "any", "");
    let ran = run(at, &["reach", ".gitlab-ci.yml", "shop", "--aws-export", "aws", "--isolated", "--now", NOW]);
    assert!(
        ran.stdout.contains("role any") && ran.stdout.contains("(administrator): account 111122223333"),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
}

#[test]
fn a_guard_keeps_outsiders_from_the_role_of_a_workflow() {
    let at = folder();
    let at = at.path();
    account(at, &[("ci", "token.actions.githubusercontent.com", "repo:acme/shop:*")]);
    origin(at, "git@github.com:acme/shop.git");
    for (on, guard, expected) in [
        ("pull_request_target", "", true),
        ("pull_request_target", "    if: github.actor == 'jana'\n", false),
        ("pull_request_target", "    if: github.event.pull_request.head.repo.full_name == github.repository\n", false),
        ("issue_comment", "    if: github.event.comment.author_association == 'MEMBER'\n", false),
        ("issue_comment", "    if: contains(github.event.comment.body, 'deploy')\n", true),
        ("{pull_request_target: {types: [labeled]}}", "", false),
        ("pull_request_target", "    if: false\n", false),
    ] {
        let text = format!(
            "on: {on}\npermissions: {{id-token: write}}\njobs:\n  a:\n{guard}    runs-on: x\n    steps:\n      - uses: \
             aws-actions/configure-aws-credentials@v4\n        with: {{role-to-assume: \"arn:aws:iam::{ACCOUNT}:role/ci\"}}\n"
        );
        write(at, "shop/.github/workflows/a.yml", text);
        let told = scan(at);
        let rules = told["findings"].as_array().expect("a list").iter().filter_map(|one| one["rule"].as_str());
        let found: Vec<&str> = rules.filter(|rule| rule.contains("outsiders")).collect();
        let wanted: &[&str] = if expected { &["workflow-of-outsiders-is-administrator"] } else { &[] };
        assert_eq!(found, wanted, "{on} {guard}");
    }
}
