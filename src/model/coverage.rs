//! What was looked at, what was refused and what was cut short.

use serde::{Deserialize, Serialize};

use super::names;

names! {
    /// How looking at something ended.
    Outcome {
        /// All of it was read.
        Complete = "complete",
        /// It was not asked for, or is of a kind this version does not read. Not a hole, but said.
        NotRead = "not-read",
        /// Some of it was read before a limit, an error or the user stopped it.
        Partial = "partial",
        /// The other side said no: 401, 403, AccessDenied.
        Refused = "refused",
        /// It could not be read: unreadable, malformed, unreachable, timed out, crashed.
        Failed = "failed",
    }
}

impl Outcome {
    /// Whether something that was asked for was not read to its end.
    pub fn is_hole(self) -> bool {
        matches!(self, Outcome::Partial | Outcome::Refused | Outcome::Failed)
    }
}

names! {
    /// A class of facts that a hole makes unknown.
    FactKind {
        /// Which identities exist.
        Identities = "identities",
        /// Which credentials exist and their state.
        Credentials = "credentials",
        /// When things were last used.
        Usage = "usage",
        /// Policies, roles and who holds them.
        Grants = "grants",
        /// Who may become whom.
        Trusts = "trusts",
        /// What runs as whom.
        Workloads = "workloads",
        /// The people directory.
        People = "people",
        /// Secrets in source trees.
        Exposures = "exposures",
        /// Things of a tenant's configuration that bear on identities.
        Settings = "settings",
    }
}

/// One thing that was looked at, or should have been.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CoverageEntry {
    /// The collector's name.
    pub collector: String,
    /// The account, cluster, tree or file.
    pub target: String,
    /// What of it: `files`, `pods`, `credential report`.
    pub what: String,
    /// How it ended.
    pub outcome: Outcome,
    /// How many things were read.
    pub count: u64,
    /// What happened, when it is not complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What the user can do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// Which facts are unknown for this target because of it. Empty for complete entries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blinds: Vec<FactKind>,
    /// Of which kinds of things these facts are unknown, such as `aws.function`; empty: of all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
}

impl CoverageEntry {
    /// What is said where keys are known from a report of some days ago alone: nothing that is known is wrong for it, and a key
    /// that is in no list may be a new one.
    pub const KEYS_SINCE: &str = "access keys made since the report";

    /// Whether this makes the report incomplete: it was asked for and not read to its end, or rules cannot be judged
    /// without it.
    pub fn is_hole(&self) -> bool {
        self.outcome.is_hole() || !self.blinds.is_empty()
    }

    /// Something that was read to its end.
    pub fn complete(collector: &str, target: &str, what: &str, count: u64) -> Self {
        Self {
            collector: collector.to_owned(),
            target: target.to_owned(),
            what: what.to_owned(),
            outcome: Outcome::Complete,
            count,
            detail: None,
            remedy: None,
            blinds: Vec::new(),
            kinds: Vec::new(),
        }
    }

    /// Something that was not read, or not to its end.
    pub fn hole(collector: &str, target: &str, what: &str, outcome: Outcome, detail: impl Into<String>) -> Self {
        Self { outcome, detail: Some(detail.into()), ..Self::complete(collector, target, what, 0) }
    }

    /// Adds what the user can do about it.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Adds the facts that are unknown because of it.
    #[must_use]
    pub fn blinds(mut self, facts: &[FactKind]) -> Self {
        self.blinds = facts.to_vec();
        self
    }

    /// Limits what is unknown to things of these kinds: what else was read of the target stays known.
    #[must_use]
    pub fn of_kinds<'a>(mut self, kinds: impl IntoIterator<Item = &'a str>) -> Self {
        self.kinds = kinds.into_iter().map(str::to_owned).collect();
        self
    }

    /// Whether facts of things of a kind are unknown because of it.
    pub fn is_of(&self, kind: &str) -> bool {
        self.kinds.is_empty() || self.kinds.iter().any(|one| one == kind)
    }

    /// Sets how many things were read before it ended.
    #[must_use]
    pub fn count(mut self, count: u64) -> Self {
        self.count = count;
        self
    }
}
