//! Who makes a request, and whether the principals of a statement mean it. It weighs no statement.
//! Source: IAM User Guide, "AWS JSON policy elements: Principal".

use super::context::Context;
use super::document::{Form, Only, Statement};
use super::trust::account_of;
use super::truth::Truth;

/// Who makes a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    kind: CallerKind,
    /// As given.
    arn: String,
    /// Twelve digits; empty for services and whoever is nobody.
    account: String,
    /// The role behind a session.
    role: Option<String>,
}

/// What sort of caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CallerKind {
    Root,
    User,
    /// A role, or a session of it.
    Role,
    /// A session of a federated user.
    Federated,
    Service,
    Anonymous,
}

/// How a statement names a caller; the stronger the later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Naming {
    /// Its account: what the account allows it counts.
    Account,
    /// The role behind a session.
    Role,
    /// Anyone.
    Anyone,
    /// Itself: the user, the session, the service.
    Itself,
}

impl Caller {
    /// Reads an ARN of a user, a role, a session or the root user, a service such as `lambda.amazonaws.com`, or `*` for
    /// a request that nobody signed.
    ///
    /// # Errors
    /// Says what was expected.
    pub fn read(text: &str) -> Result<Self, String> {
        let caller = |kind, account: &str, role| Self { kind, arn: text.to_owned(), account: account.to_owned(), role };
        if text == "*" || text == "anonymous" {
            return Ok(caller(CallerKind::Anonymous, "", None));
        }
        if !text.starts_with("arn:") {
            let is_service = text.contains('.') && !text.contains([':', '/', ' ']);
            return match is_service {
                true => Ok(caller(CallerKind::Service, "", None)),
                false => Err(format!(
                    "'{text}' is no principal (expected an ARN, a service such as lambda.amazonaws.com, or *)"
                )),
            };
        }
        let account =
            account_of(text).ok_or_else(|| format!("'{text}' names no account (expected twelve digits in the ARN)"))?;
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let [_, partition, service, _, _, resource] = parts[..] else {
            return Err(format!("'{text}' is not a whole ARN (expected arn:aws:iam::123456789012:role/name)"));
        };
        match (service, resource.split_once('/')) {
            ("iam", None) if resource == "root" => Ok(caller(CallerKind::Root, account, None)),
            ("iam", Some(("user", _))) => Ok(caller(CallerKind::User, account, None)),
            ("iam", Some(("role", _))) => Ok(caller(CallerKind::Role, account, Some(text.to_owned()))),
            ("sts", Some(("federated-user", _))) => Ok(caller(CallerKind::Federated, account, None)),
            ("sts", Some(("assumed-role", rest))) => {
                let role = rest.split('/').next().unwrap_or(rest);
                Ok(caller(CallerKind::Role, account, Some(format!("arn:{partition}:iam::{account}:role/{role}"))))
            }
            _ => Err(format!("'{text}' cannot make requests (expected a user, role, session or root user)")),
        }
    }

    /// As written.
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// The account; empty for services and whoever is nobody.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The ARN under which its policies are held: of the role behind a session, else its own. The path of a role is not
    /// in the ARN of its sessions.
    pub fn holder(&self) -> &str {
        self.role.as_deref().unwrap_or(&self.arn)
    }

    /// Whether it is the root user.
    pub(super) fn is_root(&self) -> bool {
        self.kind == CallerKind::Root
    }

    /// Whether it is a service or nobody, so that no account stands behind it.
    pub(super) fn is_outside(&self) -> bool {
        matches!(self.kind, CallerKind::Service | CallerKind::Anonymous)
    }

