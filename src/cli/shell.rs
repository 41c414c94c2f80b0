//! Completions and the manual page, both made from the command line itself.

use clap_complete::Shell;

use super::{Failure, output};
use crate::exit::Exit;

pub(super) fn completions(shell: Shell, command: &mut clap::Command) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, command, "nonhuman", &mut script);
    output::to_stdout(|out| out.write_all(&script))?;
    Ok(Exit::Clean)
}

pub(super) fn man(command: clap::Command) -> Result<Exit, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    for subcommand in command.get_subcommands() {
        clap_mangen::Man::new(subcommand.clone())
            .title(format!("nonhuman-{}", subcommand.get_name()))
            .render(&mut page)?;
    }
    output::to_stdout(|out| out.write_all(&page))?;
    Ok(Exit::Clean)
}
