//! One question to an API server, asked again where that can help.
//! What is sent is for the caller: GET, and the one POST of `review`. Here every answer gets a meaning; what becomes of it is for the caller.

use std::time::Duration;

use http::header::{CONTENT_LENGTH, HeaderMap, RETRY_AFTER, WARNING};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use kube::Client;
use kube::client::Body;
use kube::core::Status;
use serde::de::DeserializeOwned;

use super::connect::reason;
use super::one_line;

/// How often a question is asked at most.
const TRIES: u32 = 4;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The longest pause that a server is granted by its `Retry-After`.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A page is at most this large; 100 pods are about 0.4 MB.
const LARGEST_ANSWER: u64 = 64 * 1024 * 1024;

/// What the server said.
pub(super) enum Answer<T> {
    /// 200, with the texts of its `Warning` headers.
    Ok(T, Vec<String>),
    /// 401.
    Unauthorized(String),
    /// 403.
    Forbidden(String),
    /// 404: the path is not served, or the object does not exist.
    NotFound,
    /// 410: the list is older than the server remembers. With a token for the rest of it, if the server gave one.
    Gone(Option<String>),
    /// Anything else, after the last try.
    Failed {
        /// What happened.
        detail: String,
        /// No answer came at all: refused, unresolvable, no TLS.
        unreachable: bool,
    },
}

/// Why to ask again.
struct Again {
    detail: String,
    pause: Option<Duration>,
    unreachable: bool,
}

/// Asks until there is an answer that asking again would not change.
pub(super) async fn ask<T: DeserializeOwned>(client: &Client, request: Request<Vec<u8>>) -> Answer<T> {
    let mut pause = Duration::from_millis(200);
    let mut tried = 0;
    loop {
        tried += 1;
        let again = match tokio::time::timeout(PATIENCE, once(client, request.clone())).await {
            Ok(Ok(answer)) => return answer,
            Ok(Err(again)) => again,
            Err(_) => {
                Again { detail: format!("no answer within {} s", PATIENCE.as_secs()), pause: None, unreachable: false }
            }
        };
        if tried == TRIES {
            let detail = format!("{} (asked {TRIES} times)", again.detail);
            return Answer::Failed { detail, unreachable: again.unreachable };
        }
        tokio::time::sleep(again.pause.map_or(pause, |wanted| wanted.min(LONGEST_PAUSE))).await;
        pause *= 2;
    }
}

async fn once<T: DeserializeOwned>(client: &Client, request: Request<Vec<u8>>) -> Result<Answer<T>, Again> {
    let unreachable = |error: kube::Error| Again { detail: reason(&error), pause: None, unreachable: true };
    let response = client.send(request.map(Body::from)).await.map_err(unreachable)?;
    let (head, body) = response.into_parts();
    if length(&head.headers).is_some_and(|length| length > LARGEST_ANSWER) {
        let detail = format!("an answer of more than {LARGEST_ANSWER} bytes, although a page was asked for");
        return Ok(Answer::Failed { detail, unreachable: false });
    }
    let cut = |_: Box<dyn std::error::Error + Send + Sync>| Again {
        detail: "the answer broke off".to_owned(),
        pause: None,
        unreachable: false,
    };
    let bytes = match whole(body, length(&head.headers)).await {
        Ok(bytes) => bytes,
        Err(error) if error.is::<LengthLimitError>() => {
            let detail = format!("an answer of more than {LARGEST_ANSWER} bytes, although a page was asked for");
            return Ok(Answer::Failed { detail, unreachable: false });
        }
        Err(error) => return Err(cut(error)),
    };
    if matches!(head.status, StatusCode::OK | StatusCode::CREATED) {
        return Ok(match serde_json::from_slice(&bytes) {
            Ok(value) => Answer::Ok(value, warnings(&head.headers)),
            Err(error) => {
                let place = format!("line {}, column {}", error.line(), error.column());
                Answer::Failed {
                    detail: format!("the answer is not the JSON that was asked for ({place})"),
                    unreachable: false,
                }
            }
        });
    }
    let status: Option<Status> = serde_json::from_slice(&bytes).ok();
    let message = status.as_ref().map_or_else(String::new, |status| one_line(&status.message));
    match head.status {
        StatusCode::UNAUTHORIZED => Ok(Answer::Unauthorized(message)),
        StatusCode::FORBIDDEN => Ok(Answer::Forbidden(message)),
        StatusCode::NOT_FOUND => Ok(Answer::NotFound),
        StatusCode::GONE => {
            let token = status.and_then(|status| status.metadata).and_then(|metadata| metadata.continue_);
            Ok(Answer::Gone(token.filter(|token| !token.is_empty())))
        }
        code if code == StatusCode::TOO_MANY_REQUESTS || code.is_server_error() => {
            let detail = format!("the server answered {code} {message}");
            Err(Again { detail: detail.trim().to_owned(), pause: retry_after(&head.headers), unreachable: false })
        }
        code => {
            let detail = format!("the server answered {code} {message}");
            Ok(Answer::Failed { detail: detail.trim().to_owned(), unreachable: false })
        }
    }
}

/// A body, piece by piece into one place: kept as pieces until they are put together, it would be there twice. A chunked
/// answer does not say how long it is.
async fn whole(body: Body, length: Option<u64>) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let mut body = Limited::new(body, usize::try_from(LARGEST_ANSWER).unwrap_or(usize::MAX));
    let mut bytes = Vec::with_capacity(length.and_then(|length| usize::try_from(length).ok()).unwrap_or_default());
    while let Some(frame) = body.frame().await {
        if let Ok(piece) = frame?.into_data() {
            bytes.extend_from_slice(&piece);
        }
    }
    Ok(bytes)
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Seconds; the form with a date is not used by API servers.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// The texts of `Warning: 299 - "text"` headers (RFC 7234, section 5.5).
fn warnings(headers: &HeaderMap) -> Vec<String> {
    let texts = headers.get_all(WARNING).iter().filter_map(|value| value.to_str().ok());
    texts
        .map(|text| {
            let text = text.split_once('"').and_then(|(_, rest)| rest.rsplit_once('"')).map_or(text, |(text, _)| text);
            one_line(text)
        })
        .collect()
}
