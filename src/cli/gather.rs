//! From what the user typed to what the collectors brought home.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use super::Failure;
use super::arguments::{Global, Sources};
use super::ruleset;
use crate::collect::registry::{Request, collectors};
use crate::collect::source::{Found, SourceOptions, discover};
use crate::collect::{Collector, Context, Gathered, run};
use crate::config::{self, Config};
use crate::model::{CoverageEntry, Outcome, Record, parse_timestamp};
use crate::term::{self, Progress};

/// What came of collecting.
pub(super) struct Collected {
    pub(super) gathered: Gathered,
    pub(super) now: Timestamp,
    /// What was asked to be read, in words.
    pub(super) inputs: Vec<String>,
}

/// The scan's point in time. Whole seconds, so that it reads well and can be given again with `--now`.
pub(super) fn now(text: Option<&str>) -> Result<Timestamp, Failure> {
    match text {
        Some(text) => parse_timestamp(text).map_err(|error| Failure(format!("--now: {error}"))),
        None => Ok(Timestamp::from_second(Timestamp::now().as_second())?),
    }
}

/// Reads everything that was asked for.
pub(super) fn collect(sources: &Sources, global: &Global, config: &Config) -> Result<Collected, Failure> {
    let now = now(sources.now.as_deref())?;
    let mut request = request(sources, config)?;
    let unused = if sources.no_discover { Found::default() } else { adopt(discover(&request.roots), &mut request) };
    let collectors = collectors(&request, &ruleset::detectors()?)?;
    let inputs = inputs(&collectors);
    let progress = Progress::new(!global.quiet);
    let context = Context { now, fingerprint_key: config::fingerprint_key(), progress: progress.callback() };
    let deadline = Duration::from_secs(sources.deadline);
    let mut gathered = run_to_the_end(&collectors, &context, deadline)?;
    progress.finish();
    gathered.records.extend(not_used(&unused).map(Record::Coverage));
    tracing::info!(records = gathered.records.len(), "collected");
    Ok(Collected { gathered, now, inputs })
}

fn run_to_the_end(
    collectors: &[Arc<dyn Collector>],
    context: &Context,
    deadline: Duration,
) -> Result<Gathered, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let gathered = runtime.block_on(async {
        let (stop, interrupt) = watch::channel(false);
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                let _ = stop.send(true);
                // A second one does not wait for what is being wound up.
                let _ = tokio::signal::ctrl_c().await;
                std::process::exit(i32::from(crate::exit::Exit::Interrupted.number()));
            }
            std::future::pending::<()>().await;
        });
        run(collectors, context, deadline, &interrupt).await
    });
    // Threads that hang in a read are left behind; what they would bring is already said to be missing.
    runtime.shutdown_background();
    Ok(gathered)
}

fn request(sources: &Sources, config: &Config) -> Result<Request, Failure> {
    let wants_aws = sources.aws || sources.aws_profile.is_some();
    let wants_cluster = sources.kubernetes || !sources.context.is_empty();
    let has_exports = !sources.aws_export.is_empty() || !sources.kubernetes_export.is_empty();
    let mut roots = sources.paths.clone();
    if roots.is_empty() && !wants_aws && !wants_cluster && !has_exports {
        roots.push(PathBuf::from("."));
    }
    let mut people = sources.people.clone();
    people.extend(config.people.iter().cloned());
    for path in roots.iter().chain(&sources.aws_export).chain(&people) {
        must_exist(path)?;
    }
    let mut source = SourceOptions {
        no_ignore: sources.no_ignore,
        no_inline_allow: sources.no_inline_allow,
        threads: sources.threads.unwrap_or_default(),
        ..SourceOptions::default()
    };
    if let Some(mebibytes) = sources.max_file_size {
        source.max_file_size = mebibytes.saturating_mul(1024 * 1024).max(1);
    }
    Ok(Request {
        roots,
        source,
        aws: wants_aws.then(|| sources.aws_profile.clone()),
        aws_exports: sources.aws_export.clone(),
        kubernetes: wants_cluster.then(|| sources.context.clone()),
        kubernetes_allow_exec: sources.kubernetes_allow_exec,
        kubernetes_dumps: sources.kubernetes_export.iter().map(|text| dump(text)).collect::<Result<_, _>>()?,
        people,
    })
}

fn must_exist(path: &Path) -> Result<(), Failure> {
    match path.symlink_metadata() {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure(format!("{}: {error}", path.display()))),
    }
}

/// `CLUSTER=PATH`, or a path whose last part names the cluster.
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

/// Takes over exports that lie in the searched trees, where the user named no other source of the kind: what was named
/// must not be changed by what lies in a tree. Returns what is not used.
fn adopt(mut found: Found, request: &mut Request) -> Found {
    if request.aws.is_none() && request.aws_exports.is_empty() {
        request.aws_exports = std::mem::take(&mut found.aws);
    }
    if request.kubernetes.is_none() && request.kubernetes_dumps.is_empty() {
        request.kubernetes_dumps = std::mem::take(&mut found.kubernetes);
    }
    if request.people.is_empty() {
        request.people = std::mem::take(&mut found.people);
    }
    let dumps = request.kubernetes_dumps.iter().map(|(_, path)| path);
    request.source.exports = request.aws_exports.iter().chain(dumps).cloned().collect();
    found
}

fn not_used(found: &Found) -> impl Iterator<Item = CoverageEntry> {
    let aws = found.aws.iter().map(|path| ("aws", path));
    let kubernetes = found.kubernetes.iter().map(|(_, path)| ("kubernetes", path));
    let people = found.people.iter().map(|path| ("people", path));
    aws.chain(kubernetes).chain(people).map(|(collector, path)| {
        let detail = "found in a searched tree and not used, since another source was named";
        CoverageEntry::hole(collector, &path.to_string_lossy(), "export", Outcome::NotRead, detail)
    })
}

fn inputs(collectors: &[Arc<dyn Collector>]) -> Vec<String> {
    let mut inputs: Vec<String> = Vec::new();
    for collector in collectors {
        inputs.extend(collector.targets().into_iter().map(|target| format!("{} {target}", collector.name())));
    }
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
