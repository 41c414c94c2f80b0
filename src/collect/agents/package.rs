//! The package that a launcher fetches, and how exactly its version is named. Asks no registry.

use super::given;
use super::launch::{Launch, Word};

/// The package behind npx, uvx and their like; gives what stands behind it.
pub(super) fn package<'w>(arguments: &'w [Word], launcher: &str, launch: &mut Launch) -> &'w [Word] {
    let mut at = 0;
    let mut named = None;
    while let Some((text, _)) = arguments.get(at) {
        let takes_value = matches!(
            text.as_str(),
            "-p" | "--package"
                | "--from"
                | "--with"
                | "--python"
                | "--index-url"
                | "--registry"
                | "--index"
                | "-c"
                | "--spec"
        );
        if takes_value {
            let is_source = matches!(text.as_str(), "-p" | "--package" | "--from" | "--spec");
            named = named.or(arguments.get(at + 1).map(|(value, _)| value.clone()).filter(|_| is_source));
            at += 2;
        } else if let Some((_, value)) =
            text.split_once('=').filter(|(flag, _)| matches!(*flag, "--package" | "--from" | "--spec"))
        {
            named = Some(value.to_owned());
            at += 1;
        } else if text.starts_with('-') {
            at += 1;
        } else {
            break;
        }
    }
    let source = named.or_else(|| arguments.get(at).map(|(text, _)| text.clone()));
    if let Some(source) = source {
        let (name, version) = split_version(&source);
        launch.is_pinned = is_exact(version, launcher) || is_commit(&source);
        launch.version = Some(version).filter(|version| !version.is_empty()).map(given::shown);
        launch.package = Some(given::shown(name));
        // A path is a package of this machine.
        launch.is_fetched = !name.starts_with(['.', '/', '~']);
    }
    arguments.get(at + 1..).unwrap_or_default()
}

/// Name and version of `@scope/name@1.2.3`, `name==1.2.3`, `git+https://…@v1`.
fn split_version(source: &str) -> (&str, &str) {
    if let Some((name, version)) = source.split_once("==") {
        return (name.split('[').next().unwrap_or(name), version);
    }
    match source.char_indices().skip(1).filter(|(_, letter)| *letter == '@').last() {
        Some((at, _)) if !source[at..].contains('/') => (&source[..at], &source[at + 1..]),
        _ => (source.split(['[', '>', '<', '~', '!']).next().unwrap_or(source), ""),
    }
}

/// Whether a version is one version: `1.2.3`, `2025.7.1`, `1.0.0-rc.1`, `v0.4.2` of Go.
fn is_exact(version: &str, launcher: &str) -> bool {
    let digits = version.strip_prefix('v').filter(|_| launcher == "go run").unwrap_or(version);
    let core = digits.split(['-', '+']).next().unwrap_or(digits);
    let parts: Vec<&str> = core.split('.').collect();
    let is_number = |part: &&str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_digit() || (launcher == "uvx" && byte.is_ascii_alphanumeric()))
    };
    // One or two numbers are a range for npm, and a version for Python.
    let enough = if matches!(launcher, "uvx" | "pipx") { 1 } else { 3 };
    parts.len() >= enough && parts.iter().all(is_number) && parts[0].bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a git address ends in a whole commit id.
fn is_commit(source: &str) -> bool {
    let id = source.rsplit(['@', '#']).next().unwrap_or_default();
    (source.contains("git") || source.contains('/'))
        && id.len() == 40
        && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The script of deno: what is fetched is an address or a package with a version in it.
pub(super) fn script<'w>(arguments: &'w [Word], launch: &mut Launch) -> &'w [Word] {
    let at = arguments.iter().position(|(text, _)| !text.starts_with('-')).unwrap_or(arguments.len());
    if arguments.iter().take(at).any(|(text, _)| matches!(text.as_str(), "-A" | "--allow-all" | "--allow-run")) {
        launch.unsandboxed = Some("deno run --allow-all".to_owned());
    }
    if let Some((text, _)) = arguments.get(at) {
        launch.is_fetched = text.contains("://") || text.starts_with("npm:") || text.starts_with("jsr:");
        let bare = text.strip_prefix("npm:").or_else(|| text.strip_prefix("jsr:")).unwrap_or(text);
        let (name, version) = split_version(bare);
        launch.is_pinned = is_exact(version, "npx");
        launch.version = Some(version).filter(|version| !version.is_empty()).map(given::shown);
        launch.package = Some(given::shown(name)).filter(|_| launch.is_fetched);
    }
    arguments.get(at + 1..).unwrap_or_default()
}
