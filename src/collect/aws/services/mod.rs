//! The services that are read, a file each: which calls, and what their answers say. It must not make a call.

mod agents;
mod cloudtrail;
mod compute;
mod containers;
mod iam;
pub(super) mod iam_accessed;
mod iam_credentials;
pub(super) mod identity_center;
pub(super) mod organizations;
mod pipelines;
mod policies;
mod rolesanywhere;
mod secrets;

use super::answer::Answer;
use super::calls::Call;
use super::notes::Notes;

/// A group of calls and what reads their answers.
pub(super) struct Service {
    /// The calls that are made.
    pub(super) calls: &'static [Call],
    /// Notes what an answer says.
    pub(super) read: fn(&Answer, &mut Notes<'_>),
}

/// Every service, in the order in which they are asked.
pub(super) const SERVICES: &[Service] = &[
    Service { calls: iam::CALLS, read: |_, _| {} },
    Service { calls: iam_credentials::CALLS, read: iam_credentials::read },
    Service { calls: iam_accessed::CALLS, read: iam_accessed::read },
    Service { calls: rolesanywhere::CALLS, read: rolesanywhere::read },
    Service { calls: organizations::CALLS, read: organizations::read },
    Service { calls: identity_center::CALLS, read: identity_center::read },
    Service { calls: compute::CALLS, read: compute::read },
    Service { calls: containers::CALLS, read: containers::read },
    Service { calls: pipelines::CALLS, read: pipelines::read },
    Service { calls: agents::CALLS, read: agents::read },
    Service { calls: secrets::CALLS, read: secrets::read },
    Service { calls: policies::CALLS, read: policies::read },
    Service { calls: cloudtrail::CALLS, read: cloudtrail::read },
];

/// What reads the answers of a call.
pub(super) fn reader(call: &Call) -> Option<fn(&Answer, &mut Notes<'_>)> {
    SERVICES.iter().find(|service| service.calls.iter().any(|one| one.is(call))).map(|service| service.read)
}
