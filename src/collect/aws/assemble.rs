//! Puts the files of one account together: which part says what, and which parts are missing. It must not read files.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::answer::Answer;
use super::contradictions::{self, one_a_key};
use super::credentials::pair;
use super::export::{AccessKey, AccessKeys, Authorization, KeyLastUsed, LISTS, OidcProvider, SamlProvider};
use super::gaps;
use super::left_out;
use super::parts::{Part, ServiceFile};
use super::records::{AUTHORIZATION, AUTHORIZATION_FACTS, Projection};
use super::report::ReportRow;
use super::site::{Origin, Site, some_of, time};
use super::visits::{self, Searcher};
use crate::collect::{CollectError, Sink};
use crate::model::{FactKind, IdentityKind, Known, Outcome, Record};

/// How old a credential report may be for its last uses to count as those of today.
const REPORT_OF_TODAY: SignedDuration = SignedDuration::from_hours(7 * 24);

/// All that was found of one account.
pub(super) struct Assembly {
    projection: Projection,
    pages: Vec<(Authorization, Origin)>,
    /// Rows by user; of several reports the first by file name counts.
    rows: BTreeMap<String, (ReportRow, Origin)>,
    reports: usize,
    /// When a report was made that does not know the last uses any more.
    old_report: Option<Timestamp>,
    listings: Vec<(AccessKeys, Origin)>,
    used: Vec<(KeyLastUsed, Origin)>,
    oidc: BTreeMap<String, Origin>,
    oidc_details: Vec<(OidcProvider, Origin)>,
    oidc_lists: usize,
    /// By ARN.
    saml: BTreeMap<String, (SamlProvider, Origin)>,
    saml_lists: usize,
    aliases: Option<Vec<String>>,
    answers: Vec<Answer>,
}

impl Assembly {
    /// Nothing found yet.
    pub(super) fn new(site: Site) -> Self {
        Self {
            projection: Projection::new(site),
            pages: Vec::new(),
            rows: BTreeMap::new(),
            reports: 0,
            old_report: None,
            listings: Vec::new(),
            used: Vec::new(),
            oidc: BTreeMap::new(),
            oidc_details: Vec::new(),
            oidc_lists: 0,
            saml: BTreeMap::new(),
            saml_lists: 0,
            aliases: None,
            answers: Vec::new(),
        }
    }

    /// Takes the content of one file.
    pub(super) fn add(&mut self, part: Part, origin: Origin) {
        match part {
            Part::Authorization(page) => self.pages.push((page, origin)),
            Part::Report(rows, made) => {
                self.reports += 1;
                let age = made.value().map(|made| self.projection.site.now.duration_since(*made));
                let is_old = age.is_some_and(|age| age > REPORT_OF_TODAY);
                if is_old {
                    self.old_report = made.value().copied();
                }
                for row in rows {
                    let row = if is_old { row.without_uses() } else { row };
                    self.rows.entry(row.user.clone()).or_insert_with(|| (row, origin.clone()));
                }
            }
            Part::AccessKeys(keys) => self.listings.push((keys, origin)),
            Part::KeyLastUsed(used) => self.used.push((used, origin)),
            Part::OidcProviders(list) => {
                self.oidc_lists += 1;
                self.oidc.extend(list.providers.items.into_iter().map(|provider| (provider.arn, origin.clone())));
            }
            Part::OidcProvider(detail) => self.oidc_details.push((detail, origin)),
            Part::SamlProviders(list) => {
                self.saml_lists += 1;
                let providers = list.providers.items.into_iter();
                self.saml.extend(providers.map(|provider| (provider.arn.clone(), (provider, origin.clone()))));
            }
            Part::Aliases(aliases) => self.aliases = Some(aliases.names),
            Part::Caller(_) => {}
            Part::Service(ServiceFile { call, region, items, value }) => {
                self.answers.push(Answer { call, region, items, value, origin });
            }
        }
    }

