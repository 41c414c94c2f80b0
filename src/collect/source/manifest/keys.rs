//! Public keys that files of a tree name: who has the private half of one opens what the file is for. Reads no private
//! key.

use super::Reader;
use crate::collect::CollectError;
use crate::model::{AttributeName, Attributes, Record, Setting, SettingKind, Urn};
use crate::secrets::{PublishedKey, published_keys};

/// How a text that may name a public key begins somewhere.
const SIGNS: [&str; 6] = [
    "ssh-rsa ",
    "ssh-ed25519 ",
    "ecdsa-sha2-",
    "-----BEGIN CERTIFICATE",
    "-----BEGIN PUBLIC KEY",
    "LS0tLS1CRUdJTiBDRVJUSUZJQ0FUR",
];

/// Whether a text may name public keys.
pub(super) fn sniff(text: &str) -> bool {
    SIGNS.iter().any(|sign| text.contains(sign))
}

/// Whether a file is nothing but keys, by its name in lower case. `known_hosts` says who somebody talks to, and opens
/// nothing.
pub(super) fn is_list(name: &str) -> bool {
    name.starts_with("authorized_keys") || [".pub", ".pem", ".crt", ".cer"].iter().any(|ending| name.ends_with(ending))
}

impl Reader<'_> {
    /// Notes each public key of a text.
    pub(super) fn keys(&mut self, path: &str, text: &str) -> Result<(), CollectError> {
        published_keys(text).into_iter().try_for_each(|key| self.key(path, key))
    }

    fn key(&mut self, path: &str, key: PublishedKey) -> Result<(), CollectError> {
        let mut attributes = Attributes::default().with(AttributeName::Form, key.form);
        let mut id = String::new();
        for (name, value) in key.names {
            let attribute = match name {
                "ssh_fingerprint" => AttributeName::SshFingerprint,
                "spki_sha256" => AttributeName::SpkiSha256,
                _ => continue,
            };
            if id.is_empty() {
                id = format!("code:{}/{path}#key/{value}", self.root.label);
            }
            attributes.set(attribute, value);
        }
        self.about_file(path, &mut attributes);
        let file = path.rsplit('/').next().unwrap_or(path);
        let setting = Setting {
            id: Urn::new(id),
            kind: SettingKind::CodePublicKey,
            tenant: self.tenant(),
            name: if key.comment.is_empty() { file.to_owned() } else { key.comment },
            part_of: None,
            labels: Default::default(),
            attributes,
            evidence: self.evidence(path, key.line),
        };
        self.sink.send_blocking(Record::Setting(setting))
    }
}
