//! Whether a workflow lets nobody but people whom the repository knows get as far as a job or step. Evaluates no
//! expression: what it does not understand guards nothing.
//!
//! Source: GitHub Docs, "Expressions", "Using conditions to control job execution"; CommentAuthorAssociation of its GraphQL
//! API; "Managing labels": only people with triage rights set them.

use std::collections::{HashMap, HashSet};

use super::frameworks::Frameworks;
use super::node::{Entry, Node};

/// What of a workflow decides who gets where.
pub(super) struct Gates<'n> {
    /// The jobs to which only known people get.
    held: HashSet<&'n str>,
    /// Outsiders start it by nothing but a label, which they cannot set.
    by_label: bool,
}

impl<'n> Gates<'n> {
    pub(super) fn of(tree: &'n Node, frameworks: &Frameworks) -> Self {
        let events = tree.get("on").map(Node::entries).unwrap_or_default();
        let mut open = events.iter().filter(|entry| frameworks.is_untrusted(&entry.key)).peekable();
        let by_label = open.peek().is_some()
            && open.all(|entry| entry.value.get("types").is_some_and(|types| types.words() == ["labeled"]));
        let mut gates = Self { held: HashSet::new(), by_label };
        gates.held = gates.held_jobs(tree.get("jobs").map(Node::entries).unwrap_or_default());
        gates
    }

    /// Whether only known people get to a step of a job.
    pub(super) fn hold(&self, job: &str, step: &Node) -> bool {
        self.held.contains(job) || self.guards(step)
    }

    /// The jobs that ask who it is, and those that need one of them: a job is skipped where one that it needs is, unless it
    /// says that it runs all the same.
    fn held_jobs(&self, jobs: &'n [Entry]) -> HashSet<&'n str> {
        let mut needed_by: HashMap<&str, Vec<&'n str>> = HashMap::new();
        let mut open: Vec<&'n str> = Vec::new();
        for job in jobs {
            let condition = job.value.text_of("if").unwrap_or_default();
            if self.guards(&job.value) {
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
        node.text_of("if").is_some_and(|condition| guards(condition, self.by_label))
    }
}

/// Whether a condition holds for nobody but people whom the repository knows, on each of its ways: every side of an `||` must
/// ask who it is, without a negation.
fn guards(condition: &str, by_label: bool) -> bool {
    let condition = condition.trim().trim_start_matches("${{").trim_end_matches("}}");
    let flat: String = condition.chars().filter(|letter| !letter.is_whitespace()).collect();
    // Brackets around ways are not taken apart: then each way must ask by itself all the same.
    let is_negated = flat.contains("!contains(") || flat.contains("!(");
    let asks = |comparison: &str| {
        asks_who(comparison)
            || by_label && comparison.contains("github.event.label.name==") && !comparison.contains("!=")
    };
    !is_negated && flat.split("||").all(|way| way.split("&&").any(asks))
}

/// Whether a comparison lets nobody pass but people whom the repository knows.
fn asks_who(comparison: &str) -> bool {
    const MEMBERS: [&str; 3] = ["'OWNER'", "'MEMBER'", "'COLLABORATOR'"];
    const STRANGERS: [&str; 5] = ["NONE", "CONTRIBUTOR", "FIRST_TIMER", "FIRST_TIME_CONTRIBUTOR", "MANNEQUIN"];
    const NAMED: [&str; 3] = ["github.actor==", "github.triggering_actor==", "sender.login=="];
    if comparison.contains("!=") {
        return false;
    }
    if NAMED.iter().any(|who| comparison.contains(who)) {
        return true;
    }
    let is_listed = comparison.contains("contains(") && comparison.contains("fromJSON(");
    let words = |text: &str, name: &str| text.contains(&format!("'{name}'")) || text.contains(&format!("\"{name}\""));
    comparison.contains("author_association")
        && !STRANGERS.iter().any(|name| words(comparison, name))
        && if is_listed {
            ["OWNER", "MEMBER", "COLLABORATOR"].iter().any(|name| words(comparison, name))
        } else {
            MEMBERS
                .iter()
                .any(|name| comparison.contains(&format!("=={name}")) || comparison.contains(&format!("{name}==")))
        }
}

#[cfg(test)]
mod tests {
    use super::guards;

    #[test]
    fn a_guard_lets_only_known_people_pass_on_each_way() {
        for condition in [
            "github.event.comment.author_association == 'OWNER'",
            "${{ github.event.comment.author_association == 'MEMBER' && contains(github.event.comment.body, '@claude') }}",
            "contains(fromJSON('[\"OWNER\",\"MEMBER\"]'), github.event.comment.author_association)",
            "github.actor == 'anna' || github.event.issue.author_association == 'OWNER'",
        ] {
            assert!(guards(condition, false), "{condition}");
        }
        for condition in [
            "github.event.comment.author_association != 'OWNER'",
            "github.event.comment.author_association == 'NONE'",
            "github.event.comment.author_association == 'OWNER' || contains(github.event.comment.body, '@claude')",
            "!contains(fromJSON('[\"OWNER\"]'), github.event.comment.author_association)",
            "contains(fromJSON('[\"OWNER\",\"CONTRIBUTOR\"]'), github.event.comment.author_association)",
            "contains(github.event.comment.body, '@claude')",
            "github.actor != 'dependabot[bot]'",
            "",
        ] {
            assert!(!guards(condition, false), "{condition}");
        }
    }

    #[test]
    fn a_label_guards_where_nothing_else_starts_it() {
        let label = "github.event.label.name == 'safe'";
        assert!(guards(label, true) && !guards(label, false));
        assert!(!guards("github.event.label.name != 'unsafe'", true));
    }
}
