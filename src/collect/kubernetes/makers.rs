//! What deploys the objects of a cluster, as their labels and annotations name it, and whether that is still there.
//! It reads names only, never what a release or an application holds.
//!
//! Sources: Helm, "Storage backends" (Secrets `sh.helm.release.v1.NAME.vN`); Argo CD, "Resource Tracking"; Flux,
//! "Kustomization" and "HelmRelease" (labels of what they apply); Operator Lifecycle Manager (`olm.owner`).

use std::collections::BTreeSet;

use super::object::Metadata;
use crate::model::{Known, Labels};

/// How the objects of Helm's releases are called.
const RELEASE: &str = "sh.helm.release.v1.";

/// Custom resources that deploy: group, kind, and how their name is told to a reader.
const KINDS: [(&str, &str, &str); 4] = [
    ("argoproj.io", "Application", "Application of Argo CD"),
    ("helm.toolkit.fluxcd.io", "HelmRelease", "HelmRelease of Flux"),
    ("kustomize.toolkit.fluxcd.io", "Kustomization", "Kustomization of Flux"),
    ("operators.coreos.com", "ClusterServiceVersion", "ClusterServiceVersion of OLM"),
];

/// What deploys, as far as it was seen.
#[derive(Default)]
pub(super) struct Makers {
    /// Releases of Helm, as namespace/name.
    releases: BTreeSet<String>,
    /// Custom resources by their place in [`KINDS`]: names with and without their namespace.
    customs: [BTreeSet<String>; 4],
    /// API groups of which not all was read.
    unsure: BTreeSet<String>,
}

impl Makers {
    /// Notes the release that a Secret or ConfigMap keeps.
    pub(super) fn kept(&mut self, metadata: &Metadata) {
        let named = metadata.name.strip_prefix(RELEASE).and_then(|rest| rest.rsplit_once(".v"));
        if let Some((name, _)) = named {
            self.releases.insert(format!("{}/{name}", metadata.namespace));
        }
    }

    /// Notes a custom resource.
    pub(super) fn custom(&mut self, api_version: &str, kind: &str, metadata: &Metadata) {
        let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
        let known = KINDS.iter().position(|(of, name, _)| *of == group && *name == kind);
        if let Some(seen) = known.and_then(|at| self.customs.get_mut(at)) {
            seen.insert(format!("{}/{}", metadata.namespace, metadata.name));
            seen.insert(metadata.name.clone());
        }
    }

    /// Says that a list of custom resources was not read to its end.
    #[cfg(feature = "kubernetes")]
    pub(super) fn is_unsure(&mut self, group: &str) {
        self.unsure.insert(group.to_owned());
    }

    /// What labels name as the maker of an object, and is not there any more.
    pub(super) fn gone(&self, labels: &Labels, namespace: &str, all_secrets: bool) -> Known<String> {
        let label = |name: &str| labels.get(name).map(|text| text.trim()).filter(|text| !text.is_empty());
        let within = |name: &str, of: &str| format!("{}/{name}", label(of).unwrap_or(namespace));
        if let Some(name) = label("meta.helm.sh/release-name") {
            let release = within(name, "meta.helm.sh/release-namespace");
            let is_there = self.releases.contains(&release);
            return match (is_there, all_secrets, self.releases.is_empty()) {
                (true, ..) => Known::Absent,
                (_, false, _) => Known::unknown("not all Secrets were read, in which Helm keeps its releases"),
                (_, _, true) => Known::unknown("no release of Helm was seen at all: they may be kept elsewhere"),
                _ => Known::Value(format!("Helm release {release}")),
            };
        }
        let tracked = label("argocd.argoproj.io/tracking-id").and_then(|id| id.split(':').next());
        // An Application outside of Argo CD's own namespace is told with it.
        let application =
            tracked.map(|name| name.split_once('_').map_or(name.to_owned(), |(of, name)| format!("{of}/{name}")));
        let is_of_version = label("olm.owner.kind").is_none_or(|kind| kind == "ClusterServiceVersion");
        let named = [
            application,
            label("helm.toolkit.fluxcd.io/name").map(|name| within(name, "helm.toolkit.fluxcd.io/namespace")),
            label("kustomize.toolkit.fluxcd.io/name").map(|name| within(name, "kustomize.toolkit.fluxcd.io/namespace")),
            label("olm.owner").filter(|_| is_of_version).map(|name| within(name, "olm.owner.namespace")),
        ];
        let first = named.into_iter().enumerate().find_map(|(at, name)| Some((at, name?)));
        first.map_or(Known::Absent, |(at, name)| self.is_custom_gone(at, &name))
    }

    fn is_custom_gone(&self, at: usize, name: &str) -> Known<String> {
        let (Some(seen), Some((group, _, shown))) = (self.customs.get(at), KINDS.get(at)) else { return Known::Absent };
        if seen.contains(name) {
            return Known::Absent;
        }
        if seen.is_empty() || self.unsure.contains(*group) {
            return Known::Unknown(format!("not every {shown} was read, or it is in another cluster"));
        }
        Known::Value(format!("{shown} {name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(namespace: &str, name: &str) -> Metadata {
        let mut metadata = Metadata::default();
        (metadata.name, metadata.namespace) = (name.to_owned(), namespace.to_owned());
        metadata
    }

    fn gone(makers: &Makers, labels: &[(&str, &str)], all_secrets: bool) -> Known<String> {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        makers.gone(&labels, "web", all_secrets)
    }

    #[test]
    fn a_release_is_gone_only_where_all_secrets_were_read() {
        let mut makers = Makers::default();
        let of_shop = [("meta.helm.sh/release-name", "shop"), ("meta.helm.sh/release-namespace", "web")];
        assert!(matches!(gone(&makers, &of_shop, true), Known::Unknown(_)), "no release at all");
        makers.kept(&named("web", "sh.helm.release.v1.other.v12"));
        assert_eq!(gone(&makers, &of_shop, true), Known::Value("Helm release web/shop".to_owned()));
        assert!(matches!(gone(&makers, &of_shop, false), Known::Unknown(_)));
        // A chart may have dots and `.v` in its release's name.
        makers.kept(&named("web", "sh.helm.release.v1.shop.v1"));
        assert_eq!(gone(&makers, &of_shop, true), Known::Absent);
        assert_eq!(gone(&makers, &[("app", "shop")], true), Known::Absent);
    }

    #[test]
    fn applications_and_flux_are_looked_up_by_name_and_namespace() {
        let mut makers = Makers::default();
        let of_argo = [("argocd.argoproj.io/tracking-id", "shop:/ServiceAccount:web/shop")];
        assert!(matches!(gone(&makers, &of_argo, true), Known::Unknown(_)), "Argo CD may be in another cluster");
        makers.custom("argoproj.io/v1alpha1", "Application", &named("argocd", "other"));
        assert_eq!(gone(&makers, &of_argo, true), Known::Value("Application of Argo CD shop".to_owned()));
        makers.custom("argoproj.io/v1alpha1", "Application", &named("argocd", "shop"));
        assert_eq!(gone(&makers, &of_argo, true), Known::Absent);
        let of_flux =
            [("kustomize.toolkit.fluxcd.io/name", "apps"), ("kustomize.toolkit.fluxcd.io/namespace", "flux-system")];
        makers.custom("kustomize.toolkit.fluxcd.io/v1", "Kustomization", &named("web", "apps"));
        assert_eq!(gone(&makers, &of_flux, true), Known::Value("Kustomization of Flux flux-system/apps".to_owned()));
    }
}
