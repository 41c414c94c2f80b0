//! What the caller says about an organisation to ask. Neither a token nor a key of it can be printed.

use std::path::PathBuf;

/// What proves to Okta who we are.
#[derive(Clone)]
pub enum Login {
    /// An API token (`SSWS`).
    Token(String),
    /// A service app with its private key.
    ServiceApp {
        /// The client id.
        client_id: String,
        /// PEM or JWK.
        private_key: String,
        /// The id of the key, where the app has several and the key is a PEM.
        key_id: Option<String>,
    },
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Token(_) => "Token",
            Self::ServiceApp { .. } => "ServiceApp",
        })
    }
}

/// Which organisation to ask, and how.
#[derive(Clone, Debug)]
pub struct OktaSettings {
    /// Its URL.
    pub url: String,
    /// What proves who we are.
    pub login: Login,
    /// Where answers are kept until all are there.
    pub resume: Option<PathBuf>,
}
