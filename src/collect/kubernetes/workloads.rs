//! From pods and what makes them to workloads: as whom they run and which credentials they are given.
//! Values of variables and arguments are never here.

use std::collections::BTreeSet;

use super::command::Words;
use super::custom;
use super::held::{OnNode, Waiting};
use super::object::{Object, OwnerRef};
use super::one_line;
use super::pod::{PodSpec, Spec};
use super::records::{Projection, labels, qualified};
use super::resources::Kind;
use crate::model::{
    AttributeName, Attributes, Evidence, Location, Record, Setting, SettingKind, Urn, Workload, WorkloadKind,
};

impl Projection {
    pub(super) fn workload(&mut self, kind: Kind, object: Object, evidence: Evidence, out: &mut Vec<Record>) {
        let Some(workload) = kind.resource().workload else { return };
        let owner = object.metadata.owners.iter().find_map(controller);
        // The kubelet's static pods are shown by mirror pods, which run as no service account.
        let mirror = object.metadata.annotations.0.contains_key("kubernetes.io/config.mirror");
        if kind == Kind::Pod {
            out.extend(self.api_server(&object, &evidence));
        }
        let namespace = object.metadata.namespace.clone();
        let account = object.spec.service_account().or(if mirror { None } else { Some("default") });
        if let Some(account) = account {
            let account = format!("{namespace}/{account}");
            self.mounts(&account, object.spec.pods());
            self.names_account(&account, false, &evidence);
        }
        if kind == Kind::Pod && !object.status.is_over() {
            self.on_node(&object.spec.pods()[0].node, (&namespace, account), &object.metadata.name, &evidence);
        }
        let secrets = secrets(&object.spec, &namespace);
        let rests = if object.status.is_over() { Some("finished") } else { object.spec.rests() };
        self.referenced_secrets.extend(secrets.iter().cloned());
        if owner.is_some_and(|owner| self.is_listed(owner)) {
            self.found.exposures.clear();
            return;
        }
        let runs_as = account.map(|name| Urn::kubernetes(&self.cluster, &namespace, "sa", name));
        let mut attributes = attributes(&object.spec, &self.found.names);
        if let Some(why) = rests {
            attributes.set(AttributeName::Rests, why);
        }
        let workload = Workload {
            id: self.urn(kind, &object.metadata),
            kind: workload,
            tenant: self.cluster.clone(),
            name: qualified(&object.metadata),
            runs_as: runs_as.into_iter().collect(),
            attributes,
            labels: labels(object.metadata.labels.0, object.metadata.annotations.0),
            evidence,
        };
        if owner.is_some() || !secrets.is_empty() {
            let exposures = std::mem::take(&mut self.found.exposures);
            self.waiting.push(Waiting { owner, workload, secrets, exposures });
        } else {
            out.push(Record::Workload(workload));
        }
    }

    /// A custom resource, where it names service accounts or holds a template of pods.
    pub(super) fn custom(&mut self, mut object: Object, location: Location, out: &mut Vec<Record>) {
        let name = object.kind.to_lowercase();
        self.makers.custom(&object.api_version, &object.kind, &object.metadata);
        self.search(&name, None, &mut object);
        out.append(&mut self.found.exposures);
        out.extend(self.custom_workload(object, location));
    }

