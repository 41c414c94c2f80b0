//! The table of what rights amount to, as data: which actions, asked on which resources. It asks nothing itself.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeSet;

use serde::Deserialize;

use super::action::Action;
use super::capability::partition;
use crate::model::{AttributeName, CapabilityKind, Identity, IdentityKind};

/// What rights amount to, read from `rules/facts/aws-capabilities.toml`.
#[derive(Debug)]
pub struct CapabilityTable {
    groups: Vec<Group>,
    /// The resource patterns that probes name, each once.
    resources: Vec<String>,
    /// The actions by which one reads data, asked on anything.
    data: Vec<Action>,
    /// Actions that are worth watching by themselves, with the attribute that names them.
    watched: Vec<(AttributeName, Vec<Probe>)>,
}

/// Probes that prove one capability.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) kind: CapabilityKind,
    /// Whether all probes are needed, or one.
    pub(super) all: bool,
    pub(super) probes: Vec<Probe>,
    /// One of these is needed besides.
    pub(super) and: Vec<Probe>,
    /// Where a statement denies some of the probes, one of each list must be allowed all the same.
    pub(super) core: Vec<Vec<Probe>>,
}

/// An action, and which of the table's resources it is asked on.
#[derive(Debug)]
pub(super) struct Probe {
    pub(super) action: Action,
    resource: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    data: Vec<String>,
    watched: Vec<WatchedRow>,
    capability: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    kind: CapabilityKind,
    need: Need,
    probes: Vec<ProbeRow>,
    #[serde(default)]
    and: Vec<ProbeRow>,
    #[serde(default)]
    core: Vec<Vec<ProbeRow>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WatchedRow {
    name: AttributeName,
    probes: Vec<ProbeRow>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Need {
    All,
    Any,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProbeRow {
    on: String,
    actions: Vec<String>,
}

impl CapabilityTable {
    /// Reads the table.
    ///
    /// # Errors
    /// Says line, column and what was expected.
    pub fn parse(toml: &str) -> Result<Self, String> {
        let table: Table = toml::from_str(toml).map_err(|error| error.to_string())?;
        let watched = || table.watched.iter().flat_map(|row| &row.probes);
        let rows = || {
            let all = table.capability.iter();
            all.flat_map(|row| row.probes.iter().chain(&row.and).chain(row.core.iter().flatten())).chain(watched())
        };
        if let Some(wrong) = rows().flat_map(|row| &row.actions).find(|action| !action.contains(':')) {
            return Err(format!("'{wrong}' is not an action (expected service:Name)"));
        }
        let resources: Vec<String> = rows().map(|row| row.on.clone()).collect::<BTreeSet<_>>().into_iter().collect();
        let probes = |rows: &[ProbeRow]| {
            let each = rows.iter().flat_map(|row| {
                let resource = resources.binary_search(&row.on).unwrap_or_default();
                row.actions.iter().map(move |action| Probe { action: Action::new(action), resource })
            });
            each.collect::<Vec<Probe>>()
        };
        let group = |row: &Row| Group {
            kind: row.kind,
            all: row.need == Need::All,
            probes: probes(&row.probes),
            and: probes(&row.and),
            core: row.core.iter().map(|rows| probes(rows)).collect(),
        };
        let groups = table.capability.iter().map(group).collect();
        let data = table.data.iter().map(|action| Action::new(action)).collect();
        let watched = table.watched.iter().map(|row| (row.name, probes(&row.probes))).collect();
        Ok(Self { groups, resources, data, watched })
    }

    /// The actions by which one reads data.
    pub(super) fn data(&self) -> &[Action] {
        &self.data
    }

    /// Actions that are worth watching by themselves.
    pub(super) fn watched(&self) -> &[(AttributeName, Vec<Probe>)] {
        &self.watched
    }

    /// The actions by which one has a capability, each alone.
    pub(super) fn actions_of(&self, kind: CapabilityKind) -> impl Iterator<Item = &Action> {
        let groups = self.groups.iter().filter(move |group| group.kind == kind && !group.all);
        groups.flat_map(|group| &group.probes).map(|probe| &probe.action)
    }

    /// The table as it is asked of someone.
    pub(super) fn place<'t>(&'t self, subject: Subject<'t>) -> Place<'t> {
        Place { table: self, subject, resources: self.resources.iter().map(|_| OnceCell::new()).collect() }
    }
}

/// Whose account is asked about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'s> {
    pub(super) partition: &'s str,
    pub(super) account: &'s str,
    pub(super) identity: Option<&'s Identity>,
}

impl<'s> Subject<'s> {
    pub(super) fn of(identity: &'s Identity) -> Self {
        Self { partition: partition(identity.id.as_str()), account: &identity.tenant, identity: Some(identity) }
    }
}

/// The table as it is asked of one identity. A resource is written for it when it is first asked for: most identities
/// fail at the first.
#[derive(Debug)]
pub(super) struct Place<'t> {
    table: &'t CapabilityTable,
    subject: Subject<'t>,
    resources: Vec<OnceCell<Option<Cow<'t, str>>>>,
}

impl<'t> Place<'t> {
    pub(super) fn groups(&self) -> &'t [Group] {
        &self.table.groups
    }

    /// The resource of a probe; none when it is about another kind of identity.
    pub(super) fn resource(&self, probe: &Probe) -> Option<&str> {
        let written = self.resources.get(probe.resource)?;
        written.get_or_init(|| self.write(self.table.resources.get(probe.resource)?)).as_deref()
    }

    fn write(&self, pattern: &'t str) -> Option<Cow<'t, str>> {
        let Subject { partition, account, identity } = self.subject;
        let own = |kind: IdentityKind| Some(identity.filter(|one| one.kind == kind)?.id.as_str().into());
        match pattern {
            "{user}" => own(IdentityKind::AwsUser),
            "{role}" => own(IdentityKind::AwsRole),
            pattern if pattern.contains('{') => Some(pattern.replace("{p}", partition).replace("{a}", account).into()),
            pattern => Some(pattern.into()),
        }
    }
}
