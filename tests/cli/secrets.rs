//! `nonhuman secrets`: the gate over trees, files, lists and standard input, and nothing else.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::tree::{NOW, Ran, folder, github_token, nonhuman, project, run, write};

/// Runs the gate and reads its report.
pub(crate) fn gate(folder: &Path, arguments: &[&str]) -> (i32, Value) {
    let mut all = vec!["secrets", "--format", "json", "--now", NOW];
    all.extend(arguments);
    read(run(folder, &all))
}

fn read(ran: Ran) -> (i32, Value) {
    let report = serde_json::from_str(&ran.stdout);
    (ran.code, report.unwrap_or_else(|error| panic!("{error}: {}{}", ran.stdout, ran.stderr)))
}

/// Runs the binary with something on its standard input.
pub(crate) fn feed(folder: &Path, arguments: &[&str], input: &[u8]) -> Ran {
    let mut command = nonhuman(folder);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    // It may end without having read all.
    let _ = child.stdin.take().expect("a pipe").write_all(input);
    child.wait_with_output().expect("it ends").into()
}

/// Every finding as `rule path:line`.
pub(crate) fn found(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().expect("a list").iter();
    let mut found: Vec<String> = findings
        .map(|one| {
            let place = &one["evidence"][0]["location"];
            let (root, path) = (place["root"].as_str().expect("text"), place["path"].as_str().expect("text"));
            let parts: Vec<&str> = [root, path].into_iter().filter(|part| !part.is_empty()).collect();
            format!("{} {}:{}", one["rule"].as_str().expect("text"), parts.join("/"), place["line"])
        })
        .collect();
    found.sort();
    found
}

/// The coverage of one thing: how it ended, how many, and what is said of it.
pub(crate) fn said(report: &Value, what: &str) -> Option<(String, u64, String)> {
    let entry = report["coverage"].as_array().expect("a list").iter().find(|one| one["what"] == what)?;
    let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    Some((text("outcome"), entry["count"].as_u64().expect("a number"), text("detail")))
}

pub(crate) fn line(seed: &str) -> String {
    format!("t = \"{}\"\n", github_token(seed))
}