    /// Sends every record of the account, and what of it is missing. What nobody asked for, since it was found in a tree,
    /// may leave things out.
    ///
    /// # Errors
    /// When the scan is over.
    pub(super) fn send(mut self, is_found: bool, searcher: &Searcher<'_>, sink: &Sink) -> Result<(), CollectError> {
        let send = |records: Vec<Record>| records.into_iter().try_for_each(|record| sink.send_blocking(record));
        let told = |mut record: Record| {
            if let (true, Record::Coverage(entry)) = (is_found, &mut record) {
                entry.blinds.clear();
                entry.kinds.clear();
            }
            record
        };
        let pages = std::mem::take(&mut self.pages);
        let coverage = self.authorization_coverage(&pages);
        let twice = contradictions::of(&pages, &self.projection.site);
        for (page, origin) in pages {
            send(self.projection.page(&page, &origin))?;
        }
        send(self.authorization_summary(coverage))?;
        send(twice.into_iter().collect())?;
        send(self.report())?;
        send(self.keys())?;
        send(self.providers().into_iter().map(told).collect())?;
        send(self.alias())?;
        let missing = gaps::of(&self.answers);
        send(visits::records(&self.answers, &missing, &self.projection, searcher))?;
        send(left_out::entries(&self.answers, &self.projection).into_iter().map(Record::Coverage).map(told).collect())
    }

    fn authorization_coverage(&self, pages: &[(Authorization, Origin)]) -> Pages {
        let open = pages.iter().filter(|(page, _)| page.has_more()).count();
        match (pages.len(), open) {
            (0, _) => Pages::None,
            (all, open) if open == all => Pages::Truncated,
            _ => Pages::All,
        }
    }

    fn authorization_summary(&self, pages: Pages) -> Vec<Record> {
        let Some((outcome, detail)) = (match pages {
            Pages::None => Some((Outcome::NotRead, "no file has them".to_owned())),
            Pages::Truncated => {
                let detail = "every page says that more follow (IsTruncated or NextToken), so the last is missing";
                Some((Outcome::Partial, detail.to_owned()))
            }
            Pages::All => self.projection.fault(),
        }) else {
            return self.filtered().unwrap_or_else(|| self.projection.end());
        };
        let hole = self.projection.site.hole(AUTHORIZATION, outcome, detail).count(self.projection.count);
        let remedy = "export all pages: aws iam get-account-authorization-details > iam.json \
             (without --max-items, --no-paginate and --filter)";
        vec![Record::Coverage(hole.blinds(AUTHORIZATION_FACTS).remedy(remedy))]
    }

    /// What pages tell that lack a list, or have no role, of which every account has some: somebody filtered them.
    fn filtered(&self) -> Option<Vec<Record>> {
        let Projection { site, lists, roles, count, .. } = &self.projection;
        let missing: Vec<&str> = LISTS.into_iter().filter(|name| !lists.contains(name)).collect();
        let detail = match missing.as_slice() {
            [] if *roles > 0 => return None,
            [] => "no role is in them, and every account has some (AWSServiceRoleForSupport)".to_owned(),
            missing => format!("no page has {}", missing.join(", ")),
        };
        let only_roles = missing.iter().all(|name| *name == "RoleDetailList");
        let kinds = only_roles.then_some(IdentityKind::AwsRole.as_str());
        let hole = site.hole(AUTHORIZATION, Outcome::Partial, format!("{detail}: they were filtered")).count(*count);
        let remedy = "export all of it: aws iam get-account-authorization-details > iam.json (without --filter)";
        let hole = hole.blinds(AUTHORIZATION_FACTS).of_kinds(kinds).remedy(remedy);
        let mut out = self.projection.end();
        out.retain(|record| !matches!(record, Record::Coverage(entry) if entry.what == AUTHORIZATION));
        out.push(Record::Coverage(hole));
        Some(out)
    }

    fn report(&self) -> Vec<Record> {
        const WHAT: &str = "credential report";
        let site = &self.projection.site;
        if self.reports == 0 {
            let hole =
                site.hole(WHAT, Outcome::NotRead, "no file has it").blinds(&[FactKind::Usage, FactKind::Credentials]);
            return vec![Record::Coverage(hole.remedy(
                "add it: aws iam generate-credential-report, then aws iam get-credential-report > report.json",
            ))];
        }
        let rows = self.rows.values().flat_map(|(row, origin)| self.projection.report_row(row, origin));
        let mut out: Vec<Record> = rows.collect();
        out.extend(self.projection.beside_report(self.rows.keys()));
        out.extend(self.projection.without_root(self.rows.values().map(|(row, _)| row)));
        out.push(Record::Coverage(match self.old_report {
            None => site.complete(WHAT, self.rows.len() as u64),
            Some(made) => {
                let detail = format!("it is of {}, so that later uses are not in it", made.strftime("%Y-%m-%d"));
                let hole = site.hole(WHAT, Outcome::Partial, detail).count(self.rows.len() as u64);
                let remedy = "have it made again: aws iam generate-credential-report, then get-credential-report";
                hole.blinds(&[FactKind::Usage]).remedy(remedy)
            }
        }));
        out
    }

