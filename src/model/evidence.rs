//! Where a fact was seen.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Which collector saw something, when and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Evidence {
    /// When it was seen; the scan's `now`.
    pub observed: Timestamp,
    /// The collector's name, as in `registry.rs`.
    pub collector: Arc<str>,
    /// The place.
    pub location: Location,
}

impl Evidence {
    /// Whether it was read from a source tree: what somebody means to make, not what there is.
    pub fn is_declared(&self) -> bool {
        matches!(self.location, Location::File { .. })
    }
}

/// A place that a reader can go to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Location {
    /// An answer of a live API.
    Api {
        /// The call, `iam:GetAccountAuthorizationDetails` or `list core/v1 serviceaccounts`.
        call: Arc<str>,
        /// What was asked about, such as an account or a cluster.
        resource: Arc<str>,
    },
    /// A text position in a scanned tree.
    File {
        /// The scanned root as the user gave it; empty for the current directory.
        root: Arc<str>,
        /// The path below the root, with `/` between its parts, and `!/` between an archive and what lies in it.
        path: Arc<str>,
        /// The first line, counted from 1.
        line: u64,
        /// The first column in characters, counted from 1.
        column: u64,
        /// The last line.
        end_line: u64,
        /// The column after the last character.
        end_column: u64,
        /// The commit that holds it, when it was read from history.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        commit: Option<Arc<str>>,
    },
    /// An object in an export or dump file.
    Export {
        /// The file as it was found.
        file: Arc<str>,
        /// Which object in it, such as `UserDetailList/deploy-bot` or `ServiceAccount payments/api`.
        object: Arc<str>,
    },
}

impl Location {
    /// The file path as a reader of the report would open it, if the place is a file.
    pub fn file(&self) -> Option<String> {
        match self {
            Location::Api { .. } => None,
            Location::File { root, path, .. } if root.is_empty() => Some(path.to_string()),
            Location::File { root, path, .. } if path.is_empty() => Some(root.to_string()),
            // A member of an archive that is itself the root.
            Location::File { root, path, .. } if path.starts_with("!/") => Some(format!("{root}{path}")),
            Location::File { root, path, .. } => Some(format!("{}/{path}", root.trim_end_matches('/'))),
            Location::Export { file, .. } => Some(file.to_string()),
        }
    }
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Location::Api { call, resource } => write!(f, "{call} ({resource})"),
            Location::File { line, column, .. } => {
                write!(f, "{}:{line}:{column}", self.file().unwrap_or_default())
            }
            Location::Export { file, object } => write!(f, "{file} ({object})"),
        }
    }
}
