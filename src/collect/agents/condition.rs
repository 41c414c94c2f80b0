//! The condition of a job or step of a workflow, taken apart: which ways it leaves open, and whether each of them asks who it
//! is. Evaluates no value; what it does not understand guards nothing.
//!
//! Source: GitHub Docs, "Evaluate expressions in workflows and actions"; CommentAuthorAssociation of its GraphQL API;
//! "Webhook events and payloads".

use super::expression::{Expression, read};

/// By what outsiders start a workflow.
#[derive(Clone, Debug, Default)]
pub(super) struct Start {
    pub(super) events: Vec<String>,
    /// By nothing but a label, which they cannot set.
    pub(super) by_label: bool,
    /// By nothing but what members do: labels, assignments.
    pub(super) by_members: bool,
    /// Some step asks what the one who started it may do in the repository.
    pub(super) has_check: bool,
}

impl Start {
    /// Whether a condition lets nobody but known people pass.
    pub(super) fn guards(&self, condition: &str) -> bool {
        let condition = condition.trim();
        let inner = condition.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")).unwrap_or(condition);
        // Text beside an expression makes a text of it, and every text is true.
        let is_mixed = inner.contains("${{") || inner.contains("}}");
        let parsed = read(inner).filter(|_| !is_mixed);
        let events: Vec<&str> = self.events.iter().map(String::as_str).collect();
        self.by_members || parsed.is_some_and(|expression| self.holds(&expression, &events))
    }

    /// Whether nobody but known people make an expression true, where one of these events started the workflow: each side
    /// of an `||` must ask, one side of an `&&` is enough.
    fn holds(&self, expression: &Expression, events: &[&str]) -> bool {
        let named = expression.events();
        let left: Vec<&str> = match &named {
            // An event that it names is the only one of this way; one that outsiders cannot cause is none of theirs.
            Some(named) => events.iter().copied().filter(|event| named.contains(event)).collect(),
            None => events.to_vec(),
        };
        if named.is_some() && left.is_empty() {
            return true;
        }
        match expression {
            Expression::Or(ways) => ways.iter().all(|way| self.holds(way, &left)),
            Expression::And(parts) => parts.iter().any(|part| self.holds(part, &left)),
            Expression::Word(word) if word == "false" => true,
            other => self.asks(other, &left),
        }
    }

    /// Whether one comparison asks who it is.
    fn asks(&self, one: &Expression, events: &[&str]) -> bool {
        const MERGED: &str = "github.event.pull_request.merged";
        const LABEL: &str = "github.event.label.name";
        const NAMES: [&str; 3] = ["github.actor", "github.triggering_actor", "github.event.sender.login"];
        let is_of_change = !events.is_empty() && events.iter().all(|event| *event == "pull_request_target");
        // Only who may write merges a change.
        if one.is_word(MERGED) && is_of_change || is_no_fork(one, events) || is_member(one, events) {
            return true;
        }
        let Some((value, list)) = one.one_of() else {
            return one.compared().is_some_and(|(value, other)| {
                let is_variable = matches!(other, Expression::Word(word) if word.starts_with("vars."));
                NAMES.iter().any(|name| value.is_word(name)) && is_variable
                    || is_of_change && value.is_word(MERGED) && other.is_word("true")
            });
        };
        let is_answer = |word: &str| {
            (word.starts_with("steps.") || word.starts_with("needs."))
                && word.contains(".outputs.")
                && list.iter().all(|text| matches!(text.as_str(), "true" | "write" | "admin" | "maintain"))
        };
        let Expression::Word(word) = value else { return false };
        NAMES.contains(&word.as_str()) || self.by_label && word == LABEL || self.has_check && is_answer(word)
    }
}

/// Whether an expression asks for a member of the repository, in the thing of each event that its author started it with: a
/// comment may be a stranger's on an owner's issue. A thing that an event does not have is nobody's.
fn is_member(one: &Expression, events: &[&str]) -> bool {
    const MEMBERS: [&str; 3] = ["OWNER", "MEMBER", "COLLABORATOR"];
    let Some((value, list)) = one.one_of() else { return false };
    let things: Option<Vec<&str>> = value.ways().into_iter().map(association).collect();
    let Some(things) = things else { return false };
    let is_own = |event: &&str| {
        let has = things_of(event);
        // Of several the first that is there counts; the author of an event's first thing started it.
        let told = things.iter().find(|thing| has.contains(thing));
        told.is_none_or(|told| has.first() == Some(told))
    };
    let are_members = list.iter().all(|name| MEMBERS.iter().any(|member| name.eq_ignore_ascii_case(member)));
    are_members && !list.is_empty() && events.iter().all(is_own)
}

