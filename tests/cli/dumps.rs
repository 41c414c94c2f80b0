//! Dumps of clusters: what is not in them is said, and what lies in Secrets is told where their values may be read.

use std::path::Path;

use base64::Engine;
use serde_json::{Value, json};

use crate::tree::{NOW, folder, run, write};

const RBAC: &str = "rbac.authorization.k8s.io/v1";

fn object(version: &str, kind: &str, namespace: &str, name: &str) -> Value {
    let mut one = json!({"apiVersion": version, "kind": kind, "metadata": {
        "name": name, "uid": format!("uid-{kind}-{name}"), "creationTimestamp": "2024-01-01T00:00:00Z"}});
    if !namespace.is_empty() {
        one["metadata"]["namespace"] = namespace.into();
    }
    one
}

/// What every cluster has.
fn base() -> Vec<Value> {
    let mut binding = object(RBAC, "ClusterRoleBinding", "", "b");
    binding["roleRef"] = json!({"kind": "ClusterRole", "name": "cluster-admin"});
    binding["subjects"] = json!([{"kind": "ServiceAccount", "name": "root", "namespace": "app"}]);
    let mut role = object(RBAC, "ClusterRole", "", "cluster-admin");
    role["rules"] = json!([{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]);
    let mut local = object(RBAC, "RoleBinding", "app", "b");
    local["roleRef"] = json!({"kind": "ClusterRole", "name": "cluster-admin"});
    let mut deployment = object("apps/v1", "Deployment", "app", "d");
    deployment["spec"] = json!({"template": {"spec": {"serviceAccountName": "root"}}});
    let mut secret = object("v1", "Secret", "app", "s");
    secret["type"] = "Opaque".into();
    let account = |name: &str| object("v1", "ServiceAccount", "app", name);
    vec![account("root"), account("idle"), binding, role, local, deployment, secret]
}

fn list(at: &Path, items: &[Value]) {
    write(at, "k/all.json", json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string());
}

fn scan(at: &Path, more: &[&str]) -> Value {
    let command = ["scan", "--isolated", "--now", NOW, "--format", "json", "--kubernetes-export", "prod=k"];
    let ran = run(at, &command.iter().chain(more).copied().collect::<Vec<_>>());
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}{}", ran.stdout, ran.stderr))
}

fn found(scan: &Value, rule: &str) -> Vec<String> {
    let findings = scan["findings"].as_array().expect("a list").iter().filter(|one| one["rule"] == rule);
    findings.filter_map(|one| one["subject"].as_str().map(str::to_owned)).collect()
}

fn custom(scan: &Value) -> Option<&Value> {
    scan["coverage"].as_array().expect("a list").iter().find(|one| one["what"] == "custom resources")
}

#[test]
fn a_dump_without_the_custom_resources_of_its_operators_has_a_hole() {
    let at = folder();
    let orphans = |told: &Value| found(told, "service-account-orphaned").len();
    list(at.path(), &base());
    let told = scan(at.path(), &[]);
    // Nothing says that there are any: one word of coverage, and the orphan is told.
    let entry = custom(&told).expect("there is a word");
    assert_eq!((entry["outcome"].as_str(), orphans(&told)), (Some("not-read"), 1));
    assert!(entry["remedy"].as_str().is_some_and(|text| text.contains("permissions kubernetes --plan")), "{entry}");
    assert_eq!(told["summary"]["incomplete"], false);
    let mut role = object(RBAC, "ClusterRole", "", "argo");
    role["rules"] = json!([{"verbs": ["*"], "apiGroups": ["argoproj.io"], "resources": ["workflows"]}]);
    let items: Vec<Value> = base().into_iter().chain([role.clone()]).collect();
    list(at.path(), &items);
    let told = scan(at.path(), &[]);
    assert_eq!((orphans(&told), &told["summary"]["incomplete"]), (0, &json!(true)));
    assert!(custom(&told).expect("a hole")["detail"].as_str().is_some_and(|text| text.contains("argoproj.io")));
    // Definitions say which there are.
    let widgets = object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "widgets.acme.example.com");
    let items: Vec<Value> = base().into_iter().chain([role, widgets]).collect();
    list(at.path(), &items);
    let told = scan(at.path(), &[]);
    assert_eq!((orphans(&told), &told["summary"]["incomplete"]), (1, &json!(false)));
    let workflows = object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "workflows.argoproj.io");
    let items: Vec<Value> = base().into_iter().chain([workflows.clone()]).collect();
    list(at.path(), &items);
    assert_eq!(scan(at.path(), &[])["summary"]["incomplete"], true);
    // With their objects there is nothing to say.
    let mut workflow = object("argoproj.io/v1alpha1", "Workflow", "app", "w");
    workflow["spec"] = json!({"serviceAccountName": "idle"});
    let items: Vec<Value> = base().into_iter().chain([workflows, workflow]).collect();
    list(at.path(), &items);
    let told = scan(at.path(), &[]);
    assert_eq!((orphans(&told), custom(&told)), (0, None));
}

