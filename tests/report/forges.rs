//! What forges and build servers get: the formats that they prescribe, held against what they document.

use jiff::civil::date;
use nonhuman::model::*;
use serde_json::{Value, json};

use crate::scenario::{World, exposure, file, finding, quiet, world};

/// A world with one secret of an old commit and one that a baseline accepts, written in Base64.
fn history() -> World {
    let commit = |in_head| Commit {
        id: "0123456789abcdef0123456789abcdef01234567".to_owned(),
        author: "Jana".to_owned(),
        email: "jana@acme.example".to_owned(),
        date: parse_timestamp("2024-05-06T07:08:09Z").unwrap(),
        in_head,
        in_message: false,
        lies_at: in_head.then(|| file("", "src/there.py", 51).location),
    };
    let mut old = exposure("old", file("", "src/gone.py", 3));
    old.introduced = Some(commit(false));
    let mut accepted = exposure("accepted", file("", "src/there.py", 9));
    accepted.introduced = Some(commit(true));
    accepted.encoding = vec!["gzip".to_owned(), "base64".to_owned()];
    let about = |one: &Exposure| {
        let mut found = finding("leaked-secret", Severity::High, None, &format!("A key lies in {}", one.id));
        found.subject = one.id.clone();
        found.subject_kind = SubjectKind::Exposure;
        found.evidence = vec![one.evidence.clone()];
        found
    };
    let (first, mut second) = (about(&old), about(&accepted));
    second.baseline = Some(Box::new(BaselineNote {
        state: BaselineState::Accepted,
        path: "src/there.py".to_owned(),
        reason: "a key of the tests".to_owned(),
        owner: "team-a".to_owned(),
        by: String::new(),
        expires: Some(date(2027, 1, 31)),
    }));
    let mut world = quiet(vec![CoverageEntry::complete("source", ".", "files", 2)]);
    let records = [old, accepted].map(|one| Record::Exposure(Box::new(one)));
    world.inventory = nonhuman::inventory::Inventory::build(
        records.into_iter().chain([Record::Coverage(CoverageEntry::complete("source", ".", "files", 2))]).collect(),
    );
    world.findings = vec![first, second];
    world
}

