//! Lists one kind of a cluster, page by page: each page becomes records and is dropped.
//! It never asks for `resourceVersion=0`, for which an API server ignores the page size.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kube::Client;
use kube::api::{ListParams, Request};

use super::faults::malformed;
use super::object::Object;
use super::page::Page;
use super::records::Projection;
use super::request::{Answer, ask};
use super::resources::{Kind, TOKEN_TYPE};
use super::review::Denied;
use super::shape::Take;
use super::{NAME, one_line};
use crate::collect::{CollectError, Context, Sink};
use crate::model::{CoverageEntry, FactKind, Location, Outcome};

/// Objects a page. Four pages are in memory at once, each as it came and as objects; 100 pods are about 0.4 MB. A server answers
/// pages of 100 no slower than larger ones.
const PAGE: u32 = 100;

/// How often a list may grow too old before it is given up.
const MOST_GONE: u32 = 10;

/// How many pages one list may have, and how many of them in a row may be empty: a server that never ends is no cluster.
const MOST_PAGES: u32 = 10_000;
const MOST_EMPTY: u32 = 20;

/// What the lists of one cluster share.
pub(super) struct Lister<'a> {
    pub(super) client: Client,
    pub(super) cluster: &'a str,
    pub(super) context: &'a Context,
    pub(super) sink: &'a Sink,
    pub(super) projection: Mutex<Projection>,
    /// Whether the values of Secrets are asked for, too.
    pub(super) values: bool,
    /// Who issues the cluster's tokens, where its address says it.
    pub(super) issuer: Option<String>,
}

/// A list that is asked for.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// None for custom resources.
    pub(super) kind: Option<Kind>,
    pub(super) group: String,
    version: String,
    pub(super) plural: String,
    /// The name in `kind:`, which the items of a list do not say.
    name: String,
}

impl Asked {
    pub(super) fn of(kind: Kind) -> Self {
        let line = kind.resource();
        Self { kind: Some(kind), ..Self::custom(line.group, "v1", line.plural, line.name) }
    }

    pub(super) fn custom(group: &str, version: &str, plural: &str, name: &str) -> Self {
        let [group, version, plural, name] = [group, version, plural, name].map(str::to_owned);
        Self { kind: None, group, version, plural, name }
    }

    /// Custom resources are listed last.
    pub(super) fn wave(&self) -> u8 {
        self.kind.map_or(3, |kind| kind.resource().wave)
    }

    /// What coverage calls it.
    fn what(&self) -> String {
        match self.kind {
            Some(_) => self.plural.clone(),
            None => format!("{}.{}", self.plural, self.group),
        }
    }

    fn blinds(&self) -> &'static [FactKind] {
        match self.kind {
            Some(kind) => kind.resource().blinds,
            // They run nothing; whether they are there says whether who owns something is.
            None if self.plural == "applications" => &[FactKind::Settings],
            None => &[FactKind::Workloads],
        }
    }

    /// The path, in all namespaces.
    fn path(&self) -> String {
        match self.group.as_str() {
            "" => format!("/api/{}/{}", self.version, self.plural),
            group => format!("/apis/{group}/{}/{}", self.version, self.plural),
        }
    }
}

/// How far a list came.
#[derive(Default)]
struct Progress {
    /// Objects that were read.
    count: u64,
    /// Objects of the list so far, malformed ones too.
    seen: u64,
    /// Whether it is of Secrets that are no tokens.
    others: bool,
    gone: u32,
    pages: u32,
    empty: u32,
    warnings: BTreeSet<String>,
}

