//! What is encoded is found where it lies, whatever the way; and the work is bounded. Tests only.

#[cfg(test)]
use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use proptest::prelude::*;

use super::*;
use crate::model::{FingerprintKey, Secret};
use crate::secrets::LineIndex;
use crate::secrets::tests::DETECTORS;

/// The first example of a detector for GitHub's tokens, so that no file of ours holds one more.
fn token() -> &'static str {
    let detector = DETECTORS.detectors().iter().find(|one| one.id == "github-token").expect("it is there");
    let text = detector.examples.iter().find(|text| text.contains("ghp_")).expect("one of them");
    let start = text.find("ghp_").expect("it is there");
    &text[start..start + 40]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Base64,
    Url,
    Mime,
    Hex,
    List,
    Percent,
    Unicode,
    Entities,
    Gzip,
    Zlib,
    Wide,
}

impl Way {
    /// The bytes written in this way, and the names of the encodings from the outside in.
    fn write(self, bytes: &[u8]) -> (Vec<u8>, Vec<&'static str>) {
        let every = |form: &dyn Fn(u8) -> String| bytes.iter().map(|byte| form(*byte)).collect::<String>().into_bytes();
        let base64 = |bytes: &[u8]| STANDARD.encode(bytes).into_bytes();
        match self {
            Self::Base64 => (base64(bytes), vec!["base64"]),
            Self::Url => (URL_SAFE_NO_PAD.encode(bytes).into_bytes(), vec!["base64"]),
            Self::Mime => {
                let lines = base64(bytes);
                let lines: Vec<String> =
                    lines.chunks(76).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
                (lines.join("\r\n    ").into_bytes(), vec!["base64"])
            }
            Self::Hex => (every(&|byte| format!("{byte:02x}")), vec!["hex"]),
            Self::List => (every(&|byte| format!("0x{byte:02X}, ")), vec!["hex"]),
            Self::Percent => (every(&|byte| format!("%{byte:02X}")), vec!["percent"]),
            Self::Unicode => (every(&|byte| format!("\\u{byte:04x}")), vec!["unicode"]),
            Self::Entities => (every(&|byte| format!("&#{byte};")), vec!["html"]),
            Self::Gzip => {
                let mut packer = GzEncoder::new(Vec::new(), Compression::default());
                packer.write_all(bytes).expect("room");
                (base64(&packer.finish().expect("room")), vec!["base64", "gzip"])
            }
            Self::Zlib => {
                let mut packer = ZlibEncoder::new(Vec::new(), Compression::default());
                packer.write_all(bytes).expect("room");
                (base64(&packer.finish().expect("room")), vec!["base64", "zlib"])
            }
            Self::Wide => {
                let text = String::from_utf8_lossy(bytes).into_owned();
                (base64(&text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()), vec!["base64", "utf-16"])
            }
        }
    }

    const ALL: [Self; 11] = [
        Self::Base64,
        Self::Url,
        Self::Mime,
        Self::Hex,
        Self::List,
        Self::Percent,
        Self::Unicode,
        Self::Entities,
        Self::Gzip,
        Self::Zlib,
        Self::Wide,
    ];
}

/// What is found of GitHub's tokens: the text that it is written with, and the names of its encodings.
fn found(text: &[u8]) -> Vec<(Range<usize>, Vec<&'static str>)> {
    let key = FingerprintKey::default();
    let expected = Secret::new(token().as_bytes()).fingerprint(&key);
    let all = DETECTORS.scan(text);
    let tokens = all.iter().filter(|one| one.secret.fingerprint(&key) == expected);
    tokens.map(|one| (one.span.clone(), one.encoding.clone())).collect()
}

#[test]
fn the_exact_text_is_reported_in_every_way() {
    let line = format!("user = build and token = {} # of the robot, see the notes of the team about it", token());
    let before = line.find("ghp_").expect("it is there");
    for (way, start, end) in [
        (Way::Base64, before * 8 / 6, ((before + 40) * 8).div_ceil(6)),
        (Way::Url, before * 8 / 6, ((before + 40) * 8).div_ceil(6)),
        (Way::Hex, before * 2, before * 2 + 80),
        (Way::List, before * 6, before * 6 + 40 * 6 - 2),
        (Way::Percent, before * 3, before * 3 + 120),
        (Way::Unicode, before * 6, before * 6 + 240),
        (Way::Wide, before * 16 / 6, ((before + 40) * 16).div_ceil(6)),
    ] {
        let (written, names) = way.write(line.as_bytes());
        let text = [b"data: \"".as_slice(), &written, b"\"\n"].concat();
        assert_eq!(found(&text), [(7 + start..7 + end, names)], "{way:?}");
    }
}

