//! What a server is given to prove itself with: values that stand there, and names of values that stand elsewhere.
//! Keeps no value but for its fingerprint, which only a key gives out.

use std::ops::Range;
use std::sync::Arc;

use super::node::{Entry, Node};
pub(super) use super::reference::reference;
use crate::model::wildcard::matches;
use crate::model::{Fingerprint, FingerprintKey, Secret};
use crate::secrets::is_placeholder;

/// A value that stands there: it cannot be printed, and is asked for nothing but its fingerprint.
#[derive(Clone)]
pub(super) struct Literal(Arc<Secret<'static>>);

impl Literal {
    /// The same value has the same fingerprint wherever it stands.
    pub(super) fn fingerprint(&self, key: &FingerprintKey) -> Fingerprint {
        self.0.fingerprint(key)
    }
}

impl std::fmt::Debug for Literal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Literal(…)")
    }
}

/// A credential that is given.
#[derive(Clone, Debug)]
pub(super) struct Given {
    /// How: `env`, `header`, `argument`, `url`, `file`, `input`.
    pub(super) by: &'static str,
    /// The name of the variable, header or flag.
    pub(super) name: String,
    /// Where it stands, in bytes.
    pub(super) span: Range<usize>,
    pub(super) held: Held,
    /// The value, where it stands there and is long enough that two of the same are no accident.
    pub(super) value: Option<Literal>,
}

/// The shortest value of which two are called the same.
const SHORTEST: usize = 8;

impl Given {
    /// A credential with the text behind its name.
    pub(super) fn of(by: &'static str, name: String, span: &Range<usize>, held: Held, text: Option<&str>) -> Self {
        let value = text.filter(|_| held == Held::Literal).map(bare).filter(|value| value.len() >= SHORTEST);
        let value = value.map(|value| Literal(Arc::new(Secret::new(value.as_bytes()).into_owned())));
        Self { by, name, span: span.clone(), held, value }
    }
}

/// How a value is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// It stands there.
    Literal,
    /// It is looked up: the name of where, as written.
    Reference(String),
}

/// Endings of names behind which secrets stand, in small letters with `_` for any joint.
const SECRET_NAMES: &[&str] = &[
    "*token",
    "*secret",
    "*password",
    "*passwd",
    "*api_key",
    "*apikey",
    "*access_key",
    "*secret_key",
    "*private_key",
    "*auth_key",
    "*credential",
    "*credentials",
    "*authorization",
    "*_pat",
    "pat",
    "*_dsn",
    "*database_url",
    "*db_url",
    "*connection_string",
    "*_key",
    "key",
    "*bearer*",
    "*cookie",
    "*webhook_url",
    "*_token_*",
    "*passphrase",
    "auth",
    "*_auth",
    "*client_secret*",
    "*api_key_*",
    "*secret_access_key*",
    "*service_account*",
    "*account_key",
    "*-key",
    "*uri_with_password",
    "*mongodb_uri",
    "*mongo_uri",
    "*redis_url",
    "*postgres_url",
    "*postgres_uri",
    "*pgpassword",
    "pw",
    "*_pw",
    "creds",
    "*_creds",
    "session",
    "*_webhook",
    "*auth_value",
];

/// Names that end alike and hold no secret.
const PLAIN_NAMES: &[&str] = &[
    "*public_key",
    "*publishable_key",
    "*key_id",
    "*token_url",
    "*token_endpoint",
    "*max_token*",
    "*keyboard*",
    "*key_name",
    "*secret_name",
    "*token_type",
    "*token_limit",
    "*primary_key",
    "*partition_key",
    "*sort_key",
    "*tokens",
    "*key_file",
    "*key_path",
    "*public_token",
    "*project_key",
    "*issue_key",
    "*space_key",
    "*cache_key",
    "*idempotency_key",
    "*object_key",
    "*registry_key",
];

/// Whether a secret is to be expected behind a name.
pub(super) fn is_secret_name(name: &str) -> bool {
    let name = spaced(name.trim_start_matches('-')).to_lowercase().replace(['-', '.', ' '], "_");
    let any = |patterns: &[&str]| patterns.iter().any(|pattern| matches(pattern, &name));
    any(SECRET_NAMES) && !any(PLAIN_NAMES)
}

/// A name with `_` where words begin by a capital: `clientSecret`.
pub(super) fn spaced(name: &str) -> String {
    let mut spaced = String::with_capacity(name.len() + 4);
    let mut was_small = false;
    for letter in name.chars() {
        if was_small && letter.is_ascii_uppercase() {
            spaced.push('_');
        }
        was_small = letter.is_ascii_lowercase();
        spaced.push(letter);
    }
    spaced
}

/// Words that stand where a value is to come, or that say where it is kept.
const BLANKS: &[&str] = &[
    "true", "false", "null", "none", "test", "demo", "dummy", "fake", "sample", "example", "abc123", "redacted",
    "todo", "default", "keychain", "keyring", "prompt", "ask", "token", "pat_here", "password", "secret",
];

/// How a value is held; `None` when it is nothing, a blank to fill in, or plainly no secret.
pub(super) fn held(value: &str) -> Option<Held> {
    let bare = bare(value);
    if let Some(reference) = reference(bare) {
        return Some(Held::Reference(reference));
    }
    let is_blank = bare.len() < 4
        || BLANKS.iter().any(|blank| bare.eq_ignore_ascii_case(blank))
        || bare.chars().all(|letter| letter.is_ascii_digit() && bare.len() < 10)
        || bare.starts_with('<')
        || is_placeholder(bare.as_bytes());
    (!is_blank).then_some(Held::Literal)
}

