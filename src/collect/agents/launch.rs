//! A command line: which package or image it fetches, how exactly that is named, and what stands among the arguments.
//! Runs nothing.

use std::ops::Range;

use super::address;
use super::container;
use super::given::{self, Given, Held};
use super::package;
use super::shell;

/// How a server is started.
#[derive(Debug, Default)]
pub(super) struct Launch {
    /// The program, by its base name.
    pub(super) program: Option<String>,
    /// npx, uvx, docker …; nothing when a program of this machine is started.
    pub(super) launcher: Option<&'static str>,
    /// What is fetched, without its version.
    pub(super) package: Option<String>,
    pub(super) is_fetched: bool,
    /// The version, tag or range that it names.
    pub(super) version: Option<String>,
    /// It names exactly one version or digest.
    pub(super) is_pinned: bool,
    pub(super) digest: Option<String>,
    /// An address among the arguments, as of mcp-remote.
    pub(super) url: Option<(String, Range<usize>)>,
    pub(super) folders: Vec<Folder>,
    /// A flag that takes the sandbox away, as written.
    pub(super) unsandboxed: Option<String>,
    /// The names of variables that a container is given.
    pub(super) variables: Vec<String>,
    /// What stands behind the package or program, without any value.
    pub(super) arguments: Vec<String>,
}

/// A folder that a server is given.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) path: String,
    /// Mounted into a container; else an argument.
    pub(super) is_mount: bool,
}

impl Folder {
    /// Whether it is a whole disk, or the home of a user or of all.
    pub(super) fn is_root(&self) -> bool {
        // `//var` is how a shell of Windows is told to leave a path as it is.
        let path = if self.path.starts_with("//") { &self.path[1..] } else { self.path.as_str() };
        let path = path.trim_end_matches(['/', '\\']);
        let is_home =
            |parent: &str| path.strip_prefix(parent).is_some_and(|rest| !rest.trim_start_matches('/').contains('/'));
        matches!(path, "" | "~" | "$HOME" | "${HOME}" | "%USERPROFILE%" | "/etc" | "/root" | "/var/run/docker.sock")
            || (path.len() == 2 && path.ends_with(':'))
            || is_home("/home")
            || is_home("/Users")
    }
}

pub(super) type Word = (String, Range<usize>);

/// Programs that fetch what they start, by base name; with the words that must follow.
const LAUNCHERS: &[(&str, &[&str], &str)] = &[
    ("npx", &[], "npx"),
    ("bunx", &[], "bunx"),
    ("bun", &["x"], "bunx"),
    ("pnpx", &[], "pnpm dlx"),
    ("pnpm", &["dlx"], "pnpm dlx"),
    ("yarn", &["dlx"], "yarn dlx"),
    ("npm", &["exec"], "npx"),
    ("uvx", &[], "uvx"),
    ("uv", &["tool", "run"], "uvx"),
    ("pipx", &["run"], "pipx"),
    ("docker", &["run"], "docker"),
    ("docker", &["container", "run"], "docker"),
    ("podman", &["run"], "podman"),
    ("nerdctl", &["run"], "nerdctl"),
    ("deno", &["run"], "deno"),
    ("go", &["run"], "go run"),
];

/// Reads a command line; what is given among the arguments is added.
pub(super) fn read(words: &[Word], given: &mut Vec<Given>) -> Launch {
    let Bare { words, by_root } = unwrap(words, given);
    let Some((program, arguments)) = words.split_first() else { return Launch::default() };
    let base = base_name(&program.0);
    let unsandboxed = by_root.then(|| "sudo, by which it runs as root".to_owned());
    let mut launch = Launch { program: Some(base.clone()), unsandboxed, ..Launch::default() };
    let texts: Vec<&str> = arguments.iter().map(|(text, _)| text.as_str()).collect();
    let launcher = LAUNCHERS.iter().find(|(name, then, _)| *name == base && texts.starts_with(then));
    let mut rest = arguments;
    if let Some((_, then, name)) = launcher {
        launch.launcher = Some(name);
        launch.is_fetched = true;
        rest = match *name {
            "docker" | "podman" | "nerdctl" => container::options(&arguments[then.len()..], &mut launch, given),
            "deno" => package::script(&arguments[then.len()..], &mut launch),
            _ => package::package(&arguments[then.len()..], name, &mut launch),
        };
    }
    launch.arguments = rest.iter().take(MOST_ARGUMENTS).map(|(text, _)| without_value(text)).collect();
    arguments_of(rest, &mut launch, given);
    launch
}

