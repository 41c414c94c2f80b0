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
        &[
            object("ServiceAccount", "worker", "1"),
            token("good", "worker", "1"),
            token("gone", "nobody", "9"),
            token("former", "worker", "7"),
        ],
    );
    let rules = |scan: &Value, name: &str| {
        let about = |one: &&Value| one["subject"].as_str().is_some_and(|id| id.ends_with(&format!("/secret/{name}")));
        let findings = scan["findings"].as_array().expect("a list").iter().filter(about);
        findings.filter_map(|one| one["rule"].as_str()).map(str::to_owned).collect::<Vec<_>>()
    };
    let told = scan(at, &["prod=k"]);
    assert!(rules(&told, "good").contains(&"token-never-expires".to_owned()));
    assert_eq!(rules(&told, "gone"), ["token-of-missing-account"]);
    assert_eq!(rules(&told, "former"), ["token-of-missing-account"]);
    // Where service accounts were not read, nothing says so.
    dump(at, "k/all.json", &[token("gone", "nobody", "9")]);
    assert!(rules(&scan(at, &["prod=k"]), "gone").contains(&"token-never-expires".to_owned()));
}
