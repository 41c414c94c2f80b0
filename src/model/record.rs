//! One line of what a collector sends: the only form in which the world enters the program.

use serde::{Deserialize, Serialize};

use super::{
    CoverageEntry, Credential, Exposure, Grant, Identity, Link, Person, Policy, Scope, Setting, Trust, Usage, Workload,
};

/// One fact about the world. `nonhuman collect` writes one a line, `nonhuman evaluate` reads them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case")]
#[allow(
    clippy::large_enum_variant,
    reason = "identities and credentials are near in size to links, of which there are most"
)]
pub enum Record {
    /// An identity.
    Identity(Identity),
    /// A credential.
    Credential(Credential),
    /// A policy document.
    Policy(Policy),
    /// A policy given to an identity.
    Grant(Grant),
    /// Who may become an identity.
    Trust(Trust),
    /// What runs as an identity.
    Workload(Workload),
    /// A thing of a tenant's configuration.
    Setting(Setting),
    /// An edge between two things.
    Link(Link),
    /// A person.
    Person(Person),
    /// A hardcoded secret: by far the largest, and in an inventory of links by far the fewest.
    Exposure(Box<Exposure>),
    /// A last use.
    Usage(Usage),
    /// What was looked at.
    Coverage(CoverageEntry),
    /// With what a scan looked.
    Scope(Box<Scope>),
    /// The last line of a file of records: how many came before it. A file without it was cut short.
    End {
        /// The number of lines before this one.
        records: u64,
    },
}
