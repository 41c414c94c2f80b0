//! Reads source trees, lists of files and standard input: every file once, every hardcoded secret as an exposure without its value.
//!
//! Follows no symbolic link and executes nothing of the tree. What is not read is said in the coverage.

mod agents;
mod allows;
mod archive;
mod discover;
mod file;
mod git;
mod given;
mod home;
mod kind;
mod manifest;
mod name;
mod small;
mod tally;
mod text;
mod tree;
mod walk;
mod watched;
mod window;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;

use super::agents::{Notes, Tables};
use super::{CollectError, Collector, Context, Sink};
use crate::model::FactKind;
use crate::secrets::{DetectorSet, Ignores};

pub use allows::TextNotes;
pub use discover::{Found, discover};
pub(super) use git::authors;
pub use given::{Given, GivenText};
pub use home::Homes;
pub(super) use manifest::Repositories;
pub use tree::{KnownTrees, Tree, trees};
pub use watched::Watched;

/// The name of this collector.
pub const NAME: &str = "source";

/// What of a tree is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Selection {
    /// The files that lie in it.
    #[default]
    WorkTree,
    /// What the index of its git repository changes against HEAD.
    Staged,
    /// What commits of its git repository add: those that `until` (HEAD when absent) reaches and `since` does not.
    Range {
        /// A revision.
        since: String,
        /// A revision.
        until: Option<String>,
    },
    /// What any commit that a ref of its git repository reaches ever added.
    History,
}

/// What to read of source trees, and how.
#[derive(Clone, Debug)]
pub struct SourceOptions {
    /// What of each tree.
    pub selection: Selection,
    /// The index to read for [`Selection::Staged`]: git tells a hook of `git commit -a` with `GIT_INDEX_FILE` which one
    /// it is about to commit. Else that of the repository.
    pub index_file: Option<PathBuf>,
    /// Read files that `.gitignore` names, too.
    pub no_ignore: bool,
    /// Judge lines that carry an allow comment, too.
    pub no_inline_allow: bool,
    /// How many threads read and scan, at most 256; 0 means one a core.
    pub threads: usize,
    /// Open archives and read what lies in them.
    pub archives: bool,
    /// Larger files are read only this far; in bytes.
    pub max_file_size: u64,
    /// The names of the rules, which allow comments may name beside those of detectors.
    pub rules: Arc<BTreeSet<String>>,
    /// What is noted of texts and their allow comments; each target has its own.
    pub allows: Arc<TextNotes>,
    /// Files of which the caller must know whether they were read.
    pub watched: Arc<Watched>,
    /// Files, and folders of such, that are read as exports, too: the public ids in them are what they are for, not findings.
    pub exports: BTreeSet<PathBuf>,
    /// The files that this run itself writes, by true path. They are not searched.
    pub written: Arc<BTreeSet<PathBuf>>,
    /// Read code that makes identities, too.
    pub definitions: bool,
    /// What the caller calls the tree, where there is one.
    pub tree_name: Option<String>,
    /// How the trees are called, by the paths that they were given by. Where nobody settled that, by their folders.
    pub trees: Arc<BTreeMap<String, Tree>>,
    /// Findings that a `.gitleaksignore` hides.
    pub ignored: Arc<Ignores>,
    /// What is known of the clients of agents; `None` where agents are not looked for.
    pub agents: Option<Arc<Tables>>,
}

impl Default for SourceOptions {
    fn default() -> Self {
        Self {
            selection: Selection::default(),
            index_file: None,
            no_ignore: false,
            no_inline_allow: false,
            threads: 0,
            archives: true,
            max_file_size: 256 * 1024 * 1024,
            rules: Arc::default(),
            allows: Arc::default(),
            watched: Arc::default(),
            exports: BTreeSet::new(),
            written: Arc::default(),
            definitions: false,
            tree_name: None,
            trees: Arc::default(),
            ignored: Arc::default(),
            agents: None,
        }
    }
}

impl SourceOptions {
    /// How a root is called in the graph.
    pub fn name_of(&self, root: &Path) -> String {
        self.label(&name::target_name(root), &true_path(root))
    }

    /// How a tree is called in the graph that was given by this path.
    fn label(&self, shown: &str, true_path: &Path) -> String {
        self.trees.get(shown).map_or_else(|| name::base_of_true(true_path), |tree| tree.label.clone())
    }
}

/// Finds hardcoded secrets in trees and single files.
pub struct Source {
    roots: BTreeMap<String, Root>,
    /// The roots by their true path: a file belongs to the innermost one that it lies in.
    owners: Arc<BTreeMap<PathBuf, usize>>,
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
    /// The true path, free of links.
    true_path: PathBuf,
    /// Its place among the roots.
    number: usize,
    /// A home directory, whose files were written where they lie.
    is_home: bool,
}

impl Source {
    /// A collector for these roots, each a directory or a file. What lies in several of them is read once.
    pub fn new(roots: &[PathBuf], options: SourceOptions, detectors: Arc<DetectorSet>) -> Self {
        let true_paths: Vec<PathBuf> = roots.iter().map(|root| true_path(root)).collect();
        let mut owners = BTreeMap::new();
        let mut named: BTreeMap<String, Root> = BTreeMap::new();
        for (number, (path, true_path)) in roots.iter().zip(true_paths).enumerate() {
            let shown = name::target_name(path);
            let target = (1..)
                .map(|count| if count == 1 { shown.clone() } else { format!("{shown} ({count})") })
                .find(|name| !named.contains_key(name))
                .unwrap_or_default();
            let label = options.label(&shown, &true_path);
            let shown = if shown == "." { String::new() } else { shown };
            owners.entry(true_path.clone()).or_insert(number);
            named.insert(target, Root { shown, label, path: as_path(path), true_path, number, is_home: false });
        }
        let exports = options.exports.iter().map(|path| true_path(path)).collect();
        Self { roots: named, owners: Arc::new(owners), options: SourceOptions { exports, ..options }, detectors }
    }

    /// The path of a target, as the user gave it.
    pub fn path_of(&self, target: &str) -> Option<&Path> {
        self.roots.get(target).map(|root| root.path.as_path())
    }
}

/// The path without links, or as it is where it cannot be followed.
fn true_path(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// `-` is a file or folder of that name; the walker would read standard input.
fn as_path(path: &Path) -> PathBuf {
    if path.as_os_str() == "-" { PathBuf::from("./-") } else { path.to_owned() }
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
            owners: Arc::clone(&self.owners),
            target: target.to_owned(),
            options: SourceOptions { allows: Arc::default(), ..self.options.clone() },
            detectors: Arc::clone(&self.detectors),
            context: context.clone(),
            sink: sink.clone(),
            agents: self.options.agents.clone().map(Notes::new),
        };
        // Reading and matching is work for threads, not for the async runtime.
        tokio::task::spawn_blocking(move || {
            walk.run()?;
            if walk.options.definitions && walk.options.selection == Selection::WorkTree {
                manifest::run(&walk.root, &walk.target, &walk.context, &walk.sink)?;
            }
            walk.options.allows.send(&walk.target, &walk.sink)
        })
        .await
        .map_err(|_| CollectError::failed("files", "the scanner crashed; this is a bug in nonhuman"))?
    }
}
