//! The table of rights that amount to a capability, as data. It is matched elsewhere.

use serde::Deserialize;

use super::Around;
use crate::model::{CapabilityKind, Urn};

/// Which RBAC rights amount to which capability, read from `rules/facts/kubernetes-capabilities.toml`.
#[derive(Debug)]
pub struct CapabilityTable {
    pub(super) rows: Vec<Row>,
}

impl CapabilityTable {
    /// Reads the table.
    ///
    /// # Errors
    /// Says line, column and what was expected.
    pub fn parse(toml: &str) -> Result<Self, String> {
        let file: File = toml::from_str(toml).map_err(|error| format!("kubernetes capabilities: {error}"))?;
        for row in &file.capability {
            let empty = |need: &Need| {
                need.verbs.is_empty() || need.groups.is_empty() || (need.resources.is_empty() && !need.any_resource)
            };
            if row.needs.is_empty() || row.needs.iter().any(empty) {
                return Err(format!("kubernetes capabilities: '{}' needs verbs, groups and resources", row.id));
            }
        }
        Ok(Self { rows: file.capability })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    capability: Vec<Row>,
}

/// One set of rights that together amount to a capability.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    id: String,
    pub(super) kind: CapabilityKind,
    /// The same in the vocabulary of all providers.
    #[serde(default)]
    pub(super) also: Option<CapabilityKind>,
    /// All of these.
    pub(super) needs: Vec<Need>,
    /// About cluster-wide resources, which a grant in a namespace does not reach.
    #[serde(default)]
    pub(super) cluster_only: bool,
    /// Only here, where a binding is not of the whole cluster.
    #[serde(default)]
    pub(super) namespace: Option<String>,
    /// What the names of a rule that has some, for the first need, are names of: the right then holds for these.
    #[serde(default)]
    pub(super) named: Option<Named>,
    /// A rule for a role of its own is as good as one without a limit.
    #[serde(default)]
    pub(super) own_roles: bool,
    /// Only where pods that have the files of their node are let in; conditional where that is not said.
    #[serde(default)]
    pub(super) admission: bool,
    /// Conditional where webhooks or policies of the cluster may refuse pods.
    #[serde(default)]
    pub(super) unguarded: bool,
    /// What else must be so and cannot be read from RBAC; makes the capability conditional.
    #[serde(default)]
    pub(super) provided: Option<String>,
    /// Only before this minor version of Kubernetes 1; conditional where the version is not known.
    #[serde(default)]
    before: Option<u32>,
    /// Only from this minor version of Kubernetes 1 on, or where the version is not known.
    #[serde(default)]
    since: Option<u32>,
    /// The object of which the presence proves that, as `namespace/kind/name`.
    #[serde(default)]
    there: Option<String>,
}

/// What a rule names.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Named {
    ServiceAccount,
    Secret,
    User,
    Group,
    /// Something with a template for pods.
    Workload,
    Pod,
    /// The user that a node is.
    Node,
}

impl Named {
    /// Whether a right to one of them counts only where it is there.
    pub(super) fn is_object(self) -> bool {
        matches!(self, Self::Workload | Self::Pod | Self::Node)
    }

    /// What the object of a name is called, where the name is of such an object.
    pub(super) fn object(self, name: &str) -> Option<&str> {
        match self {
            Self::Node => name.strip_prefix("system:node:").filter(|name| !name.is_empty()),
            _ => Some(name),
        }
    }

    /// The resource that is looked up, where that is not the one that a rule is about.
    pub(super) fn resource(self) -> Option<&'static str> {
        matches!(self, Self::Node).then_some("nodes")
    }

    /// The scope of a right to one thing; see [`crate::model::Capability::scope`]. For a pod or node, the name is that of its account.
    pub(super) fn scope(self, cluster: &str, namespace: Option<&str>, name: &str) -> String {
        let namespace = namespace.unwrap_or("*");
        match self {
            // A template names any account of its namespace.
            Self::Workload => format!("namespace {cluster}/{namespace}"),
            Self::ServiceAccount | Self::Pod | Self::Node => format!("service-account {cluster}/{namespace}/{name}"),
            Self::Secret => format!("secret {cluster}/{namespace}/{name}"),
            Self::User => format!("user {cluster}/{name}"),
            Self::Group => format!("group {cluster}/{name}"),
        }
    }
}

impl Row {
    /// Whether something else must be so, and was not seen.
    pub(super) fn is_provided(&self, cluster: &str, around: &Around<'_>) -> bool {
        let is_seen = |there: &String| (around.is_there)(&Urn::new(format!("k8s:{cluster}/{there}")));
        let is_asked = self.admission || self.unguarded;
        let is_old = self.before.is_some_and(|minor| (around.minor)(cluster).is_some_and(|own| own < minor));
        self.provided.is_some() && !is_asked && !is_old && !self.there.as_ref().is_some_and(is_seen)
    }

    /// Whether the API server of a cluster is of a version for which it does not hold.
    pub(super) fn is_of_another_version(&self, cluster: &str, around: &Around<'_>) -> bool {
        if self.before.is_none() && self.since.is_none() {
            return false;
        }
        let is_other =
            |own| self.before.is_some_and(|minor| own >= minor) || self.since.is_some_and(|minor| own < minor);
        (around.minor)(cluster).is_some_and(is_other)
    }

    /// Whether it can hold in a namespace; `None` is the whole cluster.
    pub(super) fn is_for(&self, namespace: Option<&str>) -> bool {
        let Some(namespace) = namespace else { return true };
        !self.cluster_only && self.namespace.as_deref().is_none_or(|only| only == namespace)
    }
}

/// Any of the verbs on any of the resources.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Need {
    pub(super) verbs: Vec<String>,
    pub(super) groups: Vec<String>,
    /// `pods`, or `pods/exec` for a subresource.
    pub(super) resources: Vec<String>,
    /// Whatever the resource.
    #[serde(default)]
    pub(super) any_resource: bool,
    /// The objects that matter: a rule for one of them is as good as a rule for all.
    #[serde(default)]
    pub(super) names: Vec<String>,
    /// Any object will do: a rule for one is as good as a rule for all.
    #[serde(default)]
    pub(super) any_name: bool,
}
