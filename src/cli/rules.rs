//! `nonhuman rules`: what there is, and whether it does what it says.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::searching::Imports;
use super::{Failure, imports, output, ruleset};
use crate::config::Config;
use crate::exit::Exit;
use crate::model::SubjectKind;
use crate::rules::{RuleSet, Type, fields};
use crate::secrets::DetectorSet;

/// `nonhuman rules`
#[derive(Debug, Args)]
pub struct Rules {
    #[command(subcommand)]
    command: RulesCommand,
    /// Read further rules from this folder; a rule of the same name replaces ours
    #[arg(long, global = true, value_name = "DIR", env = "NONHUMAN_RULES")]
    rules: Option<PathBuf>,
    #[command(flatten)]
    imports: Imports,
}

/// What to do with the rules.
#[derive(Clone, Copy, Debug, Subcommand)]
enum RulesCommand {
    /// List every rule and detector
    List,
    /// Prove every rule and detector by its own examples
    Test,
    /// List every field that a rule can ask
    Fields,
}

pub(super) fn run(arguments: &Rules, config: &Config) -> Result<Exit, Failure> {
    let rules = ruleset::audit(arguments.rules.as_ref(), config)?;
    let detectors = imports::with_ours(arguments.rules.as_ref(), &arguments.imports, config)?;
    match arguments.command {
        RulesCommand::List => list(&rules, &detectors),
        RulesCommand::Test => test(&rules, &detectors),
        RulesCommand::Fields => list_fields(),
    }
}

fn list(rules: &RuleSet, detectors: &DetectorSet) -> Result<Exit, Failure> {
    output::to_stdout(|out| {
        writeln!(out, "RULES ({})", rules.rules().len())?;
        for rule in rules.rules() {
            let severity = rule.severity.map_or("detector", |severity| severity.as_str());
            writeln!(out, "  {:<36} {severity:<9} {}", rule.id, rule.title)?;
        }
        writeln!(out, "\nDETECTORS ({})", detectors.detectors().len())?;
        for detector in detectors.detectors() {
            writeln!(out, "  {:<36} {:<9} {}", detector.id, detector.severity, detector.title)?;
        }
        writeln!(out, "\nnonhuman explain NAME says more.")
    })?;
    Ok(Exit::Clean)
}

fn test(rules: &RuleSet, detectors: &DetectorSet) -> Result<Exit, Failure> {
    let mut failures = rules.self_test();
    failures.extend(detectors.self_test());
    let of_rules: usize = rules.rules().iter().map(crate::rules::Rule::example_count).sum();
    let of_detectors: usize =
        detectors.detectors().iter().map(|one| one.examples.len() + one.counter_examples.len()).sum();
    output::to_stdout(|out| {
        for failure in &failures {
            writeln!(out, "FAILED  {failure}")?;
        }
        writeln!(
            out,
            "{} rules and {} detectors, {} examples, {} failed",
            rules.rules().len(),
            detectors.detectors().len(),
            of_rules + of_detectors,
            failures.len()
        )
    })?;
    Ok(if failures.is_empty() { Exit::Clean } else { Exit::Usage })
}

fn list_fields() -> Result<Exit, Failure> {
    output::to_stdout(|out| {
        for subject in SubjectKind::ALL {
            writeln!(out, "{subject}")?;
            for field in fields(*subject) {
                let null = if field.nullable { ", or null" } else { "" };
                writeln!(out, "  {:<26} {:<10} {}{null}", field.name, type_name(field.ty), field.doc)?;
            }
            writeln!(out)?;
        }
        writeln!(out, "A rule reads its subject as `it`. Rules about credentials and grants also read `identity`;")?;
        writeln!(out, "rules about exposures read `identity` and `credential`; all three may be null.")?;
        writeln!(out, "Functions: days(n), hours(n), label(labels, name), like(text, pattern), startsWith, endsWith,")?;
        writeln!(out, "contains, exists, all, in.")
    })?;
    Ok(Exit::Clean)
}

fn type_name(ty: Type) -> &'static str {
    match ty {
        Type::Bool => "yes or no",
        Type::Int => "number",
        Type::Duration => "time span",
        Type::Text | Type::Name(_) => "text",
        Type::Names(_) | Type::Texts => "texts",
        Type::Labels => "labels",
    }
}
