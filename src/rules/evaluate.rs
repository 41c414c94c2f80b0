//! Judges every subject by every rule that is about it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cel::objects::Value;
use cel::{Context, Env, ExecutionError};
use jiff::Timestamp;
use rayon::prelude::*;

use super::bind::{Reads, Subject, params};
use super::view::{Noun, View};
use super::{Rule, RuleSet, chain, functions, joined, twins};
use crate::inventory::Inventory;
use crate::model::{
    AttributeName, Confidence, CoverageEntry, Evidence, Exposure, Finding, Fingerprint, NotEvaluated, Provider,
    Severity, SubjectKind, Urn,
};

/// What the rules concluded.
#[derive(Debug, Default)]
pub struct Judgement {
    /// Findings, worst first, then by identity, rule and subject.
    pub findings: Vec<Finding>,
    /// Rules that could not be judged, by rule, target and reason.
    pub not_evaluated: Vec<NotEvaluated>,
    /// By rule, the subjects for which it gave no answer.
    pub unanswered: BTreeMap<String, BTreeSet<Urn>>,
    /// The rules that were asked about at least one subject: of the others, that they hold for nothing says nothing.
    pub asked: BTreeSet<String>,
    /// Rules with the targets of which a hole may hide whole subjects.
    pub blind: BTreeSet<(String, String)>,
}

/// A rule, a target and why the rule gave no answer there.
type Unanswered = (String, String, String);

/// What was concluded of some subjects: the reasons are counted as they come, since many share each.
#[derive(Default)]
struct Answers<'a> {
    findings: Vec<Finding>,
    unknown: BTreeMap<Unanswered, u64>,
    unanswered: BTreeMap<&'a str, Vec<&'a Urn>>,
}

/// The answer of one rule for one subject.
pub(super) enum Verdict {
    Holds,
    DoesNotHold,
    Unknown(String),
}

/// Judges the graph.
pub fn evaluate(inventory: &Inventory, rules: &RuleSet, now: Timestamp) -> Judgement {
    let mut findings = Vec::new();
    let mut unknown: BTreeMap<Unanswered, u64> = BTreeMap::new();
    let mut unanswered: BTreeMap<String, BTreeSet<Urn>> = BTreeMap::new();
    let mut asked = BTreeSet::new();
    let context = empty_context();
    for subject in SubjectKind::ALL {
        let nouns = nouns(inventory, *subject);
        let plans = Plans::of(*subject, &nouns, rules);
        asked.extend(plans.by_kind.values().flat_map(|plan| &plan.rules).map(|(rule, _)| rule.id.to_string()));
        let judge = Judge { inventory, now, context: &context, plans: &plans };
        let judged = nouns.into_par_iter().fold(Answers::default, |mut answers, noun| {
            judge.noun(noun, &mut answers);
            answers
        });
        let judged: Vec<_> = judged.collect();
        findings.reserve_exact(judged.iter().map(|answers| answers.findings.len()).sum());
        for answers in judged {
            findings.extend(answers.findings);
            for (key, subjects) in answers.unknown {
                *unknown.entry(key).or_default() += subjects;
            }
            for (rule, subjects) in answers.unanswered {
                unanswered.entry(rule.to_owned()).or_default().extend(subjects.into_iter().cloned());
            }
        }
    }
    let blind = add_blind_rules(inventory, rules, &mut unknown);
    let mut findings = twins::join(inventory, findings);
    // No two have one rule and one subject. Sorted in place: there may be hundreds of thousands.
    findings.par_sort_unstable_by(|a, b| {
        (b.severity, &a.identity, &a.rule, &a.subject).cmp(&(a.severity, &b.identity, &b.rule, &b.subject))
    });
    let not_evaluated = unknown
        .into_iter()
        .map(|((rule, target, reason), subjects)| NotEvaluated { rule, target, reason, subjects })
        .collect();
    Judgement { findings, not_evaluated, unanswered, asked, blind }
}

