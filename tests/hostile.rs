//! Hostile bytes: whatever a scanned tree or an export holds, nothing crashes and nothing is passed over in silence.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/pack.rs"]
#[allow(dead_code, reason = "other tests use more of it")]
mod pack;

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use jiff::Timestamp;
use nonhuman::collect::aws::{self, AwsExport};
use nonhuman::collect::kubernetes::{self, KubernetesDump};
use nonhuman::collect::people::{self, People};
use nonhuman::collect::source::{Source, SourceOptions};
use nonhuman::collect::{Collector, Context, run};
use nonhuman::embedded;
use nonhuman::model::{CoverageEntry, FingerprintKey, Record};
use nonhuman::secrets::{DetectorSet, LineIndex, inline_allow};
use proptest::prelude::*;
use tokio::sync::watch;

static DETECTORS: LazyLock<Arc<DetectorSet>> =
    LazyLock::new(|| Arc::new(DetectorSet::parse(embedded::files("detect")).expect("our own detectors load")));

fn fixture(path: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/acme").join(path)).expect("it is there")
}

/// What happens to a file on its way: bytes are changed, taken out, doubled, or the end is lost.
fn mutated(original: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let edits = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..5_u8), 1..8);
    edits.prop_map(move |edits| {
        let mut bytes = original.clone();
        for (place, byte, manner) in edits {
            if bytes.is_empty() {
                break;
            }
            let at = place.index(bytes.len());
            match manner {
                0 => bytes[at] = byte,
                1 => bytes.truncate(at),
                2 => drop(bytes.remove(at)),
                3 => bytes.insert(at, byte),
                _ => {
                    let end = (at + 40).min(bytes.len());
                    let piece = bytes[at..end].to_vec();
                    bytes.splice(at..at, piece);
                }
            }
        }
        bytes
    })
}

fn collect(collector: Arc<dyn Collector>) -> Vec<Record> {
    let context =
        Context { now: Timestamp::UNIX_EPOCH, fingerprint_key: FingerprintKey::default(), progress: Arc::new(|_| {}) };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let (_stop, interrupt) = watch::channel(false);
    runtime.block_on(run(&[collector], &context, Duration::from_secs(60), &interrupt)).records
}

fn holds_together(records: &[Record]) -> Result<(), TestCaseError> {
    let entries: Vec<&CoverageEntry> = records
        .iter()
        .filter_map(|record| match record {
            Record::Coverage(entry) => Some(entry),
            _ => None,
        })
        .collect();
    prop_assert!(!entries.is_empty(), "something must be said of what was read");
    for entry in entries {
        let detail = entry.detail.as_deref().unwrap_or_default();
        prop_assert!(!detail.contains("crashed") && !detail.contains("not finished"), "{entry:?}");
    }
    Ok(())
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("it can be written");
    path
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_can_be_scanned(bytes in prop::collection::vec(any::<u8>(), 0..4096)) {
        for found in DETECTORS.scan(&bytes) {
            prop_assert!(found.whole.start <= found.span.start && found.span.end <= found.whole.end);
        }
        let lines = LineIndex::new(&bytes);
        for offset in [0, bytes.len() / 2, bytes.len(), bytes.len() + 10] {
            let (line, column) = lines.position(&bytes, offset);
            prop_assert!(line >= 1 && column >= 1);
            inline_allow(lines.line(&bytes, offset));
        }
    }

    #[test]
    fn any_bytes_can_be_looked_at(bytes in prop::collection::vec(any::<u8>(), 0..512), text in "[{\\[a-zA-Z\":, \\n-]{0,200}") {
        for name in ["a.json", "a.yaml", "a.csv", "a"] {
            for bytes in [bytes.as_slice(), text.as_bytes()] {
                aws::sniff(name, bytes);
                aws::sniff_account(bytes);
                kubernetes::sniff(name, bytes);
                people::sniff(name, bytes);
            }
        }
    }

    #[test]
    fn a_damaged_source_file_is_scanned(bytes in mutated(fixture("repos/shop-api/config/production.yaml"))) {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), "file.yaml", &bytes);
        let source = Source::new(&[folder.path().to_owned()], SourceOptions::default(), Arc::clone(&DETECTORS));
        holds_together(&collect(Arc::new(source)))?;
    }

    #[test]
    fn a_damaged_account_export_is_read_or_said(
        details in mutated(fixture("aws/429710886354/account-authorization-details.json")),
        report in mutated(fixture("aws/429710886354/credential-report.csv")),
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), "details.json", &details);
        write(folder.path(), "report.csv", &report);
        holds_together(&collect(Arc::new(AwsExport::new(vec![folder.path().to_owned()]))))?;
    }

    #[test]
    fn a_damaged_dump_is_read_or_said(
        bindings in mutated(fixture("kubernetes/prod/clusterrolebindings.yaml")),
        secrets in mutated(fixture("kubernetes/prod/secrets.json")),
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), "bindings.yaml", &bindings);
        write(folder.path(), "secrets.json", &secrets);
        let paths = vec![("prod".to_owned(), folder.path().to_owned())];
        holds_together(&collect(Arc::new(KubernetesDump { paths, ..KubernetesDump::default() })))?;
    }

    #[test]
    fn a_damaged_people_directory_is_read_or_said(bytes in mutated(fixture("people.csv"))) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = write(folder.path(), "people.csv", &bytes);
        holds_together(&collect(Arc::new(People::new(vec![path]))))?;
    }
}

