//! One rule of a role beside the binding that brings it: what it says, which need it meets, how it is cited.
//! It does not know what other rules the same subject has.

use serde_json::Value;

use super::rule::{covers_resource, has, texts};
use super::table::{CapabilityTable, Need};
use crate::model::{Grant, Policy, Urn};

/// One rule with the grant that brings it.
#[derive(Clone, Copy)]
pub(super) struct Held<'a> {
    pub(super) grant: &'a Grant,
    pub(super) policy: &'a Policy,
    pub(super) number: usize,
    pub(super) rule: &'a Value,
}

impl Held<'_> {
    pub(super) fn everywhere(&self) -> bool {
        self.grant.scope == "cluster"
    }

    pub(super) fn limited(&self) -> bool {
        texts(self.rule, "resourceNames").next().is_some()
    }

    pub(super) fn is_everything(&self) -> bool {
        !self.limited()
            && ["verbs", "apiGroups", "resources"].iter().all(|field| texts(self.rule, field).any(|text| text == "*"))
    }

    /// How many of its three lists are `*`: everything of some sort, now and in times to come.
    fn stars(&self) -> usize {
        let wild = |field: &str| texts(self.rule, field).any(|text| text == "*");
        if self.limited() {
            0
        } else {
            ["verbs", "apiGroups", "resources"].into_iter().filter(|field| wild(field)).count()
        }
    }

    /// Whether two of its three lists are `*`.
    pub(super) fn is_wild(&self) -> bool {
        self.stars() == 2
    }

    /// Whether its verbs or its resources are `*`, of groups that are the API server's own: what an operator may do with
    /// objects of its own kind is not meant.
    pub(super) fn is_partly_wild(&self) -> bool {
        let is_own = |group: &str| !group.contains('.') || group.ends_with(".k8s.io");
        let is_list = |field: &str| texts(self.rule, field).next().is_some();
        self.stars() == 1 && is_list("verbs") && is_list("resources") && texts(self.rule, "apiGroups").any(is_own)
    }

    /// Whether it is worth a look for any row, and so for what a role amounts to.
    pub(super) fn matters(&self, table: &CapabilityTable) -> bool {
        self.is_everything()
            || self.is_wild()
            || self.is_partly_wild()
            || self.has_verb("bind")
            || table.rows.iter().flat_map(|row| &row.needs).any(|need| self.meets(need).is_some())
    }

    /// The ClusterRole, or Role, that it is of: resource and name.
    pub(super) fn role(&self) -> Option<(&'static str, &str)> {
        let (place, name) = self.policy.id.as_str().rsplit_once('/')?;
        let resource = if place.ends_with("/clusterrole") { "clusterroles" } else { "roles" };
        Some((resource, name))
    }

    /// Whether it meets a need for one role.
    pub(super) fn meets_for(&self, need: &Need, resource: &str, name: &str) -> bool {
        let in_group = need.groups.iter().any(|group| has(self.rule, "apiGroups", group));
        let named = texts(self.rule, "resourceNames").any(|one| one == name);
        // A rule with names never covers the making of something.
        let verb = |verb: &String| self.has_verb(verb) && !(self.limited() && verb == "create");
        let on = need.resources.iter().any(|one| one == resource) && covers_resource(self.rule, resource, "");
        in_group && on && (named || !self.limited()) && need.verbs.iter().any(verb)
    }

    /// Whether it meets a need, and then whether only for the objects it names.
    pub(super) fn meets(&self, need: &Need) -> Option<bool> {
        let in_group = need.groups.iter().any(|group| group == "*" || has(self.rule, "apiGroups", group));
        let on = need.any_resource
            || need.resources.iter().any(|resource| {
                let (kind, sub) = resource.split_once('/').unwrap_or((resource, ""));
                let nameless = |verb: &str| verb == "deletecollection" || (verb == "create" && sub.is_empty());
                // A rule with names never covers a request that names no object.
                let verb = need.verbs.iter().any(|verb| self.has_verb(verb) && !(self.limited() && nameless(verb)));
                verb && covers_resource(self.rule, kind, sub)
            });
        let on = on && need.verbs.iter().any(|verb| self.has_verb(verb));
        let named = || texts(self.rule, "resourceNames").any(|name| need.names.iter().any(|one| one == name));
        (in_group && on).then(|| self.limited() && !need.any_name && !named())
    }

    /// Which resources of a need it covers.
    pub(super) fn resources_of<'n>(&self, need: &'n Need) -> impl Iterator<Item = &'n str> {
        let all = need.resources.iter().map(|resource| resource.split_once('/').unwrap_or((resource, "")));
        all.filter(|(kind, sub)| covers_resource(self.rule, kind, sub)).map(|(kind, _)| kind)
    }

    pub(super) fn has_verb(&self, wanted: &str) -> bool {
        match wanted.strip_suffix('*').filter(|prefix| prefix.ends_with(':')) {
            Some(prefix) => texts(self.rule, "verbs").any(|verb| verb == "*" || verb.starts_with(prefix)),
            None => has(self.rule, "verbs", wanted),
        }
    }

    /// The same for one of the names of its rule.
    pub(super) fn proof_for(&self, name: &str) -> Vec<String> {
        let mut lines = self.proof();
        if texts(self.rule, "resourceNames").nth(1).is_some()
            && let Some(last) = lines.last_mut()
        {
            last.push_str(&format!(", among them {name}"));
        }
        lines
    }

    /// Binding, role and rule.
    pub(super) fn proof(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.grant.via.iter().map(label).collect();
        lines.push(label(&self.policy.id));
        let show = |field: &str| {
            let all: Vec<&str> = texts(self.rule, field).collect();
            let more = if all.len() > 6 { format!(" and {} more", all.len() - 6) } else { String::new() };
            format!("{}{more}", all.iter().take(6).copied().collect::<Vec<_>>().join(", "))
        };
        let names = if self.limited() { format!(", only {}", show("resourceNames")) } else { String::new() };
        lines.push(format!("rule {} ({} on {}{names})", self.number, show("verbs"), show("resources")));
        lines
    }
}

/// `clusterrolebinding ops`, `role payments/reader`: the URN as a reader of `kubectl` says it.
pub(super) fn label(id: &Urn) -> String {
    let parts: Vec<&str> = id.as_str().strip_prefix("k8s:").unwrap_or_default().splitn(4, '/').collect();
    match parts.as_slice() {
        [_, "", kind, name] => format!("{kind} {name}"),
        [_, namespace, kind, name] => format!("{kind} {namespace}/{name}"),
        _ => id.to_string(),
    }
}
