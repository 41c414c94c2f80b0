//! Check digits and structure: whether a text that looks like a secret can be one. Nothing is sent anywhere.

use std::collections::BTreeMap;
use std::ops::Range;

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use super::word::{self, Manner};
use super::{placeholder, token};

/// A structural check named by a detector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    GithubCrc32,
    NpmCrc32,
    GrafanaCrc32,
    AwsKeyId,
    Jwt,
    SupabaseService,
    SupabaseAnonymous,
    PemPrivateKey,
    PemUnread,
    PackedPrivateKey,
    GcpServiceAccount,
    Password,
    WordPassword,
    WeakPassword,
    GivenPassword,
    DrawnWords,
    Tested,
    Token,
    Basic,
    WeakBasic,
}

impl Check {
    pub(super) fn parse(name: &str) -> Result<Self, String> {
        Ok(match name {
            "github-crc32" => Self::GithubCrc32,
            "npm-crc32" => Self::NpmCrc32,
            "grafana-crc32" => Self::GrafanaCrc32,
            "aws-key-id" => Self::AwsKeyId,
            "jwt" => Self::Jwt,
            "supabase-service-role" => Self::SupabaseService,
            "supabase-anon" => Self::SupabaseAnonymous,
            "pem-private-key" => Self::PemPrivateKey,
            "pem-unread" => Self::PemUnread,
            "packed-private-key" => Self::PackedPrivateKey,
            "gcp-service-account" => Self::GcpServiceAccount,
            "password" => Self::Password,
            "word-password" => Self::WordPassword,
            "weak-password" => Self::WeakPassword,
            "given-password" => Self::GivenPassword,
            "drawn-words" => Self::DrawnWords,
            "tested" => Self::Tested,
            "token" => Self::Token,
            "basic" => Self::Basic,
            "weak-basic" => Self::WeakBasic,
            other => {
                return Err(format!(
                    "there is no check '{other}' (expected github-crc32, npm-crc32, grafana-crc32, aws-key-id, jwt, \
                     supabase-service-role, supabase-anon, pem-private-key, pem-unread, packed-private-key, gcp-service-account, password, word-password, weak-password, \
                     given-password, drawn-words, tested, token, basic or weak-basic)"
                ));
            }
        })
    }

    /// Whether the value is a blank to fill in, or an example.
    pub(super) fn is_blank(self, value: &[u8]) -> bool {
        match self {
            // Where a check digit holds, the words of placeholders stand there by chance.
            Self::GithubCrc32 | Self::NpmCrc32 => false,
            Self::Password | Self::WordPassword => placeholder::is_blank_password(value),
            // `12345678` and `aaaa` are weak; what is longer and typed so is a blank.
            Self::WeakPassword | Self::GivenPassword if value.len() <= 16 => {
                placeholder::is_marked(&String::from_utf8_lossy(value))
            }
            _ => placeholder::is_placeholder(value),
        }
    }

    /// Which part of a value that passes is the secret: of a key file only the key in it.
    pub(super) fn secret_in(self, value: &[u8]) -> Option<Range<usize>> {
        match self {
            Self::GcpServiceAccount => super::google::private_key(value),
            _ => Some(0..value.len()),
        }
    }

