//! Secrets of a server that stand beside its variables and headers: OAuth clients, settings of extensions, files of variables.
//! Reads no file that a server is given.
//!
//! Source: Cursor Docs, "MCP", "Static OAuth"; Claude Code Docs, "MCP", `oauth`; Zed Docs, "As Extensions"; LiteLLM Docs, "MCP
//! Gateway", `auth_value`; VS Code Docs, "MCP servers", `envFile`.

use super::given::{Given, Held, held, is_secret_name, shown};
use super::node::{Node, Value};

/// Members of a server that are read by themselves, and those whose values are no secrets.
const ELSEWHERE: &[&str] = &[
    "env",
    "envs",
    "environment",
    "environmentVariables",
    "env_vars",
    "env_keys",
    "envFile",
    "env_file",
    "headers",
    "http_headers",
    "customHeaders",
    "requestOptions",
    "env_http_headers",
    "bearer_token_env_var",
    "command",
    "cmd",
    "args",
    "arguments",
    "url",
    "serverUrl",
    "httpUrl",
    "uri",
    "endpoint",
    "server_url",
    "tools",
];

/// How deep maps of a server lie in each other, at most.
const DEEPEST: usize = 6;

/// The shortest value of a secret that stands there.
const SHORTEST: usize = 8;

/// By what the values of a file of variables are given.
pub(super) const ENV_FILE: &str = "env file";

/// What a server is given by other members than its variables and headers.
pub(super) fn of_server(node: &Node, found: &mut Vec<Given>) {
    for key in ["envFile", "env_file"] {
        if let Some(entry) = node.entry(key)
            && let Some(path) = entry.value.text().filter(|path| !path.is_empty())
        {
            found.push(env_file(path, &entry.span()));
        }
    }
    for entry in node.entries().iter().filter(|entry| !ELSEWHERE.contains(&entry.key.as_str())) {
        member(&entry.key, &entry.value, &entry.span(), DEEPEST, found);
    }
}

/// A file of variables, all of which are given.
pub(super) fn env_file(path: &str, span: &std::ops::Range<usize>) -> Given {
    Given::of(ENV_FILE, format!("values of {}", shown(path)), span, Held::Reference(shown(path)), None)
}

/// A value under a key that says it is a secret, wherever it lies.
fn member(path: &str, node: &Node, span: &std::ops::Range<usize>, left: usize, found: &mut Vec<Given>) {
    match &node.value {
        Value::Map(entries) if left > 0 => {
            for entry in entries {
                member(&format!("{path}.{}", entry.key), &entry.value, &entry.span(), left - 1, found);
            }
        }
        Value::Text(text) => {
            let name = path.rsplit('.').next().unwrap_or(path);
            let how = held(text).filter(|_| is_secret_name(name));
            if let Some(how) = how.filter(|how| *how != Held::Literal || is_value(name, text)) {
                found.push(Given::of("setting", shown(path), span, how, Some(text)));
            }
        }
        _ => {}
    }
}

/// Whether a text is a value and not the word for a way to prove oneself: `"auth": "oauth"`.
fn is_value(name: &str, text: &str) -> bool {
    let name = name.to_lowercase();
    let says_how = ["auth", "authorization", "credentials"].iter().any(|end| name.ends_with(end));
    // A key may be that of a record.
    let says_how = says_how || matches!(name.as_str(), "key" | "session" | "cookie");
    let is_drawn = text.len() >= 12 && text.bytes().any(|byte| byte.is_ascii_digit());
    text.len() >= SHORTEST && (!says_how || is_drawn)
}
