//! Histories and indexes of git, made by the real git: nothing that a commit added is missed, nothing of a repository is run.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::tree::{NOW, folder, github_token, nonhuman, run, write};

/// Runs git as nobody's user, and as if nobody had configured it.
pub(crate) fn git(folder: &Path, arguments: &[&str]) -> String {
    let ran = Command::new("git")
        .current_dir(folder)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", "/nonexistent")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_NAME", "Ada Author")
        .env("GIT_AUTHOR_EMAIL", "ada@example.com")
        .env("GIT_AUTHOR_DATE", "2026-01-02T03:04:05Z")
        .env("GIT_COMMITTER_NAME", "Carl Committer")
        .env("GIT_COMMITTER_EMAIL", "carl@example.com")
        .env("GIT_COMMITTER_DATE", "2026-01-03T03:04:05Z")
        .args(["-c", "protocol.file.allow=always", "-c", "init.defaultBranch=main", "-c", "commit.gpgSign=false"])
        .args(arguments)
        .output()
        .expect("git starts");
    assert!(ran.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8_lossy(&ran.stdout).trim().to_owned()
}

/// A line that holds a token, made up from letters.
fn secret(seed: &str) -> String {
    format!("token = \"{}\"\n", github_token(seed))
}

/// Commits everything that lies there; gives the commit's id.
pub(crate) fn commit(folder: &Path, message: &str) -> String {
    git(folder, &["add", "--all"]);
    git(folder, &["commit", "--quiet", "--allow-empty", "-m", message]);
    git(folder, &["rev-parse", "HEAD"])
}

/// A report of a scan.
struct Report {
    code: i32,
    json: Value,
    stderr: String,
}

impl Report {
    /// Every exposure as `path:line commit-that-brought-it in_head`, in order; the commit by its first letters.
    fn places(&self) -> Vec<String> {
        let exposures = self.json["exposures"].as_array().expect("a list");
        let mut places: Vec<String> = exposures
            .iter()
            .map(|one| {
                let (place, by) = (&one["evidence"]["location"], &one["introduced"]);
                let (path, line) = (place["path"].as_str().expect("text"), place["line"].as_u64().expect("a number"));
                match by["id"].as_str() {
                    Some(id) => format!("{path}:{line} {} {}", &id[..10], by["in_head"]),
                    None => format!("{path}:{line}"),
                }
            })
            .collect();
        places.sort();
        places
    }

    /// The coverage of one thing: how it ended, how many, and what is said of it.
    fn coverage(&self, what: &str) -> Option<(String, u64, String)> {
        let entry = self.json["coverage"].as_array().expect("a list").iter().find(|one| one["what"] == what)?;
        let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        let said = format!("{} / {}", text("detail"), text("remedy"));
        Some((text("outcome"), entry["count"].as_u64().expect("a number"), said))
    }
}

fn scan(folder: &Path, arguments: &[&str]) -> Report {
    let mut all = vec!["scan", "--format", "json", "--now", NOW];
    all.extend(arguments);
    let ran = run(folder, &all);
    let json =
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", ran.stdout, ran.stderr));
    Report { code: ran.code, json, stderr: ran.stderr }
}

fn history(folder: &Path) -> Report {
    scan(folder, &["--history", "."])
}

/// How a place reads whose commit has this id.
fn place(path: &str, line: u64, id: &str, in_head: bool) -> String {
    format!("{path}:{line} {} {in_head}", &id[..10])
}

/// A repository with one commit of one harmless file.
pub(crate) fn repository() -> tempfile::TempDir {
    let folder = folder();
    git(folder.path(), &["init", "--quiet"]);
    write(folder.path(), "readme", "nothing\nto\nsee\n");
    commit(folder.path(), "first");
    folder
}

