//! Kubernetes from outside: questions about rights, manifests of source trees, the rights that the collector needs.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::tree::{NOW, Ran, folder, project, run, write};

/// The roles and bindings of the server whose answers are recorded, as `kubectl` would have dumped them.
fn oracle(into: &Path) {
    for name in ["clusterroles", "roles", "clusterrolebindings", "rolebindings"] {
        let path = project().join(format!("fixtures/kubernetes/oracle/{name}.json"));
        let mut list: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        list["apiVersion"] = "rbac.authorization.k8s.io/v1".into();
        write(into, &format!("dump/{name}.json"), list.to_string());
    }
}

#[test]
fn every_recorded_answer_is_given_again_those_of_nodes_too() {
    let at = folder();
    oracle(at.path());
    let reviews = project().join("fixtures/kubernetes/oracle/reviews.jsonl");
    let ran = run(at.path(), &["access", "kubernetes", "--rbac", "dump", "--requests", reviews.to_str().unwrap()]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let text = std::fs::read_to_string(reviews).unwrap();
    let mut different = Vec::new();
    for (ours, theirs) in ran.stdout.lines().zip(text.lines()) {
        let answer: Value = serde_json::from_str(ours).unwrap();
        let review: Value = serde_json::from_str(theirs).unwrap();
        assert!(!answer["reason"].as_str().unwrap().is_empty());
        if answer["allowed"] != review["allowed"] {
            different.push(format!("{ours} {theirs}"));
        }
    }
    assert_eq!(different, Vec::<String>::new());
    assert_eq!(ran.stdout.lines().count(), 10_175);
}

/// Manifests with an aggregated role, a role for one name, and a binding to a role that is not there.
const MANIFESTS: &str = "\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: whole}
aggregationRule: {clusterRoleSelectors: [{matchExpressions: [{key: part, operator: In, values: [a, b]}]}]}
rules: []
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: middle, labels: {part: a}}
aggregationRule: {clusterRoleSelectors: [{matchLabels: {part: c}}]}
rules: []
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: leaf, labels: {part: c}}
rules: [{apiGroups: [\"\"], resources: [\"*/exec\"], verbs: [create]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: ci}
subjects: [{kind: User, name: \"system:serviceaccount:ci:runner\"}]
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: whole}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: viewers, namespace: shop}
subjects: [{kind: ServiceAccount, name: reader}]
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: runner, namespace: ci}
";

fn ask(arguments: &[&str]) -> Ran {
    let at = folder();
    write(at.path(), "k8s/all.yaml", MANIFESTS);
    let all: Vec<&str> = ["access", "kubernetes", "--rbac", "k8s", "--as"].iter().chain(arguments).copied().collect();
    run(at.path(), &all)
}

#[test]
fn one_question_is_answered_with_its_reason() {
    let runner = "system:serviceaccount:ci:runner";
    let yes = ask(&[runner, "create", "pods", "--subresource", "exec", "-n", "shop"]);
    assert_eq!(yes.code, 0, "{}", yes.stderr);
    assert_eq!(
        yes.stdout,
        "yes: clusterrolebinding ci gives clusterrole whole to sa ci/runner, whose rule 1 allows it\n"
    );
    let no = ask(&[runner, "delete", "po", "-n", "shop"]);
    assert_eq!(
        (no.code, no.stdout.starts_with("no: no rule of the roles of its 1 bindings")),
        (1, true),
        "{}",
        no.stdout
    );
    let reader = "system:serviceaccount:shop:reader";
    assert_eq!(ask(&[reader, "list", "deploy", "-n", "shop"]).code, 0, "view is what every API server makes it");
    assert_eq!(ask(&[reader, "list", "deploy", "-n", "ci"]).code, 1, "a RoleBinding is for its namespace");
    assert_eq!(ask(&[reader, "get", "secrets/db", "-n", "shop"]).code, 1);
    let unknown = ask(&[reader, "get", "widgets"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.stderr.contains("widgets.example.com"), "{}", unknown.stderr);
    let masters = ask(&["jana", "delete", "nodes", "--as-group", "system:masters"]);
    assert_eq!(masters.code, 0, "{}", masters.stdout);
}

#[test]
fn everything_somebody_may_do_is_listed() {
    let all = ask(&["system:serviceaccount:ci:runner"]);
    assert_eq!(all.code, 0);
    assert!(all.stdout.contains("in the whole cluster\n  create on */exec of core"), "{}", all.stdout);
    assert!(all.stdout.contains("[clusterrolebinding ci → clusterrole whole, rule 1]"), "{}", all.stdout);
}

#[test]
fn a_line_that_is_no_review_is_an_error_with_its_place() {
    let at = folder();
    write(at.path(), "k8s/all.yaml", MANIFESTS);
    write(
        at.path(),
        "asked.jsonl",
        "{\"user\":\"a\",\"resourceAttributes\":{\"verb\":\"get\",\"resource\":\"pods\"}}\n{}\n",
    );
    let ran = run(at.path(), &["access", "kubernetes", "--rbac", "k8s", "--requests", "asked.jsonl"]);
    assert_eq!(ran.code, 2);
    assert_eq!(ran.stdout.lines().count(), 1, "what came before is answered");
    assert!(ran.stderr.contains("asked.jsonl:2: expected the spec of a SubjectAccessReview"), "{}", ran.stderr);
}

/// Rule and subject of the findings of a scan.
fn findings(at: &Path) -> BTreeSet<(String, String)> {
    let ran = run(at, &["scan", "tree", "--isolated", "--now", NOW, "--format", "json", "--exit-zero"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let scan: Value = serde_json::from_str(&ran.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = scan["findings"].as_array().unwrap();
    list.iter().map(|one| (text(&one["rule"]), text(&one["subject"]))).collect()
}

#[test]
fn manifests_are_judged_and_what_needs_the_whole_cluster_is_not_asked() {
    let at = folder();
    write(at.path(), "tree/k8s/all.yaml", MANIFESTS);
    let template = "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: {{ include \"x.name\" . }}\n  namespace: {{ .Release.Namespace }}\n---\n{{- if .Values.rbac }}\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata:\n  name: {{ include \"x.name\" . }}\nsubjects:\n- kind: ServiceAccount\n  name: {{ include \"x.name\" . }}\n  namespace: {{ .Release.Namespace }}\nroleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: ClusterRole\n  name: cluster-admin\n{{- end }}\n";
    write(at.path(), "tree/chart/templates/rbac.yaml", template);
    let found = findings(at.path());
    let has = |rule: &str, subject: &str| found.contains(&(rule.to_owned(), subject.to_owned()));
    assert!(has("enters-pods", "k8s:tree (manifests)/ci/sa/runner"), "{found:#?}");
    assert!(has("cluster-administrator", "k8s:tree (manifests)/default/sa/helm-x-name"), "{found:#?}");
    for rule in ["service-account-orphaned", "binding-without-subject", "rights-waiting-for-an-account"] {
        assert!(found.iter().all(|(of, _)| of != rule), "{rule} needs the whole cluster: {found:#?}");
    }
}

#[test]
fn overlays_are_clusters_of_their_own_with_their_names() {
    let at = folder();
    let base = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: bot}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: bot}\nsubjects: [{kind: ServiceAccount, name: bot}]\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: admin}\n";
    write(at.path(), "tree/base/bot.yaml", base);
    write(at.path(), "tree/base/kustomization.yaml", "resources: [bot.yaml]\n");
    write(at.path(), "tree/prod/kustomization.yaml", "resources: [../base]\nnamespace: prod\nnamePrefix: p-\n");
    let found = findings(at.path());
    let expected = ("reads-secrets-of-namespace".to_owned(), "k8s:tree (manifests) prod/prod/sa/p-bot".to_owned());
    assert!(found.contains(&expected), "{found:#?}");
    assert!(found.iter().all(|(_, subject)| !subject.contains("/default/sa/bot")), "the base alone is in no cluster");
}

#[test]
fn the_rights_of_the_collector_are_a_cluster_role() {
    let ran = run(&project(), &["permissions", "kubernetes"]);
    assert_eq!(ran.code, 0);
    assert!(ran.stdout.contains("kind: ClusterRole\n") && ran.stdout.contains("verbs: [list]"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("watch") && !ran.stdout.contains("create"), "it reads only");
    assert!(run(&project(), &["permissions", "kubernetes", "--plan"]).stdout.contains("list  /api/v1/secrets"));
}

/// The recorded cluster, whose thirty planted facts are in its names.
#[test]
fn the_recorded_cluster_is_judged_as_reviewed() {
    let at = folder();
    for entry in std::fs::read_dir(project().join("fixtures/kubernetes/recorded")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("list-") || name.starts_with("configmap-") {
            write(at.path(), &format!("dump/{name}"), std::fs::read(&path).unwrap());
        }
    }
    let ran = run(
        at.path(),
        &["scan", "--kubernetes-export", "prod=dump", "--isolated", "--now", NOW, "--format", "json", "--exit-zero"],
    );
    let scan: Value = serde_json::from_str(&ran.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut lines: Vec<String> = scan["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| format!("{} | {} | {}", text(&one["severity"]), text(&one["rule"]), text(&one["subject"])))
        .collect();
    lines.sort();
    insta::assert_snapshot!("kubernetes-recorded", lines.join("\n"));
}

#[test]
fn patches_of_overlays_are_applied() {
    let at = folder();
    let base = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: bot}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: bot}\nsubjects: [{kind: ServiceAccount, name: bot, namespace: dev}]\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\nspec: {template: {spec: {containers: [{name: app, image: a}]}}}\n";
    write(at.path(), "tree/base/bot.yaml", base);
    write(at.path(), "tree/base/kustomization.yaml", "resources: [bot.yaml]\n");
    write(
        at.path(),
        "tree/prod/kustomization.yaml",
        "resources: [../base]\nnamespace: prod\nnamePrefix: p-\npatches:\n- target: {kind: ClusterRoleBinding, name: b.t}\n  patch: |-\n    - {op: replace, path: /roleRef/name, value: cluster-admin}\n- path: api.yaml\n",
    );
    let patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\nspec:\n  template:\n    spec:\n      serviceAccountName: bot\n      containers:\n      - name: app\n        env: [{name: DB_PASSWORD, value: made-up-for-a-test}]\n";
    write(at.path(), "tree/prod/api.yaml", patch);
    let found = findings(at.path());
    let has = |rule: &str, subject: &str| found.contains(&(rule.to_owned(), subject.to_owned()));
    assert!(has("cluster-administrator", "k8s:tree (manifests) prod/prod/sa/p-bot"), "{found:#?}");
    assert!(has("secret-in-pod-template", "k8s:tree (manifests) prod/prod/deploy/p-api"), "{found:#?}");
    let of_patch = |subject: &String| subject.starts_with("k8s:tree (manifests)/");
    assert!(found.iter().all(|(_, subject)| !of_patch(subject)), "a patch is no object: {found:#?}");
}

#[test]
fn a_manifest_and_the_cluster_that_has_it_are_one_finding() {
    let at = folder();
    let account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: bot, namespace: ci, uid: u}\n";
    let binding = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: bot}\nsubjects: [{kind: ServiceAccount, name: bot, namespace: ci}]\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}\n";
    write(at.path(), "tree/k8s/bot.yaml", format!("{account}---\n{binding}"));
    write(at.path(), "dump/all.yaml", format!("{account}---\n{binding}"));
    let scan = judged(at.path(), &["tree", "--kubernetes-export", "prod=dump"]);
    let list = scan["findings"].as_array().unwrap();
    let found: Vec<&Value> = list.iter().filter(|one| one["rule"] == "cluster-administrator").collect();
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0]["subject"], "k8s:prod/ci/sa/bot");
    assert_eq!(found[0]["evidence"][1]["location"]["path"], "k8s/bot.yaml", "{:#?}", found[0]);
    assert!(found[0]["chain"].to_string().contains("defined at k8s/bot.yaml:1"), "{:#?}", found[0]);
}

