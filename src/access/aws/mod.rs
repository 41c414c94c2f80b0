//! What IAM policies allow: whole requests, capabilities, trusted principals, ways to administrator.
//! Conditions are judged as far as the request is known beforehand, and else make a conclusion conditional; nothing is
//! asked of AWS.

mod action;
mod assume;
mod atlas;
mod caller;
mod capability;
mod center;
mod choice;
mod condition;
mod context;
mod decide;
mod document;
mod escalate;
mod evaluate;
mod free;
mod fresh;
mod library;
mod named;
mod object;
mod onward;
mod operator;
mod overlap;
mod probe;
mod problems;
mod provider;
mod raise;
mod raising;
mod region;
mod run;
mod step;
mod surroundings;
mod technique;
mod trust;
mod truth;
mod variable;
mod verdict;
mod whose;
mod within;

use crate::model::{Identity, Policy, Trust, Urn};

pub use action::Action;
pub use caller::Caller;
pub use capability::{capabilities, judged, policy_capabilities};
pub use context::Context;
pub use decide::{Held, Layers, Request, decide};
pub use document::Document;
pub use escalate::{Ways, asked, cited, escalations};
pub use library::Library;
pub use onward::{Onward, onward};
pub use probe::CapabilityTable;
pub use problems::{oddities, problems};
pub use surroundings::Surroundings;
pub use technique::Techniques;
pub use trust::trusted_principals;
pub use verdict::{Decision, Layer, Reason, Verdict};
pub use whose::{Hold, hold_of};

/// An identity of an AWS account with everything that decides what it may do.
#[derive(Clone, Debug)]
pub struct Principal<'a> {
    /// The user, role, group or root user.
    pub identity: &'a Identity,
    /// The policies it holds, those of its groups included.
    pub policies: Vec<&'a Policy>,
    /// Policies it holds whose document was not read. What they give or deny is not in any conclusion.
    pub missing_policies: Vec<&'a Urn>,
    /// What limits the policies.
    pub boundary: Option<&'a Policy>,
    /// The name of what limits them, also where it was not read.
    pub boundary_id: Option<&'a Urn>,
    /// The names of the groups it is in; none where that was not read.
    pub groups: Option<Vec<&'a str>>,
    /// The service control policies of its account, by level of the organisation: every level must allow.
    pub guardrails: Vec<Vec<&'a Policy>>,
    /// The resource control policies of its account. They only deny.
    pub resource_guardrails: Vec<&'a Policy>,
    /// Who may become it; only roles have one.
    pub trust: Option<&'a Trust>,
}
