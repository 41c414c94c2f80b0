//! The rules engine: reads `/rules/audit`, checks every rule against our own field list, and judges the graph.
//! Reads no file, keeps no state and changes nothing; a rule that cannot be judged is said, never passed.

mod chain;
mod check;
mod evaluate;
mod fields;
mod functions;
mod kind;
mod load;
mod message;
mod nouns;
mod schema;
mod selftest;
mod view;

pub use evaluate::{Judgement, evaluate};
pub use fields::{Field, Type, fields};
pub use load::{Origin, Override, Rule, RuleError, RuleFile, RuleSet};
