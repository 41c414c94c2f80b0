//! Asks an organisation: one request after another within its limits, each page once. Reads only: nothing but GET is sent,
//! and POST to the token endpoint. It must not decide what is asked.

mod clock;
mod journal;
mod key;
mod pace;
mod token;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;

use super::endpoint::{ALL, Endpoint, LOG};
use super::page::{self, Page};
use super::reader::{Gap, Item};
use super::settings::{Login, OktaSettings};
use crate::collect::http::{Client, HttpError, Limits, Origin, Request, Response};
use crate::collect::{CollectError, Context};
use crate::model::Outcome;
use clock::Clock;
use journal::Journal;
use key::SigningKey;
use pace::Pace;
use token::{Credentials, ServiceApp};

/// More pages than any list has: a server that always gives another one must come to an end.
const MOST_PAGES: usize = 20_000;

/// How often a request is made that is answered with 401: for the nonce, and for a fresh token.
const MOST_TRIES: u32 = 4;

/// A conversation with one organisation.
pub(super) struct Session {
    client: Client,
    clock: Clock,
    credentials: Credentials,
    pace: Pace,
    journal: Option<Journal>,
}

#[derive(Deserialize)]
struct Organisation {
    id: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Refused {
    error_code: String,
    error_summary: String,
}

impl Session {
    /// Checks that the URL is that of an organisation, sets the clock, and gets a first token.
    ///
    /// # Errors
    /// What is wrong and what to do, when nothing can be asked.
    pub(super) async fn open(settings: &OktaSettings, context: &Context) -> Result<Self, CollectError> {
        let origin = origin(&settings.url)?;
        let on_wait = Arc::clone(&context.progress);
        let client = Client::new(origin, Limits::default(), Arc::clone(&on_wait))
            .map_err(|error| unreachable("organisation", &error))?;
        let answer = client.send(|| Ok(Request::get("/.well-known/okta-organization"))).await;
        let answer = answer.map_err(|error| unreachable("organisation", &error))?;
        let is_okta = answer.is_success()
            && serde_json::from_slice::<Organisation>(answer.body.bytes())
                .is_ok_and(|found| found.id.starts_with("00o"));
        if !is_okta {
            let detail = format!("{} does not answer like an Okta organisation ({})", client.origin(), answer.status);
            return Err(CollectError::failed("organisation", detail)
                .with_remedy("give the URL that people log in at, such as https://acme.okta.com"));
        }
        let clock = Clock::new(answer.date().unwrap_or(context.now));
        let host = client.origin().host().to_owned();
        let journal = settings.resume.as_deref().map(|path| Journal::open(path, &host, clock.now()));
        let journal = journal.transpose().map_err(|why| CollectError::failed("file of --okta-resume", why))?;
        let credentials = credentials(&settings.login)?;
        let session = Self { client, clock, credentials, pace: Pace::new(on_wait), journal };
        if let Credentials::ServiceApp(app) = &session.credentials {
            let scopes: BTreeSet<&str> = ALL.iter().map(|endpoint| endpoint.scope).collect();
            app.grant(&session.client, &session.clock, &scopes.into_iter().collect::<Vec<_>>()).await?;
        }
        if let Some(kept) = session.journal.as_ref().map(Journal::len).filter(|kept| *kept > 0) {
            (context.progress)(&format!("okta: {kept} answers are kept from before"));
        }
        Ok(session)
    }

    /// The organisation's host.
    pub(super) fn host(&self) -> &str {
        self.client.origin().host()
    }

    /// The time as Okta sees it.
    pub(super) fn now(&self) -> jiff::Timestamp {
        self.clock.now()
    }

    /// Says how many requests are still to come, for the estimate.
    pub(super) fn expect(&self, requests: usize) {
        self.pace.expect(requests as u64);
    }

    /// Everything was read: what was kept is not needed any more.
    pub(super) fn finish(&self) {
        if let Some(journal) = &self.journal {
            journal.finish();
        }
    }

