//! The key file of a Google service account: whether a text is one, what it says of the account, and where in it the
//! private key stands. Knows no other kind of file, and keeps nothing of the key.

use std::collections::BTreeMap;
use std::ops::Range;

use super::placeholder::is_placeholder;
use super::verify::pem;

/// Whether an object is a key file with a key that can be read. Adds the id of the key and the name of the account, which
/// stand in it in any order.
pub(super) fn key_file(object: &[u8], facts: &mut BTreeMap<String, String>) -> bool {
    for (name, fact) in [("private_key_id", "key_id"), ("client_email", "user")] {
        let Some(text) = value_of(object, name).map(|range| String::from_utf8_lossy(&object[range])) else {
            return false;
        };
        // An id from a manual is of no key; an account may well be called example.
        if text.len() < 6 || text.contains(char::is_whitespace) || (fact == "key_id" && is_placeholder(text.as_bytes()))
        {
            return false;
        }
        facts.insert(fact.to_owned(), text.into_owned());
    }
    private_key(object).is_some_and(|range| pem(&object[range], facts).is_some())
}

/// Where the private key stands in an object, from fence to fence.
pub(super) fn private_key(object: &[u8]) -> Option<Range<usize>> {
    let value = value_of(object, "private_key")?;
    let text = &object[value.clone()];
    let start = memchr::memmem::find(text, b"-----BEGIN ")?;
    let end = memchr::memmem::rfind(text, b"-----")? + 5;
    (end > start + 10).then(|| value.start + start..value.start + end)
}

/// Where the value of a field stands: between the quotes behind its name. In a string of a program or of another object
/// all quotes have backslashes before them.
fn value_of(object: &[u8], name: &str) -> Option<Range<usize>> {
    let skip = |mut place: usize, kind: fn(&u8) -> bool| {
        while object.get(place).is_some_and(kind) {
            place += 1;
        }
        place
    };
    let sign = |place: usize, sign: u8| (object.get(place) == Some(&sign)).then_some(place + 1);
    memchr::memmem::find_iter(object, name).find_map(|place| {
        sign(place.checked_sub(1)?, b'"')?;
        let behind = sign(skip(place + name.len(), |byte| *byte == b'\\'), b'"')?;
        let behind = sign(skip(behind, u8::is_ascii_whitespace), b':')?;
        let start = sign(skip(skip(behind, u8::is_ascii_whitespace), |byte| *byte == b'\\'), b'"')?;
        let value = object.get(start..)?;
        let value = &value[..memchr::memchr(b'"', value)?];
        let escapes = value.iter().rev().take_while(|byte| **byte == b'\\').count();
        Some(start..start + value.len() - escapes)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An Ed25519 key of zeros, which opens nothing.
    const KEY: &str = "MC4CAQAwBQYDK2VwBCIEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    fn file(end: &str, quote: &str) -> String {
        let pem = format!("-----BEGIN PRIVATE KEY-----{end}{KEY}{end}-----END PRIVATE KEY-----");
        let text = format!(
            r#"{{"type": "service_account", "private_key_id": "5a0c8d1e9b7f4c2a6d3e", "private_key" : "{pem}{end}",
                "client_email": "ci@acme.iam.gserviceaccount.com"}}"#
        );
        text.replace('"', quote)
    }

    #[test]
    fn the_key_is_what_stands_between_the_fences() {
        for (end, quote) in [("\\n", "\""), ("\\\\n", "\\\""), ("\\r\\n", "\"")] {
            let text = file(end, quote);
            let mut facts = BTreeMap::new();
            assert!(key_file(text.as_bytes(), &mut facts), "{text}");
            assert_eq!(facts.get("user").map(String::as_str), Some("ci@acme.iam.gserviceaccount.com"));
            assert_eq!(facts.get("key_id").map(String::as_str), Some("5a0c8d1e9b7f4c2a6d3e"));
            assert_eq!(facts.get("algorithm").map(String::as_str), Some("ed25519"));
            let key = &text[private_key(text.as_bytes()).expect("there is one")];
            assert!(key.starts_with("-----BEGIN PRIVATE KEY-----") && key.ends_with("END PRIVATE KEY-----"), "{key}");
        }
    }

    #[test]
    fn without_a_key_that_can_be_read_it_is_none() {
        let whole = file("\\n", "\"");
        for (from, to) in [
            (KEY, "..."),
            ("private_key\"", "other\""),
            ("private_key_id", "id"),
            ("client_email\": \"", "client_email\": \"${name} "),
            ("5a0c8d1e9b7f4c2a6d3e", "your-private-key-id"),
        ] {
            assert!(!key_file(whole.replace(from, to).as_bytes(), &mut BTreeMap::new()), "{from}");
        }
        assert_eq!(private_key(b"\"private_key\": \"-----BEGIN \""), None);
        assert_eq!(private_key(b"private_key\""), None);
    }
}
