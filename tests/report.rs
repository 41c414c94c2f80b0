//! What readers and other programs get: every format over one made-up world. Judges the text, not how it is made.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "report/forges.rs"]
mod forges;
#[path = "report/html.rs"]
mod html;
#[path = "report/scenario.rs"]
mod scenario;

use std::path::Path;

use nonhuman::inventory::Inventory;
use nonhuman::model::*;
use nonhuman::report::{REPORTS, Style, by_file, by_name};
use scenario::{World, quiet, world};
use serde_json::Value;

fn stored(path: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn schema(path: &str) -> jsonschema::Validator {
    jsonschema::options().should_validate_formats(true).build(&stored(path)).unwrap()
}

/// Fails with every violation and where it is.
fn assert_valid(schema: &jsonschema::Validator, document: &Value) {
    let errors: Vec<_> = schema.iter_errors(document).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

fn json(world: &World, format: &str) -> Value {
    serde_json::from_str(&world.plain(format)).unwrap()
}

#[test]
fn every_format_reads_as_reviewed() {
    // The page has its own, without its style and scripts.
    for (format, text) in world().all().into_iter().filter(|(format, _)| *format != "html") {
        insta::assert_snapshot!(format, text);
    }
}

#[test]
fn colours_are_written_only_when_asked_for() {
    let colored = world().report("table", Style { color: true, width: 80 });
    assert!(colored.contains("\x1b[1m\x1b[31mCRITICAL\x1b[0m"), "{colored}");
    assert!(!world().plain("table").contains('\x1b'));
    let mut bare = colored;
    while let Some(start) = bare.find("\x1b[") {
        let end = start + bare[start..].find('m').unwrap();
        bare.replace_range(start..=end, "");
    }
    assert_eq!(bare, world().plain("table"), "colour changes nothing but colour");
}

#[test]
fn the_table_fits_its_width() {
    for width in [60, 80, 100] {
        let text = world().report("table", Style { color: false, width });
        for line in text.lines() {
            let columns = textwrap::core::display_width(line);
            assert!(columns <= width || line.contains('/'), "{columns} columns of {width}: {line}");
        }
    }
    let text = world().plain("table");
    assert!(text.contains("at  repos/web/config/prod.env:12:9\n"), "a terminal can open the place");
    assert!(text.contains("at  /srv/šablony a#1/notes 日本.md:7:9\n"));
}

#[test]
fn nothing_of_the_world_acts_on_the_reader() {
    for (format, text) in world().all() {
        for (number, line) in text.lines().enumerate() {
            let bad = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            assert!(!line.contains(bad), "{format}:{}: {line:?}", number + 1);
        }
        let is_read_as_markdown = matches!(format, "sarif" | "gitlab" | "markdown");
        assert!(!text.contains("](javascript:") || !is_read_as_markdown, "{format} has a link of a stranger");
    }
}

#[test]
fn escaped_json_means_the_same() {
    let document = json(&world(), "json");
    let names: Vec<_> = document["identities"].as_array().unwrap().iter().map(|row| &row["name"]).collect();
    assert!(names.iter().any(|name| *name == scenario::HOSTILE), "{names:?}");
}

#[test]
fn every_format_tells_of_every_hole() {
    for (format, text) in world().all() {
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for needle in [
            "AccessDenied",
            "larger than 64 MiB",
            "submodules are not read",
            "no people directory",
            "--clusterrole=nhi-reader",
            "left-owner",
        ] {
            assert!(flat.contains(needle), "{format} does not say '{needle}'");
        }
    }
}

#[test]
fn json_is_what_its_schema_says() {
    let schema = schema("docs/schema/scan-v1.json");
    for world in [world(), quiet(scenario::coverage()), quiet(vec![])] {
        assert_valid(&schema, &json(&world, "json"));
    }
    for broken in ["now", "coverage", "summary"] {
        let mut document = json(&world(), "json");
        document.as_object_mut().unwrap().remove(broken);
        assert!(!schema.is_valid(&document), "the schema does not miss '{broken}'");
    }
    let mut document = json(&world(), "json");
    document["identities"][0]["kind"] = "aws.typo".into();
    assert!(!schema.is_valid(&document));
}

#[test]
fn jsonl_is_what_its_schema_says() {
    let schema = schema("docs/schema/findings-v1.json");
    let text = world().plain("jsonl");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    lines.iter().for_each(|line| assert_valid(&schema, line));
    let kinds: Vec<_> = lines.iter().map(|line| line["record"].as_str().unwrap()).collect();
    let expected = [vec!["scan"], vec!["finding"; 6], vec!["coverage"; 7], vec!["not-evaluated"; 4]].concat();
    assert_eq!(kinds, expected);
    assert_eq!(lines[1]["about"]["owner"]["name"], "jana.novak@acme.example", "a line can be routed by itself");
    assert!(!schema.is_valid(&serde_json::json!({"record": "finding"})));
}

#[test]
fn the_schemas_know_every_name() {
    fn names<T: std::fmt::Display>(all: &[T]) -> Vec<String> {
        all.iter().map(ToString::to_string).collect()
    }
    let closed = [
        ("identity_kind", names(IdentityKind::ALL)),
        ("credential_kind", names(CredentialKind::ALL)),
        ("setting_kind", names(SettingKind::ALL)),
        ("capability_kind", names(CapabilityKind::ALL)),
        ("link_kind", names(LinkKind::ALL)),
        ("attribute_name", names(AttributeName::ALL)),
        ("severity", names(Severity::ALL)),
        ("confidence", names(Confidence::ALL)),
        ("fact", names(FactKind::ALL)),
        ("subject_kind", names(SubjectKind::ALL)),
    ];
    if std::env::var_os("UPDATE_SCHEMAS").is_some() {
        for file in ["docs/schema/scan-v1.json", "docs/schema/findings-v1.json"] {
            write_names(file, &closed);
        }
    }
    let schema = stored("docs/schema/scan-v1.json");
    let defs = &schema["$defs"];
    let trusted = names(PrincipalKind::ALL);
    let listed = closed.iter().map(|(name, known)| (&defs[name], known));
    for (listed, known) in listed.chain([(&defs["trusted"]["properties"]["kind"], &trusted)]) {
        let mut listed: Vec<String> = serde_json::from_value(listed["enum"].clone()).unwrap();
        let mut known = known.clone();
        listed.sort();
        known.sort();
        assert_eq!(listed, known, "docs/schema is behind the model: UPDATE_SCHEMAS=1 cargo test --test report");
    }
    for shared in ["identity_kind", "fact", "owner", "summary", "location"] {
        assert_eq!(stored("docs/schema/findings-v1.json")["$defs"][shared], defs[shared], "{shared}");
    }
}

/// Writes the names of the model into a schema, one a line.
fn write_names(file: &str, closed: &[(&str, Vec<String>)]) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let mut text = std::fs::read_to_string(&path).unwrap();
    for (name, known) in closed {
        let Some(start) = text.find(&format!("\n    \"{name}\": {{\"enum\": [")) else { continue };
        let end = start + text[start..].find(']').unwrap();
        let lines: Vec<_> = known.iter().map(|name| format!("      \"{name}\"")).collect();
        text.replace_range(start..end, &format!("\n    \"{name}\": {{\"enum\": [\n{}\n    ", lines.join(",\n")));
    }
    std::fs::write(path, text).unwrap();
}

#[test]
fn sarif_is_what_the_standard_says() {
    let mut published = stored("fixtures/sarif-schema/sarif-schema-2.1.0.json");
    // The published pattern of `language`, which we do not write, has an unmatched bracket and is no valid regex.
    for holder in ["run", "toolComponent"] {
        let language = published["definitions"][holder]["properties"]["language"].as_object_mut().unwrap();
        assert!(language.remove("pattern").is_some());
    }
    let schema = jsonschema::options().should_validate_formats(true).build(&published).unwrap();
    for world in [world(), quiet(scenario::coverage()), quiet(vec![])] {
        assert_valid(&schema, &json(&world, "sarif"));
    }
    let mut document = json(&world(), "sarif");
    document["runs"][0]["results"][0]["level"] = "fatal".into();
    assert!(!schema.is_valid(&document));
}

#[test]
fn sarif_says_where() {
    let document = json(&world(), "sarif");
    let run = &document["runs"][0];
    assert_eq!(run["invocations"][0]["executionSuccessful"], false, "a hole is no success");
    let results = run["results"].as_array().unwrap();
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
        assert_eq!(result["partialFingerprints"]["nonhuman/v1"].as_str().unwrap().len(), 32);
    }
    assert_eq!(run["tool"]["driver"]["rules"].as_array().unwrap().len(), 6, "rules without a hit are not listed");
    let place = |rule: &str| {
        let result = results.iter().find(|result| result["ruleId"] == rule).unwrap();
        result["locations"][0]["physicalLocation"]["artifactLocation"].clone()
    };
    assert_eq!(place("leaked-live-credential")["uri"], "repos/web/config/prod.env");
    assert_eq!(place("leaked-live-credential")["uriBaseId"], "%SRCROOT%");
    assert_eq!(place("leaked-secret")["uri"], "file:///srv/%C5%A1ablony%20a%231/notes%20%E6%97%A5%E6%9C%AC.md");
    assert_eq!(place("administrator")["uri"], "kubernetes/prod/payments/sa/worker", "GitHub refuses a result without");
    let admin = results.iter().find(|result| result["ruleId"] == "administrator").unwrap();
    assert_eq!(admin["locations"][0]["logicalLocations"][0]["fullyQualifiedName"], "k8s:prod/payments/sa/worker");
}

