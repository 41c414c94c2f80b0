//! Reads a folder of exported answers: `<endpoint>.json`, and for things of a parent `<endpoint>/<parent>.json` or an object
//! by parent. It must not follow links out of the folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde_json::value::RawValue;

use super::NAME;
use super::endpoint::{ALL, Endpoint, FACTORS, LOG};
use super::page::{self, Page};
use super::reader::{Gap, Item};
use crate::model::{CoverageEntry, Outcome};

/// The largest file that is read, in bytes: some hundred thousand users.
const LARGEST: u64 = 512 * 1024 * 1024;
/// How many events are handed on at once.
const EVENTS_AT_ONCE: usize = 1000;

/// A folder of exported answers.
pub(super) struct Export {
    /// Files by the plain form of their name below the folder, without the ending.
    files: BTreeMap<String, PathBuf>,
    used: Mutex<BTreeSet<String>>,
}

impl Export {
    /// Lists a folder, and the folders in it.
    ///
    /// # Errors
    /// Those of the system, when the folder cannot be listed.
    pub(super) fn open(folder: &Path) -> std::io::Result<Self> {
        let mut files = BTreeMap::new();
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_file() {
                add(&mut files, "", entry.path());
            } else if kind.is_dir() {
                let parent = format!("{}/", plain(&entry.file_name().to_string_lossy()));
                for inner in std::fs::read_dir(entry.path())?.flatten() {
                    if inner.file_type().is_ok_and(|kind| kind.is_file()) {
                        add(&mut files, &parent, inner.path());
                    }
                }
            }
        }
        Ok(Self { files, used: Mutex::default() })
    }

    /// Whether no file has the name of an endpoint.
    pub(super) fn is_empty(&self) -> bool {
        let known: BTreeSet<String> = ALL.iter().map(|endpoint| plain(endpoint.file)).collect();
        !self.files.keys().any(|name| known.contains(name.split('/').next().unwrap_or(name)))
    }

    /// The file that an endpoint of a parent is read from, for evidence.
    pub(super) fn file(&self, endpoint: &Endpoint, parent: &str) -> Option<&Path> {
        let name = plain(endpoint.file);
        self.files.get(&format!("{name}/{}", key(parent))).or_else(|| self.files.get(&name)).map(PathBuf::as_path)
    }

    /// The host of the organisation, as the links in the answers name it.
    pub(super) fn host(&self) -> Option<String> {
        const SIGNS: [&str; 4] = ["/api/v1/", "/oauth2/", "/workload-principals/", "/privileged-access/"];
        self.files.values().find_map(|path| {
            let mut head = Vec::new();
            File::open(path).ok()?.take(64 * 1024).read_to_end(&mut head).ok()?;
            let text = String::from_utf8_lossy(&head);
            text.split("https://").skip(1).find_map(|rest| {
                let end = rest.find('/')?;
                let (host, path) = rest.split_at(end);
                let is_host = !host.is_empty()
                    && host.len() < 254
                    && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:".contains(&byte));
                (is_host && SIGNS.iter().any(|sign| path.starts_with(sign))).then(|| host.to_ascii_lowercase())
            })
        })
    }

    /// Hands on what the file of an endpoint holds.
    pub(super) fn pages<T: Item>(
        &self,
        endpoint: &Endpoint,
        parent: &str,
        take: &mut (impl FnMut(Page<T>) -> bool + Send),
    ) -> Result<(), Gap> {
        let name = plain(endpoint.file);
        let own = format!("{name}/{}", key(parent));
        if endpoint.is_nested()
            && let Some(path) = self.use_file(&own)
        {
            let page = read(path, endpoint, |bytes| page::read(bytes, endpoint.key).map(Some))?;
            take(page.unwrap_or_else(Page::empty));
            return Ok(());
        }
        let Some(path) = self.use_file(&name) else {
            // Where some parents have a file, one without has none of its things.
            let folder = format!("{name}/");
            if endpoint.is_nested() && self.files.keys().any(|file| file.starts_with(&folder)) {
                return if endpoint.file == FACTORS.file { Err(not_asked(parent)) } else { Ok(()) };
            }
            let file = if endpoint.is_nested() {
                format!("{}/<id>.json", endpoint.file)
            } else {
                format!("{}.json", endpoint.file)
            };
            return Err(Gap::new(Outcome::NotRead, format!("the export has no {file}"))
                .remedy(format!("add the answer of GET {} as {file}", endpoint.path.replace("{}", "<id>"))));
        };
        if endpoint.file == LOG.file && has_lines(path) {
            return self.events(path, take);
        }
        let page = if endpoint.is_nested() {
            let page = read(path, endpoint, |bytes| by_parent(bytes, endpoint, parent))?;
            // Who has no factors is not who nobody asked about.
            if page.is_none() && endpoint.file == FACTORS.file {
                return Err(not_asked(parent));
            }
            page.unwrap_or_else(Page::empty)
        } else {
            read(path, endpoint, |bytes| page::read(bytes, endpoint.key).map(Some))?.unwrap_or_else(Page::empty)
        };
        take(page);
        Ok(())
    }

    /// A log with one event a line.
    fn events<T: Item>(&self, path: &Path, take: &mut (impl FnMut(Page<T>) -> bool + Send)) -> Result<(), Gap> {
        let bytes = bytes(path)?;
        let mut page = Page::empty();
        for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            match serde_json::from_slice(line) {
                Ok(event) => page.items.push(event),
                Err(error) => {
                    let text = format!("{}:{}: {}", path.display(), number + 1, page::place(error));
                    page.unread.get_or_insert((0, text)).0 += 1;
                }
            }
            if page.items.len() >= EVENTS_AT_ONCE {
                let full = std::mem::replace(&mut page, Page::empty());
                take(full);
            }
        }
        take(page);
        Ok(())
    }

    fn use_file(&self, name: &str) -> Option<&Path> {
        let path = self.files.get(name)?;
        self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
        Some(path)
    }

    /// What lies there and was not read.
    pub(super) fn others(&self, tenant: &str) -> Option<CoverageEntry> {
        const NAMED: usize = 5;
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let known: BTreeSet<String> = ALL.iter().map(|endpoint| plain(endpoint.file)).collect();
        let others: Vec<String> = self
            .files
            .iter()
            .filter(|(name, _)| !used.contains(*name) && !known.contains(name.split('/').next().unwrap_or(name)))
            .map(|(_, path)| path.display().to_string())
            .collect();
        if others.is_empty() {
            return None;
        }
        let mut detail = others.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        if others.len() > NAMED {
            detail.push_str(&format!(" and {} more", others.len() - NAMED));
        }
        let detail = format!("not the name of an endpoint: {detail}");
        Some(
            CoverageEntry::hole(NAME, tenant, "other files", Outcome::NotRead, detail)
                .count(others.len() as u64)
                .remedy("nonhuman permissions okta --plan lists the names"),
        )
    }
}

