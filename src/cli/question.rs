//! What every question about the graph shares: where the graph comes from, and which thing of it is meant by a name.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use super::answer::{Answer, Section};
use super::arguments::{Global, Sources};
use super::gather::Collected;
use super::{Failure, gather, saved};
use crate::config::Config;
use crate::embedded;
use crate::exit::Exit;
use crate::inventory::Inventory;
use crate::link::{Tables, follow, link};
use crate::model::{Provider, Record, Urn, alike};
use crate::report::clean;

/// How many names are listed where one is not enough.
const LISTED: usize = 12;

/// Where the graph comes from, and how the answer is written.
#[derive(Debug, Args)]
pub(super) struct Asking {
    /// Read this saved scan in place of scanning: a JSON report, or records that `collect` wrote; `-` for standard input
    #[arg(long, value_name = "FILE", help_heading = "Sources")]
    pub(super) from: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) sources: Sources,
    /// Write the answer as text or as JSON
    #[arg(long, value_enum, value_name = "text|json", default_value = "text", help_heading = "Report")]
    pub(super) format: Form,
    /// Do not exit with 3 when something could not be looked at
    #[arg(long, help_heading = "Report")]
    pub(super) allow_partial: bool,
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Form {
    /// For a reader.
    Text,
    /// For a program.
    Json,
}

/// A graph that can be asked.
pub(super) struct Known {
    pub(super) inventory: Inventory,
    pub(super) now: Timestamp,
    tables: Tables,
}

impl Asking {
    /// Reads the saved scan, or scans.
    pub(super) fn known(&self, global: &Global, config: &Config) -> Result<Known, Failure> {
        let tables = Tables::parse(embedded::facts)?;
        let (records, now) = if self.from.is_empty() { self.scan(global, config)? } else { self.saved()? };
        let mut inventory = Inventory::build(records);
        link(&mut inventory, &tables);
        Ok(Known { inventory, now, tables })
    }

    fn scan(&self, global: &Global, config: &Config) -> Result<(Vec<Record>, Timestamp), Failure> {
        let mut wish = gather::wish(&self.sources, config)?;
        wish.request.source.rules = std::sync::Arc::new(super::ruleset::names(None, config)?);
        let (records, Collected { ended, now, .. }) = gather::read(wish, None, global, config)?;
        if !ended.interrupted.is_empty() {
            gather::tell_interrupted(&ended);
            return Err(Failure("the scan was interrupted".to_owned()));
        }
        Ok((records, now))
    }

    /// The time of a saved scan is its own, so that an answer does not change by being asked later.
    fn saved(&self) -> Result<(Vec<Record>, Timestamp), Failure> {
        if !self.sources.paths.is_empty() {
            return Err(Failure("--from reads a saved scan: name no trees beside it".to_owned()));
        }
        let mut records = Vec::new();
        let mut times = BTreeSet::new();
        for path in &self.from {
            times.extend(saved::read(path, &mut records)?);
        }
        times.extend(records.iter().filter_map(observed));
        if records.is_empty() {
            let names: Vec<_> = self.from.iter().map(|path| path.display().to_string()).collect();
            return Err(Failure(format!("{}: there is nothing in it to ask about", names.join(", "))));
        }
        let now = match &self.sources.now {
            Some(text) => gather::now(Some(text))?,
            None => times.last().copied().map_or_else(|| gather::now(None), Ok)?,
        };
        Ok((records, now))
    }

    /// Writes the answer; the exit code says whether something could not be looked at.
    pub(super) fn tell(&self, known: &Known, mut answer: Answer) -> Result<Exit, Failure> {
        answer.add(known.not_seen());
        answer.write(self.format == Form::Json)?;
        Ok(Exit::of_scan(false, known.inventory.coverage.is_incomplete(), false, self.allow_partial))
    }
}

