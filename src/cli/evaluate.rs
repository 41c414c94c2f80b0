//! `nonhuman evaluate`: judge records that `collect` wrote, perhaps on another machine.

use super::arguments::{Evaluate, Global};
use super::baseline::Searched;
use super::scan::Judging;
use super::{Failure, gather, saved};
use crate::config::Config;
use crate::exit::Exit;
use crate::model::SubjectKind;

pub(super) fn run(arguments: &Evaluate, global: &Global, config: &Config) -> Result<Exit, Failure> {
    let judging = Judging::new(SubjectKind::ALL, &arguments.reporting, global, config)?;
    let now = gather::now(arguments.now.as_deref())?;
    let mut records = Vec::new();
    for path in &arguments.records {
        saved::read(path, &mut records)?;
    }
    let inputs: Vec<_> = arguments.records.iter().map(|path| format!("records {}", path.display())).collect();
    if records.is_empty() {
        return Err(Failure(format!("{}: there are no records to judge", inputs.join(", "))));
    }
    judging.judge(records, now, &inputs, &Searched::by_others())
}
