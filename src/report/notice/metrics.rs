//! Numbers of a scan for the textfile collector of Prometheus' node exporter. Source of the form: Prometheus, "Exposition
//! formats", text-based.

use std::collections::BTreeMap;
use std::io::{self, Write};

use jiff::Timestamp;

use super::Notice;
use crate::model::Finding;

/// The name of the time of the last complete scan.
const LAST_COMPLETE: &str = "nonhuman_last_complete_scan_timestamp_seconds";

/// The labels of a sample, and its value.
type Samples = BTreeMap<Vec<(&'static str, String)>, f64>;

impl Notice<'_> {
    /// Writes the numbers.
    ///
    /// # Errors
    /// Only those of `out`.
    pub fn metrics(&self, out: &mut dyn Write) -> io::Result<()> {
        let scan = self.scan;
        let (mut open, mut raised, mut identities, mut coverage) = <(Samples, Samples, Samples, Samples)>::default();
        for finding in scan.findings.iter().filter(|finding| !finding.is_accepted()) {
            let (severity, rule) = (finding.severity.to_string(), finding.rule.clone());
            let labels = vec![("severity", severity), ("rule", rule.to_string()), ("provider", self.provider(finding))];
            *open.entry(labels).or_default() += 1.0;
        }
        for finding in self.raised().filter(|_| self.drift.is_some()) {
            *raised.entry(vec![("severity", finding.severity.to_string())]).or_default() += 1.0;
        }
        for identity in &scan.inventory.identities {
            *identities.entry(vec![("provider", identity.provider().to_string())]).or_default() += 1.0;
        }
        for entry in scan.inventory.coverage.entries() {
            let labels = vec![("collector", entry.collector.clone()), ("outcome", entry.outcome.to_string())];
            *coverage.entry(labels).or_default() += 1.0;
        }
        #[allow(clippy::cast_precision_loss, reason = "Prometheus counts in floating point")]
        let single = |value: i64| Samples::from([(Vec::new(), value as f64)]);
        let holes = i64::try_from(scan.inventory.coverage.holes().count()).unwrap_or(i64::MAX);
        // Where none is known there was none: an alert on its age must ring.
        let last = self.last_complete.map_or(0, Timestamp::as_second);
        let (complete, age) = (single(last), single(scan.now.as_second() - last));
        #[allow(clippy::cast_precision_loss, reason = "milliseconds of a scan are few")]
        let seconds = Samples::from([(Vec::new(), self.milliseconds as f64 / 1000.0)]);
        let info = Samples::from([(vec![("version", scan.version.to_owned())], 1.0)]);
        for (name, help, samples) in [
            ("nonhuman_findings", "Open findings that nobody accepted.", open),
            ("nonhuman_findings_raised", "Findings that are new or back since the last scan.", raised),
            ("nonhuman_identities", "Identities in the inventory.", identities),
            ("nonhuman_coverage_entries", "Things that were looked at, by how that ended.", coverage),
            ("nonhuman_coverage_holes", "Things that were asked for and not read.", single(holes)),
            ("nonhuman_rules_not_evaluated", "Rules that gave no answer for some target.", single(self.unjudged())),
            (
                "nonhuman_scan_complete",
                "1 when all was read that was asked for.",
                single((!scan.is_incomplete()).into()),
            ),
            ("nonhuman_scan_timestamp_seconds", "The scan's point in time.", single(scan.now.as_second())),
            ("nonhuman_scan_duration_seconds", "How long the scan took.", seconds),
            (LAST_COMPLETE, "The last scan that read all it was asked for.", complete),
            ("nonhuman_last_complete_scan_age_seconds", "Its age at the time of this scan.", age),
            ("nonhuman_info", "The program's version.", info),
        ] {
            family(out, name, help, &samples)?;
        }
        out.flush()
    }

    fn provider(&self, finding: &Finding) -> String {
        let identity = finding.identity.as_ref().and_then(|id| self.scan.inventory.identities.get(id));
        let collector = || finding.evidence.first().map(|evidence| evidence.collector.to_string());
        identity.map(|one| one.provider().to_string()).or_else(collector).unwrap_or_default()
    }

    fn unjudged(&self) -> i64 {
        i64::try_from(super::Summary::of(self.scan).rules_not_evaluated).unwrap_or(i64::MAX)
    }
}

/// The last complete scan that a file of metrics tells; `None` where it tells none.
pub fn last_complete(metrics: &str) -> Option<Timestamp> {
    let value = metrics.lines().find_map(|line| line.strip_prefix(LAST_COMPLETE)?.strip_prefix(' '))?;
    Timestamp::from_second(value.trim().parse().ok().filter(|second| *second > 0)?).ok()
}

fn family(out: &mut dyn Write, name: &str, help: &str, samples: &Samples) -> io::Result<()> {
    writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge")?;
    for (labels, value) in samples {
        let labels: Vec<_> = labels.iter().map(|(label, text)| format!("{label}=\"{}\"", escape(text))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        writeln!(out, "{name}{labels} {value}")?;
    }
    Ok(())
}

/// A label's value: a backslash, a quote and a line feed are escaped.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
