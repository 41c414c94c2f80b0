//! Kubernetes Secrets written as manifests: each value of `data` is base64 by itself (Kubernetes API, Secret v1), so a
//! pair or a name is seen only when all of them are decoded together. Judges no value, and reads no other manifest.

use std::ops::Range;

use memchr::memmem;

use super::{Decoded, LONGEST, Part, runs, yaml};

/// What stands before each name in the decoded text, so that a detector can ask for values of such manifests.
const MARK: &[u8] = b"in-manifest.";
/// How much of a text can stand between a kind's name and its value, in bytes.
const KIND: usize = 24;
/// The longest base64 that is kept as it is where it says no text, in symbols.
const LONGEST_OPAQUE: usize = 2000;

/// A manifest.
pub(super) struct Manifest {
    /// What it says, a line for each of its values.
    pub(super) piece: Decoded,
    /// Where the values lie that were decoded, in order: what stands there is none of the values.
    pub(super) values: Vec<Range<usize>>,
}

/// A value under its name.
pub(super) struct Entry {
    pub(super) name: Range<usize>,
    /// The lines that it is written on.
    pub(super) lines: Vec<Range<usize>>,
    /// Whether it is in base64.
    pub(super) is_encoded: bool,
}

/// Every Secret of a text, in YAML or JSON, in order. Each byte is read about once.
pub(super) fn all(text: &[u8]) -> Vec<Manifest> {
    let mut manifests = Vec::new();
    let mut from = 0;
    for at in memmem::find_iter(text, b"Secret") {
        let Some((name, is_quoted)) = kind(text, at).filter(|(name, _)| *name >= from) else { continue };
        let (entries, end) = if is_quoted { json(text, from, name) } else { yaml::entries(text, from, name) };
        from = end.max(at);
        manifests.extend(manifest(text, &entries));
    }
    manifests
}

/// How far before and behind a place a text must be seen so that a manifest that lies there is read whole, in bytes:
/// [`LONGEST`], or nothing where no manifest with values can have begun before it.
pub(crate) fn reach(text: &[u8], place: usize) -> usize {
    let before = &text[place.saturating_sub(LONGEST)..place];
    let is_name = |end: usize| before.get(end).is_none_or(|byte| b":\"'".contains(byte) || byte.is_ascii_whitespace());
    let mut names =
        memmem::find_iter(before, b"ata").map(|at| at + 3).chain(memmem::find_iter(before, b"kind").map(|at| at + 4));
    if names.any(is_name) { LONGEST } else { 0 }
}

/// Where the name begins of which this is the value, when it is `kind`, and whether that stands in quotes as in JSON.
fn kind(text: &[u8], value: usize) -> Option<(usize, bool)> {
    let behind = text.get(value + 6..).unwrap_or_default();
    let behind = behind.strip_prefix(b"\"").or(behind.strip_prefix(b"'")).unwrap_or(behind);
    if behind.first().is_some_and(|byte| !byte.is_ascii_whitespace() && !b",}#".contains(byte)) {
        return None;
    }
    let floor = value.saturating_sub(KIND);
    let before = text.get(floor..value)?;
    let before = before.strip_suffix(b"\"").or(before.strip_suffix(b"'")).unwrap_or(before).trim_ascii_end();
    let before = before.strip_suffix(b":")?.trim_ascii_end();
    if let Some(before) = before.strip_suffix(b"\"kind\"") {
        return Some((floor + before.len(), true));
    }
    let before = before.strip_suffix(b"kind")?;
    before.last().is_none_or(|byte| b" \n-".contains(byte)).then(|| (floor + before.len(), false))
}