fn nouns(inventory: &Inventory, subject: SubjectKind) -> Vec<Noun<'_>> {
    match subject {
        SubjectKind::Identity => inventory.identities.iter().map(|it| Noun::identity(it, inventory)).collect(),
        SubjectKind::Credential => inventory.credentials.iter().map(Noun::Credential).collect(),
        SubjectKind::Grant => inventory.grants.iter().map(Noun::Grant).collect(),
        // What is allowed in place is counted in the coverage, not judged.
        SubjectKind::Exposure => {
            let judged = |one: &&Exposure| one.allowed_by.is_none() || !one.allowed_for.is_empty();
            inventory.exposures.iter().filter(judged).map(Noun::Exposure).collect()
        }
        SubjectKind::Workload => inventory.workloads.iter().map(Noun::Workload).collect(),
        SubjectKind::Setting => inventory.settings.iter().map(Noun::Setting).collect(),
    }
}

/// A hole may hide whole subjects: every rule about what it hides is named for that target.
/// Gives each with its target.
fn add_blind_rules(
    inventory: &Inventory,
    rules: &RuleSet,
    unknown: &mut BTreeMap<Unanswered, u64>,
) -> BTreeSet<(String, String)> {
    let mut blind = BTreeSet::new();
    for entry in inventory.coverage.entries().iter().filter(|entry| !entry.blinds.is_empty()) {
        // A hole of one identity alone hides no other, and what is unknown of itself was said with it.
        let is_one = inventory.identities.get(&Urn::new(&entry.target)).is_some();
        let blinded = rules.rules().iter().filter(|rule| {
            let same_provider = rule.provider.is_none_or(|provider| provider.as_str() == entry.collector);
            let may_hide = !is_one || rule.subject != SubjectKind::Identity;
            // A rule about identities of every kind is judged of those that were read.
            let is_of = match &rule.kinds {
                Some(kinds) => kinds.iter().any(|kind| entry.is_of(kind)),
                None => entry.kinds.is_empty() || rule.subject != SubjectKind::Identity,
            };
            may_hide && same_provider && is_of && entry.blinds.iter().any(|fact| rule.needs.contains(fact))
        });
        for rule in blinded {
            unknown.entry((rule.id.to_string(), entry.target.clone(), reason(entry))).or_default();
            blind.insert((rule.id.to_string(), entry.target.clone()));
        }
    }
    blind
}

fn reason(entry: &CoverageEntry) -> String {
    match &entry.detail {
        Some(detail) => format!("{}: {detail}", entry.what),
        None => entry.what.clone(),
    }
}

/// A context with our functions, which holds nothing of the graph.
pub(super) fn empty_context<'v>() -> Context<'static, 'v> {
    let mut context = Context::with_env(Arc::new(Env::stdlib()));
    // Only a name that CEL has too could fail; the self-test of the rules would show it.
    let _ = functions::register(&mut context);
    context
}

/// Asks a rule, given what its subject's unknown fields are unknown for.
pub(super) fn ask(rule: &Rule, context: &Context<'_, '_>, unknown: &BTreeMap<String, String>) -> Verdict {
    let mut scope = context.new_inner_scope();
    if !rule.params.is_empty() {
        scope.add_variable_from_value("param", params(&rule.params));
    }
    match rule.program.execute(&scope) {
        Ok(Value::Bool(true)) => Verdict::Holds,
        Ok(Value::Bool(false)) => Verdict::DoesNotHold,
        Ok(_) => Verdict::Unknown("the rule gave no yes or no".to_owned()),
        Err(ExecutionError::NoSuchKey(name) | ExecutionError::UndeclaredReference(name)) => {
            let why = unknown.get(name.as_str()).cloned();
            Verdict::Unknown(why.unwrap_or_else(|| format!("'{name}' is not known")))
        }
        Err(error) => Verdict::Unknown(format!("the rule failed: {error}")),
    }
}

