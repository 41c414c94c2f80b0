//! The auditor's evidence pack: `nonhuman evidence DIR`, and `--evidence DIR` of `scan` and its like. Writes into an empty
//! folder alone: a pack is made once and not changed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::Args;

use super::arguments::{Global, Reporting, Sources};
use super::scan::Judging;
use super::{Failure, gather, output, ruleset};
use crate::config::Config;
use crate::embedded;
use crate::exit::Exit;
use crate::model::SubjectKind;
use crate::report::{Basis, Part, Scan, evidence, sha256};

/// `nonhuman evidence`
#[derive(Debug, Args)]
pub struct Evidence {
    /// The folder for the pack; it must be empty or not be there
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    #[command(flatten)]
    sources: Sources,
    #[command(flatten)]
    reporting: Reporting,
}

pub(super) fn run(arguments: &mut Evidence, global: &Global, config: &Config) -> Result<Exit, Failure> {
    arguments.reporting.evidence = Some(arguments.folder.clone());
    let judging = Judging::new(SubjectKind::ALL, &arguments.reporting, global, config)?;
    judging.read_and_judge(gather::wish(&arguments.sources, config)?, global, config)
}

/// What of a pack is known before the scan.
pub(super) struct Pack {
    folder: PathBuf,
    added: Vec<(String, Vec<u8>)>,
    /// The rules that map to each control, those too that are switched off or not about what is read.
    controls: BTreeMap<String, BTreeSet<String>>,
}

impl Pack {
    pub(super) fn new(reporting: &Reporting, config: &Config) -> Result<Option<Self>, Failure> {
        let Some(folder) = &reporting.evidence else { return Ok(None) };
        std::fs::create_dir_all(folder).map_err(|error| Failure(format!("{}: {error}", folder.display())))?;
        let mut entries =
            std::fs::read_dir(folder).map_err(|error| Failure(format!("{}: {error}", folder.display())))?;
        if entries.next().is_some() {
            return Err(Failure(format!("{}: it is not empty; evidence is written once", folder.display())));
        }
        let mut added = Vec::new();
        let mut controls: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for rule in ruleset::audit_unchanged(reporting.rules.as_ref(), config)?.rules() {
            for control in &*rule.maps {
                controls.entry(control.clone()).or_default().insert(rule.id.to_string());
            }
        }
        for file in ruleset::audit_files(reporting.rules.as_ref(), config)? {
            added.push((place(&file.path), file.text.into_bytes()));
        }
        let detectors = embedded::files("detect").into_iter();
        let sums: String = detectors.map(|(path, text)| format!("{}  {path}\n", sha256(text.as_bytes()))).collect();
        added.push(("rules/detectors.sha256".to_owned(), sums.into_bytes()));
        let baseline = reporting.baseline.as_ref().or(config.baseline.as_ref());
        for (name, path) in [("nonhuman.toml", config.file.as_ref()), ("baseline.jsonl", baseline)] {
            if let Some(path) = path.filter(|path| path.exists()) {
                let bytes = std::fs::read(path).map_err(|error| Failure(format!("{}: {error}", path.display())))?;
                added.push((format!("configuration/{name}"), bytes));
            }
        }
        Ok(Some(Self { folder: folder.clone(), added, controls }))
    }

    /// `asked` are the rules that were asked about something.
    pub(super) fn write(&self, scan: &Scan<'_>, asked: &BTreeSet<String>) -> Result<(), Failure> {
        let basis = Basis { controls: self.controls.clone(), asked: asked.clone() };
        let added = self.added.iter().map(|(path, bytes)| Part::new(path.clone(), bytes.clone())).collect();
        for part in evidence(scan, &basis, added)? {
            let path = self.folder.join(&part.path);
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(|error| Failure(format!("{}: {error}", folder.display())))?;
            }
            output::to_file(&path, |out| out.write_all(&part.bytes))?;
        }
        Ok(())
    }
}

/// Where a rule file lies in the pack. Rules of the user have a folder of their own: one may replace ours of the same name.
fn place(path: &str) -> String {
    match path.strip_prefix("rules/audit/") {
        Some(ours) => format!("rules/audit/{ours}"),
        None => {
            let name = Path::new(path).file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            format!("rules/own/{name}")
        }
    }
}
