//! From text to a tree with places: JSON as people write it, TOML and YAML. Bounded in depth and size; runs nothing and
//! quotes nothing of the text in its errors.

mod json;
mod toml;
mod yaml;

use super::node::{Entry, Node, Value};

/// The deepest nesting that is read; no client writes more than ten levels.
const DEEPEST: usize = 64;
/// How many values of one file are read: far more than any configuration has.
const MOST_NODES: usize = 400_000;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// JSON, with comments and trailing commas.
    Json,
    Toml,
    /// The first document of YAML.
    Yaml,
}

impl Format {
    /// The format that a file's name promises.
    pub(super) fn of_path(path: &str) -> Option<Self> {
        let extension = path.rsplit('/').next().unwrap_or(path).rsplit_once('.')?.1;
        match extension.to_ascii_lowercase().as_str() {
            "json" | "jsonc" | "json5" => Some(Self::Json),
            "toml" => Some(Self::Toml),
            "yaml" | "yml" => Some(Self::Yaml),
            _ => None,
        }
    }
}

/// Why a file is no tree.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ParseError {
    /// Where, in bytes.
    pub(super) at: usize,
    /// What was expected there.
    pub(super) expected: String,
}

impl ParseError {
    fn new(at: usize, expected: impl Into<String>) -> Self {
        Self { at, expected: expected.into() }
    }

    /// The limit that was hit, where the text is right but for its size.
    pub(super) fn limit(&self) -> Option<String> {
        self.expected.starts_with("at most").then(|| format!("it was not read: {} are", self.expected))
    }
}

/// Something odd that does not stop reading.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Oddity {
    /// Where, in bytes.
    pub(super) at: usize,
    /// What.
    pub(super) what: String,
}

/// Reads a text.
///
/// # Errors
/// Where it breaks the rules of its format, or goes over a limit.
pub(super) fn parse(text: &str, format: Format) -> Result<(Node, Vec<Oddity>), ParseError> {
    match format {
        Format::Json => json::parse(text),
        Format::Toml => toml::parse(text).map(|tree| (tree, Vec::new())),
        Format::Yaml => yaml::parse(text).map(|(mut trees, odd)| {
            let empty = Node { span: 0..0, value: Value::Null };
            (if trees.is_empty() { empty } else { trees.swap_remove(0) }, odd)
        }),
    }
}

/// Reads every object of Kubernetes manifests: each document, or each element where one is a list of objects.
///
/// # Errors
/// As [`parse`].
pub(super) fn objects(text: &str) -> Result<Vec<Node>, ParseError> {
    let mut all = Vec::new();
    for mut tree in documents(text)? {
        let is_list = tree.text_of("kind").is_some_and(|kind| kind.ends_with("List"));
        match tree.entries_mut().filter(|_| is_list).and_then(|all| all.iter_mut().find(|entry| entry.key == "items")) {
            Some(Entry { value: Node { value: Value::List(items), .. }, .. }) => all.append(items),
            _ => all.push(tree),
        }
    }
    Ok(all)
}

/// Reads every document of YAML.
///
/// # Errors
/// As [`parse`].
pub(super) fn documents(text: &str) -> Result<Vec<Node>, ParseError> {
    yaml::parse(text).map(|(trees, _)| trees)
}
