//! Frameworks for agents among the dependencies of a project. Resolves nothing and asks no registry.

use std::collections::BTreeSet;
use std::ops::Range;

use super::file::File;
use super::frameworks::{Framework, Frameworks};
use crate::model::{AttributeName as Name, Attributes, Confidence, IdentityKind};

/// Files that list dependencies, by their last name in small letters.
pub(super) fn is_one(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(
        name,
        "pyproject.toml"
            | "uv.lock"
            | "poetry.lock"
            | "pipfile"
            | "package.json"
            | "go.mod"
            | "cargo.toml"
            | "pom.xml"
            | "build.gradle"
            | "build.gradle.kts"
    ) || (name.starts_with("requirements") && (name.ends_with(".txt") || name.ends_with(".in")))
        || name.ends_with(".csproj")
}

/// Notes the first line that names each framework.
pub(super) fn read(file: &mut File<'_>, frameworks: &Frameworks) {
    let mut seen = BTreeSet::new();
    let mut at = 0;
    let text = file.text;
    let is_lock = file.source.name.ends_with(".lock");
    for line in text.split_inclusive('\n') {
        for (offset, word) in words(line) {
            // A lock file lists what was fetched under `name = "…"` alone.
            if is_lock && !line.trim_start().starts_with("name") {
                continue;
            }
            if let Some(framework) = frameworks.of_package(word)
                && seen.insert(framework.name.clone())
            {
                let start = at + offset;
                uses(file, framework, &(start..start + word.len()), Confidence::High);
            }
        }
        at += line.len();
    }
}

/// The names of a line that may be packages: not the values of `version`, not comments.
fn words(line: &str) -> Vec<(usize, &str)> {
    let bare = line.trim_start();
    if bare.starts_with('#') || bare.starts_with("//") || bare.starts_with("<!--") {
        return Vec::new();
    }
    // Names of projects and their descriptions are no dependencies; in lock files names are.
    if bare.starts_with("description") || bare.starts_with("\"description\"") || bare.starts_with("\"name\"") {
        return Vec::new();
    }
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "@/._-".contains(letter);
    let mut found = Vec::new();
    let mut start = None;
    for (at, letter) in line.char_indices().chain([(line.len(), ' ')]) {
        match (is_part(letter), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                found.push((from, &line[from..at]));
                start = None;
            }
            _ => {}
        }
    }
    // Only where the name begins the line, or stands in quotes, between tags, or behind `require`.
    found.retain(|(from, word)| {
        let before = line[..*from].trim_start();
        let is_quoted = before.ends_with(['"', '\'', '>']);
        let is_first = before.is_empty() || before == "require ";
        let is_import = word.contains('.') && word.contains('/');
        is_quoted || is_first || is_import
    });
    found
}

/// Code that is built on a framework.
pub(super) fn uses(file: &mut File<'_>, framework: &Framework, at: &Range<usize>, confidence: Confidence) {
    let id = file.urn(&framework.name);
    let attributes = Attributes::default()
        .with(Name::AgentProgram, framework.name.as_str())
        .with(Name::SeenWith, confidence.as_str());
    let name = format!("{} ({})", framework.name, file.shown());
    let identity = file.identity(&id, IdentityKind::AgentCode, name, at, attributes);
    file.add(identity);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_packages_are_told_from_other_words() {
        let names = |line: &'static str| words(line).into_iter().map(|(_, word)| word).collect::<Vec<_>>();
        assert_eq!(names("langgraph==0.6.1  # agents\n"), ["langgraph"]);
        assert_eq!(names("    \"@mastra/core\": \"^0.20\",\n"), ["@mastra/core", "0.20"][..1].to_vec());
        assert_eq!(names("# langgraph\n"), Vec::<&str>::new());
        assert_eq!(
            names("\tgithub.com/modelcontextprotocol/go-sdk v1.0.0\n"),
            ["github.com/modelcontextprotocol/go-sdk"]
        );
        assert_eq!(names("<artifactId>langchain4j</artifactId>"), ["langchain4j"]);
    }
}
