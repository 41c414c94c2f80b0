//! Which words can be passwords where nothing but a password is awaited. Knows no context: detectors name the places.

use super::allow::{STAND_INS, is_password, is_stand_in, literal};
use super::names::{is_digest, is_identifier};
use super::rarity::is_drawn;

/// Words that say of what kind a field is, where its value is awaited.
pub(super) const KINDS: &[&str] = &[
    "text",
    "plain",
    "plaintext",
    "basic",
    "digest",
    "hidden",
    "input",
    "field",
    "varchar",
    "char",
    "str",
    "number",
    "integer",
    "boolean",
    "object",
    "array",
    "bytes",
    "raw",
    "form",
    "prompt",
    "auto",
    "always",
    "never",
    "kennwort",
    "passwort",
    "contrasena",
    "wachtwoord",
    "salasana",
    "losenord",
    "heslo",
    "haslo",
    "lozinka",
    "parola",
    "sifre",
    "senha",
    "invalid",
    "missing",
    "type",
    "name",
    "kind",
    "fail",
    "failed",
    "failure",
    "error",
];

/// Beginnings of `yourpassword` and its like.
const BLANK_STARTS: &[&str] = &[
    "my", "your", "our", "their", "the", "some", "any", "new", "old", "db", "user", "not", "enter", "real", "current",
    "confirm",
];

/// Whether a value can be a password where nothing else is awaited (beside a user name, say): a word may be one, too.
pub(super) fn can_be_word_password(value: &[u8]) -> bool {
    // `goodpassword` names itself, and is no blank of a manual as `yourpassword` is.
    let is_compound = value.iter().all(u8::is_ascii_lowercase)
        && std::str::from_utf8(value).is_ok_and(|text| {
            let is_blank = STAND_INS.contains(&text) || BLANK_STARTS.iter().any(|start| text.starts_with(start));
            !is_blank && is_stand_in(text)
        });
    is_compound
        || literal(value).is_some_and(|text| {
            let lower = text.to_ascii_lowercase();
            let capitals = text.bytes().filter(u8::is_ascii_uppercase).count();
            // `Heslo`, `Parool`: the label of a field, translated.
            let is_label = capitals == 1 && text.starts_with(|first: char| first.is_ascii_uppercase());
            // `ADMIN_PASS` stands for a value; `tomcat-pass` may be one.
            let is_one_word = text.bytes().all(|byte| byte.is_ascii_alphabetic());
            let is_joined = capitals == 0
                && text.starts_with(|first: char| first.is_ascii_lowercase())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
            let is_word = (is_one_word || is_joined) && !is_label && !KINDS.contains(&lower.as_str());
            !is_digest(&lower)
                && (is_word || (is_password(text) && (is_drawn(text.as_bytes()) || !is_identifier(text))))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_passwords_and_labels_are_not() {
        for text in ["tacoman", "storepwd", "tomcat-pass", "two2fold", "goodpassword", "xkcvqwou", "testPW"] {
            assert!(can_be_word_password(text.as_bytes()), "{text}");
        }
        for text in ["password", "yourpassword", "Heslo", "ADMIN_PASS", "hidden", "j_password", "${PASS}", "abc"] {
            assert!(!can_be_word_password(text.as_bytes()), "{text}");
        }
    }
}
