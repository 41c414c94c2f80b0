//! What a secret's own text proves beyond ids of one provider: the public half of its key, the client of a token, the
//! account at a service that nothing was read of. A name alone proves nothing.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use crate::inventory::Inventory;
use crate::model::{AttributeName, Attributes, CredentialKind, Exposure, Fingerprint, Provider, Urn};

/// The names of public keys that found private keys and what was read have in common.
const KEY_NAMES: [AttributeName; 3] =
    [AttributeName::JwkThumbprint, AttributeName::SshFingerprint, AttributeName::SpkiSha256];

/// Things by the names of their public keys.
pub(super) struct KeyNames<'a>([HashMap<&'a str, Vec<&'a Urn>>; 3]);

impl<'a> KeyNames<'a> {
    /// Credentials whose private half is secret.
    pub(super) fn of_credentials(inventory: &'a Inventory) -> Self {
        Self::of_all(inventory.credentials.iter().map(|one| (&one.id, &one.attributes)))
    }

    /// Places that let in whoever has the private half: lines of `authorized_keys`, certificates.
    pub(super) fn of_settings(inventory: &'a Inventory) -> Self {
        Self::of_all(inventory.settings.iter().map(|one| (&one.id, &one.attributes)))
    }

    fn of_all(all: impl Iterator<Item = (&'a Urn, &'a Attributes)>) -> Self {
        let mut maps = Self(Default::default());
        for (id, attributes) in all.filter(|(_, attributes)| !attributes.is_empty()) {
            for (map, name) in maps.0.iter_mut().zip(KEY_NAMES) {
                if let Some(text) = attributes.text(name) {
                    map.entry(text).or_default().push(id);
                }
            }
        }
        maps
    }

    /// What has the public half of a private key that lies in the open.
    pub(super) fn of(&self, exposure: &Exposure) -> Option<&[&'a Urn]> {
        let facts = &exposure.proof.facts;
        let mut of_names = self.0.iter().zip(KEY_NAMES);
        of_names.find_map(|(map, name)| map.get(facts.get(name.as_str())?.as_str()).map(Vec::as_slice))
    }
}

/// The apps of Okta organisations by host and client id; `None` where several have one.
pub(super) struct OktaClients<'a>(HashMap<&'a str, HashMap<&'a str, Option<&'a Urn>>>);

impl<'a> OktaClients<'a> {
    pub(super) fn new(inventory: &'a Inventory) -> Self {
        let mut clients: HashMap<&str, HashMap<&str, Option<&Urn>>> = HashMap::new();
        for app in inventory.identities.iter().filter(|one| one.provider() == Provider::Okta) {
            let of_host = clients.entry(&app.tenant).or_default();
            if let Some(client) = app.attributes.text(AttributeName::ClientId) {
                of_host.entry(client).and_modify(|one| *one = None).or_insert(Some(&app.id));
            }
            // Most apps have their own id for a client id, also where the export does not say so.
            let named = app.id.as_str().strip_prefix("okta:").and_then(|rest| rest.strip_prefix(app.tenant.as_str()));
            if let Some(id) = named.and_then(|rest| rest.strip_prefix("/app/")) {
                of_host.insert(id, Some(&app.id));
            }
        }
        Self(clients)
    }

    /// The app to which a token was given: issuer and client are both in the token. The issuer's host is the
    /// organisation, so that a client id alone ties nothing.
    pub(super) fn of(&self, exposure: &Exposure) -> Option<&'a Urn> {
        let client = exposure.proof.facts.get("client")?.as_str();
        if host(exposure).is_none() && exposure.proof.kind == CredentialKind::OktaClientSecret.as_str() {
            // Where the organisation does not stand beside it: an id is of one app in all of Okta.
            let mut of_all = self.0.values().filter_map(|of_host| of_host.get(client).copied().flatten());
            return of_all.next().filter(|_| of_all.next().is_none());
        }
        self.0.get(host(exposure)?)?.get(client).copied().flatten()
    }

    /// Whether anything of the organisation was read that a secret says it is of.
    pub(super) fn organisation<'e>(&self, exposure: &'e Exposure) -> Option<&'e str> {
        host(exposure).filter(|host| self.0.contains_key(host))
    }
}

