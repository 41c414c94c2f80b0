//! Questions about the graph, asked of the demo company: what a person reads, and that a saved scan answers as a fresh
//! one does.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::tree::{NOW, Ran, folder, project, run, write};

const KEY: &str = "AKIAWIDGDYXJGOGVBSWF";

/// A folder with the demo company's scan in `scan.json`.
fn saved() -> TempDir {
    let folder = folder();
    let report = folder.path().join("scan.json").to_string_lossy().into_owned();
    let ran =
        run(&project(), &["scan", "fixtures/acme", "--isolated", "--now", NOW, "--exit-zero", "-q", "-o", &report]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    folder
}

fn ask(folder: &Path, arguments: &[&str]) -> Ran {
    let mut all = arguments.to_vec();
    all.extend(["--from", "scan.json"]);
    run(folder, &all)
}

fn told(folder: &Path, arguments: &[&str]) -> String {
    let ran = ask(folder, arguments);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    ran.stdout
}

fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "'{part}' is missing:\n{text}");
    }
}

#[test]
fn the_demo_company_answers() {
    let folder = saved();
    let path = folder.path();
    has(
        &told(path, &["show", "deploy-bot"]),
        &[
            "IAM user deploy-bot, account 429710886354",
            "jana.novak@acme.example, left 2026-05-29",
            "0.90 jana.novak@acme.example: tag owner",
            "config/production.yaml:14",
            "is defined by code.definition aws_iam_user.deploy_bot",
            "do everything (administrator): account 429710886354 (one step away)",
            "critical leaked-live-credential",
            "seen          fixtures/acme/aws/429710886354/account-authorization-details.json",
        ],
    );
    has(
        &told(path, &["reach", "config/production.yaml"]),
        &[
            "is the value of aws.access-key AKIAWIDGDYXJGOGVBSWF\n    proves IAM user deploy-bot, account 429710886354\n",
            "do everything (administrator): account 429710886354 (3 steps away)",
            "proof: policy AdministratorAccess, statement 1 (Allow * on *)",
        ],
    );
    has(
        &told(path, &["path", "config/production.yaml", "role/platform-admin"]),
        &["proves IAM user deploy-bot", "every step holds by what was read"],
    );
    has(
        &told(path, &["path", "role/platform-admin", "config/production.yaml"]),
        &["there is none along what was read\n"],
    );
}

#[test]
fn a_leaver_is_settled_in_order() {
    let folder = saved();
    let text = told(folder.path(), &["offboard", "jana.novak@acme.example"]);
    has(
        &text,
        &[
            "IAM user deploy-bot, account 429710886354",
            "service account payments/legacy-reporter, cluster prod",
            "works, made 2025-01-14, 677 days ago, never expires",
            "then: aws iam update-access-key --user-name deploy-bot --access-key-id AKIAWIDGDYXJGOGVBSWF --status Inactive",
            "then: kubectl --context prod -n payments delete secret legacy-reporter-token",
            "and: take it out of fixtures/acme/repos/platform-infra/k8s/payments/legacy-reporter.yaml:9",
            "End okta.api-token jana-laptop of",
            "in Okta: Security > API > Tokens > jana-laptop > Revoke",
        ],
    );
    assert!(!text.contains("(manifests)"), "a file is no cluster: {text}");
    let near = ask(folder.path(), &["offboard", "jana.novk@acme.example"]);
    assert_eq!(near.code, 2);
    has(&near.stderr, &["did you mean\n  jana.novak@acme.example"]);
    has(&ask(folder.path(), &["offboard", "jana"]).stderr, &["jana.novak@acme.example"]);
    let replace = text.find("1. Replace").expect("what is open comes first");
    let give = text.find(". Give IAM user deploy-bot").expect("and then it gets an owner");
    assert!(replace < give, "{text}");
    let nobody = ask(folder.path(), &["offboard", "nobody@acme.example"]);
    assert_eq!(nobody.code, 2);
    has(&nobody.stderr, &["the people directory has nobody called 'nobody@acme.example'"]);
}

