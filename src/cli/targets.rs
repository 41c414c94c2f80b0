//! Targets that lists and folders name: trees, accounts, clusters. Opens the lists, and nothing that they name.

use std::path::{Path, PathBuf};

use super::Failure;
use super::arguments::Sources;
use crate::collect::aws::Accounts;

/// The trees of lists and of folders of trees. Their order is that of their names: every shard must see the same.
pub(super) fn listed(sources: &Sources) -> Result<Vec<PathBuf>, Failure> {
    let mut roots = Vec::new();
    for list in &sources.targets {
        roots.extend(lines("--targets", list)?.into_iter().map(PathBuf::from));
    }
    for folder in &sources.trees_in {
        let named = |error: std::io::Error| Failure(format!("--trees-in {}: {error}", folder.display()));
        let mut below = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(named)? {
            let entry = entry.map_err(named)?;
            if entry.file_type().map_err(named)?.is_dir() {
                below.push(entry.path());
            }
        }
        if below.is_empty() {
            return Err(Failure(format!("--trees-in {}: there is no folder in it", folder.display())));
        }
        below.sort();
        roots.extend(below);
    }
    Ok(roots)
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
