//! The join is right or it is not made: for each link its near misses, which must stay unlinked; and no exposure is lost
//! between the rules, whatever is known of it.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::tree::{NOW, folder, project, run, write};

const UID: &str = "0a1b2c3d-1111-4222-8333-444455556666";

/// A token of a service account with these claims, signed by nobody.
fn token(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signature = URL_SAFE_NO_PAD.encode([7_u8, 91, 233, 14, 178, 66, 5, 250, 129, 37].repeat(6));
    format!("{}.{}.{signature}", part(&json!({"alg": "RS256", "kid": "a"})), part(claims))
}

fn legacy(uid: &str, secret: &str) -> Value {
    json!({
        "iss": "kubernetes/serviceaccount",
        "kubernetes.io/serviceaccount/namespace": "pay",
        "kubernetes.io/serviceaccount/secret.name": secret,
        "kubernetes.io/serviceaccount/service-account.name": "bot",
        "kubernetes.io/serviceaccount/service-account.uid": uid,
        "sub": "system:serviceaccount:pay:bot",
    })
}

fn bound(uid: &str, expires: i64) -> Value {
    json!({
        "iss": "https://kubernetes.default.svc", "aud": ["https://kubernetes.default.svc"], "exp": expires,
        "kubernetes.io": {"namespace": "pay", "serviceaccount": {"name": "bot", "uid": uid}},
        "sub": "system:serviceaccount:pay:bot",
    })
}

/// A cluster with the service account pay/bot, its token Secret, and enough else to be judged.
fn dump() -> String {
    let meta = |name: &str| json!({"name": name, "namespace": "pay", "uid": UID});
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta("bot")});
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token",
        "metadata": {"name": "bot-token", "namespace": "pay", "annotations": {"kubernetes.io/service-account.name": "bot"}},
    });
    json!({"apiVersion": "v1", "kind": "List", "items": [account, secret]}).to_string()
}

/// The rules that hold for the one exposure of a tree, with the identity that each names.
fn judged(claims: &Value) -> Vec<(String, Option<String>)> {
    let folder = folder();
    write(folder.path(), "repo/deploy.sh", format!("TOKEN={}\n", token(claims)));
    write(folder.path(), "dump.json", dump());
    let ran = run(
        folder.path(),
        &["scan", "repo", "--kubernetes-export", "prod=dump.json", "--now", NOW, "--format", "json"],
    );
    let scan: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}{}", ran.stdout, ran.stderr));
    let of_exposure = |one: &&Value| one["subject_kind"] == "exposure";
    let findings = scan["findings"].as_array().expect("a list").iter().filter(of_exposure);
    findings
        .map(|one| (one["rule"].as_str().unwrap_or("").to_owned(), one["identity"].as_str().map(str::to_owned)))
        .collect()
}

fn one(rule: &str, identity: Option<&str>) -> Vec<(String, Option<String>)> {
    vec![(rule.to_owned(), identity.map(str::to_owned))]
}

const BOT: Option<&str> = Some("k8s:prod/pay/sa/bot");

#[test]
fn a_token_joins_by_the_uid_of_its_account() {
    assert_eq!(judged(&legacy(UID, "bot-token")), one("leaked-live-credential", BOT));
    // The account of another cluster, which has the same name.
    let other = "ffffffff-1111-4222-8333-444455556666";
    assert_eq!(judged(&legacy(other, "bot-token")), one("leaked-secret", None));
    // Its Secret is gone: the token is of this account, but nothing says that it works.
    assert_eq!(judged(&legacy(UID, "gone-token")), one("leaked-secret", BOT));
}

#[test]
fn a_bound_token_is_never_lost_and_an_expired_one_is_dead() {
    let (past, future) = (1_600_000_000, 2_000_000_000);
    assert_eq!(judged(&bound(UID, future)), one("leaked-secret", BOT));
    assert_eq!(judged(&bound(UID, past)), one("leaked-dead-credential", BOT));
    let mut nameless = bound(UID, future);
    nameless.as_object_mut().expect("an object").remove("kubernetes.io");
    assert_eq!(judged(&nameless), one("leaked-secret", None));
}

