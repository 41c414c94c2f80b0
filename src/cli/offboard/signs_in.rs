//! What a person may use by signing in through IAM Identity Center, by themselves or as a member of a group.

use crate::cli::answer::Section;
use crate::model::{AttributeName as A, Setting, SettingKind, Urn};

use super::{Graph, Leaver};

/// Roles of accounts that somebody may use.
pub(super) struct SignsIn<'a> {
    /// The assignment, and the group by which it is theirs.
    pub(super) by: Vec<(&'a Setting, Option<&'a Setting>)>,
}

/// What a leaver may use. Whoever is switched off there is called so in what was read, and is nobody's address.
pub(super) fn of<'a>(known: &'a Graph, leaver: &Leaver<'_>) -> SignsIn<'a> {
    let settings = &known.inventory.settings;
    let is_of = |one: &&Setting| one.attributes.texts(A::Members).iter().any(|name| leaver.is_named(name));
    let groups: Vec<&Setting> =
        settings.iter().filter(|one| one.kind == SettingKind::AwsCenterGroup).filter(is_of).collect();
    let assignments = settings.iter().filter(|one| one.kind == SettingKind::AwsAccountAssignment);
    let theirs = assignments.filter_map(|one| {
        let to = one.attributes.text(A::Resource).map(Urn::new);
        let group = groups.iter().find(|group| Some(&group.id) == to.as_ref()).copied();
        let by_name = || one.attributes.texts(A::AssignedTo).iter().any(|name| leaver.is_named(name));
        (group.is_some() || by_name()).then_some((one, group))
    });
    SignsIn { by: theirs.collect() }
}

impl SignsIn<'_> {
    /// The assignments, for machines.
    pub(super) fn ids(&self) -> Vec<&Urn> {
        self.by.iter().map(|(one, _)| &one.id).collect()
    }

    /// A line for each account and set.
    pub(super) fn section(&self) -> Section {
        let mut section = Section::new("Signs in through IAM Identity Center, until switched off there");
        for (one, group) in &self.by {
            let account = one.attributes.text(A::Account).unwrap_or_default();
            let by = group.map_or(String::new(), |group| format!(", as a member of {}", group.name));
            section.line(0, format!("{} in account {account}{by}", one.name));
        }
        section
    }
}
