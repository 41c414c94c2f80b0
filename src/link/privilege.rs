//! What each identity can do by the policies it holds itself.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::Tables;
use super::around::Clusters;
use crate::access::{aws, kubernetes, okta};
use crate::inventory::{Inventory, Table};
use crate::model::{
    AttributeName, AttributeValue, Attributes, Capability, FactKind, Grant, GrantKind, Identity, IdentityKind, Known,
    Policy, PolicyLanguage, Provider, SettingKind, Urn,
};

pub(super) fn link(inventory: &mut Inventory, tables: &Tables, library: &aws::Library) {
    let clusters = Clusters::of(inventory, tables);
    let (of_identities, of_grants) = clusters.ask(|around| judged(inventory, tables, library, around));
    for (id, capabilities, wide, unknown) in of_identities {
        for (name, actions) in wide {
            let all = Attributes::default().with(name, actions);
            inventory.facts.attributes.entry(id.clone()).or_default().fill(all, true);
        }
        let facts = inventory.facts.identities.entry(id).or_default();
        facts.capabilities = capabilities;
        facts.rights_unknown = unknown;
    }
    inventory.facts.grants = of_grants;
    let is_shipped = |grant: &&Grant| {
        let given = || inventory.facts.grants.get(&grant.id).map_or(&[][..], Vec::as_slice);
        tables.kubernetes_bootstrap.grants(grant) || tables.kubernetes_platforms.grants(grant, given())
    };
    let shipped = inventory.grants.iter().filter(is_shipped);
    let defaults = inventory.grants.iter().filter(|grant| {
        inventory.policies.get(&grant.policy).is_none() && tables.kubernetes_bootstrap.role(&grant.policy).is_some()
    });
    inventory.facts.default_policies = defaults.map(|grant| grant.policy.clone()).collect();
    inventory.facts.shipped = shipped.map(|grant| grant.id.clone()).collect();
    platforms_own(inventory, tables);
}

/// Marks the identities that are a platform's own: those all of whose bindings it makes, and those that its control plane uses
/// from outside and nobody else binds.
fn platforms_own(inventory: &mut Inventory, tables: &Tables) {
    let is_own = |one: &Identity| {
        let of_cluster = one.provider() == Provider::Kubernetes && !one.builtin && !one.evidence.is_declared();
        let facts = inventory.facts.identities.get(&one.id).filter(|_| of_cluster);
        let Some(facts) = facts else { return false };
        let all = facts.grants.iter().all(|grant| inventory.facts.shipped.contains(grant));
        // Which names that begin with `system:` are the platform's was told where they were read.
        let is_named = !facts.grants.is_empty() && !one.name.starts_with("system:");
        all && (is_named || tables.kubernetes_platforms.is_account(one))
    };
    let own: BTreeSet<Urn> = inventory.identities.iter().filter(|one| is_own(one)).map(|one| one.id.clone()).collect();
    if own.is_empty() {
        return;
    }
    let rows = std::mem::take(&mut inventory.identities).into_rows().into_iter();
    let rows = rows.map(|one| Identity { builtin: one.builtin || own.contains(&one.id), ..one });
    inventory.identities = Table::new(rows.collect());
}

/// What is known of one identity's rights: its capabilities, its wide actions, and why there may be more.
type Judged = (Urn, Vec<Capability>, Vec<(AttributeName, Vec<String>)>, Option<String>);

