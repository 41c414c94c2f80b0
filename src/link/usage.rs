//! When identities and credentials were last used, from every source that says something.

use std::collections::BTreeMap;

use crate::inventory::Inventory;
use crate::model::{Known, LastUse, Urn, Usage};

/// What is said where nothing was read.
const NO_SOURCE: &str = "nothing that was read says when it was last used";

pub(super) fn link(inventory: &mut Inventory) {
    let mut by_subject: BTreeMap<&Urn, Vec<&Usage>> = BTreeMap::new();
    for usage in &inventory.usages {
        by_subject.entry(&usage.of).or_default().push(usage);
    }
    for (id, facts) in &mut inventory.facts.credentials {
        facts.last_use = newest(by_subject.get(id).into_iter().flatten().copied());
    }
    for (id, facts) in &mut inventory.facts.identities {
        // A use of a credential is a use of its identity.
        let of_credentials = facts.credentials.iter().filter_map(|credential| by_subject.get(credential));
        let all = by_subject.get(id).into_iter().chain(of_credentials).flatten().copied();
        facts.last_use = newest(all);
    }
}

/// The newest of several statements. One that could not be read makes the whole unknown: it might have said something
/// newer.
fn newest<'a>(usages: impl Iterator<Item = &'a Usage>) -> Known<LastUse> {
    let mut best: Option<LastUse> = None;
    let mut unknown: Option<&str> = None;
    for usage in usages {
        let at = match &usage.last {
            Known::Unknown(why) => {
                unknown = Some(unknown.map_or(why.as_str(), |first| first.min(why)));
                continue;
            }
            Known::Absent => None,
            Known::Value(at) => Some(*at),
        };
        let new = LastUse { at, horizon: usage.horizon, source: usage.source.to_string() };
        best = Some(match best {
            // The shortest sight counts when nothing was seen: "never" means not since the nearest horizon.
            Some(old) if old.at.is_none() && new.at.is_none() => {
                if old.horizon >= new.horizon {
                    old
                } else {
                    new
                }
            }
            Some(old) if old.at >= new.at => old,
            _ => new,
        });
    }
    match (best, unknown) {
        (_, Some(why)) => Known::Unknown(why.to_owned()),
        (Some(best), None) => Known::Value(best),
        (None, None) => Known::unknown(NO_SOURCE),
    }
}
