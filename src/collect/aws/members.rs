//! The accounts of an organisation, and the way into each through a role. It must not stay in an account or judge it.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use serde_json::Value;

use super::accounts::{Accounts, Member};
use super::answer::{each_at, text};
use super::arn::Account;
use super::calls;
use super::client;
use super::live::caller;
use super::refusal::Refusal;
use super::thin::Thin;

/// How the sessions are called in the logs of the accounts that are entered.
const SESSION: &str = "nonhuman";

/// How long a session lasts: the shortest that a role allows by default.
const SESSION_LENGTH: Duration = Duration::from_secs(3600);

/// The accounts of the organisation, as targets. `None` where it cannot be asked; reading then says why.
pub async fn organisation(profile: Option<&str>) -> Option<Accounts> {
    let config = client::load(profile).await;
    let home = caller(&client::sts(&config), "").await.ok()?;
    let mut members = list(&config, &home).await.ok()?;
    members.sort_by(|one, other| one.id.cmp(&other.id));
    members.dedup();
    Some(Accounts { home: true, members })
}

/// The other accounts of the organisation.
pub(super) async fn list(config: &SdkConfig, home: &Account) -> Result<Vec<Member>, Refusal> {
    let thin = Thin::new(config.clone(), &home.partition);
    let call = calls::all().find(|call| call.operation == "list-accounts");
    let call = call.ok_or_else(|| Refusal::broken("the table has no such call"))?;
    let answer = thin.ask(call, "", &[]).await?;
    let members = each_at(&answer, "/Accounts/*").into_iter().map(member);
    Ok(members.filter(|member| !member.id.is_empty() && member.id != home.id).collect())
}

fn member(account: &Value) -> Member {
    let state = if text(account, "State").is_empty() { text(account, "Status") } else { text(account, "State") };
    Member { id: text(account, "Id").to_owned(), active: state == "ACTIVE", state: state.to_lowercase() }
}

/// The configuration of a session in another account.
pub(super) async fn enter(config: &SdkConfig, account: &Account, role: &str) -> Result<SdkConfig, Refusal> {
    let arn = account.iam_arn(&format!("role/{}", role.trim_start_matches('/')));
    let provider = AssumeRoleProvider::builder(arn.as_str())
        .session_name(SESSION)
        .session_length(SESSION_LENGTH)
        .configure(config)
        .build()
        .await;
    let provider = SharedCredentialsProvider::new(provider);
    // Asked now, so that a refusal is one hole of the account and not one of every call.
    provider.provide_credentials().await.map_err(|error| {
        let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        Refusal::unasked(&format!("{arn} cannot be assumed: {error}: {source}"))
    })?;
    Ok(config.to_builder().credentials_provider(provider).build())
}
