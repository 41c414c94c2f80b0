//! From roles and bindings to policies, grants and the users and groups that bindings name.
//! It says what is written; what that amounts to is for `access`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::aggregate::Role;
use super::builtin;
use super::custom::GROUPS;
use super::faults::is_rule;
use super::object::{Metadata, Object, Subject};
use super::records::{Projection, created, qualified};
use super::resources::Kind;
use crate::model::{
    AttributeName, Attributes, Evidence, Grant, GrantKind, Identity, IdentityKind, Known, Policy, PolicyLanguage,
    Record, SettingKind, Urn,
};

/// Kubernetes knows users and groups only as names in requests; there is no object to look at.
const NO_OBJECT: &str = "Kubernetes keeps no list of users and groups; a binding names it";

/// Who a subject of a binding is.
struct Holder {
    id: Urn,
    /// What makes the grant's id unique within its binding.
    key: String,
    /// For users and groups: they exist only where a binding names them.
    named: Option<(IdentityKind, String)>,
}

impl Holder {
    /// The service account, by namespace and name.
    fn account(&self) -> Option<String> {
        let below = self.key.strip_prefix("sa/").map(str::to_owned);
        below.or_else(|| Some(self.key.strip_prefix("user/system:serviceaccount:")?.replacen(':', "/", 1)))
    }
}

