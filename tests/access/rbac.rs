//! RBAC against 10,175 answers of a real API server, and what roles amount to.

use std::collections::{BTreeMap, BTreeSet};

use nonhuman::access::kubernetes::{Around, CapabilityTable, Request, Subject, capabilities, grant_allows};
use nonhuman::model::{Capability, Grant, GrantKind, Identity, IdentityKind, Policy, PolicyLanguage, Urn};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::account::{evidence, fixture, identity};

const CLUSTER: &str = "oracle";

#[derive(Deserialize)]
struct Review {
    spec: Spec,
    allowed: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    user: String,
    groups: Vec<String>,
    #[serde(default)]
    resource_attributes: BTreeMap<String, String>,
    #[serde(default)]
    non_resource_attributes: BTreeMap<String, String>,
}

impl Spec {
    fn request(&self) -> Request<'_> {
        let get = |key: &str| self.resource_attributes.get(key).map_or("", String::as_str);
        let Some(path) = self.non_resource_attributes.get("path") else {
            return Request {
                verb: get("verb"),
                group: get("group"),
                resource: get("resource"),
                subresource: get("subresource"),
                name: get("name"),
                namespace: get("namespace"),
                ..Request::default()
            };
        };
        Request { verb: &self.non_resource_attributes["verb"], path: Some(path), ..Request::default() }
    }

    /// Whether a binding's subject means whoever asks.
    fn is(&self, subject: &Value, namespace: &str) -> bool {
        let text = |key: &str| subject[key].as_str().unwrap_or_default();
        match text("kind") {
            "User" => text("name") == self.user,
            "Group" => self.groups.iter().any(|group| group == text("name")),
            "ServiceAccount" => {
                let namespace = subject["namespace"].as_str().unwrap_or(namespace);
                self.user == format!("system:serviceaccount:{namespace}:{}", text("name"))
            }
            _ => false,
        }
    }
}

/// A binding as the grant it becomes, with its subjects and the rules of its role, if that exists.
struct Binding {
    grant: Grant,
    subjects: Vec<Value>,
    rules: Option<Value>,
    namespace: String,
}

fn items(name: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(&fixture(&format!("fixtures/kubernetes/oracle/{name}.json"))).unwrap();
    file["items"].as_array().unwrap().clone()
}

fn bindings() -> Vec<Binding> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let place = |kind: &str, item: &Value| {
        (kind.to_owned(), text(&item["metadata"]["namespace"]), text(&item["metadata"]["name"]))
    };
    let mut roles = BTreeMap::new();
    for (file, kind) in [("clusterroles", "ClusterRole"), ("roles", "Role")] {
        roles.extend(items(file).into_iter().map(|item| (place(kind, &item), item["rules"].clone())));
    }
    let read = |item: &Value| {
        let namespace = text(&item["metadata"]["namespace"]);
        let kind = text(&item["roleRef"]["kind"]);
        let home = if kind == "Role" { namespace.clone() } else { String::new() };
        let rules = roles.get(&(kind, home, text(&item["roleRef"]["name"]))).cloned();
        let scope = if namespace.is_empty() { "cluster".to_owned() } else { format!("namespace/{namespace}") };
        let subjects = item["subjects"].as_array().cloned().unwrap_or_default();
        Binding { grant: grant("binding", "role", &scope), subjects, rules, namespace }
    };
    ["clusterrolebindings", "rolebindings"].into_iter().flat_map(items).map(|item| read(&item)).collect()
}

#[test]
fn every_answer_of_a_real_api_server_is_the_same() {
    let bindings = bindings();
    let (mut asked, mut allowed, mut nodes, mut different) = (0, 0, 0, Vec::new());
    for line in fixture("fixtures/kubernetes/oracle/reviews.jsonl").lines() {
        let review: Review = serde_json::from_str(line).unwrap();
        if review.spec.user.starts_with("system:node:") {
            // Another authorizer speaks for nodes: it looks at which pods run on them.
            nodes += 1;
            continue;
        }
        let request = match review.spec.user.as_str() {
            "system:anonymous" => review.spec.request().made_anonymously(),
            _ => review.spec.request(),
        };
        let holds = |binding: &Binding| {
            let is_subject = binding.subjects.iter().any(|subject| review.spec.is(subject, &binding.namespace));
            is_subject && binding.rules.as_ref().is_some_and(|rules| grant_allows(&binding.grant, rules, &request))
        };
        // This group is let through before any authorizer is asked.
        let ours = review.spec.groups.iter().any(|group| group == "system:masters") || bindings.iter().any(holds);
        asked += 1;
        allowed += usize::from(ours);
        if ours != review.allowed {
            different.push(line.to_owned());
        }
    }
    assert_eq!(different, Vec::<String>::new());
    assert_eq!((asked, allowed, nodes), (9768, 2436, 407));
}

