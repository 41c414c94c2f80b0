//! AI agents with what hangs on each.

use super::super::answer::{Agent, ClientSecret, Connection, Jwk, Ownership};
use super::super::endpoint::{AGENT_CONNECTIONS, AGENT_KEYS, AGENT_OWNERS, AGENT_SECRETS, AGENTS};
use super::super::reader::Source;
use super::super::records::{AgentParts, agent};
use super::apps::ReadApp;
use super::{Walk, each};
use crate::collect::CollectError;
use crate::model::Known;

impl Walk<'_> {
    pub(super) async fn list_agents(&self) -> Result<Vec<Agent>, CollectError> {
        Ok(self.reader().list::<Agent>(&AGENTS, "").await?.value().cloned().unwrap_or_default())
    }

    pub(super) async fn send_agents(&self, agents: Vec<Agent>, apps: &[ReadApp]) -> Result<(), CollectError> {
        let reader = self.reader();
        self.expect(agents.len() * 4);
        let parts = each(&agents, |at| {
            let it = &agents[at];
            async move {
                let connections = reader.list::<Connection>(&AGENT_CONNECTIONS, &it.id).await?;
                let keys = reader.list::<Jwk>(&AGENT_KEYS, &it.id).await?;
                let secrets = reader.list::<ClientSecret>(&AGENT_SECRETS, &it.id).await?;
                let owners = match self.owned_by(it) {
                    Some(name) => reader.list::<Ownership>(&AGENT_OWNERS, &name).await?,
                    None => Known::unknown("Okta gives no resource name for the agent"),
                };
                Ok((connections, keys, secrets, owners))
            }
        });
        for (it, (connections, keys, secrets, owners)) in agents.iter().zip(parts.await?) {
            let app = apps.iter().find(|read| Some(&read.app.id) == it.app_id.as_ref());
            let app = app.map(|read| (&read.app, &read.parts));
            let parts = AgentParts { app, keys, secrets, owners, connections };
            self.send(agent(self.site, it, &parts, &self.people, &self.log)).await?;
        }
        Ok(())
    }

    /// The name by which the owners of an agent are asked for: its ORN, and in an export its id.
    fn owned_by(&self, agent: &Agent) -> Option<String> {
        match self.reader().source() {
            Source::Export(_) => Some(agent.id.clone()),
            #[cfg(feature = "okta")]
            Source::Live(_) => agent.orn.clone(),
        }
    }
}
