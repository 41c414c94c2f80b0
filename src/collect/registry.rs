//! The list of collectors. Adding one is a line here.

use std::path::PathBuf;
use std::sync::Arc;

use super::keys::Keys;
use super::okta::{Hints, OktaExport, OktaSettings};
use super::people::People;
use super::source::{Given, GivenText, Homes, Source, SourceOptions};
use super::{Collector, aws, kubernetes};
use crate::model::CoverageEntry;
use crate::secrets::DetectorSet;

/// What the user asked to read.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Trees and files to search for secrets.
    pub roots: Vec<PathBuf>,
    /// What lies beside the trees of a folder and is none.
    pub beside: Vec<CoverageEntry>,
    /// What to search in place of trees.
    pub given: Vec<Given>,
    /// How to read them.
    pub source: SourceOptions,
    /// Read the AWS account of the usual credential chain; the inner value is the profile.
    pub aws: Option<Option<String>>,
    /// The regions whose services are asked; all that are switched on when empty.
    pub aws_regions: Vec<String>,
    /// The role to take on in each other account of the organisation.
    pub aws_role: Option<String>,
    /// Of how many identities of each AWS account to ask which services they used.
    pub aws_last_accessed: usize,
    /// The accounts to enter through it, each a target of its own; `None` where the organisation is asked on the way.
    pub aws_accounts: Option<aws::Accounts>,
    /// Files and folders with answers of AWS.
    pub aws_exports: Vec<PathBuf>,
    /// Whether they were found in a tree and not asked for.
    pub aws_found: bool,
    /// Read clusters; the inner list names kubeconfig contexts, empty for the current one.
    pub kubernetes: Option<Vec<String>>,
    /// The files that the caller lists as kubeconfigs, where that is more than one; else the usual one is read.
    pub kubeconfigs: Vec<PathBuf>,
    /// Whether programs named by the kubeconfig may be run to log in.
    pub kubernetes_allow_exec: bool,
    /// Whether the values of Secrets are read, to compare them by keyed fingerprint.
    pub kubernetes_secret_values: bool,
    /// Audit logs with the name of their cluster; unnamed ones are of every cluster that is read.
    pub kubernetes_audit_logs: Vec<(Option<String>, PathBuf)>,
    /// Dumps with the name of their cluster.
    pub kubernetes_dumps: Vec<(String, PathBuf)>,
    /// Home directories, of which the known places of agents' clients are read.
    pub homes: Vec<PathBuf>,
    /// Read an Okta organisation.
    pub okta: Option<OktaSettings>,
    /// Folders with answers of Okta.
    pub okta_exports: Vec<PathBuf>,
    /// How AI apps and users that are machines are recognised.
    pub okta_hints: Hints,
    /// Trees with the files below them that look like Kubernetes manifests.
    pub kubernetes_manifests: Vec<(PathBuf, Vec<PathBuf>)>,
    /// People directories.
    pub people: Vec<PathBuf>,
    /// Lists of API keys.
    pub keys: Vec<PathBuf>,
}

/// The collectors that a request needs.
///
/// # Errors
/// When a live collector is asked for that this build leaves out.
pub fn collectors(request: &Request, detectors: &Arc<DetectorSet>) -> Result<Vec<Arc<dyn Collector>>, String> {
    let mut list: Vec<Arc<dyn Collector>> = Vec::new();
    if !request.roots.is_empty() {
        list.push(Arc::new(Source::new(&request.roots, request.source.clone(), Arc::clone(detectors))));
    }
    if let (Some(tables), false) = (&request.source.agents, request.homes.is_empty()) {
        let homes = Homes::new(&request.homes, request.source.clone(), Arc::clone(tables), Arc::clone(detectors));
        list.push(Arc::new(homes));
    }
    for given in &request.given {
        list.push(Arc::new(GivenText::new(given.clone(), request.source.clone(), Arc::clone(detectors))));
    }
    if let Some(profile) = &request.aws {
        list.push(live_aws(profile.clone(), request, detectors)?);
    }
    if !request.aws_exports.is_empty() {
        let export = aws::AwsExport::new(request.aws_exports.clone());
        list.push(Arc::new(export.detectors(Arc::clone(detectors)).found_on_the_way(request.aws_found)));
    }
    if let Some(contexts) = &request.kubernetes {
        list.push(live_kubernetes(contexts.clone(), request, detectors)?);
    }
    if !request.kubernetes_dumps.is_empty() {
        list.push(Arc::new(kubernetes::KubernetesDump {
            paths: request.kubernetes_dumps.clone(),
            searching: searching(request, detectors),
        }));
    }
    if let Some(settings) = &request.okta {
        list.push(live_okta(settings.clone(), request.okta_hints.clone())?);
    }
    if !request.okta_exports.is_empty() {
        list.push(Arc::new(OktaExport::new(request.okta_exports.clone(), request.okta_hints.clone())));
    }
    if !request.kubernetes_manifests.is_empty() {
        let trees = request.kubernetes_manifests.iter();
        let trees = trees.map(|(root, files)| (request.source.name_of(root), root.clone(), files.clone())).collect();
        list.push(Arc::new(kubernetes::KubernetesManifests { trees, only: None }));
    }
    if !request.people.is_empty() {
        list.push(Arc::new(People::new(request.people.clone())));
    }
    if !request.keys.is_empty() {
        list.push(Arc::new(Keys::new(request.keys.clone())));
    }
    Ok(list)
}

