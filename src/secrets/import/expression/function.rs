//! The functions of the expressions. Each is computed from its arguments alone.

use super::super::super::{drawn, names, runs, verify};
use super::value::Value;

/// A list that a text is split into has at most so many parts.
pub(super) const LONGEST_LIST: usize = 20_000;

/// A text that is put together is at most so long, in bytes.
const LONGEST_TEXT: usize = 4 * 1024 * 1024;

/// A function of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Entropy,
    TokenRatio,
    FailsTokenEfficiency,
    Lower,
    Upper,
    Trim,
    Len,
    Min,
    Max,
    Split,
    Join,
    Replace,
    StartsWithAny,
    EndsWithAny,
    SetConfidence,
}

/// A function that looks at each thing of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Each {
    Map,
    Filter,
    Any,
    All,
    None,
}

impl Each {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "map" => Self::Map,
            "filter" => Self::Filter,
            "any" => Self::Any,
            "all" => Self::All,
            "none" => Self::None,
            _ => return None,
        })
    }
}

impl Function {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "entropy" => Self::Entropy,
            "tokenRatio" => Self::TokenRatio,
            "failsTokenEfficiency" => Self::FailsTokenEfficiency,
            "lower" => Self::Lower,
            "upper" => Self::Upper,
            "trim" => Self::Trim,
            "len" => Self::Len,
            "min" => Self::Min,
            "max" => Self::Max,
            "split" => Self::Split,
            "join" => Self::Join,
            "replace" => Self::Replace,
            "startsWithAny" => Self::StartsWithAny,
            "endsWithAny" => Self::EndsWithAny,
            "setConfidence" => Self::SetConfidence,
            _ => return None,
        })
    }

    /// Whether it is answered only where the answer is plain.
    pub(super) fn is_partial(self) -> bool {
        matches!(self, Self::TokenRatio | Self::FailsTokenEfficiency)
    }

    /// What it gives. Arguments that are too few or of another kind give nothing that can be told.
    pub(super) fn call<'t>(self, arguments: &[Value<'t>]) -> Value<'t> {
        let text = |place: usize| arguments.get(place).and_then(Value::as_text);
        let number = |place: usize| arguments.get(place).and_then(Value::as_number);
        let answer = match self {
            Self::Entropy => text(0).map(|text| Value::Number(verify::entropy(text))),
            // The vocabulary that tokens are counted by is no part of this program. Names and words need none.
            Self::TokenRatio => text(0).filter(|text| is_written(text)).map(|text| Value::number(text.len())),
            Self::FailsTokenEfficiency => text(0).filter(|text| is_written(text)).map(|_| Value::Bool(true)),
            Self::Lower => text(0).map(|text| Value::owned(text.to_ascii_lowercase())),
            Self::Upper => text(0).map(|text| Value::owned(text.to_ascii_uppercase())),
            Self::Trim => text(0).map(|text| Value::owned(text.trim_ascii().to_vec())),
            Self::Len => match arguments.first() {
                Some(Value::Text(text)) => Some(Value::number(text.len())),
                Some(Value::List(list)) => Some(Value::number(list.len())),
                _ => None,
            },
            Self::Min => numbers(arguments).and_then(|all| all.into_iter().reduce(f64::min)).map(Value::Number),
            Self::Max => numbers(arguments).and_then(|all| all.into_iter().reduce(f64::max)).map(Value::Number),
            Self::Split => text(0).zip(text(1)).and_then(|(text, joint)| split(text, joint)),
            Self::Join => arguments.first().zip(text(1)).and_then(|(list, joint)| join(list, joint)),
            Self::Replace => {
                let times = if arguments.len() > 3 { number(3) } else { Some(-1.0) };
                text(0).zip(text(1)).zip(text(2)).zip(times).and_then(|(((text, old), new), times)| {
                    replace(text, old, new, if times < 0.0 { usize::MAX } else { times as usize })
                })
            }
            Self::StartsWithAny => any_of(arguments, |text, part| text.starts_with(part)),
            Self::EndsWithAny => any_of(arguments, |text, part| text.ends_with(part)),
            // Said to the run, which knows of it.
            Self::SetConfidence => Some(Value::Nil),
        };
        answer.unwrap_or(Value::Unknown)
    }
}

/// Words or a name, without doubt: no digit, and not the changes of case that a drawn text has.
fn is_written(text: &[u8]) -> bool {
    let is_name = std::str::from_utf8(text).is_ok_and(names::is_identifier);
    let has_digit = text.iter().any(u8::is_ascii_digit);
    text.len() >= drawn::SHORTEST && !has_digit && (is_name || !runs::is_drawn(text))
}

fn numbers(values: &[Value<'_>]) -> Option<Vec<f64>> {
    values.iter().map(Value::as_number).collect()
}

fn any_of<'t>(arguments: &[Value<'_>], test: fn(&[u8], &[u8]) -> bool) -> Option<Value<'t>> {
    let [Value::Text(text), Value::List(parts)] = arguments else { return None };
    let parts: Option<Vec<_>> = parts.iter().map(Value::as_text).collect();
    Some(Value::Bool(parts?.into_iter().any(|part| test(text, part))))
}

/// The places of a text in another, at most so many.
fn places(text: &[u8], part: &[u8], most: usize) -> Vec<usize> {
    if part.is_empty() || part.len() > text.len() {
        return Vec::new();
    }
    let mut from = 0;
    let next = std::iter::from_fn(|| {
        let found = text.get(from..)?.windows(part.len()).position(|window| window == part)? + from;
        from = found + part.len();
        Some(found)
    });
    next.take(most).collect()
}

fn split<'t>(text: &[u8], joint: &[u8]) -> Option<Value<'t>> {
    let places = places(text, joint, LONGEST_LIST);
    if joint.is_empty() || places.len() == LONGEST_LIST {
        return None;
    }
    let mut parts = Vec::with_capacity(places.len() + 1);
    let mut start = 0;
    for place in places {
        parts.push(Value::owned(text[start..place].to_vec()));
        start = place + joint.len();
    }
    parts.push(Value::owned(text[start..].to_vec()));
    Some(Value::List(parts))
}

fn join<'t>(list: &Value<'_>, joint: &[u8]) -> Option<Value<'t>> {
    let Value::List(list) = list else { return None };
    let parts: Option<Vec<&[u8]>> = list.iter().map(Value::as_text).collect();
    let parts = parts?;
    let length: usize = parts.iter().map(|part| part.len() + joint.len()).sum();
    (length <= LONGEST_TEXT).then(|| Value::owned(parts.join(joint)))
}

fn replace<'t>(text: &[u8], old: &[u8], new: &[u8], times: usize) -> Option<Value<'t>> {
    let places = places(text, old, times);
    if places.len().saturating_mul(new.len()).saturating_add(text.len()) > LONGEST_TEXT {
        return None;
    }
    let mut replaced = Vec::with_capacity(text.len());
    let mut start = 0;
    for place in places {
        replaced.extend_from_slice(&text[start..place]);
        replaced.extend_from_slice(new);
        start = place + old.len();
    }
    replaced.extend_from_slice(&text[start..]);
    Some(Value::owned(replaced))
}