/// A value without the scheme of a header before it.
fn bare(value: &str) -> &str {
    let value = value.trim();
    let schemes = ["Bearer ", "bearer ", "Basic ", "token ", "Token ", "ApiKey "];
    schemes.iter().find_map(|scheme| value.strip_prefix(scheme)).unwrap_or(value).trim()
}

/// The credentials of a map of variables or headers.
pub(super) fn of_map(map: &Node, by: &'static str, found: &mut Vec<Given>) {
    // A list of `NAME=value` or of names that are handed through.
    for item in map.items() {
        if let Some(name) = item.text_of("name") {
            of_pair(name, item.text_of("value"), by, &item.span, found);
        }
        let Some(text) = item.text() else { continue };
        let name = text.split(['=', ':']).next().unwrap_or(text);
        of_pair(name, text.get(name.len() + 1..), by, &item.span, found);
    }
    map.entries().iter().for_each(|entry| of_entry(entry, by, found));
}

fn of_entry(entry: &Entry, by: &'static str, found: &mut Vec<Given>) {
    let value = match entry.value.text() {
        Some(text) => text,
        // Continue and VS Code write `{ value: … }`, others a list of one.
        None => match entry.value.text_of("value") {
            Some(text) => text,
            None => return,
        },
    };
    of_pair(&entry.key, Some(value), by, &entry.span(), found);
}

/// One variable or header with its value; without a value it is handed through.
pub(super) fn of_pair(name: &str, value: Option<&str>, by: &'static str, span: &Range<usize>, found: &mut Vec<Given>) {
    if !is_secret_name(name) {
        return;
    }
    let held = match value {
        None => Some(Held::Reference(format!("${name}"))),
        Some(value) => held(value),
    };
    if let Some(held) = held {
        found.push(Given::of(by, shown(name), span, held, value));
    }
}

/// A name as it is told: short, in case it is none.
pub(super) fn shown(name: &str) -> String {
    name.trim().chars().filter(|letter| !letter.is_control()).take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_whether_a_secret_stands_behind() {
        for name in [
            "GITHUB_PERSONAL_ACCESS_TOKEN",
            "Authorization",
            "X-API-Key",
            "--api-key",
            "PGPASSWORD",
            "DATABASE_URL",
            "clientSecret",
            "accessKey",
            "auth_value",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in [
            "SLACK_TEAM_ID",
            "AWS_ACCESS_KEY_ID",
            "MAX_TOKENS",
            "STRIPE_PUBLISHABLE_KEY",
            "NODE_ENV",
            "monkey",
            "tokenUrl",
            "SONAR_PROJECT_KEY",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn references_are_no_values() {
        for (value, expected) in [
            ("${GITHUB_TOKEN}", "${GITHUB_TOKEN}"),
            ("Bearer ${input:token}", "${input:token}"),
            ("$VAULT_TOKEN", "$VAULT_TOKEN"),
            ("%TOKEN%", "%TOKEN%"),
            ("${{ secrets.KEY }}", "${{secrets.KEY}}"),
            ("op://vault/item/field", "op://…"),
            ("/run/secrets/key.json", "a file"),
            ("${X:-d}", "${X}"),
            ("${X:?is missing}", "${X}"),
            ("$(op read op://vault/item/field)", "$(op …)"),
            ("`pass show work/token`", "`pass …`"),
            ("{env:API_TOKEN}", "$API_TOKEN"),
            ("process.env.API_TOKEN", "process.env.API_TOKEN"),
        ] {
            assert_eq!(held(value), Some(Held::Reference(expected.to_owned())), "{value}");
        }
        assert_eq!(held("hk7Qe-2Lm9pWz4"), Some(Held::Literal));
        assert_eq!(held("$(echo hk7Qe2Lm9pWz4xR8)"), Some(Held::Literal));
        // A value in base64 may begin as a path does.
        assert_eq!(held("/hk7Qe2Lm9pWz4xR8tB3nV6aa+b=="), Some(Held::Literal));
        for helper in [
            "gcp-sm://x",
            "sm://x",
            "aws:ssm:/x/y",
            "ssm:/a/b",
            "akv:x",
            "@/path/file",
            "!vault x",
            "$secrets.X",
            "own-store://a/b",
            "@keyring:x",
            "pass show work/token",
            "aws-vault exec prod",
        ] {
            assert!(matches!(held(helper), Some(Held::Reference(_))), "{helper}");
        }
        // A secret beside a reference is one.
        assert_eq!(held("${MY_API_KEY:-hk7Qe2Lm9pWz4xR8tB3nV6}"), Some(Held::Literal));
        assert_eq!(held("postgres://svc:Zk8dQ2mP1xW7rT@${DB_HOST}:5432/app"), Some(Held::Literal));
        assert_eq!(
            held("postgres://svc:${DB_PASSWORD}@db:5432/app"),
            Some(Held::Reference("${DB_PASSWORD}".to_owned()))
        );
        for blank in ["", "<your token>", "your-api-key", "true", "5432", "xxxxxxxxxxxx", "keychain", "demo", "abc123"]
        {
            assert_eq!(held(blank), None, "{blank}");
        }
    }
}
