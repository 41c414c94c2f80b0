//! AI agents as identities: the settings of their clients, descriptions of agents, pipelines and infrastructure that
//! start them. Parses only: starts no server, fetches nothing, follows no link.
//!
//! The source collector gives each file here as it reads it (`Notes`); [`known_places`] says where a home directory
//! keeps such files.

mod address;
mod administrators;
mod agentic;
mod assigned;
mod azure;
mod beside;
mod builders;
mod called;
mod ci;
mod client;
mod cloud;
mod cluster;
mod cluster_given;
mod cluster_uses;
mod codeowners;
mod commands;
mod condition;
mod container;
mod dependency;
mod docker;
mod doors;
mod embedded;
mod expression;
mod file;
mod frameworks;
mod front;
mod gitlab;
mod given;
mod guard;
mod hcl;
mod hcl_values;
mod home;
mod inline;
mod knowledge;
mod launch;
mod manifest;
mod moved;
mod node;
mod notes;
mod package;
mod parse;
mod place;
mod reference;
mod rights;
mod role;
mod script;
mod server;
mod settings;
mod shell;
mod statement;
mod table;
mod template;
mod tokens;

pub(crate) use administrators::Administrators;
pub(crate) use doors::{held_jobs, roles_in};
pub use file::NAME;
pub(crate) use file::Source;
pub use home::{Places, known_places};
pub(crate) use notes::{Interest, LARGEST, Notes};
pub use table::Tables;