#[test]
fn a_tree_a_file_and_this_directory_are_searched() {
    let folder = folder();
    let path = folder.path();
    write(path, "src/a.py", line("a"));
    write(path, "b.py", format!("import os\n{}", line("b")));
    assert_eq!(gate(path, &[]).1["inputs"], serde_json::json!(["source ."]));
    let (code, report) = gate(path, &[]);
    assert_eq!(
        (code, found(&report)),
        (1, vec!["leaked-secret b.py:2".to_owned(), "leaked-secret src/a.py:1".to_owned()])
    );
    assert_eq!(found(&gate(path, &["src"]).1), ["leaked-secret src/a.py:1"]);
    assert_eq!(found(&gate(path, &["b.py"]).1), ["leaked-secret b.py:2"]);
    write(path, "clean/a.py", "x = 1\n");
    assert_eq!(gate(path, &["clean"]).0, 0);
    assert_eq!(gate(path, &["clean", "--fail-on", "info"]).0, 0);
    assert_eq!(gate(path, &["src", "--exit-zero"]).0, 0);
    assert_eq!(gate(path, &["src", "--fail-on", "critical"]).0, 0);
    let ran = run(path, &["secrets", "nowhere"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("nowhere: "), "{}", ran.stderr);
}

/// The same findings, fingerprints and severities as those of `scan`.
#[test]
fn the_gate_finds_what_scan_finds() {
    let rows = |command: &str| {
        let mut arguments = vec![command, "fixtures/acme/repos", "--isolated", "--now", NOW, "--format", "json"];
        if command == "scan" {
            arguments.push("--no-discover");
        }
        let (code, report) = read(run(&project(), &arguments));
        assert_eq!(code, 1);
        let findings = report["findings"].as_array().expect("a list").clone();
        findings.into_iter().filter(|one| one["subject_kind"] == "exposure").collect::<Vec<_>>()
    };
    let gate = rows("secrets");
    assert!(gate.len() > 5);
    assert_eq!(gate, rows("scan"));
}

/// No export, no people directory and no cloud is looked for, and no rule about them is loaded.
#[test]
fn nothing_but_source_is_read() {
    let folder = folder();
    let acme = project().join("fixtures/acme").to_string_lossy().into_owned();
    write(folder.path(), "nonhuman.toml", "people = [\"nowhere.csv\"]\n");
    let (code, report) = gate(folder.path(), &[&acme]);
    assert_eq!(code, 1);
    assert_eq!(report["identities"].as_array().map(Vec::len), Some(0));
    let collectors: Vec<&Value> =
        report["coverage"].as_array().expect("a list").iter().map(|one| &one["collector"]).collect();
    assert!(collectors.iter().all(|name| *name == "source"), "{collectors:?}");
    let rules: Vec<&str> =
        report["rules"].as_array().expect("a list").iter().map(|one| one["id"].as_str().expect("text")).collect();
    let about_secrets = [
        "agent-shared-secret",
        "leaked-credential-of-disabled-identity",
        "leaked-dead-credential",
        "leaked-gone-credential",
        "leaked-key-id",
        "leaked-key-lets-in",
        "leaked-live-credential",
        "leaked-secret",
        "secret-in-many-places",
        "secret-in-several-environments",
    ];
    assert_eq!(rules, about_secrets);
    // An override of a rule that this command does not load is no error; one of no rule at all is.
    write(
        folder.path(),
        "nonhuman.toml",
        "[rules.access-key-old]\nenabled = false\n[rules.leaked-secret]\nseverity = \"low\"\n",
    );
    let (_, report) = gate(folder.path(), &[&acme]);
    let severities = report["findings"].as_array().expect("a list").iter().filter(|one| one["rule"] == "leaked-secret");
    assert!(severities.clone().count() > 0 && severities.clone().all(|one| one["severity"] == "low"));
    write(folder.path(), "nonhuman.toml", "[rules.leaked-secrets]\nenabled = false\n");
    let ran = run(folder.path(), &["secrets", &acme]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("leaked-secrets") && ran.stderr.contains("leaked-secret"), "{}", ran.stderr);
}

#[test]
fn a_rule_of_the_user_about_exposures_is_judged() {
    let folder = folder();
    write(folder.path(), "leak/app.py", line("user"));
    let rule = std::fs::read_to_string(project().join("rules/audit/any/leaked-secret.toml")).expect("it is there");
    write(folder.path(), "ours/any/our-leak.toml", rule);
    write(folder.path(), "ours/aws/broken.toml", "this is no rule");
    let (code, report) = gate(folder.path(), &["leak", "--rules", "ours"]);
    assert_eq!(
        (code, found(&report)),
        (1, vec!["leaked-secret leak/app.py:1".to_owned(), "our-leak leak/app.py:1".to_owned()])
    );
}

#[test]
fn standard_input_is_searched_under_a_name() {
    let folder = folder();
    let path = folder.path();
    let stdin = |arguments: &[&str], input: &[u8]| {
        let mut all = vec!["secrets", "--format", "json", "--now", NOW, "-"];
        all.extend(arguments);
        read(feed(path, &all, input))
    };
    let text = format!("\n{}", line("stdin"));
    let (code, report) = stdin(&[], text.as_bytes());
    assert_eq!((code, found(&report)), (1, vec!["leaked-secret <stdin>:2".to_owned()]));
    let (_, named) = stdin(&["--stdin-name", "src/app.py"], text.as_bytes());
    assert_eq!(found(&named), ["leaked-secret src/app.py:2"]);
    // It is the finding that a scan of the file gives.
    write(path, "src/app.py", &text);
    assert_eq!(named["findings"][0]["fingerprint"], gate(path, &["."]).1["findings"][0]["fingerprint"]);
    assert_eq!(stdin(&[], b"x = 1\n").0, 0);
    // A program that failed writes nothing; that is not clean.
    let (code, report) = stdin(&[], b"");
    assert_eq!((code, said(&report, "files")), (3, Some(("failed".to_owned(), 0, "nothing came".to_owned()))));
    let ran = feed(path, &["secrets", "-", "--staged"], b"x");
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("standard input has no history"), "{}", ran.stderr);
}

