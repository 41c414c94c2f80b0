//! In which region somebody asks. The caller chooses it, so that a deny on other regions is no doubt: only what is denied
//! in the best of them counts. It judges nothing but that.

use super::action::Action;
use super::condition::Clause;
use super::context::Context;
use super::truth::Truth;

/// The condition key, lower case.
pub(super) const KEY: &str = "aws:requestedregion";

/// Regions that every account has, to be tried where denies name only others.
const COMMON: [&str; 3] = ["eu-west-1", "us-east-1", "us-west-2"];

/// Services that answer in one region of a partition, whoever asks from where.
/// Source: IAM User Guide, "AWS global condition context keys", `aws:RequestedRegion`.
const GLOBAL: [&str; 11] = [
    "account",
    "artifact",
    "aws-portal",
    "budgets",
    "ce",
    "cloudfront",
    "globalaccelerator",
    "iam",
    "organizations",
    "route53",
    "support",
];

/// Where somebody asks who is denied some regions.
#[derive(Clone, Debug)]
pub(super) struct Region {
    chosen: String,
    /// Where the services answer that have no regions.
    home: &'static str,
}

impl Region {
    /// The region in which the fewest of these conditions of denies hold; none where they do not ask for one.
    pub(super) fn choose<'d>(conditions: impl Iterator<Item = &'d Clause>, partition: &str) -> Option<Self> {
        let asking: Vec<&Clause> = conditions.filter(|clause| &*clause.key == KEY).collect();
        let listed = asking.iter().flat_map(|clause| &clause.values).map(AsRef::as_ref);
        let mut names: Vec<&str> = listed.chain(COMMON).filter(|name| !name.contains(['*', '?', '$'])).collect();
        names.sort_unstable();
        names.dedup();
        let nothing = Context::new();
        let denied = |name: &str| {
            asking.iter().filter(|clause| clause.holds_for(name, &nothing.asked()) != Truth::False).count()
        };
        let chosen = names.into_iter().filter(|_| !asking.is_empty()).min_by_key(|name| denied(name))?;
        let home = match partition {
            "aws-cn" => "cn-north-1",
            "aws-us-gov" => "us-gov-west-1",
            _ => "us-east-1",
        };
        Some(Self { chosen: chosen.to_owned(), home })
    }

    /// Where a request for an action goes.
    pub(super) fn of(&self, action: &Action) -> &str {
        if GLOBAL.contains(&action.service()) { self.home } else { &self.chosen }
    }
}