#[test]
fn no_cell_is_a_formula() {
    for format in ["csv", "csv-inventory"] {
        let text = world().plain(format);
        let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
        let rows: Vec<_> = reader.records().map(|row| row.unwrap()).collect();
        assert!(rows.len() > 10);
        for cell in rows.iter().flatten() {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{format}: {cell:?}");
        }
        assert!(rows.iter().flatten().any(|cell| cell.starts_with("'=HYPERLINK")), "{format}");
        assert_eq!(rows.iter().filter(|row| &row[0] == "hole").count(), 2, "{format}");
        assert_eq!(rows.iter().filter(|row| &row[0] == "not-evaluated").count(), 4, "{format}");
    }
}

#[test]
fn the_same_facts_give_the_same_bytes() {
    let (mut first, mut second) = (quiet(vec![]), quiet(vec![]));
    first.inventory = Inventory::build(scenario::records());
    second.inventory = Inventory::build(scenario::records().into_iter().rev().chain(scenario::records()).collect());
    assert_eq!(first.all(), second.all());
    assert_eq!(world().all(), world().all());
}

#[test]
fn finding_nothing_reads_clean_only_when_all_was_read() {
    let clean = quiet(vec![CoverageEntry::complete("aws", "123456789012", "users", 1)]);
    let text = clean.plain("table");
    insta::assert_snapshot!("table-clean", text);
    assert!(text.contains("Nothing found. Looked at 1 identity"));
    assert_eq!(json(&clean, "json")["summary"]["incomplete"], false);
    assert_eq!(json(&clean, "sarif")["runs"][0]["invocations"][0]["executionSuccessful"], true);

    let mut unjudged = quiet(vec![CoverageEntry::complete("aws", "123456789012", "users", 1)]);
    unjudged.rules.clear();
    for (world, why) in [
        (quiet(scenario::coverage()), "2 holes"),
        (quiet(vec![]), "nothing was there"),
        (quiet(vec![CoverageEntry::complete("source", ".", "files", 0)]), "nothing was there"),
        (unjudged, "no rule to judge by"),
    ] {
        let text = world.plain("table").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("INCOMPLETE, not clean") && text.contains(why), "{text}");
        assert!(!text.contains("Nothing found"), "{text}");
        assert!(world.scan().is_incomplete());
        assert_eq!(json(&world, "json")["summary"]["incomplete"], true);
        assert_eq!(json(&world, "sarif")["runs"][0]["invocations"][0]["executionSuccessful"], false);
    }
    let mut hidden = quiet(vec![CoverageEntry::complete("aws", "123456789012", "users", 1)]);
    hidden.below = 7;
    assert!(hidden.plain("table").contains("7 findings below info not shown"));
}