#[test]
fn a_rotation_names_consumers_and_order() {
    let folder = saved();
    let text = told(folder.path(), &["rotate", KEY]);
    has(
        &text,
        &[
            "config/production.yaml:14",
            "aws iam create-access-key --user-name deploy-bot",
            "it was used 2026-11-21, 19 hours ago",
        ],
    );
    let order = ["create-access-key", "get-access-key-last-used", "--status Inactive", "delete-access-key"];
    let places: Vec<_> = order.iter().map(|part| text.find(part).expect("a step")).collect();
    assert!(places.is_sorted(), "{text}");
    // An identity with one credential means that one.
    assert_eq!(told(folder.path(), &["rotate", "deploy-bot"]), text);
    let role = ask(folder.path(), &["rotate", "role/platform-admin"]);
    assert_eq!(role.code, 2);
    has(&role.stderr, &["is no credential, and none of it was read"]);
}

#[test]
fn a_name_that_means_several_things_is_asked_back() {
    let folder = saved();
    let several = ask(folder.path(), &["show", "payments/api"]);
    assert_eq!(several.code, 2);
    has(
        &several.stderr,
        &["'payments/api' can mean 6 things", "k8s:prod/payments/sa/api", "k8s:staging/payments/deploy/api"],
    );
    has(&told(folder.path(), &["show", "staging/payments/api"]), &["service account payments/api, cluster staging"]);
    let none = ask(folder.path(), &["show", "platfrom"]);
    assert_eq!(none.code, 2);
    has(&none.stderr, &["there is no 'platfrom' among"]);
}

/// A JSON report, the records, and a fresh scan are one graph.
#[test]
fn a_saved_scan_answers_as_a_fresh_one() {
    let folder = saved();
    let records = folder.path().join("records.jsonl").to_string_lossy().into_owned();
    let ran = run(&project(), &["collect", "fixtures/acme", "--isolated", "--now", NOW, "-q", "-o", &records]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let report = folder.path().join("scan.json").to_string_lossy().into_owned();
    for question in [["reach", "deploy-bot"], ["show", KEY], ["offboard", "jana.novak"]] {
        let fresh = run(&project(), &[&question[..], &["fixtures/acme", "--isolated", "--now", NOW, "-q"]].concat());
        for saved in [&report, &records] {
            let again = run(&project(), &[&question[..], &["--isolated", "--from", saved]].concat());
            assert_eq!(again.stdout, fresh.stdout, "{question:?} from {saved}: {}", again.stderr);
        }
        assert!(!fresh.stdout.is_empty());
    }
    let judged = |from: &str| {
        let ran = run(&project(), &["evaluate", from, "--isolated", "--now", NOW, "--format", "json"]);
        let scan: Value = serde_json::from_str(&ran.stdout).expect("JSON");
        scan["findings"].clone()
    };
    assert_eq!(judged(&report), judged(&records));
}

#[test]
fn what_is_no_saved_scan_is_said() {
    let folder = folder();
    write(folder.path(), "scan.json", "{\n  \"schema\": \"nonhuman/scan/v1\"\n}\n");
    let broken = ask(folder.path(), &["show", "x"]);
    assert_eq!(broken.code, 2);
    has(&broken.stderr, &["scan.json:3:1: this is no JSON report of nonhuman: missing field `now`"]);
    write(folder.path(), "scan.json", "hello\n");
    let broken = ask(folder.path(), &["show", "x"]);
    has(&broken.stderr, &["scan.json:1:1: this is no record as `nonhuman collect` writes it"]);
    write(folder.path(), "scan.json", "");
    has(&ask(folder.path(), &["show", "x"]).stderr, &["scan.json: there is nothing in it to ask about"]);
}

/// A name that would act on a terminal or a shell is shown and quoted.
#[test]
fn hostile_names_do_nothing() {
    let folder = folder();
    let name = "bot\u{1b}[2J$(touch pwned)'";
    let iam = serde_json::json!({
        "UserDetailList": [{
            "UserName": name, "UserId": "AIDAEXAMPLEBOT000000", "Arn": format!("arn:aws:iam::111122223333:user/{name}"),
            "Path": "/", "CreateDate": "2020-01-01T00:00:00Z",
        }],
        "GroupDetailList": [], "RoleDetailList": [], "Policies": [], "IsTruncated": false,
    });
    let keys = serde_json::json!({"AccessKeyMetadata": [
        {"UserName": name, "AccessKeyId": KEY, "Status": "Active", "CreateDate": "2024-01-01T00:00:00Z"},
    ]});
    write(folder.path(), "aws/iam.json", iam.to_string());
    write(folder.path(), "aws/keys.json", keys.to_string());
    let ran = run(folder.path(), &["rotate", KEY, "--aws-export", "aws", "--now", NOW, "-q"]);
    assert!(!ran.stdout.contains('\u{1b}'), "{}", ran.stdout);
    has(&ran.stdout, &["--user-name 'bot\\u{1b}[2J$(touch pwned)'\\'''"]);
}

#[test]
fn what_is_bound_to_all_accounts_of_a_namespace_is_within_reach_of_each() {
    let folder = folder();
    let account = |name: &str, namespace: &str| serde_json::json!({"kind": "ServiceAccount", "apiVersion": "v1", "metadata": {"name": name, "namespace": namespace}});
    let rules = serde_json::json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]);
    let group = "rbac.authorization.k8s.io";
    let version = "rbac.authorization.k8s.io/v1";
    let list = serde_json::json!({"kind": "List", "apiVersion": "v1", "items": [
        account("young", "app"),
        account("other", "web"),
        {"kind": "ClusterRole", "apiVersion": version, "metadata": {"name": "cluster-admin"}, "rules": rules},
        {
            "kind": "ClusterRoleBinding", "apiVersion": version, "metadata": {"name": "all-of-app"},
            "roleRef": {"kind": "ClusterRole", "name": "cluster-admin", "apiGroup": group},
            "subjects": [{"kind": "Group", "name": "system:serviceaccounts:app", "apiGroup": group}],
        },
    ]});
    write(folder.path(), "dump/all.json", list.to_string());
    let of = |name: &str| run(folder.path(), &["reach", name, "--isolated", "--kubernetes-export", "prod=dump"]).stdout;
    has(&of("app/young"), &["do everything (administrator): cluster prod", "all-of-app", "counts app/young to it"]);
    has(&of("web/other"), &["no power that is known of"]);
}

