//! The live half, against a server that pages, refuses, throttles and hangs.

use std::time::Instant;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_iam::config::{Credentials, SharedCredentialsProvider};
use nonhuman::collect::aws::AwsLive;

use super::iam_server::{Account, Fault, IamServer};
use super::*;

const ATTEMPTS: usize = 3;

pub(super) fn config(server: &IamServer) -> SdkConfig {
    let credentials = Credentials::new("AKIAEXAMPLESCANNER01", "synthetic", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(&server.url)
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(u32::try_from(ATTEMPTS).unwrap())
                .with_initial_backoff(Duration::from_millis(1)),
        )
        .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(Duration::from_secs(2)).build())
        .build()
}

pub(super) fn small() -> Account {
    let keys = read_json(&fixture("small/keys-deploy-bot.json"))["AccessKeyMetadata"].as_array().unwrap().clone();
    let provider = read_json(&fixture("small/oidc-token.actions.example.json"));
    Account {
        authorization: read_json(&fixture("small/iam.json")),
        keys: BTreeMap::from([("deploy-bot".to_owned(), keys)]),
        used: BTreeMap::from([("AKIAEXAMPLEDEPLOY001".to_owned(), "2026-11-21T23:00:00Z".to_owned())]),
        report: std::fs::read_to_string(fixture("small/credential-report.csv")).unwrap(),
        oidc: BTreeMap::from([(urn("oidc-provider/token.actions.example").to_string(), provider)]),
        saml: read_json(&fixture("small/saml.json"))["SAMLProviderList"].as_array().unwrap().clone(),
        aliases: vec!["acme-small".to_owned()],
        services: BTreeMap::new(),
    }
}

pub(super) async fn scan(server: &IamServer) -> Inventory {
    let collector = AwsLive::with_config(config(server)).report_patience(Duration::from_secs(3)).at_once(2);
    Inventory::build(records(collector, Duration::from_secs(60)).await)
}

/// Everything but evidence, which names the file or the call.
fn facts(inventory: &Inventory) -> Vec<String> {
    let strip = |value: Value| {
        let mut value = value;
        value.as_object_mut().unwrap().remove("evidence");
        value.to_string()
    };
    let mut out = Vec::new();
    out.extend(inventory.identities.iter().map(|row| strip(serde_json::to_value(row).unwrap())));
    out.extend(inventory.credentials.iter().map(|row| strip(serde_json::to_value(row).unwrap())));
    out.extend(inventory.policies.iter().map(|row| strip(serde_json::to_value(row).unwrap())));
    out.extend(inventory.grants.iter().map(|row| strip(serde_json::to_value(row).unwrap())));
    out.extend(inventory.trusts.iter().map(|row| strip(serde_json::to_value(row).unwrap())));
    out.extend(inventory.workloads.iter().map(|row| strip(serde_json::to_value(row).unwrap())));
    out.extend(inventory.usages.iter().map(|row| strip(serde_json::to_value(row).unwrap())));
    out
}

#[tokio::test]
async fn live_and_offline_say_the_same() {
    let server = IamServer::start(small(), &[]);
    let live = scan(&server).await;
    assert_eq!(holes(&live), []);
    assert_eq!(facts(&live), facts(&offline(&[fixture("small")]).await));
    assert!(live.coverage.entries().iter().all(|entry| entry.target == SMALL));
    assert_eq!(server.calls("ListAccessKeys"), 1, "only of the user that has keys");
    assert_eq!(server.calls("GetAccessKeyLastUsed"), 0, "the report has said it");
    let bot = live.identities.get(&urn("user/bots/deploy-bot")).unwrap();
    let call = "iam:GetAccountAuthorizationDetails".to_owned();
    assert_eq!(bot.evidence.location, Location::Api { call: call.into(), resource: SMALL.into() });
    for action in server.actions() {
        // The services that are asked by path take a POST for some of their lists.
        let reads =
            ["Get", "List", "Describe", "Lookup", "GET /", "POST /agents/", "POST /identities/List", "POST /runtimes/"];
        let is_read = reads.iter().any(|read| action.starts_with(read)) || action == "GenerateCredentialReport";
        assert!(is_read, "{action}");
    }
}

