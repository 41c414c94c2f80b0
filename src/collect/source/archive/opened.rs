//! Looks at the beginning of something open, to tell what it is. Reads no further.

use std::io::{self, Cursor, Read};

use super::super::kind::{self, HEAD, Kind};

/// Something open, and what it is.
pub(in crate::collect::source) struct Opened<'r> {
    pub(super) kind: Kind,
    /// Whether it begins like what stands before an archive that unpacks or runs itself: a program or a script.
    pub(super) is_stub: bool,
    pub(super) reader: Box<dyn Read + 'r>,
}

impl<'r> Opened<'r> {
    /// Looks at the beginning, which is read again afterwards. What comes before an error counts.
    pub(in crate::collect::source) fn new(mut reader: impl Read + 'r) -> io::Result<Self> {
        let mut head = Vec::with_capacity(HEAD + 64);
        let read = reader.by_ref().take(HEAD as u64).read_to_end(&mut head);
        let kind = kind::of(&head);
        let is_stub = kind::is_stub(&head);
        let head = Cursor::new(head);
        Ok(match read {
            Ok(_) => Self { kind, is_stub, reader: Box::new(head.chain(reader)) },
            Err(error) if head.get_ref().is_empty() => return Err(error),
            Err(error) => Self { kind, is_stub, reader: Box::new(head.chain(Broken(Some(error)))) },
        })
    }
}

/// Where reading failed.
struct Broken(Option<io::Error>);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(self.0.take().unwrap_or_else(|| io::Error::other("it cannot be read")))
    }
}
