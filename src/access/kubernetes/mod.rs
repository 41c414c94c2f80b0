//! What RBAC rules allow: single requests exactly, and what a subject's grants amount to.
//! It reads roles as they are; aggregated roles must hold their rules already.

mod authorize;
mod binding;
mod bootstrap;
mod capability;
mod escalate;
mod names;
mod node;
mod rule;
mod table;

use std::fmt;

use crate::model::{Grant, Identity, Policy, Urn};

pub use authorize::{Asker, Authorizer, Decision, shown_rules};
pub use bootstrap::Bootstrap;
pub use capability::{capabilities, grant_capabilities};
pub use escalate::{Actor, Place, Pods, Reach, escalations, takes_over};
pub use names::{Named, ResourceNames};
pub use node::NodeRights;
pub use rule::{Request, allows, grant_allows};
pub use table::CapabilityTable;

/// What else of a cluster decides what a right amounts to.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// The role of a name, where one was read or the platform has one.
    pub role: &'a (dyn Fn(&Urn) -> Option<&'a Policy> + Sync),
    /// Whether an object was read.
    pub is_there: &'a (dyn Fn(&Urn) -> bool + Sync),
}

impl Around<'_> {
    /// Where nothing else is known.
    pub const NOTHING: Self = Around { role: &|_| None, is_there: &|_| false };
}

impl fmt::Debug for Around<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Around")
    }
}

/// A service account, user or group with what bindings give it.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// Who.
    pub identity: &'a Identity,
    /// Its grants, each with the role it names, or none where that role does not exist or was not read.
    pub grants: Vec<(&'a Grant, Option<&'a Policy>)>,
}
