//! The commands of a script that start something, and the flags that they have. Runs nothing and resolves no variable.

use super::shell;

/// Programs that only print or look for what stands behind them.
const READERS: &[&str] = &[
    "echo",
    "printf",
    "grep",
    "egrep",
    "rg",
    "cat",
    "sed",
    "awk",
    "rem",
    "test",
    "which",
    "man",
    "write-host",
    "git",
    "curl",
    "wget",
    "cd",
    "ls",
    "cp",
    "mv",
    "rm",
    "mkdir",
    "chmod",
];

/// Programs that fetch programs, which is not to start them.
const FETCHERS: &[&str] = &["npm", "pnpm", "yarn", "bun", "pip", "pip3", "pipx", "uv", "brew", "apt-get", "apt", "apk"];

/// How deep a command may stand in the text of another.
const DEEPEST: usize = 3;

/// The commands of a script that start something, those in the text of others among them: `sh -c "…"`.
pub(super) fn commands_of(script: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut open: Vec<(usize, Vec<String>)> =
        shell::commands(script).into_iter().rev().map(|words| (0, words)).collect();
    while let Some((depth, words)) = open.pop() {
        let own = words.iter().position(|word| shell::assignment(word).is_none()).unwrap_or_default();
        // What another command prints is run all the same.
        if depth < DEEPEST {
            let inner = words.iter().flat_map(|word| substituted(word)).flat_map(shell::commands);
            open.extend(inner.map(|words| (depth + 1, words)).collect::<Vec<_>>().into_iter().rev());
        }
        let first = words.get(own).map(|word| word.trim_start_matches(['@', '-', '(', '{']).to_lowercase());
        let Some(first) = first else { continue };
        let second = words.get(own + 1).map(String::as_str).unwrap_or_default();
        let fetches = FETCHERS.contains(&first.as_str()) && matches!(second, "install" | "i" | "add" | "ci" | "pip");
        if READERS.contains(&first.as_str()) || fetches {
            continue;
        }
        let holds_line = |at: usize| match at.checked_sub(1).and_then(|before| words.get(before)) {
            Some(flag) => {
                flag.starts_with('-') && flag.ends_with('c') || flag == "/c" || first == "ssh" || first == "tmux"
            }
            None => false,
        };
        let inner = words.iter().enumerate().filter(|(at, word)| word.contains(' ') && holds_line(*at));
        let alias = words.iter().filter_map(|word| shell::assignment(word)).filter(|_| first == "alias");
        let lines = inner.map(|(_, word)| word.as_str()).chain(alias.map(|(_, line)| line));
        if depth < DEEPEST {
            let commands = lines.flat_map(shell::commands).map(|words| (depth + 1, words)).collect::<Vec<_>>();
            open.extend(commands.into_iter().rev());
        }
        found.push(words);
    }
    found
}

/// The commands in a word whose output stands in its place.
fn substituted(word: &str) -> Option<&str> {
    let between = |open: &str, close: char| {
        let (_, rest) = word.split_once(open)?;
        rest.rsplit_once(close).map(|(inner, _)| inner)
    };
    between("$(", ')').or_else(|| between("`", '`'))
}

/// Whether a word of a command is this program or flag, with a path before or a version behind it.
pub(super) fn is_word(have: &str, word: &str) -> bool {
    let bare = have.trim_matches(|letter: char| "\"'`();|&$".contains(letter));
    // A line of a Makefile may begin with `@`.
    bare == word
        || bare.strip_prefix('@') == Some(word)
        || bare.rsplit(['/', '\\']).next().map(base) == Some(word)
        || bare.strip_prefix(word).is_some_and(|rest| rest.starts_with(['@', '=']))
}

/// A program without its version or ending.
fn base(program: &str) -> &str {
    let bare = program.split('@').next().unwrap_or(program);
    bare.strip_suffix(".exe").unwrap_or(bare)
}

/// Whether words have a flag: alone, or with its value behind a blank or `=`. A list of values has it where one of them is it.
pub(super) fn has_flag(words: &[String], flag: &str) -> bool {
    let Some((name, value)) = flag.split_once(' ') else {
        return words.iter().any(|word| word == flag || word.strip_prefix(flag) == Some("=true"));
    };
    let is_value = |text: &str| text.replace(['"', '\''], "").split([',', ' ']).any(|one| one == value);
    words.iter().enumerate().any(|(at, word)| match word.split_once('=') {
        Some((given, text)) if given == name => is_value(text),
        _ => word == name && words.get(at + 1).is_some_and(|text| is_value(text)),
    })
}
