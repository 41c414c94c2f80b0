//! The two collectors: an organisation, and folders of exported answers. Both walk the same way.

use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::NAME;
use super::export::Export;
use super::gather::Walk;
use super::hints::Hints;
#[cfg(feature = "okta")]
use super::live::Session;
use super::reader::{Reader, Source};
use super::records::Site;
#[cfg(feature = "okta")]
use super::settings::OktaSettings;
use crate::collect::{CollectError, Collector, Context, Sink};
use crate::model::{FactKind, Record};

/// The facts that are unknown when an organisation cannot be read.
const FACTS: &[FactKind] = &[
    FactKind::Identities,
    FactKind::Credentials,
    FactKind::Usage,
    FactKind::Grants,
    FactKind::People,
    FactKind::Settings,
];

/// Reads folders of exported answers.
pub struct OktaExport {
    folders: Vec<PathBuf>,
    hints: Hints,
}

impl OktaExport {
    /// A collector for these folders.
    pub fn new(folders: Vec<PathBuf>, hints: Hints) -> Self {
        Self { folders, hints }
    }
}

#[async_trait]
impl Collector for OktaExport {
    fn name(&self) -> &'static str {
        NAME
    }

    fn facts(&self) -> &'static [FactKind] {
        FACTS
    }

    fn targets(&self) -> Vec<String> {
        self.folders.iter().map(|folder| folder.to_string_lossy().into_owned()).collect()
    }

    async fn collect(&self, target: &str, context: &Context, sink: &Sink) -> Result<(), CollectError> {
        let folder = Path::new(target);
        let export = Export::open(folder).map_err(|error| {
            CollectError::failed("export", format!("{target}: {error}")).with_remedy(
                "--okta-export takes a folder with apps.json, users.json … ('nonhuman permissions okta --plan')",
            )
        })?;
        if export.is_empty() {
            return Err(CollectError::failed("export", format!("{target}: no file of it is an answer of Okta"))
                .with_remedy("'nonhuman permissions okta --plan' lists the names and how to get them"));
        }
        let name = || folder.canonicalize().ok()?.file_name().map(|name| name.to_string_lossy().into_owned());
        let host = export.host().or_else(name).unwrap_or_else(|| "okta".to_owned());
        walk(Source::Export(export), host, &self.hints, context, sink).await
    }
}

/// Reads an organisation.
#[cfg(feature = "okta")]
pub struct OktaLive {
    settings: OktaSettings,
    hints: Hints,
}

#[cfg(feature = "okta")]
impl OktaLive {
    /// A collector for one organisation.
    pub fn new(settings: OktaSettings, hints: Hints) -> Self {
        Self { settings, hints }
    }
}

#[cfg(feature = "okta")]
#[async_trait]
impl Collector for OktaLive {
    fn name(&self) -> &'static str {
        NAME
    }

    fn facts(&self) -> &'static [FactKind] {
        FACTS
    }

    fn targets(&self) -> Vec<String> {
        // The tenant that its records will have, where the URL can be read.
        let host = super::live::origin(&self.settings.url).map(|origin| origin.host().to_owned());
        vec![host.unwrap_or_else(|_| "okta".to_owned())]
    }

    async fn collect(&self, _target: &str, context: &Context, sink: &Sink) -> Result<(), CollectError> {
        let session = Session::open(&self.settings, context).await?;
        let host = session.host().to_owned();
        walk(Source::Live(Box::new(session)), host, &self.hints, context, sink).await
    }
}

async fn walk(source: Source, host: String, hints: &Hints, context: &Context, sink: &Sink) -> Result<(), CollectError> {
    let reader = Reader::new(source, host.clone());
    let site = Site { host, now: context.now, reader: &reader };
    let end = Walk::new(&site, hints, sink).all().await;
    // Whatever became of the walk, what was read of each thing is said.
    for entry in reader.coverage() {
        sink.send(Record::Coverage(entry)).await?;
    }
    #[cfg(feature = "okta")]
    if let (Source::Live(session), Ok(())) = (reader.source(), &end) {
        session.finish();
    }
    end
}
