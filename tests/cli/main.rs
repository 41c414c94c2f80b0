//! Black-box tests of the command line: the real binary, as a user starts it.

mod acme;
mod bad_input;
mod commands;
mod promises;
mod readme;
mod tree;