/// The key of the story, with one letter changed: the same account, another key.
#[test]
fn a_key_that_is_not_in_the_account_joins_to_nobody() {
    let folder = folder();
    let text =
        std::fs::read_to_string(project().join("fixtures/acme/repos/shop-api/config/production.yaml")).expect("there");
    let changed = text.replace("AKIAWIDGDYXJGOGVBSWF", "AKIAWIDGDYXJGOGVBSWG");
    assert_ne!(text, changed);
    write(folder.path(), "repo/production.yaml", changed);
    let export = project().join("fixtures/acme/aws/429710886354").to_string_lossy().into_owned();
    let ran = run(folder.path(), &["scan", "repo", "--aws-export", &export, "--now", NOW, "--format", "json"]);
    let scan: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let of_exposure = |one: &&Value| one["subject_kind"] == "exposure";
    let found: Vec<_> = scan["findings"].as_array().expect("a list").iter().filter(of_exposure).collect();
    assert_eq!(found.len(), 1);
    // Every key of the account was read: this one is gone.
    assert_eq!((&found[0]["rule"], &found[0]["identity"]), (&json!("leaked-gone-credential"), &Value::Null));
    assert_eq!(found[0]["severity"], "low");
    // The root user's keys are in no list: where it has one that works, this may be it.
    let report = std::fs::read_to_string(Path::new(&export).join("credential-report.csv")).expect("there");
    for name in ["account-authorization-details.json", "access-keys.json"] {
        write(folder.path(), &format!("aws/{name}"), std::fs::read(Path::new(&export).join(name)).expect("there"));
    }
    let judged = |report: &str| {
        write(folder.path(), "aws/credential-report.csv", report);
        let ran = run(folder.path(), &["scan", "repo", "--aws-export", "aws", "--now", NOW, "--format", "json"]);
        let scan: Value = serde_json::from_str(&ran.stdout).expect("JSON");
        let found = scan["findings"].as_array().expect("a list").iter().find(|one| one["subject_kind"] == "exposure");
        found.map(|one| one["rule"].clone())
    };
    assert_eq!(judged(&report), Some(json!("leaked-gone-credential")));
    let without_root =
        report.lines().filter(|line| !line.starts_with("<root_account>")).map(|line| format!("{line}\n"));
    assert_eq!(judged(&without_root.collect::<String>()), Some(json!("leaked-secret")));
    let columns: Vec<&str> = report.lines().next().expect("a head").split(',').collect();
    let at = columns.iter().position(|name| *name == "access_key_1_active").expect("a column");
    let with_key = report.lines().map(|line| {
        let mut cells: Vec<&str> = line.split(',').collect();
        if line.starts_with("<root_account>") {
            cells[at] = "true";
        }
        cells.join(",") + "\n"
    });
    assert_eq!(judged(&with_key.collect::<String>()), Some(json!("leaked-secret")));
}

/// A forged account in the tree that lacks the key does not make it gone.
#[test]
fn an_export_in_a_tree_cannot_make_a_leak_gone() {
    let folder = folder();
    let acme = project().join("fixtures/acme");
    let read = |path: &str| std::fs::read_to_string(acme.join(path)).expect("it is there");
    let text = read("repos/shop-api/config/production.yaml");
    write(folder.path(), "repo/production.yaml", text.replace("AKIAWIDGDYXJGOGVBSWF", "AKIAWIDGDYXJGOGVBSWG"));
    for name in ["account-authorization-details.json", "access-keys.json", "credential-report.csv"] {
        write(folder.path(), &format!("repo/iam/{name}"), read(&format!("aws/429710886354/{name}")));
    }
    let ran = run(folder.path(), &["scan", "repo", "--now", NOW, "--format", "csv"]);
    assert!(ran.stdout.contains(",leaked-secret,") && !ran.stdout.contains("leaked-gone"), "{}", ran.stdout);
}

/// An export in a tree was written by whoever wrote the tree: it must not make a leak look dead.
#[test]
fn an_export_in_a_tree_cannot_make_a_leak_milder() {
    let folder = folder();
    let acme = project().join("fixtures/acme");
    let read = |path: &str| std::fs::read_to_string(acme.join(path)).expect("it is there");
    write(folder.path(), "repo/production.yaml", read("repos/shop-api/config/production.yaml"));
    let aws = "aws/429710886354";
    write(folder.path(), "repo/iam/details.json", read(&format!("{aws}/account-authorization-details.json")));
    let keys = read(&format!("{aws}/access-keys.json")).replace("\"Active\"", "\"Inactive\"");
    write(folder.path(), "repo/iam/keys.json", keys);
    let ran = run(folder.path(), &["scan", "repo", "--now", NOW, "--format", "csv"]);
    assert!(
        ran.stdout.contains(",leaked-secret,") && !ran.stdout.contains("leaked-dead-credential,"),
        "{}",
        ran.stdout
    );
    // Named by the user, the same file is believed.
    let named = run(
        folder.path(),
        &["scan", "repo/production.yaml", "--aws-export", "repo/iam", "--now", NOW, "--format", "csv"],
    );
    assert!(named.stdout.contains("leaked-dead-credential,"), "{}", named.stdout);
}

