//! Which workflows may become which roles: what a workflow asks for against what the role trusts. A repository's name in
//! both is what ties them; that both use the same forge does not.

use super::federation::{Admitted, AllAdmitted, GITHUB};
use crate::inventory::Inventory;
use crate::model::{AttributeName, Edge, EdgeKind, Holding, Urn, Workload, WorkloadKind};

pub(super) fn link(inventory: &Inventory, admitted: &AllAdmitted, edges: &mut Vec<Edge>) {
    for workflow in inventory.workloads.iter().filter(|one| one.kind == WorkloadKind::CiGithubWorkflow) {
        for role in &workflow.runs_as {
            edges.extend(asked_for(inventory, workflow, role, admitted));
        }
        edges.extend(possible(workflow, admitted));
    }
}

fn repository(workflow: &Workload) -> Option<String> {
    workflow.attributes.text(AttributeName::Repository).map(|name| format!("repo:{name}:"))
}

/// A role that the workflow names.
fn asked_for(inventory: &Inventory, workflow: &Workload, role: &Urn, admitted: &AllAdmitted) -> Option<Edge> {
    let edge = Edge::new(&workflow.id, EdgeKind::RunsAs, role, "role-to-assume in the workflow");
    if inventory.trusts.get(role).is_none() {
        return Some(edge.only(Holding::Unknown, "the role's trust policy was not read"));
    }
    let of_role: Vec<&Admitted> = admitted.of_role(role).into_iter().filter(|one| one.issuer == GITHUB).collect();
    let repository = repository(workflow);
    // What lets this repository in; where its name is not known, what lets any in.
    let fits = |one: &&&Admitted| match &repository {
        Some(head) => one.subjects.is_empty() || one.subjects.iter().any(|subject| subject.can_begin(head)),
        None => true,
    };
    let best = of_role.iter().filter(fits).min_by_key(|one| one.open.len())?;
    Some(match (&repository, best.open.as_slice()) {
        (None, _) => {
            let subjects: Vec<&str> = best.subjects.iter().map(|subject| subject.text.as_str()).collect();
            let condition = format!("the repository, which is not known, must be that of {}", subjects.join(" or "));
            edge.only(Holding::Conditional, condition)
        }
        (Some(head), []) => Edge { why: format!("{}, which trusts {head}…", edge.why), ..edge },
        (Some(_), keys) => edge.only(Holding::Conditional, format!("the trust policy asks {}", keys.join(", "))),
    })
}

/// Roles that trust the repository although the workflow does not name them.
fn possible(workflow: &Workload, admitted: &AllAdmitted) -> Vec<Edge> {
    let Some(head) = repository(workflow) else { return Vec::new() };
    let others = admitted.of_repository(&head).filter(|one| !workflow.runs_as.contains(&one.role));
    let edges = others.map(|one| {
        let why = "the role trusts the repository, and the workflow may ask for a token";
        let edge = Edge::new(&workflow.id, EdgeKind::RunsAs, &one.role, why);
        edge.only(Holding::Conditional, "a step must ask for this role")
    });
    edges.collect()
}
