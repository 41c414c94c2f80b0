//! From what the user typed to what the collectors brought home.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use super::Failure;
use super::arguments::{Global, Sources};
use super::searching::Imports;
use super::{agents, imports, ruleset, scope, trees, wanted};
use crate::collect::registry::{self, Request, collectors};
use crate::collect::shard::{self, Shard};
use crate::collect::source::{Found, Source, discover};
use crate::collect::{Collector, Context, Ended, Interrupt, mask, run_into};
use crate::config::{self, Config};
use crate::model::{AttributeName, CoverageEntry, Known, Location, Outcome, Record, Shared, parse_timestamp};
use crate::secrets::DetectorSet;
use crate::term::{self, Progress};

/// More than a year is no deadline, and more than the clock can hold.
const LONGEST_DEADLINE: u64 = 366 * 24 * 3600;

/// What came of collecting.
pub(super) struct Collected {
    pub(super) ended: Ended,
    pub(super) now: Timestamp,
    /// What was asked to be read, in words.
    pub(super) inputs: Vec<String>,
    /// Every target of every shard, where this is one.
    pub(super) planned: Vec<String>,
}

impl Collected {
    /// Nothing, since the user stopped it while exports were looked for.
    fn interrupted(now: Timestamp) -> Self {
        let interrupted = vec!["source looking for exports".to_owned()];
        let ended = Ended { interrupted, ..Ended::default() };
        Self { ended, now, inputs: Vec::new(), planned: Vec::new() }
    }
}

/// The scan's point in time. Whole seconds, so that it reads well and can be given again with `--now`.
pub(super) fn now(text: Option<&str>) -> Result<Timestamp, Failure> {
    match text {
        Some(text) => parse_timestamp(text).map_err(|error| Failure(format!("--now: {error}"))),
        None => Ok(Timestamp::from_second(Timestamp::now().as_second())?),
    }
}

/// What to read, and how long to try.
pub(super) struct Wish {
    pub(super) request: Request,
    pub(super) imports: Imports,
    /// Seconds for each target.
    pub(super) deadline: u64,
    /// Whether exports that lie in the trees are looked for.
    pub(super) discover: bool,
    pub(super) now: Timestamp,
    /// Which part of the targets is read, where it is not all.
    pub(super) shard: Option<Shard>,
}

/// What the sources of a command line amount to.
pub(super) fn wish(sources: &Sources, config: &Config) -> Result<Wish, Failure> {
    Ok(Wish {
        now: now(sources.now.as_deref())?,
        request: wanted::request(sources, config)?,
        imports: sources.searching.imports.clone(),
        deadline: sources.deadline,
        discover: !sources.no_discover,
        shard: None,
    })
}

/// Exports of AWS accounts and nothing else.
pub(super) fn aws_exports(paths: Vec<PathBuf>, now: Timestamp) -> Wish {
    let request = Request { aws_exports: paths, ..Request::default() };
    Wish { request, imports: Imports::default(), deadline: LONGEST_DEADLINE, discover: false, now, shard: None }
}

/// Reads what is wished for, and every record of it.
pub(super) fn read(
    wish: Wish,
    rules: Option<&PathBuf>,
    global: &Global,
    config: &Config,
) -> Result<(Vec<Record>, Collected), Failure> {
    let (mut records, mut shared) = (Vec::new(), Shared::default());
    let keep = |mut record: Record| {
        shared.share(&mut record);
        records.push(record);
    };
    let collected = read_into(wish, rules, global, config, keep)?;
    Ok((records, collected))
}

/// Reads what is wished for; each record is handed on as it comes, so that who keeps less of it needs less memory.
pub(super) fn read_into(
    wish: Wish,
    rules: Option<&PathBuf>,
    global: &Global,
    config: &Config,
    mut keep: impl FnMut(Record),
) -> Result<Collected, Failure> {
    let Wish { mut request, imports, deadline, discover, now, shard } = wish;
    let own = Arc::new(ruleset::detectors(rules, config)?);
    let (detectors, taken) = imports::searching(&own, &imports, rules, config)?;
    if !global.quiet {
        taken.iter().for_each(imports::tell);
        imports::hint(&request, &imports);
    }
    let has_others = rules.is_some() || config.rules_dir.is_some() || !taken.is_empty();
    trees::name(&mut request, config, || None)?;
    trees::mask(&mut request, &own);
    let scope = scope::of(&request, &detectors, has_others, &imports.rules_from)?;
    let progress = Progress::new(!global.quiet);
    let context = Context { now, fingerprint_key: config::fingerprint_key(), progress: progress.callback() };
    let deadline = Duration::from_secs(deadline.min(LONGEST_DEADLINE));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let interrupt = runtime.block_on(async { listen_for_interrupt() });
    let found = match discover {
        true => runtime.block_on(find_exports(own_roots(&request, &detectors, shard), interrupt.clone())),
        false => Some(Found::default()),
    };
    runtime.block_on(registry::plan(&mut request));
    let planned = shard.map(|_| collectors(&request, &detectors).map(|list| inputs(&list))).transpose()?;
    let Some(found) = found else { return Ok(Collected::interrupted(now)) };
    let (adopted, unused) = adopt(found, &mut request);
    let mut collectors = collectors(&request, &detectors)?;
    if let (Some(shard), Some(planned)) = (shard, &planned) {
        collectors = shard::kept(collectors, shard, planned);
    }
    let mut count = 0_u64;
    let mut take = |mut record: Record| {
        if adopted {
            distrust(&mut record);
        }
        // By our own alone: the id of a key is no secret, although others have a rule for it.
        mask(&mut record, &own);
        count += 1;
        keep(record);
    };
    let ended = runtime.block_on(run_into(&collectors, &context, deadline, &interrupt, &mut take));
    // Threads that hang in a read are left behind; what they would bring is already said to be missing.
    runtime.shutdown_background();
    progress.finish();
    let beside = request.beside.iter().cloned().chain(not_used(&unused)).chain(taken.iter().map(imports::coverage));
    beside.map(Record::Coverage).chain([Record::Scope(Box::new(scope))]).for_each(&mut take);
    agents::registry(config, now).for_each(&mut take);
    tracing::info!(records = count, "collected");
    let (mut inputs, mut planned) = (inputs(&collectors), planned.unwrap_or_default());
    inputs.iter_mut().chain(&mut planned).for_each(|input| {
        detectors.mask(input);
    });
    Ok(Collected { ended, now, inputs, planned })
}