/// Asks the organisation for its accounts where a request wants them and names none, so that each is a target of its own.
#[cfg(feature = "aws")]
pub async fn plan(request: &mut Request) {
    if let (Some(profile), Some(_), None) = (&request.aws, &request.aws_role, &request.aws_accounts) {
        request.aws_accounts = aws::organisation(profile.as_deref()).await;
    }
}

/// There is nobody to ask.
#[cfg(not(feature = "aws"))]
pub async fn plan(_request: &mut Request) {}

#[cfg(feature = "aws")]
fn live_aws(
    profile: Option<String>,
    request: &Request,
    detectors: &Arc<DetectorSet>,
) -> Result<Arc<dyn Collector>, String> {
    let live = aws::AwsLive::new(profile).regions(request.aws_regions.clone()).role(request.aws_role.clone());
    let live = live.last_accessed(request.aws_last_accessed);
    let live = live.accounts(request.aws_accounts.clone());
    Ok(Arc::new(live.detectors(Arc::clone(detectors))))
}

#[cfg(not(feature = "aws"))]
fn live_aws(
    _profile: Option<String>,
    _request: &Request,
    _detectors: &Arc<DetectorSet>,
) -> Result<Arc<dyn Collector>, String> {
    Err("this build cannot ask AWS; use --aws-export, or a build with the feature 'aws'".to_owned())
}

fn searching(request: &Request, detectors: &Arc<DetectorSet>) -> kubernetes::Searching {
    kubernetes::Searching {
        detectors: Some(Arc::clone(detectors)),
        values: request.kubernetes_secret_values,
        audit_logs: request.kubernetes_audit_logs.clone(),
    }
}

#[cfg(feature = "kubernetes")]
fn live_kubernetes(
    contexts: Vec<String>,
    request: &Request,
    detectors: &Arc<DetectorSet>,
) -> Result<Arc<dyn Collector>, String> {
    let (allow_exec, searching) = (request.kubernetes_allow_exec, searching(request, detectors));
    Ok(Arc::new(kubernetes::KubernetesLive {
        contexts,
        allow_exec,
        kubeconfigs: request.kubeconfigs.clone(),
        searching,
    }))
}

#[cfg(not(feature = "kubernetes"))]
fn live_kubernetes(
    _contexts: Vec<String>,
    _request: &Request,
    _detectors: &Arc<DetectorSet>,
) -> Result<Arc<dyn Collector>, String> {
    Err("this build cannot ask a cluster; use --kubernetes-export, or a build with the feature 'kubernetes'".to_owned())
}

#[cfg(feature = "okta")]
fn live_okta(settings: OktaSettings, hints: Hints) -> Result<Arc<dyn Collector>, String> {
    Ok(Arc::new(super::okta::OktaLive::new(settings, hints)))
}

#[cfg(not(feature = "okta"))]
fn live_okta(_settings: OktaSettings, _hints: Hints) -> Result<Arc<dyn Collector>, String> {
    Err("this build cannot ask Okta; use --okta-export, or a build with the feature 'okta'".to_owned())
}
