//! Asks every call of the table: first those that list, then those about what was listed, a few at a time. It must not
//! read what the answers say.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures::stream::{self, StreamExt};
use serde_json::Value;

use super::answer::{Answer, each_at};
use super::calls::{self, Call, Per, Wire};
use super::refusal::{Refusal, Why};
use super::site::Origin;
use super::thin::Thin;
use super::visits::Failure;

/// How many calls are under way at once.
pub(super) const AT_ONCE: usize = 16;

/// After so many refusals of one call without a single answer the others of its series are not asked.
const IN_VAIN: usize = 8;

/// The call that lists regions; it is asked before all others.
const REGIONS: &str = "describe-regions";

/// The regions that the account has switched on, or why they are not known.
pub(super) async fn regions(thin: &Thin) -> Result<Vec<String>, Refusal> {
    let Some(call) = calls::all().find(|call| call.operation == REGIONS) else { return Ok(Vec::new()) };
    let answer = thin.ask(call, &thin.region(), &[]).await?;
    let names = each_at(&answer, "/Regions/*/RegionName").into_iter().filter_map(Value::as_str);
    Ok(names.map(str::to_owned).collect())
}

/// What to ask one call.
struct Task {
    call: &'static Call,
    region: String,
    items: Vec<String>,
}

/// How the calls of one name went so far.
#[derive(Default)]
struct Series {
    answered: AtomicUsize,
    refused: AtomicUsize,
}

/// The users that calls about single users are made for.
pub(super) struct Users {
    /// Those who may use git repositories.
    pub(super) of_git: Vec<String>,
    /// Those of whom the credential report shows a signing certificate.
    pub(super) of_certificates: Vec<String>,
}

impl Users {
    fn about(&self, operation: &str) -> &[String] {
        if operation == "list-signing-certificates" { &self.of_certificates } else { &self.of_git }
    }
}

/// What came back.
#[derive(Default)]
pub(super) struct Fetched {
    /// The answers.
    pub(super) answers: Vec<Answer>,
    /// The calls that failed.
    pub(super) failures: Vec<Failure>,
    /// How many requests were made, not counting pages and retries.
    pub(super) calls: usize,
}

/// Asks everything: in these regions, about these users.
pub(super) async fn all(
    thin: &Thin,
    regions: &[String],
    users: &Users,
    at_once: usize,
    progress: &(dyn Fn(&str) + Send + Sync),
) -> Fetched {
    let series = Mutex::new(BTreeMap::new());
    let mut fetched = Fetched::default();
    let mut tasks = Vec::new();
    let in_table = calls::all().filter(|call| !matches!(call.wire, Wire::Sdk) && call.operation != REGIONS);
    for call in in_table {
        match call.per {
            Per::Account => tasks.push(Task { call, region: String::new(), items: Vec::new() }),
            Per::Region => {
                tasks.extend(regions.iter().map(|region| Task { call, region: region.clone(), items: Vec::new() }));
            }
            Per::Each { of: "get-account-authorization-details", .. } => {
                let about = users.about(call.operation).iter();
                tasks.extend(about.map(|user| Task { call, region: String::new(), items: vec![user.clone()] }));
            }
            Per::Each { .. } => continue,
        }
    }
    while !tasks.is_empty() {
        fetched.calls += tasks.len();
        progress(&format!("{} calls to AWS services", fetched.calls));
        let from = fetched.answers.len();
        run(thin, std::mem::take(&mut tasks), at_once, &series, &mut fetched).await;
        tasks = following(&fetched.answers[from..]);
    }
    // Where no name at all can be looked up, it is the network, not the region.
    if fetched.answers.is_empty() {
        fetched.failures.iter_mut().for_each(|failure| failure.absent = false);
    }
    fetched.failures.sort_by(|a, b| (a.call.operation, &a.place).cmp(&(b.call.operation, &b.place)));
    fetched
}

/// Whether a host has no address: the way in which a region says that it does not have a service.
fn is_unknown_host(detail: &str) -> bool {
    let lower = detail.to_lowercase();
    ["dns error", "failed to lookup", "name or service not known", "no such host"]
        .iter()
        .any(|sign| lower.contains(sign))
}

