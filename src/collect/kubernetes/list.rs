//! Lists one kind of a cluster, page by page: each page becomes records and is dropped.
//! It never asks for `resourceVersion=0`, for which an API server ignores the page size.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kube::Client;
use kube::api::{ListParams, Request};
use serde::de::{MapAccess, SeqAccess};

use super::faults::malformed;
use super::object::Object;
use super::records::Projection;
use super::request::{Answer, ask};
use super::resources::{Kind, TOKEN_TYPE};
use super::shape::{Form, Shape, Take, Wrong, next_key, pass, value};
use super::{NAME, one_line};
use crate::collect::{CollectError, Context, Sink};
use crate::model::{CoverageEntry, FactKind, Location, Outcome};

/// Objects a page.
const PAGE: u32 = 500;

/// How often a list may grow too old before it is given up.
const MOST_GONE: u32 = 10;

/// What the lists of one cluster share.
pub(super) struct Lister<'a> {
    pub(super) client: Client,
    pub(super) cluster: &'a str,
    pub(super) context: &'a Context,
    pub(super) sink: &'a Sink,
    pub(super) projection: Mutex<Projection>,
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
    warnings: BTreeSet<String>,
}

impl Lister<'_> {
    /// The projection; never held across a wait.
    pub(super) fn projection(&self) -> MutexGuard<'_, Projection> {
        self.projection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lists a kind to its end.
    ///
    /// # Errors
    /// When nothing more of the cluster can be read: the scan is over, or the server does not know us (401).
    pub(super) async fn list(&self, kind: Kind) -> Result<CoverageEntry, CollectError> {
        let params = ListParams::default().limit(PAGE);
        let progress = Progress::default();
        match kind {
            Kind::Secret => self.list_as(kind, params.fields(&format!("type={TOKEN_TYPE}")), progress).await,
            _ => self.list_as(kind, params, progress).await,
        }
    }

    /// Lists the metadata of the Secrets that are no tokens. Their types are not told, and none of their values.
    ///
    /// # Errors
    /// As those of [`Self::list`].
    pub(super) async fn list_other_secrets(&self) -> Result<CoverageEntry, CollectError> {
        let params = ListParams::default().limit(PAGE).fields(&format!("type!={TOKEN_TYPE}"));
        let entry = self.list_as(Kind::Secret, params, Progress { others: true, ..Progress::default() }).await?;
        let whole = entry.outcome == Outcome::Complete;
        self.projection().knows_all_secrets = whole;
        let what = "other secrets (metadata)".to_owned();
        let blinds = if whole { Vec::new() } else { vec![FactKind::Settings] };
        Ok(CoverageEntry { what, blinds, ..entry })
    }

    async fn list_as(
        &self,
        kind: Kind,
        mut params: ListParams,
        mut progress: Progress,
    ) -> Result<CoverageEntry, CollectError> {
        let resource = kind.resource();
        loop {
            let asked = Request::new(path(kind));
            // Of Secrets only the metadata is asked for, so that no token leaves the server.
            let request = if kind == Kind::Secret { asked.list_metadata(&params) } else { asked.list(&params) };
            let request = request.map_err(|error| CollectError::failed(resource.plural, error))?;
            match ask::<Take<Page>>(&self.client, request).await {
                Answer::Ok(Take(mut page, _), warnings) => {
                    if !page.kind.ends_with("List") {
                        return Ok(self.ended(kind, &progress, Outcome::Failed, "the answer is not a list"));
                    }
                    if let Some((field, form)) = page.wrong.fields().next() {
                        let detail = format!("the answer is not a list: expected {field} to be {form}");
                        return Ok(self.ended(kind, &progress, Outcome::Failed, &detail));
                    }
                    progress.warnings.extend(warnings);
                    let next = Some(page.next.clone()).filter(|token| !token.is_empty());
                    self.page(kind, std::mem::take(&mut page.items.0), &mut progress).await?;
                    if next.is_none() {
                        return Ok(self.read(kind, &progress));
                    }
                    if next == params.continue_token {
                        return Ok(self.ended(kind, &progress, Outcome::Failed, "the server repeats its page"));
                    }
                    params.continue_token = next;
                }
                Answer::Gone(rest) => {
                    progress.gone += 1;
                    // Once from the beginning, for a list that is true of one moment; then with what the server offers.
                    let again = progress.gone == 1;
                    if !again && (rest.is_none() || progress.gone > MOST_GONE) {
                        let detail = "the list grew too old while it was read (410)";
                        return Ok(self.ended(kind, &progress, Outcome::Partial, detail));
                    }
                    if again {
                        (progress.count, progress.seen) = (0, 0);
                        self.projection().forget_faults(kind);
                    }
                    params.continue_token = if again { None } else { rest };
                }
                refused => return self.no_list(kind, &progress, refused),
            }
        }
    }

    /// Turns a page into records and sends them.
    async fn page(&self, kind: Kind, items: Vec<Object>, progress: &mut Progress) -> Result<(), CollectError> {
        let mut records = Vec::new();
        {
            let mut projection = self.projection();
            for mut object in items {
                progress.seen += 1;
                object.position = progress.seen;
                if kind == Kind::Secret && object.secret_type.is_empty() && !progress.others {
                    // Metadata has no type; the field selector asked for this one.
                    TOKEN_TYPE.clone_into(&mut object.secret_type);
                }
                let whole = projection.add(kind, object, self.location(kind, "list"), &mut records);
                progress.count += u64::from(whole);
            }
        }
        for record in records {
            self.sink.send(record).await?;
        }
        (self.context.progress)(&format!("{} {} of {}", progress.count, kind.resource().plural, self.cluster));
        Ok(())
    }

    /// Where objects of a kind were seen.
    pub(super) fn location(&self, kind: Kind, verb: &str) -> Location {
        let resource = kind.resource();
        let group = if resource.group.is_empty() { "core" } else { resource.group };
        Location::Api { call: format!("{verb} {group}/v1 {}", resource.plural), resource: self.cluster.to_owned() }
    }

    /// A list that was read to its end, of one moment or, after two 410s, of several.
    fn read(&self, kind: Kind, progress: &Progress) -> CoverageEntry {
        if progress.gone > 1 {
            let detail = "the list changed while it was read (410 twice): objects may be missing from it";
            return self.ended(kind, progress, Outcome::Partial, detail);
        }
        self.projection().listed(kind);
        let mut entry = CoverageEntry::complete(NAME, self.cluster, kind.resource().plural, progress.count);
        entry.detail = self.remarks(kind, progress);
        match self.projection().faults(kind) {
            Some(faults) => malformed(entry, faults, kind.resource().blinds),
            None => entry,
        }
    }

    fn ended(&self, kind: Kind, progress: &Progress, outcome: Outcome, detail: &str) -> CoverageEntry {
        let resource = kind.resource();
        let remarks = self.remarks(kind, progress).map_or_else(String::new, |remarks| format!("; {remarks}"));
        CoverageEntry::hole(NAME, self.cluster, resource.plural, outcome, format!("{detail}{remarks}"))
            .count(progress.count)
            .blinds(resource.blinds)
    }

    /// What the projection passed over and what the server warned of.
    fn remarks(&self, kind: Kind, progress: &Progress) -> Option<String> {
        const SHOWN: usize = 3;
        let warnings: Vec<&str> = progress.warnings.iter().take(SHOWN).map(String::as_str).collect();
        let warned = (!warnings.is_empty()).then(|| format!("the server warns: {}", warnings.join("; ")));
        let texts: Vec<String> = self.projection().remarks(kind).into_iter().chain(warned).collect();
        (!texts.is_empty()).then(|| texts.join("; "))
    }

    /// The meaning of an answer that is no page.
    fn no_list<T>(&self, kind: Kind, progress: &Progress, answer: Answer<T>) -> Result<CoverageEntry, CollectError> {
        let resource = kind.resource();
        let begun = progress.seen > 0;
        match answer {
            Answer::Unauthorized(message) => Err(unauthorized(&message)),
            Answer::Forbidden(message) => {
                let group = if resource.group.is_empty() { "the core API group" } else { resource.group };
                let remedy = format!("allow the verb list on {} of {group} for the whole cluster", resource.plural);
                Ok(self.ended(kind, progress, Outcome::Refused, &or(message, "forbidden (403)")).remedy(remedy))
            }
            Answer::NotFound => {
                let entry = self.ended(kind, progress, Outcome::NotRead, "the cluster does not serve this API");
                // An old server has no such objects at all.
                Ok(if resource.is_extra() { entry.blinds(&[]) } else { entry })
            }
            Answer::Failed { detail, .. } => {
                let outcome = if begun { Outcome::Partial } else { Outcome::Failed };
                Ok(self.ended(kind, progress, outcome, &detail).remedy("scan again"))
            }
            Answer::Ok(..) | Answer::Gone(_) => Ok(self.ended(kind, progress, Outcome::Failed, "an unexpected answer")),
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

/// One page of a list.
#[derive(Default)]
struct Page {
    /// `PodList`; anything else is no page, whoever answered.
    kind: String,
    items: Items,
    /// The token for the next page; empty on the last.
    next: String,
    /// What of the answer itself is no list; the items keep their own.
    wrong: Wrong,
}

impl Shape for Page {
    const FORM: Form = Form::Mapping;

    fn map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut page = Self::default();
        while let Some(key) = next_key(&mut map)? {
            match key.as_str() {
                "kind" => page.kind = value(&mut map, &key, &mut page.wrong)?,
                "items" => page.items = value(&mut map, &key, &mut page.wrong)?,
                "metadata" => page.next = value::<_, ListMetadata>(&mut map, &key, &mut page.wrong)?.next,
                _ => pass(&mut map)?,
            }
        }
        Ok(page)
    }
}

/// The items of a page. One that is no mapping has no name either, so it is a malformed object.
#[derive(Default)]
struct Items(Vec<Object>);

impl Shape for Items {
    const FORM: Form = Form::List;

    fn sequence<'de, A: SeqAccess<'de>>(mut sequence: A) -> Result<Self, A::Error> {
        let mut items = Vec::new();
        while let Some(Take(mut object, fits)) = sequence.next_element::<Take<Object>>()? {
            if !fits {
                object.wrong.add("", "a mapping");
            }
            items.push(object);
        }
        Ok(Self(items))
    }
}

#[derive(Default)]
struct ListMetadata {
    next: String,
    wrong: Wrong,
}

impl Shape for ListMetadata {
    const FORM: Form = Form::Mapping;

    fn wrong(&mut self) -> Wrong {
        std::mem::take(&mut self.wrong)
    }

    fn map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut metadata = Self::default();
        while let Some(key) = next_key(&mut map)? {
            match key.as_str() {
                "continue" => metadata.next = value(&mut map, &key, &mut metadata.wrong)?,
                _ => pass(&mut map)?,
            }
        }
        Ok(metadata)
    }
}

/// The path of a kind, in all namespaces. All are served in v1.
fn path(kind: Kind) -> String {
    let line = kind.resource();
    match line.group {
        "" => format!("/api/v1/{}", line.plural),
        group => format!("/apis/{group}/v1/{}", line.plural),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_api() {
        assert_eq!(path(Kind::Pod), "/api/v1/pods");
        assert_eq!(path(Kind::ClusterRole), "/apis/rbac.authorization.k8s.io/v1/clusterroles");
    }
}
