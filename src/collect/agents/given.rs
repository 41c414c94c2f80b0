//! What a server is given to prove itself with: values that stand there, and names of values that stand elsewhere.
//! Keeps no value but for its fingerprint, which only a key gives out.

use std::ops::Range;
use std::sync::Arc;

use super::node::{Entry, Node};
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
];

/// Whether a secret is to be expected behind a name.
pub(super) fn is_secret_name(name: &str) -> bool {
    let name = name.trim_start_matches('-').to_lowercase().replace(['-', '.', ' '], "_");
    let any = |patterns: &[&str]| patterns.iter().any(|pattern| matches(pattern, &name));
    any(SECRET_NAMES) && !any(PLAIN_NAMES)
}

/// Words that stand where a value is to come, or that say where it is kept.
const BLANKS: &[&str] = &[
    "true", "false", "null", "none", "test", "demo", "dummy", "fake", "sample", "example", "abc123", "redacted",
    "todo", "default", "keychain", "keyring", "prompt", "ask",
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

/// How values begin that name a place in a store of secrets.
const SCHEMES: &[&str] = &[
    "op://",
    "vault:",
    "vault://",
    "keychain:",
    "keychain://",
    "keyring:",
    "secret://",
    "secrets:",
    "env:",
    "ref+",
    "aws-sm://",
    "aws-secretsmanager:",
    "gcp-sm://",
    "azure-kv://",
    "sops:",
    "file:",
    "bws:",
    "doppler:",
    "projects/",
    "arn:aws:secretsmanager:",
    "arn:aws:ssm:",
    "!secret",
    "cmd:",
    "exec:",
    "infisical:",
    "1password:",
    "@keyring:",
    "pass show ",
    "gopass ",
    "op read ",
    "aws-vault exec ",
    "secret-tool ",
    "security find-",
];

/// What a value refers to, where it is no value itself: `${VAR}`, `$VAR`, `%VAR%`, `{{ x }}`, `op://…` and their like.
pub(super) fn reference(value: &str) -> Option<String> {
    let is_name = |text: &str| {
        !text.is_empty() && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "_.-: ".contains(letter))
    };
    let between = |open: &str, close: &str| {
        let (_, rest) = value.split_once(open)?;
        let (name, _) = rest.split_once(close)?;
        let name =
            [":-", ":=", ":?", ":+"].iter().find_map(|sign| name.split_once(sign)).map_or(name, |(name, _)| name);
        is_name(name.trim()).then(|| format!("{open}{}{close}", name.trim()))
    };
    if is_half(value) {
        return None;
    }
    // What a helper prints; what it is told to print stands there itself.
    for (open, close) in [("$(", ")"), ("`", "`")] {
        if let Some(command) = value.strip_prefix(open) {
            let program = command.split([' ', ')', '`']).next().unwrap_or_default();
            let prints = matches!(program, "echo" | "printf") && !command.contains('$');
            return (!prints).then(|| format!("{open}{} …{close}", shown(program)));
        }
    }
    let marked = ["${{", "{{"].iter().find_map(|open| between(open, "}}"));
    let marked = marked.or_else(|| between("${", "}"));
    if marked.is_some() {
        return marked;
    }
    if let Some(name) = ["{env:", "{file:", "#{", "%("].iter().find_map(|open| value.strip_prefix(open)) {
        let name = name.trim_end_matches('s').trim_end_matches(['}', ')']);
        return Some(format!("${}", shown(name)));
    }
    let code = ["process.env.", "os.environ", "env.", "$env:", "ENC["].iter().any(|code| value.starts_with(code));
    let is_template = value.len() > 4 && value.starts_with("__") && value.ends_with("__");
    if code || is_template {
        return Some(shown(value.split(',').next().unwrap_or(value)));
    }
    if let Some(name) = value.strip_prefix('$').filter(|name| is_variable(name)) {
        return Some(format!("${name}"));
    }
    if let Some(name) = value.strip_prefix('%').and_then(|rest| rest.strip_suffix('%')).filter(|name| is_variable(name))
    {
        return Some(format!("%{name}%"));
    }
    if let Some(scheme) = SCHEMES.iter().find(|scheme| value.starts_with(**scheme)) {
        return Some(format!("{scheme}…"));
    }
    // One in 64 values in base64 begins with a slash.
    let is_rooted = value.starts_with('/')
        && !value.contains(['+', '='])
        && (value.len() < 16 || value[1..].contains('/') || value.contains('.'));
    let is_path = is_rooted || value.starts_with("~/") || value.starts_with("./") || value.get(1..3) == Some(":\\");
    (is_path && !value.contains("://")).then(|| "a file".to_owned())
}

/// Whether a secret stands beside a reference: as its default, or as the password of an address whose host is looked up.
fn is_half(value: &str) -> bool {
    let is_secret = |text: &str| text.len() >= 8 && !text.contains(['$', '{']) && !is_placeholder(text.as_bytes());
    let default = value
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}')?.split_once(":-").or(rest.strip_suffix('}')?.split_once(":=")));
    if let Some((_, default)) = default {
        return is_secret(default.trim()) && reference(default.trim()).is_none();
    }
    let password = value.split_once("://").and_then(|(_, rest)| rest.split_once('@')?.0.split_once(':'));
    password.is_some_and(|(_, password)| is_secret(password))
}

fn is_variable(name: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') && name.chars().all(is_letter)
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
        for name in
            ["GITHUB_PERSONAL_ACCESS_TOKEN", "Authorization", "X-API-Key", "--api-key", "PGPASSWORD", "DATABASE_URL"]
        {
            assert!(is_secret_name(name), "{name}");
        }
        for name in ["SLACK_TEAM_ID", "AWS_ACCESS_KEY_ID", "MAX_TOKENS", "STRIPE_PUBLISHABLE_KEY", "NODE_ENV", "monkey"]
        {
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
        for helper in ["@keyring:x", "pass show work/token", "aws-vault exec prod"] {
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
