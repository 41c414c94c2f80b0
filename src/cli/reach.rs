//! `nonhuman reach`: everything that can be got to from one thing, as a tree, and the power that waits there.

use std::collections::BTreeSet;

use clap::Args;
use serde_json::json;

use super::answer::{Answer, Section};
use super::arguments::Global;
use super::question::{Asking, Known};
use super::{Failure, show, thing};
use crate::config::Config;
use crate::exit::Exit;
use crate::model::Urn;

/// The deepest branch of the tree, and the longest tree, in lines: longer ones are not read.
const DEEPEST: usize = 12;
const LONGEST: usize = 400;

/// `nonhuman reach`
#[derive(Debug, Args)]
pub struct Reach {
    /// An identity, agent, credential, workload or secret: its id, the end of its id, or its name
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    asking: Asking,
}

pub(super) fn run(arguments: &Reach, global: &Global, config: &Config) -> Result<Exit, Failure> {
    let known = arguments.asking.known(global, config)?;
    let id = known.find(&arguments.id)?;
    let graph = &known.inventory.facts.graph;
    let powers: Vec<_> =
        graph.reach_of(&id).map(|power| json!({"power": power, "way": graph.way(&id, &power)})).collect();
    let mut answer = Answer::new(thing::label(&known.inventory, &id), json!({"id": id, "reach": powers}));
    let mut tree = Tree { known: &known, section: Section::new("Leads to"), seen: BTreeSet::new(), lines: 0 };
    tree.branch(&id, 0);
    if tree.section.is_empty() {
        tree.section.line(0, "nothing that was read leads on from it");
    }
    answer.add(tree.section);
    show::reach(&known, &id, &mut answer);
    if graph.reach_of(&id).next().is_none() {
        let mut section = Section::new("What can be done with it");
        section.line(0, "no power that is known of; see below what could not be seen");
        answer.add(section);
    }
    arguments.asking.tell(&known, answer)
}

struct Tree<'a> {
    known: &'a Known,
    section: Section,
    seen: BTreeSet<Urn>,
    lines: usize,
}

impl Tree<'_> {
    /// Each thing is opened once: a second time it is only named.
    fn branch(&mut self, id: &Urn, depth: usize) {
        self.seen.insert(id.clone());
        let graph = &self.known.inventory.facts.graph;
        for edge in graph.from(id).iter().filter(|edge| edge.kind.carries_power()) {
            self.lines += 1;
            if self.lines == LONGEST {
                self.section.line(depth, "… the tree goes on; `--format json` names all that can be done");
            }
            if self.lines >= LONGEST {
                return;
            }
            let text = thing::step(&self.known.inventory, edge);
            let leads_on = graph.from(&edge.to).iter().any(|next| next.kind.carries_power());
            if self.seen.contains(&edge.to) {
                let above = if leads_on { " (opened above)" } else { "" };
                self.section.line(depth, format!("{text}{above}"));
            } else if depth >= DEEPEST {
                self.section.line(depth, format!("{text} …"));
            } else {
                self.section.line(depth, text);
                self.branch(&edge.to, depth + 1);
            }
        }
    }
}
