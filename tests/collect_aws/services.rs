//! Services, live: the thin client against a server that answers, refuses, throttles and forgets who we are.

use nonhuman::collect::aws::AwsLive;
use nonhuman::model::{AttributeName, AttributeValue, SettingKind, WorkloadKind};

use super::iam_server::{Account, Fault, IamServer};
use super::live::{config, scan, small};
use super::*;

/// An account in which most calls that ask about single things have something to ask about.
fn account() -> Account {
    let function = "arn:aws:lambda:us-east-1:444455556666:function:resize";
    let role = urn("role/ci").to_string();
    let answers = [
        ("DescribeRegions", json!({"Regions": [{"RegionName": "us-east-1"}]})),
        (
            "GET /2015-03-31/functions/",
            json!({"Functions": [{"FunctionArn": function, "FunctionName": "resize",
            "Role": role, "Environment": {"Variables": {"MODE": "fast"}}}]}),
        ),
        (
            "GET /2021-10-31/functions/resize/urls",
            json!({"FunctionUrlConfigs": [
            {"FunctionArn": function, "AuthType": "NONE"}]}),
        ),
        (
            "DescribeInstances",
            json!({"Reservations": [{"Instances": [{"InstanceId": "i-1", "State": {"Name": "running"},
            "MetadataOptions": {"HttpTokens": "optional", "HttpEndpoint": "enabled"}}]}]}),
        ),
        (
            "ListSecrets",
            json!({"SecretList": [{"ARN": "arn:aws:secretsmanager:us-east-1:444455556666:secret:a-AbCdEf",
            "Name": "a", "LastChangedDate": 1_700_000_000.25}]}),
        ),
        ("GET /clusters", json!({"clusters": ["prod"]})),
        ("GET /clusters/prod/pod-identity-associations", json!({"associations": [{"associationId": "a-1"}]})),
        (
            "GET /clusters/prod/pod-identity-associations/a-1",
            json!({"association": {"clusterName": "prod",
            "namespace": "shop", "serviceAccount": "api", "roleArn": role,
            "associationArn": "arn:aws:eks:us-east-1:444455556666:podidentityassociation/prod/a-1"}}),
        ),
        (
            "ListTaskDefinitions",
            json!({"taskDefinitionArns": ["arn:aws:ecs:us-east-1:444455556666:task-definition/w:2",
            "arn:aws:ecs:us-east-1:444455556666:task-definition/w:1"]}),
        ),
        (
            "DescribeTaskDefinition",
            json!({"taskDefinition": {"family": "w", "taskRoleArn": role,
            "taskDefinitionArn": "arn:aws:ecs:us-east-1:444455556666:task-definition/w:2"}}),
        ),
        ("ListQueues", json!({"QueueUrls": ["https://sqs.us-east-1.amazonaws.com/444455556666/orders"]})),
        (
            "ListServiceSpecificCredentials",
            json!({"ServiceSpecificCredentials": [{"UserName": "jana", "Status": "Active",
            "ServiceSpecificCredentialId": "ACCAEXAMPLE000000001", "ServiceName": "bedrock.amazonaws.com"}]}),
        ),
    ];
    let services = answers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Account { services, ..small() }
}

/// One call of every protocol, and of each place in the order of asking.
const REFUSED: &[&str] = &[
    "DescribeInstances",
    "DescribeTaskDefinition",
    "GET /clusters",
    "GET /clusters/prod/pod-identity-associations/a-1",
    "GetQueueAttributes",
    "ListAccounts",
    "ListServiceSpecificCredentials",
    "LookupEvents",
    "POST /agents/",
];

#[tokio::test]
async fn services_are_read_and_joined() {
    let server = IamServer::start(account(), &[]);
    let inventory = scan(&server).await;
    assert_eq!(holes(&inventory), []);
    let of = |kind| inventory.workloads.iter().find(|one| one.kind == kind).unwrap();
    let function = of(WorkloadKind::AwsFunction);
    assert_eq!(function.runs_as, [urn("role/ci")]);
    assert!(function.attributes.is(AttributeName::Public), "its URL asks for no signature");
    assert!(of(WorkloadKind::AwsInstance).attributes.is(AttributeName::ImdsV1));
    assert_eq!(of(WorkloadKind::AwsPodIdentity).name, "prod: shop/api");
    assert_eq!(server.calls("DescribeTaskDefinition"), 1, "the newest of a family alone");
    let secret = inventory.settings.iter().find(|one| one.kind == SettingKind::AwsSecret).unwrap();
    assert!(secret.attributes.get(AttributeName::Changed).value().is_some(), "seconds are a time, too");
    let key = inventory.credentials.iter().find(|one| one.name == "ACCAEXAMPLE000000001").unwrap();
    assert_eq!((&key.holder, &key.expires), (&urn("user/jana"), &Known::Absent));
    let asked = server.actions();
    assert!(asked.iter().all(|what| !what.contains("GetSecretValue") && !what.contains("GetParameter")), "{asked:?}");
}

