//! What a rule concluded about one subject.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Evidence, Fingerprint, Urn, names};

names! {
    /// How bad it is.
    Severity {
        /// Good to know.
        Info = "info",
        /// Tidy up when there is time.
        Low = "low",
        /// Plan it.
        Medium = "medium",
        /// Do it this week.
        High = "high",
        /// Do it now.
        Critical = "critical",
    }
}

names! {
    /// How sure it is.
    Confidence {
        /// A guess worth a look.
        Low = "low",
        /// Likely.
        Medium = "medium",
        /// Very likely.
        High = "high",
        /// Read off a fact.
        Certain = "certain",
    }
}

names! {
    /// What a rule looks at, one at a time.
    SubjectKind {
        /// Every identity.
        Identity = "identity",
        /// Every credential.
        Credential = "credential",
        /// Every grant.
        Grant = "grant",
        /// Every exposure.
        Exposure = "exposure",
        /// Every workload.
        Workload = "workload",
        /// Every setting.
        Setting = "setting",
    }
}

/// A rule that holds for a subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule's id, which is its file name.
    pub rule: Arc<str>,
    /// What the rule looked at.
    pub subject: Urn,
    /// What sort of thing `subject` is.
    pub subject_kind: SubjectKind,
    /// The identity that the finding is about, where there is one; reports group by it.
    pub identity: Option<Urn>,
    /// How bad it is.
    pub severity: Severity,
    /// How sure it is.
    pub confidence: Confidence,
    /// The rule's title with its parameters filled in.
    pub title: Arc<str>,
    /// What is wrong with this subject.
    pub message: String,
    /// What to do.
    pub remedy: String,
    /// The steps that prove it, in reading order; empty where the message says all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<String>,
    /// Control ids it maps to, `OWASP-NHI2:2025`.
    pub maps: Arc<[String]>,
    /// Where it was seen, the primary place first.
    pub evidence: Vec<Evidence>,
    /// Stable over scans: rule and subject, no time and no line.
    pub fingerprint: Fingerprint,
    /// What the caller's baseline says of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Box<BaselineNote>>,
    /// What earlier scans say of it, where they are remembered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<HistoryNote>,
}

impl Finding {
    /// Whether the caller's baseline accepts it.
    pub fn is_accepted(&self) -> bool {
        let mutes = |note: &BaselineNote| matches!(note.state, BaselineState::Accepted | BaselineState::FalsePositive);
        self.baseline.as_deref().is_some_and(mutes)
    }
}

names! {
    /// How a finding stands to the caller's baseline.
    BaselineState {
        /// It is accepted.
        Accepted = "accepted",
        /// Somebody decided that the rule is wrong here.
        FalsePositive = "false-positive",
        /// Somebody is to mend it; it is raised.
        Assigned = "assigned",
        /// It was accepted up to a day that is over.
        Expired = "expired",
        /// The same value is accepted in another file.
        Elsewhere = "elsewhere",
    }
}

/// What a baseline says of a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaselineNote {
    /// How the finding stands to it.
    pub state: BaselineState,
    /// The file for which the value is accepted, as the baseline writes it; empty where the finding itself was decided of.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// Why; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Who answers for that; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub owner: String,
    /// Who decided; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
    /// The last day on which it is accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Date>,
}

impl std::fmt::Display for BaselineNote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let expires = self.expires.map(|day| day.to_string()).unwrap_or_default();
        match self.state {
            BaselineState::Accepted | BaselineState::FalsePositive => {
                let is_wrong = self.state == BaselineState::FalsePositive;
                f.write_str(if is_wrong { "a false positive says the baseline" } else { "accepted in the baseline" })?;
                let until = if expires.is_empty() { String::new() } else { format!("until {expires}") };
                let by = if self.by.is_empty() { String::new() } else { format!("decided by {}", self.by) };
                let told = [&self.reason, &self.owner, &by, &until];
                let told: Vec<_> = told.into_iter().filter(|text| !text.is_empty()).map(String::as_str).collect();
                if told.is_empty() { Ok(()) } else { write!(f, ": {}", told.join(", ")) }
            }
            BaselineState::Assigned => write!(f, "assigned to {}", self.owner),
            BaselineState::Expired => write!(f, "its acceptance in the baseline ended on {expires}"),
            BaselineState::Elsewhere => {
                write!(f, "the baseline accepts the same value in {}, not here; was the file moved?", self.path)
            }
        }
    }
}

names! {
    /// How a finding stands to earlier scans.
    HistoryState {
        /// No scan saw it before.
        New = "new",
        /// It was resolved or accepted and is back.
        Reopened = "reopened",
        /// An earlier scan saw it, too.
        Known = "known",
    }
}

/// What earlier scans say of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryNote {
    /// How it stands to them.
    pub state: HistoryState,
    /// The first scan that saw it.
    pub first_seen: Timestamp,
}

impl HistoryNote {
    /// Whether the last scan before did not see it.
    pub fn is_raised(&self) -> bool {
        self.state != HistoryState::Known
    }
}

impl std::fmt::Display for HistoryNote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let day = super::short_date(self.first_seen);
        match self.state {
            HistoryState::New => f.write_str("new since the last scan"),
            HistoryState::Reopened => write!(f, "it is back; first seen on {day}"),
            HistoryState::Known => write!(f, "known since {day}"),
        }
    }
}

/// A rule that could not be judged, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NotEvaluated {
    /// The rule's id.
    pub rule: String,
    /// The account, cluster or tree whose subjects it was not judged for.
    pub target: String,
    /// Why.
    pub reason: String,
    /// For how many subjects.
    pub subjects: u64,
}

/// What a report needs to know of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleInfo {
    /// The rule's id.
    pub id: String,
    /// A digest of what it asks and of its parameters: under one id a milder rule may stand another time.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub digest: String,
    /// Its title with its parameters filled in.
    pub title: String,
    /// Its severity; `None` where each finding takes that of its detector.
    pub severity: Option<Severity>,
    /// What goes wrong, in two or three sentences.
    pub why: String,
    /// What to do, in general.
    pub remedy: String,
    /// Control ids it maps to.
    pub maps: Vec<String>,
}

/// Findings that are there and not shown, by fingerprint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hidden {
    /// The caller's baseline accepts them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub accepted: BTreeSet<Fingerprint>,
    /// An earlier scan of the history saw them, too.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub known: BTreeSet<Fingerprint>,
}

impl Hidden {
    /// Whether this finding is there and not shown.
    pub fn contains(&self, finding: &Fingerprint) -> bool {
        self.accepted.contains(finding) || self.known.contains(finding)
    }
}
