//! Policies that let people in, and authorization servers that give out tokens.

use std::collections::BTreeMap;

use super::super::answer::{AuthorizationServer, Policy, PolicyRule};
use super::super::endpoint::{
    ACCESS_POLICIES, AUTHORIZATION_SERVERS, ENROL_POLICIES, Endpoint, POLICY_RULES, SERVER_POLICIES, SERVER_RULES,
    SIGN_ON_POLICIES,
};
use super::super::records::{access_rules, enrolment_policy, policy_setting, server_rules, sign_on_rules};
use super::apps::ReadApp;
use super::{Walk, each};
use crate::collect::CollectError;
use crate::model::{Known, Record, SettingKind};

impl Walk<'_> {
    /// The policies by which people get into apps and into Okta, and those by which they enrol factors.
    pub(super) async fn policies(&self, apps: &[ReadApp]) -> Result<(), CollectError> {
        let mut behind: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for read in apps.iter().filter(|read| read.app.status == "ACTIVE") {
            let href = read.app.links.access_policy.as_ref().map(|link| link.href.as_str());
            let policy = href.and_then(|href| href.split('?').next()?.rsplit('/').next());
            behind.entry(policy.unwrap_or_default().to_owned()).or_default().push(read.app.label.clone());
        }
        behind.remove("");
        for (policy, rules) in self.with_rules(&ACCESS_POLICIES).await? {
            let names = behind.get(&policy.id).map(Vec::as_slice).unwrap_or_default();
            let setting = policy_setting(self.site, SettingKind::OktaAccessPolicy, &ACCESS_POLICIES, &policy, names);
            self.send(vec![setting]).await?;
            self.send(access_rules(self.site, &policy, &rules, names)).await?;
        }
        for (policy, rules) in self.with_rules(&SIGN_ON_POLICIES).await? {
            let setting = policy_setting(self.site, SettingKind::OktaSignOnPolicy, &SIGN_ON_POLICIES, &policy, &[]);
            self.send(vec![setting]).await?;
            self.send(sign_on_rules(self.site, &policy, &rules)).await?;
        }
        for (policy, rules) in self.with_rules(&ENROL_POLICIES).await? {
            self.send(enrolment_policy(self.site, &policy, &rules)).await?;
        }
        Ok(())
    }

    /// The policies of a sort, with the rules of those that are switched on.
    async fn with_rules(&self, sort: &Endpoint) -> Result<Vec<(Policy, Vec<PolicyRule>)>, CollectError> {
        let reader = self.reader();
        let policies = reader.list::<Policy>(sort, "").await?.value().cloned().unwrap_or_default();
        let is_on = |policy: &Policy| policy.status == "ACTIVE";
        self.expect(policies.iter().filter(|policy| is_on(policy)).count());
        let rules = each(&policies, |at| {
            let policy = &policies[at];
            async move {
                if is_on(policy) {
                    reader.list::<PolicyRule>(&POLICY_RULES, &policy.id).await
                } else {
                    Ok(Known::Absent)
                }
            }
        });
        let rules =
            rules.await?.into_iter().map(|rules| rules.value().cloned().unwrap_or_default()).collect::<Vec<_>>();
        Ok(policies.into_iter().zip(rules).collect())
    }

    /// Authorization servers, their policies and rules.
    pub(super) async fn servers(&self) -> Result<(), CollectError> {
        let reader = self.reader();
        let servers = reader.list::<AuthorizationServer>(&AUTHORIZATION_SERVERS, "").await?;
        let servers = servers.value().cloned().unwrap_or_default();
        let policies = each(&servers, |at| reader.list::<Policy>(&SERVER_POLICIES, &servers[at].id)).await?;
        for (server, policies) in servers.iter().zip(policies) {
            let setting = self.site.server(server);
            let urn = setting.id.clone();
            self.send(vec![Record::Setting(setting)]).await?;
            let Known::Value(policies) = policies else { continue };
            let active: Vec<Policy> = policies.into_iter().filter(|policy| policy.status == "ACTIVE").collect();
            let parent = |policy: &Policy| format!("{}/{}", server.id, policy.id);
            let names: Vec<String> = active.iter().map(parent).collect();
            let rules = each(&names, |at| reader.list::<PolicyRule>(&SERVER_RULES, &names[at])).await?;
            for ((policy, rules), parent) in active.iter().zip(&rules).zip(&names) {
                let rules = rules.value().map(Vec::as_slice).unwrap_or_default();
                self.send(server_rules(self.site, (&server.name, &urn), parent, policy, rules)).await?;
            }
        }
        Ok(())
    }
}
