//! The program itself against an organisation of size: its memory, and what becomes of a run that is interrupted.

use std::process::{Child, Command, Stdio};
use std::time::Instant;

use super::measure::{big_org, floor};
use super::*;

fn start(url: &str, folder: &Path, more: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_nonhuman"))
        .current_dir(folder)
        .env_clear()
        .env("NONHUMAN_OKTA_TOKEN", TOKEN)
        .args(["collect", "--isolated", "--now", NOW, "--okta", url, "-o", "records.jsonl"])
        .args(more)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The most memory of its own that a process had, in kB: not the pages of the program itself, of which a debug build has
/// a hundred megabytes and maps more the more others run beside it.
#[cfg(target_os = "linux")]
fn most_memory(child: &mut Child) -> u64 {
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        most = line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0).max(most);
        std::thread::sleep(Duration::from_millis(5));
    }
    most
}

#[cfg(target_os = "linux")]
#[test]
fn ten_thousand_users_fit_into_a_hundred_megabytes() {
    let folder = tempfile::tempdir().unwrap();
    let server = OktaServer::start(Org { limit: Some((5_000, 60)), ..big_org() });
    let mut child = start(&server.url, folder.path(), &[]);
    let most = most_memory(&mut child);
    assert!(child.wait().unwrap().success());
    let calls = server.calls().len();
    // A release build is 30 MB of the hundred.
    assert!(most > 0 && most < 70_000, "{most} kB");
    assert!(calls * 100 <= floor() * 105, "{calls} requests, the floor is {}", floor());
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_says_so_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut org = acme_org();
    org.faults.push(("/api/v1/apps/0oavhfd9Z8vlZSChyoJy", Fault::HangAfter(0)));
    let first = OktaServer::start(org);
    let child = start(&first.url, folder.path(), &["--okta-resume", "kept.jsonl"]);
    let begun = Instant::now();
    while !first.calls().iter().any(|call| call.contains("0oavhfd9Z8vlZSChyoJy")) {
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", first.calls());
        std::thread::sleep(Duration::from_millis(10));
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(!ended.status.success(), "{said}");
    let records = std::fs::read_to_string(folder.path().join("records.jsonl")).unwrap();
    let hole = records.lines().find(|line| line.contains("\"coverage\"") && line.contains("\"partial\""));
    assert!(hole.is_some_and(|hole| hole.contains("interrupt") || hole.contains("stopped")), "{said}\n{records}");
    assert!(records.contains("okta.api-token"), "what was read before is kept: {records}");
    let before: BTreeSet<String> = first.calls().into_iter().collect();
    drop(first);

    let second = OktaServer::start(acme_org());
    let child = start(&second.url, folder.path(), &["--okta-resume", "kept.jsonl"]);
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let again: Vec<String> = second.calls().into_iter().filter(|call| before.contains(call)).collect();
    // Only what was under way when it was interrupted.
    assert!(again.len() <= 8, "asked again: {again:?}");
}
