//! The functions that rules have beside those of CEL.

use std::sync::Arc;

use cel::objects::{Key, Map, Value};
use cel::{Context, DeclarationError};

const SECONDS_PER_HOUR: i64 = 3_600;
const SECONDS_PER_DAY: i64 = 86_400;

/// Adds our functions to a context.
///
/// # Errors
/// When CEL has one of the name itself.
pub(super) fn register(context: &mut Context<'_, '_>) -> Result<(), DeclarationError> {
    context.add_function("days", |days: i64| days.saturating_mul(SECONDS_PER_DAY))?;
    context.add_function("hours", |hours: i64| hours.saturating_mul(SECONDS_PER_HOUR))?;
    context.add_function("label", |labels: Value, name: Arc<String>| label(&labels, &name))?;
    context.add_function("like", |text: Arc<String>, pattern: Arc<String>| like(text.as_bytes(), pattern.as_bytes()))
}

/// The value of a label, or the empty text.
fn label(labels: &Value, name: &Arc<String>) -> String {
    let Value::Map(Map { map }) = labels else { return String::new() };
    match map.get(&Key::String(Arc::clone(name))) {
        Some(Value::String(text)) => text.to_string(),
        _ => String::new(),
    }
}

/// Whether a text has the form of a pattern in which `*` stands for any text and `?` for one character.
fn like(text: &[u8], pattern: &[u8]) -> bool {
    let (mut at, mut in_pattern) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(in_pattern) {
            Some(b'*') => {
                star = Some((in_pattern, at));
                in_pattern += 1;
            }
            Some(character) if *character == b'?' || *character == text[at] => {
                at += 1;
                in_pattern += 1;
            }
            // The last star takes one character more.
            _ => match star {
                Some((place, taken)) => {
                    star = Some((place, taken + 1));
                    in_pattern = place + 1;
                    at = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[in_pattern..].iter().all(|character| *character == b'*')
}

#[cfg(test)]
mod tests {
    use super::like;

    #[test]
    fn patterns() {
        for (text, pattern, expected) in [
            ("prod-api", "prod-*", true),
            ("prod-api", "*api", true),
            ("prod-api", "p?od*", true),
            ("prod-api", "dev*", false),
            ("", "*", true),
            ("aab", "*ab", true),
            ("ab", "ab*c", false),
        ] {
            assert_eq!(like(text.as_bytes(), pattern.as_bytes()), expected, "{text} like {pattern}");
        }
    }
}