    /// Whether the value passes. May add public facts that it read out of the value.
    pub(super) fn holds(self, value: &[u8], facts: &mut BTreeMap<String, String>) -> bool {
        match self {
            Self::GithubCrc32 | Self::NpmCrc32 => prefixed_crc32(value, b'_', 36),
            Self::GrafanaCrc32 => grafana(value, facts),
            Self::AwsKeyId => std::str::from_utf8(value).is_ok_and(|id| is_old_aws_id(id) || is_new_aws_id(id)),
            Self::Jwt => token::jwt(value, facts).is_some(),
            Self::SupabaseService => token::is_supabase_key(value, "service_role", facts),
            Self::SupabaseAnonymous => token::is_supabase_key(value, "anon", facts),
            Self::PemPrivateKey => pem(value, facts) == Some(true),
            Self::PemUnread => pem(value, facts) == Some(false),
            Self::PackedPrivateKey => {
                // In base64 once more. What cannot be read may be cut, and is a leak all the same.
                _ = STANDARD.decode(value).is_ok_and(|key| pem(&key, facts).is_some());
                true
            }
            Self::GcpServiceAccount => super::google::key_file(value, facts),
            Self::Password | Self::WordPassword => {
                // With a host, the value may be part of a URL.
                let is_in_url = facts.contains_key("host");
                let typed = if is_in_url { percent_decoded(value) } else { value.to_vec() };
                let is_password = match self {
                    Self::WordPassword if is_in_url => word::can_stand_in_url(&typed),
                    Self::WordPassword => word::can_be_word_password(&typed),
                    _ => super::allow::can_be_password(&typed),
                };
                is_password && !encodes_no_secret(value)
            }
            Self::Tested => {
                // What it is given to says whether it names itself, and is no fact of the secret.
                let field = facts.remove("field").unwrap_or_default();
                super::tested::can_be_handed_over(value, &field)
            }
            Self::WeakPassword => word::can_be_weak_password(value, Manner::InACall),
            Self::GivenPassword => word::can_be_weak_password(value, Manner::AsASetting),
            Self::DrawnWords => {
                super::rarity::is_drawn(&value.iter().copied().filter(|byte| *byte != b' ').collect::<Vec<_>>())
            }
            Self::Token => super::allow::can_be_token(value) && !encodes_no_secret(value),
            Self::Basic => basic(value),
            Self::WeakBasic => {
                user_and_password(value).is_some_and(|(user, password)| word::can_be_weak_login(&user, &password))
            }
        }
    }
}

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, LENIENT);
pub(super) const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, LENIENT);

/// Shannon entropy in bits a byte.
pub(super) fn entropy(value: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in value {
        counts[usize::from(*byte)] += 1;
    }
    let length = value.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = f64::from(*count) / length;
            -share * share.log2()
        })
        .sum()
}

/// The account in an AWS key id: the 10 characters after the first four are base32, of which 40 bits hold the number.
/// Source: the form was published by Aidan Steele (2020) and agrees with `sts:GetAccessKeyInfo`; ids from before 2019
/// hold none and give `None` where they do not decode to a 12-digit number.
pub(super) fn aws_account(key_id: &str) -> Option<String> {
    let is_key_id = key_id.len() == 20 && (key_id.starts_with("AKIA") || key_id.starts_with("ASIA"));
    if !is_key_id || is_old_aws_id(key_id) {
        return None;
    }
    let mut bits: u64 = 0;
    for character in key_id.bytes().skip(4).take(10) {
        let value = match character {
            b'A'..=b'Z' => character - b'A',
            b'2'..=b'7' => character - b'2' + 26,
            _ => return None,
        };
        bits = (bits << 5) | u64::from(value);
    }
    // 50 bits were read; the number is in the first 48 of them, without the top bit and the lowest seven.
    let account = ((bits >> 2) & 0x7fff_ffff_ff80) >> 7;
    (account > 0 && account < 1_000_000_000_000).then(|| format!("{account:012}"))
}

/// Ids from before 2019 go on with I or J. They work, but what they decode to is no account.
fn is_old_aws_id(key_id: &str) -> bool {
    matches!(key_id.as_bytes().get(4), Some(b'I' | b'J'))
}

