//! Black-box tests of the command line: the real binary, as a user starts it.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod acme;
mod bad_input;
mod commands;
mod promises;
mod readme;
mod tree;
