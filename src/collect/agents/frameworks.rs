//! The table of frameworks, actions and commands by which agents show in code and pipelines. Reads
//! `rules/facts/agent-frameworks.toml`; knows no file system.

use aho_corasick::AhoCorasick;
use serde::Deserialize;

use super::commands::{commands_of, has_flag, is_word};
use super::shell;
use super::table::Meaning;

/// What is known of frameworks and pipelines.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Frameworks {
    pub(super) framework: Vec<Framework>,
    action: Vec<Action>,
    command: Vec<Command>,
    unasked: Vec<Unasked>,
    inputs: Inputs,
    triggers: Triggers,
    #[serde(skip)]
    constructors: Option<AhoCorasick>,
    /// The programs that have flags by which nobody is asked.
    #[serde(skip)]
    programs: Option<AhoCorasick>,
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
    /// It refuses whoever may not write to the repository.
    #[serde(default)]
    asks: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Command {
    name: String,
    words: Vec<String>,
}

/// Flags of a program by which nobody is asked any more.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Unasked {
    name: String,
    programs: Vec<String>,
    flags: Vec<String>,
    means: Meaning,
}

/// Inputs of steps.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Inputs {
    /// By which nobody is asked any more.
    off: Vec<String>,
    /// That let anybody start it, where the action itself would ask who it is.
    open: Vec<String>,
}

