//! Which values are names of something in a program (a constant, a call, a path, a version) or the digest of something. Judges their form only and knows no list of words.

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

/// `x-aws-ec2-metadata-token`, `test-webhook-secret-999`: three words or more with joints, of which some may end in a
/// digit or two, and one may be a counter.
pub(super) fn is_joined_words(lower: &str) -> bool {
    let mut parts: Vec<&str> = lower.split(['-', '_', '.', ':', '/']).collect();
    let is_counter = |part: &&str| part.len() <= 4 && is_all_digits(part);
    if parts.len() >= 3 && parts.last().is_some_and(is_counter) {
        parts.pop();
        return parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_lowercase()) && !part.is_empty());
    }
    let is_word = |part: &&str| {
        let word = part.trim_end_matches(|last: char| last.is_ascii_digit());
        part.len() - word.len() <= 2 && word.len() <= 14 && word.bytes().all(|byte| byte.is_ascii_lowercase())
    };
    parts.len() >= 3 && parts.iter().all(is_word)
}

fn is_all_digits(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
}

/// `old-shop-key`, `vault_operator_token`: words with joints, of which the last says what the whole is, so that it is its
/// name. What was drawn beside it is longer than words are.
pub(super) fn names_its_kind(lower: &str) -> bool {
    let parts: Vec<&str> = lower.split(['-', '_', '.']).collect();
    let is_word =
        |part: &&str| !part.is_empty() && part.len() <= 10 && part.bytes().all(|byte| byte.is_ascii_lowercase());
    parts.len() >= 2
        && parts.iter().all(is_word)
        && parts.last().is_some_and(|last| ["key", "secret", "token", "password", "id", "name"].contains(last))
}

/// `name(…)`, `a.b.c`, `a[b]`, `[a]`: an expression or a blank, not a value.
pub(super) fn is_call_or_path(text: &str) -> bool {
    let is_name = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && !part.as_bytes()[0].is_ascii_digit()
            // A token in parts (`MTk4….Gx4k2Q.9sd…`) is not: nobody names a thing so.
            && !is_patchwork(part)
    };
    let is_path = text.contains('.') && text.split('.').all(is_name);
    let before_bracket = text.split(['(', '[']).next().unwrap_or_default();
    let is_blank = text.starts_with('[') && text.ends_with(']');
    let is_call = text.ends_with([')', ']']) && before_bracket.split('.').all(is_name);
    is_path || is_call || is_blank
}

/// `ci/release-bot.2026-01-05.private-key.pem`, in small letters: where a key lies, not the key.
pub(super) fn is_key_file(lower: &str) -> bool {
    const ENDS: [&str; 10] = [".pem", ".key", ".p8", ".p12", ".pfx", ".crt", ".cer", ".der", ".jks", ".ppk"];
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_./~-@".contains(&byte);
    ENDS.iter().any(|end| lower.len() > end.len() && lower.ends_with(end)) && lower.bytes().all(is_name)
}

/// Long, of small letters, capitals and digits, and seldom two of a kind in a row: drawn ones change kind at six steps
/// in ten, names (`MLKEM768X25519PrivateKey`) at three.
fn is_patchwork(part: &str) -> bool {
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
pub(super) fn is_version(text: &str) -> bool {
    text.contains('.') && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

pub(super) fn is_uuid(text: &str) -> bool {
    text.len() == 36 && text.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && is_hexadecimal(&text.replace('-', ""))
}

pub(super) fn is_digest(text: &str) -> bool {
    matches!(text.len(), 40 | 64 | 96 | 128) && is_hexadecimal(text)
}

fn is_hexadecimal(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// `2023-01-01T00:10:00Z`, `2023-01-01`.
pub(super) fn is_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let mut is_number = |length: usize| {
        parts
            .next()
            .and_then(|part| part.get(..length))
            .is_some_and(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    is_number(4)
        && is_number(2)
        && is_number(2)
        && text.bytes().all(|byte| byte.is_ascii_digit() || b"-:.+TZ ".contains(&byte))
}
