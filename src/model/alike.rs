//! How alike two words are spelled. Judges nothing.

/// How many letters must change, come or go to make one word of another (Levenshtein); a swap of two neighbours counts as
/// two.
pub fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = row.first().copied().unwrap_or_default();
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
        for (j, b) in right.iter().enumerate() {
            let beside = row.get(j).copied().unwrap_or_default();
            let Some(cell) = row.get_mut(j + 1) else { continue };
            let cost = diagonal + usize::from(a != *b);
            diagonal = *cell;
            *cell = cost.min(*cell + 1).min(beside + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn letters_are_counted() {
        for (left, right, expected) in [
            ("", "", 0),
            ("", "ab", 2),
            ("deploy", "deply", 1),
            ("ab", "ba", 2),
            ("é", "e", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(left, right), expected, "{left} {right}");
            assert_eq!(distance(right, left), expected, "{right} {left}");
        }
    }
}
