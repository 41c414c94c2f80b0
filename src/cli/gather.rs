//! From what the user typed to what the collectors brought home.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use super::Failure;
use super::arguments::{Global, Sources};
use super::searching::{Imports, Searching};
use super::{agents, imports, ruleset, scope, targets, trees};
use crate::collect::registry::{self, Request, collectors};
use crate::collect::shard::{self, Shard};
use crate::collect::source::{Found, Selection, Source, SourceOptions, discover};
use crate::collect::{Collector, Context, Gathered, Interrupt, mask, run};
use crate::config::{self, Config};
use crate::model::{AttributeName, CoverageEntry, Known, Location, Outcome, Record, parse_timestamp};
use crate::secrets::DetectorSet;
use crate::term::{self, Progress};

/// More than a year is no deadline, and more than the clock can hold.
const LONGEST_DEADLINE: u64 = 366 * 24 * 3600;

/// What came of collecting.
pub(super) struct Collected {
    pub(super) gathered: Gathered,
    pub(super) now: Timestamp,
    /// What was asked to be read, in words.
    pub(super) inputs: Vec<String>,
    /// Every target of every shard, where this is one.
    pub(super) planned: Vec<String>,
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
        request: request(sources, config)?,
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

/// Reads what is wished for.
pub(super) fn read(
    wish: Wish,
    rules: Option<&PathBuf>,
    global: &Global,
    config: &Config,
) -> Result<Collected, Failure> {
    let Wish { mut request, imports, deadline, discover, now, shard } = wish;
    let own = Arc::new(ruleset::detectors(rules, config)?);
    let (detectors, taken) = imports::searching(&own, &imports, rules, config)?;
    if !global.quiet {
        taken.iter().for_each(imports::tell);
        imports::hint(&request, &imports);
    }
    let has_others = rules.is_some() || config.rules_dir.is_some() || !taken.is_empty();
    trees::name(&mut request, config)?;
    trees::mask(&mut request, &own);
    let scope = scope::of(&request, &detectors, has_others, &imports.rules_from)?;
    let progress = Progress::new(!global.quiet);
    let context = Context { now, fingerprint_key: config::fingerprint_key(), progress: progress.callback() };
    let deadline = Duration::from_secs(deadline.min(LONGEST_DEADLINE));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let interrupt = runtime.block_on(async { listen_for_interrupt() });
    let found = if discover {
        let roots = own_roots(&request, &detectors, shard);
        runtime.block_on(find_exports(roots, interrupt.clone()))
    } else {
        Some(Found::default())
    };
    runtime.block_on(registry::plan(&mut request));
    let planned = shard.map(|_| collectors(&request, &detectors).map(|list| inputs(&list))).transpose()?;
    let Some(mut found) = found else {
        let interrupted = vec!["source looking for exports".to_owned()];
        let gathered = Gathered { interrupted, ..Gathered::default() };
        return Ok(Collected { gathered, now, inputs: Vec::new(), planned: Vec::new() });
    };
    // What somebody plans for a cluster says nothing of what was named, so it is always read beside it.
    request.kubernetes_manifests = std::mem::take(&mut found.manifests).into_iter().collect();
    let (adopted, unused) = adopt(found, &mut request);
    let mut collectors = collectors(&request, &detectors)?;
    if let (Some(shard), Some(planned)) = (shard, &planned) {
        collectors = shard::kept(collectors, shard, planned);
    }
    let mut gathered = runtime.block_on(run(&collectors, &context, deadline, &interrupt));
    // Threads that hang in a read are left behind; what they would bring is already said to be missing.
    runtime.shutdown_background();
    progress.finish();
    gathered.records.push(Record::Scope(Box::new(scope)));
    gathered.records.extend(request.beside.iter().cloned().map(Record::Coverage));
    gathered.records.extend(not_used(&unused).chain(taken.iter().map(imports::coverage)).map(Record::Coverage));
    gathered.records.iter_mut().filter(|_| adopted).for_each(distrust);
    agents::add_registry(&mut gathered.records, config, now);
    // By our own alone: the id of a key is no secret, although others have a rule for it.
    mask(&mut gathered.records, &own);
    tracing::info!(records = gathered.records.len(), "collected");
    let (mut inputs, mut planned) = (inputs(&collectors), planned.unwrap_or_default());
    inputs.iter_mut().chain(&mut planned).for_each(|input| {
        detectors.mask(input);
    });
    Ok(Collected { gathered, now, inputs, planned })
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

fn request(sources: &Sources, config: &Config) -> Result<Request, Failure> {
    let wants_aws = sources.aws || sources.aws_profile.is_some() || sources.aws_role.is_some();
    let mut contexts = sources.context.clone();
    if let Some(list) = &sources.contexts {
        contexts.extend(targets::lines("--contexts", list)?);
    }
    let wants_cluster = sources.kubernetes || !contexts.is_empty();
    let has_exports = !sources.aws_export.is_empty() || !sources.kubernetes_export.is_empty() || sources.okta.is_some();
    let mut roots = sources.paths.clone();
    let listed = targets::listed(sources)?;
    roots.extend(listed.roots);
    let has_trees = !roots.is_empty() || !listed.beside.is_empty() || !sources.home.is_empty();
    if !has_trees && !wants_aws && !wants_cluster && !has_exports {
        roots.push(PathBuf::from("."));
    }
    let mut people = sources.people.clone();
    people.extend(config.people.iter().cloned());
    for path in roots.iter().chain(&sources.aws_export).chain(&people).chain(&sources.home) {
        must_exist(path).map_err(|Failure(told)| {
            let is_memory = sources.searching.history && path.extension().is_some();
            let hint = "; --history searches what commits added, --history-file FILE is the memory of scans";
            Failure(if is_memory { told + hint } else { told })
        })?;
    }
    let mut request = Request {
        roots,
        given: Vec::new(),
        kubernetes_manifests: Vec::new(),
        source: SourceOptions {
            definitions: true,
            agents: agents::tables(sources.no_agents && !sources.agents)?,
            ..source_options(&sources.searching)?
        },
        beside: listed.beside,
        homes: sources.home.clone(),
        aws: wants_aws.then(|| sources.aws_profile.clone()),
        aws_regions: sources.aws_regions.clone(),
        aws_role: sources.aws_role.clone(),
        aws_last_accessed: sources.aws_last_accessed,
        aws_accounts: sources.aws_accounts.as_deref().map(targets::accounts).transpose()?,
        aws_exports: sources.aws_export.clone(),
        kubernetes: wants_cluster.then_some(contexts),
        kubernetes_allow_exec: sources.kubernetes_allow_exec,
        kubernetes_secret_values: sources.kubernetes_secret_values,
        kubernetes_audit_logs: sources
            .kubernetes_audit_log
            .iter()
            .map(|text| audit_log(text))
            .collect::<Result<_, _>>()?,
        kubernetes_dumps: dumps(&sources.kubernetes_export)?,
        people,
        ..Request::default()
    };
    sources.okta.add_to(&mut request, config)?;
    Ok(request)
}

/// `CLUSTER=PATH`, or the path alone.
fn audit_log(text: &str) -> Result<(Option<String>, PathBuf), Failure> {
    let (name, path) = match text.split_once('=') {
        Some((name, path)) if !Path::new(text).exists() => (Some(name.to_owned()), PathBuf::from(path)),
        _ => (None, PathBuf::from(text)),
    };
    must_exist(&path)?;
    Ok((name, path))
}

/// What of source trees is read, and how.
pub(super) fn source_options(searching: &Searching) -> Result<SourceOptions, Failure> {
    let mut source = SourceOptions {
        selection: selection(searching)?,
        index_file: config::git_index_file(),
        no_ignore: searching.no_ignore,
        tree_name: searching.tree_name.clone(),
        no_inline_allow: searching.no_inline_allow,
        archives: !searching.no_archives,
        threads: searching.threads.unwrap_or_default(),
        ignored: Arc::new(imports::ignores(searching.gitleaksignore.as_deref())?),
        ..SourceOptions::default()
    };
    if let Some(mebibytes) = searching.max_file_size {
        source.max_file_size = mebibytes.saturating_mul(1024 * 1024).max(1);
    }
    Ok(source)
}

/// What of the trees is to be read.
fn selection(searching: &Searching) -> Result<Selection, Failure> {
    if let Some(since) = &searching.since {
        return Ok(Selection::Range { since: since.clone(), until: None });
    }
    let Some(range) = &searching.range else {
        return Ok(match (searching.history, searching.staged) {
            (true, _) => Selection::History,
            (_, true) => Selection::Staged,
            _ => Selection::WorkTree,
        });
    };
    if range.contains("...") {
        let message = format!("--range {range}: three dots are not understood; A..B is what B adds to A");
        return Err(Failure(message));
    }
    let Some((since, until)) = range.split_once("..") else {
        return Err(Failure(format!("--range {range}: expected two revisions as A..B; --since takes one")));
    };
    if since.is_empty() {
        // A variable of a pipeline that is not set must not make a range without commits.
        return Err(Failure(format!("--range {range}: the revision before the dots is missing; expected A..B")));
    }
    Ok(Selection::Range { since: since.to_owned(), until: (!until.is_empty()).then(|| until.to_owned()) })
}

pub(super) fn must_exist(path: &Path) -> Result<(), Failure> {
    match path.symlink_metadata() {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure(format!("{}: {error}", path.display()))),
    }
}

/// `CLUSTER=PATH`, or a path whose last part names the cluster.
/// The dumps with the names of their clusters. Two that are called alike by their paths alone would become one cluster.
fn dumps(texts: &[String]) -> Result<Vec<(String, PathBuf)>, Failure> {
    let mut all: Vec<(String, PathBuf)> = Vec::new();
    for text in texts {
        let (name, path) = dump(text)?;
        let named = path.as_os_str() != text.as_str();
        if let Some((_, other)) = all.iter().find(|(known, other)| *known == name && *other != path).filter(|_| !named)
        {
            return Err(Failure(format!(
                "--kubernetes-export {text}: {} is called '{name}', too; say which cluster each is of: --kubernetes-export NAME={text}",
                other.display()
            )));
        }
        all.push((name, path));
    }
    Ok(all)
}

fn dump(text: &str) -> Result<(String, PathBuf), Failure> {
    if let Some((cluster, path)) = text.split_once('=')
        && !Path::new(text).exists()
    {
        must_exist(Path::new(path))?;
        return Ok((cluster.to_owned(), PathBuf::from(path)));
    }
    let path = PathBuf::from(text);
    must_exist(&path)?;
    let absolute = path.canonicalize().unwrap_or_else(|_| path.clone());
    let name = absolute.file_stem().map_or_else(|| "cluster".to_owned(), |name| name.to_string_lossy().into_owned());
    Ok((name, path))
}

/// Takes over exports that lie in the searched trees, where the user named no source of identities: what was named must
/// not be changed by what lies in a tree. A people directory is none: where one is named, only those found are left.
/// Returns whether something was taken over, and what is not used.
fn adopt(mut found: Found, request: &mut Request) -> (bool, Found) {
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
pub(super) fn tell_interrupted(gathered: &Gathered) {
    term::remark("interrupted; no report was written");
    for name in &gathered.finished {
        term::remark(&format!("  complete   {name}"));
    }
    for name in &gathered.interrupted {
        term::remark(&format!("  cut short  {name}"));
    }
}
