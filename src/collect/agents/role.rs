//! How much a role may do by the policies that the same infrastructure code gives it: administrator, not, or written
//! elsewhere. Evaluates nothing, and never takes what it cannot read for nothing.
//!
//! Source: Terraform's AWS and Google providers, AWS CloudFormation User Guide, IAM's reference of policy elements.

use std::collections::BTreeMap;

use super::hcl::{self, Block};
use super::statement::{self, Power};

/// The policies of a provider by which a role may do everything, or give itself every right.
/// Source: the AWS and Google Cloud references of predefined roles.
const ADMINISTRATOR: &[&str] = &["AdministratorAccess", "IAMFullAccess", "roles/owner", "roles/editor"];

/// What a value begins with that is computed where we do not look.
const COMPUTED: &[&str] = &["var.", "local.", "module.", "file(", "templatefile(", "each.", "data.", "one(", "try("];

/// The provider's own policy of an administrator that a text names as a whole word at the end of a value.
pub(super) fn administrator_policy(text: &str) -> Option<&'static str> {
    ADMINISTRATOR.iter().copied().find(|policy| {
        text.match_indices(policy).any(|(at, _)| {
            let is_end = text[at + policy.len()..].starts_with(['"', '\'']);
            is_end && text[..at].ends_with(['/', '"', '\''])
        })
    })
}

/// Where a role's policy stands.
enum Given {
    /// There.
    Here(Option<Power>),
    /// In `data.aws_iam_policy_document.NAME`.
    Document(String),
    /// In `aws_iam_policy.NAME`.
    Policy(String),
}

/// The roles of one folder of Terraform, and what its blocks give them.
#[derive(Default)]
pub(super) struct Roles {
    /// The names of roles by their local names.
    names: BTreeMap<String, String>,
    documents: BTreeMap<String, Option<Power>>,
    policies: BTreeMap<String, Given>,
    given: BTreeMap<String, Vec<Given>>,
}

/// Resources that are a role or give something to one.
const ABOUT_ROLES: &[&str] = &[
    "aws_iam_role",
    "aws_iam_role_policy",
    "aws_iam_role_policy_attachment",
    "aws_iam_role_policy_attachments_exclusive",
    "aws_iam_role_policies_exclusive",
    "aws_iam_policy_attachment",
    "google_service_account",
    "google_project_iam_member",
    "google_project_iam_binding",
    "google_folder_iam_member",
    "google_organization_iam_member",
];

const HOLDERS: [&str; 2] = ["aws_iam_role", "google_service_account"];

impl Roles {
    /// Notes what a block says of roles, documents and policies.
    pub(super) fn note(&mut self, block: &Block<'_>) {
        let body = hcl::without_comments(block.body);
        match block.kind {
            "aws_iam_policy_document" => {
                let from = block.attribute("source_policy_documents").or(block.attribute("override_policy_documents"));
                let more = from.map(|(value, _)| Power::Unknown(format!("its policy is made of {value}")));
                self.documents.insert(block.name.to_owned(), Power::strongest(statement::of_text(&body), more));
            }
            "aws_iam_policy" => {
                let given = self.written(block, &body, "policy");
                self.policies.insert(block.name.to_owned(), given);
            }
            kind if ABOUT_ROLES.contains(&kind) => self.role(block, &body),
            _ => {}
        }
    }

    fn role(&mut self, block: &Block<'_>, body: &str) {
        let own = HOLDERS.contains(&block.kind);
        if own && let Some(name) = block.string("name").or_else(|| block.string("account_id")) {
            self.names.insert(block.name.to_owned(), name.to_owned());
        }
        let holders: Vec<String> = if own {
            vec![block.name.to_owned()]
        } else {
            let values = ["role", "role_name", "roles", "member", "members"].into_iter();
            let values = values.filter_map(|key| block.attribute(key)).map(|(value, _)| value);
            values
                .filter_map(|value| HOLDERS.iter().find_map(|kind| hcl::refers_to(value, kind)).map(str::to_owned))
                .take(1)
                .collect()
        };
        let Some(holder) = holders.into_iter().next() else { return };
        if let Some(policy) = administrator_policy(body) {
            return self
                .given
                .entry(holder)
                .or_default()
                .push(Given::Here(Some(Power::Administrator(policy.to_owned()))));
        }
        let keys = ["policy", "policy_arn", "policy_arns", "managed_policy_arns"];
        for key in keys.into_iter().filter(|key| block.attribute(key).is_some()) {
            let given = self.written(block, body, key);
            self.given.entry(holder.clone()).or_default().push(given);
        }
        // What trusts the role stands in its block, too, and gives nothing on everything.
        self.given.entry(holder).or_default().push(Given::Here(statement::of_text(body)));
    }

    /// Where the policy of an attribute stands.
    fn written(&self, block: &Block<'_>, body: &str, key: &str) -> Given {
        let Some((value, _)) = block.attribute(key) else { return Given::Here(None) };
        if let Some(name) = hcl::refers_to(value, "data.aws_iam_policy_document") {
            return Given::Document(name.to_owned());
        }
        let is_of_data = value.contains("data.aws_iam_policy.");
        if let Some(name) = hcl::refers_to(value, "aws_iam_policy").filter(|_| !is_of_data) {
            return Given::Policy(name.to_owned());
        }
        let bare = value.trim_start_matches(['"', '[', '$', '{', ' ']);
        if COMPUTED.iter().any(|computed| bare.starts_with(computed)) {
            let why = format!("its {key} is {}", super::given::shown(value));
            return Given::Here(Some(Power::Unknown(why)));
        }
        let is_foreign = value.contains("arn:") && value.contains(":policy/") && !value.contains("::aws:policy/");
        if is_foreign {
            return Given::Here(Some(Power::Unknown(format!(
                "the policy {} is not in this code",
                value.trim_matches('"')
            ))));
        }
        Given::Here(statement::of_text(body))
    }

    /// What a role is called, by its local name.
    pub(super) fn name(&self, local: &str) -> Option<&str> {
        self.names.get(local).map(String::as_str)
    }

    /// How much each role may do, by its local name; none where what is read makes it no administrator.
    pub(super) fn powers(&self) -> BTreeMap<&str, Power> {
        let power = |all: &[Given]| all.iter().map(|given| self.resolved(given)).fold(None, Power::strongest);
        self.given.iter().filter_map(|(role, all)| Some((role.as_str(), power(all)?))).collect()
    }

    fn resolved(&self, given: &Given) -> Option<Power> {
        let elsewhere = |name: &str| Some(Power::Unknown(format!("the policy {name} is not in this folder")));
        let of_document = |name: &str| self.documents.get(name).cloned().unwrap_or_else(|| elsewhere(name));
        match given {
            Given::Here(power) => power.clone(),
            Given::Document(name) => of_document(name),
            Given::Policy(name) => match self.policies.get(name) {
                Some(Given::Here(power)) => power.clone(),
                Some(Given::Document(name)) => of_document(name),
                Some(Given::Policy(name)) => elsewhere(name),
                None => elsewhere(name),
            },
        }
    }
}
