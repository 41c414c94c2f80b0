//! What of a file was taken over and what was not, in words.

use std::collections::{BTreeMap, BTreeSet};

/// How many detectors of ours are named that a file takes the place of: `rules list` has all.
const SHOWN_NAMES: usize = 5;

/// What it means that something of a file is not supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// What is found is the same.
    None,
    /// More or less is found than by the tool that the file was written for.
    Partly,
    /// The rule is not there: it is of a kind that there is not here.
    Lost,
    /// The rule is not there: it cannot be read.
    Broken,
}

/// Something of a file that is not supported.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unsupported {
    /// The rule; `None` for the file.
    pub rule: Option<String>,
    /// The key, or the function.
    pub key: String,
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What comes of it.
    pub meaning: String,
    /// How bad that is.
    pub effect: Effect,
}

/// What was taken over of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// The file.
    pub file: String,
    /// How many rules do what they do there.
    pub whole: u64,
    /// How many rules find more or less than there.
    pub partly: u64,
    /// How many rules are not there.
    pub lost: u64,
    /// Our detectors that the file replaces.
    pub replaced: Vec<String>,
    /// Our detectors that the file switches off.
    pub disabled: Vec<String>,
    /// What is not supported.
    pub unsupported: Vec<Unsupported>,
}

/// The key of what is said of a rule as a whole.
pub(super) const RULE: &str = "rule";

/// How many rules are named where many have the same lack.
const NAMED: usize = 3;

impl Taken {
    /// Counts rules by what is not supported of them.
    pub(super) fn count(&mut self, rules: &BTreeSet<String>) {
        let of = |least: Effect, most: Effect| -> BTreeSet<&String> {
            let with = self.unsupported.iter().filter(|one| (least..=most).contains(&one.effect));
            with.filter_map(|one| one.rule.as_ref()).filter(|rule| rules.contains(*rule)).collect()
        };
        let (lost, partly) = (of(Effect::Lost, Effect::Broken), of(Effect::Partly, Effect::Partly));
        let (lost, partly) = (lost.len() as u64, partly.difference(&lost).count() as u64);
        (self.lost, self.partly, self.whole) = (lost, partly, rules.len() as u64 - lost - partly);
    }

    /// Whether a rule cannot be read: what it finds where it comes from is not found here.
    pub fn is_broken(&self) -> bool {
        self.unsupported.iter().any(|one| one.effect == Effect::Broken)
    }

    /// One line for each thing that is not supported, of as many rules as lack it.
    pub fn lines(&self) -> Vec<String> {
        let mut groups: BTreeMap<(&str, &str), Vec<&Unsupported>> = BTreeMap::new();
        for one in &self.unsupported {
            groups.entry((&one.key, &one.meaning)).or_default().push(one);
        }
        let mut lines: Vec<(usize, String)> = Vec::new();
        for ((key, meaning), mut group) in groups {
            group.sort_by_key(|one| one.line);
            group.dedup_by(|a, b| a.rule == b.rule && a.line == b.line);
            let Some(first) = group.first() else { continue };
            let place = format!("{}:{}", first.file, first.line);
            let names: Vec<String> = group.iter().take(NAMED).filter_map(|one| one.rule.clone()).collect();
            let more = group.len().saturating_sub(names.len());
            let names = names.join(", ");
            let line = match (group.len(), &first.rule) {
                (1, None) => format!("{place}: '{key}' {meaning}"),
                (1, Some(rule)) if key == RULE => format!("{place}: rule '{rule}' {meaning}"),
                (1, Some(rule)) => format!("{place}: rule '{rule}': '{key}' {meaning}"),
                (count, _) if more == 0 => format!("{place}: '{key}' of {count} rules ({names}) {meaning}"),
                (count, _) => format!("{place}: '{key}' of {count} rules ({names} and {more} more) {meaning}"),
            };
            lines.push((first.line, line));
        }
        lines.sort();
        lines.into_iter().map(|(_, line)| line).collect()
    }

    /// What was taken over, in a sentence.
    pub fn summary(&self) -> String {
        let mut text = format!("{} rules taken over", self.whole + self.partly);
        if self.partly > 0 {
            let find = if self.partly == 1 { "finds" } else { "find" };
            text += &format!(", {} of them {find} more or less than there", self.partly);
        }
        if self.lost > 0 {
            text += &format!("; {} not", self.lost);
        }
        for (what, names) in [("replaced", &self.replaced), ("switched off", &self.disabled)] {
            if !names.is_empty() {
                let shown = names.get(..SHOWN_NAMES).unwrap_or(names).join(", ");
                let more = names.len().saturating_sub(SHOWN_NAMES);
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                text += &format!("; {what} of ours: {shown}{more}");
            }
        }
        text
    }
}
