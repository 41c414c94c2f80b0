//! Reads the IAM credential report, a CSV with one row a user. It must not turn rows into records.
//!
//! Meaning of the cells: IAM user guide, "Generate credential reports for your AWS account".

use jiff::Timestamp;
use serde::Deserialize;

use crate::model::{Known, parse_timestamp};

/// How every credential report begins.
pub(super) const HEADER_START: &str = "user,arn,user_creation_time";

/// The name of the root user's row.
const ROOT: &str = "<root_account>";

/// Where a file stops being what it should be.
#[derive(Debug)]
pub(super) struct Malformed {
    /// Line, from 1.
    pub(super) line: u64,
    /// Column, from 1.
    pub(super) column: u64,
    /// What is wrong.
    pub(super) detail: String,
}

/// One row. Every cell is text; the methods say what it means.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ReportRow {
    pub(super) user: String,
    pub(super) arn: String,
    user_creation_time: String,
    password_enabled: String,
    password_last_used: String,
    password_last_changed: String,
    mfa_active: String,
    access_key_1_active: String,
    access_key_1_last_rotated: String,
    access_key_1_last_used_date: String,
    access_key_2_active: String,
    access_key_2_last_rotated: String,
    access_key_2_last_used_date: String,
    cert_1_active: String,
    cert_1_last_rotated: String,
    cert_2_active: String,
    cert_2_last_rotated: String,
}

/// A password, an access key or a certificate as a row shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReportCredential {
    /// 1 or 2.
    pub(super) slot: u8,
    /// Whether it works.
    pub(super) active: Known<bool>,
    /// When it was made or last changed.
    pub(super) rotated: Known<Timestamp>,
    /// The last use; absent means none since AWS began to track it. Unknown where the report has no such column.
    pub(super) last_used: Known<Timestamp>,
}

impl ReportRow {
    /// Whether it is the row of the root user.
    pub(super) fn is_root(&self) -> bool {
        self.user == ROOT
    }

    /// The same without what it says of last uses: a report that is not of today does not know them.
    pub(super) fn without_uses(self) -> Self {
        Self {
            password_last_used: String::new(),
            access_key_1_last_used_date: String::new(),
            access_key_2_last_used_date: String::new(),
            ..self
        }
    }

    /// Every moment of the past that the row names.
    pub(super) fn moments(&self) -> impl Iterator<Item = Timestamp> {
        let cells = [
            &self.user_creation_time,
            &self.password_last_used,
            &self.password_last_changed,
            &self.access_key_1_last_rotated,
            &self.access_key_1_last_used_date,
            &self.access_key_2_last_rotated,
            &self.access_key_2_last_used_date,
            &self.cert_1_last_rotated,
            &self.cert_2_last_rotated,
        ];
        cells.into_iter().filter_map(|cell| time(cell).value().copied())
    }

    /// When the user was made.
    pub(super) fn created(&self) -> Known<Timestamp> {
        time(&self.user_creation_time)
    }

    /// The last sign-in with a password, if the row names one.
    pub(super) fn signed_in(&self) -> Option<Timestamp> {
        time(&self.password_last_used).value().copied()
    }

    /// The console password. The root user's cell is always `not_supported`, which says nothing.
    pub(super) fn password(&self) -> Option<ReportCredential> {
        let enabled = flag(&self.password_enabled);
        may_be(&enabled).then(|| ReportCredential {
            slot: 1,
            active: enabled,
            rotated: time(&self.password_last_changed),
            last_used: time(&self.password_last_used),
        })
    }

    /// Whether a second factor is asked for.
    pub(super) fn mfa(&self) -> Known<bool> {
        flag(&self.mfa_active)
    }

    /// The access keys. `access_key_N_active` is FALSE both for an inactive key and for none: the date tells them apart.
    pub(super) fn keys(&self) -> Vec<ReportCredential> {
        let one = (&self.access_key_1_active, &self.access_key_1_last_rotated, &self.access_key_1_last_used_date);
        let two = (&self.access_key_2_active, &self.access_key_2_last_rotated, &self.access_key_2_last_used_date);
        slots([one, two])
    }

