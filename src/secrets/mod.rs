//! What a secret looks like: a pure function from bytes to matches.
