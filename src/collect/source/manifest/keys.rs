//! Public keys that files of a tree name: who has the private half of one opens what the file is for. Reads no private
//! key.

use super::Reader;
use crate::collect::{CollectError, certificates};
use crate::model::{AttributeName, Attributes, Record, Setting, SettingKind, Urn};
use crate::secrets::{PublishedKey, published_keys};

/// How a text that may name a public key begins somewhere.
const SIGNS: [&str; 8] = [
    "ssh-rsa ",
    "ssh-ed25519 ",
    "ecdsa-sha2-",
    "-----BEGIN CERTIFICATE",
    "-----BEGIN PUBLIC KEY",
    "LS0tLS1CRUdJTiBDRVJUSUZJQ0FUR",
    // A kubeconfig in a Secret: `apiVersion: `, `clusters:`.
    "YXBpVmVyc2lvbjog",
    "Y2x1c3RlcnM6",
];

/// Whether a path, in lower case, is that of a kubeconfig by its name: its certificates say as whom it logs in.
pub(super) fn is_kubeconfig(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.contains("kubeconfig") || name.ends_with(".conf") || name == "config" || name.ends_with(".config")
}

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
        if let Some(certificate) = key.certificate.as_ref().filter(|one| certificates::is_of_cluster(one)) {
            let (base, evidence) = (format!("code:{}/{path}", self.root.label), self.evidence(path, key.line));
            let found = certificates::credential(&key, certificate, (&base, path), &self.tenant(), evidence);
            return self.sink.send_blocking(Record::Credential(found));
        }
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
