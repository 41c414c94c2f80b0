//! What a question may call a resource, and its API group. The API server's own resources only.

use serde::Deserialize;

/// The resources of an API server, read from `rules/facts/kubernetes-resources.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceNames {
    resource: Vec<Line>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    plural: String,
    group: String,
    namespaced: bool,
    names: Vec<String>,
}

/// A resource that a question is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The plural, as rules write it.
    pub resource: String,
    /// The API group; empty for core.
    pub group: String,
    /// Whether it lives in namespaces; `None` for resources that this table does not know.
    pub namespaced: Option<bool>,
}

impl ResourceNames {
    /// Reads the table.
    ///
    /// # Errors
    /// The parser's message with line and column.
    pub fn parse(toml: &str) -> Result<Self, String> {
        toml::from_str(toml).map_err(|error| format!("kubernetes resources: {error}"))
    }

    /// Finds `pods`, `po`, `deployment`, `deployments.apps` or `widgets.example.com`.
    ///
    /// # Errors
    /// When a name without a group is none of the API server's own.
    pub fn find(&self, text: &str) -> Result<Named, String> {
        let (name, group) = match text.split_once('.') {
            Some((name, group)) => (name.to_lowercase(), Some(group)),
            None => (text.to_lowercase(), None),
        };
        if name == "*" {
            return Ok(Named { resource: name, group: group.unwrap_or("*").to_owned(), namespaced: None });
        }
        // A version may stand before the group, as in `deployments.v1.apps`.
        let is_group = |line: &Line| {
            group.is_none_or(|group| {
                let rest = group.split_once('.').map_or("", |(_, rest)| rest);
                line.group == group || (!line.group.is_empty() && line.group == rest)
            })
        };
        let line =
            self.resource.iter().find(|line| (line.plural == name || line.names.contains(&name)) && is_group(line));
        match (line, group) {
            (Some(line), _) => Ok(Named {
                resource: line.plural.clone(),
                group: line.group.clone(),
                namespaced: Some(line.namespaced),
            }),
            (None, Some(group)) => Ok(Named { resource: name, group: group.to_owned(), namespaced: None }),
            (None, None) => Err(format!(
                "'{text}' is no resource of the API server itself; name that of a custom resource with its group, as in \
                 {name}.example.com"
            )),
        }
    }
}
