//! The data part of the page: what its tables and pages are made of, in few bytes. The names of the fields are what
//! the scripts in `assets/` read.

use std::collections::BTreeMap;

use serde::Serialize;

use super::chain::{Chain, Gallery};
use super::frameworks::{Framework, FrameworkData};
use super::sheet::{Sheet, row};
use super::states::{LONGEST, address, attributes, owner_state, place, power, rank, state, trusted};
use super::strings::{Strings, Text};
use crate::inventory::IdentityFacts;
use crate::model::{CoverageEntry, Identity, Known, Outcome, Urn, days_between, short_date};
use crate::report::Scan;
use crate::report::escape::{flow, flow_short};
use crate::report::group::{self, tenant_word};
use crate::report::notes::notes;
use crate::report::view::View;
use crate::report::words::{self, capabilities, last_use, owner, way};

/// How many things of one list are kept for a page; the rest are counted.
const KEPT: usize = 60;

row! {
    /// An identity.
    IdentityRow {
        urn: Text, kind: Text, provider: Text, place: Text, tenant: Text, name: Text, disabled: bool, created: Text,
        owner: Text, owner_state: Text, used: Text, used_days: Option<i64>, power: u8, can: Vec<Text>, ways: Vec<usize>,
        exposures: Vec<usize>, credentials: Vec<usize>, workloads: Vec<usize>, trusted: Vec<Text>, grants: Vec<Text>,
        tags: Vec<(Text, Text)>, traits: Vec<(Text, Text)>, hidden: Vec<Text>, seen_in: Text, seen_as: Text, chain: Chain, findings: Vec<usize>,
    }
}

row! {
    /// A way by which something becomes administrator.
    WayRow { title: Text, steps: Vec<Text> }
}

row! {
    /// A finding.
    FindingRow {
        id: Text, rule: Text, severity: u8, confidence: Text, identity: Option<usize>, about: Text, title: Text,
        message: Text, remedy: Text, steps: Vec<Text>, places: Vec<Text>, notes: Vec<Text>, accepted: bool, maps: Vec<Text>,
    }
}

row! {
    /// A rule.
    RuleRow { id: Text, title: Text, severity: Option<u8>, why: Text, remedy: Text, maps: Vec<Text>, unjudged: Vec<Text> }
}

row! {
    /// A place where a secret lies in the open.
    ExposureRow { title: Text, place: Text, preview: Text, allowed: Text, copies: usize }
}

row! {
    /// A credential.
    CredentialRow { kind: Text, name: Text, works: Text, created: Text, expires: Text, used: Text, open: usize }
}

row! {
    /// A workload.
    WorkloadRow { kind: Text, name: Text }
}

row! {
    /// Something that was looked at, or not.
    CoverageRow {
        state: Text, collector: Text, target: Text, what: Text, outcome: Text, count: u64, detail: Text, remedy: Text,
        blinds: Vec<Text>,
    }
}

/// All of it.
#[derive(Serialize)]
pub(super) struct Data {
    identities: Sheet<IdentityRow>,
    ways: Sheet<WayRow>,
    findings: Sheet<FindingRow>,
    rules: Sheet<RuleRow>,
    exposures: Sheet<ExposureRow>,
    credentials: Sheet<CredentialRow>,
    workloads: Sheet<WorkloadRow>,
    coverage: Sheet<CoverageRow>,
    frameworks: Vec<FrameworkData>,
    /// Written last: the tables before it fill it.
    strings: Strings,
}

impl Data {
    pub(super) fn of(scan: &Scan<'_>, frameworks: &[Framework]) -> Self {
        let view = View::of(scan);
        let rows = scan.inventory.identities.iter().enumerate().map(|(row, identity)| (&identity.id, row)).collect();
        let gallery = Gallery { scan, view: &view, rows: &rows };
        let mut maker = Maker { scan, view: &view, rows: &rows, strings: Strings::new(), ways: Vec::new() };
        let findings = maker.findings();
        let identities = maker.identities(&gallery, &findings);
        Self {
            identities: Sheet(identities),
            findings: Sheet(findings),
            rules: Sheet(maker.rules()),
            exposures: Sheet(maker.exposures()),
            credentials: Sheet(maker.credentials()),
            workloads: Sheet(maker.workloads()),
            coverage: Sheet(maker.coverage()),
            frameworks: frameworks.iter().map(|one| FrameworkData::of(one, &mut maker.strings)).collect(),
            ways: Sheet(maker.ways),
            strings: maker.strings,
        }
    }
}

struct Maker<'a> {
    scan: &'a Scan<'a>,
    view: &'a View<'a>,
    rows: &'a BTreeMap<&'a Urn, usize>,
    strings: Strings,
    ways: Vec<WayRow>,
}

