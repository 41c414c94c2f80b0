//! Archives as they are met: what is in them is found at its place, and what is not read of them is said.

use std::path::Path;

use serde_json::Value;

use crate::pack::{Member, file, gzip, tar, tar_header, zip, zstd};
use crate::tree::{NOW, folder, github_token, run, write};

/// Runs a scan and reads its report.
fn scan(folder: &Path, arguments: &[&str]) -> (i32, Value) {
    let mut all = vec!["scan", "--format", "json", "--now", NOW];
    all.extend(arguments);
    let ran = run(folder, &all);
    let report = serde_json::from_str(&ran.stdout);
    (ran.code, report.unwrap_or_else(|error| panic!("{error}: {}{}", ran.stdout, ran.stderr)))
}

/// Every exposure as `path:line:column`, in order.
fn places(report: &Value) -> Vec<String> {
    let list = report["exposures"].as_array().expect("a list");
    let mut places: Vec<String> = list
        .iter()
        .map(|one| {
            let place = &one["evidence"]["location"];
            format!("{}:{}:{}", place["path"].as_str().expect("text"), place["line"], place["column"])
        })
        .collect();
    places.sort();
    places
}

/// What the coverage says of one thing: how it ended, how many, and why.
fn said(report: &Value, what: &str) -> Option<(String, u64, String)> {
    let entries = report["coverage"].as_array().expect("a list");
    let entry = entries.iter().find(|one| one["what"] == what)?;
    let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    Some((text("outcome"), entry["count"].as_u64().expect("a number"), text("detail")))
}

fn secret(seed: &str) -> Vec<u8> {
    format!("# settings\ntoken = \"{}\"\n", github_token(seed)).into_bytes()
}

#[test]
fn what_lies_in_archives_is_found_at_its_place() {
    let folder = folder();
    let text = secret("inside");
    let long = [b"deep/".repeat(40), b"app.yml".to_vec()].concat();
    let jar = zip(&[file("BOOT-INF/classes/", b""), file("BOOT-INF/classes/application.yml", &text)]);
    let plain_tar = tar(&[(b"etc/app.conf", b'0', &text), (b"dir/", b'5', b""), (b"ln", b'2', b"")]);
    let long_tar = tar(&[(b"././@LongLink", b'L', &[&long[..], b"\0"].concat()), (b"short", b'0', &text)]);
    let record = b"path=pax/app.yml\n";
    let record = [format!("{} ", record.len() + 3).as_bytes(), record].concat();
    let pax_tar = tar(&[(b"PaxHeader", b'x', &record), (b"short", b'0', &text)]);
    // Content decides, not the name.
    for (name, bytes) in [
        ("app.txt", jar.clone()),
        ("text.zip", text.clone()),
        ("a.tar", plain_tar.clone()),
        ("b.tgz", gzip(&plain_tar)),
        ("c.tar.zst", zstd(&plain_tar)),
        ("d.log.gz", gzip(&text)),
        ("e.env.zst", [zstd(&text), zstd(b"# more\n")].concat()),
        ("f.tar", long_tar),
        ("g.tar", pax_tar),
        ("h.zip", zip(&[file("lib/inner.jar", &jar), file("x.tar.gz", &gzip(&plain_tar))])),
    ] {
        write(folder.path(), &format!("t/{name}"), bytes);
    }
    let (code, report) = scan(folder.path(), &["t"]);
    assert_eq!(code, 1, "{}", report["coverage"]);
    let long = String::from_utf8(long).expect("letters");
    let expected = [
        "a.tar!/etc/app.conf:2:10",
        "app.txt!/BOOT-INF/classes/application.yml:2:10",
        "b.tgz!/etc/app.conf:2:10",
        "c.tar.zst!/etc/app.conf:2:10",
        "d.log.gz!/d.log:2:10",
        "e.env.zst!/e.env:2:10",
        &format!("f.tar!/{long}:2:10"),
        "g.tar!/pax/app.yml:2:10",
        "h.zip!/lib/inner.jar!/BOOT-INF/classes/application.yml:2:10",
        "h.zip!/x.tar.gz!/etc/app.conf:2:10",
        "text.zip:2:10",
    ];
    assert_eq!(places(&report), expected);
    assert_eq!(said(&report, "archives"), Some(("complete".into(), 11, "10 files in them".into())));
    assert_eq!(said(&report, "symbolic links").map(|said| said.1), Some(4));
    let prints: std::collections::BTreeSet<_> =
        report["exposures"].as_array().expect("a list").iter().map(|one| one["fingerprint"].to_string()).collect();
    assert_eq!(prints.len(), 1, "one value has one fingerprint");
}

