//! Says what an identity's rights amount to, in the vocabulary of all providers. It follows no path to other identities.
//!
//! Every capability is asked by probes: an action on all resources of a type in the account, so that a right on three
//! named buckets is none. A deny that covers all of them blocks, one that covers some does not. An administrator who is
//! denied single things stays one as long as it may give rights: it gets around them.

use std::collections::BTreeMap;

use super::Principal;
use super::context::Terms;
use super::evaluate::Rights;
use super::library::Library;
use super::probe::{CapabilityTable, Group, Place, Probe, Subject};
use crate::model::{AttributeName, Capability, CapabilityKind, Identity, IdentityKind, Policy};

/// What the policies of an identity amount to: allow minus deny, within the boundary and the guardrails. At most one
/// capability a kind, in the order of [`CapabilityKind`]; an administrator's other capabilities are listed too. A
/// boundary whose document could not be read is the caller's to handle: without one, none is applied.
pub fn capabilities(principal: &Principal<'_>, library: &Library, table: &CapabilityTable) -> Vec<Capability> {
    judged(principal, library, table).0
}

/// As [`capabilities`], with those of the actions worth watching that it may use on everything of its account for
/// certain; none of an administrator, who may use all.
pub fn judged(
    principal: &Principal<'_>,
    library: &Library,
    table: &CapabilityTable,
) -> (Vec<Capability>, Vec<(AttributeName, Vec<String>)>) {
    let identity = principal.identity;
    if let Some(root) = root(identity) {
        return (vec![root], Vec::new());
    }
    let rights = Rights::of(principal, library);
    let place = table.place(Subject::of(identity));
    let mut all = Asker { rights: &rights, place: &place }.all(&scope(identity));
    all.extend(of_named(&rights, table, &all));
    let is_watched = identity.kind != IdentityKind::AwsGroup && !all.iter().any(Capability::is_administrator);
    let wide = if is_watched { wide_actions(&rights, table, &place) } else { Vec::new() };
    (all, wide)
}

/// By attribute the actions that may be used on everything for certain.
fn wide_actions(rights: &Rights<'_>, table: &CapabilityTable, place: &Place<'_>) -> Vec<(AttributeName, Vec<String>)> {
    let is_wide = |probe: &&Probe| {
        let resource = place.resource(probe).filter(|_| rights.names(&probe.action));
        let grounds = resource.and_then(|resource| rights.may(&probe.action, resource, Terms::default()));
        grounds.is_some_and(|grounds| !grounds.conditional)
    };
    let of =
        |probes: &[Probe]| probes.iter().filter(is_wide).map(|probe| probe.action.text.clone()).collect::<Vec<_>>();
    let all = table.watched().iter().map(|(name, probes)| (*name, of(probes)));
    all.filter(|(_, actions)| !actions.is_empty()).collect()
}

/// Kinds of rights that are told of single things, too.
const OF_NAMED: [CapabilityKind; 4] =
    [CapabilityKind::ReadSecrets, CapabilityKind::ReadData, CapabilityKind::WriteData, CapabilityKind::DeleteData];

/// How many resources a scope names.
const SHOWN: usize = 3;

/// Rights to single resources, of the kinds that it does not have on all of its account for certain.
fn of_named(rights: &Rights<'_>, table: &CapabilityTable, known: &[Capability]) -> Vec<Capability> {
    let has = |kind: CapabilityKind| known.iter().find(|one| one.kind == kind);
    let wanted = OF_NAMED.iter().filter(|kind| has(**kind).is_none_or(|one| one.conditional));
    let found = wanted.filter_map(|kind| named_of(*kind, rights, table));
    // What is certain of single things is told beside what is only possible of all.
    found.filter(|one| !one.conditional || has(one.kind).is_none()).collect()
}

