//! What is held back until every object was seen, since it depends on objects that may come later.
//! Of an object only what its record needs is held.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::aggregate::aggregate;
use super::audit::Uses;
use super::records::Projection;
use super::resources::Kind;
use crate::collect::CollectError;
use crate::model::{
    AttributeName, Attributes, Confidence, Credential, Evidence, Identity, Known, Link, LinkKind, Record, SettingKind,
    Urn, Usage, Workload,
};

/// Takes records; its error ends the telling.
pub(super) type Out<'a> = dyn FnMut(Record) -> Result<(), CollectError> + 'a;

/// A workload that another kind may make, or that refers to Secrets.
pub(super) struct Waiting {
    /// The kind that makes it, until it is known whether that kind was read.
    pub(super) owner: Option<Kind>,
    pub(super) workload: Workload,
    /// The Secrets it refers to, by namespace and name.
    pub(super) secrets: BTreeSet<String>,
    /// Credentials in its template.
    pub(super) exposures: Vec<Record>,
}

/// What was seen of a node by the pods on it.
pub(super) struct OnNode {
    /// The first of them by name, and where it was seen.
    pub(super) pod: String,
    pub(super) evidence: Evidence,
    /// As whom they run, by namespace and name.
    pub(super) accounts: BTreeSet<String>,
}

/// A service account. All of a cluster wait until its end, so each is kept as the text of its record, which takes a third of
/// the room.
pub(super) struct Account {
    /// By namespace and name.
    name: String,
    identity: Box<str>,
    /// Whether its token is mounted where a pod does not say.
    automount: Option<bool>,
    /// By namespace and name.
    pull_secrets: Vec<String>,
    /// The token Secrets that the platform made for it, by namespace and name.
    tokens: Vec<String>,
}

impl Account {
    pub(super) fn new(
        identity: &Identity,
        automount: Option<bool>,
        pull_secrets: Vec<String>,
        tokens: Vec<String>,
    ) -> Self {
        // A record that cannot be written would be missed when it is read again.
        let text = serde_json::to_string(identity).unwrap_or_default();
        Self { name: identity.name.clone(), identity: text.into(), automount, pull_secrets, tokens }
    }

    fn identity(&self) -> Result<Identity, CollectError> {
        serde_json::from_str(&self.identity).map_err(|error| CollectError::failed(&self.name, error))
    }
}

/// A token with what is to be said of its last use.
pub(super) struct Token {
    pub(super) credential: Credential,
    /// The service account, by namespace and name.
    pub(super) account: String,
    pub(super) used: Known<Timestamp>,
    /// The unique id of the service account that it was made for; empty where it is not said.
    pub(super) uid: String,
}

/// How pods get the token of a service account: a pod's own word counts, then the service account's, then yes
/// (Kubernetes documentation, "Opt out of API credential automounting").
#[derive(Debug, Default)]
pub(super) struct Mounting {
    asks: bool,
    unsaid: bool,
}

impl Mounting {
    pub(super) fn add(&mut self, said: Option<bool>) {
        self.asks |= said == Some(true);
        self.unsaid |= said.is_none();
    }

    /// Whether a pod gets the token, where the account's own word is not known; none where that decides.
    pub(super) fn without_account(&self) -> Option<bool> {
        if self.asks { Some(true) } else { (!self.unsaid).then_some(false) }
    }
}

/// That a workload reads a Secret, given by namespace and name.
fn reads(cluster: &str, workload: &Workload, secret: &str) -> Record {
    let (namespace, name) = secret.split_once('/').unwrap_or_default();
    Record::Link(Link {
        from: workload.id.clone(),
        kind: LinkKind::Uses,
        to: Urn::kubernetes(cluster, namespace, "secret", name),
        confidence: Confidence::Certain,
        condition: None,
        why: format!("its template takes Secret {secret}").into(),
        evidence: Arc::new(workload.evidence.clone()),
    })
}

impl Projection {
    /// Hands on the records that could only be made when every object had been seen, one by one: of a large cluster they
    /// are many.
    ///
    /// # Errors
    /// Only those of `out`.
    pub(super) fn finish(&mut self, out: &mut Out<'_>) -> Result<(), CollectError> {
        self.finish_tokens(out)?;
        self.finish_accounts(out)?;
        self.finish_named(out)?;
        for policy in aggregate(std::mem::take(&mut self.roles)) {
            out(Record::Policy(policy))?;
        }
        for (node, OnNode { evidence, accounts, .. }) in std::mem::take(&mut self.nodes) {
            let attributes = match accounts.is_empty() {
                true => Attributes::default(),
                false => Attributes::default().with(AttributeName::PodsOf, accounts.into_iter().collect::<Vec<_>>()),
            };
            let id = Urn::kubernetes_cluster(&self.cluster, "node", &node);
            let kind = SettingKind::KubernetesNode;
            out(Record::Setting(self.plain_setting(kind, id, node, evidence, attributes)))?;
        }
        let reads_workloads = [Kind::Pod, Kind::Deployment].into_iter().any(|kind| self.is_listed(kind));
        for mut setting in std::mem::take(&mut self.secrets) {
            let why = "what refers to Secrets was not read";
            let unreferenced = !self.referenced_secrets.contains(&setting.name);
            match reads_workloads {
                true if unreferenced => setting.attributes.set(AttributeName::Unreferenced, true),
                true => {}
                false => setting.attributes.set_known(AttributeName::Unreferenced, Known::<bool>::unknown(why)),
            }
            out(Record::Setting(setting))?;
        }
        Ok(())
    }