#[test]
fn a_list_of_files_is_searched() {
    let folder = folder();
    let path = folder.path();
    write(path, "a.py", line("a"));
    write(path, "odd\nname.py", line("odd"));
    write(path, "other.py", line("other"));
    write(path, ".gitignore", "a.py\n");
    let list =
        |input: &[u8]| read(feed(path, &["secrets", "--format", "json", "--now", NOW, "--files-from", "-"], input));
    // Named files are read whatever .gitignore says; names are separated by zero bytes or line ends.
    let (code, report) = list(b"a.py\0odd\nname.py\0./a.py\0");
    assert_eq!(
        (code, found(&report)),
        (1, vec!["leaked-secret a.py:1".to_owned(), "leaked-secret odd\nname.py:1".to_owned()])
    );
    assert_eq!(said(&report, "files").map(|said| said.1), Some(2), "each is read once");
    assert_eq!(found(&list(b"a.py\r\nother.py\n").1), ["leaked-secret a.py:1", "leaked-secret other.py:1"]);
    let absolute = path.canonicalize().expect("it is there").join("other.py");
    assert_eq!(found(&list(absolute.to_string_lossy().as_bytes()).1), ["leaked-secret other.py:1"]);
    // Nothing changed: nothing to find.
    assert_eq!(list(b"").0, 0);
    // It is a hole when a file is not there: the list may be of another folder.
    let (code, report) = list(b"gone.py\nother.py\n");
    assert_eq!(code, 1);
    let hole = said(&report, "listed files").expect("it is said");
    assert_eq!((hole.0.as_str(), hole.2.as_str()), ("failed", "1 of the list are not there: gone.py"));
    let (code, report) = list(b"gone.py\n");
    assert_eq!((code, report["summary"]["incomplete"].clone()), (3, Value::Bool(true)));
    // So is a folder.
    std::fs::create_dir(path.join("sub")).expect("a folder");
    let (code, report) = list(b"sub\n");
    assert_eq!((code, said(&report, "sub").map(|said| said.0)), (3, Some("failed".to_owned())));
    write(path, "list.txt", "other.py\n");
    assert_eq!(found(&gate(path, &["--files-from", "list.txt"]).1), ["leaked-secret other.py:1"]);
    for wrong in [
        ["--files-from", "nowhere"].as_slice(),
        &["--files-from", "list.txt", "."],
        &["--files-from", "list.txt", "--staged"],
    ] {
        assert_eq!(run(path, &[&["secrets"], wrong].concat()).code, 2, "{wrong:?}");
    }
}

#[test]
fn a_range_must_be_one() {
    let folder = folder();
    for wrong in ["main", "a...b", "..b"] {
        let ran = run(folder.path(), &["secrets", "--range", wrong]);
        assert_eq!(ran.code, 2, "{wrong}");
        assert!(ran.stderr.contains("A..B"), "{}", ran.stderr);
    }
    let ran = run(folder.path(), &["secrets", "--staged", "--history"]);
    assert_eq!(ran.code, 2, "one selection at a time");
}

/// What compares scanners reads `rule`, `path` and `line` of each line.
#[test]
fn lines_of_json_carry_rule_path_and_line() {
    let folder = folder();
    write(folder.path(), "t/a.py", format!("\n{}", line("jsonl")));
    let ran = run(folder.path(), &["secrets", "t", "--format", "jsonl", "--output", "out.jsonl", "--now", NOW]);
    assert_eq!(ran.code, 1);
    let text = std::fs::read_to_string(folder.path().join("out.jsonl")).expect("it is written");
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let rows: Vec<&Value> = rows.iter().filter(|row| row["path"].is_string()).collect();
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (&rows[0]["rule"], &rows[0]["path"], &rows[0]["line"]),
        (&"leaked-secret".into(), &"t/a.py".into(), &2.into())
    );
    assert_eq!(rows[0]["detector"], "github-token");
}

