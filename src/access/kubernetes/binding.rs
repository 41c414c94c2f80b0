//! What a subject gets by binding to itself a role that its rules name: what that role amounts to. Looks one step ahead
//! only, and at roles that were read or that the platform has.
//!
//! Source: Kubernetes documentation, "Using RBAC authorization", "Restrictions on role binding creation or update".

use super::Around;
use super::capability::of_role;
use super::held::{Held, label};
use super::rule::{covers_resource, has, texts};
use super::table::CapabilityTable;
use crate::model::{Capability, CapabilityKind, Grant, Urn};

const RBAC: &str = "rbac.authorization.k8s.io";

/// How many named roles of one rule are looked at.
const MOST: usize = 200;

/// What follows in a scope of the rules that hold in it; `namespace` is `None` for the whole cluster. Unconditional only.
pub(super) fn follows(
    rules: &[Held<'_>],
    namespace: Option<&str>,
    scope: &str,
    table: &CapabilityTable,
    around: &Around<'_>,
) -> Vec<Capability> {
    let mut found: Vec<Capability> = Vec::new();
    let binds = |held: &&Held<'_>| held.has_verb("bind") && held.limited() && has(held.rule, "apiGroups", RBAC);
    for held in rules.iter().filter(binds) {
        let wide = namespace.is_none().then(|| writer(rules, "clusterrolebindings")).flatten();
        let Some(writer) = wide.or_else(|| writer(rules, "rolebindings")) else { continue };
        for resource in ["clusterroles", "roles"] {
            if !covers_resource(held.rule, resource, "") || (resource == "roles" && namespace.is_none()) {
                continue;
            }
            for name in texts(held.rule, "resourceNames").take(MOST) {
                let tenant = held.grant.tenant.as_str();
                let role = match namespace.filter(|_| resource == "roles") {
                    Some(namespace) => Urn::kubernetes(tenant, namespace, "role", name),
                    None => Urn::kubernetes_cluster(tenant, "clusterrole", name),
                };
                let grant = Grant {
                    policy: role.clone(),
                    // A RoleBinding, even one in each namespace, gives nothing of the cluster itself.
                    scope: if wide.is_some() { "cluster".to_owned() } else { inner_scope(namespace) },
                    via: Vec::new(),
                    ..held.grant.clone()
                };
                let all = of_role(&grant, table, &around.without_objects());
                // What is as good as everything needs no list of what that is.
                let is_all = |one: &Capability| matches!(one.kind, CapabilityKind::Administrator);
                let most = all.iter().find(|one| is_all(one)).map_or(all.as_slice(), std::slice::from_ref);
                for given in most {
                    found.extend(taken(given, scope).map(|kind| {
                        let mut proof = held.proof();
                        proof.extend(writer.proof().pop().filter(|line| !proof.contains(line)));
                        proof.push(format!("so it may give itself {}", label(&role)));
                        proof.extend(given.proof.last().cloned());
                        Capability { kind, scope: scope.to_owned(), conditional: false, proof }
                    }));
                }
            }
        }
    }
    found
}

fn inner_scope(namespace: Option<&str>) -> String {
    format!("namespace/{}", namespace.unwrap_or("kube-system"))
}

/// A rule by which bindings are made, whatever their name: that of one that is there keeps its role.
fn writer<'r, 'a>(rules: &'r [Held<'a>], bindings: &str) -> Option<&'r Held<'a>> {
    rules.iter().find(|held| {
        held.has_verb("create")
            && !held.limited()
            && has(held.rule, "apiGroups", RBAC)
            && covers_resource(held.rule, bindings, "")
    })
}

/// What a right of the bound role makes of the right to bind it.
fn taken(given: &Capability, scope: &str) -> impl Iterator<Item = CapabilityKind> {
    use CapabilityKind as Kind;
    let is_wide = scope.starts_with("cluster ");
    let kinds: &'static [Kind] = match given.kind {
        _ if given.conditional || given.is_of_named() => &[],
        Kind::Administrator | Kind::Escalate => &[Kind::KubernetesBindRoles, Kind::Escalate],
        Kind::KubernetesIssueCertificates | Kind::KubernetesImpersonateUsers | Kind::KubernetesWriteLogin
            if is_wide =>
        {
            &[Kind::KubernetesBindRoles, Kind::Escalate]
        }
        Kind::ReadSecrets => &[Kind::ReadSecrets],
        Kind::KubernetesRequestTokens => &[Kind::KubernetesRequestTokens],
        Kind::KubernetesTokenSecrets => &[Kind::KubernetesTokenSecrets],
        Kind::KubernetesImpersonateAccounts => &[Kind::KubernetesImpersonateAccounts],
        Kind::KubernetesCreatePods => &[Kind::KubernetesCreatePods],
        Kind::KubernetesWriteWorkloads => &[Kind::KubernetesWriteWorkloads],
        Kind::KubernetesEnterPods => &[Kind::KubernetesEnterPods],
        Kind::KubernetesReachKubelets => &[Kind::KubernetesReachKubelets],
        Kind::KubernetesTakeNodes => &[Kind::KubernetesTakeNodes],
        _ => &[],
    };
    kinds.iter().copied()
}
