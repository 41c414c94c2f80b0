//! The settings of a client as records: the client, its servers, what each is given, what takes a person out of the loop.

use std::collections::BTreeSet;
use std::ops::Range;

use super::file::File;
use super::given::{Given, Held, held};
use super::node::Node;
use super::server::{Server, servers};
use super::settings;
use super::table::{Client, SettingKeys, Tables};
use crate::model::{
    AttributeName as Name, Attributes, Credential, CredentialKind, Fingerprint, IdentityKind, Known, LinkKind, Record,
    SettingKind, Urn,
};

/// How many servers of one file are told.
const MOST_SERVERS: usize = 2_000;

/// The client that a file belongs to.
pub(super) struct Owner<'t> {
    /// `None` for a file that only looks like settings of some client.
    pub(super) client: Option<&'t Client>,
    /// The folder below which the client's places lie.
    pub(super) base: String,
}

impl Owner<'_> {
    /// Its name in the graph, the same for all its files below one folder.
    pub(super) fn urn(&self, label: &str) -> Urn {
        let client = self.client.map_or("unknown-client", |client| client.id.as_str());
        let parts = [label, self.base.as_str()].into_iter().filter(|part| !part.is_empty());
        Urn::new(format!("agent:{}#{client}", parts.collect::<Vec<_>>().join("/")))
    }

    pub(super) fn name(&self, label: &str) -> String {
        let client = self.client.map_or("unknown client", |client| client.name.as_str());
        let place = if self.base.is_empty() { label } else { &self.base };
        format!("{client} ({place})")
    }
}

/// Reads the settings of a client.
pub(super) fn read(file: &mut File<'_>, tree: &Node, owner: &Owner<'_>, keys: &SettingKeys, tables: &Tables) {
    let client = owner.urn(file.source.label);
    let before = file.records.len();
    let mut told = BTreeSet::new();
    let mut left = 0_usize;
    for (key, hit) in keys.servers.iter().flat_map(|key| tree.at(key).into_iter().map(move |hit| (key, hit))) {
        let under = hit.under.join("/");
        for mut server in servers(hit.node, &tables.knowledge) {
            server.is_disabled |= is_off(tree, keys, &server.name);
            let mut part = if under.is_empty() { server.name.clone() } else { format!("{under}/{}", server.name) };
            // One name under two keys is two things.
            if told.contains(&part) {
                part = format!("{key}/{part}");
            }
            if told.len() >= MOST_SERVERS {
                left += usize::from(!told.contains(&part));
            } else if told.insert(part.clone()) {
                let id = file.urn(&part);
                add_server(file, &client, &id, server, tables);
            }
        }
    }
    if left > 0 {
        file.cut.insert(format!("{} servers, of which the first {MOST_SERVERS} were read", MOST_SERVERS + left));
    }
    for setting in owner.client.map(|client| client.settings.as_slice()).unwrap_or_default() {
        settings::judge(file, tree, setting, &client, tables);
        for hit in keys.within.iter().flat_map(|key| tree.at(key)) {
            settings::judge(file, hit.node, setting, &client, tables);
        }
    }
    own_keys(file, tree, keys, &client, tables);
    // What only takes away makes no agent of a file.
    let takes = |one: &Record| matches!(one, Record::Setting(setting) if matches!(setting.kind, SettingKind::AgentServerRefused | SettingKind::AgentServerOff | SettingKind::AgentToolRefused));
    if file.records.iter().skip(before).any(|one| !takes(one)) {
        let name = owner.name(file.source.label);
        // What has an attribute is told before what has none: the settings are a better place than a file of tokens.
        let program = owner.client.map_or("unknown", |client| client.name.as_str());
        let attributes = Attributes::default().with(Name::AgentProgram, program);
        let identity = file.client(&client, name, attributes);
        file.add(identity);
    }
}

/// Whether the client's own lists leave a server out.
fn is_off(tree: &Node, keys: &SettingKeys, server: &str) -> bool {
    let lists =
        |paths: &[String]| paths.iter().flat_map(|path| tree.at(path)).map(|hit| hit.node.words()).collect::<Vec<_>>();
    let (only, off) = (lists(&keys.only), lists(&keys.off));
    off.iter().flatten().any(|name| *name == server)
        || !only.is_empty() && !only.iter().flatten().any(|name| *name == server)
}

