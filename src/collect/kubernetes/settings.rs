//! From objects that are no identities, but bear on them, to settings and links.
//! Values of ConfigMaps are never here: `data` has told what they are and dropped them.

use std::sync::Arc;

use super::object::{Admits, Object, Webhook};
use super::records::{Projection, labels, qualified};
use super::resources::{Kind, TRACKING};
use crate::collect::certificates;
use crate::model::{
    AttributeName, Attributes, Confidence, Credential, Evidence, IdentityKind, Known, Link, LinkKind, Record, Setting,
    SettingKind, Urn,
};

/// Who signs the certificates by which clients log in.
const CLIENTS: &str = "kubernetes.io/kube-apiserver-client";

impl Projection {
    pub(super) fn config_map(&mut self, object: Object, evidence: Evidence, out: &mut Vec<Record>) {
        let metadata = &object.metadata;
        self.makers.kept(metadata);
        let of_system = metadata.namespace == "kube-system";
        if of_system && metadata.name == TRACKING {
            self.tracking(object.data.since);
            return;
        }
        let mut attributes = Attributes::default();
        if !object.data.secrets.is_empty() {
            attributes.set(AttributeName::LiteralSecrets, object.data.secrets.into_iter().collect::<Vec<_>>());
        }
        if object.data.kubeconfig {
            attributes.set(AttributeName::HoldsKubeconfig, true);
        }
        if of_system && metadata.name == "aws-auth" {
            if !object.data.masters.is_empty() {
                attributes.set(AttributeName::Masters, object.data.masters.into_iter().collect::<Vec<_>>());
            }
            // The one group that is allowed everything without any binding, which would name it.
            if object.data.mapped.iter().any(|(_, group)| group == "system:masters") {
                out.push(self.group("system:masters", &evidence));
            }
            for (who, group) in &object.data.mapped {
                out.push(Record::Link(Link {
                    from: Urn::new(who),
                    kind: LinkKind::ActsAs,
                    to: Urn::kubernetes_cluster(&self.cluster, "group", group),
                    confidence: Confidence::Certain,
                    condition: None,
                    why: format!("ConfigMap kube-system/aws-auth makes {who} a member of {group}").into(),
                    evidence: Arc::new(evidence.clone()),
                }));
            }
        }
        // That there is one says that it is asked who is who.
        if attributes.is_empty() && !(of_system && metadata.name == "aws-auth") {
            return;
        }
        let (id, name) = (self.urn(Kind::ConfigMap, metadata), qualified(metadata));
        let setting = self.plain_setting(SettingKind::KubernetesConfigMap, id, name, evidence, attributes);
        let labels = labels(object.metadata.labels.0, object.metadata.annotations.0);
        out.push(Record::Setting(Setting { labels, ..setting }));
    }

    /// The client certificate that was issued for a request, as a credential of the user and groups that it names (Kubernetes
    /// documentation, "Certificates and Certificate Signing Requests", signer `kube-apiserver-client`).
    pub(super) fn issued(&self, object: &Object, evidence: &Evidence, out: &mut Vec<Record>) {
        let Some(key) = &object.status.issued.0 else { return };
        let Some(of) = key.certificate.as_ref().filter(|one| !one.common_name.is_empty()) else { return };
        if object.spec.request.signer != CLIENTS {
            return;
        }
        let base = self.urn(Kind::CertificateRequest, &object.metadata);
        let place = format!("certificate request {}", object.metadata.name);
        let names = (base.as_str(), place.as_str());
        let credential = certificates::credential(key, of, names, &self.cluster, evidence.clone());
        let user = Urn::kubernetes_cluster(&self.cluster, "user", &of.common_name);
        out.push(self.named(IdentityKind::KubernetesUser, of.common_name.clone(), &user, evidence));
        for group in &of.organisations {
            let to = Urn::kubernetes_cluster(&self.cluster, "group", group);
            out.push(self.group(group, evidence));
            out.push(Record::Link(Link {
                from: user.clone(),
                kind: LinkKind::MemberOf,
                to,
                confidence: Confidence::Certain,
                condition: None,
                why: format!("its client certificate names {group}").into(),
                evidence: Arc::new(evidence.clone()),
            }));
        }
        // The cluster signed it itself, and never takes one back.
        let active = Known::Value(true);
        out.push(Record::Credential(Credential { holder: user, active, ..credential }));
    }

    /// A namespace, an admission webhook or policy, a certificate request.
    pub(super) fn setting(&self, kind: Kind, object: Object, evidence: Evidence) -> Option<Record> {
        let metadata = &object.metadata;
        let mut attributes = Attributes::default();
        let setting = match kind {
            Kind::Namespace => {
                if let Some(level) = metadata.labels.0.get("pod-security.kubernetes.io/enforce") {
                    attributes.set(AttributeName::PodSecurity, level.as_str());
                }
                SettingKind::KubernetesNamespace
            }
            Kind::ValidatingWebhook | Kind::MutatingWebhook => {
                if object.webhooks.iter().any(|webhook| webhook.failure == "Ignore") {
                    attributes.set(AttributeName::FailsOpen, true);
                }
                if kind == Kind::ValidatingWebhook && object.webhooks.iter().any(Webhook::sees_new_pods) {
                    attributes.set(AttributeName::GuardsPods, true);
                }
                SettingKind::KubernetesWebhook
            }
            Kind::ValidatingPolicy | Kind::MutatingPolicy => {
                if kind == Kind::ValidatingPolicy && object.spec.matches.rules.iter().any(Admits::new_pods) {
                    attributes.set(AttributeName::GuardsPods, true);
                }
                SettingKind::KubernetesAdmissionPolicy
            }
            Kind::CertificateRequest => {
                // A client's certificate is a credential, and has the names of its key there.
                let is_of_client = object.spec.request.signer == CLIENTS;
                if let Some(key) = object.status.issued.0.as_ref().filter(|_| !is_of_client) {
                    super::accounts::public_names(&key.names.iter().cloned().collect(), &mut attributes);
                }
                let request = &object.spec.request;
                let by_account = request.username.starts_with("system:serviceaccount:");
                let for_client = request.signer == CLIENTS;
                if request.subject.masters || request.subject.account || (by_account && for_client) {
                    attributes.set(AttributeName::ForPrivileged, true);
                }
                if !request.signer.is_empty() {
                    attributes.set(AttributeName::Form, request.signer.as_str());
                }
                SettingKind::KubernetesCertificateRequest
            }
            _ => return None,
        };
        let (id, name) = (self.urn(kind, metadata), metadata.name.clone());
        let plain = self.plain_setting(setting, id, name, evidence, attributes);
        let labels = labels(object.metadata.labels.0, object.metadata.annotations.0);
        Some(Record::Setting(Setting { labels, ..plain }))
    }
}
