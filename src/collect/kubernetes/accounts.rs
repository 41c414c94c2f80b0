//! From service accounts and their Secrets to identities and credentials. No value of a Secret is looked at here.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::held::{Account, Token};
use super::object::{Metadata, Named, Object, OwnerRef};
use super::records::{Projection, created, labels, qualified};
use super::resources::{Kind, TOKEN_TYPE};
use super::{builtin, cloud};
use crate::model::{
    AttributeName, Attributes, Confidence, Credential, CredentialKind, Evidence, Fingerprint, Identity, IdentityKind,
    Known, Link, LinkKind, Record, Setting, SettingKind, Urn, parse_timestamp,
};

impl Projection {
    pub(super) fn service_account(&mut self, object: Object, evidence: Evidence, out: &mut Vec<Record>) {
        let Object { metadata, automount, secrets, pull_secrets, .. } = object;
        let id = self.urn(Kind::ServiceAccount, &metadata);
        let (name, created) = (qualified(&metadata), created(&metadata));
        let builtin = builtin::service_account(&metadata.namespace, &metadata.name);
        let namespace = metadata.namespace.clone();
        let unique_id = Some(metadata.uid).filter(|uid| !uid.is_empty());
        let mut attributes = Attributes::default();
        if let Some(maker) = metadata.owners.iter().max_by_key(|one| one.controller).filter(|one| !one.name.is_empty())
        {
            attributes.set(AttributeName::Maker, self.maker(maker, &metadata.namespace).as_str());
        }
        let labels = labels(metadata.labels.0, metadata.annotations.0);
        if let Some(cloud) = cloud::identity(&labels) {
            match cloud.urn {
                Some(to) => out.push(Record::Link(Link {
                    from: id.clone(),
                    kind: LinkKind::ActsAs,
                    to,
                    confidence: Confidence::High,
                    condition: Some("the cloud trusts this cluster for it".into()),
                    why: format!("the annotation {} of service account {name}", cloud.annotation).into(),
                    evidence: Arc::new(evidence.clone()),
                })),
                None => {
                    attributes.set(AttributeName::CloudLinkBroken, true);
                    attributes.set(AttributeName::CloudLinkWhy, "it is no name of one");
                }
            }
            attributes.set(AttributeName::CloudIdentity, cloud.name);
        }
        let names = |list: Vec<Named>| -> Vec<String> {
            let named = list.into_iter().map(|one| one.name).filter(|name| !name.is_empty());
            named.map(|name| format!("{namespace}/{name}")).collect()
        };
        let pull_secrets = names(pull_secrets);
        self.referenced_secrets.extend(pull_secrets.iter().cloned());
        let identity = Identity {
            id,
            kind: IdentityKind::KubernetesServiceAccount,
            tenant: self.cluster.clone(),
            name,
            enabled: Known::Value(true),
            created,
            unique_id,
            builtin,
            labels,
            attributes,
            evidence,
        };
        let tokens = names(secrets);
        self.knows_account(&identity.name);
        self.accounts.push(Account::new(&identity, automount, pull_secrets, tokens));
    }

    /// The object that made another of its namespace.
    fn maker(&self, owner: &OwnerRef, namespace: &str) -> Urn {
        let group = owner.api_version.rsplit_once('/').map_or("", |(group, _)| group);
        let kind = Kind::of(&owner.api_version, &owner.kind).map(|kind| kind.resource().short.to_owned());
        let kind = kind.unwrap_or_else(|| format!("{}.{group}", owner.kind.to_lowercase()));
        Urn::kubernetes(&self.cluster, namespace, &kind, &owner.name)
    }

    pub(super) fn secret(&mut self, object: Object, evidence: Evidence, out: &mut Vec<Record>) {
        self.secret_names.insert(qualified(&object.metadata));
        self.makers.kept(&object.metadata);
        // A dump of token Secrets alone, as we ask for it, says nothing of others.
        self.knows_all_secrets |= !object.secret_type.is_empty() && object.secret_type != TOKEN_TYPE;
        if object.secret_type == TOKEN_TYPE {
            let prints = self.found.prints.iter();
            let value = prints.filter(|(name, _)| name == "token").map(|(_, print)| print.clone()).next();
            self.token(&object.metadata, value, evidence.clone());
        }
        self.secret_setting(object, evidence, out);
    }

