//! What is known of servers by their names, and of credentials by their forms: the tables of `rules/facts/agent-servers.toml`.
//! Looks nothing up and judges no server.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::given::spaced;
use crate::model::Exposure;
use crate::model::alike::distance;
use crate::model::wildcard::matches;

/// What is known of servers by their names.
#[derive(Debug, Default)]
pub(super) struct Knowledge {
    servers: BTreeMap<String, Abilities>,
    strong: Strong,
    tools: Tools,
}

/// What the names of tools say, as patterns in small letters.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tools {
    /// They read and send nothing but what they are asked for.
    reads: Vec<String>,
    /// They tell of the one who asks, or of the time: nothing private and nothing foreign.
    harmless: Vec<String>,
}

/// Kinds of credentials that give much power by themselves.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Strong {
    forms: Vec<String>,
    users: Vec<String>,
}

/// What a server lets an agent do.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Abilities {
    pub(super) private: bool,
    pub(super) untrusted: bool,
    pub(super) egress: bool,
    pub(super) shell: bool,
    /// Takes folders as arguments.
    pub(super) files: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawKnowledge {
    server: Vec<RawServer>,
    strong: Strong,
    tools: Tools,
}

#[derive(Deserialize)]
struct RawServer {
    names: Vec<String>,
    #[serde(default)]
    private: bool,
    #[serde(default)]
    untrusted: bool,
    #[serde(default)]
    egress: bool,
    #[serde(default)]
    shell: bool,
    #[serde(default)]
    files: bool,
}

impl Knowledge {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let raw: RawKnowledge = toml::from_str(text).map_err(|error| format!("agent-servers.toml: {error}"))?;
        let mut servers = BTreeMap::new();
        for RawServer { names, private, untrusted, egress, shell, files } in raw.server {
            let abilities = Abilities { private, untrusted, egress, shell, files };
            servers.extend(names.into_iter().map(|name| (name.to_lowercase(), abilities)));
        }
        Ok(Self { servers, strong: raw.strong, tools: raw.tools })
    }

    /// What is left to a server of which only these tools may be used. A name that says nothing keeps everything.
    pub(super) fn left(&self, abilities: Abilities, tools: &[String]) -> Abilities {
        let any_but = |patterns: &[&[String]]| {
            tools.iter().any(|tool| {
                let tool = usual(tool);
                !patterns.iter().copied().flatten().any(|pattern| matches(pattern, &tool))
            })
        };
        let (reads, harmless) = (self.tools.reads.as_slice(), self.tools.harmless.as_slice());
        let (acts, tells) = (any_but(&[reads, harmless]), any_but(&[harmless]));
        Abilities {
            private: abilities.private && tells,
            untrusted: abilities.untrusted && tells,
            egress: abilities.egress && acts,
            shell: abilities.shell && acts,
            files: abilities.files,
        }
    }

    /// Whether a tool does more than to read and tell, as far as its name says.
    pub(super) fn acts(&self, tool: &str) -> bool {
        let tool = usual(tool);
        !self.tools.reads.iter().chain(&self.tools.harmless).any(|pattern| matches(pattern, &tool))
    }

    /// Whether an exposed value is of a kind that gives much power by itself.
    pub(super) fn is_strong(&self, exposure: &Exposure) -> bool {
        let user = exposure.proof.facts.get("user");
        self.strong.forms.contains(&exposure.detector)
            || (exposure.detector.ends_with("-url") && user.is_some_and(|user| self.strong.users.contains(user)))
    }

    /// What a package, image, program or host is known for.
    pub(super) fn of(&self, name: &str) -> Option<Abilities> {
        let name = name.to_lowercase();
        let last = name.rsplit('/').next().unwrap_or(&name);
        let below = || self.servers.iter().find(|(known, _)| name.ends_with(&format!(".{known}"))).map(|(_, it)| it);
        self.servers.get(&name).or_else(|| self.servers.get(last)).or_else(below).copied()
    }

    /// The known package that a name differs from by a letter or two, or by its scope alone; nothing for known ones.
    pub(super) fn looks_like(&self, package: &str) -> Option<Alike<'_>> {
        let package = package.to_lowercase();
        if self.servers.contains_key(&package) {
            return None;
        }
        let last = package.rsplit('/').next().unwrap_or(&package);
        let known = self.servers.keys().map(String::as_str);
        let is_close = |known: &&str| known.len() >= 10 && (1..=2).contains(&distance(&package, known));
        // The reference servers have one publisher: their names under another scope are borrowed.
        let is_borrowed =
            |known: &&str| known.starts_with("@modelcontextprotocol/server-") && known.rsplit('/').next() == Some(last);
        // A scope that sounds like the publisher's is no fork of one's own.
        let scope = package.split('/').next().unwrap_or_default();
        let pretends = PUBLISHER.iter().any(|word| scope.contains(word));
        let borrowed = |known| if pretends { Alike::Misspelt(known) } else { Alike::Borrowed(known) };
        known.clone().find(is_close).map(Alike::Misspelt).or_else(|| known.clone().find(is_borrowed).map(borrowed))
    }
}

/// A tool's name as the patterns have it: `get-library-docs` and `getLibraryDocs` are `get_library_docs`.
fn usual(tool: &str) -> String {
    spaced(tool).to_lowercase().replace('-', "_")
}

/// Words by which a scope of packages sounds like that of the reference servers.
const PUBLISHER: &[&str] = &["mcp", "modelcontext", "model-context", "anthropic", "official"];

/// How a package's name is like a known one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alike<'k> {
    /// By a letter or two.
    Misspelt(&'k str),
    /// It is the same in the scope of another publisher: a fork, mostly.
    Borrowed(&'k str),
}
