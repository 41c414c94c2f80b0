//! Reads clusters from files that `kubectl get … -o json|yaml` wrote.
//! It follows no symbolic link inside a directory and asks no cluster.

mod absent;
mod custom;
mod files;

pub(super) use absent::commands;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::task::JoinError;

use super::faults::{Faults, shown_kind};
use super::object::Object;
use super::read::{Broken, Part};
use super::records::Projection;
use super::resources::Kind;
use super::searching::{Searcher, Searching};
use super::{FACTS, NAME, cluster_name, one_line};
use crate::collect::{CollectError, Collector, Context, Sink};
use crate::model::{AttributeName, Attributes, CoverageEntry, FactKind, Location, Outcome, Record};

/// Clusters as files.
#[derive(Clone, Debug, Default)]
pub struct KubernetesDump {
    /// Each file, or directory of files, with the name of the cluster it is of. Several paths of one name are read as one
    /// cluster.
    pub paths: Vec<(String, PathBuf)>,
    /// How the texts of objects are searched.
    pub searching: Searching,
}

#[async_trait]
impl Collector for KubernetesDump {
    fn name(&self) -> &'static str {
        NAME
    }

    fn facts(&self) -> &'static [FactKind] {
        FACTS
    }

    fn targets(&self) -> Vec<String> {
        let names: BTreeSet<String> = self.paths.iter().map(|(cluster, _)| cluster_name(cluster)).collect();
        names.into_iter().collect()
    }

    async fn collect(&self, target: &str, context: &Context, sink: &Sink) -> Result<(), CollectError> {
        let of_target = self.paths.iter().filter(|(cluster, _)| cluster_name(cluster) == target);
        let paths: Vec<PathBuf> = of_target.map(|(_, path)| path.clone()).collect();
        let mut cluster = Cluster {
            name: target.to_owned(),
            sink: sink.clone(),
            progress: Arc::clone(&context.progress),
            projection: Projection::new(target, context.now).searching(Searcher::new(&self.searching, context)),
            read: BTreeMap::new(),
            others: BTreeMap::new(),
            foreign: 0,
            custom: custom::Custom::default(),
            position: 0,
            strays: Faults::default(),
            holes: 0,
            uids: BTreeMap::new(),
            is_mixed: false,
        };
        let searching = self.searching.clone();
        let reading = tokio::task::spawn_blocking(move || cluster.collect(&paths, &searching));
        ended(reading.await)
    }
}

/// How work beside the runtime ended; a crash there is one of the collector.
pub(super) fn ended(work: Result<Result<(), CollectError>, JoinError>) -> Result<(), CollectError> {
    work.unwrap_or_else(|crash| match crash.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => Err(CollectError::Stopped),
    })
}

/// The reading of one cluster's files.
struct Cluster {
    name: String,
    sink: Sink,
    progress: Arc<dyn Fn(&str) + Send + Sync>,
    projection: Projection,
    /// How many objects of each kind were read; a kind that is here was dumped.
    read: BTreeMap<Kind, u64>,
    /// How many objects of kinds that we do not read.
    others: BTreeMap<String, u64>,
    /// How many documents or items that are no Kubernetes objects.
    foreign: u64,
    /// What it has of custom resources.
    custom: custom::Custom,
    /// How many objects of the current file were seen.
    position: u64,
    /// What should have been objects, but does not say of which kind.
    strays: Faults,
    /// How many files could not be read to their end.
    holes: u64,
    /// The unique ids of namespaces and service accounts, by kind and name.
    uids: BTreeMap<(Kind, String), String>,
    /// Whether it was said that the files are of several clusters.
    is_mixed: bool,
}

impl Cluster {
    fn collect(&mut self, paths: &[PathBuf], searching: &Searching) -> Result<(), CollectError> {
        let (uses, entries) = searching.uses(&self.name);
        self.projection.uses = uses;
        for entry in entries {
            self.sink.send_blocking(Record::Coverage(entry))?;
        }
        for path in paths {
            self.path(path)?;
        }
        self.projection.has_gaps = self.holes > 0;
        self.projection.customs_unread = self.custom.is_unknown();
        self.projection.finish(&mut |record| self.sink.send_blocking(record))?;
        for entry in self.coverage() {
            self.sink.send_blocking(Record::Coverage(entry))?;
        }
        Ok(())
    }