fn named_of(kind: CapabilityKind, rights: &Rights<'_>, table: &CapabilityTable) -> Option<Capability> {
    let mut found: BTreeMap<String, (bool, String)> = BTreeMap::new();
    for action in table.actions_of(kind).filter(|action| rights.names(action)) {
        // What is allowed on everything and kept to less by something else names nothing.
        for (pattern, grounds) in rights.may_somewhere(action).into_iter().filter(|(pattern, _)| pattern != "*") {
            let told = (grounds.conditional, rights.quote(&grounds));
            let best = found.entry(pattern).or_insert_with(|| told.clone());
            if told < *best {
                *best = told;
            }
        }
    }
    let conditional = !found.is_empty() && found.values().all(|(conditional, _)| *conditional);
    found.retain(|_, (open, _)| *open == conditional);
    let mut names: Vec<&str> = found.keys().map(String::as_str).collect();
    let more = names.len().saturating_sub(SHOWN);
    names.truncate(SHOWN);
    let (last, first) = names.split_last()?;
    let scope = match (first, more) {
        ([], 0) => format!("resource {last}"),
        (_, 0) => format!("resources {} and {last}", first.join(", ")),
        (_, more) => format!("resources {}, {last} and {more} more", first.join(", ")),
    };
    let mut proof: Vec<String> = found.into_values().map(|(_, quote)| quote).collect();
    proof.sort();
    proof.dedup();
    proof.truncate(SHOWN);
    Some(Capability { kind, scope, conditional, proof })
}

/// Whether a policy makes whoever holds it administrator of an account, for certain.
pub(super) fn makes_administrator(policy: &Policy, library: &Library, table: &CapabilityTable) -> bool {
    let rights = Rights::of_policy(library.open(policy));
    let subject = Subject { partition: partition(policy.id.as_str()), account: &policy.tenant, identity: None };
    let place = table.place(subject);
    let asker = Asker { rights: &rights, place: &place };
    let mut groups = place.groups().iter().filter(|group| group.kind == CapabilityKind::Administrator);
    groups.any(|group| asker.group(group).is_some_and(|answer| !answer.conditional))
}

/// What one policy amounts to for whoever holds it and nothing else.
pub fn policy_capabilities(policy: &Policy, library: &Library, table: &CapabilityTable) -> Vec<Capability> {
    let in_account = policy.tenant.len() == 12 && policy.tenant.bytes().all(|byte| byte.is_ascii_digit());
    let scope = if in_account { format!("account {}", policy.tenant) } else { "account".to_owned() };
    let account = if in_account { policy.tenant.as_str() } else { "*" };
    let rights = Rights::of_policy(library.open(policy));
    let subject = Subject { partition: partition(policy.id.as_str()), account, identity: None };
    Asker { rights: &rights, place: &table.place(subject) }.all(&scope)
}

/// The root user holds no policy and may do everything.
pub(super) fn root(identity: &Identity) -> Option<Capability> {
    (identity.kind == IdentityKind::AwsRoot).then(|| Capability {
        kind: CapabilityKind::Administrator,
        scope: scope(identity),
        conditional: false,
        proof: vec!["the root user may do everything".to_owned()],
    })
}

fn scope(identity: &Identity) -> String {
    format!("account {}", identity.tenant)
}

/// Whether these rights are an administrator's, and by which statements.
pub(super) fn administrator(rights: &Rights<'_>, identity: &Identity, table: &CapabilityTable) -> Option<Capability> {
    let place = table.place(Subject::of(identity));
    let asker = Asker { rights, place: &place };
    let groups = place.groups().iter().filter(|group| group.kind == CapabilityKind::Administrator);
    let answer = groups.map(|group| asker.group(group)).fold(None, either);
    answer.map(|answer| answer.capability(CapabilityKind::Administrator, &scope(identity)))
}

/// The second part of an ARN: `aws`, `aws-cn`, `aws-us-gov`.
pub(super) fn partition(arn: &str) -> &str {
    arn.strip_prefix("arn:").and_then(|rest| rest.split(':').next()).unwrap_or("aws")
}

/// Begins what may be denied to an administrator.
const PERHAPS: &str = "perhaps not ";

struct Asker<'r, 'a> {
    rights: &'r Rights<'a>,
    place: &'r Place<'r>,
}

struct Answer {
    conditional: bool,
    proof: Vec<String>,
}

