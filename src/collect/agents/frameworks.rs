//! The table of frameworks, actions and commands by which agents show in code and pipelines. Reads
//! `rules/facts/agent-frameworks.toml`; knows no file system.

use aho_corasick::AhoCorasick;
use serde::Deserialize;

/// What is known of frameworks and pipelines.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Frameworks {
    pub(super) framework: Vec<Framework>,
    action: Vec<Action>,
    command: Vec<Command>,
    approvals: Approvals,
    triggers: Triggers,
    #[serde(skip)]
    constructors: Option<AhoCorasick>,
    /// The first words of what switches approvals off.
    #[serde(skip)]
    flags: Option<AhoCorasick>,
    /// Of each constructor, which framework.
    #[serde(skip)]
    of_constructor: Vec<usize>,
}

/// A framework for agents.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Framework {
    pub(super) name: String,
    packages: Vec<String>,
    constructors: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Action {
    name: String,
    uses: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Command {
    name: String,
    words: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Approvals {
    off: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Triggers {
    untrusted: Vec<String>,
}

impl Frameworks {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let named = |error: &dyn std::fmt::Display| format!("agent-frameworks.toml: {error}");
        let mut table: Self = toml::from_str(text).map_err(|error| named(&error))?;
        let mut all = Vec::new();
        for (number, framework) in table.framework.iter().enumerate() {
            for constructor in &framework.constructors {
                all.push(constructor.clone());
                table.of_constructor.push(number);
            }
        }
        table.constructors = Some(AhoCorasick::new(all).map_err(|error| named(&error))?);
        let flags = table.approvals.off.iter().filter_map(|off| off.split(' ').next());
        table.flags = Some(AhoCorasick::new(flags).map_err(|error| named(&error))?);
        Ok(table)
    }

    /// The framework that a package belongs to.
    pub(super) fn of_package(&self, package: &str) -> Option<&Framework> {
        // Python counts `_`, `.` and `-` as one (PEP 503).
        let normal = |name: &str| name.to_lowercase().replace('_', "-");
        let package = normal(package);
        self.framework.iter().find(|framework| {
            framework
                .packages
                .iter()
                .map(|known| normal(known))
                .any(|known| package == known || (known.ends_with('/') && package.starts_with(&known)))
        })
    }

    /// The first call of each framework in a source file, in the order of the text.
    pub(super) fn calls(&self, text: &str) -> Vec<(usize, &Framework)> {
        let mut found: Vec<(usize, usize)> = Vec::new();
        let Some(constructors) = &self.constructors else { return Vec::new() };
        for hit in constructors.find_iter(text) {
            let Some(framework) = self.of_constructor.get(hit.pattern().as_usize()) else { continue };
            // `MyFastMCP(` is another name.
            let is_word =
                text[..hit.start()].chars().next_back().is_none_or(|before| !before.is_alphanumeric() && before != '_');
            if is_word && !found.iter().any(|(_, known)| known == framework) {
                found.push((hit.start(), *framework));
            }
        }
        found.into_iter().filter_map(|(at, number)| Some((at, self.framework.get(number)?))).collect()
    }

    /// Whether a source file may hold such a call.
    pub(super) fn has_call(&self, text: &[u8]) -> bool {
        self.constructors.as_ref().is_some_and(|constructors| constructors.is_match(text))
    }

    /// The agent that a step `owner/action@version` starts.
    pub(super) fn of_action(&self, uses: &str) -> Option<&str> {
        let action = uses.split('@').next().unwrap_or(uses).to_lowercase();
        let is_one = |known: &String| action == *known || action.starts_with(&format!("{known}/"));
        self.action.iter().find(|one| one.uses.iter().any(is_one)).map(|one| one.name.as_str())
    }

    /// Whether a text may hold words by which nobody is asked any more.
    pub(super) fn has_flag(&self, text: &[u8]) -> bool {
        self.flags.as_ref().is_some_and(|flags| flags.is_match(text))
    }

    /// The agent whose program a name has as a word of its own: `claude` in `claude-review.yml`.
    pub(super) fn of_name(&self, name: &str) -> Option<&str> {
        let lower = name.to_lowercase();
        let words: Vec<&str> = lower.split(|letter: char| !letter.is_ascii_alphanumeric()).collect();
        // Short names of programs are words of everyday use.
        let program = |command: &&Command| {
            command.words.first().is_some_and(|word| word.len() >= 5 && words.contains(&word.as_str()))
        };
        self.command.iter().find(program).map(|command| command.name.as_str())
    }

    /// The agent that a script starts, with the place of the line.
    pub(super) fn of_script<'s>(&self, script: &'s str) -> Option<(&str, &'s str)> {
        script.lines().find_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let is_one = |command: &&Command| {
                let mut rest = words.iter();
                command.words.iter().all(|word| rest.any(|have| is_word(have, word)))
            };
            let command = self.command.iter().find(is_one).filter(|_| !line.trim_start().starts_with('#'))?;
            Some((command.name.as_str(), line))
        })
    }

    /// Whether a pipeline names an action or program of an agent at all.
    pub(super) fn may_start(&self, text: &str) -> bool {
        let lower = text.to_lowercase();
        let actions = self.action.iter().flat_map(|action| &action.uses);
        let programs = self.command.iter().filter_map(|command| command.words.first());
        actions.chain(programs).any(|word| lower.contains(word.as_str()))
    }

    /// The words in a text by which nobody is asked any more.
    pub(super) fn approvals_off(&self, text: &str) -> Option<&str> {
        let bare = text.replace(['"', '\''], "");
        self.approvals.off.iter().map(String::as_str).find(|off| text.contains(off) || bare.contains(off))
    }

    pub(super) fn is_untrusted(&self, trigger: &str) -> bool {
        self.triggers.untrusted.iter().any(|known| known == trigger)
    }
}

/// Whether a word of a script is this program or flag, with a path before or a version behind it.
fn is_word(have: &str, word: &str) -> bool {
    let bare = have.trim_matches(|letter: char| "\"'`();|&$".contains(letter));
    bare == word
        || bare.rsplit('/').next() == Some(word)
        || bare.strip_prefix(word).is_some_and(|rest| rest.starts_with(['@', '=']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Frameworks {
        Frameworks::parse(crate::embedded::facts("agent-frameworks")).expect("it is right")
    }

    #[test]
    fn packages_actions_and_commands_are_known() {
        let table = table();
        let package = |name| table.of_package(name).map(|one| one.name.as_str());
        assert_eq!(
            (package("LangGraph"), package("llama_index"), package("@ai-sdk/openai")),
            (Some("LangGraph"), Some("LlamaIndex"), Some("Vercel AI SDK"))
        );
        assert_eq!((package("requests"), package("mcpx")), (None, None));
        assert_eq!(table.of_action("anthropics/claude-code-action@v1"), Some("Claude Code"));
        assert_eq!(table.of_action("anthropics/claude-code-actions@v1"), None);
        let script = "npm ci\n  claude -p \"fix it\" --dangerously-skip-permissions";
        assert_eq!(table.of_script(script).map(|(name, _)| name), Some("Claude Code"));
        assert_eq!(table.of_script("# claude -p x\necho claude"), None);
        assert_eq!(table.approvals_off(script), Some("--dangerously-skip-permissions"));
        assert_eq!(table.approvals_off("codex exec --sandbox read-only"), None);
    }
}
