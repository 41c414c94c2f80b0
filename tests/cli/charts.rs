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
fn a_question_about_an_overlay_is_answered_by_what_it_makes() {
    let at = folder();
    write(at.path(), "tree/base/r.yaml", format!("{ACCOUNT}{}", binding("kind: RoleBinding", "view")));
    write(at.path(), "tree/base/kustomization.yaml", "resources: [r.yaml]\n");
    write(at.path(), "tree/prod/kustomization.yaml", "resources: [../base]\nnamespace: other\n");
    let asked = |path: &str, account: &str, namespace: &str| {
        let user = format!("system:serviceaccount:{account}");
        run(at.path(), &["access", "kubernetes", "--rbac", path, "--as", &user, "list", "pods", "-n", namespace])
    };
    for (path, account, namespace, code) in [
        ("tree/prod", "other:x", "other", 0),
        ("tree/prod/kustomization.yaml", "other:x", "other", 0),
        ("tree/prod", "d:x", "d", 1),
        ("tree/base", "d:x", "d", 0),
    ] {
        let ran = asked(path, account, namespace);
        assert_eq!(ran.code, code, "{path} {account}: {}{}", ran.stdout, ran.stderr);
    }
    // Of a folder with several nobody knows which is meant.
    let ran = asked("tree", "other:x", "other");
    assert_eq!(ran.code, 3, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("an overlay is built where --rbac names its folder alone"), "{}", ran.stderr);
}

#[test]
fn the_chart_above_says_what_its_parts_are_given() {
    let at = folder();
    let bound = binding("kind: ClusterRoleBinding", "{{ .Values.role }}");
    write(at.path(), "tree/u/Chart.yaml", "apiVersion: v2\nname: u\ndependencies:\n- {name: ing, version: 1.0.0}\n");
    write(at.path(), "tree/u/values.yaml", "ing: {role: cluster-admin}\n");
    write(at.path(), "tree/u/values-prod.yaml", "ing: {role: view}\n");
    write(at.path(), "tree/u/charts/ing/Chart.yaml", "apiVersion: v2\nname: ing\n");
    write(at.path(), "tree/u/charts/ing/values.yaml", "role: view\n");
    write(at.path(), "tree/u/charts/ing/templates/a.yaml", format!("{ACCOUNT}{bound}"));
    let told = scan(at.path());
    assert_eq!(found(&told, "cluster-administrator"), ["k8s:tree (manifests)/d/sa/x"]);
    assert_eq!(holes(&told, "parts of Helm charts"), Vec::<String>::new());
    write(
        at.path(),
        "tree/u/templates/b.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\n",
    );
    let told = scan(at.path());
    let remark = told["coverage"].as_array().expect("a list").iter().find(|one| one["what"] == "manifests");
    let remark = remark.and_then(|one| one["detail"].as_str()).unwrap_or_default();
    assert!(remark.contains("not u/values-prod.yaml"), "{remark}");
}

#[test]
fn parts_of_charts_that_are_not_here_are_holes() {
    let at = folder();
    let chart = "apiVersion: v2\nname: u\ndependencies:\n- {name: argo-cd, version: 7.0.0, repository: 'https://charts.example'}\n\
                 - {name: off, repository: 'https://charts.example', condition: off.enabled}\n\
                 - {name: here, repository: 'file://../here'}\n\
                 - {name: common, repository: 'oci://registry-1.docker.io/bitnamicharts', tags: [bitnami-common]}\n";
    write(at.path(), "tree/u/Chart.yaml", chart);
    write(at.path(), "tree/u/values.yaml", "off: {enabled: false}\n");
    write(at.path(), "tree/here/Chart.yaml", "apiVersion: v2\nname: here\n");
    let told = scan(at.path());
    assert_eq!(holes(&told, "parts of Helm charts"), ["are not in the tree, or packed: u/Chart.yaml: argo-cd"]);
    assert_eq!(told["summary"]["incomplete"], true);
    write(at.path(), "tree/u/charts/argo-cd/Chart.yaml", "apiVersion: v2\nname: argo-cd\n");
    assert_eq!(holes(&scan(at.path()), "parts of Helm charts"), Vec::<String>::new());
}

