//! The results of a scan as OSCAL assessment results. One finding speaks against a control; that no rule holds is an
//! observation and never a satisfied control, since rules test a part of it. Source: NIST, OSCAL 1.2.3, "Assessment Results Model".

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Basis;
use crate::model::Finding;
use crate::report::Scan;
use crate::report::escape::flow_short;

const VERSION: &str = "1.2.3";

/// The name space of our properties.
const SPACE: &str = "https://github.com/nonhuman-audit/nonhuman/ns/oscal";

/// The longest prose, in characters.
const LONGEST: usize = 2_000;

/// The document.
pub(super) fn results(scan: &Scan<'_>, basis: &Basis) -> Value {
    let run = format!("{} {} {}", scan.version, scan.now, scan.inputs.join("\n"));
    let plan = uuid(&["plan", &run]);
    let inputs = text(&scan.inputs.join(", "), "nothing");
    json!({"assessment-results": {
        "uuid": uuid(&["results", &run]),
        "metadata": {
            "title": "Audit of non-human identities",
            "last-modified": scan.now.to_string(),
            "version": scan.now.to_string(),
            "oscal-version": VERSION,
            "props": [property("tool", &format!("nonhuman {}", scan.version))],
        },
        "import-ap": {"href": format!("#{plan}")},
        "results": [result(scan, basis, &run, &inputs)],
        "back-matter": {"resources": [{
            "uuid": plan,
            "title": "What was planned",
            "description": format!("There is no assessment plan in OSCAL: the inputs of the scan were {inputs}; its rules \
                                    lie beside this file under rules/."),
        }]},
    }})
}

fn result(scan: &Scan<'_>, basis: &Basis, run: &str, inputs: &str) -> Value {
    let controls = controls(basis);
    let ids: Vec<Value> = controls.keys().map(|control| json!({"control-id": token(control)})).collect();
    let selection = if ids.is_empty() { json!({"include-all": {}}) } else { json!({"include-controls": ids}) };
    let state = if scan.is_incomplete() { "no" } else { "yes" };
    let mut result = json!({
        "uuid": uuid(&["result", run]),
        "title": "Scan",
        "description": format!("Read: {inputs}"),
        "start": scan.now.to_string(),
        "props": [property("complete", state), property("rules-not-evaluated", &unjudged(scan).len().to_string())],
        "reviewed-controls": {"control-selections": [selection]},
    });
    let silent = controls.iter().filter_map(|(control, rules)| silence(scan, basis, run, control, rules));
    let observations: Vec<Value> =
        scan.findings.iter().map(|finding| observation(scan, finding)).chain(silent).collect();
    let findings: Vec<Value> = controls.keys().filter_map(|control| conclusion(scan, run, control)).collect();
    for (name, list) in [("observations", observations), ("findings", findings)] {
        // An empty list is not allowed.
        if !list.is_empty() {
            result[name] = Value::Array(list);
        }
    }
    result
}

/// Every control that a rule maps to, with those rules. A technique of an attacker is nothing that can be satisfied.
fn controls(basis: &Basis) -> BTreeMap<&str, &BTreeSet<String>> {
    let controls = basis.controls.iter().filter(|(control, _)| !control.starts_with("MITRE-ATTACK:"));
    controls.map(|(control, rules)| (control.as_str(), rules)).collect()
}

fn unjudged<'a>(scan: &Scan<'a>) -> BTreeSet<&'a str> {
    scan.not_evaluated.iter().map(|one| one.rule.as_str()).collect()
}

fn observation(scan: &Scan<'_>, finding: &Finding) -> Value {
    let evidence: Vec<Value> = finding
        .evidence
        .iter()
        .map(|one| json!({"description": text(&format!("{}: {}", one.collector, one.location), "seen")}))
        .collect();
    let subject = json!({
        "subject-uuid": uuid(&["subject", finding.subject.as_str()]),
        "type": "component",
        "title": text(finding.subject.as_str(), "subject"),
    });
    let mut props = vec![
        property("rule", &finding.rule),
        property("severity", finding.severity.as_str()),
        property("confidence", finding.confidence.as_str()),
        property("fingerprint", finding.fingerprint.as_str()),
    ];
    if let Some(note) = &finding.baseline {
        props.push(property("decision", &note.to_string()));
    }
    let mut observation = json!({
        "uuid": observed(finding),
        "title": text(&finding.title, &finding.rule),
        "description": text(&finding.message, &finding.title),
        "props": props,
        "methods": ["TEST"],
        "types": ["finding"],
        "subjects": [subject],
        "collected": scan.now.to_string(),
        "remarks": text(&format!("What to do: {}", finding.remedy), "-"),
    });
    if !evidence.is_empty() {
        observation["relevant-evidence"] = Value::Array(evidence);
    }
    observation
}

