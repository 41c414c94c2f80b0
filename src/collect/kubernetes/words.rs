//! Tells by its name whether a setting holds a secret, and by its form whether a value cannot be one.
//! It keeps no value: what comes out is yes or no.

/// Words that name a secret.
const SECRET: [&str; 9] =
    ["password", "passwd", "pwd", "passphrase", "secret", "token", "apikey", "credential", "credentials"];

/// Pairs of words that do.
const PAIRS: [(&str, &str); 7] = [
    ("api", "key"),
    ("access", "key"),
    ("private", "key"),
    ("secret", "key"),
    ("encryption", "key"),
    ("signing", "key"),
    ("auth", "key"),
];

/// Last words by which a name is about a secret, but not for one: `TOKEN_TTL_SECONDS`, `PASSWORD_FILE`.
const ABOUT: [&str; 42] = [
    "ttl",
    "seconds",
    "secs",
    "minutes",
    "hours",
    "days",
    "expiry",
    "expiration",
    "expires",
    "lifetime",
    "file",
    "path",
    "dir",
    "name",
    "namespace",
    "url",
    "uri",
    "endpoint",
    "host",
    "port",
    "id",
    "ids",
    "count",
    "limit",
    "length",
    "size",
    "type",
    "header",
    "enabled",
    "disabled",
    "policy",
    "ref",
    "issuer",
    "audience",
    "version",
    "prefix",
    "store",
    "mount",
    "provider",
    "cache",
    "env",
    "var",
];

/// Whether a name is one of a secret.
pub(super) fn names_secret(name: &str) -> bool {
    let words = words(name);
    if words.last().is_none_or(|last| ABOUT.contains(&last.as_str())) {
        return false;
    }
    let single = words.iter().any(|word| SECRET.contains(&word.as_str()));
    single || words.windows(2).any(|two| matches!(two, [a, b] if PAIRS.contains(&(a.as_str(), b.as_str()))))
}

/// `dbPassword`, `DB_PASSWORD` and `db.password` in words, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut after_lower = false;
    for letter in name.chars().take(256) {
        let starts = letter.is_uppercase() && after_lower;
        if (starts || !letter.is_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if letter.is_alphanumeric() {
            word.extend(letter.to_lowercase());
        }
        after_lower = letter.is_lowercase() || letter.is_ascii_digit();
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

/// Whether a value cannot be a secret: empty, a number, a switch, a path, a reference, a placeholder.
pub(super) fn is_plain(value: &str) -> bool {
    const REFERENCES: [&str; 10] = ["$(", "${", "{{", "vault:", "ref+", "arn:", "projects/", "/", "./", "op://"];
    const PLACEHOLDERS: [&str; 6] = ["changeme", "change-me", "redacted", "placeholder", "example", "none"];
    let value = value.trim().trim_matches(['"', '\'']);
    let lower = value.to_lowercase();
    value.len() < 4
        || value.chars().all(|letter| letter.is_ascii_digit() || matches!(letter, '.' | '-' | 's' | 'm' | 'h'))
        || matches!(lower.as_str(), "true" | "false" | "null" | "disabled" | "enabled")
        || REFERENCES.iter().any(|start| value.starts_with(start))
        || (value.starts_with('<') && value.ends_with('>'))
        || value.chars().all(|letter| matches!(letter, '*' | 'x' | 'X'))
        || PLACEHOLDERS.contains(&lower.as_str())
        || (lower.starts_with("http") && lower.contains("://") && !lower.contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets() {
        for name in
            ["DB_PASSWORD", "dbPassword", "spring.datasource.password", "OPENAI_API_KEY", "client-secret", "TOKEN"]
        {
            assert!(names_secret(name), "{name}");
        }
        for name in [
            "TOKEN_TTL_SECONDS",
            "MAX_TOKENS",
            "PASSWORD_FILE",
            "TOKENIZERS_PARALLELISM",
            "SECRET_NAME",
            "LOG_LEVEL",
            "AWS_ACCESS_KEY_ID",
            "ACCESS_KEY_ID_ENV",
            "",
        ] {
            assert!(!names_secret(name), "{name}");
        }
    }

    #[test]
    fn values_that_cannot_be_secrets() {
        for value in
            ["", "3600", "true", "/etc/token", "$(OTHER)", "{{ .Values.x }}", "<token>", "https://host/x", "****", "5m"]
        {
            assert!(is_plain(value), "{value}");
        }
        for value in ["hunter2-made-up", "s3cr3t-5", "https://u:p@host"] {
            assert!(!is_plain(value), "{value}");
        }
    }
}
