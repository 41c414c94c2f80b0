//! What the documents of an AWS account say of who is let in, and what its credentials and workloads amount to together:
//! attributes that rules ask for. It must not change what was read.

mod accessed;
mod across;
mod catalogue;
pub(super) mod center;
mod documents;
mod federation;
mod statements;
mod table;
mod tighten;
mod trusting;

use std::collections::BTreeSet;

use rayon::prelude::*;
use serde_json::Value;

use self::statements::{Principal, Statement, Test, allows, is_unique_id};
pub(super) use self::table::TrustTable;
use crate::access::aws::Hold;
use crate::inventory::Inventory;
use crate::model::{
    AttributeName as A, AttributeValue, Attributes, Capability, CredentialKind, FactKind, GrantKind, Identity,
    IdentityKind, Known, SettingKind, Urn, Workload,
};

/// Judges trust and resource policies and counts keys.
pub(super) fn link(inventory: &mut Inventory, table: &TrustTable, actions: &str) {
    let accounts = Accounts::of(inventory);
    let roles = inventory.identities.rows().par_iter().filter(|one| one.kind == IdentityKind::AwsRole);
    let of_role = |role: &Identity| match inventory.trusts.get(&role.id) {
        Some(trust) => (role.id.clone(), of_trust(&trust.document.read(), &role.tenant, &accounts, table)),
        None => (role.id.clone(), unread_trust()),
    };
    let mut found: Vec<(Urn, Attributes)> = roles.map(of_role).collect();
    for grant in inventory.grants.iter().filter(|grant| grant.kind == GrantKind::Resource) {
        let attributes = match inventory.policies.get(&grant.policy) {
            Some(policy) => of_resource(&policy.document.read(), &grant.tenant, &accounts, table),
            None => {
                let mut attributes = Attributes::default();
                attributes.set_known(A::Public, Known::<bool>::unknown("its policy was not read"));
                attributes
            }
        };
        // The setting that stands for the policy has the policy's name.
        found.push((grant.policy.clone(), attributes));
    }
    found.extend(key_counts(inventory));
    found.extend(accessed::conclude(inventory));
    found.extend(documents::conclude(inventory, actions));
    found.extend(trusting::providers(inventory));
    found.extend(across::removal(inventory));
    found.extend(center::assigned(inventory));
    for (id, attributes) in found {
        inventory.facts.attributes.entry(id).or_default().fill(attributes, true);
    }
}

/// Says which workloads run as an administrator, and which anyone may start. Asked last: it needs what the other passes concluded.
pub(super) fn link_workloads(inventory: &mut Inventory) {
    let mut found: Vec<(Urn, Attributes)> = Vec::new();
    let open = open_to_all(inventory);
    for workload in inventory.workloads.iter().filter(|one| one.kind.as_str().starts_with("aws.")) {
        let mut attributes = Attributes::default();
        if open.contains(&workload.id) {
            attributes.set(A::Public, true);
        }
        attributes.set_known(A::RunsAsAdministrator, runs_as_administrator(inventory, workload));
        attributes.set(A::RunsAsWide, across::wide(inventory, workload));
        found.push((workload.id.clone(), attributes));
    }
    found.extend(across::accounts(inventory));
    for (id, attributes) in found {
        inventory.facts.attributes.entry(id).or_default().fill(attributes, true);
    }
}

/// What anyone may use, by a policy of its own.
fn open_to_all(inventory: &Inventory) -> BTreeSet<Urn> {
    let is_public = |grant: &&crate::model::Grant| {
        let concluded = inventory.facts.attributes.get(&grant.policy).map(|all| all.get(A::Public));
        matches!(concluded, Some(Known::Value(AttributeValue::Bool(true))))
    };
    let of_resources = inventory.grants.iter().filter(|grant| grant.kind == GrantKind::Resource);
    of_resources.filter(is_public).map(|grant| grant.to.clone()).collect()
}

fn runs_as_administrator(inventory: &Inventory, workload: &Workload) -> Known<bool> {
    let mut unread = None;
    for id in &workload.runs_as {
        let facts = inventory.facts.identities.get(id);
        let is = |facts: &crate::inventory::IdentityFacts| {
            facts.capabilities.iter().any(Capability::is_administrator)
                || facts.escalations.iter().any(|path| !path.conditional)
        };
        match facts {
            Some(facts) if is(facts) => return Known::Value(true),
            Some(facts) if facts.rights_unknown.is_some() => unread = facts.rights_unknown.clone(),
            _ if inventory.identities.get(id).is_none() => unread = Some(format!("the role {id} was not read")),
            _ => {}
        }
    }
    unread.map_or(Known::Value(false), Known::Unknown)
}