    fn custom_workload(&mut self, object: Object, location: Location) -> Option<Record> {
        // What an Application names are values for what it deploys elsewhere.
        if object.kind == "Application" && object.api_version.starts_with("argoproj.io/") {
            return None;
        }
        let mut accounts = object.spec.accounts();
        // A template that names nobody runs as `default`; one that a controller of ours made is told by that.
        if accounts.is_empty() && object.spec.has_containers() {
            accounts.insert("default");
        }
        if (accounts.is_empty() && object.spec.images().is_empty()) || object.metadata.name.is_empty() {
            return None;
        }
        let metadata = &object.metadata;
        // Of what a cluster has, an object without a namespace is of all of it; `kubectl apply` puts others into `default`.
        let namespace = match metadata.namespace.as_str() {
            "" if metadata.uid.is_empty() => Some("default"),
            "" => None,
            namespace => Some(namespace),
        };
        let place = |name: &&str| match name.split_once('/') {
            Some((namespace, name)) => Some((namespace.to_owned(), name.to_owned())),
            None => namespace.map(|namespace| (namespace.to_owned(), (*name).to_owned())),
        };
        let accounts: Vec<(String, String)> = accounts.iter().filter_map(place).collect();
        let account = |(namespace, name): &(String, String)| Urn::kubernetes(&self.cluster, namespace, "sa", name);
        let runs_as: Vec<Urn> = accounts.iter().map(account).collect();
        let group = object.api_version.rsplit_once('/').map_or("", |(group, _)| group);
        let kind = format!("{}.{group}", object.kind.to_lowercase());
        for (namespace, name) in accounts.iter().filter(|_| !custom::acts_without_pods(&object.kind)) {
            self.mounts(&format!("{namespace}/{name}"), object.spec.pods());
        }
        let id = match namespace {
            Some(namespace) => Urn::kubernetes(&self.cluster, namespace, &kind, &metadata.name),
            None => Urn::kubernetes_cluster(&self.cluster, &kind, &metadata.name),
        };
        Some(Record::Workload(Workload {
            id,
            kind: WorkloadKind::KubernetesCustom,
            tenant: self.cluster.clone(),
            name: namespace.map_or(metadata.name.clone(), |namespace| format!("{namespace}/{}", metadata.name)),
            runs_as,
            attributes: attributes(&object.spec, &self.found.names)
                .with(AttributeName::Form, format!("{group}/{}", object.kind)),
            labels: labels(object.metadata.labels.0, object.metadata.annotations.0),
            evidence: self.evidence(location),
        }))
    }

    /// Notes as whom a pod runs on a node.
    fn on_node(&mut self, node: &str, (namespace, account): (&str, Option<&str>), pod: &str, evidence: &Evidence) {
        if node.is_empty() {
            return;
        }
        let pod = format!("{namespace}/{pod}");
        let account = account.map(|account| format!("{namespace}/{account}"));
        let Some(known) = self.nodes.get_mut(node) else {
            let seen = OnNode { pod, evidence: evidence.clone(), accounts: account.into_iter().collect() };
            self.nodes.insert(node.to_owned(), seen);
            return;
        };
        known.accounts.extend(account);
        // Of many pods the first by name says where it was seen, whatever the order of arrival.
        if pod < known.pod {
            (known.pod, known.evidence) = (pod, evidence.clone());
        }
    }

    /// Notes how pods get the token of a service account.
    fn mounts(&mut self, account: &str, pods: [&PodSpec; 3]) {
        let said = pods.into_iter().find_map(|pod| pod.automount);
        if let Some(mounting) = self.mounting.get_mut(account) {
            mounting.add(said);
            return;
        }
        self.mounting.entry(account.to_owned()).or_default().add(said);
    }

    /// How the API server was started, from its static pod.
    fn api_server(&self, object: &Object, evidence: &Evidence) -> Option<Record> {
        let pods = object.spec.pods();
        let words = || pods.iter().flat_map(|pod| &pod.containers).flat_map(|one| [&one.command, &one.args]);
        if !words().any(|words| words.api_server) {
            return None;
        }
        let bounded = words().any(|words| words.bounds_tokens);
        let id = Urn::kubernetes(&self.cluster, &object.metadata.namespace, "api-server", &object.metadata.name);
        let mut attributes = Attributes::default().with(AttributeName::TokenLifetimeBounded, bounded);
        // One that does not do what its version does is of none that counts.
        if let Some(version) = version_of(&pods).filter(|_| !words().any(|words| words.connects_by_get)) {
            attributes.set(AttributeName::ServerVersion, version);
        }
        // The first of several is the one that issues (kube-apiserver reference, `--service-account-issuer`).
        if let Some(issuer) = words().find_map(|words| words.issuer.clone()) {
            attributes.set(AttributeName::Issuer, issuer);
        }
        let name = qualified(&object.metadata);
        Some(Record::Setting(self.plain_setting(
            SettingKind::KubernetesApiServer,
            id,
            name,
            evidence.clone(),
            attributes,
        )))
    }

