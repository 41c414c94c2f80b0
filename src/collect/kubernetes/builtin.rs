//! Which identities of a cluster are the platform's own.
//! A list of names, not a guess: whatever is not listed here is the user's and is judged.

/// The service accounts of kube-controller-manager's own controllers, which live in `kube-system`: those that a v1.36
/// control plane makes and those that its default bindings (label `kubernetes.io/bootstrapping=rbac-defaults`) name.
/// A suffix rule would not do: people install controllers with cloud roles of their own into this namespace.
const CONTROLLERS: [&str; 45] = [
    "attachdetach-controller",
    "bootstrap-signer",
    "certificate-controller",
    "cloud-provider",
    "clusterrole-aggregation-controller",
    "cronjob-controller",
    "daemon-set-controller",
    "deployment-controller",
    "device-taint-eviction-controller",
    "disruption-controller",
    "endpoint-controller",
    "endpointslice-controller",
    "endpointslicemirroring-controller",
    "ephemeral-volume-controller",
    "expand-controller",
    "generic-garbage-collector",
    "horizontal-pod-autoscaler",
    "job-controller",
    "kube-controller-manager",
    "kube-scheduler",
    "leader-election-controller",
    "legacy-service-account-token-cleaner",
    "namespace-controller",
    "node-controller",
    "persistent-volume-binder",
    "pod-garbage-collector",
    "pv-protection-controller",
    "pvc-protection-controller",
    "replicaset-controller",
    "replication-controller",
    "resource-claim-controller",
    "resourcequota-controller",
    "root-ca-cert-publisher",
    "route-controller",
    "selinux-warning-controller",
    "service-account-controller",
    "service-ca-cert-publisher",
    "service-cidrs-controller",
    "service-controller",
    "statefulset-controller",
    "token-cleaner",
    "ttl-after-finished-controller",
    "ttl-controller",
    "validatingadmissionpolicy-status-controller",
    "volumeattributesclass-protection-controller",
];

/// Whether a service account is one of the platform's controllers. `default` accounts never are.
pub(super) fn service_account(namespace: &str, name: &str) -> bool {
    namespace == "kube-system" && CONTROLLERS.contains(&name)
}

/// Whether a user or group name is the platform's own. Names that anyone, or any workload, may act under are not: who
/// binds those binds everybody.
pub(super) fn user_or_group(name: &str) -> bool {
    const EVERYBODY: [&str; 4] =
        ["system:anonymous", "system:unauthenticated", "system:authenticated", "system:serviceaccounts"];
    name.starts_with("system:") && !EVERYBODY.contains(&name) && !name.starts_with("system:serviceaccounts:")
}

/// Whether an object carries the label by which the API server marks its default roles and bindings.
pub(super) fn bootstrapped(labels: &std::collections::BTreeMap<String, String>) -> bool {
    labels.get("kubernetes.io/bootstrapping").is_some_and(|value| value == "rbac-defaults")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_names_are_the_platforms() {
        assert!(service_account("kube-system", "job-controller"));
        assert!(!service_account("kube-system", "default"));
        assert!(!service_account("kube-system", "aws-load-balancer-controller"));
        assert!(!service_account("payments", "job-controller"));
    }

    #[test]
    fn names_that_anyone_acts_under_are_judged() {
        assert!(user_or_group("system:masters"));
        assert!(user_or_group("system:kube-scheduler"));
        for name in ["system:anonymous", "system:authenticated", "system:serviceaccounts:ci", "jana"] {
            assert!(!user_or_group(name), "{name}");
        }
    }
}
