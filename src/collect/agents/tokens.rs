//! Tokens that clients keep on disk: that they are there, who may read them, and what they say of themselves in the
//! open. Keeps no value and decodes no signature.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;

use super::client::Owner;
use super::file::File;
use super::given::{Held, held};
use super::node::Node;
use super::parse::{Format, parse};
use super::table::TokenRule;
use crate::model::{AttributeName as Name, Attributes, Credential, CredentialKind, Known, LinkKind, Record};

/// The longest claim that is told.
const LONGEST_CLAIM: usize = 200;

/// Folders that are copied to other machines.
const SYNCHRONISED: &[&str] =
    &["dropbox", "onedrive", "google drive", "googledrive", "icloud", "nextcloud", "syncthing", "box sync"];

/// Notes a file of tokens. One that cannot be parsed is noted by its presence alone.
pub(super) fn read(file: &mut File<'_>, owner: &Owner<'_>, rule: &TokenRule) {
    if file.text.trim().is_empty() {
        return;
    }
    let format = Format::of_path(file.source.name).unwrap_or(Format::Json);
    let tree = parse(file.text, format).map(|(tree, _)| tree).ok();
    let nodes = |keys: &[String]| -> Vec<&Node> {
        tree.iter().flat_map(|tree| keys.iter().flat_map(|key| tree.at(key))).map(|hit| hit.node).collect()
    };
    let is_there = |node: &Node| node.text().is_some_and(|text| matches!(held(text), Some(Held::Literal)));
    let has_refresh = nodes(&rule.refresh).into_iter().any(is_there);
    let tokens: Vec<Claims> = nodes(&rule.claims).into_iter().filter_map(|node| claims(node.text()?)).collect();
    let has_key = nodes(&rule.keys).into_iter().any(is_there);
    let is_known = !(rule.refresh.is_empty() && rule.keys.is_empty() && rule.claims.is_empty());
    if tree.is_some() && is_known && !has_refresh && !has_key && tokens.is_empty() {
        return;
    }
    let mut attributes = Attributes::default().with(Name::GivenAs, "file").with(Name::Literal, true);
    if let Some(mode) = file.source.mode {
        attributes.set(Name::FileMode, format!("{:04o}", mode & 0o7777));
        if mode & 0o077 != 0 {
            attributes.set(Name::ReadableByOthers, true);
        }
    } else {
        attributes
            .set_known(Name::ReadableByOthers, Known::<bool>::unknown("the permissions of the file are not known"));
    }
    if has_refresh {
        attributes.set(Name::HoldsRefreshToken, true);
    }
    let place = format!("{}/{}", file.source.root, file.source.name).to_lowercase();
    if file.source.is_in_repository || SYNCHRONISED.iter().any(|name| place.contains(name)) {
        attributes.set(Name::IsShared, true);
    }
    let told: Vec<String> = tokens.iter().flat_map(|token| token.told.iter().cloned()).collect();
    if !told.is_empty() {
        attributes.set(Name::Claims, told);
    }
    let since = nodes(&rule.since).into_iter().find_map(|node| node.text()?.parse::<Timestamp>().ok());
    // What a client can renew does not end with the token that it has now.
    let expires = tokens.iter().filter_map(|token| token.expires).min().filter(|_| !has_refresh);
    // A client writes the file when it renews what is in it.
    let since = since.or(file.source.written);
    let created = since.map_or_else(|| Known::unknown("the file does not say, and may be a copy"), Known::Value);
    add(file, owner, attributes, created, expires);
}

fn add(
    file: &mut File<'_>,
    owner: &Owner<'_>,
    attributes: Attributes,
    created: Known<Timestamp>,
    expires: Option<Timestamp>,
) {
    let client = owner.urn(file.source.label);
    let name = owner.name(file.source.label);
    let identity = file.client(&client, name, Attributes::default());
    file.add(identity);
    let all = 0..file.text.len();
    for exposure in file.exposures_in(&all) {
        file.link(&client, LinkKind::Uses, &exposure.id, "the client keeps it in its own file", &(0..0));
    }
    let credential = Credential {
        id: file.urn("tokens"),
        kind: CredentialKind::AgentTokenFile,
        holder: client,
        tenant: file.source.target.to_owned(),
        name: file.shown().to_owned(),
        active: Known::unknown("the file does not say"),
        created,
        expires: expires.map_or_else(|| Known::unknown("the file does not say"), Known::Value),
        fingerprint: None,
        attributes,
        evidence: file.evidence(&(0..0)),
    };
    file.records.push(Record::Credential(credential));
}

/// What a token says of itself in the open.
struct Claims {
    told: Vec<String>,
    expires: Option<Timestamp>,
}

/// The claims of a JSON web token that say whose it is; nothing for other tokens. Source: RFC 7519, section 4.1.
fn claims(token: &str) -> Option<Claims> {
    let mut parts = token.split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    if payload.len() > 64 * 1024 {
        return None;
    }
    let claims: serde_json::Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?).ok()?;
    let mut told = Vec::new();
    for name in ["iss", "aud", "azp"] {
        let value = match claims.get(name) {
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(serde_json::Value::Array(list)) => {
                list.iter().filter_map(serde_json::Value::as_str).collect::<Vec<_>>().join(" ")
            }
            _ => continue,
        };
        let value: String = value.chars().filter(|letter| !letter.is_control()).take(LONGEST_CLAIM).collect();
        told.push(format!("{name} {value}"));
    }
    let expires = claims.get("exp").and_then(serde_json::Value::as_i64).and_then(|at| Timestamp::from_second(at).ok());
    Some(Claims { told, expires })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_read_and_nothing_else() {
        let payload = URL_SAFE_NO_PAD
            .encode(r#"{"iss":"https://auth.acme.example","aud":["mcp","b"],"sub":"u","exp":1790000000}"#);
        let read = claims(&format!("e30.{payload}.sig")).expect("a token");
        assert_eq!(read.told, ["iss https://auth.acme.example", "aud mcp b"]);
        assert_eq!(read.expires.map(|at| at.as_second()), Some(1_790_000_000));
        assert!(claims("opaque").is_none() && claims("a.!!.c").is_none());
    }
}
