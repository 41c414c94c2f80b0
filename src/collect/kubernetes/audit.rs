//! Reads an API server's audit log (JSON lines): when each service account was last seen, whether by a person's tool, and
//! which sorts of requests it made. It keeps names of resources and times, nothing of what was sent or answered.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::NAME;
use crate::model::{CoverageEntry, FactKind, Outcome, parse_timestamp};

/// A longer line is no event.
const LONGEST_LINE: u64 = 4 * 1024 * 1024;

/// How many sorts of requests are kept of one service account.
pub(super) const MOST_ASKED: usize = 2_000;

/// The answer to what is not allowed.
const FORBIDDEN: u16 = 403;

/// How service accounts are called in requests.
const ACCOUNT: &str = "system:serviceaccount:";

/// Tools that people work with, by the beginnings of their user agents.
const TOOLS: [&str; 6] = ["kubectl/", "k9s/", "Lens", "OpenLens", "Mozilla/", "oc/"];

/// What a cluster's audit logs say.
#[derive(Default)]
pub(super) struct Uses {
    /// The first event: before it nothing is known.
    pub(super) since: Option<Timestamp>,
    /// The last event.
    pub(super) until: Option<Timestamp>,
    /// By namespace and name.
    pub(super) accounts: BTreeMap<String, Seen>,
}

/// What was seen of one service account.
pub(super) struct Seen {
    pub(super) last: Timestamp,
    /// A tool of people, where one was used.
    pub(super) tool: Option<String>,
    /// What it was allowed, as `verb group resource namespace` with `-` for what is empty, or `verb /path`; at most
    /// [`MOST_ASKED`].
    pub(super) asked: BTreeSet<String>,
}

/// An event (`audit.k8s.io/v1`), as far as it matters.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    user: User,
    /// As whom it asked, where not as itself.
    impersonated_user: Option<Impersonated>,
    #[serde(default, rename = "requestURI")]
    request_uri: String,
    #[serde(default)]
    user_agent: String,
    #[serde(default)]
    request_received_timestamp: String,
    #[serde(default)]
    verb: String,
    object_ref: Option<ObjectRef>,
    #[serde(default)]
    response_status: Status,
}

/// What a request was about.
#[derive(Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[derive(Default)]
struct ObjectRef {
    resource: String,
    subresource: String,
    api_group: String,
    namespace: String,
}

#[derive(Default, Deserialize)]
struct Status {
    #[serde(default)]
    code: u16,
}

/// Somebody as whom a request was made.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Impersonated {
    username: String,
    groups: Vec<String>,
    uid: String,
    extra: BTreeMap<String, IgnoredAny>,
}

#[derive(Deserialize)]
struct User {
    #[serde(default)]
    username: String,
}

impl Uses {
    /// Adds the events of a log, and says how much of it was read.
    pub(super) fn read(&mut self, cluster: &str, path: &Path) -> CoverageEntry {
        let what = format!("audit log {}", path.display());
        let hole = |outcome, detail: String| {
            CoverageEntry::hole(NAME, cluster, &what, outcome, detail).blinds(&[FactKind::Usage])
        };
        let mut input = match File::open(path) {
            Ok(file) => BufReader::new(file),
            Err(error) => return hole(Outcome::Failed, format!("cannot be read: {error}")),
        };
        let (mut events, mut strays, mut first_stray, mut number) = (0_u64, 0_u64, 0_u64, 0_u64);
        let mut line = Vec::new();
        loop {
            line.clear();
            number += 1;
            match Read::take(&mut input, LONGEST_LINE).read_until(b'\n', &mut line) {
                Ok(0) => break,
                Ok(_) if line.trim_ascii().is_empty() => continue,
                Ok(_) => {}
                Err(error) => return hole(Outcome::Partial, format!("line {number}: cannot be read: {error}")),
            }
            if self.event(&line) {
                events += 1;
            } else {
                strays += 1;
                first_stray = if strays == 1 { number } else { first_stray };
            }
        }
        if strays > 0 {
            let detail = format!(
                "{strays} lines are no audit events, the first is line {first_stray}: expected JSON of audit.k8s.io/v1, one event a line"
            );
            return hole(if events > 0 { Outcome::Partial } else { Outcome::Failed }, detail).count(events);
        }
        CoverageEntry::complete(NAME, cluster, &what, events)
    }

    /// Whether a line is an event.
    fn event(&mut self, line: &[u8]) -> bool {
        let Ok(event) = serde_json::from_slice::<Event>(line) else { return false };
        let Ok(at) = parse_timestamp(&event.request_received_timestamp) else { return false };
        self.since = Some(self.since.map_or(at, |since| since.min(at)));
        self.until = self.until.max(Some(at));
        let account = event.user.username.strip_prefix(ACCOUNT).and_then(|name| name.split_once(':'));
        if let Some((namespace, name)) = account {
            let seen = self.accounts.entry(format!("{namespace}/{name}")).or_insert_with(|| Seen {
                last: at,
                tool: None,
                asked: BTreeSet::new(),
            });
            seen.ask(&event);
            seen.last = seen.last.max(at);
            let tool = TOOLS.iter().find(|tool| event.user_agent.starts_with(**tool));
            if let Some(tool) = tool {
                seen.tool = Some(tool.trim_end_matches('/').to_owned());
            }
        }
        true
    }
}

