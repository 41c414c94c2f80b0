//! Opens archives and has what lies in them scanned: zip, tar, gzip and Zstandard, in one another. Writes nothing to
//! disk, and follows no name or link in an archive.
//!
//! What is read is bounded by a depth, a number of members, a size and a share of the packed size. Where a limit is hit
//! or an archive is damaged, what was read before counts, and the rest is a hole in the coverage.

mod budget;
mod opened;
mod tar;
mod zip;
mod zstd;

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read, Seek};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::file::{Ended, FileScanner};
use super::kind::{Archive, Kind};
use super::name;
use super::small::Small;
use super::tally::{ARCHIVES, Tally};
use super::text::{self, Text};
use crate::model::{Exposure, Outcome};
use budget::{Budget, Metered};

pub(super) use opened::Opened;
pub(super) use tar::is_tar;

/// How many archives may lie in one another.
const DEEPEST: usize = 3;
/// The largest zip archive that is read within another archive, in bytes: its directory is at its end, so all of it is
/// kept in memory.
const LARGEST_INNER: u64 = 64 * 1024 * 1024;
/// How many members of an archive that cannot be read are named.
const NAMED: u64 = 20;
/// What the user can do about a limit, and about damage.
const UNPACK: &str = "unpack it and scan what it holds";
const REPLACE: &str = "unpack it with its own program and scan that, or scan without it";

/// Scans a file, and where it is an archive everything in it. Calls `emit` for each exposure until it returns `false`.
pub(super) fn scan(
    scanner: &FileScanner<'_>,
    path: &Path,
    tally: &Tally,
    emit: impl FnMut(Exposure) -> bool,
) -> io::Result<Ended> {
    let (mut file, packed) = text::open_sized(path)?;
    let is_wanted = packed <= scanner.options.max_file_size;
    let Some(small) = is_wanted.then(|| Small::read(&mut file, packed)).transpose()?.flatten() else {
        return scan_seekable(scanner, file, packed, path, tally, emit);
    };
    match text::plain(small.bytes()) {
        Some(text) => scanner.scan_plain(text, path, emit),
        None => return scan_bytes(scanner, small.bytes(), path, tally, emit),
    }
    Ok(Ended::Read(packed))
}

/// As [`scan`], for a file that is in memory.
pub(super) fn scan_bytes(
    scanner: &FileScanner<'_>,
    bytes: &[u8],
    path: &Path,
    tally: &Tally,
    emit: impl FnMut(Exposure) -> bool,
) -> io::Result<Ended> {
    scan_seekable(scanner, Cursor::new(bytes), bytes.len() as u64, path, tally, emit)
}

fn scan_seekable(
    scanner: &FileScanner<'_>,
    mut file: impl Read + Seek,
    packed: u64,
    path: &Path,
    tally: &Tally,
    mut emit: impl FnMut(Exposure) -> bool,
) -> io::Result<Ended> {
    let opened = Opened::new(&mut file)?;
    let kind = opened.kind;
    if kind == Kind::Text && opened.is_stub && packed > 0 {
        drop(opened);
        let is_before_zip = zip::Directory::is_at_end_of(&mut file);
        file.rewind()?;
        let mut goes_on = true;
        let told = |exposure| {
            goes_on = emit(exposure);
            goes_on
        };
        // All of it is a text, too: what stands before an archive must not be hidden by it.
        let ended = scan_open(scanner, Opened::new(&mut file)?, packed, path, tally, told)?;
        if is_before_zip && goes_on {
            unpack(scanner, &mut file, packed, path, tally, &mut emit);
        }
        return Ok(ended);
    }
    if kind != Kind::Archive(Archive::Zip) || !scanner.options.archives {
        return scan_open(scanner, opened, packed, path, tally, emit);
    }
    drop(opened);
    unpack(scanner, &mut file, packed, path, tally, &mut emit);
    Ok(Ended::Unpacked)
}

/// Scans what lies in a zip archive, unless archives stay closed.
fn unpack(
    scanner: &FileScanner<'_>,
    file: &mut (impl Read + Seek),
    packed: u64,
    path: &Path,
    tally: &Tally,
    emit: &mut dyn FnMut(Exposure) -> bool,
) {
    if !scanner.options.archives {
        return tally.packed(ARCHIVES, named(scanner));
    }
    let budget = Budget::of(packed);
    let mut unpacker = Unpacker { scanner, path, tally, budget: &budget, emit, goes_on: true, broken: 0 };
    unpacker.whole(|unpacker, place| unpacker.zip(place, file));
}

