//! The roles and bindings that every API server makes at its start, as data. What a cluster made of them is not here.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::model::{Evidence, Grant, Location, Policy, PolicyLanguage, Urn};

/// The bootstrap policy, read from `rules/facts/kubernetes-bootstrap.toml`.
#[derive(Debug)]
pub struct Bootstrap {
    /// By what stands after the cluster in their URN, such as `/clusterrole/view`.
    roles: BTreeMap<String, Policy>,
    /// Binding and subject, as `/clusterrolebinding/NAME#sa/NAMESPACE/NAME`, with the name of the role.
    grants: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    role: Vec<Role>,
    binding: Vec<Binding>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Role {
    name: String,
    #[serde(default)]
    namespace: String,
    rules: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Binding {
    name: String,
    #[serde(default)]
    namespace: String,
    role: String,
    subjects: Vec<String>,
}

impl Bootstrap {
    /// Reads the table.
    ///
    /// # Errors
    /// Says line, column and what was expected.
    pub fn parse(toml: &str) -> Result<Self, String> {
        let file: File = toml::from_str(toml).map_err(|error| format!("kubernetes bootstrap policy: {error}"))?;
        let kind = |namespace: &str, kind: &str| {
            let cluster = if namespace.is_empty() { "cluster" } else { "" };
            format!("{namespace}/{cluster}{kind}")
        };
        let roles = file.role.into_iter().map(|role| {
            let below = format!("{}/{}", kind(&role.namespace, "role"), role.name);
            (below.clone(), policy(&below, role))
        });
        let mut grants = BTreeMap::new();
        for binding in &file.binding {
            let below = format!("{}/{}", kind(&binding.namespace, "rolebinding"), binding.name);
            for subject in &binding.subjects {
                let (kind, name) = subject.split_once(' ').unwrap_or(("", subject));
                let kind = if kind == "ServiceAccount" { "sa".to_owned() } else { kind.to_lowercase() };
                grants.insert(format!("{below}#{kind}/{name}"), binding.role.clone());
            }
        }
        Ok(Self { roles: roles.collect(), grants })
    }

    /// The role that a cluster's role of this name was at its start.
    pub fn role(&self, role: &Urn) -> Option<&Policy> {
        self.roles.get(below(role)?)
    }

    /// Whether a grant is one that the API server makes itself: who deletes such a binding and makes it anew may have it name
    /// another role.
    pub fn grants(&self, grant: &Grant) -> bool {
        let role = below(&grant.id).and_then(|below| self.grants.get(below));
        // The table says `ClusterRole view`.
        let name = role.map(|role| role.rsplit(' ').next().unwrap_or(role));
        name.is_some_and(|name| grant.policy.as_str().rsplit('/').next() == Some(name))
    }
}

/// What stands after the cluster in a URN.
fn below(urn: &Urn) -> Option<&str> {
    urn.as_str().strip_prefix("k8s:")?.split_once('/').map(|(_, below)| below)
}

fn policy(below: &str, role: Role) -> Policy {
    Policy {
        id: Urn::new(format!("k8s:*/{below}")),
        name: role.name,
        language: PolicyLanguage::KubernetesRbac,
        tenant: String::new(),
        builtin: true,
        document: role.rules.into(),
        other_versions: Vec::new(),
        evidence: Evidence {
            observed: jiff::Timestamp::UNIX_EPOCH,
            collector: "kubernetes".into(),
            location: Location::Api { call: "default roles".into(), resource: "Kubernetes".into() },
        },
    }
}
