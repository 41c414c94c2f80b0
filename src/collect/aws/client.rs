//! Makes the clients: the usual credential chain, rustls with ring, adaptive retries. It must not make calls itself.

use std::time::Duration;

use aws_config::default_provider::region::DefaultRegionChain;
use aws_config::meta::region::RegionProviderChain;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_http_client::{Builder, tls};

/// How often one call is tried.
const ATTEMPTS: u32 = 8;

/// How long one try may take. A page of a thousand entities takes a few seconds.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(60);

/// The configuration that the AWS CLI would use with this profile.
///
/// IAM is one service for all regions of a partition, but the region says which partition; without one it is the
/// commercial one's.
pub(super) async fn load(profile: Option<&str>) -> SdkConfig {
    let mut region = DefaultRegionChain::builder();
    if let Some(profile) = profile {
        region = region.profile_name(profile);
    }
    let http = Builder::new().tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring)).build_https();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .retry_config(RetryConfig::adaptive().with_max_attempts(ATTEMPTS))
        .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT).build())
        .region(RegionProviderChain::first_try(region.build()).or_else(Region::new("us-east-1")));
    if let Some(profile) = profile {
        loader = loader.profile_name(profile);
    }
    loader.load().await
}
