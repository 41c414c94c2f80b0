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
fn account(id: &str, actions: &[&str], resource: &Value) -> Value {
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
    of_two((&["s3:ListAllMyBuckets"], &json!("*")), (actions, &json!(resource)))
}

/// The same, with what the user of the management account and that of the member may do on what.
fn of_two(management: (&[&str], &Value), member: (&[&str], &Value)) -> TempDir {
    let tree = folder();
    let put = |account: &str, name: &str, value: Value| {
        write(tree.path(), &format!("aws/{account}/{name}.json"), value.to_string());
    };
    put(MANAGEMENT, "iam", account(MANAGEMENT, management.0, management.1));
    put(MEMBER, "iam", account(MEMBER, member.0, member.1));
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
    Some(way_of(tree, MEMBER)?["steps"][0].as_str()?.to_owned())
}

/// The first way to administrator of the user of an account.
fn way_of(tree: &TempDir, account: &str) -> Option<Value> {
    let told = ask(tree, &["scan", "--exit-zero", "--min-severity", "info"]);
    let id = format!("arn:aws:iam::{account}:user/bot");
    let all = told["identities"].as_array().expect("identities");
    let one = all.iter().find(|one| one["id"] == *id).expect("the user");
    let paths = one["escalations"].as_array().or(one["facts"]["escalations"].as_array());
    paths?.first().cloned()
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
    let on = |resource: Value| {
        way(&of_two((&["s3:ListAllMyBuckets"], &json!("*")), (&["sso:CreateAccountAssignment"], &resource)))
    };
    let account = format!("arn:aws:sso:::account/{MEMBER}");
    assert!(on(json!([SET, INSTANCE, account])).is_some());
    let other = "arn:aws:sso:::permissionSet/ssoins-72230000000000aa/ps-2222222222222222";
    assert_eq!(on(json!([other, INSTANCE, account])), None);
    assert_eq!(on(json!([SET, INSTANCE, format!("arn:aws:sso:::account/{MANAGEMENT}")])), None, "of another account");
    assert_eq!(on(json!([SET, account])), None, "the instance is asked for, too");
}

const ALL: [&str; 3] =
    ["sso:PutInlinePolicyToPermissionSet", "sso:ProvisionPermissionSet", "sso:CreateAccountAssignment"];

#[test]
fn what_the_managing_account_changes_reaches_the_roles_of_other_accounts() {
    let nobody = (["s3:ListAllMyBuckets"].as_slice(), &json!("*"));
    let reaches = |actions: &[&str]| {
        let tree = of_two((actions, &json!("*")), nobody);
        // Its own role of that set is not there: the set has one in the member alone.
        let mut own = account(MANAGEMENT, actions, &json!("*"));
        own["RoleDetailList"] = json!([]);
        write(tree.path(), &format!("aws/{MANAGEMENT}/iam.json"), own.to_string());
        way_of(&tree, MANAGEMENT)
    };
    let told = reaches(&["sso:CreateAccountAssignment"]).expect("it may give the set to a person of its choice");
    let role = format!("role AWSReservedSSO_Admin_0123456789abcdef of account {MEMBER}");
    assert!(told["steps"][0].to_string().contains(&role), "{told}");
    assert!(told["target"].to_string().contains(MEMBER) && told["conditional"] == true, "{told}");
    assert_eq!(reaches(&["sso:ListPermissionSets"]), None);
    // The member's user may call the same and manages nothing.
    let tree = of_two(nobody, (&["sso:CreateAccountAssignment"], &json!("*")));
    organizations(&tree, &[]);
    assert_eq!(way_of(&tree, MEMBER), None);
}

