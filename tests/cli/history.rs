//! The memory of scans: what is new, resolved, back and not seen; decisions; and what may be wrong with the file.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::mpsc;

use serde_json::{Value, json};

use crate::secrets::line;
use crate::tree::{Ran, folder, nonhuman, run, write};

const FILE: &str = "scans.db";

/// Scans a folder into the history of a day.
fn scan(folder: &Path, day: &str, arguments: &[&str]) -> Ran {
    let mut all = vec!["scan", "--isolated", "--history-file", FILE, "--now", day, "--format", "json"];
    all.extend(arguments);
    run(folder, &all)
}

fn report(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", ran.stdout, ran.stderr))
}

/// What `diff` says, as `change rule file`.
fn changes(folder: &Path, arguments: &[&str]) -> Vec<String> {
    let mut all = vec!["diff", "--isolated", "--format", "json"];
    all.extend(arguments);
    let ran = run(folder, &all);
    let diff = report(&ran);
    assert_eq!(diff["schema"], "nonhuman/diff/v1");
    let subject =
        |one: &Value| one["subject"].as_str().unwrap_or_default().rsplit('/').next().unwrap_or_default().to_owned();
    let findings = diff["findings"].as_array().expect("a list").iter();
    let mut told: Vec<String> =
        findings.map(|one| format!("{} {}", one["change"].as_str().expect("text"), subject(one))).collect();
    told.sort();
    let identities = diff["identities"].as_array().expect("a list").iter();
    told.extend(
        identities
            .map(|one| format!("{} {}", one["change"].as_str().expect("text"), one["name"].as_str().expect("text"))),
    );
    told
}

fn last(folder: &Path) -> Vec<String> {
    changes(folder, &["--history-file", FILE])
}

#[test]
fn findings_come_go_and_come_back() {
    let folder = folder();
    let path = folder.path();
    for name in ["t/a.py", "t/b.py"] {
        write(path, name, line(name));
    }
    let first = report(&scan(path, "2026-11-20", &["t"]));
    assert_eq!(first["findings"][0]["history"], json!({"state": "new", "first_seen": "2026-11-20T00:00:00Z"}));
    assert_eq!(last(path), ["new a.py", "new b.py"]);
    std::fs::remove_file(path.join("t/a.py")).expect("it is there");
    write(path, "t/c.py", line("c"));
    let second = report(&scan(path, "2026-11-21", &["t"]));
    let state = |file: &str| {
        let findings = second["findings"].as_array().expect("a list");
        let one = findings.iter().find(|one| one["subject"].as_str().expect("text").ends_with(file));
        one.expect("it is found")["history"]["state"].clone()
    };
    assert_eq!((state("b.py"), state("c.py")), (json!("known"), json!("new")));
    assert_eq!(last(path), ["new c.py", "resolved a.py"]);
    write(path, "t/a.py", line("t/a.py"));
    scan(path, "2026-11-22", &["t"]);
    assert_eq!(last(path), ["reopened a.py"]);
    // Over all three scans only what is different at the end counts.
    assert_eq!(changes(path, &["--history-file", FILE, "2026-11-20"]), ["new c.py"]);
    assert_eq!(changes(path, &["--history-file", FILE, "#1", "2026-11-21"]), ["new c.py", "resolved a.py"]);
    let ran = run(path, &["trend", "--isolated", "--history", FILE, "--format", "json"]);
    let points = report(&ran)["scans"].as_array().expect("a list").clone();
    let raised: Vec<_> = points.iter().map(|point| (point["raised"].clone(), point["resolved"].clone())).collect();
    assert_eq!(raised, [(json!(2), json!(0)), (json!(1), json!(1)), (json!(1), json!(0))]);
    let table = run(path, &["trend", "--isolated", "--history", FILE]).stdout;
    assert!(table.contains("2026-11-22") && table.lines().count() == 4, "{table}");
}

