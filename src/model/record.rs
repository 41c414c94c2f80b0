//! One line of what a collector sends: the only form in which the world enters the program.

use serde::{Deserialize, Serialize};

use super::{
    CoverageEntry, Credential, Exposure, Grant, Identity, Link, Person, Policy, Setting, Trust, Usage, Workload,
};

/// One fact about the world. `nonhuman collect` writes one a line, `nonhuman evaluate` reads them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case")]
#[allow(clippy::large_enum_variant, reason = "of many records most are exposures: a box each would cost more")]
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
    /// A hardcoded secret.
    Exposure(Exposure),
    /// A last use.
    Usage(Usage),
    /// What was looked at.
    Coverage(CoverageEntry),
    /// The last line of a file of records: how many came before it. A file without it was cut short.
    End {
        /// The number of lines before this one.
        records: u64,
    },
}
