//! Where and when an answer was seen: the account, the scan's `now`, the call or file. It must not look into answers.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::NAME;
use super::arn::Account;
use super::export::Tag;
use crate::model::{CoverageEntry, Evidence, Known, Labels, Location, Outcome, Urn, Usage, parse_timestamp};

/// IAM tracks the last use of roles over the trailing 400 days (IAM user guide, "Refine permissions using last accessed
/// information").
const ROLE_TRACKING: SignedDuration = SignedDuration::from_hours(400 * 24);

/// Since when IAM tracks the last use of access keys: 2015-04-22 (IAM user guide, credential report).
const KEYS_TRACKED_SINCE: i64 = 1_429_660_800;

/// Since when IAM tracks the last use of passwords: 2014-10-20 (IAM user guide, credential report).
const PASSWORDS_TRACKED_SINCE: i64 = 1_413_763_200;

/// Where an answer came from.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    /// The API itself.
    #[cfg_attr(not(feature = "aws"), expect(dead_code, reason = "only the live collector asks the API"))]
    Api,
    /// A file, as it was found.
    File(Arc<str>),
}

impl Origin {
    /// The file, or the API.
    pub(super) fn shown(&self) -> &str {
        match self {
            Origin::Api => "the API",
            Origin::File(file) => file,
        }
    }
}

/// One account at one point in time.
#[derive(Clone, Debug)]
pub(super) struct Site {
    /// The account.
    pub(super) account: Account,
    /// The scan's `now`.
    pub(super) now: Timestamp,
}

impl Site {
    /// Evidence for something in an answer: `call` is used for live answers, `object` for files.
    pub(super) fn evidence(&self, origin: &Origin, call: &str, object: &str) -> Evidence {
        let location = match origin {
            Origin::Api => Location::Api { call: call.into(), resource: self.account.id.clone().into() },
            Origin::File(file) => Location::Export { file: file.to_string().into(), object: object.into() },
        };
        Evidence { observed: self.now, collector: NAME.into(), location }
    }

    /// Says that something of the account was read to its end.
    pub(super) fn complete(&self, what: &str, count: u64) -> CoverageEntry {
        CoverageEntry::complete(NAME, &self.account.id, what, count)
    }

    /// Says that something of the account was not read, or not to its end.
    pub(super) fn hole(&self, what: &str, outcome: Outcome, detail: impl Into<String>) -> CoverageEntry {
        CoverageEntry::hole(NAME, &self.account.id, what, outcome, detail)
    }

    /// The last use of a role. `{}` means none in the tracking period, an absent field means that nobody asked.
    pub(super) fn role_use(
        &self,
        of: &Urn,
        last: Known<Timestamp>,
        created: &Known<Timestamp>,
        seen: Evidence,
    ) -> Usage {
        let since = self.now.checked_sub(ROLE_TRACKING).unwrap_or(Timestamp::MIN);
        usage(of, last, horizon(created, since), "RoleLastUsed", seen)
    }

    /// The last use of an access key.
    pub(super) fn key_use(
        &self,
        of: &Urn,
        last: Known<Timestamp>,
        created: &Known<Timestamp>,
        source: &str,
        seen: Evidence,
    ) -> Usage {
        usage(of, last, horizon(created, instant(KEYS_TRACKED_SINCE)), source, seen)
    }

    /// The last use of a password, as the credential report has it.
    pub(super) fn password_use(
        &self,
        of: &Urn,
        last: Known<Timestamp>,
        set: &Known<Timestamp>,
        seen: Evidence,
    ) -> Usage {
        usage(of, last, horizon(set, instant(PASSWORDS_TRACKED_SINCE)), "credential report", seen)
    }

    /// As [`Self::password_use`], where only the making of its user is known.
    pub(super) fn password_use_since(
        &self,
        of: &Urn,
        last: Known<Timestamp>,
        user: &Known<Timestamp>,
        seen: Evidence,
    ) -> Usage {
        let tracked = instant(PASSWORDS_TRACKED_SINCE);
        let since = user.value().map_or(tracked, |made| tracked.max(*made));
        usage(of, last, Some(since), "credential report", seen)
    }
}

impl Site {
    /// A use that an event shows.
    pub(super) fn event(&self, of: &Urn, at: Timestamp, seen: Evidence) -> Usage {
        usage(of, Known::Value(at), None, "CloudTrail", seen)
    }
}

fn usage(of: &Urn, last: Known<Timestamp>, horizon: Option<Timestamp>, source: &str, evidence: Evidence) -> Usage {
    Usage { of: of.clone(), last, horizon, source: source.into(), evidence }
}

fn instant(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// What was made after tracking began is seen for its whole life.
fn horizon(created: &Known<Timestamp>, tracked_since: Timestamp) -> Option<Timestamp> {
    let whole_life = created.value().is_some_and(|created| *created >= tracked_since);
    (!whole_life).then_some(tracked_since)
}

/// A time as an answer has it.
pub(super) fn time(text: Option<&String>) -> Known<Timestamp> {
    match text {
        None => Known::unknown("the answer does not say"),
        Some(text) => {
            parse_timestamp(text).map_or_else(|_| Known::unknown("what the answer has is not a time"), Known::Value)
        }
    }
}

/// Tags by key.
pub(super) fn labels(tags: &[Tag]) -> Labels {
    tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect()
}

/// The first few of a list, for a reader: `a, b, c and 4 more`.
pub(super) fn some_of<T: AsRef<str>>(names: &[T]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<&str> = names.iter().take(SHOWN).map(AsRef::as_ref).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
