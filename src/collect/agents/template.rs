//! Agents that templates of CloudFormation make, and how much the same template lets their roles do. Evaluates nothing.
//!
//! Source: AWS CloudFormation User Guide, "Template reference"; Serverless Framework, `resources`.

use std::collections::{BTreeMap, HashMap};

use super::cloud::{given_to, set_power};
use super::file::File;
use super::given::{self, shown};
use super::node::{Node, Value};
use super::role::administrator_policy;
use super::statement::{self, Power};
use super::table::Tables;
use crate::model::{AttributeName as Name, Attributes, IdentityKind};

/// Resources of CloudFormation that are agents.
const CLOUDFORMATION: &[(&str, &str)] = &[
    ("AWS::Bedrock::Agent", "Bedrock agent"),
    ("AWS::Bedrock::Flow", "Bedrock flow"),
    ("AWS::BedrockAgentCore::Runtime", "AgentCore runtime"),
    ("AWS::BedrockAgentCore::Gateway", "AgentCore gateway"),
    ("AWS::BedrockAgentCore::WorkloadIdentity", "AgentCore workload identity"),
    ("AWS::BedrockAgentCore::BrowserCustom", "AgentCore browser"),
    ("AWS::BedrockAgentCore::CodeInterpreterCustom", "AgentCore code interpreter"),
];

/// Reads a template.
pub(super) fn cloudformation(file: &mut File<'_>, tree: &Node, tables: &Tables) {
    // A service of the Serverless Framework holds the template under `resources`.
    let inner = || tree.get("resources").and_then(|inner| inner.get("Resources"));
    let Some(resources) = tree.get("Resources").or_else(inner) else { return };
    let template = Template::of(resources);
    for entry in resources.entries() {
        let kind = entry.value.text_of("Type").unwrap_or_default();
        let Some((_, what)) = CLOUDFORMATION.iter().find(|(known, _)| *known == kind) else { continue };
        let empty = Node { span: 0..0, value: Value::Null };
        let properties = entry.value.get("Properties").unwrap_or(&empty);
        let id = file.urn(&shown(&entry.key));
        let name =
            properties.any(&["AgentName", "AgentRuntimeName", "Name"]).and_then(Node::text).unwrap_or(&entry.key);
        let mut attributes = Attributes::default().with(Name::AgentProgram, *what);
        let role = properties.any(&["AgentResourceRoleArn", "RoleArn", "ExecutionRoleArn"]);
        let span = entry.at..entry.at + entry.key.len();
        if kind == "AWS::BedrockAgentCore::Gateway" && properties.text_of("AuthorizerType") == Some("NONE") {
            attributes.set(Name::Unauthenticated, true);
        }
        if let Some(role) = role {
            let local = local_name(role);
            let text = role.text().map(str::to_owned).or_else(|| local.map(str::to_owned));
            attributes.set_known(Name::CloudRole, text.map(|text| shown(&text)).into());
            set_power(&mut attributes, local.and_then(|local| template.power(local)));
            if let Some(arn) = role.text() {
                super::manifest::acts_as(file, &id, arn, &role.span);
            }
        }
        let mut list = Vec::new();
        let variables = properties.get("EnvironmentVariables");
        variables.into_iter().for_each(|map| given::of_map(map, "env", &mut list));
        given_to(file, &id, &list, &mut attributes, tables);
        let told = format!("{} ({})", shown(name), file.shown());
        let identity = file.identity(&id, IdentityKind::AgentCloud, told, &span, attributes);
        file.add(identity);
    }
}

/// The resource of the same template that a value refers to: `Ref`, `Fn::GetAtt`, or `Fn::Sub` of one alone.
fn local_name(node: &Node) -> Option<&str> {
    if let Some(name) = node.text_of("Ref") {
        return Some(name);
    }
    if let Some(text) = node.text_of("Fn::Sub") {
        let inner = text.strip_prefix("${")?.strip_suffix('}')?;
        return Some(inner.strip_suffix(".Arn").unwrap_or(inner)).filter(|name| !name.contains(['$', '{', ':']));
    }
    let target = node.get("Fn::GetAtt")?;
    match target.text() {
        Some(text) => text.split('.').next(),
        None => target.items().first().and_then(Node::text),
    }
}

