//! The nouns of the field: identity, credential, grant, workload, person, exposure, finding.
//! Types only; nothing here reads a file, a clock or a network.

pub mod alike;
mod attribute;
mod attributes;
mod attributes_of_clouds;
mod attributes_of_directories;
mod coverage;
mod credential;
mod edge;
mod evidence;
mod exposure;
mod fact;
mod finding;
mod grant;
mod identity;
mod known;
mod link;
mod person;
mod policy_document;
mod record;
mod scope;
mod secret;
mod setting;
mod shared;
mod shell;
mod time;
mod tree_name;
mod urn;
mod usage;
pub mod wildcard;
mod workload;

pub use attribute::AttributeName;
pub use attributes::{AttributeType, AttributeValue, Attributes, Labels};
pub use coverage::{CoverageEntry, FactKind, Outcome};
pub use credential::{Credential, CredentialKind};
pub use edge::{Edge, EdgeKind, Holding, Reached};
pub use evidence::{Evidence, Location};
pub use exposure::{Commit, Exposure, Proof};
pub use fact::{
    Capability, CapabilityKind, CredentialState, EscalationPath, Hop, LastUse, Owner, PrincipalKind, TrustedPrincipal,
};
pub use finding::{
    BaselineNote, BaselineState, Confidence, Finding, Hidden, HistoryNote, HistoryState, NotEvaluated, RuleInfo,
    Severity, SubjectKind,
};
pub use grant::{Grant, GrantKind, Policy, PolicyLanguage, PolicyVersion, Trust};
pub use identity::{Identity, IdentityKind, Provider};
pub use known::Known;
pub use link::{Link, LinkKind};
pub use person::Person;
pub use policy_document::PolicyDocument;
pub use record::Record;
pub use scope::{Extent, Scope};
pub use secret::{Fingerprint, FingerprintKey, Secret};
pub use setting::{Setting, SettingKind};
pub use shared::Shared;
pub use shell::shell_word;
pub use time::{days_between, parse_day, parse_timestamp, short_date, show_age};
pub use tree_name::{FIRST_COMMIT, TreeName, TreeNames, is_told_apart, told_apart};
pub use urn::Urn;
pub use usage::Usage;
pub use workload::{Workload, WorkloadKind};

/// Declares a closed set of names that appear in records, rules and reports.
///
/// The set is closed on purpose: a rule that compares a kind with a name that does not exist is an error when it
/// loads, never a rule that stays quiet.
macro_rules! names {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vmeta])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            /// Every name of the set, in declaration order.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// Every name of the set as text, in declaration order.
            pub const NAMES: &'static [&'static str] = &[$($text),+];

            /// The name as it is written in records, rules and reports.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                Self::ALL.iter().copied().find(|name| name.as_str() == text).ok_or_else(|| {
                    let all: Vec<_> = Self::ALL.iter().map(|name| name.as_str()).collect();
                    format!("'{text}' is not one of {}", all.join(", "))
                })
            }
        }
    };
}
pub(crate) use names;
