//! Recognises a dump of a cluster among the files of a source tree.
//! It looks at the shape only and parses nothing; a manifest that someone wrote is not a dump.

/// Whether a file is a dump: `kind: List` or a list of one kind (`SecretList`), with `items`, as `kubectl get -o json` and
/// `-o yaml` write it. A single object or a multi-document manifest is not one.
///
/// `bytes` may be the beginning of the file only. `kubectl` sorts its keys, so `kind` stands after all items and a
/// beginning may not reach it; then `apiVersion: v1` before `items` must do.
pub fn sniff(path: &str, bytes: &[u8]) -> bool {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    let bytes = bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(bytes);
    let head = match extension.to_ascii_lowercase().as_str() {
        "json" => json_head(bytes),
        "yaml" | "yml" => yaml_head(bytes),
        _ => return false,
    };
    let is_list = match head.kind {
        Some(kind) => head.items && head.api_version.is_some() && is_list(kind),
        None => head.items && head.open && head.api_version == Some(b"v1"),
    };
    is_list && !is_written(bytes)
}

/// Whether a list holds objects that no server has seen: somebody wrote it, as a manifest.
/// Source: Kubernetes API conventions, "Metadata": a server gives every object a uid, a version and a time.
fn is_written(bytes: &[u8]) -> bool {
    let has = |field: &str| names_field(bytes, field.as_bytes());
    has("name") && !["uid", "resourceVersion", "creationTimestamp"].into_iter().any(has)
}

/// Whether a file is a manifest that someone wrote, a kustomization or the head of a chart: YAML documents or a JSON object with `apiVersion`
/// and `kind`, or a template of Helm that would become one.
pub fn is_manifest(path: &str, bytes: &[u8]) -> bool {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    if matches!(name, "kustomization.yaml" | "kustomization.yml" | "Kustomization" | "Chart.yaml") {
        return true;
    }
    let bytes = bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(bytes);
    match name.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase().as_str() {
        "json" => {
            let head = json_head(bytes);
            // A kubeconfig is no object of a cluster.
            head.api_version.is_some() && head.kind.is_some_and(|kind| kind != b"Config")
        }
        "yaml" | "yml" => documents(bytes).any(|document| {
            let has = |field: &str| names_field(document, field.as_bytes());
            has("apiVersion") && has("kind") && !is_kubeconfig(document)
        }),
        _ => false,
    }
}

/// The documents of a YAML stream.
fn documents(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let all = rest?;
        let mut start = 0;
        for line in all.split_inclusive(|&byte| byte == b'\n') {
            if start > 0 && line.starts_with(b"---") {
                rest = all.get(start..).and_then(|rest| rest.get(3..));
                return all.get(..start);
            }
            start += line.len();
        }
        rest = None;
        Some(all)
    })
}

/// Whether a document has a field of this name anywhere, in any style of YAML: at the start of a line, quoted, or in braces.
/// That it stands at the top is for the reader to find out.
fn names_field(document: &[u8], field: &[u8]) -> bool {
    let mut from = 0;
    while let Some(at) = document.get(from..).and_then(|rest| memchr::memmem::find(rest, field)) {
        let (start, end) = (from + at, from + at + field.len());
        let before = start.checked_sub(1).and_then(|index| document.get(index));
        let opens = before.is_none_or(|byte| byte.is_ascii_whitespace() || matches!(byte, b'{' | b',' | b'"' | b'\''));
        let after = document.get(end..).unwrap_or_default();
        let after = after.strip_prefix(b"\"").or_else(|| after.strip_prefix(b"'")).unwrap_or(after);
        if opens && after.trim_ascii_start().starts_with(b":") {
            return true;
        }
        from = end;
    }
    false
}

/// A kubeconfig is no object of a cluster.
fn is_kubeconfig(document: &[u8]) -> bool {
    document.split(|&byte| byte == b'\n').any(|line| line.trim_ascii_end() == b"kind: Config")
}

/// `List`, or a name that ends so: letters and digits only, which the `kind` of other services' answers are not.
fn is_list(kind: &[u8]) -> bool {
    kind.ends_with(b"List") && kind.iter().all(u8::is_ascii_alphanumeric)
}

/// The top-level fields of a document, as far as it was seen.
#[derive(Default)]
struct Head<'a> {
    kind: Option<&'a [u8]>,
    api_version: Option<&'a [u8]>,
    items: bool,
    /// The document was not seen to its end.
    open: bool,
}

impl<'a> Head<'a> {
    fn field(&mut self, name: &[u8], text: &'a [u8]) {
        match name {
            b"kind" => self.kind = Some(text),
            b"apiVersion" => self.api_version = Some(text),
            b"items" => self.items = true,
            _ => {}
        }
    }
}

