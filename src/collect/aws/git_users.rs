//! Which users may use CodeCommit, as far as the words of their policies say: an SSH key opens nothing else in AWS, and
//! listing them costs a call a user. It must not decide what a policy allows.

use std::collections::BTreeSet;

use serde_json::Value;

use super::records::Projection;
use crate::model::Urn;

impl Projection {
    /// Notes that a policy may allow the use of git repositories.
    pub(super) fn note_git(&mut self, id: &Urn, document: &Value) {
        if may_use_git(document) {
            self.git_policies.insert(id.clone());
        }
    }

    /// The users that may hold a right to git repositories: all whose policies were not all read, too.
    pub(super) fn git_users(&self, whole: bool) -> Vec<String> {
        let through_groups: BTreeSet<&String> = self
            .members
            .iter()
            .filter(|(group, _)| {
                self.groups.get(*group).is_none_or(|held| held.policies.iter().any(|id| self.may_use_git(id)))
            })
            .flat_map(|(_, members)| members)
            .collect();
        let users = self.users.iter().filter(|(_, arn)| {
            let own = self.held.get(*arn).into_iter().flatten();
            !whole || through_groups.contains(arn) || own.into_iter().any(|id| self.may_use_git(id))
        });
        users.map(|(name, _)| name.clone()).collect()
    }

    fn may_use_git(&self, id: &Urn) -> bool {
        let is_inline = id.as_str().contains("#inline/");
        self.git_policies.contains(id) || !(is_inline || self.seen_policies.contains(id.as_str()))
    }
}

fn may_use_git(document: &Value) -> bool {
    let statements = match document.get("Statement") {
        Some(Value::Array(list)) => list.as_slice(),
        Some(one @ Value::Object(_)) => std::slice::from_ref(one),
        _ => &[],
    };
    statements.iter().filter(|one| one.get("Effect").and_then(Value::as_str) == Some("Allow")).any(|one| {
        match (one.get("Action"), one.get("NotAction")) {
            (Some(actions), _) => texts(actions).iter().any(|action| names_git(action)),
            (None, Some(but)) => !texts(but).iter().any(|action| action.eq_ignore_ascii_case("codecommit:*")),
            (None, None) => false,
        }
    })
}

/// Whether an action may be `codecommit:GitPull` or `codecommit:GitPush`.
fn names_git(action: &str) -> bool {
    let lower = action.to_ascii_lowercase();
    let Some((service, name)) = lower.split_once(':') else { return lower.starts_with('*') };
    (service == "codecommit" || service.contains(['*', '?'])) && name.starts_with(['g', '*', '?'])
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::may_use_git;

    #[test]
    fn a_right_to_git_is_seen_in_every_form() {
        let allow =
            |action: serde_json::Value| json!({"Statement": {"Effect": "Allow", "Action": action, "Resource": "*"}});
        for action in ["*", "codecommit:*", "CodeCommit:GitPull", "code*:*", "codecommit:Git*", "*:*"] {
            assert!(may_use_git(&allow(json!(["s3:GetObject", action]))), "{action}");
        }
        for action in ["s3:*", "codecommit:ListRepositories", "codebuild:*"] {
            assert!(!may_use_git(&allow(json!(action))), "{action}");
        }
        assert!(may_use_git(&json!({"Statement": [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]})));
        assert!(!may_use_git(&json!({"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]})));
    }
}
