//! Rights that are worth more, or less, than they look: what a named role gives whoever may bind it, who may change who is
//! who, who may have certificates issued.

use std::path::Path;

use serde_json::{Value, json};

use crate::tree::{NOW, folder, run, write};

const RBAC: &str = "rbac.authorization.k8s.io";

fn rule(verbs: &str, group: &str, resources: &str, names: &[&str]) -> Value {
    let list = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
    json!({"verbs": list(verbs), "apiGroups": [group], "resources": list(resources), "resourceNames": names})
}

fn named(kind: &str, namespace: &str, name: &str) -> Value {
    let version = if kind.contains("Role") { "rbac.authorization.k8s.io/v1" } else { "v1" };
    let mut one = json!({"apiVersion": version, "kind": kind, "metadata": {
        "name": name, "uid": format!("{kind}-{name}"), "creationTimestamp": "2024-01-01T00:00:00Z"}});
    if !namespace.is_empty() {
        one["metadata"]["namespace"] = namespace.into();
    }
    one
}

/// A service account `app/NAME` with a ClusterRole of these rules, bound in the namespace or, without one, everywhere.
fn account(name: &str, namespace: &str, rules: &[Value]) -> Vec<Value> {
    let mut role = named("ClusterRole", "", name);
    role["rules"] = json!(rules);
    let mut binding = if namespace.is_empty() {
        named("ClusterRoleBinding", "", name)
    } else {
        named("RoleBinding", namespace, name)
    };
    binding["roleRef"] = json!({"apiGroup": RBAC, "kind": "ClusterRole", "name": name});
    binding["subjects"] = json!([{"kind": "ServiceAccount", "namespace": "app", "name": name}]);
    vec![named("ServiceAccount", "app", name), role, binding]
}

fn scan(at: &Path, items: &[Value]) -> Value {
    // What every cluster has, so that nothing is left open.
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "namespace": "web"},
        "spec": {"template": {"spec": {"serviceAccountName": "d"}}}});
    let mut base = account("d", "", &[]);
    base.extend(account("e", "web", &[]));
    let secret = named("Secret", "web", "s");
    let items: Vec<Value> = items.iter().cloned().chain(base).chain([deployment, secret]).collect();
    write(at, "k/all.json", json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string());
    let ran = run(at, &["scan", "--isolated", "--now", NOW, "--format", "json", "--kubernetes-export", "prod=k"]);
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}{}", ran.stdout, ran.stderr))
}

/// What is found of `app/NAME`, without what is found of everything here.
fn rules(scan: &Value, name: &str) -> Vec<String> {
    let findings = scan["findings"].as_array().expect("a list").iter();
    let about = findings.filter(|one| one["subject"] == format!("k8s:prod/app/sa/{name}"));
    let plain = ["service-account-unowned", "service-account-unused-privileged", "account-of-administrator-unused"];
    let rules = about.filter_map(|one| one["rule"].as_str()).filter(|rule| !plain.contains(rule));
    let mut rules: Vec<String> = rules.map(str::to_owned).collect();
    rules.sort();
    rules
}

#[test]
fn who_may_bind_a_named_role_has_what_it_gives() {
    let at = folder();
    let writes = |resources: &str| rule("create", RBAC, resources, &[]);
    let binds = |name: &str| rule("bind", RBAC, "clusterroles", &[name]);
    let mut items = Vec::new();
    let mut platform = named("ClusterRole", "", "platform-admin");
    platform["rules"] = json!([rule("*", "*", "*", &[])]);
    items.push(platform);
    items.extend(account("platform", "", &[binds("platform-admin"), writes("clusterrolebindings")]));
    items.extend(account("binder", "", &[binds("admin"), writes("clusterrolebindings")]));
    items.extend(account("viewer", "", &[binds("view"), writes("clusterrolebindings")]));
    items.extend(account("no-write", "", &[binds("platform-admin")]));
    items.extend(account("local", "quiet", &[binds("platform-admin"), writes("rolebindings")]));
    let told = scan(at.path(), &items);
    for (name, expected) in [
        ("platform", &["becomes-cluster-administrator", "escalates-roles"][..]),
        ("viewer", &[]),
        ("no-write", &[]),
        ("local", &["escalates-roles-of-namespace"]),
    ] {
        let found: Vec<String> = rules(&told, name).into_iter().filter(|one| one != "crosses-namespaces").collect();
        assert_eq!(found, expected, "{name}");
    }
    // `admin` holds no rule for everything, but the Secrets and accounts of all namespaces.
    let admin = rules(&told, "binder");
    assert!(admin.contains(&"reads-all-secrets".to_owned()), "{admin:?}");
    assert!(admin.contains(&"requests-tokens".to_owned()), "{admin:?}");
    let shown = run(at.path(), &["show", "app/platform", "--isolated", "--now", NOW, "--kubernetes-export", "prod=k"]);
    let told = shown.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("so it may give itself clusterrole platform-admin"), "{told}");
}

