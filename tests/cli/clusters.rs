//! Clusters as they were read: of one or of two, and tokens that nothing stands behind.

use std::path::Path;

use base64::Engine;
use serde_json::{Value, json};

use crate::tree::{NOW, folder, project, run, write};

fn object(kind: &str, name: &str, uid: &str) -> Value {
    json!({"apiVersion": "v1", "kind": kind, "metadata": {
        "name": name, "namespace": "app", "uid": uid, "creationTimestamp": "2024-01-01T00:00:00Z"}})
}

fn rbac(kind: &str, name: &str) -> Value {
    let mut one = object(kind, name, name);
    one["apiVersion"] = "rbac.authorization.k8s.io/v1".into();
    one
}

fn dump(at: &Path, path: &str, items: &[Value]) {
    write(at, path, json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string());
}

fn scan(at: &Path, exports: &[&str]) -> Value {
    let mut arguments = vec!["scan", "--isolated", "--now", NOW, "--format", "json"];
    arguments.extend(exports.iter().flat_map(|path| ["--kubernetes-export", *path]));
    let ran = run(at, &arguments);
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}{}", ran.stdout, ran.stderr))
}

#[test]
fn two_dumps_of_one_name_are_one_cluster_only_while_their_ids_agree() {
    let at = folder();
    let at = at.path();
    dump(at, "east/a.json", &[object("ServiceAccount", "worker", "1")]);
    dump(at, "west/b.json", &[object("ServiceAccount", "worker", "2")]);
    dump(at, "same/c.json", &[object("ServiceAccount", "worker", "1"), object("ServiceAccount", "other", "3")]);
    let mixed = |exports: &[&str]| {
        let scan = scan(at, exports);
        let holes = scan["coverage"].as_array().expect("a list").iter().filter(|one| one["what"] == "one cluster");
        holes.map(|one| one["detail"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    let told = mixed(&["prod=east", "prod=west"]);
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("ServiceAccount app/worker has another uid"), "{told:?}");
    assert_eq!(mixed(&["prod=east", "prod=same"]), Vec::<String>::new());
    assert_eq!(mixed(&["east=east", "west=west"]), Vec::<String>::new());
}

#[test]
fn a_token_of_nobody_is_refused_by_the_server() {
    let at = folder();
    let at = at.path();
    let token = |name: &str, account: &str, uid: &str| {
        let mut secret = object("Secret", name, name);
        secret["type"] = "kubernetes.io/service-account-token".into();
        secret["metadata"]["annotations"] =
            json!({"kubernetes.io/service-account.name": account, "kubernetes.io/service-account.uid": uid});
        secret
    };
    dump(
        at,
        "k/all.json",
        &[object("ServiceAccount", "worker", "1"), token("good", "worker", "1"), token("gone", "nobody", "9")],
    );
    let rules = |scan: &Value, name: &str| {
        let about = |one: &&Value| one["subject"].as_str().is_some_and(|id| id.ends_with(&format!("/secret/{name}")));
        let findings = scan["findings"].as_array().expect("a list").iter().filter(about);
        findings.filter_map(|one| one["rule"].as_str()).map(str::to_owned).collect::<Vec<_>>()
    };
    let told = scan(at, &["prod=k"]);
    assert!(rules(&told, "good").contains(&"token-never-expires".to_owned()));
    assert_eq!(rules(&told, "gone"), ["token-of-missing-account"]);
    // One that was made anew since has another id; a Secret that does not say for which it was made may be of either.
    let mut anew = object("ServiceAccount", "worker", "2");
    anew["metadata"]["creationTimestamp"] = "2025-01-01T00:00:00Z".into();
    let mut unsaid = token("unsaid", "worker", "1");
    unsaid["metadata"]["annotations"] = json!({"kubernetes.io/service-account.name": "worker"});
    // What the server took after the account was made is the account's, whatever the Secret says.
    let mut used = token("used", "worker", "1");
    used["metadata"]["labels"] = json!({"kubernetes.io/legacy-token-last-used": "2026-11-06"});
    dump(at, "k/all.json", &[anew, token("old", "worker", "1"), used, unsaid]);
    let told = scan(at, &["prod=k"]);
    assert_eq!(rules(&told, "old"), ["token-of-missing-account"]);
    assert!(rules(&told, "used").contains(&"token-never-expires".to_owned()));
    assert!(rules(&told, "unsaid").contains(&"token-never-expires".to_owned()));
    // Where service accounts were not read, nothing says so.
    dump(at, "k/all.json", &[token("gone", "nobody", "9")]);
    assert!(rules(&scan(at, &["prod=k"]), "gone").contains(&"token-never-expires".to_owned()));
}

/// Certificates that a tree of OpenSSL signed by themselves, of one key that was thrown away.
const MASTERS: &str = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJVRENCOWdJQkFUQUtCZ2dxaGtqT1BRUURBakEwTVJjd0ZRWURWUVFLREE1emVYTjBaVzA2YldGemRHVnkKY3pFWk1CY0dBMVVFQXd3UWEzVmlaWEp1WlhSbGN5MWhaRzFwYmpBZUZ3MHlOakF4TURFd01EQXdNREJhRncwegpOVEV5TXpBd01EQXdNREJhTURReEZ6QVZCZ05WQkFvTURuTjVjM1JsYlRwdFlYTjBaWEp6TVJrd0Z3WURWUVFECkRCQnJkV0psY201bGRHVnpMV0ZrYldsdU1Ga3dFd1lIS29aSXpqMENBUVlJS29aSXpqMERBUWNEUWdBRUk2VjUKMG1XN3Jtb29ZWndMSnJaZTFCWmVnbEtEZHlUTVMybWtVUzdlakk5S3hGOThIVVBmSFE3RnlpZXZLYUlqT25YMApFSEltazI2WTdQZnF4OEErTVRBS0JnZ3Foa2pPUFFRREFnTkpBREJHQWlFQXJoQTFuUVFqYmQwbTFzSUo4YSsvCmcxMjhuUGxKcFIyaXZzc1BIVjZzcmlJQ0lRRFJDMXpXNFdyY0NDSDBOaXYwdHBITDAxQ01oKzN0eFdkWENiUkYKTGVObGdBPT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=";
const LONG: &str = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJJekNCeWdJQkF6QUtCZ2dxaGtqT1BRUURBakFlTVEwd0N3WURWUVFLREFSa1pYWnpNUTB3Q3dZRFZRUUQKREFSc2IyNW5NQjRYRFRJMk1URXdNVEF3TURBd01Gb1hEVEkzTVRFd01UQXdNREF3TUZvd0hqRU5NQXNHQTFVRQpDZ3dFWkdWMmN6RU5NQXNHQTFVRUF3d0ViRzl1WnpCWk1CTUdCeXFHU000OUFnRUdDQ3FHU000OUF3RUhBMElBCkJDT2xlZEpsdTY1cUtHR2NDeWEyWHRRV1hvSlNnM2NrekV0cHBGRXUzb3lQU3NSZmZCMUQzeDBPeGNvbnJ5bWkKSXpwMTlCQnlKcE51bU96MzZzZkFQakV3Q2dZSUtvWkl6ajBFQXdJRFNBQXdSUUloQUpORVMzVkxlWFFIaWpXZQpSeDJuZUEwNGZkN1J5NGErQVJoUUwrbVhEMjhiQWlCQmZacVJiRHZRbVVGWWxERW9aR1E5TzF3Z3JKWlNVMUc1Cm85QWx4aG1qYlE9PQotLS0tLUVORCBDRVJUSUZJQ0FURS0tLS0tCg==";
const SHORT: &str = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJIakNCeGdJQkFqQUtCZ2dxaGtqT1BRUURBakFjTVEwd0N3WURWUVFLREFSa1pYWnpNUXN3Q1FZRFZRUUQKREFKamFUQWVGdzB5TmpFeE1ERXdNREF3TURCYUZ3MHlOakV5TXpFd01EQXdNREJhTUJ3eERUQUxCZ05WQkFvTQpCR1JsZG5NeEN6QUpCZ05WQkFNTUFtTnBNRmt3RXdZSEtvWkl6ajBDQVFZSUtvWkl6ajBEQVFjRFFnQUVJNlY1CjBtVzdybW9vWVp3TEpyWmUxQlplZ2xLRGR5VE1TMm1rVVM3ZWpJOUt4Rjk4SFVQZkhRN0Z5aWV2S2FJak9uWDAKRUhJbWsyNlk3UGZxeDhBK01UQUtCZ2dxaGtqT1BRUURBZ05IQURCRUFpQm5ackN6Rmd4V1FWT3plNEM5QlNVKwpMZWpFeUtNdEFnOTVkWnkzbjZRTlRnSWdZMnNwT2l3WmN0akhjeWY3dWV4QmZ4WnFjL29jRS9VbDFMMHBndFNsCm1hWT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=";

#[test]
fn certificates_of_kubeconfigs_are_credentials_with_groups_and_life() {
    let at = folder();
    let at = at.path();
    let config = |certificate: &str| {
        format!(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: c\n  cluster: {{server: https://c.example}}\nusers:\n- name: u\n  \
             user:\n    client-certificate-data: {certificate}\n"
        )
    };
    write(at, "tree/.kube/config", config(MASTERS));
    write(at, "tree/long.kubeconfig", config(LONG));
    write(at, "tree/deploy/short.yaml", config(SHORT));
    // A certificate that nobody shows to a cluster, and whose groups are none of a cluster.
    write(at, "tree/tls.yaml", format!("tls.crt: {LONG}\n"));
    let ran = run(at, &["scan", "tree", "--isolated", "--now", NOW, "--format", "json"]);
    let scan: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}{}", ran.stdout, ran.stderr));
    let about = |one: &&Value| one["subject"].as_str().is_some_and(|id| id.contains("#certificate/"));
    let mut told: Vec<String> = scan["findings"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(about)
        .map(|one| {
            format!(
                "{} {}: {}",
                one["severity"].as_str().unwrap_or(""),
                one["rule"].as_str().unwrap_or(""),
                one["message"].as_str().unwrap_or("")
            )
        })
        .collect();
    told.sort();
    assert_eq!(told.len(), 2, "{told:?}");
    // Its key is nowhere here: a certificate alone opens nothing.
    assert!(told[0].starts_with("low client-certificate-masters-exists: the client certificate of kubernetes-admin (system:masters) in .kube/config"), "{told:?}");
    assert!(
        told[1].starts_with(
            "medium client-certificate-long: the client certificate of long (devs) in long.kubeconfig works for 365 days in all"
        ),
        "{told:?}"
    );
    // Of the private half nothing was read; the public facts are in the inventory.
    let credentials = scan["credentials"].as_array().expect("a list").iter();
    let kinds: Vec<&str> = credentials.filter_map(|one| one["kind"].as_str()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "kubernetes.client-certificate").count(), 3, "{kinds:?}");
    let later = run(at, &["scan", "tree", "--isolated", "--now", "2036-01-01", "--format", "csv"]);
    assert!(!later.stdout.contains(",client-certificate-masters"), "it has ended: {}", later.stdout);
}

/// Self-signed of system:masters, for servers only (`extendedKeyUsage=serverAuth`).
const OF_SERVERS: &str = "-----BEGIN CERTIFICATE-----\nMIIBuDCCAV6gAwIBAgIUXL/LsJ2scvgQeBI9K2VScIbH9vgwCgYIKoZIzj0EAwIw\nJzEXMBUGA1UECgwOc3lzdGVtOm1hc3RlcnMxDDAKBgNVBAMMA3dlYjAeFw0yNjEx\nMjMxMDA4MzBaFw0zNTAyMDkxMDA4MzBaMCcxFzAVBgNVBAoMDnN5c3RlbTptYXN0\nZXJzMQwwCgYDVQQDDAN3ZWIwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATr5kDZ\nHAIDqN4lJdXkiGGsTozj9Jmg4JseDhqHV9TwdxHpK0guR18Fx2WIAo778DK1IP4e\nLuu2Be8X7YMmU60ro2gwZjAdBgNVHQ4EFgQUvFhJYMjdv58jbgE0ZLrjlQMQccEw\nHwYDVR0jBBgwFoAUvFhJYMjdv58jbgE0ZLrjlQMQccEwDwYDVR0TAQH/BAUwAwEB\n/zATBgNVHSUEDDAKBggrBgEFBQcDATAKBggqhkjOPQQDAgNIADBFAiEA6c0IMfLj\nx19WsMqvUfODuyK+gzUqUTThb1wdxpBsCmACIEMmpQnb9ydb+DGsDYSONNKabut9\nbuTwCusgI05wm2UH\n-----END CERTIFICATE-----\n";

#[test]
fn certificates_are_found_in_objects_and_those_of_servers_are_none_of_clients() {
    let at = folder();
    let at = at.path();
    let config = format!(
        "apiVersion: v1\nkind: Config\nclusters:\n- name: c\n  cluster: {{server: https://c.example}}\nusers:\n- name: u\n  user:\n    \
         client-certificate-data: {MASTERS}\n    token: none\n"
    );
    let packed = base64::engine::general_purpose::STANDARD.encode(&config);
    write(at, "tree/web/ca.pem", OF_SERVERS);
    write(
        at,
        "tree/k8s/secret.yaml",
        format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: admin, namespace: app}}\ndata:\n  config: {packed}\n"),
    );
    let mut map = object("ConfigMap", "admin", "1");
    map["data"] = json!({"config": config});
    let mut secret = object("Secret", "admin", "2");
    secret["type"] = "Opaque".into();
    secret["data"] = json!({"config": packed});
    dump(at, "k/all.json", &[object("ServiceAccount", "worker", "3"), map, secret]);
    let names = |more: &[&str]| {
        let mut arguments =
            vec!["scan", "tree", "--isolated", "--now", NOW, "--format", "json", "--kubernetes-export", "prod=k"];
        arguments.extend(more);
        let ran = run(at, &arguments);
        let scan: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}{}", ran.stdout, ran.stderr));
        let all = scan["credentials"].as_array().expect("a list").iter();
        let certificates = all.filter(|one| one["kind"] == "kubernetes.client-certificate");
        certificates.filter_map(|one| one["name"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    let of = |place: &str| format!("kubernetes-admin (system:masters) in {place}");
    assert_eq!(names(&[]), [of("k8s/secret.yaml"), of("kubernetes/prod/app/cm/admin/config")]);
    assert_eq!(
        names(&["--kubernetes-secret-values"]),
        [
            of("k8s/secret.yaml"),
            of("kubernetes/prod/app/cm/admin/config"),
            of("kubernetes/prod/app/secret/admin/config")
        ]
    );
}

#[test]
fn what_rests_is_entered_only_if_it_runs_again() {
    let at = folder();
    let at = at.path();
    let bound = |kind: &str, name: &str, role: Value, account: &str| {
        let mut one = rbac(kind, name);
        one["roleRef"] = role;
        one["subjects"] = json!([{"kind": "ServiceAccount", "namespace": "app", "name": account}]);
        one
    };
    let mut role = rbac("Role", "enter");
    role["rules"] = json!([{"verbs": ["create"], "apiGroups": [""], "resources": ["pods/exec"]}]);
    let of_role = |kind: &str, name: &str| json!({"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name});
    let mut cron = object("CronJob", "nightly", "c");
    cron["apiVersion"] = "batch/v1".into();
    let spec = |suspend: bool| json!({"suspend": suspend, "jobTemplate": {"spec": {"template": {"spec": {"serviceAccountName": "nightly"}}}}});
    let mut pod = object("Pod", "other", "p");
    pod["spec"] = json!({"serviceAccountName": "worker"});
    let judged = |suspend: bool| {
        cron["spec"] = spec(suspend);
        let items = [
            object("ServiceAccount", "enter", "1"),
            object("ServiceAccount", "nightly", "2"),
            object("ServiceAccount", "worker", "3"),
            role.clone(),
            bound("RoleBinding", "enter", of_role("Role", "enter"), "enter"),
            bound("ClusterRoleBinding", "nightly", of_role("ClusterRole", "cluster-admin"), "nightly"),
            cron.clone(),
            pod.clone(),
        ];
        dump(at, "k/all.json", &items);
        let scan = scan(at, &["prod=k"]);
        let findings = scan["findings"].as_array().expect("a list").iter();
        let about = findings.filter(|one| one["subject"] == "k8s:prod/app/sa/enter");
        let rules: Vec<String> = about.filter_map(|one| one["rule"].as_str().map(str::to_owned)).collect();
        rules.contains(&"becomes-cluster-administrator".to_owned())
    };
    let mut judged = judged;
    assert!(judged(false));
    assert!(!judged(true));
    let shown = run(at, &["show", "app/enter", "--isolated", "--now", NOW, "--kubernetes-export", "prod=k"]);
    assert!(shown.stdout.contains("provided that a pod of it runs: what runs as it is suspended"), "{}", shown.stdout);
}

#[test]
fn a_release_that_is_gone_is_told_where_all_secrets_were_read() {
    let at = folder();
    let at = at.path();
    let mut account = object("ServiceAccount", "shop", "1");
    account["metadata"]["annotations"] =
        json!({"meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "app"});
    let mut made = object("ServiceAccount", "main", "2");
    made["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "apps/v1", "kind": "Deployment", "name": "db", "uid": "9", "controller": true}]);
    let mut deployment = object("Deployment", "db", "9");
    deployment["apiVersion"] = "apps/v1".into();
    deployment["metadata"]["labels"] = json!({"team": "storage"});
    deployment["spec"] = json!({"template": {"spec": {}}});
    let release = |name: &str| {
        let mut secret = object("Secret", &format!("sh.helm.release.v1.{name}.v3"), name);
        secret["type"] = "helm.sh/release.v1".into();
        secret
    };
    let gone = |items: &[Value]| {
        dump(at, "k/all.json", items);
        let scan = scan(at, &["prod=k"]);
        let owner = scan["identities"].as_array().expect("a list").iter().find(|one| one["name"] == "app/main");
        let owner = owner.map(|one| one["owner"]["name"].clone()).unwrap_or_default();
        let findings = scan["findings"].as_array().expect("a list").iter();
        let told = findings.filter(|one| one["rule"] == "owner-gone-in-cluster");
        (told.map(|one| one["message"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>(), owner)
    };
    let base = [account, made, deployment];
    let with = |more: Value| base.iter().cloned().chain([more]).collect::<Vec<_>>();
    let (told, owner) = gone(&with(release("other")));
    assert_eq!(told, ["app/shop says that Helm release app/shop made it, which is not in cluster prod any more"]);
    assert_eq!(owner, "storage");
    assert_eq!(gone(&with(release("shop"))).0, Vec::<String>::new());
    assert_eq!(gone(&base).0, Vec::<String>::new(), "no Secret was read");
}

#[test]
fn a_pod_with_another_s_token_is_that_other_too() {
    let at = folder();
    let at = at.path();
    let mut binding = rbac("ClusterRoleBinding", "admin");
    binding["roleRef"] = json!({"kind": "ClusterRole", "name": "cluster-admin"});
    binding["subjects"] = json!([{"kind": "ServiceAccount", "namespace": "app", "name": "admin"}]);
    let mut secret = object("Secret", "admtok", "s");
    secret["type"] = "kubernetes.io/service-account-token".into();
    secret["metadata"]["annotations"] = json!({"kubernetes.io/service-account.name": "admin"});
    let mut deployment = object("Deployment", "web", "d");
    deployment["apiVersion"] = "apps/v1".into();
    deployment["spec"] = json!({"template": {"spec": {"serviceAccountName": "worker",
        "containers": [{"name": "a", "image": "b", "envFrom": [{"secretRef": {"name": "admtok"}}]}]}}});
    let items =
        [object("ServiceAccount", "worker", "1"), object("ServiceAccount", "admin", "2"), binding, secret, deployment];
    dump(at, "k/all.json", &items);
    let asked = |arguments: &[&str]| {
        let more = ["--isolated", "--now", NOW, "--kubernetes-export", "prod=k"];
        let ran = run(at, &arguments.iter().copied().chain(more).collect::<Vec<_>>());
        ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let way = asked(&["path", "app/worker", "app/admin"]);
    assert!(way.contains("whoever is in a pod of app/worker has the token Secret of app/admin there"), "{way}");
    let shown = asked(&["show", "app/worker"]);
    assert!(shown.contains("whoever is in a pod of app/worker has the token Secret of app/admin there"), "{shown}");
    // The account alone, without a pod of it, has no other's token.
    let told = scan(at, &["prod=k"]);
    let about =
        |one: &&Value| one["subject"] == "k8s:prod/app/sa/worker" && one["rule"] == "becomes-cluster-administrator";
    assert_eq!(told["findings"].as_array().expect("a list").iter().filter(about).count(), 0);
}

#[test]
fn a_list_that_somebody_wrote_is_a_manifest_like_the_others() {
    let at = folder();
    let at = at.path();
    let rbac = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: rbac.authorization.k8s.io/v1\n  kind: ClusterRoleBinding\n  metadata: {name: runner}\n  \
                roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}\n  subjects:\n  \
                - {kind: ServiceAccount, namespace: app, name: runner}\n";
    write(at, "src/deploy/rbac.yaml", rbac);
    write(at, "src/deploy/sa.yaml", "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: runner, namespace: app}\n");
    let ran = run(at, &["scan", "src", "--isolated", "--now", NOW, "--format", "json"]);
    let told: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}{}", ran.stdout, ran.stderr));
    let all = told["findings"].as_array().expect("a list").iter();
    let administrators: Vec<_> = all.filter(|one| one["rule"] == "cluster-administrator").collect();
    assert_eq!(administrators.len(), 1, "{}", ran.stdout);
    assert_eq!(ran.code, 1, "no hole, and a finding: {}", ran.stderr);
}

/// The code of a folder may be applied in several clusters: where one was not read, nobody can say what is missing.
#[test]
fn a_manifest_may_be_of_the_cluster_that_was_not_read() {
    let folder = folder();
    let story = project().join("fixtures/stories/manifest-of-nothing");
    let namespace = r#"{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}"#;
    write(
        folder.path(),
        "other/all.json",
        format!(r#"{{"apiVersion": "v1", "kind": "List", "items": [{namespace}]}}"#),
    );
    let repo = story.join("repo").to_string_lossy().into_owned();
    let dumps = [format!("prod={}", story.join("k8s").display()), "other=other".to_owned()];
    let report = |dumps: &[String]| -> Value {
        let mut arguments = vec!["scan", &repo, "--isolated", "--quiet", "--now", "2026-11-20", "--format", "json"];
        arguments.extend(dumps.iter().flat_map(|dump| ["--kubernetes-export", dump.as_str()]));
        serde_json::from_str(&run(folder.path(), &arguments).stdout).expect("a report")
    };
    let rule = "manifest-without-account";
    let is_told = |report: &Value| report["findings"].as_array().expect("a list").iter().any(|one| one["rule"] == rule);
    assert!(is_told(&report(&dumps[..1])));
    let report = report(&dumps);
    assert!(!is_told(&report));
    let open = report["not_evaluated"].as_array().expect("a list").iter();
    let mut open = open.filter(|one| one["rule"] == rule && one["subjects"] == 1);
    let reason = open.next().and_then(|one| one["reason"].as_str()).unwrap_or_default();
    assert!(reason.starts_with("other was not read to its end"), "{reason}");
}

/// A folder of which most is not in the cluster that was read is rather of another one, of which nothing was given.
#[test]
fn manifests_of_a_cluster_that_was_left_out_are_not_missing_in_another() {
    let at = folder();
    let account = |name: &str| {
        format!(
            r#"{{"apiVersion":"v1","kind":"ServiceAccount","metadata":{{"name":"{name}","namespace":"shop","uid":"u-{name}"}}}}"#
        )
    };
    let dump = |names: &[&str]| {
        let all = names.iter().map(|name| account(name)).collect::<Vec<_>>().join(",");
        format!(r#"{{"apiVersion":"v1","kind":"List","items":[{all}]}}"#)
    };
    write(at.path(), "prod/all.json", dump(&["default", "api", "web"]));
    let manifest =
        |name: &&str| format!("kind: ServiceAccount\napiVersion: v1\nmetadata: {{name: {name}, namespace: shop}}\n");
    let rule = "manifest-without-account";
    let told = |names: &[&str]| {
        write(at.path(), "repo/k8s/all.yaml", names.iter().map(manifest).collect::<Vec<_>>().join("---\n"));
        let dump = ["--kubernetes-export", "prod=prod"];
        let ran = run(at.path(), &[&["scan", "repo", "--isolated", "--quiet", "--format", "json"], &dump[..]].concat());
        let report: Value = serde_json::from_str(&ran.stdout).expect("a report");
        let found = report["findings"].as_array().expect("a list").iter().filter(|one| one["rule"] == rule).count();
        let open = report["not_evaluated"].as_array().expect("a list").iter().filter(|one| one["rule"] == rule);
        (found, open.filter_map(|one| one["subjects"].as_u64()).sum::<u64>())
    };
    assert_eq!(told(&["api", "web", "batch", "mail"]), (2, 0));
    assert_eq!(told(&["api", "web", "batch", "mail", "worker"]), (0, 3));
}
