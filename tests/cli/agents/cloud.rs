//! Agents that code for clouds and clusters makes.

use serde_json::Value;

use super::scan;
use crate::tree::{folder, write};

/// Every agent of a cloud: its program, name, role and line.
fn agents(path: &str, text: &str) -> Vec<(String, String, String, u64)> {
    let folder = folder();
    write(folder.path(), &format!("repo/{path}"), text);
    let (_, report) = scan(folder.path(), &["repo"]);
    let of = |one: &Value, name: &str| one["attributes"][name].as_str().unwrap_or_default().to_owned();
    let mut found: Vec<_> = report["identities"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|one| one["kind"] == "agent.cloud")
        .map(|one| {
            let name = one["name"].as_str().unwrap_or_default().split(" (").next().unwrap_or_default().to_owned();
            let line = one["evidence"]["location"]["line"].as_u64().unwrap_or_default();
            (of(one, "agent_program"), name, of(one, "cloud_role"), line)
        })
        .collect();
    found.sort();
    found
}

fn one(program: &str, name: &str, role: &str, line: u64) -> (String, String, String, u64) {
    (program.to_owned(), name.to_owned(), role.to_owned(), line)
}

#[test]
fn azure_in_arm_and_bicep() {
    let arm = r#"{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "resources": [
    {
      "type": "Microsoft.CognitiveServices/accounts",
      "name": "foundry",
      "resources": [
        { "type": "projects", "name": "support", "identity": { "type": "SystemAssigned" } }
      ]
    },
    { "type": "Microsoft.BotService/botServices", "name": "helper" },
    { "type": "Microsoft.Storage/storageAccounts", "name": "none" }
  ]
}"#;
    assert_eq!(
        agents("infra/main.json", arm),
        [
            one("Azure AI Foundry project", "support", "managed identity, SystemAssigned", 8),
            one("Azure bot", "helper", "", 11)
        ]
    );
    let bicep = "param location string\nresource account 'Microsoft.CognitiveServices/accounts@2025-06-01' = {\n  name: 'foundry'\n}\n\nresource project 'Microsoft.CognitiveServices/accounts/projects@2025-06-01' = {\n  parent: account\n  name: 'support'\n  identity: {\n    type: 'UserAssigned'\n  }\n}\n";
    assert_eq!(
        agents("infra/main.bicep", bicep),
        [one("Azure AI Foundry project", "support", "managed identity, UserAssigned", 6)]
    );
}

#[test]
fn clusters_with_their_service_accounts() {
    let text = "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata:\n  name: llama\n  namespace: ml\nspec:\n  predictor:\n    serviceAccountName: models\n---\napiVersion: kagent.dev/v1alpha2\nkind: Agent\nmetadata:\n  name: helper\nspec:\n  declarative:\n    deployment:\n      serviceAccountName: agents\n";
    assert_eq!(
        agents("deploy/ai.yaml", text),
        [
            one("KServe model server", "InferenceService ml/llama", "service account ml/models", 4),
            one("kagent agent", "Agent default/helper", "service account default/agents", 13)
        ]
    );
}

#[test]
fn databricks_and_google() {
    let bundle = "bundle:\n  name: sales\nrun_as:\n  service_principal_name: \"sp-sales\"\nresources:\n  model_serving_endpoints:\n    helper:\n      name: sales-helper\n";
    assert_eq!(agents("databricks.yml", bundle), [one("Databricks model serving", "sales-helper", "sp-sales", 7)]);
    let terraform = "resource \"google_vertex_ai_reasoning_engine\" \"planner\" {\n  display_name = \"planner\"\n}\n\nresource \"databricks_app\" \"desk\" {\n  name = \"desk\"\n}\n";
    assert_eq!(
        agents("main.tf", terraform),
        [one("Databricks app", "desk", "", 5), one("Vertex AI reasoning engine", "planner", "", 1)]
    );
}

#[test]
fn templates_without_end_and_odd_ones_are_quiet() {
    for text in [
        "resource a 'Microsoft.CognitiveServices/accounts/projects@x' = {",
        "resource ",
        "resource 'x",
        "resource a 'Microsoft.BotService/botServices' = {\n name: 'é\n",
    ] {
        agents("a.bicep", text);
    }
}

const AGENT: &str = "resource \"aws_bedrockagent_agent\" \"b\" {\n  agent_name = \"b\"\n  agent_resource_role_arn = aws_iam_role.r.arn\n}\nresource \"aws_iam_role\" \"r\" {\n  name = \"agent-r\"\n  assume_role_policy = \"{}\"\n}\n";

