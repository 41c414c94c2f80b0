//! Source trees as they are met: odd names, encodings, overlapping roots, long lines; nothing is lost, doubled or hidden.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::tree::{NOW, folder, github_token, nonhuman, run, write};

/// Runs a scan and reads its report.
fn scan(folder: &Path, arguments: &[&str]) -> (i32, Value) {
    let mut all = vec!["scan", "--format", "json", "--now", NOW];
    all.extend(arguments);
    let ran = run(folder, &all);
    let report = serde_json::from_str(&ran.stdout);
    (ran.code, report.unwrap_or_else(|error| panic!("{error}: {}{}", ran.stdout, ran.stderr)))
}

/// Every exposure as `root|path:line:column-end`, in order.
fn places(report: &Value) -> Vec<String> {
    let mut places: Vec<String> = report["exposures"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| {
            let place = &one["evidence"]["location"];
            let text = |name: &str| place[name].as_str().expect("text");
            let number = |name: &str| place[name].as_u64().expect("a number");
            let (root, path) = (text("root"), text("path"));
            format!("{root}|{path}:{}:{}-{}", number("line"), number("column"), number("end_column"))
        })
        .collect();
    places.sort();
    places
}

/// The coverage of one thing in one target: how it ended, how many, and what is said of it.
fn coverage(report: &Value, target: &str, what: &str) -> Option<(String, u64, String)> {
    let entries = report["coverage"].as_array().expect("a list");
    let entry = entries.iter().find(|one| one["target"] == target && one["what"] == what)?;
    let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    Some((text("outcome"), entry["count"].as_u64().expect("a number"), text("detail")))
}

fn assignment(seed: &str) -> String {
    format!("t = \"{}\"\n", github_token(seed))
}

#[test]
fn one_long_line_is_as_quick_as_many_short_ones() {
    let folder = folder();
    let token = github_token("minified");
    let line = format!("é{token} ").repeat(25_000);
    write(folder.path(), "t/app.min.js", &line);
    let start = Instant::now();
    let ran = run(folder.path(), &["collect", "t", "--now", NOW]);
    let took = start.elapsed();
    assert_eq!(ran.stdout.matches("\"record\":\"exposure\"").count(), 25_000, "{}", ran.stderr);
    // The last one: 25,000 times 42 characters, the last two of which are the end.
    let last = format!("\"column\":{},\"end_line\":1,\"end_column\":{}", 24_999 * 42 + 2, 24_999 * 42 + 42);
    assert!(ran.stdout.contains(&last), "the column of the last one");
    assert!(took < Duration::from_secs(20), "quadratic time: {took:?}");
}

#[test]
fn a_comment_does_not_allow_a_minified_file() {
    let folder = folder();
    let filler = |length: usize| "x;".repeat(length / 2);
    let line = |length| format!("t=\"{}\";{}/* nonhuman: allow */\n", github_token("min"), filler(length));
    write(folder.path(), "t/short.js", line(1800));
    write(folder.path(), "t/long.js", line(2000));
    let (code, report) = scan(folder.path(), &["t"]);
    assert_eq!(code, 1);
    let finding = &report["findings"].as_array().expect("a list")[..];
    assert_eq!(finding.len(), 1);
    assert!(finding[0].to_string().contains("long.js"), "{}", finding[0]);
    assert_eq!(coverage(&report, "t", "allowed lines").map(|said| said.1), Some(1));
}

