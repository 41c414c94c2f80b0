//! Policies that let people in, and authorization servers that give out tokens.

use std::collections::BTreeMap;

use super::super::answer::{AuthorizationServer, Policy, PolicyRule};
use super::super::endpoint::{
    ACCESS_POLICIES, AUTHORIZATION_SERVERS, ENROL_POLICIES, POLICY_RULES, SERVER_POLICIES, SERVER_RULES,
    SIGN_ON_POLICIES,
};
use super::super::records::{access_rules, enrolment_policy, server_rules, sign_on_rules};
use super::apps::ReadApp;
use super::{Walk, each};
use crate::collect::CollectError;
use crate::model::{Known, Record};

impl Walk<'_> {
    /// The rules of access policies are read for those that let people into AI apps.
    pub(super) async fn policies(&self, apps: &[ReadApp]) -> Result<(), CollectError> {
        let reader = self.reader();
        let mut behind: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for read in apps.iter().filter(|read| read.app.status == "ACTIVE") {
            let href = read.app.links.access_policy.as_ref().map(|link| link.href.as_str());
            let policy = href.and_then(|href| href.split('?').next()?.rsplit('/').next());
            behind.entry(policy.unwrap_or_default().to_owned()).or_default().push(read.app.label.clone());
        }
        behind.remove("");
        let access = reader.list::<Policy>(&ACCESS_POLICIES, "").await?.value().cloned().unwrap_or_default();
        let access: Vec<Policy> = access.into_iter().filter(|policy| behind.contains_key(&policy.id)).collect();
        let rules = each(&access, |at| reader.list::<PolicyRule>(&POLICY_RULES, &access[at].id)).await?;
        for (policy, rules) in access.iter().zip(&rules) {
            let names = behind.get(&policy.id).map(Vec::as_slice).unwrap_or_default();
            let rules = rules.value().map(Vec::as_slice).unwrap_or_default();
            self.send(access_rules(self.site, policy, rules, names)).await?;
        }
        let sign_on = reader.list::<Policy>(&SIGN_ON_POLICIES, "").await?.value().cloned().unwrap_or_default();
        let sign_on: Vec<Policy> = sign_on.into_iter().filter(|policy| policy.status == "ACTIVE").collect();
        let rules = each(&sign_on, |at| reader.list::<PolicyRule>(&POLICY_RULES, &sign_on[at].id)).await?;
        for (policy, rules) in sign_on.iter().zip(&rules) {
            let rules = rules.value().map(Vec::as_slice).unwrap_or_default();
            self.send(sign_on_rules(self.site, policy, rules)).await?;
        }
        let enrol = reader.list::<Policy>(&ENROL_POLICIES, "").await?.value().cloned().unwrap_or_default();
        self.send(enrol.iter().map(|policy| enrolment_policy(self.site, policy)).collect()).await
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
