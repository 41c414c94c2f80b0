//! Agents that infrastructure code makes: Terraform, CloudFormation, bundles of Databricks, with the role they act as and
//! whether the same code makes it an administrator. Evaluates nothing.

use std::collections::{BTreeMap, HashMap};

use super::file::File;
use super::given::shown;
use super::hcl::{self, Block};
use super::node::{Node, Value};
use super::parse::{Format, parse};
use super::role::{self, Roles, administrator_policy};
use super::statement::{self, Power};
use super::{azure, cluster};
use crate::model::{AttributeName as Name, Attributes, Identity, IdentityKind, Known, LinkKind, Record, Urn};

/// Resources of Terraform that are agents, by the beginning of their type; with what calls them.
const TERRAFORM: &[(&str, &str)] = &[
    ("aws_bedrockagent_agent", "Bedrock agent"),
    ("aws_bedrockagent_flow", "Bedrock flow"),
    ("aws_bedrockagentcore_agent_runtime", "AgentCore runtime"),
    ("aws_bedrockagentcore_gateway", "AgentCore gateway"),
    ("aws_bedrockagentcore_workload_identity", "AgentCore workload identity"),
    ("aws_bedrockagentcore_browser", "AgentCore browser"),
    ("aws_bedrockagentcore_code_interpreter", "AgentCore code interpreter"),
    ("google_vertex_ai_reasoning_engine", "Vertex AI reasoning engine"),
    ("google_dialogflow_cx_agent", "Dialogflow agent"),
    ("google_discovery_engine_chat_engine", "Discovery engine"),
    ("azurerm_ai_foundry_project", "Azure AI Foundry project"),
    ("azurerm_ai_foundry", "Azure AI Foundry"),
    ("azurerm_cognitive_account_project", "Azure AI Foundry project"),
    ("azurerm_bot_service_azure_bot", "Azure bot"),
    ("databricks_app", "Databricks app"),
    ("databricks_model_serving", "Databricks model serving"),
];

/// Parts of agents that are none themselves.
const PARTS: &[&str] = &["_alias", "_action_group", "_collaborator", "_target", "_endpoint", "_association", "_policy"];

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

/// Words of which one stands in every file that is read here.
pub(super) const CONTENT: &[&str] = &[
    "aws_bedrockagent",
    "google_vertex_ai_reasoning_engine",
    "google_dialogflow_cx",
    "google_discovery_engine",
    "azurerm_ai_foundry",
    "aws_iam_role",
    "aws_iam_policy",
    "google_project_iam",
    "AWS::Bedrock",
    "azurerm_cognitive_account_project",
    "azurerm_bot_service",
    "databricks_app",
    "databricks_model_serving",
    "Microsoft.CognitiveServices",
    "Microsoft.MachineLearningServices",
    "Microsoft.BotService",
    "model_serving_endpoints",
    "kagent.dev",
    "toolhive.stacklok.dev",
    "serving.kserve.io",
    "aigateway.envoyproxy.io",
    "_API_KEY",
    "AWS_BEARER_TOKEN_BEDROCK",
    "AZURE_OPENAI_KEY",
    "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
];

/// Whether a path may be that of infrastructure code.
pub(super) fn is_one(path: &str) -> bool {
    [".tf", ".tofu", ".yaml", ".yml", ".json", ".template", ".bicep"].iter().any(|end| path.ends_with(end))
}

/// What the Terraform files of each folder say together.
#[derive(Default)]
pub(super) struct Modules {
    folders: BTreeMap<String, Module>,
}

#[derive(Default)]
struct Module {
    agents: Vec<Waiting>,
    roles: Roles,
}

/// An agent whose role is not looked up yet.
struct Waiting {
    path: String,
    identity: Identity,
    /// The local name of its role.
    role: Option<String>,
    /// The name of its role, where it is named in full.
    named: Option<String>,
    /// Edges to roles that are named in full.
    links: Vec<Record>,
}

/// Reads a file of any of the three languages.
pub(super) fn read(file: &mut File<'_>, modules: &mut Modules) {
    let path = file.source.name;
    if path.ends_with(".tf") || path.ends_with(".tofu") {
        return terraform(file, modules);
    }
    if path.ends_with(".bicep") {
        return azure::bicep(file);
    }
    let format = if file.text.trim_start().starts_with('{') { Format::Json } else { Format::Yaml };
    if file.text.contains("AWS::Bedrock") {
        if let Ok((tree, _)) = parse(file.text, format) {
            cloudformation(file, &tree);
        }
    } else if azure::is_template(file.text) {
        if let Ok((tree, _)) = parse(file.text, format) {
            azure::template(file, &tree);
        }
    } else if file.text.contains("resources:") && !file.text.contains("apiVersion") {
        if let Ok((tree, _)) = parse(file.text, format) {
            bundle(file, &tree);
        }
    } else if !path.ends_with(".template") && file.text.contains("apiVersion") {
        cluster::read(file);
    }
}

