//! What is not a secret although it stands where one would: placeholders, references, words.

use super::names::{
    is_call_or_path, is_date, is_digest, is_identifier, is_joined_words, is_key_file, is_uuid, is_version,
    names_its_kind,
};
use super::rarity::{bits_per_letter, is_drawn};

/// Beginnings that show the value is read from elsewhere.
pub(super) const REFERENCE_STARTS: &[&str] = &[
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
    "urn:",
    "akv:",
    "keystore:",
    // An escape in a string of a program: a test of a parser.
    "\\",
    "env:",
    "ssm:",
    "secretsmanager:",
    "base64:",
    "sha256:",
    "sha1:",
    "sha512:",
    // What is kept of a password, not the password.
    "hmac",
    "ssha",
    "pbkdf2",
    "argon2",
    "scrypt:",
    "bcrypt:",
    "/",
    "./",
    "../",
    "@",
];

/// Whether a value says where to read the secret: by its beginning, as an address without a login in it
/// (`doppler://shop/prod`), or as a blank between two pairs of signs (`((db-password))`, `~~db~password~~`).
pub(super) fn is_reference(text: &str, lower: &str) -> bool {
    let begins = |start: &&str| lower.starts_with(*start) && !(["@", "/"].contains(start) && is_signed(&text[1..]));
    let has_scheme = |text: &str| {
        text.split_once("://").is_some_and(|(scheme, rest)| {
            scheme.starts_with(|first: char| first.is_ascii_alphabetic())
                && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte))
                && !rest.contains('@')
        })
    };
    REFERENCE_STARTS.iter().any(begins)
        || has_scheme(text)
        || is_between_pairs(text.as_bytes())
        || lower.contains("/secrets/")
        || text.contains("$(")
}

/// Whether a text has a digit and a sign that stands in no name and no path.
fn is_signed(text: &str) -> bool {
    let in_names = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:@".contains(&byte);
    let has_sign = text.bytes().any(|byte| byte.is_ascii() && !in_names(byte));
    has_sign && text.bytes().any(|byte| byte.is_ascii_digit()) && !text.contains('/')
}

/// `((name))`, `[[name]]`, `~~a~b~~`: a name between the same pair of signs, or a pair and its mirror.
fn is_between_pairs(text: &[u8]) -> bool {
    let ([first, second, inner @ .., before, last], true) = (text, text.len() > 4) else { return false };
    let closing = match first {
        b'(' => b')',
        b'[' => b']',
        b'~' | b'@' | b'%' | b'_' | b'|' => *first,
        _ => return false,
    };
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.:/~ ".contains(byte);
    first == second && *before == closing && *last == closing && inner.iter().all(is_name)
}

/// Letters beyond ASCII, of an alphabet with small letters and capitals, stand in a password beside digits and signs.
/// What has none is the label of a field in another language (`Contraseña`, `GUI認証1x`).
fn is_typed(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_letter = |letter: char| letter.is_ascii() || letter.is_lowercase() || letter.is_uppercase();
    text.is_ascii()
        || (text.chars().all(|letter| is_letter(letter) || "£€§°".contains(letter))
            && (digits >= 2 || (digits == 1 && is_signed(text))))
}

/// Whole words that stand for a password in documentation.
pub(super) const STAND_INS: &[&str] = &[
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
    "pass",
    "p4ssw0rd",
    "p4ssword",
    "p@ssw0rd",
    "p@ssword",
    "qwerty",
    "letmein",
    "hunter",
    "abc",
];

/// Words by which a value names what it stands for: nobody draws them, a manual writes them.
pub(super) const SELF_NAMES: &[&str] = &["password", "passwd", "passphrase"];

/// Whether a value given to a name such as `password` can be one.
pub(super) fn can_be_password(value: &[u8]) -> bool {
    literal(value).is_some_and(|text| {
        !is_digest(&text.to_ascii_lowercase())
            && is_password(text)
            && (is_drawn(text.as_bytes()) || !is_identifier(text))
    })
}

