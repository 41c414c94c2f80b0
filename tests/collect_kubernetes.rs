//! The Kubernetes collector from outside: live against a server with recorded answers, and from dump files.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "support/kube_server.rs"]
#[cfg(feature = "kubernetes")]
mod kube_server;

#[path = "collect_kubernetes/dumps.rs"]
mod dumps;
#[path = "collect_kubernetes/live.rs"]
#[cfg(feature = "kubernetes")]
mod live;
#[path = "collect_kubernetes/live_malformed.rs"]
#[cfg(feature = "kubernetes")]
mod live_malformed;
#[path = "collect_kubernetes/malformed.rs"]
mod malformed;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nonhuman::collect::kubernetes::KubernetesDump;
use nonhuman::collect::{Collector, Context, run};
use nonhuman::inventory::Inventory;
use nonhuman::model::{CoverageEntry, FingerprintKey, Record};

/// Runs a collector and returns its records, in a stable order.
fn records_of(collector: impl Collector + 'static, deadline: Duration) -> Vec<Record> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let context = Context {
        now: "2026-11-22T18:00:00Z".parse().unwrap(),
        fingerprint_key: FingerprintKey::default(),
        progress: Arc::new(|_| {}),
    };
    let (_keep, interrupt) = tokio::sync::watch::channel(false);
    let gathered = runtime.block_on(run(&[Arc::new(collector) as Arc<dyn Collector>], &context, deadline, &interrupt));
    runtime.shutdown_background();
    let mut records = gathered.records;
    records.sort_by_cached_key(|record| serde_json::to_string(record).unwrap());
    records
}

fn inventory_of(records: &[Record]) -> Inventory {
    Inventory::build(records.to_vec())
}

/// The coverage of one thing; there must be exactly one entry.
fn coverage<'a>(records: &'a [Record], what: &str) -> &'a CoverageEntry {
    let entries: Vec<&CoverageEntry> = entries(records).filter(|entry| entry.what == what).collect();
    match entries.as_slice() {
        [one] => one,
        _ => panic!("{what}: {entries:#?} of {:#?}", self::entries(records).collect::<Vec<_>>()),
    }
}

fn entries(records: &[Record]) -> impl Iterator<Item = &CoverageEntry> {
    records.iter().filter_map(|record| match record {
        Record::Coverage(entry) => Some(entry),
        _ => None,
    })
}

fn holes(records: &[Record]) -> Vec<&CoverageEntry> {
    entries(records).filter(|entry| entry.outcome.is_hole()).collect()
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/kubernetes").join(name)
}

/// Reads files as the dump of a cluster called `prod`.
fn dump(paths: &[PathBuf]) -> Vec<Record> {
    let paths = paths.iter().map(|path| ("prod".to_owned(), path.clone())).collect();
    records_of(KubernetesDump { paths, ..KubernetesDump::default() }, Duration::from_secs(30))
}

/// Reads texts as the dump files of a cluster called `prod`.
fn dump_texts(files: &[(&str, &str)]) -> Vec<Record> {
    let directory = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = files
        .iter()
        .map(|(name, text)| {
            let path = directory.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        })
        .collect();
    dump(&paths)
}

/// The recorded cluster as `kubectl` would have dumped it, one file a kind.
fn recorded_dump() -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(fixture("recorded"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("list-"))
        .collect();
    paths.push(fixture("recorded/configmap-legacy-tracking.json"));
    paths.sort();
    paths
}
