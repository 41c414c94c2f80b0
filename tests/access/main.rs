//! Black-box tests of what policies amount to, against accounts and clusters whose answers are known.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod account;
mod capabilities;
mod choices;
mod decide;
mod escalation;
mod makers;
mod properties;
mod rbac;
mod trust;
mod ways;
