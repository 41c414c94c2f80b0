//! `nonhuman show`: everything that is known of one thing, with where it was seen.

use std::collections::BTreeSet;

use clap::Args;
use serde_json::json;

use super::answer::{Answer, Section};
use super::arguments::Global;
use super::question::{Asking, Known as Graph};
use super::{Failure, ruleset, thing};
use crate::config::Config;
use crate::exit::Exit;
use crate::inventory::IdentityFacts;
use crate::model::{
    AttributeName, AttributeValue, CapabilityKind, Edge, EdgeKind, EscalationPath, Identity, IdentityKind, Known,
    PrincipalKind, Urn, days_between, short_date,
};
use crate::report::{last_use_words, owner_words};
use crate::rules::evaluate;

/// How many lines of one list are shown.
const SHOWN: usize = 25;

/// `nonhuman show`
#[derive(Debug, Args)]
pub struct Show {
    /// An identity, credential, workload, secret or setting: its id, the end of its id, or its name
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    asking: Asking,
}

pub(super) fn run(arguments: &Show, global: &Global, config: &Config) -> Result<Exit, Failure> {
    let known = arguments.asking.known(global, config)?;
    let id = known.find(&arguments.id)?;
    let inventory = &known.inventory;
    let data = json!({
        "id": id,
        "identity": inventory.identities.get(&id),
        "credential": inventory.credentials.get(&id),
        "exposure": inventory.exposures.get(&id),
        "workload": inventory.workloads.get(&id),
        "setting": inventory.settings.get(&id),
        "escalations": inventory.facts.identities.get(&id).map(|facts| &facts.escalations),
        "data_paths": inventory.facts.identities.get(&id).map(|facts| &facts.data_paths),
        "node_paths": inventory.facts.identities.get(&id).map(|facts| &facts.node_paths),
        "leads_to": inventory.facts.graph.from(&id),
        "led_to_by": inventory.facts.graph.to(&id).collect::<Vec<_>>(),
        "reach": inventory.facts.graph.reach_of(&id).collect::<Vec<_>>(),
    });
    let mut answer = Answer::new(thing::label(inventory, &id), data);
    if let Some(identity) = inventory.identities.get(&id) {
        of_identity(&known, identity, &mut answer);
    }
    of_credential(&known, &id, &mut answer);
    of_exposure(&known, &id, &mut answer);
    of_others(&known, &id, &mut answer);
    steps(&known, &id, &mut answer);
    reach(&known, &id, &mut answer);
    findings(&known, &id, config, &mut answer)?;
    arguments.asking.tell(&known, answer)
}

fn of_identity(known: &Graph, identity: &Identity, answer: &mut Answer) {
    let (inventory, now) = (&known.inventory, known.now);
    let empty = IdentityFacts::default();
    let facts = inventory.facts.identities.get(&identity.id).unwrap_or(&empty);
    let mut section = Section::new("Identity");
    section.fact("id", &identity.id);
    section.fact("enabled", yes_or_no(&identity.enabled));
    if let Known::Value(created) = &identity.created {
        section.fact("made", format!("{}, {} days ago", short_date(*created), days_between(*created, now)));
    }
    section.fact("owner", owner_words(&facts.owner, now));
    for claim in known.inventory.facts.owner_claims.get(&identity.id).into_iter().flatten() {
        let hint = if claim.hint { ", a hint" } else { "" };
        section.fact("", format!("0.{:02} {}: {}{hint}", claim.weight.min(99), claim.name, claim.source));
    }
    if let Some(environment) = known.inventory.facts.environments.get(&identity.id) {
        section.fact("environment", format!("{} ({})", environment.name, environment.source));
    }
    section.fact("last used", last_use_words(&facts.last_use, now));
    attributes(&identity.labels, &identity.attributes, &mut section);
    section.fact("seen", thing::place(&identity.evidence.location));
    answer.add(section);
    let mut section = Section::new("Credentials");
    for credential in facts.credentials.iter().filter_map(|id| inventory.credentials.get(id)) {
        let state = thing::credential_state(inventory, credential, now);
        section.line(0, format!("{} {}: {state}", credential.kind, credential.name));
        if let Some(of) = inventory.facts.credentials.get(&credential.id) {
            section.line(1, format!("last used: {}", last_use_words(&of.last_use, now)));
        }
    }
    answer.add(section);
    let mut section = Section::new("Its secrets in the open");
    for exposure in facts.exposures.iter().filter_map(|id| inventory.exposures.get(id)) {
        section.line(0, format!("{}: {} {}", exposure.evidence.location, exposure.title, exposure.preview));
        exposure.lies_since(now).into_iter().for_each(|text| section.line(1, text));
    }
    answer.add(section);
    grants(known, facts, answer);
    ways("Ways to administrator", &facts.escalations, answer);
    ways("Ways to data", &facts.data_paths, answer);
    ways("Ways to a node", &facts.node_paths, answer);
    by_groups(known, identity, answer);
    trusted(known, identity, facts, answer);
}

