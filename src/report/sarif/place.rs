//! Where a finding is, in SARIF's terms: files as URIs, objects as logical locations. Makes up a path only where no file
//! of today is meant.

use std::collections::BTreeMap;

use super::form::{ArtifactLocation, Location, LogicalLocation, Message, PhysicalLocation, Region};
use super::prose;
use crate::model::{Evidence, Finding, Location as Place, SubjectKind};
use crate::report::notes::{exposure, short_id};
use crate::report::{Scan, clean};

/// The name that relative paths hang on; GitHub takes it for the root of the checkout.
const BASE: &str = "%SRCROOT%";

/// What the base name means. It has no URI: where the directory lies on this machine is nobody's business.
pub(super) fn base() -> BTreeMap<&'static str, ArtifactLocation> {
    let description = Some(Message { text: "The directory that nonhuman was started in.".to_owned() });
    BTreeMap::from([(BASE, ArtifactLocation { description, ..ArtifactLocation::default() })])
}

/// The place a reader is sent to: the first file of the evidence, and the objects that the finding is about. GitHub
/// refuses a file in which a result has no physical place, so what lies in no file of today gets the name of one that
/// does not exist: an object behind an API as `aws/<account>/user/<name>`, a file of an old commit as
/// `git/<commit>/<path>`.
pub(super) fn primary(scan: &Scan<'_>, finding: &Finding) -> Location {
    let (place, physical) = match files(finding).next() {
        Some((place, physical)) => match today(scan, finding) {
            Some(today) => (None, today),
            None => (Some(place), of_commit(scan, finding, place).unwrap_or(physical)),
        },
        None => (None, pseudo(&object_path(finding.identity.as_ref().unwrap_or(&finding.subject).as_str()), 1)),
    };
    let logical_locations = objects(scan, finding);
    Location { physical_location: Some(physical), logical_locations, message: place.and_then(told), id: None }
}

/// The place in the file of today, of what moved there since a commit brought it.
fn today(scan: &Scan<'_>, finding: &Finding) -> Option<PhysicalLocation> {
    physical(exposure(scan, finding)?.introduced.as_ref()?.lies_at.as_ref()?)
}

/// A place in a file as a commit has it, when the file of today holds the value no more.
fn of_commit(scan: &Scan<'_>, finding: &Finding, place: &Place) -> Option<PhysicalLocation> {
    let introduced = exposure(scan, finding)?.introduced.as_ref().filter(|commit| !commit.in_head)?;
    let Place::File { line, .. } = place else { return None };
    Some(pseudo(&format!("git/{}/{}", short_id(&introduced.id), place.file()?.trim_start_matches(['.', '/'])), *line))
}

/// The path under which an object is shown: its parts from the system down to its name.
fn object_path(urn: &str) -> String {
    let parts: Vec<&str> = urn.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", _, _, _, account, resource] => format!("aws/{account}/{}", resource.replace(':', "/")),
        _ => urn.replacen("k8s:", "kubernetes/", 1).replace(':', "/"),
    }
}

fn pseudo(path: &str, line: u64) -> PhysicalLocation {
    let parts = path.split('/').filter(|part| !matches!(*part, "" | "." | ".."));
    let uri = percent_encode(&parts.collect::<Vec<_>>().join("/"));
    let artifact_location = ArtifactLocation { uri: Some(uri), uri_base_id: Some(BASE), description: None };
    let region = Region { start_line: line.max(1), start_column: None, end_line: None, end_column: None };
    PhysicalLocation { artifact_location, region }
}

/// The other files of the evidence; first of all the place to which a commit brought what lies elsewhere today.
pub(super) fn related(scan: &Scan<'_>, finding: &Finding) -> Vec<Location> {
    let moved = today(scan, finding).and_then(|_| {
        let introduced = exposure(scan, finding)?.introduced.as_ref()?;
        let (place, _) = files(finding).next()?;
        let Place::File { line, .. } = place else { return None };
        let path = format!("git/{}/{}", short_id(&introduced.id), place.file()?.trim_start_matches(['.', '/']));
        Some((place, pseudo(&path, *line)))
    });
    let others = moved.into_iter().chain(files(finding).skip(1)).enumerate();
    others
        .map(|(position, (place, physical))| Location {
            id: Some(position + 1),
            message: told(place).or_else(|| Some(Message { text: prose(&place.to_string()) })),
            ..Location::physical(physical)
        })
        .collect()
}