#[test]
fn a_name_in_a_field_selector_is_a_name() {
    let rules = json!([{"verbs": ["list"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["db"]}]);
    let list = |field_selector| Request { verb: "list", resource: "secrets", field_selector, ..Request::default() };
    for (selector, expected) in [
        ("", false),
        ("metadata.name=db", true),
        ("metadata.name==db", true),
        ("type=Opaque,metadata.name=db", true),
        ("metadata.name=other", false),
        ("metadata.name!=db", false),
    ] {
        assert_eq!(nonhuman::access::kubernetes::allows(&rules, &list(selector)), expected, "{selector}");
    }
}

fn grant(binding: &str, role: &str, scope: &str) -> Grant {
    let urn = |kind: &str, name: &str| match scope.strip_prefix("namespace/") {
        Some(namespace) => Urn::kubernetes(CLUSTER, namespace, kind, name),
        None => Urn::kubernetes_cluster(CLUSTER, kind, name),
    };
    let (binding, kind) = if scope == "cluster" {
        (urn("clusterrolebinding", binding), "clusterrole")
    } else {
        (urn("rolebinding", binding), "role")
    };
    Grant {
        id: Urn::new(format!("{binding}#subject")),
        to: Urn::new("k8s:oracle/shop/sa/worker"),
        policy: urn(kind, role),
        kind: GrantKind::Policy,
        tenant: CLUSTER.to_owned(),
        scope: scope.to_owned(),
        via: vec![binding],
        evidence: evidence(),
    }
}

/// What a subject with these grants can do: (binding, scope, rules).
fn amounts(subject: &Identity, given: &[(&str, &str, Value)]) -> Vec<Capability> {
    let table = CapabilityTable::parse(&fixture("rules/facts/kubernetes-capabilities.toml")).unwrap();
    let made: Vec<(Grant, Policy)> = given
        .iter()
        .map(|(binding, scope, rules)| {
            let grant = grant(binding, "ops", scope);
            let policy = Policy {
                id: grant.policy.clone(),
                name: "ops".to_owned(),
                language: PolicyLanguage::KubernetesRbac,
                tenant: CLUSTER.to_owned(),
                builtin: false,
                document: rules.clone().into(),
                other_versions: Vec::new(),
                evidence: evidence(),
            };
            (grant, policy)
        })
        .collect();
    let grants = made.iter().map(|(grant, policy)| (grant, Some(policy))).collect();
    capabilities(&Subject { identity: subject, grants }, &table, &Around::NOTHING)
}

fn worker() -> Identity {
    identity(IdentityKind::KubernetesServiceAccount, "k8s:oracle/shop/sa/worker", CLUSTER, "shop/worker")
}

fn short(capabilities: &[Capability]) -> BTreeSet<String> {
    let mark = |c: &Capability| if c.conditional { "?" } else { "" };
    let of_all = capabilities.iter().filter(|c| !c.kind.as_str().contains('.'));
    of_all.map(|c| format!("{}{} in {}", c.kind, mark(c), c.scope)).collect()
}

#[test]
fn everything_in_a_namespace_is_administrator_there_only() {
    let all = json!([{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]);
    let found = amounts(&worker(), &[("all", "namespace/shop", all)]);
    assert!(found.iter().all(|capability| capability.scope == "namespace oracle/shop"), "{found:?}");
    assert_eq!(found[0].kind.as_str(), "administrator");
    assert_eq!(found[0].proof, ["rolebinding shop/all", "role shop/ops", "rule 1 (* on *)"]);
    // In the words of all providers; those of Kubernetes alone say the same once more.
    assert_eq!(short(&found).len(), 6);
}

#[test]
fn rights_amount_to_capabilities_by_scope_and_name() {
    let secrets = |verbs: &[&str], names: &[&str]| json!([{"verbs": verbs, "apiGroups": [""], "resources": ["secrets"], "resourceNames": names}]);
    let rbac = |verbs: &[&str], on: &[&str]| json!({"verbs": verbs, "apiGroups": ["rbac.authorization.k8s.io"], "resources": on});
    for (case, scope, rules, expected) in [
        ("all secrets", "namespace/shop", secrets(&["get"], &[]), vec!["read-secrets in namespace oracle/shop"]),
        ("one secret", "cluster", secrets(&["get"], &["db"]), vec!["read-secrets in secret oracle/*/db"]),
        ("creating needs no name", "cluster", secrets(&["create"], &["db"]), vec![]),
        ("escalate without a write", "cluster", json!([rbac(&["escalate"], &["clusterroles"])]), vec![]),
        (
            "escalate and write in two rules",
            "cluster",
            json!([rbac(&["escalate"], &["clusterroles"]), rbac(&["patch"], &["clusterroles"])]),
            vec!["escalate in cluster oracle"],
        ),
        (
            "writing bindings hands on one's own",
            "namespace/shop",
            json!([rbac(&["create"], &["rolebindings"])]),
            vec!["escalate? in namespace oracle/shop"],
        ),
        (
            "people are not in a namespace",
            "namespace/shop",
            json!([{"verbs": ["impersonate"], "apiGroups": [""], "resources": ["users"]}]),
            vec![],
        ),
        (
            "exec by wildcard subresource",
            "cluster",
            json!([{"verbs": ["create"], "apiGroups": [""], "resources": ["*/exec"]}]),
            vec!["run-code in cluster oracle"],
        ),
        ("pods/* is nothing", "cluster", json!([{"verbs": ["*"], "apiGroups": [""], "resources": ["pods/*"]}]), vec![]),
    ] {
        let found = short(&amounts(&worker(), &[("b", scope, rules)]));
        assert_eq!(found, expected.into_iter().map(str::to_owned).collect(), "{case}");
    }
}

#[test]
fn the_cluster_scope_is_not_repeated_and_masters_need_no_binding() {
    let read = json!([{"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"]}]);
    let both = amounts(&worker(), &[("a", "cluster", read.clone()), ("b", "namespace/shop", read)]);
    assert_eq!(short(&both), BTreeSet::from(["read-secrets in cluster oracle".to_owned()]));
    let masters =
        identity(IdentityKind::KubernetesGroup, "k8s:oracle//group/system:masters", CLUSTER, "system:masters");
    assert_eq!(short(&amounts(&masters, &[])), BTreeSet::from(["administrator in cluster oracle".to_owned()]));
}
