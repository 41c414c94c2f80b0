//! Small stories that only the join can tell, one folder each in `fixtures/stories`. Each is told twice: as it is, where
//! the links must be there, and with one string changed, where the same names stand and no link is justified.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

use crate::tree::{NOW, folder, project, run};

/// `story.toml`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Story {
    title: String,
    /// What `nonhuman collect` is given.
    arguments: Vec<String>,
    #[serde(default)]
    path: Vec<Way>,
    #[serde(default)]
    edge: Vec<Step>,
    #[serde(default)]
    finding: Vec<Expected>,
    miss: Miss,
}

/// A way that `nonhuman path` finds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Way {
    from: String,
    to: String,
    steps: usize,
    holding: String,
}

/// A step that `nonhuman show` tells.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    from: String,
    kind: String,
    to: String,
}

/// A finding; `about` is part of its subject.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    rule: String,
    about: String,
    severity: String,
}

/// What is changed so that nothing of it may be concluded.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Miss {
    why: String,
    file: String,
    old: String,
    new: String,
}

/// A story's folder as it is scanned. `dot-git` stands for `.git`, which git keeps in no repository.
fn copy(from: &Path) -> TempDir {
    let to = folder();
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry.expect("it can be walked");
        let below = entry.path().strip_prefix(from).expect("below");
        let target: PathBuf = below
            .components()
            .map(|part| if part.as_os_str() == "dot-git" { ".git".as_ref() } else { part.as_os_str() })
            .collect();
        if entry.file_type().is_dir() {
            std::fs::create_dir_all(to.path().join(target)).expect("room");
        } else {
            std::fs::copy(entry.path(), to.path().join(target)).expect("room");
        }
    }
    to
}

fn json(folder: &Path, arguments: &[&str]) -> Result<Value, String> {
    let ran = run(folder, arguments);
    match ran.code {
        0 | 1 | 3 => Ok(serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}{}", ran.stdout, ran.stderr))),
        _ => Err(ran.stderr),
    }
}

/// What is there of all that the story expects, in words.
fn told(story: &Story, folder: &Path) -> Vec<(String, bool)> {
    let mut arguments = vec!["collect", "--isolated", "--now", NOW, "-o", "records.jsonl"];
    arguments.extend(story.arguments.iter().map(String::as_str));
    let ran = run(folder, &arguments);
    assert!(matches!(ran.code, 0 | 3), "{}: {}", story.title, ran.stderr);
    let mut told = Vec::new();
    for way in &story.path {
        let answer = json(folder, &["path", &way.from, &way.to, "--from", "records.jsonl", "--format", "json"]);
        let steps =
            answer.map(|answer| answer["data"]["way"].as_array().cloned().unwrap_or_default()).unwrap_or_default();
        let holdings: Vec<&str> = steps.iter().filter_map(|step| step["holding"].as_str()).collect();
        let worst = ["unknown", "conditional", "holds"].into_iter().find(|one| holdings.contains(one)).unwrap_or("-");
        let words = format!("a way of {} steps from {} to {} that {}", way.steps, way.from, way.to, way.holding);
        told.push((words, steps.len() == way.steps && worst == way.holding));
    }
    for step in &story.edge {
        let answer = json(folder, &["show", &step.from, "--from", "records.jsonl", "--format", "json"]);
        let found = answer.is_ok_and(|answer| {
            let edges = answer["data"]["leads_to"].as_array().cloned().unwrap_or_default();
            edges.iter().any(|edge| {
                edge["kind"] == step.kind.as_str() && edge["to"].as_str().is_some_and(|to| to.ends_with(&step.to))
            })
        });
        told.push((format!("{} {} {}", step.from, step.kind, step.to), found));
    }
    if !story.finding.is_empty() {
        let scan = json(folder, &["evaluate", "records.jsonl", "--isolated", "--now", NOW, "--format", "json"]);
        let scan = scan.unwrap_or_else(|error| panic!("{}: {error}", story.title));
        for expected in &story.finding {
            let found = scan["findings"].as_array().expect("a list").iter().any(|one| {
                one["rule"] == expected.rule.as_str()
                    && one["severity"] == expected.severity.as_str()
                    && one["subject"].as_str().is_some_and(|subject| subject.contains(&expected.about))
            });
            told.push((format!("{} {} about {}", expected.severity, expected.rule, expected.about), found));
        }
    }
    told
}

#[test]
fn each_story_is_told_and_its_near_miss_is_not() {
    let root = project().join("fixtures/stories");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(&root)
        .expect("the stories are there")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    assert!(folders.len() >= 13, "only {} stories are there", folders.len());
    let mut wrong = Vec::new();
    for story_folder in folders {
        let name = story_folder.file_name().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(story_folder.join("story.toml")).expect("every story has one");
        let story: Story = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let expected = story.path.len() + story.edge.len() + story.finding.len();
        assert!(expected > 0, "{name} expects nothing");
        let hit = copy(&story_folder);
        wrong.extend(
            told(&story, hit.path())
                .into_iter()
                .filter(|(_, is)| !is)
                .map(|(what, _)| format!("{name}: not found: {what}")),
        );
        let miss = copy(&story_folder);
        let file = miss.path().join(&story.miss.file);
        let before =
            std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{name}: {}: {error}", file.display()));
        assert!(before.contains(&story.miss.old), "{name}: the near miss changes nothing");
        std::fs::write(&file, before.replace(&story.miss.old, &story.miss.new)).expect("room");
        let still = told(&story, miss.path()).into_iter().filter(|(_, is)| *is);
        wrong.extend(still.map(|(what, _)| format!("{name}, near miss ({}): {what}", story.miss.why)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
