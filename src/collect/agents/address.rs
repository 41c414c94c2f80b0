//! An address of a server taken apart: where it leads, and whether a secret stands in it. Connects to nothing and keeps no
//! secret.

use super::given::{Held, held, is_secret_name};

/// The user, password and query of an address.
pub(super) struct Address {
    /// Scheme, host, port and path.
    pub(super) endpoint: String,
    pub(super) host: String,
    pub(super) is_plain: bool,
    /// A secret stands in the query.
    pub(super) has_secret_in_query: bool,
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
    Some(Address {
        endpoint: format!("{scheme}://{host}{path}"),
        is_plain: matches!(scheme.to_lowercase().as_str(), "http" | "ws") && !is_loopback(&bare),
        host: bare,
        has_secret_in_query,
        has_password: password.is_some_and(|password| matches!(held(password), Some(Held::Literal))),
    })
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
