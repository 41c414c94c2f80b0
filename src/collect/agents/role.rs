//! How much a role, user or group may do by the policies that the same infrastructure code gives it: administrator, not, or
//! written elsewhere. Evaluates nothing, and never takes what it cannot read for nothing.
//!
//! Source: Terraform's AWS and Google providers, AWS CloudFormation User Guide, IAM's reference of policy elements.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

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
#[derive(Clone)]
enum Given {
    /// There.
    Here(Option<Power>),
    /// In `data.aws_iam_policy_document.NAME`.
    Document(String),
    /// In `aws_iam_policy.NAME`.
    Policy(String),
    /// In a local or the default of a variable, as written; with the attribute that names it.
    Value(String, String),
}

/// The roles, users and groups of one folder of Terraform by their addresses (`aws_iam_role.ci`), and what its blocks give
/// them.
#[derive(Default)]
pub(super) struct Roles {
    /// Their names by their addresses.
    names: BTreeMap<String, String>,
    documents: BTreeMap<String, Option<Power>>,
    policies: BTreeMap<String, Given>,
    given: BTreeMap<String, Vec<Given>>,
    /// What is given by a name instead of an address, with the sort of what is called so before it: `role/ci`.
    given_by_name: BTreeMap<String, Vec<Given>>,
    /// The permissions boundaries of roles that are no administrator's, as written.
    limits: BTreeMap<String, String>,
    /// Locals and defaults of variables by how they are referred to, as written.
    values: BTreeMap<String, String>,
}

/// How deep locals and variables are followed into each other, how often in one folder, and how long one may be.
const DEEPEST: usize = 5;
const MOST_LOOKED_UP: u32 = 5_000;
const LONGEST: usize = 64 * 1024;

/// How much of that is left.
#[derive(Clone, Copy)]
struct Left<'c> {
    depth: usize,
    looks: &'c Cell<u32>,
}

/// The roles of Azure by which nearly everything may be done, and the scopes that are as wide.
/// Source: Microsoft Learn, "Azure built-in roles", "Privileged".
const OF_AZURE: &[&str] =
    &["Owner", "Contributor", "User Access Administrator", "Role Based Access Control Administrator"];

/// The addresses of Azure under which an agent holds rights: its own, and those of the identities that it is assigned.
pub(super) fn of_azure(block: &Block<'_>) -> Vec<String> {
    if !block.kind.starts_with("azurerm_") {
        return Vec::new();
    }
    let assigned = whole(block, "identity_ids").unwrap_or_default();
    let places = assigned.match_indices(ASSIGNED).filter_map(|(at, _)| assigned.get(at..));
    let assigned = places.filter_map(|rest| address_in(rest, ASSIGNED));
    std::iter::once(format!("{}.{}", block.kind, block.name)).chain(assigned).collect()
}

/// An identity of Azure that things are assigned.
const ASSIGNED: &str = "azurerm_user_assigned_identity";

/// The address that an expression of Azure's provider begins with.
fn of_azure_in(value: &str) -> Option<String> {
    let at = value.find("azurerm_")?;
    let mut parts = value[at..].split(['.', '[', '}', '"', ' ']);
    Some(format!("{}.{}", parts.next()?, parts.next().filter(|name| !name.is_empty())?))
}

/// What an assignment of a role of Azure makes of whom it is given to.
fn assigned(block: &Block<'_>) -> Option<Power> {
    let (role, _) = block.attribute("role_definition_name")?;
    let (scope, _) = block.attribute("scope")?;
    let name = role.trim_matches('"');
    if !role.starts_with('"')
        || scope.starts_with("var.")
        || scope.starts_with("local.")
        || scope.starts_with("module.")
    {
        let why = format!("it is given {} on {}", super::given::shown(name), super::given::shown(scope));
        return Some(Power::Unknown(why)).filter(|_| !role.starts_with('"') || OF_AZURE.contains(&name));
    }
    let lower = scope.to_lowercase();
    let is_narrow =
        lower.contains("resource_group") || lower.contains("resourcegroups") || lower.contains("/providers/");
    let what = ["management_group", "managementgroups", "subscription"].into_iter().find(|wide| lower.contains(wide));
    let what = what.filter(|_| !is_narrow && OF_AZURE.contains(&name))?;
    let what = if what.starts_with("management") { "a management group" } else { "a subscription" };
    Some(Power::Administrator(format!("the role {name} on {what}")))
}

