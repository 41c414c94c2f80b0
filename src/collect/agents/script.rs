//! Agents that scripts, images and package files start without anybody being asked, or with a key that stands there: the flag
//! or key on its line. Runs nothing.

use std::collections::BTreeSet;
use std::ops::Range;

use super::assigned;
use super::file::File;
use super::frameworks::Loose;
use super::node::{Node, Value};
use super::parse::{Format, documents, parse};
use super::table::{Meaning, Tables};
use crate::model::{AttributeName as Name, Attributes, Confidence, IdentityKind, SettingKind, Urn};

/// How a file holds command lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// It is a script.
    Lines,
    /// Some of its lines are.
    Image,
    /// Under `scripts`, by name.
    Package,
    /// Under keys that say so.
    Keys,
    /// Behind `Exec…=`, as of a unit of systemd.
    Unit,
}

/// The keys of Compose files, Taskfiles and development containers behind which a command stands.
/// Source: the Compose specification, "services"; Taskfile schema; Development Container specification.
const KEYS: &[&str] = &[
    "command",
    "entrypoint",
    "cmd",
    "cmds",
    "sh",
    "initializeCommand",
    "onCreateCommand",
    "updateContentCommand",
    "postCreateCommand",
    "postStartCommand",
    "postAttachCommand",
];

fn form(path: &str) -> Option<Form> {
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    let ends = |list: &[&str]| list.iter().any(|end| name.ends_with(end));
    if name == "package.json" {
        return Some(Form::Package);
    }
    if matches!(name.as_str(), "dockerfile" | "containerfile")
        || name.starts_with("dockerfile.")
        || ends(&[".dockerfile"])
    {
        return Some(Form::Image);
    }
    if name == "devcontainer.json" || name == ".devcontainer.json" {
        return Some(Form::Keys);
    }
    if ends(&[".service"]) {
        return Some(Form::Unit);
    }
    if ends(&[".yml", ".yaml"]) && (name.contains("compose") || name.starts_with("taskfile")) {
        return Some(Form::Keys);
    }
    let is_script = matches!(name.as_str(), "makefile" | "gnumakefile" | "justfile" | "procfile")
        || ends(&[".sh", ".bash", ".zsh", ".fish", ".ps1", ".bat", ".cmd", ".mk"]);
    is_script.then_some(Form::Lines)
}

/// Whether a path is that of a file with command lines.
pub(super) fn is_one(path: &str) -> bool {
    form(path).is_some()
}

/// Notes each agent that a command line starts with approvals off, at the first such line.
pub(super) fn read(file: &mut File<'_>, tables: &Tables) {
    let (text, frameworks) = (file.text, &tables.frameworks);
    let Some(form) = form(file.source.name).filter(|_| frameworks.has_program(text.as_bytes())) else { return };
    let mut told = BTreeSet::new();
    for (place, script) in command_lines(text, form) {
        for loose in frameworks.loose(&script) {
            if !told.insert((loose.program, loose.flag)) {
                continue;
            }
            let (program, flag) = (loose.program, loose.flag);
            let first = flag.split(' ').next().unwrap_or(flag);
            let within = text.get(place.clone()).unwrap_or_default();
            let at = place.start + within.find(first).unwrap_or_default();
            let span = at..at + first.len();
            let id = file.urn(program);
            let attributes =
                Attributes::default().with(Name::AgentProgram, program).with(Name::SeenWith, Confidence::High.as_str());
            let name = format!("{program} ({})", file.shown());
            let identity = file.identity(&id, IdentityKind::AgentCode, name, &span, attributes);
            file.add(identity);
            tell(file, &id, &loose, &span);
        }
    }
    let told: BTreeSet<&str> = told.into_iter().map(|(program, _)| program).collect();
    keys(file, form, &told, tables);
}

/// Notes a flag by which an agent asks nobody.
pub(super) fn tell(file: &mut File<'_>, agent: &Urn, loose: &Loose<'_>, span: &Range<usize>) {
    let (program, flag) = (loose.program, loose.flag);
    let attributes =
        Attributes::default().with(Name::Key, flag).with(Name::SetTo, format!("on the command line of {program}"));
    let kind = match loose.means {
        Meaning::Unrestricted => SettingKind::AgentUnrestricted,
        _ => SettingKind::AgentApprovalsOff,
    };
    file.setting(kind, agent, format!("{flag} of {program}"), span, attributes);
}

