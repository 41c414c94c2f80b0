//! The few fields of a Kubernetes object that become records.
//! It has no field for a Secret's `data` or `stringData`, so their bytes are passed over and never kept.

use jiff::Timestamp;
use serde::de::{MapAccess, SeqAccess};
use serde_json::Value;

use super::resources::RESOURCES;
use super::shape::{Form, Labels, Many, Shape, Wrong, next_key, pass, value};
use crate::model::parse_timestamp;

/// An object of any kind; fields that its kind does not have are empty.
#[derive(Default)]
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
    /// The one entry of the legacy token tracking ConfigMap.
    pub(super) since: Option<Timestamp>,
    /// Fields of another form than any kind that we read gives them.
    pub(super) wrong: Wrong,
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
            "type" => self.secret_type = value(map, name, wrong)?,
            "data" => self.since = value::<_, Tracking>(map, name, wrong)?.since,
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

/// `metadata`, without `managedFields`, which is most of it.
#[derive(Default)]
pub(super) struct Metadata {
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) uid: String,
    /// As written; empty in manifests that were never applied.
    pub(super) created: String,
    pub(super) labels: Labels,
    pub(super) annotations: Labels,
    pub(super) owners: Vec<OwnerRef>,
    wrong: Wrong,
}
fields!(Metadata {
    "name" => name: String,
    "namespace" => namespace: String,
    "uid" => uid: String,
    "creationTimestamp" => created: String,
    "labels" => labels: Labels,
    "annotations" => annotations: Labels,
    "ownerReferences" => owners.0: Many<OwnerRef>,
});

/// What an object was made by.
#[derive(Default)]
pub(super) struct OwnerRef {
    pub(super) api_version: String,
    pub(super) kind: String,
    /// Whether this owner is the one that manages it.
    pub(super) controller: bool,
    wrong: Wrong,
}
fields!(OwnerRef { "apiVersion" => api_version: String, "kind" => kind: String, "controller" => controller: bool });

/// Who a binding names.
#[derive(Default)]
pub(super) struct Subject {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) namespace: String,
    wrong: Wrong,
}
fields!(Subject { "kind" => kind: String, "name" => name: String, "namespace" => namespace: String });

/// What a binding gives.
#[derive(Default)]
pub(super) struct RoleRef {
    pub(super) kind: String,
    pub(super) name: String,
    wrong: Wrong,
}
fields!(RoleRef { "kind" => kind: String, "name" => name: String });

/// The part of `spec` that says as whom pods run: directly (a Pod), in a template, or in a CronJob's job template.
#[derive(Default)]
pub(super) struct Spec {
    account: String,
    /// The deprecated alias of `serviceAccountName`, which the API server still fills in.
    alias: String,
    template: PodTemplate,
    job: JobTemplate,
    wrong: Wrong,
}
fields!(Spec {
    "serviceAccountName" => account: String,
    "serviceAccount" => alias: String,
    "template" => template: PodTemplate,
    "jobTemplate" => job: JobTemplate,
});

#[derive(Default)]
struct PodTemplate {
    spec: PodSpec,
    wrong: Wrong,
}
fields!(PodTemplate { "spec" => spec: PodSpec });

#[derive(Default)]
struct PodSpec {
    account: String,
    alias: String,
    wrong: Wrong,
}
fields!(PodSpec { "serviceAccountName" => account: String, "serviceAccount" => alias: String });

#[derive(Default)]
struct JobTemplate {
    spec: JobSpec,
    wrong: Wrong,
}
fields!(JobTemplate { "spec" => spec: JobSpec });

#[derive(Default)]
struct JobSpec {
    template: PodTemplate,
    wrong: Wrong,
}
fields!(JobSpec { "template" => template: PodTemplate });

impl Spec {
    /// The service account that is named for the pods, wherever the kind has it.
    pub(super) fn service_account(&self) -> Option<&str> {
        let templates = [&self.template.spec, &self.job.spec.template.spec];
        let named = templates.into_iter().flat_map(|spec| [spec.account.as_str(), spec.alias.as_str()]);
        [self.account.as_str(), self.alias.as_str()].into_iter().chain(named).find(|name| !name.is_empty())
    }
}

/// The rules of a role as they are written: `access` gives them their meaning.
#[derive(Default)]
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

/// Of `data` nothing is taken but a date under `since`: everything else there may be a secret.
#[derive(Default)]
struct Tracking {
    since: Option<Timestamp>,
    wrong: Wrong,
}
fields!(Tracking { "since" => since.0: Date });

#[derive(Default)]
struct Date(Option<Timestamp>);

impl Shape for Date {
    const FORM: Form = Form::Text;

    fn text(text: &str) -> Self {
        Self(parse_timestamp(text).ok())
    }
}
