//! One file of a source tree as objects: manifests as they are, templates of Helm and of OpenShift as well as that can be.
//! It opens no file.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Cursor;

use serde::Deserialize;
use serde_json::Value;

use super::kustomize::{Changes, documents};
use super::object::Object;
use super::read::{Broken, Format, Part, read};
use super::shape::Take;
use super::{helm, unrendered};
use crate::collect::CollectError;

/// The objects of one file.
#[derive(Clone)]
pub(super) struct Manifest {
    /// Below the tree, with `/` between its parts.
    pub(super) path: String,
    pub(super) objects: Vec<Object>,
    /// It is a template that was read without rendering it.
    pub(super) template: bool,
    /// Lines, and the fields in which rights stand behind a value that nothing says.
    pub(super) unknown: Vec<(u64, &'static str)>,
    /// As it was read, for patches.
    text: String,
}

impl Manifest {
    /// An object that something else makes.
    pub(super) fn made(path: String, object: Object) -> Self {
        Self { path, objects: vec![object], template: false, unknown: Vec::new(), text: String::new() }
    }

    /// The same file with some of its objects alone.
    pub(super) fn with_only(&self, objects: Vec<Object>) -> Self {
        let path = self.path.clone();
        Self { path, objects, template: self.template, unknown: Vec::new(), text: String::new() }
    }

    /// The objects of a text, and what stopped the reading. `values` are those of the chart that a template is of.
    pub(super) fn parse(path: String, text: String, values: &Value) -> Result<(Self, Option<Broken>), CollectError> {
        let (mut text, mut unknown) = (text, Vec::new());
        let mut template = helm::is_template(&path, &text);
        if template {
            let told = helm::tolerate(&text, values);
            (text, unknown) = (told.text, told.unknown);
        }
        let format = if path.to_ascii_lowercase().ends_with(".json") { Format::Json } else { Format::Yaml };
        let mut objects = Vec::new();
        let mut broken = None;
        read(format, Cursor::new(text.as_bytes()), &mut |part| {
            match part {
                Part::Object(object) => {
                    let mut object = *object;
                    object.position = objects.len() as u64 + 1;
                    if object.metadata.name.is_empty() {
                        object.metadata.name.clone_from(&object.metadata.generated);
                    }
                    if template && object.api_version.starts_with("helm-") {
                        object.api_version = unrendered::usual_version(&object.kind).unwrap_or(object.api_version);
                    }
                    objects.push(object);
                }
                Part::Broken(one) => broken = broken.take().or(Some(one)),
                Part::List { .. } | Part::Version(_) | Part::Foreign { .. } => {}
            }
            Ok(())
        })?;
        if let Some(first) = objects.iter().find(|one| is_openshift_template(one)).map(|one| one.line) {
            let (made, has_guesses) = of_openshift(&text, first);
            objects.retain(|one| !is_openshift_template(one));
            objects.extend(made);
            template |= has_guesses;
        }
        Ok((Self { path, objects, template, unknown, text }, broken))
    }

    /// The same file with the patches of an overlay, and how many of them could not be done.
    pub(super) fn patched(&self, changes: &Changes) -> (Cow<'_, Self>, usize) {
        if changes.patches.is_empty() {
            return (Cow::Borrowed(self), 0);
        }
        let (values, failed) = changes.patched(&self.text);
        let mut objects = Vec::new();
        for (index, value) in values.into_iter().enumerate() {
            if let Ok(Take(mut object, true)) = Take::<Object>::deserialize(value) {
                object.line = self.objects.get(index).map_or(1, |one| one.line);
                objects.push(object);
            }
        }
        let (path, template) = (self.path.clone(), self.template);
        (Cow::Owned(Self { path, objects, template, unknown: Vec::new(), text: String::new() }), failed)
    }
}

fn is_openshift_template(object: &Object) -> bool {
    object.kind == "Template" && matches!(object.api_version.as_str(), "v1" | "template.openshift.io/v1")
}

/// The objects that templates of OpenShift make with the values that their parameters have by default, and whether some have
/// none. Source: OpenShift Container Platform documentation, "Using templates".
fn of_openshift(text: &str, line: u64) -> (Vec<Object>, bool) {
    let mut objects = Vec::new();
    let mut has_guesses = false;
    for template in documents(text) {
        if template.get("kind").and_then(Value::as_str) != Some("Template") {
            continue;
        }
        let list = |name: &str| template.get(name).and_then(Value::as_array).into_iter().flatten();
        let mut parameters: BTreeMap<&str, String> = BTreeMap::new();
        for parameter in list("parameters") {
            let field = |name: &str| parameter.get(name).and_then(Value::as_str);
            let Some(name) = field("name") else { continue };
            let value = field("value").map(str::to_owned);
            has_guesses |= value.is_none();
            parameters.insert(name, value.unwrap_or_else(|| format!("parameter-{}", name.to_lowercase())));
        }
        for object in list("objects") {
            let mut object = object.clone();
            fill(&mut object, &parameters);
            if let Ok(Take(mut object, true)) = Take::<Object>::deserialize(object) {
                object.line = line;
                object.position = objects.len() as u64 + 1;
                objects.push(object);
            }
        }
    }
    (objects, has_guesses)
}

/// Puts the values of parameters into the texts of an object: `${NAME}`, and `${{NAME}}` for what is no text.
fn fill(value: &mut Value, parameters: &BTreeMap<&str, String>) {
    match value {
        Value::String(text) => {
            for (name, value) in parameters.iter().filter(|_| text.contains("${")).collect::<Vec<_>>() {
                *text = text.replace(&format!("${{{{{name}}}}}"), value).replace(&format!("${{{name}}}"), value);
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|one| fill(one, parameters)),
        Value::Object(all) => all.values_mut().for_each(|one| fill(one, parameters)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_have_their_default_or_are_guesses() {
        let template = serde_json::json!({"apiVersion": "template.openshift.io/v1", "kind": "Template", "metadata": {"name": "t"},
            "parameters": [{"name": "NS", "value": "app"}, {"name": "SA", "required": true}],
            "objects": [{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "x-${SA}", "namespace": "${NS}"}}]});
        let (read, broken) = Manifest::parse("t.json".to_owned(), template.to_string(), &Value::Null).expect("objects");
        assert!(broken.is_none() && read.template);
        let names: Vec<_> = read.objects.iter().map(|one| (&*one.metadata.namespace, &*one.metadata.name)).collect();
        assert_eq!(names, [("app", "x-parameter-sa")]);
    }
}
