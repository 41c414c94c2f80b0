//! Apps: the one limit that hurts is theirs (100 requests a minute), so each is asked only what it can have.

use std::collections::{BTreeMap, BTreeSet};

use super::super::answer::{Agent, App, AppAssignment, Factor, Integration, RoleAssignment};
use super::super::endpoint::{
    APP_GROUPS, APP_USERS, CLIENT_KEYS, CLIENT_ROLES, CLIENT_SECRETS, FACTORS, INTEGRATION_SECRETS, INTEGRATIONS,
    REFRESH_TOKENS, SCOPE_GRANTS,
};
use super::super::records::{AppParts, Audience, app, integration, refresh_token, role_grants, role_names};
use super::{Walk, each};
use crate::collect::CollectError;
use crate::model::Known;

/// How many refresh tokens of one app are named.
const MOST_TOKENS: usize = 1_000;
/// For how many users factors are asked: the limit for users is 600 a minute and more.
const MOST_USERS: usize = 5_000;

/// An app with what was read of it.
pub(super) struct ReadApp {
    pub(super) app: App,
    pub(super) parts: AppParts,
}

/// What users prove themselves by beside a password, by id: the sorts of their active factors.
pub(super) type Factors = BTreeMap<String, Known<Vec<String>>>;

/// How good that is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strength {
    None,
    /// SMS, voice, e-mail or a question: whoever has the telephone number or the mailbox has it too.
    Weak,
    Strong,
}

/// What an app can have, by what it is.
struct Wants {
    secrets: bool,
    keys: bool,
    grants: bool,
    roles: bool,
    tokens: bool,
    audience: bool,
}

impl Wants {
    fn of(app: &App, is_ai: bool) -> Self {
        let credentials = app.credentials.oauth_client.as_ref();
        let method = credentials.and_then(|client| client.token_endpoint_auth_method.as_deref()).unwrap_or_default();
        let client = app.settings.oauth_client.as_ref();
        let has = |grant: &str| client.is_some_and(|client| client.grant_types.iter().any(|one| one == grant));
        // Only confidential clients can be given scopes of Okta's API, and only those of client credentials a role.
        let is_confidential = credentials.is_some() && !matches!(method, "" | "none");
        Self {
            secrets: method.starts_with("client_secret"),
            keys: method == "private_key_jwt" && client.is_some_and(|client| client.jwks_uri.is_none()),
            grants: is_confidential || has("client_credentials") || (is_ai && credentials.is_some()),
            roles: has("client_credentials"),
            tokens: has("refresh_token"),
            audience: is_ai && app.status == "ACTIVE",
        }
    }

    fn requests(&self) -> usize {
        let audience = 2 * usize::from(self.audience);
        [self.secrets, self.keys, self.grants, self.roles, self.tokens].into_iter().filter(|one| *one).count()
            + audience
    }
}

