//! The few fields of a Kubernetes object that become records.
//! What stands under `data` is held as text that cannot be printed until its object is projected, and then dropped.

use serde::de::{MapAccess, SeqAccess};
use serde_json::Value;

use super::data::Data;
use super::pod::Spec;
use super::resources::RESOURCES;
use super::shape::{Form, Labels, Many, Shape, Wrong, next_key, pass, value};
use crate::secrets::{PublishedKey, published_keys};

/// An object of any kind; fields that its kind does not have are empty.
#[derive(Clone, Default)]
pub(super) struct Object {
    /// `apps/v1`; empty for items of typed lists.
    pub(super) api_version: String,
    /// `Deployment`; empty for items of typed lists.
    pub(super) kind: String,
    pub(super) metadata: Metadata,
    /// Of a binding.
    pub(super) subjects: Vec<Subject>,
    /// Of a binding.
    pub(super) role: RoleRef,
    /// Of a role, as written.
    pub(super) rules: Vec<Value>,
    /// Of a workload.
    pub(super) spec: Spec,
    /// Of a Secret.
    pub(super) secret_type: String,
    /// What is told of the entries of `data` and `stringData`: never a value.
    pub(super) data: Data,
    /// Of a service account: whether its token is mounted where a pod does not say.
    pub(super) automount: Option<bool>,
    /// Of a service account: the token Secrets that the platform made for it.
    pub(super) secrets: Vec<Named>,
    /// Of a service account.
    pub(super) pull_secrets: Vec<Named>,
    /// Of a cluster role that is put together from others.
    pub(super) aggregation: Option<Vec<Selector>>,
    /// Of what runs pods.
    pub(super) status: Status,
    /// Of a webhook configuration.
    pub(super) webhooks: Vec<Webhook>,
    /// Fields of another form than any kind that we read gives them.
    pub(super) wrong: Wrong,
    /// The line its document begins on, where that is known.
    pub(super) line: u64,
    /// Which object of its file or list it is, from 1.
    pub(super) position: u64,
}

impl Object {
    /// Whether its kind has the name of one that we read, whatever its group.
    pub(super) fn kind_is_known(&self) -> bool {
        RESOURCES.iter().any(|line| line.name == self.kind)
    }

    /// Takes the value of one top-level field, or passes over it.
    pub(super) fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        let wrong = &mut self.wrong;
        match name {
            "apiVersion" => self.api_version = value(map, name, wrong)?,
            "kind" => self.kind = value(map, name, wrong)?,
            "metadata" => self.metadata = value(map, name, wrong)?,
            "subjects" => self.subjects = value::<_, Many<_>>(map, name, wrong)?.0,
            "roleRef" => self.role = value(map, name, wrong)?,
            "rules" => self.rules = value::<_, Rules>(map, name, wrong)?.0,
            "spec" => self.spec = value(map, name, wrong)?,
            "template" => self.spec.take_template(value(map, name, &mut Wrong::default())?),
            "status" => self.status = value(map, name, &mut Wrong::default())?,
            "type" => self.secret_type = value(map, name, wrong)?,
            "data" | "stringData" => self.data.add(value(map, name, wrong)?),
            "automountServiceAccountToken" => self.automount = value::<_, YesNo>(map, name, wrong)?.0,
            "secrets" => self.secrets = value::<_, Many<_>>(map, name, &mut Wrong::default())?.0,
            "imagePullSecrets" => self.pull_secrets = value::<_, Many<_>>(map, name, &mut Wrong::default())?.0,
            "aggregationRule" => self.aggregation = Some(value::<_, Aggregation>(map, name, wrong)?.selectors),
            "webhooks" => self.webhooks = value::<_, Many<_>>(map, name, &mut Wrong::default())?.0,
            _ => pass(map)?,
        }
        Ok(())
    }
}

