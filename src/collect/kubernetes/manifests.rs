//! Reads the Kubernetes manifests of a source tree: what somebody means to make in a cluster, not what there is.
//! It renders nothing, runs nothing and follows no link out of the tree.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;

use super::apart::apart;
use super::charts::Charts;
use super::faults::{self, Faults};
use super::kustomize::{self, Overlay};
use super::manifest::Manifest;
use super::object::Object;
use super::records::{Projection, qualified};
use super::resources::Kind;
use super::shape::Take;
use super::{NAME, cluster_name, helm, remarks, unrendered};
use crate::collect::source::{Repositories, authors};
use crate::collect::{CollectError, Collector, Context, Sink};
use crate::model::{AttributeName, CoverageEntry, FactKind, Identity, IdentityKind, Known, Location, Outcome, Record};

/// Larger files are no manifests that people write.
const LARGEST: u64 = 4 * 1024 * 1024;

/// What manifests say.
const DECLARED: &[FactKind] = &[FactKind::Identities, FactKind::Grants, FactKind::Workloads, FactKind::Settings];

/// Manifests in trees.
#[derive(Clone, Debug, Default)]
pub struct KubernetesManifests {
    /// Each tree, by how it is called, with the files in it that look like manifests, as paths below it.
    pub trees: Vec<(String, PathBuf, Vec<PathBuf>)>,
    /// Only what the kustomization in this folder below the tree makes, and nothing else of it.
    pub only: Option<String>,
}

impl KubernetesManifests {
    fn name_of(name: &str) -> String {
        cluster_name(&format!("{name} (manifests)"))
    }
}

