//! Says what a dump holds, and what it does not hold that its cluster surely has.
//! A kind that nobody dumped must not look like a kind of which there is none.

use super::super::custom::GROUPS;
use super::super::faults::malformed;
use super::super::resources::{Kind, RESOURCES, Resource};
use super::{Cluster, FACTS, NAME};
use crate::model::{CoverageEntry, FactKind, Outcome};

/// The command that dumps everything but Secrets.
pub(super) const DUMP: &str = "kubectl get -A -o json serviceaccounts,roles,rolebindings,clusterroles,clusterrolebindings,\
deployments,replicasets,replicationcontrollers,statefulsets,daemonsets,jobs,cronjobs,pods,namespaces,configmaps,\
validatingwebhookconfigurations,mutatingwebhookconfigurations,certificatesigningrequests,customresourcedefinitions \
> cluster.json";

/// The command that dumps token Secrets without their tokens. The raw answer is a `SecretList`, which also says when
/// there is none; the `List` of `kubectl get -o json` does not.
const DUMP_TOKENS: &str = "kubectl get --raw \
'/api/v1/secrets?fieldSelector=type%3Dkubernetes.io%2Fservice-account-token' | jq 'del(.items[]?.data)' > secrets.json";

/// The command that dumps all Secrets without their values.
const DUMP_SECRETS: &str = "kubectl get --raw /api/v1/secrets | jq 'del(.items[]?.data)' > secrets.json";

/// The command that dumps the policies of admission, which old servers do not have.
const DUMP_POLICIES: &str =
    "kubectl get -o json validatingadmissionpolicies,mutatingadmissionpolicies > admission.json";

/// The command that says of which version the server is: what some rights are depends on it.
const VERSION: &str = "kubectl version -o json > version.json";

/// The command that dumps the custom resources that are read, of those that the cluster serves.
fn custom_resources() -> String {
    let groups: Vec<String> = GROUPS.iter().map(|group| group.name.replace('.', "[.]")).collect();
    format!(
        "kubectl get -A -o json \"$(kubectl api-resources --verbs=list -o name | grep -E '[.]({})$' | paste -sd, -)\" \
         > custom.json",
        groups.join("|")
    )
}

/// All of them, one a line: together they dump what is read of a live cluster.
pub(in crate::collect::kubernetes) fn commands() -> [String; 5] {
    [DUMP.to_owned(), DUMP_SECRETS.to_owned(), DUMP_POLICIES.to_owned(), VERSION.to_owned(), custom_resources()]
}

impl Cluster {
    /// What was read of each kind, and what was not.
    pub(super) fn coverage(&self) -> Vec<CoverageEntry> {
        let mut entries: Vec<CoverageEntry> = RESOURCES.iter().filter_map(|line| self.read_of(line)).collect();
        entries.extend(self.others_entry());
        entries.extend(self.strays_entry());
        if self.is_empty() {
            if self.holes == 0 {
                entries.push(self.empty());
            }
            return entries;
        }
        entries.extend(RESOURCES.iter().filter_map(|line| self.unread_of(line)));
        entries.extend(self.custom.entry(&self.name, &self.projection.operators));
        entries
    }

    fn has(&self, kind: Kind) -> bool {
        self.read.contains_key(&kind)
    }

    fn count(&self, kind: Kind) -> u64 {
        self.read.get(&kind).copied().unwrap_or_default()
    }

    /// No cluster is without service accounts and bindings.
    fn is_empty(&self) -> bool {
        [Kind::ServiceAccount, Kind::RoleBinding, Kind::ClusterRoleBinding]
            .into_iter()
            .all(|kind| self.count(kind) == 0)
    }

    fn empty(&self) -> CoverageEntry {
        let detail = "no service account and no binding in the dump; every cluster has some";
        CoverageEntry::hole(NAME, &self.name, "objects", Outcome::Failed, detail).remedy(DUMP).blinds(FACTS)
    }

    fn read_of(&self, line: &Resource) -> Option<CoverageEntry> {
        let count = *self.read.get(&line.kind)?;
        let mut entry = CoverageEntry::complete(NAME, &self.name, line.plural, count);
        entry.detail = self.projection.remarks(line.kind);
        Some(match self.projection.faults(line.kind) {
            Some(faults) => malformed(entry, faults, line.blinds),
            None => entry,
        })
    }

    /// What should have been objects, but could be of any kind.
    fn strays_entry(&self) -> Option<CoverageEntry> {
        let entry = CoverageEntry::complete(NAME, &self.name, "objects without a kind", 0);
        self.strays.blinds.then(|| malformed(entry, &self.strays, FACTS))
    }

    fn unread_of(&self, line: &Resource) -> Option<CoverageEntry> {
        let kind = line.kind;
        if self.has(kind) {
            return None;
        }
        let blinds = self.blinds(line);
        let detail = if blinds.is_empty() { "none in the dump; there may be none" } else { "not in the dump" };
        let entry = CoverageEntry::hole(NAME, &self.name, line.plural, Outcome::NotRead, detail).blinds(blinds);
        Some(match kind {
            Kind::Secret => entry.remedy(DUMP_TOKENS),
            _ => entry.remedy(DUMP),
        })
    }

    /// What is unknown without a kind. A dump cannot tell "there is none" from "it was not asked for", so it counts what
    /// every cluster has: accounts, bindings, the roles that the bindings name, and some controller that makes pods.
    fn blinds(&self, line: &Resource) -> &'static [FactKind] {
        let surely_missing = match line.kind {
            _ if line.is_extra() => false,
            Kind::Role | Kind::ClusterRole => self.projection.referenced.contains(&line.kind),
            _ if line.workload.is_some() => {
                let controllers = RESOURCES.iter().filter(|line| line.workload.is_some() && line.kind != Kind::Pod);
                controllers.into_iter().all(|line| !self.has(line.kind))
            }
            _ => true,
        };
        if surely_missing { line.blinds } else { &[] }
    }

    /// Objects of other kinds, and documents that are no objects: nothing to read in them, but said.
    fn others_entry(&self) -> Option<CoverageEntry> {
        const NAMED: usize = 8;
        let mut kinds: Vec<(&String, &u64)> = self.others.iter().filter(|(_, count)| **count > 0).collect();
        kinds.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), name.as_str()));
        let mut names: Vec<String> = kinds.iter().take(NAMED).map(|(name, count)| format!("{count} {name}")).collect();
        if kinds.len() > NAMED {
            names.push(format!("{} further kinds", kinds.len() - NAMED));
        }
        if self.foreign > 0 {
            names.push(format!("{} that are no Kubernetes objects", self.foreign));
        }
        let count = kinds.iter().map(|(_, count)| **count).sum::<u64>() + self.foreign;
        let entry = CoverageEntry::hole(NAME, &self.name, "other objects", Outcome::NotRead, names.join(", "));
        (count > 0).then(|| entry.count(count))
    }
}
