//! The seven promises of the design, each with a test that fails when it is broken. Promise 6 (one failure is one hole) is
//! in `tests/run.rs`.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::tree::{NOW, folder, github_token, nonhuman, project, run, write};

const FORMATS: [&str; 11] =
    ["table", "json", "jsonl", "csv", "csv-inventory", "sarif", "github", "gitlab", "junit", "markdown", "html"];

/// 1. No false green: no credentials.
#[test]
fn without_credentials_the_report_is_incomplete() {
    let folder = folder();
    let ran: crate::tree::Ran = nonhuman(folder.path())
        .args(["scan", "--aws", "--kubernetes"])
        // No instance to ask for credentials, and no wait for one.
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .output()
        .expect("it starts")
        .into();
    assert_eq!(ran.code, 3, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("INCOMPLETE") && ran.stdout.contains("hole"), "{}", ran.stdout);
    for rule in ["access-key-old", "account-administrator", "cluster-administrator"] {
        assert!(ran.stdout.contains(rule), "{rule} must be named as not evaluated: {}", ran.stdout);
    }
}

/// 1. No false green: every format says so.
#[test]
fn every_format_shows_a_hole() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("empty")).expect("a folder");
    for format in FORMATS {
        let ran = run(folder.path(), &["scan", "empty", "--format", format]);
        assert_eq!(ran.code, 3, "{format}");
        assert!(ran.stdout.contains("there is no text file to scan"), "{format}: {}", ran.stdout);
    }
}

/// Everything planted as a secret in the demo company, read from its files by the places that its report names, so that
/// the test cannot miss one.
fn planted() -> BTreeSet<String> {
    let ran = run(&project(), &["scan", "fixtures/acme", "--isolated", "--now", NOW, "--format", "json"]);
    let scan: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let mut secrets = BTreeSet::new();
    for exposure in scan["exposures"].as_array().expect("a list") {
        let place = &exposure["evidence"]["location"];
        let path = project().join("fixtures/acme").join(place["path"].as_str().expect("a path"));
        let text = std::fs::read_to_string(path).expect("it is readable");
        let number = |name: &str| place[name].as_u64().expect("a number") as usize;
        let lines: Vec<&str> = text.lines().collect();
        let is_public = exposure["preview"] == exposure["proof"]["key_id"];
        if is_public {
            continue;
        }
        if number("line") == number("end_line") {
            let line: Vec<char> = lines[number("line") - 1].chars().collect();
            secrets.insert(line[number("column") - 1..number("end_column") - 1].iter().collect());
        } else {
            // Each line of a key is a secret of its own.
            secrets.extend(lines[number("line")..number("end_line") - 1].iter().map(|line| line.trim().to_owned()));
        }
    }
    assert!(secrets.len() >= 12, "the demo company holds secrets: {}", secrets.len());
    assert!(secrets.iter().all(|secret| secret.len() >= 8), "what is searched for must be a secret");
    secrets
}

fn leak<'a>(text: &str, secrets: &'a BTreeSet<String>) -> Option<&'a String> {
    secrets.iter().find(|secret| text.contains(secret.as_str()))
}

/// 2. No secret leaves: no output, record, log or error holds a byte string of a planted secret.
#[test]
fn no_output_holds_a_secret() {
    let secrets = planted();
    let acme = ["fixtures/acme", "--isolated", "--now", NOW];
    for format in FORMATS {
        for verbosity in [None, Some("-vv")] {
            let mut arguments = vec!["scan"];
            arguments.extend(acme);
            arguments.extend(["--format", format]);
            arguments.extend(verbosity);
            let ran = run(&project(), &arguments);
            assert_eq!(leak(&ran.stdout, &secrets), None, "--format {format}");
            assert_eq!(leak(&ran.stderr, &secrets), None, "the log of --format {format}");
        }
    }
    let mut arguments = vec!["collect"];
    arguments.extend(acme);
    assert_eq!(leak(&run(&project(), &arguments).stdout, &secrets), None, "collect");
}

/// 2. The search itself can find: a planted secret in a file is seen by it.
#[test]
fn the_search_for_secrets_is_not_blind() {
    let secrets = planted();
    let file = std::fs::read_to_string(project().join("fixtures/acme/repos/shop-api/config/production.yaml"))
        .expect("it is there");
    assert!(leak(&file, &secrets).is_some());
}

