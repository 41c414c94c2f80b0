//! The secret detection report of GitLab (security report schemas, 15.0.4: `gl-secret-detection-report.json`). Carries no
//! extract of the source: it would hold the secret.

use std::io::{self, Write};

use serde::Serialize;

use super::escape::{flow, flow_short};
use super::gaps::gaps;
use super::json::{Rows, pretty};
use super::notes::{exposure, headline, message};
use super::{Report, Scan, Style, Summary};
use crate::model::{Finding, Location, Severity};

/// The version of the schema that is written.
const SCHEMA: &str = "15.0.4";

/// What GitLab takes for "no commit is known".
const NO_COMMIT: &str = "0000000";

/// Longer names, descriptions and solutions are refused, in characters.
const LONGEST: (usize, usize, usize) = (255 - 40, 100_000, 7_000 - 40);

/// `--format gitlab`.
pub(super) struct GitLab;

#[derive(Serialize)]
struct Document<R> {
    version: &'static str,
    scan: About,
    vulnerabilities: R,
}

#[derive(Serialize)]
struct About {
    #[serde(rename = "type")]
    kind: &'static str,
    status: &'static str,
    start_time: String,
    end_time: String,
    analyzer: Tool,
    scanner: Tool,
    messages: Vec<Message>,
}

#[derive(Clone, Serialize)]
struct Tool {
    id: &'static str,
    name: &'static str,
    version: String,
    vendor: Vendor,
}

#[derive(Clone, Serialize)]
struct Vendor {
    name: &'static str,
}

#[derive(Serialize)]
struct Message {
    level: &'static str,
    value: String,
}

#[derive(Serialize)]
struct Vulnerability {
    id: String,
    name: String,
    description: String,
    severity: &'static str,
    solution: String,
    identifiers: Vec<Identifier>,
    location: Place,
}

#[derive(Serialize)]
struct Identifier {
    #[serde(rename = "type")]
    kind: &'static str,
    name: String,
    value: String,
}

#[derive(Serialize)]
struct Place {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_line: Option<u64>,
    commit: CommitOf,
}

#[derive(Serialize)]
struct CommitOf {
    sha: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
}

impl Report for GitLab {
    fn name(&self) -> &'static str {
        "gitlab"
    }

    fn suffixes(&self) -> &'static [&'static str] {
        &[".gitlab.json", "gl-secret-detection-report.json"]
    }

    fn write(&self, scan: &Scan<'_>, _style: Style, out: &mut dyn Write) -> io::Result<()> {
        let tool = Tool {
            id: "nonhuman",
            name: "nonhuman",
            version: scan.version.to_owned(),
            vendor: Vendor { name: "nonhuman" },
        };
        let time = scan.now.strftime("%Y-%m-%dT%H:%M:%S").to_string();
        let document = Document {
            version: SCHEMA,
            scan: About {
                kind: "secret_detection",
                status: if scan.is_incomplete() { "failure" } else { "success" },
                start_time: time.clone(),
                end_time: time,
                analyzer: tool.clone(),
                scanner: tool,
                messages: messages(scan),
            },
            vulnerabilities: Rows(|| scan.findings.iter().map(|finding| vulnerability(scan, finding))),
        };
        pretty(&document, out)
    }
}

fn messages(scan: &Scan<'_>) -> Vec<Message> {
    let mut messages = vec![Message { level: "info", value: headline(scan, &Summary::of(scan)) }];
    messages.extend(gaps(scan).into_iter().map(|gap| Message {
        level: if gap.is_hole { "warn" } else { "info" },
        value: flow(&format!("{}: {}", gap.name, gap.text)),
    }));
    messages
}

fn vulnerability(scan: &Scan<'_>, finding: &Finding) -> Vulnerability {
    // GitLab reads prose as Markdown, in which a stranger's tag could place a link.
    let prose = |text: &str, longest| flow_short(text, longest).replace("](", "] (");
    let detector = exposure(scan, finding).map(|exposure| Identifier {
        kind: "nonhuman_detector",
        name: format!("nonhuman detector {}", exposure.detector),
        value: exposure.detector.clone(),
    });
    let rule = Identifier {
        kind: "nonhuman_rule",
        name: format!("nonhuman rule {}", finding.rule),
        value: finding.rule.to_string(),
    };
    Vulnerability {
        id: uuid(finding.fingerprint.as_str()),
        name: prose(&finding.title, LONGEST.0),
        description: prose(&message(scan, finding), LONGEST.1),
        severity: severity(finding.severity),
        solution: prose(&finding.remedy, LONGEST.2),
        identifiers: detector.into_iter().chain([rule]).collect(),
        location: location(scan, finding),
    }
}

/// The fingerprint in the form of a UUID.
fn uuid(fingerprint: &str) -> String {
    let part = |range| fingerprint.get(range).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0..8), part(8..12), part(12..16), part(16..20), part(20..32))
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "Critical",
        Severity::High => "High",
        Severity::Medium => "Medium",
        Severity::Low => "Low",
        Severity::Info => "Info",
    }
}

/// The file of the first evidence that has one; GitLab looks it up in the commit, so an old one is named with it.
fn location(scan: &Scan<'_>, finding: &Finding) -> Place {
    let introduced = exposure(scan, finding).and_then(|exposure| exposure.introduced.as_ref());
    // A line of today with an old commit would be of neither.
    let lies_at = introduced.and_then(|commit| commit.lies_at.as_ref());
    let mut places = finding.evidence.iter().map(|evidence| &evidence.location);
    let place = lies_at.or_else(|| places.find(|place| place.file().is_some()));
    let (start_line, end_line) = match place {
        Some(Location::File { line, end_line, .. }) => (Some(*line), Some(*end_line)),
        _ => (None, None),
    };
    let file = place.and_then(Location::file).map(|path| flow(path.strip_prefix("./").unwrap_or(&path)));
    let commit = CommitOf {
        sha: introduced.filter(|_| lies_at.is_none()).map_or_else(|| NO_COMMIT.to_owned(), |commit| commit.id.clone()),
        author: introduced.map(|commit| flow(&commit.author)),
        date: introduced.map(|commit| commit.date.to_string()),
    };
    Place { file, start_line, end_line, commit }
}
