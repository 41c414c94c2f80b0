//! Which overlay of Kustomize a question about access is about, and where what it builds on lies. It builds nothing itself.

use std::path::{Path, PathBuf};

use crate::collect::kubernetes::KubernetesManifests;
use crate::collect::source::discover;

/// The names under which Kustomize finds its file.
const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// What one folder with a kustomization makes.
pub(super) struct Built {
    pub(super) collector: KubernetesManifests,
}

/// The overlay of a folder that has a kustomization, or of the file itself.
pub(super) fn of(path: &Path) -> Option<Built> {
    let is_one = |path: &Path| path.file_name().is_some_and(|name| NAMES.iter().any(|one| name == *one));
    let folder = if is_one(path) { path.parent()?.to_owned() } else { path.to_owned() };
    let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
    if !NAMES.iter().any(|name| folder.join(name).is_file()) {
        return None;
    }
    let real = folder.canonicalize().ok()?;
    let root = root_of(&real);
    let below = real.strip_prefix(&root).ok()?.to_string_lossy().replace('\\', "/");
    let files = discover(std::slice::from_ref(&root)).manifests.into_values().flatten().collect();
    let trees = vec![("overlay".to_owned(), root, files)];
    Some(Built { collector: KubernetesManifests { trees, only: Some(below) } })
}

/// Where the parts of an overlay lie: the repository it is in, else as far up as kustomizations from there on lead.
fn root_of(folder: &Path) -> PathBuf {
    if let Some(repository) = folder.ancestors().find(|above| above.join(".git").exists()) {
        return repository.to_owned();
    }
    let mut root = folder.to_owned();
    let mut seen = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(at) = open.pop().filter(|_| seen.len() < MOST) {
        let text = NAMES.iter().find_map(|name| std::fs::read_to_string(at.join(name)).ok()).unwrap_or_default();
        for part in text.split_whitespace().map(|word| word.trim_matches(['-', '"', '\'', '[', ']', ','])) {
            let Some(next) = part.starts_with("..").then(|| at.join(part).canonicalize().ok()).flatten() else {
                continue;
            };
            while !next.starts_with(&root) {
                let Some(above) = root.parent() else { break };
                root = above.to_owned();
            }
            if !seen.contains(&next) {
                open.push(next.clone());
            }
            seen.push(next);
        }
    }
    root
}

/// How many parts of parts are followed.
const MOST: usize = 1_000;
