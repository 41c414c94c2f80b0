//! Agents that a workflow starts through another file of the same repository: a composite action, or a workflow that it
//! calls. Waits until all files are read, and opens none.
//!
//! Source: GitHub Docs, "Reusing workflows": permissions can only be taken away on the way, and the events are those of the
//! one who calls; "Creating a composite action".

use std::collections::{BTreeMap, BTreeSet};

use super::condition::Start;
use super::file::File;
use super::rights::Rights;
use crate::model::{AttributeName as Name, Attributes, Identity, LinkKind, Record, Urn};

/// How deep files may call each other: GitHub allows ten.
const DEEPEST: usize = 10;

/// An agent that a file starts for whoever calls it.
#[derive(Clone, Debug)]
pub(super) struct Defined {
    pub(super) program: String,
    /// What is fetched, and whether it asks.
    pub(super) attributes: Attributes,
    /// It refuses whoever may not write to the repository.
    pub(super) asks: bool,
    /// The conditions on the way to it.
    pub(super) conditions: Vec<String>,
    /// What the file leaves of the caller's rights to write, where it says so.
    pub(super) writes: Option<Vec<String>>,
    /// The secrets that stand in the file, as those of its own agent.
    pub(super) records: Vec<Record>,
}

/// A place that calls a file of the same repository.
pub(super) struct Waiting {
    /// The file that calls.
    path: String,
    shown: String,
    /// The folder of the repository, as paths begin.
    root: String,
    /// As written: `./…`.
    target: String,
    /// The agent, if the called file starts one; its name says where.
    identity: Identity,
    records: Vec<Record>,
    rights: Rights,
    start: Start,
    /// The agent that the name of the called file speaks of, in case it is not in the tree.
    pub(super) by_name: Option<String>,
}

impl Waiting {
    pub(super) fn new(
        file: &File<'_>,
        target: &str,
        identity: Identity,
        records: Vec<Record>,
        rights: Rights,
        start: Start,
    ) -> Self {
        let name = file.source.name;
        let root = name.to_lowercase().find(".github/workflows/").map_or("", |at| name.get(..at).unwrap_or_default());
        Self {
            path: file.source.path.to_owned(),
            shown: file.shown().to_owned(),
            root: root.to_owned(),
            target: target.to_owned(),
            identity,
            records,
            rights,
            start,
            by_name: None,
        }
    }

    /// The agent that another file starts for this place; of several the first has the place's own name.
    fn agent(&self, number: usize, defined: &Defined) -> Vec<Record> {
        let mut identity = self.identity.clone();
        let again = if number == 0 { String::new() } else { format!("/{}", number + 1) };
        identity.id = crate::model::Urn::new(format!("{}{again}", identity.id));
        let target = super::given::shown(&self.target);
        identity.name = format!("{} in job {}, by {target} ({})", defined.program, identity.name, self.shown);
        if defined.conditions.iter().any(|condition| self.start.guards(condition)) {
            identity.attributes.remove(Name::UntrustedTrigger);
            identity.attributes.remove(Name::UntrustedContent);
        }
        if defined.asks {
            identity.attributes.remove(Name::UntrustedTrigger);
        }
        let mut rights = self.rights.clone();
        if let Some(left) = &defined.writes {
            rights.writes = met(rights.writes, left);
        }
        rights.set(&mut identity.attributes);
        identity.attributes.fill(defined.attributes.clone(), true);
        let id = identity.id.clone();
        let mut records = vec![Record::Identity(identity)];
        // What the place is given, each of its agents is, and what the other file gives.
        let given = self.records.iter().chain(&defined.records).cloned();
        records.extend(given.map(|record| match record {
            Record::Link(mut link) if matches!(link.kind, LinkKind::ActsAs | LinkKind::Uses) => {
                link.from = id.clone();
                Record::Link(link)
            }
            Record::Credential(mut given) => {
                let own = given.id.as_str().strip_prefix(given.holder.as_str()).unwrap_or_default();
                given.id = Urn::new(format!("{id}{own}"));
                given.holder = id.clone();
                Record::Credential(given)
            }
            other => other,
        }));
        records
    }
}

