//! From the flags to what is to be read. Reads nothing itself.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::arguments::Sources;
use super::searching::Searching;
use super::{Failure, agents, imports, targets};
use crate::collect::registry::Request;
use crate::collect::source::{Selection, SourceOptions};
use crate::config::{self, Config};

/// What the sources of a command line name.
pub(super) fn request(sources: &Sources, config: &Config) -> Result<Request, Failure> {
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
    let keys: Vec<PathBuf> = sources.keys.iter().chain(&config.keys).cloned().collect();
    for path in roots.iter().chain(&sources.aws_export).chain(&people).chain(&keys).chain(&sources.home) {
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
        kubeconfigs: crate::config::kubeconfigs(),
        kubernetes_allow_exec: sources.kubernetes_allow_exec,
        kubernetes_secret_values: sources.kubernetes_secret_values,
        kubernetes_audit_logs: sources
            .kubernetes_audit_log
            .iter()
            .map(|text| audit_log(text))
            .collect::<Result<_, _>>()?,
        kubernetes_dumps: dumps(&sources.kubernetes_export)?,
        people,
        keys,
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