/// As [`scan`], for something that is open and has so many bytes.
pub(super) fn scan_open(
    scanner: &FileScanner<'_>,
    opened: Opened<'_>,
    packed: u64,
    path: &Path,
    tally: &Tally,
    mut emit: impl FnMut(Exposure) -> bool,
) -> io::Result<Ended> {
    let Opened { kind, reader, .. } = opened;
    match kind {
        Kind::Text => {
            scanner.scan_text(Text::new(reader, scanner.options.max_file_size)?.expecting(packed), path, emit)
        }
        Kind::Archive(archive) if scanner.options.archives => {
            let budget = Budget::of(packed);
            let mut unpacker =
                Unpacker { scanner, path, tally, budget: &budget, emit: &mut emit, goes_on: true, broken: 0 };
            unpacker.whole(|unpacker, place| unpacker.stream(place, archive, reader));
            Ok(Ended::Unpacked)
        }
        Kind::Archive(_) => {
            tally.packed(ARCHIVES, named(scanner));
            Ok(Ended::Unpacked)
        }
        Kind::Packed(what) => {
            tally.packed(what, named(scanner));
            Ok(Ended::Unpacked)
        }
    }
}

/// The name of a scanner's file in the coverage; that of a root is the one the user gave.
fn named(scanner: &FileScanner<'_>) -> String {
    if scanner.relative.is_empty() { scanner.root.shown.clone() } else { scanner.relative.to_owned() }
}

/// An archive on its way, with all that lie in it.
struct Unpacker<'a> {
    scanner: &'a FileScanner<'a>,
    path: &'a Path,
    tally: &'a Tally,
    budget: &'a Budget,
    emit: &'a mut dyn FnMut(Exposure) -> bool,
    /// Whether exposures are still wanted.
    goes_on: bool,
    /// How many members were not read to their end.
    broken: u64,
}

/// An archive, or something in one.
struct Place<'a> {
    /// The name below the root.
    name: &'a str,
    /// How many archives it lies in, or itself makes.
    depth: usize,
}

