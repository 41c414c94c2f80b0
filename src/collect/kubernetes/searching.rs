//! Searches the texts of an object (entries of a ConfigMap, variables, arguments, annotations) for credentials, and drops
//! them. Of a Secret's values only keyed fingerprints leave it, and only where the user asked for that.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine;

use super::NAME;
use super::audit::Uses;
use super::data::is_kubeconfig;
use super::object::Object;
use super::resources::Kind;
use crate::collect::{Context, certificates, texts};
use crate::model::{CoverageEntry, Evidence, Fingerprint, Location, Record, Secret};
use crate::secrets::{DetectorSet, Match, published_keys};

/// Bytes of text that are kept of one object until it is searched. An API server stores no larger one.
const MOST: usize = 2 * 1024 * 1024;

/// Shorter values say nothing: many things are called `admin`.
const SHORTEST_VALUE: usize = 8;

/// How the texts of objects are searched for credentials, and what is read beside them.
#[derive(Clone, Debug, Default)]
pub struct Searching {
    /// What credentials look like; `None`: texts are not searched.
    pub detectors: Option<Arc<DetectorSet>>,
    /// Whether the values of Secrets are read, to compare them by keyed fingerprint.
    pub values: bool,
    /// Audit logs, each of one cluster or, unnamed, of every one that is read.
    pub audit_logs: Vec<(Option<String>, PathBuf)>,
}

/// Text that was read and not yet searched. It can neither be printed nor written out.
#[derive(Clone, Default)]
pub(super) struct Text(String);

impl Text {
    pub(super) fn new(text: &str) -> Self {
        Self(if text.len() <= MOST { text.to_owned() } else { String::new() })
    }

    /// Adds a line `name=value`; what would make it too long is left out.
    pub(super) fn line(&mut self, name: &str, value: &str) {
        let room = self.0.len() + name.len() + value.len() + 2 <= MOST;
        if room && !value.contains('\n') {
            self.0.push_str(name);
            self.0.push('=');
            self.0.push_str(value);
            self.0.push('\n');
        }
    }

    pub(super) fn is_file(&self) -> bool {
        self.0.trim().contains('\n')
    }

    fn name_in_line(&self, line: u64) -> Option<&str> {
        let line = self.0.lines().nth(usize::try_from(line).ok()?.checked_sub(1)?)?;
        line.split_once('=').map(|(name, _)| name)
    }

    /// The text that a Secret's entry stands for.
    fn decoded_text(&self) -> Option<String> {
        let bytes = base64::engine::general_purpose::STANDARD.decode(self.0.trim()).ok()?;
        String::from_utf8(bytes).ok()
    }

    /// The value that a Secret's entry stands for.
    fn decoded(&self) -> Option<Secret<'static>> {
        let bytes = base64::engine::general_purpose::STANDARD.decode(self.0.trim()).ok()?;
        (bytes.len() >= SHORTEST_VALUE).then(|| Secret::new(bytes))
    }
}

/// What was found in the texts of an object.
#[derive(Default)]
pub(super) struct Found {
    pub(super) exposures: Vec<Record>,
    /// The names of entries and variables whose values were recognised.
    pub(super) names: BTreeSet<String>,
    /// Keyed fingerprints of a Secret's values, with the names of their entries.
    pub(super) prints: Vec<(String, Fingerprint)>,
    /// What credentials a Secret's values are, by their form: kinds, with a key's public id, or with whom a token is of.
    pub(super) holds: BTreeSet<String>,
    /// Whether a value of a Secret is a kubeconfig with a credential.
    pub(super) kubeconfig: bool,
    /// The names of the public keys of a Secret's certificates: kind of name, and name.
    pub(super) keys: BTreeSet<(&'static str, String)>,
}

/// Searches with the key of a scan.
pub(super) struct Searcher {
    how: Searching,
    context: Context,
}

impl Searching {
    /// What the audit logs of a cluster say, with how much of them was read.
    pub(super) fn uses(&self, cluster: &str) -> (Option<Uses>, Vec<CoverageEntry>) {
        let of_cluster = self.audit_logs.iter().filter(|(name, _)| name.as_ref().is_none_or(|name| name == cluster));
        let mut uses = Uses::default();
        let entries: Vec<CoverageEntry> = of_cluster.map(|(_, path)| uses.read(cluster, path)).collect();
        ((!entries.is_empty()).then_some(uses), entries)
    }
}

impl Searcher {
    pub(super) fn new(how: &Searching, context: &Context) -> Self {
        Self { how: how.clone(), context: context.clone() }
    }

