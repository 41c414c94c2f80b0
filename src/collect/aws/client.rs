//! Makes the clients: the usual credential chain, rustls with ring, adaptive retries. It must not make calls itself.

use std::time::Duration;

use aws_config::environment::region::EnvironmentVariableRegionProvider;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_iam::config::SharedHttpClient;
use aws_smithy_http_client::{Builder, tls};

/// How often one call is tried.
const ATTEMPTS: u32 = 8;

/// How often the first call is tried.
const FIRST_ATTEMPTS: u32 = 3;

/// How long one try may take. A page of a thousand entities takes a few seconds.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(60);

/// The configuration that the AWS CLI would use with this profile.
///
/// IAM is one service for all regions of a partition, but the region says which partition; without one it is the
/// commercial one's.
pub(in crate::collect) async fn load(profile: Option<&str>) -> SdkConfig {
    let http = Builder::new().tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring)).build_https();
    let mut file = ProfileFileRegionProvider::builder();
    if let Some(profile) = profile {
        file = file.profile_name(profile);
    }
    let region = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
        .or_else(file.build())
        .or_else(instance_region(http.clone()))
        .or_else(Region::new("us-east-1"));
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http.clone())
        .retry_config(RetryConfig::adaptive().with_max_attempts(ATTEMPTS))
        .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT).build())
        .region(region);
    if let Some(profile) = profile {
        // A profile that is asked for by name goes before the environment, as with the CLI. The SDK's chain has it the
        // other way round and would read another account than the one that was meant.
        let file = ProfileFileCredentialsProvider::builder().configure(&providers(http)).profile_name(profile);
        loader = loader.profile_name(profile).credentials_provider(file.build());
    }
    loader.load().await
}

/// A client for the first call, which tells soon when there is no network or no credentials.
pub(super) fn sts(config: &SdkConfig) -> aws_sdk_sts::Client {
    let retries = config.retry_config().cloned().unwrap_or_else(RetryConfig::standard);
    let attempts = retries.max_attempts().min(FIRST_ATTEMPTS);
    let config = aws_sdk_sts::config::Builder::from(config).retry_config(retries.with_max_attempts(attempts));
    aws_sdk_sts::Client::from_conf(config.build())
}

/// What providers that make calls of their own need.
fn providers(http: SharedHttpClient) -> ProviderConfig {
    ProviderConfig::default().with_http_client(http)
}

/// The region of the EC2 instance this runs on. The SDK's own chain makes this provider without a client and panics.
fn instance_region(http: SharedHttpClient) -> ImdsRegionProvider {
    ImdsRegionProvider::builder().configure(&providers(http)).build()
}
