//! The kinds that are read, each with what stays unknown without it.
//! It knows names only; it asks no server and reads no file.

use crate::model::{FactKind, WorkloadKind};

/// A kind of object that becomes records. The order is the order of [`RESOURCES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    ServiceAccount,
    Secret,
    ConfigMap,
    Role,
    ClusterRole,
    RoleBinding,
    ClusterRoleBinding,
    Deployment,
    StatefulSet,
    DaemonSet,
    ReplicationController,
    CronJob,
    ReplicaSet,
    Job,
    Pod,
    Namespace,
    ValidatingWebhook,
    MutatingWebhook,
    ValidatingPolicy,
    MutatingPolicy,
    CertificateRequest,
}

/// One line of the table.
pub(super) struct Resource {
    pub(super) kind: Kind,
    /// The API group; empty for the core group.
    pub(super) group: &'static str,
    /// The kind's name in `kind:`.
    pub(super) name: &'static str,
    /// The name in paths and permissions.
    pub(super) plural: &'static str,
    /// The first short name of `kubectl api-resources`, else the singular; used in URNs.
    pub(super) short: &'static str,
    /// What is unknown of a cluster when this kind was not read.
    pub(super) blinds: &'static [FactKind],
    /// The workload it is, if it is one.
    pub(super) workload: Option<WorkloadKind>,
    /// Live, a kind is listed after all kinds of lower waves: controllers before what they make.
    #[cfg_attr(not(feature = "kubernetes"), allow(dead_code))]
    pub(super) wave: u8,
}

const CORE: &str = "";
const RBAC: &str = "rbac.authorization.k8s.io";
const APPS: &str = "apps";
const BATCH: &str = "batch";
const ADMISSION: &str = "admissionregistration.k8s.io";

const fn plain(kind: Kind, group: &'static str, names: [&'static str; 3], blinds: &'static [FactKind]) -> Resource {
    let [name, plural, short] = names;
    Resource { kind, group, name, plural, short, blinds, workload: None, wave: 0 }
}