#[test]
fn verbs_that_lift_the_check_are_told_in_a_namespace_too() {
    let at = folder();
    let mut items = account("escalates", "quiet", &[rule("escalate,create,update", RBAC, "roles", &[])]);
    items.extend(account(
        "binds",
        "quiet",
        &[rule("bind", RBAC, "clusterroles", &[]), rule("create", RBAC, "rolebindings", &[])],
    ));
    items.extend(account("writes", "quiet", &[rule("create", RBAC, "rolebindings", &[])]));
    let told = scan(at.path(), &items);
    let has = |name: &str| rules(&told, name).contains(&"escalates-roles-of-namespace".to_owned());
    assert_eq!((has("escalates"), has("binds"), has("writes")), (true, true, false));
}

#[test]
fn who_is_who_can_be_changed_only_where_the_cluster_asks_a_config_map() {
    let at = folder();
    // The Role of the cluster autoscaler, as it is shipped.
    let autoscaler = [
        rule("create,list,watch", "", "configmaps", &[]),
        rule("delete,get,update,watch", "", "configmaps", &["cluster-autoscaler-status"]),
    ];
    let mut items = account("autoscaler", "kube-system", &autoscaler);
    items.extend(account("leader", "kube-system", &[rule("get,update", "", "configmaps", &[])]));
    items.extend(account("dns", "kube-system", &[rule("update", "", "configmaps", &["coredns"])]));
    let told = scan(at.path(), &items);
    let of = |told: &Value, name: &str| {
        rules(told, name).into_iter().filter(|one| one != "crosses-namespaces").collect::<Vec<_>>()
    };
    assert_eq!(of(&told, "autoscaler"), Vec::<String>::new());
    assert_eq!(of(&told, "leader"), ["writes-dns"]);
    assert_eq!(of(&told, "dns"), ["writes-dns"]);
    let mut map = named("ConfigMap", "kube-system", "aws-auth");
    map["data"] = json!({"mapRoles": "- rolearn: arn:aws:iam::111122223333:role/nodes\n  groups:\n  - system:nodes\n"});
    items.push(map);
    let told = scan(at.path(), &items);
    assert_eq!(of(&told, "autoscaler"), Vec::<String>::new());
    assert_eq!(of(&told, "dns"), ["writes-dns"]);
    assert_eq!(of(&told, "leader"), ["becomes-cluster-administrator", "writes-dns", "writes-login"]);
}

#[test]
fn who_can_make_no_request_approves_those_of_others() {
    let at = folder();
    const GROUP: &str = "certificates.k8s.io";
    let approves = [
        rule("update", GROUP, "certificatesigningrequests/approval", &[]),
        rule("approve", GROUP, "signers", &["kubernetes.io/kube-apiserver-client"]),
    ];
    let mut items = account("approver", "", &approves);
    let all: Vec<Value> =
        approves.iter().cloned().chain([rule("create,get", GROUP, "certificatesigningrequests", &[])]).collect();
    items.extend(account("issuer", "", &all));
    let signs = [rule("update", GROUP, "certificatesigningrequests/status", &[]), rule("sign", GROUP, "signers", &[])];
    items.extend(account("signer", "", &signs));
    let told = scan(at.path(), &items);
    assert_eq!(rules(&told, "approver"), ["approves-certificates"]);
    assert_eq!(rules(&told, "signer"), ["approves-certificates"]);
    assert_eq!(rules(&told, "issuer"), ["becomes-cluster-administrator", "issues-certificates"]);
}

