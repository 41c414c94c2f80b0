//! Where the files of shards lie: a folder, or a bucket of an object store. It must not know what is in them, and never
//! shows half a file: in a folder each is written under another name first; a bucket shows an object whole or not at all.

#[cfg(feature = "aws")]
mod azure;
#[cfg(feature = "aws")]
mod bucket;
#[cfg(feature = "aws")]
mod google;
#[cfg(feature = "aws")]
mod listing;
#[cfg(feature = "aws")]
mod s3;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Looks up a variable of the environment, which only `config` reads.
pub type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Why a file of a shard cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{path}: {what}")]
pub struct PartError {
    /// The file.
    pub path: String,
    /// What is wrong with it, and what was expected.
    pub what: String,
    /// Whether it may go well another time: a server that did not answer, a disk that was full.
    pub may_pass: bool,
}

impl PartError {
    /// A fault that stays.
    pub(super) fn new(path: impl Into<String>, what: impl ToString) -> Self {
        Self { path: path.into(), what: what.to_string(), may_pass: false }
    }

    fn of_system(path: &Path, error: &io::Error) -> Self {
        let may_pass = !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied);
        Self { path: path.display().to_string(), what: error.to_string(), may_pass }
    }
}

/// A folder or a bucket.
pub enum Store {
    /// A folder.
    Folder(PathBuf),
    /// A bucket, or what begins with a name in it.
    #[cfg(feature = "aws")]
    Bucket(Box<bucket::Bucket>),
}

impl Store {
    /// A folder by its path or `file:` URL, or a bucket: `s3://bucket/prefix`, `gs://bucket/prefix`, `az://container/prefix`.
    ///
    /// # Errors
    /// When it is neither, or a bucket and this build or the environment lacks what it needs.
    pub fn open(text: &str, variables: Variables<'_>) -> Result<Self, PartError> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return Ok(Self::Folder(PathBuf::from(text.strip_prefix("file:").unwrap_or(text))));
        };
        match scheme {
            "file" => Ok(Self::Folder(PathBuf::from(rest))),
            "s3" | "gs" | "az" => bucket(scheme, rest, variables),
            _ => Err(PartError::new(text, "expected a folder, file:, s3://, gs:// or az://")),
        }
    }

    /// Makes sure that files can be put here, so that a wrong name or a lost network costs no hour of reading.
    ///
    /// # Errors
    /// When the folder cannot be made or the bucket does not answer.
    pub fn prepare(&self) -> Result<(), PartError> {
        match self {
            Self::Folder(folder) => {
                let told = |error: io::Error| PartError::of_system(folder, &error);
                fs::create_dir_all(folder).map_err(told)?;
                tempfile::Builder::new().prefix(".nonhuman-").tempfile_in(folder).map(drop).map_err(told)
            }
            #[cfg(feature = "aws")]
            Self::Bucket(bucket) => bucket.prepare(),
        }
    }

    /// Puts a file in place, over one of the same name.
    ///
    /// # Errors
    /// When it cannot be written; what was there before is there still.
    pub fn put(&self, name: &str, bytes: &[u8]) -> Result<(), PartError> {
        match self {
            Self::Folder(folder) => place(folder, name, bytes),
            #[cfg(feature = "aws")]
            Self::Bucket(bucket) => bucket.put(name, bytes),
        }
    }

    /// A file's content.
    ///
    /// # Errors
    /// When it is not there or cannot be read.
    pub fn get(&self, name: &str) -> Result<Vec<u8>, PartError> {
        match self {
            Self::Folder(folder) => {
                let path = folder.join(name);
                fs::read(&path).map_err(|error| PartError::of_system(&path, &error))
            }
            #[cfg(feature = "aws")]
            Self::Bucket(bucket) => bucket.get(name),
        }
    }

    /// The names of the files that lie in it, in order; not of those in folders below it.
    ///
    /// # Errors
    /// When it cannot be listed.
    pub fn list(&self) -> Result<Vec<String>, PartError> {
        let mut names = match self {
            Self::Folder(folder) => {
                let told = |error: io::Error| PartError::of_system(folder, &error);
                let entries = fs::read_dir(folder).map_err(told)?;
                let names = entries.map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()));
                names.collect::<Result<Vec<_>, _>>().map_err(told)?
            }
            #[cfg(feature = "aws")]
            Self::Bucket(bucket) => bucket.list()?,
        };
        names.sort();
        Ok(names)
    }

    /// How messages call a file in it.
    pub fn shown(&self, name: &str) -> String {
        match self {
            Self::Folder(folder) => folder.join(name).display().to_string(),
            #[cfg(feature = "aws")]
            Self::Bucket(bucket) => bucket.shown(name),
        }
    }
}

#[cfg(feature = "aws")]
fn bucket(scheme: &str, rest: &str, variables: Variables<'_>) -> Result<Store, PartError> {
    bucket::Bucket::open(scheme, rest, variables).map(|bucket| Store::Bucket(Box::new(bucket)))
}

#[cfg(not(feature = "aws"))]
fn bucket(scheme: &str, rest: &str, _variables: Variables<'_>) -> Result<Store, PartError> {
    let what = "this build cannot talk to buckets; use a folder, or a build with the feature 'aws'";
    Err(PartError::new(format!("{scheme}://{rest}"), what))
}

/// Under another name first, so that nobody sees half of it.
fn place(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), PartError> {
    let path = folder.join(name);
    let told = |error: io::Error| PartError::of_system(&path, &error);
    fs::create_dir_all(folder).map_err(told)?;
    let mut file = tempfile::Builder::new().prefix(".nonhuman-").tempfile_in(folder).map_err(told)?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(told)?;
    file.persist(&path).map_err(|error| told(error.error))?;
    Ok(())
}
