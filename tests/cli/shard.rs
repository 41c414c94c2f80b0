//! Shards: together they are one scan, byte for byte; what is missing, broken or of another version is a hole.

use std::path::Path;

use serde_json::Value;

use crate::secrets::line;
use crate::tree::{Ran, folder, nonhuman, run, write};

const DAY: &str = "2026-11-22";

/// Twelve trees, one with an export of an account in it.
fn trees(folder: &Path) {
    for number in 0..12 {
        write(folder, &format!("trees/repo-{number}/src/a.py"), line(&format!("repo {number}")));
        // The same base name and the same secret twice: ids must not depend on which shard reads them.
        write(folder, &format!("trees/repo-{number}/shared.py"), line("shared"));
    }
    write(folder, "trees/repo-3/people.csv", "email,name,team,status,left_on\njana@acme.example,Jana,a,active,\n");
}

fn collect(folder: &Path, shard: &str, parts: &str) -> Ran {
    let arguments = ["collect", "--isolated", "--trees-in", "trees", "--now", DAY, "--shard", shard, "--parts", parts];
    run(folder, &arguments)
}

fn merge(folder: &Path, parts: &[&str]) -> Ran {
    run(folder, &[&["merge", "--isolated", "--format", "json"], parts].concat())
}

fn holes(ran: &Ran) -> Vec<String> {
    let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let is_hole = |one: &&Value| matches!(one["outcome"].as_str(), Some("failed" | "partial" | "refused"));
    let entries = report["coverage"].as_array().expect("a list").iter().filter(is_hole);
    entries
        .map(|one| {
            format!("{}: {}", one["target"].as_str().unwrap_or_default(), one["detail"].as_str().unwrap_or_default())
        })
        .collect()
}

#[test]
fn shards_are_together_what_one_scan_is() {
    let folder = folder();
    let path = folder.path();
    trees(path);
    let whole = run(path, &["scan", "--isolated", "--trees-in", "trees", "--now", DAY, "--format", "json"]);
    assert_eq!(whole.code, 1, "{}", whole.stderr);
    for of in [1, 4, 16] {
        let parts = format!("parts-{of}");
        for shard in 1..=of {
            let ran = collect(path, &format!("{shard}/{of}"), &parts);
            assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "shard {shard} of {of}");
        }
        let merged = merge(path, &[&parts]);
        assert_eq!((merged.code, &merged.stdout), (1, &whole.stdout), "{of} shards");
        // Once more is no more.
        let files = std::fs::read_dir(path.join(&parts)).expect("a folder").count();
        collect(path, &format!("1/{of}"), &parts);
        assert_eq!(std::fs::read_dir(path.join(&parts)).expect("a folder").count(), files);
        assert_eq!(merge(path, &[&parts, &parts]).stdout, whole.stdout);
    }
    // Shards of several runs that were cut differently add up, too.
    assert_eq!(merge(path, &["parts-16", "parts-4"]).stdout, whole.stdout);
}

#[test]
fn what_is_missing_is_a_hole_with_its_name() {
    let folder = folder();
    let path = folder.path();
    trees(path);
    for shard in ["1/3", "2/3"] {
        collect(path, shard, "parts");
    }
    let ran = merge(path, &["parts"]);
    let told = holes(&ran);
    assert!(!told.is_empty() && told.len() < 12, "{told:?}");
    assert!(
        told.iter().all(|one| one.contains("missing is shard 3 of 3") && one.starts_with("trees/repo-")),
        "{told:?}"
    );
    // A part that is not what it was.
    collect(path, "3/3", "parts");
    assert_eq!(holes(&merge(path, &["parts"])), Vec::<String>::new());
    let files = || std::fs::read_dir(path.join("parts")).expect("a folder").map(|one| one.expect("a file").path());
    let part = files()
        .find(|one| one.to_string_lossy().contains("shard-00002") && one.extension().is_some_and(|end| end == "zst"));
    let part = part.expect("it is there");
    let bytes = std::fs::read(&part).expect("it is readable");
    std::fs::write(&part, &bytes[..bytes.len() - 5]).expect("it can be written");
    let told = holes(&merge(path, &["parts"]));
    assert!(told.iter().any(|one| one.contains("its content is not what the manifest says")), "{told:?}");
    std::fs::remove_file(&part).expect("it is there");
    assert!(holes(&merge(path, &["parts"])).iter().any(|one| one.contains("No such file")));
    std::fs::write(&part, bytes).expect("it can be written");
    // One of another version.
    let manifest = path.join("parts/shard-00001-of-00003.shard.json");
    let text = std::fs::read_to_string(&manifest).expect("it is there");
    std::fs::write(&manifest, text.replace("shard/v1", "shard/v7")).expect("it can be written");
    let ran = merge(path, &["parts"]);
    let told = holes(&ran);
    assert!(told.iter().any(|one| one.contains("in the form 'nonhuman/shard/v7'")), "{told:?}");
    assert!(ran.code != 0 && ran.stdout.contains("leaked-secret"), "the report comes out and is not green");
    std::fs::create_dir(path.join("empty")).expect("it can be made");
    let ran = merge(path, &["empty"]);
    assert_eq!((ran.code, ran.stderr.contains("there is no shard in it")), (2, true), "{}", ran.stderr);
}