impl Walk<'_> {
    /// Reads and sends every app.
    pub(super) async fn read_apps(&self, apps: Vec<App>, agents: &[Agent]) -> Result<Vec<ReadApp>, CollectError> {
        let linked: BTreeSet<&str> = agents.iter().filter_map(|agent| agent.app_id.as_deref()).collect();
        let is_ai = |app: &App| linked.contains(app.id.as_str()) || self.hints.is_ai(app);
        self.expect(apps.iter().map(|app| Wants::of(app, is_ai(app)).requests()).sum());
        let mut factors = self.factors.clone();
        let mut kept = Vec::new();
        let parts = each(&apps, |at| self.parts(&apps[at], linked.contains(apps[at].id.as_str()), is_ai(&apps[at])));
        for (it, (mut parts, roles)) in apps.iter().zip(parts.await?) {
            if Wants::of(it, parts.is_ai).audience {
                parts.audience = Some(self.audience(it, &mut factors).await?);
            }
            let maker = self.log.maker(&it.id).and_then(|maker| self.people.email(maker));
            parts.maker = maker;
            self.send(app(self.site, it, &parts, &self.log)).await?;
            self.send_tokens(it, &parts).await?;
            if let Known::Value(roles) = &roles {
                let holder = self.site.urn("app", &it.id);
                let client = client_id(it);
                self.send(role_grants(self.site, &self.book, &holder, roles, (&CLIENT_ROLES, client))).await?;
            }
            if parts.is_ai || parts.is_agents {
                kept.push(ReadApp { app: it.clone(), parts });
            }
        }
        Ok(kept)
    }

    async fn parts(
        &self,
        app: &App,
        is_agents: bool,
        is_ai: bool,
    ) -> Result<(AppParts, Known<Vec<RoleAssignment>>), CollectError> {
        let wants = Wants::of(app, is_ai);
        let reader = self.reader();
        let mut parts = AppParts { is_agents, is_ai, ..AppParts::default() };
        if wants.secrets {
            parts.secrets = reader.list(&CLIENT_SECRETS, &app.id).await?;
        }
        if wants.keys {
            parts.keys = reader.list(&CLIENT_KEYS, &app.id).await?;
        }
        if wants.grants {
            parts.grants = reader.list(&SCOPE_GRANTS, &app.id).await?;
        }
        if wants.tokens {
            parts.tokens = reader.list(&REFRESH_TOKENS, &app.id).await?;
        }
        let mut roles = Known::Absent;
        if wants.roles {
            roles = reader.list::<RoleAssignment>(&CLIENT_ROLES, client_id(app)).await?;
            parts.roles = role_names(&self.book, &roles);
        }
        Ok((parts, roles))
    }

    /// Who may use an AI app, and how strong their factors are.
    async fn audience(&self, app: &App, factors: &mut Factors) -> Result<Audience, CollectError> {
        let reader = self.reader();
        let groups = reader.list::<AppAssignment>(&APP_GROUPS, &app.id).await?;
        let everyone = match (&groups, &self.everyone) {
            (Known::Value(groups), Known::Value(everyone)) => {
                Known::Value(groups.iter().any(|one| one.id == *everyone))
            }
            (Known::Value(_) | Known::Absent, Known::Absent) | (Known::Absent, _) => Known::Value(false),
            (Known::Unknown(why), _) | (_, Known::Unknown(why)) => Known::Unknown(why.clone()),
        };
        let users = match reader.list::<AppAssignment>(&APP_USERS, &app.id).await? {
            Known::Value(users) => users,
            Known::Absent => Vec::new(),
            Known::Unknown(why) => {
                let (users, bare, weak) =
                    (Known::Unknown(why.clone()), Known::Unknown(why.clone()), Known::Unknown(why));
                return Ok(Audience { everyone, users, bare, weak });
            }
        };
        let people: Vec<&str> = users
            .iter()
            .map(|user| user.id.as_str())
            .filter(|id| self.people.get(id).is_none_or(|user| !self.hints.is_service(user)))
            .filter(|id| self.people.is_active(id) != Known::Value(false))
            .collect();
        self.ask_factors(&people, factors).await?;
        let login = |id: &str| self.people.get(id).map_or_else(|| id.to_owned(), |user| user.profile.login.clone());
        let with = |strength: Strength| {
            let mut logins = Vec::new();
            for id in &people {
                match factors.get(*id) {
                    Some(Known::Value(found)) if strength_of(found) == strength => logins.push(login(id)),
                    Some(Known::Unknown(why)) => return Known::Unknown(why.clone()),
                    _ => {}
                }
            }
            logins.sort();
            Known::Value(logins)
        };
        let users = Known::Value(i64::try_from(people.len()).unwrap_or(i64::MAX));
        Ok(Audience { everyone, users, bare: with(Strength::None), weak: with(Strength::Weak) })
    }

    /// Asks for the factors of those who were not asked about yet.
    pub(super) async fn ask_factors(&self, people: &[&str], factors: &mut Factors) -> Result<(), CollectError> {
        let room = MOST_USERS.saturating_sub(factors.len());
        let mut open: Vec<&str> = people.iter().copied().filter(|id| !factors.contains_key(*id)).collect();
        if open.len() > room {
            let why = format!("factors are asked for {MOST_USERS} users and no more");
            self.reader().cut(&FACTORS, why.clone());
            for id in open.drain(room..) {
                factors.insert(id.to_owned(), Known::Unknown(why.clone()));
            }
        }
        self.expect(open.len());
        let reader = self.reader();
        let found = each(&open, |at| reader.list::<Factor>(&FACTORS, open[at])).await?;
        factors.extend(open.iter().map(|id| (*id).to_owned()).zip(found.into_iter().map(active)));
        Ok(())
    }

    /// The refresh tokens of an app. Of an app of everybody there are very many, which are counted and not named.
    async fn send_tokens(&self, app: &App, parts: &AppParts) -> Result<(), CollectError> {
        let Known::Value(tokens) = &parts.tokens else { return Ok(()) };
        if tokens.len() > MOST_TOKENS {
            let why = format!("the first {MOST_TOKENS} refresh tokens of {} are named, the others counted", app.label);
            self.reader().cut(&REFRESH_TOKENS, why);
        }
        let named = tokens.iter().take(MOST_TOKENS);
        self.send(named.map(|token| refresh_token(self.site, token, app, &self.people)).collect()).await
    }

    /// API service integrations and their secrets.
    pub(super) async fn integrations(&self) -> Result<(), CollectError> {
        let reader = self.reader();
        let list = reader.list::<Integration>(&INTEGRATIONS, "").await?.value().cloned().unwrap_or_default();
        let secrets = each(&list, |at| reader.list(&INTEGRATION_SECRETS, &list[at].id)).await?;
        for (it, secrets) in list.iter().zip(&secrets) {
            let maker = match &it.created_by {
                Some(id) => (self.people.email(id), self.people.is_active(id)),
                None => (None, Known::Absent),
            };
            self.send(integration(self.site, it, secrets, maker, &self.log)).await?;
        }
        Ok(())
    }
}

fn client_id(app: &App) -> &str {
    app.credentials.oauth_client.as_ref().and_then(|client| client.client_id.as_deref()).unwrap_or(&app.id)
}

/// The sorts of the factors that work.
fn active(factors: Known<Vec<Factor>>) -> Known<Vec<String>> {
    let sorts = |factors: Vec<Factor>| {
        let active = factors.into_iter().filter(|factor| factor.status == "ACTIVE");
        active.map(|factor| factor.factor_type).collect::<BTreeSet<String>>().into_iter().collect()
    };
    match factors {
        Known::Absent => Known::Value(Vec::new()),
        known => known.map(sorts),
    }
}

fn strength_of(factors: &[String]) -> Strength {
    const WEAK: &[&str] = &["sms", "call", "email", "question"];
    if factors.is_empty() {
        Strength::None
    } else if factors.iter().all(|factor| WEAK.contains(&factor.as_str())) {
        Strength::Weak
    } else {
        Strength::Strong
    }
}
