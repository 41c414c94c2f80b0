//! Users as people who may answer for something, as machines where they are such, and as holders of API tokens.

use std::collections::BTreeMap;

use jiff::SpanRelativeTo;
use jiff::{Span, Timestamp};

use super::super::answer::{ApiToken, Group, User};
use super::super::endpoint::{API_TOKENS, GROUPS, LEFT_USERS, USERS};
use super::super::hints::Hints;
use super::super::reader::Source;
use super::{Site, set_some, time};
use crate::model::{
    AttributeName, Attributes, Credential, CredentialKind, Identity, IdentityKind, Known, Labels, Person, Record, Urn,
    Usage,
};

/// The users by id. Holds what is needed of all of them and no more: an organisation has many.
#[derive(Default)]
pub(in crate::collect::okta) struct Directory {
    users: BTreeMap<String, User>,
    /// Why some are missing.
    gap: Option<String>,
}

impl Directory {
    /// Adds users; `known` says why they are not all.
    pub(in crate::collect::okta) fn add(&mut self, users: Vec<User>, known: &Known<()>) {
        self.users.extend(users.into_iter().map(|user| (user.id.clone(), user)));
        if let Known::Unknown(why) = known {
            self.gap.get_or_insert_with(|| why.clone());
        }
    }

    pub(in crate::collect::okta) fn get(&self, id: &str) -> Option<&User> {
        self.users.get(id)
    }

    pub(in crate::collect::okta) fn iter(&self) -> impl Iterator<Item = &User> {
        self.users.values()
    }

    pub(in crate::collect::okta) fn has_leavers(&self) -> bool {
        self.users.values().any(|user| user.status == "DEPROVISIONED")
    }

    /// Whether a user is there and may act; not known for one who is not listed while some are missing.
    pub(in crate::collect::okta) fn is_active(&self, id: &str) -> Known<bool> {
        match (self.users.get(id), &self.gap) {
            (Some(user), _) => Known::Value(!has_left(&user.status)),
            (None, Some(why)) => Known::Unknown(why.clone()),
            // A user that is in no list was deleted.
            (None, None) => Known::Value(false),
        }
    }

    pub(in crate::collect::okta) fn email(&self, id: &str) -> Option<String> {
        self.users.get(id).map(email)
    }
}

/// Okta keeps people who left as `DEPROVISIONED`; who is `SUSPENDED` may not act either.
fn has_left(status: &str) -> bool {
    matches!(status, "DEPROVISIONED" | "SUSPENDED")
}

fn email(user: &User) -> String {
    user.profile.email.as_deref().filter(|email| email.contains('@')).unwrap_or(&user.profile.login).to_lowercase()
}

fn full_name(user: &User) -> String {
    let profile = &user.profile;
    let parts = [profile.first_name.as_deref(), profile.last_name.as_deref()];
    let joined = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let display = profile.display_name.clone().filter(|name| !name.is_empty());
    display.or(Some(joined).filter(|name| !name.is_empty())).unwrap_or_else(|| profile.login.clone())
}

impl Site<'_> {
    fn user_evidence(&self, user: &User) -> crate::model::Evidence {
        let has_own = match self.reader.source() {
            Source::Export(export) => export.file(&LEFT_USERS, "").is_some(),
            #[cfg(feature = "okta")]
            Source::Live(_) => true,
        };
        let endpoint = if has_own && user.status == "DEPROVISIONED" { &LEFT_USERS } else { &USERS };
        self.evidence(endpoint, "", &user.profile.login)
    }

    /// A person of the directory; `None` for a user who is a machine or has no address.
    pub(in crate::collect::okta) fn person(&self, user: &User, hints: &Hints) -> Option<Record> {
        let email = email(user);
        if hints.is_service(user) || !email.contains('@') {
            return None;
        }
        let left = if has_left(&user.status) { time(user.status_changed.as_deref()) } else { Known::Absent };
        Some(Record::Person(Person {
            id: Urn::person(&email),
            name: full_name(user),
            team: user.profile.department.clone().filter(|team| !team.is_empty()),
            active: Known::Value(!has_left(&user.status)),
            left,
            evidence: self.user_evidence(user),
            email,
        }))
    }
}