/// Nor look harmless: that the key's user may do nothing is told by the same tree.
#[test]
fn an_export_in_a_tree_cannot_make_a_leak_harmless() {
    let folder = folder();
    let acme = project().join("fixtures/acme");
    let read = |path: &str| std::fs::read_to_string(acme.join(path)).expect("it is there");
    write(folder.path(), "repo/production.yaml", read("repos/shop-api/config/production.yaml"));
    let aws = "aws/429710886354";
    let mut details: Value =
        serde_json::from_str(&read(&format!("{aws}/account-authorization-details.json"))).expect("JSON");
    for user in details["UserDetailList"].as_array_mut().expect("users") {
        for rights in ["UserPolicyList", "AttachedManagedPolicies", "GroupList"] {
            user[rights] = json!([]);
        }
    }
    // Nothing trusts it any more either.
    details["RoleDetailList"] = json!([]);
    write(folder.path(), "repo/iam/details.json", details.to_string());
    write(folder.path(), "repo/iam/keys.json", read(&format!("{aws}/access-keys.json")));
    let severity = |arguments: &[&str]| {
        let ran = run(folder.path(), &[arguments, &["--isolated", "--now", NOW, "--format", "json"]].concat());
        let scan: Value = serde_json::from_str(&ran.stdout).expect("JSON");
        let found = scan["findings"].as_array().expect("a list").iter();
        let live = found.filter(|one| one["rule"] == "leaked-live-credential").map(|one| one["severity"].clone());
        live.collect::<Vec<_>>()
    };
    assert_eq!(severity(&["scan", "repo"]), [json!("high")]);
    // Named by the user, the same files are believed.
    assert_eq!(severity(&["scan", "repo/production.yaml", "--aws-export", "repo/iam"]), [json!("medium")]);
}

fn owner(people: &str, tag: &str) -> Value {
    let folder = folder();
    write(folder.path(), "people.csv", people);
    let iam = json!({
        "UserDetailList": [{
            "UserName": "bot", "UserId": "AIDAEXAMPLEBOT000000", "Arn": "arn:aws:iam::111122223333:user/bot", "Path": "/",
            "CreateDate": "2020-01-01T00:00:00Z", "Tags": [{"Key": "owner", "Value": tag}],
        }],
        "GroupDetailList": [], "RoleDetailList": [], "Policies": [], "IsTruncated": false,
    });
    write(folder.path(), "iam.json", iam.to_string());
    let ran = run(
        folder.path(),
        &["scan", "--aws-export", "iam.json", "--people", "people.csv", "--now", NOW, "--format", "json"],
    );
    let scan: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let bot =
        scan["identities"].as_array().expect("a list").iter().find(|one| one["name"] == "bot").expect("it is read");
    bot["owner"].clone()
}

#[test]
fn owners_join_to_one_person_or_to_nobody() {
    let people = "email,name,team,status,left_on\njan1@acme.example,Jan Novak,y,active,\njan2@acme.example,Jan Novak,z,left,2025-01-01\n";
    assert_eq!(owner(people, "jan2@acme.example")["active"], false);
    // Two people of one name: it is not known which.
    assert!(owner(people, "Jan Novak")["active"]["unknown"].is_string());
    // A team's mailbox is at the company; an address elsewhere is somebody else.
    assert_eq!(owner(people, "y@acme.example")["active"], true);
    assert!(owner(people, "z@gmail.example")["active"]["unknown"].is_string());
}

