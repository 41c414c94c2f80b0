//! Code of a tree that makes identities, workflows that ask for them, and public keys: Terraform and OpenTofu, their
//! states, those of Pulumi, CloudFormation templates, GitHub workflows, GitLab pipelines. Names and places only; nothing is evaluated, and no value of a
//! state leaves it.

mod called;
mod defined;
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
mod terraform;
mod workflow;

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

use ignore::WalkBuilder;

use super::name::text_of;
use super::{NAME, Root};
use crate::collect::{CollectError, Context, Sink};
use crate::model::{
    AttributeName, Attributes, CoverageEntry, Evidence, Location, Outcome, Record, Setting, Urn, Workload, WorkloadKind,
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
    /// The kind of resource, as the tool calls it; none of what may make any identity.
    kind: Option<String>,
    line: u64,
    /// Its name, where that stands there plainly or can be worked out.
    name: Option<String>,
    /// Else the names that it may have, `*` standing for any text.
    patterns: Vec<String>,
    arn: Option<String>,
    /// It is made in some cases only (`count`, `for_each`, `Condition`).
    optional: bool,
    /// The provider that makes it, as Terraform calls it, where it names one.
    provider: Option<String>,
    /// The folder in which Terraform is run, where that is another than the file's.
    root: Option<String>,
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
        code: terraform::Code::default(),
        found: Vec::new(),
        count: 0,
        holes: Vec::new(),
        repositories: Repositories::new(&root.path),
        programs: BTreeSet::new(),
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
    reader.terraform();
    reader.send()?;
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
    /// Code in a language of its own, which is not run: it may make anything.
    Program(&'static str),
}

/// Programs that make what a cloud has, by the files that say so, in lower case.
/// Sources: AWS CDK Developer Guide, "AWS CDK projects"; Pulumi, "Project file"; Serverless Framework, "Services"; Terragrunt,
/// "Configuration".
const PROGRAMS: &[(&str, &str)] = &[
    ("cdk.json", "CDK program"),
    ("pulumi.yaml", "Pulumi program"),
    ("pulumi.yml", "Pulumi program"),
    ("serverless.yml", "Serverless service"),
    ("serverless.yaml", "Serverless service"),
    ("terragrunt.hcl", "Terragrunt unit"),
];

impl Form {
    /// By the path in lower case and how the file begins.
    fn of(path: &str, is_workflow: bool, head: &str) -> Option<Self> {
        let has = |word: &str| head.contains(word);
        let file = path.rsplit('/').next().unwrap_or(path);
        if let Some((_, name)) = PROGRAMS.iter().find(|(known, _)| *known == file) {
            Some(Self::Program(name))
        } else if is_workflow {
            Some(Self::Workflow)
        } else if pipeline::is_one(path) {
            Some(Self::Pipeline)
        } else if terraform::is_one(path) {
            Some(Self::Terraform)
        } else if path.ends_with(".tfstate") || has("\"terraform_version\"") && has("\"lineage\"") {
            Some(Self::State)
        } else if path.ends_with(".json")
            && has("\"manifest\"")
            && (has("\"deployment\"") || has("\"checkpoint\"") && has("\"latest\""))
        {
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
    code: terraform::Code,
    /// What code makes, until it is known who wrote it.
    found: Vec<Setting>,
    count: u64,
    holes: Vec<(String, String)>,
    repositories: Repositories,
    /// Which programs were met.
    programs: BTreeSet<&'static str>,
    /// The providers of the folder that was last asked about.
    providers: Option<(String, Providers)>,
}

impl Reader<'_> {
    fn file(&mut self, path: &Path) -> Result<(), CollectError> {
        let relative = text_of(path.strip_prefix(&self.root.path).unwrap_or(path));
        let lower = relative.to_ascii_lowercase();
        let is_workflow = workflow::is_one(&lower);
        let endings = [".tf", ".tofu", ".tfvars", ".hcl", ".tfstate", ".json", ".yaml", ".yml", ".template"];
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
            Some(Form::Terraform) => {
                self.code.add(&relative, &text, |kind| KINDS.iter().any(|(known, _)| *known == kind));
                return Ok(());
            }
            Some(Form::State) => state::terraform(text.as_bytes()),
            Some(Form::Pulumi) => state::pulumi(text.as_bytes()),
            Some(Form::Template) => Ok(defined::of_template(&text)),
            // One of each is enough to say that there may be more.
            Some(Form::Program(name)) => Ok(Vec::from_iter(self.programs.insert(name).then(|| defined::program(name)))),
            None => return Ok(()),
        };
        match found {
            Ok(found) => found.into_iter().for_each(|one| self.definition(&relative, one)),
            Err(why) => self.holes.push((relative, why)),
        }
        Ok(())
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
        let folder = Path::new(path).parent().map(|folder| self.root.path.join(folder)).unwrap_or_default();
        let open = |name: &str| read(&folder.join(name), |_| true);
        let Some(found) = workflow::read(text, default.as_deref(), &open) else { return Ok(()) };
        let mut attributes = Attributes::default().with(AttributeName::Outsiders, found.outsiders);
        self.about_file(path, &mut attributes);
        if let Some(host) = self.repositories.other_forge_of(path) {
            attributes.set(AttributeName::Forge, host);
        }
        attributes.set(AttributeName::TokenSubjects, found.subjects.into_iter().collect::<Vec<_>>());
        self.ci(WorkloadKind::CiGithubWorkflow, path, found.line, &found.roles, attributes)
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
        attributes.set(AttributeName::TokenSubjects, found.subjects.into_iter().collect::<Vec<_>>());
        self.ci(WorkloadKind::CiGitlabPipeline, path, found.line, &found.roles, attributes)
    }

    /// A file of CI that has a token of its own, as a workload of the tree it lies in.
    fn ci(
        &mut self,
        kind: WorkloadKind,
        path: &str,
        line: u64,
        roles: &BTreeSet<String>,
        attributes: Attributes,
    ) -> Result<(), CollectError> {
        self.count += 1;
        self.sink.send_blocking(Record::Workload(Workload {
            id: Urn::new(format!("code:{}/{path}", self.root.label)),
            kind,
            tenant: self.tenant(),
            name: path.to_owned(),
            runs_as: roles.iter().map(Urn::new).collect(),
            labels: Default::default(),
            attributes,
            evidence: self.evidence(path, line),
        }))
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
