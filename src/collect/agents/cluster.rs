//! Agents, servers of tools and models that Kubernetes manifests run, and workloads that are given the key of a model's
//! provider. Renders nothing and asks no cluster.

use super::client;
use super::cluster_given::{CONTAINERS, given, is_inside, launch};
use super::cluster_uses::Uses;
use super::file::File;
use super::given::shown;
use super::node::Node;
use super::parse::objects;
use super::script;
use super::server::Server;
use super::table::Tables;
use crate::model::{AttributeName as Name, IdentityKind, Urn};

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
pub(super) const PROVIDER_KEYS: &[&str] = &[
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

/// What sort of thing a resource is to agents.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Agent,
    Server,
    Model,
    /// A workload of any kind.
    Workload,
}

/// Agents and servers of operators, and workloads that are given the key of a model's provider.
pub(super) fn read(file: &mut File<'_>, uses: &mut Uses, tables: &Tables) {
    let trees = match objects(file.text) {
        Ok(trees) => trees,
        // A template is no YAML yet; what is too long is told.
        Err(error) => return file.cut.extend(error.limit()),
    };
    let namespaces: Vec<&str> = trees.iter().filter_map(|tree| tree.get("metadata")).filter_map(namespace).collect();
    for tree in &trees {
        let version = tree.text_of("apiVersion").unwrap_or_default();
        let kind = tree.text_of("kind").unwrap_or_default();
        let Some(name) = tree.get("metadata").and_then(|metadata| metadata.text_of("name")) else { continue };
        if let Some((what, sort)) = called(version, kind, tree) {
            let server = server_of(tree, sort, &namespaces, tables);
            add(file, tree, (kind, name, what), (sort, server), (uses, tables));
        }
    }
}

fn namespace(metadata: &Node) -> Option<&str> {
    metadata.text_of("namespace")
}

/// What a resource is called, where it has to do with agents.
fn called(version: &str, kind: &str, tree: &Node) -> Option<(&'static str, Sort)> {
    let is_operator = OPERATORS.contains(&version.split('/').next().unwrap_or_default());
    Some(match (is_operator, kind) {
        (true, "Agent") => ("kagent agent", Sort::Agent),
        (true, "MCPServer" | "RemoteMCPServer" | "ToolServer" | "MCPRemoteProxy") => {
            ("MCP server in a cluster", Sort::Server)
        }
        (true, "ModelConfig") => ("model of kagent", Sort::Model),
        (true, "InferenceService" | "LLMInferenceService") => ("KServe model server", Sort::Model),
        (true, "BackendSecurityPolicy" | "AIServiceBackend") => ("gateway to a model", Sort::Model),
        (false, "Deployment" | "StatefulSet" | "DaemonSet" | "CronJob" | "Job" | "Pod" | "ReplicaSet")
            if gets_a_key(tree) =>
        {
            ("workload with a model's key", Sort::Workload)
        }
        _ => return None,
    })
}

/// How a resource is started or reached, and what it is given.
fn server_of(tree: &Node, sort: Sort, namespaces: &[&str], tables: &Tables) -> Server {
    let mut server = Server::default();
    if sort == Sort::Server || sort == Sort::Agent {
        launch(tree, &mut server);
    }
    given(tree, sort, &mut server.given);
    if let Some(url) = tree.at("spec.url").first().or(tree.at("spec.remoteUrl").first()) {
        server.reach(url.node.text().unwrap_or_default(), &url.node.span);
        // What stays in the cluster does not cross a network of others.
        server.is_plain &= !server.host.as_deref().is_some_and(|host| is_inside(host, namespaces));
    }
    server.judge(&tables.knowledge);
    server
}

fn add(
    file: &mut File<'_>,
    tree: &Node,
    (kind, name, what): (&str, &str, &str),
    (sort, server): (Sort, Server),
    (uses, tables): (&mut Uses, &Tables),
) {
    let Some(metadata) = tree.get("metadata") else { return };
    let namespace = namespace(metadata).unwrap_or("default");
    let mut attributes = client::attributes(&server);
    attributes.set(Name::AgentProgram, what);
    let account = ACCOUNTS.iter().flat_map(|path| tree.at(path));
    if let Some(account) = account.filter_map(|hit| hit.node.text()).next() {
        attributes.set(Name::CloudRole, shown(&format!("service account {namespace}/{account}")));
    }
    let id = file.urn(&format!("{namespace}/{kind}/{}", shown(name)));
    // What stands elsewhere in a workload is no matter of its agent.
    let span = if sort == Sort::Workload { 0..0 } else { tree.span.clone() };
    let is_strong = client::given(file, &id, &server.given, &span, tables);
    let names: std::collections::BTreeSet<String> = server.given.iter().map(|one| one.name.clone()).collect();
    if !names.is_empty() {
        attributes.set(Name::GivenSecrets, names.into_iter().collect::<Vec<_>>());
    }
    if is_strong {
        attributes.set(Name::HoldsStrongSecret, true);
    }
    commands(file, tree, &id, tables);
    let told = format!("{kind} {namespace}/{} ({})", shown(name), file.shown());
    let at = metadata.entry("name").map_or(metadata.span.clone(), |entry| entry.at..entry.at + 4);
    let identity = file.identity(&id, IdentityKind::AgentCloud, told, &at, attributes);
    file.add(identity);
    uses.note(file, &id, tree, (namespace, kind, name));
}

/// Flags of the commands of its containers by which an agent asks nobody.
fn commands(file: &mut File<'_>, tree: &Node, id: &Urn, tables: &Tables) {
    for hit in CONTAINERS.iter().flat_map(|path| tree.at(path)) {
        let parts = ["command", "args"].iter().filter_map(|key| hit.node.get(key));
        let words: Vec<&str> = parts.clone().flat_map(Node::words).collect();
        let span = parts.map(|part| part.span.clone()).next().unwrap_or(0..0);
        for loose in tables.frameworks.loose(&script::quoted(words.into_iter())) {
            script::tell(file, id, &loose, &span);
        }
    }
}

fn gets_a_key(tree: &Node) -> bool {
    CONTAINERS
        .iter()
        .flat_map(|path| tree.at(&format!("{path}.env.[].name")))
        .any(|hit| hit.node.text().is_some_and(|name| PROVIDER_KEYS.contains(&name)))
}
