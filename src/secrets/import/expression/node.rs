//! The parts that an expression is made of. Computes nothing.

use aho_corasick::AhoCorasick;

use super::super::syntax::Expressions;
use super::function::{Each, Function};

/// A part of an expression.
#[derive(Debug)]
pub(super) enum Node {
    /// Something that is not computed here.
    Unknown,
    Nil,
    Bool(bool),
    Number(f64),
    Text(Vec<u8>),
    Fact(Fact),
    /// What `let` named, by its place among the names.
    Name(usize),
    /// The thing of a list that is looked at.
    Item,
    List(Vec<Node>),
    Index(Box<Node>, Box<Node>),
    Slice(Box<Node>, Option<Box<Node>>, Option<Box<Node>>),
    Not(Box<Node>),
    Negative(Box<Node>),
    All(Vec<Node>),
    Any(Vec<Node>),
    Pair(Sign, Box<Node>, Box<Node>),
    If(Box<Node>, Box<Node>, Box<Node>),
    Let(Box<Node>, Box<Node>),
    Call(Function, Vec<Node>),
    Each(Each, Box<Node>, Box<Node>),
    MatchesAny(Box<Node>, Expressions),
    FindMatch(Box<Node>, Expressions),
    ContainsAny(Box<Node>, AhoCorasick),
}

/// What is known of a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    Secret,
    Match,
    Line,
    Raw,
    Start,
    End,
    LineStart,
    LineEnd,
    Path,
}

impl Fact {
    /// What a key of `finding` is.
    pub(super) fn named(key: &str) -> Option<Self> {
        Some(match key {
            "secret" => Self::Secret,
            "match" => Self::Match,
            "line" => Self::Line,
            "fragment_raw" => Self::Raw,
            "match_start_idx" => Self::Start,
            "match_end_idx" => Self::End,
            "match_line_start_idx" => Self::LineStart,
            "match_line_end_idx" => Self::LineEnd,
            _ => return None,
        })
    }
}

/// What stands between two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Equal,
    Different,
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
    In,
    NotIn,
    Contains,
    StartsWith,
    EndsWith,
    Plus,
    Minus,
    Times,
    Divided,
    Remainder,
    Else,
}
