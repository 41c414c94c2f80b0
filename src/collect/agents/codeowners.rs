//! Who answers for a path, as CODEOWNERS of GitHub and GitLab say. Judges nothing.
//!
//! Source: GitHub Docs, "About code owners": the last pattern that matches wins; patterns are those of .gitignore
//! without negation and character ranges.

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::model::Record;

/// The label under which an owner of a CODEOWNERS file is told; `rules/facts/owners.toml` knows it.
const LABEL: &str = "codeowners";
/// How many lines of one file count.
const MOST_LINES: usize = 10_000;

/// The owners of one repository.
pub(super) struct CodeOwners {
    /// The repository's folder below the root; empty for the root.
    folder: String,
    /// Which of several files of one repository counts: the first in this order.
    rank: usize,
    lines: Vec<(Gitignore, String)>,
}

/// Where GitHub and GitLab look, in order.
const PLACES: &[&str] = &[".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"];

/// Whether a path is that of such a file.
pub(super) fn is_one(path: &str) -> bool {
    path.rsplit('/').next() == Some("CODEOWNERS")
}

impl CodeOwners {
    pub(super) fn read(path: &str, text: &str) -> Self {
        let place = PLACES.iter().enumerate().find_map(|(rank, place)| {
            let folder = path.strip_suffix(place)?;
            let is_whole = folder.is_empty() || folder.ends_with('/');
            (is_whole && (*place != "CODEOWNERS" || !is_special(folder))).then(|| (rank, folder.trim_end_matches('/')))
        });
        let (rank, folder) = place.unwrap_or((PLACES.len(), path.strip_suffix("CODEOWNERS").unwrap_or("")));
        let mut default = String::new();
        let mut lines = Vec::new();
        for line in text.lines().take(MOST_LINES) {
            let line = line.split(" #").next().unwrap_or(line).trim();
            if line.starts_with('#') || line.is_empty() {
                continue;
            }
            // A section of GitLab names owners for the lines below it.
            if let Some((_, owners)) = line.strip_prefix(['[', '^']).and_then(|rest| rest.rsplit_once(']')) {
                owners.trim().clone_into(&mut default);
                continue;
            }
            let (pattern, owners) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            let owners = if owners.trim().is_empty() { default.as_str() } else { owners.trim() };
            let mut builder = GitignoreBuilder::new("");
            if builder.add_line(None, pattern).is_ok()
                && let Ok(matcher) = builder.build()
            {
                lines.push((matcher, owners.split_whitespace().collect::<Vec<_>>().join(" ")));
            }
        }
        Self { folder: folder.trim_end_matches('/').to_owned(), rank, lines }
    }

    /// The owners of a path below the repository.
    fn of(&self, path: &str) -> Option<&str> {
        let matches = |matcher: &Gitignore| matcher.matched_path_or_any_parents(path, false).is_ignore();
        let (_, owners) = self.lines.iter().rev().find(|(matcher, _)| matches(matcher))?;
        (!owners.is_empty()).then_some(owners)
    }
}

fn is_special(folder: &str) -> bool {
    [".github/", "docs/", ".gitlab/"].iter().any(|special| folder.ends_with(special))
}

/// The file that counts for each repository, innermost first.
pub(super) fn by_folder(mut all: Vec<CodeOwners>) -> Vec<CodeOwners> {
    all.sort_by(|a, b| (b.folder.len(), &a.folder, a.rank).cmp(&(a.folder.len(), &b.folder, b.rank)));
    all.dedup_by(|later, first| later.folder == first.folder);
    all
}

/// Writes the owners of a path on the identities that its file defines.
pub(super) fn label(owners: &[CodeOwners], path: &str, records: &mut [Record]) {
    let inside = |folder: &str| match folder {
        "" => Some(path),
        folder => path.strip_prefix(folder)?.strip_prefix('/'),
    };
    // The innermost repository decides, also where it names nobody.
    let Some(name) = owners.iter().find_map(|one| inside(&one.folder).map(|below| one.of(below))).flatten() else {
        return;
    };
    for record in records {
        if let Record::Identity(identity) = record {
            identity.labels.entry(LABEL.to_owned()).or_insert_with(|| name.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_that_matches_wins() {
        let text = "# all\n* @acme/all\n/.github/ @acme/platform jana@acme.example # ours\nnobody.md\n[Docs] @acme/docs\ndocs/\n";
        let owners = CodeOwners::read("repo/.github/CODEOWNERS", text);
        assert_eq!((owners.folder.as_str(), owners.rank), ("repo", 0));
        assert_eq!(owners.of(".mcp.json"), Some("@acme/all"));
        assert_eq!(owners.of(".github/workflows/a.yml"), Some("@acme/platform jana@acme.example"));
        assert_eq!((owners.of("nobody.md"), owners.of("docs/a.md")), (None, Some("@acme/docs")));
    }
}
