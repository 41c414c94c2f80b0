//! What audit logs say of rights: which bindings give nothing that is used.

use std::path::Path;

use serde_json::{Value, json};

use crate::tree::{NOW, folder, run, write};

fn object(kind: &str, name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": kind, "metadata": {
        "name": name, "namespace": "app", "uid": name, "creationTimestamp": "2024-01-01T00:00:00Z"}})
}

/// A role with these rules, bound to app/worker, in `app` or in the whole cluster.
fn bound(name: &str, is_wide: bool, rules: Value, created: &str) -> [Value; 2] {
    let kinds = if is_wide { ["ClusterRole", "ClusterRoleBinding"] } else { ["Role", "RoleBinding"] };
    let [mut role, mut binding] = kinds.map(|kind| object(kind, name));
    for one in [&mut role, &mut binding] {
        one["apiVersion"] = "rbac.authorization.k8s.io/v1".into();
        one["metadata"]["creationTimestamp"] = created.into();
        if is_wide {
            one["metadata"]["namespace"] = Value::Null;
        }
    }
    role["rules"] = rules;
    binding["roleRef"] = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": kinds[0], "name": name});
    binding["subjects"] = json!([{"kind": "ServiceAccount", "namespace": "app", "name": "worker"}]);
    [role, binding]
}

fn rule(verb: &str, resource: &str, names: &[&str]) -> Value {
    json!([{"verbs": [verb], "apiGroups": [""], "resources": [resource], "resourceNames": names}])
}

const LONG_AGO: &str = "2024-01-01T00:00:00Z";

/// An event of app/worker, with what else it says.
fn event(verb: &str, time: &str, more: &Value) -> String {
    let mut event = json!({
        "kind": "Event", "user": {"username": "system:serviceaccount:app:worker"}, "userAgent": "worker/1", "verb": verb,
        "responseStatus": {"code": 200}, "requestReceivedTimestamp": time,
    });
    for (name, value) in more.as_object().expect("a mapping") {
        event[name] = value.clone();
    }
    event.to_string()
}

fn on(resource: &str) -> Value {
    json!({"objectRef": {"resource": resource, "namespace": "app", "name": "own", "apiVersion": "v1"}})
}

/// The bindings of which nothing is used, by the log.
fn unused(at: &Path, items: &[Value], lines: &[String]) -> Vec<String> {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    write(at, "k/all.json", list.to_string());
    write(at, "audit.log", lines.join("\n"));
    let logged = ["--kubernetes-export", "prod=k", "--kubernetes-audit-log", "audit.log"];
    let arguments = ["scan", "--isolated", "--now", NOW, "--format", "json"].into_iter().chain(logged);
    let ran = run(at, &arguments.collect::<Vec<_>>());
    let scan: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}{}", ran.stdout, ran.stderr));
    let findings = scan["findings"].as_array().expect("a list").iter();
    let about = findings.filter(|one| one["rule"] == "binding-not-used").filter_map(|one| one["subject"].as_str());
    let mut names: Vec<String> =
        about.filter_map(|id| id.split("binding/").nth(1)?.split('#').next().map(str::to_owned)).collect();
    names.sort();
    names
}

#[test]
fn bindings_of_which_nothing_is_asked_for_are_told() {
    let at = folder();
    let at = at.path();
    let mut items = vec![object("ServiceAccount", "worker")];
    items.extend(bound("used", false, rule("get", "pods", &[]), LONG_AGO));
    items.extend(bound("used-by-name", false, rule("get", "secrets", &["own"]), LONG_AGO));
    items.extend(bound("refused", false, rule("delete", "pods", &[]), LONG_AGO));
    items.extend(bound("unused", false, rule("create", "pods/exec", &[]), LONG_AGO));
    // Nobody could use it for longer than it is there.
    items.extend(bound("fresh", false, rule("create", "pods/exec", &[]), "2026-11-19T00:00:00Z"));
    let judged = |since: &str| {
        let mut refused = on("pods");
        refused["responseStatus"] = json!({"code": 403});
        let lines = [
            event("get", since, &on("pods")),
            event("get", "2026-11-20T00:00:00Z", &on("secrets")),
            event("delete", "2026-11-20T00:00:00Z", &refused),
        ];
        unused(at, &items, &lines)
    };
    assert_eq!(judged("2026-06-01T00:00:00Z"), ["refused", "unused"]);
    // Two days say nothing.
    assert_eq!(judged("2026-11-20T00:00:00Z"), Vec::<String>::new());
}

#[test]
fn a_log_that_ended_long_ago_says_nothing_of_since_then() {
    let at = folder();
    let mut items = vec![object("ServiceAccount", "worker")];
    items.extend(bound("unused", false, rule("create", "pods/exec", &[]), LONG_AGO));
    let two_days = ["2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z"].map(|time| event("get", time, &on("pods")));
    assert_eq!(unused(at.path(), &items, &two_days), Vec::<String>::new());
}

#[test]
fn who_asks_as_another_uses_the_right_to_be_that_other_and_no_more() {
    let at = folder();
    let at = at.path();
    let mut items = vec![object("ServiceAccount", "worker")];
    items.extend(bound("as-people", true, rule("impersonate", "users", &[]), LONG_AGO));
    items.extend(bound("as-groups", true, rule("impersonate", "groups", &[]), LONG_AGO));
    items.extend(bound("as-accounts", true, rule("impersonate", "serviceaccounts", &[]), LONG_AGO));
    items.extend(bound("own-pods", true, rule("get", "pods", &[]), LONG_AGO));
    let mut as_bob = on("pods");
    as_bob["impersonatedUser"] = json!({"username": "bob", "groups": ["system:authenticated"]});
    let events = ["2026-06-01T00:00:00Z", "2026-11-20T00:00:00Z"].map(|time| event("get", time, &as_bob));
    assert_eq!(unused(at, &items, &events), ["as-accounts", "as-groups", "own-pods"]);
    as_bob["impersonatedUser"] = json!({"username": "system:serviceaccount:app:x", "groups": ["ops"]});
    let events = ["2026-06-01T00:00:00Z", "2026-11-20T00:00:00Z"].map(|time| event("get", time, &as_bob));
    assert_eq!(unused(at, &items, &events), ["as-people", "own-pods"]);
}

#[test]
fn paths_of_the_server_count_as_uses() {
    let at = folder();
    let at = at.path();
    let rules = json!([
        {"verbs": ["get"], "nonResourceURLs": ["/metrics", "/healthz/*"]},
        {"verbs": ["get"], "apiGroups": [""], "resources": ["nodes/metrics"]},
    ]);
    let mut items = vec![object("ServiceAccount", "worker")];
    items.extend(bound("scrape", true, rules, LONG_AGO));
    let asked = |path: &str| {
        let more = json!({"requestURI": path});
        let lines = ["2026-06-01T00:00:00Z", "2026-11-20T00:00:00Z"].map(|time| event("get", time, &more));
        unused(at, &items, &lines)
    };
    assert_eq!(asked("/metrics?x=1"), Vec::<String>::new());
    assert_eq!(asked("/version"), ["scrape"]);
}
