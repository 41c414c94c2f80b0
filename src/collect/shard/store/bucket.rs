//! Puts, gets and lists the objects of a bucket with our own HTTP client: whole objects, a few tries, no redirects. It must
//! not know any provider, nor put a body or a token into an error.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::OnceCell;

use super::azure::Azure;
use super::google::Google;
use super::s3::S3;
use super::{PartError, Variables};
use crate::collect::http::{Client, HttpError, Limits, Origin, Request, Response};

const LIMITS: Limits = Limits {
    connect: Duration::from_secs(10),
    attempt: Duration::from_secs(120),
    idle: Duration::from_secs(5),
    body: 1024 * 1024 * 1024,
    attempts: 4,
    longest_pause: Duration::from_secs(20),
    patience: Duration::from_secs(60),
};

/// More pages of a list are not followed.
const PAGES: usize = 10_000;

/// What is wanted of a bucket. Names are whole, with what they begin with.
pub(super) enum Ask<'a> {
    /// Put an object in place.
    Put(&'a str, &'a [u8]),
    /// Its content.
    Get(&'a str),
    /// The names that begin so, from a marker on.
    List(&'a str, Option<&'a str>),
}

/// The names of a page of a list, and the marker of the next one.
pub(super) type Page = (Vec<String>, Option<String>);

/// How a provider wants to be asked.
#[async_trait]
pub(super) trait Api: Send + Sync {
    /// What lets us in.
    async fn pass(&self) -> Result<Pass, String>;

    /// Where it answers.
    fn origin(&self, pass: &Pass) -> Result<Origin, HttpError>;

    /// The request for something.
    fn request(&self, pass: &Pass, ask: &Ask<'_>) -> Result<Request, HttpError>;

    /// Reads a page of a list.
    fn page(&self, body: &[u8]) -> Result<Page, String>;

    /// The code of an error, such as `AccessDenied`; empty where it has none.
    fn code(&self, answer: &Response) -> String;

    /// Whether an answer says that the bucket is elsewhere, where it will be asked from now on.
    fn has_moved(&self, _answer: &Response) -> bool {
        false
    }

    /// What the user can do about a refusal.
    fn remedy(&self) -> &'static str;
}

/// What lets us in. It has no `Debug`.
#[allow(clippy::large_enum_variant, reason = "there is one of it in a run")]
pub(super) enum Pass {
    /// Credentials that sign each request, and the region they sign for.
    Signature(aws_credential_types::Credentials, String, aws_config::SdkConfig),
    /// A token in a header.
    Bearer(String),
    /// A query that goes behind each address.
    Query(String),
    /// Nothing is asked for: an emulator.
    Open,
}

/// A bucket, or what begins with a name in it.
pub struct Bucket {
    /// `s3://bucket/prefix/`
    address: String,
    prefix: String,
    api: Box<dyn Api>,
    pass: OnceCell<Pass>,
    runtime: Runtime,
}

impl Bucket {
    pub(super) fn open(scheme: &str, rest: &str, variables: Variables<'_>) -> Result<Self, PartError> {
        let address = format!("{scheme}://{}", rest.trim_end_matches('/'));
        let told = |what: String| PartError::new(address.clone(), what);
        let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
        if name.is_empty() || !name.chars().all(is_plain) {
            return Err(told(format!("expected {scheme}://BUCKET or {scheme}://BUCKET/PREFIX")));
        }
        let api: Box<dyn Api> = match scheme {
            "s3" => Box::new(S3::new(name, variables)),
            "gs" => Box::new(Google::new(name, variables)),
            _ => Box::new(Azure::new(name, variables).map_err(told)?),
        };
        let prefix = prefix.trim_matches('/');
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| told(error.to_string()))?;
        Ok(Self { address, prefix, api, pass: OnceCell::new(), runtime })
    }

    pub(super) fn shown(&self, name: &str) -> String {
        format!("{}/{name}", self.address)
    }

