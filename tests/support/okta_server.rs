//! A small Okta for tests: paging by `Link`, rate limits with their headers, 401, 403 by path, a token endpoint that
//! verifies our assertions and DPoP proofs. It is no model of Okta: it only serves the answers that are given to it.
#![allow(unreachable_pub, reason = "a module of its test")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Value, json};
use tiny_http::{Header, Method, Request, Response};

pub const TOKEN: &str = "00-synthetic-token-of-a-test";
pub const CLIENT: &str = "0oaTestClientOfOurs";

/// How an answer goes wrong.
#[derive(Clone, Debug)]
pub enum Fault {
    /// 403 E0000006.
    Refused,
    /// This status with an error of Okta's.
    Status(u16, &'static str),
    /// This body.
    Body(&'static str),
    /// The next page is there.
    Next(&'static str),
    /// No answer at all, after so many.
    HangAfter(usize),
}

/// What the server does.
#[derive(Clone, Default)]
pub struct Org {
    /// Lists by path without the query; a wrapped one by its key.
    pub lists: BTreeMap<String, (Option<&'static str>, Vec<Value>)>,
    /// Faults by the beginning of the path.
    pub faults: Vec<(&'static str, Fault)>,
    /// The app's public key: RSA in DER, or EC as an uncompressed point.
    pub public_key: Vec<u8>,
    /// The scopes that the app has; empty for all.
    pub scopes: Vec<String>,
    /// Tokens must be bound to a key.
    pub dpop: bool,
    /// Requests in a window, and its length in seconds.
    pub limit: Option<(u64, u64)>,
    /// The largest page.
    pub page: Option<usize>,
}

#[derive(Default)]
struct Seen {
    calls: Vec<String>,
    throttled: usize,
    window: Option<(Instant, u64)>,
    bound_to: BTreeMap<String, Value>,
    tokens: usize,
}

struct State {
    org: Org,
    seen: Mutex<Seen>,
    stop: AtomicBool,
}

/// A running server; it stops when dropped.
pub struct OktaServer {
    pub url: String,
    state: Arc<State>,
    server: Arc<tiny_http::Server>,
    threads: Vec<JoinHandle<()>>,
}

impl OktaServer {
    pub fn start(org: Org) -> Self {
        let server = Arc::new(tiny_http::Server::http("127.0.0.1:0").unwrap());
        let url = format!("http://{}", server.server_addr().to_ip().unwrap());
        let state = Arc::new(State { org, seen: Mutex::default(), stop: AtomicBool::new(false) });
        let threads = (0..6)
            .map(|_| {
                let (server, state, url) = (Arc::clone(&server), Arc::clone(&state), url.clone());
                thread::spawn(move || {
                    while !state.stop.load(Ordering::Relaxed) {
                        if let Ok(Some(request)) = server.recv_timeout(Duration::from_millis(100)) {
                            answer(request, &state, &url);
                        }
                    }
                })
            })
            .collect();
        Self { url, state, server, threads }
    }

    /// Every path that was asked, with its query.
    pub fn calls(&self) -> Vec<String> {
        self.state.seen.lock().unwrap().calls.clone()
    }

    /// How often the answer was 429.
    pub fn throttled(&self) -> usize {
        self.state.seen.lock().unwrap().throttled
    }
}

impl Drop for OktaServer {
    fn drop(&mut self) {
        self.state.stop.store(true, Ordering::Relaxed);
        self.server.unblock();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn header(request: &Request, name: &str) -> Option<String> {
    let found = request.headers().iter().find(|header| header.field.as_str().as_str().eq_ignore_ascii_case(name));
    found.map(|header| header.value.to_string())
}

fn reply(request: Request, status: u16, body: &str, headers: &[(&str, String)]) {
    let mut response = Response::from_string(body).with_status_code(status);
    let content = if body.starts_with('<') { "text/html" } else { "application/json" };
    response.add_header(Header::from_bytes("content-type", content).unwrap());
    for (name, value) in headers {
        response.add_header(Header::from_bytes(*name, value.as_bytes()).unwrap());
    }
    let _ = request.respond(response);
}

fn error(request: Request, status: u16, code: &str, summary: &str) {
    reply(request, status, &json!({ "errorCode": code, "errorSummary": summary }).to_string(), &[]);
}

fn answer(request: Request, state: &State, url: &str) {
    let full = request.url().to_owned();
    let path = full.split('?').next().unwrap().to_owned();
    if path == "/.well-known/okta-organization" {
        return reply(request, 200, r#"{"id":"00oTest","pipeline":"idx"}"#, &[]);
    }
    if path == "/oauth2/v1/token" {
        return token(request, state, url);
    }
    if request.method() != &Method::Get {
        return error(request, 405, "E0000022", "only GET is for readers");
    }
    if let Some(why) = not_allowed(&request, state, url, &path) {
        return error(request, 401, "E0000011", why);
    }
    let mut headers = Vec::new();
    if let Some((limit, seconds)) = state.org.limit {
        let mut seen = state.seen.lock().unwrap();
        let now = Instant::now();
        let (until, left) =
            seen.window.filter(|(until, _)| *until > now).unwrap_or((now + Duration::from_secs(seconds), limit));
        seen.window = Some((until, left.saturating_sub(1)));
        let reset = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap() + (until - now);
        headers.push(("x-rate-limit-limit", limit.to_string()));
        headers.push(("x-rate-limit-remaining", left.saturating_sub(1).to_string()));
        headers.push(("x-rate-limit-reset", (reset.as_secs() + 1).to_string()));
        if left == 0 {
            seen.throttled += 1;
            drop(seen);
            return reply(request, 429, r#"{"errorCode":"E0000047"}"#, &headers);
        }
    }
    state.seen.lock().unwrap().calls.push(full.clone());
    let fault = state.org.faults.iter().find(|(start, _)| path.starts_with(start)).map(|(_, fault)| fault.clone());
    let mut next_host = None;
    match fault {
        Some(Fault::Refused) => {
            return error(request, 403, "E0000006", "You do not have permission to perform the requested action");
        }
        Some(Fault::Status(status, code)) => return error(request, status, code, "refused by the test"),
        Some(Fault::Body(body)) => return reply(request, 200, body, &headers),
        Some(Fault::Next(url)) => next_host = Some(url),
        Some(Fault::HangAfter(calls)) => {
            let made = state.seen.lock().unwrap().calls.iter().filter(|call| call.starts_with(&path[..12])).count();
            if made > calls {
                thread::sleep(Duration::from_secs(4));
            }
        }
        None => {}
    }
    page(request, state, url, &full, &path, headers, next_host);
}

fn page(
    request: Request,
    state: &State,
    url: &str,
    full: &str,
    path: &str,
    mut headers: Vec<(&'static str, String)>,
    next_host: Option<&str>,
) {
    let Some((key, list)) = find(&state.org, full, path) else {
        return error(request, 404, "E0000007", "Not found");
    };
    let parameter = |name: &str| {
        full.split(['?', '&'])
            .find_map(|part| part.strip_prefix(&format!("{name}=")))
            .and_then(|text| text.parse::<usize>().ok())
    };
    let limit = parameter("limit").unwrap_or(1_000_000).min(state.org.page.unwrap_or(usize::MAX));
    let start = parameter("after").unwrap_or(0);
    let items: Vec<&Value> = list.iter().skip(start).take(limit).collect();
    if start + limit < list.len() || next_host.is_some() {
        let base = without_cursor(full);
        let joint = if base.contains('?') { "&" } else { "?" };
        let next = next_host.map_or_else(|| format!("{url}{base}{joint}after={}", start + limit), str::to_owned);
        headers.push(("link", format!("<{url}{full}>; rel=\"self\"")));
        headers.push(("link", format!("<{next}>; rel=\"next\"")));
    }
    let body = match key {
        Some(key) => json!({ key: items }).to_string(),
        None => serde_json::to_string(&items).unwrap(),
    };
    reply(request, 200, &body, &headers);
}

fn without_cursor(full: &str) -> &str {
    let cut = full.find("&after=").or_else(|| full.find("?after="));
    cut.map_or(full, |cut| &full[..cut])
}

/// The list of a path; of those that a query tells apart, the one with the query.
fn find<'a>(org: &'a Org, full: &str, path: &str) -> Option<(Option<&'static str>, &'a Vec<Value>)> {
    let base = without_cursor(full);
    org.lists.get(base).or_else(|| org.lists.get(path)).map(|(key, list)| (*key, list))
}

fn not_allowed(request: &Request, state: &State, url: &str, path: &str) -> Option<&'static str> {
    let given = header(request, "authorization").unwrap_or_default();
    if given == format!("SSWS {TOKEN}") {
        return None;
    }
    let (kind, token) = given.split_once(' ')?;
    if !token.starts_with("synthetic-access-") {
        return Some("Invalid token provided");
    }
    if !state.org.dpop {
        return (kind != "Bearer").then_some("Bearer expected");
    }
    let Some(proof) = header(request, "dpop").filter(|_| kind == "DPoP") else { return Some("DPoP expected") };
    let Some((head, claims)) = verified_proof(&proof) else { return Some("the proof is not signed by its key") };
    let hash = URL_SAFE_NO_PAD.encode(ring::digest::digest(&ring::digest::SHA256, token.as_bytes()));
    let bound = state.seen.lock().unwrap().bound_to.get(token).cloned();
    let is_right = claims["htm"] == "GET" && claims["htu"] == format!("{url}{path}") && claims["ath"] == hash;
    (!is_right || bound.as_ref() != Some(&head["jwk"])).then_some("the proof is of something else")
}

fn parts(jwt: &str) -> Option<(Value, Value, String, Vec<u8>)> {
    let (text, signature) = jwt.rsplit_once('.')?;
    let (head, claims) = text.split_once('.')?;
    let read = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
    Some((read(head)?, read(claims)?, text.to_owned(), URL_SAFE_NO_PAD.decode(signature).ok()?))
}

fn verified_proof(proof: &str) -> Option<(Value, Value)> {
    let (head, claims, text, signature) = parts(proof)?;
    let point = |name: &str| URL_SAFE_NO_PAD.decode(head["jwk"][name].as_str()?).ok();
    let key = [vec![4], point("x")?, point("y")?].concat();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key).verify(text.as_bytes(), &signature).ok()?;
    (head["typ"] == "dpop+jwt").then_some((head, claims))
}

/// The token endpoint, as strict as Okta's.
fn token(mut request: Request, state: &State, url: &str) {
    let mut form = String::new();
    request.as_reader().read_to_string(&mut form).unwrap();
    let field = |name: &str| {
        form.split('&').find_map(|part| part.strip_prefix(&format!("{name}="))).unwrap_or_default().to_owned()
    };
    let deny = |request: Request, error: &str, description: &str, headers: &[(&str, String)]| {
        reply(request, 400, &json!({ "error": error, "error_description": description }).to_string(), headers);
    };
    let Some((head, claims, text, signature)) = parts(&field("client_assertion")) else {
        return deny(request, "invalid_client", "no assertion", &[]);
    };
    let key = &state.org.public_key;
    let is_signed = match head["alg"].as_str() {
        Some("RS256") => {
            UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key).verify(text.as_bytes(), &signature).is_ok()
        }
        Some("ES256") => {
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key).verify(text.as_bytes(), &signature).is_ok()
        }
        _ => false,
    };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let expires = claims["exp"].as_u64().unwrap_or_default();
    let is_right =
        claims["iss"] == CLIENT && claims["sub"] == CLIENT && claims["aud"] == format!("{url}/oauth2/v1/token");
    if !is_signed || !is_right || expires <= now || expires > now + 3600 || claims["jti"].as_str().is_none() {
        return deny(request, "invalid_client", "The client_assertion is not valid", &[]);
    }
    let mut jwk = None;
    if state.org.dpop {
        let Some(proof) = header(&request, "dpop") else {
            return deny(request, "invalid_dpop_proof", "The DPoP proof JWT header is missing.", &[]);
        };
        let Some((head, claims)) = verified_proof(&proof) else {
            return deny(request, "invalid_dpop_proof", "bad", &[]);
        };
        if claims["nonce"] != "nonce-of-the-test" {
            let nonce = [("dpop-nonce", "nonce-of-the-test".to_owned())];
            return deny(request, "use_dpop_nonce", "Authorization server requires nonce in DPoP proof.", &nonce);
        }
        jwk = Some(head["jwk"].clone());
    }
    let scopes = field("scope").replace("%20", " ");
    let has = |scope: &str| state.org.scopes.is_empty() || state.org.scopes.iter().any(|one| one == scope);
    if !scopes.split(' ').all(has) {
        return deny(request, "invalid_scope", "One or more scopes are not configured for the app.", &[]);
    }
    let mut seen = state.seen.lock().unwrap();
    seen.tokens += 1;
    let token = format!("synthetic-access-{}", seen.tokens);
    seen.bound_to.extend(jwk.map(|jwk| (token.clone(), jwk)));
    drop(seen);
    let answer = json!({ "access_token": token, "expires_in": 3600, "token_type": "Bearer", "scope": scopes });
    reply(request, 200, &answer.to_string(), &[]);
}

/// An organisation that answers what a folder of exports holds, by the plan that the collector prints.
pub fn from_export(folder: &Path, plan: &str) -> Org {
    let mut org = Org::default();
    let read = |path: &Path| std::fs::read(path).ok().map(|bytes| serde_json::from_slice::<Value>(&bytes).unwrap());
    for line in plan.lines().filter(|line| line.starts_with("once") || line.starts_with("each")) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (name, path) = (words[1].split(['/', '.']).next().unwrap(), words[3]);
        let path = path.trim_end_matches("?limit=200").trim_end_matches("?limit=500").trim_end_matches("?limit=1000");
        let Some(value) = read(&folder.join(format!("{name}.json"))) else { continue };
        if words[0] == "once" {
            org.lists.insert(path.to_owned(), (None, list(&value)));
            continue;
        }
        for (id, answer) in value.as_object().unwrap() {
            let path = path.replacen("<id>", id, 1);
            org.lists.insert(path, (None, list(answer)));
        }
    }
    org
}

fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(list) => list.clone(),
        Value::Object(object) => {
            object.iter().find(|(key, _)| *key != "_links").map(|(_, inner)| list(inner)).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}
