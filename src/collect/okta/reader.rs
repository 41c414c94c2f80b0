//! Asks for one thing after another, from a folder or from Okta, and keeps account of what was read and what was not.
//! It must not make records of what it reads.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::endpoint::{AGENT_SECRETS, ALL, Endpoint};
use super::export::Export;
#[cfg(feature = "okta")]
use super::live::Session;
use super::{NAME, page::Page};
use crate::collect::CollectError;
use crate::model::{CoverageEntry, Known, Outcome};

/// How often a nested thing is asked for in vain before it is taken as refused for all parents.
const REFUSALS: u64 = 3;

/// Something that is read from Okta's answers.
pub(super) trait Item: DeserializeOwned + Serialize + Send {}
impl<T: DeserializeOwned + Serialize + Send> Item for T {}

/// Why something was not read.
#[derive(Clone, Debug)]
pub(super) struct Gap {
    pub(super) outcome: Outcome,
    pub(super) detail: String,
    pub(super) remedy: Option<String>,
    /// The organisation has no such thing at all: no hole.
    pub(super) none: bool,
}

impl Gap {
    pub(super) fn new(outcome: Outcome, detail: impl Into<String>) -> Self {
        Self { outcome, detail: detail.into(), remedy: None, none: false }
    }

    pub(super) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

/// Where answers come from.
pub(super) enum Source {
    /// A folder of exported answers.
    Export(Export),
    /// The organisation itself.
    #[cfg(feature = "okta")]
    Live(Box<Session>),
}

/// What is known of one endpoint so far.
#[derive(Default)]
struct Account {
    asked: u64,
    read: u64,
    unread: u64,
    gaps: u64,
    answered: u64,
    gap: Option<Gap>,
    /// A page is missing.
    is_cut: bool,
}

/// Reads, and keeps account.
pub(super) struct Reader {
    source: Source,
    tenant: String,
    accounts: Mutex<BTreeMap<&'static str, Account>>,
}

impl Reader {
    pub(super) fn new(source: Source, tenant: String) -> Self {
        Self { source, tenant, accounts: Mutex::default() }
    }

    pub(super) fn source(&self) -> &Source {
        &self.source
    }

    fn accounts(&self) -> MutexGuard<'_, BTreeMap<&'static str, Account>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that an endpoint lists; absent where the organisation has no such thing. Of a list that was read in part
    /// this is the part: its hole says what the rest makes unknown.
    ///
    /// # Errors
    /// Only when nothing more can be read at all.
    pub(super) async fn list<T: Item>(&self, endpoint: &Endpoint, parent: &str) -> Result<Known<Vec<T>>, CollectError> {
        Ok(match self.part(endpoint, parent).await? {
            (all, Known::Unknown(_)) if !all.is_empty() => Known::Value(all),
            (all, known) => known.map(|()| all),
        })
    }

    /// As [`Self::list`], with why it is not all.
    ///
    /// # Errors
    /// Only when nothing more can be read at all.
    pub(super) async fn part<T: Item>(
        &self,
        endpoint: &Endpoint,
        parent: &str,
    ) -> Result<(Vec<T>, Known<()>), CollectError> {
        let mut all = Vec::new();
        let path = endpoint.path_of(parent);
        let known = self.pages(endpoint, parent, &path, |page: Vec<T>| {
            all.extend(page);
            true
        });
        let known = known.await?;
        Ok((all, known))
    }

