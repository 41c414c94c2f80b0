//! Ways of a cluster that end at a node, what cuts a way, and rights that lie in a group or in the name of a binding.

use std::path::Path;

use serde_json::{Value, json};

use crate::tree::{NOW, folder, run, write};

const RBAC: &str = "rbac.authorization.k8s.io";

fn object(kind: &str, namespace: &str, name: &str) -> Value {
    let version = match kind {
        _ if kind.contains("Role") => "rbac.authorization.k8s.io/v1",
        "Deployment" => "apps/v1",
        _ => "v1",
    };
    let mut one = json!({"apiVersion": version, "kind": kind, "metadata": {
        "name": name, "uid": format!("{kind}-{namespace}-{name}"), "creationTimestamp": "2024-01-01T00:00:00Z"}});
    if !namespace.is_empty() {
        one["metadata"]["namespace"] = namespace.into();
    }
    one
}

fn rule(verbs: &str, group: &str, resources: &str) -> Value {
    let list = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
    json!({"verbs": list(verbs), "apiGroups": [group], "resources": list(resources)})
}

fn role(name: &str, rules: &[Value]) -> Value {
    let mut role = object("ClusterRole", "", name);
    role["rules"] = json!(rules);
    role
}

/// Binds a ClusterRole in a namespace or, without one, everywhere: to `ns/name`, or to a group.
fn bind(name: &str, namespace: &str, role: &str, to: &str) -> Value {
    let kind = if namespace.is_empty() { "ClusterRoleBinding" } else { "RoleBinding" };
    let mut binding = object(kind, namespace, name);
    binding["roleRef"] = json!({"apiGroup": RBAC, "kind": "ClusterRole", "name": role});
    let subject = match to.split_once('/') {
        Some((namespace, name)) => json!({"kind": "ServiceAccount", "namespace": namespace, "name": name}),
        None => json!({"kind": "Group", "name": to, "apiGroup": RBAC}),
    };
    binding["subjects"] = json!([subject]);
    binding
}

fn pod(namespace: &str, name: &str, account: &str, node: &str) -> Value {
    let mut pod = object("Pod", namespace, name);
    pod["spec"] = json!({"serviceAccountName": account, "nodeName": node, "containers": [{"name": "c", "image": "x"}]});
    pod
}

fn namespace(name: &str, level: &str) -> Value {
    let mut one = object("Namespace", "", name);
    if !level.is_empty() {
        one["metadata"]["labels"] = json!({"pod-security.kubernetes.io/enforce": level});
    }
    one
}

/// What every cluster has, and an administrator whose pod is on node n1; nobody else of `sys` has a right.
fn cluster(more: &[Value]) -> Vec<Value> {
    let mut items = vec![
        role("cluster-admin", &[rule("*", "*", "*")]),
        role("pods", &[rule("create", "", "pods")]),
        object("ServiceAccount", "sys", "root"),
        bind("root", "", "cluster-admin", "sys/root"),
        pod("sys", "root-1", "root", "n1"),
        bind("d", "web", "none", "web/d"),
        object("ServiceAccount", "web", "d"),
        role("none", &[]),
        object("Secret", "web", "s"),
        object("Deployment", "web", "d"),
    ];
    items.extend(more.iter().cloned());
    items
}

fn dump(at: &Path, items: &[Value]) {
    write(at, "k/all.json", json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string());
}

fn asked(at: &Path, command: &[&str]) -> String {
    let more = ["--isolated", "--now", NOW, "--kubernetes-export", "prod=k"];
    let ran = run(at, &command.iter().copied().chain(more).collect::<Vec<_>>());
    ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn scan(at: &Path) -> Value {
    let ran = run(at, &["scan", "--isolated", "--now", NOW, "--format", "json", "--kubernetes-export", "prod=k"]);
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}{}", ran.stdout, ran.stderr))
}

fn rules_of(scan: &Value, subject: &str) -> Vec<String> {
    let findings = scan["findings"].as_array().expect("a list").iter();
    let about = findings.filter(|one| one["subject"] == format!("k8s:prod/{subject}"));
    about.filter_map(|one| one["rule"].as_str().map(str::to_owned)).collect()
}

