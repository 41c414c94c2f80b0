//! Says what RBAC grants amount to, in the vocabulary of all providers.
//! Rights under another authorizer (a cloud's webhook, ABAC, the node authorizer) are not seen here.

use std::collections::BTreeSet;

use super::binding::follows;
use super::held::Held;
use super::rule::{list, texts};
use super::table::{CapabilityTable, Named, Need, Row};
use super::{Admission, Around, Subject};
use crate::model::{Capability, CapabilityKind, Grant, IdentityKind, Policy};

/// What the grants of a subject amount to: at most one capability a kind and scope, by kind and then scope. A
/// capability in the whole cluster is not repeated for its namespaces. Grants without a policy (a role that does not
/// exist) give nothing, as on the server.
///
/// Administrator is every verb on every resource of every group, by one rule: rules that list verbs or groups cannot
/// add up to that, because groups and verbs to come are not in any list. The group `system:masters` is allowed
/// everything before any rule is read.
pub fn capabilities(subject: &Subject<'_>, table: &CapabilityTable, around: &Around<'_>) -> Vec<Capability> {
    let identity = subject.identity;
    let grants = subject.grants.iter().filter_map(|(grant, policy)| Some((*grant, (*policy)?)));
    let mut found = of_grants(grants.collect(), table, around, true);
    if identity.kind == IdentityKind::KubernetesGroup && identity.name == "system:masters" {
        found.retain(|capability| capability.kind != CapabilityKind::Administrator);
        found.push(Capability {
            kind: CapabilityKind::Administrator,
            scope: format!("cluster {}", identity.tenant),
            conditional: false,
            proof: vec!["group system:masters is allowed everything without any binding".to_owned()],
        });
        found.sort();
    }
    found
}

/// What one grant of one role amounts to by itself.
pub fn grant_capabilities(
    grant: &Grant,
    policy: &Policy,
    table: &CapabilityTable,
    around: &Around<'_>,
) -> Vec<Capability> {
    of_grants(vec![(grant, policy)], table, around, true)
}

/// Which of the rules of a role can count for any capability: of roles with hundreds of rules these are few, and the same for
/// each of its bindings.
pub fn relevant_rules(policy: &Policy, table: &CapabilityTable) -> Vec<usize> {
    let grant = Grant {
        id: policy.id.clone(),
        to: policy.id.clone(),
        policy: policy.id.clone(),
        kind: crate::model::GrantKind::Policy,
        tenant: String::new(),
        scope: String::new(),
        via: Vec::new(),
        evidence: policy.evidence.clone(),
    };
    let rules = list(policy.document.rules()).iter().enumerate();
    let matters =
        |(index, rule)| Held { grant: &grant, policy, number: index + 1, rule }.matters(table).then_some(index);
    rules.filter_map(matters).collect()
}

/// What the role of a grant amounts to by its own rules, without what follows of those.
pub(super) fn of_role(grant: &Grant, table: &CapabilityTable, around: &Around<'_>) -> Vec<Capability> {
    (around.role)(&grant.policy).map_or_else(Vec::new, |role| of_grants(vec![(grant, role)], table, around, false))
}

/// How many names of one rule are told of one by one; what more there is counts as a right that is limited somehow.
const MOST_NAMES: usize = 2_000;

fn of_grants(
    mut grants: Vec<(&Grant, &Policy)>,
    table: &CapabilityTable,
    around: &Around<'_>,
    goes_on: bool,
) -> Vec<Capability> {
    grants.sort_by_key(|(grant, _)| (&grant.id, &grant.policy));
    let mut rules = Vec::new();
    for (grant, policy) in grants {
        let all = list(policy.document.rules());
        let held = |(index, rule)| Held { grant, policy, number: index + 1, rule };
        match (around.relevant)(policy) {
            Some(numbers) => rules.extend(numbers.iter().filter_map(|index| Some(held((*index, all.get(*index)?))))),
            None => rules.extend(all.iter().enumerate().map(held)),
        }
    }
    let tenants: BTreeSet<&str> = rules.iter().map(|held| held.grant.tenant.as_str()).collect();
    let mut found = Vec::new();
    for tenant in tenants {
        let here: Vec<Held<'_>> = rules.iter().filter(|held| held.grant.tenant == tenant).copied().collect();
        let mut judge = |namespace: Option<&str>, scope: &str| {
            in_scope(&here, namespace, scope, (table, around), &mut found);
            if goes_on {
                let rules = in_force(&here, namespace);
                add_new(follows(&rules, namespace, scope, table, around), tenant, &mut found);
            }
        };
        judge(None, &format!("cluster {tenant}"));
        let namespaces: BTreeSet<&str> =
            here.iter().filter_map(|held| held.grant.scope.strip_prefix("namespace/")).collect();
        for namespace in namespaces {
            judge(Some(namespace), &format!("namespace {tenant}/{namespace}"));
        }
    }
    found.sort();
    found
}

