//! What the text of a private key says of itself: its algorithm, its size and the names of its public half. Keeps none
//! of it.

use std::collections::BTreeMap;

/// The object identifiers of the algorithms in PKCS #8 (RFC 8017 A.1, RFC 5480 §2.1.1, RFC 8410 §3, RFC 3279 §2.3.2).
const ALGORITHMS: &[(&[u8], &str)] = &[
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01], "rsa"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01], "ec"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01], "dsa"),
    (&[0x2b, 0x65, 0x6e], "x25519"),
    (&[0x2b, 0x65, 0x70], "ed25519"),
    (&[0x2b, 0x65, 0x71], "ed448"),
];

pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTETS: u8 = 0x04;
const IDENTIFIER: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;

/// Adds `algorithm` and, for RSA, `bits` to the facts of a key. A key that cannot be read adds nothing: it may be cut,
/// or have been made unusable on purpose, and a leak all the same.
pub(super) fn read(bytes: &[u8], facts: &mut BTreeMap<String, String>) {
    if let Some((algorithm, bits)) = algorithm(bytes) {
        facts.insert("algorithm".to_owned(), algorithm.to_owned());
        if let Some(bits) = bits {
            facts.insert("bits".to_owned(), bits.to_string());
        }
        facts.extend(super::public::names_of_private(bytes).into_iter().map(|(name, value)| (name.to_owned(), value)));
    }
}

/// Whether bytes are a key from the first to the last, in one of those forms: what is cut, or was drawn between the
/// fences of one, is not. Some programs add zeros behind it.
pub(super) fn is_whole(bytes: &[u8]) -> bool {
    if bytes.starts_with(b"openssh-key-v1\0") {
        return openssh(bytes).is_some();
    }
    let Some((body, rest)) = element(bytes, SEQUENCE) else { return false };
    let parts = parts(body);
    let inner = parts.as_deref().and_then(|parts| parts.iter().find(|(tag, _)| *tag == OCTETS));
    // The octets of PKCS #8 hold a key of their own form.
    let is_inner_whole =
        inner.is_none_or(|(_, inner)| inner.first() != Some(&SEQUENCE) || element(inner, SEQUENCE).is_some());
    rest.iter().all(|byte| *byte == 0)
        && parts.is_some_and(|parts| parts.len() >= 2 && parts[0].0 == INTEGER)
        && is_inner_whole
}

/// The elements that a body is made of, each with its tag; none where they do not fill it. No key has more than these.
fn parts(body: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    let mut parts = Vec::new();
    let mut rest = body;
    while let Some(tag) = rest.first() {
        let (content, after) = element(rest, *tag).filter(|_| parts.len() < 64)?;
        parts.push((*tag, content));
        rest = after;
    }
    Some(parts)
}

/// The algorithm of a key in PKCS #1, PKCS #8, SEC 1 or OpenSSH form, and the size of an RSA modulus in bits.
fn algorithm(bytes: &[u8]) -> Option<(&'static str, Option<usize>)> {
    if bytes.starts_with(b"openssh-key-v1\0") {
        return openssh(bytes).map(|name| (name, None));
    }
    let (body, _) = element(bytes, SEQUENCE)?;
    let (version, rest) = element(body, INTEGER)?;
    if let Some((identifier, _)) = element(rest, SEQUENCE) {
        let (identifier, _) = element(identifier, IDENTIFIER)?;
        let name = ALGORITHMS.iter().find(|(known, _)| *known == identifier)?.1;
        // The key itself follows as a sequence within octets.
        let (_, inner) = element(rest, SEQUENCE)?;
        let inner = element(inner, OCTETS).map(|(inner, _)| inner);
        let bits = if name == "rsa" { inner.and_then(rsa_bits) } else { None };
        return Some((name, bits));
    }
    if version == [1] && element(rest, OCTETS).is_some() {
        return Some(("ec", None));
    }
    rsa_bits(bytes).map(|bits| ("rsa", Some(bits)))
}

