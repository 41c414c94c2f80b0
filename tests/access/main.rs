//! Black-box tests of what policies amount to, against accounts and clusters whose answers are known.

mod account;
mod capabilities;
mod escalation;
mod properties;
mod rbac;
mod trust;
