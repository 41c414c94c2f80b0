//! The options of a container's command line: the image and how exactly it is named, variables, folders. Pulls nothing.

use super::beside;
use super::given::{self, Given};
use super::launch::{Folder, Launch, Word};

/// Flags of containers that take a value.
const CONTAINER_VALUES: &[&str] = &[
    "-e",
    "--env",
    "-v",
    "--volume",
    "--mount",
    "--name",
    "--network",
    "--net",
    "-p",
    "--publish",
    "-u",
    "--user",
    "-w",
    "--workdir",
    "--env-file",
    "--entrypoint",
    "--platform",
    "--add-host",
    "-h",
    "--hostname",
    "--label",
    "-l",
    "--memory",
    "-m",
    "--cpus",
    "--pull",
    "--cap-add",
    "--cap-drop",
    "--security-opt",
    "--gpus",
    "--tmpfs",
    "--pid",
    "--ipc",
    "--userns",
];

/// An image with its tag or digest.
pub(super) fn image(text: &str, launch: &mut Launch) {
    let (name, digest) = text.split_once('@').map_or((text, None), |(name, digest)| (name, Some(digest)));
    // A colon behind the last slash begins the tag; before it, the port of the registry.
    let tagged = name.rsplit_once(':').filter(|(_, tag)| !tag.contains('/'));
    launch.package = Some(given::shown(tagged.map_or(name, |(name, _)| name)));
    launch.is_fetched = true;
    launch.version = tagged.map(|(_, tag)| given::shown(tag));
    launch.is_pinned = digest.is_some_and(|digest| digest.starts_with("sha256:") && digest.len() == 71);
    launch.digest = digest.map(given::shown);
}

/// The options of `docker run` up to the image; gives what stands behind it.
pub(super) fn options<'w>(arguments: &'w [Word], launch: &mut Launch, given: &mut Vec<Given>) -> &'w [Word] {
    let mut at = 0;
    while let Some((text, span)) = arguments.get(at) {
        if !text.starts_with('-') {
            break;
        }
        let (flag, inline) = text.split_once('=').map_or((text.as_str(), None), |(flag, value)| (flag, Some(value)));
        let takes_next = inline.is_none() && CONTAINER_VALUES.contains(&flag);
        let next = arguments.get(at + 1).filter(|_| takes_next);
        let (value, place) = match (inline, next) {
            (Some(value), _) => (value, span),
            (None, Some((value, place))) => (value.as_str(), place),
            (None, None) => ("", span),
        };
        match flag {
            "-e" | "--env" => {
                let (name, value) = value.split_once('=').map_or((value, None), |(name, value)| (name, Some(value)));
                launch.variables.push(given::shown(name));
                given::of_pair(name, value, "env", place, given);
            }
            "--env-file" if !value.is_empty() => given.push(beside::env_file(value, place)),
            "-v" | "--volume" => mount(value.split(':').next().unwrap_or_default(), launch),
            "--mount" => {
                let sources = value.split(',').filter_map(|part| part.split_once('='));
                let source = sources.into_iter().find(|(key, _)| matches!(*key, "src" | "source"));
                mount(source.map_or("", |(_, source)| source), launch);
            }
            "--privileged" => launch.unsandboxed = Some("--privileged".to_owned()),
            _ if lets_out(flag, value) => launch.unsandboxed = Some(format!("{flag}={}", given::shown(value))),
            _ => {}
        }
        at += if takes_next { 2 } else { 1 };
    }
    if let Some((text, _)) = arguments.get(at) {
        image(text, launch);
    }
    arguments.get(at + 1..).unwrap_or_default()
}

/// Whether an option opens the machine around a container to it. Source: Docker Docs, "docker run", security options.
fn lets_out(flag: &str, value: &str) -> bool {
    match flag {
        "--pid" | "--userns" => value == "host",
        "--cap-add" => {
            matches!(value.to_uppercase().trim_start_matches("CAP_"), "ALL" | "SYS_ADMIN" | "SYS_PTRACE" | "SYS_MODULE")
        }
        "--security-opt" => value.ends_with("unconfined"),
        _ => false,
    }
}

/// A folder of this machine in a container; a name is a volume.
pub(super) fn mount(source: &str, launch: &mut Launch) {
    if source.starts_with(['/', '~', '$', '.']) || source.get(1..2) == Some(":") {
        launch.folders.push(Folder { path: given::shown(source), is_mount: true });
    }
}
