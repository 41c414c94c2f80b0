//! What one right leads to: which service accounts it takes over, whether it takes nodes, whether it is as good as all.
//! It looks at no subject and at no other right.

use crate::model::{Capability, CapabilityKind};

/// Which identities of a place a right takes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Every one there is.
    Any,
    /// Those that pods run as.
    Pods,
    /// Those of whom a Secret holds a token.
    Token,
}

/// Where a right holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place<'a> {
    /// In the whole cluster.
    Cluster,
    /// In one namespace.
    Namespace(&'a str),
    /// For what has this name: a service account, or for [`Reach::Token`] a Secret. For [`Reach::Pods`], pods of the account. In every namespace where none is said.
    Named {
        /// The namespace.
        namespace: Option<&'a str>,
        /// The name in it.
        name: &'a str,
    },
    /// For one user.
    User(&'a str),
    /// For one group.
    Group(&'a str),
}

/// Whether a right is worth all of the cluster by itself.
pub(super) fn is_enough(capability: &Capability) -> bool {
    let wide = place(capability) == Place::Cluster;
    let kind = match capability.kind {
        CapabilityKind::Escalate
        | CapabilityKind::KubernetesImpersonateUsers
        | CapabilityKind::KubernetesIssueCertificates => wide,
        CapabilityKind::KubernetesWriteLogin => true,
        _ => false,
    };
    kind && !capability.conditional
}

/// Which identities a right takes over, and where.
pub fn takes_over(capability: &Capability) -> Option<(Reach, Place<'_>)> {
    let place = place(capability);
    let reach = match capability.kind {
        CapabilityKind::KubernetesCreatePods
        | CapabilityKind::KubernetesWriteWorkloads
        | CapabilityKind::KubernetesRequestTokens
        | CapabilityKind::KubernetesTokenSecrets
        | CapabilityKind::KubernetesImpersonateAccounts
        // What it binds or is in a namespace lets it run pods there.
        | CapabilityKind::Escalate
        | CapabilityKind::Administrator => Some(Reach::Any),
        CapabilityKind::KubernetesEnterPods
        | CapabilityKind::KubernetesDebugPods
        | CapabilityKind::KubernetesReachKubelets => Some(Reach::Pods),
        CapabilityKind::ReadSecrets => Some(Reach::Token),
        // A pod with the files of its node names the node it comes to.
        CapabilityKind::KubernetesTakeNodes => return Some((Reach::Pods, Place::Cluster)),
        // Without a limit it is as good as every right, and needs nobody.
        CapabilityKind::KubernetesImpersonateUsers if matches!(place, Place::User(_) | Place::Group(_)) => {
            Some(Reach::Any)
        }
        _ => None,
    }?;
    Some((reach, place))
}

/// Whether it takes over nodes, or runs commands in all that is on them.
pub fn takes_nodes(capability: &Capability) -> bool {
    matches!(capability.kind, CapabilityKind::KubernetesTakeNodes | CapabilityKind::KubernetesReachKubelets)
}

/// The place that the scope of a capability means.
fn place(capability: &Capability) -> Place<'_> {
    let below = |word: &str| capability.scope.strip_prefix(word)?.split_once('/').map(|(_, below)| below);
    if let Some(namespace) = below("namespace ") {
        return Place::Namespace(namespace);
    }
    if let Some(name) = below("user ") {
        return Place::User(name);
    }
    if let Some(name) = below("group ") {
        return Place::Group(name);
    }
    let named = below("service-account ").or_else(|| below("secret ")).and_then(|below| below.split_once('/'));
    named.map_or(Place::Cluster, |(namespace, name)| Place::Named {
        namespace: Some(namespace).filter(|namespace| *namespace != "*"),
        name,
    })
}

/// `may create pods in namespace ci (rolebinding ci/b, role ci/r, rule 2 …)`.
pub(super) fn sentence(capability: &Capability) -> String {
    let what = match capability.kind {
        CapabilityKind::KubernetesCreatePods => "may create pods",
        CapabilityKind::KubernetesWriteWorkloads => "may write controllers that create pods",
        CapabilityKind::KubernetesRequestTokens => "may have tokens of service accounts issued",
        CapabilityKind::KubernetesTokenSecrets => "may make and read token Secrets",
        CapabilityKind::KubernetesImpersonateAccounts => "may impersonate service accounts",
        CapabilityKind::KubernetesImpersonateUsers => "may impersonate users and groups",
        CapabilityKind::KubernetesEnterPods => "may run commands in pods",
        CapabilityKind::KubernetesDebugPods => "may add containers to running pods",
        CapabilityKind::KubernetesReachKubelets => "may run commands in every pod through the kubelets",
        CapabilityKind::KubernetesTakeNodes => "may take over nodes",
        CapabilityKind::KubernetesIssueCertificates => "may have client certificates issued",
        CapabilityKind::KubernetesWriteLogin => "may change who is who for the API server",
        CapabilityKind::ReadSecrets => "may read token Secrets",
        CapabilityKind::Administrator => "may do everything",
        _ => "may give itself more rights",
    };
    let place = match (place(capability), capability.kind) {
        (Place::Cluster, _) => "in the whole cluster".to_owned(),
        (Place::Namespace(name), _) => format!("in namespace {name}"),
        (Place::User(name) | Place::Group(name), _) => format!("called {name}"),
        (Place::Named { namespace, name }, _) => {
            // Pods of a service account; a service account or a Secret itself.
            let namespace = namespace.map_or_else(|| "any namespace".to_owned(), |name| format!("namespace {name}"));
            let is =
                if takes_over(capability).is_some_and(|(reach, _)| reach == Reach::Pods) { "of" } else { "called" };
            format!("{is} {name} in {namespace}")
        }
    };
    format!("{what} {place} ({})", capability.proof.join(", "))
}