    /// As [`Self::list`], page by page, for as long as `take` wants more.
    ///
    /// # Errors
    /// Only when nothing more can be read at all.
    pub(super) async fn pages<T: Item>(
        &self,
        endpoint: &Endpoint,
        parent: &str,
        path: &str,
        mut take: impl FnMut(Vec<T>) -> bool + Send,
    ) -> Result<Known<()>, CollectError> {
        {
            let mut accounts = self.accounts();
            let account = accounts.entry(endpoint.file).or_default();
            account.asked += 1;
            // What was refused time and again for some will be refused for the others.
            if let (Some(gap), true) = (&account.gap, account.gaps >= REFUSALS && account.answered == 0) {
                let why = Known::Unknown(format!("{}: {}", endpoint.what, gap.detail));
                account.gaps += 1;
                return Ok(why);
            }
        }
        let mut take = |page: Page<T>| {
            let mut accounts = self.accounts();
            let account = accounts.entry(endpoint.file).or_default();
            account.read += page.items.len() as u64;
            if let Some((count, first)) = page.unread {
                account.unread += count;
                let detail = match count {
                    0 => first,
                    count => format!("{count} of its objects cannot be read; the first: {first}"),
                };
                account.is_cut |= count == 0;
                account.gap.get_or_insert_with(|| Gap::new(Outcome::Partial, detail));
            }
            take(page.items)
        };
        let end = match &self.source {
            Source::Export(export) => export.pages(endpoint, parent, &mut take),
            #[cfg(feature = "okta")]
            Source::Live(session) => session.pages(endpoint, path, &mut take).await?,
        };
        let _ = path;
        let mut accounts = self.accounts();
        let account = accounts.entry(endpoint.file).or_default();
        Ok(match end {
            Ok(()) => {
                account.answered += 1;
                match &account.gap {
                    Some(gap) if (account.unread > 0 || account.is_cut) && !endpoint.is_nested() => {
                        Known::Unknown(format!("{}: {}", endpoint.what, gap.detail))
                    }
                    _ => Known::Value(()),
                }
            }
            Err(gap) => {
                account.gaps += 1;
                let known =
                    if gap.none { Known::Absent } else { Known::Unknown(format!("{}: {}", endpoint.what, gap.detail)) };
                account.gap.get_or_insert(gap);
                known
            }
        })
    }

    /// Notes that something was read only so far.
    pub(super) fn cut(&self, endpoint: &Endpoint, detail: String) {
        let mut accounts = self.accounts();
        let account = accounts.entry(endpoint.file).or_default();
        account.gaps += 1;
        account.gap.get_or_insert(Gap::new(Outcome::Partial, detail));
    }

    /// What was read of each endpoint, and what was not.
    pub(super) fn coverage(&self) -> Vec<CoverageEntry> {
        let accounts = self.accounts();
        let of = |endpoint: &'static Endpoint| accounts.get(endpoint.file).map(|account| (endpoint, account));
        let mut entries: Vec<CoverageEntry> =
            ALL.iter().filter_map(of).map(|(endpoint, account)| self.entry(endpoint, account)).collect();
        match &self.source {
            Source::Export(export) => entries.extend(export.others(&self.tenant)),
            #[cfg(feature = "okta")]
            Source::Live(_) => {}
        }
        entries
    }

    fn entry(&self, endpoint: &'static Endpoint, account: &Account) -> CoverageEntry {
        let complete = CoverageEntry::complete(NAME, &self.tenant, endpoint.what, account.read);
        let Some(gap) = &account.gap else { return complete };
        if gap.none && account.gaps == account.asked {
            return CoverageEntry { outcome: Outcome::NotRead, detail: Some(gap.detail.clone()), ..complete };
        }
        if gap.none {
            return complete;
        }
        let outcome = if account.answered > 0 { Outcome::Partial } else { gap.outcome };
        let detail = if account.asked > 1 && account.gaps > 0 {
            format!("{} of {} could not be read: {}", account.gaps, account.asked, gap.detail)
        } else {
            gap.detail.clone()
        };
        let outcome = if gap.outcome == Outcome::NotRead { Outcome::NotRead } else { outcome };
        // Only what some parent was listed for is asked at all, so that a missing file hides something; a refusal is another
        // thing. Secrets of agents stand in no description of the API: nobody can be expected to have that file.
        let is_spared = endpoint.file == AGENT_SECRETS.file && outcome == Outcome::NotRead;
        let blinds = if is_spared { &[] } else { endpoint.blinds };
        // What blinds no class of facts is a hole by its outcome alone.
        let is_silent = endpoint.optional && endpoint.is_nested() && blinds.is_empty() && !is_spared;
        let outcome = if is_silent && outcome == Outcome::NotRead { Outcome::Partial } else { outcome };
        let mut entry =
            CoverageEntry::hole(NAME, &self.tenant, endpoint.what, outcome, detail).count(account.read).blinds(blinds);
        entry.remedy = gap.remedy.clone();
        entry
    }
}
