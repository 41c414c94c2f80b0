//! The public half of a private key, as the names by which others know it: the SSH fingerprint, the SHA-256 of the
//! subject public key info, and the JWK thumbprint. Signs nothing, and keeps nothing of the private half.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use ring::signature::{Ed25519KeyPair, KeyPair};

use super::key::{INTEGER, OCTETS, SEQUENCE, counted, element};

const BITS: u8 = 0x03;
const IDENTIFIER: u8 = 0x06;
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

/// Object identifier, SSH name, JWK name and size of a coordinate in bytes of the curves in use
/// (RFC 5480 §2.1.1.1, RFC 5656 §10.1, RFC 7518 §6.2.1.1).
const CURVES: &[(&[u8], &str, &str, usize)] = &[
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07], "nistp256", "P-256", 32),
    (&[0x2b, 0x81, 0x04, 0x00, 0x22], "nistp384", "P-384", 48),
    (&[0x2b, 0x81, 0x04, 0x00, 0x23], "nistp521", "P-521", 66),
];

/// A public key.
#[derive(Debug, PartialEq, Eq)]
enum Public {
    /// Modulus and exponent without leading zeros.
    Rsa(Vec<u8>, Vec<u8>),
    /// The place of the curve in [`CURVES`], and the point uncompressed.
    Ec(usize, Vec<u8>),
    Ed25519(Vec<u8>),
}

/// The names of a private key's public half: `ssh_fingerprint`, `spki_sha256`, `jwk_thumbprint`. None for a key that
/// cannot be read or does not hold enough (SEC 1 keys may leave the public point out).
pub(super) fn names_of_private(bytes: &[u8]) -> Vec<(&'static str, String)> {
    of_private(bytes).map(|key| key.names()).unwrap_or_default()
}

/// The JWK thumbprint (RFC 7638) of a public RSA, EC or Ed25519 key as JSON Web Keys write its parts.
pub fn jwk_thumbprint(key: &serde_json::Value) -> Option<String> {
    let part = |name: &str| URL_SAFE_NO_PAD.decode(key.get(name)?.as_str()?.trim_end_matches('=')).ok();
    let curve = |name: &str| CURVES.iter().position(|curve| curve.2 == name);
    let public = match (key.get("kty")?.as_str()?, key.get("crv").and_then(|crv| crv.as_str())) {
        ("RSA", _) => Public::Rsa(trimmed(&part("n")?), trimmed(&part("e")?)),
        ("EC", Some(name)) => Public::Ec(curve(name)?, [vec![4], part("x")?, part("y")?].concat()),
        ("OKP", Some("Ed25519")) => Public::Ed25519(part("x")?),
        _ => return None,
    };
    public.jwk()
}

/// The same names of a public key as SSH writes it, behind its base64.
pub(super) fn names_of_blob(blob: &[u8]) -> Vec<(&'static str, String)> {
    of_blob(blob).map(|key| key.names()).unwrap_or_default()
}

/// The same names of a subject public key info.
pub(super) fn names_of_spki(bytes: &[u8]) -> Vec<(&'static str, String)> {
    element(bytes, SEQUENCE).and_then(|(body, _)| of_spki(body)).map(|key| key.names()).unwrap_or_default()
}

/// The same names of the key that a certificate is about (RFC 5280 §4.1).
pub(super) fn names_of_certificate(bytes: &[u8]) -> Vec<(&'static str, String)> {
    of_certificate(bytes).map(|key| key.names()).unwrap_or_default()
}

/// The version, where it stands, then serial number, algorithm, issuer, validity, subject and the key.
fn of_certificate(bytes: &[u8]) -> Option<Public> {
    let (certificate, _) = element(bytes, SEQUENCE)?;
    let (mut rest, _) = element(certificate, SEQUENCE)?;
    if let Some((_, after)) = element(rest, 0xa0) {
        rest = after;
    }
    rest = element(rest, INTEGER)?.1;
    for _ in 0..4 {
        rest = element(rest, SEQUENCE)?.1;
    }
    of_spki(element(rest, SEQUENCE)?.0)
}

