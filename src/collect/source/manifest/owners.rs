//! Who owns a file by the CODEOWNERS file of its repository. Knows no person and no team.
//!
//! Source: GitHub Docs, "About code owners": the last line whose pattern matches wins; patterns as in .gitignore, without
//! `!` and without ranges.

/// The rules of one CODEOWNERS file, in order.
#[derive(Debug, Default)]
pub(super) struct CodeOwners {
    rules: Vec<(String, Vec<String>)>,
}

impl CodeOwners {
    pub(super) fn parse(text: &str) -> Self {
        let line = |line: &str| {
            let line = line.split(" #").next().unwrap_or_default().trim();
            let mut words = line.split_whitespace();
            let pattern = words.next().filter(|word| !word.starts_with(['#', '[', '^']))?;
            Some((pattern.to_owned(), words.map(str::to_owned).collect()))
        };
        Self { rules: text.lines().filter_map(line).collect() }
    }

    /// The owners of a path below the repository; empty where nobody is named, or a line takes them away.
    pub(super) fn of(&self, path: &str) -> &[String] {
        let rule = self.rules.iter().rev().find(|(pattern, _)| matches(pattern, path));
        rule.map_or(&[], |(_, owners)| owners.as_slice())
    }
}

fn matches(pattern: &str, path: &str) -> bool {
    let bare = pattern.trim_start_matches('/');
    let is_folder = bare.ends_with('/');
    let bare = bare.trim_end_matches('/');
    // A slash at the start or in the middle holds the pattern to the root.
    let is_anchored = pattern.starts_with('/') || bare.contains('/');
    let wanted: Vec<&str> = bare.split('/').collect();
    let parts: Vec<&str> = path.split('/').collect();
    let starts = if is_anchored { 0..1 } else { 0..parts.len() };
    starts.into_iter().any(|start| {
        (start..=parts.len()).any(|end| {
            let is_whole = end == parts.len();
            // What matches a folder matches all below it; `docs/*` does not go deeper.
            let may_end = is_whole && !is_folder || !is_whole && !bare.ends_with("/*");
            may_end && segments(&wanted, &parts[start..end])
        })
    })
}

/// Whether names match patterns one by one; `**` stands for any number of them.
fn segments(patterns: &[&str], names: &[&str]) -> bool {
    match (patterns.split_first(), names.split_first()) {
        (None, None) => true,
        (Some((&"**", rest)), _) => (0..=names.len()).any(|skipped| segments(rest, &names[skipped..])),
        (Some((pattern, patterns)), Some((name, names))) => {
            segment(pattern.as_bytes(), name.as_bytes()) && segments(patterns, names)
        }
        _ => false,
    }
}

/// `*` stands for any text within a name.
fn segment(pattern: &[u8], name: &[u8]) -> bool {
    match pattern.split_first() {
        None => name.is_empty(),
        Some((b'*', rest)) => {
            let rest_start = rest.iter().position(|byte| *byte != b'*').unwrap_or(rest.len());
            let rest = &rest[rest_start..];
            // The pieces between stars are few and short: lines of a file that people write.
            rest.is_empty() || (0..=name.len()).any(|skipped| segment(rest, &name[skipped..]))
        }
        Some((b'?', rest)) => name.split_first().is_some_and(|(_, name)| segment(rest, name)),
        Some((byte, rest)) => name.split_first().is_some_and(|(first, name)| first == byte && segment(rest, name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_match_wins() {
        let owners = CodeOwners::parse(
            "# all\n*  @acme/all\n/app/payments.py petra@acme.example\n/config/ jana@acme.example\n*.tf @acme/infra # code\ndocs/* d@acme.example\n/vendor/\n",
        );
        for (path, expected) in [
            ("README.md", &["@acme/all"][..]),
            ("app/payments.py", &["petra@acme.example"]),
            ("other/app/payments.py", &["@acme/all"]),
            ("config/a/b.yaml", &["jana@acme.example"]),
            ("deep/config/b.yaml", &["@acme/all"]),
            ("deep/main.tf", &["@acme/infra"]),
            ("docs/a.md", &["d@acme.example"]),
            ("docs/a/b.md", &["@acme/all"]),
            ("vendor/x", &[]),
        ] {
            assert_eq!(owners.of(path), expected, "{path}");
        }
    }
}
