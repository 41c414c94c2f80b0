//! Which lines of a text are not in an older one. Pure; knows neither files nor git.
//!
//! What is told apart is always told rightly, if not always most briefly: the lines that are not said to be added stand
//! in the older text in the same order.

use std::collections::HashMap;
use std::ops::Range;

/// How many lines are looked through first for where two texts go on alike.
const FIRST_LOOK: usize = 32;
/// How much further each next look goes.
const FURTHER: usize = 4;
/// Shorter lines stand everywhere (`}`, `end`): that one is in both texts does not mean that it is the same one.
const SHORTEST_MARK: usize = 6;
/// How much is compared at once, in bytes.
const BLOCK: usize = 256;

/// The ranges of `new`, in bytes and in order, that none of the older texts has. Where lines are gone, the end of the
/// line before them counts as new, since what stood apart now stands together.
pub(super) fn added_to_all<'a>(olds: impl IntoIterator<Item = &'a [u8]>, new: &[u8]) -> Vec<Range<usize>> {
    let mut olds = olds.into_iter();
    let Some(first) = olds.next() else { return whole(new) };
    olds.fold(
        added(first, new),
        |ranges, old| if ranges.is_empty() { ranges } else { common(&ranges, &added(old, new)) },
    )
}

/// All of a text.
fn whole(text: &[u8]) -> Vec<Range<usize>> {
    if text.is_empty() { Vec::new() } else { std::iter::once(0..text.len()).collect() }
}

/// The parts that two lists of ranges share.
fn common(left: &[Range<usize>], right: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut shared = Vec::new();
    let mut rest = right;
    for one in left {
        while let Some((other, behind)) = rest.split_first() {
            let part = one.start.max(other.start)..one.end.min(other.end);
            if !part.is_empty() {
                shared.push(part);
            }
            if other.end > one.end {
                break;
            }
            rest = behind;
        }
    }
    shared
}

/// The ranges of `new` that `old` does not have.
pub(super) fn added(old: &[u8], new: &[u8]) -> Vec<Range<usize>> {
    let start = common_lines(old, new);
    let (old_end, new_end) = common_ends(old, new, start);
    let mut compared = Compared {
        old: old.get(start..old_end).unwrap_or_default(),
        new: new.get(start..new_end).unwrap_or_default(),
        place: start,
        ranges: Vec::new(),
    };
    compared.run();
    compared.ranges
}

/// How many bytes of whole lines both texts begin with.
fn common_lines(old: &[u8], new: &[u8]) -> usize {
    let same = common_prefix(old, new);
    if same == old.len() && same == new.len() {
        return same;
    }
    let before = new.get(..same).unwrap_or_default();
    before.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1)
}

fn common_prefix(old: &[u8], new: &[u8]) -> usize {
    let blocks = old.chunks_exact(BLOCK).zip(new.chunks_exact(BLOCK)).take_while(|(old, new)| old == new).count();
    let known = blocks * BLOCK;
    let (old, new) = (old.get(known..).unwrap_or_default(), new.get(known..).unwrap_or_default());
    known + old.iter().zip(new).take_while(|(old, new)| old == new).count()
}

/// Where the whole lines begin that both texts end with, in the old one and in the new one, behind their common start.
fn common_ends(old: &[u8], new: &[u8], start: usize) -> (usize, usize) {
    let (old_rest, new_rest) = (old.get(start..).unwrap_or_default(), new.get(start..).unwrap_or_default());
    let blocks = old_rest.rchunks_exact(BLOCK).zip(new_rest.rchunks_exact(BLOCK));
    let known = blocks.take_while(|(old, new)| old == new).count() * BLOCK;
    let (old_left, new_left) = (old_rest.len() - known, new_rest.len() - known);
    let (old_left, new_left) = (&old_rest[..old_left], &new_rest[..new_left]);
    let more = old_left.iter().rev().zip(new_left.iter().rev()).take_while(|(old, new)| old == new).count();
    let same = known + more;
    let begins_line = |text: &[u8]| text.len() == same || text.get(text.len() - same - 1) == Some(&b'\n');
    let tail = &new_rest[new_rest.len() - same..];
    let kept = if begins_line(old_rest) && begins_line(new_rest) {
        same
    } else {
        tail.iter().position(|byte| *byte == b'\n').map_or(0, |end| same - end - 1)
    };
    (old.len() - kept, new.len() - kept)
}

/// Two texts that are gone through side by side; what was gone through is cut off.
struct Compared<'a> {
    old: &'a [u8],
    new: &'a [u8],
    /// Where what is left of the new text begins.
    place: usize,
    ranges: Vec<Range<usize>>,
}

impl Compared<'_> {
    fn run(&mut self) {
        loop {
            let same = common_lines(self.old, self.new);
            self.skip(same, same);
            if self.new.is_empty() || self.old.is_empty() {
                break;
            }
            let (gone, come) = self.differing();
            self.note(come);
            self.skip(gone, come);
        }
        self.note(self.new.len());
    }

    fn skip(&mut self, old: usize, new: usize) {
        self.old = self.old.get(old..).unwrap_or_default();
        self.new = self.new.get(new..).unwrap_or_default();
        self.place += new;
    }

    /// Notes that so many bytes are new; where there are none and something is gone, the line end before them.
    fn note(&mut self, length: usize) {
        let start = if length == 0 { self.place.saturating_sub(1) } else { self.place };
        if length == 0 && (self.old.is_empty() || self.place == 0) {
            return;
        }
        let end = self.place + length;
        match self.ranges.last_mut() {
            Some(last) if last.end >= start => last.end = end.max(last.end),
            _ => self.ranges.push(start..end),
        }
    }

    /// How many bytes differ on both sides until there is a line that both have. Looks ever further, so that its work
    /// is in proportion to what it finds.
    fn differing(&self) -> (usize, usize) {
        let mut look = FIRST_LOOK;
        loop {
            let (old, new) = (lines(self.old, look), lines(self.new, look));
            let is_all = old.len() < look && new.len() < look;
            if let Some((gone, come)) = meeting(&old, &new) {
                let length = |lines: &[&[u8]], count: usize| lines.iter().take(count).map(|line| line.len()).sum();
                return (length(&old, gone), length(&new, come));
            }
            if is_all {
                return (self.old.len(), self.new.len());
            }
            look = look.saturating_mul(FURTHER);
        }
    }
}