fn of_spki(body: &[u8]) -> Option<Public> {
    let (algorithm, rest) = element(body, SEQUENCE)?;
    let (name, parameters) = element(algorithm, IDENTIFIER)?;
    let key = element(rest, BITS)?.0.strip_prefix(&[0])?;
    match name {
        RSA => {
            let (modulus, rest) = element(element(key, SEQUENCE)?.0, INTEGER)?;
            Some(Public::Rsa(trimmed(modulus), trimmed(element(rest, INTEGER)?.0)))
        }
        EC => {
            let (curve, _) = element(parameters, IDENTIFIER)?;
            let place = CURVES.iter().position(|known| known.0 == curve)?;
            (key.len() == 2 * CURVES[place].3 + 1 && key[0] == 4).then(|| Public::Ec(place, key.to_vec()))
        }
        ED25519 => (key.len() == 32).then(|| Public::Ed25519(key.to_vec())),
        _ => None,
    }
}

fn of_private(bytes: &[u8]) -> Option<Public> {
    if bytes.starts_with(b"openssh-key-v1\0") {
        return of_openssh(bytes);
    }
    let (body, _) = element(bytes, SEQUENCE)?;
    let (_, rest) = element(body, INTEGER)?;
    let Some((algorithm, rest)) = element(rest, SEQUENCE) else {
        return of_rsa(bytes).or_else(|| of_sec1(bytes, None));
    };
    let (name, parameters) = element(algorithm, IDENTIFIER)?;
    let (inner, _) = element(rest, OCTETS)?;
    match name {
        RSA => of_rsa(inner),
        EC => of_sec1(inner, element(parameters, IDENTIFIER).map(|(curve, _)| curve)),
        ED25519 => {
            let (seed, _) = element(inner, OCTETS)?;
            let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
            Some(Public::Ed25519(pair.public_key().as_ref().to_vec()))
        }
        _ => None,
    }
}

/// PKCS #1: version, modulus, public exponent … (RFC 8017 A.1.2). Old DSA keys have the same frame and a long number in
/// the exponent's place.
fn of_rsa(bytes: &[u8]) -> Option<Public> {
    let (body, _) = element(bytes, SEQUENCE)?;
    let (_, rest) = element(body, INTEGER)?;
    let (modulus, rest) = element(rest, INTEGER)?;
    let (exponent, _) = element(rest, INTEGER)?;
    (exponent.len() <= 8 && modulus.len() >= 64).then(|| Public::Rsa(trimmed(modulus), trimmed(exponent)))
}

/// SEC 1: version, private number, the curve unless it is known, the public point where it was written (RFC 5915 §3).
fn of_sec1(bytes: &[u8], curve: Option<&[u8]>) -> Option<Public> {
    let (body, _) = element(bytes, SEQUENCE)?;
    let (_, rest) = element(body, INTEGER)?;
    let (_, mut rest) = element(rest, OCTETS)?;
    let mut curve = curve;
    if let Some((parameters, after)) = element(rest, 0xa0) {
        curve = element(parameters, IDENTIFIER).map(|(curve, _)| curve).or(curve);
        rest = after;
    }
    let (point, _) = element(element(rest, 0xa1)?.0, BITS)?;
    let point = point.strip_prefix(&[0])?;
    let place = CURVES.iter().position(|known| Some(known.0) == curve)?;
    (point.len() == 2 * CURVES[place].3 + 1 && point[0] == 4).then(|| Public::Ec(place, point.to_vec()))
}

/// The first public key stands in the open, also when the private half is encrypted (PROTOCOL.key of OpenSSH).
fn of_openssh(bytes: &[u8]) -> Option<Public> {
    let mut rest = bytes.get(15..)?;
    for _ in 0..3 {
        rest = counted(rest)?.1;
    }
    let (blob, _) = counted(rest.get(4..)?)?;
    of_blob(blob)
}

