//! Client certificates of clusters as credentials, wherever one lies: what they say of their holder. It verifies nothing
//! and reads no private key.

use crate::model::{AttributeName, Attributes, Credential, CredentialKind, Evidence, Known, Urn};
use crate::secrets::{Certificate, PublishedKey};

/// The group that an API server allows everything before it asks any rule.
const MASTERS: &str = "system:masters";

/// Whether a certificate lets somebody into a Kubernetes cluster: a kubeconfig shows it, or it names groups of one. One that
/// is for servers only does not (RFC 5280 §4.2.1.12; the API server asks for the use of clients).
pub(super) fn is_of_cluster(certificate: &Certificate) -> bool {
    let of_cluster = certificate.organisations.iter().any(|one| one == MASTERS || one == "system:nodes");
    let is_for_clients = certificate.for_clients != Some(false);
    !certificate.common_name.is_empty() && is_for_clients && (certificate.is_shown || of_cluster)
}

/// A client certificate that lies at `place`, whose stable name is `base`: a credential of the user whom it names, in a cluster that it does not name.
pub(super) fn credential(
    key: &PublishedKey,
    of: &Certificate,
    (base, place): (&str, &str),
    tenant: &str,
    evidence: Evidence,
) -> Credential {
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
    Credential {
        id: Urn::new(format!("{base}#certificate/{}", name("spki_sha256").unwrap_or_default())),
        kind: CredentialKind::KubernetesClientCertificate,
        holder: Urn::new(format!("kubernetes:user/{}", of.common_name)),
        tenant: tenant.to_owned(),
        name: format!("{} ({groups}) in {place}", of.common_name),
        active: Known::unknown("no cluster says whether it still trusts who signed it"),
        created: time(of.from),
        expires: time(of.until),
        fingerprint: None,
        attributes,
        evidence,
    }
}
