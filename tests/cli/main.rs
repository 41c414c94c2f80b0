//! Black-box tests of the command line: the real binary, as a user starts it.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod access;
mod acme;
mod agents;
mod allow;
mod archive;
mod audit_log;
mod aws;
mod aws_credentials;
mod aws_exports;
mod aws_strangers;
mod aws_ways;
mod bad_input;
mod baseline;
#[cfg(feature = "aws")]
mod bucket;
mod charts;
mod ci;
mod clusters;
mod code;
mod commands;
mod customs;
mod deploy;
mod drift;
mod dumps;
mod evidence;
mod forges;
mod formats;
mod git;
mod grants;
mod history;
mod html;
#[cfg(feature = "aws")]
#[path = "../support/iam_server.rs"]
#[allow(dead_code, reason = "other tests use more of it")]
mod iam_server;
mod identity_center;
mod import;
mod join;
#[cfg(feature = "kubernetes")]
#[path = "../support/kube_server.rs"]
#[allow(dead_code, reason = "other tests use more of it")]
mod kube_server;
mod kubernetes;
#[cfg(all(feature = "aws", feature = "kubernetes"))]
mod leavers;
mod live;
mod named;
mod nodes;
#[cfg(feature = "okta")]
mod okta;
#[cfg(feature = "okta")]
#[path = "../support/okta_server.rs"]
#[allow(dead_code, reason = "other tests use more of it")]
mod okta_server;
#[path = "../support/pack.rs"]
#[allow(dead_code, reason = "other tests use more of it")]
mod pack;
mod parquet;
mod places;
mod promises;
mod reach;
mod readme;
mod review;
mod rights;
mod rule_commands;
mod scope;
mod secrets;
mod shard;
mod source;
mod stories;
mod techniques;
mod ties;
mod tree;
mod trees;
mod trouble;
mod versions;
