//! An organisation of any size, made up: `write FILE COUNT` writes its records for `nonhuman evaluate`, `measure COUNT`
//! times the stages between records and findings and tells the most memory used. Every run makes the same.
//!
//! Source of the shape: the issue asks for 100,000 identities with 300,000 credentials and grants and 1,000,000 links.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on fails, and tells its numbers"
)]

#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::time::Instant;

use jiff::Timestamp;
use nonhuman::embedded;
use nonhuman::inventory::Inventory;
use nonhuman::link::{Tables, link};
use nonhuman::model::{Record, Shared};
use nonhuman::rules::{Origin, RuleFile, RuleSet, evaluate};
use serde_json::{Value, json};

const NOW: &str = "2026-11-20T00:00:00Z";

/// How many roles and users an account has, and service accounts a cluster.
const ROLES: usize = 500;
const USERS: usize = 100;
const ACCOUNTS: usize = 500;
/// Links stay within teams of so many, as in life.
const TEAM: usize = 100;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|one| one != "--bench").collect();
    let count = |text: &String| text.parse::<usize>().expect("a number of identities");
    match arguments.as_slice() {
        [write, file, size] if write == "write" => {
            let mut out = BufWriter::new(File::create(file).expect("it can be written"));
            let mut lines = 0;
            organisation(count(size), &mut |record| {
                writeln!(out, "{record}").expect("room");
                lines += 1;
            });
            writeln!(out, "{}", json!({"record": "end", "records": lines})).expect("room");
        }
        [measure, size] if measure == "measure" => stages(count(size)),
        // `cargo bench` without arguments.
        _ => stages(10_000),
    }
}

