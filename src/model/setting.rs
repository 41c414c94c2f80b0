//! A thing of a tenant's configuration that bears on identities but is none itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Attributes, Evidence, Provider, Urn, names};

names! {
    /// What sort of setting it is.
    SettingKind {
        /// The rules for passwords of an AWS account.
        AwsPasswordPolicy = "aws.password-policy",
    }
}

impl SettingKind {
    /// The system it lives in.
    pub fn provider(self) -> Option<Provider> {
        Provider::of_kind(self.as_str())
    }
}

/// A rule of a policy, a log stream, the metadata of a stored secret, a webhook.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Setting {
    /// Its stable name.
    pub id: Urn,
    /// What sort of setting it is.
    pub kind: SettingKind,
    /// The account, cluster or organisation it lives in.
    pub tenant: String,
    /// Its name there.
    pub name: String,
    /// The setting or identity that it is a part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_of: Option<Urn>,
    /// Tags, labels and annotations by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// What only its provider knows of it.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
    /// Where it was seen.
    pub evidence: Evidence,
}