    fn keys(&mut self) -> Vec<Record> {
        let mut listed: BTreeMap<String, (Vec<AccessKey>, Origin)> = BTreeMap::new();
        // A list without keys does not say whose it is: it may be that of any user who is in no other.
        let empty = self.listings.iter().filter(|(listing, _)| listing.keys.items.is_empty()).count();
        let cut = self.listings.iter().any(|(listing, _)| listing.is_truncated || listing.next_token.is_some());
        let (keys, contradictions) = one_a_key(std::mem::take(&mut self.listings));
        let ids: BTreeSet<String> = keys.keys().cloned().collect();
        for (key, origin) in keys.into_values() {
            listed.entry(key.user.clone()).or_insert_with(|| (Vec::new(), origin)).0.push(key);
        }
        // Nobody can list the root user's keys: the report is all there is.
        let rows = || self.rows.values().map(|(row, _)| row).filter(|row| !row.is_root());
        let everyone = || self.projection.users.keys().cloned().chain(rows().map(|row| row.user.clone()));
        let is_today = self.reports > 0 && self.old_report.is_none();
        let expected: BTreeSet<String> = match is_today {
            true => rows().filter(|row| !row.keys().is_empty()).map(|row| row.user.clone()).collect(),
            false => everyone().collect(),
        };
        let mut unlisted: Vec<String> = expected.into_iter().filter(|user| !listed.contains_key(user)).collect();
        if !is_today && unlisted.len() <= empty {
            unlisted.clear();
        }
        let mut out = vec![Record::Coverage(self.key_coverage(&ids, cut, &unlisted))];
        out.extend(self.contradiction(&contradictions));
        let mut taken = BTreeSet::new();
        let users: BTreeSet<String> = self.rows.keys().chain(listed.keys()).cloned().collect();
        for user in users {
            let (keys, listing) = listed.remove(&user).unzip();
            let is_only = keys.as_ref().is_some_and(|keys| keys.len() == 1);
            let (row, report) = self.rows.get(&user).map(|(row, origin)| (row, origin)).unzip();
            let holder = self.projection.user_arn(&user, row);
            let Some(anywhere) = listing.as_ref().or(report) else { continue };
            for mut key in pair(keys, row) {
                key.used = key.listed.as_ref().and_then(|listed| self.last_use(listed, is_only, &mut taken));
                let (listing, report) = (listing.as_ref().unwrap_or(anywhere), report.unwrap_or(anywhere));
                out.extend(self.projection.key(&holder, &key, listing, report));
            }
        }
        out.extend(self.last_use_coverage(&taken));
        out
    }

    /// What `get-access-key-last-used` says of a key. The answer names the user and not the key, so the file's name must
    /// name it, unless the user has but one.
    fn last_use(
        &self,
        key: &AccessKey,
        is_only: bool,
        taken: &mut BTreeSet<usize>,
    ) -> Option<(Known<Timestamp>, Origin)> {
        let names = |origin: &Origin| matches!(origin, Origin::File(file) if file.contains(&key.id));
        let mut answers = self.used.iter().enumerate().filter(|(_, (used, _))| used.user == key.user);
        let (position, (used, origin)) = answers.find(|(_, (_, origin))| is_only || names(origin))?;
        taken.insert(position);
        let last = used.used.date.as_ref().map_or(Known::Absent, |date| time(Some(date)));
        Some((last, origin.clone()))
    }

    fn last_use_coverage(&self, taken: &BTreeSet<usize>) -> Option<Record> {
        const WHAT: &str = "access key last use";
        let site = &self.projection.site;
        let lost: Vec<String> = (0..)
            .zip(&self.used)
            .filter(|(position, _)| !taken.contains(position))
            .map(|(_, (used, _))| used.user.clone())
            .collect();
        let entry = match (self.used.len(), lost.len()) {
            (0, _) => return None,
            (all, 0) => site.complete(WHAT, all as u64),
            (_, lost_count) => {
                let detail =
                    format!("{lost_count} answers do not tell which key they are of (users {})", some_of(&lost));
                let remedy = "list the keys too, and name each file after its key id, such as last-used-AKIA….json";
                let hole = site.hole(WHAT, Outcome::Partial, detail).count(taken.len() as u64);
                hole.blinds(&[FactKind::Usage]).remedy(remedy)
            }
        };
        Some(Record::Coverage(entry))
    }

