//! What an expression of a rule is: the types of the checker and their names. Knows no expression tree beyond literals.

use cel::common::ast::LiteralValue;

use super::fields::Type;
use crate::model::SubjectKind;

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Null,
    Object(SubjectKind),
    Params,
    Scalar(Type),
    List(Box<Kind>),
    /// The empty list, or an element of it.
    Any,
}

impl Kind {
    /// What a field of a type is.
    pub(super) fn of(ty: Type) -> Self {
        match ty {
            Type::Texts => Self::List(Box::new(Self::Scalar(Type::Text))),
            ty => Self::Scalar(ty),
        }
    }
}

pub(super) fn literal_kind(literal: &LiteralValue) -> Kind {
    match literal {
        LiteralValue::Boolean(_) => Kind::Scalar(Type::Bool),
        LiteralValue::Int(_) | LiteralValue::UInt(_) => Kind::Scalar(Type::Int),
        LiteralValue::String(_) => Kind::Scalar(Type::Text),
        _ => Kind::Null,
    }
}

/// Whether two things can be compared.
pub(super) fn compatible(a: &Kind, b: &Kind) -> bool {
    let is_text = |kind: &Kind| matches!(kind, Kind::Scalar(Type::Text | Type::Name(_)));
    match (a, b) {
        (Kind::Any, _) | (_, Kind::Any) => true,
        (Kind::List(a), Kind::List(b)) => compatible(a, b),
        (Kind::List(element), Kind::Scalar(Type::Names(_))) | (Kind::Scalar(Type::Names(_)), Kind::List(element)) => {
            compatible(element, &Kind::Scalar(Type::Text))
        }
        (Kind::Scalar(Type::Bool), Kind::Scalar(Type::Bool))
        | (Kind::Scalar(Type::Int), Kind::Scalar(Type::Int))
        | (Kind::Scalar(Type::Duration), Kind::Scalar(Type::Duration))
        | (Kind::Scalar(Type::Labels), Kind::Scalar(Type::Labels)) => true,
        (Kind::Object(a), Kind::Object(b)) => a == b,
        _ => is_text(a) && is_text(b),
    }
}

/// A kind in words.
pub(super) fn describe(kind: &Kind) -> String {
    match kind {
        Kind::Null => "null".to_owned(),
        Kind::Object(subject) => format!("a whole {subject}"),
        Kind::Params => "[param]".to_owned(),
        Kind::Any => "anything".to_owned(),
        Kind::List(element) => format!("a list of {}", describe(element)),
        Kind::Scalar(ty) => match ty {
            Type::Bool => "yes or no",
            Type::Int => "a number",
            Type::Duration => "a span of time",
            Type::Text | Type::Name(_) => "a text",
            Type::Names(_) | Type::Texts => "a list of texts",
            Type::Labels => "labels",
        }
        .to_owned(),
    }
}
