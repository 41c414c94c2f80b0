//! Trust that a role puts into tokens of another system: a cluster's service accounts, a forge's workflows. Reads what
//! the trust policy says of a token's subject; a subject that is not written out ties nobody to the role.
//!
//! Source: AWS IAM User Guide, "Create a role for OpenID Connect federation"; GitHub Docs, "OpenID Connect reference".

use std::collections::HashMap;

use rayon::prelude::*;
use serde_json::Value;

use crate::model::{Trust, Urn, wildcard};

/// The issuer of the tokens of GitHub's workflows.
/// Source: GitHub Docs, "Configuring OpenID Connect in Amazon Web Services".
pub(super) const GITHUB: &str = "token.actions.githubusercontent.com";
const ASSUME: &str = "sts:assumerolewithwebidentity";

/// One statement that lets tokens of an issuer in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Admitted {
    /// The role.
    pub(super) role: Urn,
    /// The issuer without `https://`, such as `token.actions.githubusercontent.com`.
    pub(super) issuer: String,
    /// What a token's subject must be: one of each list. None where the policy does not say, which lets in every token of
    /// the issuer.
    pub(super) tests: Vec<Vec<Subject>>,
    /// The subjects that another statement keeps out.
    pub(super) denied: Vec<Subject>,
    /// Further conditions that cannot be judged from here, by their keys.
    pub(super) open: Vec<String>,
}

/// How much of a set of subjects is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meets {
    All,
    Some,
    None,
}

impl Admitted {
    /// Whether a token of this very subject is let in.
    pub(super) fn admits(&self, subject: &str) -> bool {
        let fits = |list: &Vec<Subject>| list.iter().any(|one| one.matches(subject));
        self.tests.iter().all(fits) && !self.denied.iter().any(|one| one.matches(subject))
    }

    /// All subjects that it lets in, for a reader.
    pub(super) fn shown(&self) -> String {
        let lists =
            self.tests.iter().map(|list| list.iter().map(|one| one.text.as_str()).collect::<Vec<_>>().join(" or "));
        lists.collect::<Vec<_>>().join(", and ")
    }
}

/// What a token's subject must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subject {
    pub(super) text: String,
    /// Whether `*` and `?` stand for other text.
    pub(super) is_pattern: bool,
}

impl Subject {
    /// Whether a subject is meant.
    pub(super) fn matches(&self, subject: &str) -> bool {
        if self.is_pattern { wildcard::matches(&self.text, subject) } else { self.text == subject }
    }

    /// The same, however it is spelled.
    pub(super) fn lower(&self) -> Self {
        Self { text: self.text.to_lowercase(), is_pattern: self.is_pattern }
    }

    /// Whether every subject of a pattern is meant, and else whether some is.
    pub(super) fn meets(&self, pattern: &str) -> Meets {
        if self.is_pattern && wildcard::covers(&self.text, pattern) || self.text == pattern {
            return Meets::All;
        }
        let some = if self.is_pattern {
            wildcard::overlap(&self.text, pattern)
        } else {
            wildcard::matches(pattern, &self.text)
        };
        if some { Meets::Some } else { Meets::None }
    }
}

/// All statements that let tokens in, found by what is asked for.
#[derive(Debug, Default)]
pub(super) struct AllAdmitted {
    all: Vec<Admitted>,
    by_role: HashMap<Urn, Vec<usize>>,
    /// By the repositories that their subjects name: `repo:acme/shop:` of GitHub, `project_path:acme/shop:` of GitLab.
    by_repository: HashMap<String, Vec<usize>>,
}

impl AllAdmitted {
    pub(super) fn of(trusts: &[Trust]) -> Self {
        let all: Vec<Admitted> = trusts.par_iter().flat_map_iter(admitted).collect();
        let (mut by_role, mut by_repository) = (HashMap::<_, Vec<usize>>::new(), HashMap::<_, Vec<usize>>::new());
        for (at, one) in all.iter().enumerate() {
            by_role.entry(one.role.clone()).or_default().push(at);
            let is_of_forge = |subject: &&Subject| one.issuer == GITHUB || subject.text.starts_with("project_path:");
            for subject in one.tests.iter().flatten().filter(is_of_forge) {
                let head = repository_of(&subject.text).to_lowercase();
                let heads = by_repository.entry(head).or_default();
                if heads.last() != Some(&at) {
                    heads.push(at);
                }
            }
        }
        Self { all, by_role, by_repository }
    }

    /// What lets tokens be a role.
    pub(super) fn of_role(&self, role: &Urn) -> Vec<&Admitted> {
        self.by_role.get(role).into_iter().flatten().map(|at| &self.all[*at]).collect()
    }

