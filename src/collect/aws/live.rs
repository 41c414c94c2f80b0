//! Collects one account from the IAM and STS APIs, with read calls only. It must not let one refused call cost what
//! another one gives.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_iam::types::EntityType;

use super::accessed;
use super::accounts::{Accounts, Member};
use super::arn::Account;
use super::client;
use super::convert;
use super::fetch;
use super::keys;
use super::live_report;
use super::members;
use super::records::{AUTHORIZATION, AUTHORIZATION_FACTS, CALL, Projection};
use super::refusal::{Refusal, Why};
use super::report::{self, ReportRow};
use super::site::{Origin, Site};
use super::thin::Thin;
use super::visits::{self, Searcher};
use super::{FACTS, NAME};
use crate::collect::{CollectError, Collector, Context, Sink};
use crate::model::{CoverageEntry, FactKind, Known, Outcome, Record};
use crate::secrets::DetectorSet;

/// Entities a page; the most that IAM gives.
const PAGE_SIZE: i32 = 1000;

/// Reads the account of a profile, or of the usual credential chain.
pub struct AwsLive {
    target: String,
    profile: Option<String>,
    config: Option<SdkConfig>,
    page_size: i32,
    report_patience: Duration,
    regions: Vec<String>,
    role: Option<String>,
    accounts: Option<Accounts>,
    at_once: usize,
    last_accessed: usize,
    detectors: Option<Arc<DetectorSet>>,
}

impl AwsLive {
    /// The account of `profile`; without one, of what the AWS CLI would use.
    pub fn new(profile: Option<String>) -> Self {
        let target =
            profile.as_ref().map_or_else(|| "default credentials".to_owned(), |name| format!("profile {name}"));
        Self {
            target,
            profile,
            config: None,
            page_size: PAGE_SIZE,
            report_patience: Duration::from_secs(120),
            regions: Vec::new(),
            role: None,
            accounts: None,
            at_once: fetch::AT_ONCE,
            last_accessed: 0,
            detectors: None,
        }
    }

    /// Asks the services of these regions; of none: of all that are switched on.
    #[must_use]
    pub fn regions(self, regions: Vec<String>) -> Self {
        Self { regions, ..self }
    }

    /// Reads the other active accounts of the organisation, too, through a role of this name in each.
    #[must_use]
    pub fn role(self, role: Option<String>) -> Self {
        Self { role, ..self }
    }

    /// Asks which services this many identities used: two calls each, those first that were used last.
    #[must_use]
    pub fn last_accessed(self, most: usize) -> Self {
        Self { last_accessed: most, ..self }
    }

    /// Reads these accounts through the role, each as a target of its own. Without them the organisation is one target.
    #[must_use]
    pub fn accounts(self, accounts: Option<Accounts>) -> Self {
        Self { accounts, ..self }
    }

    /// Searches text found on the way, such as environments of functions, for secrets.
    #[must_use]
    pub fn detectors(self, detectors: Arc<DetectorSet>) -> Self {
        Self { detectors: Some(detectors), ..self }
    }

    /// With a configuration that was made elsewhere.
    #[doc(hidden)]
    pub fn with_config(config: SdkConfig) -> Self {
        Self { config: Some(config), ..Self::new(None) }
    }

    /// Entities a page, for tests of paging.
    #[doc(hidden)]
    #[must_use]
    pub fn page_size(self, page_size: i32) -> Self {
        Self { page_size, ..self }
    }

    /// How many calls to services are under way at once, for servers of tests that take few.
    #[doc(hidden)]
    #[must_use]
    pub fn at_once(self, at_once: usize) -> Self {
        Self { at_once: at_once.max(1), ..self }
    }

    /// How long to wait for the credential report.
    #[doc(hidden)]
    #[must_use]
    pub fn report_patience(self, report_patience: Duration) -> Self {
        Self { report_patience, ..self }
    }
}

#[async_trait]
impl Collector for AwsLive {
    fn name(&self) -> &'static str {
        NAME
    }

    fn facts(&self) -> &'static [FactKind] {
        FACTS
    }

    fn targets(&self) -> Vec<String> {
        let Some(accounts) = &self.accounts else { return vec![self.target.clone()] };
        let home = accounts.home.then(|| self.target.clone());
        home.into_iter().chain(accounts.members.iter().map(|member| member.id.clone())).collect()
    }

    async fn collect(&self, target: &str, context: &Context, sink: &Sink) -> Result<(), CollectError> {
        let config = match &self.config {
            Some(config) => config.clone(),
            None => client::load(self.profile.as_deref()).await,
        };
        let account = caller(&client::sts(&config), &self.target).await?;
        let Some(role) = &self.role else { return self.account(config, account, context, sink).await };
        if let Some(accounts) = &self.accounts {
            return match accounts.members.iter().find(|member| member.id == target) {
                Some(member) => self.member(member, &config, &account, role, context, sink).await,
                None => self.account(config, account, context, sink).await,
            };
        }
        self.account(config.clone(), account.clone(), context, sink).await?;
        let home = Site { account: account.clone(), now: context.now };
        let members = match members::list(&config, &account).await {
            Ok(members) => members,
            Err(refusal) => {
                let action = "organizations:ListAccounts";
                let hole = refusal.hole(&home, "accounts of the organisation", action, FACTS);
                return sink.send(Record::Coverage(hole)).await;
            }
        };
        for member in &members {
            self.member(member, &config, &account, role, context, sink).await?;
        }
        Ok(())
    }
}

