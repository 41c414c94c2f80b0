//! Rules and decisions of gitleaks and betterleaks: what they say is done, and what is not done is named.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::tree::{NOW, folder, github_token, nonhuman, run, write};

/// What a search by a file of rules gave.
struct Found {
    code: i32,
    /// `path:line rule`, and what allowed it behind a `!`.
    places: BTreeSet<String>,
    stderr: String,
    report: Value,
}

fn search(folder: &Path, arguments: &[&str]) -> Found {
    let mut all = vec!["scan", "--format", "json", "--now", NOW, "--isolated"];
    all.extend(arguments);
    let ran = run(folder, &all);
    let report: Value =
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", ran.stdout, ran.stderr));
    let place = |one: &Value| {
        let at = &one["evidence"]["location"];
        let allowed = one["allowed_by"].as_str().map(|by| format!("! {by}")).unwrap_or_default();
        format!(
            "{}:{} {}{allowed}",
            at["path"].as_str().expect("a path"),
            at["line"],
            one["detector"].as_str().expect("an id")
        )
    };
    let places = report["exposures"].as_array().expect("a list").iter().map(place).collect();
    Found { code: ran.code, places, stderr: ran.stderr, report }
}

fn coverage(report: &Value, what: &str) -> Option<(u64, String)> {
    let entry = report["coverage"].as_array().expect("a list").iter().find(|one| one["what"] == what)?;
    Some((entry["count"].as_u64().expect("a number"), entry["detail"].as_str().unwrap_or_default().to_owned()))
}

fn set(places: &[&str]) -> BTreeSet<String> {
    places.iter().map(|place| (*place).to_owned()).collect()
}

#[test]
fn every_key_of_a_gitleaks_rule_counts() {
    let folder = folder();
    write(folder.path(), "rules.toml", include_str!("import/gitleaks.toml"));
    write(folder.path(), "t/a.txt", "acmeone=abcd1234\nacmethree=abcd1234\nzeta=abcdef\nzeta:123456\nzeta=ABCDEF\n");
    write(folder.path(), "t/b.txt", "entro_aaaaaaaaab\nentro_q7w2e9r4t1\nx NK-1234-ABCD y\nNK-12345-ABCD\n");
    write(folder.path(), "t/c.txt", "SK0123456789ab\nvendorName is here\n");
    write(folder.path(), "t/d.txt", "SK0123456789ab\npathkey_123456\n");
    write(folder.path(), "t/main.TF", "pathkey_123456\n");
    write(folder.path(), "t/e.txt", "${GO_ABCD}");
    write(folder.path(), "t/f.txt", "gentoken=abcdef\ngentoken=abc123\n");
    let found = search(folder.path(), &["t", "--rules-from", "rules.toml"]);
    let expected = set(&[
        "a.txt:1 group",
        "a.txt:3 first-group",
        "a.txt:4 first-group",
        "b.txt:2 entropy",
        "b.txt:3 no-keyword",
        "c.txt:1 keyword-elsewhere",
        "main.TF:1 by-path",
        "e.txt:1 go-syntax",
        "f.txt:2 generic-thing",
    ]);
    assert_eq!(found.places, expected, "{}", found.stderr);
    assert!(found.stderr.contains("rules.toml: 8 rules taken over\n"), "{}", found.stderr);
    assert_eq!(coverage(&found.report, "rules"), Some((8, String::new())));
    let group = found.report["exposures"].as_array().expect("a list").iter().find(|one| one["detector"] == "group");
    let group = group.expect("it was found");
    assert_eq!(group["title"], "The second group is the value");
    assert_eq!((&group["severity"], &group["confidence"]), (&"high".into(), &"high".into()));
    assert_eq!(group["proof"]["kind"], "imported.group");
    let place = &group["evidence"]["location"];
    assert_eq!((place["column"].as_u64(), place["end_column"].as_u64()), (Some(9), Some(17)), "the second group");
}

