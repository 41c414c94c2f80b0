//! One thin client for every service of AWS that has no SDK crate here: signs, sends, pages, waits when throttled and reads
//! errors. It can send nothing but the calls of the table, all of which only read.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4;
use serde_json::Value;

use super::calls::{Call, Wire};
use super::endpoint::{Endpoint, endpoint};
use super::refusal::{Refusal, Why};
use super::wire::{self, Plain};
use super::xml;
use crate::collect::http::{Client, HttpError, Limits, Origin, Request, Response, jitter};

/// How often a call is tried that is throttled.
const ATTEMPTS: u32 = 8;

/// More pages than this are not followed.
const PAGES: usize = 10_000;

/// Asks the services of one account.
pub(super) struct Thin {
    config: SdkConfig,
    partition: String,
    clients: Mutex<BTreeMap<String, Client>>,
    /// By how many seconds the clock of AWS is ahead of ours.
    skew: AtomicI64,
    /// The credentials have ended: whatever is asked now is in vain.
    ended: AtomicBool,
}

impl Thin {
    /// A client with the credentials and the endpoint of a configuration.
    pub(super) fn new(config: SdkConfig, partition: &str) -> Self {
        let (skew, ended) = (AtomicI64::new(0), AtomicBool::new(false));
        Self { config, partition: partition.to_owned(), clients: Mutex::default(), skew, ended }
    }

    /// The region of the configuration.
    pub(super) fn region(&self) -> String {
        self.config.region().map_or_else(String::new, ToString::to_string)
    }

    /// Whether all services are asked at an endpoint that the user gave.
    pub(super) fn has_own_endpoint(&self) -> bool {
        self.config.endpoint_url().is_some()
    }

    /// Asks a call about an item, page by page; lists of later pages are joined to those of the first.
    pub(super) async fn ask(&self, call: &Call, region: &str, items: &[String]) -> Result<Value, Refusal> {
        let mut whole = Value::Null;
        let mut marker: Option<String> = None;
        for _ in 0..PAGES {
            let page = self.page(call, region, items, marker.as_deref()).await?;
            let next = page.get(call.paging.1).and_then(Value::as_str).filter(|next| !next.is_empty());
            let next = next.map(str::to_owned).filter(|_| !call.paging.0.is_empty());
            wire::join(&mut whole, page);
            match next {
                Some(next) if marker.as_ref() != Some(&next) => marker = Some(next),
                _ => return Ok(whole),
            }
        }
        Err(Refusal::broken("the answer has more pages than anything of AWS"))
    }

    async fn page(&self, call: &Call, region: &str, items: &[String], marker: Option<&str>) -> Result<Value, Refusal> {
        if self.ended.load(Ordering::Relaxed) {
            return Err(Refusal::answered("ExpiredToken", "not asked: the credentials ended before"));
        }
        let given = self.config.endpoint_url();
        let endpoint = endpoint(call.service, &self.partition, region, given);
        let plain = wire::request(call, items, marker);
        let mut pause = Duration::from_millis(200);
        let mut adjusted = false;
        for attempt in 1..=ATTEMPTS {
            let response = self.send(&plain, &endpoint, call).await?;
            if response.is_success() {
                return wire::answer(call, &response);
            }
            let refusal = wire::refusal(&response);
            if !adjusted && self.adjust(&refusal, &response) {
                adjusted = true;
                continue;
            }
            if refusal.why == Why::Credentials {
                self.ended.store(true, Ordering::Relaxed);
            }
            if refusal.why != Why::Throttled || attempt == ATTEMPTS {
                return Err(refusal);
            }
            tokio::time::sleep(pause + jitter(pause)).await;
            pause = (pause * 2).min(Duration::from_secs(20));
        }
        Err(Refusal::broken("throttled without end"))
    }

