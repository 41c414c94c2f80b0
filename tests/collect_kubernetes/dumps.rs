//! Offline: every form of dump, what its objects become, and every way in which a file can be wrong.

use std::time::Duration;

use nonhuman::collect::kubernetes::{KubernetesDump, sniff};
use nonhuman::model::{FactKind, Location, Outcome, Record};

use super::{coverage, dump, dump_texts, entries, fixture, holes, inventory_of, recorded_dump, records_of};

/// Enough of a cluster that nothing is missing.
const CLUSTER: &str = r#"{"apiVersion":"v1","kind":"List","items":[
{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"api","namespace":"pay","uid":"u-1","creationTimestamp":"2026-01-02T03:04:05Z",
 "labels":{"app":"api","owner":"label"},"annotations":{"owner":"annotation","team":"pay"}}},
{"apiVersion":"v1","kind":"Secret","type":"Opaque","metadata":{"name":"s","namespace":"pay"},"data":{"since":"UExBTlRFRA=="}},
{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"r","namespace":"pay"},"rules":[{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}]},
{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"view","labels":{"kubernetes.io/bootstrapping":"rbac-defaults"}},"rules":null},
{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"b","namespace":"pay"},
 "subjects":[{"kind":"ServiceAccount","name":"api"},{"kind":"ServiceAccount","name":"api","namespace":"pay"},{"kind":"ServiceAccount","name":"batch"},{"kind":"User","name":"system:serviceaccount:pay:api"}],
 "roleRef":{"kind":"Role","name":"r"}},
{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":"c"},
 "subjects":[{"kind":"ServiceAccount","name":"lost"},{"kind":"Group","name":"system:authenticated"},{"kind":"Group","name":"system:masters"},{"kind":"User","name":"jana"}],
 "roleRef":{"kind":"ClusterRole","name":"view"}},
{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"api","namespace":"pay"},"spec":{"template":{"spec":{"serviceAccountName":"api"}}}},
{"apiVersion":"batch/v1","kind":"CronJob","metadata":{"name":"n","namespace":"pay"},"spec":{"jobTemplate":{"spec":{"template":{"spec":{"serviceAccount":"old"}}}}}},
{"apiVersion":"v1","kind":"Pod","metadata":{"name":"bare","namespace":"pay"},"spec":{}},
{"apiVersion":"v1","kind":"Pod","metadata":{"name":"mirror","namespace":"pay","annotations":{"kubernetes.io/config.mirror":"x"}},"spec":{}},
{"apiVersion":"v1","kind":"Pod","metadata":{"name":"api-1","namespace":"pay","ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"api","controller":true}]},"spec":{"serviceAccountName":"api"}},
{"apiVersion":"v1","kind":"Pod","metadata":{"name":"n-1","namespace":"pay","ownerReferences":[{"apiVersion":"batch/v1","kind":"Job","name":"n","controller":true}]},"spec":{"serviceAccountName":"old"}},
{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"n","namespace":"pay","ownerReferences":[{"apiVersion":"batch/v1","kind":"CronJob","name":"n","controller":true}]},"spec":{}},
{"apiVersion":"v1","kind":"Pod","metadata":{"name":"volcano-1","namespace":"pay","ownerReferences":[{"apiVersion":"batch.volcano.sh/v1","kind":"Job","name":"v","controller":true}]},"spec":{}},
{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"w"},"spec":"text","rules":{"a":1},"type":[1],"subjects":7},
{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"pay"}}
]}"#;

fn ids<'a>(records: &'a [Record], pick: impl Fn(&'a Record) -> Option<String>) -> Vec<String> {
    let mut ids: Vec<String> = records.iter().filter_map(pick).collect();
    ids.sort();
    ids
}

