//! `nonhuman path`: the surest and then shortest way from one thing to another.

use clap::Args;
use serde_json::json;

use super::answer::{Answer, Section};
use super::arguments::Global;
use super::question::Asking;
use super::{Failure, thing};
use crate::access::aws;
use crate::config::Config;
use crate::exit::Exit;
use crate::inventory::Inventory;
use crate::model::{CapabilityKind, Edge, EdgeKind, Holding, IdentityKind, Urn};

/// `nonhuman path`
#[derive(Debug, Args)]
pub struct Path {
    /// Where it starts: an id, the end of an id, or a name
    #[arg(value_name = "FROM")]
    start: String,
    /// Where it ends
    #[arg(value_name = "TO")]
    end: String,
    #[command(flatten)]
    asking: Asking,
}

/// What to take away from whoever takes a step so that it can no more: the statement that is cited for it.
fn cut(inventory: &Inventory, edge: &Edge) -> Option<String> {
    let first = edge.why.split("; ").next()?;
    let statement = aws::cited(first)?;
    Some(format!("take this from {}: {statement}", thing::label(inventory, &edge.from)))
}

/// A way whose last step is the power over a whole account: who administers one may make credentials for its users and
/// change whom its roles trust. Nobody gets so at the root user, or at a role that AWS keeps for itself.
fn by_account(inventory: &Inventory, start: &Urn, end: &Urn) -> Option<Vec<Edge>> {
    const KEPT: [&str; 2] = [":role/aws-service-role/", ":role/aws-reserved/"];
    let identity = inventory.identities.get(end)?;
    let is_taken = matches!(identity.kind, IdentityKind::AwsUser | IdentityKind::AwsRole);
    if !is_taken || KEPT.iter().any(|path| end.as_str().contains(path)) {
        return None;
    }
    let (scope, graph) = (format!("account {}", identity.tenant), &inventory.facts.graph);
    let is_it = |kind, of: &str| kind == CapabilityKind::Administrator && of == scope;
    let power = graph.reach_of(start).find(|power| is_it(power.kind, power.scope))?;
    let mut way: Vec<Edge> = graph.way(start, &power).into_iter().cloned().collect();
    let last = Edge::new(power.at, EdgeKind::Controls, end, format!("administrator of {scope}"));
    way.push(match power.holding {
        Holding::Holds => last,
        holding => last.only(holding, under_which(inventory, power.at)),
    });
    Some(way)
}

/// Under which condition somebody is administrator.
fn under_which(inventory: &Inventory, who: &Urn) -> String {
    let facts = inventory.facts.identities.get(who);
    let own = facts.and_then(|facts| facts.capabilities.iter().find(|one| one.is_administrator()));
    let way = facts.and_then(|facts| facts.escalations.first());
    let proof = own.map(|one| &one.proof).or_else(|| way.map(|way| &way.steps));
    let asked = proof.map(|proof| aws::asked(proof)).unwrap_or_default();
    if asked.is_empty() { "what stands in brackets before holds".to_owned() } else { asked }
}

pub(super) fn run(arguments: &Path, global: &Global, config: &Config) -> Result<Exit, Failure> {
    let mut known = arguments.asking.known(global, config)?;
    let (start, end) = (known.find(&arguments.start)?, known.find(&arguments.end)?);
    let cut_off = known.follow(&start);
    let inventory = &known.inventory;
    let way: Option<Vec<Edge>> = inventory.facts.graph.path(&start, &end).map(|way| way.into_iter().cloned().collect());
    let way = way.or_else(|| by_account(inventory, &start, &end));
    let title = format!("From {} to {}", thing::label(inventory, &start), thing::label(inventory, &end));
    let cuts: Vec<String> = way.iter().flatten().filter_map(|edge| cut(inventory, edge)).collect();
    let data =
        json!({"from": start, "to": end, "found": way.is_some() || start == end, "way": &way, "closed_by": &cuts});
    let mut answer = Answer::new(title, data);
    let mut section = Section::new("Way");
    match way {
        _ if start == end => section.line(0, "it is one and the same"),
        None => {
            let more = if known.not_seen().is_empty() { "" } else { "; what could not be seen stands below" };
            section.line(0, format!("there is none along what was read{more}"));
            cut_off.into_iter().for_each(|line| section.line(0, line));
        }
        Some(way) => {
            section.line(0, thing::label(inventory, &start));
            for edge in &way {
                section.line(1, thing::step(inventory, edge));
                thing::reason(&edge.why).into_iter().for_each(|line| section.line(2, line));
            }
            let holding = way.iter().map(|edge| edge.holding).max().unwrap_or(Holding::Holds);
            section.line(
                0,
                match holding {
                    Holding::Holds => "every step holds by what was read",
                    Holding::Conditional => "it holds where each condition in [brackets] is met",
                    Holding::Unknown => "what would allow or forbid a step in [brackets] was not read",
                },
            );
        }
    }
    answer.add(section);
    if !cuts.is_empty() {
        let mut closed = Section::new("Closed by any one of these");
        cuts.iter().for_each(|cut| closed.line(0, cut.clone()));
        answer.add(closed);
    }
    arguments.asking.tell(&known, answer)
}
