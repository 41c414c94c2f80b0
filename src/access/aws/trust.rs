//! Reads trust policies: who is named, and whether a given identity is let in.
//! It does not ask whether the one who is let in may ask at all; that is the escalation search's part.

use std::collections::BTreeSet;

use super::action::Action;
use super::condition::{Clause, hold};
use super::context::Asked;
use super::document::{Document, Form, Only, Statement};
use super::evaluate::condition_keys;
use super::truth::Truth;
use crate::model::{Identity, IdentityKind, PrincipalKind, Trust, TrustedPrincipal};

const ASSUME: [&str; 3] = ["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML"];

/// Condition keys that name who is let in, where the principal itself is `*`.
const WHO: [&str; 5] =
    ["aws:principalarn", "aws:principalaccount", "aws:sourceaccount", "aws:sourcearn", "aws:principalorgid"];

/// Who may become the identity that this trust policy belongs to, sorted.
///
/// Taken from `Allow` statements with an `sts:AssumeRole…` action. A `Deny` is weighed against them where it means
/// everyone: without a condition nobody is let in, and one that spares an organisation, accounts or identities holds a
/// principal `*` to these. `NotPrincipal` in an `Allow` lets in everyone but a few, so it counts as anyone.
///
/// `conditions` holds the keys that really keep someone out; a negated test, `…IfExists` and `ForAllValues:` do not, nor
/// for a principal `*` a test that any stranger can meet. So `kind == anyone` with no conditions is a role that is open to the world. A
/// principal `*` that is held to accounts, an organisation or ARNs by a condition is no `anyone`: it is listed as what
/// the condition names, an account (also for an organisation) or an identity.
pub fn trusted_principals(trust: &Trust) -> Vec<TrustedPrincipal> {
    let document = Document::read(&trust.document.read());
    let actions = ASSUME.map(Action::new);
    let relevant = || document.statements.iter().filter(|s| actions.iter().any(|action| s.names_action(action)));
    let is_plain = |s: &Statement| s.principals.as_ref().is_some_and(|principals| !principals.except);
    let everyone = |s: &Statement| is_plain(s) && s.named().iter().any(|(form, name)| form.is_anyone(name));
    let mut found = Vec::new();
    for allow in relevant().filter(|s| s.allow) {
        // A deny of another way in leaves this one open, so each way is looked at by itself.
        for action in actions.iter().filter(|action| allow.names_action(action)) {
            let mut denies = relevant().filter(|s| !s.allow && s.names_action(action) && everyone(s));
            if denies.clone().any(|s| s.conditions.is_empty()) {
                continue;
            }
            let shut = denies.find(|s| s.conditions.iter().all(Clause::meets_strangers));
            found.extend(principals(allow, shut));
        }
    }
    found.sort();
    found.dedup();
    found
}

fn principals(statement: &Statement, shut: Option<&Statement>) -> Vec<TrustedPrincipal> {
    let keys = |of_anyone: bool| {
        let holds = |clause: &&Clause| if of_anyone { clause.limits_strangers() } else { clause.limits() };
        let sparing = shut.into_iter().filter(|_| of_anyone).flat_map(|deny| &deny.conditions);
        let limiting = statement.conditions.iter().filter(holds).chain(sparing);
        let keys: BTreeSet<String> = limiting.map(|clause| clause.key.to_string()).collect();
        keys.into_iter().collect::<Vec<_>>()
    };
    let mut found = Vec::new();
    for (form, name) in statement.named() {
        let is_anyone = form.is_anyone(name);
        let kinds = if is_anyone { held_to(statement, shut) } else { vec![(kind(form, name), name.to_owned())] };
        for (kind, name) in kinds {
            found.push(TrustedPrincipal { kind, name, conditions: keys(is_anyone) });
        }
    }
    found
}

/// What the conditions make of a principal `*`.
fn held_to(statement: &Statement, shut: Option<&Statement>) -> Vec<(PrincipalKind, String)> {
    let is_who = |clause: &&Clause| WHO.contains(&&*clause.key);
    let asked = statement.conditions.iter().filter(|clause| clause.names_values()).find(is_who);
    let spared = || shut.and_then(|deny| deny.conditions.iter().filter(|one| one.spares_values()).find(is_who));
    let Some(clause) = asked.or_else(spared) else { return vec![(PrincipalKind::Anyone, "*".to_owned())] };
    let mut found = Vec::new();
    for value in &clause.values {
        let kind = match value.strip_prefix("arn:").map(|_| account_of(value)) {
            Some(Some(_)) if !value.contains(['*', '?']) => kind(Form::Aws, value),
            Some(Some(_)) => PrincipalKind::Account,
            // An ARN whose account is a wildcard names a resource anyone can make.
            Some(None) => PrincipalKind::Anyone,
            None if value.contains(['*', '?']) => PrincipalKind::Anyone,
            None => PrincipalKind::Account,
        };
        found.push((kind, value.to_string()));
    }
    found
}

