//! Detectors of ours and imported ones as one set, and what the allowlists of imported files say of ours.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::{Detector, DetectorSet, Match};
use super::equivalent::ours;
use super::filter::Filter;
use super::rule::Draft;
use super::sight::Sight;
use super::unsupported::RULE;
use super::{Effect, Global, Import, Taken, Unsupported};

/// By what a finding of ours is allowed that an allowlist of an imported file names; the file follows.
pub const LISTED: &str = "an allowlist of";

/// The filters of imported files that count for all detectors.
#[derive(Debug, Default)]
pub(in crate::secrets) struct Globals(Vec<Global>);

impl DetectorSet {
    /// Adds the rules of imported files, in order: one of the same name replaces what was there before.
    /// Returns what was taken over of each file.
    #[must_use]
    pub fn with_imports(self, imports: Vec<Import>) -> (Self, Vec<Taken>) {
        let mut detectors: BTreeMap<String, Detector> =
            self.into_detectors().into_iter().map(|one| (one.id.clone(), one)).collect();
        let (mut globals, mut taken) = (Vec::new(), Vec::new());
        for import in imports {
            taken.push(import.add_to(&mut detectors, &mut globals));
        }
        (Self::with_globals(detectors.into_values().collect(), Globals(globals)), taken)
    }

    /// What of imported files allows a match of one of our own detectors, in words. Imported ones were asked before.
    pub fn allows(&self, found: &Match<'_>, text: &[u8], paths: &[&str]) -> Option<String> {
        if self.globals().0.is_empty() || found.detector.imported.is_some() {
            return None;
        }
        let sight = Sight::new(text, &found.whole, &found.span, paths)?;
        let mut about = self.globals().0.iter().filter(|global| global.is_about(&found.detector.id));
        about.find(|global| global.filter.judge(&sight).0).map(Global::words)
    }

    /// What of imported files allows all that a detector finds in what a commit brings, in words.
    pub fn allows_commit(&self, detector: &str, commit: &str) -> Option<String> {
        let mut about = self.globals().0.iter().filter(|global| global.is_about(detector));
        let global = about.find(|global| global.filter.allows_commit(commit)).map(Global::words);
        global.or_else(|| {
            let place = self.detectors().binary_search_by(|one| one.id.as_str().cmp(detector)).ok()?;
            let detector = self.detectors().get(place)?;
            let mut filters = detector.imported.as_ref()?.filters.iter();
            filters.any(|filter| filter.allows_commit(commit)).then(|| format!("{LISTED} {}", detector.file))
        })
    }
}

impl Global {
    fn words(&self) -> String {
        format!("{LISTED} {}", self.file)
    }
}

impl Import {
    fn add_to(self, detectors: &mut BTreeMap<String, Detector>, globals: &mut Vec<Global>) -> Taken {
        let mut taken = Taken { file: self.file, unsupported: self.unsupported, ..Taken::default() };
        for theirs in &self.disabled {
            let names: Vec<String> = ours(theirs, |id| detectors.contains_key(id)).map(str::to_owned).collect();
            names.iter().for_each(|id| drop(detectors.remove(id)));
            taken.disabled.extend(names);
        }
        let ids: BTreeSet<String> = self.drafts.keys().cloned().collect();
        let mut replaced = Vec::new();
        for (id, draft) in self.drafts {
            if draft.regex.is_none() && draft.path.is_none() {
                let names: Vec<String> = ours(&id, |id| is_ours(detectors, id)).map(str::to_owned).collect();
                change_ours(draft, names, globals, &mut taken);
                continue;
            }
            let about: Vec<Arc<Filter>> = self
                .globals
                .iter()
                .filter(|global| global.is_about(&id))
                .map(|global| Arc::clone(&global.filter))
                .collect();
            let (file, line) = (draft.file.clone(), draft.line);
            let effect = if draft.regex.is_none() { Effect::Lost } else { Effect::Broken };
            match draft.detector(detectors.get(&id), &about) {
                Ok(detector) => {
                    if is_ours(detectors, &id) {
                        taken.replaced.push(id.clone());
                    }
                    replaced.push(detector);
                }
                Err((place, meaning)) => {
                    let meaning = format!("is not loaded: {meaning}");
                    let line = if place == 0 { line } else { place };
                    let key = RULE.to_owned();
                    taken.unsupported.push(Unsupported { rule: Some(id), key, file, line, meaning, effect });
                }
            }
        }
        detectors.extend(replaced.into_iter().map(|detector| (detector.id.clone(), detector)));
        drop_lonely(detectors, &ids, &mut taken);
        globals.extend(self.globals.into_iter().filter_map(|global| about_ours(global, detectors)));
        taken.count(&ids);
        taken
    }
}

fn is_ours(detectors: &BTreeMap<String, Detector>, id: &str) -> bool {
    detectors.get(id).is_some_and(|one| one.imported.is_none())
}