    /// Hands on every page of a list. The outer error ends the whole reading.
    pub(super) async fn pages<T: Item>(
        &self,
        endpoint: &Endpoint,
        path: &str,
        take: &mut (impl FnMut(Page<T>) -> bool + Send),
    ) -> Result<Result<(), Gap>, CollectError> {
        let mut seen = BTreeSet::new();
        let mut next = Some(path.to_owned());
        while let Some(path) = next {
            if !seen.insert(path.clone()) || seen.len() > MOST_PAGES {
                let gap = Gap::new(Outcome::Partial, "its pages lead in a circle").remedy("try again");
                return Ok(Err(gap));
            }
            let page = match self.page(endpoint, &path).await? {
                Ok(page) => page,
                Err(gap) if seen.len() > 1 && !gap.none => {
                    return Ok(Err(Gap { outcome: Outcome::Partial, ..gap }));
                }
                Err(gap) => return Ok(Err(gap)),
            };
            next = page.next.clone();
            // The log always names a next page, where events may still come.
            let is_end = page.items.is_empty() && endpoint.file == LOG.file;
            if !take(page) || is_end {
                break;
            }
        }
        Ok(Ok(()))
    }

    async fn page<T: Item>(&self, endpoint: &Endpoint, path: &str) -> Result<Result<Page<T>, Gap>, CollectError> {
        if let Some(kept) = self.journal.as_ref().and_then(|journal| journal.get(path)) {
            return Ok(Ok(Page { items: kept.items, unread: None, next: kept.next }));
        }
        if let Credentials::ServiceApp(app) = &self.credentials
            && !app.has(endpoint.scope).await
        {
            let gap = Gap::new(Outcome::Refused, format!("the app does not have the scope {}", endpoint.scope));
            return Ok(Err(gap.remedy(format!("grant {} to the app", endpoint.scope))));
        }
        let answer = match self.ask(path).await? {
            Ok(answer) => answer,
            Err(error) => {
                let gap = Gap::new(Outcome::Failed, error.to_string());
                return Ok(Err(Gap { remedy: error.remedy().map(str::to_owned), ..gap }));
            }
        };
        if !answer.is_success() {
            return self.refusal(endpoint, &answer).map(Err);
        }
        let mut page: Page<T> = match page::read(answer.body.bytes(), endpoint.key) {
            Ok(page) => page,
            Err(why) => {
                let gap = Gap::new(Outcome::Failed, format!("the answer cannot be read: {why}"));
                return Ok(Err(gap.remedy("try again; a proxy may have answered in place of Okta")));
            }
        };
        let link = next_link(&answer).or(page.next.take());
        page.next = match link.map(|link| self.client.origin().path_of(&link)).transpose() {
            Ok(next) => next,
            Err(error) => {
                page.unread.get_or_insert((0, error.to_string()));
                None
            }
        };
        if let (Some(journal), None) = (&self.journal, &page.unread) {
            let items = journal.put(path, std::mem::take(&mut page.items), page.next.clone());
            page.items = items.map_err(|error| CollectError::failed("file of --okta-resume", error))?;
        }
        Ok(Ok(page))
    }

    /// Sends one request, with a fresh token where the old one ended, and once more with the nonce that Okta asks for.
    async fn ask(&self, path: &str) -> Result<Result<Response, HttpError>, CollectError> {
        let mut renew = false;
        let mut tries = 0;
        loop {
            tries += 1;
            self.pace.wait(path).await;
            let headers = match &self.credentials {
                Credentials::Token(token) => vec![("authorization", format!("SSWS {token}"))],
                Credentials::ServiceApp(app) => app.headers(&self.client, &self.clock, path, renew).await?,
            };
            let make =
                || headers.iter().try_fold(Request::get(path), |request, (name, value)| request.header(name, value));
            let answer = match self.client.send(make).await {
                Ok(answer) => answer,
                Err(error) => return Ok(Err(error)),
            };
            self.pace.learn(path, &answer);
            if let Credentials::ServiceApp(app) = &self.credentials
                && !renew
                && tries < MOST_TRIES
                && answer.status == 401
            {
                renew = !app.note_nonce(&answer).await;
                continue;
            }
            return Ok(Ok(answer));
        }
    }