/// The entries of the object that a name belongs to, and where it ends. No text before `from` is read.
fn json(text: &[u8], from: usize, name: usize) -> (Vec<Entry>, usize) {
    let mut open = 0_usize;
    let start = text[from.max(name.saturating_sub(LONGEST))..name].iter().rposition(|byte| {
        match byte {
            b'}' => open += 1,
            b'{' if open == 0 => return true,
            b'{' => open -= 1,
            _ => {}
        }
        false
    });
    let Some(start) = start.map(|start| from.max(name.saturating_sub(LONGEST)) + start + 1) else {
        return (Vec::new(), name);
    };
    let limit = text.len().min(start.saturating_add(LONGEST));
    let (mut entries, mut depth, mut place) = (Vec::new(), 1_usize, start);
    let (mut last_name, mut section) = (None, None);
    while depth > 0 && place < limit {
        match text[place] {
            b'"' => {
                let string = place + 1..string_end(text, place + 1, limit);
                place = string.end;
                let behind = text[string.end..limit].get(1..).unwrap_or_default().trim_ascii_start();
                if behind.starts_with(b":") {
                    last_name = Some(string);
                } else if let (2, Some(is_encoded), Some(name)) = (depth, section, last_name.take()) {
                    entries.push(Entry { name, lines: vec![string], is_encoded });
                }
            }
            b'{' | b'[' => {
                depth += 1;
                let name = last_name.take().and_then(|name| text.get(name));
                section = if depth == 2 { name.and_then(section_of) } else { section };
            }
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        place += 1;
    }
    (entries, place)
}

/// Where a string ends that begins here.
fn string_end(text: &[u8], start: usize, limit: usize) -> usize {
    let mut place = start;
    while place < limit && text[place] != b'"' {
        place += if text[place] == b'\\' { 2 } else { 1 };
    }
    place.min(limit)
}

/// Whether the values under this name are encoded; `None` for other names.
pub(super) fn section_of(name: &[u8]) -> Option<bool> {
    match name {
        b"data" => Some(true),
        b"stringData" => Some(false),
        _ => None,
    }
}

/// What entries say together.
fn manifest(text: &[u8], entries: &[Entry]) -> Option<Manifest> {
    let span = entries.first()?.name.start..entries.last()?.lines.last()?.end;
    let mut piece = Decoded { span, text: Vec::new(), encoding: "base64", parts: Vec::new() };
    let mut values = Vec::new();
    for entry in entries {
        let (Some(first), Some(last)) = (entry.lines.first(), entry.lines.last()) else { continue };
        let decoded = if entry.is_encoded { decoded(text, &entry.lines) } else { None };
        // What is no text, a drawn key say, is told as it stands there.
        let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
        let is_opaque =
            entry.lines.len() == 1 && first.len() <= LONGEST_OPAQUE && text[first.clone()].iter().all(is_base64);
        let (said, parts) = match decoded {
            Some(decoded) => {
                values.push(first.start..last.end);
                (decoded.text, decoded.parts)
            }
            None if is_opaque || !entry.is_encoded => {
                let part = Part { decoded: 0, encoded: first.start, unit: 1, width: 1 };
                (text[first.clone()].to_vec(), vec![part])
            }
            None => continue,
        };
        let is_simple = !said.iter().any(|byte| b"\"\\\n\r".contains(byte));
        let [before, behind] = if is_simple { [b": \"".as_slice(), b"\"\n"] } else { [b":\n".as_slice(), b"\n"] };
        piece.write(MARK, entry.name.start, 0);
        piece.write(&text[entry.name.clone()], entry.name.start, 1);
        piece.write(before, first.start, 0);
        let start = piece.text.len();
        piece.parts.extend(parts.iter().map(|part| Part { decoded: part.decoded + start, ..*part }));
        piece.text.extend(said);
        piece.write(behind, last.end, 0);
    }
    (!piece.text.is_empty()).then_some(Manifest { piece, values })
}

impl Decoded {
    /// Adds bytes that stand in the text with so many bytes each: one, or none.
    fn write(&mut self, bytes: &[u8], encoded: usize, width: usize) {
        self.parts.push(Part { decoded: self.text.len(), encoded, unit: 1, width });
        self.text.extend_from_slice(bytes);
    }
}

/// What lines of base64 say, when all of it is text; without the line end that `echo` writes.
fn decoded(text: &[u8], lines: &[Range<usize>]) -> Option<Decoded> {
    let (last, rest) = lines.split_last()?;
    let length = text[last.clone()].trim_ascii_end();
    let padding = length.iter().rev().take(2).take_while(|byte| **byte == b'=').count();
    let mut lines = rest.to_vec();
    lines.push(last.start..last.start + length.len() - padding);
    let is_symbol = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/".contains(byte);
    let total: usize = lines.iter().map(Range::len).sum();
    if total == 0 || total > LONGEST || !lines.iter().all(|line| text[line.clone()].iter().all(is_symbol)) {
        return None;
    }
    let mut decoded = runs::base64(text, &lines)?;
    let end = decoded.text.iter().rposition(|byte| !b"\r\n".contains(byte))? + 1;
    decoded.text.truncate(end);
    let is_text = |said: &str| !said.contains(|one: char| one.is_control() && !one.is_ascii_whitespace());
    std::str::from_utf8(&decoded.text).is_ok_and(is_text).then_some(decoded)
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;

    fn encoded(text: &str) -> String {
        STANDARD.encode(text)
    }

    /// What the manifests of a text say.
    fn said(text: &str) -> Vec<String> {
        let all = all(text.as_bytes());
        all.into_iter().map(|one| String::from_utf8_lossy(&one.piece.text).into_owned()).collect()
    }

    #[test]
    fn every_form_of_a_manifest_says_the_same() {
        let (one, two) = (encoded("first value\n"), encoded("second"));
        let expected = "in-manifest.a: \"first value\"\nin-manifest.b.c: \"second\"\n";
        let list = format!(
            "items:\n- apiVersion: v1\n  data:\n    a: {one}\n    b.c: {two}\n  kind: Secret\n- kind: ConfigMap\n  data:\n    x: {two}\n"
        );
        for text in [
            format!("kind: Secret\nmetadata:\n  name: x\ndata:\n  a: {one}\n  # note\n  b.c: \"{two}\" # second\n"),
            format!(
                "apiVersion: v1\r\ndata:\r\n  a: '{one}'\r\n  \"b.c\": {two}\r\nkind: \"Secret\"\r\ntype: Opaque\r\n"
            ),
            format!(
                "---\nkind: ConfigMap\ndata:\n  z: {one}\n---\nkind: Secret\ndata:\n    a: |-\n      {}\n      {}\n    b.c: {two}\n---\ndata:\n  y: {one}\n",
                &one[..8],
                &one[8..]
            ),
            list,
            format!(
                "{{\"apiVersion\": \"v1\", \"data\": {{\"a\": \"{one}\", \"b.c\": \"{two}\"}}, \"kind\": \"Secret\", \"metadata\": {{\"name\": \"x\"}}}}"
            ),
            format!(
                "{{\"items\":[{{\"kind\":\"Secret\",\"metadata\":{{\"labels\":{{\"data\":\"q\"}}}},\"stringData\":{{\"a\":\"first value\"}},\"data\":{{\"b.c\":\"{two}\"}}}}]}}"
            ),
        ] {
            assert_eq!(said(&text), [expected], "{text}");
        }
    }

    #[test]
    fn other_manifests_and_values_that_are_no_text_stay_as_they_are() {
        let value = encoded("a value that is text");
        for text in [
            format!("kind: ConfigMap\ndata:\n  a: {value}\n"),
            format!("kind: SealedSecret\ndata:\n  a: {value}\n"),
            format!("kind: SecretList\ndata:\n  a: {value}\n"),
            format!("spec:\n  secretRef:\n    kind: Secret\n    name: x\ndata:\n  a: {value}\n"),
            "kind: Secret\nmetadata:\n  name: x\n".to_owned(),
            "kind: Secret".to_owned(),
        ] {
            assert_eq!(said(&text), Vec::<String>::new(), "{text}");
        }
        let key = STANDARD.encode([7_u8, 200, 1, 255, 0, 9, 130, 77, 3]);
        let text = format!("kind: Secret\ndata:\n  key: {key}\n  t: {{{{ .Values.t }}}}\n");
        let found = all(text.as_bytes());
        assert_eq!(said(&text), [format!("in-manifest.key: \"{key}\"\n")]);
        assert!(found[0].values.is_empty());
    }

    #[test]
    fn every_part_is_told_where_it_is_written() {
        let text = format!("kind: Secret\ndata:\n  user: {}\n  key: {}\n", encoded("shop"), encoded("0123456789ab"));
        let found = all(text.as_bytes());
        let piece = &found[0].piece;
        let start = memmem::find(&piece.text, b"0123").expect("it is there");
        assert_eq!(&text[piece.map(&(start..start + 12))], encoded("0123456789ab"));
        let name = memmem::find(&piece.text, b"in-manifest.key").expect("it is there");
        assert_eq!(&text[piece.map(&(name..start + 12))], format!("key: {}", encoded("0123456789ab")));
    }

    #[test]
    fn many_manifests_cost_no_more_than_their_bytes() {
        for piece in [
            "kind: Secret\n",
            "{\"kind\": \"Secret\"",
            "  - kind: Secret\n",
            "}\"kind\":\"Secret\",",
            "data:\n kind: Secret\n",
            "kind: Secret kind: Secret",
        ] {
            let text = piece.repeat(200_000);
            let start = std::time::Instant::now();
            all(text.as_bytes());
            assert!(start.elapsed().as_secs() < 20, "{piece:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_it_reads_lies_in_the_text(
            pieces in prop::collection::vec(prop::sample::select(vec![
                "kind: Secret", "\"kind\": \"Secret\"", "data:", "\"data\": {", "}", "{", "\n", "  ", "- ", "---", "a: ",
                "\"a\": ", "c2VjcmV0IHRleHQ=", "\"", "'", "|", ":", "#", "\\", "stringData:", "x", "\r\n", "ä",
            ]), 0..60)
        ) {
            let text = pieces.concat();
            for one in all(text.as_bytes()) {
                let length = one.piece.text.len();
                for start in 0..length {
                    let place = one.piece.map(&(start..start + 1));
                    prop_assert!(place.start <= place.end && place.end <= text.len());
                }
                prop_assert!(one.values.iter().all(|value| value.end <= text.len()));
                prop_assert!(one.values.windows(2).all(|pair| pair[0].end <= pair[1].start));
            }
        }
    }
}
