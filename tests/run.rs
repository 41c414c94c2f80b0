//! Promise 6: one failure is one hole. Collectors that fail in every way keep what they sent and cost nobody else
//! anything.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use nonhuman::collect::{CollectError, Collector, Context, Gathered, Sink, run};
use nonhuman::model::{CoverageEntry, FactKind, FingerprintKey, Outcome, Record};
use tokio::sync::watch;

#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Healthy,
    Panics,
    Refused,
    Hangs,
    Silent,
}

struct Fake {
    name: &'static str,
    manner: Manner,
}

#[async_trait]
impl Collector for Fake {
    fn name(&self) -> &'static str {
        self.name
    }

    fn facts(&self) -> &'static [FactKind] {
        &[FactKind::Identities]
    }

    fn targets(&self) -> Vec<String> {
        vec!["target".to_owned()]
    }

    async fn collect(&self, target: &str, _context: &Context, sink: &Sink) -> Result<(), CollectError> {
        if self.manner == Manner::Silent {
            return Ok(());
        }
        for number in 0..100 {
            let what = format!("{} {number}", self.name);
            sink.send(Record::Coverage(CoverageEntry::complete(self.name, target, &what, 1))).await?;
        }
        match self.manner {
            Manner::Panics => panic!("with a secret: hunter2-hunter2"),
            Manner::Refused => Err(CollectError::refused("the rest", "403").with_remedy("allow it")),
            Manner::Hangs => std::future::pending().await,
            _ => {
                for number in 100..200 {
                    let what = format!("{} {number}", self.name);
                    sink.send(Record::Coverage(CoverageEntry::complete(self.name, target, &what, 1))).await?;
                }
                Ok(())
            }
        }
    }
}

fn context() -> Context {
    Context { now: Timestamp::UNIX_EPOCH, fingerprint_key: FingerprintKey::default(), progress: Arc::new(|_| {}) }
}

fn of<'a>(gathered: &'a Gathered, name: &str) -> (usize, Vec<&'a CoverageEntry>) {
    let entries = gathered.records.iter().filter_map(|record| match record {
        Record::Coverage(entry) if entry.collector == name => Some(entry),
        _ => None,
    });
    let (holes, complete): (Vec<_>, Vec<_>) = entries.partition(|entry| entry.outcome.is_hole());
    (complete.len(), holes)
}

fn fakes(list: &[(&'static str, Manner)]) -> Vec<Arc<dyn Collector>> {
    list.iter().map(|(name, manner)| Arc::new(Fake { name, manner: *manner }) as Arc<dyn Collector>).collect()
}

#[tokio::test(start_paused = true)]
async fn every_failure_is_one_hole_and_costs_nothing_else() {
    let collectors = fakes(&[
        ("healthy", Manner::Healthy),
        ("panics", Manner::Panics),
        ("refused", Manner::Refused),
        ("hangs", Manner::Hangs),
        ("silent", Manner::Silent),
    ]);
    let (_stop, interrupt) = watch::channel(false);
    let gathered = run(&collectors, &context(), Duration::from_secs(60), &interrupt).await;

    let (complete, holes) = of(&gathered, "healthy");
    assert_eq!((complete, holes.len()), (200, 0));
    for (name, kept, outcome, word) in [
        ("panics", 100, Outcome::Failed, "crashed"),
        ("refused", 100, Outcome::Refused, "403"),
        ("hangs", 100, Outcome::Partial, "60 s"),
        ("silent", 0, Outcome::Failed, "nothing was read"),
    ] {
        let (complete, holes) = of(&gathered, name);
        assert_eq!(complete, kept, "{name} keeps what it sent");
        let [hole] = holes.as_slice() else { panic!("{name} must be one hole, is {holes:?}") };
        assert_eq!(hole.outcome, outcome, "{name}");
        assert!(hole.detail.as_deref().unwrap_or_default().contains(word), "{name}: {:?}", hole.detail);
        assert_eq!(hole.blinds, [FactKind::Identities], "{name} says what is unknown now");
    }
    assert!(!format!("{gathered:?}").contains("hunter2"), "a panic's message may quote a secret");
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_keeps_what_was_sent_and_says_what_is_complete() {
    let collectors = fakes(&[("healthy", Manner::Healthy), ("hangs", Manner::Hangs)]);
    let (stop, interrupt) = watch::channel(false);
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(5)).await;
        stop.send(true).expect("the run listens");
        std::future::pending::<()>().await;
    });
    let gathered = run(&collectors, &context(), Duration::from_secs(3600), &interrupt).await;
    assert_eq!(gathered.ended.finished, ["healthy target"]);
    assert_eq!(gathered.ended.interrupted, ["hangs target"]);
    assert_eq!(of(&gathered, "hangs").0, 100);
}
