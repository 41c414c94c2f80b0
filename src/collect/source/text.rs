//! Opens files and reads them as bytes of UTF-8, whatever their encoding. Unpacks nothing.

use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Take};
use std::path::Path;

use super::kind::{self, Kind};

/// How much tells that a text without a byte order mark is none of UTF-16, in bytes.
const GLANCE: usize = 64;
/// How much must look like UTF-16 to be taken for it, when there is so much, in bytes.
const LOOK: usize = 4096;
/// How much is decoded at once, in bytes.
const CHUNK: usize = 64 * 1024;

/// How the text of a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    /// UTF-8 or something like it; taken as it is.
    Bytes,
    Utf16Little,
    Utf16Big,
    Utf32Little,
    Utf32Big,
}

impl Encoding {
    /// The encoding by its byte order mark, and the mark's length.
    fn of(head: &[u8]) -> (Self, usize) {
        match head {
            [0xff, 0xfe, 0, 0, rest @ ..] if are_characters(rest, u32::from_le_bytes) => (Self::Utf32Little, 4),
            [0, 0, 0xfe, 0xff, rest @ ..] if are_characters(rest, u32::from_be_bytes) => (Self::Utf32Big, 4),
            [0xff, 0xfe, ..] => (Self::Utf16Little, 2),
            [0xfe, 0xff, ..] => (Self::Utf16Big, 2),
            [0xef, 0xbb, 0xbf, ..] => (Self::Bytes, 3),
            _ => (Self::unmarked(head), 0),
        }
    }

    /// The encoding of a text without a mark: UTF-16 when all that is seen of it is Latin letters, each beside a zero byte.
    fn unmarked(head: &[u8]) -> Self {
        let (pairs, _) = head.get(..head.len().min(LOOK)).unwrap_or(head).as_chunks::<2>();
        let is_letter = |byte: u8| byte >= 0xa0 || byte.is_ascii_graphic() || byte.is_ascii_whitespace();
        match pairs {
            _ if pairs.len() < 8 => Self::Bytes,
            _ if pairs.iter().all(|[low, high]| *high == 0 && is_letter(*low)) => Self::Utf16Little,
            _ if pairs.iter().all(|[high, low]| *high == 0 && is_letter(*low)) => Self::Utf16Big,
            _ => Self::Bytes,
        }
    }
}

/// So many pairs of plain letters in a row are no UTF-16: a mark before a text of bytes must not hide what is in it.
const PLAIN: usize = 8;

/// Whether two bytes are two letters as people write them.
fn is_plain(pair: [u8; 2]) -> bool {
    pair.iter().all(|byte| byte.is_ascii_graphic() || b" \t\r\n".contains(byte))
}

/// Whether all that is seen behind a mark is characters of four bytes each. Two of UTF-16 hardly ever are one of those.
fn are_characters(bytes: &[u8], number: fn([u8; 4]) -> u32) -> bool {
    let (units, _) = bytes.get(..bytes.len().min(LOOK)).unwrap_or(bytes).as_chunks::<4>();
    units.iter().all(|unit| char::from_u32(number(*unit)).is_some())
}

/// The text of a whole file that is in memory, as UTF-8. Gives `None` for an archive, and when it is packed.
pub(super) fn whole(bytes: &[u8]) -> Option<Cow<'_, [u8]>> {
    if kind::of(bytes.get(..kind::HEAD).unwrap_or(bytes)) != Kind::Text {
        return None;
    }
    let (encoding, mark) = Encoding::of(bytes);
    let pending = bytes.get(mark..).unwrap_or_default();
    if encoding == Encoding::Bytes {
        return Some(Cow::Borrowed(pending));
    }
    let nothing: Box<dyn Read> = Box::new(io::empty());
    let mut text = Text {
        file: nothing.take(0),
        limit: 0,
        encoding,
        pending: pending.to_owned(),
        is_plain: false,
        expected: 0,
        failed: None,
    };
    let mut decoded = Vec::new();
    text.decode(&mut decoded, true);
    Some(Cow::Owned(decoded))
}

