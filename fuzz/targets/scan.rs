//! Any bytes can be scanned: no panic, every place lies in the text, the order is that of the places, and the same bytes
//! give the same matches.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use nonhuman::embedded;
use nonhuman::secrets::{DetectorSet, LineIndex, Match};

static DETECTORS: LazyLock<DetectorSet> =
    LazyLock::new(|| DetectorSet::parse(embedded::files("detect")).expect("our own detectors load"));

fn spans(matches: &[Match<'_>]) -> Vec<(String, usize, usize)> {
    matches.iter().map(|one| (one.detector.id.clone(), one.span.start, one.span.end)).collect()
}

fuzz_target!(|text: &[u8]| {
    let matches = DETECTORS.scan(text);
    let lines = LineIndex::new(text);
    for one in &matches {
        assert!(one.whole.start <= one.span.start && one.span.end <= one.whole.end && one.whole.end <= text.len());
        let (first, last) = (lines.position(text, one.span.start), lines.position(text, one.span.end));
        assert!(first <= last);
    }
    assert!(matches.is_sorted_by_key(|one| (one.span.start, one.span.end)));
    assert_eq!(spans(&matches), spans(&DETECTORS.scan(text)));
    let half = text.len() / 2;
    DETECTORS.scan_ranges(text, &[half / 2..half, half + 1..text.len()]);
});
