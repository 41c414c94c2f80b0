//! Code that makes identities: tied to those of the account that it says, a maybe where it says none, and never to those of
//! another account. Who owns its file owns them only where the tie is sure.

use std::path::Path;

use serde_json::{Value, json};

use crate::tree::{NOW, folder, run, write};

const OWN: &str = "111122223333";

fn account(at: &Path) {
    let role = |name: &str| {
        json!({
            "Path": "/", "RoleName": name, "RoleId": format!("AROAEXAMPLE{:0>10}", name.to_uppercase()),
            "Arn": format!("arn:aws:iam::{OWN}:role/{name}"), "CreateDate": "2024-01-01T00:00:00Z",
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}, "InstanceProfileList": [], "Tags": [],
            "AttachedManagedPolicies": [], "RoleLastUsed": {}, "RolePolicyList": [],
        })
    };
    let details = json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [role("ci")], "Policies": [], "IsTruncated": false});
    write(at, "aws/iam.json", details.to_string());
    write(at, "tree/CODEOWNERS", "* @acme/infra\n");
    let people = "email,name,team,status,left_on\nann@acme.example,Ann,infra,left,2026-01-01\n";
    write(at, "people.csv", people);
}

/// The owner of the role, how code ties to it, and the findings about it.
fn judged(at: &Path) -> (Option<String>, Vec<String>, Vec<String>) {
    let ran = run(
        at,
        &[
            "scan",
            "tree",
            "--isolated",
            "--now",
            NOW,
            "--format",
            "json",
            "-q",
            "-o",
            "scan.json",
            "--aws-export",
            "aws",
            "--people",
            "people.csv",
        ],
    );
    assert!(matches!(ran.code, 0 | 1 | 3), "{}", ran.stderr);
    let scan: Value = serde_json::from_slice(&std::fs::read(at.join("scan.json")).expect("a report")).expect("JSON");
    let role = scan["identities"].as_array().expect("a list").iter().find(|one| one["name"] == "ci").expect("a role");
    let about = |one: &&Value| one["subject"].as_str().is_some_and(|id| id.ends_with("role/ci"));
    let findings = scan["findings"].as_array().expect("a list").iter().filter(about);
    let rules = findings.filter_map(|one| one["rule"].as_str()).map(str::to_owned).collect();
    let shown = run(at, &["show", "role/ci", "--from", "scan.json", "--format", "json"]);
    let shown: Value = serde_json::from_str(&shown.stdout).expect("JSON");
    let edges = shown["data"]["leads_to"].as_array().cloned().unwrap_or_default();
    let code = edges.iter().filter(|edge| edge["kind"] == "defined-by");
    let code = code.filter_map(|edge| edge["holding"].as_str()).map(str::to_owned).collect();
    (role["owner"]["name"].as_str().map(str::to_owned), code, rules)
}

const ROLE: &str = "resource \"aws_iam_role\" \"ci\" {\n  name = \"ci\"\n}\n";

fn provider(account: &str) -> String {
    format!("provider \"aws\" {{\n  region = \"eu-west-1\"\n  allowed_account_ids = [\"{account}\"]\n}}\n")
}

#[test]
fn code_of_another_account_makes_and_owns_nothing_here() {
    let at = folder();
    let at = at.path();
    account(at);
    write(at, "tree/x/main.tf", format!("{}{ROLE}", provider("999988887777")));
    assert_eq!(judged(at).0, None);
    assert_eq!(judged(at).1, Vec::<String>::new());
    // The provider may stand in another file of the folder, and the role may name another one.
    write(at, "tree/x/main.tf", ROLE);
    write(at, "tree/x/providers.tf", provider("999988887777"));
    assert_eq!(judged(at).1, Vec::<String>::new());
    let other = ROLE.replace("name =", "provider = aws.own\n  name =");
    write(at, "tree/x/main.tf", other);
    let own = provider(OWN).replace("region", "alias = \"own\"\n  region");
    write(at, "tree/x/providers.tf", format!("{}{own}", provider("999988887777")));
    assert_eq!(judged(at).1, ["holds"]);
}

#[test]
fn code_that_says_its_account_owns_and_code_that_does_not_is_a_hint() {
    let at = folder();
    let at = at.path();
    account(at);
    write(at, "tree/x/main.tf", ROLE);
    let (owner, code, rules) = judged(at);
    assert_eq!((owner, code), (None, vec!["conditional".to_owned()]));
    assert!(!rules.contains(&"owner-left".to_owned()), "{rules:?}");
    let shown = run(at, &["show", "role/ci", "--from", "scan.json"]).stdout;
    assert!(shown.contains("CODEOWNERS of tree/x/main.tf, if that code makes it"), "{shown}");
    write(at, "tree/x/main.tf", format!("{}{ROLE}", provider(OWN)));
    let (owner, code, rules) = judged(at);
    assert_eq!((owner.as_deref(), code), (Some("acme/infra"), vec!["holds".to_owned()]));
    // All that the directory has of the forge's team have left; who else is in it is not known.
    assert!(!rules.contains(&"owner-left".to_owned()), "{rules:?}");
}

