//! Roles that agents of workflows take on, as far as the role lets the workflow in.

use std::path::Path;

use serde_json::{Value, json};

use super::{of_rule, scan};
use crate::tree::{folder, write};

const ACCOUNT: &str = "111122223333";
const ROLE: &str = "arn:aws:iam::111122223333:role/deploy";

/// An account with an administrator that tokens of GitHub with such a subject may be.
fn account(at: &Path, subject: &str) {
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": {"Federated": format!("arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com")},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"},
            "StringLike": {"token.actions.githubusercontent.com:sub": subject},
        },
    }]});
    let all = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    let role = json!({
        "Path": "/", "RoleName": "deploy", "RoleId": "AROAEXAMPLEEXAMPLE001", "Arn": ROLE,
        "CreateDate": "2026-01-01T00:00:00Z", "AssumeRolePolicyDocument": trust, "InstanceProfileList": [],
        "RolePolicyList": [{"PolicyName": "all", "PolicyDocument": all}], "AttachedManagedPolicies": [], "Tags": [],
    });
    let details = json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [role], "Policies": [], "IsTruncated": false});
    write(at, "aws/iam.json", details.to_string());
}

fn workflow(at: &Path, permissions: &str, job: &str) {
    let text = format!(
        "on: push\nenv: {{ROLE: \"{ROLE}\"}}\npermissions: {permissions}\njobs:\n  fix:\n    runs-on: x\n{job}    steps:\n      - uses: aws-actions/configure-aws-credentials@v5\n        with: {{role-to-assume: \"${{{{ env.ROLE }}}}\"}}\n      - uses: anthropics/claude-code-action@v1\n"
    );
    write(at, "shop/.github/workflows/fix.yml", text);
    write(at, "shop/.git/config", "[remote \"origin\"]\n\turl = git@github.com:acme/shop.git\n");
    write(at, "shop/.git/HEAD", "ref: refs/heads/main\n");
}

/// The step from the agent to the role: how sure it is; and whether the finding is there, or cannot be judged.
fn tie(at: &Path) -> (Option<String>, &'static str) {
    let (_, report) = scan(at, &["shop", "--aws-export", "aws"]);
    let ran =
        crate::tree::run(at, &["scan", "shop", "--aws-export", "aws", "--isolated", "-o", "r.json", "--exit-zero"]);
    assert!(matches!(ran.code, 0 | 3), "{}", ran.stderr);
    let shown = crate::tree::run(
        at,
        &["show", ".github/workflows/fix.yml#fix/claude-code", "--from", "r.json", "--format", "json"],
    );
    let shown: Value =
        serde_json::from_str(&shown.stdout).unwrap_or_else(|_| panic!("{}{}", shown.stdout, shown.stderr));
    let edges = shown["data"]["leads_to"].as_array().cloned().unwrap_or_default();
    let edge =
        edges.iter().find(|edge| edge["to"] == ROLE).map(|edge| edge["holding"].as_str().unwrap_or("holds").to_owned());
    let open =
        report["not_evaluated"].as_array().expect("a list").iter().any(|one| one["rule"] == "agent-role-administrator");
    let judged = match (of_rule(&report, "agent-role-administrator").len(), open) {
        (0, false) => "no",
        (0, true) => "open",
        _ => "yes",
    };
    (edge, judged)
}

#[test]
fn an_agent_is_the_role_only_where_the_role_lets_its_workflow_in() {
    let token = "{id-token: write}";
    for (subject, permissions, job, expected) in [
        ("repo:acme/shop:*", token, "", (Some("holds"), "yes")),
        ("repo:acme/shop:environment:prod", token, "    environment: prod\n", (Some("holds"), "yes")),
        ("repo:acme/shop:environment:prod", token, "", (None, "no")),
        ("repo:acme/shop:ref:refs/heads/main", token, "", (Some("holds"), "yes")),
        (
            "repo:acme/shop:environment:prod",
            token,
            "    environment: ${{ inputs.to }}\n",
            (Some("conditional"), "open"),
        ),
        ("repo:acme/other:*", token, "", (None, "no")),
        // Without a token of its own something else must prove it.
        ("repo:acme/shop:*", "{contents: read}", "", (Some("unknown"), "open")),
    ] {
        let folder = folder();
        account(folder.path(), subject);
        workflow(folder.path(), permissions, job);
        let (edge, judged) = tie(folder.path());
        assert_eq!((edge.as_deref(), judged), expected, "{subject} {permissions} {job}");
    }
}
