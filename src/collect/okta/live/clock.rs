//! The time as Okta sees it: its `Date` and how long ago that was. Tokens are judged by its clock, so ours is not asked.

use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

/// A clock that was set by an answer.
pub(super) struct Clock {
    set_to: Timestamp,
    set_at: Instant,
}

impl Clock {
    /// A clock that stands at a time now.
    pub(super) fn new(time: Timestamp) -> Self {
        Self { set_to: time, set_at: Instant::now() }
    }

    /// The time.
    pub(super) fn now(&self) -> Timestamp {
        let gone = SignedDuration::try_from(self.set_at.elapsed()).unwrap_or(SignedDuration::ZERO);
        self.set_to.checked_add(gone).unwrap_or(self.set_to)
    }
}