/// The keys that a script sets for the agent which it starts.
fn keys(file: &mut File<'_>, form: Form, told: &BTreeSet<&str>, tables: &Tables) {
    let is_shell = matches!(form, Form::Lines | Form::Image);
    let mut given = Vec::new();
    if is_shell {
        assigned::of_commands(file.text, 0, &mut given);
    }
    let Some(first) = given.first() else { return };
    let span = first.span.clone();
    let started = || {
        let all = command_lines(file.text, form);
        all.iter().find_map(|(_, script)| tables.frameworks.of_script(script)).map(str::to_owned)
    };
    let Some(program) = told.iter().next().map(|program| (*program).to_owned()).or_else(started) else { return };
    let id = file.urn(&program);
    if !told.contains(program.as_str()) {
        let attributes = Attributes::default()
            .with(Name::AgentProgram, program.as_str())
            .with(Name::SeenWith, Confidence::High.as_str());
        let name = format!("{program} ({})", file.shown());
        let identity = file.identity(&id, IdentityKind::AgentCode, name, &span, attributes);
        file.add(identity);
    }
    super::client::given(file, &id, &given, &(0..0), tables);
}

/// The command lines of a text with where they stand.
fn command_lines(text: &str, form: Form) -> Vec<(Range<usize>, String)> {
    match form {
        Form::Lines => without_documents(lines(text)),
        Form::Unit => lines(text).into_iter().filter_map(of_unit).collect(),
        Form::Image => without_documents(lines(text)).into_iter().filter_map(of_image).collect(),
        Form::Package => {
            let Ok((tree, _)) = parse(text, Format::Json) else { return Vec::new() };
            let scripts = tree.get("scripts").map(Node::entries).unwrap_or_default();
            let line = |entry: &super::node::Entry| Some((entry.value.span.clone(), entry.value.text()?.to_owned()));
            scripts.iter().filter_map(line).collect()
        }
        Form::Keys => {
            let mut found = Vec::new();
            let is_json = text.trim_start().starts_with(['{', '/']);
            let json = is_json.then(|| parse(text, Format::Json).ok()).flatten().map(|(tree, _)| vec![tree]);
            for tree in json.or_else(|| documents(text).ok()).unwrap_or_default() {
                of_keys(&tree, &mut found);
            }
            found
        }
    }
}

/// The command of a line of a unit. Source: systemd.service(5), `ExecStart=` and its like, and the signs before a program.
fn of_unit((place, line): (Range<usize>, String)) -> Option<(Range<usize>, String)> {
    let (key, command) = line.split_once('=')?;
    let is_command = key.trim().starts_with("Exec");
    is_command.then(|| (place, command.trim_start().trim_start_matches(['-', '@', ':', '+', '!']).to_owned()))
}

/// The lines of a text; one that ends with a stroke goes on in the next.
fn lines(text: &str) -> Vec<(Range<usize>, String)> {
    let mut lines: Vec<(Range<usize>, String)> = Vec::new();
    let mut at = 0;
    let mut goes_on = false;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end_matches(['\r', '\n']);
        // Windows writes a hat, PowerShell a backquote.
        let open = bare.strip_suffix(['\\', '^', '`']);
        match lines.last_mut().filter(|_| goes_on) {
            Some((place, last)) => {
                place.end = at + line.len();
                last.push(' ');
                last.push_str(open.unwrap_or(bare));
            }
            None => lines.push((at..at + line.len(), open.unwrap_or(bare).to_owned())),
        }
        goes_on = open.is_some();
        at += line.len();
    }
    lines
}

/// The lines without texts that are only printed or written: what stands between `cat <<END` and `END`.
fn without_documents(lines: Vec<(Range<usize>, String)>) -> Vec<(Range<usize>, String)> {
    let mut end: Option<String> = None;
    let mut kept = Vec::new();
    for (place, line) in lines {
        if let Some(word) = &end {
            if line.trim() == word {
                end = None;
            }
            continue;
        }
        let begins = line.split_once("<<").filter(|(_, rest)| !rest.starts_with('<'));
        if let Some((before, rest)) = begins {
            let program = before.split_whitespace().find(|word| !word.contains('=')).unwrap_or_default();
            let word = rest.trim_start_matches('-').split_whitespace().next().unwrap_or_default();
            let word = word.trim_matches(['"', '\'', '\\']);
            let is_written = matches!(program, "cat" | "tee" | "echo" | "sudo" | "read" | "printf" | "COPY" | "ADD");
            if is_written && !word.is_empty() {
                end = Some(word.to_owned());
            }
        }
        kept.push((place, line));
    }
    kept
}