    /// What an answer that is no success means.
    fn refusal(&self, endpoint: &Endpoint, answer: &Response) -> Result<Gap, CollectError> {
        let refused: Refused = serde_json::from_slice(answer.body.bytes()).unwrap_or_default();
        let code: String = refused.error_code.chars().filter(char::is_ascii_alphanumeric).take(12).collect();
        let summary: String = refused.error_summary.chars().filter(|letter| !letter.is_control()).take(160).collect();
        let detail = format!("{} {code} {summary}", answer.status).trim_end().replace("  ", " ");
        // E0000015: the feature is not switched on. E0000007: not found. E0000022: not supported.
        let is_missing = matches!(answer.status, 404 | 405) || code == "E0000015" || code == "E0000022";
        if is_missing && (endpoint.optional || (endpoint.is_nested() && answer.status == 404)) {
            let detail = format!("the organisation has none ({detail})");
            return Ok(Gap { none: true, ..Gap::new(Outcome::NotRead, detail) });
        }
        Ok(match answer.status {
            401 => {
                return Err(CollectError::refused("everything", format!("Okta does not accept the token: {detail}"))
                    .with_remedy(
                        "the token is wrong, expired or revoked: make a new one, and check the organisation's URL",
                    ));
            }
            403 => Gap::new(Outcome::Refused, detail).remedy(match &self.credentials {
                Credentials::Token(_) => "the user of the token needs an admin role that may read it".to_owned(),
                Credentials::ServiceApp(_) => {
                    format!("grant {} to the app, and give it an admin role that may read it", endpoint.scope)
                }
            }),
            429 => Gap::new(Outcome::Partial, "Okta's rate limit left no request for ten minutes")
                .remedy("try again when other clients ask less; --okta-resume FILE goes on from here"),
            status if status >= 500 => Gap::new(Outcome::Failed, detail).remedy("try again"),
            _ => Gap::new(Outcome::Failed, detail),
        })
    }
}

/// The next page by the `Link` headers (RFC 8288), of which Okta sends one for each relation.
fn next_link(answer: &Response) -> Option<String> {
    let links = answer.headers.get_all(http::header::LINK).iter().filter_map(|value| value.to_str().ok());
    links.flat_map(|header| header.split(", <")).find_map(|link| {
        let (target, parameters) = link.trim_start_matches('<').split_once('>')?;
        let is_next = parameters.split(';').any(|part| matches!(part.trim(), "rel=\"next\"" | "rel=next"));
        is_next.then(|| target.to_owned())
    })
}

fn credentials(login: &Login) -> Result<Credentials, CollectError> {
    match login {
        Login::Token(token) => Ok(Credentials::Token(token.trim().to_owned())),
        Login::ServiceApp { client_id, private_key, key_id } => {
            let key = SigningKey::parse(private_key).map_err(|why| CollectError::failed("private key", why))?;
            let app = ServiceApp::new(client_id.trim().to_owned(), key, key_id.clone());
            Ok(Credentials::ServiceApp(Box::new(app)))
        }
    }
}

/// The origin of an organisation's URL.
pub(super) fn origin(url: &str) -> Result<Origin, CollectError> {
    let origin = Origin::parse(url)
        .map_err(|error| CollectError::failed("organisation", error).with_remedy("--okta https://acme.okta.com"))?;
    let host = origin.host();
    if let Some((name, rest)) = host.split_once("-admin.okta") {
        let detail = format!("{host} is the address of the admin console");
        return Err(
            CollectError::failed("organisation", detail).with_remedy(format!("--okta https://{name}.okta{rest}"))
        );
    }
    Ok(origin)
}

fn unreachable(what: &str, error: &HttpError) -> CollectError {
    let failed = CollectError::failed(what, error);
    match error.remedy() {
        Some(remedy) => failed.with_remedy(remedy),
        None => failed,
    }
}
