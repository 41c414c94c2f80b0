//! How long, how often and how much. Numbers only.

use std::time::Duration;

/// The limits of a client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// How long making a connection may take.
    pub(crate) connect: Duration,
    /// How long one try may take, with its answer.
    pub(crate) attempt: Duration,
    /// How long an unused connection is kept.
    pub(crate) idle: Duration,
    /// How many bytes an answer may have.
    pub(crate) body: usize,
    /// How often a request is tried that fails; being throttled is no failure.
    pub(crate) attempts: u32,
    /// The longest single pause after a 429.
    pub(crate) longest_pause: Duration,
    /// How long all pauses of one request after 429 may take.
    pub(crate) patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            attempt: Duration::from_secs(60),
            idle: Duration::from_secs(5),
            body: 64 * 1024 * 1024,
            attempts: 4,
            longest_pause: Duration::from_secs(90),
            patience: Duration::from_secs(600),
        }
    }
}
