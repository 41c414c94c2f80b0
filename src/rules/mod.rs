//! The rules engine: reads `/rules/audit`, checks every rule against our own field list, and judges the graph.
//! Reads no file, keeps no state and changes nothing; a rule that cannot be judged is said, never passed.

mod across;
mod applies;
mod baseline;
mod bind;
mod chain;
mod check;
mod decision;
mod evaluate;
mod fields;
mod file;
mod functions;
mod joined;
mod kind;
mod load;
mod message;
mod nouns;
mod paths;
mod plain;
mod schema;
mod selftest;
mod suppress;
mod told;
mod twins;
mod view;

pub use baseline::{Baseline, BaselineError, Entry, Spot};
pub use decision::{Decision, Verb};
pub use evaluate::{Judgement, evaluate};
pub use fields::{Field, Type, fields};
pub use file::{Origin, RuleFile};
pub use load::{CONFIGURATION, Override, Rule, RuleError, RuleSet};
pub use suppress::{Rewritten, apply, rewrite, stale};
