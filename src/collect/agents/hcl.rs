//! The blocks of a Terraform file, as far as agents and their roles need them: type, name, attributes as written.
//! Evaluates nothing; what it does not understand it passes over.

/// The deepest nesting that is followed.
const DEEPEST: usize = 32;

/// One resource, or one block of data.
#[derive(Debug, Default)]
pub(super) struct Block<'t> {
    pub(super) kind: &'t str,
    pub(super) name: &'t str,
    /// Where `resource` or `data` stands, in bytes.
    pub(super) at: usize,
    /// Everything between its braces.
    pub(super) body: &'t str,
    /// Where the body begins, in bytes.
    pub(super) body_at: usize,
}

/// Every resource and block of data of a file, in order. Their heads stand on one line.
pub(super) fn blocks(text: &str) -> Vec<Block<'_>> {
    blocks_by(text, &head)
}

/// The blocks of such kinds that have one name or none: `locals {`, `variable "a" {`.
pub(super) fn blocks_of<'t>(text: &'t str, kinds: &[&'static str]) -> Vec<Block<'t>> {
    blocks_by(text, &|line| {
        let bare = line.trim_start();
        let kind = kinds.iter().copied().find(|kind| bare.starts_with(kind))?;
        let rest = &bare[kind.len()..];
        let open = rest.find('{')?;
        let name = rest[..open].trim();
        let is_head = name.is_empty() || name.len() > 2 && name.starts_with('"') && name.ends_with('"');
        is_head.then(|| (kind, name.trim_matches('"'), line.len() - rest.len() + open))
    })
}

/// Finds the head of a block in a line: its kind, its name, and where its brace opens.
type Head<'h, 't> = &'h dyn Fn(&'t str) -> Option<(&'t str, &'t str, usize)>;

fn blocks_by<'t>(text: &'t str, head: Head<'_, 't>) -> Vec<Block<'t>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let line = rest.split_inclusive('\n').next().unwrap_or(rest);
        let Some((kind, name, open)) = head(line) else {
            at += line.len();
            continue;
        };
        let start = at + (line.len() - line.trim_start().len());
        let length = closing(&rest[open..]).unwrap_or(rest.len() - open);
        let body = rest.get(open + 1..(open + length).max(open + 1)).unwrap_or_default();
        found.push(Block { kind, name, at: start, body, body_at: at + open + 1 });
        at += open + length.max(1);
    }
    found
}

/// Type and name of a block, and where its brace opens in the line.
fn head(line: &str) -> Option<(&str, &str, usize)> {
    let bare = line.trim_start();
    let rest = bare.strip_prefix("resource").or_else(|| bare.strip_prefix("data"))?;
    let mut quotes = rest.match_indices('"').map(|(place, _)| place);
    let (a, b, c, d) = (quotes.next()?, quotes.next()?, quotes.next()?, quotes.next()?);
    let open = d + rest[d..].find('{')?;
    let is_head =
        rest[..a].trim().is_empty() && rest[b + 1..c].trim().is_empty() && rest[d + 1..open].trim().is_empty();
    is_head.then(|| (&rest[a + 1..b], &rest[c + 1..d], line.len() - rest.len() + open))
}

/// The text without its comments; what stands in strings stays.
pub(super) fn without_comments(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(letter) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = &text[at..];
        let length = match letter {
            '"' => (string(rest) + 1).min(rest.len()),
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            _ => letter.len_utf8(),
        };
        let is_comment = letter == '#' || rest.starts_with("//") || rest.starts_with("/*");
        if !is_comment {
            kept.push_str(rest.get(..length).unwrap_or(rest));
        }
        at += length;
    }
    kept
}

/// How far it is from an opening bracket to the one that closes it; strings, comments and here-documents count as one.
fn closing(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(byte) = bytes.get(at) {
        let rest = text.get(at..).unwrap_or_default();
        match byte {
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at);
                }
            }
            b'"' => at += string(rest),
            b'#' => at += rest.find('\n').unwrap_or(rest.len()),
            b'/' if rest.starts_with("//") => at += rest.find('\n').unwrap_or(rest.len()),
            b'/' if rest.starts_with("/*") => at += rest.find("*/").map_or(rest.len(), |end| end + 1),
            b'<' if rest.starts_with("<<") => at += here_document(rest),
            _ => {}
        }
        at += 1;
        if depth > DEEPEST {
            return None;
        }
    }
    None
}

/// The length of a string without its last quote; templates in it may hold strings of their own.
pub(super) fn string(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (1, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            b'"' if depth == 0 => return at,
            b'{' if depth > 0 || bytes.get(at - 1) == Some(&b'$') => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b'\n' => return at,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// The length of a here-document without its last letter; 1 where it is none.
fn here_document(text: &str) -> usize {
    let head = text.trim_start_matches("<<").trim_start_matches('-');
    let mark: String = head.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect();
    if mark.is_empty() {
        return 1;
    }
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        at += line.len();
        if line.trim() == mark {
            break;
        }
    }
    at.saturating_sub(1)
}

impl<'t> Block<'t> {
    /// The value of an attribute anywhere in it, as written, with its place in the file.
    pub(super) fn attribute(&self, key: &str) -> Option<(&'t str, usize)> {
        let mut at = 0;
        for line in self.body.split_inclusive('\n') {
            let bare = line.trim_start();
            let value = bare.strip_prefix(key).map(str::trim_start).and_then(|rest| rest.strip_prefix('='));
            if let Some(value) = value.filter(|value| !value.starts_with('=')) {
                let value = value.split(" #").next().unwrap_or(value).trim();
                return Some((value, self.body_at + at + (line.len() - bare.len())));
            }
            at += line.len();
        }
        None
    }

    /// A string without its quotes; nothing for an expression.
    pub(super) fn string(&self, key: &str) -> Option<&'t str> {
        let (value, _) = self.attribute(key)?;
        let inner = value.strip_prefix('"')?.strip_suffix('"')?;
        (!inner.contains('"')).then_some(inner)
    }
}

/// The local name that an expression refers to: `a` of `aws_iam_role.a.arn`, with or without `${…}`.
pub(super) fn refers_to<'v>(value: &'v str, kind: &str) -> Option<&'v str> {
    let (_, rest) = value.split_once(kind)?;
    let name = rest.strip_prefix('.')?;
    let end = name.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_' && letter != '-');
    Some(&name[..end.unwrap_or(name.len())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_cut_where_they_end() {
        let text = r#"
resource "aws_iam_role" "agent" { # {
  name = "triage"
  policy = <<EOT
} "
EOT
  tags = { a = "}${var.x["y"]}" }
}
data "x" "y" {}
resource "aws_bedrockagent_agent" "triage" {
  agent_name              = "triage"
  agent_resource_role_arn = aws_iam_role.agent.arn
}
"#;
        let found = blocks(text);
        assert_eq!(
            found.iter().map(|one| (one.kind, one.name)).collect::<Vec<_>>(),
            [("aws_iam_role", "agent"), ("x", "y"), ("aws_bedrockagent_agent", "triage")]
        );
        assert_eq!(found[0].string("name"), Some("triage"));
        let (role, at) = found[2].attribute("agent_resource_role_arn").expect("there");
        assert_eq!((refers_to(role, "aws_iam_role"), &text[at..at + 5]), (Some("agent"), "agent"));
        assert!(blocks(&format!("resource \"a\" \"b\" {}", "{".repeat(100_000))).len() <= 1);
        assert!(blocks("resource resource \"").is_empty());
        assert_eq!(without_comments("a # b\nc = \"# d\" // e\n/* f */g"), "a \nc = \"# d\" \ng");
    }
}
