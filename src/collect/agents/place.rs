//! Patterns of paths, matched against the end of a path. Touches no file system.

/// A path below some folder, in which `*` stands for any part of one name and `**` for up to four folders.
#[derive(Debug)]
pub(super) struct Pattern {
    /// In small letters.
    parts: Vec<String>,
    written: Vec<String>,
}

/// How many folders `**` stands for at most.
pub(super) const DEEPEST: usize = 4;

impl Pattern {
    /// Names are compared without case: so do the systems of two of the three layouts.
    pub(super) fn new(path: &str) -> Self {
        let written: Vec<String> = path.split('/').map(str::to_owned).collect();
        Self { parts: written.iter().map(|part| part.to_lowercase()).collect(), written }
    }

    /// The names as they are written, outermost first.
    pub(super) fn written(&self) -> &[String] {
        &self.written
    }

    /// A cheap look at the last name alone.
    pub(super) fn may_end_in(&self, name: &str) -> bool {
        self.parts.last().is_some_and(|part| is_like(name, part))
    }

    /// How much of a path it says.
    pub(super) fn weight(&self) -> usize {
        self.parts.iter().map(|part| part.len()).sum::<usize>() + self.parts.len()
    }

    /// What stands before it in a path that ends in it; nothing when the path does not.
    pub(super) fn base(&self, path: &[&str]) -> Option<String> {
        let rest = before(&self.parts, path)?;
        Some(rest.join("/"))
    }
}

/// The names of a path before those that the pattern takes from its end.
fn before<'a, 'p>(pattern: &[String], path: &'a [&'p str]) -> Option<&'a [&'p str]> {
    let Some((last, outer)) = pattern.split_last() else { return Some(path) };
    if last == "**" {
        return (0..=DEEPEST.min(path.len())).find_map(|count| before(outer, path.get(..path.len() - count)?));
    }
    let (name, folders) = path.split_last()?;
    if is_like(name, last) { before(outer, folders) } else { None }
}

/// Whether a name is like a pattern in small letters, with `*` for anything.
pub(super) fn is_like(name: &str, pattern: &str) -> bool {
    let name = name.to_lowercase();
    let mut rest = name.as_str();
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(after) = rest.strip_prefix(first) else { return false };
    rest = after;
    let mut last = None;
    for piece in pieces {
        if let Some(previous) = last.replace(piece) {
            let Some(at) = rest.find(previous) else { return false };
            rest = rest.get(at + previous.len()..).unwrap_or_default();
        }
    }
    match last {
        None => rest.is_empty(),
        Some(last) => rest.ends_with(last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(pattern: &str, path: &str) -> Option<String> {
        Pattern::new(pattern).base(&path.split('/').collect::<Vec<_>>())
    }

    #[test]
    fn the_base_is_what_stands_before() {
        assert_eq!(base(".mcp.json", "a/b/.mcp.json").as_deref(), Some("a/b"));
        assert_eq!(base(".mcp.json", ".mcp.json").as_deref(), Some(""));
        assert_eq!(base(".config/Zed/settings.json", "home/.config/zed/settings.json").as_deref(), Some("home"));
        assert_eq!(base(".cursor/mcp.json", "a/mcp.json"), None);
        assert_eq!(base("*/User/mcp.json", "h/Code - Insiders/User/mcp.json").as_deref(), Some("h"));
        assert_eq!(base("cache/**/.mcp.json", "h/cache/a/b/.mcp.json").as_deref(), Some("h"));
        assert_eq!(base("cache/**/.mcp.json", "h/cache/.mcp.json").as_deref(), Some("h"));
        assert_eq!(base("cache/**/.mcp.json", "h/cache/1/2/3/4/5/.mcp.json"), None);
    }

    #[test]
    fn stars_stand_for_parts_of_a_name() {
        for (name, pattern, expected) in [
            ("x_tokens.json", "*_tokens.json", true),
            ("_tokens.json", "*_tokens.json", true),
            ("tokens.json", "*_tokens.json", false),
            ("a.agent.md", "*.agent.md", true),
            ("ab", "a*b", true),
            ("a", "a*a", false),
            ("aXbYc", "a*b*c", true),
            ("any", "*", true),
        ] {
            assert_eq!(is_like(name, pattern), expected, "{name} {pattern}");
        }
    }
}
