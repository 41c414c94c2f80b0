//! IAM Identity Center from export files: who may use its roles, what a leaver may sign in to, and whose `sso:` actions lead
//! anywhere.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::tree::{Ran, folder, nonhuman, write};

const NOW: &str = "2026-11-22T12:00:00Z";
const INSTANCE: &str = "arn:aws:sso:::instance/ssoins-72230000000000aa";
const SET: &str = "arn:aws:sso:::permissionSet/ssoins-72230000000000aa/ps-1111111111111111";
const MANAGEMENT: &str = "111122223333";
const MEMBER: &str = "777788889999";

/// An account with the role that the permission set has there, and a user with these actions on these resources.
fn account(id: &str, actions: &[&str], resource: &str) -> Value {
    let role = "AWSReservedSSO_Admin_0123456789abcdef";
    json!({"GroupDetailList": [], "Policies": [],
        "UserDetailList": [{"UserName": "bot", "UserId": format!("AIDAEXAMPLE{}", &id[..9]), "Path": "/",
            "Arn": format!("arn:aws:iam::{id}:user/bot"), "CreateDate": "2026-11-01T00:00:00Z", "GroupList": [],
            "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement":
                {"Effect": "Allow", "Action": actions, "Resource": resource}}}]}],
        "RoleDetailList": [{"RoleName": role, "RoleId": format!("AROAEXAMPLE{}", &id[..9]),
            "Path": "/aws-reserved/sso.amazonaws.com/eu-central-1/", "CreateDate": "2026-11-01T00:00:00Z",
            "Arn": format!("arn:aws:iam::{id}:role/aws-reserved/sso.amazonaws.com/eu-central-1/{role}"),
            "InstanceProfileList": [], "RolePolicyList": [],
            "AttachedManagedPolicies": [{"PolicyName": "AdministratorAccess",
                "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}],
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
                "Principal": {"Federated": format!("arn:aws:iam::{id}:saml-provider/AWSSSO_0123456789abcdef_DO_NOT_DELETE")},
                "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession"],
                "Condition": {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}}}]}}]})
}

/// An organisation of two accounts, with a group and a person in its Identity Center.
fn organisation(actions: &[&str], resource: &str) -> TempDir {
    let tree = folder();
    let put = |account: &str, name: &str, value: Value| {
        write(tree.path(), &format!("aws/{account}/{name}.json"), value.to_string());
    };
    put(MANAGEMENT, "iam", account(MANAGEMENT, &["s3:ListAllMyBuckets"], "*"));
    put(MEMBER, "iam", account(MEMBER, actions, resource));
    let of = |operation: &str| format!("sso-admin.{operation}.eu-central-1.ssoins-72230000000000aa");
    let of_set = |operation: &str| format!("{}.ps-1111111111111111", of(operation));
    let instances = json!({"Instances": [{"InstanceArn": INSTANCE, "IdentityStoreId": "d-0000000000",
        "OwnerAccountId": MANAGEMENT, "Status": "ACTIVE", "CreatedDate": "2024-01-01T00:00:00Z"}]});
    put(MANAGEMENT, "sso-admin.list-instances.eu-central-1", instances);
    put(MANAGEMENT, &of("list-permission-sets"), json!({"PermissionSets": [SET]}));
    let set = json!({"PermissionSet": {"Name": "Admin", "PermissionSetArn": SET, "SessionDuration": "PT8H"}});
    put(MANAGEMENT, &of_set("describe-permission-set"), set);
    let held = json!({"AttachedManagedPolicies": [{"Name": "AdministratorAccess",
        "Arn": "arn:aws:iam::aws:policy/AdministratorAccess"}]});
    put(MANAGEMENT, &of_set("list-managed-policies-in-permission-set"), held);
    let own = json!({"CustomerManagedPolicyReferences": [{"Name": "deploy", "Path": "/team/"}]});
    put(MANAGEMENT, &of_set("list-customer-managed-policy-references-in-permission-set"), own);
    put(MANAGEMENT, &of_set("get-inline-policy-for-permission-set"), json!({"InlinePolicy": ""}));
    put(MANAGEMENT, &of_set("get-permissions-boundary-for-permission-set"), Value::Null);
    put(MANAGEMENT, &of_set("list-accounts-for-provisioned-permission-set"), json!({"AccountIds": [MEMBER]}));
    let one = |kind: &str, id: &str| json!({"AccountId": MEMBER, "PermissionSetArn": SET, "PrincipalType": kind, "PrincipalId": id});
    let assigned = json!({"AccountAssignments": [one("GROUP", "g-1"), one("USER", "u-2")]});
    put(MANAGEMENT, &format!("{}.{MEMBER}", of_set("list-account-assignments")), assigned);
    let user = |id: &str, name: &str, status: &str| {
        json!({"UserId": id, "UserName": name, "UserStatus": status, "IdentityStoreId": "d-0000000000",
        "Emails": [{"Value": format!("{name}@acme.example"), "Primary": true}], "Birthdate": "1980-01-01"})
    };
    let users = [user("u-1", "jana", "ENABLED"), user("u-2", "omar", "ENABLED"), user("u-3", "left", "DISABLED")];
    put(MANAGEMENT, "identitystore.list-users.eu-central-1.d-0000000000", json!({"Users": users}));
    let groups = json!({"Groups": [{"GroupId": "g-1", "DisplayName": "Platform", "IdentityStoreId": "d-0000000000"}]});
    put(MANAGEMENT, "identitystore.list-groups.eu-central-1.d-0000000000", groups);
    let member = |id: &str| json!({"GroupId": "g-1", "MemberId": {"UserId": id}});
    let members = json!({"GroupMemberships": [member("u-1"), member("u-3")]});
    put(MANAGEMENT, "identitystore.list-group-memberships.eu-central-1.d-0000000000.g-1", members);
    tree
}

