//! What a value refers to, where it is no value itself. Looks nothing up.

use super::given::shown;
use crate::secrets::is_placeholder;

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
    "akv:",
    "ssm:",
    "aws:ssm:",
    "sm:",
    "@/",
    "!vault",
    "$secrets.",
    "secret-tool ",
    "security find-",
    "__encrypted__:",
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
    if let Some(name) = variable(value) {
        return Some(name);
    }
    if let Some(scheme) = SCHEMES.iter().find(|scheme| value.starts_with(**scheme)) {
        return Some(format!("{scheme}…"));
    }
    if let Some(scheme) = store(value) {
        return Some(scheme);
    }
    // One in 64 values in base64 begins with a slash.
    let is_rooted = value.starts_with('/')
        && !value.contains(['+', '='])
        && (value.len() < 16 || value[1..].contains('/') || value.contains('.'));
    let is_path = is_rooted || value.starts_with("~/") || value.starts_with("./") || value.get(1..3) == Some(":\\");
    (is_path && !value.contains("://")).then(|| "a file".to_owned())
}

/// A variable or a place in code, as programs write them.
fn variable(value: &str) -> Option<String> {
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
    None
}

/// A store that is not known by name: no address of the web or of a database, and nothing before an `@`.
fn store(value: &str) -> Option<String> {
    let is_address = [
        "http",
        "ws",
        "postgres",
        "mysql",
        "mariadb",
        "mongodb",
        "redis",
        "amqp",
        "ftp",
        "ssh",
        "jdbc",
        "mssql",
        "sqlserver",
        "kafka",
        "nats",
        "smtp",
        "ldap",
        "clickhouse",
        "snowflake",
        "oracle",
    ];
    if let Some((scheme, rest)) = value.split_once("://") {
        let is_word = !scheme.is_empty()
            && scheme.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-' || letter == '+');
        if is_word && !rest.contains(['@', '?', '=']) && !is_address.iter().any(|known| scheme.starts_with(known)) {
            return Some(format!("{scheme}://…"));
        }
    }
    None
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
