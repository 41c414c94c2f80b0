//! Which servers, models and other agents the manifests of a tree give an agent. Waits until all files are read: what is named
//! may stand in another.
//!
//! Source: kagent, "API reference": `modelConfig`, `tools` of an `Agent`.

use std::collections::HashMap;

use super::file::File;
use super::given::shown;
use super::node::Node;
use crate::model::{LinkKind, Record, Urn};

/// How many things one agent uses at most.
const MOST_USED: usize = 500;
/// Among how many things of one name is looked for the one that is meant.
const MOST_ALIKE: usize = 200;

/// What a tree has, and what its agents name.
#[derive(Default)]
pub(super) struct Uses {
    things: Vec<Thing>,
    wanted: Vec<Wanted>,
}

struct Thing {
    namespace: String,
    kind: String,
    name: String,
    id: Urn,
    path: String,
}

struct Wanted {
    namespace: String,
    kinds: &'static [&'static str],
    name: String,
    path: String,
    /// The edge, but for where it leads.
    link: Record,
}

const SERVERS: &[&str] = &["RemoteMCPServer", "MCPServer", "ToolServer", "MCPRemoteProxy"];

impl Uses {
    /// Notes a resource, and what it names.
    pub(super) fn note(&mut self, file: &File<'_>, id: &Urn, tree: &Node, (namespace, kind, name): (&str, &str, &str)) {
        let path = file.source.path.to_owned();
        self.things.push(Thing {
            namespace: namespace.to_owned(),
            kind: kind.to_owned(),
            name: name.to_owned(),
            id: id.clone(),
            path: path.clone(),
        });
        let mut named = Vec::new();
        if kind == "Agent" {
            for hit in ["spec.declarative.modelConfig", "spec.modelConfig"].iter().flat_map(|path| tree.at(path)) {
                named.extend(hit.node.text().map(|name| (&["ModelConfig"][..], name, None, hit.node)));
            }
            for hit in ["spec.declarative.tools.[]", "spec.tools.[]"].iter().flat_map(|path| tree.at(path)) {
                named.extend(tool(hit.node));
            }
        }
        for (kinds, name, other, node) in named.into_iter().take(MOST_USED) {
            // Older versions write the namespace before the name.
            let (before, name) = name.split_once('/').map_or((None, name), |(before, name)| (Some(before), name));
            let mut linked = File::new(file.source, file.text);
            let why = format!("its manifest names {} {}", kinds[0], shown(name));
            linked.link(id, LinkKind::Uses, id, why, &node.span);
            self.wanted.extend(linked.records.pop().map(|link| Wanted {
                namespace: before.or(other).unwrap_or(namespace).to_owned(),
                kinds,
                name: name.to_owned(),
                path: path.clone(),
                link,
            }));
        }
    }

    /// The edges, by the files that name them: to what stands in the same file, else in the same folder, else where only one
    /// is called so.
    pub(super) fn records(self) -> Vec<(String, Vec<Record>)> {
        let folder = |path: &str| path.rsplit_once('/').map_or(String::new(), |(folder, _)| folder.to_owned());
        let mut by_name: HashMap<(&str, &str), Vec<&Thing>> = HashMap::new();
        for one in &self.things {
            by_name.entry((&one.namespace, &one.name)).or_default().push(one);
        }
        let mut all = Vec::new();
        for Wanted { namespace, kinds, name, path, link } in self.wanted {
            let named = by_name.get(&(namespace.as_str(), name.as_str())).map(Vec::as_slice).unwrap_or_default();
            let fitting: Vec<&Thing> =
                named.iter().copied().take(MOST_ALIKE).filter(|one| kinds.contains(&one.kind.as_str())).collect();
            let here = fitting.iter().find(|one| one.path == path);
            let beside = fitting.iter().find(|one| folder(&one.path) == folder(&path));
            let only = fitting.first().filter(|_| fitting.len() == 1);
            if let (Some(found), Record::Link(mut link)) = (here.or(beside).or(only), link) {
                link.to = found.id.clone();
                all.push((path, vec![Record::Link(link)]));
            }
        }
        all
    }
}

type Named<'n> = (&'static [&'static str], &'n str, Option<&'n str>, &'n Node);

/// What one entry of an agent's tools names: a server, or another agent.
fn tool(entry: &Node) -> Option<Named<'_>> {
    if let Some(server) = entry.get("mcpServer") {
        let name = server.text_of("name").or_else(|| server.text_of("toolServer"))?;
        return Some((SERVERS, name, server.text_of("namespace"), server));
    }
    let agent = entry.get("agent")?;
    let name = agent.text_of("name").or_else(|| agent.text_of("ref")).or_else(|| agent.text())?;
    Some((&["Agent"], name, agent.text_of("namespace"), agent))
}