/// What a scan of a tree says: the places of what it found, and of each hole the name and how it ended.
fn scanned(folder: &Path) -> (Vec<String>, Vec<(String, String)>) {
    let source = Source::new(&[folder.to_owned()], SourceOptions::default(), Arc::clone(&DETECTORS));
    let (mut places, mut holes) = (Vec::new(), Vec::new());
    for record in collect(Arc::new(source)) {
        match record {
            Record::Exposure(one) => {
                let place = one.evidence.location.file().unwrap_or_default();
                places.push(place.rsplit_once("tree/").map_or(place.clone(), |(_, below)| below.to_owned()));
            }
            Record::Coverage(entry) if entry.is_hole() => holes.push((entry.what, entry.outcome.to_string())),
            _ => {}
        }
    }
    places.sort();
    holes.sort();
    (places, holes)
}

const SECRET: &[u8] = b"db_password = \"GWDd4e4x5*920\"\n";

/// Nothing of a hostile tree is followed, waited for or passed over, and the rest of it is scanned.
#[cfg(unix)]
#[test]
fn a_hostile_tree_is_scanned_around_its_traps() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let outside = tempfile::tempdir().expect("a folder");
    write(outside.path(), "secret.txt", SECRET);
    let folder = tempfile::tempdir().expect("a folder");
    let tree = folder.path().join("tree");
    std::fs::create_dir_all(tree.join("a/b")).expect("room");
    for (target, link) in [("..", "a/b/up"), ("loop", "loop"), ("a", "a/self")] {
        symlink(target, tree.join(link)).expect("a link");
    }
    symlink(outside.path(), tree.join("out")).expect("a link");
    let pipe = tree.join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    write(&tree, "a/b/found.txt", SECRET);
    write(&tree, "last.txt", SECRET);
    let locked = write(&tree, "locked.txt", SECRET);
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o000)).expect("ours");
    let (places, holes) = scanned(&tree);
    // Who may read everything has no such hole.
    let is_root = std::fs::read(&locked).is_ok();
    let expected: &[&str] =
        if is_root { &["a/b/found.txt", "last.txt", "locked.txt"] } else { &["a/b/found.txt", "last.txt"] };
    assert_eq!(places, expected);
    let expected = if is_root { vec![] } else { vec![("locked.txt".to_owned(), "failed".to_owned())] };
    assert_eq!(holes, expected);
}

/// Files that come, go, grow, shrink and become something else while they are read cost nothing else.
#[cfg(unix)]
#[test]
fn a_tree_that_changes_while_it_is_read_is_scanned() {
    use std::sync::atomic::{AtomicBool, Ordering};

    let folder = tempfile::tempdir().expect("a folder");
    let tree = folder.path().join("tree");
    std::fs::create_dir_all(tree.join("moving")).expect("room");
    write(&tree, "first.txt", SECRET);
    write(&tree, "zlast.txt", SECRET);
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut round = 0_usize;
            while !is_done.load(Ordering::Relaxed) {
                round += 1;
                let path = tree.join(format!("moving/{}", round % 40));
                let _ = std::fs::remove_file(&path);
                let _ = match round % 3 {
                    0 => std::os::unix::fs::symlink("/etc/passwd", &path),
                    1 => std::fs::write(&path, SECRET.repeat(round % 5000)),
                    _ => std::fs::File::create(&path).and_then(|file| file.set_len(round as u64 % 100_000)),
                };
            }
        });
        for _ in 0..20 {
            let (places, holes) = scanned(&tree);
            assert!(places.contains(&"first.txt".to_owned()) && places.contains(&"zlast.txt".to_owned()), "{places:?}");
            assert!(holes.iter().all(|(what, _)| what.starts_with("moving/")), "{holes:?}");
        }
        is_done.store(true, Ordering::Relaxed);
    });
}

/// An archive that holds itself ends where the limit of archives in one another is.
#[test]
fn an_archive_in_itself_comes_to_an_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let tree = folder.path().join("tree");
    std::fs::create_dir(&tree).expect("room");
    let mut content = pack::zip(&[pack::file("secret.txt", SECRET)]);
    for _ in 0..8 {
        content = pack::zip(&[pack::file("secret.txt", SECRET), pack::file("again.zip", &content)]);
    }
    write(&tree, "a.zip", &content);
    let (places, holes) = scanned(&tree);
    let inner = "a.zip!/again.zip!/again.zip";
    assert_eq!(
        places,
        ["a.zip!/again.zip!/again.zip!/secret.txt", "a.zip!/again.zip!/secret.txt", "a.zip!/secret.txt"]
    );
    assert_eq!(holes, [(format!("{inner}!/again.zip"), "partial".to_owned())]);
}

/// An archive with a name and a content of each kind, for damage.
fn archives() -> Vec<(&'static str, Vec<u8>)> {
    let tar = pack::tar(&[(b"etc/app.conf", b'0', SECRET), (b"b", b'0', b"text")]);
    let zip = pack::zip(&[pack::file("x/app.yml", SECRET), pack::file("in.tar", &tar)]);
    vec![("a.gz", pack::gzip(&tar)), ("a.zst", pack::zstd(&tar)), ("a.zip", zip), ("a.tar", tar)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_archive_is_read_or_said(
        bytes in prop::sample::select(archives()).prop_flat_map(|(_, bytes)| mutated(bytes)),
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), "archive", &bytes);
        let source = Source::new(&[folder.path().to_owned()], SourceOptions::default(), Arc::clone(&DETECTORS));
        holds_together(&collect(Arc::new(source)))?;
    }
}
