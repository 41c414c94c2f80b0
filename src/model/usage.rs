//! When something was last used, and how far back the source could see.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Evidence, Known, Urn};

/// A statement about the last use of an identity or a credential.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Usage {
    /// The identity or credential.
    pub of: Urn,
    /// The last use; absent means "not since the horizon".
    pub last: Known<Timestamp>,
    /// How far back the source sees; absent where it sees the whole life.
    pub horizon: Option<Timestamp>,
    /// The source, such as `credential report` or `RoleLastUsed`.
    pub source: Arc<str>,
    /// Where it was seen.
    pub evidence: Evidence,
}
