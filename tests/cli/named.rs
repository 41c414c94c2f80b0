//! Whoever has rights is judged, also where only a binding names it; what platforms make for themselves is quiet as long as it
//! is as they make it; groups give their members what they have.

use std::path::Path;

use serde_json::{Value, json};

use crate::tree::{NOW, folder, run, write};

const RBAC: &str = "rbac.authorization.k8s.io";

fn object(kind: &str, namespace: &str, name: &str) -> Value {
    let version = match kind {
        "ClusterRole" | "ClusterRoleBinding" | "Role" | "RoleBinding" => "rbac.authorization.k8s.io/v1",
        "Deployment" => "apps/v1",
        "ValidatingWebhookConfiguration" => "admissionregistration.k8s.io/v1",
        _ => "v1",
    };
    let mut metadata =
        json!({"name": name, "creationTimestamp": "2024-01-01T00:00:00Z", "uid": format!("{kind}-{namespace}-{name}")});
    if !namespace.is_empty() {
        metadata["namespace"] = namespace.into();
    }
    json!({"apiVersion": version, "kind": kind, "metadata": metadata})
}

fn account(namespace: &str, name: &str) -> Value {
    json!({"kind": "ServiceAccount", "namespace": namespace, "name": name})
}

fn other(kind: &str, name: &str) -> Value {
    json!({"kind": kind, "name": name, "apiGroup": RBAC})
}

fn bound(name: &str, role: &str, subject: Value) -> Value {
    let mut binding = object("ClusterRoleBinding", "", name);
    binding["roleRef"] = json!({"apiGroup": RBAC, "kind": "ClusterRole", "name": role});
    binding["subjects"] = json!([subject]);
    binding
}

fn role(name: &str, rules: Value) -> Value {
    let mut role = object("ClusterRole", "", name);
    role["rules"] = rules;
    role
}

fn pod(namespace: &str, name: &str, account: &str) -> Value {
    let mut pod = object("Pod", namespace, name);
    pod["spec"] = json!({"serviceAccountName": account, "nodeName": "n1", "containers": [{"name": "c", "image": "x"}]});
    pod
}

/// The kinds of which a cluster has a list, by their group and version.
const LISTED: [(&str, &str); 6] = [
    ("v1", "ServiceAccount Secret Pod Namespace ConfigMap ReplicationController"),
    ("apps/v1", "Deployment ReplicaSet StatefulSet DaemonSet"),
    ("batch/v1", "Job CronJob"),
    ("rbac.authorization.k8s.io/v1", "Role ClusterRole RoleBinding ClusterRoleBinding"),
    ("certificates.k8s.io/v1", "CertificateSigningRequest"),
    (
        "admissionregistration.k8s.io/v1",
        "ValidatingWebhookConfiguration MutatingWebhookConfiguration ValidatingAdmissionPolicy MutatingAdmissionPolicy",
    ),
];

/// A dump of these objects in which every list is there but for those of the kinds `without`.
fn scan_without(at: &Path, without: &str, objects: &[Value]) -> Value {
    for (version, kinds) in LISTED {
        for kind in kinds.split(' ').filter(|kind| *kind != without) {
            let list = json!({"apiVersion": version, "kind": format!("{kind}List"), "items": []});
            write(at, &format!("dump/{kind}.json"), list.to_string());
        }
    }
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    write(at, "dump/all.json", list.to_string());
    let ran = run(at, &["scan", "--isolated", "--kubernetes-export", "prod=dump", "--now", NOW, "--format", "json"]);
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}{}", ran.stdout, ran.stderr))
}

fn scan(at: &Path, objects: &[Value]) -> Value {
    scan_without(at, "", objects)
}

fn subjects(scan: &Value, rule: &str) -> Vec<String> {
    let findings = scan["findings"].as_array().expect("a list").iter().filter(|one| one["rule"] == rule);
    findings.filter_map(|one| one["subject"].as_str().map(str::to_owned)).collect()
}

fn identity<'s>(scan: &'s Value, name: &str) -> &'s Value {
    let all = scan["identities"].as_array().expect("a list");
    all.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("{name}: {all:#?}"))
}

