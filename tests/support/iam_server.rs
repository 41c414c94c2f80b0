//! An IAM and STS server for tests: the Query protocol with real `Marker` paging, and faults on demand. It is no model
//! of IAM: it only serves an account that is given to it.
#![allow(unreachable_pub, reason = "a module of its test")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::{Value, json};

/// What the server serves.
#[derive(Clone, Default)]
pub struct Account {
    pub authorization: Value,
    /// `AccessKeyMetadata` by user.
    pub keys: BTreeMap<String, Vec<Value>>,
    /// `LastUsedDate` by key id.
    pub used: BTreeMap<String, String>,
    /// The credential report.
    pub report: String,
    /// `get-open-id-connect-provider` by ARN.
    pub oidc: BTreeMap<String, Value>,
    pub saml: Vec<Value>,
    pub aliases: Vec<String>,
    /// Answers of other services, by operation (`ListSecrets`) or method and path (`GET /clusters`). What is not here is
    /// answered as if there were none of it.
    pub services: BTreeMap<String, Value>,
}

/// What goes wrong with one action.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// 403 with this code.
    Refused(&'static str),
    /// 400 Throttling for calls `from..to` of this action, counted from 0.
    Throttled { from: usize, to: usize },
    /// The answer's text ends in the middle.
    Cut,
    /// No answer at all.
    Hang,
    /// The credential report is not ready for so many calls.
    InProgress(usize),
    /// For the action `*`: the server's clock is so many seconds ahead, and signatures hold for five minutes.
    Ahead(i64),
}

/// What the server's clock says.
fn clock(state: &State) -> jiff::Timestamp {
    let ahead = match state.faults.get("*") {
        Some(Fault::Ahead(seconds)) => *seconds,
        _ => 0,
    };
    jiff::Timestamp::now() + jiff::SignedDuration::from_secs(ahead)
}

/// Whether a request was signed at a time that the server takes.
fn is_in_time(request: &tiny_http::Request, now: jiff::Timestamp) -> bool {
    let signed = request.headers().iter().find(|header| header.field.equiv("x-amz-date"));
    let Some(signed) = signed.map(|header| header.value.as_str()) else { return true };
    let signed = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", signed).unwrap();
    let signed = signed.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
    now.duration_since(signed).as_secs().abs() <= 300
}

struct State {
    account: Account,
    faults: BTreeMap<String, Fault>,
    calls: Mutex<BTreeMap<String, usize>>,
    stop: AtomicBool,
}

/// A running server; it stops when dropped.
pub struct IamServer {
    pub url: String,
    state: Arc<State>,
    server: Arc<tiny_http::Server>,
    threads: Vec<JoinHandle<()>>,
}

const THREADS: usize = 12;

impl IamServer {
    pub fn start(account: Account, faults: &[(&str, Fault)]) -> Self {
        let server = Arc::new(tiny_http::Server::http("127.0.0.1:0").unwrap());
        let url = format!("http://{}", server.server_addr().to_ip().unwrap());
        let faults = faults.iter().map(|(action, fault)| ((*action).to_owned(), *fault)).collect();
        let state = Arc::new(State { account, faults, calls: Mutex::default(), stop: AtomicBool::new(false) });
        let threads = (0..THREADS)
            .map(|_| {
                let (server, state) = (Arc::clone(&server), Arc::clone(&state));
                thread::spawn(move || serve(&server, &state))
            })
            .collect();
        Self { url, state, server, threads }
    }

    /// How often each action was called.
    pub fn calls(&self, action: &str) -> usize {
        self.state.calls.lock().unwrap().get(action).copied().unwrap_or(0)
    }

    /// Every action that was called.
    pub fn actions(&self) -> Vec<String> {
        self.state.calls.lock().unwrap().keys().cloned().collect()
    }
}

