//! The walk through an organisation: what is asked, in which order, and for whom. It decides what is worth a request.

mod agents;
mod apps;
mod people;
mod policies;

use futures::future::join_all;

use super::answer::{App, LogEvent};
use super::endpoint::{
    AGENT_POOLS, APPS, DEVICE_ASSURANCES, EVENT_HOOKS, LOG, LOG_STREAMS, OKTA_SERVICE_ACCOUNTS, SERVICE_ACCOUNTS, ZONES,
};
use super::hints::Hints;
use super::reader::{Reader, Source};
#[cfg(feature = "okta")]
use super::records::TOKEN_EVENTS;
use super::records::{Directory, Log, Posture, RoleBook, Site, directory_agents, posture, service_account};
use crate::collect::{CollectError, Sink};
use crate::model::{Known, Record};

/// How many requests are under way at once. Okta allows 35 to 75 for a whole organisation, which others use too.
const AT_ONCE: usize = 4;
/// How many days of the log are kept by Okta.
#[cfg(feature = "okta")]
const LOG_DAYS: i64 = 90;
/// How many pages of a thousand events are read of the log, newest first.
const LOG_PAGES: usize = 100;

/// The walk and what it has learnt so far.
pub(super) struct Walk<'a> {
    pub(super) site: &'a Site<'a>,
    pub(super) hints: &'a Hints,
    pub(super) sink: &'a Sink,
    people: Directory,
    book: RoleBook,
    log: Log,
    everyone: Known<String>,
    /// What people prove themselves by, of those who were asked about so far.
    factors: apps::Factors,
}

impl<'a> Walk<'a> {
    pub(super) fn new(site: &'a Site<'a>, hints: &'a Hints, sink: &'a Sink) -> Self {
        Self {
            site,
            hints,
            sink,
            people: Directory::default(),
            book: RoleBook::default(),
            log: Log::default(),
            everyone: Known::Absent,
            factors: apps::Factors::new(),
        }
    }

    fn reader(&self) -> &'a Reader {
        self.site.reader
    }

    async fn send(&self, records: Vec<Record>) -> Result<(), CollectError> {
        for record in records {
            self.sink.send(record).await?;
        }
        Ok(())
    }

    /// Says how many requests are to come, for the estimate of a live run.
    #[cfg_attr(not(feature = "okta"), allow(unused_variables, reason = "files are not asked one by one"))]
    fn expect(&self, requests: usize) {
        match self.reader().source() {
            Source::Export(_) => {}
            #[cfg(feature = "okta")]
            Source::Live(session) => session.expect(requests),
        }
    }

    /// Goes through everything. What was sent before an error stays sent.
    pub(super) async fn all(mut self) -> Result<(), CollectError> {
        self.users().await?;
        self.roles_and_tokens().await?;
        self.read_log().await?;
        self.settings().await?;
        let apps: Vec<App> = match self.reader().list::<App>(&APPS, "").await? {
            Known::Value(apps) => apps.into_iter().filter(|app| app.status != "DELETED").collect(),
            _ => Vec::new(),
        };
        let agents = self.list_agents().await?;
        self.integrations().await?;
        self.accounts().await?;
        let read = self.read_apps(apps, &agents).await?;
        self.send_agents(agents, &read).await?;
        self.policies(&read).await?;
        self.servers().await
    }

    /// Vaulted accounts and directory agents.
    async fn accounts(&self) -> Result<(), CollectError> {
        for endpoint in [&SERVICE_ACCOUNTS, &OKTA_SERVICE_ACCOUNTS] {
            if let Known::Value(accounts) = self.reader().list(endpoint, "").await? {
                let records =
                    accounts.iter().map(|one| service_account(self.site, one, endpoint, &self.people)).collect();
                self.send(records).await?;
            }
        }
        if let Known::Value(pools) = self.reader().list(&AGENT_POOLS, "").await? {
            self.send(pools.iter().map(|pool| directory_agents(self.site, pool)).collect()).await?;
        }
        Ok(())
    }

    async fn settings(&self) -> Result<(), CollectError> {
        let reader = self.reader();
        let posture_of = Posture {
            streams: reader.list(&LOG_STREAMS, "").await?,
            hooks: reader.list(&EVENT_HOOKS, "").await?,
            zones: reader.list(&ZONES, "").await?,
            devices: reader.list(&DEVICE_ASSURANCES, "").await?,
        };
        self.send(posture(self.site, &posture_of)).await
    }

    async fn read_log(&mut self) -> Result<(), CollectError> {
        let mut log = Log::default();
        let mut pages = 0;
        let (path, since) = self.log_path();
        log.horizon = since;
        let read = self.reader().pages(&LOG, "", &path, |events: Vec<LogEvent>| {
            log.add(&events);
            pages += 1;
            pages < LOG_PAGES
        });
        let known = read.await?;
        match known {
            Known::Value(()) if pages >= LOG_PAGES => {
                let why = format!("only the newest {} events were read", LOG_PAGES * 1000);
                log.gap = Some(why.clone());
                self.reader().cut(&LOG, why);
            }
            Known::Value(()) => log.close(),
            Known::Absent => log.horizon = None,
            Known::Unknown(why) => {
                log.gap = Some(why);
                log.horizon = None;
            }
        }
        self.log = log;
        Ok(())
    }

    /// The query of the log and the time it begins at. The time is that of a day's beginning, so that a run that goes on
    /// asks the same.
    fn log_path(&self) -> (String, Option<jiff::Timestamp>) {
        match self.reader().source() {
            Source::Export(_) => (LOG.path.to_owned(), None),
            #[cfg(feature = "okta")]
            Source::Live(session) => {
                let now = session.now().as_second();
                let day = 86_400;
                let since = jiff::Timestamp::from_second((now / day - LOG_DAYS) * day).ok();
                let filter: Vec<String> =
                    TOKEN_EVENTS.iter().map(|event| format!("eventType%20eq%20%22{event}%22")).collect();
                let text = since.map(|since| since.to_string()).unwrap_or_default();
                let path = format!(
                    "{}?since={text}&limit=1000&sortOrder=DESCENDING&filter={}",
                    LOG.path,
                    filter.join("%20or%20")
                );
                (path, since)
            }
        }
    }
}

/// Runs something for each of many, some at once, and keeps the order.
async fn each<T, R, F>(many: &[T], run: impl Fn(usize) -> F) -> Result<Vec<R>, CollectError>
where
    F: Future<Output = Result<R, CollectError>>,
{
    let mut results = Vec::with_capacity(many.len());
    for start in (0..many.len()).step_by(AT_ONCE) {
        let batch = (start..many.len().min(start + AT_ONCE)).map(&run);
        for result in join_all(batch).await {
            results.push(result?);
        }
    }
    Ok(results)
}