fn unasked(scan: &Value) -> Vec<&str> {
    scan["not_evaluated"].as_array().expect("a list").iter().filter_map(|one| one["rule"].as_str()).collect()
}

#[test]
fn a_service_account_that_only_a_binding_names_is_judged_where_the_accounts_were_not_read() {
    let at = folder();
    let objects = [bound("b", "cluster-admin", account("app", "b")), pod("app", "p", "runner")];
    let told = scan_without(at.path(), "ServiceAccount", &objects);
    assert_eq!(subjects(&told, "cluster-administrator"), ["k8s:prod/app/sa/b"]);
    assert_eq!(identity(&told, "app/runner")["kind"], "kubernetes.service-account");
    assert!(identity(&told, "app/b")["enabled"]["unknown"].as_str().is_some_and(|why| why.contains("was not read")));
    // Nobody knows whether it is there, nor who answers for it.
    for rule in ["rights-waiting-for-an-account", "workload-account-missing", "service-account-unowned"] {
        assert_eq!(subjects(&told, rule), Vec::<String>::new());
        assert!(unasked(&told).contains(&rule), "{rule}: {:?}", unasked(&told));
    }
    // Where all accounts were read, it is not there, and that is what is told.
    let some = object("ServiceAccount", "app", "other");
    let told = scan(at.path(), &[some, bound("b", "cluster-admin", account("app", "b"))]);
    assert_eq!(subjects(&told, "cluster-administrator"), Vec::<String>::new());
    assert_eq!(subjects(&told, "rights-waiting-for-an-account"), ["k8s:prod//clusterrolebinding/b#sa/app/b"]);
}

#[test]
fn a_tree_that_binds_an_account_of_elsewhere_gives_it_the_rights() {
    let at = folder();
    let manifest = |subject: &str| {
        format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {{name: b}}\nroleRef: {{apiGroup: {RBAC}, \
             kind: ClusterRole, name: cluster-admin}}\nsubjects:\n- {{kind: ServiceAccount, name: {subject}, namespace: default}}\n"
        )
    };
    write(at.path(), "tree/b.yaml", manifest("default"));
    let ran = run(at.path(), &["scan", "tree", "--isolated", "--now", NOW, "--format", "json"]);
    let told: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let who = ["k8s:tree (manifests)/default/sa/default"];
    assert_eq!(subjects(&told, "cluster-administrator"), who);
    assert_eq!(subjects(&told, "default-account-bound"), who);
}

#[test]
fn what_a_platform_makes_is_quiet_until_it_is_not_as_it_makes_it() {
    let at = folder();
    let sa = |name: &str| object("ServiceAccount", "kube-system", name);
    let nodes = json!([{"verbs": ["patch", "update"], "apiGroups": [""], "resources": ["nodes"]}]);
    let platform = |rules: Value| {
        vec![
            bound("eks:addon-cluster-admin", "cluster-admin", other("User", "eks:addon-manager")),
            bound("kubeadm:cluster-admins", "cluster-admin", other("Group", "kubeadm:cluster-admins")),
            role("eks:tagging-controller", rules),
            bound("eks:tagging-controller", "eks:tagging-controller", account("kube-system", "tagging-controller")),
            sa("tagging-controller"),
            sa("aws-cloud-provider"),
        ]
    };
    let quiet = scan(at.path(), &platform(nodes.clone()));
    assert_eq!(quiet["findings"], json!([]), "{:#}", quiet["findings"]);
    assert_eq!(identity(&quiet, "eks:addon-manager")["builtin"], true);
    // One binding more, another subject, a role that gives more.
    let mut drifted = platform(json!([{"verbs": ["get", "list"], "apiGroups": [""], "resources": ["secrets"]}]));
    drifted.push(bound("extra", "cluster-admin", other("User", "eks:addon-manager")));
    drifted.push(bound("eks:mine", "cluster-admin", account("kube-system", "aws-cloud-provider")));
    let told = scan(at.path(), &drifted);
    assert_eq!(
        subjects(&told, "cluster-administrator"),
        ["k8s:prod//user/eks:addon-manager", "k8s:prod/kube-system/sa/aws-cloud-provider"]
    );
    assert_eq!(subjects(&told, "reads-all-secrets"), ["k8s:prod/kube-system/sa/tagging-controller"]);
}

