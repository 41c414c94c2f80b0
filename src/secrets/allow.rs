//! What is not a secret although it stands where one would: placeholders, references, words; and inline allows.

/// Texts inside a value that show it was never meant to work.
const PLACEHOLDER_MARKS: &[&str] = &[
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

/// The marks of an inline allow, in the order in which they are looked for.
const ALLOW_MARKS: &[&str] = &["nonhuman: allow", "nonhuman:allow", "gitleaks:allow", "betterleaks:allow"];

/// Words by which a value names what it stands for: nobody draws them, a manual writes them.
const SELF_NAMES: &[&str] = &["password", "passwd", "passphrase"];

/// Whether a value is a documented example or a filled-in blank, whatever its form.
pub(super) fn is_placeholder(value: &[u8]) -> bool {
    let text = String::from_utf8_lossy(value);
    // In capitals the word is written into documented keys of any length; by chance it is in none.
    if text.contains("EXAMPLE") {
        return true;
    }
    // Long structured values (keys, tokens with claims) hold the other marks by chance.
    let is_short = text.len() <= 120;
    let lower = text.to_ascii_lowercase();
    is_short && (PLACEHOLDER_MARKS.iter().any(|mark| lower.contains(mark)) || has_long_run(value) || is_counted(&lower))
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
    let Ok(text) = std::str::from_utf8(value) else { return false };
    let lower = text.trim().to_ascii_lowercase();
    if lower.len() < 6 || is_stand_in(&lower) || is_uuid(&lower) || is_hash(&lower) {
        return false;
    }
    let is_reference = REFERENCE_STARTS.iter().any(|start| lower.starts_with(start)) || lower.contains("/secrets/");
    if is_reference || is_call_or_path(text) || is_identifier(text) || is_version(text) {
        return false;
    }
    // A name in code or a sentence: letters and joints only, no digit, one case.
    let has_digit = lower.bytes().any(|byte| byte.is_ascii_digit());
    let has_other = lower.bytes().any(|byte| !byte.is_ascii_alphanumeric() && !b"_-. ".contains(&byte));
    let mixed_case = text.bytes().any(|b| b.is_ascii_uppercase()) && text.bytes().any(|b| b.is_ascii_lowercase());
    (has_digit || has_other || (mixed_case && text.len() >= 16))
        && !text.contains(' ')
        && !text.contains(char::is_control)
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
    if is_hash(&lower) {
        return !EMPTY_DIGESTS.contains(&lower.as_str());
    }
    can_be_password(value) && !is_joined_words(&lower)
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

/// `LastEvaluatedKey`, `X-Amz-Security-Token`, `V1SecretVolume`: letters and at most two digits, in words that begin with
/// a capital and go on in small.
pub(super) fn is_identifier(text: &str) -> bool {
    const JOINTS: &[char] = &['_', '-', '.', ':', '/'];
    let count = |class: fn(&u8) -> bool| text.as_bytes().iter().filter(|byte| class(byte)).count();
    let digits = count(u8::is_ascii_digit);
    // A word and a digit may be a password; a name with a digit has capitals.
    if digits > 2 || (digits > 0 && (count(u8::is_ascii_uppercase) < 3 || text.len() < 16)) {
        return false;
    }
    let letters: String = text.chars().filter(|character| !character.is_ascii_digit()).collect();
    let words: Vec<&str> = letters.split(JOINTS).flat_map(humps).filter(|word| !word.is_empty()).collect();
    let small = |word: &&str| word.bytes().filter(u8::is_ascii_lowercase).count();
    // One word of two letters may be among them, as in `ShardId`; of drawn letters half are capitals.
    let short = words.iter().filter(|word| small(word) == 1).count();
    let (spare_capitals, word_length) = if digits > 0 { (1, 5) } else { (3, 4) };
    letters.chars().all(|character| character.is_ascii_alphabetic() || JOINTS.contains(&character))
        && letters.len() >= words.len() * word_length
        && short <= 1
        && words.iter().all(|word| small(word) != 1 || word.len() == 2)
        && (count(u8::is_ascii_uppercase) <= words.len() + spare_capitals || count(u8::is_ascii_lowercase) == 0)
}

/// The parts of `camelCase`: a new one begins where a capital follows a small letter.
fn humps(text: &str) -> Vec<&str> {
    let mut start = 0;
    let mut parts = Vec::new();
    for (place, pair) in text.as_bytes().windows(2).enumerate() {
        if pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase() {
            parts.push(&text[start..=place]);
            start = place + 1;
        }
    }
    parts.push(&text[start..]);
    parts
}

/// `x-aws-ec2-metadata-token`: three words or more with joints, of which some may end in a digit or two.
fn is_joined_words(lower: &str) -> bool {
    let parts: Vec<&str> = lower.split(['-', '_', '.', ':', '/']).collect();
    let is_word = |part: &&str| {
        let word = part.trim_end_matches(|last: char| last.is_ascii_digit());
        part.len() - word.len() <= 2 && word.len() <= 14 && word.bytes().all(|byte| byte.is_ascii_lowercase())
    };
    parts.len() >= 3 && parts.iter().all(is_word)
}

/// `name(…)`, `a.b.c`, `a[b]`, `[a]`: an expression or a blank, not a value.
fn is_call_or_path(text: &str) -> bool {
    let is_name = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && !part.as_bytes()[0].is_ascii_digit()
            // A token in parts (`MTk4….Gx4k2Q.9sd…`) is not: nobody names a thing so.
            && !is_drawn(part)
    };
    let is_path = text.contains('.') && text.split('.').all(is_name);
    let before_bracket = text.split(['(', '[']).next().unwrap_or_default();
    let is_blank = text.starts_with('[') && text.ends_with(']');
    let is_call = text.ends_with([')', ']']) && before_bracket.split('.').all(is_name);
    is_path || is_call || is_blank
}

/// Long, of small letters, capitals and digits, and seldom two of a kind in a row: drawn ones change kind at six steps
/// in ten, names (`MLKEM768X25519PrivateKey`) at three.
fn is_drawn(part: &str) -> bool {
    let kind = |byte: u8| (byte.is_ascii_lowercase(), byte.is_ascii_uppercase(), byte.is_ascii_digit());
    let has = |wanted| part.bytes().any(|byte| kind(byte) == wanted);
    let changes = part.as_bytes().windows(2).filter(|pair| kind(pair[0]) != kind(pair[1])).count();
    part.len() >= 20
        && has((true, false, false))
        && has((false, true, false))
        && has((false, false, true))
        && changes * 5 >= part.len() * 2
}

/// `1.302166`.
fn is_version(text: &str) -> bool {
    text.contains('.') && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
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
        for text in ["abcd1234defg5678", "a1b2c3d4567890ab", "eyJ2IjoiMSIsIn...", "AQoEXAMPLEH4aoAH0gNC"] {
            assert!(is_placeholder(text.as_bytes()), "{text}");
        }
        for text in ["MTk4NjIyNDgzNDcxOTUxOTM2.Cl2FMQ.FmlkZXItdGhhbi1yYW5kb20", "qEoKzPbnwwTgWXvCmLdhQs"] {
            assert!(can_be_token(text.as_bytes()) && !is_placeholder(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn allows_are_seen() {
        assert_eq!(inline_allow(b"x = 1  # gitleaks:allow").as_deref(), Some("gitleaks:allow"));
        assert_eq!(inline_allow(b"x = 1"), None);
    }
}
