//! The values and the parts of Helm's charts, as they lie in a tree. It renders nothing and fetches nothing: what is not there
//! is told.
//!
//! Source: Helm documentation, "Charts" (dependencies, conditions) and "Subcharts and Global Values".

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::kustomize::{joined, text_of};

/// How deep charts within charts are followed.
const DEEPEST: usize = 10;

/// The charts of a tree, with their values by their folders.
pub(super) struct Charts<'a> {
    root: &'a Path,
    values: BTreeMap<String, Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Chart {
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Dependency {
    name: String,
    alias: String,
    repository: String,
    condition: String,
    tags: Vec<String>,
}

impl Dependency {
    /// Where its values stand among those of the chart above.
    fn key(&self) -> &str {
        if self.alias.is_empty() { &self.name } else { &self.alias }
    }

    /// Helpers alone, which make no object.
    fn is_library(&self) -> bool {
        self.name == "common"
            && (self.tags.iter().any(|tag| tag == "bitnami-common") || self.repository.contains("bitnami"))
    }

    /// Whether the values switch it off.
    fn is_off(&self, values: &Value) -> bool {
        let paths = self.condition.split(',').map(str::trim).filter(|path| !path.is_empty());
        let found = paths.filter_map(|path| path.split('.').try_fold(values, |value, part| value.get(part))?.as_bool());
        found.take(1).any(|is_on| !is_on)
    }
}

impl<'a> Charts<'a> {
    pub(super) fn new(root: &'a Path) -> Self {
        Self { root, values: BTreeMap::new() }
    }

    /// The values that the templates of a chart see: its own, and over them what the chart that it is a part of says.
    pub(super) fn values(&mut self, folder: &str) -> &Value {
        if !self.values.contains_key(folder) {
            let values = self.merged(folder, DEEPEST);
            self.values.insert(folder.to_owned(), values);
        }
        self.values.get(folder).unwrap_or(&Value::Null)
    }

    fn merged(&self, folder: &str, depth: usize) -> Value {
        let mut own = self.yaml(&below(folder, "values.yaml")).unwrap_or(Value::Null);
        let Some((above, name)) = above(folder).filter(|(above, _)| depth > 0 && self.chart(above).is_some()) else {
            return own;
        };
        let of_above = self.merged(above, depth - 1);
        let dependencies = self.chart(above).unwrap_or_default().dependencies;
        let key = dependencies.iter().find(|one| one.name == name).map_or(name, Dependency::key);
        for (value, place) in [(of_above.get(key), None), (of_above.get("global"), Some("global"))] {
            let Some(value) = value else { continue };
            let value = place.map_or_else(
                || value.clone(),
                |place| Value::Object(Map::from_iter([(place.to_owned(), value.clone())])),
            );
            merge(&mut own, value);
        }
        own
    }

    /// The parts of a chart that are not here or are packed, each with the file that names it.
    pub(super) fn missing(&mut self, file: &str) -> Vec<String> {
        let folder = file.strip_suffix("Chart.yaml").unwrap_or(file).trim_end_matches('/').to_owned();
        let dependencies = self.chart(&folder).unwrap_or_default().dependencies;
        let wanted: Vec<Dependency> = dependencies.into_iter().filter(|one| !one.name.is_empty()).collect();
        let values = if wanted.is_empty() { Value::Null } else { self.values(&folder).clone() };
        let wanted = wanted.iter().filter(|one| !one.is_library() && !one.is_off(&values));
        let is_here = |one: &&Dependency| {
            let local = one.repository.strip_prefix("file://").and_then(|path| joined(&folder, path));
            let inside = [&one.name, &one.alias].map(|name| below(&folder, &format!("charts/{name}")));
            inside.iter().chain(&local).any(|at| self.chart(at).is_some())
        };
        wanted.filter(|one| !is_here(one)).map(|one| format!("{file}: {}", super::one_line(&one.name))).collect()
    }

    /// Other files of values in the folder of a chart, which nothing here takes.
    pub(super) fn unused(&self) -> Vec<String> {
        let mut found = Vec::new();
        for folder in self.values.keys() {
            let entries = std::fs::read_dir(self.root.join(folder)).into_iter().flatten().flatten();
            let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
            let is_one = |name: &String| {
                let is_yaml = name.ends_with(".yaml") || name.ends_with(".yml");
                is_yaml && name != "values.yaml" && name.to_lowercase().contains("values")
            };
            found.extend(names.filter(is_one).map(|name| below(folder, &name)));
        }
        found.sort();
        found
    }

    fn chart(&self, folder: &str) -> Option<Chart> {
        let text = text_of(self.root, Path::new(&below(folder, "Chart.yaml")))?;
        Some(serde_saphyr::from_str(&text).unwrap_or_default())
    }

    fn yaml(&self, file: &str) -> Option<Value> {
        serde_saphyr::from_str(&text_of(self.root, Path::new(file))?).ok()
    }
}

fn below(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// The chart that one in its folder `charts` is a part of, and how it is called there.
fn above(folder: &str) -> Option<(&str, &str)> {
    let (above, name) = folder.rsplit_once('/')?;
    let above = above.strip_suffix("charts").filter(|above| above.is_empty() || above.ends_with('/'))?;
    Some((above.trim_end_matches('/'), name))
}

/// Puts values over others, field by field; `null` takes one away.
fn merge(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (name, value) in over {
                merge(base.entry(name).or_insert(Value::Null), value);
            }
        }
        (base, over) => *base = over,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chart_above_has_the_last_word() {
        let mut own = serde_json::json!({"role": "view", "sa": {"create": true, "name": "x"}});
        merge(&mut own, serde_json::json!({"role": "admin", "sa": {"name": "y"}}));
        assert_eq!(own, serde_json::json!({"role": "admin", "sa": {"create": true, "name": "y"}}));
    }

    #[test]
    fn a_part_lies_in_the_folder_charts() {
        assert_eq!(above("a/charts/ing"), Some(("a", "ing")));
        assert_eq!(above("charts/ing"), Some(("", "ing")));
        assert_eq!(above("mycharts/ing"), None);
        assert_eq!(above("ing"), None);
    }
}
