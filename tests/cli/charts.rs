//! Manifests of which something is not in the tree: values of charts, parts of overlays, files that are no YAML. What is not
//! known is said, never taken for "no rights".

use std::path::Path;

use serde_json::Value;

use crate::tree::{NOW, folder, run, write};

fn scan(at: &Path) -> Value {
    let ran = run(at, &["scan", "tree", "--isolated", "--now", NOW, "--format", "json"]);
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}{}", ran.stdout, ran.stderr))
}

fn found(scan: &Value, rule: &str) -> Vec<String> {
    let findings = scan["findings"].as_array().expect("a list").iter().filter(|one| one["rule"] == rule);
    findings.filter_map(|one| one["subject"].as_str().map(str::to_owned)).collect()
}

/// The details of holes, by what they are of.
fn holes(scan: &Value, what: &str) -> Vec<String> {
    let entries = scan["coverage"].as_array().expect("a list").iter();
    let of = entries.filter(|one| one["what"] == what && one["outcome"] == "partial");
    of.filter_map(|one| one["detail"].as_str().map(str::to_owned)).collect()
}

const ACCOUNT: &str = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: x, namespace: d}\n";

/// A binding of this kind to a role of this name, for `d/x`.
fn binding(kind: &str, role: &str) -> String {
    format!(
        "---\napiVersion: rbac.authorization.k8s.io/v1\n{kind}\nmetadata: {{name: b, namespace: d}}\nroleRef:\n  \
         apiGroup: rbac.authorization.k8s.io\n  kind: ClusterRole\n  name: {role}\nsubjects:\n- kind: ServiceAccount\n  \
         name: x\n  namespace: d\n"
    )
}

#[test]
fn rights_of_a_chart_come_from_its_values_or_are_a_hole() {
    let at = folder();
    let rules = "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: r}\nrules:\n\
                 {{- toYaml .Values.rules | nindent 2 }}\n";
    let bound = binding("kind: ClusterRoleBinding", "r");
    write(at.path(), "tree/c/templates/a.yaml", format!("{ACCOUNT}{rules}{bound}"));
    let told = scan(at.path());
    assert_eq!(holes(&told, "rights in Helm templates").len(), 1, "{}", told["coverage"]);
    assert_eq!(found(&told, "cluster-administrator"), Vec::<String>::new());
    write(at.path(), "tree/c/values.yaml", "rules:\n- apiGroups: ['*']\n  resources: ['*']\n  verbs: ['*']\n");
    let told = scan(at.path());
    assert_eq!(holes(&told, "rights in Helm templates"), Vec::<String>::new());
    assert_eq!(found(&told, "cluster-administrator"), ["k8s:tree (manifests)/d/sa/x"]);
}

#[test]
fn the_account_of_a_binding_is_one_that_the_chart_shows_or_a_hole() {
    let account = ACCOUNT.replace("name: x", "name: {{ template \"c.sa\" . }}");
    for (subject, administrators, said) in
        [("{{ include \"c.sa\" . }}", &["k8s:tree (manifests)/d/sa/helm-c-sa"][..], 0), ("{{ $saname }}", &[][..], 1)]
    {
        let bound =
            binding("kind: ClusterRoleBinding", "cluster-admin").replace("  name: x", &format!("  name: {subject}"));
        let at = folder();
        write(at.path(), "tree/c/templates/a.yaml", format!("{account}{bound}"));
        let told = scan(at.path());
        assert_eq!(found(&told, "cluster-administrator"), administrators, "{subject}");
        assert_eq!(holes(&told, "rights in Helm templates").len(), said, "{subject}: {}", told["coverage"]);
    }
}

#[test]
fn a_role_or_kind_that_a_value_decides_is_the_default_the_stronger_or_a_hole() {
    let wide = ["k8s:tree (manifests)/d/sa/x"];
    let if_else = "kind: {{ if .Values.wide }}ClusterRoleBinding{{ else }}RoleBinding{{ end }}";
    let lines = "{{ if .Values.wide }}\nkind: ClusterRoleBinding\n{{ else }}\nkind: RoleBinding\n{{ end }}";
    for (kind, role, administrators, said) in [
        ("kind: ClusterRoleBinding", "{{ .Values.role | default \"cluster-admin\" }}", &wide[..], 0),
        ("kind: ClusterRoleBinding", "{{ .Values.role }}", &[][..], 1),
        ("kind: {{ .Values.kind }}", "cluster-admin", &[], 1),
        (if_else, "cluster-admin", &wide, 0),
        (lines, "cluster-admin", &wide, 0),
    ] {
        let at = folder();
        write(at.path(), "tree/c/templates/a.yaml", format!("{ACCOUNT}{}", binding(kind, role)));
        let told = scan(at.path());
        assert_eq!(found(&told, "cluster-administrator"), administrators, "{kind} {role}");
        assert_eq!(holes(&told, "rights in Helm templates").len(), said, "{kind} {role}: {}", told["coverage"]);
    }
}

