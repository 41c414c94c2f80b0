//! Reads the world and sends it on as records. The only folder that opens files of others or talks to a network;
//! it judges nothing.

pub mod agents;
pub mod aws;
mod certificates;
mod found;
#[cfg(feature = "http-client")]
#[allow(dead_code, unused_imports, reason = "each API uses its part")]
pub(crate) mod http;
pub mod keys;
pub mod kubernetes;
pub mod lines;
mod mask;
pub mod okta;
pub mod people;
pub mod registry;
mod run;
pub mod shard;
mod sink;
pub mod source;
mod texts;

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::model::{FactKind, FingerprintKey, Outcome};

pub use mask::mask;
pub use run::{Ended, Gathered, Interrupt, run, run_into};
pub use sink::Sink;

/// Finds identities, or what bears on them, in one kind of place.
#[async_trait]
pub trait Collector: Send + Sync {
    /// Stable name, shown in evidence and coverage: `source`, `aws`, `kubernetes`.
    fn name(&self) -> &'static str;

    /// The facts that stay unknown when a target cannot be read at all.
    fn facts(&self) -> &'static [FactKind];

    /// The units that are timed out and reported one by one: trees, accounts, clusters, export files.
    fn targets(&self) -> Vec<String>;

    /// Reads one of its targets. What was sent before an error stays sent.
    ///
    /// # Errors
    /// When nothing more of the target can be read. A part that is refused is no error: it is sent as a coverage
    /// entry and the rest goes on.
    async fn collect(&self, target: &str, context: &Context, sink: &Sink) -> Result<(), CollectError>;
}

/// What every collector is given.
#[derive(Clone)]
pub struct Context {
    /// The scan's point in time.
    pub now: Timestamp,
    /// The key under which found values are fingerprinted.
    pub fingerprint_key: FingerprintKey,
    /// Called with a short text when something was read; for progress only.
    pub progress: Arc<dyn Fn(&str) + Send + Sync>,
}

/// Why the rest of a target could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// The scan is over (interrupted or past its deadline); stop quietly.
    #[error("the scan was stopped")]
    Stopped,
    /// Anything else, to be shown as a hole.
    #[error("{what}: {detail}")]
    Hole {
        /// What of the target, such as `account authorization details`.
        what: String,
        /// Refused, failed or partial.
        outcome: Outcome,
        /// What happened.
        detail: String,
        /// What the user can do.
        remedy: Option<String>,
    },
}

impl CollectError {
    /// A hole for something that could not be read.
    pub fn failed(what: &str, detail: impl ToString) -> Self {
        Self::Hole { what: what.to_owned(), outcome: Outcome::Failed, detail: detail.to_string(), remedy: None }
    }

    /// A hole for something the other side did not let us read.
    pub fn refused(what: &str, detail: impl ToString) -> Self {
        Self::Hole { what: what.to_owned(), outcome: Outcome::Refused, detail: detail.to_string(), remedy: None }
    }

    /// Adds what the user can do about it.
    #[must_use]
    pub fn with_remedy(mut self, text: impl Into<String>) -> Self {
        if let Self::Hole { remedy, .. } = &mut self {
            *remedy = Some(text.into());
        }
        self
    }
}