impl Unpacker<'_> {
    /// The archive that is the file itself.
    fn whole(&mut self, read: impl FnOnce(&mut Self, &Place<'_>) -> io::Result<()>) {
        let place = Place { name: self.scanner.relative, depth: 1 };
        self.tally.archives.add(1);
        let done = read(self, &place);
        self.ended(&place, done);
        self.tally.unpacked.add(self.budget.used());
        if let Some(more @ 1..) = self.broken.checked_sub(NAMED) {
            let why = format!("{more} more of its members were not read to their end");
            self.tally.hole_with(self.named(place.name), Outcome::Failed, why, REPLACE);
        }
    }

    /// Notes a member that was not read to its end; of very many the first are named.
    fn hole(&mut self, name: &str, outcome: Outcome, detail: impl ToString, remedy: &'static str) {
        self.broken += 1;
        if self.broken <= NAMED {
            self.tally.hole_with(self.named(name), outcome, detail, remedy);
        }
    }

    /// Notes how reading an archive ended.
    fn ended(&mut self, place: &Place<'_>, done: io::Result<()>) {
        let Err(error) = done else { return };
        match self.budget.limit() {
            Some(limit) => self.tally.hole_with(self.named(place.name), Outcome::Partial, limit, UNPACK),
            None => self.hole(place.name, Outcome::Failed, error, REPLACE),
        }
    }

    fn named<'n>(&'n self, name: &'n str) -> &'n str {
        if name.is_empty() { &self.scanner.root.shown } else { name }
    }

    /// Whether there is reason to go on: exposures are wanted, and no limit was hit.
    fn is_open(&self) -> bool {
        self.goes_on && self.budget.limit().is_none()
    }

    /// Everything in an archive that is read from front to back.
    fn stream(&mut self, place: &Place<'_>, archive: Archive, reader: Box<dyn Read + '_>) -> io::Result<()> {
        match archive {
            Archive::Tar => self.tar(place, reader),
            Archive::Gzip => self.only_member(place, MultiGzDecoder::new(reader)),
            Archive::Zstd => self.only_member(place, zstd::Zstd::new(reader)),
            Archive::Zip => self.inner_zip(place, reader),
        }
    }

    /// What was packed alone has the archive's name without its ending. A packed tar archive is one archive.
    fn only_member(&mut self, place: &Place<'_>, unpacked: impl Read) -> io::Result<()> {
        let opened = Opened::new(Metered::new(unpacked, self.budget))?;
        if opened.kind == Kind::Archive(Archive::Tar) {
            return self.tar(place, opened.reader);
        }
        let last = place.name.rsplit(['/', '!']).next().unwrap_or_default();
        let inner = last.rsplit_once('.').map_or(last, |(stem, _)| stem);
        let inner = if inner.is_empty() { "content" } else { inner };
        self.member(&format!("{}!/{inner}", place.name), place.depth, opened)
    }

    fn tar(&mut self, place: &Place<'_>, reader: Box<dyn Read + '_>) -> io::Result<()> {
        let mut tar = tar::Tar::new(Metered::new(reader, self.budget));
        let mut names = Names::default();
        while let Some(member) = tar.next()? {
            match member.kind {
                tar::Kind::Folder => {}
                tar::Kind::Link => self.tally.links.add(1),
                tar::Kind::Special => self.tally.special.add(1),
                tar::Kind::File => {
                    self.budget.count_member()?;
                    let inner = names.below(place.name, &member.name);
                    self.member(&inner, place.depth, Opened::new(&mut tar)?)?;
                }
            }
            if !self.is_open() {
                break;
            }
        }
        Ok(())
    }

    /// A zip archive in another archive.
    fn inner_zip(&mut self, place: &Place<'_>, reader: Box<dyn Read + '_>) -> io::Result<()> {
        let mut bytes = Vec::new();
        reader.take(LARGEST_INNER + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LARGEST_INNER {
            let why = format!("larger than {LARGEST_INNER} bytes within another archive; it was not read");
            self.hole(place.name, Outcome::Partial, why, UNPACK);
            return Ok(());
        }
        self.zip(place, &mut Cursor::new(bytes))
    }

    fn zip(&mut self, place: &Place<'_>, file: &mut (impl Read + Seek)) -> io::Result<()> {
        let directory = zip::Directory::read(file)?;
        if directory.is_office() {
            self.tally.packed("office documents", self.named(place.name).to_owned());
            return Ok(());
        }
        let mut names = Names::default();
        for member in directory.members() {
            let member = member?;
            self.budget.count_member()?;
            if member.is_folder() {
                continue;
            }
            let inner = names.below(place.name, member.name);
            if member.is_link {
                self.tally.links.add(1);
            } else if member.is_encrypted {
                self.tally.packed("encrypted members of archives", inner);
            } else if !member.is_readable() {
                self.tally.packed("members of archives with other methods", inner);
            } else {
                // One damaged member says nothing of the others.
                let read = directory.open(file, &member).and_then(|unpacked| {
                    self.member(&inner, place.depth, Opened::new(Metered::new(unpacked, self.budget))?)
                });
                if let Err(error) = read {
                    if self.budget.limit().is_some() {
                        return Err(error);
                    }
                    self.hole(&inner, Outcome::Failed, error, REPLACE);
                }
            }
            if !self.is_open() {
                break;
            }
        }
        Ok(())
    }

    /// A member of an archive. An archive in it that is damaged is its own hole.
    fn member(&mut self, name: &str, depth: usize, member: Opened<'_>) -> io::Result<()> {
        let Opened { kind, reader, .. } = member;
        match kind {
            Kind::Text => self.text(name, reader),
            Kind::Packed(what) => {
                self.tally.packed(what, name.to_owned());
                Ok(())
            }
            Kind::Archive(_) if depth >= DEEPEST => {
                let why = format!("the {DEEPEST} archives that it lies in are the most that are opened");
                self.hole(name, Outcome::Partial, why, UNPACK);
                Ok(())
            }
            Kind::Archive(archive) => {
                let place = Place { name, depth: depth + 1 };
                self.tally.archives.add(1);
                let done = self.stream(&place, archive, reader);
                if self.budget.limit().is_some() {
                    return done;
                }
                self.ended(&place, done);
                Ok(())
            }
        }
    }

    fn text(&mut self, name: &str, reader: Box<dyn Read + '_>) -> io::Result<()> {
        let text = Text::new(reader, self.scanner.options.max_file_size)?;
        let scanner = FileScanner { relative: name, ..*self.scanner };
        let (emit, goes_on) = (&mut *self.emit, &mut self.goes_on);
        let ended = scanner.scan_text(text, self.path, |exposure| {
            *goes_on = emit(exposure);
            *goes_on
        })?;
        let (Ended::Read(bytes) | Ended::CutShort(bytes)) = ended else { return Ok(()) };
        self.tally.members.add(1);
        self.tally.bytes.add(bytes);
        if ended == Ended::CutShort(bytes) {
            let why = format!("larger than {bytes} bytes; the rest was not read");
            self.hole(name, Outcome::Partial, why, "raise --max-file-size");
        }
        Ok(())
    }
}

/// The names of an archive's members, which need not be different: how often each was met, by a digest of it, since
/// they may be many and long.
#[derive(Default)]
struct Names(BTreeMap<u64, u64>);

impl Names {
    /// The name of a member below the root, different from those before.
    fn below(&mut self, archive: &str, member: &[u8]) -> String {
        let plain = format!("{archive}!/{}", name::of_member(member));
        let met = self.0.entry(digest(&plain)).or_default();
        *met += 1;
        let mut count = *met;
        if count == 1 {
            return plain;
        }
        let numbered = |count| format!("{plain} ({count})");
        while self.0.contains_key(&digest(&numbered(count))) {
            count += 1;
        }
        self.0.insert(digest(&plain), count);
        self.0.insert(digest(&numbered(count)), 1);
        numbered(count)
    }
}

fn digest(name: &str) -> u64 {
    let hash = blake3::hash(name.as_bytes());
    hash.as_bytes().first_chunk::<8>().copied().map(u64::from_le_bytes).unwrap_or_default()
}
