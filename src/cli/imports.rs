//! Loads the rules and decisions of other tools, and says what of them is not taken over.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::searching::Imports;
use super::{Failure, ruleset};
use crate::collect::registry::Request;
use crate::config::Config;
use crate::model::{CoverageEntry, FactKind, Outcome};
use crate::secrets::{DetectorSet, IGNORED, Ignores, Import, Taken};
use crate::term;

/// How many files may extend each other.
const DEEPEST: usize = 3;

/// A larger file is no configuration; in bytes.
const LARGEST: u64 = 32 * 1024 * 1024;

/// The detectors to search by: our own and those of the user, then what is imported.
pub(super) fn searching(
    own: &Arc<DetectorSet>,
    imports: &Imports,
    rules: Option<&PathBuf>,
    config: &Config,
) -> Result<(Arc<DetectorSet>, Vec<Taken>), Failure> {
    if imports.rules_from.is_empty() {
        return Ok((Arc::clone(own), Vec::new()));
    }
    let (detectors, taken) = with(ruleset::detectors(rules, config)?, imports)?;
    Ok((Arc::new(detectors), taken))
}

/// As [`searching`], for commands that only show them; says what is not taken over.
pub(super) fn with_ours(rules: Option<&PathBuf>, imports: &Imports, config: &Config) -> Result<DetectorSet, Failure> {
    let (detectors, taken) = with(ruleset::detectors(rules, config)?, imports)?;
    taken.iter().for_each(tell);
    Ok(detectors)
}

fn with(detectors: DetectorSet, imports: &Imports) -> Result<(DetectorSet, Vec<Taken>), Failure> {
    let imports: Vec<Import> = imports.rules_from.iter().map(|path| load(path, 1)).collect::<Result<_, _>>()?;
    Ok(detectors.with_imports(imports))
}

fn load(path: &Path, depth: usize) -> Result<Import, Failure> {
    let name = path.to_string_lossy().replace('\\', "/");
    let text = text_of(path)?;
    let base = match Import::extends(&name, &text)? {
        None => None,
        Some(_) if depth == DEEPEST => {
            return Err(Failure(format!("{name}: more than {DEEPEST} files extend each other; put them together")));
        }
        Some(base) => {
            // Their tools look from where they are started; a file that moves with its base is found beside it.
            let beside = path.parent().unwrap_or(Path::new("")).join(&base);
            Some(load(if beside.exists() { &beside } else { Path::new(&base) }, depth + 1)?)
        }
    };
    Ok(Import::read(&name, &text, base)?)
}

fn text_of(path: &Path) -> Result<String, Failure> {
    let named = |error: std::io::Error| Failure(format!("{}: {error}", path.display()));
    if std::fs::metadata(path).map_err(named)?.len() > LARGEST {
        return Err(Failure(format!("{}: larger than {LARGEST} bytes; this is no configuration", path.display())));
    }
    std::fs::read_to_string(path).map_err(named)
}

/// Says what was taken over of a file, and what was not.
pub(super) fn tell(taken: &Taken) {
    let shown = |text: String| text.chars().filter(|letter| !letter.is_control()).collect::<String>();
    term::remark(&shown(format!("{}: {}", taken.file, taken.summary())));
    for line in taken.lines() {
        term::remark(&shown(format!("  {line}")));
    }
}

/// The same for the report.
pub(super) fn coverage(taken: &Taken) -> CoverageEntry {
    let changed = taken.partly + taken.lost + (taken.replaced.len() + taken.disabled.len()) as u64;
    if changed == 0 {
        return CoverageEntry::complete("rules", &taken.file, "rules", taken.whole);
    }
    let lines = taken.lines();
    let detail = std::iter::once(taken.summary()).chain(lines).collect::<Vec<_>>().join("; ");
    if taken.is_broken() {
        let entry = CoverageEntry::hole("rules", &taken.file, "rules", Outcome::Failed, detail).count(changed);
        return entry.blinds(&[FactKind::Exposures]).remedy("mend the rules that are named, or take them out");
    }
    CoverageEntry::hole("rules", &taken.file, "rules", Outcome::NotRead, detail).count(changed)
}

/// The findings that a `.gitleaksignore` hides.
pub(super) fn ignores(path: Option<&Path>) -> Result<Ignores, Failure> {
    let Some(path) = path else { return Ok(Ignores::default()) };
    Ok(Ignores::parse(&path.to_string_lossy(), &text_of(path)?)?)
}

/// Files of other tools that lie here are not used by themselves: a scanned tree must not mute its scan.
pub(super) fn hint(request: &Request, imports: &Imports) {
    let lies_here = |name: &str| !request.roots.is_empty() && Path::new(name).is_file();
    if request.source.ignored.is_empty() && lies_here(IGNORED) {
        term::remark(&format!("{IGNORED} is not used by itself; --gitleaksignore {IGNORED} hides what it names"));
    }
    for name in [".gitleaks.toml", ".betterleaks.toml"] {
        if imports.rules_from.is_empty() && lies_here(name) {
            term::remark(&format!("{name} is not used by itself; --rules-from {name} takes over its rules"));
        }
    }
}
