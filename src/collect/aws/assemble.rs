//! Puts the files of one account together: which part says what, and which parts are missing. It must not read files.

use std::collections::BTreeMap;

use super::answer::Answer;
use super::contradictions;
use super::export::{AccessKeys, Authorization, KeyLastUsed, LISTS, OidcProvider, SamlProvider};
use super::gaps;
use super::left_out;
use super::parts::{Part, ServiceFile};
use super::records::{AUTHORIZATION, AUTHORIZATION_FACTS, Projection};
use super::reports::{Chosen, Reports};
use super::site::{Origin, Site};
use super::visits::{self, Searcher};
use crate::collect::{CollectError, Sink};
use crate::model::{FactKind, IdentityKind, Outcome, Record};

/// All that was found of one account.
pub(super) struct Assembly {
    pub(super) projection: Projection,
    pages: Vec<(Authorization, Origin)>,
    reports: Reports,
    /// The report that counts, once all files are there.
    pub(super) report: Chosen,
    pub(super) listings: Vec<(AccessKeys, Origin)>,
    pub(super) used: Vec<(KeyLastUsed, Origin)>,
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
            reports: Reports::default(),
            report: Chosen::default(),
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
            Part::Report(rows, made) => self.reports.add(rows, made, origin),
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
        self.report = std::mem::take(&mut self.reports).newest(self.projection.site.now);
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

    fn report(&mut self) -> Vec<Record> {
        const WHAT: &str = "credential report";
        if !self.report.is_there {
            let site = &self.projection.site;
            let hole =
                site.hole(WHAT, Outcome::NotRead, "no file has it").blinds(&[FactKind::Usage, FactKind::Credentials]);
            return vec![Record::Coverage(hole.remedy(
                "add it: aws iam generate-credential-report, then aws iam get-credential-report > report.json",
            ))];
        }
        let Chosen { rows, old, .. } = &self.report;
        let (projection, mut out) = (&mut self.projection, Vec::new());
        for (row, origin) in rows.values() {
            projection.note_certificates(row);
            out.extend(projection.report_row(row, origin));
        }
        out.extend(projection.beside_report(rows.keys()));
        out.extend(projection.without_root(rows.values().map(|(row, _)| row)));
        let site = &projection.site;
        out.push(Record::Coverage(match old {
            None => site.complete(WHAT, rows.len() as u64),
            Some(words) => {
                let detail = format!("{words}, so that later uses are not in it");
                let hole = site.hole(WHAT, Outcome::Partial, detail).count(rows.len() as u64);
                let remedy = "have it made again: aws iam generate-credential-report, then get-credential-report";
                hole.blinds(&[FactKind::Usage]).remedy(remedy)
            }
        }));
        out
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
