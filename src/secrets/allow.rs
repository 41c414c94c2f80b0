//! What is not a secret although it stands where one would: placeholders, references, words; and inline allows.

/// Texts inside a value that show it was never meant to work.
const PLACEHOLDER_MARKS: &[&str] = &[
    "example",
    "placeholder",
    "changeme",
    "change-me",
    "change_me",
    "your-",
    "your_",
    "yourkey",
    "insert",
    "replace",
    "dummy",
    "redacted",
    "xxxx",
    "****",
    "....",
    "00000000",
    "12345678",
    "abcdefgh",
    "notreal",
    "not-real",
    "todo",
];

/// Beginnings that show the value is read from elsewhere.
const REFERENCE_STARTS: &[&str] = &[
    "$",
    "${",
    "<",
    "{{",
    "{%",
    "%(",
    "#{",
    "vault:",
    "op://",
    "arn:",
    "ref+",
    "!ref",
    "!getatt",
    "!sub",
    "os.environ",
    "process.env",
    "secrets.",
    "var.",
    "local.",
    "data.",
    "module.",
    "env.",
    "config.",
    "settings.",
    "self.",
    "getenv",
    "http://",
    "https://",
    "file://",
    "env:",
    "ssm:",
    "secretsmanager:",
    "base64:",
    "sha256:",
    "sha1:",
    "sha512:",
    "/",
    "./",
    "../",
    "@",
];

/// Whole words that stand for a password in documentation.
const STAND_INS: &[&str] = &[
    "password",
    "passw0rd",
    "passwd",
    "secret",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "none",
    "null",
    "undefined",
    "true",
    "false",
    "test",
    "testing",
    "admin",
    "root",
    "string",
    "required",
    "optional",
    "default",
    "disabled",
    "enabled",
    "username",
    "user",
    "postgres",
    "guest",
    "unknown",
    "empty",
    "value",
    "foobar",
    "secretkey",
];

/// The marks of an inline allow, in the order in which they are looked for.
const ALLOW_MARKS: &[&str] = &["nonhuman: allow", "nonhuman:allow", "gitleaks:allow", "betterleaks:allow"];

/// Whether a value is a documented example or a filled-in blank, whatever its form.
pub(super) fn is_placeholder(value: &[u8]) -> bool {
    let text = String::from_utf8_lossy(value).to_ascii_lowercase();
    // Long structured values (keys, tokens with claims) hold such letters by chance.
    let is_short = text.len() <= 120;
    (is_short && PLACEHOLDER_MARKS.iter().any(|mark| text.contains(mark))) || has_long_run(value)
}

/// Eight equal bytes in a row do not come out of a random generator.
fn has_long_run(value: &[u8]) -> bool {
    value.len() <= 120 && value.windows(8).any(|window| window.iter().all(|byte| *byte == window[0]))
}

/// Whether a value given to a name such as `password` can be one.
pub(super) fn can_be_password(value: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(value) else { return false };
    let lower = text.trim().to_ascii_lowercase();
    if lower.len() < 6 || STAND_INS.contains(&lower.as_str()) {
        return false;
    }
    if REFERENCE_STARTS.iter().any(|start| lower.starts_with(start)) || is_call_or_path(text) {
        return false;
    }
    if is_uuid(&lower) || is_hash(&lower) {
        return false;
    }
    // A name in code or a sentence: letters and joints only, no digit, one case.
    let has_digit = lower.bytes().any(|byte| byte.is_ascii_digit());
    let has_other = lower.bytes().any(|byte| !byte.is_ascii_alphanumeric() && !b"_-. ".contains(&byte));
    let mixed_case = text.bytes().any(|b| b.is_ascii_uppercase()) && text.bytes().any(|b| b.is_ascii_lowercase());
    (has_digit || has_other || (mixed_case && text.len() >= 16)) && !text.contains(' ')
}

/// `name(…)`, `a.b.c`, `a[b]`: an expression, not a value.
fn is_call_or_path(text: &str) -> bool {
    let is_name = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && !part.as_bytes()[0].is_ascii_digit()
    };
    let is_path = text.contains('.') && text.split('.').all(is_name);
    let before_bracket = text.split(['(', '[']).next().unwrap_or_default();
    let is_call = text.ends_with([')', ']']) && before_bracket.split('.').all(is_name);
    is_path || is_call
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36 && text.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && is_hexadecimal(&text.replace('-', ""))
}

fn is_hash(text: &str) -> bool {
    matches!(text.len(), 40 | 64 | 96 | 128) && is_hexadecimal(text)
}

fn is_hexadecimal(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The comment on a line that allows what is found on it, as written.
///
/// Understood are our own `nonhuman: allow`, and the marks of gitleaks and betterleaks, so that a team can move.
pub fn inline_allow(line: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(line);
    let lower = text.to_ascii_lowercase();
    ALLOW_MARKS.iter().find(|mark| lower.contains(**mark)).map(|mark| (*mark).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_and_words_are_not_passwords() {
        for text in [
            "${DB_PASSWORD}",
            "os.environ['X']",
            "changeme",
            "get_secret(name)",
            "settings.db.password",
            "secret",
            "vault:kv/app",
            "<password>",
            "{{ .Values.password }}",
            "0b7c1a1e-6c1f-4b53-9d0f-2b1d3c4e5f60",
            "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "my_password_field",
        ] {
            assert!(!can_be_password(text.as_bytes()) || is_placeholder(text.as_bytes()), "{text}");
        }
        for text in ["Tr0ub4dor&3", "k9$Lm2!vQ7", "p4ymentsDbRw2024"] {
            assert!(can_be_password(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn allows_are_seen() {
        assert_eq!(inline_allow(b"x = 1  # gitleaks:allow").as_deref(), Some("gitleaks:allow"));
        assert_eq!(inline_allow(b"x = 1"), None);
    }
}
