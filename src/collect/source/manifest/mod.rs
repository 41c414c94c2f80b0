//! Code of a tree that makes identities, workflows that ask for them, and public keys: Terraform and OpenTofu, their
//! states, those of Pulumi, CloudFormation templates, GitHub workflows, GitLab pipelines. Names and places only; nothing is evaluated, and no value of a
//! state leaves it.

mod events;
mod habits;
mod hcl;
mod keys;
mod owners;
mod pipeline;
mod providers;
mod repository;
mod state;
mod template;
mod workflow;

use std::io::Read;
use std::path::Path;

use ignore::WalkBuilder;

use super::name::text_of;
use super::{NAME, Root};
use crate::collect::agents::Administrators;
use crate::collect::{CollectError, Context, Sink};
use crate::model::{
    AttributeName, Attributes, CoverageEntry, Evidence, Location, Outcome, Record, Setting, SettingKind, Urn,
};
use providers::Providers;
pub(in crate::collect) use repository::Repositories;

/// The largest file that is read, in bytes. Code is small; states of thousands of resources are not.
const LARGEST: u64 = 64 * 1024 * 1024;
/// How much of a file is looked at to know what it is, in bytes.
const HEAD: u64 = 4096;
/// How many files that cannot be read are named.
const NAMED_HOLES: usize = 20;

/// Kinds of resources that are identities or their keys, by the names that each tool gives them.
/// Sources: Terraform Registry (hashicorp/aws, hashicorp/kubernetes), CloudFormation User Guide, Pulumi Registry (aws).
const KINDS: &[(&str, &str)] = &[
    ("aws_iam_user", "aws.user"),
    ("aws_iam_role", "aws.role"),
    ("aws_iam_group", "aws.group"),
    ("kubernetes_service_account", "kubernetes.service-account"),
    ("kubernetes_service_account_v1", "kubernetes.service-account"),
    ("aws_iam_access_key", "aws.access-key"),
    ("AWS::IAM::AccessKey", "aws.access-key"),
    ("aws:iam/accessKey:AccessKey", "aws.access-key"),
    ("AWS::IAM::User", "aws.user"),
    ("AWS::IAM::Role", "aws.role"),
    ("AWS::IAM::Group", "aws.group"),
    ("aws:iam/user:User", "aws.user"),
    ("aws:iam/role:Role", "aws.role"),
    ("aws:iam/group:Group", "aws.group"),
];

/// Something that code makes.
#[derive(Debug, PartialEq, Eq)]
struct Definition {
    /// `terraform`, `terraform-state`, `cloudformation`, `pulumi-state`.
    form: &'static str,
    /// How the tool calls it there.
    address: String,
    /// The kind of resource, as the tool calls it.
    kind: String,
    line: u64,
    /// Its name, where that stands there plainly.
    name: Option<String>,
    arn: Option<String>,
    /// It is made in some cases only (`count`, `for_each`, `Condition`).
    optional: bool,
    /// The provider that makes it, as Terraform calls it, where it names one.
    provider: Option<String>,
    /// The policy by which its own code makes it an administrator.
    administrator_by: Option<String>,
}

/// Reads the code of a tree.
///
/// # Errors
/// When nobody listens any more.
pub(super) fn run(root: &Root, target: &str, context: &Context, sink: &Sink) -> Result<(), CollectError> {
    let mut reader = Reader {
        root,
        context,
        sink,
        count: 0,
        holes: Vec::new(),
        repositories: Repositories::new(&root.path),
        providers: None,
    };
    let mut walker = WalkBuilder::new(&root.path);
    walker.standard_filters(false).git_ignore(true).require_git(false).follow_links(false).sort_by_file_path(Path::cmp);
    walker.filter_entry(|entry| entry.file_name() != ".git");
    for entry in walker.build().flatten() {
        if entry.file_type().is_some_and(|kind| kind.is_file()) {
            reader.file(entry.path())?;
        }
    }
    if reader.count > 0 {
        let entry = CoverageEntry::complete(NAME, target, "code that makes identities", reader.count);
        sink.send_blocking(Record::Coverage(entry))?;
    }
    reader.holes.truncate(NAMED_HOLES);
    for (path, why) in std::mem::take(&mut reader.holes) {
        let entry = CoverageEntry::hole(NAME, target, &path, Outcome::Failed, why);
        sink.send_blocking(Record::Coverage(entry.remedy("mend the file, or scan without it")))?;
    }
    Ok(())
}

/// What a file is.
enum Form {
    Workflow,
    Pipeline,
    Terraform,
    State,
    Pulumi,
    Template,
}

