//! What is told of a tree of manifests beside its records: what was guessed, taken apart, passed over or not there. It decides
//! none of that.

use std::collections::BTreeSet;

use super::apart::Apart;
use super::charts::Charts;
use super::kustomize::Overlay;

/// How many places of one sort are named.
const SHOWN: usize = 4;

/// The first of a list, and how many more there are.
pub(super) fn some_of(all: &[String]) -> String {
    let shown = all.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    let more = all.len().saturating_sub(SHOWN);
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

/// That templates were read as they are.
pub(super) fn of_templates(templates: u64, charts: &Charts<'_>) -> Option<String> {
    let unused = charts.unused();
    let only = match unused.is_empty() {
        true => String::new(),
        false => format!("; of the charts' values only values.yaml was taken, not {}", some_of(&unused)),
    };
    (templates > 0).then(|| {
        format!("{templates} templates were read without rendering them: names and values in them are guesses{only}")
    })
}

/// That some folders are taken for clusters of their own, and some objects stand twice.
pub(super) fn of_parted(parted: &Apart<'_>) -> Option<String> {
    let folders: Vec<String> = parted.by_folder.keys().filter(|folder| !folder.is_empty()).cloned().collect();
    let mut said = Vec::new();
    if !folders.is_empty() {
        let folders = some_of(&folders);
        said.push(format!(
            "folders that say different things of one object or account are each a cluster of its own: {folders}"
        ));
    }
    if !parted.doubled.is_empty() {
        let doubled: Vec<String> = parted.doubled.iter().cloned().collect();
        said.push(format!("stand more than once in one folder, and are taken together: {}", some_of(&doubled)));
    }
    (!said.is_empty()).then(|| said.join("; "))
}

/// That overlays on which others build are not judged by themselves.
pub(super) fn of_inner(overlays: &[Overlay]) -> Option<String> {
    let inner: BTreeSet<String> = overlays.iter().flat_map(|one| one.inner.iter().cloned()).collect();
    let inner: Vec<String> = inner.into_iter().collect();
    (!inner.is_empty())
        .then(|| format!("overlays that others build on are judged as parts of those alone: {}", some_of(&inner)))
}

/// What of overlays a cluster would get, and was not judged.
pub(super) fn unapplied(overlays: &[Overlay], undone: usize) -> Option<String> {
    let mut said = Vec::new();
    let unread: Vec<&str> = overlays.iter().flat_map(|overlay| &overlay.unread).map(String::as_str).collect();
    if !unread.is_empty() {
        let shown: Vec<&str> = unread.iter().take(3).copied().collect();
        said.push(format!(
            "{} parts or changes of Kustomize could not be read or applied ({} …)",
            unread.len(),
            shown.join(", ")
        ));
    }
    if undone > 0 {
        said.push(format!("{undone} patches of Kustomize could not be done in full"));
    }
    (!said.is_empty()).then(|| said.join("; "))
}

/// The files that overlays make ConfigMaps and Secrets of and that are not there.
pub(super) fn lost_files(overlays: &[Overlay]) -> Option<String> {
    let lost: Vec<String> = overlays.iter().flat_map(|one| one.lost.iter().cloned()).collect();
    (!lost.is_empty()).then(|| format!("are not here: {}", some_of(&lost)))
}
