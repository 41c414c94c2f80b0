//! Who may use the roles of IAM Identity Center, and which accounts manage it. It must not judge what a permission set gives.

use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::Inventory;
use crate::model::{
    AttributeName as A, AttributeValue, Attributes, Identity, IdentityKind, Known, Setting, SettingKind, Urn,
};

/// What the roles that Identity Center makes are under.
const PATH: &str = ":role/aws-reserved/sso.amazonaws.com/";

/// What is before the permission set in the name of such a role.
const PREFIX: &str = "AWSReservedSSO_";

fn roles(inventory: &Inventory) -> impl Iterator<Item = &Identity> {
    let roles = inventory.identities.iter().filter(|one| one.kind == IdentityKind::AwsRole);
    roles.filter(|one| one.id.as_str().contains(PATH))
}

/// The permission set in the name of a role: what is between the prefix and sixteen digits.
fn set_of(role: &Identity) -> Option<&str> {
    let (set, digits) = role.name.strip_prefix(PREFIX)?.rsplit_once('_')?;
    (digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(set)
}

/// The one role that a permission set has in each account. An account that was under another Identity Center before may
/// have two of one name: then neither is taken for it.
fn by_account(inventory: &Inventory) -> BTreeMap<(&str, &str), &Identity> {
    let mut all: BTreeMap<(&str, &str), Option<&Identity>> = BTreeMap::new();
    for role in roles(inventory) {
        let Some(set) = set_of(role) else { continue };
        all.entry((&role.tenant, set)).and_modify(|one| *one = None).or_insert(Some(role));
    }
    all.into_iter().filter_map(|(of, role)| Some((of, role?))).collect()
}

fn assignments(inventory: &Inventory) -> impl Iterator<Item = (&Setting, &str)> {
    let all = inventory.settings.iter().filter(|one| one.kind == SettingKind::AwsAccountAssignment);
    all.filter_map(|one| Some((one, one.attributes.text(A::Account)?)))
}

/// The people and groups that may use each role.
pub(super) fn assigned(inventory: &Inventory) -> Vec<(Urn, Attributes)> {
    let known = by_account(inventory);
    let mut found: BTreeMap<&Urn, (&Urn, BTreeSet<&String>)> = BTreeMap::new();
    for (one, account) in assignments(inventory) {
        let (Some(role), Some(set)) = (known.get(&(account, one.name.as_str())), &one.part_of) else { continue };
        let whom = one.attributes.texts(A::AssignedTo);
        found.entry(&role.id).or_insert_with(|| (set, BTreeSet::new())).1.extend(whom);
    }
    let of_role = |role: &Identity| {
        let mut attributes = Attributes::default();
        match found.remove(&role.id) {
            Some((set, whom)) => {
                attributes.set(A::AssignedTo, whom.into_iter().cloned().collect::<Vec<String>>());
                attributes.set(A::PermissionSet, set.as_str());
            }
            None => attributes.set_known(
                A::AssignedTo,
                Known::<AttributeValue>::unknown(
                    "no assignment of it was read (aws sso-admin list-account-assignments)",
                ),
            ),
        }
        (role.id.clone(), attributes)
    };
    roles(inventory).map(of_role).collect()
}

/// The permission set of each role, where an assignment ties them.
pub(in crate::link) fn sets(inventory: &Inventory) -> BTreeMap<&Urn, &Urn> {
    let known = by_account(inventory);
    let role = |one: &Setting, account| known.get(&(account, one.name.as_str())).map(|role| &role.id);
    assignments(inventory).filter_map(|(one, account)| Some((role(one, account)?, one.part_of.as_ref()?))).collect()
}

/// Which accounts run which instance of Identity Center, by the instance's id; true for the one that the organisation is
/// managed from. Whoever was told the permission sets runs it, as does who owns it; of those that the management account
/// let, its list says.
pub(in crate::link) fn keepers(inventory: &Inventory) -> BTreeMap<(&str, &str), bool> {
    let of_kind = |kind: SettingKind| inventory.settings.iter().filter(move |one| one.kind == kind);
    let mut all: BTreeMap<(&str, &str), bool> = BTreeMap::new();
    let sets = of_kind(SettingKind::AwsPermissionSet).map(|one| (one.id.as_str(), one));
    let tied = of_kind(SettingKind::AwsAccountAssignment).filter_map(|one| Some((one.part_of.as_ref()?.as_str(), one)));
    for (arn, one) in sets.chain(tied) {
        let instance = arn.split_once(":permissionSet/").and_then(|(_, rest)| rest.split('/').next());
        all.extend(instance.map(|instance| ((instance, one.tenant.as_str()), false)));
    }
    let managed_from = |tenant: &str| {
        let mut found = of_kind(SettingKind::AwsOrganization).filter(move |one| one.tenant == tenant);
        found.find_map(|one| one.attributes.text(A::Account))
    };
    let told: Vec<(&str, &str)> = all.keys().copied().collect();
    for &(instance, tenant) in &told {
        let lists = of_kind(SettingKind::AwsDelegation).filter(|one| one.tenant == tenant);
        let delegated = lists.flat_map(|list| list.attributes.texts(A::DelegatedAccounts));
        all.extend(delegated.map(|account| ((instance, account.as_str()), false)));
        all.extend(managed_from(tenant).map(|account| ((instance, account), true)));
    }
    for one in of_kind(SettingKind::AwsIdentityCenter) {
        let instance = one.id.as_str().rsplit('/').next().unwrap_or_default();
        // An instance of one account alone has no permission sets.
        let has_sets = told.iter().any(|(of, _)| *of == instance);
        let owner = one.attributes.text(A::Account).filter(|account| has_sets && !account.is_empty());
        all.extend(owner.map(|account| ((instance, account), true)));
    }
    all
}

/// The accounts that are known to manage Identity Center, and those that are known not to: the management account of an
/// organisation does, and of its other accounts those that it let.
pub(in crate::link) fn managers(inventory: &Inventory) -> BTreeMap<&str, bool> {
    let of_kind = |kind: SettingKind| inventory.settings.iter().filter(move |one| one.kind == kind);
    let mut all = BTreeMap::new();
    // Whoever may list those who manage it sees the accounts of the same organisation.
    for list in of_kind(SettingKind::AwsDelegation) {
        let delegated = list.attributes.texts(A::DelegatedAccounts);
        let members = of_kind(SettingKind::AwsMemberAccount).filter(|one| one.tenant == list.tenant);
        for account in members.filter_map(|one| one.attributes.text(A::Account)) {
            all.insert(account, delegated.iter().any(|one| one == account));
        }
    }
    let organizations = of_kind(SettingKind::AwsOrganization).filter_map(|one| one.attributes.text(A::Account));
    let management: BTreeSet<&str> = organizations.collect();
    // Without the management account's name one of the members may be it.
    if management.is_empty() {
        all.retain(|_, manages| *manages);
    }
    all.extend(management.into_iter().map(|account| (account, true)));
    all.extend(keepers(inventory).into_keys().map(|(_, account)| (account, true)));
    all
}