impl Drop for IamServer {
    fn drop(&mut self) {
        self.state.stop.store(true, Ordering::Relaxed);
        for _ in &self.threads {
            self.server.unblock();
        }
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn serve(server: &tiny_http::Server, state: &State) {
    while !state.stop.load(Ordering::Relaxed) {
        let Ok(Some(mut request)) = server.recv_timeout(Duration::from_millis(200)) else { continue };
        let mut body = String::new();
        if request.as_reader().read_to_string(&mut body).is_err() {
            continue;
        }
        let target = request.headers().iter().find(|header| header.field.equiv("x-amz-target"));
        let target = target.and_then(|header| header.value.as_str().rsplit('.').next().map(str::to_owned));
        let query = form(&body);
        let path = request.url().split('?').next().unwrap_or_default().to_owned();
        let is_json = target.is_some() || !query.contains_key("Action");
        let action = match (&target, query.get("Action")) {
            (Some(target), _) => target.clone(),
            (None, Some(action)) => action.clone(),
            (None, None) => format!("{} {path}", request.method()),
        };
        let nth = {
            let mut calls = state.calls.lock().unwrap();
            let count = calls.entry(action.clone()).or_default();
            *count += 1;
            *count - 1
        };
        let now = clock(state);
        let (status, text) = match state.faults.get(&action) {
            _ if !is_in_time(&request, now) && is_json => {
                (403, json!({"__type": "InvalidSignatureException", "message": "Signature expired"}).to_string())
            }
            _ if !is_in_time(&request, now) => (403, error("SignatureDoesNotMatch", "Signature expired")),
            Some(Fault::Hang) => {
                while !state.stop.load(Ordering::Relaxed) {
                    thread::sleep(Duration::from_millis(10));
                }
                continue;
            }
            Some(Fault::Refused(code)) if is_json => (403, json!({"__type": code, "message": "no"}).to_string()),
            Some(Fault::Throttled { from, to }) if is_json && (*from..*to).contains(&nth) => {
                (400, json!({"__type": "ThrottlingException", "message": "Rate exceeded"}).to_string())
            }
            Some(Fault::Refused(code)) => {
                (403, error(code, &format!("User: arn:aws:iam::1:user/x is not authorized to perform: iam:{action}")))
            }
            Some(Fault::Throttled { from, to }) if (*from..*to).contains(&nth) => {
                (400, error("Throttling", "Rate exceeded"))
            }
            Some(Fault::InProgress(times)) if nth < *times => {
                (200, answer(&action, &json!({"State": if nth == 0 { "STARTED" } else { "INPROGRESS" }})))
            }
            Some(Fault::Cut) => {
                let (status, text) = result(&state.account, &action, &query);
                (status, text[..text.len() / 2].to_owned())
            }
            _ if is_json => {
                let found = state.account.services.get(&action).cloned().unwrap_or_else(|| json!({}));
                // S3 answers in XML, and with a policy as it is.
                let is_s3 = path == "/" && target.is_none();
                (200, if is_s3 { answer("ListBuckets", &json!({"Buckets": []})) } else { found.to_string() })
            }
            _ => result(&state.account, &action, &query),
        };
        respond(request, status, text, now);
    }
}

fn respond(request: tiny_http::Request, status: u16, text: String, now: jiff::Timestamp) {
    let kind = tiny_http::Header::from_bytes("Content-Type", "text/xml").unwrap();
    let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let date = tiny_http::Header::from_bytes("Date", date).unwrap();
    let response = tiny_http::Response::from_string(text).with_status_code(status);
    let _ = request.respond(response.with_header(kind).with_header(date));
}

fn result(account: &Account, action: &str, query: &BTreeMap<String, String>) -> (u16, String) {
    match handle(account, action, query) {
        Ok(value) => (200, answer(action, &value)),
        Err(code) => (if code == "NoSuchEntity" { 404 } else { 400 }, error(code, action)),
    }
}

fn handle(account: &Account, action: &str, query: &BTreeMap<String, String>) -> Result<Value, &'static str> {
    let text = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    Ok(match action {
        "GetCallerIdentity" => {
            let id = account_id(account);
            json!({"Arn": format!("arn:aws:sts::{id}:assumed-role/audit/me"), "UserId": "AROA:me", "Account": id})
        }
        "GetAccountAuthorizationDetails" => authorization(account, query),
        "GenerateCredentialReport" => json!({"State": "COMPLETE"}),
        "GetCredentialReport" => {
            use base64::Engine;
            let content = base64::engine::general_purpose::STANDARD.encode(&account.report);
            json!({"Content": content, "ReportFormat": "text/csv", "GeneratedTime": "2026-11-22T00:00:00Z"})
        }
        "ListAccessKeys" => {
            let keys = account.keys.get(text("UserName")).cloned().unwrap_or_default();
            let (keys, rest) = page(&keys, query);
            json!({"AccessKeyMetadata": keys, "IsTruncated": rest.is_some(), "Marker": rest})
        }
        "GetAccessKeyLastUsed" => {
            let date = account.used.get(text("AccessKeyId"));
            json!({"UserName": "x", "AccessKeyLastUsed": {"LastUsedDate": date, "ServiceName": "N/A", "Region": "N/A"}})
        }
        "ListOpenIDConnectProviders" => {
            let list: Vec<Value> = account.oidc.keys().map(|arn| json!({"Arn": arn})).collect();
            json!({"OpenIDConnectProviderList": list})
        }
        "GetOpenIDConnectProvider" => {
            account.oidc.get(text("OpenIDConnectProviderArn")).cloned().ok_or("NoSuchEntity")?
        }
        "ListSAMLProviders" => json!({"SAMLProviderList": account.saml}),
        "ListAccountAliases" => json!({"AccountAliases": account.aliases, "IsTruncated": false}),
        action => account.services.get(action).cloned().unwrap_or_else(|| json!({})),
    })
}

fn authorization(account: &Account, query: &BTreeMap<String, String>) -> Value {
    const LISTS: [&str; 4] = ["UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"];
    let of = |list: &'static str| {
        account.authorization[list].as_array().cloned().unwrap_or_default().into_iter().map(move |item| (list, item))
    };
    let all: Vec<_> = LISTS.into_iter().flat_map(of).collect();
    let (items, rest) = page(&all, query);
    let mut answer = json!({"IsTruncated": rest.is_some(), "Marker": rest});
    for list in LISTS {
        answer[list] = items.iter().filter(|(of, _)| *of == list).map(|(_, item)| item.clone()).collect();
    }
    answer
}