    fn key_coverage(&self, ids: &BTreeSet<String>, cut: bool, unlisted: &[String]) -> crate::model::CoverageEntry {
        const WHAT: &str = "access keys";
        let site = &self.projection.site;
        let remedy = "add them: aws iam list-access-keys --user-name NAME > keys-NAME.json, for each user";
        let (outcome, detail) = match (cut, ids.is_empty(), unlisted.len()) {
            (true, ..) => (Outcome::Partial, "a list says that more follow".to_owned()),
            (_, _, count) if count > 0 && self.old_report.is_some() => {
                let made = self.old_report.map(|made| made.strftime("%Y-%m-%d").to_string()).unwrap_or_default();
                let who = some_of(unlisted);
                let detail = format!(
                    "the credential report is of {made} and does not know keys made since, and none are listed for \
                     {count} users: {who}"
                );
                (Outcome::Partial, detail)
            }
            (_, true, count) if count > 0 || !self.users_known() => {
                (Outcome::NotRead, "no file lists them, so their ids are not known".to_owned())
            }
            (_, _, 0) => return site.complete(WHAT, ids.len() as u64),
            (_, _, count) => (
                Outcome::NotRead,
                format!("not listed for {count} users who have or may have some: {}", some_of(unlisted)),
            ),
        };
        site.hole(WHAT, outcome, detail).count(ids.len() as u64).blinds(&[FactKind::Credentials]).remedy(remedy)
    }

    /// Whether any file says which users there are, so that none may have keys.
    fn users_known(&self) -> bool {
        self.reports > 0 || self.projection.actors > 0
    }

    /// Keys of which two files say different things: neither can be trusted.
    fn contradiction(&self, contradictions: &[String]) -> Option<Record> {
        let remedy = "keep the newest export of each list only";
        let hole = self.projection.site.hole("access key lists", Outcome::Partial, some_of(contradictions));
        (!contradictions.is_empty()).then(|| Record::Coverage(hole.blinds(&[FactKind::Credentials]).remedy(remedy)))
    }

    fn providers(&self) -> Vec<Record> {
        let site = &self.projection.site;
        let mut arns = self.oidc.clone();
        let mut details = BTreeMap::new();
        for (detail, origin) in &self.oidc_details {
            let host = detail.url.trim_start_matches("https://");
            let arn = site.account.iam_arn(&format!("oidc-provider/{host}"));
            arns.entry(arn.clone()).or_insert_with(|| origin.clone());
            details.insert(arn, detail);
        }
        let mut out: Vec<Record> =
            arns.iter().map(|(arn, origin)| site.oidc_provider(arn, details.get(arn).copied(), origin)).collect();
        let saml = self.saml.iter();
        out.extend(saml.map(|(_, (provider, origin))| site.saml_provider(provider, origin)));
        let lists = [
            (
                "OIDC providers",
                IdentityKind::AwsOidcProvider,
                self.oidc_lists,
                arns.len(),
                "list-open-id-connect-providers",
            ),
            ("SAML providers", IdentityKind::AwsSamlProvider, self.saml_lists, self.saml.len(), "list-saml-providers"),
        ];
        for (what, kind, lists, count, command) in lists {
            out.push(Record::Coverage(match lists {
                // The roles that trust a provider name it in their own documents: only those that none trusts are hidden.
                0 => site
                    .hole(what, Outcome::NotRead, "no file lists them")
                    .blinds(&[FactKind::Identities])
                    .of_kinds([kind.as_str()])
                    .remedy(format!("add them: aws iam {command}")),
                _ => site.complete(what, count as u64),
            }));
        }
        out
    }

    fn alias(&self) -> Vec<Record> {
        let names = self.aliases.as_ref();
        names.map(|names| Record::Coverage(self.projection.site.alias(names))).into_iter().collect()
    }
}

enum Pages {
    None,
    Truncated,
    All,
}
