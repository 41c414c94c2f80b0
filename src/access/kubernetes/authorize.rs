//! Answers whether somebody may do something in a cluster, as its API server would by its node and RBAC authorizers.
//! Webhook and ABAC authorizers (a cloud's own) are not seen here; neither is what admission refuses.

use std::collections::BTreeMap;

use super::held::label;
use super::node::{NodeAnswer, NodeRights};
use super::rule::{Request, allowing_rule, list, reaches, texts};
use crate::model::{Grant, Policy, Urn};

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker {
    /// The user name, such as `jana` or `system:serviceaccount:<namespace>:<name>`.
    pub user: String,
    /// The groups that the request carries, all of them.
    pub groups: Vec<String>,
}

/// The prefix of the user names of service accounts.
const ACCOUNT: &str = "system:serviceaccount:";

impl Asker {
    /// A user with the groups that the API server adds by itself (Kubernetes documentation, "Authenticating", and
    /// "Service accounts"), and further ones.
    pub fn named(user: &str, further: &[String]) -> Self {
        let mut groups = further.to_vec();
        let mut add = |group: String| {
            if !groups.contains(&group) {
                groups.push(group);
            }
        };
        if let Some((namespace, _)) = user.strip_prefix(ACCOUNT).and_then(|rest| rest.split_once(':')) {
            add("system:serviceaccounts".to_owned());
            add(format!("system:serviceaccounts:{namespace}"));
        }
        if user.starts_with("system:node:") {
            add("system:nodes".to_owned());
        }
        let anonymous = user == "system:anonymous";
        add(if anonymous { "system:unauthenticated" } else { "system:authenticated" }.to_owned());
        Self { user: user.to_owned(), groups }
    }

    /// The identities whose grants count for it: itself and its groups.
    pub fn identities(&self, cluster: &str) -> Vec<Urn> {
        let account = self.user.strip_prefix(ACCOUNT).and_then(|rest| rest.split_once(':'));
        let own = match account {
            Some((namespace, name)) => Urn::kubernetes(cluster, namespace, "sa", name),
            None => Urn::kubernetes_cluster(cluster, "user", &self.user),
        };
        let groups = self.groups.iter().map(|group| Urn::kubernetes_cluster(cluster, "group", group));
        std::iter::once(own).chain(groups).collect()
    }

    /// The node it is, as the node authorizer tells nodes: by name and group.
    fn node(&self) -> Option<&str> {
        let name = self.user.strip_prefix("system:node:").filter(|name| !name.is_empty())?;
        self.groups.iter().any(|group| group == "system:nodes").then_some(name)
    }
}

/// The answer to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether it is allowed.
    pub allowed: bool,
    /// What allows it, with the rule; or why nothing does.
    pub reason: String,
}

/// The bindings of one cluster with the roles that they name.
#[derive(Debug)]
pub struct Authorizer<'a> {
    cluster: &'a str,
    nodes: &'a NodeRights,
    by_holder: BTreeMap<&'a Urn, Vec<(&'a Grant, Option<&'a Policy>)>>,
}

impl<'a> Authorizer<'a> {
    /// From the grants of a cluster, each with its role, or none where that does not exist.
    pub fn new(
        cluster: &'a str,
        grants: impl Iterator<Item = (&'a Grant, Option<&'a Policy>)>,
        nodes: &'a NodeRights,
    ) -> Self {
        let mut by_holder: BTreeMap<&Urn, Vec<_>> = BTreeMap::new();
        for (grant, policy) in grants.filter(|(grant, _)| grant.tenant == cluster) {
            by_holder.entry(&grant.to).or_default().push((grant, policy));
        }
        for held in by_holder.values_mut() {
            // What holds everywhere is asked before what holds in a namespace, as the server does.
            held.sort_by_key(|(grant, _)| (grant.scope != "cluster", &grant.id));
        }
        Self { cluster, nodes, by_holder }
    }

