//! Any text can be loaded as detectors, and what loads can prove itself and scan.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nonhuman::secrets::DetectorSet;

fuzz_target!(|text: &str| {
    if let Ok(detectors) = DetectorSet::parse([("fuzz.toml", text)]) {
        detectors.self_test();
        detectors.scan(text.as_bytes());
    }
});
