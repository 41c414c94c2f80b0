//! Any bytes can be the objects, the packs, the index and the refs of a repository: no panic, bounded memory, and
//! something is said of it.
#![no_main]

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use nonhuman::collect::source::{Selection, Source, SourceOptions};
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

/// What stands between two parts of an input.
const SEAM: &[u8] = b"\n==\n";

fn parts(data: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let mut rest = data;
    while let Some(place) = rest.windows(SEAM.len()).position(|window| window == SEAM) {
        parts.push(&rest[..place]);
        rest = &rest[place + SEAM.len()..];
    }
    parts.push(rest);
    parts
}

/// An object for itself. Its name is its number, forty times, so that others can name it: no fuzzer guesses a hash.
fn loose(git: &Path, number: usize, part: &[u8]) {
    let Some(digit) = char::from_digit(number as u32, 16) else { return };
    let (kind, content) = match part.split_first() {
        Some((b'c', rest)) => ("commit", rest),
        Some((b't', rest)) => ("tree", rest),
        Some((b'g', rest)) => ("tag", rest),
        Some((b'b', rest)) => ("blob", rest),
        _ => ("", part),
    };
    let mut whole = if kind.is_empty() { Vec::new() } else { format!("{kind} {}\0", content.len()).into_bytes() };
    whole.extend_from_slice(content);
    let folder = git.join("objects").join(String::from_iter([digit; 2]));
    std::fs::create_dir_all(&folder).expect("room");
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(&whole).expect("room");
    std::fs::write(folder.join(String::from_iter([digit; 38])), packer.finish().expect("room")).expect("room");
}

/// Lays out a repository; the last byte of an input says what the others are.
fn lay_out(git: &Path, way: u8, data: &[u8]) {
    for folder in ["objects/pack", "objects/info", "refs/heads", "refs/tags"] {
        std::fs::create_dir_all(git.join(folder)).expect("room");
    }
    let mut files: Vec<(&str, &[u8])> =
        vec![("HEAD", b"ref: refs/heads/main\n"), ("config", b"[core]\nrepositoryformatversion = 0\n")];
    let first = ["1".repeat(40).into_bytes(), b"\n".to_vec()].concat();
    files.push(("refs/heads/main", &first));
    let parts = parts(data);
    let at = |place: usize| parts.get(place).copied().unwrap_or_default();
    match way % 4 {
        0 => parts.iter().enumerate().for_each(|(number, part)| loose(git, number + 1, part)),
        1 => {
            files.push(("index", at(0)));
            parts.iter().skip(1).enumerate().for_each(|(number, part)| loose(git, number + 1, part));
        }
        2 => {
            files.extend([("objects/pack/pack-0.idx", at(0)), ("objects/pack/pack-0.pack", at(1))]);
            files.push(("refs/heads/main", at(2)));
        }
        _ => {
            let names = ["HEAD", "config", "packed-refs", "shallow", "refs/heads/main", "objects/info/alternates"];
            files.extend(names.into_iter().zip(parts.iter().copied()));
            parts.iter().skip(names.len()).enumerate().for_each(|(number, part)| loose(git, number + 1, part));
        }
    }
    for (name, bytes) in files {
        std::fs::write(git.join(name), bytes).expect("room");
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((way, data)) = data.split_last() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    lay_out(&folder.path().join(".git"), *way, data);
    let selection = match (way % 4, way / 4 % 3) {
        (1, _) => Selection::Staged,
        (_, 0) => Selection::Range { since: "HEAD~1".to_owned(), until: None },
        _ => Selection::History,
    };
    let options = SourceOptions { selection, threads: 1, ..SourceOptions::default() };
    let source = Source::new(&[folder.path().to_owned()], options, Arc::clone(&DETECTORS));
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
