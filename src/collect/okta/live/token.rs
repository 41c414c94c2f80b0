//! How we prove who we are: an API token, or OAuth 2.0 client credentials with `private_key_jwt`, and DPoP where the app
//! wants it. Source: RFC 7523, RFC 9449; Okta, "Implement OAuth for Okta with a service app", "Configure OAuth 2.0
//! demonstrating proof-of-possession". It must not write a token or a key anywhere.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;

use super::clock::Clock;
use super::key::{SigningKey, unique};
use crate::collect::CollectError;
use crate::collect::http::{Client, Request, Response};

/// The only path at which Okta gives out tokens for its own API: custom authorization servers do not.
const TOKEN_PATH: &str = "/oauth2/v1/token";
/// How long an assertion holds, in seconds. Okta takes up to an hour.
const ASSERTION_LIFE: i64 = 300;
/// A token is renewed this long before it ends.
const RENEW_BEFORE: Duration = Duration::from_secs(90);

/// Who asks.
pub(super) enum Credentials {
    /// `SSWS`: a token with all rights of the user who made it.
    Token(String),
    /// A service app with a private key.
    ServiceApp(Box<ServiceApp>),
}

/// A service app and its tokens.
pub(super) struct ServiceApp {
    client_id: String,
    key: SigningKey,
    key_id: Option<String>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    access: Option<Access>,
    /// The scopes that the app turned out to have; `None` before it was asked.
    scopes: Option<Vec<String>>,
    /// The key that tokens are bound to, once the app has asked for it.
    proof: Option<Proof>,
}

struct Access {
    token: String,
    ends: Instant,
}

struct Proof {
    key: SigningKey,
    nonce: Option<String>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    #[serde(default)]
    expires_in: u64,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Denied {
    error: String,
    error_description: String,
}

impl ServiceApp {
    pub(super) fn new(client_id: String, key: SigningKey, key_id: Option<String>) -> Self {
        let key_id = key_id.or_else(|| key.id.clone());
        Self { client_id, key, key_id, state: Mutex::default() }
    }

