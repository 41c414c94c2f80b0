//! `nonhuman secrets`: the gate. Searches source alone with the engine, the rules and the reports of `scan`.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::arguments::{Global, Secrets};
use super::gather::{self, Wish};
use super::scan::Judging;
use super::{Failure, wanted};
use crate::collect::registry::Request;
use crate::collect::source::{Given, Selection};
use crate::config::Config;
use crate::exit::Exit;
use crate::model::SubjectKind;

/// What stands for standard input.
const STANDARD: &str = "-";

pub(super) fn run(arguments: &Secrets, global: &Global, config: &Config) -> Result<Exit, Failure> {
    let judging = Judging::new(&[SubjectKind::Exposure], &arguments.reporting, global, config)?;
    let wish = Wish {
        request: request(arguments)?,
        imports: arguments.searching.imports.clone(),
        deadline: arguments.deadline,
        discover: false,
        shard: None,
        now: gather::now(arguments.now.as_deref())?,
    };
    judging.read_and_judge(wish, global, config)
}

/// Trees, a list of files, standard input; this directory when nothing is named.
fn request(arguments: &Secrets) -> Result<Request, Failure> {
    let source = wanted::source_options(&arguments.searching)?;
    let mut request = Request { source, ..Request::default() };
    if let Some(list) = &arguments.files_from {
        request.given.push(listed(list)?);
    }
    for path in &arguments.paths {
        if path == Path::new(STANDARD) && request.given.is_empty() {
            let name = arguments.stdin_name.clone().unwrap_or_else(|| "<stdin>".to_owned());
            request.given.push(Given::Standard { name });
        } else if path != Path::new(STANDARD) {
            wanted::must_exist(path)?;
            request.roots.push(path.clone());
        }
    }
    if !request.given.is_empty() && request.source.selection != Selection::WorkTree {
        return Err(Failure("standard input has no history; leave '-' out, or the flag that names commits".to_owned()));
    }
    if request.given.is_empty() && request.roots.is_empty() {
        request.roots.push(PathBuf::from("."));
    }
    Ok(request)
}

/// Reads a list of files: separated by zero bytes when it has any, as `git diff -z` writes it, else one a line.
fn listed(list: &Path) -> Result<Given, Failure> {
    let (name, read) = if list == Path::new(STANDARD) {
        let mut text = Vec::new();
        ("<stdin>".to_owned(), std::io::stdin().lock().read_to_end(&mut text).map(|_| text))
    } else {
        (list.to_string_lossy().into_owned(), std::fs::read(list))
    };
    let text = read.map_err(|error| Failure(format!("--files-from {name}: {error}")))?;
    let separator = if text.contains(&0) { 0 } else { b'\n' };
    let entries = text.split(|byte| *byte == separator).map(|entry| match separator {
        0 => entry,
        _ => entry.strip_suffix(b"\r").unwrap_or(entry),
    });
    let files = entries.filter(|entry| !entry.is_empty()).map(path).collect();
    Ok(Given::List { name, files })
}

#[cfg(unix)]
fn path(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;

    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

#[cfg(not(unix))]
fn path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}