/// A value that was written out: no reference, no word of a manual, no name of something else.
pub(super) fn literal(value: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(value).ok()?;
    let lower = text.trim().to_ascii_lowercase();
    // What stands between two strings of a program, not within one.
    let is_code = text.starts_with([')', ',', ';', ']'])
        || text.ends_with(['(', '[', ','])
        || (text.ends_with('-') && !is_signed(text))
        || (text.starts_with('+') && text.contains('('));
    let is_literal = lower.len() >= 4
        && is_typed(text)
        && !is_code
        && !text.contains(' ')
        && !text.contains(char::is_control)
        && !(is_reference(text, &lower) || is_stand_in(&lower) || is_uuid(&lower))
        && !(is_call_or_path(text) || is_version(text) || is_date(text) || is_key_file(&lower));
    is_literal.then_some(text)
}

/// Whether a literal is more than a word: drawn letters, or a digit or a sign among them.
pub(super) fn is_password(text: &str) -> bool {
    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
    let has_letter = text.bytes().any(|byte| byte.is_ascii_alphabetic());
    let has_sign = text.bytes().any(|byte| !byte.is_ascii_alphanumeric() && !b"_-. ".contains(&byte));
    let is_mixed = has_digit || has_sign;
    // `sha1`, `v1.0`, `-1`: what is that short must have been drawn.
    is_drawn(text.as_bytes())
        || (is_mixed && has_letter && text.len() >= 6)
        || (has_digit && text.len() >= 6 && is_number(text))
}

/// Whether digits, letters and cases of letters change so often that the text was drawn: in `storage2` they do once, in
/// drawn texts at every third step.
pub(super) fn is_patched(value: &[u8]) -> bool {
    let changes = |pair: &&[u8]| match pair {
        [a, b] => {
            (a.is_ascii_digit() && b.is_ascii_alphabetic())
                || (a.is_ascii_alphabetic() && b.is_ascii_digit())
                || (a.is_ascii_lowercase() && b.is_ascii_uppercase())
        }
        _ => false,
    };
    let count = value.windows(2).filter(changes).count();
    count >= 4 || (count >= 3 && bits_per_letter(value) > 4.4)
}

/// Six digits and more, none of them counted up or repeated (that is a placeholder's mark).
fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a value given to a name such as `api_key` can be one: as a password, but machines made it. So what is as
/// long as a hash is a key (`openssl rand -hex 32`), and words with joints between them are a name.
pub(super) fn can_be_token(value: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(value) else { return false };
    let lower = text.to_ascii_lowercase();
    // A JSON Web Token is judged by its claims. And machines draw from what every machine can write.
    if (text.starts_with("eyJ") && text.contains(".eyJ")) || !text.is_ascii() {
        return false;
    }
    if is_digest(&lower) {
        return !EMPTY_DIGESTS.contains(&lower.as_str());
    }
    // A short one must look drawn, since so many things are called a token.
    let is_long = text.len() >= 16;
    can_be_password(value)
        && !names_its_kind(&lower)
        && (is_drawn(value) || (!is_joined_words(&lower) && (is_long || is_patched(value))))
}