fn kind(form: Form, name: &str) -> PrincipalKind {
    match form {
        Form::Service => PrincipalKind::Service,
        Form::Federated => PrincipalKind::Federated,
        Form::Other => PrincipalKind::Account,
        Form::Aws if name == "*" => PrincipalKind::Anyone,
        Form::Aws if is_account(name) => PrincipalKind::Account,
        Form::Aws if is_unique_id(name) => PrincipalKind::Deleted,
        Form::Aws if name.starts_with("arn:") && name.ends_with(":root") => PrincipalKind::Account,
        Form::Aws => PrincipalKind::Identity,
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The ids AWS puts in place of an ARN when what it named is gone: `AIDA…` for users, `AROA…` for roles and so on.
fn is_unique_id(text: &str) -> bool {
    let prefix = ["AIDA", "AROA", "AGPA", "AIPA", "ANPA", "ASCA", "APKA"];
    text.len() >= 16
        && text.get(..4).is_some_and(|start| prefix.contains(&start))
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// The account of an ARN or of a bare account id.
pub(super) fn account_of(name: &str) -> Option<&str> {
    if is_account(name) {
        return Some(name);
    }
    name.strip_prefix("arn:")?.split(':').nth(3).filter(|account| is_account(account))
}

/// How a trust policy lets an identity in.
pub(super) struct Admission {
    /// The identity itself is named: in its own account it then needs no policy that lets it ask.
    pub(super) direct: bool,
    pub(super) conditional: bool,
    /// Who is trusted, in words.
    pub(super) whom: String,
}

/// The parsed trust policy of one role.
pub(super) struct TrustPolicy {
    document: Document,
}

impl TrustPolicy {
    pub(super) fn new(trust: &Trust) -> Self {
        Self { document: Document::read(&trust.document.read()) }
    }

    /// The statements about becoming the role as a user or role of AWS does.
    fn about_assuming(&self) -> impl Iterator<Item = &Statement> {
        let assume = Action::new(ASSUME[0]);
        self.document.statements.iter().filter(move |statement| statement.names_action(&assume))
    }

    /// The AWS principals and the services it allows, as written.
    pub(super) fn allowed_names(&self) -> Vec<(Form, &str)> {
        self.about_assuming().filter(|s| s.allow).flat_map(Statement::named).collect()
    }

    /// The tags of the principal that its conditions ask for, or spare.
    pub(super) fn tags_asked(&self) -> Vec<(String, String)> {
        let of = |statement: &Statement, allow: bool| {
            let tags = statement.conditions.iter().filter_map(|clause| clause.principal_tag(!allow));
            tags.collect::<Vec<_>>()
        };
        self.about_assuming().flat_map(|statement| of(statement, statement.allow)).collect()
    }

    /// Whether a service may run as the role for what somebody makes in an account.
    pub(super) fn admits_service(&self, service: &str, account: &str) -> Truth {
        let mut answer = Truth::False;
        let mut doubt = false;
        for statement in self.about_assuming().filter(|s| names_service(s, service)) {
            let each = statement.conditions.iter().map(|clause| clause.holds_for_service(account));
            match (statement.allow, each.min().unwrap_or(Truth::True)) {
                (_, Truth::False) => {}
                (false, Truth::True) => return Truth::False,
                (false, Truth::Open) => doubt = true,
                (true, holds) => answer = answer.max(holds),
            }
        }
        if doubt { answer.min(Truth::Open) } else { answer }
    }

    /// The identity providers whose people or workloads may become the role, as written.
    pub(super) fn providers(&self) -> impl Iterator<Item = &str> {
        let named = self.about_federating().filter(|s| s.allow).flat_map(Statement::named);
        named.filter(|(form, _)| *form == Form::Federated).map(|(_, name)| name)
    }

    fn about_federating(&self) -> impl Iterator<Item = &Statement> {
        let ways = [Action::new(ASSUME[1]), Action::new(ASSUME[2])];
        self.document.statements.iter().filter(move |statement| ways.iter().any(|way| statement.names_action(way)))
    }

    /// Whether somebody is let in who says what he likes in the name of a provider.
    pub(super) fn admits_provider(&self, provider: &str) -> Truth {
        let mut answer = Truth::False;
        for statement in self.about_federating() {
            let Some(Only { list, except }) = &statement.principals else { continue };
            let is_it = |form: Form, name: &str| (form == Form::Federated && name == provider) || form.is_anyone(name);
            if list.iter().any(|(form, name)| is_it(*form, name)) == *except {
                continue;
            }
            let is_free = statement.conditions.iter().all(|clause| is_said_by_provider(&clause.key));
            match (statement.allow, is_free) {
                (false, _) if statement.conditions.is_empty() => return Truth::False,
                // What is denied under a condition on what he says he does not say.
                (false, _) => {}
                (true, true) => answer = Truth::True,
                (true, false) => answer = answer.max(Truth::Open),
            }
        }
        answer
    }

    /// Whether this identity is let in with `sts:AssumeRole`. `asked` are its condition keys.
    pub(super) fn admits(&self, who: &Identity, asked: &Asked<'_>) -> Option<Admission> {
        let mut best: Option<Admission> = None;
        let mut doubt: Option<String> = None;
        for statement in self.about_assuming() {
            let holds = hold(&statement.conditions, asked);
            let Some((direct, sure, mut whom)) = names_identity(statement, who) else { continue };
            match (statement.allow, holds) {
                (_, Truth::False) => {}
                (false, Truth::True) if sure => return None,
                (false, _) => doubt = Some(format!(", limited by its trust policy, statement {}", statement.number)),
                (true, _) => {
                    let conditional = holds == Truth::Open || !sure;
                    let keys = condition_keys(&statement.conditions);
                    if conditional && !keys.is_empty() {
                        let number = statement.number;
                        whom = format!("{whom}, under conditions on {keys} (its trust policy, statement {number})");
                    }
                    let better = best.as_ref().is_none_or(|b| (b.conditional, !b.direct) > (conditional, !direct));
                    if better {
                        best = Some(Admission { direct, conditional, whom });
                    }
                }
            }
        }
        best.map(|admission| match doubt {
            Some(limit) => Admission { conditional: true, whom: admission.whom + &limit, ..admission },
            None => admission,
        })
    }
}

/// Whether the value of a condition key is what an assertion or token says, or what whoever brings it chooses.
fn is_said_by_provider(key: &str) -> bool {
    let starts = ["saml:", "aws:requesttag/", "sts:"];
    starts.iter().any(|start| key.starts_with(start)) || key == "aws:tagkeys"
}

/// Whether a name is that of a service, which in China may end otherwise (`ec2.amazonaws.com.cn`).
pub(super) fn same_service(name: &str, service: &str) -> bool {
    name == service || name.strip_suffix(".cn") == Some(service)
}

fn names_service(statement: &Statement, service: &str) -> bool {
    let Some(Only { list, except }) = &statement.principals else { return false };
    let is_it = |name: &str| same_service(name, service);
    let named = list.iter().any(|(form, name)| (*form == Form::Service && is_it(name)) || form.is_anyone(name));
    named != *except
}

/// Whether a statement is about this identity: (by name, for certain, in words).
fn names_identity(statement: &Statement, who: &Identity) -> Option<(bool, bool, String)> {
    let Only { list, except } = statement.principals.as_ref()?;
    let named = list.iter().filter_map(|(form, name)| names(*form, name, who)).max();
    match (except, named) {
        (false, named) => named,
        (true, None) => Some((true, true, "everyone but a few".to_owned())),
        // That an account is left out leaves out nobody in it; of a role its session has to be named, too.
        (true, Some((false, ..))) => Some((true, true, "everyone but a few".to_owned())),
        (true, Some(_)) if who.kind == IdentityKind::AwsRole => Some((true, false, "everyone but a few".to_owned())),
        (true, Some(_)) => None,
    }
}

/// Whether a principal name means this identity: (by name, for certain, in words).
fn names(form: Form, name: &str, who: &Identity) -> Option<(bool, bool, String)> {
    if form != Form::Aws {
        return None;
    }
    let label = match who.kind {
        IdentityKind::AwsUser => "user",
        _ => "role",
    };
    if name == who.id.as_str() || who.unique_id.as_deref() == Some(name) {
        return Some((true, true, format!("{label} {}", who.name)));
    }
    if name == "*" {
        return Some((true, true, "anyone".to_owned()));
    }
    if kind(form, name) == PrincipalKind::Account && account_of(name) == Some(who.tenant.as_str()) {
        return Some((false, true, format!("account {}", who.tenant)));
    }
    // `arn:aws:sts::1:assumed-role/ci/session`: the session name is chosen by whoever becomes the role.
    let session = name.split_once(":assumed-role/").filter(|_| account_of(name) == Some(who.tenant.as_str()));
    let role = session.and_then(|(_, rest)| rest.split('/').next());
    (who.kind == IdentityKind::AwsRole && role == Some(who.name.as_str()))
        .then(|| (true, false, format!("a session of role {}", who.name)))
}