/// How many arguments of one server are told.
const MOST_ARGUMENTS: usize = 50;

/// A flag as it is written, with a mark for its value; any other argument may be one itself.
fn without_value(text: &str) -> String {
    let is_name = |name: &str| {
        name.len() <= 40
            && name.starts_with('-')
            && name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-')
    };
    match text.split_once('=') {
        Some((flag, _)) if is_name(flag) => format!("{flag}=…"),
        None if is_name(text) => text.to_owned(),
        _ => "…".to_owned(),
    }
}

/// A command line without what only starts it.
struct Bare {
    words: Vec<Word>,
    by_root: bool,
}

/// What stands behind `cmd /c`, `env A=b`, `sh -c "…"` and `sudo`; variables that are set on the way are given.
fn unwrap(words: &[Word], given: &mut Vec<Given>) -> Bare {
    let mut words = words.to_vec();
    let mut by_root = false;
    // Some write program and arguments as one text.
    if let [(line, span)] = words.as_slice()
        && line.contains(' ')
        && !line.starts_with(['/', '"', '\''])
    {
        words = of_shell(&line.clone(), &span.clone(), given);
    }
    for _ in 0..5 {
        let Some((program, _)) = words.first() else { break };
        let base = base_name(program);
        let second = words.get(1).map(|(text, _)| text.to_lowercase()).unwrap_or_default();
        match base.as_str() {
            "cmd" if matches!(second.as_str(), "/c" | "/k") => drop(words.drain(..2)),
            "sudo" | "doas" => {
                by_root = true;
                let flags = words.iter().skip(1).take_while(|(text, _)| text.starts_with('-')).count();
                words.drain(..=flags);
            }
            "exec" | "nohup" => drop(words.drain(..1)),
            // The Linux within Windows: flags before the program, of which some take a value.
            "wsl" => {
                let takes = |text: &str| matches!(text, "-d" | "--distribution" | "-u" | "--user" | "--cd");
                let mut count = 1;
                while let Some((text, _)) = words.get(count).filter(|(text, _)| text.starts_with('-')) {
                    count += if takes(text) { 2 } else { 1 };
                }
                words.drain(..count.min(words.len()));
            }
            "env" => {
                let count = words.iter().skip(1).take_while(|(text, _)| text.contains('=') || text.starts_with('-'));
                let count = count.count() + 1;
                for (text, span) in words.drain(..count).skip(1) {
                    if let Some((name, value)) = shell::assignment(&text) {
                        given::of_pair(name, Some(value), "env", &span, given);
                    }
                }
            }
            "sh" | "bash" | "zsh" | "dash" | "ash" | "powershell" | "pwsh" if is_command_flag(&second) => {
                let Some((line, span)) = words.get(2).cloned() else { break };
                words = of_shell(&line, &span, given);
            }
            _ => break,
        }
    }
    Bare { words, by_root }
}

/// `-c`, `-lc`, `-Command`.
fn is_command_flag(flag: &str) -> bool {
    flag == "-command" || flag.starts_with('-') && flag.ends_with('c')
}

/// The command of a line of a shell that starts the server: the first with a launcher, else the last. What is set in the
/// line is given.
fn of_shell(line: &str, span: &Range<usize>, given: &mut Vec<Given>) -> Vec<Word> {
    let mut best: Vec<String> = Vec::new();
    let is_launcher = |words: &[String]| {
        words.first().is_some_and(|program| LAUNCHERS.iter().any(|(name, ..)| *name == base_name(program)))
    };
    for command in shell::commands(line) {
        let mut words = command.as_slice();
        if words.first().is_some_and(|first| first == "export" || first == "set") {
            words = &words[1..];
        }
        while let Some((name, value)) = words.first().and_then(|first| shell::assignment(first)) {
            given::of_pair(name, Some(value), "env", span, given);
            words = &words[1..];
        }
        if !words.is_empty() && !is_launcher(&best) {
            best = words.to_vec();
        }
    }
    best.into_iter().map(|word| (word, span.clone())).collect()
}

