//! Lists the OIDC and SAML providers an account trusts, and its alias. It must not read SAML metadata documents.

use aws_sdk_iam::Client;
use aws_sdk_iam::operation::get_open_id_connect_provider::GetOpenIdConnectProviderOutput;
use futures::stream::{self, StreamExt};

use super::convert;
use super::export::SamlProvider;
use super::keys::AT_ONCE;
use super::live::Visit;
use super::refusal::{Refusal, Tally};
use super::site::Origin;
use crate::collect::CollectError;
use crate::model::{FactKind, Record};

impl Visit {
    /// Sends the OIDC providers with their tags.
    pub(super) async fn oidc_providers(&self) -> Result<(), CollectError> {
        const WHAT: &str = "OIDC providers";
        let site = &self.projection.site;
        let list = match self.iam.list_open_id_connect_providers().send().await {
            Ok(answer) => answer.open_id_connect_provider_list.unwrap_or_default(),
            Err(error) => {
                let refusal = Refusal::of(&error);
                let action = "iam:ListOpenIDConnectProviders";
                return self.cover(refusal.hole(site, WHAT, action, &[FactKind::Identities])).await;
            }
        };
        self.cover(site.complete(WHAT, list.len() as u64)).await?;
        let asked: Vec<_> =
            list.into_iter().filter_map(|provider| provider.arn).map(|arn| detail(self.iam.clone(), arn)).collect();
        if asked.is_empty() {
            return Ok(());
        }
        let mut tally = Tally::default();
        let mut answers = stream::iter(asked).buffer_unordered(AT_ONCE);
        while let Some((arn, answer)) = answers.next().await {
            let detail = match answer {
                Ok(answer) => {
                    tally.answered += 1;
                    tally.count += 1;
                    Some(convert::oidc_provider(answer))
                }
                Err(refusal) => {
                    tally.failures.push((arn.clone(), refusal));
                    None
                }
            };
            self.send(vec![site.oidc_provider(&arn, detail.as_ref(), &Origin::Api)]).await?;
        }
        let action = "iam:GetOpenIDConnectProvider";
        self.cover(tally.entry(site, "OIDC provider details", action, &[FactKind::Identities])).await
    }

    /// Sends the SAML providers.
    pub(super) async fn saml_providers(&self) -> Result<(), CollectError> {
        const WHAT: &str = "SAML providers";
        let site = &self.projection.site;
        let list = match self.iam.list_saml_providers().send().await {
            Ok(answer) => answer.saml_provider_list.unwrap_or_default(),
            Err(error) => {
                let hole = Refusal::of(&error).hole(site, WHAT, "iam:ListSAMLProviders", &[FactKind::Identities]);
                return self.cover(hole).await;
            }
        };
        let records: Vec<Record> = list
            .iter()
            .filter_map(|provider| {
                let provider = SamlProvider {
                    arn: provider.arn.clone()?,
                    created: convert::moment(provider.create_date.as_ref()),
                    ends: convert::moment(provider.valid_until.as_ref()),
                };
                Some(site.saml_provider(&provider, &Origin::Api))
            })
            .collect();
        self.send(records).await?;
        self.cover(site.complete(WHAT, list.len() as u64)).await
    }

    /// Says how the account is called. Nothing depends on it, so a refusal leaves no fact unknown.
    pub(super) async fn alias(&self) -> Result<(), CollectError> {
        let site = &self.projection.site;
        let entry = match self.iam.list_account_aliases().send().await {
            Ok(answer) => site.alias(&answer.account_aliases),
            Err(error) => Refusal::of(&error).hole(site, "account alias", "iam:ListAccountAliases", &[]),
        };
        self.cover(entry).await
    }
}

async fn detail(iam: Client, arn: String) -> (String, Result<GetOpenIdConnectProviderOutput, Refusal>) {
    let answer = iam.get_open_id_connect_provider().open_id_connect_provider_arn(&arn).send().await;
    (arn, answer.map_err(|error| Refusal::of(&error)))
}