/// Implements [`Shape`] for a struct with a field `wrong` from the fields that it takes.
macro_rules! fields {
    ($type:ty { $($name:literal => $field:ident $(.$inner:tt)? : $shape:ty),+ $(,)? }) => {
        impl Shape for $type {
            const FORM: Form = Form::Mapping;

            fn wrong(&mut self) -> Wrong {
                std::mem::take(&mut self.wrong)
            }

            fn map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
                let mut this = Self::default();
                while let Some(key) = next_key(&mut map)? {
                    match key.as_str() {
                        $($name => this.$field = value::<_, $shape>(&mut map, $name, &mut this.wrong)?$(.$inner)?,)+
                        _ => pass(&mut map)?,
                    }
                }
                Ok(this)
            }
        }
    };
}

/// What an API server says of itself at `/version`.
#[derive(Default)]
pub(super) struct ServerVersion {
    pub(super) text: String,
    wrong: Wrong,
}
fields!(ServerVersion { "gitVersion" => text: String });

impl Shape for Object {
    const FORM: Form = Form::Mapping;

    fn map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut object = Self::default();
        while let Some(key) = next_key(&mut map)? {
            object.field(&key, &mut map)?;
        }
        Ok(object)
    }
}

pub(super) use fields;

/// `metadata`, without `managedFields`, which is most of it.
#[derive(Clone, Default)]
pub(super) struct Metadata {
    pub(super) name: String,
    /// How the server is to begin the name, of an object without one.
    pub(super) generated: String,
    pub(super) namespace: String,
    pub(super) uid: String,
    /// As written; empty in manifests that were never applied.
    pub(super) created: String,
    pub(super) labels: Labels,
    pub(super) annotations: Labels,
    pub(super) owners: Vec<OwnerRef>,
    /// Of a list that is cut: where it goes on, and how many objects are missing.
    pub(super) rest: String,
    pub(super) remaining: String,
    wrong: Wrong,
}
fields!(Metadata {
    "name" => name: String,
    "generateName" => generated: String,
    "namespace" => namespace: String,
    "uid" => uid: String,
    "creationTimestamp" => created: String,
    "labels" => labels: Labels,
    "annotations" => annotations: Labels,
    "ownerReferences" => owners.0: Many<OwnerRef>,
    "continue" => rest: String,
    "remainingItemCount" => remaining: String,
});

/// How far a pod or a job has come.
#[derive(Clone, Default)]
pub(super) struct Status {
    phase: String,
    /// Of a certificate request: what was issued.
    pub(super) issued: Issued,
    conditions: Vec<Condition>,
    wrong: Wrong,
}
fields!(Status { "phase" => phase: String, "certificate" => issued: Issued, "conditions" => conditions.0: Many<Condition> });

/// A certificate that was issued. It is public.
#[derive(Clone, Default)]
pub(super) struct Issued(pub(super) Option<PublishedKey>);

impl Shape for Issued {
    const FORM: Form = Form::Text;

    fn text(text: &str) -> Self {
        use base64::Engine;
        let bytes = base64::engine::general_purpose::STANDARD.decode(text.trim()).unwrap_or_default();
        // The first is the holder's, what follows is who signed it (Kubernetes API reference, `CertificateSigningRequestStatus`).
        let keys = published_keys(&String::from_utf8_lossy(&bytes));
        Self(keys.into_iter().find(|key| key.certificate.is_some()))
    }
}

#[derive(Clone, Default)]
struct Condition {
    name: String,
    status: String,
    wrong: Wrong,
}
fields!(Condition { "type" => name: String, "status" => status: String });

impl Status {
    /// Whether what it is of has ended and runs nothing any more (Kubernetes documentation, "Pod Lifecycle", "Jobs").
    pub(super) fn is_over(&self) -> bool {
        let is_end = |one: &Condition| matches!(one.name.as_str(), "Complete" | "Failed") && one.status == "True";
        matches!(self.phase.as_str(), "Succeeded" | "Failed") || self.conditions.iter().any(is_end)
    }
}

