//! Joins what the collectors brought and concludes from it. Pure passes over the graph, in one visible order:
//! each pass may use what those before it concluded.

mod accounts;
mod agent_accounts;
mod agents;
mod allowed;
mod around;
mod aws;
mod cluster;
mod clusters;
mod credentials;
mod definitions;
mod directory;
mod edges;
mod env_files;
mod environments;
mod federation;
mod homes;
mod literals;
mod members;
mod nodes;
mod onward;
mod operators;
mod outsiders;
mod owners;
mod persons;
mod privilege;
mod proofs;
mod reach;
mod refuted;
mod search;
mod tokens;
mod trust;
mod unasked;
mod unmade;
mod usage;
mod values;
mod workflows;
mod workloads;

use self::federation::AllAdmitted;
use crate::access;
use crate::inventory::Inventory;

pub use onward::follow;
pub use owners::OwnerLabels;
pub use privilege::{Guardrails, aws_principal};

/// The tables that the passes read, from `/rules/facts`.
#[derive(Debug)]
pub struct Tables {
    owners: OwnerLabels,
    aws_capabilities: access::aws::CapabilityTable,
    environments: environments::EnvironmentWords,
    aws_techniques: access::aws::Techniques,
    kubernetes_capabilities: access::kubernetes::CapabilityTable,
    kubernetes_bootstrap: access::kubernetes::Bootstrap,
    kubernetes_platforms: access::kubernetes::Platforms,
    kubernetes_operators: access::kubernetes::Operators,
    kubernetes_agents: cluster::AgentSigns,
    aws_trust: aws::TrustTable,
    /// Read only where there are policies of AWS.
    aws_actions: String,
    okta_capabilities: access::okta::CapabilityTable,
}

impl Tables {
    /// Reads the tables, given by name.
    ///
    /// # Errors
    /// The first table that is malformed, with its name.
    pub fn parse<'a>(table: impl Fn(&str) -> &'a str) -> Result<Self, String> {
        let named = |name: &'static str| move |error: String| format!("rules/facts/{name}.toml: {error}");
        Ok(Self {
            owners: OwnerLabels::parse(table("owners")).map_err(named("owners"))?,
            aws_capabilities: access::aws::CapabilityTable::parse(table("aws-capabilities"))
                .map_err(named("aws-capabilities"))?,
            environments: environments::EnvironmentWords::parse(table("environments"))
                .map_err(named("environments"))?,
            aws_techniques: access::aws::Techniques::parse(table("aws-escalation")).map_err(named("aws-escalation"))?,
            kubernetes_capabilities: access::kubernetes::CapabilityTable::parse(table("kubernetes-capabilities"))
                .map_err(named("kubernetes-capabilities"))?,
            kubernetes_bootstrap: access::kubernetes::Bootstrap::parse(table("kubernetes-bootstrap"))
                .map_err(named("kubernetes-bootstrap"))?,
            kubernetes_platforms: access::kubernetes::Platforms::parse(table("kubernetes-platforms"))
                .map_err(named("kubernetes-platforms"))?,
            kubernetes_operators: access::kubernetes::Operators::parse(table("kubernetes-operators"))
                .map_err(named("kubernetes-operators"))?,
            kubernetes_agents: cluster::AgentSigns::parse(table("kubernetes-agents"))
                .map_err(named("kubernetes-agents"))?,
            aws_trust: aws::TrustTable::parse(table("aws-trust")).map_err(named("aws-trust"))?,
            aws_actions: table("aws-actions").to_owned(),
            okta_capabilities: access::okta::CapabilityTable::parse(table("okta-capabilities"))
                .map_err(named("okta-capabilities"))?,
        })
    }
}

/// Runs the one pass that speaks of secrets in files: all there is to join where nothing but files was read.
pub fn link_exposures(inventory: &mut Inventory) {
    credentials::link(inventory);
}

/// Runs the one pass that ties grants to their holders: all there is to join where only access is asked.
pub fn link_grants(inventory: &mut Inventory) {
    workloads::link(inventory);
}

/// Runs every pass. The order is the point.
pub fn link(inventory: &mut Inventory, tables: &Tables) {
    allowed::switch_off(inventory);
    credentials::link(inventory);
    values::link(inventory);
    workloads::link(inventory);
    let admitted = AllAdmitted::of(inventory.trusts.rows());
    trust::link(inventory, &admitted);
    aws::link(inventory, &tables.aws_trust, &tables.aws_actions);
    owners::link(inventory, &tables.owners);
    environments::link(inventory, &tables.environments);
    usage::link(inventory);
    let library = access::aws::Library::new(inventory.policies.iter());
    privilege::link(inventory, tables, &library);
    operators::link(inventory, tables);
    unasked::link(inventory, tables);
    reach::link(inventory, tables, &library, &admitted);
    members::link(inventory);
    cluster::link(inventory, tables);
    aws::link_workloads(inventory);
    env_files::link(inventory);
    agents::link(inventory, &admitted);
    homes::link(inventory);
    edges::link(inventory, &admitted);
    clusters::tell_unread(inventory);
    unmade::link(inventory);
    search::link(inventory);
}
