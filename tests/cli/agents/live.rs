//! Live agents of an AWS account: agents as those of code are.

use std::path::Path;

use serde_json::{Value, json};

use super::{named, of_rule, scan};
use crate::tree::{NOW, folder, run, write};

/// An account with an agent, a runtime with an identity of AgentCore, and the role of both.
fn live(at: &Path, action: &str, tags: &Value) {
    let role = "arn:aws:iam::111122223333:role/agents";
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "bedrock.amazonaws.com"},
        "Action": "sts:AssumeRole", "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}}}]});
    let policy =
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]});
    let details = json!({"UserDetailList": [], "GroupDetailList": [], "Policies": [], "IsTruncated": false, "RoleDetailList": [{
        "RoleName": "agents", "RoleId": "AROAEXAMPLEEXAMPLE001", "Arn": role, "Path": "/", "CreateDate": "2024-01-01T00:00:00Z",
        "AssumeRolePolicyDocument": trust, "RolePolicyList": [{"PolicyName": "x", "PolicyDocument": policy}],
        "AttachedManagedPolicies": [], "InstanceProfileList": [], "Tags": tags}]});
    write(at, "aws/iam.json", details.to_string());
    let agent = json!({"agent": {"agentId": "AGENT00001", "agentName": "triage", "agentResourceRoleArn": role, "agentStatus": "PREPARED",
        "agentArn": "arn:aws:bedrock:eu-west-1:111122223333:agent/AGENT00001", "createdAt": "2026-01-01T00:00:00Z"}});
    write(at, "aws/bedrock-agent.get-agent.json", agent.to_string());
    let own =
        "arn:aws:bedrock-agentcore:eu-west-1:111122223333:workload-identity-directory/default/workload-identity/shop-1";
    let runtime = json!({"agentRuntimeArn": "arn:aws:bedrock-agentcore:eu-west-1:111122223333:runtime/shop-1", "agentRuntimeName": "shop",
        "roleArn": role, "workloadIdentityDetails": {"workloadIdentityArn": own}, "createdAt": "2026-01-01T00:00:00Z"});
    write(at, "aws/bedrock-agentcore-control.get-agent-runtime.json", runtime.to_string());
    let identities = json!({"workloadIdentities": [{"name": "shop-1", "workloadIdentityArn": own}]});
    write(at, "aws/bedrock-agentcore-control.list-workload-identities.json", identities.to_string());
}

/// Live agents of an account are agents as those of code are: their role, their owner, the organisation's list.
#[test]
fn live_agents_of_an_account_are_agents() {
    let folder = folder();
    let at = folder.path();
    live(at, "*", &json!([]));
    write(at, "nonhuman.toml", "registered-agents = [\"triage\"]\n");
    let (_, report) = scan(at, &["--aws-export", "aws"]);
    assert_eq!(named(&report, "agent.cloud"), ["shop", "triage"]);
    let found = |rule: &str| of_rule(&report, rule).into_iter().map(|(message, _)| message).collect::<Vec<_>>();
    let acts = "acts as a role with administrator of account 111122223333";
    assert_eq!(found("agent-role-administrator"), [format!("shop {acts}"), format!("triage {acts}")]);
    assert_eq!(found("workload-administrator"), Vec::<String>::new(), "told once, as an agent");
    assert_eq!(found("agent-unowned").len(), 2);
    let show = run(at, &["reach", "triage", "--aws-export", "aws", "--isolated", "--now", NOW]);
    assert!(
        show.stdout.contains("role agents") && show.stdout.contains("administrator"),
        "{}{}",
        show.stdout,
        show.stderr
    );
    let links = report["links"].as_array().expect("a list");
    let is_own = |one: &&Value| {
        one["from"].as_str().is_some_and(|from| from.ends_with(":runtime/shop-1"))
            && one["to"].as_str().is_some_and(|to| to.ends_with("/workload-identity/shop-1"))
    };
    assert_eq!(links.iter().filter(is_own).count(), 1);
    // The list of the organisation counts where the scan reads its configuration.
    let listed =
        run(at, &["scan", "--aws-export", "aws", "--config", "nonhuman.toml", "--now", NOW, "--format", "json"]);
    let report: Value = serde_json::from_str(&listed.stdout).expect("JSON");
    let unlisted: Vec<String> =
        of_rule(&report, "agent-unregistered").into_iter().map(|(message, _)| message).collect();
    assert_eq!(unlisted, ["shop is on no list of the organisation's agents"]);
    // Whoever owns the role owns what acts as it; a role of little power is no finding.
    live(at, "s3:GetObject", &json!([{"Key": "owner", "Value": "jana@acme.example"}]));
    let (_, report) = scan(at, &["--aws-export", "aws"]);
    assert_eq!(
        of_rule(&report, "agent-role-administrator").len() + of_rule(&report, "agent-unowned").len(),
        0,
        "{report}"
    );
}
