//! `nonhuman secrets`: the gate. Searches source alone with the engine, the rules and the reports of `scan`.

use std::path::PathBuf;

use super::arguments::{Global, Secrets};
use super::gather::{self, Wish};
use super::scan::Judging;
use super::Failure;
use crate::collect::registry::Request;
use crate::config::Config;
use crate::exit::Exit;

pub(super) fn run(arguments: &Secrets, global: &Global, config: &Config) -> Result<Exit, Failure> {
    let judging = Judging::new(&arguments.reporting, global, config)?;
    let wish = Wish {
        request: request(arguments)?,
        deadline: arguments.deadline,
        discover: false,
        now: gather::now(arguments.now.as_deref())?,
    };
    let collected = gather::read(wish, arguments.reporting.rules.as_ref(), global, config)?;
    if !collected.gathered.interrupted.is_empty() {
        gather::tell_interrupted(&collected.gathered);
        return Ok(Exit::Interrupted);
    }
    judging.judge(collected.gathered.records, collected.now, &collected.inputs)
}

fn request(arguments: &Secrets) -> Result<Request, Failure> {
    let mut roots = arguments.paths.clone();
    if roots.is_empty() {
        roots.push(PathBuf::from("."));
    }
    roots.iter().try_for_each(|root| gather::must_exist(root))?;
    Ok(Request { roots, source: gather::source_options(&arguments.searching)?, ..Request::default() })
}
