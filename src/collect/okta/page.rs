//! One page of an answer: an array, or an object around one. Reads each object by itself, so that one that is odd does not
//! cost the others. It must not keep or quote what it cannot read.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// What a page held.
pub(super) struct Page<T> {
    /// The objects that could be read.
    pub(super) items: Vec<T>,
    /// How many could not, and where the first has what unexpected thing.
    pub(super) unread: Option<(u64, String)>,
    /// The link to the next page in the body.
    pub(super) next: Option<String>,
}

impl<T> Page<T> {
    /// One that holds nothing and is the last.
    pub(super) fn empty() -> Self {
        Self { items: Vec::new(), unread: None, next: None }
    }
}

#[derive(Deserialize, Default)]
struct Links {
    next: Option<Next>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Next {
    One { href: String },
    Other(serde::de::IgnoredAny),
}

/// Reads a page.
///
/// # Errors
/// What is wrong with it as a whole, without quoting it.
pub(super) fn read<T: DeserializeOwned>(body: &[u8], key: &str) -> Result<Page<T>, String> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'[') => match serde_json::from_slice::<Vec<&RawValue>>(body) {
            Ok(list) => Ok(items(&list, None)),
            Err(error) => whole_ones(body, place(error)),
        },
        Some(b'{') => wrapped(body, key),
        Some(b'<') => Err("it is HTML, not JSON".to_owned()),
        Some(_) => Err("it is no JSON".to_owned()),
        None => Err("it is empty".to_owned()),
    }
}

/// Source of the keys: `roles`, `resource-sets`, `permissions`, `value` in Okta's own paths, `data` in the newer ones;
/// `{"jwks": {"keys": []}}` is what its examples show where its schema says array.
fn wrapped<T: DeserializeOwned>(body: &[u8], key: &str) -> Result<Page<T>, String> {
    let object: BTreeMap<String, &RawValue> = serde_json::from_slice(body).map_err(place)?;
    let links = object.get("_links").and_then(|links| serde_json::from_str::<Links>(links.get()).ok());
    let next = links.and_then(|links| links.next).and_then(|next| match next {
        Next::One { href } => Some(href),
        Next::Other(_) => None,
    });
    let list = [key, "data", "keys"].iter().find_map(|key| object.get(*key));
    let Some(list) = list else {
        return Err(format!("it is an object without '{key}' or 'data'"));
    };
    if let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(list.get()) {
        return Ok(items(&list, next));
    }
    let inner: BTreeMap<String, &RawValue> = serde_json::from_str(list.get()).map_err(place)?;
    let keys = inner.get("keys").ok_or_else(|| format!("'{key}' holds no list"))?;
    Ok(items(&serde_json::from_str::<Vec<&RawValue>>(keys.get()).map_err(place)?, next))
}

/// What stands whole in a list before the place where it ends or breaks.
fn whole_ones<T: DeserializeOwned>(body: &[u8], why: String) -> Result<Page<T>, String> {
    let mut rest = body.trim_ascii_start().strip_prefix(b"[").unwrap_or_default();
    let mut whole = Vec::new();
    loop {
        let mut stream = serde_json::Deserializer::from_slice(rest).into_iter::<&RawValue>();
        let Some(Ok(item)) = stream.next() else { break };
        // A number or a word that the end of the body cut may have been longer.
        rest = rest.get(stream.byte_offset()..).unwrap_or_default().trim_ascii_start();
        let Some(after) = rest.strip_prefix(b",") else {
            whole.extend(item.get().ends_with(['}', ']', '"']).then_some(item));
            break;
        };
        whole.push(item);
        rest = after;
    }
    if whole.is_empty() {
        return Err(why);
    }
    let mut page = items(&whole, None);
    page.unread = Some((page.unread.map_or(0, |(count, _)| count) + 1, why));
    Ok(page)
}

