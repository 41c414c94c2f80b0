//! Reads tar archives from front to back: ustar, with the long names of GNU and pax. Keeps no member in memory.

use std::io::{self, Read};

/// A block of the format, in bytes.
const BLOCK: usize = 512;
/// The longest name, and the longest list of pax records, in bytes.
const LONGEST_NAME: u64 = 64 * 1024;
const LONGEST_RECORDS: u64 = 256 * 1024;

/// Whether a file that begins so is a tar archive: its mark, and the sum of its first header.
pub(in crate::collect::source) fn is_tar(head: &[u8]) -> bool {
    head.first_chunk::<BLOCK>().is_some_and(|header| &header[257..262] == b"ustar" && has_right_sum(header))
}

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Folder,
    Link,
    Special,
}

/// A member as its header says it.
pub(super) struct Member {
    pub(super) name: Vec<u8>,
    pub(super) kind: Kind,
}

/// An archive on its way.
pub(super) struct Tar<R> {
    reader: R,
    /// What is left of the current member, and of its last block.
    left: u64,
    padding: u64,
}

impl<R: Read> Tar<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, left: 0, padding: 0 }
    }

    /// Skips what is left of the current member and reads the header of the next. `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Member>> {
        let (mut name, mut size) = (None, None);
        loop {
            self.skip()?;
            let Some(header) = self.header()? else { return Ok(None) };
            let own_size = number(&header[124..136]).ok_or_else(|| broken("the size of a member is no number"))?;
            let has_own_size = matches!(header[156], b'L' | b'K' | b'x' | b'g');
            self.begin(if has_own_size { own_size } else { size.unwrap_or(own_size) });
            match header[156] {
                b'L' => name = Some(until_zero(&self.read_all(LONGEST_NAME)?).to_owned()),
                b'x' => {
                    for (key, value) in records(&self.read_all(LONGEST_RECORDS)?) {
                        match key {
                            b"path" => name = Some(value.to_owned()),
                            b"size" => size = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok()),
                            _ => {}
                        }
                    }
                }
                b'K' | b'g' => {}
                kind => {
                    let kind = match kind {
                        b'1' | b'2' => Kind::Link,
                        b'3' | b'4' | b'6' => Kind::Special,
                        b'5' => Kind::Folder,
                        _ => Kind::File,
                    };
                    // A link or a folder has no content, whatever its header says.
                    if kind != Kind::File {
                        self.begin(0);
                    }
                    let name = name.unwrap_or_else(|| own_name(&header));
                    return Ok(Some(Member { name, kind }));
                }
            }
        }
    }

    fn begin(&mut self, size: u64) {
        self.left = size;
        self.padding = (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64;
    }

    fn skip(&mut self) -> io::Result<()> {
        let whole = self.left.saturating_add(self.padding);
        let skipped = io::copy(&mut self.reader.by_ref().take(whole), &mut io::sink())?;
        self.left = 0;
        self.padding = 0;
        if skipped < whole { Err(broken("it ends within a member")) } else { Ok(()) }
    }

    /// The next header; the archive ends with a block of zeros, or where its file ends.
    fn header(&mut self) -> io::Result<Option<[u8; BLOCK]>> {
        let mut header = Vec::with_capacity(BLOCK);
        self.reader.by_ref().take(BLOCK as u64).read_to_end(&mut header)?;
        if header.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let header = header.first_chunk::<BLOCK>().ok_or_else(|| broken("it ends within a header"))?;
        if has_right_sum(header) { Ok(Some(*header)) } else { Err(broken("a header has a wrong sum")) }
    }

    fn read_all(&mut self, limit: u64) -> io::Result<Vec<u8>> {
        if self.left > limit {
            return Err(broken("the name of a member is too long"));
        }
        let mut bytes = Vec::new();
        self.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// The content of the current member.
impl<R: Read> Read for Tar<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if room == 0 {
            return Ok(0);
        }
        let read = self.reader.read(buffer.get_mut(..room).unwrap_or_default())?;
        self.left -= read as u64;
        if read == 0 { Err(broken("it ends within a member")) } else { Ok(read) }
    }
}

fn broken(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// The sum of all bytes, with blanks for the sum itself.
fn has_right_sum(header: &[u8; BLOCK]) -> bool {
    let sum: u64 = header.iter().map(|byte| u64::from(*byte)).sum();
    let own: u64 = header[148..156].iter().map(|byte| u64::from(*byte)).sum();
    number(&header[148..156]) == Some(sum - own + 8 * u64::from(b' '))
}

/// A number in octal digits, or where its first bit is set in binary.
fn number(field: &[u8]) -> Option<u64> {
    let (first, rest) = field.split_first()?;
    if first & 0x80 != 0 {
        let bytes = std::iter::once(first & 0x7f).chain(rest.iter().copied());
        return bytes.into_iter().try_fold(0_u64, |number, byte| Some(number.checked_mul(256)? | u64::from(byte)));
    }
    let digits = until_zero(field).trim_ascii();
    let digits = std::str::from_utf8(digits).ok()?;
    if digits.is_empty() { Some(0) } else { u64::from_str_radix(digits, 8).ok() }
}

fn until_zero(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn own_name(header: &[u8; BLOCK]) -> Vec<u8> {
    let (name, prefix) = (until_zero(&header[..100]), until_zero(&header[345..500]));
    // GNU has other things where ustar has the beginning of a long name.
    let is_ustar = &header[257..263] == b"ustar\0";
    if is_ustar && !prefix.is_empty() { [prefix, b"/", name].concat() } else { name.to_owned() }
}

/// The records of a pax header: `LENGTH KEY=VALUE\n`.
fn records(mut bytes: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut records = Vec::new();
    while let Some(space) = bytes.iter().position(|byte| *byte == b' ') {
        let length = std::str::from_utf8(&bytes[..space]).ok().and_then(|text| text.parse::<usize>().ok());
        let Some(record) = length.and_then(|length| bytes.get(space + 1..length)) else { break };
        let record_end = space + 1 + record.len();
        let record = record.strip_suffix(b"\n").unwrap_or(record);
        if let Some(equals) = record.iter().position(|byte| *byte == b'=') {
            records.push((&record[..equals], &record[equals + 1..]));
        }
        bytes = &bytes[record_end..];
    }
    records
}