/// One server with what it is given.
pub(super) fn add_server(file: &mut File<'_>, client: &Urn, id: &Urn, server: Server, tables: &Tables) {
    let strong = given(file, id, &server.given, &server.span, tables);
    let mut attributes = attributes(&server);
    let names: BTreeSet<String> = server.given.iter().map(|one| one.name.clone()).collect();
    let extra = file.exposures_in(&server.span).len();
    if !names.is_empty() || extra > 0 {
        let names =
            if names.is_empty() { vec!["a value among the arguments".to_owned()] } else { names.into_iter().collect() };
        attributes.set(Name::GivenSecrets, names);
    }
    if strong {
        attributes.set(Name::HoldsStrongSecret, true);
    }
    let at = server.at..server.at + server.name.len();
    let name = format!("{} ({})", server.name, file.shown());
    let enabled = !server.is_disabled;
    let mut identity = file.identity(id, IdentityKind::AgentServer, name, &at, attributes);
    identity.enabled = Known::Value(enabled);
    file.add(identity);
    if enabled {
        file.link(client, LinkKind::Uses, id, format!("the settings list the server {}", server.name), &at);
        settings::of_tools(file, client, &server, tables);
    }
}

/// What is known of a server, by name.
pub(super) fn attributes(server: &Server) -> Attributes {
    let mut attributes = Attributes::default();
    let launch = &server.launch;
    let texts = [
        (Name::Launcher, launch.launcher.map(str::to_owned).or_else(|| launch.program.clone())),
        (Name::Package, launch.package.clone()),
        (Name::Version, launch.version.clone()),
        (Name::ImageDigest, launch.digest.clone()),
        (Name::Endpoint, server.endpoint.clone()),
        (Name::LooksLike, server.looks_like.clone()),
        (Name::BorrowsName, server.borrows.clone()),
        (Name::UnrestrictedBy, server.unrestricted_by.clone()),
        (Name::Unasked, server.approvals_off.as_ref().map(|_| server.unasked())),
    ];
    for (name, text) in texts {
        attributes.set_known(name, Known::from(text));
    }
    let facts = [
        (Name::Fetched, launch.is_fetched),
        (Name::Pinned, launch.is_pinned),
        (Name::PlainHttp, server.is_plain),
        (Name::SecretInQuery, server.has_secret_in_query),
        (Name::ApprovalsOff, server.approvals_off.is_some()),
        (Name::Unrestricted, server.unrestricted_by.is_some()),
        (Name::PrivateData, server.abilities.private),
        (Name::UntrustedContent, server.abilities.untrusted),
        (Name::Egress, server.abilities.egress),
    ];
    for (name, _) in facts.into_iter().filter(|(_, holds)| *holds) {
        attributes.set(name, true);
    }
    let folders: Vec<String> = launch.folders.iter().map(|folder| folder.path.clone()).collect();
    let lists = [
        (Name::Folders, folders),
        (Name::Tools, server.tools.clone()),
        (Name::Arguments, launch.arguments.clone()),
        (Name::Variables, server.variables.clone()),
        (Name::Headers, server.headers.clone()),
    ];
    for (name, list) in lists {
        if !list.is_empty() {
            attributes.set(name, list);
        }
    }
    attributes
}

/// What a server or client is given, as credentials at their places; whether one of them is strong by its kind.
pub(super) fn given(file: &mut File<'_>, holder: &Urn, list: &[Given], span: &Range<usize>, tables: &Tables) -> bool {
    given_but(file, holder, list, (span, &[]), tables)
}

