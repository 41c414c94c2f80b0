//! To which repository a file of a tree belongs, and who owns it there. Reads `.git/config` and CODEOWNERS; runs no git.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::owners::CodeOwners;

/// Where CODEOWNERS may lie (GitHub Docs, "About code owners"; GitLab Docs, "Code Owners").
const PLACES: &[&str] = &[".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"];

/// The repositories of a tree, found as they are asked for.
pub(in crate::collect) struct Repositories {
    root: PathBuf,
    owners: HashMap<PathBuf, Option<CodeOwners>>,
    names: HashMap<PathBuf, Option<String>>,
}

impl Repositories {
    pub(in crate::collect) fn new(root: &Path) -> Self {
        let root = if root.is_file() { root.parent().unwrap_or(root) } else { root };
        Self { root: root.to_owned(), owners: HashMap::new(), names: HashMap::new() }
    }

    /// The owners of a file, by the nearest CODEOWNERS above it within the tree.
    pub(in crate::collect) fn owners_of(&mut self, path: &str) -> Vec<String> {
        for folder in Path::new(path).ancestors().skip(1) {
            let whole = self.root.join(folder);
            let owners = self.owners.entry(whole.clone()).or_insert_with(|| {
                PLACES.iter().find_map(|place| text(&whole.join(place))).map(|text| CodeOwners::parse(&text))
            });
            if let Some(owners) = owners {
                let below = Path::new(path).strip_prefix(folder).unwrap_or(Path::new(path));
                return owners.of(&below.to_string_lossy().replace('\\', "/")).to_vec();
            }
        }
        Vec::new()
    }

    /// The repository's own branch, which most events run on: as its origin has it, else what is checked out where that has
    /// one of the two names that such a branch has by default.
    pub(super) fn default_branch_of(&mut self, path: &str) -> Option<String> {
        Path::new(path).ancestors().skip(1).find_map(|folder| {
            let git = self.root.join(folder).join(".git");
            let of_origin = || branch(text(&git.join("refs/remotes/origin/HEAD")), "refs/remotes/origin/");
            let checked_out = || branch(text(&git.join("HEAD")), "refs/heads/");
            of_origin().or_else(|| checked_out().filter(|name| name == "main" || name == "master"))
        })
    }

    /// The host of the repository of a file, where its origin says that this is not GitHub itself.
    pub(super) fn other_forge_of(&self, path: &str) -> Option<String> {
        let config = |folder: &Path| text(&self.root.join(folder).join(".git/config"));
        let config = Path::new(path).ancestors().skip(1).find_map(config)?;
        (!is_at_github(&config)).then(|| host(&config)).flatten()
    }

    /// `owner/name` of the repository's origin at GitHub or its like.
    pub(super) fn name_of(&mut self, path: &str) -> Option<String> {
        for folder in Path::new(path).ancestors().skip(1) {
            let whole = self.root.join(folder);
            let name = self
                .names
                .entry(whole.clone())
                .or_insert_with(|| text(&whole.join(".git/config")).and_then(|config| origin(&config)));
            if name.is_some() {
                return name.clone();
            }
        }
        None
    }
}

/// Whether a remote is at GitHub itself: a mirror at another forge gets no tokens of GitHub, and a GitHub of one's own has an
/// issuer of its own. An alias of SSH that begins so (`github.com-work`) is meant for it.
fn is_at_github(config: &str) -> bool {
    let is_it = |host: String| {
        let of_alias = host.strip_prefix("github.com").is_some_and(|rest| !rest.starts_with('.'));
        of_alias || host == "ssh.github.com" || !host.contains('.')
    };
    host(config).is_none_or(is_it)
}

/// The host of the remote `origin`, in small letters.
fn host(config: &str) -> Option<String> {
    let url = address(config)?;
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split_once('@').map_or(rest, |(_, rest)| rest);
    Some(rest.split(['/', ':']).next().unwrap_or_default().to_ascii_lowercase())
}

impl Repositories {
    /// Host and whole path of the repository's origin, as GitLab names a project: `gitlab.com`, `group/sub/shop`.
    pub(super) fn project_of(&mut self, path: &str) -> Option<(String, String)> {
        Path::new(path)
            .ancestors()
            .skip(1)
            .find_map(|folder| project(&text(&self.root.join(folder).join(".git/config"))?))
    }
}

