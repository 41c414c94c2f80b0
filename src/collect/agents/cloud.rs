//! Agents that infrastructure code makes: Terraform, CloudFormation, bundles of Databricks, with the role they act as and
//! whether the same code makes it an administrator. Evaluates nothing.

use std::collections::BTreeMap;

use super::file::File;
use super::given::shown;
use super::hcl::{self, Block};
use super::node::{Node, Value};
use super::parse::{Format, parse};
use super::{azure, cluster};
use crate::model::{AttributeName as Name, Attributes, Identity, IdentityKind, LinkKind, Record, Urn};

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
    /// Why a role, by its local name, is an administrator.
    administrators: BTreeMap<String, String>,
    /// The names of roles by their local names.
    names: BTreeMap<String, String>,
}

/// An agent whose role is not looked up yet.
struct Waiting {
    path: String,
    identity: Identity,
    /// The local name of its role.
    role: Option<String>,
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
    for block in hcl::resources(file.text) {
        let known = TERRAFORM.iter().find(|(kind, _)| block.kind == *kind);
        let is_part = PARTS.iter().any(|part| block.kind.ends_with(part));
        if let Some((_, what)) = known.filter(|_| !is_part) {
            module.agents.push(agent(file, &block, what));
        }
        module.role(&block);
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
    let mut links = Vec::new();
    let mut local = None;
    if let Some((value, at)) = role {
        let bare = value.trim_matches('"');
        local = ["aws_iam_role", "google_service_account"].iter().find_map(|kind| hcl::refers_to(value, kind));
        attributes.set(Name::CloudRole, shown(bare));
        if bare.starts_with("arn:") && !bare.contains("${") {
            let mut linked = File::new(file.source, file.text);
            linked.link(&id, LinkKind::ActsAs, &Urn::new(bare), "its definition names this role", &(at..at));
            links = linked.records;
        }
    }
    let told = format!("{} ({})", shown(name), file.shown());
    let span = block.at..block.at + "resource".len();
    let identity = file.identity(&id, IdentityKind::AgentCloud, told, &span, attributes);
    Waiting { path: file.source.path.to_owned(), identity, role: local.map(str::to_owned), links }
}

/// The policies by which a role may do everything. Source: the AWS and Google Cloud references of predefined roles.
const ADMINISTRATOR: &[&str] = &["AdministratorAccess", "roles/owner", "roles/editor"];

impl Module {
    /// What a block says of a role.
    fn role(&mut self, block: &Block<'_>) {
        let own = matches!(block.kind, "aws_iam_role" | "google_service_account");
        if own && let Some(name) = block.string("name").or_else(|| block.string("account_id")) {
            self.names.insert(block.name.to_owned(), name.to_owned());
        }
        let holder = if own {
            Some(block.name)
        } else {
            let value =
                ["role", "roles", "member"].iter().filter_map(|key| block.attribute(key)).map(|(value, _)| value);
            value.into_iter().find_map(|value| {
                ["aws_iam_role", "google_service_account"].iter().find_map(|kind| hcl::refers_to(value, kind))
            })
        };
        let is_about = matches!(
            block.kind,
            "aws_iam_role"
                | "aws_iam_role_policy"
                | "aws_iam_role_policy_attachment"
                | "aws_iam_policy_attachment"
                | "google_project_iam_member"
                | "google_project_iam_binding"
                | "google_folder_iam_member"
                | "google_organization_iam_member"
        );
        let Some(holder) = holder.filter(|_| is_about) else { return };
        if let Some(policy) = ADMINISTRATOR.iter().find(|policy| names(block.body, policy)) {
            self.administrators.insert(holder.to_owned(), (*policy).to_owned());
        } else if block.kind.starts_with("aws_iam_role") && allows_all(block.body) {
            self.administrators.insert(holder.to_owned(), "a policy that allows every action on everything".to_owned());
        }
    }
}

/// Whether a text names a policy as a whole word at the end of a value.
fn names(text: &str, policy: &str) -> bool {
    text.match_indices(policy).any(|(at, _)| {
        let is_end = text[at + policy.len()..].starts_with(['"', '\'']);
        is_end && text[..at].ends_with(['/', '"', '\''])
    })
}

/// Whether one statement in it allows every action on everything, without a condition.
fn allows_all(text: &str) -> bool {
    let flat: String = text
        .chars()
        .filter(|letter| !letter.is_whitespace() && *letter != '"' && *letter != '[' && *letter != ']')
        .collect();
    // The keys of one statement stand before the next brace opens, but for those behind its condition.
    flat.split('{').any(|part| {
        let has = |key: &str| {
            [format!("{key}=*"), format!("{key}:*")].iter().any(|pair| {
                part.match_indices(pair.as_str()).any(|(at, _)| {
                    let is_key = !part[..at].ends_with(|before: char| before.is_ascii_alphanumeric());
                    let rest = &part[at + pair.len()..];
                    is_key && !rest.starts_with(|next: char| next.is_ascii_alphanumeric() || ":/-*".contains(next))
                })
            })
        };
        let denies = ["Effect=Deny", "Effect:Deny", "effect=Deny"].iter().any(|deny| part.contains(deny));
        let is_all = (has("Action") || has("actions")) && (has("Resource") || has("resources"));
        is_all && !denies && !part.contains("Condition") && !part.contains("condition")
    })
}

impl Modules {
    /// The agents with what their folders say of their roles, by the file that defines them.
    pub(super) fn records(self) -> Vec<(String, Vec<Record>)> {
        let mut all = Vec::new();
        for module in self.folders.into_values() {
            for Waiting { path, mut identity, role, links } in module.agents {
                if let Some(role) = role {
                    if let Some(why) = module.administrators.get(&role) {
                        identity.attributes.set(Name::RoleIsAdministrator, why.as_str());
                    }
                    if let Some(name) = module.names.get(&role) {
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
        if let Some(role) = role {
            let local = local_name(role);
            let text = role.text().map(str::to_owned).or_else(|| local.map(str::to_owned));
            attributes.set_known(Name::CloudRole, text.map(|text| shown(&text)).into());
            let defined = local.and_then(|local| resources.get(local)).and_then(|node| node.get("Properties"));
            if let Some(why) = defined.and_then(|role| administrator(file, role)) {
                attributes.set(Name::RoleIsAdministrator, why);
            }
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

/// The resource of the same template that a value refers to.
fn local_name(node: &Node) -> Option<&str> {
    if let Some(name) = node.text_of("Ref") {
        return Some(name);
    }
    let target = node.get("Fn::GetAtt")?;
    match target.text() {
        Some(text) => text.split('.').next(),
        None => target.items().first().and_then(Node::text),
    }
}

/// Why a role of a template is an administrator.
fn administrator(file: &File<'_>, role: &Node) -> Option<String> {
    let managed = role.get("ManagedPolicyArns").map(Node::words).unwrap_or_default();
    if managed.iter().any(|arn| arn.ends_with(":policy/AdministratorAccess")) {
        return Some("AdministratorAccess".to_owned());
    }
    let inline = role.get("Policies")?;
    let text = file.text.get(inline.span.clone()).unwrap_or_default();
    let statements = inline.items().iter().filter_map(|policy| policy.get("PolicyDocument")?.get("Statement"));
    let is_all = |statement: &Node| {
        let all = |key: &str| statement.get(key).is_some_and(|node| node.words().contains(&"*"));
        statement.text_of("Effect") == Some("Allow")
            && all("Action")
            && all("Resource")
            && statement.get("Condition").is_none()
    };
    let mut each =
        statements.flat_map(|list| if list.items().is_empty() { std::slice::from_ref(list) } else { list.items() });
    (!text.is_empty() && each.any(is_all)).then(|| "a policy that allows every action on everything".to_owned())
}

#[cfg(test)]
mod tests {
    use super::allows_all;

    #[test]
    fn only_a_statement_that_allows_everything_does() {
        let statement = |effect: &str, more: &str| {
            format!(
                "policy = jsonencode({{ Statement = [{{ Effect = \"{effect}\", Action = \"*\", Resource = [\"*\"]{more} }}] }})"
            )
        };
        assert!(allows_all(&statement("Allow", "")));
        assert!(allows_all("{\"Statement\":[{\"Action\":\"*\",\"Effect\":\"Allow\",\"Resource\":\"*\"}]}"));
        assert!(!allows_all(&statement("Deny", "")));
        assert!(!allows_all(&statement("Allow", ", Condition = { Bool = {} }")));
        assert!(!allows_all("{ Effect = \"Allow\", NotAction = \"*\", Resource = \"*\" }"));
        // What one statement denies and another allows in part is no administrator.
        assert!(!allows_all(
            "[{ Effect = \"Allow\", Action = \"s3:*\", Resource = \"*\" }, { Effect = \"Deny\", Action = \"*\", Resource = \"*\" }]"
        ));
    }
}
