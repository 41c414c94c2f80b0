//! Reads source trees: every file once, every hardcoded secret as an exposure without its value.
//!
//! Follows no symbolic link and executes nothing of the tree. What is not read is said in the coverage.

mod discover;
mod file;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;

use super::{CollectError, Collector, Context, Sink};
use crate::model::FactKind;
use crate::secrets::DetectorSet;

pub use discover::{Found, discover};

/// The name of this collector.
pub(crate) const NAME: &str = "source";

/// What to read of source trees, and how.
#[derive(Clone, Debug)]
pub struct SourceOptions {
    /// Read files that `.gitignore` names, too.
    pub no_ignore: bool,
    /// Judge lines that carry an allow comment, too.
    pub no_inline_allow: bool,
    /// How many threads read and scan; 0 means one a core.
    pub threads: usize,
    /// Larger files are read only this far; in bytes.
    pub max_file_size: u64,
    /// Files that are read as exports, too: the public ids in them are what they are for, not findings.
    pub exports: BTreeSet<PathBuf>,
}

impl Default for SourceOptions {
    fn default() -> Self {
        Self {
            no_ignore: false,
            no_inline_allow: false,
            threads: 0,
            max_file_size: 256 * 1024 * 1024,
            exports: BTreeSet::new(),
        }
    }
}

/// Finds hardcoded secrets in trees and single files.
pub struct Source {
    roots: BTreeMap<String, Root>,
    options: SourceOptions,
    detectors: Arc<DetectorSet>,
}

/// One tree or file to scan.
#[derive(Clone, Debug)]
struct Root {
    /// As the user gave it, for the reader of the report; empty for the current directory.
    shown: String,
    /// A name that stays the same wherever the scan is started from, for stable ids.
    label: String,
    path: PathBuf,
}

impl Source {
    /// A collector for these roots, each a directory or a file.
    pub fn new(roots: &[PathBuf], options: SourceOptions, detectors: Arc<DetectorSet>) -> Self {
        let mut labels: BTreeMap<String, usize> = BTreeMap::new();
        for root in roots {
            *labels.entry(base_name(root)).or_default() += 1;
        }
        let roots = roots.iter().map(|path| {
            let target = target_name(path);
            let base = base_name(path);
            let label = if labels.get(&base).copied().unwrap_or_default() > 1 { target.clone() } else { base };
            let shown = if target == "." { String::new() } else { target.clone() };
            (target, Root { shown, label, path: path.clone() })
        });
        Self { roots: roots.collect(), options, detectors }
    }
}

/// The root as it is named in the coverage.
fn target_name(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', "/");
    match text.trim_end_matches('/') {
        "" if text.starts_with('/') => "/".to_owned(),
        "" | "." => ".".to_owned(),
        text => text.strip_prefix("./").unwrap_or(text).to_owned(),
    }
}

fn base_name(path: &Path) -> String {
    let absolute = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    absolute.file_name().map_or_else(|| "root".to_owned(), |name| name.to_string_lossy().into_owned())
}

#[async_trait]
impl Collector for Source {
    fn name(&self) -> &'static str {
        NAME
    }

    fn facts(&self) -> &'static [FactKind] {
        &[FactKind::Exposures]
    }

    fn targets(&self) -> Vec<String> {
        self.roots.keys().cloned().collect()
    }

    async fn collect(&self, target: &str, context: &Context, sink: &Sink) -> Result<(), CollectError> {
        let root = self.roots.get(target).cloned().ok_or_else(|| CollectError::failed("files", "unknown root"))?;
        let walk = walk::Walk {
            root,
            target: target.to_owned(),
            options: self.options.clone(),
            detectors: Arc::clone(&self.detectors),
            context: context.clone(),
            sink: sink.clone(),
        };
        // Reading and matching is work for threads, not for the async runtime.
        tokio::task::spawn_blocking(move || walk.run())
            .await
            .map_err(|_| CollectError::failed("files", "the scanner crashed; this is a bug in nonhuman"))?
    }
}
