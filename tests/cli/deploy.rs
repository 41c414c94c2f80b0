//! The files of `deploy/`: they are what their engines take, name flags that exist, and give the scanner no more than it
//! needs, by our own judgement.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use crate::tree::{folder, project, run, write};

fn text(name: &str) -> String {
    std::fs::read_to_string(project().join("deploy").join(name)).expect("it is there")
}

fn documents(text: &str) -> Vec<Value> {
    text.split("\n---\n").map(|document| serde_saphyr::from_str(document).expect("YAML")).collect()
}

/// Fails for a flag that a command does not have.
fn flags_exist(command: &str, words: impl IntoIterator<Item = String>) {
    let help = run(&project(), &[command, "--help"]).stdout;
    let mut flags = 0;
    for word in words {
        if let Some(name) = word.strip_prefix("--") {
            let flag = format!("--{}", name.split('=').next().unwrap_or(name));
            let ends = [" ", "\n", "["].map(|end| format!("{flag}{end}"));
            assert!(ends.iter().any(|end| help.contains(end)), "`nonhuman {command}` has no {flag}");
            flags += 1;
        }
    }
    assert!(flags > 0, "no flag was seen");
}

/// An object that Kubernetes' own types take and give back is of their form, and has no field that they do not know.
#[cfg(feature = "kubernetes")]
fn is_known_form(object: &Value) {
    use k8s_openapi::api::{batch::v1, core::v1 as core, rbac::v1 as rbac};

    fn back<T: serde::de::DeserializeOwned + serde::Serialize>(object: &Value) -> Value {
        let read: T = serde_json::from_value(object.clone()).unwrap_or_else(|error| panic!("{error}: {object}"));
        serde_json::to_value(read).expect("JSON")
    }
    let given = match object["kind"].as_str().expect("a kind") {
        "Namespace" => back::<core::Namespace>(object),
        "ServiceAccount" => back::<core::ServiceAccount>(object),
        "PersistentVolumeClaim" => back::<core::PersistentVolumeClaim>(object),
        "ClusterRole" => back::<rbac::ClusterRole>(object),
        "ClusterRoleBinding" => back::<rbac::ClusterRoleBinding>(object),
        "Role" => back::<rbac::Role>(object),
        "RoleBinding" => back::<rbac::RoleBinding>(object),
        "CronJob" => back::<v1::CronJob>(object),
        "Job" => back::<v1::Job>(object),
        other => panic!("{other} is not expected"),
    };
    same(object, &given, "");
}

#[cfg(feature = "kubernetes")]
fn same(object: &Value, given: &Value, place: &str) {
    match (object, given) {
        (Value::Object(fields), Value::Object(known)) => {
            for (name, value) in fields {
                let known = known.get(name).unwrap_or_else(|| panic!("{place}.{name} is no field of this kind"));
                same(value, known, &format!("{place}.{name}"));
            }
        }
        (Value::Array(list), Value::Array(known)) => {
            assert_eq!(list.len(), known.len(), "{place}");
            list.iter().zip(known).for_each(|(one, known)| same(one, known, place));
        }
        _ => assert_eq!(object, given, "{place}"),
    }
}

