//! The entries of a `.gitleaksignore`: places at which a finding is hidden. Reads no file.
//!
//! Entries are `file:rule:line`, and with a commit before them where gitleaks read a history. They are about places and
//! not about values, so that one may hide another secret that is put there later: our baselines are about values.

use std::collections::{BTreeMap, BTreeSet};

use super::super::DetectorError;

/// By what an exposure is allowed that an entry hides.
pub const IGNORED: &str = ".gitleaksignore";

/// The places that are hidden.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ignores {
    /// By path and line.
    places: BTreeMap<(String, u64), BTreeSet<Entry>>,
}

/// What is hidden at a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    rule: String,
    commit: Option<String>,
}

impl Ignores {
    /// Reads a file.
    ///
    /// # Errors
    /// The first line that is no entry, and what was expected.
    pub fn parse(name: &str, text: &str) -> Result<Self, DetectorError> {
        let mut places: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for (number, line) in text.lines().enumerate() {
            let entry = line.trim();
            if entry.is_empty() || entry.starts_with('#') {
                continue;
            }
            let (path, rule, line, commit) = entry_of(entry).ok_or_else(|| DetectorError {
                file: name.to_owned(),
                line: number + 1,
                column: 1,
                message: "this is no entry; expected file:rule:line or commit:file:rule:line".to_owned(),
            })?;
            places.entry((path, line)).or_default().insert(Entry { rule, commit });
        }
        Ok(Self { places })
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.places.values().map(BTreeSet::len).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// What hides a finding in the files of a tree: an entry for its file and line, whatever the names of the rules, which
    /// differ between the tools. The paths are what the file is called.
    pub fn allows(&self, paths: &[&str], line: u64) -> Option<String> {
        self.hides(paths, line, None)
    }

    /// What hides a finding in what a commit brings. An entry without a commit counts for each.
    pub fn allows_in_commit(&self, paths: &[&str], line: u64, commit: &str) -> Option<String> {
        self.hides(paths, line, Some(commit))
    }

    fn hides(&self, paths: &[&str], line: u64, commit: Option<&str>) -> Option<String> {
        if self.places.is_empty() {
            return None;
        }
        let is_about = |entry: &Entry| match (&entry.commit, commit) {
            (None, _) => true,
            (Some(known), Some(commit)) => commit == known,
            // What was found in a commit is not what lies there now.
            (Some(_), None) => false,
        };
        let entries = paths.iter().filter_map(|path| self.places.get(&(normal(path), line)));
        let rule = entries.flatten().find(|entry| is_about(entry)).map(|entry| &entry.rule)?;
        Some(format!("{IGNORED} ({rule})"))
    }
}

/// Path, rule, line and commit of an entry. A path may have colons in it, an inner path of an archive an `!`.
fn entry_of(entry: &str) -> Option<(String, String, u64, Option<String>)> {
    let (rest, line) = entry.rsplit_once(':')?;
    let (rest, rule) = rest.rsplit_once(':')?;
    let is_commit = |text: &str| matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let (commit, path) = match rest.split_once(':') {
        Some((commit, path)) if is_commit(commit) => (Some(commit.to_ascii_lowercase()), path),
        _ => (None, rest),
    };
    let line = line.parse().ok()?;
    (!path.is_empty() && !rule.is_empty()).then(|| (normal(path), rule.to_owned(), line, commit))
}

/// A path without what says nothing: `./` before it, and the other slash.
fn normal(path: &str) -> String {
    let path = path.replace('\\', "/");
    path.strip_prefix("./").map_or(path.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    fn ignores(text: &str) -> Ignores {
        Ignores::parse(".gitleaksignore", text).expect("it is right")
    }

    #[test]
    fn an_entry_hides_its_place() {
        let list = ignores("# why\n\nsrc/a.py:generic-api-key:3\n./b:c.txt:jwt:7 \n");
        assert_eq!(list.len(), 2);
        assert_eq!(list.allows(&["src/a.py"], 3).as_deref(), Some(".gitleaksignore (generic-api-key)"));
        assert_eq!(list.allows(&["a.py", "src/a.py"], 3).as_deref(), Some(".gitleaksignore (generic-api-key)"));
        assert!(list.allows(&["b:c.txt"], 7).is_some(), "a path with a colon");
        for (path, line) in [("src/a.py", 4), ("a.py", 3), ("src/a.py", 0)] {
            assert_eq!(list.allows(&[path], line), None, "{path}:{line}");
        }
    }

    #[test]
    fn an_entry_with_a_commit_is_about_that_commit() {
        let list = ignores(&format!("{COMMIT}:src/a.py:jwt:3"));
        assert_eq!(list.allows(&["src/a.py"], 3), None, "what lies there now is something else");
        assert!(list.allows_in_commit(&["src/a.py"], 3, COMMIT).is_some());
        assert_eq!(list.allows_in_commit(&["src/a.py"], 3, &COMMIT.replace('0', "f")), None);
        assert!(ignores("src/a.py:jwt:3").allows_in_commit(&["src/a.py"], 3, COMMIT).is_some());
    }

    #[test]
    fn what_is_no_entry_is_said() {
        for text in ["one", "a:b", "a:b:c", ":rule:1", "file::1", "file:rule:-1"] {
            let error = Ignores::parse("list", &format!("# first\n{text}")).expect_err(text);
            assert_eq!(
                error.to_string(),
                "list:2:1: this is no entry; expected file:rule:line or commit:file:rule:line"
            );
        }
    }
}
