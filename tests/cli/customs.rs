//! Service accounts that custom resources and charts name: in use, in which namespace, owned by whom.

use serde_json::{Value, json};

use crate::tree::{NOW, folder, run, write};

fn json_of(at: &std::path::Path, arguments: &[&str]) -> Value {
    let whole: Vec<&str> = arguments.iter().copied().chain(["--isolated", "--now", NOW, "--format", "json"]).collect();
    let ran = run(at, &whole);
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}{}", ran.stdout, ran.stderr))
}

fn found(scan: &Value, rule: &str) -> Vec<String> {
    let findings = scan["findings"].as_array().expect("a list").iter().filter(|one| one["rule"] == rule);
    let mut all: Vec<String> = findings.filter_map(|one| one["subject"].as_str().map(str::to_owned)).collect();
    all.sort();
    all
}

/// Every cluster has some binding, roles, Secrets and something that makes pods.
fn base() -> Vec<Value> {
    let mut all = Vec::new();
    all.push(
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "view"}}),
    );
    all.push(
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "b"},
        "roleRef": {"kind": "ClusterRole", "name": "view"}, "subjects": [{"kind": "User", "name": "jana"}]}),
    );
    all.push(json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": "b", "namespace": "web"}, "roleRef": {"kind": "ClusterRole", "name": "view"},
        "subjects": [{"kind": "User", "name": "jana"}]}));
    all.push(json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "namespace": "web"},
        "spec": {"template": {"spec": {}}}}));
    all.push(
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "web"}, "type": "Opaque"}),
    );
    all
}

#[test]
fn accounts_that_custom_resources_name_are_in_use() {
    let at = folder();
    let at = at.path();
    let old = "2024-01-01T00:00:00Z";
    let account = |name: &str| {
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {
            "name": name, "namespace": "app", "uid": name, "creationTimestamp": old}})
    };
    let custom = |version: &str, kind: &str, namespace: &str, spec: Value| {
        let mut one =
            json!({"apiVersion": version, "kind": kind, "metadata": {"name": "x", "uid": kind}, "spec": spec});
        if !namespace.is_empty() {
            one["metadata"]["namespace"] = namespace.into();
        }
        one
    };
    let names = ["sensor", "project", "store", "extension", "provider", "template", "nobody"];
    let mut items: Vec<Value> = names.iter().map(|name| account(name)).collect();
    items.push(custom("argoproj.io/v1alpha1", "Sensor", "app", json!({"template": {"serviceAccountName": "sensor"}})));
    items.push(custom(
        "argoproj.io/v1alpha1",
        "AppProject",
        "argocd",
        json!({"destinationServiceAccounts": [{"namespace": "app", "server": "x", "defaultServiceAccount": "project"}]}),
    ));
    items.push(custom(
        "external-secrets.io/v1",
        "ClusterSecretStore",
        "",
        json!({"provider": {"aws": {"auth": {"jwt": {"serviceAccountRef": {"name": "store", "namespace": "app"}}}}}}),
    ));
    items.push(custom(
        "olm.operatorframework.io/v1",
        "ClusterExtension",
        "",
        json!({"namespace": "app", "serviceAccount": {"name": "extension"}}),
    ));
    items.push(custom(
        "pkg.crossplane.io/v1beta1",
        "DeploymentRuntimeConfig",
        "",
        json!({"serviceAccountTemplate": {"metadata": {"name": "provider", "namespace": "app"}}}),
    ));
    let mut template = custom("v1", "PodTemplate", "app", json!({}));
    template["template"] =
        json!({"spec": {"serviceAccountName": "template", "containers": [{"name": "a", "image": "b"}]}});
    items.push(template);
    items.extend(base());
    write(at, "k/all.json", json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string());
    let scan = json_of(at, &["scan", "--kubernetes-export", "prod=k"]);
    assert_eq!(found(&scan, "service-account-orphaned"), ["k8s:prod/app/sa/nobody"]);
    assert_eq!(found(&scan, "workload-account-missing"), ["k8s:prod/web/deploy/d"]);
}

#[test]
fn a_chart_that_names_its_release_s_namespace_binds_its_own_account() {
    let at = folder();
    let at = at.path();
    write(at, "repo/chart/Chart.yaml", "apiVersion: v2\nname: c\nversion: 0.1.0\n");
    let chart = "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: {{ include \"c.serviceAccountName\" . }}\n---\n\
                 apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata:\n  name: {{ include \
                 \"c.fullname\" . }}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: \
                 cluster-admin}\nsubjects:\n  - kind: ServiceAccount\n    name: {{ include \"c.serviceAccountName\" . \
                 }}\n    namespace: {{ .Release.Namespace | quote }}\n";
    write(at, "repo/chart/templates/rbac.yaml", chart);
    let scan = json_of(at, &["scan", "repo"]);
    let told = found(&scan, "cluster-administrator");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].ends_with("/default/sa/helm-c-serviceaccountname"), "{told:?}");
}