/// In a Secret each value is base64 by itself: a pair is one credential, and a value the same as where it is written plainly.
#[test]
fn the_values_of_a_secret_manifest_are_the_decoded_ones() {
    let folder = folder();
    let (id, secret) = ("AKIAWIDGDYXJNVSA7Z6M", "L69gx6rBNhmdvP6KNFOQMs+4+ps2KXVWwjJ3ZzeM");
    let password = "QXWXJ54IpO4u3sFQw0b5";
    let head = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: bot\n";
    let [id64, secret64, password64] = [id, secret, password].map(|text| STANDARD.encode(text));
    let pair = format!("{head}data:\n  AWS_ACCESS_KEY_ID: {id64}\n  AWS_SECRET_ACCESS_KEY: {secret64}\n");
    write(folder.path(), "t/pair.yaml", pair);
    write(
        folder.path(),
        "t/db.yaml",
        format!("{head}data:\n  one: {password64}\n  host: {}\n", STANDARD.encode("db-1.acme.internal")),
    );
    write(folder.path(), "t/db.json", format!("{{\"data\": {{\"two\": \"{password64}\"}}, \"kind\": \"Secret\"}}\n"));
    write(
        folder.path(),
        "t/open.yaml",
        format!("{head}stringData:\n  three: {password}\n  four: 'kV93hqLw0ZtR8xYp'\n"),
    );
    write(folder.path(), "t/.env", format!("DB_PASSWORD={password}\n"));
    let (code, report) = gate(folder.path(), &["t"]);
    let leaked: Vec<String> = found(&report).into_iter().filter(|one| one.starts_with("leaked")).collect();
    let expected = ["t/.env:1", "t/db.json:1", "t/db.yaml:6", "t/open.yaml:6", "t/open.yaml:7", "t/pair.yaml:7"];
    assert_eq!((code, leaked), (1, expected.map(|place| format!("leaked-secret {place}")).to_vec()));
    let exposures = report["exposures"].as_array().expect("a list");
    let of =
        |path: &str| exposures.iter().find(|one| one["evidence"]["location"]["path"] == path).expect("it is there");
    assert_eq!(
        (&of("pair.yaml")["detector"], &of("pair.yaml")["proof"]["key_id"]),
        (&"aws-access-key".into(), &id.into())
    );
    assert_eq!(of("pair.yaml")["evidence"]["location"]["column"], 26);
    let same = exposures.iter().filter(|one| one["fingerprint"] == of(".env")["fingerprint"]);
    let mut same: Vec<&Value> = same.map(|one| &one["evidence"]["location"]["path"]).collect();
    same.sort_by_key(|path| path.to_string());
    assert_eq!(same, [".env", "db.json", "db.yaml", "open.yaml"]);
    assert_eq!((&of("db.yaml")["encoding"][0], &of("open.yaml")["encoding"][0]), (&"base64".into(), &Value::Null));
}

/// A Secret manifest has values in base64; elsewhere the same values stand as they are.
#[test]
fn a_value_of_a_secret_manifest_is_recognised_where_it_is_not_encoded() {
    let folder = folder();
    let path = folder.path();
    let value = "hk7Qe2Lm9pWz4xR8";
    let packed = STANDARD.encode(value);
    write(path, "t/secret.yaml", format!("kind: Secret\nmetadata:\n  name: db\ndata:\n  DB_PASSWORD: {packed}\n"));
    write(path, "t/.env", format!("DB_PASSWORD={value}\n"));
    let (_, report) = gate(path, &["t"]);
    let prints: Vec<&Value> =
        report["exposures"].as_array().expect("a list").iter().map(|one| &one["fingerprint"]).collect();
    assert_eq!(prints.len(), 2, "{report}");
    assert_eq!(prints[0], prints[1]);
}