impl Answer {
    fn capability(self, kind: CapabilityKind, scope: &str) -> Capability {
        Capability { kind, scope: scope.to_owned(), conditional: self.conditional, proof: self.proof }
    }

    /// Both are needed.
    fn and(mut self, other: Self) -> Self {
        self.conditional |= other.conditional;
        for line in other.proof {
            if !self.proof.contains(&line) {
                self.proof.push(line);
            }
        }
        self
    }
}

/// Either is enough; the unconditional one is the better answer.
fn either(first: Option<Answer>, second: Option<Answer>) -> Option<Answer> {
    match (&first, &second) {
        (Some(one), Some(other)) if one.conditional && !other.conditional => second,
        (Some(_), _) => first,
        (None, _) => second,
    }
}

impl Asker<'_, '_> {
    fn all(&self, scope: &str) -> Vec<Capability> {
        let mut found: BTreeMap<CapabilityKind, Answer> = BTreeMap::new();
        for group in self.place.groups() {
            let known = found.remove(&group.kind);
            let is_settled = known.as_ref().is_some_and(|answer| !answer.conditional);
            let answer = if is_settled { known } else { either(known, self.group(group)) };
            if let Some(answer) = answer {
                found.insert(group.kind, answer);
            }
        }
        found.into_iter().map(|(kind, answer)| answer.capability(kind, scope)).collect()
    }

    fn group(&self, group: &Group) -> Option<Answer> {
        if !group.core.is_empty() {
            return self.all_but_denied(group);
        }
        let answer = if group.all { self.every(&group.probes)? } else { self.any(&group.probes)? };
        if group.and.is_empty() { Some(answer) } else { Some(answer.and(self.any(&group.and)?)) }
    }

    fn every(&self, probes: &[Probe]) -> Option<Answer> {
        let mut all: Option<Answer> = None;
        for probe in probes {
            let one = self.ask(probe)?;
            all = Some(match all {
                Some(all) => all.and(one),
                None => one,
            });
        }
        all
    }

    /// All of a group, save what statements deny of it, as long as the core is left.
    fn all_but_denied(&self, group: &Group) -> Option<Answer> {
        let mut all = Answer { conditional: false, proof: Vec::new() };
        let (mut denied, mut doubted) = (BTreeMap::<String, Vec<&str>>::new(), BTreeMap::<String, Vec<&str>>::new());
        for probe in &group.probes {
            let (grounds, denier) = self.rights.granted(&probe.action, self.place.resource(probe)?)?;
            let name = probe.action.text.as_str();
            match denier {
                Some(denier) => denied.entry(denier).or_default().push(name),
                None => {
                    for limit in grounds.limits() {
                        doubted.entry(limit.clone()).or_default().push(name);
                    }
                }
            }
            let (conditional, given) = (grounds.conditional, self.rights.quote(&grounds.unlimited()));
            all = all.and(Answer { conditional, proof: vec![given] });
        }
        if denied.is_empty() && doubted.is_empty() {
            return Some(all);
        }
        for probes in &group.core {
            all.conditional |= self.any(probes)?.conditional;
        }
        let told = denied
            .into_iter()
            .map(|one| (Capability::DENIED, one))
            .chain(doubted.into_iter().map(|one| (PERHAPS, one)));
        for (word, (limit, names)) in told {
            let what = if names.len() == group.probes.len() { "any of it".to_owned() } else { names.join(", ") };
            all.proof.push(format!("{word}{what}: {limit}"));
        }
        Some(all)
    }

    fn any(&self, probes: &[Probe]) -> Option<Answer> {
        let mut best = None;
        for probe in probes {
            best = either(best, self.ask(probe));
            if best.as_ref().is_some_and(|answer| !answer.conditional) {
                break;
            }
        }
        best
    }

    fn ask(&self, probe: &Probe) -> Option<Answer> {
        let grounds = self.rights.may(&probe.action, self.place.resource(probe)?, Terms::default())?;
        Some(Answer { conditional: grounds.conditional, proof: vec![self.rights.quote(&grounds)] })
    }
}
