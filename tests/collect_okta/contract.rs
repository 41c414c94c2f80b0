//! Every request that the plan prints is valid against Okta's own API description (`tests/okta`), and so are the scopes.

use std::collections::BTreeMap;

use super::*;

fn description() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/okta/openapi.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// A path with `<id>` for each parameter.
fn plain(path: &str) -> String {
    path.split('/').map(|part| if part.starts_with('{') { "<id>" } else { part }).collect::<Vec<_>>().join("/")
}

#[test]
fn every_request_is_valid_against_the_description() {
    let description = description();
    let paths: BTreeMap<String, &Value> =
        description["paths"].as_object().unwrap().iter().map(|(path, item)| (plain(path), item)).collect();
    let scopes = nonhuman::collect::okta::permissions();
    let (mut checked, mut unknown) = (0, Vec::new());
    for line in
        nonhuman::collect::okta::plan().lines().filter(|line| line.starts_with("once") || line.starts_with("each"))
    {
        let full = line.split_whitespace().nth(3).unwrap();
        let (path, query) = full.split_once('?').unwrap_or((full, ""));
        let Some(item) = paths.get(path) else {
            unknown.push(path.to_owned());
            continue;
        };
        let parameters = parameters(&description, item);
        for (name, value) in query.split('&').filter_map(|part| part.split_once('=')) {
            let parameter = parameters.get(name).unwrap_or_else(|| panic!("{path} takes no '{name}'"));
            if let Some(most) = parameter["schema"]["maximum"].as_u64() {
                assert!(value.parse::<u64>().unwrap() <= most, "{full}: at most {most}");
            }
        }
        let missing = parameters.values().find(|one| {
            one["in"] == "query" && one["required"] == true && !query.contains(one["name"].as_str().unwrap())
        });
        assert!(missing.is_none(), "{full} lacks {missing:?}");
        for security in item["get"]["security"].as_array().into_iter().flatten() {
            for scope in security["oauth2"].as_array().into_iter().flatten() {
                assert!(
                    scopes.contains(scope.as_str().unwrap()),
                    "{path} needs {scope}, which 'permissions' leaves out"
                );
            }
        }
        checked += 1;
    }
    // What Okta's public description does not hold yet.
    assert!(
        unknown.iter().all(|path| path.starts_with("/workload-principals/") || path.starts_with("/governance/")),
        "{unknown:?}"
    );
    assert!(checked > 30, "{checked} requests were checked");
}

fn parameters<'a>(description: &'a Value, item: &'a Value) -> BTreeMap<&'a str, &'a Value> {
    let lists = [&item["parameters"], &item["get"]["parameters"]];
    let all = lists.into_iter().filter_map(Value::as_array).flatten();
    let resolved = all.map(|one| match one["$ref"].as_str() {
        Some(name) => &description["components"]["parameters"][name.rsplit('/').next().unwrap()],
        None => one,
    });
    resolved.map(|one| (one["name"].as_str().unwrap(), one)).collect()
}
