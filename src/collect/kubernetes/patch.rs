//! Changes manifests as Kustomize's patches do: strategic merge and JSON Patch (RFC 6902). It reads no file and knows no cluster.
//!
//! Semantics: Kubernetes documentation, "Use a Strategic Merge Patch"; Kustomize reference, "patches"; RFC 6901 and 6902.

use serde::Deserialize;
use serde_json::{Map, Value};

/// How deep a merge goes; the parsers allow no more.
const DEEPEST: usize = 64;

/// Which objects a patch is for; an empty field says nothing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Target {
    group: String,
    kind: String,
    /// A regular expression for the whole name.
    name: String,
    namespace: String,
    label_selector: String,
    annotation_selector: String,
}

/// One change.
#[derive(Clone, Debug)]
pub(super) struct Patch {
    target: Target,
    change: Change,
}

#[derive(Clone, Debug)]
enum Change {
    Merge(Value),
    Steps(Vec<Step>),
}

#[derive(Clone, Debug, Deserialize)]
struct Step {
    op: String,
    path: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    value: Value,
}

impl Patch {
    /// A patch from its document: a list is JSON Patch and needs a target; a mapping is merged, by default into the object of
    /// its own kind and name. `None` where it is neither.
    pub(super) fn new(document: Value, target: Option<Target>) -> Option<Self> {
        match document {
            Value::Array(_) => {
                let steps = serde_json::from_value(document).ok()?;
                Some(Self { target: target?, change: Change::Steps(steps) })
            }
            Value::Object(_) => {
                let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
                let own = || Target {
                    kind: text("/kind").to_owned(),
                    name: regex::escape(text("/metadata/name")),
                    namespace: text("/metadata/namespace").to_owned(),
                    ..Target::default()
                };
                let target = target.unwrap_or_else(own);
                Some(Self { target, change: Change::Merge(document) })
            }
            _ => None,
        }
    }

    /// Whether it is for an object.
    pub(super) fn is_for(&self, object: &Value) -> bool {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let target = &self.target;
        let group = text("/apiVersion").rsplit_once('/').map_or("", |(group, _)| group);
        let same = |wanted: &str, given: &str| wanted.is_empty() || wanted == given;
        let named = |pattern: &str, given: &str| pattern.is_empty() || matches(pattern, given);
        // A manifest without a namespace may be in any.
        let namespace = text("/metadata/namespace");
        same(&target.group, group)
            && same(&target.kind, text("/kind"))
            && named(&target.name, text("/metadata/name"))
            && (namespace.is_empty() || named(&target.namespace, namespace))
            && selects(&target.label_selector, object.pointer("/metadata/labels"))
            && selects(&target.annotation_selector, object.pointer("/metadata/annotations"))
    }

    /// The object with the change; `None` where the patch deletes it. Whether every step could be done.
    pub(super) fn apply(&self, mut object: Value) -> (Option<Value>, bool) {
        match &self.change {
            Change::Merge(patch) if directive(patch) == Some("delete") => (None, true),
            Change::Merge(patch) => {
                // Its kind and name say which object is meant; a target may have said another one.
                let kept = ["/apiVersion", "/kind", "/metadata/name"].map(|at| (at, object.pointer(at).cloned()));
                merge(&mut object, patch, DEEPEST);
                for (at, value) in kept {
                    if let (Some(place), Some(value)) = (object.pointer_mut(at), value) {
                        *place = value;
                    }
                }
                (Some(object), true)
            }
            Change::Steps(steps) => {
                let whole = steps.iter().all(|one| step(&mut object, one).is_some());
                (Some(object), whole)
            }
        }
    }
}

/// A regular expression for a whole name, as Kustomize anchors it; one that cannot be read matches itself.
fn matches(pattern: &str, given: &str) -> bool {
    let whole = regex::RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(1 << 18).build();
    whole.map_or(pattern == given, |whole| whole.is_match(given))
}