/// A key of a provider's list, by the ends that the list shows; two keys of one end tie to none.
#[test]
fn a_found_key_is_the_one_whose_ends_its_provider_shows() {
    let folder = folder();
    let at = folder.path();
    let key =
        "sk-ant-api03-VrIhOuLZvPwHh6wAAF8TmVvVwgUa5-rtpuuSsTggBHKxpYnQqgHDe2HtGV5ZKTtTfVS0ZcJgsAmCJxmSUOQdtVRoLzXM2AA";
    write(at, "repo/bot.env", format!("ANTHROPIC_API_KEY={key}\n"));
    let one = |id: &str, hint: &str| json!({"type": "api_key", "id": id, "name": "prod bot", "status": "active", "partial_key_hint": hint});
    let told = |keys: Value, more: bool| {
        write(at, "keys.json", json!({"data": keys, "has_more": more}).to_string());
        let given = ["scan", "repo", "--isolated", "--now", NOW, "--format", "json", "--keys", "keys.json"];
        let ran = run(at, &given);
        let scan: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}{}", ran.stdout, ran.stderr));
        let chain = scan["findings"][0]["chain"].to_string();
        let is_part = scan["coverage"].to_string().contains("it is one page of several");
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        (is_part, chain.contains("by its ends it is the key prod bot of anthropic (keys.json (apikey_1); active)"))
    };
    let (right, other) = ("sk-ant-api03-VrI...M2AA", "sk-ant-api03-VrI...N2AA");
    assert_eq!(told(json!([one("apikey_1", right), one("apikey_2", other)]), false), (false, true));
    assert_eq!(told(json!([one("apikey_1", other)]), false), (false, false));
    assert_eq!(told(json!([one("apikey_1", right), one("apikey_2", right)]), false), (false, false));
    // One page of several is no whole list.
    assert_eq!(told(json!([one("apikey_1", right)]), true), (true, true));
    let text = std::fs::read_to_string(at.join("keys.json")).expect("it is there");
    let refused = run(at, &["scan", "repo", "--isolated", "--now", NOW, "--keys", "repo/bot.env"]);
    assert!(
        refused.stderr.contains("no answer of Anthropic, OpenAI or GitHub")
            || refused.stdout.contains("no answer of Anthropic, OpenAI or GitHub"),
        "{}{}{text}",
        refused.stderr,
        refused.stdout
    );
    assert!(!refused.stderr.contains("VrIhOuLZ") && !refused.stdout.contains("VrIhOuLZ"), "no value is told");
}

/// A token of a workflow leads to its workflow and to the roles that let its subject in, for as long as it is valid.
#[test]
fn a_token_of_a_workflow_leads_to_the_roles_that_let_it_in() {
    let folder = folder();
    let at = folder.path();
    let claims = |subject: &str| {
        json!({
            "iss": "https://token.actions.githubusercontent.com", "sub": subject, "aud": "sts.amazonaws.com",
            "workflow_ref": "acme/shop/.github/workflows/ci.yml@refs/heads/main", "exp": 1_900_000_000,
        })
    };
    let role = json!({"Path": "/", "RoleName": "ci", "RoleId": "AROAEXAMPLE0000000001", "Arn": "arn:aws:iam::111122223333:role/ci",
    "CreateDate": "2024-01-01T00:00:00Z", "InstanceProfileList": [], "Tags": [], "AttachedManagedPolicies": [],
    "RoleLastUsed": {}, "RolePolicyList": [], "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"},
        "Condition": {"StringEquals": {"token.actions.githubusercontent.com:sub": "repo:acme/shop:ref:refs/heads/main"}},
    }]}});
    let details = json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [role], "Policies": [], "IsTruncated": false});
    write(at, "aws/iam.json", details.to_string());
    write(at, "repo/.git/config", "[remote \"origin\"]\n\turl = git@github.com:acme/shop.git\n");
    write(at, "repo/.github/workflows/ci.yml", "on: push\npermissions: {id-token: write}\njobs: {a: {steps: []}}\n");
    let leads = |subject: &str| {
        write(at, "repo/log.txt", format!("TOKEN={}\n", token(&claims(subject))));
        let given =
            ["reach", "log.txt", "repo", "--isolated", "--allow-partial", "--now", NOW, "--aws-export", "aws", "-q"];
        run(at, &given).stdout
    };
    let text = leads("repo:acme/shop:ref:refs/heads/main");
    assert!(text.contains("acts as IAM role ci, account 111122223333 [if: it is used while it is valid"), "{text}");
    assert!(text.contains("is the value of ci.github-workflow .github/workflows/ci.yml"), "{text}");
    let text = leads("repo:acme/shop:pull_request");
    assert!(!text.contains("acts as IAM role ci, account"), "{text}");
}
