//! Which cluster of AWS a cluster that was read is, and which roles its service accounts act as because of that. An equal
//! name alone proves nothing: every account may have a cluster of it.
//!
//! Source: Amazon EKS User Guide, "IAM roles for service accounts" and "EKS Pod Identity".

use std::collections::{BTreeMap, BTreeSet};

use super::federation::{Admitted, AllAdmitted, GITHUB};
use crate::inventory::{Coverage, Inventory};
use crate::model::{
    AttributeName, CoverageEntry, Edge, EdgeKind, FactKind, Holding, Identity, IdentityKind, Known, Outcome,
    PrincipalKind, Setting, SettingKind, Urn, Workload, WorkloadKind,
};

/// The annotation by which EKS lets a service account act as an IAM role.
/// Source: Amazon EKS User Guide, "Assign IAM roles to Kubernetes service accounts".
pub(super) const IRSA_ANNOTATION: &str = "eks.amazonaws.com/role-arn";
/// Who must be let in by a role of a Pod Identity association.
const PODS: &str = "pods.eks.amazonaws.com";

/// What is known of a cluster that was read.
#[derive(Debug, Default)]
struct Tie<'a> {
    /// Its ARN, where its name says it.
    arn: Option<String>,
    /// The cluster of AWS that it is.
    cluster: Option<&'a Setting>,
    /// Whether that is proved by more than its name.
    is_proved: bool,
    /// Who issues its tokens, without `https://`.
    issuers: BTreeSet<String>,
}

/// Clusters that were read, with what they are in AWS.
#[derive(Debug)]
pub(super) struct Clusters<'a> {
    by_tenant: BTreeMap<&'a str, Tie<'a>>,
}

impl<'a> Clusters<'a> {
    pub(super) fn of(inventory: &'a Inventory) -> Self {
        let accounts = inventory.identities.iter().filter(|one| one.kind == IdentityKind::KubernetesServiceAccount);
        // The manifests of a tree are no cluster.
        let read = accounts.filter(|one| !one.evidence.is_declared());
        let mut by_tenant: BTreeMap<&str, Tie<'_>> = read.map(|one| (one.tenant.as_str(), Tie::default())).collect();
        let clusters: Vec<&Setting> =
            inventory.settings.iter().filter(|one| one.kind == SettingKind::AwsCluster).collect();
        for (tenant, issuer) in issuers(inventory) {
            if let Some(known) = by_tenant.get_mut(tenant) {
                known.issuers.insert(issuer);
            }
        }
        for (tenant, known) in &mut by_tenant {
            known.tie(tenant, &clusters);
        }
        Self { by_tenant }
    }

    /// Whether tokens of an issuer are those of a cluster: for certain, never (`None`), or under a condition.
    pub(super) fn is_issuer(&self, tenant: &str, issuer: &str) -> Option<Option<String>> {
        let known = self.by_tenant.get(tenant);
        let own = known.map(|one| &one.issuers).filter(|issuers| !issuers.is_empty());
        match own {
            Some(issuers) => issuers.contains(issuer).then_some(None),
            // It is another's that was read. A manifest may be of that one.
            None if known.is_some() && self.by_tenant.values().any(|one| one.issuers.contains(issuer)) => None,
            None => Some(Some(format!("{issuer} must be the issuer of cluster {tenant}, which is not known"))),
        }
    }

    /// The clusters that were read and are, or may be, the one of an ARN.
    fn of_arn(&self, arn: &str, namesakes: usize) -> Vec<(&'a str, Option<String>)> {
        let is_it = |known: &Tie<'_>| match (&known.arn, known.cluster) {
            (Some(own), _) => Some(own == arn),
            (None, Some(cluster)) if known.is_proved => Some(cluster.id.as_str() == arn),
            _ => None,
        };
        if let Some((tenant, _)) = self.by_tenant.iter().find(|(_, known)| is_it(known) == Some(true)) {
            return vec![(tenant, None)];
        }
        let name = arn.rsplit('/').next().unwrap_or(arn);
        let same = self.by_tenant.iter().filter(|(tenant, known)| **tenant == name && is_it(known).is_none());
        same.filter(|_| namesakes == 1)
            .map(|(tenant, _)| (*tenant, Some(format!("cluster {tenant} must be {arn}"))))
            .collect()
    }
}