    /// The headers of a request, with a token that still holds.
    pub(super) async fn headers(
        &self,
        client: &Client,
        clock: &Clock,
        path: &str,
        renew: bool,
    ) -> Result<Vec<(&'static str, String)>, CollectError> {
        let mut state = self.state.lock().await;
        let is_live = state.access.as_ref().is_some_and(|access| access.ends > Instant::now());
        if renew || !is_live {
            let scopes = state.scopes.clone().unwrap_or_default();
            let access = self.ask(client, clock, &mut state, &scopes).await?.map_err(|denied| refusal(&denied))?;
            state.access = Some(access);
        }
        let token = state.access.as_ref().map(|access| access.token.clone()).unwrap_or_default();
        let Some(proof) = &state.proof else { return Ok(vec![("authorization", format!("Bearer {token}"))]) };
        let hash = URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes()));
        let dpop = proof.token(clock, "GET", &url(client, path), Some(&hash)).map_err(broken)?;
        Ok(vec![("authorization", format!("DPoP {token}")), ("dpop", dpop)])
    }

    /// Keeps the nonce that an answer gave for the next proof; says whether the answer asked to be tried again with it.
    pub(super) async fn note_nonce(&self, answer: &Response) -> bool {
        let Some(nonce) = answer.header("dpop-nonce").map(str::to_owned) else { return false };
        let mut state = self.state.lock().await;
        let Some(proof) = &mut state.proof else { return false };
        let is_new = proof.nonce.as_ref() != Some(&nonce);
        proof.nonce = Some(nonce);
        is_new && answer.status == 401
    }

    /// Finds out which of the scopes the app has. One that it lacks makes Okta refuse the whole request, so that they are
    /// halved until the ones that are missing stand alone.
    pub(super) async fn grant(&self, client: &Client, clock: &Clock, wanted: &[&str]) -> Result<(), CollectError> {
        let mut state = self.state.lock().await;
        let mut open: Vec<Vec<String>> = vec![wanted.iter().map(|scope| (*scope).to_owned()).collect()];
        let mut granted = Vec::new();
        let mut last_denied = None;
        while let Some(scopes) = open.pop() {
            match self.ask(client, clock, &mut state, &scopes).await? {
                Ok(access) => {
                    let is_all = scopes.len() == wanted.len();
                    granted.extend(scopes);
                    state.access = is_all.then_some(access);
                }
                Err(denied) if denied.is_about_scopes() && scopes.len() > 1 => {
                    let (left, right) = scopes.split_at(scopes.len() / 2);
                    open.extend([left.to_vec(), right.to_vec()]);
                }
                Err(denied) if denied.is_about_scopes() => last_denied = Some(denied),
                Err(denied) => return Err(refusal(&denied)),
            }
        }
        if granted.is_empty() {
            let detail = last_denied.map_or_else(String::new, |denied| denied.text());
            return Err(CollectError::refused("access token", format!("the app has none of the scopes: {detail}"))
                .with_remedy("grant it the scopes that 'nonhuman permissions okta' lists"));
        }
        granted.sort();
        state.scopes = Some(granted);
        Ok(())
    }

    /// Whether the app has a scope.
    pub(super) async fn has(&self, scope: &str) -> bool {
        self.state.lock().await.scopes.as_ref().is_none_or(|scopes| scopes.iter().any(|one| one == scope))
    }

    /// Asks for a token. Where the app wants proof of possession the request is made again with it, and with the nonce.
    async fn ask(
        &self,
        client: &Client,
        clock: &Clock,
        state: &mut State,
        scopes: &[String],
    ) -> Result<Result<Access, Denied>, CollectError> {
        for _ in 0..3 {
            let answer = client
                .send(|| self.request(client, clock, state, scopes).map_err(crate::collect::http::HttpError::Request))
                .await
                .map_err(|error| super::unreachable("access token", &error))?;
            if answer.is_success() {
                let granted: Granted = serde_json::from_slice(answer.body.bytes())
                    .map_err(|_| CollectError::failed("access token", "the answer holds no access token"))?;
                let life = Duration::from_secs(granted.expires_in.max(120)) - RENEW_BEFORE;
                return Ok(Ok(Access { token: granted.access_token, ends: Instant::now() + life }));
            }
            let denied: Denied = serde_json::from_slice(answer.body.bytes()).unwrap_or_default();
            let nonce = answer.header("dpop-nonce").map(str::to_owned);
            match (&mut state.proof, denied.error.as_str(), nonce) {
                (None, "invalid_dpop_proof", nonce) => {
                    state.proof = Some(Proof { key: SigningKey::ephemeral().map_err(broken)?, nonce });
                }
                (Some(proof), "use_dpop_nonce", Some(nonce)) => proof.nonce = Some(nonce),
                _ if denied.error.is_empty() => {
                    let detail = format!("the token endpoint answered {}", answer.status);
                    return Err(CollectError::refused("access token", detail)
                        .with_remedy("check the URL of the organisation and the client id"));
                }
                _ => return Ok(Err(denied)),
            }
        }
        Err(CollectError::refused("access token", "Okta asked for a new proof of possession each time"))
    }

    fn request(&self, client: &Client, clock: &Clock, state: &State, scopes: &[String]) -> Result<Request, String> {
        let now = clock.now().as_second();
        let audience = url(client, TOKEN_PATH);
        let claims = json!({
            "iss": self.client_id, "sub": self.client_id, "aud": audience,
            "iat": now, "exp": now + ASSERTION_LIFE, "jti": unique()?,
        });
        let header = self.key_id.as_ref().map_or_else(|| json!({}), |id| json!({ "kid": id }));
        let assertion = self.key.jwt(header, &claims)?;
        let form = format!(
            "grant_type=client_credentials&scope={}&client_assertion_type=\
             urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion={assertion}",
            scopes.join("%20")
        );
        let request = Request::post(TOKEN_PATH, "application/x-www-form-urlencoded", form.into_bytes());
        match &state.proof {
            None => Ok(request),
            Some(proof) => {
                let token = proof.token(clock, "POST", &audience, None)?;
                request.header("dpop", &token).map_err(|error| error.to_string())
            }
        }
    }
}

impl Proof {
    /// A proof for one request (RFC 9449, 4.2).
    fn token(&self, clock: &Clock, method: &str, url: &str, token_hash: Option<&str>) -> Result<String, String> {
        let plain_url = url.split(['?', '#']).next().unwrap_or(url);
        let mut claims = json!({ "htm": method, "htu": plain_url, "iat": clock.now().as_second(), "jti": unique()? });
        if let Some(nonce) = &self.nonce {
            claims["nonce"] = json!(nonce);
        }
        if let Some(hash) = token_hash {
            claims["ath"] = json!(hash);
        }
        let jwk = self.key.public_jwk().ok_or("the proof needs an EC key")?;
        self.key.jwt(json!({ "typ": "dpop+jwt", "jwk": jwk }), &claims)
    }
}

impl Denied {
    fn is_about_scopes(&self) -> bool {
        matches!(self.error.as_str(), "invalid_scope" | "consent_required" | "access_denied")
    }

    /// What Okta says, as far as it is a sentence.
    fn text(&self) -> String {
        let clean = |text: &str| text.chars().filter(|letter| !letter.is_control()).take(200).collect::<String>();
        format!("{}: {}", clean(&self.error), clean(&self.error_description))
    }
}

fn url(client: &Client, path: &str) -> String {
    format!("{}{path}", client.origin())
}

fn refusal(denied: &Denied) -> CollectError {
    let remedy = match denied.error.as_str() {
        "invalid_client" => {
            "check the client id, and that the app has the public key of this private key (and its key id, if it has several)"
        }
        "unauthorized_client" => {
            "the app must be a service app: grant type client_credentials, authentication by public key"
        }
        _ => "see 'nonhuman permissions okta'",
    };
    CollectError::refused("access token", denied.text()).with_remedy(remedy)
}

fn broken(why: String) -> CollectError {
    CollectError::failed("access token", why)
}
