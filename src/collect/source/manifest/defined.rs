//! What code makes, as settings: with accounts, owner, administrator and who wrote it. Reads no form of code itself.

use super::super::git::authors;
use super::providers::Providers;
use super::{Definition, KINDS, Reader, read, template, terraform};
use crate::collect::CollectError;
use crate::collect::agents::Administrators;
use crate::model::{AttributeName, Attributes, Location, Record, Setting, SettingKind, Urn};

/// A program that is not run: whatever it makes may have any name.
pub(super) fn program(name: &str) -> Definition {
    Definition {
        form: "program",
        address: name.to_owned(),
        kind: None,
        line: 1,
        name: None,
        patterns: vec!["*".to_owned()],
        arn: None,
        optional: true,
        provider: None,
        root: None,
        administrator_by: None,
    }
}

impl Reader<'_> {
    /// What the Terraform of the tree makes, which is known when all of it was read.
    pub(super) fn terraform(&mut self) {
        let code = std::mem::take(&mut self.code);
        if code.is_cut() {
            self.holes.push((".".to_owned(), "more Terraform than is kept; scan its parts one by one".to_owned()));
        }
        for made in code.made() {
            let path = made.path.clone();
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
            let by = self.providers(&folder).and_then(|providers| providers.administrator(&made.plain_address()));
            let administrator_by = by.map(str::to_owned);
            self.definition(&path, Definition { administrator_by, ..of_terraform(made) });
        }
    }

    /// Sends what was found, with who wrote it.
    pub(super) fn send(&mut self) -> Result<(), CollectError> {
        let mut found = std::mem::take(&mut self.found);
        // A program writes states and JSON.
        let is_written = |path: &str| !path.ends_with(".json") && !path.ends_with(".tfstate");
        let mut written: Vec<(&mut Setting, (String, u64))> = Vec::new();
        for setting in &mut found {
            let Location::File { path, line, .. } = &setting.evidence.location else { continue };
            let place = (path.to_string(), *line);
            if is_written(&place.0) {
                written.push((setting, place));
            }
        }
        let wanted: Vec<(String, u64)> = written.iter().map(|(_, place)| place.clone()).collect();
        for ((setting, _), author) in written.iter_mut().zip(authors(&self.root.path, &wanted)) {
            author.into_iter().for_each(|author| setting.attributes.set(AttributeName::GitAuthor, author));
        }
        found.into_iter().try_for_each(|setting| self.sink.send_blocking(Record::Setting(setting)))
    }

    pub(super) fn definition(&mut self, path: &str, found: Definition) {
        let known = found.kind.as_ref().map(|kind| KINDS.iter().find(|(known, _)| known == kind));
        let mut attributes = Attributes::default().with(AttributeName::Form, found.form);
        match known {
            Some(Some((_, kind))) => attributes.set(AttributeName::DefinedKind, *kind),
            Some(None) => return,
            None => {}
        }
        if !found.patterns.is_empty() {
            attributes.set(AttributeName::DefinedPatterns, found.patterns);
        }
        if let Some(name) = found.name.filter(|name| !name.is_empty()) {
            attributes.set(AttributeName::DefinedName, name);
        }
        if let Some(arn) = found.arn.filter(|arn| arn.starts_with("arn:")) {
            attributes.set(AttributeName::DefinedArn, arn);
        }
        if let Some(by) = found.administrator_by {
            attributes.set(AttributeName::AdministratorBy, by);
        }
        if found.optional {
            attributes.set(AttributeName::Optional, true);
        }
        let is_aws = found.kind.as_ref().is_none_or(|kind| kind.starts_with("aws_"));
        if found.form.starts_with("terraform") && found.form != "terraform-state" && is_aws {
            let folder =
                found.root.unwrap_or_else(|| path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned());
            let accounts = self.accounts(&folder, found.provider.as_deref());
            if !accounts.is_empty() {
                attributes.set(AttributeName::DefinedAccounts, accounts);
            }
        }
        self.about_file(path, &mut attributes);
        self.count += 1;
        let id = Urn::new(format!("code:{}/{path}#{}", self.root.label, found.address));
        let setting = Setting {
            id,
            kind: SettingKind::CodeDefinition,
            tenant: self.tenant(),
            name: found.address,
            part_of: None,
            labels: Default::default(),
            attributes,
            evidence: self.evidence(path, found.line),
        };
        self.found.push(setting);
    }

    /// The accounts that the Terraform of a folder is held to.
    fn accounts(&mut self, folder: &str, provider: Option<&str>) -> Vec<String> {
        let alias = match provider {
            None | Some("aws") => "",
            Some(named) => named.strip_prefix("aws.").unwrap_or(named),
        };
        self.providers(folder).map(|providers| providers.accounts(alias)).unwrap_or_default()
    }

    /// What the Terraform of a folder says together.
    fn providers(&mut self, folder: &str) -> Option<&Providers> {
        if self.providers.as_ref().is_none_or(|(known, _)| known != folder) {
            // A root that is a file has no folder that the user meant.
            let whole = self.root.path.join(folder);
            let providers = Providers::of_folder(&whole, |path| read(path, |_| true));
            self.providers = Some((folder.to_owned(), providers));
        }
        self.providers.as_ref().map(|(_, providers)| providers)
    }
}

pub(super) fn of_template(text: &str) -> Vec<Definition> {
    let mut found = template::resources(text);
    let mut administrators = Administrators::of_template(text);
    found.iter_mut().for_each(|one| one.administrator_by = administrators.remove(&one.address));
    found
}

fn of_terraform(made: terraform::Made) -> Definition {
    let mut names: Vec<String> = made.names.into_iter().collect();
    let is_one = names.len() == 1 && made.kind.is_some() && !names.iter().any(|name| name.contains('*'));
    let name = if is_one { names.pop() } else { None };
    Definition {
        form: if made.kind.is_some() { "terraform" } else { "terraform-module" },
        address: made.address,
        line: made.line,
        name,
        patterns: names,
        arn: None,
        optional: made.optional,
        provider: made.provider,
        root: Some(made.root),
        kind: made.kind,
        administrator_by: None,
    }
}