fn stages(identities: usize) {
    let (mut records, mut shared) = (Vec::new(), Shared::default());
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    organisation(identities, &mut |record| {
        *counts.entry(record["record"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
        let mut record = serde_json::from_value::<Record>(record).expect("a record");
        shared.share(&mut record);
        records.push(record);
    });
    let tables = Tables::parse(embedded::facts).expect("our own tables load");
    let files: Vec<_> = embedded::files("audit")
        .into_iter()
        .map(|(path, text)| RuleFile { path: path.to_owned(), text: text.to_owned(), origin: Origin::BuiltIn })
        .collect();
    let rules = RuleSet::load(&files, &BTreeMap::new()).expect("our own rules load");
    println!("{counts:?}");
    let mut stages = Stages::new();
    let mut inventory = Inventory::build(records);
    stages.end("build");
    link(&mut inventory, &tables);
    stages.end("link and reach");
    let findings = evaluate(&inventory, &rules, NOW.parse::<Timestamp>().expect("a time")).findings;
    stages.end("rules");
    let digest = findings.iter().fold(blake3::Hasher::new(), |mut hasher, one| {
        hasher.update(serde_json::to_string(one).expect("JSON").as_bytes());
        hasher
    });
    let digest = &digest.finalize().to_hex()[..12];
    println!(
        "{identities} identities, {} steps, {} findings ({digest}); most memory {}",
        inventory.facts.graph.edges().len(),
        findings.len(),
        status("VmHWM:"),
    );
}

/// Tells what each stage took, and what the process holds at its end.
struct Stages {
    began: Instant,
    ticks: u64,
}

impl Stages {
    fn new() -> Self {
        println!("records: {} held", status("VmRSS:"));
        Self { began: Instant::now(), ticks: ticks() }
    }

    fn end(&mut self, name: &str) {
        // Ticks of processor time are hundredths of a second on every Linux.
        let spent = (ticks() - self.ticks) * 10;
        println!("{name}: {:.2?}, {spent} ms of processor time, {} held", self.began.elapsed(), status("VmRSS:"));
        *self = Self { began: Instant::now(), ticks: ticks() };
    }
}

/// The processor time of the process so far, where the system tells.
fn ticks() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    fields.filter_map(|field| field.parse::<u64>().ok()).sum()
}

/// A line of what the system tells of the process.
fn status(name: &str) -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.map_or_else(String::new, |line| line.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Takes records one at a time.
type Emit<'a> = dyn FnMut(Value) + 'a;

fn seen(collector: &str, place: &str) -> Value {
    json!({"observed": NOW, "collector": collector, "location": {"type": "api", "call": "made up", "resource": place}})
}

/// Six of ten identities are of AWS accounts, three of clusters, the rest are agents.
fn organisation(identities: usize, emit: &mut Emit<'_>) {
    let (aws, cluster) = (identities * 6 / 10, identities * 3 / 10);
    for number in 0..aws.div_ceil(ROLES + USERS) {
        account(number, (aws - number * (ROLES + USERS)).min(ROLES + USERS), emit);
    }
    for number in 0..cluster.div_ceil(ACCOUNTS) {
        of_cluster(number, (cluster - number * ACCOUNTS).min(ACCOUNTS), emit);
    }
    agents(identities - aws - cluster, emit);
    for number in 0..identities / 20 {
        emit(json!({"record": "person", "id": format!("person:p{number}@acme.example"),
            "email": format!("p{number}@acme.example"), "name": format!("P {number}"), "team": format!("team{}", number / 8),
            "active": number % 17 != 0, "left": null, "evidence": seen("people", "people.csv")}));
    }
}

fn account(number: usize, size: usize, emit: &mut Emit<'_>) {
    let account = format!("{:012}", 100_000_000_000_u64 + number as u64);
    for policy in 0..size / 2 {
        let actions = match policy {
            0 => json!(["*"]),
            _ if policy % 40 == 1 => json!(["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"]),
            _ if policy % 25 == 2 => json!(["secretsmanager:GetSecretValue"]),
            _ => json!(["s3:GetObject", "s3:PutObject"]),
        };
        let resource = if policy % 25 <= 2 { json!("*") } else { json!(format!("arn:aws:s3:::data-{policy}/*")) };
        emit(
            json!({"record": "policy", "id": format!("arn:aws:iam::{account}:policy/p{policy}"), "name": format!("p{policy}"),
            "language": "aws.iam", "tenant": account, "builtin": false, "evidence": seen("aws", &account),
            "document": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resource}]}}),
        );
    }
    for one in 0..size {
        let is_role = one < size * ROLES / (ROLES + USERS);
        let (kind, word) = if is_role { ("aws.role", "role") } else { ("aws.user", "user") };
        let name = |one: usize| {
            let word = if one < size * ROLES / (ROLES + USERS) { "role" } else { "user" };
            format!("arn:aws:iam::{account}:{word}/n{one}")
        };
        let id = name(one);
        emit(
            json!({"record": "identity", "id": id, "kind": kind, "tenant": account, "name": format!("n{one}"), "enabled": true,
            "created": "2025-02-06T09:51:20Z", "labels": {"owner": format!("p{}@acme.example", one % 400), "env": (["prod", "dev"][one % 2])},
            "evidence": seen("aws", &account)}),
        );
        for policy in [one * 7, one * 13 + 5] {
            // Most hold what they need; two in a hundred hold everything.
            let policy = if one % 50 == 0 { 0 } else { 1 + policy % (size / 2).max(2).saturating_sub(1) };
            let policy = format!("arn:aws:iam::{account}:policy/p{policy}");
            emit(
                json!({"record": "grant", "id": format!("{id}#policy/{policy}"), "to": id, "policy": policy, "kind": "policy",
                "tenant": account, "scope": "account", "evidence": seen("aws", &account)}),
            );
        }
        if is_role {
            trust(&account, number, one, emit);
        } else {
            keys(&account, &id, number * 1000 + one, emit);
        }
        emit(json!({"record": "usage", "of": id, "last": "2026-10-20T13:38:27Z", "horizon": "2025-10-16T00:00:00Z",
            "source": "RoleLastUsed", "evidence": seen("aws", &account)}));
        ten_links(&id, one, size, &|other| name(other), word, emit);
    }
}

