//! What somebody decided of one finding: to accept it, that it is wrong, or who is to mend it. Stands in the baseline, so
//! that there is one file that mutes. Opens nothing.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::baseline::day;
use crate::model::{BaselineNote, BaselineState, Finding, Fingerprint, Location, TreeNames, names};

names! {
    /// What was decided.
    Verb {
        /// The risk is taken until some day.
        Accepted = "accepted",
        /// The rule is wrong here.
        FalsePositive = "false-positive",
        /// Somebody is to mend it; it is raised all the same.
        Assigned = "assigned",
    }
}

/// A decision about one finding, wherever it lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// The fingerprint of the finding, the same in every scan.
    pub finding: Fingerprint,
    /// What was decided.
    pub decision: Verb,
    /// The rule; for the reader, since the fingerprint alone decides.
    #[serde(default)]
    pub rule: String,
    /// What the rule looked at; for the reader.
    #[serde(default)]
    pub subject: String,
    /// The trees that it lies in, by their names: in another one, of the same folder name, nothing was decided. Empty for
    /// what lies in none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trees: Vec<String>,
    /// Why.
    #[serde(default)]
    pub reason: String,
    /// Who is to mend it, or answers for the risk; may be empty.
    #[serde(default)]
    pub owner: String,
    /// Who decided.
    #[serde(default)]
    pub by: String,
    /// The last day on which it holds; empty for no end.
    #[serde(default, with = "day")]
    pub expires: Option<Date>,
}

impl Decision {
    /// Whether it was decided of this finding, and not of one in another tree with the same folder name.
    pub fn is_about(&self, finding: &Finding, names: &TreeNames) -> bool {
        let mut roots = finding.evidence.iter().filter_map(|one| match &one.location {
            Location::File { root, .. } if root.is_empty() => Some("."),
            Location::File { root, .. } => Some(&**root),
            _ => None,
        });
        // Older lines hold the path that a tree was given by.
        let is_it = |root: &str| self.trees.iter().any(|tree| names.is_of(tree, root));
        self.trees.is_empty() || roots.any(is_it)
    }

    /// Reads a line of a baseline; `None` where it is no decision.
    pub(super) fn parse(line: &str) -> Option<Result<Self, String>> {
        #[derive(Deserialize)]
        struct Peek {
            finding: Option<serde::de::IgnoredAny>,
        }
        serde_json::from_str::<Peek>(line).ok()?.finding?;
        Some(serde_json::from_str::<Self>(line).map_err(|error| told(&error)).and_then(Self::checked))
    }

    /// Whether it is usable.
    ///
    /// # Errors
    /// Says what is missing: what mutes a finding must say why and by whom.
    pub fn checked(self) -> Result<Self, String> {
        let hash = self.finding.as_str();
        if hash.len() != 32 || !hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err("'finding' is no fingerprint (expected 32 hexadecimal digits)".to_owned());
        }
        match self.decision {
            Verb::Accepted | Verb::FalsePositive if self.reason.trim().is_empty() || self.by.trim().is_empty() => {
                Err(format!("'{}' needs a 'reason' and 'by', who decided it", self.decision))
            }
            Verb::Assigned if self.owner.trim().is_empty() => Err("'assigned' needs an 'owner'".to_owned()),
            _ => Ok(self),
        }
    }

    /// What the report says of the finding.
    pub(super) fn note(&self, today: Date) -> BaselineNote {
        let state = match self.decision {
            _ if self.expires.is_some_and(|day| day < today) => BaselineState::Expired,
            Verb::Accepted => BaselineState::Accepted,
            Verb::FalsePositive => BaselineState::FalsePositive,
            Verb::Assigned => BaselineState::Assigned,
        };
        BaselineNote {
            state,
            path: String::new(),
            reason: self.reason.clone(),
            owner: self.owner.clone(),
            by: self.by.clone(),
            expires: self.expires,
        }
    }
}

fn told(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let reason = text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _)| reason);
    format!(
        "column {}: {reason} (expected finding, decision, rule, subject, reason, owner, by, expires)",
        error.column()
    )
}