#[test]
fn a_pod_that_names_its_node_takes_it_as_far_as_pod_security_lets_it() {
    let at = folder();
    let mut items = Vec::new();
    for (name, level) in [("free", ""), ("shut", "restricted"), ("open", "privileged")] {
        items.extend([namespace(name, level), object("ServiceAccount", name, "ci")]);
        items.push(bind("ci", name, "pods", &format!("{name}/ci")));
    }
    // Who sets the label sets the level.
    items.extend([namespace("held", "restricted"), object("ServiceAccount", "held", "labels")]);
    items.push(bind("labels", "held", "labels", "held/labels"));
    items.push(role("labels", &[rule("create", "", "pods"), rule("patch", "", "namespaces")]));
    dump(at.path(), &cluster(&items));
    let told = scan(at.path());
    let takes = |account: &str| rules_of(&told, account).contains(&"takes-nodes".to_owned());
    assert_eq!((takes("free/sa/ci"), takes("shut/sa/ci"), takes("open/sa/ci")), (false, false, true));
    assert!(takes("held/sa/labels"));
    // The administrator's pod is on a node that it takes.
    assert!(rules_of(&told, "open/sa/ci").contains(&"becomes-cluster-administrator".to_owned()));
    let way = asked(at.path(), &["path", "open/ci", "n1"]);
    assert!(way.contains("controls every node of cluster prod") && way.contains("every step holds"), "{way}");
    let way = asked(at.path(), &["path", "free/ci", "n1"]);
    assert!(way.contains("[unknown: no level of pod security is enforced there"), "{way}");
    let way = asked(at.path(), &["path", "shut/ci", "n1"]);
    assert!(way.contains("there is none along what was read"), "{way}");
    let shown = asked(at.path(), &["show", "free/ci"]);
    let expected =
        "Ways to a node as k8s:prod//node/n1, if a condition holds free/ci may take over nodes in namespace free";
    assert!(shown.contains(expected), "{shown}");
    assert!(shown.contains("to cut it: take rolebinding free/ci away from free/ci"), "{shown}");
}

#[test]
fn volumes_and_certificates_of_nodes_need_no_level_of_pod_security() {
    let at = folder();
    let volumes = [rule("create", "", "persistentvolumes"), rule("create", "", "persistentvolumeclaims,pods")];
    const GROUP: &str = "certificates.k8s.io";
    let mut approve = rule("approve", GROUP, "signers");
    approve["resourceNames"] = json!(["kubernetes.io/kube-apiserver-client-kubelet"]);
    let certificates = [
        rule("create", GROUP, "certificatesigningrequests"),
        rule("update", GROUP, "certificatesigningrequests/approval"),
        approve,
    ];
    let mut items = vec![namespace("ci", "restricted")];
    for (name, rules) in [
        ("volumes", &volumes[..]),
        ("certificates", &certificates[..]),
        ("proxy", &[rule("get", "", "nodes/proxy")][..]),
        ("alone", &volumes[..1]),
    ] {
        items.extend([
            object("ServiceAccount", "ci", name),
            role(name, rules),
            bind(name, "", name, &format!("ci/{name}")),
        ]);
    }
    // In its own namespace alone it can make the claim and the pod; the volume is of the whole cluster.
    items.extend([object("ServiceAccount", "ci", "split"), bind("split", "", "alone", "ci/split")]);
    items.extend([role("claims", &volumes[1..]), bind("claims", "ci", "claims", "ci/split")]);
    dump(at.path(), &cluster(&items));
    let told = scan(at.path());
    for (name, takes) in
        [("volumes", true), ("certificates", true), ("split", true), ("alone", false), ("proxy", false)]
    {
        let found = rules_of(&told, &format!("ci/sa/{name}"));
        assert_eq!(found.contains(&"takes-nodes".to_owned()), takes, "{name}: {found:?}");
        assert_eq!(found.contains(&"becomes-cluster-administrator".to_owned()), name != "alone", "{name}: {found:?}");
    }
    assert!(asked(at.path(), &["path", "ci/proxy", "n1"]).contains("every step holds"));
}

