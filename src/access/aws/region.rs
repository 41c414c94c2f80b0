//! In which region somebody asks. The caller chooses it, so that a deny on other regions is no doubt: only what is denied
//! in the best of them counts. It judges nothing but that.

use super::action::Action;
use super::condition::Clause;
use super::context::Context;
use super::truth::Truth;

/// The condition key, lower case.
pub(super) const KEY: &str = "aws:requestedregion";

/// The regions of each partition, that of the services without regions first. Whoever administrates an account enables
/// those that are not by default.
/// Source: AWS Regions and Availability Zones, "AWS Regions"; AWS service endpoints, "Partitions".
const PARTITIONS: [(&str, &[&str]); 6] = [
    ("aws-cn", &["cn-north-1", "cn-northwest-1"]),
    ("aws-us-gov", &["us-gov-west-1", "us-gov-east-1"]),
    ("aws-iso", &["us-iso-east-1", "us-iso-west-1"]),
    ("aws-iso-b", &["us-isob-east-1", "us-isob-west-1"]),
    ("aws-eusc", &["eusc-de-east-1"]),
    ("aws", &COMMERCIAL),
];

const COMMERCIAL: [&str; 34] = [
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
];

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
    /// A region in which none of the denies holds; none where there is no such region, so that it depends on the request.
    chosen: Option<String>,
    /// The regions of the partition, first the one where the services answer that have none.
    regions: &'static [&'static str],
    /// Whether it is one that is tried, so that what is allowed depends on it, too, and not on the denies alone.
    tried: bool,
}

impl Region {
    /// A region in which no deny holds that asks for one, by the conditions of each deny; none where they do not ask.
    pub(super) fn choose<'d>(
        denies: impl Iterator<Item = &'d [Clause]>,
        regions: &'static [&'static str],
    ) -> Option<Self> {
        let of_region = |clauses: &'d [Clause]| clauses.iter().filter(|one| &*one.key == KEY).collect::<Vec<_>>();
        let asking: Vec<Vec<&Clause>> = denies.map(of_region).filter(|clauses| !clauses.is_empty()).collect();
        if asking.is_empty() {
            return None;
        }
        let listed = asking.iter().flatten().flat_map(|clause| &clause.values).map(AsRef::as_ref);
        // A region that only a policy names may be newer than the list.
        let named = listed.filter(|name: &&str| !name.is_empty() && !name.contains(['*', '?', '$']));
        let nothing = Context::new();
        // A deny holds where all of its conditions do; of those that do not ask for the region nothing is known here.
        let spares = |clauses: &Vec<&Clause>, name: &str| {
            clauses.iter().any(|clause| clause.holds_for(name, &nothing.asked()) == Truth::False)
        };
        let is_free = |name: &&str| asking.iter().all(|clauses| spares(clauses, name));
        let chosen = regions.iter().copied().chain(named).find(is_free).map(str::to_owned);
        Some(Self { chosen, regions, tried: false })
    }

    /// One region to be tried.
    pub(super) fn tried(name: &str, partition: &str) -> Self {
        Self { chosen: Some(name.to_owned()), regions: regions_of(partition), tried: true }
    }

    /// Where a request is tried, if one is.
    pub(super) fn of_trial(&self, action: &Action) -> Option<&str> {
        self.of(action).filter(|_| self.tried)
    }

    /// As [`Self::choose`] for one action, where no region is free of all denies: each may be asked for in one of its own.
    pub(super) fn own<'d>(&self, action: &Action, denies: impl Iterator<Item = &'d [Clause]>) -> Option<String> {
        Self::choose(denies, self.regions)?.of(action).map(str::to_owned)
    }

    /// Where a request for an action goes, where that is known.
    pub(super) fn of(&self, action: &Action) -> Option<&str> {
        if GLOBAL.contains(&action.service()) { self.regions.first().copied() } else { self.chosen.as_deref() }
    }
}

/// The regions of a partition.
pub(super) fn regions_of(partition: &str) -> &'static [&'static str] {
    PARTITIONS.iter().find(|(name, _)| *name == partition).map_or(&COMMERCIAL, |(_, regions)| regions)
}
