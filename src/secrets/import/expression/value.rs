//! What an expression computes with. Three answers: yes, no, and not to be told.

use std::borrow::Cow;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value<'t> {
    /// It cannot be told.
    Unknown,
    /// There is none.
    Nil,
    Bool(bool),
    Number(f64),
    Text(Cow<'t, [u8]>),
    List(Vec<Value<'t>>),
}

impl<'t> Value<'t> {
    pub(super) fn text(text: &'t [u8]) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    pub(super) fn owned(text: Vec<u8>) -> Self {
        Self::Text(Cow::Owned(text))
    }

    pub(super) fn number(count: usize) -> Self {
        Self::Number(count as f64)
    }

    pub(super) fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(answer) => Some(*answer),
            _ => None,
        }
    }

    pub(super) fn as_text(&self) -> Option<&[u8]> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// Whether two are the same; `None` when one cannot be told.
    pub(super) fn equals(&self, other: &Self) -> Option<bool> {
        match (self, other) {
            (Self::Unknown, _) | (_, Self::Unknown) => None,
            (Self::List(these), Self::List(those)) => {
                let each = || these.iter().zip(those).map(|(one, other)| one.equals(other));
                if these.len() != those.len() || each().any(|same| same == Some(false)) {
                    return Some(false);
                }
                each().all(|same| same.is_some()).then_some(true)
            }
            _ => Some(self == other),
        }
    }

    /// A part of a text or list, with ends as the language counts them: behind the end is the end, below zero counts
    /// from the end. Borrowed text stays borrowed.
    pub(super) fn slice(self, from: Option<f64>, to: Option<f64>) -> Self {
        let length = match &self {
            Self::Text(text) => text.len(),
            Self::List(list) => list.len(),
            _ => return Self::Unknown,
        };
        let place = |number: f64| {
            let number = if number < 0.0 { number + length as f64 } else { number };
            number.clamp(0.0, length as f64) as usize
        };
        let (start, end) = (from.map_or(0, place), to.map_or(length, place));
        if start > end {
            return Self::Unknown;
        }
        match self {
            Self::Text(Cow::Borrowed(text)) => text.get(start..end).map_or(Self::Unknown, Self::text),
            Self::Text(Cow::Owned(text)) => {
                text.get(start..end).map_or(Self::Unknown, |part| Self::owned(part.to_vec()))
            }
            Self::List(list) => Self::List(list.into_iter().take(end).skip(start).collect()),
            _ => Self::Unknown,
        }
    }

    /// One thing of a list, by its place; below zero counts from the end.
    pub(super) fn item(self, place: f64) -> Self {
        let Self::List(list) = self else { return Self::Unknown };
        let place = if place < 0.0 { place + list.len() as f64 } else { place };
        if place < 0.0 { Self::Unknown } else { list.into_iter().nth(place as usize).unwrap_or(Self::Unknown) }
    }
}

impl From<Option<bool>> for Value<'_> {
    fn from(answer: Option<bool>) -> Self {
        answer.map_or(Self::Unknown, Self::Bool)
    }
}