#[tokio::test]
async fn each_refused_call_is_a_hole_of_that_service_alone() {
    let server = IamServer::start(account(), &[]);
    let whole = scan(&server).await;
    for action in REFUSED {
        assert!(server.calls(action) > 0, "{action} is asked");
        let refusing = IamServer::start(account(), &[(*action, Fault::Refused("AccessDeniedException"))]);
        let inventory = scan(&refusing).await;
        let found = holes(&inventory);
        // Organizations refuses all but the management account: no hole.
        let expected = usize::from(*action != "ListAccounts");
        assert_eq!(found.len(), expected, "{action}: {found:?}");
        assert_eq!(inventory.identities.len(), whole.identities.len(), "{action}");
    }
}

#[tokio::test]
async fn throttling_passes_and_an_expired_token_ends_the_asking() {
    let throttled = Fault::Throttled { from: 0, to: 2 };
    let server = IamServer::start(account(), &[("ListSecrets", throttled)]);
    assert_eq!(holes(&scan(&server).await), []);
    assert_eq!(server.calls("ListSecrets"), 3);

    let server = IamServer::start(account(), &[("DescribeInstances", Fault::Refused("ExpiredToken"))]);
    let inventory = scan(&server).await;
    let found = holes(&inventory);
    assert!(found.contains(&("ec2 describe-instances", Outcome::Refused)), "{found:?}");
    let entry = coverage(&inventory, "ec2 describe-instances");
    assert!(entry.remedy.as_deref().unwrap().contains("sign in again"), "{entry:?}");
    assert!(inventory.identities.get(&urn("user/jana")).is_some(), "what was read stays");
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_set_by_that_of_aws() {
    for ahead in [3_600, -7_200] {
        let server = IamServer::start(account(), &[("*", Fault::Ahead(ahead))]);
        let inventory = scan(&server).await;
        assert_eq!(holes(&inventory), [], "{ahead}");
        assert!(server.calls("GetCallerIdentity") > 1, "the first signature was refused");
        assert!(inventory.workloads.iter().any(|one| one.kind == WorkloadKind::AwsFunction));
    }
}

#[tokio::test]
async fn a_region_that_is_not_switched_on_is_a_hole_of_its_own() {
    let server = IamServer::start(account(), &[("DescribeInstances", Fault::Refused("OptInRequired"))]);
    let inventory = scan(&server).await;
    assert_eq!(holes(&inventory), [("ec2 describe-instances", Outcome::Refused)]);
    assert!(inventory.workloads.iter().any(|one| one.kind == WorkloadKind::AwsFunction), "the others are read");
}

#[tokio::test]
async fn regions_that_cannot_be_listed_are_said() {
    let server = IamServer::start(account(), &[("DescribeRegions", Fault::Refused("UnauthorizedOperation"))]);
    let inventory = scan(&server).await;
    let entry = coverage(&inventory, "regions");
    assert_eq!(entry.outcome, Outcome::Refused);
    assert!(entry.blinds.contains(&FactKind::Workloads));
    assert!(inventory.workloads.iter().any(|one| one.kind == WorkloadKind::AwsFunction), "the own region is asked");
}

#[tokio::test]
async fn each_call_refused_in_turn_costs_its_own_part_alone() {
    let server = IamServer::start(account(), &[]);
    let whole = scan(&server).await;
    let complete = |inventory: &Inventory| -> BTreeSet<String> {
        let entries = inventory.coverage.entries().iter();
        entries.filter(|one| one.outcome == Outcome::Complete).map(|one| one.what.clone()).collect()
    };
    let asked: BTreeSet<String> = server.actions().into_iter().collect();
    assert!(asked.len() > 50, "{asked:?}");
    for action in &asked {
        // Without it nothing is known, not even whose account this is.
        if action == "GetCallerIdentity" {
            continue;
        }
        let refusing = IamServer::start(account(), &[(action.as_str(), Fault::Refused("AccessDenied"))]);
        let inventory = scan(&refusing).await;
        let lost: Vec<String> = complete(&whole).difference(&complete(&inventory)).cloned().collect();
        // Where only some accounts may ask, a refusal is named without making the report incomplete.
        let mut named = inventory.coverage.entries().iter().filter(|one| one.outcome != Outcome::Complete);
        let hole = named.find(|one| one.detail.as_deref().is_some_and(|text| text.contains("Denied")));
        let hole = hole.unwrap_or_else(|| panic!("{action}: no hole says so"));
        assert!(hole.remedy.is_some(), "{action}: {hole:?}");
        // What is asked about things that the refused call lists is not asked at all.
        let most = if action == "GetAccountAuthorizationDetails" { 6 } else { 5 };
        assert!(lost.len() <= most, "{action} costs {lost:?}");
        if action != "GetAccountAuthorizationDetails" {
            // The root user is in the credential report alone, and a provider in its list.
            assert!(inventory.identities.len() + 1 >= whole.identities.len(), "{action}");
            assert_eq!(inventory.grants.len(), whole.grants.len(), "{action}");
        }
    }
}

#[tokio::test]
async fn services_last_accessed_are_waited_for_and_bounded() {
    let mut account = account();
    account.services.insert("GenerateServiceLastAccessedDetails".to_owned(), json!({"JobId": "j-1"}));
    let used = json!({"JobStatus": "COMPLETED", "IsTruncated": "false", "ServicesLastAccessed": [
        {"ServiceNamespace": "s3", "LastAuthenticated": "2026-11-20T08:00:00Z"}, {"ServiceNamespace": "ec2"}]});
    account.services.insert("GetServiceLastAccessedDetails".to_owned(), used);
    let server = IamServer::start(account, &[]);
    let collector = AwsLive::with_config(config(&server)).report_patience(Duration::from_secs(3)).last_accessed(1);
    let inventory = Inventory::build(records(collector, Duration::from_secs(60)).await);
    assert_eq!(holes(&inventory), []);
    assert_eq!(
        (server.calls("GenerateServiceLastAccessedDetails"), server.calls("GetServiceLastAccessedDetails")),
        (1, 1)
    );
    let of: Vec<_> = inventory
        .identities
        .iter()
        .filter_map(|one| {
            Some((one.id.clone(), one.attributes.get(AttributeName::LastAccessed).value().copied()?.clone()))
        })
        .collect();
    assert_eq!(of.len(), 1, "{of:?}");
    let expected = vec!["s3 2026-11-20T08:00:00Z".to_owned(), "ec2 never".to_owned()];
    assert_eq!(of[0].1, AttributeValue::Texts(expected));
    let identity = inventory.identities.get(&of[0].0).unwrap();
    assert!(identity.created.value().is_some(), "what the other answers say of it stays");
}

/// An organisation's Identity Center with one permission set that a group may use in one account.
fn center() -> Account {
    let (instance, set) = ("arn:aws:sso:::instance/ssoins-1", "arn:aws:sso:::permissionSet/ssoins-1/ps-1");
    let answers = [
        ("DescribeRegions", json!({"Regions": [{"RegionName": "us-east-1"}]})),
        (
            "ListInstances",
            json!({"Instances": [{"InstanceArn": instance, "IdentityStoreId": "d-1", "OwnerAccountId": "444455556666",
            "Status": "ACTIVE", "CreatedDate": 1_700_000_000.5}]}),
        ),
        ("ListPermissionSets", json!({"PermissionSets": [set]})),
        ("DescribePermissionSet", json!({"PermissionSet": {"Name": "Deploy", "PermissionSetArn": set}})),
        ("ListAccountsForProvisionedPermissionSet", json!({"AccountIds": ["444455556666"]})),
        (
            "ListAccountAssignments",
            json!({"AccountAssignments": [{"AccountId": "444455556666", "PermissionSetArn": set,
            "PrincipalType": "GROUP", "PrincipalId": "g-1"}]}),
        ),
        ("ListGroups", json!({"Groups": [{"GroupId": "g-1", "DisplayName": "Builders"}]})),
    ];
    let services = answers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Account { services, ..small() }
}

#[tokio::test]
async fn identity_center_is_read_set_by_set_and_its_refusal_elsewhere_is_no_hole() {
    let server = IamServer::start(center(), &[]);
    let inventory = scan(&server).await;
    assert_eq!(holes(&inventory), []);
    let of = |kind| inventory.settings.iter().find(|one| one.kind == kind).unwrap();
    assert_eq!(of(SettingKind::AwsPermissionSet).name, "Deploy");
    let assigned = of(SettingKind::AwsAccountAssignment);
    assert_eq!(
        (assigned.name.as_str(), assigned.attributes.texts(AttributeName::AssignedTo)),
        ("Deploy", &["group Builders".to_owned()][..])
    );
    assert_eq!(of(SettingKind::AwsIdentityCenter).attributes.text(AttributeName::Account), Some("444455556666"));
    assert_eq!((server.calls("ListAccountAssignments"), server.calls("ListUsers")), (1, 1));

    let refused = [
        ("ListPermissionSets", Fault::Refused("AccessDeniedException")),
        ("ListGroups", Fault::Refused("AccessDeniedException")),
        ("ListUsers", Fault::Refused("AccessDeniedException")),
    ];
    let server = IamServer::start(center(), &refused);
    let inventory = scan(&server).await;
    assert_eq!(holes(&inventory), []);
    let told = inventory.coverage.entries().iter().find(|one| one.what == "sso-admin list-permission-sets").unwrap();
    let detail = told.detail.as_deref().unwrap();
    assert!(detail.contains("who may use the roles of IAM Identity Center is not known"), "{detail}");
}
