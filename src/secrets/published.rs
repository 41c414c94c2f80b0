//! Public keys in texts: lines as `authorized_keys` has them, certificates and public keys in PEM. They are no secrets;
//! they say what the private half of them opens. Reads no private key.
//!
//! Sources: sshd(8), "AUTHORIZED_KEYS FILE FORMAT"; RFC 7468; RFC 5280 §4.1.

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use super::certificate::{self, Certificate};
use super::public::{names_of_blob, names_of_certificate, names_of_spki};

/// The most public keys that are told of one text: a file with more is a bundle of authorities, which opens nothing.
const MOST: usize = 50;
/// The most certificates of one text that count as somebody's own: a chain has up to four.
const CHAIN: usize = 6;
/// The names with which the lines of SSH begin.
const SSH: [&str; 5] =
    ["ssh-ed25519 ", "ssh-rsa ", "ecdsa-sha2-nistp256 ", "ecdsa-sha2-nistp384 ", "ecdsa-sha2-nistp521 "];
/// How a certificate in PEM begins when it is written in base64 once more, as manifests of Secrets have it.
const PACKED: &str = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t";
/// How a kubeconfig begins in base64: `apiVersion: `, `clusters:`.
const CONFIGS: [&str; 2] = ["YXBpVmVyc2lvbjog", "Y2x1c3RlcnM6"];
/// Where a kubeconfig has the certificate of a user (Kubernetes, "Organizing Cluster Access Using kubeconfig Files").
const SHOWN: &str = "client-certificate-data";
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A public key in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedKey {
    /// `ssh-key`, `certificate` or `public-key`.
    pub form: &'static str,
    /// Its line, from 1.
    pub line: u64,
    /// What stands behind the key in a line of SSH: mostly a person or machine.
    pub comment: String,
    /// The names of the key: `ssh_fingerprint`, `spki_sha256`, `jwk_thumbprint`.
    pub names: Vec<(&'static str, String)>,
    /// What it says of its holder, where it is a certificate.
    pub certificate: Option<Certificate>,
}

/// The public keys in a text, in order. None in a bundle of certificates.
pub fn published_keys(text: &str) -> Vec<PublishedKey> {
    let mut found = Vec::new();
    let mut block: Option<(u64, &str, String)> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        match &mut block {
            Some((start, label, body)) => {
                if line.starts_with("-----END ") {
                    found.extend(of_block(*start, label, body));
                    block = None;
                } else if body.len() < 64 * 1024 {
                    body.push_str(line);
                }
            }
            None => {
                let label = line.strip_prefix("-----BEGIN ").and_then(|rest| rest.strip_suffix("-----"));
                match label {
                    Some(label) => block = Some((number, label, String::new())),
                    None => found.extend(of_line(number, line)),
                }
            }
        }
        if found.len() > MOST {
            return Vec::new();
        }
    }
    let certificates = found.iter().filter(|one| one.form == "certificate").count();
    found.retain(|one| certificates <= CHAIN || one.form != "certificate");
    found
}

fn of_block(line: u64, label: &str, body: &str) -> Option<PublishedKey> {
    let (form, names): (_, fn(&[u8]) -> Vec<_>) = match label {
        "CERTIFICATE" | "TRUSTED CERTIFICATE" => ("certificate", names_of_certificate),
        "PUBLIC KEY" => ("public-key", names_of_spki),
        _ => return None,
    };
    let bytes = BASE64.decode(body).ok()?;
    let names = names(&bytes);
    let certificate = certificate::read(&bytes).filter(|_| form == "certificate");
    (!names.is_empty()).then(|| PublishedKey { form, line, comment: String::new(), names, certificate })
}

