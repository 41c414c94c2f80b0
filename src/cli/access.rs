//! `nonhuman access`: what one identity may do, asked of a provider's policies. One subcommand a provider; it must not
//! know any of their languages.

use clap::{Args, Subcommand};

use super::arguments::Global;
use super::{Failure, access_aws, access_kubernetes};
use crate::config::Config;
use crate::exit::Exit;

/// `nonhuman access`
#[derive(Debug, Args)]
pub struct Access {
    #[command(subcommand)]
    command: AccessCommand,
}

/// Whose policies are asked.
#[derive(Debug, Subcommand)]
enum AccessCommand {
    /// Ask the policies of AWS accounts
    Aws(access_aws::AccessAws),
    /// Ask the roles and bindings of a cluster
    Kubernetes(access_kubernetes::AccessKubernetes),
}

pub(super) fn run(arguments: &Access, global: &Global, config: &Config) -> Result<Exit, Failure> {
    match &arguments.command {
        AccessCommand::Aws(aws) => access_aws::run(aws, global, config),
        AccessCommand::Kubernetes(kubernetes) => access_kubernetes::run(kubernetes, global, config),
    }
}
