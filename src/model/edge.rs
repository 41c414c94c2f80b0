//! One step from a thing to another. Says what leads where and how sure that is; searches nothing.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{CapabilityKind, Urn, names};

names! {
    /// How sure a step is, the surest first.
    Holding {
        /// What was read says that it can be taken.
        Holds = "holds",
        /// It can be taken where a condition is met that cannot be judged from here.
        Conditional = "conditional",
        /// What would allow or forbid it was not read.
        Unknown = "unknown",
    }
}

names! {
    /// What sort of step it is.
    EdgeKind {
        /// The text in a file is this credential, or a token of this identity.
        ValueOf = "value-of",
        /// The text in a file is the private half of this public key, and opens what lets that in.
        Unlocks = "unlocks",
        /// Whoever has the credential is the identity.
        Proves = "proves",
        /// A workload acts as an identity.
        RunsAs = "runs-as",
        /// A thing uses another and all that it can do.
        Uses = "uses",
        /// An identity may become another by the other's own trust.
        Assumes = "assumes",
        /// An identity acts as one of another system by configuration.
        ActsAs = "acts-as",
        /// It has the rights of a group.
        MemberOf = "member-of",
        /// One thing, registered in two systems.
        RegisteredAs = "registered-as",
        /// It can take over another by rights it holds.
        Escalates = "escalates",
        /// It may act as every identity of a place.
        Controls = "controls",
        /// A setting bears on it.
        AppliesTo = "applies-to",
        /// Who answers for it.
        OwnedBy = "owned-by",
        /// The code that makes it.
        DefinedBy = "defined-by",
    }
}

impl EdgeKind {
    /// Whether who stands at the start has the power of what stands at the end.
    pub fn carries_power(self) -> bool {
        !matches!(self, Self::AppliesTo | Self::OwnedBy | Self::DefinedBy)
    }

    /// The step in words, as they stand between the names of two things.
    pub fn words(self) -> &'static str {
        match self {
            Self::ValueOf => "is the value of",
            Self::Unlocks => "is the private half of",
            Self::Proves => "proves",
            Self::RunsAs => "runs as",
            Self::Uses => "uses",
            Self::Assumes => "may assume",
            Self::ActsAs => "acts as",
            Self::MemberOf => "is member of",
            Self::RegisteredAs => "is registered as",
            Self::Escalates => "can take over",
            Self::Controls => "controls",
            Self::AppliesTo => "applies to",
            Self::OwnedBy => "is owned by",
            Self::DefinedBy => "is defined by",
        }
    }
}

/// A step with its proof.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Edge {
    /// Where it starts.
    pub from: Urn,
    /// Where it leads. It may be a thing that nothing else was read of.
    pub to: Urn,
    /// What sort of step.
    pub kind: EdgeKind,
    /// How sure it is.
    pub holding: Holding,
    /// What proves it, in words.
    pub why: Arc<str>,
    /// What must be so, where it does not hold as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Arc<str>>,
}

impl Edge {
    /// A step that can be taken.
    pub fn new(from: &Urn, kind: EdgeKind, to: &Urn, why: impl Into<Arc<str>>) -> Self {
        Self { from: from.clone(), to: to.clone(), kind, holding: Holding::Holds, why: why.into(), condition: None }
    }

    /// Says that it is not as sure, and why.
    #[must_use]
    pub fn only(mut self, holding: Holding, condition: impl Into<Arc<str>>) -> Self {
        self.holding = holding;
        self.condition = Some(condition.into());
        self
    }
}

/// Power that can be reached from somewhere, with how sure that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Reached<'a> {
    /// What can be done.
    pub kind: CapabilityKind,
    /// Where: `account 123456789012`, `cluster prod`.
    pub scope: &'a str,
    /// The identity that has it.
    pub at: &'a Urn,
    /// The weakest of all steps.
    pub holding: Holding,
    /// How many steps away that identity is.
    pub steps: u32,
}
