//! Every client, path, key and setting of the table, each with a file of its own: in a tree and in home directories.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::scan;
use crate::tree::{folder, project, write};

/// Below which a path of `config` lies on Linux, macOS and Windows; and without any, as in a copy.
const CONFIG: &[&str] = &[".config/", "Library/Application Support/", "AppData/Roaming/", ""];

fn texts(value: &toml::Value, key: &str) -> Vec<String> {
    let list = value.get(key).and_then(toml::Value::as_array).into_iter().flatten();
    list.filter_map(toml::Value::as_str).map(str::to_owned).collect()
}

fn list<'t>(value: &'t toml::Value, key: &str) -> Vec<&'t toml::Value> {
    value.get(key).and_then(toml::Value::as_array).into_iter().flatten().collect()
}

fn table() -> Vec<toml::Value> {
    let text = std::fs::read_to_string(project().join("rules/facts/agent-clients.toml")).expect("our own table");
    let table: toml::Value = toml::from_str(&text).expect("TOML");
    list(&table, "client").into_iter().cloned().collect()
}

/// A path without its stars.
fn plain(path: &str) -> String {
    path.replace("**", "a/b").replace('*', "x")
}

/// A value below keys, of which `*` is any and `[]` an element of a list.
fn nested(keys: &str, value: Value) -> Value {
    nested_with("x", keys, value)
}

/// The same with a name for what a star stands for.
fn nested_with(star: &str, keys: &str, value: Value) -> Value {
    match keys.split_once('.') {
        None if keys.is_empty() => value,
        Some(("[]", rest)) => json!([nested_with(star, rest, value)]),
        None if keys == "[]" => json!([value]),
        pair => {
            let (key, rest) = pair.unwrap_or((keys, ""));
            let key = if key == "*" { star } else { key };
            Value::Object(Map::from_iter([(key.to_owned(), nested_with(star, rest, value))]))
        }
    }
}

/// The text of a file; JSON is YAML, too.
fn text(path: &str, value: &Value) -> String {
    if path.ends_with(".toml") { toml::to_string(value).expect("TOML") } else { value.to_string() }
}

/// The paths of a file of a client: those in a home directory and those in a project.
fn paths(file: &toml::Value) -> (Vec<String>, Vec<String>) {
    let below = |path: &String| CONFIG.iter().map(|folder| format!("{folder}{}", plain(path))).collect::<Vec<_>>();
    let home = texts(file, "home").iter().map(|path| plain(path)).collect::<Vec<_>>();
    let home = home.into_iter().chain(texts(file, "config").iter().flat_map(below)).collect();
    (home, texts(file, "project").iter().map(|path| plain(path)).collect())
}

fn rows<'r>(report: &'r Value, list: &str, kind: &str) -> Vec<&'r Value> {
    report[list].as_array().expect("a list").iter().filter(|row| row["kind"] == kind).collect()
}

fn path_of(row: &Value) -> &str {
    row["evidence"]["location"]["path"].as_str().unwrap_or_default()
}