#[test]
fn a_refused_list_among_the_documents_of_a_dump_is_a_hole() {
    let at = folder();
    list(at.path(), &base());
    let refused =
        json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403});
    let text = std::fs::read_to_string(at.path().join("k/all.json")).expect("it is there");
    write(at.path(), "k/all.json", format!("{text}\n{refused}\n"));
    let told = scan(at.path(), &[]);
    assert_eq!(told["summary"]["incomplete"], true);
    let holes = told["coverage"].as_array().expect("a list").iter().filter(|one| one["outcome"] == "refused");
    let details: Vec<&str> = holes.filter_map(|one| one["detail"].as_str()).collect();
    assert!(details[0].contains("k/all.json: the object at position 8"), "{details:?}");
}

#[test]
fn the_printed_commands_dump_all_that_is_read() {
    let ran = run(folder().path(), &["permissions", "kubernetes", "--plan"]);
    for wanted in [
        "customresourcedefinitions",
        "jq 'del(.items[]?.data)'",
        "mutatingadmissionpolicies",
        "[.]io|",
        "serving[.]knative[.]dev",
    ] {
        assert!(ran.stdout.contains(wanted), "{wanted}: {}", ran.stdout);
    }
}

/// Claims of a service account's token; the signature is no signature.
fn token(uid: &str) -> String {
    let encode = |text: String| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    let claims = json!({"iss": "kubernetes/serviceaccount", "kubernetes.io/serviceaccount/namespace": "app",
        "kubernetes.io/serviceaccount/service-account.name": "root",
        "kubernetes.io/serviceaccount/service-account.uid": uid, "sub": "system:serviceaccount:app:root"});
    let header = json!({"alg": "RS256", "kid": "k"}).to_string();
    format!("{}.{}.{}", encode(header), encode(claims.to_string()), encode("no signature of anybody".repeat(12)))
}

#[test]
fn a_kubeconfig_in_a_secret_is_told_and_leads_to_whose_token_it_has() {
    let at = folder();
    let config = format!(
        "apiVersion: v1\nkind: Config\nclusters:\n- name: c\n  cluster: {{server: \"https://192.0.2.4:6443\"}}\nusers:\n- \
         name: u\n  user:\n    token: {}\n",
        token("uid-ServiceAccount-root")
    );
    let mut items = base();
    let mut secret = object("v1", "Secret", "app", "ci");
    secret["type"] = "Opaque".into();
    secret["data"] = json!({"kubeconfig": base64::engine::general_purpose::STANDARD.encode(config)});
    items.push(secret);
    list(at.path(), &items);
    assert_eq!(found(&scan(at.path(), &[]), "kubeconfig-in-object"), Vec::<String>::new(), "values are not read");
    let told = scan(at.path(), &["--kubernetes-secret-values"]);
    assert_eq!(found(&told, "kubeconfig-in-object"), ["k8s:prod/app/secret/ci"]);
    let command = ["path", "app/secret/ci", "app/root", "--isolated", "--now", NOW, "--kubernetes-export", "prod=k"];
    let ran = run(at.path(), &command.iter().chain(&["--kubernetes-secret-values"]).copied().collect::<Vec<_>>());
    assert!(ran.stdout.contains("is the value of") && ran.stdout.contains("app/root"), "{}{}", ran.stdout, ran.stderr);
}
