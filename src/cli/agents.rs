//! What the command line adds about AI agents: the tables of their clients, and the organisation's own list of them.

use std::sync::Arc;

use jiff::Timestamp;

use super::Failure;
use crate::collect::agents::{NAME, Tables};
use crate::config::Config;
use crate::embedded;
use crate::model::{Attributes, Evidence, Location, Record, Setting, SettingKind, Urn};

/// What is known of clients, servers and frameworks; nothing when agents are not looked for.
pub(super) fn tables(is_left_out: bool) -> Result<Option<Arc<Tables>>, Failure> {
    if is_left_out {
        return Ok(None);
    }
    let facts = ["agent-clients", "agent-servers", "agent-frameworks"].map(embedded::facts);
    let tables =
        Tables::parse(facts[0], facts[1], facts[2]).map_err(|error| Failure(format!("rules/facts/{error}")))?;
    Ok(Some(Arc::new(tables)))
}

/// The agents that the configuration lists, as records: what is not on a list can only be told where there is one.
pub(super) fn registry(config: &Config, now: Timestamp) -> impl Iterator<Item = Record> {
    let file: Arc<str> =
        config.file.as_ref().map(|file| file.to_string_lossy().into_owned()).unwrap_or_default().into();
    config.registered_agents.iter().map(move |name| {
        let location = Location::Export { file: Arc::clone(&file), object: format!("registered-agents/{name}").into() };
        Record::Setting(Setting {
            id: Urn::new(format!("agent:registry#{name}")),
            kind: SettingKind::AgentRegistered,
            tenant: "registered-agents".to_owned(),
            name: name.clone(),
            part_of: None,
            labels: Default::default(),
            attributes: Attributes::default(),
            evidence: Evidence { observed: now, collector: NAME.into(), location },
        })
    })
}