#[test]
fn folders_that_say_different_things_of_one_object_are_clusters_of_their_own() {
    let at = folder();
    for (folder, role) in [("dev", "cluster-admin"), ("prod", "view")] {
        write(at.path(), &format!("tree/clusters/{folder}/sa.yaml"), ACCOUNT);
        let bound = binding("kind: ClusterRoleBinding", role);
        write(at.path(), &format!("tree/clusters/{folder}/b.yaml"), bound);
    }
    write(at.path(), "tree/other/sa.yaml", ACCOUNT);
    let told = scan(at.path());
    assert_eq!(found(&told, "cluster-administrator"), ["k8s:tree (manifests) clusters:dev/d/sa/x"]);
    let remark = told["coverage"].as_array().expect("a list").iter().find(|one| one["what"] == "manifests");
    let remark = remark.and_then(|one| one["detail"].as_str()).unwrap_or_default();
    assert!(remark.contains("each a cluster of its own: clusters/dev, clusters/prod"), "{remark}");
    // What could not be read of the tree may be of any of them.
    write(at.path(), "tree/clusters/bad.yaml", "apiVersion: v1\nkind: ServiceAccount\nmetadata: [\n");
    let not_asked = scan(at.path())["not_evaluated"].as_array().expect("a list").clone();
    assert!(not_asked.iter().any(|one| one.to_string().contains("clusters:prod")), "{not_asked:?}");
    std::fs::remove_file(at.path().join("tree/clusters/bad.yaml")).expect("it is there");
    // Copies of one thing are one thing.
    write(at.path(), "tree/clusters/prod/b.yaml", binding("kind: ClusterRoleBinding", "cluster-admin"));
    assert_eq!(found(&scan(at.path()), "cluster-administrator"), ["k8s:tree (manifests)/d/sa/x"]);
}

#[test]
fn templates_of_openshift_make_what_their_parameters_say() {
    let at = folder();
    let object = |name: &str| format!("    name: {name}\n    namespace: ${{NS}}\n");
    let template = |parameter: &str| {
        format!(
            "apiVersion: template.openshift.io/v1\nkind: Template\nmetadata: {{name: t}}\nparameters:\n- {{name: NS, value: d}}\n\
             - {{name: WHO{parameter}}}\nobjects:\n- apiVersion: v1\n  kind: ServiceAccount\n  metadata:\n{}\
             - apiVersion: rbac.authorization.k8s.io/v1\n  kind: ClusterRoleBinding\n  metadata: {{name: b}}\n  roleRef:\n    \
             apiGroup: rbac.authorization.k8s.io\n    kind: ClusterRole\n    name: cluster-admin\n  subjects:\n  - kind: \
             ServiceAccount\n{}",
            object("${WHO}"),
            object("${WHO}")
        )
    };
    for (parameter, account, confidence) in [(", value: x", "x", "certain"), ("", "parameter-who", "low")] {
        write(at.path(), "tree/t.yaml", template(parameter));
        let told = scan(at.path());
        let all = told["findings"].as_array().expect("a list");
        let one = all.iter().find(|one| one["rule"] == "cluster-administrator").unwrap_or_else(|| panic!("{told}"));
        assert_eq!(one["subject"], format!("k8s:tree (manifests)/d/sa/{account}"));
        assert_eq!(one["confidence"], confidence);
    }
}

#[test]
fn files_that_kustomize_takes_and_that_are_not_there_are_a_hole() {
    let at = folder();
    let lines = "configMapGenerator:\n- {name: c, files: [there.txt, key=lost.txt]}\nsecretGenerator:\n- {name: s, envs: [.env]}\n";
    write(at.path(), "tree/o/kustomization.yaml", lines);
    write(at.path(), "tree/o/there.txt", "text");
    assert_eq!(holes(&scan(at.path()), "files of Kustomize"), ["are not here: o/lost.txt, o/.env"]);
}

#[test]
fn folders_of_two_environments_are_two_clusters_where_they_share_a_namespace() {
    let at = folder();
    let secret = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: d}\n";
    write(at.path(), "tree/dev/sa.yaml", ACCOUNT);
    write(at.path(), "tree/prod/b.yaml", binding("kind: ClusterRoleBinding", "all"));
    let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: all}\nrules:\n\
                - {verbs: ['*'], apiGroups: ['*'], resources: ['*']}\n";
    write(at.path(), "tree/shared/role.yaml", role);
    // Nothing shows that the clusters are two.
    assert_eq!(found(&scan(at.path()), "cluster-administrator"), ["k8s:tree (manifests)/d/sa/x"]);
    write(at.path(), "tree/prod/c.yaml", secret);
    let told = scan(at.path());
    assert_eq!(
        found(&told, "cluster-administrator"),
        ["k8s:tree (manifests) prod/d/sa/x"],
        "with the role that both share"
    );
    let accounts = told["identities"].as_array().expect("identities").iter();
    let accounts: Vec<&str> =
        accounts.filter_map(|one| one["id"].as_str()).filter(|id| id.ends_with("/sa/x")).collect();
    assert_eq!(accounts, ["k8s:tree (manifests) dev/d/sa/x", "k8s:tree (manifests) prod/d/sa/x"]);
}