/// Certificates in PEM that are written in base64 once more. JSON has several in a line.
fn of_packed(line: u64, text: &str) -> Vec<PublishedKey> {
    let places = text.match_indices(PACKED).take(CHAIN + 1).map(|(start, _)| start);
    let read = |start: usize| {
        let packed = &text[start..];
        let end = packed.find(|letter: char| !is_base64(letter)).unwrap_or(packed.len());
        let inner = String::from_utf8(BASE64.decode(&packed[..end]).ok()?).ok()?;
        // Once more is enough: what lies deeper is no certificate that a cluster would serve.
        let first = inner.lines().skip(1).take_while(|line| !line.starts_with("-----")).collect::<String>();
        let mut key = of_block(line, "CERTIFICATE", &first)?;
        let name = text[..start].trim_end_matches([' ', '"', '\'', ':', '\t']);
        if let Some(certificate) = &mut key.certificate {
            certificate.is_shown = name.ends_with(SHOWN);
        }
        Some(key)
    };
    places.filter_map(read).collect()
}

fn of_line(line: u64, text: &str) -> Vec<PublishedKey> {
    if text.contains(PACKED) {
        return of_packed(line, text);
    }
    if let Some(start) = CONFIGS.iter().find_map(|sign| text.find(sign)) {
        return of_packed_config(line, &text[start..]);
    }
    of_ssh(line, text).into_iter().collect()
}

/// The certificates of a kubeconfig that is written in base64, as Secrets have it.
fn of_packed_config(line: u64, text: &str) -> Vec<PublishedKey> {
    let end = text.find(|letter: char| !is_base64(letter)).unwrap_or(text.len());
    let inner = BASE64.decode(&text[..end]).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    let lines = inner.lines().filter(|inner| inner.contains(SHOWN) && inner.contains(PACKED));
    lines.take(CHAIN).flat_map(|inner| of_packed(line, inner)).collect()
}

fn of_ssh(line: u64, text: &str) -> Option<PublishedKey> {
    // Options may stand before the key; a comment line has none that works.
    if text.starts_with('#') || text.starts_with("//") {
        return None;
    }
    let (start, name) = SSH.iter().find_map(|name| Some((text.find(name)?, name)))?;
    let rest = text.get(start + name.len()..)?.trim_start();
    let end = rest.find(|letter: char| !is_base64(letter)).unwrap_or(rest.len());
    let names = names_of_blob(&BASE64.decode(rest.get(..end)?).ok()?);
    let comment = rest.get(end..)?.trim().trim_end_matches(['"', '\'', ',', ';', ']', '}', ')']).trim();
    let comment = comment.trim_start_matches(['"', '\'', ',', ']', '}', ')']).chars().take(80).collect();
    (!names.is_empty()).then_some(PublishedKey { form: "ssh-key", line, comment, names, certificate: None })
}

fn is_base64(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '+' | '/' | '=')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // `ssh-keygen -lf` of the key: SHA256:z/fSv0Z0RZS+Lccbc6ZoOWwt/fbj1VFJGSBKQbo4icE (see public.rs).
    const ED25519: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOpKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs";

    #[test]
    fn lines_of_ssh_are_read_wherever_they_stand() {
        for line in [
            format!("{ED25519} deploy@ci"),
            format!("from=\"10.0.0.0/8\",no-pty {ED25519} deploy@ci"),
            format!("  key = \"{ED25519} deploy@ci\""),
            format!("{{\"key\": \"{ED25519} deploy@ci\"}},"),
        ] {
            let found = published_keys(&format!("first\n{line}\n"));
            assert_eq!(found.len(), 1, "{line}");
            assert_eq!(
                (found[0].line, found[0].form, found[0].comment.as_str()),
                (2, "ssh-key", "deploy@ci"),
                "{line}"
            );
            assert_eq!(found[0].names[0].0, "ssh_fingerprint");
        }
        assert_eq!(published_keys(&format!("# {ED25519}")), []);
        assert_eq!(published_keys("ssh-rsa and ssh-ed25519 are names\nssh-rsa AAAA"), []);
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "[A-Za-z0-9+/=\\- \\n\"é]{0,200}") {
            published_keys(&text);
            published_keys(&format!("ssh-rsa {text}\n-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----"));
            published_keys(&format!("tls.crt: {PACKED}{text}"));
        }

        #[test]
        fn no_bytes_break_it(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            names_of_certificate(&bytes);
            names_of_spki(&bytes);
            names_of_blob(&bytes);
        }
    }
}