/// The trees that are looked through for exports: those that this run reads.
fn own_roots(request: &Request, detectors: &Arc<DetectorSet>, shard: Option<Shard>) -> Vec<PathBuf> {
    let Some(shard) = shard else { return request.roots.clone() };
    let source = Source::new(&request.roots, request.source.clone(), Arc::clone(detectors));
    let own = source.targets().into_iter().filter(|target| shard.owns(&shard::name_of(source.name(), target)));
    own.filter_map(|target| source.path_of(&target).map(Path::to_owned)).collect()
}

/// A receiver that turns to `true` at the first Ctrl-C; a second one does not wait for what is being wound up.
fn listen_for_interrupt() -> Interrupt {
    let (stop, interrupt) = watch::channel(false);
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            let _ = stop.send(true);
            let _ = tokio::signal::ctrl_c().await;
            std::process::exit(i32::from(crate::exit::Exit::Interrupted.number()));
        }
        std::future::pending::<()>().await;
    });
    interrupt
}

/// Looks for exports in the trees; `None` when the user stopped it.
async fn find_exports(roots: Vec<PathBuf>, mut interrupt: Interrupt) -> Option<Found> {
    let search = tokio::task::spawn_blocking(move || discover(&roots));
    tokio::select! {
        found = search => Some(found.unwrap_or_default()),
        Ok(_) = interrupt.wait_for(|stop| *stop) => None,
    }
}

/// Takes over exports that lie in the searched trees, where the user named no source of identities: what was named must
/// not be changed by what lies in a tree. A people directory is none: where one is named, only those found are left.
/// Returns whether something was taken over, and what is not used.
fn adopt(mut found: Found, request: &mut Request) -> (bool, Found) {
    // What somebody plans for a cluster says nothing of what was named, so it is always read beside it.
    request.kubernetes_manifests = std::mem::take(&mut found.manifests).into_iter().collect();
    let named: Vec<_> = request.people.iter().filter_map(|path| path.canonicalize().ok()).collect();
    found.people.retain(|path| path.canonicalize().is_ok_and(|path| !named.contains(&path)));
    let is_named = request.aws.is_some()
        || request.kubernetes.is_some()
        || request.okta.is_some()
        || !request.okta_exports.is_empty()
        || !(request.aws_exports.is_empty() && request.kubernetes_dumps.is_empty());
    if is_named || found.is_empty() {
        return (false, found);
    }
    let dumps = found.kubernetes.iter().map(|(_, path)| path);
    request.source.exports = found.aws.iter().chain(dumps).chain(&found.okta).cloned().collect();
    request.aws_exports = found.aws;
    request.aws_found = true;
    request.kubernetes_dumps = found.kubernetes;
    request.okta_exports = found.okta;
    if request.people.is_empty() {
        request.people = std::mem::take(&mut found.people);
    }
    (true, Found { people: found.people, ..Found::default() })
}

/// Whoever wrote a tree wrote the exports in it, too: they may make a finding graver, never milder. That a credential is
/// switched off is not believed, nor that an identity may do little.
fn distrust(record: &mut Record) {
    match record {
        Record::Credential(credential) if credential.active == Known::Value(false) => {
            credential.active = Known::unknown("only a file of the searched tree says that it is switched off");
        }
        Record::Identity(identity) if matches!(identity.evidence.location, Location::Export { .. }) => {
            identity.attributes.set(AttributeName::ToldByTree, true);
        }
        _ => {}
    }
}

fn not_used(found: &Found) -> impl Iterator<Item = CoverageEntry> {
    let aws = found.aws.iter().map(|path| ("aws", path));
    let kubernetes = found.kubernetes.iter().map(|(_, path)| ("kubernetes", path));
    let people = found.people.iter().map(|path| ("people", path));
    let okta = found.okta.iter().map(|path| ("okta", path));
    aws.chain(kubernetes).chain(people).chain(okta).map(|(collector, path)| {
        let detail = "found in a searched tree and not used, since another source was named";
        CoverageEntry::hole(collector, &path.to_string_lossy(), "export", Outcome::NotRead, detail)
    })
}

fn inputs(collectors: &[Arc<dyn Collector>]) -> Vec<String> {
    let mut inputs: Vec<String> = Vec::new();
    for collector in collectors {
        inputs.extend(collector.targets().iter().map(|target| shard::name_of(collector.name(), target)));
    }
    // The order in which exports are found in trees is not known to those who read other trees.
    inputs.sort();
    inputs.dedup();
    inputs
}

/// Tells the user what an interrupted run had read to its end.
pub(super) fn tell_interrupted(ended: &Ended) {
    term::remark("interrupted; no report was written");
    for name in &ended.finished {
        term::remark(&format!("  complete   {name}"));
    }
    for name in &ended.interrupted {
        term::remark(&format!("  cut short  {name}"));
    }
}