    /// Takes one part of a file. Returns whether it was a Kubernetes object or a list of them.
    fn part(&mut self, file: &str, part: Part) -> Result<bool, CollectError> {
        match part {
            Part::Object(object) => self.object(file, object)?,
            Part::List { api_version, kind, cut } => {
                if cut {
                    let detail =
                        format!("{file}: is one page of a longer list (metadata.continue); expected all of it");
                    let entry = CoverageEntry::hole(NAME, &self.name, file, Outcome::Partial, detail);
                    self.hole(entry.remedy(format!("dump the cluster again: {}", absent::DUMP)))?;
                }
                match Kind::of(&api_version, &kind) {
                    Some(kind) => self.dumped(kind),
                    None => self.custom.see_list(&api_version, &kind),
                }
            }
            Part::Version(version) => {
                self.position += 1;
                let attributes = Attributes::default().with(AttributeName::ServerVersion, one_line(&version));
                let location = Location::Export { file: file.into(), object: "serverVersion".into() };
                self.sink.send_blocking(self.projection.cluster_itself(attributes, location))?;
            }
            Part::Foreign { expected } => {
                self.position += 1;
                self.foreign += 1;
                if expected {
                    let location = Location::Export { file: file.into(), object: String::new().into() };
                    let text = format!("the object at position {}: expected apiVersion and kind", self.position);
                    self.strays.add(&location, self.position, text, true);
                }
                return Ok(false);
            }
            Part::Broken(_) => return Ok(false),
        }
        Ok(true)
    }

    fn location(&self, file: &str, object: &Object) -> Location {
        let name = super::records::qualified(&object.metadata);
        Location::Export { file: file.into(), object: format!("{} {name}", object.kind).into() }
    }

    fn object(&mut self, file: &str, mut object: Box<Object>) -> Result<(), CollectError> {
        self.position += 1;
        object.position = self.position;
        let Some(kind) = Kind::of(&object.api_version, &object.kind) else {
            if object.api_version == "v1" && object.kind == "Status" {
                let detail = format!(
                    "{file}: the object at position {} is the server's refusal of a list (kind Status)",
                    self.position
                );
                let entry = CoverageEntry::hole(NAME, &self.name, file, Outcome::Refused, detail);
                return self.hole(
                    entry.remedy(format!("let who dumps list it, and dump the cluster again: {}", absent::DUMP)),
                );
            }
            self.custom.see(&object);
            self.other(&object.kind);
            let location = self.location(file, &object);
            let mut records = Vec::new();
            self.projection.custom(*object, location, &mut records);
            return records.into_iter().try_for_each(|record| self.sink.send_blocking(record));
        };
        self.dumped(kind);
        let location = self.location(file, &object);
        self.same_cluster(file, kind, &object)?;
        let mut records = Vec::new();
        let whole = self.projection.add(kind, *object, location, &mut records);
        *self.read.entry(kind).or_default() += u64::from(whole);
        for record in records {
            self.sink.send_blocking(record)?;
        }
        Ok(())
    }

    /// Says once where two files have a namespace or a service account of one name with two ids: they are of two clusters,
    /// or of times between which it was made anew.
    fn same_cluster(&mut self, file: &str, kind: Kind, object: &Object) -> Result<(), CollectError> {
        let metadata = &object.metadata;
        if self.is_mixed || !matches!(kind, Kind::Namespace | Kind::ServiceAccount) || metadata.uid.is_empty() {
            return Ok(());
        }
        let name = super::records::qualified(metadata);
        let uid = self.uids.entry((kind, name.clone())).or_insert_with(|| metadata.uid.clone());
        if *uid == metadata.uid {
            return Ok(());
        }
        self.is_mixed = true;
        let what = kind.resource().name;
        let detail =
            format!("{file}: {what} {name} has another uid than in what was read before as cluster {}", self.name);
        let entry = CoverageEntry::hole(NAME, &self.name, "one cluster", Outcome::Partial, detail);
        self.hole(entry.remedy("name each cluster for itself: --kubernetes-export NAME=PATH, once for each"))
    }

    /// Counts an object of a kind that we do not read. Hostile files may hold any number of kinds.
    fn other(&mut self, kind: &str) {
        const MOST: usize = 1_000;
        let mut name = shown_kind(kind);
        if self.others.len() >= MOST && !self.others.contains_key(&name) {
            name = "further kinds".to_owned();
        }
        *self.others.entry(name).or_default() += 1;
    }

    /// Notes that a kind is part of the dump.
    fn dumped(&mut self, kind: Kind) {
        self.read.entry(kind).or_insert_with(|| {
            self.projection.listed(kind);
            0
        });
    }

    fn hole(&mut self, entry: CoverageEntry) -> Result<(), CollectError> {
        self.holes += 1;
        self.sink.send_blocking(Record::Coverage(entry.blinds(FACTS)))
    }

    /// A file that could not be read to its end.
    fn broken(&mut self, file: &Path, broken: &Broken, something: bool) -> Result<(), CollectError> {
        let outcome = if something { Outcome::Partial } else { Outcome::Failed };
        let place = match broken.line {
            0 => file.display().to_string(),
            line => format!("{}:{line}:{}", file.display(), broken.column),
        };
        let detail = format!("{place}: {}", broken.reason);
        let entry = CoverageEntry::hole(NAME, &self.name, &file.display().to_string(), outcome, detail);
        self.hole(entry.remedy(format!("repair the file, or dump the cluster again: {}", absent::DUMP)))
    }
}
