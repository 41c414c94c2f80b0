//! What keeps a match of an imported rule from being reported. Finds nothing itself.

use super::super::verify::entropy;
use super::allowlist::Allowlist;
use super::expression::Program;
use super::sight::Sight;
use crate::model::Confidence;

/// One reason not to report a match.
#[derive(Debug)]
pub(in crate::secrets) enum Filter {
    /// Its value has at most so much entropy, in bits a character.
    Entropy(f64),
    /// Its value has no digit: gitleaks asks that of every rule whose id begins with `generic`.
    NoDigit,
    Allowlist(Allowlist),
    Program(Program),
}

impl Filter {
    /// Whether it keeps a match from being reported, and how sure the match is where the filter says so.
    pub(super) fn judge(&self, sight: &Sight<'_>) -> (bool, Option<Confidence>) {
        match self {
            Self::Entropy(most) => (entropy(sight.secret) <= *most, None),
            Self::NoDigit => (!sight.secret.iter().any(u8::is_ascii_digit), None),
            Self::Allowlist(list) => (list.holds(sight), None),
            Self::Program(program) => {
                let verdict = program.judge(sight);
                (verdict.discards, verdict.confidence)
            }
        }
    }

    /// Whether it allows all that a commit brings.
    pub(super) fn allows_commit(&self, commit: &str) -> bool {
        matches!(self, Self::Allowlist(list) if list.allows_commit(commit))
    }
}
