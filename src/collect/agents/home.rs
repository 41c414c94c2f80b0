//! Finds the files that clients keep in a home directory, at known places alone. Reads no other folder and no content.

use std::path::{Path, PathBuf};

use super::place::{DEEPEST, Pattern, is_like};
use super::table::Tables;

/// How many entries of one folder are looked at where a name is not known in full.
const MOST_ENTRIES: usize = 2_000;
/// How many files one place may stand for.
const MOST_FILES: usize = 5_000;

/// The files of the table that are there, below a home directory, in order. Links are not followed; that one is there is
/// told by the second list.
pub fn known_places(home: &Path, tables: &Tables) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let mut search = Search { home, files: Vec::new(), links: Vec::new() };
    for pattern in tables.home_patterns() {
        search.below(home, pattern.parts(), pattern);
    }
    for list in [&mut search.files, &mut search.links] {
        list.sort();
        list.dedup();
    }
    (search.files, search.links)
}

struct Search<'a> {
    home: &'a Path,
    files: Vec<PathBuf>,
    links: Vec<PathBuf>,
}

impl Search<'_> {
    fn below(&mut self, folder: &Path, parts: &[String], pattern: &Pattern) {
        let Some((first, rest)) = parts.split_first() else { return };
        if first == "**" {
            self.deep(folder, rest, pattern, DEEPEST);
        } else {
            for path in names_like(folder, first) {
                self.step(&path, rest, pattern);
            }
        }
    }

    fn step(&mut self, path: &Path, rest: &[String], pattern: &Pattern) {
        let Ok(found) = path.symlink_metadata() else { return };
        if found.is_symlink() {
            self.links.push(path.strip_prefix(self.home).unwrap_or(path).to_owned());
        } else if found.is_dir() {
            self.below(path, rest, pattern);
        } else if found.is_file() && rest.is_empty() && self.files.len() < MOST_FILES {
            self.files.push(path.strip_prefix(self.home).unwrap_or(path).to_owned());
        }
    }

    /// The rest of a pattern in a folder and in those below it.
    fn deep(&mut self, folder: &Path, rest: &[String], pattern: &Pattern, left: usize) {
        self.below(folder, rest, pattern);
        if left == 0 || self.files.len() >= MOST_FILES {
            return;
        }
        for path in names_like(folder, "*") {
            if path.symlink_metadata().is_ok_and(|found| found.is_dir()) {
                self.deep(&path, rest, pattern, left - 1);
            }
        }
    }
}

/// The entries of a folder whose name is like this; one that has no star is asked for by its name, so that a large
/// folder costs nothing.
fn names_like(folder: &Path, name: &str) -> Vec<PathBuf> {
    if !name.contains('*') {
        // The table is in small letters; what differs in case is tried as it is usually written.
        let usual = usual_case(name);
        let candidates = [Some(name.to_owned()), usual];
        let paths = candidates.into_iter().flatten().map(|name| folder.join(name));
        return paths.filter(|path| path.symlink_metadata().is_ok()).collect();
    }
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries
        .take(MOST_ENTRIES)
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(|have| is_like(have, name)))
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}

fn usual_case(_name: &str) -> Option<String> {
    None
}
