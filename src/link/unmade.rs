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
    let mut missing: Vec<(Urn, Missing<'_>)> = Vec::new();
    for setting in inventory.settings.iter().filter(|one| one.kind == SettingKind::CodeDefinition) {
        if let Some(tenant) = of_code(inventory, setting, &read, &places) {
            missing.push((setting.id.clone(), tenant));
        }
    }
    for account in inventory.identities.iter().filter(|one| is_manifest(one) && !one.is_only_named()) {
        if let Some(tenant) = of_manifest(inventory, account, &read, &places) {
            missing.push((account.id.clone(), tenant));
        }
    }
    let mut beside: BTreeMap<(Folder<'_>, &str), usize> = BTreeMap::new();
    for (folder, tenant) in missing.iter().filter_map(|(_, one)| Some((one.beside?, one.tenant))) {
        *beside.entry((folder, tenant)).or_default() += 1;
    }
    let judged = |one: &Missing<'_>| match one.beside {
        Some(folder) if beside.get(&(folder, one.tenant)) > Some(&places.made(folder, one.tenant)) => {
            let why =
                format!("most of what stands beside it is not in {}: it may be of another one, not read", one.tenant);
            Known::unknown(why)
        }
        Some(_) => Read::if_no_other(inventory, one.tenant),
        None => Known::Value(one.tenant.to_owned()),
    };
    let found: Vec<(Urn, Known<String>)> = missing.iter().map(|(id, one)| (id.clone(), judged(one))).collect();
    for (id, tenant) in found {
        inventory.facts.attributes.entry(id).or_default().set_known(AttributeName::MissingIn, tenant);
    }
}

/// Where something is missing that code makes.
#[derive(Clone, Copy)]
struct Missing<'a> {
    tenant: &'a str,
    /// The folder, where only what is made beside it tells the tenant.
    beside: Option<Folder<'a>>,
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
struct Places<'a>(BTreeMap<Folder<'a>, BTreeMap<&'a str, usize>>);

impl<'a> Places<'a> {
    fn of(inventory: &'a Inventory) -> Self {
        let mut places: BTreeMap<_, BTreeMap<&str, usize>> = BTreeMap::new();
        // What may be made elsewhere says nothing of where the code beside it is applied.
        let is_sure = |edge: &&Edge| edge.kind == EdgeKind::DefinedBy && edge.holding == Holding::Holds;
        for edge in inventory.facts.graph.edges().iter().filter(is_sure) {
            let setting = inventory.settings.get(&edge.to).map(|one| &one.evidence);
            let evidence = setting.or_else(|| inventory.identities.get(&edge.to).map(|one| &one.evidence));
            let (Some(folder), Some(made)) = (evidence.and_then(folder), inventory.identities.get(&edge.from)) else {
                continue;
            };
            *places.entry(folder).or_default().entry(made.tenant.as_str()).or_default() += 1;
        }
        Self(places)
    }

    /// The one account or cluster that the code beside this makes things in.
    fn of_neighbours(&self, evidence: &Evidence) -> Option<&'a str> {
        let tenants = self.0.get(&folder(evidence)?)?;
        let mut tenants = tenants.keys();
        tenants.next().copied().filter(|_| tenants.next().is_none())
    }

    /// How much of what the code of a folder makes is there.
    fn made(&self, folder: Folder<'_>, tenant: &str) -> usize {
        self.0.get(&folder).and_then(|tenants| tenants.get(tenant)).copied().unwrap_or_default()
    }
}

/// A tree and a folder in it.
type Folder<'a> = (&'a str, &'a str);

/// The tree and the folder of a file: code of one folder is applied together (Terraform: a root module).
fn folder(evidence: &Evidence) -> Option<Folder<'_>> {
    let Location::File { root, path, .. } = &evidence.location else { return None };
    Some((root, path.rsplit_once('/').map_or("", |(folder, _)| folder)))
}

fn of_code<'a>(
    inventory: &Inventory,
    setting: &'a Setting,
    read: &Read<'_>,
    places: &Places<'a>,
) -> Option<Missing<'a>> {
    let attributes = &setting.attributes;
    if attributes.is(AttributeName::Optional) {
        return None;
    }
    if let Some(arn) = attributes.text(AttributeName::DefinedArn) {
        let account = arn.split(':').nth(4)?;
        let is_there = inventory.identities.get(&Urn::new(arn)).is_some();
        return (!is_there && read.is_whole(inventory, account)).then_some(Missing { tenant: account, beside: None });
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
    let beside = said.is_empty().then(|| folder(&setting.evidence)).flatten();
    (is_of_kind && !is_there && read.is_whole(inventory, tenant)).then_some(Missing { tenant, beside })
}

fn of_manifest<'a>(
    inventory: &Inventory,
    account: &'a Identity,
    read: &Read<'_>,
    places: &Places<'a>,
) -> Option<Missing<'a>> {
    if account.attributes.is(AttributeName::Template) {
        return None;
    }
    let tenant = places.of_neighbours(&account.evidence).filter(|tenant| !is_account(tenant))?;
    let has = |name: &str| read.names.contains(&(account.kind.as_str(), name));
    // Every namespace has an account `default`: one without it is not in the cluster, or was not read.
    let (namespace, _) = account.name.split_once('/')?;
    let is_read = has(&format!("{namespace}/default")) && read.is_whole(inventory, tenant);
    (is_read && !has(&account.name)).then_some(Missing { tenant, beside: folder(&account.evidence) })
}

/// Whether a tenant is an AWS account: twelve digits.
fn is_account(tenant: &str) -> bool {
    tenant.len() == 12 && tenant.bytes().all(|byte| byte.is_ascii_digit())
}