/// What every identity can do, and what every grant amounts to by itself.
fn judged(
    read: &Inventory,
    tables: &Tables,
    library: &aws::Library,
    around: &kubernetes::Around<'_>,
) -> (Vec<Judged>, BTreeMap<Urn, Vec<Capability>>) {
    let guardrails = Guardrails::of(read);
    let malformed = malformed(read);
    let mut of_grants = BTreeMap::new();
    let judge = |identity: &Identity| {
        let (mut capabilities, wide) = match identity.provider() {
            Provider::Aws => {
                let principal = aws_principal(read, identity, &guardrails);
                aws::judged(&principal, library, &tables.aws_capabilities)
            }
            Provider::Kubernetes => {
                let subject = kubernetes_subject(read, identity, tables);
                (kubernetes::capabilities(&subject, &tables.kubernetes_capabilities, around), Vec::new())
            }
            Provider::Okta => (okta_capabilities(read, identity, tables), Vec::new()),
            Provider::Agents => Default::default(),
        };
        capabilities.sort();
        (identity.id.clone(), capabilities, wide, rights_unknown(read, identity, &malformed))
    };
    let of_identities: Vec<Judged> = read.identities.rows().par_iter().map(judge).collect();
    // What a policy amounts to is asked once, however many hold it.
    let given = || read.grants.iter().filter(|grant| grant.kind == GrantKind::Policy);
    let of_aws = given().filter_map(|grant| policy(read, grant, tables));
    let of_aws = of_aws.filter(|policy| policy.language == PolicyLanguage::AwsIam);
    let of_aws: BTreeMap<&Urn, &Policy> = of_aws.map(|policy| (&policy.id, policy)).collect();
    let alone = |policy: &Policy| aws::policy_capabilities(policy, library, &tables.aws_capabilities);
    let of_policies: BTreeMap<&Urn, Vec<Capability>> =
        of_aws.into_par_iter().map(|(id, policy)| (id, alone(policy))).collect();
    for grant in given() {
        let Some(policy) = policy(read, grant, tables) else { continue };
        let capabilities = match policy.language {
            PolicyLanguage::AwsIam => of_policies.get(&policy.id).cloned().unwrap_or_default(),
            PolicyLanguage::KubernetesRbac => {
                kubernetes::grant_capabilities(grant, policy, &tables.kubernetes_capabilities, around)
            }
            PolicyLanguage::OktaRole | PolicyLanguage::OktaScopes => {
                okta::grant_capabilities(grant, policy, &tables.okta_capabilities)
            }
        };
        of_grants.insert(grant.id.clone(), capabilities);
    }
    (of_identities, of_grants)
}

fn okta_capabilities(inventory: &Inventory, identity: &Identity, tables: &Tables) -> Vec<Capability> {
    let held: Vec<(&Grant, &Policy)> =
        grants(inventory, identity).filter_map(|grant| Some((grant, inventory.policies.get(&grant.policy)?))).collect();
    let is_client = !matches!(identity.kind, IdentityKind::OktaUser | IdentityKind::OktaGroup);
    okta::capabilities(&held, is_client, &tables.okta_capabilities)
}

/// The grants of an identity, in the order of their names.
fn grants<'a>(inventory: &'a Inventory, identity: &Identity) -> impl Iterator<Item = &'a Grant> {
    let names = inventory.facts.identities.get(&identity.id).map(|facts| &facts.grants);
    names.into_iter().flatten().filter_map(|grant| inventory.grants.get(grant))
}

/// The first problem of each IAM policy that has some.
fn malformed(inventory: &Inventory) -> BTreeMap<&Urn, String> {
    let iam = inventory.policies.rows().par_iter().filter(|policy| policy.language == PolicyLanguage::AwsIam);
    let first = |policy: &Policy| aws::problems(&policy.document.read()).into_iter().next();
    iam.filter_map(|policy| Some((&policy.id, first(policy)?))).collect()
}

/// Why what is concluded of an identity's rights may lack something.
fn rights_unknown(inventory: &Inventory, identity: &Identity, malformed: &BTreeMap<&Urn, String>) -> Option<String> {
    if let Some(hole) = inventory.coverage.blind_spot(&identity.tenant, FactKind::Grants) {
        return Some(format!("{} of {} could not be read", hole.what, hole.target));
    }
    // A Kubernetes binding to a role that does not exist gives nothing; an IAM policy that was not read may give all.
    let is_aws = identity.provider() == Provider::Aws;
    grants(inventory, identity).filter(|_| is_aws).find_map(|grant| match inventory.policies.get(&grant.policy) {
        None => Some(format!("the policy {} was not read", grant.policy)),
        Some(policy) => {
            let problem = malformed.get(&policy.id)?;
            Some(format!("the policy {} is malformed: {problem}", policy.name))
        }
    })
}

