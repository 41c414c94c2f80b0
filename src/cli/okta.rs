//! The flags and the environment of the Okta source. Tokens and keys are never flags: other users of a machine can read those.

use std::path::{Path, PathBuf};

use clap::Args;

use super::Failure;
use super::wanted::must_exist;
use crate::collect::okta::{Hints, Login, OktaSettings};
use crate::collect::registry::Request;
use crate::config::{self, Config};
use crate::embedded;

/// Where Okta is read from.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct OktaSources {
    /// Read the Okta organisation at this URL, with NONHUMAN_OKTA_TOKEN, or NONHUMAN_OKTA_CLIENT_ID and
    /// NONHUMAN_OKTA_PRIVATE_KEY (or …_FILE)
    #[arg(long, value_name = "URL", env = "NONHUMAN_OKTA", help_heading = "Sources")]
    pub okta: Option<String>,
    /// Keep Okta's answers (without secrets) in this file until all are there, and go on from it when a run was cut short
    #[arg(long, value_name = "FILE", requires = "okta", env = "NONHUMAN_OKTA_RESUME", help_heading = "Sources")]
    pub okta_resume: Option<PathBuf>,
    /// Read answers of Okta from a folder: apps.json, users.json, api-tokens.json … (`nonhuman permissions okta --plan`)
    #[arg(long, value_name = "DIR", help_heading = "Sources")]
    pub okta_export: Vec<PathBuf>,
}

impl OktaSources {
    /// Whether something of Okta is to be read.
    pub(super) fn is_some(&self) -> bool {
        self.okta.is_some() || !self.okta_export.is_empty()
    }

    /// Adds what is to be read to a request.
    pub(super) fn add_to(&self, request: &mut Request, config: &Config) -> Result<(), Failure> {
        request.okta_hints = Hints::parse(embedded::facts("okta"), &config.okta.ai_apps).map_err(Failure)?;
        self.okta_export.iter().try_for_each(|folder| must_exist(folder))?;
        request.okta_exports.clone_from(&self.okta_export);
        if let Some(url) = &self.okta {
            let login = login()?;
            request.okta = Some(OktaSettings { url: url.clone(), login, resume: self.okta_resume.clone() });
        }
        Ok(())
    }
}

fn login() -> Result<Login, Failure> {
    let given = config::okta_environment();
    let key = match (&given.private_key, &given.private_key_file) {
        (Some(key), _) => Some(key.clone()),
        (None, Some(file)) => Some(read_key(file)?),
        (None, None) => None,
    };
    match (given.client_id, key, given.token) {
        (Some(client_id), Some(private_key), _) => {
            Ok(Login::ServiceApp { client_id, private_key, key_id: given.key_id })
        }
        (Some(_), None, None) => Err(Failure(
            "NONHUMAN_OKTA_CLIENT_ID is set without its key: set NONHUMAN_OKTA_PRIVATE_KEY or \
             NONHUMAN_OKTA_PRIVATE_KEY_FILE (PEM or JWK)"
                .to_owned(),
        )),
        (_, _, Some(token)) => Ok(Login::Token(token)),
        (None, _, None) => Err(Failure(
            "--okta needs NONHUMAN_OKTA_CLIENT_ID and NONHUMAN_OKTA_PRIVATE_KEY_FILE, or NONHUMAN_OKTA_TOKEN, in the \
             environment; see 'nonhuman permissions okta'"
                .to_owned(),
        )),
    }
}

fn read_key(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file)
        .map_err(|error| Failure(format!("NONHUMAN_OKTA_PRIVATE_KEY_FILE: {}: {error}", file.display())))
}