#[tokio::test]
async fn pages_are_followed_to_the_end() {
    let authorization = read_json(&fixture("vulnerable.json"));
    let server = IamServer::start(Account { authorization: authorization.clone(), ..small() }, &[]);
    let collector = AwsLive::with_config(config(&server)).page_size(20).at_once(2);
    let inventory = Inventory::build(records(collector, Duration::from_secs(60)).await);
    assert_eq!(server.calls("GetAccountAuthorizationDetails"), 7, "136 entities by 20");
    assert_all(&inventory, &authorization);
    assert_eq!(coverage(&inventory, "account authorization details").count, 136);
}

#[tokio::test]
async fn each_refused_call_is_one_hole() {
    use FactKind::{Credentials, Grants, Identities, Trusts, Usage, Workloads};
    let cases: &[(&str, &str, &[FactKind])] = &[
        ("GetAccountAuthorizationDetails", "account authorization details", &[Identities, Grants, Trusts, Workloads]),
        ("GenerateCredentialReport", "credential report", &[Usage, Credentials]),
        ("GetCredentialReport", "credential report", &[Usage, Credentials]),
        ("ListAccessKeys", "access keys", &[Credentials]),
        ("ListOpenIDConnectProviders", "OIDC providers", &[Identities]),
        ("GetOpenIDConnectProvider", "OIDC provider details", &[Identities]),
        ("ListSAMLProviders", "SAML providers", &[Identities]),
        ("ListAccountAliases", "account alias", &[]),
    ];
    let server = IamServer::start(small(), &[]);
    let whole = scan(&server).await;
    let count =
        |inventory: &Inventory| inventory.coverage.entries().iter().filter(|entry| !entry.outcome.is_hole()).count();
    for (action, what, blinds) in cases {
        let server = IamServer::start(small(), &[(action, Fault::Refused("AccessDenied"))]);
        let inventory = scan(&server).await;
        assert_eq!(holes(&inventory), [(*what, Outcome::Refused)], "{action}");
        let hole = coverage(&inventory, what);
        assert_eq!((hole.blinds.as_slice(), hole.target.as_str()), (*blinds, SMALL), "{action}");
        assert!(hole.remedy.as_ref().unwrap().contains(&format!("allow iam:{action}")), "{hole:?}");
        assert!(hole.detail.as_ref().unwrap().contains("AccessDenied"), "{hole:?}");
        // A refused report means that the last use of keys is asked for instead.
        let extra = usize::from(*what == "credential report");
        // Without their list nobody asks for the providers' details.
        let unasked = usize::from(*action == "ListOpenIDConnectProviders");
        // Without the report nobody is known to have a signing certificate.
        let unasked = unasked + usize::from(*what == "credential report");
        // Without users nobody asks for their SSH keys.
        let unasked = unasked + usize::from(*action == "GetAccountAuthorizationDetails");
        assert_eq!(
            count(&inventory),
            count(&whole) - 1 + extra - unasked,
            "{action}: {:#?}",
            inventory.coverage.entries()
        );
    }
}

#[tokio::test]
async fn what_others_say_survives_a_refusal() {
    let refused =
        |action| async move { scan(&IamServer::start(small(), &[(action, Fault::Refused("AccessDenied"))])).await };
    let inventory = refused("GetAccountAuthorizationDetails").await;
    assert_eq!(inventory.identities.len(), 5, "root and users from the report, and the providers");
    let key = inventory.credentials.get(&Urn::aws_access_key("AKIAEXAMPLEDEPLOY001")).unwrap();
    assert_eq!(key.holder, urn("user/bots/deploy-bot"), "the path is in the report's ARN");

    let inventory = refused("GenerateCredentialReport").await;
    assert_eq!(inventory.identities.len(), 8, "only the root user is missing");
    assert_eq!(inventory.credentials.len(), 2, "the keys are listed");
    let first = last_use(&inventory, &Urn::aws_access_key("AKIAEXAMPLEDEPLOY001"));
    assert_eq!(first, (Known::Value("2026-11-21T23:00:00Z".into()), None, "GetAccessKeyLastUsed".into()));
    assert_eq!(last_use(&inventory, &Urn::aws_access_key("AKIAEXAMPLEDEPLOY002")).0, Known::Absent);

    let inventory = refused("ListAccessKeys").await;
    assert_eq!(inventory.credentials.len(), 4, "the report's columns stand for the keys");
    assert!(inventory.credentials.get(&urn("user/bots/deploy-bot#access-key-1")).is_some());

    let inventory = refused("GetOpenIDConnectProvider").await;
    let provider = inventory.identities.get(&urn("oidc-provider/token.actions.example")).unwrap();
    assert!(provider.created.why_unknown().is_some());
}

