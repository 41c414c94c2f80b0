//! Reads the people directory: a CSV export that says who is there and who has left.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::{CollectError, Collector, Context, Sink};
use crate::model::{CoverageEntry, Evidence, FactKind, Known, Location, Person, Record, Urn, parse_timestamp};

const NAME: &str = "people";

/// The largest file that is read, in bytes: a row for each of a million people.
const LARGEST: u64 = 256 * 1024 * 1024;

/// Column names that mean the same thing in the exports of different directories, in lower case.
const EMAIL: &[&str] = &["email", "mail", "e-mail", "work_email", "userprincipalname"];
const FULL_NAME: &[&str] = &["name", "displayname", "display_name", "full_name"];
const TEAM: &[&str] = &["team", "department", "group"];
const STATUS: &[&str] = &["status", "state", "active", "employment_status"];
const LEFT_ON: &[&str] = &["left_on", "left", "end_date", "termination_date", "last_day"];

/// Reads people directories.
pub struct People {
    paths: Vec<PathBuf>,
}

impl People {
    /// A collector for these CSV files.
    pub fn new(paths: Vec<PathBuf>) -> Self {
        Self { paths }
    }
}

/// Whether a file looks like a people directory: a CSV with an e-mail and a status or leaving column.
pub fn sniff(path: &str, head: &[u8]) -> bool {
    let is_csv = Path::new(path).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    let first = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let header = String::from_utf8_lossy(first).trim().trim_start_matches('\u{feff}').to_ascii_lowercase();
    let has = |names: &[&str]| header.split(',').any(|column| names.contains(&column.trim().trim_matches('"')));
    is_csv && has(EMAIL) && (has(STATUS) || has(LEFT_ON))
}

#[async_trait]
impl Collector for People {
    fn name(&self) -> &'static str {
        NAME
    }

    fn facts(&self) -> &'static [FactKind] {
        &[FactKind::People]
    }

    fn targets(&self) -> Vec<String> {
        self.paths.iter().map(|path| path.to_string_lossy().into_owned()).collect()
    }

    async fn collect(&self, target: &str, context: &Context, sink: &Sink) -> Result<(), CollectError> {
        let bytes = read(Path::new(target)).map_err(|error| CollectError::failed("people directory", error))?;
        let (people, problems) = parse(target, &bytes, context)?;
        let count = people.len() as u64;
        for person in people {
            sink.send(Record::Person(person)).await?;
        }
        let entry = if count == 0 {
            return Err(CollectError::failed("people directory", format!("{target}: it names nobody")));
        } else if let Some(first) = problems.first() {
            let detail = format!("{} of its rows cannot be read; the first: {first}", problems.len());
            CoverageEntry::hole(NAME, target, "people directory", crate::model::Outcome::Partial, detail)
                .blinds(&[FactKind::People])
                .remedy("mend the rows and scan again")
                .count(count)
        } else {
            CoverageEntry::complete(NAME, target, "people directory", count)
        };
        sink.send(Record::Coverage(entry)).await
    }
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(std::io::Error::other(format!("larger than {LARGEST} bytes, which no people directory is")));
    }
    Ok(bytes)
}

/// The places of the columns we read.
struct Columns {
    email: usize,
    name: Option<usize>,
    team: Option<usize>,
    status: Option<usize>,
    left: Option<usize>,
}

fn parse(file: &str, bytes: &[u8], context: &Context) -> Result<(Vec<Person>, Vec<String>), CollectError> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(bytes);
    let header =
        reader.headers().map_err(|error| CollectError::failed("people directory", format!("{file}: {error}")))?;
    let place = |names: &[&str]| {
        header
            .iter()
            .position(|column| names.contains(&column.trim_start_matches('\u{feff}').to_ascii_lowercase().as_str()))
    };
    let columns = Columns {
        email: place(EMAIL).ok_or_else(|| {
            CollectError::failed("people directory", format!("{file}:1:1: there is no column 'email'"))
                .with_remedy("the first line names the columns: email,name,team,status,left_on")
        })?,
        name: place(FULL_NAME),
        team: place(TEAM),
        status: place(STATUS),
        left: place(LEFT_ON),
    };
    let (mut people, mut problems) = (Vec::new(), Vec::new());
    for (number, row) in reader.records().enumerate() {
        let row = match row {
            Ok(row) => row,
            Err(error) => {
                problems.push(format!("{file}: {error}"));
                continue;
            }
        };
        let line = row.position().map_or(number as u64 + 2, csv::Position::line);
        match person(file, line, &row, &columns, context) {
            Ok(person) => people.push(person),
            Err(problem) => problems.push(format!("{file}:{line}:1: {problem}")),
        }
    }
    Ok((people, problems))
}

fn person(
    file: &str,
    line: u64,
    row: &csv::StringRecord,
    columns: &Columns,
    context: &Context,
) -> Result<Person, String> {
    let cell = |column: Option<usize>| column.and_then(|column| row.get(column)).filter(|text| !text.is_empty());
    let email = cell(Some(columns.email)).filter(|text| text.contains('@')).ok_or("the row has no e-mail address")?;
    // The cells are not quoted in messages: whatever stands in a wrong column may be a secret.
    let left = cell(columns.left).map(parse_timestamp).transpose();
    let left = left.map_err(|_| "the day of leaving is not a date such as 2026-05-29".to_owned())?;
    let active = match (cell(columns.status).map(str::to_ascii_lowercase).as_deref(), left) {
        (Some("active" | "true" | "yes" | "employed" | "1"), _) => Known::Value(true),
        (Some("left" | "inactive" | "false" | "no" | "terminated" | "suspended" | "deprovisioned" | "0"), _) => {
            Known::Value(false)
        }
        (None, left) => Known::Value(left.is_none_or(|left| left > context.now)),
        (Some(_), _) => return Err("the status is not known (expected active or left)".to_owned()),
    };
    let email = email.to_lowercase();
    Ok(Person {
        id: Urn::person(&email),
        name: cell(columns.name).unwrap_or(&email).to_owned(),
        team: cell(columns.team).map(str::to_owned),
        active,
        left: left.into(),
        evidence: Evidence {
            observed: context.now,
            collector: NAME.into(),
            location: Location::Export { file: file.into(), object: format!("line {line}").into() },
        },
        email,
    })
}
