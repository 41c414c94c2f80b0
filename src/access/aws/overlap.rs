//! What two patterns of ARNs may have in common. It must not know what they are patterns of.

use crate::model::wildcard::overlap;

/// Whether two patterns have an ARN in common: part by part, as only the last part of an ARN has colons of its own.
pub(super) fn meet(one: &str, other: &str) -> bool {
    let (first, second): (Vec<&str>, Vec<&str>) = (one.splitn(6, ':').collect(), other.splitn(6, ':').collect());
    if first.len() < 6 || second.len() < 6 {
        return overlap(one, other);
    }
    first.iter().zip(&second).all(|(one, other)| overlap(one, other))
}

/// Of what sort a pattern's resources are, where it says so: `lambda`, `function`.
pub(super) fn sort(pattern: &str) -> Option<(&str, &str)> {
    let local = pattern.splitn(6, ':').nth(5)?;
    let (sort, _) = local.split_once([':', '/'])?;
    (!sort.contains(['*', '?'])).then_some((service(pattern), sort))
}

/// The service part of an ARN pattern; empty for `*`.
pub(super) fn service(pattern: &str) -> &str {
    pattern.split(':').nth(2).unwrap_or("")
}
