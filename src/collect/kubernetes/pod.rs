//! The part of `spec` that says as whom pods run and which credentials they are given, in templates of every kind.
//! Values of variables are kept until they are searched for credentials, as text that cannot be printed.

use std::collections::BTreeSet;

use serde::de::MapAccess;

use super::anywhere::Anywhere;
use super::command::Words;
use super::object::{Admits, Named, YesNo, fields};
use super::searching::Text;
use super::shape::{Form, Many, Shape, Take, Wrong, next_key, pass, value};
use super::words::{is_plain, names_secret};

/// `spec` of anything: of a pod, of what makes pods, of a certificate request, of a custom resource.
#[derive(Clone, Default)]
pub(super) struct Spec {
    own: PodSpec,
    template: PodTemplate,
    job: JobTemplate,
    /// `suspend` and `replicas`: whether it runs anything now.
    suspend: String,
    replicas: String,
    /// Service accounts that are named anywhere below fields that we do not know; of custom resources.
    anywhere: Anywhere,
    /// Of a certificate request.
    pub(super) request: Request,
    /// Of an admission policy.
    pub(super) matches: Matches,
    wrong: Wrong,
}

impl Shape for Spec {
    const FORM: Form = Form::Mapping;

    fn wrong(&mut self) -> Wrong {
        let mut wrong = std::mem::take(&mut self.wrong);
        wrong.nested("", self.own.wrong());
        wrong
    }

    fn map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut spec = Self::default();
        while let Some(key) = next_key(&mut map)? {
            let wrong = &mut spec.wrong;
            match key.as_str() {
                "template" => spec.template = value(&mut map, &key, wrong)?,
                "jobTemplate" => spec.job = value(&mut map, &key, wrong)?,
                "signerName" => spec.request.signer = value(&mut map, &key, &mut Wrong::default())?,
                "username" => spec.request.username = value(&mut map, &key, &mut Wrong::default())?,
                "matchConstraints" => spec.matches = value(&mut map, &key, &mut Wrong::default())?,
                "request" => spec.request.subject = value(&mut map, &key, &mut Wrong::default())?,
                "serviceAccount" => {
                    let Take(found, is_text) = map.next_value::<Take<Anywhere>>()?;
                    spec.own.alias.clone_from(&found.text);
                    if !is_text {
                        // A custom resource may say it as `{name: …}`.
                        wrong.add(&key, "a text");
                        spec.anywhere.merge(found, &key);
                    }
                }
                _ => {
                    if spec.own.field(&key, &mut map)? {
                        continue;
                    }
                    let mut found = map.next_value::<Take<Anywhere>>()?.0;
                    // What these are of custom resources may hold anything.
                    match key.as_str() {
                        "suspend" => spec.suspend = std::mem::take(&mut found.text),
                        "replicas" => spec.replicas = std::mem::take(&mut found.text),
                        _ => {}
                    }
                    spec.anywhere.merge(found, &key);
                }
            }
        }
        spec.anywhere.settle();
        Ok(spec)
    }
}

/// What an admission policy is about (Kubernetes API reference, `MatchResources`).
#[derive(Clone, Default)]
pub(super) struct Matches {
    pub(super) rules: Vec<Admits>,
    wrong: Wrong,
}
fields!(Matches { "resourceRules" => rules.0: Many<Admits> });

/// What a certificate request asks for.
#[derive(Clone, Default)]
pub(super) struct Request {
    pub(super) signer: String,
    /// Who asks.
    pub(super) username: String,
    pub(super) subject: RequestSubject,
}

/// Whom the certificate is for, as far as it matters; read from the request's bytes, which are not kept.
#[derive(Clone, Default)]
pub(super) struct RequestSubject {
    pub(super) masters: bool,
    pub(super) account: bool,
}

impl Shape for RequestSubject {
    const FORM: Form = Form::Text;