/// Whose association a value is: `comment` of `github.event.comment.author_association`.
fn association(value: &Expression) -> Option<&str> {
    let Expression::Word(word) = value else { return None };
    word.strip_prefix("github.event.")?.strip_suffix(".author_association")
}

/// What an event has with an author, first the thing whose author caused it.
fn things_of(event: &str) -> &'static [&'static str] {
    match event {
        "issue_comment" => &["comment", "issue"],
        "pull_request_review_comment" => &["comment", "pull_request"],
        "pull_request_review" => &["review", "pull_request"],
        "discussion_comment" => &["comment", "discussion"],
        "issues" => &["issue"],
        "pull_request_target" => &["pull_request"],
        "discussion" => &["discussion"],
        _ => &[],
    }
}

/// Whether a comparison keeps changes from forks out: then whoever wrote the change may write to the repository. Not where
/// somebody else may comment on it; and what an event does not have equals nothing but `false`.
fn is_no_fork(one: &Expression, events: &[&str]) -> bool {
    const OWN: &str = "github.repository";
    const HEADS: [&str; 2] =
        ["github.event.pull_request.head.repo.full_name", "github.event.workflow_run.head_repository.full_name"];
    const FORK: &str = "github.event.pull_request.head.repo.fork";
    let all = |wanted: &[&str]| !events.is_empty() && events.iter().all(|event| wanted.contains(event));
    let is_own = one.compared().is_some_and(|(value, other)| {
        let is_repository = other.is_word(OWN) || matches!(other, Expression::Text(text) if text.contains('/'));
        HEADS.iter().any(|head| value.is_word(head)) && is_repository
    });
    let is_not = match one {
        Expression::Not(inner) => inner.is_word(FORK),
        Expression::Unequal(value, other) => value.is_word(FORK) && other.is_word("true"),
        one => one.compared().is_some_and(|(value, other)| value.is_word(FORK) && other.is_word("false")),
    };
    is_own && all(&["pull_request_target", "workflow_run", "issues"]) || is_not && all(&["pull_request_target"])
}

#[cfg(test)]
mod tests {
    use super::Start;

    fn guards(condition: &str, events: &[&str], by_label: bool) -> bool {
        let events = events.iter().map(|&event| event.to_owned()).collect();
        Start { events, by_label, ..Start::default() }.guards(condition)
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
            "!cancelled() && (github.actor == 'anna' && (true || x))",
            "github.event_name == 'push' || github.actor == 'anna'",
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
            "!(github.actor == 'anna')",
            "github.event_name != 'push'",
            "github.actor == 'anna' && false || true",
            // Always true, or of somebody else, or no part of the condition.
            "github.actor == github.event.comment.user.login",
            "github.event.sender.login == github.actor",
            "github.event.issue.author_association == 'OWNER'",
            "contains(github.event.comment.body, 'github.actor==x')",
            "contains(github.event.comment.body, 'it''s github.actor == ''x'' there')",
            "${{ github.actor == 'anna' }} && true",
            "toJSON(github.actor == 'anna')",
            "github.actor == 'anna' ||",
            "",
        ] {
            assert!(!guards(condition, &["issue_comment"], false), "{condition}");
        }
    }

    /// The condition of the template that google-github-actions/run-gemini-cli hands out.
    #[test]
    fn the_first_thing_that_an_event_has_counts() {
        let condition = "(github.event_name == 'pull_request' && github.event.pull_request.head.repo.fork == false) || \
            (github.event.sender.type == 'User' && startsWith(github.event.comment.body || github.event.issue.body, '@gemini-cli') && \
            contains(fromJSON('[\"OWNER\", \"MEMBER\", \"COLLABORATOR\"]'), github.event.comment.author_association || \
            github.event.review.author_association || github.event.issue.author_association))";
        let all = ["issue_comment", "issues", "pull_request_review", "pull_request_review_comment"];
        assert!(guards(condition, &all, false));
        // The other way round the issue of a stranger's comment would count.
        let turned = "contains(fromJSON('[\"OWNER\"]'), github.event.issue.author_association || github.event.comment.author_association)";
        assert!(!guards(turned, &["issue_comment"], false) && guards(turned, &["issues"], false));
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
        for merged in ["github.event.pull_request.merged == true", "github.event.pull_request.merged"] {
            assert!(guards(merged, &["pull_request_target"], false) && !guards(merged, &["issues"], false));
        }
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