impl Form {
    /// By the path in lower case and how the file begins.
    fn of(path: &str, is_workflow: bool, head: &str) -> Option<Self> {
        let has = |word: &str| head.contains(word);
        if is_workflow {
            Some(Self::Workflow)
        } else if pipeline::is_one(path) {
            Some(Self::Pipeline)
        } else if path.ends_with(".tf") || path.ends_with(".tofu") {
            Some(Self::Terraform)
        } else if path.ends_with(".tfstate") || has("\"terraform_version\"") && has("\"lineage\"") {
            Some(Self::State)
        } else if path.ends_with(".json") && has("\"deployment\"") && has("\"manifest\"") {
            Some(Self::Pulumi)
        } else {
            template::sniff(head).then_some(Self::Template)
        }
    }
}

struct Reader<'a> {
    root: &'a Root,
    context: &'a Context,
    sink: &'a Sink,
    count: u64,
    holes: Vec<(String, String)>,
    repositories: Repositories,
    /// The providers of the folder that was last asked about.
    providers: Option<(String, Providers)>,
}

impl Reader<'_> {
    fn file(&mut self, path: &Path) -> Result<(), CollectError> {
        let relative = text_of(path.strip_prefix(&self.root.path).unwrap_or(path));
        let lower = relative.to_ascii_lowercase();
        let is_workflow = workflow::is_one(&lower);
        let endings = [".tf", ".tofu", ".tfstate", ".json", ".yaml", ".yml", ".template"];
        if keys::is_list(lower.rsplit('/').next().unwrap_or(&lower)) {
            return read(path, |_| true).map_or(Ok(()), |text| self.keys(&relative, &text));
        }
        if !endings.iter().any(|ending| lower.ends_with(ending)) && !keys::is_kubeconfig(&lower) {
            return Ok(());
        }
        let form = |head: &str| Form::of(&lower, is_workflow, head);
        let Some(text) = read(path, |head| form(head).is_some() || keys::sniff(head)) else { return Ok(()) };
        if keys::sniff(&text) {
            self.keys(&relative, &text)?;
        }
        let found = match form(&text) {
            Some(Form::Workflow) => return self.workflow(&relative, &text),
            Some(Form::Pipeline) => return self.pipeline(&relative, &text),
            Some(Form::Terraform) => Ok(self.terraform(&relative, &text)),
            Some(Form::State) => state::terraform(text.as_bytes()),
            Some(Form::Pulumi) => state::pulumi(text.as_bytes()),
            Some(Form::Template) => Ok(of_template(&text)),
            None => return Ok(()),
        };
        match found {
            Ok(found) => found.into_iter().try_for_each(|one| self.definition(&relative, one)),
            Err(why) => {
                self.holes.push((relative, why));
                Ok(())
            }
        }
    }

    fn definition(&mut self, path: &str, found: Definition) -> Result<(), CollectError> {
        let Some((_, kind)) = KINDS.iter().find(|(kind, _)| *kind == found.kind) else { return Ok(()) };
        let mut attributes =
            Attributes::default().with(AttributeName::Form, found.form).with(AttributeName::DefinedKind, *kind);
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
        if found.form == "terraform" && found.kind.starts_with("aws_") {
            let accounts = self.accounts(path, found.provider.as_deref());
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
        self.sink.send_blocking(Record::Setting(setting))
    }

    fn terraform(&mut self, path: &str, text: &str) -> Vec<Definition> {
        let mut found: Vec<Definition> = hcl::resources(text).into_iter().map(of_terraform).collect();
        // Most files make nothing that has policies.
        for one in found.iter_mut().filter(|one| KINDS.iter().any(|(kind, _)| *kind == one.kind)) {
            let by = self.providers(path).and_then(|providers| providers.administrator(&one.address));
            one.administrator_by = by.map(str::to_owned);
        }
        found
    }

    /// The accounts that the Terraform of a file is held to.
    fn accounts(&mut self, path: &str, provider: Option<&str>) -> Vec<String> {
        let alias = match provider {
            None | Some("aws") => "",
            Some(named) => named.strip_prefix("aws.").unwrap_or(named),
        };
        self.providers(path).map(|providers| providers.accounts(alias)).unwrap_or_default()
    }

    /// What the Terraform of a file's folder says together.
    fn providers(&mut self, path: &str) -> Option<&Providers> {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        if self.providers.as_ref().is_none_or(|(known, _)| known != folder) {
            // A root that is a file has no folder that the user meant.
            let whole = self.root.path.join(folder);
            let providers = Providers::of_folder(&whole, |path| read(path, |_| true));
            self.providers = Some((folder.to_owned(), providers));
        }
        self.providers.as_ref().map(|(_, providers)| providers)
    }

    /// What holds for everything in a file: its repository, and who owns it.
    fn about_file(&mut self, path: &str, attributes: &mut Attributes) {
        let owners = self.repositories.owners_of(path);
        if !owners.is_empty() {
            attributes.set(AttributeName::CodeOwners, owners);
        }
        if let Some(repository) = self.repositories.name_of(path) {
            attributes.set(AttributeName::Repository, repository);
        }
    }

    fn workflow(&mut self, path: &str, text: &str) -> Result<(), CollectError> {
        self.habits(path, text)?;
        let default = self.repositories.default_branch_of(path);
        let Some(found) = workflow::read(text, default.as_deref()) else { return Ok(()) };
        let mut attributes = Attributes::default().with(AttributeName::Outsiders, found.outsiders);
        self.about_file(path, &mut attributes);
        self.count += 1;
        let evidence = self.evidence(path, found.line);
        self.sink.send_blocking(Record::Workload(found.workload(
            path,
            &self.root.label,
            self.tenant(),
            attributes,
            evidence,
        )))
    }

    /// What a workflow gives away without need, each at its own line.
    fn habits(&mut self, path: &str, text: &str) -> Result<(), CollectError> {
        for habit in habits::read(text) {
            let mut attributes = habit.attributes;
            self.about_file(path, &mut attributes);
            self.count += 1;
            let setting = Setting {
                id: Urn::new(format!("code:{}/{path}#{}", self.root.label, habit.part)),
                kind: habit.kind,
                tenant: self.tenant(),
                name: habit.place.map_or_else(|| path.to_owned(), |place| format!("{path}, {place}")),
                part_of: None,
                labels: Default::default(),
                attributes,
                evidence: self.evidence(path, habit.line),
            };
            self.sink.send_blocking(Record::Setting(setting))?;
        }
        Ok(())
    }

    fn pipeline(&mut self, path: &str, text: &str) -> Result<(), CollectError> {
        let default = self.repositories.default_branch_of(path);
        let Some(found) = pipeline::read(text, default.as_deref()) else { return Ok(()) };
        let mut attributes = Attributes::default();
        self.about_file(path, &mut attributes);
        if let Some((host, project)) = self.repositories.project_of(path) {
            attributes.set(AttributeName::Forge, host);
            attributes.set(AttributeName::Repository, project);
        }
        self.count += 1;
        let evidence = self.evidence(path, found.line);
        let workload = found.workload(path, &self.root.label, self.tenant(), attributes, evidence);
        self.sink.send_blocking(Record::Workload(workload))
    }

    fn tenant(&self) -> String {
        if self.root.shown.is_empty() { ".".to_owned() } else { self.root.shown.clone() }
    }

    fn evidence(&self, path: &str, line: u64) -> Evidence {
        let location = Location::File {
            root: self.root.shown.clone().into(),
            path: path.into(),
            line,
            column: 1,
            end_line: line,
            end_column: 1,
            commit: None,
        };
        Evidence { observed: self.context.now, collector: NAME.into(), location }
    }
}

