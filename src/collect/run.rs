//! Runs collectors side by side and hands on what each sent, whatever becomes of it.
//!
//! INVARIANT: one failure is one hole. A collector that returns an error, panics, hangs past its deadline or is
//! interrupted keeps what it sent, and no other collector loses anything.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, StreamExt};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::{CollectError, Collector, Context, Sink};
use crate::model::{CoverageEntry, Outcome, Record, Shared};

/// How many records may wait between a collector and the run: a thousand of a cluster's would be several megabytes.
const CHANNEL_CAPACITY: usize = 256;

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
    /// What became of the targets.
    pub ended: Ended,
}

/// What became of the targets of a run.
#[derive(Debug, Default)]
pub struct Ended {
    /// The targets that were read to their end, as `collector target`.
    pub finished: Vec<String>,
    /// The targets that were cut short by the interrupt.
    pub interrupted: Vec<String>,
}

/// Runs every target of every collector, each with its own deadline, and keeps every record.
pub async fn run(
    collectors: &[Arc<dyn Collector>],
    context: &Context,
    deadline: Duration,
    interrupt: &Interrupt,
) -> Gathered {
    let (mut records, mut shared) = (Vec::new(), Shared::default());
    let keep = |mut record: Record| {
        shared.share(&mut record);
        records.push(record);
    };
    let ended = run_into(collectors, context, deadline, interrupt, keep).await;
    Gathered { records, ended }
}

/// Runs every target of every collector, each with its own deadline. Each record is handed on as it comes, in no
/// particular order.
pub async fn run_into(
    collectors: &[Arc<dyn Collector>],
    context: &Context,
    deadline: Duration,
    interrupt: &Interrupt,
    keep: impl FnMut(Record),
) -> Ended {
    let keep = RefCell::new(keep);
    let mut targets = Vec::new();
    for collector in collectors {
        for target in collector.targets() {
            let keep = |record| (keep.borrow_mut())(record);
            targets.push(run_target(Arc::clone(collector), target, context.clone(), deadline, interrupt.clone(), keep));
        }
    }
    let mut ended = Ended::default();
    let mut running = stream::iter(targets).buffer_unordered(AT_ONCE);
    while let Some((name, was_interrupted)) = running.next().await {
        let list = if was_interrupted { &mut ended.interrupted } else { &mut ended.finished };
        list.push(name);
    }
    ended.finished.sort();
    ended.interrupted.sort();
    ended
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
    keep: impl Fn(Record),
) -> (String, bool) {
    let (sink, receiver) = Sink::channel(CHANNEL_CAPACITY);
    // One moment for both: what the collector takes for its end must not come before what is taken for it here.
    let begun = Instant::now();
    let sink = sink.until(begun + deadline);
    let task = {
        let (collector, target) = (Arc::clone(&collector), target.clone());
        tokio::spawn(async move { collector.collect(&target, &context, &sink).await })
    };
    let mut seen = Seen::default();
    let patience = deadline + (deadline / 10).min(LONGEST_GRACE);
    let end = drain(receiver, |record| keep(seen.pass(record)), patience, interrupt).await;
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
        for place in seen.places(&target) {
            let mut entry = CoverageEntry::hole(collector.name(), &place, &what, outcome, detail.clone());
            entry.remedy.clone_from(&remedy);
            keep(Record::Coverage(entry.blinds(collector.facts())));
        }
    } else if !seen.anything {
        let entry = CoverageEntry::hole(collector.name(), &target, "everything", Outcome::Failed, "nothing was read");
        keep(Record::Coverage(entry.blinds(collector.facts())));
    }
    (format!("{} {target}", collector.name()), matches!(end, End::Interrupted))
}

/// What came of a target so far.
#[derive(Default)]
struct Seen {
    anything: bool,
    /// The accounts or clusters of identities.
    tenants: BTreeSet<String>,
}

impl Seen {
    fn pass(&mut self, record: Record) -> Record {
        self.anything = true;
        if let Record::Identity(identity) = &record
            && !self.tenants.contains(&identity.tenant)
        {
            self.tenants.insert(identity.tenant.clone());
        }
        record
    }

    /// What a hole in the target is a hole in: the accounts or clusters that were seen behind it, which are what rules
    /// ask about, or the target itself while none was.
    fn places(self, target: &str) -> BTreeSet<String> {
        if self.tenants.is_empty() { BTreeSet::from([target.to_owned()]) } else { self.tenants }
    }
}

/// Takes records until the collector is done, late or interrupted; what is already in the channel is always kept.
async fn drain(
    mut receiver: mpsc::Receiver<Record>,
    mut keep: impl FnMut(Record),
    deadline: Duration,
    mut interrupt: Interrupt,
) -> End {
    let late = tokio::time::sleep_until(Instant::now() + deadline);
    tokio::pin!(late);
    let end = loop {
        tokio::select! {
            record = receiver.recv() => match record {
                Some(record) => keep(record),
                None => break End::Finished,
            },
            () = &mut late => break End::TimedOut,
            Ok(_) = interrupt.wait_for(|stop| *stop) => break End::Interrupted,
        }
    };
    receiver.close();
    while let Ok(record) = receiver.try_recv() {
        keep(record);
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