/// What a scan of these sources concludes, however much of them is missing.
fn judged(folder: &Path, sources: &[&str]) -> Value {
    let how = ["--isolated", "--now", NOW, "--format", "json", "--exit-zero", "--allow-partial"];
    let ran = run(folder, &[&["scan"], sources, &how].concat());
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr))
}

#[test]
fn a_role_that_is_part_of_others_or_gives_little_waits_for_no_binding() {
    let at = folder();
    let role = |name: &str, labels: &str, rule: &str| {
        format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: {name}, uid: u{labels}}}\nrules: [{{apiGroups: [\"\"], resources: [secrets], {rule}}}]\n"
        )
    };
    let all = [
        role("part", ", labels: {rbac.authorization.k8s.io/aggregate-to-edit: \"true\"}", "verbs: [list]"),
        role("alone", "", "verbs: [list]"),
        // One Secret by its name is not much.
        role("own", "", "verbs: [get], resourceNames: [my-app-tls]"),
    ];
    write(at.path(), "dump/all.yaml", all.join("---\n"));
    let scan = judged(at.path(), &["--kubernetes-export", "prod=dump"]);
    let list = scan["findings"].as_array().unwrap();
    let unbound: Vec<&Value> =
        list.iter().filter(|one| one["rule"] == "role-unbound-powerful").map(|one| &one["subject"]).collect();
    assert_eq!(unbound, ["k8s:prod//clusterrole/alone"]);
}

/// A key of a cloud in a ConfigMap is told as what it is, beside those that only their names tell.
#[test]
fn values_of_config_maps_are_recognised_and_secrets_are_compared_on_demand() {
    let at = folder();
    let examples = std::fs::read_to_string(project().join("rules/detect/openai.toml")).unwrap();
    let token = examples.split("OpenAI(\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
    let object = |kind: &str, name: &str, data: &str| {
        format!("apiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: shop}}\ndata: {data}\n")
    };
    let values = "{password: cGxhbnRlZC12YWx1ZS1vbmU=}";
    let all = [
        object("ConfigMap", "app", &format!("{{ENDPOINT: {token}, DB_PASSWORD: hunter-made-up}}")),
        object("Secret", "a", values),
        object("Secret", "b", values),
    ];
    write(at.path(), "dump/all.yaml", all.join("---\n"));
    let arguments = [
        "scan",
        "--kubernetes-export",
        "prod=dump",
        "--isolated",
        "--now",
        NOW,
        "--format",
        "json",
        "--exit-zero",
        "--allow-partial",
    ];
    let ran = run(at.path(), &arguments);
    assert!(!ran.stdout.contains(&token) && !ran.stdout.contains("planted-value"), "no value leaves");
    let rules = |text: &str| -> BTreeSet<(String, String)> {
        let scan: Value = serde_json::from_str(text).unwrap();
        let list = scan["findings"].as_array().unwrap().clone();
        list.iter().map(|one| (one["rule"].as_str().unwrap().to_owned(), one["subject"].to_string())).collect()
    };
    let found = rules(&ran.stdout);
    assert!(
        found.iter().any(|(rule, subject)| rule == "secret-in-configmap" && subject.contains("/cm/app")),
        "{found:#?}"
    );
    assert!(found.iter().any(|(_, subject)| subject.contains("kubernetes/prod/shop/cm/app")), "{found:#?}");
    assert!(found.iter().all(|(rule, _)| rule != "secret-value-reused"), "values are not read unasked: {found:#?}");
    let ran = run(at.path(), &[&arguments[..], &["--kubernetes-secret-values"]].concat());
    assert!(!ran.stdout.contains("cGxhbnRlZC") && !ran.stdout.contains("planted-value"), "no value leaves");
    let found = rules(&ran.stdout);
    let reused: Vec<&String> =
        found.iter().filter(|(rule, _)| rule == "secret-value-reused").map(|(_, subject)| subject).collect();
    assert_eq!(reused, ["\"k8s:prod/shop/secret/a\"", "\"k8s:prod/shop/secret/b\""]);
}

#[test]
fn one_page_of_a_list_is_no_whole_list_and_two_dumps_are_not_one_cluster() {
    let at = folder();
    let page = r#"{"kind":"List","apiVersion":"v1","metadata":{"continue":"abc","remainingItemCount":10},"items":[{"kind":"ServiceAccount","apiVersion":"v1","metadata":{"name":"a","namespace":"b"}}]}"#;
    write(at.path(), "east/dump/all.json", page);
    write(at.path(), "west/dump/all.json", page);
    let ran =
        run(at.path(), &["scan", "--kubernetes-export", "prod=east/dump", "--isolated", "--now", NOW, "--exit-zero"]);
    assert_eq!(ran.code, 3, "{}", ran.stdout);
    assert!(ran.stdout.contains("one page of a longer list"), "{}", ran.stdout);
    let ran =
        run(at.path(), &["scan", "--kubernetes-export", "east/dump", "--kubernetes-export", "west/dump", "--isolated"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("say which cluster each is of"), "{}", ran.stderr);
}

#[test]
fn audit_logs_say_who_is_seen_and_who_is_not() {
    let at = folder();
    let account = |name: &str| {
        format!(
            "apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: {name}, namespace: ci, uid: u-{name}}}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {{name: {name}, namespace: ci}}\nsubjects: [{{kind: ServiceAccount, name: {name}}}]\nroleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}}\n"
        )
    };
    write(at.path(), "dump/all.yaml", [account("runner"), account("idle")].join("---\n"));
    // Whether an account has a token is known where Secrets were read.
    write(at.path(), "dump/secrets.json", r#"{"kind":"SecretList","apiVersion":"v1","items":[]}"#);
    let event = |user: &str, time: &str| {
        format!(
            "{{\"kind\":\"Event\",\"user\":{{\"username\":\"{user}\"}},\"userAgent\":\"kubectl/v1.36\",\"requestReceivedTimestamp\":\"{time}\"}}\n"
        )
    };
    write(
        at.path(),
        "audit.log",
        event("jana", "2026-01-01T00:00:00Z") + &event("system:serviceaccount:ci:runner", "2026-11-20T00:00:00Z"),
    );
    let ran = run(
        at.path(),
        &[
            "scan",
            "--kubernetes-export",
            "prod=dump",
            "--kubernetes-audit-log",
            "prod=audit.log",
            "--isolated",
            "--now",
            NOW,
            "--format",
            "json",
            "--exit-zero",
            "--allow-partial",
        ],
    );
    let scan: Value = serde_json::from_str(&ran.stdout).unwrap();
    let of = |rule: &str| -> Vec<String> {
        let list = scan["findings"].as_array().unwrap();
        list.iter().filter(|one| one["rule"] == rule).map(|one| one["subject"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(of("account-not-used"), ["k8s:prod/ci/sa/idle"]);
    assert_eq!(of("account-used-by-person"), ["k8s:prod/ci/sa/runner"]);
}
