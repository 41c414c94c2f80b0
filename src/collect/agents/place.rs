//! Patterns of paths, matched against the end of a path. Touches no file system.

use crate::model::wildcard::matches;

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

    /// The last name, in small letters.
    pub(super) fn last(&self) -> &str {
        self.parts.last().map_or("", String::as_str)
    }

    /// How much of a path it says.
    pub(super) fn weight(&self) -> usize {
        self.parts.iter().map(|part| part.len()).sum::<usize>() + self.parts.len()
    }

    /// How many names stand before it in a path in small letters that ends in it; nothing when the path does not.
    pub(super) fn base(&self, path: &[&str]) -> Option<usize> {
        before(&self.parts, path).map(<[&str]>::len)
    }
}

/// The names of a path before those that the pattern takes from its end.
fn before<'a, 'p>(pattern: &[String], path: &'a [&'p str]) -> Option<&'a [&'p str]> {
    let Some((last, outer)) = pattern.split_last() else { return Some(path) };
    if last == "**" {
        return (0..=DEEPEST.min(path.len())).find_map(|count| before(outer, path.get(..path.len() - count)?));
    }
    let (name, folders) = path.split_last()?;
    if matches(last, name) { before(outer, folders) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(pattern: &str, path: &str) -> Option<String> {
        let parts: Vec<&str> = path.split('/').collect();
        Pattern::new(pattern).base(&parts).map(|count| parts[..count].join("/"))
    }

    #[test]
    fn the_base_is_what_stands_before() {
        assert_eq!(base(".mcp.json", "a/b/.mcp.json").as_deref(), Some("a/b"));
        assert_eq!(base(".mcp.json", ".mcp.json").as_deref(), Some(""));
        assert_eq!(base(".config/Zed/settings.json", "home/.config/zed/settings.json").as_deref(), Some("home"));
        assert_eq!(base(".cursor/mcp.json", "a/mcp.json"), None);
        assert_eq!(base("*/User/mcp.json", "h/code - insiders/user/mcp.json").as_deref(), Some("h"));
        assert_eq!(base("cache/**/.mcp.json", "h/cache/a/b/.mcp.json").as_deref(), Some("h"));
        assert_eq!(base("cache/**/.mcp.json", "h/cache/.mcp.json").as_deref(), Some("h"));
        assert_eq!(base("cache/**/.mcp.json", "h/cache/1/2/3/4/5/.mcp.json"), None);
    }
}
