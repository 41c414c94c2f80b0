//! What goes to the terminal beside the report: progress and remarks, on standard error only.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl ColorChoice {
    /// Whether standard output gets colours.
    pub fn for_stdout(self) -> bool {
        match self {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => {
                anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never
                    && std::io::stdout().is_terminal()
            }
        }
    }
}

/// The width of the terminal, or 80 columns where there is none.
pub fn width() -> usize {
    if std::io::stdout().is_terminal() { textwrap::termwidth().clamp(40, 160) } else { 80 }
}

/// Whether somebody is looking at standard output.
pub fn is_shown() -> bool {
    std::io::stdout().is_terminal()
}

/// Whether somebody is looking at standard error.
pub fn is_watched() -> bool {
    std::io::stderr().is_terminal()
}

/// Whether remarks go into the log.
static REMARKS_ARE_LOGGED: AtomicBool = AtomicBool::new(false);

/// From now on remarks are events of the log, where that is read by a machine.
pub fn remark_as_log() {
    REMARKS_ARE_LOGGED.store(true, Ordering::Relaxed);
}

/// Says something to the user, beside the report. A closed standard error is no reason to stop.
pub fn remark(text: &str) {
    if REMARKS_ARE_LOGGED.load(Ordering::Relaxed) {
        tracing::warn!("{text}");
        return;
    }
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// A line that shows what is being read, where somebody is looking.
pub struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Shows progress when standard error is a terminal and `wanted`.
    pub fn new(wanted: bool) -> Self {
        if !wanted || !is_watched() {
            return Self { bar: None };
        }
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {pos} read · {wide_msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { bar: Some(bar) }
    }

    /// What collectors call when they have read something.
    pub fn callback(&self) -> Arc<dyn Fn(&str) + Send + Sync> {
        match self.bar.clone() {
            None => Arc::new(|_| {}),
            Some(bar) => Arc::new(move |text| {
                bar.inc(1);
                let clean: String = text.chars().filter(|character| !character.is_control()).collect();
                bar.set_message(clean);
            }),
        }
    }

    /// Takes the line away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
