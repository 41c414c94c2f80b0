//! The plan of the house, held against the source: who may know whom, how big a room may be, who may touch the world.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

const LONGEST_FILE: usize = 400;
const LONGEST_FUNCTION: usize = 60;

/// What each room may import of the others. The README shows the same picture.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("secrets", &["model"]),
    ("access", &["model"]),
    ("collect", &["model", "secrets", "embedded"]),
    ("inventory", &["model"]),
    ("link", &["model", "access", "inventory"]),
    ("rules", &["model", "inventory"]),
    ("history", &["model", "inventory"]),
    ("report", &["model", "inventory", "history", "embedded"]),
    ("tell", &["collect"]),
    ("config", &["model", "rules"]),
    ("term", &[]),
    ("exit", &[]),
    ("embedded", &[]),
];

/// Texts that may stand only in some places.
const ONLY_IN: &[(&str, &[&str], &str)] = &[
    ("println!", &[], "reports are written through report/ and term/"),
    ("print!(", &[], "reports are written through report/ and term/"),
    ("std::env::", &["config"], "only config/ reads the environment"),
    ("Timestamp::now", &["cli"], "the clock enters once, as `now`"),
    ("SystemTime", &[], "the clock enters once, as `now`"),
    ("std::fs", &["collect", "cli", "config", "history"], "rules, link, access, inventory and report do no I/O"),
    ("File::open", &["collect", "cli"], "rules, link, access, inventory and report do no I/O"),
    ("Command::new", &[], "nothing is executed"),
    ("stdout()", &["cli", "term"], "only cli/output.rs and term/ know the terminal"),
];

struct Source {
    path: PathBuf,
    room: String,
    text: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files: Vec<_> = WalkDir::new(&root)
        .into_iter()
        .map(|entry| entry.expect("src can be walked").into_path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| {
            let below = path.strip_prefix(&root).expect("it lies below src");
            let first = below.components().next().expect("it has a name").as_os_str().to_string_lossy().into_owned();
            let room = first.strip_suffix(".rs").unwrap_or(&first).to_owned();
            let text = std::fs::read_to_string(&path).expect("it is readable");
            Source { path: below.to_owned(), room, text }
        })
        .collect();
    assert!(files.len() > 50, "the test looks at the wrong place");
    files
}

/// The lines of a file that are neither comments nor its own unit tests.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(number, line)| (number + 1, line))
        .take_while(|(_, line)| *line != "#[cfg(test)]")
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

#[test]
fn rooms_know_only_whom_they_may() {
    let allowed: BTreeMap<_, _> = MAY_IMPORT.iter().copied().collect();
    let rooms: Vec<String> = sources().iter().map(|source| source.room.clone()).collect();
    let mut wrong = Vec::new();
    for source in sources() {
        if matches!(source.room.as_str(), "cli" | "main" | "lib") {
            continue;
        }
        let allowed =
            allowed.get(source.room.as_str()).unwrap_or_else(|| panic!("'{}' is not in the plan", source.room));
        for (number, line) in code(&source.text) {
            for part in line.split("crate::").skip(1) {
                let named: String =
                    part.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
                let is_room = rooms.contains(&named);
                if is_room && named != source.room && !allowed.contains(&named.as_str()) {
                    wrong.push(format!("{}:{number}: {} must not know {named}", source.path.display(), source.room));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_some_rooms_touch_the_world() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (number, line) in code(&source.text) {
            for (text, rooms, why) in ONLY_IN {
                if line.contains(text) && !rooms.contains(&source.room.as_str()) && source.room != "term" {
                    wrong.push(format!("{}:{number}: {text}: {why}", source.path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rooms_have_names_that_say_something() {
    for source in sources() {
        let name = source.path.to_string_lossy();
        for empty in ["utils", "helpers", "common", "manager", "misc"] {
            assert!(!name.contains(empty), "{name} says nothing of what it is for");
        }
        assert!(source.text.starts_with("//!"), "{name} does not say what it is for");
    }
}

#[test]
fn rooms_and_functions_are_small() {
    let mut wrong = Vec::new();
    for source in sources() {
        let lines = source.text.lines().count();
        if lines > LONGEST_FILE {
            wrong.push(format!("{} has {lines} lines: a room is missing", source.path.display()));
        }
        for (name, length) in functions(&source.text) {
            if length > LONGEST_FUNCTION {
                wrong.push(format!("{}: {name} has {length} lines", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Functions with their number of lines, by indentation, which rustfmt keeps.
fn functions(text: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let lines: Vec<&str> = text.lines().collect();
    for (start, line) in lines.iter().enumerate() {
        let bare = line.trim_start();
        let is_function = ["fn ", "pub fn ", "pub(super) fn ", "pub(crate) fn ", "async fn ", "pub async fn "]
            .iter()
            .any(|head| bare.starts_with(head));
        if is_function {
            let indent = line.len() - bare.len();
            let closing = format!("{}}}", " ".repeat(indent));
            let length = lines[start..].iter().position(|line| *line == closing).map_or(1, |end| end + 1);
            found.push((bare.split('(').next().unwrap_or(bare).to_owned(), length));
        }
    }
    found
}

#[test]
fn the_functions_are_seen() {
    let seen: usize = sources().iter().map(|source| functions(&source.text).len()).sum();
    assert!(seen > 200, "only {seen} functions were seen: the test is blind");
}
