//! Trust that a role puts into tokens of another system: a cluster's service accounts, a forge's workflows. Reads what
//! the trust policy says of a token's subject; a subject that is not written out ties nobody to the role.
//!
//! Source: AWS IAM User Guide, "Create a role for OpenID Connect federation"; GitHub Docs, "OpenID Connect reference".

use serde_json::Value;

use crate::model::{Trust, Urn};

const ASSUME: &str = "sts:assumerolewithwebidentity";

/// One statement that lets tokens of an issuer in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Admitted {
    /// The role.
    pub(super) role: Urn,
    /// The issuer without `https://`, such as `token.actions.githubusercontent.com`.
    pub(super) issuer: String,
    /// The subjects that are let in; empty where the policy does not say, which lets in every token of the issuer.
    pub(super) subjects: Vec<Subject>,
    /// Further conditions that cannot be judged from here, by their keys.
    pub(super) open: Vec<String>,
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
        if self.is_pattern { like(subject.as_bytes(), self.text.as_bytes()) } else { self.text == subject }
    }

    /// Whether some subject that begins so is meant.
    pub(super) fn can_begin(&self, head: &str) -> bool {
        let fixed = match self.text.find(['*', '?']).filter(|_| self.is_pattern) {
            Some(end) => &self.text[..end],
            None => return self.text.starts_with(head),
        };
        fixed.starts_with(head) || head.starts_with(fixed)
    }
}

/// Every statement of a trust policy that lets tokens in.
pub(super) fn admitted(trust: &Trust) -> Vec<Admitted> {
    let statements = match trust.document.get("Statement") {
        Some(Value::Array(list)) => list.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    statements.iter().filter(|one| is_web_identity(one)).flat_map(|one| of_statement(trust, one)).collect()
}

fn is_web_identity(statement: &Value) -> bool {
    let allows = statement.get("Effect").and_then(Value::as_str) == Some("Allow");
    let named = |action: &str| like(ASSUME.as_bytes(), action.to_ascii_lowercase().as_bytes());
    allows && statement.get("Action").is_some_and(|actions| texts(actions).any(named))
}

fn of_statement<'a>(trust: &'a Trust, statement: &'a Value) -> impl Iterator<Item = Admitted> + 'a {
    let federated = statement.pointer("/Principal/Federated");
    federated.into_iter().flat_map(texts).map(|provider| {
        let issuer = provider.split_once(":oidc-provider/").map_or(provider, |(_, issuer)| issuer).to_owned();
        let (mut subjects, mut open) = (Vec::new(), Vec::new());
        for (operator, key, values) in conditions(statement) {
            let is_subject = key.strip_prefix(&issuer.to_ascii_lowercase()) == Some(":sub");
            let bare = operator.rsplit(':').next().unwrap_or(operator).to_ascii_lowercase();
            match bare.as_str() {
                "stringequals" | "stringlike" if is_subject => {
                    let is_pattern = bare == "stringlike";
                    subjects.extend(texts(values).map(|text| Subject { text: text.to_owned(), is_pattern }));
                }
                // The audience says for whom a token is made; whoever asks for one chooses it.
                "stringequals" | "stringlike" if key.ends_with(":aud") => {}
                _ => open.push(key),
            }
        }
        open.sort();
        open.dedup();
        Admitted { role: trust.of.clone(), issuer, subjects, open }
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

/// Whether a text has the form of a pattern in which `*` stands for any text and `?` for one character.
fn like(text: &[u8], pattern: &[u8]) -> bool {
    let (mut at, mut place) = (0, 0);
    let mut star = None;
    while at < text.len() {
        match pattern.get(place) {
            Some(b'*') => {
                star = Some((place, at));
                place += 1;
            }
            Some(byte) if *byte == b'?' || *byte == text[at] => {
                at += 1;
                place += 1;
            }
            _ => match star {
                Some((before, taken)) => {
                    star = Some((before, taken + 1));
                    place = before + 1;
                    at = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[place..].iter().all(|byte| *byte == b'*')
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
            }}),
            evidence: Evidence {
                observed: jiff::Timestamp::UNIX_EPOCH,
                collector: "aws".to_owned(),
                location: Location::Api { call: String::new(), resource: String::new() },
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
        assert_eq!((found[0].subjects.len(), found[0].open.len()), (2, 0));
        assert!(found[0].subjects[0].matches("repo:acme/api:ref:refs/heads/main"));
        assert!(!found[0].subjects[0].matches("repo:acme/api-evil:ref:refs/heads/main"));
        assert!(found[0].subjects[1].can_begin("repo:acme/web:"));
        assert!(!found[0].subjects[1].can_begin("repo:acme/api:"));
    }

    #[test]
    fn a_star_that_is_compared_literally_matches_nothing() {
        let condition = json!({"StringEquals": {"token.actions.githubusercontent.com:sub": "repo:acme/api:*"}});
        let found = admitted(&trust(&condition));
        assert!(!found[0].subjects[0].matches("repo:acme/api:ref:refs/heads/main"));
        let other = json!({"StringNotEquals": {"aws:x": "y"}, "Bool": {"aws:SecureTransport": "true"}});
        let found = admitted(&trust(&other));
        assert_eq!(
            (found[0].subjects.len(), found[0].open.as_slice()),
            (0, &["aws:securetransport".to_owned(), "aws:x".to_owned()][..])
        );
    }
}