impl Projection {
    pub(super) fn role(&mut self, kind: Kind, object: Object, evidence: Evidence, out: &mut Vec<Record>) {
        let policy = Policy {
            id: self.urn(kind, &object.metadata),
            name: qualified(&object.metadata),
            language: PolicyLanguage::KubernetesRbac,
            tenant: self.cluster.clone(),
            builtin: builtin::bootstrapped(&object.metadata.labels.0),
            document: Value::Array(object.rules.into_iter().filter(is_rule).collect()).into(),
            other_versions: Vec::new(),
            evidence,
        };
        out.extend(self.part_of_others(kind, &object.metadata, &policy));
        let groups = policy
            .document
            .rules()
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|rule| rule.get("apiGroups")?.as_array());
        for group in groups.flatten().filter_map(Value::as_str) {
            self.operators.extend(GROUPS.iter().find(|one| one.name == group).map(|one| one.name));
        }
        // A server has put the rules of its own roles together; a manifest has not.
        let is_manifest = object.metadata.uid.is_empty();
        if kind == Kind::ClusterRole
            && is_manifest
            && (object.aggregation.is_some() || !object.metadata.labels.0.is_empty())
        {
            let (labels, aggregation) = (object.metadata.labels.0, object.aggregation);
            self.roles.push(Role { policy, labels, aggregation });
        } else {
            out.push(Record::Policy(policy));
        }
    }

    /// A role that is there to be part of others: nobody needs to bind it (Kubernetes documentation, "Aggregated
    /// ClusterRoles").
    fn part_of_others(&self, kind: Kind, metadata: &Metadata, policy: &Policy) -> Option<Record> {
        let is_part = |(name, value): (&String, &String)| name.contains("/aggregate-to-") && value == "true";
        let known = kind == Kind::ClusterRole && !policy.builtin && metadata.labels.0.iter().any(is_part);
        known.then(|| {
            let attributes = Attributes::default().with(AttributeName::Aggregated, true);
            let (id, name) = (policy.id.clone(), policy.name.clone());
            let evidence = policy.evidence.clone();
            Record::Setting(self.plain_setting(SettingKind::KubernetesRole, id, name, evidence, attributes))
        })
    }

    pub(super) fn binding(&mut self, kind: Kind, object: Object, evidence: &Evidence, out: &mut Vec<Record>) {
        let id = self.urn(kind, &object.metadata);
        let namespace = (kind == Kind::RoleBinding).then_some(object.metadata.namespace.as_str());
        let name = qualified(&object.metadata);
        // The platform's own may be empty on purpose (`system:node`).
        let is_own = builtin::bootstrapped(&object.metadata.labels.0);
        if object.subjects.is_empty() && !object.wrong.has("subjects") && !is_own {
            out.push(Record::Setting(self.plain_setting(
                SettingKind::KubernetesBinding,
                id.clone(),
                format!("{} {name}", kind.resource().name),
                evidence.clone(),
                Attributes::default().with(AttributeName::IsEmpty, true),
            )));
        }
        // What an audit log shows of its use begins with it.
        let since = self.uses.as_ref().and_then(|uses| uses.since);
        if let (Some(since), Known::Value(made)) = (since, created(&object.metadata))
            && made > since
            && !object.subjects.is_empty()
        {
            let attributes = Attributes::default().with(AttributeName::MadeAt, made);
            let name = format!("{} {name}", kind.resource().name);
            let kind = SettingKind::KubernetesBinding;
            out.push(Record::Setting(self.plain_setting(kind, id.clone(), name, evidence.clone(), attributes)));
        }
        let Some(policy) = self.role_of(kind, &object) else { return };
        let mut seen = BTreeSet::new();
        for subject in &object.subjects {
            let Some(holder) = self.holder(subject, namespace) else {
                // Whether one without a name is a fault was judged before.
                self.remark(kind, format!("a subject of {name} that matches nobody"));
                continue;
            };
            let grant = Urn::new(format!("{id}#{}", holder.key));
            if !seen.insert(grant.clone()) {
                continue;
            }
            match holder.named {
                Some((kind, name)) => out.push(self.named(kind, name, &holder.id, evidence)),
                None => holder.account().into_iter().for_each(|one| self.names_account(&one, true, evidence)),
            }
            out.push(Record::Grant(Grant {
                id: grant,
                to: holder.id,
                policy: policy.clone(),
                kind: GrantKind::Policy,
                tenant: self.cluster.clone(),
                scope: namespace.map_or_else(|| "cluster".to_owned(), |namespace| format!("namespace/{namespace}")),
                via: vec![id.clone()],
                evidence: evidence.clone(),
            }));
        }
    }

    /// The role that a binding gives. A ClusterRoleBinding cannot give a Role.
    fn role_of(&mut self, binding: Kind, object: &Object) -> Option<Urn> {
        let name = Some(object.role.name.as_str()).filter(|name| !name.is_empty())?;
        let (kind, urn) = match (object.role.kind.as_str(), binding) {
            ("ClusterRole", _) => (Kind::ClusterRole, Urn::kubernetes_cluster(&self.cluster, "clusterrole", name)),
            ("Role", Kind::RoleBinding) => {
                (Kind::Role, Urn::kubernetes(&self.cluster, &object.metadata.namespace, "role", name))
            }
            _ => return None,
        };
        self.referenced.insert(kind);
        Some(urn)
    }

    /// Who a subject is, as the RBAC authorizer matches it: a service account without a namespace is one of the
    /// RoleBinding's namespace and nobody in a ClusterRoleBinding; a user called `system:serviceaccount:<ns>:<name>` is
    /// that service account (Kubernetes documentation, "Using RBAC Authorization", "Referring to subjects").
    fn holder(&self, subject: &Subject, namespace: Option<&str>) -> Option<Holder> {
        let name = subject.name.as_str();
        if name.is_empty() {
            return None;
        }
        let account = |namespace: &str, name: &str| Urn::kubernetes(&self.cluster, namespace, "sa", name);
        match subject.kind.as_str() {
            "ServiceAccount" => {
                let written = Some(subject.namespace.as_str()).filter(|namespace| !namespace.is_empty());
                let namespace = written.or(namespace)?;
                Some(Holder { id: account(namespace, name), key: format!("sa/{namespace}/{name}"), named: None })
            }
            "User" => {
                let key = format!("user/{name}");
                let parts = name.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'));
                Some(match parts {
                    Some((namespace, name)) => Holder { id: account(namespace, name), key, named: None },
                    None => Holder {
                        id: Urn::kubernetes_cluster(&self.cluster, "user", name),
                        key,
                        named: Some((IdentityKind::KubernetesUser, name.to_owned())),
                    },
                })
            }
            "Group" => Some(Holder {
                id: Urn::kubernetes_cluster(&self.cluster, "group", name),
                key: format!("group/{name}"),
                named: Some((IdentityKind::KubernetesGroup, name.to_owned())),
            }),
            _ => None,
        }
    }

    /// A group that something other than a binding names.
    pub(super) fn group(&self, name: &str, evidence: &Evidence) -> Record {
        let id = Urn::kubernetes_cluster(&self.cluster, "group", name);
        self.named(IdentityKind::KubernetesGroup, name.to_owned(), &id, evidence)
    }

    pub(super) fn named(&self, kind: IdentityKind, name: String, id: &Urn, evidence: &Evidence) -> Record {
        Record::Identity(Identity {
            id: id.clone(),
            kind,
            tenant: self.cluster.clone(),
            enabled: Known::unknown(NO_OBJECT),
            created: Known::unknown(NO_OBJECT),
            unique_id: None,
            builtin: builtin::user_or_group(&name),
            attributes: Attributes::default(),
            name,
            labels: Default::default(),
            evidence: evidence.clone(),
        })
    }
}