    /// The grants that count for somebody: by name first, then by group.
    pub fn grants(&self, asker: &Asker) -> Vec<(&'a Grant, Option<&'a Policy>)> {
        let identities = asker.identities(self.cluster);
        let held = identities.iter().filter_map(|identity| self.by_holder.get(identity));
        held.flatten().copied().collect()
    }

    /// Whether somebody may do something.
    pub fn decide(&self, asker: &Asker, request: &Request<'_>) -> Decision {
        if asker.groups.iter().any(|group| group == "system:masters") {
            return yes("group system:masters is allowed everything, without any binding".to_owned());
        }
        let anonymous = asker.user == "system:anonymous";
        let request = if anonymous { request.made_anonymously() } else { *request };
        let node = asker.node().map(|node| (node, self.nodes.answer(node, &request)));
        if let Some((node, NodeAnswer::Allowed)) = node {
            return yes(format!("the node authorizer allows it to node {node}"));
        }
        let held = self.grants(asker);
        for (grant, policy) in held.iter().filter(|(grant, _)| reaches(grant, &request)) {
            let Some(policy) = policy else { continue };
            if let Some(rule) = allowing_rule(policy.document.rules(), &request) {
                let (through, role) = (chain(grant), label(&policy.id));
                return yes(format!("{through} gives {role} to {}, whose rule {rule} allows it", label(&grant.to)));
            }
        }
        no(&held, &request, node.map(|(_, answer)| answer))
    }
}

fn chain(grant: &Grant) -> String {
    let names: Vec<String> = grant.via.iter().map(label).collect();
    if names.is_empty() { label(&grant.id) } else { names.join(", ") }
}

fn yes(reason: String) -> Decision {
    Decision { allowed: true, reason }
}

fn no(held: &[(&Grant, Option<&Policy>)], request: &Request<'_>, node: Option<NodeAnswer>) -> Decision {
    let here: Vec<_> = held.iter().filter(|(grant, _)| reaches(grant, request)).collect();
    let mut reasons = vec![match (held.len(), here.len()) {
        (0, _) => "no binding names it or a group of it".to_owned(),
        (all, 0) => format!("none of its {all} bindings reaches this namespace"),
        (_, count) => format!("no rule of the roles of its {count} bindings here allows it"),
    }];
    if let Some(NodeAnswer::OnlyBound) = node {
        reasons.push("the node authorizer allows it only for objects that pods on the node use".to_owned());
    }
    let mut missing: Vec<String> = here
        .iter()
        .filter(|(_, policy)| policy.is_none())
        .map(|(grant, _)| format!("{} of {} does not exist", label(&grant.policy), chain(grant)))
        .collect();
    missing.sort();
    missing.dedup();
    reasons.extend(missing);
    Decision { allowed: false, reason: reasons.join("; ") }
}

/// What a grant gives, a line for each rule, with what it comes through.
pub fn shown_rules(grant: &Grant, policy: Option<&Policy>) -> Vec<String> {
    let through = format!("[{} → {}", chain(grant), label(&grant.policy));
    let Some(policy) = policy else { return vec![format!("nothing  {through}, which does not exist]")] };
    let lines = list(policy.document.rules()).iter().enumerate().filter_map(|(index, rule)| {
        let join = |field: &str| texts(rule, field).collect::<Vec<_>>().join(",");
        let (verbs, paths) = (join("verbs"), join("nonResourceURLs"));
        let what = match (grant.scope == "cluster", paths.is_empty(), join("resources")) {
            (_, _, resources) if !resources.is_empty() => {
                let groups: Vec<&str> =
                    texts(rule, "apiGroups").map(|group| if group.is_empty() { "core" } else { group }).collect();
                let names = join("resourceNames");
                let names = if names.is_empty() { names } else { format!(" named {names}") };
                format!("{resources} of {}{names}", groups.join(","))
            }
            (true, false, _) => format!("path {paths}"),
            // Paths are no part of a namespace: a RoleBinding does not give them.
            _ => return None,
        };
        Some(format!("{verbs} on {what}  {through}, rule {}]", index + 1))
    });
    lines.collect()
}
