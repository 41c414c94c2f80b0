//! Runs collectors side by side and keeps what each sent, whatever becomes of it.
//!
//! INVARIANT: one failure is one hole. A collector that returns an error, panics, hangs past its deadline or is
//! interrupted keeps what it sent, and no other collector loses anything.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, StreamExt};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::{CollectError, Collector, Context, Sink};
use crate::model::{CoverageEntry, Outcome, Record, Shared};

/// How many records may wait between a collector and the run.
const CHANNEL_CAPACITY: usize = 1024;

/// How many targets are read at once. An organisation has thousands, and each takes memory and connections.
const AT_ONCE: usize = 8;

/// How long a collector may take, past its deadline, to send what it kept back: a tenth more, and no more than this.
const LONGEST_GRACE: Duration = Duration::from_secs(10);

/// Tells the run that the user wants to stop. Setting it to `true` ends every collector.
pub type Interrupt = watch::Receiver<bool>;

/// What a run brought home.
#[derive(Debug, Default)]
pub struct Gathered {
    /// Every record of every collector, in no particular order.
    pub records: Vec<Record>,
    /// The targets that were read to their end, as `collector target`.
    pub finished: Vec<String>,
    /// The targets that were cut short by the interrupt.
    pub interrupted: Vec<String>,
}

/// Runs every target of every collector, each with its own deadline.
pub async fn run(
    collectors: &[Arc<dyn Collector>],
    context: &Context,
    deadline: Duration,
    interrupt: &Interrupt,
) -> Gathered {
    let mut targets = Vec::new();
    for collector in collectors {
        for target in collector.targets() {
            targets.push(run_target(Arc::clone(collector), target, context.clone(), deadline, interrupt.clone()));
        }
    }
    let mut gathered = Gathered::default();
    let mut ended = stream::iter(targets).buffer_unordered(AT_ONCE);
    while let Some((name, records, was_interrupted)) = ended.next().await {
        gathered.records.extend(records);
        let list = if was_interrupted { &mut gathered.interrupted } else { &mut gathered.finished };
        list.push(name);
    }
    gathered.finished.sort();
    gathered.interrupted.sort();
    gathered
}

enum End {
    Finished,
    TimedOut,
    Interrupted,
}

async fn run_target(
    collector: Arc<dyn Collector>,
    target: String,
    context: Context,
    deadline: Duration,
    interrupt: Interrupt,
) -> (String, Vec<Record>, bool) {
    let (sink, receiver) = Sink::channel(CHANNEL_CAPACITY);
    let sink = sink.until(Instant::now() + deadline);
    let task = {
        let (collector, target) = (Arc::clone(&collector), target.clone());
        tokio::spawn(async move { collector.collect(&target, &context, &sink).await })
    };
    let mut records = Vec::new();
    let begun = Instant::now();
    let end = drain(receiver, &mut records, deadline + (deadline / 10).min(LONGEST_GRACE), interrupt).await;
    let late = format!("not finished after {} s and stopped", deadline.as_secs());
    let late = ("everything not listed".to_owned(), Outcome::Partial, late, Some("raise --deadline".to_owned()));
    let hole = match end {
        End::Finished => failure(task, (begun.elapsed() >= deadline).then_some(late)).await,
        End::TimedOut => {
            task.abort();
            Some(late)
        }
        End::Interrupted => {
            task.abort();
            Some(("everything not listed".to_owned(), Outcome::Partial, "interrupted by the user".to_owned(), None))
        }
    };
    if let Some((what, outcome, detail, remedy)) = hole {
        for place in places(&target, &records) {
            let mut entry = CoverageEntry::hole(collector.name(), &place, &what, outcome, detail.clone());
            entry.remedy.clone_from(&remedy);
            records.push(Record::Coverage(entry.blinds(collector.facts())));
        }
    } else if records.is_empty() {
        let entry = CoverageEntry::hole(collector.name(), &target, "everything", Outcome::Failed, "nothing was read");
        records.push(Record::Coverage(entry.blinds(collector.facts())));
    }
    (format!("{} {target}", collector.name()), records, matches!(end, End::Interrupted))
}

/// What a hole in a target is a hole in: the accounts or clusters that were seen behind it, which are what rules ask
/// about, or the target itself while none was.
fn places(target: &str, records: &[Record]) -> BTreeSet<String> {
    let tenants: BTreeSet<String> = records
        .iter()
        .filter_map(|record| match record {
            Record::Identity(identity) => Some(identity.tenant.clone()),
            _ => None,
        })
        .collect();
    if tenants.is_empty() { BTreeSet::from([target.to_owned()]) } else { tenants }
}

/// Takes records until the collector is done, late or interrupted; what is already in the channel is always kept.
async fn drain(
    mut receiver: mpsc::Receiver<Record>,
    records: &mut Vec<Record>,
    deadline: Duration,
    mut interrupt: Interrupt,
) -> End {
    let late = tokio::time::sleep_until(Instant::now() + deadline);
    tokio::pin!(late);
    let mut shared = Shared::default();
    let end = loop {
        tokio::select! {
            record = receiver.recv() => match record {
                Some(mut record) => {
                    shared.share(&mut record);
                    records.push(record);
                }
                None => break End::Finished,
            },
            () = &mut late => break End::TimedOut,
            Ok(_) = interrupt.wait_for(|stop| *stop) => break End::Interrupted,
        }
    };
    receiver.close();
    while let Ok(record) = receiver.try_recv() {
        records.push(record);
    }
    end
}

/// What was not read, how, why, and the remedy.
type Hole = (String, Outcome, String, Option<String>);

/// How a finished task failed, if it did; `late` is what to say where it stopped since its time was over. A panic's message
/// is not shown: it may quote what was being read.
async fn failure(task: JoinHandle<Result<(), CollectError>>, late: Option<Hole>) -> Option<Hole> {
    match task.await {
        Ok(Ok(())) => None,
        Ok(Err(CollectError::Hole { what, outcome, detail, remedy })) => Some((what, outcome, detail, remedy)),
        Ok(Err(CollectError::Stopped)) => Some(late.unwrap_or_else(|| {
            ("everything not listed".to_owned(), Outcome::Partial, "stopped early".to_owned(), None)
        })),
        Err(_) => Some((
            "everything not listed".to_owned(),
            Outcome::Failed,
            "the collector crashed; this is a bug in nonhuman".to_owned(),
            Some("report it with the command line; what was read before is kept".to_owned()),
        )),
    }
}