/// Resources that hold rights or give some.
const ABOUT_ROLES: &[&str] = &[
    "aws_iam_role",
    "aws_iam_role_policy",
    "aws_iam_role_policy_attachment",
    "aws_iam_role_policy_attachments_exclusive",
    "aws_iam_role_policies_exclusive",
    "aws_iam_policy_attachment",
    "aws_iam_user",
    "aws_iam_user_policy",
    "aws_iam_user_policy_attachment",
    "aws_iam_user_policy_attachments_exclusive",
    "aws_iam_group",
    "aws_iam_group_policy",
    "aws_iam_group_policy_attachment",
    "aws_iam_group_policy_attachments_exclusive",
    "google_service_account",
    "google_project_iam_member",
    "google_project_iam_binding",
    "google_folder_iam_member",
    "google_organization_iam_member",
];

pub(super) const HOLDERS: [&str; 4] = ["aws_iam_role", "google_service_account", "aws_iam_user", "aws_iam_group"];

/// The attributes that say who is given something, with the sort of holder that a name in them is of.
const TO: &[(&str, &str)] = &[
    ("role", "role"),
    ("role_name", "role"),
    ("roles", "role"),
    ("member", "role"),
    ("members", "role"),
    ("user", "user"),
    ("user_name", "user"),
    ("users", "user"),
    ("group", "group"),
    ("group_name", "group"),
    ("groups", "group"),
];

/// The value of an attribute to its end, where a list takes several lines.
fn whole<'t>(block: &Block<'t>, key: &str) -> Option<&'t str> {
    let (value, at) = block.attribute(key)?;
    if !value.starts_with('[') || value.contains(']') {
        return Some(value);
    }
    let rest = block.body.get(at - block.body_at..)?;
    let from = rest.find('[')?;
    rest.get(from..=rest.find(']')?)
}

/// The address of the first holder of a kind that an expression refers to.
pub(super) fn address_in(value: &str, kind: &str) -> Option<String> {
    hcl::refers_to(value, kind).map(|local| format!("{kind}.{local}"))
}

/// Whom a block gives something: addresses, and names as they are written behind their sort.
fn holders(block: &Block<'_>) -> (Vec<String>, Vec<String>) {
    let (mut locals, mut names) = (Vec::new(), Vec::new());
    for (value, sort) in TO.iter().filter_map(|(key, sort)| Some((whole(block, key)?, sort))) {
        for kind in HOLDERS {
            let places = value.match_indices(kind).filter_map(|(at, _)| value.get(at..));
            locals.extend(places.filter_map(|rest| address_in(rest, kind)));
        }
        let quoted = value.split('"').skip(1).step_by(2).filter(|name| !name.contains(['$', ':']));
        names.extend(quoted.map(|name| format!("{sort}/{name}")));
    }
    (locals, names)
}

/// The sort of what stands at an address.
fn sort_of(address: &str) -> &'static str {
    match address.split('.').next() {
        Some("aws_iam_user") => "user",
        Some("aws_iam_group") => "group",
        _ => "role",
    }
}