#[test]
fn a_token_that_nobody_uses_is_as_grave_as_its_account() {
    let at = folder();
    let mut items = account("plain", "", &[rule("get", "", "pods", &[])]);
    items.extend(account("power", "", &[rule("*", "*", "*", &[])]));
    for name in ["plain", "power"] {
        let mut token = named("Secret", "app", &format!("{name}-token"));
        token["type"] = "kubernetes.io/service-account-token".into();
        token["metadata"]["annotations"] = json!({"kubernetes.io/service-account.name": name});
        token["metadata"]["labels"] = json!({"kubernetes.io/legacy-token-last-used": "2025-01-01"});
        items.push(token);
    }
    let told = scan(at.path(), &items);
    let of = |name: &str| {
        let findings = told["findings"].as_array().expect("a list").iter();
        let about = findings.filter(|one| one["subject"] == format!("k8s:prod/app/secret/{name}-token"));
        let unused = about.filter(|one| one["rule"].as_str().is_some_and(|rule| rule.contains("unused")));
        unused.map(|one| format!("{} {}", one["severity"], one["rule"]).replace('"', "")).collect::<Vec<_>>()
    };
    assert_eq!(of("plain"), ["medium token-unused"]);
    assert_eq!(of("power"), ["high token-of-administrator-unused"]);
    let account = |name: &str| {
        let findings = told["findings"].as_array().expect("a list").iter();
        let about = findings.filter(|one| one["subject"] == format!("k8s:prod/app/sa/{name}"));
        let unused = about.filter_map(|one| one["rule"].as_str()).filter(|rule| rule.contains("unused"));
        unused.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(account("plain"), ["service-account-unused-privileged"]);
    assert_eq!(account("power"), ["account-of-administrator-unused"]);
}

#[test]
fn a_connection_asked_for_with_get_enters_pods_before_1_35_alone() {
    let at = folder();
    let get = account("get", "", &[rule("get", "", "pods/exec,pods/portforward", &[])]);
    let items: Vec<Value> =
        get.into_iter().chain(account("post", "", &[rule("create", "", "pods/exec", &[])])).collect();
    let can = |scan: &Value, name: &str| {
        let id = format!("k8s:prod/app/sa/{name}");
        let all = scan["identities"].as_array().expect("identities");
        let one = all.iter().find(|one| one["id"] == id).unwrap_or_else(|| panic!("{id}"));
        let capabilities = one["capabilities"].as_array().cloned().unwrap_or_default();
        let told = |kind: &str| {
            let found = capabilities.iter().find(|one| one["kind"] == kind)?;
            Some(found["conditional"] == true)
        };
        (told("kubernetes.enter-pods"), told("kubernetes.reach-ports"))
    };
    let version = |text: &str| write(at.path(), "k/version.json", text);
    let told = scan(at.path(), &items);
    assert_eq!(can(&told, "get"), (Some(true), Some(true)), "nobody knows how old the server is");
    assert_eq!(can(&told, "post").0, Some(false));
    version(
        r#"{"clientVersion": {"gitVersion": "v1.36.0"}, "serverVersion": {"major": "1", "gitVersion": "v1.34.3-eks-1"}}"#,
    );
    assert_eq!(can(&scan(at.path(), &items), "get"), (Some(false), Some(false)));
    version(r#"{"major": "1", "minor": "35", "gitVersion": "v1.35.0", "platform": "linux/amd64"}"#);
    let told = scan(at.path(), &items);
    assert_eq!(can(&told, "get"), (None, None));
    assert_eq!(can(&told, "post").0, Some(false));
    // The static pod of an API server says it as well, and whether it does as its version does.
    std::fs::remove_file(at.path().join("k/version.json")).expect("it is there");
    let server = |more: &str| {
        let mut pod = named("Pod", "kube-system", "kube-apiserver-a");
        pod["spec"] = json!({"containers": [{"name": "kube-apiserver", "image": "registry.k8s.io/kube-apiserver:v1.36.2",
            "command": ["kube-apiserver", more]}]});
        items.iter().cloned().chain([pod]).collect::<Vec<_>>()
    };
    assert_eq!(can(&scan(at.path(), &server("--v=2")), "get").0, None);
    let off = "--feature-gates=AuthorizePodWebsocketUpgradeCreatePermission=false";
    assert_eq!(can(&scan(at.path(), &server(off)), "get").0, Some(true));
}

#[test]
fn parts_of_an_operator_may_have_it_act_by_its_own_role_alone() {
    let at = folder();
    let part = |name: &str, role: &str, image: &str, group: &str| {
        let mut items = account(name, "", &[rule("create,update,patch,get", group, "*", &[])]);
        items[1]["metadata"]["name"] = role.into();
        items[2]["roleRef"]["name"] = role.into();
        let mut deployment =
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "app"}});
        deployment["spec"] =
            json!({"template": {"spec": {"serviceAccountName": name, "containers": [{"name": "c", "image": image}]}}});
        items.push(deployment);
        items
    };
    let (image, flux) = ("ghcr.io/fluxcd/notification-controller:v1.7.0", "kustomize.toolkit.fluxcd.io");
    let tekton = "ghcr.io/tektoncd/pipeline/controller-10a3e32792f33651396d02b6855a6e36:v1.9.0@sha256:44d0";
    let items = [
        part("notes", "crd-controller-flux", image, flux),
        part("more", "write-kustomizations", image, flux),
        part("mine", "crd-controller-mine", "ghcr.io/mine/notification-controller:v1", flux),
        part("sets", "argocd-applicationset-controller", "quay.io/argoproj/argocd:v3.2.0", "argoproj.io"),
        part("sets-mine", "write-applications", "quay.io/argoproj/argocd:v3.2.0", "argoproj.io"),
        part("flows", "argo-cluster-role", "quay.io/argoproj/workflow-controller:v3.7.0", "argoproj.io"),
        part("flows-mine", "shop-argo-workflows-server", "mine/argocli:1", "argoproj.io"),
        part("runs", "tekton-pipelines-controller-cluster-access", tekton, "tekton.dev"),
        part("runs-mine", "tekton-triggers-mine", tekton, "tekton.dev"),
        part("rules", "kyverno:admission-controller", "ghcr.io/kyverno/kyverno:v1.16.0", "kyverno.io"),
        part("rules-mine", "kyverno:admission", "ghcr.io/kyverno/kyverno:v1.16.0", "kyverno.io"),
    ];
    let told = scan(at.path(), &items.concat());
    let is_told = |name: &str| rules(&told, name).contains(&"uses-deputies".to_owned());
    assert!(!is_told("notes"), "Flux as it comes");
    assert!(is_told("more"), "another role than Flux's own");
    assert!(is_told("mine"), "no part of Flux");
    for own in ["sets", "flows", "runs", "rules"] {
        assert!(!is_told(own), "{own}: the operator as it comes");
    }
    for other in ["sets-mine", "flows-mine", "runs-mine", "rules-mine"] {
        assert!(is_told(other), "{other}");
    }
}

