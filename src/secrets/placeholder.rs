//! Which values are filled-in blanks and documented examples, by the marks of whoever wrote them. A mark within a longer
//! word of a language is none, and one by chance in what was drawn is none.

use super::allow::is_patched;
use super::rarity::is_drawn;
use super::verify::entropy;

/// Texts that show wherever they stand in a value that it was never meant to work.
const ANYWHERE: &[&str] = &[
    // The keys that Microsoft prints for its emulators, the same on every machine: "Use the Azurite emulator for local Azure
    // Storage development", "Emulator (Azure Cosmos DB)".
    "eby8vdm02xnocqflquwjpllmetlcdxj1ouzft50usrz6ifsufq2uverc",
    "c2y6ydjf5/r+ob0n8a7cgv30vrdjiwehlm+4qdu5de2nq9nduvtqobd4",
    "exampl",
    "placeholder",
    "changeme",
    "change-me",
    "change_me",
    "yourkey",
    "insert",
    "replaceme",
    "replacethis",
    "replacewith",
    "dummy",
    "redacted",
    "xxxx",
    "****",
    "...",
    "…",
    "notreal",
    "not-real",
];

/// Words that longer ones hold, too (`Irreplaceable`, `Mastodon`, `labour-`): they count where a word begins, and the
/// last of them where it also ends.
const AT_A_WORD: &[&str] = &["your-", "your_", "replace"];
const WHOLE: &str = "todo";

/// What is counted up or typed again and again. Drawn texts hold it, too, where they are long or pack numbers.
const COUNTED: &[&str] = &["00000000", "12345678", "abcdefgh"];

/// How many letters and digits beside what was counted say that the whole was drawn all the same.
const MUCH: usize = 20;

/// Whether a value is a documented example or a filled-in blank, whatever its form.
pub fn is_placeholder(value: &[u8]) -> bool {
    let text = String::from_utf8_lossy(value);
    if is_marked(&text) {
        return true;
    }
    let lower = text.to_ascii_lowercase();
    let is_typed = COUNTED.iter().any(|mark| lower.contains(mark)) || has_long_run(value) || is_counted(&lower);
    is_short(&text) && ((is_typed && !is_drawn_beside(value)) || is_pattern_of_groups(value))
}

/// The same of what is given as a password: people type `12345678` as they type `123456`, and it lets them in.
pub(super) fn is_blank_password(value: &[u8]) -> bool {
    let text = String::from_utf8_lossy(value);
    let is_number = (4..=16).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
    is_marked(&text)
        || (is_short(&text)
            && (has_long_run(value)
                || (!is_number && is_counted(&text.to_ascii_lowercase()))
                || is_pattern_of_groups(value)))
}

/// Long structured values (keys, tokens with claims) hold marks by chance.
fn is_short(text: &str) -> bool {
    text.len() <= 120
}

/// Whether a mark says so, whatever else the value is made of.
pub(super) fn is_marked(text: &str) -> bool {
    // In capitals the word is written into documented keys of any length; by chance it is in none.
    if text.contains("EXAMPLE") {
        return true;
    }
    let lower = text.to_ascii_lowercase();
    let bytes = text.as_bytes();
    let begins = |place: usize| {
        let before = place.checked_sub(1).and_then(|before| bytes.get(before));
        before.is_none_or(|before| {
            !before.is_ascii_alphabetic() || (before.is_ascii_lowercase() && bytes[place].is_ascii_uppercase())
        })
    };
    let ends = |place: usize| {
        bytes.get(place).is_none_or(|byte| {
            !byte.is_ascii_alphabetic() || (byte.is_ascii_uppercase() && bytes[place - 1].is_ascii_lowercase())
        })
    };
    let at_a_word = |mark: &str| lower.match_indices(mark).any(|(place, _)| begins(place));
    let whole = |mark: &str| lower.match_indices(mark).any(|(place, _)| begins(place) && ends(place + mark.len()));
    is_short(text)
        && (ANYWHERE.iter().any(|mark| lower.contains(mark))
            || AT_A_WORD.iter().any(|mark| at_a_word(mark))
            || whole(WHOLE))
}

/// Whether what stands beside runs and counted parts was drawn, and is much: a zero of eight digits within a token.
fn is_drawn_beside(value: &[u8]) -> bool {
    let mut rest = String::from_utf8_lossy(value).into_owned();
    for mark in COUNTED {
        while let Some(place) = rest.to_ascii_lowercase().find(mark) {
            rest.replace_range(place..place + mark.len(), " ");
        }
    }
    let bytes = rest.as_bytes();
    // One letter again and again is left once.
    let rest: Vec<u8> = bytes
        .iter()
        .enumerate()
        .filter(|(place, byte)| bytes.get(place + 1) != Some(byte))
        .map(|(_, byte)| *byte)
        .collect();
    let letters = rest.iter().filter(|byte| byte.is_ascii_alphanumeric()).count();
    letters >= MUCH
        && entropy(&rest) >= 3.5
        && (is_drawn(&rest) || is_patched(&rest))
        && !is_counted(&String::from_utf8_lossy(&rest).to_ascii_lowercase())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_and_examples_are_told_by_their_marks() {
        for text in [
            "abcd1234defg5678",
            "AAAAA-BBBBB-CCCCC-DDDDD",
            "a1b2c3d4567890ab",
            "eyJ2IjoiMSIsIn...",
            "AQoEXAMPLEH4aoAH0gNC",
            "replace-with-token-1",
            "REPLACE_ME",
            "pleaseReplaceMe",
            "myTodo1",
            "todo-7",
            "put_your_key_here_1",
            "sk-12345678901234567890",
            "ghp_000000000000000000000000000000000000",
            "12345678-1234-1234-1234-123456789012",
            "MySecretToken12345678ForTesting",
        ] {
            assert!(is_placeholder(text.as_bytes()), "{text}");
        }
        for text in ["MTk4NjIyNDgzNDcxOTUxOTM2.Cl2FMQ.FmlkZXItdGhhbi1yYW5kb20", "qEoKzPbnwwTgWXvCmLdhQs"] {
            assert!(!is_placeholder(text.as_bytes()), "{text}");
        }
    }

    /// `Mastodon` has `todo` in it, and a token of 36 letters may have eight zeros.
    #[test]
    fn marks_within_words_and_drawn_texts_are_chance() {
        for text in
            ["Mastodon#71x", "Irreplaceable#71", "Todorov#71x", "labour-71xq", "q7w2e9r4t1y600000000u3i8o5p2a4s6"]
        {
            assert!(!is_placeholder(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn counted_digits_are_a_password_and_no_token() {
        for text in ["12345678", "Kolo12345678Tok!x", "87654321", "00000001", "1234567890"] {
            assert!(!is_blank_password(text.as_bytes()), "{text}");
        }
        for text in ["00000000", "abcdefgh1234", "changeme12345678", "password-example"] {
            assert!(is_blank_password(text.as_bytes()), "{text}");
        }
    }
}
