//! Comments that allow what is found on their line. Parses a line; judges nothing and reads no file.

/// The marks of an inline allow, in the order in which they are looked for.
const ALLOW_MARKS: &[&str] = &["nonhuman: allow", "nonhuman:allow", "gitleaks:allow", "betterleaks:allow"];

/// The comment on a line that allows what is found on it, as written.
///
/// Understood are our own `nonhuman: allow`, and the marks of gitleaks and betterleaks, so that a team can move.
pub fn inline_allow(line: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(line);
    let lower = text.to_ascii_lowercase();
    ALLOW_MARKS.iter().find(|mark| lower.contains(**mark)).map(|mark| (*mark).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allows_are_seen() {
        assert_eq!(inline_allow(b"x = 1  # gitleaks:allow").as_deref(), Some("gitleaks:allow"));
        assert_eq!(inline_allow(b"x = 1"), None);
    }
}
