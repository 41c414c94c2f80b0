//! The files of a shard: records, compressed, under a name made from their hash, and a manifest that is put in place last.
//! So a part never changes, doing it again is harmless, and a shard that was cut short has no manifest.

use std::io::{BufRead, BufReader};

use jiff::Timestamp;
use ruzstd::decoding::StreamingDecoder;
use ruzstd::encoding::{CompressionLevel, compress};
use serde::{Deserialize, Serialize};

use super::Shard;
use super::store::{PartError, Store};
use crate::collect::lines::Sorted;

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
    /// The fingerprint of a public text under the key of the shard: under another one no value can be recognised.
    #[serde(default)]
    pub key: String,
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

/// What a shard found.
pub struct Brought {
    /// The scan's point in time.
    pub now: Timestamp,
    /// The fingerprint of a public text under its key.
    pub key: String,
    /// Which shard.
    pub shard: Shard,
    /// Every target of every shard.
    pub planned: Vec<String>,
    /// The targets of this one.
    pub read: Vec<String>,
    /// Its records, one a line.
    pub lines: Sorted,
}

/// How many bytes of records a part holds, before they are packed. Several are written where there are more.
const PART: usize = 32 * 1024 * 1024;

/// Writes the files of a shard.
///
/// # Errors
/// When a file cannot be written; there is no manifest then.
pub fn write(store: &Store, brought: Brought) -> Result<(), PartError> {
    let stem = format!("shard-{:05}-of-{:05}", brought.shard.shard, brought.shard.of);
    let mut parts = Vec::new();
    let (mut text, mut records) = (String::new(), 0);
    for line in brought.lines {
        let line = line.map_err(|error| PartError::new(store.shown(&stem), error))?;
        if !text.is_empty() && text.len() + line.len() >= PART {
            parts.push(put(store, &stem, &text, records)?);
            text.clear();
            records = 0;
        }
        text.extend([line.as_str(), "\n"]);
        records += 1;
    }
    if !text.is_empty() {
        parts.push(put(store, &stem, &text, records)?);
    }
    let manifest = Manifest {
        form: FORM.to_owned(),
        now: brought.now,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        key: brought.key,
        shard: brought.shard,
        planned: brought.planned,
        read: brought.read,
        parts,
    };
    let name = format!("{stem}{ENDING}");
    let text = serde_json::to_string_pretty(&manifest).map_err(|error| PartError::new(store.shown(&name), error))?;
    store.put(&name, format!("{text}\n").as_bytes())
}

/// Writes one file of records.
fn put(store: &Store, stem: &str, text: &str, records: u64) -> Result<PartName, PartError> {
    let mut packed = Vec::new();
    compress(text.as_bytes(), &mut packed, CompressionLevel::Fastest);
    let blake3 = blake3::hash(&packed).to_hex().to_string();
    let file = format!("{stem}-{}.jsonl.zst", &blake3[..16]);
    store.put(&file, &packed)?;
    Ok(PartName { file, blake3, records })
}

/// Whether a file's name is that of a manifest.
pub fn is_manifest(name: &str) -> bool {
    name.ends_with(ENDING)
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// When it is none, or of a form that this version does not know.
    pub fn read(store: &Store, name: &str) -> Result<Self, PartError> {
        #[derive(Deserialize)]
        struct Peek {
            form: String,
            version: String,
        }
        let bytes = store.get(name)?;
        let wrong = |what: String| PartError::new(store.shown(name), what);
        let none = |error: serde_json::Error| wrong(format!("this is no manifest of a shard: {error}"));
        let peek: Peek = serde_json::from_slice(&bytes).map_err(none)?;
        if peek.form != FORM {
            let Peek { form, version } = peek;
            let told = format!("nonhuman {version} wrote it in the form '{form}' (expected {FORM}); collect it again");
            return Err(wrong(told));
        }
        serde_json::from_slice(&bytes).map_err(none)
    }

    /// The lines of its parts, which lie beside it.
    ///
    /// # Errors
    /// When one is not there, or not as it was written.
    pub fn lines(&self, store: &Store) -> Result<Vec<String>, PartError> {
        let mut lines = Vec::new();
        for part in &self.parts {
            // A name with a folder in it could lead anywhere.
            let name = part.file.rsplit(['/', '\\']).next().unwrap_or_default();
            let wrong = |what: &dyn std::fmt::Display| PartError::new(store.shown(name), what);
            let packed = store.get(name)?;
            if blake3::hash(&packed).to_hex().as_str() != part.blake3 {
                return Err(wrong(&"its content is not what the manifest says; collect this shard again"));
            }
            let unpacked = StreamingDecoder::new(packed.as_slice()).map_err(|error| wrong(&error))?;
            let before = lines.len() as u64;
            for line in BufReader::new(unpacked).lines() {
                lines.push(line.map_err(|error| wrong(&error))?);
            }
            if lines.len() as u64 - before != part.records {
                return Err(wrong(&"it holds another number of records than the manifest says"));
            }
        }
        Ok(lines)
    }
}
