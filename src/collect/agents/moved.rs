//! Folders of programs that the profiles of a home directory's shell put elsewhere, by a variable that the program reads.
//! Starts no shell: what is computed is told and not followed.
//!
//! Source: the clients' own documentation of the variables in `rules/facts/agent-clients.toml`; XDG Base Directory
//! Specification; environment.d(5).

use std::io::Read;
use std::path::{Component, Path, PathBuf};

use super::given::shown;
use super::shell;

/// Where shells, and what starts them, set variables of a person. `*` stands for any name.
const PROFILES: &[&str] = &[
    ".bashrc",
    ".bash_profile",
    ".bash_login",
    ".bash_aliases",
    ".profile",
    ".zshrc",
    ".zshenv",
    ".zprofile",
    ".cshrc",
    ".pam_environment",
    ".config/fish/config.fish",
];
/// Folders with such files, and how those end.
const FOLDERS: &[(&str, &str)] = &[(".config/environment.d", ".conf"), (".config/fish/conf.d", ".fish")];

/// The largest profile that is read, in bytes.
const LARGEST: u64 = 1024 * 1024;
/// How many files of one folder are read.
const MOST_FILES: usize = 100;

/// A folder that a variable puts elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Variable {
    pub(super) by: String,
    /// The folder in whose place it puts another, below the home directory.
    pub(super) from: String,
}

/// What profiles say of a home directory.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Moved {
    /// The usual folder and the one in its place, both below the home directory.
    pub(super) folders: Vec<(String, PathBuf)>,
    /// Where a variable leads that cannot be followed: the profile, and why.
    pub(super) lost: Vec<(PathBuf, String)>,
}

/// Reads the profiles of a home directory.
pub(super) fn moved(home: &Path, true_home: &Path, variables: &[Variable]) -> Moved {
    let mut found = Moved::default();
    let mut profiles: Vec<PathBuf> = PROFILES.iter().map(PathBuf::from).collect();
    for (folder, ending) in FOLDERS {
        let entries = std::fs::read_dir(home.join(folder)).into_iter().flatten().flatten();
        let names = entries.take(MOST_FILES).filter_map(|entry| entry.file_name().to_str().map(str::to_owned));
        let mut names: Vec<String> = names.filter(|name| name.ends_with(ending)).collect();
        names.sort();
        profiles.extend(names.into_iter().map(|name| Path::new(folder).join(name)));
    }
    for profile in profiles {
        let Some(text) = text(&home.join(&profile), true_home) else { continue };
        for (variable, value) in assignments(&text, variables) {
            match place(&value, home, true_home) {
                Ok(to) if to == Path::new(&variable.from) => {}
                Ok(to) => found.folders.push((variable.from.clone(), to)),
                Err(why) => found.lost.push((profile.clone(), format!("{} {why}", variable.by))),
            }
        }
    }
    found.folders.sort();
    found.folders.dedup();
    found
}

/// A profile that lies in the home directory, also behind a link.
fn text(path: &Path, true_home: &Path) -> Option<String> {
    let place = path.canonicalize().ok().filter(|place| place.starts_with(true_home))?;
    let is_small = place.metadata().is_ok_and(|found| found.is_file() && found.len() <= LARGEST);
    if !is_small {
        return None;
    }
    let mut bytes = Vec::new();
    std::fs::File::open(&place).ok()?.take(LARGEST).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The values that a text gives to variables that we know: `export A=b`, `A=b`, `set -gx A b`, `setenv A b`.
fn assignments<'v>(text: &str, variables: &'v [Variable]) -> Vec<(&'v Variable, String)> {
    let known = |name: &str| variables.iter().find(|one| one.by == name);
    let mut found = Vec::new();
    for line in text.lines().filter(|line| variables.iter().any(|one| line.contains(&one.by))) {
        for words in shell::commands(line) {
            let first = words.first().map_or("", String::as_str);
            if matches!(first, "set" | "setenv") {
                let mut rest = words.iter().skip(1).filter(|word| !word.starts_with('-'));
                if let (Some(variable), Some(value)) = (rest.next().and_then(|name| known(name)), rest.next()) {
                    found.push((variable, value.clone()));
                }
                continue;
            }
            let is_export = matches!(first, "export" | "declare" | "typeset" | "readonly" | "local");
            for word in &words {
                match shell::assignment(word) {
                    Some((name, value)) => found.extend(known(name).map(|variable| (variable, value.to_owned()))),
                    // Behind a command an assignment is an argument of it.
                    None if !is_export => break,
                    None => {}
                }
            }
        }
    }
    found
}