/// Where the policy of one value stands.
fn written_as(value: &str, body: &str, key: &str) -> Given {
    if let Some(name) = hcl::refers_to(value, "data.aws_iam_policy_document") {
        return Given::Document(name.to_owned());
    }
    let is_of_data = value.contains("data.aws_iam_policy.");
    if let Some(name) = hcl::refers_to(value, "aws_iam_policy") {
        return Given::Policy(if is_of_data { format!("data.{name}") } else { name.to_owned() });
    }
    let bare = value.trim_start_matches(['"', '[', '$', '{', ' ']);
    if bare.starts_with("local.") || bare.starts_with("var.") {
        return Given::Value(bare.to_owned(), key.to_owned());
    }
    if COMPUTED.iter().any(|computed| bare.starts_with(computed)) {
        return Given::Here(Some(Power::Unknown(format!("its {key} is {}", super::given::shown(value)))));
    }
    let is_foreign = value.contains("arn:") && value.contains(":policy/") && !value.contains("::aws:policy/");
    if is_foreign {
        let why = format!("the policy {} is not in this code", value.trim_matches('"'));
        return Given::Here(Some(Power::Unknown(why)));
    }
    Given::Here(statement::of_text(body))
}

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
            // A block of data names a policy that is there already, and has no text of its own.
            "aws_iam_policy" if block.attribute("policy").is_none() => {
                let named = ["name", "arn"].iter().filter_map(|key| block.attribute(key)).map(|(value, _)| value);
                let power = named.into_iter().find_map(administrator_policy);
                let power = power.map(|policy| Power::Administrator(policy.to_owned()));
                let why = || Power::Unknown(format!("the policy {} is not in this code", block.name));
                let given = Given::Here(Some(power.unwrap_or_else(why)));
                self.policies.insert(format!("data.{}", block.name), given);
            }
            "aws_iam_policy" => {
                let given =
                    whole(block, "policy").map_or(Given::Here(None), |value| written_as(value, &body, "policy"));
                self.policies.insert(block.name.to_owned(), given);
            }
            "azurerm_role_assignment" => {
                let holder = block.attribute("principal_id").and_then(|(value, _)| of_azure_in(value));
                if let (Some(holder), power @ Some(_)) = (holder, assigned(block)) {
                    self.given.entry(holder).or_default().push(Given::Here(power));
                }
            }
            kind if ABOUT_ROLES.contains(&kind) => self.role(block, &body),
            _ => {}
        }
    }

    /// Takes in the locals and the defaults of variables of a file.
    pub(super) fn values(&mut self, values: Vec<(String, String)>) {
        self.values.extend(values);
    }

    fn role(&mut self, block: &Block<'_>, body: &str) {
        let own = HOLDERS.contains(&block.kind);
        let address = format!("{}.{}", block.kind, block.name);
        if own && let Some(name) = block.string("name").or_else(|| block.string("account_id")) {
            self.names.insert(address.clone(), name.to_owned());
        }
        let (locals, names) = match own {
            true => (vec![address.clone()], Vec::new()),
            false => holders(block),
        };
        if let (true, Some(boundary)) = (own, whole(block, "permissions_boundary"))
            && administrator_policy(boundary).is_none()
        {
            self.limits.insert(address, super::given::shown(boundary.trim_matches('"')));
        }
        let given = self.gives(block, body);
        for local in locals {
            self.given.entry(local).or_default().extend(given.iter().cloned());
        }
        for name in names {
            self.given_by_name.entry(name).or_default().extend(given.iter().cloned());
        }
    }

    /// What a block gives to each of its roles.
    fn gives(&self, block: &Block<'_>, body: &str) -> Vec<Given> {
        // A boundary gives nothing, whatever it allows.
        let is_boundary = |line: &&str| line.trim_start().starts_with("permissions_boundary");
        let body: String = body.split_inclusive('\n').filter(|line| !is_boundary(line)).collect();
        if let Some(policy) = administrator_policy(&body) {
            return vec![Given::Here(Some(Power::Administrator(policy.to_owned())))];
        }
        let keys = ["policy", "policy_arn", "policy_arns", "managed_policy_arns"];
        let mut given: Vec<Given> = keys.into_iter().flat_map(|key| self.written(block, &body, key)).collect();
        // What trusts the role stands in its block, too, and gives nothing on everything.
        given.push(Given::Here(statement::of_text(&body)));
        given
    }

    /// Where the policies of an attribute stand.
    fn written(&self, block: &Block<'_>, body: &str, key: &str) -> Vec<Given> {
        let Some(value) = whole(block, key) else { return Vec::new() };
        match value.strip_prefix('[') {
            Some(list) => {
                let parts = list.trim_end_matches(']').split(',').map(str::trim).filter(|part| !part.is_empty());
                parts.map(|part| written_as(part, body, key)).collect()
            }
            None => vec![written_as(value, body, key)],
        }
    }

    /// What a holder is called, by its address.
    pub(super) fn name(&self, local: &str) -> Option<&str> {
        self.names.get(local).map(String::as_str)
    }

    /// The address of the role that is called so.
    pub(super) fn local_of(&self, name: &str) -> Option<&str> {
        let is_one = |(local, known): &(&String, &String)| *known == name && sort_of(local) == "role";
        self.names.iter().find(is_one).map(|(local, _)| local.as_str())
    }

    /// How much each holder may do, by its address; none where what is read makes it no administrator.
    pub(super) fn powers(&self) -> BTreeMap<&str, Power> {
        let locals: BTreeSet<&str> = self.given.keys().chain(self.names.keys()).map(String::as_str).collect();
        let looks = Cell::new(MOST_LOOKED_UP);
        let left = Left { depth: DEEPEST, looks: &looks };
        locals.into_iter().filter_map(|local| Some((local, self.power(local, left)?))).collect()
    }

    fn power(&self, local: &str, left: Left<'_>) -> Option<Power> {
        let by_name =
            self.names.get(local).and_then(|name| self.given_by_name.get(&format!("{}/{name}", sort_of(local))));
        let all = self.given.get(local).into_iter().chain(by_name).flatten();
        let power = all.map(|given| self.resolved(given, left)).fold(None, Power::strongest)?;
        Some(match (power, self.limits.get(local)) {
            (Power::Administrator(by), Some(limit)) => {
                Power::Unknown(format!("it has {by}, within the permissions boundary {limit}"))
            }
            (power, _) => power,
        })
    }

    /// What a local or a variable makes of a role: each of its values, where it is a list.
    fn of_value(&self, written: &str, key: &str, left: Left<'_>) -> Option<Power> {
        let end = written.find(|letter: char| !letter.is_ascii_alphanumeric() && !"_-.".contains(letter));
        let name = &written[..end.unwrap_or(written.len())];
        let unknown = || Some(Power::Unknown(format!("its {key} is {}", super::given::shown(written))));
        let is_left = left.depth > 0 && left.looks.get() > 0;
        let value = self.values.get(name).filter(|value| is_left && value.len() <= LONGEST);
        let Some(value) = value else { return unknown() };
        left.looks.set(left.looks.get() - 1);
        let deeper = Left { depth: left.depth - 1, ..left };
        if !written[name.len()..].trim_matches(['}', '"', ']', ')', ',', ' ', '\n']).is_empty() {
            return unknown();
        }
        if value.starts_with("jsonencode(") || value.starts_with("<<") {
            return statement::of_text(value);
        }
        let list = value.strip_prefix('[').and_then(|list| list.strip_suffix(']')).unwrap_or(value);
        let parts = list.split(',').map(str::trim).filter(|part| !part.is_empty());
        let each = parts.map(|part| match administrator_policy(part) {
            Some(policy) if name.starts_with("var.") => {
                Some(Power::Administrator(format!("{policy}, the default of {name}")))
            }
            Some(policy) => Some(Power::Administrator(policy.to_owned())),
            None if part.starts_with('"') && !part.contains("${") && part.contains("::aws:policy/") => None,
            None if part.starts_with(['"', 'l', 'v', 'a', 'd', '$']) => {
                self.resolved(&written_as(part, part, key), deeper)
            }
            // What is worked out is not followed.
            None => unknown(),
        });
        match each.fold(None, Power::strongest) {
            // Who uses the code may hand in another.
            None if name.starts_with("var.") => unknown(),
            power => power,
        }
    }

    fn resolved(&self, given: &Given, left: Left<'_>) -> Option<Power> {
        let elsewhere = |name: &str| Some(Power::Unknown(format!("the policy {name} is not in this folder")));
        let of_document = |name: &str| self.documents.get(name).cloned().unwrap_or_else(|| elsewhere(name));
        match given {
            Given::Here(power) => power.clone(),
            Given::Value(written, key) => self.of_value(written, key, left),
            Given::Document(name) => of_document(name),
            Given::Policy(name) => match self.policies.get(name) {
                Some(Given::Here(power)) => power.clone(),
                Some(Given::Document(name)) => of_document(name),
                Some(Given::Value(written, key)) => self.of_value(written, key, left),
                Some(Given::Policy(name)) => elsewhere(name),
                None => elsewhere(name),
            },
        }
    }
}
