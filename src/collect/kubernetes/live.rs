//! Reads clusters through their API servers.
//! It asks with GET for lists and one ConfigMap, and first what it may list (`review`). The values of Secrets are asked for
//! only where the user wants them compared.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream;
use kube::api::{GetParams, Request};

use super::dump::ended;
use super::list::{Asked, Lister, unauthorized};
use super::object::{Object, ServerVersion};
use super::records::Projection;
use super::request::{Answer, ask};
use super::resources::{Kind, RESOURCES, TRACKING};
use super::review::Denied;
use super::searching::{Searcher, Searching};
use super::shape::Take;
use super::{FACTS, NAME, cluster_name, connect, one_line};
use crate::collect::{CollectError, Collector, Context, Sink};
use crate::model::{AttributeName, Attributes, CoverageEntry, FactKind, Location, Outcome, Record};

/// How many kinds are listed at once. API servers share their seats among all clients.
const AT_ONCE: usize = 4;

/// Clusters that a kubeconfig names, or the one that this program runs in.
#[derive(Clone, Debug, Default)]
pub struct KubernetesLive {
    /// The kubeconfig contexts to read; a cluster is called by its context's name, with `:` for `/`. Empty means the current context, or
    /// the pod's own cluster where there is no kubeconfig.
    pub contexts: Vec<String>,
    /// Whether a kubeconfig may have a program run for credentials (exec plugins such as `aws eks get-token`).
    pub allow_exec: bool,
    /// The kubeconfigs, of which the first that says something counts; none means `KUBECONFIG` or `~/.kube/config`.
    pub kubeconfigs: Vec<PathBuf>,
    /// How the texts of objects are searched.
    pub searching: Searching,
}

#[async_trait]
impl Collector for KubernetesLive {
    fn name(&self) -> &'static str {
        NAME
    }

    fn facts(&self) -> &'static [FactKind] {
        FACTS
    }

    fn targets(&self) -> Vec<String> {
        if self.contexts.is_empty() {
            return vec![cluster_name(&connect::current(&self.kubeconfigs))];
        }
        let names: BTreeSet<String> = self.contexts.iter().map(|name| cluster_name(name)).collect();
        names.into_iter().collect()
    }

    async fn collect(&self, target: &str, context: &Context, sink: &Sink) -> Result<(), CollectError> {
        let named = self.contexts.iter().find(|name| cluster_name(name) == target);
        let (client, issuer) = connect::connect(&self.kubeconfigs, named.map(String::as_str), self.allow_exec).await?;
        let mut projection = Projection::new(target, context.now).searching(Searcher::new(&self.searching, context));
        let (searching, cluster) = (self.searching.clone(), target.to_owned());
        let logs = tokio::task::spawn_blocking(move || searching.uses(&cluster)).await;
        let (uses, entries) = logs.map_err(|_| CollectError::failed("audit log", "the reader crashed"))?;
        for entry in entries {
            sink.send(Record::Coverage(entry)).await?;
        }
        projection.uses = uses;
        let (projection, values) = (Mutex::new(projection), self.searching.values);
        let lister = Lister { client, cluster: target, context, sink, projection, values, issuer };
        // What was listed before a server hung is told all the same.
        let read = tokio::select! {
            read = lister.everything() => read,
            () = sink.late() => Err(CollectError::Stopped),
        };
        let mut projection = lister.projection.into_inner().unwrap_or_else(PoisonError::into_inner);
        let rest = sink.clone();
        let telling = tokio::task::spawn_blocking(move || projection.finish(&mut |record| rest.send_blocking(record)));
        ended(telling.await)?;
        read
    }
}

