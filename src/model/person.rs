//! A human who may answer for an identity.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Evidence, Known, Urn};

/// A person of the organisation's directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Person {
    /// `person:<e-mail>`.
    pub id: Urn,
    /// The e-mail address, in lower case.
    pub email: String,
    /// The name to show.
    pub name: String,
    /// The team, where the directory says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// Whether the person is still there.
    pub active: Known<bool>,
    /// When the person left.
    pub left: Known<Timestamp>,
    /// Where it was seen.
    pub evidence: Evidence,
}
