//! The frameworks that rules map to, from `rules/frameworks`: which controls there are and how they are called. Judges
//! nothing: what stands at a control is counted by the page.

use serde::{Deserialize, Serialize};

use super::strings::{Strings, Text};
use crate::embedded;

/// A framework, such as the OWASP NHI Top 10.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Framework {
    /// Its full name.
    pub(super) name: String,
    /// Where it can be read.
    source: String,
    /// When its controls were last compared with the source.
    checked: toml::value::Datetime,
    /// What the ids of its controls begin with.
    prefix: String,
    /// Whether all of its controls are listed, also those that no rule speaks of.
    complete: bool,
    /// Its controls, in their order.
    #[serde(default)]
    pub(super) control: Vec<Control>,
}

/// One of its demands.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Control {
    /// As rules name it.
    pub(super) id: String,
    /// Its name; empty where the source does not allow it to be quoted.
    #[serde(default)]
    pub(super) title: String,
}

/// A framework as the page reads it.
#[derive(Serialize)]
pub(super) struct FrameworkData {
    name: Text,
    source: Text,
    checked: Text,
    prefix: Text,
    complete: bool,
    controls: Vec<(Text, Text)>,
}

impl FrameworkData {
    pub(super) fn of(framework: &Framework, strings: &mut Strings) -> Self {
        let controls = framework.control.iter();
        Self {
            controls: controls.map(|one| (strings.text(&one.id), strings.text(&one.title))).collect(),
            name: strings.text(&framework.name),
            source: strings.text(&framework.source),
            checked: strings.text(&framework.checked.to_string()),
            prefix: strings.text(&framework.prefix),
            complete: framework.complete,
        }
    }
}

/// All frameworks, in the order of their files. One that cannot be read is left out; a test reads all.
pub(super) fn all() -> Vec<Framework> {
    embedded::files("frameworks").into_iter().filter_map(|(_, text)| toml::from_str(text).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_read_and_every_control_belongs_to_it() {
        let frameworks = all();
        assert_eq!(frameworks.len(), embedded::files("frameworks").len());
        for framework in &frameworks {
            for control in &framework.control {
                assert!(control.id.starts_with(&framework.prefix), "{} is not of {}", control.id, framework.name);
            }
        }
        assert_eq!(frameworks[0].control.len(), 10, "the Top 10 of OWASP comes first");
        assert_eq!(frameworks[0].control[1].id, "OWASP-NHI2:2025");
    }
}
