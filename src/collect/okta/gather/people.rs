//! Users, admin roles and API tokens.

use std::collections::{BTreeMap, BTreeSet};

use super::super::answer::{ApiToken, Assignee, Group, ResourceSet, Role, RoleAssignment, User};
use super::super::endpoint::{
    API_TOKENS, GROUP_ROLES, GROUPS, LEFT_USERS, RESOURCE_SETS, RESOURCES, ROLE_PERMISSIONS, ROLE_USERS, ROLES,
    USER_ROLES, USERS,
};
use super::super::reader::Source;
use super::super::records::{api_token, group_identity, role_grants, role_names, role_settings, user_identity};
use super::{Walk, each};
use crate::collect::CollectError;
use crate::model::{Known, Record};

impl Walk<'_> {
    pub(super) async fn users(&mut self) -> Result<(), CollectError> {
        let (users, known) = self.reader().part::<User>(&USERS, "").await?;
        self.people.add(users, &known);
        // An export of all users has those who left already.
        let has_all = match self.reader().source() {
            Source::Export(export) => export.file(&LEFT_USERS, "").is_none() && self.people.has_leavers(),
            #[cfg(feature = "okta")]
            Source::Live(_) => false,
        };
        if !has_all {
            let (left, known) = self.reader().part::<User>(&LEFT_USERS, "").await?;
            self.people.add(left, &known);
        }
        self.send(self.people.iter().filter_map(|user| self.site.person(user, self.hints)).collect()).await
    }

    /// Roles before tokens: what a token can do is what its user can.
    pub(super) async fn roles_and_tokens(&mut self) -> Result<(), CollectError> {
        let groups = self.reader().list::<Group>(&GROUPS, "").await?;
        self.everyone = match &groups {
            Known::Value(groups) => {
                let is_all =
                    |group: &&Group| group.kind.as_deref() == Some("BUILT_IN") && group.profile.name == "Everyone";
                groups.iter().find(is_all).map(|group| group.id.clone()).into()
            }
            Known::Absent => Known::Absent,
            Known::Unknown(why) => Known::Unknown(why.clone()),
        };
        self.custom_roles().await?;
        let holders = self.role_holders().await?;
        let tokens = self.reader().list::<ApiToken>(&API_TOKENS, "").await?;
        let tokens = tokens.value().cloned().unwrap_or_default();
        self.send(tokens.iter().flat_map(|token| api_token(self.site, token)).collect()).await?;
        let mut shown: BTreeSet<String> = tokens.iter().filter_map(|token| token.user_id.clone()).collect();
        shown.extend(self.people.iter().filter(|user| self.hints.is_service(user)).map(|user| user.id.clone()));
        shown.extend(holders.known.keys().cloned());
        let machines = self.people.iter().filter(|user| self.hints.is_service(user)).map(|user| user.id.as_str());
        let asked: BTreeSet<&str> = machines.chain(holders.known.keys().map(String::as_str)).collect();
        let asked: Vec<&str> = asked.into_iter().filter(|id| self.people.is_active(id) == Known::Value(true)).collect();
        let mut factors = BTreeMap::new();
        self.ask_factors(&asked, &mut factors).await?;
        let mut records = Vec::new();
        for user in shown.iter().filter_map(|id| self.people.get(id)) {
            let roles = match (holders.known.get(&user.id), &holders.gap) {
                (Some(assignments), _) => role_names(&self.book, assignments),
                (None, Some(why)) => Known::Unknown(why.clone()),
                (None, None) => Known::Value(Vec::new()),
            };
            let proofs = factors.get(&user.id).cloned().unwrap_or_default();
            records.push(Record::Identity(user_identity(self.site, user, self.hints, roles, proofs)));
            if let Some(Known::Value(assignments)) = holders.known.get(&user.id) {
                let holder = self.site.urn("user", &user.id);
                let seen = (&USER_ROLES, user.id.as_str());
                records.extend(role_grants(self.site, &self.book, &holder, assignments, seen));
            }
        }
        self.send(records).await?;
        self.factors = factors;
        let via: BTreeSet<String> = holders
            .known
            .values()
            .filter_map(Known::value)
            .flatten()
            .filter_map(|one| one.links.assignee.as_ref()?.href.split("/groups/").nth(1)?.split(['/', '?']).next())
            .map(str::to_owned)
            .collect();
        self.groups(groups.value().map(Vec::as_slice).unwrap_or_default(), &via).await
    }

    /// Every group, and what it hands out to its members, also to those that it does not have yet.
    async fn groups(&self, groups: &[Group], via: &BTreeSet<String>) -> Result<(), CollectError> {
        let reader = self.reader();
        let is_asked = |group: &Group| group.embedded.stats.has_admin_privilege.unwrap_or(via.contains(&group.id));
        self.expect(groups.iter().filter(|group| is_asked(group)).count());
        let roles = each(groups, |at| {
            let group = &groups[at];
            async move {
                match group.embedded.stats.has_admin_privilege {
                    Some(false) => Ok(Known::Value(Vec::new())),
                    None if !via.contains(&group.id) => Ok(Known::unknown("Okta gives no numbers of the group")),
                    _ => reader.list::<RoleAssignment>(&GROUP_ROLES, &group.id).await,
                }
            }
        });
        for (group, roles) in groups.iter().zip(roles.await?) {
            let mut records = vec![group_identity(self.site, group, role_names(&self.book, &roles))];
            if let Known::Value(roles) = &roles {
                let holder = self.site.urn("group", &group.id);
                records.extend(role_grants(self.site, &self.book, &holder, roles, (&GROUP_ROLES, &group.id)));
            }
            self.send(records).await?;
        }
        Ok(())
    }

    async fn custom_roles(&mut self) -> Result<(), CollectError> {
        let reader = self.reader();
        let roles = reader.list::<Role>(&ROLES, "").await?.value().cloned().unwrap_or_default();
        let permissions = each(&roles, |at| reader.list(&ROLE_PERMISSIONS, &roles[at].id)).await?;
        for (role, permissions) in roles.iter().zip(&permissions) {
            if let Known::Value(permissions) = permissions {
                self.book.add_role(role, permissions);
            }
        }
        // Sets bear on nothing but the assignments of custom roles.
        if roles.is_empty() {
            return Ok(());
        }
        let sets = reader.list::<ResourceSet>(&RESOURCE_SETS, "").await?.value().cloned().unwrap_or_default();
        let resources = each(&sets, |at| reader.list(&RESOURCES, &sets[at].id)).await?;
        for (set, resources) in sets.iter().zip(&resources) {
            if let Known::Value(resources) = resources {
                self.book.add_set(set, resources);
            }
        }
        self.send(role_settings(self.site, &self.book)).await
    }

    async fn role_holders(&self) -> Result<Holders, CollectError> {
        let reader = self.reader();
        let (users, known) = reader.part::<Assignee>(&ROLE_USERS, "").await?;
        let gap = match known {
            Known::Unknown(why) => Some(why),
            _ => None,
        };
        self.expect(users.len());
        let roles = each(&users, |at| reader.list::<RoleAssignment>(&USER_ROLES, &users[at].id)).await?;
        Ok(Holders { known: users.into_iter().map(|user| user.id).zip(roles).collect(), gap })
    }
}

/// Which users hold which roles.
struct Holders {
    known: BTreeMap<String, Known<Vec<RoleAssignment>>>,
    gap: Option<String>,
}
