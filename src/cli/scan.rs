//! `nonhuman scan`: read, put together, join, judge, tell.

use std::mem::ManuallyDrop;
use std::sync::Arc;

use jiff::Timestamp;

use super::arguments::{Global, Reporting, Scan as Arguments};
use super::baseline::{Acceptance, Searched};
use super::evidence::Pack;
use super::gather::{Collected, Wish};
use super::memory::Memory;
use super::output::Outputs;
use super::written::written;
use super::{Failure, gather, ruleset, scope, trees};
use crate::config::Config;
use crate::embedded;
use crate::exit::Exit;
use crate::history::{Drift, Point};
use crate::inventory::Inventory;
use crate::link::{Tables, link, link_exposures};
use crate::model::{CoverageEntry, Finding, Hidden, NotEvaluated, Outcome, Record, RuleInfo, Severity, SubjectKind};
use crate::report::{Notice, Scan};
use crate::rules::evaluate;

/// Findings at or above this severity make the exit code 1, unless the user says otherwise.
const DEFAULT_FAIL_ON: Severity = Severity::Medium;

pub(super) fn run(arguments: &Arguments, global: &Global, config: &Config) -> Result<Exit, Failure> {
    let judging = Judging::new(SubjectKind::ALL, &arguments.reporting, global, config)?;
    judging.read_and_judge(gather::wish(&arguments.sources, config)?, global, config)
}

/// All that `scan` and `evaluate` share: everything behind the records. Made before anything is read.
pub(super) struct Judging<'a> {
    rules: crate::rules::RuleSet,
    /// `None` when only secrets in files are judged: the tables speak of identities, and take a while to read.
    tables: Option<Tables>,
    outputs: Outputs,
    acceptance: Acceptance,
    memory: Memory,
    pack: Option<Pack>,
    quiet: bool,
    reporting: &'a Reporting,
    fail_on: Severity,
    min_severity: Severity,
    /// What the configuration takes away, for the reader of the report.
    configuration: Option<CoverageEntry>,
}

impl<'a> Judging<'a> {
    /// Judges by the rules about these subjects.
    pub(super) fn new(
        subjects: &[SubjectKind],
        reporting: &'a Reporting,
        global: &Global,
        config: &Config,
    ) -> Result<Self, Failure> {
        reporting.telling.check()?;
        Ok(Self {
            rules: ruleset::audit_about(reporting.rules.as_ref(), config, subjects)?,
            tables: (subjects != [SubjectKind::Exposure]).then(|| Tables::parse(embedded::facts)).transpose()?,
            outputs: Outputs::new(reporting, global)?,
            acceptance: Acceptance::new(reporting, config)?,
            pack: Pack::new(reporting, config)?,
            memory: Memory::new(reporting, config)?,
            quiet: global.quiet,
            fail_on: reporting.fail_on.or(config.fail_on).unwrap_or(DEFAULT_FAIL_ON),
            min_severity: reporting.min_severity.or(config.min_severity).unwrap_or(Severity::Info),
            configuration: switched_off(config),
            reporting,
        })
    }

    /// Reads what is wished for and judges it.
    pub(super) fn read_and_judge(&self, mut wish: Wish, global: &Global, config: &Config) -> Result<Exit, Failure> {
        wish.request.source.rules = Arc::new(self.rules.names().clone());
        wish.request.source.written = Arc::new(written(self.reporting, config));
        trees::name(&mut wish.request, config, || self.memory.first_commits(self.acceptance.has_file()))?;
        self.acceptance.watch(&mut wish.request, || self.memory.watch());
        let searched = Searched::of(&wish.request);
        let (records, Collected { ended, now, inputs, .. }) =
            gather::read(wish, self.reporting.rules.as_ref(), global, config)?;
        if !ended.interrupted.is_empty() {
            gather::tell_interrupted(&ended);
            return Ok(Exit::Interrupted);
        }
        self.judge(records, now, &inputs, &searched)
    }

