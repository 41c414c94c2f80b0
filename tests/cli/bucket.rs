//! Shards in object stores: S3 as moto imitates it (`NONHUMAN_MOTO_URL`; `./test` sets it), Google and Azure as their API
//! pages say, and every way in which a bucket cannot be used.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::secrets::line;
use crate::tree::{Ran, folder, nonhuman, run, write};

const DAY: &str = "2026-11-22";

fn trees(folder: &Path) -> String {
    for number in 0..6 {
        write(folder, &format!("trees/repo-{number}/a.py"), line(&format!("repo {number}")));
    }
    let whole = run(folder, &["scan", "--isolated", "--trees-in", "trees", "--now", DAY, "--format", "json"]);
    assert_eq!(whole.code, 1, "{}", whole.stderr);
    whole.stdout
}

type Variables<'a> = &'a [(&'a str, &'a str)];

fn collect(folder: &Path, shard: &str, place: &str, variables: Variables<'_>) -> Ran {
    let arguments = ["collect", "--isolated", "--trees-in", "trees", "--now", DAY, "--shard", shard, "--out", place];
    nonhuman(folder).args(arguments).envs(variables.iter().copied()).output().expect("it starts").into()
}

fn merge(folder: &Path, place: &str, variables: Variables<'_>) -> Ran {
    let arguments = ["merge", "--isolated", "--format", "json", place];
    nonhuman(folder).args(arguments).envs(variables.iter().copied()).output().expect("it starts").into()
}

/// Three shards into a bucket, the second twice, and back.
fn there_and_back(place: &str, variables: Variables<'_>) {
    let folder = folder();
    let whole = trees(folder.path());
    for shard in ["1/3", "2/3", "2/3", "3/3"] {
        let ran = collect(folder.path(), shard, place, variables);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "shard {shard}");
    }
    let merged = merge(folder.path(), place, variables);
    assert_eq!(merged.stderr, "");
    assert!(merged.stdout == whole, "{}", merged.stdout);
    let one = merge(folder.path(), &format!("{place}/shard-00001-of-00003.shard.json"), variables);
    assert!(one.code != 0 && one.stdout.contains("missing are shards 2 of 3, 3 of 3"), "{}", one.stdout);
}

