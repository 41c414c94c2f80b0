//! The services that are read, a file each: which calls, and what their answers say. It must not make a call.

mod iam;

use super::calls::Call;

/// One service.
pub(super) struct Service {
    /// The calls that are made.
    pub(super) calls: &'static [Call],
}

/// Every service, in the order in which they are asked.
pub(super) const SERVICES: &[Service] = &[Service { calls: iam::CALLS }];