impl<'a> Tie<'a> {
    fn tie(&mut self, tenant: &str, clusters: &[&'a Setting]) {
        self.arn = arn_in(tenant);
        let of_name = eksctl(tenant);
        let proved = clusters.iter().copied().find(|one| {
            let by_name = of_name.as_ref().is_some_and(|(name, region)| {
                one.name == *name && one.id.as_str().split(':').nth(3) == Some(region.as_str())
            });
            let by_arn = self.arn.as_deref() == Some(one.id.as_str());
            by_arn || issuer(one).is_some_and(|issuer| self.issuers.contains(&issuer)) || self.arn.is_none() && by_name
        });
        let mut namesakes = clusters.iter().copied().filter(|one| one.name == tenant);
        let by_name = namesakes.next().filter(|_| namesakes.next().is_none() && self.arn.is_none());
        self.is_proved = proved.is_some();
        self.cluster = proved.or(by_name.filter(|_| self.issuers.is_empty()));
        self.issuers.extend(self.cluster.and_then(issuer));
    }
}

/// `arn:aws:eks:eu-central-1:111122223333:cluster/prod` of a cluster that is called so: `/` is no part of names here.
fn arn_in(tenant: &str) -> Option<String> {
    let parts: Vec<&str> = tenant.split(':').collect();
    match parts.as_slice() {
        ["arn", partition, "eks", region, account, "cluster", name] => {
            Some(format!("arn:{partition}:eks:{region}:{account}:cluster/{name}"))
        }
        _ => None,
    }
}

/// Name and region in the names that eksctl gives: `jana@prod.eu-central-1.eksctl.io`.
fn eksctl(tenant: &str) -> Option<(String, String)> {
    let bare = tenant.strip_suffix(".eksctl.io")?;
    let (name, region) = bare.rsplit('@').next()?.rsplit_once('.')?;
    Some((name.to_owned(), region.to_owned()))
}

fn issuer(cluster: &Setting) -> Option<String> {
    cluster.attributes.text(AttributeName::Issuer).and_then(bare)
}

/// An issuer as provider ARNs and trust policies write it.
fn bare(issuer: &str) -> Option<String> {
    let bare = issuer.strip_prefix("https://").unwrap_or(issuer).trim_end_matches('/');
    (!bare.is_empty()).then(|| bare.to_owned())
}

/// Who issues the tokens of each cluster: what its API server was started with or is reached at, and what tokens say that
/// were found and are of one of its service accounts, by the account's unique id.
fn issuers(inventory: &Inventory) -> Vec<(&str, String)> {
    let kinds = [SettingKind::KubernetesApiServer, SettingKind::KubernetesCluster];
    let told = inventory.settings.iter().filter(|one| kinds.contains(&one.kind));
    let mut all: Vec<(&str, String)> = told.filter_map(|one| Some((one.tenant.as_str(), issuer(one)?))).collect();
    for exposure in inventory.exposures.iter() {
        let Some(Known::Value(identity)) = inventory.facts.exposures.get(&exposure.id).map(|facts| &facts.identity)
        else {
            continue;
        };
        let account = inventory.identities.get(identity);
        let account = account.filter(|one| one.kind == IdentityKind::KubernetesServiceAccount);
        if let (Some(account), Some(issuer)) = (account, exposure.proof.facts.get("issuer").and_then(|one| bare(one)))
            // What old token Secrets say is no address.
            && issuer.contains('.')
        {
            all.push((account.tenant.as_str(), issuer));
        }
    }
    all
}

/// Every service account that acts as an IAM role, by its annotation or by an association, and how sure that is.
pub(super) fn roles(inventory: &Inventory, admitted: &AllAdmitted) -> Vec<Edge> {
    let clusters = Clusters::of(inventory);
    let mut edges = Vec::new();
    for account in inventory.identities.iter().filter(|one| one.kind == IdentityKind::KubernetesServiceAccount) {
        if let Some(role) = account.labels.get(IRSA_ANNOTATION) {
            let role = Urn::new(role.trim());
            edges.extend(by_annotation(inventory, account, &role, &admitted.of_role(&role), &clusters));
        }
    }
    by_association(inventory, &clusters, &mut edges);
    edges
}

/// How a service account is the role that its annotation names: by a trust that lets it in, and not by the annotation
/// alone.
fn by_annotation(
    inventory: &Inventory,
    account: &Identity,
    role: &Urn,
    of_role: &[&Admitted],
    clusters: &Clusters<'_>,
) -> Option<Edge> {
    let why = format!("annotation {IRSA_ANNOTATION}");
    let edge = Edge::new(&account.id, EdgeKind::ActsAs, role, why);
    let Some(known) = inventory.identities.get(role) else {
        return Some(edge.only(Holding::Unknown, "nothing was read of the role"));
    };
    if inventory.trusts.get(role).is_none() {
        let is_blind = inventory.coverage.blind_spot(&known.tenant, FactKind::Trusts).is_some();
        return is_blind.then(|| edge.only(Holding::Unknown, "the role's trust policy was not read"));
    }
    let subject = format!("system:serviceaccount:{}", account.name.replacen('/', ":", 1));
    let of_clusters = of_role.iter().filter(|one| one.issuer != GITHUB && one.admits(&subject));
    let ways = of_clusters.filter_map(|one| Some((*one, clusters.is_issuer(&account.tenant, &one.issuer)?)));
    let (best, condition) = ways.min_by_key(|(one, condition)| (condition.is_some(), one.open.len()))?;
    let edge = Edge { why: format!("{}; the role trusts {subject} of {}", edge.why, best.issuer).into(), ..edge };
    let mut conditions: Vec<String> = condition.into_iter().collect();
    if !best.open.is_empty() {
        conditions.push(format!("the trust policy asks {}", best.open.join(", ")));
    }
    Some(if conditions.is_empty() { edge } else { edge.only(Holding::Conditional, conditions.join("; ")) })
}

/// A Pod Identity association: which cluster, and which service account of it.
struct Association<'a> {
    workload: &'a Workload,
    cluster: &'a str,
    account: &'a str,
    /// How many clusters that are known have this name.
    namesakes: usize,
}