#[test]
fn what_is_cut_is_counted() {
    let mut many = quiet(vec![CoverageEntry::complete("aws", "123456789012", "users", 60)]);
    let finding =
        |n: usize, severity| scenario::finding("unowned", severity, Some(scenario::user(&format!("u{n:02}"))), "x");
    many.findings = (0..60).map(|n| finding(n, if n == 59 { Severity::Critical } else { Severity::Low })).collect();
    many.findings.extend((0..30).map(|_| finding(58, Severity::Low)));
    let text = many.plain("table");
    let heads: Vec<_> = text.lines().filter(|line| line.contains("not in the inventory")).collect();
    assert_eq!(heads.len(), 50);
    assert!(heads[0].starts_with("CRITICAL") && heads[0].contains("user/u59"), "the worst is first: {}", heads[0]);
    assert!(heads[1].contains("user/u58"), "then the one with most findings: {}", heads[1]);
    assert!(text.contains("… and 10 more groups with 10 findings"), "{text}");
    assert!(text.contains("… and 6 more findings here"), "{text}");
    assert_eq!(json(&many, "json")["findings"].as_array().unwrap().len(), 90);
}

#[test]
fn formats_are_found_by_name_and_file() {
    let named = |path: &str| by_file(Path::new(path)).map(|report| report.name());
    assert_eq!(named("out/acme.JSON"), Some("json"));
    assert_eq!(named("acme.jsonl"), Some("jsonl"));
    assert_eq!(named("acme.csv"), Some("csv"));
    assert_eq!(named("acme.inventory.csv"), Some("csv-inventory"));
    assert_eq!(named("acme.sarif"), Some("sarif"));
    assert_eq!(named("acme.sarif.json"), Some("sarif"));
    assert_eq!(named("acme.txt"), Some("table"));
    assert_eq!(named("acme.github.txt"), Some("github"));
    assert_eq!(named("gl-secret-detection-report.json"), Some("gitlab"));
    assert_eq!(named("acme.gitlab.json"), Some("gitlab"));
    assert_eq!(named("TEST-acme.xml"), Some("junit"));
    assert_eq!(named("summary.md"), Some("markdown"));
    assert_eq!(named("acme.html"), Some("html"));
    assert_eq!(named("json"), None);
    assert_eq!(named(".."), None);
    assert!(by_name("xml").is_none());
    for report in REPORTS {
        assert_eq!(by_name(report.name()).unwrap().name(), report.name());
    }
}