    /// Tokens with their last use, and workloads that read those of others.
    fn finish_tokens(&mut self, out: &mut Out<'_>) -> Result<(), CollectError> {
        let tokens = std::mem::take(&mut self.tokens);
        let accounts: BTreeMap<&str, &Account> =
            self.accounts.iter().map(|account| (account.name.as_str(), account)).collect();
        let mut of_tokens: BTreeMap<String, String> = BTreeMap::new();
        let knows_accounts = self.is_listed(Kind::ServiceAccount) && self.faults(Kind::ServiceAccount).is_none();
        for Token { mut credential, account, used, uid } in tokens {
            // The API server refuses the token of a service account that is not there (Kubernetes, "Managing Service
            // Accounts"), and that of one that was made anew, which has another id; but what it took since then it takes.
            let is_gone = match accounts.get(account.as_str()).map(|account| account.identity()).transpose()? {
                Some(Identity { unique_id: Some(own), created, .. }) => {
                    let was_taken = created.value().zip(used.value()).is_some_and(|(created, used)| used > created);
                    !uid.is_empty() && uid != own && !was_taken
                }
                Some(_) => false,
                None => knows_accounts,
            };
            if is_gone {
                credential.active = Known::Value(false);
            }
            if accounts.get(account.as_str()).is_some_and(|account| !account.tokens.contains(&credential.name)) {
                credential.attributes.set(AttributeName::ByHand, true);
            }
            let last = match (used, &self.since) {
                (Known::Absent, Known::Unknown(why)) => Known::unknown(why.clone()),
                (used, _) => used,
            };
            out(Record::Usage(Usage {
                of: credential.id.clone(),
                last,
                horizon: self.since.value().copied(),
                source: String::from("label kubernetes.io/legacy-token-last-used").into(),
                evidence: credential.evidence.clone(),
            }))?;
            if credential.active != Known::Value(false) {
                of_tokens.insert(credential.name.clone(), account);
            }
            out(Record::Credential(credential))?;
        }
        for Waiting { mut workload, secrets, exposures, .. } in std::mem::take(&mut self.waiting) {
            let own = |account: &str| {
                let (namespace, name) = account.split_once('/').unwrap_or_default();
                workload.runs_as.contains(&Urn::kubernetes(&self.cluster, namespace, "sa", name))
            };
            let others: Vec<String> =
                secrets.iter().filter_map(|secret| of_tokens.get(secret)).filter(|one| !own(one)).cloned().collect();
            if !others.is_empty() {
                workload.attributes.set(AttributeName::TokensOfOthers, others);
            }
            let telling = secrets.iter().filter(|one| of_tokens.contains_key(*one) || self.holding.contains(*one));
            let told: Vec<Record> = telling.map(|secret| reads(&self.cluster, &workload, secret)).collect();
            told.into_iter().chain([Record::Workload(workload)]).chain(exposures).try_for_each(&mut *out)?;
        }
        Ok(())
    }

    fn finish_accounts(&mut self, out: &mut Out<'_>) -> Result<(), CollectError> {
        let knows_secrets = self.knows_all_secrets;
        for account in std::mem::take(&mut self.accounts) {
            let mut identity = account.identity()?;
            let Account { automount, pull_secrets, .. } = account;
            let mounting = self.mounting.get(&identity.name);
            if mounting.is_some_and(|one| one.asks || (one.unsaid && automount.unwrap_or(true))) {
                identity.attributes.set(AttributeName::TokenMounted, true);
            }
            let missing: Vec<String> =
                pull_secrets.into_iter().filter(|secret| !self.secret_names.contains(secret)).collect();
            let namespace = identity.name.split('/').next().unwrap_or_default();
            match self.makers.gone(&identity.labels, namespace, knows_secrets) {
                Known::Absent => {}
                gone => identity.attributes.set_known(AttributeName::OwnerGone, gone),
            }
            if self.customs_unread {
                identity.attributes.set(AttributeName::UsesUnread, true);
            }
            if !missing.is_empty() && knows_secrets {
                identity.attributes.set(AttributeName::MissingPullSecrets, missing);
            } else if !missing.is_empty() {
                let why = "not all Secrets were read";
                identity.attributes.set_known(AttributeName::MissingPullSecrets, Known::<Vec<String>>::unknown(why));
            }
            if let Some(Uses { since: Some(since), until, accounts }) = &self.uses {
                let seen = accounts.get(&identity.name);
                let until = until.unwrap_or(self.observed);
                identity.attributes.set(AttributeName::LogUntil, until);
                if let Some(tool) = seen.and_then(|seen| seen.tool.as_ref()) {
                    identity.attributes.set(AttributeName::UsedWith, tool.as_str());
                }
                let asked = seen.map(|seen| seen.asked.iter().cloned().collect::<Vec<_>>()).unwrap_or_default();
                if asked.len() >= super::audit::MOST_ASKED {
                    let why = "the audit log has too many sorts of requests of it";
                    identity.attributes.set_known(AttributeName::AskedFor, Known::<Vec<String>>::unknown(why));
                } else if !asked.is_empty() {
                    identity.attributes.set(AttributeName::AskedFor, asked);
                }
                let unseen = until.duration_since(seen.map_or(*since, |seen| seen.last)).as_hours() / 24;
                identity.attributes.set(AttributeName::UnseenDays, unseen.max(0));
                out(Record::Usage(Usage {
                    of: identity.id.clone(),
                    last: seen.map_or(Known::Absent, |seen| Known::Value(seen.last)),
                    horizon: Some(*since),
                    source: String::from("audit log").into(),
                    evidence: identity.evidence.clone(),
                }))?;
            }
            out(Record::Identity(identity))?;
        }
        Ok(())
    }
}