/// A page and where the next one starts.
fn page<T: Clone>(items: &[T], query: &BTreeMap<String, String>) -> (Vec<T>, Option<String>) {
    let number = |name: &str| query.get(name).and_then(|text| text.parse::<usize>().ok());
    let start = number("Marker").unwrap_or(0).min(items.len());
    let end = (start + number("MaxItems").unwrap_or(100)).min(items.len());
    (items[start..end].to_vec(), (end < items.len()).then(|| end.to_string()))
}

fn account_id(account: &Account) -> String {
    let arn = account.authorization["RoleDetailList"][0]["Arn"].as_str().unwrap_or("arn:aws:iam::123456789012:role/x");
    arn.split(':').nth(4).unwrap().to_owned()
}

fn answer(action: &str, value: &Value) -> String {
    let service = if action == "GetCallerIdentity" {
        "https://sts.amazonaws.com/doc/2011-06-15/"
    } else {
        "https://iam.amazonaws.com/doc/2010-05-08/"
    };
    let mut xml = format!("<{action}Response xmlns=\"{service}\"><{action}Result>");
    write(value, "", &mut xml);
    xml.push_str(&format!(
        "</{action}Result><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{action}Response>"
    ));
    xml
}

fn error(code: &str, message: &str) -> String {
    format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
    )
}

/// Writes JSON as the Query protocol's XML; policy documents become percent-encoded text.
fn write(value: &Value, name: &str, xml: &mut String) {
    match value {
        Value::Null => {}
        Value::Object(_) if name.ends_with("Document") => xml.push_str(&percent(&value.to_string())),
        Value::Object(fields) => {
            for (field, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
                xml.push_str(&format!("<{field}>"));
                write(value, field, xml);
                xml.push_str(&format!("</{field}>"));
            }
        }
        Value::Array(items) => {
            for item in items {
                xml.push_str("<member>");
                write(item, "", xml);
                xml.push_str("</member>");
            }
        }
        Value::String(text) => {
            let text = if name.ends_with("Date") { text.replace("+00:00", "Z") } else { text.clone() };
            xml.push_str(&text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"));
        }
        other => xml.push_str(&other.to_string()),
    }
}

fn percent(text: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn form(body: &str) -> BTreeMap<String, String> {
    body.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (unescape(name), unescape(value)))
        .collect()
}

fn unescape(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits: String = bytes.by_ref().take(2).map(char::from).collect();
                u8::from_str_radix(&digits, 16).unwrap_or(b'?')
            }
            other => other,
        });
    }
    String::from_utf8_lossy(&out).into_owned()
}