/// The command of a line that builds an image or says what it starts.
fn of_image((place, line): (Range<usize>, String)) -> Option<(Range<usize>, String)> {
    let bare = line.trim_start();
    let (instruction, rest) = bare.split_once(char::is_whitespace).unwrap_or((bare, ""));
    let is_instruction = instruction.len() > 1 && instruction.bytes().all(|byte| byte.is_ascii_uppercase());
    let starts = ["RUN", "CMD", "ENTRYPOINT"].iter().any(|known| instruction.eq_ignore_ascii_case(known));
    if !starts {
        return (!is_instruction).then_some((place, line));
    }
    let rest = rest.trim_start();
    match serde_json::from_str::<Vec<String>>(rest) {
        Ok(words) => Some((place, quoted(words.iter().map(String::as_str)))),
        Err(_) => {
            let flags = rest.split_whitespace().take_while(|word| word.starts_with("--")).count();
            Some((place, rest.split_whitespace().skip(flags).collect::<Vec<_>>().join(" ")))
        }
    }
}

/// Words as a line that means the same.
pub(super) fn quoted<'w>(words: impl Iterator<Item = &'w str>) -> String {
    words.map(|word| format!("'{}'", word.replace('\'', "'\"'\"'"))).collect::<Vec<_>>().join(" ")
}

/// The commands below the keys that hold some. As deep as what was parsed, which is bounded.
fn of_keys(node: &Node, found: &mut Vec<(Range<usize>, String)>) {
    for entry in node.entries() {
        match &entry.value.value {
            Value::Text(text) if KEYS.contains(&entry.key.as_str()) => {
                found.push((entry.value.span.clone(), text.clone()));
            }
            // A list of words, or, as in a Taskfile, of lines.
            Value::List(items) if entry.key == "cmds" => {
                let lines = items.iter().filter_map(|item| Some((item.span.clone(), item.text()?.to_owned())));
                found.extend(lines);
                items.iter().for_each(|item| of_keys(item, found));
            }
            Value::List(_) if KEYS.contains(&entry.key.as_str()) => {
                found.push((entry.value.span.clone(), quoted(entry.value.words().into_iter())));
            }
            _ => of_keys(&entry.value, found),
        }
    }
    node.items().iter().for_each(|item| of_keys(item, found));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scripts(path: &str, text: &str) -> Vec<String> {
        let form = form(path).expect("a file with command lines");
        command_lines(text, form).into_iter().map(|(_, line)| line).collect()
    }

    #[test]
    fn command_lines_are_found_in_every_form() {
        assert_eq!(scripts("run.sh", "a \\\n b\ncat <<EOF\nc\nEOF\nd\n"), ["a   b", "cat <<EOF", "d"]);
        assert_eq!(scripts("run.bat", "a ^\r\n b\r\n"), ["a   b"]);
        assert_eq!(
            scripts("Dockerfile", "FROM x\nRUN --mount=type=cache a && b\nCMD [\"c\", \"d e\"]\nLABEL x=claude\n"),
            ["a && b", "'c' 'd e'"]
        );
        assert_eq!(scripts("package.json", r#"{"description": "no", "scripts": {"go": "a -b"}}"#), ["a -b"]);
        assert_eq!(
            scripts(
                "compose.yaml",
                "services:\n  a:\n    command: [b, c d]\n    entrypoint: e f\n    labels: {x: g}\n"
            ),
            ["'b' 'c d'", "e f"]
        );
        assert_eq!(scripts("Taskfile.yml", "tasks:\n  a:\n    cmds:\n      - b c\n      - cmd: d\n"), ["b c", "d"]);
        assert_eq!(scripts("devcontainer.json", "// a\n{\"postCreateCommand\": \"a b\", \"name\": \"c\"}"), ["a b"]);
        assert_eq!(scripts("a.service", "[Service]\nUser=x\nExecStart=-/usr/bin/a b\n"), ["/usr/bin/a b"]);
        assert!(!is_one("readme.md"));
    }
}