/// One escape may be a format, and within a long word is none.
#[test]
fn one_percent_escape_hides_no_token() {
    let text = format!("see t={} there", token().replacen('_', "%5F", 1));
    assert_eq!(found(text.as_bytes()), [(6..48, vec!["percent"])]);
    for text in ["printf(\"%2dx\")", "a=aaaaaaaaaaaaaaaaaaaaaaaa%20bbbbbbbbbbbbbbbbbbbb", "%2Fshort", "100%5Fof"] {
        let mut pieces = 0;
        escapes::each(text.as_bytes(), &mut |_| {
            pieces += 1;
            true
        });
        assert_eq!(pieces, 0, "{text}");
    }
}

/// The id of an AWS pair needs no escapes; its secret may.
#[test]
fn a_pair_with_an_escaped_secret_has_no_lone_id() {
    for text in [
        "curl 'https://x/?k=AKIAWIDGDYXJGOGVBSWF&secret_access_key=F%2FoARnqT2CwbQW2F4Idan3fMKt%2FUAWn5biGkonWi'",
        "k=AKIAWIDGDYXJGOGVBSWF&aws_secret_access_key=F%2FoARnqT2CwbQW2F4Idan3fMKtUUAWn5biGkonWi",
    ] {
        let all = DETECTORS.scan(text.as_bytes());
        let told: Vec<&str> = all.iter().map(|one| one.detector.id.as_str()).collect();
        assert_eq!(told, ["aws-access-key"], "{text}");
    }
}

#[test]
fn a_wrapped_text_is_one_and_keeps_its_lines() {
    let line =
        format!("{}\npassword of the robot: {} and so it goes on for one more line\n", "x y ".repeat(14), token());
    let (written, names) = Way::Mime.write(line.as_bytes());
    let text = [b"blob: |\n    ".as_slice(), &written, b"\n"].concat();
    let all = found(&text);
    let [(span, encoding)] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!(*encoding, names);
    let lines = LineIndex::new(&text);
    let at = line.find("ghp_").expect("it is there") * 8 / 6;
    assert_eq!(lines.position(&text, span.start), (2 + at as u64 / 76, 5 + at as u64 % 76));
    // A list of texts with one length is no wrapped text.
    let list = format!("{0}\n{0}\n", STANDARD.encode(format!("{}xy", &format!("# {}", token())[..40])));
    assert_eq!(list.lines().next().map(str::len), Some(56));
    let list = format!("{0}\n{0}\n", STANDARD.encode(format!("{}\n\n", token())));
    assert_eq!(found(list.as_bytes()).len(), 2, "{list}");
}

#[test]
fn several_secrets_of_one_packed_piece_are_reported() {
    let detector = DETECTORS.detectors().iter().find(|one| one.id == "slack-user-token").expect("it is there");
    let text = format!("a: {}\nb: {}\n", token(), detector.examples[0]);
    let (written, _) = Way::Gzip.write(text.as_bytes());
    let all = DETECTORS.scan(&written);
    let ids: Vec<&str> = all.iter().map(|one| one.detector.id.as_str()).collect();
    assert!(ids.contains(&"github-token") && ids.contains(&"slack-user-token"), "{ids:?}");
    assert!(
        all.iter().all(|one| one.encoding == ["base64", "gzip"]
            && one.span == (0..written.trim_ascii_end().len() - padding(&written)))
    );
}

fn padding(text: &[u8]) -> usize {
    text.iter().rev().take_while(|byte| **byte == b'=').count()
}

#[test]
fn a_token_beats_the_assignment_that_it_is_written_in_and_a_guess_does_not() {
    let text = format!("api_token: \"{}\"\n", STANDARD.encode(token()));
    let all = DETECTORS.scan(text.as_bytes());
    assert_eq!(all.len(), 1);
    assert_eq!((all[0].detector.id.as_str(), all[0].encoding.as_slice()), ("github-token", ["base64"].as_slice()));
    let guess = STANDARD.encode("password = \"GWDd4e4x5*920\"; # the door");
    let alone = format!("blob: {guess}\n");
    let ids = |text: &str| -> Vec<String> {
        DETECTORS.scan(text.as_bytes()).iter().map(|one| format!("{} {:?}", one.detector.id, one.encoding)).collect()
    };
    assert_eq!(ids(&alone), ["generic-password [\"base64\"]"]);
    assert_eq!(ids(&format!("password=\"{guess}\"")).len(), 1);
    assert!(!ids(&format!("api_token = \"{guess}1\"")).iter().any(|id| id.contains("generic-password ")));
}

