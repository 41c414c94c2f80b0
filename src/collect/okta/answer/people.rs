//! Users, groups, factors and API tokens. No value of a token: Okta shows it once, when it is made.

use super::{Network, answers};

answers! {
    /// `GET /api/v1/users`.
    User {
        id: String,
        status: String,
        created: Option<String>,
        last_login: Option<String>,
        password_changed: Option<String>,
        status_changed: Option<String>,
        profile: Profile,
    }
    /// `profile` of a user.
    Profile {
        login: String,
        email: Option<String>,
        display_name: Option<String>,
        first_name: Option<String>,
        last_name: Option<String>,
        user_type: Option<String>,
        department: Option<String>,
        manager: Option<String>,
        manager_id: Option<String>,
    }
    /// `GET /api/v1/users/{id}/factors`.
    Factor { id: String, factor_type: String, provider: Option<String>, status: String }
    /// `GET /api/v1/groups`.
    Group {
        id: String,
        #[serde(rename = "type")]
        kind: Option<String>,
        profile: GroupProfile,
        created: Option<String>,
        #[serde(rename = "_embedded")]
        embedded: GroupEmbedded,
    }
    /// `profile` of a group.
    GroupProfile { name: String }
    /// `_embedded` of a group.
    GroupEmbedded { stats: GroupStats }
    /// `_embedded.stats`; the description of the API writes the last one with a letter less.
    GroupStats {
        users_count: Option<i64>,
        #[serde(alias = "hasAdminPrivlege")]
        has_admin_privilege: Option<bool>,
    }
    /// `GET /api/v1/iam/assignees/users`, and a member of a group: somebody by id.
    Assignee { id: String }
    /// `GET /api/v1/api-tokens`.
    ApiToken {
        id: String,
        name: String,
        user_id: Option<String>,
        client_name: Option<String>,
        created: Option<String>,
        last_updated: Option<String>,
        expires_at: Option<String>,
        token_window: Option<String>,
        network: Option<Network>,
    }
}
