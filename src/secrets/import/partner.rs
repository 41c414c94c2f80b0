//! Rules that count only beside what another rule finds: an id beside its secret. Finds nothing itself.

use std::collections::BTreeMap;
use std::ops::Range;

use super::super::Match;

/// How many of the nearest matches of a partner are looked at on each side.
const NEAREST: usize = 16;

/// Another rule that must match near by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::secrets) struct Partner {
    pub(super) id: String,
    /// At most so many lines away; anywhere when there is no number.
    pub(super) lines: Option<usize>,
    /// At most so many bytes away.
    pub(super) columns: Option<usize>,
}

/// Reads `5L`, `100C`, `5L,100C`.
pub(super) fn within(text: &str) -> Option<(Option<usize>, Option<usize>)> {
    let (mut lines, mut columns) = (None, None);
    for part in text.split(',').map(str::trim) {
        let (number, unit) = part.split_at_checked(part.len().checked_sub(1)?)?;
        match unit {
            "L" | "l" => lines = Some(number.parse().ok()?),
            "C" | "c" => columns = Some(number.parse().ok()?),
            _ => return None,
        }
    }
    Some((lines, columns))
}

/// Leaves out the matches that lack a partner, and those that are only partners of others.
pub(in crate::secrets) fn require(text: &[u8], matches: &mut Vec<Match<'_>>) {
    let mut places: BTreeMap<&str, Vec<Range<usize>>> = BTreeMap::new();
    for found in matches.iter() {
        places.entry(&found.detector.id).or_default().push(found.whole.clone());
    }
    places.values_mut().for_each(|places| places.sort_by_key(|place| (place.start, place.end)));
    matches.retain(|found| {
        let Some(imported) = &found.detector.imported else { return true };
        let is_near = |partner: &Partner| {
            let places = places.get(partner.id.as_str()).map(Vec::as_slice).unwrap_or_default();
            let middle = places.partition_point(|place| place.start < found.whole.start);
            let near = middle.saturating_sub(NEAREST)..middle.saturating_add(NEAREST).min(places.len());
            places.get(near).unwrap_or_default().iter().any(|place| partner.is_near(text, &found.whole, place))
        };
        !imported.is_helper && imported.partners.iter().all(is_near)
    });
}

impl Partner {
    fn is_near(&self, text: &[u8], one: &Range<usize>, other: &Range<usize>) -> bool {
        let between = if one.start <= other.start { one.start..other.start } else { other.start..one.start };
        let gap = one.start.max(other.start).saturating_sub(one.end.min(other.end));
        let lines = || text.get(between).map_or(0, |text| text.iter().filter(|byte| **byte == b'\n').count());
        self.columns.is_none_or(|most| gap <= most) && self.lines.is_none_or(|most| lines() <= most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_read() {
        assert_eq!(within("5L"), Some((Some(5), None)));
        assert_eq!(within("5L, 100C"), Some((Some(5), Some(100))));
        assert_eq!(within("100c"), Some((None, Some(100))));
        for wrong in ["", "L", "5", "5X", "5L,", "-1L", "5\u{e4}"] {
            assert_eq!(within(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn near_is_counted_in_lines_and_bytes() {
        let text = b"id\n\nkey";
        let partner = |lines, columns| Partner { id: String::new(), lines, columns };
        for (lines, columns, near) in [
            (Some(2), None, true),
            (Some(1), None, false),
            (None, Some(2), true),
            (None, Some(1), false),
            (None, None, true),
        ] {
            assert_eq!(partner(lines, columns).is_near(text, &(4..7), &(0..2)), near, "{lines:?} {columns:?}");
            assert_eq!(partner(lines, columns).is_near(text, &(0..2), &(4..7)), near, "{lines:?} {columns:?}");
        }
    }
}