fn add(files: &mut BTreeMap<String, PathBuf>, parent: &str, path: PathBuf) {
    let is_answer = path.extension().is_some_and(|ending| ending == "json" || ending == "jsonl" || ending == "ndjson");
    if let (true, Some(stem)) = (is_answer, path.file_stem()) {
        let stem = stem.to_string_lossy();
        let name = if parent.is_empty() { plain(&stem) } else { format!("{parent}{stem}") };
        files.insert(if name == "systemlog" { plain(LOG.file) } else { name }, path);
    }
}

/// `log-streams`, `log_streams` and `logStreams` are one name.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// The parent by which an export names a thing: the last of several, and of an ORN its id.
fn key(parent: &str) -> &str {
    parent.rsplit(['/', ':']).next().unwrap_or(parent)
}

fn has_lines(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "jsonl" || ending == "ndjson")
}

fn bytes(path: &Path) -> Result<Vec<u8>, Gap> {
    let failed = |error: std::io::Error| Gap::new(Outcome::Failed, format!("{}: {error}", path.display()));
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LARGEST {
        return Err(Gap::new(Outcome::Failed, format!("{}: larger than {LARGEST} bytes", path.display())));
    }
    Ok(bytes)
}

/// An export that has the factors of others and not those of this one.
fn not_asked(user: &str) -> Gap {
    Gap::new(Outcome::NotRead, format!("the export has no factors of {user}"))
}

fn read<T>(
    path: &Path,
    endpoint: &Endpoint,
    parse: impl Fn(&[u8]) -> Result<Option<Page<T>>, String>,
) -> Result<Option<Page<T>>, Gap> {
    let mut bytes = bytes(path)?;
    let page = parse(&bytes).map_err(|why| {
        Gap::new(Outcome::Failed, format!("{}: {why}", path.display()))
            .remedy(format!("export it again: the answer of GET {}", endpoint.path.replace("{}", "<id>")))
    });
    // An export may hold `client_secret`, as the API gives it.
    bytes.fill(0);
    std::hint::black_box(&bytes);
    page.map(|mut page| {
        if let Some(page) = &mut page {
            // A page that names a next one is not all, and nobody follows it here.
            if page.next.is_some() {
                let why = "its answer names a next page, which the export does not have; put all pages into one list";
                page.unread.get_or_insert_with(|| (0, why.to_owned()));
            }
            if let Some((_, first)) = &mut page.unread {
                *first = format!("{}: {first}", path.display());
            }
        }
        page
    })
}

/// The answer of one parent in an object that holds them by its id.
fn by_parent<T: Item>(bytes: &[u8], endpoint: &Endpoint, parent: &str) -> Result<Option<Page<T>>, String> {
    let all: BTreeMap<String, &RawValue> = serde_json::from_slice(bytes)
        .map_err(|error| format!("expected an object with an answer for each id: {}", page::place(error)))?;
    match all.get(parent).or_else(|| all.get(key(parent))) {
        Some(answer) => page::read(answer.get().as_bytes(), endpoint.key).map(Some),
        None => Ok(None),
    }
}
