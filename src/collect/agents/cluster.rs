//! Agents, servers of tools and models that Kubernetes manifests run, and workloads that are given the key of a model's
//! provider. Renders nothing and asks no cluster.

use super::address;
use super::file::File;
use super::given::shown;
use super::node::Node;
use super::parse::objects;
use crate::model::{AttributeName as Name, Attributes, IdentityKind};

/// The groups of operators that run agents and models. Source: the projects' own definitions of resources.
const OPERATORS: &[&str] = &["kagent.dev", "toolhive.stacklok.dev", "serving.kserve.io", "aigateway.envoyproxy.io"];

/// Where a resource names the service account that it runs as.
const ACCOUNTS: &[&str] = &[
    "spec.template.spec.serviceAccountName",
    "spec.serviceAccountName",
    "spec.jobTemplate.spec.template.spec.serviceAccountName",
    "spec.predictor.serviceAccountName",
    "spec.deployment.serviceAccountName",
    "spec.byo.deployment.serviceAccountName",
    "spec.declarative.deployment.serviceAccountName",
];

/// Variables by which a workload is given the key of a model's provider. Source: the providers' own SDKs.
const PROVIDER_KEYS: &[&str] = &[
    "OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",
    "GOOGLE_API_KEY",
    "GEMINI_API_KEY",
    "AZURE_OPENAI_API_KEY",
    "AZURE_OPENAI_KEY",
    "AWS_BEARER_TOKEN_BEDROCK",
    "MISTRAL_API_KEY",
    "COHERE_API_KEY",
    "GROQ_API_KEY",
    "OPENROUTER_API_KEY",
    "DEEPSEEK_API_KEY",
    "XAI_API_KEY",
    "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
];

/// Agents and servers of operators, and workloads that are given the key of a model's provider.
pub(super) fn read(file: &mut File<'_>) {
    let Ok(trees) = objects(file.text) else { return };
    for tree in &trees {
        let (version, kind) =
            (tree.text_of("apiVersion").unwrap_or_default(), tree.text_of("kind").unwrap_or_default());
        let group = version.split('/').next().unwrap_or_default();
        let Some(metadata) = tree.get("metadata") else { continue };
        let Some(name) = metadata.text_of("name") else { continue };
        let is_operator = OPERATORS.contains(&group);
        let what = match (is_operator, kind) {
            (true, "Agent") => "kagent agent",
            (true, "MCPServer" | "RemoteMCPServer" | "ToolServer" | "MCPRemoteProxy") => "MCP server in a cluster",
            (true, "ModelConfig") => "model of kagent",
            (true, "InferenceService" | "LLMInferenceService") => "KServe model server",
            (true, "BackendSecurityPolicy" | "AIServiceBackend") => "gateway to a model",
            (false, "Deployment" | "StatefulSet" | "DaemonSet" | "CronJob" | "Job" | "Pod" | "ReplicaSet")
                if gets_a_key(tree) =>
            {
                "workload with a model's key"
            }
            _ => continue,
        };
        let namespace = metadata.text_of("namespace").unwrap_or("default");
        let mut attributes = Attributes::default().with(Name::AgentProgram, what);
        let account = ACCOUNTS.iter().flat_map(|path| tree.at(path));
        if let Some(account) = account.filter_map(|hit| hit.node.text()).next() {
            attributes.set(Name::CloudRole, shown(&format!("service account {namespace}/{account}")));
        }
        let secret = ["spec.apiKeySecret", "spec.apiKeySecretRef"].iter().flat_map(|path| tree.at(path));
        let secrets: Vec<String> = secrets_of(
            secret.filter_map(|hit| hit.node.text()),
            tree.at("spec.apiKeySecretKey").first().and_then(|hit| hit.node.text()),
        );
        if !secrets.is_empty() {
            attributes.set(Name::GivenSecrets, secrets);
        }
        let url = tree.at("spec.url").into_iter().find_map(|hit| address::address(hit.node.text()?));
        if let Some(address) = url {
            attributes.set(
                Name::PlainHttp,
                address.is_plain
                    && !address.host.ends_with(".svc")
                    && address.host.contains('.')
                    && !address.host.ends_with(".svc.cluster.local"),
            );
            attributes.set(Name::Endpoint, address.endpoint);
        }
        let id = file.urn(&format!("{namespace}/{kind}/{}", shown(name)));
        let told = format!("{kind} {namespace}/{} ({})", shown(name), file.shown());
        let at = metadata.entry("name").map_or(metadata.span.clone(), |entry| entry.at..entry.at + 4);
        let identity = file.identity(&id, IdentityKind::AgentCloud, told, &at, attributes);
        file.add(identity);
    }
}

/// The Secrets that a model's key is kept in, with the entry.
fn secrets_of<'n>(names: impl Iterator<Item = &'n str>, key: Option<&str>) -> Vec<String> {
    let of = |name: &str| key.map_or_else(|| format!("Secret {name}"), |key| format!("Secret {name}, {key}"));
    names.map(|name| shown(&of(name))).collect()
}

fn gets_a_key(tree: &Node) -> bool {
    [
        "spec.template.spec.containers.[].env.[].name",
        "spec.jobTemplate.spec.template.spec.containers.[].env.[].name",
        "spec.containers.[].env.[].name",
    ]
    .iter()
    .flat_map(|path| tree.at(path))
    .any(|hit| hit.node.text().is_some_and(|name| PROVIDER_KEYS.contains(&name)))
}