/// Whether the agent's role is an administrator: `yes`, `no`, or `unknown`, with the rules that hold or are not judged.
fn role(path: &str, text: &str) -> &'static str {
    let folder = folder();
    write(folder.path(), &format!("repo/{path}"), text);
    let (_, report) = scan(folder.path(), &["repo"]);
    let held = super::rules(&report).iter().any(|rule| rule == "agent-role-administrator");
    let open = report["not_evaluated"].as_array().expect("a list");
    match (held, open.iter().any(|one| one["rule"] == "agent-role-administrator")) {
        (true, _) => "yes",
        (false, true) => "unknown",
        (false, false) => "no",
    }
}

#[test]
fn the_policies_of_a_role_in_terraform_are_read() {
    let document = |statement: &str| {
        format!(
            "{AGENT}data \"aws_iam_policy_document\" \"d\" {{\n  statement {{\n{statement}\n  }}\n}}\nresource \"aws_iam_role_policy\" \"p\" {{\n  role = aws_iam_role.r.id\n  policy = data.aws_iam_policy_document.d.json\n}}\n"
        )
    };
    let all = "    actions = [\"*\"]\n    resources = [\"*\"]";
    assert_eq!(role("main.tf", &document(all)), "yes");
    assert_eq!(role("main.tf", &document(&format!("    effect = \"Deny\"\n{all}"))), "no");
    assert_eq!(
        role("main.tf", &document(&format!("{all}\n    condition {{\n      test = \"Bool\"\n    }}"))),
        "unknown"
    );
    assert_eq!(role("main.tf", &document("    actions = [\"s3:*\"]\n    resources = [\"*\"]")), "no");
    let inline = |policy: &str| {
        format!(
            "{AGENT}resource \"aws_iam_role_policy\" \"p\" {{\n  role = aws_iam_role.r.id\n  policy = {policy}\n}}\n"
        )
    };
    let statement = |effect: &str, action: &str| {
        inline(&format!("jsonencode({{Statement=[{{Effect=\"{effect}\",Action=\"{action}\",Resource=\"*\"}}]}})"))
    };
    assert_eq!(role("main.tf", &statement("Allow", "*")), "yes");
    assert_eq!(role("main.tf", &statement("Allow", "iam:*")), "yes");
    assert_eq!(role("main.tf", &statement("Deny", "*")), "no");
    assert_eq!(role("main.tf", &inline("var.policy")), "unknown");
    let attached = |arn: &str| {
        format!(
            "{AGENT}resource \"aws_iam_role_policy_attachment\" \"a\" {{\n  role = aws_iam_role.r.name\n  policy_arn = {arn}\n}}\n"
        )
    };
    assert_eq!(role("main.tf", &attached("\"arn:aws:iam::aws:policy/AdministratorAccess\"")), "yes");
    assert_eq!(role("main.tf", &attached("\"arn:aws:iam::aws:policy/ReadOnlyAccess\"")), "no");
    assert_eq!(role("main.tf", &attached("\"arn:aws:iam::111122223333:policy/own\"")), "unknown");
    let own = format!(
        "{}resource \"aws_iam_policy\" \"p\" {{\n  policy = jsonencode({{Statement=[{{Effect=\"Allow\",Action=[\"s3:Get*\",\"*\"],Resource=\"*\"}}]}})\n}}\n",
        attached("aws_iam_policy.p.arn")
    );
    assert_eq!(role("main.tf", &own), "yes");
    let commented =
        attached("\"arn:aws:iam::aws:policy/ReadOnlyAccess\" # \"arn:aws:iam::aws:policy/AdministratorAccess\"");
    assert_eq!(role("main.tf", &commented), "no");
}

#[test]
fn the_policies_of_a_role_in_a_template_are_read() {
    let sub = r#"{"Resources":{"R":{"Type":"AWS::IAM::Role","Properties":{"ManagedPolicyArns":[{"Fn::Sub":"arn:${AWS::Partition}:iam::aws:policy/AdministratorAccess"}]}},"A":{"Type":"AWS::BedrockAgentCore::Runtime","Properties":{"AgentRuntimeName":"a","RoleArn":{"Fn::GetAtt":["R","Arn"]}}}}}"#;
    assert_eq!(role("t.json", sub), "yes");
    let policy = |effect: &str| {
        format!(
            "Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties: {{AssumeRolePolicyDocument: {{}}}}\n  P:\n    Type: AWS::IAM::Policy\n    Properties:\n      Roles: [!Ref R]\n      PolicyDocument: {{Statement: [{{Effect: {effect}, Action: [\"*\"], Resource: \"*\"}}]}}\n  A:\n    Type: AWS::Bedrock::Agent\n    Properties: {{AgentName: a, AgentResourceRoleArn: !Sub \"${{R.Arn}}\"}}\n"
        )
    };
    assert_eq!(role("t.yaml", &policy("Allow")), "yes");
    assert_eq!(role("t.yaml", &policy("Deny")), "no");
    let parameter = "Parameters: {P: {Type: String}}\nResources:\n  R:\n    Type: AWS::IAM::Role\n    Properties: {ManagedPolicyArns: [!Ref P]}\n  A:\n    Type: AWS::Bedrock::Agent\n    Properties: {AgentName: a, AgentResourceRoleArn: !GetAtt R.Arn}\n";
    assert_eq!(role("t.yaml", parameter), "unknown");
}

