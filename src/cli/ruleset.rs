//! Loads rules and detectors: those in the binary, then those of the user.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::Failure;
use crate::config::Config;
use crate::embedded;
use crate::model::SubjectKind;
use crate::rules::{CONFIGURATION, Origin, RuleError, RuleFile, RuleSet};
use crate::secrets::DetectorSet;

/// The audit rules, with the configuration applied.
pub(super) fn audit(folder: Option<&PathBuf>, config: &Config) -> Result<RuleSet, Failure> {
    audit_about(folder, config, SubjectKind::ALL)
}

/// The audit rules about these subjects, with the configuration applied.
pub(super) fn audit_about(
    folder: Option<&PathBuf>,
    config: &Config,
    subjects: &[SubjectKind],
) -> Result<RuleSet, Failure> {
    let files = audit_files(folder, config)?;
    RuleSet::load_about(&files, &config.rules, subjects).map_err(|errors| told(errors, config))
}

/// Every audit rule, as if there were no configuration.
pub(super) fn audit_unchanged(folder: Option<&PathBuf>, config: &Config) -> Result<RuleSet, Failure> {
    let files = audit_files(folder, config)?;
    RuleSet::load_about(&files, &BTreeMap::new(), SubjectKind::ALL).map_err(|errors| told(errors, config))
}

/// What is wrong with the configuration is said with the file that it was read from, and the line that names it.
fn told(errors: Vec<RuleError>, config: &Config) -> Failure {
    let file = config.file.as_ref().map(|file| (file.display().to_string(), std::fs::read_to_string(file)));
    let lines = errors.into_iter().map(|mut error| {
        if let (CONFIGURATION, Some((name, text))) = (error.file.as_str(), &file) {
            let word = error.message.split('\'').nth(1).unwrap_or_default();
            let lines = text.iter().flat_map(|text| text.lines()).enumerate();
            let place = lines.filter_map(|(number, line)| Some((number + 1, line.find(word)? + 1))).next();
            (error.line, error.column) = place.unwrap_or((1, 1));
            error.file.clone_from(name);
        }
        error.to_string()
    });
    Failure(lines.collect::<Vec<_>>().join("\nerror: "))
}

/// The name of every audit rule.
pub(super) fn names(folder: Option<&PathBuf>, config: &Config) -> Result<BTreeSet<String>, Failure> {
    Ok(audit_files(folder, config)?.iter().map(RuleFile::id).collect())
}

/// The files of the audit rules: ours, then those of the user.
pub(super) fn audit_files(folder: Option<&PathBuf>, config: &Config) -> Result<Vec<RuleFile>, Failure> {
    let mut files: Vec<RuleFile> = embedded::files("audit")
        .into_iter()
        .map(|(path, text)| RuleFile { path: format!("rules/{path}"), text: text.to_owned(), origin: Origin::BuiltIn })
        .collect();
    if let Some(folder) = folder.or(config.rules_dir.as_ref()) {
        files.extend(user_files(folder)?.into_iter().filter(|file| !is_detector(&file.path)));
    }
    Ok(files)
}

/// The detectors: those in the binary, then those of the user's folder, which replace ours of the same name.
pub(super) fn detectors(folder: Option<&PathBuf>, config: &Config) -> Result<DetectorSet, Failure> {
    let files = match folder.or(config.rules_dir.as_ref()) {
        Some(folder) => user_files(folder)?.into_iter().filter(|file| is_detector(&file.path)).collect(),
        None => Vec::new(),
    };
    let built_in = built_in_detectors()?;
    if files.is_empty() {
        return Ok(built_in);
    }
    Ok(built_in.and_files(files.iter().map(|file| (file.path.as_str(), file.text.as_str())))?)
}

/// The detectors in the binary alone.
pub(super) fn built_in_detectors() -> Result<DetectorSet, Failure> {
    match DetectorSet::prepared(embedded::prepared_detectors()) {
        Some(detectors) => Ok(detectors),
        // The files say where they are wrong.
        None => Ok(DetectorSet::parse(embedded::files("detect"))?),
    }
}

fn is_detector(path: &str) -> bool {
    Path::new(path).parent().and_then(Path::file_name).is_some_and(|folder| folder == "detect")
}

fn user_files(folder: &Path) -> Result<Vec<RuleFile>, Failure> {
    if !folder.is_dir() {
        return Err(Failure(format!("{}: there is no such folder of rules", folder.display())));
    }
    let mut files = Vec::new();
    for entry in WalkDir::new(folder).sort_by_file_name() {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type().is_file() && path.extension().is_some_and(|extension| extension == "toml") {
            let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
            files.push(RuleFile { path: path.to_string_lossy().replace('\\', "/"), text, origin: Origin::User });
        }
    }
    Ok(files)
}
