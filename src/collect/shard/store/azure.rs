//! How Azure Blob Storage is asked. It must not send anything but the question for a token, and takes no account key: that is
//! what this program warns of.
//!
//! Source: Azure Storage REST API, "Put Blob", "Get Blob", "List Blobs", "Authorize with Microsoft Entra ID"; Microsoft identity
//! platform, "OAuth 2.0 client credentials flow", "Get a token using HTTP" (managed identities).

use std::path::PathBuf;

use async_trait::async_trait;

use super::bucket::{Api, Ask, Page, Pass, encoded};
use super::google::told_token;
use super::{Variables, listing};
use crate::collect::aws::xml_error;
use crate::collect::http::{HttpError, Origin, Request, Response};

/// The form of requests and answers.
const VERSION: &str = "2021-08-06";
const RESOURCE: &str = "https://storage.azure.com/";
const IMDS: &str = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=";

pub(super) struct Azure {
    container: String,
    /// Scheme, host and port.
    origin: String,
    /// What stands before the container: the account, of an emulator.
    base: String,
    query: Option<String>,
    federated: Option<Federated>,
    /// The client id of one of several managed identities.
    client: Option<String>,
}

/// What Azure's workload identity puts into a pod.
struct Federated {
    token_file: PathBuf,
    tenant: String,
    client: String,
    authority: String,
}

impl Azure {
    pub(super) fn new(container: &str, variables: Variables<'_>) -> Result<Self, String> {
        let account = variables("AZURE_STORAGE_ACCOUNT").or_else(|| variables("AZURE_STORAGE_ACCOUNT_NAME"));
        let endpoint = variables("AZURE_STORAGE_BLOB_ENDPOINT");
        let endpoint = match (endpoint, account) {
            (Some(endpoint), _) => endpoint,
            (None, Some(account)) => format!("https://{account}.blob.core.windows.net"),
            (None, None) => return Err("which account? set AZURE_STORAGE_ACCOUNT".to_owned()),
        };
        let after = endpoint.find("://").map_or(0, |at| at + 3);
        let end = endpoint[after..].find('/').map_or(endpoint.len(), |at| after + at);
        let (origin, base) = endpoint.split_at(end);
        let query = variables("AZURE_STORAGE_SAS_TOKEN").map(|query| query.trim_start_matches('?').to_owned());
        let client = variables("AZURE_CLIENT_ID");
        let parts = (variables("AZURE_FEDERATED_TOKEN_FILE"), variables("AZURE_TENANT_ID"), client.clone());
        let federated = match parts {
            (Some(file), Some(tenant), Some(client)) => Some(Federated {
                token_file: PathBuf::from(file),
                tenant,
                client,
                authority: variables("AZURE_AUTHORITY_HOST")
                    .unwrap_or_else(|| "https://login.microsoftonline.com".to_owned()),
            }),
            _ => None,
        };
        let base = base.trim_end_matches('/').to_owned();
        Ok(Self { container: container.to_owned(), origin: origin.to_owned(), base, query, federated, client })
    }
}

#[async_trait]
impl Api for Azure {
    async fn pass(&self) -> Result<Pass, String> {
        if let Some(query) = &self.query {
            return Ok(Pass::Query(query.clone()));
        }
        let token = match &self.federated {
            Some(federated) => federated.token().await,
            None => {
                let client = self.client.as_ref().map(|client| format!("&client_id={}", encoded(client, false)));
                let path = format!("{IMDS}{}{}", encoded(RESOURCE, false), client.unwrap_or_default());
                told_token(Origin::metadata(), || Request::get(path.clone()).header("metadata", "true")).await
            }
        };
        let why = "no token: set AZURE_STORAGE_SAS_TOKEN, or run with a workload identity or a managed identity";
        token.map(Pass::Bearer).map_err(|error| format!("{why}: {error}"))
    }

    fn origin(&self, _pass: &Pass) -> Result<Origin, HttpError> {
        Origin::parse(&self.origin)
    }

    fn request(&self, pass: &Pass, ask: &Ask<'_>) -> Result<Request, HttpError> {
        let container = format!("{}/{}", self.base, self.container);
        let mut query = Vec::new();
        let mut path = container.clone();
        match ask {
            Ask::Put(key, _) | Ask::Get(key) => path = format!("{container}/{}", encoded(key, true)),
            Ask::List(prefix, marker) => {
                query.push(format!("restype=container&comp=list&prefix={}", encoded(prefix, false)));
                query.extend(marker.map(|marker| format!("marker={}", encoded(marker, false))));
            }
        }
        if let Pass::Query(signed) = pass {
            query.push(signed.clone());
        }
        if !query.is_empty() {
            path = format!("{path}?{}", query.join("&"));
        }
        let request = match ask {
            Ask::Put(_, bytes) => Request::put(path, bytes.to_vec()).header("x-ms-blob-type", "BlockBlob")?,
            Ask::Get(_) | Ask::List(..) => Request::get(path),
        };
        let request = request.header("x-ms-version", VERSION)?;
        match pass {
            Pass::Bearer(token) => request.header("authorization", &format!("Bearer {token}")),
            _ => Ok(request),
        }
    }

    fn page(&self, body: &[u8]) -> Result<Page, String> {
        listing::read(body, "Blob", "Name", "NextMarker")
    }

    fn code(&self, answer: &Response) -> String {
        let header = answer.header("x-ms-error-code").map(str::to_owned);
        header.or_else(|| xml_error(answer.body.bytes()).map(|(code, _)| code)).unwrap_or_default()
    }

    fn remedy(&self) -> &'static str {
        "the role Storage Blob Data Contributor on the container is enough"
    }
}

impl Federated {
    /// Gives the pod's token for one of Azure.
    async fn token(&self) -> Result<String, String> {
        let file = self.token_file.display();
        let proof = std::fs::read_to_string(&self.token_file).map_err(|error| format!("{file}: {error}"))?;
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", &self.client),
            ("scope", "https://storage.azure.com/.default"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", proof.trim()),
        ];
        let body: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value, false))).collect();
        let body = body.join("&").into_bytes();
        let origin = Origin::parse(&self.authority).map_err(|error| error.to_string())?;
        let path = format!("/{}/oauth2/v2.0/token", encoded(&self.tenant, false));
        let make = || Ok(Request::post(path.clone(), "application/x-www-form-urlencoded", body.clone()));
        told_token(origin, make).await
    }
}