/// What Organizations says: who manages Identity Center beside the management account.
fn organizations(tree: &TempDir, delegated: &[&str]) {
    let put = |name: &str, value: Value| {
        write(tree.path(), &format!("aws/{MANAGEMENT}/organizations.{name}.json"), value.to_string());
    };
    let arn = format!("arn:aws:organizations::{MANAGEMENT}:organization/o-exampleorgid");
    put(
        "describe-organization",
        json!({"Organization": {"Id": "o-exampleorgid", "Arn": arn, "MasterAccountId": MANAGEMENT}}),
    );
    let accounts = [MANAGEMENT, MEMBER].map(|id| json!({"Id": id, "Name": id, "State": "ACTIVE"}));
    put("list-accounts", json!({"Accounts": accounts}));
    let delegated: Vec<Value> = delegated.iter().map(|id| json!({"Id": id, "Name": id})).collect();
    put("list-delegated-administrators", json!({"DelegatedAdministrators": delegated}));
}

fn ask(tree: &TempDir, words: &[&str]) -> Value {
    let rest = ["--now", NOW, "--format", "json", "--aws-export", "aws"];
    let ran: Ran = nonhuman(tree.path()).args(words).args(rest).output().expect("it starts").into();
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", ran.stdout, ran.stderr))
}

#[test]
fn the_roles_of_identity_center_say_who_may_use_them() {
    let tree = organisation(&["s3:ListAllMyBuckets"], "*");
    let role = format!(
        "arn:aws:iam::{MEMBER}:role/aws-reserved/sso.amazonaws.com/eu-central-1/AWSReservedSSO_Admin_0123456789abcdef"
    );
    let shown = nonhuman(tree.path())
        .args(["show", &role, "--now", NOW, "--aws-export", "aws"])
        .output()
        .map(Ran::from)
        .expect("it starts");
    assert!(shown.stdout.contains("group Platform"), "{}{}", shown.stdout, shown.stderr);
    assert!(shown.stdout.contains("omar@acme.example"), "{}", shown.stdout);
    let told = ask(&tree, &["scan", "--exit-zero"]);
    let whole = told.to_string();
    assert!(!whole.contains("1980-01-01"), "of people nothing but what they are called is taken");
    let set = told["settings"].as_array().expect("settings").iter().find(|one| one["id"] == SET).expect("the set");
    assert_eq!(set["name"], "Admin");
    assert_eq!(set["attributes"]["managed_policies"], json!(["AdministratorAccess"]));
    assert_eq!(set["attributes"]["customer_policies"], json!(["team/deploy"]));
    let holes = told["coverage"].as_array().expect("coverage").iter().filter(|one| one["outcome"] != "complete");
    let holes: Vec<&str> = holes.filter_map(|one| one["what"].as_str()).collect();
    assert!(!holes.iter().any(|what| what.contains("sso-admin") || what.contains("identitystore")), "{holes:?}");
}