/// The resources of a template by their names, and the policies by the roles that they are given to.
struct Template<'n> {
    resources: HashMap<&'n str, &'n Node>,
    policies: HashMap<&'n str, Vec<&'n Node>>,
}

impl<'n> Template<'n> {
    fn of(resources: &'n Node) -> Self {
        let mut policies: HashMap<&str, Vec<&Node>> = HashMap::new();
        for other in resources.entries().iter().map(|entry| &entry.value) {
            let is_policy = matches!(
                other.text_of("Type"),
                Some(
                    "AWS::IAM::Policy"
                        | "AWS::IAM::ManagedPolicy"
                        | "AWS::IAM::RolePolicy"
                        | "AWS::IAM::UserPolicy"
                        | "AWS::IAM::GroupPolicy"
                )
            );
            let Some(of_policy) = other.get("Properties").filter(|_| is_policy) else { continue };
            let listed = ["Roles", "Users", "Groups"].iter().filter_map(|key| of_policy.get(key)).flat_map(Node::items);
            let named = ["RoleName", "UserName", "GroupName"].iter().filter_map(|key| of_policy.get(key));
            for role in listed.chain(named).filter_map(local_name) {
                policies.entry(role).or_default().extend(of_policy.get("PolicyDocument"));
            }
        }
        Self {
            resources: resources.entries().iter().map(|entry| (entry.key.as_str(), &entry.value)).collect(),
            policies,
        }
    }

    /// How much a role may do, by what its own and other resources of the template give it.
    fn power(&self, local: &str) -> Option<Power> {
        let elsewhere = |what: &str| Some(Power::Unknown(format!("{what} is not in this template")));
        let Some(role) = self.resources.get(local) else { return elsewhere(&format!("the role {}", shown(local))) };
        let managed = role.at("Properties.ManagedPolicyArns").into_iter().map(|hit| hit.node);
        let listed =
            managed.flat_map(|node| if node.items().is_empty() { std::slice::from_ref(node) } else { node.items() });
        let of_managed = listed.map(|policy| {
            let named = texts(policy).iter().find_map(|text| administrator_policy(&format!("{text}\"")));
            if let Some(named) = named {
                return Some(Power::Administrator(named.to_owned()));
            }
            let name = local_name(policy)?;
            let Some(defined) = self.resources.get(name) else {
                return elsewhere(&format!("the policy {}", shown(name)));
            };
            defined.at("Properties.PolicyDocument").iter().find_map(|hit| statement::of_document(hit.node))
        });
        let own =
            role.at("Properties.Policies.[].PolicyDocument").into_iter().map(|hit| statement::of_document(hit.node));
        let others = self.policies.get(local).into_iter().flatten().map(|document| statement::of_document(document));
        of_managed.chain(own).chain(others).fold(None, Power::strongest)
    }
}

/// The roles, users and groups of a template that it makes administrators, with the policy by which it does.
pub(super) fn administrators(tree: &Node) -> BTreeMap<String, String> {
    let Some(resources) = tree.get("Resources") else { return BTreeMap::new() };
    let template = Template::of(resources);
    let is_holder = |entry: &&super::node::Entry| {
        matches!(entry.value.text_of("Type"), Some("AWS::IAM::Role" | "AWS::IAM::User" | "AWS::IAM::Group"))
    };
    let holders = resources.entries().iter().filter(is_holder);
    holders
        .filter_map(|entry| match template.power(&entry.key)? {
            Power::Administrator(by) => Some((entry.key.clone(), by)),
            Power::Unknown(_) => None,
        })
        .collect()
}

/// Every text in a value.
fn texts(node: &Node) -> Vec<&str> {
    match &node.value {
        Value::Text(text) => vec![text],
        Value::List(items) => items.iter().flat_map(texts).collect(),
        Value::Map(entries) => entries.iter().flat_map(|entry| texts(&entry.value)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}