    /// The cluster as such: who issues its tokens, of which version its API server is.
    pub(super) fn cluster_itself(&self, attributes: Attributes, location: Location) -> Record {
        let id = Urn::new(format!("k8s:{}", self.cluster));
        let evidence = self.evidence(location);
        let kind = SettingKind::KubernetesCluster;
        Record::Setting(self.plain_setting(kind, id, self.cluster.clone(), evidence, attributes))
    }

    /// A setting of the cluster without labels.
    pub(super) fn plain_setting(
        &self,
        kind: SettingKind,
        id: Urn,
        name: String,
        evidence: Evidence,
        attributes: Attributes,
    ) -> Setting {
        let (tenant, labels) = (self.cluster.clone(), crate::model::Labels::new());
        Setting { id, kind, tenant, name, part_of: None, labels, attributes, evidence }
    }
}

/// The version that the image of an API server is tagged with, such as `v1.36.2` or `v1.31.1-rke2r1-build20240912`.
fn version_of(pods: &[&PodSpec; 3]) -> Option<String> {
    let starts_it = |words: &Words| words.api_server;
    let servers = pods.iter().flat_map(|pod| &pod.containers);
    let mut servers = servers.filter(|one| starts_it(&one.command) || starts_it(&one.args));
    let tagged = servers.find_map(|one| one.image.split('@').next()?.rsplit_once(':'));
    tagged.map(|(_, tag)| one_line(tag)).filter(|tag| tag.starts_with("v1."))
}

/// The kind that manages an object, if it is one that we read.
fn controller(owner: &OwnerRef) -> Option<Kind> {
    owner.controller.then(|| Kind::of(&owner.api_version, &owner.kind)).flatten()
}

/// The Secrets that a template refers to, by namespace and name.
fn secrets(spec: &Spec, namespace: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut add = |name: &str| {
        if !name.is_empty() {
            names.insert(format!("{namespace}/{name}"));
        }
    };
    for pod in spec.pods() {
        pod.pull_secrets.iter().for_each(|one| add(&one.name));
        for volume in &pod.volumes {
            add(&volume.secret.name);
            volume.projected.sources.iter().for_each(|source| add(&source.secret.name));
        }
        for container in &pod.containers {
            container.env.iter().for_each(|variable| add(&variable.from.secret.name));
            container.env_from.iter().for_each(|from| add(&from.secret.name));
        }
    }
    names
}

/// `recognised` are the variables whose values are known by their form, and told as such.
fn attributes(spec: &Spec, recognised: &BTreeSet<String>) -> Attributes {
    /// Names that are shown of one workload.
    const MOST: usize = 20;
    let mut attributes = Attributes::default();
    let pods = spec.pods();
    let tokens = pods.iter().flat_map(|pod| &pod.volumes).flat_map(|volume| &volume.projected.sources);
    let seconds = tokens.filter_map(|source| source.token.seconds.parse::<i64>().ok()).max();
    if let Some(seconds) = seconds {
        attributes.set(AttributeName::TokenSeconds, seconds);
    }
    let mut literal: BTreeSet<String> = BTreeSet::new();
    let has_many = pods.iter().map(|pod| pod.containers.len()).sum::<usize>() > 1;
    for container in pods.iter().flat_map(|pod| &pod.containers) {
        let variables = container.env.iter().filter(|one| one.is_secret()).map(|one| &one.name);
        let words = [&container.command, &container.args].into_iter().flat_map(|words| &words.secrets);
        let names = variables.chain(words).filter(|name| !recognised.contains(*name));
        literal.extend(names.map(|name| match has_many && !container.name.is_empty() {
            true => format!("{}: {name}", container.name),
            false => name.clone(),
        }));
    }
    if !literal.is_empty() {
        attributes.set(AttributeName::LiteralSecrets, literal.into_iter().take(MOST).collect::<Vec<_>>());
    }
    let images: Vec<String> = spec.images().into_iter().take(MOST).collect();
    if !images.is_empty() {
        attributes.set(AttributeName::Images, images);
    }
    attributes
}
