//! The formats for forges and build servers, from the real binary: right places, no secret, and never green by mistake.

use serde_json::Value;

use crate::secrets::line;
use crate::tree::{NOW, folder, github_token, run, write};

const FORGES: [&str; 5] = ["sarif", "github", "gitlab", "junit", "markdown"];

#[test]
fn each_names_the_place_and_none_the_value() {
    let folder = folder();
    write(folder.path(), "src/a,b:c.py", format!("import os\n\n  {}", line("place")));
    for format in FORGES {
        let ran = run(folder.path(), &["secrets", "--format", format, "--now", NOW]);
        assert_eq!(ran.code, 1, "{format}");
        assert!(!ran.stdout.contains(&github_token("place")), "{format} holds the secret");
    }
    let text = |format: &str| run(folder.path(), &["secrets", "--format", format, "--now", NOW]).stdout;
    let github = text("github");
    let first =
        "::error file=src/a%2Cb%3Ac.py,line=3,col=8,endColumn=47,title=high leaked-secret%3A Hardcoded secret::";
    assert!(github.starts_with(first), "{github}");
    assert!(github.ends_with("\nnonhuman: 1 finding: 1 high\n"), "{github}");
    let sarif: Value = serde_json::from_str(&text("sarif")).expect("JSON");
    let place = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "src/a%2Cb%3Ac.py");
    let region = serde_json::json!({"startLine": 3, "startColumn": 8, "endLine": 3, "endColumn": 48});
    assert_eq!(place["region"], region);
    let gitlab: Value = serde_json::from_str(&text("gitlab")).expect("JSON");
    let found = &gitlab["vulnerabilities"][0];
    assert_eq!((&found["location"]["file"], &found["location"]["start_line"]), (&"src/a,b:c.py".into(), &3.into()));
    assert_eq!((&found["severity"], &found["identifiers"][0]["value"]), (&"High".into(), &"github-token".into()));
    let junit = text("junit");
    assert!(junit.contains("<testcase classname=\"src/a,b:c.py\" name=\"src/a,b:c.py:3:8\">"), "{junit}");
    assert!(text("markdown").contains("| high | `leaked-secret` | `src/a,b:c.py:3:8` |"));
}

/// What was not read is in each of them, and the run is not clean.
#[test]
fn a_hole_is_in_each() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("empty")).expect("a folder");
    for format in FORGES {
        let ran = run(folder.path(), &["secrets", "empty", "--format", format]);
        assert_eq!(ran.code, 3, "{format}");
        assert!(ran.stdout.contains("there is no text file to scan"), "{format}: {}", ran.stdout);
        assert!(!ran.stdout.contains("Nothing found"), "{format}: {}", ran.stdout);
    }
}

#[test]
fn a_file_is_written_in_the_format_of_its_name() {
    let folder = folder();
    let path = folder.path();
    write(path, "src/a.py", line("files"));
    let files = ["a.sarif", "gl-secret-detection-report.json", "b.junit.xml", "c.xml", "d.md", "e.github.txt"];
    let mut arguments = vec!["secrets", "src"];
    arguments.extend(files.iter().flat_map(|file| ["--output", file]));
    assert_eq!(run(path, &arguments).code, 1);
    let begins = ["{\n  \"$schema\"", "{\n  \"version\": \"15.0.4\"", "<?xml", "<?xml", "### nonhuman", "::error"];
    for (file, begin) in files.iter().zip(begins) {
        let text = std::fs::read_to_string(path.join(file)).expect("it is written");
        assert!(text.starts_with(begin), "{file}: {text}");
    }
    let ran = run(path, &["secrets", "src", "--format", "xml"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("github, gitlab, junit, markdown"), "{}", ran.stderr);
}

/// Weak values that tests hand over fail no gate, and drown nothing: people read how many there are, programs get each.
#[test]
fn what_weighs_nothing_is_counted_for_people() {
    let folder = folder();
    let path = folder.path();
    for name in ["a", "b"] {
        write(path, &format!("tests/test_{name}.py"), "passwd=\"1234\"\nlogin(password=\"mypassword\")\n");
    }
    let ran = |format: &str| run(path, &["secrets", ".", "--format", format, "--now", NOW]);
    let table = ran("table");
    assert_eq!(table.code, 0, "{}", table.stdout);
    assert!(table.stdout.contains("In passing\n  info      4 secrets of no weight in 2 files:"), "{}", table.stdout);
    assert!(table.stdout.contains("at  tests/test_a.py (2)"), "{}", table.stdout);
    assert!(!table.stdout.contains("leaked-secret"), "{}", table.stdout);
    assert!(table.stdout.contains("4 info in 2 files"), "{}", table.stdout);
    let github = ran("github").stdout;
    assert_eq!(github.matches("::notice title=4 secrets of no weight::").count(), 1, "{github}");
    assert_eq!(github.matches("::notice").count(), 1, "{github}");
    let junit = ran("junit").stdout;
    assert!(junit.contains("failures=\"0\"") && junit.matches("<skipped").count() == 4, "{junit}");
    let lines = ran("jsonl").stdout;
    assert_eq!(lines.matches("\"record\":\"finding\"").count(), 4, "{lines}");
    // Beside something that weighs, too.
    write(path, "src/a.py", line("weighs"));
    let table = ran("table");
    assert_eq!(table.code, 1);
    assert!(table.stdout.starts_with("HIGH      file src/a.py\n"), "{}", table.stdout);
    assert!(table.stdout.contains("In passing\n"), "{}", table.stdout);
}

/// Who asks for quiet and for a file gets the file. What no file has is still written where it is asked for.
#[test]
fn a_quiet_run_with_a_file_is_quiet() {
    let folder = folder();
    let path = folder.path();
    write(path, "src/a.py", line("quiet"));
    let said = |arguments: &[&str]| {
        let ran = run(path, &[&["secrets", "src", "--now", NOW], arguments].concat());
        assert_eq!((ran.code, ran.stderr.as_str()), (1, ""), "{arguments:?}");
        ran.stdout
    };
    assert_eq!(said(&["-q", "-o", "a.json", "--format", "json"]), "");
    let file = std::fs::read_to_string(path.join("a.json")).expect("it is written");
    assert_eq!(said(&["-q", "-o", "a.sarif"]), "");
    assert!(said(&["-q", "-o", "a.sarif", "--format", "github"]).starts_with("::error"));
    assert_eq!(said(&["-q", "--format", "json"]), file);
    assert_eq!(said(&["-o", "a.json", "--format", "json"]), file);
}