    /// Takes over the clock of AWS when ours is wrong (signatures hold for five minutes). Says whether to try again.
    fn adjust(&self, refusal: &Refusal, response: &Response) -> bool {
        let is_time = ["RequestTimeTooSkewed", "RequestExpired", "InvalidSignatureException", "SignatureDoesNotMatch"]
            .contains(&refusal.code.as_str());
        let Some(theirs) = response.date().filter(|_| is_time) else { return false };
        let Ok(ours) = jiff::Timestamp::try_from(self.config.time_source().unwrap_or_default().now()) else {
            return false;
        };
        let skew = theirs.as_second() - ours.as_second();
        self.skew.swap(skew, Ordering::Relaxed).abs_diff(skew) > 60
    }

    async fn send(&self, plain: &Plain, endpoint: &Endpoint, call: &Call) -> Result<Response, Refusal> {
        let provider = self.config.credentials_provider();
        let provider = provider.ok_or_else(|| Refusal::answered("MissingAuthenticationToken", "no AWS credentials"))?;
        let credentials = provider
            .provide_credentials()
            .await
            .map_err(|error| Refusal::answered("ExpiredToken", &format!("no AWS credentials: {error}")))?;
        let client = self.client(&endpoint.url).map_err(|error| Refusal::broken(&error.to_string()))?;
        let origin = client.origin().to_string();
        let make = || self.signed(plain, &origin, endpoint, &credentials, call);
        client.send(make).await.map_err(|error| Refusal::unreachable(&error.to_string()))
    }

    fn client(&self, url: &str) -> Result<Client, HttpError> {
        let mut clients = self.clients.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(client) = clients.get(url) {
            return Ok(client.clone());
        }
        let client = Client::new(Origin::parse(url)?, Limits::default(), Arc::new(|_| {}))?;
        clients.insert(url.to_owned(), client.clone());
        Ok(client)
    }

    fn signed(
        &self,
        plain: &Plain,
        origin: &str,
        endpoint: &Endpoint,
        credentials: &Credentials,
        call: &Call,
    ) -> Result<Request, HttpError> {
        let failed = |what: &str| HttpError::Request(format!("the request cannot be signed: {what}"));
        let mut settings = SigningSettings::default();
        if matches!(call.wire, Wire::S3 { .. }) {
            // S3 signs the path as it is sent (Signature Version 4, "Canonical request").
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        let skew = self.skew.load(Ordering::Relaxed);
        let ours = self.config.time_source().unwrap_or_default().now();
        let by = Duration::from_secs(skew.unsigned_abs());
        let time = if skew < 0 { ours.checked_sub(by) } else { ours.checked_add(by) }.unwrap_or(ours);
        let identity = credentials.clone().into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&endpoint.region)
            .name(endpoint.signing)
            .time(time)
            .settings(settings)
            .build()
            .map_err(|error| failed(&error.to_string()))?
            .into();
        let url = format!("{origin}{}", plain.path);
        let headers = plain.headers.iter().map(|(name, value)| (*name, value.as_str()));
        let signable = SignableRequest::new(plain.method(), url, headers, SignableBody::Bytes(plain.body.as_bytes()))
            .map_err(|error| failed(&error.to_string()))?;
        let (instructions, _) = sign(signable, &parameters).map_err(|error| failed(&error.to_string()))?.into_parts();
        let mut request = plain.unsigned();
        for (name, value) in &plain.headers {
            request = request.header(name, value)?;
        }
        for (name, value) in instructions.headers() {
            request = request.header(name, value)?;
        }
        Ok(request)
    }
}

/// The error of an answer in XML, as code and message.
pub(in crate::collect) fn xml_error(body: &[u8]) -> Option<(String, String)> {
    let value = xml::read(body).ok()?;
    let error = ["/Error", "/Errors/Error", ""].iter().find_map(|place| {
        let error = value.pointer(place)?;
        error.get("Code").map(|_| error)
    })?;
    let text = |name| error.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    Some((text("Code"), text("Message")))
}
