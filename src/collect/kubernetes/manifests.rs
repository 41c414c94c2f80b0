//! Reads the Kubernetes manifests of a source tree: what somebody means to make in a cluster, not what there is.
//! It renders nothing, runs nothing and follows no link out of the tree.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::kustomize::{self, Overlay};
use super::object::Object;
use super::read::{Format, Part, read};
use super::records::{Projection, qualified};
use super::resources::Kind;
use super::{NAME, cluster_name, helm};
use crate::collect::{CollectError, Collector, Context, Sink};
use crate::model::{AttributeName, CoverageEntry, FactKind, Known, Location, Outcome, Record};

/// Larger files are no manifests that people write.
const LARGEST: u64 = 4 * 1024 * 1024;

/// Manifests in trees.
#[derive(Clone, Debug, Default)]
pub struct KubernetesManifests {
    /// Each tree with the files in it that look like manifests, as paths below it.
    pub trees: Vec<(PathBuf, Vec<PathBuf>)>,
}

/// The objects of one file.
pub(super) struct Manifest {
    /// Below the tree, with `/` between its parts.
    pub(super) path: String,
    pub(super) objects: Vec<Object>,
    /// It is a template of Helm that was read without rendering it.
    template: bool,
}

impl KubernetesManifests {
    fn name_of(tree: &Path) -> String {
        let absolute = tree.canonicalize().unwrap_or_else(|_| tree.to_owned());
        let name = absolute.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        cluster_name(&format!("{name} (manifests)"))
    }
}

#[async_trait]
impl Collector for KubernetesManifests {
    fn name(&self) -> &'static str {
        NAME
    }

    fn facts(&self) -> &'static [FactKind] {
        &[FactKind::Identities, FactKind::Grants, FactKind::Workloads, FactKind::Settings]
    }

    fn targets(&self) -> Vec<String> {
        let names: BTreeSet<String> = self.trees.iter().map(|(tree, _)| Self::name_of(tree)).collect();
        names.into_iter().collect()
    }

    async fn collect(&self, target: &str, context: &Context, sink: &Sink) -> Result<(), CollectError> {
        let trees: Vec<_> = self.trees.iter().filter(|(tree, _)| Self::name_of(tree) == target).cloned().collect();
        let (target, now, sink) = (target.to_owned(), context.now, sink.clone());
        let reading = tokio::task::spawn_blocking(move || {
            for (tree, files) in &trees {
                let tree = Tree { target: &target, root: tree, now, sink: &sink };
                tree.collect(files)?;
            }
            Ok(())
        });
        reading.await.map_err(|_| CollectError::failed("manifests", "the reader crashed; this is a bug in nonhuman"))?
    }
}

struct Tree<'a> {
    target: &'a str,
    root: &'a Path,
    now: jiff::Timestamp,
    sink: &'a Sink,
}

