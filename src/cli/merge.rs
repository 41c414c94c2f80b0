//! `nonhuman merge`: one report from what many machines collected.

use std::rc::Rc;

use clap::Args;
use jiff::SignedDuration;

use super::arguments::{Global, Reporting};
use super::baseline::Searched;
use super::scan::Judging;
use super::{Failure, gather};
use crate::collect::shard::{Manifest, Merged, PartError, Store, Together, Union, is_manifest};
use crate::config::{self, Config};
use crate::exit::Exit;
use crate::model::{CoverageEntry, FactKind, Outcome, Record, SubjectKind};

/// `nonhuman merge`
#[derive(Debug, Args)]
pub struct Merge {
    /// Folders or buckets that `collect --shard … --parts PLACE` wrote into (s3://, gs://, az://), or manifests (.shard.json)
    #[arg(value_name = "PARTS", required = true)]
    parts: Vec<String>,
    /// Judge ages as of this time, such as 2026-11-22 [default: that of the newest shard]
    #[arg(long, value_name = "TIME", env = "NONHUMAN_NOW", help_heading = "General")]
    now: Option<String>,
    /// Do not use shards that are older than the newest one by more than so many hours: they are of another run
    #[arg(long, value_name = "HOURS", default_value_t = 12, value_parser = clap::value_parser!(i64).range(0..=87_600))]
    within: i64,
    #[command(flatten)]
    reporting: Reporting,
}

pub(super) fn run(arguments: &Merge, global: &Global, config: &Config) -> Result<Exit, Failure> {
    let judging = Judging::new(SubjectKind::ALL, &arguments.reporting, global, config)?;
    let mut union = Union::default();
    let mut broken = Vec::new();
    for (store, name) in manifests(&arguments.parts, &mut broken)? {
        match read(&store, &name) {
            Ok(brought) => union = union.with(brought),
            Err(error) => broken.push(hole(&error)),
        }
    }
    let together =
        Together { version: env!("CARGO_PKG_VERSION"), within: SignedDuration::from_hours(arguments.within) };
    let Merged { mut records, inputs, now } = union.merged(together);
    drop(union);
    records.extend(broken.into_iter().map(Record::Coverage));
    let now = match (&arguments.now, now) {
        (None, Some(now)) => now,
        (text, _) => gather::now(text.as_deref())?,
    };
    judging.judge(records, now, &inputs, &Searched::by_others())
}

/// Every manifest that was named, or lies in a folder or bucket that was, by name. A place that may be reached another time
/// is a hole: the report tells of the others.
fn manifests(places: &[String], broken: &mut Vec<CoverageEntry>) -> Result<Vec<(Rc<Store>, String)>, Failure> {
    let mut manifests = Vec::new();
    for place in places {
        let is_file = is_manifest(place);
        let (place, name) = match place.rsplit_once('/').filter(|_| is_file) {
            Some((folder, name)) => (if folder.is_empty() { "/" } else { folder }, Some(name)),
            None if is_file => (".", Some(place.as_str())),
            None => (place.as_str(), None),
        };
        let listed = Store::open(place, &config::bucket_variable).and_then(|store| {
            let names = name.map_or_else(|| store.list(), |name| Ok(vec![name.to_owned()]))?;
            Ok((Rc::new(store), names))
        });
        let (store, names) = match listed {
            Ok(listed) => listed,
            Err(error) if error.may_pass => {
                broken.push(hole(&error).remedy("merge again when it can be reached"));
                continue;
            }
            Err(error) => return Err(Failure(error.to_string())),
        };
        let names = names.into_iter().filter(|name| is_manifest(name));
        manifests.extend(names.map(|name| (Rc::clone(&store), name)));
    }
    if manifests.is_empty() && broken.is_empty() {
        let what = "there is no shard in it (expected files that end in .shard.json; `collect --shard` writes them)";
        return Err(Failure(format!("{}: {what}", places.join(", "))));
    }
    Ok(manifests)
}

fn read(store: &Store, name: &str) -> Result<Union, PartError> {
    let manifest = Manifest::read(store, name)?;
    let lines = manifest.lines(store)?;
    Ok(Union::of(manifest, &store.shown(name), lines))
}

/// A shard that cannot be used may have held anything.
fn hole(error: &PartError) -> CoverageEntry {
    CoverageEntry::hole("records", &error.path, "shard", Outcome::Failed, error.what.clone())
        .remedy("collect this shard again and merge again")
        .blinds(FactKind::ALL)
}
