//! The store of the history against the pure state: what is written and read back is what was known. And its size and
//! speed over a year.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::print_stderr, reason = "a test that cannot go on fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use jiff::Timestamp;
use nonhuman::history::{Drift, FindingSeen, History, Judged, Looked, Place, Snapshot, State};
use nonhuman::model::{Fingerprint, Hidden, Severity, Urn};
use proptest::prelude::*;

fn place(target: &str) -> Place {
    Place { collector: "source".to_owned(), target: target.to_owned() }
}

fn finding(number: u32, target: &str, severity: Severity) -> FindingSeen {
    let subject = format!("exposure:github-token/{number:032x}/{target}/src/service-{number}/config.py");
    FindingSeen {
        fingerprint: Fingerprint::of_public(&["leaked-secret", &subject]),
        rule: "leaked-secret".to_owned(),
        severity,
        message: format!("GitHub token (ghp_…(40 bytes)) in {target}/src/service-{number}/config.py"),
        subject: Urn::new(subject),
        identity: None,
        title: "Hardcoded secret".to_owned(),
        muted: number.is_multiple_of(50),
        places: BTreeSet::from([place(target)]),
        file: None,
    }
}

/// A scan on a day of some places, each with a hole or not, and the findings there.
fn scan(day: i64, places: &[(&str, bool)], findings: impl IntoIterator<Item = FindingSeen>) -> Snapshot {
    let looked = |(target, is_hole): &(&str, bool)| (place(target), BTreeMap::from([("files".to_owned(), *is_hole)]));
    Snapshot {
        at: Timestamp::from_second(1_760_000_000 + day * 86_400).unwrap(),
        version: "0.1.0".to_owned(),
        inputs: vec!["source t".to_owned()],
        incomplete: places.iter().any(|(_, is_hole)| *is_hole),
        looked: Looked {
            rules: BTreeMap::from([("leaked-secret".to_owned(), String::new())]),
            ..places.iter().map(looked).collect()
        },
        findings: findings.into_iter().map(|one| (one.fingerprint.clone(), one)).collect(),
        identities: BTreeMap::new(),
        judged: Judged {
            unanswered: BTreeMap::new(),
            min_severity: Severity::Info,
            hidden: Hidden::default(),
            hides_unknown: false,
            allowed: BTreeSet::new(),
            there: BTreeSet::new(),
            unread: BTreeSet::new(),
            blind: BTreeSet::new(),
        },
    }
}

fn told(drift: &Drift) -> Vec<String> {
    drift
        .findings
        .iter()
        .map(|one| format!("{} {} {} {}", one.change, one.finding.subject, one.first_seen, one.last_seen))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Whatever the scans see, miss or fail to read: the file says what a program that never stopped would know.
    #[test]
    fn the_store_knows_what_the_state_knows(
        days in proptest::collection::vec((proptest::collection::btree_map(0_u32..6, any::<bool>(), 0..6), 0_u8..3, 0_u8..3), 1..8),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("h.db");
        let mut states = vec![State::default()];
        for (day, (seen, one, two)) in days.into_iter().enumerate() {
            // 0: not looked at; 1: looked at; 2: looked at with a hole.
            let places: Vec<_> = [("one", one), ("two", two)].into_iter().filter(|(_, how)| *how > 0).collect();
            let target = |number: u32| if number.is_multiple_of(2) { "one" } else { "two" };
            let is_read = |number: u32| places.iter().any(|(name, _)| *name == target(number));
            let severity = |is_high| if is_high { Severity::High } else { Severity::Low };
            let found = seen.iter().filter(|(number, _)| is_read(**number));
            let found: Vec<_> = found.map(|(number, is_high)| finding(*number, target(*number), severity(*is_high))).collect();
            let places: Vec<_> = places.into_iter().map(|(name, how)| (name, how == 2)).collect();
            let scan = scan(i64::try_from(day).unwrap(), &places, found);
            let recorded = History::open_or_begin(&file).unwrap().record(&scan, 1).unwrap();
            let before = states.last().unwrap();
            let after = before.after(&scan);
            prop_assert_eq!(told(&recorded.drift), told(&Drift::between(before, &after)));
            states.push(after);
        }
        let history = History::open(&file).unwrap();
        let last = states.len() - 1;
        for from in 1..=last {
            let stored = history.drift(Some(i64::try_from(from).unwrap()), i64::try_from(last).unwrap()).unwrap();
            prop_assert_eq!(told(&stored), told(&Drift::between(&states[from], &states[last])));
        }
    }
}

/// A year of nights with 20,000 open findings, of which 100 go and 100 come each night. `cargo test --release --test history
/// -- --ignored --nocapture` says how long it took. The file stays where NONHUMAN_KEEP_HISTORY says, for a look with the
/// program itself.
#[test]
#[ignore = "takes minutes without optimization"]
fn a_year_is_small_and_quick() {
    let folder = tempfile::tempdir().unwrap();
    let kept = std::env::var_os("NONHUMAN_KEEP_HISTORY").map(std::path::PathBuf::from);
    let file = kept.unwrap_or_else(|| folder.path().join("h.db"));
    let begun = Instant::now();
    for day in 0..365_u32 {
        let from = day * 100;
        let found = (from..from + 20_000).map(|number| finding(number, "t", Severity::High));
        let scan = scan(i64::from(day), &[("t", false)], found);
        History::open_or_begin(&file).unwrap().record(&scan, 1).unwrap();
    }
    eprintln!("365 scans recorded in {:?}", begun.elapsed());
    let begun = Instant::now();
    let drift = History::open(&file).unwrap().drift(Some(364), 365).unwrap();
    let (took, size) = (begun.elapsed(), std::fs::metadata(&file).unwrap().len());
    eprintln!("opening and diff of the last two: {took:?}; file: {} MB", size / 1_000_000);
    assert_eq!((drift.findings.len(), drift.still_open), (200, 19_900));
    assert!(size < 200_000_000, "{size}");
    if !cfg!(debug_assertions) {
        assert!(took.as_secs_f64() < 1.0, "{took:?}");
    }
}