/// The first lines of a text, each with its end.
fn lines(text: &[u8], most: usize) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').take(most).collect()
}

/// The nearest line that both have, as the number of lines before it.
fn meeting(old: &[&[u8]], new: &[&[u8]]) -> Option<(usize, usize)> {
    let mut places: HashMap<&[u8], usize> = HashMap::with_capacity(old.len());
    for (place, line) in old.iter().enumerate() {
        places.entry(line).or_insert(place);
    }
    let mut best: Option<(usize, usize)> = None;
    for (come, line) in new.iter().enumerate() {
        if best.is_some_and(|(gone, other)| gone + other <= come) {
            break;
        }
        let Some(gone) = places.get(line).copied() else { continue };
        let is_mark = line.trim_ascii().len() >= SHORTEST_MARK
            || old.get(gone + 1).is_some_and(|next| new.get(come + 1) == Some(next));
        if is_mark && best.is_none_or(|(other, before)| gone + come < other + before) {
            best = Some((gone, come));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The added parts as text.
    fn texts(old: &str, new: &str) -> Vec<String> {
        added(old.as_bytes(), new.as_bytes()).into_iter().map(|range| new[range].to_owned()).collect()
    }

    #[test]
    fn what_is_added_is_told_by_whole_lines() {
        assert_eq!(texts("", "a\nb\n"), ["a\nb\n"]);
        assert_eq!(texts("first\nsecond\n", "first\nsecond\n"), [""; 0]);
        assert_eq!(texts("first\nthird line\n", "first\nsecond\nthird line\n"), ["second\n"]);
        assert_eq!(texts("first\nsecond", "first\nsecond\n"), ["second\n"], "a line without its end is another one");
        assert_eq!(texts("key = 1\nend", "key = 2\nend"), ["key = 2\n"]);
        assert_eq!(texts("abc", "abcdef"), ["abcdef"]);
        assert_eq!(texts("x\r\ny\r\n", "x\r\nz\r\ny\r\n"), ["z\r\n"]);
    }

    #[test]
    fn several_changes_are_several_ranges() {
        let old: String = (0..1000).map(|number| format!("line number {number}\n")).collect();
        let new = old.replace("number 10\n", "number ten\n").replace("number 900\n", "number 900\nand one more\n");
        assert_eq!(texts(&old, &new), ["line number ten\n", "and one more\n"]);
        let moved = format!("{}{}", &old[5000..], &old[..5000]);
        let most: usize = texts(&old, &moved).iter().map(String::len).sum();
        assert!(most <= 5100, "{most}");
    }

    #[test]
    fn where_lines_are_gone_is_the_end_of_the_line_before() {
        assert_eq!(added(b"first line\ngone\nlast line\n", b"first line\nlast line\n"), vec![10..11; 1]);
        assert!(added(b"gone\nlast line\n", b"last line\n").is_empty());
    }

    #[test]
    fn of_a_merge_only_what_no_parent_has() {
        let (ours, theirs, merged) = ("base\nours1\n", "base\ntheirs\n", "base\nours1\ntheirs\nevil line\n");
        let ranges = added_to_all([ours.as_bytes(), theirs.as_bytes()], merged.as_bytes());
        let own: Vec<&str> = ranges.into_iter().map(|range| &merged[range]).collect();
        assert_eq!(own, ["evil line\n"]);
        assert_eq!(added_to_all([], b"all"), vec![0..3; 1]);
    }

    fn text() -> impl Strategy<Value = String> {
        let line =
            prop::sample::select(vec!["}\n", "\n", "alpha one\n", "beta two\n", "gamma three\n", "x", "delta four\n"]);
        prop::collection::vec(line, 0..80).prop_map(|lines| lines.concat())
    }

    proptest! {
        /// Without its new lines the new text is the old one with some of its lines left out.
        #[test]
        fn nothing_new_is_left_out(old in text(), new in text()) {
            let ranges = added(old.as_bytes(), new.as_bytes());
            let mut kept = Vec::new();
            let mut place = 0;
            for line in lines(new.as_bytes(), usize::MAX) {
                let is_new = ranges.iter().any(|range| range.start <= place && range.end >= place + line.len());
                if !is_new {
                    kept.push(line);
                }
                place += line.len();
            }
            let mut olds = lines(old.as_bytes(), usize::MAX).into_iter();
            prop_assert!(kept.iter().all(|line| olds.any(|old| old == *line)), "{:?}", ranges);
            prop_assert!(ranges.windows(2).all(|pair| pair[0].end < pair[1].start));
            prop_assert!(ranges.iter().all(|range| range.start < range.end && range.end <= new.len()));
        }
    }
}
