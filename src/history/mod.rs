//! Remembers scans, and says what changed between them. The only room that keeps anything; judges nothing.

mod document;
mod drift;
mod load;
mod looked;
mod record;
mod rename;
mod snapshot;
mod state;
mod store;

pub use document::HIDDEN;
pub use drift::{Change, Drift, FindingChange, IdentityChange, IdentityEvent};
pub use load::{Point, ScanId};
pub use looked::{Looked, Place};
pub use record::Recorded;
pub use snapshot::{FindingSeen, IdentitySeen, Judged, OwnerSeen, Seen, Snapshot};
pub use state::{State, Status, Tracked};
pub use store::{History, HistoryError};
