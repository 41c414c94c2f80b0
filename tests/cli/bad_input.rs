//! Bad input gets a clear error that names the file, the line and the remedy, and nothing else is lost.

use std::path::Path;

use serde_json::Value;

use crate::tree::{NOW, folder, github_token, nonhuman, run, write};

/// Runs a scan that must end with exit 2 and a message.
fn refused(folder: &Path, arguments: &[&str], message: &str) {
    let ran = run(folder, arguments);
    assert_eq!(ran.code, 2, "{arguments:?}: {}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains(message), "{arguments:?}\n  expected {message}\n  got      {}", ran.stderr);
}

fn json(folder: &Path, arguments: &[&str]) -> (i32, Value) {
    let mut all = arguments.to_vec();
    all.extend(["--format", "json", "--now", NOW]);
    let ran = run(folder, &all);
    (
        ran.code,
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", ran.stdout, ran.stderr)),
    )
}

fn holes(scan: &Value) -> Vec<String> {
    let entries = scan["coverage"].as_array().expect("a list");
    let is_hole =
        |entry: &&Value| ["partial", "refused", "failed"].contains(&entry["outcome"].as_str().unwrap_or_default());
    entries.iter().filter(is_hole).map(|entry| format!("{}: {}", entry["what"], entry["detail"])).collect()
}

#[test]
fn wrong_usage_is_told_at_once() {
    let folder = folder();
    let path = folder.path();
    write(path, "src/a.txt", "x");
    write(path, "bad.toml", "fail-on = \"huge\"\n");
    write(path, "typo.toml", "fail_on = \"high\"\n");
    write(path, "norule.toml", "[rules.access-key-olld]\nenabled = false\n");
    write(path, "ours/x.toml", "title = 3\n");
    refused(path, &["scan", "missing"], "missing: No such file");
    refused(path, &["scan", "--aws-export", "missing"], "missing: No such file");
    refused(path, &["scan", "--kubernetes-export", "prod=missing"], "missing: No such file");
    refused(path, &["scan", "--people", "missing.csv", "src"], "missing.csv: No such file");
    refused(path, &["scan", "src", "--format", "xml"], "there is no 'xml' (expected one of table,");
    refused(path, &["scan", "src", "--output", "out.doc"], "its ending must be one of");
    refused(path, &["scan", "src", "--output", "no/such/folder/out.json"], "it cannot be written");
    refused(path, &["scan", "src", "--output", "src"], "src: ");
    refused(path, &["scan", "src", "--now", "yesterday"], "--now: 'yesterday' is not a time");
    refused(path, &["scan", "src", "--config", "bad.toml"], "bad.toml:1:");
    refused(path, &["scan", "src", "--config", "typo.toml"], "unknown field `fail_on`");
    refused(path, &["scan", "src", "--config", "norule.toml"], "did you mean 'access-key-old'?");
    refused(path, &["scan", "src", "--config", "norule.toml"], "norule.toml:1:8: the configuration names");
    write(path, "param.toml", "fail-on = \"high\"\n[rules.access-key-old]\nparam = { maxage = 3 }\n");
    refused(path, &["scan", "src", "--config", "param.toml"], "param.toml:3:11: the configuration sets 'maxage'");
    write(path, "below.toml", "[rules.access-key-old]\nparam = { max_age = -5 }\n");
    refused(
        path,
        &["scan", "src", "--config", "below.toml"],
        "below.toml:2:11: the configuration gives 'max_age' a number",
    );
    refused(path, &["scan", "src", "--config", "gone.toml"], "gone.toml: No such file");
    refused(path, &["scan", "src", "--rules", "ours"], "ours/x.toml:1:9:");
    refused(path, &["scan", "src", "--rules", "gone"], "no such folder of rules");
    write(
        path,
        "deep/x.toml",
        format!(
            "title=\"t\"\nsubject=\"identity\"\nseverity=\"low\"\nconfidence=\"low\"\nwhen=\"{}true{}\"\nmessage=\"m\"\nremedy=\"r\"\nmaps=[]\nwhy=\"w\"\n",
            "(".repeat(3000),
            ")".repeat(3000)
        ),
    );
    refused(path, &["rules", "test", "--rules", "deep"], "deep/x.toml:5:");
    assert_eq!(run(path, &["scan", "src", "--deadline", "18446744073709551615"]).code, 0);
    refused(path, &["scna"], "unrecognized subcommand 'scna'");
    refused(path, &["scan", "--thread", "2"], "a similar argument exists: '--threads'");
}

#[test]
fn records_that_are_none_name_their_line() {
    let folder = folder();
    write(
        folder.path(),
        "a.jsonl",
        "{\"record\":\"coverage\",\"collector\":\"x\",\"target\":\"t\",\"what\":\"w\",\"outcome\":\"complete\",\"count\":1}\n{\"record\":\"robot\"}\n",
    );
    write(folder.path(), "empty.jsonl", "\n");
    refused(folder.path(), &["evaluate", "a.jsonl"], "a.jsonl:2:");
    refused(folder.path(), &["evaluate", "a.jsonl"], "unknown variant `robot`");
    refused(folder.path(), &["evaluate", "empty.jsonl"], "there are no records");
    refused(folder.path(), &["evaluate", "missing.jsonl"], "missing.jsonl: No such file");
}

#[test]
fn malformed_exports_are_holes_with_their_place_and_cost_nothing_else() {
    let folder = folder();
    let path = folder.path();
    write(path, "leak.py", format!("t = \"{}\"", github_token("kept")));
    write(path, "iam.json", "{\"UserDetailList\": [\n  {\"UserName\": }\n]}");
    write(path, "wrong.json", "{\"Buckets\": []}");
    write(path, "report.csv", "user,arn,user_creation_time\nx");
    write(path, "cluster.yaml", "apiVersion: v1\nkind: List\nitems:\n- kind: [\n");
    write(path, "people.csv", "email,status\nana@acme.example,sleeping\nben@acme.example,active\n");
    for (arguments, expected) in [
        (vec!["scan", "leak.py", "--aws-export", "iam.json"], "iam.json:2:"),
        (vec!["scan", "leak.py", "--aws-export", "wrong.json"], "wrong.json"),
        (vec!["scan", "leak.py", "--aws-export", "report.csv"], "report.csv"),
        (vec!["scan", "leak.py", "--kubernetes-export", "cluster.yaml"], "cluster.yaml:"),
        (vec!["scan", "leak.py", "--people", "people.csv"], "people.csv:2:1: the status is not known"),
    ] {
        let (code, scan) = json(path, &arguments);
        assert_eq!(code, 1, "the finding counts: {arguments:?}");
        assert_eq!(scan["summary"]["incomplete"], true, "{arguments:?}");
        assert!(holes(&scan).iter().any(|hole| hole.contains(expected)), "{arguments:?}: {:?}", holes(&scan));
        assert_eq!(scan["findings"][0]["rule"], "leaked-secret", "{arguments:?}: nothing else is lost");
    }
}

#[test]
fn an_empty_export_is_never_clean() {
    let folder = folder();
    write(
        folder.path(),
        "iam.json",
        "{\"UserDetailList\":[],\"GroupDetailList\":[],\"RoleDetailList\":[],\"Policies\":[],\"IsTruncated\":false}",
    );
    write(folder.path(), "cluster.json", "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[]}");
    assert_eq!(run(folder.path(), &["scan", "--aws-export", "iam.json"]).code, 3);
    assert_eq!(run(folder.path(), &["scan", "--kubernetes-export", "cluster.json"]).code, 3);
}

#[test]
fn odd_files_are_read_or_said() {
    let folder = folder();
    let path = folder.path();
    let token = github_token("odd");
    write(path, "t/latin.txt", [b"caf\xe9 = \"".as_slice(), token.as_bytes(), b"\"\n"].concat());
    write(path, "t/binary.bin", [b"\0\x01\x02".as_slice(), token.as_bytes()].concat());
    write(path, "t/.hidden/.env", format!("TOKEN={}\n", github_token("hidden")));
    write(folder.path(), "t/.git/HEAD", "ref: refs/heads/main\n");
    write(path, "t/.git/config", format!("token = {}\n", github_token("git")));
    write(path, "t/.gitignore", "ignored.txt\n");
    write(path, "t/ignored.txt", format!("TOKEN={}\n", github_token("ignored")));
    std::os::unix::fs::symlink("..", path.join("t/loop")).expect("a link");
    std::os::unix::fs::symlink("/etc/passwd", path.join("t/out")).expect("a link");
    let (code, scan) = json(path, &["scan", "t"]);
    assert_eq!(code, 1);
    let exposures = scan["exposures"].as_array().expect("a list");
    let mut places: Vec<&str> =
        exposures.iter().filter_map(|one| one["evidence"]["location"]["path"].as_str()).collect();
    places.sort_unstable();
    assert_eq!(places, [".hidden/.env", "binary.bin", "latin.txt"], "a NUL hides nothing");
    let said: Vec<&str> =
        scan["coverage"].as_array().expect("a list").iter().filter_map(|one| one["what"].as_str()).collect();
    assert!(said.contains(&"symbolic links"), "{said:?}");
    // --no-ignore reads what .gitignore names, too; .git stays what it is.
    let (_, all) = json(path, &["scan", "t", "--no-ignore"]);
    assert_eq!(all["exposures"].as_array().map(Vec::len), Some(4));
}

/// A file whose bytes cannot be read although it is there. (Permissions do not stop root.)
#[test]
fn an_unreadable_file_is_a_hole_with_its_name() {
    let folder = folder();
    let ran = run(folder.path(), &["scan", "/proc/self/mem"]);
    assert_eq!(ran.code, 3, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("hole") && ran.stdout.contains("/proc/self/mem"), "{}", ran.stdout);
}

#[test]
fn a_huge_file_is_read_in_windows_and_its_limit_is_said() {
    let folder = folder();
    let token = github_token("huge");
    // Three windows of 8 MiB; the token lies across the edge of two of them, on a line of its own.
    let line = "x".repeat(1023) + "\n";
    let mut text = line.repeat(8 * 1024 - 1);
    text.push_str(&"y".repeat(1000));
    text.push('\n');
    text.push_str(&format!("token = \"{token}\"\n"));
    text.push_str(&line.repeat(10 * 1024));
    text.push_str(&format!("token = \"{}\"\n", github_token("end")));
    write(folder.path(), "huge.txt", &text);
    let (code, scan) = json(folder.path(), &["scan", "huge.txt"]);
    assert_eq!(code, 1);
    let lines: Vec<u64> = scan["exposures"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|one| one["evidence"]["location"]["line"].as_u64())
        .collect();
    let mut expected = vec![8 * 1024 + 1, 8 * 1024 + 2 + 10 * 1024];
    let mut sorted = lines.clone();
    sorted.sort_unstable();
    expected.sort_unstable();
    assert_eq!(sorted, expected);
    let (code, cut) = json(folder.path(), &["scan", "huge.txt", "--max-file-size", "10"]);
    assert_eq!((code, cut["summary"]["incomplete"].clone()), (1, Value::Bool(true)));
    assert!(holes(&cut).iter().any(|hole| hole.contains("larger than 10485760 bytes")), "{:?}", holes(&cut));
}

#[test]
fn an_output_that_fails_leaves_nothing_half_written() {
    let folder = folder();
    write(folder.path(), "src/a.txt", "x");
    write(folder.path(), "out.json", "old");
    refused(folder.path(), &["scan", "src", "-o", "out.json", "-o", "gone/out.csv"], "it cannot be written");
    assert_eq!(std::fs::read_to_string(folder.path().join("out.json")).expect("it is there"), "old");
    // A link is replaced, not followed.
    write(folder.path(), "precious.txt", "precious");
    std::os::unix::fs::symlink("precious.txt", folder.path().join("link.json")).expect("a link");
    assert_eq!(run(folder.path(), &["scan", "src", "-o", "link.json"]).code, 0);
    assert_eq!(std::fs::read_to_string(folder.path().join("precious.txt")).expect("it is there"), "precious");
    assert!(!folder.path().join("link.json").is_symlink());
}

#[test]
fn an_interrupt_says_what_is_complete_and_exits_130() {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::process::Stdio;
    use std::time::Duration;

    // A server that takes the connection and never answers.
    let server = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = server.local_addr().expect("an address");
    let (connected, waits) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for stream in server.incoming() {
            open.push(stream.expect("a connection"));
            let _ = connected.send(());
        }
    });
    let folder = folder();
    write(folder.path(), "src/a.txt", "x");
    let config = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: slow\nclusters:\n- name: slow\n  cluster: {{server: \"http://{address}\"}}\n\
         contexts:\n- name: slow\n  context: {{cluster: slow, user: me}}\nusers:\n- name: me\n  user: {{token: abc}}\n"
    );
    write(folder.path(), "kubeconfig", config);
    let mut child = nonhuman(folder.path())
        .args(["scan", "src", "--kubernetes", "-o", "out.json"])
        .env("KUBECONFIG", folder.path().join("kubeconfig"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    waits.recv_timeout(Duration::from_secs(60)).expect("it connects");
    let interrupted =
        std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
    assert!(interrupted.success());
    let code = child.wait().expect("it ends").code();
    let mut said = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut said).expect("text");
    let _ = std::io::stdout().flush();
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("complete   source src") && said.contains("cut short  kubernetes slow"), "{said}");
    assert!(!folder.path().join("out.json").exists(), "nothing half-written");
}

#[test]
fn hostile_names_do_not_reach_the_terminal() {
    let folder = folder();
    write(folder.path(), "t/\u{1b}[31mred\u{202e}.py", format!("t = \"{}\"", github_token("name")));
    for format in ["table", "csv"] {
        let ran = run(folder.path(), &["scan", "t", "--format", format]);
        assert!(!ran.stdout.contains('\u{1b}') && !ran.stdout.contains('\u{202e}'), "{format}: {:?}", ran.stdout);
    }
}