impl Lister<'_> {
    /// Asks what may be read, then reads it.
    async fn everything(&self) -> Result<(), CollectError> {
        let mut lists: Vec<Asked> = RESOURCES.iter().map(|line| Asked::of(line.kind)).collect();
        let (denied, entry) = self.review(&lists).await?;
        self.sink.send(Record::Coverage(entry)).await?;
        self.itself().await?;
        self.tracking().await?;
        let (customs, entry) = self.discover().await?;
        self.sink.send(Record::Coverage(entry)).await?;
        lists.extend(customs);
        self.waves(&lists, &denied).await
    }

    /// Tells of the cluster as such what the server says to everybody who may log in, its version. One that does not say it is of
    /// an unknown version, which costs nothing but certainty.
    async fn itself(&self) -> Result<(), CollectError> {
        let request = http::Request::get("/version").body(Vec::new());
        let answer = match request {
            Ok(request) => ask::<Take<ServerVersion>>(&self.client, request).await,
            Err(_) => Answer::NotFound,
        };
        let mut attributes = Attributes::default();
        if let Some(issuer) = &self.issuer {
            attributes.set(AttributeName::Issuer, issuer.as_str());
        }
        if let Answer::Ok(Take(version, _), _) = answer
            && !version.text.is_empty()
        {
            attributes.set(AttributeName::ServerVersion, one_line(&version.text));
        }
        if attributes.is_empty() {
            return Ok(());
        }
        let location = Location::Api { call: "GET /version".into(), resource: self.cluster.into() };
        let itself = self.projection().cluster_itself(attributes, location);
        self.sink.send(itself).await
    }

    /// Reads the ConfigMap that says since when token use is marked.
    async fn tracking(&self) -> Result<(), CollectError> {
        let what = format!("configmap kube-system/{TRACKING}");
        let request = Request::new("/api/v1/namespaces/kube-system/configmaps").get(TRACKING, &GetParams::default());
        let request = request.map_err(|error| CollectError::failed(&what, error))?;
        let hole = |outcome, detail: String| CoverageEntry::hole(NAME, self.cluster, &what, outcome, detail);
        let entry = match ask::<Take<Object>>(&self.client, request).await {
            Answer::Ok(Take(object, _), _) if object.metadata.name == TRACKING => {
                let mut none = Vec::new();
                _ = self.projection().add(
                    Kind::ConfigMap,
                    object,
                    self.location(&Asked::of(Kind::ConfigMap), "get"),
                    &mut none,
                );
                CoverageEntry::complete(NAME, self.cluster, &what, 1)
            }
            Answer::Ok(..) => hole(Outcome::Failed, "the answer is not this ConfigMap".to_owned()),
            Answer::Unauthorized(message) => return Err(unauthorized(&message)),
            Answer::Failed { detail, unreachable: true } => {
                return Err(unreachable(&detail));
            }
            Answer::Forbidden(message) => hole(Outcome::Refused, message)
                .remedy(format!("allow the verb get on configmaps/{TRACKING} in namespace kube-system")),
            Answer::NotFound => hole(Outcome::NotRead, "the cluster does not mark the use of legacy tokens".to_owned()),
            Answer::Failed { detail, .. } => hole(Outcome::Failed, detail),
            Answer::Gone(_) => hole(Outcome::Failed, "the server answered 410 Gone".to_owned()),
        };
        self.sink.send(Record::Coverage(entry)).await
    }

    /// Lists every kind, controllers before what they make, so that owned pods need not be kept.
    async fn waves(&self, all: &[Asked], denied: &Denied) -> Result<(), CollectError> {
        let mut secrets = false;
        let last = all.iter().map(Asked::wave).max().unwrap_or_default();
        for wave in 0..=last {
            let of_wave = all.iter().filter(|asked| asked.wave() == wave);
            let lists: Vec<_> = of_wave.map(|asked| self.list(asked, denied)).collect();
            let mut lists = stream::iter(lists).buffer_unordered(AT_ONCE);
            while let Some(entry) = lists.next().await {
                let entry = entry?;
                secrets |= entry.what == Kind::Secret.resource().plural && entry.outcome == Outcome::Complete;
                self.sink.send(Record::Coverage(entry)).await?;
            }
        }
        // A refusal is not asked for twice.
        if secrets {
            let others = self.list_other_secrets().await?;
            self.sink.send(Record::Coverage(others)).await?;
        }
        Ok(())
    }
}

/// A server that nobody answers at.
pub(super) fn unreachable(detail: &str) -> CollectError {
    CollectError::failed("connection", format!("the API server cannot be reached: {detail}"))
        .with_remedy("check the server of this context: kubectl cluster-info")
}
