//! The few stories that are read first, in plain words: what is wrong, what it amounts to, who answers, what to do.
//! Says what the findings and facts say; judges nothing anew.

use crate::inventory::IdentityFacts;
use crate::model::{CapabilityKind, Finding, Known, LastUse, Severity, Urn, short_date, show_age};
use crate::report::Scan;
use crate::report::group::{Group, Key};
use crate::report::view::{View, scope};
use crate::report::words::{plural, some_of};

/// How many stories there are.
pub(super) const STORIES: usize = 5;

/// One thing to know.
pub(super) struct Story<'a> {
    pub(super) severity: Severity,
    pub(super) title: &'a str,
    /// The identity it is about, where it is one of the inventory.
    pub(super) identity: Option<&'a Urn>,
    /// Whole sentences.
    pub(super) sentences: Vec<String>,
    /// The steps that prove it; empty where the sentences say all.
    pub(super) steps: &'a [String],
    pub(super) remedy: &'a str,
}

/// The stories of the first groups; these are sorted by what is worst.
pub(super) fn stories<'a>(scan: &'a Scan<'_>, view: &View<'_>, groups: &'a [Group<'_>]) -> Vec<Story<'a>> {
    // What was accepted in a baseline is known.
    let open = groups.iter().filter(|group| group.findings.iter().any(|finding| !finding.is_accepted()));
    open.take(STORIES).filter_map(|group| story(scan, view, group)).collect()
}

fn story<'a>(scan: &'a Scan<'_>, view: &View<'_>, group: &'a Group<'_>) -> Option<Story<'a>> {
    let worst: &Finding = group.findings.iter().find(|finding| !finding.is_accepted())?;
    let message = if worst.message.trim().is_empty() { &*worst.title } else { worst.message.as_str() };
    let mut sentences = vec![sentence(message)];
    let identity = match group.key {
        Key::Identity(id) => scan.inventory.identities.get(id).map(|_| id),
        _ => None,
    };
    if let Some(id) = identity {
        let facts = view.facts(id);
        sentences.extend(powers(id, facts, scan));
        let is_told = facts.owner.value().is_some_and(|owner| message.contains(&owner.name));
        sentences.extend(owner(facts, scan).filter(|_| !is_told));
        sentences.extend(use_of(facts, scan));
    }
    Some(Story {
        severity: worst.severity,
        title: &group.title,
        identity,
        sentences,
        steps: &worst.chain,
        remedy: &worst.remedy,
    })
}

/// A message of a rule as a sentence. A first word that may be a name stays as it is.
fn sentence(message: &str) -> String {
    let mut text = message.trim().to_owned();
    let first = text.split(' ').next().unwrap_or_default();
    if matches!(first, "a" | "an" | "any" | "its" | "no" | "nobody" | "the" | "this" | "whoever") {
        text.get_mut(..1).into_iter().for_each(str::make_ascii_uppercase);
    }
    if text.ends_with(['.', '!', '?']) { text } else { text + "." }
}

fn powers(id: &Urn, facts: &IdentityFacts, scan: &Scan<'_>) -> Option<String> {
    let administrator: Vec<_> =
        facts.capabilities.iter().filter(|one| one.kind == CapabilityKind::Administrator).map(scope).collect();
    if !administrator.is_empty() {
        return Some(format!("It can do everything in {}.", some_of(&administrator, 2)));
    }
    let path = facts.escalations.first()?;
    let through = match scan.inventory.identities.get(&path.target) {
        Some(other) if path.target != *id => format!(", through {} {}", other.kind.label(), other.name),
        _ => String::new(),
    };
    let condition = if path.conditional { " if a condition holds" } else { "" };
    Some(format!("It can become administrator in {}{through}{condition}.", plural(path.steps.len(), "step")))
}

fn owner(facts: &IdentityFacts, scan: &Scan<'_>) -> Option<String> {
    match &facts.owner {
        Known::Absent => Some("Nobody is known to answer for it.".to_owned()),
        Known::Unknown(_) => None,
        Known::Value(owner) => match (&owner.left, &owner.active) {
            (Known::Value(left), _) if *left <= scan.now => {
                Some(format!("Its owner {} left on {}.", owner.name, short_date(*left)))
            }
            (_, Known::Value(false)) => Some(format!("Its owner {} is no longer there.", owner.name)),
            _ => Some(format!("{} answers for it.", owner.name)),
        },
    }
}

fn use_of(facts: &IdentityFacts, scan: &Scan<'_>) -> Option<String> {
    match facts.last_use.value()? {
        LastUse { at: Some(at), .. } => {
            let seconds = scan.now.as_second().saturating_sub(at.as_second());
            (seconds >= 0).then(|| format!("It was last used {} ago.", show_age(seconds)))
        }
        LastUse { at: None, horizon: Some(horizon), .. } => {
            Some(format!("No use of it was seen since {}.", short_date(*horizon)))
        }
        LastUse { at: None, horizon: None, .. } => Some("It was never used.".to_owned()),
    }
}