/// The branch that a file below `.git` points at, where it says so.
fn branch(pointer: Option<String>, head: &str) -> Option<String> {
    let name = pointer?.trim().strip_prefix("ref: ")?.strip_prefix(head)?.to_owned();
    (!name.is_empty() && name.len() <= 200).then_some(name)
}

/// A small file that is no link.
fn text(path: &Path) -> Option<String> {
    let is_file = path.symlink_metadata().is_ok_and(|found| found.is_file() && found.len() < 1024 * 1024);
    if is_file { std::fs::read_to_string(path).ok() } else { None }
}

/// The address of the remote `origin`, without its ending.
fn address(config: &str) -> Option<&str> {
    let mut lines = config.lines().map(str::trim).skip_while(|line| *line != "[remote \"origin\"]").skip(1);
    let url = lines.find_map(|line| line.strip_prefix("url")?.trim().strip_prefix('=').map(str::trim))?;
    let url = url.strip_suffix('/').unwrap_or(url);
    Some(url.strip_suffix(".git").unwrap_or(url))
}

/// Host and path of the remote `origin`; user, token and port stay behind.
fn project(config: &str) -> Option<(String, String)> {
    let url = address(config)?;
    let (host, path) = match url.split_once("://") {
        Some((_, rest)) => rest.split_once('/')?,
        None => url.split_once(':')?,
    };
    let host = host.rsplit('@').next().unwrap_or(host);
    let host = host.split(':').next().unwrap_or(host).to_lowercase();
    let path = path.trim_matches('/');
    let is_name = |text: &str| !text.is_empty() && text.len() <= 300 && !text.contains(['@', ':', ' ']);
    (host.contains('.') && is_name(&host) && is_name(path) && path.contains('/')).then(|| (host, path.to_owned()))
}

/// The last two parts of the path of the remote `origin`. A URL with a user and a token in it gives them away to nobody.
fn origin(config: &str) -> Option<String> {
    let url = address(config)?;
    let mut parts = url.rsplit(['/', ':']);
    let (name, owner) = (parts.next()?, parts.next()?);
    let is_name = |text: &str| !text.is_empty() && !text.contains('@') && text.len() <= 100;
    // What stands before is the host; two parts alone are a path of this machine.
    parts.next()?;
    (is_name(name) && is_name(owner)).then(|| format!("{owner}/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn projects_are_read_with_their_host_and_all_groups() {
        for (url, expected) in [
            ("git@gitlab.com:acme/shop.git", Some(("gitlab.com", "acme/shop"))),
            ("https://oauth2:token@git.acme.example/acme/team/shop/", Some(("git.acme.example", "acme/team/shop"))),
            ("ssh://git@git.acme.example:2222/acme/shop.git", Some(("git.acme.example", "acme/shop"))),
            ("../other", None),
            ("/srv/git/shop.git", None),
        ] {
            let config = format!("[remote \"origin\"]\n\turl = {url}\n");
            let found = project(&config);
            assert_eq!(found.as_ref().map(|(host, path)| (host.as_str(), path.as_str())), expected, "{url}");
        }
    }

    #[test]
    fn origins_are_read_in_every_form() {
        for (url, expected) in [
            ("https://github.com/acme/shop-api.git", Some("acme/shop-api")),
            ("git@github.com:acme/shop-api.git", Some("acme/shop-api")),
            ("https://user:token@github.com/acme/shop-api", Some("acme/shop-api")),
            ("../other", None),
        ] {
            let config = format!("[core]\n\tbare = false\n[remote \"origin\"]\n\turl = {url}\n\tfetch = +refs\n");
            assert_eq!(origin(&config).as_deref(), expected, "{url}");
        }
        for (url, expected) in [
            ("git@github.com-work:acme/shop.git", true),
            ("https://x:y@github.com/acme/shop", true),
            ("work:acme/shop.git", true),
            ("git@gitlab.com:acme/shop.git", false),
            ("https://github.com.evil.example/acme/shop", false),
            ("https://github.acme.example/acme/shop", false),
        ] {
            assert_eq!(is_at_github(&format!("[remote \"origin\"]\n\turl = {url}\n")), expected, "{url}");
        }
        assert_eq!(origin("[remote \"fork\"]\n\turl = https://github.com/evil/x.git\n"), None);
    }
}
