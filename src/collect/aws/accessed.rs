//! Has IAM say which services identities used: a job for each, which is started, waited for and read. It must not ask
//! about more identities than the user wants.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::stream::{self, StreamExt};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::answer::{Answer, text};
use super::calls::{self, Call};
use super::fetch::{Fetched, failure};
use super::refusal::{Refusal, Why};
use super::services::iam_accessed::{GENERATE, GET};
use super::site::Origin;
use super::thin::Thin;

/// How long one job is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// The two calls of the table.
struct Job {
    start: &'static Call,
    end: &'static Call,
}

/// Asks about these identities, a few at a time, and adds what came to what was fetched before.
pub(super) async fn all(thin: &Thin, whom: &[String], at_once: usize, fetched: &mut Fetched) {
    let named = |operation| calls::all().find(|call| call.operation == operation);
    let (Some(start), Some(end)) = (named(GENERATE), named(GET)) else { return };
    let (job, in_vain) = (Job { start, end }, AtomicBool::new(false));
    let asked: Vec<_> = whom.iter().map(|arn| one(thin, &job, arn, &in_vain)).collect();
    let mut answers: Vec<_> = stream::iter(asked).buffer_unordered(at_once).collect().await;
    answers.sort_by(|a, b| a.0.cmp(b.0));
    for (arn, calls, outcome) in answers {
        fetched.calls += calls;
        match outcome {
            Ok(value) => fetched.answers.push(Answer {
                call: end,
                region: String::new(),
                items: vec![arn.to_owned()],
                value,
                origin: Origin::Api,
            }),
            // It was deleted while the scan went on.
            Err((_, refusal)) if refusal.why == Why::Missing => {}
            Err((call, refusal)) => fetched.failures.push(failure(call, arn.to_owned(), refusal)),
        }
    }
}

type Outcome = Result<Value, (&'static Call, Refusal)>;

async fn one<'w>(thin: &Thin, job: &Job, arn: &'w str, in_vain: &AtomicBool) -> (&'w str, usize, Outcome) {
    if in_vain.load(Ordering::Relaxed) {
        return (arn, 0, Err((job.start, Refusal::unasked("not asked: others were refused"))));
    }
    let mut calls = 0;
    let outcome = run(thin, job, arn, &mut calls).await;
    if let Err((_, refusal)) = &outcome {
        in_vain.fetch_or(refusal.why == Why::Denied || refusal.ends_the_series(), Ordering::Relaxed);
    }
    (arn, calls, outcome)
}

async fn run(thin: &Thin, job: &Job, arn: &str, calls: &mut usize) -> Outcome {
    *calls += 1;
    let started = thin.ask(job.start, "", &[arn.to_owned()]).await.map_err(|refusal| (job.start, refusal))?;
    let id = text(&started, "JobId").to_owned();
    let end = Instant::now() + PATIENCE;
    let mut pause = Duration::from_millis(250);
    loop {
        *calls += 1;
        let answer = thin.ask(job.end, "", std::slice::from_ref(&id)).await.map_err(|refusal| (job.end, refusal))?;
        match text(&answer, "JobStatus") {
            "COMPLETED" => return Ok(answer),
            "FAILED" => return Err((job.end, Refusal::broken("the job failed"))),
            _ if Instant::now() + pause >= end => {
                let detail = format!("the job was not done after {} s", PATIENCE.as_secs());
                return Err((job.end, Refusal::broken(&detail)));
            }
            _ => sleep(pause).await,
        }
        pause = (pause * 2).min(Duration::from_secs(4));
    }
}