#[test]
fn roots_of_similar_names_stay_apart() {
    let folder = folder();
    let path = folder.path();
    for (name, seed) in [
        (b"col/x\\y".as_slice(), "one"),
        (b"col/x/y", "two"),
        (b"col/caf\xe9", "three"),
        (b"col/caf\xe8", "four"),
        (b"col/caf\\xE9", "five"),
    ] {
        write(path, &format!("{seed}.tmp"), assignment(seed));
        let root = path.join(OsStr::from_bytes(name));
        std::fs::create_dir_all(&root).expect("room");
        std::fs::rename(path.join(format!("{seed}.tmp")), root.join("app.py")).expect("it is there");
    }
    let mut command = nonhuman(path);
    command.args(["scan", "--format", "json", "--now", NOW]);
    for name in [b"col/x\\y".as_slice(), b"col/x/y", b"col/caf\xe9", b"col/caf\xe8", b"col/caf\\xE9"] {
        command.arg(OsStr::from_bytes(name));
    }
    let output = command.output().expect("it starts");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let expected = [
        "col/caf\\x5CxE9|app.py:1:6-46",
        "col/caf\\xE8|app.py:1:6-46",
        "col/caf\\xE9|app.py:1:6-46",
        "col/x/y|app.py:1:6-46",
        "col/x\\y|app.py:1:6-46",
    ];
    assert_eq!(places(&report), expected);
    // The same names below one root.
    let (_, report) = scan(path, &["col"]);
    let expected = [
        "col|caf\\x5CxE9/app.py:1:6-46",
        "col|caf\\xE8/app.py:1:6-46",
        "col|caf\\xE9/app.py:1:6-46",
        "col|x/y/app.py:1:6-46",
        "col|x\\y/app.py:1:6-46",
    ];
    assert_eq!(places(&report), expected);
    let ids = report["exposures"].as_array().expect("a list").iter().map(|one| one["id"].to_string());
    assert_eq!(ids.collect::<std::collections::BTreeSet<_>>().len(), 5);
}

#[test]
fn a_file_in_two_roots_is_reported_once() {
    let folder = folder();
    let path = folder.path();
    write(path, "t/.git/HEAD", "ref: refs/heads/main\n");
    write(path, "t/.gitignore", "hidden\n");
    write(path, "t/top.py", assignment("top"));
    write(path, "t/sub/in.py", assignment("in"));
    write(path, "t/hidden/out.py", assignment("out"));
    std::os::unix::fs::symlink("t", path.join("link")).expect("a link");
    let found = ["t/sub|in.py:1:6-46", "t|top.py:1:6-46"];
    for roots in [["t", "t/sub"], ["t/sub", "t"]] {
        let (_, report) = scan(path, &roots);
        assert_eq!(places(&report), found, "{roots:?}");
        let said = coverage(&report, "t", "files of another root").expect("it is said");
        assert_eq!((said.0.as_str(), said.1), ("not-read", 1));
        assert_eq!(coverage(&report, "t/sub", "files").map(|said| said.1), Some(1));
    }
    // A file and its folder; a root that the other one hides; one root three times.
    assert_eq!(places(&scan(path, &["t/sub/in.py", "t/sub"]).1), ["t/sub/in.py|:1:6-46"]);
    assert_eq!(places(&scan(path, &["t", "t/hidden"]).1).len(), 3);
    for again in ["t", "./t/", "link"] {
        let (code, report) = scan(path, &["t", again]);
        assert_eq!((code, places(&report).len()), (1, 2), "{again}");
        assert_eq!(report["summary"]["incomplete"], false, "{again}: {}", report["coverage"]);
        let second = if again == "link" { "link" } else { "t (2)" };
        assert_eq!(coverage(&report, second, "files of another root").map(|said| said.1), Some(3), "{again}");
    }
}

