//! Finds and audits non-human identities.
#![doc = include_str!("../README.md")]

pub mod access;
pub mod cli;
pub mod collect;
pub mod config;
pub mod embedded;
pub mod exit;
pub mod history;
pub mod inventory;
pub mod link;
pub mod model;
pub mod report;
pub mod rules;
pub mod secrets;
pub mod tell;
pub mod term;
