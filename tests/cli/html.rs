//! The HTML report from the real binary: one file, with the story in it and no secret.

use std::path::Path;

use serde_json::Value;

use crate::tree::{NOW, folder, project, run};

fn data(page: &str) -> Value {
    let (_, rest) = page.split_once("<script type=\"application/json\" id=\"data\">").expect("a data part");
    let (data, _) = rest.split_once("</script>").expect("its end");
    serde_json::from_str(data).expect("JSON")
}

#[test]
fn a_file_of_its_name_is_written() {
    let folder = folder();
    let path = folder.path().join("acme.html");
    let path = path.to_string_lossy();
    let ran = run(&project(), &["scan", "fixtures/acme", "--isolated", "--now", NOW, "--output", &path]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let page = std::fs::read_to_string(Path::new(path.as_ref())).expect("it is written");
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
    let json = run(&project(), &["scan", "fixtures/acme", "--isolated", "--now", NOW, "--format", "json"]).stdout;
    let scan: Value = serde_json::from_str(&json).expect("JSON");
    for (table, list) in [("findings", "findings"), ("identities", "identities"), ("coverage", "coverage")] {
        let rows = data(&page)[table]["rows"].as_array().expect("rows").len();
        assert_eq!(rows, scan[list].as_array().expect("a list").len(), "{table}");
    }
}

#[test]
fn the_first_view_tells_the_story_in_words() {
    let page = run(&project(), &["scan", "fixtures/acme", "--isolated", "--now", NOW, "--format", "html"]).stdout;
    let (first_view, _) = page.split_once("<noscript>").expect("what follows is for readers without scripts");
    for part in [
        "IAM user deploy-bot, account 429710886354",
        "It can become administrator in 3 steps, through IAM role platform-admin.",
        "Its owner jana.novak@acme.example left on 2026-05-29.",
        "role platform-admin trusts user deploy-bot",
    ] {
        assert!(first_view.contains(part), "the story lacks '{part}'");
    }
    let again = run(&project(), &["scan", "fixtures/acme", "--isolated", "--now", NOW, "--format", "html"]).stdout;
    assert!(page == again, "the same input gives the same bytes");
}

/// Every file of the demo company that holds a secret value: none of its long words is in the page.
#[test]
fn no_secret_is_in_the_page() {
    let page = run(&project(), &["scan", "fixtures/acme", "--isolated", "--now", NOW, "--format", "html"]).stdout;
    let mut looked_at = 0;
    for file in [
        "repos/platform-infra/.npmrc",
        "repos/platform-infra/.mcp.json",
        "agents/home-jana/.claude/settings.json",
        "agents/home-ci/.codex/auth.json",
    ] {
        let text = std::fs::read_to_string(project().join("fixtures/acme").join(file)).expect("it is there");
        let is_word = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
        for word in text.split(|letter| !is_word(letter)).filter(|word| word.len() >= 30) {
            assert!(!page.contains(word), "a value of {file} is in the page");
            looked_at += 1;
        }
    }
    assert!(looked_at >= 4, "the test looked at {looked_at} values only");
}