impl Tree<'_> {
    fn collect(&self, files: &[PathBuf]) -> Result<(), CollectError> {
        let mut manifests = Vec::new();
        for file in files {
            manifests.extend(self.read(file)?);
        }
        let templates = manifests.iter().filter(|one| one.template).count() as u64;
        let kustomizations: BTreeMap<String, kustomize::Kustomization> =
            files.iter().filter_map(|file| kustomize::read(self.root, file)).collect();
        let overlays = kustomize::overlays(&kustomizations);
        let used: BTreeSet<&str> =
            overlays.iter().flat_map(|overlay| overlay.files.iter().map(|(path, _)| path.as_str())).collect();
        let count: u64 = manifests.iter().map(|one| one.objects.len() as u64).sum();
        let plain: Vec<&Manifest> = manifests.iter().filter(|one| !used.contains(one.path.as_str())).collect();
        self.project(self.target, plain.iter().map(|one| (*one, None)))?;
        let by_path: BTreeMap<&str, &Manifest> = manifests.iter().map(|one| (one.path.as_str(), one)).collect();
        for overlay in &overlays {
            let of_overlay =
                overlay.files.iter().filter_map(|(path, changes)| Some((*by_path.get(path.as_str())?, Some(changes))));
            let name = format!("{} {}", self.target, cluster_name(&overlay.name));
            self.project(&name, of_overlay)?;
        }
        let mut entry = CoverageEntry::complete(NAME, self.target, "manifests", count);
        entry.detail = self.said(templates, &overlays);
        self.sink.send_blocking(Record::Coverage(entry))
    }

    /// What is not exactly what a cluster would get.
    fn said(&self, templates: u64, overlays: &[Overlay]) -> Option<String> {
        let mut said = Vec::new();
        if templates > 0 {
            said.push(format!(
                "{templates} Helm templates were read without rendering them: names and values in them are guesses"
            ));
        }
        let patched = overlays.iter().filter(|overlay| overlay.patched).count();
        if patched > 0 {
            said.push(format!("{patched} Kustomize overlays have patches, which were not applied"));
        }
        (!said.is_empty()).then(|| said.join("; "))
    }

    /// The objects of a file; none where it cannot be read, which is said.
    fn read(&self, file: &Path) -> Result<Option<Manifest>, CollectError> {
        let path = file.to_string_lossy().replace('\\', "/");
        let mut text = String::new();
        let opened = File::open(self.root.join(file)).and_then(|file| file.take(LARGEST + 1).read_to_string(&mut text));
        if let Err(error) = opened {
            return self.hole(&path, format!("cannot be read: {error}")).map(|()| None);
        }
        if text.len() as u64 > LARGEST {
            return self.hole(&path, "is longer than 4 MiB, and no manifest".to_owned()).map(|()| None);
        }
        let template = helm::is_template(&path, &text);
        if template {
            text = helm::tolerate(&text);
        }
        let format = if path.to_ascii_lowercase().ends_with(".json") { Format::Json } else { Format::Yaml };
        let mut objects = Vec::new();
        let mut broken = None;
        read(format, Cursor::new(text.as_bytes()), &mut |part| {
            match part {
                Part::Object(object) => objects.push(*object),
                Part::Broken(one) => broken = broken.take().or(Some(one)),
                Part::List { .. } | Part::Foreign { .. } => {}
            }
            Ok(())
        })?;
        if let Some(broken) = broken {
            let guess =
                if template { " (a Helm template; render it with helm template and scan the result)" } else { "" };
            self.hole(&format!("{path}:{}", broken.line), format!("{}{guess}", broken.reason))?;
        }
        Ok(Some(Manifest { path, objects, template }))
    }

    /// A manifest that cannot be read is said; that templates are not YAML is no fault of anybody.
    fn hole(&self, what: &str, detail: String) -> Result<(), CollectError> {
        let entry = CoverageEntry::hole(NAME, self.target, what, Outcome::NotRead, detail);
        self.sink.send_blocking(Record::Coverage(entry))
    }

    /// Sends the records of objects that come into one cluster together.
    fn project<'m>(
        &self,
        tenant: &str,
        manifests: impl Iterator<Item = (&'m Manifest, Option<&'m kustomize::Changes>)>,
    ) -> Result<(), CollectError> {
        let mut projection = Projection::new(tenant, self.now);
        let mut templates: BTreeSet<String> = BTreeSet::new();
        let mut records = Vec::new();
        for (manifest, changes) in manifests {
            for object in &manifest.objects {
                let mut object = object.clone();
                if let Some(changes) = changes {
                    changes.apply(&mut object);
                }
                let location = self.location(manifest, &object);
                if manifest.template {
                    templates.insert(location.file().unwrap_or_default());
                }
                match Kind::of(&object.api_version, &object.kind) {
                    Some(kind) => _ = projection.add(kind, object, location, &mut records),
                    None => records.extend(projection.custom(object, location)),
                }
            }
        }
        records.extend(projection.finish());
        for mut record in records {
            if declared(&mut record, &templates) {
                self.sink.send_blocking(record)?;
            }
        }
        Ok(())
    }

    fn location(&self, manifest: &Manifest, object: &Object) -> Location {
        let root = self.root.to_string_lossy().into_owned();
        let (line, column) = (object.line.max(1), 1);
        Location::File {
            root: if root == "." { String::new() } else { root },
            path: manifest.path.clone(),
            line,
            column,
            end_line: line,
            end_column: 1 + qualified(&object.metadata).len() as u64,
            commit: None,
        }
    }
}

/// Marks what is only a plan: it has no age, and nothing says when it was used. Whether to send it.
fn declared(record: &mut Record, templates: &BTreeSet<String>) -> bool {
    let is_template =
        |evidence: &crate::model::Evidence| evidence.location.file().is_some_and(|file| templates.contains(&file));
    match record {
        Record::Identity(one) => {
            one.created = Known::Absent;
            if is_template(&one.evidence) {
                one.attributes.set(AttributeName::Template, true);
            }
        }
        Record::Credential(one) => one.created = Known::Absent,
        Record::Workload(one) if is_template(&one.evidence) => one.attributes.set(AttributeName::Template, true),
        Record::Setting(one) if is_template(&one.evidence) => one.attributes.set(AttributeName::Template, true),
        Record::Usage(_) => return false,
        _ => {}
    }
    true
}
