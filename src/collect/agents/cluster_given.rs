//! What agents and servers of a cluster are given by their manifests, and how they are started. Reads no Secret.
//!
//! Source: kagent, "API reference" (`Agent`, `MCPServer`, `RemoteMCPServer`, `ModelConfig`); ToolHive, "MCPServer CRD";
//! Kubernetes API, `EnvVar`, `EnvVarSource`.

use std::ops::Range;

use super::cluster::{PROVIDER_KEYS, Sort};
use super::container;
use super::given::{Given, Held, of_map, of_pair, shown};
use super::launch;
use super::node::Node;
use super::server::Server;

/// Where workloads list their containers.
pub(super) const CONTAINERS: &[&str] = &[
    "spec.template.spec.containers.[]",
    "spec.template.spec.initContainers.[]",
    "spec.jobTemplate.spec.template.spec.containers.[]",
    "spec.containers.[]",
];

/// Where operators list the variables of what they start.
const VARIABLES: &[&str] = &[
    "spec.env",
    "spec.deployment.env",
    "spec.declarative.deployment.env",
    "spec.byo.deployment.env",
    "spec.config.env",
];

/// Where a Secret is named of which every entry is given.
const WHOLE: &[&str] = &["spec.deployment.secretRefs.[].name", "spec.byo.deployment.secretRefs.[].name"];

/// Top-level domains that a namespace may be called after are none of these: an address `a.b` with another end is one of a
/// service in a namespace only where manifests name it.
const WELL_KNOWN: &[&str] = &["kagent", "kagent-system", "toolhive-system", "default", "kube-system", "monitoring"];

/// The credentials of a resource.
pub(super) fn given(tree: &Node, sort: Sort, found: &mut Vec<Given>) {
    match sort {
        Sort::Workload => {
            for hit in CONTAINERS.iter().flat_map(|path| tree.at(&format!("{path}.env"))) {
                let of_provider = |item: &&Node| item.text_of("name").is_some_and(|name| PROVIDER_KEYS.contains(&name));
                hit.node.items().iter().filter(of_provider).for_each(|item| variable(item, "env", found));
            }
        }
        _ => {
            for hit in VARIABLES.iter().flat_map(|path| tree.at(path)) {
                hit.node.items().iter().for_each(|item| variable(item, "env", found));
                if hit.node.items().is_empty() {
                    of_map(hit.node, "env", found);
                }
            }
        }
    }
    for hit in tree.at("spec.headersFrom.[]") {
        variable(hit.node, "header", found);
    }
    // ToolHive says of each Secret under which name the server gets it.
    for hit in tree.at("spec.secrets.[]") {
        let key = hit.node.text_of("key").unwrap_or_default();
        let name = hit.node.text_of("targetEnvName").unwrap_or(key);
        found.extend(hit.node.text_of("name").map(|secret| of_secret(name, "env", secret, key, &hit.node.span)));
    }
    for hit in WHOLE.iter().flat_map(|path| tree.at(path)) {
        let secret = hit.node.text().unwrap_or_default();
        found.push(of_secret(&format!("values of Secret {secret}"), "env", secret, "", &hit.node.span));
    }
    let key = tree.at("spec.apiKeySecretKey").first().and_then(|hit| hit.node.text()).unwrap_or_default();
    for hit in ["spec.apiKeySecret", "spec.apiKeySecretRef"].iter().flat_map(|path| tree.at(path)) {
        let secret = hit.node.text().or_else(|| hit.node.text_of("name")).unwrap_or_default();
        let name = if key.is_empty() { format!("Secret {secret}") } else { format!("Secret {secret}, {key}") };
        found.push(of_secret(&name, "file", secret, key, &hit.node.span));
    }
}

/// A variable or header with its value, or with where that is kept.
fn variable(item: &Node, by: &'static str, found: &mut Vec<Given>) {
    let Some(name) = item.text_of("name") else { return };
    let from = item.get("valueFrom").map(|from| from.get("secretKeyRef").unwrap_or(from));
    // kagent says of what kind the source is, Kubernetes by the key alone.
    let is_secret = item.get("valueFrom").is_some_and(|from| {
        from.get("secretKeyRef").is_some() || from.text_of("type").is_some_and(|kind| kind == "Secret")
    });
    match (item.text_of("value"), from.filter(|_| is_secret)) {
        (Some(value), _) => of_pair(name, Some(value), by, &item.span, found),
        (None, Some(from)) => {
            let (secret, key) = (from.text_of("name"), from.text_of("key"));
            found.push(of_secret(name, by, secret.unwrap_or_default(), key.unwrap_or_default(), &item.span));
        }
        (None, None) => {}
    }
}

fn of_secret(name: &str, by: &'static str, secret: &str, key: &str, span: &Range<usize>) -> Given {
    let place = if key.is_empty() { format!("Secret {secret}") } else { format!("Secret {secret}, {key}") };
    Given::of(by, shown(name), span, Held::Reference(shown(&place)), None)
}

/// The command line or image of a server, or of an agent that brings its own.
pub(super) fn launch(tree: &Node, server: &mut Server) {
    let word = |node: &Node| Some((node.word()?.to_owned(), node.span.clone()));
    let mut words: Vec<launch::Word> = Vec::new();
    for path in ["spec.deployment.cmd", "spec.deployment.args"] {
        for hit in tree.at(path) {
            let texts = if hit.node.items().is_empty() { std::slice::from_ref(hit.node) } else { hit.node.items() };
            words.extend(texts.iter().filter_map(word));
        }
    }
    server.launch = launch::read(&words, &mut server.given);
    let image = ["spec.deployment.image", "spec.image", "spec.byo.deployment.image"];
    let image = image.iter().flat_map(|path| tree.at(path)).find_map(|hit| hit.node.text());
    if let Some(image) = image.filter(|_| server.launch.package.is_none()) {
        container::image(image, &mut server.launch);
        server.launch.launcher = Some("image");
        // A cluster keeps to the tag that it is told; what has none, or says that it moves, is whatever is there.
        let moves = ["latest", "main", "master", "edge", "nightly", "dev"];
        let version = server.launch.version.as_deref();
        server.launch.is_fetched = server.launch.digest.is_none() && version.is_none_or(|tag| moves.contains(&tag));
    }
}

/// Whether a host is one of a service in the same cluster: `name`, `name.namespace`, `….svc` or `….svc.cluster.local`.
pub(super) fn is_inside(host: &str, namespaces: &[&str]) -> bool {
    let host = host.trim_end_matches('.');
    if !host.contains('.') || host.ends_with(".svc") || host.ends_with(".cluster.local") {
        return true;
    }
    match host.split('.').collect::<Vec<_>>().as_slice() {
        [_, namespace] => namespaces.contains(namespace) || WELL_KNOWN.contains(namespace),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_inside;

    #[test]
    fn addresses_of_services_stay_in_the_cluster() {
        for host in ["tools", "tools.kagent", "tools.ai", "tools.ai.svc", "tools.ai.svc.cluster.local"] {
            assert!(is_inside(host, &["ai"]), "{host}");
        }
        for host in ["mcp.example", "mcp.acme.example", "tools.ai"] {
            assert!(!is_inside(host, &["other"]), "{host}");
        }
    }
}