/// The policies of organisations that bear on accounts: service control policies by level, resource control policies.
#[derive(Debug, Default)]
pub struct Guardrails<'a> {
    levels: BTreeMap<&'a str, BTreeMap<&'a [Urn], Vec<&'a Policy>>>,
    of_resources: BTreeMap<&'a str, Vec<&'a Policy>>,
}

impl<'a> Guardrails<'a> {
    /// Takes them from the grants to accounts. Neither kind bears on the management account of an organisation (AWS
    /// Organizations user guide, "Service control policies", "Resource control policies").
    pub fn of(inventory: &'a Inventory) -> Self {
        let organizations = inventory.settings.iter().filter(|one| one.kind == SettingKind::AwsOrganization);
        let management: BTreeSet<&str> =
            organizations.filter_map(|one| one.attributes.text(AttributeName::Account)).collect();
        let mut rails = Self::default();
        let limited = inventory.grants.iter().filter(|grant| !management.contains(grant.tenant.as_str()));
        for grant in limited {
            let Some(policy) = inventory.policies.get(&grant.policy) else { continue };
            match grant.kind {
                GrantKind::Scp => {
                    rails.levels.entry(&grant.tenant).or_default().entry(&grant.via).or_default().push(policy);
                }
                // The one that every account has allows everything and denies nothing.
                GrantKind::Rcp if !policy.builtin => rails.of_resources.entry(&grant.tenant).or_default().push(policy),
                _ => {}
            }
        }
        rails
    }

    fn on(&self, account: &str) -> Vec<Vec<&'a Policy>> {
        self.levels.get(account).map(|levels| levels.values().cloned().collect()).unwrap_or_default()
    }

    /// The resource control policies of an account.
    pub fn on_resources(&self, account: &str) -> &[&'a Policy] {
        self.of_resources.get(account).map(Vec::as_slice).unwrap_or_default()
    }
}

/// An identity with what decides what it may do, as the passes before have put it together.
pub fn aws_principal<'a>(
    inventory: &'a Inventory,
    identity: &'a Identity,
    guardrails: &Guardrails<'a>,
) -> aws::Principal<'a> {
    let mut principal = aws::Principal {
        identity,
        policies: Vec::new(),
        missing_policies: Vec::<&Urn>::new(),
        boundary: None,
        boundary_id: None,
        groups: match identity.attributes.get(AttributeName::Groups) {
            Known::Value(AttributeValue::Texts(names)) => Some(names.iter().map(String::as_str).collect()),
            // The answer that has the unique ids of users lists their groups, too.
            _ => identity.unique_id.as_ref().map(|_| Vec::new()),
        },
        guardrails: guardrails.on(&identity.tenant),
        resource_guardrails: guardrails.on_resources(&identity.tenant).to_vec(),
        trust: inventory.trusts.get(&identity.id),
    };
    for grant in grants(inventory, identity) {
        match (grant.kind, inventory.policies.get(&grant.policy)) {
            (GrantKind::Policy, Some(policy)) => principal.policies.push(policy),
            (GrantKind::Boundary, policy) => {
                (principal.boundary, principal.boundary_id) = (policy, Some(&grant.policy))
            }
            (GrantKind::Policy, None) => principal.missing_policies.push(&grant.policy),
            // An account's guardrails are all there already; a resource's policy gives its resource nothing.
            (GrantKind::Scp | GrantKind::Rcp | GrantKind::Resource, _) => {}
        }
    }
    principal
}

fn kubernetes_subject<'a>(
    inventory: &'a Inventory,
    identity: &'a Identity,
    tables: &'a Tables,
) -> kubernetes::Subject<'a> {
    let grants = grants(inventory, identity).map(|grant| (grant, policy(inventory, grant, tables)));
    kubernetes::Subject { identity, grants: grants.collect() }
}

/// The policy that a grant gives: as it was read, or as it always is.
fn policy<'a>(inventory: &'a Inventory, grant: &Grant, tables: &'a Tables) -> Option<&'a Policy> {
    inventory.policies.get(&grant.policy).or_else(|| tables.kubernetes_bootstrap.role(&grant.policy))
}