/// A file that is text and not too large, when its beginning is worth it. What cannot be opened is a hole of the search
/// for secrets already.
fn read(path: &Path, is_worth: impl Fn(&str) -> bool) -> Option<String> {
    let mut file = super::text::open(path).ok()?;
    let mut bytes = Vec::new();
    file.by_ref().take(HEAD).read_to_end(&mut bytes).ok()?;
    if !is_worth(&String::from_utf8_lossy(&bytes)) {
        return None;
    }
    file.take(LARGEST).read_to_end(&mut bytes).ok()?;
    String::from_utf8(bytes).ok()
}

fn of_template(text: &str) -> Vec<Definition> {
    let mut found = template::resources(text);
    let mut administrators = Administrators::of_template(text);
    found.iter_mut().for_each(|one| one.administrator_by = administrators.remove(&one.address));
    found
}

fn of_terraform(resource: hcl::Resource) -> Definition {
    let text = |name: &str| resource.texts.get(name).cloned();
    let of_cluster = || Some(format!("{}/{}", text("metadata.namespace")?, text("metadata.name")?));
    Definition {
        form: "terraform",
        address: format!("{}.{}", resource.kind, resource.label),
        line: resource.line,
        name: text("name").or_else(of_cluster),
        arn: None,
        optional: resource.optional,
        administrator_by: None,
        provider: resource.provider,
        kind: resource.kind,
    }
}
