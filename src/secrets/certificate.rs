//! What a certificate says of its holder: names and life. Verifies nothing.
//!
//! Source: RFC 5280 §4.1 (frame), §4.1.2.4 (names), §4.1.2.5 (validity), §4.2.1.12 (extended key usage); X.520 for the object identifiers of names.

use jiff::Timestamp;

use super::key::{INTEGER, SEQUENCE, element};

const SET: u8 = 0x31;
const BOOLEAN: u8 = 0x01;
const OCTETS: u8 = 0x04;
const EXTENSIONS: u8 = 0xa3;
/// Extended key usage; of clients; of everybody.
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
const CLIENTS: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02];
const ANY_USE: &[u8] = &[0x55, 0x1d, 0x25, 0x00];
const IDENTIFIER: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const ORGANISATION: &[u8] = &[0x55, 0x04, 0x0a];
/// The most parts of a name that are read.
const MOST: usize = 64;

/// The public facts of a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    /// The common name of its subject; a Kubernetes API server takes it for the user name.
    pub common_name: String,
    /// The organisations of its subject; a Kubernetes API server takes them for groups.
    pub organisations: Vec<String>,
    /// From when on it is valid.
    pub from: Option<Timestamp>,
    /// Until when it is valid.
    pub until: Option<Timestamp>,
    /// Whether it may be shown to a server: `None` where it does not say what it is for, and so is for everything.
    pub for_clients: Option<bool>,
    /// Whether the text says that somebody shows it to a server, as a kubeconfig does.
    pub is_shown: bool,
}

/// Reads a certificate in DER; `None` where it has not the frame of one.
pub(super) fn read(bytes: &[u8]) -> Option<Certificate> {
    let (certificate, _) = element(bytes, SEQUENCE)?;
    let (mut rest, _) = element(certificate, SEQUENCE)?;
    if let Some((_, after)) = element(rest, 0xa0) {
        rest = after;
    }
    // Serial number, algorithm and issuer.
    rest = element(rest, INTEGER)?.1;
    rest = element(rest, SEQUENCE)?.1;
    rest = element(rest, SEQUENCE)?.1;
    let (validity, rest) = element(rest, SEQUENCE)?;
    let (subject, after) = element(rest, SEQUENCE)?;
    let mut found = Certificate::default();
    if let Some((from, rest)) = time(validity) {
        found.from = from;
        found.until = time(rest).and_then(|(until, _)| until);
    }
    found.for_clients = for_clients(after);
    let mut rest = subject;
    for _ in 0..MOST {
        let Some((part, after)) = element(rest, SET) else { break };
        rest = after;
        if let Some((name, text)) = attribute(part) {
            match name {
                COMMON_NAME => found.common_name = text,
                ORGANISATION => found.organisations.push(text),
                _ => {}
            }
        }
    }
    Some(found)
}

/// Whether the extended key usage lets clients show it; `after` is what stands behind the subject.
fn for_clients(after: &[u8]) -> Option<bool> {
    let mut rest = element(after, SEQUENCE)?.1;
    // Unique identifiers, which nobody writes any more.
    for tag in [0x81, 0x82, 0xa1, 0xa2] {
        rest = element(rest, tag).map_or(rest, |(_, after)| after);
    }
    let (all, _) = element(element(rest, EXTENSIONS)?.0, SEQUENCE)?;
    let mut rest = all;
    for _ in 0..MOST {
        let (extension, after) = element(rest, SEQUENCE)?;
        rest = after;
        let (name, value) = element(extension, IDENTIFIER)?;
        if name != EXTENDED_KEY_USAGE {
            continue;
        }
        // Whether it is critical may stand before it.
        let value = element(value, BOOLEAN).map_or(value, |(_, after)| after);
        let (mut uses, _) = element(element(value, OCTETS)?.0, SEQUENCE)?;
        let mut found = false;
        for _ in 0..MOST {
            let Some((purpose, after)) = element(uses, IDENTIFIER) else { break };
            uses = after;
            found |= purpose == CLIENTS || purpose == ANY_USE;
        }
        return Some(found);
    }
    None
}

fn attribute(part: &[u8]) -> Option<(&[u8], String)> {
    let (pair, _) = element(part, SEQUENCE)?;
    let (name, value) = element(pair, IDENTIFIER)?;
    // UTF8String, PrintableString, TeletexString and IA5String; others are not in use for names of clusters.
    let tag = value.first().copied().filter(|tag| [0x0c, 0x13, 0x14, 0x16].contains(tag))?;
    let (text, _) = element(value, tag)?;
    let text = String::from_utf8_lossy(text);
    Some((name, text.chars().filter(|letter| !letter.is_control()).take(200).collect()))
}

/// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`, and what stands behind it.
fn time(bytes: &[u8]) -> Option<(Option<Timestamp>, &[u8])> {
    let tag = *bytes.first()?;
    let (text, rest) = element(bytes, tag)?;
    let text = std::str::from_utf8(text).ok()?;
    let whole = match (tag, text.get(..2)?.parse::<u32>().ok()?) {
        (UTC_TIME, year @ 0..50) => format!("20{year:02}{}", text.get(2..)?),
        (UTC_TIME, _) => format!("19{text}"),
        (GENERALIZED_TIME, _) => text.to_owned(),
        _ => return None,
    };
    let part = |range: std::ops::Range<usize>| whole.get(range);
    let written = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0..4)?,
        part(4..6)?,
        part(6..8)?,
        part(8..10)?,
        part(10..12)?,
        part(12..14)?
    );
    Some((written.parse().ok(), rest))
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;

    /// Made with `openssl req -x509 -subj "/O=system:masters/CN=kubernetes-admin"`, of a key that was thrown away.
    const MASTERS: &str = "MIIBUDCB9gIBATAKBggqhkjOPQQDAjA0MRcwFQYDVQQKDA5zeXN0ZW06bWFzdGVyczEZMBcGA1UEAwwQa3ViZXJuZXRlcy1hZG1pbjAeFw0yNjAxMDEwMDAwMDBaFw0zNTEyMzAwMDAwMDBaMDQxFzAVBgNVBAoMDnN5c3RlbTptYXN0ZXJzMRkwFwYDVQQDDBBrdWJlcm5ldGVzLWFkbWluMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEI6V50mW7rmooYZwLJrZe1BZeglKDdyTMS2mkUS7ejI9KxF98HUPfHQ7FyievKaIjOnX0EHImk26Y7Pfqx8A+MTAKBggqhkjOPQQDAgNJADBGAiEArhA1nQQjbd0m1sIJ8a+/g128nPlJpR2ivssPHV6sriICIQDRC1zW4WrcCCH0Niv0tpHL01CMh+3txWdXCbRFLeNlgA==";

    #[test]
    fn names_and_life_are_read() {
        let found = read(&STANDARD.decode(MASTERS).expect("base64")).expect("a certificate");
        assert_eq!(found.common_name, "kubernetes-admin");
        assert_eq!(found.organisations, ["system:masters"]);
        let day = |time: Option<Timestamp>| time.map(|time| time.to_string());
        assert_eq!(day(found.from).as_deref(), Some("2026-01-01T00:00:00Z"));
        assert_eq!(day(found.until).as_deref(), Some("2035-12-30T00:00:00Z"));
        assert_eq!(read(b"no certificate"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(bytes in prop::collection::vec(any::<u8>(), 0..300), cut in 0_usize..400) {
            read(&bytes);
            let mut whole = STANDARD.decode(MASTERS).expect("base64");
            whole.truncate(cut);
            read(&whole);
        }
    }
}