    /// Takes the texts out of an object and searches them.
    pub(super) fn search(&self, cluster: &str, kind: &str, known: Option<Kind>, object: &mut Object) -> Found {
        let entries = std::mem::take(&mut object.data.texts);
        let mut found = Found::default();
        let place = format!("kubernetes/{cluster}/{}/{kind}/{}", object.metadata.namespace, object.metadata.name);
        if known == Some(Kind::Secret) {
            if self.how.values {
                for (name, text) in &entries {
                    let whole = text.decoded_text().unwrap_or_default();
                    found.certificates(&whole, cluster, &place, name, &self.context);
                    found.kubeconfig |= is_kubeconfig(&whole);
                }
                let prints = entries.iter().filter_map(|(name, text)| {
                    Some((name.clone(), text.decoded()?.fingerprint(&self.context.fingerprint_key)))
                });
                found.prints = prints.collect();
                found.holds = self.kinds(&entries);
            }
            return found;
        }
        let Some(detectors) = &self.how.detectors else { return found };
        let mut plain = Text::default();
        let mut files = Vec::new();
        for (name, text) in entries {
            match text.is_file() {
                true => files.push((name, text)),
                false => plain.line(&name, &text.0),
            }
        }
        for (name, value) in &object.metadata.annotations.0 {
            plain.line(name, value);
        }
        let written_on_it = plain.0.lines().count();
        object.spec.texts(&mut plain);
        if !plain.0.is_empty() {
            let mut exposures = self.exposures(&plain, &place, cluster, detectors);
            exposures.iter_mut().for_each(|one| name_variable(one, &plain, written_on_it, object));
            found.add(&exposures, Some(&plain));
        }
        for (name, text) in files {
            found.certificates(&text.0, cluster, &place, &name, &self.context);
            found.add(&self.exposures(&text, &format!("{place}/{name}"), cluster, detectors), None);
        }
        found
    }

    /// The kinds of credentials among a Secret's values.
    fn kinds(&self, entries: &[(String, Text)]) -> BTreeSet<String> {
        let Some(detectors) = &self.how.detectors else { return BTreeSet::new() };
        let decode = |text: &Text| base64::engine::general_purpose::STANDARD.decode(text.0.trim()).ok();
        let values = entries.iter().filter_map(|(name, text)| {
            let mut line = format!("{name}=").into_bytes();
            line.extend(decode(text)?);
            Some(line)
        });
        let text = values.collect::<Vec<_>>().join(&b'\n');
        let matches = detectors.scan_file(&text, None, &[]).matches;
        let known = matches.iter().filter(|one| is_known(one));
        known
            .map(|one| {
                // Whom a token of a service account is of stands in it, with the account's unique id.
                let fact = |name: &str| one.proof.facts.get(name);
                let account = fact("subject").filter(|subject| subject.starts_with("system:serviceaccount:"));
                let account = account.map(|account| match fact("account_uid") {
                    Some(uid) => format!("{account} {uid}"),
                    None => account.clone(),
                });
                let named = one.proof.key_id.clone().or(account);
                named.map_or_else(|| one.proof.kind.clone(), |id| format!("{} {id}", one.proof.kind))
            })
            .collect()
    }

    /// What is known by its own form. That a value is called `password` is judged by the names of entries.
    fn exposures(&self, text: &Text, path: &str, cluster: &str, detectors: &DetectorSet) -> Vec<Record> {
        texts::exposures(text.0.as_bytes(), path, NAME, cluster, detectors, &self.context, is_known)
    }
}

/// Says which variable or argument of which container has a value. What stands in the first lines is written on the object:
/// what runs does not get it by that.
fn name_variable(record: &mut Record, text: &Text, written_on_it: usize, object: &Object) {
    let Record::Exposure(exposure) = record else { return };
    let Location::File { line, .. } = exposure.evidence.location else { return };
    let is_given = usize::try_from(line).is_ok_and(|line| line > written_on_it);
    let Some(name) = text.name_in_line(line).filter(|_| is_given) else { return };
    let facts = &mut exposure.proof.facts;
    facts.insert("variable".to_owned(), name.to_owned());
    if let Some(container) = object.spec.container_with(name) {
        facts.insert("container".to_owned(), container.to_owned());
    }
}

/// Whether it was told by its own form, and not by the name of its place.
fn is_known(one: &Match<'_>) -> bool {
    one.detector.file.rsplit('/').next() != Some("generic.toml")
}

impl Found {
    /// Adds the client certificates of a kubeconfig in an entry, or of a certificate that is one.
    fn certificates(&mut self, text: &str, cluster: &str, place: &str, name: &str, context: &Context) {
        if !text.contains("client-certificate-data") && !text.contains("-----BEGIN CERTIFICATE-----") {
            return;
        }
        for key in published_keys(text) {
            self.keys.extend(key.names.iter().cloned());
            let Some(of) = key.certificate.as_ref().filter(|one| certificates::is_of_cluster(one)) else { continue };
            let (root, path) = (String::new(), format!("{place}/{name}"));
            let (line, column) = (key.line, 1);
            let (end_line, end_column, commit) = (line, 1, None);
            let location =
                Location::File { root: root.into(), path: path.into(), line, column, end_line, end_column, commit };
            let evidence = Evidence { observed: context.now, collector: NAME.into(), location };
            let base = format!("{}/{name}", place.replacen("kubernetes/", "k8s:", 1));
            let found = certificates::credential(&key, of, (&base, &format!("{place}/{name}")), cluster, evidence);
            self.exposures.push(Record::Credential(found));
        }
    }

    fn add(&mut self, exposures: &[Record], lines: Option<&Text>) {
        for record in exposures {
            if let (Record::Exposure(exposure), Some(text)) = (record, lines)
                && let Location::File { line, .. } = &exposure.evidence.location
            {
                self.names.extend(text.name_in_line(*line).map(str::to_owned));
            }
            self.exposures.push(record.clone());
        }
    }
}