async fn run(
    thin: &Thin,
    tasks: Vec<Task>,
    at_once: usize,
    series: &Mutex<BTreeMap<(&'static str, &'static str), Arc<Series>>>,
    fetched: &mut Fetched,
) {
    let asked = tasks.into_iter().map(|task| {
        let key = (task.call.service, task.call.operation);
        let mut known = series.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let of_call = Arc::clone(known.entry(key).or_default());
        async move {
            let outcome = one(thin, &task, &of_call).await;
            (task, outcome)
        }
    });
    let asked: Vec<_> = asked.collect();
    let mut answers = stream::iter(asked).buffer_unordered(at_once);
    let mut wave = Vec::new();
    while let Some((task, outcome)) = answers.next().await {
        let Task { call, region, items } = task;
        match outcome {
            Ok(value) => wave.push(Answer { call, region, items, value, origin: Origin::Api }),
            // There is none of it, which is an answer.
            Err(refusal) if refusal.why == Why::Missing => {
                wave.push(Answer { call, region, items, value: Value::Null, origin: Origin::Api });
            }
            Err(refusal) => {
                let place = items.last().cloned().filter(|item| !item.is_empty()).unwrap_or_else(|| region.clone());
                fetched.failures.push(failure(call, place, refusal));
            }
        }
    }
    // In the order of the table, whatever came first.
    let order =
        |answer: &Answer| (answer.call.service, answer.call.operation, answer.region.clone(), answer.items.clone());
    wave.sort_by_key(order);
    fetched.answers.extend(wave);
}

/// A call that was not answered, with what the user can do.
pub(super) fn failure(call: &'static Call, place: String, refusal: Refusal) -> Failure {
    let remedy = match refusal.why {
        Why::Denied => format!("allow {}; nonhuman permissions aws prints all that is needed", call.action),
        _ => refusal.remedy(call.action),
    };
    let absent = refusal.why == Why::Unreachable && is_unknown_host(&refusal.detail);
    let (outcome, detail) = (refusal.outcome(), refusal.detail);
    Failure { call, place, outcome, detail, remedy, absent }
}

async fn one(thin: &Thin, task: &Task, series: &Series) -> Result<Value, Refusal> {
    let refused = series.refused.load(Ordering::Relaxed);
    if refused >= IN_VAIN && series.answered.load(Ordering::Relaxed) == 0 {
        return Err(Refusal::unasked(&format!("not asked: {refused} others were refused")));
    }
    let outcome = thin.ask(task.call, &task.region, &task.items).await;
    match &outcome {
        Err(refusal) if refusal.why == Why::Denied => series.refused.fetch_add(1, Ordering::Relaxed),
        Err(_) => 0,
        Ok(_) => series.answered.fetch_add(1, Ordering::Relaxed),
    };
    outcome
}

/// What is to be asked about that these answers list.
fn following(answers: &[Answer]) -> Vec<Task> {
    let mut tasks = Vec::new();
    for answer in answers {
        for call in calls::all() {
            let Per::Each { name, .. } = call.per else { continue };
            if !call.parent().is_some_and(|parent| parent.is(answer.call)) {
                continue;
            }
            let names: Vec<String> =
                each_at(&answer.value, name).into_iter().filter_map(|name| Some(name.as_str()?.to_owned())).collect();
            tasks.extend(about(call, &calls::newest(call, names), answer));
        }
    }
    tasks
}

fn about(call: &'static Call, names: &[String], answer: &Answer) -> Vec<Task> {
    /// The most that a call takes that is asked about several at once (CodeBuild API reference, `BatchGetProjects`).
    const BATCH: usize = 100;
    let task = |items: Vec<String>| Task { call, region: answer.region.clone(), items };
    if call.item.ends_with("[]") {
        return names.chunks(BATCH).map(|chunk| task(chunk.to_vec())).collect();
    }
    names.iter().map(|name| task(answer.items.iter().cloned().chain([name.clone()]).collect())).collect()
}