fn observed(record: &Record) -> Option<Timestamp> {
    Some(match record {
        Record::Identity(one) => one.evidence.observed,
        Record::Credential(one) => one.evidence.observed,
        Record::Exposure(one) => one.evidence.observed,
        Record::Workload(one) => one.evidence.observed,
        Record::Person(one) => one.evidence.observed,
        Record::Policy(one) => one.evidence.observed,
        _ => return None,
    })
}

impl Known {
    /// Follows the steps of AWS from a thing that a scan leaves out: those that lead to no administrator and to no data. Says
    /// so where there were too many.
    pub(super) fn follow(&mut self, id: &Urn) -> Option<&'static str> {
        let is_whole = follow(&mut self.inventory, &self.tables, id);
        (!is_whole).then_some("in AWS the steps of the first 200 identities alone were followed from here")
    }

    /// What could not be looked at, so that a short list does not read as a whole one.
    pub(super) fn not_seen(&self) -> Section {
        let mut section = Section::new("Not seen");
        let holes: Vec<_> = self.inventory.coverage.holes().collect();
        for hole in holes.iter().take(LISTED) {
            let detail = hole.detail.as_deref().unwrap_or("not read to its end");
            section.line(0, format!("{} of {}: {detail}", hole.what, hole.target));
        }
        if holes.len() > LISTED {
            section.line(0, format!("and {} more; `nonhuman scan` lists them", holes.len() - LISTED));
        }
        let read: BTreeSet<&str> = self.inventory.coverage.entries().iter().map(|one| one.collector.as_str()).collect();
        let unread = Provider::ALL.iter().filter(|provider| {
            let name = provider.as_str();
            !read.contains(name) && !self.inventory.identities.iter().any(|one| one.provider() == **provider)
        });
        let unread: Vec<_> = unread.map(|provider| provider.as_str()).collect();
        if !unread.is_empty() {
            section.line(0, format!("nothing was read of: {}", unread.join(", ")));
        }
        section
    }

    /// The one thing that a name means: its whole id, the end of it, or what its provider calls it.
    ///
    /// # Errors
    /// Lists what it could mean when that is several things, and what is spelled alike when it is none.
    pub(super) fn find(&self, name: &str) -> Result<Urn, Failure> {
        let named = self.named();
        if let Some((id, _)) = named.iter().find(|(id, _)| id.as_str() == name) {
            return Ok((*id).clone());
        }
        let by_name: BTreeSet<&Urn> = named.iter().filter(|(_, own)| *own == name).map(|(id, _)| *id).collect();
        let ends = |id: &Urn| {
            let before = id.as_str().strip_suffix(name).and_then(|before| before.chars().next_back());
            before.is_some_and(|last| matches!(last, '/' | ':' | '#'))
        };
        let by_end: BTreeSet<&Urn> = named.iter().map(|(id, _)| *id).filter(|id| ends(id)).collect();
        let with_tenant = |id: &Urn| {
            let one = self.inventory.identities.get(id);
            one.is_some_and(|one| {
                name.strip_prefix(&one.tenant).and_then(|end| end.strip_prefix('/')) == Some(&one.name)
            })
        };
        let whole: Vec<&Urn> = named.iter().map(|(id, _)| *id).filter(|id| with_tenant(id)).collect();
        let found: Vec<&Urn> = if whole.is_empty() { by_name.union(&by_end).copied().collect() } else { whole };
        let is_text_of_another = |id: &&Urn| found.iter().any(|object| is_text_of(id, object));
        let found: Vec<&Urn> = found.iter().copied().filter(|id| !is_text_of_another(id)).collect();
        match found.as_slice() {
            [one] => Ok((*one).clone()),
            [] => Err(self.nothing_named(name, &named)),
            many => Err(several(name, many)),
        }
    }

    fn nothing_named(&self, name: &str, named: &[(&Urn, &str)]) -> Failure {
        let lower = name.to_lowercase();
        let holds = |(id, _): &&(&Urn, &str)| id.as_str().to_lowercase().contains(&lower);
        let alike: Vec<String> =
            named.iter().filter(holds).take(LISTED).map(|(id, _)| format!("\n  {}", clean(id.as_str()))).collect();
        if alike.is_empty() {
            let count = named.len();
            let near = nearest(&lower, named);
            let near: Vec<String> = near.iter().map(|id| format!("\n  {}", clean(id.as_str()))).collect();
            let hint = if near.is_empty() { String::new() } else { format!("; did you mean{}", near.concat()) };
            return Failure(format!("there is no '{name}' among the {count} things that were read{hint}"));
        }
        Failure(format!("there is no '{name}'; these have it in their names:{}", alike.concat()))
    }

    /// Everything that can be asked about, with what its provider calls it.
    fn named(&self) -> Vec<(&Urn, &str)> {
        let inventory = &self.inventory;
        let mut named: Vec<(&Urn, &str)> = Vec::new();
        named.extend(inventory.identities.iter().map(|one| (&one.id, one.name.as_str())));
        named.extend(inventory.credentials.iter().map(|one| (&one.id, one.name.as_str())));
        named.extend(inventory.workloads.iter().map(|one| (&one.id, one.name.as_str())));
        named.extend(inventory.settings.iter().map(|one| (&one.id, one.name.as_str())));
        named.extend(inventory.exposures.iter().map(|one| (&one.id, one.fingerprint.as_str())));
        let known: BTreeSet<&Urn> = named.iter().map(|(id, _)| *id).collect();
        let of_graph = inventory.facts.graph.names().iter().filter(|name| !known.contains(name));
        let of_graph: Vec<_> = of_graph.map(|name| (name, "")).collect();
        named.extend(of_graph);
        named
    }
}