    /// A Secret of type `kubernetes.io/service-account-token`. The labels are described under "Legacy ServiceAccount
    /// token cleaner" in the Kubernetes documentation: a token with `invalid-since` is refused by the API server.
    fn token(&mut self, metadata: &Metadata, fingerprint: Option<Fingerprint>, evidence: Evidence) {
        let account = metadata.annotations.0.get("kubernetes.io/service-account.name");
        let Some(account) = account.filter(|name| !name.is_empty()) else { return };
        let label = |name: &str| metadata.labels.0.get(name);
        let used = label("kubernetes.io/legacy-token-last-used").map_or(Known::Absent, |date| {
            parse_timestamp(date)
                .map_or_else(|_| Known::unknown("its label legacy-token-last-used is not a date"), Known::Value)
        });
        let invalidated = label("kubernetes.io/legacy-token-invalid-since");
        let mut attributes = Attributes::default();
        if let Some(since) = invalidated {
            let since = parse_timestamp(since)
                .map_or_else(|_| Known::unknown("its label legacy-token-invalid-since is not a date"), Known::Value);
            attributes.set_known(AttributeName::Invalidated, since);
        }
        let credential = Credential {
            id: self.urn(Kind::Secret, metadata),
            kind: CredentialKind::KubernetesTokenSecret,
            holder: Urn::kubernetes(&self.cluster, &metadata.namespace, "sa", account),
            tenant: self.cluster.clone(),
            name: qualified(metadata),
            active: Known::Value(invalidated.is_none()),
            created: created(metadata),
            expires: Known::Absent,
            fingerprint,
            attributes,
            evidence,
        };
        let account = format!("{}/{account}", metadata.namespace);
        let uid = metadata.annotations.0.get("kubernetes.io/service-account.uid").cloned().unwrap_or_default();
        self.names_account(&account, true, &credential.evidence);
        self.tokens.push(Token { credential, account, used, uid });
    }

    /// What of a Secret's metadata is worth a look.
    fn secret_setting(&mut self, object: Object, evidence: Evidence, out: &mut Vec<Record>) {
        let metadata = object.metadata;
        let mut attributes = Attributes::default();
        let kind = object.secret_type.as_str();
        let in_annotation = metadata.annotations.2;
        if in_annotation {
            attributes.set(AttributeName::ValueInAnnotation, true);
        }
        let registry = matches!(kind, "kubernetes.io/dockerconfigjson" | "kubernetes.io/dockercfg");
        let bootstrap = kind == "bootstrap.kubernetes.io/token";
        if bootstrap && object.data.names.contains("expiration") {
            attributes.set(AttributeName::TokenExpires, true);
        } else if bootstrap && object.data.names.is_empty() {
            let why = "only the names of its entries say whether it ends, and they were not read";
            attributes.set_known(AttributeName::TokenExpires, Known::<bool>::unknown(why));
        }
        let opens = opens(kind, &metadata);
        if let Some(opens) = opens {
            attributes.set(AttributeName::Opens, opens);
        }
        let prints: Vec<String> =
            self.found.prints.iter().map(|(name, print)| format!("{name}={}", print.as_str())).collect();
        let has_values = !prints.is_empty();
        if has_values {
            attributes.set(AttributeName::ValuePrints, prints);
        }
        let mut holds = std::mem::take(&mut self.found.holds);
        // A token Secret is a credential of its account already.
        holds.retain(|one| kind != TOKEN_TYPE || !one.starts_with("kubernetes.token"));
        if self.found.kubeconfig {
            attributes.set(AttributeName::HoldsKubeconfig, true);
        }
        let has_key = public_names(&self.found.keys, &mut attributes);
        if !holds.is_empty() {
            self.holding.insert(qualified(&metadata));
            attributes.set(AttributeName::Holds, holds.into_iter().collect::<Vec<_>>());
        }
        if !(in_annotation || registry || bootstrap || opens.is_some() || has_values || has_key) {
            return;
        }
        if !kind.is_empty() {
            attributes.set(AttributeName::Form, kind);
        }
        let setting = Setting {
            id: self.urn(Kind::Secret, &metadata),
            kind: SettingKind::KubernetesSecret,
            tenant: self.cluster.clone(),
            name: qualified(&metadata),
            part_of: None,
            labels: labels(metadata.labels.0, metadata.annotations.0),
            attributes,
            evidence,
        };
        if registry {
            self.secrets.push(setting);
        } else {
            out.push(Record::Setting(setting));
        }
    }
}

/// Notes the names of the one public key of a certificate; of a chain nobody knows here which has its private half.
pub(super) fn public_names(keys: &BTreeSet<(&'static str, String)>, attributes: &mut Attributes) -> bool {
    let mut has_one = false;
    let known = [("ssh_fingerprint", AttributeName::SshFingerprint), ("spki_sha256", AttributeName::SpkiSha256)];
    for (name, attribute) in known {
        let mut named = keys.iter().filter(|(of, _)| *of == name);
        if let (Some((_, key)), None) = (named.next(), named.next()) {
            attributes.set(attribute, key.as_str());
            has_one = true;
        }
    }
    has_one
}

/// Which other cluster a Secret opens, by the labels and types of those who keep such: Argo CD ("Declarative setup",
/// clusters) and Cluster API (`<cluster>-kubeconfig`).
fn opens(kind: &str, metadata: &Metadata) -> Option<&'static str> {
    let label = |name: &str| metadata.labels.0.get(name).map(String::as_str);
    match (label("argocd.argoproj.io/secret-type"), kind) {
        (Some("cluster"), _) => Some("a cluster that Argo CD deploys to"),
        (_, "cluster.x-k8s.io/secret") if metadata.name.ends_with("-kubeconfig") => {
            Some("a cluster that Cluster API made")
        }
        _ => None,
    }
}