#[test]
fn engines_say_which_shard_it_is() {
    let folder = folder();
    let path = folder.path();
    trees(path);
    let collect = |variables: &[(&str, &str)]| -> Ran {
        let _ = std::fs::remove_dir_all(path.join("parts"));
        let arguments =
            ["collect", "--isolated", "--trees-in", "trees", "--now", DAY, "--shard", "auto", "--parts", "parts"];
        nonhuman(path).args(arguments).envs(variables.iter().copied()).output().expect("it starts").into()
    };
    for variables in [
        [("JOB_COMPLETION_INDEX", "2"), ("NONHUMAN_SHARDS", "5")].as_slice(),
        &[("AWS_BATCH_JOB_ARRAY_INDEX", "2"), ("AWS_BATCH_JOB_ARRAY_SIZE", "5")],
        &[("CLOUD_RUN_TASK_INDEX", "2"), ("CLOUD_RUN_TASK_COUNT", "5")],
        &[("CI_NODE_INDEX", "3"), ("CI_NODE_TOTAL", "5")],
        &[("SLURM_ARRAY_TASK_ID", "12"), ("SLURM_ARRAY_TASK_MIN", "10"), ("SLURM_ARRAY_TASK_COUNT", "5")],
        &[
            ("SLURM_ARRAY_TASK_ID", "9"),
            ("SLURM_ARRAY_TASK_MIN", "5"),
            ("SLURM_ARRAY_TASK_STEP", "2"),
            ("SLURM_ARRAY_TASK_COUNT", "5"),
        ],
    ] {
        let ran = collect(variables);
        assert_eq!(ran.code, 0, "{variables:?}: {}", ran.stderr);
        assert!(path.join("parts/shard-00003-of-00005.shard.json").exists(), "{variables:?}");
    }
    for (variables, message) in [
        ([].as_slice(), "no variable says which shard this is"),
        (&[("JOB_COMPLETION_INDEX", "2")], "NONHUMAN_SHARDS is not set"),
        (
            &[("JOB_COMPLETION_INDEX", "7"), ("NONHUMAN_SHARDS", "3")],
            "there is no shard 8 of 3: JOB_COMPLETION_INDEX, counted from 0, is 7, and NONHUMAN_SHARDS is 3",
        ),
        (&[("CI_NODE_INDEX", "x"), ("CI_NODE_TOTAL", "5")], "CI_NODE_INDEX is no number"),
        (&[("CI_NODE_INDEX", "7"), ("CI_NODE_TOTAL", "5")], "there is no shard 7 of 5"),
    ] {
        let ran = collect(variables);
        assert_eq!((ran.code, ran.stderr.contains(message)), (2, true), "{variables:?}: {}", ran.stderr);
    }
    let ran = run(path, &["collect", "--isolated", "--shard", "0/3", "--parts", "parts"]);
    assert_eq!((ran.code, ran.stderr.contains("they are counted from 1")), (2, true), "{}", ran.stderr);
}