/// What EKS, GKE, AKS and kubeadm make, with the rules that their sources give these roles, and the same but for one name.
#[test]
fn bindings_of_managed_clusters_are_quiet_by_their_exact_names_alone() {
    let at = folder();
    let rule = |verbs: &[&str], resources: &[&str]| json!({"verbs": verbs, "apiGroups": [""], "resources": resources});
    let nodes = json!([rule(&["list", "watch", "get"], &["pods", "namespaces"]), rule(&["get", "update"], &["nodes"])]);
    let kubelets = json!([rule(&["*"], &["nodes/proxy", "nodes/log", "nodes/stats", "nodes/metrics", "nodes/spec"])]);
    let vpc = json!([rule(&["get", "list", "patch", "watch"], &["pods"]), rule(&["get", "patch"], &["nodes/status"])]);
    let own = vec![
        bound("eks:addon-cluster-admin", "cluster-admin", other("User", "eks:addon-manager")),
        role("aws-node", nodes.clone()),
        bound("aws-node", "aws-node", account("kube-system", "aws-node")),
        role("vpc-resource-controller-role", vpc),
        bound(
            "vpc-resource-controller-rolebinding",
            "vpc-resource-controller-role",
            account("kube-system", "eks-vpc-resource-controller"),
        ),
        bound("aks-cluster-admin-binding", "cluster-admin", other("User", "clusterAdmin")),
        bound("aks-cluster-admin-binding-2", "cluster-admin", other("User", "clusterOther")),
        role("kubelet-api-admin", kubelets),
        bound("kube-apiserver-kubelet-api-admin", "kubelet-api-admin", other("User", "kube-apiserver")),
        bound("storage-version-migration-migrator-v2", "cluster-admin", other("User", "system:storageversionmigrator")),
        bound("kubeadm:cluster-admins", "cluster-admin", other("Group", "kubeadm:cluster-admins")),
        object("ServiceAccount", "kube-system", "aws-node"),
        object("ServiceAccount", "kube-system", "eks-vpc-resource-controller"),
        pod("kube-system", "aws-node-1", "aws-node"),
    ];
    let told = scan(at.path(), &own);
    assert_eq!(subjects(&told, "cluster-administrator"), ["k8s:prod//user/clusterOther"]);
    for quiet in ["enters-pods", "writes-nodes", "reaches-kubelets", "takes-nodes"] {
        assert_eq!(subjects(&told, quiet), Vec::<String>::new(), "{quiet}");
    }
    for known in ["kube-apiserver", "clusterAdmin", "kube-system/aws-node"] {
        assert_eq!(identity(&told, known)["builtin"], true, "{known}");
    }
    // A name of theirs with another subject, a name that only begins so, a role that gives more.
    let strangers = [
        bound("eks:mine", "cluster-admin", other("User", "eks:mine")),
        bound("aks-service-rolebinding", "cluster-admin", other("User", "aks-support")),
        bound("uas-hpa-mine", "cluster-admin", account("kube-system", "horizontal-pod-autoscaler-of-mine")),
        bound("kube-apiserver-kubelet-client", "cluster-admin", other("User", "kube-apiserver-kubelet-client")),
        role("aws-node", json!([rule(&["get", "list"], &["secrets"])])),
        bound("aws-node", "aws-node", account("kube-system", "aws-node")),
        object("ServiceAccount", "kube-system", "aws-node"),
        object("ServiceAccount", "kube-system", "horizontal-pod-autoscaler-of-mine"),
    ];
    let told = scan(at.path(), &strangers);
    assert_eq!(
        subjects(&told, "cluster-administrator"),
        [
            "k8s:prod//user/aks-support",
            "k8s:prod//user/eks:mine",
            "k8s:prod//user/kube-apiserver-kubelet-client",
            "k8s:prod/kube-system/sa/horizontal-pod-autoscaler-of-mine"
        ]
    );
    assert_eq!(subjects(&told, "reads-all-secrets"), ["k8s:prod/kube-system/sa/aws-node"]);
}

