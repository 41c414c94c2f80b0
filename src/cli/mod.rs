//! What the user typed, and the order of the stages. The only folder that sees them all.

mod access;
mod access_aws;
mod access_kubernetes;
mod access_overlay;
mod access_request;
mod agents;
mod answer;
mod arguments;
mod baseline;
mod collect;
mod diff;
mod elsewhere;
mod evaluate;
mod evidence;
mod explain;
mod gather;
mod imports;
mod job;
mod memory;
mod merge;
mod names;
mod offboard;
mod okta;
mod output;
mod path;
mod permissions;
mod question;
mod reach;
mod rotate;
mod rules;
mod ruleset;
mod runbook;
mod saved;
mod scan;
mod scope;
mod searching;
mod secrets;
mod shell;
mod show;
mod targets;
mod telling;
mod thing;
mod trees;
mod trend;
mod triage;
mod wanted;
mod written;

use clap::{CommandFactory, Parser};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

pub use arguments::{Arguments, Command, LogForm};

use crate::config::{Config, Source};
use crate::exit::Exit;
use crate::term;

/// Something that ends the command before it can say anything about the world. Shown with `error:` in front; exit 2.
#[derive(Debug)]
pub struct Failure(pub String);

impl<E: std::fmt::Display> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// Runs the program.
pub fn run() -> Exit {
    let mut arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are no errors; a closed pipe is none either.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Clean };
        }
    };
    log(arguments.global.verbose, arguments.global.log);
    #[cfg(unix)]
    outlast_limits();
    match dispatch(&mut arguments) {
        Ok(exit) => exit,
        Err(Failure(mut message)) => {
            // What stands in a wrong place of a file may be a secret, and parsers like to quote.
            if let Ok(detectors) = ruleset::built_in_detectors() {
                detectors.mask(&mut message);
            }
            term::remark(&format!("error: {message}"));
            Exit::Usage
        }
    }
}

/// Lets a write beyond the largest size of a file (`ulimit -f`) fail like one to a full disk: the system's own way would end
/// the run without a report. What is listened for once is never again answered in the system's way.
#[cfg(unix)]
fn outlast_limits() {
    /// Source: signal(7), "SIGXFSZ"; the same on Linux, macOS and the BSDs.
    const FILE_TOO_LARGE: i32 = 25;
    if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() {
        let kind = tokio::signal::unix::SignalKind::from_raw(FILE_TOO_LARGE);
        let _ = runtime.block_on(async { tokio::signal::unix::signal(kind) });
    }
}

fn dispatch(arguments: &mut Arguments) -> Result<Exit, Failure> {
    let source = match (&arguments.global.config, arguments.global.isolated) {
        // A variable may name a file for every run; this run wants none.
        (_, true) => Source::Isolated,
        (Some(file), false) => Source::File(file.clone()),
        (None, false) => Source::Discover,
    };
    let config = Config::load(&source)?;
    match &mut arguments.command {
        Command::Scan(scan) => scan::run(scan, &arguments.global, &config),
        Command::Secrets(secrets) => secrets::run(secrets, &arguments.global, &config),
        Command::Collect(collect) => collect::run(collect, &arguments.global, &config),
        Command::Evidence(evidence) => evidence::run(evidence, &arguments.global, &config),
        Command::Evaluate(evaluate) => evaluate::run(evaluate, &arguments.global, &config),
        Command::Access(access) => access::run(access, &arguments.global, &config),
        Command::Show(show) => show::run(show, &arguments.global, &config),
        Command::Reach(reach) => reach::run(reach, &arguments.global, &config),
        Command::Path(path) => path::run(path, &arguments.global, &config),
        Command::Offboard(offboard) => offboard::run(offboard, &arguments.global, &config),
        Command::Rotate(rotate) => rotate::run(rotate, &arguments.global, &config),
        Command::Rules(rules) => rules::run(rules, &config),
        Command::Job(job) => job::run(job),
        Command::Merge(merge) => merge::run(merge, &arguments.global, &config),
        Command::Explain(explain) => explain::run(explain, &config),
        Command::Diff(diff) => diff::run(diff, &arguments.global, &config),
        Command::Triage(triage) => triage::run(triage, &arguments.global, &config),
        Command::Trend(trend) => trend::run(trend, &arguments.global, &config),
        Command::Permissions(permissions) => permissions::run(permissions),
        Command::Completions { shell } => shell::completions(*shell, &mut Arguments::command()),
        Command::Man => shell::man(Arguments::command()),
    }
}

/// Logs of our own code only: libraries might log what they read.
fn log(verbose: u8, form: LogForm) {
    let level = match verbose {
        0 if form == LogForm::Json => LevelFilter::INFO,
        0 => LevelFilter::OFF,
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    let filter = Targets::new().with_target("nonhuman", level);
    if form == LogForm::Json {
        // One object a line with timestamp, level, message and fields, as log collectors (OpenTelemetry, Loki) take them.
        let layer = tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(std::io::stderr);
        tracing_subscriber::registry().with(layer).with(filter).init();
        term::remark_as_log();
        return;
    }
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(term::is_watched())
        .without_time()
        .with_target(false);
    tracing_subscriber::registry().with(layer).with(filter).init();
}
