//! What a workflow of GitHub gives away without need: keys of a cloud that last, and a token that may write everything. Names
//! alone, no value; runs nothing.
//!
//! Source: GitHub Docs, "Security hardening with OpenID Connect", "Workflow syntax" (`permissions`); the inputs of
//! aws-actions/configure-aws-credentials, azure/login and google-github-actions/auth.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::workflow::tree;
use crate::model::{AttributeName, Attributes, SettingKind};

/// Inputs and variables that hold a key of a cloud, in small letters with `_` for `-`.
const KEYS: &[(&str, &str)] = &[
    ("aws_secret_access_key", "AWS"),
    ("azure_credentials", "Azure"),
    ("azure_client_secret", "Azure"),
    ("arm_client_secret", "Azure"),
    ("creds", "Azure"),
    ("credentials_json", "Google Cloud"),
    ("service_account_key", "Google Cloud"),
    ("google_credentials", "Google Cloud"),
    ("gcp_sa_key", "Google Cloud"),
    ("gcloud_service_key", "Google Cloud"),
];

/// Beside it a key of AWS is one for an hour.
const SESSION: &str = "aws_session_token";

/// How deep a workflow is followed: steps are at the sixth level.
const DEEPEST: usize = 16;

/// One thing that a workflow gives away.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Habit {
    pub(super) kind: SettingKind,
    /// Its name behind the file, the same in every scan.
    pub(super) part: String,
    /// Where in the workflow, in words.
    pub(super) place: Option<String>,
    /// From 1.
    pub(super) line: u64,
    pub(super) attributes: Attributes,
}

/// Reads a workflow.
pub(super) fn read(text: &str) -> Vec<Habit> {
    if !text.contains("write-all") && !text.contains("secrets.") {
        return Vec::new();
    }
    let Some(tree) = tree(text) else { return Vec::new() };
    let mut found = write_all(&tree, text);
    let mut clouds: BTreeMap<&'static str, (String, BTreeSet<String>)> = BTreeMap::new();
    keys(&tree, DEEPEST, &mut clouds);
    found.extend(clouds.into_iter().map(|(cloud, (key, names))| {
        Habit {
            kind: SettingKind::CiStaticKey,
            part: format!("static-key/{}", cloud.to_lowercase().replace(' ', "-")),
            place: None,
            line: line_of(text, &key),
            attributes: Attributes::default()
                .with(AttributeName::Service, cloud)
                .with(AttributeName::SetTo, names.into_iter().collect::<Vec<_>>().join(", ")),
        }
    }));
    found
}

/// The token of the whole workflow, and of each job, where it may write everything.
fn write_all(tree: &Value, text: &str) -> Vec<Habit> {
    const ALL: &str = "write-all";
    let gives = |node: &Value| node.get("permissions").and_then(Value::as_str) == Some(ALL);
    let jobs = tree.get("jobs").and_then(Value::as_object).into_iter().flatten();
    let of_jobs = jobs.filter(|(_, job)| gives(job)).map(|(name, _)| Some(name.as_str()));
    let mut lines = lines_of(text, ALL).into_iter();
    let all = gives(tree).then_some(None).into_iter().chain(of_jobs);
    all.map(|job| Habit {
        kind: SettingKind::CiWriteAll,
        part: job.map_or_else(|| ALL.to_owned(), |name| format!("{name}/{ALL}")),
        place: job.map(|name| format!("job {name}")),
        line: lines.next().unwrap_or(1),
        attributes: Attributes::default(),
    })
    .collect()
}

/// The keys of clouds that come from secrets: of each cloud the first key, and the names of all secrets.
fn keys(node: &Value, left: usize, found: &mut BTreeMap<&'static str, (String, BTreeSet<String>)>) {
    if left == 0 {
        return;
    }
    match node {
        Value::Array(items) => items.iter().for_each(|item| keys(item, left - 1, found)),
        Value::Object(entries) => {
            let plain = |key: &str| key.to_lowercase().replace('-', "_");
            let is_short = entries.keys().any(|key| plain(key) == SESSION);
            for (key, value) in entries {
                let cloud = KEYS.iter().find(|(known, _)| *known == plain(key)).map(|(_, cloud)| *cloud);
                let names = value.as_str().map(secrets).unwrap_or_default();
                let lasts = |cloud: &&str| !is_short || *cloud != "AWS";
                match cloud.filter(lasts).filter(|_| !names.is_empty()) {
                    Some(cloud) => {
                        let of_cloud = found.entry(cloud).or_insert_with(|| (key.clone(), BTreeSet::new()));
                        of_cloud.1.extend(names);
                    }
                    None => keys(value, left - 1, found),
                }
            }
        }
        _ => {}
    }
}

/// The names behind `secrets.` in an expression.
fn secrets(text: &str) -> BTreeSet<String> {
    let name =
        |rest: &str| rest.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect();
    let names = text.split("secrets.").skip(1).map(name);
    names.filter(|name: &String| text.contains("${{") && !name.is_empty()).collect()
}

/// The lines that have a word and are no comments, from 1.
fn lines_of(text: &str, word: &str) -> Vec<u64> {
    let lines = (1_u64..).zip(text.lines());
    lines.filter(|(_, line)| !line.trim_start().starts_with('#') && line.contains(word)).map(|(line, _)| line).collect()
}

fn line_of(text: &str, word: &str) -> u64 {
    lines_of(text, word).first().copied().unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<(String, u64, Option<String>)> {
        let told = |one: Habit| {
            let names = one.attributes.text(AttributeName::SetTo).map(str::to_owned);
            (one.part, one.line, names)
        };
        read(text).into_iter().map(told).collect()
    }

    #[test]
    fn keys_that_last_are_told_by_their_secrets() {
        let block = "on: push\njobs:\n  a:\n    env:\n      # AWS_SECRET_ACCESS_KEY\n      AWS_ACCESS_KEY_ID: ${{ secrets.AK }}\n      AWS_SECRET_ACCESS_KEY: ${{ secrets.SK }}\n    steps:\n      - uses: google-github-actions/auth@v2\n        with: {credentials_json: \"${{ secrets.GCP }}\"}\n";
        let expected = [
            ("static-key/aws".to_owned(), 7, Some("SK".to_owned())),
            ("static-key/google-cloud".to_owned(), 10, Some("GCP".to_owned())),
        ];
        assert_eq!(told(block), expected);
        for quiet in [
            block.replace("secrets.", "steps.login.outputs."),
            block
                .replace("    steps:", "      AWS_SESSION_TOKEN: ${{ secrets.ST }}\n    steps:")
                .replace("credentials_json", "x"),
            block.replace("on: push", "on: [").clone(),
        ] {
            assert!(told(&quiet).is_empty(), "{quiet}");
        }
    }

    #[test]
    fn a_token_that_writes_everything_is_told_where_it_is_given() {
        let text =
            "permissions: write-all\njobs:\n  a:\n    steps: []\n  b:\n    # write-all\n    permissions: write-all\n";
        assert_eq!(told(text), [("write-all".to_owned(), 1, None), ("b/write-all".to_owned(), 7, None)]);
        assert!(told(&text.replace(": write-all", ": read-all")).is_empty());
    }
}