/// Selectors of the form `a=b,c=d` and `a`; others select nothing, so that a patch is rather told as not applied.
fn selects(selector: &str, labels: Option<&Value>) -> bool {
    selector.split(',').map(str::trim).filter(|part| !part.is_empty()).all(|part| {
        let (name, value) = part.split_once('=').map_or((part, None), |(name, value)| (name, Some(value)));
        let given = labels.and_then(|labels| labels.get(name.trim())).and_then(Value::as_str);
        given.is_some() && value.is_none_or(|value| given == Some(value.trim_start_matches('=').trim()))
    })
}

fn directive(value: &Value) -> Option<&str> {
    value.get("$patch").and_then(Value::as_str)
}

/// By which field the items of a list are the same; lists without one are replaced (API reference, "patch merge key").
fn key_of(field: &str) -> Option<&'static str> {
    match field {
        "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "env"
        | "volumes"
        | "imagePullSecrets"
        | "secrets" => Some("name"),
        "volumeMounts" => Some("mountPath"),
        "ports" => Some("containerPort"),
        _ => None,
    }
}

fn merge(into: &mut Value, patch: &Value, depth: usize) {
    let (Value::Object(fields), Some(left)) = (patch, depth.checked_sub(1)) else {
        *into = patch.clone();
        return;
    };
    if !into.is_object() || directive(patch) == Some("replace") {
        *into = Value::Object(Map::new());
    }
    let Value::Object(object) = into else { return };
    for (name, value) in fields.iter().filter(|(name, _)| !name.starts_with("$patch")) {
        match (value, key_of(name)) {
            (Value::Null, _) => _ = object.remove(name),
            (Value::Object(_), _) if directive(value) == Some("delete") => _ = object.remove(name),
            (Value::Array(items), Some(key)) => {
                let list = object.entry(name.clone()).or_insert_with(|| Value::Array(Vec::new()));
                merge_list(list, items, key, left);
            }
            _ => merge(object.entry(name.clone()).or_insert(Value::Null), value, left),
        }
    }
}

fn merge_list(list: &mut Value, items: &[Value], key: &str, depth: usize) {
    if !list.is_array() || items.iter().any(|item| directive(item) == Some("replace")) {
        *list = Value::Array(Vec::new());
    }
    let Value::Array(list) = list else { return };
    for item in items.iter().filter(|item| directive(item) != Some("replace")) {
        let at = list.iter().position(|one| one.get(key).is_some() && one.get(key) == item.get(key));
        match at {
            Some(at) if directive(item) == Some("delete") => _ = list.remove(at),
            Some(at) => {
                if let Some(one) = list.get_mut(at) {
                    merge(one, item, depth);
                }
            }
            None if directive(item) == Some("delete") => {}
            // New items stand before the others, as Kustomize puts them.
            None => list.insert(0, item.clone()),
        }
    }
}

/// One step of a JSON Patch; `None` where it cannot be done.
fn step(object: &mut Value, step: &Step) -> Option<()> {
    match step.op.as_str() {
        "add" => add(object, &step.path, step.value.clone()),
        "replace" => {
            *object.pointer_mut(&step.path)? = step.value.clone();
            Some(())
        }
        "remove" => remove(object, &step.path).map(|_| ()),
        "copy" => {
            let value = object.pointer(&step.from)?.clone();
            add(object, &step.path, value)
        }
        "move" => {
            let value = remove(object, &step.from)?;
            add(object, &step.path, value)
        }
        "test" => (object.pointer(&step.path)? == &step.value).then_some(()),
        _ => None,
    }
}

/// The parent of a place and the last part of its pointer, unescaped.
fn parent<'a>(object: &'a mut Value, path: &str) -> Option<(&'a mut Value, String)> {
    let (parent, last) = path.rsplit_once('/')?;
    Some((object.pointer_mut(parent)?, last.replace("~1", "/").replace("~0", "~")))
}

