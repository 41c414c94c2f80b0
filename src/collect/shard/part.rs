//! The files of a shard: records, compressed, under a name made from their hash, and a manifest that is put in place last.
//! So a part never changes, doing it again is harmless, and a shard that was cut short has no manifest.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use ruzstd::decoding::StreamingDecoder;
use ruzstd::encoding::{CompressionLevel, compress};
use serde::{Deserialize, Serialize};

use super::Shard;

/// The form of a manifest and of the records in its parts.
const FORM: &str = "nonhuman/shard/v1";

/// The ending of a manifest's name.
const ENDING: &str = ".shard.json";

/// What a shard brought, and what there was to bring.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Manifest {
    /// The form.
    pub form: String,
    /// The scan's point in time.
    pub now: Timestamp,
    /// The version of the program that wrote it.
    pub version: String,
    /// Which shard.
    #[serde(flatten)]
    pub shard: Shard,
    /// Every target of every shard.
    pub planned: Vec<String>,
    /// The targets of this one; what could not be read of them is in the coverage.
    pub read: Vec<String>,
    /// The files with its records.
    pub parts: Vec<PartName>,
}

/// A file with records.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PartName {
    /// Its name, beside the manifest.
    pub file: String,
    /// The BLAKE3 hash of the file.
    pub blake3: String,
    /// How many records it holds.
    pub records: u64,
}

/// Why a file of a shard cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {what}")]
pub struct PartError {
    /// The file.
    pub path: String,
    /// What is wrong with it, and what was expected.
    pub what: String,
}

impl PartError {
    fn new(path: &Path, what: impl ToString) -> Self {
        Self { path: path.display().to_string(), what: what.to_string() }
    }
}

/// What a shard found.
pub struct Brought<'a> {
    /// The scan's point in time.
    pub now: Timestamp,
    /// Which shard.
    pub shard: Shard,
    /// Every target of every shard.
    pub planned: Vec<String>,
    /// The targets of this one.
    pub read: Vec<String>,
    /// Its records, one a line, sorted.
    pub lines: &'a [String],
}

/// Writes the files of a shard into a folder.
///
/// # Errors
/// When a file cannot be written; there is no manifest then.
pub fn write(folder: &Path, brought: Brought<'_>) -> Result<PathBuf, PartError> {
    fs::create_dir_all(folder).map_err(|error| PartError::new(folder, error))?;
    let text: String = brought.lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
    let mut packed = Vec::new();
    compress(text.as_bytes(), &mut packed, CompressionLevel::Fastest);
    let hash = blake3::hash(&packed).to_hex().to_string();
    let stem = format!("shard-{:05}-of-{:05}", brought.shard.shard, brought.shard.of);
    let file = format!("{stem}-{}.jsonl.zst", &hash[..16]);
    place(&folder.join(&file), &packed)?;
    let manifest = Manifest {
        form: FORM.to_owned(),
        now: brought.now,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        shard: brought.shard,
        planned: brought.planned,
        read: brought.read,
        parts: vec![PartName { file, blake3: hash, records: brought.lines.len() as u64 }],
    };
    let path = folder.join(format!("{stem}{ENDING}"));
    let text = serde_json::to_string_pretty(&manifest).map_err(|error| PartError::new(&path, error))?;
    place(&path, format!("{text}\n").as_bytes())?;
    Ok(path)
}

/// Under another name first, so that nobody sees half of it.
fn place(path: &Path, bytes: &[u8]) -> Result<(), PartError> {
    let told = |error: io::Error| PartError::new(path, error);
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".nonhuman-").tempfile_in(folder).map_err(told)?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(told)?;
    file.persist(path).map_err(|error| told(error.error))?;
    Ok(())
}

/// Whether a file's name is that of a manifest.
pub fn is_manifest(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(ENDING))
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// When it is none, or of a form that this version does not know.
    pub fn read(path: &Path) -> Result<Self, PartError> {
        #[derive(Deserialize)]
        struct Peek {
            form: String,
            version: String,
        }
        let text = fs::read_to_string(path).map_err(|error| PartError::new(path, error))?;
        let none = |error: serde_json::Error| PartError::new(path, format!("this is no manifest of a shard: {error}"));
        let peek: Peek = serde_json::from_str(&text).map_err(none)?;
        if peek.form != FORM {
            let Peek { form, version } = peek;
            let what = format!("nonhuman {version} wrote it in the form '{form}' (expected {FORM}); collect it again");
            return Err(PartError::new(path, what));
        }
        serde_json::from_str(&text).map_err(none)
    }

    /// The lines of its parts, which lie in `folder`.
    ///
    /// # Errors
    /// When one is not there, or not as it was written.
    pub fn lines(&self, folder: &Path) -> Result<Vec<String>, PartError> {
        let mut lines = Vec::new();
        for part in &self.parts {
            // A name with a folder in it could lead anywhere.
            let path = folder.join(Path::new(&part.file).file_name().unwrap_or_default());
            let told = |error: &dyn std::fmt::Display| PartError::new(&path, error);
            let mut hasher = blake3::Hasher::new();
            let mut file = File::open(&path).map_err(|error| told(&error))?;
            io::copy(&mut file, &mut hasher).map_err(|error| told(&error))?;
            if hasher.finalize().to_hex().as_str() != part.blake3 {
                return Err(told(&"its content is not what the manifest says; collect this shard again"));
            }
            let file = File::open(&path).map_err(|error| told(&error))?;
            let unpacked = StreamingDecoder::new(BufReader::new(file)).map_err(|error| told(&error))?;
            let before = lines.len() as u64;
            for line in BufReader::new(unpacked).lines() {
                lines.push(line.map_err(|error| told(&error))?);
            }
            if lines.len() as u64 - before != part.records {
                return Err(told(&"it holds another number of records than the manifest says"));
            }
        }
        Ok(lines)
    }
}
