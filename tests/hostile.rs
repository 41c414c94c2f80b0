//! Hostile bytes: whatever a scanned tree or an export holds, nothing crashes and nothing is passed over in silence.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on fails")]

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
        holds_together(&collect(Arc::new(KubernetesDump { paths })))?;
    }

    #[test]
    fn a_damaged_people_directory_is_read_or_said(bytes in mutated(fixture("people.csv"))) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = write(folder.path(), "people.csv", &bytes);
        holds_together(&collect(Arc::new(People::new(vec![path]))))?;
    }
}
