//! Values that stand in Terraform code under a name: locals, defaults of variables, and the variables of what an agent is
//! started with. Evaluates nothing: what is no plain value stays as it is written.

use std::ops::Range;

use super::hcl::{self, Block};

/// The locals and defaults of a file by how they are referred to (`local.a`, `var.b`), as written.
pub(super) fn values(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for block in hcl::blocks_of(text, &["locals", "variable"]) {
        if block.kind == "locals" {
            for (name, value) in members(block.body) {
                found.push((format!("local.{name}"), value));
            }
        } else if let Some((_, value)) = members(block.body).into_iter().find(|(name, _)| name == "default") {
            found.push((format!("var.{}", block.name), value));
        }
    }
    found
}

/// The members of a body that stand on its own level, each with its value to the end, lists and calls among them.
fn members(body: &str) -> Vec<(String, String)> {
    let body = hcl::without_comments(body);
    let mut found = Vec::new();
    let mut rest = body.as_str();
    while let Some(at) = rest.find('=') {
        let name = rest[..at].trim_end().rsplit(|letter: char| !is_name(letter)).next().unwrap_or_default();
        let value = rest[at + 1..].trim_start();
        let length = length(value);
        if !name.is_empty() && !value.starts_with('=') {
            found.push((name.to_owned(), value[..length].trim().to_owned()));
        }
        rest = value.get(length.max(1)..).unwrap_or_default();
    }
    found
}

/// How long a value is: to the end of its line, or to that of its last bracket.
fn length(value: &str) -> usize {
    let bytes = value.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at += hcl::string(value.get(at..).unwrap_or_default()),
            b'[' | b'{' | b'(' => depth += 1,
            b']' | b'}' | b')' => depth = depth.saturating_sub(1),
            b'\n' if depth == 0 => return at,
            _ => {}
        }
        at += 1;
    }
    value.len()
}

fn is_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || letter == '-'
}

/// How many maps of variables of one block are read.
const MOST_MAPS: usize = 100;

/// A variable of the environment with its text.
pub(super) struct Variable<'t> {
    pub(super) name: &'t str,
    pub(super) value: &'t str,
    /// Where the text stands, in bytes.
    pub(super) span: Range<usize>,
}

/// The variables that a block hands to what it starts: maps by the names that providers have for it, or blocks of name and
/// value. Source: Terraform Registry, aws_bedrockagentcore_agent_runtime, google_vertex_ai_reasoning_engine.
pub(super) fn variables<'t>(block: &Block<'t>) -> Vec<Variable<'t>> {
    let mut found = Vec::new();
    for key in ["environment_variables", "env", "secret_env"] {
        let mut count = 0;
        for (at, _) in block.body.match_indices(key) {
            if count == MOST_MAPS {
                break;
            }
            let rest = block.body.get(at + key.len()..).unwrap_or_default();
            let is_whole = !block.body[..at].ends_with(is_name) && !rest.starts_with(is_name);
            let bare = rest.trim_start_matches([' ', '\t', '=']);
            if is_whole && bare.starts_with('{') {
                count += 1;
                let from = at + key.len() + (rest.len() - bare.len());
                let inner = bare.get(..length_of_braces(bare)).unwrap_or(bare);
                texts(inner, block.body_at + from, &mut found);
            }
        }
    }
    found
}

fn length_of_braces(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at += hcl::string(text.get(at..).unwrap_or_default()),
            b'{' => depth += 1,
            b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
        at += 1;
    }
    text.len()
}

/// Every `NAME = "text"` and `name = "NAME"` with `value = "text"`.
fn texts<'t>(inner: &'t str, from: usize, found: &mut Vec<Variable<'t>>) {
    let mut called = None;
    let mut at = 0;
    while let Some(next) = inner.get(at..).and_then(|rest| rest.find('"')) {
        let open = at + next;
        let before = inner[at..open].trim_end();
        let length = hcl::string(inner.get(open..).unwrap_or_default());
        let text = inner.get(open + 1..open + length).unwrap_or_default();
        at = (open + length + 1).min(inner.len());
        let Some(name) = before.strip_suffix(['=', ':']).map(str::trim_end) else {
            // The name of a variable may stand in quotes itself.
            called = Some(text).filter(|text| text.chars().all(is_name));
            continue;
        };
        let name = name.rsplit(|letter: char| !is_name(letter)).next().unwrap_or_default();
        let span = from + open..from + at;
        match name {
            "name" => called = Some(text),
            "value" | "" => found.extend(called.take().map(|name| Variable { name, value: text, span })),
            _ => found.push(Variable { name, value: text, span }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_how_they_are_referred_to() {
        let text = "locals { admin = \"a\" }\nlocals {\n  list = [\n    \"b\", # c\n    \"d\"\n  ]\n  x = { y = \"z\" }\n}\nvariable \"p\" {\n  type = string\n  default = \"e\"\n}\nvariable \"q\" {}\n";
        let found = values(text);
        let of =
            |name: &str| found.iter().find(|(have, _)| have == name).map(|(_, value)| value.replace([' ', '\n'], ""));
        assert_eq!(of("local.admin").as_deref(), Some("\"a\""));
        assert_eq!(of("local.list").as_deref(), Some("[\"b\",\"d\"]"));
        assert_eq!(of("var.p").as_deref(), Some("\"e\""));
        assert_eq!(of("var.q"), None);
        for odd in ["locals {", "locals { = }", "locals { a = \"", "variable \"x\" { default = [ }"] {
            drop(values(odd));
        }
    }

    #[test]
    fn variables_are_read_in_both_forms() {
        let text = "resource \"x\" \"y\" {\n  environment_variables = { A = \"b\", \"C\" = \"d\" }\n  spec {\n    env {\n      name = \"E\"\n      value = \"f\"\n    }\n  }\n  other = { G = \"h\" }\n}\n";
        let blocks = hcl::blocks(text);
        let found = variables(&blocks[0]);
        let told: Vec<(&str, &str, &str)> =
            found.iter().map(|one| (one.name, one.value, &text[one.span.clone()])).collect();
        assert_eq!(told, [("A", "b", "\"b\""), ("C", "d", "\"d\""), ("E", "f", "\"f\"")]);
    }
}
