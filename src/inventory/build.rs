//! From a set of records to an inventory.

use std::collections::BTreeSet;

use rayon::prelude::*;
use serde::Serialize;

use super::merge::Merge;
use super::{Coverage, Inventory, Keyed, Links, Table};
use crate::model::Record;

impl Inventory {
    /// Puts records together. Records of one name are merged: the newest says what it knows.
    ///
    /// INVARIANT: a pure function of the *set* of records (`tests/inventory.rs` proves it with shuffled, split and
    /// repeated records).
    pub fn build(records: Vec<Record>) -> Self {
        let mut sorted = Sorted::default();
        for record in records {
            sorted.add(record);
        }
        sorted.usages.sort();
        sorted.usages.dedup();
        Self {
            identities: table(sorted.identities),
            credentials: table(sorted.credentials),
            policies: table(sorted.policies),
            grants: table(sorted.grants),
            trusts: table(sorted.trusts),
            workloads: table(sorted.workloads),
            settings: table(sorted.settings),
            links: Links::new(sorted.links),
            people: table(sorted.people),
            exposures: table(sorted.exposures),
            usages: sorted.usages,
            coverage: Coverage::new(sorted.coverage),
            scopes: sorted.scopes,
            facts: super::Facts::default(),
        }
    }
}

#[derive(Default)]
struct Sorted {
    identities: Vec<crate::model::Identity>,
    credentials: Vec<crate::model::Credential>,
    policies: Vec<crate::model::Policy>,
    grants: Vec<crate::model::Grant>,
    trusts: Vec<crate::model::Trust>,
    workloads: Vec<crate::model::Workload>,
    settings: Vec<crate::model::Setting>,
    links: Vec<crate::model::Link>,
    people: Vec<crate::model::Person>,
    exposures: Vec<crate::model::Exposure>,
    usages: Vec<crate::model::Usage>,
    coverage: Vec<crate::model::CoverageEntry>,
    scopes: BTreeSet<crate::model::Scope>,
}

impl Sorted {
    fn add(&mut self, record: Record) {
        match record {
            Record::Identity(identity) => self.identities.push(identity),
            Record::Credential(credential) => self.credentials.push(credential),
            Record::Policy(policy) => self.policies.push(policy),
            Record::Grant(grant) => self.grants.push(grant),
            Record::Trust(trust) => self.trusts.push(trust),
            Record::Workload(workload) => self.workloads.push(workload),
            Record::Setting(setting) => self.settings.push(setting),
            Record::Link(link) => self.links.push(link),
            Record::Person(person) => self.people.push(person),
            Record::Exposure(exposure) => self.exposures.push(*exposure),
            Record::Usage(usage) => self.usages.push(usage),
            Record::Coverage(entry) => self.coverage.push(entry),
            Record::Scope(scope) => {
                self.scopes.insert(*scope);
            }
            Record::End { .. } => {}
        }
    }
}

/// Merges the rows of each name.
fn table<T: Keyed + Merge + Serialize + Send>(mut rows: Vec<T>) -> Table<T> {
    // In place; rows of one name are put in order below.
    rows.par_sort_unstable_by(|a, b| a.key().cmp(b.key()));
    let mut merged: Vec<T> = Vec::with_capacity(rows.len());
    let mut rows = rows.into_iter().peekable();
    while let Some(row) = rows.next() {
        let mut same = vec![row];
        while let Some(next) = rows.next_if(|next| same[0].key() == next.key()) {
            same.push(next);
        }
        merged.extend(join(same));
    }
    Table::new(merged)
}

/// One row of several, newest first; those seen at the same time are put in the order of their JSON.
fn join<T: Merge + Serialize>(mut same: Vec<T>) -> Option<T> {
    if same.len() > 1 {
        same.sort_by_cached_key(|row| {
            (std::cmp::Reverse(row.evidence().observed), serde_json::to_string(row).unwrap_or_default())
        });
    }
    let newest = same.first().map(|row| row.evidence().observed);
    same.into_iter().reduce(|newer, older| {
        let same_time = Some(older.evidence().observed) == newest;
        newer.merge(older, same_time)
    })
}
