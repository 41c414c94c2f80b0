//! What admin roles and API scopes of Okta amount to. Pure; what amounts to what is data.

use serde::Deserialize;
use serde_json::Value;

use crate::model::{Capability, CapabilityKind, Grant, Policy, PolicyLanguage};

/// Which roles and permissions amount to which capability, read from `rules/facts/okta-capabilities.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapabilityTable {
    capability: Vec<Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    kind: CapabilityKind,
    roles: Vec<String>,
    permissions: Vec<String>,
}

impl CapabilityTable {
    /// Reads the table.
    ///
    /// # Errors
    /// Says line, column and what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let table: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        match table.capability.iter().find(|row| row.roles.is_empty() && row.permissions.is_empty()) {
            Some(row) => Err(format!("the capability '{}' has neither roles nor permissions", row.kind)),
            None => Ok(table),
        }
    }
}

/// What one grant amounts to alone.
pub fn grant_capabilities(grant: &Grant, policy: &Policy, table: &CapabilityTable) -> Vec<Capability> {
    let document = policy.document.read();
    let texts = |name: &str| -> Vec<&str> {
        let list = document.get(name).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).collect()
    };
    let role = document.get("type").and_then(Value::as_str).unwrap_or_default();
    let permissions = [texts("permissions"), texts("scopes")].concat();
    let is_scopes = policy.language == PolicyLanguage::OktaScopes;
    // A custom role holds on its resources; which of them would matter is not judged.
    let limited = role == "CUSTOM" && document.get("all_resources") != Some(&Value::Bool(true));
    let mut found: Vec<Capability> = Vec::new();
    for row in &table.capability {
        let by_role = row.roles.iter().any(|one| one == role).then(|| format!("admin role {role}"));
        let by_permission = permissions.iter().find(|one| row.permissions.iter().any(|known| known == *one));
        let word = if is_scopes { "API scope" } else { "permission" };
        let Some(step) = by_role.or_else(|| by_permission.map(|one| format!("{word} {one}"))) else { continue };
        if found.iter().any(|one| one.kind == row.kind) {
            continue;
        }
        let via = grant.via.iter().map(|group| format!("member of {group}"));
        let name = (!policy.builtin && !is_scopes).then(|| format!("role {} on {}", policy.name, grant.scope));
        found.push(Capability {
            kind: row.kind,
            scope: format!("organisation {}", grant.tenant),
            // A scope gives what an admin role of the client allows, and no more.
            conditional: limited || is_scopes,
            proof: via.chain(name).chain([step]).collect(),
        });
    }
    found
}

/// What an identity can do by all that it holds. A client has what both its role and its scopes allow: a role alone gives
/// it no token, a scope alone no right. Source: Okta, "Implement OAuth for Okta with a service app".
pub fn capabilities(grants: &[(&Grant, &Policy)], is_client: bool, table: &CapabilityTable) -> Vec<Capability> {
    let of = |wanted: bool| {
        let chosen = grants.iter().filter(move |(_, policy)| (policy.language == PolicyLanguage::OktaScopes) == wanted);
        chosen.flat_map(|(grant, policy)| grant_capabilities(grant, policy, table)).collect::<Vec<_>>()
    };
    let (roles, scopes) = (of(false), of(true));
    if !is_client {
        return strongest(roles);
    }
    let is_administrator = roles.iter().any(|one| one.kind == CapabilityKind::Administrator);
    let mut found = scopes.clone();
    for scope in &mut found {
        let by_role = roles.iter().find(|role| role.kind == scope.kind || role.kind == CapabilityKind::Administrator);
        if let Some(role) = by_role {
            scope.conditional = role.conditional;
            scope.proof.extend(role.proof.iter().cloned());
        }
    }
    if is_administrator {
        // Scopes that write make the role worth what it is called; without one it can read all and change nothing.
        let writes = scopes.iter().any(|one| one.kind != CapabilityKind::ReadSecrets);
        found.extend(roles.into_iter().map(|role| Capability { conditional: role.conditional || !writes, ..role }));
    }
    strongest(found)
}

/// Of each kind the one that holds without a condition, if there is one.
fn strongest(mut all: Vec<Capability>) -> Vec<Capability> {
    all.sort_by_key(|one| (one.kind, one.conditional));
    all.dedup_by_key(|one| one.kind);
    all
}
