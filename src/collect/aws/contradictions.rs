//! Files of one account that say different things of the same key, user or role. It must not decide which is right: what
//! they do not agree on is unknown.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::export::{AccessKey, AccessKeys, Authorization};
use super::records::{AUTHORIZATION, AUTHORIZATION_FACTS};
use super::site::{Origin, Site, some_of};
use crate::model::{Outcome, Record};

/// The users, groups and roles of which two pages say different things, as a hole. Pages of one answer share none.
pub(super) fn of(pages: &[(Authorization, Origin)], site: &Site) -> Option<Record> {
    if pages.len() < 2 {
        return None;
    }
    let mut seen: BTreeMap<&str, (u64, &Origin)> = BTreeMap::new();
    let mut differing: Vec<String> = Vec::new();
    for (page, origin) in pages {
        let users = page.users.iter().map(|user| (user.arn.as_str(), sum(user)));
        let groups = page.groups.iter().map(|group| (group.arn.as_str(), sum(group)));
        let roles = page.roles.iter().map(|role| (role.arn.as_str(), sum(role)));
        for (arn, sum) in users.chain(groups).chain(roles).filter(|(arn, _)| !arn.is_empty()) {
            match seen.get(arn) {
                Some((first, place)) if *first != sum => {
                    differing.push(format!("{arn} ({} and {})", place.shown(), origin.shown()));
                }
                Some(_) => {}
                None => {
                    seen.insert(arn, (sum, origin));
                }
            }
        }
    }
    if differing.is_empty() {
        return None;
    }
    let detail = format!("files of different times say different things of {}", some_of(&differing));
    let hole = site.hole(&format!("{AUTHORIZATION} of one time"), Outcome::Partial, detail);
    let remedy = "keep the newest export of the account only";
    Some(Record::Coverage(hole.blinds(AUTHORIZATION_FACTS).remedy(remedy)))
}

/// What stands for all that is said of something.
fn sum(item: &impl Debug) -> u64 {
    let mut hasher = DefaultHasher::new();
    format!("{item:?}").hash(&mut hasher);
    hasher.finish()
}

/// Access keys by id, each with the file that is believed.
pub(super) type KeysById = BTreeMap<String, (AccessKey, Origin)>;

/// The keys of all lists by id, and where two lists say different things of one. What they do not agree on is unknown.
pub(super) fn one_a_key(listings: Vec<(AccessKeys, Origin)>) -> (KeysById, Vec<String>) {
    let mut keys = KeysById::new();
    let mut contradictions = Vec::new();
    for (listing, origin) in listings {
        for key in listing.keys.items {
            let Some((first, seen)) = keys.get_mut(&key.id) else {
                keys.insert(key.id.clone(), (key, origin.clone()));
                continue;
            };
            let differing: Vec<&str> = [
                ("UserName", first.user != key.user),
                ("Status", first.status != key.status),
                ("CreateDate", first.created != key.created),
            ]
            .into_iter()
            .filter_map(|(field, differs)| differs.then_some(field))
            .collect();
            if differing.is_empty() {
                continue;
            }
            let (one, two) = (seen.shown(), origin.shown());
            contradictions.push(format!(
                "{one} and {two} contradict each other on {} of key {}",
                differing.join(", "),
                key.id
            ));
            if first.status != key.status {
                first.status = None;
            }
            if first.created != key.created {
                first.created = None;
            }
        }
    }
    (keys, contradictions)
}
