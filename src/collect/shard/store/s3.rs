//! How S3, and what imitates it, is asked. It must not send anything itself.
//!
//! Source: Amazon S3 API Reference, "PutObject", "GetObject", "ListObjectsV2", "Virtual hosting of buckets"; AWS SDKs
//! Reference Guide, "Service-specific endpoints".

use std::sync::Mutex;

use async_trait::async_trait;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4;

use super::bucket::{Api, Ask, Page, Pass, encoded};
use super::{Variables, listing};
use crate::collect::aws::{sdk, xml_error};
use crate::collect::http::{HttpError, Origin, Request, Response};

pub(super) struct S3 {
    bucket: String,
    /// An endpoint that the user gave.
    endpoint: Option<String>,
    /// The region in which the bucket said that it is.
    region: Mutex<Option<String>>,
}

impl S3 {
    pub(super) fn new(bucket: &str, variables: Variables<'_>) -> Self {
        let endpoint = variables("AWS_ENDPOINT_URL_S3").or_else(|| variables("AWS_ENDPOINT_URL"));
        let endpoint = endpoint.map(|url| url.trim_end_matches('/').to_owned());
        Self { bucket: bucket.to_owned(), endpoint, region: Mutex::default() }
    }

    fn region(&self, pass: &Pass) -> String {
        let known = self.region.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        match (known, pass) {
            (Some(region), _) => region,
            (None, Pass::Signature(_, region, _)) => region.clone(),
            (None, _) => String::new(),
        }
    }

    /// A bucket with a dot in its name has no certificate as a host, and imitations have one host for all.
    fn is_in_path(&self) -> bool {
        self.endpoint.is_some() || self.bucket.contains('.')
    }

    fn path(&self, ask: &Ask<'_>) -> String {
        let bucket = if self.is_in_path() { format!("/{}", self.bucket) } else { String::new() };
        match ask {
            Ask::Put(key, _) | Ask::Get(key) => format!("{bucket}/{}", encoded(key, true)),
            Ask::List(prefix, marker) => {
                let marker = marker.map(|marker| format!("&continuation-token={}", encoded(marker, false)));
                format!("{bucket}/?list-type=2&prefix={}{}", encoded(prefix, false), marker.unwrap_or_default())
            }
        }
    }
}

#[async_trait]
impl Api for S3 {
    async fn pass(&self) -> Result<Pass, String> {
        let config = sdk(None).await;
        let provider = config.credentials_provider().ok_or("there are no AWS credentials")?;
        let credentials = provider.provide_credentials().await;
        let credentials = credentials.map_err(|error| format!("there are no AWS credentials: {error}"))?;
        let region = config.region().map_or_else(|| "us-east-1".to_owned(), ToString::to_string);
        Ok(Pass::Signature(credentials, region, config))
    }

    fn origin(&self, pass: &Pass) -> Result<Origin, HttpError> {
        let region = self.region(pass);
        let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        match &self.endpoint {
            Some(endpoint) => Origin::parse(endpoint),
            None if self.is_in_path() => Origin::parse(&format!("https://s3.{region}.{suffix}")),
            None => Origin::parse(&format!("https://{}.s3.{region}.{suffix}", self.bucket)),
        }
    }

    fn request(&self, pass: &Pass, ask: &Ask<'_>) -> Result<Request, HttpError> {
        let Pass::Signature(credentials, _, config) = pass else {
            return Err(HttpError::Request("S3 takes signed requests alone".to_owned()));
        };
        let failed = |what: &dyn std::fmt::Display| HttpError::Request(format!("the request cannot be signed: {what}"));
        let mut settings = SigningSettings::default();
        // S3 signs the path as it is sent (Signature Version 4, "Canonical request").
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let (identity, region) = (credentials.clone().into(), self.region(pass));
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&region)
            .name("s3")
            .time(config.time_source().unwrap_or_default().now())
            .settings(settings)
            .build()
            .map_err(|error| failed(&error))?
            .into();
        let path = self.path(ask);
        let (method, body, mut request) = match ask {
            Ask::Put(_, bytes) => ("PUT", *bytes, Request::put(path.clone(), bytes.to_vec())),
            Ask::Get(_) | Ask::List(..) => ("GET", [].as_slice(), Request::get(path.clone())),
        };
        let url = format!("{}{path}", self.origin(pass)?);
        let signable = SignableRequest::new(method, url, std::iter::empty(), SignableBody::Bytes(body));
        let signed = sign(signable.map_err(|error| failed(&error))?, &parameters).map_err(|error| failed(&error))?;
        for (name, value) in signed.into_parts().0.headers() {
            request = request.header(name, value)?;
        }
        Ok(request)
    }

    fn page(&self, body: &[u8]) -> Result<Page, String> {
        listing::read(body, "Contents", "Key", "NextContinuationToken")
    }

    fn code(&self, answer: &Response) -> String {
        xml_error(answer.body.bytes()).map(|(code, _)| code).unwrap_or_default()
    }

    /// A bucket of another region answers 301, 307 or 400 and says where it is.
    fn has_moved(&self, answer: &Response) -> bool {
        let Some(region) = answer.header("x-amz-bucket-region") else { return false };
        let is_name = region.len() < 32 && region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let mut known = self.region.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let is_new = is_name && !region.is_empty() && known.as_deref() != Some(region) && answer.status != 403;
        if is_new {
            *known = Some(region.to_owned());
        }
        is_new
    }

    fn remedy(&self) -> &'static str {
        "allow s3:PutObject on the objects to collect, s3:ListBucket and s3:GetObject to merge"
    }
}
