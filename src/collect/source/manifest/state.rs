//! Identities in the states that Terraform, OpenTofu and Pulumi keep. A state is full of secrets: only kinds, names and
//! ids are ever read out of it.

use serde::Deserialize;

use super::Definition;

/// A Terraform state of the fourth form (Terraform 0.12 and later, OpenTofu).
#[derive(Deserialize)]
struct Terraform {
    version: u64,
    #[serde(default)]
    resources: Vec<Managed>,
}

#[derive(Deserialize)]
struct Managed {
    #[serde(default)]
    mode: String,
    #[serde(rename = "type")]
    kind: String,
    name: String,
    #[serde(default)]
    module: Option<String>,
    #[serde(default)]
    instances: Vec<Instance>,
}

#[derive(Deserialize)]
struct Instance {
    #[serde(default)]
    attributes: Option<Named>,
}

/// What is read of a resource; serde skips the rest without keeping it.
#[derive(Default, Deserialize)]
struct Named {
    arn: Option<String>,
    name: Option<String>,
}

/// A Pulumi state, as `pulumi stack export` writes it.
#[derive(Deserialize)]
struct Pulumi {
    #[serde(default)]
    deployment: Option<Deployment>,
    /// The form of a backend of files, `.pulumi/stacks/*.json`.
    #[serde(default)]
    checkpoint: Option<Checkpoint>,
}

#[derive(Deserialize)]
struct Checkpoint {
    #[serde(default)]
    latest: Option<Deployment>,
}

#[derive(Deserialize)]
struct Deployment {
    #[serde(default)]
    resources: Vec<Made>,
}

#[derive(Deserialize)]
struct Made {
    urn: String,
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    outputs: Option<Named>,
}

/// The identities of a Terraform state.
///
/// # Errors
/// The place where it is none.
pub(super) fn terraform(bytes: &[u8]) -> Result<Vec<Definition>, String> {
    let state: Terraform = serde_json::from_slice(bytes).map_err(|error| place(&error))?;
    if state.version < 4 {
        return Err(format!("a state of form {}; only the fourth is read (terraform 0.12 and later)", state.version));
    }
    let managed = state.resources.into_iter().filter(|one| one.mode == "managed");
    Ok(managed
        .flat_map(|resource| {
            let prefix = resource.module.as_ref().map(|module| format!("{module}.")).unwrap_or_default();
            let address = format!("{prefix}{}.{}", resource.kind, resource.name);
            let kind = resource.kind;
            resource.instances.into_iter().map(move |instance| {
                let named = instance.attributes.unwrap_or_default();
                Definition {
                    form: "terraform-state",
                    address: address.clone(),
                    kind: Some(kind.clone()),
                    line: 1,
                    name: named.name,
                    arn: named.arn,
                    optional: false,
                    provider: None,
                    root: None,
                    patterns: Vec::new(),
                    administrator_by: None,
                }
            })
        })
        .collect())
}

/// The identities of a Pulumi state.
///
/// # Errors
/// The place where it is none.
pub(super) fn pulumi(bytes: &[u8]) -> Result<Vec<Definition>, String> {
    let state: Pulumi = serde_json::from_slice(bytes).map_err(|error| place(&error))?;
    let deployment = state.deployment.or_else(|| state.checkpoint?.latest);
    let made = deployment.into_iter().flat_map(|one| one.resources).filter(|one| !one.kind.starts_with("pulumi:"));
    Ok(made
        .map(|one| {
            let named = one.outputs.unwrap_or_default();
            let address = one.urn.rsplit("::").next().unwrap_or(&one.urn).to_owned();
            Definition {
                form: "pulumi-state",
                address: format!("{}.{address}", one.kind),
                kind: Some(one.kind),
                line: 1,
                name: named.name,
                arn: named.arn,
                optional: false,
                provider: None,
                root: None,
                patterns: Vec::new(),
                administrator_by: None,
            }
        })
        .collect())
}

/// Where the parser stopped; its words may quote a value.
fn place(error: &serde_json::Error) -> String {
    format!("it is not as expected at line {}, column {}", error.line(), error.column())
}