/// What SHA-1 and SHA-256 give for no bytes at all.
const EMPTY_DIGESTS: &[&str] =
    &["da39a3ee5e6b4b0d3255bfef95601890afd80709", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"];

/// A word of the manual, alone, with up to three digits (`secret123`), or within other words (`generated_password_2`);
/// signs around it change nothing.
pub(super) fn is_stand_in(lower: &str) -> bool {
    let bare = lower.trim_matches(|sign: char| sign.is_ascii_punctuation());
    let word = bare.trim_end_matches(|last: char| last.is_ascii_digit());
    let names_itself = SELF_NAMES.iter().any(|name| word.contains(name))
        && word.bytes().all(|byte| byte.is_ascii_lowercase() || b"_-.".contains(&byte));
    let has_few_digits = bare.len() - word.len() <= 3;
    STAND_INS.contains(&lower) || (has_few_digits && (STAND_INS.contains(&word) || names_itself))
}

#[cfg(test)]
mod tests {
    use super::super::placeholder::is_placeholder;
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
    fn names_and_counted_texts_are_not_secrets() {
        for text in [
            "ExclusiveStartShardId",
            "X-Amz-Security-Token",
            "serverless:applicationId",
            "password123",
            "generatedpassword2",
            "\\xa1\\xa2",
        ] {
            assert!(!can_be_password(text.as_bytes()), "{text}");
        }
        assert!(!can_be_token(b"x-aws-ec2-metadata-token"));
        assert!(!can_be_token(b"rust_openssl.hpke.MLKEM768X25519PrivateKey"));
        assert!(!can_be_token(b"eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4MSJ9.c2ln"));
        assert!(!can_be_token(EMPTY_DIGESTS[0].as_bytes()));
        assert!(can_be_token(b"4859106da2aa3d78a53a08d29eeff3cc8bdbca8f"), "openssl rand -hex 20");
        for text in ["MTk4NjIyNDgzNDcxOTUxOTM2.Cl2FMQ.FmlkZXItdGhhbi1yYW5kb20", "qEoKzPbnwwTgWXvCmLdhQs"] {
            assert!(can_be_token(text.as_bytes()) && !is_placeholder(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn passwords_have_letters_and_signs_of_every_language() {
        for text in
            ["héllo#Kolo71", "Grüße#Kolo71", "Пароль#Kolo71", "pässKolo71", "kůňKolo#7", "UnaContraseñaSegura123!"]
        {
            assert!(can_be_password(text.as_bytes()), "{text}");
        }
        for text in ["Contraseña", "Größe2", "GUI認証1x", "пароль", "Mot-de-passe-oublié?", "Неверный-пароль!"]
        {
            assert!(!can_be_password(text.as_bytes()), "{text}");
        }
        assert!(!can_be_token("Kolo71-ščř-q7w2e9r4t1y6".as_bytes()));
        for text in ["@Kolo#71tok", "/Kolo#71tok", "KoloTok#71-"] {
            assert!(can_be_password(text.as_bytes()), "{text}");
        }
        for text in ["@string/password1", "/run/secrets/db1", "/^[a-z0-9#]+$/", "release-71-"] {
            assert!(!can_be_password(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn what_names_a_place_in_a_store_is_no_password() {
        for text in [
            "((db9-password))",
            "doppler://prj9/dev",
            "infisical://prod/DB9",
            "awssm://db9/pw",
            "sm://proj/db9-pass",
            "akv:shop-kv/db9",
            "keystore://db9#pw",
            "gcpsm://projects/p1/db9",
            "~~db9~pass~~",
            "%%DB9_PASSWORD%%",
        ] {
            assert!(!can_be_password(text.as_bytes()), "{text}");
            assert!(!can_be_token(text.as_bytes()), "{text}");
        }
        for text in ["((Kolo71Tok", "~Kolo71Tok~", "%%Kolo#71%%", "kolo://eva:Vx9kT@q"] {
            assert!(can_be_password(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn short_values_must_look_drawn() {
        for text in ["gv6URkSs", "3Oknc4jS_wA2r9i", "7799ef74d4", "vgiqh_vqyofb_sewlpd"] {
            assert!(can_be_token(text.as_bytes()), "{text}");
        }
        for text in ["test-webhook-secret-999", "old-youdao-key", "vault-operator-token"] {
            assert!(!can_be_token(text.as_bytes()), "{text}");
        }
        assert!(can_be_token(b"qzkv-7431-wmxt-9920"));
        for text in ["sha1secret", "s3client", "super_shared_secret", "2023-01-01T00:10:00Z", "storage2", "GUI認証1x"]
        {
            assert!(!can_be_token(text.as_bytes()), "{text}");
        }
        for text in ["qzkvna", "XYZZYQ", "839104", "wq7Zk2"] {
            assert!(can_be_password(text.as_bytes()), "{text}");
        }
        for text in ["sha1", "porkchop", "+rs.getString(", "pa$$w0rd$(date)", "hmacsha2+256:AAAnEA:a/8HbYW2"] {
            assert!(!can_be_password(text.as_bytes()), "{text}");
        }
    }
}
