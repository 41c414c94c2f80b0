//! The live AWS collector against moto, a wide imitation of AWS. Needs `NONHUMAN_MOTO_URL`; `./test` sets it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a failed unwrap is a failed test; a skipped one says so"
)]
#![cfg(feature = "aws")]

use std::sync::Arc;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_iam::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_iam::types::{StatusType, Tag};
use nonhuman::collect::aws::AwsLive;
use nonhuman::collect::{Collector, Context, run};
use nonhuman::inventory::Inventory;
use nonhuman::model::{FingerprintKey, GrantKind, IdentityKind, Known, Urn};
use serde_json::json;

fn config(url: &str, credentials: Credentials) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(url)
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build()
}

/// An account of its own for each run: moto makes one for any role that is assumed in it.
async fn fresh_account(url: &str) -> (String, SdkConfig) {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let account = format!("{:012}", since.as_millis() % 1_000_000_000_000);
    let root = config(url, Credentials::new("AKIAEXAMPLESCANNER01", "synthetic", None, None, "test"));
    let role = format!("arn:aws:iam::{account}:role/scanner");
    let session = aws_sdk_sts::Client::new(&root).assume_role().role_arn(role).role_session_name("test");
    let keys = session.send().await.unwrap().credentials.unwrap();
    let keys = Credentials::new(keys.access_key_id, keys.secret_access_key, Some(keys.session_token), None, "test");
    (account, config(url, keys))
}

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build().unwrap()
}

fn allow(action: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}).to_string()
}

/// The ids of the two keys of `builder`.
async fn furnish(iam: &aws_sdk_iam::Client) -> [String; 2] {
    let read = iam.create_policy().policy_name("read").policy_document(allow("s3:Get*")).send().await.unwrap();
    let read = read.policy.unwrap().arn.unwrap();
    iam.create_group().group_name("builders").send().await.unwrap();
    iam.attach_group_policy().group_name("builders").policy_arn(&read).send().await.unwrap();
    iam.create_user().user_name("builder").path("/ci/").tags(tag("team", "build")).send().await.unwrap();
    iam.add_user_to_group().user_name("builder").group_name("builders").send().await.unwrap();
    iam.put_user_policy().user_name("builder").policy_name("own").policy_document(allow("sqs:*")).send().await.unwrap();
    let mut ids = Vec::new();
    for _ in 0..2 {
        let key = iam.create_access_key().user_name("builder").send().await.unwrap().access_key.unwrap();
        ids.push(key.access_key_id);
    }
    let ids: [String; 2] = ids.try_into().unwrap();
    let inactive = iam.update_access_key().user_name("builder").access_key_id(&ids[1]);
    inactive.status(StatusType::Inactive).send().await.unwrap();
    iam.create_user().user_name("person").send().await.unwrap();
    iam.create_login_profile().user_name("person").password("Synthetic-0").send().await.unwrap();

    let provider = iam.create_open_id_connect_provider().url("https://ci.example").client_id_list("sts.amazonaws.com");
    let provider = provider.thumbprint_list("0".repeat(40)).send().await.unwrap();
    let provider = provider.open_id_connect_provider_arn.unwrap();
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity"}]});
    let role = iam.create_role().role_name("deploy").assume_role_policy_document(trust.to_string());
    role.permissions_boundary(&read).tags(tag("env", "prod")).send().await.unwrap();
    iam.attach_role_policy().role_name("deploy").policy_arn(&read).send().await.unwrap();
    iam.create_instance_profile().instance_profile_name("node").send().await.unwrap();
    iam.add_role_to_instance_profile().instance_profile_name("node").role_name("deploy").send().await.unwrap();
    iam.create_saml_provider().name("sso").saml_metadata_document("x".repeat(1024)).send().await.unwrap();
    iam.create_account_alias().account_alias("acme-test").send().await.unwrap();
    ids
}

/// The parts that moto 5.2.1 refuses or answers in no form of AWS.
const NOT_IMITATED: &[&str] = &[
    "accessanalyzer list-analyzers",
    "bedrock-agentcore-control list-api-key-credential-providers",
    "bedrock-agentcore-control list-oauth2-credential-providers",
    "bedrock-agentcore-control list-workload-identities",
    "cloudtrail lookup-events",
    "codebuild list-source-credentials",
    "iam get-outbound-web-identity-federation-info",
    "iam list-delegation-requests",
    "iam list-service-specific-credentials",
    // It does not know the service of which the administrators are asked for, `sso.amazonaws.com`.
    "organizations list-delegated-administrators",
    "rolesanywhere list-profiles",
    "rolesanywhere list-trust-anchors",
    "ssm describe-activations",
];

