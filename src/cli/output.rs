//! Writes reports: to standard output, and to files that are whole or not there.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::Failure;
use super::arguments::{DEFAULT_FORMAT, Global, Reporting};
use crate::report::{self, Report, Scan, Style};
use crate::term;

/// Where reports go. Made before anything is read, so that a wrong name costs no scan.
pub(super) struct Outputs {
    stdout: &'static dyn Report,
    /// Whether all that is wanted is in files.
    is_left_out: bool,
    files: Vec<(PathBuf, &'static dyn Report)>,
    style: Style,
}

impl Outputs {
    pub(super) fn new(reporting: &Reporting, global: &Global) -> Result<Self, Failure> {
        let stdout = report::by_name(&reporting.format).ok_or_else(|| {
            let names: Vec<_> = report::REPORTS.iter().map(|report| report.name()).collect();
            Failure(format!("--format: there is no '{}' (expected one of {})", reporting.format, names.join(", ")))
        })?;
        if !stdout.is_text() && term::is_shown() {
            let message = "is not made for a terminal: name a file (-o acme.parquet), or send it to one";
            return Err(Failure(format!("--format {} {message}", reporting.format)));
        }
        let mut files = Vec::new();
        for path in &reporting.output {
            let format = report::by_file(path).ok_or_else(|| {
                let endings: Vec<_> = report::REPORTS.iter().flat_map(|report| report.suffixes()).copied().collect();
                Failure(format!("--output {}: its ending must be one of {}", path.display(), endings.join(", ")))
            })?;
            // Fails now, not after an hour of reading.
            drop(temporary(path)?);
            files.push((path.clone(), format));
        }
        let is_in_file = files.iter().any(|(_, format)| format.name() == stdout.name());
        let is_left_out = global.quiet && !files.is_empty() && (is_in_file || stdout.name() == DEFAULT_FORMAT);
        let style = Style { color: global.color.for_stdout(), width: term::width() };
        Ok(Self { stdout, is_left_out, files, style })
    }

    /// Writes all of them, standard output too where a file cannot be written. A reader that has seen enough (a closed
    /// pipe) is no error.
    pub(super) fn write(&self, scan: &Scan<'_>) -> Result<(), Failure> {
        let plain = Style { color: false, width: 80 };
        let files = self.files.iter().map(|(path, format)| to_file(path, |out| format.write(scan, plain, out)));
        let failed: Vec<String> = files.filter_map(|written| written.err().map(|Failure(told)| told)).collect();
        // What a file did not take comes out all the same.
        if !self.is_left_out || !failed.is_empty() {
            to_stdout(|out| self.stdout.write(scan, self.style, out))?;
        }
        if failed.is_empty() { Ok(()) } else { Err(Failure(failed.join("; "))) }
    }
}

/// Writes to standard output. A closed pipe ends it quietly.
pub(super) fn to_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure(format!("standard output: {error}"))),
        Ok(()) => Ok(()),
    }
}

/// Writes a file under a temporary name beside its place, then puts it there. A symbolic link is replaced, never
/// followed.
pub(super) fn to_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let named = |error: io::Error| Failure(format!("{}: {error}", path.display()));
    let mut file = temporary(path)?;
    {
        let mut out = BufWriter::new(file.as_file_mut());
        write(&mut out).and_then(|()| out.flush()).map_err(named)?;
    }
    file.persist(path).map_err(|error| named(error.error))?;
    Ok(())
}

/// As [`to_file`], readable for everybody: for numbers that the programs of others collect.
pub(super) fn to_file_of_all(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    to_file(path, write)?;
    #[cfg(unix)]
    {
        let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        std::fs::set_permissions(path, readable).map_err(|error| Failure(format!("{}: {error}", path.display())))?;
    }
    Ok(())
}

fn temporary(path: &Path) -> Result<NamedTempFile, Failure> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if path.is_dir() {
        return Err(Failure(format!("{}: it is a folder", path.display())));
    }
    tempfile::Builder::new()
        .prefix(".nonhuman-")
        .tempfile_in(folder)
        .map_err(|error| Failure(format!("{}: it cannot be written: {}", path.display(), error.kind())))
}