/// A jar that starts itself, and one behind a program, are archives for whoever runs them.
#[test]
fn an_archive_behind_something_else_is_read() {
    let folder = folder();
    let inner = zip(&[file("a.env", &secret("behind"))]);
    let script = [b"#!/bin/bash\n# starts what follows\n".to_vec(), b"exec true # more\n".repeat(500)].concat();
    write(folder.path(), "app.jar", [script, secret("before"), inner.clone()].concat());
    write(folder.path(), "setup.exe", [b"MZ\0\x01\x02".to_vec(), vec![0; 9000], inner].concat());
    // The mark of an end alone makes no archive.
    write(folder.path(), "program", [b"\x7fELF\0".to_vec(), b"PK\x05\x06".repeat(20), vec![0; 40]].concat());
    let (_, report) = scan(folder.path(), &["."]);
    let found: Vec<String> = places(&report).into_iter().filter(|place| place.contains('!')).collect();
    assert_eq!(found, ["app.jar!/a.env:2:10", "setup.exe!/a.env:2:10"]);
    assert!(places(&report).iter().any(|place| place.starts_with("app.jar:504:")), "{:?}", places(&report));
    let (_, report) = scan(folder.path(), &[".", "--no-archives"]);
    let (outcome, count, _) = said(&report, "archives").expect("they are said");
    assert_eq!((outcome.as_str(), count), ("not-read", 2));
}

#[test]
fn without_archives_they_are_declared() {
    let folder = folder();
    write(folder.path(), "t/a.jar", zip(&[file("x", &secret("jar"))]));
    write(folder.path(), "t/b.tar", tar(&[(b"x", b'0', &secret("tar"))]));
    write(folder.path(), "t/c.txt", secret("plain"));
    let (code, report) = scan(folder.path(), &["t", "--no-archives"]);
    assert_eq!((code, places(&report)), (1, vec!["c.txt:2:10".to_owned()]));
    let why = "--no-archives was given: a.jar, b.tar".to_owned();
    assert_eq!(said(&report, "archives"), Some(("not-read".into(), 2, why)));
}

#[test]
fn an_archive_that_was_named_is_read() {
    let folder = folder();
    write(folder.path(), "app.jar", zip(&[file("conf/app.yml", &secret("root"))]));
    let ran = run(folder.path(), &["scan", "app.jar", "--now", NOW]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("app.jar!/conf/app.yml:2:10"), "{}", ran.stdout);
}

#[test]
fn names_of_members_are_shown_safely_and_apart() {
    let folder = folder();
    let text = secret("names");
    let names: [&[u8]; 6] = [b"../../etc/x", b"/etc/x", b"a\0b\x1b[2J", b"caf\xe9", b"same", b"same"];
    let members = names.map(|name| Member { name, ..file("", &text) });
    write(folder.path(), "t/a.zip", zip(&members));
    let (_, report) = scan(folder.path(), &["t"]);
    let expected = [
        "a.zip!/\\x2E\\x2E/\\x2E\\x2E/etc/x:2:10",
        "a.zip!/a\\x00b\\x1B[2J:2:10",
        "a.zip!/caf\\xE9:2:10",
        "a.zip!/etc/x:2:10",
        "a.zip!/same (2):2:10",
        "a.zip!/same:2:10",
    ];
    assert_eq!(places(&report), expected);
    assert_eq!(std::fs::read_dir(folder.path()).expect("it is there").count(), 1, "nothing is written");
}