/// A plain request, as curl would send it.
fn send(url: &str, request: &str, headers: &str, body: &str) -> String {
    let host = url.strip_prefix("http://").expect("http").trim_end_matches('/');
    let mut stream = TcpStream::connect(host).expect("it listens");
    let length = body.len();
    let text = format!(
        "{request} HTTP/1.1\r\nhost: {host}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    stream.write_all(text.as_bytes()).expect("it is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

#[allow(clippy::print_stderr, reason = "who runs the tests sees what was left out")]
fn moto() -> Option<String> {
    let url = std::env::var("NONHUMAN_MOTO_URL").ok();
    if url.is_none() {
        eprintln!("skipped: NONHUMAN_MOTO_URL is not set; start moto_server and set it, or run ./test");
    }
    url
}

fn unique(name: &str) -> String {
    let nanoseconds = jiff::Timestamp::now().as_nanosecond();
    format!("{name}-{nanoseconds}")
}

#[test]
fn shards_go_through_s3() {
    let Some(url) = moto() else { return };
    let bucket = unique("parts");
    assert!(send(&url, &format!("PUT /{bucket}"), "", "").contains("200"));
    let variables = [
        ("AWS_ENDPOINT_URL", url.as_str()),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_REGION", "us-east-1"),
    ];
    there_and_back(&format!("s3://{bucket}/night 1/parts"), &variables);
    there_and_back(&format!("s3://{bucket}"), &variables);
    // No such bucket: before anything is read.
    let folder = folder();
    trees(folder.path());
    let ran = collect(folder.path(), "1/2", "s3://no-such-bucket-there/x", &variables);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("s3://no-such-bucket-there/x: ") && ran.stderr.contains("NoSuchBucket"),
        "{}",
        ran.stderr
    );
    let ran = merge(folder.path(), &format!("s3://{bucket}/empty"), &variables);
    assert_eq!((ran.code, ran.stderr.contains("there is no shard in it")), (2, true), "{}", ran.stderr);
}

/// What a bucket of the tests is asked, in the words of its API.
struct Asked<'a> {
    method: &'a str,
    path: &'a str,
    query: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

type Objects = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;
type Answer = (u16, Vec<u8>);

/// A server of objects; `answer` knows the API.
fn server(answer: impl Fn(&Asked<'_>, &Objects) -> Answer + Send + 'static) -> String {
    let server = tiny_http::Server::http("127.0.0.1:0").expect("a port is free");
    let url = format!("http://{}", server.server_addr().to_ip().expect("an address"));
    let objects = Objects::default();
    std::thread::spawn(move || {
        for mut request in server.incoming_requests() {
            let mut body = Vec::new();
            request.as_reader().read_to_end(&mut body).expect("it is read");
            let (method, url) = (request.method().to_string(), request.url().to_owned());
            let (path, query) = url.split_once('?').unwrap_or((&url, ""));
            let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
            let query = pairs.map(|(name, value)| (name.to_owned(), decoded(value))).collect();
            let header = |one: &tiny_http::Header| (one.field.to_string().to_lowercase(), one.value.to_string());
            let headers = request.headers().iter().map(header).collect();
            let (status, text) = answer(&Asked { method: &method, path, query, headers, body }, &objects);
            request.respond(tiny_http::Response::from_data(text).with_status_code(status)).expect("it is sent");
        }
    });
    url
}

fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut plain, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let code = (bytes[at] == b'%').then(|| u8::from_str_radix(&text[at + 1..at + 3], 16).expect("two digits"));
        plain.push(code.unwrap_or(bytes[at]));
        at += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8(plain).expect("UTF-8")
}

/// The names that begin so after a marker, two a page, and the marker of the next page.
fn page(objects: &Objects, prefix: &str, after: Option<&String>) -> (Vec<String>, Option<String>) {
    let objects = objects.lock().expect("no panic");
    let mut names: Vec<String> = objects.keys().filter(|name| name.starts_with(prefix)).cloned().collect();
    names.retain(|name| after.is_none_or(|after| name > after));
    let more = names.len() > 2;
    names.truncate(2);
    let next = names.last().cloned().filter(|_| more);
    (names, next)
}

/// Cloud Storage JSON API, with the token of the metadata server.
fn google(asked: &Asked<'_>, objects: &Objects) -> Answer {
    let is_metadata = asked.headers.get("metadata-flavor").map(String::as_str) == Some("Google");
    if asked.path == "/computeMetadata/v1/instance/service-accounts/default/token" && is_metadata {
        return (
            200,
            json!({"access_token": "made-up", "expires_in": 3599, "token_type": "Bearer"}).to_string().into_bytes(),
        );
    }
    if asked.headers.get("authorization").is_some_and(|token| token != "Bearer made-up") {
        return (401, Vec::new());
    }
    let objects_of = "/storage/v1/b/acme-parts/o";
    match (asked.method, asked.path) {
        ("POST", "/upload/storage/v1/b/acme-parts/o") => {
            assert_eq!(asked.query["uploadType"], "media");
            objects.lock().expect("no panic").insert(asked.query["name"].clone(), asked.body.clone());
            (200, b"{}".to_vec())
        }
        ("GET", path) if path == objects_of => {
            let (names, next) = page(objects, &asked.query["prefix"], asked.query.get("pageToken"));
            let items: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
            let mut list = json!({"items": items});
            next.into_iter().for_each(|next| list["nextPageToken"] = next.into());
            (200, list.to_string().into_bytes())
        }
        ("GET", path) if path.starts_with(objects_of) && asked.query["alt"] == "media" => {
            let name = decoded(&path[objects_of.len() + 1..]);
            objects.lock().expect("no panic").get(&name).map_or((404, Vec::new()), |bytes| (200, bytes.clone()))
        }
        _ => (400, Vec::new()),
    }
}

#[test]
fn shards_go_through_google_cloud_storage() {
    let url = server(google);
    there_and_back("gs://acme-parts/night 1", &[("STORAGE_EMULATOR_HOST", &url)]);
    let host = url.strip_prefix("http://").expect("http");
    there_and_back("gs://acme-parts", &[("STORAGE_EMULATOR_HOST", &url), ("GCE_METADATA_HOST", host)]);
    let folder = folder();
    trees(folder.path());
    let wrong = [("STORAGE_EMULATOR_HOST", url.as_str()), ("GOOGLE_OAUTH_ACCESS_TOKEN", "not-for-logs")];
    let ran = collect(folder.path(), "1/2", "gs://acme-parts", &wrong);
    assert_eq!((ran.code, ran.stderr.contains("not-for-logs")), (2, false), "{}", ran.stderr);
    assert!(ran.stderr.contains("refused it (401"), "{}", ran.stderr);
    let ran = collect(folder.path(), "1/2", "gs://acme-parts", &[("GCE_METADATA_HOST", "127.0.0.1:1")]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("no token: set GOOGLE_OAUTH_ACCESS_TOKEN"), "{}", ran.stderr);
}

/// Azure Storage REST API, with a workload identity or a shared access signature.
fn azure(asked: &Asked<'_>, objects: &Objects) -> Answer {
    if asked.path == "/tenant-1/oauth2/v2.0/token" {
        let form = String::from_utf8(asked.body.clone()).expect("text");
        let is_right = form.contains("client_id=client-1") && form.contains("client_assertion=proof-of-the-pod");
        let status = if is_right { 200 } else { 400 };
        return (status, json!({"access_token": "made-up"}).to_string().into_bytes());
    }
    let is_let_in = asked.headers.get("authorization").map(String::as_str) == Some("Bearer made-up")
        || asked.query.get("sig").map(String::as_str) == Some("made up");
    if !is_let_in {
        return (
            403,
            b"<?xml version=\"1.0\"?><Error><Code>AuthenticationFailed</Code><Message>no</Message></Error>".to_vec(),
        );
    }
    assert_eq!(asked.headers["x-ms-version"], "2021-08-06");
    if asked.query.get("comp").map(String::as_str) == Some("list") {
        let (names, next) = page(objects, &asked.query["prefix"], asked.query.get("marker"));
        let blobs: String = names.iter().map(|name| format!("<Blob><Name>{name}</Name><Properties/></Blob>")).collect();
        let next = next.unwrap_or_default();
        let list =
            format!("<EnumerationResults><Blobs>{blobs}</Blobs><NextMarker>{next}</NextMarker></EnumerationResults>");
        return (200, list.into_bytes());
    }
    let name = decoded(asked.path.strip_prefix("/acme/parts/").expect("the container"));
    match asked.method {
        "PUT" => {
            assert_eq!(asked.headers["x-ms-blob-type"], "BlockBlob");
            objects.lock().expect("no panic").insert(name, asked.body.clone());
            (201, Vec::new())
        }
        _ => objects.lock().expect("no panic").get(&name).map_or((404, Vec::new()), |bytes| (200, bytes.clone())),
    }
}

#[test]
fn shards_go_through_azure() {
    let url = server(azure);
    let endpoint = format!("{url}/acme");
    let folder = folder();
    let proof = write(folder.path(), "proof", "proof-of-the-pod\n");
    let workload = [
        ("AZURE_STORAGE_BLOB_ENDPOINT", endpoint.as_str()),
        ("AZURE_AUTHORITY_HOST", url.as_str()),
        ("AZURE_TENANT_ID", "tenant-1"),
        ("AZURE_CLIENT_ID", "client-1"),
        ("AZURE_FEDERATED_TOKEN_FILE", proof.to_str().expect("UTF-8")),
    ];
    there_and_back("az://parts/night 1", &workload);
    let signature =
        [("AZURE_STORAGE_BLOB_ENDPOINT", endpoint.as_str()), ("AZURE_STORAGE_SAS_TOKEN", "?sv=1&sig=made%20up")];
    there_and_back("az://parts/night-2", &signature);
    trees(folder.path());
    let wrong = [signature[0], ("AZURE_STORAGE_SAS_TOKEN", "sv=1&sig=not-for-logs")];
    let ran = collect(folder.path(), "1/2", "az://parts", &wrong);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("AuthenticationFailed") && !ran.stderr.contains("not-for-logs"), "{}", ran.stderr);
    let ran = collect(folder.path(), "1/2", "az://parts", &[]);
    assert_eq!((ran.code, ran.stderr.contains("set AZURE_STORAGE_ACCOUNT")), (2, true), "{}", ran.stderr);
}

