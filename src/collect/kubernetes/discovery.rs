//! Which custom resources a server serves that run pods or act as service accounts (`custom`), by its own discovery.
//! It asks with GET and lists no object.

use http::Request;
use serde::Deserialize;

use super::list::{Asked, Lister, unauthorized};
use super::request::{Answer, ask};
use super::{NAME, custom};
use crate::collect::CollectError;
use crate::model::{CoverageEntry, FactKind, Outcome};

/// What coverage calls it.
const WHAT: &str = "custom resources (discovery)";

/// All groups with their resources in one answer (Kubernetes documentation, "Aggregated discovery"); old servers answer
/// with names of groups alone.
const ACCEPT: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

/// Groups of others that are named where they are not read.
const NAMED: usize = 12;

/// Groups of the platform itself, which hold no custom resources.
const OWN: &str = ".k8s.io";

/// Both forms of the answer: `items` of the aggregated one, `groups` of the plain one.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Groups {
    items: Vec<Item>,
    groups: Vec<Plain>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Item {
    metadata: Name,
    versions: Vec<Version>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Name {
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Version {
    version: String,
    resources: Vec<Resource>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Resource {
    /// The plural, in the aggregated form.
    resource: String,
    response_kind: ResponseKind,
    /// The plural, in the plain form.
    name: String,
    /// The kind, in the plain form.
    kind: String,
    verbs: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ResponseKind {
    kind: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Plain {
    name: String,
    preferred_version: Version,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct OfVersion {
    resources: Vec<Resource>,
}

impl Lister<'_> {
    /// The lists of custom resources that the server has, and what to say of the others.
    ///
    /// # Errors
    /// When the server does not know us (401).
    pub(super) async fn discover(&self) -> Result<(Vec<Asked>, CoverageEntry), CollectError> {
        let hole = |outcome, detail: &str| CoverageEntry::hole(NAME, self.cluster, WHAT, outcome, detail.to_owned());
        let request = Request::get("/apis").header("accept", ACCEPT).body(Vec::new());
        let request = request.map_err(|error| CollectError::failed(WHAT, error))?;
        let groups = match ask::<Groups>(&self.client, request).await {
            Answer::Ok(groups, _) => groups,
            Answer::Unauthorized(message) => return Err(unauthorized(&message)),
            Answer::NotFound => {
                return Ok((Vec::new(), hole(Outcome::NotRead, "the cluster serves no custom resources").blinds(&[])));
            }
            Answer::Forbidden(message) => {
                let remedy = "bind the role system:discovery, as every cluster does by default";
                let entry = hole(Outcome::Refused, &message).blinds(&[FactKind::Workloads]).remedy(remedy.to_owned());
                return Ok((Vec::new(), entry));
            }
            Answer::Failed { detail, .. } => {
                return Ok((Vec::new(), hole(Outcome::Failed, &detail).blinds(&[FactKind::Workloads])));
            }
            Answer::Gone(_) => {
                return Ok((Vec::new(), hole(Outcome::Failed, "an unexpected answer").blinds(&[FactKind::Workloads])));
            }
        };
        let mut lists = Vec::new();
        let mut others = Vec::new();
        let mut failed = Vec::new();
        for item in groups.items {
            let group = item.metadata.name;
            // The server names the version that it prefers first.
            let Some(version) = item.versions.into_iter().next() else { continue };
            self.choose(&group, &version.version, version.resources, &mut lists, &mut others);
        }
        for group in groups.groups {
            let version = group.preferred_version.version;
            if !custom::GROUPS.iter().any(|one| one.name == group.name) {
                note_other(&group.name, &mut others);
                continue;
            }
            match self.resources(&group.name, &version).await {
                Some(resources) => self.choose(&group.name, &version, resources, &mut lists, &mut others),
                None => failed.push(group.name),
            }
        }
        lists.sort_by(|a, b| (&a.group, &a.plural).cmp(&(&b.group, &b.plural)));
        others.sort();
        others.dedup();
        if !failed.is_empty() {
            let detail = format!("what these groups hold was not told: {}", failed.join(", "));
            return Ok((lists, hole(Outcome::Partial, &detail).blinds(&[FactKind::Workloads])));
        }
        let mut entry = CoverageEntry::complete(NAME, self.cluster, WHAT, lists.len() as u64);
        if !others.is_empty() {
            let more = others.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            others.truncate(NAMED);
            entry.detail = Some(format!(
                "groups whose objects are not known to run pods were not listed: {}{more}",
                others.join(", ")
            ));
        }
        Ok((lists, entry))
    }

    async fn resources(&self, group: &str, version: &str) -> Option<Vec<Resource>> {
        let request = Request::get(format!("/apis/{group}/{version}")).body(Vec::new()).ok()?;
        match ask::<OfVersion>(&self.client, request).await {
            Answer::Ok(found, _) => Some(found.resources),
            _ => None,
        }
    }

    fn choose(
        &self,
        group: &str,
        version: &str,
        resources: Vec<Resource>,
        lists: &mut Vec<Asked>,
        others: &mut Vec<String>,
    ) {
        for resource in resources {
            let plural = if resource.resource.is_empty() { resource.name } else { resource.resource };
            let kind = if resource.kind.is_empty() { resource.response_kind.kind } else { resource.kind };
            let lists_it = resource.verbs.iter().any(|verb| verb == "list");
            match custom::is_read(group, &plural) {
                true if lists_it && is_name(group) && is_name(version) && is_name(&plural) => {
                    lists.push(Asked::custom(group, version, &plural, &kind));
                }
                true => {}
                false => note_other(group, others),
            }
        }
    }
}

/// Whether it can stand in a path as it is.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-')
}

fn note_other(group: &str, others: &mut Vec<String>) {
    let own = !group.contains('.') || group.ends_with(OWN);
    if !own
        && is_name(group)
        && !custom::GROUPS.iter().any(|one| one.name == group)
        && others.last().map(String::as_str) != Some(group)
    {
        others.push(group.to_owned());
    }
}