/// What every pod of ours is denied.
fn is_locked(pod: &Value) {
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
    for container in pod["containers"].as_array().expect("a list") {
        let locked = json!({"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]}});
        assert_eq!(container["securityContext"], locked);
        assert!(container["resources"]["limits"]["memory"].is_string());
        let arguments = container["args"].as_array().expect("a list").iter();
        let mut words: Vec<String> = arguments.map(|word| word.as_str().expect("text").to_owned()).collect();
        let command = words.remove(0);
        flags_exist(&command, words);
    }
}

/// What a role gives, as `verb group resource/name`.
fn rights_of(role: &Value) -> BTreeSet<String> {
    let texts = |list: &Value| -> Vec<String> {
        let list = list.as_array().cloned().unwrap_or_default();
        list.iter().map(|one| one.as_str().expect("text").to_owned()).collect()
    };
    let mut rights = BTreeSet::new();
    for rule in role["rules"].as_array().expect("a list") {
        let names: Vec<String> = texts(&rule["resourceNames"]).iter().map(|name| format!("/{name}")).collect();
        let names = if names.is_empty() { vec![String::new()] } else { names };
        for verb in texts(&rule["verbs"]) {
            for group in texts(&rule["apiGroups"]) {
                for resource in texts(&rule["resources"]) {
                    rights.extend(names.iter().map(|name| format!("{verb} {group} {resource}{name}")));
                }
            }
        }
    }
    rights
}

#[cfg(feature = "kubernetes")]
#[test]
fn the_cron_job_may_list_and_nothing_else() {
    let cron = text("kubernetes/cronjob.yaml");
    let objects = documents(&cron);
    objects.iter().for_each(is_known_form);
    let mut given = BTreeSet::new();
    for role in objects.iter().filter(|one| matches!(one["kind"].as_str(), Some("Role" | "ClusterRole"))) {
        given.extend(rights_of(role));
    }
    let printed: Value = serde_saphyr::from_str(&run(&project(), &["permissions", "kubernetes"]).stdout).expect("YAML");
    assert_eq!(given, rights_of(&printed), "what it asks for and what it is given");
    assert!(
        given.len() > 20 && given.iter().all(|one| one.starts_with("list ") || one.starts_with("get  configmaps/"))
    );
    let job = objects.iter().find(|one| one["kind"] == "CronJob").expect("it is there");
    is_locked(&job["spec"]["jobTemplate"]["spec"]["template"]["spec"]);
    // Our own judgement of it: that it can read Secrets, which stands apart, and nothing more.
    let rights = |text: &str| -> BTreeSet<String> {
        let folder = folder();
        write(folder.path(), "own.yaml", text);
        let ran =
            run(folder.path(), &["scan", "--isolated", "--kubernetes-export", "own=own.yaml", "--format", "json"]);
        let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
        let own = report["identities"]
            .as_array()
            .expect("a list")
            .iter()
            .find(|one| one["id"] == "k8s:own/nonhuman/sa/nonhuman");
        let own = own.expect("it is there").clone();
        assert_eq!(own["escalations"], json!([]), "{own}");
        own["capabilities"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|one| one["kind"].as_str().expect("text").to_owned())
            .collect()
    };
    assert_eq!(rights(&cron), BTreeSet::from(["read-secrets".to_owned()]));
    let without: Vec<&str> = cron.split("\n---\n").filter(|one| !one.contains("nonhuman-token-secrets")).collect();
    assert_eq!(rights(&without.join("\n---\n")), BTreeSet::new());
}

#[cfg(feature = "kubernetes")]
#[test]
fn the_indexed_job_is_printed_with_the_users_values() {
    let arguments = ["job", "kubernetes", "--shards", "64", "--parallelism", "8", "--image", "r.example/nh@sha256:ab"];
    let more = ["--namespace", "audit", "--claim", "parts", "--clones", "repos"];
    let ran = run(&project(), &[arguments.as_slice(), &more].concat());
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let objects = documents(&ran.stdout);
    objects.iter().for_each(is_known_form);
    let jobs: Vec<&Value> = objects.iter().filter(|one| one["kind"] == "Job").collect();
    let [collect, merge] = jobs.as_slice() else { panic!("two jobs are expected") };
    let spec = &collect["spec"];
    assert_eq!((spec["completions"].clone(), spec["parallelism"].clone()), (json!(64), json!(8)));
    assert_eq!((spec["completionMode"].clone(), spec["maxFailedIndexes"].clone()), (json!("Indexed"), json!(64)));
    assert_eq!(spec["podFailurePolicy"]["rules"][0]["action"], "FailIndex");
    let pod = &spec["template"]["spec"];
    assert_eq!(pod["containers"][0]["env"][0], json!({"name": "NONHUMAN_SHARDS", "value": "64"}));
    assert_eq!(pod["containers"][0]["image"], "r.example/nh@sha256:ab");
    assert_eq!(pod["volumes"][0]["persistentVolumeClaim"]["claimName"], "repos");
    for job in &jobs {
        assert_eq!(job["metadata"]["namespace"], "audit");
        assert_eq!(job["spec"]["template"]["spec"]["automountServiceAccountToken"], false, "no token beyond need");
        is_locked(&job["spec"]["template"]["spec"]);
    }
    assert_eq!(merge["spec"]["suspend"], true);
    assert!(!ran.stdout.contains("registry.example") && !ran.stdout.contains("16 #"), "{}", ran.stdout);
    assert!(ran.stdout.contains("kubectl -n audit patch job") && !ran.stdout.contains("# folder"), "{}", ran.stdout);
    let words = collect["spec"]["template"]["spec"]["containers"][0]["args"].to_string();
    assert!(words.contains("--parts=/parts") && words.contains("--allow-partial"), "{words}");
    // With a bucket the collecting pods mount no volume for parts.
    let ran = run(&project(), &["job", "kubernetes", "--image", "i", "--parts", "s3://acme/parts"]);
    let objects = documents(&ran.stdout);
    objects.iter().for_each(is_known_form);
    let jobs: Vec<&Value> = objects.iter().filter(|one| one["kind"] == "Job").collect();
    let pod = |at: usize| &jobs[at]["spec"]["template"]["spec"];
    assert_eq!(pod(0)["volumes"].as_array().map(Vec::len), Some(1), "{}", ran.stdout);
    assert_eq!(pod(0)["containers"][0]["volumeMounts"].as_array().map(Vec::len), Some(1));
    assert!(pod(0)["containers"][0]["args"].to_string().contains("--parts=s3://acme/parts"), "{}", ran.stdout);
    assert_eq!(pod(1)["containers"][0]["args"][2], "s3://acme/parts");
    assert_eq!(pod(1)["volumes"][0]["persistentVolumeClaim"]["claimName"], "nonhuman");
    // The file itself is whole, too.
    documents(&text("kubernetes/indexed-job.yaml")).iter().for_each(is_known_form);
    for (flag, value) in [("--image", "x y"), ("--namespace", "a\"b"), ("--shards", "0"), ("--parts", "parts")] {
        let ran = run(&project(), &["job", "kubernetes", "--image", "i", flag, value]);
        assert_eq!(ran.code, 2, "{flag} {value}");
    }
}

/// The role of the scanner, judged as any other role.
#[test]
fn the_role_in_aws_is_read_only() {
    let folder = folder();
    let policy: Value = serde_json::from_str(&run(&project(), &["permissions", "aws"]).stdout).expect("JSON");
    let trust: Value = serde_json::from_str(&text("aws/trust.json")).expect("JSON");
    let provider = trust["Statement"][0]["Principal"]["Federated"].clone();
    let role = |name: &str, policy: &Value| {
        json!({
            "Path": "/", "RoleName": name, "RoleId": "AROAMADEUPFORTESTS000", "Arn": format!("arn:aws:iam::111122223333:role/{name}"),
            "CreateDate": "2026-11-01T00:00:00Z", "AssumeRolePolicyDocument": trust, "InstanceProfileList": [],
            "RolePolicyList": [{"PolicyName": "read", "PolicyDocument": policy}], "AttachedManagedPolicies": [],
            "Tags": [], "RoleLastUsed": {}
        })
    };
    let writes =
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}]});
    let roles = [role("nonhuman", &policy), role("writes", &writes)];
    let account = json!({"UserDetailList": [], "GroupDetailList": [], "Policies": [], "RoleDetailList": roles});
    write(folder.path(), "aws/account-authorization-details.json", account.to_string());
    let providers = json!({"OpenIDConnectProviderList": [{"Arn": provider}]});
    write(folder.path(), "aws/open-id-connect-providers.json", providers.to_string());
    let ran =
        run(folder.path(), &["scan", "--isolated", "--aws-export", "aws", "--format", "json", "--now", "2026-11-22"]);
    let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let of = |name: &str| {
        let own = report["identities"].as_array().expect("a list").iter().find(|one| one["name"] == name);
        own.expect("it is there").clone()
    };
    assert_eq!((of("nonhuman")["capabilities"].clone(), of("nonhuman")["escalations"].clone()), (json!([]), json!([])));
    assert_ne!(of("writes")["capabilities"], json!([]), "the judgement is blind");
    let against = report["findings"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|one| one["subject"] == "arn:aws:iam::111122223333:role/nonhuman");
    let rules: Vec<&str> = against.filter_map(|one| one["rule"].as_str()).collect();
    assert!(!rules.contains(&"trusts-anyone") && !rules.iter().any(|rule| rule.contains("administrator")), "{rules:?}");
}