#[test]
fn targets_come_from_lists() {
    let folder = folder();
    let path = folder.path();
    trees(path);
    write(path, "targets.txt", "# two of them\ntrees/repo-1\n\ntrees/repo-2\n");
    let ran = run(path, &["scan", "--isolated", "--targets", "targets.txt", "--now", DAY, "--format", "json"]);
    let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(report["inputs"], serde_json::json!(["source trees/repo-1", "source trees/repo-2"]));
    // One that is not there is one hole: the others are read, and it is said which.
    write(path, "gone.txt", "trees/repo-1\ntrees/gone\n");
    let ran = run(path, &["scan", "--isolated", "--targets", "gone.txt", "--now", DAY, "--format", "json"]);
    let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!((ran.code, report["inputs"].clone()), (1, serde_json::json!(["source trees/repo-1"])));
    assert_eq!(report["summary"]["incomplete"], true);
    let entries = report["coverage"].as_array().expect("a list");
    let gone = entries.iter().find(|one| one["target"] == "trees/gone").expect("a hole");
    assert_eq!((gone["outcome"].as_str(), gone["what"].as_str()), (Some("failed"), Some("everything")));
    // Where none is, it is not this folder that is read.
    write(path, "lost.txt", "trees/gone\n");
    let ran = run(path, &["scan", "--isolated", "--targets", "lost.txt", "--now", DAY, "--format", "json"]);
    let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!((ran.code, report["inputs"].clone()), (3, serde_json::json!([])));
    write(path, "none.txt", "# nothing\n");
    for (arguments, message) in [
        (["--targets", "none.txt"], "--targets none.txt: it names nothing"),
        (["--targets", "no.txt"], "--targets no.txt: "),
        (["--trees-in", "trees/repo-1/src"], "there is no folder in it"),
    ] {
        let ran = run(path, &[&["scan", "--isolated"], arguments.as_slice()].concat());
        assert_eq!((ran.code, ran.stderr.contains(message)), (2, true), "{}", ran.stderr);
    }
}

/// A folder that is used each night holds the shards of last night where one of this night failed.
#[test]
fn the_shard_of_last_night_does_not_stand_in_for_one_that_failed() {
    let folder = folder();
    let path = folder.path();
    for number in 0..6 {
        write(path, &format!("trees/repo-{number}/a.py"), "x = 1\n");
    }
    let collect = |shard: &str, day: &str| {
        let arguments =
            ["collect", "--isolated", "--trees-in", "trees", "--shard", shard, "--parts", "p", "--now", day];
        assert_eq!(run(path, &arguments).code, 0);
    };
    collect("1/2", "2026-11-20");
    collect("2/2", "2026-11-20");
    assert_eq!(merge(path, &["p"]).code, 0);
    for number in 0..6 {
        write(path, &format!("trees/repo-{number}/a.py"), line(&format!("{number}")));
    }
    collect("1/2", "2026-11-21");
    let ran = merge(path, &["p"]);
    let told = holes(&ran);
    let missing = told.iter().filter(|one| one.contains("no shard brought it; missing is shard 2 of 2")).count();
    assert!(missing > 0 && told.iter().any(|one| one.contains("that is another run (--within)")), "{told:?}");
    let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(report["findings"].as_array().expect("a list").len() + missing, 6);
    // Who knows that a run takes so long says so; and a run with fewer shards replaces one with more.
    assert_eq!(holes(&merge(path, &["p", "--within", "48"])), Vec::<String>::new());
    collect("1/1", "2026-11-22");
    let ran = merge(path, &["p"]);
    assert_eq!(holes(&ran), Vec::<String>::new());
    assert!(ran.stdout.contains("its targets were read again by others"), "{}", ran.stdout);
}

#[test]
fn shards_of_other_keys_versions_and_trees_are_holes() {
    let folder = folder();
    let path = folder.path();
    trees(path);
    let collect = |key: &str, shard: &str| {
        let arguments =
            ["collect", "--isolated", "--trees-in", "trees", "--now", DAY, "--shard", shard, "--parts", "p"];
        let ran = nonhuman(path).args(arguments).env("NONHUMAN_FINGERPRINT_KEY", key).output().expect("it starts");
        assert!(ran.status.success());
    };
    collect("a", "1/2");
    collect("b", "2/2");
    let told = holes(&merge(path, &["p"]));
    assert!(told.iter().any(|one| one.contains("made under another NONHUMAN_FINGERPRINT_KEY")), "{told:?}");
    collect("a", "2/2");
    assert_eq!(holes(&merge(path, &["p"])), Vec::<String>::new());
    let manifest = path.join("p/shard-00002-of-00002.shard.json");
    let text = std::fs::read_to_string(&manifest).expect("it is there");
    let version = concat!("\"version\": \"", env!("CARGO_PKG_VERSION"), "\"");
    std::fs::write(&manifest, text.replace(version, "\"version\": \"9.9.9\"")).expect("it can be written");
    let told = holes(&merge(path, &["p"]));
    assert!(told.iter().any(|one| one.contains("nonhuman 9.9.9 wrote it, this is")), "{told:?}");
    // Two trees of one name, of two machines.
    write(path, "x/api/a.py", line("x"));
    write(path, "y/api/a.py", line("y"));
    for side in ["x", "y"] {
        let parts = format!("../of-{side}");
        let arguments = ["collect", "--isolated", "api", "--now", DAY, "--shard", "1/1", "--parts", &parts];
        assert_eq!(run(&path.join(side), &arguments).code, 0);
    }
    let told = holes(&merge(path, &["of-x", "of-y"]));
    assert!(told.len() == 1 && told[0].contains("shard 1 of 1 is there 2 times"), "{told:?}");
}

