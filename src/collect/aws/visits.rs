//! From the answers of services to records, for live and offline answers alike: reads each, searches the text found on the
//! way, and says what could not be read. It must not fetch anything.

use std::collections::{BTreeMap, BTreeSet};

use super::answer::Answer;
use super::calls::Call;
use super::notes::Notes;
use super::records::Projection;
use super::services::{self, organizations};
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

/// What came of one call, over all regions and items.
#[derive(Default)]
struct Tally {
    count: u64,
    wrong: Vec<String>,
}

/// The records of these answers and what they tell of their calls.
pub(super) fn records(answers: &[Answer], projection: &Projection, searcher: &Searcher<'_>) -> Vec<Record> {
    let mut notes = Notes::new(projection);
    let mut tallies: BTreeMap<(&str, &str), (&Call, Tally)> = BTreeMap::new();
    for answer in answers {
        let Some(read) = services::reader(answer.call) else { continue };
        read(answer, &mut notes);
        let (count, wrong) = notes.tally();
        let key = (answer.call.service, answer.call.operation);
        let (_, tally) = tallies.entry(key).or_insert((answer.call, Tally::default()));
        tally.count += count;
        let place = |position: usize| format!("{} (item {position})", answer.origin.shown());
        tally.wrong.extend(wrong.into_iter().map(place));
    }
    if let Some(answer) = answers.iter().find(|answer| answer.call.operation == "list-targets-for-policy") {
        let evidence = notes.seen(answer, "Targets");
        organizations::grants(&mut notes, &evidence);
    }
    let mut out = std::mem::take(&mut notes.records);
    if let Some(detectors) = searcher.detectors {
        let found = notes.texts.iter();
        out.extend(found.flat_map(|text| texts::exposures(text, &projection.site, detectors, searcher.context)));
    }
    out.extend(tallies.into_values().map(|(call, tally)| Record::Coverage(tally.entry(call, &projection.site))));
    out
}

impl Tally {
    fn entry(self, call: &Call, site: &Site) -> CoverageEntry {
        let what = format!("{} {}", call.service, call.operation);
        if self.wrong.is_empty() {
            return site.complete(&what, self.count);
        }
        let detail =
            format!("{} is not of the form that the AWS CLI writes; the others were read", some_of(&self.wrong));
        let remedy = format!("export it again: {}", call.command());
        site.hole(&what, Outcome::Partial, detail).count(self.count).blinds(call.blinds).remedy(remedy)
    }
}

/// Says which services no file speaks of. It is no hole: they were not given.
pub(super) fn not_given(answers: &[Answer], site: &Site) -> CoverageEntry {
    let given: BTreeSet<&str> = answers.iter().map(|answer| answer.call.service).collect();
    let missing: BTreeSet<&str> = services::SERVICES
        .iter()
        .flat_map(|service| service.calls)
        .map(|call| call.service)
        .filter(|service| !matches!(*service, "iam" | "sts") && !given.contains(service))
        .collect();
    let names: Vec<&str> = missing.iter().copied().collect();
    if names.is_empty() {
        return site.complete("services", given.len() as u64);
    }
    let detail = format!("no file of {}: who uses the identities there is not known", names.join(", "));
    site.hole("services", Outcome::NotRead, detail)
        .count(given.len() as u64)
        .remedy("add them; nonhuman permissions aws --plan lists the commands")
}
