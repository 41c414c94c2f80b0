//! What we take from Okta's answers: one struct an object, with the fields that are used and no others.
//!
//! INVARIANT: no struct here has a field for a secret's value (`client_secret`, `sharedSecret`, a hook's key, private parts
//! of a JWK). Bodies are read straight into these structs, so that such a value is never anywhere in our memory but in
//! the body, which is overwritten. Source of the names: Okta management API 2026.06.3 (`okta-get-openapi.json`); for AI
//! agents and owners, which it does not hold, the Node SDK 8.1.0 and Okta's guides.

mod access;
mod agents;
mod apps;
mod parts;
mod people;
mod posture;

use serde::{Deserialize, Deserializer};

pub(super) use access::{AppSignOn, Policy, PolicyRule, Resource, ResourceSet, Role, RoleAssignment, RolePermission};
pub(super) use agents::{Agent, Connection, Ownership, ServiceAccount};
pub(super) use apps::{App, AppAssignment, ClientSecret, Integration, Jwk, OAuthClient, RefreshToken, ScopeGrant};
pub(super) use parts::{Link, Network};
pub(super) use people::{ApiToken, Assignee, Factor, Group, User};
pub(super) use posture::{AgentPool, AuthorizationServer, DeviceAssurance, EventHook, LogEvent, LogStream, Zone};

/// Reads `null` as what is there when the field is missing.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// Declares the structs of answers: every field may be missing or `null`, and unknown ones are skipped unread.
macro_rules! answers {
    ($($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty),* $(,)? })+) => {
        $(
            $(#[$meta])*
            #[derive(Clone, Debug, Default, serde::Deserialize, serde::Serialize)]
            #[serde(rename_all = "camelCase", default)]
            pub(in crate::collect::okta) struct $name {
                $(
                    $(#[$field_meta])*
                    #[serde(deserialize_with = "super::or_default")]
                    pub(in crate::collect::okta) $field: $type
                ),*
            }
        )+
    };
}
use answers;