/// What an object was made by.
#[derive(Clone, Default)]
pub(super) struct OwnerRef {
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) name: String,
    /// Whether this owner is the one that manages it.
    pub(super) controller: bool,
    wrong: Wrong,
}
fields!(OwnerRef {
    "apiVersion" => api_version: String,
    "kind" => kind: String,
    "name" => name: String,
    "controller" => controller: bool,
});

/// Who a binding names.
#[derive(Clone, Default)]
pub(super) struct Subject {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) namespace: String,
    wrong: Wrong,
}
fields!(Subject { "kind" => kind: String, "name" => name: String, "namespace" => namespace: String });

/// What a binding gives.
#[derive(Clone, Default)]
pub(super) struct RoleRef {
    pub(super) kind: String,
    pub(super) name: String,
    wrong: Wrong,
}
fields!(RoleRef { "kind" => kind: String, "name" => name: String });

/// The rules of a role as they are written: `access` gives them their meaning.
#[derive(Clone, Default)]
struct Rules(Vec<Value>);

impl Shape for Rules {
    const FORM: Form = Form::List;

    fn sequence<'de, A: SeqAccess<'de>>(mut sequence: A) -> Result<Self, A::Error> {
        let mut rules = Vec::new();
        while let Some(rule) = sequence.next_element()? {
            rules.push(rule);
        }
        Ok(Self(rules))
    }
}

/// A reference by name.
#[derive(Clone, Default)]
pub(super) struct Named {
    pub(super) name: String,
    wrong: Wrong,
}
fields!(Named { "name" => name: String });

/// `true`, `false`, or nothing.
#[derive(Clone, Default)]
pub(super) struct YesNo(pub(super) Option<bool>);

impl Shape for YesNo {
    const FORM: Form = Form::Text;

    fn text(text: &str) -> Self {
        Self(text.parse().ok())
    }
}

/// One webhook of a configuration.
#[derive(Clone, Default)]
pub(super) struct Webhook {
    pub(super) failure: String,
    rules: Vec<Admits>,
    wrong: Wrong,
}
fields!(Webhook { "failurePolicy" => failure: String, "rules" => rules.0: Many<Admits> });

/// Which requests a webhook or policy is asked about (Kubernetes API reference, `RuleWithOperations`).
#[derive(Clone, Default)]
pub(super) struct Admits {
    groups: Vec<String>,
    resources: Vec<String>,
    operations: Vec<String>,
    wrong: Wrong,
}
fields!(Admits {
    "apiGroups" => groups.0: Many<String>,
    "resources" => resources.0: Many<String>,
    "operations" => operations.0: Many<String>,
});

impl Admits {
    /// Whether the making of pods is among them.
    pub(super) fn new_pods(&self) -> bool {
        let has = |list: &[String], wanted: &[&str]| list.iter().any(|one| wanted.contains(&one.as_str()));
        has(&self.groups, &["", "*"])
            && has(&self.resources, &["pods", "*", "*/*"])
            && has(&self.operations, &["CREATE", "*"])
    }
}

impl Webhook {
    /// Whether it is asked about new pods.
    pub(super) fn sees_new_pods(&self) -> bool {
        self.rules.iter().any(Admits::new_pods)
    }
}

#[derive(Clone, Default)]
struct Aggregation {
    selectors: Vec<Selector>,
    wrong: Wrong,
}
fields!(Aggregation { "clusterRoleSelectors" => selectors.0: Many<Selector> });

/// A label selector (Kubernetes API reference, `LabelSelector`).
#[derive(Clone, Default)]
pub(super) struct Selector {
    pub(super) labels: Labels,
    pub(super) expressions: Vec<Requirement>,
    wrong: Wrong,
}
fields!(Selector { "matchLabels" => labels: Labels, "matchExpressions" => expressions.0: Many<Requirement> });

/// One line of a selector.
#[derive(Clone, Default)]
pub(super) struct Requirement {
    pub(super) key: String,
    pub(super) operator: String,
    pub(super) values: Vec<String>,
    wrong: Wrong,
}
fields!(Requirement { "key" => key: String, "operator" => operator: String, "values" => values.0: Many<String> });
