//! How the trees of a run are called: as the caller says, or as their repositories do. Reads no tree.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::Failure;
use crate::collect::registry::Request;
use crate::collect::source::{KnownTrees, trees};
use crate::config::{self, Config};
use crate::secrets::DetectorSet;

/// A name longer than this is a mistake; in characters.
const LONGEST: usize = 200;

/// Settles how the trees are called, once: where something is remembered or decided of trees, by their first commits, too.
pub(super) fn name(
    request: &mut Request,
    config: &Config,
    remembered: impl FnOnce() -> Option<BTreeMap<String, String>>,
) -> Result<(), Failure> {
    if !request.source.trees.is_empty() {
        return Ok(());
    }
    // What is listed or piped lies in the caller's folder.
    let here = if request.given.is_empty() { Vec::new() } else { vec![PathBuf::from(".")] };
    let roots: Vec<PathBuf> = request.roots.iter().cloned().chain(here).collect();
    let true_path = |path: &PathBuf| path.canonicalize().unwrap_or_else(|_| path.clone());
    let checkout = config::checkout().map(|(folder, address)| (true_path(&folder), address));
    let mut known = KnownTrees { checkout, remembered: remembered(), ..KnownTrees::default() };
    for (path, name) in &config.trees {
        known.named.insert(true_path(path), checked("[trees]", name)?);
    }
    if let Some(name) = &request.source.tree_name {
        match roots.as_slice() {
            [] => {}
            [root] => _ = known.named.insert(true_path(root), checked("--tree-name", name)?),
            several => {
                return Err(Failure(format!(
                    "--tree-name names one tree, and {} are searched: name them under [trees] in nonhuman.toml",
                    several.len()
                )));
            }
        }
    }
    request.source.trees = Arc::new(trees(&roots, &known));
    Ok(())
}

/// Masks what looks like a secret in the names.
pub(super) fn mask(request: &mut Request, detectors: &DetectorSet) {
    for tree in Arc::make_mut(&mut request.source.trees).values_mut() {
        detectors.mask(&mut tree.label);
        detectors.mask(&mut tree.name);
    }
}

fn checked(flag: &str, name: &str) -> Result<String, Failure> {
    let plain = name.trim().trim_matches('/');
    let is_plain = !plain.is_empty()
        && plain.chars().count() <= LONGEST
        && !plain.chars().any(|one| one.is_control() || one == '#')
        && plain != ".";
    let message = || {
        format!("{flag}: '{}' names no tree (expected 1 to {LONGEST} characters without #)", crate::report::clean(name))
    };
    if is_plain { Ok(plain.to_owned()) } else { Err(Failure(message())) }
}
