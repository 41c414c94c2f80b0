//! Which manifests come into a cluster together by Kustomize, and under which names: bases, overlays, namespaces, prefixes.
//! Patches are applied (`patch`); generators, replacements and remote bases are not, which is told.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;
use std::rc::Rc;

use serde::Deserialize;
use serde_json::Value;

use super::object::Object;
use super::one_line;
use super::patch::{Patch, Target};
use super::resources::Kind;

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
    patches: Vec<Given>,
    #[serde(rename = "patchesStrategicMerge")]
    merged: Vec<String>,
    #[serde(rename = "patchesJson6902")]
    json: Vec<Given>,
    replacements: Vec<serde::de::IgnoredAny>,
    transformers: Vec<serde::de::IgnoredAny>,
    generators: Vec<serde::de::IgnoredAny>,
    #[serde(rename = "helmCharts")]
    charts: Vec<serde::de::IgnoredAny>,
    #[serde(rename = "commonLabels")]
    common_labels: BTreeMap<String, Value>,
    #[serde(rename = "commonAnnotations")]
    common_annotations: BTreeMap<String, Value>,
    labels: Vec<Pairs>,
    #[serde(rename = "configMapGenerator")]
    config_maps: Vec<Generated>,
    #[serde(rename = "secretGenerator")]
    secrets: Vec<Generated>,
}

/// Labels that are put onto everything.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Pairs {
    pairs: BTreeMap<String, Value>,
}

/// A ConfigMap or Secret that a kustomization makes. Of what is in its files only the search for secrets knows.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Generated {
    name: String,
    namespace: String,
    literals: Vec<String>,
    files: Vec<String>,
    envs: Vec<String>,
    env: String,
}

/// A patch as a kustomization names it: a file, or the text itself; where one may be either, the file is tried first.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Given {
    path: String,
    patch: String,
    target: Option<Target>,
}

/// What an overlay changes of an object.
#[derive(Clone, Debug, Default)]
pub(super) struct Changes {
    namespace: String,
    prefix: String,
    suffix: String,
    /// Labels and annotations that everything gets.
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    /// In the order in which they are applied: those of the base first.
    pub(super) patches: Vec<Rc<Patch>>,
}

/// What comes into a cluster together.
#[derive(Default)]
pub(super) struct Overlay {
    /// The folder of its `kustomization.yaml` below the tree.
    pub(super) name: String,
    /// The files with what is changed of them.
    pub(super) files: Vec<(String, Changes)>,
    /// Files that hold patches, and so no objects.
    pub(super) patch_files: BTreeSet<String>,
    /// The folders of overlays that it builds on and that change something themselves.
    pub(super) inner: BTreeSet<String>,
    /// Files that ConfigMaps and Secrets are made of, and that are not there.
    pub(super) lost: Vec<String>,
    /// Patches and parts that could not be read.
    pub(super) unread: Vec<String>,
    /// ConfigMaps that are made, each with the file that says so and what is changed of it.
    pub(super) made: Vec<(String, Value, Changes)>,
}

/// Reads a file that is called as Kustomize wants it: the folder below the tree, and what it says, or why that cannot be told.
pub(super) fn read(root: &Path, file: &Path) -> Option<Result<(String, Kustomization), String>> {
    let name = file.file_name()?.to_str()?;
    if !matches!(name, "kustomization.yaml" | "kustomization.yml" | "Kustomization") {
        return None;
    }
    let folder = file.parent().unwrap_or(Path::new("")).to_string_lossy().replace('\\', "/");
    let read = text_of(root, file).and_then(|text| serde_saphyr::from_str(&text).ok());
    Some(read.map(|read| (folder, read)).ok_or_else(|| "is not valid YAML of a kustomization".to_owned()))
}

/// The text of a small file inside of the tree.
pub(super) fn text_of(root: &Path, file: &Path) -> Option<String> {
    let path = root.join(file);
    // A link must not lead out of the tree.
    let (inside, real) = (root.canonicalize().ok()?, path.canonicalize().ok()?);
    if !real.starts_with(inside) {
        return None;
    }
    let mut text = String::new();
    std::fs::File::open(path).ok()?.take(1_000_000).read_to_string(&mut text).ok()?;
    Some(text)
}

/// The overlays that no other one builds on.
pub(super) fn overlays(root: &Path, all: &BTreeMap<String, Kustomization>) -> Vec<Overlay> {
    let mut bases: BTreeSet<String> = BTreeSet::new();
    for (folder, one) in all {
        bases.extend(one.parts().filter_map(|part| joined(folder, part)).filter(|part| all.contains_key(part)));
    }
    let tops = all.iter().filter(|(folder, _)| !bases.contains(*folder));
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut overlays: Vec<Overlay> = tops
        .map(|(folder, _)| {
            let (overlay, parts) = overlay(root, all, folder);
            seen.extend(parts);
            overlay
        })
        .collect();
    // Those that no top leads to build on each other in a circle, which kustomize refuses.
    let circle: Vec<String> = all.keys().filter(|folder| !seen.contains(*folder)).cloned().collect();
    if let Some(first) = circle.first() {
        let unread =
            circle.iter().map(|folder| format!("{folder}/kustomization: builds on itself in a circle")).collect();
        overlays.push(Overlay { name: first.clone(), unread, ..Overlay::default() });
    }
    overlays
}

