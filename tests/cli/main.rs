//! Black-box tests of the command line: the real binary, as a user starts it.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod acme;
mod bad_input;
mod commands;
#[cfg(feature = "aws")]
#[path = "../support/iam_server.rs"]
mod iam_server;
#[cfg(feature = "kubernetes")]
#[path = "../support/kube_server.rs"]
mod kube_server;
#[cfg(all(feature = "aws", feature = "kubernetes"))]
mod live;
mod promises;
mod readme;
mod tree;