#[test]
fn the_team_of_another_organisation_is_not_the_directorys() {
    let at = folder();
    let at = at.path();
    account(at);
    write(at, "tree/x/main.tf", format!("{}{ROLE}", provider(OWN)));
    let active = |owners: &str, people: &str| {
        write(at, "tree/CODEOWNERS", owners);
        write(at, "people.csv", format!("email,name,team,status,left_on\nann@acme.example,Ann,infra,{people}\n"));
        judged(at);
        let scan: Value =
            serde_json::from_slice(&std::fs::read(at.join("scan.json")).expect("a report")).expect("JSON");
        let role = scan["identities"].as_array().expect("a list").iter().find(|one| one["name"] == "ci").cloned();
        role.expect("a role")["owner"]["active"].clone()
    };
    assert_eq!(active("* @acme/infra\n", "active,"), true);
    assert!(active("* @otherco/infra\n", "active,")["unknown"].is_string());
    assert!(active("* @acme/infra\n", "left,2026-01-01")["unknown"].is_string());
}

/// A module that was not read may make the role, and a form of a name that the code works out may be its name: nothing is
/// said of it then, and of a role that nothing fits it is.
#[test]
fn what_code_may_make_is_not_called_made_by_hand() {
    let at = folder();
    let at = at.path();
    account(at);
    let role = |name: &str| ROLE.replace("\"ci\"", &format!("\"{name}\""));
    // Three more roles, which the code makes: most of what the account has is made by code.
    let text = std::fs::read_to_string(at.join("aws/iam.json")).expect("it is there");
    let mut details: Value = serde_json::from_str(&text).expect("JSON");
    let one = details["RoleDetailList"][0].to_string();
    let others = ["r1", "r2", "r3"].map(|name| {
        let text = one.replace("role/ci", &format!("role/{name}")).replace("\"ci\"", &format!("\"{name}\""));
        serde_json::from_str::<Value>(&text.replace("0CI\"", &format!("{name}\""))).expect("JSON")
    });
    details["RoleDetailList"].as_array_mut().expect("a list").extend(others);
    write(at, "aws/iam.json", details.to_string());
    let made: String = ["r1", "r2", "r3"].map(role).concat();
    let about = |code: &str| {
        write(at, "tree/x/main.tf", format!("{}{made}{code}", provider(OWN)));
        judged(at);
        let scan: Value =
            serde_json::from_slice(&std::fs::read(at.join("scan.json")).expect("a report")).expect("JSON");
        let open = scan["not_evaluated"].as_array().expect("a list").iter();
        open.filter(|one| one["rule"] == "identity-without-code")
            .filter_map(|one| one["reason"].as_str())
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(about(&role("other")), Vec::<String>::new());
    assert!(judged(at).2.contains(&"identity-without-code".to_owned()));
    let of_form = about(&format!("variable \"x\" {{}}\n{}", role("c${var.x}")));
    assert!(of_form.iter().any(|why| why.contains("makes an identity (aws.role) called c*")), "{of_form:?}");
    let of_module = about("module \"m\" {\n  source = \"acme/role/aws\"\n}\n");
    assert!(
        of_module.iter().any(|why| why.contains("module.m at tree/x/main.tf:14:1, a module that was not read")),
        "{of_module:?}"
    );
    assert_eq!(about(&format!("variable \"x\" {{}}\n{}", role("d${var.x}"))), Vec::<String>::new());
    // A program is not run: nobody knows what it makes.
    let program = write(at, "tree/x/cdk.json", "{\"app\": \"npx ts-node app.ts\"}\n");
    let of_program = about("");
    let why = "the CDK program at tree/x/cdk.json:1:1, which is not run, may make it";
    assert!(of_program.iter().any(|told| told.contains(why)), "{of_program:?}");
    std::fs::remove_file(program).expect("it is there");
    // The very name is a tie, under a condition; a form of it is none.
    write(
        at,
        "tree/x/main.tf",
        format!("{}module \"m\" {{\n  source = \"acme/role/aws\"\n  role_name = \"ci\"\n}}\n", provider(OWN)),
    );
    assert_eq!(judged(at).1, Vec::<String>::new(), "two letters say too little");
}

#[test]
fn who_wrote_the_line_answers_for_what_it_makes_until_somebody_else_does() {
    let at = folder();
    let at = at.path();
    account(at);
    let git = |arguments: &[&str]| {
        let mut command = std::process::Command::new("git");
        command.args(["-c", "user.name=Ann", "-c", "user.email=ann@acme.example"]).args(arguments);
        assert!(command.current_dir(at.join("tree")).output().expect("git runs").status.success(), "{arguments:?}");
    };
    std::fs::remove_file(at.join("tree/CODEOWNERS")).expect("it was there");
    write(at, "tree/x/main.tf", format!("{}{ROLE}", provider(OWN)));
    git(&["init", "-q", "."]);
    git(&["add", "-A"]);
    git(&["commit", "-qm", "x"]);
    let (owner, _, rules) = judged(at);
    assert_eq!(owner.as_deref(), Some("ann@acme.example"));
    assert!(rules.contains(&"owner-left".to_owned()), "she is in the directory, and has left: {rules:?}");
    let shown = run(at, &["show", "role/ci", "--from", "scan.json"]).stdout;
    assert!(shown.contains("0.35 ann@acme.example: who wrote tree/x/main.tf:5:1, by git"), "{shown}");
    // A program that commits answers for nothing.
    let mut command = std::process::Command::new("git");
    command.args(["-c", "user.name=b", "-c", "user.email=1+dependabot[bot]@users.noreply.github.com"]);
    write(
        at,
        "tree/x/main.tf",
        format!("{}{}", provider(OWN), ROLE.replace("\"aws_iam_role\" \"ci\"", "\"aws_iam_role\" \"ci2\"")),
    );
    command.args(["commit", "-qam", "y"]).current_dir(at.join("tree"));
    assert!(command.output().expect("git runs").status.success());
    assert_eq!(judged(at).0, None);
}
