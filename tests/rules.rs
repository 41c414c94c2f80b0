//! Rules and detectors: each proves itself, each is documented, and a mistake in one is an error with its place.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::{BTreeMap, BTreeSet};

use nonhuman::embedded;
use nonhuman::model::SubjectKind;
use nonhuman::rules::{Origin, RuleFile, RuleSet, fields};
use nonhuman::secrets::DetectorSet;

fn ours() -> RuleSet {
    let files: Vec<_> = embedded::files("audit")
        .into_iter()
        .map(|(path, text)| RuleFile { path: path.to_owned(), text: text.to_owned(), origin: Origin::BuiltIn })
        .collect();
    RuleSet::load(&files, &BTreeMap::new()).expect("our own rules load")
}

#[test]
fn every_rule_proves_itself() {
    let rules = ours();
    assert!(rules.rules().len() >= 20, "the rules are embedded");
    assert_eq!(rules.self_test(), Vec::<String>::new());
}

#[test]
fn every_detector_proves_itself() {
    let detectors = DetectorSet::parse(embedded::files("detect")).expect("our own detectors load");
    assert!(detectors.detectors().len() >= 40, "the detectors are embedded");
    assert_eq!(detectors.self_test(), Vec::<String>::new());
}

#[test]
fn every_rule_maps_to_the_owasp_list_and_says_why() {
    let known: BTreeSet<String> = (1..=10).map(|number| format!("OWASP-NHI{number}:2025")).collect();
    for rule in ours().rules() {
        let owasp: Vec<_> = rule.maps.iter().filter(|control| control.starts_with("OWASP-NHI")).collect();
        assert!(!owasp.is_empty(), "{} maps to no entry of the OWASP NHI Top 10", rule.id);
        assert!(owasp.iter().all(|control| known.contains(*control)), "{}: {owasp:?}", rule.id);
        assert!(rule.why.len() > 80, "{} does not say what goes wrong", rule.id);
    }
}

#[test]
fn every_field_is_documented() {
    for subject in SubjectKind::ALL {
        for field in fields(*subject) {
            assert!(field.doc.ends_with('.') && field.doc.len() > 8, "{subject}.{} needs a sentence", field.name);
        }
    }
}

const RULE: &str = r#"title      = "A test"
subject    = "credential"
severity   = "low"
confidence = "high"
when       = '''
it.active && WHEN
'''
message    = "MESSAGE"
remedy     = "do"
maps       = ["OWASP-NHI1:2025"]
why        = "because"
[param]
max_age = 90
[[match]]
it = { active = true, age = "91d" }
[[no_match]]
it = { active = false }
"#;

fn error_of(when: &str, message: &str) -> String {
    let text = RULE.replace("WHEN", when).replace("MESSAGE", message);
    let file = RuleFile { path: "my/rule.toml".to_owned(), text, origin: Origin::User };
    match RuleSet::load(&[file], &BTreeMap::new()) {
        Ok(_) => String::new(),
        Err(errors) => errors[0].to_string(),
    }
}

