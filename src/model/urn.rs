//! The name of a thing that is the same in every scan and from every source.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A stable, globally unique name: an ARN where the provider has one, else `<provider>:<tenant>/…`.
///
/// Examples: `arn:aws:iam::123456789012:role/ci`, `k8s:prod/payments/sa/worker`, `person:jana@acme.example`.
///
/// One that is shared is known as equal without a look at its text.
#[derive(Clone)]
pub struct Urn(Arc<str>);

impl PartialEq for Urn {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

impl Eq for Urn {}

impl PartialOrd for Urn {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Urn {
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.0, &other.0) { Ordering::Equal } else { self.0.cmp(&other.0) }
    }
}

impl Hash for Urn {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl Urn {
    /// Where its text lies in memory: equal for names that are shared, and of equal texts as many as there are copies.
    pub(crate) fn address(&self) -> usize {
        self.0.as_ptr().addr()
    }

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

    /// For [`super::Shared`].
    pub(super) fn shared(&mut self) -> &mut Arc<str> {
        &mut self.0
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
