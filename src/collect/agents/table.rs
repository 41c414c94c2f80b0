//! The table of clients: which files are theirs, under which keys they list servers, which settings switch a person off.
//! Reads `rules/facts/agent-clients.toml`; knows no file system.

use std::collections::{BTreeMap, HashMap};

use aho_corasick::AhoCorasick;
use serde::Deserialize;

use super::frameworks::Frameworks;
use super::knowledge::{Abilities, Knowledge};
use super::moved::Variable;
use super::notes::SERVER_KEYS;
use super::place::Pattern;

use super::{cloud, manifest};
use crate::model::wildcard::matches;

/// Folders below a home directory in which programs keep their settings: Linux, macOS, Windows.
const CONFIG: &[&str] = &[".config", "Library/Application Support", "AppData/Roaming"];

/// What is known of clients and of servers.
#[derive(Debug, Default)]
pub struct Tables {
    pub(super) clients: Vec<Client>,
    pub(super) knowledge: Knowledge,
    pub(super) frameworks: Frameworks,
    /// Variables that put a folder of a home directory elsewhere.
    variables: Vec<Variable>,
    /// Every file of the table.
    places: Vec<Place>,
    /// The places by their last name, and those whose last name has stars.
    by_name: HashMap<String, Vec<usize>>,
    starred: Vec<(String, usize)>,
    /// Words of which one stands in a file that is read for what it holds.
    content: Option<AhoCorasick>,
}

/// A program in which agents run.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) settings: Vec<SettingRule>,
}

/// A file of a client.
#[derive(Debug)]
pub(super) struct Place {
    pattern: Pattern,
    /// Whether it lies in a home directory; else in a project.
    pub(super) is_home: bool,
    /// Without the folder of settings around it, as in a copy or a dotfile repository: no place of a home directory.
    is_copy: bool,
    /// The client, by its place in the table.
    pub(super) client: usize,
    pub(super) role: FileRole,
}

/// What is in a client's file.
#[derive(Clone, Debug)]
pub(super) enum FileRole {
    /// Settings of the client.
    Settings(SettingKeys),
    /// A file of a toolkit, in which what is switched on and what there is stand apart.
    Toolkit(Toolkit),
    /// The client's own tokens.
    Tokens(TokenRule),
}

/// Under which keys a file of settings says what.
#[derive(Clone, Debug, Default)]
pub(super) struct SettingKeys {
    /// Lists of servers.
    pub(super) servers: Vec<String>,
    /// Models with keys of their own.
    pub(super) models: Vec<String>,
    /// Keys below which the client's settings stand; the file itself where there is none.
    pub(super) within: Vec<String>,
    /// Values that are secrets of the client itself.
    pub(super) secrets: Vec<String>,
    /// Lists of the only servers that are on, and of those that are off.
    pub(super) only: Vec<String>,
    pub(super) off: Vec<String>,
}

/// The part of a toolkit that a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Toolkit {
    /// Names what is switched on.
    Enabled,
    /// Describes all that there is.
    Catalog,
}

/// What a file of tokens holds, and at which keys.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenRule {
    #[serde(default)]
    home: Vec<String>,
    #[serde(default)]
    pub(super) refresh: Vec<String>,
    #[serde(default)]
    pub(super) claims: Vec<String>,
    #[serde(default)]
    pub(super) since: Vec<String>,
    #[serde(default)]
    pub(super) keys: Vec<String>,
}

/// A setting that takes a person out of the loop.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SettingRule {
    pub(super) key: String,
    pub(super) is: Vec<String>,
    pub(super) means: Meaning,
    /// Quiet when one of these keys is there.
    #[serde(default)]
    pub(super) unless: Vec<String>,
    /// Quiet when one of `is` stands in this list, too: what is denied is not allowed.
    #[serde(default)]
    pub(super) denied: Option<String>,
    /// The last key must be one of these.
    #[serde(default)]
    pub(super) keys: Vec<String>,
    /// What a star stands for must be one of these.
    #[serde(default)]
    pub(super) under: Vec<String>,
    /// The member in which the value stands, where the key leads to a map; with what must stand beside it, and what must not.
    #[serde(default)]
    pub(super) field: Option<String>,
    #[serde(default)]
    pub(super) beside: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) without: Vec<String>,
    /// The tool of the client's own that is meant, and what that lets it do.
    #[serde(default)]
    pub(super) tool: Option<String>,
    #[serde(default)]
    pub(super) gives: Abilities,
}

/// What a setting amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Meaning {
    ApprovalsOff,
    Unrestricted,
    AutoTrust,
    Exposed,
    /// All tools of one server run without asking; `{server}` in `is` stands for its name.
    ServerUnasked,
    /// A server, or a tool of it, is refused or asked about, whatever else allows it.
    ServerRefused,
    /// A server of a repository's own list is not started.
    ServerOff,
    /// A tool of the client's own runs without asking.
    ToolUnasked,
    /// That tool is refused or asked about, whatever else allows it.
    ToolRefused,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTable {
    client: Vec<RawClient>,
    #[serde(default)]
    moved: Vec<Variable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawClient {
    id: String,
    name: String,
    #[serde(default)]
    file: Vec<RawFile>,
    #[serde(default)]
    setting: Vec<SettingRule>,
    #[serde(default)]
    tokens: Vec<TokenRule>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    #[serde(default)]
    home: Vec<String>,
    #[serde(default)]
    config: Vec<String>,
    #[serde(default)]
    project: Vec<String>,
    #[serde(default)]
    servers: Vec<String>,
    #[serde(default)]
    models: Vec<String>,
    #[serde(default)]
    within: Vec<String>,
    #[serde(default)]
    secrets: Vec<String>,
    #[serde(default)]
    only: Vec<String>,
    #[serde(default)]
    off: Vec<String>,
    toolkit: Option<Toolkit>,
}

/// A file of a client, recognised by its path.
pub(super) struct Known<'t> {
    pub(super) client: &'t Client,
    pub(super) place: &'t Place,
    /// The folder below which the client's places lie: a home directory or a project; empty for the root.
    pub(super) base: String,
}

