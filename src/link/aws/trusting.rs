//! More of what trust policies say: conditions that name nobody, SAML audiences, services of several kinds, and identity
//! providers that no role trusts. It must not ask what a role may do.

use std::collections::{BTreeMap, BTreeSet};

use super::names_who;
use super::statements::{Principal, Statement, allows};
use crate::access::aws::Hold;
use crate::inventory::Inventory;
use crate::model::{AttributeName as A, Attributes, FactKind, Identity, IdentityKind, Known, Urn};

/// Services that are one to a user: what trusts them together is no mixture.
const KIN: &[(&str, &str)] = &[("edgelambda", "lambda"), ("ecs-tasks", "ecs"), ("ssm", "ec2")];

/// Sets what the statements of a role's trust policy say.
pub(super) fn judge(statements: &[Statement<'_>], attributes: &mut Attributes) {
    let (mut weak, mut saml, mut services) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for statement in statements {
        let says_who = statement.shut || names_who(statement);
        for principal in &statement.principals {
            match principal {
                Principal::Anyone if !says_who => {
                    // Without one that keeps anybody out, anyone at all may become it, which is told as that.
                    let holding = statement.tests.iter().filter(|test| test.hold() != Hold::Nobody);
                    weak.extend(holding.map(|test| test.key.clone()));
                }
                Principal::Federated(provider) if provider.contains(":saml-provider/") => {
                    let asks = statement.tests.iter().any(|test| test.key == "saml:aud" && test.binds());
                    if !asks {
                        saml.insert(provider.rsplit('/').next().unwrap_or(provider).to_owned());
                    }
                }
                Principal::Service(name) => {
                    let first = name.split('.').next().unwrap_or(name);
                    let kin = KIN.iter().find(|(one, _)| *one == first).map_or(first, |(_, other)| other);
                    services.insert(kin.to_owned());
                }
                _ => {}
            }
        }
    }
    let is_person = |statement: &Statement<'_>| {
        let saml = |one: &Principal<'_>| matches!(one, Principal::Federated(name) if name.contains(":saml-provider/"));
        let asks = statement.tests.iter().any(|test| test.key.starts_with("aws:multifactorauth") && test.binds());
        asks || (!statement.principals.is_empty() && statement.principals.iter().all(saml))
    };
    attributes.set(A::OfPeople, !statements.is_empty() && statements.iter().all(is_person));
    attributes.set(A::TrustsAnyoneWeakly, weak.into_iter().collect::<Vec<_>>());
    attributes.set(A::SamlAnyAudience, saml.into_iter().collect::<Vec<_>>());
    attributes.set(A::TrustedServiceCount, i64::try_from(services.len()).unwrap_or(i64::MAX));
    attributes.set(A::TrustedServices, services.into_iter().collect::<Vec<_>>());
}

/// How many roles trust each identity provider.
pub(super) fn providers(inventory: &Inventory) -> Vec<(Urn, Attributes)> {
    let is_provider =
        |one: &&Identity| matches!(one.kind, IdentityKind::AwsOidcProvider | IdentityKind::AwsSamlProvider);
    let providers: Vec<&Identity> = inventory.identities.iter().filter(is_provider).collect();
    if providers.is_empty() {
        return Vec::new();
    }
    let mut roles: BTreeMap<String, i64> = BTreeMap::new();
    for trust in inventory.trusts.iter() {
        let document = trust.document.read();
        let statements = allows(&document);
        let named: BTreeSet<&str> = statements
            .iter()
            .flat_map(|statement| &statement.principals)
            .filter_map(|principal| match principal {
                Principal::Federated(provider) => Some(*provider),
                _ => None,
            })
            .collect();
        named.into_iter().for_each(|provider| *roles.entry(provider.to_owned()).or_default() += 1);
    }
    let count = |provider: &Identity| match inventory.coverage.blind_spot(&provider.tenant, FactKind::Trusts) {
        Some(hole) => Known::unknown(format!("{}: not all trust policies were read", hole.what)),
        None => Known::Value(roles.get(provider.id.as_str()).copied().unwrap_or_default()),
    };
    let of = |provider: &Identity| {
        let mut attributes = Attributes::default();
        attributes.set_known(A::TrustingRoles, count(provider));
        (provider.id.clone(), attributes)
    };
    providers.into_iter().map(of).collect()
}
