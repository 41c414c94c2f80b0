//! Rights of a cluster that reach single things or some of a place: they lead to what they name, and to nothing else. The
//! ways to administrator and the graph tell the same.

use std::path::Path;

use serde_json::{Value, json};

use crate::tree::{NOW, folder, run, write};

const RBAC: &str = "rbac.authorization.k8s.io";

fn object(kind: &str, namespace: &str, name: &str) -> Value {
    let version = if kind.contains("Role") { "rbac.authorization.k8s.io/v1" } else { "v1" };
    let mut metadata =
        json!({"name": name, "creationTimestamp": "2024-01-01T00:00:00Z", "uid": format!("{kind}-{namespace}-{name}")});
    if !namespace.is_empty() {
        metadata["namespace"] = namespace.into();
    }
    json!({"apiVersion": version, "kind": kind, "metadata": metadata})
}

fn rule(verbs: &[&str], group: &str, resources: &[&str], names: &[&str]) -> Value {
    json!({"verbs": verbs, "apiGroups": [group], "resources": resources, "resourceNames": names})
}

/// A service account of `app` with a role of its own name and these rules, in the cluster or in `app` alone.
fn holder(name: &str, wide: bool, rules: &[Value]) -> Vec<Value> {
    let (role, binding, place) =
        if wide { ("ClusterRole", "ClusterRoleBinding", "") } else { ("Role", "RoleBinding", "app") };
    let mut of = object(role, place, name);
    of["rules"] = rules.into();
    let mut bound = object(binding, place, name);
    bound["roleRef"] = json!({"apiGroup": RBAC, "kind": role, "name": name});
    bound["subjects"] = json!([{"kind": "ServiceAccount", "namespace": "app", "name": name}]);
    vec![object("ServiceAccount", "app", name), of, bound]
}

fn bound(name: &str, subject: Value) -> Value {
    let mut binding = object("ClusterRoleBinding", "", name);
    binding["roleRef"] = json!({"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"});
    binding["subjects"] = json!([subject]);
    binding
}

fn token(name: &str, account: &str) -> Value {
    let mut secret = object("Secret", "app", name);
    secret["type"] = "kubernetes.io/service-account-token".into();
    secret["metadata"]["annotations"] = json!({"kubernetes.io/service-account.name": account});
    secret
}

