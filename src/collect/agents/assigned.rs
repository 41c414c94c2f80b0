//! Secrets that a pipeline writes down for its agent: variables, inputs, and assignments before a command. Tells none that is
//! looked up, and none of a service that lives as long as the job.

use super::given::{Given, Held, held, is_secret_name, shown};
use super::node::Node;

/// The shortest value that is told: a shorter one is what a database of tests is opened with.
const SHORTEST: usize = 12;

/// The values of maps of variables and inputs that stand there.
pub(super) fn of_maps(maps: &[(Option<&Node>, &'static str)]) -> Vec<Given> {
    let mut found = Vec::new();
    for (map, by) in maps {
        for entry in map.map(Node::entries).unwrap_or_default() {
            // GitLab writes `{ value: …, description: … }`, too.
            let text = entry.value.text().or_else(|| entry.value.text_of("value"));
            if text.is_some_and(is_own) && is_secret_name(&entry.key) && text.and_then(held) == Some(Held::Literal) {
                found.push(Given::of(by, shown(&entry.key), &entry.span(), Held::Literal, text));
            }
        }
    }
    found
}

/// Assignments at the beginning of commands, as written from a place of a file on: `NAME=value command`, `export NAME=value`.
pub(super) fn of_commands(text: &str, from: usize, found: &mut Vec<Given>) {
    let mut at = from;
    for line in text.split_inclusive('\n') {
        let mut is_start = true;
        let mut place = at;
        for piece in line.split_inclusive([' ', '\t', '\r', '\n']) {
            let word = piece.trim().trim_start_matches(['"', '\'', '-', '[', '(']);
            let begins = place + piece.find(word).unwrap_or_default();
            place += piece.len();
            if word.is_empty() {
                continue;
            }
            let assigned = word.split_once('=').filter(|(name, _)| is_start && is_variable(name));
            if let Some((name, value)) = assigned {
                let value = value.trim_matches(['"', '\'', ';', ',', ']', ')']);
                if is_secret_name(name) && is_own(value) && held(value) == Some(Held::Literal) {
                    let span = begins..begins + word.len();
                    found.push(Given::of("env", shown(name), &span, Held::Literal, Some(value)));
                }
            }
            let goes_on =
                assigned.is_some() && is_start || matches!(word, "export" | "env" | "set" | "run:" | "script:" | "ENV");
            is_start = goes_on || matches!(word, "&&" | "||" | ";" | "|") || word.ends_with(';');
        }
        at += line.len();
    }
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Whether a value is one of its own: addresses of services of the job are read for what stands in them.
fn is_own(value: &str) -> bool {
    value.len() >= SHORTEST && !value.contains("://")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_stand_before_a_command() {
        let value = "hk7Qe2Lm9pWz4xR8tB3nV6";
        let names = |text: &str| {
            let mut found = Vec::new();
            of_commands(text, 10, &mut found);
            found.iter().map(|one| format!("{}@{}", one.name, one.span.start)).collect::<Vec<_>>()
        };
        assert_eq!(names(&format!("API_KEY={value} claude -p x")), ["API_KEY@10"]);
        assert_eq!(names(&format!("  cd a && A=b API_KEY='{value}' claude\n")), ["API_KEY@24"]);
        assert_eq!(names(&format!("export API_KEY={value}\nclaude")), ["API_KEY@17"]);
        assert_eq!(names(&format!("ENV A=b API_KEY={value}\n")), ["API_KEY@18"]);
        assert!(names(&format!("claude API_KEY={value}")).is_empty());
        assert!(names("API_KEY=$OTHER_API_KEY claude; DB_PASSWORD=postgres x").is_empty());
    }
}
