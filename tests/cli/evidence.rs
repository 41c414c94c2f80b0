//! The auditor's pack: whole, the same for the same input, and valid where a standard says what that is.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use walkdir::WalkDir;

use crate::tree::{NOW, folder, project, run};

fn pack(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let below = |path: &Path| path.strip_prefix(folder).expect("below").to_string_lossy().replace('\\', "/");
    WalkDir::new(folder)
        .into_iter()
        .map(|entry| entry.expect("it can be walked").into_path())
        .filter(|path| path.is_file())
        .map(|path| (below(&path), std::fs::read(&path).expect("it is readable")))
        .collect()
}

fn make(folder: &Path, name: &str) -> BTreeMap<String, Vec<u8>> {
    let target = folder.join(name);
    let arguments = ["evidence", &target.to_string_lossy(), "fixtures/acme", "--isolated", "--now", NOW];
    let ran = run(&project(), &arguments);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""), "{}", ran.stdout);
    pack(&target)
}

#[test]
fn the_pack_is_whole_and_the_same_twice() {
    let folder = folder();
    let (one, two) = (make(folder.path(), "one"), make(folder.path(), "two"));
    assert_eq!(one, two);
    let manifest: Value = serde_json::from_slice(&one["manifest.json"]).expect("JSON");
    assert_eq!((manifest["complete"].clone(), manifest["now"].as_str()), (Value::Bool(true), Some(NOW)));
    let listed: Vec<&str> =
        manifest["files"].as_array().expect("a list").iter().filter_map(|file| file["path"].as_str()).collect();
    let others: Vec<&str> =
        one.keys().map(String::as_str).filter(|name| !["manifest.json", "SHA256SUMS"].contains(name)).collect();
    let mut sorted = listed.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, others);
    for name in ["scan.json", "review.csv", "oscal-assessment-results.json", "rules/audit/any/leaked-secret.toml"] {
        assert!(others.contains(&name), "{name}: {others:?}");
    }
    let sums = std::process::Command::new("sha256sum")
        .args(["--check", "--strict", "--quiet", "SHA256SUMS"])
        .current_dir(folder.path().join("one"))
        .output()
        .expect("coreutils are there");
    assert!(sums.status.success(), "{}", String::from_utf8_lossy(&sums.stderr));
    // It is made once.
    let target = folder.path().join("one");
    let ran = run(&project(), &["evidence", &target.to_string_lossy(), "fixtures/acme", "--isolated"]);
    assert_eq!((ran.code, ran.stderr.contains("it is not empty")), (2, true), "{}", ran.stderr);
}

#[test]
fn the_review_sheet_has_a_row_an_identity_and_room_to_write() {
    let folder = folder();
    let files = make(folder.path(), "pack");
    let scan: Value = serde_json::from_slice(&files["scan.json"]).expect("JSON");
    let mut sheet = csv::Reader::from_reader(files["review.csv"].as_slice());
    let columns: Vec<String> = sheet.headers().expect("a head").iter().map(str::to_owned).collect();
    assert_eq!(columns[columns.len() - 4..], ["decision", "reviewer", "reviewed_on", "comment"]);
    let at = |name: &str| columns.iter().position(|column| column == name).expect("a column");
    let rows: Vec<csv::StringRecord> = sheet.records().map(|row| row.expect("a row")).collect();
    assert_eq!(rows.len(), scan["identities"].as_array().expect("a list").len());
    let bot = rows.iter().find(|row| row[at("identity")].ends_with(":user/deploy-bot")).expect("it is there");
    assert_eq!((&bot[at("owner_status")], &bot[at("decision")]), ("left", ""));
    let shipper = rows.iter().find(|row| row[at("identity")].ends_with(":role/log-shipper")).expect("it is there");
    assert!(shipper[at("rights")].contains("administrator in account 429710886354"), "{shipper:?}");
}

