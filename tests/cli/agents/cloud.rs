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
