//! Agents that scripts, images and package files start without anybody being asked: the flag on its line. Runs nothing.

use std::collections::BTreeSet;

use super::file::File;
use super::frameworks::Frameworks;
use crate::model::{AttributeName as Name, Attributes, Confidence, IdentityKind, SettingKind};

/// Whether a path is that of a file with command lines.
pub(super) fn is_one(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    let ends = [".sh", ".bash", ".zsh", ".fish", ".ps1", ".bat", ".cmd", ".mk", ".dockerfile"];
    matches!(
        name.as_str(),
        "makefile" | "gnumakefile" | "dockerfile" | "containerfile" | "justfile" | "procfile" | "package.json"
    ) || ends.iter().any(|end| name.ends_with(end))
        || name.starts_with("dockerfile.")
        || (name.ends_with(".yml") || name.ends_with(".yaml"))
            && (name.contains("compose") || name.starts_with("taskfile"))
}

/// Notes each agent that a command line starts with approvals off, at the first such line.
pub(super) fn read(file: &mut File<'_>, frameworks: &Frameworks) {
    let text = file.text;
    if !frameworks.has_flag(text.as_bytes()) {
        return;
    }
    let mut told = BTreeSet::new();
    for (start, line) in command_lines(text) {
        // Lists of arguments in JSON and YAML are command lines, too, and so are values in quotes.
        let bare: String = line.chars().map(|letter| if "[]{},\"'".contains(letter) { ' ' } else { letter }).collect();
        let Some(flag) = frameworks.approvals_off(&bare) else { continue };
        let Some((program, _)) = frameworks.of_script(&bare) else { continue };
        if !told.insert((program, flag)) {
            continue;
        }
        let first = flag.split(' ').next().unwrap_or(flag);
        let at = start + line.find(first).unwrap_or_default();
        let id = file.urn(program);
        let attributes =
            Attributes::default().with(Name::AgentProgram, program).with(Name::SeenWith, Confidence::High.as_str());
        let name = format!("{program} ({})", file.shown());
        let identity = file.identity(&id, IdentityKind::AgentCode, name, &(at..at + first.len()), attributes);
        file.add(identity);
        let attributes =
            Attributes::default().with(Name::Key, flag).with(Name::SetTo, format!("on the command line of {program}"));
        let name = format!("{flag} of {program}");
        file.setting(SettingKind::AgentApprovalsOff, &id, name, &(at..at + first.len()), attributes);
    }
}

/// The command lines of a text with where they begin; a line that ends with a stroke goes on in the next.
fn command_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut at = 0;
    let mut goes_on = false;
    for line in text.split_inclusive('\n') {
        // As many bytes as before, so that places stay true.
        let is_open = line.trim_end_matches(['\r', '\n']).ends_with('\\');
        let kept = if is_open { line.replace(['\\', '\r', '\n'], " ") } else { line.to_owned() };
        match lines.last_mut().filter(|_| goes_on) {
            Some((_, last)) => last.push_str(&kept),
            None => lines.push((at, kept)),
        }
        goes_on = is_open;
        at += line.len();
    }
    lines
}
