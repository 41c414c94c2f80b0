//! `nonhuman triage`: what people decide of findings. Writes the baseline, the one file that mutes; it is made for git, so
//! that a decision is reviewed like code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::arguments::Global;
use super::{Failure, baseline, gather, output};
use crate::config::Config;
use crate::exit::Exit;
use crate::history::{FindingSeen, History, Snapshot, Status};
use crate::model::{Fingerprint, TreeNames, parse_day};
use crate::report::{clean, flow};
use crate::rules::{Baseline, Decision, Verb};
use crate::term;

/// How many digits of a fingerprint are enough where the finding is known.
const SHORTEST: usize = 6;

/// Open findings by fingerprint.
type Known = BTreeMap<String, FindingSeen>;

/// `nonhuman triage`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nonhuman triage list --history-file scans.db
  nonhuman triage accept a9b5820a --reason 'break glass, see runbook 12' --by jana@acme.example --until 2027-03-31
  nonhuman triage false-positive 447ebf63 --reason 'a test key' --by jana@acme.example
  nonhuman triage assign 905505fc --to team-data
  nonhuman triage clear 905505fc

Decisions stand in the baseline (--baseline, or 'baseline' in nonhuman.toml), one a line: commit it. `scan` hides what is
accepted or false and counts it; after its last day it is back.")]
pub struct Triage {
    #[command(subcommand)]
    command: What,
    /// The baseline to write
    #[arg(long, global = true, value_name = "FILE", env = "NONHUMAN_BASELINE")]
    baseline: Option<PathBuf>,
    /// Know findings by this history: a few digits of a fingerprint are enough then
    #[arg(long, alias = "history", global = true, value_name = "FILE", env = "NONHUMAN_HISTORY_FILE")]
    history_file: Option<PathBuf>,
    /// Know findings by this JSON report
    #[arg(long, global = true, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Take this for the present, such as 2026-11-22
    #[arg(long, global = true, value_name = "TIME", env = "NONHUMAN_NOW")]
    now: Option<String>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List the open findings that are known with what was decided, and every other decision
    List,
    /// Take the risk: the finding is hidden and counted until the day is over
    Accept {
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        why: Why,
        /// Who answers for the risk
        #[arg(long, value_name = "NAME", default_value = "")]
        owner: String,
    },
    /// Say that the rule is wrong here: the finding is hidden and counted
    FalsePositive {
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        why: Why,
    },
    /// Say who is to mend it: the finding is raised all the same
    Assign {
        #[command(flatten)]
        of: Of,
        /// Who is to mend it
        #[arg(long, value_name = "NAME")]
        to: String,
        /// Who decided
        #[arg(long, value_name = "NAME", default_value = "")]
        by: String,
    },
    /// Take a decision back
    Clear {
        #[command(flatten)]
        of: Of,
    },
}

#[derive(Debug, Args)]
struct Of {
    /// Fingerprints of findings, as `diff`, `triage list` and the JSON report show them
    #[arg(value_name = "FINGERPRINT", required = true)]
    findings: Vec<String>,
}

#[derive(Debug, Args)]
struct Why {
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who decided
    #[arg(long, value_name = "NAME")]
    by: String,
    /// The last day on which it holds, such as 2027-03-31 [default: no end]
    #[arg(long, value_name = "DAY")]
    until: Option<String>,
}

