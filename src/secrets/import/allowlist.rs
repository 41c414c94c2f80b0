//! Allowlists as gitleaks writes them: what is not reported although a rule matches. Reads no file.
//!
//! Source: the section on configuration of <https://github.com/gitleaks/gitleaks>.

use aho_corasick::AhoCorasick;

use super::sight::Sight;
use super::syntax::Expressions;

/// Which text the expressions of an allowlist are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Secret,
    Match,
    Line,
}

/// What is not reported.
#[derive(Debug)]
pub(super) struct Allowlist {
    /// Whether all of its conditions must hold; otherwise one is enough.
    pub(super) needs_all: bool,
    pub(super) commits: Vec<String>,
    pub(super) paths: Option<Expressions>,
    pub(super) regexes: Option<Expressions>,
    pub(super) target: Target,
    pub(super) stopwords: Option<AhoCorasick>,
}

impl Allowlist {
    /// Whether it holds for a match, as far as can be told without its commit.
    pub(super) fn holds(&self, sight: &Sight<'_>) -> bool {
        let path = self.paths.as_ref().map(|paths| sight.paths.iter().any(|path| paths.is_match(path.as_bytes())));
        let regex = |regexes: &Expressions| {
            regexes.is_match(match self.target {
                Target::Secret => sight.secret,
                Target::Match => sight.matched(),
                Target::Line => sight.line(),
            })
        };
        let conditions = || {
            [path, self.stopwords.as_ref().map(|words| words.is_match(sight.secret)), self.regexes.as_ref().map(regex)]
                .into_iter()
                .flatten()
        };
        if self.needs_all {
            self.commits.is_empty() && conditions().next().is_some() && conditions().all(|holds| holds)
        } else {
            conditions().any(|holds| holds)
        }
    }

    /// Whether it allows all that a commit brings.
    pub(super) fn allows_commit(&self, commit: &str) -> bool {
        let is_alone = self.paths.is_none() && self.regexes.is_none() && self.stopwords.is_none();
        // Gitleaks compares whole ids; a short one that somebody wrote can only mean that commit.
        let names = |known: &String| known.len() >= 7 && commit.starts_with(&known.to_ascii_lowercase());
        (!self.needs_all || is_alone) && self.commits.iter().any(names)
    }
}
