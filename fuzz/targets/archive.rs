//! Any file can be opened: no panic, bounded memory, and something is said of it.
#![no_main]

use std::io::Write;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use nonhuman::collect::source::{Source, SourceOptions};
use nonhuman::collect::{Context, run};
use nonhuman::embedded;
use nonhuman::model::{FingerprintKey, Record};
use nonhuman::secrets::DetectorSet;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

static DETECTORS: LazyLock<Arc<DetectorSet>> =
    LazyLock::new(|| Arc::new(DetectorSet::parse(embedded::files("detect")).expect("our own detectors load")));
static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_all().build().expect("a runtime"));

/// Writes the right sum into every block that looks like a header of a tar archive: no fuzzer guesses it.
fn with_right_sums(data: &[u8]) -> Vec<u8> {
    let mut data = data.to_vec();
    for header in data.chunks_exact_mut(512).filter(|header| &header[257..262] == b"ustar") {
        header[148..156].copy_from_slice(b"        ");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
    data
}

/// The bytes packed, so that they are met in an archive.
fn packed(data: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(data).expect("room");
    packer.finish().expect("room")
}

// The last byte says what is done to the others.
fuzz_target!(|data: &[u8]| {
    let Some((way, data)) = data.split_last() else { return };
    let data = with_right_sums(data);
    let data = if way % 4 == 1 { packed(&data) } else { data };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("file");
    std::fs::write(&path, &data).expect("room");
    let options = SourceOptions { threads: 1, ..SourceOptions::default() };
    let source = Source::new(&[path], options, Arc::clone(&DETECTORS));
    let context = Context {
        now: jiff::Timestamp::UNIX_EPOCH,
        fingerprint_key: FingerprintKey::default(),
        progress: Arc::new(|_| {}),
    };
    let (_stop, interrupt) = watch::channel(false);
    let ran = RUNTIME.block_on(run(&[Arc::new(source)], &context, Duration::from_secs(60), &interrupt));
    let mut entries = 0;
    for record in &ran.records {
        if let Record::Coverage(entry) = record {
            entries += 1;
            let detail = entry.detail.as_deref().unwrap_or_default();
            assert!(!detail.contains("crashed") && !detail.contains("not finished"), "{entry:?}");
        }
    }
    assert!(entries > 0, "something must be said of what was read");
});