#[test]
fn text_in_utf16_is_read() {
    let folder = folder();
    let text = format!("# ключ 𝒳\nключ = \"{}\"\n", github_token("wide"));
    for (name, bytes) in [
        ("little", [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect::<Vec<u8>>()),
        ("big", [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect()),
        (
            "little-32",
            ['\u{feff}'].into_iter().chain(text.chars()).flat_map(|one| u32::from(one).to_le_bytes()).collect(),
        ),
        ("big-32", ['\u{feff}'].into_iter().chain(text.chars()).flat_map(|one| u32::from(one).to_be_bytes()).collect()),
        ("utf8", [b"\xef\xbb\xbf", text.as_bytes()].concat()),
    ] {
        write(folder.path(), &format!("t/{name}.txt"), bytes);
    }
    let (code, report) = scan(folder.path(), &["t"]);
    assert_eq!(code, 1);
    let names = ["big-32", "big", "little-32", "little", "utf8"];
    assert_eq!(places(&report), names.map(|name| format!("t|{name}.txt:2:9-49")));
}

#[test]
fn text_in_utf16_without_a_mark_is_read() {
    let folder = folder();
    let text = format!("# settings\r\nkey = \"{}\"\r\n", github_token("wide"));
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    write(folder.path(), "t/big.txt", text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>());
    write(folder.path(), "t/little.txt", &little);
    write(folder.path(), "t/program.dll", [b"MZ\x90\0\x03\xff\xff\n\0\0".as_slice(), &little, &[0xff; 9]].concat());
    let (code, report) = scan(folder.path(), &["t"]);
    assert_eq!(code, 1);
    // In a program a column counts bytes that are shown one by one.
    let expected = ["t|big.txt:2:8-48", "t|little.txt:2:8-48", "t|program.dll:3:16-96"];
    assert_eq!(places(&report), expected);
}

#[test]
fn what_is_not_decoded_to_its_end_is_said() {
    use base64::Engine;
    let folder = folder();
    let long = format!("{}{}", "words and words\n".repeat(100_000), assignment("behind"));
    let packed = base64::engine::general_purpose::STANDARD.encode(crate::pack::gzip(long.as_bytes()));
    write(folder.path(), "t/packed.txt", format!("data: {packed}\n"));
    let (_, report) = scan(folder.path(), &["t"]);
    let said = coverage(&report, "t", "encoded text that was decoded only in part");
    assert_eq!(said, Some(("not-read".to_owned(), 1, "packed.txt".to_owned())));
}

#[test]
fn a_zero_byte_hides_nothing_and_packed_files_are_named() {
    let folder = folder();
    let path = folder.path();
    write(path, "t/app.py", [b"\0# ".as_slice(), assignment("zero").as_bytes()].concat());
    write(path, "t/core", [b"\x7fELF\x02\0\0\0\xff\xfe".as_slice(), assignment("core").as_bytes()].concat());
    let images = ["a.png", "b.png", "c.png", "d.png", "e.webp"];
    for (name, magic) in images.map(|name| (name, b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".as_slice())).into_iter().chain([
        ("c.db", b"SQLite format 3\0\x10\0\x01\x01\0\x40\x20\x20".as_slice()),
        ("e.webp", b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0"),
    ]) {
        write(path, &format!("t/{name}"), [magic, &[0; 9], assignment(name).as_bytes()].concat());
    }
    let (_, report) = scan(path, &["t"]);
    assert_eq!(places(&report), ["t|app.py:1:9-49", "t|core:1:16-56"]);
    let said = |what| coverage(&report, "t", what).expect("it is said");
    let detail = "their text is packed: a.png, b.png, c.png and 2 more".to_owned();
    assert_eq!(said("images"), ("not-read".to_owned(), 5, detail));
    assert_eq!(said("SQLite databases"), ("not-read".to_owned(), 1, "their text is packed: c.db".to_owned()));
}

#[test]
fn what_gitignore_hides_is_said() {
    let folder = folder();
    let path = folder.path();
    // Git may track what it names: `git add -f`.
    write(path, "t/sub/.gitignore", "*\n");
    write(path, "t/sub/app.py", assignment("hidden"));
    write(path, "t/sub/deep/b.py", assignment("deep"));
    write(path, "t/.git/config", "x");
    write(path, "t/seen.txt", "x");
    let (code, report) = scan(path, &["t"]);
    assert_eq!((code, places(&report).len()), (0, 0));
    let said = coverage(&report, "t", "files named by .gitignore").expect("it is said");
    let detail = "git may track them all the same; --no-ignore reads them".to_owned();
    assert_eq!(said, ("not-read".to_owned(), 3, detail));
    let (code, report) = scan(path, &["t", "--no-ignore"]);
    assert_eq!((code, places(&report).len()), (1, 2));
    assert_eq!(coverage(&report, "t", "files named by .gitignore"), None);
    // Where git keeps nothing a tree does not mute its scan.
    write(path, "plain/.gitignore", "*\n");
    write(path, "plain/app.py", assignment("in no repository"));
    let (code, report) = scan(path, &["plain"]);
    assert_eq!((code, places(&report).len()), (1, 1));
    assert_eq!(coverage(&report, "plain", "files named by .gitignore"), None);
    // Without one there is nothing to say, and one outside of the tree does not count.
    write(path, ".gitignore", "*\n");
    write(path, "u/app.py", assignment("plain"));
    let (code, report) = scan(path, &["u"]);
    assert_eq!((code, places(&report).len()), (1, 1));
    assert_eq!(coverage(&report, "u", "files named by .gitignore"), None);
}

#[test]
fn a_wish_for_too_many_threads_is_bounded() {
    let folder = folder();
    write(folder.path(), "t/app.py", assignment("threads"));
    for mode in [None, Some("--no-ignore")] {
        for number in ["1", "18446744073709551615"] {
            let mut arguments = vec!["t", "--threads", number];
            arguments.extend(mode);
            let (code, report) = scan(folder.path(), &arguments);
            assert_eq!((code, places(&report).len()), (1, 1), "{arguments:?}");
        }
    }
}

#[test]
fn a_root_called_minus_is_a_path() {
    let folder = folder();
    write(folder.path(), "-/app.py", assignment("minus"));
    for mode in [None, Some("--no-ignore")] {
        let mut arguments = vec!["-"];
        arguments.extend(mode);
        let (code, report) = scan(folder.path(), &arguments);
        assert_eq!((code, places(&report)), (1, vec!["-|app.py:1:6-46".to_owned()]));
    }
}

#[test]
fn roots_that_are_links_pipes_or_loops_are_followed_or_said() {
    let folder = folder();
    let path = folder.path();
    write(path, "real/app.py", assignment("real"));
    for (target, name) in [("loop", "loop"), ("real", "folder"), ("real/app.py", "file")] {
        std::os::unix::fs::symlink(target, path.join(name)).expect("a link");
    }
    let made = std::process::Command::new("mkfifo").arg(path.join("pipe")).status().expect("mkfifo");
    assert!(made.success());
    for mode in [None, Some("--no-ignore")] {
        let with = |root: &'static str| {
            let mut arguments = vec![root];
            arguments.extend(mode);
            scan(path, &arguments)
        };
        assert_eq!(places(&with("folder").1), ["folder|app.py:1:6-46"]);
        assert_eq!(places(&with("file").1), ["file|:1:6-46"]);
        let (code, report) = with("loop");
        assert_eq!(code, 3);
        assert_eq!(coverage(&report, "loop", "files").map(|said| said.0).as_deref(), Some("failed"), "{report}");
        assert_eq!(coverage(&report, "loop", ""), None);
        let (code, report) = with("pipe");
        assert_eq!(code, 3);
        assert_eq!(coverage(&report, "pipe", "sockets, pipes and devices").map(|said| said.1), Some(1));
    }
}

#[test]
fn dumps_in_folders_of_one_name_are_different_clusters() {
    let folder = folder();
    for (place, account) in [("a", "first"), ("b", "second")] {
        let item = format!(
            "{{\"apiVersion\":\"v1\",\"kind\":\"ServiceAccount\",\"metadata\":{{\"name\":\"{account}\",\"namespace\":\"n\",\"uid\":\"{account}\"}}}}"
        );
        let list = format!("{{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[{item}]}}");
        write(folder.path(), &format!("t/{place}/dump/all.json"), list);
    }
    let ran = run(folder.path(), &["collect", "t", "--now", NOW]);
    for id in ["k8s:a:dump/n/sa/first", "k8s:b:dump/n/sa/second"] {
        assert!(ran.stdout.contains(id), "{id}: {}", ran.stdout);
    }
}
