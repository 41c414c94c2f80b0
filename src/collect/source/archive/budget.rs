//! How much of an archive is unpacked at most, with everything that lies in it. Reads nothing on its own.

use std::cell::Cell;
use std::io::{self, Read};

/// The most members that are looked at.
const MOST_MEMBERS: u32 = 100_000;
/// The most that is unpacked, in bytes.
const MOST_BYTES: u64 = 1 << 30;
/// How often more than the packed size is unpacked: text packs to a hundredth at the very best, a bomb to a thousandth
/// and less.
const RATIO: u64 = 200;
/// How much may be unpacked whatever the packed size, in bytes.
const ENOUGH: u64 = 16 * 1024 * 1024;

/// What is left.
pub(super) struct Budget {
    allowed: u64,
    bytes: Cell<u64>,
    members: Cell<u32>,
    is_spent: Cell<bool>,
}

impl Budget {
    /// For an archive of so many bytes.
    pub(super) fn of(packed: u64) -> Self {
        let allowed = packed.saturating_mul(RATIO).clamp(ENOUGH, MOST_BYTES);
        Self { allowed, bytes: Cell::new(allowed), members: Cell::new(MOST_MEMBERS), is_spent: Cell::new(false) }
    }

    /// How many bytes were unpacked.
    pub(super) fn used(&self) -> u64 {
        self.allowed - self.bytes.get()
    }

    /// Which limit was hit.
    pub(super) fn limit(&self) -> Option<String> {
        if !self.is_spent.get() {
            None
        } else if self.members.get() == 0 {
            Some(format!("more than {MOST_MEMBERS} members; the rest was not read"))
        } else {
            Some(format!("it unpacks to more than {} bytes; the rest was not read", self.allowed))
        }
    }

    pub(super) fn count_member(&self) -> io::Result<()> {
        match self.members.get().checked_sub(1) {
            Some(left) => self.members.set(left),
            None => return self.spent(),
        }
        Ok(())
    }

    fn spent<T>(&self) -> io::Result<T> {
        self.is_spent.set(true);
        Err(io::Error::other("a limit was hit"))
    }
}

/// A reader whose bytes are counted.
pub(super) struct Metered<'b, R> {
    reader: R,
    budget: &'b Budget,
}

impl<'b, R> Metered<'b, R> {
    pub(super) fn new(reader: R, budget: &'b Budget) -> Self {
        Self { reader, budget }
    }
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.budget.bytes.get();
        let read = self.reader.read(buffer)?;
        // Its end may lie right behind what is left.
        match left.checked_sub(read as u64) {
            Some(left) => self.budget.bytes.set(left),
            None => return self.budget.spent(),
        }
        Ok(read)
    }
}
