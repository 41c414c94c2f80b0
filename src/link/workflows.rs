//! Which workflows may become which roles: what a workflow asks for, and what its token says, against what the role trusts. A
//! repository's name in both is what ties them; that both use the same forge does not.

use super::federation::{Admitted, AllAdmitted, GITHUB, Meets};
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

/// What the subject of a token may be.
struct Subject {
    pattern: String,
    /// Whether the workflow can have each of them.
    sure: bool,
}

/// The subjects that the workflow's tokens have where it asks for a role (`*`: for any).
fn subjects(workflow: &Workload, role: &str, head: &str) -> Vec<Subject> {
    let told = workflow.attributes.texts(AttributeName::TokenSubjects).iter();
    let of_role = told.filter_map(|text| text.split_once(' ')).filter(|(asked, _)| *asked == role);
    let mut all: Vec<Subject> = of_role
        .map(|(_, tail)| Subject {
            pattern: format!("{head}{}", tail.strip_prefix('?').unwrap_or(tail)),
            sure: !tail.starts_with('?'),
        })
        .collect();
    if all.is_empty() {
        all.push(Subject { pattern: format!("{head}*"), sure: false });
    }
    all
}

/// Whether a statement lets such a token in, and under which condition; `None` where it never does.
fn lets_in(one: &Admitted, subjects: &[Subject]) -> Option<Option<String>> {
    if one.subjects.is_empty() {
        return Some(None);
    }
    let mut condition = None;
    for trusted in &one.subjects {
        for subject in subjects {
            match (trusted.meets(&subject.pattern), subject.sure) {
                (Meets::All, _) | (Meets::Some, true) => return Some(None),
                (Meets::Some, false) => {
                    condition.get_or_insert_with(|| format!("its token must be of {}", trusted.text));
                }
                (Meets::None, _) => {}
            }
        }
    }
    condition.map(Some)
}

/// A role that the workflow names.
fn asked_for(inventory: &Inventory, workflow: &Workload, role: &Urn, admitted: &AllAdmitted) -> Option<Edge> {
    let edge = Edge::new(&workflow.id, EdgeKind::RunsAs, role, "role-to-assume in the workflow");
    if inventory.trusts.get(role).is_none() {
        return Some(edge.only(Holding::Unknown, "the role's trust policy was not read"));
    }
    let of_role: Vec<&Admitted> = admitted.of_role(role).into_iter().filter(|one| one.issuer == GITHUB).collect();
    let Some(head) = repository(workflow) else {
        // Where the repository's name is not known, what lets any in.
        let best = of_role.iter().min_by_key(|one| one.open.len())?;
        let subjects: Vec<&str> = best.subjects.iter().map(|subject| subject.text.as_str()).collect();
        let condition = format!("the repository, which is not known, must be that of {}", subjects.join(" or "));
        return Some(edge.only(Holding::Conditional, condition));
    };
    let subjects = subjects(workflow, role.as_str(), &head);
    let fitting = of_role.iter().filter_map(|one| Some((*one, lets_in(one, &subjects)?)));
    let (best, condition) = fitting.min_by_key(|(one, condition)| (condition.is_some(), one.open.len()))?;
    let mut conditions: Vec<String> = condition.into_iter().collect();
    if !best.open.is_empty() {
        conditions.push(format!("the trust policy asks {}", best.open.join(", ")));
    }
    let edge = Edge { why: format!("{}, which trusts {head}…", edge.why), ..edge };
    Some(if conditions.is_empty() { edge } else { edge.only(Holding::Conditional, conditions.join("; ")) })
}

/// Roles that trust the repository although the workflow does not name them.
fn possible(workflow: &Workload, admitted: &AllAdmitted) -> Vec<Edge> {
    let Some(head) = repository(workflow) else { return Vec::new() };
    let subjects = subjects(workflow, "*", &head);
    let others = admitted.of_repository(&head).filter(|one| !workflow.runs_as.contains(&one.role));
    let edges = others.filter_map(|one| {
        let condition = lets_in(one, &subjects)?;
        let why = "the role trusts the repository, and the workflow may ask for a token";
        let edge = Edge::new(&workflow.id, EdgeKind::RunsAs, &one.role, why);
        let asks = "a step must ask for this role".to_owned();
        Some(edge.only(Holding::Conditional, condition.map_or(asks.clone(), |one| format!("{asks}; {one}"))))
    });
    edges.collect()
}