#[test]
fn what_only_looks_encoded_is_left_alone() {
    for text in [
        "integrity sha512-v2kDEe57lecTulaDIuNTPy3Ry4gLGJ6Z1O3vE1krgXZNrsQ+LFTGHVxVjcXPs17LhbZVGedAJv8XZ1tvj5FvSg==",
        "/usr/share/doc/abcdefghijkl/mnopqrstuvwx/README_OF_THE_PACKAGE",
        "3f786850e387550fdab836ed7e6dc881de23001b3f786850e387550fdab836ed7e6dc881de23001b",
        "AbstractSingletonProxyFactoryBeanDefinitionReader",
        "--------------------------------------------------",
        "int a = 0x12, b = 0x13; printf(\"%02d:%02d\", a, b);",
    ] {
        let mut pieces = Vec::new();
        decode(text.as_bytes(), &crate::secrets::runs::all(text.as_bytes()), &mut |piece| {
            pieces.push(String::from_utf8_lossy(&piece.text).into_owned());
            true
        });
        assert!(pieces.is_empty(), "{text}: {pieces:?}");
    }
}

#[test]
fn depth_and_size_are_bounded() {
    let nested = |depth: usize| (0..depth).fold(format!("token: {}", token()), |text, _| STANDARD_NO_PAD.encode(text));
    assert_eq!(found(nested(DEEPEST).as_bytes()).len(), 1);
    assert_eq!(found(nested(DEEPEST + 1).as_bytes()).len(), 0);
    // A bomb: a thousand to one, and many of them.
    let (bomb, _) = Way::Gzip.write(&vec![b'a'; 50 << 20]);
    let text = [bomb.as_slice(), b"\n"].concat().repeat(20);
    let mut budget = Budget::of(text.len());
    let before = budget.bytes;
    assert!(DETECTORS.scan_with(&text, &[], &mut budget).is_empty());
    assert!(before < text.len() * 3 + (4 << 20));
}

#[test]
fn the_middle_of_a_long_run_is_read_as_in_the_whole() {
    let filler = "all of these words are of no use, ".repeat(400);
    let whole = STANDARD.encode(format!("{filler}{} {filler}", token()));
    for start in 0..8 {
        let all = found(&whole.as_bytes()[start..]);
        assert_eq!(all.len(), 1, "{start}");
        assert_eq!(all[0].0.start + start, filler.len() * 8 / 6, "{start}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, max_shrink_iters: 200, ..ProptestConfig::default() })]

    /// Written in any ways within each other, a token is the same as plain, and lies on the line where it is written.
    #[test]
    fn a_token_is_found_whatever_it_is_written_in(
        ways in prop::collection::vec(prop::sample::select(Way::ALL.to_vec()), 1..4),
        before in "[a-z ,.\n]{0,200}",
        behind in "[a-z ,.\n]{0,200}",
        lines in 0..5_usize,
    ) {
        let mut text = format!("{before} {} {behind}", token()).into_bytes();
        let mut names = Vec::new();
        for way in &ways {
            let (written, outer) = way.write(&text);
            text = written;
            names.splice(0..0, outer);
        }
        prop_assume!(names.len() <= DEEPEST && text.len() < 200_000);
        let head = "first: \"é\"\n".repeat(lines);
        let text = [head.as_bytes(), b"blob: '", &text, b"'\nlast: 1\n"].concat();
        let all = found(&text);
        prop_assert_eq!(all.len(), 1);
        prop_assert_eq!(&all[0].1, &names);
        prop_assert!(all[0].0.start >= head.len() + 7 && all[0].0.end <= text.len() - 10, "{:?}", all[0].0);
    }

    /// Nothing crashes, and every place lies in the text.
    #[test]
    fn any_text_can_be_decoded(
        pieces in prop::collection::vec(
            prop_oneof![
                "[A-Za-z0-9+/=_-]{0,60}",
                "[0-9a-f]{0,60}",
                "(%[0-9a-f]{2}|\\\\u[0-9a-f]{4}|\\\\x[0-9a-f]{2}|&#[0-9]{1,4};|&quot;|0x[0-9a-f]{2}, ){0,20}",
                prop::sample::select(vec!["\n", "\r\n   ", "\\n", "=", "H4sIAAAAAAAA", "eJw", "//79", "é"]).prop_map(str::to_owned),
            ],
            0..60,
        ),
    ) {
        let text = pieces.concat().into_bytes();
        decode(&text, &crate::secrets::runs::all(&text), &mut |piece| {
            for (start, end) in [(0, piece.text.len()), (0, 0), (piece.text.len() / 2, piece.text.len() / 2 + 1)] {
                let range = piece.map(&(start..end));
                assert!(range.start <= range.end && range.end <= text.len(), "{range:?}");
            }
            true
        });
        for one in DETECTORS.scan(&text) {
            prop_assert!(one.whole.start <= one.span.start && one.span.end <= one.whole.end && one.whole.end <= text.len());
        }
    }
}