impl AwsLive {
    /// Enters an account through the role and reads it. Of our own there is nothing to enter.
    async fn member(
        &self,
        member: &Member,
        config: &SdkConfig,
        home: &Account,
        role: &str,
        context: &Context,
        sink: &Sink,
    ) -> Result<(), CollectError> {
        if member.id == home.id {
            return self.account(config.clone(), home.clone(), context, sink).await;
        }
        let account = Account { id: member.id.clone(), partition: home.partition.clone() };
        let site = Site { account: account.clone(), now: context.now };
        if !member.active {
            let detail = format!("the organisation shows the account as {}", member.state);
            return sink.send(Record::Coverage(site.hole("everything", Outcome::NotRead, detail))).await;
        }
        match members::enter(config, &account, role).await {
            Ok(config) => self.account(config, account, context, sink).await,
            Err(refusal) => {
                let hole = refusal.hole(&site, "everything", "sts:AssumeRole", FACTS);
                sink.send(Record::Coverage(hole)).await
            }
        }
    }

    /// Reads one account. What of it is refused is a hole; only the end of the scan is an error.
    async fn account(
        &self,
        config: SdkConfig,
        account: Account,
        context: &Context,
        sink: &Sink,
    ) -> Result<(), CollectError> {
        (context.progress)(&format!("account {account}"));
        let mut visit = Visit {
            iam: aws_sdk_iam::Client::new(&config),
            projection: Projection::new(Site { account, now: context.now }),
            sink: sink.clone(),
            context: context.clone(),
        };
        visit.cover(visit.projection.site.complete("caller identity", 1)).await?;
        let whole = visit.authorization(self.page_size).await?;
        let rows = visit.report(whole, self.report_patience).await?;
        visit.keys(rows, whole).await?;
        visit.oidc_providers().await?;
        visit.saml_providers().await?;
        visit.alias().await?;
        visit.services(config, self, whole).await
    }
}

/// Whose credentials these are.
pub(super) async fn caller(sts: &aws_sdk_sts::Client, target: &str) -> Result<Account, CollectError> {
    const WHAT: &str = "caller identity";
    let answer = sts.get_caller_identity().send().await.map_err(|error| {
        let refusal = Refusal::of(&error);
        let hole = match refusal.why {
            Why::Credentials => {
                CollectError::refused(WHAT, format!("no valid AWS credentials ({target}): {}", refusal.detail))
            }
            Why::Denied => CollectError::refused(WHAT, &refusal.detail),
            _ => CollectError::failed(WHAT, &refusal.detail),
        };
        hole.with_remedy(refusal.remedy("sts:GetCallerIdentity"))
    })?;
    answer.arn().and_then(Account::of_arn).ok_or_else(|| {
        CollectError::failed(WHAT, "the answer names no account")
            .with_remedy("is AWS_ENDPOINT_URL the endpoint you mean?")
    })
}

/// One visit to one account.
pub(super) struct Visit {
    pub(super) iam: aws_sdk_iam::Client,
    pub(super) projection: Projection,
    pub(super) sink: Sink,
    context: Context,
}

impl Visit {
    pub(super) async fn send(&self, records: Vec<Record>) -> Result<(), CollectError> {
        for record in records {
            self.sink.send(record).await?;
        }
        Ok(())
    }

    pub(super) async fn cover(&self, entry: CoverageEntry) -> Result<(), CollectError> {
        self.sink.send(Record::Coverage(entry)).await
    }

    /// Sends page by page; says whether all of them came.
    async fn authorization(&mut self, page_size: i32) -> Result<bool, CollectError> {
        let mut marker: Option<String> = None;
        let refusal = loop {
            let call = self.iam.get_account_authorization_details().set_filter(Some(everything())).max_items(page_size);
            let answer = match call.set_marker(marker.clone()).send().await {
                Ok(answer) => answer,
                Err(error) => break Refusal::of(&error),
            };
            let next = answer.marker().map(str::to_owned);
            let page = convert::authorization(answer);
            let records = self.projection.page(&page, &Origin::Api);
            self.send(records).await?;
            (self.context.progress)(&format!("{} IAM entities", self.projection.count));
            match (page.is_truncated, next) {
                (false, _) => return self.authorization_end().await,
                (true, Some(next)) if marker.as_ref() != Some(&next) => marker = Some(next),
                (true, _) => break Refusal::broken("the answer says that more follow but not where"),
            }
        };
        let mut hole = refusal.hole(&self.projection.site, AUTHORIZATION, CALL, AUTHORIZATION_FACTS);
        if marker.is_some() || self.projection.count > 0 {
            hole.outcome = Outcome::Partial;
        }
        self.cover(hole.count(self.projection.count)).await?;
        Ok(false)
    }