/// 2. Values that lie in a cluster dump do not leave either, not even as an error.
#[test]
fn values_of_secrets_in_a_dump_are_skipped() {
    let folder = folder();
    let value = "c3VwZXItc2VjcmV0LXZhbHVlLW9mLWEtdG9rZW4=";
    let item = format!(
        "{{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"type\":\"kubernetes.io/service-account-token\",\"metadata\":{{\"name\":\"t\",\
         \"namespace\":\"n\",\"annotations\":{{\"kubernetes.io/service-account.name\":\"sa\"}}}},\"data\":{{\"token\":\"{value}\"}}}}"
    );
    let account =
        "{\"apiVersion\":\"v1\",\"kind\":\"ServiceAccount\",\"metadata\":{\"name\":\"sa\",\"namespace\":\"n\"}}";
    write(
        folder.path(),
        "dump.json",
        format!("{{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[{account},{item}]}}"),
    );
    write(folder.path(), "cut.json", format!("{{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[{account},{item}"));
    for file in ["dump.json", "cut.json"] {
        for command in [
            vec!["collect", "--kubernetes-export", file],
            vec!["scan", "--kubernetes-export", file, "--format", "json"],
        ] {
            let ran = run(folder.path(), &command);
            assert!(ran.stdout.contains("k8s:"), "{command:?}: {}{}", ran.stdout, ran.stderr);
            assert!(!ran.stdout.contains(value) && !ran.stderr.contains(value), "{command:?}");
        }
    }
}

/// 3. Read only: a scan changes nothing in what it scans, and starts nothing of it.
#[test]
fn a_scanned_tree_is_not_touched_and_nothing_of_it_runs() {
    let folder = folder();
    let tree = folder.path().join("repo");
    write(&tree, ".git/hooks/post-checkout", "#!/bin/sh\ntouch ../ran\n");
    write(
        &tree,
        ".git/config",
        "[filter \"x\"]\n\tclean = touch ran\n\tsmudge = touch ran\n[core]\n\tfsmonitor = touch ran\n",
    );
    write(&tree, ".gitattributes", "* filter=x\n");
    write(&tree, ".mcp.json", "{\"mcpServers\":{\"x\":{\"command\":\"touch\",\"args\":[\"ran\"]}}}");
    write(&tree, "app.py", format!("t = \"{}\"", github_token("hook")));
    std::os::unix::fs::symlink(project().join("fixtures/acme"), tree.join("outside")).expect("a link");
    let before = picture(&tree);
    let ran = run(folder.path(), &["scan", "repo", "--format", "json"]);
    assert_eq!(ran.code, 1);
    assert_eq!(picture(&tree), before);
    assert!(!folder.path().join("ran").exists() && !tree.join("ran").exists());
    assert!(!ran.stdout.contains("production.yaml"), "no link out of the tree is followed");
}

/// Every file below a folder with its length and time.
fn picture(folder: &Path) -> BTreeSet<String> {
    walkdir::WalkDir::new(folder)
        .into_iter()
        .map(|entry| {
            let entry = entry.expect("it can be walked");
            let data = entry.metadata().expect("it is there");
            format!("{} {} {:?}", entry.path().display(), data.len(), data.modified().expect("a time"))
        })
        .collect()
}

