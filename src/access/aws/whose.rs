//! What the value of a condition key says of who asks: a test that a stranger can meet keeps nobody out. It judges one
//! test; it weighs no statements.
//! Source: Amazon S3 User Guide, "Blocking public access", "The meaning of public"; IAM User Guide, "AWS global condition
//! context keys".

use std::net::IpAddr;

/// How far a positive test keeps strangers out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hold {
    /// Anybody can meet it: an open network, a name that every account can have, a text that the caller writes.
    Nobody,
    /// It asks for something that is no proof of who asks: an address, a word that was agreed on.
    Weakly,
    /// It asks for a fixed network, or an endpoint of one: not everybody is there.
    ByPlace,
    /// It names an account, an organisation or an identity.
    Who,
}

/// Keys whose value the caller chooses, that any account can give its own identities, or that say nothing of the caller.
const CHOSEN: [&str; 19] = [
    "aws:useragent",
    "aws:referer",
    "aws:requestedregion",
    "aws:securetransport",
    "aws:multifactorauthpresent",
    "aws:multifactorauthage",
    "aws:currenttime",
    "aws:epochtime",
    "aws:tokenissuetime",
    "aws:username",
    "aws:principaltype",
    "aws:tagkeys",
    "aws:viaawsservice",
    "aws:resourceaccount",
    "aws:resourceorgid",
    "aws:resourceorgpaths",
    "sts:durationseconds",
    "sts:rolesessionname",
    "sts:sourceidentity",
];

/// Beginnings of keys of that sort.
const CHOSEN_STARTS: [&str; 4] = ["aws:principaltag/", "aws:requesttag/", "aws:resourcetag/", "iam:resourcetag/"];

/// Keys that name an account, an organisation or an identity.
const NAMES: [&str; 9] = [
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:sourceaccount",
    "aws:sourceowner",
    "aws:sourceorgid",
    "aws:userid",
    "kms:calleraccount",
    "s3:dataaccesspointaccount",
    "aws:principalservicename",
];

/// Keys of the same sort whose values are paths: what comes before the first wildcard must name the organisation.
const PATHS: [&str; 2] = ["aws:principalorgpaths", "aws:sourceorgpaths"];

/// Keys that name an identity or a resource by an ARN.
const ARNS: [&str; 3] = ["aws:principalarn", "aws:sourcearn", "s3:dataaccesspointarn"];

/// How far a positive test of a key, in lower case, against all of these values keeps strangers out. `pattern`: the
/// operator takes wildcards.
pub fn hold_of<'v>(key: &str, pattern: bool, values: impl Iterator<Item = &'v str>) -> Hold {
    if CHOSEN.contains(&key) || CHOSEN_STARTS.iter().any(|start| key.starts_with(start)) {
        return Hold::Nobody;
    }
    let wild = |text: &str| pattern && text.contains(['*', '?']);
    let of_one = |value: &str| {
        let fixed = |is: bool, hold: Hold| if is { hold } else { Hold::Nobody };
        match key {
            "aws:sourceip" => fixed(is_narrow(value), Hold::ByPlace),
            "aws:sourcevpc" | "aws:sourcevpce" | "aws:vpcsourceip" => fixed(!wild(value), Hold::ByPlace),
            "aws:principalisawsservice" => fixed(value.eq_ignore_ascii_case("true"), Hold::ByPlace),
            // A session of a role: the id of the role is fixed, its name is not.
            "aws:userid" => fixed(!wild(value.split(':').next().unwrap_or(value)), Hold::Who),
            key if NAMES.contains(&key) => fixed(!wild(value), Hold::Who),
            key if PATHS.contains(&key) => fixed(!wild(value.split('/').next().unwrap_or(value)), Hold::Who),
            key if ARNS.contains(&key) => fixed(!pattern || names_account(value), Hold::Who),
            _ => fixed(!(value.is_empty() || pattern && value.bytes().all(|byte| byte == b'*')), Hold::Weakly),
        }
    };
    values.map(of_one).min().unwrap_or(Hold::Nobody)
}

/// Whether an ARN names one account, or a bucket: their names are unique over all accounts.
fn names_account(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [_, _, service, _, account, resource] = parts[..] else { return false };
    let is_named = |text: &str| !text.is_empty() && !text.contains(['*', '?']);
    let bucket = resource.split('/').next().unwrap_or(resource);
    is_named(account) || (service == "s3" && is_named(bucket))
}

/// Whether a network is narrower than what strangers have.
fn is_narrow(network: &str) -> bool {
    let (address, bits) = match network.trim().split_once('/') {
        Some((address, bits)) => (address, bits.parse::<u8>().ok()),
        None => (network.trim(), Some(u8::MAX)),
    };
    match (address.parse::<IpAddr>(), bits) {
        (Ok(IpAddr::V4(_)), Some(bits)) => bits >= 8,
        (Ok(IpAddr::V6(_)), Some(bits)) => bits >= 32,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Hold, hold_of};

    #[test]
    fn what_a_stranger_can_meet_holds_nobody() {
        for (key, pattern, value, expected) in [
            ("aws:sourceip", false, "0.0.0.0/0", Hold::Nobody),
            ("aws:sourceip", false, "0.0.0.0/1", Hold::Nobody),
            ("aws:sourceip", false, "203.0.113.0/24", Hold::ByPlace),
            ("aws:sourceip", false, "::/0", Hold::Nobody),
            ("aws:useragent", true, "acme*", Hold::Nobody),
            ("aws:principaltag/team", false, "a", Hold::Nobody),
            ("aws:principalarn", true, "arn:aws:iam::*:role/ci", Hold::Nobody),
            ("aws:principalarn", true, "arn:aws:iam::111122223333:role/*", Hold::Who),
            ("aws:principalaccount", true, "1111*", Hold::Nobody),
            ("aws:principalaccount", false, "111122223333", Hold::Who),
            ("aws:sourcearn", true, "arn:aws:s3:::*", Hold::Nobody),
            ("aws:sourcearn", true, "arn:aws:s3:::logs", Hold::Who),
            ("aws:sourcearn", true, "arn:aws:s3:*:*:logs", Hold::Who),
            ("aws:sourcearn", true, "arn:aws:sns:*:*:logs", Hold::Nobody),
            ("aws:principalisawsservice", false, "true", Hold::ByPlace),
            ("aws:principalisawsservice", false, "false", Hold::Nobody),
            ("aws:principalorgpaths", true, "o-abc/r-ab12/*", Hold::Who),
            ("aws:userid", true, "AROAEXAMPLE00000001:*", Hold::Who),
            ("aws:userid", true, "*:ci", Hold::Nobody),
            ("sts:durationseconds", false, "3600", Hold::Nobody),
            ("aws:resourcetag/x", false, "y", Hold::Nobody),
            ("sts:externalid", false, "x", Hold::Weakly),
            ("sts:externalid", true, "*", Hold::Nobody),
        ] {
            assert_eq!(hold_of(key, pattern, std::iter::once(value)), expected, "{key} {value}");
        }
    }
}