#[test]
fn who_acts_as_a_node_has_what_runs_on_it() {
    let at = folder();
    let acts = |names: &[&str], groups: &[&str]| {
        json!([{"verbs": ["impersonate"], "apiGroups": [""], "resources": ["users"], "resourceNames": names},
            {"verbs": ["impersonate"], "apiGroups": [""], "resources": ["groups"], "resourceNames": groups}])
    };
    let objects = |rules: Value| {
        vec![
            object("ServiceAccount", "app", "who"),
            object("ServiceAccount", "sys", "adm"),
            bound("adm", "cluster-admin", account("sys", "adm")),
            pod("sys", "p", "adm"),
            role("acts", rules),
            bound("acts", "acts", account("app", "who")),
        ]
    };
    let told = scan(at.path(), &objects(acts(&["system:node:n1"], &["system:nodes"])));
    assert_eq!(subjects(&told, "becomes-cluster-administrator"), ["k8s:prod/app/sa/who"]);
    // Another node has other pods.
    let told = scan(at.path(), &objects(acts(&["system:node:n2"], &["system:nodes"])));
    assert_eq!(subjects(&told, "becomes-cluster-administrator"), Vec::<String>::new());
    // The name alone, without the group, is no node.
    let told = scan(at.path(), &objects(acts(&["system:node:n1"], &["others"])));
    assert_eq!(subjects(&told, "becomes-cluster-administrator"), Vec::<String>::new());
    // Who may act as everybody is told as that, and not once more by what the nodes may do.
    let everybody = json!([{"verbs": ["impersonate"], "apiGroups": [""], "resources": ["users", "groups"]}]);
    let told = scan(at.path(), &objects(everybody));
    assert_eq!(subjects(&told, "impersonates"), ["k8s:prod/app/sa/who"]);
    assert_eq!(subjects(&told, "requests-tokens"), Vec::<String>::new());
}

