//! Where the value of a Secret is besides: in another Secret, of another namespace or cluster, or in a file. It compares keyed
//! fingerprints, which are dropped afterwards.

use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::{Inventory, Table};
use crate::model::{AttributeName, Setting, SettingKind, Urn};

/// How many other places one Secret names.
const NAMED: usize = 10;

pub(super) fn link(inventory: &mut Inventory) {
    let mut places: BTreeMap<String, BTreeSet<Urn>> = BTreeMap::new();
    for secret in inventory.settings.iter().filter(|one| one.kind == SettingKind::KubernetesSecret) {
        for (_, print) in prints(secret) {
            places.entry(print).or_default().insert(secret.id.clone());
        }
    }
    if places.is_empty() {
        return;
    }
    let mut in_files: BTreeMap<String, BTreeSet<Urn>> = BTreeMap::new();
    for exposure in inventory.exposures.iter() {
        let print = exposure.fingerprint.as_str();
        if let Some(secrets) = places.get(print) {
            in_files.entry(print.to_owned()).or_default().insert(exposure.id.clone());
            let facts = inventory.facts.exposures.entry(exposure.id.clone()).or_default();
            facts.copies += secrets.len();
            facts.same_value.extend(secrets.iter().take(NAMED).cloned());
        }
    }
    let settings: Vec<Setting> =
        inventory.settings.iter().filter_map(|one| compared(one, &places, &in_files)).collect();
    inventory.settings = Table::new(settings);
}

/// A setting with where its values are besides, and without their fingerprints; a Secret of which nothing else is to be
/// told is dropped.
fn compared(
    setting: &Setting,
    places: &BTreeMap<String, BTreeSet<Urn>>,
    in_files: &BTreeMap<String, BTreeSet<Urn>>,
) -> Option<Setting> {
    let mut others: BTreeSet<String> = BTreeSet::new();
    let found = prints(setting);
    if found.is_empty() {
        return Some(setting.clone());
    }
    for (entry, print) in found {
        let secrets = places.get(&print).into_iter().flatten().filter(|id| **id != setting.id);
        let files = in_files.get(&print).into_iter().flatten();
        others.extend(secrets.chain(files).map(|place| format!("{entry}: {place}")));
    }
    let mut setting = setting.clone();
    setting.attributes.remove(AttributeName::ValuePrints);
    if !others.is_empty() {
        setting.attributes.set(AttributeName::SameValueAs, others.into_iter().take(NAMED).collect::<Vec<_>>());
    }
    (!setting.attributes.is_empty()).then_some(setting)
}

/// The names of entries with the fingerprints of their values.
fn prints(setting: &Setting) -> Vec<(String, String)> {
    let texts = setting.attributes.texts(AttributeName::ValuePrints);
    texts
        .iter()
        .filter_map(|text| text.split_once('='))
        .map(|(name, print)| (name.to_owned(), print.to_owned()))
        .collect()
}
