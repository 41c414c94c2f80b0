//! Finds and audits non-human identities.
#![doc = include_str!("../README.md")]

pub mod access;
pub mod collect;
pub mod inventory;
pub mod model;
pub mod report;
pub mod secrets;