#[test]
fn a_webhook_over_pods_may_keep_them_off_the_nodes() {
    let at = folder();
    let mut webhook = object("ValidatingWebhookConfiguration", "", "kyverno");
    let over = |resource: &str| json!([{"name": "v.example", "rules": [{"apiGroups": [""], "resources": [resource], "operations": ["CREATE"]}]}]);
    let mut binding = object("RoleBinding", "app", "b");
    binding["roleRef"] = json!({"apiGroup": RBAC, "kind": "ClusterRole", "name": "all"});
    binding["subjects"] = json!([account("app", "who")]);
    let all = role("all", json!([{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]));
    let objects = |webhook: &Value| {
        let mut namespace = object("Namespace", "", "app");
        namespace["metadata"]["labels"] = json!({"pod-security.kubernetes.io/enforce": "restricted"});
        vec![namespace, object("ServiceAccount", "app", "who"), all.clone(), binding.clone(), webhook.clone()]
    };
    for (resource, takers) in [("pods", &[][..]), ("services", &["k8s:prod/app/sa/who"][..])] {
        webhook["webhooks"] = over(resource);
        let told = scan(at.path(), &objects(&webhook));
        assert_eq!(subjects(&told, "takes-nodes"), takers, "{resource}");
        assert_eq!(subjects(&told, "namespace-administrator"), ["k8s:prod/app/sa/who"]);
    }
}

#[test]
fn members_of_a_group_have_its_rights() {
    let at = folder();
    let group = other("Group", "system:serviceaccounts:app");
    let mut objects = vec![
        object("ServiceAccount", "app", "m"),
        object("ServiceAccount", "b", "x"),
        pod("app", "m", "m"),
        pod("b", "x", "x"),
        bound("g", "cluster-admin", group),
    ];
    let told = scan(at.path(), &objects);
    assert_eq!(subjects(&told, "privileged-token-mounted"), ["k8s:prod/app/sa/m"]);
    assert_eq!(subjects(&told, "token-mounted-needlessly"), ["k8s:prod/b/sa/x"]);
    let rights = &identity(&told, "app/m")["attributes"]["rights_by_group"];
    let first = "administrator in cluster prod, as a member of system:serviceaccounts:app";
    assert!(rights.as_array().is_some_and(|all| all.iter().any(|one| one == first)), "{rights}");
    assert_eq!(identity(&told, "b/x")["attributes"]["rights_by_group"], Value::Null);
    // What everybody is in is told once, of the group.
    objects.pop();
    objects.push(bound("g", "cluster-admin", other("Group", "system:serviceaccounts")));
    let told = scan(at.path(), &objects);
    assert_eq!(subjects(&told, "privileged-token-mounted"), Vec::<String>::new());
    assert_eq!(subjects(&told, "token-mounted-needlessly"), Vec::<String>::new());
}

#[test]
fn an_orphan_is_less_sure_where_custom_resources_may_be_unread() {
    let at = folder();
    let objects =
        [object("ServiceAccount", "app", "left"), object("ServiceAccount", "app", "other"), pod("app", "p", "other")];
    let sure = |told: &Value| {
        let all = told["findings"].as_array().expect("a list");
        all.iter().find(|one| one["rule"] == "service-account-orphaned").map(|one| one["confidence"].clone())
    };
    assert_eq!(sure(&scan(at.path(), &objects)), Some("medium".into()));
    let none = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinitionList", "items": []});
    write(at.path(), "dump/definitions.json", none.to_string());
    assert_eq!(sure(&scan(at.path(), &objects)), Some("high".into()));
}

#[cfg(feature = "kubernetes")]
#[test]
fn of_a_list_of_kubeconfigs_those_that_are_there_count() {
    let server = crate::kube_server::KubeServer::start(|_| None);
    let at = folder();
    let there = server.kubeconfig(at.path(), "{token: synthetic}");
    for list in [format!("/no/such/file:{}", there.display()), format!("{}:/no/such/file", there.display())] {
        let mut command = crate::tree::nonhuman(at.path());
        command.args(["scan", "--kubernetes", "--isolated", "--format", "json", "--now", NOW]).env("KUBECONFIG", &list);
        let ran = crate::tree::Ran::from(command.output().expect("it starts"));
        let told: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}{}", ran.stdout, ran.stderr));
        assert!(told["identities"].as_array().is_some_and(|all| all.len() > 10), "{list}: {}", ran.stderr);
    }
}

#[cfg(feature = "kubernetes")]
#[test]
fn a_kubeconfig_that_lacks_something_says_what() {
    let at = folder();
    let config = |user: &str, given: &str| {
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{{name: c, cluster: {{server: 'https://127.0.0.1:9'}}}}]\n\
             users: [{{name: u, user: {{{given}}}}}]\ncontexts: [{{name: c, context: {{cluster: c, user: {user}}}}}]\n"
        )
    };
    let files = "client-certificate: /no/such.crt, client-key: /no/such.key";
    for (user, given, target, said) in [
        ("zzz", "token: x", "c", "the kubeconfig has no user 'zzz', which context 'c' names"),
        ("u", files, "c", "/no/such"),
        ("u", "token: [", "kubeconfig", "not valid YAML"),
    ] {
        let path = write(at.path(), "config", config(user, given));
        let mut command = crate::tree::nonhuman(at.path());
        command.args(["scan", "--kubernetes", "--isolated", "--format", "json", "--now", NOW]).env("KUBECONFIG", &path);
        let ran = crate::tree::Ran::from(command.output().expect("it starts"));
        assert_eq!(ran.code, 3, "{}", ran.stderr);
        let told: Value = serde_json::from_str(&ran.stdout).expect("JSON");
        let entries = told["coverage"].as_array().expect("a list").iter();
        let mut of_target = entries.filter(|one| one["target"] == target && one["outcome"] == "failed");
        let detail = of_target.find_map(|one| one["detail"].as_str()).unwrap_or_default();
        assert!(detail.contains(said), "{said}: {}", told["coverage"]);
    }
}