    async fn authorization_end(&self) -> Result<bool, CollectError> {
        let Some((outcome, detail)) = self.projection.fault() else {
            self.send(self.projection.end()).await?;
            return Ok(true);
        };
        let hole = self.projection.site.hole(AUTHORIZATION, outcome, detail).count(self.projection.count);
        let remedy = "run it again; if AWS_ENDPOINT_URL is set, is it the endpoint you mean?";
        self.cover(hole.blinds(AUTHORIZATION_FACTS).remedy(remedy)).await?;
        Ok(false)
    }

    /// Asks every service that the table of calls names.
    async fn services(&self, config: SdkConfig, live: &AwsLive, whole: bool) -> Result<(), CollectError> {
        let (regions, detectors) = (&live.regions, live.detectors.as_deref());
        let site = &self.projection.site;
        let thin = Thin::new(config, &site.account.partition);
        let asked = if regions.is_empty() { fetch::regions(&thin).await } else { Ok(regions.to_vec()) };
        let (regions, entry) = match asked {
            Ok(regions) if !regions.is_empty() => {
                let entry = site.complete("regions", regions.len() as u64);
                (regions, entry)
            }
            Ok(_) => (vec![thin.region()], site.complete("regions", 1)),
            Err(refusal) => {
                let blinds = [FactKind::Workloads, FactKind::Settings];
                (vec![thin.region()], refusal.hole(site, "regions", "ec2:DescribeRegions", &blinds).count(1))
            }
        };
        self.cover(entry).await?;
        let of_certificates = self.projection.certificates.keys().filter(|user| !user.starts_with('<')).cloned();
        let users =
            fetch::Users { of_git: self.projection.git_users(whole), of_certificates: of_certificates.collect() };
        // An endpoint of one's own is an emulator or a proxy, which takes fewer calls at once than AWS.
        let at_once = if thin.has_own_endpoint() { live.at_once.min(4) } else { live.at_once };
        let mut fetched = fetch::all(&thin, &regions, &users, at_once, self.context.progress.as_ref()).await;
        let whom = self.projection.most_used(live.last_accessed);
        accessed::all(&thin, &whom, at_once.min(keys::AT_ONCE), &mut fetched).await;
        let searcher = Searcher { detectors, context: &self.context };
        self.send(visits::records(&fetched.answers, &fetched.failures, &self.projection, &searcher)).await?;
        self.cover(site.complete("calls to services", fetched.calls as u64)).await
    }

    /// Gets the credential report and sends what it says besides access keys. Gives its rows back by user.
    async fn report(&mut self, whole: bool, patience: Duration) -> Result<Option<Vec<ReportRow>>, CollectError> {
        const WHAT: &str = "credential report";
        let blinds = [FactKind::Usage, FactKind::Credentials];
        let bytes = match live_report::fetch(&self.iam, patience).await {
            Ok(bytes) => bytes,
            Err((action, refusal)) => {
                self.cover(refusal.hole(&self.projection.site, WHAT, action, &blinds)).await?;
                return Ok(None);
            }
        };
        let (mut rows, fault) = report::parse(&bytes);
        let count = rows.len() as u64;
        // The report may be four hours old: a user that is not among all users any more is gone.
        rows.retain(|row| row.is_root() || !whole || self.projection.users.contains_key(&row.user));
        for row in &rows {
            self.projection.note_certificates(row);
            self.send(self.projection.report_row(row, &Origin::Api)).await?;
        }
        self.send(self.projection.beside_report(rows.iter().map(|row| &row.user))).await?;
        self.send(self.projection.without_root(rows.iter()).into_iter().collect()).await?;
        let site = &self.projection.site;
        self.cover(match fault {
            None => site.complete(WHAT, count),
            Some(fault) => {
                let detail = format!("line {} of the report: {}", fault.line, fault.detail);
                site.hole(WHAT, Outcome::Partial, detail).count(count).blinds(&blinds).remedy("run it again")
            }
        })
        .await?;
        Ok(Some(rows))
    }
}

fn everything() -> Vec<EntityType> {
    vec![
        EntityType::User,
        EntityType::Group,
        EntityType::Role,
        EntityType::LocalManagedPolicy,
        EntityType::AwsManagedPolicy,
    ]
}

/// A moment of an answer; absent where the answer leaves it out.
pub(super) fn last_use(moment: Option<&aws_smithy_types::DateTime>) -> Known<jiff::Timestamp> {
    convert::moment(moment).map_or(Known::Absent, |text| super::site::time(Some(&text)))
}