fn items<T: DeserializeOwned>(list: &[&RawValue], next: Option<String>) -> Page<T> {
    let mut page = Page { items: Vec::with_capacity(list.len()), unread: None, next };
    for (number, item) in list.iter().enumerate() {
        match serde_json::from_str(item.get()) {
            Ok(item) => page.items.push(item),
            Err(error) => {
                let text = format!("object {}: {}", number + 1, place(error));
                let unread = page.unread.get_or_insert((0, text));
                unread.0 += 1;
            }
        }
    }
    page
}

/// Where and in what way it is wrong. The parser's own words may quote a value, so they are not passed on.
pub(super) fn place(error: serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Eof => "it ends too soon",
        serde_json::error::Category::Syntax => "it is no JSON",
        serde_json::error::Category::Data => "a field has an unexpected type",
        serde_json::error::Category::Io => "it cannot be read",
    };
    format!("{what} (line {}, column {})", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
    use super::super::answer::{Assignee, ClientSecret, Jwk};
    use super::*;

    #[test]
    fn every_documented_shape_is_read() {
        for (body, key) in [
            (r#"[{"id":"a"},{"id":"b"}]"#, "data"),
            (r#"{"value":[{"id":"a"},{"id":"b"}],"_links":{"next":{"href":"/n"}}}"#, "value"),
            (r#"{"data":[{"id":"a"},{"id":"b"}]}"#, "roles"),
        ] {
            let page: Page<Assignee> = read(body.as_bytes(), key).unwrap();
            assert_eq!(page.items.iter().map(|item| item.id.as_str()).collect::<Vec<_>>(), ["a", "b"], "{body}");
        }
        for body in [r#"[{"kid":"k","kty":"RSA"}]"#, r#"{"jwks":{"keys":[{"kid":"k"}]}}"#, r#"{"keys":[{"kid":"k"}]}"#]
        {
            let page: Page<Jwk> = read(body.as_bytes(), "jwks").unwrap();
            assert_eq!(page.items[0].kid.as_deref(), Some("k"), "{body}");
        }
    }

    #[test]
    fn one_odd_object_does_not_cost_the_others_and_is_not_quoted() {
        let body = r#"[{"id":"a"},{"id":{"client_secret":"synthetic-value"}},{"id":null},7]"#;
        let page: Page<Assignee> = read(body.as_bytes(), "data").unwrap();
        assert_eq!(page.items.len(), 2);
        let (count, first) = page.unread.unwrap();
        assert_eq!(count, 2);
        assert!(
            first.starts_with("object 2: a field has an unexpected type") && !first.contains("synthetic"),
            "{first}"
        );
    }

    #[test]
    fn a_client_secret_has_no_field() {
        let body = r#"[{"id":"ocs1","client_secret":"synthetic-value","secret_hash":"h","status":"ACTIVE"}]"#;
        let page: Page<ClientSecret> = read(body.as_bytes(), "data").unwrap();
        let written = serde_json::to_string(&page.items).unwrap();
        assert!(!written.contains("synthetic") && !format!("{:?}", page.items).contains("synthetic"), "{written}");
    }

    #[test]
    fn what_is_no_page_says_so_without_being_quoted() {
        for (body, expected) in [
            ("<html>sign in</html>", "it is HTML, not JSON"),
            ("", "it is empty"),
            ("hello", "it is no JSON"),
            (r#"{"errorCode":"E0000011"}"#, "it is an object without 'data' or 'data'"),
            (r#"[{"id"#, "it ends too soon (line 1, column 5)"),
        ] {
            assert_eq!(read::<Assignee>(body.as_bytes(), "data").err().unwrap(), expected, "{body}");
        }
    }

    #[test]
    fn what_stands_whole_before_a_cut_is_kept() {
        let page: Page<Assignee> = read(br#"[{"id":"a"}, {"id":"b"} ,{"id"#, "data").unwrap();
        assert_eq!(page.items.iter().map(|item| item.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(page.unread, Some((1, "it ends too soon (line 1, column 29)".to_owned())));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = read::<Jwk>(&bytes, "jwks");
        }
    }
}
