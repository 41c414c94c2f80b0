//! How long to wait before the next try. It must not wait itself.

use std::time::Duration;

use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};

use super::Response;

/// The first pause after a failure; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(400);
/// The longest pause after a failure.
const LONGEST_BACKOFF: Duration = Duration::from_secs(15);
/// The pause after a 429 that does not say how long: the window of most APIs is a minute.
const SILENT_PAUSE: Duration = Duration::from_secs(20);

/// A random part of a span, so that several clients do not come back at one moment.
pub(crate) fn jitter(most: Duration) -> Duration {
    let mut bytes = [0_u8; 4];
    if SystemRandom::new().fill(&mut bytes).is_err() {
        return most;
    }
    most.mul_f64(f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX))
}

/// The pause after the n-th failure in a row.
pub(super) fn backoff(failures: u32) -> Duration {
    let pause = FIRST_PAUSE.saturating_mul(1 << failures.min(10)).min(LONGEST_BACKOFF);
    pause + jitter(pause / 2)
}

/// The pause that a 429 asks for: `Retry-After` (RFC 9110, 10.2.3), or the moment at which the window ends as Okta
/// writes it (`X-Rate-Limit-Reset`, seconds since 1970). The moment is compared with the server's own clock.
pub(super) fn throttled(answer: &Response) -> Duration {
    let now = answer.date();
    let seconds = answer.header("retry-after").and_then(|text| match text.trim().parse::<u64>() {
        Ok(seconds) => Some(seconds),
        Err(_) => until(http_date(text)?, now?),
    });
    let reset = || {
        let reset: i64 = answer.header("x-rate-limit-reset")?.trim().parse().ok()?;
        until(Timestamp::from_second(reset).ok()?, now?)
    };
    let pause = seconds.or_else(reset).map_or(SILENT_PAUSE, Duration::from_secs);
    pause + Duration::from_millis(200) + jitter(Duration::from_millis(800))
}

fn until(then: Timestamp, now: Timestamp) -> Option<u64> {
    u64::try_from(then.as_second() - now.as_second()).ok()
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
pub(super) fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
    use super::super::Body;
    use super::*;

    fn answer(headers: &[(&'static str, &'static str)]) -> Response {
        let mut map = http::HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, http::HeaderValue::from_static(value));
        }
        Response { status: 429, headers: map, body: Body::new(Vec::new()) }
    }

    #[test]
    fn a_reset_counts_from_the_servers_clock() {
        let date = ("date", "Sun, 22 Nov 2026 12:00:00 GMT");
        assert_eq!(http_date(date.1).unwrap().as_second(), 1_795_348_800);
        let pause = throttled(&answer(&[date, ("x-rate-limit-reset", "1795348830")]));
        assert!((30..32).contains(&pause.as_secs()), "{pause:?}");
        let past = throttled(&answer(&[date, ("x-rate-limit-reset", "1795348000")]));
        assert!((20..22).contains(&past.as_secs()), "{past:?}");
        let asked = throttled(&answer(&[date, ("retry-after", "3"), ("x-rate-limit-reset", "1795348830")]));
        assert!((3..5).contains(&asked.as_secs()), "{asked:?}");
        let dated = throttled(&answer(&[date, ("retry-after", "Sun, 22 Nov 2026 12:00:07 GMT")]));
        assert!((7..9).contains(&dated.as_secs()), "{dated:?}");
    }

    #[test]
    fn pauses_grow_and_have_an_end() {
        assert!(backoff(0) < Duration::from_millis(601));
        assert!(backoff(3) >= Duration::from_millis(3200));
        assert!(backoff(60) <= LONGEST_BACKOFF * 3 / 2);
    }
}
