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
