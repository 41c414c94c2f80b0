//! Compares patterns, those of IAM and our own: `*` stands for any run of characters, `/` and `:` included, `?` for
//! exactly one. It knows nothing of what the texts mean; callers fold case where that does not matter.

/// Whether `pattern` covers `text`.
///
/// `text` may hold wildcards itself; then the answer is whether everything it stands for is covered. For that a `*` in
/// `text` is only ever covered by a `*`, never by a `?`. Linear in practice, `pattern × text` at worst; no recursion.
pub fn covers(pattern: &str, text: &str) -> bool {
    compare(pattern.as_bytes(), text.as_bytes(), true)
}

/// Whether a `text`, in which `*` and `?` stand for themselves, has the form of a `pattern`.
pub fn matches(pattern: &str, text: &str) -> bool {
    compare(pattern.as_bytes(), text.as_bytes(), false)
}

fn compare(pattern: &[u8], text: &[u8], wild: bool) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where to go on when the characters after the last `*` do not fit: one character further into the text.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        match (pattern.get(p), text.get(t)) {
            (None, None) => return true,
            (Some(b'*'), _) => {
                retry = Some((p + 1, t));
                p += 1;
                continue;
            }
            (Some(b'?'), Some(byte)) if !wild || *byte != b'*' => {
                p += 1;
                t += width(*byte);
                continue;
            }
            (Some(wanted), Some(byte)) if wanted == byte && *wanted != b'?' => {
                p += 1;
                t += 1;
                continue;
            }
            _ => {}
        }
        let Some((after_star, from)) = retry else { return false };
        let Some(byte) = text.get(from) else { return false };
        let next = from + width(*byte);
        retry = Some((after_star, next));
        (p, t) = (after_star, next);
    }
}

/// Whether some text is covered by both patterns.
pub fn overlap(left: &str, right: &str) -> bool {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    // row[j]: what is left of `left` from the current place can be the same text as what is left of `right` from j.
    let mut row: Vec<bool> = (0..=right.len()).map(|j| right.iter().skip(j).all(|c| *c == '*')).collect();
    for a in left.iter().rev() {
        let mut next = vec![false; row.len()];
        if let (Some(end), Some(below)) = (next.last_mut(), row.last()) {
            *end = *a == '*' && *below;
        }
        for (j, b) in right.iter().enumerate().rev() {
            next[j] = match (*a, *b) {
                ('*', _) | (_, '*') => row[j] || next[j + 1],
                (a, b) => (a == b || a == '?' || b == '?') && row[j + 1],
            };
        }
        row = next;
    }
    row.first().copied().unwrap_or(false)
}

/// How many bytes the character that starts with this byte has.
fn width(first: u8) -> usize {
    match first {
        0xF0.. => 4,
        0xE0.. => 3,
        0xC0.. => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::{covers, matches, overlap};

    #[test]
    fn wildcards_cross_every_separator() {
        assert!(covers("arn:aws:iam::*:role/ci", "arn:aws:iam::1:role/x:role/ci"));
        assert!(covers("s3:Get?bject", "s3:GetObject"));
        assert!(!covers("s3:Get?bject", "s3:Getbject"));
        assert!(covers("?", "€") && !covers("*??", "€"));
    }

    #[test]
    fn a_pattern_covers_a_narrower_pattern_only() {
        assert!(covers("arn:aws:iam::*", "arn:aws:iam::1:role/*"));
        assert!(!covers("arn:aws:iam::1:role/ci-*", "arn:aws:iam::1:role/*"));
        assert!(!covers("arn:aws:iam::1:role/?", "arn:aws:iam::1:role/*"));
    }

    #[test]
    fn texts_have_the_form_of_patterns() {
        for (text, pattern, expected) in [
            ("prod-api", "prod-*", true),
            ("prod-api", "*api", true),
            ("prod-api", "p?od*", true),
            ("prod-api", "dev*", false),
            ("", "*", true),
            ("aab", "*ab", true),
            ("ab", "ab*c", false),
            ("claude code", "claude", false),
            ("agent:shop/.github/workflows/a.yml#t/1", "agent:shop/*", true),
            ("agent:shop/x", "*#*", false),
            ("axbyc", "a*b*c", true),
            ("a", "a*a", false),
            ("tokens.json", "*_tokens.json", false),
            ("repo:a/b:*", "repo:a/b:?", true),
            ("what is this?", "what*this?", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{text} like {pattern}");
        }
    }

    #[test]
    fn overlaps_are_found_from_both_sides() {
        for (left, right, expected) in [
            ("*", "", true),
            ("a*", "*b", true),
            ("a*c", "ab?c", true),
            ("a*", "b*", false),
            ("a?", "a", false),
            ("fn:dev-*", "fn:*-prod", true),
            ("fn:dev", "fn:*-prod", false),
        ] {
            assert_eq!(overlap(left, right), expected, "{left} {right}");
            assert_eq!(overlap(right, left), expected, "{right} {left}");
        }
    }
}