#[test]
fn a_removed_secret_is_found_with_who_brought_it() {
    let folder = repository();
    let path = folder.path();
    write(path, "app/config.py", format!("a = 1\n{}b = 2\n", secret("removed")));
    let brought = commit(path, "brought");
    write(path, "app/config.py", format!("a = 1\nx = 1\n{}b = 3\n", secret("removed")));
    write(path, "kept", secret("kept"));
    let kept = commit(path, "moved by a line");
    write(path, "app/config.py", "a = 1\nb = 3\n");
    commit(path, "removed");
    write(path, "app/config.py", secret("removed"));
    commit(path, "added again");
    write(path, "app/config.py", "a = 1\n");
    commit(path, "removed again");
    let report = history(path);
    assert_eq!(report.code, 1);
    assert_eq!(report.places(), [place("app/config.py", 2, &brought, false), place("kept", 1, &kept, true)]);
    let exposure = report.json["exposures"].as_array().expect("a list").iter();
    let exposure =
        exposure.into_iter().find(|one| one["evidence"]["location"]["path"] == "app/config.py").expect("it is there");
    assert_eq!(exposure["evidence"]["location"]["commit"], brought.as_str());
    let by = &exposure["introduced"];
    assert_eq!((by["author"].as_str(), by["email"].as_str()), (Some("Ada Author"), Some("ada@example.com")));
    assert_eq!(by["date"], "2026-01-02T03:04:05Z");
    assert_eq!(report.coverage("history").map(|said| (said.0, said.1)), Some(("complete".to_owned(), 7)));
    assert!(scan(path, &["."]).places().len() == 1, "the tree has one");
}

#[test]
fn only_what_a_merge_adds_itself_is_its_own() {
    let folder = repository();
    let path = folder.path();
    git(path, &["checkout", "--quiet", "-b", "one"]);
    write(path, "one", format!("one\n{}", secret("branch one")));
    let one = commit(path, "one");
    git(path, &["checkout", "--quiet", "-b", "two", "main"]);
    write(path, "two", "two\n");
    write(path, "readme", "nothing\nto\nsee here\n");
    commit(path, "two");
    git(path, &["checkout", "--quiet", "-b", "three", "main"]);
    write(path, "three", "three\n");
    commit(path, "three");
    git(path, &["checkout", "--quiet", "main"]);
    git(path, &["merge", "--quiet", "--no-ff", "--no-commit", "one", "two", "three"]);
    write(path, "readme", format!("nothing\nto\nsee here\n{}", secret("octopus")));
    let octopus = commit(path, "octopus");
    write(path, "readme", "clean\n");
    write(path, "one", "clean\n");
    commit(path, "cleaned");
    let expected = [place("one", 2, &one, false), place("readme", 4, &octopus, false)];
    assert_eq!(history(path).places(), expected);
}

#[test]
fn every_place_of_a_value_is_told_and_who_brought_it_first() {
    let folder = repository();
    let path = folder.path();
    write(path, "old", format!("{}{}", secret("places"), "filler line\n".repeat(20)));
    let first = commit(path, "first place");
    git(path, &["mv", "old", "new"]);
    std::fs::create_dir(path.join("copies")).expect("a folder");
    std::fs::copy(path.join("new"), path.join("copies/same")).expect("a copy");
    let renamed = commit(path, "renamed and copied");
    let report = history(path);
    let expected = [("copies/same", true), ("new", true), ("old", false)];
    assert_eq!(report.places(), expected.map(|(path, in_head)| place(path, 1, &first, in_head)));
    for exposure in report.json["exposures"].as_array().expect("a list") {
        let location = &exposure["evidence"]["location"];
        let holder = if location["path"] == "old" { &first } else { &renamed };
        assert_eq!(location["commit"], holder.as_str());
    }
}

#[test]
fn what_any_ref_leads_to_is_read() {
    let folder = repository();
    let path = folder.path();
    let branch = |name: &str| {
        git(path, &["checkout", "--quiet", "--detach", "main"]);
        write(path, name, secret(name));
        commit(path, name)
    };
    let tagged = branch("tagged");
    git(path, &["tag", "-a", "-m", "a tag", "v1"]);
    git(path, &["tag", "-a", "-m", "a tag of a tag", "v1-signed", "v1"]);
    git(path, &["tag", "of-a-blob", "HEAD:readme"]);
    let remote = branch("remote");
    git(path, &["update-ref", "refs/remotes/origin/gone", &remote]);
    let detached = branch("detached");
    let beside = crate::tree::folder();
    let linked = beside.path().join("linked").display().to_string();
    git(path, &["worktree", "add", "--quiet", "--detach", &linked, &detached]);
    let lost = branch("lost");
    git(path, &["checkout", "--quiet", "main"]);
    for stash in ["stash one", "stash two"] {
        write(path, "readme", secret(stash));
        git(path, &["stash", "--quiet"]);
    }
    git(path, &["notes", "add", "-m", &secret("note"), "HEAD"]);
    let report = history(path);
    let text = report.places().join("\n");
    for name in
        [place("tagged", 1, &tagged, false), place("remote", 1, &remote, false), place("detached", 1, &detached, false)]
    {
        assert!(text.contains(&name), "{name}: {text}");
    }
    assert_eq!(text.matches("readme:1").count(), 2, "both stashes: {text}");
    assert_eq!(report.places().len(), 6, "and the note: {text}");
    assert!(!text.contains("lost:"), "only a reflog leads to {lost}");
    let said = report.coverage("history").expect("it is said").2;
    assert!(said.contains("what only reflogs lead to is not read"), "{said}");
    assert_eq!(report.coverage("refs").map(|said| (said.0, said.1)), Some(("not-read".to_owned(), 1)));
}

