//! From the answers of services to records, for live and offline answers alike: reads each, searches the text found on the
//! way, and says what could not be read. It must not fetch anything.

use std::collections::BTreeMap;

use super::answer::Answer;
use super::calls::Call;
use super::gaps;
use super::notes::Notes;
use super::records::Projection;
use super::services::{self, identity_center, organizations};
use super::site::{Site, some_of};
use super::texts;
use crate::collect::Context;
use crate::model::{CoverageEntry, Outcome, Record};
use crate::secrets::DetectorSet;

/// Searches text, or nothing where no detectors were given.
pub(super) struct Searcher<'a> {
    pub(super) detectors: Option<&'a DetectorSet>,
    pub(super) context: &'a Context,
}

/// A call that was not answered.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    /// The call.
    pub(super) call: &'static Call,
    /// The item or the region that it was asked about; empty for the account.
    pub(super) place: String,
    /// Refused or failed.
    pub(super) outcome: Outcome,
    /// Why.
    pub(super) detail: String,
    /// What the user can do.
    pub(super) remedy: String,
    /// The region has no such service.
    pub(super) absent: bool,
}

/// What came of one call, over all regions and items.
#[derive(Default)]
struct Tally<'a> {
    count: u64,
    answered: usize,
    wrong: Vec<String>,
    failures: Vec<&'a Failure>,
}

/// The records of these answers and what they and the failures tell of their calls.
pub(super) fn records(
    answers: &[Answer],
    failures: &[Failure],
    projection: &Projection,
    searcher: &Searcher<'_>,
) -> Vec<Record> {
    let mut notes = Notes::new(projection);
    let mut tallies: BTreeMap<(&str, &str), (&Call, Tally<'_>)> = BTreeMap::new();
    for answer in answers {
        let Some(read) = services::reader(answer.call) else { continue };
        read(answer, &mut notes);
        let (count, mut wrong) = notes.tally();
        wrong.extend(gaps::nameless(answer));
        wrong.sort_unstable();
        wrong.dedup();
        let key = (answer.call.service, answer.call.operation);
        let (_, tally) = tallies.entry(key).or_insert((answer.call, Tally::default()));
        tally.count += count;
        tally.answered += 1;
        let place = |position: usize| format!("{} (item {position})", answer.origin.shown());
        tally.wrong.extend(wrong.into_iter().map(place));
    }
    for failure in failures {
        let key = (failure.call.service, failure.call.operation);
        tallies.entry(key).or_insert((failure.call, Tally::default())).1.failures.push(failure);
    }
    if let Some(answer) = answers.iter().find(|answer| answer.call.operation == "list-targets-for-policy") {
        let evidence = notes.seen(answer, "Targets");
        organizations::grants(&mut notes, &evidence);
    }
    identity_center::conclude(&mut notes);
    let mut out = std::mem::take(&mut notes.records);
    if let Some(detectors) = searcher.detectors {
        let found = notes.texts.iter();
        out.extend(found.flat_map(|text| texts::exposures(text, &projection.site, detectors, searcher.context)));
    }
    out.extend(tallies.into_values().map(|(call, tally)| Record::Coverage(tally.entry(call, &projection.site))));
    out
}

impl Tally<'_> {
    fn entry(self, call: &Call, site: &Site) -> CoverageEntry {
        let what = format!("{} {}", call.service, call.operation);
        let failed: Vec<&Failure> = self.failures.iter().copied().filter(|failure| !failure.absent).collect();
        if let Some(first) = failed.first() {
            return self.failed(call, &what, first, &failed, site);
        }
        if self.answered == 0 && !self.failures.is_empty() {
            let detail = "no region that was asked has this service";
            return site.hole(&what, Outcome::NotRead, detail);
        }
        if self.wrong.is_empty() {
            return site.complete(&what, self.count);
        }
        let detail =
            format!("{} is not of the form that the AWS CLI writes; the others were read", some_of(&self.wrong));
        let remedy = format!("export it again: {}", call.command());
        let hole = site.hole(&what, Outcome::Partial, detail).count(self.count);
        hole.blinds(call.blinds).of_kinds(call.kinds.iter().copied()).remedy(remedy)
    }

    fn failed(&self, call: &Call, what: &str, first: &Failure, failed: &[&Failure], site: &Site) -> CoverageEntry {
        let Call { action, .. } = call;
        // Only the management account and delegated administrators may ask; for all others a refusal is the rule.
        let of_organizations = ["organizations", "sso-admin", "identitystore"].contains(&call.service);
        if of_organizations && failed.iter().all(|failure| failure.outcome == Outcome::Refused) {
            let (unknown, why) = match call.service {
                "organizations" => ("what the organisation limits", "to weigh its policies"),
                _ => ("who may use the roles of IAM Identity Center", "of IAM Identity Center"),
            };
            let detail = format!("{action}: {}; {unknown} is not known", first.detail);
            let remedy = format!("scan with the management account or a delegated administrator {why}");
            return site.hole(what, Outcome::NotRead, detail).remedy(remedy);
        }
        let places: Vec<&str> =
            failed.iter().map(|failure| failure.place.as_str()).filter(|place| !place.is_empty()).collect();
        let of = self.answered + failed.len();
        let is_file = failed.iter().all(|failure| failure.outcome == Outcome::NotRead);
        let detail = match places.is_empty() {
            false if is_file => {
                format!("{} of {of} are missing ({}): {}", failed.len(), some_of(&places), first.detail)
            }
            true => format!("{action}: {}", first.detail),
            false => format!("{action} failed for {} of {of} ({}): {}", failed.len(), some_of(&places), first.detail),
        };
        let outcome = if self.answered > 0 { Outcome::Partial } else { first.outcome };
        let hole = site.hole(what, outcome, detail).count(self.count);
        hole.blinds(call.blinds).of_kinds(call.kinds.iter().copied()).remedy(first.remedy.as_str())
    }
}