fn base_name(program: &str) -> String {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program).to_lowercase();
    [".exe", ".cmd", ".bat", ".ps1"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name).to_owned()
}

/// What stands among the arguments of the server itself: headers, keys, addresses, folders.
fn arguments_of(arguments: &[Word], launch: &mut Launch, given: &mut Vec<Given>) {
    let mut words = arguments.iter().peekable();
    while let Some((text, span)) = words.next() {
        let (flag, inline) = text.split_once('=').map_or((text.as_str(), None), |(flag, value)| (flag, Some(value)));
        if text.contains("://") && !text.starts_with('-') {
            of_url(text, span, launch, given);
        } else if matches!(flag, "--header" | "-H" | "--headers") {
            let value =
                inline.map(|value| (value, span)).or_else(|| words.next().map(|(text, span)| (text.as_str(), span)));
            if let Some((line, place)) = value
                && let Some((name, value)) = line.split_once([':', '='])
            {
                given::of_pair(name.trim(), Some(value.trim()), "header", place, given);
            }
        } else if flag.starts_with('-') && given::is_secret_name(flag) {
            let next =
                words.peek().filter(|(next, _)| !next.starts_with('-')).map(|(next, span)| (next.as_str(), span));
            if let Some((value, place)) = inline.map(|value| (value, span)).or(next) {
                given::of_pair(flag, Some(value), "argument", place, given);
            }
        } else if let Some(value) = inline.filter(|value| value.contains("://")) {
            of_url(value, span, launch, given);
        } else if inline.is_some() && !flag.starts_with('-') && given::is_secret_name(flag) {
            given::of_pair(flag, inline, "argument", span, given);
        } else if is_folder(text) {
            launch.folders.push(Folder { path: given::shown(text), is_mount: false });
        }
    }
}

/// An address: the server's own, or that of a database with its password.
fn of_url(text: &str, span: &Range<usize>, launch: &mut Launch, given: &mut Vec<Given>) {
    let is_web = ["http://", "https://", "ws://", "wss://"].iter().any(|scheme| text.starts_with(scheme));
    if is_web {
        launch.url.get_or_insert_with(|| (text.to_owned(), span.clone()));
    } else if address::address(text).is_some_and(|address| address.has_password) {
        let name = "password before the host".to_owned();
        given.push(Given::of("argument", name, span, Held::Literal, None));
    }
}

