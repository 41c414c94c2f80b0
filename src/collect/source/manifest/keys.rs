//! Public keys that files of a tree name: who has the private half of one opens what the file is for. Reads no private
//! key.

use super::Reader;
use crate::collect::CollectError;
use crate::model::{AttributeName, Attributes, Credential, CredentialKind, Known, Record, Setting, SettingKind, Urn};
use crate::secrets::{Certificate, PublishedKey, published_keys};

/// The group that an API server allows everything before it asks any rule.
const MASTERS: &str = "system:masters";

/// How a text that may name a public key begins somewhere.
const SIGNS: [&str; 6] = [
    "ssh-rsa ",
    "ssh-ed25519 ",
    "ecdsa-sha2-",
    "-----BEGIN CERTIFICATE",
    "-----BEGIN PUBLIC KEY",
    "LS0tLS1CRUdJTiBDRVJUSUZJQ0FUR",
];

/// Whether a path, in lower case, is that of a kubeconfig by its name: its certificates say as whom it logs in.
pub(super) fn is_kubeconfig(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.contains("kubeconfig") || name.ends_with(".conf") || name == "config" && path.contains(".kube/")
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

/// Whether a certificate lets somebody into a Kubernetes cluster: a kubeconfig shows it, or it names groups of one.
fn is_of_cluster(certificate: &Certificate) -> bool {
    let of_cluster = certificate.organisations.iter().any(|one| one == MASTERS || one == "system:nodes");
    !certificate.common_name.is_empty() && (certificate.is_shown || of_cluster)
}

impl Reader<'_> {
    /// A client certificate: a credential of the user whom it names, in a cluster that the certificate does not name.
    fn certificate(&mut self, path: &str, key: &PublishedKey, of: &Certificate) -> Result<(), CollectError> {
        let mut attributes = Attributes::default();
        let name = |wanted| key.names.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.clone());
        for (wanted, attribute) in
            [("ssh_fingerprint", AttributeName::SshFingerprint), ("spki_sha256", AttributeName::SpkiSha256)]
        {
            if let Some(value) = name(wanted) {
                attributes.set(attribute, value);
            }
        }
        if of.organisations.iter().any(|one| one == MASTERS) {
            attributes.set(AttributeName::ForMasters, true);
        }
        if let (Some(from), Some(until)) = (of.from, of.until) {
            attributes.set(AttributeName::LifetimeDays, until.duration_since(from).as_hours() / 24);
        }
        let time = |time: Option<jiff::Timestamp>| time.map_or(Known::unknown("it says no such time"), Known::Value);
        let groups = if of.organisations.is_empty() { "no group".to_owned() } else { of.organisations.join(", ") };
        let credential = Credential {
            id: Urn::new(format!(
                "code:{}/{path}#certificate/{}",
                self.root.label,
                name("spki_sha256").unwrap_or_default()
            )),
            kind: CredentialKind::KubernetesClientCertificate,
            holder: Urn::new(format!("kubernetes:user/{}", of.common_name)),
            tenant: self.tenant(),
            name: format!("{} ({groups}) in {path}", of.common_name),
            active: Known::unknown("no cluster says whether it still trusts who signed it"),
            created: time(of.from),
            expires: time(of.until),
            fingerprint: None,
            attributes,
            evidence: self.evidence(path, key.line),
        };
        self.sink.send_blocking(Record::Credential(credential))
    }

    /// Notes each public key of a text.
    pub(super) fn keys(&mut self, path: &str, text: &str) -> Result<(), CollectError> {
        published_keys(text).into_iter().try_for_each(|key| self.key(path, key))
    }

    fn key(&mut self, path: &str, key: PublishedKey) -> Result<(), CollectError> {
        if let Some(certificate) = key.certificate.as_ref().filter(|one| is_of_cluster(one)) {
            return self.certificate(path, &key, certificate);
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