impl Maker<'_> {
    /// Prose: in one line, and of a length that can be read.
    fn prose(&mut self, text: &str) -> Text {
        self.strings.text(&flow_short(text, LONGEST))
    }

    /// The first of a list, and how many more there are.
    fn some<T: AsRef<str>>(&mut self, all: &[T]) -> Vec<Text> {
        let mut some: Vec<Text> = all.iter().take(KEPT).map(|text| self.prose(text.as_ref())).collect();
        if let more @ 1.. = all.len().saturating_sub(KEPT) {
            some.push(self.strings.text(&format!("… and {more} more; --format json has all")));
        }
        some
    }

    fn findings(&mut self) -> Vec<FindingRow> {
        let scan = self.scan;
        let mut rows = Vec::with_capacity(scan.findings.len());
        for finding in scan.findings {
            let message = if finding.message.trim().is_empty() { &*finding.title } else { finding.message.as_str() };
            let places: Vec<_> = finding.evidence.iter().map(|evidence| evidence.location.to_string()).collect();
            let identity = finding.identity.as_ref().and_then(|id| self.rows.get(id).copied());
            // An identity has its own row; anything else is told here.
            let about = if identity.is_some() { String::new() } else { group::about(finding) };
            rows.push(FindingRow {
                id: self.strings.text(finding.fingerprint.as_str()),
                rule: self.prose(&finding.rule),
                severity: rank(finding.severity),
                confidence: self.strings.text(finding.confidence.as_str()),
                identity,
                about: self.prose(&about),
                title: self.prose(&finding.title),
                message: self.prose(message),
                remedy: self.prose(&finding.remedy),
                steps: self.some(&finding.chain),
                places: self.some(&places),
                notes: self.some(&notes(scan, finding)),
                accepted: finding.is_accepted(),
                maps: self.strings.texts(&*finding.maps),
            });
        }
        rows
    }

    fn identities(&mut self, gallery: &Gallery<'_>, findings: &[FindingRow]) -> Vec<IdentityRow> {
        let mut of: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (row, finding) in findings.iter().enumerate() {
            if let Some(identity) = finding.identity {
                of.entry(identity).or_default().push(row);
            }
        }
        let all = self.scan.inventory.identities.iter().enumerate();
        all.map(|(row, identity)| self.identity(gallery, identity, of.remove(&row).unwrap_or_default())).collect()
    }

    fn identity(&mut self, gallery: &Gallery<'_>, identity: &Identity, findings: Vec<usize>) -> IdentityRow {
        let (scan, view) = (self.scan, self.view);
        let (inventory, now) = (scan.inventory, scan.now);
        let facts = view.facts(&identity.id);
        let of_view = view.identity(identity);
        let hidden: Vec<_> = of_view.hidden.iter().map(|fact| fact.as_str()).collect();
        let tags = identity.labels.iter().take(KEPT);
        let tags = tags.map(|(name, value)| (self.prose(name), self.prose(value))).collect();
        let traits = attributes(&identity.attributes).into_iter();
        let traits = traits.map(|(name, value)| (self.strings.text(name), self.prose(&value))).collect();
        let (seen_in, seen_as) = place(&identity.evidence.location);
        let used_days = facts.last_use.value().and_then(|last| last.at);
        IdentityRow {
            urn: self.strings.text(&address(&identity.id)),
            kind: self.strings.text(identity.kind.label()),
            provider: self.strings.text(identity.provider().as_str()),
            place: self.strings.text(tenant_word(identity.provider())),
            tenant: self.prose(&identity.tenant),
            name: self.prose(&identity.name),
            disabled: identity.enabled == Known::Value(false),
            created: self.day(&identity.created, ""),
            owner: self.prose(&owner(&facts.owner, now)),
            owner_state: self.strings.text(owner_state(&facts.owner, scan)),
            used: self.prose(&last_use(&facts.last_use, now)),
            used_days: used_days.map(|at| days_between(at, now)),
            power: power(facts, !of_view.hidden.is_empty()),
            can: self.some(&capabilities(&facts.capabilities)),
            ways: self.ways(identity, facts),
            exposures: positions(facts.exposures.iter(), |id| inventory.exposures.position(id)),
            credentials: positions(facts.credentials.iter(), |id| inventory.credentials.position(id)),
            workloads: positions(facts.workloads.iter(), |id| inventory.workloads.position(id)),
            trusted: self.some(&facts.trusted.iter().map(trusted).collect::<Vec<_>>()),
            grants: self.grants(facts),
            tags,
            traits,
            hidden: self.strings.texts(hidden),
            seen_in: self.prose(&seen_in),
            seen_as: self.prose(seen_as),
            chain: gallery.draw(identity, &mut self.strings),
            findings,
        }
    }

    fn ways(&mut self, identity: &Identity, facts: &IdentityFacts) -> Vec<usize> {
        let mut rows = Vec::new();
        for path in facts.escalations.iter().take(KEPT) {
            let row = WayRow { title: self.prose(&way(path, &identity.id, 1)), steps: self.some(&path.steps) };
            rows.push(self.ways.len());
            self.ways.push(row);
        }
        rows
    }

    fn grants(&mut self, facts: &IdentityFacts) -> Vec<Text> {
        let inventory = self.scan.inventory;
        let grants = facts.grants.iter().filter_map(|id| inventory.grants.get(id));
        let names: Vec<_> = grants
            .map(|grant| {
                let name = inventory.policies.get(&grant.policy).map_or(grant.policy.as_str(), |one| one.name.as_str());
                let via: String = grant.via.iter().map(|via| format!(", through {via}")).collect();
                format!("{name} ({}{via})", grant.scope)
            })
            .collect();
        self.some(&names)
    }

    fn rules(&mut self) -> Vec<RuleRow> {
        let mut unjudged: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for entry in self.scan.not_evaluated {
            let line = format!("{}: {} ({})", entry.target, entry.reason, words::plural_of(entry.subjects, "subject"));
            unjudged.entry(&entry.rule).or_default().push(line);
        }
        let mut rows = Vec::new();
        for rule in self.scan.rules {
            rows.push(RuleRow {
                id: self.prose(&rule.id),
                title: self.prose(&rule.title),
                severity: rule.severity.map(rank),
                why: self.prose(&rule.why),
                remedy: self.prose(&rule.remedy),
                maps: self.strings.texts(&rule.maps),
                unjudged: self.some(&unjudged.remove(rule.id.as_str()).unwrap_or_default()),
            });
        }
        // Rules that were not loaded as such may still have been missed.
        for (id, lines) in unjudged {
            let (id, title) = (self.prose(id), self.prose(""));
            let unjudged = self.some(&lines);
            rows.push(RuleRow { id, title, severity: None, why: title, remedy: title, maps: Vec::new(), unjudged });
        }
        rows
    }

    fn exposures(&mut self) -> Vec<ExposureRow> {
        let inventory = self.scan.inventory;
        let mut rows = Vec::with_capacity(inventory.exposures.len());
        for exposure in inventory.exposures.iter() {
            rows.push(ExposureRow {
                title: self.prose(&exposure.title),
                place: self.prose(&exposure.evidence.location.to_string()),
                preview: self.prose(&exposure.preview),
                allowed: self.prose(exposure.allowed_by.as_deref().unwrap_or_default()),
                copies: inventory.facts.exposures.get(&exposure.id).map_or(0, |facts| facts.copies),
            });
        }
        rows
    }

    fn credentials(&mut self) -> Vec<CredentialRow> {
        let inventory = self.scan.inventory;
        let mut rows = Vec::with_capacity(inventory.credentials.len());
        for credential in inventory.credentials.iter() {
            let facts = inventory.facts.credentials.get(&credential.id);
            let used = facts.map(|facts| last_use(&facts.last_use, self.scan.now)).unwrap_or_default();
            let works = match &credential.active {
                Known::Value(true) => "yes".to_owned(),
                Known::Value(false) => "no, switched off".to_owned(),
                Known::Absent => "unknown".to_owned(),
                Known::Unknown(why) => format!("unknown: {why}"),
            };
            rows.push(CredentialRow {
                kind: self.strings.text(credential.kind.as_str()),
                name: self.prose(&credential.name),
                works: self.prose(&works),
                created: self.day(&credential.created, ""),
                expires: self.day(&credential.expires, "never"),
                used: self.prose(&used),
                open: facts.map_or(0, |facts| facts.exposures.len()),
            });
        }
        rows
    }

    fn workloads(&mut self) -> Vec<WorkloadRow> {
        let all = self.scan.inventory.workloads.iter();
        let rows = all.map(|workload| WorkloadRow {
            kind: self.strings.text(workload.kind.as_str()),
            name: self.prose(&workload.name),
        });
        rows.collect()
    }

    fn coverage(&mut self) -> Vec<CoverageRow> {
        let mut entries: Vec<&CoverageEntry> = self.scan.inventory.coverage.entries().iter().collect();
        entries.sort_by_key(|entry| (!entry.is_hole(), entry.outcome == Outcome::Complete));
        let rows = entries.into_iter().map(|entry| CoverageRow {
            state: self.strings.text(state(entry)),
            collector: self.strings.text(&entry.collector),
            target: self.prose(&entry.target),
            what: self.prose(&entry.what),
            outcome: self.strings.text(entry.outcome.as_str()),
            count: entry.count,
            detail: self.prose(entry.detail.as_deref().unwrap_or_default()),
            remedy: self.prose(entry.remedy.as_deref().unwrap_or_default()),
            blinds: self.strings.texts(entry.blinds.iter().map(|fact| fact.as_str())),
        });
        rows.collect()
    }

    fn day(&mut self, at: &Known<jiff::Timestamp>, absent: &str) -> Text {
        let text = match at {
            Known::Value(at) => short_date(*at),
            Known::Absent => absent.to_owned(),
            Known::Unknown(why) => format!("unknown: {}", flow(why)),
        };
        self.prose(&text)
    }
}

/// The rows of names that are there.
fn positions<'a>(ids: impl Iterator<Item = &'a Urn>, position: impl Fn(&Urn) -> Option<usize>) -> Vec<usize> {
    ids.filter_map(position).collect()
}
