//! Reads Kubernetes clusters, live or from dumps, as records.
//! It judges nothing, writes nothing to a cluster and reads the values of Secrets only where the user asks for that.

mod accounts;
mod aggregate;
mod anywhere;
mod apart;
mod audit;
mod builtin;
mod charts;
mod cloud;
mod command;
#[cfg(feature = "kubernetes")]
mod connect;
mod custom;
mod data;
#[cfg(feature = "kubernetes")]
mod discovery;
mod dump;
mod faults;
mod held;
mod helm;
mod kustomize;
#[cfg(feature = "kubernetes")]
mod list;
#[cfg(feature = "kubernetes")]
mod live;
mod makers;
mod manifest;
mod manifests;
mod named;
mod neighbours;
mod object;
#[cfg(feature = "kubernetes")]
mod page;
mod patch;
mod permissions;
mod pod;
mod rbac;
mod read;
mod records;
mod remarks;
#[cfg(feature = "kubernetes")]
mod request;
mod resources;
#[cfg(feature = "kubernetes")]
mod review;
mod searching;
mod settings;
mod shape;
mod sniff;
mod unrendered;
mod words;
mod workloads;
mod yaml;

pub use dump::KubernetesDump;
#[cfg(feature = "kubernetes")]
pub use live::KubernetesLive;
pub use manifests::KubernetesManifests;
pub use permissions::{permissions, plan};
pub use searching::Searching;
pub use sniff::{is_manifest, sniff};

use crate::model::FactKind;

/// The collector's name in evidence and coverage, live and offline.
const NAME: &str = "kubernetes";

/// What stays unknown of a cluster that cannot be read at all.
const FACTS: &[FactKind] = &[
    FactKind::Identities,
    FactKind::Credentials,
    FactKind::Usage,
    FactKind::Grants,
    FactKind::Workloads,
    FactKind::Settings,
];

/// What a cluster is called in records: the name the user gave, or its context's, without `/`, which URNs part names by.
/// (`aws eks update-kubeconfig` calls contexts `arn:aws:eks:…:cluster/prod`.)
fn cluster_name(given: &str) -> String {
    given.replace('/', ":")
}

/// A text of a server or a file, fit for one line of a report: no control characters, at most 300 characters.
fn one_line(text: &str) -> String {
    const LONGEST: usize = 300;
    let mut line: String = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect();
    if text.trim().chars().nth(LONGEST).is_some() {
        line.push('…');
    }
    line
}