const fn workload(
    kind: Kind,
    group: &'static str,
    names: [&'static str; 3],
    workload: WorkloadKind,
    wave: u8,
) -> Resource {
    Resource { workload: Some(workload), wave, ..plain(kind, group, names, &[FactKind::Workloads]) }
}

/// Every kind that is read. Without the tracking ConfigMap each token's last use says that it is unknown, so it blinds
/// nothing as a whole.
pub(super) const RESOURCES: [Resource; 21] = [
    plain(Kind::ServiceAccount, CORE, ["ServiceAccount", "serviceaccounts", "sa"], &[FactKind::Identities]),
    plain(
        Kind::Secret,
        CORE,
        ["Secret", "secrets", "secret"],
        &[FactKind::Credentials, FactKind::Usage, FactKind::Settings],
    ),
    plain(Kind::ConfigMap, CORE, ["ConfigMap", "configmaps", "cm"], &[FactKind::Settings]),
    plain(Kind::Role, RBAC, ["Role", "roles", "role"], &[FactKind::Grants]),
    plain(Kind::ClusterRole, RBAC, ["ClusterRole", "clusterroles", "clusterrole"], &[FactKind::Grants]),
    plain(Kind::RoleBinding, RBAC, ["RoleBinding", "rolebindings", "rolebinding"], &[FactKind::Grants]),
    plain(
        Kind::ClusterRoleBinding,
        RBAC,
        ["ClusterRoleBinding", "clusterrolebindings", "clusterrolebinding"],
        &[FactKind::Grants],
    ),
    workload(Kind::Deployment, APPS, ["Deployment", "deployments", "deploy"], WorkloadKind::KubernetesDeployment, 0),
    workload(Kind::StatefulSet, APPS, ["StatefulSet", "statefulsets", "sts"], WorkloadKind::KubernetesStatefulSet, 0),
    workload(Kind::DaemonSet, APPS, ["DaemonSet", "daemonsets", "ds"], WorkloadKind::KubernetesDaemonSet, 0),
    workload(
        Kind::ReplicationController,
        CORE,
        ["ReplicationController", "replicationcontrollers", "rc"],
        WorkloadKind::KubernetesReplicationController,
        0,
    ),
    workload(Kind::CronJob, BATCH, ["CronJob", "cronjobs", "cj"], WorkloadKind::KubernetesCronJob, 0),
    workload(Kind::ReplicaSet, APPS, ["ReplicaSet", "replicasets", "rs"], WorkloadKind::KubernetesReplicaSet, 1),
    workload(Kind::Job, BATCH, ["Job", "jobs", "job"], WorkloadKind::KubernetesJob, 1),
    workload(Kind::Pod, CORE, ["Pod", "pods", "po"], WorkloadKind::KubernetesPod, 2),
    plain(Kind::Namespace, CORE, ["Namespace", "namespaces", "ns"], &[FactKind::Settings]),
    plain(
        Kind::ValidatingWebhook,
        ADMISSION,
        ["ValidatingWebhookConfiguration", "validatingwebhookconfigurations", "validatingwebhookconfiguration"],
        &[FactKind::Settings],
    ),
    plain(
        Kind::MutatingWebhook,
        ADMISSION,
        ["MutatingWebhookConfiguration", "mutatingwebhookconfigurations", "mutatingwebhookconfiguration"],
        &[FactKind::Settings],
    ),
    plain(
        Kind::ValidatingPolicy,
        ADMISSION,
        ["ValidatingAdmissionPolicy", "validatingadmissionpolicies", "validatingadmissionpolicy"],
        &[FactKind::Settings],
    ),
    plain(
        Kind::MutatingPolicy,
        ADMISSION,
        ["MutatingAdmissionPolicy", "mutatingadmissionpolicies", "mutatingadmissionpolicy"],
        &[FactKind::Settings],
    ),
    plain(
        Kind::CertificateRequest,
        "certificates.k8s.io",
        ["CertificateSigningRequest", "certificatesigningrequests", "csr"],
        &[FactKind::Settings],
    ),
];

/// Secrets of this type hold a service account token that never expires.
pub(super) const TOKEN_TYPE: &str = "kubernetes.io/service-account-token";

/// Where the API server writes since when it marks the use of legacy tokens (in namespace `kube-system`).
pub(super) const TRACKING: &str = "kube-apiserver-legacy-service-account-token-tracking";

impl Resource {
    /// Whether no rule about identities needs it: a dump may do without, and an old server may not serve it.
    pub(super) fn is_extra(&self) -> bool {
        self.blinds == [FactKind::Settings]
    }

    /// Whether its objects live in no namespace.
    pub(super) fn is_cluster_wide(&self) -> bool {
        let of_admission = self.group == ADMISSION;
        of_admission
            || matches!(
                self.kind,
                Kind::ClusterRole | Kind::ClusterRoleBinding | Kind::Namespace | Kind::CertificateRequest
            )
    }
}

impl Kind {
    /// The kind's line of the table.
    pub(super) fn resource(self) -> &'static Resource {
        &RESOURCES[self as usize]
    }

    /// The kind of an `apiVersion` and a `kind`, whatever the version: dumps of old servers hold `v1beta1`.
    ///
    /// The group counts: a `Job` of `batch.volcano.sh` is not a Job.
    pub(super) fn of(api_version: &str, name: &str) -> Option<Self> {
        let group = api_version.rsplit_once('/').map_or(CORE, |(group, _)| group);
        let group = if group == "extensions" { APPS } else { group };
        RESOURCES.iter().find(|line| line.name == name && line.group == group).map(|line| line.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_finds_its_own_line() {
        for (position, line) in RESOURCES.iter().enumerate() {
            assert_eq!(line.kind as usize, position, "{} is out of order", line.name);
        }
    }

    #[test]
    fn the_group_decides_and_the_version_does_not() {
        assert_eq!(Kind::of("batch/v1", "Job"), Some(Kind::Job));
        assert_eq!(Kind::of("batch/v1beta1", "CronJob"), Some(Kind::CronJob));
        assert_eq!(Kind::of("extensions/v1beta1", "Deployment"), Some(Kind::Deployment));
        assert_eq!(Kind::of("batch.volcano.sh/v1alpha1", "Job"), None);
        assert_eq!(Kind::of("v1", "Deployment"), None);
    }
}
