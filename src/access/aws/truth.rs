//! The answer to a question that may stay open. Nothing here knows what is asked.

/// False, not to be known, or true; in that order, so that `min` is "and" and `max` is "or".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Truth {
    False,
    Open,
    True,
}

impl Truth {
    pub(super) fn not(self) -> Self {
        match self {
            Truth::False => Truth::True,
            Truth::Open => Truth::Open,
            Truth::True => Truth::False,
        }
    }

    /// The answer when it is one of the two, whichever it is.
    pub(super) fn either(self, other: Self) -> Self {
        if self == other { self } else { Truth::Open }
    }
}

impl From<bool> for Truth {
    fn from(known: bool) -> Self {
        if known { Truth::True } else { Truth::False }
    }
}