/// The folder below the home directory that a value names, or why it is not known.
fn place(value: &str, home: &Path, true_home: &Path) -> Result<PathBuf, String> {
    let is_home = matches!(value.trim_end_matches('/'), "$HOME" | "${HOME}" | "~" | "%h");
    let tails = ["$HOME/", "${HOME}/", "~/", "%h/"].iter().find_map(|head| value.strip_prefix(head));
    let tails = tails.or(is_home.then_some(""));
    let name = true_home.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let homes = [home.to_owned(), true_home.to_owned(), Path::new("/home").join(name), Path::new("/Users").join(name)];
    let below = match tails {
        Some(tail) => PathBuf::from(tail),
        None if value.contains(['$', '`', '%']) => return Err("is computed, and was not followed".to_owned()),
        None => {
            let whole = Path::new(value);
            let inside = homes.iter().filter(|home| home.is_absolute()).find_map(|home| whole.strip_prefix(home).ok());
            match inside {
                Some(below) => below.to_owned(),
                None => return Err(format!("leads out of the home directory, to {}", shown(value))),
            }
        }
    };
    let is_plain = below.components().all(|part| matches!(part, Component::Normal(_)));
    if !is_plain || below.to_str().is_none_or(|text| text.contains(['$', '`'])) {
        return Err("is computed, and was not followed".to_owned());
    }
    Ok(below)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables() -> Vec<Variable> {
        let one = |by: &str, from: &str| Variable { by: by.to_owned(), from: from.to_owned() };
        vec![one("CODEX_HOME", ".codex"), one("XDG_CONFIG_HOME", ".config")]
    }

    #[test]
    fn assignments_are_read_in_every_shell() {
        let variables = variables();
        let values = |text: &str| assignments(text, &variables).into_iter().map(|(_, value)| value).collect::<Vec<_>>();
        for text in [
            "export CODEX_HOME=$HOME/work",
            "CODEX_HOME=\"$HOME/work\"",
            "declare -x CODEX_HOME='$HOME/work'; echo x",
            "set -gx CODEX_HOME $HOME/work",
            "setenv CODEX_HOME $HOME/work",
            "A=b CODEX_HOME=$HOME/work codex",
        ] {
            assert_eq!(values(text), ["$HOME/work"], "{text}");
        }
        for quiet in ["# export CODEX_HOME=/x", "echo CODEX_HOME=/x", "MY_CODEX_HOME=/x", "unset CODEX_HOME"] {
            assert_eq!(values(quiet), Vec::<String>::new(), "{quiet}");
        }
    }

    #[test]
    fn values_lead_below_the_home_directory_or_are_told() {
        let home = Path::new("/srv/copies/jana");
        let told = |value: &str| place(value, home, home).map(|path| path.to_string_lossy().into_owned());
        for value in ["$HOME/work/x", "~/work/x", "/srv/copies/jana/work/x", "/home/jana/work/x", "${HOME}/work/x"] {
            assert_eq!(told(value).as_deref(), Ok("work/x"), "{value}");
        }
        for value in ["$WORK/x", "$(pwd)/x", "~/../x", "$HOME/$X"] {
            assert!(told(value).is_err_and(|why| why.contains("computed")), "{value}");
        }
        assert_eq!((told("$HOME").as_deref(), told("~/").as_deref()), (Ok(""), Ok("")));
        assert_eq!(told("/etc/codex"), Err("leads out of the home directory, to /etc/codex".to_owned()));
    }
}