    /// The X.509 signing certificates. The report does not say when they were used.
    pub(super) fn certificates(&self) -> Vec<ReportCredential> {
        let unsaid = String::new();
        slots([
            (&self.cert_1_active, &self.cert_1_last_rotated, &unsaid),
            (&self.cert_2_active, &self.cert_2_last_rotated, &unsaid),
        ])
    }
}

fn slots(cells: [(&String, &String, &String); 2]) -> Vec<ReportCredential> {
    let present = (1u8..).zip(cells).filter_map(|(slot, (active, rotated, used))| {
        let (active, rotated) = (flag(active), time(rotated));
        let dated = rotated != Known::Absent && rotated.why_unknown() != Some(UNSAID);
        (may_be(&active) || dated).then(|| ReportCredential { slot, active, rotated, last_used: time(used) })
    });
    present.collect()
}

const UNSAID: &str = "the credential report does not say";

/// Whether a credential is shown to work, or a damaged cell hides whether it does.
fn may_be(active: &Known<bool>) -> bool {
    *active == Known::Value(true) || active.why_unknown() == Some(GARBAGE)
}

const GARBAGE: &str = "the credential report has something else there than AWS writes";

/// A yes or no; unknown where the report says nothing or something else.
fn flag(cell: &str) -> Known<bool> {
    match cell.trim() {
        text if text.eq_ignore_ascii_case("true") => Known::Value(true),
        text if text.eq_ignore_ascii_case("false") => Known::Value(false),
        "N/A" => Known::Value(false),
        "" | "not_supported" => Known::unknown(UNSAID),
        _ => Known::unknown(GARBAGE),
    }
}

fn time(cell: &str) -> Known<Timestamp> {
    match cell.trim() {
        "N/A" | "no_information" => Known::Absent,
        "" | "not_supported" => Known::unknown(UNSAID),
        text => parse_timestamp(text).map_or_else(|_| Known::unknown(GARBAGE), Known::Value),
    }
}

/// The columns that every report has had since certificates came to it; without one its facts would look like none.
const COLUMNS: [&str; 16] = [
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "access_key_1_active",
    "access_key_1_last_rotated",
    "access_key_1_last_used_date",
    "access_key_2_active",
    "access_key_2_last_rotated",
    "access_key_2_last_used_date",
    "cert_1_active",
    "cert_1_last_rotated",
    "cert_2_active",
    "cert_2_last_rotated",
];

impl ReportRow {
    /// Which of its cells holds something else than AWS writes there.
    fn garbage(&self) -> Option<&'static str> {
        let flags = [
            ("password_enabled", &self.password_enabled),
            ("access_key_1_active", &self.access_key_1_active),
            ("access_key_2_active", &self.access_key_2_active),
            ("cert_1_active", &self.cert_1_active),
            ("cert_2_active", &self.cert_2_active),
        ];
        let times = [
            ("user_creation_time", &self.user_creation_time),
            ("password_last_used", &self.password_last_used),
            ("password_last_changed", &self.password_last_changed),
            ("access_key_1_last_rotated", &self.access_key_1_last_rotated),
            ("access_key_1_last_used_date", &self.access_key_1_last_used_date),
            ("access_key_2_last_rotated", &self.access_key_2_last_rotated),
            ("access_key_2_last_used_date", &self.access_key_2_last_used_date),
            ("cert_1_last_rotated", &self.cert_1_last_rotated),
            ("cert_2_last_rotated", &self.cert_2_last_rotated),
        ];
        let bad_flag = flags.into_iter().find(|(_, cell)| flag(cell).why_unknown() == Some(GARBAGE));
        let bad_time = times.into_iter().find(|(_, cell)| time(cell).why_unknown() == Some(GARBAGE));
        bad_flag.or(bad_time).map(|(column, _)| column)
    }
}

