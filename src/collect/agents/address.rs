//! An address of a server taken apart: where it leads, and whether a secret stands in it. Connects to nothing and keeps no
//! secret.

use super::given::{Held, held, is_secret_name};

/// The user, password and query of an address.
pub(super) struct Address {
    /// Scheme, host, port and path, without what may be a secret in it.
    pub(super) endpoint: String,
    pub(super) host: String,
    pub(super) is_plain: bool,
    /// A secret stands in the query.
    pub(super) has_secret_in_query: bool,
    /// The path has a part that is drawn by lot: whoever has the address is let in.
    pub(super) has_secret_in_path: bool,
    /// A password or token stands before the host.
    pub(super) has_password: bool,
}

/// Takes an address apart; `None` when it is none.
pub(super) fn address(url: &str) -> Option<Address> {
    let (scheme, rest) = url.trim().split_once("://")?;
    let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(authority_end);
    let (user, host) = authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
    let (path, query) = tail.split_once('?').unwrap_or((tail.split('#').next().unwrap_or(""), ""));
    let pairs = query.split(['&', '#']).filter_map(|pair| pair.split_once('='));
    let has_secret_in_query =
        pairs.into_iter().any(|(name, value)| is_secret_name(name) && matches!(held(value), Some(Held::Literal)));
    let bare = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let bare = bare.map_or(host, |(bare, _)| bare).trim_matches(['[', ']']).to_lowercase();
    let password = user.map(|user| user.split_once(':').map_or(user, |(_, password)| password));
    let (path, has_secret_in_path) = without_lots(path);
    Some(Address {
        endpoint: format!("{scheme}://{host}{path}"),
        has_secret_in_path,
        is_plain: matches!(scheme.to_lowercase().as_str(), "http" | "ws") && !is_loopback(&bare),
        host: bare,
        has_secret_in_query,
        has_password: password.is_some_and(|password| matches!(held(password), Some(Held::Literal))),
    })
}

/// A path with a mark in place of each part that is drawn by lot, and whether one of those is a secret. An id that is no more
/// than one (a UUID) is a secret where it follows a word for that, or stands first.
fn without_lots(path: &str) -> (String, bool) {
    const BEFORE: &[&str] =
        &["s", "server", "servers", "hook", "hooks", "webhook", "webhooks", "token", "key", "u", ""];
    let mut has_secret = false;
    let mut before = "";
    let parts = path.split('/').map(|part| {
        let is_id = is_uuid(part);
        if is_id || is_drawn(part) {
            has_secret |= !is_id || BEFORE.contains(&before);
            return "…";
        }
        before = part;
        part
    });
    let shown = parts.collect::<Vec<_>>().join("/");
    (shown, has_secret)
}

fn is_uuid(part: &str) -> bool {
    let groups: Vec<usize> = part.split('-').map(str::len).collect();
    groups == [8, 4, 4, 4, 12] && part.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// Whether letters and digits are mixed as no word has them.
fn is_drawn(part: &str) -> bool {
    let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || b"-_=.~%".contains(&byte);
    if part.len() < 20 || !part.bytes().all(is_sign) {
        return false;
    }
    let kinds: Vec<u8> = part
        .bytes()
        .filter(u8::is_ascii_alphanumeric)
        .map(|byte| {
            if byte.is_ascii_digit() {
                0
            } else if byte.is_ascii_uppercase() {
                1
            } else {
                2
            }
        })
        .collect();
    let digits = kinds.iter().filter(|kind| **kind == 0).count();
    let changes = kinds.windows(2).filter(|pair| pair[0] != pair[1]).count();
    let distinct = part.bytes().collect::<std::collections::BTreeSet<u8>>().len();
    // Names of things have few changes, all at the joints of words.
    let joints = part.split(['-', '_', '.']).count();
    digits >= 2 && distinct >= 8 && changes >= 6 && changes > 2 * joints
}

/// Names of this machine; those of Docker lead to it, too.
fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.ends_with(".localhost")
        || host == "::1"
        || host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || host == "host.docker.internal"
        || (host.starts_with("${") && host.ends_with('}') && host.matches("${").count() == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_by_lot_does_not_stay_in_an_address() {
        for (url, shown, is_secret) in [
            (
                "https://mcp.zapier.com/api/mcp/s/NzU5MzE0YTItOWQ3Yi00ZjEzLTk2/mcp",
                "https://mcp.zapier.com/api/mcp/s/…/mcp",
                true,
            ),
            ("https://mcp.x.example/0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0/gmail", "https://mcp.x.example/…/gmail", true),
            (
                "https://mcp.x.example/tenants/0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0/mcp",
                "https://mcp.x.example/tenants/…/mcp",
                false,
            ),
            (
                "https://mcp.x.example/v1/model-context-protocol-server-2025-06/mcp",
                "https://mcp.x.example/v1/model-context-protocol-server-2025-06/mcp",
                false,
            ),
            (
                "https://mcp.x.example/projects/shop-frontend-eu-central-1/mcp",
                "https://mcp.x.example/projects/shop-frontend-eu-central-1/mcp",
                false,
            ),
        ] {
            let one = address(url).expect("an address");
            assert_eq!((one.endpoint.as_str(), one.has_secret_in_path), (shown, is_secret), "{url}");
        }
    }

    #[test]
    fn addresses_are_taken_apart() {
        let one = address("http://bob:hk7Qe2Lm9pW@db.acme.example:80/mcp?api_key=zZ81kdLq0p#x").expect("an address");
        assert_eq!((one.endpoint.as_str(), one.host.as_str()), ("http://db.acme.example:80/mcp", "db.acme.example"));
        assert!(one.is_plain && one.has_password && one.has_secret_in_query);
        let local = address("http://localhost:8765/mcp?api_key=${KEY}").expect("an address");
        assert!(!local.is_plain && !local.has_password && !local.has_secret_in_query);
        for far in ["http://127.0.0.1.nip.io/mcp", "http://${host}.evil.example/mcp"] {
            assert!(address(far).expect("an address").is_plain, "{far}");
        }
        assert!(address("npx").is_none());
    }
}
