//! The answer to a request, and the statements that decided it. It decides nothing.

use serde::Serialize;

use super::document::Statement;
use super::truth::Truth;

/// Whether a request is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is.
    Allowed,
    /// It is not.
    Denied,
    /// It depends on what is not known of the request.
    Conditional,
}

/// Where a policy stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// Attached to the caller or one of its groups.
    Identity,
    /// The caller's permissions boundary.
    Boundary,
    /// Given when the session was made.
    Session,
    /// A service control policy.
    Scp,
    /// A resource control policy.
    Rcp,
    /// Attached to the resource; a role's trust policy.
    Resource,
}

impl Layer {
    /// The layer in words, for a reader.
    pub fn describe(self) -> &'static str {
        match self {
            Layer::Identity => "identity policy",
            Layer::Boundary => "permissions boundary",
            Layer::Session => "session policy",
            Layer::Scp => "service control policy",
            Layer::Rcp => "resource control policy",
            Layer::Resource => "resource policy",
        }
    }
}

/// A statement that has a part in a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Where its policy stands.
    pub layer: Layer,
    /// The name of its policy.
    pub policy: String,
    /// Counted from 1.
    pub statement: usize,
    /// Its id, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// `Allow` or `Deny`, with actions and resources.
    pub says: String,
    /// Whether it holds only under what is not known.
    pub conditional: bool,
}

impl Reason {
    pub(super) fn new(layer: Layer, policy: &str, statement: &Statement, truth: Truth) -> Self {
        Self {
            layer,
            policy: policy.to_owned(),
            statement: statement.number,
            sid: statement.sid.as_deref().map(str::to_owned),
            says: statement.describe().to_owned(),
            conditional: truth == Truth::Open,
        }
    }
}

/// What the policies say to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// Whether it is allowed.
    #[serde(rename = "decision")]
    pub verdict: Verdict,
    /// Whether a statement denies it, rather than none allowing it.
    pub explicit: bool,
    /// The statements that decided.
    pub because: Vec<Reason>,
    /// The condition keys that decide and are not known, lower case.
    pub missing: Vec<String>,
    /// The layers that decide and were not read.
    pub unread: Vec<Layer>,
    /// The layers in which nothing allows it.
    pub blocked_by: Vec<Layer>,
}

impl Decision {
    pub(super) fn denied(because: Vec<Reason>, blocked_by: Vec<Layer>) -> Self {
        let explicit = !because.is_empty();
        let (missing, unread) = (Vec::new(), Vec::new());
        Self { verdict: Verdict::Denied, explicit, because, missing, unread, blocked_by }
    }
}
