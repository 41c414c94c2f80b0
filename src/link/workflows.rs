//! Which workflows may become which roles: what a workflow asks for, and what its token says, against what the role trusts. A
//! repository's name in both is what ties them; that both use the same forge does not.

use super::federation::{Admitted, AllAdmitted, GITHUB, Meets};
use crate::inventory::Inventory;
use crate::model::{AttributeName, Edge, EdgeKind, Holding, IdentityKind, Link, LinkKind, Urn, Workload, WorkloadKind};

/// Whether a workload is one whose tokens a forge makes.
pub(super) fn is_of_forge(workload: &Workload) -> bool {
    matches!(workload.kind, WorkloadKind::CiGithubWorkflow | WorkloadKind::CiGitlabPipeline)
}

pub(super) fn link(inventory: &Inventory, admitted: &AllAdmitted, edges: &mut Vec<Edge>) {
    for workflow in inventory.workloads.iter().filter(|one| is_of_forge(one)) {
        for role in &workflow.runs_as {
            edges.extend(asked_for(inventory, workflow, role, admitted));
        }
        edges.extend(possible(workflow, admitted));
    }
}

/// Whether a link says that an agent of a workflow takes a role on: whether it can, the role's trust says, as of its workflow.
pub(super) fn is_of_agent(inventory: &Inventory, link: &Link) -> bool {
    let is_agent = || inventory.identities.get(&link.from).is_some_and(|one| one.kind == IdentityKind::AgentCi);
    link.kind == LinkKind::ActsAs && link.from.as_str().starts_with("agent:") && is_agent()
}

/// The role that an agent takes on by such a link; none where the role does not let its workflow in.
pub(super) fn of_agent(inventory: &Inventory, link: &Link, admitted: &AllAdmitted) -> Option<Edge> {
    let edge = Edge::new(&link.from, EdgeKind::ActsAs, &link.to, link.why.clone());
    // `agent:TREE/PATH#PART` of the workflow `code:TREE/PATH`.
    let name = link.from.as_str().strip_prefix("agent:")?;
    let workflow =
        name.match_indices('#').find_map(|(at, _)| inventory.workloads.get(&Urn::new(format!("code:{}", &name[..at]))));
    let Some(workflow) = workflow else {
        return Some(edge.only(Holding::Unknown, "its workflow asks for no token, so that keys must take the role on"));
    };
    let asked = asked_for(inventory, workflow, &link.to, admitted)?;
    Some(Edge { from: edge.from, kind: EdgeKind::ActsAs, ..asked })
}

/// How the subjects of a workflow's tokens begin.
fn repository(workflow: &Workload) -> Option<String> {
    let name = workflow.attributes.text(AttributeName::Repository)?;
    match workflow.kind {
        // Without the host nobody knows who makes its tokens.
        WorkloadKind::CiGitlabPipeline => {
            workflow.attributes.text(AttributeName::Forge).map(|_| format!("project_path:{name}:"))
        }
        _ => Some(format!("repo:{name}:")),
    }
}

/// Whether a statement is about tokens of the forge that a workflow runs at.
fn is_of(workflow: &Workload, one: &Admitted) -> bool {
    match (workflow.kind, workflow.attributes.text(AttributeName::Forge)) {
        (WorkloadKind::CiGitlabPipeline, Some(host)) => {
            let issuer = one.issuer.split(['/', ':']).next().unwrap_or(&one.issuer);
            issuer.eq_ignore_ascii_case(host)
        }
        (WorkloadKind::CiGitlabPipeline, None) => one.issuer != GITHUB,
        // A GitHub of one's own has its issuer below its own name, one of the enterprise cloud with its own data residency beside
        // it; a mirror at another forge gets no tokens at all.
        // Source: GitHub Enterprise Server Docs, "OpenID Connect"; GitHub Enterprise Cloud Docs, "About GHE.com".
        (_, Some(host)) => {
            let issuer = one.issuer.to_ascii_lowercase();
            issuer == format!("{host}/_services/token") || issuer == format!("token.actions.{host}")
        }
        (_, None) => one.issuer == GITHUB,
    }
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
    let verdicts = || subjects.iter().filter_map(|subject| weigh(one, subject));
    if let Some(best) = verdicts().min_by_key(Option::is_some) {
        return Some(best);
    }
    // A forge finds a repository however it is spelled; a token has its own spelling.
    let lower =
        |list: &[super::federation::Subject]| list.iter().map(super::federation::Subject::lower).collect::<Vec<_>>();
    let spelled = Admitted {
        tests: one.tests.iter().map(|list| lower(list)).collect(),
        denied: lower(&one.denied),
        ..one.clone()
    };
    let lower = |one: &Subject| Subject { pattern: one.pattern.to_lowercase(), sure: one.sure };
    let found = subjects.iter().any(|subject| weigh(&spelled, &lower(subject)).is_some());
    found.then(|| Some(format!("the repository must be spelled as in {}", one.shown())))
}

