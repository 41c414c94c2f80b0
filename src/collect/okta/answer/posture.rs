//! What an organisation watches with and guards with: streams, hooks, zones, devices, authorization servers, the System Log.

use super::answers;

answers! {
    /// `GET /api/v1/logStreams`.
    LogStream {
        id: String,
        name: String,
        #[serde(rename = "type")]
        kind: Option<String>,
        status: String,
        created: Option<String>,
    }
    /// `GET /api/v1/eventHooks`: the key that it sends has no field.
    EventHook { id: String, name: String, status: String, verification_status: Option<String>, events: Events, channel: Channel }
    /// `events` of a hook.
    Events { items: Vec<String> }
    /// `channel` of a hook.
    Channel { config: ChannelConfig }
    /// `channel.config` of a hook.
    ChannelConfig { uri: Option<String> }
    /// `GET /api/v1/zones`.
    Zone {
        id: String,
        name: String,
        status: Option<String>,
        usage: Option<String>,
        #[serde(rename = "type")]
        kind: Option<String>,
    }
    /// `GET /api/v1/device-assurances`.
    DeviceAssurance { id: String, name: String, platform: Option<String> }
    /// `GET /api/v1/agentPools`.
    AgentPool {
        id: String,
        name: String,
        #[serde(rename = "type")]
        kind: Option<String>,
        operational_status: Option<String>,
    }
    /// `GET /api/v1/authorizationServers`.
    AuthorizationServer { id: String, name: String, status: String, created: Option<String>, issuer: Option<String> }
    /// `GET /api/v1/logs`.
    LogEvent {
        published: Option<String>,
        event_type: String,
        actor: Actor,
        outcome: OutcomeOf,
        target: Vec<TargetOf>,
        transaction: Transaction,
        debug_context: DebugContext,
    }
    /// Who did it.
    Actor {
        id: Option<String>,
        #[serde(rename = "type")]
        kind: Option<String>,
    }
    /// How it ended.
    OutcomeOf { result: Option<String> }
    /// What it was done to.
    TargetOf {
        id: Option<String>,
        #[serde(rename = "type")]
        kind: Option<String>,
    }
    /// `transaction`.
    Transaction { detail: TransactionDetail }
    /// `transaction.detail`.
    TransactionDetail { request_api_token_id: Option<String> }
    /// `debugContext`.
    DebugContext { debug_data: DebugData }
    /// `debugContext.debugData`, of which most is left unread.
    DebugData { client_id: Option<String>, granted_scopes: Option<String> }
}