/// Nobody answers: said soon and clearly, and as something that may pass, so that a scheduler tries again.
#[test]
fn a_bucket_that_cannot_be_reached_is_said_before_anything_is_read() {
    let folder = folder();
    trees(folder.path());
    let variables = [
        ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_REGION", "us-east-1"),
    ];
    let begun = std::time::Instant::now();
    let ran = collect(folder.path(), "1/2", "s3://parts/x", &variables);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    let told = "s3://parts/x: http://127.0.0.1:1 cannot be reached";
    assert!(ran.stderr.contains(told) && ran.stderr.contains("this shard is not written"), "{}", ran.stderr);
    assert!(begun.elapsed().as_secs() < 30, "the tries are bounded");
    let ran = merge(folder.path(), "s3://parts/x", &variables);
    let report: Value = serde_json::from_str(&ran.stdout).expect("the report comes out");
    assert_eq!((ran.code, &report["summary"]["holes"]), (3, &1.into()), "{}", ran.stderr);
    assert!(ran.stdout.contains("http://127.0.0.1:1 cannot be reached"), "{}", ran.stdout);
    for (place, message) in [
        ("ftp://parts", "expected a folder, file:, s3://, gs:// or az://"),
        ("s3://", "expected s3://BUCKET"),
        ("s3://a b/x", "expected s3://BUCKET"),
    ] {
        let ran = collect(folder.path(), "1/2", place, &variables);
        assert_eq!((ran.code, ran.stderr.contains(message)), (2, true), "{place}: {}", ran.stderr);
    }
    let place = format!("file:{}", folder.path().join("parts").display());
    assert_eq!(collect(folder.path(), "1/1", &place, &[]).code, 0);
    assert_eq!(merge(folder.path(), "parts", &[]).code, 1);
    // What lies elsewhere is told all the same.
    let mut both = nonhuman(folder.path());
    both.args(["merge", "--isolated", "--format", "json", "parts", "s3://parts/x"]).envs(variables);
    let both: Ran = both.output().expect("it starts").into();
    let (one, two): (Value, Value) = (
        serde_json::from_str(&both.stdout).expect("JSON"),
        serde_json::from_str(&merge(folder.path(), "parts", &[]).stdout).expect("JSON"),
    );
    assert_eq!((both.code, &one["findings"]), (1, &two["findings"]));
    assert_eq!(one["summary"]["incomplete"], true);
}

