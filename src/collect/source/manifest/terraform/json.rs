//! Terraform's JSON form (`.tf.json`, `.tfvars.json`) as the same blocks. Evaluates nothing.
//!
//! Source: Terraform language documentation, "JSON Configuration Syntax".

use serde_json::Value;

use super::syntax::{Block, Expr, Part, template};

/// The deepest nesting that is followed; the parser itself refuses more than 128.
const DEEPEST: usize = 32;

/// The blocks of a file; none where it is no JSON object.
pub(super) fn parse(source: &str) -> Option<Block> {
    let file: Value = serde_json::from_str(source).ok()?;
    let mut top = Block::default();
    for (kind, content) in file.as_object()? {
        match kind.as_str() {
            "resource" => each(content, |kind_of, named| {
                each(named, |name, body| top.blocks.push(block(kind, vec![kind_of.to_owned(), name.to_owned()], body)));
            }),
            "module" | "variable" => {
                each(content, |name, body| top.blocks.push(block(kind, vec![name.to_owned()], body)));
            }
            "locals" => items(content).for_each(|body| top.blocks.push(block(kind, Vec::new(), body))),
            // What no block of Terraform is called is a value of a variable.
            _ => top.attributes.push((kind.clone(), expr(content, 0))),
        }
    }
    Some(top)
}

/// What one or several objects hold by name.
fn each(content: &Value, mut read: impl FnMut(&str, &Value)) {
    for object in items(content).filter_map(Value::as_object) {
        for (name, value) in object {
            items(value).for_each(|value| read(name, value));
        }
    }
}

fn items(content: &Value) -> impl Iterator<Item = &Value> {
    match content {
        Value::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    }
    .iter()
}

fn block(kind: &str, labels: Vec<String>, body: &Value) -> Block {
    let mut block = Block { kind: kind.to_owned(), labels, line: 1, ..Block::default() };
    for (name, value) in body.as_object().into_iter().flatten() {
        if name == "metadata" {
            block.blocks.extend(items(value).map(|inner| self::block(name, Vec::new(), inner)));
        } else {
            block.attributes.push((name.clone(), expr(value, 0)));
        }
    }
    block
}

fn expr(value: &Value, depth: usize) -> Expr {
    if depth > DEEPEST {
        return Expr::Other;
    }
    let inner = |value: &Value| expr(value, depth + 1);
    match value {
        Value::Null => Expr::Null,
        Value::Bool(yes) => Expr::Bool(*yes),
        Value::Number(number) => number.as_i64().map_or(Expr::Other, Expr::Number),
        Value::String(text) => template(text),
        Value::Array(list) => Expr::List(list.iter().map(inner).collect()),
        Value::Object(map) => {
            let key = |name: &String| Expr::Text(vec![Part::Plain(name.clone())]);
            Expr::Map(map.iter().map(|(name, value)| (key(name), inner(value))).collect())
        }
    }
}