#[test]
fn a_leaver_signs_in_by_groups_too_and_whoever_is_switched_off_does_not() {
    let tree = organisation(&["s3:ListAllMyBuckets"], "*");
    let bill = |who: &str| {
        let words = ["offboard", who, "--now", NOW, "--aws-export", "aws", "--people", "people.csv"];
        nonhuman(tree.path()).args(words).output().map(Ran::from).expect("it starts").stdout
    };
    let people = "email,name,team,status,left_on\njana@acme.example,Jana Novak,platform,active,\nomar@acme.example,Omar Haddad,platform,active,\nleft@acme.example,Lena Left,platform,active,\n";
    write(tree.path(), "people.csv", people);
    assert!(
        bill("jana@acme.example").contains("Admin in account 777788889999, as a member of Platform"),
        "{}",
        bill("jana@acme.example")
    );
    assert!(bill("omar@acme.example").contains("Admin in account 777788889999\n"), "{}", bill("omar@acme.example"));
    assert!(!bill("left@acme.example").contains("Admin in account"), "{}", bill("left@acme.example"));
}

#[test]
fn an_assignment_list_that_is_missing_is_a_hole() {
    let tree = organisation(&["s3:ListAllMyBuckets"], "*");
    let name = format!(
        "sso-admin.list-account-assignments.eu-central-1.ssoins-72230000000000aa.ps-1111111111111111.{MEMBER}.json"
    );
    std::fs::remove_file(tree.path().join(format!("aws/{MANAGEMENT}/{name}"))).expect("it is there");
    let told = ask(&tree, &["scan", "--exit-zero"]);
    let hole = told["coverage"]
        .as_array()
        .expect("coverage")
        .iter()
        .find(|one| one["what"] == "sso-admin list-account-assignments");
    assert!(hole.is_some_and(|hole| hole["outcome"] != "complete"), "{hole:?}");
}

/// What is said of the ways of the member's user to administrator: whether there is one, and its first sentence.
fn way(tree: &TempDir) -> Option<String> {
    let told = ask(tree, &["scan", "--exit-zero", "--min-severity", "info"]);
    let id = format!("arn:aws:iam::{MEMBER}:user/bot");
    let all = told["identities"].as_array().expect("identities");
    let one = all.iter().find(|one| one["id"] == *id).expect("the user");
    let paths = one["escalations"].as_array().or(one["facts"]["escalations"].as_array());
    Some(paths?.first()?["steps"][0].as_str()?.to_owned())
}

#[test]
fn only_the_accounts_that_manage_identity_center_get_anywhere_by_it() {
    let unsaid = organisation(&["sso:*"], "*");
    let told = way(&unsaid).expect("it may be");
    assert!(told.contains("provided that the account manages IAM Identity Center and "), "{told}");

    let nobody = organisation(&["sso:*"], "*");
    organizations(&nobody, &[]);
    assert_eq!(way(&nobody), None);

    let garbage = organisation(&["sso:*"], "*");
    organizations(&garbage, &[]);
    let unreadable = json!({"DelegatedAdministrators": [{"Id": 7}]}).to_string();
    write(garbage.path(), &format!("aws/{MANAGEMENT}/organizations.list-delegated-administrators.json"), unreadable);
    assert!(way(&garbage).is_some(), "what could not be read says of nobody that it does not manage it");

    let delegated = organisation(&["sso:*"], "*");
    organizations(&delegated, &[MEMBER]);
    let told = way(&delegated).expect("it may");
    assert!(!told.contains("manages IAM Identity Center"), "{told}");
}

#[test]
fn a_permission_set_that_was_read_is_the_one_that_must_be_allowed() {
    let action = ["sso:CreateAccountAssignment"];
    assert!(way(&organisation(&action, SET)).is_some());
    let other = "arn:aws:sso:::permissionSet/ssoins-72230000000000aa/ps-2222222222222222";
    assert_eq!(way(&organisation(&action, other)), None);
}
