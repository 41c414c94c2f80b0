//! Full disks and killed runs: what was there stays, what comes out is whole, and what could not be written is said.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::secrets::line;
use crate::tree::{Ran, folder, nonhuman, run, write};

/// Runs a script in a folder below which `small` is a disk of its own of 256 KiB; `None` where this machine gives nobody a
/// name space to mount it in.
#[allow(clippy::print_stderr, reason = "who runs the tests sees what was left out")]
fn on_a_small_disk(folder: &Path, script: &str) -> Option<Ran> {
    std::fs::create_dir_all(folder.join("small")).expect("a folder");
    let unshare = |flags: &str, script: &str| {
        let script = format!("mount -t tmpfs -o size=256k none small && {script}");
        let mut command = Command::new("unshare");
        command
            .args([flags, "sh", "-ec", &script])
            .current_dir(folder)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command.env("NONHUMAN", env!("CARGO_BIN_EXE_nonhuman")).env("HOME", folder).output().ok()
    };
    let flags = ["-Urm", "-m"].into_iter().find(|flags| unshare(flags, "true").is_some_and(|ran| ran.status.success()));
    let Some(flags) = flags else {
        eprintln!("skipped: no disk can be mounted here (unshare -Urm)");
        return None;
    };
    unshare(flags, script).map(Ran::from)
}

#[test]
fn a_full_disk_takes_no_report_and_no_memory() {
    let folder = folder();
    let path = folder.path();
    for number in 0..40 {
        write(path, &format!("t/{number}/a.py"), line(&number.to_string()));
    }
    // One night fits; then somebody fills the disk, and 40 more findings come.
    let script = "
        \"$NONHUMAN\" scan t/1 --isolated --quiet --history-file small/h.db --now 2026-11-20 >first.txt || test $? = 1
        dd if=/dev/zero of=small/ballast bs=1k count=1000 2>/dev/null || true
        code=0; \"$NONHUMAN\" scan t --isolated --quiet --history-file small/h.db -o small/report.json -o whole.json \\
            --now 2026-11-21 --format json >second.json 2>second.err || code=$?
        echo $code >code; ls -A small >left
        rm small/ballast
        \"$NONHUMAN\" trend --isolated --history small/h.db --format json >trend.json
        \"$NONHUMAN\" scan t --isolated --quiet --history-file small/h.db --now 2026-11-22 >third.txt || test $? = 1
        \"$NONHUMAN\" trend --isolated --history small/h.db --format json >later.json";
    let Some(ran) = on_a_small_disk(path, script) else { return };
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let text = |name: &str| std::fs::read_to_string(path.join(name)).expect("it is written");
    assert_eq!(text("code").trim(), "2", "{}", text("second.err"));
    assert!(text("second.err").contains("small/report.json: No space left on device"), "{}", text("second.err"));
    // The report came out on standard output and where there is room, and says that it is not remembered.
    for name in ["second.json", "whole.json"] {
        let report: Value = serde_json::from_str(&text(name)).expect("JSON");
        assert_eq!(report["findings"].as_array().expect("a list").len(), 40, "{name}");
        let entry = report["coverage"].as_array().expect("a list").iter().find(|one| one["collector"] == "history");
        let told = entry.expect("it is said")["detail"].as_str().unwrap_or_default().to_owned();
        assert!(told.contains("full") && told.contains("what it held before is whole"), "{told}");
    }
    assert!(!text("left").contains("report.json") && !text("left").contains(".nonhuman-"), "{}", text("left"));
    let days = |name: &str| -> Vec<String> {
        let trend: Value = serde_json::from_str(&text(name)).expect("JSON");
        let scans = trend["scans"].as_array().expect("a list").iter();
        scans.map(|one| one["at"].as_str().expect("text")[..10].to_owned()).collect()
    };
    assert_eq!(days("trend.json"), ["2026-11-20"]);
    assert_eq!(days("later.json"), ["2026-11-20", "2026-11-22"]);
}

/// A limit of files' sizes is no reason to end without a report either.
#[test]
fn a_file_that_may_not_grow_takes_no_report_and_no_memory() {
    let folder = folder();
    let path = folder.path();
    for number in 0..40 {
        write(path, &format!("t/{number}/a.py"), line(&number.to_string()));
    }
    let scan = |limit: &str, day: &str| {
        let arguments = "scan t --isolated --quiet --format json --history-file h.db -o whole.json";
        let script = format!("ulimit -f {limit}; exec \"$NONHUMAN\" {arguments} --now {day}");
        let mut command = Command::new("bash");
        command.args(["-c", &script]).current_dir(path).env_clear().env("PATH", "/usr/bin:/bin");
        Ran::from(command.env("NONHUMAN", env!("CARGO_BIN_EXE_nonhuman")).output().expect("bash runs"))
    };
    let history = |ran: &Ran| -> Value {
        let text = std::fs::read_to_string(path.join("whole.json")).unwrap_or_else(|_| ran.stdout.clone());
        let report: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
        assert_eq!(report["findings"].as_array().expect("a list").len(), 40);
        let mut entries = report["coverage"].as_array().expect("a list").iter();
        entries.find(|one| one["collector"] == "history").expect("it is said").clone()
    };
    assert_eq!(history(&scan("unlimited", "2026-11-20"))["outcome"], "complete");
    std::fs::remove_file(path.join("whole.json")).expect("it was written");
    let ran = scan("8", "2026-11-21");
    assert_eq!((ran.code, history(&ran)["outcome"].as_str()), (2, Some("failed")), "{}", ran.stderr);
    assert!(ran.stderr.contains("whole.json"), "{}", ran.stderr);
    assert!(!path.join("whole.json").exists());
    assert_eq!(history(&scan("unlimited", "2026-11-22"))["outcome"], "complete");
}