#[test]
fn templates_of_others_are_read_with_guesses_and_broken_fields_are_holes() {
    let at = folder();
    let bound = binding("kind: ClusterRoleBinding", "cluster-admin");
    let text = format!("{ACCOUNT}{bound}").replace("namespace: d", "namespace: {{ namespace }}");
    write(
        at.path(),
        "tree/roles/a.yaml",
        text.replace("{name: x, namespace: {{ namespace }}}", "\n  name: x\n  namespace: {{ namespace }}"),
    );
    let told = scan(at.path());
    assert_eq!(found(&told, "cluster-administrator"), ["k8s:tree (manifests)/default/sa/x"], "{told}");
    let at = folder();
    write(at.path(), "tree/a.yaml", format!("{ACCOUNT}{bound}").replace("namespace: d", "namespace: [d]"));
    let told = scan(at.path());
    let said = holes(&told, "malformed manifests");
    assert!(said[0].contains("expected metadata.namespace to be a text"), "{said:?}");
    // A name that the server is to make is no fault.
    let at = folder();
    let job = "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: once-, namespace: d}\nspec: {template: {spec: {serviceAccountName: x}}}\n";
    write(at.path(), "tree/a.yaml", format!("{ACCOUNT}---\n{job}"));
    let told = scan(at.path());
    assert_eq!(holes(&told, "malformed manifests"), Vec::<String>::new());
    assert_eq!(told["identities"][0]["workloads"], serde_json::json!(["k8s:tree (manifests)/d/job/once-"]));
}

#[test]
fn a_circle_of_kustomizations_is_a_hole_and_labels_and_generated_maps_are_made() {
    let at = folder();
    let bound = format!("{ACCOUNT}{}", binding("kind: ClusterRoleBinding", "shared"));
    write(at.path(), "tree/a/r.yaml", &bound);
    write(at.path(), "tree/a/kustomization.yaml", "resources: [../b, r.yaml]\n");
    write(at.path(), "tree/b/kustomization.yaml", "resources: [../a]\n");
    let told = scan(at.path());
    let said = holes(&told, "changes of Kustomize");
    assert!(said[0].contains("in a circle"), "{said:?}");
    let at = folder();
    write(at.path(), "tree/a/r.yaml", &bound);
    let overlay = "resources: [r.yaml]\nnamePrefix: p-\ncommonLabels: {team: plat}\nconfigMapGenerator:\n- name: c\n  namespace: d\n  literals: [DB_PASSWORD=Zk8dQ2mP1xW7rTq9]\n";
    write(at.path(), "tree/a/kustomization.yaml", overlay);
    let told = scan(at.path());
    let account = &told["identities"][0];
    assert_eq!((account["name"].as_str(), account["owner"]["name"].as_str()), (Some("d/p-x"), Some("plat")));
    let maps = found(&told, "secret-in-configmap");
    assert_eq!(maps, ["k8s:tree (manifests) a/d/cm/p-c"]);
    let message = told["findings"].as_array().expect("a list").iter().find(|one| one["rule"] == "secret-in-configmap");
    assert!(message.expect("it is there")["message"].as_str().is_some_and(|text| text.contains("DB_PASSWORD")));
    // A role that is not built here keeps its name.
    let ran = run(at.path(), &["show", "d/p-x", "tree", "--isolated", "--now", NOW]);
    assert!(ran.stdout.contains("clusterrole/shared in cluster"), "{}", ran.stdout);
}

#[test]
fn overlays_are_not_built_for_a_question_and_that_is_said() {
    let at = folder();
    write(at.path(), "tree/a/r.yaml", format!("{ACCOUNT}{}", binding("kind: RoleBinding", "view")));
    write(at.path(), "tree/a/kustomization.yaml", "resources: [r.yaml]\nnamespace: other\n");
    let question = ["--as", "system:serviceaccount:other:x", "list", "pods", "-n", "other"];
    let ran = run(
        at.path(),
        &["access", "kubernetes", "--rbac", "tree"].iter().chain(&question).copied().collect::<Vec<_>>(),
    );
    assert_eq!(ran.code, 3, "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stderr.contains("overlays are not built here; kustomize build tree/a > rendered.yaml"),
        "{}",
        ran.stderr
    );
}