/// INVARIANT of the state: the absence of a finding says something only where somebody looked.
#[test]
fn what_was_not_looked_for_is_not_resolved() {
    let folder = folder();
    let path = folder.path();
    write(path, "one/a.py", line("a"));
    write(path, "two/b.py", line("b"));
    scan(path, "2026-11-20", &["one", "two"]);
    scan(path, "2026-11-21", &["two"]);
    assert_eq!(last(path), ["not-seen a.py"]);
    // Staged changes are another thing to look at than files.
    crate::git::git(&path.join("two"), &["init", "-q"]);
    scan(path, "2026-11-21", &["two", "--staged"]);
    assert_eq!(last(path), ["not-seen b.py"]);
    // A rule that is switched off resolves nothing.
    write(path, "off.toml", "[rules.leaked-secret]\nenabled = false\n");
    let ran = run(path, &["scan", "two", "--config", "off.toml", "--history-file", FILE, "--now", "2026-11-22"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(last(path), Vec::<String>::new());
    // Seen again it is neither new nor back; gone from where it was, it is resolved.
    scan(path, "2026-11-23", &["one", "two"]);
    assert_eq!(last(path), Vec::<String>::new());
    std::fs::remove_file(path.join("one/a.py")).expect("it is there");
    write(path, "one/empty.txt", "nothing\n");
    scan(path, "2026-11-24", &["one", "two"]);
    assert_eq!(last(path), ["resolved a.py"]);
}

/// A file that could not be read is a hole: nothing of that place is resolved.
#[cfg(unix)]
#[test]
fn a_hole_resolves_nothing() {
    let folder = folder();
    let path = folder.path();
    write(path, "t/a.py", line("a"));
    scan(path, "2026-11-20", &["t"]);
    std::fs::remove_file(path.join("t/a.py")).expect("it is there");
    // An archive that ends too early cannot be read to its end, whoever asks.
    write(path, "t/cut.gz", [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1]);
    assert_eq!(scan(path, "2026-11-21", &["t"]).code, 3);
    assert_eq!(last(path), ["not-seen a.py"]);
}

#[test]
fn gates_look_at_what_is_new() {
    let folder = folder();
    let path = folder.path();
    write(path, "t/a.py", line("a"));
    assert_eq!(scan(path, "2026-11-20", &["t", "--fail-on-new", "high"]).code, 1, "of the first scan all is new");
    assert_eq!(scan(path, "2026-11-21", &["t", "--fail-on-new", "high"]).code, 0);
    assert_eq!(scan(path, "2026-11-21", &["t", "--fail-on-new", "high", "--fail-on", "high"]).code, 1);
    assert_eq!(scan(path, "2026-11-21", &["t"]).code, 1);
    let ran = scan(path, "2026-11-21", &["t", "--only", "new"]);
    assert_eq!((ran.code, report(&ran)["findings"].as_array().expect("a list").len()), (0, 0));
    assert_eq!(crate::secrets::said(&report(&ran), "known findings").map(|said| said.1), Some(1));
    write(path, "t/b.py", line("b"));
    let ran = scan(path, "2026-11-22", &["t", "--only", "new", "--fail-on-new", "critical"]);
    assert_eq!((ran.code, report(&ran)["findings"].as_array().expect("a list").len()), (0, 1));
    let diff = run(path, &["diff", "--isolated", "--history-file", FILE, "--fail-on-new", "high"]);
    assert_eq!(diff.code, 1, "{}", diff.stdout);
    let ran = run(path, &["scan", "t", "--isolated", "--fail-on-new", "high"]);
    assert_eq!((ran.code, ran.stderr.contains("--fail-on-new needs a history")), (2, true), "{}", ran.stderr);
}

#[test]
fn decisions_last_and_end() {
    let folder = folder();
    let path = folder.path();
    write(path, "t/a.py", line("a"));
    write(path, "nonhuman.toml", format!("history-file = \"{FILE}\"\nbaseline = \"decisions.jsonl\"\n"));
    let scan = |day: &str| run(path, &["scan", "t", "--now", day, "--format", "json"]);
    assert_eq!(scan("2026-11-20").code, 2, "a baseline that is not there is an error");
    write(path, "decisions.jsonl", "");
    let found = report(&scan("2026-11-20"));
    let print = found["findings"][0]["fingerprint"].as_str().expect("text").to_owned();
    let triage = |arguments: &[&str]| run(path, &[&["triage", "--now", "2026-11-20"], arguments].concat());
    let ran = triage(&["accept", &print, "--reason", "r", "--by", "jana", "--until", "2026-11-19"]);
    assert_eq!((ran.code, ran.stderr.contains("this day is over")), (2, true), "{}", ran.stderr);
    let short = &print[..8];
    let ran = triage(&["accept", short, "--reason", "for the tests", "--by", "jana", "--until", "2026-11-21"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let text = std::fs::read_to_string(path.join("decisions.jsonl")).expect("it is written");
    let decision: Value = serde_json::from_str(text.lines().nth(1).expect("a line")).expect("JSON");
    assert_eq!(
        (decision["finding"].as_str(), decision["expires"].as_str()),
        (Some(print.as_str()), Some("2026-11-21"))
    );
    assert!(decision["subject"].as_str().expect("text").ends_with("t/a.py"), "{decision}");
    let ran = scan("2026-11-21");
    assert_eq!((ran.code, report(&ran)["summary"]["in_baseline"].clone()), (0, json!(1)));
    assert_eq!(last(path), ["muted a.py"]);
    // The day is over: it is back, and counts as such.
    let ran = run(path, &["scan", "t", "--now", "2026-11-22", "--format", "json", "--fail-on-new", "high"]);
    let found = report(&ran);
    assert_eq!((ran.code, found["findings"][0]["baseline"]["state"].clone()), (1, json!("expired")));
    assert_eq!(
        (found["findings"][0]["history"]["state"].clone(), last(path)),
        (json!("reopened"), vec!["reopened a.py".to_owned()])
    );
    let ran = triage(&["assign", &print, "--to", "team-a"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let ran = scan("2026-11-22");
    assert_eq!(
        (ran.code, report(&ran)["findings"][0]["baseline"]["owner"].clone()),
        (1, json!("team-a")),
        "it is raised"
    );
    assert!(triage(&["list"]).stdout.contains("assigned, team-a"));
    assert_eq!(triage(&["false-positive", &print, "--reason", "no key", "--by", "jana"]).code, 0);
    assert_eq!(scan("2026-11-22").code, 0);
    // Writing the baseline anew keeps decisions.
    assert_eq!(run(path, &["scan", "t", "--now", "2026-11-22", "--write-baseline"]).code, 0);
    assert!(std::fs::read_to_string(path.join("decisions.jsonl")).expect("it is there").contains("false-positive"));
    assert_eq!(triage(&["clear", &print]).code, 0);
    assert!(!std::fs::read_to_string(path.join("decisions.jsonl")).expect("it is there").contains("false-positive"));
}

#[test]
fn wrong_decisions_are_refused() {
    let folder = folder();
    let path = folder.path();
    let refused = |arguments: &[&str], message: &str| {
        let ran = run(path, &[&["triage", "--isolated"], arguments].concat());
        assert_eq!((ran.code, ran.stderr.contains(message)), (2, true), "{arguments:?}: {}", ran.stderr);
    };
    let print = "0123456789abcdef0123456789abcdef";
    refused(&["accept", print, "--reason", "r", "--by", "j"], "decisions stand in a baseline");
    refused(&["accept", "xyz", "--reason", "r", "--by", "j", "--baseline", "b"], "'xyz' is no fingerprint");
    refused(&["accept", "01234567", "--reason", "r", "--by", "j", "--baseline", "b"], "is not whole");
    refused(&["accept", print, "--reason", " ", "--by", "j", "--baseline", "b"], "needs a 'reason'");
    refused(&["accept", print, "--reason", "r", "--by", "j", "--until", "soon", "--baseline", "b"], "is no day");
    refused(&["list", "--history-file", "none.db"], "none.db: there is no such history");
    assert!(!path.join("b").exists());
    assert_eq!(run(path, &["triage", "--isolated", "assign", print, "--to", "t", "--baseline", "b"]).code, 0);
    let text = std::fs::read_to_string(path.join("b")).expect("it is written");
    write(path, "b", text.replace("\"owner\":\"t\"", "\"owner\":\"\""));
    let ran = run(path, &["scan", "--isolated", "--baseline", "b"]);
    assert_eq!((ran.code, ran.stderr.contains("b:2: 'assigned' needs an 'owner'")), (2, true), "{}", ran.stderr);
}

/// Whatever is wrong with the file, the report comes out, says so and is not green.
#[test]
fn a_history_that_cannot_be_used_is_a_hole() {
    let folder = folder();
    let path = folder.path();
    write(path, "t/a.txt", "nothing\n");
    let told = |file: &str, day: &str| {
        let ran = run(path, &["scan", "t", "--isolated", "--history-file", file, "--now", day, "--format", "json"]);
        let report = report(&ran);
        let entry = report["coverage"].as_array().expect("a list").iter().find(|one| one["collector"] == "history");
        (ran.code, entry.expect("it is said")["detail"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(told(FILE, "2026-11-20"), (0, String::new()));
    let before = std::fs::read(path.join(FILE)).expect("it is there");
    let (code, why) = told(FILE, "2026-11-19");
    assert!(code == 3 && why.contains("a history goes forward") && why.contains("2026-11-20"), "{code} {why}");
    write(path, "text.db", "this is no database at all, only a text that somebody named by mistake\n".repeat(20));
    let (code, why) = told("text.db", "2026-11-20");
    assert!(code == 3 && why.contains("text.db: this is no history of nonhuman"), "{code} {why}");
    write(path, "cut.db", &before[..before.len() / 3]);
    let (code, why) = told("cut.db", "2026-11-20");
    assert!(code == 3 && why.starts_with("cut.db: "), "{code} {why}");
    // The form's number lies at byte 60 of the header (SQLite, "Database File Format").
    let mut newer = before.clone();
    newer[63] = 9;
    write(path, "newer.db", &newer);
    let (code, why) = told("newer.db", "2026-11-20");
    assert!(code == 3 && why.contains("written by a newer nonhuman (form 9, this one knows 2)"), "{code} {why}");
    let (code, why) = told("no/such/folder.db", "2026-11-20");
    assert!(code == 3 && why.starts_with("no/such/folder.db: "), "{code} {why}");
    let (code, why) = told("t", "2026-11-20");
    assert!(code == 3 && why.starts_with("t: "), "{code} {why}");
    // A gate that cannot ask its history lets nothing pass.
    write(path, "t/b.py", line("b"));
    let ran = run(
        path,
        &["scan", "t", "--isolated", "--history-file", "text.db", "--fail-on-new", "high", "--allow-partial"],
    );
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    // What was there is there.
    assert_eq!(run(path, &["trend", "--isolated", "--history", FILE]).stdout.lines().count(), 2);
    for (arguments, message) in [
        (["diff", "--history", "none.db"], "there is no such history"),
        (["trend", "--history", "text.db"], "this is no history of nonhuman"),
    ] {
        let ran = run(path, &[&["--isolated"], arguments.as_slice()].concat());
        assert_eq!((ran.code, ran.stderr.contains(message)), (2, true), "{}", ran.stderr);
    }
}

/// Two runs at once: one waits for the other, and both are remembered whole.
#[test]
fn several_runs_at_once_are_all_remembered() {
    let folder = folder();
    let path = folder.path();
    write(path, "t/a.py", line("a"));
    let runs: Vec<_> = (0..4)
        .map(|_| {
            let arguments = ["scan", "t", "--isolated", "--history-file", FILE, "--now", "2026-11-20"];
            nonhuman(path).args(arguments).stdout(std::process::Stdio::null()).spawn().expect("it starts")
        })
        .collect();
    for mut run in runs {
        assert_eq!(run.wait().expect("it ends").code(), Some(1), "findings, and no hole");
    }
    let points = report(&run(path, &["trend", "--isolated", "--history", FILE, "--format", "json"]));
    let raised: Vec<_> = points["scans"].as_array().expect("a list").iter().map(|one| one["raised"].clone()).collect();
    assert_eq!(raised, [json!(1), json!(0), json!(0), json!(0)]);
}

#[test]
fn two_reports_are_compared_without_a_history() {
    let folder = folder();
    let path = folder.path();
    write(path, "t/a.py", line("a"));
    let scan = |name: &str, more: &[&str]| {
        let arguments = [&["scan", "t", "--isolated", "--now", "2026-11-20", "-o", name], more].concat();
        assert_ne!(run(path, &arguments).code, 2);
    };
    scan("old.json", &[]);
    std::fs::remove_file(path.join("t/a.py")).expect("it is there");
    write(path, "t/b.py", line("b"));
    scan("new.json", &[]);
    assert_eq!(changes(path, &["old.json", "new.json"]), ["new b.py", "resolved a.py"]);
    assert_eq!(changes(path, &["old.json", "new.json", "--only", "new"]), ["new b.py"]);
    assert_eq!(run(path, &["diff", "--isolated", "old.json", "new.json", "--fail-on-new", "high"]).code, 1);
    assert_eq!(run(path, &["diff", "--isolated", "old.json", "new.json", "--fail-on-new", "critical"]).code, 0);
    let markdown = run(path, &["diff", "--isolated", "old.json", "new.json", "--format", "markdown"]).stdout;
    assert!(markdown.contains("#### New (1)") && markdown.contains("#### Resolved (1)"), "{markdown}");
    // A report that leaves mild findings out says nothing of them.
    scan("short.json", &["--min-severity", "critical"]);
    assert_eq!(changes(path, &["old.json", "short.json"]), ["not-seen a.py"]);
    write(path, "no.json", "{\"schema\": \"other\"}");
    let ran = run(path, &["diff", "--isolated", "old.json", "no.json"]);
    assert_eq!((ran.code, ran.stderr.contains("no.json: this is no JSON report")), (2, true), "{}", ran.stderr);
}

/// Rights, owners and identities of an account.
#[test]
fn identities_and_rights_come_and_go() {
    let folder = folder();
    let path = folder.path();
    let role = |name: &str, owner: &str, policies: Value| {
        json!({
            "Path": "/", "RoleName": name, "RoleId": format!("AROA{}", name.to_uppercase()),
            "Arn": format!("arn:aws:iam::429710886354:role/{name}"), "CreateDate": "2024-01-01T00:00:00Z",
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]},
            "InstanceProfileList": [], "RolePolicyList": policies, "AttachedManagedPolicies": [],
            "Tags": [{"Key": "owner", "Value": owner}], "RoleLastUsed": {}
        })
    };
    let account = |roles: Vec<Value>| {
        let answer = json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": roles, "Policies": []});
        write(path, "aws/account-authorization-details.json", answer.to_string());
    };
    let scan = |day: &str| {
        let arguments = ["scan", "--aws-export", "aws", "--people", "people.csv", "--history-file", FILE, "--now", day];
        run(path, &[&["--isolated"], arguments.as_slice()].concat())
    };
    let people = |status: &str| {
        write(path, "people.csv", format!("email,name,team,status,left_on\njana@acme.example,Jana,a,{status},\n"));
    };
    let all = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    let admin = json!([{"PolicyName": "all", "PolicyDocument": all}]);
    people("active");
    account(vec![role("ci", "jana@acme.example", json!([])), role("old", "team-b", json!([]))]);
    scan("2026-11-20");
    people("left");
    account(vec![role("ci", "jana@acme.example", admin), role("fresh", "team-b", json!([]))]);
    scan("2026-11-21");
    let told = last(path);
    for part in ["appeared fresh", "vanished old", "rights-grew ci", "owner-left ci", "new ci"] {
        assert!(told.iter().any(|one| one == part), "{part}: {told:?}");
    }
    let text = run(path, &["diff", "--isolated", "--history", FILE]).stdout;
    assert!(text.contains("administrator in account 429710886354"), "{text}");
    account(vec![role("ci", "team-b", json!([])), role("fresh", "team-b", json!([]))]);
    scan("2026-11-22");
    let told = last(path);
    for part in ["rights-shrank ci", "owner-changed ci"] {
        assert!(told.iter().any(|one| one == part), "{part}: {told:?}");
    }
    let came = changes(path, &["--history-file", FILE, "--only", "new"]);
    assert!(!came.iter().any(|one| one.contains("shrank") || one.starts_with("resolved")), "{came:?}");
    let came = changes(path, &["--history-file", FILE, "#1", "#2", "--only", "new"]);
    for part in ["appeared fresh", "rights-grew ci", "owner-left ci", "new ci"] {
        assert!(came.iter().any(|one| one == part), "{part}: {came:?}");
    }
    assert!(!came.iter().any(|one| one.starts_with("vanished")), "{came:?}");
}

/// A server that takes a few posts and gives their heads and bodies.
fn receiver(posts: usize) -> (String, mpsc::Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = format!("http://{}", listener.local_addr().expect("it has one"));
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().take(posts) {
            let mut stream = stream.expect("a connection");
            let (mut text, mut buffer) = (Vec::new(), [0; 4096]);
            let (head, length) = loop {
                let count = stream.read(&mut buffer).expect("it is read");
                text.extend_from_slice(&buffer[..count]);
                if let Some(end) = text.windows(4).position(|four| four == b"\r\n\r\n") {
                    let head = String::from_utf8_lossy(&text[..end]).to_lowercase();
                    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
                    let length: usize = length.expect("it says its length").trim().parse().expect("a number");
                    break (head, end + 4 + length);
                }
            };
            while text.len() < length {
                let count = stream.read(&mut buffer).expect("it is read");
                text.extend_from_slice(&buffer[..count]);
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").expect("it is sent");
            let start = head.len() + 4;
            sender.send((head, String::from_utf8_lossy(&text[start..]).into_owned())).expect("somebody waits");
        }
    });
    (address, receiver)
}

#[test]
fn others_are_told_and_what_does_not_arrive_is_said() {
    let folder = folder();
    let path = folder.path();
    write(path, "t/a.py", line("a"));
    let (address, posts) = receiver(2);
    let hook = format!("{address}/hook?x=1");
    let arguments = ["scan", "t", "--isolated", "--history-file", FILE, "--now", "2026-11-20", "--webhook", &hook];
    let more = ["--slack", &address, "--issues", "issues", "--metrics", "m.prom", "--log", "json"];
    let secret = "a shared secret of the tests";
    let ran: Ran = nonhuman(path)
        .args([arguments.as_slice(), more.as_slice()].concat())
        .env("NONHUMAN_WEBHOOK_SECRET", secret)
        .output()
        .expect("it starts")
        .into();
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(!ran.stderr.contains(secret) && ran.stderr.lines().all(|line| line.starts_with('{')), "{}", ran.stderr);
    let end: Value = serde_json::from_str(ran.stderr.lines().last().expect("a line")).expect("JSON");
    assert_eq!((end["message"].as_str(), end["findings"].clone()), (Some("scan finished"), json!(1)));
    let both: Vec<_> = posts.iter().take(2).collect();
    let (head, body) = both.iter().find(|(head, _)| head.starts_with("post /hook?x=1")).expect("the webhook");
    assert!(head.contains("x-nonhuman-signature-256: sha256="), "{head}");
    let body: Value = serde_json::from_str(body).expect("JSON");
    assert_eq!((body["schema"].as_str(), body["raised"]["count"].clone()), (Some("nonhuman/notice/v1"), json!(1)));
    let (head, chat) = both.iter().find(|(head, _)| head.starts_with("post / ")).expect("the chat");
    assert!(!head.contains("signature") && chat.contains("new: 1 high"), "{head}{chat}");
    let issues: Vec<_> = std::fs::read_dir(path.join("issues")).expect("a folder").collect();
    assert_eq!(issues.len(), 1);
    let metrics = std::fs::read_to_string(path.join("m.prom")).expect("it is written");
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(path.join("m.prom")).expect("it is written").permissions(),
    );
    assert_eq!(mode & 0o777, 0o644, "the collector runs as another user");
    let sample = "nonhuman_findings{severity=\"high\",rule=\"leaked-secret\",provider=\"source\"} 1\n";
    assert!(metrics.contains(sample) && metrics.contains("\nnonhuman_last_complete_scan_age_seconds 0\n"), "{metrics}");
    // What cannot be read tells no time of a good scan: the one before is told, and where there was none the alert rings.
    write(path, "broken.db", [7; 4096]);
    for (file, last) in [("m.prom", "1795132800"), ("new.prom", "0")] {
        let broken =
            ["scan", "t", "--isolated", "--history-file", "broken.db", "--now", "2026-11-21", "--metrics", file];
        let ran = run(path, &broken);
        assert!(ran.code == 1 && ran.stdout.contains("this scan"), "{}", ran.stdout);
        let metrics = std::fs::read_to_string(path.join(file)).expect("it is written");
        let told = format!("\nnonhuman_last_complete_scan_timestamp_seconds {last}\n");
        assert!(metrics.contains(&told), "{metrics}");
    }
    // Nothing changed: nobody is told, and nobody is missed.
    let gone = "https://127.0.0.1:1/services/not-for-logs";
    let quiet = run(path, &["scan", "t", "--isolated", "--history-file", FILE, "--now", "2026-11-21", "--slack", gone]);
    assert_eq!((quiet.code, quiet.stderr.as_str()), (1, ""));
    write(path, "t/b.py", line("b"));
    let lost = run(path, &["scan", "t", "--isolated", "--history-file", FILE, "--now", "2026-11-22", "--slack", gone]);
    assert_eq!(lost.code, 1, "the report is what it is");
    assert!(lost.stderr.contains("warning: not delivered to the chat: https://127.0.0.1:1 "), "{}", lost.stderr);
    assert!(
        !lost.stderr.contains("not-for-logs") && lost.stdout.contains("new since the last scan"),
        "{}",
        lost.stderr
    );
    let plain = run(path, &["scan", "t", "--isolated", "--webhook", "http://hooks.example/not-for-logs"]);
    assert_eq!((plain.code, plain.stderr.contains("not-for-logs")), (2, false), "{}", plain.stderr);
}

/// A report says which findings it leaves out: what else comes is new, and what else goes is resolved.
#[test]
fn what_a_baseline_hides_hides_nothing_else() {
    let folder = folder();
    let path = folder.path();
    write(path, "t/a.py", line("a"));
    write(path, "t/.claude/settings.json", "{}");
    assert_eq!(run(path, &["secrets", "t", "--isolated", "--baseline", "b", "--write-baseline"]).code, 0);
    write(path, "t/b.py", line("b"));
    let scan = |day: &str, output: &str, more: &[&str]| {
        run(path, &[&["scan", "t", "--isolated", "--quiet", "--now", day, "-o", output], more].concat());
        report(&Ran {
            stdout: std::fs::read_to_string(path.join(output)).expect("it is written"),
            ..run(path, &["man"])
        })
    };
    let first = scan("2026-11-20", "1.json", &["--baseline", "b"]);
    assert_eq!(first["hidden"]["accepted"].as_array().map(Vec::len), Some(1), "{first}");
    // What is there already changes for the worse, another thing goes.
    write(path, "t/.claude/settings.json", r#"{"permissions":{"defaultMode":"bypassPermissions"}}"#);
    std::fs::remove_file(path.join("t/b.py")).expect("it is there");
    scan("2026-11-21", "2.json", &["--baseline", "b"]);
    let told = |from: &str, to: &str| {
        let findings = changes(path, &[from, to]);
        findings.into_iter().filter(|one| !one.starts_with("appeared")).collect::<Vec<_>>()
    };
    let [new, resolved]: [String; 2] =
        told("1.json", "2.json").try_into().unwrap_or_else(|all: Vec<_>| panic!("{all:?}"));
    assert_eq!((new.as_str(), resolved.as_str()), ("new permissions.defaultMode", "resolved b.py"));
    assert_eq!(run(path, &["diff", "--isolated", "1.json", "2.json", "--fail-on-new", "high"]).code, 1);
    // What a baseline hides is there: not resolved, and not new to who looks without it.
    scan("2026-11-22", "3.json", &[]);
    assert_eq!(told("2.json", "3.json"), Vec::<String>::new());
    scan("2026-11-23", "4.json", &["--baseline", "b"]);
    assert_eq!(told("3.json", "4.json"), ["muted a.py"]);
}