fn associations(inventory: &Inventory) -> Vec<Association<'_>> {
    let all = inventory.workloads.iter().filter(|one| one.kind == WorkloadKind::AwsPodIdentity);
    let mut all: Vec<Association<'_>> = all
        .filter_map(|workload| {
            let text = |name| workload.attributes.text(name);
            let (cluster, account) = (text(AttributeName::OfCluster)?, text(AttributeName::OfAccount)?);
            Some(Association { workload, cluster, account, namesakes: 0 })
        })
        .collect();
    let of_settings = inventory.settings.iter().filter(|one| one.kind == SettingKind::AwsCluster);
    let mut arns: BTreeSet<&str> = of_settings.map(|one| one.id.as_str()).collect();
    arns.extend(all.iter().map(|one| one.cluster));
    let name = |arn: &str| arn.rsplit('/').next().unwrap_or_default().to_owned();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for arn in arns {
        *counts.entry(name(arn)).or_default() += 1;
    }
    for one in &mut all {
        one.namesakes = counts.get(&name(one.cluster)).copied().unwrap_or_default();
    }
    all
}

/// The account is of the one cluster that the association names by its ARN.
fn by_association(inventory: &Inventory, clusters: &Clusters<'_>, edges: &mut Vec<Edge>) {
    for one in associations(inventory) {
        let Some((namespace, account)) = one.account.split_once('/') else { continue };
        for (tenant, condition) in clusters.of_arn(one.cluster, one.namesakes) {
            let from = Urn::kubernetes(tenant, namespace, "sa", account);
            for role in one.workload.runs_as.iter().filter(|role| lets_pods_in(inventory, role)) {
                let why = format!("a Pod Identity association of {} gives {} the role", one.cluster, one.account);
                let edge = Edge::new(&from, EdgeKind::ActsAs, role, why);
                edges.push(match (&condition, inventory.identities.get(role)) {
                    (Some(condition), _) => edge.only(Holding::Conditional, condition.clone()),
                    (None, None) => edge.only(Holding::Unknown, "nothing was read of the role"),
                    (None, Some(_)) => edge,
                });
            }
        }
    }
}

