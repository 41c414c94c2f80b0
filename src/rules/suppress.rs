//! Which findings a baseline accepts, which of its entries are stale, and what it is when it is written anew. Marks
//! findings; hides none.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::baseline::{Baseline, Entry, Key, Spot};
use super::decision::Decision;
use crate::inventory::Inventory;
use crate::model::{BaselineNote, BaselineState, Exposure, Finding, Fingerprint, Location, TreeNames};

/// How a baseline calls the file of a place: as a new entry does, then as older ones may. Empty where there is no file.
type Naming<'a> = dyn Fn(&Location) -> Vec<Spot> + 'a;

/// What rewriting a baseline changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rewritten {
    /// Findings that were not in it.
    pub added: u64,
    /// Entries that stay.
    pub kept: u64,
    /// Entries that are taken out, since nothing is found there any more.
    pub dropped: u64,
    /// Of the added ones, those that took the words of an entry that was taken out: the file was moved.
    pub moved: u64,
}

/// Marks the findings of which a baseline knows: those that somebody decided of, by fingerprint, and those about secrets in
/// files by value and file, never by line.
pub fn apply(baseline: &Baseline, findings: &mut [Finding], inventory: &Inventory, today: Date, naming: &Naming<'_>) {
    let mut by_value: BTreeMap<_, &Entry> = BTreeMap::new();
    for entry in baseline.entries() {
        by_value.entry(&entry.fingerprint).or_insert(entry);
    }
    let names = TreeNames::of(&inventory.scopes);
    for finding in findings {
        let decided = decided(baseline, finding, &names).map(|decision| Box::new(decision.note(today)));
        finding.baseline.clone_from(&decided);
        if finding.is_accepted() {
            continue;
        }
        let Some(exposure) = inventory.exposures.get(&finding.subject) else { continue };
        let keys = keys(exposure, naming);
        if keys.is_empty() {
            continue;
        }
        let entry = keys.iter().find_map(|key| baseline.entries.get(key));
        let state = match entry.and_then(|entry| entry.expires) {
            Some(day) if day < today => BaselineState::Expired,
            _ if entry.is_some() => BaselineState::Accepted,
            _ => BaselineState::Elsewhere,
        };
        let of_value = entry.or_else(|| by_value.get(&exposure.fingerprint).copied()).map(|entry| {
            Box::new(BaselineNote {
                state,
                path: entry.path.clone(),
                reason: entry.reason.clone(),
                owner: entry.owner.clone(),
                by: String::new(),
                expires: entry.expires,
            })
        });
        // That the value is accepted in another file says less than what was decided of this finding.
        finding.baseline = match (of_value, decided) {
            (Some(note), Some(decided)) if note.state != BaselineState::Accepted => Some(decided),
            (Some(note), _) => Some(note),
            (None, decided) => decided,
        };
    }
}

/// What was decided of a finding; before its tree was called by where its repository comes from, too.
fn decided<'a>(baseline: &'a Baseline, finding: &Finding, names: &TreeNames) -> Option<&'a Decision> {
    let before = || {
        let subject = names.by_folder(finding.subject.as_str())?;
        baseline.decisions.get(&Fingerprint::of_public(&[&finding.rule, &subject]))
    };
    let is_about = |decision: &&Decision| decision.is_about(finding, names);
    let decided = baseline.decisions.get(&finding.fingerprint).filter(is_about);
    decided.or_else(|| before().filter(is_about))
}

/// The entries of which nothing is found any more, as far as `was_searched` says that their file was searched.
pub fn stale<'a>(
    baseline: &'a Baseline,
    inventory: &Inventory,
    naming: &Naming<'_>,
    was_searched: impl Fn(&Entry) -> bool,
) -> Vec<&'a Entry> {
    let present = present(inventory, naming);
    let gone = baseline.entries.iter().filter(|(key, entry)| !present.contains_key(*key) && was_searched(entry));
    gone.map(|(_, entry)| entry).collect()
}

/// The baseline that accepts every finding about a secret in a file. Entries of what is still there, or was not
/// searched, keep their words; a finding takes over those of an entry that is taken out and has the same value.
pub fn rewrite(
    old: &Baseline,
    findings: &[Finding],
    inventory: &Inventory,
    naming: &Naming<'_>,
    was_searched: impl Fn(&Entry) -> bool,
) -> (Baseline, Rewritten) {
    let present = present(inventory, naming);
    let mut new = old.clone();
    let mut done = Rewritten::default();
    let mut taken_out: BTreeMap<_, &Entry> = BTreeMap::new();
    for (key, entry) in &old.entries {
        match (present.get(key), new.entries.get_mut(key)) {
            (Some(exposure), Some(kept)) => {
                kept.detector.clone_from(&exposure.detector);
                kept.history = is_history(exposure);
                done.kept += 1;
            }
            _ if was_searched(entry) => {
                new.entries.remove(key);
                taken_out.insert(&entry.fingerprint, entry);
                done.dropped += 1;
            }
            _ => done.kept += 1,
        }
    }
    for exposure in findings.iter().filter_map(|finding| inventory.exposures.get(&finding.subject)) {
        let keys = keys(exposure, naming);
        if keys.iter().any(|key| new.entries.contains_key(key)) {
            continue;
        }
        let Some(key) = keys.into_iter().next() else { continue };
        let words = taken_out.get(&key.1);
        done.moved += u64::from(words.is_some());
        done.added += 1;
        let entry = Entry {
            tree: key.0.tree.clone(),
            path: key.0.path.clone(),
            detector: exposure.detector.clone(),
            fingerprint: key.1.clone(),
            reason: words.map(|entry| entry.reason.clone()).unwrap_or_default(),
            owner: words.map(|entry| entry.owner.clone()).unwrap_or_default(),
            expires: words.and_then(|entry| entry.expires),
            history: is_history(exposure),
        };
        new.entries.insert(key, entry);
    }
    (new, done)
}

/// What is found, allowed in place or not. Of several places in one file that which lies in the open now counts.
fn present<'a>(inventory: &'a Inventory, naming: &Naming<'_>) -> BTreeMap<Key, &'a Exposure> {
    let mut present: BTreeMap<Key, &Exposure> = BTreeMap::new();
    for exposure in &inventory.exposures {
        for key in keys(exposure, naming) {
            let known = present.entry(key).or_insert(exposure);
            if is_history(known) {
                *known = exposure;
            }
        }
    }
    present
}

fn keys(exposure: &Exposure, naming: &Naming<'_>) -> Vec<Key> {
    let spots = naming(&exposure.evidence.location).into_iter();
    spots.map(|spot| (spot, exposure.fingerprint.clone())).collect()
}

fn is_history(exposure: &Exposure) -> bool {
    exposure.introduced.as_ref().is_some_and(|commit| !commit.in_head)
}