/// moto's credential report has no row of the root user, which every report of AWS has.
const HALF_IMITATED: &str = "credential report";

async fn collect(config: SdkConfig) -> Inventory {
    let context =
        Context { now: jiff::Timestamp::now(), fingerprint_key: FingerprintKey::default(), progress: Arc::new(|_| {}) };
    let (_stop, interrupt) = tokio::sync::watch::channel(false);
    let collector: Arc<dyn Collector> = Arc::new(AwsLive::with_config(config).regions(vec!["us-east-1".to_owned()]));
    Inventory::build(run(&[collector], &context, Duration::from_secs(120), &interrupt).await.records)
}

/// The whole way through the real program: a key is made through the API, its text lies in a file, and the scan of both
/// says whose it is. The key is deleted again.
async fn the_binary_joins_a_leaked_key(url: &str, config: &SdkConfig, account: &str) {
    let iam = aws_sdk_iam::Client::new(config);
    let key = iam.create_access_key().user_name("person").send().await.unwrap().access_key.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let text =
        format!("aws_access_key_id = {}\naws_secret_access_key = {}\n", key.access_key_id, key.secret_access_key);
    std::fs::write(folder.path().join("settings.ini"), text).unwrap();
    let session = config.credentials_provider().unwrap();
    let session = aws_sdk_iam::config::ProvideCredentials::provide_credentials(&session).await.unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_nonhuman"))
        .args(["scan", ".", "--aws", "--aws-regions", "us-east-1", "--format", "json", "--isolated"])
        .current_dir(folder.path())
        .env_clear()
        .env("AWS_ENDPOINT_URL", url)
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", session.access_key_id())
        .env("AWS_SECRET_ACCESS_KEY", session.secret_access_key())
        .env("AWS_SESSION_TOKEN", session.session_token().unwrap_or_default())
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(!printed.contains(&key.secret_access_key), "no secret leaves");
    let scan: serde_json::Value = serde_json::from_str(&printed).unwrap();
    let live = scan["findings"].as_array().unwrap().iter().find(|one| one["rule"] == "leaked-live-credential");
    let person = format!("arn:aws:iam::{account}:user/person");
    assert_eq!(live.expect("the leaked key is found")["identity"], person.as_str());
    assert_eq!((output.status.code(), &scan["summary"]["holes"]), (Some(1), &(NOT_IMITATED.len() + 1).into()));
    iam.delete_access_key().user_name("person").access_key_id(key.access_key_id).send().await.unwrap();
}

#[tokio::test]
async fn what_was_made_through_the_api_is_found() {
    let Ok(url) = std::env::var("NONHUMAN_MOTO_URL") else {
        eprintln!(
            "skipped: NONHUMAN_MOTO_URL is not set; start `moto_server -H 127.0.0.1 -p PORT` and set it, or run ./test"
        );
        return;
    };
    let (account, config) = fresh_account(&url).await;
    let urn = |resource: &str| Urn::new(format!("arn:aws:iam::{account}:{resource}"));
    let keys = furnish(&aws_sdk_iam::Client::new(&config)).await;
    the_binary_joins_a_leaked_key(&url, &config, &account).await;
    let inventory = collect(config).await;
    // What moto does not imitate, and nothing else, is a hole.
    let (of_root, holes): (Vec<_>, Vec<_>) = inventory.coverage.holes().partition(|hole| hole.target != account);
    assert_eq!(holes.iter().map(|hole| hole.what.as_str()).collect::<Vec<_>>(), NOT_IMITATED);
    let of_root: Vec<_> = of_root.iter().map(|hole| (hole.target.as_str(), hole.what.as_str())).collect();
    assert_eq!(of_root, [(urn("root").as_str(), HALF_IMITATED)]);
    let is_of_account = |entry: &nonhuman::model::CoverageEntry| entry.target == account || entry.what == HALF_IMITATED;
    assert!(inventory.coverage.entries().iter().all(is_of_account));

    let builder = inventory.identities.get(&urn("user/ci/builder")).unwrap();
    assert_eq!((builder.kind, builder.labels[&"team".to_owned()].as_str()), (IdentityKind::AwsUser, "build"));
    assert!(builder.unique_id.as_ref().is_some_and(|id| !id.is_empty()));
    let held: Vec<_> = inventory.grants.iter().filter(|grant| grant.to == builder.id).collect();
    let held: Vec<_> = held.iter().map(|grant| (grant.policy.clone(), grant.via.clone())).collect();
    assert_eq!(held, [(urn("policy/read"), vec![urn("group/builders")]), (urn("user/ci/builder#inline/own"), vec![])]);
    let inline = inventory.policies.get(&urn("user/ci/builder#inline/own")).unwrap();
    assert_eq!(inline.document.read()["Statement"][0]["Action"], "sqs:*");

    for (id, active) in keys.iter().zip([true, false]) {
        let key = inventory.credentials.get(&Urn::aws_access_key(id)).unwrap();
        assert_eq!((&key.holder, &key.active), (&builder.id, &Known::Value(active)));
        assert!(key.created.value().is_some());
        let used: Vec<_> = inventory.usages.iter().filter(|usage| usage.of == key.id).collect();
        assert_eq!((used.len(), &used[0].last), (1, &Known::Absent), "never used");
    }
    assert_eq!(inventory.credentials.len(), 3, "and a password: {:#?}", inventory.credentials);
    assert!(inventory.credentials.get(&urn("user/person#password")).is_some());

    let deploy = inventory.identities.get(&urn("role/deploy")).unwrap();
    assert_eq!(deploy.labels[&"env".to_owned()], "prod");
    let trust = inventory.trusts.get(&deploy.id).unwrap();
    assert_eq!(
        trust.document.read()["Statement"][0]["Principal"]["Federated"],
        urn("oidc-provider/ci.example").as_str()
    );
    let kinds: Vec<_> = inventory.grants.iter().filter(|grant| grant.to == deploy.id).map(|grant| grant.kind).collect();
    assert_eq!(kinds, [GrantKind::Boundary, GrantKind::Policy]);
    assert_eq!(
        inventory.workloads.get(&urn("instance-profile/node")).unwrap().runs_as,
        std::slice::from_ref(&deploy.id)
    );
    assert!(inventory.identities.get(&urn("oidc-provider/ci.example")).is_some());
    assert!(inventory.identities.get(&urn("saml-provider/sso")).is_some());
    let alias = inventory.coverage.entries().iter().find(|entry| entry.what == "account alias").unwrap();
    assert_eq!(alias.detail.as_deref(), Some("acme-test"));
}