fn add(object: &mut Value, path: &str, value: Value) -> Option<()> {
    match parent(object, path)? {
        (Value::Object(map), name) => _ = map.insert(name, value),
        (Value::Array(list), name) if name == "-" => list.push(value),
        (Value::Array(list), name) => {
            let at: usize = name.parse().ok()?;
            if at > list.len() {
                return None;
            }
            list.insert(at, value);
        }
        _ => return None,
    }
    Some(())
}

fn remove(object: &mut Value, path: &str) -> Option<Value> {
    match parent(object, path)? {
        (Value::Object(map), name) => map.remove(&name),
        (Value::Array(list), name) => {
            let at: usize = name.parse().ok()?;
            (at < list.len()).then(|| list.remove(at))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patched(document: Value, target: Value, object: Value) -> Value {
        let target = (!target.is_null()).then(|| serde_json::from_value(target).unwrap());
        let patch = Patch::new(document, target).unwrap();
        assert!(patch.is_for(&object));
        patch.apply(object).0.unwrap_or_default()
    }

    #[test]
    fn a_merge_goes_by_name_where_the_api_does_and_replaces_other_lists() {
        let object = json!({"kind": "Deployment", "metadata": {"name": "api", "labels": {"a": "1", "b": "2"}},
            "spec": {"containers": [{"name": "app", "image": "a:1", "args": ["x"]}, {"name": "side"}]}});
        let patch = json!({"kind": "Deployment", "metadata": {"name": "api", "labels": {"b": null}},
            "spec": {"serviceAccountName": "strong", "containers": [{"name": "app", "args": ["y"]}, {"name": "side", "$patch": "delete"}]}});
        assert_eq!(
            patched(patch, Value::Null, object),
            json!({"kind": "Deployment", "metadata": {"name": "api", "labels": {"a": "1"}},
                "spec": {"serviceAccountName": "strong", "containers": [{"name": "app", "image": "a:1", "args": ["y"]}]}})
        );
    }

    #[test]
    fn steps_are_those_of_rfc_6902() {
        let object = json!({"kind": "RoleBinding", "metadata": {"name": "b-1"}, "subjects": [{"name": "a"}], "roleRef": {"name": "view"}});
        let steps = json!([
            {"op": "replace", "path": "/roleRef/name", "value": "admin"},
            {"op": "add", "path": "/subjects/-", "value": {"name": "b"}},
            {"op": "remove", "path": "/subjects/0"},
            {"op": "add", "path": "/metadata/annotations", "value": {}},
            {"op": "copy", "from": "/roleRef/name", "path": "/metadata/annotations/a~1b"},
        ]);
        assert_eq!(
            patched(steps, json!({"kind": "RoleBinding", "name": "b-.*"}), object),
            json!({"kind": "RoleBinding", "metadata": {"name": "b-1", "annotations": {"a/b": "admin"}}, "subjects": [{"name": "b"}], "roleRef": {"name": "admin"}})
        );
    }

    #[test]
    fn what_cannot_be_done_is_said_and_what_is_not_meant_is_left() {
        let steps = Patch::new(json!([{"op": "remove", "path": "/nothing"}]), Some(Target::default())).unwrap();
        assert_eq!(steps.apply(json!({"a": 1})), (Some(json!({"a": 1})), false));
        let other = Patch::new(json!({"kind": "Role", "metadata": {"name": "r"}}), None).unwrap();
        assert!(!other.is_for(&json!({"kind": "Role", "metadata": {"name": "rr"}})));
        let gone = Patch::new(json!({"kind": "Role", "metadata": {"name": "r"}, "$patch": "delete"}), None).unwrap();
        assert_eq!(gone.apply(json!({"kind": "Role"})).0, None);
        assert!(Patch::new(json!([]), None).is_none(), "JSON Patch needs a target");
    }
}