#[tokio::test]
async fn no_keys_of_unknown_users_is_not_no_keys() {
    let refused = Fault::Refused("AccessDenied");
    let faults = [("GetAccountAuthorizationDetails", refused), ("GenerateCredentialReport", refused)];
    let inventory = scan(&IamServer::start(small(), &faults)).await;
    assert_eq!(holes(&inventory).len(), 2);
    let entry = coverage(&inventory, "access keys");
    assert_eq!((entry.outcome, entry.blinds.as_slice()), (Outcome::NotRead, &[FactKind::Credentials][..]));
}

#[tokio::test]
async fn last_use_that_is_refused_is_unknown() {
    let account = Account { report: String::new(), ..small() };
    let faults = [
        ("GenerateCredentialReport", Fault::Refused("AccessDenied")),
        ("GetAccessKeyLastUsed", Fault::Refused("AccessDeniedException")),
    ];
    let inventory = scan(&IamServer::start(account, &faults)).await;
    assert_eq!(holes(&inventory), [("access key last use", Outcome::Refused), ("credential report", Outcome::Refused)]);
    assert_eq!(coverage(&inventory, "access key last use").blinds, [FactKind::Usage]);
    assert!(last_use(&inventory, &Urn::aws_access_key("AKIAEXAMPLEDEPLOY001")).0.why_unknown().is_some());
}

