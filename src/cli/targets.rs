//! Targets that lists and folders name: trees, accounts, clusters. Opens the lists, and nothing that they name.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::Failure;
use super::arguments::Sources;
use crate::collect::aws::Accounts;
use crate::model::{CoverageEntry, FactKind, Outcome};

/// How many names of one kind are told.
const NAMED: usize = 5;

/// Trees that were named by others than the command line.
#[derive(Default)]
pub(super) struct Listed {
    /// Their order is that of their names: every shard must see the same.
    pub(super) roots: Vec<PathBuf>,
    /// What lies beside them and is no tree.
    pub(super) beside: Vec<CoverageEntry>,
}

/// The trees of lists and of folders of trees.
pub(super) fn listed(sources: &Sources) -> Result<Listed, Failure> {
    let mut listed = Listed::default();
    for list in &sources.targets {
        for path in lines("--targets", list)?.into_iter().map(PathBuf::from) {
            // One clone that is not there, of thousands, is one hole.
            match path.symlink_metadata() {
                Ok(_) => listed.roots.push(path),
                Err(error) => listed.beside.push(not_there(list, &path, &error)),
            }
        }
    }
    for folder in &sources.trees_in {
        trees_in(folder, &mut listed)?;
    }
    Ok(listed)
}

fn not_there(list: &Path, path: &Path, error: &std::io::Error) -> CoverageEntry {
    let why = format!("{} names it: {error}", list.display());
    CoverageEntry::hole("source", &path.to_string_lossy(), "everything", Outcome::Failed, why)
        .remedy("clone it, or take it out of the list")
        .blinds(FactKind::ALL)
}

/// The folders in a folder, and those that links in it lead to: the caller's own folder is no scanned tree, so its links
/// are the caller's word. What several lead to is read once.
fn trees_in(folder: &Path, listed: &mut Listed) -> Result<(), Failure> {
    let named = |error: std::io::Error| Failure(format!("--trees-in {}: {error}", folder.display()));
    let (mut below, mut links, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for entry in std::fs::read_dir(folder).map_err(named)? {
        let entry = entry.map_err(named)?;
        let kind = entry.file_type().map_err(named)?;
        let kinds = if kind.is_dir() {
            &mut below
        } else if kind.is_symlink() {
            &mut links
        } else {
            &mut others
        };
        kinds.push(entry.path());
    }
    [&mut below, &mut links, &mut others].into_iter().for_each(|kind| kind.sort());
    let target = folder.to_string_lossy();
    let told = |what: &str, outcome: Outcome, paths: &[PathBuf], why: &str| {
        let name = |path: &PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let names: Vec<String> = paths.iter().take(NAMED).map(name).collect();
        let more = if paths.len() > NAMED { ", …" } else { "" };
        let entry = CoverageEntry::hole("source", &target, what, outcome, format!("{why}: {}{more}", names.join(", ")));
        entry.count(paths.len() as u64)
    };
    let mut known: BTreeSet<PathBuf> = below.iter().filter_map(|path| path.canonicalize().ok()).collect();
    let (mut broken, mut twice) = (Vec::new(), Vec::new());
    for link in links {
        match link.canonicalize() {
            Err(_) => broken.push(link),
            Ok(path) if !path.is_dir() => others.push(link),
            Ok(path) if known.insert(path.clone()) => below.push(link),
            Ok(_) => twice.push(link),
        }
    }
    others.sort();
    if !broken.is_empty() {
        let entry = told("links", Outcome::Failed, &broken, "they lead nowhere").blinds(&[FactKind::Exposures]);
        listed.beside.push(entry.remedy("mend the links, or take them out"));
    }
    for (what, paths, why) in [
        ("links to trees", &twice, "what they lead to is read once"),
        ("files beside trees", &others, "--trees-in reads folders; name such a file as a PATH"),
    ] {
        if !paths.is_empty() {
            listed.beside.push(told(what, Outcome::NotRead, paths, why));
        }
    }
    if below.is_empty() {
        return Err(Failure(format!("--trees-in {}: there is no folder in it", folder.display())));
    }
    below.sort();
    listed.roots.extend(below);
    Ok(())
}

/// The lines of a list that name something.
pub(super) fn lines(flag: &str, list: &Path) -> Result<Vec<String>, Failure> {
    let text = std::fs::read_to_string(list).map_err(|error| Failure(format!("{flag} {}: {error}", list.display())))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let lines: Vec<String> = lines.map(str::to_owned).collect();
    if lines.is_empty() {
        return Err(Failure(format!("{flag} {}: it names nothing", list.display())));
    }
    Ok(lines)
}

/// The accounts of a list, by their ids.
pub(super) fn accounts(list: &Path) -> Result<Accounts, Failure> {
    let ids = lines("--aws-accounts", list)?;
    let told = |error| Failure(format!("--aws-accounts {}: {error}", list.display()));
    Accounts::listed(ids.iter().map(String::as_str)).map_err(told)
}
