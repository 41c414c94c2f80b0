//! The functions that rules have beside those of CEL.

use std::sync::Arc;

use cel::objects::{Key, Map, Value};
use cel::{Context, DeclarationError};

use crate::model::wildcard;

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
    context.add_function("like", |text: Arc<String>, pattern: Arc<String>| wildcard::matches(&pattern, &text))
}

/// The value of a label, or the empty text.
fn label(labels: &Value, name: &Arc<String>) -> String {
    let Value::Map(Map { map }) = labels else { return String::new() };
    match map.get(&Key::String(Arc::clone(name))) {
        Some(Value::String(text)) => text.to_string(),
        _ => String::new(),
    }
}
