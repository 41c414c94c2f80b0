//! Comments that allow what is found beside them: what they hide, and what is said of those that hide nothing.

use crate::secrets::{found, gate, said};
use crate::tree::{folder, github_token, run, write};

const UNUSED: &str = "allow comments that allow nothing";
const EXPIRED: &str = "expired allow comments";
const UNREADABLE: &str = "allow comments that cannot be read";

fn marked(seed: &str, comment: &str) -> String {
    format!("t = \"{}\"  # {comment}\n", github_token(seed))
}

#[test]
fn a_comment_allows_its_line_by_rule_or_detector() {
    let folder = folder();
    let path = folder.path();
    for (name, comment) in [
        ("all", "nonhuman: allow"),
        ("detector", "nonhuman: allow[github-token] reason=a key of the tests until=2027-01-31"),
        ("rule", "nonhuman:allow[leaked-secret]"),
        ("both", "nonhuman: allow[npm-token, github-token]"),
        ("gitleaks", "gitleaks:allow"),
        ("betterleaks", "betterleaks:allow"),
    ] {
        write(path, &format!("repo/{name}.py"), marked(name, comment));
    }
    let (code, report) = gate(path, &["repo"]);
    assert_eq!((code, found(&report).len()), (0, 0), "{report}");
    assert_eq!(said(&report, "allowed lines").map(|said| said.1), Some(6));
    assert_eq!(said(&report, UNUSED), None);
    let by: Vec<&str> = report["exposures"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one["allowed_by"].as_str().expect("text"))
        .collect();
    assert!(by.contains(&"nonhuman: allow[github-token] reason=a key of the tests until=2027-01-31"), "{by:?}");
    let (code, report) = gate(path, &["repo", "--no-inline-allow"]);
    assert_eq!((code, found(&report).len()), (1, 6));
}

#[test]
fn an_allow_for_another_rule_or_detector_hides_nothing() {
    let folder = folder();
    write(folder.path(), "repo/a.py", marked("other", "nonhuman: allow[npm-token]"));
    write(folder.path(), "repo/b.py", marked("state", "nonhuman: allow[leaked-live-credential]"));
    let (code, report) = gate(folder.path(), &["repo"]);
    assert_eq!(code, 1);
    assert_eq!(found(&report), ["leaked-secret repo/a.py:1", "leaked-secret repo/b.py:1"]);
    assert_eq!(said(&report, UNUSED).map(|said| (said.1, said.2)), Some((1, "a.py:1".to_owned())));
}

#[test]
fn a_comment_that_stands_alone_speaks_of_the_next_line() {
    let folder = folder();
    let path = folder.path();
    let token = |seed: &str| format!("t = \"{}\"\n", github_token(seed));
    write(path, "repo/above.py", format!("# nonhuman: allow[github-token] reason=test\n{}", token("above")));
    write(path, "repo/far.py", format!("# nonhuman: allow\n\n{}", token("far")));
    write(path, "repo/code.py", format!("x = 1  # nonhuman: allow\n{}", token("code")));
    let (_, report) = gate(path, &["repo"]);
    assert_eq!(found(&report), ["leaked-secret repo/code.py:2", "leaked-secret repo/far.py:3"]);
    assert_eq!(said(&report, UNUSED).map(|said| (said.1, said.2)), Some((2, "code.py:1, far.py:1".to_owned())));
}

#[test]
fn an_allow_ends_with_its_last_day() {
    let folder = folder();
    let path = folder.path();
    write(path, "a.py", marked("until", "nonhuman: allow until=2026-11-22"));
    let on = |now: &str| {
        let ran = run(path, &["secrets", "--format", "json", "--now", now]);
        (ran.code, serde_json::from_str(&ran.stdout).expect("JSON"))
    };
    let (code, report) = on("2026-11-22T23:59:59Z");
    assert_eq!((code, said(&report, EXPIRED)), (0, None));
    let (code, report) = on("2026-11-23T00:00:00Z");
    assert_eq!(code, 1);
    let (outcome, count, detail) = said(&report, EXPIRED).expect("it is said");
    assert_eq!((outcome.as_str(), count, detail.as_str()), ("not-read", 1, "a.py:1 (until 2026-11-22)"));
    assert_eq!(report["summary"]["incomplete"], false, "it is a note, not a hole");
}

#[test]
fn what_cannot_be_read_hides_nothing_and_is_said() {
    let folder = folder();
    let path = folder.path();
    for (name, comment) in [
        ("a", "nonhuman: allow[github-tokn]"),
        ("b", "nonhuman: allow until=31.12.2027"),
        ("c", "nonhuman: allow[github-token"),
        ("d", "nonhuman: allow untill=2027-12-31"),
    ] {
        write(path, &format!("{name}.py"), marked(name, comment));
    }
    let (code, report) = gate(path, &[]);
    assert_eq!((code, found(&report).len()), (1, 4));
    let (_, count, detail) = said(&report, UNREADABLE).expect("it is said");
    assert_eq!(count, 4);
    for told in [
        "a.py:1 ('github-tokn' is neither a rule nor a detector)",
        "b.py:1 ('until=31.12.2027' is no day (expected a form such as until=2027-01-31))",
        "c.py:1 (the ']' behind its names is missing)",
        "d.py:1 (there is no 'untill=' (reason=… and until=… are))",
    ] {
        assert!(detail.contains(told), "{told}: {detail}");
    }
}

#[test]
fn allows_that_allow_nothing_are_counted_and_the_first_named() {
    let folder = folder();
    for number in 0..25 {
        write(folder.path(), &format!("f{number:02}.py"), "x = 1  # nonhuman: allow\n");
    }
    write(folder.path(), "word.md", "It is nonhuman: allowed words are no marks, nonhuman: allow-list neither.\n");
    let (code, report) = gate(folder.path(), &[]);
    assert_eq!(code, 0);
    let (_, count, detail) = said(&report, UNUSED).expect("it is said");
    assert_eq!(count, 25);
    assert!(detail.starts_with("f00.py:1, f01.py:1, ") && detail.ends_with("f09.py:1, and 15 more"), "{detail}");
    assert_eq!(said(&gate(folder.path(), &["--no-inline-allow"]).1, UNUSED), None);
}

/// The reason is written by whoever wrote the tree.
#[test]
fn a_reason_carries_no_secret_out() {
    let folder = folder();
    let token = github_token("reason");
    let text = format!("t = \"{}\"  # nonhuman: allow reason=was t = \"{token}\" before\n", github_token("now"));
    write(folder.path(), "a.py", text);
    for format in ["json", "jsonl", "table", "sarif", "markdown", "github"] {
        let ran = run(folder.path(), &["secrets", "--format", format]);
        assert!(!ran.stdout.contains(&token) && !ran.stderr.contains(&token), "{format}: {}", ran.stdout);
    }
}