/// Whichever way a role gets a policy, and whatever limits it.
#[test]
fn second_roles_second_policies_names_and_limits_of_terraform_count() {
    let allow =
        |what: &str| format!("jsonencode({{Statement=[{{Effect=\"Allow\",Action=\"{what}\",Resource=\"*\"}}]}})");
    let more = |text: &str| role("main.tf", &format!("{AGENT}{text}"));
    let other = "resource \"aws_iam_role\" \"b\" {\n  name = \"b\"\n}\n";
    let attached = "resource \"aws_iam_policy_attachment\" \"p\" {\n  roles = [\n    aws_iam_role.b.name,\n    aws_iam_role.r.name\n  ]\n  policy_arn = \"arn:aws:iam::aws:policy/AdministratorAccess\"\n}\n";
    assert_eq!(more(&format!("{other}{attached}")), "yes");
    let inline = |holder: &str, policy: &str| {
        format!("resource \"aws_iam_role_policy\" \"p\" {{\n  role = {holder}\n  policy = {policy}\n}}\n")
    };
    assert_eq!(more(&inline("\"agent-r\"", &allow("*"))), "yes");
    assert_eq!(more(&inline("\"another\"", &allow("*"))), "no");
    let handed = allow("*").replace("\"*\"}", "var.res}");
    assert_eq!(more(&inline("aws_iam_role.r.id", &handed)), "unknown");
    let both = "jsonencode({Statement=[{Effect=\"Allow\",Action=\"*\",Resource=\"*\"},{Effect=\"Deny\",Action=\"*\",Resource=\"*\"}]})";
    assert_eq!(more(&inline("aws_iam_role.r.id", both)), "no");
    let within = |boundary: &str, action: &str| {
        let line = format!("  permissions_boundary = \"arn:aws:iam::aws:policy/{boundary}\"\n  assume_role_policy");
        let agent = AGENT.replace("  assume_role_policy", &line);
        role("main.tf", &format!("{agent}{}", inline("aws_iam_role.r.id", &allow(action))))
    };
    assert_eq!(within("AdministratorAccess", "s3:GetObject"), "no");
    assert_eq!(within("AdministratorAccess", "*"), "yes");
    assert_eq!(within("ReadOnlyAccess", "*"), "unknown");
    let policies = format!(
        "resource \"aws_iam_policy\" \"ro\" {{\n  policy = {}\n}}\nresource \"aws_iam_policy\" \"adm\" {{\n  policy = {}\n}}\n",
        allow("s3:GetObject"),
        allow("*")
    );
    let line = "  managed_policy_arns = [aws_iam_policy.ro.arn, aws_iam_policy.adm.arn]\n  assume_role_policy";
    assert_eq!(role("main.tf", &format!("{}{policies}", AGENT.replace("  assume_role_policy", line))), "yes");
    let in_full = AGENT.replace("aws_iam_role.r.arn", "\"arn:aws:iam::111122223333:role/agent-r\"");
    assert_eq!(role("main.tf", &format!("{in_full}{}", inline("aws_iam_role.r.id", &allow("*")))), "yes");
}

/// An agent of a cluster is its service account, in the manifests of the same tree for certain.
#[test]
fn an_agent_of_a_cluster_reaches_what_its_account_does() {
    let text = "apiVersion: kagent.dev/v1alpha2\nkind: Agent\nmetadata: {name: kag, namespace: ai}\nspec:\n  declarative:\n    deployment: {serviceAccountName: kag}\n---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: kag, namespace: ai}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: kag}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: all}\nsubjects: [{kind: ServiceAccount, name: kag, namespace: ai}]\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: all}\nrules: [{apiGroups: ['*'], resources: ['*'], verbs: ['*']}]\n";
    let folder = folder();
    write(folder.path(), "repo/deploy/kag.yaml", text);
    let asked = |text: &str| {
        write(folder.path(), "repo/deploy/kag.yaml", text);
        let ran = crate::tree::run(
            folder.path(),
            &["reach", "Agent/kag", "--isolated", "--now", crate::tree::NOW, "-q", "repo"],
        );
        ran.stdout
    };
    let told = asked(text);
    assert!(told.contains("do everything (administrator)"), "{told}");
    // The account of another namespace is another's.
    let told = asked(
        &text
            .replace(
                "kind: ServiceAccount\nmetadata: {name: kag, namespace: ai}",
                "kind: ServiceAccount\nmetadata: {name: kag, namespace: web}",
            )
            .replace("name: kag, namespace: ai}]", "name: kag, namespace: web}]"),
    );
    assert!(!told.contains("do everything (administrator)"), "{told}");
}