/// The answer of a call to moto with a made-up signature, which says which service is meant.
fn call(url: &str, service: &str, key: &str, target: &str, body: &str) -> String {
    let scope = format!("{key}/20261122/us-east-1/{service}/aws4_request");
    let form = if target.is_empty() { "application/x-www-form-urlencoded" } else { "application/x-amz-json-1.1" };
    let headers = format!(
        "authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none\r\n\
         content-type: {form}\r\nx-amz-target: {target}\r\n"
    );
    send(url, "POST /", &headers, body)
}

fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    let (_, rest) = xml.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("no {name} in {xml}"));
    rest.split('<').next().expect("there is a first")
}

/// An organisation is cut by account: every account is somebody's, through the role, and together they are one scan.
#[test]
fn the_accounts_of_an_organisation_are_targets() {
    let Some(url) = moto() else { return };
    let home = &unique("")[8..20];
    let role = format!("arn%3Aaws%3Aiam%3A%3A{home}%3Arole%2Fscanner");
    let body = format!("Action=AssumeRole&Version=2011-06-15&RoleArn={role}&RoleSessionName=test");
    let session = call(&url, "sts", "test", "", &body);
    let key = element(&session, "AccessKeyId").to_owned();
    let organisation = |operation: &str, body: &str| {
        call(&url, "organizations", &key, &format!("AWSOrganizationsV20161128.{operation}"), body)
    };
    organisation("CreateOrganization", "{\"FeatureSet\": \"ALL\"}");
    let created = organisation("CreateAccount", "{\"AccountName\": \"one\", \"Email\": \"one@acme.example\"}");
    organisation("CreateAccount", "{\"AccountName\": \"two\", \"Email\": \"two@acme.example\"}");
    let (_, rest) = created.split_once("\"AccountId\": \"").unwrap_or_else(|| panic!("{created}"));
    let member = &rest[..12];
    let variables = [
        ("AWS_ENDPOINT_URL", url.as_str()),
        ("AWS_ACCESS_KEY_ID", key.as_str()),
        ("AWS_SECRET_ACCESS_KEY", element(&session, "SecretAccessKey")),
        ("AWS_SESSION_TOKEN", element(&session, "SessionToken")),
        ("AWS_REGION", "us-east-1"),
    ];
    let folder = folder();
    let path = folder.path();
    let run = |arguments: &[&str]| -> Ran {
        nonhuman(path).args(arguments).envs(variables).output().expect("it starts").into()
    };
    let sources = ["--isolated", "--aws", "--aws-role", "scanner", "--aws-regions", "us-east-1", "--now", DAY];
    for shard in ["1/2", "2/2"] {
        let ran = run(&[&["collect"], sources.as_slice(), &["--shard", shard, "--parts", "parts"]].concat());
        assert!([0, 3].contains(&ran.code), "{}", ran.stderr);
    }
    let merged = run(&["merge", "--isolated", "--format", "json", "parts"]);
    let report: Value = serde_json::from_str(&merged.stdout).expect("JSON");
    let inputs: Vec<&str> = report["inputs"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert_eq!(inputs.len(), 3, "{inputs:?}");
    assert!(
        inputs.contains(&"aws default credentials") && inputs.contains(&format!("aws {member}").as_str()),
        "{inputs:?}"
    );
    let accounts: std::collections::BTreeSet<&str> = report["coverage"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|one| one["what"] == "caller identity" && one["outcome"] == "complete")
        .filter_map(|one| one["target"].as_str())
        .collect();
    assert!(accounts.len() == 3 && accounts.contains(home) && accounts.contains(member), "{accounts:?}");
    // A list in place of the organisation.
    write(path, "accounts.txt", format!("# one of them\n{member}\n"));
    let arguments = [&["scan"], sources.as_slice(), &["--aws-accounts", "accounts.txt", "--format", "json"]].concat();
    let report: Value = serde_json::from_str(&run(&arguments).stdout).expect("JSON");
    assert_eq!(report["inputs"], json!([format!("aws {member}")]));
    write(path, "accounts.txt", "prod\n");
    let ran = run(&arguments);
    assert_eq!((ran.code, ran.stderr.contains("'prod' is no id of an account")), (2, true), "{}", ran.stderr);
}

/// A list of clusters names targets, too.
#[test]
fn clusters_come_from_a_list() {
    let folder = folder();
    let path = folder.path();
    write(path, "contexts.txt", "prod\nstaging\n");
    let ran = run(path, &["scan", "--isolated", "--contexts", "contexts.txt", "--format", "json", "--now", DAY]);
    let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!((ran.code, report["inputs"].clone()), (3, json!(["kubernetes prod", "kubernetes staging"])));
    write(path, "contexts.txt", "\n");
    let ran = run(path, &["scan", "--isolated", "--contexts", "contexts.txt"]);
    assert_eq!(
        (ran.code, ran.stderr.contains("--contexts contexts.txt: it names nothing")),
        (2, true),
        "{}",
        ran.stderr
    );
}
