//! `nonhuman explain`: one rule or detector in full.

use std::io::{self, Write};

use super::arguments::Explain;
use super::{Failure, imports, output, ruleset};
use crate::config::Config;
use crate::exit::Exit;
use crate::rules::Rule;
use crate::secrets::Detector;

pub(super) fn run(arguments: &Explain, config: &Config) -> Result<Exit, Failure> {
    let rules = ruleset::audit(arguments.rules.as_ref(), config)?;
    let detectors = imports::with_ours(arguments.rules.as_ref(), &arguments.imports, config)?;
    if let Some(detector) = detectors.detectors().iter().find(|detector| detector.id == arguments.rule) {
        output::to_stdout(|out| explain_detector(detector, out))?;
        return Ok(Exit::Clean);
    }
    let rule = rules.get(&arguments.rule).map_err(|error| {
        format!("{error} (there is no detector of that name either; `nonhuman rules list` names all)")
    })?;
    output::to_stdout(|out| explain_rule(rule, out))?;
    Ok(Exit::Clean)
}

fn explain_rule(rule: &Rule, out: &mut dyn Write) -> io::Result<()> {
    let severity = rule.severity.map_or("that of the detector", |severity| severity.as_str());
    let confidence = rule.confidence.map_or("that of the detector", |confidence| confidence.as_str());
    writeln!(out, "{}\n{}\n", rule.id, rule.title)?;
    paragraph(out, &rule.why)?;
    writeln!(out, "\nSeverity    {severity}\nConfidence  {confidence}\nLooks at    every {}", rule.subject)?;
    writeln!(out, "Maps to     {}", rule.maps.join(", "))?;
    for (name, value) in rule.parameters() {
        writeln!(out, "Parameter   {name} = {value}   ([rules.{}.param] in nonhuman.toml)", rule.id)?;
    }
    let needs: Vec<_> = rule.needs.iter().map(|fact| fact.as_str()).collect();
    writeln!(out, "Needs       {}", needs.join(", "))?;
    writeln!(out, "\nHolds when\n")?;
    for line in rule.when().lines() {
        writeln!(out, "    {}", line.trim())?;
    }
    writeln!(out, "\nWhat to do\n")?;
    match rule.info().remedy.as_str() {
        "<remedy>" => paragraph(out, "What the detector says that found it: nonhuman explain DETECTOR.")?,
        remedy => paragraph(out, remedy)?,
    }
    writeln!(out, "\nFile        {}", rule.file)
}

fn explain_detector(detector: &Detector, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}\n{}\n", detector.id, detector.title)?;
    writeln!(out, "Severity    {}\nConfidence  {}", detector.severity, detector.confidence)?;
    writeln!(out, "Proves      {}", detector.proves)?;
    let keywords =
        if detector.keywords.is_empty() { "none: it is searched everywhere" } else { &detector.keywords.join(", ") };
    writeln!(out, "Keywords    {keywords}")?;
    writeln!(out, "Pattern     {}", detector.pattern.trim())?;
    for (head, pattern) in [("Preceded by", &detector.preceded_by), ("Unless in", &detector.unless)] {
        if let Some(pattern) = pattern {
            writeln!(out, "{head:11} {}", pattern.trim())?;
        }
    }
    if !detector.link.is_empty() {
        writeln!(out, "Form        {}", detector.link)?;
    }
    writeln!(out, "\nWhat to do\n")?;
    paragraph(out, &detector.remedy)?;
    // Others are named by the whole path that was given.
    let folder = if detector.is_imported() { "" } else { "rules/" };
    writeln!(out, "\nFile        {folder}{}", detector.file)
}

fn paragraph(out: &mut dyn Write, text: &str) -> io::Result<()> {
    writeln!(out, "{}", textwrap::fill(&text.replace('\n', " "), 80))
}
