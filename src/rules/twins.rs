//! One finding where a cluster and the manifests of a tree say the same of the same object: the cluster's, with the manifest
//! as the place to mend. It judges nothing.

use std::collections::BTreeMap;

use crate::inventory::Inventory;
use crate::model::{Evidence, Finding, Location, Urn};

/// What an object of a cluster is called without its cluster: `payments/sa/api`.
fn local(id: &Urn) -> Option<&str> {
    let (_, local) = id.as_str().strip_prefix("k8s:")?.split_once('/')?;
    Some(local)
}

fn is_declared(finding: &Finding) -> bool {
    // What stands in an object of a cluster has a file's position, too, but no root and no such name.
    finding.subject.as_str().starts_with("k8s:") && finding.evidence.first().is_some_and(Evidence::is_declared)
}

/// Joins the findings about manifests with those about clusters that have the same objects. Where the cluster has the
/// object, but not the finding, the manifest's finding says so: they differ, or the cluster knows more.
pub(super) fn join(inventory: &Inventory, findings: Vec<Finding>) -> Vec<Finding> {
    if !findings.iter().any(is_declared) {
        return findings;
    }
    let (declared, mut live): (Vec<Finding>, Vec<Finding>) = findings.into_iter().partition(is_declared);
    let mut seen: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
    for (index, finding) in live.iter().enumerate() {
        if let Some(local) = local(&finding.subject) {
            seen.entry((finding.rule.to_string(), local.to_owned())).or_default().push(index);
        }
    }
    let objects = objects(inventory);
    for mut finding in declared {
        let local = local(&finding.subject).unwrap_or_default().to_owned();
        match seen.get(&(finding.rule.to_string(), local.clone())) {
            Some(twins) => {
                for index in twins {
                    let Some(twin) = live.get_mut(*index) else { continue };
                    let place = finding.evidence.first().filter(|place| !twin.evidence.contains(place));
                    if let Some(place) = place {
                        twin.chain.push(format!("defined at {}", place_of(place)));
                        twin.evidence.push(place.clone());
                    }
                }
            }
            None => {
                if let Some(clusters) = objects.get(local.as_str()) {
                    let clusters = clusters.join(", ");
                    finding.chain.push(format!("cluster {clusters} has it, too, but there this was not found"));
                }
                live.push(finding);
            }
        }
    }
    live
}

fn place_of(place: &Evidence) -> String {
    match &place.location {
        Location::File { path, line, .. } => format!("{path}:{line}"),
        other => other.to_string(),
    }
}

/// The service accounts and settings of clusters, by what they are called in them.
fn objects(inventory: &Inventory) -> BTreeMap<&str, Vec<&str>> {
    let mut all: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let identities = inventory.identities.iter().map(|one| (&one.id, &one.tenant, &one.evidence));
    let workloads = inventory.workloads.iter().map(|one| (&one.id, &one.tenant, &one.evidence));
    for (id, tenant, _) in identities.chain(workloads).filter(|(_, _, evidence)| !evidence.is_declared()) {
        if let Some(local) = local(id) {
            all.entry(local).or_default().push(tenant);
        }
    }
    all
}