fn terraform(file: &mut File<'_>, modules: &mut Modules) {
    let folder = file.source.name.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let module = modules.folders.entry(folder).or_default();
    for block in hcl::blocks(file.text) {
        let known = TERRAFORM.iter().find(|(kind, _)| block.kind == *kind);
        let is_part = PARTS.iter().any(|part| block.kind.ends_with(part));
        if let Some((_, what)) = known.filter(|_| !is_part) {
            module.agents.push(agent(file, &block, what));
        }
        module.roles.note(&block);
    }
}

fn agent(file: &File<'_>, block: &Block<'_>, what: &str) -> Waiting {
    let id = file.urn(&format!("{}.{}", block.kind, shown(block.name)));
    let keys = ["agent_name", "agent_runtime_name", "display_name", "name"];
    let name = keys.iter().find_map(|key| block.string(key)).unwrap_or(block.name);
    let mut attributes = Attributes::default().with(Name::AgentProgram, what);
    let role = ["agent_resource_role_arn", "role_arn", "execution_role_arn", "service_account"]
        .iter()
        .find_map(|key| block.attribute(key));
    if what == "AgentCore gateway" && block.string("authorizer_type") == Some("NONE") {
        attributes.set(Name::Unauthenticated, true);
    }
    let mut links = Vec::new();
    let mut local = None;
    if let Some((value, at)) = role {
        let bare = value.trim_matches('"');
        local = ["aws_iam_role", "google_service_account"].iter().find_map(|kind| role::address_in(value, kind));
        attributes.set(Name::CloudRole, shown(bare));
        if ["var.", "module.", "local.", "data."].iter().any(|computed| bare.starts_with(computed)) {
            set_power(&mut attributes, Some(Power::Unknown(format!("its role is {}", shown(bare)))));
        }
        if bare.starts_with("arn:") && !bare.contains("${") {
            let mut linked = File::new(file.source, file.text);
            linked.link(&id, LinkKind::ActsAs, &Urn::new(bare), "its definition names this role", &(at..at));
            links = linked.records;
        }
    }
    let told = format!("{} ({})", shown(name), file.shown());
    let span = block.at..block.at + "resource".len();
    let identity = file.identity(&id, IdentityKind::AgentCloud, told, &span, attributes);
    let in_full = role.map(|(value, _)| value.trim_matches('"')).filter(|value| value.starts_with("arn:"));
    let named = in_full.and_then(|arn| arn.split_once(":role/")).and_then(|(_, path)| path.rsplit('/').next());
    Waiting { path: file.source.path.to_owned(), identity, role: local, named: named.map(str::to_owned), links }
}

/// Writes down whether a role is an administrator, or why nobody can say.
fn set_power(attributes: &mut Attributes, power: Option<Power>) {
    match power {
        Some(Power::Administrator(by)) => attributes.set(Name::RoleIsAdministrator, by),
        Some(Power::Unknown(why)) => {
            attributes.set_known(Name::RoleIsAdministrator, Known::<String>::Unknown(shown(&why)));
        }
        None => {}
    }
}

impl Modules {
    /// The agents with what their folders say of their roles, by the file that defines them.
    pub(super) fn records(self) -> Vec<(String, Vec<Record>)> {
        let mut all = Vec::new();
        for module in self.folders.into_values() {
            let powers = module.roles.powers();
            for Waiting { path, mut identity, role, named, links } in module.agents {
                let by_name = || module.roles.local_of(named.as_deref()?).map(str::to_owned);
                if let Some(role) = role.or_else(by_name) {
                    set_power(&mut identity.attributes, powers.get(role.as_str()).cloned());
                    if let Some(name) = module.roles.name(&role) {
                        identity.attributes.set(Name::CloudRole, shown(name));
                    }
                }
                all.push((path, [vec![Record::Identity(identity)], links].concat()));
            }
        }
        all
    }
}

fn cloudformation(file: &mut File<'_>, tree: &Node) {
    let Some(resources) = tree.get("Resources") else { return };
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
        let told = format!("{} ({})", shown(name), file.shown());
        let identity = file.identity(&id, IdentityKind::AgentCloud, told, &span, attributes);
        file.add(identity);
    }
}

/// Apps and endpoints of a bundle, with the principal that they run as. Source: Databricks Docs, "Bundle resources".
fn bundle(file: &mut File<'_>, tree: &Node) {
    let principal = tree.get("run_as").and_then(|node| node.text_of("service_principal_name"));
    for (kind, what) in [("apps", "Databricks app"), ("model_serving_endpoints", "Databricks model serving")] {
        for hit in tree.at(&format!("resources.{kind}.*")) {
            let id = file.urn(&format!("{kind}.{}", shown(hit.key)));
            let name = hit.node.text_of("name").unwrap_or(hit.key);
            let mut attributes = Attributes::default().with(Name::AgentProgram, what);
            if let Some(principal) = principal {
                attributes.set(Name::CloudRole, shown(principal));
            }
            let told = format!("{} ({})", shown(name), file.shown());
            let identity =
                file.identity(&id, IdentityKind::AgentCloud, told, &(hit.at..hit.at + hit.key.len()), attributes);
            file.add(identity);
        }
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
