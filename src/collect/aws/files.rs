//! Finds and opens export files, with limits. It must not follow links found on the way or know what is in a file.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// Files above this are not read: the export of an account of 5,000 roles is a seventh of it.
pub(super) const MAX_BYTES: u64 = 128 << 20;

/// More files than this in one directory tree are not an export.
const MAX_FILES: usize = 20_000;

/// How deep directories are entered.
const MAX_DEPTH: usize = 16;

/// The paths of one target.
#[derive(Clone, Debug, Default)]
pub(super) struct Batch {
    /// Files that were named, or paths that do not exist.
    pub(super) files: Vec<PathBuf>,
    /// Directories to walk.
    pub(super) directories: Vec<PathBuf>,
}

/// A file to read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    /// Where it is.
    pub(super) path: PathBuf,
    /// Whether it was named itself, so that it must be an export.
    pub(super) named: bool,
}

impl Found {
    /// The path for messages and evidence, with `/` between its parts.
    pub(super) fn shown(&self) -> String {
        shown(&self.path)
    }

    /// The directory it lies in.
    pub(super) fn directory(&self) -> PathBuf {
        self.path.parent().map(Path::to_path_buf).unwrap_or_default()
    }
}

/// A path with `/` between its parts.
pub(super) fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' { text.into_owned() } else { text.replace(std::path::MAIN_SEPARATOR, "/") }
}

impl Batch {
    /// The files, sorted by path, and what kept some from being found.
    pub(super) fn files(&self) -> (Vec<Found>, Vec<String>) {
        let mut found: Vec<Found> = self.files.iter().map(|path| Found { path: path.clone(), named: true }).collect();
        let mut faults = Vec::new();
        for directory in &self.directories {
            walk(directory, &mut found, &mut faults);
        }
        // A named file comes before the same file found by a walk.
        found.sort_by(|a, b| (&a.path, !a.named).cmp(&(&b.path, !b.named)));
        found.dedup_by(|later, earlier| later.path == earlier.path);
        (found, faults)
    }
}

fn walk(directory: &Path, found: &mut Vec<Found>, faults: &mut Vec<String>) {
    let start = found.len();
    for entry in WalkDir::new(directory).max_depth(MAX_DEPTH).sort_by_file_name() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let place = error.path().map_or_else(|| shown(directory), shown);
                let why = error.io_error().map_or_else(|| "a loop of links".to_owned(), ToString::to_string);
                faults.push(format!("{place}: {why}"));
                continue;
            }
        };
        let ending = entry.path().extension().map(|ending| ending.to_ascii_lowercase());
        let wanted = ending.is_some_and(|ending| ending == "json" || ending == "csv");
        if !wanted || !entry.file_type().is_file() {
            continue;
        }
        if found.len() - start >= MAX_FILES {
            faults.push(format!("{}: more than {MAX_FILES} files; the rest was not read", shown(directory)));
            return;
        }
        found.push(Found { path: entry.into_path(), named: false });
    }
}

/// The bytes of a file as UTF-8, without a byte order mark.
///
/// # Errors
/// Says why it cannot be read, such as that it has more than `limit` bytes.
pub(super) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, String> {
    let is_file = std::fs::metadata(path).map_err(|error| error.to_string())?.is_file();
    if !is_file {
        return Err("not a regular file".to_owned());
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > limit {
        return Err(format!("larger than the limit of {limit} bytes"));
    }
    Ok(to_utf8(bytes))
}

/// Strips a byte order mark, and turns the UTF-16 that PowerShell's `>` writes into UTF-8.
fn to_utf8(bytes: Vec<u8>) -> Vec<u8> {
    let wide = |join: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).skip(1).filter_map(|pair| <[u8; 2]>::try_from(pair).ok()).map(join);
        char::decode_utf16(units)
            .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect::<String>()
            .into_bytes()
    };
    match bytes.as_slice() {
        [0xff, 0xfe, ..] => wide(u16::from_le_bytes),
        [0xfe, 0xff, ..] => wide(u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => rest.to_vec(),
        _ => bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::to_utf8;

    #[test]
    fn powershell_redirection_is_read() {
        let wide: Vec<u8> = "\u{feff}{\"é\"".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(to_utf8(wide), "{\"é\"".as_bytes());
        assert_eq!(to_utf8(b"\xef\xbb\xbf{}".to_vec()), b"{}");
        assert_eq!(to_utf8(b"{}".to_vec()), b"{}");
    }
}