#[test]
fn staged_is_what_the_index_says() {
    let folder = repository();
    let path = folder.path();
    write(path, "known", format!("{}a\n", secret("known")));
    write(path, "untouched", secret("untouched"));
    commit(path, "known");
    assert_eq!(scan(path, &["--staged", "."]).code, 0, "nothing is staged");
    write(path, "known", format!("a new line\n{}b\n{}", secret("known"), secret("staged")));
    write(path, "fresh/file", secret("fresh"));
    git(path, &["add", "known", "fresh"]);
    write(path, "known", "clean again\n");
    write(path, "not-staged", secret("not staged"));
    write(path, "intended", secret("intended"));
    git(path, &["add", "--intent-to-add", "intended"]);
    let report = scan(path, &["--staged", "."]);
    assert_eq!((report.code, report.places()), (1, vec!["fresh/file:1".to_owned(), "known:4".to_owned()]));
    assert_eq!(report.coverage("files to be added").map(|said| said.1), Some(1));
    assert_eq!(report.coverage("staged changes").map(|said| (said.0, said.1)), Some(("complete".to_owned(), 2)));
    // What is asked of a folder is told of it.
    assert_eq!(scan(path, &["--staged", "fresh"]).places(), ["file:1"]);
}

#[test]
fn the_index_of_a_commit_in_the_making_is_the_one_that_git_names() {
    let folder = repository();
    let path = folder.path();
    write(path, "readme", secret("all"));
    let hook = path.join(".git/hooks/pre-commit");
    std::fs::create_dir_all(hook.parent().expect("a folder")).expect("room");
    let script = format!("#!/bin/sh\nexec {} scan --staged --isolated .\n", env!("CARGO_BIN_EXE_nonhuman"));
    std::fs::write(&hook, script).expect("room");
    make_executable(&hook);
    let ran = Command::new("git")
        .current_dir(path)
        .env("HOME", "/nonexistent")
        .args(["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "-a", "-m", "all"])
        .output()
        .expect("git starts");
    assert!(!ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(said.contains("readme"), "git shows what the hook says: {said}");
}

fn make_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("it can be made so");
}

#[test]
fn before_the_first_commit_all_is_staged() {
    let folder = folder();
    git(folder.path(), &["init", "--quiet"]);
    assert_eq!(scan(folder.path(), &["--staged", "."]).code, 0);
    write(folder.path(), "file", format!("a\n{}", secret("unborn")));
    git(folder.path(), &["add", "file"]);
    assert_eq!(scan(folder.path(), &["--staged", "."]).places(), ["file:2"]);
    let report = history(folder.path());
    assert_eq!(report.code, 3, "there is no history: {}", report.stderr);
    assert!(report.coverage("history").expect("it is said").2.contains("there is no commit"));
}

#[test]
fn all_sides_of_a_conflict_are_staged() {
    let folder = repository();
    let path = folder.path();
    git(path, &["checkout", "--quiet", "-b", "other"]);
    write(path, "readme", secret("theirs"));
    commit(path, "theirs");
    git(path, &["checkout", "--quiet", "main"]);
    write(path, "readme", "ours\n");
    commit(path, "ours");
    let merged =
        Command::new("git").current_dir(path).args(["merge", "--quiet", "other"]).output().expect("git starts");
    assert!(!merged.status.success(), "it conflicts");
    write(path, "readme", "resolved, and not staged\n");
    assert_eq!(scan(path, &["--staged", "."]).places(), ["readme:1"]);
}

#[test]
fn a_range_finds_what_was_added_and_removed_in_it() {
    let folder = repository();
    let path = folder.path();
    write(path, "before", secret("before"));
    let since = commit(path, "before");
    git(path, &["branch", "start"]);
    write(path, "within", format!("a\n{}", secret("within")));
    write(path, "before", format!("another line\n{}", secret("before")));
    let within = commit(path, "within");
    git(path, &["rm", "--quiet", "within"]);
    commit(path, "removed");
    write(path, "after", secret("after"));
    let after = commit(path, "after");
    assert_eq!(
        scan(path, &["--since", "start", "."]).places(),
        [place("after", 1, &after, true), place("within", 2, &within, false)]
    );
    let report = scan(path, &["--range", &format!("{since}..HEAD~1"), "."]);
    assert_eq!(report.places(), [place("within", 2, &within, false)]);
    assert_eq!(scan(path, &["--since", "HEAD", "."]).code, 0, "nothing lies between");
    let unknown = scan(path, &["--since", "origin/nowhere", "."]);
    let said = unknown.coverage("commits").expect("it is said").2;
    assert_eq!(unknown.code, 3);
    assert!(said.contains("'origin/nowhere'") && said.contains("fetch-depth: 0"), "{said}");
    assert!(said.contains("git fetch origin nowhere"), "what is called so here has another name there: {said}");
    let dots = run(path, &["scan", "--range", "start...HEAD", "."]);
    assert!(dots.code == 2 && dots.stderr.contains("A..B"), "{}", dots.stderr);
    let both = run(path, &["scan", "--history", "--staged", "."]);
    assert!(both.code == 2 && both.stderr.contains("cannot be used with"), "{}", both.stderr);
}

#[test]
fn a_shallow_clone_says_what_it_lacks() {
    let folder = repository();
    let path = folder.path();
    write(path, "gone", secret("gone"));
    commit(path, "gone");
    git(path, &["rm", "--quiet", "gone"]);
    write(path, "kept", secret("kept"));
    commit(path, "kept");
    let url = format!("file://{}", path.display());
    git(path, &["clone", "--quiet", "--depth", "1", &url, "shallow"]);
    let report = history(&path.join("shallow"));
    assert_eq!(report.places().len(), 1);
    let (outcome, _, said) = report.coverage("older commits").expect("it is said");
    assert!(outcome == "partial" && said.contains("fetch-depth: 0"), "{outcome} {said}");
    assert_eq!(scan(&path.join("shallow"), &["--history", "--exit-zero", "."]).code, 3, "{}", report.stderr);
}

#[test]
fn bare_and_linked_and_borrowing_repositories_are_read() {
    let folder = repository();
    let path = folder.path();
    write(path, "deep/er/file", secret("everywhere"));
    let id = commit(path, "everywhere");
    git(path, &["pack-refs", "--all"]);
    git(path, &["clone", "--quiet", "--bare", ".", "bare.git"]);
    git(path, &["worktree", "add", "--quiet", "linked", "-b", "linked"]);
    git(path, &["clone", "--quiet", "--shared", ".", "borrowing"]);
    for copy in ["bare.git", "linked", "borrowing"] {
        let report = history(&path.join(copy));
        assert_eq!(report.places(), [place("deep/er/file", 1, &id, true)], "{copy}");
    }
    write(&path.join("linked"), "staged", secret("linked"));
    git(&path.join("linked"), &["add", "staged"]);
    assert_eq!(scan(&path.join("linked"), &["--staged", "."]).places(), ["staged:1"]);
    // Asked of a folder, its history is told.
    assert_eq!(scan(path, &["--history", "deep/er"]).places(), [place("file", 1, &id, true)]);
    let tree = scan(path, &["bare.git"]);
    assert_eq!(tree.code, 3);
    assert!(tree.coverage("files").expect("it is said").2.contains("--history"));
}

#[test]
fn no_repository_is_an_error_that_says_what_to_do() {
    let folder = folder();
    write(folder.path(), "file", secret("file"));
    for choice in [vec!["--history"], vec!["--staged"], vec!["--since", "HEAD"]] {
        let report = scan(folder.path(), &[choice.as_slice(), &["."]].concat());
        assert_eq!((report.code, report.places().len()), (3, 0), "{choice:?}");
        assert!(report.json["coverage"].to_string().contains("no git repository"), "{choice:?}");
    }
}

/// A folder of repositories may itself lie in one that knows nothing of them.
#[test]
fn a_folder_that_was_never_committed_is_no_clean_history() {
    let folder = repository();
    let path = folder.path();
    let inner = path.join("clones/one");
    write(path, "clones/one/a.py", secret("inner"));
    git(&inner, &["init", "--quiet"]);
    commit(&inner, "inner");
    let ran = run(path, &["secrets", "--isolated", "--history", "clones"]);
    assert_eq!((ran.code, ran.stdout.contains("ever brought a file to this folder")), (3, true), "{}", ran.stdout);
    let ran = run(path, &["scan", "--isolated", "--history", "--trees-in", "clones"]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
}

#[test]
fn submodules_are_counted() {
    let inner = repository();
    let folder = repository();
    git(folder.path(), &["submodule", "--quiet", "add", &inner.path().display().to_string(), "inner"]);
    let staged = scan(folder.path(), &["--staged", "."]);
    assert_eq!(staged.coverage("submodules").map(|said| (said.0, said.1)), Some(("not-read".to_owned(), 1)));
    commit(folder.path(), "a submodule");
    // What is staged is a number; of a whole history theirs is a part that was not read.
    let whole = scan(folder.path(), &["--history", "--exit-zero", "."]);
    assert_eq!((whole.code, whole.coverage("submodules").map(|said| said.1)), (3, Some(1)));
    assert_eq!(scan(folder.path(), &["--history", "--allow-partial", "."]).code, 0);
    assert_eq!(scan(folder.path(), &["--history", ".", "inner"]).code, 0, "it is read as a root of its own");
}

/// The file of a loose object.
fn loose(folder: &Path, id: &str) -> std::path::PathBuf {
    folder.join(".git/objects").join(&id[..2]).join(&id[2..])
}

#[test]
fn what_cannot_be_read_is_a_hole_and_the_rest_is_found() {
    let folder = repository();
    let path = folder.path();
    write(path, "broken", "some words\n");
    write(path, "lost", "other words\n");
    write(path, "whole", secret("whole"));
    let id = commit(path, "all");
    let broken = loose(path, &git(path, &["rev-parse", "HEAD:broken"]));
    std::fs::remove_file(&broken).expect("it is there");
    std::fs::write(&broken, b"x\x9c no zlib at all").expect("room");
    std::fs::remove_file(loose(path, &git(path, &["rev-parse", "HEAD:lost"]))).expect("it is there");
    let report = scan(path, &["--history", "--exit-zero", "."]);
    assert_eq!((report.code, report.places()), (3, vec![place("whole", 1, &id, true)]));
    assert_eq!(report.coverage("corrupt objects").map(|said| (said.0, said.1)), Some(("failed".to_owned(), 1)));
    assert_eq!(report.coverage("missing objects").map(|said| (said.0, said.1)), Some(("partial".to_owned(), 1)));
}

#[test]
fn a_corrupt_pack_never_ends_the_scan() {
    let folder = repository();
    let path = folder.path();
    for number in 0..30 {
        write(path, "file", format!("{}\n", "words and words\n".repeat(40 + number)));
        commit(path, "grows");
    }
    git(path, &["repack", "-adfq"]);
    write(path, "whole", secret("whole"));
    commit(path, "loose");
    let packs = path.join(".git/objects/pack");
    let pack = std::fs::read_dir(packs).expect("a folder").flatten().map(|entry| entry.path());
    let pack = pack.into_iter().find(|path| path.extension().is_some_and(|end| end == "pack")).expect("a pack");
    make_executable(&pack);
    let sound = std::fs::read(&pack).expect("it is readable");
    for step in 1..12 {
        let mut bytes = sound.clone();
        let place = bytes.len() * step / 12;
        bytes[place..place + 8].copy_from_slice(b"\xff\x00\xff\x80\xff\xff\x7f\x00");
        std::fs::write(&pack, bytes).expect("room");
        let report = scan(path, &["--history", "--exit-zero", "."]);
        assert!(report.code == 3 || report.code == 0, "{step}: {}", report.stderr);
        assert!(
            report.places().iter().any(|place| place.starts_with("whole:1")),
            "{step}: {:?}",
            report.json["coverage"]
        );
    }
}

#[test]
fn nothing_that_a_repository_configures_is_run_or_obeyed() {
    let folder = repository();
    let path = folder.path();
    let canary = path.join("canary.sh");
    std::fs::write(&canary, format!("#!/bin/sh\ntouch {}\n", path.join("it-ran").display())).expect("room");
    make_executable(&canary);
    write(path, "file", secret("file"));
    write(path, ".gitattributes", "* filter=evil diff=evil text eol=crlf\n");
    let id = commit(path, "before it was hostile");
    let run = canary.display().to_string();
    let replaced = git(path, &["rev-parse", "HEAD:file"]);
    let by = git(path, &["rev-parse", "HEAD:readme"]);
    git(path, &["update-ref", &format!("refs/replace/{replaced}"), &by]);
    git(path, &["config", "gitoxide.core.refsNamespace", "nowhere"]);
    git(path, &["config", "gitoxide.core.indexFile", "no-index"]);
    git(path, &["config", "include.path", "/dev/zero"]);
    for name in [
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
        "core.editor",
        "core.gitProxy",
        "core.alternateRefsCommand",
        "diff.external",
        "diff.evil.command",
        "diff.evil.textconv",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "credential.helper",
        "gpg.program",
        "uploadpack.packObjectsHook",
        "extensions.partialClone",
    ] {
        git_config(path, name, &run);
    }
    git_config(path, "core.hooksPath", &path.display().to_string());
    git_config(path, "core.worktree", "/etc");
    std::fs::write(path.join(".git/objects/info/alternates"), "/etc\n/nonexistent\n").expect("room");
    for name in ["pre-commit", "post-index-change", "reference-transaction"] {
        std::fs::copy(&canary, path.join(name)).expect("a copy");
    }
    assert_eq!(history(path).places(), [place("file", 1, &id, true)]);
    assert_eq!(scan(path, &["--range", &format!("{id}~1..{id}"), "."]).places(), [place("file", 1, &id, true)]);
    assert_eq!(scan(path, &["."]).places(), ["file:1"]);
    scan(path, &["--staged", "."]);
    assert!(!path.join("it-ran").exists(), "something of the repository was run");
}

/// Sets a value without starting git, which would obey it.
fn git_config(folder: &Path, name: &str, value: &str) {
    use std::io::Write;
    let mut parts: Vec<&str> = name.split('.').collect();
    let key = parts.pop().expect("a key");
    let section = if let [section, sub] = parts[..] { format!("{section} \"{sub}\"") } else { parts[0].to_owned() };
    let file = std::fs::OpenOptions::new().append(true).open(folder.join(".git/config"));
    write!(file.expect("it is there"), "[{section}]\n\t{key} = {value}\n").expect("room");
}

#[test]
fn tracked_files_are_read_although_gitignore_names_them() {
    let folder = repository();
    let path = folder.path();
    write(path, "secrets/.env", secret("tracked"));
    write(path, "nested/inner/.env", secret("nested"));
    commit(path, "tracked");
    git(&path.join("nested"), &["init", "--quiet"]);
    git(&path.join("nested"), &["add", "inner/.env"]);
    write(path, ".gitignore", ".env\nsecrets\nuntracked\n");
    write(path, "untracked", secret("untracked"));
    let report = scan(path, &["."]);
    assert_eq!(report.places(), ["nested/inner/.env:1", "secrets/.env:1"]);
    let (_, count, said) = report.coverage("files named by .gitignore").expect("it is said");
    assert!(count == 1 && said.contains("git does not track them"), "{count} {said}");
    assert_eq!(scan(path, &["secrets"]).places(), [".env:1"]);
    // Where a tracked file's folder became a link, nothing is followed.
    let outside = crate::tree::folder();
    write(outside.path(), ".env", secret("outside"));
    std::fs::remove_dir_all(path.join("secrets")).expect("it goes");
    std::os::unix::fs::symlink(outside.path(), path.join("secrets")).expect("a link");
    assert_eq!(scan(path, &["."]).places(), ["nested/inner/.env:1"]);
}

#[test]
fn repositories_with_other_hashes_are_an_error_that_says_so() {
    let folder = folder();
    git(folder.path(), &["init", "--quiet", "--object-format=sha256"]);
    write(folder.path(), "file", secret("file"));
    commit(folder.path(), "first");
    let report = history(folder.path());
    assert_eq!(report.code, 3);
    let said = report.coverage("history").expect("it is said").2;
    assert!(said.contains("sha256") && said.contains("sha1"), "{said}");
    assert_eq!(scan(folder.path(), &["."]).places(), ["file:1"], "its files are read");
}

#[test]
fn neither_threads_nor_packs_change_a_byte() {
    let folder = repository();
    let path = folder.path();
    for number in 0..40 {
        write(
            path,
            &format!("file{}", number % 7),
            format!("{}{}", "line\n".repeat(number), secret(&format!("seed {}", number % 11))),
        );
        commit(path, "more");
    }
    let report = |threads: &str| {
        nonhuman(path)
            .args(["scan", "--format", "json", "--now", NOW, "--history", "--threads", threads, "."])
            .output()
            .expect("it starts")
            .stdout
    };
    let loose = report("1");
    assert_eq!(report("8"), loose);
    git(path, &["gc", "--quiet", "--aggressive"]);
    assert_eq!(report("3"), loose);
}

#[test]
fn what_lies_in_two_roots_is_read_once() {
    let folder = repository();
    let path = folder.path();
    write(path, "outer", secret("outer"));
    write(path, "part/file", secret("part"));
    let id = commit(path, "both");
    let report = scan(path, &["--history", ".", "part"]);
    assert_eq!(report.places(), [place("file", 1, &id, true), place("outer", 1, &id, true)]);
    assert_eq!(report.coverage("files of another root").map(|said| (said.0, said.1)), Some(("not-read".to_owned(), 1)));
}

#[test]
fn what_is_not_read_of_a_history_is_said() {
    let folder = repository();
    let path = folder.path();
    write(path, "large", "words and more words\n".repeat(60_000));
    write(path, "packed.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01");
    std::os::unix::fs::symlink("readme", path.join("link")).expect("a link");
    let wide: Vec<u8> = [0xfeff].into_iter().chain(secret("wide").encode_utf16()).flat_map(u16::to_le_bytes).collect();
    write(path, "wide", wide);
    write(path, "allowed", format!("{} # nonhuman: allow\n", secret("allowed").trim_end()));
    let id = commit(path, "all kinds");
    let report = scan(path, &["--history", "--max-file-size", "1", "."]);
    assert_eq!(report.places(), [place("allowed", 1, &id, true), place("wide", 1, &id, true)]);
    let said = |what: &str| report.coverage(what).map(|said| (said.0, said.1));
    assert_eq!(said("large versions"), Some(("partial".to_owned(), 1)));
    for what in ["images", "symbolic links", "allowed lines"] {
        assert_eq!(said(what), Some(("not-read".to_owned(), 1)), "{what}");
    }
}

#[test]
fn refs_and_folders_that_lead_to_themselves_end() {
    let folder = repository();
    let path = folder.path();
    write(path, "file", secret("file"));
    let id = commit(path, "file");
    std::fs::write(path.join(".git/refs/heads/loop"), "ref: refs/heads/loop\n").expect("room");
    std::fs::write(path.join(".git/refs/heads/broken"), "no id at all\n").expect("room");
    let report = scan(path, &["--history", "--exit-zero", "."]);
    assert_eq!(report.places(), [place("file", 1, &id, true)]);
    let (outcome, _, said) = report.coverage("refs").expect("it is said");
    assert!(report.code == 3 && outcome == "partial", "{} {said}", report.code);
    std::fs::write(path.join(".git/HEAD"), "ref: refs/heads/loop\n").expect("room");
    assert_eq!(history(path).places(), [place("file", 1, &id, false)], "what HEAD has cannot be known");
    assert_eq!(scan(path, &["--staged", "."]).code, 3);
    // A folder that borrows its own objects.
    std::fs::write(path.join(".git/HEAD"), "ref: refs/heads/main\n").expect("room");
    std::fs::write(path.join(".git/objects/info/alternates"), "../objects\n").expect("room");
    assert_eq!(scan(path, &["--history", "--exit-zero", "."]).code, 3);
}

#[test]
fn a_tree_of_trees_does_not_fill_the_memory() {
    let folder = repository();
    let path = folder.path();
    let object = |kind: &str, content: Vec<u8>| {
        let file = write(path, "content", content);
        git(path, &["hash-object", "-w", "-t", kind, &file.display().to_string()])
    };
    let mut id = object("blob", secret("deep").into_bytes());
    let mut mode = "100644";
    for _ in 0..4 {
        let bytes: Vec<u8> =
            (0..id.len()).step_by(2).map(|place| u8::from_str_radix(&id[place..place + 2], 16).expect("hex")).collect();
        let mut tree = Vec::new();
        for name in "abcdefgh".bytes() {
            tree.extend_from_slice(mode.as_bytes());
            tree.extend_from_slice(&[b' ', name, 0]);
            tree.extend_from_slice(&bytes);
        }
        id = object("tree", tree);
        mode = "40000";
    }
    let commit = git(path, &["commit-tree", "-m", "many", &id]);
    git(path, &["update-ref", "refs/heads/many", &commit]);
    let report = history(path);
    assert_eq!(report.places().len(), 8 * 8 * 8 * 8, "every path is a place");
    assert_eq!(report.coverage("history").map(|said| said.1), Some(2), "and the file is scanned once");
}

/// A file that is only called otherwise adds nothing; a copy does, and so does one that was edited on the way.
#[test]
fn what_is_moved_is_not_raised_again() {
    let folder = folder();
    let path = folder.path();
    git(path, &["init", "--quiet"]);
    for (name, seed) in [("a.env", "a"), ("old/b.env", "b"), ("c.env", "c"), ("d.env", "d")] {
        write(path, name, secret(seed));
    }
    commit(path, "first");
    git(path, &["mv", "a.env", "moved.env"]);
    git(path, &["mv", "old", "new"]);
    write(path, "copy.env", secret("c"));
    git(path, &["mv", "d.env", "edited.env"]);
    write(path, "edited.env", format!("{}{}", secret("d"), secret("e")));
    git(path, &["add", "--all"]);
    let ran = run(path, &["secrets", "--isolated", "--staged", "--format", "json", "--now", NOW]);
    let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let found = crate::secrets::found(&report);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let in_edited = found.iter().filter(|one| one.contains("edited.env")).count();
    assert!(in_edited >= 1 && found.iter().any(|one| one.contains("copy.env")), "{found:?}");
    assert!(!found.iter().any(|one| one.contains("moved.env") || one.contains("new/b.env")), "{found:?}");
}

/// What commits and tags say is kept for ever, too, and shown to everybody who clones.
#[test]
fn messages_of_commits_and_tags_are_searched() {
    let folder = repository();
    let path = folder.path();
    write(path, "a", "1\n");
    let first = commit(path, &format!("deploy by hand\n\nT={}\n", github_token("said")));
    write(path, "a", "2\n");
    let since = commit(path, &format!("again with {}", github_token("said")));
    git(path, &["tag", "--annotate", "v1", "-m", &format!("built with {}", github_token("tagged"))]);
    let report = history(path);
    assert_eq!(
        report.places(),
        [
            place("(commit message)", 3, &first, false),
            place("(message of tag v1)", 1, &git(path, &["rev-parse", "v1"]), false)
        ]
    );
    let said = report.coverage("history").expect("it was read").2;
    assert!(said.contains("3 commits with their messages and 1 of tags"), "{said}");
    assert_eq!(report.json["exposures"][0]["introduced"]["in_message"], true);
    // A range has its own messages, and no tags.
    let range = scan(path, &["--range", &format!("{first}..{since}"), "."]);
    assert_eq!(range.places(), [place("(commit message)", 1, &since, false)]);
    let table = run(path, &["secrets", "--history", "--now", NOW, "."]);
    assert!(table.stdout.contains("in its message"), "{}", table.stdout);
    // Accepted by a baseline as any other place of an old commit.
    let baseline = ["secrets", "--history", "--now", NOW, "--baseline", "b.jsonl", "."];
    run(path, &[baseline.as_slice(), &["--write-baseline"]].concat());
    assert_eq!(run(path, &baseline).code, 0);
}

/// Forms of repositories that are not understood are holes which say so, and what to do.
#[test]
fn other_forms_of_repositories_are_said() {
    let folder = folder();
    let path = folder.path();
    git(path, &["init", "--quiet", "--object-format=sha256", "names"]);
    git(path, &["init", "--quiet", "refs"]);
    for name in ["names", "refs"] {
        write(path, &format!("{name}/a.py"), secret(name));
        commit(&path.join(name), "one");
    }
    // As newer gits leave such a repository for programs that know nothing of it (git help reftable, "Compatibility").
    write(path, "refs/.git/reftable/tables.list", "0x000000000001-0x000000000001-00000000.ref\n");
    write(path, "refs/.git/HEAD", "ref: refs/heads/.invalid\n");
    git(path, &["config", "--file", "refs/.git/config", "extensions.refStorage", "reftable"]);
    for (name, told) in [("names", "its objects are named by sha256"), ("refs", "its refs are kept as a reftable")] {
        for selection in ["--history", "--staged"] {
            let report = scan(path, &[selection, name]);
            let what = if selection == "--staged" { "staged changes" } else { "history" };
            let said = report.coverage(what).expect("a hole");
            assert_eq!((report.code, said.0.as_str()), (3, "failed"), "{name} {selection}");
            assert!(said.2.contains(told), "{}", said.2);
        }
        assert_eq!(scan(path, &[name]).places().len(), 1, "the files are read");
    }
}
