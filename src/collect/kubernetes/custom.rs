//! Custom resources whose objects run pods or act as service accounts: which there may be, and which a server serves.
//! It knows names only; what such an object says is read wherever it says it.

/// An API group with the resources of it that are read; none named means all.
pub(super) struct Group {
    pub(super) name: &'static str,
    pub(super) resources: &'static [&'static str],
}

const fn all(name: &'static str) -> Group {
    Group { name, resources: &[] }
}

/// The groups, by the documentation of each project: what runs jobs and services, what deploys, what runs agents.
pub(super) const GROUPS: [Group; 31] = [
    all("actions.github.com"),
    all("agent.kagenti.dev"),
    all("apps.kruise.io"),
    Group {
        name: "argoproj.io",
        resources: &[
            "analysisruns",
            "analysistemplates",
            "applications",
            "appprojects",
            "clusterworkflowtemplates",
            "cronworkflows",
            "eventsources",
            "rollouts",
            "sensors",
            "workflows",
            "workflowtemplates",
        ],
    },
    Group { name: "batch.volcano.sh", resources: &["jobs"] },
    Group { name: "external-secrets.io", resources: &["clustersecretstores", "secretstores"] },
    Group { name: "helm.toolkit.fluxcd.io", resources: &["helmreleases"] },
    Group { name: "jobset.x-k8s.io", resources: &["jobsets"] },
    all("kagent.dev"),
    all("kaos.tools"),
    Group { name: "keda.sh", resources: &["scaledjobs"] },
    all("kubeflow.org"),
    Group { name: "kustomize.toolkit.fluxcd.io", resources: &["kustomizations"] },
    Group { name: "leaderworkerset.x-k8s.io", resources: &["leaderworkersets"] },
    all("mcp.x-k8s.io"),
    Group {
        name: "monitoring.coreos.com",
        resources: &["alertmanagers", "prometheusagents", "prometheuses", "thanosrulers"],
    },
    Group { name: "olm.operatorframework.io", resources: &["clusterextensions"] },
    Group { name: "opentelemetry.io", resources: &["opentelemetrycollectors"] },
    Group { name: "operators.coreos.com", resources: &["clusterserviceversions"] },
    Group { name: "pkg.crossplane.io", resources: &["controllerconfigs", "deploymentruntimeconfigs"] },
    Group { name: "postgresql.cnpg.io", resources: &["clusters"] },
    Group { name: "ray.io", resources: &["rayclusters", "rayjobs", "rayservices"] },
    all("serving.knative.dev"),
    all("serving.kserve.io"),
    Group {
        name: "sources.knative.dev",
        resources: &["apiserversources", "containersources", "pingsources", "sinkbindings"],
    },
    Group { name: "sparkoperator.k8s.io", resources: &["scheduledsparkapplications", "sparkapplications"] },
    Group { name: "tekton.dev", resources: &["customruns", "pipelineruns", "taskruns"] },
    Group { name: "toolhive.stacklok.dev", resources: &["mcpservers", "virtualmcpservers"] },
    all("training.kubeflow.org"),
    Group { name: "triggers.tekton.dev", resources: &["eventlisteners", "triggers"] },
    Group { name: "workload.codeflare.dev", resources: &["appwrappers"] },
];

/// Whether a controller acts as the service account that such an object names, and no pod runs as it: it is given a token or
/// impersonates it (documentation of Argo CD, External Secrets, Flux and OLM).
pub(super) fn acts_without_pods(kind: &str) -> bool {
    const KINDS: [&str; 7] = [
        "AppProject",
        "ClusterExtension",
        "ClusterSecretStore",
        "HelmRelease",
        "Kustomization",
        "SecretStore",
        "VaultAuth",
    ];
    KINDS.contains(&kind)
}

/// Whether a resource of a group is read.
pub(super) fn is_read(group: &str, resource: &str) -> bool {
    let group = GROUPS.iter().find(|one| one.name == group);
    group.is_some_and(|one| one.resources.is_empty() || one.resources.contains(&resource))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_stand_once_and_in_order() {
        let names: Vec<&str> = GROUPS.iter().map(|one| one.name).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(names, sorted);
    }
}