/// A folder of clones may be made of links; nothing in it is passed over in silence.
#[test]
fn links_to_trees_are_read_once_and_files_are_told() {
    let folder = folder();
    let path = folder.path();
    write(path, "clones/r1/a.py", line("one"));
    write(path, "real/r9/a.py", line("nine"));
    write(path, "clones/notes.txt", "x");
    let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, path.join("clones").join(name)).expect("a link");
    link("../real/r9", "r9");
    link("r1", "same");
    let scan = || run(path, &["scan", "--isolated", "--trees-in", "clones", "--now", DAY, "--format", "json"]);
    let ran = scan();
    let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(report["findings"].as_array().expect("a list").len(), 2);
    assert_eq!(report["inputs"], serde_json::json!(["source clones/r1", "source clones/r9"]));
    let told = |what: &str| {
        let entry = report["coverage"].as_array().expect("a list").iter().find(|one| one["what"] == what);
        entry.expect("it is told")["detail"].as_str().expect("text").to_owned()
    };
    assert!(told("links to trees").ends_with(": same") && told("files beside trees").ends_with(": notes.txt"));
    link("nowhere", "broken");
    let told = holes(&scan());
    assert_eq!(told, ["clones: they lead nowhere: broken"]);
}

/// Where exports lie in the trees, the merged report is still that of one scan.
#[test]
fn discovered_exports_make_no_difference() {
    let folder = folder();
    let path = folder.path();
    for entry in walkdir::WalkDir::new(crate::tree::project().join("fixtures/acme")) {
        let entry = entry.expect("it can be walked");
        if entry.file_type().is_file() {
            let below = entry.path().strip_prefix(crate::tree::project().join("fixtures/acme")).expect("below");
            let name = format!("clones/{}", below.to_string_lossy());
            write(path, &name, std::fs::read(entry.path()).expect("it is readable"));
        }
    }
    let whole = run(path, &["scan", "--isolated", "--trees-in", "clones", "--now", DAY, "--format", "json"]);
    for shard in ["1/3", "2/3", "3/3"] {
        let arguments = ["collect", "--isolated", "--trees-in", "clones", "--now", DAY, "--shard", shard];
        run(path, &[arguments.as_slice(), &["--parts", "p"]].concat());
    }
    assert!(merge(path, &["p"]).stdout == whole.stdout, "it is another report");
}

/// Entries of a baseline are told as stale where the records say that their tree was read.
#[test]
fn a_merge_knows_stale_entries() {
    let folder = folder();
    let path = folder.path();
    write(path, "t/a.py", line("a"));
    write(path, "t/b.py", line("b"));
    run(path, &["secrets", "--isolated", "t", "--baseline", "b.jsonl", "--write-baseline"]);
    std::fs::remove_file(path.join("t/b.py")).expect("it is there");
    write(path, "t/c.py", "x = 1\n");
    run(path, &["collect", "--isolated", "t", "--shard", "1/1", "--parts", "p"]);
    let ran = run(path, &["merge", "--isolated", "p", "--baseline", "b.jsonl"]);
    assert!(ran.code == 0 && ran.stdout.contains("stale entries"), "{}", ran.stdout);
    run(path, &["merge", "--isolated", "p", "--baseline", "b.jsonl", "--write-baseline"]);
    let text = std::fs::read_to_string(path.join("b.jsonl")).expect("it is there");
    assert!(text.contains("t/a.py") && !text.contains("t/b.py"), "{text}");
    // Shards of another key than the baseline's: nothing is recognised, and nothing is taken out.
    let mut collect = nonhuman(path);
    collect.args(["collect", "--isolated", "t", "--shard", "1/1", "--parts", "p"]).env("NONHUMAN_FINGERPRINT_KEY", "k");
    assert!(collect.output().expect("it starts").status.success());
    let told = holes(&run(path, &["merge", "--isolated", "p", "--baseline", "b.jsonl", "--format", "json"]));
    assert!(told.iter().any(|one| one.contains("no entry is recognised")), "{told:?}");
}
