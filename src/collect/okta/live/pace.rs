//! Keeps below Okta's rate limits, so that no request is wasted on a 429, and says how long it will take.
//! Source: Okta, "Rate limits": each group of paths has a number of requests a minute, which every answer states.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::collect::http::{OnWait, Response, jitter};

/// A window of Okta's limits.
const WINDOW: Duration = Duration::from_secs(60);

/// What is left of one group of paths.
struct Bucket {
    limit: u64,
    left: u64,
    resets: Instant,
}

/// Paces requests by what the answers say is left.
pub(super) struct Pace {
    buckets: Mutex<BTreeMap<&'static str, Bucket>>,
    to_go: Mutex<u64>,
    on_wait: OnWait,
}

/// The group that a path is counted in.
fn group(path: &str) -> &'static str {
    const GROUPS: [&str; 9] = [
        "/api/v1/apps",
        "/api/v1/users/",
        "/api/v1/users",
        "/api/v1/groups",
        "/api/v1/iam",
        "/api/v1/logs",
        "/api/v1/policies",
        "/oauth2/v1/clients",
        "/integrations/",
    ];
    GROUPS.into_iter().find(|group| path.starts_with(group)).unwrap_or("/")
}

impl Pace {
    pub(super) fn new(on_wait: OnWait) -> Self {
        Self { buckets: Mutex::default(), to_go: Mutex::new(0), on_wait }
    }

    /// Says that so many requests are still to be made.
    pub(super) fn expect(&self, requests: u64) {
        let mut to_go = self.to_go.lock().unwrap_or_else(PoisonError::into_inner);
        *to_go = to_go.saturating_add(requests);
    }

    /// Waits until a request for this path may be made.
    pub(super) async fn wait(&self, path: &str) {
        while let Some((pause, limit)) = self.take(path) {
            let to_go = *self.to_go.lock().unwrap_or_else(PoisonError::into_inner);
            let minutes = to_go.div_ceil(limit.max(1));
            let estimate =
                if to_go > 1 { format!("; {to_go} requests to go, about {minutes} min") } else { String::new() };
            let seconds = pause.as_secs().max(1);
            (self.on_wait)(&format!("okta: {limit} requests a minute are allowed; waiting {seconds} s{estimate}"));
            tokio::time::sleep(pause).await;
        }
        let mut to_go = self.to_go.lock().unwrap_or_else(PoisonError::into_inner);
        *to_go = to_go.saturating_sub(1);
    }

    /// Takes one request of what is left; or says how long to wait, and how many are allowed a minute.
    fn take(&self, path: &str) -> Option<(Duration, u64)> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.get_mut(group(path))?;
        let now = Instant::now();
        if bucket.resets <= now {
            bucket.left = bucket.limit;
            bucket.resets = now + WINDOW;
        }
        if bucket.left == 0 {
            return Some((bucket.resets - now + jitter(Duration::from_millis(700)), bucket.limit));
        }
        bucket.left -= 1;
        None
    }

    /// Learns from an answer.
    pub(super) fn learn(&self, path: &str, answer: &Response) {
        let number = |name: &str| answer.header(name).and_then(|text| text.trim().parse::<u64>().ok());
        let (Some(limit), Some(left), Some(reset)) =
            (number("x-rate-limit-limit"), number("x-rate-limit-remaining"), number("x-rate-limit-reset"))
        else {
            return;
        };
        let date = answer.date().and_then(|date| u64::try_from(date.as_second()).ok());
        let until = date.map_or(WINDOW, |date| Duration::from_secs(reset.saturating_sub(date))).min(WINDOW * 2);
        let now = Instant::now();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let resets = now + until;
        match buckets.get_mut(group(path)) {
            // Answers come out of order: within one window the smaller number is the newer.
            Some(bucket) if bucket.resets > now && resets <= bucket.resets + Duration::from_secs(2) => {
                bucket.left = bucket.left.min(left);
                bucket.limit = limit;
            }
            Some(bucket) => *bucket = Bucket { limit, left, resets },
            None => {
                buckets.insert(group(path), Bucket { limit, left, resets });
            }
        }
    }
}