/// What one folder makes, and the folders that it builds on.
pub(super) fn overlay(root: &Path, all: &BTreeMap<String, Kustomization>, folder: &str) -> (Overlay, BTreeSet<String>) {
    let mut seen = BTreeSet::new();
    let mut overlay = Overlay { name: folder.to_owned(), ..Overlay::default() };
    gather(root, all, folder, &Changes::default(), DEEPEST, &mut overlay, &mut seen);
    (overlay, seen)
}

/// Labels and annotations as texts.
fn texts(pairs: &BTreeMap<String, Value>) -> impl Iterator<Item = (String, String)> {
    pairs.iter().map(|(name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        (name.clone(), text)
    })
}

impl Generated {
    /// The files that it takes: `NAME=PATH` or `PATH`.
    fn taken(&self) -> impl Iterator<Item = &str> {
        let files = self.files.iter().map(|one| one.split_once('=').map_or(one.as_str(), |(_, path)| path));
        let all = files.chain(self.envs.iter().map(String::as_str)).chain(std::iter::once(self.env.as_str()));
        all.filter(|path| !path.is_empty())
    }

    /// The object that is made of literals `NAME=VALUE`; its name gets a hash, which nothing here depends on.
    fn object(&self) -> Value {
        let pairs = self.literals.iter().filter_map(|one| one.split_once('='));
        let data: serde_json::Map<String, Value> =
            pairs.map(|(name, value)| (name.to_owned(), value.trim_matches(['"', '\'']).into())).collect();
        serde_json::json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": self.name, "namespace": self.namespace}, "data": data})
    }
}

impl Kustomization {
    /// Whether it builds on others and changes what they say, so that somebody may apply it by itself.
    fn is_overlay(&self) -> bool {
        let has_changes = !self.namespace.is_empty() || !self.patches.is_empty() || !self.merged.is_empty();
        has_changes && self.parts().any(|part| !part.ends_with(".yaml") && !part.ends_with(".yml"))
    }

    fn parts(&self) -> impl Iterator<Item = &String> {
        self.resources.iter().chain(&self.bases).chain(&self.components)
    }

    /// Its patches; notes what could not be read, and which files are patches.
    fn changes(&self, root: &Path, folder: &str, overlay: &mut Overlay) -> Vec<Rc<Patch>> {
        let mut patches = Vec::new();
        let either = self.merged.iter().map(|text| match text.contains('\n') {
            true => (String::new(), text.clone(), None),
            false => (text.clone(), String::new(), None),
        });
        let given = self.patches.iter().chain(&self.json);
        let given = given.map(|one| (one.path.clone(), one.patch.clone(), one.target.clone()));
        for (path, text, target) in given.chain(either) {
            let place = if path.is_empty() { format!("{folder}/kustomization") } else { format!("{folder}/{path}") };
            let text = match joined(folder, &path).filter(|_| !path.is_empty()) {
                Some(file) => {
                    let text = text_of(root, Path::new(&file));
                    overlay.patch_files.insert(file);
                    text
                }
                None => Some(text).filter(|text| !text.is_empty()),
            };
            let documents = text.map(|text| documents(&text)).filter(|all| !all.is_empty());
            let read: Option<Vec<Patch>> =
                documents.and_then(|all| all.into_iter().map(|one| Patch::new(one, target.clone())).collect());
            match read {
                Some(read) => patches.extend(read.into_iter().map(Rc::new)),
                None => overlay.unread.push(place),
            }
        }
        let others = [
            ("replacements", &self.replacements),
            ("transformers", &self.transformers),
            ("generators", &self.generators),
            ("helmCharts", &self.charts),
        ];
        for (what, _) in others.into_iter().filter(|(_, list)| !list.is_empty()) {
            overlay.unread.push(format!("{folder}/kustomization: {what}"));
        }
        patches
    }
}

/// The documents of a YAML or JSON text; none where it cannot be read.
pub(super) fn documents(text: &str) -> Vec<Value> {
    let read: Result<Vec<Value>, _> = serde_saphyr::from_multiple(text);
    read.unwrap_or_default().into_iter().filter(|one| !one.is_null()).collect()
}

