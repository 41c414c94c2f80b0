//! The Parquet files from the real binary: what they hold, what they must not hold, and that DuckDB reads them. That needs
//! `NONHUMAN_DUCKDB`, a Python with the package duckdb; `./test` sets it.

use std::io::Read;
use std::path::Path;
use std::process::Command;

use flate2::read::GzDecoder;
use serde_json::Value;

use crate::tree::{NOW, folder, github_token, project, run, write};

/// The values of all columns as they lie in the file, unpacked.
fn unpacked(path: &Path) -> String {
    let bytes = std::fs::read(path).expect("it is written");
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"), "{}", path.display());
    let mut text = Vec::new();
    for at in 0..bytes.len() - 3 {
        // The head of a gzip member (RFC 1952, 2.3).
        if bytes[at..].starts_with(&[0x1f, 0x8b, 8]) {
            let mut member = Vec::new();
            if GzDecoder::new(&bytes[at..]).read_to_end(&mut member).is_ok() {
                text.extend(member);
            }
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn holes_are_in_it_and_secrets_are_not() {
    let folder = folder();
    let path = folder.path();
    let token = github_token("parquet");
    write(path, "t/a.py", format!("t = \"{token}\"\n"));
    std::fs::create_dir(path.join("empty")).expect("a folder");
    let files = ["-o", "a.parquet", "-o", "a.inventory.parquet"];
    let ran = run(path, &[&["scan", "t", "empty", "--isolated", "--now", NOW], files.as_slice()].concat());
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    for name in ["a.parquet", "a.inventory.parquet"] {
        let text = unpacked(&path.join(name));
        assert!(text.contains("there is no text file to scan") && text.contains("hole"), "{name}: {text}");
        assert!(!text.contains(&token), "{name}");
    }
    assert!(unpacked(&path.join("a.parquet")).contains("leaked-secret"));
    let before = std::fs::read(path.join("a.parquet")).expect("it is there");
    run(path, &[&["scan", "t", "empty", "--isolated", "--now", NOW, "--threads", "1"], files.as_slice()].concat());
    assert!(
        std::fs::read(path.join("a.parquet")).expect("it is there") == before,
        "the same input gives the same bytes"
    );
}

/// A finding about an organisation's settings has no identity, and is of that organisation all the same.
#[test]
fn settings_are_of_their_tenant() {
    let folder = folder();
    let path = folder.path().join("a.csv");
    let out = path.to_string_lossy();
    run(&project(), &["scan", "fixtures/acme", "--isolated", "--now", NOW, "-o", &out]);
    let text = std::fs::read_to_string(&path).expect("it is written");
    let mut table = csv::Reader::from_reader(text.as_bytes());
    let columns: Vec<String> = table.headers().expect("a head").iter().map(str::to_owned).collect();
    let at = |name: &str| columns.iter().position(|column| column == name).expect("a column");
    let rows: Vec<csv::StringRecord> = table.records().map(|row| row.expect("a row")).collect();
    let alone = rows.iter().filter(|row| &row[at("record")] == "finding" && row[at("identity")].is_empty());
    let tenants: std::collections::BTreeSet<&str> =
        alone.filter(|row| !row[at("subject")].starts_with("exposure:")).map(|row| &row[at("tenant")]).collect();
    assert_eq!(Vec::from_iter(tenants), ["acme.okta.example", "fixtures/acme", "prod"]);
}

/// What DuckDB is asked, and how the answers are printed.
const QUERIES: &str = "import duckdb, json, sys
findings, identities = sys.argv[1:]
ask = lambda text: duckdb.sql(text).fetchall()
print(json.dumps({
  'severities': dict(ask(f\"select severity, count(*) from '{findings}' where record = 'finding' group by 1\")),
  'fingerprints': sorted(row[0] for row in ask(f\"select fingerprint from '{findings}' where record = 'finding'\")),
  'maps': ask(f\"select count(*) from (select unnest(maps) from '{findings}')\")[0][0],
  'trees': ask(f\"select count(*) from '{findings}' where line is not null and tenant is null\")[0][0],
  'lines': ask(f\"select sum(line), count(line) from '{findings}'\")[0],
  'new': ask(f\"select count(*) from '{findings}' where history = 'new' and first_seen = scanned_at\")[0][0],
  'coverage': ask(f\"select count(*) from '{findings}' where record in ('read', 'hole', 'not-read')\")[0][0],
  'names': sorted(row[0] for row in ask(f\"select identity from '{identities}' where record = 'identity'\")),
  'types': dict((row[0], row[1]) for row in ask(f\"describe select * from '{identities}'\")),
  'labels': ask(f\"select labels->>'owner' from '{identities}' where name = 'deploy-bot'\")[0][0],
  'power': ask(f\"select count(*) from '{identities}' where administrator\")[0][0],
  'created': str(ask(f\"select created at time zone 'UTC' from '{identities}' where name = 'deploy-bot'\")[0][0]),
  'foot': dict(ask(f\"select key::varchar, value::varchar from parquet_kv_metadata('{findings}')\")),
}))";

#[test]
fn duckdb_reads_what_the_json_report_says() {
    let Some(python) = std::env::var_os("NONHUMAN_DUCKDB") else {
        eprintln!("skipped: NONHUMAN_DUCKDB is not set; name a Python with the package duckdb, or run ./test");
        return;
    };
    let folder = folder();
    let path = folder.path();
    let out = |name: &str| path.join(name).to_string_lossy().into_owned();
    let names = ["a.json", "a.parquet", "a.inventory.parquet"].map(out);
    let arguments =
        ["scan", "fixtures/acme", "--isolated", "--now", NOW, "-o", &names[0], "-o", &names[1], "-o", &names[2]];
    let history = out("h.db");
    let ran = run(&project(), &[arguments.as_slice(), &["--history-file", &history]].concat());
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let answer = Command::new(python).args(["-c", QUERIES, &names[1], &names[2]]).output().expect("it starts");
    assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
    let told: Value = serde_json::from_slice(&answer.stdout).expect("JSON");
    let report: Value = serde_json::from_str(&std::fs::read_to_string(&names[0]).expect("it is there")).expect("JSON");
    let list = |name: &str| report[name].as_array().expect("a list").clone();
    let sorted = |name: &str, field: &str| {
        let mut all: Vec<Value> = list(name).iter().map(|one| one[field].clone()).collect();
        all.sort_by_key(ToString::to_string);
        Value::from(all)
    };
    for (severity, count) in report["summary"]["findings"].as_object().expect("an object") {
        assert_eq!(told["severities"].get(severity).cloned().unwrap_or(0.into()), *count, "{severity}");
    }
    assert_eq!(told["fingerprints"], sorted("findings", "fingerprint"));
    assert_eq!(told["names"], sorted("identities", "id"));
    let maps: usize = list("findings").iter().map(|one| one["maps"].as_array().expect("a list").len()).sum();
    assert_eq!(told["maps"], maps);
    assert_eq!(told["trees"], 0, "a secret in a file is in a tree");
    let lines: Vec<u64> =
        list("findings").iter().filter_map(|one| one["evidence"][0]["location"]["line"].as_u64()).collect();
    assert_eq!(told["lines"], serde_json::json!([lines.iter().sum::<u64>(), lines.len()]));
    assert_eq!(
        (told["new"].clone(), told["coverage"].clone()),
        (list("findings").len().into(), list("coverage").len().into())
    );
    for (name, kind) in [
        ("administrator", "BOOLEAN"),
        ("created", "TIMESTAMP WITH TIME ZONE"),
        ("capabilities", "VARCHAR[]"),
        ("findings", "BIGINT"),
    ] {
        assert_eq!(told["types"][name], kind, "{name}");
    }
    let bot = list("identities").into_iter().find(|one| one["name"] == "deploy-bot").expect("it is there");
    assert_eq!(told["labels"], bot["labels"]["owner"]);
    let created = told["created"].as_str().expect("text").replace(' ', "T") + "Z";
    assert_eq!(created, bot["created"].as_str().expect("text"));
    assert!(told["power"].as_u64().expect("a number") > 3, "{told}");
    assert_eq!(
        (told["foot"]["incomplete"].clone(), told["foot"]["schema"].clone()),
        ("false".into(), "nonhuman/parquet-findings/v1".into())
    );
}