/// The ways of the groups that its cluster puts it into: they are its own, and told once, of the group.
fn by_groups(known: &Graph, identity: &Identity, answer: &mut Answer) {
    let inventory = &known.inventory;
    let edges = inventory.facts.graph.from(&identity.id).iter().filter(|edge| edge.kind == EdgeKind::MemberOf);
    for group in edges.filter_map(|edge| inventory.identities.get(&edge.to)) {
        let Some(facts) = inventory.facts.identities.get(&group.id) else { continue };
        let title = format!("As a member of {}", group.name);
        match facts.capabilities.iter().find(|one| one.is_administrator()) {
            Some(power) => {
                let mut section = Section::new(title);
                section.line(0, format!("administrator of {}: {}", power.scope, power.proof.join(" → ")));
                answer.add(section);
            }
            None => ways(&title, &facts.escalations, answer),
        }
    }
}

/// Ways step by step, and what closes each.
fn ways(title: &str, paths: &[EscalationPath], answer: &mut Answer) {
    let mut section = Section::new(title);
    for path in paths {
        let condition = if path.conditional { ", if a condition holds" } else { "" };
        section.line(0, format!("as {}{condition}", path.target));
        path.steps.iter().for_each(|step| section.line(1, step.clone()));
        if !path.cut.is_empty() {
            section.line(1, format!("closed by: {}", path.cut));
        }
    }
    answer.add(section);
}

fn grants(known: &Graph, facts: &IdentityFacts, answer: &mut Answer) {
    let inventory = &known.inventory;
    let mut section = Section::new("Rights");
    for grant in facts.grants.iter().filter_map(|id| inventory.grants.get(id)) {
        let via: Vec<String> = grant.via.iter().map(|via| format!(" through {via}")).collect();
        let missing = if inventory.policies.get(&grant.policy).is_none() { " (not read)" } else { "" };
        section.line(0, format!("{} in {}{}{missing}", grant.policy, grant.scope, via.concat()));
    }
    for capability in &facts.capabilities {
        let condition = if capability.conditional { " (under a condition)" } else { "" };
        let words = crate::report::capability_words(capability.kind);
        section.line(0, format!("can {words} in {}{condition}", capability.scope));
        section.line(1, capability.proof.join(" → "));
    }
    facts.rights_unknown.iter().for_each(|why| section.line(0, format!("may be more: {why}")));
    answer.add(section);
}

fn trusted(known: &Graph, identity: &Identity, facts: &IdentityFacts, answer: &mut Answer) {
    let mut section = Section::new("Who may become it");
    for principal in &facts.trusted {
        let conditions = match principal.conditions.as_slice() {
            [] => String::new(),
            keys => format!(", if {}", keys.join(", ")),
        };
        let name = if principal.kind == PrincipalKind::Anyone { "" } else { principal.name.as_str() };
        section.line(0, format!("{} {name}{conditions}", principal.kind));
    }
    if let Some(concluded) = known.inventory.facts.attributes.get(&identity.id) {
        let whom = concluded.texts(AttributeName::AssignedTo).iter();
        whom.for_each(|one| section.line(0, format!("{one}, by IAM Identity Center")));
        if let Known::Unknown(why) = concluded.get(AttributeName::AssignedTo) {
            section.line(0, format!("whom IAM Identity Center lets use it is unknown: {why}"));
        }
    }
    answer.add(section);
}