/// The places of the evidence that are no files.
pub(super) fn behind_apis(finding: &Finding) -> Vec<String> {
    let places = finding.evidence.iter().map(|evidence| &evidence.location);
    places.filter(|place| matches!(place, Place::Api { .. })).map(|place| prose(&place.to_string())).collect()
}

fn files(finding: &Finding) -> impl Iterator<Item = (&Place, PhysicalLocation)> {
    finding.evidence.iter().filter_map(|Evidence { location, .. }| Some((location, physical(location)?)))
}

/// What a place's file and region do not say.
fn told(place: &Place) -> Option<Message> {
    match place {
        Place::Export { object, .. } => Some(Message { text: prose(object) }),
        Place::File { commit: Some(commit), .. } => Some(Message { text: prose(&format!("in commit {commit}")) }),
        Place::File { .. } | Place::Api { .. } => None,
    }
}

fn physical(place: &Place) -> Option<PhysicalLocation> {
    let region = match place {
        Place::Api { .. } => return None,
        Place::Export { .. } => Region { start_line: 1, start_column: None, end_line: None, end_column: None },
        Place::File { line, column, end_line, end_column, .. } => {
            let (start, end) = (((*line).max(1), (*column).max(1)), (*end_line, *end_column));
            let end = (end >= start).then_some(end);
            Region {
                start_line: start.0,
                start_column: Some(start.1),
                end_line: end.map(|end| end.0),
                end_column: end.map(|end| end.1),
            }
        }
    };
    Some(PhysicalLocation { artifact_location: artifact(&place.file()?)?, region })
}

/// A file's path as a URI: relative to the base where the path is relative and stays below it.
fn artifact(path: &str) -> Option<ArtifactLocation> {
    let mut path = path;
    while let Some(rest) = path.strip_prefix("./") {
        path = rest.trim_start_matches('/');
    }
    if path.is_empty() {
        return None;
    }
    let encoded = percent_encode(path);
    if path.starts_with('/') {
        return Some(ArtifactLocation { uri: Some(format!("file://{encoded}")), ..ArtifactLocation::default() });
    }
    let uri_base_id = (!path.split('/').any(|part| part == "..")).then_some(BASE);
    Some(ArtifactLocation { uri: Some(encoded), uri_base_id, description: None })
}

/// RFC 3986: everything but unreserved characters and `/` as `%XX` of its UTF-8 bytes.
fn percent_encode(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

fn objects(scan: &Scan<'_>, finding: &Finding) -> Vec<LogicalLocation> {
    let mut objects = Vec::new();
    if let Some(id) = &finding.identity {
        let identity = scan.inventory.identities.get(id);
        objects.push(LogicalLocation {
            fully_qualified_name: id.to_string(),
            name: identity.map(|identity| clean(&identity.name).into_owned()),
            kind: identity.map_or("identity", |identity| identity.kind.as_str()).to_owned(),
        });
    }
    if finding.subject_kind != SubjectKind::Exposure && finding.identity.as_ref() != Some(&finding.subject) {
        objects.push(LogicalLocation {
            fully_qualified_name: finding.subject.to_string(),
            name: None,
            kind: finding.subject_kind.to_string(),
        });
    }
    objects
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_have_a_path() {
        assert_eq!(object_path("arn:aws:iam::123456789012:user/ops/ci"), "aws/123456789012/user/ops/ci");
        assert_eq!(object_path("k8s:prod/payments/sa/worker"), "kubernetes/prod/payments/sa/worker");
        let uri = |path: &str| pseudo(path, 0).artifact_location.uri.unwrap_or_default();
        assert_eq!(uri("a/../../b//c d"), "a/b/c%20d");
        assert_eq!(pseudo("a", 0).region.start_line, 1);
    }

    #[test]
    fn paths_become_uris() {
        let uri = |path: &str| artifact(path).map(|place| (place.uri.unwrap_or_default(), place.uri_base_id));
        assert_eq!(uri("./src/a b#1.rs"), Some(("src/a%20b%231.rs".to_owned(), Some(BASE))));
        assert_eq!(uri("/srv/kůň.env"), Some(("file:///srv/k%C5%AF%C5%88.env".to_owned(), None)));
        assert_eq!(uri("../other/x"), Some(("../other/x".to_owned(), None)));
        assert_eq!(uri("c:evil"), Some(("c%3Aevil".to_owned(), Some(BASE))));
        assert_eq!(uri("./"), None);
    }
}
