//! Whether a workflow lets nobody but people whom the repository knows get as far as a job or step. Runs nothing.
//!
//! Source: GitHub Docs, "Using conditions to control job execution"; "Managing labels": only people with triage rights set
//! them.

use std::collections::{HashMap, HashSet};

use super::condition::Start;
use super::node::{Entry, Node};

/// What of a workflow decides who gets where.
pub(super) struct Gates<'n> {
    /// The jobs to which only known people get.
    held: HashSet<&'n str>,
    start: Start,
}

impl<'n> Gates<'n> {
    /// Of a workflow, where outsiders cause the events that are open.
    pub(super) fn of(tree: &'n Node, is_open: &dyn Fn(&str) -> bool) -> Self {
        let on = tree.get("on");
        let entries = on.map(Node::entries).unwrap_or_default();
        let mut open = entries.iter().filter(|entry| is_open(&entry.key)).peekable();
        let by_label = open.peek().is_some()
            && open.all(|entry| entry.value.get("types").is_some_and(|types| types.words() == ["labeled"]));
        // Only people with triage rights set labels, assign, and plan.
        // Source: GitHub Docs, "Repository roles for an organization", triage.
        const OF_MEMBERS: [&str; 6] = ["labeled", "unlabeled", "assigned", "unassigned", "milestoned", "demilestoned"];
        let untrusted: Vec<&Entry> = entries.iter().filter(|entry| is_open(&entry.key)).collect();
        let by_members = !untrusted.is_empty()
            && untrusted.iter().all(|entry| {
                let types = entry.value.get("types").map(Node::words).unwrap_or_default();
                !types.is_empty() && types.iter().all(|one| OF_MEMBERS.contains(one))
            });
        let names = entries.iter().map(|entry| entry.key.as_str()).chain(on.map(Node::words).unwrap_or_default());
        let events = names.filter(|name| is_open(name)).map(str::to_owned).collect();
        let mut gates = Self { held: HashSet::new(), start: Start::default() };
        let jobs = tree.get("jobs").map(Node::entries).unwrap_or_default();
        let has_check = jobs.iter().flat_map(|job| steps(&job.value)).any(asks_for_rights);
        gates.start = Start { events, by_label, by_members, has_check };
        gates.held = gates.held_jobs(jobs);
        gates
    }

    /// Whether only known people get to a step of a job.
    pub(super) fn hold(&self, job: &str, step: &Node) -> bool {
        self.start.by_members || self.held.contains(job) || self.guards(step)
    }

    /// The jobs that ask who it is, and those that need one of them: a job is skipped where one that it needs is, unless it
    /// says that it runs all the same.
    fn held_jobs(&self, jobs: &'n [Entry]) -> HashSet<&'n str> {
        let mut needed_by: HashMap<&str, Vec<&'n str>> = HashMap::new();
        let mut open: Vec<&'n str> = Vec::new();
        for job in jobs {
            let condition = job.value.text_of("if").unwrap_or_default();
            if self.guards(&job.value) || steps(&job.value).iter().any(ends_for_strangers) {
                open.push(&job.key);
            } else if !["always()", "failure()", "cancelled()"].iter().any(|word| condition.contains(word)) {
                for name in job.value.get("needs").map(Node::words).unwrap_or_default() {
                    needed_by.entry(name).or_default().push(&job.key);
                }
            }
        }
        let mut held = HashSet::new();
        while let Some(job) = open.pop() {
            if held.insert(job) {
                open.extend(needed_by.get(job).into_iter().flatten().copied());
            }
        }
        held
    }

    fn guards(&self, node: &Node) -> bool {
        let is_off = node.get("if").is_some_and(|condition| condition.word() == Some("false"));
        is_off || node.text_of("if").is_some_and(|condition| self.start.guards(condition))
    }

    /// By what outsiders start it, for files that it calls.
    pub(super) fn start(&self) -> Start {
        self.start.clone()
    }
}

fn steps(job: &Node) -> &[Node] {
    job.get("steps").map(Node::items).unwrap_or_default()
}

/// Actions that tell what somebody may do in the repository, and those that end the job for whoever may not write.
/// Source: the actions' own documentation.
const CHECKS: [&str; 3] = [
    "actions-cool/check-user-permission",
    "sushichop/action-repository-permission",
    "tspascoal/get-user-teams-membership",
];
const ENDING: [&str; 2] = ["prince-chrismc/check-actor-permissions-action", "lannonbr/repo-permission-check-action"];

/// Whether a step asks what the one who started the workflow may do: by an action, or by the API.
/// Source: GitHub REST API, "Get repository permissions for a user".
fn asks_for_rights(step: &Node) -> bool {
    let uses = step.text_of("uses").unwrap_or_default().to_lowercase();
    let script = step.get("with").and_then(|with| with.text_of("script"));
    let text = [step.text_of("run"), script].into_iter().flatten();
    CHECKS.iter().any(|check| uses.starts_with(check))
        || text.into_iter().any(|text| {
            text.contains("getCollaboratorPermissionLevel")
                || text.contains("collaborators/") && text.contains("/permission")
        })
}

fn ends_for_strangers(step: &Node) -> bool {
    let uses = step.text_of("uses").unwrap_or_default().to_lowercase();
    ENDING.iter().any(|check| uses.starts_with(check)) && !step.is_true("continue-on-error") && step.get("if").is_none()
}