/// The rules that can hold for one kind of subject, and what each reads of it.
struct Plan<'a> {
    rules: Vec<(&'a Rule, Reads)>,
}

/// What is asked of every kind of subject there is, by provider and kind.
struct Plans<'a> {
    by_kind: BTreeMap<(Option<Provider>, &'a str), Plan<'a>>,
}

impl<'a> Plans<'a> {
    fn of(subject: SubjectKind, nouns: &[Noun<'a>], rules: &'a RuleSet) -> Self {
        let about: Vec<&Rule> = rules.rules().iter().filter(|rule| rule.subject == subject).collect();
        let kinds: BTreeSet<_> = nouns.iter().map(|noun| (provider(*noun), noun.kind())).collect();
        let plan = |provider: Option<Provider>, kind: &str| {
            let can_hold = |rule: &&&Rule| {
                let is_about = rule.provider.is_none() || rule.provider == provider;
                is_about && rule.kinds.as_ref().is_none_or(|kinds| kinds.contains(kind))
            };
            let rules = about.iter().filter(can_hold).map(|rule| (*rule, Reads::of(subject, rule.touched.iter())));
            Plan { rules: rules.collect() }
        };
        Self { by_kind: kinds.into_iter().map(|(provider, kind)| ((provider, kind), plan(provider, kind))).collect() }
    }
}

struct Judge<'a> {
    inventory: &'a Inventory,
    now: Timestamp,
    context: &'a Context<'static, 'static>,
    plans: &'a Plans<'a>,
}

/// The provider that a subject is of; none for what lies in a file.
fn provider(noun: Noun<'_>) -> Option<Provider> {
    match noun {
        Noun::Identity(it, _) => Some(it.provider()),
        Noun::Exposure(_) => None,
        Noun::Credential(it) => Provider::of_kind(it.kind.as_str()),
        Noun::Workload(it) => Provider::of_kind(it.kind.as_str()),
        Noun::Setting(it) => it.kind.provider(),
        Noun::Grant(it) => Provider::of(&it.id),
    }
}

impl<'a> Judge<'a> {
    fn noun(&self, noun: Noun<'a>, answers: &mut Answers<'a>) {
        let Some(plan) = self.plans.by_kind.get(&(provider(noun), noun.kind())) else { return };
        let view = View::new(self.inventory, self.now, noun);
        let is_allowed = |rule: &Rule| matches!(noun, Noun::Exposure(it) if it.is_allowed_for(&rule.id));
        let mut subject = Subject::new(&view, noun.subject());
        let is_open = |(rule, _): &&(&Rule, Reads)| !rule.plain.rules_out(&mut subject) && !is_allowed(rule);
        let (rules, reads): (Vec<&Rule>, Vec<&Reads>) =
            plan.rules.iter().filter(is_open).map(|(rule, reads)| (*rule, reads)).unzip();
        if rules.is_empty() {
            return;
        }
        let mut context = self.context.new_inner_scope();
        let unknown = subject.bind(&mut context, &reads);
        for rule in rules {
            match ask(rule, &context, &unknown) {
                Verdict::Holds => answers.findings.push(self.finding(rule, noun, &view)),
                Verdict::DoesNotHold => {}
                Verdict::Unknown(why) => {
                    answers.unanswered.entry(&rule.id).or_default().push(noun.id());
                    *answers.unknown.entry((rule.id.to_string(), noun.tenant().to_owned(), why)).or_default() += 1;
                }
            }
        }
    }