#[test]
fn what_cannot_be_read_of_an_archive_is_said() {
    let folder = folder();
    let path = folder.path();
    let text = secret("partly");
    let member = |name: &'static str, method, flags, mode| Member { method, flags, mode, ..file(name, &text) };
    write(
        path,
        "t/a.zip",
        zip(&[
            file("first.txt", &text),
            member("locked.txt", 8, 1, 0o100_644),
            member("odd.txt", 14, 0, 0o100_644),
            member("link", 0, 0, 0o120_777),
            file("logo.png", b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\0"),
            file("last.txt", &text),
        ]),
    );
    write(path, "t/doc.docx", zip(&[file("[Content_Types].xml", b"<x/>"), file("word/document.xml", &text)]));
    let (code, report) = scan(path, &["t"]);
    assert_eq!((code, places(&report)), (1, vec!["a.zip!/first.txt:2:10".into(), "a.zip!/last.txt:2:10".into()]));
    let not_read = |what, name: &str| {
        assert_eq!(said(&report, what), Some(("not-read".into(), 1, format!("their text is packed: {name}"))))
    };
    not_read("encrypted members of archives", "a.zip!/locked.txt");
    not_read("members of archives with other methods", "a.zip!/odd.txt");
    not_read("images", "a.zip!/logo.png");
    not_read("office documents", "doc.docx");
    assert_eq!(said(&report, "symbolic links").map(|said| said.1), Some(1));
}

#[test]
fn a_damaged_archive_is_a_hole_and_the_rest_is_scanned() {
    let folder = folder();
    let path = folder.path();
    let text = secret("damaged");
    let filler: Vec<u8> =
        (0..200_000_u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let whole = gzip(&[&text[..], &filler].concat());
    write(path, "t/cut.gz", &whole[..whole.len() / 2]);
    let whole = zip(&[file("a.txt", &text), file("b.bin", &filler)]);
    write(path, "t/cut.zip", &whole[..whole.len() - 30]);
    let mut wrong = zip(&[file("bad.txt", &text), file("good.txt", &text)]);
    wrong[45] ^= 0x55;
    write(path, "t/wrong.zip", &wrong);
    let huge =
        [tar(&[(b"a.txt", b'0', &text)])[..1024].to_vec(), tar_header(b"huge", b'0', u64::MAX / 2), text.clone()]
            .concat();
    write(path, "t/huge.tar", &huge);
    write(path, "t/plain.txt", &text);
    let (_, report) = scan(path, &["t"]);
    assert_eq!(report["summary"]["incomplete"], true);
    let expected = [
        "cut.gz!/cut:2:10",
        "huge.tar!/a.txt:2:10",
        "huge.tar!/huge:2:10",
        "plain.txt:2:10",
        "wrong.zip!/good.txt:2:10",
    ];
    assert_eq!(places(&report).into_iter().filter(|place| !place.contains("bad")).collect::<Vec<_>>(), expected);
    for what in ["cut.gz", "cut.zip", "huge.tar", "wrong.zip!/bad.txt"] {
        assert_eq!(said(&report, what).map(|said| said.0).as_deref(), Some("failed"), "{what}: {}", report["coverage"]);
    }
}

#[test]
fn bombs_are_cut_short_and_named() {
    let folder = folder();
    let path = folder.path();
    let zeros = vec![b' '; 48 << 20];
    let layer = zip(&[file("0.dll", &zeros)]);
    // A thousand to one in each layer.
    let copies: Vec<Vec<u8>> = (0..16).map(|number| format!("{number}.zip").into_bytes()).collect();
    let layer = zip(&copies.iter().map(|name| Member { name, ..file("", &layer) }).collect::<Vec<_>>());
    write(path, "t/42.zip", zip(&copies.iter().map(|name| Member { name, ..file("", &layer) }).collect::<Vec<_>>()));
    write(path, "t/one.gz", gzip(&zeros));
    // More archives in one another than are opened.
    let deep = (0..5).fold(secret("deep"), |content, _| zip(&[file("in.zip", &content)]));
    write(path, "t/deep.zip", deep);
    let many: Vec<Vec<u8>> = (0..100_001).map(|number| format!("{number}").into_bytes()).collect();
    write(
        path,
        "t/many.tar",
        tar(&many.iter().map(|name| (name.as_slice(), b'0', b"".as_slice())).collect::<Vec<_>>()),
    );
    // Members of one name, and very many that are damaged.
    let mut same = zip(&(0..20_000).map(|_| file("same", b"x")).collect::<Vec<_>>());
    let crcs: Vec<usize> = (0..same.len() - 4).filter(|place| same[*place..].starts_with(b"PK\x01\x02")).collect();
    crcs.into_iter().for_each(|header| same[header + 16] ^= 1);
    write(path, "t/same.zip", same);
    write(path, "t/plain.txt", secret("rest"));
    let (code, report) = scan(path, &["t"]);
    assert_eq!((code, places(&report)), (1, vec!["plain.txt:2:10".to_owned()]));
    assert_eq!(report["summary"]["incomplete"], true);
    let broken =
        report["coverage"].as_array().expect("a list").iter().filter(|one| one["what"].to_string().contains("same"));
    assert_eq!(broken.count(), 21);
    let why = "19980 more of its members were not read to their end".to_owned();
    assert_eq!(said(&report, "same.zip"), Some(("failed".into(), 0, why)));
    std::fs::remove_file(path.join("t/plain.txt")).expect("it is there");
    assert_eq!(scan(path, &["t"]).0, 3);
    for (what, why) in [
        ("42.zip", "it unpacks to more than"),
        ("one.gz", "it unpacks to more than"),
        ("deep.zip!/in.zip!/in.zip!/in.zip", "the 3 archives that it lies in"),
        ("many.tar", "more than 100000 members"),
    ] {
        let (outcome, _, detail) = said(&report, what).unwrap_or_else(|| panic!("{what}: {}", report["coverage"]));
        assert_eq!(outcome, "partial", "{what}");
        assert!(detail.starts_with(why), "{what}: {detail}");
    }
}

#[test]
fn the_mark_of_an_image_does_not_hide_a_text() {
    let folder = folder();
    for (name, mark) in
        [("a.gif", "GIF89a = 1;\n"), ("b.pdf", "%PDF-1.7\n"), ("c.zip", "PK\u{3}\u{4}\n"), ("d.png", "GIF87a\n")]
    {
        write(folder.path(), &format!("t/{name}"), [mark.as_bytes(), &secret(name)].concat());
    }
    let (code, report) = scan(folder.path(), &["t"]);
    assert_eq!((code, places(&report).len()), (1, 4), "{}", report["coverage"]);
}

/// A token in a Secret of Kubernetes, in a packed dump and in plain text is one credential.
#[test]
fn an_encoded_token_is_the_same_credential_as_the_plain_one() {
    let folder = folder();
    let token = github_token("joined");
    let encoded = base64::engine::Engine::encode(&base64::engine::general_purpose::STANDARD, &token);
    let manifest = format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: ci\ndata:\n  token: {encoded}\n");
    write(folder.path(), "t/app.env", format!("CI_TOKEN={token}\n"));
    write(folder.path(), "t/secret.yaml", &manifest);
    write(folder.path(), "t/dump.yaml.gz", gzip(manifest.as_bytes()));
    let (code, report) = scan(folder.path(), &["t"]);
    assert_eq!(code, 1);
    assert_eq!(places(&report), ["app.env:1:10", "dump.yaml.gz!/dump.yaml:6:10", "secret.yaml:6:10"]);
    let all = report["exposures"].as_array().expect("a list");
    let prints: std::collections::BTreeSet<_> = all.iter().map(|one| one["fingerprint"].to_string()).collect();
    assert_eq!(prints.len(), 1);
    let encodings: std::collections::BTreeSet<_> = all.iter().map(|one| one["encoding"].to_string()).collect();
    assert_eq!(encodings.into_iter().collect::<Vec<_>>(), ["[\"base64\"]", "null"]);
    assert!(!report.to_string().contains(&encoded) && !report.to_string().contains(&token));
}