/// A public key as SSH writes it (RFC 4253 §6.6, RFC 5656 §3.1, RFC 8709 §4).
fn of_blob(blob: &[u8]) -> Option<Public> {
    let (name, rest) = counted(blob)?;
    let (first, rest) = counted(rest)?;
    match name {
        b"ssh-ed25519" if first.len() == 32 => Some(Public::Ed25519(first.to_vec())),
        b"ssh-rsa" => Some(Public::Rsa(trimmed(counted(rest)?.0), trimmed(first))),
        _ => {
            let place = CURVES.iter().position(|curve| curve.1.as_bytes() == first)?;
            let (point, _) = counted(rest)?;
            (point.len() == 2 * CURVES[place].3 + 1).then(|| Public::Ec(place, point.to_vec()))
        }
    }
}

impl Public {
    fn names(&self) -> Vec<(&'static str, String)> {
        let ssh = format!("SHA256:{}", STANDARD_NO_PAD.encode(digest(&SHA256, &self.blob())));
        let mut names = vec![("ssh_fingerprint", ssh), ("spki_sha256", hex(&self.spki()))];
        names.extend(self.jwk().map(|thumbprint| ("jwk_thumbprint", thumbprint)));
        names
    }

    /// As SSH writes it (RFC 4253 §6.6, RFC 5656 §3.1, RFC 8709 §4).
    fn blob(&self) -> Vec<u8> {
        match self {
            Self::Rsa(modulus, exponent) => {
                [text(b"ssh-rsa"), text(&positive(exponent)), text(&positive(modulus))].concat()
            }
            Self::Ec(curve, point) => {
                let name = CURVES[*curve].1.as_bytes();
                [text(&[b"ecdsa-sha2-", name].concat()), text(name), text(point)].concat()
            }
            Self::Ed25519(key) => [text(b"ssh-ed25519"), text(key)].concat(),
        }
    }

    /// As certificates hold it (RFC 5280 §4.1.2.7 with RFC 3279, RFC 5480 and RFC 8410).
    fn spki(&self) -> Vec<u8> {
        let (algorithm, key) = match self {
            Self::Rsa(modulus, exponent) => {
                let numbers = [der(INTEGER, &positive(modulus)), der(INTEGER, &positive(exponent))].concat();
                ([der(IDENTIFIER, RSA), vec![5, 0]].concat(), der(SEQUENCE, &numbers))
            }
            Self::Ec(curve, point) => {
                ([der(IDENTIFIER, EC), der(IDENTIFIER, CURVES[*curve].0)].concat(), point.clone())
            }
            Self::Ed25519(key) => (der(IDENTIFIER, ED25519), key.clone()),
        };
        der(SEQUENCE, &[der(SEQUENCE, &algorithm), der(BITS, &[vec![0], key].concat())].concat())
    }

    /// RFC 7638 §3: the required members in the order of their names, without white space.
    fn jwk(&self) -> Option<String> {
        let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let canonical = match self {
            Self::Rsa(modulus, exponent) => {
                format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, part(exponent), part(modulus))
            }
            Self::Ec(curve, point) => {
                let (_, _, name, size) = CURVES[*curve];
                let (x, y) = (point.get(1..=size)?, point.get(size + 1..)?);
                format!(r#"{{"crv":"{name}","kty":"EC","x":"{}","y":"{}"}}"#, part(x), part(y))
            }
            Self::Ed25519(key) => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, part(key)),
        };
        Some(format!("sha256:{}", part(digest(&SHA256, canonical.as_bytes()).as_ref())))
    }
}

fn trimmed(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number[zeros..].to_vec()
}

