//! Tells others of a scan, after its report: webhook, chat, issues, metrics. What does not arrive is said on standard error
//! and changes no exit code.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{Failure, output};
use crate::config;
use crate::report::{self, Notice};
use crate::tell::{self, Parcel, SigningKey};
use crate::term;

/// How many issues are written.
const MOST_ISSUES: usize = 500;

/// Whom to tell.
#[derive(Clone, Default, Args)]
pub(super) struct Telling {
    /// Post what is new as JSON to this URL (https); signed when NONHUMAN_WEBHOOK_SECRET is set
    #[arg(long, value_name = "URL", env = "NONHUMAN_WEBHOOK", hide_env_values = true, help_heading = "Telling")]
    pub(super) webhook: Option<String>,
    /// Post what is new to this incoming webhook of Slack, or of a chat that takes its form
    #[arg(long, value_name = "URL", env = "NONHUMAN_SLACK", hide_env_values = true, help_heading = "Telling")]
    pub(super) slack: Option<String>,
    /// Write an issue as Markdown into this folder for each finding that is new or back; all without a history
    #[arg(long, value_name = "DIR", help_heading = "Telling")]
    pub(super) issues: Option<PathBuf>,
    /// Write numbers for Prometheus' textfile collector to this file (.prom)
    #[arg(long, value_name = "FILE", env = "NONHUMAN_METRICS", help_heading = "Telling")]
    pub(super) metrics: Option<PathBuf>,
}

/// The addresses are left out: they may hold secrets.
impl std::fmt::Debug for Telling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Telling").field("issues", &self.issues).field("metrics", &self.metrics).finish_non_exhaustive()
    }
}

impl Telling {
    /// Fails for a wrong address now, not after an hour of reading.
    pub(super) fn check(&self) -> Result<(), Failure> {
        for (flag, url) in [("--webhook", &self.webhook), ("--slack", &self.slack)] {
            if let Some(url) = url {
                tell::check(url).map_err(|error| Failure(format!("{flag}: {error}")))?;
            }
        }
        Ok(())
    }

    /// Writes the numbers. They are of the whole scan, whatever of it is shown.
    pub(super) fn count(&self, notice: &Notice<'_>) {
        let Some(path) = &self.metrics else { return };
        // Without a memory the file that is replaced is one.
        let before = || std::fs::read_to_string(path).ok().and_then(|text| report::last_complete(&text));
        let notice = &Notice { last_complete: notice.last_complete.or_else(before), ..*notice };
        if let Err(Failure(told)) = output::to_file_of_all(path, |out| notice.metrics(out)) {
            term::remark(&format!("warning: {told}"));
        }
    }

    /// Tells everybody, and says whom it could not tell.
    pub(super) fn tell(&self, notice: &Notice<'_>) {
        let mut failed: Vec<String> = Vec::new();
        if let Some(folder) = &self.issues {
            failed.extend(write_issues(folder, notice).err().map(|error| error.0));
        }
        let parcels = self.parcels(notice);
        if notice.is_worth_telling() {
            failed.extend(tell::deliver(parcels).iter().map(ToString::to_string));
        } else if !parcels.is_empty() {
            tracing::info!("nothing changed: nobody was told");
        }
        for line in failed {
            term::remark(&format!("warning: {line}"));
        }
    }

    fn parcels(&self, notice: &Notice<'_>) -> Vec<Parcel> {
        let mut parcels = Vec::new();
        if let (Some(url), Ok(body)) = (&self.webhook, notice.webhook()) {
            let key = config::webhook_secret().map(SigningKey::new);
            parcels.push(Parcel { name: "webhook", url: url.clone(), body, key });
        }
        if let Some(url) = &self.slack {
            let body = notice.slack().to_string().into_bytes();
            parcels.push(Parcel { name: "chat", url: url.clone(), body, key: None });
        }
        parcels
    }
}

fn write_issues(folder: &Path, notice: &Notice<'_>) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(|error| Failure(format!("{}: {error}", folder.display())))?;
    for (name, text) in notice.issues().take(MOST_ISSUES) {
        output::to_file(&folder.join(name), |out| out.write_all(text.as_bytes()))?;
    }
    match notice.issues().count().saturating_sub(MOST_ISSUES) {
        0 => Ok(()),
        more => Err(Failure(format!("{}: {more} more issues were not written", folder.display()))),
    }
}