/// What is spelled most alike, by its whole id, the end of it or what its provider calls it.
fn nearest<'a>(lower: &str, named: &[(&'a Urn, &str)]) -> Vec<&'a Urn> {
    const NEAR: usize = 3;
    // Long texts are no names that somebody mistyped.
    const LONGEST: usize = 200;
    if lower.len() > LONGEST {
        return Vec::new();
    }
    let score = |id: &Urn, own: &str| {
        let id = id.as_str().to_lowercase();
        let end = id.rsplit(['/', ':', '#']).next().unwrap_or_default().to_owned();
        let own = own.to_lowercase();
        let short = own.rsplit('/').next().unwrap_or_default().to_owned();
        let texts = [id, end, own, short].into_iter().filter(|text| text.len().abs_diff(lower.len()) <= NEAR);
        texts.map(|text| alike::distance(lower, &text)).min()
    };
    let most = NEAR.min(lower.chars().count() / 3);
    let mut near: Vec<(usize, &Urn)> = named
        .iter()
        .filter_map(|(id, own)| Some((score(id, own)?, *id)))
        .filter(|(distance, _)| *distance <= most)
        .collect();
    near.sort();
    near.dedup();
    near.into_iter().take(NEAR).map(|(_, id)| id).collect()
}

/// Whether something is a secret in the own text of an object of a cluster, whose name its place has.
fn is_text_of(exposure: &Urn, object: &Urn) -> bool {
    let place = object.as_str().strip_prefix("k8s:").map(|rest| format!("/kubernetes/{rest}"));
    exposure.as_str().starts_with("exposure:") && place.is_some_and(|place| exposure.as_str().ends_with(&place))
}

fn several(name: &str, many: &[&Urn]) -> Failure {
    let list: Vec<String> = many.iter().take(LISTED).map(|id| format!("\n  {}", clean(id.as_str()))).collect();
    let more = if many.len() > LISTED { format!("\n  and {} more", many.len() - LISTED) } else { String::new() };
    Failure(format!("'{name}' can mean {} things; name one of them:{}{more}", many.len(), list.concat()))
}
