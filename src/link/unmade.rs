//! Code that makes nothing: what it says should be there, and an account or cluster that was read to its end does not
//! have it. Says nothing where the account is not known, was not read whole, or the code may leave it out on purpose.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::inventory::Inventory;
use crate::model::{
    AttributeName, CoverageEntry, Edge, EdgeKind, Evidence, FactKind, Holding, Identity, IdentityKind, Known, Location,
    Setting, SettingKind, Urn,
};

pub(super) fn link(inventory: &mut Inventory) {
    let read = Read::of(inventory);
    let places = Places::of(inventory);
    let mut found: Vec<(Urn, Known<String>)> = Vec::new();
    for setting in inventory.settings.iter().filter(|one| one.kind == SettingKind::CodeDefinition) {
        if let Some(tenant) = of_code(inventory, setting, &read, &places) {
            found.push((setting.id.clone(), tenant));
        }
    }
    for account in inventory.identities.iter().filter(|one| is_manifest(one) && !one.is_only_named()) {
        if let Some(tenant) = of_manifest(inventory, account, &read, &places) {
            found.push((account.id.clone(), tenant));
        }
    }
    for (id, tenant) in found {
        inventory.facts.attributes.entry(id).or_default().set_known(AttributeName::MissingIn, tenant);
    }
}

/// A service account as a manifest of a tree makes it.
pub(super) fn is_manifest(identity: &Identity) -> bool {
    identity.kind == IdentityKind::KubernetesServiceAccount && identity.evidence.is_declared()
}

/// The accounts and clusters of which identities were read, and the names that they have.
struct Read<'a> {
    tenants: BTreeSet<&'a str>,
    names: HashSet<(&'static str, &'a str)>,
}

impl<'a> Read<'a> {
    fn of(inventory: &'a Inventory) -> Self {
        let real = || inventory.identities.iter().filter(|one| !one.evidence.is_declared());
        let counts = |one: &&Identity| {
            matches!(one.kind, IdentityKind::AwsUser | IdentityKind::AwsRole | IdentityKind::KubernetesServiceAccount)
        };
        Self {
            tenants: real().filter(counts).map(|one| one.tenant.as_str()).collect(),
            names: real().map(|one| (one.kind.as_str(), super::definitions::short_name(one))).collect(),
        }
    }

    fn is_whole(&self, inventory: &Inventory, tenant: &str) -> bool {
        self.tenants.contains(tenant) && inventory.coverage.blind_spot(tenant, FactKind::Identities).is_none()
    }

    /// The tenant, known only by what is made beside it: code that another one has, too, may be applied there alone. Where
    /// another was not read to its end, nothing of it is known.
    fn if_no_other(inventory: &Inventory, tenant: &str) -> Known<String> {
        let provider = if is_account(tenant) { "aws" } else { "kubernetes" };
        let hides = |entry: &&CoverageEntry| {
            let is_other = entry.target != tenant && !entry.target.ends_with(" (manifests)");
            entry.collector == provider && is_other && entry.blinds.contains(&FactKind::Identities)
        };
        match inventory.coverage.entries().iter().find(hides) {
            Some(hole) => {
                Known::unknown(format!("{} was not read to its end ({}) and may have it", hole.target, hole.what))
            }
            None => Known::Value(tenant.to_owned()),
        }
    }
}

/// Where the code of each folder is known to be applied, by what else of the folder was found to be made.
struct Places<'a>(BTreeMap<(&'a str, &'a str), BTreeSet<&'a str>>);

impl<'a> Places<'a> {
    fn of(inventory: &'a Inventory) -> Self {
        let mut places: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
        // What may be made elsewhere says nothing of where the code beside it is applied.
        let is_sure = |edge: &&Edge| edge.kind == EdgeKind::DefinedBy && edge.holding == Holding::Holds;
        for edge in inventory.facts.graph.edges().iter().filter(is_sure) {
            let setting = inventory.settings.get(&edge.to).map(|one| &one.evidence);
            let evidence = setting.or_else(|| inventory.identities.get(&edge.to).map(|one| &one.evidence));
            let (Some(folder), Some(made)) = (evidence.and_then(folder), inventory.identities.get(&edge.from)) else {
                continue;
            };
            places.entry(folder).or_default().insert(made.tenant.as_str());
        }
        Self(places)
    }

    /// The one account or cluster that the code beside this makes things in.
    fn of_neighbours(&self, evidence: &Evidence) -> Option<&'a str> {
        let tenants = self.0.get(&folder(evidence)?)?;
        let mut tenants = tenants.iter();
        tenants.next().copied().filter(|_| tenants.next().is_none())
    }
}

/// The tree and the folder of a file: code of one folder is applied together (Terraform: a root module).
fn folder(evidence: &Evidence) -> Option<(&str, &str)> {
    let Location::File { root, path, .. } = &evidence.location else { return None };
    Some((root, path.rsplit_once('/').map_or("", |(folder, _)| folder)))
}

fn of_code(inventory: &Inventory, setting: &Setting, read: &Read<'_>, places: &Places<'_>) -> Option<Known<String>> {
    let attributes = &setting.attributes;
    if attributes.is(AttributeName::Optional) {
        return None;
    }
    if let Some(arn) = attributes.text(AttributeName::DefinedArn) {
        let account = arn.split(':').nth(4)?;
        let is_there = inventory.identities.get(&Urn::new(arn)).is_some();
        return (!is_there && read.is_whole(inventory, account)).then(|| Known::Value(account.to_owned()));
    }
    let named = (attributes.text(AttributeName::DefinedKind)?, attributes.text(AttributeName::DefinedName)?);
    let said = attributes.texts(AttributeName::DefinedAccounts);
    let tenant = match said {
        [account] => account,
        [] => places.of_neighbours(&setting.evidence)?,
        _ => return None,
    };
    let is_of_kind = (named.0 == IdentityKind::KubernetesServiceAccount.as_str()) != is_account(tenant);
    let is_there = read.names.contains(&named);
    (is_of_kind && !is_there && read.is_whole(inventory, tenant)).then(|| match said {
        [] => Read::if_no_other(inventory, tenant),
        _ => Known::Value(tenant.to_owned()),
    })
}

fn of_manifest(
    inventory: &Inventory,
    account: &Identity,
    read: &Read<'_>,
    places: &Places<'_>,
) -> Option<Known<String>> {
    if account.attributes.is(AttributeName::Template) {
        return None;
    }
    let tenant = places.of_neighbours(&account.evidence).filter(|tenant| !is_account(tenant))?;
    let has = |name: &str| read.names.contains(&(account.kind.as_str(), name));
    // Every namespace has an account `default`: one without it is not in the cluster, or was not read.
    let (namespace, _) = account.name.split_once('/')?;
    let is_read = has(&format!("{namespace}/default")) && read.is_whole(inventory, tenant);
    (is_read && !has(&account.name)).then(|| Read::if_no_other(inventory, tenant))
}

/// Whether a tenant is an AWS account: twelve digits.
fn is_account(tenant: &str) -> bool {
    tenant.len() == 12 && tenant.bytes().all(|byte| byte.is_ascii_digit())
}