#[test]
fn every_path_and_key_of_the_table_lists_servers() {
    let folder = folder();
    let mut wanted: Vec<(String, String, bool)> = Vec::new();
    for client in table() {
        let name = client["name"].as_str().expect("a name").to_owned();
        for file in list(&client, "file") {
            let keys = match file.get("toolkit").and_then(toml::Value::as_str) {
                Some("enabled") => vec!["registry".to_owned()],
                Some(_) => continue,
                None => texts(file, "servers"),
            };
            let (home, project) = paths(file);
            let all = home.into_iter().map(|path| (path, true)).chain(project.into_iter().map(|path| (path, false)));
            for (path, is_home) in all {
                for key in &keys {
                    let place = format!("{}/{path}", wanted.len());
                    let servers = nested(key, json!({"probe": {"command": "probe-mcp"}}));
                    write(folder.path(), &format!("root/{place}"), text(&path, &servers));
                    wanted.push((place, name.clone(), is_home));
                }
            }
        }
    }
    assert!(wanted.len() > 100, "{}", wanted.len());
    let (_, report) = scan(folder.path(), &["root"]);
    let clients = rows(&report, "identities", "agent.client");
    let servers = rows(&report, "identities", "agent.mcp-server");
    for (place, name, _) in &wanted {
        assert!(servers.iter().any(|one| one["name"] == format!("probe ({place})")), "{place} of {name}");
        let client = clients.iter().find(|one| path_of(one) == place).unwrap_or_else(|| panic!("{place} of {name}"));
        assert_eq!(client["attributes"]["agent_program"], **name, "{place}");
    }
    // The same below a home directory, at known places alone.
    let homes: Vec<(usize, &str)> = wanted
        .iter()
        .enumerate()
        .filter(|(_, (place, _, is_home))| {
            *is_home && CONFIG[..3].iter().any(|folder| place.contains(folder)) || place.contains("/.")
        })
        .filter(|(_, (_, _, is_home))| *is_home)
        .map(|(number, (place, ..))| (number, place.as_str()))
        .collect();
    let names: Vec<String> = homes.iter().map(|(number, _)| format!("root/{number}")).collect();
    let arguments: Vec<&str> = names.iter().flat_map(|name| ["--home", name]).collect();
    let (_, report) = scan(folder.path(), &arguments);
    let servers = rows(&report, "identities", "agent.mcp-server");
    for (number, place) in &homes {
        let path = place.trim_start_matches(&format!("{number}/")[..]);
        let is_it = |one: &&&Value| one["tenant"] == format!("root/{number}") && path_of(one) == path;
        assert!(servers.iter().any(|one| is_it(&one)), "{place}");
    }
    assert!(homes.len() > 60, "{}", homes.len());
}

#[test]
fn every_setting_and_token_of_the_table_is_told() {
    let folder = folder();
    let mut settings: Vec<(String, String)> = Vec::new();
    let mut tokens: Vec<String> = Vec::new();
    for client in table() {
        let files = list(&client, "file");
        let path = files.first().and_then(|file| {
            let (home, project) = paths(file);
            home.into_iter().chain(project).next()
        });
        for setting in list(&client, "setting") {
            let path = path.clone().expect("a client with settings has a file");
            let key = setting["key"].as_str().expect("a key");
            let last = texts(setting, "keys").into_iter().next();
            let star = texts(setting, "under").into_iter().next().unwrap_or_else(|| "x".to_owned());
            for is in texts(setting, "is") {
                let mut value = if is == "true" { json!(true) } else { json!(is) };
                if let Some(field) = setting.get("field").and_then(toml::Value::as_str) {
                    let beside = setting.get("beside").and_then(toml::Value::as_table).into_iter().flatten();
                    let beside = beside.filter_map(|(key, value)| Some((key.clone(), json!(value.as_str()?))));
                    value = Value::Object(beside.chain([(field.to_owned(), value)]).collect());
                }
                let place = format!("{}/{path}", settings.len());
                let tree = match &last {
                    Some(last) if key == "*" => json!({last.as_str(): value}),
                    Some(last) => nested(key.trim_end_matches(".*"), json!({last.as_str(): value})),
                    None => nested_with(&star, key, value),
                };
                write(folder.path(), &format!("root/{place}"), text(&path, &tree));
                settings.push((place, is));
            }
        }
        for rule in list(&client, "tokens") {
            let keys = [texts(rule, "refresh"), texts(rule, "keys")].concat();
            for path in texts(rule, "home") {
                let place = format!("t{}/{}", tokens.len(), plain(&path));
                let value = keys.first().map_or(json!({"a": "b"}), |key| nested(key, json!("rt9fKq2mZx7LpW4vT8bN")));
                write(folder.path(), &format!("root/{place}"), text(&path, &value));
                tokens.push(place);
            }
        }
    }
    let (_, report) = scan(folder.path(), &["root"]);
    let told = report["settings"].as_array().expect("a list");
    for (place, is) in &settings {
        let found = told.iter().find(|one| path_of(one) == place);
        assert_eq!(found.map(|one| &one["attributes"]["set_to"]), Some(&json!(is)), "{place}");
    }
    let files = rows(&report, "credentials", "agent.token-file");
    for place in &tokens {
        assert!(files.iter().any(|one| path_of(one) == place), "{place}");
    }
    assert!(settings.len() > 50 && tokens.len() > 10, "{} {}", settings.len(), tokens.len());
    assert!(Path::new(&tokens[0]).components().count() > 1);
}
