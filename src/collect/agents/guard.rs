//! Whether a workflow lets nobody but people whom the repository knows get as far as a job or step. Evaluates no
//! expression: what it does not understand guards nothing.
//!
//! Source: GitHub Docs, "Expressions", "Using conditions to control job execution"; CommentAuthorAssociation of its GraphQL
//! API; "Managing labels": only people with triage rights set them.

use std::collections::{HashMap, HashSet};

use super::node::{Entry, Node};

/// What of a workflow decides who gets where.
pub(super) struct Gates<'n> {
    /// The jobs to which only known people get.
    held: HashSet<&'n str>,
    start: Start,
}

/// By what outsiders start it.
#[derive(Clone, Debug, Default)]
pub(super) struct Start {
    events: Vec<String>,
    /// By nothing but a label, which they cannot set.
    by_label: bool,
    /// By nothing but what members do: labels, assignments.
    by_members: bool,
    /// Some step asks what the one who started it may do in the repository.
    has_check: bool,
}

impl Start {
    /// Whether a condition lets nobody but known people pass.
    pub(super) fn guards(&self, condition: &str) -> bool {
        self.by_members || guards(condition, self)
    }
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

/// Whether a comparison asks for a good answer of such a step, or of the job that it is in.
fn is_answer(part: &str, literals: &[String]) -> bool {
    let is_output =
        |text: &str| (text.starts_with("steps.") || text.starts_with("needs.")) && text.contains(".outputs.");
    let bare = part.trim_start_matches('(').trim_end_matches(')');
    bare.split_once("==").is_some_and(|(one, other)| {
        let value = if is_output(one) { other } else { one };
        let is_good =
            literal(value, literals).is_some_and(|text| matches!(text, "true" | "write" | "admin" | "maintain"));
        (is_output(one) || is_output(other)) && is_good
    })
}

/// Whether a condition holds for nobody but people whom the repository knows, on each of its ways: every side of an `||` must
/// ask who it is, without a negation.
fn guards(condition: &str, start: &Start) -> bool {
    let condition = condition.trim();
    let condition = condition.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")).unwrap_or(condition);
    let (flat, literals) = without_literals(condition);
    // Text beside an expression makes a text of it, and every text is true. Brackets around ways are not taken apart: then
    // each way must ask by itself all the same.
    if flat == "false" {
        return true;
    }
    if ["!contains(", "!(", "${{", "}}"].iter().any(|sign| flat.contains(sign)) {
        return false;
    }
    flat.split("||").all(|way| {
        // An event that it names is the only one of this way.
        let named = way.split("&&").find_map(|part| compared(part, "github.event_name", &literals));
        let all = start.events.iter().map(String::as_str);
        let events: Vec<&str> = named.map_or_else(|| all.collect(), |event| vec![event]);
        way.split("&&").any(|part| {
            asks_who(part, &literals, &events, start.by_label) || start.has_check && is_answer(part, &literals)
        })
    })
}

/// A condition without white space and with `'N'` for its Nth text in quotes: what stands in those is no part of it.
fn without_literals(condition: &str) -> (String, Vec<String>) {
    let (mut flat, mut literals) = (String::new(), Vec::new());
    let mut letters = condition.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter != '\'' {
            flat.extend((!letter.is_whitespace()).then_some(letter));
            continue;
        }
        let mut text = String::new();
        while let Some(letter) = letters.next() {
            // Two in a row stand for one.
            if letter != '\'' || letters.next_if_eq(&'\'').is_some() {
                text.push(letter);
            } else {
                break;
            }
        }
        flat.extend(["'", &literals.len().to_string(), "'"]);
        literals.push(text);
    }
    (flat, literals)
}

/// The text of a placeholder that stands alone.
fn literal<'l>(placeholder: &str, literals: &'l [String]) -> Option<&'l str> {
    let number = placeholder.strip_prefix('\'')?.strip_suffix('\'')?;
    literals.get(number.parse::<usize>().ok()?).map(String::as_str)
}

/// The text in quotes that a comparison compares a value with, on either side.
fn compared<'l>(part: &str, value: &str, literals: &'l [String]) -> Option<&'l str> {
    let part = part.trim_start_matches('(').trim_end_matches(')');
    let (one, other) = part.split_once("==")?;
    let text = if one == value { other } else { Some(one).filter(|_| other == value)? };
    literal(text, literals)
}