pub(super) fn run(arguments: &Triage, global: &Global, config: &Config) -> Result<Exit, Failure> {
    let (known, names) = known(arguments, config)?;
    let file = arguments.baseline.as_ref().or(config.baseline.as_ref());
    let read = file.map(|file| baseline::read(file)).transpose()?.flatten();
    let today = gather::now(arguments.now.as_deref())?.to_zoned(TimeZone::UTC).date();
    if matches!(arguments.command, What::List) {
        list(&known, read.as_ref(), today)?;
        return Ok(Exit::Clean);
    }
    let Some(file) = file else {
        let message = "decisions stand in a baseline: --baseline FILE, or 'baseline' in nonhuman.toml";
        return Err(Failure(message.to_owned()));
    };
    let mut baseline = read.unwrap_or_else(baseline::empty);
    let done = decide(&arguments.command, (&known, &names), &mut baseline, today)?;
    let text = baseline.render()?;
    output::to_file(file, |out| out.write_all(text.as_bytes()))?;
    if !global.quiet {
        done.iter().for_each(|line| term::remark(&format!("{}: {line}", file.display())));
    }
    Ok(Exit::Clean)
}

/// The findings that are open in the history or the report, by fingerprint, and how their trees are called.
fn known(arguments: &Triage, config: &Config) -> Result<(Known, TreeNames), Failure> {
    let (mut known, mut scopes) = (Known::new(), BTreeSet::new());
    // A history that only the configuration names may not have begun.
    let file = config.history_file.as_ref().filter(|file| file.exists());
    if let Some(file) = arguments.history_file.as_ref().or(file) {
        let state = History::open(file)?.latest()?.unwrap_or_default();
        let open: Vec<_> = state.findings.into_values().filter(|one| one.status != Status::Resolved).collect();
        // Most were seen by one scan.
        let by_address: BTreeMap<_, _> = open.iter().map(|one| (Arc::as_ptr(&one.looked), &one.looked)).collect();
        scopes.extend(by_address.into_values().flat_map(|looked| looked.scopes.iter().cloned()));
        known.extend(open.into_iter().map(|one| (one.thing.fingerprint.as_str().to_owned(), one.thing)));
    }
    if let Some(file) = &arguments.report {
        let named = |error: String| Failure(format!("{}: {error}", file.display()));
        let text = std::fs::read_to_string(file).map_err(|error| named(error.to_string()))?;
        let snapshot = Snapshot::parse(&text).map_err(named)?;
        scopes.extend(snapshot.looked.scopes);
        known.extend(snapshot.findings.into_values().map(|one| (one.fingerprint.as_str().to_owned(), one)));
    }
    Ok((known, TreeNames::of(&scopes)))
}

fn decide(
    command: &What,
    (known, names): (&Known, &TreeNames),
    baseline: &mut Baseline,
    today: Date,
) -> Result<Vec<String>, Failure> {
    let decided: Vec<&str> = baseline.decisions().map(|one| one.finding.as_str()).collect();
    let of = match command {
        What::List => return Ok(Vec::new()),
        What::Accept { of, .. } | What::FalsePositive { of, .. } | What::Assign { of, .. } | What::Clear { of } => of,
    };
    let found: Vec<Fingerprint> =
        of.findings.iter().map(|text| find(text, known, &decided)).collect::<Result<_, _>>()?;
    let mut done = Vec::new();
    for finding in found {
        let (decision, reason, owner, by, until) = match command {
            What::Accept { why, owner, .. } => (Verb::Accepted, &why.reason, owner, &why.by, day(why, today)?),
            What::FalsePositive { why, .. } => {
                (Verb::FalsePositive, &why.reason, &String::new(), &why.by, day(why, today)?)
            }
            What::Assign { to, by, .. } => (Verb::Assigned, &String::new(), to, by, None),
            What::List | What::Clear { .. } => {
                let was = baseline.withdraw(&finding);
                let was = was.map_or_else(|| "nothing was decided".to_owned(), |was| format!("was {}", was.decision));
                done.push(format!("{} {was}", finding.as_str()));
                continue;
            }
        };
        let seen = known.get(finding.as_str());
        let decision = Decision {
            decision,
            rule: seen.map(|one| one.rule.clone()).unwrap_or_default(),
            subject: seen.map(|one| one.subject.to_string()).unwrap_or_default(),
            trees: seen
                .map(|one| one.trees().into_iter().map(|tree| names.in_full(tree)).collect())
                .unwrap_or_default(),
            reason: reason.clone(),
            owner: owner.clone(),
            by: by.clone(),
            expires: until,
            finding,
        };
        let decision = decision.checked()?;
        let what = if decision.rule.is_empty() { "" } else { &decision.rule };
        done.push(format!("{} {} {what}", decision.finding.as_str(), decision.decision).trim_end().to_owned());
        baseline.decide(decision);
    }
    Ok(done)
}

