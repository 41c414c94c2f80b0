//! One configured server: how it is started or reached, what it is given, what it may touch. Starts and resolves nothing.

use std::collections::HashMap;
use std::ops::Range;

use super::address::address;
use super::beside;
use super::container;
use super::given::{Given, of_map};
use super::knowledge::{Abilities, Alike, Knowledge};
use super::launch::{self, Launch};
use super::node::{Entry, Node, Value};

/// A server as a client is told of it.
#[derive(Debug, Default)]
pub(super) struct Server {
    pub(super) name: String,
    /// Where its name stands, in bytes.
    pub(super) at: usize,
    /// Name and settings, in bytes.
    pub(super) span: Range<usize>,
    pub(super) launch: Launch,
    pub(super) endpoint: Option<String>,
    pub(super) host: Option<String>,
    pub(super) is_plain: bool,
    pub(super) has_secret_in_query: bool,
    pub(super) given: Vec<Given>,
    /// The names of its variables and headers.
    pub(super) variables: Vec<String>,
    pub(super) headers: Vec<String>,
    /// The setting that switches approvals off for it, as written.
    pub(super) approvals_off: Option<String>,
    pub(super) is_disabled: bool,
    pub(super) tools: Vec<String>,
    /// Tools that are switched off.
    pub(super) without: Vec<String>,
    /// Tools that run unasked, one by one, with where that stands.
    pub(super) unasked_tools: Vec<(String, Range<usize>)>,
    pub(super) looks_like: Option<String>,
    /// The known package whose name it has in the scope of another publisher.
    pub(super) borrows: Option<String>,
    pub(super) abilities: Abilities,
    pub(super) unrestricted_by: Option<String>,
}

/// Reads the servers of a map by name, or of a list whose elements say their names.
pub(super) fn servers(list: &Node, knowledge: &Knowledge) -> Vec<Server> {
    // Of several of one name clients take the last.
    let last: HashMap<&str, usize> = list.entries().iter().map(|entry| (entry.key.as_str(), entry.at)).collect();
    let is_last = |entry: &&Entry| last.get(entry.key.as_str()) == Some(&entry.at);
    let entries = list.entries().iter().filter(is_last);
    let by_name = entries.map(|entry| (entry.key.as_str(), entry.at, entry.span(), &entry.value));
    let by_place = list.items().iter().enumerate().filter_map(|(number, item)| {
        let name = item.any(&["name", "id"]).and_then(Node::text);
        // Continue once wrapped the transport in another map.
        let inner = item.get("transport").filter(|transport| matches!(transport.value, Value::Map(_)));
        let at = item.entries().first().map_or(item.span.start, |entry| entry.at);
        (number < usize::MAX).then(|| (name.unwrap_or("unnamed"), at, item.span.clone(), inner.unwrap_or(item)))
    });
    by_name.chain(by_place).filter_map(|(name, at, span, node)| server(name, at, span, node, knowledge)).collect()
}

/// One server; nothing when the value says neither how it is started nor where it is.
fn server(name: &str, at: usize, span: Range<usize>, node: &Node, knowledge: &Knowledge) -> Option<Server> {
    let mut server =
        Server { name: super::given::shown(name), at, span, is_disabled: is_disabled(node), ..Server::default() };
    let words = command_line(node);
    let urls = node.any(&["url", "serverUrl", "httpUrl", "uri", "endpoint", "server_url"]);
    let is_builtin = node.text_of("type").is_some_and(|kind| matches!(kind, "builtin" | "platform"));
    let is_extension = words.is_empty() && urls.is_none() && is_extension(node);
    if (words.is_empty() && urls.is_none() && !is_extension) || is_builtin {
        return None;
    }
    server.launch = launch::read(&words, &mut server.given);
    if is_extension {
        server.launch = Launch { launcher: Some("extension"), package: Some(server.name.clone()), ..Launch::default() };
    }
    server.variables = std::mem::take(&mut server.launch.variables);
    if let Some(image) = node.any(&["image"]).and_then(Node::text).filter(|_| server.launch.package.is_none()) {
        container::image(image, &mut server.launch);
    }
    let remote = urls.map(|node| (node.text().unwrap_or_default().to_owned(), node.span.clone()));
    if let Some((url, span)) = remote.or_else(|| server.launch.url.take()) {
        server.reach(&url, &span);
    }
    for key in ["env", "envs", "environment", "environmentVariables", "env_vars", "env_keys"] {
        if let Some(map) = node.get(key) {
            of_map(map, "env", &mut server.given);
            names_of(map, &mut server.variables);
        }
    }
    // Zed once wrapped all of it in the command.
    for hit in node.at("command.env") {
        of_map(hit.node, "env", &mut server.given);
        names_of(hit.node, &mut server.variables);
    }
    for key in ["headers", "http_headers", "requestOptions.headers", "customHeaders"] {
        for hit in node.at(key) {
            of_map(hit.node, "header", &mut server.given);
            names_of(hit.node, &mut server.headers);
        }
    }
    node.get("env_http_headers").into_iter().for_each(|map| names_of(map, &mut server.headers));
    of_codex(node, &mut server.given);
    beside::of_server(node, &mut server.given);
    server.approvals_off = approvals_off(node);
    server.unasked_tools = unasked_tools(node);
    let tools = ["includeTools", "enabled_tools", "tools", "allowedTools"];
    server.tools = node.any(&tools).map(Node::words).unwrap_or_default().into_iter().map(super::given::shown).collect();
    let without = ["excludeTools", "disabled_tools", "disabledTools", "exclude_tools"];
    let words = node.any(&without).map(Node::words).unwrap_or_default();
    server.without = words.into_iter().map(super::given::shown).collect();
    server.tools.retain(|tool| !server.without.contains(tool));
    server.judge(knowledge);
    Some(server)
}