/// `app/chief` and the user bob are administrators; `app/idle` is one, too, and no pod runs as it.
fn cluster(more: Vec<Vec<Value>>) -> Value {
    let mut admin = object("ClusterRole", "", "cluster-admin");
    admin["rules"] = json!([{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]);
    let pod = |account: &str| {
        let mut pod = object("Pod", "app", account);
        pod["spec"] = json!({"serviceAccountName": account, "containers": [{"name": "c", "image": "x"}]});
        pod
    };
    let account = |name: &str| json!({"kind": "ServiceAccount", "namespace": "app", "name": name});
    let mut stale = token("stale-token", "chief");
    stale["metadata"]["labels"] = json!({"kubernetes.io/legacy-token-invalid-since": "2026-01-01"});
    let mut items = vec![
        object("Namespace", "", "app"),
        admin,
        object("ServiceAccount", "app", "chief"),
        object("ServiceAccount", "app", "idle"),
        object("ServiceAccount", "app", "harmless"),
        bound("a", account("chief")),
        bound("b", json!({"apiGroup": RBAC, "kind": "User", "name": "bob"})),
        bound("c", account("idle")),
        bound("d", json!({"apiGroup": RBAC, "kind": "Group", "name": "ops"})),
        pod("harmless"),
        token("chief-token", "chief"),
        stale,
        token("harmless-token", "harmless"),
    ];
    items.extend(more.into_iter().flatten());
    json!({"apiVersion": "v1", "kind": "List", "items": items})
}

/// The service accounts that become administrator, by the findings and by `reach`: both must say the same.
fn risen(at: &Path, dump: &Value) -> Vec<String> {
    write(at, "k/all.json", dump.to_string());
    let ran = run(
        at,
        &[
            "scan",
            "--isolated",
            "--now",
            NOW,
            "--format",
            "json",
            "-o",
            "scan.json",
            "-q",
            "--kubernetes-export",
            "prod=k",
        ],
    );
    assert!(matches!(ran.code, 0 | 1 | 3), "{}", ran.stderr);
    let scan: Value = serde_json::from_slice(&std::fs::read(at.join("scan.json")).expect("a report")).expect("JSON");
    let name =
        |one: &Value| one["subject"].as_str().and_then(|id| id.strip_prefix("k8s:prod/app/sa/")).map(str::to_owned);
    let findings = scan["findings"].as_array().expect("a list").iter();
    let mut by_findings: Vec<String> =
        findings.filter(|one| one["rule"] == "becomes-cluster-administrator").filter_map(name).collect();
    by_findings.sort();
    let holders = dump["items"].as_array().expect("a list").iter().filter(|one| one["kind"] == "ServiceAccount");
    let others =
        holders.filter_map(|one| one["metadata"]["name"].as_str()).filter(|name| !["chief", "idle"].contains(name));
    let mut by_graph: Vec<String> = others
        .filter(|name| {
            let told = run(at, &["reach", &format!("k8s:prod/app/sa/{name}"), "--from", "scan.json"]).stdout;
            let line = told.lines().find(|line| line.contains("do everything (administrator): cluster prod"));
            line.is_some_and(|line| !line.contains("condition"))
        })
        .map(str::to_owned)
        .collect();
    by_graph.sort();
    assert_eq!(by_findings, by_graph, "findings and graph");
    by_findings
}

#[test]
fn a_right_with_names_leads_to_what_it_names() {
    let at = folder();
    let named = |name: &str, wide, rules: &[Value]| holder(name, wide, rules);
    let secrets = |name| rule(&["get"], "", &["secrets"], &[name]);
    let dump = cluster(vec![
        named("tok", true, &[rule(&["create"], "", &["serviceaccounts/token"], &["chief"])]),
        named("tok-local", false, &[rule(&["create"], "", &["serviceaccounts/token"], &["idle"])]),
        named("tok-none", true, &[rule(&["create"], "", &["serviceaccounts/token"], &["harmless"])]),
        named("imp", true, &[rule(&["impersonate"], "", &["serviceaccounts"], &["chief"])]),
        named("imp-user", true, &[rule(&["impersonate"], "", &["users"], &["bob"])]),
        named("imp-nobody", true, &[rule(&["impersonate"], "", &["users"], &["eve"])]),
        named("sec", false, &[secrets("chief-token")]),
        named("sec-stale", true, &[secrets("stale-token")]),
        named("sec-other", true, &[secrets("harmless-token")]),
        named("own", true, &[rule(&["update", "escalate"], RBAC, &["clusterroles"], &["own"])]),
        named(
            "own-halves",
            true,
            &[
                rule(&["escalate"], RBAC, &["clusterroles"], &["own-halves"]),
                rule(&["update"], RBAC, &["clusterroles"], &["another"]),
            ],
        ),
        named("own-local", false, &[rule(&["patch", "escalate"], RBAC, &["roles"], &["own-local"])]),
        named("own-other", true, &[rule(&["update", "escalate"], RBAC, &["clusterroles"], &["view"])]),
        // Its own name cannot be made anew: a rule with names never covers `create`.
        named("own-make", true, &[rule(&["create", "escalate"], RBAC, &["clusterroles"], &["own-make"])]),
    ]);
    assert_eq!(risen(at.path(), &dump), ["imp", "imp-user", "own", "own-local", "sec", "tok", "tok-local"]);
}

#[test]
fn a_group_is_impersonated_beside_somebody_and_is_no_user() {
    let at = folder();
    let impersonate = |resource: &str, names: &[&str]| rule(&["impersonate"], "", &[resource], names);
    let dump = cluster(vec![
        holder("group", true, &[impersonate("groups", &["ops"]), impersonate("users", &["nobody"])]),
        holder(
            "masters",
            true,
            &[impersonate("groups", &["system:masters"]), impersonate("serviceaccounts", &["harmless"])],
        ),
        holder("group-alone", true, &[impersonate("groups", &["ops"])]),
        holder("masters-alone", true, &[impersonate("groups", &["system:masters"])]),
        holder("all-groups-alone", true, &[impersonate("groups", &[])]),
        holder("user-of-that-name", true, &[impersonate("users", &["ops"])]),
        holder("uids-alone", true, &[rule(&["impersonate"], "authentication.k8s.io", &["uids"], &[])]),
    ]);
    assert_eq!(risen(at.path(), &dump), ["group", "masters"]);
}

#[test]
fn every_name_of_a_rule_counts() {
    let at = folder();
    let names: Vec<String> = (0..70).map(|number| format!("s{number}")).collect();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.push("chief-token");
    let dump = cluster(vec![holder("reader", true, &[rule(&["get"], "", &["secrets"], &names)])]);
    assert_eq!(risen(at.path(), &dump), ["reader"]);
}

#[test]
fn entering_pods_leads_to_those_whom_pods_run_as() {
    let at = folder();
    let exec = rule(&["create"], "", &["pods/exec"], &[]);
    let bind_view =
        [rule(&["bind"], RBAC, &["clusterroles"], &["view"]), rule(&["create"], RBAC, &["rolebindings"], &[])];
    let read = rule(&["list"], "", &["secrets"], &[]);
    let start = rule(&["create"], "", &["pods"], &[]);
    let dump = cluster(vec![
        holder("execer", false, &[exec]),
        holder("binder", false, &bind_view),
        holder("reader", false, &[read]),
        holder("starter", false, &[start]),
    ]);
    assert_eq!(risen(at.path(), &dump), ["reader", "starter"]);
}
