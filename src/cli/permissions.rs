//! `nonhuman permissions`: what a live source must be allowed to do, from the table that its collector calls by.
//! It must not hold a list of rights of its own.

use super::arguments::{LiveSource, Permissions};
use super::{Failure, output};
use crate::collect::{aws, kubernetes, okta};
use crate::exit::Exit;

pub(super) fn run(arguments: &Permissions) -> Result<Exit, Failure> {
    let text = match (arguments.source, arguments.plan) {
        (LiveSource::Aws, false) => aws::permissions(),
        (LiveSource::Aws, true) => aws::plan(),
        (LiveSource::Kubernetes, false) => kubernetes::permissions(),
        (LiveSource::Kubernetes, true) => kubernetes::plan(),
        (LiveSource::Okta, false) => okta::permissions(),
        (LiveSource::Okta, true) => okta::plan(),
    };
    output::to_stdout(|out| writeln!(out, "{}", text.trim_end()))?;
    Ok(Exit::Clean)
}
