//! What else than agents asks of a workflow: which of its jobs let nobody in but known people, and which roles a text names.
//! Judges nothing itself.

use std::collections::BTreeSet;

use super::guard::Gates;
use super::node::Node;
use super::parse::{Format, parse};

/// The jobs of a workflow of GitHub to which only people get whom the repository knows, where these events are open to
/// others, too. None where the text is no YAML.
pub(crate) fn held_jobs(text: &str, is_open: &dyn Fn(&str) -> bool) -> BTreeSet<String> {
    let Ok((tree, _)) = parse(text, Format::Yaml) else { return BTreeSet::new() };
    let gates = Gates::of(&tree, is_open);
    let jobs = tree.get("jobs").map(Node::entries).unwrap_or_default();
    jobs.iter().filter(|job| gates.hold(&job.key, &job.value)).map(|job| job.key.clone()).collect()
}

/// The roles of AWS that a text names by their ARNs, without computed ones.
pub(crate) fn roles_in(text: &str) -> BTreeSet<String> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "+=,.@_-/:".contains(letter);
    let words = text.match_indices("arn:").filter_map(|(at, _)| {
        let rest = text.get(at..)?;
        let end = rest.find(|letter: char| !is_part(letter)).unwrap_or(rest.len());
        let is_whole = !rest[end..].starts_with(['$', '{']);
        Some(rest[..end].trim_end_matches(['.', ',', ':'])).filter(|_| is_whole)
    });
    words.filter(|arn| is_role(arn)).map(str::to_owned).collect()
}

fn is_role(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [_, partition, "iam", "", account, resource] = parts.as_slice() else { return false };
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    partition.starts_with("aws") && is_account && resource.strip_prefix("role/").is_some_and(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_found_in_command_lines() {
        let text = "aws sts assume-role-with-web-identity --role-arn arn:aws:iam::111122223333:role/ci/deploy --x\nA=\"arn:aws-cn:iam::111122223333:role/b\", arn:aws:iam::1:role/no arn:aws:iam::111122223333:role/${X} arn:aws:iam::111122223333:user/u";
        assert_eq!(
            roles_in(text).into_iter().collect::<Vec<_>>(),
            ["arn:aws-cn:iam::111122223333:role/b", "arn:aws:iam::111122223333:role/ci/deploy"]
        );
    }

    #[test]
    fn jobs_with_a_guard_are_held() {
        let text = "on: pull_request_target\njobs:\n  a:\n    if: github.actor == 'jana'\n    steps: []\n  b:\n    needs: a\n    steps: []\n  c:\n    if: false\n    steps: []\n  d:\n    steps: []\n";
        let held = held_jobs(text, &|event| event == "pull_request_target");
        assert_eq!(held.into_iter().collect::<Vec<_>>(), ["a", "b", "c"]);
    }
}