#[test]
fn the_cut_names_every_binding_that_leads_up_those_of_groups_too() {
    let at = folder();
    let items = [
        object("ServiceAccount", "b", "twice"),
        bind("one", "sys", "pods", "b/twice"),
        bind("two", "sys", "pods", "b/twice"),
        bind("all", "sys", "pods", "system:serviceaccounts:b"),
        object("ServiceAccount", "b", "member"),
        // Who gets into a member of the group has what the group has.
        object("ServiceAccount", "c", "outside"),
        bind("in", "b", "pods", "c/outside"),
    ];
    dump(at.path(), &cluster(&items));
    let shown = asked(at.path(), &["show", "b/twice"]);
    let cut = "to cut it: take rolebinding sys/one, rolebinding sys/two away from b/twice, and rolebinding sys/all away \
               from its group system:serviceaccounts:b";
    assert!(shown.contains(cut), "{shown}");
    let shown = asked(at.path(), &["show", "b/member"]);
    assert!(shown.contains("As a member of system:serviceaccounts:b as k8s:prod/sys/sa/root"), "{shown}");
    let told = scan(at.path());
    let up = "becomes-cluster-administrator".to_owned();
    assert!(rules_of(&told, "/group/system:serviceaccounts:b").contains(&up));
    assert!(rules_of(&told, "c/sa/outside").contains(&up));
    assert!(!rules_of(&told, "b/sa/member").contains(&up), "told once, of the group");
    // The cut cuts.
    let left: Vec<Value> = cluster(&items)
        .into_iter()
        .filter(|one| !["one", "two", "all"].contains(&one["metadata"]["name"].as_str().unwrap_or("")))
        .collect();
    dump(at.path(), &left);
    assert!(!rules_of(&scan(at.path()), "b/sa/twice").contains(&up));
}

#[test]
fn a_default_binding_that_names_another_role_is_none_of_the_platform() {
    let at = folder();
    let mut scheduler = object("ClusterRoleBinding", "", "system:kube-scheduler");
    scheduler["metadata"]["labels"] = json!({"kubernetes.io/bootstrapping": "rbac-defaults"});
    scheduler["subjects"] = json!([{"kind": "User", "name": "system:kube-scheduler", "apiGroup": RBAC}]);
    for (role, drifts) in [("system:kube-scheduler", false), ("cluster-admin", true)] {
        scheduler["roleRef"] = json!({"apiGroup": RBAC, "kind": "ClusterRole", "name": role});
        dump(at.path(), &cluster(&[scheduler.clone()]));
        let told = scan(at.path());
        let found = told["findings"].as_array().expect("a list").iter();
        let drift = found.filter(|one| one["rule"] == "platform-identity-drift").count();
        assert_eq!(drift, usize::from(drifts), "{role}");
    }
}

#[test]
fn stars_in_part_removed_guards_and_named_secrets_are_told() {
    let at = folder();
    const ADMISSION: &str = "admissionregistration.k8s.io";
    let mut named = rule("get", "", "secrets");
    named["resourceNames"] = json!(["root-token", "own"]);
    let mut items = Vec::new();
    for (name, rules) in [
        ("verbs", vec![rule("*", "", "services")]),
        ("resources", vec![rule("list", "batch", "*")]),
        ("operator", vec![rule("*", "acme.example.com", "things")]),
        ("guards", vec![rule("delete", ADMISSION, "validatingwebhookconfigurations")]),
        ("drains", vec![rule("delete", "", "nodes,pods")]),
        ("halves", vec![rule("create", ADMISSION, "mutatingadmissionpolicies")]),
        ("policies", vec![rule("create", ADMISSION, "mutatingadmissionpolicies,mutatingadmissionpolicybindings")]),
        ("reader", vec![named]),
    ] {
        items.extend([
            object("ServiceAccount", "ci", name),
            role(name, &rules),
            bind(name, "", name, &format!("ci/{name}")),
        ]);
    }
    let mut token = object("Secret", "sys", "root-token");
    token["type"] = "kubernetes.io/service-account-token".into();
    token["metadata"]["annotations"] = json!({"kubernetes.io/service-account.name": "d"});
    token["metadata"]["namespace"] = "web".into();
    items.push(token);
    dump(at.path(), &cluster(&items));
    let told = scan(at.path());
    for (name, expected) in [
        ("verbs", Some("wildcard-part")),
        ("resources", Some("wildcard-part")),
        ("operator", None),
        ("guards", Some("writes-webhooks")),
        ("drains", Some("writes-nodes")),
        ("halves", Some("writes-admission-policies")),
        ("policies", Some("becomes-cluster-administrator")),
        ("reader", Some("reads-secret-that-opens")),
    ] {
        let found = rules_of(&told, &format!("ci/sa/{name}"));
        let all = [
            "wildcard-part",
            "writes-webhooks",
            "writes-nodes",
            "becomes-cluster-administrator",
            "reads-secret-that-opens",
        ];
        let all = all.into_iter().chain((name == "halves").then_some("writes-admission-policies"));
        let told: Vec<&str> = all.filter(|rule| found.iter().any(|one| one == rule)).collect();
        assert_eq!(told, expected.into_iter().collect::<Vec<_>>(), "{name}: {found:?}");
    }
}