/// The accounts that are known to be one's own.
struct Accounts {
    own: BTreeSet<String>,
    closed: BTreeSet<String>,
    /// Whether the list of an organisation's accounts was read.
    are_listed: bool,
}

impl Accounts {
    fn of(inventory: &Inventory) -> Self {
        let is_aws = |kind: IdentityKind| kind.as_str().starts_with("aws.");
        let identities = inventory.identities.iter().filter(|one| is_aws(one.kind));
        let own = identities.map(|one| one.tenant.clone()).collect();
        let mut accounts = Self { own, closed: BTreeSet::new(), are_listed: false };
        for member in inventory.settings.iter().filter(|one| one.kind == SettingKind::AwsMemberAccount) {
            let Some(account) = member.attributes.text(A::Account) else { continue };
            accounts.own.insert(account.to_owned());
            accounts.are_listed = true;
            if member.attributes.text(A::State).is_some_and(|state| state != "active") {
                accounts.closed.insert(account.to_owned());
            }
        }
        accounts
    }
}

fn unread_trust() -> Attributes {
    let mut attributes = Attributes::default();
    let texts = [
        A::DeletedPrincipals,
        A::ExternalAccounts,
        A::ExternalNames,
        A::ExternalWithoutId,
        A::OidcAnySubject,
        A::OidcAnyAudience,
        A::OidcWideSubjects,
        A::OidcWholeSubjects,
        A::ServicesUnbound,
        A::ClosedAccounts,
        A::TrustsAnyoneWeakly,
        A::SamlAnyAudience,
        A::TrustedServices,
        A::TrustedServiceCount,
    ];
    for name in texts.into_iter().chain([A::TrustsAllBut, A::OpenToGuests]) {
        attributes.set_known(name, Known::<AttributeValue>::unknown("its trust policy was not read"));
    }
    attributes
}

fn of_trust(document: &Value, tenant: &str, accounts: &Accounts, table: &TrustTable) -> Attributes {
    let statements = allows(document);
    let mut attributes = who(&statements, tenant, accounts, table);
    let without_id = statements.iter().filter(|statement| !has_external_id(statement, tenant));
    let mut unnamed: Vec<String> = without_id.flat_map(|one| external(one, tenant, accounts)).collect();
    unnamed.sort();
    unnamed.dedup();
    attributes.set(A::ExternalWithoutId, unnamed);
    attributes.set(A::TrustsAllBut, statements.iter().any(|statement| statement.all_but));
    let mut unbound: BTreeSet<String> = BTreeSet::new();
    for statement in &statements {
        let says = names_who(statement);
        // Pod Identity says for which cluster and service account in tags of the session (EKS user guide, "Create IAM role
        // with trust policy required by EKS Pod Identity").
        let is_tagged = statement.tests.iter().any(|test| test.key.starts_with("aws:requesttag/") && test.binds());
        for principal in &statement.principals {
            if let Principal::Service(name) = principal
                && !says
                && !(is_tagged && name.starts_with("pods.eks."))
                && table.services.contains(name.strip_suffix(".cn").unwrap_or(name))
            {
                unbound.insert((*name).to_owned());
            }
        }
    }
    attributes.set(A::ServicesUnbound, unbound.into_iter().collect::<Vec<_>>());
    trusting::judge(&statements, &mut attributes);
    federation::judge(&statements, table, &mut attributes);
    attributes
}

fn of_resource(document: &Value, tenant: &str, accounts: &Accounts, table: &TrustTable) -> Attributes {
    let statements = allows(document);
    let mut attributes = who(&statements, tenant, accounts, table);
    let is_public = |statement: &Statement<'_>| {
        let everyone = statement.all_but || statement.principals.contains(&Principal::Anyone);
        everyone && !statement.shut && !statement.tests.iter().any(|test| test.hold() >= Hold::ByPlace)
    };
    attributes.set(A::Public, statements.iter().any(is_public));
    attributes
}