fn of_credential(known: &Graph, id: &Urn, answer: &mut Answer) {
    let Some(credential) = known.inventory.credentials.get(id) else { return };
    let mut section = Section::new("Credential");
    section.fact("id", id);
    section.fact("of", thing::label(&known.inventory, &credential.holder));
    section.fact("state", thing::credential_state(&known.inventory, credential, known.now));
    if let Some(facts) = known.inventory.facts.credentials.get(id) {
        section.fact("last used", last_use_words(&facts.last_use, known.now));
        for exposure in facts.exposures.iter().filter_map(|id| known.inventory.exposures.get(id)) {
            section.fact("in the open", &exposure.evidence.location);
        }
    }
    attributes(&Default::default(), &credential.attributes, &mut section);
    section.fact("seen", thing::place(&credential.evidence.location));
    answer.add(section);
}

fn of_exposure(known: &Graph, id: &Urn, answer: &mut Answer) {
    let Some(exposure) = known.inventory.exposures.get(id) else { return };
    let mut section = Section::new("Secret in a file");
    section.fact("id", id);
    section.fact("what", format!("{} {} ({})", exposure.title, exposure.preview, exposure.proof.kind));
    section.fact("where", &exposure.evidence.location);
    exposure.lies_since(known.now).into_iter().for_each(|text| section.fact("exposed", text));
    exposure.proof.key_id.iter().for_each(|key| section.fact("key id", key));
    exposure.proof.account.iter().for_each(|account| section.fact("account", account));
    exposure.proof.facts.iter().for_each(|(name, value)| section.fact(&spoken(name), value));
    if let Some(facts) = known.inventory.facts.exposures.get(id) {
        let say = |known: &Known<Urn>| match known {
            Known::Value(id) => id.to_string(),
            Known::Absent => "none".to_owned(),
            Known::Unknown(why) => format!("not linked: {why}"),
        };
        section.fact("credential", say(&facts.credential));
        section.fact("identity", say(&facts.identity));
        for one in facts.may_be.iter().filter_map(|id| known.inventory.credentials.get(id)) {
            section.fact("may be", thing::candidate(&known.inventory, one, known.now));
        }
        for copy in facts.same_value.iter().filter_map(|id| known.inventory.exposures.get(id)) {
            section.fact("also at", &copy.evidence.location);
        }
        if facts.copies > facts.same_value.len() {
            section.fact("also at", format!("{} further places", facts.copies - facts.same_value.len()));
        }
    }
    answer.add(section);
}

fn of_others(known: &Graph, id: &Urn, answer: &mut Answer) {
    let inventory = &known.inventory;
    let mut section = Section::new("Seen");
    if let Some(workload) = inventory.workloads.get(id) {
        section.fact("id", id);
        attributes(&workload.labels, &workload.attributes, &mut section);
        section.fact("seen", thing::place(&workload.evidence.location));
    }
    if let Some(setting) = inventory.settings.get(id) {
        section.fact("id", id);
        setting.part_of.iter().for_each(|whole| section.fact("part of", whole));
        attributes(&setting.labels, &setting.attributes, &mut section);
        section.fact("seen", thing::place(&setting.evidence.location));
    }
    answer.add(section);
}

/// The name of an attribute as a reader says it.
fn spoken(name: &str) -> String {
    match name {
        "told_by_tree" => "known only from the searched tree".to_owned(),
        name => name.replace('_', " "),
    }
}

fn attributes(labels: &crate::model::Labels, attributes: &crate::model::Attributes, section: &mut Section) {
    for (name, value) in attributes.iter() {
        let text = match value {
            Known::Value(AttributeValue::Bool(true)) => "yes".to_owned(),
            Known::Value(AttributeValue::Bool(false)) => "no".to_owned(),
            Known::Value(AttributeValue::Int(number)) => number.to_string(),
            Known::Value(AttributeValue::Time(moment)) => short_date(*moment),
            Known::Value(AttributeValue::Text(text)) => text.clone(),
            Known::Value(AttributeValue::Texts(texts)) if !texts.is_empty() => texts.join(", "),
            Known::Value(AttributeValue::Texts(_)) | Known::Absent => "none".to_owned(),
            Known::Unknown(why) => format!("unknown: {why}"),
        };
        section.fact(&spoken(name.as_str()), text);
    }
    for (name, value) in labels {
        section.fact("label", format!("{name} = {value}"));
    }
}