#[test]
fn accounts_have_labels_and_what_bindings_name_exists() {
    let records = dump_texts(&[("cluster.json", CLUSTER)]);
    let inventory = inventory_of(&records);
    let account = inventory.identities.iter().find(|one| one.name == "pay/api").unwrap();
    assert_eq!(account.labels[&"owner".to_owned()], "label", "a label wins over an annotation of the same name");
    assert_eq!(account.labels[&"team".to_owned()], "pay");
    assert_eq!(account.unique_id.as_deref(), Some("u-1"));
    assert_eq!(account.created.value().unwrap().to_string(), "2026-01-02T03:04:05Z");
    assert!(
        matches!(&account.evidence.location, Location::Export { object, .. } if **object == *"ServiceAccount pay/api")
    );
    let named: Vec<(String, bool)> = inventory.identities.iter().map(|one| (one.id.to_string(), one.builtin)).collect();
    let expected = [
        ("k8s:prod//group/system:authenticated", false),
        ("k8s:prod//group/system:masters", true),
        ("k8s:prod//user/jana", false),
        ("k8s:prod/pay/sa/api", false),
    ];
    assert_eq!(named, expected.map(|(id, builtin)| (id.to_owned(), builtin)));
    let view = inventory.policies.iter().find(|policy| policy.name == "view").unwrap();
    assert!(view.builtin);
    assert_eq!(view.document, serde_json::json!([]).into());
}

#[test]
fn subjects_are_matched_as_the_authorizer_matches_them() {
    let records = dump_texts(&[("cluster.json", CLUSTER)]);
    let grants = ids(&records, |record| match record {
        Record::Grant(grant) => Some(format!("{} -> {} {} {}", grant.id, grant.to, grant.policy, grant.scope)),
        _ => None,
    });
    assert_eq!(
        grants,
        [
            "k8s:prod//clusterrolebinding/c#group/system:authenticated -> k8s:prod//group/system:authenticated k8s:prod//clusterrole/view cluster",
            "k8s:prod//clusterrolebinding/c#group/system:masters -> k8s:prod//group/system:masters k8s:prod//clusterrole/view cluster",
            "k8s:prod//clusterrolebinding/c#user/jana -> k8s:prod//user/jana k8s:prod//clusterrole/view cluster",
            "k8s:prod/pay/rolebinding/b#sa/pay/api -> k8s:prod/pay/sa/api k8s:prod/pay/role/r namespace/pay",
            "k8s:prod/pay/rolebinding/b#sa/pay/batch -> k8s:prod/pay/sa/batch k8s:prod/pay/role/r namespace/pay",
            "k8s:prod/pay/rolebinding/b#user/system:serviceaccount:pay:api -> k8s:prod/pay/sa/api k8s:prod/pay/role/r namespace/pay",
        ]
    );
    let entry = coverage(&records, "clusterrolebindings");
    assert_eq!(entry.detail.as_deref(), Some("passed over: a subject of c that matches nobody"));
}

#[test]
fn workloads_stand_for_what_they_make() {
    let records = dump_texts(&[("cluster.json", CLUSTER)]);
    let workloads = ids(&records, |record| match record {
        Record::Workload(workload) => {
            let runs_as: Vec<&str> = workload.runs_as.iter().map(|urn| urn.as_str()).collect();
            Some(format!("{} {}", workload.id, runs_as.join(" ")))
        }
        _ => None,
    });
    assert_eq!(
        workloads,
        [
            "k8s:prod/pay/cj/n k8s:prod/pay/sa/old",
            "k8s:prod/pay/deploy/api k8s:prod/pay/sa/api",
            "k8s:prod/pay/po/api-1 k8s:prod/pay/sa/api",
            "k8s:prod/pay/po/bare k8s:prod/pay/sa/default",
            "k8s:prod/pay/po/mirror ",
            "k8s:prod/pay/po/volcano-1 k8s:prod/pay/sa/default",
        ],
        "api-1 is shown because no ReplicaSets were dumped; n-1 and the Job stand behind the CronJob"
    );
}