/// A command that starts an agent without anybody being asked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Loose<'t> {
    pub(super) program: &'t str,
    pub(super) flag: &'t str,
    pub(super) means: Meaning,
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
        // A name of one letter stands in every text; its flags do not.
        let is_long = |one: &&String| one.len() > 2;
        let programs = table.unasked.iter().flat_map(|one| match one.programs.iter().all(|name| is_long(&name)) {
            true => &one.programs,
            false => &one.flags,
        });
        table.programs = Some(AhoCorasick::new(programs).map_err(|error| named(&error))?);
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
                .any(|known| package == known || (known.ends_with(['/', '.']) && package.starts_with(&known)))
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
        self.action_of(uses).map(|one| one.name.as_str())
    }

    /// Whether the action of a step refuses by itself whoever may not write to the repository.
    pub(super) fn asks(&self, uses: &str) -> bool {
        self.action_of(uses).is_some_and(|one| one.asks)
    }

    fn action_of(&self, uses: &str) -> Option<&Action> {
        let action = uses.split('@').next().unwrap_or(uses).to_lowercase();
        let is_one = |known: &String| action == *known || action.starts_with(&format!("{known}/"));
        self.action.iter().find(|one| one.uses.iter().any(is_one))
    }

    /// Whether a text names a program that may be started without anybody being asked.
    pub(super) fn has_program(&self, text: &[u8]) -> bool {
        self.programs.as_ref().is_some_and(|programs| programs.is_match(text))
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

    /// The agent that a script starts.
    pub(super) fn of_script(&self, script: &str) -> Option<&str> {
        commands_of(script).iter().find_map(|words| {
            let is_one = |command: &&Command| {
                let mut rest = words.iter();
                command.words.iter().all(|word| rest.any(|have| is_word(have, word)))
            };
            self.command.iter().find(is_one).map(|command| command.name.as_str())
        })
    }

    /// The flags of a script by which agents act without anybody being asked, each once.
    pub(super) fn loose(&self, script: &str) -> Vec<Loose<'_>> {
        let mut all = Vec::new();
        for words in commands_of(script) {
            for one in &self.unasked {
                let is_program = |have: &String| one.programs.iter().any(|program| is_word(have, program));
                let Some(at) = words.iter().position(is_program) else { continue };
                let rest = words.get(at + 1..).unwrap_or_default();
                let flags = one.flags.iter().filter(|flag| has_flag(rest, flag));
                let loose = flags.map(|flag| Loose { program: &one.name, flag, means: one.means });
                for one in loose.collect::<Vec<_>>() {
                    if !all.contains(&one) {
                        all.push(one);
                    }
                }
            }
        }
        all
    }

    /// Whether an input of a step makes its agent act without anybody being asked.
    pub(super) fn is_off(&self, program: &str, key: &str, value: &str) -> bool {
        let lower = key.to_lowercase();
        // What it is told to do is no setting, whatever it speaks of.
        if ["prompt", "instructions"].iter().any(|word| lower.contains(word)) {
            return false;
        }
        let set = format!("{lower}: {}", value.trim().trim_matches(['"', '\'']));
        let is_set = self.inputs.off.iter().any(|off| set.lines().any(|line| line == off));
        let of_program = self.unasked.iter().filter(|one| one.name == program);
        let mut flags = of_program.flat_map(|one| &one.flags);
        let commands = shell::commands(value);
        is_set || flags.any(|flag| commands.iter().any(|words| has_flag(words, flag)))
    }

    /// Whether an input of a step lets anybody start it.
    pub(super) fn is_open(&self, key: &str, value: &str) -> bool {
        self.inputs.open.iter().any(|open| key.eq_ignore_ascii_case(open))
            && value.split([',', ' ']).any(|who| who == "*")
    }

    /// Whether a pipeline names an action or program of an agent at all.
    pub(super) fn may_start(&self, text: &str) -> bool {
        let lower = text.to_lowercase();
        let actions = self.action.iter().flat_map(|action| &action.uses);
        let programs = self.command.iter().filter_map(|command| command.words.first());
        actions.chain(programs).any(|word| lower.contains(word.as_str()))
    }

    pub(super) fn is_untrusted(&self, trigger: &str) -> bool {
        self.triggers.untrusted.iter().any(|known| known == trigger)
    }
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
        assert_eq!(table.of_script(script), Some("Claude Code"));
        for (script, program) in [
            ("npx -y @anthropic-ai/claude-code -p \"$BODY\"", "Claude Code"),
            ("pnpm dlx @anthropic-ai/claude-code@1.0.0 -p x", "Claude Code"),
            ("npx @openai/codex exec x", "Codex"),
            ("npx -y @google/gemini-cli --yolo -p x", "Gemini CLI"),
            ("npx https://github.com/google-gemini/gemini-cli", "Gemini CLI"),
            ("OUT=$(claude -p x)", "Claude Code"),
            ("echo \"$(claude -p x | tail -1)\" >> a", "Claude Code"),
        ] {
            assert_eq!(table.of_script(script), Some(program), "{script}");
        }
        for quiet in [
            "git clone https://github.com/anthropics/claude-code",
            "# claude -p x\necho claude",
            "npm install -g @anthropic-ai/claude-code",
            "echo claude -p x",
        ] {
            assert_eq!(table.of_script(quiet), None, "{quiet}");
        }
    }

    /// Each line with the flag that takes the person out of it.
    #[test]
    fn command_lines_that_ask_nobody() {
        let table = table();
        let flags = |line: &str| table.loose(line).iter().map(|one| one.flag.to_owned()).collect::<Vec<_>>().join(", ");
        for (line, expected) in [
            ("claude -p \"fix it\" --dangerously-skip-permissions", "--dangerously-skip-permissions"),
            ("claude --permission-mode=bypassPermissions x", "--permission-mode bypassPermissions"),
            ("claude --allowedTools 'Read,Bash(*)' -p x", "--allowedTools Bash(*)"),
            ("codex --dangerously-bypass-approvals-and-sandbox \"x\"", "--dangerously-bypass-approvals-and-sandbox"),
            ("codex -a never -s danger-full-access", "-a never, -s danger-full-access"),
            (
                "codex --ask-for-approval never --sandbox=danger-full-access",
                "--ask-for-approval never, --sandbox danger-full-access",
            ),
            ("codex -c 'approval_policy=\"never\"' exec x", "-c approval_policy=never"),
            ("gemini --approval-mode yolo", "--approval-mode yolo"),
            ("npx -y @google/gemini-cli@0.9 -y", "-y"),
            ("gemini -y", "-y"),
            ("copilot --allow-all-tools -p x", "--allow-all-tools"),
            ("copilot --yolo", "--yolo"),
            ("cursor-agent -f -p x", "-f"),
            ("amp --dangerously-allow-all", "--dangerously-allow-all"),
            ("qwen --yolo", "--yolo"),
            ("A=b sudo -u x /usr/bin/claude --dangerously-skip-permissions", "--dangerously-skip-permissions"),
            ("bash -lc 'cd a && claude --dangerously-skip-permissions'", "--dangerously-skip-permissions"),
            ("alias c='claude --dangerously-skip-permissions'", "--dangerously-skip-permissions"),
        ] {
            assert_eq!(flags(line), expected, "{line}");
        }
        for quiet in [
            "echo 'claude --dangerously-skip-permissions is forbidden'",
            "claude -p 'never use --dangerously-skip-permissions'",
            "# codex -a never",
            "codex exec --sandbox read-only",
            "claude --allowedTools 'Bash(npm test:*)'",
            "grep -y gemini a",
            "gemini -p x; tar -y",
        ] {
            assert_eq!(flags(quiet), "", "{quiet}");
        }
    }

    #[test]
    fn inputs_of_steps_that_ask_nobody() {
        let table = table();
        assert!(table.is_off("Claude Code", "claude_args", "--max-turns 3\n--dangerously-skip-permissions"));
        assert!(
            table.is_off("Codex", "safety-strategy", "unsafe")
                && !table.is_off("Codex", "safety-strategy", "drop-sudo")
        );
        assert!(!table.is_off("Claude Code", "prompt", "never use --dangerously-skip-permissions"));
        assert!(table.is_open("allowed_non_write_users", "*") && !table.is_open("allowed_non_write_users", "anna"));
    }
}
