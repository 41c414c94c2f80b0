//! The file of a history: one SQLite database, one writer at a time, whole after a crash. Knows how to open it and what
//! can be wrong with it; what is written and read lies in `record` and `load`.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

/// Marks the file as ours: "nhum". Source: SQLite, "PRAGMA application_id".
const APPLICATION: i32 = 0x6e68_756d;

/// The steps from an empty file to the form of this version; the number of steps done is the file's `user_version`.
const MIGRATIONS: &[&str] = &[include_str!("schema.sql"), include_str!("schema2.sql")];

/// How long to wait for another run that is writing.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long to wait before a busy file is tried again.
const PAUSE: Duration = Duration::from_millis(20);

/// Why a history cannot be used. None of them loses what it holds.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// There is no such file.
    #[error("{path}: there is no such history; `nonhuman scan --history-file {path}` begins one")]
    Missing {
        /// The file.
        path: String,
    },
    /// Another program's file, or none of a database.
    #[error("{path}: this is no history of nonhuman ({why}); name another file")]
    Foreign {
        /// The file.
        path: String,
        /// What it is.
        why: String,
    },
    /// Written by a newer version.
    #[error("{path}: it was written by a newer nonhuman (form {found}, this one knows {known}); update nonhuman")]
    Newer {
        /// The file.
        path: String,
        /// Its form.
        found: i64,
        /// The newest form that is known.
        known: usize,
    },
    /// The scan is older than the last one.
    #[error(
        "{path}: this scan is of {now}, the last one there of {last}; a history goes forward. Was the clock set back? \
         Give --now. Was it ahead then? `nonhuman trend --forget-last --history-file {path}` takes that scan out"
    )]
    Backward {
        /// The file.
        path: String,
        /// The scan's time.
        now: String,
        /// The last scan's time.
        last: String,
    },
    /// The fingerprints of the last scan were made under another key.
    #[error(
        "{path}: its scans were made under another NONHUMAN_FINGERPRINT_KEY, so that no secret of them can be recognised; \
         set the key as it was then, or begin another history: --history-file FILE"
    )]
    OtherKey {
        /// The file.
        path: String,
    },
    /// There is no such scan in it.
    #[error("{path}: {what}")]
    NoScan {
        /// The file.
        path: String,
        /// What was asked for and what there is.
        what: String,
    },
    /// The file, or the folder with what SQLite keeps beside it, takes nothing.
    #[error("{path}: {what}")]
    Unwritable {
        /// The file.
        path: String,
        /// What happened, and the remedy.
        what: String,
    },
    /// Anything else that SQLite or the system says.
    #[error("{path}: {what}")]
    Database {
        /// The file.
        path: String,
        /// What happened, and the remedy.
        what: String,
    },
}

/// An open history.
#[derive(Debug)]
pub struct History {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
}

impl History {
    /// Opens a history to add to it; makes one where there is none.
    ///
    /// # Errors
    /// When the file cannot be made or is no history that this version can write.
    pub fn open_or_begin(path: &Path) -> Result<Self, HistoryError> {
        let named = |error: std::io::Error| HistoryError::Database { path: shown(path), what: error.to_string() };
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        // What it says of weak places is for its owner alone.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        drop(options.open(path).map_err(named)?);
        Self::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
    }