#[test]
fn allowlists_of_gitleaks_count() {
    let folder = folder();
    write(folder.path(), "rules.toml", include_str!("import/allowlists.toml"));
    let lines = "tok=fixture_1234\ntok=abcdefgh1234 # sample\ntok=match_123456\ntok=dummyvalue12\ntok=harmless1234\noth=harmless1234\noth=abcdefgh1234\n";
    write(folder.path(), "t/a.go", lines);
    write(folder.path(), "t/a_test.go", lines);
    write(folder.path(), "t/fixtures/a.go", lines);
    write(folder.path(), "t/fixtures/token.txt", format!("t = \"{}\"\n", github_token("allowed")));
    let found = search(folder.path(), &["t", "--rules-from", "rules.toml"]);
    let expected = set(&[
        "a.go:4 token",
        "a.go:5 token",
        "a.go:7 other",
        "a_test.go:5 token",
        "a_test.go:7 other",
        "fixtures/token.txt:1 github-token! an allowlist of rules.toml",
    ]);
    assert_eq!(found.places, expected, "{}", found.stderr);
    let (count, detail) = coverage(&found.report, "findings on allowlists").expect("it is counted");
    assert_eq!((count, detail.as_str()), (1, "the files of --rules-from allow them"));
    assert!(coverage(&found.report, "allowed lines").is_none());
}