/// The rows that can be read, and what is wrong with the others, the header or single cells.
pub(super) fn parse(csv: &[u8]) -> (Vec<ReportRow>, Option<Malformed>) {
    let mut reader = csv::ReaderBuilder::new().from_reader(csv);
    let missing: Vec<&str> = match reader.headers() {
        Ok(headers) => COLUMNS.into_iter().filter(|column| !headers.iter().any(|header| header == *column)).collect(),
        Err(_) => COLUMNS.to_vec(),
    };
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    for (line, row) in (2..).zip(reader.deserialize::<ReportRow>()) {
        match row {
            Ok(row) if row.user.is_empty() || row.arn.is_empty() => {
                let detail = "a row without user or arn; a row of the credential report was expected".to_owned();
                wrong.push(Malformed { line, column: 1, detail });
            }
            Ok(row) => {
                if let Some(column) = row.garbage() {
                    let detail = format!("{column} is not what AWS writes there");
                    wrong.push(Malformed { line, column: 1, detail });
                }
                rows.push(row);
            }
            Err(error) => wrong.push(malformed(&error)),
        }
    }
    (rows, summary(wrong, &missing))
}

/// The first of what is wrong, and how much more there is.
fn summary(wrong: Vec<Malformed>, missing: &[&str]) -> Option<Malformed> {
    let more = wrong.len().saturating_sub(1);
    let header = (!missing.is_empty()).then(|| format!("the header has no column {}", missing.join(", ")));
    let Some(mut first) = wrong.into_iter().next() else {
        return header.map(|detail| Malformed { line: 1, column: 1, detail });
    };
    if more > 0 {
        first.detail.push_str(&format!(" and {more} more rows"));
    }
    if let Some(header) = header {
        first.detail.push_str(&format!("; {header}"));
    }
    Some(first)
}

/// Describes the error without the text of the file.
fn malformed(error: &csv::Error) -> Malformed {
    let line = error.position().map_or(1, csv::Position::line);
    let detail = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} cells where the header has {expected_len}: the row is cut short or damaged")
        }
        csv::ErrorKind::Utf8 { .. } => "the row is not UTF-8".to_owned(),
        _ => "not a row of a credential report".to_owned(),
    };
    Malformed { line, column: 1, detail }
}

#[cfg(test)]
mod tests {
    use super::{Known, parse};

    const HEAD: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,\
access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,cert_1_active,cert_1_last_rotated\n";

    #[test]
    fn cells_mean_what_aws_documents() {
        let csv = format!(
            "{HEAD}<root_account>,arn:aws:iam::123456789012:root,2020-01-01T00:00:00+00:00,not_supported,no_information,not_supported,FALSE,N/A,N/A,FALSE,N/A\n\
             a,arn:aws:iam::123456789012:user/a,2020-01-01T00:00:00Z,TRUE,no_information,2021-01-01T00:00:00+00:00,false,2022-01-01T00:00:00Z,N/A,true,2022-01-01T00:00:00Z\n"
        );
        let (rows, wrong) = parse(csv.as_bytes());
        let wrong = wrong.unwrap();
        assert!(wrong.detail.contains("the header has no column access_key_2_active"), "{}", wrong.detail);
        assert!(rows[0].is_root() && rows[0].password().is_none());
        assert!(rows[0].keys().is_empty() && rows[0].certificates().is_empty());
        let key = &rows[1].keys()[0];
        assert_eq!(key.active, Known::Value(false), "inactive, but there");
        assert_eq!(key.last_used, Known::Absent);
        assert_eq!(rows[1].password().unwrap().last_used, Known::Absent);
        assert_eq!(rows[1].certificates().len(), 1);
        assert!(rows[1].certificates()[0].last_used.why_unknown().is_some());
    }

    #[test]
    fn a_damaged_row_keeps_the_others() {
        let csv = format!("{HEAD}a,arn:x,N/A,,,,,,,,\nb,arn:y,N/A\nc,arn:z,N/A,,,,,,,,\n");
        let (rows, wrong) = parse(csv.as_bytes());
        assert_eq!(rows.len(), 2);
        let wrong = wrong.unwrap();
        assert_eq!(wrong.line, 3);
        assert!(wrong.detail.contains("3 cells where the header has 11"), "{}", wrong.detail);
    }
}