#[test]
fn a_full_disk_leaves_no_half_shard() {
    let folder = folder();
    let path = folder.path();
    for number in 0..50 {
        write(path, &format!("t/repo/{number}.py"), line(&number.to_string()));
    }
    let script = "
        mkdir small/parts; dd if=/dev/zero of=small/ballast bs=1k count=1000 2>/dev/null || true
        code=0; \"$NONHUMAN\" collect --isolated --trees-in t --shard 1/1 --parts small/parts --now 2026-11-20 2>told || code=$?
        echo $code >code; ls -A small/parts >left
        code=0; \"$NONHUMAN\" collect --isolated --trees-in t >/dev/full 2>full || code=$?; echo $code >>code
        code=0; \"$NONHUMAN\" scan t --isolated --format json >/dev/full 2>>full || code=$?; echo $code >>code";
    let Some(ran) = on_a_small_disk(path, script) else { return };
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let text = |name: &str| std::fs::read_to_string(path.join(name)).expect("it is written");
    // 3: a scheduler tries again, maybe where there is room.
    assert_eq!(text("code"), "3\n2\n2\n", "{}", text("told"));
    assert!(text("told").contains("No space left on device") && text("told").contains("this shard is not written"));
    assert!(!text("left").contains(".shard.json") && !text("left").contains(".nonhuman-"), "{}", text("left"));
    assert_eq!(text("full").matches("standard output: No space left on device").count(), 2, "{}", text("full"));
}

/// Killed at any moment: the history opens with every scan that was remembered, and files are whole or not there.
#[test]
fn a_killed_run_leaves_what_was_whole() {
    let folder = folder();
    let path = folder.path();
    for number in 0..200 {
        write(path, &format!("t/{number}.py"), line(&number.to_string()));
    }
    let remembered = || -> usize {
        let ran = run(path, &["trend", "--isolated", "--history", "h.db", "--last", "1000", "--format", "json"]);
        let trend: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
        trend["scans"].as_array().expect("a list").len()
    };
    let arguments =
        ["scan", "t", "--isolated", "--quiet", "--history-file", "h.db", "--now", "2026-11-20", "-o", "r.json"];
    let begun = std::time::Instant::now();
    assert_eq!(run(path, &arguments).code, 1);
    let whole = begun.elapsed();
    let mut known = 1;
    for part in 1..=12 {
        write(path, &format!("t/more-{part}.py"), line(&format!("more {part}")));
        let mut child =
            nonhuman(path).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        std::thread::sleep(whole * part / 12);
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
        let now = remembered();
        assert!(now == known || now == known + 1, "{known} scans, then {now}");
        known = now;
        let report = std::fs::read_to_string(path.join("r.json")).expect("the last whole one is there");
        assert!(serde_json::from_str::<Value>(&report).is_ok(), "half a report after kill {part}");
    }
    assert_eq!(run(path, &arguments).code, 1, "the next run goes on");
    assert_eq!(remembered(), known + 1);
}

/// Killed between its parts and its manifest, a shard is missing and never half there; doing it again mends it.
#[test]
fn a_killed_shard_is_missing_until_it_is_done_again() {
    let folder = folder();
    let path = folder.path();
    for number in 0..60 {
        write(path, &format!("trees/repo-{}/{number}.py", number % 3), line(&number.to_string()));
    }
    let arguments =
        ["collect", "--isolated", "--trees-in", "trees", "--now", "2026-11-20", "--shard", "1/1", "--parts", "parts"];
    let whole =
        run(path, &["scan", "--isolated", "--trees-in", "trees", "--now", "2026-11-20", "--format", "json"]).stdout;
    for milliseconds in [5, 40, 90, 140, 200, 260] {
        let _ = std::fs::remove_dir_all(path.join("parts"));
        let mut child = nonhuman(path).args(arguments).spawn().expect("it starts");
        std::thread::sleep(Duration::from_millis(milliseconds));
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
        let merged = run(path, &["merge", "--isolated", "--format", "json", "parts"]);
        let is_missing = merged.code == 2;
        assert!(is_missing || merged.stdout == whole, "after {milliseconds} ms: {}", merged.stdout);
    }
    assert_eq!(run(path, &arguments).code, 0);
    assert_eq!(run(path, &["merge", "--isolated", "--format", "json", "parts"]).stdout, whole);
}

#[test]
fn the_page_shows_how_it_came() {
    let folder = folder();
    let path = folder.path();
    let scan = |day: &str| {
        let arguments = ["scan", "t", "--isolated", "--history-file", "h.db", "--now", day, "--format", "html"];
        run(path, &arguments).stdout
    };
    write(path, "t/a.py", line("a"));
    write(path, "t/b.py", line("b"));
    let first = scan("2026-11-20");
    assert!(!first.contains("Over time"), "one scan is no trend");
    std::fs::remove_file(path.join("t/a.py")).expect("it is there");
    let second = scan("2026-11-21");
    let told = "1 finding open now, 2 on 2026-11-20. Since then 0 new or back, 1 resolved.";
    assert!(second.contains(told), "{}", &second[..4000.min(second.len())]);
    assert!(
        second.contains("<title>2026-11-20: 2 open</title>") && second.contains("<title>2026-11-21: 1 open</title>")
    );
    let without = run(path, &["scan", "t", "--isolated", "--now", "2026-11-21", "--format", "html"]).stdout;
    assert!(!without.contains("Over time"));
}
