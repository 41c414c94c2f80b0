//! What the System Log tells: when clients, agents and tokens were last used, which scopes they asked for, who made what.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::super::answer::LogEvent;
use super::super::endpoint::LOG;
use super::Site;
use crate::model::{Known, Record, Urn, Usage, parse_timestamp};

/// The events that are asked for. Source: Okta, "Event types": grants of tokens by the org's own and by custom
/// authorization servers, and who makes apps.
#[cfg(feature = "okta")]
pub(in crate::collect::okta) const TOKEN_EVENTS: &[&str] = &[
    "app.oauth2.token.grant.access_token",
    "app.oauth2.as.token.grant.access_token",
    "app.oauth2.token.grant.id_jag",
    "application.lifecycle.create",
];

/// The log, folded as it is read.
#[derive(Default)]
pub(in crate::collect::okta) struct Log {
    /// From when on it was read; `None` when it was not.
    pub(in crate::collect::okta) horizon: Option<Timestamp>,
    /// Why it says less than it should.
    pub(in crate::collect::okta) gap: Option<String>,
    last: BTreeMap<String, Timestamp>,
    scopes: BTreeMap<String, BTreeSet<String>>,
    makers: BTreeMap<String, String>,
    earliest: Option<Timestamp>,
}

impl Log {
    pub(in crate::collect::okta) fn add(&mut self, events: &[LogEvent]) {
        for event in events {
            let Some(Ok(at)) = event.published.as_deref().map(parse_timestamp) else { continue };
            self.earliest = Some(self.earliest.map_or(at, |earliest| earliest.min(at)));
            if event.outcome.result.as_deref() == Some("FAILURE") {
                continue;
            }
            let data = &event.debug_context.debug_data;
            let actor = event.actor.id.clone().filter(|_| event.actor.kind.as_deref() != Some("User"));
            let is_grant = event.event_type.contains(".token.grant");
            for id in [actor, data.client_id.clone(), event.transaction.detail.request_api_token_id.clone()]
                .into_iter()
                .flatten()
            {
                let last = self.last.entry(id.clone()).or_insert(at);
                *last = (*last).max(at);
                if is_grant && let Some(scopes) = &data.granted_scopes {
                    let scopes = scopes.split([',', ' ']).filter(|scope| !scope.is_empty()).map(str::to_owned);
                    self.scopes.entry(id).or_default().extend(scopes);
                }
            }
            if event.event_type == "application.lifecycle.create"
                && let (Some(maker), Some(app)) = (&event.actor.id, event.target.iter().find_map(|one| one.id.clone()))
            {
                self.makers.entry(app).or_insert_with(|| maker.clone());
            }
        }
    }

    /// Where an export does not say how far back it goes, its first event does.
    pub(in crate::collect::okta) fn close(&mut self) {
        self.horizon = self.horizon.or(self.earliest);
    }

    /// Who made an app, by user id.
    pub(in crate::collect::okta) fn maker(&self, app: &str) -> Option<&str> {
        self.makers.get(app).map(String::as_str)
    }

    /// The last use of something by the id that the log calls it by.
    pub(in crate::collect::okta) fn usage(&self, site: &Site<'_>, id: &str, of: &Urn) -> Option<Record> {
        let last = match (self.last.get(id), &self.gap) {
            (Some(at), _) => Known::Value(*at),
            (None, Some(why)) => Known::Unknown(why.clone()),
            (None, None) => Known::Absent,
        };
        let horizon = self.horizon?;
        let evidence = site.evidence(&LOG, "", id);
        Some(Record::Usage(Usage {
            of: of.clone(),
            last,
            horizon: Some(horizon),
            source: "System Log".into(),
            evidence,
        }))
    }

    /// The granted scopes that no token was asked for. Known only where the log was read and the client was seen: of one
    /// that was not used at all this says nothing new.
    pub(in crate::collect::okta) fn unused_scopes(
        &self,
        client: &str,
        granted: &Known<Vec<String>>,
    ) -> Known<Vec<String>> {
        let granted = match granted {
            Known::Value(granted) => granted,
            Known::Absent => return Known::Absent,
            Known::Unknown(why) => return Known::Unknown(why.clone()),
        };
        if let Some(why) = &self.gap {
            return Known::Unknown(why.clone());
        }
        if self.horizon.is_none() {
            return Known::unknown("the System Log was not read");
        }
        match self.scopes.get(client) {
            Some(used) => Known::Value(granted.iter().filter(|scope| !used.contains(*scope)).cloned().collect()),
            None => Known::Absent,
        }
    }
}
