//! Roles and policies: who may do what, and who gets in how.

use super::{Link, Network, answers};

answers! {
    /// A role that a user, a group or a client holds.
    RoleAssignment {
        id: String,
        #[serde(rename = "type")]
        kind: String,
        label: Option<String>,
        status: Option<String>,
        assignment_type: Option<String>,
        created: Option<String>,
        role: Option<String>,
        #[serde(rename = "resource-set")]
        resource_set: Option<String>,
        #[serde(rename = "_links")]
        links: AssignmentLinks,
    }
    /// `_links` of an assignment: through which group it came.
    AssignmentLinks { assignee: Option<Link> }
    /// `GET /api/v1/iam/roles`: a custom role.
    Role { id: String, label: String, description: Option<String> }
    /// `GET /api/v1/iam/roles/{id}/permissions`.
    RolePermission { label: String }
    /// `GET /api/v1/iam/resource-sets`.
    ResourceSet { id: String, label: String }
    /// `GET /api/v1/iam/resource-sets/{id}/resources`.
    Resource { id: String, orn: Option<String> }
    /// `GET /api/v1/policies` and the policies of an authorization server.
    Policy {
        id: String,
        name: String,
        status: String,
        #[serde(rename = "type")]
        kind: Option<String>,
        priority: Option<i64>,
        conditions: PolicyConditions,
        settings: PolicySettings,
    }
    /// `settings` of an enrolment policy.
    PolicySettings { authenticators: Vec<Authenticator>, factors: std::collections::BTreeMap<String, FactorSetting> }
    /// What people may or must enrol, in the form of today.
    Authenticator { key: String, enroll: Enrolment }
    /// The same in the form of before.
    FactorSetting { enroll: Enrolment }
    /// `enroll`: NOT_ALLOWED, OPTIONAL or REQUIRED.
    Enrolment {
        #[serde(rename = "self")]
        own: Option<String>,
    }
    /// `conditions` of a policy.
    PolicyConditions { clients: Included, people: People }
    /// Who is meant, and who is not.
    Included { include: Vec<String>, exclude: Vec<String> }
    /// `conditions.people`.
    People { users: Included, groups: Included }
    /// A rule of a policy.
    PolicyRule {
        id: String,
        name: String,
        status: String,
        priority: Option<i64>,
        system: bool,
        conditions: AllConditions,
        actions: Actions,
    }
    /// `conditions` of a rule.
    RuleConditions {
        people: People,
        network: Option<Network>,
        device: Option<Device>,
        risk_score: Option<Level>,
        risk: Option<Risk>,
        user_type: Option<Included>,
        el_condition: Option<Expression>,
        grant_types: Included,
        scopes: Included,
    }
    /// `conditions.device`.
    Device { managed: Option<bool>, registered: Option<bool>, assurance: Included }
    /// `conditions.riskScore`.
    Level { level: Option<String> }
    /// `conditions.risk`.
    Risk { behaviors: Vec<String> }
    /// `conditions.elCondition`.
    Expression { condition: Option<String> }
    /// `actions` of a rule: one of them is there, by the kind of its policy.
    Actions { app_sign_on: Option<AppSignOn>, signon: Option<SignOn>, token: Option<AccessRule>, enroll: Option<Enrolment> }
    /// `actions.appSignOn` of an access policy.
    AppSignOn { access: Option<String>, verification_method: Option<Verification> }
    /// `verificationMethod`.
    Verification {
        factor_mode: Option<String>,
        #[serde(rename = "type")]
        kind: Option<String>,
        reauthenticate_in: Option<String>,
        constraints: Vec<Constraint>,
        chains: Vec<Chain>,
    }
    /// What an authenticator must be like.
    Constraint { knowledge: Option<Knowledge>, possession: Option<Possession> }
    /// Something that is known.
    Knowledge { types: Vec<String>, required: Option<bool> }
    /// Something that is had.
    Possession { phishing_resistant: Option<String>, device_bound: Option<String>, required: Option<bool> }
    /// One way of an authentication method chain (`type: AUTH_METHOD_CHAIN`).
    Chain { authentication_methods: Vec<Method>, next: Vec<NextChain> }
    /// A step of a chain.
    Method { key: Option<String>, method: Option<String> }
    /// What must follow a step.
    NextChain { authentication_methods: Vec<Method> }
    /// `actions.signon` of a sign-on policy.
    SignOn { access: Option<String>, require_factor: Option<bool>, primary_factor: Option<String>, session: Session }
    /// `actions.signon.session`; zero minutes mean no limit.
    Session {
        max_session_idle_minutes: Option<i64>,
        max_session_lifetime_minutes: Option<i64>,
        use_persistent_cookie: bool,
    }
    /// `actions.token` of an authorization server's rule.
    AccessRule {
        access_token_lifetime_minutes: Option<i64>,
        refresh_token_lifetime_minutes: Option<i64>,
        refresh_token_window_minutes: Option<i64>,
    }
}

/// `conditions` of a rule, with the names of those that have no field here: what they ask is not known, but that they do.
#[derive(Clone, Debug, Default, serde::Serialize)]
#[serde(into = "serde_json::Map<String, serde_json::Value>")]
pub(in crate::collect::okta) struct AllConditions {
    pub(in crate::collect::okta) known: RuleConditions,
    pub(in crate::collect::okta) others: Vec<String>,
}

/// The conditions that [`RuleConditions`] has fields for, as Okta writes them.
const KNOWN: [&str; 9] =
    ["people", "network", "device", "riskScore", "risk", "userType", "elCondition", "grantTypes", "scopes"];

impl From<AllConditions> for serde_json::Map<String, serde_json::Value> {
    fn from(all: AllConditions) -> Self {
        let mut map = match serde_json::to_value(&all.known) {
            Ok(serde_json::Value::Object(map)) => map,
            _ => Self::new(),
        };
        map.extend(all.others.into_iter().map(|name| (name, serde_json::Value::Bool(true))));
        map
    }
}

impl<'de> serde::Deserialize<'de> for AllConditions {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = serde_json::Map::deserialize(deserializer)?;
        let others = map.iter().filter(|(name, value)| !KNOWN.contains(&name.as_str()) && asks(name, value));
        let others =
            others.map(|(name, _)| name.chars().filter(char::is_ascii_alphanumeric).take(40).collect()).collect();
        let known = serde_json::from_value(serde_json::Value::Object(map)).map_err(serde::de::Error::custom)?;
        Ok(Self { known, others })
    }
}

/// Whether a condition asks anything: Okta also writes out those that let everything pass.
fn asks(name: &str, value: &serde_json::Value) -> bool {
    use serde_json::Value;
    match value {
        Value::Null => false,
        Value::Array(list) => !list.is_empty(),
        Value::String(text) => !matches!(text.as_str(), "" | "ANY" | "ANYWHERE"),
        Value::Object(map) if name == "platform" => {
            let is_any =
                |one: &Value| one["type"] == "ANY" && (one["os"]["type"].is_null() || one["os"]["type"] == "ANY");
            let of = |key: &str| map.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
            !of("include").iter().all(is_any) || !of("exclude").is_empty()
        }
        Value::Object(map) => map.values().any(|value| asks("", value)),
        Value::Bool(_) | Value::Number(_) => true,
    }
}