/// 4. A scanned tree cannot mute its scan.
#[test]
fn the_configuration_of_a_scanned_tree_is_ignored() {
    let folder = folder();
    write(folder.path(), "repo/app.py", format!("t = \"{}\"", github_token("mute")));
    write(folder.path(), "repo/nonhuman.toml", "fail-on = \"critical\"\n[rules.leaked-secret]\nenabled = false\n");
    write(folder.path(), "repo/.ignore", "*\n");
    write(folder.path(), "repo/.rgignore", "*\n");
    write(folder.path(), "repo/.git/info/exclude", "*\n");
    let ran = run(folder.path(), &["scan", "repo"]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(ran.stdout.contains("leaked-secret"), "{}", ran.stdout);
}

/// 4. Inline allows are counted, and can be switched off.
#[test]
fn inline_allows_are_counted_and_can_be_switched_off() {
    let folder = folder();
    for (number, mark) in ["nonhuman: allow", "gitleaks:allow", "betterleaks:allow"].iter().enumerate() {
        write(folder.path(), &format!("repo/{number}.py"), format!("t = \"{}\"  # {mark}\n", github_token(mark)));
    }
    let ran = run(folder.path(), &["scan", "repo", "--format", "json"]);
    assert_eq!(ran.code, 0);
    let scan: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let counted = scan["coverage"].as_array().expect("a list").iter().find(|one| one["what"] == "allowed lines");
    assert_eq!(counted.expect("they are counted")["count"], 3);
    assert_eq!(run(folder.path(), &["scan", "repo", "--no-inline-allow"]).code, 1);
}

/// 4. What the user named is not changed by what lies in a tree.
#[test]
fn an_export_in_a_tree_does_not_speak_for_a_source_that_was_named() {
    let folder = folder();
    let acme = project().join("fixtures/acme");
    let export = acme.join("aws/429710886354");
    // The same account in the tree, with everything used today.
    let ours = std::fs::read_to_string(export.join("account-authorization-details.json")).expect("it is there");
    write(
        folder.path(),
        "repo/aws/account-authorization-details.json",
        ours.replace("partner-upload", "innocent-role"),
    );
    let named = export.to_string_lossy().into_owned();
    let ran = run(folder.path(), &["scan", "repo", "--aws-export", &named, "--now", NOW, "--format", "json"]);
    assert!(ran.stdout.contains("partner-upload") && !ran.stdout.contains("role/innocent-role"), "{}", ran.stderr);
    assert!(ran.stdout.contains("found in a searched tree and not used"));
    let alone = run(folder.path(), &["scan", "repo", "--now", NOW, "--format", "json"]);
    assert!(alone.stdout.contains("role/innocent-role"), "without another source it is used");
}

/// 5. Same input, same bytes, whatever the number of threads.
#[test]
fn the_same_input_gives_the_same_bytes() {
    for format in FORMATS {
        let once = |threads: &str| {
            run(
                &project(),
                &["scan", "fixtures/acme", "--isolated", "--now", NOW, "--format", format, "--threads", threads],
            )
            .stdout
        };
        let first = once("1");
        assert!(!first.is_empty());
        for threads in ["2", "7", "0"] {
            assert!(once(threads) == first, "--format {format} --threads {threads} differs");
        }
    }
}

/// 5. Fingerprints and ids of secrets survive edits above them.
#[test]
fn a_secret_keeps_its_fingerprint_when_lines_move() {
    let folder = folder();
    let fingerprints = |text: String| {
        write(folder.path(), "repo/app.py", text);
        let ran = run(folder.path(), &["scan", "repo", "--format", "json"]);
        let scan: Value = serde_json::from_str(&ran.stdout).expect("JSON");
        scan["findings"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|one| one["fingerprint"].to_string())
            .collect::<Vec<_>>()
    };
    let token = github_token("move");
    let before = fingerprints(format!("t = \"{token}\"\n"));
    assert_eq!(before.len(), 1);
    assert_eq!(fingerprints(format!("\n\nimport os\nt = \"{token}\"\n")), before);
    assert_ne!(fingerprints(format!("t = \"{}\"\n", github_token("other"))), before);
}

/// 7. Bounded memory: a file is read in windows, so that one of half a gigabyte needs no more than a small one.
#[test]
fn a_large_file_needs_no_more_memory_than_a_small_one() {
    let folder = folder();
    let file = std::fs::File::create(folder.path().join("large.txt")).expect("a file");
    let mut out = std::io::BufWriter::new(file);
    let line = "some text that looks like nothing at all, for a while\n".repeat(1000);
    for _ in 0..4000 {
        std::io::Write::write_all(&mut out, line.as_bytes()).expect("room");
    }
    drop(out);
    let script = "ulimit -v 600000; exec \"$0\" scan large.txt --threads 1";
    let ran: crate::tree::Ran = std::process::Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_nonhuman")])
        .current_dir(folder.path())
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .output()
        .expect("it starts")
        .into();
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
}

/// 2. Secrets that stand where none belongs: in a user name, a file name, a label, a column of people, a configuration.
#[test]
fn a_secret_in_an_odd_place_does_not_leave_either() {
    let folder = folder();
    let path = folder.path();
    let tokens: Vec<String> =
        ["url", "name", "tag", "status", "date", "config"].iter().map(|one| github_token(one)).collect();
    write(path, "repo/a.txt", format!("u = \"https://{}:Wq8-kLm2.Zx91@git.acme.internal/x\"\n", tokens[0]));
    write(path, &format!("repo/{}.txt", tokens[1]), format!("t = \"{}\"\n", github_token("inside")));
    let iam = format!(
        "{{\"UserDetailList\":[{{\"UserName\":\"bot\",\"UserId\":\"AIDAEXAMPLEBOT000000\",\"Arn\":\"arn:aws:iam::111122223333:user/bot\",\
         \"Path\":\"/\",\"CreateDate\":\"2020-01-01T00:00:00Z\",\"Tags\":[{{\"Key\":\"note\",\"Value\":\"{}\"}}]}}],\
         \"GroupDetailList\":[],\"RoleDetailList\":[],\"Policies\":[],\"IsTruncated\":false}}",
        tokens[2]
    );
    write(path, "iam.json", iam);
    write(
        path,
        "people.csv",
        format!("email,status,left_on\na@acme.example,{},\nb@acme.example,left,{}\n", tokens[3], tokens[4]),
    );
    write(path, "bad.toml", format!("fail-on = \"{}\"\n", tokens[5]));
    for format in FORMATS {
        let ran =
            run(path, &["scan", "repo", "--aws-export", "iam.json", "--people", "people.csv", "--format", format]);
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        for token in &tokens {
            assert!(
                !ran.stdout.contains(token) && !ran.stderr.contains(token),
                "--format {format} holds {token}: {}",
                ran.stdout
            );
        }
    }
    let ran = run(path, &["scan", "repo", "--config", "bad.toml"]);
    assert_eq!(ran.code, 2);
    assert!(!ran.stderr.contains(&tokens[5]) && ran.stderr.contains("bad.toml:1:"), "{}", ran.stderr);
    let collected = run(path, &["collect", "repo", "--aws-export", "iam.json"]).stdout;
    assert!(!collected.contains(&tokens[1]) && !collected.contains(&tokens[2]), "{collected}");
}

/// 1. Records that were cut short are not a small world.
#[test]
fn records_without_their_end_are_incomplete() {
    let folder = folder();
    write(folder.path(), "repo/a.txt", format!("t = \"{}\"\n", github_token("cut")));
    let all = run(folder.path(), &["collect", "repo"]).stdout;
    let lines: Vec<&str> = all.lines().collect();
    for keep in 1..lines.len() {
        write(folder.path(), "cut.jsonl", lines[..keep].join("\n"));
        let ran = run(folder.path(), &["evaluate", "cut.jsonl"]);
        assert!(ran.code == 3 || ran.code == 1, "{keep} of {} lines: {}", lines.len(), ran.stdout);
        assert!(ran.stdout.contains("cut short"), "{}", ran.stdout);
    }
    write(folder.path(), "whole.jsonl", &all);
    assert!(!run(folder.path(), &["evaluate", "whole.jsonl"]).stdout.contains("cut short"));
}

/// 4. What the configuration switches off is said in the report.
#[test]
fn rules_that_are_switched_off_are_said() {
    let folder = folder();
    write(folder.path(), "repo/a.txt", format!("t = \"{}\"\n", github_token("off")));
    write(folder.path(), "nonhuman.toml", "[rules.leaked-secret]\nenabled = false\n");
    for format in FORMATS {
        let ran = run(folder.path(), &["scan", "repo", "--format", format]);
        assert_eq!(ran.code, 0);
        assert!(ran.stdout.contains("leaked-secret is off"), "--format {format}: {}", ran.stdout);
    }
}

/// 1. An export without which rules cannot be judged is not green.
#[test]
fn an_export_without_what_rules_need_is_incomplete() {
    let folder = folder();
    let acme = project().join("fixtures/acme/aws/429710886354/account-authorization-details.json");
    let ran = run(folder.path(), &["scan", "--aws-export", &acme.to_string_lossy(), "--now", NOW, "--exit-zero"]);
    assert_eq!(ran.code, 3, "{}", ran.stdout);
    assert!(ran.stdout.contains("get-credential-report"), "the remedy names the command: {}", ran.stdout);
}

/// 7. Bounded memory: one value in very many places is told once a place, not once a pair of places.
#[test]
fn a_value_in_very_many_places_needs_no_more_than_its_places() {
    let folder = folder();
    let line = format!("t = \"{}\"\n", github_token("many"));
    write(folder.path(), "repo/many.txt", line.repeat(20_000));
    let script = "ulimit -v 2000000; exec \"$0\" scan repo --threads 1 --format json";
    let ran: crate::tree::Ran = std::process::Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_nonhuman")])
        .current_dir(folder.path())
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .output()
        .expect("it starts")
        .into();
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let scan: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    // One a place, and one that says that there are many.
    assert_eq!(scan["findings"].as_array().map(Vec::len), Some(20_001));
    assert!(ran.stdout.contains("and at 19989 further places"));
}
