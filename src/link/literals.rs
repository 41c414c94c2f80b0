//! What uses a secret that stands in its own text: a workload with a literal variable, a function with one in its settings,
//! a workflow in whose file it lies. Ties nothing to what merely lies in the same folder.

use std::collections::HashMap;

use super::proofs;
use crate::inventory::Inventory;
use crate::model::{AttributeName, Edge, EdgeKind, Exposure, Holding, Location, Urn, Workload, WorkloadKind};

/// Workloads of one file with the lines that their objects begin at, in that order.
type OfFile<'a> = Vec<(u64, Option<&'a Workload>)>;

pub(super) fn link(inventory: &Inventory, edges: &mut Vec<Edge>) {
    let mut files: Option<HashMap<(&str, &str), OfFile<'_>>> = None;
    for exposure in inventory.exposures.iter().filter(|one| !one.public && !proofs::has_expired(one)) {
        let Location::File { root, path, line, commit: None, .. } = &exposure.evidence.location else { continue };
        if root.is_empty() && matches!(&*exposure.evidence.collector, "kubernetes" | "aws") {
            edges.extend(of_object(inventory, exposure, path));
            continue;
        }
        let files = files.get_or_insert_with(|| by_file(inventory));
        edges.extend(files.get(&(&**root, &**path)).into_iter().flat_map(|of_file| of_text(exposure, *line, of_file)));
    }
}

/// The object of a cluster or account that a text was read of: its place names the object.
fn of_object(inventory: &Inventory, exposure: &Exposure, path: &str) -> Option<Edge> {
    let workload = match path.split_once('/')? {
        ("kubernetes", place) => inventory.workloads.get(&Urn::new(format!("k8s:{place}")))?,
        ("aws", place) => {
            let mut parts = place.split('/');
            let (account, "lambda") = (parts.next()?, parts.next()?) else { return None };
            let (region, name, "environment") = (parts.next()?, parts.next()?, parts.next()?) else { return None };
            let partitions = ["aws", "aws-cn", "aws-us-gov"].into_iter();
            let ids = partitions.map(|one| Urn::new(format!("arn:{one}:lambda:{region}:{account}:function:{name}")));
            ids.into_iter().find_map(|id| inventory.workloads.get(&id))?
        }
        _ => return None,
    };
    let fact = |name: &str| exposure.proof.facts.get(name);
    // What no variable or argument is, is written on the object: its pods do not get it by that.
    let is_of_cluster = path.starts_with("kubernetes/");
    let why = match (fact("variable"), fact("container")) {
        (Some(name), Some(container)) => format!("literal value of {name}, container {container}"),
        (Some(name), None) => format!("literal value of {name}"),
        (None, _) if is_of_cluster => return None,
        (None, _) => "literal value in its environment".to_owned(),
    };
    Some(Edge::new(&workload.id, EdgeKind::Uses, &exposure.id, why))
}

/// What each file of a tree declares that may have literal secrets, and where the next thing begins.
fn by_file(inventory: &Inventory) -> HashMap<(&str, &str), OfFile<'_>> {
    let mut files: HashMap<(&str, &str), OfFile<'_>> = HashMap::new();
    for workload in inventory.workloads.iter() {
        if let Location::File { root, path, line, .. } = &workload.evidence.location {
            files.entry((root, path)).or_default().push((*line, Some(workload)));
        }
    }
    let identities = inventory.identities.iter().map(|one| &one.evidence);
    let settings = inventory.settings.iter().map(|one| &one.evidence);
    for evidence in identities.chain(settings) {
        if let Location::File { root, path, line, .. } = &evidence.location
            && let Some(of_file) = files.get_mut(&(&**root, &**path))
            && !of_file.iter().any(|(known, _)| known == line)
        {
            of_file.push((*line, None));
        }
    }
    files.values_mut().for_each(|of_file| of_file.sort_by_key(|(line, workload)| (*line, workload.map(|one| &one.id))));
    files
}

/// The workloads of a file in whose text a secret stands.
fn of_text(exposure: &Exposure, line: u64, of_file: &OfFile<'_>) -> Vec<Edge> {
    let mut edges = Vec::new();
    for workload in of_file.iter().filter_map(|(_, workload)| *workload) {
        if workload.kind == WorkloadKind::CiGithubWorkflow || workload.kind == WorkloadKind::CiGitlabPipeline {
            let edge = Edge::new(&workload.id, EdgeKind::Uses, &exposure.id, format!("it stands in {}", workload.name));
            edges.push(edge.only(Holding::Conditional, "a job of it must use it: whether one does was not read"));
        }
    }
    // What begins last before the line; in overlays several are made of one object.
    let Some(start) = of_file.iter().map(|(start, _)| *start).filter(|start| *start <= line).max() else {
        return edges;
    };
    let here = of_file.iter().filter(|(of, _)| *of == start).filter_map(|(_, workload)| *workload);
    for workload in here.filter(|one| one.kind.as_str().starts_with("kubernetes.")) {
        let names = workload.attributes.texts(AttributeName::LiteralSecrets);
        if names.is_empty() {
            continue;
        }
        let why = format!("it has literal values for {}, and the secret stands in its text", names.join(", "));
        let edge = Edge::new(&workload.id, EdgeKind::Uses, &exposure.id, why);
        edges.push(match names {
            [_] => edge.only(Holding::Conditional, format!("line {line} of its file is that value")),
            _ => edge.only(Holding::Conditional, format!("line {line} of its file is one of those values")),
        });
    }
    edges
}