/// A number whose first bit is set gets a zero before it, so that it is not negative.
fn positive(number: &[u8]) -> Vec<u8> {
    if number.first().is_some_and(|byte| *byte >= 0x80) { [&[0], number].concat() } else { number.to_vec() }
}

fn text(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap_or_default();
    [&length.to_be_bytes()[..], bytes].concat()
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut bytes = vec![tag];
    match length {
        0..0x80 => bytes.push(length as u8),
        0x80..0x100 => bytes.extend([0x81, length as u8]),
        _ => bytes.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    bytes.extend(content);
    bytes
}

fn hex(bytes: &[u8]) -> String {
    let sum = digest(&SHA256, bytes);
    let digits: String = sum.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{digits}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn thumbprints_are_those_of_the_rfcs() {
        // RFC 8037, appendix A.1 and A.3.
        let seed = URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").expect("of the RFC");
        let octets = der(OCTETS, &der(OCTETS, &seed));
        let key = der(SEQUENCE, &[der(INTEGER, &[0]), der(SEQUENCE, &der(IDENTIFIER, ED25519)), octets].concat());
        let names = names_of_private(&key);
        let expected = "sha256:kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
        assert_eq!(
            names.iter().find(|(name, _)| *name == "jwk_thumbprint").map(|(_, text)| text.as_str()),
            Some(expected)
        );
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        assert_eq!(jwk_thumbprint(&jwk).as_deref(), Some(expected));
        // RFC 7638, section 3.1.
        let modulus = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let jwk = json!({"kty": "RSA", "n": modulus, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"});
        assert_eq!(jwk_thumbprint(&jwk).as_deref(), Some("sha256:NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"));
    }

    /// The same key in the form of OpenSSH, which holds its public half in the open, and in that of PKCS #8, which does not.
    #[test]
    fn one_key_has_one_name_in_every_form() {
        let seed = [7_u8; 32];
        let octets = der(OCTETS, &der(OCTETS, &seed));
        let pkcs8 = der(SEQUENCE, &[der(INTEGER, &[0]), der(SEQUENCE, &der(IDENTIFIER, ED25519)), octets].concat());
        let Some(Public::Ed25519(key)) = of_private(&pkcs8) else { panic!("it is read") };
        let blob = [text(b"ssh-ed25519"), text(&key)].concat();
        let head = [b"openssh-key-v1\0".to_vec(), text(b"none"), text(b"none"), text(b""), vec![0, 0, 0, 1]].concat();
        let openssh = [head, text(&blob), text(b"private part")].concat();
        let names = names_of_private(&openssh);
        assert_eq!(names, names_of_private(&pkcs8));
        // `ssh-keygen -lf` of the key above, made by OpenSSL 3.0.19 from the same seed.
        assert_eq!(names[0].1, "SHA256:z/fSv0Z0RZS+Lccbc6ZoOWwt/fbj1VFJGSBKQbo4icE");
    }

    #[test]
    fn the_public_half_has_the_names_of_the_private_one() {
        let keys = [
            Public::Rsa(vec![0x9f; 256], vec![1, 0, 1]),
            Public::Ec(0, [&[4][..], &[7; 64]].concat()),
            Public::Ed25519(vec![9; 32]),
        ];
        for key in keys {
            assert_eq!(names_of_blob(&key.blob()), key.names());
            assert_eq!(names_of_spki(&key.spki()), key.names());
            let nothing = der(SEQUENCE, &[]);
            let body = [der(INTEGER, &[1]), nothing.repeat(4), key.spki(), nothing].concat();
            let body = [der(0xa0, &der(INTEGER, &[2])), body].concat();
            let certificate = der(SEQUENCE, &[der(SEQUENCE, &body), der(SEQUENCE, &[]), der(BITS, &[0])].concat());
            assert_eq!(names_of_certificate(&certificate), key.names());
        }
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            names_of_private(&bytes);
            names_of_private(&[b"openssh-key-v1\0".to_vec(), bytes.clone()].concat());
        }
    }
}