impl Seen {
    fn ask(&mut self, event: &Event) {
        if event.response_status.code == FORBIDDEN && event.impersonated_user.is_none() {
            return;
        }
        let asked = match (&event.impersonated_user, &event.object_ref) {
            // What is asked for then is the other's to be allowed.
            (Some(other), object) => other.needs(&event.verb, object.as_ref()),
            (None, Some(object)) => vec![object.asked(&event.verb)],
            (None, None) => {
                let path = event.request_uri.split('?').next().unwrap_or_default();
                vec![format!("{} {}", word(&event.verb), word(path))]
            }
        };
        let room = MOST_ASKED.saturating_sub(self.asked.len());
        self.asked.extend(asked.into_iter().filter(|_| !event.verb.is_empty()).take(room));
    }
}

impl ObjectRef {
    fn asked(&self, verb: &str) -> String {
        let whole = match self.subresource.as_str() {
            "" => self.resource.clone(),
            part => format!("{}/{part}", self.resource),
        };
        [verb, &self.api_group, &whole, &self.namespace].map(word).join(" ")
    }
}

impl Impersonated {
    /// What the one who asks must be allowed to be asked for as somebody else (Kubernetes documentation, "User
    /// impersonation", also for the constrained verbs). Groups that every user of the sort has are not asked for.
    fn needs(&self, verb: &str, object: Option<&ObjectRef>) -> Vec<String> {
        const OF_AUTHENTICATION: &str = "authentication.k8s.io";
        let account = self.username.strip_prefix(ACCOUNT).and_then(|name| name.split_once(':'));
        let (what, namespace, modes): (_, _, &[&str]) = match (account, self.username.starts_with("system:node:")) {
            (Some((namespace, _)), _) => ("serviceaccounts", namespace, &["serviceaccount"]),
            (None, true) => ("users", "", &["arbitrary-node", "associated-node", "user-info"]),
            (None, false) => ("users", "", &["user-info"]),
        };
        let of = |group: &str, resource: &str, namespace: &str, verb: &str| {
            [verb, group, resource, namespace].map(word).join(" ")
        };
        let mut needs = vec![of("", what, namespace, "impersonate")];
        let is_own = |group: &&String| !matches!(group.as_str(), "system:authenticated" | "system:nodes");
        if self.groups.iter().filter(is_own).any(|group| !group.starts_with("system:serviceaccounts")) {
            needs.push(of("", "groups", "", "impersonate"));
        }
        if !self.uid.is_empty() {
            needs.push(of(OF_AUTHENTICATION, "uids", "", "impersonate"));
        }
        needs.extend(
            self.extra.keys().map(|key| of(OF_AUTHENTICATION, &format!("userextras/{key}"), "", "impersonate")),
        );
        for mode in modes {
            let kind = if matches!(*mode, "serviceaccount" | "user-info") { what } else { "nodes" };
            needs.push(of(OF_AUTHENTICATION, kind, namespace, &format!("impersonate:{mode}")));
            needs.extend(object.map(|object| object.asked(&format!("impersonate-on:{mode}:{verb}"))));
        }
        needs
    }
}

/// A word of a line: without blanks, and `-` for nothing.
fn word(text: &str) -> String {
    if text.is_empty() { "-".to_owned() } else { super::one_line(text).replace(' ', "_") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_use_counts_and_lines_that_are_no_events_are_told() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("audit.log");
        let event = |user: &str, agent: &str, at: &str| {
            format!(
                r#"{{"kind":"Event","user":{{"username":"{user}"}},"userAgent":"{agent}","requestReceivedTimestamp":"{at}"}}"#
            )
        };
        let lines = [
            event("system:serviceaccount:ci:runner", "kubectl/v1.36", "2026-11-03T00:00:00Z"),
            event("system:serviceaccount:ci:runner", "argo/1", "2026-11-02T00:00:00Z"),
            event("jana", "kubectl/v1.36", "2026-11-01T00:00:00.123456Z"),
            "no event".to_owned(),
        ];
        std::fs::write(&path, lines.join("\n")).unwrap();
        let mut uses = Uses::default();
        let entry = uses.read("prod", &path);
        assert_eq!((entry.outcome, entry.count), (Outcome::Partial, 3));
        assert!(entry.detail.as_deref().unwrap().contains("the first is line 4"), "{entry:?}");
        let runner = &uses.accounts["ci/runner"];
        assert_eq!(
            (runner.last.to_string().as_str(), runner.tool.as_deref()),
            ("2026-11-03T00:00:00Z", Some("kubectl"))
        );
        assert_eq!(uses.since.unwrap().to_string(), "2026-11-01T00:00:00.123456Z");
        assert_eq!(uses.accounts.len(), 1);
    }
}