impl Lister<'_> {
    /// The projection; never held across a wait.
    pub(super) fn projection(&self) -> MutexGuard<'_, Projection> {
        self.projection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lists a kind to its end, unless the server said beforehand that it will not have it.
    ///
    /// # Errors
    /// When nothing more of the cluster can be read: the scan is over, or the server does not know us (401).
    pub(super) async fn list(&self, asked: &Asked, denied: &Denied) -> Result<CoverageEntry, CollectError> {
        let params = ListParams::default().limit(PAGE);
        let progress = Progress::default();
        if let Some(reason) = denied.get(&(asked.group.clone(), asked.plural.clone())) {
            let reason = if reason.is_empty() { "no rule allows it" } else { reason };
            let message = format!("not asked for: by the server's own review (SelfSubjectAccessReview) {reason}");
            return self.no_list(asked, &progress, Answer::<()>::Forbidden(message));
        }
        match asked.kind {
            Some(Kind::Secret) => self.list_as(asked, params.fields(&format!("type={TOKEN_TYPE}")), progress).await,
            _ => self.list_as(asked, params, progress).await,
        }
    }

    /// Lists the Secrets that are no tokens: their metadata, which does not tell their types, or with their values.
    ///
    /// # Errors
    /// As those of [`Self::list`].
    pub(super) async fn list_other_secrets(&self) -> Result<CoverageEntry, CollectError> {
        let params = ListParams::default().limit(PAGE).fields(&format!("type!={TOKEN_TYPE}"));
        let progress = Progress { others: true, ..Progress::default() };
        let entry = self.list_as(&Asked::of(Kind::Secret), params, progress).await?;
        let whole = entry.outcome == Outcome::Complete;
        self.projection().knows_all_secrets = whole;
        let what = format!("other secrets ({})", if self.values { "with values" } else { "metadata" });
        let blinds = if whole { Vec::new() } else { vec![FactKind::Settings] };
        Ok(CoverageEntry { what, blinds, ..entry })
    }

    async fn list_as(
        &self,
        asked: &Asked,
        mut params: ListParams,
        mut progress: Progress,
    ) -> Result<CoverageEntry, CollectError> {
        loop {
            let request = Request::new(asked.path());
            // Of Secrets only the metadata is asked for, so that no token leaves the server unasked.
            let metadata = asked.kind == Some(Kind::Secret) && !self.values;
            let request = if metadata { request.list_metadata(&params) } else { request.list(&params) };
            let request = request.map_err(|error| CollectError::failed(&asked.plural, error))?;
            match ask::<Take<Page>>(&self.client, request).await {
                Answer::Ok(Take(page, _), warnings) => {
                    progress.warnings.extend(warnings);
                    match self.taken(asked, page, &params, &mut progress).await? {
                        Next::Page(token) => params.continue_token = Some(token),
                        Next::End => return Ok(self.read(asked, &progress)),
                        Next::Broken(outcome, detail) => return Ok(self.ended(asked, &progress, outcome, &detail)),
                    }
                }
                Answer::Gone(rest) => {
                    progress.gone += 1;
                    // Once from the beginning, for a list that is true of one moment; then with what the server offers.
                    let again = progress.gone == 1;
                    if !again && (rest.is_none() || progress.gone > MOST_GONE) {
                        let detail = "the list grew too old while it was read (410)";
                        return Ok(self.ended(asked, &progress, Outcome::Partial, detail));
                    }
                    if again {
                        (progress.count, progress.seen) = (0, 0);
                        asked.kind.into_iter().for_each(|kind| self.projection().forget_faults(kind));
                    }
                    params.continue_token = if again { None } else { rest };
                }
                refused => return self.no_list(asked, &progress, refused),
            }
        }
    }

    /// Takes a page and says how the list goes on.
    async fn taken(
        &self,
        asked: &Asked,
        mut page: Page,
        params: &ListParams,
        progress: &mut Progress,
    ) -> Result<Next, CollectError> {
        if !page.kind.ends_with("List") {
            return Ok(Next::Broken(Outcome::Failed, "the answer is not a list".to_owned()));
        }
        if let Some((field, form)) = page.wrong.fields().next() {
            let detail = format!("the answer is not a list: expected {field} to be {form}");
            return Ok(Next::Broken(Outcome::Failed, detail));
        }
        let items = std::mem::take(&mut page.items.0);
        progress.pages += 1;
        progress.empty = if items.is_empty() { progress.empty + 1 } else { 0 };
        self.page(asked, items, progress).await?;
        if page.next.is_empty() {
            return Ok(Next::End);
        }
        if params.continue_token.as_ref() == Some(&page.next) {
            return Ok(Next::Broken(Outcome::Failed, "the server repeats its page".to_owned()));
        }
        if progress.empty >= MOST_EMPTY || progress.pages >= MOST_PAGES {
            let detail = format!("the list did not end after {} pages and was cut off", progress.pages);
            return Ok(Next::Broken(Outcome::Partial, detail));
        }
        Ok(Next::Page(page.next))
    }

    /// Turns a page into records and sends them.
    async fn page(&self, asked: &Asked, items: Vec<Object>, progress: &mut Progress) -> Result<(), CollectError> {
        let mut records = Vec::new();
        let location = self.location(asked, "list");
        {
            let mut projection = self.projection();
            for mut object in items {
                progress.seen += 1;
                object.position = progress.seen;
                let Some(kind) = asked.kind else {
                    object.kind.clone_from(&asked.name);
                    object.api_version = format!("{}/{}", asked.group, asked.version);
                    projection.custom(object, location.clone(), &mut records);
                    progress.count += 1;
                    continue;
                };
                if kind == Kind::Secret && object.secret_type.is_empty() && !progress.others {
                    // Metadata has no type; the field selector asked for this one.
                    TOKEN_TYPE.clone_into(&mut object.secret_type);
                }
                let whole = projection.add(kind, object, location.clone(), &mut records);
                progress.count += u64::from(whole);
            }
        }
        for record in records {
            self.sink.send(record).await?;
        }
        (self.context.progress)(&format!("{} {} of {}", progress.count, asked.plural, self.cluster));
        Ok(())
    }

    /// Where objects of a kind were seen.
    pub(super) fn location(&self, asked: &Asked, verb: &str) -> Location {
        let group = if asked.group.is_empty() { "core" } else { asked.group.as_str() };
        let call = format!("{verb} {group}/{} {}", asked.version, asked.plural);
        Location::Api { call: call.into(), resource: self.cluster.into() }
    }

    /// A list that was read to its end, of one moment or, after two 410s, of several.
    fn read(&self, asked: &Asked, progress: &Progress) -> CoverageEntry {
        if progress.gone > 1 {
            let detail = "the list changed while it was read (410 twice): objects may be missing from it";
            return self.ended(asked, progress, Outcome::Partial, detail);
        }
        let mut entry = CoverageEntry::complete(NAME, self.cluster, &asked.what(), progress.count);
        entry.detail = self.remarks(asked, progress);
        let Some(kind) = asked.kind else { return entry };
        self.projection().listed(kind);
        match self.projection().faults(kind) {
            Some(faults) => malformed(entry, faults, kind.resource().blinds),
            None => entry,
        }
    }

    fn ended(&self, asked: &Asked, progress: &Progress, outcome: Outcome, detail: &str) -> CoverageEntry {
        self.projection().makers.is_unsure(&asked.group);
        let remarks = self.remarks(asked, progress).map_or_else(String::new, |remarks| format!("; {remarks}"));
        CoverageEntry::hole(NAME, self.cluster, &asked.what(), outcome, format!("{detail}{remarks}"))
            .count(progress.count)
            .blinds(asked.blinds())
    }

    /// What the projection passed over and what the server warned of.
    fn remarks(&self, asked: &Asked, progress: &Progress) -> Option<String> {
        const SHOWN: usize = 3;
        let warnings: Vec<&str> = progress.warnings.iter().take(SHOWN).map(String::as_str).collect();
        let warned = (!warnings.is_empty()).then(|| format!("the server warns: {}", warnings.join("; ")));
        let texts: Vec<String> =
            asked.kind.and_then(|kind| self.projection().remarks(kind)).into_iter().chain(warned).collect();
        (!texts.is_empty()).then(|| texts.join("; "))
    }

    /// The meaning of an answer that is no page.
    fn no_list<T>(&self, asked: &Asked, progress: &Progress, answer: Answer<T>) -> Result<CoverageEntry, CollectError> {
        let begun = progress.seen > 0;
        match answer {
            Answer::Unauthorized(message) => Err(unauthorized(&message)),
            Answer::Forbidden(message) => {
                let group = if asked.group.is_empty() { "the core API group" } else { asked.group.as_str() };
                let remedy = format!("allow the verb list on {} of {group} for the whole cluster", asked.plural);
                Ok(self.ended(asked, progress, Outcome::Refused, &or(message, "forbidden (403)")).remedy(remedy))
            }
            Answer::NotFound => {
                let entry = self.ended(asked, progress, Outcome::NotRead, "the cluster does not serve this API");
                // An old server has no such objects at all.
                Ok(if asked.kind.is_none_or(|kind| kind.resource().is_extra()) { entry.blinds(&[]) } else { entry })
            }
            Answer::Failed { detail, .. } => {
                let outcome = if begun { Outcome::Partial } else { Outcome::Failed };
                Ok(self.ended(asked, progress, outcome, &detail).remedy("scan again"))
            }
            Answer::Ok(..) | Answer::Gone(_) => {
                Ok(self.ended(asked, progress, Outcome::Failed, "an unexpected answer"))
            }
        }
    }
}

/// A server that does not know us.
pub(super) fn unauthorized(message: &str) -> CollectError {
    let detail = format!("the server does not accept the credentials: {}", or(message.to_owned(), "401"));
    CollectError::refused("everything not listed", detail)
        .with_remedy("renew the credentials of this context; kubectl auth whoami shows who they are")
}

fn or(message: String, otherwise: &str) -> String {
    if message.is_empty() { otherwise.to_owned() } else { one_line(&message) }
}

/// How a list goes on.
enum Next {
    Page(String),
    End,
    Broken(Outcome, String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_api() {
        assert_eq!(Asked::of(Kind::Pod).path(), "/api/v1/pods");
        assert_eq!(Asked::of(Kind::ClusterRole).path(), "/apis/rbac.authorization.k8s.io/v1/clusterroles");
    }
}
