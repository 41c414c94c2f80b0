//! Which manifests come into a cluster together by Kustomize, and under which names: bases, overlays, namespaces, prefixes.
//! Patches, generators and remote bases are not applied; whether there are patches is told.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

use serde::Deserialize;

use super::object::Object;

/// How deep bases of bases are followed.
const DEEPEST: usize = 20;

/// A `kustomization.yaml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Kustomization {
    resources: Vec<String>,
    bases: Vec<String>,
    components: Vec<String>,
    namespace: String,
    #[serde(rename = "namePrefix")]
    prefix: String,
    #[serde(rename = "nameSuffix")]
    suffix: String,
    patches: Vec<serde::de::IgnoredAny>,
    #[serde(rename = "patchesStrategicMerge")]
    merged: Vec<serde::de::IgnoredAny>,
    #[serde(rename = "patchesJson6902")]
    json: Vec<serde::de::IgnoredAny>,
}

/// What an overlay changes of an object.
#[derive(Clone, Debug, Default)]
pub(super) struct Changes {
    namespace: String,
    prefix: String,
    suffix: String,
}

/// What comes into a cluster together.
pub(super) struct Overlay {
    /// The folder of its `kustomization.yaml` below the tree.
    pub(super) name: String,
    /// The files with what is changed of them.
    pub(super) files: Vec<(String, Changes)>,
    pub(super) patched: bool,
}

/// Reads a file that is called as Kustomize wants it: the folder below the tree, and what it says.
pub(super) fn read(root: &Path, file: &Path) -> Option<(String, Kustomization)> {
    let name = file.file_name()?.to_str()?;
    if !matches!(name, "kustomization.yaml" | "kustomization.yml" | "Kustomization") {
        return None;
    }
    let mut text = String::new();
    std::fs::File::open(root.join(file)).ok()?.take(1_000_000).read_to_string(&mut text).ok()?;
    let read: Kustomization = serde_saphyr::from_str(&text).ok()?;
    let folder = file.parent().unwrap_or(Path::new("")).to_string_lossy().replace('\\', "/");
    Some((folder, read))
}

/// The overlays that no other one builds on.
pub(super) fn overlays(all: &BTreeMap<String, Kustomization>) -> Vec<Overlay> {
    let mut bases: BTreeSet<String> = BTreeSet::new();
    for (folder, one) in all {
        bases.extend(one.parts().filter_map(|part| joined(folder, part)).filter(|part| all.contains_key(part)));
    }
    let tops = all.iter().filter(|(folder, _)| !bases.contains(*folder));
    tops.map(|(folder, _)| {
        let mut overlay = Overlay { name: folder.clone(), files: Vec::new(), patched: false };
        gather(all, folder, &Changes::default(), DEEPEST, &mut overlay);
        overlay
    })
    .collect()
}

impl Kustomization {
    fn parts(&self) -> impl Iterator<Item = &String> {
        self.resources.iter().chain(&self.bases).chain(&self.components)
    }
}

fn gather(all: &BTreeMap<String, Kustomization>, folder: &str, outer: &Changes, depth: usize, overlay: &mut Overlay) {
    let Some(one) = all.get(folder).filter(|_| depth > 0) else { return };
    overlay.patched |= !(one.patches.is_empty() && one.merged.is_empty() && one.json.is_empty());
    // What is outside has the last word: its namespace wins, its prefix stands before.
    let changes = Changes {
        namespace: if outer.namespace.is_empty() { one.namespace.clone() } else { outer.namespace.clone() },
        prefix: format!("{}{}", outer.prefix, one.prefix),
        suffix: format!("{}{}", one.suffix, outer.suffix),
    };
    for part in one.parts().filter_map(|part| joined(folder, part)) {
        if all.contains_key(&part) {
            gather(all, &part, &changes, depth - 1, overlay);
        } else {
            overlay.files.push((part, changes.clone()));
        }
    }
}

/// A path below the tree; `None` where it leads out of it or to another machine.
fn joined(folder: &str, part: &str) -> Option<String> {
    if part.contains("://") || part.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in part.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop()?,
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

impl Changes {
    /// Applies them to an object and to the names in it.
    pub(super) fn apply(&self, object: &mut Object) {
        let rename = |name: &mut String| {
            let is_platform = name.is_empty() || name.starts_with("system:") || name.as_str() == "default";
            if !is_platform {
                *name = format!("{}{name}{}", self.prefix, self.suffix);
            }
        };
        if !matches!(object.kind.as_str(), "Namespace" | "CustomResourceDefinition") {
            rename(&mut object.metadata.name);
        }
        if !self.namespace.is_empty() && !object.metadata.namespace.is_empty() || !self.namespace.is_empty() {
            self.namespace.clone_into(&mut object.metadata.namespace);
        }
        // The roles that every cluster has keep their names.
        if !matches!(object.role.name.as_str(), "cluster-admin" | "admin" | "edit" | "view") {
            rename(&mut object.role.name);
        }
        for subject in object.subjects.iter_mut().filter(|subject| subject.kind == "ServiceAccount") {
            rename(&mut subject.name);
            if !self.namespace.is_empty() {
                self.namespace.clone_into(&mut subject.namespace);
            }
        }
        object.spec.rename_accounts(rename);
    }
}
