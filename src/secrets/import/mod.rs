//! Rules of gitleaks and betterleaks, from the text of their files to detectors of ours. Reads no file and asks nobody:
//! what of a rule would need that is named, and not run.

mod allowlist;
mod document;
mod equivalent;
mod expression;
mod filter;
mod ignore;
pub(super) mod partner;
mod read;
pub(super) mod rule;
mod set;
mod sight;
mod syntax;
mod unsupported;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use regex_automata::meta::Regex;

use super::DetectorError;
use filter::Filter;
pub use ignore::{IGNORED, Ignores};
use rule::Draft;
pub(super) use set::Globals;
pub use set::LISTED;
pub use unsupported::{Effect, Taken, Unsupported};

/// Whose file it is. It decides how a rule is joined with one of the same name in a file that it extends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Format {
    /// Up to version 8.
    #[default]
    Gitleaks,
    /// Version 2.
    Betterleaks,
}

/// A filter for the matches of several rules.
#[derive(Clone, Debug)]
struct Global {
    filter: Arc<Filter>,
    /// Of these alone; of all when there is none.
    targets: Vec<String>,
    file: String,
}

impl Global {
    fn is_about(&self, rule: &str) -> bool {
        self.targets.is_empty() || self.targets.iter().any(|target| target == rule)
    }
}

/// The rules of a file and of those that it extends.
#[derive(Debug)]
pub struct Import {
    file: String,
    drafts: BTreeMap<String, Draft>,
    globals: Vec<Global>,
    disabled: BTreeSet<String>,
    unsupported: Vec<Unsupported>,
}

impl Import {
    /// The file that a file extends, as it names it.
    ///
    /// # Errors
    /// As [`Import::read`].
    pub fn extends(name: &str, text: &str) -> Result<Option<String>, DetectorError> {
        Ok(read::read(name, text)?.extends)
    }

    /// Reads a file, and joins it with the one that it extends.
    ///
    /// # Errors
    /// What is no TOML, of another kind than expected, or makes no rule; with file, line and column.
    pub fn read(name: &str, text: &str, base: Option<Self>) -> Result<Self, DetectorError> {
        let content = read::read(name, text)?;
        let mut import = base.unwrap_or_else(|| Self {
            file: String::new(),
            drafts: BTreeMap::new(),
            globals: Vec::new(),
            disabled: BTreeSet::new(),
            unsupported: Vec::new(),
        });
        import.file = name.to_owned();
        for id in &content.disabled {
            import.drafts.remove(id);
        }
        import.disabled.extend(content.disabled);
        for draft in content.drafts {
            let draft = match import.drafts.remove(&draft.id) {
                Some(base) if content.format == Format::Gitleaks => draft.over(base),
                _ => draft,
            };
            import.drafts.insert(draft.id.clone(), draft);
        }
        import.globals.extend(content.globals);
        import.unsupported.extend(content.unsupported);
        Ok(import)
    }
}

/// Compiles the expression of an imported rule.
pub(super) fn compile(pattern: &str) -> Option<Regex> {
    syntax::compile(&[pattern]).ok()
}
