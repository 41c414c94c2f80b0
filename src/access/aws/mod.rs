//! What IAM policies allow: capabilities, trusted principals, ways to administrator.
//! Organisation policies, resource policies and what runs where are not seen; conditions are judged only where the
//! request is known beforehand, and else make a conclusion conditional.

mod capability;
mod condition;
mod escalate;
mod evaluate;
mod pattern;
mod statement;
mod step;
mod technique;
mod trust;

use crate::model::{Identity, Policy, Trust, Urn};

pub use capability::{capabilities, policy_capabilities};
pub use escalate::escalations;
pub use pattern::covers;
pub use statement::problems;
pub use technique::Techniques;
pub use trust::trusted_principals;

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
    /// Who may become it; only roles have one.
    pub trust: Option<&'a Trust>,
}
