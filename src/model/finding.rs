//! What a rule concluded about one subject.

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
    }
}

/// A rule that holds for a subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule's id, which is its file name.
    pub rule: String,
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
    pub title: String,
    /// What is wrong with this subject.
    pub message: String,
    /// What to do.
    pub remedy: String,
    /// The steps that prove it, in reading order; empty where the message says all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<String>,
    /// Control ids it maps to, `OWASP-NHI2:2025`.
    pub maps: Vec<String>,
    /// Where it was seen, the primary place first.
    pub evidence: Vec<Evidence>,
    /// Stable over scans: rule and subject, no time and no line.
    pub fingerprint: Fingerprint,
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
