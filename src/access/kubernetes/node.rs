//! What the node authorizer allows a kubelet, as data. It does not know which pods run on a node.

use serde::Deserialize;

use super::rule::Request;
use super::table::Need;

/// What kubelets may do beside RBAC, read from `rules/facts/kubernetes-node.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeRights {
    allows: Vec<Need>,
    own: Vec<Need>,
    bound: Vec<Need>,
}

/// What the node authorizer says.
pub(super) enum NodeAnswer {
    /// Yes.
    Allowed,
    /// Only for objects that pods on the node use, which nothing here says.
    OnlyBound,
    /// It leaves the question to RBAC.
    NoOpinion,
}

impl NodeRights {
    /// Reads the table.
    ///
    /// # Errors
    /// The parser's message with line and column.
    pub fn parse(toml: &str) -> Result<Self, String> {
        toml::from_str(toml).map_err(|error| format!("kubernetes node rights: {error}"))
    }

    /// Answers a node's question.
    pub(super) fn answer(&self, node: &str, request: &Request<'_>) -> NodeAnswer {
        if request.path.is_some() {
            return NodeAnswer::NoOpinion;
        }
        let any = |needs: &[Need]| needs.iter().any(|need| is_for(need, request));
        match () {
            () if any(&self.allows) || (request.name == node && any(&self.own)) => NodeAnswer::Allowed,
            () if any(&self.bound) => NodeAnswer::OnlyBound,
            () => NodeAnswer::NoOpinion,
        }
    }
}

fn is_for(need: &Need, request: &Request<'_>) -> bool {
    let is_resource = |resource: &String| {
        let (kind, sub) = resource.split_once('/').unwrap_or((resource, ""));
        kind == request.resource && sub == request.subresource
    };
    need.verbs.iter().any(|verb| verb == request.verb)
        && need.groups.iter().any(|group| group == request.group)
        && need.resources.iter().any(is_resource)
}
