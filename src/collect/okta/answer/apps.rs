//! Apps and what hangs on them: metadata of secrets and keys, consents, refresh tokens, assignments. No values of secrets.

use super::{Link, Network, answers};

answers! {
    /// `GET /api/v1/apps`.
    App {
        id: String,
        name: String,
        label: String,
        status: String,
        created: Option<String>,
        last_updated: Option<String>,
        sign_on_mode: String,
        orn: Option<String>,
        credentials: AppCredentials,
        settings: AppSettings,
        #[serde(rename = "_links")]
        links: AppLinks,
    }
    /// `credentials` of an app.
    AppCredentials { oauth_client: Option<OAuthCredentials> }
    /// `credentials.oauthClient`, whose fields have underscores.
    OAuthCredentials {
        #[serde(rename = "client_id")]
        client_id: Option<String>,
        #[serde(rename = "token_endpoint_auth_method")]
        token_endpoint_auth_method: Option<String>,
        #[serde(rename = "pkce_required")]
        pkce_required: Option<bool>,
        auto_key_rotation: Option<bool>,
    }
    /// `settings` of an app.
    AppSettings { notes: Notes, oauth_client: Option<OAuthClient> }
    /// `settings.notes`.
    Notes { admin: Option<String> }
    /// `settings.oauthClient`, whose fields have underscores.
    OAuthClient {
        #[serde(rename = "application_type")]
        application_type: Option<String>,
        #[serde(rename = "grant_types")]
        grant_types: Vec<String>,
        #[serde(rename = "redirect_uris")]
        redirect_uris: Vec<String>,
        #[serde(rename = "wildcard_redirect")]
        wildcard_redirect: Option<String>,
        #[serde(rename = "dpop_bound_access_tokens")]
        dpop_bound_access_tokens: bool,
        jwks: Option<Jwks>,
        #[serde(rename = "jwks_uri")]
        jwks_uri: Option<String>,
        network: Option<Network>,
    }
    /// A key set that stands in an app.
    Jwks { keys: Vec<Jwk> }
    /// `_links` of an app.
    AppLinks {
        access_policy: Option<Link>,
        #[serde(rename = "self")]
        own: Option<Link>,
    }
    /// `GET /api/v1/apps/{id}/credentials/secrets`: the answer also holds `client_secret`, for which there is no field.
    ClientSecret { id: String, status: String, created: Option<String>, last_updated: Option<String> }
    /// A public key. The modulus is public, and its length is what is judged.
    Jwk {
        id: Option<String>,
        kid: Option<String>,
        kty: String,
        alg: Option<String>,
        status: String,
        created: Option<String>,
        n: Option<String>,
        e: Option<String>,
        crv: Option<String>,
        x: Option<String>,
        y: Option<String>,
    }
    /// `GET /api/v1/apps/{id}/grants`: a scope that the app may ask for.
    ScopeGrant { id: String, scope_id: String, status: String, source: Option<String>, user_id: Option<String>, created: Option<String> }
    /// `GET /api/v1/apps/{id}/tokens`: a refresh token.
    RefreshToken {
        id: String,
        status: String,
        created: Option<String>,
        last_updated: Option<String>,
        expires_at: Option<String>,
        user_id: Option<String>,
        scopes: Vec<String>,
    }
    /// A user or a group that an app is assigned to.
    AppAssignment { id: String, status: Option<String> }
    /// `GET /integrations/api/v1/api-services`.
    Integration {
        id: String,
        #[serde(rename = "type")]
        kind: Option<String>,
        name: String,
        created_at: Option<String>,
        created_by: Option<String>,
        granted_scopes: Vec<String>,
    }
}
