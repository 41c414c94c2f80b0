//! Files of variables that agents are given: the values that were found in such a file are the agent's. Reads no file, and
//! follows no path that leads out of the tree.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::inventory::Inventory;
use crate::model::{AttributeName as Name, Confidence, CredentialKind, Exposure, Link, LinkKind, Location};

/// By what such a file is given, as the reader of settings writes it.
const ENV_FILE: &str = "env file";

/// How clients write the folder that is open, before a path. Source: VS Code Docs, "Variables reference"; Docker Docs.
const OPEN_FOLDER: &[&str] = &["${workspaceFolder}/", "${workspaceRoot}/", "${PWD}/", "$PWD/", "$(pwd)/", "./"];

pub(super) fn link(inventory: &mut Inventory) {
    let mut by_file: BTreeMap<(&str, &str), Vec<&Exposure>> = BTreeMap::new();
    let given = || {
        let all = inventory.credentials.iter().filter(|one| one.kind == CredentialKind::AgentGiven);
        all.filter(|one| one.attributes.text(Name::GivenAs) == Some(ENV_FILE))
    };
    if given().next().is_none() {
        return;
    }
    for exposure in inventory.exposures.iter().filter(|one| !one.public) {
        if let Location::File { root, path, commit: None, .. } = &exposure.evidence.location {
            by_file.entry((root, path)).or_default().push(exposure);
        }
    }
    let mut more = Vec::new();
    for one in given() {
        let Location::File { root, path, .. } = &one.evidence.location else { continue };
        let named = one.attributes.text(Name::Reference).unwrap_or_default();
        let places = places(path, named);
        let found = places.iter().find_map(|place| by_file.get(&(&**root, place.as_str())));
        more.extend(found.into_iter().flatten().map(|exposure| Link {
            from: one.holder.clone(),
            kind: LinkKind::Uses,
            to: exposure.id.clone(),
            confidence: Confidence::High,
            condition: None,
            why: format!("the value stands in {named}, which it is given").into(),
            evidence: Arc::new(one.evidence.clone()),
        }));
    }
    inventory.links.add(more);
}

/// Where a file may lie that settings name: below the folder that is open, which is that of the settings or the one around a
/// folder of the client's own.
fn places(settings: &str, named: &str) -> Vec<String> {
    let below = OPEN_FOLDER.iter().find_map(|open| named.strip_prefix(open)).unwrap_or(named);
    if below.is_empty() || below.starts_with(['/', '~', '$', '%']) || below.contains("..") || below.contains(':') {
        return Vec::new();
    }
    let folder = settings.rsplit_once('/').map_or("", |(folder, _)| folder);
    let (around, own) = folder.rsplit_once('/').unwrap_or(("", folder));
    let open = if own.starts_with('.') { around } else { folder };
    let join = |folder: &str| if folder.is_empty() { below.to_owned() } else { format!("{folder}/{below}") };
    vec![join(open), join(folder)]
}

#[cfg(test)]
mod tests {
    use super::places;

    #[test]
    fn files_lie_below_the_open_folder() {
        assert_eq!(places("a/.vscode/mcp.json", "${workspaceFolder}/.env"), ["a/.env", "a/.vscode/.env"]);
        assert_eq!(places(".mcp.json", ".env"), [".env", ".env"]);
        assert_eq!(places("a/.mcp.json", "./x/.env")[0], "a/x/.env");
        for outside in ["/run/x.env", "~/x.env", "${userHome}/.env", "../.env", "C:\\x.env", ""] {
            assert!(places(".mcp.json", outside).is_empty(), "{outside}");
        }
    }
}