/// The names of a list in quotes of which a value must be one: `contains(fromJSON('["a"]'), value)`, with the value.
fn listed<'p>(part: &'p str, literals: &[String]) -> Option<(Vec<String>, &'p str)> {
    let part = part.trim_start_matches('(').strip_prefix("contains(fromJSON(")?;
    let (list, value) = part.split_once("),")?;
    let value = value.strip_suffix(')')?.trim_end_matches(')');
    Some((serde_json::from_str(literal(list, literals)?).ok()?, value))
}

/// Whether a comparison lets nobody pass but people whom the repository knows, whichever of the events it was.
fn asks_who(part: &str, literals: &[String], events: &[&str], by_label: bool) -> bool {
    const MEMBERS: [&str; 3] = ["OWNER", "MEMBER", "COLLABORATOR"];
    const NAMES: [&str; 3] = ["github.actor", "github.triggering_actor", "github.event.sender.login"];
    const LABEL: &str = "github.event.label.name";
    let list = listed(part, literals);
    let is_name = |name: &&str| {
        let is_variable = part.trim_matches(['(', ')']).split_once("==vars.").is_some_and(|(one, of)| {
            one == *name && of.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        });
        compared(part, name, literals).is_some() || list.as_ref().is_some_and(|(_, value)| value == name) || is_variable
    };
    // Only who may write merges a change.
    const MERGED: &str = "github.event.pull_request.merged";
    let bare = part.trim_matches(['(', ')']);
    let is_merged = bare == MERGED || bare == format!("{MERGED}==true");
    if is_no_fork(part, literals, events)
        || is_merged && !events.is_empty() && events.iter().all(|one| *one == "pull_request_target")
    {
        return true;
    }
    if NAMES.iter().any(is_name) || by_label && compared(part, LABEL, literals).is_some() {
        return true;
    }
    let is_member = |name: &str| MEMBERS.iter().any(|member| name.eq_ignore_ascii_case(member));
    ["comment", "review", "issue", "pull_request", "discussion"].iter().any(|whose| {
        let value = format!("github.event.{whose}.author_association");
        let asks = compared(part, &value, literals).is_some_and(is_member)
            || list.as_ref().is_some_and(|(names, of)| *of == value && names.iter().all(|name| is_member(name)));
        asks && !events.iter().any(|event| is_of_another(whose, event))
    })
}

/// Whether a comparison keeps changes from forks out: then whoever wrote the change may write to the repository. Not where
/// somebody else may comment on it; and what an event does not have equals nothing but `false`.
fn is_no_fork(part: &str, literals: &[String], events: &[&str]) -> bool {
    const OWN: &str = "github.repository";
    const HEADS: [&str; 2] =
        ["github.event.pull_request.head.repo.full_name", "github.event.workflow_run.head_repository.full_name"];
    const FORK: &str = "github.event.pull_request.head.repo.fork";
    let bare = part.trim_matches(['(', ')']);
    let all = |wanted: &[&str]| !events.is_empty() && events.iter().all(|event| wanted.contains(event));
    let is_own = bare.split_once("==").is_some_and(|(one, other)| {
        let is_repository = |text: &str| text == OWN || literal(text, literals).is_some_and(|name| name.contains('/'));
        HEADS.contains(&one) && is_repository(other) || HEADS.contains(&other) && is_repository(one)
    });
    let is_not = bare == format!("!{FORK}") || bare == format!("{FORK}==false") || bare == format!("{FORK}!=true");
    is_own && all(&["pull_request_target", "workflow_run", "issues"]) || is_not && all(&["pull_request_target"])
}

/// Whether the thing of an event was written by somebody else than whoever started it: a comment may be a stranger's on an
/// owner's issue. A thing that an event does not have is nobody's.
/// Source: GitHub Docs, "Webhook events and payloads".
fn is_of_another(whose: &str, event: &str) -> bool {
    matches!(
        (event, whose),
        ("issue_comment", "issue")
            | ("pull_request_review_comment" | "pull_request_review", "pull_request")
            | ("discussion_comment", "discussion")
    )
}

#[cfg(test)]
mod tests {
    use super::Start;

    fn guards(condition: &str, events: &[&str], by_label: bool) -> bool {
        Start {
            events: events.iter().map(|&event| event.to_owned()).collect(),
            by_label,
            by_members: false,
            has_check: false,
        }
        .guards(condition)
    }

