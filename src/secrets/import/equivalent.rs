//! Which of our detectors find what a default rule of gitleaks or betterleaks finds, where the names differ.

/// The rule of theirs, and ours.
const EQUIVALENTS: &[(&str, &[&str])] = &[
    ("aws-access-token", &["aws-access-key", "aws-access-key-id", "aws-access-key-reversed"]),
    ("curl-auth-header", &["authorization-bearer"]),
    ("curl-auth-user", &["authorization-basic"]),
    (
        "generic-api-key",
        &[
            "generic-password",
            "generic-password-bare",
            "generic-secret",
            "generic-secret-bare",
            "generic-uuid-key",
            "terraform-variable-default",
            "xml-password",
        ],
    ),
    ("generic-password", &["generic-password-bare", "terraform-variable-default", "xml-password"]),
    ("github-fine-grained-pat", &["github-fine-grained-token"]),
    ("github-oauth", &["github-token"]),
    ("github-pat", &["github-token"]),
    ("gitlab-cicd-job-token", &["gitlab-job-token"]),
    ("gitlab-pat", &["gitlab-personal-token"]),
    ("gitlab-ptt", &["gitlab-pipeline-trigger-token"]),
    ("gitlab-rrt", &["gitlab-runner-token"]),
    ("npm-access-token", &["npm-token", "npmrc-auth-token"]),
    ("okta-access-token", &["okta-api-token"]),
    ("openai-api-key", &["openai-admin-key", "openai-legacy-key", "openai-project-key", "openai-service-account-key"]),
    ("private-key", &["private-key-encrypted", "private-key-openssh", "private-key-pgp"]),
    ("slack-legacy-workspace-token", &["slack-workspace-token"]),
    ("slack-webhook-url", &["slack-webhook", "slack-workflow-webhook"]),
    ("stripe-access-token", &["stripe-live-restricted-key", "stripe-live-secret-key", "stripe-test-key"]),
];

/// Our detectors for one of their rules: that of the same name, and those that find the same.
pub(super) fn ours<'a>(theirs: &'a str, is_ours: impl Fn(&str) -> bool + 'a) -> impl Iterator<Item = &'a str> + 'a {
    let others = EQUIVALENTS.iter().filter(move |(name, _)| *name == theirs).flat_map(|(_, ours)| ours.iter().copied());
    std::iter::once(theirs).chain(others).filter(move |name| is_ours(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_ours_is_one() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/detect");
        let texts: String = std::fs::read_dir(folder)
            .expect("it is there")
            .map(|entry| std::fs::read_to_string(entry.expect("it is readable").path()).expect("it is readable"))
            .collect();
        for name in EQUIVALENTS.iter().flat_map(|(_, ours)| ours.iter()) {
            assert!(texts.contains(&format!("\nid = \"{name}\"\n")), "{name} is no detector of ours");
        }
    }
}