    fn finding(&self, rule: &Rule, noun: Noun<'_>, view: &View<'_>) -> Finding {
        let (severity, confidence) = match noun {
            Noun::Exposure(it) if rule.by_reach => (joined::severity(it, self.inventory), it.confidence),
            Noun::Exposure(it) => (joined::severity_by_candidates(it, self.inventory), it.confidence),
            _ => (Severity::Medium, Confidence::High),
        };
        let confidence = match rule.confidence.unwrap_or(confidence) {
            _ if self.is_guess(noun) => Confidence::Low,
            sure if rule.reads("workloads") && is_perhaps_used(noun) => sure.min(Confidence::Medium),
            sure => sure,
        };
        let subject = noun.id().clone();
        Finding {
            rule: rule.id.clone(),
            subject_kind: rule.subject,
            identity: self.identity(noun),
            severity: rule.severity.unwrap_or(severity),
            confidence,
            title: rule.title.clone(),
            message: rule.message.fill(view),
            remedy: rule.remedy.fill(view),
            chain: chain::steps(rule, noun, self.inventory, self.now),
            maps: rule.maps.clone(),
            evidence: self.evidence(noun),
            fingerprint: Fingerprint::of_public(&[&rule.id, subject.as_str()]),
            subject,
            baseline: None,
            history: None,
        }
    }

    /// Whether it was read from a template that nobody rendered.
    fn is_guess(&self, noun: Noun<'_>) -> bool {
        let identity = |id: &Urn| {
            let found = self.inventory.identities.get(id);
            found.is_some_and(|one| one.attributes.is(AttributeName::Template))
        };
        match noun {
            Noun::Identity(it, _) => identity(&it.id),
            Noun::Workload(it) => it.attributes.is(AttributeName::Template),
            Noun::Setting(it) => it.attributes.is(AttributeName::Template),
            Noun::Grant(it) => identity(&it.to),
            Noun::Credential(it) => identity(&it.holder),
            Noun::Exposure(_) => false,
        }
    }

    /// The identity that a finding about this is a finding about.
    fn identity(&self, noun: Noun<'_>) -> Option<Urn> {
        match noun {
            Noun::Identity(it, _) => Some(it.id.clone()),
            Noun::Credential(it) => Some(it.holder.clone()),
            Noun::Grant(it) => Some(it.to.clone()),
            Noun::Exposure(it) => self.inventory.facts.exposures.get(&it.id)?.identity.value().cloned(),
            Noun::Workload(it) => match it.runs_as.as_slice() {
                [one] => Some(one.clone()),
                _ => None,
            },
            Noun::Setting(it) => {
                let whole = it.part_of.as_ref().filter(|whole| self.inventory.identities.get(whole).is_some());
                whole.cloned()
            }
        }
    }

    /// Where it was seen, first of all the place to mend.
    fn evidence(&self, noun: Noun<'_>) -> Vec<Evidence> {
        let own = match noun {
            Noun::Identity(it, _) => &it.evidence,
            Noun::Grant(it) => &it.evidence,
            Noun::Workload(it) => &it.evidence,
            Noun::Setting(it) => &it.evidence,
            Noun::Credential(it) => &it.evidence,
            Noun::Exposure(it) => &it.evidence,
        };
        let mut places = vec![own.clone()];
        match noun {
            Noun::Credential(it) => {
                let facts = self.inventory.facts.credentials.get(&it.id);
                let exposures = facts.into_iter().flat_map(|facts| &facts.exposures);
                places.extend(
                    exposures.filter_map(|id| self.inventory.exposures.get(id)).map(|one| one.evidence.clone()),
                );
            }
            Noun::Exposure(_) => {
                let identity = self.identity(noun).and_then(|id| self.inventory.identities.get(&id));
                places.extend(identity.map(|identity| identity.evidence.clone()));
            }
            Noun::Identity(..) | Noun::Grant(_) | Noun::Workload(_) | Noun::Setting(_) => {}
        }
        places
    }
}

/// Whether what was read lacks things that may use it.
fn is_perhaps_used(noun: Noun<'_>) -> bool {
    matches!(noun, Noun::Identity(it, _) if it.attributes.is(AttributeName::UsesUnread))
}