/// Ten characters of base32 after the first four. What they decode to may be no account: of drawn ids one in eleven is
/// so, and a scanner that keeps them is wrong less often than one that drops them.
fn is_new_aws_id(key_id: &str) -> bool {
    key_id.bytes().skip(4).take(10).filter(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7')).count() == 10
}

/// A password as it is typed: in a URL, bytes may be written as `%40`.
fn percent_decoded(value: &[u8]) -> Vec<u8> {
    let digit = |place: usize| value.get(place).and_then(|byte| char::from(*byte).to_digit(16));
    let mut decoded = Vec::with_capacity(value.len());
    let mut place = 0;
    while let Some(&byte) = value.get(place) {
        match (byte, digit(place + 1), digit(place + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                place += 3;
            }
            _ => {
                decoded.push(byte);
                place += 1;
            }
        }
    }
    decoded
}

/// What Base64 of `user:password` (RFC 7617 §2) says, in small letters. A word may be Base64 by chance, of what nobody types.
fn user_and_password(value: &[u8]) -> Option<(String, String)> {
    let text = String::from_utf8(STANDARD.decode(value).ok()?).ok()?.to_ascii_lowercase();
    let (user, password) = text.split_once(':').filter(|_| !text.contains(char::is_control))?;
    Some((user.to_owned(), password.to_owned()))
}

/// The same with a password that is none of the manual's.
fn basic(value: &[u8]) -> bool {
    user_and_password(value).is_some_and(|(user, password)| {
        let password = password.as_str();
        let is_blank = super::allow::is_stand_in(password) || placeholder::is_placeholder(password.as_bytes());
        // Aladdin signs in in the manual itself (RFC 7617 §2), and in the tests of whoever read it.
        password.len() >= 5 && !is_blank && user != "aladdin"
    })
}

/// Base64 of a text that is no secret: a placeholder, a sentence, a JSON object in which nothing secret is named.
fn encodes_no_secret(value: &[u8]) -> bool {
    // Below that, a drawn text may decode to letters by chance.
    if value.len() < 12 {
        return false;
    }
    // The first part of a JSON Web Token, alone, names an algorithm.
    let value = value.split(|byte| *byte == b'.').next().unwrap_or_default();
    let Some(text) = STANDARD.decode(value).ok().and_then(|bytes| String::from_utf8(bytes).ok()) else { return false };
    if text.contains(|character: char| character.is_control() && !character.is_whitespace()) {
        return false;
    }
    if text.trim_start().starts_with('{') {
        let lower = text.to_ascii_lowercase();
        return !["private_key", "password", "secret", "\"auth"].iter().any(|name| lower.contains(name));
    }
    let text = text.trim_end().as_bytes();
    placeholder::is_placeholder(text) || !(super::allow::can_be_password(text) || super::allow::can_be_token(text))
}

/// The last 6 of `length` characters after the separator are the CRC32 of those before, in base 62, zero padded.
/// Source: GitHub, "Behind GitHub's new authentication token formats" (2021-04-05); npm uses the same form.
fn prefixed_crc32(value: &[u8], separator: u8, length: usize) -> bool {
    let Some(start) = value.iter().position(|byte| *byte == separator) else { return false };
    let body = &value[start + 1..];
    if body.len() != length {
        return false;
    }
    let (random, digits) = body.split_at(length - 6);
    let mut expected = [b'0'; 6];
    let mut rest = crc32(random);
    for place in expected.iter_mut().rev() {
        *place = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[(rest % 62) as usize];
        rest /= 62;
    }
    expected == digits
}

/// A service account token of Grafana: the last eight digits are the CRC32 of all before them, lowest byte first. Others
/// that look like it are kept, since forks count otherwise, and are said to have wrong digits.
/// Source: the tokens in Grafana's own documentation.
fn grafana(value: &[u8], facts: &mut BTreeMap<String, String>) -> bool {
    let Some((body, digits)) = value.iter().rposition(|byte| *byte == b'_').map(|place| value.split_at(place)) else {
        return false;
    };
    let expected = format!("_{:08x}", crc32(body).swap_bytes());
    let verdict = if digits.eq_ignore_ascii_case(expected.as_bytes()) { "right" } else { "wrong" };
    facts.insert("check_digits".to_owned(), verdict.to_owned());
    true
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

/// Whether the body of a PEM block is a whole key; none where it is not even Base64 that is long enough for one (RFC
/// 7468 §2; the shortest Ed25519 PKCS #8 has 48 bytes). Some who write JSON write the padding as an escape, too.
pub(super) fn pem(value: &[u8], facts: &mut BTreeMap<String, String>) -> Option<bool> {
    let text = String::from_utf8_lossy(value).replace("\\n", "\n").replace("\\r", "").replace("\\u003d", "=");
    // Between the two fences; in a program, of each line what stands between its quotes.
    let body: String = text
        .split("-----")
        .nth(2)
        .unwrap_or_default()
        .lines()
        .map(|line| line.split(['"', '\'']).max_by_key(|part| part.len()).unwrap_or_default())
        .map(|line| line.trim_matches(|sign: char| sign.is_whitespace() || [',', '\\'].contains(&sign)))
        .filter(|line| line.len() > 1 && !line.contains(':') && !line.starts_with('='))
        .flat_map(str::split_whitespace)
        .collect();
    let bytes = STANDARD.decode(body).ok().filter(|bytes| bytes.len() >= 40)?;
    super::key::read(&bytes, facts);
    Some(super::key::is_whole(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_is_read_out_of_a_key_id() {
        // 429710886354 written into an id by the inverse of the decoding.
        let mut number = 429_710_886_354_u64 << 7 | 1 << 47;
        number <<= 2;
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let coded: String =
            (0..10).rev().map(|place| alphabet[(number >> (5 * place) & 31) as usize] as char).collect();
        assert_eq!(aws_account(&format!("AKIA{coded}ABCDEF")).as_deref(), Some("429710886354"));
        assert_eq!(aws_account("AKIA1111111111111111"), None);
        assert_eq!(aws_account("AKIA"), None);
        assert_eq!(aws_account("AKIAJ5C56P35AEBRX2QQ"), None, "from before 2019");
        assert!(Check::AwsKeyId.holds(b"AKIAJ5C56P35AEBRX2QQ", &mut BTreeMap::new()));
    }

    #[test]
    fn the_digits_of_grafana_are_judged_but_decide_nothing() {
        let mut facts = BTreeMap::new();
        assert!(grafana(b"glsa_iNValIdinValiDinvalidinvalidinva_5b582697", &mut facts), "of its documentation");
        assert_eq!(facts.get("check_digits").map(String::as_str), Some("right"));
        assert!(grafana(b"glsa_iNValIdinValiDinvalidinvalidinvb_5b582697", &mut facts));
        assert_eq!(facts.get("check_digits").map(String::as_str), Some("wrong"));
    }

    #[test]
    fn keys_are_read_however_they_are_written() {
        let begin = format!("-----BEGIN {} KEY-----", "PRIVATE");
        let end = format!("-----END {} KEY-----", "PRIVATE");
        // Ed25519 in PKCS #8 around a counted seed.
        let (head, tail) = ("MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkK", "CwwNDg8QERITFBUWFxgZGhscHR4f");
        for text in [
            format!("{begin}\n{head}\n{tail}\n{end}"),
            format!("{begin}\\n{head}\\n{tail}\\n{end}"),
            format!("{begin} {head} {tail} {end}"),
            format!("{begin}\\n\" +\n    \"{head}\\n\" +\n    \"{tail}\" +\n    \"{end}"),
        ] {
            let mut facts = BTreeMap::new();
            assert_eq!(pem(text.as_bytes(), &mut facts), Some(true), "{text}");
            assert_eq!(facts.get("algorithm").map(String::as_str), Some("ed25519"), "{text}");
        }
        assert_eq!(pem(format!("{begin}\n...\n{end}").as_bytes(), &mut BTreeMap::new()), None);
        // Cut after its first line, and bytes that are nothing.
        for body in ["MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhsc", &"kV93hqLw0ZtR8xYp".repeat(4)] {
            let text = format!("{begin}\n{body}\n{end}");
            assert_eq!(pem(text.as_bytes(), &mut BTreeMap::new()), Some(false), "{text}");
        }
    }

    #[test]
    fn crc32_is_the_one_of_zlib() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn a_password_in_a_url_is_judged_as_typed() {
        assert_eq!(percent_decoded(b"a%40b%zz%4"), b"a@b%zz%4");
        let mut facts = BTreeMap::from([("host".to_owned(), "db.acme.internal".to_owned())]);
        assert!(Check::Password.holds(b"p%40ss7Kq", &mut facts));
        assert!(!Check::Password.holds(b"pass%5B%7F", &mut facts), "a control byte");
        assert!(Check::Password.holds(b"QVY274ghj%104", &mut BTreeMap::new()), "no URL");
    }

    #[test]
    fn what_base64_hides_is_judged() {
        for text in ["bm90IG15IHJlYWwgcGFzc3dvcmQ=", "Y2hhbmdlbWUtbm93", "eyJ2IjoxLCJuZXh0IjoiNyJ9"] {
            assert!(encodes_no_secret(text.as_bytes()), "{text}");
        }
        // A password, a credentials file, and bytes.
        for text in ["a1pWN0JxMnRMcDlYd0M=", "eyJhdXRocyI6eyJyLmFjbWUiOnt9fX0=", "QTKknzFg2J4ygwa+XvHAxUl1hyHoY0gV"] {
            assert!(!encodes_no_secret(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn basic_is_judged_by_its_password() {
        assert!(basic(b"Y2k6TVpEaHJzejFtIzM4Mg=="));
        for text in ["Zm9vOmJhcg==", "dXNlcm5hbWU6cGFzc3dvcmQ=", "eHVzZXI6eHBhc3N3b3Jk", "bm9jb2xvbi1oZXJl"] {
            assert!(!basic(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn entropy_is_in_bits() {
        assert!((entropy(b"abcd") - 2.0).abs() < 1e-9);
        assert_eq!(entropy(b"aaaa"), 0.0);
        assert_eq!(entropy(b""), 0.0);
    }
}
