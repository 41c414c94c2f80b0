//! Reads zip archives by their central directory. Unpacks one member at a time and keeps none of them in memory.
//!
//! Written after PKWARE's APPNOTE 6.3.10.

use std::io::{self, Read, Seek, SeekFrom};

use flate2::CrcReader;
use flate2::read::DeflateDecoder;

use super::zstd::Zstd;

/// The end of the central directory without its comment, and the longest comment, in bytes (4.3.16).
const END: usize = 22;
const LONGEST_COMMENT: u64 = 65_535;
/// The locator of the zip64 end, and that end, in bytes (4.3.15, 4.3.14).
const LOCATOR: u64 = 20;
const END64: usize = 56;
/// A header of the central directory and one before a member, without their names, in bytes (4.3.12, 4.3.7).
const HEADER: usize = 46;
const LOCAL_HEADER: usize = 30;
/// The longest central directory that is read, in bytes: a hundred thousand long names.
const LONGEST_DIRECTORY: u64 = 32 * 1024 * 1024;

/// A member as the central directory says it.
pub(super) struct Member<'a> {
    pub(super) name: &'a [u8],
    pub(super) is_encrypted: bool,
    pub(super) is_link: bool,
    method: u16,
    crc: u32,
    packed: u64,
    offset: u64,
}

impl Member<'_> {
    pub(super) fn is_folder(&self) -> bool {
        self.name.ends_with(b"/")
    }

    /// Whether its method is one of those that are read: stored, deflated, Zstandard.
    pub(super) fn is_readable(&self) -> bool {
        matches!(self.method, 0 | 8 | 93)
    }
}

/// The central directory of an archive.
pub(super) struct Directory {
    bytes: Vec<u8>,
    /// Where the archive begins in its file: something may stand before it.
    base: u64,
}

impl Directory {
    /// Reads it from the end of an archive.
    pub(super) fn read(file: &mut (impl Read + Seek)) -> io::Result<Self> {
        let length = file.seek(SeekFrom::End(0))?;
        let from = length.saturating_sub(LONGEST_COMMENT + END as u64);
        file.seek(SeekFrom::Start(from))?;
        let mut tail = Vec::new();
        file.by_ref().take(LONGEST_COMMENT + END as u64).read_to_end(&mut tail)?;
        let is_end = |place: &usize| tail.len() - place >= END;
        let mut ends = memchr::memmem::rfind_iter(&tail, b"PK\x05\x06");
        let at = ends.find(is_end).ok_or_else(|| broken("it has no end: it was cut short"))?;
        let end = tail.get(at..).unwrap_or_default();
        let mut place = from + at as u64;
        let (mut size, mut offset) = (u64::from(u32_at(end, 12)?), u64::from(u32_at(end, 16)?));
        if let Some((own_place, own_size, own_offset)) = end64(file, place)? {
            (place, size, offset) = (own_place, own_size, own_offset);
        }
        if size > LONGEST_DIRECTORY {
            return Err(broken("its directory is too large"));
        }
        let start = place.checked_sub(size).ok_or_else(|| broken("its directory is larger than the archive"))?;
        let base = start.checked_sub(offset).ok_or_else(|| broken("its directory lies behind its end"))?;
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        file.by_ref().take(size).read_to_end(&mut bytes)?;
        Ok(Self { bytes, base })
    }

    /// Whether an archive ends where something else that is open ends, its first member in its place: other programs read
    /// it wherever it begins.
    pub(super) fn is_at_end_of(file: &mut (impl Read + Seek)) -> bool {
        let Ok(directory) = Self::read(file) else { return false };
        let first = directory.members().next();
        first.is_some_and(|member| member.and_then(|member| directory.open(file, &member)).is_ok())
    }

    /// Every member in order; an error ends them.
    pub(super) fn members(&self) -> impl Iterator<Item = io::Result<Member<'_>>> {
        let mut rest = self.bytes.as_slice();
        std::iter::from_fn(move || {
            if !rest.starts_with(b"PK\x01\x02") {
                // A signature may follow the members (4.3.13).
                let is_over = rest.is_empty() || rest.starts_with(b"PK\x05\x05");
                rest = &[];
                return (!is_over).then(|| Err(broken("its directory is damaged")));
            }
            let member = member(rest);
            rest = member.as_ref().map_or(&[], |(_, behind)| behind);
            Some(member.map(|(member, _)| member))
        })
    }

    /// Whether this is a document of an office program: an OPC package with the folder of one of them (ECMA-376), or an
    /// OpenDocument, whose first member says so.
    pub(super) fn is_office(&self) -> bool {
        let mut is_package = false;
        let mut is_of_program = false;
        for (number, member) in self.members().map_while(Result::ok).enumerate() {
            let name = member.name;
            is_package |= name == b"[Content_Types].xml";
            is_of_program |= [b"word/".as_slice(), b"xl/", b"ppt/"].iter().any(|folder| name.starts_with(folder));
            if number == 0 && name == b"mimetype" {
                return self.members().map_while(Result::ok).any(|member| member.name == b"content.xml");
            }
        }
        is_package && is_of_program
    }

    /// The content of a member, unpacked. Reading it to its end fails when it is not what the directory says.
    pub(super) fn open<'f, F: Read + Seek>(
        &self,
        file: &'f mut F,
        member: &Member<'_>,
    ) -> io::Result<Box<dyn Read + 'f>> {
        let start = self.base.checked_add(member.offset).ok_or_else(|| broken("a member lies behind the end"))?;
        file.seek(SeekFrom::Start(start))?;
        let mut header = Vec::new();
        file.by_ref().take(LOCAL_HEADER as u64).read_to_end(&mut header)?;
        if header.len() < LOCAL_HEADER || !header.starts_with(b"PK\x03\x04") {
            return Err(broken("it is not where the directory of the archive says"));
        }
        let skipped = i64::from(u16_at(&header, 26)?) + i64::from(u16_at(&header, 28)?);
        file.seek(SeekFrom::Current(skipped))?;
        let packed = file.take(member.packed);
        let unpacked: Box<dyn Read> = match member.method {
            8 => Box::new(DeflateDecoder::new(packed)),
            93 => Box::new(Zstd::new(packed)),
            _ => Box::new(packed),
        };
        Ok(Box::new(Checked { reader: CrcReader::new(unpacked), crc: member.crc }))
    }
}

