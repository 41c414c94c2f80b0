//! What rules ask of the ways by which an identity becomes administrator or gets at data: where they end, how long they
//! are, what closes them. It finds no way itself.

use super::nouns::text;
use super::view::Field;
use crate::inventory::IdentityFacts;
use crate::model::{EscalationPath, Identity};

/// A field about the ways of an identity; null where there is none.
pub(super) fn field(it: &Identity, facts: &IdentityFacts, name: &str) -> Field {
    match name {
        "becomes_in" => ways(facts).next().map_or(Field::Null, |path| text(home(it, path))),
        "becomes" => ways(facts).next().map_or(Field::Null, |path| text(ending(it, path))),
        "becomes_steps" => ways(facts).next().map_or(Field::Null, |path| Field::Text(length(path))),
        "becomes_via" => ways(facts).next().map_or(Field::Null, |path| match path.via.as_slice() {
            [] => text(ending(it, path)),
            via => Field::Text(via.join(", then ")),
        }),
        _ => {
            let mut cuts: Vec<&str> = ways(facts).map(|path| path.cut.as_str()).filter(|cut| !cut.is_empty()).collect();
            cuts.sort_unstable();
            cuts.dedup();
            if cuts.is_empty() { Field::Null } else { Field::Text(cuts.join("; and ")) }
        }
    }
}

/// The ways to administrator, or where there are none those to data.
fn ways(facts: &IdentityFacts) -> impl Iterator<Item = &EscalationPath> {
    let paths = if facts.escalations.is_empty() { &facts.data_paths } else { &facts.escalations };
    let certain = paths.iter().any(|path| !path.conditional);
    paths.iter().filter(move |path| !(certain && path.conditional))
}

/// How many things are done on a way, in words.
fn length(path: &EscalationPath) -> String {
    match path.length() {
        1 => "1 step".to_owned(),
        many => format!("{many} steps"),
    }
}

/// Whom a way ends at, in few words.
fn ending<'p>(it: &Identity, path: &'p EscalationPath) -> &'p str {
    let target = path.target.as_str();
    let local = target.split_once(&format!(":{}:", it.tenant)).map(|(_, local)| local);
    if path.target == it.id { "itself" } else { local.unwrap_or(target) }
}

/// The account that a way ends in.
fn home<'p>(it: &'p Identity, path: &'p EscalationPath) -> &'p str {
    let account = path.target.as_str().strip_prefix("arn:").and_then(|rest| rest.split(':').nth(3));
    account.unwrap_or(&it.tenant)
}