fn day(why: &Why, today: Date) -> Result<Option<Date>, Failure> {
    let Some(text) = &why.until else { return Ok(None) };
    let day = parse_day(text).ok_or_else(|| Failure(format!("--until {text}: this is no day such as 2027-03-31")))?;
    if day < today {
        return Err(Failure(format!("--until {text}: this day is over, so that nothing would be decided")));
    }
    Ok(Some(day))
}

/// A whole fingerprint, or the beginning of one that is known.
fn find(text: &str, known: &Known, decided: &[&str]) -> Result<Fingerprint, Failure> {
    let is_hash = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !is_hash || !(SHORTEST..=32).contains(&text.len()) {
        return Err(Failure(format!("'{text}' is no fingerprint (expected {SHORTEST} to 32 hexadecimal digits)")));
    }
    let names = known.keys().map(String::as_str).chain(decided.iter().copied());
    let mut fitting: Vec<&str> = names.filter(|name| name.starts_with(text)).collect();
    fitting.sort_unstable();
    fitting.dedup();
    let whole = match fitting.as_slice() {
        [one] => one,
        [] if text.len() == 32 && known.is_empty() => text,
        [] if known.is_empty() => {
            let message = format!("'{text}' is not whole; give all 32 digits, or a history or a report to know it by");
            return Err(Failure(message));
        }
        [] => return Err(Failure(format!("no open finding begins with '{text}'; `nonhuman triage list` shows them"))),
        several => return Err(Failure(format!("'{text}' fits {} findings; give more digits", several.len()))),
    };
    Fingerprint::read(whole).ok_or_else(|| Failure(format!("'{whole}' is no fingerprint")))
}

fn list(known: &Known, baseline: Option<&Baseline>, today: Date) -> Result<(), Failure> {
    let decisions: BTreeMap<&str, &Decision> =
        baseline.into_iter().flat_map(Baseline::decisions).map(|one| (one.finding.as_str(), one)).collect();
    let mut open: Vec<&FindingSeen> = known.values().collect();
    open.sort_by(|a, b| (b.severity, &a.rule, &a.subject).cmp(&(a.severity, &b.rule, &b.subject)));
    let gone = decisions.iter().filter(|(name, _)| !known.contains_key(**name));
    output::to_stdout(|out| {
        for one in open {
            let name = one.fingerprint.as_str();
            writeln!(out, "{}  {:<8}  {}  {}", short(name), one.severity, one.rule, clean(one.subject.as_str()))?;
            if let Some(decision) = decisions.get(name) {
                writeln!(out, "          {}", told(decision, today))?;
            }
        }
        for (name, decision) in gone {
            let state = if known.is_empty() { "" } else { "  not open" };
            writeln!(out, "{}{state}  {}  {}", short(name), decision.rule, clean(&decision.subject))?;
            writeln!(out, "          {}", told(decision, today))?;
        }
        Ok(())
    })
}

fn short(name: &str) -> &str {
    name.get(..8).unwrap_or(name)
}

fn told(decision: &Decision, today: Date) -> String {
    let until = match decision.expires {
        Some(day) if day < today => format!("over since {day}: it holds no more"),
        Some(day) => format!("until {day}"),
        None => String::new(),
    };
    let by = if decision.by.is_empty() { String::new() } else { format!("by {}", decision.by) };
    let words = [decision.decision.to_string(), decision.owner.clone(), decision.reason.clone(), by, until];
    let words: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
    flow(&words.join(", "))
}