/// The rules that hold in a scope.
fn in_force<'a>(all: &[Held<'a>], namespace: Option<&str>) -> Vec<Held<'a>> {
    all.iter().filter(|held| held.everywhere() || is_local(held, namespace)).copied().collect()
}

fn is_local(held: &Held<'_>, namespace: Option<&str>) -> bool {
    namespace.is_some() && held.grant.scope.strip_prefix("namespace/") == namespace
}

/// Adds what is sure, in place of the same under a condition.
fn add_new(new: Vec<Capability>, tenant: &str, found: &mut Vec<Capability>) {
    let cluster = format!("cluster {tenant}");
    for one in new {
        let is_same = |c: &Capability| c.kind == one.kind && (c.scope == one.scope || c.scope == cluster);
        if !found.iter().any(|c| !c.conditional && is_same(c)) {
            found.retain(|c| !(c.kind == one.kind && c.scope == one.scope));
            found.push(one);
        }
    }
}

/// The rule that stands for the most by its stars, and what that amounts to.
fn broadest<'a>(rules: &[Held<'a>]) -> Option<(CapabilityKind, Held<'a>)> {
    let find = |is_it: fn(&Held<'a>) -> bool| rules.iter().find(|held| is_it(held)).copied();
    let all = find(Held::is_everything).map(|held| (CapabilityKind::Administrator, held));
    let most = || find(Held::is_wild).map(|held| (CapabilityKind::KubernetesWildcard, held));
    let part = || find(Held::is_partly_wild).map(|held| (CapabilityKind::KubernetesWildcardPart, held));
    all.or_else(most).or_else(part)
}

/// Adds the capabilities of one scope; those of a namespace only where the cluster's rules do not give them already.
fn in_scope(
    all: &[Held<'_>],
    namespace: Option<&str>,
    scope: &str,
    (table, around): (&CapabilityTable, &Around<'_>),
    found: &mut Vec<Capability>,
) {
    let local = |held: &Held<'_>| is_local(held, namespace);
    let rules = in_force(all, namespace);
    let cluster = format!("cluster {}", rules.first().map_or("", |held| held.grant.tenant.as_str()));
    let mut here: Vec<Capability> = Vec::new();
    let mut add = |kind, conditional: bool, used: &[Held<'_>], note: Option<&String>| {
        let only_cluster = namespace.is_some() && !used.iter().any(local);
        let known = |c: &Capability| {
            c.kind == kind && (c.conditional <= conditional) && (c.scope == scope || c.scope == cluster)
        };
        if only_cluster || found.iter().chain(&here).any(known) {
            return;
        }
        let mut proof: Vec<String> = used.iter().flat_map(Held::proof).collect();
        proof.extend(note.map(|text| format!("provided that {text}")));
        here.retain(|c| c.kind != kind);
        here.push(Capability { kind, scope: scope.to_owned(), conditional, proof });
    };
    let mut named: Vec<Capability> = Vec::new();
    if let Some((kind, held)) = broadest(&rules) {
        add(kind, false, &[held], None);
    }
    for row in table.rows.iter().filter(|row| row.is_for(namespace)) {
        let own = || for_own_role(row, &rules, namespace.is_some());
        let met =
            meet(row, &rules, around).map(|met| if met.0 { own().map_or(met, |used| (false, used)) } else { met });
        let Some((conditional, used)) = met else { continue };
        let tenant = used.first().map_or("", |held| held.grant.tenant.as_str());
        let lets_in = if row.admission { (around.admission)(tenant, namespace) } else { Admission::Open };
        if lets_in == Admission::Refused || row.is_of_another_version(tenant, around) {
            continue;
        }
        let is_guarded = row.unguarded && (around.is_guarded)(tenant);
        let conditional = conditional || lets_in == Admission::Unsaid || is_guarded;
        // Who may act as every user is told as that.
        if !conditional && matches!(row.named, Some(Named::Node)) {
            continue;
        }
        // What is told name by name is sure.
        if conditional && row.named.is_some() && !row.is_provided(tenant, around) {
            let is_all = of_names(row, &rules, namespace, around, &mut named);
            let is_cut = |held: &Held<'_>| texts(held.rule, "resourceNames").nth(MOST_NAMES).is_some();
            if is_all && !used.iter().any(is_cut) {
                continue;
            }
        }
        for kind in std::iter::once(row.kind).chain(row.also) {
            add(kind, conditional, &used, row.provided.as_ref().filter(|_| conditional));
        }
    }
    found.append(&mut here);
    add_named(named, scope, &cluster, found);
}

/// Adds rights to things by their names, where they are not had anyway, in place of the same under a condition.
fn add_named(mut named: Vec<Capability>, scope: &str, cluster: &str, found: &mut Vec<Capability>) {
    named.sort();
    named.dedup_by(|later, first| later.kind == first.kind && later.scope == first.scope);
    let is_surer = |one: &Capability| named.iter().any(|new| new.kind == one.kind && new.scope == one.scope);
    found.retain(|one| !(one.conditional && is_surer(one)));
    let known: Vec<(CapabilityKind, String)> =
        found.iter().filter(|one| !one.conditional).map(|one| (one.kind, one.scope.clone())).collect();
    let is_new = |one: &Capability| !known.iter().any(|(kind, of)| *kind == one.kind && (of == scope || of == cluster));
    found.extend(named.into_iter().filter(is_new));
}

/// Adds rights to the things that rules name, one a name. Whether that is all the rules give: of objects, only where each was
/// read.
fn of_names(
    row: &Row,
    rules: &[Held<'_>],
    namespace: Option<&str>,
    around: &Around<'_>,
    found: &mut Vec<Capability>,
) -> bool {
    let (Some(of), [need, others @ ..]) = (row.named, row.needs.as_slice()) else { return true };
    let is_met = |need: &Need| rules.iter().any(|held| held.meets(need) == Some(false));
    if !others.iter().all(is_met) {
        return !of.is_object();
    }
    let mut is_all = true;
    // What holds everywhere was told of the cluster.
    let meeting = rules.iter().filter(|held| held.everywhere() == namespace.is_none() && held.meets(need).is_some());
    for held in meeting {
        let tenant = held.grant.tenant.as_str();
        for name in texts(held.rule, "resourceNames").take(MOST_NAMES) {
            let mut add = |kind, scope| {
                found.push(Capability { kind, scope, conditional: false, proof: held.proof_for(name) });
            };
            if !of.is_object() {
                add(row.kind, of.scope(tenant, namespace, name));
                continue;
            }
            let Some(object) = of.object(name) else { continue };
            let resources = held.resources_of(need).map(|resource| of.resource().unwrap_or(resource));
            let there = resources.flat_map(|resource| (around.runs)(tenant, namespace, resource, object));
            let there: BTreeSet<(String, String)> = there.collect();
            is_all &= !there.is_empty();
            for (place, account) in &there {
                for kind in std::iter::once(row.kind).chain(row.also) {
                    add(kind, of.scope(tenant, Some(place), account));
                }
            }
        }
    }
    is_all
}

/// The rules that meet all needs of a row for one role that gives them: who may write what its own role gives needs no
/// other.
fn for_own_role<'a>(row: &Row, rules: &[Held<'a>], is_local: bool) -> Option<Vec<Held<'a>>> {
    let wanted = if is_local { "roles" } else { "clusterroles" };
    let own: BTreeSet<(&str, &str)> = rules
        .iter()
        .filter(|held| row.own_roles && held.everywhere() != is_local)
        .filter_map(Held::role)
        .filter(|(resource, _)| *resource == wanted)
        .collect();
    own.into_iter().find_map(|(resource, name)| {
        let meeting = |need| rules.iter().find(|held| held.meets_for(need, resource, name)).copied();
        row.needs.iter().map(meeting).collect()
    })
}

/// The rules that meet all needs of a row, an unlimited one for each need where there is one.
fn meet<'a>(row: &Row, rules: &[Held<'a>], around: &Around<'_>) -> Option<(bool, Vec<Held<'a>>)> {
    let tenant = rules.first().map_or("", |held| held.grant.tenant.as_str());
    let mut conditional = row.is_provided(tenant, around);
    let mut used: Vec<Held<'a>> = Vec::new();
    for need in &row.needs {
        let meeting = rules.iter().filter_map(|held| Some((held.meets(need)?, held)));
        let (limited, held) = meeting.min_by_key(|(limited, _)| *limited)?;
        conditional |= limited;
        if !used.iter().any(|other| std::ptr::eq(other.rule, held.rule) && std::ptr::eq(other.grant, held.grant)) {
            used.push(*held);
        }
    }
    Some((conditional, used))
}
