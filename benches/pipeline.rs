//! How fast the stages are: `cargo bench`. Compare runs of one machine with each other only.

#![allow(clippy::expect_used, reason = "a benchmark that cannot go on fails")]

use std::collections::BTreeMap;
use std::path::Path;

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use jiff::Timestamp;
use nonhuman::embedded;
use nonhuman::inventory::Inventory;
use nonhuman::link::{Tables, link};
use nonhuman::model::{
    Evidence, Grant, GrantKind, Identity, IdentityKind, Known, Location, Policy, PolicyLanguage, Record, Urn,
};
use nonhuman::rules::{Origin, RuleFile, RuleSet, evaluate};
use nonhuman::secrets::DetectorSet;

fn main() {
    divan::main();
}

/// Our own source, again and again: text as it is in repositories, with no secret in it.
fn source(mebibytes: usize) -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut text = Vec::new();
    while text.len() < mebibytes * 1024 * 1024 {
        for entry in walkdir::WalkDir::new(&root).sort_by_file_name() {
            let entry = entry.expect("src can be walked");
            if entry.file_type().is_file() {
                text.extend(std::fs::read(entry.path()).expect("it is readable"));
            }
        }
    }
    text
}

#[divan::bench(args = [1, 4, 16])]
fn search_for_secrets(bencher: Bencher<'_, '_>, mebibytes: usize) {
    let detectors = DetectorSet::parse(embedded::files("detect")).expect("our own detectors load");
    let text = source(mebibytes);
    bencher.counter(BytesCount::of_slice(&text)).bench(|| black_box(detectors.scan(&text)).len());
}

/// An account of roles with a policy each, every tenth of them powerful.
fn records(roles: usize) -> Vec<Record> {
    let evidence = Evidence {
        observed: Timestamp::UNIX_EPOCH,
        collector: "aws".into(),
        location: Location::Api { call: "bench".into(), resource: "1".into() },
    };
    let mut records = Vec::new();
    for number in 0..roles {
        let id = Urn::new(format!("arn:aws:iam::1:role/{number}"));
        let policy = Urn::new(format!("arn:aws:iam::1:policy/{number}"));
        let action = if number % 10 == 0 { "*" } else { "s3:GetObject" };
        records.push(Record::Identity(Identity {
            id: id.clone(),
            kind: IdentityKind::AwsRole,
            tenant: "1".to_owned(),
            name: number.to_string(),
            enabled: Known::Value(true),
            created: Known::Value(Timestamp::UNIX_EPOCH),
            unique_id: None,
            builtin: false,
            attributes: nonhuman::model::Attributes::default(),
            labels: [("team".to_owned(), (number % 40).to_string())].into_iter().collect(),
            evidence: evidence.clone(),
        }));
        records.push(Record::Policy(Policy {
            id: policy.clone(),
            name: number.to_string(),
            language: PolicyLanguage::AwsIam,
            tenant: "1".to_owned(),
            builtin: false,
            document: serde_json::json!({
                "Version": "2012-10-17",
                "Statement": [{ "Effect": "Allow", "Action": action, "Resource": "*" }],
            })
            .into(),
            other_versions: Vec::new(),
            evidence: evidence.clone(),
        }));
        records.push(Record::Grant(Grant {
            id: Urn::new(format!("{id}#policy/{policy}")),
            to: id,
            policy,
            kind: GrantKind::Policy,
            tenant: "1".to_owned(),
            scope: "account".to_owned(),
            via: Vec::new(),
            evidence: evidence.clone(),
        }));
    }
    records
}

#[divan::bench(args = [100, 1_000, 10_000])]
fn join_and_judge(bencher: Bencher<'_, '_>, roles: usize) {
    let tables = Tables::parse(embedded::facts).expect("our own tables load");
    let files: Vec<_> = embedded::files("audit")
        .into_iter()
        .map(|(path, text)| RuleFile { path: path.to_owned(), text: text.to_owned(), origin: Origin::BuiltIn })
        .collect();
    let rules = RuleSet::load(&files, &BTreeMap::new()).expect("our own rules load");
    bencher.counter(ItemsCount::new(roles)).with_inputs(|| records(roles)).bench_values(|records| {
        let mut inventory = Inventory::build(records);
        link(&mut inventory, &tables);
        evaluate(&inventory, &rules, Timestamp::UNIX_EPOCH).findings.len()
    });
}