impl Tables {
    /// Reads `rules/facts/agent-clients.toml`, `agent-servers.toml` and `agent-frameworks.toml`.
    ///
    /// # Errors
    /// The parser's message with its place.
    pub fn parse(clients: &str, servers: &str, frameworks: &str) -> Result<Self, String> {
        let raw: RawTable = toml::from_str(clients).map_err(|error| format!("agent-clients.toml: {error}"))?;
        let knowledge = Knowledge::parse(servers)?;
        let frameworks = Frameworks::parse(frameworks)?;
        let mut tables = Self { knowledge, frameworks, variables: raw.moved, ..Self::default() };
        let words = SERVER_KEYS.iter().chain(cloud::CONTENT).chain(manifest::CONTENT);
        tables.content = Some(AhoCorasick::new(words).map_err(|error| error.to_string())?);
        for (number, client) in raw.client.into_iter().enumerate() {
            for file in &client.file {
                let RawFile { servers, models, within, secrets, only, off, .. } = file.clone();
                let keys = SettingKeys { servers, models, within, secrets, only, off };
                let role = file.toolkit.map_or(FileRole::Settings(keys), FileRole::Toolkit);
                let below =
                    |folder: &str| file.config.iter().map(|path| format!("{folder}/{path}")).collect::<Vec<_>>();
                let home = file.home.iter().cloned().chain(CONFIG.iter().flat_map(|folder| below(folder)));
                home.for_each(|path| tables.add(&path, true, number, role.clone()));
                let before = tables.places.len();
                file.config.iter().for_each(|path| tables.add(path, true, number, role.clone()));
                tables.places.iter_mut().skip(before).for_each(|place| place.is_copy = true);
                file.project.iter().for_each(|path| tables.add(path, false, number, role.clone()));
            }
            for tokens in &client.tokens {
                tokens.home.iter().for_each(|path| tables.add(path, true, number, FileRole::Tokens(tokens.clone())));
            }
            tables.clients.push(Client { id: client.id, name: client.name, settings: client.setting });
        }
        Ok(tables)
    }

    fn add(&mut self, path: &str, is_home: bool, client: usize, role: FileRole) {
        let pattern = Pattern::new(path);
        let number = self.places.len();
        let last = pattern.last().to_owned();
        if last.contains('*') {
            self.starred.push((last, number));
        } else {
            self.by_name.entry(last).or_default().push(number);
        }
        self.places.push(Place { pattern, is_home, is_copy: false, client, role });
    }

    /// The client whose file this is, by the end of its path: of several the one that says most of the path. A place in
    /// a home directory wins over the same one in a project only where the path has no more to say.
    pub(super) fn recognise(&self, path: &str) -> Option<Known<'_>> {
        let lower = path.to_lowercase();
        let last = lower.rsplit('/').next()?;
        let named = self.by_name.get(last).into_iter().flatten();
        let starred = self.starred.iter().filter(|(pattern, _)| matches(pattern, last)).map(|(_, number)| number);
        let mut parts = None;
        let mut best: Option<(usize, bool, &Place, usize)> = None;
        for place in named.chain(starred).filter_map(|number| self.places.get(*number)) {
            let parts = parts.get_or_insert_with(|| lower.split('/').collect::<Vec<_>>());
            let Some(base) = place.pattern.base(parts) else { continue };
            let rank = (place.pattern.weight(), !place.is_home);
            if best.is_none_or(|(weight, project, ..)| rank >= (weight, project)) {
                best = Some((rank.0, rank.1, place, base));
            }
        }
        let (.., place, base) = best?;
        let base = path.split('/').take(base).collect::<Vec<_>>().join("/");
        let client = self.clients.get(place.client)?;
        Some(Known { client, place, base })
    }

    /// Whether some file of a client has such a name.
    pub(super) fn is_called_so(&self, name: &str) -> bool {
        let lower = name.to_lowercase();
        self.by_name.contains_key(&lower) || self.starred.iter().any(|(pattern, _)| matches(pattern, &lower))
    }

    /// Whether a text holds a word for which it is read, whatever its name.
    pub(super) fn has_content(&self, text: &[u8]) -> bool {
        self.content.as_ref().is_some_and(|words| words.is_match(text))
    }

    /// Variables that put a folder of a home directory elsewhere.
    pub(super) fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// The places in a home directory, as patterns.
    pub(super) fn home_patterns(&self) -> impl Iterator<Item = &Pattern> {
        self.places.iter().filter(|place| place.is_home && !place.is_copy).map(|place| &place.pattern)
    }
}