/// The text of a whole file that is in memory and needs nothing done to it: UTF-8 or something like it, with no archive in
/// it or behind it. `None` where that is not so, or not known.
pub(super) fn plain(bytes: &[u8]) -> Option<&[u8]> {
    let head = bytes.get(..kind::HEAD).unwrap_or(bytes);
    let (encoding, mark) = Encoding::of(bytes.get(..GLANCE).unwrap_or(bytes));
    let is_plain = encoding == Encoding::Bytes && !kind::is_stub(head) && kind::of(head) == Kind::Text;
    if is_plain { bytes.get(mark..) } else { None }
}

/// Something open that is read from front to back: a file, a member of an archive, a blob of git.
pub(super) struct Text<'a> {
    file: Take<Box<dyn Read + 'a>>,
    limit: u64,
    encoding: Encoding,
    /// Bytes that were read and not yet given on.
    pending: Vec<u8>,
    /// What was given on last was no UTF-16, whatever the mark says.
    is_plain: bool,
    /// How many bytes there seem to be; memory is made ready for them at once.
    expected: usize,
    /// Why reading ended when the beginning was looked at; told when what came before it was given on.
    failed: Option<io::Error>,
}

impl<'a> Text<'a> {
    /// Reads at most `limit` bytes from something open, as text whatever it begins with.
    pub(super) fn new(reader: Box<dyn Read + 'a>, limit: u64) -> io::Result<Self> {
        let mut file = reader.take(limit);
        let mut head = Vec::new();
        let mut read = file.by_ref().take(GLANCE as u64).read_to_end(&mut head);
        if read.is_ok() && Encoding::unmarked(&head) != Encoding::Bytes {
            read = file.by_ref().take((LOOK - GLANCE) as u64).read_to_end(&mut head);
        }
        let failed = match read {
            Err(error) if head.is_empty() => return Err(error),
            read => read.err(),
        };
        let (encoding, mark) = Encoding::of(&head);
        head.drain(..mark);
        Ok(Self { file, limit, encoding, pending: head, is_plain: false, expected: 0, failed })
    }

    /// Says how many bytes there seem to be.
    pub(super) fn expecting(mut self, bytes: u64) -> Self {
        self.expected = usize::try_from(bytes).unwrap_or(usize::MAX);
        self
    }

