//! A place where a credential's value lies in the open.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Confidence, Evidence, Fingerprint, Location, Severity, Urn, days_between, short_date};

/// A hardcoded secret, without its value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Exposure {
    /// Its stable name: `exposure:<family of the detector>/<fingerprint>/<path>`. It does not contain the line, so it survives edits above it.
    pub id: Urn,
    /// The detector that found it.
    pub detector: String,
    /// What it is, in words: the detector's title.
    pub title: String,
    /// How bad it is when nothing else is known of it.
    pub severity: Severity,
    /// How sure the detector is.
    pub confidence: Confidence,
    /// The keyed fingerprint of the value.
    pub fingerprint: Fingerprint,
    /// A masked preview of the value.
    pub preview: String,
    /// It is a public id alone, such as a key id without its secret.
    #[serde(default)]
    pub public: bool,
    /// What the text proves about the credential, read without using it.
    pub proof: Proof,
    /// Marked in place as allowed, and by which comment; it is counted, not judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_by: Option<String>,
    /// The rules that are not judged for it, where it is allowed for some alone; empty: for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_for: Vec<String>,
    /// How the value was written where it was found, from the outside in: `base64`, `gzip` …; empty when it stood there
    /// plainly.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub encoding: Vec<String>,
    /// The commit that brought it, when it was read from a git history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub introduced: Option<Commit>,
    /// What the detector's author says to do.
    pub remedy: String,
    /// Where it was seen; always a file location.
    pub evidence: Evidence,
}

/// Who brought a secret into a repository, and when.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Commit {
    /// The full id of the first commit, in the order of history, that holds the secret.
    pub id: String,
    /// The author's name, as the commit says.
    pub author: String,
    /// The author's address, as the commit says.
    pub email: String,
    /// When it was authored.
    pub date: Timestamp,
    /// Whether the same value still lies in the same file of HEAD.
    pub in_head: bool,
    /// Whether the value stands in the message of the commit or tag, and in no file.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_message: bool,
    /// Where it lies in HEAD, where that is another place of the file than the commit brought it to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lies_at: Option<Location>,
}

impl Exposure {
    /// How long it has lain where it lies, and who brought it, where its history was read.
    pub fn lies_since(&self, now: Timestamp) -> Option<String> {
        let commit = self.introduced.as_ref()?;
        let id = commit.id.get(..12).unwrap_or(&commit.id);
        let still = match commit {
            Commit { in_message: true, .. } => "in its message, and in every clone",
            Commit { in_head: true, .. } => "still there",
            _ => "no longer in HEAD, but in every clone",
        };
        let days = days_between(commit.date, now);
        let (date, author) = (short_date(commit.date), &commit.email);
        Some(format!("since {date} ({days} days), commit {id} by {author}; {still}"))
    }

    /// Whether a comment in place allows it for a rule.
    pub fn is_allowed_for(&self, rule: &str) -> bool {
        self.allowed_by.is_some() && (self.allowed_for.is_empty() || self.allowed_for.iter().any(|name| name == rule))
    }
}

/// Public facts read out of a secret's own text.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Proof {
    /// The kind of credential, such as `aws.access-key` or `github.token`.
    pub kind: String,
    /// The public id by which the provider knows it, such as `AKIA…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// The account, project or tenant in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Further public facts by name: `issuer`, `subject`, `expires`, `host`, `user` …
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, String>,
}
