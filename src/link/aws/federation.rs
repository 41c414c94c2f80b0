//! Whose tokens a trust policy accepts: OIDC providers with their subjects and audiences. It must not ask whether a token
//! can be had.

use std::collections::BTreeSet;

use super::statements::{Principal, Statement, Test};
use super::table::{Issuer, TrustTable};
use crate::model::{AttributeName as A, Attributes};

/// What is wrong with the tests of a provider.
#[derive(Default)]
struct Findings {
    any_subject: BTreeSet<String>,
    any_audience: BTreeSet<String>,
    wide: BTreeSet<String>,
    whole: BTreeSet<String>,
    guests: bool,
}

/// The pools of Cognito, which give roles to whoever asks unless the role says otherwise.
/// Source: Cognito developer guide, "Role trust and permissions".
const COGNITO: &str = "cognito-identity.amazonaws.com";

/// Sets what the OIDC statements of a trust policy say.
pub(super) fn judge(statements: &[Statement<'_>], table: &TrustTable, attributes: &mut Attributes) {
    let mut findings = Findings::default();
    for statement in statements {
        for principal in &statement.principals {
            if let Principal::Federated(provider) = principal
                && !provider.contains(":saml-provider/")
            {
                let name = provider.split_once(":oidc-provider/").map_or(*provider, |(_, name)| name);
                one(statement, &name.to_ascii_lowercase(), table, &mut findings);
            }
        }
    }
    attributes.set(A::OpenToGuests, findings.guests);
    attributes.set(A::OidcAnySubject, findings.any_subject.into_iter().collect::<Vec<_>>());
    attributes.set(A::OidcAnyAudience, findings.any_audience.into_iter().collect::<Vec<_>>());
    attributes.set(A::OidcWholeSubjects, findings.whole.into_iter().collect::<Vec<_>>());
    attributes.set(A::OidcWideSubjects, findings.wide.into_iter().collect::<Vec<_>>());
}

fn one(statement: &Statement<'_>, provider: &str, table: &TrustTable, findings: &mut Findings) {
    let issuer = table.issuer(provider);
    let is_shared = issuer.is_some_and(|issuer| issuer.shared);
    let of = |claim: &str| {
        let key = format!("{provider}:{claim}");
        statement.tests.iter().chain(&statement.spared).filter(move |test| test.key == key && test.binds())
    };
    if provider == COGNITO {
        // `amr` says how somebody signed in: `authenticated`, and the provider, or `unauthenticated`.
        let is_signed = |value: &&str| value.starts_with("authenticated") || value.contains(':');
        let signed = of("amr").any(|test| test.values.iter().all(is_signed));
        findings.guests |= !signed;
    }
    if of("aud").next().is_none() {
        findings.any_audience.insert(provider.to_owned());
    }
    let known = ["sub".to_owned()];
    let claims = issuer.map_or(&known[..], |issuer| &issuer.claims);
    // A claim beside the subject binds to somebody by itself; its values are ids and names, not patterns of a subject.
    if claims.iter().filter(|claim| *claim != "sub").any(|claim| of(claim).any(|test| !has_wildcard(test))) {
        return;
    }
    let mut subjects = of("sub").peekable();
    if subjects.peek().is_none() {
        // Of another claim, the workflow that somebody's repository hands out, a pattern may still say whose it is.
        let whose = issuer.into_iter().flat_map(|issuer| {
            let claims = issuer.claims.iter().filter(|claim| *claim != "sub");
            let values = claims.flat_map(|claim| {
                of(claim).flat_map(move |test| test.values.iter().map(move |value| format!("{claim}:{value}")))
            });
            values.filter(|value| issuer.owner.is_match(value))
        });
        let whose: Vec<String> = whose.collect();
        if !whose.is_empty() {
            findings.wide.extend(whose);
            return;
        }
        let list = if is_shared { &mut findings.any_subject } else { &mut findings.wide };
        list.insert(if is_shared { provider.to_owned() } else { format!("{provider}: any subject") });
        return;
    }
    // Several tests must all hold: the narrowest says how wide it is.
    let judged = subjects.map(|test| wide_values(test, issuer, is_shared)).min_by_key(Judged::weight);
    if let Some(judged) = judged {
        // Another claim, such as the branch, may narrow it.
        let is_alone = !statement.tests.iter().any(|test| {
            let claim = test.key.strip_prefix(provider).and_then(|rest| rest.strip_prefix(':'));
            claim.is_some_and(|claim| !matches!(claim, "sub" | "aud")) && test.binds()
        });
        findings.whole.extend(judged.whole.into_iter().filter(|_| is_alone));
        findings.wide.extend(judged.wide);
        findings.any_subject.extend(judged.unowned.then(|| provider.to_owned()));
    }
}

fn has_wildcard(test: &Test<'_>) -> bool {
    test.is_pattern() && test.values.iter().any(|value| value.contains(['*', '?']))
}

/// What one test of the subject lets through.
struct Judged {
    wide: Vec<String>,
    /// Values that fix a single thing and let any branch of it in.
    whole: Vec<String>,
    /// A value does not even fix whose token it is.
    unowned: bool,
}

impl Judged {
    fn weight(&self) -> (bool, usize) {
        (self.unowned, self.wide.len())
    }
}

fn wide_values(test: &Test<'_>, issuer: Option<&Issuer>, is_shared: bool) -> Judged {
    let mut judged = Judged { wide: Vec::new(), whole: Vec::new(), unowned: false };
    for value in &test.values {
        // Where wildcards are plain letters, a value is one subject.
        if !test.is_pattern() || !value.contains(['*', '?']) {
            continue;
        }
        let (is_owned, is_narrow) = match issuer {
            Some(issuer) => (issuer.owner.is_match(value), issuer.narrow.is_match(value)),
            None => (true, is_narrow(value)),
        };
        match (is_shared && !is_owned, is_narrow) {
            (true, _) => judged.unowned = true,
            (false, false) => judged.wide.push((*value).to_owned()),
            (false, true) => {
                let is_whole = issuer.and_then(|one| one.whole.as_ref()).is_some_and(|whole| whole.is_match(value));
                judged.whole.extend(is_whole.then(|| (*value).to_owned()));
            }
        }
    }
    judged
}

/// Whether a subject of an issuer that is not in the table fixes more than of what kind it is: `project_path:*` is anyone's.
fn is_narrow(value: &str) -> bool {
    let fixed = value.split(['*', '?']).next().unwrap_or_default();
    let (kinds, words) = match fixed.strip_prefix("system:serviceaccount:") {
        Some(rest) => (0, rest),
        None => (1, fixed),
    };
    words.split([':', '/']).filter(|word| !word.is_empty()).count() > kinds
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::statements::allows;
    use super::*;

    fn judged(condition: &serde_json::Value) -> Attributes {
        let table = TrustTable::parse(crate::embedded::facts("aws-trust")).expect("it is ours");
        let document = json!({"Statement": {
            "Effect": "Allow",
            "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": condition,
        }});
        let mut attributes = Attributes::default();
        judge(&allows(&document), &table, &mut attributes);
        attributes
    }

    const SUB: &str = "token.actions.githubusercontent.com:sub";
    const AUD: &str = "token.actions.githubusercontent.com:aud";

    #[test]
    fn subjects_are_as_wide_as_their_first_wildcard() {
        for (value, any, wide) in [
            ("repo:acme/shop:*", false, false),
            ("repo:acme/shop:ref:refs/heads/main", false, false),
            ("repo:acme/*", false, true),
            ("repo:acme/shop*", false, true),
            ("repo:acme*", true, false),
            // With the numbers behind the names, which no name has an at sign in.
            ("repo:acme@*/shop@*:*", false, false),
            ("repo:acme@12/shop@34:ref:*", false, false),
            ("repo:acme@*/*", false, true),
            ("repo:*", true, false),
            ("*", true, false),
        ] {
            let found = judged(&json!({"StringLike": {SUB: value}, "StringEquals": {AUD: "sts.amazonaws.com"}}));
            assert_eq!(!found.texts(A::OidcAnySubject).is_empty(), any, "{value}");
            assert_eq!(!found.texts(A::OidcWideSubjects).is_empty(), wide, "{value}");
            assert!(found.texts(A::OidcAnyAudience).is_empty());
            let is_whole = ["repo:acme/shop:*", "repo:acme@*/shop@*:*", "repo:acme@12/shop@34:ref:*"].contains(&value);
            assert_eq!(!found.texts(A::OidcWholeSubjects).is_empty(), is_whole, "{value}");
        }
        let narrowed = json!({"StringLike": {SUB: "repo:acme/shop:*"}, "StringEquals": {
            AUD: "sts.amazonaws.com", "token.actions.githubusercontent.com:environment": "prod"}});
        assert!(judged(&narrowed).texts(A::OidcWholeSubjects).is_empty());
    }

    #[test]
    fn a_deny_of_all_others_is_a_test_of_its_own() {
        let table = TrustTable::parse(crate::embedded::facts("aws-trust")).expect("it is ours");
        let any = |deny: serde_json::Value| {
            let provider = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com";
            let document = json!({"Statement": [
                {"Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity",
                 "Condition": {"StringLike": {SUB: "repo:*"}, "StringEquals": {AUD: "sts.amazonaws.com"}}},
                deny,
            ]});
            let mut attributes = Attributes::default();
            judge(&allows(&document), &table, &mut attributes);
            !attributes.texts(A::OidcAnySubject).is_empty()
        };
        let deny = |principal: serde_json::Value, condition: serde_json::Value| json!({"Effect": "Deny", "Principal": principal, "Action": "sts:*", "Condition": condition});
        assert!(!any(deny(json!("*"), json!({"StringNotLike": {SUB: "repo:acme/shop:*"}}))));
        assert!(any(deny(json!("*"), json!({"StringNotLike": {SUB: "repo:*"}}))), "it spares everyone");
        assert!(any(deny(json!("*"), json!({"StringLike": {SUB: "repo:evil/*"}}))), "it keeps out one of many");
        assert!(any(deny(json!({"AWS": "123456789012"}), json!({"StringNotLike": {SUB: "repo:acme/shop:*"}}))));
    }

    #[test]
    fn guests_of_a_pool_are_let_in_unless_they_must_sign_in() {
        let table = TrustTable::parse(crate::embedded::facts("aws-trust")).expect("it is ours");
        let guests = |amr: Option<&str>| {
            let mut condition = json!({"StringEquals": {"cognito-identity.amazonaws.com:aud": "eu-west-1:1"}});
            if let Some(amr) = amr {
                condition["ForAnyValue:StringLike"] = json!({"cognito-identity.amazonaws.com:amr": amr});
            }
            let document = json!({"Statement": {"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
                "Principal": {"Federated": "cognito-identity.amazonaws.com"}, "Condition": condition}});
            let mut attributes = Attributes::default();
            judge(&allows(&document), &table, &mut attributes);
            attributes.is(A::OpenToGuests)
        };
        assert_eq!([guests(Some("authenticated")), guests(Some("unauthenticated")), guests(None)], [false, true, true]);
    }

    #[test]
    fn subjects_of_unknown_issuers_must_say_more_than_their_kind() {
        for (value, expected) in [
            ("*", false),
            ("project_path:*", false),
            ("project_path:acme/*", true),
            ("repo:acme/shop:*", true),
            ("system:serviceaccount:*:*", false),
            ("system:serviceaccount:app:*", true),
        ] {
            assert_eq!(is_narrow(value), expected, "{value}");
        }
    }

    #[test]
    fn tests_that_an_absent_claim_passes_bind_nobody() {
        for operator in ["StringLikeIfExists", "ForAllValues:StringLike", "StringNotLike", "Null"] {
            let found = judged(&json!({operator: {SUB: "repo:acme/shop:*", AUD: "sts.amazonaws.com"}}));
            assert_eq!(found.texts(A::OidcAnySubject), ["token.actions.githubusercontent.com"], "{operator}");
            assert_eq!(found.texts(A::OidcAnyAudience).len(), 1, "{operator}");
        }
        let found = judged(&json!({"StringEquals": {SUB: "repo:acme/*"}}));
        assert!(found.texts(A::OidcAnySubject).is_empty(), "a literal asterisk matches no token, and lets nobody in");
        let by_id = judged(&json!({"StringEquals": {"token.actions.githubusercontent.com:repository_id": "42"}}));
        assert!(by_id.texts(A::OidcAnySubject).is_empty());
    }
}