#[test]
fn a_file_extends_another_and_the_defaults() {
    let folder = folder();
    let path = folder.path();
    write(
        path,
        "conf/base.toml",
        "[[rules]]\nid = \"base\"\nregex = '''base_([0-9]{6})'''\nkeywords = [\"base_\"]\n\
         [[rules]]\nid = \"gone\"\nregex = '''gone_([0-9]{6})'''\nkeywords = [\"gone_\"]\n",
    );
    write(
        path,
        "conf/own.toml",
        "[extend]\nuseDefault = true\npath = \"base.toml\"\ndisabledRules = [\"gone\", \"private-key\"]\n\
         [[rules]]\nid = \"base\"\ndescription = \"Mine\"\n[[rules.allowlists]]\nregexes = ['''^111''']\n\
         [[rules]]\nid = \"github-pat\"\n[[rules.allowlists]]\npaths = ['''docs/''']\n\
         [[rules]]\nid = \"nobody\"\n[[rules.allowlists]]\npaths = ['''docs/''']\n",
    );
    let token = format!("t = \"{}\"\n", github_token("extend"));
    write(path, "t/a.txt", "base_111222\nbase_222333\ngone_123456\n");
    write(path, "t/docs/b.txt", &token);
    write(path, "t/src/b.txt", &token);
    let found = search(path, &["t", "--rules-from", "conf/own.toml"]);
    let expected =
        set(&["a.txt:2 base", "docs/b.txt:1 github-token! an allowlist of conf/own.toml", "src/b.txt:1 github-token"]);
    assert_eq!(found.places, expected, "{}", found.stderr);
    let lost = "conf/own.toml:14: rule 'nobody' is not loaded: it has no 'regex', and no detector of ours has its name";
    assert!(found.stderr.contains(lost), "{}", found.stderr);
    let (_, detail) = coverage(&found.report, "rules").expect("it is said");
    assert!(detail.contains("switched off of ours: private-key, private-key-encrypted"), "{detail}");

    write(path, "conf/a.toml", "[extend]\npath = \"b.toml\"\n");
    write(path, "conf/b.toml", "[extend]\npath = \"a.toml\"\n");
    let ran = run(path, &["scan", "t", "--rules-from", "conf/a.toml"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("more than 3 files extend each other; put them together"), "{}", ran.stderr);
}

#[test]
fn betterleaks_rules_are_judged_by_their_filters() {
    let folder = folder();
    write(folder.path(), "rules.toml", include_str!("import/betterleaks.toml"));
    let a = "flt=q7w2e9r4t1y8u3i6\nflt=aaaaaaaaaaaaaaab\nflt=abcdefgh12345678\nx.acme;key=12345678\nsaid=12345678\n";
    write(folder.path(), "t/a.py", a);
    write(folder.path(), "t/a_test.py", a);
    write(folder.path(), "t/vendor/a.py", a);
    write(folder.path(), "t/near.txt", "pid=1234\n\npsecret=a1b2c3d4\n\n\n\npsecret=e5f6a7b8\n");
    write(folder.path(), "t/p.txt", "par=aaaa1111\npar=bbbb2222\n");
    let found = search(folder.path(), &["t", "--rules-from", "rules.toml"]);
    let expected = set(&[
        "a.py:1 filtered",
        "a.py:4 group",
        "a.py:5 said",
        "a_test.py:4 group",
        "a_test.py:5 said",
        "near.txt:3 pair-secret",
        "p.txt:2 partly",
    ]);
    assert_eq!(found.places, expected, "{}", found.stderr);
    let exposures = found.report["exposures"].as_array().expect("a list");
    let of = |id: &str| exposures.iter().find(|one| one["detector"] == id).expect("it was found");
    assert_eq!((&of("filtered")["severity"], &of("filtered")["confidence"]), (&"medium".into(), &"medium".into()));
    assert_eq!(of("said")["confidence"], "low");
    for line in [
        "rules.toml: 6 rules taken over, 1 of them finds more or less than there; 2 not\n",
        "rules.toml:16: rule 'filtered': 'validate' is not run: nothing is sent anywhere\n",
        "rules.toml:51: rule 'partly': 'madeUp' is not known here: what only it would leave out is reported\n",
        "rules.toml:52: rule 'partly': 'surprise' is not known here and changes nothing\n",
        "rules.toml:56: rule 'broken' is not loaded: 'regex': unclosed group\n",
        "rule 'name-only' is not loaded: it has no 'regex': files are not found by their names\n",
    ] {
        assert!(found.stderr.contains(line), "{line}\n{}", found.stderr);
    }
    assert_eq!(coverage(&found.report, "rules").map(|said| said.0), Some(3));
    let quiet = search(folder.path(), &["t", "--rules-from", "rules.toml", "--quiet"]);
    assert_eq!(quiet.stderr, "");
}

#[test]
fn an_imported_rule_of_our_name_takes_its_place() {
    let folder = folder();
    write(
        folder.path(),
        "rules.toml",
        "[[rules]]\nid = \"github-token\"\nregex = '''ghp_short([0-9]{4})'''\nkeywords = [\"ghp_short\"]\n",
    );
    write(folder.path(), "t/a.txt", format!("ghp_short1234\nt = \"{}\"\n", github_token("place")));
    let found = search(folder.path(), &["t", "--rules-from", "rules.toml"]);
    assert_eq!(found.places, set(&["a.txt:1 github-token"]), "{}", found.stderr);
    assert_eq!(found.report["exposures"][0]["proof"]["kind"], "github.token");
    assert!(found.stderr.contains("replaced of ours: github-token"), "{}", found.stderr);
    let explained = run(folder.path(), &["explain", "github-token", "--rules-from", "rules.toml"]);
    assert!(explained.stdout.contains("ghp_short([0-9]{4})") && explained.stdout.ends_with("File        rules.toml\n"));
    let tested = run(folder.path(), &["rules", "test", "--rules-from", "rules.toml"]);
    assert_eq!((tested.code, tested.stdout.contains(" 0 failed")), (0, true), "{}", tested.stdout);
}

#[test]
fn the_environment_names_a_file_too() {
    let folder = folder();
    write(folder.path(), "r.toml", "[[rules]]\nid = \"envrule\"\nregex = 'env_[0-9]{6}'\n");
    let mut command = nonhuman(folder.path());
    let ran = command.args(["rules", "list"]).env("NONHUMAN_RULES_FROM", "r.toml").output().expect("it starts");
    assert!(String::from_utf8_lossy(&ran.stdout).contains("  envrule  "), "{ran:?}");
}

#[test]
fn wrong_files_are_told_with_their_place() {
    let folder = folder();
    let path = folder.path();
    write(path, "t/a.txt", "x");
    for (text, message) in [
        ("[[rules]\n", "rules.toml:1:"),
        ("\n[[rules]]\nregex = 'a'\n", "rules.toml:2:1: a rule has no 'id'"),
        ("[[rules]]\nid = 'a'\nregex = 3\n", "rules.toml:3:9: 'regex' is a integer; expected a string"),
        (
            "[[rules]]\nid = 'a'\nkeywords = ['a', 1]\n",
            "rules.toml:3:18: 'keywords' is a integer; expected a list of strings",
        ),
        ("[[rules]]\nid = 'a'\nregex = 'a'\n[[rules]]\nid = 'a'\n", "rules.toml:4:1: there is already a rule 'a'"),
        ("[[allowlists]]\ndescription = 'x'\n", "rules.toml:1:1: an allowlist allows nothing"),
        ("[[allowlists]]\npaths = ['a']\ncondition = 'XOR'\n", "'condition' is 'XOR'; expected AND or OR"),
        (
            "[[allowlists]]\nregexes = ['a']\nregexTarget = 'file'\n",
            "'regexTarget' is 'file'; expected secret, match or line",
        ),
        ("[[rules]]\nid = 'a'\nconfidence = 'sure'\n", "'confidence' is 'sure'; expected high, medium or low"),
        (
            "[[rules]]\nid = 'a'\ncomponents = [{ id = 'b', within = '5X' }]\n",
            "'within' is '5X'; expected such as 5L or 5L,100C",
        ),
        ("[[rules]]\nid = 'a'\nsecretGroup = -1\n", "expected a whole number of at least 0"),
    ] {
        write(path, "rules.toml", text);
        let ran = run(path, &["scan", "t", "--rules-from", "rules.toml"]);
        assert_eq!(ran.code, 2, "{text}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains(message), "{text}\n  expected {message}\n  got      {}", ran.stderr);
    }
    let ran = run(path, &["scan", "t", "--rules-from", "missing.toml"]);
    assert!(ran.code == 2 && ran.stderr.contains("missing.toml: No such file"), "{}", ran.stderr);
}

#[test]
fn a_gitleaksignore_hides_places_and_is_counted() {
    let folder = folder();
    let path = folder.path();
    let token = |seed| format!("t = \"{}\"\n", github_token(seed));
    write(path, "src/a.py", token("one") + &token("two"));
    write(path, ".gitleaksignore", "# known\nsrc/a.py:github-pat:1\n");
    let hidden = "a.py:1 github-token! .gitleaksignore (github-pat)";
    let unused = search(path, &["src"]);
    assert_eq!((unused.code, unused.places), (1, set(&["a.py:1 github-token", "a.py:2 github-token"])));
    assert!(unused.stderr.contains("--gitleaksignore .gitleaksignore hides what it names"), "{}", unused.stderr);
    let used = search(path, &["src", "--gitleaksignore", ".gitleaksignore"]);
    assert_eq!(used.places, set(&[hidden, "a.py:2 github-token"]), "{}", used.stderr);
    assert_eq!(used.stderr, "");
    let (count, detail) = coverage(&used.report, "findings hidden by .gitleaksignore").expect("it is counted");
    assert!(count == 1 && detail.contains("--write-baseline"), "{detail}");
    let from_here = search(path, &["--gitleaksignore", ".gitleaksignore"]);
    let hidden = "src/a.py:1 github-token! .gitleaksignore (github-pat)";
    assert_eq!(from_here.places, set(&[hidden, "src/a.py:2 github-token"]), "{}", from_here.stderr);

    write(path, "wrong", "src/a.py\n");
    let ran = run(path, &["scan", "src", "--gitleaksignore", "wrong"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("wrong:1:1: this is no entry; expected file:rule:line"), "{}", ran.stderr);
}

#[test]
fn their_comments_and_our_ids_are_safe() {
    let folder = folder();
    let path = folder.path();
    write(path, "rules.toml", "[[rules]]\nid = \"kid\"\nregex = '''\\bkid_[0-9]{6}\\b'''\nkeywords = [\"kid_\"]\n");
    write(path, "t/a.txt", "kid_123456 # gitleaks:allow\nkid_123457 // betterleaks:allow\nkid_123458\n");
    let found = search(path, &["t", "--rules-from", "rules.toml"]);
    let expected = set(&["a.txt:1 kid! gitleaks:allow", "a.txt:2 kid! betterleaks:allow", "a.txt:3 kid"]);
    assert_eq!(found.places, expected, "{}", found.stderr);
    assert!(!found.report.to_string().contains("kid_12345"), "a found value is in no report");
}
