//! Finds the files that clients keep in a home directory, at known places alone. Reads no other folder and no content, and
//! follows no link out of the home directory.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::moved;
use super::place::DEEPEST;
use super::table::Tables;
use crate::model::wildcard::matches;

/// How many entries of one folder are looked at where a name is not known in full.
const MOST_ENTRIES: usize = 2_000;
/// How many files are read.
const MOST_FILES: usize = 5_000;

/// What was found at the known places, by paths below the home directory.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// Files, links to files within the home directory among them.
    pub files: Vec<PathBuf>,
    /// Links that lead out of the home directory, which are not followed.
    pub links: Vec<PathBuf>,
    /// What could not be looked at, and why.
    pub refused: Vec<(PathBuf, String)>,
    /// Profiles with a variable that puts a folder where it cannot be followed, and why.
    pub lost: Vec<(PathBuf, String)>,
    /// Of files that a variable put elsewhere, how they are called where they usually lie.
    pub moved: BTreeMap<PathBuf, String>,
}

/// Looks at the places of the table below a home directory.
pub fn known_places(home: &Path, tables: &Tables) -> Places {
    let true_home = home.canonicalize().unwrap_or_else(|_| home.to_owned());
    let moved = moved::moved(home, &true_home, tables.variables());
    let mut search = Search { home, true_home, found: Places::default() };
    for pattern in tables.home_patterns() {
        search.below(home, pattern.written());
    }
    for (from, to) in &moved.folders {
        search.elsewhere(tables, from, to);
    }
    let mut found = search.found;
    found.lost = moved.lost;
    found.files.sort();
    found.files.dedup();
    found.links.sort();
    found.links.dedup();
    found.refused.sort();
    found.refused.dedup();
    found
}

struct Search<'a> {
    home: &'a Path,
    true_home: PathBuf,
    found: Places,
}

impl Search<'_> {
    /// The places of a folder, in another one that stands in its place.
    fn elsewhere(&mut self, tables: &Tables, from: &str, to: &Path) {
        let usual: Vec<&str> = from.split('/').collect();
        let before = self.found.files.len();
        for pattern in tables.home_patterns() {
            let is_below = pattern.written().iter().map(String::as_str).zip(&usual).all(|(part, name)| part == *name);
            if is_below && pattern.written().len() > usual.len() {
                self.below(&self.home.join(to), &pattern.written()[usual.len()..]);
            }
        }
        let names = self.found.files.iter().skip(before).filter_map(|path| {
            let below = path.strip_prefix(to).ok()?.to_str()?;
            Some((path.clone(), format!("{from}/{below}")))
        });
        let names: Vec<(PathBuf, String)> = names.collect();
        self.found.moved.extend(names);
    }

    fn below(&mut self, folder: &Path, parts: &[String]) {
        let Some((first, rest)) = parts.split_first() else { return };
        if first == "**" {
            self.deep(folder, rest, DEEPEST);
        } else if first.contains('*') {
            for path in self.names_like(folder, first) {
                self.step(&path, rest);
            }
        } else {
            self.step(&folder.join(first), rest);
        }
    }

    fn step(&mut self, path: &Path, rest: &[String]) {
        let below = path.strip_prefix(self.home).unwrap_or(path).to_owned();
        match path.symlink_metadata() {
            Err(error) => self.refused(path, &error),
            // Settings are often links into a folder of dotfiles of the same home.
            Ok(found) if found.is_symlink() => match path.canonicalize() {
                Ok(place) if place.starts_with(&self.true_home) => match place.metadata() {
                    Ok(found) => self.met(path, &found, rest, below),
                    Err(error) => self.refused(path, &error),
                },
                Ok(_) => self.found.links.push(below),
                Err(error) => self.refused(path, &error),
            },
            Ok(found) => self.met(path, &found, rest, below),
        }
    }

    fn met(&mut self, path: &Path, found: &std::fs::Metadata, rest: &[String], below: PathBuf) {
        if found.is_dir() && !rest.is_empty() {
            self.below(path, rest);
        } else if found.is_file() && rest.is_empty() {
            if self.found.files.len() < MOST_FILES {
                self.found.files.push(below);
            } else {
                let why = format!("more than {MOST_FILES} files at known places; this one was not read");
                self.found.refused.push((below, why));
            }
        } else if rest.is_empty() {
            self.found.refused.push((below, "it is no file, so it was not read".to_owned()));
        }
    }

    /// That nothing is there is the usual case.
    fn refused(&mut self, path: &Path, error: &std::io::Error) {
        if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) {
            let below = path.strip_prefix(self.home).unwrap_or(path).to_owned();
            self.found.refused.push((below, error.to_string()));
        }
    }

    /// The rest of a pattern in a folder and in those below it.
    fn deep(&mut self, folder: &Path, rest: &[String], left: usize) {
        self.below(folder, rest);
        // What is met beyond the limit is told, and no more is looked for.
        if left == 0 || self.found.files.len() + self.found.refused.len() > MOST_FILES + MOST_ENTRIES {
            return;
        }
        for path in self.names_like(folder, "*") {
            if path.symlink_metadata().is_ok_and(|found| found.is_dir()) {
                self.deep(&path, rest, left - 1);
            }
        }
    }

    /// The entries of a folder whose name is like this.
    fn names_like(&mut self, folder: &Path, name: &str) -> Vec<PathBuf> {
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                self.refused(folder, &error);
                return Vec::new();
            }
        };
        let name = name.to_lowercase();
        let is_like = |entry: &std::fs::DirEntry| {
            entry.file_name().to_str().is_some_and(|have| matches(&name, &have.to_lowercase()))
        };
        let mut entries = entries.flatten();
        let looked_at: Vec<std::fs::DirEntry> = entries.by_ref().take(MOST_ENTRIES).collect();
        if entries.next().is_some() {
            let below = folder.strip_prefix(self.home).unwrap_or(folder).to_owned();
            self.found
                .refused
                .push((below, format!("more than {MOST_ENTRIES} entries; the others were not looked at")));
        }
        let mut found: Vec<PathBuf> =
            looked_at.iter().filter(|entry| is_like(entry)).map(|entry| entry.path()).collect();
        found.sort();
        found
    }
}
