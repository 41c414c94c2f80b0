//! Masks secrets that stand where none belongs: in names, labels and messages. The last step before a record leaves the
//! collectors, so that no output has to think of it.

use std::sync::Arc;

use crate::model::{Attributes, Evidence, Known, Labels, Location, Provider, Record, TreeName, Urn};
use crate::secrets::DetectorSet;

/// What stands in place of a label that looks like a secret.
const MASKED: &str = "(masked: it looks like a secret)";

/// Masks every free text of a record.
pub fn mask(record: &mut Record, detectors: &DetectorSet) {
    match record {
        Record::Workload(workload) => {
            labels(&mut workload.labels, detectors);
            attributes(&mut workload.attributes, detectors);
        }
        Record::Coverage(entry) => {
            for text in [Some(&mut entry.what), Some(&mut entry.target), entry.detail.as_mut(), entry.remedy.as_mut()]
                .into_iter()
                .flatten()
            {
                detectors.mask(text);
            }
        }
        Record::Exposure(exposure) => {
            if let Some(commit) = &mut exposure.introduced {
                detectors.mask(&mut commit.author);
                detectors.mask(&mut commit.email);
                if let Some(Location::File { root, path, .. }) = &mut commit.lies_at {
                    shared(root, detectors);
                    shared(path, detectors);
                }
            }
            exposure.allowed_by.as_mut().map(|text| detectors.mask(text));
            if path(&mut exposure.evidence, detectors) {
                let mut id = exposure.id.as_str().to_owned();
                detectors.mask(&mut id);
                exposure.id = Urn::new(id);
            }
        }
        Record::Scope(scope) => {
            // A path is masked here as it is where it is a target.
            let masked = |text: &String| {
                let mut text = text.clone();
                detectors.mask(&mut text);
                text
            };
            scope.lengthened = scope.lengthened.iter().map(masked).collect();
            let trees = std::mem::take(&mut scope.trees).into_iter().map(|(path, tree)| {
                let tree = TreeName { name: masked(&tree.name), folder: masked(&tree.folder) };
                (masked(&path), tree)
            });
            let first = std::mem::take(&mut scope.first_commits).into_iter();
            scope.first_commits = first.map(|(name, commit)| (masked(&name), commit)).collect();
            scope.trees = trees.filter(|(path, tree)| tree.name != *path).collect();
        }
        Record::Usage(usage) => {
            if let Known::Unknown(why) = &mut usage.last {
                detectors.mask(why);
            }
        }
        other => named(other, detectors),
    }
}

/// Things that files of a tree may name as they like: agents, what they are given, their settings, edges between them.
fn named(record: &mut Record, detectors: &DetectorSet) {
    match record {
        Record::Identity(identity) => {
            labels(&mut identity.labels, detectors);
            attributes(&mut identity.attributes, detectors);
            if identity.provider() == Provider::Agents {
                urn(&mut identity.id, detectors);
                detectors.mask(&mut identity.name);
                path(&mut identity.evidence, detectors);
            }
        }
        Record::Credential(credential) => {
            attributes(&mut credential.attributes, detectors);
            if Provider::of(&credential.id) == Some(Provider::Agents) {
                urn(&mut credential.id, detectors);
                urn(&mut credential.holder, detectors);
                detectors.mask(&mut credential.name);
                path(&mut credential.evidence, detectors);
            }
        }
        Record::Setting(setting) => {
            labels(&mut setting.labels, detectors);
            attributes(&mut setting.attributes, detectors);
            if Provider::of(&setting.id) == Some(Provider::Agents) {
                urn(&mut setting.id, detectors);
                if let Some(whole) = &mut setting.part_of {
                    urn(whole, detectors);
                }
                detectors.mask(&mut setting.name);
                path(&mut setting.evidence, detectors);
            }
        }
        Record::Link(link) => {
            shared(&mut link.why, detectors);
            link.condition.as_mut().map(|text| shared(text, detectors));
            urn(&mut link.from, detectors);
            urn(&mut link.to, detectors);
            // An exposure in a file of such a name has a masked name, too.
            if path(Arc::make_mut(&mut link.evidence), detectors) {
                let mut to = link.to.as_str().to_owned();
                detectors.mask(&mut to);
                link.to = Urn::new(to);
            }
        }
        _ => {}
    }
}

/// Masks a text that several records may have; whether there was something to mask.
fn shared(text: &mut Arc<str>, detectors: &DetectorSet) -> bool {
    let mut own = text.to_string();
    let masked = detectors.mask(&mut own);
    if masked {
        *text = own.into();
    }
    masked
}

/// Masks the path of a place; whether there was something to mask.
fn path(evidence: &mut Evidence, detectors: &DetectorSet) -> bool {
    match &mut evidence.location {
        Location::File { path, .. } => shared(path, detectors),
        _ => false,
    }
}

/// Names of agents are what somebody wrote into a file. The same text is masked alike wherever it stands.
fn urn(name: &mut Urn, detectors: &DetectorSet) {
    if Provider::of(name) == Some(Provider::Agents) {
        let mut text = name.as_str().to_owned();
        if detectors.mask(&mut text) {
            *name = Urn::new(text);
        }
    }
}

fn attributes(attributes: &mut Attributes, detectors: &DetectorSet) {
    attributes.each_text(|text| {
        detectors.mask(text);
    });
}

/// A label is judged with its name: `password = …` says what stands behind it.
fn labels(labels: &mut Labels, detectors: &DetectorSet) {
    for (name, value) in labels.iter_mut() {
        let mut line = format!("{name} = \"{value}\"");
        if detectors.mask(&mut line) || detectors.mask(value) {
            *value = MASKED.to_owned();
        }
    }
}