fn is_folder(text: &str) -> bool {
    text.starts_with(['/', '~'])
        || matches!(text, "$HOME" | "${HOME}" | "%USERPROFILE%")
        || text.get(1..3) == Some(":\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn launch(line: &str) -> (Launch, Vec<Given>) {
        let mut given = Vec::new();
        let words: Vec<Word> = line.split(' ').map(|word| (word.to_owned(), 0..0)).collect();
        (read(&words, &mut given), given)
    }

    /// Launcher, package, and whether it is one version.
    #[test]
    fn packages_are_told_with_their_versions() {
        for (line, launcher, package, pinned) in [
            ("npx -y @scope/server", "npx", "@scope/server", false),
            ("npx -y @scope/server@latest", "npx", "@scope/server", false),
            ("npx -y @scope/server@1.2.3", "npx", "@scope/server", true),
            ("npx @scope/server@^1.2.3", "npx", "@scope/server", false),
            ("npx -y server@1.2", "npx", "server", false),
            ("npx --package=server@1.2.3 run", "npx", "server", true),
            ("cmd /c npx -y server@2.0.0-rc.1", "npx", "server", true),
            ("C:\\nodejs\\npx.cmd -y server", "npx", "server", false),
            ("env A=b npx -y server", "npx", "server", false),
            ("sudo -E npx -y server", "npx", "server", false),
            ("wsl.exe -d Ubuntu -e npx -y server", "npx", "server", false),
            ("uvx mcp-server-git", "uvx", "mcp-server-git", false),
            ("uvx mcp-server-git==2025.7.1", "uvx", "mcp-server-git", true),
            ("uvx mcp-server-git@2025.7.1", "uvx", "mcp-server-git", true),
            ("uvx --from mcp-server-git>=1 run", "uvx", "mcp-server-git", false),
            ("uv tool run mcp-server-git", "uvx", "mcp-server-git", false),
            ("pipx run tool==1.0", "pipx", "tool", true),
            ("bunx server@1.0.0", "bunx", "server", true),
            ("pnpm dlx server", "pnpm dlx", "server", false),
            ("go run example.com/tool@v1.2.3", "go run", "example.com/tool", true),
            ("deno run -A npm:server@1.0.0", "deno", "server", true),
            ("docker run -i --rm mcp/fetch", "docker", "mcp/fetch", false),
            ("docker run -e T=x -v /srv:/srv reg.example:5000/a/b:1.0", "docker", "reg.example:5000/a/b", false),
        ] {
            let (one, _) = launch(line);
            assert_eq!(
                (one.launcher, one.package.as_deref(), one.is_pinned, one.is_fetched),
                (Some(launcher), Some(package), pinned, true),
                "{line}"
            );
        }
        let digest = format!("podman run a/b@sha256:{}", "0f".repeat(32));
        assert!(launch(&digest).0.is_pinned);
        let commit = format!("uvx --from git+https://git.example/a@{} a", "0f".repeat(20));
        assert!(launch(&commit).0.is_pinned);
        let (own, _) = launch("/usr/local/bin/vault-mcp --read-only");
        assert!(!own.is_fetched && own.launcher.is_none() && own.program.as_deref() == Some("vault-mcp"));
    }

    #[test]
    fn arguments_are_told_by_what_they_are() {
        let (one, given) =
            launch("npx mcp-remote@0.1.29 https://x.example/sse --header Authorization:hk7Qe-2Lm9pWz4 --api-key=${K}");
        assert_eq!(one.url.map(|(url, _)| url).as_deref(), Some("https://x.example/sse"));
        let told: Vec<(&str, &str, bool)> =
            given.iter().map(|one| (one.by, one.name.as_str(), one.held == Held::Literal)).collect();
        assert_eq!(told, [("header", "Authorization", true), ("argument", "--api-key", false)]);
        let (one, given) = launch("docker run -e GITHUB_TOKEN -e A_KEY=hk7Qe-2Lm9pWz4 --privileged -v /:/host a/b");
        assert_eq!(given.iter().map(|one| one.held == Held::Literal).collect::<Vec<_>>(), [false, true]);
        assert!(one.folders.iter().any(Folder::is_root) && one.unsandboxed.as_deref() == Some("--privileged"));
        let shell = [("bash".to_owned(), 0..1), ("-c".to_owned(), 1..2)];
        let line = "cd /srv && API_TOKEN='hk7Qe2Lm9pWz4xR8tB3nV6' npx -y srv --port 1".to_owned();
        let mut given = Vec::new();
        let one = read(&[&shell[..], &[(line, 2..9)]].concat(), &mut given);
        assert_eq!((one.launcher, one.package.as_deref()), (Some("npx"), Some("srv")));
        assert_eq!((given[0].name.as_str(), given[0].span.clone()), ("API_TOKEN", 2..9));
        assert!(matches!(given[0].held, Held::Literal));
        assert!(launch("sudo npx -y srv@1.0.0").0.unsandboxed.is_some());
        let (socket, _) = launch("docker run --pid=host --cap-add SYS_ADMIN -v //var/run/docker.sock:/s a/b");
        assert!(socket.folders.iter().any(Folder::is_root) && socket.unsandboxed.is_some());
        let folders = |path: &str| Folder { path: path.to_owned(), is_mount: false }.is_root();
        for (path, expected) in
            [("/", true), ("~", true), ("/home/anna", true), ("/home/anna/src", false), ("C:\\", true), ("/srv", false)]
        {
            assert_eq!(folders(path), expected, "{path}");
        }
    }
}
