//! What the process says with its exit code. The only place that knows the numbers.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All was looked at and nothing reached the threshold.
    Clean,
    /// Findings at or above `--fail-on`.
    Findings,
    /// Wrong usage, configuration or rules; nothing can be concluded.
    Usage,
    /// Something could not be looked at.
    Incomplete,
    /// The user stopped it.
    Interrupted,
}

impl Exit {
    /// The number, as documented in the README.
    pub fn number(self) -> u8 {
        match self {
            Exit::Clean => 0,
            Exit::Findings => 1,
            Exit::Usage => 2,
            Exit::Incomplete => 3,
            Exit::Interrupted => 130,
        }
    }

    /// What a scan says: findings weigh more than holes. `--exit-zero` silences findings, not holes, and
    /// `--allow-partial` accepts holes, not findings.
    pub fn of_scan(has_findings: bool, is_incomplete: bool, exit_zero: bool, allow_partial: bool) -> Self {
        if has_findings && !exit_zero {
            Exit::Findings
        } else if is_incomplete && !allow_partial {
            Exit::Incomplete
        } else {
            Exit::Clean
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.number())
    }
}