/// Every scope that the program asks Okta for reads.
#[test]
fn the_scopes_of_okta_are_read_only() {
    let printed = run(&project(), &["permissions", "okta"]).stdout;
    let is_scope = |word: &&str| word.starts_with("okta.") && word.matches('.').count() >= 2;
    let words = printed.split(|letter: char| letter.is_whitespace() || ",()'\"`".contains(letter));
    let scopes: BTreeSet<&str> = words.filter(is_scope).collect();
    assert!(scopes.len() > 10 && scopes.contains("okta.apps.read"), "{printed}");
    assert!(scopes.iter().all(|scope| scope.ends_with(".read")), "{scopes:?}");
}

#[test]
fn the_units_are_taken_by_systemd() {
    let service = text("systemd/nonhuman.service");
    let line = service.lines().find_map(|line| line.strip_prefix("ExecStart=")).expect("it starts something");
    flags_exist("scan", line.split_whitespace().map(str::to_owned));
    for locked in ["DynamicUser=yes", "NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=\n"] {
        assert!(service.contains(locked), "{locked}");
    }
    if !Path::new("/usr/bin/systemd-analyze").exists() {
        return;
    }
    let folder = folder();
    let own = service.replace("/usr/local/bin/nonhuman", env!("CARGO_BIN_EXE_nonhuman"));
    write(folder.path(), "nonhuman.service", own);
    write(folder.path(), "nonhuman.timer", text("systemd/nonhuman.timer"));
    let verified = std::process::Command::new("/usr/bin/systemd-analyze")
        .arg("verify")
        .args([folder.path().join("nonhuman.service"), folder.path().join("nonhuman.timer")])
        .output()
        .expect("it starts");
    let told = String::from_utf8_lossy(&verified.stderr).into_owned();
    assert!(verified.status.success() && !told.contains("nonhuman."), "{told}");
}

