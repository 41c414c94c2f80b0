//! Reads IAM, live or from export files, as one account's identities, credentials, grants and trusts. It must not write
//! to an account, follow roles into other accounts, or judge what it reads.

#[cfg(feature = "aws")]
mod accessed;
mod accounts;
mod answer;
mod arn;
mod assemble;
mod calls;
#[cfg(feature = "aws")]
mod client;
mod contradictions;
#[cfg(feature = "aws")]
mod convert;
mod credentials;
mod defects;
mod document;
#[cfg(feature = "aws")]
mod endpoint;
mod export;
#[cfg(feature = "aws")]
mod fetch;
mod files;
mod gaps;
mod git_users;
mod grants;
#[cfg(feature = "aws")]
mod keys;
mod left_out;
mod listed;
#[cfg(feature = "aws")]
mod live;
#[cfg(feature = "aws")]
mod live_report;
mod managed;
#[cfg(feature = "aws")]
mod members;
mod notes;
mod offline;
mod parts;
#[cfg(feature = "aws")]
mod providers;
mod records;
#[cfg(feature = "aws")]
mod refusal;
mod report;
mod reports;
mod services;
mod site;
mod texts;
#[cfg(feature = "aws")]
mod thin;
mod visits;
#[cfg(feature = "aws")]
mod wire;
#[cfg(feature = "aws")]
mod xml;

pub use accounts::{Accounts, Member};
pub use calls::{permissions, plan};
#[cfg(feature = "aws")]
pub(in crate::collect) use client::load as sdk;
#[cfg(feature = "aws")]
pub use live::AwsLive;
#[cfg(feature = "aws")]
pub use members::organisation;
pub use offline::AwsExport;
pub use parts::{sniff, sniff_account};
#[cfg(feature = "aws")]
pub(in crate::collect) use thin::xml_error;

use crate::model::FactKind;

/// The collector's name, live and offline.
const NAME: &str = "aws";

/// What an account that cannot be read leaves unknown.
const FACTS: &[FactKind] = &[
    FactKind::Identities,
    FactKind::Credentials,
    FactKind::Usage,
    FactKind::Grants,
    FactKind::Trusts,
    FactKind::Workloads,
    FactKind::Settings,
];