/// The same without what stands in some places, which is given to another.
pub(super) fn given_but(
    file: &mut File<'_>,
    holder: &Urn,
    list: &[Given],
    (span, without): (&Range<usize>, &[Range<usize>]),
    tables: &Tables,
) -> bool {
    let others: BTreeSet<Urn> =
        without.iter().flat_map(|span| file.exposures_in(span)).map(|one| one.id.clone()).collect();
    let mut seen = BTreeSet::new();
    let mut is_strong = false;
    for one in list {
        let exposures = file.exposures_in(&one.span);
        for exposure in &exposures {
            seen.insert(exposure.id.clone());
        }
        let strong = exposures.iter().any(|exposure| tables.knowledge.is_strong(exposure));
        is_strong |= strong;
        let form = exposures.first().map(|exposure| exposure.detector.clone());
        let mut attributes = Attributes::default().with(Name::GivenAs, one.by);
        match &one.held {
            Held::Literal => attributes.set(Name::Literal, true),
            // A value of a known form behind a reference is one all the same; that letters look drawn is no form.
            Held::Reference(_) if form.as_ref().is_some_and(|form| !form.starts_with("generic")) => {
                attributes.set(Name::Literal, true);
            }
            Held::Reference(to) => attributes.set(Name::Reference, to.as_str()),
        }
        attributes.set_known(Name::SecretForm, Known::from(form));
        if strong {
            attributes.set(Name::HoldsStrongSecret, true);
        }
        let print = one.value.as_ref().map(|value| value.fingerprint(file.source.key));
        credential(file, holder, (&one.name, one.by, &one.span), attributes, print);
    }
    // What stands elsewhere: a bare argument, a part of a command line.
    for exposure in file.exposures_in(span).into_iter().filter(|one| !others.contains(&one.id)) {
        file.link(holder, LinkKind::Uses, &exposure.id, "the value stands in its settings", span);
        if seen.insert(exposure.id.clone()) {
            let strong = tables.knowledge.is_strong(exposure);
            is_strong |= strong;
            let mut attributes = Attributes::default().with(Name::GivenAs, "argument").with(Name::Literal, true);
            attributes.set(Name::SecretForm, exposure.detector.as_str());
            if strong {
                attributes.set(Name::HoldsStrongSecret, true);
            }
            let place = file.span_of(exposure);
            let print = Some(exposure.fingerprint.clone());
            credential(file, holder, (&exposure.title, "argument", &place), attributes, print);
        }
    }
    is_strong
}

fn credential(
    file: &mut File<'_>,
    holder: &Urn,
    (name, by, span): (&str, &str, &Range<usize>),
    attributes: Attributes,
    fingerprint: Option<Fingerprint>,
) {
    let base = format!("{holder}/{by}/{name}");
    let count = file.again(&base);
    let id = if count == 0 { base } else { format!("{base}/{}", count + 1) };
    let credential = Credential {
        id: Urn::new(id),
        kind: CredentialKind::AgentGiven,
        holder: holder.clone(),
        tenant: file.source.target.to_owned(),
        name: name.to_owned(),
        active: Known::unknown("the settings of an agent do not say"),
        created: Known::unknown("the settings of an agent do not say"),
        expires: Known::unknown("the settings of an agent do not say"),
        fingerprint,
        attributes,
        evidence: file.evidence(span),
    };
    file.records.push(Record::Credential(credential));
}

/// Keys of model providers that stand in the client's own settings: those of models, and its environment.
fn own_keys(file: &mut File<'_>, tree: &Node, keys: &SettingKeys, client: &Urn, tables: &Tables) {
    let mut list = Vec::new();
    for hit in keys.secrets.iter().flat_map(|path| tree.at(path)) {
        // Where any key may stand, its name must say that it is a secret.
        let is_any = hit.under.last().is_some_and(|last| *last == hit.key);
        if is_any && !super::given::is_secret_name(hit.key) {
            continue;
        }
        if let Some(how) = hit.node.text().and_then(held) {
            let under = hit.under.get(..hit.under.len() - usize::from(is_any)).unwrap_or_default().join("/");
            let of = if under.is_empty() { String::new() } else { format!(" of {under}") };
            let name = super::given::shown(&format!("{}{of}", hit.key));
            let span = hit.at..hit.node.span.end.max(hit.at);
            list.push(Given::of("file", name, &span, how, hit.node.text()));
        }
    }
    for model in keys.models.iter().flat_map(|key| tree.at(key)).flat_map(|hit| hit.node.items()) {
        for hit in model.at("requestOptions.headers") {
            super::given::of_map(hit.node, "header", &mut list);
        }
        if let Some(entry) = model.entry("apiKey")
            && let Some(how) = entry.value.text().and_then(held)
        {
            let name = model.text_of("title").or_else(|| model.text_of("name")).unwrap_or("model");
            let name = format!("apiKey of {}", super::given::shown(name));
            list.push(Given::of("file", name, &entry.span(), how, entry.value.text()));
        }
    }
    if let Some(env) = tree.get("env") {
        super::given::of_map(env, "env", &mut list);
    }
    for entry in tree.entries().iter().filter(|entry| entry.key.ends_with("-api-key")) {
        if let Some(how) = entry.value.text().and_then(held) {
            list.push(Given::of("file", entry.key.clone(), &entry.span(), how, entry.value.text()));
        }
    }
    let spans: Vec<Range<usize>> = list.iter().map(|one| one.span.clone()).collect();
    for (one, span) in list.iter().zip(spans) {
        given(file, client, std::slice::from_ref(one), &span, tables);
    }
}