fn trust(account: &str, number: usize, one: usize, emit: &mut Emit<'_>) {
    let principal = match one % 4 {
        0 => json!({"AWS": format!("arn:aws:iam::{account}:role/n{}", one + 1)}),
        1 => json!({"Federated": format!("arn:aws:iam::{account}:oidc-provider/oidc.eks.example/id/{number}")}),
        2 => json!({"Federated": format!("arn:aws:iam::{account}:oidc-provider/token.actions.githubusercontent.com")}),
        _ => json!({"Service": "ec2.amazonaws.com"}),
    };
    let (action, condition) = match one % 4 {
        1 => (
            "sts:AssumeRoleWithWebIdentity",
            json!({"StringEquals": {format!("oidc.eks.example/id/{number}:sub"): format!("system:serviceaccount:ns{}:sa{one}", one / 20)}}),
        ),
        2 => (
            "sts:AssumeRoleWithWebIdentity",
            json!({"StringLike": {"token.actions.githubusercontent.com:sub": format!("repo:acme/r{number}-{}:*", one / 10)}}),
        ),
        _ => ("sts:AssumeRole", json!({})),
    };
    let id = format!("arn:aws:iam::{account}:role/n{one}");
    emit(
        json!({"record": "trust", "of": id, "language": "aws.iam", "tenant": account, "evidence": seen("aws", account),
        "document": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Principal": principal, "Condition": condition}]}}),
    );
    if one % 10 == 2 {
        let workflow = format!("code:r{number}-{}/.github/workflows/w{one}.yml", one / 10);
        emit(
            json!({"record": "workload", "id": workflow, "kind": "ci.github-workflow", "tenant": format!("r{number}"),
            "name": format!("w{one}.yml"), "runs_as": [id], "attributes": {"outsiders": one % 100 == 2, "repository": format!("acme/r{number}-{}", one / 10)},
            "evidence": seen("source", &workflow)}),
        );
    }
    if one % 5 == 3 {
        let address = format!("code:infra{number}/main.tf#aws_iam_role.n{one}");
        emit(
            json!({"record": "setting", "id": address, "kind": "code.definition", "tenant": format!("infra{number}"), "name": format!("aws_iam_role.n{one}"),
            "attributes": {"form": "terraform-state", "defined_kind": "aws.role", "defined_arn": id}, "evidence": seen("source", &address)}),
        );
    }
}

fn keys(account: &str, holder: &str, number: usize, emit: &mut Emit<'_>) {
    for key in 0..2 {
        let name = format!("AKIA{number:012}{key:04}");
        emit(
            json!({"record": "credential", "id": format!("aws:access-key/{name}"), "kind": "aws.access-key", "holder": holder, "tenant": account,
            "name": name, "active": key == 0, "created": "2025-02-06T09:51:20Z", "expires": null, "evidence": seen("aws", account)}),
        );
        if number.is_multiple_of(3) {
            exposure(
                &format!("r{}/k{number}-{key}.env", number % 997),
                "aws.access-key",
                &json!({"key_id": name, "account": account}),
                number,
                emit,
            );
        }
    }
    if number.is_multiple_of(3) {
        // A key that the account does not have any more.
        let proof = json!({"key_id": format!("AKIB{number:012}0000"), "account": account});
        exposure(&format!("r{}/old{number}.env", number % 997), "aws.access-key", &proof, number, emit);
    }
}

fn exposure(path: &str, kind: &str, proof: &Value, number: usize, emit: &mut Emit<'_>) {
    let mut proof = proof.clone();
    proof["kind"] = json!(kind);
    let fingerprint = format!("{:032x}", (number as u128 + 7) * 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    emit(
        json!({"record": "exposure", "id": format!("exposure:{kind}/{fingerprint}/{path}"), "detector": kind, "title": "a secret",
        "severity": "high", "confidence": "certain", "fingerprint": fingerprint, "preview": "x…(40 bytes)", "public": false, "proof": proof, "remedy": "Replace it.",
        "evidence": {"observed": NOW, "collector": "source", "location": {"type": "file", "root": "trees", "path": path, "line": 3, "column": 1, "end_line": 3, "end_column": 41}}}),
    );
}

fn of_cluster(number: usize, size: usize, emit: &mut Emit<'_>) {
    let cluster = format!("c{number}");
    for role in 0..20 {
        let rules = match role {
            0 => json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["create"]}]),
            1 => json!([{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"]}]),
            _ => json!([{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}]),
        };
        emit(
            json!({"record": "policy", "id": format!("k8s:{cluster}//clusterrole/r{role}"), "name": format!("r{role}"), "language": "kubernetes.rbac",
            "tenant": cluster, "builtin": false, "document": rules, "evidence": seen("kubernetes", &cluster)}),
        );
    }
    for one in 0..size {
        let namespace = format!("ns{}", one / 20);
        let name = |one: usize| format!("k8s:{cluster}/ns{}/sa/sa{one}", one / 20);
        let (id, uid) = (name(one), format!("{number:08x}-0000-4000-8000-{one:012x}"));
        let role = format!("arn:aws:iam::{:012}:role/n{one}", 100_000_000_000_u64 + number as u64);
        let labels = if one % 4 == 1 {
            json!({"eks.amazonaws.com/role-arn": role})
        } else {
            json!({"app.kubernetes.io/part-of": "team3"})
        };
        emit(
            json!({"record": "identity", "id": id, "kind": "kubernetes.service-account", "tenant": cluster, "name": format!("{namespace}/sa{one}"),
            "enabled": true, "created": "2025-02-06T09:51:20Z", "unique_id": uid, "labels": labels, "evidence": seen("kubernetes", &cluster)}),
        );
        for which in [one % 20, (one * 7 + 3) % 20] {
            let role = format!("k8s:{cluster}//clusterrole/r{which}");
            emit(
                json!({"record": "grant", "id": format!("{id}#{which}"), "to": id, "policy": role, "kind": "policy", "tenant": cluster,
                "scope": format!("namespace/{namespace}"), "via": [format!("k8s:{cluster}/{namespace}/rolebinding/b{one}")], "evidence": seen("kubernetes", &cluster)}),
            );
        }
        let secret = format!("k8s:{cluster}/{namespace}/secret/t{one}");
        for key in 0..2 {
            emit(
                json!({"record": "credential", "id": format!("{secret}-{key}"), "kind": "kubernetes.token-secret", "holder": id, "tenant": cluster,
                "name": format!("{namespace}/t{one}-{key}"), "active": true, "created": "2025-02-06T09:51:20Z", "expires": null, "evidence": seen("kubernetes", &cluster)}),
            );
        }
        if one % 5 == 0 {
            let facts =
                json!({"facts": {"subject": format!("system:serviceaccount:{namespace}:sa{one}"), "account_uid": uid}});
            exposure(
                &format!("r{}/t{number}-{one}.sh", one % 997),
                "kubernetes.token",
                &facts,
                1_000_000_000 + number * 1000 + one,
                emit,
            );
        }
        emit(
            json!({"record": "workload", "id": format!("k8s:{cluster}/{namespace}/deploy/d{one}"), "kind": "kubernetes.deployment", "tenant": cluster,
            "name": format!("{namespace}/d{one}"), "runs_as": [id], "labels": {"app": format!("a{one}")}, "evidence": seen("kubernetes", &cluster)}),
        );
        ten_links(&id, one, size, &|other| name(other), "sa", emit);
    }
}

fn agents(count: usize, emit: &mut Emit<'_>) {
    for one in 0..count {
        let name = |one: usize| format!("agent:repo{}/.mcp.json#s{one}", one / TEAM);
        let id = name(one);
        emit(
            json!({"record": "identity", "id": id, "kind": "agent.mcp-server", "tenant": format!("repo{}", one / TEAM), "name": format!("s{one} (.mcp.json)"),
            "enabled": true, "created": null, "attributes": {"package": format!("server-{}", one % 300), "pinned": one % 2 == 0, "fetched": true, "private_data": one % 3 == 0},
            "evidence": seen("agents", &id)}),
        );
        for key in 0..6 {
            emit(
                json!({"record": "credential", "id": format!("{id}/env/K{key}"), "kind": "agent.given-secret", "holder": id, "tenant": format!("repo{}", one / TEAM),
                "name": format!("K{key}"), "active": {"unknown": "the settings of an agent do not say"}, "created": null, "expires": null,
                "attributes": {"given_as": "env", "literal": key == 0}, "evidence": seen("agents", &id)}),
            );
        }
        ten_links(&id, one, count, &name, "server", emit);
    }
}

/// A tenth may act as others; the rest is use, membership and the like.
fn ten_links(id: &str, one: usize, size: usize, name: &dyn Fn(usize) -> String, word: &str, emit: &mut Emit<'_>) {
    let team = one / TEAM * TEAM;
    let room = TEAM.min(size - team);
    for step in 1..=10_usize {
        let kind: &str = ["acts-as", "uses", "uses", "member-of", "applies-to"][step % 5];
        let to = name(team + (one - team + step * step * 7) % room);
        let condition = if step % 3 == 0 { json!("a condition") } else { Value::Null };
        // Ten different ends: what a small team would repeat gets a thing of its own.
        let to = if step <= 2 { to } else { format!("{to}/{word}/{step}") };
        emit(
            json!({"record": "link", "from": id, "kind": kind, "to": to, "confidence": "high", "condition": condition,
            "why": "made up for the measure", "evidence": seen("bench", id)}),
        );
    }
}