fn gather(
    root: &Path,
    all: &BTreeMap<String, Kustomization>,
    folder: &str,
    outer: &Changes,
    depth: usize,
    overlay: &mut Overlay,
    seen: &mut BTreeSet<String>,
) {
    let Some(one) = all.get(folder).filter(|_| depth > 0) else { return };
    seen.insert(folder.to_owned());
    let mut patches = one.changes(root, folder, overlay);
    patches.extend(outer.patches.iter().cloned());
    // What is outside has the last word: its namespace wins, its prefix stands before.
    let changes = Changes {
        namespace: if outer.namespace.is_empty() { one.namespace.clone() } else { outer.namespace.clone() },
        prefix: format!("{}{}", outer.prefix, one.prefix),
        suffix: format!("{}{}", one.suffix, outer.suffix),
        labels: texts(&one.common_labels)
            .chain(one.labels.iter().flat_map(|some| texts(&some.pairs)))
            .chain(outer.labels.clone())
            .collect(),
        annotations: texts(&one.common_annotations).chain(outer.annotations.clone()).collect(),
        patches,
    };
    let taken = one.config_maps.iter().chain(&one.secrets).flat_map(Generated::taken);
    let is_here = |file: &&str| joined(folder, file).is_some_and(|file| root.join(file).is_file());
    let lost = taken.filter(|file| !is_here(file)).map(|file| format!("{folder}/{}", one_line(file)));
    overlay.lost.extend(lost);
    for map in one.config_maps.iter().filter(|map| !map.name.is_empty()) {
        overlay.made.push((format!("{folder}/kustomization.yaml"), map.object(), changes.clone()));
    }
    for named in one.parts() {
        match joined(folder, named) {
            Some(part) if all.contains_key(&part) && depth > 1 => {
                if all.get(&part).is_some_and(Kustomization::is_overlay) {
                    overlay.inner.insert(part.clone());
                }
                gather(root, all, &part, &changes, depth - 1, overlay, seen);
            }
            // Of another machine, not there, or a folder that says nothing: what it brings nobody knows.
            Some(part) if all.contains_key(&part) || text_of(root, Path::new(&part)).is_none() => {
                overlay.unread.push(format!("{folder}/kustomization: {}, which is not here", one_line(named)));
            }
            Some(part) => overlay.files.push((part, changes.clone())),
            None => overlay.unread.push(format!("{folder}/kustomization: {}, which is not here", one_line(named))),
        }
    }
}

/// A path below the tree; `None` where it leads out of it or to another machine.
pub(super) fn joined(folder: &str, part: &str) -> Option<String> {
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
    /// The objects of a text with those patches that are for them; how many could not be done in full.
    pub(super) fn patched(&self, text: &str) -> (Vec<Value>, usize) {
        let mut failed = 0;
        let mut objects = Vec::new();
        let listed = documents(text).into_iter().flat_map(|one| match one.get("items") {
            Some(Value::Array(items)) => items.clone(),
            _ => vec![one],
        });
        for object in listed {
            let mut now = Some(object);
            for patch in &self.patches {
                let Some(object) = now.take() else { break };
                if !patch.is_for(&object) {
                    now = Some(object);
                    continue;
                }
                let (changed, whole) = patch.apply(object);
                failed += usize::from(!whole);
                now = changed;
            }
            objects.extend(now);
        }
        (objects, failed)
    }

    /// Applies names, namespace and labels to an object, and names to the references in it to what is built with it.
    pub(super) fn apply(&self, object: &mut Object, built: &BTreeSet<(String, String)>) {
        let in_build = |kind: &str, name: &str| built.contains(&(kind.to_owned(), name.to_owned()));
        let rename = |name: &mut String| {
            let is_platform = name.is_empty() || name.starts_with("system:") || name.as_str() == "default";
            if !is_platform {
                *name = format!("{}{name}{}", self.prefix, self.suffix);
            }
        };
        if !matches!(object.kind.as_str(), "Namespace" | "CustomResourceDefinition") {
            rename(&mut object.metadata.name);
        }
        let kind = Kind::of(&object.api_version, &object.kind);
        if !self.namespace.is_empty() && !kind.is_some_and(|kind| kind.resource().is_cluster_wide()) {
            self.namespace.clone_into(&mut object.metadata.namespace);
        }
        object.metadata.labels.0.extend(self.labels.clone());
        object.metadata.annotations.0.extend(self.annotations.clone());
        // What is not built here, such as the roles that every cluster has, keeps its name.
        if in_build(&object.role.kind, &object.role.name) {
            rename(&mut object.role.name);
        }
        for subject in object.subjects.iter_mut().filter(|subject| subject.kind == "ServiceAccount") {
            let is_built = in_build("ServiceAccount", &subject.name);
            if is_built {
                rename(&mut subject.name);
            }
            // The account `default` is in every namespace and in no file.
            if !self.namespace.is_empty() && (is_built || subject.name == "default") {
                self.namespace.clone_into(&mut subject.namespace);
            }
        }
        object.spec.rename_accounts(|name| {
            if in_build("ServiceAccount", name) {
                rename(name);
            }
        });
    }
}