    /// Opens a history to read it.
    ///
    /// # Errors
    /// When there is none, or it is none that this version can read.
    pub fn open(path: &Path) -> Result<Self, HistoryError> {
        if !path.exists() {
            return Err(HistoryError::Missing { path: shown(path) });
        }
        // Readers of a database in WAL mode write beside it, and one of an older form is brought up to date.
        match Self::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE) {
            Err(HistoryError::Unwritable { .. }) => Self::open_unwritable(path),
            opened => opened,
        }
    }

    /// Reads where nothing can be written: a backup, another user's file, a full disk.
    fn open_unwritable(path: &Path) -> Result<Self, HistoryError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        // Beside another user's run there is what a reader needs.
        let beside = Connection::open_with_flags(path, flags).map_err(|error| explain(path, &error));
        let read = beside.and_then(|connection| Self { connection, path: path.to_owned() }.for_reading());
        let Err(HistoryError::Unwritable { .. }) = read else { return read };
        // Without it the file is read as it is, which is all of it only where no changes wait beside it.
        let waiting = PathBuf::from([path.as_os_str(), "-wal".as_ref()].into_iter().collect::<OsString>());
        if waiting.metadata().is_ok_and(|wal| wal.len() > 0) {
            let what = format!(
                "a run that did not end left changes in {}, which cannot be read where nothing may be written; copy both files \
                 into a folder of yours and name the copy",
                shown(&waiting)
            );
            return Err(HistoryError::Database { path: shown(path), what });
        }
        let connection = Connection::open_with_flags(unchanging(path), flags | OpenFlags::SQLITE_OPEN_URI);
        let connection = connection.map_err(|error| explain(path, &error))?;
        Self { connection, path: path.to_owned() }.for_reading()
    }

    fn for_reading(self) -> Result<Self, HistoryError> {
        if self.form()? < MIGRATIONS.len() {
            let what = "it is of an older form, and cannot be brought up to date where it may not be written; copy it into a \
                        folder of yours and name the copy";
            return Err(HistoryError::Database { path: shown(&self.path), what: what.to_owned() });
        }
        Ok(self)
    }

    fn connect(path: &Path, flags: OpenFlags) -> Result<Self, HistoryError> {
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(|error| explain(path, &error))?;
        let mut history = Self { connection, path: path.to_owned() };
        history.prepare()?;
        Ok(history)
    }

    fn prepare(&mut self) -> Result<(), HistoryError> {
        let path = self.path.clone();
        let told = |error: rusqlite::Error| explain(&path, &error);
        let done = self.form()?;
        // WAL: a reader never waits for the writer, and a killed writer leaves the last whole state.
        self.switch_to_wal().map_err(told)?;
        if done < MIGRATIONS.len() {
            self.migrate().map_err(told)?;
        }
        Ok(())
    }

    /// How many steps were done to the file. It must be ours, and of no newer form than is known.
    fn form(&self) -> Result<usize, HistoryError> {
        let told = |error: rusqlite::Error| explain(&self.path, &error);
        self.connection.busy_timeout(PATIENCE).map_err(told)?;
        let number = |name: &str| self.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let (application, version) = (number("application_id").map_err(told)?, number("user_version").map_err(told)?);
        let tables: i64 =
            self.connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0)).map_err(told)?;
        if tables > 0 && application != i64::from(APPLICATION) {
            let why = "a database of another program".to_owned();
            return Err(HistoryError::Foreign { path: shown(&self.path), why });
        }
        let done = usize::try_from(version).unwrap_or(usize::MAX);
        if done > MIGRATIONS.len() {
            return Err(HistoryError::Newer { path: shown(&self.path), found: version, known: MIGRATIONS.len() });
        }
        Ok(done)
    }

    /// SQLite does not wait by itself for another run that switches the same file at the same time.
    fn switch_to_wal(&self) -> rusqlite::Result<()> {
        let until = std::time::Instant::now() + PATIENCE;
        loop {
            let switched = self.connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()));
            let is_busy = |error: &rusqlite::Error| {
                matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
            };
            match switched {
                Err(error) if is_busy(&error) && std::time::Instant::now() < until => std::thread::sleep(PAUSE),
                switched => return switched,
            }
        }
    }

    /// Two runs may begin the same file: the one that waits finds the steps done.
    fn migrate(&mut self) -> rusqlite::Result<()> {
        let step = self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let done: i64 = step.pragma_query_value(None, "user_version", |row| row.get(0))?;
        for statements in MIGRATIONS.iter().skip(usize::try_from(done).unwrap_or(usize::MAX)) {
            step.execute_batch(statements)?;
        }
        step.pragma_update(None, "application_id", APPLICATION)?;
        step.pragma_update(None, "user_version", i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX))?;
        step.commit()
    }

    pub(super) fn told(&self, error: &rusqlite::Error) -> HistoryError {
        explain(&self.path, error)
    }
}

/// The address by which SQLite opens a file as one that nobody changes. Source: SQLite, "Uniform Resource Identifiers".
fn unchanging(path: &Path) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
    let path: String = path
        .as_os_str()
        .as_encoded_bytes()
        .iter()
        .map(|byte| if plain(*byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    format!("file:{path}?immutable=1")
}

pub(super) fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// What a failure means for the user. Source of the codes: SQLite, "Result and Error Codes".
pub(super) fn explain(path: &Path, error: &rusqlite::Error) -> HistoryError {
    let path = shown(path);
    let is_unwritable = |code: &ErrorCode| {
        use ErrorCode::{CannotOpen, DiskFull, PermissionDenied, ReadOnly, SystemIoFailure};
        matches!(code, SystemIoFailure | DiskFull | ReadOnly | PermissionDenied | CannotOpen)
    };
    let unwritable = error.sqlite_error_code().is_some_and(|code| is_unwritable(&code));
    let what = match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => {
            return HistoryError::Foreign { path, why: "not a database, or a damaged one".to_owned() };
        }
        // A file that is ours and answers otherwise than we wrote it was changed by something else.
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::Unknown | ErrorCode::TypeMismatch) | None => {
            "the history is damaged; move it away and go on with a copy or a new one".to_owned()
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            format!("another run has been writing it for {} s; run one at a time", PATIENCE.as_secs())
        }
        // A full disk gives this where the index of a journal cannot grow.
        Some(ErrorCode::SystemIoFailure) => {
            format!("the disk does not take it (is it full?); what it held before is whole ({error})")
        }
        Some(ErrorCode::DiskFull) => "the disk is full; what it held before is whole".to_owned(),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => "it may not be written".to_owned(),
        Some(ErrorCode::CannotOpen) => "it cannot be opened; is it a folder, or its folder not writable?".to_owned(),
        _ => error.to_string(),
    };
    if unwritable { HistoryError::Unwritable { path, what } } else { HistoryError::Database { path, what } }
}
