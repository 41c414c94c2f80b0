//! Whom a technique can be used on at most, by the names in the statements that allow it: it spares asking about
//! everyone. It may name too many, never too few, and decides nothing.

use super::step::Node;
use super::technique::{On, Technique};
use crate::model::wildcard::covers;

/// Identities by their places in the atlas.
#[derive(Debug)]
pub(super) enum Within {
    /// Anyone, or too many to list.
    Everyone,
    /// These at most, in order.
    These(Vec<usize>),
}

impl Within {
    pub(super) fn holds(&self, at: usize) -> bool {
        match self {
            Self::Everyone => true,
            Self::These(all) => all.binary_search(&at).is_ok(),
        }
    }
}

/// The names of everything that techniques change, for looking up what a pattern may cover.
pub(super) struct Names<'n> {
    /// Of identities and of the policies they hold, sorted, with who has them.
    identities: Vec<(&'n str, usize)>,
    policies: Vec<(&'n str, usize)>,
    /// Those whose names have colons of their own, which a wildcard before them may cross.
    odd: Vec<usize>,
}

impl<'n> Names<'n> {
    pub(super) fn new(nodes: &'n [Node<'_>]) -> Self {
        let mut names = Self { identities: Vec::new(), policies: Vec::new(), odd: Vec::new() };
        for (at, node) in nodes.iter().enumerate() {
            let id = node.identity.id.as_str();
            names.identities.push((id, at));
            names.policies.extend(node.policies.iter().map(|policy| (policy.as_str(), at)));
            if node.policies.iter().map(|policy| policy.as_str()).chain([id]).any(|name| name.split(':').count() > 6) {
                names.odd.push(at);
            }
        }
        names.identities.sort_unstable();
        names.policies.sort_unstable();
        names
    }

    /// Whom `who` can use a technique on at most, by what it may do its first action on.
    pub(super) fn within(&self, who: &Node<'_>, technique: &Technique) -> Within {
        let names = match technique.on {
            Some(On::User | On::Role | On::Group | On::Membership) => &self.identities,
            Some(On::Policy) => &self.policies,
            _ => return Within::Everyone,
        };
        let patterns = technique.actions.first().and_then(|action| who.rights.allowed_patterns(action));
        let Some(patterns) = patterns else { return Within::Everyone };
        let id = who.identity.id.as_str();
        let account = id.len() - id.splitn(6, ':').nth(5).map_or(0, str::len);
        let mut found = self.odd.clone();
        for pattern in patterns {
            let Some(start) = beginning(pattern, &id[..account]) else { continue };
            let first = names.partition_point(|(name, _)| *name < start.as_str());
            let rest = &names[first..];
            let covered = &rest[..rest.partition_point(|(name, _)| name.starts_with(&start))];
            if found.len() + covered.len() > names.len() / 4 {
                return Within::Everyone;
            }
            found.extend(covered.iter().map(|(_, at)| *at));
        }
        found.sort_unstable();
        found.dedup();
        Within::These(found)
    }
}

/// What every name of an account that a pattern covers begins with; none if it covers none of them. `account` is
/// `arn:aws:iam::111122223333:`. Only names without colons of their own are meant.
fn beginning(pattern: &str, account: &str) -> Option<String> {
    let plain = |text: &str| text.split(['*', '?', '$']).next().unwrap_or_default().to_owned();
    let start = plain(pattern);
    if start.len() >= account.len() || start.len() == pattern.len() {
        return Some(start);
    }
    let parts: Vec<&str> = pattern.splitn(6, ':').collect();
    let [before @ .., local] = parts.as_slice() else { return Some(start) };
    if before.len() < 5 || before.iter().any(|part| part.contains('$')) {
        return Some(start);
    }
    let fits = before.iter().zip(account.split(':')).all(|(pattern, part)| covers(pattern, part));
    fits.then(|| format!("{account}{}", plain(local)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{beginning, covers};

    const ACCOUNT: &str = "arn:aws:iam::111122223333:";

    #[test]
    fn what_a_pattern_leaves_of_an_account() {
        for (pattern, expected) in [
            ("*", Some("")),
            ("arn:aws:iam::*", Some("arn:aws:iam::")),
            ("arn:aws:iam::111122223333:role/ci", Some("arn:aws:iam::111122223333:role/ci")),
            ("arn:aws:iam::*:role/ci-*", Some("arn:aws:iam::111122223333:role/ci-")),
            ("arn:*:iam::*:role/c?-*", Some("arn:aws:iam::111122223333:role/c")),
            ("arn:aws:iam::44*:role/ci", None),
            ("arn:aws:iam::*:user/${aws:username}", Some("arn:aws:iam::111122223333:user/")),
            ("arn:aws:iam::${aws:PrincipalAccount}:role/ci", Some("arn:aws:iam::")),
            ("*:role/ci", Some("")),
        ] {
            assert_eq!(beginning(pattern, ACCOUNT).as_deref(), expected, "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn every_covered_name_begins_so(
            pattern in "(arn|\\*):(aws|\\*|a\\?s):(iam|\\*):\\*?:(111122223333|\\*|1111\\*):(role|\\*|r\\?le)/[ab*?]{0,4}|[ab*?]{1,3}|\\*",
            name in "[ab/]{1,5}",
        ) {
            let name = format!("{ACCOUNT}role/{name}");
            if covers(&pattern, &name) {
                let start = beginning(&pattern, ACCOUNT);
                prop_assert!(start.is_some_and(|start| name.starts_with(&start)), "{pattern} {name}");
            }
        }
    }
}
