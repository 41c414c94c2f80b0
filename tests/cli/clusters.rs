//! Clusters as they were read: of one or of two, and tokens that nothing stands behind.

use std::path::Path;

use serde_json::{Value, json};

use crate::tree::{NOW, folder, run, write};

fn object(kind: &str, name: &str, uid: &str) -> Value {
    json!({"apiVersion": "v1", "kind": kind, "metadata": {
        "name": name, "namespace": "app", "uid": uid, "creationTimestamp": "2024-01-01T00:00:00Z"}})
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
    assert!(told[0].starts_with("critical client-certificate-masters: the client certificate of kubernetes-admin (system:masters) in .kube/config"), "{told:?}");
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
    assert!(!later.stdout.contains(",client-certificate-masters,"), "it has ended: {}", later.stdout);
}

/// A role of `app` with one rule, bound to app/worker.
fn bound_role(name: &str, verb: &str, resource: &str, names: &[&str]) -> [Value; 2] {
    let mut role = object("Role", name, name);
    role["apiVersion"] = "rbac.authorization.k8s.io/v1".into();
    role["rules"] = json!([{"verbs": [verb], "apiGroups": [""], "resources": [resource], "resourceNames": names}]);
    let mut binding = object("RoleBinding", name, name);
    binding["apiVersion"] = "rbac.authorization.k8s.io/v1".into();
    binding["roleRef"] = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name});
    binding["subjects"] = json!([{"kind": "ServiceAccount", "namespace": "app", "name": "worker"}]);
    [role, binding]
}

#[test]
fn an_audit_log_says_which_bindings_are_not_used() {
    let at = folder();
    let at = at.path();
    let mut items = vec![object("ServiceAccount", "worker", "1")];
    items.extend(bound_role("used", "get", "pods", &[]));
    items.extend(bound_role("used-by-name", "get", "secrets", &["own"]));
    items.extend(bound_role("refused", "delete", "pods", &[]));
    items.extend(bound_role("unused", "create", "pods/exec", &[]));
    dump(at, "k/all.json", &items);
    let event = |verb: &str, resource: &str, code: u16, time: &str| {
        let object = json!({"resource": resource, "namespace": "app", "name": "own", "apiVersion": "v1"});
        json!({
            "kind": "Event", "user": {"username": "system:serviceaccount:app:worker"}, "userAgent": "worker/1", "verb": verb,
            "objectRef": object, "responseStatus": {"code": code}, "requestReceivedTimestamp": time,
        })
        .to_string()
    };
    let judged = |since: &str| {
        let lines = [
            event("get", "pods", 200, since),
            event("get", "secrets", 200, "2026-11-20T00:00:00Z"),
            event("delete", "pods", 403, "2026-11-20T00:00:00Z"),
        ];
        write(at, "audit.log", lines.join("\n"));
        let ran = run(
            at,
            &[
                "scan",
                "--isolated",
                "--now",
                NOW,
                "--format",
                "json",
                "--kubernetes-export",
                "prod=k",
                "--kubernetes-audit-log",
                "audit.log",
            ],
        );
        let scan: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}{}", ran.stdout, ran.stderr));
        let findings =
            scan["findings"].as_array().expect("a list").iter().filter(|one| one["rule"] == "binding-not-used");
        let mut about: Vec<String> = findings
            .filter_map(|one| {
                one["subject"].as_str()?.split("/rolebinding/").nth(1)?.split('#').next().map(str::to_owned)
            })
            .collect();
        about.sort();
        about
    };
    assert_eq!(judged("2026-06-01T00:00:00Z"), ["refused", "unused"]);
    // Two days say nothing.
    assert_eq!(judged("2026-11-20T00:00:00Z"), Vec::<String>::new());
}
