//! TOML as a tree with places. The grammar is the library's; only the shape is ours.

use ::toml::de::{DeTable, DeValue};

use super::super::node::{Entry, Node, Value};
use super::{MOST_NODES, ParseError};

pub(super) fn parse(text: &str) -> Result<Node, ParseError> {
    let table = DeTable::parse(text).map_err(|error| {
        // The library's own words may quote the text.
        ParseError::new(error.span().map_or(0, |span| span.start), "valid TOML")
    })?;
    let mut left = MOST_NODES;
    let mut tree = Node { span: 0..text.len(), value: map(table.into_inner(), &mut left) };
    widen(&mut tree);
    if left == 0 { Err(ParseError::new(0, format!("at most {MOST_NODES} values"))) } else { Ok(tree) }
}

fn map(table: DeTable<'_>, left: &mut usize) -> Value {
    let mut entries: Vec<Entry> = table
        .into_iter()
        .map(|(key, value)| {
            let at = key.span().start;
            Entry { key: key.into_inner().into_owned(), at, value: node(value.span(), value.into_inner(), left) }
        })
        .collect();
    entries.sort_by_key(|entry| entry.at);
    Value::Map(entries)
}

/// The library bounds how deep values are nested.
fn node(span: std::ops::Range<usize>, value: DeValue<'_>, left: &mut usize) -> Node {
    *left = left.saturating_sub(1);
    let value = match value {
        _ if *left == 0 => Value::Null,
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(number) => Value::Number(number.to_string()),
        DeValue::Float(number) => Value::Number(number.to_string()),
        DeValue::Boolean(value) => Value::Bool(value),
        DeValue::Datetime(time) => Value::Number(time.to_string()),
        DeValue::Array(items) => Value::List(
            items
                .into_iter()
                .map(|item| {
                    let span = item.span();
                    node(span, item.into_inner(), left)
                })
                .collect(),
        ),
        DeValue::Table(table) => map(table, left),
    };
    Node { span, value }
}

/// The library gives a table the place of its header; ours covers what is in it, too.
fn widen(node: &mut Node) {
    let span = &mut node.span;
    match &mut node.value {
        Value::Map(entries) => entries.iter_mut().for_each(|entry| {
            widen(&mut entry.value);
            span.end = span.end.max(entry.value.span.end);
        }),
        Value::List(items) => items.iter_mut().for_each(|item| {
            widen(item);
            span.end = span.end.max(item.span.end);
        }),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, parse};

    #[test]
    fn tables_know_where_they_begin_and_end() {
        let text = "a = 1\n[mcp_servers.x]\ncommand = \"npx\"\nenv = { T = \"v\" }\n[mcp_servers.y]\nurl = \"u\"\n";
        let (tree, _) = parse(text, Format::Toml).expect("it is right");
        let servers = tree.get("mcp_servers").expect("there");
        let [x, y] = servers.entries() else { panic!("two servers") };
        assert_eq!((x.key.as_str(), &text[x.at..][..1]), ("x", "x"));
        assert!(text[x.span()].contains("env = { T = \"v\" }") && !text[x.span()].contains("url"));
        assert_eq!(y.value.text_of("url"), Some("u"));
    }

    #[test]
    fn broken_toml_is_refused_without_a_quote() {
        let error = parse("a = 1\nb = sesame", Format::Toml).err().expect("it is wrong");
        assert_eq!((error.at, error.expected.as_str()), (10, "valid TOML"));
        assert!(parse(&format!("a = {}", "[".repeat(50_000)), Format::Toml).is_err());
    }
}