/// The findings that speak against a control.
fn against<'a>(scan: &Scan<'a>, control: &str) -> Vec<&'a Finding> {
    let is_about = |one: &&Finding| one.maps.iter().any(|map| map == control) && !one.is_accepted();
    scan.findings.iter().filter(is_about).collect()
}

/// What is seen of a control where every rule that maps to it was asked about something and none holds; `None` where that
/// cannot be said.
fn silence(scan: &Scan<'_>, basis: &Basis, run: &str, control: &str, rules: &BTreeSet<String>) -> Option<Value> {
    let not_judged = unjudged(scan);
    let is_known = !scan.is_incomplete() && rules.iter().all(|rule| !not_judged.contains(rule.as_str()));
    let hides = scan.in_baseline > 0 || scan.below_min_severity > 0 || scan.already_known > 0;
    if !is_known || hides || !rules.is_subset(&basis.asked) || !against(scan, control).is_empty() {
        return None;
    }
    let names = Vec::from_iter(rules.iter().map(String::as_str)).join(", ");
    let description = format!(
        "{} rules that map to it were asked of what was read, and none holds: {names}. They test a part of what the \
         control asks for; whether it is satisfied is the assessor's to say.",
        rules.len()
    );
    Some(json!({
        "uuid": uuid(&["silence", run, control]),
        "title": text(&format!("{control}: no rule holds"), "control"),
        "description": text(&description, "-"),
        "props": [property("control", &token(control)), property("rules", &rules.len().to_string())],
        "methods": ["TEST"],
        "types": ["control-objective"],
        "collected": scan.now.to_string(),
    }))
}

/// What the scan concludes of a control; `None` where nothing speaks against it.
fn conclusion(scan: &Scan<'_>, run: &str, control: &str) -> Option<Value> {
    let about = against(scan, control);
    if about.is_empty() {
        return None;
    }
    let related: Vec<Value> = about.iter().map(|one| json!({"observation-uuid": observed(one)})).collect();
    Some(json!({
        "uuid": uuid(&["control", run, control]),
        "title": text(control, "control"),
        "description": format!("{} observations speak against it.", about.len()),
        "target": {"type": "objective-id", "target-id": token(control), "status": {"state": "not-satisfied"}},
        "related-observations": related,
    }))
}

fn observed(finding: &Finding) -> String {
    uuid(&["observation", finding.fingerprint.as_str()])
}

fn property(name: &str, value: &str) -> Value {
    json!({"name": name, "ns": SPACE, "value": text(value, "none")})
}

/// One line that is not empty, as the schema wants it.
fn text(text: &str, otherwise: &str) -> String {
    let line = flow_short(text, LONGEST);
    if line.is_empty() { otherwise.to_owned() } else { line }
}

/// The id of a control as a token: letters, digits, `.`, `-` and `_`, with a letter first.
fn token(control: &str) -> String {
    let is_kept = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
    let kept: String = control.chars().map(|letter| if is_kept(letter) { letter } else { '_' }).collect();
    if kept.starts_with(|first: char| first.is_ascii_alphabetic()) { kept } else { format!("_{kept}") }
}

/// A UUID made from names (RFC 9562, version 5, with BLAKE3 in the place of SHA-1): the same for the same names.
fn uuid(names: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("nonhuman 2026 OSCAL identifier");
    for name in names {
        hasher.update(&(name.len() as u64).to_le_bytes());
        hasher.update(name.as_bytes());
    }
    let mut bytes = [0; 16];
    hasher.finalize_xof().fill(&mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x50;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let (a, rest) = digits.split_at(8);
    let (b, rest) = rest.split_at(4);
    let (c, rest) = rest.split_at(4);
    let (d, e) = rest.split_at(4);
    format!("{a}-{b}-{c}-{d}-{e}")
}