    /// Sets the condition keys that follow from who it is, where they are not set.
    pub(super) fn describe(&self, context: &mut Context) {
        let kind = match self.kind {
            CallerKind::Root => "Account",
            CallerKind::User => "User",
            CallerKind::Role => "AssumedRole",
            CallerKind::Federated => "FederatedUser",
            CallerKind::Service => "AWSService",
            CallerKind::Anonymous => "Anonymous",
        };
        context.set_default("aws:PrincipalType", kind);
        context
            .set_default("aws:PrincipalIsAWSService", if self.kind == CallerKind::Service { "true" } else { "false" });
        if self.kind == CallerKind::Service {
            context.set_default("aws:PrincipalServiceName", &self.arn);
        }
        if self.is_outside() {
            for key in ["aws:PrincipalArn", "aws:PrincipalAccount", "aws:PrincipalOrgID", "aws:username"] {
                context.set_absent(key);
            }
            return;
        }
        context.set_default("aws:PrincipalArn", self.holder());
        context.set_default("aws:PrincipalAccount", &self.account);
        match (self.kind, self.arn.rsplit('/').next()) {
            (CallerKind::User, Some(name)) => context.set_default("aws:username", name),
            _ => context.set_absent("aws:username"),
        }
    }

    /// How a statement names this caller, if it does: surely, or perhaps.
    pub(super) fn named_by(&self, statement: &Statement) -> Option<(Naming, Truth)> {
        let Only { list, except } = statement.principals.as_ref()?;
        let each = list.iter().filter_map(|(form, name)| self.names(*form, name));
        let found = each.max_by_key(|(naming, truth)| (*truth, *naming));
        if !except {
            return found;
        }
        match found {
            // That an account is left out leaves out nobody in it: users and sessions are left out by their own names
            // (IAM User Guide, "AWS JSON policy elements: NotPrincipal").
            Some((Naming::Account, Truth::True)) if self.is_root() => None,
            None | Some((Naming::Account, _)) => Some((Naming::Anyone, Truth::True)),
            // Of a role its session has to be named, too.
            Some((Naming::Role, _) | (_, Truth::Open)) => Some((Naming::Anyone, Truth::Open)),
            Some(_) => None,
        }
    }

    /// Whether a deny in the policy of a resource means this caller. `NotPrincipal` means everyone with a boundary, as
    /// the user guide warns ("`NotPrincipal` with `Deny`").
    pub(super) fn denied_by(&self, statement: &Statement, is_bounded: bool) -> Truth {
        match self.named_by(statement) {
            Some((_, truth)) => truth,
            None => (is_bounded && statement.principals.as_ref().is_some_and(|principals| principals.except)).into(),
        }
    }

    /// How one principal names this caller.
    fn names(&self, form: Form, name: &str) -> Option<(Naming, Truth)> {
        match form {
            Form::Service => {
                (self.kind == CallerKind::Service && name == self.arn).then_some((Naming::Itself, Truth::True))
            }
            Form::Aws if name == "*" => Some((Naming::Anyone, Truth::True)),
            Form::Aws if self.is_outside() => None,
            Form::Aws if name == self.arn => {
                let naming = if self.kind == CallerKind::Role && self.arn.contains(":iam:") {
                    Naming::Role
                } else {
                    Naming::Itself
                };
                Some((naming, Truth::True))
            }
            Form::Aws if name == self.holder() => Some((Naming::Role, Truth::True)),
            // A role with a path, seen from a session, which does not show it.
            Form::Aws if self.is_same_role(name) => Some((Naming::Role, Truth::True)),
            // Which session a role will make is not known.
            Form::Aws if self.is_session_of_it(name) => Some((Naming::Itself, Truth::Open)),
            Form::Aws if is_account_name(name) && account_of(name) == Some(self.account.as_str()) => {
                Some((Naming::Account, Truth::True))
            }
            _ => None,
        }
    }

    fn is_same_role(&self, name: &str) -> bool {
        let Some((role, named)) = self.role.as_deref().zip(name.split_once(":role/")) else { return false };
        let is_session = self.arn.contains(":assumed-role/");
        let own = role.rsplit('/').next();
        is_session && account_of(name) == Some(self.account.as_str()) && own == named.1.rsplit('/').next()
    }

    fn is_session_of_it(&self, name: &str) -> bool {
        let Some((_, session)) = name.split_once(":assumed-role/") else { return false };
        let own = self.role.as_deref().and_then(|role| role.rsplit('/').next());
        let is_role = self.kind == CallerKind::Role && self.arn.contains(":role/");
        is_role && account_of(name) == Some(self.account.as_str()) && own == session.split('/').next()
    }
}

fn is_account_name(name: &str) -> bool {
    account_of(name).is_some() && (!name.contains(':') || name.ends_with(":root"))
}
