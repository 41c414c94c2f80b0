//! The MCP Toolkit of Docker: `registry.yaml` names the servers that are switched on, catalogs describe all that there are.
//! Starts no container and pulls no image.
//!
//! Source: Docker Docs, "MCP Toolkit" and "MCP Catalog"; docker/mcp-gateway, "docs/catalog.md".

use std::collections::BTreeMap;

use super::client::{self, Owner};
use super::container;
use super::file::File;
use super::given::shown;
use super::node::Node;
use super::server::Server;
use super::table::{Tables, Toolkit};
use crate::model::{
    AttributeName as Name, Attributes, Credential, CredentialKind, Identity, IdentityKind, Known, LinkKind, Record, Urn,
};

/// How many servers of one file are told.
const MOST_SERVERS: usize = 5_000;

/// The toolkits of a tree, by the folder around them.
#[derive(Default)]
pub(super) struct Toolkits {
    enabled: Vec<Enabled>,
    catalog: BTreeMap<(String, String), Offered>,
}

/// A server that is switched on; what it is stands elsewhere.
struct Enabled {
    path: String,
    base: String,
    name: String,
    identity: Identity,
    /// How the client uses it.
    records: Vec<Record>,
}

/// What a catalog says of a server.
struct Offered {
    attributes: Attributes,
    /// Variable, and what the secret is called in Docker's store.
    secrets: Vec<(String, String)>,
}

impl Toolkits {
    /// Reads one of the files.
    pub(super) fn read(&mut self, file: &mut File<'_>, tree: &Node, owner: &Owner<'_>, part: Toolkit, tables: &Tables) {
        let entries = tree.get("registry").map(Node::entries).unwrap_or_default();
        for entry in file.first(entries, MOST_SERVERS, "servers") {
            let key = (owner.base.clone(), entry.key.clone());
            match part {
                Toolkit::Catalog => {
                    self.catalog.entry(key).or_insert_with(|| offered(&entry.value, tables));
                }
                Toolkit::Enabled => {
                    let client = owner.urn(file.source.label);
                    let name = shown(&entry.key);
                    let id = file.urn(&name);
                    let at = entry.at..entry.at + entry.key.len();
                    let attributes = Attributes::default().with(Name::Launcher, "docker mcp");
                    let told = format!("{name} ({})", file.shown());
                    let identity = file.identity(&id, IdentityKind::AgentServer, told, &at, attributes);
                    let mut linked = File::new(file.source, file.text);
                    linked.link(&client, LinkKind::Uses, &id, format!("the toolkit has {name} switched on"), &at);
                    self.enabled.push(Enabled {
                        path: file.source.path.to_owned(),
                        base: owner.base.clone(),
                        name: entry.key.clone(),
                        identity,
                        records: linked.records,
                    });
                    // Beside the catalog it may say itself what it is.
                    if entry.value.any(&["image", "remote", "url"]).is_some() {
                        self.catalog.insert(key, offered(&entry.value, tables));
                    }
                }
            }
        }
        if part == Toolkit::Enabled && !entries.is_empty() {
            let client = owner.urn(file.source.label);
            let program = owner.client.map_or("unknown", |client| client.name.as_str());
            let attributes = Attributes::default().with(Name::AgentProgram, program);
            let name = owner.name(file.source.label);
            let identity = file.identity(&client, IdentityKind::AgentClient, name, &(0..0), attributes);
            file.add(identity);
        }
    }

    /// The servers that are switched on with what the catalogs say of them, by the file that names them.
    pub(super) fn records(self) -> Vec<(String, Vec<Record>)> {
        let Self { enabled, catalog } = self;
        let told = |one: Enabled| {
            let Enabled { path, base, name, mut identity, mut records } = one;
            if let Some(offered) = catalog.get(&(base, name)) {
                identity.attributes.fill(offered.attributes.clone(), true);
                for (variable, secret) in &offered.secrets {
                    records.push(Record::Credential(secret_of(&identity, variable, secret)));
                }
            }
            records.insert(0, Record::Identity(identity));
            (path, records)
        };
        enabled.into_iter().map(told).collect()
    }
}

fn offered(node: &Node, tables: &Tables) -> Offered {
    let mut server = Server::default();
    if let Some(image) = node.text_of("image") {
        container::image(image, &mut server.launch);
        server.launch.launcher = Some("docker");
    }
    for volume in node.get("volumes").map(Node::words).unwrap_or_default() {
        container::mount(volume.split(':').next().unwrap_or_default(), &mut server.launch);
    }
    let remote = node.get("remote").and_then(|remote| remote.any(&["url", "uri"])).or_else(|| node.get("url"));
    if let Some(url) = remote.and_then(Node::text) {
        server.reach(url, &(0..0));
    }
    server.judge(&tables.knowledge);
    let mut attributes = client::attributes(&server);
    let secrets: Vec<(String, String)> = node
        .get("secrets")
        .map(Node::items)
        .unwrap_or_default()
        .iter()
        .filter_map(|one| Some((shown(one.text_of("env")?), shown(one.text_of("name").unwrap_or_default()))))
        .collect();
    if !secrets.is_empty() {
        attributes.set(Name::GivenSecrets, secrets.iter().map(|(variable, _)| variable.clone()).collect::<Vec<_>>());
    }
    Offered { attributes, secrets }
}

/// What Docker's own store hands to a server.
fn secret_of(server: &Identity, variable: &str, secret: &str) -> Credential {
    let unknown = || "the catalog does not say".to_owned();
    Credential {
        id: Urn::new(format!("{}/env/{variable}", server.id)),
        kind: CredentialKind::AgentGiven,
        holder: server.id.clone(),
        tenant: server.tenant.clone(),
        name: variable.to_owned(),
        active: Known::Unknown(unknown()),
        created: Known::Unknown(unknown()),
        expires: Known::Unknown(unknown()),
        fingerprint: None,
        attributes: Attributes::default()
            .with(Name::GivenAs, "env")
            .with(Name::Reference, format!("docker secret {secret}")),
        evidence: server.evidence.clone(),
    }
}
