//! Matches one request against RBAC rules exactly as the API server does.
//! It knows nothing of bindings beyond their scope, and nothing of other authorizers.

use serde_json::Value;

use crate::model::Grant;

/// A request as the API server's authorizer sees it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request<'a> {
    /// `get`, `list`, `create` … or any other word: verbs are free.
    pub verb: &'a str,
    /// The API group; empty for core. Versions do not count.
    pub group: &'a str,
    /// The resource in plural, such as `pods`.
    pub resource: &'a str,
    /// Such as `exec`; empty for the resource itself.
    pub subresource: &'a str,
    /// Empty where the request names no object: top-level `create`, `deletecollection`, plain `list` and `watch`.
    pub name: &'a str,
    /// Empty for cluster-wide resources and for a list over all namespaces.
    pub namespace: &'a str,
    /// For a `list` or `watch`: `metadata.name=x` gives the request a name, and a rule with that name allows it.
    pub field_selector: &'a str,
    /// The path of a request that is for no resource, such as `/metrics`; then only verb and path count.
    pub path: Option<&'a str>,
}

impl<'a> Request<'a> {
    /// The same request when `system:anonymous` makes it: the server then asks for the subresource `unsafeproxy` in
    /// place of `proxy`, so that a rule for `nodes/proxy` does not open kubelets to the world. Seen in the answers of
    /// v1.36 ("proxy subresource changed to unsafeproxy").
    #[must_use]
    pub fn made_anonymously(self) -> Self {
        if self.subresource == "proxy" { Self { subresource: "unsafeproxy", ..self } } else { self }
    }

    fn name(&self) -> &'a str {
        if !self.name.is_empty() || !matches!(self.verb, "list" | "watch") {
            return self.name;
        }
        let terms = self.field_selector.split(',').map(str::trim);
        let mut named = terms.filter_map(|term| {
            let (field, value) = term.split_once('=')?;
            (field == "metadata.name").then(|| value.strip_prefix('=').unwrap_or(value))
        });
        named.next_back().unwrap_or("")
    }
}

/// Whether a list of RBAC rules (the `rules` of a Role or ClusterRole) allows a request. Scope is not looked at:
/// [`grant_allows`] does.
///
/// `*` stands for all verbs, groups or resources; a resource `*` covers every subresource, `*/scale` covers that
/// subresource of every resource, and `pods/*` covers nothing. An empty `resourceNames` means all; a filled one never
/// covers a request without a name. A path ending in `*` is a prefix.
pub fn allows(rules: &Value, request: &Request<'_>) -> bool {
    allowing_rule(rules, request).is_some()
}

/// The first rule of a list that allows a request, counted from 1.
pub(super) fn allowing_rule(rules: &Value, request: &Request<'_>) -> Option<usize> {
    list(rules).iter().position(|rule| rule_allows(rule, request)).map(|position| position + 1)
}

/// Whether a grant of these rules allows a request: a grant in a namespace reaches requests in that namespace only,
/// and no paths.
pub fn grant_allows(grant: &Grant, rules: &Value, request: &Request<'_>) -> bool {
    reaches(grant, request) && allows(rules, request)
}

/// Whether the scope of a grant holds a request.
pub(super) fn reaches(grant: &Grant, request: &Request<'_>) -> bool {
    match grant.scope.strip_prefix("namespace/") {
        Some(namespace) => request.path.is_none() && !namespace.is_empty() && namespace == request.namespace,
        None => grant.scope == "cluster",
    }
}

fn rule_allows(rule: &Value, request: &Request<'_>) -> bool {
    if !has(rule, "verbs", request.verb) {
        return false;
    }
    if let Some(path) = request.path {
        return texts(rule, "nonResourceURLs").any(|url| match url.strip_suffix('*') {
            Some(_) => path.starts_with(url.trim_end_matches('*')),
            None => url == path,
        });
    }
    let name = request.name();
    let named =
        texts(rule, "resourceNames").next().is_none() || texts(rule, "resourceNames").any(|wanted| wanted == name);
    named && has(rule, "apiGroups", request.group) && covers_resource(rule, request.resource, request.subresource)
}

/// Whether a rule's `resources` cover a resource or subresource.
pub(super) fn covers_resource(rule: &Value, resource: &str, subresource: &str) -> bool {
    texts(rule, "resources").any(|pattern| {
        if subresource.is_empty() {
            return pattern == "*" || pattern == resource;
        }
        let whole =
            pattern.split_once('/').is_some_and(|(kind, sub)| sub == subresource && (kind == resource || kind == "*"));
        pattern == "*" || whole
    })
}

/// Whether a list of a rule holds `*` or this text.
pub(super) fn has(rule: &Value, field: &str, wanted: &str) -> bool {
    texts(rule, field).any(|text| text == "*" || text == wanted)
}

/// The strings of a rule's list.
pub(super) fn texts<'v>(rule: &'v Value, field: &str) -> impl Iterator<Item = &'v str> {
    rule.get(field).map(list).unwrap_or_default().iter().filter_map(Value::as_str)
}

pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}
