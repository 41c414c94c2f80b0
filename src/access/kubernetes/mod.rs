//! What RBAC rules allow: single requests exactly, and what a subject's grants amount to.
//! It reads roles as they are; aggregated roles must hold their rules already.

mod authorize;
mod binding;
mod bootstrap;
mod capability;
mod cut;
mod escalate;
mod held;
mod names;
mod node;
mod operator;
mod platform;
mod right;
mod rule;
mod table;

use std::fmt;

use crate::model::{Grant, Identity, Policy, Urn};

pub use authorize::{Asker, Authorizer, Decision, shown_rules};
pub use bootstrap::Bootstrap;
pub use capability::{capabilities, grant_capabilities, relevant_rules};
pub use escalate::{Actor, Pods, Ways, escalations};
pub use names::{Named, ResourceNames};
pub use node::NodeRights;
pub use operator::{Operator, Operators};
pub use platform::Platforms;
pub use right::{Place, Reach, takes_nodes, takes_over};
pub use rule::{Request, allows, grant_allows};
pub use table::CapabilityTable;

/// The namespaces and service accounts of what a cluster runs, asked by cluster, namespace, resource and name.
pub type RunsAs<'a> = dyn Fn(&str, Option<&str>, &str, &str) -> Vec<(String, String)> + Sync + 'a;

/// What else of a cluster decides what a right amounts to.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// The role of a name, where one was read or the platform has one.
    pub role: &'a (dyn Fn(&Urn) -> Option<&'a Policy> + Sync),
    /// Whether an object was read.
    pub is_there: &'a (dyn Fn(&Urn) -> bool + Sync),
    /// Whether a namespace of a cluster, or any where none is said, lets in pods that have the files of their node.
    pub admission: &'a (dyn Fn(&str, Option<&str>) -> Admission + Sync),
    /// Whether a cluster has webhooks or policies that may refuse pods.
    pub is_guarded: &'a (dyn Fn(&str) -> bool + Sync),
    /// The minor version of Kubernetes 1 that the API server of a cluster is of, where that is known.
    pub minor: &'a (dyn Fn(&str) -> Option<u32> + Sync),
    /// What the objects of a resource and a name run as, in a namespace of a cluster or in any where none is said: namespace and
    /// service account of each that was read, and whose pods are what its template or it says.
    pub runs: &'a RunsAs<'a>,
    /// The rules of a role that can count, by their place; none where nobody has looked. See [`relevant_rules`].
    pub relevant: &'a (dyn Fn(&Policy) -> Option<&'a [usize]> + Sync),
}

/// Whether pods that have the files of their node are let into a namespace, by the level of pod security that is enforced
/// there (Kubernetes documentation, "Pod Security Standards"). Webhooks and policies are not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// The level is `privileged`.
    Open,
    /// No level is said: what the API server was started with decides, and lets them in by default.
    Unsaid,
    /// The level is `baseline` or `restricted`.
    Refused,
}

impl Around<'_> {
    /// Where nothing else is known.
    pub const NOTHING: Self = Around {
        role: &|_| None,
        is_there: &|_| false,
        admission: &|_, _| Admission::Unsaid,
        is_guarded: &|_| false,
        minor: &|_| None,
        runs: &|_, _, _, _| Vec::new(),
        relevant: &|_| None,
    };

    /// The same for what a role gives wherever it may be bound: no object has one of the names in it.
    #[must_use]
    pub fn without_objects(&self) -> Self {
        Around { runs: &|_, _, _, _| Vec::new(), ..*self }
    }
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
