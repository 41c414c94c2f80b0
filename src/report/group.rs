//! Which findings belong together, and in which order they are read. Prints nothing.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::model::{Capability, Finding, Identity, Known, Location, Provider, Severity, Urn};
use crate::report::Scan;

/// What findings have in common.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key<'a> {
    /// The identity they are about.
    Identity(&'a Urn),
    /// The file of secrets that belong to no identity that is known.
    File(String),
    /// The thing that was looked at, where neither is known.
    Subject(&'a Urn),
}

/// Findings that are read together.
pub(super) struct Group<'a> {
    pub(super) key: Key<'a>,
    pub(super) worst: Severity,
    pub(super) title: String,
    pub(super) findings: Vec<&'a Finding>,
}

/// All groups: the worst first, then those with more findings, then by name.
pub(super) fn groups<'a>(scan: &Scan<'a>) -> Vec<Group<'a>> {
    let mut by_key: BTreeMap<Key<'a>, Vec<&'a Finding>> = BTreeMap::new();
    for finding in scan.findings {
        by_key.entry(key(finding)).or_default().push(finding);
    }
    let mut groups: Vec<_> = by_key.into_iter().map(|(key, findings)| group(scan, key, findings)).collect();
    groups.sort_by(|a, b| {
        let order =
            |group: &Group<'_>| (Reverse(group.worst), Reverse(reach(scan, &group.key)), Reverse(group.findings.len()));
        order(a).cmp(&order(b)).then_with(|| a.title.cmp(&b.title)).then_with(|| a.key.cmp(&b.key))
    });
    groups
}

/// What a finding is about, where that is no identity: the file, or the thing that was looked at.
pub(super) fn about(finding: &Finding) -> String {
    match key(finding) {
        Key::Identity(id) => format!("{id}, not in the inventory"),
        Key::File(path) => path,
        Key::Subject(urn) => urn.to_string(),
    }
}

fn key(finding: &Finding) -> Key<'_> {
    if let Some(identity) = &finding.identity {
        return Key::Identity(identity);
    }
    match finding.evidence.first().map(|evidence| &evidence.location) {
        Some(location @ Location::File { .. }) => Key::File(location.file().unwrap_or_default()),
        _ => Key::Subject(&finding.subject),
    }
}

/// What whoever has a secret of it gets: of two equally bad things the one that lies in the open and leads to everything is
/// read first, then what leads to everything.
fn reach(scan: &Scan<'_>, key: &Key<'_>) -> u8 {
    let Key::Identity(id) = key else { return 0 };
    let Some(facts) = scan.inventory.facts.identities.get(*id) else { return 0 };
    let is_strong = facts.capabilities.iter().any(Capability::is_administrator)
        || facts.escalations.iter().any(|path| !path.conditional);
    u8::from(is_strong) * (1 + u8::from(!facts.exposures.is_empty()))
}

fn group<'a>(scan: &Scan<'a>, key: Key<'a>, mut findings: Vec<&'a Finding>) -> Group<'a> {
    findings.sort_by_key(|finding| Reverse(finding.severity));
    let worst = findings.first().map_or(Severity::Info, |finding| finding.severity);
    let title = match &key {
        Key::Identity(id) => match scan.inventory.identities.get(id) {
            Some(identity) => headline(identity),
            None => format!("{id}, not in the inventory"),
        },
        Key::File(path) => format!("file {path}"),
        Key::Subject(urn) => urn.to_string(),
    };
    Group { key, worst, title, findings }
}

/// An identity in a line: what it is, its name, where it lives.
pub fn headline(identity: &Identity) -> String {
    let tenant = tenant_word(identity.provider());
    let disabled = if identity.enabled == Known::Value(false) { ", disabled" } else { "" };
    format!("{} {}, {tenant} {}{disabled}", identity.kind.label(), identity.name, identity.tenant)
}

/// What a tenant of a provider is called.
pub(super) fn tenant_word(provider: Provider) -> &'static str {
    match provider {
        Provider::Aws => "account",
        Provider::Kubernetes => "cluster",
        Provider::Okta => "organisation",
        Provider::Agents => "configuration in",
    }
}
