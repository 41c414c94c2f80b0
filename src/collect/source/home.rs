//! Reads what the clients of agents keep in home directories, at known places alone: secrets and agents as in a tree.
//! Walks through no folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use rayon::prelude::*;

use super::tally::Tally;
use super::walk::{self, Walk};
use super::{Root, SourceOptions, name, true_path};
use crate::collect::agents::{self, Notes, Places, Tables, known_places};
use crate::collect::{CollectError, Collector, Context, Sink};
use crate::model::{CoverageEntry, FactKind, Outcome, Record};
use crate::secrets::DetectorSet;

/// How many links are named.
const NAMED: usize = 5;

/// Home directories of people and machines.
pub struct Homes {
    homes: BTreeMap<String, PathBuf>,
    options: SourceOptions,
    tables: Arc<Tables>,
    detectors: Arc<DetectorSet>,
}

impl Homes {
    /// A collector for these home directories.
    pub fn new(homes: &[PathBuf], options: SourceOptions, tables: Arc<Tables>, detectors: Arc<DetectorSet>) -> Self {
        let homes = homes.iter().map(|home| (name::target_name(home), home.clone())).collect();
        Self { homes, options, tables, detectors }
    }
}

#[async_trait]
impl Collector for Homes {
    fn name(&self) -> &'static str {
        agents::NAME
    }

    fn facts(&self) -> &'static [FactKind] {
        &[FactKind::Identities, FactKind::Credentials, FactKind::Exposures]
    }

    fn targets(&self) -> Vec<String> {
        self.homes.keys().cloned().collect()
    }

    async fn collect(&self, target: &str, context: &Context, sink: &Sink) -> Result<(), CollectError> {
        let path = self.homes.get(target).cloned().ok_or_else(|| CollectError::failed("home", "unknown home"))?;
        let true_path = true_path(&path);
        let root =
            Root { shown: target.to_owned(), label: name::base_name(&path), path, true_path, number: 0, is_home: true };
        let walk = Walk {
            root,
            owners: Arc::new(BTreeMap::new()),
            target: target.to_owned(),
            options: SourceOptions { allows: Arc::default(), ..self.options.clone() },
            detectors: Arc::clone(&self.detectors),
            context: context.clone(),
            sink: sink.clone(),
            agents: None,
        };
        let tables = Arc::clone(&self.tables);
        // Reading and matching is work for threads, not for the async runtime.
        tokio::task::spawn_blocking(move || read(walk, &tables))
            .await
            .map_err(|_| CollectError::failed("files", "the scanner crashed; this is a bug in nonhuman"))?
    }
}

fn read(mut walk: Walk, tables: &Arc<Tables>) -> Result<(), CollectError> {
    let found = known_places(&walk.root.path, tables);
    let moved = found.moved.iter().map(|(path, name)| (name::text_of(path), name.clone())).collect();
    walk.agents = Some(Notes::with_moved(Arc::clone(tables), moved));
    let walk = &walk;
    let tally = Tally::default();
    walk::pool(&walk.options)?.install(|| {
        found.files.par_iter().try_for_each(|below| {
            let path = walk.root.path.join(below);
            // A link was followed within the home directory alone.
            match path.canonicalize() {
                Ok(place) if place.starts_with(&walk.root.true_path) => {
                    tally.met.add(1);
                    walk.file_at(&path, &place, &tally)
                }
                Ok(_) => {
                    tally.hole(&name::text_of(below), Outcome::Failed, "it leads out of the home directory now");
                    Ok(())
                }
                Err(error) => {
                    tally.hole(&name::text_of(below), Outcome::Failed, error);
                    Ok(())
                }
            }
        })
    })?;
    let mut entry = CoverageEntry::complete(agents::NAME, &walk.target, "known places", found.files.len() as u64);
    entry.detail = Some("nothing else of the home directory was looked at".to_owned());
    walk.sink.send_blocking(Record::Coverage(entry))?;
    not_looked_at(walk, &found)?;
    if let Some(notes) = &walk.agents {
        notes.send(&walk.target, "agents", &walk.sink, &|wanted| vec![None; wanted.len()])?;
    }
    walk.options.allows.send(&walk.target, &walk.sink)?;
    if found.files.is_empty() { Ok(()) } else { tally.send(&walk.target, &walk.sink) }
}

/// Links, which are not followed, and folders that may not be read.
fn not_looked_at(walk: &Walk, found: &Places) -> Result<(), CollectError> {
    let names = |paths: &[&Path]| {
        let names: BTreeSet<String> = paths.iter().take(NAMED).map(|path| name::text_of(path)).collect();
        let more = paths.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{more}", Vec::from_iter(names).join(", "))
    };
    if !found.links.is_empty() {
        let links: Vec<&Path> = found.links.iter().map(PathBuf::as_path).collect();
        let detail = format!("links out of the home directory are not followed: {}", names(&links));
        let entry = CoverageEntry::hole(agents::NAME, &walk.target, "links", Outcome::NotRead, detail);
        let entry = entry.count(links.len() as u64).remedy("scan the files that they lead to, too");
        let entry = entry.blinds(&[FactKind::Identities, FactKind::Credentials, FactKind::Exposures]);
        walk.sink.send_blocking(Record::Coverage(entry))?;
    }
    found.lost.iter().try_for_each(|(profile, why)| {
        let entry =
            CoverageEntry::hole(agents::NAME, &walk.target, &name::text_of(profile), Outcome::NotRead, why.clone())
                .blinds(&[FactKind::Identities, FactKind::Credentials])
                .remedy("scan the folder that it names, too");
        walk.sink.send_blocking(Record::Coverage(entry))
    })?;
    found.refused.iter().try_for_each(|(path, why)| {
        let entry =
            CoverageEntry::hole(agents::NAME, &walk.target, &name::text_of(path), Outcome::Refused, why.clone())
                .blinds(&[FactKind::Identities, FactKind::Credentials, FactKind::Exposures])
                .remedy("let the scanning user read it");
        walk.sink.send_blocking(Record::Coverage(entry))
    })
}
