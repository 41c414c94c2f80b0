//! What providers and distributions of Kubernetes make for themselves in their clusters, as data. It guesses nothing: what is
//! not as the table says is not theirs.

use serde::Deserialize;

use crate::model::wildcard::matches;
use crate::model::{Capability, CapabilityKind, Grant, Identity, IdentityKind};

/// The platforms, read from `rules/facts/kubernetes-platforms.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Platforms {
    platform: Vec<Platform>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Platform {
    /// For whoever reads the table.
    #[serde(rename = "name")]
    _name: String,
    /// Service accounts that the control plane uses from outside.
    #[serde(default)]
    accounts: Vec<String>,
    binding: Vec<Binding>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Binding {
    name: String,
    role: String,
    subject: String,
    /// What the role gives at most.
    gives: Option<Vec<CapabilityKind>>,
}

impl Platforms {
    /// Reads the table.
    ///
    /// # Errors
    /// Says line, column and what was expected.
    pub fn parse(toml: &str) -> Result<Self, String> {
        toml::from_str(toml).map_err(|error| format!("kubernetes platforms: {error}"))
    }

    /// Whether a grant is one that a platform makes, by the names of its binding, role and subject, and by what the role gives.
    pub fn grants(&self, grant: &Grant, given: &[Capability]) -> bool {
        let Some((binding, subject)) = grant.id.as_str().split_once('#') else { return false };
        let last = |id: &str| id.rsplit('/').next().unwrap_or_default().to_owned();
        let (binding, role, subject) = (last(binding), last(grant.policy.as_str()), shown(subject));
        let is_it = |one: &Binding| {
            let names = [(&one.name, &binding), (&one.role, &role), (&one.subject, &subject)];
            names.into_iter().all(|(pattern, text)| matches(pattern, text)) && one.covers(given)
        };
        self.platform.iter().flat_map(|platform| &platform.binding).any(is_it)
    }

    /// Whether a service account is one that a control plane uses from outside of its cluster.
    pub fn is_account(&self, identity: &Identity) -> bool {
        identity.kind == IdentityKind::KubernetesServiceAccount
            && self.platform.iter().flat_map(|platform| &platform.accounts).any(|name| *name == identity.name)
    }
}

impl Binding {
    /// Whether a role gives no more than it did.
    fn covers(&self, given: &[Capability]) -> bool {
        let is_known = |one: &Capability| self.gives.as_ref().is_none_or(|known| known.contains(&one.kind));
        given.iter().filter(|one| !one.conditional).all(is_known)
    }
}

/// `ServiceAccount ns/name`, `User name`, `Group name` of `sa/ns/name`, `user/name`, `group/name`.
fn shown(subject: &str) -> String {
    let (kind, name) = subject.split_once('/').unwrap_or_default();
    let kind = match kind {
        "sa" => "ServiceAccount",
        "user" => "User",
        _ => "Group",
    };
    format!("{kind} {name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Evidence, GrantKind, Location, Urn};

    fn grant(binding: &str, role: &str, subject: &str) -> Grant {
        let id = Urn::new(format!("k8s:prod//clusterrolebinding/{binding}"));
        Grant {
            id: Urn::new(format!("{id}#{subject}")),
            to: Urn::new("k8s:prod//x"),
            policy: Urn::new(format!("k8s:prod//clusterrole/{role}")),
            kind: GrantKind::Policy,
            tenant: "prod".to_owned(),
            scope: "cluster".to_owned(),
            via: vec![id],
            evidence: Evidence {
                observed: jiff::Timestamp::UNIX_EPOCH,
                collector: "kubernetes".into(),
                location: Location::Api { call: "list".into(), resource: "x".into() },
            },
        }
    }

    fn right(kind: CapabilityKind) -> Capability {
        Capability { kind, scope: "cluster prod".to_owned(), conditional: false, proof: Vec::new() }
    }

    #[test]
    fn a_binding_is_a_platforms_by_name_role_and_subject() {
        let platforms = Platforms::parse(crate::embedded::facts("kubernetes-platforms")).expect("the table");
        let all = [right(CapabilityKind::Administrator)];
        for (binding, role, subject) in [
            ("eks:addon-cluster-admin", "cluster-admin", "user/eks:addon-manager"),
            ("kubeadm:cluster-admins", "cluster-admin", "group/kubeadm:cluster-admins"),
            ("storage-version-migration-migrator-v2", "cluster-admin", "user/system:storageversionmigrator"),
            ("helm-kube-system-traefik", "cluster-admin", "sa/kube-system/helm-traefik"),
            ("helm-kube-system-rke2-canal", "cluster-admin", "sa/kube-system/helm-rke2-canal"),
            ("system:openshift:operator:etcd-operator", "cluster-admin", "sa/openshift-etcd-operator/etcd-operator"),
            ("cluster-version-operator", "cluster-admin", "sa/openshift-cluster-version/default"),
            (
                "system:openshift:controller:build-controller",
                "system:openshift:controller:build-controller",
                "sa/openshift-infra/build-controller",
            ),
        ] {
            assert!(platforms.grants(&grant(binding, role, subject), &all), "{binding}");
        }
        for (binding, role, subject) in [
            ("mine", "cluster-admin", "user/eks:addon-manager"),
            ("eks:addon-cluster-admin", "cluster-admin", "user/jana"),
            ("eks:addon-cluster-admin", "cluster-admin", "group/devs"),
            ("kubelet-cluster-admin", "cluster-admin", "user/kubelet"),
            ("helm-kube-system-traefik", "cluster-admin", "sa/app/helm-traefik"),
            ("helm-kube-system-mine", "cluster-admin", "sa/kube-system/helm-mine"),
            ("system:openshift:operator:etcd-operator", "cluster-admin", "sa/openshift-etcd-operator/default"),
            ("system:openshift:operator:mine", "cluster-admin", "sa/openshift-mine/mine"),
            ("system:openshift:mine", "cluster-admin", "user/system:mine"),
        ] {
            assert!(!platforms.grants(&grant(binding, role, subject), &all), "{binding} {role} {subject}");
        }
    }

    #[test]
    fn a_role_of_a_platform_that_gives_more_is_not_its_own_any_more() {
        let platforms = Platforms::parse(crate::embedded::facts("kubernetes-platforms")).expect("the table");
        let tags = grant("eks:tagging-controller", "eks:tagging-controller", "sa/kube-system/tagging-controller");
        let usual = right(CapabilityKind::KubernetesWriteNodes);
        assert!(platforms.grants(&tags, std::slice::from_ref(&usual)));
        assert!(!platforms.grants(&tags, &[usual, right(CapabilityKind::ReadSecrets)]));
    }
}
