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
    ] {
        let ran = collect(variables);
        assert_eq!(ran.code, 0, "{variables:?}: {}", ran.stderr);
        assert!(path.join("parts/shard-00003-of-00005.shard.json").exists(), "{variables:?}");
    }
    for (variables, message) in [
        ([].as_slice(), "no variable says which shard this is"),
        (&[("JOB_COMPLETION_INDEX", "2")], "NONHUMAN_SHARDS is not set"),
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