#[test]
fn every_format_of_one_line_says_who_brought_it_and_what_is_accepted() {
    let world = history();
    for format in ["table", "csv", "sarif", "github", "gitlab", "junit", "markdown"] {
        let flat = world.plain(format).replace("\\\"", "\"").split_whitespace().collect::<Vec<_>>().join(" ");
        for told in [
            "brought by commit 0123456789ab of Jana",
            "on 2024-05-06",
            "it lies in HEAD no more",
            "in HEAD it lies in line 51",
            "written as base64 within gzip",
            "accepted in the baseline: a key of the tests, team-a, until 2027-01-31",
        ] {
            assert!(flat.contains(told), "{format} does not say '{told}': {flat}");
        }
    }
    let lines: Vec<Value> = world.plain("jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[1]["rule"], "leaked-secret");
    assert_eq!((lines[1]["path"].clone(), lines[1]["line"].clone()), (json!("src/gone.py"), json!(3)));
    assert_eq!(
        (lines[1]["detector"].clone(), lines[2]["encoding"].clone()),
        (json!("aws-access-key"), json!(["gzip", "base64"]))
    );
    assert_eq!(
        (lines[1]["introduced"]["in_head"].clone(), lines[2]["baseline"]["state"].clone()),
        (json!(false), json!("accepted"))
    );
    let summary = &lines[0]["summary"];
    assert_eq!((summary["in_baseline"].clone(), summary["findings"]["high"].clone()), (json!(1), json!(2)));
}

#[test]
fn the_history_in_json_is_what_the_schemas_say() {
    let world = history();
    crate::assert_valid(&crate::schema("docs/schema/scan-v1.json"), &crate::json(&world, "json"));
    let schema = crate::schema("docs/schema/findings-v1.json");
    for line in world.plain("jsonl").lines() {
        crate::assert_valid(&schema, &serde_json::from_str(line).unwrap());
    }
}

/// GitHub refuses a whole file in which one result has no physical location.
#[test]
fn every_result_has_a_place_that_code_scanning_takes() {
    for world in [world(), history()] {
        let document = crate::json(&world, "sarif");
        for result in document["runs"][0]["results"].as_array().unwrap() {
            let place = &result["locations"][0]["physicalLocation"];
            assert!(place["artifactLocation"]["uri"].as_str().is_some_and(|uri| !uri.is_empty()), "{result}");
            assert!(place["region"]["startLine"].as_u64().is_some_and(|line| line >= 1), "{result}");
        }
    }
    let document = crate::json(&history(), "sarif");
    let results = &document["runs"][0]["results"];
    let uri = |number: usize| {
        results[number]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap().to_owned()
    };
    assert_eq!((uri(0).as_str(), uri(1).as_str()), ("git/0123456789ab/src/gone.py", "src/there.py"));
    // What moved since stands where it lies today, and the commit's place beside it.
    let line = |place: &Value| place["physicalLocation"]["region"]["startLine"].clone();
    assert_eq!(line(&results[1]["locations"][0]), 51);
    let brought = &results[1]["relatedLocations"][0];
    assert_eq!(line(brought), 9);
    let uri = &brought["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(uri, "git/0123456789ab/src/there.py");
    assert!(history().plain("github").contains("file=src/there.py,line=51,"), "{}", history().plain("github"));
    let gitlab = crate::json(&history(), "gitlab");
    let place = &gitlab["vulnerabilities"][1]["location"];
    assert_eq!((place["start_line"].clone(), place["commit"]["sha"].clone()), (json!(51), json!("0000000")));
    assert_eq!(results[0]["suppressions"], Value::Null);
    assert_eq!(results[1]["suppressions"][0]["kind"], "external");
    assert_eq!(results[1]["suppressions"][0]["status"], "accepted");
}

/// docs.github.com, "Workflow commands": `::error file=…,line=…,col=…,endColumn=…,title=…::message`.
#[test]
fn github_gets_commands_worst_first_and_a_last_line() {
    let text = world().plain("github");
    let lines: Vec<&str> = text.lines().collect();
    let first =
        "::error file=repos/web/config/prod.env,line=12,col=9,endColumn=28,title=critical leaked-live-credential%3A";
    assert!(lines[0].starts_with(first), "{}", lines[0]);
    let (commands, last) = lines.split_at(lines.len() - 1);
    let kinds: Vec<&str> = commands.iter().map(|line| line.split([' ', ':']).nth(2).unwrap()).collect();
    assert_eq!(kinds[..6], ["error", "error", "error", "warning", "notice", "notice"]);
    for line in commands {
        let (head, _) = line.strip_prefix("::").and_then(|rest| rest.split_once("::")).expect("a command");
        let (kind, properties) = head.split_once(' ').expect("properties");
        assert!(["error", "warning", "notice"].contains(&kind), "{line}");
        for property in properties.split(',') {
            let (name, value) = property.split_once('=').expect("a value");
            assert!(["file", "line", "endLine", "col", "endColumn", "title"].contains(&name), "{line}");
            assert!(!value.contains(':'), "{line}");
        }
    }
    assert_eq!(
        last,
        [
            "nonhuman: 6 findings: 1 critical, 2 high, 1 medium, 1 low, 1 info; incomplete: 2 holes; 1 allowed in place; 4 of the rules not evaluated everywhere"
        ]
    );
    let text = history().plain("github");
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("::error title="), "a line of an old commit is none of today: {}", lines[0]);
    assert!(
        lines[1].starts_with("::notice file=src/there.py,line=51,"),
        "what is accepted fails nothing: {}",
        lines[1]
    );
    assert_eq!(
        quiet(vec![CoverageEntry::complete("source", ".", "files", 2)]).plain("github"),
        "nonhuman: Nothing found in 2 files\n"
    );
}

/// GitLab, security report schemas 15.0.4, secret detection: the fields that it requires and the forms it prescribes.
fn gitlab_schema() -> Value {
    let text = json!({"type": "string", "minLength": 1});
    let time = json!({"type": "string", "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}$"});
    let tool = json!({
        "required": ["id", "name", "version", "vendor"],
        "properties": {"id": text, "name": text, "version": text, "vendor": {"required": ["name"], "properties": {"name": text}}},
    });
    json!({
        "required": ["scan", "version", "vulnerabilities"],
        "properties": {
            "version": {"const": "15.0.4"},
            "scan": {
                "required": ["analyzer", "end_time", "scanner", "start_time", "status", "type"],
                "properties": {
                    "analyzer": tool, "scanner": tool, "start_time": time, "end_time": time,
                    "status": {"enum": ["success", "failure"]}, "type": {"const": "secret_detection"},
                    "messages": {"items": {
                        "required": ["level", "value"],
                        "properties": {"level": {"enum": ["info", "warn", "fatal"]}, "value": text},
                    }},
                },
            },
            "vulnerabilities": {"type": "array", "items": {
                "required": ["id", "identifiers", "location"],
                "properties": {
                    "id": text,
                    "name": {"type": "string", "maxLength": 255},
                    "description": {"type": "string", "maxLength": 1_048_576},
                    "severity": {"enum": ["Info", "Unknown", "Low", "Medium", "High", "Critical"]},
                    "solution": {"type": "string", "maxLength": 7000},
                    "identifiers": {"minItems": 1, "items": {
                        "required": ["type", "name", "value"], "properties": {"type": text, "name": text, "value": text},
                    }},
                    "location": {
                        "required": ["commit"],
                        "properties": {
                            "file": {"type": "string"}, "start_line": {"type": "number"}, "end_line": {"type": "number"},
                            "commit": {"required": ["sha"], "properties": {"sha": text}},
                        },
                    },
                    "raw_source_code_extract": false,
                },
            }},
        },
    })
}

#[test]
fn gitlab_gets_what_its_schema_requires() {
    let schema = jsonschema::validator_for(&gitlab_schema()).unwrap();
    for world in [world(), history(), quiet(vec![])] {
        crate::assert_valid(&schema, &crate::json(&world, "gitlab"));
    }
    let document = crate::json(&world(), "gitlab");
    assert_eq!(document["scan"]["status"], "failure", "a hole is no success");
    let document = crate::json(&history(), "gitlab");
    assert_eq!(document["scan"]["status"], "success");
    let first = &document["vulnerabilities"][0];
    assert_eq!(first["identifiers"][0]["value"], "aws-access-key");
    assert_eq!(first["location"]["commit"]["sha"], "0123456789abcdef0123456789abcdef01234567");
    assert_eq!(
        (first["location"]["file"].clone(), first["location"]["start_line"].clone()),
        (json!("src/gone.py"), json!(3))
    );
    let id: Vec<usize> = first["id"].as_str().unwrap().split('-').map(str::len).collect();
    assert_eq!(id, [8, 4, 4, 4, 12], "it looks like a UUID");
}

/// Every tag is closed in its order, every count is that of what is in it.
#[test]
fn junit_is_whole_and_counts_right() {
    for world in [world(), history(), quiet(vec![])] {
        let text = world.plain("junit");
        let mut open: Vec<&str> = Vec::new();
        for tag in text.split('<').skip(2).map(|part| part.split_once('>').expect("an end").0) {
            let name = tag.split([' ', '/']).find(|part| !part.is_empty()).unwrap();
            match (tag.starts_with('/'), tag.ends_with('/')) {
                (true, _) => assert_eq!(open.pop(), Some(name)),
                (false, false) => open.push(name),
                (false, true) => {}
            }
            assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        }
        assert!(open.is_empty(), "{open:?}");
        let number = |text: &str, name: &str| -> usize {
            text.split_once(&format!(" {name}=\"")).unwrap().1.split('"').next().unwrap().parse().unwrap()
        };
        assert_eq!(number(&text, "tests"), text.matches("<testcase ").count());
        assert_eq!(number(&text, "failures"), text.matches("<failure ").count());
        assert_eq!(number(&text, "errors"), text.matches("<error ").count());
        for suite in text.split("<testsuite ").skip(1) {
            let head = format!(" {}", suite.split('>').next().unwrap());
            assert_eq!(number(&head, "tests"), suite.matches("<testcase ").count());
            assert_eq!(number(&head, "skipped"), suite.matches("<skipped ").count());
        }
    }
    let text = world().plain("junit");
    assert_eq!(text.matches("<failure ").count(), 5, "what is told for information is none");
    assert_eq!(text.matches("<error ").count(), 2, "each hole is an error");
    assert!(
        history().plain("junit").contains("<skipped message=\"A key lies in exposure:accepted"),
        "accepted is no failure"
    );
}

#[test]
fn markdown_is_one_table_whatever_the_world_holds() {
    let text = world().plain("markdown");
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
    assert_eq!(rows.len(), 2 + 6);
    for row in rows {
        let bars = row.replace("\\\\", "").replace("\\|", "").matches('|').count();
        assert_eq!(bars, 6, "{row}");
    }
    let prose: String = text.split('`').step_by(2).collect();
    assert!(!prose.contains("<script") && text.contains("&lt;script&gt;"), "{text}");
    let mut many = history();
    many.findings = vec![many.findings[0].clone(); 70];
    assert!(many.plain("markdown").contains("… and 20 more, none worse than these"));
}
