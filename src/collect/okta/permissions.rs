//! What the collector needs to be allowed, and what it asks, from the table of endpoints. It must not hold a list of its own.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::endpoint::ALL;

/// The scopes to grant, and how.
pub fn permissions() -> String {
    let scopes: BTreeSet<&str> = ALL.iter().map(|endpoint| endpoint.scope).collect();
    let mut text = String::from(
        "# Okta: read only. An API service app (OAuth 2.0 client credentials) is the better way:\n\
         #   Applications > Create App Integration > API Services; Client authentication: Public key / Private key;\n\
         #   Okta API Scopes: grant those below; Admin roles: Read-only Administrator\n\
         #   (AI agents need a role that may see them; without it they are a hole in the report, and nothing else is).\n\
         #   export NONHUMAN_OKTA_CLIENT_ID=0oa… NONHUMAN_OKTA_PRIVATE_KEY_FILE=key.pem\n\
         # A token (export NONHUMAN_OKTA_TOKEN=…) works too: it can all that its user can, so make it as a user whose only\n\
         # role is Read-only Administrator, and limit it to your network zone.\n\
         # A scope that is missing is a hole for what needs it alone.\n",
    );
    for scope in scopes {
        let needed: Vec<&str> = ALL.iter().filter(|one| one.scope == scope).map(|one| one.what).collect();
        let _ = writeln!(text, "{scope:<36} # {}", needed.join(", "));
    }
    text
}

/// Every request, and the file that an export keeps its answer in.
pub fn plan() -> String {
    let mut text = String::from(
        "# What is asked (GET only), how often, and the file of an export that holds the answer (an array, or {\"data\": []}).\n\
         # Things of a parent: <file>/<id of the parent>.json each, or one <file>.json as an object by id.\n\
         # Remove client_secret before an export leaves your hands; it is not needed and not read.\n\
         # The least number of requests, with n things in pages of p as ceil(n / p), at least 1:\n\
         #   users / 200 + deprovisioned / 200 + groups / 200 + apps / 200 + log events / 1000 (at most 100)\n\
         #   + 1 a custom role or resource set + 1 a user with a role + 1 a group that hands out a role\n\
         #   + 1 a person who holds a role or may use an AI app, and 1 a user that is a machine, for their factors\n\
         #   + for each app: 1 if it has secrets, 1 if it has keys of its own, 1 if it is confidential, 1 if it uses client\n\
         #     credentials, 1 for each 200 refresh tokens if it may have some; of AI apps 1 + users / 500\n\
         #   + 1 an integration + 4 an AI agent + 1 a policy + 1 an authorization server and 1 a policy of it\n\
         #   + 1 each of the lists below that are asked once\n",
    );
    for endpoint in ALL {
        let path = endpoint.path.replace("{}", "<id>");
        let often = if endpoint.is_nested() { "each" } else { "once" };
        let file = if endpoint.is_nested() {
            format!("{}/<id>.json", endpoint.file)
        } else {
            format!("{}.json", endpoint.file)
        };
        let _ = writeln!(text, "{often}  {file:<36} GET {path}");
    }
    text
}