/// A filter about rules of theirs, as one about those of ours that find the same; `None` when there is none.
fn about_ours(global: Global, detectors: &BTreeMap<String, Detector>) -> Option<Global> {
    let same = |theirs| ours(theirs, |id| is_ours(detectors, id)).map(str::to_owned).collect::<Vec<_>>();
    let targets: BTreeSet<String> = global.targets.iter().flat_map(|theirs| same(theirs)).collect();
    let is_about_none = targets.is_empty() && !global.targets.is_empty();
    (!is_about_none).then(|| Global { targets: targets.into_iter().collect(), ..global })
}

/// A rule without an expression changes a default rule of its tool. Ours that find the same take over its allowlists.
fn change_ours(draft: Draft, names: Vec<String>, globals: &mut Vec<Global>, taken: &mut Taken) {
    let mut lacks = |meaning: &str, effect| {
        let (rule, key, file) = (Some(draft.id.clone()), RULE.to_owned(), draft.file.clone());
        taken.unsupported.push(Unsupported { rule, key, file, line: draft.line, meaning: meaning.to_owned(), effect });
    };
    if names.is_empty() {
        lacks("is not loaded: it has no 'regex', and no detector of ours has its name", Effect::Lost);
        return;
    }
    if draft.entropy.is_some() || !draft.keywords.is_empty() || draft.group.is_some() || !draft.partners.is_empty() {
        lacks("changes a detector of ours: only its allowlists are taken over", Effect::Partly);
    }
    let lists = draft.filters.into_iter().filter(|filter| !matches!(**filter, Filter::NoDigit));
    globals.extend(lists.map(|filter| Global { filter, targets: names.clone(), file: draft.file.clone() }));
}

/// Partners that are not there are not waited for.
fn drop_lonely(detectors: &mut BTreeMap<String, Detector>, ids: &BTreeSet<String>, taken: &mut Taken) {
    let known: BTreeSet<String> = detectors.keys().cloned().collect();
    for id in ids {
        let Some(detector) = detectors.get_mut(id) else { continue };
        let Some(imported) = &mut detector.imported else { continue };
        for partner in imported.partners.iter().filter(|partner| !known.contains(&partner.id)) {
            let (rule, key) = (Some(id.clone()), "components".to_owned());
            let meaning = format!("names '{}', which is not there: the rule is searched without it", partner.id);
            let file = detector.file.clone();
            taken.unsupported.push(Unsupported { rule, key, file, line: 0, meaning, effect: Effect::Partly });
        }
        imported.partners.retain(|partner| known.contains(&partner.id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    fn set(text: &str) -> (DetectorSet, Vec<Taken>) {
        let ours = DetectorSet::parse([]).expect("nothing is right");
        ours.with_imports(vec![Import::read("rules.toml", text, None).expect("it is right")])
    }

    #[test]
    fn commits_are_allowed_by_rule_and_for_all() {
        let rule = "[[rules]]\nid = 'a'\nregex = 'a'\n[[rules]]\nid = 'b'\nregex = 'b'\n";
        let (of_all, _) = set(&format!("{rule}[[allowlists]]\ncommits = ['{COMMIT}']\ntargetRules = ['a']\n"));
        let allowed = |set: &DetectorSet, id: &str, commit: &str| set.allows_commit(id, commit).is_some();
        assert!(allowed(&of_all, "a", COMMIT) && !allowed(&of_all, "b", COMMIT));
        assert!(!allowed(&of_all, "a", &COMMIT.replace('0', "f")));
        let (of_rule, _) = set(&format!("{rule}[[rules.allowlists]]\ncommits = ['{COMMIT}']\n"));
        assert!(!allowed(&of_rule, "a", COMMIT) && allowed(&of_rule, "b", COMMIT));
        assert_eq!(of_rule.allows_commit("b", COMMIT).as_deref(), Some("an allowlist of rules.toml"));
        let (joined, taken) =
            set(&format!("{rule}[[rules.allowlists]]\ncondition = 'AND'\npaths = ['x']\ncommits = ['{COMMIT}']\n"));
        assert!(!allowed(&joined, "b", COMMIT));
        assert_eq!((taken[0].whole, taken[0].partly), (1, 1), "it is said");
    }

    /// The whole default files of both tools, where somebody has them: `NONHUMAN_PEER_RULES` names their folder.
    #[test]
    fn the_default_rules_of_both_tools_load() {
        let Ok(folder) = std::env::var("NONHUMAN_PEER_RULES") else { return };
        for (name, least) in [("gitleaks", 0.99), ("betterleaks", 0.99)] {
            let text = std::fs::read_to_string(format!("{folder}/{name}.toml")).expect("it is there");
            let (set, taken) = set(&text);
            let taken = &taken[0];
            let all = taken.whole + taken.partly + taken.lost;
            assert!((taken.whole + taken.partly) as f64 >= least * all as f64, "{}", taken.lines().join("\n"));
            assert_eq!(set.self_test(), Vec::<String>::new(), "each compiles");
            let everywhere = |one: &&Detector| one.imported.as_ref().is_some_and(|one| one.is_searched_everywhere);
            let everywhere: Vec<_> = set.detectors().iter().filter(everywhere).map(|one| &one.id).collect();
            assert!(everywhere.len() * 10 < set.detectors().len(), "{name}: searched everywhere: {everywhere:?}");
        }
    }
}
