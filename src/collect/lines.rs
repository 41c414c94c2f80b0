//! Lines of text that are told sorted, each once, whatever the order they came in. They are kept packed, since the records of
//! a cluster or an account are alike and as text take ten times the room. It writes nothing to a disk.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::io::{self, BufRead, BufReader, Cursor, Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

/// How many bytes of lines wait before they are sorted and packed, at first. For each eight runs it is that much more: each run
/// takes some memory when all are read at once, so of very many lines there are to be few.
const WAITING: usize = 256 * 1024;

/// Lines as they come. None has a line break in it.
#[derive(Default)]
pub struct Lines {
    /// Those that wait, one after the other, and where each begins and ends.
    text: String,
    places: Vec<(usize, usize)>,
    /// The others: sorted runs, each packed.
    runs: Vec<Vec<u8>>,
}

impl Lines {
    /// Adds a line.
    ///
    /// # Errors
    /// When lines cannot be packed.
    pub fn push(&mut self, line: &str) -> io::Result<()> {
        let begin = self.text.len();
        self.text.push_str(line);
        self.places.push((begin, self.text.len()));
        let patience = WAITING * (1 + self.runs.len() / 8);
        if self.text.len() < patience { Ok(()) } else { self.pack() }
    }

    fn pack(&mut self) -> io::Result<()> {
        let mut lines: Vec<&str> = self.places.iter().filter_map(|place| self.text.get(place.0..place.1)).collect();
        lines.sort_unstable();
        lines.dedup();
        let mut packer = DeflateEncoder::new(Vec::new(), Compression::fast());
        for line in lines {
            packer.write_all(line.as_bytes())?;
            packer.write_all(b"\n")?;
        }
        let mut packed = packer.finish()?;
        packed.shrink_to_fit();
        self.runs.push(packed);
        self.text.clear();
        self.places.clear();
        Ok(())
    }

    /// All of them, sorted, each once.
    ///
    /// # Errors
    /// When lines cannot be packed or unpacked.
    pub fn sorted(mut self) -> io::Result<Sorted> {
        self.pack()?;
        let mut sorted = Sorted { runs: Vec::new(), next: BinaryHeap::new() };
        for (run, packed) in std::mem::take(&mut self.runs).into_iter().enumerate() {
            let unpacked: Box<dyn Read> = Box::new(DeflateDecoder::new(Cursor::new(packed)));
            let mut lines = BufReader::new(unpacked);
            if let Some(first) = next_line(&mut lines)? {
                sorted.next.push(Reverse((first, run)));
            }
            sorted.runs.push(lines);
        }
        Ok(sorted)
    }
}

/// Lines in their order, each once.
pub struct Sorted {
    runs: Vec<BufReader<Box<dyn Read>>>,
    /// The next line of each run that has one.
    next: BinaryHeap<Reverse<(String, usize)>>,
}

impl Sorted {
    fn take(&mut self) -> io::Result<Option<String>> {
        let Some(first) = self.take_first()? else { return Ok(None) };
        while self.next.peek().is_some_and(|Reverse((line, _))| *line == first) {
            self.take_first()?;
        }
        Ok(Some(first))
    }

    /// The first line, of which another run may have one more.
    fn take_first(&mut self) -> io::Result<Option<String>> {
        let Some(mut top) = self.next.peek_mut() else { return Ok(None) };
        let run = top.0.1;
        let following = self.runs.get_mut(run).map_or(Ok(None), next_line)?;
        Ok(Some(match following {
            Some(line) => std::mem::replace(&mut top.0.0, line),
            None => PeekMut::pop(top).0.0,
        }))
    }
}

impl Iterator for Sorted {
    type Item = io::Result<String>;

    fn next(&mut self) -> Option<Self::Item> {
        self.take().transpose()
    }
}

fn next_line(lines: &mut BufReader<Box<dyn Read>>) -> io::Result<Option<String>> {
    let mut line = String::new();
    let read = lines.read_line(&mut line)?;
    line.truncate(line.strip_suffix('\n').unwrap_or(&line).len());
    line.shrink_to_fit();
    Ok((read > 0).then_some(line))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
    use std::collections::BTreeSet;

    use super::*;

    fn sorted(lines: &[String]) -> Vec<String> {
        let mut kept = Lines::default();
        lines.iter().for_each(|line| kept.push(line).unwrap());
        kept.sorted().unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn lines_of_many_runs_come_sorted_and_once() {
        let long = "x".repeat(700);
        let lines: Vec<String> = (0..12_000_u32).map(|n| format!("{} {long}", n.wrapping_mul(7919) % 9000)).collect();
        let whole: usize = lines.iter().map(String::len).sum();
        assert!(whole > 3 * WAITING, "several runs");
        let expected: BTreeSet<String> = lines.iter().cloned().collect();
        assert_eq!(sorted(&lines), expected.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn few_and_odd_lines_are_kept_as_they_are() {
        assert_eq!(sorted(&[]), Vec::<String>::new());
        let odd = ["", "b", "a\r", "b", "ä€ 𝄞"].map(str::to_owned);
        assert_eq!(sorted(&odd), ["", "a\r", "b", "ä€ 𝄞"]);
        let huge = ["z".repeat(2 * WAITING), "a".to_owned(), "z".repeat(2 * WAITING)];
        assert_eq!(sorted(&huge), ["a".to_owned(), "z".repeat(2 * WAITING)]);
    }
}
