//! Points in time and ages. The clock itself enters the program once, as `now`.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};

const SECONDS_PER_DAY: i64 = 86_400;

/// Reads the forms that providers write: RFC 3339 with `Z` or an offset, without one (taken as UTC), or a bare date.
///
/// # Errors
/// Says what was expected when the text is none of them.
pub fn parse_timestamp(text: &str) -> Result<Timestamp, String> {
    let text = text.trim();
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Ok(timestamp);
    }
    let civil = text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(|date| date.at(0, 0, 0, 0)));
    civil
        .ok()
        .and_then(|civil| civil.to_zoned(jiff::tz::TimeZone::UTC).ok())
        .map(|zoned| zoned.timestamp())
        .ok_or_else(|| format!("'{text}' is not a time (expected a form such as 2026-11-22 or 2026-11-22T08:00:00Z)"))
}

/// Reads exactly `2027-01-31`; other forms of ISO 8601 are more often typing errors where a person writes a day.
pub fn parse_day(text: &str) -> Option<Date> {
    let has_form = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    has_form.then(|| text.parse().ok()).flatten()
}

/// Whole days from `earlier` to `later`; negative when they are the other way round.
pub fn days_between(earlier: Timestamp, later: Timestamp) -> i64 {
    (later.as_second() - earlier.as_second()).div_euclid(SECONDS_PER_DAY)
}

/// The UTC date, `2026-11-22`.
pub fn short_date(timestamp: Timestamp) -> String {
    timestamp.to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
}

/// A span of seconds as people say it: `91 days`, `1 day`, `5 hours`.
pub fn show_age(seconds: i64) -> String {
    let (count, unit) = match seconds.abs() {
        s if s >= SECONDS_PER_DAY => (s / SECONDS_PER_DAY, "day"),
        s if s >= 3_600 => (s / 3_600, "hour"),
        s => (s / 60, "minute"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}
