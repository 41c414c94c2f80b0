//! What found keys and tokens are by lists and by what they say: a key whose beginning and end its provider's list shows, a
//! token of a workflow and the roles that let it in. Equal ends of several keys tie a value to none.

use std::collections::HashMap;

use super::federation::{Admitted, AllAdmitted, GITHUB, without_numbers};
use super::proofs;
use crate::inventory::Inventory;
use crate::model::{AttributeName, Edge, EdgeKind, Exposure, Holding, SettingKind, Urn, WorkloadKind};

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
    for exposure in inventory.exposures.iter().filter(|one| !one.public) {
        let Some(print) = exposure.proof.facts.get(AttributeName::HintPrint.as_str()) else { continue };
        if let Some([key]) = by_print.get(&(exposure.proof.kind.as_str(), print.as_str())).map(Vec::as_slice) {
            let edge =
                Edge::new(&exposure.id, EdgeKind::ValueOf, key, "its ends are those of a key in the provider's list");
            let doubt = "the rest of it is the same, too: the list shows no more than its ends";
            edges.push(edge.only(Holding::Conditional, doubt));
        }
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
        let mut of_path = workflows.filter(|one| one.name == path);
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
