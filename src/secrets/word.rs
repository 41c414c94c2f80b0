//! Which words can be passwords where nothing but a password is awaited. Knows no context: detectors name the places.

use super::allow::{SELF_NAMES, STAND_INS, is_password, is_reference, is_stand_in, literal};
use super::names::{is_call_or_path, is_date, is_digest, is_identifier, is_uuid};
use super::placeholder::is_marked;
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

/// The same between the colon and the at sign of an address, where one dot makes no path of names of it.
pub(super) fn can_stand_in_url(value: &[u8]) -> bool {
    let without_dot = || {
        let (before, after) =
            std::str::from_utf8(value).ok()?.split_once('.').filter(|(_, after)| !after.contains('.'))?;
        Some(format!("{before}-{after}"))
    };
    can_be_word_password(value)
        || (!can_be_reference(value) && without_dot().is_some_and(|text| can_be_word_password(text.as_bytes())))
}

fn can_be_reference(value: &[u8]) -> bool {
    std::str::from_utf8(value).is_ok_and(|text| is_reference(text, &text.to_ascii_lowercase()))
}

/// How a value is written where nothing but a password can stand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// In a call or a statement, which manuals show with `password` in it.
    InACall,
    /// In the settings of a service, which takes whatever stands there.
    AsASetting,
}

/// Words that say that there is no value, or which one is awaited, or that anything may stand there.
const NOTHING: &[&str] = &[
    "foo",
    "bar",
    "baz",
    "qux",
    "foobar",
    "none",
    "null",
    "nil",
    "true",
    "false",
    "undefined",
    "required",
    "optional",
    "unknown",
    "empty",
    "value",
    "string",
    "disabled",
    "enabled",
    "default",
    "secret_key",
    "secret-key",
    "secretkey",
    "username",
];

/// Beginnings and parts of a text that is to be replaced.
const TO_FILL_IN: &[&str] = &["your", "enter", "the", "real", "current", "confirm", "change", "new_", "new-", "old_"];
const TO_FILL_IN_WITHIN: &[&str] = &["_here", "-here", "secret_key", "secret-key", "secretkey"];

/// Whether a value can be the password of a place that asks for one, be it easy to guess: `root`, `1234`.
pub(super) fn can_be_weak_password(value: &[u8], manner: Manner) -> bool {
    let Ok(text) = std::str::from_utf8(value) else { return false };
    let lower = text.to_ascii_lowercase();
    let is_constant = text.contains('_') && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let is_blank = NOTHING.contains(&lower.as_str())
        || KINDS.contains(&lower.as_str())
        || TO_FILL_IN.iter().any(|start| lower.starts_with(start))
        || TO_FILL_IN_WITHIN.iter().any(|part| lower.contains(part));
    let names_itself = SELF_NAMES.iter().any(|name| lower.contains(name)) || lower == "secret";
    text.len() >= 3
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && !(is_blank || is_constant || is_reference(text, &lower))
        && !(is_digest(&lower) || is_uuid(&lower) || is_date(text))
        && (!is_call_or_path(text) || text.bytes().any(|byte| byte.is_ascii_digit()))
        && !(names_itself && manner == Manner::InACall)
        // Four words are a sentence that says what belongs here.
        && !(manner == Manner::AsASetting && lower.split(['-', '_']).filter(|word| word.len() > 1).count() >= 4)
}

/// Whether a user and a password are somebody's, and not those of a manual.
pub(super) fn can_be_weak_login(user: &str, password: &str) -> bool {
    let is_shown = ["user", "username", "foo", "aladdin", "test", "login", "id", "client_id", "key"].contains(&user);
    !is_shown
        && !user.is_empty()
        && !is_marked(user)
        && !is_marked(password)
        && user.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.@-".contains(&byte))
        && can_be_weak_password(password.as_bytes(), Manner::AsASetting)
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

    #[test]
    fn a_dot_in_an_address_is_part_of_the_password() {
        assert!(can_stand_in_url(b"meche.in") && can_stand_in_url(b"tacoman") && !can_be_word_password(b"meche.in"));
        for text in ["config.password", "settings.db", "app.config.db", "example.pass"] {
            assert!(!can_stand_in_url(text.as_bytes()) || is_marked(text), "{text}");
        }
    }

    #[test]
    fn what_lets_somebody_in_is_a_password_however_weak() {
        for text in ["root", "1234", "0000", "P@ssw0rd", "postgres", "wisemap", "shop-dev"] {
            assert!(can_be_weak_password(text.as_bytes(), Manner::InACall), "{text}");
        }
        for text in ["password", "somerootpassword", "wordpress_password"] {
            assert!(can_be_weak_password(text.as_bytes(), Manner::AsASetting), "{text}");
            assert!(!can_be_weak_password(text.as_bytes(), Manner::InACall), "{text}");
        }
        for text in [
            "yourpassword",
            "null",
            "DB_PASSWORD",
            "env.password",
            "settings.db",
            "changeit",
            "str",
            "password_here",
            "votre-mot-de-passe-application",
            "2026-01-01",
            "${PASS}",
        ] {
            assert!(!can_be_weak_password(text.as_bytes(), Manner::AsASetting), "{text}");
        }
        assert!(can_be_weak_login("admin", "pass"));
        assert!(!can_be_weak_login("username", "password") && !can_be_weak_login("foo", "bar"));
    }
}