#[test]
fn other_kinds_are_counted_and_a_secret_is_never_kept() {
    let records = dump_texts(&[("cluster.json", CLUSTER)]);
    assert_eq!(holes(&records), Vec::<&_>::new());
    let others = coverage(&records, "other objects");
    assert_eq!((others.outcome, others.count), (Outcome::NotRead, 1));
    assert_eq!(others.detail.as_deref(), Some("1 Widget"));
    assert_eq!(coverage(&records, "secrets").count, 1);
    assert!(!serde_json::to_string(&records).unwrap().contains("UExBTlRFRA"));
}

#[test]
fn json_yaml_and_single_documents_say_the_same() {
    let value: serde_json::Value = serde_json::from_str(CLUSTER).unwrap();
    let items = value["items"].as_array().unwrap();
    let documents: Vec<String> = items.iter().map(|item| serde_json::to_string(item).unwrap()).collect();
    // A flow mapping is YAML too; each stands in a document of its own, with all that may stand around one.
    let yaml = format!("# dump\n%YAML 1.2\n---\n{}\n...\n---\n# nothing\n---\n", documents.join("\n---  # next\n"));
    let one_a_line = documents.join("\n");
    let sorted = format!(r#"{{"apiVersion":"v1","items":{},"kind":"List"}}"#, value["items"]);
    let bom = format!("\u{feff}{CLUSTER}");
    let list_in_yaml = serde_saphyr::to_string(&value).unwrap();
    let facts = |name: &str, text: &str| -> Vec<String> {
        let records = dump_texts(&[(name, text)]);
        assert_eq!(holes(&records), Vec::<&_>::new(), "{name}: {text}");
        let mut lines: Vec<String> = records
            .iter()
            .map(|record| {
                let mut value = serde_json::to_value(record).unwrap();
                value["evidence"] = serde_json::Value::Null;
                value.to_string()
            })
            .collect();
        lines.sort();
        lines
    };
    let expected = facts("a.json", CLUSTER);
    for (name, text) in [
        ("a.yaml", yaml.as_str()),
        ("b.yaml", CLUSTER),
        ("c.yml", &list_in_yaml),
        ("a.json", &one_a_line),
        ("b.json", &sorted),
        ("c.json", &bom),
        ("d.json", &value["items"].to_string()),
        ("no-extension", CLUSTER),
        ("stdin", &list_in_yaml),
    ] {
        assert_eq!(facts(name, text), expected, "{name}");
    }
}

#[test]
fn items_of_typed_lists_have_the_kind_of_their_list_wherever_it_stands() {
    let first =
        r#"{"kind":"ServiceAccountList","apiVersion":"v1","items":[{"metadata":{"name":"a","namespace":"n"}}]}"#;
    let last = r#"{"items":[{"metadata":{"name":"a","namespace":"n"}}],"apiVersion":"v1","kind":"ServiceAccountList"}"#;
    for text in [first, last] {
        let records =
            dump_texts(&[("accounts.json", text), ("pods.json", r#"{"kind":"PodList","apiVersion":"v1","items":[]}"#)]);
        assert_eq!(coverage(&records, "serviceaccounts").count, 1, "{text}");
        assert_eq!((coverage(&records, "pods").outcome, coverage(&records, "pods").count), (Outcome::Complete, 0));
    }
}

#[test]
fn what_was_not_dumped_is_not_judged() {
    let accounts =
        r#"{"kind":"ServiceAccountList","apiVersion":"v1","items":[{"metadata":{"name":"a","namespace":"n"}}]}"#;
    let records = dump_texts(&[("accounts.json", accounts)]);
    assert_eq!(holes(&records), Vec::<&_>::new());
    let inventory = inventory_of(&records);
    for fact in [FactKind::Workloads, FactKind::Grants, FactKind::Credentials, FactKind::Usage] {
        let entry = inventory.coverage.blind_spot("prod", fact).unwrap_or_else(|| panic!("{fact} is judged"));
        assert!(entry.remedy.as_ref().unwrap().contains("kubectl get"), "{entry:?}");
    }
    assert!(inventory.coverage.blind_spot("prod", FactKind::Identities).is_none());

    let other_maps =
        r#"{"kind":"ConfigMapList","apiVersion":"v1","items":[{"metadata":{"name":"x","namespace":"kube-system"}}]}"#;
    let tokens = fixture("recorded/list-secrets-token.json");
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("maps.json"), other_maps).unwrap();
    let records = dump(&[fixture("recorded/list-serviceaccounts.json"), tokens, directory.path().join("maps.json")]);
    assert_eq!(coverage(&records, "configmaps").count, 1);
    let unknown = inventory_of(&records).usages.iter().filter(|usage| usage.last.why_unknown().is_some()).count();
    assert_eq!(unknown, 1, "without the horizon an unmarked token may have been used");

    let full = inventory_of(&dump(&recorded_dump()));
    for fact in FactKind::ALL {
        assert_eq!(full.coverage.blind_spot("prod", *fact), None, "{fact}");
    }
}

#[test]
fn an_empty_dump_is_a_hole() {
    for text in [
        r#"{"apiVersion":"v1","kind":"List","items":[]}"#,
        r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"}}"#,
    ] {
        let records = dump_texts(&[("empty.json", text)]);
        let holes = holes(&records);
        assert_eq!(holes.len(), 1, "{holes:#?}");
        assert_eq!(holes[0].outcome, Outcome::Failed);
        assert_eq!(holes[0].blinds.len(), 6);
    }
}

#[test]
fn wrong_files_are_named_with_line_and_remedy() {
    let cases: &[(&str, Outcome, &str, u64)] = &[
        ("truncated.json", Outcome::Partial, "truncated.json:3:71: ends in the middle", 1),
        ("broken-second-document.yaml", Outcome::Partial, "broken-second-document.yaml:7:", 2),
        ("alias-bomb.yaml", Outcome::Failed, "limit against YAML bombs", 0),
        ("package.json", Outcome::Failed, "holds no Kubernetes object", 0),
        ("missing.json", Outcome::Failed, "cannot be read: No such file", 0),
    ];
    for (name, outcome, detail, accounts) in cases {
        let records = dump(&[fixture("malformed").join(name)]);
        let holes = holes(&records);
        assert_eq!(holes.len(), 1, "{name}: {holes:#?}");
        assert_eq!(holes[0].outcome, *outcome, "{name}");
        assert!(holes[0].detail.as_ref().unwrap().contains(detail), "{name}: {:?}", holes[0].detail);
        assert!(holes[0].remedy.as_ref().unwrap().contains("kubectl get"), "{name}");
        assert_eq!(holes[0].blinds.len(), 6, "{name}");
        assert_eq!(inventory_of(&records).identities.len() as u64, *accounts, "{name}: what came before is kept");
    }
}

#[test]
fn hostile_texts_are_holes_and_quote_nothing() {
    let nested_json = format!("{{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":{}", "[".repeat(100_000));
    let nested_yaml = format!("apiVersion: v1\nkind: List\nitems: {}", "[".repeat(100_000));
    let blocks: String = (0..2_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    // As deep as the limit allows, where each level costs the most stack.
    let deep = format!("kind: Role\nrules: {}{}", "[{a: ".repeat(31), "}]".repeat(31));
    let broken: String = "---\n{PLANTED\n".repeat(50);
    let cases: &[(&str, &[u8], &str)] = &[
        ("nested.json", nested_json.as_bytes(), "nested.json:1:"),
        ("nested.yaml", nested_yaml.as_bytes(), "nested.yaml:"),
        ("blocks.yaml", blocks.as_bytes(), "limit against YAML bombs"),
        ("deep.yaml", deep.as_bytes(), "deep.yaml: holds no Kubernetes object"),
        ("quoted.json", b"{\"kind\": PLANTED}", "not valid JSON"),
        ("scalar.json", b"\"PLANTED\"", "expected a Kubernetes object"),
        ("scalar.yaml", b"PLANTED", "expected a Kubernetes object"),
        ("anchor.yaml", b"a: *PLANTED", "not valid YAML"),
        ("utf16.json", &[0xFF, 0xFE, b'{', 0], "is UTF-16; expected UTF-8"),
        ("bytes.yaml", &[b'a', b':', b' ', 0xC3, 0x28], "bytes.yaml"),
        ("bytes.json", &[b'{', b'"', 0xC3, 0x28, b'"', b':', b'1', b'}'], "bytes.json"),
        ("many.yaml", broken.as_bytes(), "the rest of the file is not read"),
        ("nothing.json", b" \n", "holds no Kubernetes object"),
        ("nothing.yaml", b"# nothing\n", "holds no Kubernetes object"),
    ];
    for (name, bytes, detail) in cases {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let records = dump(&[path]);
        let holes = holes(&records);
        let told = holes.iter().any(|hole| hole.detail.as_ref().unwrap().contains(detail));
        assert!(told, "{name}: {holes:#?}");
        assert!(holes.len() <= 10, "{name}: {} holes", holes.len());
        assert!(!serde_json::to_string(&records).unwrap().contains("PLANTED"), "{name}: {records:#?}");
    }
}

#[test]
fn directories_are_walked_in_order_and_links_are_not_followed() {
    let directory = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let account =
        |name: &str| format!("apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: {name}, namespace: n}}\n");
    std::fs::create_dir(directory.path().join("sub")).unwrap();
    std::fs::write(directory.path().join("a.yaml"), account("a")).unwrap();
    std::fs::write(directory.path().join("sub/b.yml"), account("b")).unwrap();
    std::fs::write(directory.path().join("notes.txt"), account("text")).unwrap();
    std::fs::write(directory.path().join("other.json"), "{\"name\": \"x\"}").unwrap();
    std::fs::write(outside.path().join("c.yaml"), account("outside")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(outside.path().join("c.yaml"), directory.path().join("c.yaml")).unwrap();
    let records = dump(&[directory.path().to_path_buf()]);
    assert_eq!(holes(&records), Vec::<&_>::new(), "a foreign file in a directory is no hole");
    let inventory = inventory_of(&records);
    let names: Vec<&str> = inventory.identities.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["n/a", "n/b"]);
    assert_eq!(coverage(&records, "other objects").detail.as_deref(), Some("1 that are no Kubernetes objects"));

    let empty = tempfile::tempdir().unwrap();
    let records = dump(&[empty.path().to_path_buf()]);
    assert!(holes(&records)[0].detail.as_ref().unwrap().contains("no .json, .yaml or .yml file"));
}

#[test]
fn files_of_one_cluster_are_one_target() {
    let paths = recorded_dump();
    let records = dump(&paths);
    let targets: std::collections::BTreeSet<&str> = entries(&records).map(|entry| entry.target.as_str()).collect();
    assert_eq!(targets.into_iter().collect::<Vec<_>>(), ["prod"]);
    assert_eq!(coverage(&records, "serviceaccounts").count, 68);
    for path in &paths {
        let text = std::fs::read(path).unwrap();
        let is_list = path.file_name().unwrap().to_string_lossy().starts_with("list-");
        assert_eq!(sniff(&path.display().to_string(), &text), is_list, "{}", path.display());
    }
}

#[test]
fn a_slash_in_a_clusters_name_does_not_blur_its_urns() {
    let name = "arn:aws:eks:eu-central-1:429710886354:cluster/prod".to_owned();
    let paths = recorded_dump().into_iter().map(|path| (name.clone(), path)).collect();
    let records = records_of(KubernetesDump { paths, ..KubernetesDump::default() }, Duration::from_secs(30));
    let inventory = inventory_of(&records);
    assert_eq!(inventory.identities.rows()[0].tenant, "arn:aws:eks:eu-central-1:429710886354:cluster:prod");
    assert!(
        inventory.identities.iter().all(|one| one.id.as_str().matches('/').count() == 3),
        "{:?}",
        inventory.identities
    );
}

#[test]
fn the_same_files_give_the_same_bytes() {
    let mut backwards = recorded_dump();
    backwards.reverse();
    let text = |paths| serde_json::to_string(&dump(paths)).unwrap();
    assert_eq!(text(&recorded_dump()), text(&backwards), "the order of files does not matter");
}
