//! How many requests an organisation of size costs: the floor by the formula of `nonhuman permissions okta --plan`.

use super::*;

const USERS: usize = 10_000;
const APPS: usize = 2_000;
const TOKENS: usize = 500;

/// Every twentieth app is a service app with a key, every fortieth a web app with a secret; the rest are SAML.
pub(super) fn big_org() -> Org {
    let mut org = acme_org();
    for (_, list) in org.lists.values_mut() {
        list.clear();
    }
    let user = |n: usize| {
        json!({ "id": format!("00u{n}"), "status": "ACTIVE", "created": "2024-01-01T00:00:00.000Z",
            "profile": { "login": format!("user{n}@acme.example"), "email": format!("user{n}@acme.example"),
                "firstName": "User", "lastName": n.to_string(), "userType": "employee", "department": "shop" } })
    };
    let token = |n: usize| {
        json!({ "id": format!("00T{n}"), "name": format!("token {n}"), "userId": format!("00u{n}"),
            "created": "2026-01-01T00:00:00.000Z", "expiresAt": "2026-12-01T00:00:00.000Z", "tokenWindow": "P30D" })
    };
    let app = |n: usize| {
        let (method, grants) = match (n % 20, n % 40) {
            (0, 20) => ("client_secret_basic", vec!["authorization_code"]),
            (0, _) => ("private_key_jwt", vec!["client_credentials"]),
            _ => {
                return json!({ "id": format!("0oa{n}"), "label": format!("App {n}"), "status": "ACTIVE", "signOnMode": "SAML_2_0" });
            }
        };
        json!({ "id": format!("0oa{n}"), "label": format!("App {n}"), "status": "ACTIVE", "signOnMode": "OPENID_CONNECT",
            "credentials": { "oauthClient": { "client_id": format!("0oa{n}"), "token_endpoint_auth_method": method } },
            "settings": { "oauthClient": { "grant_types": grants } } })
    };
    org.lists.insert("/api/v1/users".to_owned(), (None, (0..USERS).map(user).collect()));
    org.lists.insert("/api/v1/apps".to_owned(), (None, (0..APPS).map(app).collect()));
    org.lists.insert("/api/v1/api-tokens".to_owned(), (None, (0..TOKENS).map(token).collect()));
    for n in (0..APPS).step_by(20) {
        let id = format!("0oa{n}");
        for path in ["credentials/secrets", "credentials/jwks", "grants"] {
            org.lists.insert(format!("/api/v1/apps/{id}/{path}"), (None, Vec::new()));
        }
        org.lists.insert(format!("/oauth2/v1/clients/{id}/roles"), (None, Vec::new()));
    }
    org
}

#[tokio::test(flavor = "multi_thread")]
async fn the_number_of_requests_is_that_of_the_formula() {
    let server = OktaServer::start(Org { limit: Some((5_000, 60)), ..big_org() });
    let found = records(live(&server.url, token(), None), Duration::from_secs(300)).await;
    let inventory = Inventory::build(found);
    assert_eq!(holes(&inventory), []);
    assert_eq!((inventory.people.len(), coverage(&inventory, "apps").count), (USERS, APPS as u64));
    let floor = floor();
    let calls = server.calls().len();
    assert!(calls * 100 <= floor * 105, "{calls} requests, the floor is {floor}");
    assert!(calls >= floor, "{calls} requests are fewer than the floor of {floor}: the formula is wrong");
}

/// 50 pages of users, one of those who left, one of groups, 10 of apps; 50 apps with a key (key, scopes, role), 50 with a
/// secret (secret, scopes); 17 lists that are asked once.
pub(super) fn floor() -> usize {
    USERS / 200 + 1 + 1 + APPS / 200 + 50 * 3 + 50 * 2 + ONCE
}

/// API tokens, custom roles, users with roles, log, streams, hooks, zones, devices, agents, integrations, two kinds of
/// vaulted accounts, directory agents, three kinds of policies, authorization servers.
const ONCE: usize = 17;