    /// What lets workflows of a repository in by its name, `repo:acme/shop:`, however that is spelled.
    pub(super) fn of_repository(&self, head: &str) -> impl Iterator<Item = &Admitted> {
        self.by_repository.get(&head.to_lowercase()).into_iter().flatten().map(|at| &self.all[*at])
    }
}

/// A subject without the numbers that GitHub puts behind the names of owner and repository: `repo:acme/shop:…` of
/// `repo:acme@123/shop@456:…`. Both forms are of the same repository as long as it has its name.
/// Source: GitHub Changelog, 2026-04-23, "Immutable subject claims for GitHub Actions OIDC tokens".
pub(super) fn without_numbers(subject: &str) -> String {
    let Some((repository, rest)) = subject.strip_prefix("repo:").and_then(|rest| rest.split_once(':')) else {
        return subject.to_owned();
    };
    let bare = |name: &str| match name.split_once('@') {
        Some((bare, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => bare.to_owned(),
        _ => name.to_owned(),
    };
    let names: Vec<String> = repository.split('/').map(bare).collect();
    format!("repo:{}:{rest}", names.join("/"))
}

/// `repo:acme/shop:` of `repo:acme/shop:ref:refs/heads/main`.
fn repository_of(subject: &str) -> String {
    subject.match_indices(':').nth(1).map_or_else(String::new, |(end, _)| subject[..=end].to_owned())
}

/// Every statement of a trust policy that lets tokens in.
pub(super) fn admitted(trust: &Trust) -> Vec<Admitted> {
    let document = trust.document.read();
    let statements = match document.get("Statement") {
        Some(Value::Array(list)) => list.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    let of_effect = |effect| statements.iter().filter(move |one| is_web_identity(one, effect));
    let mut found: Vec<Admitted> = of_effect("Allow").flat_map(|one| of_statement(trust, one)).collect();
    for statement in of_effect("Deny") {
        found.retain_mut(|one| !is_kept_out(one, statement));
    }
    found
}

fn is_web_identity(statement: &Value, effect: &str) -> bool {
    let allows = statement.get("Effect").and_then(Value::as_str) == Some(effect);
    let named = |action: &str| wildcard::matches(&action.to_ascii_lowercase(), ASSUME);
    allows && statement.get("Action").is_some_and(|actions| texts(actions).any(named))
}

/// Weighs a Deny: whether it keeps every token of an issuer out; else what it leaves is noted. All tests of one statement
/// must hold for it to bear, so that of several nothing is concluded but a doubt.
fn is_kept_out(one: &mut Admitted, statement: &Value) -> bool {
    let federated = statement.pointer("/Principal/Federated").into_iter().flat_map(texts);
    let mut named = federated.map(|provider| provider.split_once(":oidc-provider/").map_or(provider, |(_, name)| name));
    let is_anyone = [statement.get("Principal"), statement.pointer("/Principal/AWS")];
    let is_anyone = is_anyone.into_iter().flatten().any(|who| texts(who).any(|text| text == "*"));
    if !is_anyone && !named.any(|name| name == one.issuer || name == "*") {
        return false;
    }
    let all: Vec<_> = conditions(statement).collect();
    let [(operator, key, values)] = all.as_slice() else {
        one.open.extend(all.iter().map(|(_, key, _)| format!("{key} (in a Deny)")));
        return all.is_empty();
    };
    let subjects = |is_pattern| subjects(&one.issuer, key, values, is_pattern);
    match operator.rsplit(':').next().unwrap_or(operator).to_ascii_lowercase().as_str() {
        "stringnotequals" => match subjects(false) {
            Some(list) => one.tests.push(list),
            None => one.open.push(format!("{key} (in a Deny)")),
        },
        "stringnotlike" => match subjects(true) {
            Some(list) => one.tests.push(list),
            None => one.open.push(format!("{key} (in a Deny)")),
        },
        "stringequals" => match subjects(false) {
            Some(list) => one.denied.extend(list),
            None => one.open.push(format!("{key} (in a Deny)")),
        },
        "stringlike" => match subjects(true) {
            Some(list) => one.denied.extend(list),
            None => one.open.push(format!("{key} (in a Deny)")),
        },
        _ => one.open.push(format!("{key} (in a Deny)")),
    }
    false
}

/// The subjects that a test of a claim means; `None` for claims that the subject does not hold. Repository and owner stand
/// in it, too.
fn subjects(issuer: &str, key: &str, values: &Value, is_pattern: bool) -> Option<Vec<Subject>> {
    let claim = key.strip_prefix(&issuer.to_ascii_lowercase())?.strip_prefix(':')?;
    let of_github = issuer == GITHUB;
    let subject = |text: &str| match (claim, of_github) {
        ("sub", true) => Some(Subject { text: without_numbers(text), is_pattern }),
        ("sub", false) => Some(Subject { text: text.to_owned(), is_pattern }),
        ("repository", true) => Some(Subject { text: format!("repo:{text}:*"), is_pattern: true }),
        ("repository_owner", true) => Some(Subject { text: format!("repo:{text}/*"), is_pattern: true }),
        _ => None,
    };
    texts(values).map(subject).collect()
}

fn of_statement<'a>(trust: &'a Trust, statement: &'a Value) -> impl Iterator<Item = Admitted> + 'a {
    let federated = statement.pointer("/Principal/Federated");
    federated.into_iter().flat_map(texts).map(|provider| {
        let issuer = provider.split_once(":oidc-provider/").map_or(provider, |(_, issuer)| issuer).to_owned();
        let (mut tests, mut open) = (Vec::new(), Vec::new());
        for (operator, key, values) in conditions(statement) {
            let bare = operator.rsplit(':').next().unwrap_or(operator).to_ascii_lowercase();
            let is_test = matches!(bare.as_str(), "stringequals" | "stringlike");
            match subjects(&issuer, &key, values, bare == "stringlike").filter(|_| is_test) {
                Some(list) => tests.push(list),
                // The audience says for whom a token is made; whoever asks for one chooses it.
                None if is_test && key.ends_with(":aud") => {}
                None => open.push(key),
            }
        }
        open.sort();
        open.dedup();
        Admitted { role: trust.of.clone(), issuer, tests, denied: Vec::new(), open }
    })
}

/// Operator, key in lower case and values of each condition.
fn conditions(statement: &Value) -> impl Iterator<Item = (&str, String, &Value)> {
    let operators = statement.get("Condition").and_then(Value::as_object).into_iter().flatten();
    operators.flat_map(|(operator, keys)| {
        let keys = keys.as_object().into_iter().flatten();
        keys.map(move |(key, values)| (operator.as_str(), key.to_ascii_lowercase(), values))
    })
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let list = match value {
        Value::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    list.iter().filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{Evidence, Location, PolicyLanguage};

    fn trust(condition: &Value) -> Trust {
        Trust {
            of: Urn::new("arn:aws:iam::111122223333:role/ci"),
            language: PolicyLanguage::AwsIam,
            tenant: "111122223333".to_owned(),
            document: json!({"Statement": {
                "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
                "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"},
                "Condition": condition,
            }})
            .into(),
            evidence: Evidence {
                observed: jiff::Timestamp::UNIX_EPOCH,
                collector: "aws".into(),
                location: Location::Api { call: String::new().into(), resource: String::new().into() },
            },
        }
    }

    #[test]
    fn subjects_are_read_with_their_operator() {
        let condition = json!({
            "StringLike": {"token.actions.githubusercontent.com:sub": ["repo:acme/api:*", "repo:acme/web:ref:*"]},
            "StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"},
        });
        let found = admitted(&trust(&condition));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].tests[0].len(), found[0].tests.len(), found[0].open.len()), (2, 1, 0));
        assert!(found[0].tests[0][0].matches("repo:acme/api:ref:refs/heads/main"));
        assert!(!found[0].tests[0][0].matches("repo:acme/api-evil:ref:refs/heads/main"));
        assert_eq!(found[0].tests[0][0].meets("repo:acme/api:ref:refs/heads/*"), Meets::All);
        assert_eq!(found[0].tests[0][1].meets("repo:acme/web:*"), Meets::Some);
        assert_eq!(found[0].tests[0][1].meets("repo:acme/web:pull_request"), Meets::None);
    }

    #[test]
    fn numbers_behind_names_are_no_part_of_them() {
        for (subject, expected) in [
            ("repo:acme@12/shop@34:pull_request", "repo:acme/shop:pull_request"),
            ("repo:acme/shop:environment:a@1", "repo:acme/shop:environment:a@1"),
            ("repo:acme@x/shop:*", "repo:acme@x/shop:*"),
            ("org:acme@1:x", "org:acme@1:x"),
        ] {
            assert_eq!(without_numbers(subject), expected);
        }
    }

    #[test]
    fn a_star_that_is_compared_literally_matches_nothing() {
        let condition = json!({"StringEquals": {"token.actions.githubusercontent.com:sub": "repo:acme/api:*"}});
        let found = admitted(&trust(&condition));
        assert!(!found[0].tests[0][0].matches("repo:acme/api:ref:refs/heads/main"));
        let other = json!({"StringNotEquals": {"aws:x": "y"}, "Bool": {"aws:SecureTransport": "true"}});
        let found = admitted(&trust(&other));
        assert_eq!(
            (found[0].tests.len(), found[0].open.as_slice()),
            (0, &["aws:securetransport".to_owned(), "aws:x".to_owned()][..])
        );
    }
}