    #[test]
    fn a_guard_lets_only_known_people_pass_on_each_way() {
        for condition in [
            "github.event.comment.author_association == 'OWNER'",
            "${{ github.event.comment.author_association == 'MEMBER' && contains(github.event.comment.body, '@claude') }}",
            "contains(fromJSON('[\"OWNER\",\"MEMBER\"]'), github.event.comment.author_association)",
            "github.actor == 'anna' || 'MEMBER' == github.event.comment.author_association",
            "(github.event_name == 'issues' && github.event.issue.author_association == 'OWNER') || github.actor == vars.BOT",
            "contains(fromJSON('[\"anna\",\"ben\"]'), github.actor)",
        ] {
            assert!(guards(condition, &["issue_comment"], false), "{condition}");
        }
        for condition in [
            "github.event.comment.author_association != 'OWNER'",
            "github.event.comment.author_association == 'NONE'",
            "github.event.comment.author_association == 'OWNER' || contains(github.event.comment.body, '@claude')",
            "!contains(fromJSON('[\"OWNER\"]'), github.event.comment.author_association)",
            "contains(fromJSON('[\"OWNER\",\"CONTRIBUTOR\"]'), github.event.comment.author_association)",
            "contains(github.event.comment.body, '@claude')",
            "github.actor != 'dependabot[bot]'",
            // Always true, or of somebody else, or no part of the condition.
            "github.actor == github.event.comment.user.login",
            "github.event.sender.login == github.actor",
            "github.event.issue.author_association == 'OWNER'",
            "contains(github.event.comment.body, 'github.actor==x')",
            "contains(github.event.comment.body, 'it''s github.actor == ''x'' there')",
            "${{ github.actor == 'anna' }} && true",
            "toJSON(github.actor == 'anna')",
            "",
        ] {
            assert!(!guards(condition, &["issue_comment"], false), "{condition}");
        }
    }

    #[test]
    fn whose_association_counts_depends_on_the_event() {
        let of = |whose: &str, event: &str| {
            guards(&format!("github.event.{whose}.author_association == 'OWNER'"), &[event], false)
        };
        assert!(of("issue", "issues") && of("pull_request", "pull_request_target"));
        assert!(of("review", "pull_request_review") && of("comment", "pull_request_review_comment"));
        assert!(!of("pull_request", "pull_request_review_comment") && !of("pull_request", "pull_request_review"));
        assert!(!guards("github.event.issue.author_association == 'OWNER'", &["issues", "issue_comment"], false));
    }

    #[test]
    fn answers_about_rights_guard_where_somebody_asks() {
        let asked = |condition: &str, has_check: bool| {
            Start { events: vec!["issue_comment".to_owned()], has_check, ..Start::default() }.guards(condition)
        };
        for condition in [
            "needs.check.outputs.allowed == 'true'",
            "contains(github.event.comment.body, '@x') && steps.p.outputs.require-result == 'true'",
            "'admin' == steps.p.outputs.user-permission",
        ] {
            assert!(asked(condition, true) && !asked(condition, false), "{condition}");
        }
        for condition in [
            "needs.check.outputs.allowed == 'false'",
            "needs.check.outputs.allowed != 'true'",
            "steps.p.outcome == 'true'",
        ] {
            assert!(!asked(condition, true), "{condition}");
        }
        let merged = "github.event.pull_request.merged == true";
        assert!(guards(merged, &["pull_request_target"], false) && !guards(merged, &["issues"], false));
    }

    #[test]
    fn changes_of_forks_are_kept_out() {
        let own = "github.event.pull_request.head.repo.full_name == github.repository";
        let fork = "github.event.pull_request.head.repo.fork == false";
        let not = "!github.event.pull_request.head.repo.fork";
        let target = ["pull_request_target"];
        assert!([own, fork, not].iter().all(|condition| guards(condition, &target, false)));
        assert!(guards("false", &target, false) && guards("${{ false }}", &target, false));
        // A stranger comments on a change of the house; and an issue has no head, which equals `false`.
        assert!(!guards(own, &["pull_request_review_comment"], false) && !guards(fork, &["issues"], false));
        assert!(!guards("github.event.pull_request.head.repo.fork == true", &target, false));
    }

    #[test]
    fn a_label_guards_where_nothing_else_starts_it() {
        let label = "github.event.label.name == 'safe'";
        let on = ["pull_request_target"];
        assert!(guards(label, &on, true) && !guards(label, &on, false));
        assert!(!guards("github.event.label.name != 'unsafe'", &on, true));
        assert!(!guards("github.event.label.name == github.event.label.name", &on, true));
    }
}
