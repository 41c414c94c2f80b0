//! With what this run looks, for whoever compares it with another one. Reads nothing.

use std::collections::BTreeSet;

use super::{Failure, baseline, ruleset};
use crate::collect::registry::Request;
use crate::collect::source::{Selection, lengthened};
use crate::inventory::{Coverage, Inventory};
use crate::model::{CoverageEntry, Extent, FactKind, Outcome, Scope};
use crate::secrets::DetectorSet;

/// The scope of what is asked for. `has_others` is whether detectors may be loaded that are not those of the binary.
pub(super) fn of(request: &Request, detectors: &DetectorSet, has_others: bool) -> Result<Scope, Failure> {
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
        lengthened: lengthened(&request.roots),
    };
    if has_others {
        let ids = |set: &DetectorSet| set.detectors().iter().map(|one| one.id.clone()).collect::<BTreeSet<_>>();
        let (own, loaded) = (ids(&ruleset::built_in_detectors()?), ids(detectors));
        scope.detectors_off = own.difference(&loaded).cloned().collect();
        scope.detectors_added = loaded.difference(&own).cloned().collect();
    }
    Ok(scope)
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
