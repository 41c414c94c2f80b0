//! Reads a small file at once, into memory that each thread keeps: most files of a tree are small, and what the system is
//! not asked for each of them adds up. Judges nothing.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read, Seek};

/// The largest file that is read at once, in bytes.
const LARGEST: usize = 1 << 20;

/// Memory is kept in steps of so many bytes.
const STEP: usize = 64 * 1024;

thread_local! {
    /// What the last file of this thread lay in.
    static ROOM: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// All of a file.
pub(super) struct Small {
    room: Vec<u8>,
    length: usize,
}

impl Small {
    /// Reads a file that had so many bytes when it was opened. `None` when it has another number of them by now or is
    /// not small, and where it cannot be read: it then stands at its beginning again.
    pub(super) fn read(file: &mut File, size: u64) -> io::Result<Option<Self>> {
        let Some(length) = usize::try_from(size).ok().filter(|size| (1..=LARGEST).contains(size)) else {
            return Ok(None);
        };
        let mut room = ROOM.take();
        if room.len() <= length {
            room.resize((length + 1).next_multiple_of(STEP), 0);
        }
        let mut small = Self { room, length };
        // One byte more is asked for than there seems to be: where it does not come, that was the end.
        let read = small.room.get_mut(..=length).map(|room| file.read(room));
        if matches!(read, Some(Ok(read)) if read == length) {
            return Ok(Some(small));
        }
        file.rewind()?;
        Ok(None)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.room.get(..self.length).unwrap_or_default()
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        ROOM.set(std::mem::take(&mut self.room));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_all_there_is_read_at_once() {
        let mut read = Vec::new();
        for (length, said) in [(5, 5), (5, 4), (5, 6), (0, 0), (LARGEST, LARGEST), (LARGEST + 1, LARGEST + 1), (3, 3)] {
            let named = tempfile::NamedTempFile::new().expect("a file");
            let bytes: Vec<u8> = (0..length).map(|place| (place % 251) as u8 + 1).collect();
            std::fs::write(named.path(), &bytes).expect("room");
            let mut file = File::open(named.path()).expect("it opens");
            let small = Small::read(&mut file, said as u64).expect("it is readable");
            let is_all = small.as_ref().map(|small| small.bytes() == bytes);
            if small.is_none() {
                let mut rest = Vec::new();
                file.read_to_end(&mut rest).expect("it is readable");
                assert_eq!(rest, bytes, "it stands at its beginning");
            }
            read.push(is_all);
        }
        assert_eq!(read, [Some(true), None, None, None, Some(true), None, Some(true)]);
    }
}
