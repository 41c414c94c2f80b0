//! An edge between two nouns that a collector saw in configuration. What `link` concludes from edges lives there.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Confidence, Evidence, Urn, names};

names! {
    /// How one thing is tied to another; read it as `from <kind> to`.
    LinkKind {
        /// A user, app or agent is in a group.
        MemberOf = "member-of",
        /// An agent uses a server, a workload or a server uses a credential or an exposed value.
        Uses = "uses",
        /// It can act as an identity.
        ActsAs = "acts-as",
        /// A person answers for it.
        OwnedBy = "owned-by",
        /// Code defines it.
        DefinedBy = "defined-by",
        /// It is the same thing in a registry or in another system.
        RegisteredAs = "registered-as",
        /// A setting bears on an identity.
        AppliesTo = "applies-to",
    }
}

/// An edge with its evidence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Link {
    /// The thing that is tied.
    pub from: Urn,
    /// How.
    pub kind: LinkKind,
    /// The thing it is tied to; it may not have been read.
    pub to: Urn,
    /// How sure it is.
    pub confidence: Confidence,
    /// What must hold for it, where it does not always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Arc<str>>,
    /// Why, in one sentence for a reader.
    pub why: Arc<str>,
    /// Where it was seen.
    pub evidence: Arc<Evidence>,
}
