//! Opens git repositories and their objects. Obeys nothing that a repository configures and writes nothing.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use gix::bstr::{BStr, BString};
use gix::objs::{CommitRefIter, Find, FindHeader, Kind, TreeRefIter};
use gix::{ObjectId, ThreadSafeRepository, oid};

use super::ledger::Ledger;

/// Most memory that one object may ask for beyond the largest file that is read: for trees and chains of deltas.
const SPARE: u64 = 256 * 1024 * 1024;

/// A repository as far as it is of use here.
pub(super) struct Repository {
    shared: ThreadSafeRepository,
    /// The scanned root below the top of the work tree, with `/` between its parts; empty for the top itself.
    pub(super) prefix: BString,
}

/// Why there is no repository to read.
#[derive(Debug, thiserror::Error)]
pub(super) enum OpenError {
    /// Neither the folder nor one above it is one.
    #[error("this is no git repository, nor does it lie in one")]
    None,
    /// Its objects have names that are not understood.
    #[error("its objects are named by {0}, and only those of sha1 are read")]
    Names(String),
    /// Its refs lie in a form that is not understood.
    #[error("its refs are kept as a reftable (extensions.refStorage), which is not read")]
    Refs,
    /// There is one that cannot be opened.
    #[error("{0}")]
    Broken(String),
}

impl OpenError {
    fn of(error: &gix::Error) -> Self {
        let text = chain(error);
        let of_names = text.contains("extensions.objectFormat").then(|| text.split("input=\"").nth(1)).flatten();
        match of_names.and_then(|rest| rest.split('"').next()) {
            Some(name) => Self::Names(name.to_owned()),
            None => Self::Broken(text),
        }
    }

    /// What the user can do.
    pub(super) fn remedy(&self) -> &'static str {
        match self {
            OpenError::None => {
                "name a folder of a git repository, or with --trees-in a folder that holds some; or scan its files without a \
                 choice of commits"
            }
            OpenError::Names(_) => "scan the files that lie there, without a choice of commits",
            OpenError::Refs => {
                "move them into files in a clone (git clone --mirror, git refs migrate --ref-format=files), and scan that"
            }
            OpenError::Broken(_) => "see what git fsck says",
        }
    }
}

impl Repository {
    /// Opens the repository that a root lies in: a work tree, a linked one, a bare repository, or anything below.
    pub(super) fn open(root: &Path, largest: u64) -> Result<Self, OpenError> {
        for folder in root.ancestors() {
            let dot_git = folder.join(".git");
            if dot_git.symlink_metadata().is_ok() {
                let prefix = root.strip_prefix(folder).unwrap_or(Path::new(""));
                return Self::at(&dot_git, prefix, largest);
            }
            if is_bare(folder) {
                return Self::at(folder, Path::new(""), largest);
            }
        }
        Err(OpenError::None)
    }

    /// Opens a `.git` folder or file.
    pub(super) fn at(dot_git: &Path, prefix: &Path, largest: u64) -> Result<Self, OpenError> {
        let limit = usize::try_from(largest.saturating_add(SPARE)).unwrap_or(usize::MAX);
        let limit = format!("gitoxide.objects.allocLimit={}", limit.min(i64::MAX as usize));
        // Whatever the owner of the folder: none of its own settings is believed, so nothing can be started by them.
        let options = gix::open::Options::isolated()
            .with(gix::sec::Trust::Reduced)
            .config_overrides([limit.as_str()])
            .open_path_as_is(true);
        let opened = catch_unwind(|| options.open(dot_git));
        let shared = match opened {
            Ok(Ok(shared)) => shared,
            Ok(Err(error)) => return Err(OpenError::of(&error)),
            Err(_) => return Err(OpenError::Broken("the repository is malformed".to_owned())),
        };
        // What such a repository keeps in place of refs is there for programs that know nothing of it.
        if shared.to_thread_local().common_dir().join("reftable").is_dir() {
            return Err(OpenError::Refs);
        }
        Ok(Self { shared, prefix: git_path(prefix) })
    }

    /// A handle for one thread, which keeps so many bytes of unpacked objects.
    pub(super) fn local(&self, cache: usize) -> gix::Repository {
        let mut local = self.shared.to_thread_local();
        // A namespace or a replacement would hide what is really there.
        local.clear_namespace();
        local.objects.ignore_replacements = true;
        local.objects.refresh_never();
        local
            .objects
            .set_pack_cache(move || Box::new(gix::odb::pack::cache::lru::MemoryCappedHashmap::new(cache.max(1))));
        local
    }

    /// The path below the scanned root of a path of the repository, if it lies there.
    pub(super) fn below_root<'a>(&self, path: &'a BStr) -> Option<&'a BStr> {
        if self.prefix.is_empty() {
            return Some(path);
        }
        let rest: &[u8] = path.strip_prefix(self.prefix.as_slice())?;
        if rest.is_empty() { Some(rest.into()) } else { rest.strip_prefix(b"/").map(Into::into) }
    }

    /// Whether a folder of the repository lies in the scanned root, or the root in it.
    pub(super) fn concerns(&self, folder: &BStr) -> bool {
        let leads_to_root =
            self.prefix.strip_prefix(folder.as_ref() as &[u8]).is_some_and(|rest| rest.first() == Some(&b'/'));
        leads_to_root || self.below_root(folder).is_some()
    }
}