    fn text(text: &str) -> Self {
        use base64::Engine;
        // The request is PEM in base64; its subject stands in the DER in plain letters.
        let decode = |text: &str| base64::engine::general_purpose::STANDARD.decode(text.as_bytes()).ok();
        let pem = decode(text.trim()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        let inner: String = pem.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
        let der = decode(&inner).unwrap_or_default();
        let has = |wanted: &str| der.windows(wanted.len()).any(|bytes| bytes == wanted.as_bytes());
        Self { masters: has("system:masters"), account: has("system:serviceaccount:") }
    }
}

/// The specification of pods.
#[derive(Clone, Default)]
pub(super) struct PodSpec {
    account: String,
    /// The deprecated alias of `serviceAccountName`, which the API server still fills in.
    alias: String,
    /// Whether the token is mounted, where the pod says so.
    pub(super) automount: Option<bool>,
    pub(super) pull_secrets: Vec<Named>,
    pub(super) volumes: Vec<Volume>,
    pub(super) containers: Vec<Container>,
    /// The node it is on.
    pub(super) node: String,
    wrong: Wrong,
}

impl PodSpec {
    /// Takes the value of a field, if it is one of these.
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error> {
        // A container or volume of another form is for the server to refuse; as whom pods run is what counts.
        let mut ignored = Wrong::default();
        match name {
            "serviceAccountName" => self.account = value(map, name, &mut self.wrong)?,
            "serviceAccount" => self.alias = value(map, name, &mut self.wrong)?,
            "automountServiceAccountToken" => self.automount = value::<_, YesNo>(map, name, &mut ignored)?.0,
            "nodeName" => self.node = value(map, name, &mut ignored)?,
            "imagePullSecrets" => self.pull_secrets = value::<_, Many<_>>(map, name, &mut ignored)?.0,
            "volumes" => self.volumes = value::<_, Many<_>>(map, name, &mut ignored)?.0,
            "containers" | "initContainers" | "ephemeralContainers" => {
                self.containers.extend(value::<_, Many<Container>>(map, name, &mut ignored)?.0);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl Shape for PodSpec {
    const FORM: Form = Form::Mapping;

    fn wrong(&mut self) -> Wrong {
        std::mem::take(&mut self.wrong)
    }

    fn map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut spec = Self::default();
        while let Some(key) = next_key(&mut map)? {
            if !spec.field(&key, &mut map)? {
                pass(&mut map)?;
            }
        }
        Ok(spec)
    }
}

/// A template of pods; those of Argo Events name the service account beside the containers.
#[derive(Clone, Default)]
pub(super) struct PodTemplate {
    spec: PodSpec,
    account: String,
    wrong: Wrong,
}
fields!(PodTemplate { "spec" => spec: PodSpec, "serviceAccountName" => account: String });

#[derive(Clone, Default)]
struct JobTemplate {
    spec: JobSpec,
    wrong: Wrong,
}
fields!(JobTemplate { "spec" => spec: JobSpec });

#[derive(Clone, Default)]
struct JobSpec {
    template: PodTemplate,
    wrong: Wrong,
}
fields!(JobSpec { "template" => template: PodTemplate });

impl Spec {
    /// Takes the template of an object that has it outside of its specification.
    pub(super) fn take_template(&mut self, template: PodTemplate) {
        self.template = template;
    }

    /// The specification of the pods, wherever the kind has it.
    pub(super) fn pods(&self) -> [&PodSpec; 3] {
        [&self.own, &self.template.spec, &self.job.spec.template.spec]
    }

    /// The service account that is named for the pods.
    pub(super) fn service_account(&self) -> Option<&str> {
        let named = self.pods().into_iter().flat_map(|spec| [spec.account.as_str(), spec.alias.as_str()]);
        named.into_iter().find(|name| !name.is_empty())
    }

    /// Why it runs no pod for now, by its own word; one without a number runs one (Kubernetes API reference, `CronJobSpec`,
    /// `JobSpec`, `DeploymentSpec`).
    pub(super) fn rests(&self) -> Option<&'static str> {
        match (self.suspend.as_str(), self.replicas.as_str()) {
            ("true", _) => Some("suspended"),
            (_, "0") => Some("scaled to zero"),
            _ => None,
        }
    }

    /// Whether it says itself what its pods are.
    pub(super) fn has_containers(&self) -> bool {
        self.pods().into_iter().any(|pod| !pod.containers.is_empty())
    }

    /// Every service account that is named anywhere; for custom resources.
    pub(super) fn accounts(&self) -> BTreeSet<&str> {
        let named = self.pods().into_iter().flat_map(|spec| [spec.account.as_str(), spec.alias.as_str()]);
        let anywhere = self.anywhere.accounts.iter().map(String::as_str).chain([self.template.account.as_str()]);
        named.chain(anywhere).filter(|name| !name.is_empty()).collect()
    }

    /// Changes the names of service accounts, wherever they stand.
    pub(super) fn rename_accounts(&mut self, rename: impl Fn(&mut String)) {
        for spec in [&mut self.own, &mut self.template.spec, &mut self.job.spec.template.spec] {
            rename(&mut spec.account);
            rename(&mut spec.alias);
        }
        rename(&mut self.template.account);
        let named = std::mem::take(&mut self.anywhere.accounts);
        self.anywhere.accounts = named
            .into_iter()
            .map(|mut name| {
                // What another namespace has is not renamed with this one.
                if !name.contains('/') {
                    rename(&mut name);
                }
                name
            })
            .collect();
    }

    /// Adds the values of variables and arguments, and the texts of custom resources.
    pub(super) fn texts(&self, text: &mut Text) {
        for container in self.pods().into_iter().flat_map(|spec| &spec.containers) {
            container.env.iter().for_each(|variable| text.line(&variable.name, &variable.value.text));
            let words = [&container.command, &container.args];
            words.into_iter().flat_map(|words| &words.texts).for_each(|(name, value)| text.line(name, value));
        }
        self.anywhere.texts.iter().for_each(|(name, value)| text.line(name, value));
    }

    /// The one container that has a variable or argument of this name.
    pub(super) fn container_with(&self, name: &str) -> Option<&str> {
        let has = |one: &&Container| {
            let words = [&one.command, &one.args].into_iter().flat_map(|words| &words.texts);
            one.env.iter().any(|variable| variable.name == name) || words.into_iter().any(|(known, _)| known == name)
        };
        let pods = self.pods();
        let mut all = pods.into_iter().flat_map(|pod| &pod.containers).filter(has);
        let one = all.next().filter(|one| !one.name.is_empty())?;
        all.next().is_none().then_some(one.name.as_str())
    }

    /// The images of custom resources, and of pods.
    pub(super) fn images(&self) -> BTreeSet<String> {
        let of_pods = self.pods().into_iter().flat_map(|spec| spec.containers.iter().map(|one| one.image.clone()));
        of_pods.chain(self.anywhere.images.iter().cloned()).filter(|image| !image.is_empty()).collect()
    }
}

/// A volume, as far as it brings a credential.
#[derive(Clone, Default)]
pub(super) struct Volume {
    pub(super) secret: SecretVolume,
    pub(super) projected: Projected,
    wrong: Wrong,
}
fields!(Volume { "secret" => secret: SecretVolume, "projected" => projected: Projected });

#[derive(Clone, Default)]
pub(super) struct SecretVolume {
    pub(super) name: String,
    wrong: Wrong,
}
fields!(SecretVolume { "secretName" => name: String });

#[derive(Clone, Default)]
pub(super) struct Projected {
    pub(super) sources: Vec<ProjectedSource>,
    wrong: Wrong,
}
fields!(Projected { "sources" => sources.0: Many<ProjectedSource> });

#[derive(Clone, Default)]
pub(super) struct ProjectedSource {
    pub(super) token: ProjectedToken,
    pub(super) secret: Named,
    wrong: Wrong,
}
fields!(ProjectedSource { "serviceAccountToken" => token: ProjectedToken, "secret" => secret: Named });

#[derive(Clone, Default)]
pub(super) struct ProjectedToken {
    /// Empty where the default of an hour holds.
    pub(super) seconds: String,
    wrong: Wrong,
}
fields!(ProjectedToken { "expirationSeconds" => seconds: String });

/// A container, as far as it says something of credentials.
#[derive(Clone, Default)]
pub(super) struct Container {
    pub(super) name: String,
    pub(super) image: String,
    pub(super) env: Vec<Variable>,
    pub(super) env_from: Vec<EnvFrom>,
    pub(super) command: Words,
    pub(super) args: Words,
    wrong: Wrong,
}
fields!(Container {
    "name" => name: String,
    "image" => image: String,
    "env" => env.0: Many<Variable>,
    "envFrom" => env_from.0: Many<EnvFrom>,
    "command" => command: Words,
    "args" => args: Words,
});

#[derive(Clone, Default)]
pub(super) struct EnvFrom {
    pub(super) secret: Named,
    wrong: Wrong,
}
fields!(EnvFrom { "secretRef" => secret: Named });

/// A variable of the environment.
#[derive(Clone, Default)]
pub(super) struct Variable {
    pub(super) name: String,
    value: Literal,
    pub(super) from: ValueFrom,
    wrong: Wrong,
}
fields!(Variable { "name" => name: String, "value" => value: Literal, "valueFrom" => from: ValueFrom });

impl Variable {
    /// Whether its value stands in the template and is a secret by its name.
    pub(super) fn is_secret(&self) -> bool {
        self.value.may_be && names_secret(&self.name)
    }
}

/// A value that stands in a template, and whether it may be a secret. Not printable: nothing derives Debug here.
#[derive(Clone, Default)]
struct Literal {
    may_be: bool,
    text: String,
}

impl Shape for Literal {
    const FORM: Form = Form::Text;

    fn text(text: &str) -> Self {
        Self { may_be: !is_plain(text), text: text.to_owned() }
    }
}

#[derive(Clone, Default)]
pub(super) struct ValueFrom {
    pub(super) secret: Named,
    wrong: Wrong,
}
fields!(ValueFrom { "secretKeyRef" => secret: Named });