fn steps(known: &Graph, id: &Urn, answer: &mut Answer) {
    let graph = &known.inventory.facts.graph;
    let mut section = Section::new("Leads to");
    for edge in graph.from(id).iter().take(SHOWN) {
        section.line(0, thing::step(&known.inventory, edge));
        section.line(1, &*edge.why);
    }
    more(graph.from(id).len(), &mut section);
    answer.add(section);
    let mut section = Section::new("Led to by");
    let arriving: Vec<&Edge> = graph.to(id).collect();
    for edge in arriving.iter().take(SHOWN) {
        let from = thing::label(&known.inventory, &edge.from);
        section.line(0, format!("{from} {} it{}", edge.kind.words(), thing::doubt(edge)));
        section.line(1, &*edge.why);
    }
    more(arriving.len(), &mut section);
    answer.add(section);
}

fn more(count: usize, section: &mut Section) {
    if count > SHOWN {
        section.line(0, format!("and {} more (--format json has them all)", count - SHOWN));
    }
}

pub(super) fn reach(known: &Graph, id: &Urn, answer: &mut Answer) {
    let graph = &known.inventory.facts.graph;
    let mut section = Section::new("What can be done with it");
    let own: BTreeSet<CapabilityKind> =
        graph.reach_of(id).filter(|power| power.steps == 0).map(|power| power.kind).collect();
    for power in graph.reach_of(id) {
        // What an agent can do through a server is told of itself already, with the server as its proof.
        let at = known.inventory.identities.get(power.at);
        let is_told = power.steps == 1 && at.is_some_and(|one| one.kind == IdentityKind::AgentServer);
        if is_told && power.at != id && own.contains(&power.kind) && ABILITIES.contains(&power.kind) {
            continue;
        }
        section.line(0, thing::reached(&power));
        for edge in graph.way(id, &power) {
            section.line(1, thing::step(&known.inventory, edge));
            thing::reason(&edge.why).into_iter().for_each(|line| section.line(2, line));
        }
        end_of_way(known, &power).into_iter().for_each(|text| section.line(1, text));
    }
    answer.add(section);
}

/// What agents can do by their servers.
const ABILITIES: [CapabilityKind; 4] =
    [CapabilityKind::ReadPrivateData, CapabilityKind::ReadUntrusted, CapabilityKind::SendOut, CapabilityKind::RunCode];

/// What proves the power of the identity at a way's end.
fn end_of_way(known: &Graph, power: &crate::model::Reached<'_>) -> Option<String> {
    let facts = known.inventory.facts.identities.get(power.at)?;
    let own = facts.capabilities.iter().find(|one| one.kind == power.kind && one.scope == power.scope);
    let proof = match own {
        Some(capability) => &capability.proof,
        None => &facts.escalations.iter().find(|path| path.target == *power.at)?.steps,
    };
    Some(format!("proof: {}", proof.join(" → ")))
}

fn findings(known: &Graph, id: &Urn, config: &Config, answer: &mut Answer) -> Result<(), Failure> {
    let rules = ruleset::audit(None, config)?;
    let judgement = evaluate(&known.inventory, &rules, known.now);
    let mut section = Section::new("Findings");
    let about = judgement.findings.iter().filter(|one| one.subject == *id || one.identity.as_ref() == Some(id));
    for finding in about {
        section.line(0, format!("{:<8} {}: {}", finding.severity.as_str(), finding.rule, finding.message));
    }
    answer.add(section);
    Ok(())
}

fn yes_or_no(known: &Known<bool>) -> String {
    match known {
        Known::Value(true) => "yes".to_owned(),
        Known::Value(false) => "no".to_owned(),
        Known::Absent => "as always".to_owned(),
        Known::Unknown(why) => format!("unknown: {why}"),
    }
}