/// What is wrong, where, and what was meant.
#[test]
fn a_mistake_in_a_rule_is_an_error_with_its_place() {
    let mut wrong = Vec::new();
    for (when, expected) in [
        ("it.agee != null", "my/rule.toml:6:16: credential has no field 'agee'; did you mean 'age'?"),
        ("itt.active", "my/rule.toml:6:14: a rule about a credential has no 'itt'; did you mean 'it'?"),
        (
            "it.kind == \"aws.acces-key\"",
            "my/rule.toml:6:25: there is no 'aws.acces-key'; did you mean 'aws.access-key'?",
        ),
        ("it.kind in [\"aws.nope\"]", "my/rule.toml:6:26: there is no 'aws.nope'"),
        ("it.age > days(90)", "my/rule.toml:6:21: 'it.age' may be null: write it.age != null && … before it"),
        ("it.age != null && it.age > 90", "my/rule.toml:6:39: a span of time is compared with days(…) or hours(…)"),
        (
            "it.age != null && it.age > days(param.maxage)",
            "my/rule.toml:6:51: [param] has no 'maxage'; did you mean 'max_age'?",
        ),
        ("it.name > 3", "my/rule.toml:6:22: a text and a number have no order"),
        ("it.active == \"yes\"", "my/rule.toml:6:24: yes or no is never equal to a text"),
        ("it.active == null", "my/rule.toml:6:16: this is never null"),
        ("identity.name == \"a\"", "my/rule.toml:6:22: 'identity' may be null: write identity != null && … before it"),
        ("has(it.age)", "my/rule.toml:6:17: every field always exists: compare it with null in place of has()"),
        ("it.name.matches(\"a\")", "my/rule.toml:6:29: rules have no function 'matches'"),
        ("it.name", "my/rule.toml:6:16: yes or no was expected here, and this is a text"),
        ("it.active &&", "my/rule.toml:"),
    ] {
        let error = error_of(when, "m");
        if !error.starts_with(expected) {
            wrong.push(format!("{when}\n  expected {expected}\n  got      {error}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(error_of("it.age != null && it.age > days(param.max_age)", "m {it.name} {max_age} {identity.name}"), "");
    assert!(error_of("true", "{it.nam}").starts_with("my/rule.toml:8:16: credential has no field 'nam'"));
    assert!(error_of("true", "{it.name").contains("is never closed"));
}

#[test]
fn a_wrong_file_is_an_error_with_its_place() {
    let load = |text: &str| {
        let file = RuleFile { path: "my/rule.toml".to_owned(), text: text.to_owned(), origin: Origin::User };
        RuleSet::load(&[file], &BTreeMap::new()).expect_err("it is wrong")[0].to_string()
    };
    let whole = RULE.replace("WHEN", "true").replace("MESSAGE", "m");
    assert!(
        load(&whole.replace("severity   = \"low\"", "severity   = \"lo\""))
            .starts_with("my/rule.toml:3:14: 'lo' is not one of info,")
    );
    assert!(load(&whole.replace("maps ", "mapz ")).starts_with("my/rule.toml:10:1: "));
    assert!(
        load(&whole.replace("subject    = \"credential\"", "subject    = \"key\"")).starts_with("my/rule.toml:2:14: ")
    );
    assert!(
        load(&whole.replace("active = true, age", "activ = true, age")).contains("credential has no field 'activ'")
    );
    assert!(load(&whole.replace("\"91d\"", "91")).contains("it.age must be a span such as"));
    assert!(load("title = ").starts_with("my/rule.toml:1:"));
}

#[test]
fn two_rules_of_one_name_contradict_each_other_but_a_user_may_replace_ours() {
    let text = RULE.replace("WHEN", "true").replace("MESSAGE", "m");
    let file = |path: &str, origin| RuleFile { path: path.to_owned(), text: text.clone(), origin };
    let twice = [file("audit/aws/same.toml", Origin::BuiltIn), file("audit/kubernetes/same.toml", Origin::BuiltIn)];
    let errors = RuleSet::load(&twice, &BTreeMap::new()).expect_err("they have one name");
    assert!(errors[0].to_string().contains("has the same name"), "{errors:?}");
    let replaced = [file("audit/aws/same.toml", Origin::BuiltIn), file("mine/same.toml", Origin::User)];
    let rules = RuleSet::load(&replaced, &BTreeMap::new()).expect("ours is replaced");
    assert_eq!(rules.rules().iter().map(|rule| rule.file.as_str()).collect::<Vec<_>>(), ["mine/same.toml"]);
}

#[test]
fn a_self_test_sees_a_rule_that_does_not_do_what_it_says() {
    let text = RULE.replace("WHEN", "it.name == \"other\"").replace("MESSAGE", "m");
    let file = RuleFile { path: "my/rule.toml".to_owned(), text, origin: Origin::User };
    let rules = RuleSet::load(&[file], &BTreeMap::new()).expect("it loads");
    assert_eq!(rules.self_test(), ["rule (my/rule.toml): [[match]] 1: the rule does not hold for it"]);
}

/// The rule in the guide is a rule.
#[test]
fn the_rule_of_the_guide_loads_and_proves_itself() {
    let guide = include_str!("../docs/rules.md");
    let text =
        guide.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("the guide shows a rule");
    let path = "our-rules/aws/access-key-of-contractor.toml".to_owned();
    let file = RuleFile { path, text: text.to_owned(), origin: Origin::User };
    let rules = RuleSet::load(&[file], &BTreeMap::new()).expect("it loads");
    assert_eq!(rules.self_test(), Vec::<String>::new());
}