/// Whom access entries let into clusters that were read: as members of their groups, and an administrator as a member of the
/// group that is allowed everything, where the cluster was seen to have it.
pub(super) fn entries(inventory: &Inventory) -> Vec<Edge> {
    const ALL: &str = "system:masters";
    let all = inventory.settings.iter().filter(|one| one.kind == SettingKind::AwsAccessEntry);
    let all: Vec<&Setting> = all.collect();
    if all.is_empty() {
        return Vec::new();
    }
    let clusters = Clusters::of(inventory);
    let arns: BTreeSet<&str> = all.iter().filter_map(|one| one.attributes.text(AttributeName::OfCluster)).collect();
    let mut edges = Vec::new();
    for one in all {
        let (Some(cluster), Some(principal)) = (one.attributes.text(AttributeName::OfCluster), &one.part_of) else {
            continue;
        };
        let name = |arn: &str| arn.rsplit('/').next().map(str::to_owned);
        let namesakes = arns.iter().filter(|arn| name(arn) == name(cluster)).count();
        for (tenant, condition) in clusters.of_arn(cluster, namesakes) {
            let is_all = one.attributes.is(AttributeName::ClusterAdministrator);
            let groups = one.attributes.texts(AttributeName::Groups).iter().map(String::as_str);
            for group in groups.chain(is_all.then_some(ALL)) {
                let to = Urn::kubernetes_cluster(tenant, "group", group);
                if inventory.identities.get(&to).is_none() {
                    continue;
                }
                let edge = Edge::new(principal, EdgeKind::ActsAs, &to, format!("an access entry of {cluster}"));
                edges.push(match &condition {
                    Some(condition) => edge.only(Holding::Conditional, condition.clone()),
                    None => edge,
                });
            }
        }
    }
    edges
}

/// Says which clusters of AWS give roles to service accounts and are none of those that were read, where some were.
pub(super) fn tell_unread(inventory: &mut Inventory) {
    let clusters = Clusters::of(inventory);
    if clusters.by_tenant.is_empty() {
        return;
    }
    let mut unread: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for one in associations(inventory) {
        if clusters.of_arn(one.cluster, one.namesakes).is_empty() {
            *unread.entry((one.workload.tenant.as_str(), one.cluster)).or_default() += 1;
        }
    }
    let told = unread.into_iter().map(|((account, cluster), count)| {
        let detail = format!(
            "{count} Pod Identity associations of {cluster} give roles to its service accounts, and no cluster that was \
             read is known to be it"
        );
        let what = format!("service accounts of {cluster}");
        let entry = CoverageEntry::hole("aws", account, &what, Outcome::NotRead, detail);
        entry.remedy(format!("read it by that name: --kubernetes-export {cluster}=DIR, or a context of that name"))
    });
    let told: Vec<CoverageEntry> = told.collect();
    if !told.is_empty() {
        let entries = inventory.coverage.entries().iter().cloned().chain(told).collect();
        inventory.coverage = Coverage::new(entries);
    }
}

/// Whether a role trusts what hands roles to pods; one whose trust was not read may.
fn lets_pods_in(inventory: &Inventory, role: &Urn) -> bool {
    let trusted = inventory.facts.identities.get(role).map(|facts| &facts.trusted);
    let of_pods = |kind: PrincipalKind, name: &str| {
        kind == PrincipalKind::Anyone || kind == PrincipalKind::Service && name == PODS
    };
    inventory.trusts.get(role).is_none()
        || trusted.is_some_and(|all| all.iter().any(|one| of_pods(one.kind, &one.name)))
}