/// The top-level keys of the first JSON document and their values, where those are strings.
fn json_head(bytes: &[u8]) -> Head<'_> {
    let mut head = Head { open: true, ..Head::default() };
    let mut depth = 0_u32;
    let mut key: &[u8] = b"";
    let mut expects_value = false;
    let mut position = 0;
    while let Some(&byte) = bytes.get(position) {
        match byte {
            b'"' => {
                let text = string_at(bytes, position + 1);
                position += text.len() + 1;
                if depth == 1 && expects_value {
                    head.field(key, text);
                } else if depth == 1 {
                    key = text;
                }
            }
            b':' if depth == 1 => {
                expects_value = true;
                if key == b"items" {
                    head.items = true;
                }
            }
            b',' if depth == 1 => expects_value = false,
            b'{' | b'[' => {
                if depth == 0 && byte == b'[' {
                    return Head::default();
                }
                depth += 1;
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    head.open = false;
                    return head;
                }
            }
            _ if depth == 0 && !byte.is_ascii_whitespace() => return Head::default(),
            _ => {}
        }
        position += 1;
    }
    head
}

/// The text of a JSON string up to its closing quote.
fn string_at(bytes: &[u8], start: usize) -> &[u8] {
    let rest = bytes.get(start..).unwrap_or_default();
    let mut escaped = false;
    let end = rest.iter().position(|&byte| {
        let closing = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closing
    });
    rest.get(..end.unwrap_or(rest.len())).unwrap_or_default()
}

/// The keys at the left margin of the first YAML document and their plain values.
fn yaml_head(bytes: &[u8]) -> Head<'_> {
    let mut head = Head { open: true, ..Head::default() };
    let mut begun = false;
    for line in bytes.split(|&byte| byte == b'\n') {
        let line = line.trim_ascii_end();
        if line.starts_with(b"---") && begun {
            head.open = false;
            return head;
        }
        if line.first().is_none_or(|byte| !byte.is_ascii_alphabetic()) {
            continue;
        }
        begun = true;
        if let Some(colon) = line.iter().position(|&byte| byte == b':') {
            let (name, rest) = line.split_at(colon);
            let text = rest.get(1..).unwrap_or_default().trim_ascii();
            head.field(name, text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or(text));
        }
    }
    head
}

#[cfg(test)]
mod tests {
    use super::{is_manifest, sniff};

    #[test]
    fn manifests_are_recognised_in_every_style_and_nobody_mutes_them() {
        let cases: &[(&str, bool)] = &[
            ("apiVersion: v1\nkind: Pod\n", true),
            ("  apiVersion: v1\n  kind: Pod\n", true),
            ("\"apiVersion\": \"v1\"\n\"kind\": \"Pod\"\n", true),
            ("{apiVersion: v1, kind: Pod}\n", true),
            ("---\n{\"apiVersion\": \"v1\", \"kind\": \"Pod\"}\n---\n{}\n", true),
            ("apiVersion: v1\nkind: Pod\n---\napiVersion: v1\nkind: Config\n", true),
            ("apiVersion: v1\nkind: Config\nclusters: []\n", false),
            ("apiVersion: v1\n---\nkind: Pod\n", false),
            ("myapiVersion: v1\nkinds: Pod\n", false),
        ];
        for (text, expected) in cases {
            assert_eq!(is_manifest("x.yaml", text.as_bytes()), *expected, "{text}");
        }
    }

    #[test]
    fn dumps_are_recognised_and_manifests_are_not() {
        let cases: &[(&str, &str, bool)] = &[
            ("d.json", r#"{"apiVersion":"v1","items":[{"kind":"Pod"}],"kind":"List","metadata":{}}"#, true),
            ("d.json", r#"{"kind":"SecretList","apiVersion":"v1","items":[]}"#, true),
            ("d.json", "{\n \"apiVersion\": \"v1\",\n \"items\": [ {\"a\":\"}\\\"", true),
            ("d.yaml", "apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\nkind: List\n", true),
            ("d.yml", "---\napiVersion: v1\nkind: \"List\"\nitems: []\n", true),
            ("d.json", r#"{"apiVersion":"v1","kind":"Pod","spec":{"kind":"List","items":[]}}"#, false),
            ("d.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: items}\n---\nkind: List\nitems: []\n", false),
            ("d.json", r#"{"kind":"calendar#calendarList","apiVersion":"v1","items":[]}"#, false),
            ("d.json", r#"{"kind":"calendarList","items":[]}"#, false),
            ("d.json", r#"[{"kind":"List","items":[],"apiVersion":"v1"}]"#, false),
            ("d.txt", r#"{"kind":"List","apiVersion":"v1","items":[]}"#, false),
            ("d.yaml", "apiVersion: v1\nkind: List\nitems:\n- kind: Pod\n  metadata: {name: a}\n", false),
            ("d.yaml", "apiVersion: v1\nkind: List\nitems:\n- kind: Pod\n  metadata: {name: a, uid: u}\n", true),
            (
                "d.json",
                r#"{"kind":"List","apiVersion":"v1","items":[{"metadata":{"name":"a"}}],"metadata":{"resourceVersion":""}}"#,
                true,
            ),
            ("d.json", "", false),
            ("d.json", "\"", false),
        ];
        for (path, text, expected) in cases {
            assert_eq!(sniff(path, text.as_bytes()), *expected, "{path}: {text}");
        }
    }
}
