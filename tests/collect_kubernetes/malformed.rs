//! Objects that are not what their kind says: each is a hole with its place, and costs no other object.

use nonhuman::model::{FactKind, Outcome, Record};

use super::{coverage, dump_texts, holes, inventory_of};

const RBAC: &str = "rbac.authorization.k8s.io/v1";

/// A dump with good neighbours around one object: one good object of each kind.
fn around(object: &str) -> Vec<Record> {
    let good = |version: &str, kind: &str, name: &str, rest: &str| {
        format!(r#"{{"apiVersion":"{version}","kind":"{kind}","metadata":{{"name":"{name}","namespace":"n"}}{rest}}}"#)
    };
    let items = [
        good("v1", "ServiceAccount", "good", ""),
        good("v1", "Secret", "opaque", r#","type":"Opaque""#),
        good(RBAC, "Role", "r", r#","rules":[{"verbs":["get"],"resources":["pods"],"apiGroups":[""]}]"#),
        object.to_owned(),
        good(
            RBAC,
            "RoleBinding",
            "b",
            r#","subjects":[{"kind":"ServiceAccount","name":"good"}],"roleRef":{"kind":"Role","name":"r"}"#,
        ),
        format!(
            r#"{{"apiVersion":"{RBAC}","kind":"ClusterRoleBinding","metadata":{{"name":"c"}},"subjects":null,"roleRef":{{"kind":"ClusterRole","name":"x"}}}}"#
        ),
        format!(r#"{{"apiVersion":"{RBAC}","kind":"ClusterRole","metadata":{{"name":"x"}},"rules":null}}"#),
        good("apps/v1", "Deployment", "d", r#","spec":{"template":{"spec":{"serviceAccountName":"good"}}}"#),
    ];
    let text = format!(r#"{{"apiVersion":"v1","kind":"List","items":[{}]}}"#, items.join(","));
    dump_texts(&[("cluster.json", &text)])
}

fn object(version: &str, kind: &str, rest: &str) -> String {
    format!(r#"{{"apiVersion":"{version}","kind":"{kind}",{rest}}}"#)
}

/// The kind, a malformed object of it, its place, what is expected of it, and what is unknown without it.
type Case = (&'static str, String, &'static str, &'static str, &'static [FactKind]);

const NAMED: &str = r#""metadata":{"name":"bad","namespace":"n"}"#;
const GIVES: &str = r#""roleRef":{"kind":"Role","name":"r"}"#;
const TOKEN: &str = r#""type":"kubernetes.io/service-account-token""#;

/// Service accounts.
fn accounts() -> Vec<Case> {
    vec![
        (
            "serviceaccounts",
            object("v1", "ServiceAccount", r#""metadata":"PLANTED""#),
            "ServiceAccount at position 4:",
            "metadata to be a mapping",
            &[FactKind::Identities],
        ),
        (
            "serviceaccounts",
            object("v1", "ServiceAccount", r#""metadata":{"namespace":"n"}"#),
            "position 4:",
            "metadata.name to be there",
            &[FactKind::Identities],
        ),
        (
            "serviceaccounts",
            object("v1", "ServiceAccount", r#""metadata":{"name":"bad","namespace":["PLANTED"]}"#),
            "position 4",
            "metadata.namespace to be a text",
            &[FactKind::Identities],
        ),
        (
            "serviceaccounts",
            object("v1", "ServiceAccount", r#""metadata":{"name":"bad","namespace":"n","labels":[1]}"#),
            "(n/bad)",
            "metadata.labels to be a mapping",
            &[FactKind::Identities],
        ),
        (
            "serviceaccounts",
            object(
                "v1",
                "ServiceAccount",
                r#""metadata":{"name":"bad","namespace":"n","creationTimestamp":"PLANTED"}"#,
            ),
            "(n/bad)",
            "metadata.creationTimestamp to be a time",
            &[],
        ),
    ]
}

/// Bindings.
fn bindings() -> Vec<Case> {
    vec![
        (
            "rolebindings",
            object(RBAC, "RoleBinding", &format!(r#"{NAMED},{GIVES},"subjects":"PLANTED""#)),
            "RoleBinding at position 4 (n/bad)",
            "subjects to be a list",
            &[FactKind::Grants],
        ),
        (
            "rolebindings",
            object(RBAC, "RoleBinding", &format!(r#"{NAMED},{GIVES},"subjects":[{{"kind":"User","name":"u"}},7]"#)),
            "(n/bad)",
            "subjects[2] to be a mapping",
            &[FactKind::Grants],
        ),
        (
            "rolebindings",
            object(RBAC, "RoleBinding", &format!(r#"{NAMED},{GIVES},"subjects":[{{"kind":"User"}}]"#)),
            "(n/bad)",
            "each of subjects",
            &[FactKind::Grants],
        ),
        (
            "rolebindings",
            object(RBAC, "RoleBinding", &format!(r#"{NAMED},"subjects":[{{"kind":"User","name":"u"}}]"#)),
            "(n/bad)",
            "roleRef to name a Role or ClusterRole",
            &[FactKind::Grants],
        ),
        (
            "clusterrolebindings",
            object(RBAC, "ClusterRoleBinding", &format!(r#""metadata":{{"name":"bad"}},{GIVES},"subjects":[]"#)),
            "(bad)",
            "roleRef to name a ClusterRole",
            &[FactKind::Grants],
        ),
    ]
}

/// Everything else.
fn others() -> Vec<Case> {
    vec![
        (
            "roles",
            object(RBAC, "Role", &format!(r#"{NAMED},"rules":{{"verbs":["PLANTED"]}}"#)),
            "(n/bad)",
            "rules to be a list",
            &[FactKind::Grants],
        ),
        (
            "roles",
            object(RBAC, "Role", &format!(r#"{NAMED},"rules":[{{"verbs":["get"]}},{{"verbs":"PLANTED"}}]"#)),
            "(n/bad)",
            "rules[2] to be a mapping with lists of texts",
            &[FactKind::Grants],
        ),
        (
            "deployments",
            object("apps/v1", "Deployment", &format!(r#"{NAMED},"spec":{{"template":[]}}"#)),
            "(n/bad)",
            "spec.template to be a mapping",
            &[FactKind::Workloads],
        ),
        (
            "secrets",
            object("v1", "Secret", &format!(r#"{NAMED},{TOKEN}"#)),
            "(n/bad)",
            "the annotation kubernetes.io/service-account.name",
            &[FactKind::Credentials, FactKind::Usage, FactKind::Settings],
        ),
        (
            "secrets",
            object("v1", "Secret", &format!(r#"{NAMED},"type":["PLANTED"]"#)),
            "(n/bad)",
            "type to be a text",
            &[FactKind::Credentials, FactKind::Usage, FactKind::Settings],
        ),
        (
            "objects without a kind",
            r#"{"metadata":{"name":"PLANTED"}}"#.to_owned(),
            "position 4",
            "apiVersion and kind",
            &[],
        ),
        ("objects without a kind", r#""PLANTED""#.to_owned(), "position 4", "apiVersion and kind", &[]),
    ]
}

#[test]
fn malformed_objects_are_holes_with_their_place_and_cost_nothing_else() {
    for (what, text, place, expected, blinds) in accounts().into_iter().chain(bindings()).chain(others()) {
        let records = around(&text);
        let found = holes(&records);
        assert_eq!(found.len(), 1, "{text}: {found:#?}");
        let detail = found[0].detail.as_deref().unwrap();
        assert_eq!(
            (found[0].what.as_str(), found[0].outcome, found[0].target.as_str()),
            (what, Outcome::Partial, "prod")
        );
        assert!(detail.contains("cluster.json: ") && detail.contains(place) && detail.contains(expected), "{detail}");
        match what {
            "objects without a kind" => assert_eq!(found[0].blinds.len(), 6, "{text}"),
            _ => assert_eq!(found[0].blinds, blinds, "{text}"),
        }
        assert!(!detail.contains("PLANTED"), "{detail}");
        let inventory = inventory_of(&records);
        assert!(inventory.identities.iter().any(|one| one.name == "n/good"), "{text}");
        assert!(inventory.grants.iter().any(|one| one.id.as_str() == "k8s:prod/n/rolebinding/b#sa/n/good"), "{text}");
        assert!(inventory.policies.iter().any(|one| one.name == "n/r"), "{text}");
        assert!(inventory.workloads.iter().any(|one| one.name == "n/d"), "{text}");
    }
}

#[test]
fn the_neighbours_alone_are_whole() {
    let records = around(r#"{"apiVersion":"example.com/v1","kind":"Widget","metadata":7,"rules":"x","spec":[]}"#);
    assert_eq!(holes(&records), Vec::<&_>::new(), "what another kind holds is nobody's fault");
}

#[test]
fn a_creation_time_that_is_none_is_unknown() {
    for time in [r#""yesterday""#, r#"{"a":1}"#] {
        let text = format!(r#""metadata":{{"name":"bad","namespace":"n","creationTimestamp":{time}}}"#);
        let inventory = inventory_of(&around(&object("v1", "ServiceAccount", &text)));
        let bad = inventory.identities.iter().find(|one| one.name == "n/bad").unwrap();
        assert!(bad.created.why_unknown().is_some(), "{:?}", bad.created);
    }
}

#[test]
fn a_date_of_last_use_that_is_none_is_unknown() {
    let token = r#""type":"kubernetes.io/service-account-token","metadata":{"name":"t","namespace":"n",
        "annotations":{"kubernetes.io/service-account.name":"good"},"labels":{"kubernetes.io/legacy-token-last-used":"soon"}}"#;
    let inventory = inventory_of(&around(&object("v1", "Secret", token)));
    let last = &inventory.usages.first().unwrap().last;
    assert_eq!(last.why_unknown(), Some("its label legacy-token-last-used is not a date"));
}

#[test]
fn further_malformed_objects_are_counted() {
    let bad = vec![object("v1", "ServiceAccount", r#""metadata":"text""#); 15].join(",");
    let records = around(&bad);
    let entry = coverage(&records, "serviceaccounts");
    assert_eq!(entry.count, 1);
    assert!(entry.detail.as_deref().unwrap().ends_with(" and 12 more"), "{:?}", entry.detail);
}

#[test]
fn a_list_without_items_is_a_hole() {
    let records = dump_texts(&[("a.json", r#"{"apiVersion":"v1","kind":"List"}"#)]);
    assert!(holes(&records).iter().any(|hole| hole.detail.as_deref().unwrap().contains("without items")));
}

#[test]
fn kinds_are_shown_only_as_far_as_they_look_like_kinds() {
    let long = "A".repeat(80);
    let others = |kind: &str| {
        let records = around(&object("example.com/v1", kind, r#""metadata":{"name":"x"}"#));
        coverage(&records, "other objects").detail.clone().unwrap()
    };
    assert_eq!(others("Widget"), "1 Widget");
    assert_eq!(others(&long), format!("1 {}", "A".repeat(60)));
    assert_eq!(others("token=PLANTED value"), "1 an unknown kind");
}