/// The schema is NIST's own; see fixtures/oscal-schema/NOTICE.md.
#[test]
fn the_results_are_valid_oscal() {
    let folder = folder();
    let files = make(folder.path(), "pack");
    let results: Value = serde_json::from_slice(&files["oscal-assessment-results.json"]).expect("JSON");
    let schema = std::fs::read(project().join("fixtures/oscal-schema/oscal_assessment-results_schema.json"));
    let schema: Value = serde_json::from_slice(&schema.expect("it is there")).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let errors: Vec<String> =
        validator.iter_errors(&results).map(|error| format!("{}: {error}", error.instance_path())).take(5).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    assert!(!validator.is_valid(&serde_json::json!({"assessment-results": {}})), "the schema is blind");
    let result = &results["assessment-results"]["results"][0];
    let scan: Value = serde_json::from_slice(&files["scan.json"]).expect("JSON");
    let observations = result["observations"].as_array().expect("a list");
    let of_findings = observations.iter().filter(|one| one["types"][0] == "finding");
    assert_eq!(of_findings.count(), scan["findings"].as_array().expect("a list").len());
    let uuids: std::collections::BTreeSet<&str> = observations.iter().filter_map(|one| one["uuid"].as_str()).collect();
    assert_eq!(uuids.len(), observations.len());
    let conclusions = result["findings"].as_array().expect("a list");
    let of = |control: &str| conclusions.iter().find(|one| one["target"]["target-id"] == control).cloned();
    let least = of("NIST-800-53_AC-6").expect("administrators speak against least privilege");
    assert_eq!(least["target"]["status"]["state"], "not-satisfied");
    for related in least["related-observations"].as_array().expect("a list") {
        assert!(uuids.contains(related["observation-uuid"].as_str().expect("text")), "{related}");
    }
}

/// INVARIANT: of what nobody asked, the pack says nothing; and that a rule is silent satisfies no control.
#[test]
fn the_silence_of_rules_is_an_observation_where_they_were_asked() {
    let folder = folder();
    let path = folder.path();
    crate::tree::write(path, "clean/a", "x\n");
    for arguments in
        [["evidence", "pack", "clean", "--isolated"], ["secrets", "clean", "--isolated", "--evidence=pack"]]
    {
        let _ = std::fs::remove_dir_all(path.join("pack"));
        let ran = run(path, &arguments);
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
        let results: Value =
            serde_json::from_slice(&pack(&path.join("pack"))["oscal-assessment-results.json"]).expect("JSON");
        let result = &results["assessment-results"]["results"][0];
        assert_eq!((&result["findings"], &result["observations"]), (&Value::Null, &Value::Null), "{arguments:?}");
    }
    // Of what was asked it does.
    let files = make(path, "acme");
    let results: Value = serde_json::from_slice(&files["oscal-assessment-results.json"]).expect("JSON");
    let result = &results["assessment-results"]["results"][0];
    let conclusions = result["findings"].as_array().expect("a list");
    let is_against = |one: &Value| one["target"]["status"]["state"] == "not-satisfied";
    assert!(!conclusions.is_empty() && conclusions.iter().all(is_against), "{conclusions:?}");
    let observations = result["observations"].as_array().expect("a list").iter();
    let silent: Vec<&Value> = observations.filter(|one| one["types"][0] == "control-objective").collect();
    let told = |one: &Value| one["description"].as_str().is_some_and(|text| text.contains("none holds"));
    assert!(!silent.is_empty() && silent.iter().all(|one| told(one)), "{silent:?}");
    let spoken_against =
        |one: &&Value| conclusions.iter().any(|it| it["target"]["target-id"] == one["props"][0]["value"]);
    assert_eq!(silent.iter().copied().filter(spoken_against).count(), 0);
    let is_technique = |one: &Value| one["target"]["target-id"].as_str().expect("text").starts_with("MITRE-ATTACK");
    assert!(!conclusions.iter().any(is_technique), "a technique is no control");
}

#[test]
fn the_pack_holds_what_the_report_leaves_out() {
    let folder = folder();
    let path = folder.path();
    crate::tree::write(path, "t/a.py", crate::secrets::line("a"));
    let scan = |day: &str, more: &[&str]| {
        run(path, &[&["secrets", "t", "--isolated", "--history-file", "h.db", "--now", day], more].concat())
    };
    assert_eq!(scan("2026-11-20", &[]).code, 1);
    let ran = scan("2026-11-21", &["--only", "new", "--min-severity", "critical", "--evidence", "pack"]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    let files = pack(&path.join("pack"));
    let manifest: Value = serde_json::from_slice(&files["manifest.json"]).expect("JSON");
    assert_eq!(manifest["summary"]["findings"]["high"], 1, "{manifest}");
    assert!(String::from_utf8_lossy(&files["findings.csv"]).contains("leaked-secret"));
    assert!(String::from_utf8_lossy(&files["oscal-assessment-results.json"]).contains("not-satisfied"));
}