/// Whether a folder is a repository without a work tree, and a sound one: what only looks so is read as files.
pub(in super::super) fn is_bare_repository(folder: &Path) -> bool {
    is_bare(folder) && is_repository(folder)
}

/// Whether git would take a `.git` folder or file for one.
pub(super) fn is_repository(dot_git: &Path) -> bool {
    catch_unwind(|| gix::discover::is_git(dot_git).is_ok()).unwrap_or_default()
}

/// Whether a folder looks like a repository without a work tree.
fn is_bare(folder: &Path) -> bool {
    folder.join("HEAD").symlink_metadata().is_ok() && folder.join("objects").is_dir() && folder.join("refs").is_dir()
}

/// A path with `/` between its parts.
fn git_path(path: &Path) -> BString {
    let path = gix::path::into_bstr(path).unwrap_or_default();
    gix::path::to_unix_separators_on_windows(path).into_owned()
}

/// The path of the file system that git means.
pub(super) fn file_path(path: &BStr) -> PathBuf {
    gix::path::from_bstr(path).map_or_else(|_| PathBuf::from(path.to_string()), std::borrow::Cow::into_owned)
}

/// An error with its causes, on one line.
pub(super) fn chain(error: &gix::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

/// Reads objects; what cannot be read is noted and left out.
pub(super) struct Objects<'a> {
    pub(super) find: gix::OdbHandle,
    pub(super) ledger: &'a Ledger,
}

impl<'a> Objects<'a> {
    pub(super) fn new(repository: &gix::Repository, ledger: &'a Ledger) -> Self {
        Self { find: repository.objects.clone(), ledger }
    }

    /// Reads an object into a buffer; gives its kind.
    pub(super) fn read(&self, id: &oid, buffer: &mut Vec<u8>) -> Option<Kind> {
        let found = self.guarded(id, || self.find.try_find(id, buffer).map(|found| found.map(|data| data.kind)))?;
        if found.is_none() {
            self.ledger.missing(id.to_owned());
        }
        found
    }

    /// Reads an object that must be of a kind.
    pub(super) fn read_kind(&self, id: &oid, kind: Kind, buffer: &mut Vec<u8>) -> Option<()> {
        let found = self.read(id, buffer)?;
        if found != kind {
            self.ledger.corrupt(id.to_owned(), &format!("it is a {found} where a {kind} belongs"));
            return None;
        }
        Some(())
    }

    /// The tree of a commit.
    pub(super) fn tree(&self, commit: ObjectId) -> Option<ObjectId> {
        let mut buffer = Vec::new();
        self.read_kind(&commit, Kind::Commit, &mut buffer)?;
        CommitRefIter::from_bytes(&buffer, commit.kind()).tree_id().ok()
    }

    /// The file with a path below a tree.
    pub(super) fn file(&self, tree: ObjectId, path: &BStr) -> Option<ObjectId> {
        let mut id = tree;
        let mut parts = path.split(|byte| *byte == b'/').peekable();
        let mut buffer = Vec::new();
        while let Some(name) = parts.next() {
            self.read_kind(&id, Kind::Tree, &mut buffer)?;
            let mut entries = TreeRefIter::from_bytes(&buffer, id.kind()).filter_map(Result::ok);
            let is_last = parts.peek().is_none();
            let fits = |mode: gix::objs::tree::EntryMode| if is_last { mode.is_blob() } else { mode.is_tree() };
            id = entries.find(|entry| entry.filename == name && fits(entry.mode))?.oid.to_owned();
        }
        Some(id)
    }

    /// How large an object is, in bytes.
    pub(super) fn size(&self, id: &oid) -> Option<u64> {
        let found = self.guarded(id, || self.find.try_header(id))?;
        if found.is_none() {
            self.ledger.missing(id.to_owned());
        }
        found.map(|header| header.size)
    }

    /// A malformed object must not end the scan, however it is malformed.
    fn guarded<T>(&self, id: &oid, read: impl FnOnce() -> gix::Result<Option<T>>) -> Option<Option<T>> {
        match catch_unwind(AssertUnwindSafe(read)) {
            Ok(Ok(found)) => Some(found),
            Ok(Err(error)) => {
                self.ledger.corrupt(id.to_owned(), &chain(&error));
                None
            }
            Err(_) => {
                self.ledger.corrupt(id.to_owned(), "it is malformed");
                None
            }
        }
    }

    /// Notes that what an object says makes no sense.
    pub(super) fn malformed(&self, id: ObjectId, error: &gix::Error) {
        self.ledger.corrupt(id, &chain(error));
    }
}