/// A user as an identity: one that a machine uses, that owns a token or that holds an admin role.
pub(in crate::collect::okta) fn user_identity(
    site: &Site<'_>,
    user: &User,
    hints: &Hints,
    roles: Known<Vec<String>>,
    factors: Known<Vec<String>>,
) -> Identity {
    let is_service = hints.is_service(user);
    let mut attributes = Attributes::default()
        .with(AttributeName::Status, user.status.as_str())
        .with(AttributeName::ServiceLike, is_service)
        .with(AttributeName::Human, !is_service);
    attributes.set_known(AttributeName::AdminRoles, roles);
    attributes.set_known(AttributeName::Factors, factors);
    attributes.set_known(AttributeName::LastLogin, time(user.last_login.as_deref()));
    attributes.set_known(AttributeName::PasswordChanged, time(user.password_changed.as_deref()));
    set_some(&mut attributes, AttributeName::Form, user.profile.user_type.clone());
    let mut labels = Labels::new();
    // A machine's account belongs to whoever is written as its manager; a person to nobody.
    let owner = user.profile.manager.clone().filter(|owner| is_service && !owner.is_empty());
    if let Some(owner) = owner {
        labels.insert("owner".to_owned(), owner);
    }
    Identity {
        id: site.urn("user", &user.id),
        kind: IdentityKind::OktaUser,
        tenant: site.host.clone(),
        name: user.profile.login.clone(),
        enabled: Known::Value(!has_left(&user.status)),
        created: time(user.created.as_deref()),
        unique_id: Some(user.id.clone()),
        builtin: false,
        labels,
        attributes,
        evidence: site.user_evidence(user),
    }
}

/// A group, which hands out roles and apps to its members.
pub(in crate::collect::okta) fn group_identity(site: &Site<'_>, group: &Group, roles: Known<Vec<String>>) -> Record {
    let mut attributes = Attributes::default();
    attributes.set_known(AttributeName::AdminRoles, roles);
    set_some(&mut attributes, AttributeName::Users, group.embedded.stats.users_count);
    set_some(&mut attributes, AttributeName::Form, group.kind.clone());
    Record::Identity(Identity {
        id: site.urn("group", &group.id),
        kind: IdentityKind::OktaGroup,
        tenant: site.host.clone(),
        name: group.profile.name.clone(),
        enabled: Known::Value(true),
        created: time(group.created.as_deref()),
        unique_id: Some(group.id.clone()),
        builtin: group.kind.as_deref() == Some("BUILT_IN"),
        labels: Default::default(),
        attributes,
        evidence: site.evidence(&GROUPS, "", &group.profile.name),
    })
}

/// An API token with its last use: the window slides on with every call, so that `expiresAt − tokenWindow` is the last
/// one, without the log. Source: Okta, "Manage API tokens"; the examples of the API description satisfy it exactly.
pub(in crate::collect::okta) fn api_token(site: &Site<'_>, token: &ApiToken) -> [Record; 2] {
    let id = site.urn("api-token", &token.id);
    let holder = site.urn("user", token.user_id.as_deref().unwrap_or("unknown"));
    let evidence = site.evidence(&API_TOKENS, "", &token.name);
    let expires = time(token.expires_at.as_deref());
    let created = time(token.created.as_deref());
    let window = token.token_window.as_deref().and_then(|text| text.parse::<Span>().ok());
    let seconds = window.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
    let last = match (&expires, seconds) {
        (Known::Value(expires), Some(window)) => last_use(*expires, window, &created),
        _ => Known::unknown("the token has no window, so its last use cannot be derived"),
    };
    let mut attributes = Attributes::default();
    let network = token.network.as_ref().and_then(|network| network.connection.clone());
    set_some(&mut attributes, AttributeName::Network, network);
    set_some(&mut attributes, AttributeName::TokenWindow, seconds.map(|window| window.as_secs() / 86_400));
    set_some(&mut attributes, AttributeName::Form, token.client_name.clone());
    let is_over = matches!(&expires, Known::Value(expires) if *expires < site.now);
    let credential = Credential {
        id: id.clone(),
        kind: CredentialKind::OktaApiToken,
        holder,
        tenant: site.host.clone(),
        name: token.name.clone(),
        active: Known::Value(!is_over),
        created,
        expires,
        fingerprint: None,
        attributes,
        evidence: evidence.clone(),
    };
    let usage = Usage { of: id, last, horizon: None, source: "expiresAt − tokenWindow".into(), evidence };
    [Record::Credential(credential), Record::Usage(usage)]
}

fn last_use(expires: Timestamp, window: jiff::SignedDuration, created: &Known<Timestamp>) -> Known<Timestamp> {
    let Ok(last) = expires.checked_sub(window) else {
        return Known::unknown("the times of the token cannot be reckoned with");
    };
    // A token that was only made has its window from that moment.
    match created {
        Known::Value(created) if last <= *created + jiff::SignedDuration::from_secs(60) => Known::Absent,
        _ => Known::Value(last),
    }
}