/// A manifest is a file: what it declares is changed there, with no context of a cluster that does not exist.
#[test]
fn what_only_a_manifest_declares_is_changed_in_its_file() {
    let folder = saved();
    let id = "k8s:acme (manifests)/payments/secret/legacy-reporter-token";
    let text = told(folder.path(), &["rotate", id]);
    has(&text, &["1. Change fixtures/acme/repos/platform-infra/k8s/payments/legacy-reporter.yaml:9", "2. Apply it"]);
    assert!(!text.contains("kubectl") && !text.contains("works,"), "{text}");
}

#[test]
fn what_agents_and_okta_hold_has_its_own_way() {
    let folder = saved();
    let key = told(folder.path(), &["rotate", "ANTHROPIC_API_KEY"]);
    has(&key, &["Claude Code", " is given it (env ANTHROPIC_API_KEY)", "revoke it at that provider"]);
    assert!(!key.contains("nothing that was read has it"), "{key}");
    let token = told(folder.path(), &["rotate", "jana-laptop"]);
    has(&token, &["Security > API > Tokens > Create token", "Delete it; this cannot be undone."]);
    assert!(!token.contains("Switch the old one off"), "a token of Okta can only be revoked: {token}");
}

/// Another program may have laid the report out anew.
#[test]
fn a_report_is_read_in_any_layout() {
    let folder = saved();
    let text = std::fs::read_to_string(folder.path().join("scan.json")).expect("it was written");
    let report: Value = serde_json::from_str(&text).expect("JSON");
    let before = told(folder.path(), &["reach", "deploy-bot"]);
    let mut sorted = report.as_object().expect("a map").clone();
    let schema = sorted.remove("schema").expect("it is there");
    sorted.insert("schema".to_owned(), schema);
    for text in [
        report.to_string(),
        Value::Object(sorted).to_string(),
        format!("\n{report}").trim_start().replace("{\"", "{ \""),
    ] {
        write(folder.path(), "scan.json", text);
        assert_eq!(told(folder.path(), &["reach", "deploy-bot"]), before);
    }
}