/// Fails at the end when the check digits are wrong.
struct Checked<R> {
    reader: CrcReader<R>,
    crc: u32,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        if read == 0 && !buffer.is_empty() && self.reader.crc().sum() != self.crc {
            return Err(broken("it is damaged: its check digits are wrong"));
        }
        Ok(read)
    }
}

/// The zip64 end before an end: where it lies, and the size and the offset of the directory.
fn end64(file: &mut (impl Read + Seek), end: u64) -> io::Result<Option<(u64, u64, u64)>> {
    let Some(place) = end.checked_sub(LOCATOR) else { return Ok(None) };
    file.seek(SeekFrom::Start(place))?;
    let mut locator = Vec::new();
    file.by_ref().take(LOCATOR).read_to_end(&mut locator)?;
    if !locator.starts_with(b"PK\x06\x07") {
        return Ok(None);
    }
    // It lies right before its locator, or where that one says when something was written between.
    let places = [place.saturating_sub(END64 as u64), u64_at(&locator, 8)?];
    for place in places {
        file.seek(SeekFrom::Start(place))?;
        let mut end = Vec::new();
        file.by_ref().take(END64 as u64).read_to_end(&mut end)?;
        if end.len() == END64 && end.starts_with(b"PK\x06\x06") {
            return Ok(Some((place, u64_at(&end, 40)?, u64_at(&end, 48)?)));
        }
    }
    Err(broken("its zip64 end is missing"))
}

/// The first member of a directory, and what is behind it.
fn member(bytes: &[u8]) -> io::Result<(Member<'_>, &[u8])> {
    let lengths = [u16_at(bytes, 28)?, u16_at(bytes, 30)?, u16_at(bytes, 32)?].map(usize::from);
    let cut = || broken("its directory is cut short");
    let (name, rest) = bytes.get(HEADER..).and_then(|rest| rest.split_at_checked(lengths[0])).ok_or_else(cut)?;
    let (extra, rest) = rest.split_at_checked(lengths[1]).ok_or_else(cut)?;
    let behind = rest.get(lengths[2]..).ok_or_else(cut)?;
    let (packed, unpacked, offset) = (u32_at(bytes, 20)?, u32_at(bytes, 24)?, u32_at(bytes, 42)?);
    // Fields that do not fit stand in the zip64 field, in this order (4.5.3).
    let mut wide = zip64(extra).unwrap_or_default();
    let mut widened = |narrow: u32| {
        let taken = (narrow == u32::MAX).then(|| wide.split_first_chunk::<8>()).flatten();
        taken.map_or(u64::from(narrow), |(number, rest)| {
            wide = rest;
            u64::from_le_bytes(*number)
        })
    };
    let _ = widened(unpacked);
    let (packed, offset) = (widened(packed), widened(offset));
    let is_unix = bytes.get(5) == Some(&3);
    let is_link = is_unix && u32_at(bytes, 38)? >> 28 == 0o12;
    let is_encrypted = u16_at(bytes, 8)? & 1 != 0;
    let method = u16_at(bytes, 10)?;
    Ok((Member { name, is_encrypted, is_link, method, crc: u32_at(bytes, 16)?, packed, offset }, behind))
}

/// The zip64 field among extra fields.
fn zip64(mut extra: &[u8]) -> Option<&[u8]> {
    while let Some((head, rest)) = extra.split_first_chunk::<4>() {
        let length = usize::from(u16::from_le_bytes([head[2], head[3]]));
        let field = rest.get(..length)?;
        if head.starts_with(&[1, 0]) {
            return Some(field);
        }
        extra = rest.get(length..)?;
    }
    None
}

fn broken(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

fn array_at<const N: usize>(bytes: &[u8], place: usize) -> io::Result<[u8; N]> {
    let array = bytes.get(place..).and_then(|rest| rest.first_chunk::<N>()).copied();
    array.ok_or_else(|| broken("its directory is cut short"))
}

fn u16_at(bytes: &[u8], place: usize) -> io::Result<u16> {
    array_at(bytes, place).map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], place: usize) -> io::Result<u32> {
    array_at(bytes, place).map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], place: usize) -> io::Result<u64> {
    array_at(bytes, place).map(u64::from_le_bytes)
}