/// Who is let in, whatever the document is attached to.
fn who(statements: &[Statement<'_>], tenant: &str, accounts: &Accounts, table: &TrustTable) -> Attributes {
    let mut attributes = Attributes::default();
    let mut outside: Vec<String> = statements.iter().flat_map(|one| external(one, tenant, accounts)).collect();
    outside.sort();
    outside.dedup();
    let principals = || statements.iter().flat_map(|statement| &statement.principals);
    let mut deleted: Vec<String> = principals()
        .filter_map(|principal| match principal {
            Principal::Deleted(id) if is_unique_id(id) => Some((*id).to_owned()),
            _ => None,
        })
        .collect();
    deleted.sort();
    deleted.dedup();
    let named = principals().filter_map(account_of).filter(|account| accounts.closed.contains(*account));
    let closed: BTreeSet<String> = named.map(str::to_owned).collect();
    let names_others = principals().filter_map(account_of).any(|account| account != tenant);
    attributes.set_known(
        A::ClosedAccounts,
        match accounts.are_listed || !names_others {
            true => Known::Value(AttributeValue::from(closed.into_iter().collect::<Vec<_>>())),
            false => Known::unknown("which accounts are closed was not read (aws organizations list-accounts)"),
        },
    );
    attributes.set(A::DeletedPrincipals, deleted);
    let named = outside.iter().map(|account| match table.vendors.get(account) {
        Some(vendor) => format!("{vendor} ({account})"),
        None => account.clone(),
    });
    attributes.set(A::ExternalNames, named.collect::<Vec<_>>());
    attributes.set(A::ExternalAccounts, outside);
    attributes
}

fn account_of<'a>(principal: &Principal<'a>) -> Option<&'a str> {
    match principal {
        Principal::Account(account) | Principal::Identity { account } => Some(account),
        _ => None,
    }
}

/// The accounts outside of one's own that a statement lets in. One that is held to an organisation lets in no others.
fn external(statement: &Statement<'_>, tenant: &str, accounts: &Accounts) -> Vec<String> {
    let of_organization = |test: &Test<'_>| test.hold() == Hold::Who && test.key.starts_with("aws:principalorg");
    if statement.shut || statement.tests.iter().any(of_organization) {
        return Vec::new();
    }
    let everyone = statement.all_but || statement.principals.contains(&Principal::Anyone);
    let held_to = statement.tests.iter().filter(|_| everyone).flat_map(Test::accounts);
    let named = statement.principals.iter().filter_map(account_of).chain(held_to);
    named.filter(|account| *account != tenant && !accounts.own.contains(*account)).map(str::to_owned).collect()
}

/// Whether it asks for an external id that nobody knows who knows the accounts: their numbers are no secret.
fn has_external_id(statement: &Statement<'_>, tenant: &str) -> bool {
    let trusted: Vec<&str> = statement.principals.iter().filter_map(account_of).collect();
    let is_guessed = |value: &&str| *value == tenant || trusted.contains(value);
    let ids = statement.tests.iter().filter(|test| test.key == "sts:externalid");
    ids.into_iter().any(|test| test.binds() && !test.values.iter().any(is_guessed))
}

/// Whether a condition of a statement names an account, an organisation or an identity.
fn names_who(statement: &Statement<'_>) -> bool {
    statement.tests.iter().any(|test| test.hold() == Hold::Who)
}

/// How many keys of a user work, told of each of its keys and of its password.
fn key_counts(inventory: &Inventory) -> Vec<(Urn, Attributes)> {
    let mut found = Vec::new();
    let users =
        inventory.identities.iter().filter(|one| matches!(one.kind, IdentityKind::AwsUser | IdentityKind::AwsRoot));
    for user in users {
        let Some(facts) = inventory.facts.identities.get(&user.id) else { continue };
        let of_user: Vec<_> = facts.credentials.iter().filter_map(|id| inventory.credentials.get(id)).collect();
        let keys = || of_user.iter().filter(|one| one.kind == CredentialKind::AwsAccessKey);
        let active = i64::try_from(keys().filter(|key| key.active == Known::Value(true)).count()).unwrap_or(i64::MAX);
        let unsaid = keys().find_map(|key| key.active.why_unknown().map(str::to_owned));
        let blind = inventory.coverage.blind_spot_of(&user.id, &user.tenant, FactKind::Credentials);
        let reported = user.attributes.int(A::ActiveKeys);
        let count = match unsaid.or_else(|| blind.map(|hole| format!("{}: not all keys were read", hole.what))) {
            // Two is the most that a user can have (IAM quotas).
            Some(why) if active < 2 => reported.map_or(Known::Unknown(why), Known::Value),
            _ => Known::Value(active),
        };
        let counted =
            of_user.iter().filter(|one| matches!(one.kind, CredentialKind::AwsAccessKey | CredentialKind::AwsPassword));
        let mut attributes = Attributes::default();
        attributes.set_known(A::ActiveKeys, count.clone());
        let signs_in =
            of_user.iter().any(|one| one.kind == CredentialKind::AwsPassword && one.active == Known::Value(true));
        attributes.set(A::OfPeople, signs_in && count == Known::Value(0));
        found.push((user.id.clone(), attributes));
        for credential in counted {
            let mut attributes = Attributes::default();
            attributes.set_known(A::ActiveKeys, count.clone());
            found.push((credential.id.clone(), attributes));
        }
    }
    found
}