#[async_trait]
impl Collector for KubernetesManifests {
    fn name(&self) -> &'static str {
        NAME
    }

    fn facts(&self) -> &'static [FactKind] {
        DECLARED
    }

    fn targets(&self) -> Vec<String> {
        let names: BTreeSet<String> = self.trees.iter().map(|(name, ..)| Self::name_of(name)).collect();
        names.into_iter().collect()
    }

    async fn collect(&self, target: &str, context: &Context, sink: &Sink) -> Result<(), CollectError> {
        let trees: Vec<_> = self.trees.iter().filter(|(name, ..)| Self::name_of(name) == target).cloned().collect();
        let (target, now, sink, only) = (target.to_owned(), context.now, sink.clone(), self.only.clone());
        let reading = tokio::task::spawn_blocking(move || {
            for (_, tree, files) in &trees {
                let tree =
                    Tree { target: &target, root: tree, now, sink: &sink, facts: DECLARED, only: only.as_deref() };
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
    facts: &'static [FactKind],
    only: Option<&'a str>,
}

impl Tree<'_> {
    fn collect(&self, files: &[PathBuf]) -> Result<(), CollectError> {
        let overlays = self.overlays(files)?;
        let of_overlay = |one: &Overlay| -> BTreeSet<String> {
            one.files.iter().map(|(path, _)| path.clone()).chain(one.patch_files.iter().cloned()).collect()
        };
        let used: BTreeSet<String> = overlays.iter().flat_map(of_overlay).collect();
        let mut manifests = Vec::new();
        let mut charts = Charts::new(self.root);
        let name = |file: &Path| file.to_string_lossy().replace('\\', "/");
        for file in files.iter().filter(|file| self.only.is_none() || used.contains(&name(file))) {
            manifests.extend(self.read(file, &mut charts)?);
        }
        self.unrendered(&manifests)?;
        self.parts_of_charts(&manifests, &mut charts)?;
        let templates = manifests.iter().filter(|one| one.template).count() as u64;
        let count: u64 = manifests.iter().map(|one| one.objects.len() as u64).sum();
        let plain: Vec<&Manifest> = manifests.iter().filter(|one| !used.contains(&one.path)).collect();
        let parted = apart(&plain);
        for (folder, of_folder) in &parted.by_folder {
            let name = match folder.as_str() {
                "" => self.target.to_owned(),
                folder => format!("{} {}", self.target, cluster_name(folder)),
            };
            self.project(&name, of_folder.iter().map(|one| (one.as_ref(), None)), &BTreeSet::new())?;
        }
        let by_path: BTreeMap<&str, &Manifest> = manifests.iter().map(|one| (one.path.as_str(), one)).collect();
        let mut undone = 0;
        for overlay in &overlays {
            undone += self.overlay(overlay, &by_path)?;
        }
        let told =
            [remarks::of_templates(templates, &charts), remarks::of_parted(&parted), remarks::of_inner(&overlays)];
        let told: Vec<String> = told.into_iter().flatten().collect();
        let mut entry = CoverageEntry::complete(NAME, self.target, "manifests", count);
        entry.detail = (!told.is_empty()).then(|| told.join("; "));
        self.sink.send_blocking(Record::Coverage(entry))?;
        self.unbuilt(&overlays, undone)
    }

    /// The overlays of the tree that no other builds on, or the one that is asked for.
    fn overlays(&self, files: &[PathBuf]) -> Result<Vec<Overlay>, CollectError> {
        let mut kustomizations: BTreeMap<String, kustomize::Kustomization> = BTreeMap::new();
        for (file, read) in files.iter().filter_map(|file| Some((file, kustomize::read(self.root, file)?))) {
            match read {
                Ok((folder, one)) => _ = kustomizations.insert(folder, one),
                Err(why) => self.broken(&file.to_string_lossy(), why)?,
            }
        }
        Ok(match self.only {
            Some(folder) => vec![kustomize::overlay(self.root, &kustomizations, folder).0],
            None => kustomize::overlays(self.root, &kustomizations),
        })
    }

    /// Says what of overlays could not be built.
    fn unbuilt(&self, overlays: &[Overlay], undone: usize) -> Result<(), CollectError> {
        let hole = |what: &str, detail| CoverageEntry::hole(NAME, self.target, what, Outcome::Partial, detail);
        if let Some(detail) = remarks::lost_files(overlays) {
            let remedy = "render the overlay with kustomize build where they are, and scan the result".to_owned();
            let entry = hole("files of Kustomize", detail).blinds(&[FactKind::Settings]).remedy(remedy);
            self.sink.send_blocking(Record::Coverage(entry))?;
        }
        let Some(detail) = remarks::unapplied(overlays, undone) else { return Ok(()) };
        let remedy = "render the overlay with kustomize build and scan the result".to_owned();
        let entry = hole("changes of Kustomize", detail).blinds(self.facts).remedy(remedy);
        self.sink.send_blocking(Record::Coverage(entry))
    }

    /// Sends what an overlay makes; how many of its patches could not be done in full.
    fn overlay(&self, overlay: &Overlay, by_path: &BTreeMap<&str, &Manifest>) -> Result<usize, CollectError> {
        let mut undone = 0;
        let mut patched = Vec::new();
        for (path, changes) in &overlay.files {
            let Some(manifest) = by_path.get(path.as_str()) else { continue };
            let (manifest, failed) = manifest.patched(changes);
            undone += failed;
            patched.push((manifest, changes));
        }
        for (path, made, changes) in &overlay.made {
            let Ok(Take(object, true)) = Take::<Object>::deserialize(made.clone()) else { continue };
            patched.push((Cow::Owned(Manifest::made(path.clone(), object)), changes));
        }
        let built: BTreeSet<(String, String)> = patched
            .iter()
            .flat_map(|(manifest, _)| &manifest.objects)
            .map(|object| (object.kind.clone(), object.metadata.name.clone()))
            .collect();
        if patched.is_empty() {
            return Ok(undone);
        }
        let name = format!("{} {}", self.target, cluster_name(&overlay.name));
        let objects = patched.iter().map(|(manifest, changes)| (manifest.as_ref(), Some(*changes)));
        self.project(&name, objects, &built)?;
        Ok(undone)
    }

    /// The objects of a file; none where it cannot be read, which is said.
    fn read(&self, file: &Path, charts: &mut Charts<'_>) -> Result<Option<Manifest>, CollectError> {
        let path = file.to_string_lossy().replace('\\', "/");
        let mut text = String::new();
        let opened = File::open(self.root.join(file)).and_then(|file| file.take(LARGEST + 1).read_to_string(&mut text));
        if let Err(error) = opened {
            return self.hole(&path, format!("cannot be read: {error}")).map(|()| None);
        }
        if text.len() as u64 > LARGEST {
            return self.hole(&path, "is longer than 4 MiB, and no manifest".to_owned()).map(|()| None);
        }
        let chart = helm::chart(&path).map(str::to_owned);
        let values = chart.as_ref().map_or(&Value::Null, |chart| charts.values(chart));
        let (manifest, broken) = Manifest::parse(path.clone(), text, values)?;
        let template = manifest.template;
        if let Some(broken) = broken {
            let guess =
                if template { " (a Helm template; render it with helm template and scan the result)" } else { "" };
            let (what, detail) = (format!("{path}:{}", broken.line), format!("{}{guess}", broken.reason));
            match template {
                true => self.hole(&what, detail)?,
                false => self.broken(&what, detail)?,
            }
        }
        Ok(Some(manifest))
    }

    /// Says where rights of templates stand behind values that nothing here gives: what they amount to nobody knows.
    fn unrendered(&self, manifests: &[Manifest]) -> Result<(), CollectError> {
        let found = unrendered::places(manifests);
        if found.is_empty() {
            return Ok(());
        }
        let detail =
            format!("stand behind values that are not in the chart's values.yaml: {}", remarks::some_of(&found));
        let entry = CoverageEntry::hole(NAME, self.target, "rights in Helm templates", Outcome::Partial, detail);
        let remedy =
            "render the chart with its values (helm template CHART -f VALUES > rendered.yaml) and scan the result";
        self.sink.send_blocking(Record::Coverage(entry.blinds(&[FactKind::Grants]).remedy(remedy)))
    }

    /// Says which parts of charts are not in the tree, and so what they make.
    fn parts_of_charts(&self, manifests: &[Manifest], charts: &mut Charts<'_>) -> Result<(), CollectError> {
        let is_chart = |path: &&str| path.rsplit('/').next() == Some("Chart.yaml");
        let files = manifests.iter().map(|one| one.path.as_str()).filter(is_chart);
        let missing: Vec<String> = files.flat_map(|file| charts.missing(file)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let detail = format!("are not in the tree, or packed: {}", remarks::some_of(&missing));
        let entry = CoverageEntry::hole(NAME, self.target, "parts of Helm charts", Outcome::Partial, detail);
        let remedy = "fetch and render them (helm dependency build CHART; helm template CHART > rendered.yaml) and scan the result";
        self.sink.send_blocking(Record::Coverage(entry.blinds(self.facts).remedy(remedy)))
    }

    /// A manifest of which something could not be read: what stands there is not known.
    fn broken(&self, what: &str, detail: String) -> Result<(), CollectError> {
        let entry = CoverageEntry::hole(NAME, self.target, what, Outcome::Partial, detail).blinds(self.facts);
        self.sink.send_blocking(Record::Coverage(entry.remedy("mend the file, or scan without it")))
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
        built: &BTreeSet<(String, String)>,
    ) -> Result<(), CollectError> {
        let mut faults = Faults::default();
        let mut projection = Projection::new(tenant, self.now).planned();
        let mut templates: BTreeSet<String> = BTreeSet::new();
        let mut records = Vec::new();
        for (manifest, changes) in manifests {
            projection.is_guess = manifest.template;
            for object in &manifest.objects {
                let mut object = object.clone();
                if let Some(changes) = changes {
                    changes.apply(&mut object, built);
                }
                let location = self.location(manifest, &object);
                if manifest.template {
                    templates.insert(location.file().unwrap_or_default());
                }
                let kind = Kind::of(&object.api_version, &object.kind);
                if let (Some(kind), false) = (kind, manifest.template)
                    && let Some(fault) = faults::of(kind, &object)
                {
                    faults.add(&location, object.position, faults::described(kind, &object, &fault), fault.blinds);
                }
                match kind {
                    Some(kind) => _ = projection.add(kind, object, location, &mut records),
                    None => projection.custom(object, location, &mut records),
                }
            }
        }
        if faults.blinds {
            let hole = CoverageEntry::hole(NAME, tenant, "malformed manifests", Outcome::Partial, faults.detail());
            let remedy = "mend the files, or scan without them";
            self.sink.send_blocking(Record::Coverage(hole.blinds(self.facts).remedy(remedy)))?;
        }
        projection.finish(&mut |record| {
            records.push(record);
            Ok(())
        })?;
        let mut repositories = Repositories::new(self.root);
        for record in &mut records {
            if let Record::Identity(one) = record
                && one.kind == IdentityKind::KubernetesServiceAccount
                && let Location::File { path, .. } = &one.evidence.location
            {
                let owners = repositories.owners_of(path);
                _ = (!owners.is_empty()).then(|| one.attributes.set(AttributeName::CodeOwners, owners));
            }
        }
        self.sign(&mut records);
        for mut record in records {
            if declared(&mut record, &templates) {
                self.sink.send_blocking(record)?;
            }
        }
        Ok(())
    }

    /// Says of each service account who wrote the line that it begins with.
    fn sign(&self, records: &mut [Record]) {
        let is_account = |one: &Identity| one.kind == IdentityKind::KubernetesServiceAccount;
        let (mut accounts, mut wanted) = (Vec::new(), Vec::new());
        for record in records {
            if let Record::Identity(one) = record
                && let (true, Location::File { path, line, .. }) = (is_account(one), &one.evidence.location)
            {
                wanted.push((path.to_string(), *line));
                accounts.push(one);
            }
        }
        for (one, author) in accounts.iter_mut().zip(authors(self.root, &wanted)) {
            one.attributes.set_known(AttributeName::GitAuthor, Known::from(author));
        }
    }

    fn location(&self, manifest: &Manifest, object: &Object) -> Location {
        let root = self.root.to_string_lossy().into_owned();
        let (line, column) = (object.line.max(1), 1);
        Location::File {
            root: if root == "." { String::new().into() } else { root.into() },
            path: manifest.path.clone().into(),
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
