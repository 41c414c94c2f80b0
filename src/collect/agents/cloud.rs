//! Agents that infrastructure code makes: Terraform and bundles of Databricks here, with the role they act as and whether the
//! same code makes it an administrator; the other languages in files of their own. Evaluates nothing.

use std::collections::BTreeMap;

use super::file::File;
use super::given::{Given, shown};
use super::hcl::{self, Block};
use super::hcl_values;
use super::node::Node;
use super::parse::{Format, parse};
use super::role::{self, Roles};
use super::statement::Power;
use super::table::Tables;
use super::{azure, client, cluster, cluster_uses, given, template};
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
    "azurerm_role_assignment",
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

/// Whether a file of Terraform has locals or variables, by which the policies of another are named.
pub(super) fn has_values(path: &str, text: &[u8]) -> bool {
    (path.ends_with(".tf") || path.ends_with(".tofu"))
        && [&b"locals"[..], b"variable"].iter().any(|word| memchr::memmem::find(text, word).is_some())
}

/// What the Terraform files of each folder say together.
#[derive(Default)]
pub(super) struct Modules {
    folders: BTreeMap<String, Module>,
    /// What agents of clusters use.
    uses: cluster_uses::Uses,
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
    /// The addresses of its roles, or of what holds rights for it.
    roles: Vec<String>,
    /// The name of its role, where it is named in full.
    named: Option<String>,
    /// Edges to roles that are named in full, and what it is given.
    records: Vec<Record>,
}

/// Reads a file of any of the three languages.
pub(super) fn read(file: &mut File<'_>, modules: &mut Modules, tables: &Tables) {
    let path = file.source.name;
    if path.ends_with(".tf") || path.ends_with(".tofu") {
        return terraform(file, modules, tables);
    }
    if path.ends_with(".bicep") {
        return azure::bicep(file);
    }
    let format = if file.text.trim_start().starts_with('{') { Format::Json } else { Format::Yaml };
    if file.text.contains("AWS::Bedrock") {
        if let Ok((tree, _)) = parse(file.text, format) {
            template::cloudformation(file, &tree, tables);
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
        cluster::read(file, &mut modules.uses, tables);
    }
}

fn terraform(file: &mut File<'_>, modules: &mut Modules, tables: &Tables) {
    let folder = file.source.name.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let module = modules.folders.entry(folder).or_default();
    module.roles.values(hcl_values::values(file.text));
    for block in hcl::blocks(file.text) {
        let known = TERRAFORM.iter().find(|(kind, _)| block.kind == *kind);
        let is_part = PARTS.iter().any(|part| block.kind.ends_with(part));
        if let Some((_, what)) = known.filter(|_| !is_part) {
            module.agents.push(agent(file, &block, what, tables));
        }
        module.roles.note(&block);
    }
}

fn agent(file: &File<'_>, block: &Block<'_>, what: &str, tables: &Tables) -> Waiting {
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
    let mut linked = File::new(file.source, file.text);
    // Azure gives rights to the thing itself, or to an identity that it is assigned.
    let mut roles = role::of_azure(block);
    if let Some((value, at)) = role {
        let bare = value.trim_matches('"');
        let kinds = ["aws_iam_role", "google_service_account"];
        roles.extend(kinds.iter().find_map(|kind| role::address_in(value, kind)));
        attributes.set(Name::CloudRole, shown(bare));
        if ["var.", "module.", "local.", "data."].iter().any(|computed| bare.starts_with(computed)) {
            set_power(&mut attributes, Some(Power::Unknown(format!("its role is {}", shown(bare)))));
        }
        if bare.starts_with("arn:") && !bare.contains("${") {
            linked.link(&id, LinkKind::ActsAs, &Urn::new(bare), "its definition names this role", &(at..at));
        }
    }
    let given = variables(block);
    given_to(&mut linked, &id, &given, &mut attributes, tables);
    let told = format!("{} ({})", shown(name), file.shown());
    let span = block.at..block.at + "resource".len();
    let identity = file.identity(&id, IdentityKind::AgentCloud, told, &span, attributes);
    let in_full = role.map(|(value, _)| value.trim_matches('"')).filter(|value| value.starts_with("arn:"));
    let named = in_full.and_then(|arn| arn.split_once(":role/")).and_then(|(_, path)| path.rsplit('/').next());
    let named = named.map(str::to_owned);
    Waiting { path: file.source.path.to_owned(), identity, roles, named, records: linked.records }
}

/// The variables that an agent is started with, as far as they are secrets.
fn variables(block: &Block<'_>) -> Vec<Given> {
    let mut found = Vec::new();
    for hcl_values::Variable { name, value, span } in hcl_values::variables(block) {
        given::of_pair(name, Some(value), "env", &span, &mut found);
    }
    found
}

/// Notes what an agent is given.
pub(super) fn given_to(file: &mut File<'_>, id: &Urn, list: &[Given], attributes: &mut Attributes, tables: &Tables) {
    if list.is_empty() {
        return;
    }
    if client::given(file, id, list, &(0..0), tables) {
        attributes.set(Name::HoldsStrongSecret, true);
    }
    attributes.set(Name::GivenSecrets, list.iter().map(|one| one.name.clone()).collect::<Vec<_>>());
}

/// Writes down whether a role is an administrator, or why nobody can say.
pub(super) fn set_power(attributes: &mut Attributes, power: Option<Power>) {
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
            for Waiting { path, mut identity, mut roles, named, records } in module.agents {
                let by_name = || module.roles.local_of(named.as_deref()?).map(str::to_owned);
                if roles.is_empty() {
                    roles.extend(by_name());
                }
                let power = roles.iter().map(|role| powers.get(role.as_str()).cloned()).fold(None, Power::strongest);
                if power.is_some() {
                    set_power(&mut identity.attributes, power);
                }
                if let Some(name) = roles.iter().find_map(|role| module.roles.name(role)) {
                    identity.attributes.set(Name::CloudRole, shown(name));
                }
                all.push((path, [vec![Record::Identity(identity)], records].concat()));
            }
        }
        all.extend(self.uses.records());
        all
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