/// The role of the set in the member may do little: whoever changes the set makes more of it.
#[test]
fn a_changed_permission_set_raises_its_roles_elsewhere() {
    let ways = |actions: &[&str], delegated: &[&str], from: &str| {
        let nobody: (&[&str], &Value) = (&["s3:ListAllMyBuckets"], &json!("*"));
        let mine: (&[&str], &Value) = (actions, &json!("*"));
        let tree = if from == MANAGEMENT { of_two(mine, nobody) } else { of_two(nobody, mine) };
        organizations(&tree, delegated);
        for id in [MANAGEMENT, MEMBER] {
            let of_it = if id == from { actions } else { nobody.0 };
            let mut one = account(id, of_it, &json!("*"));
            one["RoleDetailList"][0]["AttachedManagedPolicies"] = json!([]);
            if id == MANAGEMENT {
                one["RoleDetailList"] = json!([]);
            }
            write(tree.path(), &format!("aws/{id}/iam.json"), one.to_string());
        }
        way_of(&tree, from)
    };
    let told = ways(&ALL, &[], MANAGEMENT).expect("it gives itself the role of the member and the role every right");
    let steps = told["steps"].to_string();
    assert!(steps.contains(&format!("of account {MEMBER}")), "{steps}");
    assert!(steps.contains("sso:PutInlinePolicyToPermissionSet and sso:ProvisionPermissionSet"), "{steps}");
    assert!(!steps.contains("is provisioned again"), "who may provision it needs nobody for it: {steps}");
    let put = ways(&ALL[..1], &[], MANAGEMENT).expect("it could");
    assert!(put["steps"].to_string().contains("the set is provisioned again"), "{put}");
    assert!(put["steps"].to_string().contains("nothing that was read lets it"), "{put}");
    assert_eq!(ways(&ALL, &[], MEMBER), None);
    assert!(ways(&ALL, &[MEMBER], MEMBER).is_some(), "who was let manage it");
    assert_eq!(ways(&ALL[1..2], &[], MANAGEMENT), None, "to provision alone changes nothing");
}

/// What a delegated administrator may not touch: sets that have a role in the management account.
#[test]
fn a_set_of_the_management_account_is_changed_from_there_alone() {
    let changes: (&[&str], &Value) = (&ALL, &json!("*"));
    let tree = of_two((&["s3:ListAllMyBuckets"], &json!("*")), changes);
    organizations(&tree, &[MEMBER]);
    assert!(way_of(&tree, MEMBER).is_some());
    let of_set = "eu-central-1.ssoins-72230000000000aa.ps-1111111111111111";
    let one = json!({"AccountId": MANAGEMENT, "PermissionSetArn": SET, "PrincipalType": "USER", "PrincipalId": "u-2"});
    let name = format!("aws/{MANAGEMENT}/sso-admin.list-account-assignments.{of_set}.{MANAGEMENT}.json");
    write(tree.path(), &name, json!({"AccountAssignments": [one]}).to_string());
    assert_eq!(way_of(&tree, MEMBER), None);
}

/// The holes of a scan, in words.
fn holes(tree: &TempDir) -> String {
    let told = ask(tree, &["scan", "--exit-zero"]);
    let all = told["coverage"].as_array().expect("coverage").iter().filter(|one| one["outcome"] != "complete");
    all.map(|one| format!("{} {}: {}\n", one["what"], one["outcome"], one["detail"])).collect()
}

#[test]
fn what_a_list_of_permission_sets_does_not_name_is_a_hole() {
    let tree = organisation(&["s3:ListAllMyBuckets"], "*");
    let name = format!("aws/{MANAGEMENT}/sso-admin.list-permission-sets.eu-central-1.ssoins-72230000000000aa.json");
    let list = |sets: Value| write(tree.path(), &name, json!({ "PermissionSets": sets }).to_string());
    let said = "sso-admin list-permission-sets\" \"partial";
    assert!(!holes(&tree).contains(said), "{}", holes(&tree));
    for (sets, items) in
        [(json!([SET, 7, null]), "(item 2)"), (json!([SET, {"Arn": SET}]), "(item 2)"), (json!("x"), "(item 0)")]
    {
        list(sets.clone());
        let told = holes(&tree);
        assert!(told.contains(said) && told.contains(items), "{sets}: {told}");
    }
    list(json!([SET]));
    let other =
        "sso-admin.list-managed-policies-in-permission-set.eu-central-1.ssoins-72230000000000aa.ps-9999999999999999";
    write(tree.path(), &format!("aws/{MANAGEMENT}/{other}.json"), json!({"AttachedManagedPolicies": []}).to_string());
    assert!(holes(&tree).contains("no list of permission sets that was read names it"), "{}", holes(&tree));
}
