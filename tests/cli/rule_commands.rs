//! The commands of AWS that rules print: each has what the API asks for.

use std::path::Path;

use crate::tree::project;

/// What each operation needs, by the service models of botocore 1.44 (2026-11-23); of IAM users the name, too, since a
/// command without one is about whoever runs it.
const NEEDED: &[(&str, &[&str])] = &[
    ("accessanalyzer get-finding-v2", &["analyzer-arn", "id"]),
    ("accessanalyzer validate-policy", &["policy-document", "policy-type"]),
    ("appsync delete-api-key", &["api-id", "id"]),
    ("bedrock-agentcore-control get-gateway", &["gateway-identifier"]),
    ("bedrock-agentcore-control update-api-key-credential-provider", &["name"]),
    ("bedrock-agentcore-control update-gateway", &["gateway-identifier", "name", "role-arn", "authorizer-type"]),
    ("bedrock-agentcore-control update-workload-identity", &["name"]),
    ("codebuild delete-source-credentials", &["arn"]),
    ("ec2 modify-instance-metadata-options", &["instance-id"]),
    ("eks associate-access-policy", &["cluster-name", "principal-arn", "policy-arn", "access-scope"]),
    ("eks disassociate-access-policy", &["cluster-name", "principal-arn", "policy-arn"]),
    ("iam attach-user-policy", &["user-name", "policy-arn"]),
    ("iam create-access-key", &["user-name"]),
    ("iam delete-access-key", &["user-name", "access-key-id"]),
    ("iam delete-instance-profile", &["instance-profile-name"]),
    ("iam delete-login-profile", &["user-name"]),
    ("iam delete-open-id-connect-provider", &["open-id-connect-provider-arn"]),
    ("iam delete-role", &["role-name"]),
    ("iam delete-saml-provider", &["saml-provider-arn"]),
    ("iam delete-server-certificate", &["server-certificate-name"]),
    ("iam delete-service-specific-credential", &["user-name", "service-specific-credential-id"]),
    ("iam delete-signing-certificate", &["user-name", "certificate-id"]),
    ("iam delete-ssh-public-key", &["user-name", "ssh-public-key-id"]),
    ("iam delete-user", &["user-name"]),
    ("iam disable-outbound-web-identity-federation", &[]),
    ("iam enable-mfa-device", &["user-name", "serial-number", "authentication-code1", "authentication-code2"]),
    ("iam enable-organizations-root-credentials-management", &[]),
    ("iam generate-credential-report", &[]),
    ("iam generate-service-last-accessed-details", &["arn"]),
    ("iam get-access-key-last-used", &["access-key-id"]),
    ("iam reject-delegation-request", &["delegation-request-id"]),
    ("iam tag-role", &["role-name", "tags"]),
    ("iam tag-user", &["user-name", "tags"]),
    ("iam update-access-key", &["user-name", "access-key-id", "status"]),
    ("iam update-account-password-policy", &[]),
    ("iam update-assume-role-policy", &["role-name", "policy-document"]),
    ("iam update-login-profile", &["user-name"]),
    ("iam update-saml-provider", &["saml-provider-arn"]),
    ("iam update-signing-certificate", &["user-name", "certificate-id", "status"]),
    ("iam upload-signing-certificate", &["user-name", "certificate-body"]),
    ("rolesanywhere import-crl", &["name", "crl-data", "trust-anchor-arn"]),
    ("secretsmanager delete-secret", &["secret-id"]),
    ("secretsmanager rotate-secret", &["secret-id"]),
    ("sso logout", &[]),
];

/// Every text of a table.
fn texts(value: &toml::Value, into: &mut Vec<String>) {
    match value {
        toml::Value::String(text) => into.push(text.clone()),
        toml::Value::Array(list) => list.iter().for_each(|one| texts(one, into)),
        toml::Value::Table(table) => table.values().for_each(|one| texts(one, into)),
        _ => {}
    }
}

/// The commands in a text: service and operation, and the flags up to the next one.
fn commands(text: &str) -> Vec<(String, Vec<String>)> {
    let is_word = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_lowercase())
            && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    let starts: Vec<usize> = text
        .match_indices("aws ")
        .map(|(at, _)| at)
        .filter(|at| !text[..*at].ends_with(|before: char| before.is_alphanumeric() || "-_./:".contains(before)))
        .collect();
    let mut found = Vec::new();
    for (order, at) in starts.iter().enumerate() {
        let end = starts.get(order + 1).copied().unwrap_or(text.len());
        let words: Vec<&str> = text[*at..end].split([' ', '\n', '`', ',', ';', ')', '(']).collect();
        let [_, service, operation, rest @ ..] = words.as_slice() else { continue };
        if is_word(service) && is_word(operation) && operation.contains('-') || *service == "sso" {
            let flags = rest.iter().filter_map(|word| word.strip_prefix("--")).map(str::to_owned);
            found.push((format!("{service} {operation}"), flags.collect()));
        }
    }
    found
}

fn rule_files(folder: &Path, into: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => rule_files(&path, into),
            false if path.extension().is_some_and(|kind| kind == "toml") => into.push(path),
            false => {}
        }
    }
}

#[test]
fn the_commands_of_aws_in_rules_have_what_they_need() {
    let mut files = Vec::new();
    rule_files(&project().join("rules"), &mut files);
    let mut wrong = Vec::new();
    let mut seen = 0;
    for file in files {
        let table: toml::Table = std::fs::read_to_string(&file).expect("it is there").parse().expect("TOML");
        let mut all = Vec::new();
        texts(&toml::Value::Table(table), &mut all);
        for (command, flags) in all.iter().flat_map(|text| commands(text)) {
            seen += 1;
            match NEEDED.iter().find(|(known, _)| *known == command) {
                None => wrong.push(format!("{}: aws {command} is not in the list of this test", file.display())),
                Some((_, needed)) => wrong.extend(
                    needed
                        .iter()
                        .filter(|flag| !flags.iter().any(|one| one == *flag))
                        .map(|flag| format!("{}: aws {command} lacks --{flag}", file.display())),
                ),
            }
        }
    }
    assert!(seen > 30, "{seen}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn commands_are_told_from_words() {
    let text = "In aws terms: `aws iam delete-role --role-name x`, or aws sso logout; my-aws iam delete-user is none.";
    let found: Vec<String> = commands(text).into_iter().map(|(command, _)| command).collect();
    assert_eq!(found, ["iam delete-role", "sso logout"]);
}
