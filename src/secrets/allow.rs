//! What is not a secret although it stands where one would: placeholders, references, words.

use super::names::{
    is_call_or_path, is_date, is_digest, is_identifier, is_joined_words, is_key_file, is_uuid, is_version,
};
use super::rarity::{bits_per_letter, is_drawn};

/// Texts inside a value that show it was never meant to work.
const PLACEHOLDER_MARKS: &[&str] = &[
    // The keys that Microsoft prints for its emulators, the same on every machine: "Use the Azurite emulator for local Azure
    // Storage development", "Emulator (Azure Cosmos DB)".
    "eby8vdm02xnocqflquwjpllmetlcdxj1ouzft50usrz6ifsufq2uverc",
    "c2y6ydjf5/r+ob0n8a7cgv30vrdjiwehlm+4qdu5de2nq9nduvtqobd4",
    "exampl",
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
    "...",
    "…",
    "00000000",
    "12345678",
    "abcdefgh",
    "notreal",
    "not-real",
    "todo",
];

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
const SELF_NAMES: &[&str] = &["password", "passwd", "passphrase"];

/// Whether a value is a documented example or a filled-in blank, whatever its form.
pub fn is_placeholder(value: &[u8]) -> bool {
    let text = String::from_utf8_lossy(value);
    // In capitals the word is written into documented keys of any length; by chance it is in none.
    if text.contains("EXAMPLE") {
        return true;
    }
    // Long structured values (keys, tokens with claims) hold the other marks by chance.
    let is_short = text.len() <= 120;
    let lower = text.to_ascii_lowercase();
    is_short
        && (PLACEHOLDER_MARKS.iter().any(|mark| lower.contains(mark))
            || has_long_run(value)
            || is_counted(&lower)
            || is_pattern_of_groups(value))
}

/// `AAAAA-BBBBB-CCCCC`: each of its groups is one letter again and again.
fn is_pattern_of_groups(value: &[u8]) -> bool {
    let groups: Vec<&[u8]> = value.split(|byte| *byte == b'-').collect();
    groups.len() >= 3 && groups.iter().all(|group| group.len() >= 3 && group.iter().all(|byte| *byte == group[0]))
}

/// Eight equal bytes in a row do not come out of a random generator.
fn has_long_run(value: &[u8]) -> bool {
    value.windows(8).any(|window| window.iter().all(|byte| *byte == window[0]))
}

/// `abcd1234defg5678`, `a1b2c3d4e5f6`: its letters and its digits count upwards, so it was typed and not drawn.
fn is_counted(lower: &str) -> bool {
    let (letters, digits): (Vec<u8>, Vec<u8>) =
        lower.bytes().filter(u8::is_ascii_alphanumeric).partition(u8::is_ascii_alphabetic);
    let counts_up = |pair: &&[u8]| pair[1] == pair[0] + 1 || pair == b"90" || pair == b"fa";
    let steps = letters.windows(2).chain(digits.windows(2));
    let ups = steps.clone().filter(counts_up).count();
    // Drawn letters do it at one step in twenty, drawn digits at one in ten.
    ups >= 6 && ups * 5 >= steps.count() * 3
}

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
    let is_reference = REFERENCE_STARTS.iter().any(|start| lower.starts_with(start))
        || lower.contains("/secrets/")
        || text.contains("$(");
    // What stands between two strings of a program, not within one.
    let is_code = text.starts_with([')', ',', ';', ']'])
        || text.ends_with(['(', '[', ',', '-'])
        || (text.starts_with('+') && text.contains('('));
    let is_literal = lower.len() >= 4
        && text.is_ascii()
        && !is_code
        && !text.contains(' ')
        && !text.contains(char::is_control)
        && !(is_reference || is_stand_in(&lower) || is_uuid(&lower))
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
fn is_patched(value: &[u8]) -> bool {
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
    // A JSON Web Token is judged by its claims.
    if text.starts_with("eyJ") && text.contains(".eyJ") {
        return false;
    }
    if is_digest(&lower) {
        return !EMPTY_DIGESTS.contains(&lower.as_str());
    }
    // A short one must look drawn, since so many things are called a token.
    let is_long = text.len() >= 16;
    can_be_password(value) && (is_drawn(value) || (!is_joined_words(&lower) && (is_long || is_patched(value))))
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
        for text in [
            "abcd1234defg5678",
            "AAAAA-BBBBB-CCCCC-DDDDD",
            "a1b2c3d4567890ab",
            "eyJ2IjoiMSIsIn...",
            "AQoEXAMPLEH4aoAH0gNC",
        ] {
            assert!(is_placeholder(text.as_bytes()), "{text}");
        }
        for text in ["MTk4NjIyNDgzNDcxOTUxOTM2.Cl2FMQ.FmlkZXItdGhhbi1yYW5kb20", "qEoKzPbnwwTgWXvCmLdhQs"] {
            assert!(can_be_token(text.as_bytes()) && !is_placeholder(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn short_values_must_look_drawn() {
        for text in ["gv6URkSs", "3Oknc4jS_wA2r9i", "7799ef74d4", "vgiqh_vqyofb_sewlpd"] {
            assert!(can_be_token(text.as_bytes()), "{text}");
        }
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
