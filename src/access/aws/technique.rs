//! The table of escalation techniques, as data. Which of them an identity can use is decided elsewhere.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::action::Action;
use crate::model::wildcard::covers;

/// Known ways to more rights, read from `rules/facts/aws-escalation.toml`.
#[derive(Debug)]
pub struct Techniques {
    pub(super) all: Vec<Technique>,
    /// Every action that some technique needs, once.
    pub(super) vocabulary: Vec<Action>,
}

impl Techniques {
    /// Reads the table.
    ///
    /// # Errors
    /// Says line, column and what was expected.
    pub fn parse(toml: &str) -> Result<Self, String> {
        let table: Table = toml::from_str(toml).map_err(|error| format!("escalation techniques: {error}"))?;
        let names: BTreeSet<&String> = table.technique.iter().flat_map(|row| &row.actions).collect();
        let names: Vec<String> = names.into_iter().cloned().collect();
        let mut all = Vec::with_capacity(table.technique.len());
        for row in table.technique {
            all.push(Technique::read(row, &names)?);
        }
        Ok(Self { all, vocabulary: names.iter().map(|name| Action::new(name)).collect() })
    }

    /// How many techniques there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether the table is empty.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    technique: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    how: How,
    #[serde(default)]
    on: Option<On>,
    actions: Vec<String>,
    #[serde(default)]
    services: Vec<String>,
    does: String,
    #[serde(default)]
    runs: Vec<String>,
    #[serde(default)]
    elsewhere: Vec<String>,
    #[serde(default)]
    password: Option<bool>,
    #[serde(default)]
    free_key: Option<bool>,
    #[serde(default)]
    second_factor: Option<bool>,
    #[serde(default)]
    besides: Option<String>,
    #[serde(default)]
    provided: Option<String>,
}

/// The shape of a technique: what it needs besides its actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum How {
    /// Changes the rights of its target; alone if the target is oneself, else together with a way to become it.
    #[serde(rename = "self")]
    Grant,
    /// Makes a credential of its target, or makes its target let one in.
    OtherIdentity,
    /// Starts something that runs as a role of one's choice.
    PassRole,
    /// Changes what something does that already runs as a role.
    ExistingCompute,
    /// Becomes a role that lets one in.
    Assume,
    /// Makes an identity that has every right and lets one in.
    NewIdentity,
    /// Gives itself a tag that others ask for.
    Tag,
    /// Takes over an identity provider that a role trusts.
    IdentityProvider,
}

/// What sort of thing the actions are done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum On {
    /// A user.
    User,
    /// A role.
    Role,
    /// A group that one is in.
    Group,
    /// A group that one is not in yet.
    Membership,
    /// A customer managed policy that the target holds.
    Policy,
    /// An older version of a customer managed policy that the target holds.
    Version,
    /// The permissions boundary of a user.
    UserBoundary,
    /// The permissions boundary of a role.
    RoleBoundary,
    /// A policy that stands in a user and denies it something.
    UserInline,
    /// A policy that stands in a role and denies it something.
    RoleInline,
    /// A policy that is attached to a user and denies it something.
    UserAttached,
    /// A policy that is attached to a role and denies it something.
    RoleAttached,
    /// A policy that stands in a group of a user and denies it something.
    GroupInline,
    /// A policy that is attached to a group of a user and denies it something.
    GroupAttached,
    /// A group of a user by which it is denied something.
    GroupMember,
    /// The permission set of IAM Identity Center that a role stands for.
    PermissionSet,
}

impl On {
    /// Whether the technique takes away what limits the target.
    pub(super) fn frees(self) -> bool {
        use On::{RoleAttached, RoleBoundary, RoleInline, UserAttached, UserBoundary, UserInline};
        let of_its_own = matches!(self, UserBoundary | RoleBoundary | UserInline | RoleInline | UserAttached);
        of_its_own || matches!(self, RoleAttached | On::GroupInline | On::GroupAttached | On::GroupMember)
    }
}

/// One technique.
#[derive(Debug)]
pub(super) struct Technique {
    pub(super) how: How,
    pub(super) on: Option<On>,
    pub(super) actions: Vec<Action>,
    /// The same, as places in [`Techniques::vocabulary`].
    pub(super) needs: Vec<usize>,
    /// Patterns of what carries a role: what the actions are done to, or what the role must be in to be passed.
    pub(super) runs: Vec<String>,
    /// Actions that are not done to what carries the role.
    elsewhere: Vec<String>,
    /// Works only on users with a console password, or only on those without one.
    pub(super) password: Option<bool>,
    /// Works only on users that may have another access key, or only on those that have two.
    pub(super) free_key: Option<bool>,
    /// Works only on users who sign in with a second factor, or only on those without one.
    pub(super) second_factor: Option<bool>,
    /// One of these must be let in by the role's trust policy.
    pub(super) services: Vec<String>,
    /// What must be so even where what carries the role was read.
    pub(super) besides: Option<String>,
    /// Ends a sentence: `and so …`.
    pub(super) does: String,
    /// What else must be so and cannot be seen here.
    pub(super) provided: Option<String>,
}

impl Technique {
    fn read(row: Row, vocabulary: &[String]) -> Result<Self, String> {
        let wrong = |what: &str| Err(format!("escalation techniques: '{}' {what}", row.id));
        let runs = matches!(row.how, How::PassRole | How::ExistingCompute);
        if row.actions.is_empty() || row.actions.iter().any(|action| !action.contains(':')) {
            return wrong("needs actions of the form service:Name");
        }
        if runs == row.services.is_empty() {
            return wrong("names services if and only if how is pass-role or existing-compute");
        }
        let has_object = matches!(row.how, How::Grant | How::OtherIdentity | How::NewIdentity | How::Tag);
        if has_object != row.on.is_some() {
            return wrong("says on what if and only if how is self, other-identity, new-identity or tag");
        }
        if row.elsewhere.iter().any(|action| !row.actions.contains(action)) {
            return wrong("names an action under elsewhere that it does not need");
        }
        Ok(Self {
            needs: row.actions.iter().filter_map(|action| vocabulary.binary_search(action).ok()).collect(),
            runs: row.runs,
            elsewhere: row.elsewhere,
            password: row.password,
            free_key: row.free_key,
            second_factor: row.second_factor,
            besides: row.besides,
            how: row.how,
            on: row.on,
            actions: row.actions.iter().map(|action| Action::new(action)).collect(),
            services: row.services,
            does: row.does,
            provided: row.provided,
        })
    }

    /// Whether something is what the technique works on.
    pub(super) fn works_on(&self, arn: &str) -> bool {
        self.runs.iter().any(|pattern| covers(pattern, arn))
    }

    /// The actions that are done to what carries the role.
    pub(super) fn done_there(&self) -> impl Iterator<Item = &Action> {
        self.actions.iter().filter(|action| !self.elsewhere.contains(&action.text))
    }

    /// The actions that are done to something else.
    pub(super) fn done_elsewhere(&self) -> impl Iterator<Item = &Action> {
        self.actions.iter().filter(|action| self.elsewhere.contains(&action.text))
    }
}