/// A cache is read by every workflow that the repository lets run, and saved by default only where all went well.
fn the_memory_is_kept_encrypted_whatever_the_scan_found(steps: &[Value]) {
    let place = |is_it: &dyn Fn(&Value) -> bool| steps.iter().position(is_it).expect("the step is there");
    let uses = |name: &'static str| move |step: &Value| step["uses"].as_str().is_some_and(|it| it.starts_with(name));
    let (restore, save) = (place(&uses("actions/cache/restore@")), place(&uses("actions/cache/save@")));
    let says = |name: &'static str| move |step: &Value| step["name"] == name;
    let (open, scan, close) = (place(&says("open the memory")), place(&says("scan")), place(&says("close the memory")));
    assert!(restore < open && open < scan && scan < close && close < save);
    for step in [restore, save] {
        assert_eq!(steps[step]["with"]["path"], "scans.db.enc", "nothing but the encrypted file");
    }
    for step in [close, save] {
        assert_eq!(steps[step]["if"], "always()", "a night with findings is one to remember");
    }
    // The two commands fit each other.
    if !Path::new("/usr/bin/openssl").exists() {
        return;
    }
    let folder = folder();
    let memory = write(folder.path(), "temp/scans.db", "what was found");
    let run = |step: usize| {
        let script = steps[step]["run"].as_str().expect("a script");
        let ran = std::process::Command::new("/bin/bash")
            .args(["-e", "-c", script])
            .current_dir(folder.path())
            .env("RUNNER_TEMP", folder.path().join("temp"))
            .env("NONHUMAN_HISTORY_KEY", "k")
            .output();
        let ran = ran.expect("it starts");
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    };
    run(close);
    assert!(
        !std::fs::read(folder.path().join("scans.db.enc")).expect("it is there").windows(4).any(|it| it == b"what")
    );
    std::fs::remove_file(&memory).expect("it is there");
    run(open);
    assert_eq!(std::fs::read_to_string(&memory).expect("it is there"), "what was found");
}

#[test]
fn the_workflow_asks_for_little_and_names_flags_that_exist() {
    let workflow: Value = serde_saphyr::from_str(&text("github/nightly.yml")).expect("YAML");
    assert_eq!(workflow["permissions"], json!({}));
    let job = &workflow["jobs"]["scan"];
    let wanted = json!({"actions": "read", "contents": "read", "id-token": "write", "security-events": "write"});
    assert_eq!(job["permissions"], wanted);
    let steps = job["steps"].as_array().expect("a list");
    let mut commands = 0;
    for script in steps.iter().filter_map(|step| step["run"].as_str()) {
        let mut words = script.split_whitespace().map(str::to_owned);
        if words.next().as_deref() == Some("nonhuman") {
            let command = words.next().expect("a command");
            flags_exist(&command, words);
            commands += 1;
            assert!(script.ends_with("--quiet > /dev/null"), "nothing is printed into a log that others read");
        }
    }
    assert_eq!(commands, 1);
    the_memory_is_kept_encrypted_whatever_the_scan_found(steps);
    let file = text("Containerfile");
    let last = file.lines().rev().find(|line| line.starts_with("FROM ")).expect("an image");
    assert!(last == "FROM scratch" && file.contains("\nUSER 65532:65532\n") && file.contains("--locked"), "{file}");
}
