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
        conditions: RuleConditions,
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