/// The same for one token: every test must hold, and no Deny.
fn weigh(one: &Admitted, subject: &Subject) -> Option<Option<String>> {
    let mut doubts: Vec<String> = Vec::new();
    for list in &one.tests {
        let met: Vec<Meets> = list.iter().map(|trusted| trusted.meets(&subject.pattern)).collect();
        if met.contains(&Meets::All) {
            continue;
        }
        if !met.contains(&Meets::Some) {
            return None;
        }
        let texts: Vec<&str> = list.iter().map(|trusted| trusted.text.as_str()).collect();
        doubts.push(format!("its token must be of {}", texts.join(" or ")));
    }
    for denied in &one.denied {
        match denied.meets(&subject.pattern) {
            Meets::All => return None,
            Meets::Some => doubts.push(format!("its token must not be of {}", denied.text)),
            Meets::None => {}
        }
    }
    // Of what the workflow can have each of, one that meets a single test will do; several tests may shut each other out.
    let is_sure = doubts.is_empty() || subject.sure && doubts.len() == 1;
    Some((!is_sure).then(|| doubts.join("; ")))
}

/// A role that the workflow names.
fn asked_for(inventory: &Inventory, workflow: &Workload, role: &Urn, admitted: &AllAdmitted) -> Option<Edge> {
    let why = match workflow.kind {
        WorkloadKind::CiGitlabPipeline => "the role that a job of the pipeline names",
        _ => "role-to-assume in the workflow",
    };
    let edge = Edge::new(&workflow.id, EdgeKind::RunsAs, role, why);
    if inventory.trusts.get(role).is_none() {
        return Some(edge.only(Holding::Unknown, "the role's trust policy was not read"));
    }
    let of_role: Vec<&Admitted> = admitted.of_role(role).into_iter().filter(|one| is_of(workflow, one)).collect();
    let Some(head) = repository(workflow) else {
        // Where the repository's name is not known, what lets any in.
        let best = of_role.iter().min_by_key(|one| one.open.len())?;
        let condition = format!("the repository, which is not known, must be that of {}", best.shown());
        return Some(edge.only(Holding::Conditional, condition));
    };
    let subjects = subjects(workflow, role.as_str(), &head);
    let fitting = of_role.iter().filter_map(|one| Some((*one, lets_in(one, &subjects)?)));
    let (best, condition) = fitting.min_by_key(|(one, condition)| (condition.is_some(), one.open.len()))?;
    let mut conditions: Vec<String> = condition.into_iter().collect();
    if !best.open.is_empty() {
        conditions.push(format!("the trust policy asks {}", best.open.join(", ")));
    }
    let edge = Edge { why: format!("{}, which trusts {head}…", edge.why).into(), ..edge };
    Some(if conditions.is_empty() { edge } else { edge.only(Holding::Conditional, conditions.join("; ")) })
}

/// Roles that trust the repository although the workflow does not name them.
fn possible(workflow: &Workload, admitted: &AllAdmitted) -> Vec<Edge> {
    let Some(head) = repository(workflow) else { return Vec::new() };
    let subjects = subjects(workflow, "*", &head);
    let others = admitted.of_repository(&head).filter(|one| is_of(workflow, one));
    let others = others.filter(|one| !workflow.runs_as.contains(&one.role));
    let edges = others.filter_map(|one| {
        let condition = lets_in(one, &subjects)?;
        let why = "the role trusts the repository, and the workflow may ask for a token";
        let edge = Edge::new(&workflow.id, EdgeKind::RunsAs, &one.role, why);
        let asks = "a step must ask for this role".to_owned();
        Some(edge.only(Holding::Conditional, condition.map_or(asks.clone(), |one| format!("{asks}; {one}"))))
    });
    edges.collect()
}