#[test]
fn the_owner_of_a_manifest_s_file_owns_its_account_here_and_in_the_cluster() {
    let at = folder();
    let at = at.path();
    write(at, "repo/.github/CODEOWNERS", "* @acme/platform\n/deploy/ @acme/shop\n");
    let account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web, namespace: shop}\n";
    write(at, "repo/deploy/web.yaml", account);
    let read = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "web", "namespace": "shop",
        "uid": "1", "creationTimestamp": "2024-01-01T00:00:00Z"}});
    write(at, "k/all.json", json!({"apiVersion": "v1", "kind": "List", "items": [read]}).to_string());
    let scan = json_of(at, &["scan", "repo", "--kubernetes-export", "prod=k"]);
    let identities = scan["identities"].as_array().expect("a list").iter();
    let owners: Vec<String> = identities
        .filter(|one| one["name"] == "shop/web")
        .map(|one| format!("{} {}", one["owner"]["name"], one["owner"]["source"]).replace('"', ""))
        .collect();
    assert_eq!(owners.len(), 2, "{owners:?}");
    assert!(owners.iter().all(|one| one.starts_with("acme/shop CODEOWNERS of ")), "{owners:?}");
}

#[test]
fn what_a_kustomization_names_and_nobody_has_is_a_hole() {
    let at = folder();
    let at = at.path();
    let account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web, namespace: shop}\n";
    write(at, "repo/o/web.yaml", account);
    let incomplete = |resources: &str| {
        write(at, "repo/o/kustomization.yaml", format!("resources: [{resources}]\n"));
        let scan = json_of(at, &["scan", "repo"]);
        let holes = scan["coverage"].as_array().expect("a list").iter();
        let details =
            holes.filter(|one| one["what"] == "changes of Kustomize").filter_map(|one| one["detail"].as_str());
        details.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(incomplete("web.yaml"), Vec::<String>::new());
    for remote in
        ["\"https://github.com/argoproj/argo-cd/manifests/cluster-install?ref=v2\"", "nope.yaml", "../../outside"]
    {
        let told = incomplete(&format!("web.yaml, {remote}"));
        assert_eq!(told.len(), 1, "{remote}");
        assert!(told[0].contains(remote.trim_matches('"')) && told[0].contains("which is not here"), "{told:?}");
    }
}

#[test]
fn a_manifest_with_a_broken_document_is_a_hole() {
    let at = folder();
    let at = at.path();
    let good = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web, namespace: shop}\n";
    write(at, "repo/a.yaml", format!("{good}---\nkind: ServiceAccount\napiVersion: v1\nmetadata: {{name: [x\n"));
    let ran = run(at, &["scan", "repo", "--isolated", "--now", NOW, "--format", "json"]);
    assert_eq!(ran.code, 3, "{}{}", ran.stdout, ran.stderr);
    let scan: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let broken = scan["coverage"].as_array().expect("a list").iter().find(|one| one["outcome"] == "partial");
    assert!(broken.is_some_and(|one| one["what"].as_str().is_some_and(|what| what.starts_with("a.yaml:"))), "{scan}");
}

#[test]
fn several_lines_in_a_field_of_a_custom_resource_are_searched_line_by_line() {
    let at = folder();
    let at = at.path();
    let values = "replicas: 2\ndatabase:\n  url: postgres://shop:Xk29fLq8rTz@db.shop.internal/x\n";
    let long = format!("{} postgres://shop:Yk38gMr9sUa@db.shop.internal/y", "a".repeat(400));
    let mut items = base();
    let custom = |version: &str, kind: &str, namespace: &str, spec: Value| json!({"apiVersion": version, "kind": kind, "metadata": {"name": "c", "namespace": namespace}, "spec": spec});
    items.push(custom(
        "argoproj.io/v1alpha1",
        "Application",
        "argocd",
        json!({"source": {"helm": {"values": values}}}),
    ));
    items.push(custom("acme.example.com/v1", "Thing", "app", json!({"settings": {"dsn": long}})));
    items.push(custom("acme.example.com/v1", "Other", "app", json!({"settings": {"text": "one\ntwo\nthree"}})));
    write(at, "k/all.json", json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string());
    let told = found(&json_of(at, &["scan", "--kubernetes-export", "prod=k"]), "leaked-secret");
    let places: Vec<&str> = told.iter().filter_map(|one| one.split("/kubernetes/").nth(1)).collect();
    assert_eq!(places.len(), 2, "{told:?}");
    assert!(places.iter().any(|one| one.starts_with("prod/argocd/application/")), "{told:?}");
    assert!(places.iter().any(|one| one.starts_with("prod/app/thing/")), "{told:?}");
    assert!(!json_of(at, &["scan", "--kubernetes-export", "prod=k"]).to_string().contains("Xk29fLq8rTz"));
}