    /// Asks for the list. Who may only put objects, and so is refused, may go on.
    pub(super) fn prepare(&self) -> Result<(), PartError> {
        match self.runtime.block_on(self.ask(&self.address, Ask::List(&self.prefix, None))) {
            Err(Fault { error, status: 403, code }) if !is_of_credentials(&code) => {
                tracing::info!("{error}; going on, since putting may be allowed");
                Ok(())
            }
            Err(fault) => Err(fault.error),
            Ok(_) => Ok(()),
        }
    }

    pub(super) fn put(&self, name: &str, bytes: &[u8]) -> Result<(), PartError> {
        let key = format!("{}{name}", self.prefix);
        let shown = self.shown(name);
        let asked = self.ask(&shown, Ask::Put(&key, bytes));
        self.runtime.block_on(asked).map(|_| ()).map_err(|fault| fault.error)
    }

    pub(super) fn get(&self, name: &str) -> Result<Vec<u8>, PartError> {
        let key = format!("{}{name}", self.prefix);
        let answer = self.runtime.block_on(self.ask(&self.shown(name), Ask::Get(&key)));
        answer.map(|answer| answer.body.bytes().to_vec()).map_err(|fault| fault.error)
    }

    pub(super) fn list(&self) -> Result<Vec<String>, PartError> {
        self.runtime.block_on(async {
            let (mut names, mut marker) = (Vec::new(), None::<String>);
            for _ in 0..PAGES {
                let asked = self.ask(&self.address, Ask::List(&self.prefix, marker.as_deref()));
                let answer = asked.await.map_err(|fault| fault.error)?;
                let page = self.api.page(answer.body.bytes());
                let (keys, next) = page.map_err(|what| PartError::new(self.address.clone(), what))?;
                let own = keys.iter().filter_map(|key| key.strip_prefix(&self.prefix));
                names.extend(own.filter(|name| !name.is_empty() && !name.contains('/')).map(str::to_owned));
                match next.filter(|next| !next.is_empty() && marker.as_ref() != Some(next)) {
                    Some(next) => marker = Some(next),
                    None => return Ok(names),
                }
            }
            Err(PartError::new(self.address.clone(), format!("its list has more than {PAGES} pages")))
        })
    }

    async fn ask(&self, shown: &str, ask: Ask<'_>) -> Result<Response, Fault> {
        let fault = |what: String, may_pass, status, code: &str| {
            let error = PartError { path: shown.to_owned(), what, may_pass };
            Fault { error, status, code: code.to_owned() }
        };
        let of_client = |error: HttpError| {
            let remedy = error.remedy().map(|remedy| format!(" ({remedy})")).unwrap_or_default();
            fault(format!("{error}{remedy}"), !matches!(error, HttpError::Request(_)), 0, "")
        };
        let mut has_moved = false;
        loop {
            let pass = self.pass.get_or_try_init(|| self.api.pass()).await;
            let pass = pass.map_err(|why| fault(why, true, 0, ""))?;
            let origin = self.api.origin(pass).map_err(of_client)?;
            let host = origin.to_string();
            let client = Client::new(origin, LIMITS, Arc::new(|_| {})).map_err(of_client)?;
            let answer = client.send(|| self.api.request(pass, &ask)).await.map_err(of_client)?;
            if answer.is_success() {
                return Ok(answer);
            }
            if !has_moved && self.api.has_moved(&answer) {
                has_moved = true;
                continue;
            }
            let (status, code) = (answer.status, self.api.code(&answer));
            let what = match status {
                401 | 403 => format!("{host} refused it ({status} {code}); {}", self.api.remedy()),
                404 => format!("{host} says that it is not there ({status} {code})"),
                _ => format!("{host} answered {status} {code}"),
            };
            return Err(fault(what, status == 429 || status >= 500, status, &code));
        }
    }
}

/// A refusal that says who asks is wrong, not what is asked.
fn is_of_credentials(code: &str) -> bool {
    ["InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "AuthenticationFailed"]
        .contains(&code)
}

struct Fault {
    error: PartError,
    status: u16,
    code: String,
}

/// A name as it stands in a path (RFC 3986, unreserved letters), slashes as they are or not.
pub(super) fn encoded(name: &str, keeps_slashes: bool) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => text.push(char::from(byte)),
            b'/' if keeps_slashes => text.push('/'),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}
