//! One small HTTP client for APIs without an SDK: one origin, TLS by rustls with ring, limits on time and size, retries.
//! It must not follow redirects, talk to another origin than its own, or write a body into an error.

mod body;
mod error;
mod limits;
mod origin;
mod retry;

use std::sync::Arc;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jiff::Timestamp;

pub(crate) use body::Body;
pub(crate) use error::HttpError;
pub(crate) use limits::Limits;
pub(crate) use origin::Origin;
pub(crate) use retry::jitter;

/// Says what the client waits for; for progress only.
pub(crate) type OnWait = Arc<dyn Fn(&str) + Send + Sync>;

/// A client for one origin. Cheap to clone; its connections are kept and shared.
#[derive(Clone)]
pub(crate) struct Client {
    pool: Pool<HttpsConnector<HttpConnector>, Full<Bytes>>,
    origin: Origin,
    limits: Limits,
    on_wait: OnWait,
}

/// One request. It has no `Debug`: its headers and its body hold credentials.
pub(crate) struct Request {
    method: Method,
    path_and_query: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Request {
    /// A GET of a path below the origin, with its query.
    pub(crate) fn get(path_and_query: impl Into<String>) -> Self {
        Self::new(Method::GET, path_and_query.into(), Bytes::new())
    }

    /// A POST with a body.
    pub(crate) fn post(path_and_query: impl Into<String>, content_type: &'static str, body: Vec<u8>) -> Self {
        let mut request = Self::new(Method::POST, path_and_query.into(), Bytes::from(body));
        request.headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        request
    }

    /// A PUT of a body.
    pub(crate) fn put(path_and_query: impl Into<String>, body: Vec<u8>) -> Self {
        let mut request = Self::new(Method::PUT, path_and_query.into(), Bytes::from(body));
        let content_type = HeaderValue::from_static("application/octet-stream");
        request.headers.insert(http::header::CONTENT_TYPE, content_type);
        request
    }

    fn new(method: Method, path_and_query: String, body: Bytes) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(http::header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(
            http::header::USER_AGENT,
            HeaderValue::from_static(concat!("nonhuman/", env!("CARGO_PKG_VERSION"))),
        );
        Self { method, path_and_query, headers, body }
    }

    /// Sets a header. The value is marked as sensitive, so that no layer below writes it out.
    ///
    /// # Errors
    /// When the name or the value cannot stand in a header, without quoting the value.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Result<Self, HttpError> {
        let bad = || HttpError::Request(format!("the header {name} has a form that cannot be sent"));
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
        let mut value = HeaderValue::from_str(value).map_err(|_| bad())?;
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Ok(self)
    }
}

/// An answer, read to its end. It has no `Debug`: a body may hold secrets.
pub(crate) struct Response {
    /// The status code.
    pub(crate) status: u16,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body, which is overwritten when it is dropped.
    pub(crate) body: Body,
}

impl Response {
    /// A header as text, where it is one.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The server's clock, from the `Date` header (RFC 9110, 6.6.1).
    pub(crate) fn date(&self) -> Option<Timestamp> {
        retry::http_date(self.header("date")?)
    }

    /// Whether it is a 2xx.
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl Client {
    /// A client for an origin that trusts the certificate authorities of the system.
    ///
    /// # Errors
    /// When the system has no usable certificate authorities.
    pub(crate) fn new(origin: Origin, limits: Limits, on_wait: OnWait) -> Result<Self, HttpError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| HttpError::Setup(error.to_string()))?;
        // A plain origin is only ever a test server on this machine, which must work on a machine without authorities.
        let tls = if origin.is_plain() {
            tls.with_root_certificates(rustls::RootCertStore::empty())
        } else {
            tls.with_native_roots().map_err(|error| HttpError::Setup(error.to_string()))?
        };
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(limits.connect));
        tcp.set_nodelay(true);
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(tls.with_no_client_auth()).https_or_http().enable_http1();
        let pool = Pool::builder(TokioExecutor::new())
            .pool_idle_timeout(limits.idle)
            .pool_timer(hyper_util::rt::TokioTimer::new())
            .build(connector.wrap_connector(tcp));
        Ok(Self { pool, origin, limits, on_wait })
    }

    /// The only origin it talks to.
    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Sends a request once. Any answer is an answer, whatever its status.
    ///
    /// # Errors
    /// When no whole answer came in time or within the limit of its size.
    pub(crate) async fn once(&self, request: Request) -> Result<Response, HttpError> {
        let uri = self.origin.uri(&request.path_and_query)?;
        let mut built = http::Request::new(Full::new(request.body));
        *built.method_mut() = request.method;
        *built.uri_mut() = uri;
        *built.headers_mut() = request.headers;
        let host = self.origin.to_string();
        tokio::time::timeout(self.limits.attempt, self.exchange(built))
            .await
            .map_err(|_| HttpError::Timeout { host, seconds: self.limits.attempt.as_secs() })?
    }

    async fn exchange(&self, request: http::Request<Full<Bytes>>) -> Result<Response, HttpError> {
        let answer = self.pool.request(request).await.map_err(|error| HttpError::connection(&self.origin, &error))?;
        let (head, body) = answer.into_parts();
        let bytes = Limited::new(body, self.limits.body).collect().await.map_err(|error| {
            if error.is::<http_body_util::LengthLimitError>() {
                HttpError::TooLarge { limit: self.limits.body }
            } else {
                HttpError::Truncated(error::chain(error.as_ref()))
            }
        })?;
        let body = Body::new(bytes.to_bytes().to_vec());
        Ok(Response { status: head.status.as_u16(), headers: head.headers, body })
    }

    /// Sends a request and tries again what may pass: lost connections, 429 after the time the server asks for, 5xx.
    /// The request is made anew for each try, since signatures and proofs hold once.
    ///
    /// # Errors
    /// The last one, when no try gave an answer. The last answer is given even when it is 429 or 5xx.
    pub(crate) async fn send(
        &self,
        make: impl Fn() -> Result<Request, HttpError> + Send + Sync,
    ) -> Result<Response, HttpError> {
        let (mut failures, mut waited) = (0, std::time::Duration::ZERO);
        loop {
            let answer = self.once(make()?).await;
            let pause = match &answer {
                Ok(answer) if answer.status == StatusCode::TOO_MANY_REQUESTS.as_u16() => {
                    retry::throttled(answer).min(self.limits.longest_pause)
                }
                Ok(answer) if answer.status >= 500 => retry::backoff(failures),
                Ok(_) => return answer,
                Err(error) if error.may_pass() => retry::backoff(failures),
                Err(_) => return answer,
            };
            let is_throttled = matches!(&answer, Ok(answer) if answer.status == 429);
            failures += u32::from(!is_throttled);
            waited += pause;
            if failures >= self.limits.attempts || (is_throttled && waited > self.limits.patience) {
                return answer;
            }
            (self.on_wait)(&format!("{}: waiting {} s", self.origin, pause.as_secs().max(1)));
            tokio::time::sleep(pause).await;
        }
    }
}
