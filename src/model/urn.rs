//! The name of a thing that is the same in every scan and from every source.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A stable, globally unique name: an ARN where the provider has one, else `<provider>:<tenant>/…`.
///
/// Examples: `arn:aws:iam::123456789012:role/ci`, `k8s:prod/payments/sa/worker`, `person:jana@acme.example`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Urn(Arc<str>);

impl Urn {
    /// Takes a name that is already in its final form.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self(Arc::from(text.as_ref()))
    }

    /// The name of a namespaced Kubernetes object, `k8s:<cluster>/<namespace>/<short kind>/<name>`.
    ///
    /// `kind` is the short name `kubectl` prints (`sa`, `deploy`, `rolebinding` …).
    pub fn kubernetes(cluster: &str, namespace: &str, kind: &str, name: &str) -> Self {
        Self::new(format!("k8s:{cluster}/{namespace}/{kind}/{name}"))
    }

    /// The name of a cluster-wide Kubernetes object, `k8s:<cluster>//<short kind>/<name>`.
    pub fn kubernetes_cluster(cluster: &str, kind: &str, name: &str) -> Self {
        Self::new(format!("k8s:{cluster}//{kind}/{name}"))
    }

    /// The name of an AWS access key. Key ids are unique across accounts, so the account is not part of it.
    pub fn aws_access_key(key_id: &str) -> Self {
        Self::new(format!("aws:access-key/{key_id}"))
    }

    /// The name of a person, by e-mail address in lower case.
    pub fn person(email: &str) -> Self {
        Self::new(format!("person:{}", email.to_lowercase()))
    }

    /// The text of the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Urn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Urn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl std::borrow::Borrow<str> for Urn {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Serialize for Urn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Urn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}