#[test]
fn rights_in_production_for_an_account_of_a_lower_environment_are_told_graver() {
    let at = folder();
    let namespace = |name: &str, labels: Value| {
        let mut one = named("Namespace", "", name);
        one["metadata"]["labels"] = labels;
        one
    };
    let scanned = |home: Value, there: Value| {
        let mut role = named("Role", "shop", "r");
        role["rules"] = json!([rule("get", "", "secrets", &[])]);
        let mut binding = named("RoleBinding", "shop", "b");
        binding["roleRef"] = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"});
        binding["subjects"] = json!([{"kind": "ServiceAccount", "namespace": "tools", "name": "x"}]);
        let account = named("ServiceAccount", "tools", "x");
        scan(at.path(), &[account, role, binding, namespace("tools", home), namespace("shop", there)])
    };
    let told = |scan: &Value, rule: &str| {
        let all = scan["findings"].as_array().expect("a list");
        all.iter().filter(|one| one["rule"] == rule).map(|one| one["severity"].clone()).collect::<Vec<_>>()
    };
    let below = scanned(json!({"environment": "development"}), json!({"environment": "production"}));
    assert_eq!(told(&below, "production-namespace-from-below"), ["high"]);
    assert_eq!(told(&below, "crosses-namespaces"), Vec::<Value>::new());
    for (home, there) in [
        (json!({"env": "prod"}), json!({"env": "prod"})),
        (json!({"env": "prod"}), json!({"env": "dev"})),
        (json!({}), json!({"env": "prod"})),
    ] {
        let scan = scanned(home.clone(), there.clone());
        assert_eq!(told(&scan, "production-namespace-from-below"), Vec::<Value>::new(), "{home} {there}");
        assert_eq!(told(&scan, "crosses-namespaces"), ["medium"], "{home} {there}");
    }
}