#[tokio::test]
async fn without_valid_credentials_nothing_is_clean() {
    for code in ["ExpiredToken", "InvalidClientTokenId", "AccessDenied"] {
        let server = IamServer::start(small(), &[("GetCallerIdentity", Fault::Refused(code))]);
        let inventory = scan(&server).await;
        assert_eq!(holes(&inventory), [("caller identity", Outcome::Refused)], "{code}");
        let hole = coverage(&inventory, "caller identity");
        assert!(hole.blinds.contains(&FactKind::Identities));
        let remedy = hole.remedy.as_deref().unwrap();
        let expected = if code == "AccessDenied" { "sts:GetCallerIdentity" } else { "aws sso login" };
        assert!(remedy.contains(expected), "{code}: {remedy}");
        assert_eq!(server.actions(), ["GetCallerIdentity"]);
    }
    let nobody = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    let inventory = Inventory::build(records(AwsLive::with_config(nobody), Duration::from_secs(30)).await);
    assert_eq!(holes(&inventory), [("caller identity", Outcome::Refused)]);
    assert!(coverage(&inventory, "caller identity").remedy.as_ref().unwrap().contains("AWS_PROFILE"));
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_is_no_refusal() {
    let server = IamServer::start(small(), &[]);
    let config = config(&server).into_builder().endpoint_url("http://127.0.0.1:9").build();
    let inventory = Inventory::build(records(AwsLive::with_config(config), Duration::from_secs(30)).await);
    assert_eq!(holes(&inventory), [("caller identity", Outcome::Failed)], "{:#?}", inventory.coverage);
}

#[tokio::test]
async fn throttling_that_passes_costs_nothing() {
    let faults = [
        ("GetAccountAuthorizationDetails", Fault::Throttled { from: 0, to: 2 }),
        ("ListAccessKeys", Fault::Throttled { from: 0, to: 1 }),
    ];
    let server = IamServer::start(small(), &faults);
    let inventory = scan(&server).await;
    assert_eq!(holes(&inventory), []);
    assert_eq!(server.calls("GetAccountAuthorizationDetails"), 3);
}

#[tokio::test]
async fn throttling_that_stays_keeps_the_pages_before_it() {
    let authorization = read_json(&fixture("vulnerable.json"));
    let fault = Fault::Throttled { from: 2, to: usize::MAX };
    let server = IamServer::start(Account { authorization, ..small() }, &[("GetAccountAuthorizationDetails", fault)]);
    let collector = AwsLive::with_config(config(&server)).page_size(20).at_once(2);
    let inventory = Inventory::build(records(collector, Duration::from_secs(60)).await);
    assert_eq!(server.calls("GetAccountAuthorizationDetails"), 2 + ATTEMPTS);
    // The credential report is that of another account: it has no row of any of these users.
    let expected = [("account authorization details", Outcome::Partial), ("credential report", Outcome::Partial)];
    assert_eq!(holes(&inventory), expected);
    let hole = coverage(&inventory, "account authorization details");
    assert_eq!(hole.count, 40);
    assert!(hole.detail.as_ref().unwrap().contains("Throttling"), "{hole:?}");
    let users = inventory.identities.iter().filter(|identity| identity.unique_id.is_some()).count();
    assert_eq!(users, 40, "two pages of users were kept");
}

#[tokio::test]
async fn users_are_not_asked_about_in_vain() {
    let fault = Fault::Throttled { from: 0, to: usize::MAX };
    let authorization = read_json(&fixture("vulnerable.json"));
    let account = Account { authorization, report: String::new(), ..small() };
    let faults = [("ListAccessKeys", fault), ("GenerateCredentialReport", Fault::Refused("AccessDenied"))];
    let server = IamServer::start(account, &faults);
    let inventory = scan(&server).await;
    let hole = coverage(&inventory, "access keys");
    assert_eq!(hole.outcome, Outcome::Failed);
    assert!(hole.detail.as_ref().unwrap().contains("were not asked about any more"), "{hole:?}");
    assert!(server.calls("ListAccessKeys") < 41 * ATTEMPTS, "not every user was tried");
}

#[tokio::test]
async fn a_report_in_progress_is_waited_for_and_not_for_ever() {
    let server = IamServer::start(small(), &[("GenerateCredentialReport", Fault::InProgress(2))]);
    let inventory = scan(&server).await;
    assert_eq!(holes(&inventory), []);
    assert_eq!((server.calls("GenerateCredentialReport"), server.calls("GetCredentialReport")), (3, 1));

    let server = IamServer::start(small(), &[("GenerateCredentialReport", Fault::InProgress(usize::MAX))]);
    let started = Instant::now();
    let inventory = scan(&server).await;
    assert_eq!(holes(&inventory), [("credential report", Outcome::Failed)]);
    assert!(coverage(&inventory, "credential report").detail.as_ref().unwrap().contains("not ready after 3 s"));
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn an_answer_that_is_cut_or_never_comes_is_one_hole() {
    for fault in [Fault::Cut, Fault::Hang] {
        let server = IamServer::start(small(), &[("ListSAMLProviders", fault)]);
        let inventory = scan(&server).await;
        assert_eq!(holes(&inventory), [("SAML providers", Outcome::Failed)], "{fault:?}");
        assert_eq!(inventory.identities.len(), 8, "{fault:?}");
        assert_eq!(coverage(&inventory, "account alias").outcome, Outcome::Complete, "{fault:?}");
    }
    let server = IamServer::start(small(), &[("GetAccountAuthorizationDetails", Fault::Cut)]);
    assert_eq!(holes(&scan(&server).await), [("account authorization details", Outcome::Partial)]);
}

#[tokio::test]
async fn a_scan_past_its_deadline_keeps_what_was_sent() {
    let server = IamServer::start(small(), &[("GenerateCredentialReport", Fault::Hang)]);
    let inventory = Inventory::build(records(AwsLive::with_config(config(&server)), Duration::from_secs(1)).await);
    assert_eq!(inventory.identities.len(), 6);
    assert_eq!(holes(&inventory), [("everything not listed", Outcome::Partial)]);
}

#[tokio::test]
async fn a_profile_that_is_not_there_is_said_and_nothing_else_is_used() {
    let collector = AwsLive::new(Some("no-such-profile-of-nonhuman".to_owned()));
    assert_eq!(collector.targets(), ["profile no-such-profile-of-nonhuman"]);
    let inventory = Inventory::build(records(collector, Duration::from_secs(60)).await);
    assert_eq!(holes(&inventory), [("caller identity", Outcome::Refused)], "{:#?}", inventory.coverage);
    let hole = coverage(&inventory, "caller identity");
    assert!(hole.detail.as_ref().unwrap().contains("no-such-profile-of-nonhuman"), "{hole:?}");
    assert_eq!(hole.target, "profile no-such-profile-of-nonhuman");
}