/// Twenty accounts of a namespace are one line, with what matters of them; the conclusion comes before the tree.
#[test]
fn many_things_of_one_sort_are_told_in_one_line() {
    let folder = folder();
    let rbac = |kind: &str, name: &str, rest: Value| {
        let mut object = serde_json::json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": name}
        });
        let is_namespaced = !kind.starts_with("Cluster");
        if is_namespaced {
            object["metadata"]["namespace"] = "app".into();
        }
        object.as_object_mut().expect("a map").extend(rest.as_object().cloned().unwrap_or_default());
        object
    };
    let rules = |group: &str, resource: &str, verb: &str| serde_json::json!({"rules": [{"apiGroups": [group], "resources": [resource], "verbs": [verb]}]});
    let binds = |kind: &str, role: &str, account: &str| {
        serde_json::json!({
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role},
            "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": "app"}]
        })
    };
    let mut items: Vec<Value> = (0..20)
        .map(|number| {
            let metadata = serde_json::json!({"name": format!("s{number}"), "namespace": "app"});
            serde_json::json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
        })
        .collect();
    items.push(rbac("ClusterRole", "cluster-admin", rules("*", "*", "*")));
    items.push(rbac("ClusterRoleBinding", "x", binds("ClusterRole", "cluster-admin", "s19")));
    items.push(rbac("Role", "makes-pods", rules("", "pods", "create")));
    items.push(rbac("RoleBinding", "b", binds("Role", "makes-pods", "s1")));
    let list = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": items});
    write(folder.path(), "dump/all.json", list.to_string());
    let question =
        ["reach", "app/s1", "--isolated", "--allow-partial", "--now", NOW, "--kubernetes-export", "prod=dump", "-q"];
    let text = run(folder.path(), &question).stdout;
    has(
        &text,
        &["do everything (administrator): cluster prod", "cut it here: take rolebinding app/b away from app/s1"],
    );
    let (conclusion, tree) = (text.find("What can be done with it"), text.find("Leads to"));
    assert!(conclusion < tree && conclusion.is_some(), "{text}");
    has(&text, &["things like service account of namespace app, prod"]);
    assert!(text.matches("controls service account app/s").count() < 10, "{text}");
}

/// Who administers an account is every user and role of it; and a token of Okta sleeps with its user.
#[test]
fn an_administrator_controls_its_account_and_tokens_sleep_with_their_users() {
    let folder = saved();
    let way = ask(folder.path(), &["path", "platform-admin", "deploy-bot"]).stdout;
    has(&way, &["controls IAM user deploy-bot", "administrator of account 429710886354"]);
    let bill = ask(folder.path(), &["offboard", "jana.novak@acme.example"]).stdout;
    let (open, asleep) = bill.split_once("Works again if its user is reactivated").expect("it is told");
    assert!(!open.contains("okta.api-token jana-laptop") && asleep.contains("okta.api-token jana-laptop"), "{bill}");
}

/// A condition is named with the policy that has it, so that a reader can say whether it is met.
#[test]
fn conditions_are_named_with_their_policy() {
    let folder = folder();
    let arn = |name: &str| format!("arn:aws:iam::111122223333:{name}");
    let trust = serde_json::json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": arn("user/u")}, "Action": "sts:AssumeRole",
         "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}},
    ]});
    let all = |action: &str| serde_json::json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]});
    let details = serde_json::json!({
        "UserDetailList": [{"Path": "/", "UserName": "u", "UserId": "AIDAEXAMPLE0000000001", "Arn": arn("user/u"),
            "CreateDate": "2024-01-01T00:00:00Z", "GroupList": [], "AttachedManagedPolicies": [], "Tags": [],
            "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": all("sts:AssumeRole")}]}],
        "RoleDetailList": [{"Path": "/", "RoleName": "strong", "RoleId": "AROAEXAMPLE0000000001", "Arn": arn("role/strong"),
            "CreateDate": "2024-01-01T00:00:00Z", "AssumeRolePolicyDocument": trust, "InstanceProfileList": [], "Tags": [],
            "AttachedManagedPolicies": [], "RoleLastUsed": {},
            "RolePolicyList": [{"PolicyName": "r", "PolicyDocument": all("*")}]}],
        "GroupDetailList": [], "Policies": [], "IsTruncated": false,
    });
    write(folder.path(), "aws/iam.json", details.to_string());
    let given = ["--isolated", "--allow-partial", "--now", NOW, "--aws-export", "aws", "-q"];
    let named = "[if: under conditions on aws:multifactorauthpresent (its trust policy, statement 1)]";
    for question in [&["path", "user/u", "role/strong"][..], &["reach", "user/u"], &["show", "user/u"]] {
        let text = run(folder.path(), &[question, &given].concat()).stdout;
        assert!(text.contains(named), "{question:?}: {text}");
        assert!(!text.contains("something that is not known"), "{text}");
    }
}
