//! Settings of clients that lie in an object of a cluster: a ConfigMap that is mounted as a file. Keeps the places of the
//! outer file, and parses nothing that is not called a file of settings.

use super::client::{self, Owner};
use super::file::File;
use super::node::{Entry, Node, Value};
use super::notes::server_keys;
use super::parse::{Format, objects, parse};
use super::table::{SettingKeys, Tables};

/// Reads the ConfigMaps of a file.
pub(super) fn read(file: &mut File<'_>, tables: &Tables) {
    let Ok(trees) = objects(file.text) else { return };
    for tree in trees.iter().filter(|tree| matches!(tree.text_of("kind"), Some("ConfigMap" | "Secret"))) {
        for data in ["data", "stringData"] {
            for entry in tree.get(data).map(Node::entries).unwrap_or_default() {
                inner(file, entry, tables);
            }
        }
    }
}

fn inner(file: &mut File<'_>, entry: &Entry, tables: &Tables) {
    let Some(text) = entry.value.text() else { return };
    let (Some(format), Some(servers)) = (Format::of_path(&entry.key), server_keys(&entry.key, text)) else { return };
    let Some(tree) = within(file.text, entry, text, format) else { return };
    let client = tables.recognise(&entry.key).map(|known| known.client);
    let folder = file.source.name.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let keys = SettingKeys { servers, ..SettingKeys::default() };
    client::read(file, &tree, &Owner { client, base: folder }, &keys, tables);
}

/// The tree of a text that stands in another file, with its places there.
pub(super) fn within(outer: &str, entry: &Entry, text: &str, format: Format) -> Option<Node> {
    let (tree, _) = parse(text, format).ok()?;
    let lines = lines(outer, entry, text);
    Some(moved(tree, &|at| place(&lines, entry, at)))
}

/// Where the lines of a block begin in the inner text and in the file; empty where the text is written in another way.
fn lines(outer: &str, entry: &Entry, inner: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut outer_at = entry.at;
    let mut rest = outer.get(entry.at..).unwrap_or_default().split_inclusive('\n');
    // The first line holds the key.
    outer_at += rest.next().map_or(0, str::len);
    let mut inner_at = 0;
    for line in inner.split_inclusive('\n') {
        let bare = line.trim_end_matches(['\r', '\n']);
        let Some(of_file) = rest.next() else { return Vec::new() };
        let written = of_file.trim_end_matches(['\r', '\n']);
        let Some(indent) = written.strip_suffix(bare).map(str::len) else { return Vec::new() };
        found.push((inner_at, outer_at + indent));
        inner_at += line.len();
        outer_at += of_file.len();
    }
    found
}

fn place(lines: &[(usize, usize)], entry: &Entry, at: usize) -> usize {
    let line = lines.partition_point(|(inner, _)| *inner <= at);
    match line.checked_sub(1).and_then(|line| lines.get(line)) {
        Some((inner, outer)) => outer + (at - inner),
        None => entry.at,
    }
}

/// The same tree with its places in the file around it. As deep as what was parsed, which is bounded.
pub(super) fn moved(node: Node, to: &impl Fn(usize) -> usize) -> Node {
    let start = to(node.span.start);
    let value = match node.value {
        Value::List(items) => Value::List(items.into_iter().map(|item| moved(item, to)).collect()),
        Value::Map(entries) => {
            let entry = |one: Entry| Entry { at: to(one.at), value: moved(one.value, to), key: one.key };
            Value::Map(entries.into_iter().map(entry).collect())
        }
        other => other,
    };
    Node { span: start..to(node.span.end).max(start), value }
}