/// The bits of the modulus, the second number of a PKCS #1 key. DSA keys in their old form have the same frame, with a
/// subprime in the place of the small exponent.
fn rsa_bits(bytes: &[u8]) -> Option<usize> {
    let (body, _) = element(bytes, SEQUENCE)?;
    let (_, rest) = element(body, INTEGER)?;
    let (modulus, rest) = element(rest, INTEGER)?;
    let (exponent, _) = element(rest, INTEGER)?;
    let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
    let first = modulus.get(zeros)?;
    (exponent.len() <= 8).then(|| (modulus.len() - zeros) * 8 - first.leading_zeros() as usize)
}

/// The name of the first public key in an OpenSSH file: three texts (cipher, derivation, its options), a count, and a
/// key that begins with its name, each with its length before it (PROTOCOL.key of OpenSSH).
fn openssh(bytes: &[u8]) -> Option<&'static str> {
    let mut rest = bytes.get(15..)?;
    for _ in 0..3 {
        rest = counted(rest)?.1;
    }
    let (key, _) = counted(rest.get(4..)?)?;
    match counted(key)?.0 {
        b"ssh-rsa" => Some("rsa"),
        b"ssh-dss" => Some("dsa"),
        b"ssh-ed25519" => Some("ed25519"),
        name if name.starts_with(b"ecdsa-") => Some("ec"),
        _ => None,
    }
}

/// A text with its length before it, and what follows it.
pub(super) fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

/// The content of a DER element with this tag, and what follows it (X.690 §8.1, definite lengths only).
pub(super) fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = if *length < 0x80 {
        (usize::from(*length), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(*length & 0x7f))?;
        if digits.len() > 3 {
            return None;
        }
        (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
    };
    if *first == tag { rest.split_at_checked(length) } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut bytes = vec![tag, 0x82];
        bytes.extend((content.len() as u16).to_be_bytes());
        bytes.extend(content);
        bytes
    }

    fn pkcs1(modulus: &[u8]) -> Vec<u8> {
        der(SEQUENCE, &[der(INTEGER, &[0]), der(INTEGER, modulus), der(INTEGER, &[1, 0, 1])].concat())
    }

    #[test]
    fn keys_say_what_they_are() {
        let modulus = [&[0, 0x9f][..], &[7; 255]].concat();
        assert_eq!(algorithm(&pkcs1(&modulus)), Some(("rsa", Some(2048))));
        let identifier = der(SEQUENCE, &[der(IDENTIFIER, ALGORITHMS[0].0), vec![5, 0]].concat());
        let wrapped = der(SEQUENCE, &[der(INTEGER, &[0]), identifier, der(OCTETS, &pkcs1(&modulus))].concat());
        assert_eq!(algorithm(&wrapped), Some(("rsa", Some(2048))));
        let sec1 = der(SEQUENCE, &[der(INTEGER, &[1]), der(OCTETS, &[9; 32])].concat());
        assert_eq!(algorithm(&sec1), Some(("ec", None)));
        let identifier = der(SEQUENCE, &der(IDENTIFIER, &[0x2b, 0x65, 0x70]));
        let short = der(SEQUENCE, &[der(INTEGER, &[0]), identifier, der(OCTETS, &[9; 34])].concat());
        assert_eq!(algorithm(&short), Some(("ed25519", None)));
        assert_eq!(algorithm(b"0123456789"), None);
        for whole in [pkcs1(&modulus), wrapped, sec1, short] {
            assert!(is_whole(&whole));
            assert!(!is_whole(&whole[..whole.len() - 1]));
        }
        // Right at its beginning, and drawn behind.
        let drawn: Vec<u8> = (0..1190_u32).map(|place| (place.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        assert!(!is_whole(&[&pkcs1(&modulus)[..12], &drawn].concat()));
        assert!(!is_whole(&drawn));
        let text = |text: &[u8]| [&(text.len() as u32).to_be_bytes()[..], text].concat();
        let key = text(&[text(b"ssh-ed25519"), text(&[7; 32])].concat());
        let file =
            [b"openssh-key-v1\0".to_vec(), text(b"none"), text(b"none"), text(b""), vec![0, 0, 0, 1], key].concat();
        assert_eq!(algorithm(&file), Some(("ed25519", None)));
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0_usize..300) {
            algorithm(&bytes);
            let whole = pkcs1(&[0x9f; 128]);
            algorithm(&whole[..cut.min(whole.len())]);
        }
    }
}