/// A way up, as its certainty and steps.
fn way_of(scan: &Value, account: &str) -> Option<(bool, String)> {
    let all = scan["identities"].as_array().expect("a list");
    let one = all.iter().find(|one| one["name"] == account).unwrap_or_else(|| panic!("{account}"));
    let way = one["escalations"].as_array()?.first()?;
    Some((way["conditional"] == true, way["steps"].to_string()))
}

#[test]
fn a_right_to_a_workload_or_pod_by_its_name_leads_to_what_it_runs_as() {
    let at = folder();
    let mut deployment = object("Deployment", "sys", "web");
    deployment["spec"] = json!({"template": {"spec": {"containers": [{"name": "c", "image": "x"}]}}});
    let mut items = vec![namespace("ci", "restricted"), namespace("sys", "restricted"), deployment];
    let named = |verbs: &str, group: &str, resources: &str, name: &str| {
        let mut rule = rule(verbs, group, resources);
        rule["resourceNames"] = json!([name]);
        rule
    };
    let all = [
        ("dep", named("get,patch", "apps", "deployments", "web"), "sys"),
        ("wide", named("update", "apps", "deployments", "web"), ""),
        ("exec", named("create", "", "pods/exec", "root-1"), "sys"),
        ("debug", named("patch", "", "pods/ephemeralcontainers", "root-1"), "sys"),
        ("absent", named("patch", "apps", "deployments", "absent"), "sys"),
        ("elsewhere", named("patch", "apps", "deployments", "web"), "web"),
        ("other", named("create", "", "pods/exec", "low-1"), "sys"),
        // The server takes no name for the making of an object.
        ("makes", named("create", "apps", "deployments", "web"), "sys"),
        // What it makes is bound to nobody.
        ("roles", rule("escalate,create", RBAC, "clusterroles"), ""),
        ("writes", rule("escalate,update", RBAC, "clusterroles"), ""),
    ];
    for (name, rule, place) in &all {
        items.push(object("ServiceAccount", "ci", name));
        items.push(role(&format!("r-{name}"), std::slice::from_ref(rule)));
        items.push(bind(&format!("b-{name}"), place, &format!("r-{name}"), &format!("ci/{name}")));
    }
    items.extend([object("ServiceAccount", "sys", "low"), pod("sys", "low-1", "low", "n2")]);
    dump(at.path(), &cluster(&items));
    let told = scan(at.path());
    for (name, words) in [
        ("dep", "may write controllers that create pods in namespace sys"),
        ("wide", "may write controllers that create pods in namespace sys"),
        ("exec", "may run commands in pods of root in namespace sys"),
        ("debug", "may add containers to running pods of root in namespace sys"),
        ("writes", "may give itself more rights"),
    ] {
        let (conditional, steps) = way_of(&told, &format!("ci/{name}")).unwrap_or_else(|| panic!("{name}"));
        assert!(!conditional && steps.contains(words), "{name}: {steps}");
        let rules = rules_of(&told, &format!("ci/sa/{name}"));
        assert!(rules.contains(&"becomes-cluster-administrator".to_owned()), "{name}: {rules:?}");
    }
    for name in ["absent", "elsewhere", "other", "makes", "roles"] {
        let way = way_of(&told, &format!("ci/{name}"));
        assert!(way.as_ref().is_none_or(|(conditional, _)| *conditional), "{name}: {way:?}");
        let rules = rules_of(&told, &format!("ci/sa/{name}"));
        assert!(!rules.contains(&"becomes-cluster-administrator".to_owned()), "{name}: {rules:?}");
    }
}
