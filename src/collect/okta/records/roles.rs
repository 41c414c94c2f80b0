//! Admin roles: what they are, and who holds them, also by a group.

use std::collections::BTreeMap;

use serde_json::json;

use super::super::answer::{Resource, ResourceSet, Role, RoleAssignment, RolePermission};
use super::super::endpoint::{Endpoint, ROLES};
use super::Site;
use crate::model::{
    AttributeName, Attributes, Grant, GrantKind, Known, Policy, PolicyLanguage, Record, SettingKind, Urn,
};

/// The custom roles and resource sets by id.
#[derive(Default)]
pub(in crate::collect::okta) struct RoleBook {
    roles: BTreeMap<String, (String, Vec<String>)>,
    sets: BTreeMap<String, (String, Vec<String>)>,
}

impl RoleBook {
    pub(in crate::collect::okta) fn add_role(&mut self, role: &Role, permissions: &[RolePermission]) {
        let labels = permissions.iter().map(|permission| permission.label.clone()).collect();
        self.roles.insert(role.id.clone(), (role.label.clone(), labels));
    }

    pub(in crate::collect::okta) fn add_set(&mut self, set: &ResourceSet, resources: &[Resource]) {
        let orns = resources.iter().filter_map(|resource| resource.orn.clone()).collect();
        self.sets.insert(set.id.clone(), (set.label.clone(), orns));
    }

    /// How a role is called: the type of a standard one, the label of a custom one.
    pub(in crate::collect::okta) fn name(&self, assignment: &RoleAssignment) -> String {
        let custom = assignment.role.as_ref().and_then(|id| self.roles.get(id)).map(|(label, _)| label.clone());
        let own = custom.or_else(|| assignment.label.clone()).unwrap_or_else(|| assignment.kind.clone());
        if assignment.kind == "CUSTOM" { own } else { assignment.kind.clone() }
    }
}

/// An ORN that names a whole sort of things, `orn:okta:directory:00o…:users`, not one of them.
fn is_whole_sort(orn: &str) -> bool {
    orn.split(':').filter(|part| !part.is_empty()).count() <= 5
}

/// The custom roles as settings: what they allow, and whether somewhere on everything.
pub(in crate::collect::okta) fn role_settings(site: &Site<'_>, book: &RoleBook) -> Vec<Record> {
    let settings = book.roles.iter().map(|(id, (label, permissions))| {
        let attributes = Attributes::default().with(AttributeName::Permissions, permissions.clone());
        let evidence = site.evidence(&ROLES, "", label);
        Record::Setting(site.setting(SettingKind::OktaRole, site.urn("role", id), label, attributes, evidence))
    });
    settings.collect()
}

/// The grants of one holder, with the policies that they give.
pub(in crate::collect::okta) fn role_grants(
    site: &Site<'_>,
    book: &RoleBook,
    holder: &Urn,
    assignments: &[RoleAssignment],
    (endpoint, parent): (&Endpoint, &str),
) -> Vec<Record> {
    let mut records = Vec::new();
    for assignment in assignments.iter().filter(|one| one.status.as_deref() != Some("INACTIVE")) {
        let name = book.name(assignment);
        let evidence = site.evidence(endpoint, parent, &name);
        let group = assignment.links.assignee.as_ref().and_then(|link| link.href.split("/groups/").nth(1));
        let group = group.map(|rest| site.urn("group", rest.split(['/', '?']).next().unwrap_or(rest)));
        let custom = assignment.role.as_deref();
        let set = assignment.resource_set.as_deref();
        let (policy, document) = match custom {
            Some(role) => {
                let permissions = book.roles.get(role).map(|(_, permissions)| permissions);
                let resources = set.and_then(|set| book.sets.get(set)).map(|(_, resources)| resources);
                let all = resources.is_some_and(|resources| resources.iter().any(|orn| is_whole_sort(orn)));
                let id = site.urn("role", &format!("{role}@{}", set.unwrap_or("none")));
                let document = json!({
                    "type": "CUSTOM", "permissions": permissions, "resources": resources, "all_resources": all,
                });
                // Without its permissions nobody can say what the role gives: the policy is left out as not read.
                (id, permissions.map(|_| document))
            }
            None => (site.urn("role", &assignment.kind), Some(json!({ "type": assignment.kind }))),
        };
        if let Some(document) = document {
            records.push(Record::Policy(Policy {
                id: policy.clone(),
                name: name.clone(),
                language: PolicyLanguage::OktaRole,
                tenant: site.host.clone(),
                builtin: custom.is_none(),
                document: document.into(),
                other_versions: Vec::new(),
                evidence: site.evidence(if custom.is_some() { &ROLES } else { endpoint }, parent, &name),
            }));
        }
        records.push(Record::Grant(Grant {
            id: Urn::new(format!("{holder}#role/{}", assignment.id)),
            to: holder.clone(),
            policy,
            kind: GrantKind::Policy,
            tenant: site.host.clone(),
            scope: set
                .and_then(|set| book.sets.get(set))
                .map_or_else(|| "organisation".to_owned(), |(label, _)| label.clone()),
            via: group.into_iter().collect(),
            evidence,
        }));
    }
    records
}

/// The names of the roles of one holder.
pub(in crate::collect::okta) fn names(book: &RoleBook, assignments: &Known<Vec<RoleAssignment>>) -> Known<Vec<String>> {
    let of = |assignments: &Vec<RoleAssignment>| {
        let mut names: Vec<String> = assignments
            .iter()
            .filter(|one| one.status.as_deref() != Some("INACTIVE"))
            .map(|assignment| book.name(assignment))
            .collect();
        names.sort();
        names.dedup();
        names
    };
    match assignments {
        Known::Value(assignments) => Known::Value(of(assignments)),
        Known::Absent => Known::Value(Vec::new()),
        Known::Unknown(why) => Known::Unknown(why.clone()),
    }
}
