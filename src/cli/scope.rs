//! With what this run looks, for whoever compares it with another one. Reads nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::{Failure, baseline, ruleset};
use crate::collect::registry::Request;
use crate::collect::source::{Selection, Tree};
use crate::inventory::{Coverage, Inventory};
use crate::model::{CoverageEntry, Extent, FactKind, Outcome, Scope, TreeName};
use crate::secrets::{Detector, DetectorSet};

/// The scope of what is asked for. `has_others` is whether detectors may be loaded that are not those of the binary, and
/// `files` those that they were imported from.
pub(super) fn of(
    request: &Request,
    detectors: &DetectorSet,
    has_others: bool,
    files: &[PathBuf],
) -> Result<Scope, Failure> {
    let source = &request.source;
    let extent = match source.selection {
        _ if !request.given.is_empty() => Extent::Given,
        Selection::WorkTree => Extent::WorkTree,
        Selection::Staged => Extent::Staged,
        Selection::Range { .. } => Extent::Range,
        Selection::History => Extent::History,
    };
    let mut scope = Scope {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        key: baseline::key().as_str().to_owned(),
        extent,
        ignored_files: source.no_ignore,
        archives: source.archives,
        definitions: source.definitions,
        max_file_size: source.max_file_size,
        detectors_off: BTreeSet::new(),
        detectors_added: BTreeSet::new(),
        added_digest: None,
        lengthened: source.trees.iter().filter(|(_, one)| one.is_lengthened).map(|(path, _)| path.clone()).collect(),
        trees: source.trees.iter().filter(|(path, one)| one.name != **path).map(named).collect(),
        folders: BTreeMap::new(),
        first_commits: source
            .trees
            .values()
            .filter_map(|one| Some((one.name.clone(), one.first_commit.clone()?)))
            .collect(),
    };
    if has_others {
        let own = ruleset::built_in_detectors()?;
        let told = |one: &Detector| (one.id.clone(), one.family.clone(), one.form());
        let own: BTreeSet<(String, String, String)> = own.detectors().iter().map(told).collect();
        let loaded: BTreeSet<(String, String, String)> = detectors.detectors().iter().map(told).collect();
        let mut digest = blake3::Hasher::new();
        for (id, _, pattern) in loaded.difference(&own) {
            digest.update(&(id.len() as u64).to_le_bytes()).update(id.as_bytes()).update(pattern.as_bytes());
        }
        for file in files {
            let text = std::fs::read(file).map_err(|error| Failure(format!("{}: {error}", file.display())))?;
            digest.update(&text);
        }
        scope.detectors_off = own.difference(&loaded).map(|(_, family, _)| family.clone()).collect();
        scope.detectors_added = loaded.difference(&own).map(|(_, family, _)| family.clone()).collect();
        scope.added_digest = Some(digest.finalize().to_hex()[..16].to_owned());
    }
    Ok(scope)
}

fn named((path, tree): (&String, &Tree)) -> (String, TreeName) {
    (path.clone(), TreeName { name: tree.name.clone(), folder: tree.folder.clone() })
}

/// Values that were told apart under several keys are never recognised as one: that is a hole of what is joined.
pub(super) fn add_mixed_keys(inventory: &mut Inventory) {
    let keys: BTreeSet<&str> = inventory.scopes.iter().map(|scope| scope.key.as_str()).collect();
    if keys.len() < 2 {
        return;
    }
    let detail = format!(
        "they were made under {} different keys (NONHUMAN_FINGERPRINT_KEY): one secret in several places is not \
         recognised",
        keys.len()
    );
    let entry = CoverageEntry::hole("records", "fingerprints", "one key", Outcome::Failed, detail)
        .remedy("collect all of them with the same NONHUMAN_FINGERPRINT_KEY")
        .blinds(&[FactKind::Exposures, FactKind::Credentials]);
    let entries = inventory.coverage.entries().iter().cloned().chain([entry]);
    inventory.coverage = Coverage::new(entries.collect());
}