    pub(super) fn judge(
        &self,
        mut records: Vec<Record>,
        now: Timestamp,
        inputs: &[String],
        searched: &Searched,
    ) -> Result<Exit, Failure> {
        records.extend(self.configuration.clone().map(Record::Coverage));
        // Never taken apart: the program ends soon, and with millions of parts that takes longer than leaving them.
        let mut inventory = ManuallyDrop::new(Inventory::build(records));
        scope::add_mixed_keys(&mut inventory);
        match &self.tables {
            Some(tables) => link(&mut inventory, tables),
            None => link_exposures(&mut inventory),
        }
        let mut judgement = evaluate(&inventory, &self.rules, now);
        self.acceptance.settle(&mut judgement.findings, &mut inventory, now, searched, self.quiet)?;
        let moved =
            self.memory.remember(&mut judgement, &mut inventory, inputs, &self.rules, (now, searched.watched()));
        let rules: Vec<_> = self.rules.rules().iter().map(crate::rules::Rule::info).collect();
        let trend = self.memory.points(moved.as_ref());
        let (not_evaluated, findings) = (&judgement.not_evaluated, &judgement.findings);
        let all_of_it = whole((now, inputs), &inventory, findings, not_evaluated, &rules, &trend);
        self.reporting.telling.count(&self.notice(&all_of_it, moved.as_ref()));
        // An auditor gets all of it, whatever is shown here.
        let packed = self.pack.as_ref().map_or(Ok(()), |pack| pack.write(&all_of_it, &judgement.asked));
        let accepted = self.acceptance.hide(&mut judgement.findings, &mut inventory);
        tracing::info!(findings = judgement.findings.len(), identities = inventory.identities.len(), "judged");
        let known = self.memory.hide_known(&mut judgement.findings, &mut inventory, moved.as_ref());
        let has_findings = self.reaches_threshold(&judgement.findings, moved.as_ref());
        let all = judgement.findings.len();
        let shown: Vec<_> =
            judgement.findings.into_iter().filter(|finding| finding.severity >= self.min_severity).collect();
        let scan = Scan {
            min_severity: self.min_severity,
            below_min_severity: (all - shown.len()) as u64,
            in_baseline: accepted.len() as u64,
            already_known: known.len() as u64,
            hidden: Hidden { accepted, known },
            ..whole((now, inputs), &inventory, &shown, &judgement.not_evaluated, &rules, &trend)
        };
        // A full disk takes the files, and neither the report on standard output nor what others are told.
        let written = self.outputs.write(&scan);
        self.tell(&scan, moved.as_ref());
        written.and(packed)?;
        Ok(Exit::of_scan(has_findings, scan.is_incomplete(), self.reporting.exit_zero, self.reporting.allow_partial))
    }
}

/// A scan of which nothing is left out.
fn whole<'s>(
    (now, inputs): (Timestamp, &'s [String]),
    inventory: &'s Inventory,
    findings: &'s [Finding],
    not_evaluated: &'s [NotEvaluated],
    rules: &'s [RuleInfo],
    trend: &'s [Point],
) -> Scan<'s> {
    Scan {
        version: env!("CARGO_PKG_VERSION"),
        now,
        inputs,
        inventory,
        findings,
        not_evaluated,
        rules,
        min_severity: Severity::Info,
        below_min_severity: 0,
        in_baseline: 0,
        already_known: 0,
        hidden: Hidden::default(),
        trend,
    }
}

impl Judging<'_> {
    fn notice<'n>(&self, scan: &'n Scan<'n>, drift: Option<&'n Drift>) -> Notice<'n> {
        let milliseconds = self.memory.milliseconds();
        let last_complete = if scan.is_incomplete() { self.memory.last_complete() } else { Some(scan.now) };
        Notice { scan, drift, milliseconds, last_complete }
    }

    fn tell(&self, scan: &Scan<'_>, drift: Option<&Drift>) {
        let notice = self.notice(scan, drift);
        let milliseconds = notice.milliseconds;
        let (findings, holes) = (scan.findings.len(), scan.inventory.coverage.holes().count());
        let raised = drift.map(|drift| drift.raised().count());
        let (identities, incomplete) = (scan.inventory.identities.len(), scan.is_incomplete());
        tracing::info!(findings, raised, identities, holes, incomplete, milliseconds, "scan finished");
        self.reporting.telling.tell(&notice);
    }

    /// Whether there is a finding for which the command fails. `--fail-on-new` alone takes the place of the default of
    /// `--fail-on`; where the history could not be asked, everything counts as new.
    fn reaches_threshold(&self, findings: &[Finding], moved: Option<&Drift>) -> bool {
        let counts = || findings.iter().filter(|finding| !finding.is_accepted());
        let fail_on_new = self.memory.fail_on_new();
        let is_known = |finding: &&Finding| moved.is_some() && !finding.history.is_some_and(|note| note.is_raised());
        let is_new =
            fail_on_new.is_some_and(|severity| counts().any(|one| one.severity >= severity && !is_known(&one)));
        let asks_all = fail_on_new.is_none() || self.reporting.fail_on.is_some();
        is_new || asks_all && counts().any(|finding| finding.severity >= self.fail_on)
    }
}

/// Rules that the configuration switches off or makes milder: a green report must say what it did not look for.
fn switched_off(config: &Config) -> Option<CoverageEntry> {
    let file = config.file.as_ref()?;
    let names: Vec<_> = config
        .rules
        .iter()
        .filter_map(|(name, change)| match (change.enabled, change.severity) {
            (Some(false), _) => Some(format!("{name} is off")),
            (_, Some(severity)) => Some(format!("{name} is {severity}")),
            _ => None,
        })
        .collect();
    let count = names.len() as u64;
    let entry = CoverageEntry::hole("config", &file.to_string_lossy(), "rules", Outcome::NotRead, names.join(", "));
    (count > 0).then(|| entry.count(count))
}