/// The host of the organisation that a token or secret is of.
pub(super) fn host(exposure: &Exposure) -> Option<&str> {
    exposure.proof.facts.get("issuer")?.strip_prefix("https://")?.split('/').next()
}

/// Engines by the beginnings of the detectors' names, with the ports where they listen by default.
/// Source: the manual of each (PostgreSQL, MySQL, MongoDB, Redis, RabbitMQ, SQL Server).
const ENGINES: [(&str, &str); 6] = [
    ("postgres", "5432"),
    ("mysql", "3306"),
    ("mongodb", "27017"),
    ("redis", "6379"),
    ("amqp", "5672"),
    ("mssql", "1433"),
];

/// Things of systems that nothing was read of, by the values that name them at some place.
pub(super) struct Elsewhere<'a> {
    things: HashMap<&'a Fingerprint, Option<(Urn, &'static str)>>,
    /// The numbers of the GitHub Apps of which a key was found.
    apps: HashSet<&'a str>,
}

impl<'a> Elsewhere<'a> {
    pub(super) fn of(inventory: &'a Inventory) -> Self {
        let mut things: HashMap<&Fingerprint, Option<(Urn, &str)>> = HashMap::new();
        for exposure in inventory.exposures.iter().filter(|one| !one.public) {
            if let Some(thing) = elsewhere(exposure) {
                let known = things.entry(inventory.facts.value_of(exposure)).or_insert_with(|| Some(thing.clone()));
                // What is two things at once is neither.
                *known = known.take().filter(|known| known.0 == thing.0);
            }
        }
        let apps = inventory.exposures.iter().filter_map(|one| one.proof.facts.get("github_app"));
        Self { things, apps: apps.map(String::as_str).collect() }
    }

    /// The app whose number is the issuer of a token. Other issuers have names or addresses; that the key of such an app was
    /// found says that the number is one.
    fn app(&self, exposure: &Exposure) -> Option<(Urn, &'static str)> {
        let issuer = exposure.proof.facts.get("issuer").filter(|_| exposure.proof.kind == "jwt")?;
        let app = self.apps.get(issuer.as_str())?;
        Some((Urn::new(format!("github:app/{app}")), "its issuer is the number of an app whose key was found"))
    }

    /// What a secret names itself, or else another place of the same value does.
    pub(super) fn get(&self, inventory: &Inventory, exposure: &Exposure) -> Option<(Urn, &'static str)> {
        let of_value = || self.things.get(inventory.facts.value_of(exposure))?.as_ref();
        elsewhere(exposure)
            .or_else(|| self.app(exposure))
            .or_else(|| Some((of_value()?.0.clone(), "the same value at another place names it")))
    }
}

/// A thing of a system that nothing was read of, named by the secret itself: a Google service account, a user of a
/// database, a Slack workspace. Two secrets of one such thing meet there.
fn elsewhere(exposure: &Exposure) -> Option<(Urn, &'static str)> {
    let proof = &exposure.proof;
    let fact = |name: &str| proof.facts.get(name).filter(|text| !text.is_empty());
    if let Some(app) = fact("github_app") {
        return Some((Urn::new(format!("github:app/{app}")), "the number of the app beside the key"));
    }
    let (system, _) = proof.kind.split_once('.')?;
    match system {
        "gcp" => {
            let email = fact("user").filter(|user| user.ends_with(".gserviceaccount.com"))?;
            Some((Urn::new(format!("gcp:service-account/{email}")), "client_email in the key file"))
        }
        "database" | "broker" => {
            let (user, host) = (fact("user")?, fact("host")?.to_lowercase());
            // Each engine has users of its own, and so has each server of a host.
            let (engine, port) = ENGINES.iter().find(|(engine, _)| exposure.detector.starts_with(engine))?;
            let port = fact("port").map_or(*port, String::as_str);
            // Users of MongoDB are each of one database: where the address does not say of which, nobody knows who it is.
            let database = match *engine {
                "mongodb" => match fact("auth_source")?.as_str() {
                    "admin" => String::new(),
                    other => format!("{other}/"),
                },
                _ => String::new(),
            };
            let id = format!("{system}:{engine}/{host}:{port}/{database}{user}");
            is_one_place(&host).then(|| (Urn::new(id), "engine, host, port and user in the address"))
        }
        "stripe" => {
            let id = Urn::new(format!("stripe:account/{}", fact("stripe_account")?));
            Some((id, "the account that stands beside the key"))
        }
        "slack" => {
            if let Some(workspace) = fact("workspace") {
                let id = Urn::new(format!("slack:workspace/{workspace}"));
                return Some((id, "the number of the workspace in the token"));
            }
            let team = proof.account.as_ref().filter(|team| team.starts_with('T'))?;
            Some((Urn::new(format!("slack:team/{team}")), "the team in the address"))
        }
        _ => None,
    }
}