    /// Appends to a window until it has `length` bytes, or a few more. Returns whether this was the end.
    pub(super) fn fill(&mut self, window: &mut Vec<u8>, length: usize) -> io::Result<bool> {
        if let Some(error) = self.failed.take() {
            match self.encoding {
                Encoding::Bytes => window.append(&mut self.pending),
                _ => self.decode(window, true),
            }
            return Err(error);
        }
        if self.encoding == Encoding::Bytes {
            // A little more, so that the end is seen without another piece of memory.
            window.reserve(self.expected.min(length.saturating_sub(window.len())).saturating_add(64));
            window.append(&mut self.pending);
            let room = length.saturating_sub(window.len()) as u64;
            return Ok((self.file.by_ref().take(room).read_to_end(window)? as u64) < room);
        }
        while window.len() < length {
            // Two bytes become three at most, and four are the longest character.
            let room = ((length - window.len()) / 3 * 2).clamp(4, CHUNK) as u64;
            let new = self.file.by_ref().take(room).read_to_end(&mut self.pending)? as u64;
            let is_end = new < room;
            self.decode(window, is_end);
            if is_end {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Moves what is pending into the window; half a character waits for its other half.
    fn decode(&mut self, window: &mut Vec<u8>, is_end: bool) {
        match self.encoding {
            Encoding::Utf32Little => return self.decode_long(window, u32::from_le_bytes),
            Encoding::Utf32Big => return self.decode_long(window, u32::from_be_bytes),
            Encoding::Bytes | Encoding::Utf16Little | Encoding::Utf16Big => {}
        }
        let unit = |pair: &[u8; 2]| match self.encoding {
            Encoding::Utf16Big => u16::from_be_bytes(*pair),
            _ => u16::from_le_bytes(*pair),
        };
        let (pairs, _) = self.pending.as_chunks::<2>();
        let waits = pairs.last().is_some_and(|pair| (0xd800..0xdc00).contains(&unit(pair))) && !is_end;
        let whole = &pairs[..pairs.len() - usize::from(waits)];
        let mut rest = whole;
        while !rest.is_empty() {
            let plain = rest.iter().take_while(|pair| is_plain(**pair)).count();
            if plain >= PLAIN || plain > 0 && self.is_plain {
                rest[..plain].iter().for_each(|pair| window.extend_from_slice(pair));
                self.is_plain = true;
                rest = &rest[plain..];
                continue;
            }
            if plain == rest.len() && !is_end {
                break;
            }
            // What is too short to be plain goes with what comes behind it.
            let other = rest[plain..].iter().take_while(|pair| !is_plain(**pair)).count();
            for character in char::decode_utf16(rest[..plain + other].iter().map(unit)) {
                let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
                window.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            self.is_plain = false;
            rest = &rest[plain + other..];
        }
        let done = (whole.len() - rest.len()) * 2;
        self.pending.drain(..done);
        if is_end && self.is_plain {
            window.append(&mut self.pending);
        }
    }

    /// As [`Self::decode`], of characters of four bytes.
    fn decode_long(&mut self, window: &mut Vec<u8>, number: fn([u8; 4]) -> u32) {
        let (units, _) = self.pending.as_chunks::<4>();
        for unit in units {
            match char::from_u32(number(*unit)) {
                Some(character) => window.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
                None => window.extend_from_slice(unit),
            }
        }
        let done = units.len() * 4;
        self.pending.drain(..done);
    }

    /// How many bytes of the file were read.
    pub(super) fn bytes_read(&self) -> u64 {
        self.limit - self.file.limit()
    }

    /// Whether the file goes on behind the limit.
    pub(super) fn is_cut_short(&mut self) -> io::Result<bool> {
        Ok(self.file.limit() == 0 && self.file.get_mut().read(&mut [0; 1])? > 0)
    }
}

/// Opens a regular file and nothing else: a file that was swapped for a link, a pipe or a device since the folder was
/// listed is an error, and is neither followed nor waited for.
pub(super) fn open(path: &Path) -> io::Result<File> {
    open_sized(path).map(|(file, _)| file)
}

/// `O_NOFOLLOW` of <asm/fcntl.h> and <asm-generic/fcntl.h>: a link is not opened, but an error.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
const NOT_LINKS: i32 = 0o400_000;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
const NOT_LINKS: i32 = 0o100_000;

/// What a link that stands in the place of a file is told as.
fn told(error: io::Error) -> io::Error {
    /// `ELOOP` of <asm-generic/errno.h>.
    const IS_LINK: i32 = 40;
    let is_link = cfg!(target_os = "linux") && error.raw_os_error() == Some(IS_LINK);
    if is_link { io::Error::other("it changed while it was read") } else { error }
}

/// As [`open`], with the size that the file had then, in bytes.
pub(super) fn open_sized(path: &Path) -> io::Result<(File, u64)> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        use std::os::unix::fs::OpenOptionsExt;
        /// `O_NONBLOCK` of <asm-generic/fcntl.h>: opening a pipe does not wait for a writer. Regular files ignore it.
        const NONBLOCKING: i32 = 0o4000;
        options.custom_flags(NONBLOCKING | NOT_LINKS);
    }
    let file = options.open(path).map_err(told)?;
    let opened = file.metadata()?;
    if !opened.is_file() {
        return Err(io::Error::other("it is not a regular file any more"));
    }
    // Elsewhere the system is asked a second time.
    #[cfg(all(unix, not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))))]
    {
        use std::os::unix::fs::MetadataExt;
        let named = path.symlink_metadata()?;
        if (named.dev(), named.ino()) != (opened.dev(), opened.ino()) {
            return Err(io::Error::other("it changed while it was read"));
        }
    }
    Ok((file, opened.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a file of these bytes in steps of a length.
    fn read(bytes: &[u8], step: usize) -> String {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), bytes).expect("room");
        let opened = Box::new(open(file.path()).expect("it opens"));
        let mut text = Text::new(opened, u64::MAX).expect("it is readable");
        let mut window = Vec::new();
        loop {
            let length = window.len() + step;
            if text.fill(&mut window, length).expect("it is readable") {
                break;
            }
        }
        String::from_utf8_lossy(&window).into_owned()
    }

    #[test]
    fn both_orders_of_utf16_are_decoded_whatever_the_step() {
        let expected = "é1\n𝒳\u{fffd}z";
        let units = [0xe9, 0x31, 0x0a, 0xd835, 0xdcb3, 0xdc00, 0x7a];
        let little: Vec<u8> = [0xfeff_u16].iter().chain(&units).flat_map(|unit| unit.to_le_bytes()).collect();
        let big: Vec<u8> = [0xfeff_u16].iter().chain(&units).flat_map(|unit| unit.to_be_bytes()).collect();
        for step in [1, 2, 3, 5, 100] {
            assert_eq!(read(&little, step), expected, "{step}");
            assert_eq!(read(&big, step), expected, "{step}");
        }
        assert_eq!(read(b"\xff\xfea\0\x35\xd8", 10), "a\u{fffd}", "an end in the middle");
        let words = "no mark, but plain words\n".repeat(300);
        let little: Vec<u8> = words.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = words.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!((read(&little, 100), read(&big, 100)), (words.clone(), words));
        let mixed = [&little[..200], b"and then something else"].concat();
        assert_eq!(read(&mixed, 100).as_bytes(), mixed, "what goes on otherwise is taken as it is");
        assert_eq!(read(b"\xef\xbb\xbfa\0b", 1), "a\0b");
    }

    #[test]
    fn a_mark_before_plain_text_hides_nothing() {
        let text = "API_TOKEN=not-a-token-but-long-enough\nand=more\n";
        for mark in [b"\xff\xfe".as_slice(), b"\xfe\xff", b"\xff\xfe\0\0", b"\xff\xfe\n\n", b"\0\0\xfe\xff\0\0\0a"] {
            for (step, odd) in [(1, ""), (3, "x"), (100, "")] {
                let told = read(&[mark, text.as_bytes(), odd.as_bytes()].concat(), step);
                assert!(told.contains(text.trim_end()), "{mark:?} {step}: {told:?}");
            }
        }
        // What begins as UTF-16 and goes on as bytes.
        let wide: Vec<u8> =
            "\u{feff}# a comment in Windows' own form\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(read(&[&wide, text.as_bytes()].concat(), 7).contains(text));
    }

    #[test]
    fn both_orders_of_utf32_are_decoded_whatever_the_step() {
        let expected = "é1\n𝒳z and so on";
        let units = || std::iter::once('\u{feff}').chain(expected.chars()).map(u32::from);
        let little: Vec<u8> = units().flat_map(u32::to_le_bytes).collect();
        let big: Vec<u8> = units().flat_map(u32::to_be_bytes).collect();
        for step in [1, 3, 5, 100] {
            assert_eq!((read(&little, step).as_str(), read(&big, step).as_str()), (expected, expected), "{step}");
        }
        assert_eq!(read(b"\xff\xfe\0\0a\0b\0c\0", 10), "\0abc", "UTF-16 that begins with a zero");
        assert_eq!(whole(&little).expect("text").as_ref(), expected.as_bytes());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_swapped_for_a_link_or_a_pipe_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, link, pipe) = (folder.path().join("file"), folder.path().join("link"), folder.path().join("pipe"));
        std::fs::write(&file, "x").expect("room");
        std::os::unix::fs::symlink(&file, &link).expect("a link");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo");
        assert!(made.success() && open(&file).is_ok());
        assert_eq!(open(&link).expect_err("a link").to_string(), "it changed while it was read");
        assert_eq!(open(&pipe).expect_err("a pipe").to_string(), "it is not a regular file any more");
    }
}
