//! A text as one word of a shell. Runs nothing and knows no command.

/// A word as a shell takes it for one word (POSIX.1-2017, 2.2.2 Single-Quotes): names come from the world, and people
/// paste what they read.
pub fn shell_word(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._/@:=+,-".contains(&byte);
    let is_plain = !word.is_empty() && !word.starts_with('-') && word.bytes().all(plain);
    if is_plain { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}
