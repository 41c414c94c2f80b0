//! What found keys and tokens are by lists and by what they say: a key whose beginning and end its provider's list shows, a
//! token of a workflow and the roles that let it in. Equal ends of several keys tie a value to none.

use std::collections::{BTreeSet, HashMap};

use super::federation::{Admitted, AllAdmitted, GITHUB, without_numbers};
use super::proofs;
use crate::inventory::Inventory;
use crate::model::{
    AttributeName, Edge, EdgeKind, Exposure, Fingerprint, Holding, SettingKind, Urn, Workload, WorkloadKind,
};

/// Every step from a found key or token.
pub(super) fn link(inventory: &Inventory, admitted: &AllAdmitted, edges: &mut Vec<Edge>) {
    listed(inventory, edges);
    let tokens = inventory.exposures.iter().filter(|one| !proofs::has_expired(one));
    for token in tokens {
        let issuer = token.proof.facts.get("issuer").and_then(|issuer| issuer.strip_prefix("https://"));
        if issuer.is_some_and(|issuer| issuer == GITHUB) {
            of_workflow(inventory, token, admitted, edges);
        }
    }
}

/// Keys by the ends that a list shows.
fn listed(inventory: &Inventory, edges: &mut Vec<Edge>) {
    let mut by_print: HashMap<(&str, &str), Vec<&Urn>> = HashMap::new();
    for key in inventory.settings.iter().filter(|one| one.kind == SettingKind::ListedKey) {
        let text = |name| key.attributes.text(name);
        if let (Some(kind), Some(print)) = (text(AttributeName::KeyKind), text(AttributeName::HintPrint)) {
            by_print.entry((kind, print)).or_default().push(&key.id);
        }
    }
    if by_print.is_empty() {
        return;
    }
    let hinted = || {
        let found = inventory.exposures.iter().filter(|one| !one.public);
        found.filter_map(|one| {
            let print = one.proof.facts.get(AttributeName::HintPrint.as_str())?;
            Some((one, (one.proof.kind.as_str(), print.as_str())))
        })
    };
    let mut values: HashMap<(&str, &str), BTreeSet<&Fingerprint>> = HashMap::new();
    for (exposure, print) in hinted() {
        values.entry(print).or_default().insert(inventory.facts.value_of(exposure));
    }
    for (exposure, print) in hinted() {
        let Some([key]) = by_print.get(&print).map(Vec::as_slice) else { continue };
        let edge =
            Edge::new(&exposure.id, EdgeKind::ValueOf, key, "its ends are those of a key in the provider's list");
        edges.push(match values.get(&print).map_or(0, BTreeSet::len) {
            0 | 1 => {
                let doubt = "the rest of it is the same, too: the list shows no more than its ends";
                edge.only(Holding::Conditional, doubt)
            }
            several => {
                let doubt = "different values with these ends were found, of which at most one is that key";
                edge.only(Holding::Unknown, format!("{several} {doubt}"))
            }
        });
    }
}

/// A token that a workflow got of GitHub: its workflow, and the roles that let its subject in.
fn of_workflow(inventory: &Inventory, token: &Exposure, admitted: &AllAdmitted, edges: &mut Vec<Edge>) {
    let facts = &token.proof.facts;
    let Some(subject) = facts.get("subject").map(|subject| without_numbers(subject)) else { return };
    let short = "it is used while it is valid, which is for minutes";
    if let Some((repository, path)) = facts.get("workflow").and_then(|text| workflow(text)) {
        let is_it = |name: Option<&str>| name.is_some_and(|name| name.eq_ignore_ascii_case(&repository));
        let workflows = inventory.workloads.iter().filter(|one| one.kind == WorkloadKind::CiGithubWorkflow);
        let is_at_github = |one: &&Workload| one.attributes.text(AttributeName::Forge).is_none();
        let mut of_path = workflows.filter(|one| one.name == path).filter(is_at_github);
        if let Some(one) = of_path.find(|one| is_it(one.attributes.text(AttributeName::Repository))) {
            let edge = Edge::new(&token.id, EdgeKind::ValueOf, &one.id, "the token says that it is of this workflow");
            edges.push(edge.only(Holding::Conditional, short));
        }
    }
    let Some(head) = subject.match_indices(':').nth(1).map(|(end, _)| &subject[..=end]) else { return };
    let lets_in = |one: &&Admitted| one.admits(&subject) && one.issuer == GITHUB;
    for one in admitted.of_repository(head).filter(lets_in) {
        let why = format!("the role lets in {}, and the token is of {subject}", one.shown());
        let mut asked = vec![short.to_owned()];
        asked.extend((!one.open.is_empty()).then(|| format!("the trust policy asks {}", one.open.join(", "))));
        let edge = Edge::new(&token.id, EdgeKind::ActsAs, &one.role, why);
        edges.push(edge.only(Holding::Conditional, asked.join("; ")));
    }
}

/// Repository and path of `acme/shop/.github/workflows/ci.yml@refs/heads/main`.
fn workflow(text: &str) -> Option<(String, String)> {
    let (file, _) = text.split_once('@')?;
    let (repository, path) = file.split_once("/.github/")?;
    Some((repository.to_owned(), format!(".github/{path}")))
}