/// What is left of rights that another takes some of.
fn met(given: Vec<String>, left: &[String]) -> Vec<String> {
    const ALL: &str = "everything";
    if given.iter().any(|one| one == ALL) {
        return left.to_vec();
    }
    let is_left = |one: &String| left.iter().any(|kept| kept == ALL || kept == one);
    given.into_iter().filter(is_left).collect()
}

/// Everything that calls and is called in one tree.
#[derive(Default)]
pub(super) struct Calls {
    /// By the path of the file, for an action by its folder.
    defined: BTreeMap<String, Vec<Defined>>,
    /// What a called file calls itself, as written.
    onward: BTreeMap<String, Vec<String>>,
    waiting: Vec<Waiting>,
    /// Actions with their own agents, told where nothing of the tree uses them.
    own: Vec<(String, String, (Identity, Vec<Record>))>,
}

impl Calls {
    pub(super) fn define(&mut self, place: &str, defined: Defined) {
        self.defined.entry(place.to_owned()).or_default().push(defined);
    }

    pub(super) fn lead_on(&mut self, place: &str, target: &str) {
        self.onward.entry(place.to_owned()).or_default().push(target.to_owned());
    }

    pub(super) fn wait(&mut self, waiting: Waiting) {
        self.waiting.push(waiting);
    }

    pub(super) fn unused(&mut self, folder: &str, path: &str, agent: (Identity, Vec<Record>)) {
        self.own.push((folder.to_owned(), path.to_owned(), agent));
    }

    /// Takes in what another file said.
    pub(super) fn extend(&mut self, other: Self) {
        let Self { defined, onward, waiting, own } = other;
        for (place, list) in defined {
            self.defined.entry(place).or_default().extend(list);
        }
        for (place, list) in onward {
            self.onward.entry(place).or_default().extend(list);
        }
        self.waiting.extend(waiting);
        self.own.extend(own);
    }

    /// The agents that places start through others, by the file that calls.
    pub(super) fn records(mut self) -> Vec<(String, Vec<Record>)> {
        // Files are read in any order.
        self.waiting.sort_by(|one, other| one.identity.id.cmp(&other.identity.id));
        let mut used = BTreeSet::new();
        let mut all = Vec::new();
        for waiting in &self.waiting {
            let found = self.found(waiting, &mut used);
            let by_name = waiting.by_name.as_ref().filter(|_| found.is_empty()).map(|program| Defined {
                program: program.clone(),
                attributes: Attributes::default()
                    .with(Name::AgentProgram, program.as_str())
                    .with(Name::SeenWith, "low")
                    .with(Name::Package, super::given::shown(&waiting.target)),
                conditions: Vec::new(),
                asks: false,
                writes: None,
                records: Vec::new(),
            });
            let agents = found.into_iter().chain(by_name.as_ref()).enumerate();
            let records = agents.flat_map(|(number, defined)| waiting.agent(number, defined)).collect::<Vec<_>>();
            if !records.is_empty() {
                all.push((waiting.path.clone(), records));
            }
        }
        for (folder, path, (identity, mut given)) in self.own {
            if !used.contains(&folder) {
                given.insert(0, Record::Identity(identity));
                all.push((path, given));
            }
        }
        all
    }

    /// The agents of a called file and of those that it calls.
    fn found(&self, waiting: &Waiting, used: &mut BTreeSet<String>) -> Vec<&Defined> {
        let place = |target: &str| {
            let below = target.trim_start_matches("./").trim_end_matches('/');
            format!("{}{below}", waiting.root)
        };
        let mut seen = BTreeSet::new();
        let mut all = Vec::new();
        let mut open = vec![place(&waiting.target)];
        for _ in 0..DEEPEST {
            let mut next = Vec::new();
            for called in open {
                if seen.insert(called.clone()) {
                    all.extend(self.defined.get(&called).into_iter().flatten());
                    next.extend(self.onward.get(&called).into_iter().flatten().map(|target| place(target)));
                    used.insert(called);
                }
            }
            open = next;
        }
        all
    }
}