/// How many variables or headers of one server are told.
const MOST_NAMES: usize = 100;

/// The names in a map of variables or headers, or in a list of `NAME=value`.
fn names_of(map: &Node, names: &mut Vec<String>) {
    let of_item = |item: &Node| {
        let text = item.text_of("name").or_else(|| item.text()?.split(['=', ':']).next())?;
        Some(super::given::shown(text))
    };
    let all = map.entries().iter().map(|entry| super::given::shown(&entry.key));
    let all: Vec<String> = all.chain(map.items().iter().filter_map(of_item)).collect();
    for name in all {
        if names.len() < MOST_NAMES && !names.contains(&name) {
            names.push(name);
        }
    }
}

fn is_disabled(node: &Node) -> bool {
    node.is_true("disabled") || matches!(node.get("enabled").map(|enabled| &enabled.value), Some(Value::Bool(false)))
}

/// The program with its arguments, wherever a client writes them.
fn command_line(node: &Node) -> Vec<(String, Range<usize>)> {
    let mut words = Vec::new();
    let mut add = |node: &Node| match &node.value {
        Value::List(items) => {
            words.extend(items.iter().filter_map(|item| Some((item.word()?.to_owned(), item.span.clone()))));
        }
        // Zed once wrapped the command in a map of path and arguments.
        Value::Map(_) => {
            for part in [node.get("path"), node.get("args")].into_iter().flatten() {
                let texts = if part.items().is_empty() { std::slice::from_ref(part) } else { part.items() };
                words.extend(texts.iter().filter_map(|text| Some((text.word()?.to_owned(), text.span.clone()))));
            }
        }
        _ => words.extend(node.word().filter(|word| !word.is_empty()).map(|word| (word.to_owned(), node.span.clone()))),
    };
    for key in ["command", "cmd"] {
        node.get(key).into_iter().for_each(&mut add);
    }
    node.get("args").or_else(|| node.get("arguments")).into_iter().for_each(&mut add);
    words
}

/// Codex names the variables it takes credentials from, without a value.
fn of_codex(node: &Node, given: &mut Vec<Given>) {
    use super::given::Held::Reference;
    if let Some(Entry { value, .. }) = node.entry("bearer_token_env_var")
        && let Some(name) = value.text()
    {
        let held = Reference(format!("${name}"));
        given.push(Given::of("env", super::given::shown(name), &value.span, held, None));
    }
    for entry in node.get("env_http_headers").map(Node::entries).unwrap_or_default() {
        let held = Reference(format!("${}", entry.value.text().unwrap_or_default()));
        given.push(Given::of("header", super::given::shown(&entry.key), &entry.span(), held, None));
    }
}

/// Whether an extension of Zed brings the server: then its settings alone stand here.
/// Source: Zed Docs, "Model Context Protocol", "As Extensions".
fn is_extension(node: &Node) -> bool {
    let is_known = |key: &str| matches!(key, "source" | "enabled" | "settings" | "remote");
    let has_settings = node.get("settings").is_some_and(|settings| matches!(settings.value, Value::Map(_)));
    (has_settings || node.text_of("source") == Some("extension"))
        && node.entries().iter().all(|entry| is_known(&entry.key))
}

