//! Whether the custom resources of a cluster that run pods or act as service accounts are in its dump. It reads none of them.

use std::collections::BTreeSet;

use super::super::custom::{GROUPS, is_read};
use super::super::object::Object;
use super::NAME;
use crate::model::{CoverageEntry, FactKind, Outcome};

/// What a dump has of custom resources.
#[derive(Default)]
pub(super) struct Custom {
    /// Whether some are there, or a list of them that is empty.
    has_some: bool,
    /// The groups of the definitions in the dump; none where it has no definition.
    defined: BTreeSet<&'static str>,
    has_definitions: bool,
}

impl Custom {
    /// Takes note of an object of a kind that is not the API server's own.
    pub(super) fn see(&mut self, object: &Object) {
        if object.kind != "CustomResourceDefinition" {
            return self.see_list(&object.api_version, &object.kind);
        }
        self.has_definitions = true;
        // A definition is called `workflows.argoproj.io`.
        let named = object.metadata.name.split_once('.').filter(|(plural, group)| is_read(group, plural));
        let group = named.and_then(|(_, group)| GROUPS.iter().find(|one| one.name == group));
        self.defined.extend(group.map(|one| one.name));
    }

    /// Takes note of a list of one kind.
    pub(super) fn see_list(&mut self, api_version: &str, kind: &str) {
        let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
        self.has_definitions |= kind == "CustomResourceDefinition";
        self.has_some |= GROUPS.iter().any(|one| one.name == group);
    }

    /// Whether nothing in the dump says that the cluster has custom resources, or that it has none.
    pub(super) fn is_unknown(&self) -> bool {
        !self.has_some && !self.has_definitions
    }

    /// What is to be said; `operators` are the groups that roles of the cluster name, whose objects somebody works with.
    pub(super) fn entry(&self, cluster: &str, operators: &BTreeSet<&'static str>) -> Option<CoverageEntry> {
        if self.has_some {
            return None;
        }
        let groups = if self.has_definitions { &self.defined } else { operators };
        let entry = |detail: String| {
            let entry = CoverageEntry::hole(NAME, cluster, "custom resources", Outcome::NotRead, detail);
            entry.remedy("run nonhuman permissions kubernetes --plan: its last command dumps them")
        };
        if groups.is_empty() {
            let known =
                if self.has_definitions { "the cluster has none of those that are read" } else { "there may be none" };
            return Some(entry(format!("none in the dump; {known}")).blinds(&[]));
        }
        let names: Vec<&str> = groups.iter().copied().collect();
        let said = if self.has_definitions { "the cluster defines" } else { "roles of the cluster are about" };
        let detail = format!(
            "none in the dump, and {said} objects of {}: service accounts that only these name look unused",
            names.join(", ")
        );
        Some(entry(detail).blinds(&[FactKind::Workloads]))
    }
}