/// Names that every network, cluster and machine answers in its own way.
/// Sources: RFC 6762 (`local`), RFC 8375 (`home.arpa`), ICANN's reservation of `internal`; Kubernetes, "DNS for Services and
/// Pods"; Docker Docs, "host.docker.internal"; what routers and companies use by habit.
const LOCAL_NAMES: [&str; 13] = [
    ".local",
    ".localhost",
    ".localdomain",
    ".internal",
    ".home.arpa",
    ".lan",
    ".home",
    ".corp",
    ".intranet",
    ".private",
    ".svc",
    ".consul",
    ".cluster.local",
];

/// Whether a host is one machine wherever it is written: `localhost`, single words, addresses of private networks and names
/// of a cluster mean another in every file.
fn is_one_place(host: &str) -> bool {
    let host = host.trim_end_matches('.').trim_start_matches('[').trim_end_matches(']');
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => {
            let [first, second, ..] = address.octets();
            // 100.64.0.0/10 is what carriers and overlay networks hand out (RFC 6598).
            let is_shared = first == 100 && (64..128).contains(&second);
            let is_local = address.is_private() || address.is_loopback() || address.is_link_local();
            !(is_shared || is_local || first == 0 || address.is_broadcast() || address.is_multicast())
        }
        Ok(IpAddr::V6(address)) => {
            let [first, ..] = address.segments();
            // fc00::/7 and fe80::/10 (RFC 4193, RFC 4291).
            let is_local = first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfe80;
            !(is_local || address.is_loopback() || address.is_unspecified() || address.is_multicast())
        }
        Err(_) => host.contains('.') && !LOCAL_NAMES.iter().any(|end| host.ends_with(end)),
    }
}

/// Whether its own text says that it is over.
pub(super) fn has_expired(exposure: &Exposure) -> bool {
    let expires = exposure.proof.facts.get("expires").and_then(|text| text.parse::<jiff::Timestamp>().ok());
    expires.is_some_and(|expires| expires < exposure.evidence.observed)
}

#[cfg(test)]
mod tests {
    use super::is_one_place;

    #[test]
    fn hosts_of_one_network_are_no_place() {
        for host in ["db.acme.example", "8.8.8.8", "[2001:db8::1]", "internal.acme.example", "local.db.example"] {
            assert!(is_one_place(host), "{host}");
        }
        for host in [
            "localhost",
            "db",
            "127.0.0.1",
            "0.0.0.0",
            "10.0.0.5",
            "172.20.1.1",
            "192.168.1.10",
            "169.254.1.1",
            "100.64.1.1",
            "[::1]",
            "[fd00::5]",
            "fe80::1",
            "postgres.shop.svc",
            "postgres.shop.svc.cluster.local",
            "postgres.shop.svc.cluster.local.",
            "host.docker.internal",
            "db.internal",
            "db.local",
        ] {
            assert!(!is_one_place(host), "{host}");
        }
    }
}
