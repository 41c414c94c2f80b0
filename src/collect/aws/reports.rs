//! The credential reports of one account: which of several counts, and of when it is. It must not turn rows into records.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::report::ReportRow;
use super::site::Origin;
use crate::model::Known;

/// How old a credential report may be for its last uses to count as those of today.
const OF_TODAY: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How old it may be to stand for the lists of keys that nobody gave: a key that was made since is not in it. AWS makes a
/// report anew every four hours (IAM user guide, "Generate credential reports").
const FOR_KEYS: SignedDuration = SignedDuration::from_hours(24);

/// How far the clock of whoever wrote a file may be ahead.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// One report as a file has it.
struct Report {
    rows: Vec<ReportRow>,
    stated: Known<Timestamp>,
    origin: Origin,
}

/// All that were found.
#[derive(Default)]
pub(super) struct Reports(Vec<Report>);

/// The one that counts.
#[derive(Default)]
pub(super) struct Chosen {
    /// Rows by user, without last uses where these may not be those of today.
    pub(super) rows: BTreeMap<String, (ReportRow, Origin)>,
    /// Whether there is one at all.
    pub(super) is_there: bool,
    /// Why its last uses are not those of today: of when it is, in words.
    pub(super) old: Option<String>,
    /// Why it does not stand for lists of keys: of when it is, in words.
    pub(super) no_list: Option<String>,
}

impl Reports {
    /// Takes one more.
    pub(super) fn add(&mut self, rows: Vec<ReportRow>, stated: Known<Timestamp>, origin: Origin) {
        self.0.push(Report { rows, stated, origin });
    }

    /// The newest of them. A CSV does not say when it was made: it is as old as the newest moment in it at most.
    pub(super) fn newest(self, now: Timestamp) -> Chosen {
        let mut all: Vec<(Option<Timestamp>, bool, Report)> = self.0.into_iter().map(|one| one.dated(now)).collect();
        all.sort_by(|a, b| (b.0, b.1).cmp(&(a.0, a.1)).then_with(|| a.2.origin.shown().cmp(b.2.origin.shown())));
        let Some((made, is_stated, report)) = all.into_iter().next() else { return Chosen::default() };
        let age = made.map(|made| now.duration_since(made));
        let told = |made: &Timestamp| match is_stated {
            true => format!("it is of {}", made.strftime("%Y-%m-%d")),
            false => {
                format!(
                    "it does not say when it was made, and nothing in it is newer than {}",
                    made.strftime("%Y-%m-%d")
                )
            }
        };
        let words = made.as_ref().map_or_else(|| "it does not say when it was made".to_owned(), told);
        let is_older = |most: SignedDuration| age.is_none_or(|age| age > most);
        let is_old = is_older(OF_TODAY);
        let rows = report.rows.into_iter().map(|row| if is_old { row.without_uses() } else { row });
        let mut by_user = BTreeMap::new();
        for row in rows {
            by_user.entry(row.user.clone()).or_insert_with(|| (row, report.origin.clone()));
        }
        Chosen {
            rows: by_user,
            is_there: true,
            old: is_old.then(|| words.clone()),
            no_list: is_older(FOR_KEYS).then_some(words),
        }
    }
}

impl Report {
    /// When it was made at the earliest, and whether it says so. A time that is still to come says nothing.
    fn dated(self, now: Timestamp) -> (Option<Timestamp>, bool, Self) {
        let is_past = |moment: &Timestamp| moment.duration_since(now) < AHEAD;
        if let Some(made) = self.stated.value().copied().filter(is_past) {
            return (Some(made), true, self);
        }
        (self.rows.iter().flat_map(ReportRow::moments).filter(is_past).max(), false, self)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::collect::aws::report::parse;

    fn rows(used: &str) -> Vec<ReportRow> {
        let csv = format!(
            "user,arn,user_creation_time,password_last_used\na,arn:aws:iam::123456789012:user/a,2020-01-01T00:00:00Z,{used}\n"
        );
        parse(csv.as_bytes()).0
    }

    fn chosen(of: &[(&str, Option<&str>)]) -> Chosen {
        let mut all = Reports::default();
        for (at, (used, made)) in of.iter().enumerate() {
            let made = made.map_or(Known::unknown("a CSV"), |made| Known::Value(made.parse().unwrap()));
            all.add(rows(used), made, Origin::File(Arc::from(format!("{at}.csv"))));
        }
        all.newest("2026-11-22T12:00:00Z".parse().unwrap())
    }

    #[test]
    fn of_several_the_newest_counts_whatever_its_file_is_called() {
        let of = [("2026-01-01T00:00:00Z", Some("2026-01-02T00:00:00Z")), ("2026-11-21T00:00:00Z", None)];
        let newest = chosen(&of);
        assert_eq!(newest.rows["a"].1.shown(), "1.csv");
        assert!(newest.old.is_none() && newest.rows["a"].0.signed_in().is_some());
        assert!(newest.no_list.is_some(), "a day and a half are enough to make a key");
        assert!(!chosen(&[]).is_there);
    }

    #[test]
    fn a_report_is_of_when_it_says_or_of_the_newest_moment_in_it() {
        let old = chosen(&[("2026-01-01T00:00:00Z", None)]);
        let words = "it does not say when it was made, and nothing in it is newer than 2026-01-01";
        assert_eq!(old.old.as_deref(), Some(words));
        assert!(old.rows["a"].0.signed_in().is_none(), "it may have been used since");
        let fresh = chosen(&[("2026-01-01T00:00:00Z", Some("2026-11-22T09:00:00Z"))]);
        assert_eq!((fresh.old, fresh.no_list), (None, None));
        // What is to come says nothing.
        let wrong = chosen(&[("2026-01-01T00:00:00Z", Some("2027-11-22T09:00:00Z"))]);
        assert_eq!(wrong.old.as_deref(), Some(words));
    }
}