/// The keys under which clients list tools that run without asking.
const ALLOWED: [&str; 4] = ["alwaysAllow", "autoApprove", "autoapprove", "always_allow"];

/// The tools of a server that its own settings let run without asking, one by one.
fn unasked_tools(node: &Node) -> Vec<(String, Range<usize>)> {
    let listed = ALLOWED.iter().filter_map(|key| node.get(key)).flat_map(Node::items);
    let listed = listed.filter_map(|item| Some((item.word().filter(|word| *word != "*")?, item.span.clone())));
    // Codex has a table for each tool.
    let tools = node.get("tools").map(Node::entries).unwrap_or_default().iter();
    let approved = tools.filter(|tool| tool.value.text_of("approval_mode") == Some("approve"));
    let approved = approved.map(|tool| (tool.key.as_str(), tool.span()));
    listed.chain(approved).map(|(tool, span)| (super::given::shown(tool), span)).collect()
}

/// The setting of a server that lets all its tools run without asking.
fn approvals_off(node: &Node) -> Option<String> {
    let is_all = |node: &Node| node.words().contains(&"*");
    if node.is_true("trust") {
        return Some("trust = true".to_owned());
    }
    for key in ALLOWED {
        match node.get(key) {
            Some(list) if is_all(list) => return Some(format!("{key} = [\"*\"]")),
            Some(Node { value: Value::Bool(true), .. }) => return Some(format!("{key} = true")),
            _ => {}
        }
    }
    let mode = node.any(&["default_tools_approval_mode", "approval_mode"]).and_then(Node::text);
    mode.filter(|mode| matches!(*mode, "approve" | "auto" | "never")).map(|mode| format!("approval mode {mode}"))
}

impl Server {
    /// Notes the address.
    pub(super) fn reach(&mut self, url: &str, span: &Range<usize>) {
        let Some(address) = address(url) else {
            self.endpoint = super::given::reference(url);
            return;
        };
        self.is_plain = address.is_plain;
        self.has_secret_in_query = address.has_secret_in_query || address.has_secret_in_path;
        if address.has_password || address.has_secret_in_query || address.has_secret_in_path {
            let name = match (address.has_password, address.has_secret_in_query) {
                (true, _) => "password before the host",
                (false, true) => "query of the address",
                (false, false) => "path of the address",
            };
            let held = super::given::Held::Literal;
            self.given.push(Given::of("url", name.to_owned(), span, held, None));
        }
        self.endpoint = Some(address.endpoint);
        self.host = Some(address.host);
    }

    /// Whether only some of its tools may be used.
    fn is_limited(&self) -> bool {
        !self.tools.is_empty() && !self.tools.iter().any(|tool| tool == "*")
    }

    /// Which of its tools run unasked, in words, where any do.
    pub(super) fn unasked(&self) -> String {
        match (self.is_limited(), self.without.is_empty()) {
            (true, _) => self.tools.join(", "),
            (false, true) => "all its tools".to_owned(),
            (false, false) => format!("all its tools but {}", self.without.join(", ")),
        }
    }

    /// What is known of it by its name, and what its folders add.
    pub(super) fn judge(&mut self, knowledge: &Knowledge) {
        let names = [self.launch.package.as_deref(), self.host.as_deref(), self.launch.program.as_deref()];
        self.abilities = names.into_iter().flatten().find_map(|name| knowledge.of(name)).unwrap_or_default();
        if self.is_limited() {
            self.abilities = knowledge.left(self.abilities, &self.tools);
        }
        let package = self.launch.package.as_deref().filter(|_| self.launch.is_fetched);
        match package.and_then(|package| knowledge.looks_like(package)) {
            Some(Alike::Misspelt(known)) => self.looks_like = Some(known.to_owned()),
            Some(Alike::Borrowed(known)) => self.borrows = Some(known.to_owned()),
            None => {}
        }
        if !self.abilities.files {
            self.launch.folders.retain(|folder| folder.is_mount);
        }
        let root = self.launch.folders.iter().find(|folder| folder.is_root());
        self.unrestricted_by = match (root, self.abilities.shell, &self.launch.unsandboxed) {
            (Some(folder), ..) => Some(format!("the folder {}", folder.path)),
            (None, _, Some(flag)) => Some(flag.clone()),
            (None, true, None) => Some("a server that runs any command".to_owned()),
            (None, false, None) => None,
        };
    }
}
