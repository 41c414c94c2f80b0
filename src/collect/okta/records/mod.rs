//! From answers to records. Pure: what is not known here is asked for nowhere else.

mod agents;
mod apps;
mod log;
mod people;
mod policies;
mod posture;
mod roles;

use jiff::Timestamp;

pub(super) use agents::{AgentParts, agent, directory_agents, service_account};
pub(super) use apps::{AppParts, Audience, app, integration, refresh_token};
pub(super) use log::Log;
#[cfg(feature = "okta")]
pub(super) use log::TOKEN_EVENTS;
pub(super) use people::{Directory, api_token, group_identity, user_identity};
pub(super) use policies::{access_rules, enrolment_policy, policy_setting, server_rules, sign_on_rules};
pub(super) use posture::{Posture, posture};
pub(super) use roles::{RoleBook, names as role_names, role_grants, role_settings};

use super::NAME;
use super::endpoint::Endpoint;
use super::reader::{Reader, Source};
use crate::model::{
    AttributeName, AttributeValue, Attributes, Evidence, Known, Location, Setting, SettingKind, Urn, parse_timestamp,
};

/// Which organisation, when, and where its answers lie.
pub(super) struct Site<'a> {
    pub(super) host: String,
    pub(super) now: Timestamp,
    pub(super) reader: &'a Reader,
}

impl Site<'_> {
    /// `okta:<host>/<kind>/<id>`.
    pub(super) fn urn(&self, kind: &str, id: &str) -> Urn {
        Urn::new(format!("okta:{}/{kind}/{id}", self.host))
    }

    /// Where an object was seen.
    pub(super) fn evidence(&self, endpoint: &Endpoint, parent: &str, object: &str) -> Evidence {
        let location = match self.reader.source() {
            Source::Export(export) => Location::Export {
                file: export.file(endpoint, parent).map_or_else(String::new, |path| path.display().to_string()).into(),
                object: object.into(),
            },
            #[cfg(feature = "okta")]
            Source::Live(_) => {
                let path = endpoint.path_of(parent);
                let path = path.split('?').next().unwrap_or(&path).to_owned();
                Location::Api { call: format!("GET {path}").into(), resource: object.into() }
            }
        };
        Evidence { observed: self.now, collector: NAME.into(), location }
    }

    fn setting(&self, kind: SettingKind, id: Urn, name: &str, attributes: Attributes, evidence: Evidence) -> Setting {
        Setting {
            id,
            kind,
            tenant: self.host.clone(),
            name: name.to_owned(),
            part_of: None,
            labels: Default::default(),
            attributes,
            evidence,
        }
    }
}

/// A time as Okta writes it; one that cannot be read is not known.
fn time(text: Option<&str>) -> Known<Timestamp> {
    match text.map(parse_timestamp) {
        None => Known::Absent,
        Some(Ok(time)) => Known::Value(time),
        Some(Err(_)) => Known::unknown("the time that Okta gives has no known form"),
    }
}

/// Sets an attribute when there is a value.
fn set_some<T: Into<AttributeValue>>(attributes: &mut Attributes, name: AttributeName, value: Option<T>) {
    attributes.set_known(name, value.into());
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// An address without what may be a secret in it: user, password, query.
fn without_secrets(url: &str) -> String {
    let plain = url.split(['?', '#']).next().unwrap_or(url);
    let Some((scheme, rest)) = plain.split_once("://") else { return plain.to_owned() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    format!("{scheme}://{}{path}", authority.rsplit('@').next().unwrap_or(authority))
}

/// The first e-mail address of a note.
fn email_in(text: &str) -> Option<String> {
    text.split(|letter: char| letter.is_whitespace() || "<>(),;:\"'".contains(letter)).find_map(|word| {
        let word = word.trim_end_matches('.');
        let (local, domain) = word.split_once('@')?;
        (!local.is_empty() && domain.contains('.') && !domain.contains('@')).then(|| word.to_lowercase())
    })
}
