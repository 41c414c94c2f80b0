//! What is told of the places of a secret: objects that hold it in their own text, files, histories, and what a text of which
//! nobody knows which credential it is may be.

use std::path::Path;

use serde_json::Value;

use crate::tree::{NOW, folder, project, run, write};

/// A saved scan of these arguments.
fn scanned(folder: &Path, arguments: &[&str]) {
    let all = [&["collect", "--isolated", "--now", NOW, "-o", "saved.jsonl"], arguments].concat();
    let ran = run(folder, &all);
    assert!(matches!(ran.code, 0 | 3), "{}{}", ran.stdout, ran.stderr);
}

fn asked(folder: &Path, question: &[&str]) -> String {
    let ran = run(folder, &[question, &["--from", "saved.jsonl"]].concat());
    // Not all of an account or cluster is in these exports.
    assert!(matches!(ran.code, 0 | 3), "{question:?}: {}{}", ran.stdout, ran.stderr);
    ran.stdout
}

fn story(name: &str) -> String {
    project().join("fixtures/stories").join(name).display().to_string()
}

#[test]
fn an_object_that_holds_a_key_is_named_and_not_a_file() {
    let folder = folder();
    let story = story("key-in-the-text-of-a-deployment");
    let (cluster, account) = (format!("prod={story}/k8s"), format!("{story}/aws"));
    scanned(folder.path(), &["--kubernetes-export", &cluster, "--aws-export", &account]);
    let key = "AKIARTX3GSDSWL4ULZFW";
    let told = asked(folder.path(), &["rotate", key]);
    let uses =
        "kubernetes.deployment shop/uploader (prod) uses it: literal value of AWS_SECRET_ACCESS_KEY, container up";
    assert!(told.contains(uses), "{told}");
    let command = "kubectl --context prod -n shop set env deploy/uploader --from=secret/NAME --keys=AWS_SECRET_ACCESS_KEY --containers=up";
    assert!(told.contains(command), "{told}");
    assert!(
        told.contains("Give the new one to what stands above, from a secret store and not as a literal."),
        "{told}"
    );
    assert!(!told.contains("files"), "{told}");
    let json = asked(folder.path(), &["rotate", key, "--format", "json"]);
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["data"]["used_by"][0]["id"], "k8s:prod/shop/deploy/uploader");
    let shown = asked(folder.path(), &["show", "deploy/uploader"]);
    assert!(shown.contains("literal value of AWS_SECRET_ACCESS_KEY"), "{shown}");
    let reach = asked(folder.path(), &["reach", "deploy/uploader"]);
    assert!(reach.contains("account 111122223333"), "{reach}");
}

/// The annotation has the text of the object, and pods do not get annotations.
#[test]
fn what_is_written_on_an_object_is_not_given_to_it() {
    let folder = folder();
    let object = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  namespace: shop\n  annotations:\n    \
                  note: AWS_ACCESS_KEY_ID=AKIARTX3GSDSWL4ULZFW AWS_SECRET_ACCESS_KEY=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\n\
                  spec:\n  template:\n    spec:\n      containers:\n      - name: web\n        image: web:1\n";
    write(folder.path(), "dump/web.yaml", object);
    let account = story("key-in-the-text-of-a-deployment") + "/aws";
    scanned(folder.path(), &["--kubernetes-export", "prod=dump", "--aws-export", &account]);
    let told = asked(folder.path(), &["rotate", "AKIARTX3GSDSWL4ULZFW", "--format", "json"]);
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(told["data"]["places"].as_array().map(Vec::len), Some(1), "{told}");
    assert_eq!(told["data"]["used_by"], serde_json::json!([]));
}

#[test]
fn a_token_of_an_organisation_may_be_one_of_those_it_has() {
    let folder = folder();
    let okta = project().join("fixtures/acme/okta").display().to_string();
    let tokens = std::fs::read_to_string(project().join("fixtures/acme/okta/api-tokens.json")).expect("the tokens");
    let host = tokens.split("https://").nth(1).and_then(|rest| rest.split('/').next()).expect("a host").to_owned();
    let token = "00v4BKPxNMvVE0qTz_l1rUIWlvEfs3zh__xsceveVV";
    write(
        folder.path(),
        "repo/sync.sh",
        format!("curl -H 'Authorization: SSWS {token}' https://{host}/api/v1/users\n"),
    );
    let other = "00Kf7xLqPzN3vTb9RwYd2MhJc5GsXa8QeUi1oVt4Zn";
    let text = format!("export OKTA_ORG_URL=https://other.okta.com\nexport OKTA_API_TOKEN={other}\n");
    write(folder.path(), "repo/other.sh", text);
    scanned(folder.path(), &["repo", "--okta-export", &okta]);
    let shown = asked(folder.path(), &["show", "repo/sync.sh"]);
    let told = asked(folder.path(), &["rotate", "repo/sync.sh"]);
    for text in [&shown, &told] {
        assert!(text.contains("may be") && text.contains("okta.api-token jana-laptop of"), "{text}");
    }
    let of_token = asked(folder.path(), &["rotate", "jana-laptop"]);
    assert!(of_token.contains("repo/sync.sh:1:30") && of_token.contains("which may be it"), "{of_token}");
    // Of an organisation that nobody read nothing is told by the tokens of another.
    let other = asked(folder.path(), &["show", "repo/other.sh"]);
    assert!(other.contains("nothing was read of other.okta.com"), "{other}");
    assert!(!other.contains("may be"), "{other}");
}

#[test]
fn a_secret_beside_two_key_ids_names_both() {
    let folder = folder();
    let account = story("one-secret-of-one-key") + "/aws";
    let secret = "bbR7rCprw40P3rNup7RhtF4zCwbE6d+WX8i/sWbr";
    for (file, id) in [("a.env", "AKIARTX3GSDSWL4ULZFW"), ("b.env", "AKIARTX3GSDSTBKTF2F2")] {
        write(
            folder.path(),
            &format!("repo/{file}"),
            format!("AWS_ACCESS_KEY_ID={id}\nAWS_SECRET_ACCESS_KEY={secret}\n"),
        );
    }
    scanned(folder.path(), &["repo", "--aws-export", &account]);
    let ran = run(folder.path(), &["evaluate", "saved.jsonl", "--isolated", "--now", NOW, "--format", "json"]);
    let report: Value = serde_json::from_str(&ran.stdout).expect("a report");
    let found = report["findings"].as_array().expect("a list");
    assert!(found.iter().all(|one| one["rule"] != "leaked-live-credential"), "{found:?}");
    let leaks: Vec<&Value> = found.iter().filter(|one| one["rule"] == "leaked-secret").collect();
    assert_eq!(leaks.len(), 2, "{found:?}");
    let chain = leaks[0]["chain"].to_string();
    assert!(chain.contains("AKIARTX3GSDSWL4ULZFW") && chain.contains("AKIARTX3GSDSTBKTF2F2"), "{chain}");
    let way = asked(folder.path(), &["path", "repo/b.env", "user/release-bot", "--format", "json"]);
    assert!(way.contains("\"holding\": \"conditional\"") || way.contains("\"holding\":\"conditional\""), "{way}");
}

#[test]
fn the_path_of_a_key_is_no_key() {
    let folder = folder();
    write(folder.path(), "repo/token.sh", "GITHUB_APP_PRIVATE_KEY=ci/release-bot.2026-01-05.private-key.pem\n");
    let ran = run(folder.path(), &["secrets", "repo", "--isolated", "--format", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
}