/// One call of Organizations, which no SDK crate of ours has.
fn organizations(url: &str, operation: &str, body: &serde_json::Value) -> serde_json::Value {
    use std::io::{Read, Write};
    let host = url.trim_start_matches("http://").trim_end_matches('/');
    let body = body.to_string();
    let signed = "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLESCANNER01/20260101/us-east-1/organizations/aws4_request, \
                  SignedHeaders=host, Signature=synthetic";
    let request = format!(
        "POST / HTTP/1.1\r\nHost: {host}\r\nX-Amz-Target: AWSOrganizationsV20161128.{operation}\r\n\
         Content-Type: application/x-amz-json-1.1\r\nAuthorization: {signed}\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

/// `--aws-role` goes from the management account into every active account of the organisation, and says of a closed one
/// that it is a hole of that account alone.
#[test]
fn every_account_of_the_organisation_is_entered_by_the_role() {
    let Ok(url) = std::env::var("NONHUMAN_MOTO_URL") else {
        eprintln!("skipped: NONHUMAN_MOTO_URL is not set");
        return;
    };
    // There is one already where the test ran before.
    organizations(&url, "CreateOrganization", &json!({"FeatureSet": "ALL"}));
    let made = |name: &str| {
        let body = json!({"Email": format!("{name}@example.com"), "AccountName": name});
        let status = organizations(&url, "CreateAccount", &body);
        status["CreateAccountStatus"]["AccountId"].as_str().unwrap().to_owned()
    };
    let (shop, closed) = (made("shop"), made("closed"));
    organizations(&url, "CloseAccount", &json!({"AccountId": closed}));
    let folder = tempfile::tempdir().unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_nonhuman"))
        .args(["scan", "--aws", "--aws-role", "audit", "--aws-regions", "us-east-1", "--format", "json", "--isolated"])
        .current_dir(folder.path())
        .env_clear()
        .env("AWS_ENDPOINT_URL", &url)
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLESCANNER01")
        .env("AWS_SECRET_ACCESS_KEY", "synthetic")
        .output()
        .unwrap();
    let scan: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    // The role that Organizations makes in every account is seen in the one that is open.
    let role = format!("arn:aws:iam::{shop}:role/OrganizationAccountAccessRole");
    assert!(scan["identities"].as_array().unwrap().iter().any(|one| one["id"] == role.as_str()), "{role}");
    let coverage = scan["coverage"].as_array().unwrap();
    let of = |account: &str| coverage.iter().filter(|one| one["target"] == account).collect::<Vec<_>>();
    assert!(of(&shop).iter().any(|one| one["what"] == "account authorization details" && one["outcome"] == "complete"));
    let holes = of(&closed);
    assert_eq!(holes.len(), 1, "{holes:#?}");
    assert_ne!(holes[0]["outcome"], "complete");
}
