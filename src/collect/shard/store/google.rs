//! How Google Cloud Storage is asked. It must not send anything but the question for a token, and takes no key file: that is
//! what this program warns of.
//!
//! Source: Cloud Storage JSON API, "Objects: insert", "Objects: get", "Objects: list"; Compute Engine, "Authenticate workloads
//! using the metadata server".

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use super::Variables;
use super::bucket::{Api, Ask, Page, Pass, encoded};
use crate::collect::http::{Client, HttpError, Limits, Origin, Request, Response};

const TOKEN: &str = "/computeMetadata/v1/instance/service-accounts/default/token";

pub(super) struct Google {
    bucket: String,
    token: Option<String>,
    /// The host and port of the metadata server, where it is not the usual one.
    metadata: Option<String>,
    /// An emulator, which asks for no token.
    emulator: Option<String>,
}

impl Google {
    pub(super) fn new(bucket: &str, variables: Variables<'_>) -> Self {
        let emulator = variables("STORAGE_EMULATOR_HOST");
        let emulator = emulator.map(|host| if host.contains("://") { host } else { format!("http://{host}") });
        Self {
            bucket: bucket.to_owned(),
            token: variables("GOOGLE_OAUTH_ACCESS_TOKEN"),
            metadata: variables("GCE_METADATA_HOST"),
            emulator: emulator.map(|url| url.trim_end_matches('/').to_owned()),
        }
    }
}

#[async_trait]
impl Api for Google {
    async fn pass(&self) -> Result<Pass, String> {
        if let Some(token) = &self.token {
            return Ok(Pass::Bearer(token.clone()));
        }
        if self.emulator.is_some() && self.metadata.is_none() {
            return Ok(Pass::Open);
        }
        let why = "no token: set GOOGLE_OAUTH_ACCESS_TOKEN (gcloud auth print-access-token), or run with a service account \
                   of the machine or the pod";
        let origin = match &self.metadata {
            Some(host) => Origin::parse(&format!("http://{host}")),
            None => Ok(Origin::metadata()),
        };
        let origin = origin.map_err(|error| error.to_string())?;
        let token = told_token(origin, || Request::get(TOKEN).header("metadata-flavor", "Google")).await;
        token.map(Pass::Bearer).map_err(|error| format!("{why}: {error}"))
    }

    fn origin(&self, _pass: &Pass) -> Result<Origin, HttpError> {
        Origin::parse(self.emulator.as_deref().unwrap_or("https://storage.googleapis.com"))
    }

    fn request(&self, pass: &Pass, ask: &Ask<'_>) -> Result<Request, HttpError> {
        let bucket = &self.bucket;
        let request = match ask {
            Ask::Put(key, bytes) => {
                let path = format!("/upload/storage/v1/b/{bucket}/o?uploadType=media&name={}", encoded(key, false));
                Request::post(path, "application/octet-stream", bytes.to_vec())
            }
            Ask::Get(key) => Request::get(format!("/storage/v1/b/{bucket}/o/{}?alt=media", encoded(key, false))),
            Ask::List(prefix, marker) => {
                let marker = marker.map(|marker| format!("&pageToken={}", encoded(marker, false))).unwrap_or_default();
                let fields = "items(name),nextPageToken";
                let prefix = encoded(prefix, false);
                Request::get(format!("/storage/v1/b/{bucket}/o?prefix={prefix}&fields={fields}{marker}"))
            }
        };
        match pass {
            Pass::Bearer(token) => request.header("authorization", &format!("Bearer {token}")),
            _ => Ok(request),
        }
    }

    fn page(&self, body: &[u8]) -> Result<Page, String> {
        let list: Value = serde_json::from_slice(body).map_err(|_| "its list is no JSON".to_owned())?;
        let items = list.get("items").and_then(Value::as_array).into_iter().flatten();
        let names = items.filter_map(|item| item.get("name").and_then(Value::as_str).map(str::to_owned)).collect();
        Ok((names, list.get("nextPageToken").and_then(Value::as_str).map(str::to_owned)))
    }

    fn code(&self, answer: &Response) -> String {
        let error: Value = serde_json::from_slice(answer.body.bytes()).unwrap_or_default();
        let reason = error.pointer("/error/errors/0/reason").and_then(Value::as_str);
        reason.filter(|reason| reason.len() < 64).unwrap_or_default().to_owned()
    }

    fn remedy(&self) -> &'static str {
        "allow storage.objects.create to collect, storage.objects.list and storage.objects.get to merge"
    }
}

/// The `access_token` of an answer in JSON, as OAuth has it (RFC 6749, 5.1).
pub(super) async fn told_token(
    origin: Origin,
    make: impl Fn() -> Result<Request, HttpError> + Send + Sync,
) -> Result<String, String> {
    let limits = Limits {
        connect: std::time::Duration::from_secs(3),
        attempt: std::time::Duration::from_secs(10),
        attempts: 3,
        body: 1024 * 1024,
        ..Limits::default()
    };
    let client = Client::new(origin, limits, Arc::new(|_| {})).map_err(|error| error.to_string())?;
    let host = client.origin().to_string();
    let answer = client.send(make).await.map_err(|error| error.to_string())?;
    if !answer.is_success() {
        return Err(format!("{host} answered {}", answer.status));
    }
    let body: Value = serde_json::from_slice(answer.body.bytes()).map_err(|_| format!("{host} gave no JSON"))?;
    let token = body.get("access_token").and_then(Value::as_str).map(str::to_owned);
    token.ok_or_else(|| format!("{host} gave no access_token"))
}
